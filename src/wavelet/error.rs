/// Why there is no such mother wavelet.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WaveletError {
    /// The name is not in the list.
    #[error("unknown wavelet `{name}`, expected one of: {known}")]
    UnknownName {
        /// What was asked for.
        name: String,
        /// The names there are, separated by spaces.
        known: String,
    },
    /// A parameter lies outside the values for which the closed forms can be represented.
    #[error("{wavelet}: {parameter} is {value}, expected {expected}")]
    OutOfRange {
        /// Name of the wavelet.
        wavelet: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// The value found.
        value: f64,
        /// The values allowed, in words.
        expected: &'static str,
    },
    /// The wavelet has no such parameter.
    #[error("{parameter} does not apply to {wavelet}, which {takes}")]
    DoesNotApply {
        /// Name of the wavelet.
        wavelet: &'static str,
        /// Name of the parameter that was given.
        parameter: &'static str,
        /// The parameters that the wavelet does take, in words.
        takes: String,
    },
}
