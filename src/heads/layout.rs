use std::ops::Range;

use super::Plan;
use super::Signal;
use super::family::definitions_of;

/// Where each sum of a head, or of one draw of a null model, lies in a flat vector of them.
///
/// Everything that is recorded is a sum over rows or over windows, so to merge is to add vectors and to save is
/// to write them. Means are formed at the end. The ranges follow one another in the order below.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// Number of rows with more than `N` keys.
    pub rows: Range<usize>,
    /// `Σ A[i, 0]` over them.
    pub sink: Range<usize>,
    /// `Σ A[i, i-D]` over them, `D = 0..N`.
    pub profile: Range<usize>,
    /// The same of the scores.
    pub scores: Range<usize>,
    /// `Σ P(k)`, `k = 0..=N/2`, over them.
    pub power: Range<usize>,
    /// Energies of their Haar details, finest octave first.
    pub haar: Range<usize>,
    /// Number of complete rows of the queries `0..N`.
    pub complete: Range<usize>,
    /// Their sum by key position, `t = 0..N`.
    pub full: Range<usize>,
    /// Metrics of the complete row of query `N-1`: sums over the windows in which they have a value.
    pub row_values: Range<usize>,
    /// Number of these windows for each metric.
    pub row_counts: Range<usize>,
}

impl Layout {
    pub(super) fn of(plan: &Plan) -> Self {
        let (lags, metrics) = (plan.lags(), definitions_of(Signal::Row, plan).len());
        let mut end = 0;
        let mut next = |length: usize| {
            end += length;
            end - length..end
        };
        Self {
            rows: next(1),
            sink: next(1),
            profile: next(lags),
            scores: next(lags),
            power: next(lags / 2 + 1),
            haar: next(plan.octaves()),
            complete: next(1),
            full: next(lags),
            row_values: next(metrics),
            row_counts: next(metrics),
        }
    }

    /// Number of sums.
    pub fn width(&self) -> usize {
        self.row_counts.end
    }
}

/// Adds sums to sums of the same layout.
pub(super) fn add(sums: &mut [f64], more: &[f64]) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}
