use crate::numeric::{Pairing, Real};
use crate::rope::{Frequencies, RopeError, Rotation, Scaling};

/// A rotation of queries and keys by angles proportional to the position \[su2024\].
///
/// Pair `i` of a query or key at position `m` turns by `m theta_i`, so that a score depends on the
/// lag alone. With `decay` a query is also multiplied by `zeta_i^{(m-c)/s}` and a key by
/// `zeta_i^{-(n-c)/s}`: together `zeta_i^{(m-n)/s}` (xPos, \[sun2023\]).
#[derive(Debug, Clone, PartialEq)]
pub struct Rotary {
    base: f64,
    rotary_dim: usize,
    head_dim: usize,
    scaling: Scaling,
    pairing: Pairing,
    decay: Option<Decay>,
}

/// The decay of xPos: `zeta_i = (2i/d + gamma)/(1 + gamma)` with `gamma = 0.4`, per `span = 512` tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// `gamma`.
    pub gamma: f64,
    /// `s`, in tokens.
    pub span: f64,
}

impl Decay {
    /// The published constants.
    pub const XPOS: Self = Self { gamma: 0.4, span: 512.0 };

    /// `zeta_i` of each pair of `dim` coordinates: below 1, slowest decay last.
    pub fn zeta(&self, dim: usize) -> Vec<f64> {
        (0..dim / 2).map(|i| (2.0 * i as f64 / dim as f64 + self.gamma) / (1.0 + self.gamma)).collect()
    }
}

impl Rotary {
    /// The rotation of the first `rotary_dim` of `head_dim` coordinates.
    ///
    /// # Errors
    /// Those of [`Frequencies::new`]; more coordinates to turn than there are.
    pub fn new(
        base: f64,
        rotary_dim: usize,
        head_dim: usize,
        scaling: Scaling,
        pairing: Pairing,
    ) -> Result<Self, RopeError> {
        let rotary = Self { base, rotary_dim, head_dim, scaling, pairing, decay: None };
        rotary.frequencies(1)?;
        if rotary_dim > head_dim {
            return Err(RopeError::HeadTooShort { expected: rotary_dim, found: head_dim });
        }
        Ok(rotary)
    }

    /// The same with this decay.
    pub fn with_decay(self, decay: Decay) -> Self {
        Self { decay: Some(decay), ..self }
    }

    /// The frequencies for a sequence of this length, on which only dynamic NTK and LongRoPE depend.
    ///
    /// # Errors
    /// A length at which the base of dynamic NTK overflows.
    pub fn frequencies(&self, sequence_length: usize) -> Result<Frequencies, RopeError> {
        Frequencies::new(self.base, self.rotary_dim, &self.scaling, sequence_length)
    }

    /// The base of the geometric sequence.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// Number of coordinates that turn.
    pub fn rotary_dim(&self) -> usize {
        self.rotary_dim
    }

    /// Number of coordinates of a head.
    pub fn head_dim(&self) -> usize {
        self.head_dim
    }

    /// How the frequencies are stretched.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// Which coordinates form a pair.
    pub fn pairing(&self) -> Pairing {
        self.pairing
    }

    /// The decay, of xPos only.
    pub fn decay(&self) -> Option<Decay> {
        self.decay
    }

    /// The factors of pair `i` on a query and on a key at this position of a sequence: both 1
    /// without decay.
    ///
    /// Positions count from the middle of the sequence, `c = ceil(length/2)`, as in the authors'
    /// code; `c` drops out of every score, and keeps the factors within range for twice as long.
    pub fn factors(&self, position: f64, sequence_length: usize) -> Vec<(f64, f64)> {
        let Some(decay) = self.decay else { return vec![(1.0, 1.0); self.rotary_dim / 2] };
        let power = (position - sequence_length.div_ceil(2) as f64) / decay.span;
        decay.zeta(self.rotary_dim).into_iter().map(|zeta| (zeta.powf(power), zeta.powf(-power))).collect()
    }

    /// Turns a query vector at this position of a sequence in place.
    ///
    /// Each coordinate is off by at most 4 roundings of `T` of the pair's norm, and as many of
    /// `f64`; the angle itself costs nothing (see [`Rotation`]).
    ///
    /// # Errors
    /// A vector that is too short, a position without a finite angle.
    pub fn turn_query<T: Real>(&self, position: f64, sequence_length: usize, head: &mut [T]) -> Result<(), RopeError> {
        self.turn(position, sequence_length, head, |(query, _)| query)
    }

    /// Turns a key vector; see [`Rotary::turn_query`].
    ///
    /// # Errors
    /// As there.
    pub fn turn_key<T: Real>(&self, position: f64, sequence_length: usize, head: &mut [T]) -> Result<(), RopeError> {
        self.turn(position, sequence_length, head, |(_, key)| key)
    }

    fn turn<T: Real>(
        &self,
        position: f64,
        sequence_length: usize,
        head: &mut [T],
        side: impl Fn((f64, f64)) -> f64,
    ) -> Result<(), RopeError> {
        let frequencies = self.frequencies(sequence_length)?;
        Rotation::new(&frequencies, position, self.pairing)?.apply(head)?;
        if self.decay.is_some() {
            for (pair, factors) in self.factors(position, sequence_length).into_iter().enumerate() {
                let (first, second) = self.pairing.coordinates(pair, self.rotary_dim);
                head[first] *= T::of(side(factors));
                head[second] *= T::of(side(factors));
            }
        }
        Ok(())
    }
}
