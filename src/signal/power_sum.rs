use std::fmt;
use std::sync::Arc;

use num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::{Sample, SignalError};

/// The sum of the power spectra of many real signals of one length, two signals to a Fourier transform.
///
/// With `Z` the transform of `x + iy`, `|Z(k)|² + |Z(n-k)|² = 2 (|X(k)|² + |Y(k)|²)`, so a sum over signals
/// needs no spectrum of any one of them. [`PowerSpectrum`](super::PowerSpectrum) defines the spectra.
///
/// Rounding: the relative error of `Σ_k` of the sum is that of a spectrum of one signal, and `γ` of half the
/// number of signals. A signal that is not finite makes the sum NaN.
#[derive(Clone)]
pub struct PowerSum<T: Sample> {
    forward: Arc<dyn Fft<T>>,
    /// A signal that waits for another, as real parts.
    pair: Vec<Complex<T>>,
    waiting: bool,
    scratch: Vec<Complex<T>>,
    /// `Σ |Z(k)|²`.
    sums: Vec<T>,
}

impl<T: Sample> PowerSum<T> {
    /// A sum of no signals of `length` samples.
    ///
    /// # Errors
    /// [`SignalError::Empty`] for length 0.
    pub fn new(length: usize) -> Result<Self, SignalError> {
        if length == 0 {
            return Err(SignalError::Empty);
        }
        let forward = FftPlanner::new().plan_fft_forward(length);
        let zero = Complex::new(T::zero(), T::zero());
        let scratch = vec![zero; forward.get_inplace_scratch_len()];
        Ok(Self { forward, pair: vec![zero; length], waiting: false, scratch, sums: vec![T::zero(); length] })
    }

    /// A sum of no signals of the same length, with the same plan.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let mut empty = self.clone();
        empty.waiting = false;
        empty.sums.fill(T::zero());
        empty
    }

    /// Adds a signal.
    ///
    /// # Panics
    /// When it has another length.
    pub fn add(&mut self, signal: &[T]) {
        assert_eq!(signal.len(), self.pair.len(), "a sum of signals of one length");
        if self.waiting {
            self.pair.iter_mut().zip(signal).for_each(|(z, y)| z.im = *y);
            self.forward.process_with_scratch(&mut self.pair, &mut self.scratch);
            self.sums.iter_mut().zip(&self.pair).for_each(|(sum, z)| *sum += z.norm_sqr());
        } else {
            self.pair.iter_mut().zip(signal).for_each(|(z, x)| *z = Complex::new(*x, T::zero()));
        }
        self.waiting = !self.waiting;
    }

    /// Adds what another sum of the same length has added.
    ///
    /// # Panics
    /// When its signals have another length.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(other.pair.len(), self.pair.len(), "sums of signals of one length");
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, more)| *sum += *more);
        if other.waiting {
            let signal: Vec<T> = other.pair.iter().map(|z| z.re).collect();
            self.add(&signal);
        }
    }

    /// `Σ P(k)`, `k = 0..=n/2`, of the two-sided spectra.
    pub fn sum(&self) -> Vec<T> {
        let mut all = self.clone();
        if all.waiting {
            all.add(&vec![T::zero(); self.pair.len()]);
        }
        let n = all.sums.len();
        let twice = T::of(2.0 * n as f64);
        (0..=n / 2).map(|k| (all.sums[k] + all.sums[(n - k) % n]) / twice).collect()
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
            let (mut sum, mut rest) = (PowerSum::new(n).unwrap(), PowerSum::new(n).unwrap());
            let mut energy = 0.0;
            for s in 0..count {
                if s < 3 { &mut sum } else { &mut rest }.add(&signal(s));
                energy += signal(s).iter().map(|x| x * x).sum::<f64>();
                let power = spectrum.of(&signal(s), Sides::Two).unwrap();
                expected.iter_mut().zip(power).for_each(|(sum, power)| *sum += power);
            }
            sum.merge(&rest);
            // Two transforms, whose relative error in the 2-norm counts twice in a square, and few sums.
            let roundoffs = 4.0 * relative_error(n, f64::UNIT_ROUNDOFF) + 20.0 * f64::UNIT_ROUNDOFF;
            let bound = Bound::rounding(roundoffs * energy);
            assert!(compare(&sum.sum(), &expected, bound).holds(), "{n} {count}");
            // The control: without the signal that waits.
            sum.waiting = false;
            assert!(count % 2 == 0 || !compare(&sum.sum(), &expected, bound).holds(), "{n} {count}");
        }
    }

    #[test]
    fn what_is_not_finite_does_not_pass() {
        let mut sum = PowerSum::new(8).unwrap();
        sum.add(&[f64::NAN; 8]);
        assert!(sum.sum().iter().all(|x| x.is_nan()));
        assert_eq!(PowerSum::<f64>::new(0).err(), Some(SignalError::Empty));
    }
}
