use pulp::Simd;

use super::lanes::Lanes;

/// Rows of the result that are summed together.
pub(super) const ROWS: usize = 6;
/// Vectors of columns that are summed together. With the rows, 12 sums: enough to keep two units of fused
/// products busy while each takes four cycles, and few enough for sixteen registers.
const VECTORS: usize = 2;

/// The right side of a product, `[inner, columns]`, cut into panels of as many columns as are summed
/// together: `[panels][inner][width]`, with zeros in the columns of the last that there are not.
pub(super) struct Panels<T> {
    values: Vec<T>,
    inner: usize,
    pub(super) width: usize,
}

impl<T: Lanes> Panels<T> {
    /// From rows, `[inner][columns]`.
    pub(super) fn of_rows<S: Simd>(rows: &[T], columns: usize) -> Self {
        let (inner, width) = (rows.len() / columns, VECTORS * T::count::<S>());
        let mut values = vec![T::zero(); columns.div_ceil(width) * inner * width];
        for (at, row) in rows.chunks_exact(columns).enumerate() {
            for (panel, part) in row.chunks(width).enumerate() {
                values[(panel * inner + at) * width..][..part.len()].copy_from_slice(part);
            }
        }
        Self { values, inner, width }
    }

    /// From columns, `[columns][inner]`.
    pub(super) fn of_columns<S: Simd>(columns: &[T], inner: usize) -> Self {
        let width = VECTORS * T::count::<S>();
        let count = columns.len() / inner;
        let mut values = vec![T::zero(); count.div_ceil(width) * inner * width];
        for (panel, part) in values.chunks_exact_mut(inner * width).zip(columns.chunks(inner * width)) {
            for (at, row) in panel.chunks_exact_mut(width).enumerate() {
                for (value, column) in row.iter_mut().zip(part.chunks_exact(inner)) {
                    *value = column[at];
                }
            }
        }
        Self { values, inner, width }
    }

    /// How many columns there are, those of zeros included.
    pub(super) fn columns(&self) -> usize {
        self.values.len() / self.inner
    }

    /// `out[row][column] = Σ_k left(row)[k] right[first + k][column]` for the columns of some panels, `out`
    /// being `[rows][columns]`. Each sum is taken in ascending `k` with one rounding per term.
    ///
    /// `rows` is a multiple of [`ROWS`]; `left` gives `inner` elements for each.
    #[inline(always)]
    pub(super) fn multiply<'l, S: Simd>(
        &self,
        simd: S,
        rows: usize,
        left: impl Fn(usize) -> &'l [T],
        first: usize,
        panels: std::ops::Range<usize>,
        out: &mut [T],
    ) {
        let (width, stride) = (self.width, self.columns());
        for panel in panels {
            let right = &self.values[(panel * self.inner + first) * width..(panel + 1) * self.inner * width];
            for row in (0..rows).step_by(ROWS) {
                let sums = tile::<T, S>(simd, std::array::from_fn(|at| left(row + at)), right);
                for (at, sums) in sums.iter().enumerate() {
                    let out = &mut out[(row + at) * stride + panel * width..][..width];
                    T::vectors_mut::<S>(out).copy_from_slice(sums);
                }
            }
        }
    }
}

/// The sums of one panel for a few rows.
#[inline(always)]
fn tile<T: Lanes, S: Simd>(simd: S, left: [&[T]; ROWS], right: &[T]) -> [[T::Vector<S>; VECTORS]; ROWS] {
    let inner = left[0].len();
    let left = left.map(|row| &row[..inner]);
    let mut sums = [[T::splat(simd, T::zero()); VECTORS]; ROWS];
    for (k, right) in T::vectors::<S>(right).chunks_exact(VECTORS).take(inner).enumerate() {
        for (sums, left) in sums.iter_mut().zip(left) {
            let left = T::splat(simd, left[k]);
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = T::fused(simd, left, *right, *sum);
            }
        }
    }
    sums
}
