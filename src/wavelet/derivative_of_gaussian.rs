use std::f64::consts::{PI, SQRT_2};

use num_complex::Complex64;

use super::{Admissibility, MotherWavelet, WaveletError};

/// The derivative of Gaussian (DOG) of order `m ≥ 1`, without a factor:
///
/// ```text
/// psi(t)    = (-1)^{m+1} (d/dt)^m e^{-t²/2} = -He_m(t) e^{-t²/2}
/// psihat(w) = (-1)^{m+1} (iw)^m √(2π) e^{-w²/2}
/// ∫|psi|² = Γ(m + 1/2),   C_psi = 2π Γ(m) (two-sided)
/// time spread² = (4m-1)/(4m-2),   frequency spread² = m + 1/2
/// ```
///
/// `He_m` is the Hermite polynomial of the probabilists. Order 2 is exactly [`super::Ricker`];
/// the form of unit energy is `Γ(m + 1/2)^{-1/2}` times this one [torrence1998, Table 1].
///
/// # Rounding
/// The three-term recurrence runs upwards, where `He` is its dominant solution, and it starts from
/// `e^{-t²/4}`, so that nothing overflows: the error is a few `m` unit roundoffs of
/// `√m! e^{-t²/4}`, the size of the function \[mallat2009\].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivativeOfGaussian {
    order: u32,
}

impl DerivativeOfGaussian {
    /// The largest order whose energy, `Γ(m + 1/2)`, is a finite `f64`.
    pub const MAX_ORDER: u32 = 171;

    /// The derivative of order 1 to [`Self::MAX_ORDER`].
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for any other order.
    pub fn new(order: u32) -> Result<Self, WaveletError> {
        if (1..=Self::MAX_ORDER).contains(&order) {
            Ok(Self { order })
        } else {
            Err(WaveletError::OutOfRange {
                wavelet: "dog",
                parameter: "order",
                value: order.into(),
                expected: "1 to 171 (beyond, its energy overflows)",
            })
        }
    }

    /// `-He_order(t) e^{-t²/2}`; also for order 0, where it is minus the Gaussian.
    fn value(order: u32, t: f64) -> f64 {
        let root_decay = (-t * t / 4.0).exp();
        if root_decay == 0.0 {
            return 0.0;
        }
        let (mut previous, mut current) = (0.0, root_decay);
        for n in 0..order {
            (previous, current) = (current, t * current - f64::from(n) * previous);
        }
        -current * root_decay
    }
}

impl MotherWavelet for DerivativeOfGaussian {
    fn name(&self) -> &'static str {
        "dog"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("order", self.order.into())]
    }

    fn psi(&self, t: f64) -> Complex64 {
        Self::value(self.order, t).into()
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        let m = f64::from(self.order);
        // |w|^m e^{-w²/2} as one power: neither factor need be representable.
        let root = omega.abs() * (-omega * omega / (2.0 * m)).exp();
        if root == 0.0 || root.is_nan() && !omega.is_nan() {
            return Complex64::ZERO;
        }
        let sign = if omega < 0.0 && self.order % 2 == 1 { -1.0 } else { 1.0 };
        let magnitude = sign * (2.0 * PI).sqrt() * root.powf(m);
        // (-1)^{m+1} i^m
        match self.order % 4 {
            0 => Complex64::new(-magnitude, 0.0),
            1 => Complex64::new(0.0, magnitude),
            2 => Complex64::new(magnitude, 0.0),
            _ => Complex64::new(0.0, -magnitude),
        }
    }

    fn is_real(&self) -> bool {
        true
    }

    fn is_analytic(&self) -> bool {
        false
    }

    fn mean(&self) -> f64 {
        0.0
    }

    fn energy(&self) -> f64 {
        libm::tgamma(f64::from(self.order) + 0.5)
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// `√m / 2π`.
    fn centre_frequency(&self) -> f64 {
        f64::from(self.order).sqrt() / (2.0 * PI)
    }

    fn admissibility(&self) -> Admissibility {
        Admissibility::Admissible { c_psi: 2.0 * PI * libm::tgamma(self.order.into()) }
    }

    fn time_spread(&self) -> f64 {
        let m = f64::from(self.order);
        ((4.0 * m - 1.0) / (4.0 * m - 2.0)).sqrt()
    }

    fn frequency_spread(&self) -> f64 {
        (f64::from(self.order) + 0.5).sqrt()
    }

    /// `√2` for every order [torrence1998, Table 1].
    fn e_folding_time(&self) -> f64 {
        SQRT_2
    }

    /// `2 |psi_{m-1}(r)|` exactly, beyond the last extremum: the zeros of `He_{m+1}` lie below
    /// `√(4m + 6)`, and `psi_m` is minus the derivative of `psi_{m-1}`.
    fn tail(&self, radius: f64) -> f64 {
        let last_extremum = (4.0 * f64::from(self.order) + 6.0).sqrt();
        if radius >= last_extremum { 2.0 * Self::value(self.order - 1, radius).abs() } else { f64::INFINITY }
    }

    /// `∫_r^∞ w^m e^{-w²/2} dw ≤ r^{m-1} e^{-r²/2} / (1 - (m-1)/r²)` beyond the peak.
    fn spectral_tail(&self, radius: f64) -> f64 {
        let (m, square) = (f64::from(self.order), radius * radius);
        if square > m { 2.0 * self.psihat(radius).norm() * radius / (square - (m - 1.0)) } else { f64::INFINITY }
    }
}
