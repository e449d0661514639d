use super::{MAX_SCALE, MIN_SCALE};

/// Why a signal cannot be transformed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SignalError {
    /// There is nothing to transform.
    #[error("the signal has no samples")]
    Empty,
    /// The number of samples is not that of one or more signals of the planned length.
    #[error("{found} samples are not a whole number of signals of length {length}")]
    Length {
        /// Samples per signal.
        length: usize,
        /// Samples found.
        found: usize,
    },
    /// The place for the coefficients has the wrong size.
    #[error("room for {found} coefficients, expected {expected}")]
    Room {
        /// `signals · scales · length`.
        expected: usize,
        /// Coefficients that fit.
        found: usize,
    },
    /// A sample is not a finite number.
    #[error("sample {index} is {value}, expected a finite number")]
    NotFinite {
        /// Place in the array, counted from 0 in row-major order.
        index: usize,
        /// What is there.
        value: f64,
    },
    /// No scale was given.
    #[error("no scales were given")]
    NoScales,
    /// A scale is not a number that a transform can use.
    #[error("scale {scale}: expected a number of samples from {MIN_SCALE:e} to {MAX_SCALE:e}")]
    Scale {
        /// The scale found.
        scale: f64,
    },
    /// A scale at which the sum over all repetitions of the signal has too many terms.
    #[error("scale {scale}: the sum of {wavelet} over the repeated signal has too many terms; use the boundary `zero`")]
    TooManyTerms {
        /// The scale found.
        scale: f64,
        /// Name of the wavelet.
        wavelet: &'static str,
    },
    /// Real coefficients were asked of a complex wavelet.
    #[error("{wavelet} is complex: its coefficients are not real numbers")]
    NotReal {
        /// Name of the wavelet.
        wavelet: &'static str,
    },
    /// A sum over all integers was asked of a wavelet that cannot be cut.
    #[error("the energy of {wavelet} beyond the ends of a signal never ends; use the boundary `periodic` or `reflect`")]
    Endless {
        /// Name of the wavelet.
        wavelet: &'static str,
    },
    /// The working space is not that of this plan.
    #[error("the scratch belongs to another plan")]
    Scratch,
}
