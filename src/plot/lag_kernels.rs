use super::Figure;
use super::axis::{Axis, lag_place};
use super::panel::{Canvas, Frame};
use super::theme::{BLUE, ColourMap};
use crate::encoding::{Atom, LagSign, Mother, WaveletKernel, alibi_bias, alibi_slopes, rotary_kernel};
use crate::rope::{Frequencies, Scaling};

pub(super) const FIGURE: Figure = Figure {
    id: "lag-kernels",
    title: "What three positional encodings make of the lag",
    caption: "Over the lag between query and key, on an axis by octaves: the RoPE kernel (2/d) Σ cos θᵢΔ for d = 128 and \
              base 10⁴, which falls with the logarithm of the lag and never ends; the ALiBi weights of eight heads, \
              positive windows whose lengths double from head to head; and Ricker wavelets at shift 0 and the scales \
              1 to 128, of which a decoder sees only the half at Δ ≥ 0, whose mean is not zero.",
    statements: &["rotation-depends-on-the-lag-alone"],
    size: (720.0, 596.0),
    draw,
};

const LENGTH: usize = 1024;

fn draw(canvas: &Canvas<'_>) {
    let frame = |row: f64| Frame(70.0, 36.0 + row * 186.0, 530.0, 140.0);
    let curve = |kernel: Vec<f64>| kernel.into_iter().enumerate().map(|(lag, value)| (lag_place(lag as f64), value));
    let shades = |count: usize, member: usize| ColourMap::Sequential.at(0.85 * member as f64 / (count - 1) as f64);

    let rope = Frequencies::new(1e4, 128, &Scaling::None, LENGTH).expect("the frequencies of RoPE are valid");
    let kernel = rotary_kernel(rope.inv_freq(), LENGTH);
    let panel =
        canvas.panel(frame(0.0), Axis::lags(LENGTH).unlabelled(), Axis::linear("K(Δ) (no unit)", (-0.1, 1.0), 4));
    panel.title("(a) RoPE, d = 128, base 10⁴");
    panel.line(curve(kernel.clone()), BLUE);

    let slopes = alibi_slopes(8);
    let panel =
        canvas.panel(frame(1.0), Axis::lags(LENGTH).unlabelled(), Axis::linear("weight (no unit)", (0.0, 1.0), 4));
    panel.title("(b) ALiBi, eight heads: exp(−sΔ)");
    for (head, slope) in slopes.iter().enumerate() {
        let weights = alibi_bias(*slope, LENGTH).into_iter().map(f64::exp).collect();
        panel.line(curve(weights), shades(slopes.len(), head));
    }
    let names = (0..slopes.len()).map(|head| (format!("s = 1/{}", slopes[head].recip()), shades(slopes.len(), head)));
    canvas.key_column((622.0, 233.0), names);

    let scales: Vec<f64> = (0..8).map(|octave| f64::from(octave).exp2()).collect();
    let panel = canvas.panel(frame(2.0), Axis::lags(LENGTH), Axis::linear("ψ(Δ/a) (no unit)", (-0.5, 1.0), 4));
    panel.title("(c) Ricker wavelets, shift 0, scales 1 to 128");
    for (member, scale) in scales.iter().enumerate() {
        let atom = [Atom { scale: *scale, shift: 0.0 }];
        let kernel = WaveletKernel::new(Mother::Ricker, atom.to_vec(), LagSign::Mirrored).table(LENGTH);
        panel.line(curve(kernel), shades(scales.len(), member));
    }
    let names = (0..scales.len()).map(|member| (format!("a = {}", scales[member]), shades(scales.len(), member)));
    canvas.key_column((622.0, 419.0), names);
}
