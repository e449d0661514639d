//! The daughters of a wavelet as filters: sampled, transformed, and cut to the bins that matter.

use std::f64::consts::{PI, TAU};

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
        let factor = norm.factor(scale);
        let whole = Self::whole(wavelet, scale, norm, unit_roundoff);
        let Some(period) = boundary.repeats_after(length) else {
            // Lags beyond length - 1 meet only zeros.
            let last = length - 1;
            return Ok(match whole {
                Ok(daughter) if daughter.reach().is_some_and(|reach| reach < last) => daughter,
                _ => Self { scale, factor, source: Source::Samples { reach: last }, cut: 0.0, unit_roundoff },
            });
        };
        // What each bin lacks is at most spectral_tail/2π; it counts with the dropped gains.
        let aliases = daughter::spectral_radius(wavelet, unit_roundoff)
            .filter(|radius| radius / (TAU * scale) <= MAX_ALIASES)
            .map(|radius| Self { scale, factor, source: Source::Aliases { radius }, cut: 0.0, unit_roundoff });
        match (whole, aliases) {
            // A daughter that overlaps itself around the circle cancels itself, down to the few bins of the circle:
            // only its spectrum has those to their own accuracy.
            (Ok(daughter), Some(aliases)) if daughter.reach() >= Some(period) => Ok(aliases),
            (Ok(daughter), _) => Ok(daughter),
            (Err(_), Some(aliases)) => Ok(aliases),
            (Err(_), None) => Err(SignalError::TooManyTerms { scale, wavelet: wavelet.name() }),
        }
    }

    /// The daughter with all of its samples.
    ///
    /// # Errors
    /// [`SignalError::Endless`] if they do not fall fast enough, [`SignalError::TooManyTerms`] if there are too many.
    pub(super) fn whole(
        wavelet: &dyn MotherWavelet,
        scale: f64,
        norm: Norm,
        unit_roundoff: f64,
    ) -> Result<Self, SignalError> {
        let radius =
            daughter::time_radius(wavelet, unit_roundoff).ok_or(SignalError::Endless { wavelet: wavelet.name() })?;
        let reach = (radius * scale).ceil();
        if reach > MAX_SAMPLES {
            return Err(SignalError::TooManyTerms { scale, wavelet: wavelet.name() });
        }
        let (source, cut) = (Source::Samples { reach: reach as usize }, scale * wavelet.tail(reach / scale));
        Ok(Self { scale, factor: norm.factor(scale), source, cut, unit_roundoff })
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
                // From -P/2 on: the last bins are small negative frequencies, and keep their digits as such.
                let omega = |k: usize| TAU * if 2 * k > n { k as f64 - n as f64 } else { k as f64 } / n as f64;
                let at = |k| self.factor * daughter::aliased_spectrum(wavelet, self.scale, omega(k), radius);
                let gains: Vec<_> = (0..n).map(at).collect();
                // Each term is rounded where it is evaluated: its argument by 3 roundoffs, which
                // the slope of psihat turns into at most its own size times the radius. Where the circle has no
                // bin near the peak, psihat has fallen as e^{-x}, x at most a fourth power of the frequency, and the
                // slope is 4x.
                let peak = gains.iter().map(|z| z.norm()).fold(0.0, f64::max);
                let fallen = (self.factor * self.scale * daughter::spectral_peak(wavelet) / peak).ln().max(0.0);
                let fallen = if peak > 0.0 { fallen } else { 0.0 };
                // The aliases left out lie 2πa apart, from radius + 2πa on: each is below the mean of the envelope over the
                // 2πa before it, and over the nearer half of them.
                let half = PI * self.scale;
                let left_out = (wavelet.spectral_tail(radius) / TAU).min(wavelet.spectral_tail(radius + half) / PI);
                let bound = Bound {
                    rounding: (8.0 + 3.0 * radius + 12.0 * fallen) * f64::UNIT_ROUNDOFF * peak,
                    truncation: self.factor * left_out,
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
        // Below two roundoffs of f64 there is only the rounding of the spectrum, however little of it is needed.
        let threshold = (0.25 * self.unit_roundoff).max(2.0 * f64::UNIT_ROUNDOFF) * peak;
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
