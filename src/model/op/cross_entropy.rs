#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::{by_type, elements, rows};
use crate::model::cpu::Values;
#[cfg(feature = "cuda")]
use crate::model::kernel::{self, Operand};
use crate::numeric::Real;

/// The mean over tokens of `ln Σ exp(logits) - logits[target]`, in nats: a number, `f32` (`f64` if the
/// logits are).
///
/// `logits` are `[.., vocabulary]`, `targets [..]` `u32`. The derivative of a token's logits is its
/// probabilities, less one at the target, over the number of tokens.
///
/// # Errors
/// Not one target for each token; on the processor a target beyond the vocabulary,
/// which on a GPU makes the loss not a number.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (tokens, _) = rows(logits)?;
    if targets.dtype() != DType::U32 || targets.elem_count() != tokens {
        bail!("logits {:?} have no targets in {:?} {:?}", logits.shape(), targets.shape(), targets.dtype());
    }
    logits.contiguous()?.apply_op1(CrossEntropy { targets: targets.contiguous()? })
}

pub(super) struct CrossEntropy {
    pub(super) targets: Tensor,
}

impl CrossEntropy {
    /// `ln Σ exp`, from the largest.
    fn log_sum<T: Real>(logits: &[T]) -> T {
        let largest = logits.iter().fold(T::neg_infinity(), |largest, x| largest.max(*x));
        largest + logits.iter().fold(T::zero(), |sum, x| sum + (*x - largest).exp()).ln()
    }

    fn forward<T: Real>(logits: &[T], targets: &[u32], vocabulary: usize) -> Result<T> {
        if let Some(target) = targets.iter().find(|target| **target as usize >= vocabulary) {
            bail!("target {target} is not in a vocabulary of {vocabulary}");
        }
        let tokens = logits.par_chunks_exact(vocabulary).zip(targets);
        let losses: Vec<T> = tokens.map(|(row, target)| Self::log_sum(row) - row[*target as usize]).collect();
        Ok(losses.iter().fold(T::zero(), |sum, loss| sum + *loss) / T::of(targets.len() as f64))
    }

    fn backward<T: Real>(logits: &[T], targets: &[u32], vocabulary: usize, g: T) -> Vec<T> {
        let g = g / T::of(targets.len() as f64);
        let mut of_logits = vec![T::zero(); logits.len()];
        let tokens = of_logits.par_chunks_exact_mut(vocabulary).zip(logits.par_chunks_exact(vocabulary)).zip(targets);
        tokens.for_each(|((of_row, row), target)| {
            let log_sum = Self::log_sum(row);
            of_row.iter_mut().zip(row).for_each(|(of, x)| *of = g * (*x - log_sum).exp());
            of_row[*target as usize] -= g;
        });
        of_logits
    }
}

impl CrossEntropy {
    /// By the logits, from that of the mean.
    pub(super) fn derivative(&self, logits: &Tensor, g: &Tensor) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if g.device().is_cuda() {
            let [logits, targets, g] = [logits, &self.targets, g].map(Operand::of);
            return kernel::cross_entropy_backward(&logits?, &targets?, &g?);
        }
        let vocabulary = logits.dim(candle_core::D::Minus1)?;
        let targets = Values::<u32>::of(&self.targets)?;
        by_type!(logits.dtype(), T => {
            let values = Values::<T>::of(logits)?;
            let of_logits = Self::backward(values.slice()?, targets.slice()?, vocabulary, g.to_scalar::<T>()?);
            Tensor::from_vec(of_logits, logits.shape(), logits.device())
        })
    }
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let vocabulary = at.dims().last().copied().unwrap_or_default();
        let targets = Values::<u32>::of(&self.targets)?;
        by_type!(logits.dtype(), T => {
            let loss = Self::forward::<T>(elements(logits, at)?, targets.slice()?, vocabulary)?;
            Ok((T::to_cpu_storage_owned(vec![loss]), ().into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, logits: &CudaStorage, at: &Layout) -> Result<(CudaStorage, Shape)> {
        Ok((kernel::cross_entropy(&Operand::new(logits, at)?, &Operand::of(&self.targets)?)?, ().into()))
    }

    fn bwd(&self, logits: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        self.derivative(logits, g).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise};

    fn targets() -> Tensor {
        Tensor::new(&[[4_u32, 0, 1], [4, 2, 0]], &Device::Cpu).unwrap()
    }

    #[test]
    fn a_loss_has_the_derivative_of_differences() {
        assert_derivative(&[noise(0.1, &[2, 3, 5])], |inputs| cross_entropy(&inputs[0], &targets()));
    }

    #[test]
    fn equal_logits_lose_the_logarithm_of_the_vocabulary() {
        // As large as f32 allows where a sum of exponentials without the largest taken off would not be.
        let logits = Tensor::full(300_f32, (2, 3, 5), &Device::Cpu).unwrap();
        let loss = cross_entropy(&logits, &targets()).unwrap().to_scalar::<f32>().unwrap();
        // 300 + ln 5 has a spacing of 2^-15, of which half is lost once.
        assert!((f64::from(loss) - 5_f64.ln()).abs() < 1.0 / f64::from(1 << 15));
    }

    #[test]
    fn a_target_beyond_the_vocabulary_is_refused() {
        let error = cross_entropy(&noise(0.1, &[2, 3, 4]), &targets()).unwrap_err();
        assert!(error.to_string().contains("target 4 is not in a vocabulary of 4"), "{error}");
    }
}
