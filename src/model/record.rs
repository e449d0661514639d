use std::error::Error;

use rayon::prelude::*;

use super::{Block, Decoder, Mask, ModelError, Select, Sink, Site, Spec, Tap};
use crate::heads::Recorder;

/// Runs windows of tokens and hands every row of attention to the recorder of its head.
///
/// `recorders` has one for each head, layer by layer, as [`Recorder::each`] makes them; windows are
/// counted from `first_window` on. `progress` is told how many rows were recorded since it was last
/// called. The same windows in the same order give the same sums, whatever the number of threads.
///
/// # Errors
/// Those of [`Decoder::run`]; a model that reads in both directions, which has no lags to go by.
///
/// # Panics
/// When there is not one recorder for each head.
pub fn record(
    decoder: &Decoder<'_>,
    windows: &[Vec<u32>],
    first_window: usize,
    recorders: &mut [Recorder],
    progress: &dyn Fn(u64),
) -> Result<(), ModelError> {
    let spec = decoder.spec();
    if spec.layers.iter().any(|layer| layer.attention.mask == Mask::Full) {
        return Err(ModelError::NotCausal { family: spec.family });
    }
    let mut rest = recorders;
    let mut layers = Vec::new();
    for layer in &spec.layers {
        let (own, others) = rest.split_at_mut(layer.attention.heads);
        layers.push(own);
        rest = others;
    }
    assert!(rest.is_empty(), "there are more recorders than heads");
    decoder.run(windows, &mut Recording { spec, layers, first_window, progress, scores: Vec::new() })
}

/// Pairs the probabilities of each block with its scores.
struct Recording<'a> {
    spec: &'a Spec,
    /// The recorders of each layer's heads.
    layers: Vec<&'a mut [Recorder]>,
    first_window: usize,
    progress: &'a dyn Fn(u64),
    /// The scores of the block whose probabilities come next.
    scores: Vec<f64>,
}

impl Sink for Recording<'_> {
    fn want(&self, site: Site) -> Option<Select> {
        let lags = self.layers.first()?.first()?.lags();
        let rows = Some(lags - 1..usize::MAX);
        matches!(site.tap, Tap::Scores | Tap::Attention).then(|| Select { rows, ..Select::all() })
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let values = block.to_vec::<f64>()?;
        if block.site.tap == Tap::Scores {
            self.scores = values;
            return Ok(());
        }
        let layer = block.site.layer.expect("attention belongs to a layer");
        let position = &self.spec.layers[layer].attention.position;
        let (keys, plane) = (block.columns, block.rows.len() * block.columns);
        let first_head = block.heads[0];
        let recorders = &mut self.layers[layer][first_head..first_head + block.heads.len()];
        recorders.par_iter_mut().enumerate().for_each(|(place, recorder)| {
            let mut biased = Vec::with_capacity(keys);
            for (text, window) in block.texts.iter().enumerate() {
                let start = (text * block.heads.len() + place) * plane;
                let rows = values[start..start + plane].chunks_exact(keys);
                for ((query, row), scores) in block.rows.clone().zip(rows).zip(self.scores[start..].chunks_exact(keys))
                {
                    biased.clear();
                    // What the softmax saw: the bias of ALiBi is not part of the tap.
                    let bias = |key: usize| position.bias(first_head + place, query, key);
                    biased.extend(scores[..=query].iter().enumerate().map(|(key, score)| score + bias(key)));
                    recorder.row((self.first_window + window) as u64, &row[..=query], &biased);
                }
            }
        });
        (self.progress)((block.texts.len() * block.heads.len() * block.rows.len()) as u64);
        Ok(())
    }
}
