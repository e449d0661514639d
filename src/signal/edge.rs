//! What the end values of a signal add to its transform when they continue for ever.

use num_complex::Complex64;

use super::daughter::{self, MAX_SAMPLES};
use super::{Norm, Sample, SignalError};
use crate::numeric::Real;
use crate::wavelet::MotherWavelet;

/// `L(b) = c(a) Σ_{t < 0} conj(psi((t - b)/a))` and `R(b)`, the same over `t ≥ n`: with [`super::Boundary::Constant`]
/// the transform is that of zeros beyond the ends, plus `x(0) L(b) + x(n-1) R(b)`.
///
/// The sums begin at the far end of the daughter, or with what the wavelet says about its tail, and are compensated:
/// each is off by a roundoff or two of `f64` of the sum of absolute values. They are added in `f64`, and the sum of all
/// three is rounded once: where a wide daughter meets a constant they nearly cancel.
#[derive(Debug)]
pub(super) struct Edges {
    /// Numbers of a coefficient.
    parts: usize,
    /// From the first sample on, as far as the end reaches.
    left: Vec<f64>,
    /// From the last sample backwards.
    right: Vec<f64>,
    /// Samples of the signal.
    length: usize,
    /// Rounding, times `max|x|`.
    pub(super) rounding: f64,
    /// What the daughter lacks beyond where it was cut, times the same.
    pub(super) cut: f64,
}

impl Edges {
    /// For coefficients of type `T`.
    pub(super) fn new<T: Sample>(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scale: f64,
        norm: Norm,
    ) -> Result<Self, SignalError> {
        let factor = norm.factor(scale);
        let (left, right, cut) = half_sums(wavelet, length, scale, T::UNIT_ROUNDOFF)?;
        let size = |sums: &[Complex64]| sums.iter().map(|z| z.norm()).fold(0.0, f64::max);
        // The sum with what is there is rounded to T; before, there are a few roundoffs of f64.
        let roundoffs = T::UNIT_ROUNDOFF + 8.0 * f64::UNIT_ROUNDOFF;
        let rounding = factor * (size(&left) + size(&right)) * roundoffs;
        let real = wavelet.is_real();
        let numbers = |sums: &[Complex64]| -> Vec<f64> {
            let values = sums.iter().map(|z| factor * z.conj());
            values.flat_map(|z| [Some(z.re), (!real).then_some(z.im)]).flatten().collect()
        };
        let parts = if real { 1 } else { 2 };
        Ok(Self { parts, left: numbers(&left), right: numbers(&right), length, rounding, cut: factor * cut })
    }

    pub(super) fn bytes(&self) -> usize {
        (self.left.len() + self.right.len()) * size_of::<f64>()
    }

    /// Adds them to the coefficients of the samples from `first` on.
    pub(super) fn add<T: Sample>(&self, ends: [T; 2], first: usize, coefficients: &mut [T]) {
        let (parts, [start, end]) = (self.parts, ends.map(|x| x.wide()));
        for (sample, w) in (first..self.length).zip(coefficients.chunks_exact_mut(parts)) {
            let left = self.left.chunks_exact(parts).nth(sample);
            let right = self.right.chunks_exact(parts).nth(self.length - 1 - sample);
            for (part, w) in w.iter_mut().enumerate() {
                let at = |edge: Option<&[f64]>| edge.map_or(0.0, |edge| edge[part]);
                *w = T::of(w.wide() + start * at(left) + end * at(right));
            }
        }
    }
}

/// `Σ_{l ≤ -m} psi(l/a)` and `Σ_{l ≥ m} psi(l/a)` for `m = 1, 2, ..`, up to `count` or where nothing is left, and what
/// they lack.
pub(super) fn half_sums(
    wavelet: &dyn MotherWavelet,
    count: usize,
    scale: f64,
    unit_roundoff: f64,
) -> Result<(Vec<Complex64>, Vec<Complex64>, f64), SignalError> {
    let name = wavelet.name();
    let (last, beyond, cut) = match daughter::time_radius(wavelet, unit_roundoff) {
        Some(radius) => {
            let reach = (radius * scale).ceil();
            if reach > MAX_SAMPLES {
                return Err(SignalError::TooManyTerms { scale, wavelet: name });
            }
            (reach as usize, [Complex64::ZERO; 2], scale * wavelet.tail(reach / scale))
        }
        None => {
            let tail = |direction| wavelet.tail_sum(scale, count as u64 + 1, direction);
            let beyond = tail(-1.0).zip(tail(1.0)).ok_or(SignalError::TailSum { wavelet: name })?;
            (count, [beyond.0, beyond.1], 0.0)
        }
    };
    let [left, right] = [(-1.0, beyond[0]), (1.0, beyond[1])].map(|(direction, beyond)| {
        let (mut sum, mut sums) = (Compensated::from(beyond), Vec::with_capacity(last.min(count)));
        for lag in (1..=last).rev() {
            sum.add(wavelet.psi(direction * lag as f64 / scale));
            if lag <= count {
                sums.push(sum.value());
            }
        }
        sums.reverse();
        sums
    });
    Ok((left, right, cut))
}

/// A sum that carries what its roundings lost [higham2002, Section 4.3].
struct Compensated {
    sum: Complex64,
    lost: Complex64,
}

impl From<Complex64> for Compensated {
    fn from(sum: Complex64) -> Self {
        Self { sum, lost: Complex64::ZERO }
    }
}

impl Compensated {
    fn add(&mut self, term: Complex64) {
        let sum = self.sum + term;
        let part = |before: f64, term: f64, sum: f64| {
            // The error of one addition, exactly, whichever is larger.
            let virtual_term = sum - before;
            (before - (sum - virtual_term)) + (term - virtual_term)
        };
        self.lost += Complex64::new(part(self.sum.re, term.re, sum.re), part(self.sum.im, term.im, sum.im));
        self.sum = sum;
    }

    fn value(&self) -> Complex64 {
        self.sum + self.lost
    }
}
