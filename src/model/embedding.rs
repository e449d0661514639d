use candle_core::Tensor;

use super::ModelError;
use super::decoder::Decoder;
use super::weights::EmbeddingWeights;

impl Decoder<'_> {
    /// The input of the first layer, `[B, L, hidden]`, from the rows of its tokens, `[B, L, width]`.
    pub(super) fn embedded(&self, rows: &Tensor, weights: &EmbeddingWeights) -> Result<Tensor, ModelError> {
        let spec = &self.spec().embedding;
        let mut x = rows.clone();
        if spec.scale != 1.0 {
            // A constant of the type of the computation, as in the reference code.
            x = x.broadcast_mul(&Tensor::new(spec.scale, x.device())?.to_dtype(x.dtype())?)?;
        }
        if let Some(projection) = &weights.projection {
            x = projection.apply(&x)?;
        }
        if let Some(token_type) = &weights.token_type {
            x = x.broadcast_add(token_type)?;
        }
        if let (Some(positions), Some(table)) = (spec.positions, &weights.positions) {
            x = x.broadcast_add(&table.narrow(0, positions.offset, x.dim(1)?)?)?;
        }
        Ok(self.optional_norm(&x, spec.norm, weights.norm.as_ref())?)
    }
}
