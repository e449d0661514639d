use super::super::config::Config;
use super::super::spec::{AttentionSpec, LayerSpec, MlpSpec, Norm, Position, Spec, Topology, bf16};
use super::rotary::{self, WHOLE_HEADS};
use super::{Family, Inner, ModelError, Names, Projections, activation, kv_heads, llama, model, split_heads};
use crate::encoding::alibi_slopes;

/// Falcon in its four forms: the new architecture with one or two norms, the old one with a single
/// key-value head, and the first one with a key-value head for each query head, sequential, ALiBi.
pub(super) const FAMILY: Family = Family {
    model_type: "falcon",
    old_types: &["RefinedWebModel", "RefinedWeb"],
    names: Names {
        prefixes: &["transformer."],
        embedding: "word_embeddings",
        layers: "h.",
        projections: Projections::Grouped("self_attention.query_key_value"),
        attention_output: "self_attention.dense",
        inner: Inner::Plain("mlp.dense_h_to_4h"),
        down: "mlp.dense_4h_to_h",
        final_norm: "ln_f",
        aliases: &[("input_layernorm", "ln_attn"), ("post_attention_layernorm", "ln_mlp")],
        ..llama::NAMES
    },
    spec,
    ..llama::FAMILY
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["hidden_size", "n_embed"])?;
    let heads = config.count(&["num_attention_heads", "n_head"])?;
    let head_dim = split_heads(config, hidden, heads, "num_attention_heads")?;
    // The first files of the larger models have no other mark of their architecture.
    let new_type = config.present(&["model_type"]).is_some_and(|(_, name)| name == "RefinedWeb");
    let new = config.flag_or(&["new_decoder_architecture"], new_type)?;
    let single = config.flag_or(&["multi_query"], true)?;
    let parallel = config.flag_or(&["parallel_attn"], true)?;
    let kv_key = if config.present(&["n_head_kv"]).is_some() { "n_head_kv" } else { "num_kv_heads" };
    let kv_heads = match kv_heads(config, kv_key, heads, None)? {
        kv_heads if new => kv_heads,
        _ if single => 1,
        kv_heads if kv_heads == heads => heads,
        other => return Err(config.bad_key(kv_key, &format!("{heads}, as multi_query is off"), other)),
    };
    let norms = config.optional_count("num_ln_in_parallel_attn", None)?.unwrap_or(if new { 2 } else { 1 });
    let topology = match (new, parallel, norms) {
        (true, true, 2) => Topology::Parallel,
        (_, true, 1) => Topology::ParallelOneNorm,
        (false, false, _) => Topology::Sequential,
        _ => {
            let expected = "1, or 2 with the new parallel architecture (reference code fails otherwise)";
            return Err(config.bad_key("num_ln_in_parallel_attn", expected, norms));
        }
    };
    let norm = Norm::layer(config.fraction_or(&["layer_norm_epsilon"], 1e-5)?);
    let positions = config.count_or(&["max_position_embeddings"], 2048)?;
    let alibi = config.flag_or(&["alibi"], false)?;
    let mut attention = AttentionSpec::new(heads, kv_heads, head_dim, Position::None);
    attention.position = if alibi {
        // Files with ALiBi carry a base that nothing uses.
        let _ = config.present(&["rope_theta"]).or(config.present(&["rope_parameters"]));
        let slopes = alibi_slopes(heads).into_iter().map(bf16).collect();
        Position::RoundedAlibi { slopes, scale: attention.scale }
    } else {
        Position::Rotary(rotary::read(config, &WHOLE_HEADS, head_dim, positions)?)
    };
    let bias = config.flag_or(&["bias"], false)?;
    attention.qkv_bias = bias;
    attention.output_bias = bias;
    let intermediate = config.optional_count("ffn_hidden_size", None)?.unwrap_or(hidden.saturating_mul(4));
    let mlp = MlpSpec { intermediate, gated: false, bias, activation: activation(config, "activation", "gelu")? };
    let mlp_norm = (topology != Topology::ParallelOneNorm).then_some(norm);
    let layer = LayerSpec { mlp_norm, topology, ..LayerSpec::new(norm, attention, mlp) };
    let mut spec = model(config, hidden, layer, &["num_hidden_layers", "n_layer"], Some(norm), true)?;
    spec.max_positions = (!alibi).then_some(positions);
    Ok(spec)
}
