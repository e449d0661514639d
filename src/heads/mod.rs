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
mod beside;
mod bootstrap;
mod collapse;
mod comparison;
mod constant_q;
mod coordinates;
mod definition;
mod dirichlet;
mod draws;
mod error;
mod exponential_window;
mod family;
mod frequency_entropy;
mod gram;
mod group;
mod label;
mod lags;
mod layout;
mod levels;
mod littlewood_paley;
mod look_back;
mod mass;
mod massive;
mod null;
mod octaves;
mod pair_family;
mod pair_sums;
mod place;
mod plan;
mod probe;
mod random;
mod ranking;
mod recorder;
mod ridge;
mod rotary_residual;
mod ruscio;
mod sensitivity;
mod signal;
mod slack;
mod spectrum;
mod statistics;
mod tally;
mod trajectory;
mod uncertainty;
mod usage;
mod wavelet_entropy;

pub use analysis::{
    Analysis, Curves, FilterSum, Head, Layer, Measurement, Protocol, Settings, Source, Text, Transform, Whole,
};
pub use analyze::{Recorded, analyze};
pub use beside::ProbeOutcome;
pub use comparison::Comparison;
pub use coordinates::{Coordinates, PairAxis, RotaryOfLayer, SavedCoordinates};
pub use definition::{Definition, Known, Level};
pub use dirichlet::Dirichlet;
pub use error::HeadsError;
pub use frequency_entropy::white_noise_entropy;
pub use label::Label;
pub use layout::Layout;
pub use massive::MASSIVE_FACTOR;
pub use null::PerNull;
pub use pair_sums::{PairLayout, PairReader, PairRecorder};
pub use place::Place;
pub use plan::{Plan, SinkRule, Taper};
pub use probe::{PROBE_PERIOD, PROBES, Probe, ProbeLayout, ProbeReader, ProbeRecorder};
pub use recorder::{Identity, Recorder, Window};
pub use ruscio::{
    Alignment, Boundaries, GUARD, Measure, Measured, MeasuredHead, MeasuredLayer, MetricNote, Over, PUBLISHED, Padding,
    Protocol as RuscioProtocol, Published, QueryRow, Removal, Ruscio, Sequence, Shortened, Study,
};
pub use signal::Signal;
pub use statistics::Statistics;
pub use trajectory::{Change, Medians, NullPoint, Point, Trajectory};
