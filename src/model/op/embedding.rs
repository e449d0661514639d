#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::{Parameter, by_type, elements, rows};
use crate::model::cpu::Values;
#[cfg(feature = "cuda")]
use crate::model::kernel::{self, Operand};
use crate::numeric::Real;

/// The rows of `table [vocabulary, dim]` that `ids` name: `[.., dim]` for `ids [..]`, `u32`.
///
/// The derivative of a row is the sum over the tokens with its id, in the order of the tokens.
///
/// # Errors
/// Ids that are not `u32`; on the processor an id that the table has no row for,
/// which on a GPU makes rows that are not numbers.
pub fn embedding(ids: &Tensor, table: &Parameter) -> Result<Tensor> {
    rows(ids)?;
    if ids.dtype() != DType::U32 || table.variable().rank() != 2 {
        bail!("no rows of {:?} are named by {:?} {:?}", table.variable().shape(), ids.shape(), ids.dtype());
    }
    table.variable().as_tensor().apply_op1(Embedding {
        ids: ids.contiguous()?,
        #[cfg(feature = "cuda")]
        factor: table.factor().clone(),
    })
}

struct Embedding {
    ids: Tensor,
    /// The rows as activations have them.
    #[cfg(feature = "cuda")]
    factor: Tensor,
}

impl Embedding {
    fn forward<T: Real>(&self, ids: &[u32], table: &[T], dim: usize) -> Result<Vec<T>> {
        if let Some(id) = ids.iter().find(|id| (**id as usize + 1) * dim > table.len()) {
            bail!("token {id} has no row in a table of {}", table.len() / dim);
        }
        Ok(ids.iter().flat_map(|id| &table[*id as usize * dim..][..dim]).copied().collect())
    }

    fn backward<T: Real>(&self, ids: &[u32], g: &[T], vocabulary: usize, dim: usize) -> Vec<T> {
        let mut tokens_of = vec![Vec::new(); vocabulary];
        for (token, id) in ids.iter().enumerate() {
            tokens_of[*id as usize].push(token);
        }
        let mut of_table = vec![T::zero(); vocabulary * dim];
        of_table.par_chunks_mut(dim).zip(tokens_of).for_each(|(row, tokens)| {
            for token in tokens {
                row.iter_mut().zip(&g[token * dim..][..dim]).for_each(|(sum, g)| *sum += *g);
            }
        });
        of_table
    }

    fn shape(&self, dim: usize) -> Shape {
        self.ids.shape().clone().extend(&[dim])
    }
}

impl CustomOp1 for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn cpu_fwd(&self, table: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, dim) = at.shape().dims2()?;
        let ids = Values::<u32>::of(&self.ids)?;
        by_type!(candle_core::backend::BackendStorage::dtype(table), T => {
            let found = self.forward::<T>(ids.slice()?, elements(table, at)?, dim)?;
            Ok((T::to_cpu_storage_owned(found), self.shape(dim)))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, _: &CudaStorage, at: &Layout) -> Result<(CudaStorage, Shape)> {
        let (_, dim) = at.shape().dims2()?;
        Ok((kernel::embedding(&Operand::of(&self.ids)?, &Operand::of(&self.factor)?)?, self.shape(dim)))
    }

    fn bwd(&self, table: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        let ((vocabulary, dim), g) = (table.dims2()?, g.contiguous()?);
        #[cfg(feature = "cuda")]
        if g.device().is_cuda() {
            return Ok(Some(kernel::embedding_backward(&Operand::of(&self.ids)?, &Operand::of(&g)?, vocabulary)?));
        }
        let ids = Values::<u32>::of(&self.ids)?;
        by_type!(table.dtype(), T => {
            let of_table = self.backward(ids.slice()?, Values::<T>::of(&g)?.slice()?, vocabulary, dim);
            Ok(Some(Tensor::from_vec(of_table, table.shape(), table.device())?))
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise};

    /// Two tokens of one id, and a row that nobody names.
    fn ids() -> Tensor {
        Tensor::new(&[[3_u32, 0, 3], [2, 3, 0]], &Device::Cpu).unwrap()
    }

    #[test]
    fn a_table_has_the_derivative_of_differences() {
        assert_derivative(&[noise(0.1, &[4, 5])], |inputs| embedding(&ids(), &Parameter::of(&inputs[0])));
    }

    #[test]
    fn a_token_without_a_row_is_refused() {
        let table = Parameter::new(&noise(0.1, &[3, 5])).unwrap();
        assert!(embedding(&ids(), &table).unwrap_err().to_string().contains("token 3 has no row in a table of 3"));
    }
}
