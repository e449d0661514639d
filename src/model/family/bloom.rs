use super::super::config::Config;
use super::super::spec::{
    Activation, AttentionSpec, LayerSpec, Mask, MlpSpec, Norm, NormKind, Position, Spec, Topology,
};
use super::{Family, ModelError, Names, Projections, split_heads};

/// BLOOM: ALiBi, a norm after the embedding, a tanh gelu with a rounded constant.
pub(super) const FAMILY: Family = Family {
    model_type: "bloom",
    names: Names {
        optional_prefix: "transformer.",
        embedding: "transformer.word_embeddings",
        embedding_norm: "transformer.word_embeddings_layernorm",
        layers: "transformer.h.",
        attention_norm: "input_layernorm",
        projections: Projections::FusedPerHead("self_attention.query_key_value"),
        attention_output: "self_attention.dense",
        mlp_norm: "post_attention_layernorm",
        gate: "",
        up: "mlp.dense_h_to_4h",
        down: "mlp.dense_4h_to_h",
        final_norm: "transformer.ln_f",
        head: "lm_head",
        buffers: &[],
    },
    spec,
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["hidden_size", "n_embed"])?;
    let heads = config.count(&["n_head", "num_attention_heads"])?;
    let head_dim = split_heads(config, hidden, heads, "n_head")?;
    let norm = Norm { kind: NormKind::Layer, eps: config.fraction_or(&["layer_norm_epsilon"], 1e-5)? };
    let after_norm = config.flag_or(&["apply_residual_connection_post_layernorm"], false)?;
    let layer = LayerSpec {
        attention_norm: norm,
        mlp_norm: norm,
        topology: if after_norm { Topology::ResidualAfterNorm } else { Topology::Sequential },
        attention: AttentionSpec {
            heads,
            kv_heads: heads,
            head_dim,
            scale: (head_dim as f64).sqrt().recip(),
            softcap: None,
            mask: Mask::Causal,
            position: Position::alibi(heads),
            qkv_bias: true,
            output_bias: true,
        },
        mlp: MlpSpec {
            intermediate: hidden.saturating_mul(4),
            gated: false,
            bias: true,
            activation: Activation::GeluTanh(0.797_884_56),
        },
    };
    Ok(Spec {
        family: FAMILY.model_type,
        vocabulary: config.count(&["vocab_size"])?,
        hidden,
        max_positions: None,
        embedding_norm: Some(norm),
        layers: vec![layer; config.layers(&["n_layer", "num_hidden_layers"])?],
        final_norm: norm,
        tied_head: config.flag_or(&["tie_word_embeddings"], true)?,
        initializer_range: config.fraction_or(&["initializer_range"], 0.02)?,
        defaults: Vec::new(),
    })
}
