use super::super::config::Config;
use super::super::spec::{Affine, LayerSpec, Norm, Position, QkNorm, QkNormOver, Spec};
use super::llama::{self, Bias, Form, LLAMA};
use super::rotary::{self, Keys, Original};
use super::{Family, ModelError, Names, set_windows, sliding_layers};

/// OLMo: Llama with LayerNorms that have nothing to learn, and clipped projections.
pub(super) const OLMO: Family = Family {
    model_type: "olmo",
    spec: |config| {
        let norm = |eps| Norm { affine: Affine::None, ..Norm::layer(eps) };
        let mut spec = llama::read(config, &Form { norm, eps: (None, 1e-5), ..FORM })?;
        let clip = config.optional_positive("clip_qkv", None)?;
        for layer in &mut spec.layers {
            layer.attention.clip = clip;
        }
        Ok(spec)
    },
    ..llama::FAMILY
};

/// OLMo 2: norms after the branches, and of all queries and keys together.
pub(super) const OLMO2: Family = Family {
    model_type: "olmo2",
    names: NORMS_AFTER,
    spec: |config| {
        let mut spec = llama::read(config, &FORM)?;
        spec.layers.iter_mut().for_each(norms_after);
        Ok(spec)
    },
    ..llama::FAMILY
};

/// OLMo 3: the same with a window on three layers of four, whose rotation is not stretched.
pub(super) const OLMO3: Family = Family { model_type: "olmo3", names: NORMS_AFTER, spec: olmo3, ..llama::FAMILY };

const NORMS_AFTER: Names = Names {
    attention_norm: "",
    attention_output_norm: "post_attention_layernorm",
    mlp_norm: "",
    mlp_output_norm: "post_feedforward_layernorm",
    query_norm: "self_attn.q_norm",
    key_norm: "self_attn.k_norm",
    ..llama::NAMES
};

const FORM: Form = Form { eps: (Some("rms_norm_eps"), 1e-5), mlp_bias: Bias::Fixed(false), ..LLAMA };

fn norms_after(layer: &mut LayerSpec) {
    layer.attention_output_norm = layer.attention_norm.take();
    layer.mlp_output_norm = layer.mlp_norm.take();
    layer.attention.qk_norm = layer.mlp_output_norm.map(|norm| QkNorm { norm, over: QkNormOver::FullWidth });
}

fn olmo3(config: &mut Config) -> Result<Spec, ModelError> {
    const BASE: f64 = 500_000.0;
    let mut spec = llama::read(config, &Form { rotary: None, ..FORM })?;
    let keys = Keys { theta: &["rope_theta"], theta_default: BASE, partial: None, original: Original::Inside };
    let head_dim = spec.layers[0].attention.head_dim;
    let positions = spec.max_positions.unwrap_or_default();
    let [local, global] = rotary::read_by_layer_type(config, [&keys, &keys], head_dim, positions)?;
    let window = config.optional_count("sliding_window", Some(4096))?;
    let sliding = sliding_layers(config, spec.layers.len(), |layer| !(layer + 1).is_multiple_of(4))?;
    for (layer, sliding) in spec.layers.iter_mut().zip(&sliding) {
        norms_after(layer);
        layer.attention.position = Position::Rotary(if *sliding { local.clone() } else { global.clone() });
    }
    set_windows(config, &mut spec, &sliding, window)?;
    Ok(spec)
}
