use super::super::config::Config;
use super::super::spec::{Activation, AttentionSpec, LayerSpec, MlpSpec, Norm, Position, Spec, Topology};
use super::{Family, Inner, ModelError, Names, Projections, llama, model, split_heads};

/// BLOOM: ALiBi, a norm after the embedding, a tanh gelu with a rounded constant.
pub(super) const FAMILY: Family = Family {
    model_type: "bloom",
    names: Names {
        prefixes: &["transformer.", ""],
        embedding: "word_embeddings",
        embedding_norm: "word_embeddings_layernorm",
        layers: "h.",
        projections: Projections::Grouped("self_attention.query_key_value"),
        attention_output: "self_attention.dense",
        inner: Inner::Plain("mlp.dense_h_to_4h"),
        down: "mlp.dense_4h_to_h",
        final_norm: "ln_f",
        buffers: &[],
        ..llama::NAMES
    },
    spec,
    ..llama::FAMILY
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["hidden_size", "n_embed"])?;
    let heads = config.count(&["n_head", "num_attention_heads"])?;
    let head_dim = split_heads(config, hidden, heads, "n_head")?;
    let norm = Norm::layer(config.fraction_or(&["layer_norm_epsilon"], 1e-5)?);
    let after_norm = config.flag_or(&["apply_residual_connection_post_layernorm"], false)?;
    let attention = AttentionSpec {
        qkv_bias: true,
        output_bias: true,
        ..AttentionSpec::new(heads, heads, head_dim, Position::alibi(heads))
    };
    let mlp = MlpSpec {
        intermediate: hidden.saturating_mul(4),
        gated: false,
        bias: true,
        activation: Activation::GeluTanh(0.797_884_56),
    };
    let topology = if after_norm { Topology::ResidualAfterNorm } else { Topology::Sequential };
    let layer = LayerSpec { topology, ..LayerSpec::new(norm, attention, mlp) };
    let mut spec = model(config, hidden, layer, &["n_layer", "num_hidden_layers"], Some(norm), true)?;
    spec.embedding.norm = Some(norm);
    Ok(spec)
}
