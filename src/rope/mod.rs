//! Rotary position embedding: frequencies, their scalings, and the rotation itself \[su2024\].
//!
//! Pair `i` of a head vector at position `m` turns by the angle `m theta_i`. [`Frequencies`] holds
//! the `theta_i` and is the one table that theorems examine and models apply; [`Scaling`] says how
//! a model stretches it beyond its training length; [`Rotation`] is the rotation at one position.

mod error;
mod frequencies;
mod rotation;
mod scaling;

pub use error::RopeError;
pub use frequencies::Frequencies;
pub use rotation::Rotation;
pub use scaling::{Scaling, YarnRamp, longrope_attention_factor, yarn_attention_factor};
