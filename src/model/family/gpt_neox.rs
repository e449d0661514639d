use super::super::spec::{Norm, Topology};
use super::llama::{self, Bias, Form, HeadDim, LLAMA};
use super::rotary::{Keys, Partial, WHOLE_HEADS};
use super::{Family, Inner, Names, Projections};

/// GPT-NeoX and Pythia: two norms, both branches in parallel, a quarter of each head rotated.
pub(super) const FAMILY: Family = Family {
    model_type: "gpt_neox",
    names: Names {
        prefixes: &["gpt_neox."],
        embedding: "embed_in",
        projections: Projections::Grouped("attention.query_key_value"),
        attention_output: "attention.dense",
        inner: Inner::Plain("mlp.dense_h_to_4h"),
        down: "mlp.dense_4h_to_h",
        final_norm: "final_layer_norm",
        head: "embed_out",
        head_bias: "embed_out",
        buffers: &["attention.bias", "attention.masked_bias", "attention.rotary_emb.inv_freq"],
        ..llama::NAMES
    },
    spec: |config| {
        let bias = || Bias::Key("attention_bias", true);
        let partial = Partial { keys: &["rotary_pct", "partial_rotary_factor"], default: 0.25 };
        let theta = &["rotary_emb_base", "rope_theta"];
        let form = Form {
            norm: Norm::layer,
            eps: (Some("layer_norm_eps"), 1e-5),
            head_dim: HeadDim::Split,
            rotary: Some(Keys { theta, partial: Some(partial), ..WHOLE_HEADS }),
            qkv_bias: bias(),
            output_bias: bias(),
            mlp_bias: Bias::Fixed(true),
            activation: ("hidden_act", "gelu"),
            gated: false,
            ..LLAMA
        };
        let mut spec = llama::read(config, &form)?;
        if config.flag_or(&["use_parallel_residual"], true)? {
            spec.layers.iter_mut().for_each(|layer| layer.topology = Topology::Parallel);
        }
        Ok(spec)
    },
    ..llama::FAMILY
};
