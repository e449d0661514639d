//! Checks on power spectra of rows: how noise splits over bands, and what selectivity counts.

use std::f64::consts::TAU;

use super::finding::attempt;
use super::windows::attention_row;
use super::{Case, Finding};
use crate::numeric::{Agreement, Bound, Real, compare, gamma};
use crate::signal::{PowerSpectrum, Sides, SignalError};

/// `u` of `f64`.
const U: f64 = f64::UNIT_ROUNDOFF;

/// Relative error of a transform of `n` points, as [`PowerSpectrum`] states it.
pub(super) fn spectrum_error(n: usize) -> f64 {
    10.0 * (1.0 + (n as f64).log2()) * U
}

/// Shares of the low, middle and high band: edges at 1/8 and 3/8 of a turn per token, `n` divisible by 8, bins on
/// an edge counted half in either. `weight` says how often bin `k` of `0..=n/2` counts.
fn shares(power: &[f64], weight: impl Fn(usize) -> f64) -> [f64; 3] {
    let n = power.len();
    let mut sums = [0.0; 3];
    for (k, power) in power[..=n / 2].iter().enumerate() {
        let power = weight(k) * power;
        match (8 * k).cmp(&n) {
            std::cmp::Ordering::Less => sums[0] += power,
            std::cmp::Ordering::Equal => {
                sums[0] += power / 2.0;
                sums[1] += power / 2.0;
            }
            std::cmp::Ordering::Greater => match (8 * k).cmp(&(3 * n)) {
                std::cmp::Ordering::Less => sums[1] += power,
                std::cmp::Ordering::Equal => {
                    sums[1] += power / 2.0;
                    sums[2] += power / 2.0;
                }
                std::cmp::Ordering::Greater => sums[2] += power,
            },
        }
    }
    let total: f64 = sums.iter().sum();
    sums.map(|sum| sum / total)
}

/// How often bin `k` stands in a spectrum of both sides.
fn two_sided(n: usize) -> impl Fn(usize) -> f64 {
    move |k| if k == 0 || 2 * k == n { 1.0 } else { 2.0 }
}

/// The product in the field of `2^order` elements, `order` 3, 4 or 5.
fn product(order: u32, a: usize, b: usize) -> usize {
    let modulus = [0b1011, 0b1_0011, 0b10_0101][order as usize - 3];
    (0..order).rev().fold(0, |sum, bit| {
        let doubled = sum << 1;
        let reduced = if doubled >> order == 1 { doubled ^ modulus } else { doubled };
        if b >> bit & 1 == 1 { reduced ^ a } else { reduced }
    })
}

/// The mean of the shares over the affine permutations `t → ut + v` of the field, `u ≠ 0`: these take any two keys to
/// any two places equally often, as all permutations do, and a power is a sum over two keys.
fn mean_shares(row: &[f64], weight: impl Fn(usize) -> f64) -> Result<[f64; 3], SignalError> {
    let n = row.len();
    let spectrum = PowerSpectrum::new(n)?;
    let mut sums = [0.0; 3];
    for u in 1..n {
        for v in 0..n {
            let mut shuffled = vec![0.0; n];
            row.iter().enumerate().for_each(|(t, weight)| shuffled[product(n.ilog2(), u, t) ^ v] = *weight);
            let shares = shares(&spectrum.of(&shuffled, Sides::Two)?, &weight);
            sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
        }
    }
    Ok(sums.map(|sum| sum / (n * (n - 1)) as f64))
}

/// `n Σ a² / (Σ a)² = 1 + c`.
fn one_plus_variation(row: &[f64]) -> f64 {
    let sum: f64 = row.iter().sum();
    row.len() as f64 * row.iter().map(|weight| weight * weight).sum::<f64>() / (sum * sum)
}

/// What the statement says of shares.
fn split(n: usize, one_plus_c: f64) -> [f64; 3] {
    let (n, c) = (n as f64, one_plus_c - 1.0);
    let each = c / (n - 1.0);
    [1.0 + each * (n / 4.0 - 1.0), each * n / 2.0, each * n / 4.0].map(|power| power / one_plus_c)
}

/// Shares carry twice the error of the transform in numerator and denominator, `1 + c` that of its sums; the mean is
/// over at most 992 shares of at most 1.
fn share_error(n: usize) -> f64 {
    5.0 * spectrum_error(n) + gamma(2 * n + 8, U) + gamma(n * n, U)
}

fn shuffled_split(case: &Case, weight: impl Fn(usize) -> f64, n: usize) -> Finding {
    attempt(|| {
        let row = attention_row(&mut case.random(), n);
        let one_plus_c = one_plus_variation(&row);
        let (found, expected) = (mean_shares(&row, weight)?, split(n, one_plus_c));
        Ok(Finding::of(compare(&found, &expected, Bound::rounding(share_error(n))), || {
            format!("{n} keys, c = {:.4}: the mean shares are {found:.4?}, expected {expected:.4?}", one_plus_c - 1.0)
        }))
    })
}

/// 8, 16 or 32 keys.
fn keys(case: &Case) -> usize {
    8 << (case.cycles % 3)
}

pub(super) fn shuffled_rows_split_as_they_vary(case: &Case) -> Finding {
    shuffled_split(case, two_sided(keys(case)), keys(case))
}

/// Sums over the bins `0..=N/2`, in which frequency 0 counts twice as much.
pub(super) fn shuffled_rows_split_as_they_vary_on_one_side(case: &Case) -> Finding {
    shuffled_split(case, |_| 1.0, keys(case))
}

/// Expected power of a Dirichlet row of `n` keys and one parameter: from `E a²` and `E ab`, summed over all pairs.
fn dirichlet_split(case: &Case, parameter: f64) -> Finding {
    let n = 8 * (1 + case.pairs % 16);
    let total = parameter * n as f64;
    let [square, mixed] = [parameter + 1.0, parameter].map(|factor| parameter * factor / (total * (total + 1.0)));
    let power = |k: usize| {
        let cosines = (1..n).map(|lag| (n - lag) as f64 * (TAU * (k * lag % n) as f64 / n as f64).cos());
        n as f64 * square + 2.0 * mixed * cosines.sum::<f64>()
    };
    let found = shares(&(0..n).map(power).collect::<Vec<_>>(), two_sided(n));
    // Sums of n terms whose sizes add to less than 1, at n bins whose powers add to more than 1.
    let bound = Bound::rounding(2.0 * n as f64 * gamma(n + 16, U));
    Finding::of(compare(&found, &[0.625, 0.25, 0.125], bound), || {
        format!("{n} keys, parameter {parameter}: the expected power splits {found:.4?}")
    })
}

pub(super) fn flat_dirichlet_power_splits_five_two_one(case: &Case) -> Finding {
    dirichlet_split(case, 1.0)
}

/// Of the parameter 2, whose weights vary less.
pub(super) fn every_dirichlet_power_splits_five_two_one(case: &Case) -> Finding {
    dirichlet_split(case, 2.0)
}

/// The published ranges of the low, middle and high band.
const PUBLISHED: [[f64; 2]; 3] = [[0.6, 0.8], [0.15, 0.25], [0.05, 0.15]];

/// The mean shares of a row whose keys are shuffled lie outside of the published ranges: by how much stands as bound,
/// and their rounding as error.
fn lies_beyond(row: &[f64]) -> Finding {
    attempt(|| {
        let n = row.len();
        let found = mean_shares(row, two_sided(n))?;
        let outside = |(share, [least, most]): (&f64, &[f64; 2])| (least - share).max(share - most).max(0.0);
        let distance = found.iter().zip(&PUBLISHED).map(outside).fold(0.0, f64::max);
        Ok(Finding::of(Agreement::of(share_error(n), 0.0, Bound::rounding(distance)), || {
            let c = one_plus_variation(row) - 1.0;
            format!(
                "{n} shuffled keys with c = {c:.3} have the mean shares {found:.3?}, inside of the published ranges"
            )
        }))
    })
}

/// Half of the keys above the mean and half below, by the square root of `c` in `[0.5, 0.9]`.
pub(super) fn published_band_shares_lie_beyond_noise(case: &Case) -> Finding {
    let deviation = (0.5 + 0.4 * case.phase.rem_euclid(TAU) / TAU).sqrt();
    let row: Vec<f64> = (0..32).map(|t| if t % 2 == 0 { 1.0 + deviation } else { 1.0 - deviation }).collect();
    lies_beyond(&row)
}

/// Four keys of 32 share the row, so that `c = 7`.
pub(super) fn published_band_shares_lie_beyond_uneven_noise(_case: &Case) -> Finding {
    let row: Vec<f64> = (0..32).map(|t| if t < 4 { 1.0 } else { 0.0 }).collect();
    lies_beyond(&row)
}

/// `1/S` of a row followed by zeros to `padding` times its length, beside `padding` times `1 + c`, less 1.
fn selectivity(case: &Case, expected_padding: impl Fn(usize) -> usize) -> Finding {
    attempt(|| {
        let n = 2 * case.pairs;
        let padding = 1 + case.cycles as usize % 8;
        let mut row = attention_row(&mut case.random(), n);
        let one_plus_c = one_plus_variation(&row);
        row.resize(padding * n, 0.0);
        let power = PowerSpectrum::new(row.len())?.of(&row, Sides::Two)?;
        let (sum, largest) = power.iter().fold((0.0, 0.0f64), |(sum, most), p| (sum + p, most.max(*p)));
        let (found, expected) = ((sum - largest) / largest, expected_padding(padding) as f64 * one_plus_c - 1.0);
        let size = padding as f64 * one_plus_c;
        // Sum and peak carry twice the error of the transform, the peak at frequency 0 relative to the sum.
        let error = 5.0 * size.sqrt() * spectrum_error(padding * n) + gamma(padding * n + n + 8, U);
        Ok(Finding::of(Agreement::of(found, expected, Bound::rounding(size * error)), || {
            format!("{n} keys padded {padding}-fold: 1/S = {found:.6}, expected {expected:.6}")
        }))
    })
}

pub(super) fn selectivity_is_one_over_the_squared_variation(case: &Case) -> Finding {
    selectivity(case, |padding| padding)
}

/// As if padding did not matter.
pub(super) fn selectivity_does_not_depend_on_padding(case: &Case) -> Finding {
    selectivity(case, |_| 1)
}
