#![allow(unsafe_code)]

use candle_core::{CudaStorage, Result, bail};

use super::program::{Argument, Operand, Program, pack};

const PROGRAM: Program = Program { name: "sum", source: include_str!("sum.cu") };

/// `a + b`.
pub(in crate::model) fn sum(a: &Operand, b: &Operand) -> Result<CudaStorage> {
    if a.dtype != b.dtype || a.count() != b.count() {
        bail!("{} elements of {:?} do not add to {} of {:?}", a.count(), a.dtype, b.count(), b.dtype);
    }
    let (out, to) = a.like()?;
    let elements = pack(a.dtype, &[a.count()], &[a.address, b.address, to]);
    let kernel = PROGRAM.kernel(&a.device, "sum", &[("E", &a.element()?), ("N", &elements)])?;
    let packs = a.count() / elements;
    let mut arguments: Vec<_> = [a.address, b.address, to].map(Argument::Address).into();
    arguments.push(Argument::Long(packs as i64));
    // SAFETY: a thread takes one of the packs, which divide the elements that all three have.
    unsafe { kernel.launch([packs.div_ceil(256) as u32, 1, 1], 256, 0, &arguments)? };
    Ok(out)
}
