use std::fmt::Debug;

use num_complex::Complex64;

/// A function on the line that is, or is said to be, a mother wavelet, in closed form.
///
/// Conventions: `psihat(w) = ∫ psi(t) e^{-iwt} dt`; everything is unnormalised as the formula of
/// the implementing type says, so that no factor is implied. All numbers of this trait are closed
/// forms; quadrature only confirms them, in the tests.
pub trait MotherWavelet: Debug + Send + Sync {
    /// The field's name, in the program's spelling: `ricker`, `haar-like`.
    fn name(&self) -> &'static str;

    /// The parameters with their values, in the order of the constructor: `[("omega0", 6.0)]`.
    fn parameters(&self) -> Vec<(&'static str, f64)>;

    /// `psi(t)`.
    fn psi(&self, t: f64) -> Complex64;

    /// `psihat(omega)`, `omega` in radians per unit time.
    fn psihat(&self, omega: f64) -> Complex64;

    /// Whether `psi` is real everywhere.
    fn is_real(&self) -> bool;

    /// Whether `psihat(omega) = 0` exactly for every `omega < 0`.
    fn is_analytic(&self) -> bool;

    /// `∫ psi`, which is `psihat(0)`.
    fn mean(&self) -> f64;

    /// `∫ |psi|²`.
    fn energy(&self) -> f64;

    /// The interval outside of which `psi` vanishes exactly, or `None` if it has tails.
    fn support(&self) -> Option<(f64, f64)>;

    /// `psi'(t)`, where it is known: what instantaneous frequencies are read from.
    fn derivative(&self, _t: f64) -> Option<Complex64> {
        None
    }

    /// [`MotherWavelet::tail`] of `psi'`.
    fn derivative_tail(&self, _radius: f64) -> f64 {
        f64::INFINITY
    }

    /// Where `|psihat|` peaks on `omega ≥ 0`, in cycles per unit time.
    ///
    /// This is the peak for amplitude (`l1`) normalised transforms. It is 0 for a low-pass function.
    fn centre_frequency(&self) -> f64;

    /// Whether `C_psi = ∫_R |psihat|²/|w| dw` is finite, and its value or the reason why not.
    fn admissibility(&self) -> Admissibility;

    /// Standard deviation of `t` under `|psi|²/energy`.
    fn time_spread(&self) -> f64;

    /// Standard deviation of `omega` (radians per unit time) under `|psihat|²/(2π energy)`, over the
    /// whole line (two-sided); infinite for a discontinuous `psi`.
    fn frequency_spread(&self) -> f64;

    /// `time_spread · frequency_spread`, at least 1/2 (Heisenberg); infinite where a spread is.
    fn uncertainty_product(&self) -> f64 {
        self.time_spread() * self.frequency_spread()
    }

    /// Points where `psi` or its derivative jumps: where a quadrature must be cut.
    fn breaks(&self) -> Vec<f64> {
        Vec::new()
    }

    /// The e-folding time: how far from an edge, in units of the scale, the edge still matters.
    ///
    /// It is the lag at which the envelope of `|psi|²` has fallen by `e^{-2}` [torrence1998,
    /// Section 3g]; for a compact support, its farther end. Where nothing better is published it
    /// is `2 · time_spread`, which is the same number for a Gaussian envelope.
    fn e_folding_time(&self) -> f64 {
        self.support().map_or_else(|| 2.0 * self.time_spread(), |(a, b)| a.abs().max(b.abs()))
    }

    /// An upper bound on `∫_{|t| ≥ radius} E(t) dt` for some envelope `E ≥ |psi|` that does not
    /// grow with `|t|` beyond `radius`; infinite where no such bound is known.
    ///
    /// It is what a sum of samples that stops at `radius` leaves out:
    /// `Σ_{|k| > a·radius} |psi(k/a)| ≤ a · tail(radius)` for integer `k`.
    fn tail(&self, radius: f64) -> f64 {
        match self.support() {
            Some((a, b)) if radius >= a.abs().max(b.abs()) => 0.0,
            _ => f64::INFINITY,
        }
    }

    /// The same for the spectrum: a bound on `∫_{|omega| ≥ radius} |psihat|`, or infinity.
    ///
    /// A transform needs it of a wavelet whose tails in time are too heavy for [`MotherWavelet::tail`], and where
    /// daughters overlap themselves around a periodic signal.
    fn spectral_tail(&self, _radius: f64) -> f64 {
        f64::INFINITY
    }

    /// `Σ_{l ≥ first} psi(direction · l/scale)` for `direction` ±1 and `first ≥ 1`, where it is known in closed form.
    ///
    /// Needed only of a wavelet whose tails are too heavy for [`MotherWavelet::tail`]: it is what a constant beyond
    /// the end of a signal is multiplied by. There is none where the sum has no limit.
    fn tail_sum(&self, _scale: f64, _first: u64, _direction: f64) -> Option<Complex64> {
        None
    }

    /// [`MotherWavelet::tail_sum`] of `psi'`.
    fn derivative_tail_sum(&self, _scale: f64, _first: u64, _direction: f64) -> Option<Complex64> {
        None
    }

    /// A number that tells apart wavelets of one name and the same parameters that differ; 0 where none do.
    fn identity(&self) -> u64 {
        0
    }
}

/// Terms of a tail sum that are added up before the rest is known by other means: more is an error, not a wait.
pub(super) const MAX_TERMS: f64 = (1u64 << 22) as f64;

/// The verdict on `C_psi = ∫_R |psihat(w)|²/|w| dw`, two-sided.
#[derive(Debug, Clone, PartialEq)]
pub enum Admissibility {
    /// The integral converges to `c_psi`.
    Admissible {
        /// Its two-sided value.
        c_psi: f64,
    },
    /// The integral diverges.
    NotAdmissible {
        /// Why, in a sentence.
        reason: String,
        /// How: with the frequencies `|w| < eps` left out, the integral grows as
        /// `coefficient · ln(1/eps)`; the coefficient is `2 |psihat(0)|²`.
        log_coefficient: f64,
    },
}

impl Admissibility {
    /// The verdict on a function whose mean is not 0, with the rate at which its integral diverges.
    pub(super) fn nonzero_mean(mean: f64) -> Self {
        Self::NotAdmissible {
            reason: format!(
                "its mean is {mean:.6e}, not 0: |psihat|²/|w| behaves as |psihat(0)|²/|w| near 0, so that the integral \
                 over |w| >= eps grows as 2 |psihat(0)|² ln(1/eps)"
            ),
            log_coefficient: 2.0 * mean * mean,
        }
    }

    /// The constant, or `None` where there is none.
    pub fn c_psi(&self) -> Option<f64> {
        match self {
            Self::Admissible { c_psi } => Some(*c_psi),
            Self::NotAdmissible { .. } => None,
        }
    }
}
