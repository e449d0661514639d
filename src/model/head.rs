use candle_core::Tensor;

use super::decoder::Decoder;
use super::weights::{HeadWeights, Linear};

impl Decoder<'_> {
    /// What is scored against the vocabulary, `[B, rows, width]`, from the last norm's output.
    pub(super) fn before_scores(&self, x: &Tensor, weights: &HeadWeights) -> Result<Tensor, candle_core::Error> {
        let mut x = x.contiguous()?;
        if let (Some((activation, norm)), Some((linear, norm_weights))) =
            (self.spec().head.transform, &weights.transform)
        {
            x = self.norm(&self.activation(&linear.apply(&x)?, activation)?, norm, norm_weights)?;
        }
        match &weights.projection {
            Some(projection) => projection.apply(&x),
            None => Ok(x),
        }
    }

    /// The scores of some tokens, `[B, rows, tokens]`.
    pub(super) fn scores(&self, x: &Tensor, head: &Linear) -> Result<Tensor, candle_core::Error> {
        let scores = head.apply(x)?;
        match self.spec().head.softcap {
            Some(cap) => {
                let wide = scores.to_dtype(self.precision.wide())?;
                ((wide / cap)?.tanh()? * cap)?.to_dtype(scores.dtype())
            }
            None => Ok(scores),
        }
    }
}
