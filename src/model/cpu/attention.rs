use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::lanes::Lanes;
use super::product::{Panels, ROWS};
use super::softmax::{HeadBias, softmax};
use crate::model::Mask;

/// What every head of an attention has in common.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Shape {
    pub(in crate::model) texts: usize,
    pub(in crate::model) tokens: usize,
    pub(in crate::model) heads: usize,
    pub(in crate::model) kv_heads: usize,
    pub(in crate::model) dim: usize,
    pub(in crate::model) mask: Mask,
    pub(in crate::model) softcap: Option<f64>,
}

/// What is added to the scores of each head.
#[derive(Debug, Clone)]
pub(in crate::model) enum Bias {
    /// Nothing.
    None,
    /// `-slope · (query - key)`, a slope for each head.
    Slopes(Vec<f64>),
    /// A number for each head and key.
    Keys(Vec<Vec<f64>>),
}

/// Scores and probabilities of consecutive queries of one head in one text.
#[derive(Debug, Clone, Copy)]
pub struct RowBlock<'a, T> {
    /// The first query.
    pub(in crate::model) first: usize,
    /// The keys that each query sees.
    pub(in crate::model) mask: Mask,
    pub(in crate::model) tokens: usize,
    /// Elements from a row to the next.
    pub(in crate::model) stride: usize,
    /// From key 0 on.
    pub(in crate::model) scores: &'a [T],
    pub(in crate::model) probabilities: &'a [T],
}

impl<'a, T> RowBlock<'a, T> {
    /// Each query, the keys it sees, and its scores (after the soft cap, before the bias) and
    /// probabilities for the keys from 0 to the last that it sees.
    pub fn rows(&self) -> impl Iterator<Item = (usize, Range<usize>, &'a [T], &'a [T])> {
        let Self { first, mask, tokens, stride, .. } = *self;
        let rows = self.scores.chunks_exact(stride).zip(self.probabilities.chunks_exact(stride));
        rows.enumerate().map(move |(row, (scores, probabilities))| {
            let seen = mask.visible(first + row, tokens);
            (first + row, seen.clone(), &scores[..seen.end], &probabilities[..seen.end])
        })
    }
}

/// A block in the type that the model computes in.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// 24 bits.
    F32(RowBlock<'a, f32>),
    /// 53 bits.
    F64(RowBlock<'a, f64>),
}

/// Takes the rows of one head's attention in one text where they are computed.
pub trait RowReducer: Send {
    /// Takes a block; blocks come in ascending order of queries, each query once.
    fn rows(&mut self, rows: &Rows<'_>);
}

/// Attention times values, `softmax(c tanh(q·k / c) - slope (i - j)) v`: `[texts, heads, tokens, dim]`.
///
/// `query` is `[texts, heads, tokens, dim]`, scaled; `key` and `value` are `[texts, kv_heads, tokens, dim]`. A few queries of one head are taken at a time: their scores, what the
/// softmax makes of them, and the product with the values stay in the cache of one processor. `reducers`
/// are those of each text and head, text by text.
///
/// Rounding: a score is off by `γ_dim` of `Σ|q||k|`. The softmax is off as [`softmax`] says, then `γ` of the
/// number of keys. Sums are in the same order whatever the number of threads and the width of vectors.
pub(in crate::model) fn attend<'r, T: Lanes>(
    shape: Shape,
    bias: &Bias,
    [query, key, value]: [&[T]; 3],
    reducers: Vec<Vec<&'r mut (dyn RowReducer + 'r)>>,
) -> Vec<T> {
    let Shape { texts, tokens, heads, kv_heads, dim, .. } = shape;
    let plane = tokens * dim;
    let mut mixed = vec![T::zero(); texts * heads * plane];
    let arch = Arch::new();
    mixed.par_chunks_exact_mut(plane).zip(reducers).enumerate().for_each(|(at, (mixed, reducers))| {
        let (text, head) = (at / heads, at % heads);
        let shared = (text * kv_heads + head / (heads / kv_heads)) * plane;
        arch.dispatch(Head {
            shape,
            bias: match bias {
                Bias::None => HeadBias::None,
                Bias::Slopes(slopes) => HeadBias::Slope(T::of(slopes[head])),
                Bias::Keys(keys) => HeadBias::Keys(keys[head].iter().map(|bias| T::of(*bias)).collect()),
            },
            query: &query[at * plane..][..plane],
            key: &key[shared..][..plane],
            value: &value[shared..][..plane],
            mixed,
            reducers,
        });
    });
    mixed
}

/// One head in one text.
struct Head<'a, 'r, T> {
    shape: Shape,
    bias: HeadBias<T>,
    query: &'a [T],
    key: &'a [T],
    value: &'a [T],
    mixed: &'a mut [T],
    reducers: Vec<&'r mut (dyn RowReducer + 'r)>,
}

/// Elements of a block of scores: with as many probabilities, the cache of a processor.
const BLOCK: usize = 1 << 16;

impl<T: Lanes> WithSimd for Head<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape: Shape { tokens, dim, mask, softcap, .. }, bias, query, key, value, mixed, mut reducers } =
            self;
        let keys = Panels::of_columns::<S>(key, dim);
        let values = Panels::of_rows::<S>(value, dim);
        let (stride, width) = (keys.columns(), keys.width);
        let most = (BLOCK / stride).clamp(2 * ROWS, 8 * ROWS) / ROWS * ROWS;
        let mut scores = vec![T::zero(); most * stride];
        let mut probabilities = vec![T::zero(); most * stride];
        let mut products = vec![T::zero(); most * values.columns()];
        for (first, mixed) in (0..tokens).step_by(most).zip(mixed.chunks_mut(most * dim)) {
            let rows = mixed.len() / dim;
            let last = first + rows - 1;
            // The last row is repeated to fill a tile.
            let whole = rows.next_multiple_of(ROWS);
            let mut seen = mask.visible(first, tokens).start..mask.visible(last, tokens).end;
            if !reducers.is_empty() {
                // Scores are handed over whether they are seen or not.
                seen.start = 0;
            }
            let panels = seen.start / width..seen.end.div_ceil(width);
            let queries = |row: usize| &query[(first + row).min(last) * dim..][..dim];
            keys.multiply(simd, whole, queries, 0, panels, &mut scores, stride);
            for row in 0..rows {
                let own = mask.visible(first + row, tokens);
                let scores = &mut scores[row * stride..][..seen.end];
                let probabilities = &mut probabilities[row * stride..][..seen.end];
                if let Some(cap) = softcap.map(T::of) {
                    scores[seen.clone()].iter_mut().for_each(|score| *score = (*score / cap).tanh() * cap);
                }
                probabilities[seen.start..own.start].fill(T::zero());
                probabilities[own.end..].fill(T::zero());
                bias.add(&scores[own.clone()], first + row, own.start, &mut probabilities[own.clone()]);
                softmax(&mut probabilities[own]);
            }
            for reducer in &mut reducers {
                let (scores, probabilities) = (&scores[..rows * stride], &probabilities[..rows * stride]);
                reducer.rows(&T::rows(RowBlock { first, mask, tokens, stride, scores, probabilities }));
            }
            let weights = |row: usize| &probabilities[row.min(rows - 1) * stride..][seen.clone()];
            let wide = values.columns();
            values.multiply(simd, whole, weights, seen.start, 0..wide / values.width, &mut products, wide);
            for (mixed, product) in mixed.chunks_exact_mut(dim).zip(products.chunks_exact(wide)) {
                mixed.copy_from_slice(&product[..dim]);
            }
        }
    }
}
