use std::fmt;

use serde::Serialize;

use super::family::{Family, View};
use super::{Comparison, Definition, Measurement, Plan, Signal};

/// The scores of labels that are entries of the lag profile.
pub(super) const FAMILY: Family = Family { definitions, values };

fn definitions(signal: Signal, _plan: &Plan) -> Vec<Definition> {
    if signal != Signal::Head {
        return Vec::new();
    }
    let of = |metric: &'static str, title: &'static str| {
        Definition::of(signal, metric, "1", title).family("M11").range(0.0, 1.0)
    };
    vec![
        of("previous_token", "attention to the previous token")
            .meaning("g(1)", "Share of the attention that goes to the token before the query's own."),
        of("diagonal", "attention to the own token")
            .meaning("g(0)", "Share of the attention that goes to the query's own token."),
    ]
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    if view.signal == Signal::Head {
        values.extend([view.values[3], view.values[2]].map(Some));
    }
}

/// What a head does, by a published score, named before anything else about it is interpreted.
///
/// A label is given where the score reaches [`Label::threshold`] and lies above the null models
/// `untrained`, `shuffled` and `dirichlet`: above the mean of the draws with `p ≤ 0.01`, for each that has draws,
/// and one must have. `alibi` and `sink` are no bar: they are made from the head's own mean lag and sink mass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// Reads the token before: mean `A[i, i-1]`.
    PreviousToken,
    /// Reads its own token: mean `A[i, i]`.
    Diagonal,
    /// Reads the first token: mean `A[i, 0]` \[gu2025\].
    Sink,
    /// Reads what followed the last time: prefix matching on repeated random tokens \[olsson2022\].
    Induction,
    /// Looks most at the token that the model is about to emit \[wu2025\].
    RetrievalLike,
}

/// The largest `p` at which a score lies above a null model.
const SIGNIFICANCE: f64 = 0.01;

impl Label {
    /// Every label, in the order of every table.
    pub const ALL: [Self; 5] = [Self::PreviousToken, Self::Diagonal, Self::Sink, Self::Induction, Self::RetrievalLike];

    /// The name in every table.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreviousToken => "previous-token",
            Self::Diagonal => "diagonal",
            Self::Sink => "sink",
            Self::Induction => "induction",
            Self::RetrievalLike => "retrieval-like",
        }
    }

    /// The metric of signal `head` that is its score.
    pub fn metric(self) -> &'static str {
        match self {
            Self::PreviousToken => "previous_token",
            Self::Diagonal => "diagonal",
            Self::Sink => "sink_mass",
            Self::Induction => "induction",
            Self::RetrievalLike => "retrieval",
        }
    }

    /// The smallest score of a head with this label.
    ///
    /// 0.3 for a sink is published \[gu2025\], and 0.1 for retrieval \[wu2025\], there on sentences hidden in long
    /// texts; for the others, of which papers show values and no threshold, it is 0.4, which leaves room for two labels
    /// on one head and not for three.
    pub fn threshold(self) -> f64 {
        match self {
            Self::PreviousToken | Self::Diagonal | Self::Induction => 0.4,
            Self::Sink => 0.3,
            Self::RetrievalLike => 0.1,
        }
    }

    /// The labels of a head with these measurements.
    pub fn of(measurements: &[Measurement]) -> Vec<Self> {
        let earned = |label: &Self| {
            Measurement::find(measurements, Signal::Head, label.metric()).is_some_and(|score| label.earned(score))
        };
        Self::ALL.into_iter().filter(earned).collect()
    }

    fn earned(self, score: &Measurement) -> bool {
        let Some(value) = score.value.filter(|value| *value >= self.threshold()) else { return false };
        let nulls = [score.nulls.untrained, score.nulls.shuffled, score.nulls.dirichlet];
        let mut drawn = nulls.iter().filter(|null| null.draws > 0).peekable();
        let above = |null: &Comparison| {
            let significant = null.exact || null.p.is_some_and(|p| p <= SIGNIFICANCE);
            significant && null.mean.is_some_and(|mean| value > mean)
        };
        drawn.peek().is_some() && drawn.all(above)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::PerNull;

    fn score(metric: &'static str, value: f64, shuffled: Comparison) -> Measurement {
        let nulls = PerNull { shuffled, ..PerNull::default() };
        let metric = metric.into();
        Measurement { signal: Signal::Head, metric, unit: "1", value: Some(value), interval: None, nulls }
    }

    fn null(mean: f64, p: f64) -> Comparison {
        Comparison { mean: Some(mean), sd: Some(0.01), p: Some(p), draws: 200, ..Comparison::default() }
    }

    #[test]
    fn a_label_needs_a_score_above_threshold_and_null() {
        let low = null(0.01, 0.005);
        assert_eq!(Label::of(&[score("induction", 0.4, low)]), [Label::Induction]);
        assert_eq!(Label::of(&[score("induction", 0.39, low)]), []);
        assert_eq!(
            Label::of(&[score("retrieval", 0.1, low), score("sink_mass", 0.3, low)]),
            [Label::Sink, Label::RetrievalLike]
        );
        // As high as the null model, below it, not told from it, nothing to compare with.
        assert_eq!(Label::of(&[score("diagonal", 0.5, null(0.5, 1.0))]), []);
        assert_eq!(Label::of(&[score("diagonal", 0.5, null(0.9, 0.005))]), []);
        assert_eq!(Label::of(&[score("diagonal", 0.5, null(0.4, 0.02))]), []);
        assert_eq!(Label::of(&[score("diagonal", 0.5, Comparison::default())]), []);
    }

    #[test]
    fn a_null_of_no_freedom_is_compared_with_its_exact_value() {
        let exact = |mean| Comparison { mean: Some(mean), sd: Some(0.0), draws: 200, exact: true, ..null(0.0, 1.0) };
        assert_eq!(Label::of(&[score("previous_token", 0.5, exact(0.1))]), [Label::PreviousToken]);
        assert_eq!(Label::of(&[score("previous_token", 0.5, exact(0.5))]), []);
    }

    #[test]
    fn a_label_is_written_as_it_is_named() {
        for label in Label::ALL {
            assert_eq!(serde_json::to_value(label).unwrap(), label.name());
        }
    }
}
