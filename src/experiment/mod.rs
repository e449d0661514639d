//! Training runs of small decoders that differ in one table, and the comparison of what they learn.
//!
//! A [`Variant`] names an encoding, a [`Preset`] everything else. Decoders of one seed begin with the
//! same weights and read the same windows of text in the same order, so that two runs differ only in
//! how a token knows its position.

mod error;
mod preset;

pub use error::ExperimentError;
pub use preset::{Preset, Recipe, Shape};
