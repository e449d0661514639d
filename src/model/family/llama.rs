use super::super::config::Config;
use super::super::spec::{AttentionSpec, LayerSpec, MlpSpec, Norm, Position, Spec};
use super::rotary::{self, Keys};
use super::{Family, Inner, ModelError, Names, Projections, activation, kv_heads, model, split_heads};

/// Llama 1 to 3.2 and what is stored as such.
pub(super) const FAMILY: Family = Family {
    model_type: "llama",
    old_types: &[],
    names: NAMES,
    spec: |config| read(config, &LLAMA),
    scaled_by_depth: false,
};

/// The names that most families since have kept.
pub(super) const NAMES: Names = Names {
    prefixes: &["model."],
    embedding: "embed_tokens",
    embedding_projection: "",
    positions: "",
    token_types: "",
    embedding_norm: "",
    layers: "layers.",
    attention_norm: "input_layernorm",
    projections: Projections::Separate {
        query: "self_attn.q_proj",
        key: "self_attn.k_proj",
        value: "self_attn.v_proj",
    },
    query_norm: "",
    key_norm: "",
    attention_output: "self_attn.o_proj",
    attention_output_norm: "",
    mlp_norm: "post_attention_layernorm",
    inner: Inner::Gated { gate: "mlp.gate_proj", up: "mlp.up_proj" },
    down: "mlp.down_proj",
    mlp_output_norm: "",
    final_norm: "norm",
    transform: "",
    transform_norm: "",
    head_projection: "",
    head: "lm_head",
    head_bias: "lm_head",
    transposed: false,
    aliases: &[],
    buffers: &[".inv_freq"],
    elsewhere: &[],
};

/// What families of Llama's form write under other keys or leave at other defaults.
pub(super) struct Form {
    pub(super) norm: fn(f64) -> Norm,
    /// The key of the norms' epsilon, and its default; without a key it is fixed.
    pub(super) eps: (Option<&'static str>, f64),
    /// Default number of key-value heads; `None` is one for each query head.
    pub(super) kv_heads: Option<usize>,
    pub(super) head_dim: HeadDim,
    /// Default length of a text.
    pub(super) positions: usize,
    /// The rotary embedding, unless each layer has its own.
    pub(super) rotary: Option<Keys>,
    /// The key of a bias on query, key and value.
    pub(super) qkv_bias: Bias,
    /// The key of a bias on the attention's output.
    pub(super) output_bias: Bias,
    pub(super) mlp_bias: Bias,
    /// Key and default of the activation.
    pub(super) activation: (&'static str, &'static str),
    pub(super) gated: bool,
    /// Whether the head is the embedding by default.
    pub(super) tied: bool,
}

/// Where the number of coordinates of a head comes from.
pub(super) enum HeadDim {
    /// `head_dim`, or this where it is absent.
    Default(usize),
    /// `head_dim`, or `hidden_size / num_attention_heads`.
    OrSplit,
    /// `hidden_size / num_attention_heads`.
    Split,
}

/// Whether projections have a bias.
pub(super) enum Bias {
    /// As this key says, or this default.
    Key(&'static str, bool),
    Fixed(bool),
}

impl Bias {
    fn read(&self, config: &mut Config) -> Result<bool, ModelError> {
        match self {
            Self::Key(key, default) => config.flag_or(&[key], *default),
            Self::Fixed(bias) => Ok(*bias),
        }
    }
}

pub(super) const LLAMA: Form = Form {
    norm: Norm::rms,
    eps: (Some("rms_norm_eps"), 1e-6),
    kv_heads: None,
    head_dim: HeadDim::OrSplit,
    positions: 2048,
    rotary: Some(rotary::WHOLE_HEADS),
    qkv_bias: Bias::Key("attention_bias", false),
    output_bias: Bias::Key("attention_bias", false),
    mlp_bias: Bias::Key("mlp_bias", false),
    activation: ("hidden_act", "silu"),
    gated: true,
    tied: false,
};

/// Sequential layers, each with a norm before each branch.
pub(super) fn read(config: &mut Config, form: &Form) -> Result<Spec, ModelError> {
    let hidden = config.count(&["hidden_size"])?;
    let heads = config.count(&["num_attention_heads"])?;
    let head_dim = match form.head_dim {
        HeadDim::Default(default) => config.count_or(&["head_dim"], default)?,
        HeadDim::OrSplit if config.present(&["head_dim"]).is_some() => config.count(&["head_dim"])?,
        HeadDim::OrSplit => {
            let split = split_heads(config, hidden, heads, "num_attention_heads")?;
            config.count_or(&["head_dim"], split)?
        }
        HeadDim::Split => split_heads(config, hidden, heads, "num_attention_heads")?,
    };
    let kv_heads = kv_heads(config, "num_key_value_heads", heads, form.kv_heads)?;
    let max_positions = config.count_or(&["max_position_embeddings"], form.positions)?;
    let eps = match form.eps {
        (Some(key), default) => config.fraction_or(&[key], default)?,
        (None, fixed) => fixed,
    };
    let norm = (form.norm)(eps);
    let position = match &form.rotary {
        Some(keys) => Position::Rotary(rotary::read(config, keys, head_dim, max_positions)?),
        None => Position::None,
    };
    let attention = AttentionSpec {
        qkv_bias: form.qkv_bias.read(config)?,
        output_bias: form.output_bias.read(config)?,
        ..AttentionSpec::new(heads, kv_heads, head_dim, position)
    };
    let mlp = MlpSpec {
        intermediate: config.count(&["intermediate_size"])?,
        gated: form.gated,
        bias: form.mlp_bias.read(config)?,
        activation: activation(config, form.activation.0, form.activation.1)?,
    };
    let layer = LayerSpec::new(norm, attention, mlp);
    let spec = model(config, hidden, layer, &["num_hidden_layers"], Some(norm), form.tied)?;
    Ok(Spec { max_positions: Some(max_positions), ..spec })
}
