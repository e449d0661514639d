use super::Figure;
use super::axis::{Axis, scientific};
use super::panel::{Canvas, Frame};
use super::theme::ColourMap;
use crate::numeric::Pairing;
use crate::rope::{Frequencies, Rotation, Scaling};
use crate::wavelet::{RotaryMatrix, Shift};

pub(super) const FIGURE: Figure = Figure {
    id: "rotation-matrix",
    title: "RoPE's rotation and the Haar-type matrix are one matrix",
    caption: "Head dimension 16, base 10⁴, interleaved pairs, double precision. (a) The rotation, from cosines and \
              sines of the angles. (b) Samples of ψ and ψ′ alone. (c) Their difference, on a scale of its own: \
              nothing but rounding, below the bound that the statement derives.",
    statements: &["haar-type-matrix-equals-rope"],
    size: (740.0, 260.0),
    draw,
};

const DIM: usize = 16;

/// Here no power, sine or cosine lies within 0.1 units in the last place of a tie, so that every
/// mathematical library good to 0.6 rounds them alike: the difference is the same on each machine.
const POSITION: f64 = 804.0;

fn draw(canvas: &Canvas<'_>) {
    let frequencies = Frequencies::new(1e4, DIM, &Scaling::None, 1).expect("the frequencies of RoPE are valid");
    let pairing = Pairing::Interleaved;
    let rotation = Rotation::<f64>::new(&frequencies, POSITION, pairing).expect("the angles are finite");
    let rotation = rotation.to_dense(DIM).expect("the whole head turns");
    let haar = RotaryMatrix::<f64>::new(frequencies.inv_freq(), POSITION, pairing, Shift::Universal);
    let haar = haar.expect("the angles are in reach").to_dense();
    let difference = &haar - &rotation;
    let largest = difference.amax();

    let edges: Vec<f64> = (0..=DIM).map(|edge| edge as f64 - 0.5).collect();
    let range = DIM as f64 - 0.5;
    let column = || Axis::linear("input coordinate", (-0.5, range), 4);
    let row = || Axis::linear("output coordinate", (range, -0.5), 4);
    let frame = |left: f64| Frame(left, 44.0, 168.0, 168.0);
    let bar = |left: f64| Frame(left, 44.0, 12.0, 168.0);
    let signed = |value: f64, limit: f64| Some(ColourMap::Diverging.at(0.5 + 0.5 * value / limit));

    let panel = canvas.panel(frame(50.0), column(), row());
    panel.title(&format!("(a) Rotation, m = {POSITION}"));
    panel.cells(&edges, &edges, |i, j| signed(rotation[(i, j)], 1.0));
    let panel = canvas.panel(frame(240.0), column(), row().unlabelled());
    panel.title("(b) Haar-type matrix");
    panel.cells(&edges, &edges, |i, j| signed(haar[(i, j)], 1.0));
    canvas.colour_bar(bar(418.0), ColourMap::Diverging, &Axis::linear("entry (no unit)", (-1.0, 1.0), 4));
    let panel = canvas.panel(frame(506.0), column(), row().unlabelled());
    panel.title("(c) b − a");
    panel.remark(&format!("max {}", scientific(largest)));
    panel.cells(&edges, &edges, |i, j| signed(difference[(i, j)], largest));
    let key = Axis::linear("difference (10⁻¹⁶)", (-largest * 1e16, largest * 1e16), 4);
    canvas.colour_bar(bar(684.0), ColourMap::Diverging, &key);
}
