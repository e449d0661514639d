use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use candle_core::Tensor;

use super::attention::Turns;
use super::budget::Budget;
use super::pass::Pass;
use super::placement::{HEAD_PIECE, Placement, Plan, Sizes};
use super::spec::{Rotary, Spec};
use super::tap::{Sink, Site, Tap};
use super::weights::{LayerWeights, Linear};
use super::{Checkpoint, Devices, ModelError, Precision};

/// Runs a checkpoint over texts, layer by layer.
///
/// A layer's weights are read when the layer is reached, serve all texts, and are dropped, unless a
/// [`Budget`] lets them stay; texts of one length go through it together. Memory is that of one
/// layer, one block of scores, and the residual streams of all texts. Layers after the last one from
/// which something is wanted are not run.
///
/// Where there are several devices, each has a range of the layers ([`Placement`]), and the residual
/// streams go from one to the next.
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
    devices: Devices,
    placement: Placement,
    pub(super) precision: Precision,
    extrapolate: bool,
    plan: Plan,
    kept: Kept,
    /// Cosines and sines, by embedding and length, made last.
    pub(super) turns: RefCell<Vec<(Rotary, usize, Rc<Turns>)>>,
}

/// Weights that outlive a run, once they have been read.
#[derive(Debug)]
struct Kept {
    embedding: OnceCell<Tensor>,
    layers: Vec<OnceCell<Arc<LayerWeights>>>,
    head: OnceCell<Linear>,
}

/// Texts of one length that go through the layers together.
pub(super) struct Batch {
    pub(super) texts: Vec<usize>,
    pub(super) tokens: usize,
    /// The residual stream, `[texts, tokens, hidden]`.
    pub(super) stream: Tensor,
}

impl<'c> Decoder<'c> {
    /// A decoder that keeps no weights: its budget is [`Budget::Least`].
    ///
    /// # Errors
    /// The processor computes in `f32` and `f64` only.
    pub fn new(
        checkpoint: &'c Checkpoint,
        devices: impl Into<Devices>,
        precision: Precision,
    ) -> Result<Self, ModelError> {
        let devices = devices.into();
        let on_cpu = devices.all().iter().any(super::Device::is_cpu);
        if on_cpu && !matches!(precision, Precision::F32 | Precision::F64) {
            return Err(ModelError::PrecisionOnCpu { asked: precision });
        }
        let sizes = checkpoint.weights().sizes(checkpoint.spec(), precision);
        let placement = Placement::balanced(&sizes.layers, sizes.table, devices.all().len());
        let plan = planned(&sizes, &placement, Budget::Least)?;
        let layers = sizes.layers.iter().map(|_| OnceCell::new()).collect();
        let kept = Kept { embedding: OnceCell::new(), layers, head: OnceCell::new() };
        Ok(Self {
            checkpoint,
            devices,
            placement,
            precision,
            extrapolate: false,
            plan,
            kept,
            turns: RefCell::default(),
        })
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

    /// Lets this much of the weights be in memory.
    ///
    /// # Errors
    /// It is less than one layer takes, or a piece of the output head; the error says how much is
    /// needed.
    pub fn with_budget(mut self, budget: Budget) -> Result<Self, ModelError> {
        let sizes = self.checkpoint.weights().sizes(self.spec(), self.precision);
        self.plan = planned(&sizes, &self.placement, budget)?;
        Ok(self)
    }

    /// Which layers each device runs.
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Runs the texts, token ids each, and hands to `sink` what it wants.
    ///
    /// # Errors
    /// A text without tokens, with an id that has no embedding, or too long; a selected head that
    /// does not exist; a weight or a value that is not finite; a failure of the device or the sink.
    pub fn run(&self, texts: &[Vec<u32>], sink: &mut dyn Sink) -> Result<(), ModelError> {
        self.check_texts(texts)?;
        let depth = self.depth(sink)?;
        // Where nothing is wanted after the attention of the last layer that is run, that is the end.
        let ends_at = depth.checked_sub(1).filter(|last| !self.wants_after_attention(*last, sink));
        let mut pass = Pass {
            decoder: self,
            sink,
            mask: None,
            checking: false,
            ends_at,
            #[cfg(feature = "cuda")]
            watches: super::kernel::Watches::default(),
        };
        let outcome = self.pass_through(texts, depth, &mut pass);
        #[cfg(feature = "cuda")]
        if let Some(layer) = pass.watches.lowest()? {
            // Again, looking at every tap where it is made.
            pass.checking = true;
            self.pass_through(texts, depth, &mut pass)?;
            // Every tap is finite in the whole-tensor operations that made them now.
            let tap = if (layer as usize) < self.spec().layers.len() { Tap::MlpOutput } else { Tap::Logits };
            let site = Site { layer: tap.is_per_layer().then_some(layer as usize), tap };
            return Err(ModelError::NonFinite { site, text: 0, precision: self.precision });
        }
        outcome
    }

    /// Takes the texts through as many layers as `depth` says, and through the output head after all.
    fn pass_through(&self, texts: &[Vec<u32>], depth: usize, pass: &mut Pass<'_, '_>) -> Result<(), ModelError> {
        let layers = self.spec().layers.len();
        let mut batches = self.embed(texts)?;
        thread::scope(|scope| {
            let mut coming = None;
            for number in 0..layers {
                pass.hand_over(number, &mut batches)?;
                for batch in &batches {
                    pass.put(number, Tap::Residual, batch, &batch.stream.unsqueeze(1)?)?;
                }
                if number >= depth {
                    return Ok(());
                }
                let weights = match coming.take() {
                    Some(reader) => self.keep(number, joined(reader)?),
                    None => self.layer(number)?,
                };
                if number + 1 < depth && self.reads_ahead(number + 1) {
                    let (checkpoint, device, precision) = (self.checkpoint, self.device(number + 1), self.precision);
                    let read = move || {
                        let layer = checkpoint.weights().layer(checkpoint.spec(), number + 1, device, precision)?;
                        // A thread's work on a GPU is waited for by no other's.
                        device.synchronize()?;
                        Ok::<_, ModelError>(layer)
                    };
                    coming = Some(scope.spawn(read));
                }
                for batch in &mut batches {
                    let stream = pass.layer(number, &weights, batch)?;
                    pass.require_finite(number, &weights, batch, &stream)?;
                    batch.stream = stream;
                }
                pass.sink.after_layer(number);
                if pass.ends_at == Some(number) {
                    return Ok(());
                }
            }
            pass.finish(&batches)
        })
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
            if sink.wants_rows(number) {
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

    /// Whether the sink wants anything that comes after the attention of this layer.
    fn wants_after_attention(&self, number: usize, sink: &dyn Sink) -> bool {
        let next = (number + 1 < self.spec().layers.len()).then_some(number + 1);
        let own = Site { layer: Some(number), tap: Tap::MlpOutput };
        let residual = next.map(|layer| Site { layer: Some(layer), tap: Tap::Residual });
        let of_model = [Tap::Final, Tap::Logits].map(|tap| Site { layer: None, tap });
        of_model.into_iter().chain([own]).chain(residual).any(|site| sink.want(site).is_some())
    }

    /// Groups the texts by length and looks up their embeddings.
    fn embed(&self, texts: &[Vec<u32>]) -> Result<Vec<Batch>, ModelError> {
        let device = self.device(0);
        // Enough rows for a matrix product to be efficient, no more than a little memory.
        let together = if device.is_cpu() { 2048 } else { 32_768 };
        let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (text, tokens) in texts.iter().enumerate() {
            by_length.entry(tokens.len()).or_default().push(text);
        }
        let spec = self.checkpoint.spec();
        let mut batches = Vec::new();
        for (tokens, group) in by_length {
            for texts_together in group.chunks((together / tokens).max(1)) {
                let ids: Vec<u32> = texts_together.iter().flat_map(|text| &texts[*text]).copied().collect();
                let count = texts_together.len();
                let stream = self.embedding(&ids)?.reshape((count, tokens, spec.embedding.width))?;
                batches.push(Batch { texts: texts_together.to_vec(), tokens, stream });
            }
        }
        let weights = self.checkpoint.weights().after_embedding(spec, device, self.precision)?;
        for batch in &mut batches {
            batch.stream = self.embedded(&batch.stream, &weights)?;
        }
        Ok(batches)
    }

    /// The device of a layer, or for the number of layers that of the output head.
    pub(super) fn device(&self, layer: usize) -> &candle_core::Device {
        &self.devices.all()[self.placement.device_of(layer)].0
    }

    fn layer(&self, number: usize) -> Result<Arc<LayerWeights>, ModelError> {
        if let Some(weights) = self.kept.layers[number].get() {
            return Ok(Arc::clone(weights));
        }
        let weights = self.checkpoint.weights();
        Ok(self.keep(number, weights.layer(self.spec(), number, self.device(number), self.precision)?))
    }

    fn keep(&self, number: usize, weights: LayerWeights) -> Arc<LayerWeights> {
        let weights = Arc::new(weights);
        if self.plan.layers[number] {
            return Arc::clone(self.kept.layers[number].get_or_init(|| weights));
        }
        weights
    }

    /// Whether this layer is to be read while the one before it is in use.
    fn reads_ahead(&self, layer: usize) -> bool {
        self.plan.ahead[self.placement.device_of(layer)] && self.kept.layers[layer].get().is_none()
    }

    /// The embedding of these tokens, `[tokens, hidden]`, where the first layer is.
    fn embedding(&self, tokens: &[u32]) -> Result<Tensor, ModelError> {
        let (weights, spec, device) = (self.checkpoint.weights(), self.spec(), self.device(0));
        if !self.plan.embedding {
            return weights.embedding(spec, tokens, device, self.precision);
        }
        let embedding = match (self.kept.embedding.get(), self.kept.head.get()) {
            (Some(embedding), _) => embedding.clone(),
            (None, Some(head)) if spec.head.tied && head.weight.device().same_device(device) => head.weight.clone(),
            _ => weights.whole_embedding(spec, device, self.precision)?,
        };
        let embedding = self.kept.embedding.get_or_init(|| embedding);
        Ok(embedding.index_select(&Tensor::new(tokens, device)?, 0)?)
    }

    /// The output head, for these tokens of the vocabulary.
    pub(super) fn head(&self, vocabulary: Range<usize>) -> Result<Linear, ModelError> {
        let (weights, spec) = (self.checkpoint.weights(), self.spec());
        let device = self.device(spec.layers.len());
        if !self.plan.head {
            return weights.scores(spec, vocabulary, None, device, self.precision);
        }
        let head = match self.kept.head.get() {
            Some(head) => head,
            None => {
                let embedding = self.kept.embedding.get().filter(|embedding| embedding.device().same_device(device));
                let head = weights.scores(spec, 0..spec.vocabulary, embedding, device, self.precision)?;
                self.kept.head.get_or_init(|| head)
            }
        };
        Ok(head.outputs(vocabulary)?)
    }

    /// Tokens of the vocabulary whose part of the output head is in memory at once.
    pub(super) fn head_piece(&self) -> usize {
        let spec = self.spec();
        if self.plan.head {
            return spec.vocabulary;
        }
        let row = spec.embedding.width * self.precision.dtype().size_in_bytes();
        (HEAD_PIECE as usize / row).max(1)
    }
}

fn planned(sizes: &Sizes, placement: &Placement, budget: Budget) -> Result<Plan, ModelError> {
    Plan::new(sizes, placement, budget).map_err(|too_small| {
        let Budget::Bytes(asked) = budget else { unreachable!("only a number of bytes can be too small") };
        ModelError::Budget { asked, reason: too_small.reason() }
    })
}

/// What a thread has read; its panic is ours.
fn joined<T>(reader: thread::ScopedJoinHandle<'_, T>) -> T {
    reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
