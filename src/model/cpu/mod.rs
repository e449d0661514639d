//! The forward pass on the processor in loops over rows, where whole-tensor operations would read and
//! write everything several times.
//!
//! Each function has a twin of whole-tensor operations at the place that calls it, which serves devices
//! and types that have no other, and tests compare the two. Work is split over threads by shape alone and
//! every sum has one order, so results depend neither on the number of threads nor on the width of the
//! processor's vectors, which is found out when the program runs.

mod attention;
mod elements;
mod lanes;
mod product;
mod softmax;

use std::marker::PhantomData;
use std::ops::{Deref, Range};

use candle_core::{DType, Result, Storage, Tensor, WithDType, bail};

pub(super) use attention::{Bias, Shape};
pub use attention::{RowBlock, RowReducer, Rows};
pub(super) use elements::{gated, norm, rotate};

pub(super) use lanes::Lanes;
pub(super) use softmax::{HeadBias, SoftmaxRow};

/// Attention times values; see [`attention::attend`].
pub(super) fn attend<'r>(
    shape: Shape,
    bias: &Bias,
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    reducers: Vec<Vec<&'r mut (dyn RowReducer + 'r)>>,
) -> Result<Tensor> {
    fn typed<'r, T: Lanes + WithDType>(
        shape: Shape,
        bias: &Bias,
        tensors: [&Tensor; 3],
        reducers: Vec<Vec<&'r mut (dyn RowReducer + 'r)>>,
    ) -> Result<Tensor> {
        let [query, key, value] = tensors.map(Values::<T>::of);
        let (query, key, value) = (query?, key?, value?);
        let mixed = attention::attend(shape, bias, [query.slice()?, key.slice()?, value.slice()?], reducers);
        Tensor::from_vec(mixed, (shape.texts, shape.heads, shape.tokens, shape.dim), tensors[0].device())
    }
    let tensors = [query, key, value];
    match query.dtype() {
        DType::F32 => typed::<f32>(shape, bias, tensors, reducers),
        DType::F64 => typed::<f64>(shape, bias, tensors, reducers),
        other => bail!("attention on the processor is in f32 or f64, not {other:?}"),
    }
}

/// The elements of a contiguous tensor in main memory.
pub(super) struct Values<'t, T> {
    storage: Box<dyn Deref<Target = Storage> + 't>,
    range: Range<usize>,
    of: PhantomData<T>,
}

impl<'t, T: WithDType> Values<'t, T> {
    pub(super) fn of(tensor: &'t Tensor) -> Result<Self> {
        let (storage, layout) = tensor.storage_and_layout();
        match layout.contiguous_offsets() {
            Some((start, end)) => Ok(Self { storage: Box::new(storage), range: start..end, of: PhantomData }),
            None => bail!("loops on the processor want contiguous tensors"),
        }
    }

    pub(super) fn slice(&self) -> Result<&[T]> {
        match &**self.storage {
            Storage::Cpu(storage) => Ok(&T::cpu_storage_as_slice(storage)?[self.range.clone()]),
            _ => bail!("loops on the processor want tensors in main memory"),
        }
    }
}
