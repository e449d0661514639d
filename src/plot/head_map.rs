use plotters::style::RGBColor;

use super::axis::{Axis, number};
use super::panel::{Anchor, Canvas, Frame};
use super::spectrum::null_title;
use super::theme::{ColourMap, INK, PAPER};
use crate::heads::{Analysis, Metric};

/// The z-scores beyond which the colour no longer changes.
const Z_LIMIT: f64 = 10.0;

/// A metric of every head, layer by head, beside its z-score against a null model.
///
/// `null` is a name of [`PerNull::each`](crate::heads::PerNull::each). A cell is blank where the
/// metric or the z-score has no value.
pub fn head_map(analysis: &Analysis, metric: Metric, null: &str) -> String {
    let layers = analysis.checkpoint.layers;
    let heads = analysis.checkpoint.heads.iter().copied().max().unwrap_or(1).max(1);
    let mut values = vec![None; layers * heads];
    let mut z_scores = vec![None; layers * heads];
    for head in &analysis.heads {
        if let Some(measurement) = head.measurement(metric) {
            let comparisons = measurement.nulls.each();
            let comparison = comparisons.iter().find(|(name, _)| *name == null);
            values[head.layer * heads + head.head] = measurement.value;
            z_scores[head.layer * heads + head.head] = comparison.and_then(|(_, comparison)| comparison.z);
        }
    }
    let cell = (480.0 / heads.max(layers) as f64).clamp(8.0, 44.0);
    let (width, height) = ((cell * heads as f64).max(150.0), cell * layers as f64);
    let title = format!(
        "{} of every head, and its z-score against the null model {null}",
        metric.to_string().replace('_', " ")
    );
    let description =
        "Left: the value. Right: how many standard deviations of the null model it lies from the null's mean.";
    let size = (2.0 * width + 300.0, height + 100.0);
    Canvas::draw(size, &format!("map-{}-{null}", metric.to_string().replace('_', "-")), &title, description, |canvas| {
        let map = Map { layers, heads, numbered: cell >= 26.0 };
        let (low, high) = range(&values);
        let decimals = if high - low >= 20.0 {
            0
        } else if high - low >= 2.0 {
            1
        } else {
            2
        };
        let unit = if metric.unit() == "1" { "no unit".to_owned() } else { format!("{}s", metric.unit()) };
        let frame = Frame(60.0, 40.0, width, height);
        map.draw(
            canvas,
            frame,
            &format!("{} ({unit})", metric.to_string().replace('_', " ")),
            &values,
            decimals,
            |value| ColourMap::Sequential.at((value - low) / (high - low)),
        );
        let bar = Frame(72.0 + width, 40.0, 12.0, height);
        canvas.colour_bar(bar, ColourMap::Sequential, &Axis::linear("", (low, high), 5));
        let frame = Frame(width + 204.0, 40.0, width, height);
        map.draw(canvas, frame, &format!("z against {}", null_title(null)), &z_scores, 1, |z| {
            ColourMap::Diverging.at(0.5 + 0.5 * z / Z_LIMIT)
        });
        let bar = Frame(2.0 * width + 216.0, 40.0, 12.0, height);
        canvas.colour_bar(bar, ColourMap::Diverging, &Axis::linear("", (-Z_LIMIT, Z_LIMIT), 4));
    })
}

struct Map {
    layers: usize,
    heads: usize,
    /// Whether a cell has room for its number.
    numbered: bool,
}

impl Map {
    fn draw(
        &self,
        canvas: &Canvas<'_>,
        frame: Frame,
        title: &str,
        values: &[Option<f64>],
        decimals: usize,
        colour: impl Fn(f64) -> RGBColor,
    ) {
        let edges = |count: usize| (0..=count).map(|edge| edge as f64 - 0.5).collect::<Vec<_>>();
        let axis = |label: &str, count: usize, range: (f64, f64)| {
            let every = count.div_ceil(12);
            Axis::linear(label, range, 1).ticked((0..count).step_by(every).map(|i| (i as f64, i.to_string())))
        };
        let heads = axis("head", self.heads, (-0.5, self.heads as f64 - 0.5));
        // Layer 0 is at the bottom, where the input is.
        let layers = axis("layer", self.layers, (-0.5, self.layers as f64 - 0.5));
        let panel = canvas.panel(frame, heads, layers);
        panel.title(title);
        panel.cells(&edges(self.heads), &edges(self.layers), |layer, head| {
            values[layer * self.heads + head].map(&colour)
        });
        if self.numbered {
            for (index, value) in values.iter().enumerate() {
                let at = ((index % self.heads) as f64, (index / self.heads) as f64);
                if let Some(value) = value {
                    let ink = if is_dark(colour(*value)) { PAPER } else { INK };
                    panel.note(at, (0.0, 0.0), &number(*value, decimals), ink, Anchor::Centre);
                }
            }
        }
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

/// Whether white reads better on it than black, by its relative luminance.
fn is_dark(RGBColor(red, green, blue): RGBColor) -> bool {
    2126 * u32::from(red) + 7152 * u32::from(green) + 722 * u32::from(blue) < 10_000 * 128
}
