use super::axis::Axis;
use super::encodings::{draw_key, shade};
use super::panel::{Canvas, Frame};
use crate::experiment::Record;

/// The training loss over the steps of one run of each encoding, each point the mean of ten steps.
pub fn training_loss(runs: &[(String, Vec<Record>)]) -> String {
    let records = || runs.iter().flat_map(|(_, records)| records);
    let losses = || records().map(|record| record.loss);
    let (low, high) = (losses().fold(f64::INFINITY, f64::min), losses().fold(0.0, f64::max));
    let last = records().map(|record| record.step).max().unwrap_or(1) as f64;
    let names: Vec<&str> = runs.iter().map(|(name, _)| name.as_str()).collect();
    Canvas::draw(
        (720.0, 400.0),
        "experiment-training-loss",
        "Training loss",
        "Mean training loss of ten steps, in nats per token, over the steps of training.",
        |canvas| {
            let x = Axis::linear("steps", (0.0, last), 6);
            let y = Axis::linear("loss (nats per token)", (0.98 * low, (1.02 * high).max(low + 0.01)), 6);
            let panel = canvas.panel(Frame(76.0, 36.0, 470.0, 300.0), x, y);
            panel.title("Training loss");
            for (number, (_, records)) in runs.iter().enumerate() {
                panel.line(records.iter().map(|record| (record.step as f64, record.loss)), shade(number, runs.len()));
            }
            draw_key(canvas, (566.0, 48.0), &names);
        },
    )
}
