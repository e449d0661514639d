//! Mother wavelets in closed form, admissibility, and the Haar-type rotary matrix.

mod mother;

pub use mother::{Admissibility, MotherWavelet};
