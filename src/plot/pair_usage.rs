use std::f64::consts::TAU;
use std::sync::LazyLock;

use plotters::style::RGBColor;
use serde::Deserialize;

use super::Figure;
use super::axis::Axis;
use super::panel::{Canvas, Frame};
use super::theme::{BLUE, FAINT_INK, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION};
use crate::heads::{Analysis, Head};

pub(super) const FIGURE: Figure = Figure {
    id: "pair-usage",
    title: "Usage of the rotary frequencies in the trained checkpoint, by layer",
    caption: "Share of each rotary pair in the product of mean query and key norms, over its frequency in cycles per \
              token, for each of the four heads of each layer. The grey upright line marks one turn in the 1024 \
              tokens that the model was trained on, the dark one the frequency that tells positions in them best \
              (x*/2πL, x* = 3.657210). All pairs alike would be 1/32.",
    statements: &["position-is-best-told-at-3-657-radians"],
    size: (LEFT + 3.0 * (PANEL.0 + BETWEEN), TOP + 2.0 * (PANEL.1 + BELOW)),
    draw: |canvas| draw(canvas, &TRAINED.layers),
};

/// Panels side by side.
const COLUMNS: usize = 3;
const PANEL: (f64, f64) = (176.0, 132.0);
const LEFT: f64 = 76.0;
const TOP: f64 = 58.0;
const BETWEEN: f64 = 26.0;
const BELOW: f64 = 58.0;
const COLOURS: [RGBColor; 6] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY];

/// The heads of one layer on their axis; frequencies in radians per token.
#[derive(Deserialize)]
struct Layer {
    layer: usize,
    frequencies: Vec<f64>,
    full_turn: f64,
    theory_frequency: f64,
    /// By head and pair.
    shares: Vec<Vec<f64>>,
}

/// What `docs/heads` holds of the trained checkpoint.
#[derive(Deserialize)]
struct Trained {
    layers: Vec<Layer>,
}

static TRAINED: LazyLock<Trained> = LazyLock::new(|| {
    let text = include_str!("../../docs/heads/pair-usage.json");
    serde_json::from_str(text).expect("it is what docs/heads/pair-usage.py writes")
});

/// How much the heads of each layer use each rotary frequency: a panel for each layer that rotates, a line for each
/// head. `None` where no layer rotates.
///
/// A grey upright line marks `1/L`, below which no pair completes a turn in the `L` tokens that the model was made for,
/// and a dark one `x*/2πL`, the frequency that tells positions in them best.
pub fn pair_usage(analysis: &Analysis) -> Option<String> {
    let of_layer = |axis: &crate::heads::RotaryOfLayer| Layer {
        layer: axis.layer,
        frequencies: axis.frequencies.clone(),
        full_turn: axis.full_turn,
        theory_frequency: axis.theory_frequency,
        shares: analysis.heads.iter().filter(|head| head.layer == axis.layer).map(Head::usage_shares).collect(),
    };
    let layers: Vec<Layer> = analysis.protocol.rotary.iter().map(of_layer).collect();
    let (rows, columns) = (layers.len().div_ceil(COLUMNS), layers.len().min(COLUMNS));
    (rows > 0).then(|| {
        Canvas::draw(
            (LEFT + columns as f64 * (PANEL.0 + BETWEEN), TOP + rows as f64 * (PANEL.1 + BELOW)),
            "pair-usage",
            "Usage of the rotary frequencies by layer",
            "Share of each rotary pair in the product of mean query and key norms, over its frequency, for each head \
             of each layer. A grey upright line marks one turn in the length that the model was made for, a dark one \
             the frequency that tells positions best in it.",
            |canvas| draw(canvas, &layers),
        )
    })
}

fn draw(canvas: &Canvas<'_>, layers: &[Layer]) {
    canvas.key((LEFT, 16.0), [("one turn in L tokens", FAINT_INK), ("tells positions best", INK)]);
    let largest = layers.iter().flat_map(|layer| &layer.shares).flatten().fold(0.0f64, |most, x| most.max(*x));
    let ceiling = 1.05 * largest.max(f64::MIN_POSITIVE);
    for (place, layer) in layers.iter().enumerate() {
        let (row, column) = (place / COLUMNS, place % COLUMNS);
        let (left, top) = (LEFT + column as f64 * (PANEL.0 + BETWEEN), TOP + row as f64 * (PANEL.1 + BELOW));
        let cycles = |theta: f64| theta / TAU;
        let turning = || layer.frequencies.iter().map(|theta| cycles(*theta)).filter(|f| *f > 0.0);
        let range = (turning().fold(f64::INFINITY, f64::min) / 1.3, turning().fold(0.0, f64::max) * 1.3);
        if range.1 == 0.0 {
            continue;
        }
        let x = Axis::decades("frequency (cycles per token)", range);
        let y = Axis::linear(if column == 0 { "share (no unit)" } else { "" }, (0.0, ceiling), 4);
        let panel = canvas.panel(
            Frame(left, top, PANEL.0, PANEL.1),
            if place + COLUMNS >= layers.len() { x } else { x.unlabelled() },
            if column == 0 { y } else { y.unlabelled() },
        );
        panel.title(&format!("Layer {}", layer.layer));
        for (at, colour) in [(layer.full_turn, FAINT_INK), (layer.theory_frequency, INK)] {
            if (range.0..=range.1).contains(&cycles(at)) {
                panel.thin_line([(cycles(at), 0.0), (cycles(at), ceiling)], colour);
            }
        }
        for (head, shares) in layer.shares.iter().enumerate() {
            let points = layer.frequencies.iter().map(|theta| cycles(*theta)).zip(shares.iter().copied());
            panel.thin_line(points.filter(|(f, _)| *f > 0.0), COLOURS[head % COLOURS.len()]);
        }
    }
}
