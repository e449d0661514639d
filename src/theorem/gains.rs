//! Checks on the rows as they are sampled: their sums, and where they are the Haar matrix.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_4, PI, SQRT_2, TAU};

use nalgebra::Matrix2;

use super::finding::attempt;
use super::matrix::universal_error;
use super::{Case, Finding};
use crate::numeric::{Agreement, Bound, Pairing, Real, gamma};
use crate::rope::{Frequencies, Rotation};
use crate::wavelet::{HaarLike, Part, RotaryMatrix, Shift};

/// `u` of `f64`.
const U: f64 = f64::UNIT_ROUNDOFF;

/// The sums of the row of `psi` and of that of `psi'` at each shift, with the shift.
fn gains(shifts: &[f64]) -> Result<Vec<(f64, [f64; 2])>, Finding> {
    let pair = [HaarLike::new(1, Part::Psi)?, HaarLike::new(1, Part::PsiPrime)?];
    let sum = |wavelet: &HaarLike, shift| wavelet.sample(0, shift) + wavelet.sample(1, shift);
    Ok(shifts.iter().map(|&shift| (shift, [sum(&pair[0], shift), sum(&pair[1], shift)])).collect())
}

fn universal_shifts(case: &Case) -> Result<Vec<f64>, Finding> {
    let frequencies = case.frequencies()?;
    let matrix =
        RotaryMatrix::<f64>::new(frequencies.inv_freq(), case.position, Pairing::Interleaved, Shift::Universal)?;
    Ok(matrix.shifts().to_vec())
}

/// The sum of two samples at one shift: at a given shift each is off by the phase's three roundings
/// and the cosine's two, `(6 π + 2) u`, and the sum rounds once.
const GAIN_ERROR: f64 = 2.0 * (6.0 * PI + 2.0) * U + 2.0 * U;

/// `g = √2 cos(φ + π/4)`, `g' = √2 cos(φ - π/4)`, `g² + g'² = radius²`.
fn circle(case: &Case, radius_squared: f64) -> Finding {
    attempt(|| {
        let findings = gains(&universal_shifts(case)?)?.into_iter().enumerate().map(|(pair, (shift, [psi, prime]))| {
            let phase = TAU * shift;
            // Phase and π/4 carry four roundings of at most 2 π + π/4, times √2, and the cosine two more.
            let gain = Bound::rounding(GAIN_ERROR + SQRT_2 * (4.0 * (TAU + FRAC_PI_4) + 3.0) * U);
            // 2 (|g| + |g'|) e with |g| + |g'| ≤ 2, and three roundings of at most 2.
            let square = Bound::rounding(4.0 * GAIN_ERROR + 2.0 * GAIN_ERROR * GAIN_ERROR + 2.0 * gamma(3, U));
            let on_circle = Agreement::of(psi * psi + prime * prime, radius_squared, square);
            [
                Agreement::of(psi, SQRT_2 * (phase + FRAC_PI_4).cos(), gain),
                Agreement::of(prime, SQRT_2 * (phase - FRAC_PI_4).cos(), gain),
                on_circle,
            ]
            .map(|agreement| {
                Finding::of(agreement, || {
                    format!("m = {}, pair {pair}: the row sums are {psi} and {prime}", case.position)
                })
            })
            .into_iter()
            .reduce(Finding::and)
            .expect("three equalities")
        });
        Ok(findings.reduce(Finding::and).expect("there is at least one pair"))
    })
}

pub(super) fn sampled_gains_lie_on_a_circle(case: &Case) -> Finding {
    circle(case, 2.0)
}

/// A circle of radius 1.
pub(super) fn sampled_gains_lie_on_the_unit_circle(case: &Case) -> Finding {
    circle(case, 1.0)
}

/// Sums of both rows at the case's shifts, which the claim says are 0.
pub(super) fn sampled_rows_have_zero_mean(case: &Case) -> Finding {
    attempt(|| {
        let findings = gains(&universal_shifts(case)?)?.into_iter().enumerate().map(|(pair, (_, sums))| {
            let worst = if sums[0].abs() > sums[1].abs() { 0 } else { 1 };
            Finding::of(Agreement::of(sums[worst], 0.0, Bound::rounding(GAIN_ERROR)), || {
                format!(
                    "m = {}, pair {pair}: the row of {} sums to {:.6}",
                    case.position,
                    ["psi", "psi'"][worst],
                    sums[worst]
                )
            })
        });
        Ok(findings.reduce(Finding::and).expect("there is at least one pair"))
    })
}

/// The shifts where one row does sum to 0: `psi` at 1/8 and 5/8 of a turn, `psi'` at 3/8 and 7/8.
pub(super) fn sampled_rows_have_zero_mean_at_odd_eighths(_case: &Case) -> Finding {
    attempt(|| {
        let findings = gains(&[0.125, 0.375, 0.625, 0.875])?.into_iter().enumerate().map(|(i, (shift, sums))| {
            Finding::of(Agreement::of(sums[i % 2], 0.0, Bound::rounding(GAIN_ERROR)), || {
                format!("shift {shift}: the rows sum to {sums:?}")
            })
        });
        Ok(findings.reduce(Finding::and).expect("four shifts"))
    })
}

/// The Haar matrix: wavelet row, then scaling row.
fn haar_block() -> Matrix2<f64> {
    Matrix2::new(FRAC_1_SQRT_2, -FRAC_1_SQRT_2, FRAC_1_SQRT_2, FRAC_1_SQRT_2)
}

/// Error of the Frobenius distance of a rotation block from the Haar block: four entries off by
/// `9 u`, and by `u` of the Haar block's, which moves the distance by `20 u`; six roundings of at
/// most `2 √2`.
const DISTANCE_ERROR: f64 = 20.0 * U + 18.0 * U;

fn distance_from_haar(block: Matrix2<f64>) -> f64 {
    (block - haar_block()).norm()
}

/// `‖R(φ) - H‖ = 2 √2 |sin((φ - φ_0)/2)|` with `φ_0` at this fraction of a turn.
fn haar_distance(case: &Case, zero_at: f64) -> Finding {
    attempt(|| {
        let frequencies = case.frequencies()?;
        let rotation = Rotation::<f64>::new(&frequencies, case.position, Pairing::Interleaved)?;
        // The shift is known to 10 u of a turn, π (δ - 1/8) carries three more roundings, the sine two.
        let bound = Bound::rounding(DISTANCE_ERROR + 8f64.sqrt() * (13.0 * PI + 4.0) * U);
        let findings = universal_shifts(case)?.into_iter().enumerate().map(|(pair, shift)| {
            let observed = distance_from_haar(rotation.block(pair));
            let expected = 8f64.sqrt() * (PI * (shift - zero_at)).sin().abs();
            Finding::of(Agreement::of(observed, expected, bound), || {
                format!("m = {}, pair {pair}: the distance is {observed}, expected {expected}", case.position)
            })
        });
        Ok(findings.reduce(Finding::and).expect("there is at least one pair"))
    })
}

pub(super) fn rope_is_haar_only_at_an_eighth_turn(case: &Case) -> Finding {
    haar_distance(case, 0.125)
}

/// At minus an eighth of a turn, where the block is the transpose.
pub(super) fn rope_is_haar_at_minus_an_eighth_turn(case: &Case) -> Finding {
    haar_distance(case, -0.125)
}

/// Pair 0 turns by `m`: its block differs from the Haar block by more than rounding could. What
/// stands as error is that rounding, and as bound the distance.
fn away_from_haar(position: f64) -> Finding {
    attempt(|| {
        let rotation = Rotation::<f64>::new(&Frequencies::of(vec![1.0], 1.0)?, position, Pairing::Interleaved)?;
        let distance = distance_from_haar(rotation.block(0));
        Ok(Finding::of(Agreement::of(DISTANCE_ERROR, 0.0, Bound::rounding(distance)), || {
            format!("m = {position}: the distance {distance:e} is within rounding")
        }))
    })
}

pub(super) fn haar_never_occurs_at_an_integer_position(case: &Case) -> Finding {
    away_from_haar(case.position.round())
}

/// Real positions reach it: `π/4`, to the last bit.
pub(super) fn haar_never_occurs_at_a_real_position(_case: &Case) -> Finding {
    away_from_haar(FRAC_PI_4)
}

/// The block sampled at this shift, beside the Haar block.
fn sampled_haar(shift: f64) -> Finding {
    attempt(|| {
        let rows = [HaarLike::new(1, Part::Psi)?, HaarLike::new(1, Part::PsiPrime)?]
            .map(|wavelet| [0, 1].map(|tap| wavelet.sample(tap, shift)));
        let block = Matrix2::new(rows[0][0], rows[0][1], rows[1][0], rows[1][1]);
        // The Frobenius norm of four entries.
        let bound = Bound::rounding(2.0 * universal_error::<f64>() + 18.0 * U);
        let distance = distance_from_haar(block);
        Ok(Finding::of(Agreement::of(distance, 0.0, bound), || {
            format!(
                "m theta = {} pi: sine and cosine are both {:.6}, and the block is minus the Haar block",
                2.0 * shift,
                block[(0, 0)]
            )
        }))
    })
}

/// Sine equals cosine at `π/4` and at `5π/4`.
pub(super) fn equal_sine_and_cosine_give_haar(case: &Case) -> Finding {
    sampled_haar(if case.cycles.is_multiple_of(2) { 0.125 } else { 0.625 })
}

/// Both equal and positive: only `π/4`.
pub(super) fn equal_and_positive_sine_and_cosine_give_haar(_case: &Case) -> Finding {
    sampled_haar(0.125)
}
