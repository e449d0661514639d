use plotters::style::RGBColor;

use super::axis::Axis;
use super::panel::{Canvas, Frame};
use super::theme::{BLUE, FAINT_INK, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION};
use crate::heads::{Analysis, Head, RotaryOfLayer};

/// Panels side by side.
const COLUMNS: usize = 3;
const PANEL: (f64, f64) = (176.0, 132.0);
/// Left, top, between columns and between rows.
const ROOM: (f64, f64, f64, f64) = (62.0, 58.0, 26.0, 58.0);
const COLOURS: [RGBColor; 6] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY];

/// How much the heads of each layer use each rotary frequency: a panel for each layer that rotates, a line for each
/// head. `None` where no layer rotates.
///
/// An upright line marks `1/L`, below which no pair completes a turn in the `L` tokens that the model was made for, and
/// a dark one `x*/2πL`, the frequency that tells positions in them best.
pub fn pair_usage(analysis: &Analysis) -> Option<String> {
    let layers = &analysis.protocol.rotary;
    let rows = layers.len().div_ceil(COLUMNS);
    let columns = layers.len().min(COLUMNS);
    if rows == 0 {
        return None;
    }
    let (left, top, between, below) = ROOM;
    let width = left + columns as f64 * (PANEL.0 + between);
    let height = top + rows as f64 * (PANEL.1 + below) - below + 50.0;
    let shares = |layer: usize| {
        let heads = analysis.heads.iter().filter(move |head| head.layer == layer);
        heads.map(Head::usage_shares).collect::<Vec<_>>()
    };
    let largest = layers.iter().flat_map(|axis| shares(axis.layer)).flatten().fold(0.0, f64::max);
    let draw = |canvas: &Canvas<'_>| {
        let mut key = vec![("1/L", FAINT_INK), ("x*/2πL", INK)];
        key.reverse();
        canvas.key((left, 16.0), key);
        for (place, axis) in layers.iter().enumerate() {
            let (row, column) = (place / COLUMNS, place % COLUMNS);
            let at = (left + column as f64 * (PANEL.0 + between), top + row as f64 * (PANEL.1 + below));
            let lowest_row = place + COLUMNS >= layers.len();
            draw_layer(
                canvas,
                Frame(at.0, at.1, PANEL.0, PANEL.1),
                axis,
                &shares(axis.layer),
                largest,
                (column, lowest_row),
            );
        }
    };
    Some(Canvas::draw(
        (width, height),
        "pair-usage",
        "Usage of the rotary frequencies by layer",
        "Share of each rotary pair in the product of mean query and key norms, over its frequency, for each head of \
         each layer. Grey upright lines mark one turn in the length that the model was made for, dark ones the \
         frequency that tells positions best in it.",
        draw,
    ))
}

/// One panel; its place says whether its axes have labels.
fn draw_layer(
    canvas: &Canvas<'_>,
    frame: Frame,
    axis: &RotaryOfLayer,
    shares: &[Vec<f64>],
    largest: f64,
    (column, labelled): (usize, bool),
) {
    let cycles: Vec<f64> = axis.frequencies.iter().map(|theta| theta / std::f64::consts::TAU).collect();
    let turning = || cycles.iter().copied().filter(|f| *f > 0.0);
    let (low, high) = (turning().fold(f64::INFINITY, f64::min), turning().fold(0.0, f64::max));
    if high == 0.0 {
        return;
    }
    let x = Axis::decades("cycles per token", (low / 1.3, high * 1.3));
    let y =
        Axis::linear(if column == 0 { "share of usage" } else { "" }, (0.0, 1.05 * largest.max(f64::MIN_POSITIVE)), 4);
    let panel =
        canvas.panel(frame, if labelled { x } else { x.unlabelled() }, if column == 0 { y } else { y.unlabelled() });
    panel.title(&format!("Layer {}", axis.layer));
    let ceiling = 1.05 * largest;
    for (frequency, colour) in [(axis.full_turn, FAINT_INK), (axis.theory_frequency, INK)] {
        let at = frequency / std::f64::consts::TAU;
        if (low / 1.3..=high * 1.3).contains(&at) {
            panel.thin_line([(at, 0.0), (at, ceiling)], colour);
        }
    }
    for (head, shares) in shares.iter().enumerate() {
        let points = cycles.iter().copied().zip(shares.iter().copied()).filter(|(f, _)| *f > 0.0);
        panel.thin_line(points, COLOURS[head % COLOURS.len()]);
    }
}
