use std::ops::Range;

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use super::{Mask, ModelError, RowBlock, RowReducer, Rows};
use crate::numeric::Real;
use crate::signal::{PowerSpectrum, Sides};

/// What a [`Sink`](super::Sink) wants of a layer's attention as sums, instead of every element.
///
/// Nothing of size tokens² is made for it where the device has a kernel of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reduction {
    /// The first query that counts; those before it are left out of every sum.
    pub first_row: usize,
    /// `N`, lags of the row power spectra, a power of two from 8 to 16384; without it there are none.
    pub spectrum: Option<usize>,
}

impl Reduction {
    pub(super) fn check(self) -> Result<(), ModelError> {
        match self.spectrum {
            Some(lags) if !lags.is_power_of_two() || !(8..=16_384).contains(&lags) => {
                Err(ModelError::SpectrumLags { found: lags })
            }
            _ => Ok(()),
        }
    }

    /// The queries of a text that count.
    pub fn rows(self, tokens: usize) -> Range<usize> {
        self.first_row.min(tokens)..tokens
    }

    /// The queries of a text that have a row spectrum: those that count and have `N` keys up to their own.
    pub fn spectrum_rows(self, tokens: usize) -> Range<usize> {
        let first = self.spectrum.map_or(tokens, |lags| self.first_row.max(lags - 1));
        first.min(tokens)..tokens
    }
}

/// The sums of one layer, of texts of one length, where they were computed.
#[derive(Debug, Clone)]
pub struct Reduced {
    /// The layer, from 0.
    pub layer: usize,
    /// The texts, by their place in the list that is run.
    pub texts: Vec<usize>,
    /// Tokens of each text.
    pub tokens: usize,
    /// What was asked for.
    pub reduction: Reduction,
    /// The keys that a query sees.
    pub mask: Mask,
    /// Sums of `p`, `s` and `s²` by lag, `f64`, `[texts, heads, 3, lags]`.
    pub(super) lags: Tensor,
    /// Sums of the entropies and of the probabilities of key 0, `f64`, `[texts, heads, 2]`.
    pub(super) rows: Tensor,
    /// Sums of the row power spectra, `f64`, `[texts, heads, N/2 + 1]`.
    pub(super) power: Option<Tensor>,
}

impl Reduced {
    /// The lags there are: `0..tokens`, or from `1 - tokens` on where keys after the query are seen.
    pub fn lags(&self) -> Range<isize> {
        lags(self.mask, self.tokens)
    }

    /// The sums by text and head, text by text.
    ///
    /// # Errors
    /// The copy from the device fails.
    pub fn sums(&self) -> Result<Vec<HeadSums>, ModelError> {
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f64>();
        let (texts, heads, _, lags) = self.lags.dims4()?;
        debug_assert_eq!(texts, self.texts.len());
        let (by_lag, by_row) = (values(&self.lags)?, values(&self.rows)?);
        let power = self.power.as_ref().map(values).transpose()?;
        let head_sums = |place: usize| {
            let lag_sums = |which: usize| by_lag[(3 * place + which) * lags..][..lags].to_vec();
            HeadSums {
                text: self.texts[place / heads],
                head: place % heads,
                probability: lag_sums(0),
                score: lag_sums(1),
                score_square: lag_sums(2),
                entropy: by_row[2 * place],
                sink: by_row[2 * place + 1],
                power: power.as_ref().map_or_else(Vec::new, |power| {
                    let bins = power.len() / (texts * heads);
                    power[place * bins..][..bins].to_vec()
                }),
            }
        };
        Ok((0..texts * heads).map(head_sums).collect())
    }

    /// How many pairs of a query that counts and a key that it sees lie at this lag.
    pub fn pairs(&self, lag: isize) -> usize {
        let rows = self.reduction.rows(self.tokens);
        let seen = match self.mask {
            Mask::Causal => lag >= 0,
            Mask::Window(width) => lag >= 0 && lag < width as isize,
            Mask::Full => true,
        };
        // The key `i - lag` is in the text.
        let first = (rows.start as isize).max(lag);
        let end = (rows.end as isize).min(rows.end as isize + lag);
        if seen { (end - first).max(0) as usize } else { 0 }
    }
}

/// Sums over the rows of one head's attention in one text.
///
/// `p_ij` is the probability that query `i` gives to key `j`, `s_ij = scale · q_i·k_j` its score after
/// the soft cap and before bias and mask; `i` runs over the queries that count ([`Reduction::rows`]),
/// `j` over the keys that `i` sees. Means are the sums over [`Reduced::pairs`], or over the rows.
///
/// Where blocks are summed, the sums of the computed `p` and `s` are taken in `f64`. In the kernels of
/// CUDA scores are products with `f32` sums; 32 rows, then those of up to 4 tiles or a quarter of the text,
/// and 64 rows of a spectrum, are added in `f32` and the rest in `f64`.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadSums {
    /// The text, by its place in the list that is run.
    pub text: usize,
    /// The head within the layer.
    pub head: usize,
    /// `Σ_i p[i, i-d]` for each lag `d` of [`Reduced::lags`].
    pub probability: Vec<f64>,
    /// `Σ_i s[i, i-d]`.
    pub score: Vec<f64>,
    /// `Σ_i s[i, i-d]²`.
    pub score_square: Vec<f64>,
    /// `-Σ_ij p_ij ln p_ij`, in nats.
    pub entropy: f64,
    /// `Σ_i p_i0`.
    pub sink: f64,
    /// `Σ_i |Σ_{D<N} p[i, i-D] e^{-2πikD/N}|² / N` for `k = 0..=N/2`, over [`Reduction::spectrum_rows`];
    /// empty where it was not asked for.
    pub power: Vec<f64>,
}

impl HeadSums {
    /// `Σ_ij p_ij (i-j)` and `Σ_ij p_ij (i-j)²`, with the lags of [`Reduced::lags`].
    pub fn lag_moments(&self, lags: Range<isize>) -> (f64, f64) {
        lags.zip(&self.probability).fold((0.0, 0.0), |(first, second), (lag, p)| {
            let weighted = lag as f64 * p;
            (first + weighted, second + lag as f64 * weighted)
        })
    }
}

pub(super) fn lags(mask: Mask, tokens: usize) -> Range<isize> {
    let end = tokens as isize;
    if mask == Mask::Full { 1 - end..end } else { 0..end }
}

/// Takes the sums from blocks of scores and probabilities, on the processor: what the kernels are
/// compared with, and what serves devices and types that have none.
pub(super) struct BlockReducer {
    reduction: Reduction,
    mask: Mask,
    tokens: usize,
    heads: usize,
    /// By text and head.
    sums: Vec<HeadSums>,
    transform: Option<PowerSpectrum<f64>>,
}

impl BlockReducer {
    pub(super) fn new(reduction: Reduction, mask: Mask, texts: &[usize], heads: usize, tokens: usize) -> Self {
        let lags = lags(mask, tokens).len();
        let bins = reduction.spectrum.map_or(0, |lags| lags / 2 + 1);
        let zeros = |text: usize, head: usize| HeadSums {
            text,
            head,
            probability: vec![0.0; lags],
            score: vec![0.0; lags],
            score_square: vec![0.0; lags],
            entropy: 0.0,
            sink: 0.0,
            power: vec![0.0; bins],
        };
        let sums = texts.iter().flat_map(|&text| (0..heads).map(move |head| zeros(text, head))).collect();
        let transform = reduction.spectrum.map(|lags| PowerSpectrum::new(lags).expect("there are lags"));
        Self { reduction, mask, tokens, heads, sums, transform }
    }

    /// Adds the block of these heads and rows, `[texts, heads, rows, keys]` of `f32` or `f64`.
    pub(super) fn add(
        &mut self,
        heads: Range<usize>,
        rows: Range<usize>,
        scores: &Tensor,
        probabilities: &Tensor,
    ) -> Result<(), candle_core::Error> {
        match scores.dtype() {
            DType::F64 => self.add_as::<f64>(heads, rows, scores, probabilities),
            _ => self.add_as::<f32>(heads, rows, scores, probabilities),
        }
    }

    fn add_as<T: Real + candle_core::WithDType>(
        &mut self,
        heads: Range<usize>,
        rows: Range<usize>,
        scores: &Tensor,
        probabilities: &Tensor,
    ) -> Result<(), candle_core::Error> {
        let keys = scores.dim(3)?;
        let scores = scores.flatten_all()?.to_vec1::<T>()?;
        let probabilities = probabilities.flatten_all()?.to_vec1::<T>()?;
        let (plane, all, mask, tokens) = (rows.len() * keys, self.heads, self.mask, self.tokens);
        self.by_head().into_par_iter().enumerate().for_each(|(place, mut sums)| {
            let (text, head) = (place / all, place % all);
            if heads.contains(&head) {
                let start = (text * heads.len() + head - heads.start) * plane;
                let (scores, probabilities) = (&scores[start..start + plane], &probabilities[start..start + plane]);
                sums.add(&RowBlock { first: rows.start, mask, tokens, stride: keys, scores, probabilities });
            }
        });
        Ok(())
    }

    /// What takes the rows of each text and head, text by text.
    pub(super) fn by_head(&mut self) -> Vec<HeadReducer<'_>> {
        let Self { reduction, mask, tokens, sums, transform, .. } = self;
        let (reduction, mask, tokens, transform) = (*reduction, *mask, *tokens, transform.as_ref());
        sums.iter_mut().map(|sums| HeadReducer { reduction, mask, tokens, transform, sums }).collect()
    }

    pub(super) fn finish(self, layer: usize, texts: &[usize]) -> Result<Reduced, candle_core::Error> {
        let Self { reduction, mask, tokens, heads, sums, .. } = self;
        let shape = |columns: usize| (texts.len(), heads, columns);
        let by_lag: Vec<f64> =
            sums.iter().flat_map(|s| [&s.probability, &s.score, &s.score_square]).flatten().copied().collect();
        let by_row: Vec<f64> = sums.iter().flat_map(|s| [s.entropy, s.sink]).collect();
        let power = reduction.spectrum.map(|lags| {
            let power: Vec<f64> = sums.iter().flat_map(|s| &s.power).copied().collect();
            Tensor::from_vec(power, shape(lags / 2 + 1), &Device::Cpu)
        });
        Ok(Reduced {
            layer,
            texts: texts.to_vec(),
            tokens,
            reduction,
            mask,
            lags: Tensor::from_vec(by_lag, (texts.len(), heads, 3, lags(mask, tokens).len()), &Device::Cpu)?,
            rows: Tensor::from_vec(by_row, shape(2), &Device::Cpu)?,
            power: power.transpose()?,
        })
    }
}

/// The sums of one head in one text, and what they are sums of.
pub(super) struct HeadReducer<'r> {
    reduction: Reduction,
    mask: Mask,
    tokens: usize,
    transform: Option<&'r PowerSpectrum<f64>>,
    sums: &'r mut HeadSums,
}

impl HeadReducer<'_> {
    fn add<T: Real>(&mut self, block: &RowBlock<'_, T>) {
        for (query, seen, scores, probabilities) in block.rows() {
            if query < self.reduction.first_row {
                continue;
            }
            self.sums.row(self.mask, self.tokens, query, seen, probabilities, scores);
            if let Some(transform) = self.transform
                && query + 1 >= transform.length()
            {
                self.sums.spectrum(query, probabilities, transform);
            }
        }
    }
}

impl RowReducer for HeadReducer<'_> {
    fn rows(&mut self, rows: &Rows<'_>) {
        match rows {
            Rows::F32(block) => self.add(block),
            Rows::F64(block) => self.add(block),
        }
    }
}

impl HeadSums {
    fn row<T: Real>(&mut self, mask: Mask, tokens: usize, query: usize, seen: Range<usize>, p: &[T], s: &[T]) {
        // Lags fall as keys rise: the place of key 0, less the key.
        let zero = if mask == Mask::Full { query + tokens - 1 } else { query };
        for key in seen {
            let (p, s) = (p[key].wide(), s[key].wide());
            let at = zero - key;
            self.probability[at] += p;
            self.score[at] += s;
            self.score_square[at] += s * s;
            if p > 0.0 {
                self.entropy -= p * p.ln();
            }
        }
        self.sink += p[0].wide();
    }

    fn spectrum<T: Real>(&mut self, query: usize, p: &[T], transform: &PowerSpectrum<f64>) {
        let row: Vec<f64> = (0..transform.length()).map(|lag| p[query - lag].wide()).collect();
        // A row that is not finite makes the spectrum so.
        let power = transform.of(&row, Sides::Two).unwrap_or_else(|_| vec![f64::NAN; row.len()]);
        self.power.iter_mut().zip(power).for_each(|(sum, power)| *sum += power);
    }
}
