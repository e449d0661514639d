//! How much of a mean score profile rotation alone cannot make: the non-uniform Fourier residual.

use super::bootstrap::Bootstrap;
use super::exponential_window::ExponentialWindow;
use super::pair_family::measurements;
use super::{Definition, Dirichlet, Measurement, PerNull, Recorder, Signal, Statistics};
use crate::numeric::{Real, gamma};
use crate::rope::ScoreSpan;

pub(super) fn definition() -> Definition {
    Definition::of(Signal::Scores, "rotary_residual", "1", "what rotation cannot make of the scores")
        .family("M10")
        .range(0.0, 1.0)
        .meaning(
            "|h - Ph|²/|h|², P the projection on cos θ_i D and sin θ_i D, D = 0..N, each minus its mean",
            "Share of the energy of the mean score profile that no query and key of one content have at any distance.",
        )
        .known(["", "", "", "1 - r/(N-1), r the dimension of the span"])
}

/// The score profiles of the Dirichlet draws of a run.
pub(super) struct ResidualNulls {
    profiles: Vec<Vec<f64>>,
}

impl ResidualNulls {
    pub(super) fn new(dirichlet: &Dirichlet) -> Self {
        let profile = |draw| dirichlet.statistics(draw).score_profile;
        Self { profiles: (0..dirichlet.draws()).map(profile).collect() }
    }

    /// The residuals of these draws, for a layer with this span.
    pub(super) fn residuals(&self, span: &ScoreSpan) -> Vec<Option<f64>> {
        self.profiles.iter().map(|profile| span.residual(profile)).collect()
    }
}

/// The residual of one head; `None` for all where its layer has no span. `dirichlet` are the residuals of its draws.
///
/// A sink takes the same from all lags of a row, so that scores and residuals under `sink` are those under `dirichlet`.
pub(super) fn measure(
    span: Option<&ScoreSpan>,
    recorder: &Recorder,
    statistics: &Statistics,
    fresh: &[&Statistics],
    windows: &[ExponentialWindow],
    dirichlet: &[Option<f64>],
    bootstrap: &Bootstrap,
) -> Measurement {
    let plan = recorder.plan();
    let (layout, lags) = (plan.layout(), plan.lags());
    let residual = |profile: &[f64]| span.and_then(|span| span.residual(profile));
    let listed = |values: Vec<Option<f64>>| values.into_iter().map(|value| vec![value]).collect::<Vec<_>>();
    let [own, shuffled, ..] = recorder.sums();
    let of_sums = |sums: &[f64]| {
        let rows = sums[layout.rows.start];
        residual(&sums[layout.scores.clone()].iter().map(|sum| sum / rows).collect::<Vec<_>>())
    };
    let exponential =
        |window: &ExponentialWindow| -> Vec<f64> { (0..lags).map(|lag| -window.slope() * lag as f64).collect() };
    let drawn = PerNull {
        untrained: listed(fresh.iter().map(|fresh| residual(&fresh.score_profile)).collect()),
        shuffled: listed(shuffled.chunks_exact(layout.width()).map(of_sums).collect()),
        dirichlet: listed(dirichlet.to_vec()),
        alibi: listed(windows.iter().map(|window| residual(&exponential(window))).collect()),
        sink: listed(dirichlet.to_vec()),
    };
    let resampled = |resample| vec![of_sums(&bootstrap.sums(resample, own, layout.width()))];
    let resampled: Vec<_> = (0..if span.is_some() { bootstrap.len() } else { 0 }).map(resampled).collect();
    // The projection adds over lags what was added over rows; a small part of the profile has a larger relative error.
    let rounding = gamma(recorder.rows() as usize + lags, f64::UNIT_ROUNDOFF) / ScoreSpan::RANK_TOLERANCE.sqrt();
    let value = residual(&statistics.score_profile);
    measurements(&[definition()], &[value], &resampled, &drawn, rounding).swap_remove(0)
}
