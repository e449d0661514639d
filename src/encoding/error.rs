use thiserror::Error;

use crate::rope::RopeError;
use crate::wavelet::WaveletError;

/// Why there is no such positional encoding, or no such table of it.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// The name is not in the list.
    #[error("no encoding is called `{name}`; the nearest are {}", near.join(", "))]
    UnknownName {
        /// What was asked for.
        name: String,
        /// The names that come nearest to it, best first.
        near: Vec<String>,
    },
    /// The encoding has no such parameter.
    #[error("{parameter} does not apply to {encoding}, which {takes}")]
    DoesNotApply {
        /// The encoding.
        encoding: String,
        /// The parameter that was given.
        parameter: &'static str,
        /// The parameters that it does take, in words.
        takes: String,
    },
    /// A parameter lies outside the values that the encoding can take.
    #[error("{encoding}: {parameter} must be {expected}, found {found}")]
    OutOfRange {
        /// The encoding.
        encoding: String,
        /// The parameter.
        parameter: &'static str,
        /// The values allowed, in words.
        expected: String,
        /// The value found.
        found: String,
    },
    /// A grid of atoms has one atom per coordinate of the head.
    #[error("{encoding}: scales × shifts must be dim, found {scales} × {shifts} = {} for dim {dim}", scales * shifts)]
    Grid {
        /// The encoding.
        encoding: String,
        /// Number of scales.
        scales: usize,
        /// Number of shifts.
        shifts: usize,
        /// Dimension of the head.
        dim: usize,
    },
    /// A table that no memory should be asked for.
    #[error("a table of {rows} × {columns} numbers is too large, expected at most 2^30 numbers")]
    TooLarge {
        /// Number of rows.
        rows: usize,
        /// Numbers in a row.
        columns: usize,
    },
    /// Learned vectors exist for the positions that they were made for, and for no other.
    #[error("{length} positions were asked for, and there are learned vectors for {available}")]
    TooLong {
        /// Positions asked for.
        length: usize,
        /// Positions there are.
        available: usize,
    },
    /// Vectors of another size than the encoding or one another.
    #[error("{what}: expected {expected}, found {found}")]
    DoesNotFit {
        /// What was counted.
        what: &'static str,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A head that the encoding has nothing for.
    #[error("there is no head {head}, expected one of {heads}, counted from 0")]
    NoSuchHead {
        /// Number of the head.
        head: usize,
        /// Number of heads.
        heads: usize,
    },
    /// The frequencies of a rotation.
    #[error(transparent)]
    Rope(#[from] RopeError),
    /// The wavelet of a lag kernel.
    #[error(transparent)]
    Wavelet(#[from] WaveletError),
}
