//! Attention heads as signals over the lag: profiles, spectra, scalograms, metrics and null models.
//!
//! Rows of attention come in one at a time and are reduced at once: a [`Recorder`] keeps
//! sums over rows, never the rows, so memory depends on the number of lags and not on the text. It
//! keeps, beside the head's own sums, those of the same rows with their keys shuffled. [`analyze`] turns the sums of all heads into an [`Analysis`], in which no metric
//! stands without its null models.
//!
//! Every definition, with formula, unit, range and what the nulls mean, is in `docs/analysis.md`.
//!
//! # Conventions
//! - A row is the slice of keys `0..=query` of one query, so its length is `query + 1`; the entry
//!   at lag `D` is the one at key `query - D`.
//! - Only rows with at least `lags` keys count, and of those only the `lags` nearest keys, so that
//!   every lag has the same support: each mean over rows is over the same rows.
//! - Spectra have `lags` points, no taper and no padding; sums over frequency are two-sided.

mod accumulator;
mod analysis;
mod error;
mod metric;
mod null;
mod recorder;
mod summary;

pub use accumulator::Statistics;
pub use analysis::{Analysis, Curves, Head, Measurement, Protocol, Settings, Source, Text, Transform, analyze};
pub use error::HeadsError;
pub use metric::Metric;
pub use null::{Comparison, PerNull};
pub use recorder::{Identity, Recorder};
pub use summary::{NullSummary, Summary};
