use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Block, LayerSpec, ModelError, Position, Spec, Tap};
use crate::heads::{Coordinates, PairAxis, PairReader, Recorder};
use crate::rope::RopeError;

/// Which coordinates rotate together in each layer of a model, and how fast in windows of so many tokens; for score
/// profiles of `lags` lags.
///
/// The length that frequencies are held against is that which the model was made for, or that of a window where the
/// checkpoint does not say.
///
/// # Errors
/// Frequencies that are not valid for this window; none for a [`Spec`] that came from a checkpoint.
pub fn coordinates(spec: &Spec, window: usize, lags: usize) -> Result<Vec<Arc<Coordinates>>, RopeError> {
    let length = spec.max_positions.unwrap_or(window);
    let of_layer = |layer: &LayerSpec| {
        let rotary = match &layer.attention.position {
            Position::Rotary(rotary) => Some(PairAxis::new(rotary.frequencies(window)?, rotary.pairing, length, lags)),
            Position::None | Position::Alibi(_) | Position::RoundedAlibi { .. } => None,
        };
        Ok(Arc::new(Coordinates { head_dim: layer.attention.head_dim, rotary }))
    };
    spec.layers.iter().map(of_layer).collect()
}

/// Reads queries and keys of whole layers, before rotation.
pub(super) struct PairReaders {
    /// By number of tokens.
    by_length: BTreeMap<usize, PairReader>,
}

impl PairReaders {
    /// For windows of these lengths, with frames of `frame` tokens.
    pub(super) fn new(lengths: impl Iterator<Item = usize>, frame: usize) -> Self {
        let mut by_length = BTreeMap::new();
        for length in lengths.filter(|length| *length > 0) {
            by_length.entry(length).or_insert_with(|| PairReader::new(length, frame).expect("neither is of no tokens"));
        }
        Self { by_length }
    }

    /// What a tap of a layer adds to the sums of its heads: text, head and sums of each.
    pub(super) fn read(
        &self,
        block: &Block<'_>,
        recorders: &[Recorder],
        kv_heads: usize,
    ) -> Result<Vec<(usize, usize, Vec<f64>)>, ModelError> {
        let Some((coordinates, _)) = recorders.first().and_then(Recorder::pairs) else { return Ok(Vec::new()) };
        let reader = &self.by_length[&block.rows.len()];
        let values = block.to_vec::<f64>()?;
        let planes: Vec<(usize, usize, &[f64])> = block.planes(&values).collect();
        let sum = |(_, _, plane): &(usize, usize, &[f64])| match block.site.tap {
            Tap::Query => reader.queries(coordinates, plane),
            _ => reader.keys(coordinates, plane),
        };
        let sums: Vec<Vec<f64>> = planes.par_iter().map(sum).collect();
        let readers_of_keys = recorders.len() / kv_heads;
        let of_heads = |((text, head, _), sums): (&(usize, usize, &[f64]), Vec<f64>)| {
            let heads = match block.site.tap {
                Tap::Query => *head..head + 1,
                _ => head * readers_of_keys..(head + 1) * readers_of_keys,
            };
            let text = *text;
            heads.map(move |head| (text, head, sums.clone()))
        };
        Ok(planes.iter().zip(sums).flat_map(of_heads).collect())
    }
}
