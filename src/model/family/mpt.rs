use super::super::config::{Config, shown};
use super::super::spec::{Activation, Affine, AttentionSpec, LayerSpec, MlpSpec, Norm, Position, Spec};
use super::{Family, Inner, ModelError, Names, Projections, keys, llama, model, split_heads};

/// MPT: ALiBi, no bias anywhere.
pub(super) const FAMILY: Family = Family {
    model_type: "mpt",
    names: Names {
        prefixes: &["transformer."],
        embedding: "wte",
        layers: "blocks.",
        attention_norm: "norm_1",
        projections: Projections::Concatenated("attn.Wqkv"),
        attention_output: "attn.out_proj",
        mlp_norm: "norm_2",
        inner: Inner::Plain("ffn.up_proj"),
        down: "ffn.down_proj",
        final_norm: "norm_f",
        buffers: &[],
        ..llama::NAMES
    },
    spec,
    ..llama::FAMILY
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["d_model", "hidden_size"])?;
    let heads = config.count(&["n_heads", "num_attention_heads"])?;
    let head_dim = split_heads(config, hidden, heads, "n_heads")?;
    let norm = Norm { affine: Affine::Weight, ..Norm::layer(config.fraction_or(&["layer_norm_epsilon"], 1e-5)?) };
    // Reference code ignores these keys and computes as if they had these values.
    config.only("expansion_ratio", 4)?;
    config.only("no_bias", true)?;
    config.only("embedding_fraction", 1.0)?;
    if let Some((key, value)) = config.present(&["norm_type"])
        && !["layernorm", "low_precision_layernorm"].contains(&value.as_str().unwrap_or_default())
    {
        return Err(config.bad_key(key, "layernorm or low_precision_layernorm", shown(value)));
    }
    let mut inner = config.section("attn_config")?;
    inner.only("alibi", true)?;
    inner.only("alibi_bias_max", 8)?;
    inner.only("attn_type", "multihead_attention")?;
    inner.only("attn_uses_sequence_id", false)?;
    inner.only("prefix_lm", false)?;
    inner.only("qk_ln", false)?;
    let attention = AttentionSpec::new(heads, heads, head_dim, Position::alibi(heads));
    let attention = AttentionSpec {
        scale: inner.optional_positive("softmax_scale", None)?.unwrap_or(attention.scale),
        clip: inner.optional_positive("clip_qkv", None)?,
        ..attention
    };
    let mlp =
        MlpSpec { intermediate: hidden.saturating_mul(4), gated: false, bias: false, activation: Activation::Gelu };
    let layer = LayerSpec::new(norm, attention, mlp);
    let unread = keys::unread(&inner, "mpt")?.into_iter().map(|key| format!("attn_config.{key}")).collect();
    config.close(inner);
    let mut spec = model(config, hidden, layer, &["n_layers", "num_hidden_layers"], Some(norm), true)?;
    spec.max_positions = Some(config.count_or(&["max_seq_len"], 2048)?);
    spec.unread = unread;
    Ok(spec)
}
