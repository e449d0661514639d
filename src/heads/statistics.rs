use super::family::{View, definitions, values_of};
use super::octaves::add_haar_energies;
use super::{Definition, Plan, Signal};
use crate::numeric::{Real, gamma};

/// What recording has left of a head, or of a draw of a null model: means over its rows.
///
/// The relative rounding error of the probabilities, the power and the sink mass is at most `γ` of
/// the number of rows, plus that of one transform.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// `g(D)`: mean probability at lag `D`.
    pub lag_profile: Vec<f64>,
    /// `|ĝ(k)|² / N`, `k = 0..=N/2`, of the tapered profile.
    pub lag_spectrum: Vec<f64>,
    /// `h(D)`: mean pre-softmax score at lag `D`, minus its mean over the lags.
    ///
    /// The softmax does not see a constant per row, so the mean carries nothing; removing it here
    /// or from each row is the same.
    pub score_profile: Vec<f64>,
    /// `|ĥ(k)|² / N`, `k = 0..=N/2`, of the tapered profile.
    pub score_spectrum: Vec<f64>,
    /// `P(k)`, `k = 0..=N/2`: mean over rows of `|Σ_D w(D) A[i, i-D] e^{-2πikD/N}|² / N`, `w` the taper.
    pub spectrum: Vec<f64>,
    /// Mean over rows of the energy of their Haar details, finest octave first.
    pub haar_energies: Vec<f64>,
    /// Mean probability of key 0 in the rows with more than `N` keys.
    pub sink_mass: f64,
    /// `f(t)`: mean probability at key position `t` in the complete rows of the queries `0..N`.
    pub full_profile: Vec<f64>,
    /// `|f̂(k)|² / N`, `k = 0..=N/2`, of the tapered profile.
    pub full_spectrum: Vec<f64>,
    /// The metrics of the complete row of query `N-1`, each its mean over the windows in which it has a value.
    pub row_metrics: Vec<Option<f64>>,
}

impl Statistics {
    /// The means that sums of this plan's layout give; zeros where there are no rows.
    pub(super) fn of(sums: &[f64], plan: &Plan) -> Self {
        let layout = plan.layout();
        let (rows, complete) = (sums[layout.rows.start], sums[layout.complete.start]);
        let mean = |range: &std::ops::Range<usize>, count: f64| -> Vec<f64> {
            sums[range.clone()].iter().map(|sum| sum / count.max(1.0)).collect()
        };
        let (lag_profile, full_profile) = (mean(&layout.profile, rows), mean(&layout.full, complete));
        let score_profile = centred(mean(&layout.scores, rows), rows);
        let row_means = sums[layout.row_values.clone()].iter().zip(&sums[layout.row_counts.clone()]);
        Self {
            lag_spectrum: plan.power(&lag_profile),
            lag_profile,
            score_spectrum: plan.power(&score_profile),
            score_profile,
            spectrum: mean(&layout.power, rows),
            haar_energies: mean(&layout.haar, rows),
            sink_mass: sums[layout.sink.start] / rows.max(1.0),
            full_spectrum: plan.power(&full_profile),
            full_profile,
            row_metrics: row_means.map(|(sum, count)| (*count > 0.0).then(|| sum / count)).collect(),
        }
    }

    /// What [`Statistics::values`] gives, in the same order.
    pub fn definitions(plan: &Plan) -> Vec<Definition> {
        definitions(plan)
    }

    /// Every metric of a head, in the order of [`Signal::ALL`]: `None` where a definition gives none.
    pub fn values(&self, plan: &Plan) -> Vec<Option<f64>> {
        let mut values = Vec::new();
        let mut scratch = vec![0.0; plan.lags()];
        let mut of = |values: &mut Vec<Option<f64>>, signal: Signal, curve: &[f64], power: &[f64]| {
            let mut haar = vec![0.0; plan.octaves()];
            add_haar_energies(curve, &mut scratch, &mut haar);
            values_of(&View { signal, values: curve, power, haar: &haar, plan }, values);
        };
        of(&mut values, Signal::Profile, &self.lag_profile, &self.lag_spectrum);
        of(&mut values, Signal::Scores, &self.score_profile, &self.score_spectrum);
        let rows = View { signal: Signal::Rows, values: &[], power: &self.spectrum, haar: &self.haar_energies, plan };
        values_of(&rows, &mut values);
        values.extend(&self.row_metrics);
        of(&mut values, Signal::Full, &self.full_profile, &self.full_spectrum);
        let masses = [self.sink_mass, self.lag_profile.iter().sum(), self.lag_profile[0], self.lag_profile[1]];
        values_of(&View { signal: Signal::Head, values: &masses, power: &[], haar: &[], plan }, &mut values);
        values
    }

    pub(super) fn is_finite(&self) -> bool {
        let curves = [&self.lag_spectrum, &self.score_spectrum, &self.spectrum, &self.full_spectrum];
        curves.into_iter().flatten().chain([&self.sink_mass]).all(|x| x.is_finite())
    }
}

/// A mean of scores minus its mean over the lags; nothing where scores are equal but for the rounding of their
/// sums over so many rows.
fn centred(mut scores: Vec<f64>, rows: f64) -> Vec<f64> {
    let energy = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>();
    let centre = scores.iter().sum::<f64>() / scores.len() as f64;
    let whole = energy(&scores);
    scores.iter_mut().for_each(|score| *score -= centre);
    let rounding = gamma(rows as usize + scores.len(), f64::UNIT_ROUNDOFF);
    if energy(&scores) <= rounding * rounding * whole {
        scores.fill(0.0);
    }
    scores
}
