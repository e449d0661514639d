//! The smallest inverse Fourier transforms, on vectors: each lane is a transform of its own.

use pulp::Simd;

use super::Sample;
use super::lanes::Lanes;

/// Real and imaginary parts.
pub(super) type Point<T, S> = [<T as Lanes>::Vector<S>; 2];

/// `a b`.
#[inline(always)]
pub(super) fn times<T: Sample, S: Simd>(simd: S, a: Point<T, S>, b: Point<T, S>) -> Point<T, S> {
    [
        T::reduced(simd, a[1], b[1], T::product(simd, a[0], b[0])),
        T::fused(simd, a[1], b[0], T::product(simd, a[0], b[1])),
    ]
}

/// `y(m) = Σ_r x(r) e^{2πirm/RADIX}`, for `RADIX` 1, 2, 3, 4, 5 and 8.
#[inline(always)]
pub(super) fn butterfly<T: Sample, S: Simd, const RADIX: usize>(
    simd: S,
    x: [Point<T, S>; RADIX],
) -> [Point<T, S>; RADIX] {
    let add = |a: Point<T, S>, b: Point<T, S>| [T::sum(simd, a[0], b[0]), T::sum(simd, a[1], b[1])];
    let sub = |a: Point<T, S>, b: Point<T, S>| [T::difference(simd, a[0], b[0]), T::difference(simd, a[1], b[1])];
    // a + ib and a - ib
    let add_i = |a: Point<T, S>, b: Point<T, S>| [T::difference(simd, a[0], b[1]), T::sum(simd, a[1], b[0])];
    let sub_i = |a: Point<T, S>, b: Point<T, S>| [T::sum(simd, a[0], b[1]), T::difference(simd, a[1], b[0])];
    let scale = |c: f64, a: Point<T, S>| {
        let c = T::splat(simd, T::of(c));
        [T::product(simd, c, a[0]), T::product(simd, c, a[1])]
    };
    // c a + b
    let scale_add = |c: f64, a: Point<T, S>, b: Point<T, S>| {
        let c = T::splat(simd, T::of(c));
        [T::fused(simd, c, a[0], b[0]), T::fused(simd, c, a[1], b[1])]
    };
    let four = |x: [Point<T, S>; 4]| {
        let (a, b, c, d) = (add(x[0], x[2]), sub(x[0], x[2]), add(x[1], x[3]), sub(x[1], x[3]));
        [add(a, c), add_i(b, d), sub(a, c), sub_i(b, d)]
    };
    let mut y = x;
    match RADIX {
        2 => {
            y[0] = add(x[0], x[1]);
            y[1] = sub(x[0], x[1]);
        }
        3 => {
            let (sum, difference) = (add(x[1], x[2]), scale(0.75f64.sqrt(), sub(x[1], x[2])));
            let middle = scale_add(-0.5, sum, x[0]);
            y[0] = add(x[0], sum);
            y[1] = add_i(middle, difference);
            y[2] = sub_i(middle, difference);
        }
        4 => y.copy_from_slice(&four([x[0], x[1], x[2], x[3]])),
        5 => {
            // Cosines and sines of a fifth and of two fifths of a turn.
            const COS: [f64; 2] = [0.309_016_994_374_947_45, -0.809_016_994_374_947_5];
            const SIN: [f64; 2] = [0.951_056_516_295_153_5, 0.587_785_252_292_473_1];
            let (s1, d1, s2, d2) = (add(x[1], x[4]), sub(x[1], x[4]), add(x[2], x[3]), sub(x[2], x[3]));
            let t1 = scale_add(COS[1], s2, scale_add(COS[0], s1, x[0]));
            let t2 = scale_add(COS[0], s2, scale_add(COS[1], s1, x[0]));
            let u1 = scale_add(SIN[1], d2, scale(SIN[0], d1));
            let u2 = scale_add(-SIN[0], d2, scale(SIN[1], d1));
            y[0] = add(x[0], add(s1, s2));
            y[1] = add_i(t1, u1);
            y[2] = add_i(t2, u2);
            y[3] = sub_i(t2, u2);
            y[4] = sub_i(t1, u1);
        }
        8 => {
            const HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
            let even = four([x[0], x[2], x[4], x[6]]);
            let odd = four([x[1], x[3], x[5], x[7]]);
            // Times e^{iπ/4} and e^{3iπ/4}.
            let turned = scale(HALF, add_i(odd[1], odd[1]));
            let [re, im] = scale(HALF, add_i(odd[3], odd[3]));
            y[0] = add(even[0], odd[0]);
            y[4] = sub(even[0], odd[0]);
            y[1] = add(even[1], turned);
            y[5] = sub(even[1], turned);
            y[2] = add_i(even[2], odd[2]);
            y[6] = sub_i(even[2], odd[2]);
            y[3] = add_i(even[3], [re, im]);
            y[7] = sub_i(even[3], [re, im]);
        }
        _ => {}
    }
    y
}
