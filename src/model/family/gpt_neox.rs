use super::super::config::Config;
use super::super::spec::{AttentionSpec, LayerSpec, Mask, MlpSpec, Norm, NormKind, Position, Spec, Topology};
use super::{Family, ModelError, Names, Projections, activation, rotary, split_heads};

/// GPT-NeoX and Pythia: two norms, both branches in parallel, a quarter of each head rotated.
pub(super) const FAMILY: Family = Family {
    model_type: "gpt_neox",
    names: Names {
        optional_prefix: "",
        embedding: "gpt_neox.embed_in",
        embedding_norm: "",
        layers: "gpt_neox.layers.",
        attention_norm: "input_layernorm",
        projections: Projections::FusedPerHead("attention.query_key_value"),
        attention_output: "attention.dense",
        mlp_norm: "post_attention_layernorm",
        gate: "",
        up: "mlp.dense_h_to_4h",
        down: "mlp.dense_4h_to_h",
        final_norm: "gpt_neox.final_layer_norm",
        head: "embed_out",
        buffers: &["attention.bias", "attention.masked_bias", "attention.rotary_emb.inv_freq"],
    },
    spec,
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["hidden_size"])?;
    let heads = config.count(&["num_attention_heads"])?;
    let head_dim = split_heads(config, hidden, heads, "num_attention_heads")?;
    let max_positions = config.count_or(&["max_position_embeddings"], 2048)?;
    let attention_bias = config.flag_or(&["attention_bias"], true)?;
    let norm = Norm { kind: NormKind::Layer, eps: config.fraction_or(&["layer_norm_eps"], 1e-5)? };
    let keys = rotary::Keys {
        theta: &["rotary_emb_base", "rope_theta"],
        partial: &["rotary_pct", "partial_rotary_factor"],
        partial_default: 0.25,
    };
    let parallel = config.flag_or(&["use_parallel_residual"], true)?;
    let layer = LayerSpec {
        attention_norm: norm,
        mlp_norm: norm,
        topology: if parallel { Topology::Parallel } else { Topology::Sequential },
        attention: AttentionSpec {
            heads,
            kv_heads: heads,
            head_dim,
            scale: (head_dim as f64).sqrt().recip(),
            softcap: None,
            mask: Mask::Causal,
            position: Position::Rotary(rotary::read(config, &keys, head_dim, max_positions)?),
            qkv_bias: attention_bias,
            output_bias: attention_bias,
        },
        mlp: MlpSpec {
            intermediate: config.count(&["intermediate_size"])?,
            gated: false,
            bias: true,
            activation: activation(config, "hidden_act", "gelu")?,
        },
    };
    Ok(Spec {
        family: FAMILY.model_type,
        vocabulary: config.count(&["vocab_size"])?,
        hidden,
        max_positions: Some(max_positions),
        embedding_norm: None,
        layers: vec![layer; config.layers(&["num_hidden_layers"])?],
        final_norm: norm,
        tied_head: config.flag_or(&["tie_word_embeddings"], false)?,
        initializer_range: config.fraction_or(&["initializer_range"], 0.02)?,
        defaults: Vec::new(),
    })
}
