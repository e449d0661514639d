use serde::Serialize;

use super::bootstrap::Bootstrap;
use super::exponential_window::ExponentialWindow;
use super::look_back::{self, LookBackNulls};
use super::pair_family::{PairMeans, PairNulls};
use super::rotary_residual::{self, ResidualNulls};
use super::{
    Coordinates, Definition, Identity, Measurement, ProbeRecorder, Recorded, Recorder, RotaryOfLayer, Settings,
    Statistics,
};

/// What is measured of heads beside the signals of their attention: queries and keys, how far rotation makes their
/// scores, and how they look back on probes.
pub(super) struct Beside<'a> {
    bootstrap: &'a Bootstrap,
    pairs: Option<PairNulls>,
    look_back: Option<LookBackNulls>,
    /// Every head of every fresh model.
    untrained: Vec<(Identity, Option<PairMeans>, &'a ProbeRecorder)>,
    rotary: Vec<RotaryOfLayer>,
    /// Of each layer, what the score profiles of Dirichlet draws leave; empty where it does not rotate.
    residuals: Vec<Vec<Option<f64>>>,
    probes: Option<ProbeOutcome>,
}

/// What probes were read, and what the model made of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ProbeOutcome {
    /// How many probes.
    pub probes: usize,
    /// `P`: random tokens in each, read twice.
    pub period: usize,
    /// Share of the steps at which the model emits what comes next: where it is small, no head can be seen to
    /// retrieve.
    pub accuracy: f64,
}

/// What texts show of a head.
pub(super) struct FromTexts<'a> {
    pub(super) statistics: &'a Statistics,
    /// The fresh heads that stand for it.
    pub(super) fresh: Vec<&'a Statistics>,
    /// Exponential windows with its mean lag, one for each draw.
    pub(super) windows: &'a [ExponentialWindow],
}

impl<'a> Beside<'a> {
    /// For the heads of a run.
    pub(super) fn new(settings: &Settings, recorded: Recorded<'a>, bootstrap: &'a Bootstrap) -> Self {
        let Recorded { trained, untrained, dirichlet } = recorded;
        let (draws, seed) = (dirichlet.draws(), settings.seed);
        let mut layers: Vec<&Coordinates> = Vec::new();
        for recorder in trained {
            if let Some((coordinates, _)) = recorder.pairs()
                && layers.len() == recorder.identity().layer
            {
                layers.push(coordinates);
            }
        }
        let fresh = |recorder: &'a Recorder| {
            let means = recorder.pairs().map(|(_, recorder)| PairNulls::means(recorder));
            (recorder.identity(), means, recorder.probes())
        };
        let probes = trained.first().map(Recorder::probes);
        let outcome = |recorder: &ProbeRecorder| {
            let (period, accuracy) = recorder.outcome()?;
            Some(ProbeOutcome { probes: recorder.read().len(), period, accuracy })
        };
        let rotates = layers.iter().any(|layer| layer.rotary.is_some());
        let residuals = rotates.then(|| ResidualNulls::new(dirichlet));
        let of_layer = |layer: &&Coordinates| match (&residuals, &layer.rotary) {
            (Some(nulls), Some(axis)) => nulls.residuals(&axis.span),
            _ => Vec::new(),
        };
        Self {
            bootstrap,
            pairs: (!layers.is_empty()).then(|| PairNulls::new(&layers, settings.window, draws, seed)),
            look_back: probes.and_then(|recorder| LookBackNulls::new(recorder, draws, seed)),
            untrained: untrained.iter().flatten().map(fresh).collect(),
            rotary: layers.iter().enumerate().filter_map(|(number, layer)| layer.described(number)).collect(),
            residuals: if rotates { layers.iter().map(of_layer).collect() } else { Vec::new() },
            probes: probes.and_then(outcome),
        }
    }

    /// What is defined of each head.
    pub(super) fn definitions(&self) -> Vec<Definition> {
        let residual = (!self.residuals.is_empty()).then(rotary_residual::definition);
        let pairs = self.pairs.iter().flat_map(PairNulls::definitions);
        let look_back = self.look_back.iter().flat_map(|_| look_back::definitions());
        residual.into_iter().chain(pairs).chain(look_back).collect()
    }

    /// The pair axis of each layer that rotates.
    pub(super) fn rotary(&self) -> Vec<RotaryOfLayer> {
        self.rotary.clone()
    }

    /// What probes were read.
    pub(super) fn probes(&self) -> Option<ProbeOutcome> {
        self.probes
    }

    /// The metrics of one head, in the order of the definitions; `is_counterpart` tells which fresh heads stand for it.
    pub(super) fn measure(
        &self,
        recorder: &Recorder,
        is_counterpart: impl Fn(Identity) -> bool,
        texts: FromTexts<'_>,
    ) -> Vec<Measurement> {
        let own = recorder.identity();
        let FromTexts { statistics, fresh, windows } = texts;
        let counterparts: Vec<_> = self.untrained.iter().filter(|(other, ..)| is_counterpart(*other)).collect();
        let mut measurements = Vec::new();
        if let Some(dirichlet) = self.residuals.get(own.layer) {
            let axis = recorder.pairs().and_then(|(coordinates, _)| coordinates.rotary.as_ref());
            let (span, bootstrap) = (axis.map(|axis| &axis.span), self.bootstrap);
            measurements
                .push(rotary_residual::measure(span, recorder, statistics, &fresh, windows, dirichlet, bootstrap));
        }
        if let (Some(nulls), Some((coordinates, pairs))) = (&self.pairs, recorder.pairs()) {
            let means: Vec<&PairMeans> = counterparts.iter().filter_map(|(_, means, _)| means.as_ref()).collect();
            measurements.extend(nulls.measure(own, coordinates, pairs, &means, self.bootstrap));
        }
        if let Some(nulls) = &self.look_back {
            let probes: Vec<&ProbeRecorder> = counterparts.iter().map(|(_, _, probes)| *probes).collect();
            let slopes: Vec<f64> = windows.iter().map(|window| window.slope()).collect();
            measurements.extend(nulls.measure(recorder.probes(), &probes, statistics.sink_mass, &slopes));
        }
        measurements
    }

    /// `U_i` by pair; empty where nothing rotates.
    pub(super) fn usage(recorder: &Recorder) -> Vec<f64> {
        recorder.pairs().map(|(_, recorder)| PairNulls::means(recorder).usage).unwrap_or_default()
    }
}
