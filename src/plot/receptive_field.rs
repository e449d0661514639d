use super::axis::{Axis, lag_place};
use super::encodings::{draw_key, shade};
use super::panel::{Canvas, Frame};
use crate::experiment::ReceptiveField;

/// How much of the whole derivative of a prediction comes from the tokens up to each lag: a panel for
/// each length, a curve for each encoding.
pub fn receptive_field(decoders: &[(String, Vec<ReceptiveField>)]) -> String {
    let lengths = decoders.iter().map(|(_, fields)| fields.len()).max().unwrap_or(0);
    let names: Vec<&str> = decoders.iter().map(|(name, _)| name.as_str()).collect();
    Canvas::draw(
        (720.0, 40.0 + 250.0 * lengths as f64),
        "experiment-receptive-field",
        "Receptive fields within and beyond the training length",
        "Share of the derivative of ln p(target) by the embeddings that comes from tokens up to a lag.",
        |canvas| {
            for number in 0..lengths {
                let at = decoders.iter().filter_map(|(_, fields)| fields.get(number));
                let length = at.map(|field| field.length).max().unwrap_or(1);
                let frame = Frame(76.0, 36.0 + 250.0 * number as f64, 470.0, 180.0);
                let panel = canvas.panel(frame, Axis::lags(length), Axis::linear("share (no unit)", (0.0, 1.0), 5));
                panel.title(&format!("Windows of {length} tokens"));
                for (place, (_, fields)) in decoders.iter().enumerate() {
                    let Some(field) = fields.get(number) else { continue };
                    let mut sum = 0.0;
                    let points = field.share.iter().enumerate().map(|(lag, share)| {
                        sum += share;
                        (lag_place(lag as f64), sum)
                    });
                    panel.line(points.collect::<Vec<_>>(), shade(place, decoders.len()));
                }
            }
            draw_key(canvas, (566.0, 48.0), &names);
        },
    )
}
