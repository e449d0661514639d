use super::Figure;
use super::axis::Axis;
use super::measured::{DECODERS, title};
use super::panel::{Canvas, Frame};
use super::theme::ColourMap;

pub(super) const FIGURE: Figure = Figure {
    id: "trained-attention",
    title: "Where trained decoders look, within and beyond the training length",
    caption: "Share of the heads whose attention probability is at least 0.001, by query and key, in cells of a 48th of the \
              window; mean over the 24 heads of one decoder each (6 layers of width 256, seed 0), trained on windows of 512 \
              tokens. Top: a window of 512 tokens. Bottom: of 1012. Beyond 512 RoPE's heads turn from the neighbourhood of the \
              query to what is farther than any key that they were trained on, and so do some of HoPE's; those with \
              ALiBi or a Ricker kernel do not.",
    statements: &["ricker-kernel-ends-at-its-reach", "alibi-windows-have-zero-mean"],
    size: (760.0, 370.0),
    draw,
};

const SIZE: f64 = 108.0;

fn draw(canvas: &Canvas<'_>) {
    let mapped = DECODERS.decoders.iter().filter(|decoder| decoder.attention.iter().all(|map| !map.cells.is_empty()));
    for (column, decoder) in mapped.enumerate() {
        for (row, map) in decoder.attention.iter().enumerate() {
            let frame = Frame(66.0 + 122.0 * column as f64, 36.0 + 178.0 * row as f64, SIZE, SIZE);
            let end = map.length as f64;
            let half = (map.length / 2) as f64;
            let ticks = || [0.0, half, end].map(|at| (at, format!("{at}")));
            let key =
                Axis::linear("key (token)", (0.0, end), 2).ticked([(0.0, "0".to_owned()), (half, format!("{half}"))]);
            let query = Axis::linear("query (token)", (end, 0.0), 2).ticked(ticks());
            let panel = canvas.panel(frame, key, if column == 0 { query } else { query.unlabelled() });
            if row == 0 {
                panel.title(title(&decoder.encoding));
            }
            let edges: Vec<f64> = (0..=map.cells.len()).map(|at| at as f64 * end / map.cells.len() as f64).collect();
            panel.cells(&edges, &edges, |query, key| {
                map.cells[query].get(key).map(|share| ColourMap::Sequential.at(*share))
            });
        }
    }
    let axis = Axis::linear("share of heads (no unit)", (0.0, 1.0), 5);
    canvas.colour_bar(Frame(686.0, 36.0, 12.0, 286.0), ColourMap::Sequential, &axis);
}
