use std::sync::OnceLock;

use candle_core::{CpuStorage, CudaStorage, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail};

use super::linear::{derivatives, product};
use super::rms_norm::RmsNorm;
use super::swiglu::Swiglu;
use super::ticket::{Left, ticket};
use super::{Parameter, sum};

/// `x + (silu(n G) · n U) D` with `n` the norm of `x`: the second branch of a layer and the sum after it, one
/// node of the graph. `gate_up` holds the rows of `Gᵀ`, then those of `Uᵀ`.
///
/// What the chain of [`rms_norm`](super::rms_norm), [`linear`](super::linear) and [`swiglu`](super::swiglu)
/// gives, with the same bits; the derivative of `x` is rounded once where the chain rounds twice.
///
/// # Errors
/// Weights that do not fit `x` or each other.
pub fn feed_forward(x: &Tensor, norm: &Parameter, gate_up: &Parameter, down: &Parameter, eps: f64) -> Result<Tensor> {
    let weights = [norm, gate_up, down].map(|of| of.variable().as_tensor());
    let (_, columns) = super::rows(x)?;
    let [both, inner] = [weights[1].dims2()?, weights[2].dims2()?];
    if weights[0].dims() != [columns] || both != (2 * inner.1, columns) || inner.0 != columns {
        bail!("weights {:?} and {:?} do not fit activations {:?}", weights[1].shape(), weights[2].shape(), x.shape());
    }
    let left = Left::default();
    let others = ticket(&[weights[0], weights[2]], &left)?;
    let x = x.contiguous()?;
    let node = FeedForward {
        x: x.detach(),
        norm: weights[0].detach(),
        gate_up: gate_up.factor().detach(),
        down: down.factor().detach(),
        eps,
        left,
        kept: OnceLock::new(),
    };
    x.apply_op3(weights[1], &others, node)
}

struct FeedForward {
    x: Tensor,
    norm: Tensor,
    gate_up: Tensor,
    down: Tensor,
    eps: f64,
    left: Left,
    /// The norm, gate and up, and the gated product.
    kept: OnceLock<[Tensor; 3]>,
}

impl FeedForward {
    fn value(&self) -> Result<(Storage, Shape)> {
        let normed = self.x.apply_op2_no_bwd(&self.norm, &RmsNorm { eps: self.eps })?;
        let both = product(&normed, &self.gate_up)?;
        let inner = both.apply_op1_no_bwd(&Swiglu)?;
        let value = sum(&self.x, &product(&inner, &self.down)?)?;
        self.kept.get_or_init(|| [normed, both, inner]);
        Ok((value, self.x.shape().clone()))
    }
}

impl CustomOp3 for FeedForward {
    fn name(&self) -> &'static str {
        "feed-forward"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        match self.value()? {
            (Storage::Cpu(storage), shape) => Ok((storage, shape)),
            _ => bail!("the activations are not on the processor"),
        }
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        match self.value()? {
            (Storage::Cuda(storage), shape) => Ok((storage, shape)),
            _ => bail!("the activations are not on the GPU"),
        }
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        others: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Some([normed, both, inner]) = self.kept.get() else { bail!("nothing was kept of a forward pass") };
        let g = g.contiguous()?;
        let (of_inner, of_down) = derivatives(inner, &self.down, &g)?;
        let of_both = Swiglu::derivative(both, &of_inner)?;
        let (of_normed, of_gate_up) = derivatives(normed, &self.gate_up, &of_both)?;
        let norm = RmsNorm { eps: self.eps };
        let (of_x, of_norm) = norm.derivatives(&self.x, &self.norm, &of_normed, Some(&g))?;
        self.left.leave([of_norm, of_down]);
        Ok((Some(of_x), Some(of_gate_up), Some(others.zeros_like()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise, values};
    use crate::model::op::{linear, rms_norm, swiglu};

    #[test]
    fn a_branch_is_the_chain_of_its_parts_and_has_the_derivative_of_differences() {
        let inputs = [noise(0.1, &[2, 3, 4]), noise(0.2, &[4]), noise(0.3, &[10, 4]), noise(0.4, &[4, 5])];
        let [x, norm, gate_up, down] = inputs.clone();
        let [norm, gate_up, down] = [norm, gate_up, down].map(|of| Parameter::new(&of).unwrap());
        let normed = rms_norm(&x, &norm, 1e-2).unwrap();
        let inner = swiglu(&linear(&normed, &gate_up).unwrap()).unwrap();
        let chain = (&x + linear(&inner, &down).unwrap()).unwrap();
        assert_eq!(values(&feed_forward(&x, &norm, &gate_up, &down, 1e-2).unwrap()), values(&chain));
        assert_derivative(&inputs, |of| {
            let [norm, gate_up, down] = [1, 2, 3].map(|at| Parameter::of(&of[at]));
            feed_forward(&of[0], &norm, &gate_up, &down, 1e-2)
        });
    }
}
