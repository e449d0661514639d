use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use candle_core::Tensor;

use super::pass::Pass;
use super::spec::Spec;
use super::tap::{Sink, Site, Tap};
use super::weights::LayerWeights;
use super::{Checkpoint, Device, ModelError, Precision};

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
    pub(super) checkpoint: &'c Checkpoint,
    pub(super) device: Device,
    pub(super) precision: Precision,
    extrapolate: bool,
    /// What has been read so far, where it is kept.
    kept: Option<RefCell<Kept>>,
}

/// Texts of one length that go through the layers together.
pub(super) struct Batch {
    pub(super) texts: Vec<usize>,
    pub(super) tokens: usize,
    /// The residual stream, `[texts, tokens, hidden]`.
    pub(super) stream: Tensor,
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
            if let Some(limit) = spec.embedding.positions.map(|learned| learned.rows - learned.offset)
                && tokens.len() > limit
            {
                return Err(ModelError::NoPosition { text, found: tokens.len(), limit });
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
            if let Some(reduction) = sink.reduce(number) {
                reduction.check()?;
                depth = depth.max(number + 1);
            }
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
                let stream = rows.reshape((count, tokens, spec.embedding.width))?;
                batches.push(Batch { texts: texts_together.to_vec(), tokens, stream });
            }
        }
        let weights = self.checkpoint.weights().after_embedding(spec, &self.device.0, self.precision)?;
        for batch in &mut batches {
            batch.stream = self.embedded(&batch.stream, &weights)?;
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
}

/// Weights that outlive a run.
#[derive(Debug)]
struct Kept {
    embedding: Option<Tensor>,
    layers: Vec<Option<Rc<LayerWeights>>>,
}
