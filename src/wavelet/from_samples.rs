use std::f64::consts::{PI, TAU};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use num_complex::Complex64;

use super::frequency_b_spline::sinc_slope;
use super::mother::MAX_TERMS;
use super::{Admissibility, MotherWavelet, WaveletError};
use crate::numeric::{Bound, Integral, Real, gamma, integrate, lerch};

/// A wavelet given by its samples, interpolated band-limited, and 0 at all other points of the grid.
///
/// ```text
/// psi(t)    = Σ_k s_k sinc((t - t_k)/h),   t_k = first + k h
/// psihat(w) = h Σ_k s_k e^{-iwt_k}  for |w| < π/h, half of that at ±π/h, else 0
/// ∫psi = h Σ s_k,   ∫|psi|² = h Σ |s_k|²
/// ```
///
/// Of all functions through these samples it is the one without frequencies above `1/2h`. It equals the function
/// that was sampled up to twice what that has of `∫|psihat|/2π` beyond `π/h`, and the samples left out: Ricker on
/// `[-9, 9]` with `h = 1/8` comes back to `1e-15`. A function that jumps does not. Beyond the grid `psi` falls like
/// `1/t`, times `h Σ (-1)^k s_k/π`, which is as small as the function is well sampled.
///
/// Sums are exact up to [`gamma`]`(n)` of the sum of absolute values; `C_psi` and the frequency spread are quadratures
/// of the spectrum, good to about 1e-10 of themselves. The time spread is that of the samples: where
/// `psihat(π/h)` is not exactly 0, the integral that defines it diverges for its sake alone. A mean that is more than
/// the rounding of its sum is not 0, and such a function is not admissible, however small it be:
/// [`FromSamples::centred`] takes it away.
#[derive(Clone)]
pub struct FromSamples {
    samples: Vec<Complex64>,
    first: f64,
    step: f64,
    real: bool,
    identity: u64,
}

/// A number that no other wavelet of this process has.
pub(super) fn new_identity() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

impl FromSamples {
    /// The wavelet with these samples, the first of them at the time `first`, `step` apart.
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for no samples or only zeros, a sample or `first` that is not finite, and a `step`
    /// that is not a positive number from 1e-9 to 1e9.
    pub fn new(samples: Vec<Complex64>, first: f64, step: f64) -> Result<Self, WaveletError> {
        let wrong = |parameter, value, expected| {
            Err(WaveletError::OutOfRange { wavelet: "samples", parameter, value, expected })
        };
        if !(1e-9..=1e9).contains(&step) {
            return wrong("step", step, "a number from 1e-9 to 1e9");
        }
        if !first.is_finite() {
            return wrong("time of the first", first, "a finite number");
        }
        if let Some(sample) = samples.iter().find(|z| !z.is_finite()) {
            return wrong("a value", if sample.re.is_finite() { sample.im } else { sample.re }, "finite numbers");
        }
        if samples.iter().all(|z| *z == Complex64::ZERO) {
            return wrong("the number other than 0", 0.0, "at least 1");
        }
        let real = samples.iter().all(|z| z.im == 0.0);
        Ok(Self { samples, first, step, real, identity: new_identity() })
    }

    /// The same with the middle of the grid at time 0.
    ///
    /// # Errors
    /// As [`FromSamples::new`].
    pub fn around_zero(samples: Vec<Complex64>, step: f64) -> Result<Self, WaveletError> {
        let first = -0.5 * step * samples.len().saturating_sub(1) as f64;
        Self::new(samples, first, step)
    }

    /// The wavelet without its mean: every sample less their average.
    #[must_use]
    pub fn centred(mut self) -> Self {
        let average = self.samples.iter().sum::<Complex64>() / self.samples.len() as f64;
        self.samples.iter_mut().for_each(|z| *z -= average);
        self.identity = new_identity();
        self
    }

    /// The rounding of the sum that makes the mean.
    fn mean_error(&self) -> f64 {
        let size: f64 = self.samples.iter().map(|z| z.norm()).sum();
        self.step * size * gamma(self.samples.len() + 2, f64::UNIT_ROUNDOFF)
    }

    /// A bound on the rounding of `psi(t)`, for every `t`: a sum of as many terms as samples.
    pub fn error(&self) -> Bound {
        let size: f64 = self.samples.iter().map(|z| z.norm()).sum();
        Bound::rounding(size * gamma(self.samples.len() + 8, f64::UNIT_ROUNDOFF))
    }

    /// `Σ_{l ≥ first} f(direction · l/a)` for `f` the function `psi` or its derivative.
    ///
    /// Beyond the grid, with `p = ah` lags to a step and the grid from `g` steps on,
    ///
    /// ```text
    /// psi(l/a) = Σ_k (-1)^k s_k (p/π) sin(π(l/p - g)) / (l - p(g + k))
    /// ```
    ///
    /// whose sums over `l` are Lerch's transcendents; the terms before are added up. There is no limit where every lag meets
    /// the sine at the same place, which is none of its zeros.
    fn half_sum(&self, scale: f64, first: u64, direction: f64, derivative: bool) -> Option<Complex64> {
        let (last, period) = ((self.samples.len() - 1) as f64, scale * self.step);
        // The grid as it is met going this way.
        let back = direction < 0.0;
        let begin = if back { -self.first / self.step - last } else { self.first / self.step };
        let start = ((begin + last) * period + 1.0).ceil().max(first as f64);
        if (start - first as f64) * self.samples.len() as f64 > 16.0 * MAX_TERMS {
            return None;
        }
        let value = |t: f64| if derivative { self.derivative(t) } else { Some(self.psi(t)) };
        let before: Complex64 =
            (first..start as u64).rev().map(|lag| value(direction * lag as f64 / scale)).sum::<Option<_>>()?;
        let (turns, place) = (0.5 / period, start / period - begin);
        if turns == turns.round() && place == place.round() && !derivative {
            // Every lag is a point of the grid.
            return Some(before);
        }
        let phase = Complex64::cis(PI * (place - 2.0 * (0.5 * place).round()));
        let mut after = Complex64::ZERO;
        for k in 0..self.samples.len() {
            let sample = if back { self.samples[self.samples.len() - 1 - k] } else { self.samples[k] };
            // In units of the step, from the sample on.
            let away = place - k as f64;
            let lags = period * away;
            let whole = lerch(turns, 1, lags)? * phase / away;
            let weight = if derivative {
                let next = lerch(turns, 2, lags)? * phase / (away * away);
                direction / self.step * (whole.re - next.im / PI)
            } else {
                whole.im / PI
            };
            after += if k.is_multiple_of(2) { sample * weight } else { -sample * weight };
        }
        Some(before + after)
    }

    fn sum(&self) -> Complex64 {
        self.step * self.samples.iter().sum::<Complex64>()
    }

    /// `∫ f(w) |psihat(w)|² dw`; between the zeros of a polynomial of this degree quadrature is at ease.
    fn spectral(&self, f: impl Fn(f64) -> f64) -> Integral {
        let (end, pieces) = (PI / self.step, self.samples.len().clamp(8, 256) as u32);
        let cuts: Vec<f64> = (1..2 * pieces).map(|k| end * (f64::from(k) / f64::from(pieces) - 1.0)).collect();
        integrate(|w| f(w) * self.psihat(w).norm_sqr(), -end, end, &cuts, 1e-11 * TAU * self.energy())
    }
}

impl fmt::Debug for FromSamples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, first, step, .. } = self;
        f.debug_struct("FromSamples")
            .field("samples", &samples.len())
            .field("first", first)
            .field("step", step)
            .finish_non_exhaustive()
    }
}

impl MotherWavelet for FromSamples {
    fn name(&self) -> &'static str {
        "samples"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("samples", self.samples.len() as f64), ("first", self.first), ("step", self.step)]
    }

    fn psi(&self, t: f64) -> Complex64 {
        let x = (t - self.first) / self.step;
        if x.abs() >= 1e15 {
            return Complex64::ZERO;
        }
        let nearest = x.round();
        if x == nearest {
            let place = (nearest >= 0.0).then_some(nearest as usize);
            return place.and_then(|k| self.samples.get(k)).copied().unwrap_or_default();
        }
        // sin(π(x - k)) = (-1)^{k - nearest} sin(π(x - nearest))
        let even = nearest.rem_euclid(2.0) == 0.0;
        let sign = |k: usize| if k.is_multiple_of(2) == even { 1.0 } else { -1.0 };
        let sum: Complex64 = self.samples.iter().enumerate().map(|(k, s)| s * (sign(k) / (x - k as f64))).sum();
        sum * ((PI * (x - nearest)).sin() / PI)
    }

    fn derivative(&self, t: f64) -> Option<Complex64> {
        let x = (t - self.first) / self.step;
        if x.abs() >= 1e15 {
            return Some(Complex64::ZERO);
        }
        let nearest = x.round();
        let (sine, cosine) = (PI * (x - nearest)).sin_cos();
        let even = nearest.rem_euclid(2.0) == 0.0;
        let slope = |k: usize| {
            let away = x - k as f64;
            let sign = if k.is_multiple_of(2) == even { 1.0 } else { -1.0 };
            if away.abs() < 0.75 { sinc_slope(away) } else { sign * (cosine - sine / (PI * away)) / away }
        };
        let sum: Complex64 = self.samples.iter().enumerate().map(|(k, s)| s * slope(k)).sum();
        Some(sum / self.step)
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        let turn = omega * self.step;
        let height = match turn.abs() {
            turn if (turn - PI).abs() <= 8.0 * f64::EPSILON => 0.5,
            turn if turn < PI => 1.0,
            _ => return Complex64::ZERO,
        };
        // Horner's rule: each step rounds a number of at most the sum of absolute values.
        let root = Complex64::cis(-turn);
        let sum = self.samples.iter().rev().fold(Complex64::ZERO, |sum, s| sum * root + s);
        height * self.step * sum * Complex64::cis(-omega * self.first)
    }

    fn is_real(&self) -> bool {
        self.real
    }

    fn is_analytic(&self) -> bool {
        false
    }

    /// The real part of `∫ psi`.
    fn mean(&self) -> f64 {
        self.sum().re
    }

    fn energy(&self) -> f64 {
        self.step * self.samples.iter().map(|z| z.norm_sqr()).sum::<f64>()
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// The highest of 16 points per zero of the spectrum, refined by golden section.
    fn centre_frequency(&self) -> f64 {
        let points = 16 * self.samples.len().max(4);
        let spacing = PI / self.step / points as f64;
        let power = |w: f64| self.psihat(w.max(0.0)).norm_sqr();
        let best = (0..points).map(|i| i as f64 * spacing).max_by(|a, b| power(*a).total_cmp(&power(*b)));
        peak_near(power, best.expect("there are points"), spacing) / TAU
    }

    fn admissibility(&self) -> Admissibility {
        let mean = self.sum().norm();
        if mean > self.mean_error() {
            return Admissibility::nonzero_mean(mean);
        }
        Admissibility::Admissible { c_psi: self.spectral(|w| if w == 0.0 { 0.0 } else { w.abs().recip() }).value }
    }

    /// That of the samples.
    fn time_spread(&self) -> f64 {
        let weights =
            || self.samples.iter().enumerate().map(|(k, z)| (self.first + k as f64 * self.step, z.norm_sqr()));
        let total: f64 = weights().map(|(_, weight)| weight).sum();
        let middle = weights().map(|(t, weight)| t * weight).sum::<f64>() / total;
        (weights().map(|(t, weight)| (t - middle).powi(2) * weight).sum::<f64>() / total).sqrt()
    }

    fn frequency_spread(&self) -> f64 {
        let total = TAU * self.energy();
        let middle = if self.real { 0.0 } else { self.spectral(|w| w).value / total };
        (self.spectral(|w| (w - middle).powi(2)).value / total).sqrt()
    }

    fn tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        self.half_sum(scale, first, direction, false)
    }

    fn derivative_tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        self.half_sum(scale, first, direction, true)
    }

    /// 0 beyond `π/h`.
    fn spectral_tail(&self, radius: f64) -> f64 {
        if radius * self.step > PI * (1.0 + 16.0 * f64::EPSILON) { 0.0 } else { f64::INFINITY }
    }

    fn identity(&self) -> u64 {
        self.identity
    }
}

/// Where a function peaks within this distance of a point that is nearly there.
pub(super) fn peak_near(f: impl Fn(f64) -> f64, middle: f64, distance: f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let (mut low, mut high) = ((middle - distance).max(0.0), middle + distance);
    for _ in 0..60 {
        let width = GOLDEN * (high - low);
        if f(high - width) > f(low + width) { high = low + width } else { low = high - width }
    }
    0.5 * (low + high)
}
