use std::error::Error;

use super::pair_record::PairReaders;
use super::{Block, Decoder, Mask, ModelError, Position, RowBlock, RowReducer, Rows, Select, Sink, Site, Spec, Tap};
use crate::heads::{Place, Recorder, Window};
use crate::numeric::Real;

/// Runs windows of tokens and hands every row of attention to the recorder of its head, and queries and keys before
/// rotation where it is to be told of them.
///
/// `recorders` has one for each head, layer by layer, as [`Recorder::each`] makes them; `places` says which
/// piece of which text each window is. `progress` is told how many rows were recorded since it was last
/// called. The same windows in the same order give the same sums, whatever the number of threads, and
/// whether they come in one call or in several.
///
/// # Errors
/// Those of [`Decoder::run`]; a model that reads in both directions, which has no lags to go by.
///
/// # Panics
/// When there is not one recorder for each head, or not one place for each window.
pub fn record(
    decoder: &Decoder<'_>,
    windows: &[Vec<u32>],
    places: &[Place],
    recorders: &mut [Recorder],
    progress: &dyn Fn(u64),
) -> Result<(), ModelError> {
    assert_eq!(windows.len(), places.len(), "each window has one place");
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
    let recorder = layers.iter().flat_map(|heads| heads.iter()).find(|recorder| recorder.pairs().is_some());
    let pairs = recorder.map(|recorder| PairReaders::new(windows.iter().map(Vec::len), recorder.lags()));
    let mut recording =
        Recording { spec, layers, places, progress, in_hand: None, done: Vec::new(), pairs, read: Vec::new() };
    decoder.run(windows, &mut recording)?;
    recording.set_aside();
    recording.add();
    Ok(())
}

/// Records each window apart, so that windows go in parallel, and adds those of a layer in their order: a model
/// takes windows of one length together, in an order that depends on which others there are.
struct Recording<'a> {
    spec: &'a Spec,
    /// The recorders of each layer's heads.
    layers: Vec<&'a mut [Recorder]>,
    places: &'a [Place],
    progress: &'a dyn Fn(u64),
    /// A layer, some texts, and what takes the rows of each text and head.
    in_hand: Option<(usize, Vec<usize>, Vec<HeadRows<'a>>)>,
    /// Windows of one layer that have all their rows: layer, text and head of each.
    done: Vec<([usize; 3], Window)>,
    pairs: Option<PairReaders>,
    /// Sums of queries and keys that are not added yet: layer, text and head of each.
    read: Vec<([usize; 3], Vec<f64>)>,
}

impl Recording<'_> {
    /// What is in hand has all its rows.
    fn set_aside(&mut self) {
        let Some((layer, texts, parts)) = self.in_hand.take() else { return };
        let heads = self.layers[layer].len();
        let part = |(at, part): (usize, HeadRows<'_>)| ([layer, texts[at / heads], part.head], part.window);
        self.done.extend(parts.into_iter().enumerate().map(part));
    }

    /// Adds the windows of a layer. Queries and keys of the next one may be there already, of some texts.
    fn add(&mut self) {
        self.done.sort_by_key(|(of, _)| *of);
        self.read.sort_by_key(|(of, _)| *of);
        let layer = self.done.last().map(|([layer, ..], _)| *layer);
        let here = self.read.partition_point(|([of, ..], _)| Some(*of) <= layer);
        for ([layer, text, head], sums) in self.read.drain(..here) {
            if let Some((_, pairs)) = self.layers[layer][head].pairs_mut() {
                pairs.add(self.places[text], &sums);
            }
        }
        let mut rows = 0;
        for ([layer, _, head], window) in self.done.drain(..) {
            rows += self.layers[layer][head].add(window);
        }
        (self.progress)(rows);
    }
}

impl Sink for Recording<'_> {
    fn want(&self, site: Site) -> Option<Select> {
        (self.pairs.is_some() && matches!(site.tap, Tap::Query | Tap::Key)).then(Select::all)
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        if let (Some(pairs), Some(layer)) = (&self.pairs, block.site.layer) {
            let kv_heads = self.spec.layers[layer].attention.kv_heads;
            let read = pairs.read(block, self.layers[layer], kv_heads)?;
            self.read.extend(read.into_iter().map(|(text, head, sums)| ([layer, text, head], sums)));
        }
        Ok(())
    }

    fn wants_rows(&self, _layer: usize) -> bool {
        true
    }

    fn row_reducers(&mut self, layer: usize, texts: &[usize]) -> Vec<&mut (dyn RowReducer + '_)> {
        if self.in_hand.as_ref().is_none_or(|(known, of, _)| (*known, of.as_slice()) != (layer, texts)) {
            self.set_aside();
            if self.done.last().is_some_and(|([known, ..], _)| *known != layer) {
                self.add();
            }
            let position = &self.spec.layers[layer].attention.position;
            let part = |(text, head): (&usize, usize)| HeadRows {
                head,
                position,
                window: self.layers[layer][head].window(self.places[*text]),
                biased: Vec::new(),
            };
            let heads = self.layers[layer].len();
            let parts = texts.iter().flat_map(|text| (0..heads).map(move |head| (text, head))).map(part).collect();
            self.in_hand = Some((layer, texts.to_vec(), parts));
        }
        let (_, _, parts) = self.in_hand.as_mut().expect("it was just made");
        parts.iter_mut().map(|part| part as &mut dyn RowReducer).collect()
    }
}

/// Records the rows of one head in one text.
struct HeadRows<'a> {
    head: usize,
    position: &'a Position,
    window: Window,
    /// The scores of the row in hand with their bias.
    biased: Vec<f64>,
}

impl HeadRows<'_> {
    fn record<T: Real>(&mut self, block: &RowBlock<'_, T>) {
        let Self { head, position, window, biased } = self;
        for (query, _, scores, probabilities) in block.rows() {
            // What the softmax saw: the bias is not part of the scores.
            match position {
                Position::None | Position::Rotary(_) => window.row(probabilities, scores),
                Position::Alibi(_) | Position::RoundedAlibi { .. } => {
                    let bias = |key: usize| position.bias(*head, query, key);
                    biased.clear();
                    biased.extend(scores.iter().enumerate().map(|(key, score)| score.wide() + bias(key)));
                    window.row(probabilities, biased);
                }
            }
        }
    }
}

impl RowReducer for HeadRows<'_> {
    fn rows(&mut self, rows: &Rows<'_>) {
        match rows {
            Rows::F32(block) => self.record(block),
            Rows::F64(block) => self.record(block),
        }
    }

    fn window(&mut self) -> Option<&mut Window> {
        Some(&mut self.window)
    }
}
