//! M5: how far the two entropies of a signal are above the entropic uncertainty bound.

use super::family::{Family, View};
use super::{Definition, Plan, Signal};
use crate::numeric::Real;
use crate::numeric::gamma;

pub(super) const FAMILY: Family = Family { definitions, values };

fn definitions(signal: Signal, _plan: &Plan) -> Vec<Definition> {
    if !matches!(signal, Signal::Profile | Signal::Row | Signal::Full) {
        return Vec::new();
    }
    vec![
        Definition::of(signal, "entropic_slack", "nat", "entropic slack")
            .family("M5")
            .range(0.0, None)
            .meaning(
                "H(a) + H(|F √a|²) - ln N, a = x/Σx, F the unitary DFT, H(p) = -Σ p ln p",
                "How far positions and frequencies together are from the least spread that the entropic uncertainty \
                 relation allows; 0 for combs alone.",
            )
            .known(["", "", "1 - ln 2", ""]),
    ]
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    if matches!(view.signal, Signal::Profile | Signal::Row | Signal::Full) {
        values.push(entropic_slack(view.values, |amplitude| view.plan.untapered_power(amplitude)));
    }
}

/// `H(a) + H(|F √a|²) - ln N` in nats, with `a` the signal divided by its sum and `F` the unitary discrete Fourier
/// transform.
///
/// Both distributions are those of one unit vector `√a`, so the sum of their entropies is at least `ln N`
/// \[maassen1988\]: the slack is never negative, and 0 for evenly spaced equal values (combs: one value, all values,
/// every `m`-th of `N = mn`). A wide Gaussian has `1 - ln 2`, what the bound for the line leaves
/// \[bialynicki1975\]; two equal neighbours have `2 ln 2 - 1` as `N` grows.
///
/// `power` gives `|Σ x e^{-2πikt/N}|²/N`, `k = 0..=N/2`. `None` where a value is negative or the sum is 0.
///
/// # Rounding
/// Each entropy is off by `γ_{8 log2 N + N} ln N`; a slack that is negative by no more counts as 0.
pub(super) fn entropic_slack(signal: &[f64], power: impl Fn(&[f64]) -> Vec<f64>) -> Option<f64> {
    let total: f64 = signal.iter().sum();
    let is_share = |x: &f64| x.is_finite() && *x >= 0.0;
    if total <= 0.0 || !signal.iter().all(is_share) {
        return None;
    }
    let shares = || signal.iter().map(|x| x / total);
    let amplitudes: Vec<f64> = shares().map(f64::sqrt).collect();
    let bins = power(&amplitudes);
    let n = signal.len();
    let mirrored = |k: usize| if k == 0 || 2 * k == n { 1.0 } else { 2.0 };
    let sum: f64 = bins.iter().enumerate().map(|(k, q)| mirrored(k) * q).sum();
    let frequencies: f64 = bins.iter().enumerate().map(|(k, q)| mirrored(k) * nats(q / sum)).sum();
    let slack = shares().map(nats).sum::<f64>() + frequencies - (n as f64).ln();
    Some(if slack < 0.0 && slack >= -slack_error(n) { 0.0 } else { slack })
}

/// Rounding of [`entropic_slack`] for so many values.
fn slack_error(n: usize) -> f64 {
    2.0 * gamma(8 * n.ilog2() as usize + n + 8, f64::UNIT_ROUNDOFF) * (1.0 + (n as f64).ln())
}

/// `-p ln p`, and 0 for 0.
pub(super) fn nats(p: f64) -> f64 {
    if p > 0.0 { -p * p.ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2;

    use super::*;
    use crate::numeric::{Agreement, Bound};
    use crate::signal::{PowerSpectrum, Sides};

    fn slack(signal: &[f64]) -> Option<f64> {
        let transform = PowerSpectrum::new(signal.len()).unwrap();
        entropic_slack(signal, |x| {
            let mut bins = transform.of(x, Sides::Two).unwrap();
            bins.truncate(x.len() / 2 + 1);
            bins
        })
    }

    #[track_caller]
    fn assert_slack(signal: &[f64], expected: f64, truncation: f64) {
        let bound = Bound { rounding: slack_error(signal.len()), truncation };
        let agreement = |expected: f64| Agreement::of(slack(signal).unwrap(), expected, bound);
        assert!(agreement(expected).holds(), "{:?}", agreement(expected));
        // The control: a thousandth of a nat more.
        assert!(!agreement(expected + 1e-3).holds());
    }

    #[test]
    fn combs_and_only_combs_have_none() {
        for (n, step) in [(64usize, 1), (64, 64), (64, 8), (256, 16), (256, 2)] {
            let comb: Vec<f64> = (0..n).map(|t| f64::from(u8::from(t % step == 3 % step))).collect();
            assert_slack(&comb, 0.0, 0.0);
            // One tooth that is a little higher.
            let mut uneven = comb;
            uneven[3 % step] += 0.2;
            assert!(slack(&uneven).unwrap() > 0.0 || step == n);
        }
    }

    #[test]
    fn two_neighbours_have_two_ln_two_less_one() {
        // The mean of (1 + cos θ) ln(1 + cos θ) over N angles is 1 - ln 2 and its aliases 2/(x(x² - 1)), x = mN.
        for n in [16usize, 64, 1024] {
            let mut pair = vec![0.0; n];
            (pair[n / 2], pair[n / 2 + 1]) = (3.0, 3.0);
            let x = n as f64;
            assert_slack(&pair, 2.0 * LN_2 - 1.0, 2.5 / (x * (x * x - 1.0)));
        }
    }

    #[test]
    fn a_gaussian_has_what_the_bound_on_the_line_leaves() {
        // σ = 6 in 128 samples: in time the ends are at 10 σ, and √a in frequency at 37 of its own.
        let gaussian: Vec<f64> = (0..128).map(|t| (-0.5 * ((f64::from(t) - 64.0) / 6.0).powi(2)).exp()).collect();
        assert_slack(&gaussian, 1.0 - LN_2, 1e-12);
    }

    #[test]
    fn what_is_no_distribution_has_none() {
        assert_eq!(slack(&[0.0; 8]), None);
        assert_eq!(slack(&[1.0, -0.1, 0.0, 0.0]), None);
        assert_eq!(slack(&[f64::NAN, 1.0]), None);
    }
}
