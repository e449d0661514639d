use super::axis::Axis;
use super::encodings::{draw_key, shade};
use super::panel::{Canvas, Frame};
use super::theme::FAINT_INK;
use crate::experiment::{Comparison, Spread};

/// Validation perplexity over the length of the window, one curve for each encoding: the mean over seeds,
/// with a thin upright line of one standard deviation to each side.
///
/// A mean above `4 ×` the smallest leaves the panel.
pub fn extrapolation(comparison: &Comparison) -> String {
    let trained = comparison.configuration.preset.recipe.train_length;
    let rows: Vec<_> = comparison.rows.iter().filter(|row| !row.perplexity.is_empty()).collect();
    let cells = || rows.iter().flat_map(|row| &row.perplexity);
    let lengths = cells().map(|cell| cell.length as f64);
    let (shortest, longest) = (lengths.clone().fold(f64::INFINITY, f64::min), lengths.fold(1.0, f64::max));
    let means = || cells().map(|cell| cell.whole.mean);
    let (low, high) = (means().fold(f64::INFINITY, f64::min), means().fold(0.0, f64::max));
    let (low, high) = (0.97 * low, (1.03 * high).min(4.0 * low));
    let names: Vec<&str> = rows.iter().map(|row| row.encoding.as_str()).collect();
    Canvas::draw(
        (720.0, 440.0),
        "experiment-extrapolation",
        "Perplexity within and beyond the training length",
        &format!(
            "Validation perplexity of windows read whole, by their length, of decoders trained on {trained} tokens."
        ),
        |canvas| {
            let ticks =
                comparison.configuration.preset.lengths.iter().map(|length| (*length as f64, length.to_string()));
            let x = Axis::octaves("tokens of a window", (shortest, longest.max(2.0 * shortest))).ticked(ticks);
            let y = Axis::linear("perplexity (no unit)", (low, high.max(low * 1.01)), 6);
            let panel = canvas.panel(Frame(76.0, 36.0, 470.0, 340.0), x, y);
            panel.title("Windows read whole");
            panel.thin_line([(trained as f64, low), (trained as f64, high)], FAINT_INK);
            for (number, row) in rows.iter().enumerate() {
                let colour = shade(number, rows.len());
                panel.line(row.perplexity.iter().map(|cell| (cell.length as f64, cell.whole.mean)), colour);
                for cell in &row.perplexity {
                    let Spread { mean, standard_deviation: Some(deviation) } = cell.whole else { continue };
                    let at = cell.length as f64;
                    panel.thin_line([(at, mean - deviation), (at, mean + deviation)], colour);
                }
            }
            draw_key(canvas, (566.0, 48.0), &names);
        },
    )
}
