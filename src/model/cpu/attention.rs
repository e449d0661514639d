use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::lanes::Lanes;
use super::product::{Panels, ROWS};
use super::softmax::{HeadBias, softmax};
use crate::heads::Window;
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

    /// The window that rows are recorded in, where nothing else becomes of them: a device that can adds them up itself, and
    /// hands over the sums ([`Window::add_sums`]). Scores have their bias there.
    fn window(&mut self) -> Option<&mut Window> {
        None
    }
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
            keys.multiply(simd, whole, queries, 0, panels, &mut scores);
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
            values.multiply(simd, whole, weights, seen.start, 0..wide / values.width, &mut products);
            for (mixed, product) in mixed.chunks_exact_mut(dim).zip(products.chunks_exact(wide)) {
                mixed.copy_from_slice(&product[..dim]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cpu::softmax::PARTS;
    use crate::numeric::{Real, gamma};

    /// Numbers in `[-1, 1]` that do not repeat.
    fn numbers<T: Lanes>(count: usize, step: f64) -> Vec<T> {
        (0..count).map(|at| T::of((step * at as f64).sin())).collect()
    }

    /// The largest quotient of error and bound over all outputs, by the definition in `f64`.
    fn worst<T: Lanes>(shape: Shape, mask: Mask, bias: &Bias) -> f64 {
        let Shape { texts, tokens, heads, kv_heads, dim, softcap, .. } = shape;
        let u = T::UNIT_ROUNDOFF;
        let query: Vec<T> = numbers(texts * heads * tokens * dim, 1.7);
        let key: Vec<T> = numbers(texts * kv_heads * tokens * dim, 0.37);
        let value: Vec<T> = numbers(texts * kv_heads * tokens * dim, 0.91);
        let none = (0..texts * heads).map(|_| Vec::new()).collect();
        let mixed = attend(shape, bias, [&query, &key, &value], none);
        let mut worst = 0.0f64;
        for row in 0..texts * heads * tokens {
            let (at, i) = (row / tokens, row % tokens);
            let (text, head) = (at / heads, at % heads);
            let shared = (text * kv_heads + head / (heads / kv_heads)) * tokens;
            let q = &query[row * dim..][..dim];
            let seen = mask.visible(i, tokens);
            // The error of a score: of its sum; of the cap, whose slope is at most 1, in four operations;
            // of the bias, in three.
            let score = |j: usize| {
                let terms = q.iter().zip(&key[(shared + j) * dim..][..dim]).map(|(q, k)| q.wide() * k.wide());
                let (sum, size) = terms.fold((0.0, 0.0), |(sum, size): (f64, f64), x| (sum + x, size + x.abs()));
                let capped = softcap.map_or(sum, |cap| cap * (sum / cap).tanh());
                let bias = match bias {
                    Bias::None => 0.0,
                    Bias::Slopes(slopes) => slopes[head] * (j as f64 - i as f64),
                    Bias::Keys(keys) => keys[head][j],
                };
                let error =
                    gamma(dim, u) * size + gamma(4, u) * capped.abs() + gamma(3, u) * (capped.abs() + bias.abs());
                (capped + bias, error)
            };
            let scores: Vec<(f64, f64)> = seen.clone().map(score).collect();
            let largest = scores.iter().fold(f64::NEG_INFINITY, |most, (s, _)| most.max(*s));
            let spread = scores.iter().fold(0.0, |most: f64, (s, _)| most.max(largest - s));
            let error = scores.iter().fold(0.0, |most: f64, (_, e)| most.max(*e)) * 2.0 + u * spread;
            let total: f64 = scores.iter().map(|(s, _)| (s - largest).exp()).sum();
            // An exponential and the sum of them are off by as much; then the quotient and the values.
            let relative = (2.0 * error).exp_m1() + gamma(4 + 4 + 2 * (seen.len() / PARTS + 8) + 2 + seen.len(), u);
            for c in 0..dim {
                let terms = seen.clone().zip(&scores).map(|(j, (s, _))| {
                    let v = value[(shared + j) * dim + c].wide();
                    ((s - largest).exp() / total * v, (s - largest).exp() / total * v.abs())
                });
                let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), (x, y)| (sum + x, size + y));
                worst = worst.max((mixed[row * dim + c].wide() - sum).abs() / (relative * size));
            }
        }
        worst
    }

    fn is_the_definition<T: Lanes>() {
        let alibi = Bias::Slopes(vec![0.5, 0.25, 0.0, 0.01]);
        let keys = Bias::Keys((0..4).map(|head| numbers(70, 0.3 + f64::from(head))).collect());
        for (tokens, dim, kv_heads, mask, softcap, bias) in [
            (1, 8, 4, Mask::Causal, None, &Bias::None),
            (53, 24, 2, Mask::Causal, None, &Bias::None),
            (70, 16, 1, Mask::Window(5), Some(1.5), &Bias::None),
            (70, 7, 4, Mask::Full, None, &keys),
            (49, 64, 2, Mask::Causal, None, &alibi),
        ] {
            let shape = Shape { texts: 2, tokens, heads: 4, kv_heads, dim, mask, softcap };
            let ratio = worst::<T>(shape, mask, bias);
            assert!(ratio <= 1.0, "{shape:?}: {ratio}");
            // The control: a mask that sees another key.
            let other = if mask == Mask::Full { Mask::Causal } else { Mask::Window(4) };
            assert!(tokens == 1 || worst::<T>(shape, other, bias) > 1.0, "{shape:?}");
        }
    }

    #[test]
    fn attention_row_by_row_is_its_definition() {
        is_the_definition::<f32>();
        is_the_definition::<f64>();
    }

    #[test]
    fn rows_are_handed_over_in_order_with_all_scores_and_zeros_where_nothing_is_seen() {
        struct Seen(Vec<(usize, Vec<f64>, Vec<f64>)>);
        impl RowReducer for Seen {
            fn rows(&mut self, rows: &Rows<'_>) {
                let Rows::F64(block) = rows else { panic!("computed in f64") };
                self.0.extend(block.rows().map(|(query, _, scores, p)| (query, scores.to_vec(), p.to_vec())));
            }
        }
        let (tokens, dim, mask) = (60, 4, Mask::Window(3));
        let shape = Shape { texts: 1, tokens, heads: 1, kv_heads: 1, dim, mask, softcap: None };
        let [query, key, value] = [1.7, 0.37, 0.91].map(|step| numbers::<f64>(tokens * dim, step));
        let mut seen = Seen(Vec::new());
        attend(shape, &Bias::None, [&query, &key, &value], vec![vec![&mut seen]]);
        assert_eq!(seen.0.len(), tokens);
        for (row, (query_at, scores, p)) in seen.0.iter().enumerate() {
            assert_eq!((*query_at, scores.len(), p.len()), (row, row + 1, row + 1));
            let dot: f64 = query[row * dim..][..dim].iter().zip(&key).map(|(q, k)| q * k).sum();
            assert!((scores[0] - dot).abs() <= 2.0 * gamma(dim, f64::UNIT_ROUNDOFF) * dim as f64);
            assert!(p.iter().enumerate().all(|(key, p)| (*p > 0.0) == (key + 3 > row)), "{row}: {p:?}");
            assert!((p.iter().sum::<f64>() - 1.0).abs() <= gamma(8, f64::UNIT_ROUNDOFF));
        }
    }
}
