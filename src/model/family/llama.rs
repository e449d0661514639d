use super::super::config::Config;
use super::super::spec::{AttentionSpec, LayerSpec, Mask, MlpSpec, Norm, NormKind, Position, Spec, Topology};
use super::{Family, ModelError, Names, Projections, activation, rotary, split_heads};

/// Llama 1 to 3.2 and what is stored as such.
pub(super) const FAMILY: Family = Family {
    model_type: "llama",
    names: Names {
        optional_prefix: "",
        embedding: "model.embed_tokens",
        embedding_norm: "",
        layers: "model.layers.",
        attention_norm: "input_layernorm",
        projections: Projections::Separate {
            query: "self_attn.q_proj",
            key: "self_attn.k_proj",
            value: "self_attn.v_proj",
        },
        attention_output: "self_attn.o_proj",
        mlp_norm: "post_attention_layernorm",
        gate: "mlp.gate_proj",
        up: "mlp.up_proj",
        down: "mlp.down_proj",
        final_norm: "model.norm",
        head: "lm_head",
        buffers: &["rotary_emb.inv_freq"],
    },
    spec,
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["hidden_size"])?;
    let heads = config.count(&["num_attention_heads"])?;
    let head_dim = match config.present(&["head_dim"]) {
        Some(_) => config.count(&["head_dim"])?,
        None => config.count_or(&["head_dim"], split_heads(config, hidden, heads, "num_attention_heads")?)?,
    };
    let kv_heads = config.count_or(&["num_key_value_heads"], heads)?;
    if !heads.is_multiple_of(kv_heads) {
        let expected = format!("a divisor of num_attention_heads = {heads}");
        return Err(config.bad_key("num_key_value_heads", &expected, kv_heads));
    }
    let max_positions = config.count_or(&["max_position_embeddings"], 2048)?;
    let attention_bias = config.flag_or(&["attention_bias"], false)?;
    let norm = Norm { kind: NormKind::Rms, eps: config.fraction_or(&["rms_norm_eps"], 1e-6)? };
    let keys = rotary::Keys { theta: &["rope_theta"], partial: &["partial_rotary_factor"], partial_default: 1.0 };
    let rotary = rotary::read(config, &keys, head_dim, max_positions)?;
    if rotary.dim != head_dim {
        // Reference code rotates the whole head here or fails, depending on the rope type.
        return Err(config.bad_key(
            "partial_rotary_factor",
            "1 (llama rotates whole heads)",
            rotary.dim as f64 / head_dim as f64,
        ));
    }
    let layer = LayerSpec {
        attention_norm: norm,
        mlp_norm: norm,
        topology: Topology::Sequential,
        attention: AttentionSpec {
            heads,
            kv_heads,
            head_dim,
            scale: (head_dim as f64).sqrt().recip(),
            softcap: None,
            mask: Mask::Causal,
            position: Position::Rotary(rotary),
            qkv_bias: attention_bias,
            output_bias: attention_bias,
        },
        mlp: MlpSpec {
            intermediate: config.count(&["intermediate_size"])?,
            gated: true,
            bias: config.flag_or(&["mlp_bias"], false)?,
            activation: activation(config, "hidden_act", "silu")?,
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
