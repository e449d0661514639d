//! Checks on the Haar-type matrix beside the rotation: they agree, and where the reading ends.

use std::f64::consts::{PI, TAU};

use nalgebra::{DMatrix, Matrix2};
use rand::RngExt;

use super::finding::attempt;
use super::{Case, Finding};
use crate::numeric::{Agreement, Bound, Pairing, Real, compare_with, gamma};
use crate::rope::{Frequencies, RopeError, Rotation};
use crate::wavelet::{HaarLike, Part, RotaryMatrix, Shift};

/// `u` of `f64`.
const U: f64 = f64::UNIT_ROUNDOFF;

/// Error of an entry of [`Rotation`], as its documentation derives.
pub(super) fn rotation_error<T: Real>() -> f64 {
    T::UNIT_ROUNDOFF + 8.0 * U
}

/// Error of an entry of [`RotaryMatrix`] in its universal form, as its documentation derives.
pub(super) fn universal_error<T: Real>() -> f64 {
    (8.0 * PI + 2.0) * T::UNIT_ROUNDOFF + 20.0 * PI * U
}

/// Error of a tap sampled with `K` cycles at a shift `angle / 2 K π`.
///
/// The shift is off by four roundings of `f64` (product, `2 K π` twice, quotient) and one of `T`,
/// and the phase by three more of `T`, all relative to the angle; the cosine by one unit in the
/// last place.
pub(super) fn reach_error<T: Real>(angle: f64) -> f64 {
    angle.abs() * (gamma(4, T::UNIT_ROUNDOFF) + gamma(4, U)) + 2.0 * T::UNIT_ROUNDOFF
}

fn wide<T: Real>(matrix: &DMatrix<T>) -> Vec<f64> {
    matrix.iter().map(|entry| entry.wide()).collect()
}

/// The pair that a coordinate belongs to.
fn pair_of(coordinate: usize, pairs: usize, pairing: Pairing) -> usize {
    match pairing {
        Pairing::Interleaved => coordinate / 2,
        Pairing::HalfSplit => coordinate % pairs,
    }
}

/// All `d²` entries of both matrices, in both pairings and both types. Outside of the blocks both
/// must be exactly 0.
fn dense_matrices(case: &Case, sampled_position: f64) -> Finding {
    fn in_type<T: Real>(
        case: &Case,
        frequencies: &Frequencies,
        sampled_position: f64,
        pairing: Pairing,
    ) -> Result<Finding, Finding> {
        let dim = frequencies.rotary_dim();
        let sampled =
            RotaryMatrix::<T>::new(frequencies.inv_freq(), sampled_position, pairing, Shift::Universal)?.to_dense();
        let rotation = Rotation::<T>::new(frequencies, case.position, pairing)?.to_dense(dim)?;
        let within = Bound::rounding(universal_error::<T>() + rotation_error::<T>());
        let agreement = compare_with(&wide(&sampled), &wide(&rotation), |at| {
            let (row, column) = (at % dim, at / dim);
            let same = pair_of(row, case.pairs, pairing) == pair_of(column, case.pairs, pairing);
            if same { within } else { Bound::EXACT }
        });
        let (row, column) = (agreement.at % dim, agreement.at / dim);
        Ok(Finding::of(agreement, || {
            format!(
                "d = {dim}, m = {}, {pairing:?}, {}: entry ({row}, {column}) is {} sampled and {} rotated",
                case.position,
                T::NAME,
                sampled[(row, column)],
                rotation[(row, column)]
            )
        }))
    }
    attempt(|| {
        let frequencies = case.frequencies()?;
        Pairing::ALL
            .into_iter()
            .map(|pairing| {
                let single = in_type::<f32>(case, &frequencies, sampled_position, pairing)?;
                Ok(single.and(in_type::<f64>(case, &frequencies, sampled_position, pairing)?))
            })
            .reduce(|first, second| Ok(first?.and(second?)))
            .expect("there are two pairings")
    })
}

pub(super) fn haar_type_matrix_equals_rope(case: &Case) -> Finding {
    dense_matrices(case, case.position)
}

/// The opposite sense of rotation.
pub(super) fn haar_type_matrix_turns_back(case: &Case) -> Finding {
    dense_matrices(case, -case.position)
}

/// The taps of both rows of every pair at `t - j = -1, 0, 1, 2`, sampled with `cycles` at these
/// shifts, beside `0, cos, -sin, 0` and `0, sin, cos, 0` of the rotation.
fn taps<T: Real>(
    frequencies: &Frequencies,
    position: f64,
    shifts: &[T],
    cycles: u32,
    error: impl Fn(f64) -> f64,
) -> Result<Finding, Finding> {
    let rotation = Rotation::<T>::new(frequencies, position, Pairing::Interleaved)?;
    let wavelets = [HaarLike::new(cycles, Part::Psi)?, HaarLike::new(cycles, Part::PsiPrime)?];
    let mut finding: Option<Finding> = None;
    for (pair, &shift) in shifts.iter().enumerate() {
        let block = rotation.block(pair);
        let bound = Bound::rounding(error(position * frequencies.inv_freq()[pair]) + rotation_error::<T>());
        for (row, wavelet) in wavelets.iter().enumerate() {
            let zero = T::zero();
            for (offset, expected) in (-1..).zip([zero, block[(row, 0)], block[(row, 1)], zero]) {
                let observed = wavelet.sample(offset, shift);
                let bound = if (0..2).contains(&offset) { bound } else { Bound::EXACT };
                let next = Finding::of(Agreement::of(observed.wide(), expected.wide(), bound), || {
                    format!(
                        "m = {position}, {}: with K = {cycles} and shift {shift}, {} of pair {pair} at t - j = {offset} is \
                         {observed}, and the rotation has {expected}",
                        T::NAME,
                        ["psi", "psi'"][row],
                    )
                });
                finding = Some(match finding {
                    Some(finding) => finding.and(next),
                    None => next,
                });
            }
        }
    }
    Ok(finding.expect("there is at least one pair"))
}

/// The published form at `|m|`, sampled with `extra` cycles too many.
fn published(case: &Case, extra: u32) -> Finding {
    fn in_type<T: Real>(case: &Case, extra: u32) -> Result<Finding, Finding> {
        let (frequencies, position) = (case.frequencies()?, case.position.abs());
        let matrix = RotaryMatrix::<T>::new(frequencies.inv_freq(), position, Pairing::Interleaved, Shift::Published)?;
        let cycles = matrix.wavelets()[0].cycles();
        // The smallest number of cycles: one less would not reach the position.
        let below = TAU * f64::from(cycles - 1);
        let smallest = Agreement::of((below - position).max(0.0), 0.0, Bound::rounding(4.0 * U * position));
        let smallest = Finding::of(smallest, || format!("m = {position}: {cycles} cycles are too many"));
        Ok(smallest.and(taps(&frequencies, position, matrix.shifts(), cycles + extra, reach_error::<T>)?))
    }
    attempt(|| Ok(in_type::<f32>(case, extra)?.and(in_type::<f64>(case, extra)?)))
}

pub(super) fn published_form_equals_rope(case: &Case) -> Finding {
    published(case, 0)
}

/// `k` off by one.
pub(super) fn published_form_with_a_cycle_too_many(case: &Case) -> Finding {
    published(case, 1)
}

/// A fixed `K` at `|m|` brought below `2 K π`, sampled with `extra` cycles too many.
fn fixed_cycles(case: &Case, extra: u32) -> Finding {
    fn in_type<T: Real>(case: &Case, extra: u32) -> Result<Finding, Finding> {
        let frequencies = case.frequencies()?;
        let position = case.position.abs() % (0.999 * TAU * f64::from(case.cycles));
        let shift = Shift::Fixed { cycles: case.cycles };
        let matrix = RotaryMatrix::<T>::new(frequencies.inv_freq(), position, Pairing::Interleaved, shift)?;
        taps(&frequencies, position, matrix.shifts(), case.cycles + extra, reach_error::<T>)
    }
    attempt(|| Ok(in_type::<f32>(case, extra)?.and(in_type::<f64>(case, extra)?)))
}

pub(super) fn fixed_pair_serves_bounded_positions(case: &Case) -> Finding {
    fixed_cycles(case, 0)
}

pub(super) fn fixed_pair_with_a_cycle_too_many(case: &Case) -> Finding {
    fixed_cycles(case, 1)
}

/// The phase of `K` cycles stays below `2 K π`; at position `|m|` pair 0 asks for the phase `|m|`.
pub(super) fn fixed_pair_serves_every_position(case: &Case) -> Finding {
    let (phase, reach) = (case.position.abs(), TAU * f64::from(case.cycles));
    let bound = Bound::rounding(2.0 * U * (phase + reach));
    Finding::of(Agreement::of((phase - reach).max(0.0), 0.0, bound), || {
        format!(
            "K = {}, m = {phase}, theta_0 = 1: the phase must be {phase}, and f stays below 2 K pi = {reach:.6}",
            case.cycles
        )
    })
}

/// Modulo `2π` one pair does serve every position.
pub(super) fn fixed_pair_serves_every_position_modulo_turns(case: &Case) -> Finding {
    attempt(|| {
        let frequencies = case.frequencies()?;
        let matrix = RotaryMatrix::<f64>::new(
            frequencies.inv_freq(),
            case.position.abs(),
            Pairing::Interleaved,
            Shift::Universal,
        )?;
        taps(&frequencies, case.position.abs(), matrix.shifts(), 1, |_| universal_error::<f64>())
    })
}

/// `P R P^T` with `P e_{place(i)} = e_i`, beside the half-split matrix: equal to the last bit, since
/// permuting computes nothing.
fn permuted(case: &Case, place: impl Fn(usize) -> usize) -> Finding {
    attempt(|| {
        let frequencies = case.frequencies()?;
        let dim = frequencies.rotary_dim();
        let rotated = |pairing| -> Result<DMatrix<f64>, RopeError> {
            Rotation::new(&frequencies, case.position, pairing)?.to_dense(dim)
        };
        let sampled = |pairing| {
            RotaryMatrix::<f64>::new(frequencies.inv_freq(), case.position, pairing, Shift::Universal)
                .map(|matrix| matrix.to_dense())
        };
        let compare = |name: &str, interleaved: DMatrix<f64>, half: DMatrix<f64>| {
            let moved = DMatrix::from_fn(dim, dim, |row, column| interleaved[(place(row), place(column))]);
            let agreement = compare_with(moved.as_slice(), half.as_slice(), |_| Bound::EXACT);
            let (row, column) = (agreement.at % dim, agreement.at / dim);
            Finding::of(agreement, || {
                format!("d = {dim}, m = {}: entry ({row}, {column}) of the {name} matrix differs", case.position)
            })
        };
        let rotation = compare("rotation", rotated(Pairing::Interleaved)?, rotated(Pairing::HalfSplit)?);
        Ok(rotation.and(compare("Haar-type", sampled(Pairing::Interleaved)?, sampled(Pairing::HalfSplit)?)))
    })
}

/// Even coordinates first, then odd ones.
pub(super) fn half_split_is_interleaved_permuted(case: &Case) -> Finding {
    permuted(case, |i| if i < case.pairs { 2 * i } else { 2 * (i - case.pairs) + 1 })
}

/// The identity permutation.
pub(super) fn half_split_is_interleaved_as_it_is(case: &Case) -> Finding {
    permuted(case, |i| i)
}

/// `R_m^T R_n` beside `R_{lag}`, block by block.
///
/// Entries are off by `e`: a product of two blocks by `e (|c| + |s| + |c'| + |s'|) + 2 e²`, at most
/// `2√2 e + 2 e²`, and by two roundings; the lag is rounded once, relative to itself.
fn relative(case: &Case, lag: f64) -> Finding {
    fn in_type<T: Real>(case: &Case, lag: f64) -> Result<Finding, Finding> {
        let frequencies = case.frequencies()?;
        let at = |position| Rotation::<T>::new(&frequencies, position, Pairing::Interleaved);
        let (query, key, relative) = (at(case.position)?, at(case.other)?, at(lag)?);
        let error = rotation_error::<T>();
        let products = (8f64.sqrt() + 1.0) * error + 2.0 * error * error + gamma(2, T::UNIT_ROUNDOFF);
        let finding = (0..case.pairs).map(|pair| {
            // As sums of products: nalgebra's matrix product asks more of a number than `Real` has.
            let (q, k, expected) = (query.block(pair), key.block(pair), relative.block(pair));
            let bound = Bound::rounding(products + U * (lag * frequencies.inv_freq()[pair]).abs());
            (0..4)
                .map(|at| {
                    let (row, column) = (at / 2, at % 2);
                    let observed = q[(0, row)] * k[(0, column)] + q[(1, row)] * k[(1, column)];
                    Finding::of(Agreement::of(observed.wide(), expected[(row, column)].wide(), bound), || {
                        format!(
                            "m = {}, n = {}, {}: entry ({row}, {column}) of block {pair} is {observed}, and {} at lag {lag}",
                            case.position,
                            case.other,
                            T::NAME,
                            expected[(row, column)]
                        )
                    })
                })
                .reduce(Finding::and)
                .expect("a block has four entries")
        });
        Ok(finding.reduce(Finding::and).expect("there is at least one pair"))
    }
    attempt(|| Ok(in_type::<f32>(case, lag)?.and(in_type::<f64>(case, lag)?)))
}

pub(super) fn rotation_depends_on_the_lag_alone(case: &Case) -> Finding {
    relative(case, case.other - case.position)
}

/// The sum in place of the difference.
pub(super) fn rotation_depends_on_the_sum(case: &Case) -> Finding {
    relative(case, case.other + case.position)
}

/// `B B^T` of every block, beside the identity: entries off by `e`, two products and a sum.
fn orthogonal(case: &Case, second: usize) -> Finding {
    fn in_type<T: Real>(case: &Case, second: usize) -> Result<Finding, Finding> {
        let frequencies = case.frequencies()?;
        let shift = Shift::Universal;
        let matrix = RotaryMatrix::<T>::new(frequencies.inv_freq(), case.position, Pairing::Interleaved, shift)?;
        let wavelets = matrix.wavelets();
        let error = universal_error::<T>();
        let bound = Bound::rounding(8f64.sqrt() * error + 2.0 * error * error + gamma(2, T::UNIT_ROUNDOFF));
        let findings = matrix.shifts().iter().enumerate().map(|(pair, &shift)| {
            let rows = [0, second].map(|row| [0, 1].map(|tap| wavelets[row].sample(tap, shift)));
            let dot = |a: usize, b: usize| (rows[a][0] * rows[b][0] + rows[a][1] * rows[b][1]).wide();
            [(0, 0, 1.0), (1, 1, 1.0), (0, 1, 0.0)]
                .map(|(a, b, expected)| {
                    Finding::of(Agreement::of(dot(a, b), expected, bound), || {
                        format!(
                            "m = {}, {}: rows {a} and {b} of block {pair} have the product {}",
                            case.position,
                            T::NAME,
                            dot(a, b)
                        )
                    })
                })
                .into_iter()
                .reduce(Finding::and)
                .expect("three products")
        });
        Ok(findings.reduce(Finding::and).expect("there is at least one pair"))
    }
    attempt(|| Ok(in_type::<f32>(case, second)?.and(in_type::<f64>(case, second)?)))
}

pub(super) fn haar_type_matrix_is_orthogonal(case: &Case) -> Finding {
    orthogonal(case, 1)
}

/// Both rows of each block from `psi`.
pub(super) fn psi_alone_is_orthogonal(case: &Case) -> Finding {
    orthogonal(case, 0)
}

/// What a row of shift `whole + shift` has outside of columns `j` and `j + 1`.
fn stray_taps(case: &Case, whole: i64, shift: f64) -> Finding {
    attempt(|| {
        let psi = HaarLike::new(case.cycles, Part::Psi)?;
        let (column, stray) = [-2, -1, 2, 3]
            .map(|column| (column, psi.sample(column + whole, shift)))
            .into_iter()
            .reduce(|worst, next| if next.1.abs() > worst.1.abs() { next } else { worst })
            .expect("four columns");
        Ok(Finding::of(Agreement::of(stray, 0.0, Bound::EXACT), || {
            format!(
                "K = {}, delta = {}: the row of psi has {stray} at t = j{column:+}, where a rotation has 0",
                case.cycles,
                whole as f64 + shift
            )
        }))
    })
}

pub(super) fn shift_of_one_keeps_the_row(case: &Case) -> Finding {
    stray_taps(case, 1, 0.0)
}

/// The largest shift below 1.
pub(super) fn shift_below_one_keeps_the_row(case: &Case) -> Finding {
    stray_taps(case, 0, 1.0 - U)
}

/// How far apart the two taps of a row are, less 1.
fn gaps(case: &Case, pairing: Pairing) -> Finding {
    attempt(|| {
        let frequencies = case.frequencies()?;
        let dense =
            RotaryMatrix::<f64>::new(frequencies.inv_freq(), case.position, pairing, Shift::Universal)?.to_dense();
        let finding = dense.row_iter().enumerate().map(|(index, row)| {
            let taps: Vec<usize> = row.iter().enumerate().filter(|(_, tap)| **tap != 0.0).map(|(t, _)| t).collect();
            let gap = taps.windows(2).map(|pair| pair[1] - pair[0] - 1).max().unwrap_or(0);
            Finding::of(Agreement::of(gap as f64, 0.0, Bound::EXACT), || {
                format!("d = {}, m = {}: row {index} has its taps at columns {taps:?}", dense.nrows(), case.position)
            })
        });
        Ok(finding.reduce(Finding::and).expect("a matrix has rows"))
    })
}

pub(super) fn half_split_rows_are_contiguous(case: &Case) -> Finding {
    gaps(case, Pairing::HalfSplit)
}

pub(super) fn interleaved_rows_are_contiguous(case: &Case) -> Finding {
    gaps(case, Pairing::Interleaved)
}

/// A piecewise linear function on `[0, 2]`, by its nodes on `[0, 1)` and on `[1, 2)`.
struct Polygon([Vec<(f64, f64)>; 2]);

impl Polygon {
    /// The value at `interval + shift`.
    fn sample(&self, interval: i64, shift: f64) -> f64 {
        let Some(nodes) = usize::try_from(interval).ok().and_then(|i| self.0.get(i)) else { return 0.0 };
        let after = nodes.partition_point(|node| node.0 <= shift).clamp(1, nodes.len() - 1);
        let ((a, at_a), (b, at_b)) = (nodes[after - 1], nodes[after]);
        if shift == a { at_a } else { at_a + (at_b - at_a) * (shift - a) / (b - a) }
    }

    /// The integral, and the integral of the absolute values at the nodes, which scales its rounding.
    fn integral(&self) -> (f64, f64) {
        self.0
            .iter()
            .flat_map(|nodes| nodes.windows(2))
            .map(|ends| {
                let width = ends[1].0 - ends[0].0;
                (0.5 * width * (ends[0].1 + ends[1].1), 0.5 * width * (ends[0].1.abs() + ends[1].1.abs()))
            })
            .fold((0.0, 0.0), |sum, piece| (sum.0 + piece.0, sum.1 + piece.1))
    }
}

/// Draws a matrix with any numbers at `(j, j)` and `(j, j+1)`, builds the polygon that has them as its
/// samples, and compares both. With `clash` the first two rows get the same shift.
fn vacuity(case: &Case, clash: bool) -> Finding {
    let rows = 2 * case.pairs;
    let mut random = case.random();
    let bands: Vec<[f64; 2]> =
        (0..rows).map(|_| [random.random_range(-1.0..1.0), random.random_range(-1.0..1.0)]).collect();
    let mut shifts: Vec<f64> = (0..rows).map(|j| (j + 1) as f64 / (rows + 3) as f64).collect();
    if clash {
        shifts[1] = shifts[0];
    }
    let nodes = |tap: usize, bump: f64| -> Vec<(f64, f64)> {
        let inner = shifts.iter().zip(&bands).map(|(&shift, band)| (shift, band[tap]));
        // One more node, behind all shifts, carries the bump that makes the mean 0.
        let last = (rows + 1) as f64 / (rows + 3) as f64;
        std::iter::once((0.0, 0.0)).chain(inner).chain([(last, bump), (1.0, 0.0)]).collect()
    };
    let flat = Polygon([nodes(0, 0.0), nodes(1, 0.0)]);
    // The bump's triangle has the base 3/(rows + 3): from the last shift to 1.
    let bump = -flat.integral().0 * 2.0 * (rows + 3) as f64 / 3.0;
    let polygon = Polygon([nodes(0, bump), nodes(1, 0.0)]);
    let sampled = (0..rows).map(|row| {
        let taps = [polygon.sample(0, shifts[row]), polygon.sample(1, shifts[row])];
        let agreement = compare_with(&taps, &bands[row], |_| Bound::EXACT);
        Finding::of(agreement, || {
            format!("row {row} of {rows}: sampled {taps:?} at shift {}, prescribed {:?}", shifts[row], bands[row])
        })
    });
    let matrix = sampled.reduce(Finding::and).expect("there are at least two rows");
    // A node more or less, every piece takes 4 roundings and one addition, and so did the bump.
    let (mean, size) = polygon.integral();
    let mean = Agreement::of(mean, 0.0, Bound::rounding(2.0 * gamma(2 * rows + 12, U) * size));
    matrix.and(Finding::of(mean, || format!("{rows} rows: the mean is {}", mean.error)))
}

pub(super) fn every_two_banded_matrix_is_sampled(case: &Case) -> Finding {
    vacuity(case, false)
}

/// Two rows with one shift and different entries.
pub(super) fn two_rows_share_a_shift(case: &Case) -> Finding {
    vacuity(case, true)
}

/// The four taps of pair 0 at `⌊|m|⌋` in single precision and published form, each sampled by `tap`
/// from the wavelet, `t` and the rounded shift.
///
/// The bound allows for every rounding as long as the branch is right: three of the shift, one of
/// `t + delta`, and four of the phase, each `u` of a turn times `K`.
fn single_precision(case: &Case, tap: impl Fn(&HaarLike, u8, f32) -> f32) -> Finding {
    attempt(|| {
        let position = case.position.abs().floor();
        let single = RotaryMatrix::<f32>::new(&[1.0], position, Pairing::Interleaved, Shift::Published)?;
        let cycles = single.wavelets()[0].cycles();
        let shift = position as f32 / (TAU * f64::from(cycles)) as f32;
        let bound = Bound::rounding(
            8.0 * f32::UNIT_ROUNDOFF * TAU * f64::from(cycles) + universal_error::<f32>() + rotation_error::<f64>(),
        );
        let rotation = Rotation::<f64>::new(&Frequencies::of(vec![1.0], 1.0)?, position, Pairing::Interleaved)?;
        let block: Matrix2<f64> = rotation.block(0);
        let findings = single.wavelets().into_iter().enumerate().flat_map(|(row, wavelet)| {
            let observed = [0, 1].map(|t| tap(&wavelet, t, shift));
            [0, 1].map(|t| {
                Finding::of(Agreement::of(observed[t].into(), block[(row, t)], bound), || {
                    format!(
                        "m = {position}, k = {cycles}, pair 0: the entry of {} at t = j + {t} is {} in f32, and the \
                         rotation has {:.6}",
                        ["psi", "psi'"][row],
                        observed[t],
                        block[(row, t)]
                    )
                })
            })
        });
        Ok(findings.reduce(Finding::and).expect("four taps"))
    })
}

/// Literally: `b = 0 - delta`, then `psi(t - b)`.
pub(super) fn literal_shift_keeps_its_branch(case: &Case) -> Finding {
    single_precision(case, |wavelet, t, shift| {
        let b = 0.0 - shift;
        wavelet.value(f32::from(t) - b)
    })
}

/// With the interval kept apart from the shift, which a rounding to 1 makes 0.
pub(super) fn separate_interval_keeps_its_branch(case: &Case) -> Finding {
    single_precision(case, |wavelet, t, shift| wavelet.sample(t.into(), if shift < 1.0 { shift } else { 0.0 }))
}
