use super::super::config::Config;
use super::super::spec::{AttentionSpec, LayerSpec, LearnedPositions, Mask, MlpSpec, Norm, Position, Spec, Topology};
use super::{Family, Inner, ModelError, Names, Projections, activation, llama, model, split_heads};

/// BERT with its head for masked tokens: reads in both directions, norms after the residual.
pub(super) const FAMILY: Family = Family {
    model_type: "bert",
    names: Names {
        prefixes: &["bert."],
        embedding: "embeddings.word_embeddings",
        positions: "embeddings.position_embeddings",
        token_types: "embeddings.token_type_embeddings",
        embedding_norm: "embeddings.LayerNorm",
        layers: "encoder.layer.",
        attention_norm: "attention.output.LayerNorm",
        projections: Projections::Separate {
            query: "attention.self.query",
            key: "attention.self.key",
            value: "attention.self.value",
        },
        attention_output: "attention.output.dense",
        mlp_norm: "output.LayerNorm",
        inner: Inner::Plain("intermediate.dense"),
        down: "output.dense",
        final_norm: "",
        transform: "cls.predictions.transform.dense",
        transform_norm: "cls.predictions.transform.LayerNorm",
        head: "cls.predictions.decoder",
        head_bias: "cls.predictions",
        aliases: &[("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")],
        buffers: &[],
        elsewhere: &["embeddings.position_ids", "pooler.", "cls.seq_relationship."],
        ..llama::NAMES
    },
    spec,
    ..llama::FAMILY
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["hidden_size"])?;
    let heads = config.count(&["num_attention_heads"])?;
    let head_dim = split_heads(config, hidden, heads, "num_attention_heads")?;
    config.only("is_decoder", false)?;
    config.only("position_embedding_type", "absolute")?;
    config.only("tie_word_embeddings", true)?;
    let positions = config.count_or(&["max_position_embeddings"], 512)?;
    let norm = Norm::layer(config.fraction_or(&["layer_norm_eps"], 1e-12)?);
    let activation = activation(config, "hidden_act", "gelu")?;
    let attention = AttentionSpec {
        mask: Mask::Full,
        qkv_bias: true,
        output_bias: true,
        ..AttentionSpec::new(heads, heads, head_dim, Position::None)
    };
    let mlp = MlpSpec { intermediate: config.count(&["intermediate_size"])?, gated: false, bias: true, activation };
    let topology = Topology::NormAfterResidual;
    let layer = LayerSpec { topology, ..LayerSpec::new(norm, attention, mlp) };
    let mut spec = model(config, hidden, layer, &["num_hidden_layers"], None, true)?;
    spec.max_positions = Some(positions);
    spec.embedding.positions = Some(LearnedPositions { rows: positions, offset: 0 });
    spec.embedding.token_types = config.count_or(&["type_vocab_size"], 2)?;
    spec.embedding.norm = Some(norm);
    spec.head.bias = true;
    spec.head.transform = Some((activation, norm));
    Ok(spec)
}
