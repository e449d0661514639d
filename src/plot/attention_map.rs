use super::axis::Axis;
use super::panel::{Canvas, Frame};
use super::theme::ColourMap;

/// Decades of probability that are told apart below 1.
const DECADES: f64 = 4.0;

/// The attention probabilities of one head on the first `size` tokens of a text, row-major
/// `[size][size]`, query by key; keys after the query are left blank.
pub fn attention_map(layer: usize, head: usize, size: usize, probabilities: &[f32]) -> String {
    Canvas::draw(
        (400.0, 296.0),
        &format!("layer-{layer}-head-{head}-attention"),
        &format!("Attention of layer {layer}, head {head}"),
        "Attention probability by query and key, on a logarithmic scale.",
        |canvas| {
            let frame = Frame(76.0, 40.0, 208.0, 208.0);
            let range = size as f64 - 0.5;
            let key = Axis::linear("key (token)", (-0.5, range), 5);
            let query = Axis::linear("query (token)", (range, -0.5), 5);
            let panel = canvas.panel(frame, key, query);
            panel.title("Attention, first tokens");
            let edges: Vec<f64> = (0..=size).map(|edge| edge as f64 - 0.5).collect();
            panel.cells(&edges, &edges, |query, key| {
                let probability = f64::from(probabilities[query * size + key]);
                (key <= query).then(|| ColourMap::Sequential.at(1.0 + probability.max(1e-30).log10() / DECADES))
            });
            let axis = Axis::linear("probability (log₁₀)", (-DECADES, 0.0), 4);
            canvas.colour_bar(Frame(304.0, 40.0, 12.0, 208.0), ColourMap::Sequential, &axis);
        },
    )
}
