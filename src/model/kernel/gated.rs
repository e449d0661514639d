#![allow(unsafe_code)]

use candle_core::{Device, Result, Tensor};

use super::super::spec::Activation;
use super::program::{Argument, Program, address, element, pack, unwritten};

const PROGRAM: Program = Program { name: "gated", source: include_str!("gated.cu") };

/// `activation(gate) · up`, or the activation alone where there is no `up`.
///
/// Both have one shape; rows may be apart, as the two halves of one product are.
pub(in crate::model) fn gated(gate: &Tensor, up: Option<&Tensor>, activation: Activation) -> Result<Option<Tensor>> {
    let (Device::Cuda(device), Some(name)) = (gate.device(), element(gate.dtype())) else { return Ok(None) };
    let (kind, constant) = match activation {
        Activation::Silu => (0, 0.0),
        Activation::Gelu => (1, 0.0),
        Activation::GeluTanh(c) => (2, c),
        Activation::Relu => (3, 0.0),
    };
    let width = gate.dims().last().copied().unwrap_or_default();
    let Some(stride) = row_stride(gate) else { return Ok(None) };
    let alike = |up: &Tensor| up.dims() == gate.dims() && up.dtype() == gate.dtype() && row_stride(up) == Some(stride);
    if gate.elem_count() == 0 || !up.is_none_or(alike) {
        return Ok(None);
    }
    let rows = gate.elem_count() / width;
    // SAFETY: the kernel writes every column of every row.
    let out = unsafe { unwritten(gate.shape().clone(), gate.dtype(), device)? };
    let addresses = [address(gate)?, up.map_or(Ok(0), address)?, address(&out)?];
    let elements = pack(gate.dtype(), &[width, stride], &addresses);
    let kernel = PROGRAM.kernel(device, "gate_rows", &[("E", &name), ("N", &elements), ("KIND", &kind)])?;
    let threads = 128;
    let grid = [(width / elements).div_ceil(threads) as u32, rows.min(65_535) as u32, 1];
    let mut arguments: Vec<_> = addresses.into_iter().map(Argument::Address).collect();
    arguments.extend([width, stride, rows].map(|size| Argument::Int(size as i32)));
    arguments.push(Argument::Float(constant as f32));
    // SAFETY: `rows` rows of `width` elements, `stride` apart, are what the tensors have, and a thread
    // past the width does nothing.
    unsafe { kernel.launch(grid, threads as u32, 0, &arguments)? };
    Ok(Some(out))
}

/// The distance between rows of a tensor whose rows are evenly apart and have no gaps.
fn row_stride(x: &Tensor) -> Option<usize> {
    let (dims, strides) = (x.dims(), x.stride());
    let (columns, rows) = (dims.len().checked_sub(1)?, dims.len().checked_sub(2)?);
    let even = (0..rows).all(|axis| dims[axis] == 1 || strides[axis] == strides[axis + 1] * dims[axis + 1]);
    (strides[columns] == 1 && even).then_some(strides[rows])
}
