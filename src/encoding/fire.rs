/// The form of FIRE: a small network of the relative lag [li2024, Eq. 9 and Appendix]:
///
/// ```text
/// b_h(m, Δ) = W2_h · relu(W1 x + b1) + b2_h,     x = psi(Δ) / (psi(max(m, L)) + 1e-6),     psi(x) = ln(|c| x + 1)
/// ```
///
/// with `c`, the threshold `L = |multiplier| L0` and the network of one hidden layer learned. Up to
/// query position `m = L` it is a bias of the lag alone; beyond, the lag counts relative to the
/// position of the query, so that no input leaves `[0, 1]` at any length.
#[derive(Debug, Clone, PartialEq)]
pub struct Fire {
    /// `c`.
    pub c: f64,
    /// The learned multiple of `L0`.
    pub multiplier: f64,
    /// `L0`, in tokens.
    pub initial_threshold: f64,
    /// `W1` and `b1`, one of each per hidden unit.
    pub hidden: (Vec<f64>, Vec<f64>),
    /// `W2`, row-major `[heads][hidden units]`, and `b2`, one per head.
    pub output: (Vec<f64>, Vec<f64>),
}

impl Fire {
    /// What keeps the normaliser from 0.
    pub const EPSILON: f64 = 1e-6;

    /// Number of heads.
    pub fn heads(&self) -> usize {
        self.output.1.len()
    }

    /// The query position up to which the bias is one of the lag alone.
    pub fn threshold(&self) -> f64 {
        (self.multiplier * self.initial_threshold).abs()
    }

    /// The bias of a head for the query at a position and the key `lag` before it.
    pub fn bias(&self, head: usize, query: usize, lag: usize) -> f64 {
        let psi = |x: f64| (self.c.abs() * x).ln_1p();
        let x = psi(lag as f64) / (psi((query as f64).max(self.threshold())) + Self::EPSILON);
        let width = self.hidden.0.len();
        let units = self.hidden.0.iter().zip(&self.hidden.1).map(|(weight, bias)| (weight * x + bias).max(0.0));
        let row = &self.output.0[head * width..(head + 1) * width];
        units.zip(row).map(|(unit, weight)| unit * weight).sum::<f64>() + self.output.1[head]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fire() -> Fire {
        Fire {
            c: 0.1,
            multiplier: 1.0,
            initial_threshold: 64.0,
            hidden: (vec![1.0, -2.0], vec![0.1, 0.5]),
            output: (vec![0.3, 0.7, -1.0, 0.25], vec![0.0, -0.5]),
        }
    }

    #[test]
    fn up_to_the_threshold_only_the_lag_counts() {
        assert!((0..64).all(|query| fire().bias(1, query, 5) == fire().bias(1, 64, 5)));
        assert_ne!(fire().bias(1, 65, 5), fire().bias(1, 64, 5));
    }

    #[test]
    fn the_farthest_key_looks_the_same_at_every_length_beyond_it() {
        // psi(m)/(psi(m) + 1e-6) is within 1e-6/psi(64) < 5.1e-7 of 1, and no slope here exceeds 1.7.
        let (near, far) = (fire().bias(0, 64, 64), fire().bias(0, 100_000, 100_000));
        assert!((near - far).abs() < 1.7 * 5.1e-7, "{near} {far}");
    }
}
