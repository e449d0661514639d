//! Short sums straight from their definition, many neighbouring samples at a time.

use num_complex::Complex64;
use pulp::{Arch, Simd, WithSimd};

use super::Sample;

/// Vectors of results that are summed together: enough to keep two units of fused products busy while
/// each takes four cycles.
pub(super) const VECTORS: usize = 8;

/// `y(b) = Σ_{l = -reach..=reach} h(l) x(b + l)`.
#[derive(Debug)]
pub(super) struct Convolution<T> {
    pub(super) reach: usize,
    /// Each tap in as many places as a vector has; real and imaginary parts in turn if there are both.
    taps: Vec<T>,
    /// Numbers of a tap, and of a sample: 1 if the taps are real, otherwise 2.
    parts: usize,
}

impl<T: Sample> Convolution<T> {
    /// `taps` are `2 reach + 1` numbers, real ones if the result is to be real.
    pub(super) fn new(lanes: usize, taps: &[Complex64], real: bool) -> Self {
        let part = |tap: &Complex64, lane: usize| T::of(if real || lane.is_multiple_of(2) { tap.re } else { tap.im });
        // A vector of one number holds no pair.
        let width = if real { lanes } else { lanes.max(2) };
        let taps_of = |tap: &Complex64| (0..width).map(|lane| part(tap, lane)).collect::<Vec<_>>();
        let parts = if real { 1 } else { 2 };
        Self { reach: taps.len() / 2, taps: taps.iter().flat_map(taps_of).collect(), parts }
    }

    pub(super) fn bytes(&self) -> usize {
        self.taps.len() * size_of::<T>()
    }

    /// Computes `line` from samples that begin `reach` before the first result; both repeat each sample, or
    /// have a pair, where the taps are complex.
    pub(super) fn apply(&self, arch: Arch, samples: &[T], line: &mut [T]) {
        T::convolve(arch, Apply { convolution: self, samples, line });
    }
}

/// One call of [`Convolution::apply`].
pub struct Apply<'a, T> {
    convolution: &'a Convolution<T>,
    samples: &'a [T],
    line: &'a mut [T],
}

impl<T: Sample> WithSimd for Apply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { convolution: &Convolution { reach, ref taps, parts }, samples, line } = self;
        let (lanes, taps) = (T::count::<S>(), T::vectors::<S>(taps));
        // Vectors of one tap: one, or two of one number.
        let tap_vectors = taps.len() / (2 * reach + 1);
        let length = VECTORS * lanes;
        for (block, line) in line.chunks_exact_mut(length).enumerate() {
            let mut sums = [T::splat(simd, T::zero()); VECTORS];
            for (at, tap) in taps.chunks_exact(tap_vectors).enumerate() {
                let first = block * length + parts * at;
                let samples = T::vectors::<S>(&samples[first..first + length]);
                for (v, (sum, x)) in sums.iter_mut().zip(samples).enumerate() {
                    *sum = T::fused(simd, tap[v % tap_vectors], *x, *sum);
                }
            }
            T::vectors_mut::<S>(line).copy_from_slice(&sums);
        }
    }
}
