//! How much a head uses each rotary frequency: `U_i = E|q^(i)| E|k^(i)|`, which bounds what pair `i` can add
//! to a score \[barbero2025\].

use super::pair_family::PairView;
use super::{Definition, Signal};

pub(super) fn definitions() -> Vec<Definition> {
    let of = |metric: &'static str, unit: &'static str, title: &'static str| {
        Definition::of(Signal::Pairs, metric, unit, title).family("M10")
    };
    vec![
        of("usage_centroid", "octave", "centroid of the frequencies used").meaning(
            "Σ u_i log2(θ_i/2π), u = U/Σ U over the pairs that turn",
            "Logarithm to base 2 of the typical rotary frequency, in cycles per token, that queries and keys are long in.",
        ),
        of("usage_above_full_turn", "1", "usage of pairs that turn fully").range(0.0, 1.0).meaning(
            "Σ u_i over θ_i ≥ 2π/L",
            "Share of the usage in pairs that complete a turn in the L tokens that the model was made for.",
        ),
        of("usage_below_full_turn", "1", "usage of pairs that do not turn fully").range(0.0, 1.0).meaning(
            "Σ u_i over θ_i < 2π/L",
            "Share of the usage in pairs that complete no turn in the L tokens that the model was made for.",
        ),
        of("usage_at_theory_pair", "1", "usage of the pair that tells positions best").range(0.0, 1.0).meaning(
            "u_i at the whole i next to j*, where θ = x*/L, x* = 3.657210",
            "Share of the usage in the pair whose score varies most over L tokens; 1 over the number of pairs is none in particular.",
        ),
        of("key_band", "pair", "frequency band of the keys").range(0.0, None).meaning(
            "most frequent argmax_i |k_n^(i)| over tokens n",
            "The pair in which keys are longest for most tokens, counted from the fastest.",
        ),
        of("key_band_distance", "pair", "distance of the band from theory").meaning(
            "key_band - j*, j* = (d/2) log_B(L/x*)",
            "By how many pairs the band of the keys is slower than the frequency that tells positions best.",
        ),
        of("unrotated_share", "1", "share of the coordinates that do not rotate").range(0.0, 1.0).meaning(
            "E|q_s| E|k_s| / (E|q_r| E|k_r| + E|q_s| E|k_s|), r the rotated coordinates, s the others",
            "How much of the bound on scores lies in coordinates that no rotation touches; 0 where all rotate.",
        ),
    ]
}

pub(super) fn values(view: &PairView<'_>) -> [Option<f64>; 7] {
    let Some(axis) = &view.coordinates.rotary else { return [None; 7] };
    let theta = axis.frequencies.inv_freq();
    let pairs = || view.means.usage.iter().zip(theta);
    let total: f64 = view.means.usage.iter().sum();
    let turning: f64 = pairs().filter(|(_, theta)| **theta > 0.0).map(|(u, _)| u).sum();
    let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    let octaves =
        pairs().filter(|(_, theta)| **theta > 0.0).map(|(u, theta)| u * (theta / std::f64::consts::TAU).log2());
    let above: f64 = pairs().filter(|(_, theta)| **theta >= axis.full_turn()).map(|(u, _)| u).sum();
    let below: f64 = pairs().filter(|(_, theta)| **theta < axis.full_turn()).map(|(u, _)| u).sum();
    let band = most(&view.means.longest_key);
    [
        share(octaves.sum(), turning),
        share(above, total),
        share(below, total),
        axis.nearest_theory_pair().and_then(|pair| share(view.means.usage[pair], total)),
        band,
        band.zip(axis.theory_pair).map(|(band, theory)| band - theory),
        view.means.parts.and_then(|[rotated, unrotated]| share(unrotated, rotated + unrotated)),
    ]
}

/// The index of the largest, the first of equals; `None` where all are zero.
fn most(shares: &[f64]) -> Option<f64> {
    let largest = shares.iter().fold(0.0, |largest: f64, share| largest.max(*share));
    shares.iter().position(|share| *share > 0.0 && *share == largest).map(|pair| pair as f64)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::heads::pair_family::PairMeans;
    use crate::heads::{Coordinates, PairAxis};
    use crate::numeric::Pairing;
    use crate::rope::{Frequencies, Scaling, best_told_turn};

    const PAIRS: usize = 32;

    /// 64 of 80 coordinates rotate, in a model made for 1024 tokens.
    fn coordinates() -> Coordinates {
        let frequencies = Frequencies::new(1e4, 2 * PAIRS, &Scaling::None, 1024).unwrap();
        Coordinates { head_dim: 80, rotary: Some(PairAxis::new(frequencies, Pairing::HalfSplit, 1024, 64)) }
    }

    fn means(usage: Vec<f64>) -> PairMeans {
        let (longest_key, entropy) = (usage.clone(), vec![None; usage.len()]);
        let (sequence_entropy, spectrum_entropy) = (entropy.clone(), entropy);
        let parts = Some([3.0, 1.0]);
        PairMeans { usage, longest_key, parts, sequence_entropy, spectrum_entropy, ..PairMeans::default() }
    }

    fn of(means: &PairMeans) -> [Option<f64>; 7] {
        values(&PairView { means, coordinates: &coordinates() })
    }

    fn close(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|found| (found - expected).abs() <= 1e-12 * (1.0 + expected.abs()))
    }

    #[test]
    fn a_head_of_one_band_is_found_there() {
        let theta = |pair: usize| 1e4f64.powf(-2.0 * pair as f64 / 64.0);
        let theory = 32.0 * (1024.0 / best_told_turn()).ln() / 1e4f64.ln();
        // 2π/L lies between pairs 17 and 18; j* is 19.57.
        for pair in [0, 5, 17, 18, 20, 31] {
            let mut usage = vec![0.0; PAIRS];
            usage[pair] = 0.3;
            let [centroid, above, below, at_theory, band, distance, unrotated] = of(&means(usage));
            assert!(close(centroid, (theta(pair) / TAU).log2()), "{pair}");
            let turns = f64::from(u8::from(pair <= 17));
            assert_eq!((above, below), (Some(turns), Some(1.0 - turns)), "{pair}");
            assert_eq!(at_theory, Some(f64::from(u8::from(pair == 20))), "{pair}");
            assert_eq!(band, Some(pair as f64));
            assert!(close(distance, pair as f64 - theory));
            assert_eq!(unrotated, Some(0.25));
        }
    }

    #[test]
    fn usage_of_all_pairs_alike_has_the_mean_of_the_axis() {
        let [centroid, above, _, at_theory, ..] = of(&means(vec![1.0; PAIRS]));
        let mean = -(15.5 / 32.0) * 1e4f64.log2() - TAU.log2();
        assert!(close(centroid, mean));
        assert_eq!((above, at_theory), (Some(18.0 / 32.0), Some(1.0 / 32.0)));
    }

    #[test]
    fn nothing_is_made_up_for_a_head_of_zeros_or_without_rotation() {
        let nothing = PairMeans { usage: vec![0.0; PAIRS], longest_key: vec![0.0; PAIRS], ..PairMeans::default() };
        assert_eq!(of(&nothing), [None; 7]);
        let still = Coordinates { head_dim: 80, rotary: None };
        assert_eq!(values(&PairView { means: &means(vec![]), coordinates: &still }), [None; 7]);
    }

    #[test]
    fn a_null_draw_keeps_what_does_not_depend_on_the_order_of_pairs() {
        let coordinates = coordinates();
        let own = means((0..PAIRS).map(|pair| (pair * pair) as f64).collect());
        let mut generator = ChaCha8Rng::seed_from_u64(7);
        let draws: Vec<_> = (0..400).map(|_| of(&own.shuffled(&coordinates, &mut generator))).collect();
        assert!(draws.iter().all(|draw| draw[6] == of(&own)[6]), "the unrotated share has moved");
        // The mean over all orders is that of equal usage. Its deviation from draw to draw is at most the axis'
        // half width, 6.5 octaves, over the root of the draws.
        let mean = draws.iter().map(|draw| draw[0].unwrap()).sum::<f64>() / 400.0;
        let equal = of(&means(vec![1.0; PAIRS]))[0].unwrap();
        assert!((mean - equal).abs() < 4.0 * 6.5 / 20.0 / 3.0, "{mean} {equal}");
        assert!((of(&own)[0].unwrap() - equal).abs() > 1.0);
        let dirichlet = PairMeans::dirichlet(PAIRS, 511, &mut generator);
        assert_eq!((dirichlet.usage.len(), dirichlet.longest_key.iter().sum::<f64>()), (PAIRS, 1.0));
        assert_eq!(of(&dirichlet)[6], None);
    }
}
