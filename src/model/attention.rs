use std::ops::Range;
use std::rc::Rc;

use candle_core::{DType, Tensor};
use rayon::prelude::*;

use super::cpu;
use super::decoder::{Batch, Decoder};
use super::pass::{Pass, Place};
use super::reduce::BlockReducer;
use super::softmax::{additive_mask, masked_softmax, visible_softmax};
use super::spec::{AttentionSpec, LayerSpec, Mask, Position, QkNorm, QkNormOver, Rotary};
use super::weights::{LayerWeights, NormWeights};
use super::{ModelError, RowBlock, RowReducer, Site, Tap};
use crate::numeric::Pairing;

/// Cosines and sines of a text's positions, `[tokens, dim/2]`.
#[derive(Debug)]
pub(super) struct Turns {
    pub(super) cos: Tensor,
    pub(super) sin: Tensor,
}

/// Which mask: that of these queries and keys, with lags inside or zeros.
#[derive(PartialEq)]
pub(super) struct MaskOf {
    rows: Range<usize>,
    keys: usize,
    mask: Mask,
    of_lags: bool,
}

/// Tables of cosines and sines that a decoder keeps.
const KEPT_TURNS: usize = 4;

impl Pass<'_, '_> {
    pub(super) fn attention(
        &mut self,
        number: usize,
        spec: &LayerSpec,
        weights: &LayerWeights,
        batch: &Batch,
        x: &Tensor,
    ) -> Result<Tensor, ModelError> {
        #[cfg(feature = "cuda")]
        if let Some(added) = self.flash(number, spec, weights, batch, x)? {
            return Ok(added);
        }
        let (decoder, attention) = (self.decoder, &spec.attention);
        let (texts, tokens) = (batch.texts.len(), batch.tokens);
        let [mut query, mut key, value] = decoder.projected(attention, weights, x)?;
        self.put(number, Tap::Query, batch, &query)?;
        self.put(number, Tap::Key, batch, &key)?;
        if let Position::Rotary(rotary) = &attention.position {
            let turns = self.turns(rotary, tokens, query.device())?;
            query = rotate(&query, rotary, &turns)?;
            key = rotate(&key, rotary, &turns)?;
        }
        self.put(number, Tap::QueryRotated, batch, &query)?;
        self.put(number, Tap::KeyRotated, batch, &key)?;
        self.put(number, Tap::Value, batch, &value)?;

        let scaled = (query * attention.scale)?;
        let mixed = self.mix(number, attention, batch, &scaled, &key, &value)?;
        self.put(number, Tap::Mixed, batch, &mixed)?;
        let joined = mixed.transpose(1, 2)?.contiguous()?.reshape((texts, tokens, ()))?;
        Ok(weights.attention_output.apply(&joined.to_dtype(decoder.precision.dtype())?)?)
    }

    /// Attention times values, `[B, H, L, D]`.
    fn mix(
        &mut self,
        number: usize,
        attention: &AttentionSpec,
        batch: &Batch,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
    ) -> Result<Tensor, ModelError> {
        let over_keys = Tap::ALL.into_iter().filter(|tap| tap.is_over_keys());
        let seen =
            self.checking || over_keys.into_iter().any(|tap| self.wanted(Site { layer: Some(number), tap }).is_some());
        if query.device().is_cpu() && !seen {
            self.mix_rows(number, attention, batch, query, key, value)
        } else {
            self.mix_blocks(number, attention, batch, query, key, value)
        }
    }

    /// The same where no tap over keys is looked at, in one loop over rows.
    fn mix_rows(
        &mut self,
        number: usize,
        attention: &AttentionSpec,
        batch: &Batch,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
    ) -> Result<Tensor, ModelError> {
        let AttentionSpec { heads, kv_heads, head_dim: dim, mask, softcap, .. } = *attention;
        let (texts, tokens) = (batch.texts.len(), batch.tokens);
        let shape = cpu::Shape { texts, tokens, heads, kv_heads, dim, mask, softcap };
        let bias = match &attention.position {
            Position::Alibi(slopes) => cpu::Bias::Slopes(slopes.clone()),
            position @ Position::RoundedAlibi { .. } => {
                let keys = |head| (0..tokens).map(move |key| position.key_bias(head, key)).collect();
                cpu::Bias::Keys((0..heads).map(keys).collect())
            }
            Position::None | Position::Rotary(_) => cpu::Bias::None,
        };
        let mut sums =
            self.sink.reduce(number).map(|reduction| BlockReducer::new(reduction, mask, &batch.texts, heads, tokens));
        let mut by_head = sums.as_mut().map_or_else(Vec::new, BlockReducer::by_head);
        let mut reducers: Vec<Vec<&mut dyn RowReducer>> = (0..texts * heads).map(|_| Vec::new()).collect();
        for (reducers, reducer) in reducers.iter_mut().zip(&mut by_head) {
            reducers.push(reducer);
        }
        if self.sink.wants_rows(number) {
            for (reducers, reducer) in reducers.iter_mut().zip(self.sink.row_reducers(number, &batch.texts)) {
                reducers.push(reducer);
            }
        }
        let mixed = cpu::attend(shape, &bias, query, key, value, reducers)?;
        if let Some(sums) = sums {
            self.sink.put_reduced(sums.finish(number, &batch.texts)?).map_err(ModelError::Sink)?;
        }
        Ok(mixed)
    }

    /// Hands the rows of a block of heads and queries, `[B, heads, rows, keys]`, to what takes them.
    fn hand_rows(
        &mut self,
        place: &Place,
        mask: Mask,
        batch: &Batch,
        scores: &Tensor,
        probabilities: &Tensor,
    ) -> Result<(), ModelError> {
        let (scores, probabilities) = (scores.to_dtype(DType::F64)?, probabilities.to_dtype(DType::F64)?);
        let (scores, probabilities) =
            (scores.flatten_all()?.to_vec1::<f64>()?, probabilities.flatten_all()?.to_vec1::<f64>()?);
        let (tokens, heads) = (batch.tokens, &place.heads);
        let plane = scores.len() / (batch.texts.len() * heads.len());
        let stride = plane / place.rows.len();
        let reducers = self.sink.row_reducers(place.number, &batch.texts);
        let all = reducers.len() / batch.texts.len();
        reducers.into_par_iter().enumerate().for_each(|(at, reducer)| {
            let (text, head) = (at / all, at % all);
            if heads.contains(&head) {
                let start = (text * heads.len() + head - heads.start) * plane;
                let (scores, probabilities) = (&scores[start..start + plane], &probabilities[start..start + plane]);
                let block = RowBlock { first: place.rows.start, mask, tokens, stride, scores, probabilities };
                reducer.rows(&cpu::Rows::F64(block));
            }
        });
        Ok(())
    }

    /// The same block by block of heads and queries.
    fn mix_blocks(
        &mut self,
        number: usize,
        attention: &AttentionSpec,
        batch: &Batch,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
    ) -> Result<Tensor, ModelError> {
        let (texts, tokens, dim) = (batch.texts.len(), batch.tokens, attention.head_dim);
        let shared = attention.heads / attention.kv_heads;
        let blocks = Blocks::new(query.device().is_cpu(), texts, tokens, shared);
        let future = [Tap::Scores, Tap::Bias, Tap::Attention]
            .into_iter()
            .any(|tap| self.wanted(Site { layer: Some(number), tap }).is_some_and(|select| select.future_keys));
        let reduction = if self.checking { None } else { self.sink.reduce(number) };
        let mut reducer = reduction
            .map(|reduction| BlockReducer::new(reduction, attention.mask, &batch.texts, attention.heads, tokens));
        let rows_wanted = !self.checking && self.sink.wants_rows(number);
        let mut groups = Vec::new();
        for kv in pieces(attention.kv_heads, blocks.kv_heads) {
            let heads = kv.start * shared..kv.end * shared;
            let key = key.narrow(1, kv.start, kv.len())?;
            let value = value.narrow(1, kv.start, kv.len())?;
            let query = query.narrow(1, heads.start, heads.len())?;
            let slopes = match &attention.position {
                Position::Alibi(slopes) => Some(&slopes[heads.clone()]),
                _ => None,
            };
            #[cfg(feature = "cuda")]
            let sums = if rows_wanted { self.row_sums(number, attention, batch, &heads, &query)? } else { None };
            let mut parts = Vec::new();
            for rows in pieces(tokens, blocks.rows) {
                let keys = if future || attention.mask == Mask::Full { tokens } else { rows.end };
                // The queries of all heads that share a key-value head are rows of one product.
                let stacked = (texts, kv.len(), shared * rows.len(), ());
                let apart = (texts, heads.len(), rows.len(), ());
                let queries = query.narrow(2, rows.start, rows.len())?.contiguous()?.reshape(stacked)?;
                let keys_seen = key.narrow(2, 0, keys)?.contiguous()?;
                let mut scores = queries.matmul(&keys_seen.t()?)?.reshape(apart)?;
                if let Some(cap) = attention.softcap {
                    scores = ((scores / cap)?.tanh()? * cap)?;
                }
                let place = Place { number, heads: heads.clone(), rows: rows.clone() };
                self.put_keys(&place, Tap::Scores, batch, || Ok(scores.clone()))?;
                self.put_keys(&place, Tap::Bias, batch, || {
                    // Host side: this tap is for looking at, and needs no speed.
                    let entry =
                        |head: usize, row: usize, key: usize| attention.position.bias(heads.start + head, row, key);
                    let values: Vec<f64> = (0..heads.len())
                        .flat_map(|head| {
                            rows.clone().flat_map(move |row| (0..keys).map(move |key| entry(head, row, key)))
                        })
                        .collect();
                    let bias = Tensor::from_vec(values, (1, heads.len(), rows.len(), keys), scores.device())?;
                    bias.to_dtype(scores.dtype())?.repeat((texts, 1, 1, 1))
                })?;
                let biased = match &attention.position {
                    position @ Position::RoundedAlibi { .. } => {
                        scores.broadcast_add(&key_bias(position, heads.clone(), keys, &scores)?)?
                    }
                    _ => scores.clone(),
                };
                let probabilities = if scores.device().is_cpu() {
                    visible_softmax(&biased, rows.start, attention.mask, slopes)?
                } else {
                    let wanted = MaskOf { rows: rows.clone(), keys, mask: attention.mask, of_lags: slopes.is_some() };
                    masked_softmax(&biased, &self.mask(wanted, &scores)?, slopes)?
                };
                self.put_keys(&place, Tap::Attention, batch, || Ok(probabilities.clone()))?;
                #[cfg(feature = "cuda")]
                if let Some(sums) = &sums {
                    sums.add(rows.start, &scores, &probabilities)?;
                }
                #[cfg(feature = "cuda")]
                let rows_wanted = rows_wanted && sums.is_none();
                if rows_wanted {
                    self.hand_rows(&place, attention.mask, batch, &scores, &probabilities)?;
                }
                if let Some(reducer) = &mut reducer {
                    reducer.add(heads.clone(), rows.clone(), &scores, &probabilities)?;
                }
                let values_seen = value.narrow(2, 0, keys)?.contiguous()?;
                parts.push(probabilities.reshape(stacked)?.matmul(&values_seen)?.reshape((
                    texts,
                    heads.len(),
                    rows.len(),
                    dim,
                ))?);
            }
            #[cfg(feature = "cuda")]
            if let Some(sums) = &sums {
                self.put_row_sums(number, batch, &heads, sums)?;
            }
            groups.push(Tensor::cat(&parts, 2)?);
        }
        if let Some(reducer) = reducer {
            let reduced = reducer.finish(number, &batch.texts)?;
            self.sink.put_reduced(reduced).map_err(ModelError::Sink)?;
        }
        Ok(Tensor::cat(&groups, 1)?)
    }
}

/// What is made once for several layers.
impl Pass<'_, '_> {
    pub(super) fn turns(
        &self,
        rotary: &Rotary,
        tokens: usize,
        device: &candle_core::Device,
    ) -> Result<Rc<Turns>, ModelError> {
        let mut known = self.decoder.turns.borrow_mut();
        let fits = |turns: &Turns| turns.cos.device().same_device(device);
        if let Some((_, _, turns)) =
            known.iter().find(|(of, length, turns)| of == rotary && *length == tokens && fits(turns))
        {
            return Ok(Rc::clone(turns));
        }
        let frequencies =
            rotary.frequencies(tokens).expect("the rotary embedding was checked when the config was read");
        let positions: Vec<f64> = (0..tokens).map(|position| position as f64).collect();
        let (cos, sin) = frequencies.cos_sin::<f64>(&positions);
        let place = |table: Vec<f64>| {
            let table = Tensor::from_vec(table, (tokens, frequencies.pairs()), &candle_core::Device::Cpu)?;
            table.to_dtype(self.decoder.precision.wide())?.to_device(device)
        };
        let turns = Rc::new(Turns { cos: place(cos)?, sin: place(sin)? });
        // Those of a few lengths are kept: making them takes as long as some layers do on a GPU.
        if known.len() == KEPT_TURNS {
            known.remove(0);
        }
        known.push((rotary.clone(), tokens, Rc::clone(&turns)));
        Ok(turns)
    }

    fn mask(&mut self, wanted: MaskOf, like: &Tensor) -> Result<Tensor, ModelError> {
        if let Some((known, mask)) = &self.mask
            && *known == wanted
        {
            return Ok(mask.clone());
        }
        let mask = additive_mask(wanted.rows.clone(), wanted.keys, wanted.mask, wanted.of_lags, like)?;
        self.mask = Some((wanted, mask.clone()));
        Ok(mask)
    }
}

impl Decoder<'_> {
    /// Query, key and value of every head before the rotation, `[B, heads, L, D]`, in the wide type.
    pub(super) fn projected(
        &self,
        spec: &AttentionSpec,
        weights: &LayerWeights,
        x: &Tensor,
    ) -> Result<[Tensor; 3], candle_core::Error> {
        // [B, L, H, D] to [B, H, L, D].
        let split = |x: Tensor| x.transpose(1, 2)?.contiguous()?.to_dtype(self.precision.wide());
        let side = |x: Tensor, norm_weights: Option<&NormWeights>| {
            let x = match spec.clip {
                Some(limit) => x.clamp(-limit, limit)?,
                None => x,
            };
            match spec.qk_norm.zip(norm_weights) {
                None => split(x),
                Some((QkNorm { norm, over: QkNormOver::FullWidth }, weights)) => {
                    split(self.norm(&x.flatten_from(2)?, norm, weights)?.reshape(x.shape())?)
                }
                Some((QkNorm { norm, .. }, weights)) => {
                    self.norm(&split(x)?, norm, weights)?.to_dtype(self.precision.wide())
                }
            }
        };
        let [query, key, value] = weights.query_key_value(x, spec.head_dim)?;
        Ok([side(query, weights.query_norm.as_ref())?, side(key, weights.key_norm.as_ref())?, side(value, None)?])
    }
}

/// The part of a bias that depends on the key alone, `[1, heads, 1, keys]`.
fn key_bias(
    position: &Position,
    heads: Range<usize>,
    keys: usize,
    like: &Tensor,
) -> Result<Tensor, candle_core::Error> {
    let shape = (1, heads.len(), 1, keys);
    let values: Vec<f64> = heads.flat_map(|head| (0..keys).map(move |key| position.key_bias(head, key))).collect();
    Tensor::from_vec(values, shape, like.device())?.to_dtype(like.dtype())
}

/// Turns the first coordinates of each head, `[B, heads, L, D]`.
pub(super) fn rotate(x: &Tensor, rotary: &Rotary, turns: &Turns) -> Result<Tensor, candle_core::Error> {
    #[cfg(feature = "cuda")]
    if let Some(turned) = super::kernel::rotate(x, &turns.cos, &turns.sin, rotary.pairing)? {
        return Ok(turned);
    }
    if let Some(y) = cpu::rotate(x, rotary, &turns.cos, &turns.sin)? {
        return Ok(y);
    }
    let (texts, heads, tokens, dim) = x.dims4()?;
    let pairs = rotary.dim / 2;
    let turned = x.narrow(3, 0, rotary.dim)?;
    let (first, second) = match rotary.pairing {
        Pairing::HalfSplit => (turned.narrow(3, 0, pairs)?, turned.narrow(3, pairs, pairs)?),
        Pairing::Interleaved => {
            let turned = turned.contiguous()?.reshape((texts, heads, tokens, pairs, 2))?;
            (turned.narrow(4, 0, 1)?.squeeze(4)?, turned.narrow(4, 1, 1)?.squeeze(4)?)
        }
    };
    let (cos, sin) = (&turns.cos, &turns.sin);
    let new_first = (first.broadcast_mul(cos)? - second.broadcast_mul(sin)?)?;
    let new_second = (second.broadcast_mul(cos)? + first.broadcast_mul(sin)?)?;
    let turned = match rotary.pairing {
        Pairing::HalfSplit => Tensor::cat(&[new_first, new_second], 3)?,
        Pairing::Interleaved => Tensor::stack(&[new_first, new_second], 4)?.flatten_from(3)?,
    };
    if rotary.dim == dim { Ok(turned) } else { Tensor::cat(&[turned, x.narrow(3, rotary.dim, dim - rotary.dim)?], 3) }
}

/// Numbers in the largest block of scores of one text on the processor.
pub(super) fn block_numbers(attention: &AttentionSpec, tokens: usize) -> usize {
    let shared = attention.heads / attention.kv_heads;
    let blocks = Blocks::new(true, 1, tokens, shared);
    (blocks.kv_heads.min(attention.kv_heads) * shared).saturating_mul(blocks.rows).saturating_mul(tokens)
}

/// How large a block of scores is.
struct Blocks {
    /// Key-value heads, each with its query heads.
    kv_heads: usize,
    rows: usize,
}

impl Blocks {
    /// On the processor few queries at a time, so that keys after them are not computed in vain and
    /// a block stays in cache; on a GPU many, so that there are few launches.
    fn new(cpu: bool, texts: usize, tokens: usize, shared: usize) -> Self {
        let (rows, elements) = if cpu { (128, 1 << 22) } else { (1024, 1 << 28) };
        let rows = rows.min(tokens);
        Self { rows, kv_heads: (elements / (texts * shared * rows * tokens)).max(1) }
    }
}

/// `0..count` in pieces of at most `size`.
pub(super) fn pieces(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(size).map(move |start| start..(start + size).min(count))
}
