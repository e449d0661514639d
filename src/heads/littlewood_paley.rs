//! M8: how evenly the heads together cover the frequencies: frame bounds, overlap, coverage.

use super::band::{folded, without_dc};
use super::group::{GroupFamily, GroupView};
use super::{Definition, Plan, Signal};
use crate::numeric::{Real, gamma};

pub(super) const FAMILY: GroupFamily = GroupFamily { definitions, values, over_heads: false };

fn definitions(signal: Signal, _plan: &Plan) -> Vec<Definition> {
    let of = |name, title| Definition::of(signal, name, "1", title).family("M8");
    vec![
        of("frame_lower", "lower frame bound")
            .range(0.0, None)
            .meaning(
                "A = min over k = 1..=N/2 of LP(k) = Σ_h |ĥ_h(k)|², every head without its mean and of energy 1",
                "The least that the heads together, as a bank of filters, let through of any frequency.",
            )
            .known(["", "", "", "about H"]),
        of("frame_upper", "upper frame bound")
            .range(0.0, None)
            .meaning("B = max over k = 1..=N/2 of LP(k)", "The most that they let through.")
            .known(["", "", "", "about H"]),
        of("frame_ratio", "ratio of the frame bounds")
            .range(1.0, None)
            .meaning(
                "B/A",
                "How unevenly the heads cover the frequencies together: 1 for a tight frame; wavelets of all scales come near it.",
            )
            .known(["", "", "", "1 as H grows"]),
        of("spectral_overlap", "mean pairwise overlap of spectra")
            .range(0.0, 1.0)
            .meaning(
                "mean over pairs of heads of Σ_k sqrt(p_h(k) p_h'(k)), p = Q/ΣQ over k = 1..=N/2",
                "How much the bands of two heads coincide: 1 for one spectrum, 0 for bands apart.",
            )
            .known(["", "", "", "π/4 (one draw each)"]),
        of("octave_coverage", "covered octaves")
            .range(0.0, 1.0)
            .meaning(
                "share of the log2 N octaves (2^{-j-1}, 2^{-j}] cycles per token, j = 1..=log2 N, in which some head has at least \
                 1/log2 N of its power without frequency 0",
                "Whether the heads' bands complement each other: 1 if every octave is some head's own.",
            ),
    ]
}

fn values(view: &GroupView<'_>, values: &mut Vec<Option<f64>>) {
    let shares: Vec<Vec<f64>> = view.heads.iter().filter_map(|head| spectral_shares(head.power)).collect();
    let bounds = frame_bounds(&littlewood_paley(&shares));
    values.push(bounds.map(|[lower, _]| lower));
    values.push(bounds.map(|[_, upper]| upper));
    let rounding = gamma(8 * view.plan.octaves(), f64::UNIT_ROUNDOFF).powi(2) * shares.len() as f64;
    let ratio = |[lower, upper]: [f64; 2]| (lower > rounding * upper).then(|| upper / lower);
    values.push(bounds.and_then(ratio));
    values.push(mean_overlap(&shares));
    values.push(octave_coverage(&shares));
}

/// `Q(k)/ΣQ`, `k = 1..=N/2`, with `Q` the power at `k` and `-k` together; `None` of a constant.
pub(super) fn spectral_shares(power: &[f64]) -> Option<Vec<f64>> {
    let total = without_dc(power)?;
    Some(folded(power).map(|(_, q)| q / total).collect())
}

/// `LP(k) = Σ_h |ĥ_h(k)|²`, `k = 1..=N/2`, of heads of energy 1 without frequency 0, whose spectra have these shares.
///
/// For every signal `f` without a mean, on a circle of `N`, `A‖f‖² ≤ Σ_h ‖f * h_h‖² ≤ B‖f‖²` with `A` and `B` the least and the
/// largest value: the heads and all their shifts are a frame with these bounds \[mallat2009, §5.1.4\]. Their mean over all
/// frequencies but 0 is `H N/(N - 1)`.
pub(super) fn littlewood_paley(shares: &[Vec<f64>]) -> Vec<f64> {
    let bins = shares.first().map_or(0, Vec::len);
    let points = 2.0 * bins as f64;
    // A bin and its mirror image hold a share together; the last is its own.
    let per_bin = |k: usize| if k + 1 == bins { points } else { points / 2.0 };
    (0..bins).map(|k| per_bin(k) * shares.iter().map(|share| share[k]).sum::<f64>()).collect()
}

/// The least and the largest value.
fn frame_bounds(sums: &[f64]) -> Option<[f64; 2]> {
    let least = sums.iter().copied().reduce(f64::min)?;
    Some([least, sums.iter().copied().fold(least, f64::max)])
}

/// Mean over pairs of `Σ sqrt(p p')`, Bhattacharyya's coefficient; `None` for fewer than two heads.
///
/// It is `(‖Σ_h √p_h‖² - H)/(H(H - 1))`, since every `√p_h` has norm 1.
fn mean_overlap(shares: &[Vec<f64>]) -> Option<f64> {
    let heads = shares.len() as f64;
    let bins = shares.first()?.len();
    let amplitude = |k: usize| shares.iter().map(|share| share[k].sqrt()).sum::<f64>();
    let together: f64 = (0..bins).map(|k| amplitude(k).powi(2)).sum();
    (shares.len() > 1).then(|| ((together - heads) / (heads * (heads - 1.0))).clamp(0.0, 1.0))
}

/// Share of the octaves `(2^{-j-1}, 2^{-j}]` cycles per sample in which some head has at least its fair share, `1/log2 N`.
fn octave_coverage(shares: &[Vec<f64>]) -> Option<f64> {
    let octaves = shares.first()?.len().ilog2() as usize + 1;
    let fair = 1.0 / octaves as f64;
    // Bins N/2^{j+1}+1..=N/2^j are the places N/2^{j+1}..N/2^j of the shares, which begin with bin 1.
    let of = |share: &[f64], j: usize| {
        let end = share.len() >> j;
        let start = if end > 1 { end / 2 } else { 0 };
        share[start..end].iter().sum::<f64>()
    };
    let covered = (0..octaves).filter(|&j| shares.iter().any(|share| of(share, j) >= fair));
    Some(covered.count() as f64 / octaves as f64)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::group::Kernel;
    use super::super::{SinkRule, Taper};
    use super::*;
    use crate::numeric::{Agreement, Bound};

    const N: usize = 256;

    fn measured(heads: &[Vec<f64>]) -> Vec<Option<f64>> {
        let plan = Plan::new(N, SinkRule::Kept, Taper::None).unwrap();
        let spectra: Vec<Vec<f64>> = heads.iter().map(|head| plan.power(head)).collect();
        let kernels: Vec<Kernel<'_>> =
            heads.iter().zip(&spectra).map(|(curve, power)| Kernel { curve, power }).collect();
        let mut found = Vec::new();
        values(&GroupView { signal: Signal::Profile, heads: &kernels, plan: &plan }, &mut found);
        found
    }

    #[track_caller]
    fn assert_near(found: Option<f64>, expected: f64) {
        let bound = Bound::rounding(gamma(64 * N, f64::UNIT_ROUNDOFF) * expected.max(1.0));
        let agreement = |expected| Agreement::of(found.unwrap(), expected, bound);
        assert!(agreement(expected).holds(), "{found:?} {expected}");
        assert!(!agreement(expected + 1e-3).holds());
    }

    fn impulse(at: usize) -> Vec<f64> {
        (0..N).map(|t| f64::from(u8::from(t == at))).collect()
    }

    fn tone(bin: usize) -> Vec<f64> {
        (0..N).map(|t| 0.1 + (TAU * (bin * t % N) as f64 / N as f64).cos()).collect()
    }

    #[test]
    fn single_lags_are_a_tight_frame_of_one_band() {
        let n = N as f64;
        let found = measured(&[impulse(0), impulse(1), impulse(200)]);
        for bound in [found[0], found[1]] {
            assert_near(bound, 3.0 * n / (n - 1.0));
        }
        assert_near(found[2], 1.0);
        assert_near(found[3], 1.0);
        // Octave j has about 2^{-j} of a flat spectrum, and 1/8 is fair: the finest three.
        assert_near(found[4], 3.0 / 8.0);
    }

    #[test]
    fn tones_cover_their_octaves_and_nothing_else() {
        let found = measured(&[tone(100), tone(50), tone(3)]);
        assert_eq!(found[2], None, "no lower bound: {found:?}");
        assert_near(found[1], 128.0);
        assert_near(found[3], 0.0);
        assert_near(found[4], 3.0 / 8.0);
        // One for each octave: 1 | 2 | 3-4 | 5-8 | ... | 65-128.
        let all: Vec<Vec<f64>> = [1, 2, 4, 7, 16, 17, 64, 128].map(tone).to_vec();
        assert_near(measured(&all)[4], 1.0);
        // The control: 17 and 32 are one octave.
        let gap: Vec<Vec<f64>> = [1, 2, 4, 7, 32, 17, 64, 128].map(tone).to_vec();
        assert_near(measured(&gap)[4], 7.0 / 8.0);
    }

    #[test]
    fn dyadic_wavelets_are_nearly_tight_and_atoms_of_one_band_are_not() {
        // Σ_j |psihat(2^j w)|² of the Ricker wavelet, w^4 e^{-w²}, in half octaves is constant to 0.4 percent within; with
        // energy 1 a dilate has |ĥ|² in proportion to its scale, so dilates are weighted by 1/a here, by how many there are.
        let ricker = |a: f64, at: f64| -> Vec<f64> {
            (0..N).map(|t| ((t as f64 - at) / a).powi(2)).map(|u| (1.0 - u) * (-u / 2.0).exp()).collect()
        };
        let mut bank = Vec::new();
        for octave in 0..4 {
            for copy in 0..1 << (3 - octave) {
                bank.push(ricker(f64::from(1 << octave), 100.0 + f64::from(copy)));
                bank.push(ricker(f64::from(1 << octave) * 2f64.sqrt(), 100.0 + f64::from(copy)));
            }
        }
        let even = measured(&bank);
        let same = measured(&[ricker(4.0, 90.0), ricker(4.0, 120.0)]);
        assert!(same[2].is_none_or(|ratio| ratio > 1e6), "{same:?}");
        assert!(even[2].unwrap() < same[2].unwrap_or(f64::INFINITY) / 1e3, "{even:?}");
        assert_near(same[3], 1.0);
        assert!(even[4] > same[4]);
    }

    #[test]
    fn constant_heads_do_not_count() {
        assert_eq!(measured(&[vec![0.2; N]]), [None; 5]);
        assert_eq!(measured(&[vec![0.2; N], impulse(3)])[3], None);
    }
}
