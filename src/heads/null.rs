use rand::distr::Open01;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::Statistics;
use super::accumulator::Accumulator;
use super::power_spectrum::PowerSpectrum;
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
}

impl<T> PerNull<T> {
    /// Applies a function to each value.
    pub fn map<U>(&self, f: impl Fn(&T) -> U) -> PerNull<U> {
        PerNull {
            untrained: f(&self.untrained),
            shuffled: f(&self.shuffled),
            dirichlet: f(&self.dirichlet),
            alibi: f(&self.alibi),
        }
    }

    /// Names and values, in the order of every table.
    pub fn each(&self) -> [(&'static str, &T); 4] {
        let Self { untrained, shuffled, dirichlet, alibi } = self;
        [("untrained", untrained), ("shuffled", shuffled), ("dirichlet", dirichlet), ("alibi", alibi)]
    }
}

/// A metric under a null model, and where a head lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Comparison {
    /// Mean over the draws in which the metric has a value.
    pub mean: Option<f64>,
    /// Standard deviation over these draws (`n - 1` in the denominator); `None` for fewer than two.
    pub sd: Option<f64>,
    /// `(value - mean) / sd`; `None` without a value or a deviation, and where the deviation is no
    /// larger than rounding, so that the null model leaves the metric no freedom.
    pub z: Option<f64>,
    /// Number of draws in which the metric has a value.
    pub draws: usize,
}

impl Comparison {
    /// Compares a value with what the draws of a null model gave.
    ///
    /// `rounding` is the relative error of the values.
    pub(super) fn of(value: Option<f64>, draws: &[f64], rounding: f64) -> Self {
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let sd = (draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let size = draws.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
        Self {
            mean: (n >= 1.0).then_some(mean),
            sd: (n >= 2.0).then_some(sd),
            z: value.filter(|_| n >= 2.0 && sd > rounding * size).map(|value| (value - mean) / sd),
            draws: draws.len(),
        }
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
pub(super) fn dirichlet_draws(windows: &[usize], lags: usize, draws: usize, seed: u64) -> Vec<Statistics> {
    let one = |draw| {
        statistics_of_rows(windows, lags, |window, keys, near| {
            let mut generator = generator(seed, Purpose::Dirichlet, window, keys - 1, draw);
            // Independent exponentials over their sum are flat Dirichlet.
            let mut exponential = || -generator.sample::<f64, _>(Open01).ln();
            let mut sum = 0.0;
            near.iter_mut().for_each(|(weight, _)| {
                *weight = exponential();
                sum += *weight;
            });
            let mut sink = near[lags - 1].0;
            for _ in lags..keys {
                sink = exponential();
                sum += sink;
            }
            for (weight, score) in near {
                *score = weight.ln();
                *weight /= sum;
            }
            sink / sum
        })
    };
    (0..draws).into_par_iter().map(one).collect()
}

/// Statistics of the content-free rows of an ALiBi model with this many heads, one for each head.
pub(super) fn alibi_draws(windows: &[usize], lags: usize, draws: usize) -> Vec<Statistics> {
    let longest = windows.iter().copied().max().unwrap_or(0);
    let one = |slope: f64| {
        let bias = alibi_bias(slope, longest);
        let weights: Vec<f64> = bias.iter().map(|bias| bias.exp()).collect();
        statistics_of_rows(windows, lags, |_, keys, near| {
            let sum: f64 = weights[..keys].iter().sum();
            for (lag, (weight, score)) in near.iter_mut().enumerate() {
                *weight = weights[lag] / sum;
                *score = bias[lag];
            }
            weights[keys - 1] / sum
        })
    };
    alibi_slopes(draws).into_par_iter().map(one).collect()
}

/// Accumulates rows that `fill` makes: it is given the window, the number of keys and the lags to
/// fill with probabilities and scores, and returns the probability of key 0.
fn statistics_of_rows(
    windows: &[usize],
    lags: usize,
    mut fill: impl FnMut(u64, usize, &mut [(f64, f64)]) -> f64,
) -> Statistics {
    let mut accumulator = Accumulator::new(lags);
    let mut transform = PowerSpectrum::new(lags);
    let mut near = vec![(0.0, 0.0); lags];
    for (window, &length) in windows.iter().enumerate() {
        for keys in lags..=length {
            let sink = fill(window as u64, keys, &mut near);
            accumulator.add(&near, sink, &mut transform);
        }
    }
    accumulator.statistics(&mut transform)
}
