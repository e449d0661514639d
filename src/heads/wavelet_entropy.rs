//! M4: how evenly the coefficients of each wavelet level share their energy.

use std::sync::LazyLock;

use super::family::{Family, View};
use super::slack::nats;
use super::spectrum::rounding_energy;
use super::{Definition, Plan, Signal};
use crate::signal::{Boundary, Dwt};
use crate::wavelet::{DiscreteFamily, DiscreteWavelet};

pub(super) const FAMILY: Family = Family { definitions, values };

/// The transforms, by the names that the metrics give them.
static TRANSFORMS: LazyLock<[(&'static str, Dwt<f64>); 2]> = LazyLock::new(|| {
    let periodic = |order| {
        let wavelet = DiscreteWavelet::new(DiscreteFamily::Daubechies(order)).expect("the order is in the list");
        Dwt::new(&wavelet, Boundary::Periodic)
    };
    [("haar", periodic(1)), ("db2", periodic(2))]
});

fn speaks_of(signal: Signal) -> bool {
    matches!(signal, Signal::Profile | Signal::Scores | Signal::Row | Signal::Full)
}

/// Levels of more than one coefficient.
fn levels(plan: &Plan) -> usize {
    plan.octaves() - 1
}

fn definitions(signal: Signal, plan: &Plan) -> Vec<Definition> {
    if !speaks_of(signal) {
        return Vec::new();
    }
    let of = |wavelet: &str, level: usize| {
        let title = format!("wavelet entropy of level {level} ({wavelet})");
        Definition::of(signal, format!("wavelet_entropy_{wavelet}_{level}"), "1", title)
            .family("M4")
            .range(0.0, 1.0)
            .meaning(
                "-Σ p ln p / ln n, p = |d_j|²/Σ|d_j|², the n = N/2^j details of level j of the periodic orthonormal transform",
                "How evenly the structure of this width is spread over positions: 0 in one place, 1 everywhere alike.",
            )
            .known(["", "", "", "about (ψ(n/2 + 1) - ψ(3/2))/ln n, the mean for Gaussian values"])
    };
    TRANSFORMS.iter().flat_map(|(wavelet, _)| (1..=levels(plan)).map(move |level| of(wavelet, level))).collect()
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    if !speaks_of(view.signal) {
        return;
    }
    let count = levels(view.plan);
    // Of a length that cannot be halved as often the transform is not orthonormal.
    let halves = view.values.len().is_multiple_of(1 << count);
    for (_, transform) in TRANSFORMS.iter() {
        match transform.analyse(view.values, count) {
            Ok(levels) if halves => values.extend(wavelet_entropies(&levels)),
            _ => values.extend((0..count).map(|_| None)),
        }
    }
}

/// `-Σ p ln p / ln n` of each level, finest first, of coefficients in the order of [`Dwt::analyse`], with `p = |d|²/Σ|d|²` over its `n` details; 1 for equal
/// moduli, 0 for a single coefficient that is not 0.
///
/// `None` for a level of one coefficient, and for one whose energy is no larger than what rounding moves between the
/// levels. For independent Gaussian values `p` has a Dirichlet distribution with parameters 1/2, and the mean is
/// `(ψ(n/2 + 1) - ψ(3/2))/ln n`, `ψ` the digamma function. Published values are neither divided by `ln n` nor by the energy
/// of the level \[ruscio2025\], which mixes how much with how even.
///
/// # Rounding
/// With a relative error `δ` of the largest coefficient, `p` is off by `2δ` of 1 and the entropy by about `2δ n`.
pub(super) fn wavelet_entropies(coefficients: &[Vec<f64>]) -> Vec<Option<f64>> {
    let energy = |values: &[f64]| values.iter().map(|d| d * d).sum::<f64>();
    let whole: f64 = coefficients.iter().map(|level| energy(level)).sum();
    let length: usize = coefficients.iter().map(Vec::len).sum();
    let floor = rounding_energy(length) * whole;
    let entropy = |detail: &Vec<f64>| {
        let own = energy(detail);
        let spread = || detail.iter().map(|d| nats(d * d / own)).sum::<f64>() / (detail.len() as f64).ln();
        (detail.len() > 1 && own > floor).then(spread)
    };
    coefficients[1..].iter().rev().map(entropy).collect()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use statrs::function::gamma::digamma;

    use super::*;
    use crate::numeric::{Agreement, Bound, Real, gamma};

    fn entropies(wavelet: usize, signal: &[f64]) -> Vec<Option<f64>> {
        let transform = &TRANSFORMS[wavelet].1;
        wavelet_entropies(&transform.analyse(signal, signal.len().ilog2() as usize - 1).unwrap())
    }

    #[test]
    fn one_wavelet_is_in_one_place_and_a_comb_of_them_everywhere() {
        // A Haar wavelet of level 3 at coefficient 5, and all of that level with one sign.
        let one: Vec<f64> =
            (0..64i32).map(|t| if t / 8 != 5 { 0.0 } else { 1.0 - 2.0 * f64::from(t % 8 / 4) }).collect();
        let all: Vec<f64> = (0..64i32).map(|t| 1.0 - 2.0 * f64::from(t % 8 / 4)).collect();
        assert_eq!(entropies(0, &one), [None, None, Some(0.0), None, None]);
        let everywhere = entropies(0, &all)[2].unwrap();
        assert!((everywhere - 1.0).abs() < gamma(64, f64::UNIT_ROUNDOFF));
        // The control: db2 does not see one wavelet in a Haar wavelet.
        assert!(entropies(1, &one)[2].unwrap() > 0.1);
    }

    #[test]
    fn an_impulse_meets_one_haar_detail_of_each_level() {
        let mut impulse = [0.0; 32];
        impulse[11] = 0.5;
        assert_eq!(entropies(0, &impulse), [Some(0.0); 4]);
    }

    #[test]
    fn an_exponential_has_geometric_details() {
        // d_j(i) ∝ r^{i 2^j}: p is geometric with ratio q = r^{2^{j+1}} over n values, whose entropy is
        // -ln((1-q)/(1-q^n)) - ln q · (q/(1-q) - n q^n/(1-q^n)).
        let r = 0.97f64;
        let signal: Vec<f64> = (0..128).map(|t| r.powi(t)).collect();
        for (level, found) in (1..).zip(entropies(0, &signal)) {
            let n = f64::from(128u32 >> level);
            let q = r.powf(f64::from(2u32 << level));
            let (tail, mean) = (1.0 - q.powf(n), q / (1.0 - q) - n * q.powf(n) / (1.0 - q.powf(n)));
            let expected = (-((1.0 - q) / tail).ln() - q.ln() * mean) / n.ln();
            // A detail is a difference of neighbours, which loses 1/(1 - r) of its accuracy.
            let bound = Bound::rounding(gamma(128, f64::UNIT_ROUNDOFF) * 4.0 * n / (1.0 - r));
            assert!(Agreement::of(found.unwrap(), expected, bound).holds(), "{level}: {found:?} {expected}");
            assert!(!Agreement::of(found.unwrap(), expected + 1e-3, bound).holds());
        }
    }

    #[test]
    fn gaussian_noise_has_the_entropy_of_a_dirichlet_distribution() {
        let mut generator = ChaCha8Rng::seed_from_u64(4);
        let mut uniform = || generator.random::<f64>();
        let mut normal = || (-2.0 * (1.0 - uniform()).ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
        let draws: Vec<Vec<f64>> = (0..400).map(|_| (0..64).map(|_| normal()).collect()).collect();
        for wavelet in [0, 1] {
            for level in 1..=5 {
                let n = f64::from(64u32 >> level);
                let values: Vec<f64> = draws.iter().map(|x| entropies(wavelet, x)[level - 1].unwrap()).collect();
                let mean = values.iter().sum::<f64>() / 400.0;
                let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
                let expected = (digamma(n / 2.0 + 1.0) - digamma(1.5)) / n.ln();
                // Ten means, each within four standard errors but once in 16000.
                assert!((mean - expected).abs() < 4.0 * sd / 20.0, "{wavelet} {level}: {mean} {expected} {sd}");
                assert!((mean - 1.0).abs() > 4.0 * sd / 20.0);
            }
        }
    }
}
