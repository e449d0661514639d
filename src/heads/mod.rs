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
//! - Only rows with more than `lags` keys count, and of those only the `lags` nearest keys, so that
//!   every lag has the same support: each mean over rows is over the same rows.
//! - Spectra have `lags` points, no taper and no padding; sums over frequency are two-sided.

mod analysis;
mod analyze;
mod band;
mod bootstrap;
mod collapse;
mod comparison;
mod constant_q;
mod definition;
mod dirichlet;
mod draws;
mod error;
mod exponential_window;
mod family;
mod gram;
mod group;
mod lags;
mod layout;
mod levels;
mod littlewood_paley;
mod mass;
mod null;
mod octaves;
mod place;
mod plan;
mod random;
mod recorder;
mod ridge;
mod ruscio;
mod sensitivity;
mod signal;
mod slack;
mod spectrum;
mod statistics;
mod summary;
mod tally;
mod trajectory;
mod uncertainty;
mod wavelet_entropy;

pub use analysis::{
    Analysis, Curves, FilterSum, Head, Layer, Measurement, Protocol, Settings, Source, Text, Transform, Whole,
};
pub use analyze::{Recorded, analyze};
pub use comparison::Comparison;
pub use definition::{Definition, Known, Level};
pub use dirichlet::Dirichlet;
pub use error::HeadsError;
pub use layout::Layout;
pub use null::PerNull;
pub use place::Place;
pub use plan::{Plan, SinkRule, Taper};
pub use recorder::{Identity, Recorder, Window};
pub use ruscio::{
    Alignment, Boundaries, GUARD, Measure, Measured, MeasuredHead, MeasuredLayer, MetricNote, Over, PUBLISHED, Padding,
    Protocol as RuscioProtocol, Published, QueryRow, Removal, Ruscio, Sequence, Shortened, Study,
};
pub use signal::Signal;
pub use statistics::Statistics;
pub use summary::{NullSummary, Summary};
pub use trajectory::{Change, Medians, NullPoint, Point, Trajectory};
