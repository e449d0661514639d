use plotters::style::RGBColor;

use super::axis::{Axis, number};
use super::panel::{Anchor, Canvas, Frame};
use super::spectrum::null_title;
use super::theme::{ColourMap, INK, PAPER};
use crate::heads::{Analysis, Signal};

/// The z-scores beyond which the colour no longer changes.
const Z_LIMIT: f64 = 10.0;

/// A metric of every head, layer by head, beside its z-score against a null model.
///
/// `null` is a name of [`PerNull::each`](crate::heads::PerNull::each). A cell is blank where the
/// metric or the z-score has no value.
pub fn head_map(analysis: &Analysis, signal: Signal, metric: &str, null: &str) -> String {
    let layers = analysis.checkpoint.layers;
    let heads = analysis.checkpoint.heads.iter().copied().max().unwrap_or(1).max(1);
    let mut values = vec![None; layers * heads];
    let mut z_scores = vec![None; layers * heads];
    for head in &analysis.heads {
        if let Some(measurement) = head.measurement(signal, metric) {
            let comparisons = measurement.nulls.each();
            let comparison = comparisons.iter().find(|(name, _)| *name == null);
            values[head.layer * heads + head.head] = measurement.value;
            z_scores[head.layer * heads + head.head] = comparison.and_then(|(_, comparison)| comparison.z);
        }
    }

    let cell = (480.0 / heads.max(layers) as f64).clamp(8.0, 44.0);
    let (width, height) = ((cell * heads as f64).max(150.0), cell * layers as f64);
    let definition = analysis.definition(signal, metric);
    let words = definition.map_or(metric, |definition| &definition.title);
    let unit = match definition.map_or("1", |definition| definition.unit) {
        "1" => "no unit".to_owned(),
        unit => format!("{unit}s"),
    };
    let id = format!("map-{signal}-{}-{null}", metric.replace('_', "-"));
    let title = format!("{words} of every head, and its z-score against the null model {null}");
    let description = "Left: the value. Right: its distance from the mean of the null model, in standard deviations.";
    Canvas::draw((2.0 * width + 300.0, height + 88.0), &id, &title, description, |canvas| {
        let map = |left: f64| Map { canvas, frame: Frame(left, 40.0, width, height), layers, heads };
        let (low, high) = range(&values);
        let decimals = (2.0 - (high - low).log10()).floor().clamp(0.0, 4.0) as usize;
        let shade = |value| ColourMap::Sequential.at((value - low) / (high - low));
        map(60.0).draw(&format!("{words} ({unit})"), &values, |value| number(value, decimals), shade);
        map(60.0).key(ColourMap::Sequential, (low, high));
        let shade = |z| ColourMap::Diverging.at(0.5 + 0.5 * z / Z_LIMIT);
        // From 100 on a decimal would not fit into the cell.
        let text = |z: f64| number(z, usize::from(z.abs() < 99.5));
        map(width + 204.0).draw(&format!("z against {}", null_title(null)), &z_scores, text, shade);
        map(width + 204.0).key(ColourMap::Diverging, (-Z_LIMIT, Z_LIMIT));
    })
}

/// A table of coloured cells, layer 0 at the bottom, where the input is.
struct Map<'a, 's> {
    canvas: &'a Canvas<'s>,
    frame: Frame,
    layers: usize,
    heads: usize,
}

impl Map<'_, '_> {
    fn draw(
        &self,
        title: &str,
        values: &[Option<f64>],
        text: impl Fn(f64) -> String,
        colour: impl Fn(f64) -> RGBColor,
    ) {
        let edges = |count: usize| (0..=count).map(|edge| edge as f64 - 0.5).collect::<Vec<_>>();
        let axis = |label: &str, count: usize| {
            let ticks = (0..count).step_by(count.div_ceil(12)).map(|index| (index as f64, index.to_string()));
            Axis::linear(label, (-0.5, count as f64 - 0.5), 1).ticked(ticks)
        };
        let panel = self.canvas.panel(self.frame, axis("head", self.heads), axis("layer", self.layers));
        panel.title(title);
        let at = |layer: usize, head: usize| values[layer * self.heads + head];
        panel.cells(&edges(self.heads), &edges(self.layers), |layer, head| at(layer, head).map(&colour));
        let Frame(_, _, width, height) = self.frame;
        let has_room = width / self.heads as f64 >= 34.0 && height / self.layers as f64 >= 16.0;
        for (index, value) in values.iter().enumerate().filter(|_| has_room) {
            let centre = ((index % self.heads) as f64, (index / self.heads) as f64);
            if let Some(value) = value {
                let ink = if is_dark(colour(*value)) { PAPER } else { INK };
                panel.note(centre, (0.0, 0.0), &text(*value), ink, Anchor::Centre);
            }
        }
    }

    fn key(&self, colours: ColourMap, range: (f64, f64)) {
        let Frame(left, top, width, height) = self.frame;
        let bar = Frame(left + width + 12.0, top, 12.0, height);
        self.canvas.colour_bar(bar, colours, &Axis::linear("", range, 4));
    }
}

fn range(values: &[Option<f64>]) -> (f64, f64) {
    let values = || values.iter().flatten().copied();
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    if high > low {
        (low, high)
    } else if low.is_finite() {
        (low - 0.5, low + 0.5)
    } else {
        (0.0, 1.0)
    }
}

/// Whether white reads better on it than black, by its luma.
fn is_dark(RGBColor(red, green, blue): RGBColor) -> bool {
    2126 * u32::from(red) + 7152 * u32::from(green) + 722 * u32::from(blue) < 10_000 * 128
}
