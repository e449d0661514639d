/// Relative position representations with clipping [shaw2018, §3]: learned vectors by lag, for keys and values.
///
/// ```text
/// score(m, n) = q_m·(k_n + a^K[min(Δ, K)])/√d,      output_m = Σ_n α_mn (v_n + a^V[min(Δ, K)])
/// ```
///
/// The source has `2K + 1` vectors, for `t = key - query` from `-K` to `K`; a decoder reads the `K + 1`
/// of `t ≤ 0`, and only these are kept here: row `r` is lag `r`, and the last row is every lag from `K` on.
#[derive(Debug, Clone, PartialEq)]
pub struct Shaw {
    clip: usize,
    dim: usize,
    keys: Vec<f64>,
    values: Vec<f64>,
}

impl Shaw {
    /// The encoding with these vectors, row-major `[clip + 1][dim]`.
    ///
    /// # Panics
    /// Another number of values.
    pub fn new(clip: usize, dim: usize, keys: Vec<f64>, values: Vec<f64>) -> Self {
        assert!(dim > 0 && keys.len() == (clip + 1) * dim && values.len() == keys.len());
        Self { clip, dim, keys, values }
    }

    /// `K`, the largest lag that is told apart.
    pub fn clip(&self) -> usize {
        self.clip
    }

    /// Dimension of a head.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// `a^K`, row-major `[clip + 1][dim]`.
    pub fn keys(&self) -> &[f64] {
        &self.keys
    }

    /// `a^V`, row-major `[clip + 1][dim]`.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The row of a lag.
    pub fn row(&self, lag: usize) -> usize {
        lag.min(self.clip)
    }
}
