/// A null model in plain words.
pub(super) struct Null {
    /// Its name in every table.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) meaning: &'static str,
}

/// The null models, in the order of every table.
pub(super) const NULLS: [Null; 5] = [
    Null {
        name: "untrained",
        title: "untrained weights",
        meaning: "The same configuration, freshly initialised, reading the same texts: what the architecture does \
                  before it has learned anything.",
    },
    Null {
        name: "shuffled",
        title: "keys shuffled",
        meaning: "The head's own rows, the keys of each row permuted: what its values do without their order.",
    },
    Null {
        name: "dirichlet",
        title: "flat Dirichlet rows",
        meaning: "Random rows that sum to 1: what the softmax alone does.",
    },
    Null {
        name: "alibi",
        title: "ALiBi window of the same mean lag",
        meaning: "An exponential window of the lag with the head's own mean lag: what plain locality does.",
    },
    Null {
        name: "sink",
        title: "sink of the same mass",
        meaning: "Flat Dirichlet rows with the head's own share of attention on the first token: what a sink does.",
    },
];

/// The signals that metrics are taken from, in the order of every table.
pub(super) const SIGNALS: [(&str, &str); 7] = [
    ("profile", "Lag profile: mean probability by lag"),
    ("scores", "Score profile: mean score by lag, less its mean"),
    ("rows", "Rows, one by one: their mean power"),
    ("row", "A single complete row"),
    ("full", "Mean of complete rows, by key position"),
    ("pairs", "Rotary pairs of queries and keys"),
    ("head", "The head as a whole"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::{PerNull, Signal};

    #[test]
    fn every_null_model_and_every_signal_has_words() {
        assert_eq!(NULLS.map(|null| null.name), PerNull::<()>::NAMES);
        assert_eq!(SIGNALS.map(|(name, _)| name), Signal::ALL.map(Signal::name));
    }
}
