use candle_core::{D, Tensor};

use super::attention::pieces;
use super::cpu;
use super::decoder::{Batch, Decoder};
#[cfg(feature = "cuda")]
use super::kernel;
use super::pass::Pass;
use super::spec::{Activation, Norm, NormKind, Topology};
use super::weights::{LayerWeights, NormWeights};
use super::{ModelError, Tap};

impl Decoder<'_> {
    /// A norm over the last axis, computed in the wide type.
    pub(super) fn norm(&self, x: &Tensor, norm: Norm, weights: &NormWeights) -> Result<Tensor, candle_core::Error> {
        #[cfg(feature = "cuda")]
        if let Some(y) = kernel::norm(x, norm, weights)? {
            return y.to_dtype(self.precision.dtype());
        }
        if let Some(y) = cpu::norm(x, norm, weights)? {
            return Ok(y);
        }
        let mut x = x.to_dtype(self.precision.wide())?;
        if norm.kind == NormKind::Layer {
            x = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        }
        let scale = (x.sqr()?.mean_keepdim(D::Minus1)? + norm.eps)?.sqrt()?.recip()?;
        let mut y = x.broadcast_mul(&scale)?.broadcast_mul(&weights.weight)?;
        if let Some(bias) = &weights.bias {
            y = y.broadcast_add(bias)?;
        }
        y.to_dtype(self.precision.dtype())
    }

    /// A norm that may be absent.
    pub(super) fn optional_norm(
        &self,
        x: &Tensor,
        norm: Option<Norm>,
        weights: Option<&NormWeights>,
    ) -> Result<Tensor, candle_core::Error> {
        match norm.zip(weights) {
            Some((norm, weights)) => self.norm(x, norm, weights),
            None => Ok(x.clone()),
        }
    }

    /// `x + delta`, and its norm.
    fn sum_and_norm(
        &self,
        x: &Tensor,
        delta: &Tensor,
        norm: Option<Norm>,
        weights: Option<&NormWeights>,
    ) -> Result<(Tensor, Tensor), candle_core::Error> {
        #[cfg(feature = "cuda")]
        if let Some((norm, weights)) = norm.zip(weights)
            && let Some(both) = kernel::norm_of_sum(x, delta, norm, weights)?
        {
            return Ok(both);
        }
        let sum = (x + delta)?;
        let normed = self.optional_norm(&sum, norm, weights)?;
        Ok((sum, normed))
    }

    pub(super) fn activation(&self, x: &Tensor, activation: Activation) -> Result<Tensor, candle_core::Error> {
        #[cfg(feature = "cuda")]
        if let Some(y) = kernel::gated(x, None, activation)? {
            return Ok(y);
        }
        if let Some(y) = cpu::gated(x, None, activation)? {
            return Ok(y);
        }
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

    /// `activation(gate) · up`.
    fn gated(&self, gate: &Tensor, up: &Tensor, activation: Activation) -> Result<Tensor, candle_core::Error> {
        #[cfg(feature = "cuda")]
        if let Some(y) = kernel::gated(gate, Some(up), activation)? {
            return Ok(y);
        }
        if let Some(y) = cpu::gated(gate, Some(up), activation)? {
            return Ok(y);
        }
        self.activation(gate, activation)? * up
    }
}

impl Pass<'_, '_> {
    /// The layer's output, or that of its attention where nothing after it is looked at. Shapes: `B` texts, `L` tokens, `h` hidden, `H` heads, `D` per head.
    pub(super) fn layer(&mut self, number: usize, weights: &LayerWeights, batch: &Batch) -> Result<Tensor, ModelError> {
        let decoder = self.decoder;
        let spec = &decoder.checkpoint.spec().layers[number];
        let x = &batch.stream;
        let attention_norm =
            |x: &Tensor| decoder.optional_norm(x, spec.attention_norm, weights.attention_norm.as_ref());
        let mlp_norm = |x: &Tensor| decoder.optional_norm(x, spec.mlp_norm, weights.mlp_norm.as_ref());
        let of_rows = |x: &Tensor| -> Result<Tensor, candle_core::Error> {
            let inner = match weights.gate_and_up(x)? {
                (Some(gate), up) => decoder.gated(&gate, &up, spec.mlp.activation)?,
                (None, up) => decoder.activation(&up, spec.mlp.activation)?,
            };
            let down = weights.down.apply(&inner)?;
            decoder.optional_norm(&down, spec.mlp_output_norm, weights.mlp_output_norm.as_ref())
        };
        let mlp = |x: &Tensor| by_rows(x, spec.mlp.intermediate, of_rows);

        let normed = match spec.topology {
            Topology::NormAfterResidual => x.clone(),
            _ => attention_norm(x)?,
        };
        let attended = self.attention(number, spec, weights, batch, &normed)?;
        let attended =
            decoder.optional_norm(&attended, spec.attention_output_norm, weights.attention_output_norm.as_ref())?;
        self.put(number, Tap::AttentionOutput, batch, &attended.unsqueeze(1)?)?;
        if self.ends_at == Some(number) {
            return Ok(attended);
        }
        let (residual, added) = match spec.topology {
            Topology::Sequential => {
                let (middle, normed) = decoder.sum_and_norm(x, &attended, spec.mlp_norm, weights.mlp_norm.as_ref())?;
                let added = mlp(&normed)?;
                (middle, added)
            }
            Topology::Parallel => ((x + &attended)?, mlp(&mlp_norm(x)?)?),
            Topology::ParallelOneNorm => ((x + &attended)?, mlp(&normed)?),
            Topology::ResidualAfterNorm => {
                let middle = mlp_norm(&(&normed + &attended)?)?;
                let added = mlp(&middle)?;
                (middle, added)
            }
            Topology::NormAfterResidual => {
                let middle = attention_norm(&(x + &attended)?)?;
                let added = mlp(&middle)?;
                (middle, added)
            }
        };
        self.put(number, Tap::MlpOutput, batch, &added.unsqueeze(1)?)?;
        let stream = (residual + added)?;
        if spec.topology == Topology::NormAfterResidual { Ok(mlp_norm(&stream)?) } else { Ok(stream) }
    }
}

/// What is held of a feed-forward branch on the processor, in one of its projections.
pub(super) const CPU_ELEMENTS: usize = 1 << 23;

/// `f` of `[B, L, columns]`, whose rows do not depend on each other, so many at a time that what `f`
/// makes in between, `width` columns wide, is 32 MiB in `f32` on the processor and 1 GiB elsewhere.
fn by_rows(
    x: &Tensor,
    width: usize,
    f: impl Fn(&Tensor) -> Result<Tensor, candle_core::Error>,
) -> Result<Tensor, candle_core::Error> {
    let (texts, tokens, _) = x.dims3()?;
    let elements = if x.device().is_cpu() { CPU_ELEMENTS } else { 1 << 28 };
    let together = (elements / (texts * width)).max(1);
    if together >= tokens {
        return f(x);
    }
    let mut whole = None;
    for rows in pieces(tokens, together) {
        let part = f(&x.narrow(1, rows.start, rows.len())?.contiguous()?)?;
        let whole = match &whole {
            Some(whole) => whole,
            None => whole.insert(Tensor::zeros((texts, tokens, part.dim(2)?), part.dtype(), part.device())?),
        };
        whole.slice_set(&part, 1, rows.start)?;
    }
    whole.ok_or_else(|| candle_core::Error::Msg("a text has no tokens".to_owned()))
}
