use std::collections::BTreeMap;
use std::num::NonZeroU32;

use rayon::prelude::*;
use serde::Serialize;

use super::metric::BAND_EDGES;
use super::null::{alibi_draws, dirichlet_draws};
use super::{Comparison, HeadsError, Metric, PerNull, Recorder, Statistics};
use crate::numeric::{Real, gamma};
use crate::signal::{Boundary, Cwt, Norm, SignalError, frequencies, octaves};
use crate::wavelet::MotherWavelet;

/// How to measure heads.
#[derive(Debug)]
pub struct Settings {
    /// Longest piece of a text that the model reads at once, in tokens.
    pub window: usize,
    /// Number of lags of a profile and of points of a spectrum: a power of two, 8 or more.
    pub lags: usize,
    /// Draws of each of the null models `shuffled`, `dirichlet` and `alibi`.
    pub draws: usize,
    /// Whether a fresh head of a layer stands for each of its heads: true where fresh heads are
    /// exchangeable, false where each has a bias of its own (ALiBi).
    pub pool_untrained_heads: bool,
    /// Seed of everything that is drawn at random.
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
    /// Every head, layer by layer.
    pub heads: Vec<Head>,
}

/// The model whose heads these are.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    /// `N`: number of lags of a profile and of points of a spectrum. Rows with fewer keys are left out.
    pub lags: usize,
    /// Draws of each of the null models `shuffled`, `dirichlet` and `alibi`.
    pub draws: usize,
    /// How often the configuration was initialised afresh.
    pub untrained_seeds: usize,
    /// Whether `untrained` takes all heads of a layer as draws for each of its heads.
    pub untrained_pools_heads: bool,
    /// Seed of everything that was drawn at random.
    pub seed: u64,
    /// Edges between low, middle and high band.
    pub band_edges: [f64; 2],
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Its file.
    pub name: String,
    /// Number of tokens.
    pub tokens: usize,
    /// Lengths of the windows that the model read. A remainder shorter than the lags is left out.
    pub windows: Vec<usize>,
    /// Number of rows that were recorded of it, in each head.
    pub rows: usize,
}

impl Text {
    /// Cuts a text of so many tokens into windows, the last of which may be shorter than the others
    /// but not shorter than the lags.
    ///
    /// # Panics
    /// When the window has no tokens.
    pub fn cut(name: String, tokens: usize, window: usize, lags: usize) -> Self {
        let mut windows = vec![window; tokens / window];
        windows.push(tokens % window);
        windows.retain(|length| *length >= lags);
        let rows = windows.iter().map(|length| length + 1 - lags).sum();
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
    /// All metrics, in the order of [`Metric::all`].
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
}

/// A metric of one head, with its null models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// Which metric.
    pub metric: Metric,
    /// Its unit.
    pub unit: &'static str,
    /// Its value; `None` where the definition gives none.
    pub value: Option<f64>,
    /// The same metric under each null model.
    pub nulls: PerNull<Comparison>,
}

impl Head {
    /// The measurement of this metric.
    pub fn measurement(&self, metric: Metric) -> Option<&Measurement> {
        self.metrics.iter().find(|measurement| measurement.metric == metric)
    }
}

/// Turns what was recorded into an [`Analysis`].
///
/// `trained` has one recorder for each head, `untrained` the recorders of the same heads for each
/// seed; all of them have seen the windows of `texts`.
///
/// # Errors
/// A head has no rows or is not finite; a signal is too short for the wavelet's scales.
///
/// # Panics
/// When the recorders have another number of lags than the settings.
pub fn analyze(
    settings: &Settings,
    checkpoint: Source,
    texts: Vec<Text>,
    trained: &[Recorder],
    untrained: &[Vec<Recorder>],
) -> Result<Analysis, HeadsError> {
    let &Settings { lags, draws, seed, pool_untrained_heads, .. } = settings;
    let wavelet = settings.wavelet.as_ref();
    let (lag_scales, bin_scales) = (scales(lags), scales(lags / 2));
    let protocol = Protocol {
        window: settings.window,
        lags: settings.lags,
        draws: settings.draws,
        untrained_seeds: untrained.len(),
        untrained_pools_heads: settings.pool_untrained_heads,
        seed: settings.seed,
        band_edges: BAND_EDGES,
        lag_transform: Transform::new(wavelet, &lag_scales),
        spectrum_transform: Transform::new(wavelet, &bin_scales),
    };
    let lag_transform = Cwt::new(wavelet, lags, &lag_scales, Norm::L2, Boundary::Reflect)?;
    let bin_transform = Cwt::new(wavelet, lags / 2, &bin_scales, Norm::L2, Boundary::Reflect)?;
    assert!(trained.iter().all(|recorder| recorder.lags() == lags), "recorded with other settings");
    let windows: Vec<usize> = texts.iter().flat_map(|text| text.windows.iter().copied()).collect();
    let dirichlet = dirichlet_draws(&windows, lags, draws, seed);
    let alibi = alibi_draws(&windows, lags, draws);
    let untrained = untrained
        .iter()
        .map(|run| run.iter().map(|recorder| Ok((recorder.identity(), recorder.statistics()?.0))).collect())
        .collect::<Result<Vec<Vec<_>>, HeadsError>>()?;
    let metrics = Metric::all(lags);
    let heads = trained
        .par_iter()
        .map(|recorder| {
            let own = recorder.identity();
            let (statistics, shuffled) = recorder.statistics()?;
            let counterparts = untrained
                .iter()
                .flatten()
                .filter(|(other, _)| other.layer == own.layer && (pool_untrained_heads || other.head == own.head));
            let counterparts: Vec<_> = counterparts.map(|(_, statistics)| statistics).collect();
            let draws = PerNull {
                untrained: counterparts,
                shuffled: shuffled.iter().collect(),
                dirichlet: dirichlet.iter().collect(),
                alibi: alibi.iter().collect(),
            };
            // A metric sums over lags what was summed over rows.
            let rounding = gamma(recorder.rows() as usize + lags, f64::UNIT_ROUNDOFF);
            let measure = |&metric: &Metric| {
                let value = metric.of(&statistics);
                let nulls = draws.map(|draws| {
                    let values: Vec<f64> = draws.iter().filter_map(|draw| metric.of(draw)).collect();
                    Comparison::of(value, &values, rounding)
                });
                Measurement { metric, unit: metric.unit(), value, nulls }
            };
            Ok(Head {
                layer: own.layer,
                head: own.head,
                rows: recorder.rows(),
                lag_scalogram: scalogram(&lag_transform, &statistics.lag_profile)?,
                spectrum_scalogram: scalogram(&bin_transform, &shares(&statistics.spectrum[1..]))?,
                null_curves: draws.map(|draws| Curves::mean(draws)),
                metrics: metrics.iter().map(measure).collect(),
                curves: Curves::mean(&[&statistics]),
            })
        })
        .collect::<Result<_, HeadsError>>()?;
    Ok(Analysis { schema: "ropelet.analyze/1", checkpoint, protocol, texts, heads })
}

/// Four scales to the octave, from 1 to a quarter of the length, a power of two.
fn scales(length: usize) -> Vec<f64> {
    octaves(0..=length.ilog2() as i32 - 2, const { NonZeroU32::new(4).unwrap() })
}

/// `|W|²` of one signal.
fn scalogram(transform: &Cwt<f64>, signal: &[f64]) -> Result<Vec<f32>, SignalError> {
    Ok(transform.power(signal)?.iter().map(|&power| power as f32).collect())
}

/// The values divided by their sum; as they are if that is 0.
fn shares(values: &[f64]) -> Vec<f64> {
    let sum: f64 = values.iter().sum();
    values.iter().map(|value| if sum > 0.0 { value / sum } else { *value }).collect()
}

impl Transform {
    fn new(wavelet: &dyn MotherWavelet, scales: &[f64]) -> Self {
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

impl Curves {
    /// The mean curves of some draws; empty for none.
    fn mean(draws: &[&Statistics]) -> Self {
        let mean = |curve: fn(&Statistics) -> &Vec<f64>| {
            let length = draws.first().map_or(0, |draw| curve(draw).len());
            let at = |i: usize| draws.iter().map(|draw| curve(draw)[i]).sum::<f64>() / draws.len() as f64;
            (0..length).map(at).collect()
        };
        Self {
            lag_profile: mean(|draw| &draw.lag_profile),
            score_profile: mean(|draw| &draw.score_profile),
            spectrum: mean(|draw| &draw.spectrum),
        }
    }
}
