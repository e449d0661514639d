use super::super::config::Config;
use super::super::spec::{Affine, AttentionSpec, LayerSpec, LearnedPositions, MlpSpec, Norm, Position, Spec, Topology};
use super::{Family, Inner, ModelError, Names, Projections, activation, llama, model, split_heads};

/// OPT: learned positions from row 2 on; the model of 350 million parameters has its norms after
/// the residual and a narrower embedding.
pub(super) const FAMILY: Family = Family {
    model_type: "opt",
    names: Names {
        prefixes: &["model.decoder.", "decoder."],
        embedding_projection: "project_in",
        positions: "embed_positions",
        attention_norm: "self_attn_layer_norm",
        attention_output: "self_attn.out_proj",
        mlp_norm: "final_layer_norm",
        inner: Inner::Plain("fc1"),
        down: "fc2",
        final_norm: "final_layer_norm",
        head_projection: "project_out",
        projections: Projections::Separate {
            query: "self_attn.q_proj",
            key: "self_attn.k_proj",
            value: "self_attn.v_proj",
        },
        elsewhere: &["version"],
        ..llama::NAMES
    },
    spec,
    ..llama::FAMILY
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["hidden_size"])?;
    let heads = config.count(&["num_attention_heads"])?;
    let head_dim = split_heads(config, hidden, heads, "num_attention_heads")?;
    let positions = config.count_or(&["max_position_embeddings"], 2048)?;
    let learned = config.flag_or(&["layer_norm_elementwise_affine"], true)?;
    let affine = if learned { Affine::WeightAndBias } else { Affine::None };
    let norm = Norm { affine, ..Norm::layer(1e-5) };
    let bias = config.flag_or(&["enable_bias"], true)?;
    let before = config.flag_or(&["do_layer_norm_before"], true)?;
    let attention = AttentionSpec {
        qkv_bias: bias,
        output_bias: bias,
        ..AttentionSpec::new(heads, heads, head_dim, Position::None)
    };
    let mlp = MlpSpec {
        intermediate: config.count(&["ffn_dim"])?,
        gated: false,
        bias,
        activation: activation(config, "activation_function", "relu")?,
    };
    let topology = if before { Topology::Sequential } else { Topology::NormAfterResidual };
    let layer = LayerSpec { topology, ..LayerSpec::new(norm, attention, mlp) };
    let removed = config.flag_or(&["_remove_final_layer_norm"], false)?;
    let last = before && !removed;
    let spread = config.fraction_or(&["init_std"], 0.02)?;
    let mut spec = model(config, hidden, layer, &["num_hidden_layers"], last.then_some(norm), true)?;
    spec.initializer_range = spread;
    spec.max_positions = Some(positions);
    spec.embedding.width = config.optional_count("word_embed_proj_dim", None)?.unwrap_or(hidden);
    spec.embedding.positions = Some(LearnedPositions { rows: positions.saturating_add(2), offset: 2 });
    Ok(spec)
}
