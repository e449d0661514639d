use std::ops::{Add, Mul};

use serde::Serialize;

/// How far a computed value may lie from the true one, by cause.
///
/// The parts are kept apart because they answer to different things: `rounding` falls when the
/// same formula is evaluated in a wider type, `truncation` falls when more terms are summed or a
/// longer interval is integrated. Both are absolute errors, and neither is negative.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Bound {
    /// Error of finite precision.
    pub rounding: f64,
    /// Error of finite sums, grids and intervals.
    pub truncation: f64,
}

impl Bound {
    /// No error at all: the comparison is `==`.
    pub const EXACT: Self = Self { rounding: 0.0, truncation: 0.0 };

    /// A bound on rounding alone.
    pub const fn rounding(rounding: f64) -> Self {
        Self { rounding, truncation: 0.0 }
    }

    /// A bound on truncation alone.
    pub const fn truncation(truncation: f64) -> Self {
        Self { rounding: 0.0, truncation }
    }

    /// The sum of both parts.
    pub fn total(self) -> f64 {
        self.rounding + self.truncation
    }
}

impl Add for Bound {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { rounding: self.rounding + other.rounding, truncation: self.truncation + other.truncation }
    }
}

impl Mul<f64> for Bound {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self { rounding: self.rounding * factor, truncation: self.truncation * factor }
    }
}

/// `γ_n = n u / (1 - n u)`: the relative error of `n` successive roundings [higham2002, Lemma 3.1].
///
/// Returns infinity when `n u ≥ 1`, where the lemma says nothing.
pub fn gamma(operations: usize, unit_roundoff: f64) -> f64 {
    let nu = operations as f64 * unit_roundoff;
    if nu < 1.0 { nu / (1.0 - nu) } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Real;

    #[test]
    fn parts_add_and_scale_apart() {
        let bound = (Bound::rounding(1.0) + Bound::truncation(2.0)) * 3.0;
        assert_eq!((bound.rounding, bound.truncation, bound.total()), (3.0, 6.0, 9.0));
    }

    #[test]
    fn gamma_bounds_a_running_sum() {
        // 0.1 is not a binary fraction, so every addition rounds.
        let n = 1 << 20;
        let sum = (0..n).fold(0.0f32, |sum, _| sum + 0.1f32);
        let exact = f64::from(0.1f32) * f64::from(n);
        let error = (f64::from(sum) - exact).abs();
        assert!(error > 0.0);
        assert!(error <= gamma(n as usize, f32::UNIT_ROUNDOFF) * exact);
    }

    #[test]
    fn gamma_says_nothing_past_its_range() {
        assert_eq!(gamma(1 << 24, f32::UNIT_ROUNDOFF), f64::INFINITY);
    }
}
