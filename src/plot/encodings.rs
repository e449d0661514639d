//! The colours of encodings, alike in every figure of a comparison.

use plotters::style::RGBColor;

use super::panel::Canvas;
use super::theme::{BLUE, ColourMap, GREEN, ORANGE, PURPLE, SKY, VERMILLION};

/// The colour of one of so many encodings: the palette where it suffices, shades of one map otherwise.
pub(super) fn shade(number: usize, count: usize) -> RGBColor {
    const PALETTE: [RGBColor; 6] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY];
    match PALETTE.get(number) {
        Some(colour) if count <= PALETTE.len() => *colour,
        _ => ColourMap::Sequential.at(0.95 * number as f64 / (count.max(2) - 1) as f64),
    }
}

/// Names with their colours, one below the other.
pub(super) fn draw_key(canvas: &Canvas<'_>, at: (f64, f64), names: &[&str]) {
    canvas.key_column(at, names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), shade(at, names.len()))));
}
