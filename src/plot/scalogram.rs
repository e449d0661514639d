use super::axis::Axis;
use super::panel::{Canvas, Frame, Panel};
use super::theme::{COLOUR_STEPS, ColourMap, HAIR, INK, LINE, PAPER, TICK_SIZE, VERMILLION};
use super::{Figure, panel};
use crate::signal::{Boundary, Cwt, Norm, Ridge, RidgeOptions, Ridges, Scalogram, octaves};
use crate::wavelet::Morlet;

pub(super) const FIGURE: Figure = Figure {
    id: "scalogram",
    title: "Scalogram of a chirp and a tone, with its ridges",
    caption: "Power |W|² of cos(0.4 t + 0.0009 t²) + 0.7 cos(0.12 t), t = 0..767, by the Morlet wavelet of ω0 = 6 (l1, zero \
              boundary), over time and scale. Hatched: the cone of influence, where the ends disturb it. Lines: its ridges, \
              the maxima over scales; the frequencies that they stand for are those of the two parts.",
    statements: &["uncorrected-morlet-is-admissible"],
    size: SIZE,
    draw: |canvas| {
        let (scalogram, ridges) = chirp_and_tone();
        Picture::new(&scalogram, Quantity::Power).expect("two octaves and more").draw(canvas, None, &ridges);
    },
};

const SIZE: (f64, f64) = (800.0, 400.0);
const FRAME: Frame = Frame(74.0, 40.0, 520.0, 296.0);
/// Pixels of a picture at most, and how many decades of power it shows.
const PIXELS: (usize, usize) = (520, 296);
const DECADES: f64 = 4.0;

fn chirp_and_tone() -> (Scalogram, Vec<Ridge>) {
    const N: usize = 768;
    let of = |t: f64| (0.4 * t + 0.0009 * t * t).cos() + 0.7 * (0.12 * t).cos();
    let signal: Vec<f64> = (0..N).map(|t| of(t as f64)).collect();
    let scales = octaves(1..=7, const { std::num::NonZeroU32::new(16).unwrap() });
    let morlet = Morlet::corrected(6.0).expect("6 is in range");
    let planned = "the scales and the length are in range";
    let cwt = Cwt::new(&morlet, N, &scales, Norm::L1, Boundary::Zero).expect(planned);
    let scalogram = Scalogram::new(&morlet, &scales, &cwt.transform(&signal).expect(planned));
    let ridges = Ridges::new(&morlet, N, &scales, Boundary::Zero).expect(planned);
    (scalogram, ridges.of(&signal, RidgeOptions { min_length: 64, ..RidgeOptions::default() }).expect(planned))
}

/// What the table of a picture holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// `|W|²`, drawn by decades below its largest.
    Power,
    /// A coherence from 0 to 1.
    Coherence,
}

/// A table that makes no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotBeDrawn {
    /// There are fewer than two different scales.
    #[error("a picture needs at least two different scales")]
    OneScale,
    /// A value is infinite or no number, or all are 0.
    #[error("there is no finite power above 0 to draw")]
    NoPower,
}

/// A picture of power, or of what stands in its place, over time and scale: the largest scales at the bottom, scales on the
/// left axis and frequencies on the right, the cone of influence hatched.
///
/// `thresholds`, one for each scale, draws the line at which the power crosses them; `ridges` are drawn as lines.
///
/// The table is an image of at most 520 × 296 pixels, each the largest of what falls on it, so that no peak is lost and the file
/// stays small whatever the length.
///
/// # Errors
/// [`CannotBeDrawn`].
pub fn scalogram(
    scalogram: &Scalogram,
    quantity: Quantity,
    title: &str,
    thresholds: Option<&[Option<f64>]>,
    ridges: &[Ridge],
) -> Result<String, CannotBeDrawn> {
    let picture = Picture::new(scalogram, quantity)?;
    let description =
        "Power over time and scale. The cone of influence, where the ends of the signal disturb it, is hatched.";
    Ok(Canvas::draw(SIZE, "scalogram-picture", title, description, |canvas| {
        picture.draw(canvas, thresholds, ridges);
        let at = (FRAME.0, FRAME.1 - 14.0);
        canvas.text(at, title, TICK_SIZE, INK, panel::Anchor::Right);
    }))
}

/// A table reduced to the pixels that it is drawn with.
struct Picture<'s> {
    scalogram: &'s Scalogram,
    quantity: Quantity,
    /// Rows in ascending order of scales.
    order: Vec<usize>,
    columns: usize,
    lines: usize,
    largest: f64,
}

impl<'s> Picture<'s> {
    fn new(scalogram: &'s Scalogram, quantity: Quantity) -> Result<Self, CannotBeDrawn> {
        let mut order: Vec<usize> = (0..scalogram.scales.len()).collect();
        order.sort_by(|&a, &b| scalogram.scales[a].total_cmp(&scalogram.scales[b]));
        if scalogram.scales[order[0]] == scalogram.scales[order[order.len() - 1]] {
            return Err(CannotBeDrawn::OneScale);
        }
        let largest = scalogram.power.iter().copied().fold(0.0, f64::max);
        if !(largest > f64::MIN_POSITIVE && largest.is_finite()) && quantity == Quantity::Power {
            return Err(CannotBeDrawn::NoPower);
        }
        let (columns, lines) = (scalogram.length.min(PIXELS.0), PIXELS.1);
        Ok(Self { scalogram, quantity, order, columns, lines, largest })
    }

    fn scale(&self, at: usize) -> f64 {
        self.scalogram.scales[self.order[at]]
    }

    /// The smallest and the largest scale.
    fn range(&self) -> (f64, f64) {
        (self.scale(0), self.scale(self.order.len() - 1))
    }

    /// The row nearest to a line of pixels, in the logarithm.
    fn row(&self, line: usize) -> usize {
        let (low, high) = self.range();
        let wanted = low * (high / low).powf((line as f64 + 0.5) / self.lines as f64);
        let next = (0..self.order.len()).find(|&at| self.scale(at) >= wanted).unwrap_or(self.order.len() - 1);
        let before = next.saturating_sub(1);
        let nearer = if wanted / self.scale(before) < self.scale(next) / wanted { before } else { next };
        self.order[nearer]
    }

    /// For each line and column, the row and the largest value.
    fn pixels(&self) -> Vec<(usize, f64)> {
        let n = self.scalogram.length;
        let line = |line: usize| {
            let row = self.row(line);
            let values = self.scalogram.row(row);
            (0..self.columns).map(move |column| {
                let (from, to) = (column * n / self.columns, (column + 1) * n / self.columns);
                (row, values[from..to].iter().copied().fold(0.0, f64::max))
            })
        };
        (0..self.lines).flat_map(line).collect()
    }

    /// The place of a value on the colour map.
    fn share(&self, value: f64) -> f64 {
        match self.quantity {
            Quantity::Coherence => value,
            Quantity::Power => 1.0 + (value / self.largest).max(f64::MIN_POSITIVE).log10() / DECADES,
        }
    }

    fn draw(&self, canvas: &Canvas<'_>, thresholds: Option<&[Option<f64>]>, ridges: &[Ridge]) {
        let (low, high) = self.range();
        let x = Axis::linear("time (samples)", (-0.5, self.scalogram.length as f64 - 0.5), 6);
        let panel = canvas.panel(FRAME, x, Axis::octaves("scale (samples)", (low, high)).reversed());
        let pixels = self.pixels();
        let step = |share: f64| (share.clamp(0.0, 1.0) * (COLOUR_STEPS - 1) as f64 + 0.5 + 1e-6) as u8;
        let steps: Vec<u8> = pixels.iter().map(|(_, value)| step(self.share(*value))).collect();
        panel.picture(self.columns, &steps, ColourMap::Sequential);
        self.hatch(&panel);
        if let Some(thresholds) = thresholds {
            let excess = |(row, value): &(usize, f64)| match thresholds.get(*row).copied().flatten() {
                Some(threshold) if *value > 0.0 => (value / threshold).ln(),
                _ => f64::NEG_INFINITY,
            };
            let excess: Vec<f64> = pixels.iter().map(excess).collect();
            panel.pieces(contour(self.columns, &excess), PAPER, LINE);
            panel.pieces(contour(self.columns, &excess), INK, HAIR);
        }
        for ridge in ridges {
            let points = || ridge.points.iter().map(|point| (point.sample as f64, point.scale));
            panel.line(points(), VERMILLION);
        }
        // Frequencies are a constant over the scale.
        let centre = self.scalogram.frequencies[0] * self.scalogram.scales[0];
        if centre > 0.0 {
            let octaves = Axis::octaves("", (centre / high, centre / low));
            let ticks: Vec<_> = octaves.ticks().map(|(at, text)| (centre / at, text.to_owned())).collect();
            panel.right_ticks(&ticks, "frequency (cycles per sample)");
        }
        let bar = Frame(FRAME.0 + FRAME.2 + 96.0, FRAME.1, 14.0, FRAME.3);
        let axis = match self.quantity {
            Quantity::Coherence => Axis::linear("coherence R² (no unit)", (0.0, 1.0), 5),
            Quantity::Power => {
                let lowest = self.largest * 10f64.powf(-DECADES);
                Axis::decades("power |W|² (signal squared)", (lowest, self.largest))
            }
        };
        canvas.colour_bar(bar, ColourMap::Sequential, &axis);
    }

    /// Hatches where the ends disturb: scales above the cone's.
    fn hatch(&self, panel: &Panel<'_, '_>) {
        const STEP: f64 = 10.0;
        let (low, high) = self.range();
        let inside = |x: f64, y: f64| {
            let sample = (x * self.scalogram.length as f64) as usize;
            let scale = low * (high / low).powf(y);
            self.scalogram.cone.get(sample).is_some_and(|reach| scale > *reach)
        };
        let (across, down) = (FRAME.2, FRAME.3);
        let mut pieces = Vec::new();
        for start in 0..((across + down) / STEP) as usize {
            // A line that falls to the left, pixel by pixel.
            let at = |line: f64| ((start as f64 * STEP - line) / across, line / down);
            let mut from: Option<f64> = None;
            for line in 0..=down as usize {
                let line = line as f64;
                let (x, y) = at(line);
                let hatched = (0.0..1.0).contains(&x) && line < down && inside(x, y);
                match (from, hatched) {
                    (None, true) => from = Some(line),
                    (Some(first), false) => {
                        pieces.push([at(first), at(line - 1.0)]);
                        from = None;
                    }
                    _ => {}
                }
            }
        }
        // And the edge of the cone, sample by sample.
        let place = |sample: usize| {
            let down = (self.scalogram.cone[sample] / low).ln() / (high / low).ln();
            ((sample as f64 + 0.5) / self.scalogram.length as f64, down)
        };
        let stride = self.scalogram.length.div_ceil(self.columns);
        let ends: Vec<_> = (0..self.scalogram.length).step_by(stride).map(place).collect();
        let within = |(_, y): &(f64, f64)| (0.0..=1.0).contains(y);
        pieces.extend(ends.windows(2).filter(|pair| pair.iter().all(within)).map(|pair| [pair[0], pair[1]]));
        panel.pieces(pieces, PAPER, HAIR);
    }
}

/// The line at which a table on the middles of pixels crosses 0, in shares of the picture: marching squares.
fn contour(columns: usize, values: &[f64]) -> Vec<[(f64, f64); 2]> {
    let lines = values.len() / columns;
    let at = |column: usize, line: usize| values[line * columns + column];
    let place = |column: f64, line: f64| ((column + 0.5) / columns as f64, (line + 0.5) / lines as f64);
    let mut pieces = Vec::new();
    for line in 0..lines.saturating_sub(1) {
        for column in 0..columns.saturating_sub(1) {
            let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(x, y)| (column + x, line + y));
            let mut crossings = Vec::new();
            for (corner, next) in corners.iter().zip(corners.iter().cycle().skip(1)) {
                let (here, there) = (at(corner.0, corner.1), at(next.0, next.1));
                if (here > 0.0) == (there > 0.0) {
                    continue;
                }
                let share = if here.is_finite() && there.is_finite() { here / (here - there) } else { 0.5 };
                let between = |from: usize, to: usize| from as f64 + share * (to as f64 - from as f64);
                crossings.push(place(between(corner.0, next.0), between(corner.1, next.1)));
            }
            pieces.extend(crossings.as_chunks().0);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contour_runs_where_the_sign_changes() {
        // 1 in one of nine cells: four pieces round it, half way to its neighbours.
        let mut values = [-1.0; 9];
        values[4] = 1.0;
        let pieces = contour(3, &values);
        assert_eq!(pieces.len(), 4);
        for (x, y) in pieces.into_iter().flatten() {
            assert!(((x - 0.5).abs() + (y - 0.5).abs() - 1.0 / 6.0).abs() < 1e-12, "{x} {y}");
        }
        assert!(contour(3, &[1.0; 9]).is_empty());
    }

    #[test]
    fn what_has_no_picture_is_refused() {
        let table = |scales: &[f64], power: f64| Scalogram {
            scales: scales.to_vec(),
            frequencies: scales.iter().map(|a| 1.0 / a).collect(),
            length: 3,
            power: vec![power; 3 * scales.len()],
            cone: vec![1.0; 3],
        };
        let draw = |table: &Scalogram| scalogram(table, Quantity::Power, "", None, &[]);
        assert_eq!(draw(&table(&[2.0, 2.0], 1.0)), Err(CannotBeDrawn::OneScale));
        assert_eq!(draw(&table(&[2.0, 4.0], 0.0)), Err(CannotBeDrawn::NoPower));
        assert_eq!(draw(&table(&[2.0, 4.0], f64::INFINITY)), Err(CannotBeDrawn::NoPower));
        assert!(draw(&table(&[2.0, 4.0], 1.0)).unwrap().contains("data:image/png"));
    }
}
