use std::error::Error;

use super::{Block, Decoder, Mask, ModelError, RowBlock, RowReducer, Rows, Select, Sink, Site};
use crate::heads::QueryRow;
use crate::numeric::Real;

/// Runs windows of tokens and keeps one row of attention of each head and window, over all keys.
///
/// What comes back is by window, then by head, layer by layer. It is as large as that sounds, so give a few windows at
/// a time; everything else of a pass is dropped as it comes.
///
/// # Errors
/// Those of [`Decoder::run`]; a model that reads in both directions.
pub fn whole_rows(
    decoder: &Decoder<'_>,
    windows: &[Vec<u32>],
    which: QueryRow,
) -> Result<Vec<Vec<Vec<f64>>>, ModelError> {
    let spec = decoder.spec();
    if spec.layers.iter().any(|layer| layer.attention.mask == Mask::Full) {
        return Err(ModelError::NotCausal { family: spec.family });
    }
    let heads: Vec<usize> = spec.layers.iter().map(|layer| layer.attention.heads).collect();
    let lengths = windows.iter().map(Vec::len).collect();
    let mut keeping = Keeping { which, heads, lengths, rows: vec![Vec::new(); windows.len()], in_hand: None };
    decoder.run(windows, &mut keeping)?;
    keeping.put_down();
    Ok(keeping.rows)
}

struct Keeping {
    which: QueryRow,
    /// Heads of each layer, and tokens of each window.
    heads: Vec<usize>,
    lengths: Vec<usize>,
    rows: Vec<Vec<Vec<f64>>>,
    /// A layer, some windows, and the rows of each window and head.
    in_hand: Option<(usize, Vec<usize>, Vec<HeadRow>)>,
}

impl Keeping {
    /// Layers come in ascending order, and so do heads.
    fn put_down(&mut self) {
        let Some((layer, windows, kept)) = self.in_hand.take() else { return };
        for (at, kept) in kept.into_iter().enumerate() {
            self.rows[windows[at / self.heads[layer]]].push(kept.row);
        }
    }
}

impl Sink for Keeping {
    fn want(&self, _site: Site) -> Option<Select> {
        None
    }

    fn put(&mut self, _block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn wants_rows(&self, _layer: usize) -> bool {
        true
    }

    fn row_reducers(&mut self, layer: usize, texts: &[usize]) -> Vec<&mut (dyn RowReducer + '_)> {
        if self.in_hand.as_ref().is_none_or(|(known, of, _)| (*known, of.as_slice()) != (layer, texts)) {
            self.put_down();
            let of = |window: &usize| HeadRow { which: self.which, row: vec![0.0; self.lengths[*window]] };
            let kept = texts.iter().flat_map(|window| (0..self.heads[layer]).map(move |_| of(window))).collect();
            self.in_hand = Some((layer, texts.to_vec(), kept));
        }
        let (_, _, kept) = self.in_hand.as_mut().expect("it was just made");
        kept.iter_mut().map(|row| row as &mut dyn RowReducer).collect()
    }
}

/// The row of one head in one window.
struct HeadRow {
    which: QueryRow,
    row: Vec<f64>,
}

impl HeadRow {
    fn take<T: Real>(&mut self, block: &RowBlock<'_, T>) {
        let tokens = self.row.len();
        for (query, _, _, probabilities) in block.rows() {
            let share = match self.which {
                QueryRow::Last if query + 1 < tokens => continue,
                QueryRow::Last => 1.0,
                QueryRow::Mean => 1.0 / tokens as f64,
            };
            self.row.iter_mut().zip(probabilities).for_each(|(sum, p)| *sum += share * p.wide());
        }
    }
}

impl RowReducer for HeadRow {
    fn rows(&mut self, rows: &Rows<'_>) {
        match rows {
            Rows::F32(block) => self.take(block),
            Rows::F64(block) => self.take(block),
        }
    }
}
