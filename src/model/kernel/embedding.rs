#![allow(unsafe_code)]

use candle_core::{CudaStorage, DType, Result, Tensor};

use super::program::{Argument, Operand, Program, pack};

const PROGRAM: Program = Program { name: "embedding", source: include_str!("embedding.cu") };
/// The threads of a block that sums for a row of the table.
const THREADS: u32 = 256;

/// The rows of `table` that `ids` name.
pub(in crate::model) fn embedding(ids: &Operand, table: &Operand) -> Result<CudaStorage> {
    let (tokens, dim) = (ids.count(), table.last());
    let (out, to) = table.alike(&[tokens, dim])?;
    let elements = pack(table.dtype, &[dim], &[table.address, to]);
    let kernel = PROGRAM.kernel(&table.device, "forward", &[("E", &table.element()?), ("N", &elements)])?;
    let packs = tokens * dim / elements;
    let mut arguments: Vec<_> = [table.address, ids.address, to].map(Argument::Address).into();
    arguments.push(Argument::Long(packs as i64));
    arguments.extend([dim, table.count() / dim].map(|size| Argument::Int(size as i32)));
    // SAFETY: a thread writes one pack of one token's row, and reads one of a row that the table has.
    unsafe { kernel.launch([packs.div_ceil(256) as u32, 1, 1], 256, 0, &arguments)? };
    Ok(out)
}

/// The sum of `g`'s rows over the tokens of each id, `[vocabulary, dim]`, `f32`.
pub(in crate::model) fn embedding_backward(ids: &Operand, g: &Operand, vocabulary: usize) -> Result<Tensor> {
    let (tokens, dim) = (ids.count(), g.last());
    let (of_table, to) = g.of_type(DType::F32, &[vocabulary, dim])?;
    let kernel = PROGRAM.kernel(&g.device, "backward", &[("E", &g.element()?), ("N", &1)])?;
    let mut arguments: Vec<_> = [ids.address, g.address, to].map(Argument::Address).into();
    arguments.extend([tokens, dim].map(|size| Argument::Int(size as i32)));
    // SAFETY: a block reads all ids and the rows of `g` that have its id, and writes the row of that id.
    unsafe { kernel.launch([vocabulary as u32, 1, 1], THREADS, 0, &arguments)? };
    Ok(g.tensor_of(of_table, &[vocabulary, dim]))
}
