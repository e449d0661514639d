use super::family::{View, definitions, values_of};
use super::octaves::add_haar_energies;
use super::{Definition, Plan, Signal};

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
    /// Mean probability of key 0.
    pub sink_mass: f64,
}

impl Statistics {
    /// What [`Statistics::values`] gives, in the same order.
    pub fn definitions(plan: &Plan) -> Vec<Definition> {
        definitions(plan)
    }

    /// Every metric of a head: `None` where a definition gives none.
    pub fn values(&self, plan: &Plan) -> Vec<Option<f64>> {
        let mut values = Vec::new();
        let mut scratch = vec![0.0; plan.lags()];
        let mut of = |signal: Signal, curve: &[f64], power: &[f64], haar: Option<&[f64]>| {
            let mut own = vec![0.0; plan.octaves()];
            let haar = haar.unwrap_or_else(|| {
                if curve.len() == plan.lags() {
                    add_haar_energies(curve, &mut scratch, &mut own);
                }
                &own
            });
            values_of(&View { signal, values: curve, power, haar, plan }, &mut values);
        };
        of(Signal::Profile, &self.lag_profile, &self.lag_spectrum, None);
        of(Signal::Scores, &self.score_profile, &self.score_spectrum, None);
        of(Signal::Rows, &[], &self.spectrum, Some(&self.haar_energies));
        let masses = [self.sink_mass, self.lag_profile.iter().sum()];
        of(Signal::Head, &masses, &[], Some(&[]));
        values
    }

    pub(super) fn is_finite(&self) -> bool {
        let Self { lag_profile, lag_spectrum, score_profile, score_spectrum, spectrum, haar_energies, sink_mass } =
            self;
        [lag_profile, lag_spectrum, score_profile, score_spectrum, spectrum, haar_energies]
            .into_iter()
            .flatten()
            .chain([sink_mass])
            .all(|x| x.is_finite())
    }
}
