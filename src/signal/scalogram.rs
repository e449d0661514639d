use num_complex::Complex;
use serde::Serialize;

use super::{Sample, scale};
use crate::wavelet::MotherWavelet;

/// `|W(a, b)|²` with the axes that it is read against.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scalogram {
    /// Scales of the rows, in samples.
    pub scales: Vec<f64>,
    /// Frequencies of the rows, in cycles per sample: where `|psihat|` peaks ([`super::frequencies`]).
    pub frequencies: Vec<f64>,
    /// Number of samples, the length of a row.
    pub length: usize,
    /// `|W|²`, row-major `[scales][samples]`.
    pub power: Vec<f64>,
    /// For each sample, the largest scale that the ends do not disturb ([`cone_of_influence`]).
    pub cone: Vec<f64>,
}

impl Scalogram {
    /// The scalogram of one signal's coefficients, as [`super::Cwt::transform`] returns them.
    ///
    /// # Panics
    /// When the coefficients do not fill the same number of samples for each scale.
    pub fn new<T: Sample>(wavelet: &dyn MotherWavelet, scales: &[f64], coefficients: &[Complex<T>]) -> Self {
        assert!(!scales.is_empty() && coefficients.len().is_multiple_of(scales.len()), "one row per scale");
        let length = coefficients.len() / scales.len();
        Self {
            scales: scales.to_vec(),
            frequencies: scale::frequencies(wavelet, scales),
            length,
            power: coefficients.iter().map(|w| w.re.wide().powi(2) + w.im.wide().powi(2)).collect(),
            cone: cone_of_influence(wavelet, length),
        }
    }

    /// The row of one scale.
    pub fn row(&self, scale: usize) -> &[f64] {
        &self.power[scale * self.length..(scale + 1) * self.length]
    }
}

/// For each sample, the largest scale at which the ends of the signal do not disturb it.
///
/// An end lies half a sample beyond the last sample, and matters up to
/// [`MotherWavelet::e_folding_time`] scales away \[torrence1998\]: the coefficient at `(a, b)` is
/// outside the cone where `a ≤ cone[b]`.
pub fn cone_of_influence(wavelet: &dyn MotherWavelet, length: usize) -> Vec<f64> {
    (0..length).map(|b| (b.min(length - 1 - b) as f64 + 0.5) / wavelet.e_folding_time()).collect()
}
