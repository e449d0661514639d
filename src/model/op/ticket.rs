use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail,
};

/// What an operation leaves in its backward pass for inputs beyond candle's three.
///
/// A node of candle's graph has three inputs at most, one output, and for each of them candle fills a tensor
/// with zeros and adds. An operation with more inputs takes a [`ticket`] for them instead: a node with one
/// number, which depends on them. In the backward pass the operation comes first and leaves the derivatives
/// here; the node, which comes after it, hands them on. [`outputs`] does the same for several results.
#[derive(Clone, Default)]
pub(super) struct Left(Arc<Mutex<Vec<Tensor>>>);

impl Left {
    pub(super) fn leave(&self, derivatives: impl IntoIterator<Item = Tensor>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = derivatives.into_iter().collect();
    }

    fn take<const N: usize>(&self) -> Result<[Tensor; N]> {
        let left = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        match <[Tensor; N]>::try_from(left) {
            Ok(left) => Ok(left),
            Err(left) => bail!("an operation left {} derivatives, expected {N}", left.len()),
        }
    }
}

/// A node that depends on two or three inputs, and gives them what is [`Left`].
pub(super) fn ticket(inputs: &[&Tensor], left: &Left) -> Result<Tensor> {
    match inputs {
        [a, b] => a.apply_op2(b, Ticket(left.clone())),
        [a, b, c] => a.apply_op3(b, c, Ticket(left.clone())),
        _ => bail!("a ticket is for two or three inputs, not {}", inputs.len()),
    }
}

struct Ticket(Left);

/// One number that means nothing.
fn blank(device: &candle_core::Device) -> Result<Tensor> {
    Tensor::zeros(1, candle_core::DType::F32, device)
}

pub(super) fn blank_on_cpu() -> Result<(CpuStorage, Shape)> {
    Ok((CpuStorage::F32(vec![0.0]), 1.into()))
}

pub(super) fn blank_on_gpu(beside: &CudaStorage) -> Result<(CudaStorage, Shape)> {
    use candle_core::backend::{BackendDevice, BackendStorage};
    let shape = Shape::from(1);
    Ok((beside.device().zeros_impl(&shape, candle_core::DType::F32)?, shape))
}

impl CustomOp2 for Ticket {
    fn name(&self) -> &'static str {
        "ticket"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        blank_on_cpu()
    }

    fn cuda_fwd(&self, a: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        blank_on_gpu(a)
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [a, b] = self.0.take()?;
        Ok((Some(a), Some(b)))
    }
}

impl CustomOp3 for Ticket {
    fn name(&self) -> &'static str {
        "ticket"
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
        blank_on_cpu()
    }

    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        blank_on_gpu(a)
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [a, b, c] = self.0.take()?;
        Ok((Some(a), Some(b), Some(c)))
    }
}

/// What comes back for each of several outputs, until the node behind them takes it.
#[derive(Clone, Default)]
pub(super) struct Returned(Arc<Mutex<Vec<Option<Tensor>>>>);

impl Returned {
    /// Of every output, in their order.
    pub(super) fn take<const N: usize>(&self) -> Result<[Tensor; N]> {
        // A second backward pass finds the same places.
        let places = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let returned = std::mem::replace(places, vec![None; N]);
        let all: Option<Vec<Tensor>> = returned.into_iter().collect();
        match all.map(<[Tensor; N]>::try_from) {
            Some(Ok(returned)) => Ok(returned),
            _ => bail!("an operation with {N} outputs got no derivative of one of them"),
        }
    }
}

/// Nodes for the outputs of an operation whose own node is `source`, one number; what comes back for them
/// is kept in `returned`, and the operation's node comes after all of them.
pub(super) fn outputs<const N: usize>(
    source: &Tensor,
    values: [(Storage, Shape); N],
    returned: &Returned,
) -> Result<[Tensor; N]> {
    *returned.0.lock().unwrap_or_else(PoisonError::into_inner) = vec![None; N];
    let mut made = Vec::with_capacity(N);
    for (index, (storage, shape)) in values.into_iter().enumerate() {
        let value = Mutex::new(Some(storage));
        made.push(source.apply_op1(Output { index, value, shape, returned: returned.clone() })?);
    }
    match <[Tensor; N]>::try_from(made) {
        Ok(made) => Ok(made),
        Err(_) => bail!("an operation lost an output"),
    }
}

struct Output {
    index: usize,
    /// Until the node has it.
    value: Mutex<Option<Storage>>,
    shape: Shape,
    returned: Returned,
}

impl Output {
    fn value(&self) -> Option<Storage> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl CustomOp1 for Output {
    fn name(&self) -> &'static str {
        "output"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        match self.value() {
            Some(Storage::Cpu(storage)) => Ok((storage, self.shape.clone())),
            _ => bail!("an output is not on the processor"),
        }
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        match self.value() {
            Some(Storage::Cuda(storage)) => Ok((storage, self.shape.clone())),
            _ => bail!("an output is not on the GPU"),
        }
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        let mut returned = self.returned.0.lock().unwrap_or_else(PoisonError::into_inner);
        match returned.get_mut(self.index) {
            Some(place) => *place = Some(g.clone()),
            None => bail!("an output's derivative came after its operation's"),
        }
        drop(returned);
        Ok(Some(blank(g.device())?))
    }
}
