//! Checks on the score of one rotated query and one rotated key as a function of their lag.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;

use super::finding::attempt;
use super::{Case, Finding};
use crate::numeric::{Agreement, Bound, Pairing, Real, gamma};
use crate::rope::{Frequencies, RopeError, Rotation};

/// `u` of `f64`.
const U: f64 = f64::UNIT_ROUNDOFF;

/// A query, a key, and their scores at lags.
struct Scores {
    /// `|q_i||k_i|` of each pair.
    amplitudes: Vec<f64>,
    /// `arg q_i - arg k_i` of each pair.
    phases: Vec<f64>,
    /// `m - n` and the score of the rotated vectors.
    scores: Vec<(f64, f64)>,
}

const LAGS: usize = 48;

fn scores(frequencies: &Frequencies, case: &Case) -> Result<Scores, RopeError> {
    let pairs = frequencies.pairs();
    let mut random = case.random();
    let mut draw = || (0..2 * pairs).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f64>>();
    let (query, key) = (draw(), draw());
    let of = |vector: &[f64], pair: usize| (vector[2 * pair], vector[2 * pair + 1]);
    let at = |vector: &[f64], position: f64| -> Result<Vec<f64>, RopeError> {
        let mut turned = vector.to_vec();
        Rotation::new(frequencies, position, Pairing::Interleaved)?.apply(&mut turned)?;
        Ok(turned)
    };
    let (mut amplitudes, mut phases) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let ((x, y), (a, b)) = (of(&query, pair), of(&key, pair));
        amplitudes.push(x.hypot(y) * a.hypot(b));
        // q conj(k), as complex numbers.
        phases.push((y * a - x * b).atan2(x * a + y * b));
    }
    let turned = at(&query, case.position)?;
    let score = |lag: usize| {
        let position = case.position - lag as f64;
        let score = at(&key, position)?.iter().zip(&turned).map(|(k, q)| k * q).sum();
        Ok((case.position - position, score))
    };
    Ok(Scores { amplitudes, phases, scores: (0..LAGS).map(score).collect::<Result<_, RopeError>>()? })
}

impl Scores {
    /// Rounding of a score beside the sum of cosines at this lag. A rotated vector is off by `2(8u + γ_2)` of
    /// itself, twice; the difference of positions by one rounding, the angle by two more, phase and cosine by `4π + 4`,
    /// and the amplitude by six; the sums run over the pairs.
    fn rounding(&self, frequencies: &[f64], lag: f64) -> f64 {
        let pairs = self.amplitudes.len();
        let terms = self.amplitudes.iter().zip(frequencies).map(|(amplitude, theta)| {
            amplitude * (44.0 * U + (4.0 * lag.abs() * theta + 4.0 * std::f64::consts::PI + 10.0) * U)
        });
        terms.sum::<f64>() + gamma(2 * pairs + 4, U) * 2.0 * self.amplitudes.iter().sum::<f64>()
    }
}

/// The scores beside `Σ |q_i||k_i| cos(θ_i Δ + φ_i)`.
fn sum_of_cosines(case: &Case) -> Finding {
    attempt(|| {
        let frequencies = case.frequencies()?;
        let all = scores(&frequencies, case)?;
        let thetas = frequencies.inv_freq();
        let findings = all.scores.iter().map(|&(lag, score)| {
            let terms = all.amplitudes.iter().zip(&all.phases).zip(thetas);
            let sum: f64 = terms.map(|((amplitude, phase), theta)| amplitude * (theta * lag + phase).cos()).sum();
            Finding::of(Agreement::of(score, sum, Bound::rounding(all.rounding(thetas, lag))), || {
                format!("m = {}, lag {lag}: the score is {score}, the sum of cosines {sum}", case.position)
            })
        });
        Ok(findings.reduce(Finding::and).expect("there are lags"))
    })
}

/// What a least-squares fit on `cos θ_i Δ, sin θ_i Δ` leaves of the scores, in the 2-norm.
///
/// It is what of the scores lies beyond the columns of the table's `Q`. The known coefficients leave the rounding of the
/// scores; Householder's factorisation is exactly that of a table off by `8 ab u` of its norm, and its product with the
/// scores is off by as much of theirs [higham2002, Theorem 19.4 and Lemma 19.3]. Nothing is divided by, so tables of
/// frequencies that are nearly the same do no harm.
fn residual(case: &Case, stretch: f64) -> Finding {
    attempt(|| {
        let whole = case.frequencies()?;
        // A few pairs, so that lags are many beside them.
        let frequencies = Frequencies::of(whole.inv_freq()[..case.pairs.min(6)].to_vec(), 1.0)?;
        let all = scores(&frequencies, case)?;
        let columns = 2 * frequencies.pairs();
        let table = DMatrix::from_fn(LAGS, columns, |row, column| {
            let angle = stretch * frequencies.inv_freq()[column / 2] * all.scores[row].0;
            if column % 2 == 0 { angle.cos() } else { angle.sin() }
        });
        let mut values = DVector::from_iterator(LAGS, all.scores.iter().map(|(_, score)| *score));
        let (size, norm) = (table.norm(), values.norm());
        table.qr().q_tr_mul(&mut values);
        let left = values.rows_range(columns..).norm();
        let own: f64 = all.scores.iter().map(|(lag, _)| all.rounding(frequencies.inv_freq(), *lag).powi(2)).sum();
        let coefficients = all.amplitudes.iter().map(|a| a * a).sum::<f64>().sqrt();
        let factorisation = (8 * LAGS * columns) as f64 * U;
        let bound = Bound::rounding(own.sqrt() + factorisation * (size * coefficients + norm));
        Ok(Finding::of(Agreement::of(left, 0.0, bound), || {
            format!("m = {}, {columns} columns: the fit leaves {left:e} of {norm:e}", case.position)
        }))
    })
}

pub(super) fn rotary_score_is_a_sum_of_cosines(case: &Case) -> Finding {
    sum_of_cosines(case).and(residual(case, 1.0))
}

/// A fit on frequencies one percent too high.
pub(super) fn rotary_score_is_a_sum_of_other_cosines(case: &Case) -> Finding {
    residual(case, 1.01)
}
