use serde::Serialize;

use super::{RopeError, Scaling};
use crate::numeric::Real;

/// The rotary frequencies of a head, and the factor on its cosines and sines.
///
/// `inv_freq[i]` is `theta_i`, in radians per token: pair `i` at position `m` turns by `m theta_i`.
/// A valid table has at least one pair, and only finite, non-negative frequencies (zero: a pair
/// that does not turn, as in partial-frequency encodings).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frequencies {
    inv_freq: Vec<f64>,
    attention_factor: f64,
}

impl Frequencies {
    /// `theta_i = base^{-2i/d}`, `i < d/2`, with `d = rotary_dim`, after `scaling` for a sequence of
    /// this length [su2024, §3.2.2].
    ///
    /// Only dynamic NTK and LongRoPE depend on the sequence length. Everything is computed in
    /// `f64`; reference implementations compute in `f32`, and their frequencies differ from these
    /// by a few parts in 10⁷.
    ///
    /// # Errors
    /// An odd dimension, a base that is not above 1, or a parameter of the scaling out of range.
    ///
    /// # Example
    /// ```
    /// use ropelet::rope::{Frequencies, Scaling};
    ///
    /// let rope = Frequencies::new(10_000.0, 4, &Scaling::None, 2048)?;
    /// assert_eq!(rope.inv_freq(), [1.0, 0.01]);
    /// # Ok::<(), ropelet::rope::RopeError>(())
    /// ```
    pub fn new(base: f64, rotary_dim: usize, scaling: &Scaling, sequence_length: usize) -> Result<Self, RopeError> {
        if !rotary_dim.is_multiple_of(2) || rotary_dim == 0 {
            return Err(RopeError::OddDimension(rotary_dim));
        }
        if !(base.is_finite() && base > 1.0) {
            return Err(RopeError::Base(base));
        }
        let (inv_freq, attention_factor) = scaling.table(base, rotary_dim, sequence_length)?;
        Self::of(inv_freq, attention_factor)
    }

    /// A table of any frequencies, in radians per token.
    ///
    /// # Errors
    /// No pair, a frequency that is not finite or is negative, an attention factor that is not
    /// finite and positive.
    pub fn of(inv_freq: Vec<f64>, attention_factor: f64) -> Result<Self, RopeError> {
        if inv_freq.is_empty() {
            return Err(RopeError::OddDimension(0));
        }
        if let Some(&found) = inv_freq.iter().find(|theta| !(theta.is_finite() && **theta >= 0.0)) {
            return Err(RopeError::Value { what: "a rotary frequency", sign: "not negative", found });
        }
        if !(attention_factor.is_finite() && attention_factor > 0.0) {
            return Err(RopeError::Value { what: "the attention factor", sign: "positive", found: attention_factor });
        }
        Ok(Self { inv_freq, attention_factor })
    }

    /// `theta_i` in radians per token, one per pair.
    pub fn inv_freq(&self) -> &[f64] {
        &self.inv_freq
    }

    /// The factor on cosine and sine; its square multiplies the attention scores.
    pub fn attention_factor(&self) -> f64 {
        self.attention_factor
    }

    /// Number of pairs.
    pub fn pairs(&self) -> usize {
        self.inv_freq.len()
    }

    /// Number of coordinates that turn: two per pair.
    pub fn rotary_dim(&self) -> usize {
        2 * self.pairs()
    }

    /// The angles `m theta_i` in radians at these positions, row-major `[positions][pairs]`, each
    /// within one rounding of `f64`.
    pub fn angles(&self, positions: &[f64]) -> Vec<f64> {
        positions.iter().flat_map(|m| self.inv_freq.iter().map(move |theta| m * theta)).collect()
    }

    /// `a cos(m theta_i)` and `a sin(m theta_i)` with the attention factor `a`, row-major
    /// `[positions][pairs]`: the two tables that a model multiplies with.
    ///
    /// Computed in `f64` and rounded once to `T`; see [`Rotation`](super::Rotation) for the error.
    pub fn cos_sin<T: Real>(&self, positions: &[f64]) -> (Vec<T>, Vec<T>) {
        positions
            .iter()
            .flat_map(|&m| self.inv_freq.iter().map(move |&theta| cos_sin(m, theta)))
            .map(|(cos, sin)| (T::of(self.attention_factor * cos), T::of(self.attention_factor * sin)))
            .unzip()
    }
}

/// `(cos m θ, sin m θ)` to within `6 u` for any finite product.
///
/// The rounded product is off by up to `u |m θ|`, which is a whole turn at `|m θ| ≈ 10^{16}` and
/// costs digits long before. The fused multiply-add returns what the product lost, exactly, and
/// the addition theorem puts it back: `cos(h + l) = cos h cos l - sin h sin l`. Library cosines are
/// off by at most one unit in the last place (2 u), so each product by 5 u of itself;
/// `|cos h cos l| + |sin h sin l| ≤ 1`, and the sum rounds once more.
pub(super) fn cos_sin(position: f64, frequency: f64) -> (f64, f64) {
    let high = position * frequency;
    let low = position.mul_add(frequency, -high);
    let ((sin_high, cos_high), (sin_low, cos_low)) = (high.sin_cos(), low.sin_cos());
    (cos_high * cos_low - sin_high * sin_low, sin_high * cos_low + cos_high * sin_low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pair_turns_one_radian_per_token() {
        for base in [2.0, 1e4, 5e5] {
            let rope = Frequencies::new(base, 128, &Scaling::None, 1).unwrap();
            assert_eq!((rope.pairs(), rope.rotary_dim(), rope.inv_freq()[0]), (64, 128, 1.0));
            assert!(rope.inv_freq().windows(2).all(|pair| pair[1] < pair[0]));
        }
    }

    #[test]
    fn bad_input_is_refused() {
        for dim in [0, 1, 63] {
            assert_eq!(Frequencies::new(1e4, dim, &Scaling::None, 1), Err(RopeError::OddDimension(dim)));
        }
        for base in [1.0, 0.0, -1e4, f64::NAN, f64::INFINITY] {
            assert!(matches!(Frequencies::new(base, 64, &Scaling::None, 1), Err(RopeError::Base(_))));
        }
        assert!(Frequencies::of(vec![], 1.0).is_err());
        assert!(Frequencies::of(vec![f64::NAN], 1.0).is_err());
        assert!(Frequencies::of(vec![-1.0], 1.0).is_err());
        assert!(Frequencies::of(vec![1.0], 0.0).is_err());
        assert!(Frequencies::of(vec![0.0], 1.0).is_ok());
    }

    #[test]
    fn the_tables_carry_the_attention_factor() {
        let rope = Frequencies::of(vec![0.5], 2.0).unwrap();
        let (cos, sin) = rope.cos_sin::<f32>(&[0.0, 3.0]);
        assert_eq!(cos, [2.0, (2.0 * 1.5f64.cos()) as f32]);
        assert_eq!(sin, [0.0, (2.0 * 1.5f64.sin()) as f32]);
        assert_eq!(rope.angles(&[0.0, 3.0]), [0.0, 1.5]);
    }
}
