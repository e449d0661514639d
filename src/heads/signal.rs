use std::fmt;

use serde::Serialize;

/// Which signal of a head a metric is taken from: the column `signal` of every table.
///
/// `N` is the number of lags. A row of query `i` has the keys `0..=i`; a window is a piece of a text
/// that the model reads at once, and has more than `N` tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// `g(D)`, `D = 0..N`: mean of `A[i, i-D]` over the rows with more than `N` keys, so that key 0 is
    /// never among the lags.
    Profile,
    /// `h(D)`: the same mean of what the softmax saw, bias included, minus its mean over `D`.
    Scores,
    /// The `N` nearest entries of the same rows one by one, as their mean power spectrum and their mean
    /// Haar energies.
    Rows,
    /// The complete row of query `N-1`, by key position `t = 0..N`: a metric is taken of each, and
    /// averaged over windows.
    Row,
    /// `f(t)`, `t = 0..N`: mean over the complete rows of the queries `0..N` of each window, zero at the
    /// keys that a query does not see.
    Full,
    /// Pairs of coordinates of queries and keys that rotate together.
    Pairs,
    /// What belongs to the head and to none of its signals.
    Head,
}

impl Signal {
    /// All signals, in the order of every table.
    pub const ALL: [Self; 7] =
        [Self::Profile, Self::Scores, Self::Rows, Self::Row, Self::Full, Self::Pairs, Self::Head];

    /// The name in every table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Scores => "scores",
            Self::Rows => "rows",
            Self::Row => "row",
            Self::Full => "full",
            Self::Pairs => "pairs",
            Self::Head => "head",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
