use std::fmt;
use std::sync::Arc;

use realfft::RealToComplex;
use serde::Serialize;

use super::fft::FourierPlanner;
use super::sample::must_be_finite;
use super::{Sample, SignalError};

/// Which frequencies of a real signal's spectrum are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sides {
    /// `k = 0..=n/2`, the mirrored frequencies added in: every bin but the first, and the middle one of an
    /// even length, stands for two.
    One,
    /// `k = 0..n`, frequencies above the middle being negative, as a Fourier transform orders them.
    Two,
}

/// The power spectrum (periodogram) of real signals, planned for one length.
///
/// ```text
/// P(k) = |Σ_t x(t) e^{-2πikt/n}|² / n,   Σ_k P(k) = Σ_t x(t)²
/// ```
///
/// The sum over all listed bins is the signal's energy for either [`Sides`]. There is no taper, no padding and
/// no removal of the mean; `P(0)` is `(Σx)²/n`.
///
/// Rounding: `|X(k)|` is off by at most the 2-norm of the spectrum times about 10 unit roundoffs of `T` per
/// factor 2 of `n`.
pub struct PowerSpectrum<T: Sample> {
    forward: Arc<dyn RealToComplex<T>>,
}

impl<T: Sample> PowerSpectrum<T> {
    /// Plans spectra of signals of `length` samples.
    ///
    /// # Errors
    /// [`SignalError::Empty`] for length 0.
    pub fn new(length: usize) -> Result<Self, SignalError> {
        if length == 0 {
            return Err(SignalError::Empty);
        }
        Ok(Self { forward: FourierPlanner::new().real_forward(length) })
    }

    /// Samples per signal.
    pub fn length(&self) -> usize {
        self.forward.len()
    }

    /// The spectrum of one signal.
    ///
    /// # Errors
    /// [`SignalError::Length`] for a signal of another length, [`SignalError::NotFinite`].
    pub fn of(&self, signal: &[T], sides: Sides) -> Result<Vec<T>, SignalError> {
        let n = self.length();
        if signal.len() != n {
            return Err(SignalError::Length { length: n, found: signal.len() });
        }
        must_be_finite(signal)?;
        let mut input = signal.to_vec();
        let mut spectrum = self.forward.make_output_vec();
        self.forward.process(&mut input, &mut spectrum).expect("the buffers are the plan's own");
        let per_sample = T::of(n as f64);
        let power = |k: usize| spectrum[k].norm_sqr() / per_sample;
        Ok(match sides {
            Sides::One => (0..=n / 2).map(|k| if mirrored(k, n) { power(k) + power(k) } else { power(k) }).collect(),
            Sides::Two => (0..n).map(|k| power(k.min(n - k))).collect(),
        })
    }

    /// The frequencies of the bins, in cycles per sample.
    pub fn frequencies(&self, sides: Sides) -> Vec<f64> {
        let n = self.length();
        match sides {
            Sides::One => (0..=n / 2).map(|k| k as f64 / n as f64).collect(),
            Sides::Two => (0..n).map(|k| if 2 * k <= n { k as f64 } else { k as f64 - n as f64 } / n as f64).collect(),
        }
    }
}

impl<T: Sample> fmt::Debug for PowerSpectrum<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PowerSpectrum").field("length", &self.length()).finish_non_exhaustive()
    }
}

/// Whether bin `k` of a one-sided spectrum has a mirror image at a negative frequency.
fn mirrored(k: usize, n: usize) -> bool {
    k != 0 && 2 * k != n
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Bound, Real, compare};

    fn defined(signal: &[f64]) -> Vec<f64> {
        let n = signal.len();
        (0..n)
            .map(|k| {
                let term =
                    |t: usize| num_complex::Complex64::cis(-std::f64::consts::TAU * (k * t % n) as f64 / n as f64);
                let sum: num_complex::Complex64 = signal.iter().enumerate().map(|(t, x)| term(t) * x).sum();
                sum.norm_sqr() / n as f64
            })
            .collect()
    }

    #[test]
    fn both_sides_are_the_definition_and_sum_to_the_energy() {
        for n in [1, 2, 3, 8, 15, 31, 64] {
            let signal: Vec<f64> = (0..n).map(|t| ((t * t + 3) % 7) as f64 - 2.5).collect();
            let energy: f64 = signal.iter().map(|x| x * x).sum();
            let spectrum = PowerSpectrum::new(n).unwrap();
            let expected = defined(&signal);
            // |X|² ≤ n · energy, computed with a relative error of some 40 (1 + log2 n) roundoffs
            // on either side, and for the definition n of them.
            let roundoffs = 40.0 * (2.0 + (n as f64).log2()) + 2.0 * n as f64;
            let bound = Bound::rounding(roundoffs * f64::UNIT_ROUNDOFF * energy);
            let two = spectrum.of(&signal, Sides::Two).unwrap();
            assert!(compare(&two, &expected, bound).holds(), "{n}");
            for sides in [Sides::One, Sides::Two] {
                let power = spectrum.of(&signal, sides).unwrap();
                assert_eq!(power.len(), spectrum.frequencies(sides).len());
                assert!(compare(&[power.iter().sum()], &[energy], bound * 2.0).holds(), "{n} {sides:?}");
            }
            // The control: a spectrum that forgets to double its inner bins has less energy.
            let half: f64 = two[..=n / 2].iter().sum();
            assert_eq!(compare(&[half], &[energy], bound * 2.0).holds(), n <= 2, "{n}");
        }
    }

    #[test]
    fn frequencies_are_in_cycles_per_sample() {
        let (even, odd) = (PowerSpectrum::<f32>::new(4).unwrap(), PowerSpectrum::<f32>::new(5).unwrap());
        assert_eq!(even.frequencies(Sides::One), [0.0, 0.25, 0.5]);
        assert_eq!(even.frequencies(Sides::Two), [0.0, 0.25, 0.5, -0.25]);
        assert_eq!(odd.frequencies(Sides::Two), [0.0, 0.2, 0.4, -0.4, -0.2]);
    }

    #[test]
    fn bad_signals_are_refused() {
        assert_eq!(PowerSpectrum::<f64>::new(0).err(), Some(SignalError::Empty));
        let spectrum = PowerSpectrum::new(3).unwrap();
        assert_eq!(spectrum.of(&[1.0], Sides::One), Err(SignalError::Length { length: 3, found: 1 }));
        let error = spectrum.of(&[1.0, f64::NAN, 2.0], Sides::One).unwrap_err();
        assert!(matches!(error, SignalError::NotFinite { index: 1, .. }), "{error}");
    }
}
