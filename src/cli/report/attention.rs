use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::super::shown::shown;
use super::super::{Common, Failure};
use crate::model::{Block, Checkpoint, Decoder, Devices, Select, Sink, Site, Tap};

/// Small pictures of the attention of every head on the first tokens of a text.
pub(super) struct Thumbnails {
    /// How many tokens.
    tokens: usize,
    /// Pixels of a side; each stands for the mean over as many queries and keys.
    size: usize,
    /// The text, as it is shown.
    text: String,
    /// By head: `[size][size]`, query by key, `255 (1 + log10 p / DECADES)`.
    pub(super) bytes: Vec<u8>,
}

/// Tokens of a map: more would not be told apart on the page.
const TOKENS: usize = 96;

/// Up to so many heads each token has a pixel; beyond, there is one for [`COARSE`] tokens.
const FINE_UP_TO: usize = 128;
const COARSE: usize = 3;

/// Decades of probability that are told apart.
const DECADES: f64 = 4.0;

impl Thumbnails {
    /// What the page has to know of them.
    pub(super) fn description(&self) -> Value {
        json!({ "tokens": self.tokens, "size": self.size, "text": self.text, "decades": DECADES })
    }

    /// Reads the beginning of a text once more, and keeps the attention of these heads, by layer and head.
    pub(super) fn read(model: &Path, text: &Path, heads: &[(usize, usize)], common: &Common) -> Result<Self, Failure> {
        let checkpoint = Checkpoint::open(model)?;
        let contents = fs::read_to_string(text).map_err(|error| Failure::at(text, error))?;
        let mut tokens = checkpoint.tokenizer()?.encode(&contents)?;
        let coarse = if heads.len() > FINE_UP_TO { COARSE } else { 1 };
        let size = tokens.len().min(TOKENS) / coarse;
        tokens.truncate(size * coarse);
        let maps = heads.iter().map(|&head| (head, vec![0.0; size * size])).collect();
        let mut kept = FirstTokens { coarse, size, maps };
        let devices: Devices = common.device.parse()?;
        Decoder::new(&checkpoint, &devices, common.precision())?.run(&[tokens], &mut kept)?;
        let level =
            |p: f32| (255.0 * (1.0 + f64::from(p).max(1e-30).log10() / DECADES)).clamp(0.0, 255.0).round() as u8;
        let bytes = heads.iter().flat_map(|head| &kept.maps[head]).map(|&p| level(p)).collect();
        Ok(Self { tokens: size * coarse, size, text: shown(&text.display().to_string()), bytes })
    }
}

/// Mean attention probabilities over squares of so many tokens.
struct FirstTokens {
    coarse: usize,
    size: usize,
    maps: BTreeMap<(usize, usize), Vec<f32>>,
}

impl Sink for FirstTokens {
    fn want(&self, site: Site) -> Option<Select> {
        (site.tap == Tap::Attention).then(Select::all)
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let layer = block.site.layer.unwrap_or_default();
        let values = block.to_vec::<f32>()?;
        let area = (self.coarse * self.coarse) as f32;
        for (_, head, plane) in block.planes(&values) {
            let Some(map) = self.maps.get_mut(&(layer, head)) else { continue };
            for (query, row) in block.rows.clone().zip(plane.chunks_exact(block.columns)) {
                for (key, probability) in row.iter().enumerate() {
                    map[query / self.coarse * self.size + key / self.coarse] += probability / area;
                }
            }
        }
        Ok(())
    }
}
