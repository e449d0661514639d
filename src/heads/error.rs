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
    /// Nothing was recorded.
    #[error("layer {}, head {}: no row has {lags} keys; expected a text of at least {lags} tokens", head.layer, head.head)]
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
