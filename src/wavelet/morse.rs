use std::f64::consts::{LN_2, PI};
use std::fmt;

use num_complex::Complex64;

use super::{Admissibility, MotherWavelet, WaveletError};
use crate::numeric::{Bound, Real, gamma};

/// The generalised Morse wavelet of order `beta` and family `gamma`, analytic \[lilly2009\].
///
/// ```text
/// psihat(w) = a w^β e^{-w^γ}  for w > 0, else 0;   a = 2 (eγ/β)^{β/γ},  so that its peak is 2
/// peak at w_p = (β/γ)^{1/γ}
/// ∫|psi|² = a² Γ((2β+1)/γ) / (2πγ 2^{(2β+1)/γ}),   C_psi = a² Γ(2β/γ) / (γ 2^{2β/γ}) (two-sided)
/// ```
///
/// The spreads follow from the same integrals; the time spread is finite for `β > 1/2`.
/// `psi(t)` has no elementary form for general `γ`: see [`Morse::error`].
///
/// # Rounding
/// Gamma functions enter through their logarithms: the relative error of energy, `C_psi` and time
/// spread is a few unit roundoffs of those logarithms, about `u (β/γ) ln(β/γ)`; that of the
/// frequency spread, a difference of moments, is `βγ` times larger.
#[derive(Clone, PartialEq)]
pub struct Morse {
    beta: f64,
    gamma: f64,
    /// `w_p`.
    peak: f64,
    /// The terms of `psi(t) = Σ weight e^{i node t}`, `t ≥ 0`, by increasing `|node|`.
    terms: Vec<Term>,
    error: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Term {
    node: Complex64,
    weight: Complex64,
}

impl Morse {
    /// The Morse wavelet with `0.01 ≤ beta ≤ 10⁴` and `0.1 ≤ gamma ≤ 100`.
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for parameters outside these.
    pub fn new(beta: f64, gamma: f64) -> Result<Self, WaveletError> {
        let out_of_range =
            |parameter, value, expected| Err(WaveletError::OutOfRange { wavelet: "morse", parameter, value, expected });
        if !(0.01..=1e4).contains(&beta) {
            return out_of_range("order (beta)", beta, "a number from 0.01 to 10000");
        }
        if !(0.1..=100.0).contains(&gamma) {
            return out_of_range("gamma", gamma, "a number from 0.1 to 100");
        }
        let (terms, error) = quadrature(beta, gamma);
        Ok(Self { beta, gamma, peak: (beta / gamma).powf(1.0 / gamma), terms, error })
    }

    /// How far [`MotherWavelet::psi`] may lie from the true `psi(t)`, for every `t`.
    ///
    /// `psi(t) = (1/2π) ∫_0^∞ psihat(w) e^{iwt} dw`. With `w = w_p e^z` the integrand decays on both
    /// sides of the real `z` line, and for `t ≥ 0` also on the line `z = x + iθ`, which is taken
    /// instead: there `e^{iwt}` decays with `t` and no longer oscillates faster than it decays.
    /// The trapezoidal rule of step `h` on that line is wrong by at most
    /// `2M / (e^{2πθ/h} - 1)`, where `M` bounds the integral of the modulus on every line between
    /// the real one and `x + 2iθ` [trefethen2014, Theorem 5.1];
    /// `M = (a/2π) Γ(s)/γ cos(2γθ)^{-s}`, `s = (β+1)/γ`. Where the sum stops on either side, the
    /// terms fall at least geometrically. Both are in `truncation`, chosen near `2^-60 |psi(0)|`.
    pub fn error(&self) -> Bound {
        self.error
    }

    /// `Σ weight e^{i node |t|}`.
    fn sum(&self, t: f64, weight: impl Fn(&Term) -> Complex64) -> Complex64 {
        let time = t.abs();
        let mut sum = Complex64::ZERO;
        for term in &self.terms {
            let decay = (-term.node.im * time).exp();
            // Im(node) grows along the list: what follows has underflowed too.
            if decay == 0.0 {
                break;
            }
            sum += weight(term) * Complex64::from_polar(decay, term.node.re * time);
        }
        sum
    }

    /// Of each term of the rule that makes `psi` a geometric series: `weight e^{i node first/a} / (1 - e^{i node/a})`.
    ///
    /// The rule's error stays what it is for the integral of `psihat(w)/|1 - e^{iw/a}|`, whose poles on the real line,
    /// at `w = 2πap`, count as much as the aliases there.
    fn geometric_sum(&self, scale: f64, first: u64, weight: impl Fn(&Term) -> Complex64) -> Complex64 {
        self.sum(first as f64 / scale, |term| -weight(term) / exp_m1(Complex64::I * term.node / scale))
    }

    /// `∫_0^∞ psihat(w)² w^{power} dw`, relative to `a²`, as a logarithm.
    fn ln_moment(&self, power: f64) -> f64 {
        let s = (2.0 * self.beta + power + 1.0) / self.gamma;
        libm::lgamma(s) - s * LN_2 - self.gamma.ln()
    }

    /// `ln a²`.
    fn ln_square_amplitude(&self) -> f64 {
        2.0 * LN_2 + 2.0 * (self.beta / self.gamma) * (1.0 - (self.beta / self.gamma).ln())
    }
}

/// Nodes and weights of the rule that [`Morse::error`] describes, and its error.
fn quadrature(beta: f64, gamma_parameter: f64) -> (Vec<Term>, Bound) {
    let (g, ratio, s) = (gamma_parameter, beta / gamma_parameter, (beta + 1.0) / gamma_parameter);
    let peak = ratio.powf(1.0 / g);
    // The shift θ: wide enough for a fast rule, small enough that neither the weights (which grow
    // by cos(γθ)^{-s}) nor M blow up, and 2θ ≤ π, so that e^{iwt} decays in the whole strip.
    let theta = (2.0 / ((beta + 1.0) * g)).sqrt().min(PI / (5.0 * g)).min(PI / 2.0);
    // |psi(0)| = (a/2π) Γ(s)/γ, in logarithms.
    let ln_value = LN_2 + ratio * (1.0 - ratio.ln()) - (2.0 * PI).ln() + libm::lgamma(s) - g.ln();
    let ln_blowup = -s * (2.0 * g * theta).cos().ln();
    let step = 2.0 * PI * theta / (60.0 * LN_2 + LN_2 + ln_blowup);
    let value = ln_value.exp();

    let term = |x: f64| {
        let z = Complex64::new(x, theta);
        // (β+1) z - (β/γ)(e^{γz} - 1): the logarithm of psihat(w) dw/dz relative to its peak.
        let exponent = (beta + 1.0) * z - ratio * exp_m1(g * z);
        Term { node: peak * z.exp(), weight: peak * step / PI * exponent.exp() }
    };
    // Where |weight| peaks: (β+1) = β cos(γθ) e^{γx}.
    let summit = ((beta + 1.0) / (beta * (g * theta).cos())).ln() / g;
    let floor = term(summit).weight.norm() * f64::EPSILON.powi(2);
    let side = |direction: f64| {
        let mut terms = Vec::new();
        for k in 0.. {
            let next = term(summit + direction * step * (f64::from(k) + 0.5));
            if next.weight.norm() <= floor {
                break;
            }
            terms.push(next);
        }
        terms
    };
    let (mut terms, right) = (side(-1.0), side(1.0));
    // ln|weight| is concave in x: past the last two terms the sum is below a geometric series.
    let rest = |side: &[Term]| {
        let &[.., before, last] = side else { return f64::INFINITY };
        let quotient = last.weight.norm() / before.weight.norm();
        last.weight.norm() * quotient / (1.0 - quotient)
    };
    let cut = rest(&terms) + rest(&right);
    terms.reverse();
    terms.extend(right);

    let size: f64 = terms.iter().map(|term| term.weight.norm()).sum();
    // Relative error of one weight: its exponent is a difference of terms of size up to β|z| and
    // (β/γ)|e^{γz} - 1|, both at most `reach` where the weight matters (it is e^{-exponent}, and
    // below the unit roundoff past 40). e^{iwt} adds |w t| u of phase, but |w t| e^{-Im(w) t} is at
    // most 1/(e sin θ).
    let reach = (beta + 1.0) * (80.0 / ((beta + 1.0) * g).sqrt()).min(40.0 / (beta + 1.0) + 8.0 / g) + 40.0;
    let roundoffs = terms.len() as f64 + 4.0 * reach + 2.0 / theta.sin();
    let bound = Bound {
        rounding: size * gamma(roundoffs.ceil() as usize, f64::UNIT_ROUNDOFF),
        truncation: value * (-60.0 * LN_2).exp() * 1.01 + cut,
    };
    (terms, bound)
}

impl fmt::Debug for Morse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The terms follow from the parameters.
        f.debug_struct("Morse").field("beta", &self.beta).field("gamma", &self.gamma).finish_non_exhaustive()
    }
}

/// `e^z - 1` without cancellation near 0.
pub(super) fn exp_m1(z: Complex64) -> Complex64 {
    let (sin, cos) = z.im.sin_cos();
    let half = (z.im / 2.0).sin();
    Complex64::new(z.re.exp_m1() * cos - 2.0 * half * half, z.re.exp() * sin)
}

impl MotherWavelet for Morse {
    fn name(&self) -> &'static str {
        "morse"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("beta", self.beta), ("gamma", self.gamma)]
    }

    fn psi(&self, t: f64) -> Complex64 {
        let sum = self.sum(t, |Term { weight, .. }| *weight);
        // psihat is real.
        if t < 0.0 { sum.conj() } else { sum }
    }

    /// The same integral with `iw` under it.
    fn derivative(&self, t: f64) -> Option<Complex64> {
        let sum = self.sum(t, |Term { node, weight }| Complex64::I * node * weight);
        Some(if t < 0.0 { -sum.conj() } else { sum })
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        if omega <= 0.0 {
            return Complex64::ZERO;
        }
        let ln_ratio = omega.ln() - self.peak.ln();
        let exponent = self.beta * ln_ratio - self.beta / self.gamma * (self.gamma * ln_ratio).exp_m1();
        (2.0 * exponent.exp()).into()
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
        (self.ln_square_amplitude() + self.ln_moment(0.0)).exp() / (2.0 * PI)
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// `w_p / 2π`.
    fn centre_frequency(&self) -> f64 {
        self.peak / (2.0 * PI)
    }

    fn admissibility(&self) -> Admissibility {
        Admissibility::Admissible { c_psi: (self.ln_square_amplitude() + self.ln_moment(-1.0)).exp() }
    }

    /// `∫|psihat'|² / ∫|psihat|²`, whose three moments reduce to one; infinite for `β ≤ 1/2`.
    fn time_spread(&self) -> f64 {
        if self.beta <= 0.5 {
            return f64::INFINITY;
        }
        let moments = (self.ln_moment(-2.0) - self.ln_moment(0.0)).exp();
        (moments * (1.0 + self.gamma * (2.0 * self.beta - 1.0)) / 4.0).sqrt()
    }

    fn frequency_spread(&self) -> f64 {
        let first = self.ln_moment(1.0) - self.ln_moment(0.0);
        let second = self.ln_moment(2.0) - self.ln_moment(0.0);
        // <w²> - <w>² = <w>² (e^{second - 2 first} - 1)
        first.exp() * (second - 2.0 * first).exp_m1().sqrt()
    }

    /// `√2 P / w_p` with `P = √(βγ)`, the duration of \[lilly2009\]: the lag where the Gaussian
    /// envelope of the same spectral curvature has `|psi|²` down by `e^{-2}`.
    fn e_folding_time(&self) -> f64 {
        (2.0 * self.beta * self.gamma).sqrt() / self.peak
    }

    /// A sum of geometric series.
    fn tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        let sum = self.geometric_sum(scale, first, |Term { weight, .. }| *weight);
        Some(if direction < 0.0 { sum.conj() } else { sum })
    }

    /// The same with `iw` under the integral.
    fn derivative_tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        let sum = self.geometric_sum(scale, first, |Term { node, weight }| Complex64::I * node * weight);
        Some(if direction < 0.0 { -sum.conj() } else { sum })
    }

    /// The incomplete gamma function `(a/γ) Γ(s, r^γ)`, by its first term:
    /// `Γ(s, x) ≤ x^{s-1} e^{-x} · max(1, x/(x-s+1))` for `x > s - 1`.
    fn spectral_tail(&self, radius: f64) -> f64 {
        let (s, x) = ((self.beta + 1.0) / self.gamma, radius.powf(self.gamma));
        if x > s - 1.0 && x > 0.0 {
            let factor = if s > 1.0 { x / (x - s + 1.0) } else { 1.0 };
            self.psihat(radius).re * radius.powf(1.0 - self.gamma) / self.gamma * factor
        } else {
            f64::INFINITY
        }
    }
}
