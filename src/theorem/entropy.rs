//! Checks on the entropies of a row and of a spectrum: which pair obeys the entropic uncertainty relation, and
//! what their correlation is where nothing was learned.

use std::f64::consts::TAU;

use rand::RngExt;

use super::bands::spectrum_error;
use super::finding::attempt;
use super::windows::{attention_row, softmax};
use super::{Case, Finding};
use crate::encoding::{alibi_bias, alibi_slopes};
use crate::numeric::{Agreement, Bound, Real, gamma};
use crate::signal::{PowerSpectrum, Sides, SignalError};

/// `u` of `f64`.
const U: f64 = f64::UNIT_ROUNDOFF;

/// `-Σ p ln p` in nats, of weights divided by their sum.
fn entropy(weights: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    let terms = weights.iter().map(|weight| weight / sum).filter(|p| *p > 0.0);
    -terms.map(|p| p * p.ln()).sum::<f64>()
}

/// Two distributions of `n` points that differ by at most `e` in each: as `η(x) = -x ln x` changes by at most `η(e)`
/// over a distance `e ≤ 1/e`, their entropies differ by at most `n η(e)`. The points of a spectrum differ by twice the
/// relative error of the transform, those of a row by less.
fn entropy_error(n: usize) -> f64 {
    let e = 3.0 * spectrum_error(n);
    n as f64 * -e * e.ln() + 2.0 * gamma(n + 4, U) * (n as f64).ln()
}

/// The power at all bins, the first half repeated backwards.
fn power(signal: &[f64], sides: Sides) -> Result<Vec<f64>, SignalError> {
    let mut bins = PowerSpectrum::new(signal.len())?.of(signal, Sides::Two)?;
    if sides == Sides::One {
        // The bins as they come from a transform of real numbers: none stands for two.
        bins.truncate(signal.len() / 2 + 1);
    }
    Ok(bins)
}

/// Two entropies reach `ln n`, up to rounding: `ln n` stands as error, and their sum as bound.
fn reaches(n: usize, of_row: f64, of_spectrum: f64) -> Finding {
    let sum = of_row + of_spectrum;
    let needed = (n as f64).ln();
    Finding::of(Agreement::of(needed, 0.0, Bound::rounding(sum + 2.0 * entropy_error(n))), || {
        format!(
            "{n} keys: the entropies {of_row:.4} and {of_spectrum:.4} sum to {sum:.4}, less than ln {n} = {needed:.4}"
        )
    })
}

fn roots(row: &[f64]) -> Vec<f64> {
    row.iter().map(|weight| weight.sqrt()).collect()
}

/// A row of `n` scores so wide apart that some weights nearly vanish, with part of its mass on key 0.
fn row_with_sink(case: &Case, n: usize) -> Vec<f64> {
    let mut random = case.random();
    let sink = f64::from(case.cycles % 4) * random.random_range(0.0..0.3);
    let mut row: Vec<f64> = attention_row(&mut random, n).iter().map(|weight| (1.0 - sink) * weight).collect();
    row[0] += sink;
    row
}

pub(super) fn entropies_of_row_and_root_spectrum_reach_ln_n(case: &Case) -> Finding {
    attempt(|| {
        let row = row_with_sink(case, 2 * case.pairs);
        Ok(reaches(row.len(), entropy(&row), entropy(&power(&roots(&row), Sides::Two)?)))
    })
}

/// Over the bins `0..=N/2` alone: a row that sees one key has the entropies 0 and `ln(N/2 + 1)`.
pub(super) fn entropies_over_half_the_bins_reach_ln_n(case: &Case) -> Finding {
    attempt(|| {
        let mut row = vec![0.0; 2 * case.pairs];
        row[0] = 1.0;
        Ok(reaches(row.len(), entropy(&row), entropy(&power(&roots(&row), Sides::One)?)))
    })
}

/// A comb of so many equal teeth, some of them broken out, `spacing` apart.
fn comb(case: &Case, broken: usize) -> Finding {
    attempt(|| {
        let (teeth, spacing) = (3 + case.cycles as usize, case.pairs);
        let n = teeth * spacing;
        let mut row = vec![0.0; n];
        let offset = (case.seed % spacing as u64) as usize;
        row.iter_mut().skip(offset).step_by(spacing).skip(broken).for_each(|weight| *weight = 1.0);
        let entropies = (entropy(&row), entropy(&power(&roots(&row), Sides::Two)?));
        let bound = Bound::rounding(2.0 * entropy_error(n));
        Ok(Finding::of(Agreement::of(entropies.0 + entropies.1, (n as f64).ln(), bound), || {
            format!("{n} keys, {} teeth {spacing} apart: the entropies are {entropies:?}", teeth - broken)
        }))
    })
}

pub(super) fn combs_reach_the_entropic_bound(case: &Case) -> Finding {
    comb(case, 0)
}

/// With the first tooth broken out.
pub(super) fn broken_combs_reach_the_entropic_bound(case: &Case) -> Finding {
    comb(case, 1)
}

pub(super) fn entropies_of_row_and_its_spectrum_reach_ln_n(case: &Case) -> Finding {
    attempt(|| {
        let row = row_with_sink(case, 2 * case.pairs);
        Ok(reaches(row.len(), entropy(&row), entropy(&power(&row, Sides::Two)?)))
    })
}

/// A row that has most of its mass on key 0, and the rest evenly on all keys.
fn sink_row(case: &Case) -> Vec<f64> {
    let n = 8 * case.pairs;
    let sink = 0.5 + 0.49 * case.phase.rem_euclid(TAU) / TAU;
    let mut row = vec![(1.0 - sink) / n as f64; n];
    row[0] += sink;
    row
}

/// The row, and the bins `0..=N/2` of the row under Hann's window, which takes key 0 away.
pub(super) fn published_entropies_reach_ln_n(case: &Case) -> Finding {
    attempt(|| {
        let row = sink_row(case);
        let turn = TAU / row.len() as f64;
        let window = (0..row.len()).map(|t| 0.5 - 0.5 * (turn * t as f64).cos());
        let tapered: Vec<f64> = row.iter().zip(window).map(|(weight, window)| weight * window).collect();
        Ok(reaches(row.len(), entropy(&row), entropy(&power(&tapered, Sides::One)?)))
    })
}

/// The same rows without window, over all bins.
pub(super) fn entropies_of_sinks_and_their_spectra_reach_ln_n(case: &Case) -> Finding {
    attempt(|| {
        let row = sink_row(case);
        Ok(reaches(row.len(), entropy(&row), entropy(&power(&row, Sides::Two)?)))
    })
}

/// Entropy of the content-free row of each slope of ALiBi, and another number of the same row.
fn covariance_with_entropy(case: &Case, other: fn(&[f64]) -> Result<f64, SignalError>) -> Finding {
    attempt(|| {
        let n = 16 * case.pairs;
        let slopes = alibi_slopes(8 + case.cycles as usize);
        let rows = slopes.iter().map(|slope| softmax(alibi_bias(*slope, n)));
        let values = rows.map(|row| Ok((entropy(&row), other(&row)?))).collect::<Result<Vec<_>, SignalError>>()?;
        let count = values.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| values.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|pair| pair.0), mean(|pair| pair.1));
        let product = |f: fn(f64, f64) -> f64| values.iter().map(|v| f(v.0 - x, v.1 - y)).sum::<f64>() / count;
        let covariance = product(|a, b| a * b);
        let correlation = covariance / (product(|a, _| a * a) * product(|_, b| b * b)).sqrt();
        // Both factors are off by an error of entropies each, and at most ln n.
        let bound = Bound::rounding(4.0 * entropy_error(n) * (n as f64).ln());
        Ok(Finding::of(Agreement::of(covariance.min(0.0), 0.0, bound), || {
            format!("the rows of {} untrained ALiBi heads over {n} lags have rho = {correlation:.3}", values.len())
        }))
    })
}

pub(super) fn negative_entropy_correlation_needs_learning(case: &Case) -> Finding {
    covariance_with_entropy(case, |row| Ok(entropy(&power(row, Sides::Two)?)))
}

/// With the entropy of the squared weights in the place of that of the spectrum.
pub(super) fn entropies_of_weights_and_squares_rise_together(case: &Case) -> Finding {
    covariance_with_entropy(case, |row| Ok(entropy(&row.iter().map(|weight| weight * weight).collect::<Vec<_>>())))
}
