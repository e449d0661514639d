use super::axis::Axis;
use super::panel::{Canvas, Frame};
use super::theme::ColourMap;
use crate::experiment::AttentionMap;

/// Pixels of a panel, and from one to the next.
const SIZE: f64 = 132.0;
const STEP: (f64, f64) = (158.0, 208.0);

/// Which pairs of query and key have an attention probability of at least 0.001, of all heads of one layer:
/// a row of panels for each length.
pub fn binary_attention(encoding: &str, layer: usize, maps: &[AttentionMap]) -> String {
    let of_layer: Vec<&AttentionMap> = maps.iter().filter(|map| map.layer == layer).collect();
    let mut lengths: Vec<usize> = of_layer.iter().map(|map| map.length).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let heads = of_layer.iter().map(|map| map.head + 1).max().unwrap_or(1);
    let id: String = encoding.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Canvas::draw(
        (80.0 + STEP.0 * heads as f64, 50.0 + STEP.1 * lengths.len() as f64),
        &format!("experiment-attention-{id}-{layer}"),
        &format!("Attention of layer {layer} with {encoding}"),
        "Pairs of query and key with a probability of at least 0.001: the darker the fewer, in cells.",
        |canvas| {
            for map in of_layer {
                let row = lengths.iter().position(|length| *length == map.length).unwrap_or(0);
                let place = (64.0 + STEP.0 * map.head as f64, 34.0 + STEP.1 * row as f64);
                let end = map.length as f64;
                let key = Axis::linear(if map.head == 0 { "key (token)" } else { "" }, (0.0, end), 2);
                let query = Axis::linear(if map.head == 0 { "query (token)" } else { "" }, (end, 0.0), 2);
                let query = if map.head == 0 { query } else { query.unlabelled() };
                let panel = canvas.panel(Frame(place.0, place.1, SIZE, SIZE), key, query);
                panel.title(&format!("head {}", map.head));
                let edges: Vec<f64> = (0..=map.cells.len()).map(|e| e as f64 * end / map.cells.len() as f64).collect();
                panel.cells(&edges, &edges, |query, key| {
                    let digit = map.cells[query].as_bytes().get(key).filter(|byte| byte.is_ascii_digit())?;
                    Some(ColourMap::Sequential.at(f64::from(digit - b'0') / 9.0))
                });
            }
        },
    )
}
