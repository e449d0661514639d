//! Checks on weights that are not negative: rows of attention and the windows of ALiBi.

use rand::RngExt;

use super::{Case, Finding};
use crate::encoding::{alibi_bias, alibi_slopes};
use crate::numeric::{Agreement, Bound, Real, gamma};
use crate::wavelet::{MotherWavelet, Ricker};

/// `u` of `f64`.
const U: f64 = f64::UNIT_ROUNDOFF;

/// `|Σ a_t e^{-iwt}|`.
fn gain(weights: &[f64], frequency: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (t, weight) in weights.iter().enumerate() {
        let (sin, cos) = (frequency * t as f64).sin_cos();
        re += weight * cos;
        im += weight * sin;
    }
    f64::hypot(re, im)
}

/// No gain exceeds that at frequency 0 by more than rounding: a sum of `n` terms, each with an
/// argument of at most `π n` and its product, all relative to the sum of the absolute weights.
fn peaks_at_zero(weights: &[f64], frequencies: impl Iterator<Item = f64>) -> Finding {
    let n = weights.len();
    let size: f64 = weights.iter().map(|weight| weight.abs()).sum();
    let rounding = (gamma(n + 3, U) + std::f64::consts::PI * n as f64 * U) * size;
    let at_zero = gain(weights, 0.0);
    let findings = frequencies.map(|frequency| {
        let elsewhere = gain(weights, frequency);
        Finding::of(Agreement::of(elsewhere, 0.0, Bound::rounding(at_zero + 2.0 * rounding)), || {
            format!("{n} weights have the gain {elsewhere} at {frequency:.4} radians per token and {at_zero} at 0")
        })
    });
    findings.reduce(Finding::and).expect("there is at least one frequency")
}

/// Frequencies of the discrete transform up to the highest, and as many between them.
fn frequencies(n: usize) -> impl Iterator<Item = f64> {
    (1..=n).map(move |k| std::f64::consts::PI * k as f64 / n as f64)
}

/// The softmax of `n` scores that the case draws, so wide apart that some weights nearly vanish.
pub(super) fn attention_row(random: &mut impl rand::Rng, n: usize) -> Vec<f64> {
    softmax((0..n).map(|_| random.random_range(-12.0..12.0)).collect())
}

pub(super) fn softmax(scores: Vec<f64>) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

pub(super) fn nonnegative_weights_peak_at_frequency_zero(case: &Case) -> Finding {
    let n = 2 * case.pairs;
    let mut row = attention_row(&mut case.random(), n);
    // Rows with zeros, as masked keys have, and with another sum.
    row.iter_mut().step_by(3).for_each(|weight| *weight *= f64::from(case.cycles - 1));
    peaks_at_zero(&row, frequencies(n))
}

/// Weights of both signs: a Ricker wavelet of scale 4, whose gain is largest near `√2/4`.
pub(super) fn ricker_weights_peak_at_frequency_zero(_case: &Case) -> Finding {
    let weights: Vec<f64> = (-32..=32).map(|t| Ricker.psi(f64::from(t) / 4.0).re).collect();
    peaks_at_zero(&weights, frequencies(64))
}

/// The weights sum to 0, within the rounding of quotients and sum.
fn sums_to_zero(weights: &[f64], what: impl FnOnce(f64) -> String) -> Finding {
    let n = weights.len();
    let size: f64 = weights.iter().map(|weight| weight.abs()).sum();
    // The normalising sum and this one, a quotient and a difference each, on weights of at most this
    // size before cancellation: two rows of sum 1.
    let bound = Bound::rounding(2.0 * gamma(n + 4, U) * size.max(2.0));
    let sum: f64 = weights.iter().sum();
    Finding::of(Agreement::of(sum, 0.0, bound), || what(sum))
}

pub(super) fn attention_rows_have_zero_mean(case: &Case) -> Finding {
    let n = 2 * case.pairs;
    sums_to_zero(&attention_row(&mut case.random(), n), |sum| format!("a row of {n} weights sums to {sum}"))
}

/// What two rows of the same keys differ by.
pub(super) fn differences_of_attention_rows_have_zero_mean(case: &Case) -> Finding {
    let (n, mut random) = (2 * case.pairs, case.random());
    let (row, other) = (attention_row(&mut random, n), attention_row(&mut random, n));
    let difference: Vec<f64> = row.iter().zip(other).map(|(a, b)| a - b).collect();
    sums_to_zero(&difference, |sum| format!("the difference of two rows of {n} weights sums to {sum}"))
}

/// The weights of each head at each lag where the content says nothing, with the slopes.
fn alibi_windows(case: &Case) -> Vec<(f64, Vec<f64>)> {
    let window = |slope| (slope, softmax(alibi_bias(slope, 16 * case.pairs)));
    alibi_slopes(8 + case.cycles as usize).into_iter().map(window).collect()
}

pub(super) fn alibi_windows_have_zero_mean(case: &Case) -> Finding {
    let findings = alibi_windows(case).into_iter().map(|(slope, window)| {
        sums_to_zero(&window, |sum| format!("slope {slope}: the window over {} lags sums to {sum}", window.len()))
    });
    findings.reduce(Finding::and).expect("there are heads")
}

/// What the windows of two neighbouring heads differ by.
pub(super) fn differences_of_alibi_windows_have_zero_mean(case: &Case) -> Finding {
    let windows = alibi_windows(case);
    let findings = windows.windows(2).map(|pair| {
        let [(slope, window), (other, next)] = pair else { unreachable!("windows of two") };
        let difference: Vec<f64> = window.iter().zip(next).map(|(a, b)| a - b).collect();
        sums_to_zero(&difference, |sum| format!("slopes {slope} and {other}: the difference sums to {sum}"))
    });
    findings.reduce(Finding::and).expect("there are neighbours")
}
