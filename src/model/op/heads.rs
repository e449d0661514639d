#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Storage, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::{by_type, rows};
#[cfg(feature = "cuda")]
use crate::model::kernel;

/// `[texts, tokens, heads · dim]` as `[texts, heads, tokens, dim]`, in memory, too.
///
/// With candle's transposition every derivative of a head is added up out of order, an element at a time.
///
/// # Errors
/// The last axis is not a multiple of `heads`.
pub fn split_heads(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (_, width) = rows(x)?;
    if x.rank() != 3 || heads == 0 || width % heads != 0 {
        bail!("{:?} does not hold {heads} heads of each token", x.shape());
    }
    x.contiguous()?.apply_op1(Split { heads })
}

/// `[texts, heads, tokens, dim]` as `[texts, tokens, heads · dim]`: the inverse of [`split_heads`].
///
/// # Errors
/// The coordinates of a head are not next to each other.
pub fn merge_heads(x: &Tensor) -> Result<Tensor> {
    rows(x)?;
    x.apply_op1(Merge)
}

struct Split {
    heads: usize,
}

struct Merge;

/// `[a, b, c, d]` of any strides but the last, as `[a, c, b, d]`.
fn swapped<T: WithDType>(storage: &CpuStorage, layout: &Layout) -> Result<Vec<T>> {
    let ((_, b, c, d), stride) = (layout.shape().dims4()?, layout.stride());
    let x = &T::cpu_storage_as_slice(storage)?[layout.start_offset()..];
    if stride[3] != 1 && d != 1 {
        bail!("the coordinates of a head lie apart");
    }
    let mut out = vec![T::zero(); layout.shape().elem_count()];
    out.par_chunks_mut(b * d).enumerate().for_each(|(row, out)| {
        let start = row / c * stride[0] + row % c * stride[2];
        for (at, out) in out.chunks_exact_mut(d).enumerate() {
            out.copy_from_slice(&x[start + at * stride[1]..][..d]);
        }
    });
    Ok(out)
}

/// Part `part` of `parts` of each token's heads, `[texts, heads, tokens, dim]`, of
/// `x [texts, tokens, parts · heads · dim]`.
pub(super) fn split_part(x: &Tensor, part: usize, parts: usize, heads: usize) -> Result<(Storage, Shape)> {
    let (texts, tokens, width) = x.dims3()?;
    let (dim, x) = (width / (parts * heads), x.contiguous()?);
    let own = x.reshape((texts, tokens, parts * heads, dim))?.narrow(2, part * heads, heads)?;
    let (storage, layout) = own.storage_and_layout();
    let split = match &*storage {
        Storage::Cpu(storage) => by_type!(storage.dtype(), T => {
            Storage::Cpu(T::to_cpu_storage_owned(swapped::<T>(storage, layout)?))
        }),
        #[cfg(feature = "cuda")]
        Storage::Cuda(storage) => Storage::Cuda(kernel::swap_middle(storage, layout)?),
        _ => bail!("heads are split on the processor or a GPU"),
    };
    Ok((split, (texts, heads, tokens, dim).into()))
}

/// Parts `[texts, heads, tokens, dim]` beside each other, `[texts, tokens, parts · heads · dim]`.
pub(super) fn merged_parts(parts: &[Tensor]) -> Result<Tensor> {
    #[cfg(feature = "cuda")]
    if parts.iter().all(|part| part.device().is_cuda()) {
        return kernel::merge_parts(parts);
    }
    let merged = parts.iter().map(|part| part.apply_op1_no_bwd(&Merge)).collect::<Result<Vec<_>>>()?;
    Tensor::cat(&merged, 2)
}

/// The layout of the heads of each token.
fn by_head(x: &Layout, heads: usize) -> Result<Layout> {
    let (texts, tokens, width) = x.shape().dims3()?;
    Ok(Layout::contiguous_with_offset((texts, tokens, heads, width / heads), x.start_offset()))
}

fn merged(x: &Layout) -> Result<Shape> {
    let (texts, heads, tokens, dim) = x.shape().dims4()?;
    Ok((texts, tokens, heads * dim).into())
}

impl CustomOp1 for Split {
    fn name(&self) -> &'static str {
        "split-heads"
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let at = by_head(at, self.heads)?;
        let (texts, tokens, heads, dim) = at.shape().dims4()?;
        by_type!(x.dtype(), T => {
            Ok((T::to_cpu_storage_owned(swapped::<T>(x, &at)?), (texts, heads, tokens, dim).into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, at: &Layout) -> Result<(CudaStorage, Shape)> {
        let at = by_head(at, self.heads)?;
        let (texts, tokens, heads, dim) = at.shape().dims4()?;
        Ok((kernel::swap_middle(x, &at)?, (texts, heads, tokens, dim).into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        merge_heads(&g.contiguous()?).map(Some)
    }
}

impl CustomOp1 for Merge {
    fn name(&self) -> &'static str {
        "merge-heads"
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        by_type!(x.dtype(), T => Ok((T::to_cpu_storage_owned(swapped::<T>(x, at)?), merged(at)?)))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, at: &Layout) -> Result<(CudaStorage, Shape)> {
        Ok((kernel::swap_middle(x, at)?, merged(at)?))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        split_heads(g, x.dim(1)?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise, values};

    #[test]
    fn heads_split_and_merge_as_a_transposition_has_them() {
        let x = noise(0.1, &[2, 3, 8]);
        let transposed = x.reshape((2, 3, 4, 2)).unwrap().transpose(1, 2).unwrap();
        assert_eq!(values(&split_heads(&x, 4).unwrap()), values(&transposed));
        assert_eq!(values(&merge_heads(&transposed).unwrap()), values(&x));
        assert_eq!(values(&merge_heads(&split_heads(&x, 4).unwrap()).unwrap()), values(&x));
        assert!(split_heads(&x, 3).is_err());
    }

    #[test]
    fn heads_have_the_derivative_of_differences() {
        assert_derivative(&[noise(0.1, &[2, 3, 8])], |inputs| split_heads(&inputs[0], 4));
        assert_derivative(&[noise(0.1, &[2, 4, 3, 2])], |inputs| merge_heads(&inputs[0]));
    }
}
