use super::super::config::Config;
use super::super::spec::{Activation, Affine, LayerSpec, Norm, Position, QkNorm, QkNormOver, SQRT_2_OVER_PI, Spec};
use super::llama::{self, Bias, Form, HeadDim, LLAMA};
use super::rotary::{self, Keys, Original};
use super::{Family, ModelError, Names, keys, set_windows, sliding_layers};

/// Gemma: Llama with norms by `1 + w`, an embedding scaled by `√hidden`, and a tanh gelu.
pub(super) const GEMMA: Family = Family {
    model_type: "gemma",
    spec: |config| {
        // Version 4 has the activation under this key; version 5 does not read it.
        let new_key = config.present(&["hidden_activation"]).is_some();
        let key = if new_key { "hidden_activation" } else { "hidden_act" };
        let form = Form { kv_heads: Some(16), activation: (key, "gelu_pytorch_tanh"), ..GEMMA_FORM };
        let mut spec = gemma(config, &form)?;
        if config.present(&["hidden_act"]).is_some_and(|(_, name)| name == "gelu") && !new_key {
            // So in the first files; version 4 and the models' authors mean the tanh form by it.
            config.note("hidden_act", "gelu, read as gelu_pytorch_tanh");
            for layer in &mut spec.layers {
                layer.mlp.activation = Activation::GeluTanh(SQRT_2_OVER_PI);
            }
        }
        Ok(spec)
    },
    ..llama::FAMILY
};

/// Gemma 2: norms around both branches, soft caps, and a window on every other layer.
pub(super) const GEMMA2: Family = Family { model_type: "gemma2", names: NORMS_AROUND, spec: gemma2, ..llama::FAMILY };

/// The text model of Gemma 3 by itself: norms of queries and keys in place of the caps, and rotary
/// bases by kind of layer.
pub(super) const GEMMA3_TEXT: Family =
    Family { model_type: "gemma3_text", names: GEMMA3_NAMES, spec: gemma3, ..llama::FAMILY };

/// Gemma 3 with its vision tower, of which only the text model is read.
pub(super) const GEMMA3: Family = Family {
    model_type: "gemma3",
    names: Names {
        prefixes: &["language_model.model.", "model.language_model."],
        head: "language_model.lm_head",
        head_bias: "language_model.lm_head",
        aliases: &[("language_model.lm_head", "lm_head")],
        elsewhere: &["vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector."],
        ..GEMMA3_NAMES
    },
    spec: |config| {
        let mut text = config.section("text_config")?;
        text.only("model_type", "gemma3_text")?;
        // What these files leave out is at the default of the class.
        let sizes = [
            ("vocab_size", 262_208),
            ("hidden_size", 2304),
            ("intermediate_size", 9216),
            ("num_hidden_layers", 26),
            ("num_attention_heads", 8),
        ];
        for (key, value) in sizes {
            text.fill(key, value);
        }
        let mut spec = gemma3(&mut text)?;
        spec.head.tied = config.flag_or(&["tie_word_embeddings"], true)?;
        spec.unread = keys::unread(&text, "gemma3")?.into_iter().map(|key| format!("text_config.{key}")).collect();
        config.close(text);
        // Of the vision tower, if it is there at all.
        let _ = config.present(&["initializer_range"]);
        Ok(spec)
    },
    ..llama::FAMILY
};

const NORMS_AROUND: Names = Names {
    attention_output_norm: "post_attention_layernorm",
    mlp_norm: "pre_feedforward_layernorm",
    mlp_output_norm: "post_feedforward_layernorm",
    ..llama::NAMES
};

const GEMMA3_NAMES: Names = Names { query_norm: "self_attn.q_norm", key_norm: "self_attn.k_norm", ..NORMS_AROUND };

const GEMMA_FORM: Form = Form {
    norm: |eps| Norm { affine: Affine::OnePlusWeight, ..Norm::rms(eps) },
    head_dim: HeadDim::Default(256),
    positions: 8192,
    mlp_bias: Bias::Fixed(false),
    activation: ("hidden_activation", "gelu_pytorch_tanh"),
    tied: true,
    ..LLAMA
};

fn gemma(config: &mut Config, form: &Form) -> Result<Spec, ModelError> {
    let mut spec = llama::read(config, form)?;
    spec.embedding.scale = (spec.hidden as f64).sqrt();
    Ok(spec)
}

fn norms_around(layer: &mut LayerSpec) {
    layer.attention_output_norm = layer.attention_norm;
    layer.mlp_output_norm = layer.mlp_norm;
}

fn gemma2(config: &mut Config) -> Result<Spec, ModelError> {
    let form = Form { kv_heads: Some(4), ..GEMMA_FORM };
    let mut spec = gemma(config, &form)?;
    let scale = config.positive_or(&["query_pre_attn_scalar"], 256.0)?.sqrt().recip();
    let cap = config.optional_positive("attn_logit_softcapping", Some(50.0))?;
    for layer in &mut spec.layers {
        norms_around(layer);
        layer.attention.scale = scale;
        layer.attention.softcap = cap;
    }
    spec.head.softcap = config.optional_positive("final_logit_softcapping", Some(30.0))?;
    let window = config.optional_count("sliding_window", Some(4096))?;
    let sliding = sliding_layers(config, spec.layers.len(), |layer| layer.is_multiple_of(2))?;
    set_windows(config, &mut spec, &sliding, window)?;
    Ok(spec)
}

fn gemma3(config: &mut Config) -> Result<Spec, ModelError> {
    let form = Form { kv_heads: Some(4), positions: 131_072, rotary: None, ..GEMMA_FORM };
    let mut spec = gemma(config, &form)?;
    let inside = |theta, theta_default| Keys { theta, theta_default, original: Original::Inside, partial: None };
    let keys = [&inside(&["rope_local_base_freq"], 10_000.0), &inside(&["rope_theta"], 1_000_000.0)];
    let head_dim = spec.layers[0].attention.head_dim;
    let positions = spec.max_positions.unwrap_or_default();
    let [local, global] = rotary::read_by_layer_type(config, keys, head_dim, positions)?;
    let scale = config.positive_or(&["query_pre_attn_scalar"], 256.0)?.sqrt().recip();
    spec.head.softcap = config.optional_positive("final_logit_softcapping", None)?;
    let window = config.optional_count("sliding_window", Some(4096))?;
    let pattern = config.present(&["sliding_window_pattern"]).is_some();
    let pattern = if pattern { config.count(&["sliding_window_pattern"])? } else { 6 };
    let sliding = sliding_layers(config, spec.layers.len(), |layer| !(layer + 1).is_multiple_of(pattern))?;
    for (layer, sliding) in spec.layers.iter_mut().zip(&sliding) {
        norms_around(layer);
        layer.attention.scale = scale;
        layer.attention.position = Position::Rotary(if *sliding { local.clone() } else { global.clone() });
        layer.attention.qk_norm = layer.attention_norm.map(|norm| QkNorm { norm, over: QkNormOver::Head });
    }
    set_windows(config, &mut spec, &sliding, window)?;
    Ok(spec)
}
