use super::llama::{self, Form, LLAMA};
use super::{Family, window_everywhere};

/// Mistral and its kind: Llama with a window on every layer, or on none.
pub(super) const FAMILY: Family = Family {
    model_type: "mistral",
    spec: |config| {
        let no_bias = || llama::Bias::Fixed(false);
        let form = Form {
            kv_heads: Some(8),
            positions: 131_072,
            qkv_bias: no_bias(),
            output_bias: no_bias(),
            mlp_bias: no_bias(),
            ..LLAMA
        };
        let mut spec = llama::read(config, &form)?;
        window_everywhere(config, &mut spec, Some(4096))?;
        Ok(spec)
    },
    ..llama::FAMILY
};
