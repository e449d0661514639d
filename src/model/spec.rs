use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
use std::ops::Range;

use serde::Serialize;

use crate::encoding::alibi_slopes;
use crate::numeric::Pairing;
use crate::rope::{Frequencies, RopeError, Scaling};

/// What a decoder computes, as plain data without weights.
///
/// A family's configuration is normalised to this once, at load; the forward pass knows no
/// families. Sizes: `h` hidden, `H` query heads, `K` key-value heads, `D` coordinates per head.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Spec {
    /// The family, as `model_type` names it.
    pub family: &'static str,
    /// Number of token embeddings.
    pub vocabulary: usize,
    /// `h`, the width of the residual stream.
    pub hidden: usize,
    /// The longest text the positions are made for; `None` where any length is (ALiBi).
    pub max_positions: Option<usize>,
    /// A norm between the embedding and the first layer.
    pub embedding_norm: Option<Norm>,
    /// The layers, first to last.
    pub layers: Vec<LayerSpec>,
    /// The norm before the output head.
    pub final_norm: Norm,
    /// Whether the output head is the embedding.
    pub tied_head: bool,
    /// Standard deviation of freshly initialised weights.
    pub initializer_range: f64,
    /// Keys that config.json leaves out, and the values that were taken for them.
    pub defaults: Vec<(String, String)>,
}

/// One layer: attention and a feed-forward branch on a residual stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LayerSpec {
    /// The norm before the attention.
    pub attention_norm: Norm,
    /// The norm before the feed-forward branch.
    pub mlp_norm: Norm,
    /// How the two branches and the residual stream are joined.
    pub topology: Topology,
    /// The attention.
    pub attention: AttentionSpec,
    /// The feed-forward branch.
    pub mlp: MlpSpec,
}

/// How the branches of a layer are joined, with `x` the layer's input, `A` and `M` its branches and
/// `a`, `m` their norms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// `y = x + A(a(x))`, output `y + M(m(y))`.
    Sequential,
    /// Output `x + A(a(x)) + M(m(x))`.
    Parallel,
    /// `y = a(x) + A(a(x))`, output `m(y) + M(m(y))`: the residual is taken after the norm.
    ResidualAfterNorm,
}

/// A norm over the last axis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Norm {
    /// Its formula.
    pub kind: NormKind,
    /// Added to the mean square or the variance.
    pub eps: f64,
}

/// The formula of a norm, with weight `w` and bias `b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormKind {
    /// `w (x - mean x)/sqrt(var x + eps) + b`.
    Layer,
    /// `w x / sqrt(mean x² + eps)`.
    Rms,
}

/// The attention of a layer: `softmax_j(cap(scale · q_i·k_j) + bias_ij)` over the keys that `mask` lets
/// query `i` see.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AttentionSpec {
    /// `H`, the number of query heads.
    pub heads: usize,
    /// `K`, the number of key-value heads; query head `h` reads key-value head `h / (H/K)`.
    pub kv_heads: usize,
    /// `D`, the number of coordinates of a head.
    pub head_dim: usize,
    /// The factor on `q·k`.
    pub scale: f64,
    /// `c` of the soft cap `c tanh(s/c)` on scores, before bias and mask.
    pub softcap: Option<f64>,
    /// The keys that a query sees.
    pub mask: Mask,
    /// Where the position enters.
    pub position: Position,
    /// Whether query, key and value projections have a bias.
    pub qkv_bias: bool,
    /// Whether the output projection has a bias.
    pub output_bias: bool,
}

/// The keys `j` that query `i` of a text sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mask {
    /// `j ≤ i`.
    Causal,
    /// `i - w < j ≤ i`: the query's own token and the `w - 1` before it, `w` keys.
    Window(usize),
    /// Every key: the model reads in both directions.
    Full,
}

impl Mask {
    /// The keys that a query of a text with so many tokens sees.
    pub fn visible(self, query: usize, tokens: usize) -> Range<usize> {
        match self {
            Self::Causal => 0..query + 1,
            Self::Window(width) => (query + 1).saturating_sub(width)..query + 1,
            Self::Full => 0..tokens,
        }
    }
}

/// How an attention knows positions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// Queries and keys are rotated.
    Rotary(Rotary),
    /// `-slope · (query - key)` is added to the scores, one slope per head.
    Alibi(Vec<f64>),
}

impl Position {
    /// ALiBi with the slopes of this many heads.
    pub(super) fn alibi(heads: usize) -> Self {
        Self::Alibi(alibi_slopes(heads))
    }
}

/// Rotary position embedding of the first `dim` coordinates of each head.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rotary {
    /// `theta_i = base^{-2i/dim}`.
    pub base: f64,
    /// Number of coordinates that are rotated, even.
    pub dim: usize,
    /// Which coordinates turn together.
    pub pairing: Pairing,
    /// How the frequencies are stretched for long texts.
    pub scaling: Scaling,
}

impl Rotary {
    /// The frequencies for a text of this many tokens.
    ///
    /// # Errors
    /// Those of [`Frequencies::new`]; none for a [`Spec`] that came from a checkpoint.
    pub fn frequencies(&self, tokens: usize) -> Result<Frequencies, RopeError> {
        Frequencies::new(self.base, self.dim, &self.scaling, tokens)
    }
}

/// The feed-forward branch: `down(act(up x))`, or `down(act(gate x) · up x)` when gated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MlpSpec {
    /// Width between the projections.
    pub intermediate: usize,
    /// Whether there is a gate projection.
    pub gated: bool,
    /// Whether the projections have a bias.
    pub bias: bool,
    /// The activation.
    pub activation: Activation,
}

/// `√(2/π)`.
pub(super) const SQRT_2_OVER_PI: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

/// Activation functions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `x / (1 + e^{-x})`.
    Silu,
    /// `x (1 + erf(x/√2))/2`.
    Gelu,
    /// `x (1 + tanh(c x (1 + 0.044715 x²)))/2` with this `c`: `√(2/π)`, or 0.79788456 where the
    /// reference code has rounded it.
    GeluTanh(f64),
    /// `max(x, 0)`.
    Relu,
}
