use plotters::style::RGBColor;

use super::axis::Axis;
use super::panel::{Canvas, Frame, Panel};
use super::theme::{BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION};
use crate::heads::{Curves, Head};

/// The mean power spectrum of a head's attention rows, with the mean of each null model.
pub fn spectrum(head: &Head) -> String {
    let (layer, number) = (head.layer, head.head);
    let curves = family(head, |curves| &curves.spectrum);
    Canvas::draw(
        (400.0, 296.0),
        &format!("layer-{layer}-head-{number}-spectrum"),
        &format!("Row power spectrum of layer {layer}, head {number}"),
        "Mean power of the attention rows over frequency, of the head and of its null models.",
        |canvas| {
            let points = 2 * head.curves.spectrum.len().saturating_sub(1);
            let frequency = Axis::linear("frequency (cycles per token)", (0.0, 0.5), 5);
            let power = Axis::decades("mean power (no unit)", positive_range(&curves, 8.0));
            let panel = canvas.panel(PROFILE_FRAME, frequency, power);
            draw_family(&panel, "Row power spectrum", &curves, |bin| bin as f64 / points as f64);
        },
    )
}

/// A curve of a head and the same curve of its null models, the head last.
pub(super) type Family<'a> = Vec<(&'static str, RGBColor, &'a [f64])>;

/// The colour of each null model, in the order of [`PerNull::each`](crate::heads::PerNull::each).
pub(super) const NULL_COLOURS: [RGBColor; 5] = [ORANGE, PURPLE, SKY, GREEN, VERMILLION];

pub(super) fn family(head: &Head, curve: impl Fn(&Curves) -> &Vec<f64>) -> Family<'_> {
    let nulls = head.null_curves.each().into_iter().zip(NULL_COLOURS);
    let nulls = nulls.map(|((name, curves), colour)| (null_title(name), colour, curve(curves).as_slice()));
    nulls.chain([("head", BLUE, curve(&head.curves).as_slice())]).filter(|(_, _, values)| !values.is_empty()).collect()
}

/// A null model's name, as [`PerNull::each`](crate::heads::PerNull::each) gives it, as prose spells it.
pub fn null_title(name: &str) -> &str {
    match name {
        "dirichlet" => "Dirichlet",
        "alibi" => "ALiBi",
        other => other,
    }
}

/// The range of the positive values on a logarithmic axis, at most so many decades of it.
pub(super) fn positive_range(curves: &Family<'_>, decades: f64) -> (f64, f64) {
    let values = || curves.iter().flat_map(|(_, _, values)| *values).copied().filter(|value| *value > 0.0);
    let high = values().fold(0.0, f64::max);
    if high == 0.0 {
        return (0.1, 1.0);
    }
    let low = values().fold(high, f64::min).max(high / 10f64.powf(decades)).min(high / 10.0);
    (low / 1.3, high * 1.3)
}

/// Where the curves of a head are drawn, with room for title and key.
pub(super) const PROFILE_FRAME: Frame = Frame(66.0, 60.0, 320.0, 190.0);

/// Draws the curves under a title and a key.
pub(super) fn draw_family(panel: &Panel<'_, '_>, title: &str, curves: &Family<'_>, x: impl Fn(usize) -> f64) {
    for (name, colour, values) in curves {
        let points = values.iter().enumerate().map(|(index, value)| (x(index), *value));
        if *name == "head" { panel.line(points, *colour) } else { panel.thin_line(points, *colour) }
    }
    panel.title_and_key(title, curves.iter().rev().map(|(name, colour, _)| (*name, *colour)));
}
