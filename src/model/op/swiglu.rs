#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::{PIECE, by_type, elements, rows};
use crate::model::cpu::Values;
#[cfg(feature = "cuda")]
use crate::model::kernel::{self, Operand};
use crate::numeric::Real;

/// `silu(gate) · up` of one product that holds both: `gate` is the first half of the last axis, `up` the
/// second; `silu(x) = x σ(x)` \[shazeer2020\].
///
/// With `s = σ(gate)`, `gate` has the derivative `g up s (1 + gate (1 - s))` and `up` has `g gate s`.
///
/// # Errors
/// The last axis has no halves.
pub fn swiglu(gate_up: &Tensor) -> Result<Tensor> {
    let (_, columns) = rows(gate_up)?;
    if columns % 2 != 0 {
        bail!("gate and up of one product have {columns} columns together, expected an even number");
    }
    gate_up.contiguous()?.apply_op1(Swiglu)
}

pub(super) struct Swiglu;

impl Swiglu {
    /// The dimensions of the result, and the last of them.
    fn halved(gate_up: &Layout) -> (Vec<usize>, usize) {
        let mut dims = gate_up.dims().to_vec();
        let width = dims.pop().unwrap_or_default() / 2;
        dims.push(width);
        (dims, width)
    }

    fn forward<T: Real>(gate_up: &[T], width: usize) -> Vec<T> {
        let mut out = vec![T::zero(); gate_up.len() / 2];
        let rows = (PIECE / width).max(1);
        out.par_chunks_mut(rows * width).zip(gate_up.par_chunks(2 * rows * width)).for_each(|(out, gate_up)| {
            for (out, both) in out.chunks_exact_mut(width).zip(gate_up.chunks_exact(2 * width)) {
                let (gate, up) = both.split_at(width);
                for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                    *out = *gate * sigmoid(*gate) * *up;
                }
            }
        });
        out
    }

    fn backward<T: Real>(gate_up: &[T], g: &[T], width: usize) -> Vec<T> {
        let mut of_both = vec![T::zero(); gate_up.len()];
        let piece = (PIECE / width).max(1) * width;
        let pieces = of_both.par_chunks_mut(2 * piece).zip(gate_up.par_chunks(2 * piece)).zip(g.par_chunks(piece));
        pieces.for_each(|((of_both, gate_up), g)| {
            let rows = of_both.chunks_exact_mut(2 * width).zip(gate_up.chunks_exact(2 * width));
            for ((of_both, both), g) in rows.zip(g.chunks_exact(width)) {
                let (gate, up) = both.split_at(width);
                let (of_gate, of_up) = of_both.split_at_mut(width);
                for at in 0..width {
                    let s = sigmoid(gate[at]);
                    of_gate[at] = g[at] * up[at] * s * (T::one() + gate[at] * (T::one() - s));
                    of_up[at] = g[at] * gate[at] * s;
                }
            }
        });
        of_both
    }
}

fn sigmoid<T: Real>(x: T) -> T {
    (T::one() + (-x).exp()).recip()
}

impl Swiglu {
    /// By gate and up, from that of the result.
    pub(super) fn derivative(gate_up: &Tensor, g: &Tensor) -> Result<Tensor> {
        let (g, width) = (g.contiguous()?, g.dim(D::Minus1)?);
        #[cfg(feature = "cuda")]
        if g.device().is_cuda() {
            return kernel::swiglu_backward(&Operand::of(gate_up)?, &Operand::of(&g)?, width);
        }
        by_type!(gate_up.dtype(), T => {
            let (both, g) = (Values::<T>::of(gate_up)?, Values::<T>::of(&g)?);
            let of_both = Self::backward(both.slice()?, g.slice()?, width);
            Tensor::from_vec(of_both, gate_up.shape(), gate_up.device())
        })
    }
}

impl CustomOp1 for Swiglu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(&self, gate_up: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let (dims, width) = Self::halved(at);
        by_type!(gate_up.dtype(), T => {
            Ok((T::to_cpu_storage_owned(Self::forward::<T>(elements(gate_up, at)?, width)), dims.into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, gate_up: &CudaStorage, at: &Layout) -> Result<(CudaStorage, Shape)> {
        let (dims, width) = Self::halved(at);
        Ok((kernel::swiglu(&Operand::new(gate_up, at)?, width)?, dims.into()))
    }

    fn bwd(&self, gate_up: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        Self::derivative(gate_up, g).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise};

    #[test]
    fn a_gate_has_the_derivative_of_differences() {
        assert_derivative(&[noise(0.1, &[2, 3, 10])], |inputs| swiglu(&inputs[0]));
    }
}
