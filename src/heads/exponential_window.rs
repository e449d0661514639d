use std::sync::Arc;

use super::octaves::add_haar_energies;
use super::tally::Tally;
use super::{Place, Plan, SinkRule};

/// Rows `softmax(-slope · lag)`: the window of an ALiBi head \[press2022\] that reads no content, of any slope.
///
/// With a slope below 0 it looks away from the newest key instead. Everything about it has a closed form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ExponentialWindow {
    /// From one key to the next, in the direction in which weights fall: `e^{-|slope|}`.
    ratio: f64,
    /// Whether weights fall towards older keys.
    falls: bool,
}

/// How many rows of each length windows have.
pub(super) struct Lengths {
    /// Number of rows with this many keys.
    by_keys: Vec<f64>,
    windows: f64,
}

impl Lengths {
    /// Those of windows of these numbers of tokens.
    pub(super) fn of(windows: &[(Place, usize)]) -> Self {
        let longest = windows.iter().map(|(_, tokens)| *tokens).max().unwrap_or(0);
        let mut by_keys = vec![0.0; longest + 1];
        for (_, tokens) in windows {
            by_keys[1..=*tokens].iter_mut().for_each(|count| *count += 1.0);
        }
        Self { by_keys, windows: windows.len() as f64 }
    }
}

impl ExponentialWindow {
    /// The window that has the mean lag of this profile; `None` of an empty one.
    pub(super) fn of_profile(profile: &[f64]) -> Option<Self> {
        let weighted = profile.iter().enumerate().map(|(lag, weight)| lag as f64 * weight).sum::<f64>();
        Self::with_mean_lag(weighted / profile.iter().sum::<f64>(), profile.len())
    }

    /// The window over `lags` lags of this mean lag; `None` for what is no mean of lags.
    ///
    /// The ratio is found by bisection down to neighbouring floats, since the mean grows with it.
    pub(super) fn with_mean_lag(mean: f64, lags: usize) -> Option<Self> {
        let last = (lags - 1) as f64;
        if !(0.0..=last).contains(&mean) {
            return None;
        }
        let falls = mean <= last / 2.0;
        let mean = if falls { mean } else { last - mean };
        let (mut low, mut high) = (0.0, 1.0);
        loop {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break;
            }
            let (mut sum, mut weighted) = (0.0, 0.0);
            // Horner's rule, the oldest lag first.
            for lag in (0..lags).rev() {
                sum = sum * middle + 1.0;
                weighted = weighted * middle + lag as f64;
            }
            if weighted < mean * sum { low = middle } else { high = middle }
        }
        // Not quite 0, so that its logarithm is a score.
        Some(Self { ratio: high.max(f64::MIN_POSITIVE), falls })
    }

    /// `slope` of `softmax(-slope · lag)`.
    pub(super) fn slope(self) -> f64 {
        if self.falls { -self.ratio.ln() } else { self.ratio.ln() }
    }

    /// The sums over the rows of all windows, in this plan's layout.
    pub(super) fn sums(self, plan: &Arc<Plan>, lengths: &Lengths) -> Vec<f64> {
        let Self { ratio, falls } = self;
        let (layout, lags) = (plan.layout(), plan.lags());
        let mut sums = vec![0.0; layout.width()];
        // A row without key 0 is a row with one key less.
        let removed = usize::from(plan.sink() == SinkRule::Removed);
        // Σ r^j, j below the number of keys.
        let mut totals = vec![0.0; lengths.by_keys.len()];
        for keys in 1..totals.len() {
            totals[keys] = totals[keys - 1] * ratio + 1.0;
        }
        let power = |exponent: usize| ratio.powi(exponent as i32);

        let window: Vec<f64> = (0..lags).map(|lag| power(if falls { lag } else { lags - 1 - lag })).collect();
        let (mut rows, mut first, mut second, mut sink) = (0.0, 0.0, 0.0, 0.0);
        for keys in lags + 1..lengths.by_keys.len() {
            let count = lengths.by_keys[keys];
            let seen = keys - removed;
            let factor = if falls { 1.0 } else { power(seen - lags) } / totals[seen];
            rows += count;
            first += count * factor;
            second += count * factor * factor;
            sink += count * if falls { power(keys - 1) } else { 1.0 } / totals[keys];
        }
        sums[layout.rows.start] = rows;
        sums[layout.sink.start] = sink;
        for (lag, weight) in window.iter().enumerate() {
            sums[layout.profile.start + lag] = first * weight;
            sums[layout.scores.start + lag] = -rows * self.slope() * lag as f64;
        }
        for (sum, bin) in sums[layout.power.clone()].iter_mut().zip(plan.power(&window)) {
            *sum = second * bin;
        }
        let haar = &mut sums[layout.haar.clone()];
        add_haar_energies(&window, &mut vec![0.0; lags], haar);
        haar.iter_mut().for_each(|energy| *energy *= second);

        // The complete rows of the queries below N, of 1, 2, … keys.
        let most = lags - removed;
        sums[layout.complete.start] = lengths.windows * most as f64;
        let mut older = 0.0;
        for key in (0..most).rev() {
            let inverse = 1.0 / totals[key + 1];
            older = if falls { inverse + ratio * older } else { inverse + older };
            let weight = if falls { older } else { power(key) * older };
            sums[layout.full.start + removed + key] = lengths.windows * weight;
        }
        let mut row = vec![0.0; lags];
        for (key, weight) in row[removed..].iter_mut().enumerate() {
            *weight = power(if falls { most - 1 - key } else { key }) / totals[most];
        }
        Tally::new(plan).add_row_metrics(&row, &mut sums);
        sums[layout.row_values.start..].iter_mut().for_each(|sum| *sum *= lengths.windows);
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Identity, Recorder, SinkRule, Statistics, Taper};
    use super::*;
    use crate::numeric::{Real, gamma};

    #[test]
    fn a_window_has_the_mean_lag_that_it_was_fitted_to() {
        for mean in [0.0, 1e-9, 0.3, 5.0, 31.4, 31.5, 31.6, 50.0, 62.9, 63.0] {
            let window = ExponentialWindow::with_mean_lag(mean, 64).unwrap();
            // Against the largest weight, which is at one end.
            let largest = if window.falls { 0.0 } else { 63.0 };
            let weight = |lag: i32| (-window.slope() * (f64::from(lag) - largest)).exp();
            let weights: Vec<f64> = (0..64).map(weight).collect();
            let total: f64 = weights.iter().sum();
            let found = weights.iter().enumerate().map(|(lag, w)| lag as f64 * w).sum::<f64>() / total;
            // Near equal weights a unit roundoff of the ratio moves the mean by 64²/12 of it.
            assert!((found - mean).abs() <= 1e-9 * (1.0 + mean), "{mean}: {found}");
            assert_eq!(window.slope() < 0.0, mean > 31.5, "{mean}");
        }
        for no_mean in [-0.1, 63.1, f64::NAN] {
            assert_eq!(ExponentialWindow::with_mean_lag(no_mean, 64), None);
        }
    }

    #[test]
    fn closed_forms_are_what_recording_the_rows_gives() {
        let windows = [(Place { text: 0, window: 0 }, 40), (Place { text: 1, window: 0 }, 23)];
        for (sink, taper) in [(SinkRule::Kept, Taper::Hann), (SinkRule::Removed, Taper::None)] {
            let plan = Arc::new(Plan::new(16, sink, taper).unwrap());
            for mean in [0.7, 7.4, 9.0, 14.2] {
                let window = ExponentialWindow::with_mean_lag(mean, 16).unwrap();
                let mut recorder = Recorder::new(Identity { layer: 0, head: 0, seed: 0 }, &plan, 1, 0);
                for (place, tokens) in windows {
                    let mut rows = recorder.window(place);
                    for keys in 1..=tokens {
                        let scores: Vec<f64> = (0..keys).rev().map(|lag| -window.slope() * lag as f64).collect();
                        let largest = scores.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
                        let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                        let total: f64 = weights.iter().sum();
                        rows.row(&weights.iter().map(|weight| weight / total).collect::<Vec<_>>(), &scores);
                    }
                    recorder.add(rows);
                }
                let recorded = recorder.statistics().unwrap().values(&plan);
                let closed = |window: ExponentialWindow| {
                    Statistics::of(&window.sums(&plan, &Lengths::of(&windows)), &plan).values(&plan)
                };
                // Sums of at most 40 terms, exponents up to 40 and shares of what is a thousandth of the whole.
                let bound = 1e4 * gamma(100, f64::UNIT_ROUNDOFF);
                let apart = |values: &[Option<f64>]| {
                    let pairs = values.iter().zip(&recorded);
                    let error = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
                        (Some(a), Some(b)) => (a - b).abs() / b.abs().max(1.0),
                        (None, None) => 0.0,
                        _ => f64::INFINITY,
                    };
                    pairs.map(error).fold(0.0, f64::max)
                };
                let error = apart(&closed(window));
                assert!(error <= bound, "mean lag {mean}, sink {sink:?}: {error:e}");
                // The control: a window of almost the same mean lag.
                assert!(apart(&closed(ExponentialWindow::with_mean_lag(mean + 1e-6, 16).unwrap())) > bound);
            }
        }
    }
}
