/// The slope of each head of ALiBi, steepest first within each of its two runs \[press2022\].
///
/// For `n = 2^k` heads the slopes are `2^(-8 j / n)`, `j = 1..=n`. For any other `n` they are those
/// of the next lower power of two `p`, followed by the first `n - p` odd-numbered slopes
/// (`j = 1, 3, 5, ...`) of `2p` heads. This order is the one of the authors' code and of the
/// checkpoints trained with it (BLOOM, MPT).
///
/// Each slope is correctly rounded where the exponent is a whole number (every `n ≤ 8`) and within
/// one unit in the last place otherwise. Zero heads have no slopes.
///
/// # Example
/// ```
/// use ropelet::encoding::alibi_slopes;
/// assert_eq!(alibi_slopes(4), [0.25, 0.0625, 0.015625, 0.00390625]);
/// assert_eq!(alibi_slopes(6)[4..], [0.5, 0.125]);
/// ```
pub fn alibi_slopes(heads: usize) -> Vec<f64> {
    if heads == 0 {
        return Vec::new();
    }
    let lower = 1 << heads.ilog2();
    let slope = |j: usize, n: usize| (-8.0 * j as f64 / n as f64).exp2();
    let regular = (1..=lower).map(|j| slope(j, lower));
    let between = (0..heads - lower).map(|j| slope(2 * j + 1, 2 * lower));
    regular.chain(between).collect()
}

/// What ALiBi adds to the score at each lag `0..length`: `-slope · lag` \[press2022\].
///
/// Implementations that add `slope · key` instead differ by a constant per query row, which the
/// softmax does not see.
pub fn alibi_bias(slope: f64, length: usize) -> Vec<f64> {
    (0..length).map(|lag| -slope * lag as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_a_geometric_sequence_that_ends_at_two_to_the_minus_eight() {
        for heads in [1, 2, 4, 8] {
            let slopes = alibi_slopes(heads);
            assert_eq!(slopes.len(), heads);
            assert_eq!(slopes[heads - 1], 1.0 / 256.0);
            assert!(slopes.windows(2).all(|pair| pair[1] / pair[0] == slopes[0]));
        }
    }

    #[test]
    fn other_counts_interleave_the_next_power_of_two() {
        let exponents = |heads| alibi_slopes(heads).iter().map(|s: &f64| s.log2()).collect::<Vec<_>>();
        assert_eq!(exponents(6), [-2.0, -4.0, -6.0, -8.0, -1.0, -3.0]);
        let twelve = exponents(12);
        assert_eq!(twelve[..8], [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0]);
        for (observed, expected) in twelve[8..].iter().zip([-0.5, -1.5, -2.5, -3.5]) {
            assert!((observed - expected).abs() <= f64::EPSILON * 4.0);
        }
        assert!(alibi_slopes(0).is_empty());
    }

    #[test]
    fn the_bias_falls_linearly_from_zero() {
        assert_eq!(alibi_bias(0.5, 4), [-0.0, -0.5, -1.0, -1.5]);
    }
}
