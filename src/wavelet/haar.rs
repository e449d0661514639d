use std::f64::consts::{LN_2, PI};

use num_complex::Complex64;

use super::{Admissibility, MotherWavelet};

/// The Haar wavelet: `+1` on `[0, 1/2)`, `-1` on `[1/2, 1)`, 0 elsewhere.
///
/// ```text
/// psihat(w) = (1 - e^{-iw/2})² / (iw) = 4 i e^{-iw/2} sin²(w/4) / w
/// ∫|psi|² = 1,   C_psi = 2 ln 2 (two-sided),   time spread 1/√12,   frequency spread ∞
/// ```
///
/// `psi` is exact in floating point; `psihat` is good to a few unit roundoffs of its peak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Haar;

/// The positive root of `tan x = 2x`, where `sin²x / x` peaks.
const PEAK: f64 = 1.165_561_185_207_211_3;

impl MotherWavelet for Haar {
    fn name(&self) -> &'static str {
        "haar"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    fn psi(&self, t: f64) -> Complex64 {
        let value = if (0.0..0.5).contains(&t) {
            1.0
        } else if (0.5..1.0).contains(&t) {
            -1.0
        } else {
            0.0
        };
        value.into()
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        if omega == 0.0 {
            return Complex64::ZERO;
        }
        let (sin, cos) = (omega / 2.0).sin_cos();
        4.0 * (omega / 4.0).sin().powi(2) / omega * Complex64::new(sin, cos)
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
        1.0
    }

    fn support(&self) -> Option<(f64, f64)> {
        Some((0.0, 1.0))
    }

    /// `2x/π` with `tan x = 2x`.
    fn centre_frequency(&self) -> f64 {
        2.0 * PEAK / PI
    }

    fn admissibility(&self) -> Admissibility {
        Admissibility::Admissible { c_psi: 2.0 * LN_2 }
    }

    fn time_spread(&self) -> f64 {
        12f64.sqrt().recip()
    }

    fn frequency_spread(&self) -> f64 {
        f64::INFINITY
    }

    fn breaks(&self) -> Vec<f64> {
        vec![0.0, 0.5, 1.0]
    }
}
