//! M7: whether heads of higher frequency have wider bands in proportion, as wavelets have.

use super::band::{Band, half_power_bandwidth};
use super::group::{GroupFamily, GroupView};
use super::{Definition, Plan, Signal};

pub(super) const FAMILY: GroupFamily = GroupFamily { definitions, values, over_heads: true };

fn definitions(signal: Signal, _plan: &Plan) -> Vec<Definition> {
    let slope = |name, width, title| {
        Definition::of(signal, name, "1", title)
            .family("M7")
            .meaning(
                if width == "rms" {
                    "least-squares slope of ln bandwidth on ln centre_frequency over the heads"
                } else {
                    "least-squares slope of ln half_power_bandwidth on ln centre_frequency over the heads"
                },
                "How bands widen with frequency: 1 for wavelets of one shape (constant quality factor), 0 for a short-time \
                 Fourier transform.",
            )
            .known(["1", "0", "", ""])
    };
    vec![
        slope("constant_q_slope", "rms", "constant-Q slope"),
        Definition::of(signal, "constant_q_r_squared", "1", "r² of the constant-Q slope")
            .family("M7")
            .range(0.0, 1.0)
            .meaning(
                "squared correlation of ln bandwidth with ln centre_frequency",
                "How much of the spread of bandwidths the line explains; where it is near 0 the slope says little.",
            )
            .known(["1", "", "", ""]),
        slope("constant_q_slope_half_power", "half", "constant-Q slope of half-power widths"),
    ]
}

fn values(view: &GroupView<'_>, values: &mut Vec<Option<f64>>) {
    let bands: Vec<(Band, f64)> =
        view.heads.iter().filter_map(|head| Some((Band::of(head.power)?, half_power_bandwidth(head.power)?))).collect();
    let line = Line::through(bands.iter().map(|(band, _)| (band.centre, band.bandwidth)));
    let half = Line::through(bands.iter().map(|(band, half)| (band.centre, *half)));
    values.extend([line.map(|line| line.slope), line.map(|line| line.r_squared), half.map(|line| line.slope)]);
}

/// The least-squares line of the logarithm of one positive quantity on that of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    /// `Σ (x - x̄)(y - ȳ) / Σ (x - x̄)²`, `x` and `y` the logarithms.
    pub(super) slope: f64,
    /// The squared correlation of the logarithms.
    pub(super) r_squared: f64,
}

impl Line {
    /// The line through the points whose coordinates are both positive.
    ///
    /// The slope is that of a regression: noise in the first quantity makes it smaller than it is.
    ///
    /// `None` for fewer than three points, and where the first or the second quantity is the same for all but for
    /// rounding: there is no slope through one point, and none of a quantity that does not vary has a correlation.
    /// A constant second quantity has slope 0 and an `r²` of 0.
    pub(super) fn through(points: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let logs: Vec<(f64, f64)> =
            points.into_iter().filter(|(x, y)| *x > 0.0 && *y > 0.0).map(|(x, y)| (x.ln(), y.ln())).collect();
        let n = logs.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / n;
        let (x_mean, y_mean) = (mean(|point| point.0), mean(|point| point.1));
        let [xx, xy, yy] = logs.iter().fold([0.0; 3], |[xx, xy, yy], (x, y)| {
            let (x, y) = (x - x_mean, y - y_mean);
            [xx + x * x, xy + x * y, yy + y * y]
        });
        // Centres are off by about 1e-12 of themselves: a spread of that size is none.
        let rounding = n * 1e-24;
        (logs.len() >= 3 && xx > rounding).then(|| Self {
            slope: xy / xx,
            r_squared: if yy > rounding { (xy * xy / (xx * yy)).min(1.0) } else { 0.0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_has_its_exponent_as_slope() {
        for exponent in [-1.0, 0.0, 0.5, 1.0] {
            let line = Line::through([0.1f64, 0.2, 0.3, 0.45].map(|x| (x, 3.0 * x.powf(exponent)))).unwrap();
            assert!((line.slope - exponent).abs() < 1e-14);
            assert!((line.r_squared - f64::from(u8::from(exponent != 0.0))).abs() < 1e-14);
        }
        // The control: one point off the line.
        let off = Line::through([(0.1, 0.1), (0.2, 0.2), (0.4, 0.3)]).unwrap();
        assert!(off.slope < 0.95 && off.r_squared < 1.0);
    }

    #[test]
    fn two_points_or_one_frequency_have_no_slope() {
        assert_eq!(Line::through([(0.1, 0.1), (0.2, 0.2)]), None);
        assert_eq!(Line::through([(0.1, 0.1), (0.1, 0.2), (0.1, 0.3)]), None);
        assert_eq!(Line::through([(0.1, 0.1), (0.2, 0.2), (0.0, 0.3)]), None);
    }
}
