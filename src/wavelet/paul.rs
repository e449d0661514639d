use std::f64::consts::{FRAC_1_SQRT_2, PI};

use num_complex::Complex64;

use super::{Admissibility, Morse, MotherWavelet, WaveletError};

/// The Paul wavelet of order `m ≥ 1`, of unit energy and analytic [torrence1998, Table 1].
///
/// ```text
/// psi(t)    = c i^m (1 - it)^{-(m+1)},   c = 2^m m! / √(π (2m)!)
/// psihat(w) = i^m (2π c / m!) w^m e^{-w}  for w > 0, else 0
/// C_psi = 2π/m (two-sided; all of it lies at w > 0)
/// time spread² = 1/(2m-1),   frequency spread² = (2m+1)/4
/// ```
///
/// The factor `i^m` follows from their `psi`; their own table leaves it out of the spectrum.
///
/// # Rounding
/// Factorials appear only as products of ratios near 1: every value is good to about `4m` unit
/// roundoffs of its own size, plus `m` roundoffs of phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paul {
    order: u32,
    /// `c`, the peak of `|psi|`, at `t = 0`.
    peak: f64,
    /// The peak of `|psihat|`, at `w = m`.
    spectral_peak: f64,
}

impl Paul {
    /// The largest order on offer: rounding stays below 1e-12 up to here.
    pub const MAX_ORDER: u32 = 1000;

    /// The Paul wavelet of order 1 to [`Self::MAX_ORDER`].
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for any other order.
    pub fn new(order: u32) -> Result<Self, WaveletError> {
        if !(1..=Self::MAX_ORDER).contains(&order) {
            return Err(WaveletError::OutOfRange {
                wavelet: "paul",
                parameter: "order",
                value: order.into(),
                expected: "1 to 1000",
            });
        }
        let m = f64::from(order);
        let factors = || (1..=order).map(f64::from);
        // c² = 4^m (m!)² / (π (2m)!) = (1/π) Π 2k/(2k-1)
        let peak = (factors().map(|k| 2.0 * k / (2.0 * k - 1.0)).product::<f64>() / PI).sqrt();
        // m^m e^{-m} / m!: the running product stays between 1/√(2πm) and e^{m/e}.
        let poisson: f64 = factors().map(|k| m / (std::f64::consts::E * k)).product();
        Ok(Self { order, peak, spectral_peak: 2.0 * PI * peak * poisson })
    }

    fn power_of_i(&self) -> Complex64 {
        Complex64::I.powu(self.order % 4)
    }

    /// The generalised Morse wavelet with `β = m`, `γ = 1`, and the factor that makes this one of it.
    fn morse(&self) -> Option<(Complex64, Morse)> {
        let morse = Morse::new(self.order.into(), 1.0).ok()?;
        Some((self.psi(0.0) / morse.psi(0.0).re, morse))
    }
}

impl MotherWavelet for Paul {
    fn name(&self) -> &'static str {
        "paul"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("order", self.order.into())]
    }

    fn psi(&self, t: f64) -> Complex64 {
        let exponent = f64::from(self.order) + 1.0;
        // |1 - it|^{-(m+1)} and the argument (m+1) atan t, for any t up to infinity.
        let magnitude = self.peak * (-exponent * 0.5 * (t * t).ln_1p()).exp();
        self.power_of_i() * Complex64::from_polar(magnitude, exponent * t.atan())
    }

    /// `i (m + 1) psi(t) / (1 - it)`.
    fn derivative(&self, t: f64) -> Option<Complex64> {
        Some(Complex64::new(0.0, f64::from(self.order) + 1.0) * self.psi(t) / Complex64::new(1.0, -t))
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        if omega <= 0.0 {
            return Complex64::ZERO;
        }
        // (x e^{1-x})^m with x = w/m, which is 1 at the peak.
        let x = omega / f64::from(self.order);
        let ratio = x * (1.0 - x).exp();
        if ratio.is_nan() && !omega.is_nan() {
            return Complex64::ZERO;
        }
        self.power_of_i() * (self.spectral_peak * ratio.powf(self.order.into()))
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
        1.0
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// `m / 2π`.
    fn centre_frequency(&self) -> f64 {
        f64::from(self.order) / (2.0 * PI)
    }

    fn admissibility(&self) -> Admissibility {
        Admissibility::Admissible { c_psi: 2.0 * PI / f64::from(self.order) }
    }

    fn time_spread(&self) -> f64 {
        (2.0 * f64::from(self.order) - 1.0).sqrt().recip()
    }

    fn frequency_spread(&self) -> f64 {
        (2.0 * f64::from(self.order) + 1.0).sqrt() / 2.0
    }

    /// `1/√2` for every order, as published [torrence1998, Table 1]; `|psi|²` falls by `e^{-2}`
    /// there only near order 4.
    fn e_folding_time(&self) -> f64 {
        FRAC_1_SQRT_2
    }

    /// That of the generalised Morse wavelet with `β = m`, `γ = 1`, which is this one up to a factor.
    fn tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        let (factor, morse) = self.morse()?;
        morse.tail_sum(scale, first, direction).map(|sum| factor * sum)
    }

    /// As [`MotherWavelet::tail_sum`].
    fn derivative_tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        let (factor, morse) = self.morse()?;
        morse.derivative_tail_sum(scale, first, direction).map(|sum| factor * sum)
    }

    /// `∫_r^∞ w^m e^{-w} dw ≤ r^m e^{-r} · r/(r-m)` beyond the peak.
    fn spectral_tail(&self, radius: f64) -> f64 {
        let m = f64::from(self.order);
        if radius > m { self.psihat(radius).norm() * radius / (radius - m) } else { f64::INFINITY }
    }
}
