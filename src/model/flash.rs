use candle_core::{DType, Tensor};

use super::attention::rotate;
use super::decoder::Batch;
use super::kernel::Attended;
use super::pass::Pass;
use super::reduce::Reduced;
use super::spec::{LayerSpec, Position};
use super::weights::LayerWeights;
use super::{ModelError, Site, Tap};

impl Pass<'_, '_> {
    /// The attention of a layer in kernels that never store a score: queries, keys and values stay in
    /// the model's type, where the whole-tensor operations widen them.
    ///
    /// `None` where a score or a probability is to be looked at, and where the kernels do not cover the
    /// device, the type or the layer.
    pub(super) fn flash(
        &mut self,
        number: usize,
        spec: &LayerSpec,
        weights: &LayerWeights,
        batch: &Batch,
        x: &Tensor,
    ) -> Result<Option<Tensor>, ModelError> {
        let attention = &spec.attention;
        let looked_at = [Tap::Scores, Tap::Bias, Tap::Attention]
            .into_iter()
            .any(|tap| self.wanted(Site { layer: Some(number), tap }).is_some());
        let looked_at = looked_at || self.sink.wants_rows(number);
        let rounded_bias = matches!(attention.position, Position::RoundedAlibi { .. });
        if self.checking || looked_at || rounded_bias || !x.device().is_cuda() || x.dtype() == DType::F64 {
            return Ok(None);
        }
        let [query, key, value] = if attention.clip.is_some() || attention.qk_norm.is_some() {
            let [query, key, value] = self.decoder.projected(attention, weights, x)?;
            [query.to_dtype(x.dtype())?, key.to_dtype(x.dtype())?, value.to_dtype(x.dtype())?]
        } else {
            // Views [B, heads, L, D] of what is [B, L, heads, D] in memory.
            let [query, key, value] = weights.query_key_value(x, attention.head_dim)?;
            [query.transpose(1, 2)?, key.transpose(1, 2)?, value.transpose(1, 2)?]
        };
        let (rotated_query, rotated_key) = match &attention.position {
            Position::Rotary(rotary) => {
                let turns = self.turns(rotary, batch.tokens, x.device())?;
                (rotate(&query, rotary, &turns)?, rotate(&key, rotary, &turns)?)
            }
            _ => (query.clone(), key.clone()),
        };
        let Some(attended) = Attended::new(&rotated_query, &rotated_key, &value, attention)? else { return Ok(None) };
        let taps = [
            (Tap::Query, &query),
            (Tap::Key, &key),
            (Tap::QueryRotated, &rotated_query),
            (Tap::KeyRotated, &rotated_key),
            (Tap::Value, &value),
        ];
        for (tap, tensor) in taps {
            self.put(number, tap, batch, tensor)?;
        }
        if let Some(reduction) = self.sink.reduce(number) {
            let sums = attended.reduce(reduction)?;
            let reduced = Reduced {
                layer: number,
                texts: batch.texts.clone(),
                tokens: batch.tokens,
                reduction,
                mask: attention.mask,
                lags: sums.lags,
                rows: sums.rows,
                power: sums.power,
            };
            self.sink.put_reduced(reduced).map_err(ModelError::Sink)?;
        }
        self.put(number, Tap::Mixed, batch, &attended.mixed.transpose(1, 2)?)?;
        let joined = attended.mixed.flatten_from(2)?;
        Ok(Some(weights.attention_output.apply(&joined)?))
    }
}
