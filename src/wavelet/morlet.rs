use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use num_complex::Complex64;

use super::{Admissibility, MotherWavelet, WaveletError};

/// The complex Morlet wavelet of carrier `omega0` (radians per unit time), corrected or not.
///
/// ```text
/// psi(t)    = π^{-1/4} (e^{i ω0 t} - κ) e^{-t²/2}
/// psihat(w) = π^{-1/4} √(2π) (e^{-(w-ω0)²/2} - κ e^{-w²/2})
/// ```
///
/// with `κ = e^{-ω0²/2}` (corrected: mean 0, admissible) or `κ = 0` (uncorrected: a Gabor atom
/// with mean `π^{-1/4} √(2π) e^{-ω0²/2}`, tiny at the usual `ω0` and not 0). Neither is analytic,
/// though the part below `w = 0` is small. With `q = e^{-3ω0²/4}`, corrected:
///
/// ```text
/// ∫|psi|² = 1 + e^{-ω0²} - 2q =: E
/// C_psi   = 4π (S(ω0) - 2q S(ω0/2))   (two-sided),   S(x) = e^{-x²} ∫_0^x e^{y²} erf(y) dy
/// time spread²      = 1/2 + ω0² q / (2E)
/// frequency spread² = 1/2 + ω0² (e^{-ω0²} - (q/2)(1 + e^{-ω0²})) / E²
/// ```
///
/// Some tables leave `π^{-1/4}` out; their `C_psi` is `√π` times this one.
///
/// # Rounding
/// Differences of nearly equal exponentials go through `expm1`, so that every number keeps its
/// relative accuracy down to the smallest `omega0`, where corrected Morlet tends to `ω0` times
/// the first derivative of Gaussian plus higher terms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Morlet {
    omega0: f64,
    corrected: bool,
}

impl Morlet {
    /// The Morlet wavelet with the correction that makes its mean 0.
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] unless `1e-100 ≤ omega0 ≤ 1e100`, where `ω0²` is a normal number.
    pub fn corrected(omega0: f64) -> Result<Self, WaveletError> {
        Self::new(omega0, true)
    }

    /// The Gabor atom `π^{-1/4} e^{i ω0 t} e^{-t²/2}`, often called Morlet.
    ///
    /// # Errors
    /// As [`Morlet::corrected`].
    pub fn uncorrected(omega0: f64) -> Result<Self, WaveletError> {
        Self::new(omega0, false)
    }

    fn new(omega0: f64, corrected: bool) -> Result<Self, WaveletError> {
        let morlet = Self { omega0, corrected };
        if (1e-100..=1e100).contains(&omega0) {
            Ok(morlet)
        } else {
            Err(WaveletError::OutOfRange {
                wavelet: morlet.name(),
                parameter: "omega0",
                value: omega0,
                expected: "a number from 1e-100 to 1e100",
            })
        }
    }

    /// `E` of the type's documentation, which is `ω0²/2` for small `ω0`.
    fn corrected_energy(&self) -> f64 {
        let square = self.omega0 * self.omega0;
        (-square).exp_m1() - 2.0 * (-0.75 * square).exp_m1()
    }
}

/// `π^{-1/4}`.
pub(super) const NORM: f64 = 0.751_125_544_464_942_5;

impl MotherWavelet for Morlet {
    fn name(&self) -> &'static str {
        if self.corrected { "morlet" } else { "morlet-uncorrected" }
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("omega0", self.omega0)]
    }

    fn psi(&self, t: f64) -> Complex64 {
        let decay = NORM * (-t * t / 2.0).exp();
        if decay == 0.0 {
            return Complex64::ZERO;
        }
        let phase = self.omega0 * t;
        let real = if self.corrected {
            // cos φ - κ without the cancellation of two numbers near 1.
            -2.0 * (phase / 2.0).sin().powi(2) - (-self.omega0 * self.omega0 / 2.0).exp_m1()
        } else {
            phase.cos()
        };
        Complex64::new(decay * real, decay * phase.sin())
    }

    /// `π^{-1/4} ((iω0 - t) e^{iω0 t} + κ t) e^{-t²/2}`.
    fn derivative(&self, t: f64) -> Option<Complex64> {
        let decay = NORM * (-t * t / 2.0).exp();
        if decay == 0.0 {
            return Some(Complex64::ZERO);
        }
        Some(Complex64::new(0.0, decay * self.omega0) * Complex64::cis(self.omega0 * t) - t * self.psi(t))
    }

    /// From `|psi'| ≤ π^{-1/4} (ω0 + (1 + κ) |t|) e^{-t²/2}`, which falls beyond `t = 1`.
    fn derivative_tail(&self, radius: f64) -> f64 {
        if radius < 1.0 {
            return f64::INFINITY;
        }
        let kappa = if self.corrected { (-self.omega0 * self.omega0 / 2.0).exp() } else { 0.0 };
        let carried = self.omega0 * (2.0 * PI).sqrt() * libm::erfc(radius * FRAC_1_SQRT_2);
        NORM * (carried + 2.0 * (1.0 + kappa) * (-radius * radius / 2.0).exp())
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        let bump = (-(omega - self.omega0).powi(2) / 2.0).exp();
        let value = if !self.corrected {
            bump
        } else if omega >= 0.0 {
            -bump * (-omega * self.omega0).exp_m1()
        } else {
            // The same two terms with the larger one taken out: here that is κ e^{-w²/2}.
            (-(omega * omega + self.omega0 * self.omega0) / 2.0).exp() * (omega * self.omega0).exp_m1()
        };
        (NORM * (2.0 * PI).sqrt() * value).into()
    }

    fn is_real(&self) -> bool {
        false
    }

    fn is_analytic(&self) -> bool {
        false
    }

    fn mean(&self) -> f64 {
        if self.corrected { 0.0 } else { NORM * (2.0 * PI).sqrt() * (-self.omega0 * self.omega0 / 2.0).exp() }
    }

    fn energy(&self) -> f64 {
        if self.corrected { self.corrected_energy() } else { 1.0 }
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// Uncorrected `ω0/2π`; corrected, the root of `w (1 - e^{-w ω0}) = ω0`, by Newton's method.
    fn centre_frequency(&self) -> f64 {
        if !self.corrected {
            return self.omega0 / (2.0 * PI);
        }
        // w (1 - e^{-w ω0}) increases, and is above ω0 at the start.
        let mut omega = 1.0 + self.omega0;
        for _ in 0..64 {
            let lost = -(-omega * self.omega0).exp_m1();
            let step = (omega * lost - self.omega0) / (lost + omega * self.omega0 * (1.0 - lost));
            omega -= step;
            if step.abs() <= f64::EPSILON * omega {
                break;
            }
        }
        omega / (2.0 * PI)
    }

    fn admissibility(&self) -> Admissibility {
        if !self.corrected {
            return Admissibility::nonzero_mean(self.mean());
        }
        let q = (-0.75 * self.omega0 * self.omega0).exp();
        Admissibility::Admissible {
            c_psi: 4.0 * PI * (scaled_erf_integral(self.omega0) - 2.0 * q * scaled_erf_integral(self.omega0 / 2.0)),
        }
    }

    fn time_spread(&self) -> f64 {
        if !self.corrected {
            return FRAC_1_SQRT_2;
        }
        let square = self.omega0 * self.omega0;
        (0.5 + square * (-0.75 * square).exp() / (2.0 * self.corrected_energy())).sqrt()
    }

    fn frequency_spread(&self) -> f64 {
        if !self.corrected {
            return FRAC_1_SQRT_2;
        }
        let square = self.omega0 * self.omega0;
        let (energy, lost, q) = (self.corrected_energy(), (-square).exp_m1(), (-0.75 * square).exp());
        // e^{-ω0²} - (q/2)(1 + e^{-ω0²}); for small ω0 with the leading ones cancelled by hand, which for large
        // ω0 would bring them in, and with them ω0² roundoffs.
        let numerator = if square < 1.0 {
            lost - (-0.75 * square).exp_m1() - 0.5 * q * lost
        } else {
            (-square).exp() - 0.5 * q * (1.0 + (-square).exp())
        };
        (0.5 + square / energy * (numerator / energy)).sqrt()
    }

    /// `√2` [torrence1998, Table 1].
    fn e_folding_time(&self) -> f64 {
        SQRT_2
    }

    /// From `|psi| ≤ π^{-1/4} (1 + κ) e^{-t²/2}`.
    fn tail(&self, radius: f64) -> f64 {
        let kappa = if self.corrected { (-self.omega0 * self.omega0 / 2.0).exp() } else { 0.0 };
        NORM * (1.0 + kappa) * (2.0 * PI).sqrt() * libm::erfc(radius * FRAC_1_SQRT_2)
    }

    /// On either side `|psihat|` lies below one Gaussian: around `ω0` above 0; below 0 around `-|w|`'s own `ω0` (that
    /// is `e^{-(|w|+ω0)²/2}`) uncorrected, and `κ e^{-w²/2}` corrected.
    fn spectral_tail(&self, radius: f64) -> f64 {
        if radius < self.omega0 {
            return f64::INFINITY;
        }
        let below = if self.corrected {
            (-self.omega0 * self.omega0 / 2.0).exp() * libm::erfc(radius * FRAC_1_SQRT_2)
        } else {
            libm::erfc((radius + self.omega0) * FRAC_1_SQRT_2)
        };
        NORM * PI * (libm::erfc((radius - self.omega0) * FRAC_1_SQRT_2) + below)
    }
}

/// `S(x) = e^{-x²} ∫_0^x e^{y²} erf(y) dy` for `x > 0`, to a few unit roundoffs.
pub(super) fn scaled_erf_integral(x: f64) -> f64 {
    let square = x * x;
    if x < 7.0 {
        // e^{-x²}/√π · ½ Σ_{k≥1} x^{2k} / (k (1/2)_k): all terms positive, nothing cancels.
        let (mut power, mut sum, mut k) = (1.0, 0.0, 0.0);
        loop {
            k += 1.0;
            power *= square / (k - 0.5);
            let term = power / k;
            sum += term;
            if term <= f64::EPSILON * sum / 16.0 {
                return 0.5 * sum * (-square).exp() / PI.sqrt();
            }
        }
    }
    // erf is 1 here except near 0, where the weight e^{y²-x²} is below 1e-21. What is left is
    // Dawson's integral, by its asymptotic series 1/(2x) Σ (2k-1)!! / (2x²)^k: the terms fall until
    // k = x² ≥ 49, and are below the unit roundoff long before.
    let (mut term, mut sum, mut k) = (1.0, 1.0, 0.0);
    while term > f64::EPSILON / 16.0 {
        term *= (2.0 * k + 1.0) / (2.0 * square);
        sum += term;
        k += 1.0;
    }
    sum / (2.0 * x)
}
