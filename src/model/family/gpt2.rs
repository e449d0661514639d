use super::super::config::Config;
use super::super::spec::{AttentionSpec, LayerSpec, LearnedPositions, MlpSpec, Norm, Position, Spec};
use super::{Family, Inner, ModelError, Names, Projections, activation, llama, model, split_heads};

/// GPT-2: learned positions, matrices stored as `[inputs, outputs]`.
pub(super) const FAMILY: Family = Family {
    model_type: "gpt2",
    names: Names {
        prefixes: &["transformer.", ""],
        embedding: "wte",
        positions: "wpe",
        layers: "h.",
        attention_norm: "ln_1",
        projections: Projections::Concatenated("attn.c_attn"),
        attention_output: "attn.c_proj",
        mlp_norm: "ln_2",
        inner: Inner::Plain("mlp.c_fc"),
        down: "mlp.c_proj",
        final_norm: "ln_f",
        transposed: true,
        buffers: &[".attn.bias", ".attn.masked_bias"],
        ..llama::NAMES
    },
    spec,
    scaled_by_depth: true,
    ..llama::FAMILY
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["n_embd", "hidden_size"])?;
    let heads = config.count(&["n_head", "num_attention_heads"])?;
    let head_dim = split_heads(config, hidden, heads, "n_head")?;
    let positions = config.count_or(&["n_positions", "max_position_embeddings"], 1024)?;
    let norm = Norm::layer(config.fraction_or(&["layer_norm_epsilon"], 1e-5)?);
    let attention = AttentionSpec::new(heads, heads, head_dim, Position::None);
    let scaled = config.flag_or(&["scale_attn_weights"], true)?;
    let attention = AttentionSpec {
        scale: if scaled { attention.scale } else { 1.0 },
        qkv_bias: true,
        output_bias: true,
        ..attention
    };
    let mlp = MlpSpec {
        intermediate: config.optional_count("n_inner", None)?.unwrap_or(hidden.saturating_mul(4)),
        gated: false,
        bias: true,
        activation: activation(config, "activation_function", "gelu_new")?,
    };
    let layer = LayerSpec::new(norm, attention, mlp);
    let mut spec = model(config, hidden, layer, &["n_layer", "num_hidden_layers"], Some(norm), true)?;
    if config.flag_or(&["scale_attn_by_inverse_layer_idx"], false)? {
        for (number, layer) in spec.layers.iter_mut().enumerate() {
            layer.attention.scale /= (number + 1) as f64;
        }
    }
    spec.max_positions = Some(positions);
    spec.embedding.positions = Some(LearnedPositions { rows: positions, offset: 0 });
    Ok(spec)
}
