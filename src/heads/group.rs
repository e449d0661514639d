use super::{Definition, Level, Plan, Signal, Statistics, collapse, constant_q, gram, littlewood_paley};

/// The metrics that one mathematical object gives of several heads together: those of a layer, or all of a model.
pub(super) struct GroupFamily {
    /// What it gives of this signal; nothing of a signal that it has nothing to say about.
    pub(super) definitions: fn(Signal, &Plan) -> Vec<Definition>,
    /// Appends the values, in the order of the definitions.
    pub(super) values: fn(&GroupView<'_>, &mut Vec<Option<f64>>),
    /// Whether it takes the heads as a sample of heads, so that a resample of them says how far it varies. A
    /// frame or a rank is one of these very heads.
    pub(super) over_heads: bool,
}

/// One signal of several heads.
#[derive(Clone, Copy)]
pub(super) struct GroupView<'a> {
    /// Which signal.
    pub(super) signal: Signal,
    /// The heads, in the order of the model.
    pub(super) heads: &'a [Kernel<'a>],
    /// What is prepared once for all signals.
    pub(super) plan: &'a Plan,
}

/// A signal of one head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel<'a> {
    /// The values; of [`Signal::Rows`] there are none.
    pub(super) curve: &'a [f64],
    /// `P(k)`, `k = 0..=N/2`, of the tapered signal.
    pub(super) power: &'a [f64],
}

/// Every family, in the order of every table.
const FAMILIES: [GroupFamily; 4] = [constant_q::FAMILY, collapse::FAMILY, littlewood_paley::FAMILY, gram::FAMILY];

/// The signals that heads together are looked at in.
const SIGNALS: [Signal; 4] = [Signal::Profile, Signal::Scores, Signal::Rows, Signal::Full];

/// What is defined of several heads, signal by signal.
pub(super) fn definitions(level: Level, plan: &Plan) -> Vec<Definition> {
    SIGNALS.iter().flat_map(|&signal| definitions_of(signal, plan)).map(|definition| definition.at(level)).collect()
}

/// Of each metric, whether it takes the heads as a sample.
pub(super) fn over_heads(plan: &Plan) -> Vec<bool> {
    let of = |signal| {
        FAMILIES
            .iter()
            .flat_map(move |family| (family.definitions)(signal, plan).into_iter().map(|_| family.over_heads))
    };
    SIGNALS.into_iter().flat_map(of).collect()
}

/// The values of several heads, in the order of their definitions. Families that take heads as a sample are given
/// `sample`, the others `heads`: the two are the same but for a bootstrap over heads.
pub(super) fn values(heads: &[&Statistics], sample: &[&Statistics], plan: &Plan) -> Vec<Option<f64>> {
    let mut values = Vec::new();
    for signal in SIGNALS {
        values_of(signal, &kernels(signal, heads), &kernels(signal, sample), plan, &mut values);
    }
    values
}

/// `LP(k)`, `k = 1..=N/2`, of each signal: empty where no head has one that is not constant.
pub(super) fn filter_sums(heads: &[&Statistics]) -> Vec<(Signal, Vec<f64>)> {
    let of = |signal| {
        let shares: Vec<Vec<f64>> =
            kernels(signal, heads).iter().filter_map(|head| littlewood_paley::spectral_shares(head.power)).collect();
        (signal, littlewood_paley::littlewood_paley(&shares))
    };
    SIGNALS.into_iter().map(of).collect()
}

/// What is defined of one signal of several heads.
fn definitions_of(signal: Signal, plan: &Plan) -> Vec<Definition> {
    FAMILIES.iter().flat_map(|family| (family.definitions)(signal, plan)).collect()
}

/// Appends the values of one signal, in the order of its definitions.
fn values_of(signal: Signal, heads: &[Kernel<'_>], sample: &[Kernel<'_>], plan: &Plan, values: &mut Vec<Option<f64>>) {
    for family in &FAMILIES {
        let heads = if family.over_heads { sample } else { heads };
        (family.values)(&GroupView { signal, heads, plan }, values);
    }
}

fn kernels<'a>(signal: Signal, heads: &[&'a Statistics]) -> Vec<Kernel<'a>> {
    heads.iter().map(|statistics| Kernel::of(signal, statistics)).collect()
}

impl<'a> Kernel<'a> {
    fn of(signal: Signal, statistics: &'a Statistics) -> Self {
        let (curve, power) = match signal {
            Signal::Profile => (statistics.lag_profile.as_slice(), &statistics.lag_spectrum),
            Signal::Scores => (statistics.score_profile.as_slice(), &statistics.score_spectrum),
            Signal::Rows => (&[][..], &statistics.spectrum),
            Signal::Full => (statistics.full_profile.as_slice(), &statistics.full_spectrum),
            other => unreachable!("heads together have no {other}"),
        };
        Self { curve, power }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::super::family;
    use super::super::octaves::add_haar_energies;
    use super::super::{SinkRule, Taper};
    use super::*;
    use crate::numeric::{Agreement, Bound, Real, gamma};

    type Values = BTreeMap<String, f64>;

    #[derive(Deserialize)]
    struct References {
        signals: BTreeMap<String, Vec<f64>>,
        heads: BTreeMap<String, Values>,
        group: Values,
    }

    fn references() -> References {
        serde_json::from_str(include_str!("../../tests/data/heads/layers.json")).unwrap()
    }

    /// Metrics without their values, and values that are not within a bound, of what a reference lists.
    fn complaints(found: &BTreeMap<String, Option<f64>>, expected: &Values) -> Vec<String> {
        // Sums of 64 terms and transforms of six stages; an entropy of a level with 1e-5 of the energy has a relative
        // error as many times larger, and so has a band of what a mean leaves.
        let relative = 1e5 * gamma(256, f64::UNIT_ROUNDOFF);
        let agrees = |found: f64, expected: f64| {
            Agreement::of(found, expected, Bound::rounding(relative * (1.0 + expected.abs()))).holds()
        };
        let mut complaints = Vec::new();
        for (metric, &expected) in expected {
            match found.get(metric) {
                Some(&Some(value)) if agrees(value, expected) && !agrees(value, expected + 1e-6) => {}
                other => complaints.push(format!("{metric}: {other:?}, expected {expected}")),
            }
        }
        complaints
    }

    fn plan() -> Plan {
        Plan::new(64, SinkRule::Kept, Taper::None).unwrap()
    }

    #[test]
    fn heads_are_what_numpy_scipy_and_pywavelets_make_of_them() {
        let (plan, references) = (plan(), references());
        for (name, curve) in &references.signals {
            let mut haar = vec![0.0; plan.octaves()];
            add_haar_energies(curve, &mut vec![0.0; curve.len()], &mut haar);
            let view = family::View {
                signal: Signal::Full,
                values: curve,
                power: &plan.power(curve),
                haar: &haar,
                plan: &plan,
            };
            let mut values = Vec::new();
            family::values_of(&view, &mut values);
            let names = family::definitions_of(Signal::Full, &plan)
                .into_iter()
                .map(|definition| definition.metric.into_owned());
            let found: BTreeMap<String, Option<f64>> = names.zip(values).collect();
            assert_eq!(complaints(&found, &references.heads[name]), Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn heads_together_are_what_numpy_and_scipy_make_of_them() {
        let (plan, references) = (plan(), references());
        let spectra: Vec<Vec<f64>> = references.signals.values().map(|curve| plan.power(curve)).collect();
        let signals = references.signals.values().zip(&spectra);
        let heads: Vec<Kernel<'_>> = signals.map(|(curve, power)| Kernel { curve, power }).collect();
        let mut values = Vec::new();
        values_of(Signal::Full, &heads, &heads, &plan, &mut values);
        let names = definitions_of(Signal::Full, &plan).into_iter().map(|definition| definition.metric.into_owned());
        let found: BTreeMap<String, Option<f64>> = names.zip(values).collect();
        assert_eq!(complaints(&found, &references.group), Vec::<String>::new());
        assert_eq!(found.len(), references.group.len());
    }
}
