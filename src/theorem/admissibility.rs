//! Checks on the admissibility integral and the spread of the spectrum.

use std::f64::consts::TAU;

use super::finding::attempt;
use super::{Case, Finding};
use crate::numeric::{Agreement, Bound, Real, integrate};
use crate::wavelet::{Gaussian, Haar, HaarLike, Morlet, MotherWavelet, Part, Ricker, WaveletError};

/// The name with its parameters: `morlet (omega0 = 6)`.
pub(super) fn named(wavelet: &dyn MotherWavelet) -> String {
    let parameters: Vec<String> =
        wavelet.parameters().into_iter().map(|(name, value)| format!(" ({name} = {value})")).collect();
    wavelet.name().to_owned() + &parameters.concat()
}

/// `factor · C_psi` of the closed form, beside twice the integral of `|psihat|²/w` over `(0, end)`.
///
/// `psi` is real, so that its power is even. `tail` bounds what lies beyond `end` on both sides.
fn constant(wavelet: &dyn MotherWavelet, power: impl Fn(f64) -> f64, factor: f64, end: f64, tail: f64) -> Finding {
    let Some(c_psi) = wavelet.admissibility().c_psi() else {
        return Finding::Undecided { why: format!("{} has no constant", wavelet.name()) };
    };
    let integral = integrate(|w| 2.0 * power(w) / w, 0.0, end, &[], 1e-9);
    let bound = integral.error + Bound { rounding: 64.0 * f64::UNIT_ROUNDOFF * c_psi, truncation: tail };
    Finding::of(Agreement::of(factor * c_psi, integral.value, bound), || {
        format!("{}: {} stated, {} integrated", named(wavelet), factor * c_psi, integral.value)
    })
}

/// Beyond `A > W` the power is at most `4/(w - W)²`, so that both tails together are at most
/// `8 ∫_A^∞ dw/(w - W)³ = 4/(A - W)²`.
fn haar_like(case: &Case, factor: f64) -> Finding {
    attempt(|| {
        let beyond = 1000.0;
        let end = TAU * f64::from(case.cycles) + beyond;
        let of = |part| -> Result<Finding, Finding> {
            let wavelet = HaarLike::new(case.cycles, part)?;
            // From the transform itself, not from the closed form of its square.
            let power = |w: f64| wavelet.psihat(w).norm_sqr();
            Ok(constant(&wavelet, power, factor, end, 4.0 / (beyond * beyond)))
        };
        Ok(of(Part::Psi)?.and(of(Part::PsiPrime)?))
    })
}

pub(super) fn haar_like_constant_has_a_closed_form(case: &Case) -> Finding {
    haar_like(case, 1.0)
}

/// The one-sided half.
pub(super) fn haar_like_constant_is_one_sided(case: &Case) -> Finding {
    haar_like(case, 0.5)
}

/// `|psihat|² = 16 sin⁴(w/4)/w² ≤ 16/w²`: both tails together are at most `16/A²`.
fn haar(factor: f64) -> Finding {
    let end = 4000.0;
    constant(&Haar, |w| Haar.psihat(w).norm_sqr(), factor, end, 16.0 / (end * end))
}

pub(super) fn haar_constant_is_two_ln_two(_case: &Case) -> Finding {
    haar(1.0)
}

/// The one-sided half.
pub(super) fn haar_constant_is_ln_two(_case: &Case) -> Finding {
    haar(0.5)
}

/// `|psihat|²/w = 2π w³ e^{-w²}`: both tails together are `2π (1 + A²) e^{-A²}`.
fn ricker(factor: f64) -> Finding {
    let end: f64 = 8.0;
    let tail = TAU * (1.0 + end * end) * (-end * end).exp();
    constant(&Ricker, |w| Ricker.psihat(w).norm_sqr(), factor, end, tail)
}

pub(super) fn ricker_constant_is_two_pi(_case: &Case) -> Finding {
    ricker(1.0)
}

/// The constant of the Ricker wavelet of unit energy, without its factor.
pub(super) fn ricker_constant_is_that_of_unit_energy(_case: &Case) -> Finding {
    ricker(Ricker.energy().recip())
}

/// Were `psi` admissible its mean would be 0, and then `|psihat(w)| ≤ M |w|` with `M = ∫ |t psi|`:
/// the part of the admissibility integral over `lowest < |w| < eps` would be at most `M² eps²`.
fn admissible(wavelet: &dyn MotherWavelet, first_moment: f64) -> Finding {
    let (lowest, eps) = (1e-16f64, 1e-8f64);
    let power = |w: f64| wavelet.psihat(w).norm_sqr() + wavelet.psihat(-w).norm_sqr();
    // In ln w the integrand is smooth over the eight decades.
    let integral = integrate(|x| power(x.exp()), lowest.ln(), eps.ln(), &[], 1e-30);
    let bound = integral.error + Bound::truncation((first_moment * eps).powi(2));
    Finding::of(Agreement::of(integral.value, 0.0, bound), || {
        let decades = (eps / lowest).ln();
        format!(
            "{}: over {lowest:e} < |w| < {eps:e} the integral grows by {:.4e} per factor e, and 2 |psihat(0)|² is \
             {:.4e}",
            named(wavelet),
            integral.value / decades,
            2.0 * wavelet.mean().powi(2)
        )
    })
}

/// `∫ |t| e^{-t²} = 1`.
pub(super) fn gaussian_is_admissible(_case: &Case) -> Finding {
    admissible(&Gaussian, 1.0)
}

/// `∫ |t (1 - t²)| e^{-t²/2} = 8 e^{-1/2} - 2 < 3`.
pub(super) fn ricker_is_admissible(_case: &Case) -> Finding {
    admissible(&Ricker, 3.0)
}

/// `π^{-1/4} ∫ |t| e^{-t²/2} = 2 π^{-1/4} < 2`, twice that with the correction; carriers 5 and 6.
fn morlet(case: &Case, build: fn(f64) -> Result<Morlet, WaveletError>) -> Finding {
    attempt(|| Ok(admissible(&build(5.0 + f64::from(case.cycles % 2))?, 4.0)))
}

pub(super) fn uncorrected_morlet_is_admissible(case: &Case) -> Finding {
    morlet(case, Morlet::uncorrected)
}

pub(super) fn corrected_morlet_is_admissible(case: &Case) -> Finding {
    morlet(case, Morlet::corrected)
}

/// The mean of `w² |psihat|²` over `[A, 2A]`, beside this number.
///
/// `w² |psihat|²` differs from `4 sin²(w/2)` by at most `4 ((A/(A - W))² - 1)` beyond `A`, and the mean
/// of the latter from 2 by at most `4/A`.
fn mean_of_weighted_power(case: &Case, expected: f64) -> Finding {
    attempt(|| {
        let turns = f64::from(case.cycles.min(4));
        let peak = TAU * turns;
        let from = 64.0 * peak;
        let deviation = 4.0 * ((from / (from - peak)).powi(2) - 1.0) + 4.0 / from;
        let of = |part| -> Result<Finding, Finding> {
            let wavelet = HaarLike::new(case.cycles.min(4), part)?;
            let weighted = |w: f64| w * w * wavelet.psihat(w).norm_sqr() / from;
            let integral = integrate(weighted, from, 2.0 * from, &[], 1e-6);
            let bound = integral.error + Bound::truncation(deviation);
            Ok(Finding::of(Agreement::of(integral.value, expected, bound), || {
                format!("K = {turns}: the mean of w² |psihat|² over [A, 2A], A = {from:.1}, is {}", integral.value)
            }))
        };
        Ok(of(Part::Psi)?.and(of(Part::PsiPrime)?))
    })
}

pub(super) fn haar_like_frequency_spread_is_infinite(case: &Case) -> Finding {
    mean_of_weighted_power(case, 2.0)
}

/// As if `psi` jumped once.
pub(super) fn haar_like_jumps_once(case: &Case) -> Finding {
    mean_of_weighted_power(case, 1.0)
}
