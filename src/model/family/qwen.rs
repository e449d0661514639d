use super::super::config::Config;
use super::super::spec::{Norm, QkNorm, QkNormOver, Spec};
use super::llama::{self, Bias, Form, HeadDim, LLAMA};
use super::{Family, ModelError, Names, set_windows, sliding_layers};

/// Qwen2 and 2.5: Llama with a bias on query, key and value, and windows on the upper layers.
pub(super) const QWEN2: Family = Family {
    model_type: "qwen2",
    spec: |config| {
        let form = Form {
            kv_heads: Some(32),
            positions: 32_768,
            qkv_bias: Bias::Fixed(true),
            output_bias: Bias::Fixed(false),
            mlp_bias: Bias::Fixed(false),
            ..LLAMA
        };
        let mut spec = llama::read(config, &form)?;
        windows(config, &mut spec)?;
        Ok(spec)
    },
    ..llama::FAMILY
};

/// Qwen3: a norm on each query and key head in place of the bias.
pub(super) const QWEN3: Family = Family {
    model_type: "qwen3",
    names: Names { query_norm: "self_attn.q_norm", key_norm: "self_attn.k_norm", ..llama::NAMES },
    spec: |config| {
        let form = Form {
            kv_heads: Some(32),
            head_dim: HeadDim::Default(128),
            positions: 32_768,
            mlp_bias: Bias::Fixed(false),
            ..LLAMA
        };
        let mut spec = llama::read(config, &form)?;
        windows(config, &mut spec)?;
        for layer in &mut spec.layers {
            let eps = layer.attention_norm.map_or(0.0, |norm| norm.eps);
            layer.attention.qk_norm = Some(QkNorm { norm: Norm::rms(eps), over: QkNormOver::Head });
        }
        Ok(spec)
    },
    ..llama::FAMILY
};

fn windows(config: &mut Config, spec: &mut Spec) -> Result<(), ModelError> {
    let used = config.flag_or(&["use_sliding_window"], false)?;
    let window = if used { config.optional_count("sliding_window", Some(4096))? } else { None };
    let first = if used { config.whole_or("max_window_layers", 28)? } else { 0 };
    // Asked for whether they count or not.
    let _ = config.present(&["sliding_window", "max_window_layers"]);
    let sliding = sliding_layers(config, spec.layers.len(), |layer| window.is_some() && layer >= first)?;
    set_windows(config, spec, &sliding, window)
}
