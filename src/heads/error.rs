use super::Identity;
use crate::signal::SignalError;

/// Why heads could not be recorded or analysed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HeadsError {
    /// The number of lags has no full set of octaves.
    #[error("{found} lags: expected a power of two of at least 8")]
    Lags {
        /// The number asked for.
        found: usize,
    },
    /// Two recorders do not belong together.
    #[error("recorders of different runs cannot be merged: {one} and {other}")]
    Merge {
        /// Identity, lags and draws of the first.
        one: String,
        /// The same of the second.
        other: String,
    },
    /// Saved sums are not those of this recorder.
    #[error("layer {}, head {}: {found:?} sums, expected {expected:?}", head.layer, head.head)]
    Sums {
        /// The head.
        head: Identity,
        /// How many there are: of the head, of its shuffled rows, of its pairs, of probes.
        expected: [usize; 4],
        /// How many were given.
        found: [usize; 4],
    },
    /// Saved sums are not those of these Dirichlet draws.
    #[error("{found} sums of Dirichlet rows, expected {expected}")]
    DirichletSums {
        /// How many there are.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// Nothing was recorded.
    #[error("layer {}, head {}: no row has more than {lags} keys; expected a text of more than {lags} tokens", head.layer, head.head)]
    NoRows {
        /// The head.
        head: Identity,
        /// The number of lags.
        lags: usize,
    },
    /// A probability or a score was infinite or not a number.
    #[error("layer {}, head {}: the attention is not finite", head.layer, head.head)]
    NotFinite {
        /// The head.
        head: Identity,
    },
    /// A curve cannot be transformed.
    #[error(transparent)]
    Signal(#[from] SignalError),
}
