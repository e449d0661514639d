use std::f64::consts::PI;

use super::Frequencies;

/// `V(x) = 1/2 + sin 2x/4x - (sin x/x)²`: the variance of `cos(x t)` over `t` uniform on `[0, 1]`, for `x > 0`.
///
/// With `x = θ L` it says how much the score of a pair varies with the position in a window of `L`
/// tokens, for queries and keys of given norms \[oka2026, §5\].
///
/// Rounding: the terms are at most 1/2, so the result is off by a few unit roundoffs.
pub fn position_variance(x: f64) -> f64 {
    0.5 + (2.0 * x).sin() / (4.0 * x) - (x.sin() / x).powi(2)
}

/// `x* = 3.657210…` radians, where [`position_variance`] is largest \[oka2026, §5\].
///
/// Found by halving `[π, 4]`, on which the derivative falls through zero once; the catalogue's
/// `position-is-best-told-at-3-657-radians` proves that no other maximum is larger.
///
/// Rounding: the sign of the derivative is right but within `16 u` of its root, where its own slope is
/// -0.26, so that `x*` is off by less than `1e-14`.
///
/// # Example
/// ```
/// let turn = ropelet::rope::best_told_turn();
/// assert!((turn - 3.657_210_097_983_21).abs() < 1e-14);
/// ```
pub fn best_told_turn() -> f64 {
    let (mut rising, mut falling) = (PI, 4.0);
    loop {
        let middle = rising + (falling - rising) / 2.0;
        if middle <= rising || middle >= falling {
            return middle;
        }
        if slope(middle) > 0.0 { rising = middle } else { falling = middle }
    }
}

/// `V'(x)`.
fn slope(x: f64) -> f64 {
    let (sin, cos) = x.sin_cos();
    let (sin_twice, cos_twice) = (2.0 * x).sin_cos();
    cos_twice / (2.0 * x) - sin_twice / (4.0 * x * x) - 2.0 * sin * (x * cos - sin) / x.powi(3)
}

impl Frequencies {
    /// The index at which `θ` lies among the pairs, by linear interpolation of `ln θ_i` over `i`, and
    /// beyond the ends by the first or last step.
    ///
    /// For plain RoPE this is `(d/2) log_B(1/θ)`. `None` where fewer than two pairs turn, or where the
    /// frequencies do not fall from pair to pair.
    ///
    /// # Example
    /// ```
    /// use ropelet::rope::{Frequencies, Scaling, best_told_turn};
    ///
    /// let frequencies = Frequencies::new(10_000.0, 64, &Scaling::None, 1024)?;
    /// let pair = frequencies.index_of(best_told_turn() / 1024.0).expect("the frequencies fall");
    /// assert!((pair - 32.0 * (1024.0 / best_told_turn()).ln() / 10_000f64.ln()).abs() < 1e-12);
    /// # Ok::<(), ropelet::rope::RopeError>(())
    /// ```
    pub fn index_of(&self, theta: f64) -> Option<f64> {
        let turning: Vec<f64> = self.inv_freq().iter().take_while(|theta| **theta > 0.0).map(|x| x.ln()).collect();
        if turning.len() < 2 || turning.windows(2).any(|pair| pair[0] <= pair[1]) {
            return None;
        }
        let wanted = theta.ln();
        let after = turning.iter().position(|log| *log < wanted).unwrap_or(turning.len());
        let step = after.clamp(1, turning.len() - 1);
        let (before, after) = (turning[step - 1], turning[step]);
        Some((step - 1) as f64 + (before - wanted) / (before - after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Real;
    use crate::rope::Scaling;

    #[test]
    fn the_variance_is_that_of_a_cosine_and_largest_at_the_best_told_turn() {
        let turn = best_told_turn();
        // The midpoint rule on n points of a smooth function: (x/n)²/6 at most, for cos and cos².
        let n = 20_000;
        let cosines = (0..n).map(|i| (turn * (f64::from(i) + 0.5) / f64::from(n)).cos());
        let (sum, squares) = cosines.fold((0.0, 0.0), |(sum, squares), cos| (sum + cos, squares + cos * cos));
        let (mean, square) = (sum / f64::from(n), squares / f64::from(n));
        assert!((square - mean * mean - position_variance(turn)).abs() < 1e-8);
        for step in [1e-3, 1e-2, 0.1, 1.0] {
            assert!(position_variance(turn - step) < position_variance(turn), "{step}");
            assert!(position_variance(turn + step) < position_variance(turn), "{step}");
        }
    }

    #[test]
    fn an_index_is_interpolated_between_the_pairs() {
        let rope = Frequencies::new(1e4, 64, &Scaling::None, 1).unwrap();
        for (pair, theta) in rope.inv_freq().iter().enumerate() {
            let index = rope.index_of(*theta).unwrap();
            // Logarithms up to ln B = 9.2 are off by half a unit, and a step is 0.29 of one.
            assert!((index - pair as f64).abs() < 64.0 * 9.2 / 0.28 * f64::UNIT_ROUNDOFF, "{pair}: {index}");
        }
        let between = (rope.inv_freq()[3] * rope.inv_freq()[4]).sqrt();
        assert!((rope.index_of(between).unwrap() - 3.5).abs() < 1e-12);
        assert!(rope.index_of(10.0).unwrap() < 0.0);
        assert!(rope.index_of(1e-5).unwrap() > 31.0);
    }

    #[test]
    fn an_index_needs_frequencies_that_fall() {
        let index = |theta: &[f64]| Frequencies::of(theta.to_vec(), 1.0).unwrap().index_of(0.1);
        assert_eq!(index(&[1.0]), None);
        assert_eq!(index(&[0.1, 1.0]), None);
        assert_eq!(index(&[1.0, 0.0]), None);
        assert!(index(&[1.0, 0.01, 0.0]).is_some());
    }
}
