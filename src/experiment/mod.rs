//! Training runs of small decoders that differ in one table, and the comparison of what they learn.
//!
//! A [`Variant`] names an encoding, a [`Preset`] everything else. Decoders of one seed begin with the
//! same weights and read the same windows of text in the same order, so that two runs differ only in
//! how a token knows its position. A [`RunFolder`] holds one run: what it is, how far it is, what it
//! found.

mod attention_map;
mod batch;
mod checkpoint;
mod configuration;
mod copying;
mod corpus;
mod decoder;
mod durable;
mod error;
mod evaluation;
mod position;
mod preset;
mod published;
mod receptive_field;
mod run;
mod table;
mod tensor_file;
mod training;
mod variant;

pub use attention_map::AttentionMap;
pub use configuration::{Configuration, Task};
pub use copying::Copied;
pub use corpus::Corpus;
pub use error::ExperimentError;
pub use evaluation::{ByPosition, Perplexity};
pub use preset::{Preset, Recipe, Shape};
pub use published::{Published, published};
pub use receptive_field::ReceptiveField;
pub use run::{Ended, Maps, Outcome, Progress, Record, RunFolder};
pub use table::{Cell, Comparison, FoundRun, Row, Spread, compare, find};
pub use training::{StepOutcome, Training};
pub use variant::Variant;
