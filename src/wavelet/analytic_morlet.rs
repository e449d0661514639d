use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI, SQRT_2, TAU};

use num_complex::Complex64;

use super::morlet::{NORM, scaled_erf_integral};
use super::morse::exp_m1;
use super::mother::MAX_TERMS;
use super::{Admissibility, Morlet, MotherWavelet, WaveletError};
use crate::numeric::{dawson, faddeeva};

/// The one-sided Morlet wavelet: [`Morlet`] without its negative frequencies, corrected or not.
///
/// ```text
/// psihat(w) = π^{-1/4} √(2π) (e^{-(w-ω0)²/2} - κ e^{-w²/2})  for w > 0, else 0
/// psi(t)    = π^{-1/4} (e^{iω0t - t²/2} - ½ e^{-ω0²/2} W((iω0 - t)/√2)
///                       - κ (½ e^{-t²/2} + (i/√π) D(t/√2)))
/// ```
///
/// with `κ = e^{-ω0²/2}` (corrected) or 0, `W` the Faddeeva function and `D` Dawson's integral. Uncorrected it is
/// the "Morlet" of [torrence1998, Table 1] and of MATLAB's `amor`: psihat jumps at 0 from 0 to
/// `j = π^{-1/4} √(2π) e^{-ω0²/2}`, so that `psi` falls only as `1/t`, its time spread is infinite, and so is its
/// admissibility integral. As there, `psihat(0)` is 0; the principal value of `∫ psi`, which stands as the mean,
/// is `j/2`. Corrected, the spectrum is continuous, and `psi` falls as `1/t²`.
///
/// With `m_0(c) = (√π/2) erfc(-c)`, `m_1(c) = e^{-c²}/2`, `m_2(c) = (m_0(c) - c e^{-c²})/2`, `q = e^{-3ω0²/4}` and `S` of
/// [`Morlet`], corrected:
///
/// ```text
/// ∫|psi|² = N/√π,   N = m_0(ω0) - 2q m_0(ω0/2) + e^{-ω0²} √π/2
/// C_psi   = 2π ((S + D)(ω0) - 2q (S + D)(ω0/2))
/// time spread² = (m_2(ω0) - 2q (m_2(ω0/2) - ω0² m_0(ω0/2)/4) + e^{-ω0²} √π/4) / N
/// ```
///
/// The frequency spread follows from the same moments about `ω0`; uncorrected, only the first term is there.
///
/// # Rounding
/// `psi` is good to about `2e-14` of `π^{-1/4}` times `e^{-ω0²/2}`, and a few unit roundoffs of its first term; below
/// `ω0 = 1` the corrected one is a difference, and its numbers are good to some `100 u/ω0²`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnalyticMorlet {
    omega0: f64,
    corrected: bool,
    two_sided: Morlet,
}

impl AnalyticMorlet {
    /// The positive frequencies of [`Morlet::corrected`].
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] unless `0.1 ≤ omega0 ≤ 1e100`.
    pub fn corrected(omega0: f64) -> Result<Self, WaveletError> {
        Self::new(omega0, true)
    }

    /// The positive frequencies of [`Morlet::uncorrected`].
    ///
    /// # Errors
    /// As [`AnalyticMorlet::corrected`].
    pub fn uncorrected(omega0: f64) -> Result<Self, WaveletError> {
        Self::new(omega0, false)
    }

    fn new(omega0: f64, corrected: bool) -> Result<Self, WaveletError> {
        if !(0.1..=1e100).contains(&omega0) {
            return Err(WaveletError::OutOfRange {
                wavelet: if corrected { "analytic-morlet" } else { "analytic-morlet-uncorrected" },
                parameter: "omega0",
                value: omega0,
                expected: "a number from 0.1 to 1e100",
            });
        }
        let two_sided = if corrected { Morlet::corrected(omega0) } else { Morlet::uncorrected(omega0) }?;
        Ok(Self { omega0, corrected, two_sided })
    }

    /// `e^{-ω0²/2}`.
    fn lost(&self) -> f64 {
        (-self.omega0 * self.omega0 / 2.0).exp()
    }

    /// `psihat` just above 0.
    fn jump(&self) -> f64 {
        if self.corrected { 0.0 } else { NORM * (2.0 * PI).sqrt() * self.lost() }
    }

    /// `psihat(w)` for complex `w`, `ω0` at most 40.
    fn continued(&self, w: Complex64) -> Complex64 {
        let turn = self.omega0 * w;
        let around = |centre: f64| (-0.5 * (w - centre) * (w - centre)).exp();
        NORM * TAU.sqrt()
            * match self.corrected {
                true if turn.norm() < 1.0 => self.lost() * around(0.0) * exp_m1(turn),
                true => around(self.omega0) - self.lost() * around(0.0),
                false => around(self.omega0),
            }
    }

    /// `Σ_{l ≥ first} f(l/a)` for `f` the function `psi` or its derivative: a geometric series under the integral,
    ///
    /// ```text
    /// Σ psi(l/a) = (1/2π) ∫ psihat(w) e^{iw first/a} / (1 - e^{iw/a}) dw
    /// ```
    ///
    /// along the ray `arg w = θ`, by the trapezoidal rule in `ln w`, as [`super::Morse::error`] has it: on the rays
    /// up to `2θ` the Gaussian grows by `e^{ω0² sin²2θ / 2cos4θ}` at most, and the poles on the real line count as a quarter of
    /// `θ` less on either side. Where `e^{-ω0²/2}` underflows, what is left is a Gaussian, and is added up.
    fn half_sum(&self, scale: f64, first: u64, derivative: bool) -> Option<Complex64> {
        const TOO_FAR: f64 = 40.0;
        let value = |t: f64| if derivative { self.derivative(t) } else { Some(self.psi(t)) };
        if self.omega0 > TOO_FAR {
            let last = (TOO_FAR * scale).ceil();
            return match last - first as f64 <= MAX_TERMS {
                true => (first..=last as u64).rev().map(|lag| value(lag as f64 / scale)).sum(),
                false => None,
            };
        }
        // Next to a spectrum that jumps at 0 the series is not integrable.
        if !self.corrected && !derivative {
            return None;
        }
        let theta = self.omega0.recip().min(PI / 16.0);
        let growth = (self.omega0 * (2.0 * theta).sin()).powi(2) / (2.0 * (4.0 * theta).cos());
        let step = TAU * 0.75 * theta / (61.0 * LN_2 + growth + 4.0);
        // Beyond that the Gaussian is below e^{-45}.
        let (top, time) = (1.2 * self.omega0 + 12.0, first as f64 / scale);
        let (mut sum, mut size) = (Complex64::ZERO, 0.0);
        for k in 0.. {
            let w = Complex64::from_polar(top * (-step * f64::from(k)).exp(), theta);
            let turn = Complex64::I * w;
            let slope = if derivative { turn } else { Complex64::ONE };
            let term = -self.continued(w) * slope * w * (turn * time).exp() / exp_m1(turn / scale);
            sum += term;
            size += term.norm();
            if term.norm() < 1e-20 * size {
                break;
            }
        }
        Some(step / TAU * sum)
    }

    /// The Gaussians that make up `|psihat|²`, up to a factor: their weights and centres.
    fn parts(&self) -> impl Iterator<Item = (f64, f64)> + use<> {
        let (square, half) = (self.omega0 * self.omega0, self.omega0 / 2.0);
        let parts = [(1.0, self.omega0), (-2.0 * (-0.75 * square).exp(), half), ((-square).exp(), 0.0)];
        parts.into_iter().take(if self.corrected { 3 } else { 1 })
    }

    /// `∫_0^∞ (w - ω0)^k e^{-(w-c)²} dw` for `k = 0, 1, 2`, summed over the parts.
    fn moments(&self) -> [f64; 3] {
        self.parts().fold([0.0; 3], |[zeroth, first, second], (weight, centre)| {
            let ([m0, m1, m2], away) = (half_moments(centre), centre - self.omega0);
            [
                zeroth + weight * m0,
                first + weight * (m1 + away * m0),
                second + weight * (m2 + 2.0 * away * m1 + away * away * m0),
            ]
        })
    }
}

/// `∫_{-c}^∞ v^k e^{-v²} dv` for `k = 0, 1, 2`.
fn half_moments(c: f64) -> [f64; 3] {
    let (m0, edge) = (0.5 * PI.sqrt() * libm::erfc(-c), (-c * c).exp());
    [m0, 0.5 * edge, 0.5 * (m0 - c * edge)]
}

impl MotherWavelet for AnalyticMorlet {
    fn name(&self) -> &'static str {
        if self.corrected { "analytic-morlet" } else { "analytic-morlet-uncorrected" }
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("omega0", self.omega0)]
    }

    fn psi(&self, t: f64) -> Complex64 {
        let (decay, lost) = ((-t * t / 2.0).exp(), self.lost());
        let whole = if decay == 0.0 { Complex64::ZERO } else { Complex64::from_polar(decay, self.omega0 * t) };
        let cut = 0.5 * faddeeva(FRAC_1_SQRT_2 * Complex64::new(-t, self.omega0));
        let correction = if self.corrected {
            Complex64::new(0.5 * decay, dawson(FRAC_1_SQRT_2 * t) / PI.sqrt())
        } else {
            Complex64::ZERO
        };
        NORM * (whole - lost * (cut + correction))
    }

    /// From `W'(z) = 2i/√π - 2z W(z)` and `D'(x) = 1 - 2x D(x)`.
    fn derivative(&self, t: f64) -> Option<Complex64> {
        let (decay, lost) = ((-t * t / 2.0).exp(), self.lost());
        let whole = if decay == 0.0 {
            Complex64::ZERO
        } else {
            Complex64::new(-t, self.omega0) * Complex64::from_polar(decay, self.omega0 * t)
        };
        let z = FRAC_1_SQRT_2 * Complex64::new(-t, self.omega0);
        let cut = FRAC_1_SQRT_2 * z * faddeeva(z);
        let correction = if self.corrected {
            // The two constants cancel.
            Complex64::new(-0.5 * t * decay, -t * dawson(FRAC_1_SQRT_2 * t) / PI.sqrt())
        } else {
            Complex64::new(0.0, -1.0 / TAU.sqrt())
        };
        Some(NORM * (whole - lost * (cut + correction)))
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        if omega > 0.0 { self.two_sided.psihat(omega) } else { Complex64::ZERO }
    }

    fn is_real(&self) -> bool {
        false
    }

    fn is_analytic(&self) -> bool {
        true
    }

    /// Corrected 0; otherwise the principal value, half the jump of the spectrum at 0.
    fn mean(&self) -> f64 {
        0.5 * self.jump()
    }

    fn energy(&self) -> f64 {
        self.moments()[0] / PI.sqrt()
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// That of [`Morlet`].
    fn centre_frequency(&self) -> f64 {
        self.two_sided.centre_frequency()
    }

    fn admissibility(&self) -> Admissibility {
        if !self.corrected {
            let jump = self.jump();
            return Admissibility::NotAdmissible {
                reason: format!(
                    "its spectrum jumps at 0 from 0 to {jump:.6e}: the integral of |psihat|²/|w| over |w| >= eps grows \
                     as the square of that times ln(1/eps)"
                ),
                log_coefficient: jump * jump,
            };
        }
        let q = (-0.75 * self.omega0 * self.omega0).exp();
        let sum = |x: f64| scaled_erf_integral(x) + dawson(x);
        Admissibility::Admissible { c_psi: 2.0 * PI * (sum(self.omega0) - 2.0 * q * sum(self.omega0 / 2.0)) }
    }

    /// Infinite where the spectrum jumps.
    fn time_spread(&self) -> f64 {
        if !self.corrected {
            return f64::INFINITY;
        }
        let square = self.omega0 * self.omega0;
        let [m0, _, m2] = half_moments(self.omega0 / 2.0);
        let slopes = half_moments(self.omega0)[2] - 2.0 * (-0.75 * square).exp() * (m2 - 0.25 * square * m0)
            + (-square).exp() * 0.25 * PI.sqrt();
        (slopes / self.moments()[0]).sqrt()
    }

    fn frequency_spread(&self) -> f64 {
        let [m0, m1, m2] = self.moments();
        (m2 / m0 - (m1 / m0).powi(2)).sqrt()
    }

    /// `√2` [torrence1998, Table 1].
    fn e_folding_time(&self) -> f64 {
        SQRT_2
    }

    /// None uncorrected, where `psi` falls as `1/t` and the sum has no limit.
    fn tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        // psihat is real.
        self.half_sum(scale, first, false).map(|sum| if direction < 0.0 { sum.conj() } else { sum })
    }

    fn derivative_tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        self.half_sum(scale, first, true).map(|sum| if direction < 0.0 { -sum.conj() } else { sum })
    }

    /// That of the Gaussian around `ω0`, beyond its peak.
    fn spectral_tail(&self, radius: f64) -> f64 {
        if radius >= 2.0 * PI * self.centre_frequency() {
            NORM * PI * libm::erfc((radius - self.omega0) * FRAC_1_SQRT_2)
        } else {
            f64::INFINITY
        }
    }
}
