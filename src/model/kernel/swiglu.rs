#![allow(unsafe_code)]

use candle_core::{CudaStorage, Result, Tensor};

use super::program::{Argument, Operand, Program, pack};

const PROGRAM: Program = Program { name: "swiglu", source: include_str!("swiglu.cu") };

/// `silu(gate) up` of rows `[gate | up]`, each `width` long.
pub(in crate::model) fn swiglu(gate_up: &Operand, width: usize) -> Result<CudaStorage> {
    let count = gate_up.count() / 2;
    let (out, to) = gate_up.alike(&[count])?;
    let elements = pack(gate_up.dtype, &[width], &[gate_up.address, to]);
    let kernel = PROGRAM.kernel(&gate_up.device, "forward", &[("E", &gate_up.element()?), ("N", &elements)])?;
    let packs = count / elements;
    let mut arguments: Vec<_> = [gate_up.address, to].map(Argument::Address).into();
    arguments.extend([Argument::Int(width as i32), Argument::Long(packs as i64)]);
    // SAFETY: a thread takes one of the packs, which divide the width.
    unsafe { kernel.launch([packs.div_ceil(256) as u32, 1, 1], 256, 0, &arguments)? };
    Ok(out)
}

/// The derivative of [`swiglu`] from that of its result.
pub(in crate::model) fn swiglu_backward(gate_up: &Operand, g: &Operand, width: usize) -> Result<Tensor> {
    let (of_both, to) = gate_up.like()?;
    let elements = pack(gate_up.dtype, &[width], &[gate_up.address, g.address, to]);
    let kernel = PROGRAM.kernel(&gate_up.device, "backward", &[("E", &gate_up.element()?), ("N", &elements)])?;
    let packs = g.count() / elements;
    let mut arguments: Vec<_> = [gate_up.address, g.address, to].map(Argument::Address).into();
    arguments.extend([Argument::Int(width as i32), Argument::Long(packs as i64)]);
    // SAFETY: as above.
    unsafe { kernel.launch([packs.div_ceil(256) as u32, 1, 1], 256, 0, &arguments)? };
    Ok(gate_up.tensor(of_both))
}
