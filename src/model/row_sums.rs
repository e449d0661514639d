use std::ops::Range;

use candle_core::Tensor;
use rayon::prelude::*;

use super::decoder::Batch;
use super::kernel::RowSums;
use super::pass::Pass;
use super::spec::{AttentionSpec, Position};
use super::{ModelError, RowReducer};
use crate::heads::Window;

impl Pass<'_, '_> {
    /// Sums over the rows of these heads that their device makes, so that no row leaves it; none where rows are wanted
    /// for anything else, or where the device has no kernel.
    pub(super) fn row_sums(
        &mut self,
        number: usize,
        attention: &AttentionSpec,
        batch: &Batch,
        heads: &Range<usize>,
        like: &Tensor,
    ) -> Result<Option<RowSums>, ModelError> {
        let slopes = match &attention.position {
            Position::None | Position::Rotary(_) => None,
            Position::Alibi(slopes) => Some(&slopes[heads.clone()]),
            Position::RoundedAlibi { .. } => return Ok(None),
        };
        let mut reducers = self.sink.row_reducers(number, &batch.texts);
        let windows: Option<Vec<&mut Window>> = of_heads(&mut reducers, batch, heads).collect();
        let Some(windows) = windows else { return Ok(None) };
        Ok(RowSums::new(&windows, slopes, heads.len(), batch.tokens, like)?)
    }

    /// Hands the sums over.
    pub(super) fn put_row_sums(
        &mut self,
        number: usize,
        batch: &Batch,
        heads: &Range<usize>,
        sums: &RowSums,
    ) -> Result<(), ModelError> {
        let (sums, last) = sums.values()?;
        let mut reducers = self.sink.row_reducers(number, &batch.texts);
        let windows: Vec<&mut Window> = of_heads(&mut reducers, batch, heads).flatten().collect();
        let count = windows.len();
        let (sums, last) = (sums.par_chunks_exact(sums.len() / count), last.par_chunks_exact(last.len() / count));
        windows.into_par_iter().zip(sums).zip(last).for_each(|((window, sums), last)| window.add_sums(sums, last));
        Ok(())
    }
}

/// The windows of these heads, text by text.
fn of_heads<'r>(
    reducers: &'r mut [&mut (dyn RowReducer + '_)],
    batch: &Batch,
    heads: &'r Range<usize>,
) -> impl Iterator<Item = Option<&'r mut Window>> {
    let all = reducers.len() / batch.texts.len();
    let of_heads = reducers.iter_mut().enumerate().filter(move |(at, _)| heads.contains(&(at % all)));
    of_heads.map(|(_, reducer)| reducer.window())
}
