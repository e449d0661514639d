use super::super::config::Config;
use super::super::spec::{AttentionSpec, LayerSpec, MlpSpec, Norm, Position, Rotary, Spec, Topology};
use super::{Family, Inner, ModelError, Names, Projections, activation, llama, model, split_heads};
use crate::numeric::Pairing;
use crate::rope::Scaling;

/// GPT-J: both branches in parallel with one norm, the first coordinates rotated in neighbouring
/// pairs, a bias on the scores of the tokens.
pub(super) const FAMILY: Family = Family {
    model_type: "gptj",
    names: Names {
        prefixes: &["transformer."],
        embedding: "wte",
        layers: "h.",
        attention_norm: "ln_1",
        projections: Projections::Separate { query: "attn.q_proj", key: "attn.k_proj", value: "attn.v_proj" },
        attention_output: "attn.out_proj",
        mlp_norm: "",
        inner: Inner::Plain("mlp.fc_in"),
        down: "mlp.fc_out",
        final_norm: "ln_f",
        buffers: &[".attn.bias", ".attn.masked_bias", ".attn.embed_positions"],
        ..llama::NAMES
    },
    spec,
    ..llama::FAMILY
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["n_embd", "hidden_size"])?;
    let heads = config.count(&["n_head", "num_attention_heads"])?;
    let head_dim = split_heads(config, hidden, heads, "n_head")?;
    let dim = config.count_or(&["rotary_dim"], 64)?;
    if dim > head_dim {
        return Err(config.bad_key("rotary_dim", &format!("at most the {head_dim} coordinates of a head"), dim));
    }
    let rotary = Rotary { base: 10_000.0, dim, pairing: Pairing::Interleaved, scaling: Scaling::None };
    rotary.frequencies(1).map_err(|error| config.bad_key("rotary_dim", "a rotary embedding", error))?;
    let norm = Norm::layer(config.fraction_or(&["layer_norm_epsilon"], 1e-5)?);
    let attention = AttentionSpec::new(heads, heads, head_dim, Position::Rotary(rotary));
    let mlp = MlpSpec {
        intermediate: config.optional_count("n_inner", None)?.unwrap_or(hidden.saturating_mul(4)),
        gated: false,
        bias: true,
        activation: activation(config, "activation_function", "gelu_new")?,
    };
    let layer =
        LayerSpec { mlp_norm: None, topology: Topology::ParallelOneNorm, ..LayerSpec::new(norm, attention, mlp) };
    let positions = config.count_or(&["n_positions", "max_position_embeddings"], 2048)?;
    let mut spec = model(config, hidden, layer, &["n_layer", "num_hidden_layers"], Some(norm), false)?;
    spec.max_positions = Some(positions);
    spec.head.bias = true;
    config.only("rotary", true)?;
    Ok(spec)
}
