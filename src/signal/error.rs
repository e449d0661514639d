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
    /// The derivative of a wavelet was asked for, and is not known.
    #[error("the derivative of {wavelet} is not known; use a wavelet without jumps, such as morlet or morse")]
    NoDerivative {
        /// Name of the wavelet.
        wavelet: &'static str,
    },
    /// Phases were asked of a real wavelet.
    #[error("{wavelet} is real: its coefficients have no phase; use a complex wavelet, such as morlet")]
    NoPhase {
        /// Name of the wavelet.
        wavelet: &'static str,
    },
    /// An inverse was asked of a function that has none, its mean not being 0.
    #[error("{wavelet} has no inverse: its mean is not 0")]
    NotAdmissible {
        /// Name of the wavelet.
        wavelet: &'static str,
    },
    /// The single integral was asked of a real wavelet for which it turns phases, such as an odd one.
    #[error("the single integral of {wavelet} does not give the signal back; use the double integral")]
    NoSingleIntegral {
        /// Name of the wavelet.
        wavelet: &'static str,
    },
    /// What was asked for needs coefficients beyond the ends of the signal.
    #[error("{wanted} needs coefficients beyond the ends, which the boundary `{boundary}` does not give for {wavelet}")]
    EndsUnknown {
        /// What was asked for.
        wanted: &'static str,
        /// The boundary, as it is spelt in flags.
        boundary: &'static str,
        /// Name of the wavelet.
        wavelet: &'static str,
    },
    /// One scale alone was given where steps between scales are needed.
    #[error("one scale has no step to the next; expected at least two different scales")]
    OneScale,
    /// A list of frequencies that cannot be a grid.
    #[error("frequency {frequency}: expected numbers from above 0 to 0.5 cycles per sample, each larger than the last")]
    Frequency {
        /// The frequency found.
        frequency: f64,
    },
    /// A number that says how something is done is out of its range.
    #[error("{name} is {value}, expected {expected}")]
    Option {
        /// What it is.
        name: &'static str,
        /// The value found.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// A sum over half of all integers was asked of a wavelet for which it has no limit, or is not known.
    #[error("the tails of {wavelet} have no sum over a constant; use the boundary `zero`, `periodic` or `reflect`")]
    TailSum {
        /// Name of the wavelet.
        wavelet: &'static str,
    },
    /// The name is not that of a mode.
    #[error("unknown extension `{name}`, expected one of: {known}")]
    Extension {
        /// What was asked for.
        name: String,
        /// The names there are, separated by spaces.
        known: String,
    },
    /// A node is not in a tree of packets, or a set of nodes is no basis of it.
    #[error("packet `{path}`: {reason}")]
    Packet {
        /// Letters `a` and `d` from the root on.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The working space is not that of this plan.
    #[error("the scratch belongs to another plan")]
    Scratch,
}
