use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Figure;
use super::axis::{Axis, number};
use super::null_models::{NULL_COLOURS, null_title};
use super::panel::{Canvas, Frame, Panel};
use super::theme::{BLUE, FAINT_INK};
use crate::heads::PerNull;

pub(super) const FIGURE: Figure = Figure {
    id: "trained-bands",
    title: "The bands of trained heads: how wide they are, and what they cover together",
    caption: "The 24 heads of the small trained checkpoint, by their mean scores over the lag without their mean. Left: \
              bandwidth over centre frequency, with 95 % intervals over texts, and the means of each head's null models; \
              the lines have the slopes 1, of wavelets of one shape, and 0, of a short-time Fourier transform. Shuffled \
              keys, Dirichlet rows and a sink are white noise, at one place. Right: Littlewood-Paley's sum of all heads, each \
              of energy 1, over frequency; a tight frame has a level line. All axes but that of frequency on the right \
              are logarithmic.",
    statements: &["nonnegative-weights-peak-at-frequency-zero", "attention-rows-have-zero-mean"],
    size: (760.0, 440.0),
    draw,
};

/// What `docs/heads/excerpt.py` has taken from an analysis.
#[derive(Deserialize)]
struct Excerpt {
    slope: Slope,
    heads: Vec<Band>,
    sums: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Slope {
    value: f64,
    interval: [f64; 2],
    untrained: f64,
}

/// Centre frequency and bandwidth.
#[derive(Deserialize)]
struct Band {
    head: (f64, f64),
    centre: [f64; 2],
    bandwidth: [f64; 2],
    nulls: BTreeMap<String, (f64, f64)>,
}

static EXCERPT: LazyLock<Excerpt> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../docs/heads/bands.json")).expect("it is what excerpt.py writes")
});

fn draw(canvas: &Canvas<'_>) {
    bands(canvas);
    sums(canvas);
    let nulls = PerNull::<()>::NAMES.into_iter().zip(NULL_COLOURS);
    let nulls = nulls.map(|(name, colour)| (null_title(name), colour));
    canvas.key((76.0, 424.0), [("head", BLUE)].into_iter().chain(nulls).chain([("slopes 0 and 1", FAINT_INK)]));
}

/// Frequencies and widths that are drawn.
const CENTRES: (f64, f64) = (1.0 / 100.0, 0.32);
const WIDTHS: (f64, f64) = (1.0 / 64.0, 0.21);

fn bands(canvas: &Canvas<'_>) {
    let Excerpt { slope, heads, .. } = &*EXCERPT;
    let x = Axis::octaves("centre frequency (cycles per token)", CENTRES);
    let y = Axis::octaves("bandwidth (cycles per token)", WIDTHS);
    let panel = canvas.panel(Frame(76.0, 52.0, 290.0, 300.0), x, y);
    panel.title(&format!(
        "Slope {} [{}, {}]",
        number(slope.value, 2),
        number(slope.interval[0], 2),
        number(slope.interval[1], 2)
    ));
    panel.remark(&format!("before training {}", number(slope.untrained, 2)));
    references(&panel, heads);
    for (name, colour) in PerNull::<()>::NAMES.into_iter().zip(NULL_COLOURS) {
        panel.marks(heads.iter().filter_map(|band| band.nulls.get(name).copied()), colour, 2.4);
    }
    for Band { head: (centre, width), centre: [left, right], bandwidth: [low, high], .. } in heads {
        panel.thin_line([(left.max(CENTRES.0), *width), (right.min(CENTRES.1), *width)], BLUE);
        panel.thin_line([(*centre, low.max(WIDTHS.0)), (*centre, high.min(WIDTHS.1))], BLUE);
    }
    panel.marks(heads.iter().map(|band| band.head), BLUE, 3.4);
}

/// The slopes 0 and 1 through the geometric mean of the heads.
fn references(panel: &Panel<'_, '_>, heads: &[Band]) {
    let mean = |of: fn(&Band) -> f64| (heads.iter().map(|band| of(band).ln()).sum::<f64>() / heads.len() as f64).exp();
    let (centre, width) = (mean(|band| band.head.0), mean(|band| band.head.1));
    let (down, up) = ((CENTRES.0 / centre).max(WIDTHS.0 / width), (CENTRES.1 / centre).min(WIDTHS.1 / width));
    panel.thin_line([down, up].map(|times| (centre * times, width * times)), FAINT_INK);
    panel.thin_line([(CENTRES.0, width), (CENTRES.1, width)], FAINT_INK);
}

fn sums(canvas: &Canvas<'_>) {
    let sums = &EXCERPT.sums;
    let values = || sums.values().flatten().copied();
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let x = Axis::linear("frequency (cycles per token)", (0.0, 0.5), 5);
    let y = Axis::decades("sum of powers of the heads (no unit)", (low / 1.3, high * 1.3));
    let panel = canvas.panel(Frame(454.0, 52.0, 290.0, 300.0), x, y);
    panel.title("Littlewood-Paley sum");
    let curve = |values: &Vec<f64>| -> Vec<(f64, f64)> {
        let points = 2.0 * values.len() as f64;
        values.iter().enumerate().map(|(place, value)| ((place + 1) as f64 / points, *value)).collect()
    };
    for (name, colour) in PerNull::<()>::NAMES.into_iter().zip(NULL_COLOURS) {
        if let Some(values) = sums.get(name) {
            panel.thin_line(curve(values), colour);
        }
    }
    panel.line(sums.get("head").map(curve).unwrap_or_default(), BLUE);
}
