//! The smallest inverse Fourier transforms, on vectors: each lane is a transform of its own.
//!
//! Everything here is inlined by force: only inside of a function that was compiled for the vectors of one
//! processor do its operations become single instructions.

use std::f64::consts::FRAC_1_SQRT_2;
use std::marker::PhantomData;

use num_complex::Complex64;
use pulp::Simd;

use super::Sample;
use super::lanes::Lanes;

/// Real and imaginary parts.
pub(super) type Point<T, S> = [<T as Lanes>::Vector<S>; 2];

/// Complex arithmetic on points.
#[derive(Clone, Copy)]
pub(super) struct Arithmetic<T, S> {
    pub(super) simd: S,
    numbers: PhantomData<T>,
}

impl<T: Sample, S: Simd> Arithmetic<T, S> {
    #[inline(always)]
    pub(super) fn new(simd: S) -> Self {
        Self { simd, numbers: PhantomData }
    }

    #[inline(always)]
    pub(super) fn splat(self, re: T, im: T) -> Point<T, S> {
        [T::splat(self.simd, re), T::splat(self.simd, im)]
    }

    /// `a b`.
    #[inline(always)]
    pub(super) fn times(self, a: Point<T, S>, b: Point<T, S>) -> Point<T, S> {
        let simd = self.simd;
        [
            T::reduced(simd, a[1], b[1], T::product(simd, a[0], b[0])),
            T::fused(simd, a[1], b[0], T::product(simd, a[0], b[1])),
        ]
    }

    /// `a b + c`.
    #[inline(always)]
    pub(super) fn times_add(self, a: Point<T, S>, b: Point<T, S>, c: Point<T, S>) -> Point<T, S> {
        let simd = self.simd;
        [
            T::reduced(simd, a[1], b[1], T::fused(simd, a[0], b[0], c[0])),
            T::fused(simd, a[1], b[0], T::fused(simd, a[0], b[1], c[1])),
        ]
    }

    /// `a + b`.
    #[inline(always)]
    pub(super) fn add(self, a: Point<T, S>, b: Point<T, S>) -> Point<T, S> {
        [T::sum(self.simd, a[0], b[0]), T::sum(self.simd, a[1], b[1])]
    }

    /// `a - b`.
    #[inline(always)]
    fn sub(self, a: Point<T, S>, b: Point<T, S>) -> Point<T, S> {
        [T::difference(self.simd, a[0], b[0]), T::difference(self.simd, a[1], b[1])]
    }

    /// `a + ib`.
    #[inline(always)]
    fn add_i(self, a: Point<T, S>, b: Point<T, S>) -> Point<T, S> {
        [T::difference(self.simd, a[0], b[1]), T::sum(self.simd, a[1], b[0])]
    }

    /// `a - ib`.
    #[inline(always)]
    fn sub_i(self, a: Point<T, S>, b: Point<T, S>) -> Point<T, S> {
        [T::sum(self.simd, a[0], b[1]), T::difference(self.simd, a[1], b[0])]
    }

    /// `c a`, for a real `c`.
    #[inline(always)]
    fn scale(self, c: f64, a: Point<T, S>) -> Point<T, S> {
        let c = T::splat(self.simd, T::of(c));
        [T::product(self.simd, c, a[0]), T::product(self.simd, c, a[1])]
    }

    /// `c a + b`, for a real `c`.
    #[inline(always)]
    fn scale_add(self, c: f64, a: Point<T, S>, b: Point<T, S>) -> Point<T, S> {
        let c = T::splat(self.simd, T::of(c));
        [T::fused(self.simd, c, a[0], b[0]), T::fused(self.simd, c, a[1], b[1])]
    }

    /// `a e^{iπ/4}`.
    #[inline(always)]
    fn eighth(self, a: Point<T, S>) -> Point<T, S> {
        self.scale(FRAC_1_SQRT_2, self.add_i(a, a))
    }

    /// `a` times a constant.
    #[inline(always)]
    fn turned(self, by: Complex64, a: Point<T, S>) -> Point<T, S> {
        self.times(self.splat(T::of(by.re), T::of(by.im)), a)
    }

    /// A transform of four points.
    #[inline(always)]
    fn four(self, a: Point<T, S>, b: Point<T, S>, c: Point<T, S>, d: Point<T, S>) -> [Point<T, S>; 4] {
        let (even, odd) = ([self.add(a, c), self.sub(a, c)], [self.add(b, d), self.sub(b, d)]);
        [self.add(even[0], odd[0]), self.add_i(even[1], odd[1]), self.sub(even[0], odd[0]), self.sub_i(even[1], odd[1])]
    }
}

/// The points that one small transform reads, and those it writes.
pub(super) trait Strand<T: Sample, S: Simd> {
    fn get(&self, at: usize) -> Point<T, S>;
    fn put(&mut self, at: usize, value: Point<T, S>);
}

/// `y(m) = Σ_r x(r) e^{2πirm/RADIX}`, for `RADIX` 1, 2, 3, 4, 5, 8 and 16. Written out: a loop over points
/// that the compiler did not unroll would keep them in memory.
#[inline(always)]
pub(super) fn butterfly<T: Sample, S: Simd, const RADIX: usize>(on: Arithmetic<T, S>, strand: &mut impl Strand<T, S>) {
    match RADIX {
        1 => strand.put(0, strand.get(0)),
        2 => {
            let (a, b) = (strand.get(0), strand.get(1));
            strand.put(0, on.add(a, b));
            strand.put(1, on.sub(a, b));
        }
        3 => {
            let (x, a, b) = (strand.get(0), strand.get(1), strand.get(2));
            let (sum, difference) = (on.add(a, b), on.scale(0.75f64.sqrt(), on.sub(a, b)));
            let middle = on.scale_add(-0.5, sum, x);
            strand.put(0, on.add(x, sum));
            strand.put(1, on.add_i(middle, difference));
            strand.put(2, on.sub_i(middle, difference));
        }
        4 => {
            let [a, b, c, d] = on.four(strand.get(0), strand.get(1), strand.get(2), strand.get(3));
            strand.put(0, a);
            strand.put(1, b);
            strand.put(2, c);
            strand.put(3, d);
        }
        5 => {
            // Cosines and sines of a fifth and of two fifths of a turn.
            const COS: [f64; 2] = [0.309_016_994_374_947_45, -0.809_016_994_374_947_5];
            const SIN: [f64; 2] = [0.951_056_516_295_153_5, 0.587_785_252_292_473_1];
            let (x, x1, x4, x2, x3) = (strand.get(0), strand.get(1), strand.get(4), strand.get(2), strand.get(3));
            let (s1, d1, s2, d2) = (on.add(x1, x4), on.sub(x1, x4), on.add(x2, x3), on.sub(x2, x3));
            let t1 = on.scale_add(COS[1], s2, on.scale_add(COS[0], s1, x));
            let t2 = on.scale_add(COS[0], s2, on.scale_add(COS[1], s1, x));
            let u1 = on.scale_add(SIN[1], d2, on.scale(SIN[0], d1));
            let u2 = on.scale_add(-SIN[0], d2, on.scale(SIN[1], d1));
            strand.put(0, on.add(x, on.add(s1, s2)));
            strand.put(1, on.add_i(t1, u1));
            strand.put(2, on.add_i(t2, u2));
            strand.put(3, on.sub_i(t2, u2));
            strand.put(4, on.sub_i(t1, u1));
        }
        8 => {
            let [a, b, c, d] = on.four(strand.get(0), strand.get(2), strand.get(4), strand.get(6));
            let [e, f, g, h] = on.four(strand.get(1), strand.get(3), strand.get(5), strand.get(7));
            // Times e^{iπ/4} and e^{3iπ/4}; the second factor i is part of what follows.
            let (f, h) = (on.eighth(f), on.eighth(h));
            strand.put(0, on.add(a, e));
            strand.put(4, on.sub(a, e));
            strand.put(1, on.add(b, f));
            strand.put(5, on.sub(b, f));
            strand.put(2, on.add_i(c, g));
            strand.put(6, on.sub_i(c, g));
            strand.put(3, on.add_i(d, h));
            strand.put(7, on.sub_i(d, h));
        }
        16 => {
            // e^{2πi/16} and its cube.
            const ROOT: Complex64 = Complex64::new(0.923_879_532_511_286_7, 0.382_683_432_365_089_8);
            const CUBE: Complex64 = Complex64::new(0.382_683_432_365_089_8, 0.923_879_532_511_286_7);
            let a = on.four(strand.get(0), strand.get(4), strand.get(8), strand.get(12));
            let b = on.four(strand.get(1), strand.get(5), strand.get(9), strand.get(13));
            let c = on.four(strand.get(2), strand.get(6), strand.get(10), strand.get(14));
            let d = on.four(strand.get(3), strand.get(7), strand.get(11), strand.get(15));
            let y = on.four(a[0], b[0], c[0], d[0]);
            strand.put(0, y[0]);
            strand.put(4, y[1]);
            strand.put(8, y[2]);
            strand.put(12, y[3]);
            let y = on.four(a[1], on.turned(ROOT, b[1]), on.eighth(c[1]), on.turned(CUBE, d[1]));
            strand.put(1, y[0]);
            strand.put(5, y[1]);
            strand.put(9, y[2]);
            strand.put(13, y[3]);
            // By e^{iπ/4}, i and i e^{iπ/4}.
            let (eighth, three) = (on.eighth(b[2]), on.eighth(d[2]));
            let even = [on.add_i(a[2], c[2]), on.sub_i(a[2], c[2])];
            let odd = [on.add_i(eighth, three), on.sub_i(eighth, three)];
            strand.put(2, on.add(even[0], odd[0]));
            strand.put(6, on.add_i(even[1], odd[1]));
            strand.put(10, on.sub(even[0], odd[0]));
            strand.put(14, on.sub_i(even[1], odd[1]));
            // By the cube, i e^{iπ/4} and the root's negative.
            let (b, c, d) = (on.turned(CUBE, b[3]), on.eighth(c[3]), on.turned(ROOT, d[3]));
            let even = [on.add_i(a[3], c), on.sub_i(a[3], c)];
            let odd = [on.sub(b, d), on.add(b, d)];
            strand.put(3, on.add(even[0], odd[0]));
            strand.put(7, on.add_i(even[1], odd[1]));
            strand.put(11, on.sub(even[0], odd[0]));
            strand.put(15, on.sub_i(even[1], odd[1]));
        }
        _ => unreachable!("no transform has this radix"),
    }
}
