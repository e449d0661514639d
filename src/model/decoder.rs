use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use candle_core::{DType, Tensor};

use super::softmax::{causal_mask, causal_softmax, masked_softmax};
use super::spec::{Activation, AttentionSpec, LayerSpec, Norm, NormKind, Position, Rotary, Spec, Topology};
use super::tap::{Block, Select, Sink, Site, Tap};
use super::weights::{LayerWeights, NormWeights};
use super::{Checkpoint, Device, ModelError, Precision};
use crate::numeric::Pairing;

/// Runs a checkpoint over texts, layer by layer.
///
/// A layer's weights are read when the layer is reached, serve all texts, and are dropped; texts of
/// one length go through it together. Memory is that of one layer, one block of scores, and the
/// residual streams of all texts. Layers after the last one from which something is wanted are not
/// run.
///
/// From the projections of query, key and value to the mixed values everything is computed in at
/// least `f32`: rotation, scores, softmax and the product with the values. So are the norms and the
/// activation. Cosines and sines come from angles in `f64`, rounded once.
///
/// # Example
/// ```
/// use ropelet::model::{Block, Checkpoint, Decoder, Device, Precision, Select, Sink, Site, Tap};
///
/// /// Keeps the probability that the last token gives to the first.
/// struct First(Vec<f32>);
///
/// impl Sink for First {
///     fn want(&self, site: Site) -> Option<Select> {
///         (site.tap == Tap::Attention).then(|| Select { rows: Some(3..4), ..Select::all() })
///     }
///
///     fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///         let values = block.to_vec::<f32>()?;
///         self.0.extend(block.planes(&values).map(|(_text, _head, rows)| rows[0]));
///         Ok(())
///     }
/// }
///
/// let checkpoint = Checkpoint::open("tests/data/llama")?;
/// let tokens = checkpoint.tokenizer()?.encode("A wavelet has mean zero")?;
/// let mut sink = First(Vec::new());
/// Decoder::new(&checkpoint, &Device::CPU, Precision::F32)?.run(&[tokens], &mut sink)?;
/// assert_eq!(sink.0.len(), 6 * 4);
/// # Ok::<(), ropelet::model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Decoder<'c> {
    checkpoint: &'c Checkpoint,
    device: Device,
    precision: Precision,
    extrapolate: bool,
    /// What has been read so far, where it is kept.
    kept: Option<RefCell<Kept>>,
}

/// Texts of one length that go through the layers together.
struct Batch {
    texts: Vec<usize>,
    tokens: usize,
    /// The residual stream, `[texts, tokens, hidden]`.
    stream: Tensor,
}

/// Cosines and sines of a text's positions, `[tokens, dim/2]`.
struct Turns {
    cos: Tensor,
    sin: Tensor,
}

impl<'c> Decoder<'c> {
    /// # Errors
    /// The processor computes in `f32` and `f64` only.
    pub fn new(checkpoint: &'c Checkpoint, device: &Device, precision: Precision) -> Result<Self, ModelError> {
        if device.is_cpu() && !matches!(precision, Precision::F32 | Precision::F64) {
            return Err(ModelError::PrecisionOnCpu { asked: precision });
        }
        Ok(Self { checkpoint, device: device.clone(), precision, extrapolate: false, kept: None })
    }

    /// Runs texts that are longer than the positions a rotary model was made for.
    #[must_use]
    pub fn allow_extrapolation(mut self) -> Self {
        self.extrapolate = true;
        self
    }

    /// What the model computes.
    pub fn spec(&self) -> &'c Spec {
        self.checkpoint.spec()
    }

    /// Keeps the embedding and every layer once it has been read, for many runs of a model that fits
    /// into memory.
    #[must_use]
    pub fn keep_layers(mut self) -> Self {
        let layers = vec![None; self.checkpoint.spec().layers.len()];
        self.kept = Some(RefCell::new(Kept { embedding: None, layers }));
        self
    }

    /// Runs the texts, token ids each, and hands to `sink` what it wants.
    ///
    /// # Errors
    /// A text without tokens, with an id that has no embedding, or too long; a selected head that
    /// does not exist; a weight or a value that is not finite; a failure of the device or the sink.
    pub fn run(&self, texts: &[Vec<u32>], sink: &mut dyn Sink) -> Result<(), ModelError> {
        let layers = self.checkpoint.spec().layers.len();
        self.check_texts(texts)?;
        let depth = self.depth(sink)?;
        let mut batches = self.embed(texts)?;
        let mut pass = Pass { decoder: self, sink, mask: None, turns: Vec::new(), checking: false };
        for number in 0..layers {
            for batch in &batches {
                pass.put(number, Tap::Residual, batch, &batch.stream.unsqueeze(1)?)?;
            }
            if number >= depth {
                return Ok(());
            }
            let weights = self.layer(number)?;
            let streams =
                batches.iter().map(|batch| pass.layer(number, &weights, batch)).collect::<Result<Vec<_>, _>>()?;
            pass.require_finite(number, &weights, &batches, &streams)?;
            for (batch, stream) in batches.iter_mut().zip(streams) {
                batch.stream = stream;
            }
        }
        pass.finish(&batches)
    }

    fn check_texts(&self, texts: &[Vec<u32>]) -> Result<(), ModelError> {
        let spec = self.checkpoint.spec();
        for (text, tokens) in texts.iter().enumerate() {
            if tokens.is_empty() {
                return Err(ModelError::NoTokens { text });
            }
            if let Some(position) = tokens.iter().position(|id| *id as usize >= spec.vocabulary) {
                let (found, vocabulary) = (tokens[position], spec.vocabulary);
                return Err(ModelError::TokenRange { text, position, found, vocabulary });
            }
            if let Some(limit) = spec.max_positions.filter(|limit| tokens.len() > *limit && !self.extrapolate) {
                return Err(ModelError::TooLong { text, found: tokens.len(), limit });
            }
        }
        Ok(())
    }

    /// How many layers must be run for what the sink wants, whose heads must exist.
    fn depth(&self, sink: &dyn Sink) -> Result<usize, ModelError> {
        let layers = &self.checkpoint.spec().layers;
        let mut depth = 0;
        for tap in Tap::ALL.into_iter().filter(|tap| !tap.is_per_layer()) {
            if sink.want(Site { layer: None, tap }).is_some() {
                depth = layers.len();
            }
        }
        for (number, layer) in layers.iter().enumerate() {
            for tap in Tap::ALL.into_iter().filter(|tap| tap.is_per_layer()) {
                let site = Site { layer: Some(number), tap };
                let Some(select) = sink.want(site) else { continue };
                depth = depth.max(if tap == Tap::Residual { number } else { number + 1 });
                let heads = match tap {
                    _ if tap.is_per_head() => layer.attention.heads,
                    _ if tap.is_per_kv_head() => layer.attention.kv_heads,
                    _ => continue,
                };
                if let Some(found) = select.heads.into_iter().flatten().find(|head| *head >= heads) {
                    return Err(ModelError::NoSuchHead { site, found, heads });
                }
            }
        }
        Ok(depth)
    }

    /// Groups the texts by length and looks up their embeddings.
    fn embed(&self, texts: &[Vec<u32>]) -> Result<Vec<Batch>, ModelError> {
        // Enough rows for a matrix product to be efficient, no more than a little memory.
        let together = if self.device.is_cpu() { 2048 } else { 32_768 };
        let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (text, tokens) in texts.iter().enumerate() {
            by_length.entry(tokens.len()).or_default().push(text);
        }
        let spec = self.checkpoint.spec();
        let embedding = self.embedding()?;
        let mut batches = Vec::new();
        for (tokens, group) in by_length {
            for texts_together in group.chunks((together / tokens).max(1)) {
                let ids: Vec<u32> = texts_together.iter().flat_map(|text| &texts[*text]).copied().collect();
                let count = texts_together.len();
                let rows = embedding.index_select(&Tensor::from_vec(ids, count * tokens, embedding.device())?, 0)?;
                let rows = rows.to_device(&self.device.0)?.to_dtype(self.precision.dtype())?;
                let stream = rows.reshape((count, tokens, spec.hidden))?;
                batches.push(Batch { texts: texts_together.to_vec(), tokens, stream });
            }
        }
        if let Some(norm) = spec.embedding_norm {
            let weights = self.norm_weights(self.checkpoint.weights().family.names.embedding_norm, norm)?;
            for batch in &mut batches {
                batch.stream = self.norm(&batch.stream, norm, &weights)?;
            }
        }
        Ok(batches)
    }

    fn layer(&self, number: usize) -> Result<Rc<LayerWeights>, ModelError> {
        let read = || {
            let spec = self.checkpoint.spec();
            self.checkpoint.weights().layer(spec, number, &self.device.0, self.precision).map(Rc::new)
        };
        let Some(kept) = &self.kept else { return read() };
        if let Some(weights) = &kept.borrow().layers[number] {
            return Ok(Rc::clone(weights));
        }
        let weights = read()?;
        kept.borrow_mut().layers[number] = Some(Rc::clone(&weights));
        Ok(weights)
    }

    fn embedding(&self) -> Result<Tensor, ModelError> {
        let read = || self.checkpoint.weights().embedding(self.checkpoint.spec());
        let Some(kept) = &self.kept else { return read() };
        if let Some(embedding) = &kept.borrow().embedding {
            return Ok(embedding.clone());
        }
        let embedding = read()?;
        kept.borrow_mut().embedding = Some(embedding.clone());
        Ok(embedding)
    }

    fn norm_weights(&self, name: &str, norm: Norm) -> Result<NormWeights, ModelError> {
        let hidden = self.checkpoint.spec().hidden;
        self.checkpoint.weights().norm(name, norm.kind, hidden, &self.device.0, self.precision)
    }

    /// A norm over the last axis, computed in the wide type.
    fn norm(&self, x: &Tensor, norm: Norm, weights: &NormWeights) -> Result<Tensor, candle_core::Error> {
        let mut x = x.to_dtype(self.precision.wide())?;
        if norm.kind == NormKind::Layer {
            x = x.broadcast_sub(&x.mean_keepdim(2)?)?;
        }
        let scale = (x.sqr()?.mean_keepdim(2)? + norm.eps)?.sqrt()?.recip()?;
        let mut y = x.broadcast_mul(&scale)?.broadcast_mul(&weights.weight)?;
        if let Some(bias) = &weights.bias {
            y = y.broadcast_add(bias)?;
        }
        y.to_dtype(self.precision.dtype())
    }

    fn activation(&self, x: &Tensor, activation: Activation) -> Result<Tensor, candle_core::Error> {
        let x = x.to_dtype(self.precision.wide())?;
        let y = match activation {
            Activation::Silu => x.silu()?,
            Activation::Gelu => x.gelu_erf()?,
            Activation::GeluTanh(c) => {
                let inner = (x.sqr()?.affine(0.044_715 * c, c)? * &x)?;
                (inner.tanh()?.affine(0.5, 0.5)? * &x)?
            }
            Activation::Relu => x.relu()?,
        };
        y.to_dtype(self.precision.dtype())
    }
}

/// Weights that outlive a run.
#[derive(Debug)]
struct Kept {
    embedding: Option<Tensor>,
    layers: Vec<Option<Rc<LayerWeights>>>,
}

/// One run: what outlives a layer, and the way to the sink.
struct Pass<'p, 'c> {
    decoder: &'p Decoder<'c>,
    sink: &'p mut dyn Sink,
    /// The last mask that was made, by first row, rows, keys and kind.
    mask: Option<((usize, usize, usize, bool), Tensor)>,
    /// The cosines and sines made so far, by embedding and length.
    turns: Vec<(Rotary, usize, Rc<Turns>)>,
    /// Look for a value that is not finite at each tap, and hand nothing over.
    checking: bool,
}

impl Pass<'_, '_> {
    /// The layer's output. Shapes: `B` texts, `L` tokens, `h` hidden, `H` heads, `D` per head.
    fn layer(&mut self, number: usize, weights: &LayerWeights, batch: &Batch) -> Result<Tensor, ModelError> {
        let decoder = self.decoder;
        let spec = &decoder.checkpoint.spec().layers[number];
        let x = &batch.stream;
        let normed = decoder.norm(x, spec.attention_norm, &weights.attention_norm)?;
        let attended = self.attention(number, spec, weights, batch, &normed)?;
        self.put(number, Tap::AttentionOutput, batch, &attended.unsqueeze(1)?)?;

        let mlp = |x: &Tensor| -> Result<Tensor, candle_core::Error> {
            let x = decoder.norm(x, spec.mlp_norm, &weights.mlp_norm)?;
            let up = weights.up.apply(&x)?;
            let inner = match &weights.gate {
                Some(gate) => (decoder.activation(&gate.apply(&x)?, spec.mlp.activation)? * up)?,
                None => decoder.activation(&up, spec.mlp.activation)?,
            };
            weights.down.apply(&inner)
        };
        let (residual, added) = match spec.topology {
            Topology::Sequential => {
                let middle = (x + &attended)?;
                let added = mlp(&middle)?;
                (middle, added)
            }
            Topology::Parallel => ((x + &attended)?, mlp(x)?),
            Topology::ResidualAfterNorm => {
                let middle = (&normed + &attended)?;
                let added = mlp(&middle)?;
                (decoder.norm(&middle, spec.mlp_norm, &weights.mlp_norm)?, added)
            }
        };
        self.put(number, Tap::MlpOutput, batch, &added.unsqueeze(1)?)?;
        Ok((residual + added)?)
    }

    fn attention(
        &mut self,
        number: usize,
        spec: &LayerSpec,
        weights: &LayerWeights,
        batch: &Batch,
        x: &Tensor,
    ) -> Result<Tensor, ModelError> {
        let (decoder, attention) = (self.decoder, &spec.attention);
        let (texts, tokens, wide) = (batch.texts.len(), batch.tokens, decoder.precision.wide());
        // [B, L, H D] to [B, H, L, D].
        let split = |x: Tensor, heads: usize| {
            x.reshape((texts, tokens, heads, attention.head_dim))?.transpose(1, 2)?.contiguous()?.to_dtype(wide)
        };
        let mut query = split(weights.query.apply(x)?, attention.heads)?;
        let mut key = split(weights.key.apply(x)?, attention.kv_heads)?;
        let value = split(weights.value.apply(x)?, attention.kv_heads)?;
        self.put(number, Tap::Query, batch, &query)?;
        self.put(number, Tap::Key, batch, &key)?;
        if let Position::Rotary(rotary) = &attention.position {
            let turns = self.turns(rotary, tokens)?;
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

    /// Attention times values, `[B, H, L, D]`, block by block of heads and queries.
    fn mix(
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
        let blocks = Blocks::new(self.decoder.device.is_cpu(), texts, tokens, shared);
        let future = [Tap::Scores, Tap::Bias, Tap::Attention]
            .into_iter()
            .any(|tap| self.wanted(Site { layer: Some(number), tap }).is_some_and(|select| select.future_keys));
        let mut groups = Vec::new();
        for kv in pieces(attention.kv_heads, blocks.kv_heads) {
            let heads = kv.start * shared..kv.end * shared;
            let key = key.narrow(1, kv.start, kv.len())?;
            let value = value.narrow(1, kv.start, kv.len())?;
            let query = query.narrow(1, heads.start, heads.len())?;
            let slopes = match &attention.position {
                Position::Alibi(slopes) => Some(&slopes[heads.clone()]),
                Position::Rotary(_) => None,
            };
            let mut parts = Vec::new();
            for rows in pieces(tokens, blocks.rows) {
                let keys = if future { tokens } else { rows.end };
                // The queries of all heads that share a key-value head are rows of one product.
                let stacked = (texts, kv.len(), shared * rows.len(), ());
                let apart = (texts, heads.len(), rows.len(), ());
                let queries = query.narrow(2, rows.start, rows.len())?.contiguous()?.reshape(stacked)?;
                let keys_seen = key.narrow(2, 0, keys)?.contiguous()?;
                let scores = queries.matmul(&keys_seen.t()?)?.reshape(apart)?;
                let place = Place { number, heads: heads.clone(), rows: rows.clone() };
                self.put_keys(&place, Tap::Scores, batch, || Ok(scores.clone()))?;
                self.put_keys(&place, Tap::Bias, batch, || {
                    // Host side: this tap is for looking at, and needs no speed.
                    let entry = |head: usize, row: usize, key: usize| {
                        slopes.map_or(0.0, |slopes| slopes[head] * (key as f64 - row as f64))
                    };
                    let values: Vec<f64> = (0..heads.len())
                        .flat_map(|head| {
                            rows.clone().flat_map(move |row| (0..keys).map(move |key| entry(head, row, key)))
                        })
                        .collect();
                    let bias = Tensor::from_vec(values, (1, heads.len(), rows.len(), keys), scores.device())?;
                    bias.to_dtype(scores.dtype())?.repeat((texts, 1, 1, 1))
                })?;
                let probabilities = if scores.device().is_cpu() {
                    causal_softmax(&scores, rows.start, slopes)?
                } else {
                    masked_softmax(&scores, &self.mask(rows.clone(), keys, slopes.is_some(), &scores)?, slopes)?
                };
                self.put_keys(&place, Tap::Attention, batch, || Ok(probabilities.clone()))?;
                let values_seen = value.narrow(2, 0, keys)?.contiguous()?;
                parts.push(probabilities.reshape(stacked)?.matmul(&values_seen)?.reshape((
                    texts,
                    heads.len(),
                    rows.len(),
                    dim,
                ))?);
            }
            groups.push(Tensor::cat(&parts, 2)?);
        }
        Ok(Tensor::cat(&groups, 1)?)
    }

    /// The final norm and the output head, where they are wanted.
    fn finish(&mut self, batches: &[Batch]) -> Result<(), ModelError> {
        let decoder = self.decoder;
        let spec = decoder.checkpoint.spec();
        let weights = decoder.checkpoint.weights();
        let norm = decoder.norm_weights(weights.family.names.final_norm, spec.final_norm)?;
        let logits = Site { layer: None, tap: Tap::Logits };
        let head = match self.wanted(logits) {
            Some(_) => Some(weights.head(spec, &decoder.device.0, decoder.precision)?),
            None => None,
        };
        for batch in batches {
            let last = decoder.norm(&batch.stream, spec.final_norm, &norm)?;
            self.put_model(Tap::Final, batch, 0, &last)?;
            let Some(head) = &head else { continue };
            // Few rows at a time: a vocabulary is far wider than the model.
            for rows in pieces(batch.tokens, 512) {
                let scores = head.apply(&last.narrow(1, rows.start, rows.len())?.contiguous()?)?;
                self.require_finite_at(logits, batch, &scores)?;
                self.put_model(Tap::Logits, batch, rows.start, &scores)?;
            }
        }
        Ok(())
    }
}

/// A block of a tap over keys.
struct Place {
    number: usize,
    heads: Range<usize>,
    rows: Range<usize>,
}

/// Handing over, and looking for what is not finite.
impl Pass<'_, '_> {
    fn wanted(&self, site: Site) -> Option<Select> {
        if self.checking { None } else { self.sink.want(site) }
    }

    /// A whole tap of a layer, `[B, heads, L, columns]`.
    fn put(&mut self, number: usize, tap: Tap, batch: &Batch, tensor: &Tensor) -> Result<(), ModelError> {
        self.emit(Site { layer: Some(number), tap }, batch, 0, 0, tensor)
    }

    /// Rows of a tap of the model, `[B, rows, columns]`.
    fn put_model(&mut self, tap: Tap, batch: &Batch, first_row: usize, tensor: &Tensor) -> Result<(), ModelError> {
        self.emit(Site { layer: None, tap }, batch, 0, first_row, &tensor.unsqueeze(1)?)
    }

    /// A block of a tap over keys, `[B, heads, rows, keys]`, made only if it is looked at.
    fn put_keys(
        &mut self,
        place: &Place,
        tap: Tap,
        batch: &Batch,
        tensor: impl FnOnce() -> Result<Tensor, candle_core::Error>,
    ) -> Result<(), ModelError> {
        let site = Site { layer: Some(place.number), tap };
        if self.checking || self.wanted(site).is_some() {
            self.emit(site, batch, place.heads.start, place.rows.start, &tensor()?)?;
        }
        Ok(())
    }

    fn emit(
        &mut self,
        site: Site,
        batch: &Batch,
        first_head: usize,
        first_row: usize,
        tensor: &Tensor,
    ) -> Result<(), ModelError> {
        if self.checking {
            return self.require_finite_at(site, batch, tensor);
        }
        let Some(select) = self.sink.want(site) else { return Ok(()) };
        let (_, head_count, row_count, mut columns) = tensor.dims4()?;
        let mut tensor = tensor.clone();
        let mut heads: Vec<usize> = (first_head..first_head + head_count).collect();
        if let Some(selected) = select.heads.filter(|_| site.tap.is_per_head() || site.tap.is_per_kv_head()) {
            heads.retain(|head| selected.contains(head));
            if heads.len() < head_count {
                let local: Vec<u32> = heads.iter().map(|head| (head - first_head) as u32).collect();
                tensor = tensor.index_select(&Tensor::new(local, tensor.device())?, 1)?;
            }
        }
        let mut rows = first_row..first_row + row_count;
        if let Some(selected) = select.rows {
            rows = rows.start.max(selected.start)..rows.end.min(selected.end);
        }
        if heads.is_empty() || rows.is_empty() {
            return Ok(());
        }
        tensor = tensor.narrow(2, rows.start - first_row, rows.len())?;
        if site.tap.is_over_keys() && !select.future_keys {
            columns = columns.min(rows.end);
            tensor = tensor.narrow(3, 0, columns)?;
        }
        let block = Block { site, texts: &batch.texts, heads: &heads, rows, columns, tensor: &tensor };
        self.sink.put(&block).map_err(ModelError::Sink)
    }

    /// Checks the outputs of a layer, with one wait for the device. On failure the layer is run
    /// again to find the first tap at fault.
    fn require_finite(
        &mut self,
        number: usize,
        weights: &LayerWeights,
        batches: &[Batch],
        streams: &[Tensor],
    ) -> Result<(), ModelError> {
        let Some(faulty) = first_not_finite(streams)? else { return Ok(()) };
        let batch = &batches[faulty];
        self.checking = true;
        self.layer(number, weights, batch)?;
        // Every tap is finite, so it was the last sum that overflowed: the next layer's input.
        let layers = self.decoder.checkpoint.spec().layers.len();
        let site = match number + 1 {
            next if next < layers => Site { layer: Some(next), tap: Tap::Residual },
            _ => Site { layer: None, tap: Tap::Final },
        };
        self.require_finite_at(site, batch, &streams[faulty])
    }

    fn require_finite_at(&self, site: Site, batch: &Batch, tensor: &Tensor) -> Result<(), ModelError> {
        let texts = (0..batch.texts.len()).map(|text| tensor.narrow(0, text, 1)).collect::<Result<Vec<_>, _>>()?;
        match first_not_finite(&texts)? {
            Some(text) => {
                Err(ModelError::NonFinite { site, text: batch.texts[text], precision: self.decoder.precision })
            }
            None => Ok(()),
        }
    }
}

/// The first of these tensors with an element that is not finite: `0 · x` is 0 for finite `x` only.
fn first_not_finite(tensors: &[Tensor]) -> Result<Option<usize>, candle_core::Error> {
    let sums = tensors.iter().map(|x| (x * 0.0)?.sum_all()?.to_dtype(DType::F32)).collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::stack(&sums, 0)?.to_vec1::<f32>()?.iter().position(|sum| sum.is_nan()))
}

/// What is made once for several layers.
impl Pass<'_, '_> {
    fn turns(&mut self, rotary: &Rotary, tokens: usize) -> Result<Rc<Turns>, ModelError> {
        if let Some((_, _, turns)) = self.turns.iter().find(|(known, length, _)| known == rotary && *length == tokens) {
            return Ok(Rc::clone(turns));
        }
        let frequencies =
            rotary.frequencies(tokens).expect("the rotary embedding was checked when the config was read");
        let positions: Vec<f64> = (0..tokens).map(|position| position as f64).collect();
        let (cos, sin) = frequencies.cos_sin::<f64>(&positions);
        let place = |table: Vec<f64>| {
            let table = Tensor::from_vec(table, (tokens, frequencies.pairs()), &candle_core::Device::Cpu)?;
            table.to_dtype(self.decoder.precision.wide())?.to_device(&self.decoder.device.0)
        };
        let turns = Rc::new(Turns { cos: place(cos)?, sin: place(sin)? });
        self.turns.push((rotary.clone(), tokens, Rc::clone(&turns)));
        Ok(turns)
    }

    fn mask(&mut self, rows: Range<usize>, keys: usize, of_lags: bool, like: &Tensor) -> Result<Tensor, ModelError> {
        let wanted = (rows.start, rows.len(), keys, of_lags);
        if let Some((known, mask)) = &self.mask
            && *known == wanted
        {
            return Ok(mask.clone());
        }
        let mask = causal_mask(rows, keys, of_lags, like)?;
        self.mask = Some((wanted, mask.clone()));
        Ok(mask)
    }
}

/// Turns the first coordinates of each head, `[B, heads, L, D]`.
fn rotate(x: &Tensor, rotary: &Rotary, turns: &Turns) -> Result<Tensor, candle_core::Error> {
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
fn pieces(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(size).map(move |start| start..(start + size).min(count))
}
