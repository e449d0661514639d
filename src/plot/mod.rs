//! Figures as SVG: one theme, one file per figure.
//!
//! Nothing is computed here. A documentation figure asks the library for its data when it is
//! drawn, or draws what `docs/experiments` holds of training runs; a picture of a head takes its data from an
//! [`Analysis`](crate::heads::Analysis).
//!
//! A figure is the same bytes on every machine: coordinates are rounded to a tenth of a pixel,
//! colours to 65 steps and printed numbers to a few digits, no font is measured, and the order of
//! everything is fixed.

mod axis;
#[cfg(feature = "model")]
mod binary_attention;
mod comparison;
mod dc_gain_circle;
#[cfg(feature = "model")]
mod encodings;
#[cfg(feature = "model")]
mod extrapolation;
mod haar_like_pair;
mod lag_kernels;
mod measured;
mod mother_wavelets;
mod null_models;
mod pair_usage;
mod panel;
mod png;
#[cfg(feature = "model")]
mod receptive_field;
mod rotation_matrix;
mod scalogram;
mod theme;
mod trained_attention;
mod trained_bands;
mod trained_extrapolation;
mod trained_receptive_field;
#[cfg(feature = "model")]
mod training_loss;
mod what_rests_on_what;

#[cfg(feature = "model")]
pub use binary_attention::binary_attention;
pub use comparison::comparison;
#[cfg(feature = "model")]
pub use extrapolation::extrapolation;
pub use null_models::null_title;
pub use pair_usage::pair_usage;
#[cfg(feature = "model")]
pub use receptive_field::receptive_field;
pub use scalogram::{CannotBeDrawn, Quantity, scalogram};
#[cfg(feature = "model")]
pub use training_loss::training_loss;

use panel::Canvas;

/// A figure of the documentation: `figures/<id>.svg`.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Its name, and that of its file.
    pub id: &'static str,
    /// What it shows, in a few words.
    pub title: &'static str,
    /// What is to be seen in it.
    pub caption: &'static str,
    /// Ids of the statements that it illustrates.
    pub statements: &'static [&'static str],
    size: (f64, f64),
    draw: fn(&Canvas<'_>),
}

impl Figure {
    /// Draws it: a whole SVG document, with title and description for readers that cannot see it.
    pub fn svg(&self) -> String {
        Canvas::draw(self.size, &format!("figure-{}", self.id), self.title, self.caption, self.draw)
    }
}

/// The figures of the documentation, in reading order.
pub fn figures() -> [Figure; 12] {
    [
        rotation_matrix::FIGURE,
        haar_like_pair::FIGURE,
        dc_gain_circle::FIGURE,
        mother_wavelets::FIGURE,
        scalogram::FIGURE,
        lag_kernels::FIGURE,
        trained_extrapolation::FIGURE,
        trained_attention::FIGURE,
        trained_receptive_field::FIGURE,
        pair_usage::FIGURE,
        trained_bands::FIGURE,
        what_rests_on_what::FIGURE,
    ]
}
