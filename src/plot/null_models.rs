use plotters::style::RGBColor;

use super::theme::{GREEN, ORANGE, PURPLE, SKY, VERMILLION};

/// The colour of each null model, in the order of [`PerNull::each`](crate::heads::PerNull::each).
pub(super) const NULL_COLOURS: [RGBColor; 5] = [ORANGE, PURPLE, SKY, GREEN, VERMILLION];

/// A null model's name, as [`PerNull::each`](crate::heads::PerNull::each) gives it, as prose spells it.
pub fn null_title(name: &str) -> &str {
    match name {
        "dirichlet" => "Dirichlet",
        "alibi" => "ALiBi",
        other => other,
    }
}
