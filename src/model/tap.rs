use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use candle_core::{DType, Tensor};
use serde::Serialize;

use super::{ModelError, Reduced, Reduction, RowReducer};
use crate::numeric::Real;

/// A place in the forward pass whose values can be read, with one meaning in every family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tap {
    /// Input of the layer, `[tokens, hidden]`.
    Residual,
    /// Queries just before rotation, after bias, clip and norm, `[heads, tokens, head_dim]`.
    Query,
    /// Keys just before rotation, after bias, clip and norm, `[kv_heads, tokens, head_dim]`.
    Key,
    /// Queries after rotation; equal to `Query` where the family does not rotate.
    QueryRotated,
    /// Keys after rotation; equal to `Key` where the family does not rotate.
    KeyRotated,
    /// Values, after bias and clip, `[kv_heads, tokens, head_dim]`.
    Value,
    /// `scale · q·k` after the soft cap, before positional bias and mask, `[heads, queries, keys]`.
    Scores,
    /// The additive positional bias alone, `-slope · (query - key)`, `[heads, queries, keys]`; zero
    /// where the family has none, and where query and key are the same token.
    Bias,
    /// Attention probabilities, `[heads, queries, keys]`.
    Attention,
    /// Attention times values, before the output projection, `[heads, tokens, head_dim]`.
    Mixed,
    /// What the attention branch adds to the residual stream, after a norm of its output if there is
    /// one, `[tokens, hidden]`.
    AttentionOutput,
    /// What the feed-forward branch adds to the residual stream, after a norm of its output if there
    /// is one, `[tokens, hidden]`.
    MlpOutput,
    /// The last layer's output after the final norm, if there is one, `[tokens, hidden]`.
    Final,
    /// Scores of the next token, or of the token itself in a model that reads in both directions,
    /// `[tokens, vocabulary]`.
    Logits,
}

impl Tap {
    /// All taps, in the order in which a layer reaches them.
    pub const ALL: [Self; 14] = [
        Self::Residual,
        Self::Query,
        Self::Key,
        Self::QueryRotated,
        Self::KeyRotated,
        Self::Value,
        Self::Scores,
        Self::Bias,
        Self::Attention,
        Self::Mixed,
        Self::AttentionOutput,
        Self::MlpOutput,
        Self::Final,
        Self::Logits,
    ];

    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Residual => "residual",
            Self::Query => "query",
            Self::Key => "key",
            Self::QueryRotated => "query_rotated",
            Self::KeyRotated => "key_rotated",
            Self::Value => "value",
            Self::Scores => "scores",
            Self::Bias => "bias",
            Self::Attention => "attention",
            Self::Mixed => "mixed",
            Self::AttentionOutput => "attention_output",
            Self::MlpOutput => "mlp_output",
            Self::Final => "final",
            Self::Logits => "logits",
        }
    }

    /// Whether each layer has this tap, rather than the model once.
    pub fn is_per_layer(self) -> bool {
        !matches!(self, Self::Final | Self::Logits)
    }

    /// Whether the columns are keys: the taps that exist block by block only.
    pub fn is_over_keys(self) -> bool {
        matches!(self, Self::Scores | Self::Bias | Self::Attention)
    }

    /// Whether the tap has an axis of query heads.
    pub fn is_per_head(self) -> bool {
        self.is_over_keys() || matches!(self, Self::Query | Self::QueryRotated | Self::Mixed)
    }

    /// Whether the tap has an axis of key-value heads.
    pub fn is_per_kv_head(self) -> bool {
        matches!(self, Self::Key | Self::KeyRotated | Self::Value)
    }
}

impl fmt::Display for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A tap that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no tap `{0}`; the taps are {list}", list = Tap::ALL.map(Tap::name).join(", "))]
pub struct NoSuchTap(String);

impl FromStr for Tap {
    type Err = NoSuchTap;

    fn from_str(name: &str) -> Result<Self, NoSuchTap> {
        Self::ALL.into_iter().find(|tap| tap.name() == name).ok_or_else(|| NoSuchTap(name.to_owned()))
    }
}

/// A tap of one layer, or of the model. Written `layers.3.attention`, `logits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The layer, from 0; `None` for [`Tap::Final`] and [`Tap::Logits`].
    pub layer: Option<usize>,
    /// The tap.
    pub tap: Tap,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Some(layer) => write!(f, "layers.{layer}.{}", self.tap),
            None => self.tap.fmt(f),
        }
    }
}

/// Which part of a tap a [`Sink`] wants.
///
/// What is not selected is not handed over; scores and probabilities are never held for more than
/// one block of heads and rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Select {
    /// The heads, ascending, on the tap's own head axis; `None` is all of them. Ignored by taps
    /// without heads.
    pub heads: Option<Vec<usize>>,
    /// The tokens, or queries; `None` is all of them. What lies beyond a text's end is left out.
    pub rows: Option<Range<usize>>,
    /// For taps over keys: all keys, those after the query included, in every block. Without it the
    /// block of queries `a..b` of a causal model has keys `0..b`, half as much on average. Scores after the query are
    /// as real as the others; probabilities there are zero.
    pub future_keys: bool,
}

impl Select {
    /// Everything that a causal model sees.
    pub fn all() -> Self {
        Self::default()
    }
}

/// One piece of a tap, for one or several texts of the same length.
///
/// Texts, heads, rows and columns are in this order, row-major. Taps without heads have one.
#[derive(Debug)]
pub struct Block<'a> {
    /// The tap and its layer.
    pub site: Site,
    /// The texts, by their place in the list that is run.
    pub texts: &'a [usize],
    /// The heads, on the tap's own head axis.
    pub heads: &'a [usize],
    /// The tokens, or queries.
    pub rows: Range<usize>,
    /// Keys from 0, coordinates, or tokens of the vocabulary.
    pub columns: usize,
    pub(super) tensor: &'a Tensor,
}

impl Block<'_> {
    /// The values, where they were computed: `[texts, heads, rows, columns]`.
    pub fn tensor(&self) -> &Tensor {
        self.tensor
    }

    /// The values, row-major `[texts][heads][rows][columns]`. Widening is exact; `f64` to `f32` rounds.
    ///
    /// # Errors
    /// The copy from the device fails.
    pub fn to_vec<T: Real>(&self) -> Result<Vec<T>, ModelError> {
        let flat = self.tensor.flatten_all()?;
        Ok(if T::NAME == f32::NAME {
            flat.to_dtype(DType::F32)?.to_vec1::<f32>()?.into_iter().map(|x| T::of(x.into())).collect()
        } else {
            flat.to_dtype(DType::F64)?.to_vec1::<f64>()?.into_iter().map(T::of).collect()
        })
    }

    /// Text, head and `[rows][columns]` of each plane of [`to_vec`](Self::to_vec)'s values.
    pub fn planes<'b, T: Real>(&'b self, values: &'b [T]) -> impl Iterator<Item = (usize, usize, &'b [T])> {
        let pairs = self.texts.iter().flat_map(move |&text| self.heads.iter().map(move |&head| (text, head)));
        pairs.zip(values.chunks_exact(self.rows.len() * self.columns)).map(|((text, head), plane)| (text, head, plane))
    }
}

/// Receives what it wants of a forward pass, block by block.
///
/// Blocks of one site and text come in ascending order of heads and rows, each element once.
pub trait Sink {
    /// Which part of this site is wanted; `None` is nothing, and costs nothing.
    fn want(&self, site: Site) -> Option<Select>;

    /// Takes one block. It is dropped after.
    ///
    /// # Errors
    /// Whatever stops the run; it comes back as [`ModelError::Sink`].
    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// What is wanted of this layer's attention as sums; `None` is nothing, and costs nothing.
    fn reduce(&self, _layer: usize) -> Option<Reduction> {
        None
    }

    /// Takes the sums of a layer that [`reduce`](Self::reduce) asked for, once for each group of texts
    /// of one length.
    ///
    /// # Errors
    /// Whatever stops the run; it comes back as [`ModelError::Sink`].
    fn put_reduced(&mut self, _reduced: Reduced) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    /// Is told when a layer is done with all texts, also where nothing of it was wanted.
    fn after_layer(&mut self, _layer: usize) {}

    /// Whether rows of this layer's attention are wanted where they are computed, for sums of one's own.
    fn wants_rows(&self, _layer: usize) -> bool {
        false
    }

    /// What takes the rows of each text and head, text by text, where [`wants_rows`](Self::wants_rows)
    /// says so; rows of different heads come on different threads. Asked for once, or once for each block
    /// of heads and queries, and the same as long as layer and texts are the same.
    fn row_reducers(&mut self, _layer: usize, _texts: &[usize]) -> Vec<&mut (dyn RowReducer + '_)> {
        Vec::new()
    }
}
