use plotters::style::RGBColor;

use super::Figure;
use super::axis::Axis;
use super::measured::{COMPARISON, Row, title};
use super::panel::{Canvas, Frame};
use super::theme::{BLUE, FAINT_INK, GREEN, PURPLE, VERMILLION};

pub(super) const FIGURE: Figure = Figure {
    id: "trained-extrapolation",
    title: "Perplexity within and beyond the training length, trained here and published",
    caption: "Validation perplexity by the length of the window, for decoders that differ in their positional encoding \
              alone and were trained on windows of 512 tokens, which the upright line marks. Top: 6 layers of width \
              256, trained here, mean of three seeds with one standard deviation to each side. Bottom: 16 layers of \
              width 1024 on another text, one run each, as Oka et al. (ICLR 2025) give them, and of FMRoPE the two \
              values of its own paper; HoPE and T5 are in neither. The axes of perplexity are logarithmic and end at \
              five times their smallest value.",
    statements: &[
        "ricker-kernel-ends-at-its-reach",
        "gaussian-is-admissible",
        "hope-turns-the-pairs-that-complete-a-turn",
    ],
    size: (760.0, 590.0),
    draw,
};

/// Few enough in a panel to be told apart.
const GROUPS: [(&str, [&str; 4]); 3] = [
    ("Rotations", ["rope", "rope-5e5", "fmrope", "hope"]),
    ("None, sinusoids, biases", ["nope", "sinusoidal-relative", "alibi", "t5"]),
    ("Lag kernels", ["ricker", "gaussian", "haar", "morlet"]),
];
const COLOURS: [RGBColor; 4] = [BLUE, VERMILLION, GREEN, PURPLE];
const TRAINED: f64 = 512.0;

/// Length, perplexity, and how far it spreads.
type Points = Vec<(f64, f64, f64)>;

/// Where the numbers of a line of panels come from.
struct Source {
    label: &'static str,
    points: fn(&Row) -> Points,
}

fn ours(row: &Row) -> Points {
    let cells = row.perplexity.iter();
    cells.map(|cell| (cell.length, cell.whole.mean, cell.whole.standard_deviation.unwrap_or(0.0))).collect()
}

fn theirs(row: &Row) -> Points {
    row.published.iter().flat_map(|paper| &paper.whole).map(|(length, value)| (*length, *value, 0.0)).collect()
}

fn draw(canvas: &Canvas<'_>) {
    let row = |name: &str| COMPARISON.rows.iter().find(|row| row.encoding == name);
    let sources = [
        Source { label: "perplexity, here (no unit)", points: ours },
        Source { label: "perplexity, published (no unit)", points: theirs },
    ];
    for (line, Source { label, points }) in sources.into_iter().enumerate() {
        let named = GROUPS.iter().flat_map(|(_, names)| names).filter_map(|name| row(name));
        let low = named.flat_map(points).map(|(_, value, _)| value).fold(f64::INFINITY, f64::min);
        let range = (0.95 * low, 5.0 * low);
        for (column, (heading, names)) in GROUPS.iter().enumerate() {
            let frame = Frame(76.0 + 226.0 * column as f64, 36.0 + 236.0 * line as f64, 190.0, 172.0);
            let lengths = [128.0, 512.0, 1012.0, 2512.0].map(|length| (length, format!("{length}")));
            let x = Axis::octaves("tokens of a window", (128.0, 2512.0)).ticked(lengths);
            let ticks = [16.0, 20.0, 30.0, 40.0, 60.0, 80.0].map(|value| (value, format!("{value}")));
            let y = Axis::decades(if column == 0 { label } else { "" }, range).ticked(ticks);
            let panel = canvas.panel(
                frame,
                if line == 1 { x } else { x.unlabelled() },
                if column == 0 { y } else { y.unlabelled() },
            );
            if line == 0 {
                panel.title(heading);
            }
            panel.thin_line([(TRAINED, range.0), (TRAINED, range.1)], FAINT_INK);
            for (name, colour) in names.iter().zip(COLOURS) {
                let points = row(name).map(points).unwrap_or_default();
                panel.line(points.iter().map(|(length, mean, _)| (*length, *mean)), colour);
                for (length, mean, spread) in points.iter().filter(|(_, _, spread)| *spread > 0.0) {
                    panel.thin_line([(*length, mean - spread), (*length, mean + spread)], colour);
                }
            }
        }
    }
    for (column, (_, names)) in GROUPS.iter().enumerate() {
        let entries = names.iter().zip(COLOURS).map(|(name, colour)| (title(name).to_owned(), colour));
        canvas.key_column((76.0 + 226.0 * column as f64, 508.0), entries);
    }
}
