#![allow(unsafe_code)]

use candle_core::{CudaStorage, Result, Tensor};

use super::program::{Argument, Operand, Program, pack};

const PROGRAM: Program = Program { name: "rms_norm", source: include_str!("rms_norm.cu") };
/// Blocks that share the rows of a backward pass. A constant, so that sums have one order on every device.
const BLOCKS: usize = 264;

/// `x r weight` over rows as long as the weights, which are `f32`.
pub(in crate::model) fn rms_norm(x: &Operand, weight: &Operand, eps: f64) -> Result<CudaStorage> {
    let columns = weight.count();
    let (out, to) = x.like()?;
    let elements = pack(x.dtype, &[columns], &[x.address, to, weight.address]);
    let kernel = PROGRAM.kernel(&x.device, "forward", &[("E", &x.element()?), ("N", &elements)])?;
    let rows = x.count() / columns;
    let mut arguments: Vec<_> = [x.address, weight.address, to].map(Argument::Address).into();
    arguments.extend([rows, columns].map(|size| Argument::Int(size as i32)));
    arguments.push(Argument::Float(eps as f32));
    // SAFETY: a warp takes one of the `rows` rows of `columns` elements, in packs that divide them.
    unsafe { kernel.launch([rows.div_ceil(8) as u32, 1, 1], 256, 0, &arguments)? };
    Ok(out)
}

/// The derivatives of [`rms_norm`] by `x`, plus `more`, and by the weights, from that of its result.
pub(in crate::model) fn rms_norm_backward(
    x: &Operand,
    weight: &Operand,
    g: &Operand,
    more: Option<&Operand>,
    eps: f64,
) -> Result<(Tensor, Tensor)> {
    let columns = weight.count();
    let rows = x.count() / columns;
    let (of_x, to) = x.like()?;
    let (_parts, parts) = weight.alike(&[BLOCKS, columns])?;
    let (of_weight, sum) = weight.like()?;
    let at_more = more.map_or(0, |more| more.address);
    let elements = pack(x.dtype, &[columns], &[x.address, g.address, at_more, to, weight.address]);
    // Each warp has its own sum over its rows in shared memory.
    let warps = (12_288 / columns).clamp(1, 8);
    let kernel = PROGRAM.kernel(&x.device, "backward", &[("E", &x.element()?), ("N", &elements)])?;
    let mut arguments: Vec<_> =
        [x.address, weight.address, g.address, at_more, to, parts].map(Argument::Address).into();
    arguments.extend([rows, columns].map(|size| Argument::Int(size as i32)));
    arguments.push(Argument::Float(eps as f32));
    let shared = 4 * warps * columns;
    // SAFETY: as above; block b writes row b of the parts.
    unsafe { kernel.launch([BLOCKS as u32, 1, 1], 32 * warps as u32, shared as u32, &arguments)? };
    let kernel = PROGRAM.kernel(&x.device, "add_parts", &[("E", &x.element()?), ("N", &elements)])?;
    let mut arguments: Vec<_> = [parts, sum].map(Argument::Address).into();
    arguments.extend([BLOCKS, columns].map(|size| Argument::Int(size as i32)));
    // SAFETY: a block takes 32 columns of the parts, which are BLOCKS rows, and writes as many sums.
    unsafe { kernel.launch([columns.div_ceil(32) as u32, 1, 1], 1024, 0, &arguments)? };
    Ok((x.tensor(of_x), weight.tensor(of_weight)))
}
