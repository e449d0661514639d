#![allow(unsafe_code)]

use candle_core::{CudaStorage, Result};

use super::program::{Argument, Operand, Program, pack};
use crate::numeric::Pairing;

const PROGRAM: Program = Program { name: "turn", source: include_str!("turn.cu") };

/// Turns the first coordinates of each head of `x`, `[.., tokens, dim]`, by the angle of its token, or
/// `back` by it; `cos` and `sin` are `[tokens, pairs]`, `f32`.
pub(in crate::model) fn turn(
    x: &Operand,
    cos: &Operand,
    sin: &Operand,
    pairing: Pairing,
    back: bool,
) -> Result<CudaStorage> {
    let (dim, tokens, pairs) = (x.last(), cos.count() / cos.last(), cos.last());
    let (out, to) = x.like()?;
    // Pairs are taken two packs at a time; an odd head has a coordinate that no pack of two would reach.
    if dim % 2 != 0 {
        candle_core::bail!("a head of {dim} coordinates is turned on the processor only");
    }
    let elements = pack(x.dtype, &[dim / 2, pairs], &[x.address, to, cos.address, sin.address]);
    let interleaved = i32::from(pairing == Pairing::Interleaved);
    let definitions: [(&str, &dyn std::fmt::Display); 3] =
        [("E", &x.element()?), ("N", &elements), ("INTERLEAVED", &interleaved)];
    let kernel = PROGRAM.kernel(&x.device, "turn", &definitions)?;
    let work = x.count() / (2 * elements);
    let mut arguments: Vec<_> = [x.address, to, cos.address, sin.address].map(Argument::Address).into();
    arguments.push(Argument::Long(work as i64));
    arguments.extend([tokens, dim, pairs].map(|size| Argument::Int(size as i32)));
    arguments.push(Argument::Float(if back { -1.0 } else { 1.0 }));
    // SAFETY: a thread takes two packs of one head of `dim`, which they divide, and reads the row of the
    // tables that its token has; heads are a multiple of `tokens`.
    unsafe { kernel.launch([work.div_ceil(256) as u32, 1, 1], 256, 0, &arguments)? };
    Ok(out)
}
