use std::f64::consts::{E, PI, SQRT_2};

use num_complex::Complex64;

use super::{Admissibility, DerivativeOfGaussian, Morse, MotherWavelet, WaveletError};
use crate::numeric::Bound;

/// The analytic derivative of Gaussian: [`DerivativeOfGaussian`] plus `i` times its Hilbert transform.
///
/// ```text
/// psihat(w) = 2 (-1)^{m+1} (iw)^m √(2π) e^{-w²/2}  for w > 0, else 0
/// ∫|psi|² = 2 Γ(m + 1/2),   C_psi = 4π Γ(m)   (all of it lies at w > 0)
/// time spread² = (4m-1)/(4m-2),   frequency spread² = m + 1/2 - (Γ(m+1)/Γ(m+1/2))²
/// ```
///
/// The real part of `psi` is the real wavelet of the same order, so that the real part of its transform is that
/// wavelet's. Up to a factor it is the generalised Morse wavelet with `β = m`, `γ = 2` at time `√2 t`, which is how
/// the imaginary part is computed \[lilly2009\].
///
/// # Rounding
/// That of `psi` is in [`AnalyticDerivativeOfGaussian::error`]. The frequency spread is a difference, and good to some
/// `50 m` unit roundoffs.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalyticDerivativeOfGaussian {
    order: u32,
    real: DerivativeOfGaussian,
    morse: Morse,
}

impl AnalyticDerivativeOfGaussian {
    /// The derivative of order 1 to [`DerivativeOfGaussian::MAX_ORDER`].
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for any other order.
    pub fn new(order: u32) -> Result<Self, WaveletError> {
        let renamed = |error| match error {
            WaveletError::OutOfRange { parameter, value, expected, .. } => {
                WaveletError::OutOfRange { wavelet: "analytic-dog", parameter, value, expected }
            }
            other => other,
        };
        let real = DerivativeOfGaussian::new(order).map_err(renamed)?;
        Ok(Self { order, real, morse: Morse::new(order.into(), 2.0)? })
    }

    /// How far the imaginary part of `psi(t)` may lie from the true one, for every `t`.
    pub fn error(&self) -> Bound {
        // The factor is a power of m/e, good to m roundoffs or so.
        let m = f64::from(self.order);
        let size = self.factor() * self.morse.psi(0.0).norm();
        self.morse.error() * self.factor() + Bound::rounding((m + 8.0) * f64::EPSILON * size)
    }

    /// `psi(t)` over that of Morse at `√2 t`: the factor times `(-1)^{m+1} i^m`.
    fn quotient(&self) -> Complex64 {
        self.factor() * -Complex64::I.powu(3 * self.order % 4)
    }

    /// `|psi(t)|` over that of Morse at `√2 t`.
    fn factor(&self) -> f64 {
        let m = f64::from(self.order);
        2.0 * PI.sqrt() * (m / E).powf(m / 2.0)
    }
}

impl MotherWavelet for AnalyticDerivativeOfGaussian {
    fn name(&self) -> &'static str {
        "analytic-dog"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("order", self.order.into())]
    }

    fn psi(&self, t: f64) -> Complex64 {
        let morse = self.factor() * self.morse.psi(SQRT_2 * t);
        // The imaginary part of (-1)^{m+1} i^m times it.
        let imaginary = match self.order % 4 {
            0 => -morse.im,
            1 => morse.re,
            2 => morse.im,
            _ => -morse.re,
        };
        Complex64::new(self.real.psi(t).re, imaginary)
    }

    /// That of the Morse wavelet.
    fn derivative(&self, t: f64) -> Option<Complex64> {
        self.morse.derivative(SQRT_2 * t).map(|slope| SQRT_2 * self.quotient() * slope)
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        if omega > 0.0 { 2.0 * self.real.psihat(omega) } else { Complex64::ZERO }
    }

    fn is_real(&self) -> bool {
        false
    }

    fn is_analytic(&self) -> bool {
        true
    }

    fn mean(&self) -> f64 {
        0.0
    }

    fn energy(&self) -> f64 {
        2.0 * self.real.energy()
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// `√m / 2π`.
    fn centre_frequency(&self) -> f64 {
        self.real.centre_frequency()
    }

    fn admissibility(&self) -> Admissibility {
        Admissibility::Admissible { c_psi: 4.0 * PI * libm::tgamma(self.order.into()) }
    }

    /// That of the real wavelet: `∫|psihat'|²` doubles with the energy.
    fn time_spread(&self) -> f64 {
        self.real.time_spread()
    }

    fn frequency_spread(&self) -> f64 {
        // (Γ(m+1)/Γ(m+1/2))² = (1/π) Π k²/(k - 1/2)²
        let m = f64::from(self.order);
        let mean = (1..=self.order).map(|k| f64::from(k) / (f64::from(k) - 0.5)).product::<f64>() / PI.sqrt();
        (m + 0.5 - mean * mean).sqrt()
    }

    /// 2 for every order: the duration of \[lilly2009\], where the Gaussian envelope of the same spectral curvature
    /// has `|psi|²` down by `e^{-2}`.
    fn e_folding_time(&self) -> f64 {
        2.0
    }

    /// That of the Morse wavelet, and for the real part the same with what rounding leaves of it.
    fn tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        self.morse.tail_sum(scale / SQRT_2, first, direction).map(|sum| self.quotient() * sum)
    }

    /// That of the Morse wavelet.
    fn derivative_tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        let sum = self.morse.derivative_tail_sum(scale / SQRT_2, first, direction);
        sum.map(|sum| SQRT_2 * self.quotient() * sum)
    }

    /// `∫_r^∞ w^m e^{-w²/2} dw ≤ r^{m+1} e^{-r²/2} / (r² - m + 1)` beyond the peak.
    fn spectral_tail(&self, radius: f64) -> f64 {
        let m = f64::from(self.order);
        if radius * radius > m {
            self.psihat(radius).norm() * radius / (radius * radius - m + 1.0)
        } else {
            f64::INFINITY
        }
    }
}
