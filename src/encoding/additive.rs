use super::{EncodingError, Learned, Sinusoids};

/// A vector added to the embedding of the token at each position; attention itself knows nothing of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Additive {
    /// Sines and cosines of the position, at any length.
    Sinusoidal(Sinusoids),
    /// One learned vector per position, and none beyond the last.
    Learned {
        /// Numbers in a vector.
        dim: usize,
        /// Row-major `[positions][dim]`.
        vectors: Vec<f64>,
    },
}

impl Additive {
    /// Numbers in a vector.
    pub fn dim(&self) -> usize {
        match self {
            Self::Sinusoidal(sinusoids) => sinusoids.dim(),
            Self::Learned { dim, .. } => *dim,
        }
    }

    /// The vectors of positions `0..length`, row-major `[length][dim]`.
    ///
    /// # Errors
    /// [`EncodingError::TooLong`] for positions without a learned vector.
    pub fn table(&self, length: usize) -> Result<Vec<f64>, EncodingError> {
        match self {
            Self::Sinusoidal(sinusoids) => Ok(sinusoids.rows(&(0..length).map(|m| m as f64).collect::<Vec<_>>())),
            Self::Learned { dim, vectors } => match vectors.get(..length * dim) {
                Some(vectors) => Ok(vectors.to_vec()),
                None => Err(EncodingError::TooLong { length, available: vectors.len() / dim }),
            },
        }
    }

    /// The parts that training changes.
    pub(super) fn learned(&self) -> Vec<Learned> {
        match self {
            Self::Sinusoidal(_) => Vec::new(),
            Self::Learned { dim, vectors } => {
                vec![Learned::shared("vectors", &[vectors.len() / dim, *dim], vectors)]
            }
        }
    }
}
