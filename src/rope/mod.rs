//! Rotary position embedding: frequencies, their scalings, and the rotation itself \[su2024\].
//!
//! Pair `i` of a head vector at position `m` turns by the angle `m theta_i`. [`Frequencies`] holds
//! the `theta_i` and is the one table that theorems examine and models apply; [`Scaling`] says how
//! a model stretches it beyond its training length; [`Rotation`] is the rotation at one position.
//! [`best_told_turn`] is the turn over a window that tells positions best, and [`ScoreSpan`] what scores
//! over the lag rotation can make.

mod error;
mod frequencies;
mod position;
mod rotation;
mod scaling;
mod score_span;

pub use error::RopeError;
pub use frequencies::Frequencies;
pub use position::{best_told_turn, position_variance};
pub use rotation::Rotation;
pub use scaling::{Scaling, YarnRamp, longrope_attention_factor, yarn_attention_factor};
pub use score_span::ScoreSpan;
