use serde_json::Value;

use super::super::config::{Config, shown};
use super::super::spec::{AttentionSpec, LayerSpec, LearnedPositions, Mask, MlpSpec, Norm, Position, Spec};
use super::{Family, Inner, ModelError, Names, Projections, activation, llama, model, split_heads};

/// GPT-Neo: learned positions, scores that are not scaled, and windows on some layers.
pub(super) const FAMILY: Family = Family {
    model_type: "gpt_neo",
    names: Names {
        prefixes: &["transformer.", ""],
        embedding: "wte",
        positions: "wpe",
        layers: "h.",
        attention_norm: "ln_1",
        projections: Projections::Separate {
            query: "attn.attention.q_proj",
            key: "attn.attention.k_proj",
            value: "attn.attention.v_proj",
        },
        attention_output: "attn.attention.out_proj",
        mlp_norm: "ln_2",
        inner: Inner::Plain("mlp.c_fc"),
        down: "mlp.c_proj",
        final_norm: "ln_f",
        buffers: &["attn.attention.bias", "attn.attention.masked_bias"],
        ..llama::NAMES
    },
    spec,
    ..llama::FAMILY
};

fn spec(config: &mut Config) -> Result<Spec, ModelError> {
    let hidden = config.count(&["hidden_size"])?;
    let heads = config.count(&["num_heads", "num_attention_heads"])?;
    let head_dim = split_heads(config, hidden, heads, "num_heads")?;
    let positions = config.count_or(&["max_position_embeddings"], 2048)?;
    let norm = Norm::layer(config.fraction_or(&["layer_norm_epsilon"], 1e-5)?);
    let attention =
        AttentionSpec { scale: 1.0, output_bias: true, ..AttentionSpec::new(heads, heads, head_dim, Position::None) };
    let mlp = MlpSpec {
        intermediate: config.optional_count("intermediate_size", None)?.unwrap_or(hidden.saturating_mul(4)),
        gated: false,
        bias: true,
        activation: activation(config, "activation_function", "gelu_new")?,
    };
    let layer = LayerSpec::new(norm, attention, mlp);
    let mut spec = model(config, hidden, layer, &["num_layers", "num_hidden_layers"], Some(norm), true)?;
    let window = config.count_or(&["window_size"], 256)?;
    let local = local_layers(config, spec.layers.len())?;
    for (layer, is_local) in spec.layers.iter_mut().zip(local) {
        if is_local {
            layer.attention.mask = Mask::Window(window);
        }
    }
    spec.max_positions = Some(positions);
    spec.embedding.positions = Some(LearnedPositions { rows: positions, offset: 0 });
    Ok(spec)
}

/// `attention_types`, such as `[[["global", "local"], 12]]`, written out; `attention_layers`, where
/// it is there too, says the same.
fn local_layers(config: &mut Config, layers: usize) -> Result<Vec<bool>, ModelError> {
    const EXPECTED: &str = "a list such as [[[\"global\", \"local\"], 12]] that gives each layer its kind";
    let is_local = |kind: &Value| match kind.as_str() {
        Some("local") => Some(true),
        Some("global") => Some(false),
        _ => None,
    };
    let kinds = |list: &Value| list.as_array()?.iter().map(is_local).collect::<Option<Vec<bool>>>();
    let written_out = |value: &Value| {
        let mut all = Vec::new();
        for item in value.as_array()? {
            let (pattern, times) = (kinds(item.get(0)?)?, item.get(1)?.as_u64()?);
            for _ in 0..times {
                all.extend(&pattern);
                if pattern.is_empty() || all.len() > layers {
                    return None;
                }
            }
        }
        (all.len() == layers).then_some(all)
    };
    let all = match config.present(&["attention_types"]) {
        Some((key, value)) => written_out(value).ok_or_else(|| config.bad_key(key, EXPECTED, shown(value)))?,
        None => {
            config.note("attention_types", "[[[\"global\", \"local\"], 12]]");
            let all: Vec<bool> = (0..24).map(|layer| layer % 2 == 1).collect();
            if all.len() == layers { all } else { return Err(config.missing_key("attention_types", EXPECTED)) }
        }
    };
    match config.present(&["attention_layers"]) {
        Some((key, value)) if kinds(value).as_ref() != Some(&all) => {
            Err(config.bad_key(key, "what attention_types gives", shown(value)))
        }
        _ => Ok(all),
    }
}
