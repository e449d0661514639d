use num_complex::Complex;
use serde::Serialize;

use super::reconstruction::power_weights;
use super::{Norm, Sample, SignalError, scale};
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

    /// The global wavelet spectrum: for each scale the mean of the power over all samples, or over those outside the cone of
    /// influence, where there are any \[torrence1998, equation 22\].
    pub fn time_mean(&self, outside_cone: bool) -> Vec<Option<f64>> {
        let mean = |(at, scale): (usize, &f64)| {
            let kept = self.row(at).iter().zip(&self.cone).filter(|(_, reach)| !outside_cone || scale <= *reach);
            let (count, sum) = kept.fold((0usize, 0.0), |(count, sum), (power, _)| (count + 1, sum + power));
            (count > 0).then(|| sum / count as f64)
        };
        self.scales.iter().enumerate().map(mean).collect()
    }

    /// The power over all scales at each sample: `(2/C_psi) Σ_j Δln a_j |W(a_j, b)|² / (c(a_j) a_j)²`, in units of the
    /// signal squared.
    ///
    /// Over scales that cover a signal its mean over time is the variance of the signal; over a band of scales, the part
    /// of it in that band. It is equation 24 of \[torrence1998\] with the constant of the energy: theirs is `C_δ`
    /// ([`super::delta_constant`]), which their equation 14 takes for the same number, and which is
    /// `C_psi/(2 ln 2 ∫|psi|²)` only to a few percent.
    ///
    /// # Errors
    /// [`SignalError::NotAdmissible`]; [`SignalError::OneScale`].
    pub fn scale_average(&self, wavelet: &dyn MotherWavelet, norm: Norm) -> Result<Vec<f64>, SignalError> {
        let weights = power_weights(wavelet, &self.scales, norm)?;
        let mut average = vec![0.0; self.length];
        for (at, weight) in weights.iter().enumerate() {
            average.iter_mut().zip(self.row(at)).for_each(|(sum, power)| *sum += weight * power);
        }
        Ok(average)
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

#[cfg(test)]
mod tests {
    use super::super::{Boundary, Cwt, octaves, variance};
    use super::*;
    use crate::wavelet::{Haar, Morlet, Ricker};

    #[test]
    fn the_average_over_all_scales_has_the_variance_of_the_signal() {
        let n = 512;
        let x: Vec<f64> = (0..n).map(|t| (0.2 * t as f64).sin() + 0.3 * (0.55 * t as f64).cos()).collect();
        // Scales below 2 would bring in aliases of the sampled Morlet, and those of Ricker below 2 have a part of the tones.
        for (wavelet, first) in [(&Morlet::corrected(6.0).unwrap() as &dyn MotherWavelet, 1), (&Ricker, -1)] {
            let scales = octaves(first..=8, 8.try_into().unwrap());
            for norm in [Norm::L1, Norm::L2] {
                let w = Cwt::new(wavelet, n, &scales, norm, Boundary::Periodic).unwrap().transform(&x).unwrap();
                let scalogram = Scalogram::new(wavelet, &scales, &w);
                let average = scalogram.scale_average(wavelet, norm).unwrap();
                let ratio = average.iter().sum::<f64>() / n as f64 / variance(&x).unwrap();
                // The tones do not fit the circle.
                assert!((ratio - 1.0).abs() < 0.02, "{} {norm:?}: {ratio}", wavelet.name());
            }
        }
    }

    #[test]
    fn time_means_leave_the_cone_out() {
        let scalogram = Scalogram::new(&Haar, &[1.0, 2.0, 64.0], &[Complex::new(2.0f64, 0.0); 24]);
        assert_eq!(scalogram.time_mean(false), [Some(4.0); 3]);
        assert_eq!(scalogram.time_mean(true), [Some(4.0), Some(4.0), None]);
        let mut edges = scalogram;
        edges.power[0] = 1e9;
        assert_eq!(edges.time_mean(true)[0], Some(4.0));
        assert!(edges.time_mean(false)[0] > Some(4.0));
    }
}
