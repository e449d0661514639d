use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, bail};
use candle_nn::ops::softmax_last_dim;
use pulp::Arch;
use rayon::prelude::*;

use super::Mask;
use super::cpu::{HeadBias, Lanes, SoftmaxRow};

/// Attention probabilities of a block of scores, `softmax_j(s_ij - slope (i - j))` over the keys
/// that the mask lets query `i` see, and zero elsewhere.
///
/// `scores` is `[texts, heads, rows, keys]`, `f32` or `f64`, contiguous; its first row is query
/// `first_row`, and all keys that its rows see are there. `slopes` has one entry per head. A row
/// that sees a score that is not finite becomes NaN, so that it cannot pass unnoticed.
pub(super) fn visible_softmax(scores: &Tensor, first_row: usize, mask: Mask, slopes: Option<&[f64]>) -> Result<Tensor> {
    let heads = scores.dim(1)?;
    let slopes = slopes.map_or_else(|| vec![0.0; heads], <[f64]>::to_vec);
    scores.apply_op1_no_bwd(&VisibleSoftmax { first_row, mask, slopes })
}

/// The same from whole-tensor operations, for devices where [`visible_softmax`] does not run.
///
/// `mask` is that of [`additive_mask`] for these rows and keys, of lags if there are slopes.
pub(super) fn masked_softmax(scores: &Tensor, mask: &Tensor, slopes: Option<&[f64]>) -> Result<Tensor> {
    let masked = match slopes {
        Some(slopes) => {
            let slopes = Tensor::new(slopes, mask.device())?.to_dtype(mask.dtype())?;
            scores.broadcast_add(&mask.broadcast_mul(&slopes.reshape((1, (), 1, 1))?)?)?
        }
        None => scores.broadcast_add(mask)?,
    };
    softmax_last_dim(&masked)
}

/// `j - i`, or 0, where query `i` sees key `j`, and `-∞` elsewhere: `[1, 1, rows, keys]`, on the
/// device and in the type of `like`.
pub(super) fn additive_mask(
    rows: Range<usize>,
    keys: usize,
    mask: Mask,
    of_lags: bool,
    like: &Tensor,
) -> Result<Tensor> {
    let axis = |range: Range<usize>| Tensor::arange(range.start as i64, range.end as i64, like.device());
    let queries = axis(rows.clone())?.reshape((1, 1, rows.len(), 1))?;
    let lags = axis(0..keys)?.reshape((1, 1, 1, keys))?.broadcast_sub(&queries)?;
    let visible = match mask {
        Mask::Causal => lags.le(0i64)?,
        Mask::Window(width) => (lags.le(0i64)? * lags.gt(-(width as i64))?)?,
        Mask::Full => lags.ones_like()?.to_dtype(DType::U8)?,
    };
    let inside = if of_lags { lags.to_dtype(like.dtype())? } else { lags.zeros_like()?.to_dtype(like.dtype())? };
    visible.where_cond(&inside, &Tensor::full(f64::NEG_INFINITY, lags.shape(), like.device())?.to_dtype(like.dtype())?)
}

struct VisibleSoftmax {
    first_row: usize,
    mask: Mask,
    slopes: Vec<f64>,
}

impl VisibleSoftmax {
    fn rows<T: Lanes>(&self, scores: &[T], rows: usize, keys: usize) -> Vec<T> {
        let mut probabilities = vec![T::zero(); scores.len()];
        let arch = Arch::new();
        probabilities.par_chunks_exact_mut(keys).zip(scores.par_chunks_exact(keys)).enumerate().for_each(
            |(index, (probabilities, scores))| {
                let query = self.first_row + index % rows;
                let bias = HeadBias::Slope(T::of(self.slopes[index / rows % self.slopes.len()]));
                let seen = self.mask.visible(query, keys);
                let (first, scores, probabilities) = (seen.start, &scores[seen.clone()], &mut probabilities[seen]);
                arch.dispatch(SoftmaxRow { bias, scores, query, first, probabilities });
            },
        );
        probabilities
    }
}

impl CustomOp1 for VisibleSoftmax {
    fn name(&self) -> &'static str {
        "visible-softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, heads, rows, keys) = layout.shape().dims4()?;
        let (Some((start, end)), true) = (layout.contiguous_offsets(), heads == self.slopes.len()) else {
            bail!("visible-softmax wants contiguous scores and a slope for each of {heads} heads");
        };
        let probabilities = match storage {
            CpuStorage::F32(scores) => CpuStorage::F32(self.rows(&scores[start..end], rows, keys)),
            CpuStorage::F64(scores) => CpuStorage::F64(self.rows(&scores[start..end], rows, keys)),
            _ => bail!("visible-softmax wants f32 or f64"),
        };
        Ok((probabilities, layout.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::numeric::{Real, gamma};

    /// `[2, 3, 4, 9]` scores of the queries 5 to 8, between -6 and 6.
    fn scores<T: Real + candle_core::WithDType>() -> Tensor {
        let values: Vec<T> = (0..216).map(|at| T::of(6.0 * (1.7 * f64::from(at)).sin())).collect();
        Tensor::from_vec(values, (2, 3, 4, 9), &Device::Cpu).unwrap()
    }

    fn both_ways_agree<T: Real + candle_core::WithDType>() {
        let scores = scores::<T>();
        let slopes = [None, Some(&[0.5, 0.25, 0.0625][..])];
        let masks = [Mask::Causal, Mask::Window(1), Mask::Window(4), Mask::Window(20), Mask::Full];
        for (slopes, mask) in slopes.into_iter().flat_map(|slopes| masks.map(|mask| (slopes, mask))) {
            let fast = visible_softmax(&scores, 5, mask, slopes).unwrap();
            let added = additive_mask(5..9, 9, mask, slopes.is_some(), &scores).unwrap();
            let plain = masked_softmax(&scores, &added, slopes).unwrap();
            let values = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<T>().unwrap();
            // Exponents are at most 12 + 0.5 · 8 in size and off by 2 u of that; the sum has 9 terms.
            let bound = 2.0 * (2.0 * 16.0 * T::UNIT_ROUNDOFF + gamma(20, T::UNIT_ROUNDOFF));
            for (at, (fast, plain)) in values(&fast).into_iter().zip(values(&plain)).enumerate() {
                let (query, key) = (5 + at / 9 % 4, at % 9);
                let seen = match mask {
                    Mask::Causal => key <= query,
                    Mask::Window(width) => key <= query && key + width > query,
                    Mask::Full => true,
                };
                assert_eq!(fast != T::zero(), seen, "{mask:?}, query {query}, key {key}");
                assert!((fast.wide() - plain.wide()).abs() <= bound * plain.wide(), "{fast} {plain}");
            }
        }
    }

    #[test]
    fn the_fast_softmax_is_the_plain_one() {
        both_ways_agree::<f32>();
        both_ways_agree::<f64>();
    }

    #[test]
    fn a_score_that_is_not_finite_poisons_its_row_alone() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut values = vec![0.5; 12];
            values[5] = bad;
            // Rows of queries 1, 2 and 3; key 1 of query 2 is bad, and key 3 of query 1 is not seen.
            values[3] = f64::NAN;
            let scores = Tensor::from_vec(values, (1, 1, 3, 4), &Device::Cpu).unwrap();
            let rows = visible_softmax(&scores, 1, Mask::Causal, None)
                .unwrap()
                .reshape((3, 4))
                .unwrap()
                .to_vec2::<f64>()
                .unwrap();
            assert_eq!(rows[0], [0.5, 0.5, 0.0, 0.0]);
            assert!(rows[1][..3].iter().all(|p| p.is_nan()), "{bad}: {:?}", rows[1]);
            assert_eq!(rows[2], [0.25; 4]);
        }
    }
}
