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
    /// From token ids to the input of the first layer.
    pub embedding: EmbeddingSpec,
    /// The layers, first to last.
    pub layers: Vec<LayerSpec>,
    /// The norm after the last layer.
    pub final_norm: Option<Norm>,
    /// From there to the scores of the tokens.
    pub head: HeadSpec,
    /// Standard deviation of freshly initialised weights.
    pub initializer_range: f64,
    /// Keys that config.json leaves out, and the values that were taken for them.
    pub defaults: Vec<(String, String)>,
    /// Keys of config.json that were not read, and that are not known to be without effect on what
    /// the model computes. Hugging Face transformers reads none of them for this family either.
    pub unread: Vec<String>,
}

/// The input of the first layer: `norm(P (scale · token) + position + type)`, where each part is
/// optional.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EmbeddingSpec {
    /// Width of a token's row; where it is not `h`, a projection `P` to `h` follows.
    pub width: usize,
    /// The factor on a token's row, 1 where there is none.
    pub scale: f64,
    /// A learned vector per position.
    pub positions: Option<LearnedPositions>,
    /// Number of token types; every token has the first. 0 where there are none.
    pub token_types: usize,
    /// The norm of the sum.
    pub norm: Option<Norm>,
}

/// Learned positions: position `p` is row `p + offset` of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LearnedPositions {
    /// Rows of the table.
    pub rows: usize,
    /// The row of position 0.
    pub offset: usize,
}

/// The scores of the tokens: `cap(W P T(x) + b)`, where each part but `W` is optional.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HeadSpec {
    /// Whether `W` is the embedding.
    pub tied: bool,
    /// Whether there is a bias `b`.
    pub bias: bool,
    /// `T(x) = norm(act(V x + c))`.
    pub transform: Option<(Activation, Norm)>,
    /// `c` of the soft cap `c tanh(x/c)`.
    pub softcap: Option<f64>,
}

/// One layer: attention and a feed-forward branch on a residual stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LayerSpec {
    /// `a`, the norm of the attention.
    pub attention_norm: Option<Norm>,
    /// A norm of what the attention adds to the stream.
    pub attention_output_norm: Option<Norm>,
    /// `m`, the norm of the feed-forward branch.
    pub mlp_norm: Option<Norm>,
    /// A norm of what the feed-forward branch adds to the stream.
    pub mlp_output_norm: Option<Norm>,
    /// How the two branches and the residual stream are joined.
    pub topology: Topology,
    /// The attention.
    pub attention: AttentionSpec,
    /// The feed-forward branch.
    pub mlp: MlpSpec,
}

impl LayerSpec {
    /// Sequential, with this norm before each branch.
    pub(super) fn new(norm: Norm, attention: AttentionSpec, mlp: MlpSpec) -> Self {
        Self {
            attention_norm: Some(norm),
            attention_output_norm: None,
            mlp_norm: Some(norm),
            mlp_output_norm: None,
            topology: Topology::Sequential,
            attention,
            mlp,
        }
    }
}

/// How the branches of a layer are joined, with `x` the layer's input, `A` and `M` its branches, with
/// the norms of their outputs, and `a`, `m` their norms. A norm that is absent is the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// `y = x + A(a(x))`, output `y + M(m(y))`.
    Sequential,
    /// Output `x + A(a(x)) + M(m(x))`.
    Parallel,
    /// Output `x + A(a(x)) + M(a(x))`.
    ParallelOneNorm,
    /// `y = a(x) + A(a(x))`, output `m(y) + M(m(y))`: the residual is taken after the norm.
    ResidualAfterNorm,
    /// `y = a(x + A(x))`, output `m(y + M(y))`: the norm is taken after the residual.
    NormAfterResidual,
}

/// A norm over the last axis: with weight `w` and bias `b`, as [`Affine`] says, of what [`NormKind`]
/// makes of `x`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Norm {
    /// Its formula.
    pub kind: NormKind,
    /// Added to the mean square or the variance.
    pub eps: f64,
    /// What is learned of it.
    pub affine: Affine,
}

impl Norm {
    /// `w (x - mean x)/sqrt(var x + eps) + b`.
    pub(super) fn layer(eps: f64) -> Self {
        Self { kind: NormKind::Layer, eps, affine: Affine::WeightAndBias }
    }

    /// `w x / sqrt(mean x² + eps)`.
    pub(super) fn rms(eps: f64) -> Self {
        Self { kind: NormKind::Rms, eps, affine: Affine::Weight }
    }
}

/// What a norm does before its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormKind {
    /// `(x - mean x)/sqrt(var x + eps)`.
    Layer,
    /// `x / sqrt(mean x² + eps)`.
    Rms,
}

/// What is learned of a norm, by which its result `n` is scaled and moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Affine {
    /// Nothing: `n`.
    None,
    /// `w n`.
    Weight,
    /// `(1 + w) n`.
    OnePlusWeight,
    /// `w n + b`.
    WeightAndBias,
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
    /// Query, key and value projections are cut to `[-c, c]`.
    pub clip: Option<f64>,
    /// A norm of queries and keys, after the cut and before the rotation.
    pub qk_norm: Option<QkNorm>,
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

impl AttentionSpec {
    /// Causal attention with scale `1/√D` and nothing optional.
    pub(super) fn new(heads: usize, kv_heads: usize, head_dim: usize, position: Position) -> Self {
        Self {
            heads,
            kv_heads,
            head_dim,
            scale: (head_dim as f64).sqrt().recip(),
            softcap: None,
            mask: Mask::Causal,
            position,
            clip: None,
            qk_norm: None,
            qkv_bias: false,
            output_bias: false,
        }
    }
}

/// A norm of queries, and one of keys.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct QkNorm {
    /// Their formula.
    pub norm: Norm,
    /// What is normalised, and with which weights.
    pub over: QkNormOver,
}

/// What a norm of queries or keys is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum QkNormOver {
    /// Each head by itself, with the same `D` weights.
    Head,
    /// Each head by itself, with `D` weights of its own.
    EachHead,
    /// All heads together, `H D` or `K D` coordinates.
    FullWidth,
}

/// How an attention knows positions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// It does not; the embedding may.
    None,
    /// Queries and keys are rotated.
    Rotary(Rotary),
    /// `-slope · (query - key)` is added to the scores, one slope per head.
    Alibi(Vec<f64>),
    /// The same from `scale · r(slope · r(key))`, with slopes that are numbers of `bf16` and `r` the
    /// rounding to `bf16`: what Falcon was trained with. The bias is not quite a function of the lag.
    RoundedAlibi {
        /// One slope per head.
        slopes: Vec<f64>,
        /// The factor on the rounded product.
        scale: f64,
    },
}

impl Position {
    /// ALiBi with the slopes of this many heads.
    pub(super) fn alibi(heads: usize) -> Self {
        Self::Alibi(alibi_slopes(heads))
    }

    /// What is added to the score of a query and a key, and 0 where they are the same token: scores
    /// count up to a constant per query.
    pub fn bias(&self, head: usize, query: usize, key: usize) -> f64 {
        match self {
            Self::None | Self::Rotary(_) => 0.0,
            Self::Alibi(slopes) => slopes[head] * (key as f64 - query as f64),
            Self::RoundedAlibi { .. } => self.key_bias(head, key) - self.key_bias(head, query),
        }
    }

    /// The part of the bias of [`Position::RoundedAlibi`] that depends on the key.
    pub(super) fn key_bias(&self, head: usize, key: usize) -> f64 {
        match self {
            Self::RoundedAlibi { slopes, scale } => scale * bf16(slopes[head] * bf16(key as f64)),
            _ => 0.0,
        }
    }
}

/// The nearest number of `bf16`, of two the even one, to a number of `f32`.
pub(super) fn bf16(x: f64) -> f64 {
    let bits = (x as f32).to_bits();
    f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000).into()
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
