use pulp::{Arch, Simd};

use super::convolution::Apply;
use super::phase::Inverse;
use crate::numeric::Real;

/// A type of samples as vectors of whatever width the processor has.
pub trait Lanes: Real {
    /// One vector.
    type Vector<S: Simd>: Copy;

    /// Samples of a vector.
    fn count<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }

    /// As many whole vectors as the slice has, from its first sample on.
    fn vectors<S: Simd>(values: &[Self]) -> &[Self::Vector<S>];

    /// The same, to write.
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [Self::Vector<S>];

    /// The value in every place.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;

    /// `a + b`.
    fn sum<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// `a - b`.
    fn difference<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// `a b`.
    fn product<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// `a b + c`, rounded once where the processor can.
    fn fused<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;

    /// `c - a b`, likewise.
    fn reduced<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;

    /// Two vectors as pairs, `re im re im ..`, in an order that is quick: which, [`Lanes::split`] says.
    fn pair<S: Simd>(simd: S, parts: [Self::Vector<S>; 2]) -> [Self::Vector<S>; 2];

    /// The inverse of [`Lanes::pair`].
    fn split<S: Simd>(simd: S, pairs: [Self::Vector<S>; 2]) -> [Self::Vector<S>; 2];

    /// Runs it with the vectors of this processor. Here, and not generic, so that it is compiled once and not
    /// again in every crate that transforms something.
    fn invert(arch: Arch, inverse: Inverse<'_, Self>);

    /// The same for a convolution.
    fn convolve(arch: Arch, apply: Apply<'_, Self>);
}

macro_rules! lanes {
    ($float:ident: $vector:ident, $as_simd:ident, $as_mut_simd:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident,
     $mul_add:ident, $sub_mul:ident, $pair:ident, $split:ident) => {
        impl Lanes for $float {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn vectors<S: Simd>(values: &[Self]) -> &[S::$vector] {
                S::$as_simd(values).0
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [S::$vector] {
                S::$as_mut_simd(values).0
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }

            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn difference<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn product<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn fused<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn reduced<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$sub_mul(a, b, c)
            }

            #[inline(always)]
            fn pair<S: Simd>(simd: S, parts: [S::$vector; 2]) -> [S::$vector; 2] {
                simd.$pair(parts)
            }

            #[inline(always)]
            fn split<S: Simd>(simd: S, pairs: [S::$vector; 2]) -> [S::$vector; 2] {
                simd.$split(pairs)
            }

            fn invert(arch: Arch, inverse: Inverse<'_, Self>) {
                arch.dispatch(inverse);
            }

            fn convolve(arch: Arch, apply: Apply<'_, Self>) {
                arch.dispatch(apply);
            }
        }
    };
}

lanes!(f32: f32s, as_simd_f32s, as_mut_simd_f32s, splat_f32s, add_f32s, sub_f32s, mul_f32s, mul_add_f32s,
       negate_mul_add_f32s, interleave_shfl_f32s, deinterleave_shfl_f32s);
lanes!(f64: f64s, as_simd_f64s, as_mut_simd_f64s, splat_f64s, add_f64s, sub_f64s, mul_f64s, mul_add_f64s,
       negate_mul_add_f64s, interleave_shfl_f64s, deinterleave_shfl_f64s);
