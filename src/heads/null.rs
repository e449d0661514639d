use rand::distr::Open01;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::accumulator::Accumulator;
use super::{Plan, Statistics};
use crate::encoding::{alibi_bias, alibi_slopes};

/// One value for each null model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PerNull<T> {
    /// The same configuration with freshly initialised weights, reading the same texts. Random: the
    /// weights. A draw is one seed; where the heads of a layer are exchangeable, one head of one
    /// seed.
    pub untrained: T,
    /// The head's own rows, the keys of each row permuted uniformly. Random: the permutations. A
    /// draw permutes every row anew.
    pub shuffled: T,
    /// Rows drawn from the flat Dirichlet distribution, of the lengths of the recorded rows; their
    /// scores are the logarithms. Random: the rows. A draw is as many rows as were recorded.
    pub dirichlet: T,
    /// Rows `softmax(-slope · lag)` of the recorded lengths. Nothing is random: the draws are the
    /// slopes of an ALiBi model with as many heads, and their spread is that of the family.
    pub alibi: T,
    /// Flat Dirichlet rows of which the head's own mean sink mass goes to key 0: `(1 - s) row + s δ_0`.
    /// Random: the rows.
    pub sink: T,
}

impl<T> PerNull<T> {
    /// The names of the null models, in the order of every table.
    pub const NAMES: [&'static str; 5] = ["untrained", "shuffled", "dirichlet", "alibi", "sink"];

    /// Applies a function to each value.
    pub fn map<U>(&self, f: impl Fn(&T) -> U) -> PerNull<U> {
        PerNull {
            untrained: f(&self.untrained),
            shuffled: f(&self.shuffled),
            dirichlet: f(&self.dirichlet),
            alibi: f(&self.alibi),
            sink: f(&self.sink),
        }
    }

    /// The values, in the order of every table.
    pub fn each_mut(&mut self) -> [&mut T; 5] {
        [&mut self.untrained, &mut self.shuffled, &mut self.dirichlet, &mut self.alibi, &mut self.sink]
    }

    /// Names and values, in the order of every table.
    pub fn each(&self) -> [(&'static str, &T); 5] {
        let values = [&self.untrained, &self.shuffled, &self.dirichlet, &self.alibi, &self.sink];
        std::array::from_fn(|i| (Self::NAMES[i], values[i]))
    }
}

/// What a random generator is for. Each purpose, row and draw has a generator of its own, so that
/// no draw depends on the order or the partition of the work.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Shuffle { layer: usize, head: usize },
    Dirichlet,
}

/// The generator of one draw for one row, by the window that it is in and its query.
pub(super) fn generator(seed: u64, purpose: Purpose, window: u64, query: usize, draw: usize) -> ChaCha8Rng {
    let (kind, layer, head) = match purpose {
        Purpose::Shuffle { layer, head } => (1u32, layer, head),
        Purpose::Dirichlet => (2, 0, 0),
    };
    let mut key = [0; 32];
    key[0..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&window.to_le_bytes());
    for (place, word) in key[16..].chunks_exact_mut(4).zip([kind, layer as u32, head as u32, query as u32]) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(draw as u64);
    generator
}

/// Statistics of flat Dirichlet rows as many and as long as those recorded from windows of these
/// lengths, one for each draw.
pub(super) fn dirichlet_draws(windows: &[usize], plan: &Plan, draws: usize, seed: u64) -> Vec<Statistics> {
    let one = |draw| {
        statistics_of_rows(windows, plan, |window, keys, weights, scores| {
            dirichlet_row(weights, scores, keys, &mut generator(seed, Purpose::Dirichlet, window, keys - 1, draw))
        })
    };
    (0..draws).into_par_iter().map(one).collect()
}

/// Draws a flat Dirichlet row of so many keys: fills in the nearest, and returns key 0.
fn dirichlet_row(weights: &mut [f64], scores: &mut [f64], keys: usize, generator: &mut ChaCha8Rng) -> f64 {
    // Independent exponentials over their sum.
    let mut exponential = || -generator.sample::<f64, _>(Open01).ln();
    let mut sum = 0.0;
    let mut last = 0.0;
    for key in 0..keys {
        last = exponential();
        sum += last;
        if let (Some(weight), Some(score)) = (weights.get_mut(key), scores.get_mut(key)) {
            (*weight, *score) = (last, last.ln());
        }
    }
    weights.iter_mut().for_each(|weight| *weight /= sum);
    last / sum
}

/// Statistics of the content-free rows of an ALiBi model with this many heads, one for each head.
pub(super) fn alibi_draws(windows: &[usize], plan: &Plan, draws: usize) -> Vec<Statistics> {
    let longest = windows.iter().copied().max().unwrap_or(0);
    let one = |slope: f64| {
        let bias = alibi_bias(slope, longest);
        let weights: Vec<f64> = bias.iter().map(|bias| bias.exp()).collect();
        statistics_of_rows(windows, plan, |_, keys, row, scores| {
            let sum: f64 = weights[..keys].iter().sum();
            row.iter_mut().zip(&weights).for_each(|(probability, weight)| *probability = weight / sum);
            scores.copy_from_slice(&bias[..plan.lags()]);
            weights[keys - 1] / sum
        })
    };
    alibi_slopes(draws).into_par_iter().map(one).collect()
}

/// Accumulates rows that `fill` makes: it is given the window, the number of keys, and the lags to
/// fill with probabilities and with scores, and returns the probability of key 0.
fn statistics_of_rows(
    windows: &[usize],
    plan: &Plan,
    mut fill: impl FnMut(u64, usize, &mut [f64], &mut [f64]) -> f64,
) -> Statistics {
    let lags = plan.lags();
    let mut accumulator = Accumulator::new(lags);
    let (mut probabilities, mut scores) = (vec![0.0; lags], vec![0.0; lags]);
    for (window, &length) in windows.iter().enumerate() {
        for keys in lags..=length {
            let sink = fill(window as u64, keys, &mut probabilities, &mut scores);
            accumulator.add(&probabilities, &scores, sink);
        }
    }
    accumulator.statistics(plan)
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Beta, ContinuousCDF};

    use super::*;
    use std::sync::Arc;

    use crate::heads::{Identity, Recorder, SinkRule, Taper};

    /// Kolmogorov's distance between a sample and a distribution.
    fn distance(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
        sample.sort_by(f64::total_cmp);
        let n = sample.len() as f64;
        let gap = |(i, x): (usize, &f64)| (cdf(*x) - i as f64 / n).abs().max((cdf(*x) - (i + 1) as f64 / n).abs());
        sample.iter().enumerate().map(gap).fold(0.0, f64::max)
    }

    #[test]
    fn a_weight_of_a_flat_dirichlet_row_has_a_beta_distribution() {
        // Among n weights that sum to 1, each is Beta(1, n - 1); the sum of 8 is Beta(8, n - 8).
        let (keys, draws) = (20, 4000);
        let rows: Vec<(f64, f64, f64)> = (0..draws)
            .map(|draw| {
                let (mut weights, mut scores) = ([0.0; 8], [0.0; 8]);
                let mut generator = generator(3, Purpose::Dirichlet, 0, 0, draw);
                let oldest = dirichlet_row(&mut weights, &mut scores, keys, &mut generator);
                (weights[0], oldest, weights.iter().sum())
            })
            .collect();
        let beta = |a: f64| Beta::new(a, keys as f64 - a).unwrap();
        // Kolmogorov: the distance of a true sample exceeds 1.95/sqrt(draws) once in a thousand.
        let limit = 1.95 / (draws as f64).sqrt();
        assert!(distance(rows.iter().map(|row| row.0).collect(), |x| beta(1.0).cdf(x)) < limit);
        assert!(distance(rows.iter().map(|row| row.1).collect(), |x| beta(1.0).cdf(x)) < limit);
        assert!(distance(rows.iter().map(|row| row.2).collect(), |x| beta(8.0).cdf(x)) < limit);
        // The control: a neighbouring distribution.
        let neighbour = Beta::new(1.0, keys as f64 - 3.0).unwrap();
        assert!(distance(rows.iter().map(|row| row.1).collect(), |x| neighbour.cdf(x)) > limit);
    }

    #[test]
    fn draws_depend_on_seed_row_and_draw_and_on_nothing_else() {
        let first =
            |seed, purpose, window, query, draw| generator(seed, purpose, window, query, draw).sample::<f64, _>(Open01);
        let shuffle = |layer, head| Purpose::Shuffle { layer, head };
        let all = [
            first(0, Purpose::Dirichlet, 0, 0, 0),
            first(1, Purpose::Dirichlet, 0, 0, 0),
            first(0, Purpose::Dirichlet, 1, 0, 0),
            first(0, Purpose::Dirichlet, 0, 1, 0),
            first(0, Purpose::Dirichlet, 0, 0, 1),
            first(0, shuffle(0, 0), 0, 0, 0),
            first(0, shuffle(1, 0), 0, 0, 0),
            first(0, shuffle(0, 1), 0, 0, 0),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b), "draw {i} repeats another");
        }
        assert_eq!(all[0], first(0, Purpose::Dirichlet, 0, 0, 0));
    }

    #[test]
    fn every_permutation_is_equally_likely() {
        // Where one of 9 keys goes in many shuffles, against the uniform distribution.
        let draws = 8000;
        let plan = Arc::new(Plan::new(8, SinkRule::Kept, Taper::None).unwrap());
        let mut head = Recorder::new(Identity { layer: 0, head: 0, seed: 1 }, &plan, draws);
        let row: Vec<f64> = (0..9).map(|key| f64::from(u8::from(key == 8))).collect();
        head.row(0, &row, &row);
        let (_, shuffled) = head.statistics().unwrap();
        let mut counts = [0.0; 9];
        for one in &shuffled {
            one.lag_profile.iter().chain([&one.sink_mass]).zip(&mut counts).for_each(|(p, count)| *count += p);
        }
        // Pearson's statistic has 8 degrees of freedom: above 26.1 once in a thousand.
        let expected = f64::from(draws as u32) / 9.0;
        let pearson: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
        assert!(pearson < 26.1, "{pearson}: {counts:?}");
    }
}
