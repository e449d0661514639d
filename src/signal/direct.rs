//! The wavelet transform straight from its definition, in `O(n²)` per scale.
//!
//! It is the reference for the fast transform, and the simplest statement of what that computes.

use std::f64::consts::TAU;

use num_complex::Complex64;

use super::daughter::{self, MAX_ALIASES, MAX_SAMPLES};
use super::edge::half_sums;
use super::sample::must_be_finite;
use super::{Boundary, Norm, Sample, SignalError, scale};
use crate::wavelet::MotherWavelet;

/// What is left out of an endless sum, relative to the peak of the spectrum.
const ROUNDOFF: f64 = 1.0 / (1u64 << 58) as f64;

/// `W(a, b) = c(a) Σ_t conj(psi((t - b)/a)) x(t)`, row-major `[scales][samples]`.
///
/// With [`Boundary::Zero`] this is the finite sum itself, and its only error is rounding: `n + 4`
/// unit roundoffs (of `f64`, whatever the signal's type) of `c(a) Σ_t |psi((t - b)/a)| |x(t)|`,
/// beside that of `psi`. With the others the wavelet is first summed over all repetitions of the
/// signal: over its own samples where it decays fast, over those of its spectrum (Poisson's
/// formula) where it does not or overlaps itself around the signal, up to `2^-60` of its peak; with [`Boundary::Constant`] over
/// either half of the integers beyond the signal, in the same way or as [`MotherWavelet::tail_sum`] has it.
///
/// # Errors
/// Those of [`super::Cwt::new`] and of its transform: an empty signal, samples that are not finite,
/// bad scales.
pub fn cwt<T: Sample>(
    wavelet: &dyn MotherWavelet,
    signal: &[T],
    scales: &[f64],
    norm: Norm,
    boundary: Boundary,
) -> Result<Vec<Complex64>, SignalError> {
    scale::validate(scales)?;
    if signal.is_empty() {
        return Err(SignalError::Empty);
    }
    must_be_finite(signal)?;
    let n = signal.len();
    let mut coefficients = Vec::with_capacity(scales.len() * n);
    for &scale in scales {
        let factor = norm.factor(scale);
        let sum = |b: usize, daughter: &dyn Fn(usize) -> Complex64, extended: &[f64]| {
            let terms = extended.iter().enumerate().map(|(t, x)| daughter(t + extended.len() - b).conj() * x);
            factor * terms.sum::<Complex64>()
        };
        match boundary {
            Boundary::Zero => {
                let x: Vec<f64> = signal.iter().map(|x| x.wide()).collect();
                // At lag t - b, which runs from 1 - n to n - 1.
                let table: Vec<_> = (0..2 * n).map(|i| wavelet.psi((i as f64 - n as f64) / scale)).collect();
                coefficients.extend((0..n).map(|b| sum(b, &|i| table[i], &x)));
            }
            Boundary::Constant => {
                let x: Vec<f64> = signal.iter().map(|x| x.wide()).collect();
                let table: Vec<_> = (0..2 * n).map(|i| wavelet.psi((i as f64 - n as f64) / scale)).collect();
                let (left, right, _) = half_sums(wavelet, n, scale, ROUNDOFF)?;
                let edge = |sums: &[Complex64], i: usize| sums.get(i).map_or(Complex64::ZERO, Complex64::conj);
                let ends = |b: usize| x[0] * edge(&left, b) + x[n - 1] * edge(&right, n - 1 - b);
                coefficients.extend((0..n).map(|b| sum(b, &|i| table[i], &x) + factor * ends(b)));
            }
            Boundary::Periodic | Boundary::Reflect => {
                let x = boundary.period(signal);
                let table = periodised(wavelet, scale, x.len())?;
                coefficients.extend((0..n).map(|b| sum(b, &|i| table[i % x.len()], &x)));
            }
        }
    }
    Ok(coefficients)
}

/// `Σ_j psi((l + j·period)/a)` for `l` in `0..period`.
fn periodised(wavelet: &dyn MotherWavelet, scale: f64, period: usize) -> Result<Vec<Complex64>, SignalError> {
    let n = period as f64;
    let samples = daughter::time_radius(wavelet, ROUNDOFF).map_or(f64::INFINITY, |radius| radius * scale);
    let aliases = daughter::spectral_radius(wavelet, ROUNDOFF).map_or(f64::INFINITY, |radius| radius / (TAU * scale));
    let by_spectrum = aliases <= MAX_ALIASES && (samples >= n || samples > MAX_SAMPLES);
    if !by_spectrum {
        if samples > MAX_SAMPLES {
            return Err(SignalError::TooManyTerms { scale, wavelet: wavelet.name() });
        }
        let images = (samples / n).ceil() as i64 + 1;
        let at = |l: usize| (-images..=images).map(|j| wavelet.psi((l as f64 + j as f64 * n) / scale)).sum();
        return Ok((0..period).map(at).collect());
    }
    // (a/n) Σ_k psihat(2πka/n) e^{2πikl/n}; the frequencies that sampling cannot tell apart are added up first.
    let last = (aliases * n).ceil() as i64 + 1;
    let mut spectrum = vec![Complex64::ZERO; period];
    for k in -last..=last {
        spectrum[k.rem_euclid(period as i64) as usize] += wavelet.psihat(TAU * k as f64 * scale / n);
    }
    let roots: Vec<_> = (0..period).map(|k| Complex64::cis(TAU * k as f64 / n)).collect();
    let at = |l: usize| {
        let terms = spectrum.iter().enumerate().map(|(k, value)| value * roots[k * l % period]);
        scale / n * terms.sum::<Complex64>()
    };
    Ok((0..period).map(at).collect())
}
