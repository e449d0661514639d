//! Checks on products of spreads in time and in frequency.

use std::f64::consts::PI;

use super::{Case, Finding};
use crate::numeric::{Agreement, Bound, Real, integrate};
use crate::wavelet::{Gaussian, MotherWavelet, Ricker};

/// Which frequencies a spread is over.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line {
    /// All of them, about 0.
    Whole,
    /// The positive ones, about their mean.
    Positive,
}

/// Spread in time times spread in frequency, by quadrature of `|psi|²` and `|psihat|²`, beside this number.
fn product(wavelet: &dyn MotherWavelet, line: Line, expected: f64) -> Finding {
    // Both functions are below e^(-x²/4) x², and their squares below 1e-29 of the integral from here on.
    let reach: f64 = 12.0;
    let time = |t: f64| wavelet.psi(t).norm_sqr();
    let frequency = |w: f64| wavelet.psihat(w).norm_sqr();
    let moment = |density: &dyn Fn(f64) -> f64, first: f64, power: i32| {
        let integral = integrate(|x| x.powi(power) * density(x), first, reach, &[0.0], 1e-13);
        (integral.value, integral.error.total())
    };
    let spread = |density: &dyn Fn(f64) -> f64, first: f64| {
        let [(mass, a), (mean, b), (square, c)] = [0, 1, 2].map(|power| moment(density, first, power));
        let (mean, variance) = (mean / mass, square / mass - (mean / mass).powi(2));
        // Relative error of the variance: those of both quotients over what is left of their difference.
        (variance.sqrt(), ((a + c) / mass + 2.0 * mean.abs() * (a + b) / mass) * (1.0 + square / mass) / variance)
    };
    let first = if line == Line::Whole { -reach } else { 0.0 };
    let ((dt, time_error), (dw, frequency_error)) = (spread(&time, -reach), spread(&frequency, first));
    let found = dt * dw;
    let bound =
        Bound { rounding: 64.0 * f64::UNIT_ROUNDOFF * expected, truncation: expected * (time_error + frequency_error) };
    Finding::of(Agreement::of(found, expected, bound), || {
        format!(
            "{}: the spreads are {dt:.6} and {dw:.6}, their product {found:.6}, expected {expected:.6}",
            wavelet.name()
        )
    })
}

pub(super) fn gaussian_spreads_multiply_to_one_half(_case: &Case) -> Finding {
    product(&Gaussian, Line::Whole, 0.5)
}

/// The same of the Ricker function.
pub(super) fn ricker_spreads_multiply_to_one_half(_case: &Case) -> Finding {
    product(&Ricker, Line::Whole, 0.5)
}

/// Two-sided, and one-sided about the mean `8/3√π` of the positive frequencies.
pub(super) fn ricker_spreads_multiply_to_1_708(_case: &Case) -> Finding {
    let one_sided = (7.0f64 / 6.0).sqrt() * (2.5 - 64.0 / (9.0 * PI)).sqrt();
    product(&Ricker, Line::Whole, (35.0f64 / 12.0).sqrt()).and(product(&Ricker, Line::Positive, one_sided))
}

/// The number of both sides for one.
pub(super) fn ricker_spreads_multiply_to_1_708_on_one_side(_case: &Case) -> Finding {
    product(&Ricker, Line::Positive, (35.0f64 / 12.0).sqrt())
}
