#![allow(unsafe_code)]

use candle_core::{DType, Device, Result, Tensor};

use super::program::{Argument, Program, address, element, pack, unwritten};
use crate::numeric::Pairing;

const PROGRAM: Program = Program { name: "rotary", source: include_str!("rotary.cu") };

/// Turns the first coordinates of each head of `x`, `[texts, heads, tokens, dim]`.
///
/// `cos` and `sin` are `[tokens, pairs]`, `f32`. Only the coordinates of a head need be next to each
/// other, so `x` may be part of a larger product. The result has the same shape; in memory it is
/// `[texts, tokens, heads, dim]`.
pub(in crate::model) fn rotate(x: &Tensor, cos: &Tensor, sin: &Tensor, pairing: Pairing) -> Result<Option<Tensor>> {
    let (Device::Cuda(device), Some(name)) = (x.device(), element(x.dtype())) else { return Ok(None) };
    let (texts, heads, tokens, dim) = x.dims4()?;
    let pairs = cos.dim(1)?;
    let is_table = |table: &Tensor| table.dtype() == DType::F32 && table.dims() == [tokens, pairs];
    let strides = x.stride();
    if x.elem_count() == 0 || strides[3] != 1 || !is_table(cos) || !is_table(sin) || dim % 2 != 0 || texts > 65_535 {
        return Ok(None);
    }
    let (cos, sin) = (cos.contiguous()?, sin.contiguous()?);
    // SAFETY: the kernel writes every coordinate of every head.
    let out = unsafe { unwritten((texts, tokens, heads, dim), x.dtype(), device)? };
    let addresses = [address(x)?, address(&out)?];
    let sizes = [dim / 2, pairs, strides[0], strides[1], strides[2]];
    let elements = pack(x.dtype(), &sizes, &addresses);
    let interleaved = i32::from(pairing == Pairing::Interleaved);
    let definitions: [(&str, &dyn std::fmt::Display); 3] =
        [("E", &name), ("N", &elements), ("INTERLEAVED", &interleaved)];
    let kernel = PROGRAM.kernel(device, "rotate", &definitions)?;
    let work = heads * dim / (2 * elements);
    let mut arguments: Vec<_> = addresses.into_iter().map(Argument::Address).collect();
    arguments.extend([Argument::Address(address(&cos)?), Argument::Address(address(&sin)?)]);
    arguments.extend([tokens, heads, dim, pairs].map(|size| Argument::Int(size as i32)));
    arguments.push(Argument::Long(strides[0] as i64));
    arguments.extend([strides[2], strides[1]].map(|stride| Argument::Int(stride as i32)));
    let threads = work.div_ceil(32).clamp(1, 8) * 32;
    // SAFETY: the block of a token reads its heads by the strides of `x` and row `token` of the tables,
    // and writes the heads of the same token; packs divide all of them.
    unsafe { kernel.launch([tokens as u32, texts as u32, 1], threads as u32, 0, &arguments)? };
    Ok(Some(out.transpose(1, 2)?))
}
