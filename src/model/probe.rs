use std::error::Error;

use candle_core::D;

use super::{Block, Decoder, Mask, ModelError, RowReducer, Rows, Select, Sink, Site, Spec, Tap};
use crate::heads::{Probe, ProbeReader, Recorder};

/// Probes for a model, within its vocabulary and the positions that it has; none where it has fewer than four.
pub fn probes(spec: &Spec, seed: u64) -> Vec<Probe> {
    let learned = spec.embedding.positions.map(|learned| learned.rows - learned.offset);
    let positions = spec.max_positions.into_iter().chain(learned).min();
    Probe::all(spec.vocabulary, positions, seed)
}

/// Has a model read probes, and adds to the recorder of each head what it matches and copies.
///
/// `recorders` has one for each head, layer by layer. Logits are computed for the steps of the probes only. Without
/// probes nothing is read.
///
/// # Errors
/// Those of [`Decoder::run`]; a model that reads in both directions, which emits no next token.
///
/// # Panics
/// When there is not one recorder for each head.
pub fn read_probes(decoder: &Decoder<'_>, probes: &[Probe], recorders: &mut [Recorder]) -> Result<(), ModelError> {
    let spec = decoder.spec();
    if spec.layers.iter().any(|layer| layer.attention.mask == Mask::Full) {
        return Err(ModelError::NotCausal { family: spec.family });
    }
    if probes.is_empty() {
        return Ok(());
    }
    let heads_of = spec.layers.iter().map(|layer| layer.attention.heads);
    assert_eq!(recorders.len(), heads_of.clone().sum::<usize>(), "there is one recorder for each head");
    let mut rest: &[Recorder] = recorders;
    let mut layers = Vec::new();
    for heads in heads_of.clone() {
        let (own, others) = rest.split_at(heads);
        let reader = |(place, recorder): (usize, &Recorder)| {
            StepRows(ProbeReader::new(&probes[place], place, recorder.identity(), recorder.probes().layout()))
        };
        let places = 0..probes.len();
        layers.push(places.flat_map(|place| own.iter().map(move |recorder| (place, recorder))).map(reader).collect());
        rest = others;
    }
    let mut reading = Reading { probes, layers, emitted: vec![Vec::new(); probes.len()] };
    let tokens: Vec<Vec<u32>> = probes.iter().map(|probe| probe.tokens().to_vec()).collect();
    decoder.run(&tokens, &mut reading)?;
    let Reading { layers, emitted, .. } = reading;
    let mut rest = recorders;
    for (readers, heads) in layers.into_iter().zip(heads_of) {
        let (own, others) = rest.split_at_mut(heads);
        for (at, StepRows(reader)) in readers.into_iter().enumerate() {
            own[at % heads].probes_mut().add(at / heads, &reader.finish(&emitted[at / heads]));
        }
        rest = others;
    }
    Ok(())
}

struct Reading<'a> {
    probes: &'a [Probe],
    /// Of each layer, what reads each probe and head, probe by probe.
    layers: Vec<Vec<StepRows<'a>>>,
    /// What the model emits at each step of each probe.
    emitted: Vec<Vec<u32>>,
}

impl Sink for Reading<'_> {
    fn want(&self, site: Site) -> Option<Select> {
        (site.tap == Tap::Logits).then(|| Select { rows: self.probes.first().map(Probe::steps), ..Select::all() })
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let largest = block.tensor().argmax(D::Minus1)?.flatten_all()?.to_vec1::<u32>()?;
        for (text, largest) in block.texts.iter().zip(largest.chunks_exact(block.rows.len())) {
            self.emitted[*text].extend_from_slice(largest);
        }
        Ok(())
    }

    fn wants_rows(&self, _layer: usize) -> bool {
        true
    }

    fn row_reducers(&mut self, layer: usize, texts: &[usize]) -> Vec<&mut (dyn RowReducer + '_)> {
        let heads = self.layers[layer].len() / self.probes.len();
        let of_text = self.layers[layer].chunks_exact_mut(heads).enumerate().filter(|(text, _)| texts.contains(text));
        of_text.flat_map(|(_, readers)| readers).map(|reader| reader as &mut dyn RowReducer).collect()
    }
}

/// Reads the rows of one head and probe.
struct StepRows<'a>(ProbeReader<'a>);

impl RowReducer for StepRows<'_> {
    fn rows(&mut self, rows: &Rows<'_>) {
        match rows {
            Rows::F32(block) => block.rows().for_each(|(query, _, _, row)| self.0.row(query, row)),
            Rows::F64(block) => block.rows().for_each(|(query, _, _, row)| self.0.row(query, row)),
        }
    }
}
