use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::decoder::Decoder;

/// A probability from which on a key counts as attended to, as in the figures of \[oka2025\].
const THRESHOLD: f32 = 1e-3;
/// Cells of a map in each direction.
const CELLS: usize = 48;

/// Where one head of a trained decoder looks, in a window of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttentionMap {
    /// Tokens of the window.
    pub length: usize,
    /// The layer.
    pub layer: usize,
    /// The head.
    pub head: usize,
    /// The share of all pairs of a query and a key that it sees with a probability of at least 0.001.
    pub above: f64,
    /// The mean probability that queries of the second half give to the first token.
    pub first: f64,
    /// The mean over queries of the second half of `Σ p Δ`, in tokens.
    pub mean_lag: f64,
    /// The pairs with at least 0.001, in cells: one text per row of cells, queries downwards, keys to the
    /// right; a digit is the share of a cell's visible pairs in ninths, rounded up, 9 a full cell alone, and a
    /// dot a cell without any.
    pub cells: Vec<String>,
}

impl AttentionMap {
    /// The maps of every head, over the first tokens of a text.
    pub(super) fn measure(decoder: &Decoder, tokens: &[u16], length: usize) -> Result<Vec<Self>, ExperimentError> {
        let ids: Vec<u32> = tokens[..length].iter().map(|token| u32::from(*token)).collect();
        let ids = Tensor::from_vec(ids, (1, length), decoder.device())?;
        let mut maps = Vec::new();
        decoder.attention(&ids, &mut |layer, probabilities: &Tensor| {
            for head in 0..probabilities.dim(0)? {
                let rows = probabilities.get(head)?.to_dtype(DType::F32)?.to_vec2::<f32>()?;
                maps.push(Self::of_head(layer, head, &rows));
            }
            Ok(())
        })?;
        Ok(maps)
    }

    fn of_head(layer: usize, head: usize, rows: &[Vec<f32>]) -> Self {
        let length = rows.len();
        let cells = CELLS.min(length);
        let cell = |at: usize| at * cells / length;
        let mut counts = vec![(0_u32, 0_u32); cells * cells];
        let (mut above, mut first, mut mean_lag) = (0_usize, 0.0, 0.0);
        for (query, row) in rows.iter().enumerate() {
            for (key, probability) in row[..=query].iter().enumerate() {
                let is_above = *probability >= THRESHOLD;
                above += usize::from(is_above);
                let (seen, of) = &mut counts[cell(query) * cells + cell(key)];
                *seen += u32::from(is_above);
                *of += 1;
            }
            if query >= length / 2 {
                first += f64::from(row[0]);
                mean_lag +=
                    row[..=query].iter().enumerate().map(|(key, p)| f64::from(*p) * (query - key) as f64).sum::<f64>();
            }
        }
        let queries = (length - length / 2) as f64;
        let digit = |(seen, of): &(u32, u32)| match of {
            0 => '.',
            // Whatever there is shows, and only a full cell is a 9.
            _ => char::from_digit(if seen == of { 9 } else { (seen * 9).div_ceil(*of).min(8) }, 10).unwrap_or('.'),
        };
        Self {
            length,
            layer,
            head,
            above: above as f64 / (length * (length + 1) / 2) as f64,
            first: first / queries,
            mean_lag: mean_lag / queries,
            cells: counts.chunks(cells).map(|row| row.iter().map(digit).collect()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_looks_at_itself_has_a_diagonal() {
        let rows: Vec<Vec<f32>> =
            (0..96).map(|query| (0..96).map(|key| f32::from(u8::from(key == query))).collect()).collect();
        let map = AttentionMap::of_head(0, 1, &rows);
        assert_eq!((map.cells.len(), map.first, map.mean_lag), (48, 0.0, 0.0));
        assert!((map.above - 96.0 / (96.0 * 97.0 / 2.0)).abs() < 1e-15);
        for (at, row) in map.cells.iter().enumerate() {
            // Of the three pairs that a cell on the diagonal shows two are its tokens themselves.
            let expected: String = (0..48)
                .map(|key| {
                    if key < at {
                        '0'
                    } else if key == at {
                        '6'
                    } else {
                        '.'
                    }
                })
                .collect();
            assert_eq!(*row, expected);
        }
    }
}
