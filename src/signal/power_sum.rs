use std::fmt;
use std::sync::Arc;

use num_complex::Complex;
use rustfft::Fft;

use super::fft::FourierPlanner;
use super::{Sample, SignalError};

/// Sums of the power spectra of many real signals of one length, two signals to a Fourier transform.
///
/// With `Z` the transform of `x + iy`, `|Z(k)|² + |Z(n-k)|² = 2 (|X(k)|² + |Y(k)|²)`, so a sum over signals
/// needs no spectrum of any one of them. [`PowerSpectrum`](super::PowerSpectrum) defines the spectra.
///
/// Rounding: the relative error of `Σ_k` of the sum is that of a spectrum of one signal, and `γ` of the number
/// of transforms. A signal that is not finite makes the sum NaN.
#[derive(Clone)]
pub struct PowerSum<T: Sample> {
    forward: Arc<dyn Fft<T>>,
    pair: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
}

impl<T: Sample> PowerSum<T> {
    /// Plans sums over signals of `length` samples.
    ///
    /// # Errors
    /// [`SignalError::Empty`] for length 0.
    pub fn new(length: usize) -> Result<Self, SignalError> {
        if length == 0 {
            return Err(SignalError::Empty);
        }
        let forward = FourierPlanner::new().forward(length);
        let zero = Complex::new(T::zero(), T::zero());
        let scratch = vec![zero; forward.get_inplace_scratch_len()];
        Ok(Self { forward, pair: vec![zero; length], scratch })
    }

    /// Adds the two-sided power spectrum of a signal, or those of two, to the sums over its bins `k = 0..=n/2`.
    ///
    /// # Panics
    /// When a signal has another length, or there are not so many sums.
    pub fn add(&mut self, one: &[T], other: Option<&[T]>, sums: &mut [T]) {
        let n = self.pair.len();
        assert!(one.len() == n && other.is_none_or(|other| other.len() == n), "a sum over signals of one length");
        assert_eq!(sums.len(), n / 2 + 1, "a sum for each bin");
        match other {
            Some(other) => {
                self.pair.iter_mut().zip(one.iter().zip(other)).for_each(|(z, (x, y))| *z = Complex::new(*x, *y));
            }
            None => self.pair.iter_mut().zip(one).for_each(|(z, x)| *z = Complex::new(*x, T::zero())),
        }
        self.forward.process_with_scratch(&mut self.pair, &mut self.scratch);
        let weight = T::of(0.5 / n as f64);
        sums[0] += (weight + weight) * self.pair[0].norm_sqr();
        for ((sum, z), mirrored) in sums[1..].iter_mut().zip(&self.pair[1..]).zip(self.pair.iter().rev()) {
            *sum += weight * (z.norm_sqr() + mirrored.norm_sqr());
        }
    }
}

impl<T: Sample> fmt::Debug for PowerSum<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PowerSum").field("length", &self.pair.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Bound, Real, compare};
    use crate::signal::fft::relative_error;
    use crate::signal::{PowerSpectrum, Sides};

    #[test]
    fn a_sum_in_pairs_is_the_sum_of_the_spectra() {
        for (n, count) in [(1, 3), (2, 2), (8, 1), (15, 4), (64, 5)] {
            let signal = |s: usize| -> Vec<f64> { (0..n).map(|t| ((t * t + 3 * s) % 7) as f64 - 2.5).collect() };
            let spectrum = PowerSpectrum::new(n).unwrap();
            let mut expected = vec![0.0; n / 2 + 1];
            let (mut power, mut sums) = (PowerSum::new(n).unwrap(), vec![0.0; n / 2 + 1]);
            let mut energy = 0.0;
            let signals: Vec<Vec<f64>> = (0..count).map(signal).collect();
            for pair in signals.chunks(2) {
                power.add(&pair[0], pair.get(1).map(Vec::as_slice), &mut sums);
            }
            for signal in &signals {
                energy += signal.iter().map(|x| x * x).sum::<f64>();
                let power = spectrum.of(signal, Sides::Two).unwrap();
                expected.iter_mut().zip(power).for_each(|(sum, power)| *sum += power);
            }
            // Two transforms, whose relative error in the 2-norm counts twice in a square, and few sums.
            let roundoffs = 4.0 * relative_error(n, f64::UNIT_ROUNDOFF) + 20.0 * f64::UNIT_ROUNDOFF;
            let bound = Bound::rounding(roundoffs * energy);
            assert!(compare(&sums, &expected, bound).holds(), "{n} {count}");
            // The control: without the last signal.
            let last = spectrum.of(&signals[count - 1], Sides::Two).unwrap();
            let rest: Vec<f64> = expected.iter().zip(last).map(|(sum, last)| sum - last).collect();
            assert!(!compare(&sums, &rest, bound).holds(), "{n} {count}");
        }
    }

    #[test]
    fn what_is_not_finite_does_not_pass() {
        let mut sums = [0.0; 5];
        PowerSum::new(8).unwrap().add(&[f64::NAN; 8], None, &mut sums);
        assert!(sums.iter().all(|x| x.is_nan()));
        assert_eq!(PowerSum::<f64>::new(0).err(), Some(SignalError::Empty));
    }
}
