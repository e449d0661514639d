use super::super::spec::Position;
use super::llama::{self, Bias, Form, LLAMA};
use super::rotary::{Keys, Original, Partial, WHOLE_HEADS};
use super::{Family, Inner, Names, Projections, window_everywhere};
use crate::rope::Scaling;

/// Phi-3, 3.5 and 4: Llama with fused projections, LongRoPE and a window.
pub(super) const FAMILY: Family = Family {
    model_type: "phi3",
    names: Names {
        projections: Projections::Concatenated("self_attn.qkv_proj"),
        inner: Inner::GateFirst("mlp.gate_up_proj"),
        ..llama::NAMES
    },
    spec: |config| {
        let no_bias = || Bias::Fixed(false);
        let partial = Partial { keys: &["partial_rotary_factor"], default: 1.0 };
        let rotary = Keys { partial: Some(partial), original: Original::Top(4096), ..WHOLE_HEADS };
        let form = Form {
            eps: (Some("rms_norm_eps"), 1e-5),
            positions: 4096,
            rotary: Some(rotary),
            qkv_bias: no_bias(),
            output_bias: no_bias(),
            mlp_bias: no_bias(),
            ..LLAMA
        };
        let mut spec = llama::read(config, &form)?;
        if let Position::Rotary(rotary) = &spec.layers[0].attention.position
            && !matches!(rotary.scaling, Scaling::None | Scaling::LongRope { .. })
        {
            return Err(config.bad_key("rope_type", "default or longrope, as phi3 has", rotary.scaling.name()));
        }
        // Present in files whose rotation does not need it.
        let _ = config.present(&["original_max_position_embeddings"]);
        window_everywhere(config, &mut spec, None)?;
        Ok(spec)
    },
    ..llama::FAMILY
};
