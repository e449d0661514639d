//! How a head looks back on repeated random tokens: prefix matching \[olsson2022\] and retrieval \[wu2025\].

use super::bootstrap::Bootstrap;
use super::pair_family::measurements;
use super::probe::{DirichletSteps, ProbeScores, exponential_scores, scores};
use super::{Definition, Measurement, PerNull, ProbeRecorder, Signal};
use crate::numeric::{Real, gamma};

pub(super) fn definitions() -> Vec<Definition> {
    let of = |metric: &'static str, title: &'static str| {
        Definition::of(Signal::Head, metric, "1", title).family("M11").range(0.0, 1.0)
    };
    vec![
        of("induction", "prefix matching").meaning(
            "mean of A[i, i-P+1] over the second half of P random tokens read twice",
            "Share of the attention that goes to what followed the last time that the token was read.",
        ),
        of("retrieval", "retrieval").meaning(
            "share of steps of the second half whose largest A[i, j] is at a j < P that holds the token emitted at i",
            "How often the head looks most at an earlier copy of the token that the model is about to emit.",
        ),
    ]
}

/// Draws of the null models that are the same for every head of a model.
pub(super) struct LookBackNulls {
    dirichlet: DirichletSteps,
    bootstrap: Bootstrap,
    period: usize,
}

impl LookBackNulls {
    /// For the probes that a head of the model has read; `None` where none was.
    pub(super) fn new(recorder: &ProbeRecorder, draws: usize, seed: u64) -> Option<Self> {
        let (period, _) = recorder.outcome()?;
        let bootstrap = Bootstrap::new(recorder.read(), seed);
        Some(Self { dirichlet: DirichletSteps::new(recorder, draws, seed), bootstrap, period })
    }

    /// The metrics of one head: `untrained` are the recorders of its counterparts, `sink_mass` and `slopes` (of
    /// exponential windows with its mean lag) what texts show of it.
    pub(super) fn measure(
        &self,
        recorder: &ProbeRecorder,
        untrained: &[&ProbeRecorder],
        sink_mass: f64,
        slopes: &[f64],
    ) -> Vec<Measurement> {
        let (layout, total) = (recorder.layout(), recorder.total());
        let listed = |draws: Vec<ProbeScores>| draws.into_iter().map(Vec::from).collect::<Vec<_>>();
        let drawn = PerNull {
            untrained: listed(untrained.iter().map(|other| scores(&other.total(), other.layout(), None)).collect()),
            shuffled: listed((0..layout.draws()).map(|draw| scores(&total, layout, Some(draw))).collect()),
            dirichlet: listed(self.dirichlet.scores(0.0)),
            alibi: listed(slopes.iter().map(|slope| exponential_scores(self.period, *slope)).collect()),
            sink: listed(self.dirichlet.scores(sink_mass)),
        };
        let resample =
            |resample| scores(&self.bootstrap.sums(resample, recorder.sums(), layout.width()), layout, None).to_vec();
        let resampled: Vec<_> = (0..self.bootstrap.len()).map(resample).collect();
        let steps = 2 * self.period * recorder.read().len();
        let rounding = gamma(steps, f64::UNIT_ROUNDOFF);
        measurements(&definitions(), &scores(&total, layout, None), &resampled, &drawn, rounding)
    }
}
