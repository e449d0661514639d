//! A family of checkpoints is data: how its config.json reads as a [`Spec`], and its tensors' names.

mod bert;
mod bloom;
mod falcon;
mod gemma;
mod gpt2;
mod gpt_neo;
mod gpt_neox;
mod gptj;
mod keys;
mod llama;
mod mistral;
mod mpt;
mod olmo;
mod opt;
mod phi;
mod phi3;
#[cfg(test)]
mod public;
mod qwen;
mod ropelet;
mod rotary;
mod stablelm;
mod starcoder2;

use super::config::{Config, shown};
use super::spec::{Activation, EmbeddingSpec, HeadSpec, LayerSpec, Mask, Norm, Spec};
use super::{ModelError, spec};

/// One family: everything the crate knows about it.
#[derive(Debug)]
pub(super) struct Family {
    /// Its `model_type` in config.json.
    pub(super) model_type: &'static str,
    /// What old files of the family have there.
    pub(super) old_types: &'static [&'static str],
    /// What its tensors are called.
    pub(super) names: Names,
    /// Reads config.json. The layer count has been compared with the files when this returns.
    pub(super) spec: fn(&mut Config) -> Result<Spec, ModelError>,
    /// Whether the matrices that write to the residual stream begin smaller, by `1/√(2 layers)`.
    pub(super) scaled_by_depth: bool,
}

/// Every family that can be read.
pub(super) const FAMILIES: [&Family; 25] = [
    &llama::FAMILY,
    &gpt_neox::FAMILY,
    &bloom::FAMILY,
    &mistral::FAMILY,
    &qwen::QWEN2,
    &qwen::QWEN3,
    &gemma::GEMMA,
    &gemma::GEMMA2,
    &gemma::GEMMA3_TEXT,
    &gemma::GEMMA3,
    &phi::FAMILY,
    &phi3::FAMILY,
    &olmo::OLMO,
    &olmo::OLMO2,
    &olmo::OLMO3,
    &stablelm::FAMILY,
    &starcoder2::FAMILY,
    &gpt2::FAMILY,
    &gpt_neo::FAMILY,
    &gptj::FAMILY,
    &opt::FAMILY,
    &falcon::FAMILY,
    &mpt::FAMILY,
    &bert::FAMILY,
    &ropelet::FAMILY,
];

/// The names of a family's tensors, without `.weight` and `.bias`. They follow one of the prefixes,
/// those of a layer also `layers`, the layer's number and a dot; the names of the head, its bias and
/// its transform stand by themselves. A name that the family has no tensor for is empty.
#[derive(Debug)]
pub(super) struct Names {
    /// What the names begin with, in the family's own files first, then in others.
    pub(super) prefixes: &'static [&'static str],
    pub(super) embedding: &'static str,
    pub(super) embedding_projection: &'static str,
    pub(super) positions: &'static str,
    pub(super) token_types: &'static str,
    pub(super) embedding_norm: &'static str,
    pub(super) layers: &'static str,
    pub(super) attention_norm: &'static str,
    pub(super) projections: Projections,
    pub(super) query_norm: &'static str,
    pub(super) key_norm: &'static str,
    pub(super) attention_output: &'static str,
    pub(super) attention_output_norm: &'static str,
    pub(super) mlp_norm: &'static str,
    pub(super) inner: Inner,
    pub(super) down: &'static str,
    pub(super) mlp_output_norm: &'static str,
    pub(super) final_norm: &'static str,
    pub(super) transform: &'static str,
    pub(super) transform_norm: &'static str,
    pub(super) head_projection: &'static str,
    pub(super) head: &'static str,
    pub(super) head_bias: &'static str,
    /// Whether the matrices of a layer are stored as `[inputs, outputs]`.
    pub(super) transposed: bool,
    /// Parts of names, and what some files have in their place.
    pub(super) aliases: &'static [(&'static str, &'static str)],
    /// Endings of tensors in layers that files carry and the forward pass does not need.
    pub(super) buffers: &'static [&'static str],
    /// Beginnings of such tensors outside of layers.
    pub(super) elsewhere: &'static [&'static str],
}

/// How query, key and value projections are stored.
#[derive(Debug)]
pub(super) enum Projections {
    /// Three matrices, each `[heads · head_dim, hidden]`.
    Separate { query: &'static str, key: &'static str, value: &'static str },
    /// One matrix with the rows of all queries, then those of keys, then those of values.
    Concatenated(&'static str),
    /// One matrix whose rows are, for each key-value head, those of its queries, its key and its
    /// value: `[kv_heads, heads/kv_heads + 2, head_dim]` rows.
    Grouped(&'static str),
}

/// How the projections into the feed-forward branch are stored.
#[derive(Debug)]
pub(super) enum Inner {
    /// One matrix, without a gate.
    Plain(&'static str),
    /// Two matrices.
    Gated { gate: &'static str, up: &'static str },
    /// One matrix with the rows of the gate first.
    GateFirst(&'static str),
}

impl Family {
    /// The family that `model_type` names.
    pub(super) fn of(config: &Config) -> Result<&'static Self, ModelError> {
        let known = FAMILIES.map(|family| family.model_type).join(", ");
        let Some((key, value)) = config.present(&["model_type"]) else {
            return Err(config.missing_key("model_type", &format!("one of {known}")));
        };
        FAMILIES
            .into_iter()
            .find(|family| {
                value.as_str().is_some_and(|name| family.model_type == name || family.old_types.contains(&name))
            })
            .ok_or_else(|| config.bad_key(key, &format!("one of {known}"), value))
    }

    /// The factor on the matrices that write to the residual stream before training.
    pub(super) fn stream_factor(&self, layers: usize) -> f64 {
        if self.scaled_by_depth { (2.0 * layers as f64).sqrt().recip() } else { 1.0 }
    }

    /// The spec of this configuration, for weight files with this many layers.
    pub(super) fn spec(&self, mut config: Config, layers_stored: usize) -> Result<Spec, ModelError> {
        config.expect_layers(layers_stored);
        keys::refuse_foreign(&config)?;
        let mut spec = (self.spec)(&mut config)?;
        spec.family = self.model_type;
        spec.unread.extend(keys::unread(&config, self.model_type)?);
        spec.defaults = config.into_defaults();
        Ok(spec)
    }
}

/// What all families say about the model as a whole: layers like this one, their number under these
/// keys, the vocabulary, and whether the head is the embedding where the configuration does not say.
fn model(
    config: &mut Config,
    hidden: usize,
    layer: LayerSpec,
    layers: &[&str],
    norm: Option<Norm>,
    tied: bool,
) -> Result<Spec, ModelError> {
    let tied = config.flag_or(&["tie_word_embeddings"], tied)?;
    Ok(Spec {
        // The caller knows.
        family: "",
        vocabulary: config.count(&["vocab_size"])?,
        hidden,
        max_positions: None,
        embedding: EmbeddingSpec { width: hidden, scale: 1.0, positions: None, token_types: 0, norm: None },
        layers: vec![layer; config.layers(layers)?],
        final_norm: norm,
        head: HeadSpec { tied, bias: false, transform: None, softcap: None },
        initializer_range: config.fraction_or(&["initializer_range"], 0.02)?,
        defaults: Vec::new(),
        unread: Vec::new(),
    })
}

/// A number of key-value heads that divides the number of heads. `null` means one for each query
/// head; so does an absent key, unless the family has a default of its own.
fn kv_heads(config: &mut Config, key: &str, heads: usize, default: Option<usize>) -> Result<usize, ModelError> {
    let kv_heads = config.optional_count(key, Some(default.unwrap_or(heads)))?.unwrap_or(heads);
    if heads.is_multiple_of(kv_heads) {
        Ok(kv_heads)
    } else {
        Err(config.bad_key(key, &format!("a divisor of the number of heads {heads}"), kv_heads))
    }
}

/// `hidden / heads`, which must be whole.
fn split_heads(config: &Config, hidden: usize, heads: usize, key: &str) -> Result<usize, ModelError> {
    if hidden.is_multiple_of(heads) {
        Ok(hidden / heads)
    } else {
        Err(config.bad_key(key, &format!("a divisor of the hidden size {hidden}"), heads))
    }
}

/// `layer_types`: whether each layer is `sliding_attention` rather than `full_attention`.
fn sliding_layers(
    config: &mut Config,
    layers: usize,
    default: impl Fn(usize) -> bool,
) -> Result<Vec<bool>, ModelError> {
    const EXPECTED: &str = "a list of full_attention or sliding_attention, one per layer";
    let Some((key, value)) = config.present(&["layer_types"]) else {
        return Ok((0..layers).map(default).collect());
    };
    let is_sliding = |value: &serde_json::Value| match value.as_str() {
        Some("sliding_attention") => Some(true),
        Some("full_attention") => Some(false),
        _ => None,
    };
    let sliding: Option<Vec<bool>> = value.as_array().and_then(|list| list.iter().map(is_sliding).collect());
    sliding.filter(|list| list.len() == layers).ok_or_else(|| config.bad_key(key, EXPECTED, shown(value)))
}

/// Gives the sliding ones of the layers their window.
fn set_windows(config: &Config, spec: &mut Spec, sliding: &[bool], window: Option<usize>) -> Result<(), ModelError> {
    for (layer, _) in spec.layers.iter_mut().zip(sliding).filter(|(_, sliding)| **sliding) {
        let expected = "a positive whole number, as some layers are sliding";
        layer.attention.mask =
            Mask::Window(window.ok_or_else(|| config.bad_key("sliding_window", expected, "not set"))?);
    }
    Ok(())
}

/// A window on every layer, if there is one.
fn window_everywhere(config: &mut Config, spec: &mut Spec, default: Option<usize>) -> Result<(), ModelError> {
    let window = config.optional_count("sliding_window", default)?;
    let sliding = vec![window.is_some(); spec.layers.len()];
    set_windows(config, spec, &sliding, window)
}

/// The activation that a configuration names.
fn activation(config: &mut Config, key: &str, default: &str) -> Result<Activation, ModelError> {
    const TANH: Activation = Activation::GeluTanh(spec::SQRT_2_OVER_PI);
    let name = config.text_or(&[key], default)?;
    Ok(match name.as_str() {
        "silu" | "swish" => Activation::Silu,
        "gelu" | "gelu_python" => Activation::Gelu,
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_python_tanh" | "gelu_accurate" => TANH,
        "gelu_fast" => Activation::GeluTanh(0.797_884_560_8),
        "relu" => Activation::Relu,
        _ => {
            let known = "silu, swish, gelu, gelu_python, gelu_new, gelu_fast, gelu_accurate, gelu_pytorch_tanh, \
                         gelu_python_tanh or relu";
            return Err(config.bad_key(key, known, format!("{name:?}")));
        }
    })
}
