use thiserror::Error;

/// Why a table of rotary frequencies, or a rotation, cannot be built or applied.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RopeError {
    /// Coordinates turn in pairs.
    #[error("the rotary dimension must be even and at least 2, found {0}")]
    OddDimension(usize),
    /// The base of the geometric sequence.
    #[error("the rotary base must be finite and greater than 1, found {0}")]
    Base(f64),
    /// A parameter of a scaling.
    #[error("{scaling} scaling: {parameter} must be {expected}, found {found}")]
    Parameter {
        /// The scaling, as configuration files call it.
        scaling: &'static str,
        /// The parameter, as configuration files call it.
        parameter: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
    /// A LongRoPE list has one divisor per pair.
    #[error("longrope scaling: {list} must hold one number per pair, expected {expected}, found {found}")]
    ListLength {
        /// `short_factor` or `long_factor`.
        list: &'static str,
        /// Number of pairs.
        expected: usize,
        /// Length of the list.
        found: usize,
    },
    /// NTK scaling raises its factor to the power `d/(d-2)`.
    #[error("{0} scaling needs a rotary dimension of at least 4, found 2")]
    OnePair(&'static str),
    /// A frequency, or the attention factor, that is no number or negative.
    #[error("{what} must be finite and {sign}, found {found}")]
    Value {
        /// Which value.
        what: &'static str,
        /// `positive` or `not negative`.
        sign: &'static str,
        /// What it is.
        found: f64,
    },
    /// `position · theta_i` overflows, or the position is no number.
    #[error("position {position} has no finite angle at frequency {frequency}")]
    Angle {
        /// The position.
        position: f64,
        /// The frequency in radians per token.
        frequency: f64,
    },
    /// A head vector with fewer coordinates than the rotation turns.
    #[error("a rotation of {expected} coordinates cannot turn a vector of {found}")]
    HeadTooShort {
        /// The rotary dimension.
        expected: usize,
        /// Length of the vector.
        found: usize,
    },
}
