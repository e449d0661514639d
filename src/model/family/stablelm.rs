use super::super::spec::{Affine, Norm, QkNorm, QkNormOver, Topology};
use super::llama::{self, Bias, Form, HeadDim, LLAMA};
use super::rotary::{Keys, Partial, WHOLE_HEADS};
use super::{Family, Names};

/// StableLM and StableLM 2: Llama with LayerNorms and a quarter of each head rotated; in some, both
/// branches in parallel with one norm, and a norm of its own for each query and key head.
pub(super) const FAMILY: Family = Family {
    model_type: "stablelm",
    names: Names { query_norm: "self_attn.q_layernorm", key_norm: "self_attn.k_layernorm", ..llama::NAMES },
    spec: |config| {
        let partial = Partial { keys: &["partial_rotary_factor", "rope_pct"], default: 0.25 };
        let form = Form {
            norm: Norm::layer,
            eps: (Some("layer_norm_eps"), 1e-5),
            kv_heads: Some(32),
            head_dim: HeadDim::Split,
            positions: 4096,
            rotary: Some(Keys { partial: Some(partial), ..WHOLE_HEADS }),
            qkv_bias: Bias::Key("use_qkv_bias", false),
            output_bias: Bias::Fixed(false),
            mlp_bias: Bias::Fixed(false),
            ..LLAMA
        };
        let mut spec = llama::read(config, &form)?;
        let normed = config.flag_or(&["qk_layernorm"], false)?;
        let parallel = config.flag_or(&["use_parallel_residual"], false)?;
        for layer in &mut spec.layers {
            if normed {
                let norm = layer.attention_norm.map(|norm| Norm { affine: Affine::Weight, ..norm });
                layer.attention.qk_norm = norm.map(|norm| QkNorm { norm, over: QkNormOver::EachHead });
            }
            if parallel {
                layer.mlp_norm = None;
                layer.topology = Topology::ParallelOneNorm;
            }
        }
        Ok(spec)
    },
    ..llama::FAMILY
};
