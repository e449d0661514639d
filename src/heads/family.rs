use super::{Definition, Plan, Signal, lags, mass, octaves, spectrum, uncertainty};

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
    /// are the sink mass and the window mass.
    pub(super) values: &'a [f64],
    /// `P(k)`, `k = 0..=N/2`, of the tapered signal.
    pub(super) power: &'a [f64],
    /// Energies of the Haar details without a taper, finest octave first.
    pub(super) haar: &'a [f64],
    /// What is prepared once for all signals.
    pub(super) plan: &'a Plan,
}

/// Every family of metrics, in the order of every table.
pub(super) const FAMILIES: [Family; 5] =
    [mass::FAMILY, spectrum::FAMILY, octaves::FAMILY, lags::FAMILY, uncertainty::FAMILY];

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
