use candle_core::Tensor;

use super::decoder::{Batch, Decoder};
use super::pass::Pass;
use super::spec::{Activation, Norm, NormKind, Topology};
use super::weights::{LayerWeights, NormWeights};
use super::{ModelError, Tap};

impl Decoder<'_> {
    /// A norm over the last axis, computed in the wide type.
    pub(super) fn norm(&self, x: &Tensor, norm: Norm, weights: &NormWeights) -> Result<Tensor, candle_core::Error> {
        let mut x = x.to_dtype(self.precision.wide())?;
        if norm.kind == NormKind::Layer {
            x = x.broadcast_sub(&x.mean_keepdim(2)?)?;
        }
        let scale = (x.sqr()?.mean_keepdim(2)? + norm.eps)?.sqrt()?.recip()?;
        let mut y = x.broadcast_mul(&scale)?.broadcast_mul(&weights.weight)?;
        if let Some(bias) = &weights.bias {
            y = y.broadcast_add(bias)?;
        }
        y.to_dtype(self.precision.dtype())
    }

    pub(super) fn activation(&self, x: &Tensor, activation: Activation) -> Result<Tensor, candle_core::Error> {
        let x = x.to_dtype(self.precision.wide())?;
        let y = match activation {
            Activation::Silu => x.silu()?,
            Activation::Gelu => x.gelu_erf()?,
            Activation::GeluTanh(c) => {
                let inner = (x.sqr()?.affine(0.044_715 * c, c)? * &x)?;
                (inner.tanh()?.affine(0.5, 0.5)? * &x)?
            }
            Activation::Relu => x.relu()?,
        };
        y.to_dtype(self.precision.dtype())
    }
}

impl Pass<'_, '_> {
    /// The layer's output. Shapes: `B` texts, `L` tokens, `h` hidden, `H` heads, `D` per head.
    pub(super) fn layer(&mut self, number: usize, weights: &LayerWeights, batch: &Batch) -> Result<Tensor, ModelError> {
        let decoder = self.decoder;
        let spec = &decoder.checkpoint.spec().layers[number];
        let x = &batch.stream;
        let normed = decoder.norm(x, spec.attention_norm, &weights.attention_norm)?;
        let attended = self.attention(number, spec, weights, batch, &normed)?;
        self.put(number, Tap::AttentionOutput, batch, &attended.unsqueeze(1)?)?;

        let mlp = |x: &Tensor| -> Result<Tensor, candle_core::Error> {
            let x = decoder.norm(x, spec.mlp_norm, &weights.mlp_norm)?;
            let up = weights.up.apply(&x)?;
            let inner = match &weights.gate {
                Some(gate) => (decoder.activation(&gate.apply(&x)?, spec.mlp.activation)? * up)?,
                None => decoder.activation(&up, spec.mlp.activation)?,
            };
            weights.down.apply(&inner)
        };
        let (residual, added) = match spec.topology {
            Topology::Sequential => {
                let middle = (x + &attended)?;
                let added = mlp(&middle)?;
                (middle, added)
            }
            Topology::Parallel => ((x + &attended)?, mlp(x)?),
            Topology::ResidualAfterNorm => {
                let middle = (&normed + &attended)?;
                let added = mlp(&middle)?;
                (decoder.norm(&middle, spec.mlp_norm, &weights.mlp_norm)?, added)
            }
        };
        self.put(number, Tap::MlpOutput, batch, &added.unsqueeze(1)?)?;
        Ok((residual + added)?)
    }
}
