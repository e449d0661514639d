use std::any::Any;

use pulp::bytemuck::Pod;
use pulp::{Arch, Simd, cast};

use super::convolution::Apply;
use super::energy::Weigh;
use super::phase::Inverse;
use super::stream::Rest;
use crate::numeric::Real;

/// A type of samples as vectors of whatever width the processor has.
pub trait Lanes: Real + Pod {
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

    /// Two vectors as pairs, `a0 b0 a1 b1 ..`.
    fn pair<S: Simd>(simd: S, parts: [Self::Vector<S>; 2]) -> [Self::Vector<S>; 2];

    /// Runs it with the vectors of this processor. Here, and not generic, so that it is compiled once and not
    /// again in every crate that transforms something.
    fn invert(arch: Arch, inverse: Inverse<'_, '_, Self>);

    /// The same for a convolution.
    fn convolve(arch: Arch, apply: Apply<'_, Self>);

    /// The same for what is left of a drain.
    fn drain(arch: Arch, rest: Rest<'_, '_, Self>);

    /// The same for sums of weighted powers.
    fn weigh(arch: Arch, weigh: Weigh<'_, Self>);
}

/// The value as what it is, where `A` and `B` are one type: known when this is compiled.
#[inline(always)]
fn same<A: Copy + 'static, B: Copy + 'static>(value: A) -> Option<B> {
    (&value as &dyn Any).downcast_ref::<B>().copied()
}

/// [`Lanes::pair`] number by number.
#[inline(always)]
fn pair_one_by_one<T: Pod, V: Pod>(parts: [V; 2]) -> [V; 2] {
    let mut pairs = parts;
    let from: &[T] = pulp::bytemuck::cast_slice(&parts);
    let (first, second) = from.split_at(from.len() / 2);
    let to: &mut [T] = pulp::bytemuck::cast_slice_mut(&mut pairs);
    for ((pair, a), b) in to.chunks_exact_mut(2).zip(first).zip(second) {
        pair.copy_from_slice(&[*a, *b]);
    }
    pairs
}

macro_rules! lanes {
    ($float:ident: $vector:ident, $as_simd:ident, $as_mut_simd:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident,
     $mul_add:ident, $sub_mul:ident;
     $wide:ident, $half:ident, $index:ty, $low:expr, $high:expr, $permute:ident, $unpack_low:ident, $unpack_high:ident, $halves:ident) => {
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
            fn pair<S: Simd>(simd: S, [a, b]: [S::$vector; 2]) -> [S::$vector; 2] {
                #[cfg(target_arch = "x86_64")]
                {
                    use pulp::x86::{V3, V4};
                    if let (Some(simd), Some([a, b])) = (same::<S, V4>(simd), same::<_, [pulp::$wide; 2]>([a, b])) {
                        const LOW: $index = $low;
                        const HIGH: $index = $high;
                        let low: pulp::$wide = cast(simd.avx512f.$permute(cast(a), cast(LOW), cast(b)));
                        let high: pulp::$wide = cast(simd.avx512f.$permute(cast(a), cast(HIGH), cast(b)));
                        if let Some(pairs) = same([low, high]) {
                            return pairs;
                        }
                    }
                    if let (Some(simd), Some([a, b])) = (same::<S, V3>(simd), same::<_, [pulp::$half; 2]>([a, b])) {
                        let low = simd.avx.$unpack_low(cast(a), cast(b));
                        let high = simd.avx.$unpack_high(cast(a), cast(b));
                        let first: pulp::$half = cast(simd.avx.$halves::<0x20>(low, high));
                        let second: pulp::$half = cast(simd.avx.$halves::<0x31>(low, high));
                        if let Some(pairs) = same([first, second]) {
                            return pairs;
                        }
                    }
                }
                pair_one_by_one::<Self, S::$vector>([a, b])
            }

            fn invert(arch: Arch, inverse: Inverse<'_, '_, Self>) {
                arch.dispatch(inverse);
            }

            fn convolve(arch: Arch, apply: Apply<'_, Self>) {
                arch.dispatch(apply);
            }

            fn drain(arch: Arch, rest: Rest<'_, '_, Self>) {
                arch.dispatch(rest);
            }

            fn weigh(arch: Arch, weigh: Weigh<'_, Self>) {
                arch.dispatch(weigh);
            }
        }
    };
}

lanes!(f32: f32s, as_simd_f32s, as_mut_simd_f32s, splat_f32s, add_f32s, sub_f32s, mul_f32s, mul_add_f32s,
       negate_mul_add_f32s;
       f32x16, f32x8, [u32; 16], [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23],
       [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31], _mm512_permutex2var_ps,
       _mm256_unpacklo_ps, _mm256_unpackhi_ps, _mm256_permute2f128_ps);
lanes!(f64: f64s, as_simd_f64s, as_mut_simd_f64s, splat_f64s, add_f64s, sub_f64s, mul_f64s, mul_add_f64s,
       negate_mul_add_f64s;
       f64x8, f64x4, [u64; 8], [0, 8, 1, 9, 2, 10, 3, 11], [4, 12, 5, 13, 6, 14, 7, 15], _mm512_permutex2var_pd,
       _mm256_unpacklo_pd, _mm256_unpackhi_pd, _mm256_permute2f128_pd);
