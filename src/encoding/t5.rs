/// The relative bias of T5: one learned scalar per head and bucket of lags [raffel2020, §2.1].
///
/// The bias at lag `Δ` is `values[bucket(Δ)][head]`. With `B` buckets and maximal distance `D`, the
/// bucket of a causal decoder is `Δ` itself below `E = B/2` (floor) and
///
/// ```text
/// min(B - 1, E + floor((B - E) ln(Δ/E) / ln(D/E)))      for Δ ≥ E,
/// ```
///
/// so that lags share buckets of growing width, and all lags from `D` on share the last.
///
/// The quotient of logarithms is decided exactly where it is a whole number, that is where
/// `(Δ/E)^(B-E) = (D/E)^k`; code that computes it in `f32` puts such a lag into the bucket below now
/// and then (with 32 buckets and distance 128 it does not).
#[derive(Debug, Clone, PartialEq)]
pub struct T5 {
    buckets: usize,
    max_distance: usize,
    heads: usize,
    /// `[buckets][heads]`, as in checkpoints.
    values: Vec<f64>,
}

impl T5 {
    /// The bias with these values, row-major `[buckets][heads]`.
    ///
    /// # Panics
    /// Fewer than 2 buckets, no head, a distance of at most `buckets/2`, or another number of values:
    /// [`Encoding::named`](super::Encoding::named) has checked what a user gives.
    pub fn new(buckets: usize, max_distance: usize, heads: usize, values: Vec<f64>) -> Self {
        assert!(buckets >= 2 && heads >= 1 && max_distance > buckets / 2 && values.len() == buckets * heads);
        Self { buckets, max_distance, heads, values }
    }

    /// Number of buckets.
    pub fn buckets(&self) -> usize {
        self.buckets
    }

    /// Number of heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// The learned values, row-major `[buckets][heads]`.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The bucket of a lag.
    pub fn bucket(&self, lag: usize) -> usize {
        let exact = self.buckets / 2;
        if lag < exact {
            return lag;
        }
        let (wide, ratio) = (self.buckets - exact, self.max_distance as f64 / exact as f64);
        let place = wide as f64 * (lag as f64 / exact as f64).ln() / ratio.ln();
        // Where the place is a whole number in exact arithmetic, rounding may have put it just below.
        let nearest = place.round();
        let whole =
            if (place - nearest).abs() <= 64.0 * f64::EPSILON * nearest.max(1.0) { nearest } else { place.floor() };
        (exact + whole as usize).min(self.buckets - 1)
    }

    /// The bias of a head at a lag.
    pub fn bias(&self, head: usize, lag: usize) -> f64 {
        self.values[self.bucket(lag) * self.heads + head]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t5() -> T5 {
        T5::new(32, 128, 1, (0..32).map(f64::from).collect())
    }

    #[test]
    fn near_lags_have_a_bucket_each_and_far_lags_share_the_last() {
        for lag in 0..16 {
            assert_eq!(t5().bucket(lag), lag);
        }
        assert_eq!((t5().bucket(127), t5().bucket(128), t5().bucket(1 << 40)), (31, 31, 31));
        assert_eq!(t5().bias(0, 20), t5().bucket(20) as f64);
    }

    #[test]
    fn a_boundary_that_is_a_whole_number_belongs_to_the_bucket_above() {
        // (Δ/16)^16 = 8^k at Δ = 16, 32 and 64: k = 0, 16/3, 32/3 are not whole; with distance 64 they are.
        let dyadic = T5::new(32, 64, 1, vec![0.0; 32]);
        assert_eq!((dyadic.bucket(16), dyadic.bucket(31), dyadic.bucket(32)), (16, 23, 24));
        assert!((0..200).all(|lag| dyadic.bucket(lag) <= dyadic.bucket(lag + 1)));
    }
}
