use std::f64::consts::TAU;

use nalgebra::{DMatrix, Matrix2};
use serde::Serialize;

use super::{HaarLike, Part};
use crate::numeric::{Pairing, Real};

/// The Haar-type wavelet matrix: samples of `psi` and `psi'` whose blocks are RoPE's rotations
/// [oka2025, §3.2].
///
/// At position `m` pair `i` has a shift `delta_i` in `[0, 1)`. In the interleaved layout, with
/// `j = 2i`, rows `j` and `j + 1` are `psi` and `psi'` of scale 1, shifted to `b = j - delta_i` and
/// sampled at the integers:
///
/// ```text
/// M[j,     t] = psi (t - j + delta_i)      nonzero at t = j (cos φ_i) and t = j + 1 (-sin φ_i)
/// M[j + 1, t] = psi'(t - j + delta_i)      nonzero at t = j (sin φ_i) and t = j + 1 ( cos φ_i)
/// ```
///
/// with `φ_i = 2 K π delta_i`. The half-split matrix is the same one with its rows and columns
/// permuted; its taps are `d/2` apart, so that only the interleaved one samples a function of `t`.
/// Nothing here knows of rotations: every entry is a value of [`HaarLike::sample`].
///
/// # Rounding
/// A universal shift is good to `10 u_64` of a turn whatever the position, is rounded once to `T`,
/// and its phase carries three more roundings. An entry is off by at most
/// `(8 π + 2) u_T + 20 π u_64`, also at `m = 2^100`. The other forms lose a factor of `K`: their
/// error is `(8 K π + 2) u_T + 8 K π u_64`.
#[derive(Debug, Clone, PartialEq)]
pub struct RotaryMatrix<T> {
    pairing: Pairing,
    pair: [HaarLike; 2],
    shifts: Vec<T>,
    /// Per pair: `psi` at intervals 0 and 1, then `psi'` there.
    taps: Vec<[[T; 2]; 2]>,
}

/// How a position and a frequency make the number of cycles `K` and the shift `delta` of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "form", rename_all = "kebab-case")]
pub enum Shift {
    /// `K = 1`, `delta = frac(m theta / 2π)`: one pair of wavelets for all real positions and
    /// frequencies. Phases are right modulo 2π.
    Universal,
    /// The published form: `K = ⌊m / 2π⌋ + 1` and `delta = m theta / 2 K π`, for `m ≥ 0` and
    /// `theta ≤ 1`. Phases are right as real numbers, but the wavelets change with the position
    /// [oka2025, App. A.2].
    Published,
    /// A given `K` and `delta = m theta / 2 K π`: one pair for all `0 ≤ m theta < 2 K π`.
    Fixed {
        /// `K`.
        cycles: u32,
    },
}

/// Why there is no Haar-type matrix.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RotaryMatrixError {
    /// No frequency was given.
    #[error("a rotary matrix needs at least one frequency")]
    NoPairs,
    /// `|position · frequency|` is not a number, or beyond `2^200`.
    #[error("the angle of position {position} at frequency {frequency} is not a number below 2^200")]
    Angle {
        /// The position.
        position: f64,
        /// The frequency in radians per token.
        frequency: f64,
    },
    /// The phase `f` of so many cycles does not reach the angle, so that no shift in `[0, 1)` does.
    #[error(
        "pair {pair}: with {cycles} cycles the shift of angle {angle} would be {}, expected at least 0 and below 1",
        angle / (TAU * f64::from(*cycles))
    )]
    OutOfReach {
        /// The pair.
        pair: usize,
        /// `position · frequency`.
        angle: f64,
        /// `K`.
        cycles: u32,
    },
    /// `K` is 0 or does not fit.
    #[error("the number of cycles must be from 1 to 2^32 - 1, found {0}")]
    Cycles(f64),
    /// A vector that the matrix cannot multiply.
    #[error("a matrix of dimension {expected} cannot multiply a vector of {found}")]
    Length {
        /// The dimension.
        expected: usize,
        /// Length of the vector.
        found: usize,
    },
}

impl<T: Real> RotaryMatrix<T> {
    /// The matrix at one position, with one frequency (radians per token) for each pair.
    ///
    /// # Errors
    /// No frequency, an angle that is not a number or is beyond `2^200`, and, except for the
    /// universal form, an angle that the phase does not reach.
    ///
    /// # Example
    /// ```
    /// use ropelet::numeric::Pairing;
    /// use ropelet::wavelet::{RotaryMatrix, Shift};
    ///
    /// let matrix = RotaryMatrix::<f64>::new(&[1.0, 0.01], -5.0, Pairing::Interleaved, Shift::Universal)?;
    /// let turned = matrix.apply(&[1.0, 0.0, 1.0, 0.0])?;
    /// assert!((turned[0] - 5f64.cos()).abs() < 1e-15);
    /// assert!((turned[1] + 5f64.sin()).abs() < 1e-15);
    /// # Ok::<(), ropelet::wavelet::RotaryMatrixError>(())
    /// ```
    pub fn new(frequencies: &[f64], position: f64, pairing: Pairing, shift: Shift) -> Result<Self, RotaryMatrixError> {
        if frequencies.is_empty() {
            return Err(RotaryMatrixError::NoPairs);
        }
        if let Some(&frequency) = frequencies.iter().find(|theta| !is_reachable(position * **theta)) {
            return Err(RotaryMatrixError::Angle { position, frequency });
        }
        let cycles = match shift {
            Shift::Universal => 1,
            Shift::Fixed { cycles } => cycles,
            Shift::Published => {
                let cycles = (position / TAU).floor() + 1.0;
                if !(1.0..=f64::from(u32::MAX)).contains(&cycles) {
                    return Err(RotaryMatrixError::Cycles(cycles));
                }
                cycles as u32
            }
        };
        let [psi, prime] =
            Part::ALL.map(|part| HaarLike::new(cycles, part).map_err(|_| RotaryMatrixError::Cycles(f64::from(cycles))));
        let pair = [psi?, prime?];
        let shifts = frequencies
            .iter()
            .enumerate()
            .map(|(i, &frequency)| {
                let exact = match shift {
                    Shift::Universal => fraction_of_turn(position, frequency),
                    Shift::Published | Shift::Fixed { .. } => {
                        let angle = position * frequency;
                        let delta = angle / (TAU * f64::from(cycles));
                        if !(0.0..1.0).contains(&delta) {
                            return Err(RotaryMatrixError::OutOfReach { pair: i, angle, cycles });
                        }
                        delta
                    }
                };
                let rounded = T::of(exact);
                // A shift that rounds up to 1 is a whole number of turns, as 0 is.
                Ok(if rounded < T::one() { rounded } else { T::zero() })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let taps = shifts
            .iter()
            .map(|&delta| pair.map(|wavelet| [wavelet.sample(0, delta), wavelet.sample(1, delta)]))
            .collect();
        Ok(Self { pairing, pair, shifts, taps })
    }

    /// The dimension `d`.
    pub fn dim(&self) -> usize {
        2 * self.shifts.len()
    }

    /// The two functions whose samples the matrix holds.
    pub fn wavelets(&self) -> [HaarLike; 2] {
        self.pair
    }

    /// `delta_i`, one per pair, each in `[0, 1)`.
    pub fn shifts(&self) -> &[T] {
        &self.shifts
    }

    /// The block of pair `i`: the taps of `psi` in its first row, those of `psi'` in the second.
    ///
    /// # Panics
    /// When there is no such pair.
    pub fn block(&self, pair: usize) -> Matrix2<T> {
        let [[near, far], [near_prime, far_prime]] = self.taps[pair];
        Matrix2::new(near, far, near_prime, far_prime)
    }

    /// The product with a vector, from the two taps of each row: `O(d)`.
    ///
    /// # Errors
    /// The vector's length is not the dimension.
    pub fn apply(&self, vector: &[T]) -> Result<Vec<T>, RotaryMatrixError> {
        if vector.len() != self.dim() {
            return Err(RotaryMatrixError::Length { expected: self.dim(), found: vector.len() });
        }
        let mut product = vec![T::zero(); self.dim()];
        for (pair, taps) in self.taps.iter().enumerate() {
            let (first, second) = self.pairing.coordinates(pair, self.dim());
            for (row, [near, far]) in [first, second].into_iter().zip(taps) {
                product[row] = *near * vector[first] + *far * vector[second];
            }
        }
        Ok(product)
    }

    /// The matrix itself: every one of its `d²` entries is sampled from `psi` or `psi'`, the zeros
    /// as well.
    pub fn to_dense(&self) -> DMatrix<T> {
        let dim = self.dim();
        let mut dense = DMatrix::zeros(dim, dim);
        // Where the coordinates of the interleaved layout lie in this one.
        let place: Vec<usize> = (0..dim / 2)
            .flat_map(|pair| {
                let (first, second) = self.pairing.coordinates(pair, dim);
                [first, second]
            })
            .collect();
        for (row, &at_row) in place.iter().enumerate() {
            let (pair, part) = (row / 2, row % 2);
            for (column, &at_column) in place.iter().enumerate() {
                let interval = column as i64 - 2 * pair as i64;
                dense[(at_row, at_column)] = self.pair[part].sample(interval, self.shifts[pair]);
            }
        }
        dense
    }
}

/// Beyond this the stored digits of `1/2π` no longer determine the shift.
const LARGEST_ANGLE: f64 = (1u128 << 100) as f64 * (1u128 << 100) as f64;

/// False for a NaN.
fn is_reachable(angle: f64) -> bool {
    angle.abs() <= LARGEST_ANGLE
}

/// `1/2π` as a sum of six doubles: 318 bits.
const INVERSE_TAU: [f64; 6] = [
    0.159_154_943_091_895_35,
    -9.839_338_337_591_243e-18,
    -5.360_718_141_446_502e-34,
    4.026_781_963_297_056e-50,
    -7.801_382_953_409_857e-67,
    1.418_506_965_595_736_1e-83,
];

/// `frac(position · frequency / 2π)` to within `10 u`, for angles up to `2^200`.
///
/// A rounded product would be off by `u |m θ|`, a whole turn at `|m θ| ≈ 10^{17}`. Here the
/// product is exact as a sum of two doubles (fused multiply-add), and so is the product of each
/// with each piece of `1/2π`. Whole turns are dropped from every term and every partial sum,
/// exactly; what is left is below 1, and only its at most nine additions of terms that reach the
/// last bit round, each by `u`. The pieces left out amount to `2^{200} 2^{-320}` of a turn.
fn fraction_of_turn(position: f64, frequency: f64) -> f64 {
    let angle = position * frequency;
    let lost = position.mul_add(frequency, -angle);
    let mut turn = 0.0;
    for piece in INVERSE_TAU {
        for part in [angle, lost] {
            let high = part * piece;
            let low = part.mul_add(piece, -high);
            turn = f64::fract(turn + high.fract());
            turn = f64::fract(turn + low.fract());
        }
    }
    let fraction = turn - turn.floor();
    if fraction < 1.0 { fraction } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Agreement, Bound, compare};

    const FREQUENCIES: [f64; 4] = [1.0, 0.3, 0.01, 1e-4];

    fn wide<T: Real>(values: &[T]) -> Vec<f64> {
        values.iter().map(|x| x.wide()).collect()
    }

    fn apply_is_the_dense_matrix<T: Real>() {
        for pairing in Pairing::ALL {
            for shift in [Shift::Universal, Shift::Published, Shift::Fixed { cycles: 200 }] {
                let matrix = RotaryMatrix::<T>::new(&FREQUENCIES, 1000.5, pairing, shift).unwrap();
                let vector: Vec<T> = (0..8).map(|i| T::of((f64::from(i) * 0.7).cos())).collect();
                let dense = matrix.to_dense() * nalgebra::DVector::from_vec(vector.clone());
                // Two products and a sum of numbers of at most 1, in either order.
                let bound = Bound::rounding(6.0 * T::UNIT_ROUNDOFF);
                assert!(compare(&wide(&matrix.apply(&vector).unwrap()), &wide(dense.as_slice()), bound).holds());
            }
        }
    }

    #[test]
    fn apply_is_the_dense_matrix_in_both_types() {
        apply_is_the_dense_matrix::<f32>();
        apply_is_the_dense_matrix::<f64>();
    }

    #[test]
    fn every_row_of_the_interleaved_matrix_has_two_neighbouring_taps() {
        let dense =
            RotaryMatrix::<f64>::new(&FREQUENCIES, 77.0, Pairing::Interleaved, Shift::Universal).unwrap().to_dense();
        for row in 0..8 {
            for column in 0..8 {
                assert_eq!(dense[(row, column)] != 0.0, row / 2 == column / 2, "entry {row}, {column}");
            }
        }
    }

    #[test]
    fn position_zero_is_the_identity() {
        for pairing in Pairing::ALL {
            for shift in [Shift::Universal, Shift::Published, Shift::Fixed { cycles: 3 }] {
                let matrix = RotaryMatrix::<f32>::new(&FREQUENCIES, 0.0, pairing, shift).unwrap();
                assert_eq!(matrix.to_dense(), DMatrix::identity(8, 8));
            }
        }
    }

    #[test]
    fn the_fraction_of_a_turn_reduces_what_the_rounded_product_cannot() {
        // frac(2^100 / 2π) and frac(-1e22 / 2π), from 400-bit arithmetic.
        for (position, expected) in
            [(2f64.powi(100), 0.8313516982430341), (-1e22, 0.16236627485637967), (7.0, 7.0 / TAU - 1.0)]
        {
            let bound = Bound::rounding(10.0 * f64::UNIT_ROUNDOFF);
            let agreement = Agreement::of(fraction_of_turn(position, 1.0), expected, bound);
            assert!(agreement.holds(), "{position}: {agreement:?}");
        }
        assert_eq!(fraction_of_turn(-1e-30, 1.0), 0.0, "a shift that rounds to 1 is 0");
    }

    #[test]
    fn every_shift_is_below_one_in_its_type() {
        let near_a_turn = RotaryMatrix::<f32>::new(&[1.0], -1e-9, Pairing::Interleaved, Shift::Universal).unwrap();
        assert_eq!(near_a_turn.shifts(), [0.0]);
        let wider = RotaryMatrix::<f64>::new(&[1.0], -1e-9, Pairing::Interleaved, Shift::Universal).unwrap();
        assert!((0.999..1.0).contains(&wider.shifts()[0]));
    }

    #[test]
    fn bad_input_is_refused() {
        let new = |frequencies: &[f64], position, shift| {
            RotaryMatrix::<f64>::new(frequencies, position, Pairing::Interleaved, shift)
        };
        assert_eq!(new(&[], 1.0, Shift::Universal), Err(RotaryMatrixError::NoPairs));
        for position in [f64::NAN, f64::INFINITY, 1e200] {
            assert!(matches!(new(&[1.0], position, Shift::Universal), Err(RotaryMatrixError::Angle { .. })));
        }
        assert!(matches!(new(&[1.0], -1.0, Shift::Published), Err(RotaryMatrixError::Cycles(_))));
        assert!(matches!(new(&[1.0], 1.0, Shift::Fixed { cycles: 0 }), Err(RotaryMatrixError::Cycles(_))));
        let error = new(&[0.5, 1.0], 7.0, Shift::Fixed { cycles: 1 }).unwrap_err();
        assert!(error.to_string().starts_with("pair 1: with 1 cycles the shift of angle 7 would be 1.114"), "{error}");
        let matrix = new(&[1.0], 1.0, Shift::Universal).unwrap();
        assert_eq!(matrix.apply(&[1.0; 3]), Err(RotaryMatrixError::Length { expected: 2, found: 3 }));
    }
}
