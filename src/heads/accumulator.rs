use super::octaves::add_haar_energies;
use super::{Plan, Statistics};
use crate::numeric::{Real, gamma};
use crate::signal::PowerSum;

/// Sums over attention rows, by lag and by frequency.
#[derive(Debug, Clone)]
pub(super) struct Accumulator {
    rows: u64,
    probabilities: Vec<f64>,
    scores: Vec<f64>,
    power: PowerSum<f64>,
    haar: Vec<f64>,
    scratch: Vec<f64>,
    sink: f64,
}

impl Accumulator {
    pub(super) fn new(lags: usize) -> Self {
        Self {
            rows: 0,
            probabilities: vec![0.0; lags],
            scores: vec![0.0; lags],
            power: PowerSum::new(lags).expect("there are lags"),
            haar: vec![0.0; lags.ilog2() as usize],
            scratch: vec![0.0; lags],
            sink: 0.0,
        }
    }

    /// One of no rows and as many lags.
    pub(super) fn emptied(&self) -> Self {
        let zeros = vec![0.0; self.lags()];
        Self {
            rows: 0,
            probabilities: zeros.clone(),
            scores: zeros.clone(),
            power: self.power.emptied(),
            haar: vec![0.0; self.haar.len()],
            scratch: zeros,
            sink: 0.0,
        }
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
        add_haar_energies(probabilities, &mut self.scratch, &mut self.haar);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.sink += other.sink;
        add(&mut self.probabilities, &other.probabilities);
        add(&mut self.scores, &other.scores);
        self.power.merge(&other.power);
        add(&mut self.haar, &other.haar);
    }

    /// The means; not a number where no row was added.
    pub(super) fn statistics(&self, plan: &Plan) -> Statistics {
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
        let lag_profile = mean(&self.probabilities);
        Statistics {
            lag_spectrum: plan.power(&lag_profile),
            lag_profile,
            score_spectrum: plan.power(&score_profile),
            score_profile,
            spectrum: mean(&self.power.sum()),
            haar_energies: mean(&self.haar),
            sink_mass: self.sink / self.rows as f64,
        }
    }
}

fn add(sums: &mut [f64], values: &[f64]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
