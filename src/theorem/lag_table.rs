//! Checks on the lag kernels made of wavelets: what sampling, causality and the choice of scales leave
//! of the functions that they are named after.

use std::f64::consts::{PI, SQRT_2, TAU};
use std::sync::LazyLock;

use nalgebra::DMatrix;

use super::{Case, Finding};
use crate::encoding::{Atom, LagSign, Mother, WaveletKernel, dyadic_scales, grid};
use crate::numeric::{Agreement, Bound, Real, gamma, integrate};
use crate::wavelet::{MotherWavelet, Ricker};

/// `u` of `f64`.
const U: f64 = f64::UNIT_ROUNDOFF;

/// `Σ psi(k/a)` over these integers, with its rounding: a term is off by a few roundings of itself and,
/// through the exponent, by `u x²/2` of it.
pub(super) fn ricker_sum(scale: f64, integers: impl Iterator<Item = i64>) -> (f64, f64) {
    let (mut sum, mut size, mut count) = (0.0, 0.0, 0);
    for k in integers {
        let x = k as f64 / scale;
        let term = Mother::Ricker.value(k as f64, scale);
        sum += term;
        size += term.abs() * (1.0 + x * x);
        count += 1;
    }
    (sum, gamma(count + 12, U) * size)
}

/// Beyond this many scales the sum of samples is at most `a · tail(REACH)`, below 1e-40.
const REACH: i64 = 16;

/// `2a Σ_{j=1,2} psihat(2πja)`, and what the aliases beyond add: they fall at least a thousandfold.
fn aliases(scale: f64) -> (f64, f64) {
    let alias = |j: f64| 2.0 * scale * Ricker.psihat(TAU * j * scale).re;
    (alias(1.0) + alias(2.0), 2.0 * alias(3.0))
}

/// The samples at all integers, beside this sum with its truncation.
fn samples_sum_to(scale: f64, expected: f64, truncation: f64) -> Finding {
    let reach = REACH * scale.ceil() as i64;
    let (sum, rounding) = ricker_sum(scale, -reach..=reach);
    let left_out = truncation + scale * Ricker.tail(REACH as f64);
    // psihat has an exponent of up to 2π² 16², which turns each rounding of its argument.
    let closed = gamma(64, U) * expected.abs() * (1.0 + (TAU * scale).powi(2));
    let bound = Bound { rounding: rounding + closed, truncation: left_out };
    Finding::of(Agreement::of(sum, expected, bound), || {
        format!("scale {scale}: the samples at the integers sum to {sum:.6e}, expected {expected:.6e}")
    })
}

pub(super) fn ricker_samples_sum_to_their_aliases(case: &Case) -> Finding {
    let scale = f64::from(case.cycles % 6).exp2() / 2.0;
    let (expected, beyond) = aliases(scale);
    samples_sum_to(scale, expected, beyond)
}

/// At half a token per scale, where the first alias is 0.178.
pub(super) fn ricker_samples_at_half_a_token_sum_to_zero(_case: &Case) -> Finding {
    samples_sum_to(0.5, 0.0, 0.0)
}

/// The column of the kernel at this scale and shift, summed over all lags, beside what is expected of it.
fn causal_sum(case: &Case, expected: impl Fn(f64, f64) -> f64) -> Finding {
    let scale = f64::from(case.cycles % 8).exp2();
    let findings = [0, case.seed % 16].map(|shift| {
        let shift = shift as f64;
        let lags = REACH as usize * scale as usize + 16;
        let kernel = WaveletKernel::new(Mother::Ricker, vec![Atom { scale, shift }], LagSign::Mirrored).table(lags);
        let sum: f64 = kernel.iter().sum();
        let (_, rounding) = ricker_sum(scale, -(shift as i64)..lags as i64 - shift as i64);
        // Euler and Maclaurin's remainder after their first term: ∫|psi''''|/720 a³ ≤ 34/720 a³.
        let remainder = if shift == 0.0 { 0.0 } else { 34.0 / 720.0 / scale.powi(3) };
        let bound = Bound {
            rounding: 2.0 * rounding + 8.0 * U * (1.0 + shift),
            truncation: remainder + scale * Ricker.tail(REACH as f64) + aliases(scale).1,
        };
        let expected = expected(scale, shift);
        Finding::of(Agreement::of(sum, expected, bound), || {
            format!("scale {scale}, shift {shift}: the kernel sums to {sum:.6} over the lags, expected {expected:.6}")
        })
    });
    findings.into_iter().reduce(Finding::and).expect("two shifts")
}

pub(super) fn causal_ricker_sums_to_half_its_centre(case: &Case) -> Finding {
    causal_sum(case, |scale, shift| {
        let x = shift / scale;
        let decay = (-x * x / 2.0).exp();
        let (value, slope) = ((1.0 - x * x) * decay, x * (x * x - 3.0) * decay);
        (aliases(scale).0 + value) / 2.0 + shift * decay + slope / (12.0 * scale)
    })
}

/// As if the past alone had the mean of the line.
pub(super) fn causal_ricker_sums_to_zero(case: &Case) -> Finding {
    causal_sum(case, |_, _| 0.0)
}

/// The column of the Haar kernel, whose entries are 0, 1 and -1: the sum is exact.
fn haar_sum(scale: f64, shift: f64) -> Finding {
    let atoms = vec![Atom { scale, shift }];
    let kernel = WaveletKernel::new(Mother::Haar, atoms, LagSign::Mirrored).table((scale + shift) as usize + 2);
    let sum: f64 = kernel.iter().sum();
    let taps = kernel.iter().filter(|tap| **tap != 0.0).count();
    Finding::of(Agreement::of(sum, 0.0, Bound::EXACT), || {
        format!("scale {scale}, shift {shift}: {taps} nonzero tap, at lag {}, and the sum is {sum}", shift + 1.0)
    })
}

pub(super) fn haar_kernel_at_scale_one_has_zero_mean(case: &Case) -> Finding {
    haar_sum(1.0, (case.seed % 16) as f64)
}

/// Scales 2 to 128.
pub(super) fn haar_kernel_at_larger_scales_has_zero_mean(case: &Case) -> Finding {
    haar_sum(f64::from(1 + case.cycles % 7).exp2(), (case.seed % 16) as f64)
}

/// Where `(x² - 1) e^{-x²/2}` falls below 1e-3 for good.
pub(super) const RICKER_REACH: f64 = 4.435_004_854_991_733;

/// The last lag at which an entry is at least 1e-3, beside `⌊b + reach · a⌋`.
fn ends_at(case: &Case, mother: Mother, reach: f64) -> Finding {
    let scale = f64::from(case.cycles % 8).exp2();
    let shift = (case.seed % 16) as f64;
    let kernel = WaveletKernel::new(mother, vec![Atom { scale, shift }], LagSign::Mirrored).table(800);
    let last = kernel.iter().rposition(|entry| entry.abs() >= 1e-3).map_or(-1.0, |lag| lag as f64);
    let expected = (shift + reach * scale).floor();
    Finding::of(Agreement::of(last, expected, Bound::EXACT), || {
        format!("scale {scale}, shift {shift}: the last entry of at least 1e-3 is at lag {last}, expected {expected}")
    })
}

pub(super) fn ricker_kernel_ends_at_its_reach(case: &Case) -> Finding {
    ends_at(case, Mother::Ricker, RICKER_REACH)
}

/// The Gaussian's `√ln 1000`, to which the Ricker function does not keep.
pub(super) fn ricker_kernel_ends_at_the_gaussians_reach(case: &Case) -> Finding {
    ends_at(case, Mother::Ricker, 1000f64.ln().sqrt())
}

/// Singular values of the paper's kernel over 512 lags, relative to the largest.
fn singular_values(mother: Mother) -> Vec<f64> {
    let kernel = WaveletKernel::new(mother, grid(&dyadic_scales(0, 8), 16), LagSign::Mirrored).table(512);
    // The triangular factor has the singular values of the whole.
    let mut values = DMatrix::from_row_slice(512, 128, &kernel).qr().r().singular_values().as_slice().to_vec();
    values.sort_by(|a, b| b.total_cmp(a));
    let largest = values[0];
    values.iter().map(|value| value / largest).collect()
}

static SPECTRA: LazyLock<[Vec<f64>; 2]> = LazyLock::new(|| [Mother::Ricker, Mother::Gaussian].map(singular_values));

/// The rank at these thresholds: the margin of the two values around each, beside the error of a stable
/// factorisation, `p(n) u` of the largest, with `8 · 512` for the polynomial.
fn rank(kernel: usize, name: &str, expected: [(f64, usize); 3]) -> Finding {
    let values = &SPECTRA[kernel];
    let findings = expected.map(|(threshold, rank)| {
        let margin = (values[rank - 1] - threshold).min(threshold - values.get(rank).unwrap_or(&0.0)).max(0.0);
        Finding::of(Agreement::of(8.0 * 512.0 * U, 0.0, Bound::rounding(margin)), || {
            let found = values.iter().filter(|value| **value > threshold).count();
            format!("{name}: {found} of 128 singular values are above {threshold:e} of the largest, not {rank}")
        })
    });
    findings.into_iter().reduce(Finding::and).expect("three thresholds")
}

pub(super) fn ricker_kernel_has_numerical_rank_29(_case: &Case) -> Finding {
    let ricker = rank(0, "Ricker", [(1e-3, 29), (1e-6, 40), (1e-10, 53)]);
    ricker.and(rank(1, "Gaussian", [(1e-3, 25), (1e-6, 35), (1e-10, 47)]))
}

/// One direction per atom.
pub(super) fn ricker_kernel_has_full_numerical_rank(_case: &Case) -> Finding {
    rank(0, "Ricker", [(1e-3, 128), (1e-6, 128), (1e-10, 128)])
}

/// `Σ_s |amplitude(a) a psihat(aw)|²`, `a = 2^0..2^7`, on `[low, high]`: the largest over the smallest.
fn evenness(low: f64, high: f64, amplitude: fn(f64) -> f64) -> f64 {
    let points = 512;
    let energies = (0..=points).map(|i| {
        let w = low * (high / low).powf(f64::from(i) / f64::from(points));
        (0..8).map(|s| f64::from(s).exp2()).map(|a| (amplitude(a) * a * Ricker.psihat(a * w).re).powi(2)).sum::<f64>()
    });
    let (least, most) = energies.fold((f64::INFINITY, 0.0f64), |(least, most), e| (least.min(e), most.max(e)));
    most / least
}

/// Even: to within 0.35, where the evenest of these sums differs by 0.333.
fn even(low: f64, high: f64, amplitude: fn(f64) -> f64) -> Finding {
    let ratio = evenness(low, high, amplitude);
    Finding::of(Agreement::of(ratio, 1.0, Bound::truncation(0.35)), || {
        format!(
            "between {low:.4} and {high:.4} radians per token the energies of the eight scales differ {ratio:.3e}-fold"
        )
    })
}

/// Over all frequencies that 512 tokens resolve, at the paper's equal amplitudes.
pub(super) fn equal_amplitudes_cover_frequencies_evenly(_case: &Case) -> Finding {
    even(TAU / 512.0, PI, |_| 1.0)
}

/// Between the peaks of the first and the last scale, at amplitudes of `1/a`.
pub(super) fn reciprocal_amplitudes_cover_frequencies_evenly(_case: &Case) -> Finding {
    even(SQRT_2 / 128.0, SQRT_2, f64::recip)
}

/// The integral of `e^{-(t/a)²} (cos t - mean)`, which has tails of `2 a e^{-R²}` beyond `R a`.
fn carrier_mean(case: &Case, correction: fn(f64) -> f64) -> Finding {
    let scale = f64::from(case.cycles % 4).exp2();
    let reach: f64 = 7.0;
    let value = |t: f64| Mother::Morlet.value(t, scale) - correction(scale) * Mother::Gaussian.value(t, scale);
    let integral = integrate(value, -reach * scale, reach * scale, &[0.0], 1e-13);
    let bound = integral.error + Bound::truncation(2.0 * scale * (-reach * reach).exp());
    Finding::of(Agreement::of(integral.value, 0.0, bound), || {
        format!("scale {scale}: the integral is {:.6e}", integral.value)
    })
}

pub(super) fn fixed_carrier_morlet_has_zero_mean(case: &Case) -> Finding {
    carrier_mean(case, |_| 0.0)
}

/// With the Gaussian taken off that cancels the mean at this scale: `e^{-a²/4}` of it.
pub(super) fn corrected_fixed_carrier_morlet_has_zero_mean(case: &Case) -> Finding {
    carrier_mean(case, |scale| (-scale * scale / 4.0).exp())
}
