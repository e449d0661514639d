use super::Figure;
use super::axis::{Axis, number};
use super::panel::{Canvas, Frame};
use super::theme::{FAINT_INK, GREEN, INK, ORANGE, PURPLE, VERMILLION};
use crate::numeric::Pairing;
use crate::rope::{Frequencies, Scaling};
use crate::wavelet::{HaarLike, RotaryMatrix, Shift};

pub(super) const FIGURE: Figure = Figure {
    id: "haar-like-pair",
    title: "The Haar-like pair ψ, ψ′ and where RoPE samples it",
    caption: "The pair with phase f(t) = 2π frac(t). At position m, pair i of the head reads each function at two \
              points only, its shift δᵢ and 1 + δᵢ: the four numbers of its rotation block. Both functions have mean \
              zero; the two numbers of a row almost never do.",
    statements: &["haar-like-pair-has-zero-mean", "haar-like-pair-is-orthonormal", "monotone-phase-is-impossible"],
    size: (720.0, 424.0),
    draw,
};

const DIM: usize = 8;
const POSITION: f64 = 100.0;

fn draw(canvas: &Canvas<'_>) {
    let frequencies = Frequencies::new(1e4, DIM, &Scaling::None, 1).expect("the frequencies of RoPE are valid");
    let matrix = RotaryMatrix::<f64>::new(frequencies.inv_freq(), POSITION, Pairing::Interleaved, Shift::Universal);
    let matrix = matrix.expect("the angles are in reach");
    let colours = [VERMILLION, GREEN, ORANGE, PURPLE];
    for (index, (wavelet, name)) in matrix.wavelets().into_iter().zip(["ψ", "ψ′"]).enumerate() {
        let frame = Frame(64.0, 40.0 + 196.0 * index as f64, 500.0, 140.0);
        let time = Axis::linear("t (head coordinates)", (0.0, 2.0), 8);
        let time = if index == 0 { time.unlabelled() } else { time };
        let panel = canvas.panel(frame, time, Axis::linear(format!("{name}(t) (no unit)"), (-1.15, 1.15), 2));
        panel.title(["(a) ψ: first row of each block", "(b) ψ′: second row of each block"][index]);
        panel.thin_line([(0.0, 0.0), (2.0, 0.0)], FAINT_INK);
        for interval in [0, 1] {
            panel.line(branch(wavelet, interval), INK);
            for (shift, colour) in matrix.shifts().iter().zip(colours) {
                panel.marks([(interval as f64 + shift, wavelet.sample(interval, *shift))], colour, 4.5);
            }
        }
    }
    let pairs = matrix.shifts().iter().zip(colours).enumerate();
    let names = pairs.map(|(pair, (shift, colour))| (format!("i = {pair}, δ = {}", number(*shift, 3)), colour));
    canvas.key_column((580.0, 56.0), names);
}

/// The function on `[interval, interval + 1)`, whose ends are jumps.
fn branch(wavelet: HaarLike, interval: i64) -> impl Iterator<Item = (f64, f64)> {
    const STEPS: u32 = 200;
    let shifts = (0..=STEPS).map(|step| (f64::from(step) / f64::from(STEPS)).min(1.0 - 1e-9));
    shifts.map(move |shift| (interval as f64 + shift, wavelet.sample(interval, shift)))
}
