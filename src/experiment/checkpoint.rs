use std::path::Path;

use candle_core::Tensor;
use serde_json::json;

use super::decoder::{Decoder, NORM_EPS};
use super::{Configuration, Corpus, ExperimentError, Variant, durable, tensor_file};
use crate::encoding::Encoding;
use crate::model::op::Parameter;
use crate::numeric::Pairing;
use crate::rope::Scaling;

/// Writes a trained decoder in Hugging Face layout: `config.json`, `model.safetensors` and, where there
/// was a text, `tokenizer.json`.
///
/// A rotation of whole heads by `m B^{-2i/d}` is Llama's, and is written as such. Anything else has
/// `model_type` `ropelet`, which Hugging Face transformers does not know, and says in `encoding` what it
/// is; `crate::model` reads those without a lag kernel and without learned parts.
pub(super) fn write(
    folder: &Path,
    configuration: &Configuration,
    decoder: &Decoder,
    corpus: Option<&Corpus>,
) -> Result<(), ExperimentError> {
    let preset = &configuration.preset;
    let shape = &preset.shape;
    let variant: Variant = configuration.encoding.parse()?;
    let encoding = variant.encoding(preset, configuration.seed)?;
    let mut config = json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": preset.recipe.train_length,
        "rms_norm_eps": NORM_EPS,
        "initializer_range": 0.02,
        "tie_word_embeddings": true,
        "attention_bias": false,
        "mlp_bias": false,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "dtype": "float32",
    });
    match plain_base(&encoding) {
        Some(base) => config["rope_theta"] = base.into(),
        None => {
            config["model_type"] = "ropelet".into();
            config["architectures"] = json!(["RopeletForCausalLM"]);
            config["encoding"] = json!({
                "name": variant.encoding_name(),
                "kind": encoding.kind(),
                "variant": variant.name(),
                "train_length": preset.recipe.train_length,
            });
            if let Some(base) = variant.base() {
                config["encoding"]["base"] = base.into();
            }
        }
    }
    let mut tensors = vec![("model.embed_tokens.weight".to_owned(), weights(&decoder.embedding))];
    for (number, layer) in decoder.layers.iter().enumerate() {
        let gate_up = weights(&layer.gate_up);
        let half = shape.intermediate;
        for (name, tensor) in [
            ("input_layernorm", weights(&layer.attention_norm)),
            ("self_attn.q_proj", weights(&layer.query)),
            ("self_attn.k_proj", weights(&layer.key)),
            ("self_attn.v_proj", weights(&layer.value)),
            ("self_attn.o_proj", weights(&layer.output)),
            ("post_attention_layernorm", weights(&layer.mlp_norm)),
            ("mlp.gate_proj", gate_up.narrow(0, 0, half)?),
            ("mlp.up_proj", gate_up.narrow(0, half, half)?),
            ("mlp.down_proj", weights(&layer.down)),
        ] {
            tensors.push((format!("model.layers.{number}.{name}.weight"), tensor));
        }
    }
    tensors.push(("model.norm.weight".to_owned(), weights(&decoder.norm)));
    for (name, variable) in decoder.position.parameters() {
        tensors.push((format!("position.{name}"), variable.as_detached_tensor()));
    }
    if let Some(corpus) = corpus {
        durable::write(&folder.join("tokenizer.json"), corpus.tokenizer.as_bytes())?;
    }
    tensor_file::save(&folder.join("model.safetensors"), ("format", "pt".to_owned()), &tensors)?;
    durable::write_json(&folder.join("config.json"), &config)
}

fn weights(parameter: &Parameter) -> Tensor {
    parameter.variable().as_detached_tensor()
}

/// The base of a rotation that Llama has, too.
fn plain_base(encoding: &Encoding) -> Option<f64> {
    let Encoding::Rotation(rotary) = encoding else { return None };
    let whole = rotary.rotary_dim() == rotary.head_dim() && rotary.decay().is_none();
    (whole && rotary.pairing() == Pairing::HalfSplit && *rotary.scaling() == Scaling::None).then_some(rotary.base())
}
