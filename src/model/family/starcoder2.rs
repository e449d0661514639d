use super::super::spec::Norm;
use super::llama::{self, Bias, Form, LLAMA};
use super::{Family, Inner, Names, window_everywhere};

/// StarCoder 2: Llama with LayerNorms, biases, and a feed-forward branch without a gate.
pub(super) const FAMILY: Family = Family {
    model_type: "starcoder2",
    names: Names { inner: Inner::Plain("mlp.c_fc"), down: "mlp.c_proj", ..llama::NAMES },
    spec: |config| {
        config.only("norm_type", "layer_norm")?;
        config.only("mlp_type", "default")?;
        let bias = || Bias::Key("use_bias", true);
        let form = Form {
            norm: Norm::layer,
            eps: (Some("norm_epsilon"), 1e-5),
            kv_heads: Some(2),
            positions: 4096,
            qkv_bias: bias(),
            output_bias: bias(),
            mlp_bias: bias(),
            activation: ("hidden_act", "gelu_pytorch_tanh"),
            gated: false,
            tied: true,
            ..LLAMA
        };
        let mut spec = llama::read(config, &form)?;
        window_everywhere(config, &mut spec, None)?;
        Ok(spec)
    },
    ..llama::FAMILY
};
