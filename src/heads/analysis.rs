use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Comparison, Definition, Label, PerNull, Plan, ProbeOutcome, RotaryOfLayer, Signal, SinkRule, Taper};
use crate::signal::{Boundary, Norm, frequencies};
use crate::wavelet::MotherWavelet;

/// How to measure heads.
#[derive(Debug)]
pub struct Settings {
    /// Longest piece of a text that the model reads at once, in tokens.
    pub window: usize,
    /// How signals are made and transformed.
    pub plan: Arc<Plan>,
    /// Whether a fresh head of a layer stands for each of its heads: true where fresh heads are
    /// exchangeable, false where each has a bias of its own (ALiBi).
    pub pool_untrained_heads: bool,
    /// The seed of the run, from which resamples are drawn.
    pub seed: u64,
    /// The mother wavelet of the transforms.
    pub wavelet: Box<dyn MotherWavelet>,
}

/// The heads of a checkpoint as signals: what `ropelet analyze` writes and what is drawn.
///
/// `docs/analysis.md` defines every number in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// `ropelet.analyze/1`.
    pub schema: &'static str,
    /// What was analysed.
    pub checkpoint: Source,
    /// How it was analysed.
    pub protocol: Protocol,
    /// The texts that were read.
    pub texts: Vec<Text>,
    /// What every metric is: those of a head, of a layer, of the model.
    pub metrics: Vec<Definition>,
    /// Every head, layer by layer.
    pub heads: Vec<Head>,
    /// What belongs to the heads of each layer together.
    pub layers: Vec<Layer>,
    /// What belongs to all heads together.
    pub model: Whole,
}

/// The heads of one layer together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layer {
    /// The layer, from 0.
    pub layer: usize,
    /// Its metrics, in the order of their definitions.
    pub metrics: Vec<Measurement>,
    /// How the heads cover the frequencies, of each signal that has power spectra.
    pub filter_sums: Vec<FilterSum>,
}

/// Littlewood-Paley's sum of several heads: how a bank of them as filters lets each frequency through.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilterSum {
    /// The signal that it is of.
    pub signal: Signal,
    /// `LP(k) = Σ_h |ĥ_h(k)|²` at `k/N` cycles per token, `k = 1..=N/2`, every head without its mean and of energy
    /// 1; empty where every head is constant.
    pub heads: Vec<f64>,
    /// Mean sums over the draws of each null model; empty where it has none.
    pub nulls: PerNull<Vec<f64>>,
}

/// All heads of the model together.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Whole {
    /// Their metrics, in the order of their definitions.
    pub metrics: Vec<Measurement>,
    /// How they cover the frequencies, of each signal that has power spectra.
    pub filter_sums: Vec<FilterSum>,
}

/// The model whose heads these are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its folder or hub name, as it was asked for.
    pub name: String,
    /// The family, as `model_type` names it.
    pub family: String,
    /// Number of layers.
    pub layers: usize,
    /// Number of query heads of each layer.
    pub heads: Vec<usize>,
    /// Where it ran: `cpu`, `cuda:0`.
    pub device: String,
    /// The type it computed in.
    pub dtype: String,
}

/// How the heads were measured. Frequencies are in cycles per token, scales and lags in tokens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Protocol {
    /// Longest piece of a text that the model reads at once; texts are cut into such windows.
    pub window: usize,
    /// `N`: number of lags of a profile and of points of a spectrum.
    pub lags: usize,
    /// What became of the attention to key 0.
    pub sink: SinkRule,
    /// What signals were multiplied by before a Fourier transform.
    pub taper: Taper,
    /// Draws of each of the null models `shuffled`, `dirichlet`, `alibi` and `sink`.
    pub draws: usize,
    /// How often the configuration was initialised afresh.
    pub untrained_seeds: usize,
    /// Whether `untrained` takes all heads of a layer as draws for each of its heads.
    pub untrained_pools_heads: bool,
    /// Groups that texts were kept apart in: a text belongs to the group of its place in the list, modulo these.
    pub groups: usize,
    /// Resamples of the groups that intervals are made of; none of fewer than three groups with texts.
    pub resamples: usize,
    /// Seed of everything that was drawn at random.
    pub seed: u64,
    /// Edges between low, middle and high band.
    pub band_edges: [f64; 2],
    /// The rotary pairs of each layer that has them.
    pub rotary: Vec<RotaryOfLayer>,
    /// Random tokens that were read twice; `None` where none were.
    pub probes: Option<ProbeOutcome>,
    /// The transform of the lag profiles.
    pub lag_transform: Transform,
    /// The transform of the spectra, along the bins `1..=N/2`.
    pub spectrum_transform: Transform,
}

/// A wavelet transform on a grid of scales.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transform {
    /// The mother wavelet.
    pub wavelet: &'static str,
    /// Its parameters.
    pub parameters: BTreeMap<&'static str, f64>,
    /// The factor of each scale.
    pub norm: Norm,
    /// What the signal is taken to be outside its range.
    pub boundary: Boundary,
    /// Scales `a`, ascending, in samples of the signal.
    pub scales: Vec<f64>,
    /// Centre frequency of the wavelet at each scale, in cycles per sample.
    pub frequencies: Vec<f64>,
    /// Distance from either end within which a coefficient depends on the boundary, at each scale,
    /// in samples: the scale times the wavelet's e-folding time \[torrence1998\].
    pub cone: Vec<f64>,
}

/// One text and how much of it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Its file.
    pub name: String,
    /// Number of tokens.
    pub tokens: usize,
    /// Lengths of the windows that the model read. A remainder that is not longer than the lags is left out.
    pub windows: Vec<usize>,
    /// Number of its rows with more keys than lags, in each head.
    pub rows: usize,
}

impl Text {
    /// Cuts a text of so many tokens into windows, the last of which may be shorter than the others, but is
    /// longer than the lags.
    ///
    /// # Panics
    /// When the window has no tokens.
    pub fn cut(name: String, tokens: usize, window: usize, lags: usize) -> Self {
        let mut windows = vec![window; tokens / window];
        windows.push(tokens % window);
        windows.retain(|length| *length > lags);
        let rows = windows.iter().map(|length| length - lags).sum();
        Self { name, tokens, windows, rows }
    }
}

/// One head: its curves and its metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Head {
    /// The layer, from 0.
    pub layer: usize,
    /// The head within the layer, from 0.
    pub head: usize,
    /// Number of rows that every mean is over.
    pub rows: u64,
    /// The curves of the head itself.
    #[serde(flatten)]
    pub curves: Curves,
    /// `|W|²` of the lag profile, row-major `[scales][lags]`, on the grid of
    /// [`Protocol::lag_transform`].
    pub lag_scalogram: Vec<f32>,
    /// `|W|²` of the spectrum without frequency 0, divided by its sum, row-major `[scales][N/2]`, on
    /// the grid of [`Protocol::spectrum_transform`].
    pub spectrum_scalogram: Vec<f32>,
    /// Mean curves over the draws of each null model; empty where it has no draws.
    pub null_curves: PerNull<Curves>,
    /// Standard deviations of the curves over the draws of each null model; empty where it has fewer than two.
    pub null_spreads: PerNull<Curves>,
    /// `U_i = E|q^(i)| E|k^(i)|` by rotary pair, on the axis of [`Protocol::rotary`]; empty where nothing rotates.
    pub usage: Vec<f64>,
    /// What the head is by published scores.
    pub labels: Vec<Label>,
    /// All metrics, in the order of their definitions.
    pub metrics: Vec<Measurement>,
}

/// The curves that the metrics are computed from.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Curves {
    /// `g(D)`: mean probability at lag `D = 0..N`.
    pub lag_profile: Vec<f64>,
    /// `h(D)`: mean pre-softmax score at lag `D = 0..N`, minus its mean over the lags.
    pub score_profile: Vec<f64>,
    /// `P(k)`: mean power of the rows at `k/N` cycles per token, `k = 0..=N/2`.
    pub spectrum: Vec<f64>,
    /// `f(t)`: mean probability at key position `t = 0..N` in the complete rows of the first `N` queries.
    pub full_profile: Vec<f64>,
}

/// A metric, how far it varies over texts, and what its null models give.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// The signal that it is taken from.
    pub signal: Signal,
    /// The name of its [`Definition`].
    pub metric: Cow<'static, str>,
    /// Its unit.
    pub unit: &'static str,
    /// Its value; `None` where the definition gives none.
    pub value: Option<f64>,
    /// The middle 95 % of its values over resamples of the groups of texts; `None` for fewer than three groups.
    pub interval: Option<[f64; 2]>,
    /// The same metric under each null model.
    pub nulls: PerNull<Comparison>,
}

impl Measurement {
    /// The measurement of this metric among some.
    pub fn find<'a>(measurements: &'a [Self], signal: Signal, metric: &str) -> Option<&'a Self> {
        measurements.iter().find(|measurement| measurement.signal == signal && measurement.metric == metric)
    }
}

impl Head {
    /// `U_i / Σ U`: the share of each rotary pair; as they are where all are 0.
    pub fn usage_shares(&self) -> Vec<f64> {
        let total: f64 = self.usage.iter().sum();
        self.usage.iter().map(|usage| if total > 0.0 { usage / total } else { *usage }).collect()
    }

    /// The measurement of this metric.
    pub fn measurement(&self, signal: Signal, metric: &str) -> Option<&Measurement> {
        Measurement::find(&self.metrics, signal, metric)
    }
}

impl Analysis {
    /// The definition of a metric of a head.
    pub fn definition(&self, signal: Signal, metric: &str) -> Option<&Definition> {
        self.metrics.iter().find(|definition| definition.signal == signal && definition.metric == metric)
    }
}

impl Transform {
    pub(super) fn new(wavelet: &dyn MotherWavelet, scales: &[f64]) -> Self {
        Self {
            wavelet: wavelet.name(),
            parameters: wavelet.parameters().into_iter().collect(),
            norm: Norm::L2,
            boundary: Boundary::Reflect,
            scales: scales.to_vec(),
            frequencies: frequencies(wavelet, scales),
            cone: scales.iter().map(|scale| scale * wavelet.e_folding_time()).collect(),
        }
    }
}
