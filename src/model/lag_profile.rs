use std::collections::BTreeMap;
use std::error::Error;

use candle_core::Tensor;

use super::ModelError;
use super::tap::{Block, Select, Sink, Site, Tap};

/// A sink that reduces attention to its sum at each lag, per layer and head, where it is computed.
///
/// `S_h[d] = Σ_i p_h[i, i - d]` over the queries of all texts. Probabilities never leave the device:
/// a block is reduced and dropped. Sums are taken in `f32`, or `f64` where the model computes in it;
/// one of `n` summands is off by at most `γ_n` of itself.
#[derive(Debug, Default)]
pub struct LagProfile {
    /// By layer, first head, first query and number of queries.
    diagonals: BTreeMap<(usize, usize, usize, usize), Tensor>,
}

impl LagProfile {
    /// The sums by layer, head and lag, as many lags as the longest text has tokens.
    ///
    /// # Errors
    /// The device failed.
    pub fn sums(&self) -> Result<Vec<Vec<Vec<f64>>>, ModelError> {
        let mut sums: Vec<Vec<Vec<f64>>> = Vec::new();
        for ((layer, first_head, first_query, queries), diagonals) in &self.diagonals {
            let diagonals = diagonals.to_dtype(candle_core::DType::F64)?.to_vec2::<f64>()?;
            if sums.len() <= *layer {
                sums.resize(layer + 1, Vec::new());
            }
            let heads = &mut sums[*layer];
            if heads.len() < first_head + diagonals.len() {
                heads.resize(first_head + diagonals.len(), Vec::new());
            }
            for (profile, diagonal) in heads[*first_head..].iter_mut().zip(&diagonals) {
                if profile.len() < first_query + queries {
                    profile.resize(first_query + queries, 0.0);
                }
                // Column `key - row`, negative ones from the end; `lag = first_query + row - key`.
                for (lag, sum) in profile.iter_mut().take(first_query + queries).enumerate() {
                    let column = (first_query + diagonal.len() - lag) % diagonal.len();
                    *sum += diagonal[column];
                }
            }
        }
        Ok(sums)
    }
}

impl Sink for LagProfile {
    fn want(&self, site: Site) -> Option<Select> {
        (site.tap == Tap::Attention).then(Select::all)
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let diagonals = diagonal_sums(block.tensor(), block.rows.len(), block.columns)?;
        let key = (block.site.layer.unwrap_or_default(), block.heads[0], block.rows.start, block.rows.len());
        let sum = match self.diagonals.remove(&key) {
            Some(before) => (before + diagonals)?,
            None => diagonals,
        };
        self.diagonals.insert(key, sum);
        Ok(())
    }
}

/// The sum along each diagonal `key - row` of `[texts, heads, rows, keys]`, over the texts: `[heads,
/// rows + keys]`, negative diagonals from the end.
///
/// Rows of width `w`, laid end to end and cut into rows of width `w + 1`, move one place to the left
/// with each row. With `w = rows + keys - 1` no two diagonals meet, and the sum is one product.
fn diagonal_sums(block: &Tensor, rows: usize, keys: usize) -> Result<Tensor, candle_core::Error> {
    let (_, heads, _, _) = block.dims4()?;
    let width = rows + keys - 1;
    let padded = block.pad_with_zeros(3, 0, width - keys)?.reshape(((), heads, rows * width))?;
    let skewed = padded.pad_with_zeros(2, 0, rows)?.reshape(((), rows, width + 1))?;
    let ones = Tensor::ones((skewed.dim(0)?, 1, rows), block.dtype(), block.device())?;
    ones.matmul(&skewed)?.reshape(((), heads, width + 1))?.sum(0)
}
