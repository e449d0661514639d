use std::sync::OnceLock;

use candle_core::{CpuStorage, CudaStorage, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor, bail};

use super::cross_entropy::CrossEntropy;
use super::linear::{derivatives, product};
use super::rms_norm::RmsNorm;
use super::{Parameter, rows};

/// The mean loss over tokens of an output head: [`cross_entropy`](super::cross_entropy) of the product of
/// `x`'s norm with the head's weights `[vocabulary, hidden]`, one node of the graph.
///
/// What the chain of [`rms_norm`](super::rms_norm), [`linear`](super::linear) and
/// [`cross_entropy`](super::cross_entropy) gives, with the same bits. Logits are in memory once, and so is
/// their derivative; candle would fill and add a third tensor of their size.
///
/// # Errors
/// Weights or targets that do not fit `x`.
pub fn output_loss(x: &Tensor, norm: &Parameter, head: &Parameter, targets: &Tensor, eps: f64) -> Result<Tensor> {
    let (tokens, hidden) = rows(x)?;
    let weights = [norm, head].map(|of| of.variable().as_tensor());
    if weights[0].dims() != [hidden] || weights[1].rank() != 2 || weights[1].dim(1)? != hidden {
        bail!("weights {:?} do not fit activations {:?}", weights[1].shape(), x.shape());
    }
    if targets.dtype() != DType::U32 || targets.elem_count() != tokens {
        bail!("activations {:?} have no targets in {:?} {:?}", x.shape(), targets.shape(), targets.dtype());
    }
    let x = x.contiguous()?;
    let node = OutputLoss {
        x: x.detach(),
        norm: weights[0].detach(),
        factor: head.factor().detach(),
        loss: CrossEntropy { targets: targets.contiguous()? },
        eps,
        kept: OnceLock::new(),
    };
    x.apply_op3(weights[0], weights[1], node)
}

struct OutputLoss {
    x: Tensor,
    norm: Tensor,
    factor: Tensor,
    loss: CrossEntropy,
    eps: f64,
    /// The norm and the logits.
    kept: OnceLock<[Tensor; 2]>,
}

impl OutputLoss {
    fn logits(&self) -> Result<&Tensor> {
        let normed = self.x.apply_op2_no_bwd(&self.norm, &RmsNorm { eps: self.eps })?;
        let logits = product(&normed, &self.factor)?;
        Ok(&self.kept.get_or_init(|| [normed, logits])[1])
    }
}

impl CustomOp3 for OutputLoss {
    fn name(&self) -> &'static str {
        "output-loss"
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
        let (storage, layout) = self.logits()?.storage_and_layout();
        match &*storage {
            Storage::Cpu(storage) => candle_core::CustomOp1::cpu_fwd(&self.loss, storage, layout),
            _ => bail!("the logits are not on the processor"),
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
        let (storage, layout) = self.logits()?.storage_and_layout();
        match &*storage {
            Storage::Cuda(storage) => candle_core::CustomOp1::cuda_fwd(&self.loss, storage, layout),
            _ => bail!("the logits are not on the GPU"),
        }
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Some([normed, logits]) = self.kept.get() else { bail!("nothing was kept of a forward pass") };
        let of_logits = self.loss.derivative(logits, g)?;
        let (of_normed, of_head) = derivatives(normed, &self.factor, &of_logits)?;
        let norm = RmsNorm { eps: self.eps };
        let (of_x, of_norm) = norm.derivatives(&self.x, &self.norm, &of_normed, None)?;
        Ok((Some(of_x), Some(of_norm), Some(of_head)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise, values};
    use crate::model::op::{cross_entropy, linear, rms_norm};

    #[test]
    fn a_loss_is_the_chain_of_its_parts_and_has_the_derivative_of_differences() {
        let targets = Tensor::new(&[[4_u32, 0, 1], [4, 2, 0]], &Device::Cpu).unwrap();
        let inputs = [noise(0.1, &[2, 3, 4]), noise(0.2, &[4]), noise(0.3, &[5, 4])];
        let [norm, head] = [1, 2].map(|at| Parameter::new(&inputs[at]).unwrap());
        let logits = linear(&rms_norm(&inputs[0], &norm, 1e-2).unwrap(), &head).unwrap();
        let found = output_loss(&inputs[0], &norm, &head, &targets, 1e-2).unwrap();
        assert_eq!(values(&found), values(&cross_entropy(&logits, &targets).unwrap()));
        assert_derivative(&inputs, |of| {
            output_loss(&of[0], &Parameter::of(&of[1]), &Parameter::of(&of[2]), &targets, 1e-2)
        });
    }
}
