//! A family of checkpoints is data: how its config.json reads as a [`Spec`], and its tensors' names.

mod bloom;
mod gpt_neox;
mod llama;
mod rotary;

use super::config::Config;
use super::spec::{Activation, Spec};
use super::{ModelError, spec};

/// One family: everything the crate knows about it.
#[derive(Debug)]
pub(super) struct Family {
    /// Its `model_type` in config.json.
    pub(super) model_type: &'static str,
    /// What its tensors are called.
    pub(super) names: Names,
    /// Reads config.json. The layer count has been compared with the files when this returns.
    pub(super) spec: fn(&mut Config) -> Result<Spec, ModelError>,
}

/// Every family that can be read.
pub(super) const FAMILIES: [&Family; 3] = [&llama::FAMILY, &gpt_neox::FAMILY, &bloom::FAMILY];

/// The names of a family's tensors, without `.weight` and `.bias`; those of a layer follow
/// `layers`, the layer's number and a dot.
#[derive(Debug)]
pub(super) struct Names {
    /// A prefix of names that some files leave out.
    pub(super) optional_prefix: &'static str,
    pub(super) embedding: &'static str,
    pub(super) embedding_norm: &'static str,
    pub(super) layers: &'static str,
    pub(super) attention_norm: &'static str,
    pub(super) projections: Projections,
    pub(super) attention_output: &'static str,
    pub(super) mlp_norm: &'static str,
    pub(super) gate: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) final_norm: &'static str,
    pub(super) head: &'static str,
    /// Endings of tensors that files carry and the forward pass does not need.
    pub(super) buffers: &'static [&'static str],
}

/// How query, key and value projections are stored.
#[derive(Debug)]
pub(super) enum Projections {
    /// Three matrices, each `[heads · head_dim, hidden]`.
    Separate { query: &'static str, key: &'static str, value: &'static str },
    /// One matrix whose rows are, head by head, those of query, key and value:
    /// `[heads, 3, head_dim]` rows.
    FusedPerHead(&'static str),
}

/// Keys that mean another computation than the one here, whatever the family.
const FOREIGN: [(&str, &str); 6] = [
    ("quantization_config", "unquantised weights"),
    ("num_experts", "a dense feed-forward branch"),
    ("num_local_experts", "a dense feed-forward branch"),
    ("n_routed_experts", "a dense feed-forward branch"),
    ("is_encoder_decoder", "a decoder"),
    ("add_cross_attention", "a decoder"),
];

impl Family {
    /// The family that `model_type` names.
    pub(super) fn of(config: &Config) -> Result<&'static Self, ModelError> {
        let known = FAMILIES.map(|family| family.model_type).join(", ");
        let Some((key, value)) = config.present(&["model_type"]) else {
            return Err(config.missing_key("model_type", &format!("one of {known}")));
        };
        FAMILIES
            .into_iter()
            .find(|family| value.as_str() == Some(family.model_type))
            .ok_or_else(|| config.bad_key(key, &format!("one of {known}"), value))
    }

    /// The spec of this configuration, for weight files with this many layers.
    pub(super) fn spec(&self, config: &mut Config, layers_stored: usize) -> Result<Spec, ModelError> {
        config.expect_layers(layers_stored);
        for (key, expected) in FOREIGN {
            if let Some((_, value)) = config.present(&[key])
                && value.as_bool() != Some(false)
            {
                return Err(config.bad_key(key, expected, value));
            }
        }
        (self.spec)(config)
    }
}

/// The activation that a configuration names.
fn activation(config: &mut Config, key: &str, default: &str) -> Result<Activation, ModelError> {
    const TANH: Activation = Activation::GeluTanh(spec::SQRT_2_OVER_PI);
    let name = config.text_or(&[key], default)?;
    Ok(match name.as_str() {
        "silu" | "swish" => Activation::Silu,
        "gelu" | "gelu_python" => Activation::Gelu,
        "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => TANH,
        "relu" => Activation::Relu,
        _ => {
            let known = "silu, swish, gelu, gelu_python, gelu_new, gelu_fast, gelu_pytorch_tanh or relu";
            return Err(config.bad_key(key, known, format!("{name:?}")));
        }
    })
}

/// `hidden / heads`, which must be whole.
fn split_heads(config: &Config, hidden: usize, heads: usize, key: &str) -> Result<usize, ModelError> {
    if hidden.is_multiple_of(heads) {
        Ok(hidden / heads)
    } else {
        Err(config.bad_key(key, &format!("a divisor of the hidden size {hidden}"), heads))
    }
}
