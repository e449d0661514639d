use super::Sinusoids;

/// The relative encoding of Transformer-XL [dai2019, §3.3]:
///
/// ```text
/// score(m, n) = ((q_m + u_h)·k_n + (q_m + v_h)·W_h r(Δ))/√d
/// ```
///
/// with sinusoids `r(Δ)` of the width of the residual stream, one matrix `W_h` per head and layer
/// (`W_R` of the source, which has no bias), and two learned vectors per head that all layers share.
#[derive(Debug, Clone, PartialEq)]
pub struct TransformerXl {
    sinusoids: Sinusoids,
    heads: usize,
    dim: usize,
    u: Vec<f64>,
    v: Vec<f64>,
    w_r: Vec<f64>,
}

impl TransformerXl {
    /// The encoding with `u`, `v`, row-major `[heads][dim]`, and `w_r`, `[heads][dim][width of the sinusoids]`.
    ///
    /// # Panics
    /// Another number of values.
    pub fn new(sinusoids: Sinusoids, heads: usize, dim: usize, u: Vec<f64>, v: Vec<f64>, w_r: Vec<f64>) -> Self {
        assert!(u.len() == heads * dim && v.len() == u.len() && w_r.len() == u.len() * sinusoids.dim());
        Self { sinusoids, heads, dim, u, v, w_r }
    }

    /// `r`.
    pub fn sinusoids(&self) -> &Sinusoids {
        &self.sinusoids
    }

    /// Number of heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Dimension of a head.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// `u`, the global content bias, `[heads][dim]`.
    pub fn u(&self) -> &[f64] {
        &self.u
    }

    /// `v`, the global position bias, `[heads][dim]`.
    pub fn v(&self) -> &[f64] {
        &self.v
    }

    /// `W_R`, `[heads][dim][width]`.
    pub fn w_r(&self) -> &[f64] {
        &self.w_r
    }
}
