use std::f64::consts::{PI, SQRT_2};

use num_complex::Complex64;

use super::{Admissibility, MotherWavelet};

/// The Ricker wavelet, or Mexican hat: `psi(t) = (1 - t²) e^{-t²/2}`, without a factor.
///
/// ```text
/// psihat(w) = √(2π) w² e^{-w²/2}
/// ∫|psi|² = 3√π/4,   C_psi = 2π (two-sided),   time spread √(7/6),   frequency spread √(5/2)
/// ```
///
/// The form of unit energy is `2/(√3 π^{1/4})` times this one, with `C_psi = 8√π/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ricker;

impl MotherWavelet for Ricker {
    fn name(&self) -> &'static str {
        "ricker"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    fn psi(&self, t: f64) -> Complex64 {
        let square = t * t;
        let decay = (-square / 2.0).exp();
        // Past the underflow `t²` may be infinite, and 0 · ∞ is not 0.
        if decay == 0.0 { Complex64::ZERO } else { ((1.0 - square) * decay).into() }
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        let square = omega * omega;
        let decay = (-square / 2.0).exp();
        if decay == 0.0 { Complex64::ZERO } else { ((2.0 * PI).sqrt() * square * decay).into() }
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
        0.75 * PI.sqrt()
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// `√2 / 2π`.
    fn centre_frequency(&self) -> f64 {
        SQRT_2 / (2.0 * PI)
    }

    fn admissibility(&self) -> Admissibility {
        Admissibility::Admissible { c_psi: 2.0 * PI }
    }

    fn time_spread(&self) -> f64 {
        (7.0 / 6.0f64).sqrt()
    }

    fn frequency_spread(&self) -> f64 {
        2.5f64.sqrt()
    }

    /// `√2`, as for every derivative of Gaussian [torrence1998, Table 1].
    fn e_folding_time(&self) -> f64 {
        SQRT_2
    }

    /// `2 r e^{-r²/2}` exactly, from the last extremum `√3` on.
    fn tail(&self, radius: f64) -> f64 {
        if radius >= 3f64.sqrt() { 2.0 * radius * (-radius * radius / 2.0).exp() } else { f64::INFINITY }
    }

    /// `2√(2π) (r e^{-r²/2} + √(π/2) erfc(r/√2))` exactly, from the peak `√2` on.
    fn spectral_tail(&self, radius: f64) -> f64 {
        if radius < SQRT_2 {
            return f64::INFINITY;
        }
        2.0 * (2.0 * PI).sqrt() * radius * (-radius * radius / 2.0).exp() + 2.0 * PI * libm::erfc(radius / SQRT_2)
    }
}
