#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::{PIECE, by_type, elements, rows};
use crate::model::cpu::Values;
#[cfg(feature = "cuda")]
use crate::model::kernel::{self, Operand};
use crate::numeric::{Pairing, Real};

/// Turns pair `i` of the head of token `t`: `(a, b)` becomes `(a c - b s, b c + a s)` with `c` and `s` from
/// row `t`, column `i` of the tables.
///
/// `x` is `[.., tokens, dim]`; `cos` and `sin` are `[tokens, pairs]`, fixed, and may
/// hold a scale (xPos). The first `2 pairs` coordinates are turned and the others copied. The derivative is
/// turned back: `(g_a c + g_b s, g_b c - g_a s)`.
///
/// # Errors
/// Tables of another shape than `x` has.
pub fn rotate(x: &Tensor, cos: &Tensor, sin: &Tensor, pairing: Pairing) -> Result<Tensor> {
    rows(x)?;
    let (tokens, pairs) = cos.dims2()?;
    let dims = x.dims();
    let fits = dims.len() >= 2 && dims[dims.len() - 2] == tokens && 2 * pairs <= dims[dims.len() - 1];
    if !fits || sin.dims() != cos.dims() {
        bail!("tables {:?} and {:?} do not fit heads {:?}", cos.shape(), sin.shape(), x.shape());
    }
    let wide = if x.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
    let [cos, sin] = [cos, sin].map(|table| table.detach().to_dtype(wide)?.contiguous());
    let (cos, sin) = (cos?, sin?);
    x.contiguous()?.apply_op1(Rotate { cos, sin, pairing })
}

struct Rotate {
    cos: Tensor,
    sin: Tensor,
    pairing: Pairing,
}

impl Rotate {
    /// Turns by the angles or, for the derivative, back.
    fn turned<T: Real + WithDType>(&self, x: &[T], dim: usize, back: bool) -> Result<Vec<T>> {
        let (tokens, pairs) = self.cos.dims2()?;
        let (cos, sin) = (Values::<T>::of(&self.cos)?, Values::<T>::of(&self.sin)?);
        let (cos, sin) = (cos.slice()?, sin.slice()?);
        let mut out = x.to_vec();
        let piece = (PIECE / (tokens * dim)).max(1) * tokens * dim;
        out.par_chunks_mut(piece).for_each(|out| {
            for (row, head) in out.chunks_exact_mut(dim).enumerate() {
                let table = row % tokens * pairs;
                for pair in 0..pairs {
                    let (one, other) = self.pairing.coordinates(pair, 2 * pairs);
                    let (c, s) = (cos[table + pair], if back { -sin[table + pair] } else { sin[table + pair] });
                    let (a, b) = (head[one], head[other]);
                    head[one] = a * c - b * s;
                    head[other] = b * c + a * s;
                }
            }
        });
        Ok(out)
    }
}

#[cfg(feature = "cuda")]
impl Rotate {
    fn turned_on_gpu(&self, x: &Operand, back: bool) -> Result<CudaStorage> {
        kernel::turn(x, &Operand::of(&self.cos)?, &Operand::of(&self.sin)?, self.pairing, back)
    }
}

impl CustomOp1 for Rotate {
    fn name(&self) -> &'static str {
        "rotate"
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let dim = at.dims().last().copied().unwrap_or_default();
        by_type!(x.dtype(), T => {
            Ok((T::to_cpu_storage_owned(self.turned::<T>(elements(x, at)?, dim, false)?), at.shape().clone()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, at: &Layout) -> Result<(CudaStorage, Shape)> {
        Ok((self.turned_on_gpu(&Operand::new(x, at)?, false)?, at.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        let (g, dim) = (g.contiguous()?, x.dim(candle_core::D::Minus1)?);
        #[cfg(feature = "cuda")]
        if g.device().is_cuda() {
            let g = Operand::of(&g)?;
            return Ok(Some(g.tensor(self.turned_on_gpu(&g, true)?)));
        }
        by_type!(x.dtype(), T => {
            let turned = self.turned::<T>(Values::<T>::of(&g)?.slice()?, dim, true)?;
            Ok(Some(Tensor::from_vec(turned, x.shape(), x.device())?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise, values};

    #[test]
    fn a_rotation_has_the_derivative_of_differences() {
        for pairing in Pairing::ALL {
            for pairs in [1, 2, 3] {
                let (cos, sin) = (noise(0.3, &[4, pairs]), noise(0.4, &[4, pairs]));
                assert_derivative(&[noise(0.1, &[2, 3, 4, 6])], |inputs| rotate(&inputs[0], &cos, &sin, pairing));
            }
        }
    }

    #[test]
    fn each_token_is_turned_by_its_own_angle() {
        let angles = noise(0.5, &[4, 2]);
        let (cos, sin) = (angles.cos().unwrap(), angles.sin().unwrap());
        let x = noise(0.1, &[2, 4, 5]);
        let turned = values(&rotate(&x, &cos, &sin, Pairing::HalfSplit).unwrap());
        let (x, cos, sin) = (values(&x), values(&cos), values(&sin));
        for row in 0..8 {
            for pair in 0..2 {
                let (a, b, table) = (x[5 * row + pair], x[5 * row + pair + 2], row % 4 * 2 + pair);
                // One rounding for each of three operations on numbers below 4.
                assert!((turned[5 * row + pair] - (a * cos[table] - b * sin[table])).abs() < 1e-15);
            }
            assert_eq!(turned[5 * row + 4], x[5 * row + 4]);
        }
    }
}
