use super::super::spec::{Norm, QkNorm, QkNormOver, Topology};
use super::llama::{self, Bias, Form, LLAMA};
use super::rotary::{Keys, Partial, WHOLE_HEADS};
use super::{Family, Inner, Names};

/// Phi 1, 1.5 and 2: both branches in parallel with one norm, biases everywhere.
pub(super) const FAMILY: Family = Family {
    model_type: "phi",
    names: Names {
        query_norm: "self_attn.q_layernorm",
        key_norm: "self_attn.k_layernorm",
        attention_output: "self_attn.dense",
        inner: Inner::Plain("mlp.fc1"),
        down: "mlp.fc2",
        final_norm: "final_layernorm",
        ..llama::NAMES
    },
    spec: |config| {
        let partial = Partial { keys: &["partial_rotary_factor"], default: 0.5 };
        let form = Form {
            norm: Norm::layer,
            eps: (Some("layer_norm_eps"), 1e-5),
            rotary: Some(Keys { partial: Some(partial), ..WHOLE_HEADS }),
            qkv_bias: Bias::Fixed(true),
            output_bias: Bias::Fixed(true),
            mlp_bias: Bias::Fixed(true),
            activation: ("hidden_act", "gelu_new"),
            gated: false,
            ..LLAMA
        };
        let mut spec = llama::read(config, &form)?;
        spec.head.bias = true;
        let normed = config.flag_or(&["qk_layernorm"], false)?;
        for layer in &mut spec.layers {
            layer.mlp_norm = None;
            layer.topology = Topology::ParallelOneNorm;
            if normed {
                layer.attention.qk_norm = layer.attention_norm.map(|norm| QkNorm { norm, over: QkNormOver::Head });
            }
        }
        Ok(spec)
    },
    ..llama::FAMILY
};
