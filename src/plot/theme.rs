//! Colours, type sizes and line widths of every figure.

use plotters::style::RGBColor;

/// User units of the SVG per CSS pixel. plotters rounds to whole units, so this is also the
/// precision of the drawing: a tenth of a pixel.
pub(super) const UNIT: f64 = 10.0;

/// Type sizes, in pixels. A figure 720 pixels wide fills a page of 17 cm, where 12 pixels are 8 pt.
pub(super) const TICK_SIZE: f64 = 12.0;
pub(super) const LABEL_SIZE: f64 = 13.0;
pub(super) const TITLE_SIZE: f64 = 14.0;

/// Line widths, in pixels.
pub(super) const HAIR: f64 = 0.8;
pub(super) const LINE: f64 = 1.8;

pub(super) const FONT: &str = "Helvetica, Arial, sans-serif";

pub(super) const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
pub(super) const INK: RGBColor = RGBColor(0x1f, 0x1f, 0x1f);
pub(super) const FAINT_INK: RGBColor = RGBColor(0x5f, 0x5f, 0x5f);
pub(super) const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);

// The palette of Okabe and Ito, which the three common kinds of colour blindness tell apart.
pub(super) const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
pub(super) const VERMILLION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
pub(super) const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
pub(super) const PURPLE: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
pub(super) const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
pub(super) const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);

/// A map from the unit interval to colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColourMap {
    /// Viridis: perceptually uniform, for amounts from none (dark) to most (light).
    Sequential,
    /// Blue through white to red, for signed values; zero belongs at 1/2.
    Diverging,
}

/// Steps of a colour map. Colours are rounded to one of these, so that neighbouring cells of the
/// same colour become one rectangle and a last-bit difference in a value cannot change a figure.
/// The number is odd, so that 1/2 has a colour of its own.
pub(super) const COLOUR_STEPS: usize = 65;

impl ColourMap {
    /// The colour of `t`, which is clamped to `[0, 1]`.
    pub(super) fn at(self, t: f64) -> RGBColor {
        // The small shift keeps simple fractions off the edge between two steps.
        let step = (t.clamp(0.0, 1.0) * (COLOUR_STEPS - 1) as f64 + 0.5 + 1e-6) as usize;
        let anchors: &[u32] = match self {
            Self::Sequential => {
                &[0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962, 0xaddc30, 0xfde725]
            }
            Self::Diverging => &[
                0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b,
                0x67001f,
            ],
        };
        let along = step * (anchors.len() - 1);
        let (index, part) = (along / (COLOUR_STEPS - 1), along % (COLOUR_STEPS - 1));
        let (from, to) = (anchors[index], anchors[(index + 1).min(anchors.len() - 1)]);
        let channel = |shift: u32| {
            let (from, to) = ((from >> shift & 0xff) as usize, (to >> shift & 0xff) as usize);
            ((from * (COLOUR_STEPS - 1 - part) + to * part) / (COLOUR_STEPS - 1)) as u8
        };
        RGBColor(channel(16), channel(8), channel(0))
    }
}
