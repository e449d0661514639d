//! Operations of a decoder that is trained: each is one node of candle's graph, with its derivative.
//!
//! Candle's own graph would build a norm or a gate from a dozen nodes, keep what each of them computed, and
//! fill and add a gradient for each. An operation here keeps its inputs alone. On the processor it computes
//! in the type of its inputs, `f32` or `f64`; on a GPU activations are `bf16` or `f32`, arithmetic is `f32`,
//! and a result is rounded once. Sums have one order, so that the same inputs give the same bits: no sum
//! depends on the number of threads, and no kernel adds in the order in which its blocks come.
//!
//! Weights are [`Parameter`]s: a variable that [`AdamW`] updates and, on a GPU, the same numbers rounded for
//! the matrix products. A product's derivative by its weights is summed in `f32`.

mod adamw;
mod attention;
mod cross_entropy;
mod embedding;
mod feed_forward;
#[cfg(test)]
mod gradient;
mod heads;
mod linear;
#[cfg(all(test, feature = "cuda"))]
mod on_gpu;
mod output_loss;
mod parameter;
mod projection;
mod rms_norm;
mod rotate;
mod swiglu;
mod ticket;

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, WithDType, bail};

pub use adamw::{AdamW, AdamWRule, Moments};
pub use attention::{causal_attention, causal_attention_by_token};
pub use cross_entropy::cross_entropy;
pub use embedding::embedding;
pub use feed_forward::feed_forward;
pub use heads::{merge_heads, split_heads};
pub use linear::linear;
pub use output_loss::output_loss;
pub use parameter::Parameter;
pub use projection::{add_projected, project_heads};
pub use rms_norm::rms_norm;
pub use rotate::rotate;
pub use swiglu::swiglu;

/// What a thread takes at once, in elements: enough to be worth a thread. Sums are cut by it too, so it is
/// part of what makes results repeatable.
const PIECE: usize = 1 << 14;

/// Runs `$body` with `$T` the type of elements: the two of the processor.
macro_rules! by_type {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            candle_core::DType::F32 => {
                type $T = f32;
                $body
            }
            candle_core::DType::F64 => {
                type $T = f64;
                $body
            }
            other => candle_core::bail!("on the processor training is in f32 or f64, not {other:?}"),
        }
    };
}
use by_type;

/// The elements of a contiguous argument in main memory.
fn elements<'s, T: WithDType>(storage: &'s CpuStorage, layout: &Layout) -> Result<&'s [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&T::cpu_storage_as_slice(storage)?[start..end]),
        None => bail!("the elements of an argument lie apart"),
    }
}

/// `a + b`, outside the graph.
fn sum(a: &Tensor, b: &Tensor) -> Result<Storage> {
    #[cfg(feature = "cuda")]
    if a.device().is_cuda() {
        use crate::model::kernel::{self, Operand};
        return Ok(Storage::Cuda(kernel::sum(&Operand::of(a)?, &Operand::of(b)?)?));
    }
    match &*(a + b)?.storage_and_layout().0 {
        Storage::Cpu(storage) => Ok(Storage::Cpu(storage.clone())),
        _ => bail!("sums are on the processor or a GPU"),
    }
}

/// The length of the last axis, and how many rows of this length there are.
fn rows(x: &Tensor) -> Result<(usize, usize)> {
    let columns = x.dim(candle_core::D::Minus1)?;
    if x.elem_count() == 0 {
        bail!("an operation of training got an empty tensor of shape {:?}", x.shape());
    }
    Ok((x.elem_count() / columns, columns))
}
