#![allow(unsafe_code)]

use candle_core::{DType, Result, Tensor};

use super::program::{Argument, Operand, Program};

const PROGRAM: Program = Program { name: "adamw", source: include_str!("adamw.cu") };

/// What is known of a step before any gradient is.
pub(in crate::model) struct Step {
    pub(in crate::model) betas: [f64; 2],
    pub(in crate::model) eps: f64,
    pub(in crate::model) rate: f64,
    pub(in crate::model) root: f64,
}

/// The norm of these gradients together, and the factor that clips it; both are one `f32`.
pub(in crate::model) fn norm_and_factor(gradients: &[Operand], clip: Option<f64>) -> Result<(Tensor, Tensor)> {
    let blocks: Vec<usize> = gradients.iter().map(|of| of.count().div_ceil(4096).min(64)).collect();
    let first = &gradients[0];
    let parts = blocks.iter().sum::<usize>();
    let (_parts, address) = first.of_type(DType::F64, &[parts])?;
    let mut to = address;
    for (gradient, blocks) in gradients.iter().zip(blocks) {
        let kernel = PROGRAM.kernel(&gradient.device, "squares", &[])?;
        let arguments =
            [Argument::Address(gradient.address), Argument::Long(gradient.count() as i64), Argument::Address(to)];
        // SAFETY: the blocks share the gradient's elements and write one part each.
        unsafe { kernel.launch([blocks as u32, 1, 1], 256, 0, &arguments)? };
        to += 8 * blocks as u64;
    }
    let (norm, factor) = (first.of_type(DType::F32, &[])?, first.of_type(DType::F32, &[])?);
    let kernel = PROGRAM.kernel(&first.device, "total", &[])?;
    let arguments = [
        Argument::Address(address),
        Argument::Int(parts as i32),
        // No norm is negative, which says that there is no clip.
        Argument::Float(clip.map_or(-1.0, |clip| clip as f32)),
        Argument::Address(norm.1),
        Argument::Address(factor.1),
    ];
    // SAFETY: one block reads all parts and writes two numbers.
    unsafe { kernel.launch([1, 1, 1], 256, 0, &arguments)? };
    Ok((first.tensor_of(norm.0, &[]), first.tensor_of(factor.0, &[])))
}

/// Updates weights, `[first, second]` moments and the weights rounded to `bf16`, all in place.
pub(in crate::model) fn update(
    weights: &Operand,
    moments: [&Operand; 2],
    gradient: &Operand,
    rounded: Option<&Operand>,
    factor: &Operand,
    step: &Step,
    kept: f64,
) -> Result<()> {
    let count = weights.count();
    let wide = [weights, moments[0], moments[1], gradient];
    if wide.iter().any(|of| of.dtype != DType::F32 || of.count() != count) {
        candle_core::bail!("weights, moments and gradient on a GPU are f32 and of one length");
    }
    if rounded.is_some_and(|of| of.dtype != DType::BF16 || of.count() != count) {
        candle_core::bail!("rounded weights are bf16 and as many as the weights");
    }
    let kernel = PROGRAM.kernel(&weights.device, "update", &[])?;
    let mut arguments: Vec<_> = wide.map(|of| Argument::Address(of.address)).into();
    arguments.push(Argument::Address(rounded.map_or(0, |of| of.address)));
    arguments.extend([Argument::Address(factor.address), Argument::Long(count as i64)]);
    let [first, second] = step.betas;
    let numbers = [first, 1.0 - first, second, 1.0 - second, step.eps, step.rate, step.root, kept];
    arguments.extend(numbers.map(|number| Argument::Float(number as f32)));
    // SAFETY: a thread takes one of the `count` elements that all of them have. Weights change in place
    // while candle counts them as shared; all that reads them is queued on the same stream.
    unsafe { kernel.launch([count.div_ceil(256) as u32, 1, 1], 256, 0, &arguments)? };
    Ok(())
}
