use std::ops::Range;

use candle_core::{DType, Tensor};

use super::ModelError;
use super::attention::{MaskOf, pieces};
use super::decoder::{Batch, Decoder};
use super::spec::Mask;
use super::tap::{Block, Select, Sink, Site, Tap};
use super::weights::{HeadWeights, LayerWeights};

/// One run: what outlives a layer, and the way to the sink.
pub(super) struct Pass<'p, 'c> {
    pub(super) decoder: &'p Decoder<'c>,
    pub(super) sink: &'p mut dyn Sink,
    /// The last mask that was made, on the device of the layer.
    pub(super) mask: Option<(MaskOf, Tensor)>,
    /// Look for a value that is not finite at each tap, and hand nothing over.
    pub(super) checking: bool,
    /// The layer that ends with its attention.
    pub(super) ends_at: Option<usize>,
    /// What devices have seen that is not finite, by the layer.
    #[cfg(feature = "cuda")]
    pub(super) watches: super::kernel::Watches,
}

impl Pass<'_, '_> {
    /// Takes the residual streams to the device of this layer, or of the output head after the last.
    pub(super) fn hand_over(&mut self, layer: usize, batches: &mut [Batch]) -> Result<(), ModelError> {
        let device = self.decoder.device(layer);
        for batch in batches.iter_mut().filter(|batch| !batch.stream.device().same_device(device)) {
            // Devices wait for nothing but their own work: the source must be there before it is
            // copied, and until the copy is.
            batch.stream.device().synchronize()?;
            let there = batch.stream.to_device(device)?;
            device.synchronize()?;
            batch.stream = there;
            self.mask = None;
        }
        Ok(())
    }

    /// The final norm and the output head, where they are wanted.
    pub(super) fn finish(&mut self, batches: &[Batch]) -> Result<(), ModelError> {
        let decoder = self.decoder;
        let spec = decoder.checkpoint.spec();
        let weights = decoder.checkpoint.weights();
        let Some(device) = batches.first().map(|batch| batch.stream.device()) else { return Ok(()) };
        let norm = weights.final_norm(spec, device, decoder.precision)?;
        let before_scores = match self.sink.want(Site { layer: None, tap: Tap::Logits }) {
            Some(_) => Some(weights.before_scores(spec, device, decoder.precision)?),
            None => None,
        };
        for batch in batches {
            let last = decoder.optional_norm(&batch.stream, spec.final_norm, norm.as_ref())?;
            self.put_model(Tap::Final, batch, 0, &last)?;
            if let Some(weights) = &before_scores {
                self.logits(batch, &last, weights)?;
            }
        }
        Ok(())
    }

    /// Scores of the next token: few rows at a time, since a vocabulary is far wider than the model,
    /// and for these the output head piece by piece, as it is read.
    fn logits(&mut self, batch: &Batch, last: &Tensor, weights: &HeadWeights) -> Result<(), ModelError> {
        let (decoder, spec) = (self.decoder, self.decoder.checkpoint.spec());
        let site = Site { layer: None, tap: Tap::Logits };
        let Some(select) = self.sink.want(site) else { return Ok(()) };
        let wanted = select.rows.map_or(0..batch.tokens, |rows| rows.start..rows.end.min(batch.tokens));
        let texts = batch.texts.len();
        let elements = if last.device().is_cpu() { 1 << 25 } else { 1 << 28 };
        let together = (elements / (texts * spec.vocabulary)).max(1);
        for rows in pieces(wanted.len(), together) {
            let start = wanted.start + rows.start;
            let last = decoder.before_scores(&last.narrow(1, start, rows.len())?, weights)?;
            let piece = decoder.head_piece();
            let scores = if piece >= spec.vocabulary {
                decoder.scores(&last, &decoder.head(0..spec.vocabulary)?)?
            } else {
                let whole = Tensor::zeros((texts, rows.len(), spec.vocabulary), last.dtype(), last.device())?;
                for vocabulary in pieces(spec.vocabulary, piece) {
                    let scores = decoder.scores(&last, &decoder.head(vocabulary.clone())?)?;
                    whole.slice_set(&scores, 2, vocabulary.start)?;
                }
                whole
            };
            if !self.watched(spec.layers.len(), &scores)? {
                self.require_finite_at(site, batch, &scores)?;
            }
            self.put_model(Tap::Logits, batch, start, &scores)?;
        }
        Ok(())
    }
}

/// A block of a tap over keys.
pub(super) struct Place {
    pub(super) number: usize,
    pub(super) heads: Range<usize>,
    pub(super) rows: Range<usize>,
}

/// Handing over, and looking for what is not finite.
impl Pass<'_, '_> {
    pub(super) fn wanted(&self, site: Site) -> Option<Select> {
        if self.checking { None } else { self.sink.want(site) }
    }

    /// A whole tap of a layer, `[B, heads, L, columns]`.
    pub(super) fn put(&mut self, number: usize, tap: Tap, batch: &Batch, tensor: &Tensor) -> Result<(), ModelError> {
        self.emit(Site { layer: Some(number), tap }, batch, 0, 0, tensor)
    }

    /// Rows of a tap of the model, `[B, rows, columns]`.
    pub(super) fn put_model(
        &mut self,
        tap: Tap,
        batch: &Batch,
        first_row: usize,
        tensor: &Tensor,
    ) -> Result<(), ModelError> {
        self.emit(Site { layer: None, tap }, batch, 0, first_row, &tensor.unsqueeze(1)?)
    }

    /// A block of a tap over keys, `[B, heads, rows, keys]`, made only if it is looked at.
    pub(super) fn put_keys(
        &mut self,
        place: &Place,
        tap: Tap,
        batch: &Batch,
        tensor: impl FnOnce() -> Result<Tensor, candle_core::Error>,
    ) -> Result<(), ModelError> {
        let site = Site { layer: Some(place.number), tap };
        if self.checking || self.wanted(site).is_some() {
            self.emit(site, batch, place.heads.start, place.rows.start, &tensor()?)?;
        }
        Ok(())
    }

    pub(super) fn emit(
        &mut self,
        site: Site,
        batch: &Batch,
        first_head: usize,
        first_row: usize,
        tensor: &Tensor,
    ) -> Result<(), ModelError> {
        if self.checking {
            return self.require_finite_at(site, batch, tensor);
        }
        let Some(select) = self.sink.want(site) else { return Ok(()) };
        let (_, head_count, row_count, mut columns) = tensor.dims4()?;
        let mut tensor = tensor.clone();
        let mut heads: Vec<usize> = (first_head..first_head + head_count).collect();
        if let Some(selected) = select.heads.filter(|_| site.tap.is_per_head() || site.tap.is_per_kv_head()) {
            heads.retain(|head| selected.contains(head));
            if heads.len() < head_count {
                let local: Vec<u32> = heads.iter().map(|head| (head - first_head) as u32).collect();
                tensor = tensor.index_select(&Tensor::new(local, tensor.device())?, 1)?;
            }
        }
        let mut rows = first_row..first_row + row_count;
        if let Some(selected) = select.rows {
            rows = rows.start.max(selected.start)..rows.end.min(selected.end);
        }
        if heads.is_empty() || rows.is_empty() {
            return Ok(());
        }
        tensor = tensor.narrow(2, rows.start - first_row, rows.len())?;
        let sees_all = |layer: usize| self.decoder.spec().layers[layer].attention.mask == Mask::Full;
        if site.tap.is_over_keys() && !select.future_keys && !site.layer.is_some_and(sees_all) {
            columns = columns.min(rows.end);
            tensor = tensor.narrow(3, 0, columns)?;
        }
        let block = Block { site, texts: &batch.texts, heads: &heads, rows, columns, tensor: &tensor };
        self.sink.put(&block).map_err(ModelError::Sink)
    }

    /// Checks the output of a layer: on a GPU when the run is over, elsewhere at once. On failure the
    /// layer is run again to find the first tap at fault.
    pub(super) fn require_finite(
        &mut self,
        number: usize,
        weights: &LayerWeights,
        batch: &Batch,
        stream: &Tensor,
    ) -> Result<(), ModelError> {
        if self.watched(number, stream)? || first_not_finite(std::slice::from_ref(stream))?.is_none() {
            return Ok(());
        }
        self.checking = true;
        self.layer(number, weights, batch)?;
        // Every tap is finite, so it was the last sum that overflowed: the next layer's input.
        let layers = self.decoder.checkpoint.spec().layers.len();
        let site = match number + 1 {
            next if next < layers => Site { layer: Some(next), tap: Tap::Residual },
            _ => Site { layer: None, tap: Tap::Final },
        };
        self.require_finite_at(site, batch, stream)
    }

    /// Leaves it to the device to look for values that are not finite, if it can.
    fn watched(&mut self, layer: usize, tensor: &Tensor) -> Result<bool, ModelError> {
        #[cfg(feature = "cuda")]
        if !self.checking {
            return Ok(self.watches.look(tensor, layer as u32)?);
        }
        let _ = (layer, tensor);
        Ok(false)
    }

    pub(super) fn require_finite_at(&self, site: Site, batch: &Batch, tensor: &Tensor) -> Result<(), ModelError> {
        let texts = (0..batch.texts.len()).map(|text| tensor.narrow(0, text, 1)).collect::<Result<Vec<_>, _>>()?;
        match first_not_finite(&texts)? {
            Some(text) => {
                Err(ModelError::NonFinite { site, text: batch.texts[text], precision: self.decoder.precision })
            }
            None => Ok(()),
        }
    }
}

/// The first of these tensors with an element that is not finite: `0 · x` is 0 for finite `x` only.
fn first_not_finite(tensors: &[Tensor]) -> Result<Option<usize>, candle_core::Error> {
    let sums = tensors.iter().map(|x| (x * 0.0)?.sum_all()?.to_dtype(DType::F32)).collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::stack(&sums, 0)?.to_vec1::<f32>()?.iter().position(|sum| sum.is_nan()))
}
