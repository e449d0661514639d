#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::{PIECE, Parameter, by_type, elements, rows};
use crate::model::cpu::Values;
#[cfg(feature = "cuda")]
use crate::model::kernel::{self, Operand};
use crate::numeric::Real;

/// `x r w` over the last axis, `r = 1/√(mean x² + ε)` \[zhang2019\].
///
/// With `n = x r`, `g` the derivative of the result and `h = g w`, `x` has `r (h - n mean(h n))` and `w` has
/// the sum of `g n` over all rows.
///
/// # Errors
/// The weights are not one for each column.
pub fn rms_norm(x: &Tensor, weight: &Parameter, eps: f64) -> Result<Tensor> {
    let (_, columns) = rows(x)?;
    let variable = weight.variable().as_tensor();
    if variable.dims() != [columns] {
        bail!("norm weights {:?} do not fit activations {:?}", variable.shape(), x.shape());
    }
    x.contiguous()?.apply_op2(variable, RmsNorm { eps })
}

pub(super) struct RmsNorm {
    pub(super) eps: f64,
}

impl RmsNorm {
    fn scale<T: Real>(&self, row: &[T]) -> T {
        let squares = row.iter().fold(T::zero(), |sum, x| sum + *x * *x);
        (squares / T::of(row.len() as f64) + T::of(self.eps)).sqrt().recip()
    }

    fn forward<T: Real>(&self, x: &[T], weight: &[T]) -> Vec<T> {
        let columns = weight.len();
        let mut normed = vec![T::zero(); x.len()];
        let piece = (PIECE / columns).max(1) * columns;
        normed.par_chunks_mut(piece).zip(x.par_chunks(piece)).for_each(|(normed, x)| {
            for (normed, x) in normed.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
                let scale = self.scale(x);
                normed.iter_mut().zip(x).zip(weight).for_each(|((y, x), weight)| *y = *x * scale * *weight);
            }
        });
        normed
    }

    fn backward<T: Real>(&self, x: &[T], weight: &[T], g: &[T]) -> (Vec<T>, Vec<T>) {
        let columns = weight.len();
        let mut of_x = vec![T::zero(); x.len()];
        let piece = (PIECE / columns).max(1) * columns;
        let pieces = of_x.par_chunks_mut(piece).zip(x.par_chunks(piece)).zip(g.par_chunks(piece));
        let sums: Vec<Vec<T>> = pieces
            .map(|((of_x, x), g)| {
                let mut of_weight = vec![T::zero(); columns];
                let rows = of_x.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(g.chunks_exact(columns));
                for ((of_x, x), g) in rows {
                    let scale = self.scale(x);
                    let mut mean = T::zero();
                    for at in 0..columns {
                        let normed = x[at] * scale;
                        of_weight[at] += g[at] * normed;
                        mean += g[at] * weight[at] * normed;
                    }
                    mean /= T::of(columns as f64);
                    for at in 0..columns {
                        of_x[at] = scale * (g[at] * weight[at] - x[at] * scale * mean);
                    }
                }
                of_weight
            })
            .collect();
        // Pieces are added in their order, whichever thread took them.
        let mut of_weight = vec![T::zero(); columns];
        for sum in sums {
            of_weight.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum);
        }
        (of_x, of_weight)
    }
}

impl RmsNorm {
    /// By `x`, plus `more`, and by the weights.
    pub(super) fn derivatives(
        &self,
        x: &Tensor,
        weight: &Tensor,
        g: &Tensor,
        more: Option<&Tensor>,
    ) -> Result<(Tensor, Tensor)> {
        let g = g.contiguous()?;
        #[cfg(feature = "cuda")]
        if g.device().is_cuda() {
            let more = more.map(Operand::of).transpose()?;
            let [x, weight, g] = [x, weight, &g].map(Operand::of);
            return kernel::rms_norm_backward(&x?, &weight?, &g?, more.as_ref(), self.eps);
        }
        by_type!(x.dtype(), T => {
            let (values, weights, g) = (Values::<T>::of(x)?, Values::<T>::of(weight)?, Values::<T>::of(&g)?);
            let (of_x, of_weight) = self.backward(values.slice()?, weights.slice()?, g.slice()?);
            let of_x = Tensor::from_vec(of_x, x.shape(), x.device())?;
            let of_x = more.map_or(Ok(of_x.clone()), |more| of_x + more)?;
            Ok((of_x, Tensor::from_vec(of_weight, weight.shape(), x.device())?))
        })
    }
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout, weight: &CpuStorage, to: &Layout) -> Result<(CpuStorage, Shape)> {
        by_type!(candle_core::backend::BackendStorage::dtype(x), T => {
            let normed = self.forward::<T>(elements(x, at)?, elements(weight, to)?);
            Ok((T::to_cpu_storage_owned(normed), at.shape().clone()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        at: &Layout,
        weight: &CudaStorage,
        to: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let normed = kernel::rms_norm(&Operand::new(x, at)?, &Operand::new(weight, to)?, self.eps)?;
        Ok((normed, at.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _: &Tensor, g: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (of_x, of_weight) = self.derivatives(x, weight, g, None)?;
        Ok((Some(of_x), Some(of_weight)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise};

    #[test]
    fn a_norm_has_the_derivative_of_differences() {
        let (x, weight) = (noise(0.1, &[2, 3, 5]), noise(0.2, &[5]));
        assert_derivative(&[x, weight], |inputs| rms_norm(&inputs[0], &Parameter::of(&inputs[1]), 1e-2));
    }
}
