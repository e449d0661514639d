use std::f64::consts::{FRAC_PI_2, PI};

use num_complex::Complex64;

use super::{Admissibility, MotherWavelet};

/// The Gaussian `psi(t) = e^{-t²}`: a low-pass window, and not a wavelet.
///
/// ```text
/// psihat(w) = √π e^{-w²/4}
/// ∫psi = √π,   ∫|psi|² = √(π/2),   time spread 1/2,   frequency spread 1
/// ```
///
/// It is in the list because a published positional encoding calls it one \[oka2025\]; its
/// admissibility integral diverges as `2π ln(1/eps)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gaussian;

impl MotherWavelet for Gaussian {
    fn name(&self) -> &'static str {
        "gaussian"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    fn psi(&self, t: f64) -> Complex64 {
        (-t * t).exp().into()
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        (PI.sqrt() * (-omega * omega / 4.0).exp()).into()
    }

    fn is_real(&self) -> bool {
        true
    }

    fn is_analytic(&self) -> bool {
        false
    }

    fn mean(&self) -> f64 {
        PI.sqrt()
    }

    fn energy(&self) -> f64 {
        FRAC_PI_2.sqrt()
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    fn centre_frequency(&self) -> f64 {
        0.0
    }

    fn admissibility(&self) -> Admissibility {
        Admissibility::nonzero_mean(self.mean())
    }

    fn time_spread(&self) -> f64 {
        0.5
    }

    fn frequency_spread(&self) -> f64 {
        1.0
    }

    fn tail(&self, radius: f64) -> f64 {
        PI.sqrt() * libm::erfc(radius)
    }

    fn spectral_tail(&self, radius: f64) -> f64 {
        2.0 * PI * libm::erfc(radius / 2.0)
    }
}
