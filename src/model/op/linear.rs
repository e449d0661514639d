use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
#[cfg(feature = "cuda")]
use candle_core::{CudaStorage, DType, Storage};

use super::{Parameter, rows};
#[cfg(feature = "cuda")]
use crate::model::kernel::{self, Operand};

/// `x Wᵀ` for `x [.., inputs]` and `W [outputs, inputs]`.
///
/// With `g` the derivative of the result, `x` has `g W` and `W` has `gᵀ x`. On a GPU the factors are `bf16`,
/// sums are `f32`, and the derivative of `W` stays `f32`.
///
/// # Errors
/// The last axis of `x` is not the weights'.
pub fn linear(x: &Tensor, weight: &Parameter) -> Result<Tensor> {
    let (_, inputs) = rows(x)?;
    let variable = weight.variable().as_tensor();
    if variable.rank() != 2 || variable.dim(1)? != inputs {
        bail!("weights {:?} do not fit activations {:?}", variable.shape(), x.shape());
    }
    x.contiguous()?.apply_op2(variable, Linear(weight.factor().clone()))
}

/// `x factorᵀ`, outside the graph.
pub(super) fn product(x: &Tensor, factor: &Tensor) -> Result<Tensor> {
    let (outputs, inputs) = factor.dims2()?;
    let mut dims = x.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last = outputs;
    }
    x.reshape(((), inputs))?.matmul(&factor.t()?)?.reshape(dims)
}

/// The derivatives of [`product`] by `x` and by the weights, the second in `f32` at least.
pub(super) fn derivatives(x: &Tensor, factor: &Tensor, g: &Tensor) -> Result<(Tensor, Tensor)> {
    let (outputs, inputs) = factor.dims2()?;
    let (flat, g) = (x.reshape(((), inputs))?, g.reshape(((), outputs))?);
    let of_x = g.matmul(factor)?.reshape(x.shape())?;
    #[cfg(feature = "cuda")]
    if g.dtype() == DType::BF16 {
        let (g, flat) = (g.contiguous()?, flat.contiguous()?);
        return Ok((of_x, kernel::product_over_rows(&Operand::of(&g)?, &Operand::of(&flat)?)?));
    }
    Ok((of_x, g.t()?.matmul(&flat)?))
}

/// Holds the factor.
struct Linear(Tensor);

impl Linear {
    /// Rows, inputs and outputs of a product, and the shape of its result.
    fn sizes(x: &Layout, weight: &Layout) -> Result<([usize; 3], Shape)> {
        let (outputs, inputs) = weight.shape().dims2()?;
        let rows = x.shape().elem_count() / inputs;
        let mut dims = x.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = outputs;
        }
        Ok(([rows, inputs, outputs], dims.into()))
    }
}

impl CustomOp2 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout, weight: &CpuStorage, to: &Layout) -> Result<(CpuStorage, Shape)> {
        let ([rows, inputs, outputs], shape) = Self::sizes(at, to)?;
        let flat = Layout::contiguous_with_offset((rows, inputs), at.start_offset());
        Ok((x.matmul(weight, (1, rows, outputs, inputs), &flat, &to.transpose(0, 1)?)?, shape))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, at: &Layout, _: &CudaStorage, to: &Layout) -> Result<(CudaStorage, Shape)> {
        let ([rows, inputs, outputs], shape) = Self::sizes(at, to)?;
        let flat = Layout::contiguous_with_offset((rows, inputs), at.start_offset());
        let (factor, layout) = self.0.storage_and_layout();
        let Storage::Cuda(factor) = &*factor else { bail!("the weights are not where the activations are") };
        Ok((x.matmul(factor, (1, rows, outputs, inputs), &flat, &layout.transpose(0, 1)?)?, shape))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _: &Tensor, g: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (of_x, of_weight) = derivatives(&x.detach(), &self.0, g)?;
        debug_assert_eq!(of_weight.dtype(), weight.dtype());
        Ok((Some(of_x), Some(of_weight)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise};

    #[test]
    fn a_product_has_the_derivative_of_differences() {
        let (x, weight) = (noise(0.1, &[2, 3, 5]), noise(0.2, &[4, 5]));
        assert_derivative(&[x, weight], |inputs| linear(&inputs[0], &Parameter::of(&inputs[1])));
    }
}
