use std::f64::consts::{PI, SQRT_2, TAU};

use super::Figure;
use super::axis::Axis;
use super::panel::{Anchor, Canvas, Frame};
use super::theme::{BLUE, FAINT_INK, INK, VERMILLION};
use crate::numeric::Pairing;
use crate::rope::{Frequencies, Scaling};
use crate::wavelet::{HaarLike, RotaryMatrix, Shift};

pub(super) const FIGURE: Figure = Figure {
    id: "dc-gain-circle",
    title: "The sampled rows are not zero-mean",
    caption: "The gain of a row at frequency zero is the sum of its entries. (a) The two rows of a block have gains \
              √2 cos(φ + π/4) and √2 cos(φ − π/4), so the pair of gains lies on a circle of radius √2 and never at \
              the origin: what one row does not let through, the other does. Dots: the 64 blocks of d = 128, base \
              10⁴, at position 100. (b) The same gains over the phase φ = m θᵢ mod 2π. The ψ row has mean zero at \
              φ = π/4 and 5π/4 only.",
    statements: &[
        "sampled-gains-lie-on-a-circle",
        "sampled-rows-have-zero-mean",
        "rope-is-haar-only-at-an-eighth-turn",
    ],
    size: (720.0, 328.0),
    draw,
};

const DIM: usize = 128;
const POSITION: f64 = 100.0;

fn draw(canvas: &Canvas<'_>) {
    let frequencies = Frequencies::new(1e4, DIM, &Scaling::None, 1).expect("the frequencies of RoPE are valid");
    let matrix = RotaryMatrix::<f64>::new(frequencies.inv_freq(), POSITION, Pairing::Interleaved, Shift::Universal);
    let matrix = matrix.expect("the angles are in reach");
    let [psi, prime] = matrix.wavelets();
    let gain = |wavelet: HaarLike, shift: f64| wavelet.sample(0, shift) + wavelet.sample(1, shift);
    let around = || (0..=360).map(|step| (f64::from(step) / 360.0).min(1.0 - 1e-9));
    let limit = 1.75;
    let ticks = || [(-SQRT_2, "−√2"), (0.0, "0"), (SQRT_2, "√2")].map(|(at, text)| (at, text.to_owned()));

    let x = Axis::linear("gain of the ψ row (no unit)", (-limit, limit), 4).ticked(ticks());
    let y = Axis::linear("gain of the ψ′ row (no unit)", (-limit, limit), 4).ticked(ticks());
    let panel = canvas.panel(Frame(66.0, 40.0, 240.0, 240.0), x, y);
    panel.title("(a) Gains of each block");
    panel.thin_line(around().map(|shift| (gain(psi, shift), gain(prime, shift))), INK);
    panel.marks(matrix.shifts().iter().map(|shift| (gain(psi, *shift), gain(prime, *shift))), BLUE, 3.5);
    panel.marks([(0.0, 0.0)], FAINT_INK, 2.5);
    panel.note((0.0, 0.0), (0.0, 8.0), "both rows zero-mean", FAINT_INK, Anchor::Below);

    let turns = [(0.0, "0"), (0.25, "π/4"), (0.5, "π/2"), (1.0, "π"), (1.25, "5π/4"), (1.5, "3π/2"), (2.0, "2π")];
    let phase = Axis::linear("phase φ (radians)", (0.0, TAU), 4);
    let phase = phase.ticked(turns.map(|(halves, text)| (halves * PI, text.to_owned())));
    let value = Axis::linear("gain (no unit)", (-limit, limit), 4).ticked(ticks());
    let panel = canvas.panel(Frame(392.0, 40.0, 308.0, 240.0), phase, value);
    panel.title("(b) Gains over the phase");
    panel.thin_line([(0.0, 0.0), (TAU, 0.0)], FAINT_INK);
    for (wavelet, colour) in [(psi, BLUE), (prime, VERMILLION)] {
        panel.line(around().map(|shift| (TAU * shift, gain(wavelet, shift))), colour);
        panel.marks(matrix.shifts().iter().map(|shift| (TAU * shift, gain(wavelet, *shift))), colour, 2.5);
    }
    canvas.key((584.0, 26.0), [("ψ row", BLUE), ("ψ′ row", VERMILLION)]);
}
