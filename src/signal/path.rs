//! How the row of a scale is computed: the choice among the ways that serve, by their costs.

use std::f64::consts::TAU;

use serde::Serialize;

use super::phase::{self, width};
use super::{Boundary, fft};

/// How the coefficients of one scale are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Path {
    /// The defining sum, for short daughters.
    Convolution {
        /// Terms of one coefficient.
        taps: usize,
    },
    /// A forward transform, and for each phase an inverse one of the band alone, several phases at a time.
    Phases {
        /// Points of the forward transform.
        transform: usize,
        /// Points of the inverse transforms.
        points: usize,
        /// Overlapping pieces that the signal is cut into.
        blocks: usize,
    },
    /// A forward transform and one inverse of the same length.
    Fourier {
        /// Its points.
        transform: usize,
    },
}

/// How a signal is laid out for circular transforms: block `q` has the samples from `q step - offset` on, and
/// `step` of its results from `offset` on are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Layout {
    pub(super) transform: usize,
    pub(super) offset: usize,
    pub(super) step: usize,
    pub(super) blocks: usize,
}

impl Layout {
    /// Bins of the half spectrum of one block.
    pub(super) fn bins(self) -> usize {
        self.transform / 2 + 1
    }
}

/// What of the processor and the signal is the same for all scales.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) length: usize,
    pub(super) boundary: Boundary,
    pub(super) real: bool,
    /// Of a vector.
    pub(super) lanes: usize,
    pub(super) sample_bytes: usize,
}

/// How a band is spread over phases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) points: usize,
    pub(super) groups: usize,
    /// In vector operations, for one block.
    pub(super) cost: f64,
}

impl Circumstances {
    /// The layouts that keep a daughter of this reach (none: of endless reach) from meeting what it must not.
    fn layouts(&self, reach: Option<usize>) -> Vec<Layout> {
        let n = self.length;
        let mut layouts = Vec::new();
        let whole = |transform, offset| Layout { transform, offset, step: n, blocks: 1 };
        if let Some(period) = self.boundary.repeats_after(n) {
            layouts.push(whole(period, 0));
        }
        let Some(reach) = reach else { return layouts };
        match self.boundary {
            // With as many zeros behind the signal as the daughter reaches, nothing wraps around.
            Boundary::Zero | Boundary::Constant => {
                layouts.push(whole(fft::padded_length(n + reach), 0));
                layouts.extend(self.dealt(n + reach).map(|transform| whole(transform, 0)));
            }
            // Beyond a few repetitions the circle itself is shorter.
            Boundary::Periodic | Boundary::Reflect if reach <= 2 * n => {
                let padded = self.dealt(n + 2 * reach);
                layouts.extend(padded.map(|transform| whole(transform, (transform - n) / 2)));
            }
            _ => {}
        }
        // Pieces whose ends, a sixteenth on either side, are thrown away.
        for transform in (9..).flat_map(|power| [4usize, 5, 6].map(|quarters| quarters << power)) {
            let (offset, step) = (transform / 16, transform - transform / 8);
            if step >= n {
                break;
            }
            if offset >= reach {
                layouts.push(Layout { transform, offset, step, blocks: n.div_ceil(step) });
            }
        }
        layouts
    }

    /// The shortest smooth length from this one on that whole vectors make up.
    fn dealt(&self, length: usize) -> Option<usize> {
        let width = width(self.lanes, self.real);
        let mut length = fft::padded_length(length.max(2 * width));
        // Each step is at most a quarter, and 32 is a multiple of every width.
        for _ in 0..16 {
            if length.is_multiple_of(width) {
                return Some(length);
            }
            length = fft::padded_length(length + 1);
        }
        None
    }

    /// The best way to spread `bins` neighbouring bins of a transform over phases, if it is smooth enough.
    pub(super) fn spread(&self, transform: usize, bins: usize) -> Option<Spread> {
        let width = width(self.lanes, self.real);
        if !transform.is_multiple_of(width) {
            return None;
        }
        let total = transform / width;
        phase::radices(total)?;
        let divisors = (1..).take_while(|d| d * d <= total).filter(|d| total.is_multiple_of(*d));
        divisors
            .flat_map(|d| [d, total / d])
            .filter_map(|points| {
                let (groups, folds) = (total / points, bins.div_ceil(points));
                let work = points * 2 * self.lanes * self.sample_bytes;
                // What does not fit into the first level of cache, or the second, takes as much longer.
                let slow = if work <= 48 << 10 {
                    1.0
                } else if work <= 512 << 10 {
                    1.4
                } else {
                    2.5
                };
                let exchanged = phase::exchanges(points, groups, folds, self.lanes, self.real);
                let cost = slow * groups as f64 * phase::group_cost(points, folds, exchanged, &phase::radices(points)?);
                (folds <= 32).then_some(Spread { points, groups, cost })
            })
            .min_by(|a, b| a.cost.total_cmp(&b.cost))
    }

    /// Cost of an inverse transform of the whole length.
    pub(super) fn fourier_cost(&self, transform: usize) -> f64 {
        let rough = if phase::radices(transform).is_some() { 1.0 } else { 4.0 };
        let parts = if self.real { 0.5 } else { 1.0 };
        // Shuffles and traffic between its passes take as long as its sums.
        let per_point = 3.0 * (transform as f64).log2().max(1.0) + 12.0;
        rough * parts * transform as f64 * per_point * 2.0 / self.lanes as f64
    }

    /// Cost of the defining sum.
    fn convolution_cost(&self, reach: usize) -> f64 {
        let parts = if self.real { 1.0 } else { 2.0 };
        (2 * reach + 1) as f64 * parts * 1.5 * (self.length as f64 / self.lanes as f64 + 8.0)
    }

    /// The best layout for a daughter of this reach and share of all bins, or none where the sum itself is best.
    pub(super) fn choose(&self, reach: Option<usize>, share: f64) -> Option<Layout> {
        let cost = |layout: &Layout| {
            let bins = ((share * layout.transform as f64).ceil() as usize + 2).min(layout.transform);
            let whole = self.fourier_cost(layout.transform);
            let best = self.spread(layout.transform, bins).map_or(whole, |spread| spread.cost.min(whole));
            // Each result is written and read once more.
            layout.blocks as f64 * (best + layout.transform as f64 * 4.0 / self.lanes as f64)
        };
        let layouts = self.layouts(reach).into_iter().map(|layout| (cost(&layout), layout));
        let best = layouts.min_by(|a, b| a.0.total_cmp(&b.0));
        match (best, reach) {
            (Some((cost, _)), Some(reach)) if self.convolution_cost(reach) < cost => None,
            (best, _) => best.map(|(_, layout)| layout),
        }
    }
}

/// About which share of all frequencies a daughter has, seen from its highest and lowest ones above a threshold.
pub(super) fn share(spectrum_at: impl Fn(f64) -> f64, scale: f64, peak_frequency: f64, threshold: f64) -> f64 {
    let top = TAU * peak_frequency;
    let peak = spectrum_at(top);
    let falls = |direction: f64| {
        let mut step = 1.0 / 16.0;
        while step < 1e6 && spectrum_at(top + direction * step) > threshold * peak {
            step *= 1.1;
        }
        step
    };
    ((falls(1.0) + falls(-1.0)) / (TAU * scale)).min(1.0)
}
