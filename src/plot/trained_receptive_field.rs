use plotters::style::RGBColor;

use super::Figure;
use super::axis::Axis;
use super::measured::{DECODERS, title};
use super::panel::{Canvas, Frame};
use super::theme::{BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION};

pub(super) const FIGURE: Figure = Figure {
    id: "trained-receptive-field",
    title: "How far back a prediction depends, within and beyond the training length",
    caption: "Share of the derivative of ln p(target) by the embeddings that comes from the nearest lags, mean of 8 windows \
              of one decoder each (seed 0), trained on windows of 512 tokens. Left: windows of 512. Right: of 1012, where \
              the prediction of a decoder with RoPE hangs on tokens farther than the training length, and that of one with \
              ALiBi, Ricker or Gaussian kernels still on the nearest.",
    statements: &["ricker-kernel-ends-at-its-reach", "rotary-kernel-decays-with-the-logarithm-of-the-lag"],
    size: (760.0, 320.0),
    draw,
};

const SHOWN: [(&str, RGBColor); 6] =
    [("rope", BLUE), ("hope", SKY), ("nope", ORANGE), ("alibi", VERMILLION), ("ricker", GREEN), ("gaussian", PURPLE)];

fn draw(canvas: &Canvas<'_>) {
    for number in 0..2 {
        let mut length = 0;
        let curves: Vec<_> = SHOWN
            .iter()
            .filter_map(|(name, colour)| {
                let decoder = DECODERS.decoders.iter().find(|decoder| decoder.encoding == *name)?;
                let field = decoder.receptive_fields.get(number)?;
                length = field.length;
                Some((field, *colour))
            })
            .collect();
        let frame = Frame(76.0 + 350.0 * number as f64, 36.0, 300.0, 200.0);
        let x = Axis::octaves("nearest lags (tokens)", (1.0, 1012.0));
        let y = Axis::linear("share (no unit)", (0.0, 1.0), 5);
        let panel = canvas.panel(frame, x, y);
        panel.title(&format!("Windows of {length} tokens"));
        for (field, colour) in curves {
            panel.line(field.lags.iter().copied().zip(field.share.iter().copied()), colour);
        }
    }
    canvas.key((76.0, 300.0), SHOWN.iter().map(|(name, colour)| (title(name), *colour)));
}
