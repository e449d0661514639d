use std::borrow::Cow;
use std::num::NonZeroU32;

use rayon::prelude::*;

use super::beside::{Beside, FromTexts};
use super::bootstrap::{Bootstrap, interval};
use super::comparison::adjust;
use super::draws::{Drawn, Places};
use super::exponential_window::ExponentialWindow;
use super::levels::{self, Draws};
use super::spectrum::BAND_EDGES;
use super::{
    Analysis, Comparison, Curves, Dirichlet, Head, HeadsError, Identity, Label, Level, Measurement, PerNull, Protocol,
    Recorder, Settings, Source, Statistics, Text, Transform, group,
};
use crate::numeric::{Real, gamma};
use crate::signal::{Boundary, Cwt, Norm, SignalError, octaves};

/// What running a model over texts has left.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// One recorder for each head, layer by layer.
    pub trained: &'a [Recorder],
    /// The recorders of the same heads for each initialisation.
    pub untrained: &'a [Vec<Recorder>],
    /// Dirichlet rows of the same windows.
    pub dirichlet: &'a Dirichlet,
}

/// Turns what was recorded into an [`Analysis`].
///
/// All recorders have seen the windows of `texts`, under the place that each text has in the list.
///
/// # Errors
/// A head has no rows or is not finite; a signal is too short for the wavelet's scales.
///
/// # Panics
/// When the recorders have another protocol than the settings, or not as many draws as there are Dirichlet rows.
pub fn analyze(
    settings: &Settings,
    checkpoint: Source,
    texts: Vec<Text>,
    recorded: Recorded<'_>,
) -> Result<Analysis, HeadsError> {
    let Recorded { trained, untrained, dirichlet } = recorded;
    let plan = settings.plan.as_ref();
    let (lags, draws) = (plan.lags(), dirichlet.draws());
    let fits = |recorder: &Recorder| recorder.lags() == lags && recorder.draws() == draws;
    assert!(trained.iter().all(fits), "recorded with other settings");
    let groups = trained.first().map_or(1, Recorder::groups);
    let places = Places::of(&texts);
    let bootstrap = Bootstrap::new(places.groups(groups), settings.seed);
    let beside = Beside::new(settings, recorded, &bootstrap);
    let wavelet = settings.wavelet.as_ref();
    let (lag_scales, bin_scales) = (scales(lags), scales(lags / 2));
    let protocol = Protocol {
        window: settings.window,
        lags,
        sink: plan.sink(),
        taper: plan.taper(),
        draws,
        untrained_seeds: untrained.len(),
        untrained_pools_heads: settings.pool_untrained_heads,
        groups,
        resamples: bootstrap.len(),
        seed: settings.seed,
        band_edges: BAND_EDGES,
        rotary: beside.rotary(),
        probes: beside.probes(),
        lag_transform: Transform::new(wavelet, &lag_scales),
        spectrum_transform: Transform::new(wavelet, &bin_scales),
    };
    let lag_transform = Cwt::new(wavelet, lags, &lag_scales, Norm::L2, Boundary::Reflect)?;
    let bin_transform = Cwt::new(wavelet, lags / 2, &bin_scales, Norm::L2, Boundary::Reflect)?;
    let untrained = untrained
        .par_iter()
        .flatten()
        .map(|recorder| Ok((recorder.identity(), recorder.statistics()?)))
        .map(|fresh| fresh.map(|(identity, statistics)| (identity, statistics.values(plan), statistics)))
        .collect::<Result<Vec<_>, HeadsError>>()?;
    let under_dirichlet = Drawn::of((0..draws).map(|draw| dirichlet.statistics(draw)), plan);
    let mut definitions = Statistics::definitions(plan);
    let (measured, windows): (Vec<(Head, Statistics)>, Vec<Vec<ExponentialWindow>>) = trained
        .par_iter()
        .map(|recorder| {
            let own = recorder.identity();
            let statistics = recorder.statistics()?;
            let (resampled, windows) = resamples(recorder, &statistics, &bootstrap);
            let is_counterpart =
                |other: Identity| other.layer == own.layer && (settings.pool_untrained_heads || other.head == own.head);
            let fresh = || untrained.iter().filter(|(other, ..)| is_counterpart(*other));
            let sunk = |draw| dirichlet.with_sink(draw, statistics.sink_mass, places.places());
            let exponential = windows.iter().map(|window| places.exponential(*window, &settings.plan));
            let drawn = PerNull {
                untrained: Drawn::with_values(fresh().map(|(_, values, statistics)| (values.clone(), statistics))),
                shuffled: Drawn::of((0..draws).map(|draw| recorder.shuffled(draw)), plan),
                dirichlet: under_dirichlet.clone(),
                alibi: Drawn::of(exponential, plan),
                sink: Drawn::of((0..draws).map(sunk), plan),
            };
            // A metric sums over lags what was summed over rows.
            let rounding = gamma(recorder.rows() as usize + lags, f64::UNIT_ROUNDOFF);
            let values = statistics.values(plan);
            let measure = |(at, definition): (usize, &super::Definition)| Measurement {
                signal: definition.signal,
                metric: definition.metric.clone(),
                unit: definition.unit,
                value: values[at],
                interval: interval(&resampled.iter().map(|values| values[at]).collect::<Vec<_>>()),
                nulls: drawn.map(|drawn| Comparison::of(values[at], &drawn.of_metric(at), rounding)),
            };
            let mut metrics: Vec<Measurement> = definitions.iter().enumerate().map(measure).collect();
            metrics.extend(beside.measure(
                recorder,
                is_counterpart,
                FromTexts {
                    statistics: &statistics,
                    fresh: fresh().map(|(.., fresh)| fresh).collect(),
                    windows: &windows,
                },
            ));
            let head = Head {
                layer: own.layer,
                head: own.head,
                rows: recorder.rows(),
                lag_scalogram: scalogram(&lag_transform, &statistics.lag_profile)?,
                spectrum_scalogram: scalogram(&bin_transform, &shares(&statistics.spectrum[1..]))?,
                null_curves: drawn.map(Drawn::mean),
                null_spreads: drawn.map(Drawn::spread),
                usage: Beside::usage(recorder),
                labels: Label::of(&metrics),
                metrics,
                curves: Curves::of(&statistics),
            };
            Ok(((head, statistics), windows))
        })
        .collect::<Result<Vec<_>, HeadsError>>()?
        .into_iter()
        .unzip();
    let (mut heads, own): (Vec<Head>, Vec<Statistics>) = measured.into_iter().unzip();
    adjust_over_heads(&mut heads);
    let fresh: Vec<Vec<&Statistics>> = trained
        .iter()
        .map(|recorder| {
            let own = recorder.identity();
            let alike = |other: &Identity| {
                other.layer == own.layer && (settings.pool_untrained_heads || other.head == own.head)
            };
            untrained.iter().filter(|(other, ..)| alike(other)).map(|(.., statistics)| statistics).collect()
        })
        .collect();
    let fewest = |counts: &mut dyn Iterator<Item = usize>| counts.min().unwrap_or(0);
    // Metrics of single rows are left out: heads together have none.
    let sunk = |head: usize, draw| Cow::Owned(dirichlet.with_sink(draw, own[head].sink_mass, &[]));
    let exponential = |head: usize, draw: usize| Cow::Owned(places.exponential(windows[head][draw], &settings.plan));
    let nulls = PerNull {
        untrained: Draws::new(
            fewest(&mut fresh.iter().map(Vec::len)),
            |head: usize, draw: usize| Cow::Borrowed(fresh[head][draw]),
            settings.pool_untrained_heads,
        ),
        shuffled: Draws::new(draws, |head: usize, draw| Cow::Owned(trained[head].shuffled(draw)), false),
        dirichlet: Draws::new(draws, |_, draw| Cow::Owned(dirichlet.statistics(draw)), true),
        alibi: Draws::new(fewest(&mut windows.iter().map(Vec::len)), exponential, false),
        sink: Draws::new(draws, sunk, true),
    };
    let resample = |head: usize, resample| {
        let [by_group, ..] = trained[head].sums();
        Cow::Owned(Statistics::of(&bootstrap.sums(resample, by_group, plan.layout().width()), plan))
    };
    let resamples = Draws::new(bootstrap.len(), resample, false);
    let rows = trained.iter().map(Recorder::rows).max().unwrap_or(0);
    let rounding = gamma(rows as usize + lags, f64::UNIT_ROUNDOFF);
    let (layers, model) = levels::measure(plan, &layers_of(trained), &own, &nulls, &resamples, settings.seed, rounding);
    let of_level = |level| group::definitions(level, plan);
    definitions.extend(beside.definitions());
    definitions.extend([Level::Layer, Level::Model].into_iter().flat_map(of_level));
    Ok(Analysis {
        schema: "ropelet.analyze/1",
        checkpoint,
        protocol,
        texts,
        metrics: definitions,
        heads,
        layers,
        model,
    })
}

/// Each layer with the number of its heads.
fn layers_of(heads: &[Recorder]) -> Vec<(usize, usize)> {
    let mut layers: Vec<(usize, usize)> = Vec::new();
    for layer in heads.iter().map(|recorder| recorder.identity().layer) {
        match layers.last_mut() {
            Some((last, count)) if *last == layer => *count += 1,
            _ => layers.push((layer, 1)),
        }
    }
    layers
}

/// The metrics of a head on each resample of the groups, and the exponential windows that have the mean lag of
/// the first of them; without resamples, the one of the head itself.
fn resamples(
    recorder: &Recorder,
    statistics: &Statistics,
    bootstrap: &Bootstrap,
) -> (Vec<Vec<Option<f64>>>, Vec<ExponentialWindow>) {
    let (plan, [by_group, ..]) = (recorder.plan(), recorder.sums());
    let window = |statistics: &Statistics| ExponentialWindow::of_profile(&statistics.lag_profile);
    let mut windows = Vec::new();
    let mut values = Vec::new();
    for resample in 0..bootstrap.len() {
        let sums = bootstrap.sums(resample, by_group, plan.layout().width());
        let resampled = Statistics::of(&sums, plan);
        if resample < recorder.draws() {
            windows.extend(window(&resampled));
        }
        values.push(resampled.values(plan));
    }
    if bootstrap.len() == 0 && recorder.draws() > 0 {
        windows.extend(window(statistics));
    }
    (values, windows)
}

/// Fills in the `q` of every metric and null model, over the heads that have a `p`.
fn adjust_over_heads(heads: &mut [Head]) {
    for metric in 0..heads.first().map_or(0, |head| head.metrics.len()) {
        for null in 0..PerNull::<()>::NAMES.len() {
            let mut tested: Vec<&mut Comparison> = heads
                .iter_mut()
                .filter_map(|head| head.metrics[metric].nulls.each_mut().into_iter().nth(null))
                .filter(|comparison| comparison.p.is_some())
                .collect();
            let p: Vec<f64> = tested.iter().filter_map(|comparison| comparison.p).collect();
            for (comparison, q) in tested.iter_mut().zip(adjust(&p)) {
                comparison.q = Some(q);
            }
        }
    }
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
