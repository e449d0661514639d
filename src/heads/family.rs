use super::{
    Definition, Plan, Signal, band, label, lags, mass, octaves, ridge, sensitivity, slack, spectrum, uncertainty,
    wavelet_entropy,
};

/// The metrics that one mathematical object gives of a signal.
///
/// A file describes them and computes them, and [`FAMILIES`] lists the files: nothing else knows which
/// metrics there are.
pub(super) struct Family {
    /// What it gives of this signal; nothing of a signal that it has nothing to say about.
    pub(super) definitions: fn(Signal, &Plan) -> Vec<Definition>,
    /// Appends the values, in the order of the definitions: `None` where a definition gives none, a share of
    /// nothing or the logarithm of zero.
    pub(super) values: fn(&View<'_>, &mut Vec<Option<f64>>),
}

/// One signal of a head, as its metrics see it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// Which signal.
    pub(super) signal: Signal,
    /// The values by lag, or by key position; of [`Signal::Rows`] there are none, and of [`Signal::Head`] they
    /// are the sink mass, the window mass, `g(0)` and `g(1)`.
    pub(super) values: &'a [f64],
    /// `P(k)`, `k = 0..=N/2`, of the tapered signal.
    pub(super) power: &'a [f64],
    /// Energies of the Haar details without a taper, finest octave first.
    pub(super) haar: &'a [f64],
    /// What is prepared once for all signals.
    pub(super) plan: &'a Plan,
}

/// Every family of metrics, in the order of every table.
pub(super) const FAMILIES: [Family; 11] = [
    mass::FAMILY,
    label::FAMILY,
    spectrum::FAMILY,
    octaves::FAMILY,
    lags::FAMILY,
    uncertainty::FAMILY,
    wavelet_entropy::FAMILY,
    slack::FAMILY,
    band::FAMILY,
    ridge::FAMILY,
    sensitivity::FAMILY,
];

/// What is defined of a head, signal by signal.
pub(super) fn definitions(plan: &Plan) -> Vec<Definition> {
    Signal::ALL.into_iter().flat_map(|signal| definitions_of(signal, plan)).collect()
}

/// What is defined of one signal.
pub(super) fn definitions_of(signal: Signal, plan: &Plan) -> Vec<Definition> {
    FAMILIES.iter().flat_map(|family| (family.definitions)(signal, plan)).collect()
}

/// Appends the values of one signal, in the order of its definitions.
pub(super) fn values_of(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    for family in &FAMILIES {
        (family.values)(view, values);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SinkRule, Taper};
    use super::*;

    /// A bound as the documentation writes it, of so many lags.
    fn bound(value: Option<f64>, lags: f64) -> String {
        let pi = std::f64::consts::PI;
        let half = (lags - 1.0) / 2.0;
        let named = [
            (0.0, "0"),
            (1.0, "1"),
            (lags - 1.0, "N - 1"),
            (half, "(N - 1)/2"),
            (pi, "π"),
            (half * pi, "π(N - 1)/2"),
            (pi / 2.0, "π/2"),
            (half * pi / 2.0, "π(N - 1)/4"),
            (2.0 / (lags - 2.0), "2/(N - 2)"),
        ];
        let Some(value) = value else { return "∞".to_owned() };
        named
            .iter()
            .find(|(known, _)| *known == value)
            .map_or_else(|| value.to_string(), |(_, words)| (*words).to_owned())
    }

    #[test]
    fn the_documentation_lists_these_metrics_as_they_are_defined() {
        let plan = Plan::new(256, SinkRule::Kept, Taper::None).unwrap();
        let documentation = include_str!("../../docs/analysis.md");
        let families = [mass::FAMILY, spectrum::FAMILY, octaves::FAMILY, lags::FAMILY, uncertainty::FAMILY];
        let defined = Signal::ALL
            .into_iter()
            .flat_map(|signal| families.iter().flat_map(|f| (f.definitions)(signal, &plan)).collect::<Vec<_>>());
        let mut rows: Vec<([String; 2], Vec<&str>)> = Vec::new();
        for definition in defined {
            let Definition { signal, metric, family, unit, range, formula, known, .. } = &definition;
            // Octaves are listed once.
            let metric = match metric.rsplit_once('_') {
                Some((name, number)) if number.parse::<u32>().is_ok() => format!("{name}_j"),
                _ => metric.to_string(),
            };
            let range = match range {
                [None, None] => "any".to_owned(),
                [low, high] => format!("[{}, {}]", bound(*low, 256.0), bound(*high, 256.0)),
            };
            let family = if family.is_empty() { "–" } else { family };
            let known = [known.wavelet, known.stft_atom, known.low_pass, known.white_noise];
            let known = known.map(|words| words.unwrap_or("–")).join(" | ");
            let ends = [format!("| {family} | `{metric}` | "), format!(" | {formula} | {unit}, {range} | {known} |")];
            match rows.iter_mut().find(|(other, _)| *other == ends) {
                Some((_, signals)) if signals.contains(&signal.name()) => {}
                Some((_, signals)) => signals.push(signal.name()),
                None => rows.push((ends, vec![signal.name()])),
            }
        }
        assert!(rows.len() > 25);
        for ([start, end], signals) in rows {
            let row = format!("{start}{}{end}", signals.join(", "));
            assert!(documentation.lines().any(|line| line == row), "docs/analysis.md has no row\n{row}");
        }
    }
}
