use super::axis::{Axis, lag_place};
use super::panel::{Canvas, Frame};
use super::theme::{ColourMap, PAPER};
use crate::heads::{Head, Protocol, Transform};

/// The scalogram of a head's lag profile: power over lag and scale, relative to its maximum.
pub fn lag_scalogram(protocol: &Protocol, head: &Head) -> String {
    let picture = Picture {
        id: "lag-scalogram",
        title: "Scalogram of the lag profile",
        transform: &protocol.lag_transform,
        power: &head.lag_scalogram,
        first: 0,
        x: Axis::lags(protocol.lags),
        place: &lag_place,
        y: "scale a (tokens)",
    };
    picture.draw(head)
}

/// The scalogram of a head's spectrum along the bins from 1: power over frequency and scale,
/// relative to its maximum.
pub fn spectrum_scalogram(protocol: &Protocol, head: &Head) -> String {
    let bins = protocol.lags / 2;
    let per_bin = 1.0 / protocol.lags as f64;
    let picture = Picture {
        id: "spectrum-scalogram",
        title: "Scalogram of the spectrum",
        transform: &protocol.spectrum_transform,
        power: &head.spectrum_scalogram,
        first: 1,
        x: Axis::linear("frequency (cycles per token)", (0.5 * per_bin, (bins as f64 + 0.5) * per_bin), 5),
        place: &|bin| bin * per_bin,
        y: "scale a (bins)",
    };
    picture.draw(head)
}

struct Picture<'a> {
    id: &'static str,
    title: &'static str,
    transform: &'a Transform,
    power: &'a [f32],
    /// The index of the first sample.
    first: usize,
    x: Axis,
    /// The abscissa of a sample.
    place: &'a dyn Fn(f64) -> f64,
    y: &'static str,
}

/// Decades of power that are told apart below the maximum.
const DECADES: f64 = 5.0;

/// Columns of the picture at most: a column is about three pixels wide.
const COLUMNS: usize = 96;

impl Picture<'_> {
    fn draw(&self, head: &Head) -> String {
        let (layer, number) = (head.layer, head.head);
        let id = format!("layer-{layer}-head-{number}-{}", self.id);
        let title = format!("{} of layer {layer}, head {number}", self.title);
        let description = format!(
            "Squared modulus of the {} wavelet transform, as a share of its maximum; coefficients between the lines \
             hardly depend on what lies beyond the ends.",
            self.transform.wavelet
        );
        Canvas::draw((400.0, 296.0), &id, &title, &description, |canvas| self.draw_on(canvas))
    }

    fn draw_on(&self, canvas: &Canvas<'_>) {
        let scales = &self.transform.scales;
        let samples = self.power.len() / scales.len();
        let scale_edges = edges_by_ratio(scales);
        let range = (scale_edges[0], scale_edges[scales.len()]);
        let frame = Frame(54.0, 40.0, 268.0, 208.0);
        let panel = canvas.panel(frame, self.x.clone(), Axis::octaves(self.y, range));
        panel.title(self.title);

        let columns = self.columns(samples);
        let sample_edges: Vec<f64> = columns.iter().map(|(_, edge)| *edge).chain([self.x.range().1]).collect();
        let strongest = self.power.iter().copied().fold(0.0, f32::max);
        panel.cells(&sample_edges, &scale_edges, |row, column| {
            let share = f64::from(self.power[row * samples + columns[column].0] / strongest);
            Some(ColourMap::Sequential.at(1.0 + share.max(1e-30).log10() / DECADES))
        });
        for end in [true, false] {
            // The line goes on only while it is inside the picture.
            let inside = scales.iter().zip(&self.transform.cone).filter(|(_, cone)| **cone < samples as f64 / 2.0);
            let last = (samples - 1) as f64;
            let line = inside.map(|(scale, cone)| {
                let sample = if end { last - cone } else { *cone };
                ((self.place)(self.first as f64 + sample), *scale)
            });
            panel.line(line, PAPER);
        }
        let key = Axis::linear("share of maximum (log₁₀)", (-DECADES, 0.0), 5);
        canvas.colour_bar(Frame(334.0, 40.0, 12.0, 208.0), ColourMap::Sequential, &key);
    }

    /// The samples to show, each with the left edge of its column: all of them, or where they lie
    /// closer than the picture resolves, one for each column.
    fn columns(&self, samples: usize) -> Vec<(usize, f64)> {
        let range = self.x.drawn_range();
        let place = |sample: f64| (self.place)(self.first as f64 + sample);
        let column = |x: f64| (self.x.drawn(x) - range.start) / (range.end - range.start) * COLUMNS as f64;
        let mut columns: Vec<(usize, f64)> = Vec::new();
        for sample in 0..samples {
            let edge = place(sample as f64 - 0.5).max(self.x.range().0);
            if columns.last().is_none_or(|(_, last)| column(edge) - column(*last) >= 1.0) {
                columns.push((sample, edge));
            }
        }
        columns
    }
}

/// Edges halfway between neighbours on a logarithmic axis.
fn edges_by_ratio(values: &[f64]) -> Vec<f64> {
    let between = values.windows(2).map(|pair| (pair[0] * pair[1]).sqrt());
    let (first, last) = (values[0], values[values.len() - 1]);
    let inner: Vec<f64> = between.collect();
    let (low, high) = match (inner.first(), inner.last()) {
        (Some(low), Some(high)) => (first * first / low, last * last / high),
        _ => (first / 2f64.sqrt(), last * 2f64.sqrt()),
    };
    std::iter::once(low).chain(inner).chain([high]).collect()
}
