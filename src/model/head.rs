use candle_core::Tensor;

use super::decoder::Decoder;
use super::weights::HeadWeights;

impl Decoder<'_> {
    /// The scores of the tokens, `[B, rows, vocabulary]`, from the last norm's output.
    pub(super) fn logits(&self, x: &Tensor, weights: &HeadWeights) -> Result<Tensor, candle_core::Error> {
        let spec = &self.spec().head;
        let mut x = x.contiguous()?;
        if let (Some((activation, norm)), Some((linear, norm_weights))) = (spec.transform, &weights.transform) {
            x = self.norm(&self.activation(&linear.apply(&x)?, activation)?, norm, norm_weights)?;
        }
        if let Some(projection) = &weights.projection {
            x = projection.apply(&x)?;
        }
        let logits = weights.scores.apply(&x)?;
        match spec.softcap {
            Some(cap) => {
                let wide = logits.to_dtype(self.precision.wide())?;
                ((wide / cap)?.tanh()? * cap)?.to_dtype(logits.dtype())
            }
            None => Ok(logits),
        }
    }
}
