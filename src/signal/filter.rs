//! The daughters of a wavelet as filters: sampled, transformed, and cut to the bins that matter.

use std::f64::consts::TAU;

use num_complex::Complex64;
use rustfft::Fft;

use super::daughter::{self, MAX_ALIASES, MAX_SAMPLES};
use super::{Boundary, Norm, SignalError, fft};
use crate::numeric::{Bound, Real, gamma};
use crate::wavelet::MotherWavelet;

/// One daughter wavelet, and from what its spectrum is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Daughter {
    scale: f64,
    factor: f64,
    source: Source,
    /// `Σ|psi(t/a)|` over the samples that are left out, at most.
    cut: f64,
    unit_roundoff: f64,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// From the samples `-reach..=reach` of the daughter.
    Samples { reach: usize },
    /// From `psihat` and its aliases up to a radius.
    Aliases { radius: f64 },
}

/// What the bins of a circular signal are multiplied by, and how far that is from the definition.
#[derive(Debug)]
pub(super) struct Filter {
    /// The first bin that is not dropped, counted from `-P/2`; for a real wavelet the last one's negative.
    pub(super) first: i64,
    /// For the bins from there on. The inverse transform does not divide by `P`; they are divided by it.
    pub(super) gains: Vec<Complex64>,
    /// `max |gain| · P`.
    pub(super) peak: f64,
    /// Rounding of the gains, and the largest that was dropped: times `‖x‖₂`.
    pub(super) error: Bound,
}

impl Daughter {
    /// Where the daughter may be cut, and how it will be summed over repetitions of a signal.
    pub(super) fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scale: f64,
        norm: Norm,
        boundary: Boundary,
        unit_roundoff: f64,
    ) -> Result<Self, SignalError> {
        let daughter = |source, cut| Self { scale, factor: norm.factor(scale), source, cut, unit_roundoff };
        let radius = daughter::time_radius(wavelet, unit_roundoff);
        let reach = radius.map_or(f64::INFINITY, |radius| (radius * scale).ceil());
        if boundary == Boundary::Zero {
            // Lags beyond length - 1 meet only zeros.
            let whole = (length - 1) as f64;
            let cut = if reach < whole { scale * wavelet.tail(reach / scale) } else { 0.0 };
            return Ok(daughter(Source::Samples { reach: reach.min(whole) as usize }, cut));
        }
        if reach <= MAX_SAMPLES {
            return Ok(daughter(Source::Samples { reach: reach as usize }, scale * wavelet.tail(reach / scale)));
        }
        match daughter::spectral_radius(wavelet, unit_roundoff) {
            // What each bin lacks is at most spectral_tail/2π; it counts with the dropped gains.
            Some(radius) if radius / (TAU * scale) <= MAX_ALIASES => Ok(daughter(Source::Aliases { radius }, 0.0)),
            _ => Err(SignalError::TooManyTerms { scale, wavelet: wavelet.name() }),
        }
    }

    /// How many samples to either side the daughter reaches, unless it is known by its spectrum alone.
    pub(super) fn reach(&self) -> Option<usize> {
        match self.source {
            Source::Samples { reach } => Some(reach),
            Source::Aliases { .. } => None,
        }
    }

    /// `c(a) Σ|psi(t/a)|` over the samples that are left out: times `max|x|`.
    pub(super) fn cut(&self) -> f64 {
        self.factor * self.cut
    }

    /// `c(a) conj(psi(l/a))` for the lags `-reach..=reach`.
    pub(super) fn taps(&self, wavelet: &dyn MotherWavelet, reach: usize) -> Vec<Complex64> {
        let reach = reach as i64;
        (-reach..=reach).map(|lag| self.factor * wavelet.psi(lag as f64 / self.scale).conj()).collect()
    }

    /// `c(a) Σ_t psi(t/a) e^{-2πikt/P}` for `k` in `0..P`, and how far from it the result may be.
    fn spectrum(&self, wavelet: &dyn MotherWavelet, fft: &dyn Fft<f64>) -> (Vec<Complex64>, Bound) {
        let n = fft.len();
        match self.source {
            Source::Samples { reach } => {
                let mut samples = vec![Complex64::ZERO; n];
                let mut sizes = vec![0.0; n];
                let whole = reach as i64;
                for lag in -whole..=whole {
                    let (place, value) = (lag.rem_euclid(n as i64) as usize, wavelet.psi(lag as f64 / self.scale));
                    samples[place] += value;
                    sizes[place] += value.norm();
                }
                samples.iter_mut().for_each(|sample| *sample *= self.factor);
                fft.process(&mut samples);
                // A change of the samples changes no bin by more than √n times its 2-norm.
                let size = self.factor * (n as f64 * sizes.iter().map(|size| size * size).sum::<f64>()).sqrt();
                let repetitions = 2 * reach / n + 1;
                let rounding = fft::relative_error(n, f64::UNIT_ROUNDOFF) + gamma(repetitions, f64::UNIT_ROUNDOFF);
                (samples, Bound::rounding(rounding * size))
            }
            Source::Aliases { radius } => {
                let at = |k: usize| {
                    self.factor * daughter::aliased_spectrum(wavelet, self.scale, TAU * k as f64 / n as f64, radius)
                };
                let gains: Vec<_> = (0..n).map(at).collect();
                // Each term is rounded where it is evaluated: its argument by 3 roundoffs, which
                // the slope of psihat turns into at most its own size times the radius.
                let peak = gains.iter().map(|z| z.norm()).fold(0.0, f64::max);
                let bound = Bound {
                    rounding: (8.0 + 3.0 * radius) * f64::UNIT_ROUNDOFF * peak,
                    truncation: self.factor * wavelet.spectral_tail(radius) / TAU,
                };
                (gains, bound)
            }
        }
    }

    /// The filter for circular signals as long as this transform.
    pub(super) fn filter(&self, wavelet: &dyn MotherWavelet, fft: &dyn Fft<f64>) -> Filter {
        let (spectrum, bound) = self.spectrum(wavelet, fft);
        let n = spectrum.len() as i64;
        let peak = spectrum.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let threshold = 0.25 * self.unit_roundoff * peak;
        let at = |bin: i64| spectrum[bin.rem_euclid(n) as usize];
        let kept = |bin: &i64| at(*bin).norm() > threshold;
        // Of an even length the middle bin is its own mirror image, and is counted as positive.
        let (lowest, highest) = (-(n - 1) / 2, n / 2);
        let mut band = match ((lowest..=highest).find(kept), (lowest..=highest).rev().find(kept)) {
            (Some(first), Some(last)) => first..=last,
            // Nothing but zeros: one bin, of gain 0.
            _ => 0..=0,
        };
        let real = wavelet.is_real();
        if real {
            let last = band.start().abs().max(*band.end());
            band = (-last).max(lowest)..=last;
        }
        let gain = |bin: i64| {
            // Correlation, not convolution: conjugate.
            let gain = at(bin).conj() / n as f64;
            // The spectrum of a real daughter is real where the two halves meet.
            if real && (bin == 0 || 2 * bin == n) { gain.re.into() } else { gain }
        };
        Filter {
            first: *band.start(),
            gains: band.map(gain).collect(),
            peak,
            error: Bound { rounding: bound.rounding, truncation: threshold + bound.truncation },
        }
    }
}
