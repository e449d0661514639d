#![allow(unsafe_code)]

use candle_core::{CudaStorage, DType, Result, Tensor};

use super::program::{Argument, Operand, Program, pack};

const PROGRAM: Program = Program { name: "cross_entropy", source: include_str!("cross_entropy.cu") };

/// The mean over rows of `ln Σ exp(row) - row[target]`, `f32`.
pub(in crate::model) fn cross_entropy(logits: &Operand, targets: &Operand) -> Result<CudaStorage> {
    let (vocabulary, tokens) = (logits.last(), targets.count());
    let (_losses, losses) = logits.of_type(DType::F32, &[tokens])?;
    let (mean, to) = logits.of_type(DType::F32, &[])?;
    let elements = pack(logits.dtype, &[vocabulary], &[logits.address]);
    let definitions: [(&str, &dyn std::fmt::Display); 2] = [("E", &logits.element()?), ("N", &elements)];
    let kernel = PROGRAM.kernel(&logits.device, "forward", &definitions)?;
    let mut arguments: Vec<_> = [logits.address, targets.address, losses].map(Argument::Address).into();
    arguments.push(Argument::Int(vocabulary as i32));
    // SAFETY: a block takes one row of the logits, its target and its loss.
    unsafe { kernel.launch([tokens as u32, 1, 1], 256, 0, &arguments)? };
    let kernel = PROGRAM.kernel(&logits.device, "mean", &definitions)?;
    let mut arguments: Vec<_> = [losses, to].map(Argument::Address).into();
    arguments.push(Argument::Int(tokens as i32));
    // SAFETY: one block reads `tokens` losses and writes one number.
    unsafe { kernel.launch([1, 1, 1], 1024, 0, &arguments)? };
    Ok(mean)
}

/// The derivative of [`cross_entropy`] by the logits, from that of the mean, one `f32`.
pub(in crate::model) fn cross_entropy_backward(logits: &Operand, targets: &Operand, g: &Operand) -> Result<Tensor> {
    let (vocabulary, tokens) = (logits.last(), targets.count());
    let (of_logits, to) = logits.like()?;
    let elements = pack(logits.dtype, &[vocabulary], &[logits.address, to]);
    let kernel = PROGRAM.kernel(&logits.device, "backward", &[("E", &logits.element()?), ("N", &elements)])?;
    let mut arguments: Vec<_> = [logits.address, targets.address, g.address, to].map(Argument::Address).into();
    arguments.extend([vocabulary, tokens].map(|size| Argument::Int(size as i32)));
    // SAFETY: as above.
    unsafe { kernel.launch([tokens as u32, 1, 1], 256, 0, &arguments)? };
    Ok(logits.tensor(of_logits))
}
