use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use super::super::{Common, Failure};
use crate::heads::{Head, Text};
use crate::model::{Block, Checkpoint, Decoder, Devices, Select, Sink, Site, Tap};

/// Attention probabilities on the first tokens of a text.
pub(super) struct FirstTokens {
    /// How many tokens.
    pub(super) size: usize,
    /// The text.
    pub(super) text: String,
    /// By layer and head: `[size][size]`, query by key.
    pub(super) maps: BTreeMap<(usize, usize), Vec<f32>>,
}

/// Tokens of a map: more would not be told apart on the page.
const SIZE: usize = 96;

/// Reads the beginning of a text once more and keeps the attention of these heads.
pub(super) fn first_tokens(
    model: &Path,
    text: &Text,
    heads: &[(&Head, &'static str)],
    common: &Common,
) -> Result<FirstTokens, Failure> {
    let checkpoint = Checkpoint::open(model)?;
    let path = Path::new(&text.name);
    let contents = fs::read_to_string(path).map_err(|error| Failure::at(path, error))?;
    let mut tokens = checkpoint.tokenizer()?.encode(&contents)?;
    tokens.truncate(SIZE.min(text.windows[0]));
    let size = tokens.len();
    let maps = heads.iter().map(|(head, _)| ((head.layer, head.head), vec![0.0; size * size])).collect();
    let mut kept = FirstTokens { size, text: text.name.clone(), maps };
    let devices: Devices = common.device.parse()?;
    Decoder::new(&checkpoint, &devices, common.precision())?.run(&[tokens], &mut kept)?;
    Ok(kept)
}

impl Sink for FirstTokens {
    fn want(&self, site: Site) -> Option<Select> {
        let heads = self.maps.keys().filter(|(layer, _)| Some(*layer) == site.layer);
        let heads: Vec<usize> = heads.map(|(_, head)| *head).collect();
        let wanted = site.tap == Tap::Attention && !heads.is_empty();
        wanted.then(|| Select { heads: Some(heads), ..Select::all() })
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let layer = block.site.layer.unwrap_or_default();
        let values = block.to_vec::<f32>()?;
        for (_, head, plane) in block.planes(&values) {
            let map = self.maps.get_mut(&(layer, head)).expect("no other head was asked for");
            for (query, row) in block.rows.clone().zip(plane.chunks_exact(block.columns)) {
                map[query * self.size..][..block.columns].copy_from_slice(row);
            }
        }
        Ok(())
    }
}
