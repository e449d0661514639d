#![allow(unsafe_code)]

use candle_core::{DType, Device, Result, Tensor};

use super::super::spec::{Norm, NormKind};
use super::super::weights::NormWeights;
use super::program::{Argument, Program, address, element, pack, unwritten};

const PROGRAM: Program = Program { name: "norm", source: include_str!("norm.cu") };

/// The norm of `x` over its last axis.
pub(in crate::model) fn norm(x: &Tensor, norm: Norm, weights: &NormWeights) -> Result<Option<Tensor>> {
    Ok(rows(x, None, norm, weights)?.map(|(_, normed)| normed))
}

/// `x + delta`, rounded, and its norm.
pub(in crate::model) fn norm_of_sum(
    x: &Tensor,
    delta: &Tensor,
    norm: Norm,
    weights: &NormWeights,
) -> Result<Option<(Tensor, Tensor)>> {
    rows(x, Some(delta), norm, weights)
}

fn rows(x: &Tensor, delta: Option<&Tensor>, norm: Norm, weights: &NormWeights) -> Result<Option<(Tensor, Tensor)>> {
    let columns = x.dims().last().copied().unwrap_or_default();
    let (Device::Cuda(device), Some(name)) = (x.device(), element(x.dtype())) else { return Ok(None) };
    let fits = |of: &Tensor| of.dims() == [columns] && of.dtype() == DType::F32;
    if x.elem_count() == 0 || !fits(&weights.weight) || !weights.bias.as_ref().is_none_or(fits) {
        return Ok(None);
    }
    if delta.is_some_and(|delta| delta.dims() != x.dims() || delta.dtype() != x.dtype()) {
        return Ok(None);
    }
    let x = x.contiguous()?;
    let delta = delta.map(Tensor::contiguous).transpose()?;
    let (weight, bias) = (weights.weight.contiguous()?, weights.bias.as_ref().map(Tensor::contiguous).transpose()?);
    // SAFETY: the kernel writes every row of both, the sum where there is something to add.
    let normed = unsafe { unwritten(x.shape().clone(), x.dtype(), device)? };
    let sum = if delta.is_some() { unsafe { unwritten(x.shape().clone(), x.dtype(), device)? } } else { x.clone() };
    let at = |tensor: Option<&Tensor>| tensor.map_or(Ok(0), address);
    let rows = [address(&x)?, at(delta.as_ref())?, address(&sum)?, address(&normed)?];
    let elements = pack(x.dtype(), &[columns], &rows);
    let kernel = PROGRAM.kernel(device, "norm_rows", &[("E", &name), ("N", &elements)])?;
    let threads = (columns / elements).div_ceil(32).clamp(1, 16) * 32;
    let mut arguments: Vec<_> = rows.into_iter().map(Argument::Address).collect();
    arguments.extend([
        Argument::Address(address(&weight)?),
        Argument::Address(at(bias.as_ref())?),
        Argument::Int(columns as i32),
        Argument::Float(norm.eps as f32),
        Argument::Int((norm.kind == NormKind::Layer).into()),
    ]);
    // SAFETY: block r takes the `columns` elements of row r of tensors of one shape, in packs that
    // divide them, and the `columns` elements of weight and bias.
    unsafe { kernel.launch([(x.elem_count() / columns) as u32, 1, 1], threads as u32, 0, &arguments)? };
    Ok(Some((sum, normed)))
}
