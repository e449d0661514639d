use nalgebra::{DMatrix, Matrix2};

use super::frequencies::cos_sin;
use super::{Frequencies, RopeError};
use crate::numeric::{Pairing, Real};

/// The rotation `a R_m` of a head vector at one position [su2024, Eq. 14-16].
///
/// Pair `i` is multiplied by `a [[cos, -sin], [sin, cos]](m theta_i)`, where `a` is the attention
/// factor; coordinates beyond the rotary dimension (partial rotary) are left as they are.
///
/// Entries are computed in `f64` to within `6 u_64` for any finite angle, then rounded once:
/// each is off by at most `a (u_T + 8 u_64)`, whatever the position.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation<T> {
    pairing: Pairing,
    /// `a cos(m theta_i)` and `a sin(m theta_i)`.
    turns: Vec<(T, T)>,
    attention_factor: f64,
}

impl<T: Real> Rotation<T> {
    /// The rotation at any real position, negative ones included.
    ///
    /// # Errors
    /// The position is not finite, or an angle overflows.
    ///
    /// # Example
    /// ```
    /// use ropelet::numeric::Pairing;
    /// use ropelet::rope::{Frequencies, Rotation, Scaling};
    ///
    /// let frequencies = Frequencies::new(10_000.0, 64, &Scaling::None, 2048)?;
    /// let mut query = vec![1.0f32; 64];
    /// let rotation = Rotation::new(&frequencies, 7.0, Pairing::HalfSplit)?;
    /// rotation.apply(&mut query)?;
    /// rotation.inverse().apply(&mut query)?;
    /// assert!(query.iter().all(|x| (x - 1.0).abs() < 1e-6));
    /// # Ok::<(), ropelet::rope::RopeError>(())
    /// ```
    pub fn new(frequencies: &Frequencies, position: f64, pairing: Pairing) -> Result<Self, RopeError> {
        let attention_factor = frequencies.attention_factor();
        let turns = frequencies
            .inv_freq()
            .iter()
            .map(|&frequency| {
                if !(position * frequency).is_finite() {
                    return Err(RopeError::Angle { position, frequency });
                }
                let (cos, sin) = cos_sin(position, frequency);
                Ok((T::of(attention_factor * cos), T::of(attention_factor * sin)))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { pairing, turns, attention_factor })
    }

    /// Number of coordinates that turn.
    pub fn rotary_dim(&self) -> usize {
        2 * self.turns.len()
    }

    /// The block of pair `i`.
    ///
    /// # Panics
    /// When there is no such pair.
    pub fn block(&self, pair: usize) -> Matrix2<T> {
        let (cos, sin) = self.turns[pair];
        Matrix2::new(cos, -sin, sin, cos)
    }

    /// The matrix on vectors of `head_dim` coordinates, the identity beyond the rotary dimension.
    ///
    /// # Errors
    /// `head_dim` is smaller than the rotary dimension.
    pub fn to_dense(&self, head_dim: usize) -> Result<DMatrix<T>, RopeError> {
        self.require(head_dim)?;
        let mut dense = DMatrix::from_fn(head_dim, head_dim, |row, column| {
            if row == column && row >= self.rotary_dim() { T::one() } else { T::zero() }
        });
        for (pair, &(cos, sin)) in self.turns.iter().enumerate() {
            let (first, second) = self.pairing.coordinates(pair, self.rotary_dim());
            dense[(first, first)] = cos;
            dense[(first, second)] = -sin;
            dense[(second, first)] = sin;
            dense[(second, second)] = cos;
        }
        Ok(dense)
    }

    /// Turns a head vector in place.
    ///
    /// # Errors
    /// The vector is shorter than the rotary dimension.
    pub fn apply(&self, head: &mut [T]) -> Result<(), RopeError> {
        self.require(head.len())?;
        for (pair, &(cos, sin)) in self.turns.iter().enumerate() {
            let (first, second) = self.pairing.coordinates(pair, self.rotary_dim());
            let (x, y) = (head[first], head[second]);
            head[first] = cos * x - sin * y;
            head[second] = sin * x + cos * y;
        }
        Ok(())
    }

    /// `(a R_m)^{-1} = R_{-m} / a`.
    pub fn inverse(&self) -> Self {
        let factor = T::of(self.attention_factor);
        let squared = factor * factor;
        Self {
            pairing: self.pairing,
            turns: self.turns.iter().map(|&(cos, sin)| (cos / squared, -sin / squared)).collect(),
            attention_factor: self.attention_factor.recip(),
        }
    }

    fn require(&self, found: usize) -> Result<(), RopeError> {
        let expected = self.rotary_dim();
        if found < expected { Err(RopeError::HeadTooShort { expected, found }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Bound, compare};
    use crate::rope::Scaling;

    fn frequencies() -> Frequencies {
        Frequencies::new(1e4, 16, &Scaling::None, 1).unwrap()
    }

    /// Applying and multiplying round differently: two products and a sum each, entries up to 2.
    fn bound<T: Real>() -> Bound {
        Bound::rounding(8.0 * T::UNIT_ROUNDOFF)
    }

    fn apply_is_the_dense_matrix<T: Real>() {
        for pairing in Pairing::ALL {
            let rotation = Rotation::<T>::new(&frequencies(), 12.5, pairing).unwrap();
            let head: Vec<T> = (0..20).map(|i| T::of((f64::from(i) * 0.7).sin())).collect();
            let mut applied = head.clone();
            rotation.apply(&mut applied).unwrap();
            let dense = rotation.to_dense(20).unwrap() * nalgebra::DVector::from_vec(head.clone());
            let wide = |values: &[T]| values.iter().map(|x| x.wide()).collect::<Vec<_>>();
            assert!(compare(&wide(&applied), &wide(dense.as_slice()), bound::<T>()).holds());
            assert_eq!(applied[16..], head[16..], "the unrotated part moved");
            rotation.inverse().apply(&mut applied).unwrap();
            assert!(compare(&wide(&applied), &wide(&head), bound::<T>()).holds());
        }
    }

    #[test]
    fn apply_is_the_dense_matrix_in_both_types() {
        apply_is_the_dense_matrix::<f32>();
        apply_is_the_dense_matrix::<f64>();
    }

    #[test]
    fn the_blocks_stand_in_the_dense_matrix() {
        let rotation = Rotation::<f64>::new(&frequencies(), -3.0, Pairing::Interleaved).unwrap();
        let dense = rotation.to_dense(16).unwrap();
        for pair in 0..8 {
            assert_eq!(dense.fixed_view::<2, 2>(2 * pair, 2 * pair), rotation.block(pair));
        }
    }

    #[test]
    fn the_inverse_undoes_the_attention_factor() {
        let scaled = Frequencies::of(vec![0.3, 0.1], 1.5).unwrap();
        let rotation = Rotation::<f64>::new(&scaled, 5.0, Pairing::HalfSplit).unwrap();
        let mut head = [1.0, -2.0, 3.0, 4.0];
        rotation.apply(&mut head).unwrap();
        rotation.inverse().apply(&mut head).unwrap();
        assert!(compare(&head, &[1.0, -2.0, 3.0, 4.0], Bound::rounding(64.0 * f64::UNIT_ROUNDOFF)).holds());
        assert_eq!(rotation.inverse().inverse().attention_factor, 1.5);
    }

    #[test]
    fn bad_input_is_refused() {
        for position in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let refused = Rotation::<f64>::new(&frequencies(), position, Pairing::HalfSplit);
            assert!(matches!(refused, Err(RopeError::Angle { .. })));
        }
        let rotation = Rotation::<f64>::new(&frequencies(), 1.0, Pairing::HalfSplit).unwrap();
        assert_eq!(rotation.apply(&mut [0.0; 15]), Err(RopeError::HeadTooShort { expected: 16, found: 15 }));
        assert!(rotation.to_dense(2).is_err());
    }
}
