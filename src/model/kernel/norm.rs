#![allow(unsafe_code)]

use candle_core::{Device, Result, Tensor};

use super::program::{Argument, Program, address, element, pack, unwritten};

const PROGRAM: Program = Program { name: "norm", source: include_str!("norm.cu") };

/// A norm over the last axis, `(x - mean)/sqrt(mean square + eps) · weight + bias`, where the mean is
/// taken off only if it is `centred`.
pub(in crate::model) struct Norm<'a> {
    pub(in crate::model) centred: bool,
    pub(in crate::model) eps: f64,
    /// `[columns]`, `f32`.
    pub(in crate::model) weight: &'a Tensor,
    pub(in crate::model) bias: Option<&'a Tensor>,
}

impl Norm<'_> {
    /// The norm of `x`.
    pub(in crate::model) fn of(&self, x: &Tensor) -> Result<Option<Tensor>> {
        Ok(self.rows(x, None)?.map(|(_, normed)| normed))
    }

    /// `x + delta`, rounded, and its norm.
    pub(in crate::model) fn of_sum(&self, x: &Tensor, delta: &Tensor) -> Result<Option<(Tensor, Tensor)>> {
        self.rows(x, Some(delta))
    }

    fn rows(&self, x: &Tensor, delta: Option<&Tensor>) -> Result<Option<(Tensor, Tensor)>> {
        let columns = x.dims().last().copied().unwrap_or_default();
        let (Device::Cuda(device), Some(name)) = (x.device(), element(x.dtype())) else { return Ok(None) };
        let fits = |of: &Tensor| of.dims() == [columns] && of.dtype() == candle_core::DType::F32;
        if x.elem_count() == 0 || !fits(self.weight) || !self.bias.is_none_or(fits) {
            return Ok(None);
        }
        if delta.is_some_and(|delta| delta.dims() != x.dims() || delta.dtype() != x.dtype()) {
            return Ok(None);
        }
        let x = x.contiguous()?;
        let delta = delta.map(Tensor::contiguous).transpose()?;
        let (weight, bias) = (self.weight.contiguous()?, self.bias.map(Tensor::contiguous).transpose()?);
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
            Argument::Float(self.eps as f32),
            Argument::Int(self.centred.into()),
        ]);
        // SAFETY: block r takes the `columns` elements of row r of tensors of one shape, in packs that
        // divide them, and the `columns` elements of weight and bias.
        unsafe { kernel.launch([(x.elem_count() / columns) as u32, 1, 1], threads as u32, 0, &arguments)? };
        Ok(Some((sum, normed)))
    }
}
