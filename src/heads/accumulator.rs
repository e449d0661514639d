use crate::numeric::{Real, gamma};
use crate::signal::{PowerSpectrum, PowerSum, Sides};

/// Sums over attention rows, by lag and by frequency.
#[derive(Debug, Clone)]
pub(super) struct Accumulator {
    rows: u64,
    probabilities: Vec<f64>,
    scores: Vec<f64>,
    power: PowerSum<f64>,
    sink: f64,
}

/// What recording has left of a head: means over its rows.
///
/// The relative rounding error of the probabilities, the power and the sink mass is at most `γ` of
/// the number of rows, plus that of one transform.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// `g(D)`: mean probability at lag `D`.
    pub lag_profile: Vec<f64>,
    /// `h(D)`: mean pre-softmax score at lag `D`, minus its mean over the lags.
    ///
    /// The softmax does not see a constant per row, so the mean carries nothing; removing it here
    /// or from each row is the same.
    pub score_profile: Vec<f64>,
    /// `P(k)`, `k = 0..=N/2`: mean over rows of `|Σ_D A[i, i-D] e^{-2πikD/N}|² / N`.
    pub spectrum: Vec<f64>,
    /// `|ĥ(k)|² / N`, `k = 0..=N/2`.
    pub score_spectrum: Vec<f64>,
    /// Mean probability of key 0.
    pub sink_mass: f64,
}

impl Accumulator {
    pub(super) fn new(lags: usize) -> Self {
        Self {
            rows: 0,
            probabilities: vec![0.0; lags],
            scores: vec![0.0; lags],
            power: PowerSum::new(lags).expect("there are lags"),
            sink: 0.0,
        }
    }

    /// One of no rows and as many lags.
    pub(super) fn emptied(&self) -> Self {
        let zeros = vec![0.0; self.lags()];
        Self { rows: 0, probabilities: zeros.clone(), scores: zeros, power: self.power.emptied(), sink: 0.0 }
    }

    pub(super) fn lags(&self) -> usize {
        self.probabilities.len()
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds one row: probability and score at each lag, and the probability of key 0.
    pub(super) fn add(&mut self, probabilities: &[f64], scores: &[f64], sink: f64) {
        self.rows += 1;
        self.sink += sink;
        add(&mut self.probabilities, probabilities);
        add(&mut self.scores, scores);
        self.power.add(probabilities);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.sink += other.sink;
        add(&mut self.probabilities, &other.probabilities);
        add(&mut self.scores, &other.scores);
        self.power.merge(&other.power);
    }

    /// The means; not a number where no row was added.
    pub(super) fn statistics(&self, transform: &PowerSpectrum<f64>) -> Statistics {
        let mean = |sums: &[f64]| sums.iter().map(|sum| sum / self.rows as f64).collect::<Vec<_>>();
        let scores = mean(&self.scores);
        let centre = scores.iter().sum::<f64>() / scores.len() as f64;
        let mut score_profile: Vec<f64> = scores.iter().map(|score| score - centre).collect();
        // Scores that are equal but for the rounding of their sums have no profile.
        let rounding = gamma(self.rows as usize + scores.len(), f64::UNIT_ROUNDOFF);
        let energy = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>();
        if energy(&score_profile) <= rounding * rounding * energy(&scores) {
            score_profile.fill(0.0);
        }
        Statistics {
            lag_profile: mean(&self.probabilities),
            score_spectrum: power(&score_profile, transform),
            score_profile,
            spectrum: mean(&self.power.sum()),
            sink_mass: self.sink / self.rows as f64,
        }
    }
}

fn add(sums: &mut [f64], values: &[f64]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

/// The bins `0..=N/2` of the two-sided spectrum; not numbers where the signal has none.
fn power(signal: &[f64], transform: &PowerSpectrum<f64>) -> Vec<f64> {
    let mut bins = transform.of(signal, Sides::Two).unwrap_or_else(|_| vec![f64::NAN; signal.len()]);
    bins.truncate(signal.len() / 2 + 1);
    bins
}

impl Statistics {
    pub(super) fn is_finite(&self) -> bool {
        let Self { lag_profile, score_profile, spectrum, score_spectrum, sink_mass } = self;
        [lag_profile, score_profile, spectrum, score_spectrum]
            .into_iter()
            .flatten()
            .chain([sink_mass])
            .all(|x| x.is_finite())
    }
}
