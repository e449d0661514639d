#![allow(unsafe_code)]

use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::{CudaStorage, Device, Layout, Result, Shape, Storage, Tensor, bail};

use super::program::{Argument, Program, address, element, pack, start, unwritten};

const PROGRAM: Program = Program { name: "swap_middle", source: include_str!("swap_middle.cu") };

/// `[a, b, c, d]` of any strides but the last, as `[a, c, b, d]` in memory.
pub(in crate::model) fn swap_middle(x: &CudaStorage, layout: &Layout) -> Result<CudaStorage> {
    let (a, b, c, d) = layout.shape().dims4()?;
    // SAFETY: the kernel writes every element before anything reads one.
    let out = unsafe { x.device.alloc_uninit(&Shape::from((a, c, b, d)), x.dtype())? };
    copy(x, layout, start(&out)?, [c * b * d, d, b * d])?;
    Ok(out)
}

/// Heads `[texts, heads, tokens, dim]` one after the other as `[texts, tokens, parts · heads · dim]`.
pub(in crate::model) fn merge_parts(parts: &[Tensor]) -> Result<Tensor> {
    let Some(first) = parts.first() else { bail!("there are no heads") };
    let (texts, heads, tokens, dim) = first.dims4()?;
    let width = parts.len() * heads * dim;
    let Device::Cuda(device) = first.device() else { bail!("the heads are not on a CUDA device") };
    // SAFETY: each part's kernel writes its columns of every row.
    let merged = unsafe { unwritten((texts, tokens, width), first.dtype(), device)? };
    for (at, part) in parts.iter().enumerate() {
        if part.dims() != first.dims() || part.dtype() != first.dtype() {
            bail!("heads {:?} are not as many as {:?}", part.shape(), first.shape());
        }
        let (storage, layout) = part.storage_and_layout();
        let Storage::Cuda(storage) = &*storage else { bail!("the heads are not on one device") };
        let to = address(&merged)? + (at * heads * dim * first.dtype().size_in_bytes()) as u64;
        copy(storage, layout, to, [tokens * width, dim, width])?;
    }
    Ok(merged)
}

/// Writes `[a, b, c, d]` where the strides of a, b and c say.
fn copy(x: &CudaStorage, layout: &Layout, to: u64, strides: [usize; 3]) -> Result<()> {
    let ((a, b, c, d), stride) = (layout.shape().dims4()?, layout.stride());
    let (dtype, device) = (x.dtype(), &x.device);
    let Some(name) = element(dtype).filter(|_| stride[3] == 1 || d == 1) else {
        bail!("no kernel changes the order of {dtype:?} elements that lie {} apart", stride[3])
    };
    let from = start(x)? + (layout.start_offset() * dtype.size_in_bytes()) as u64;
    let elements = pack(dtype, &[&[d], &stride[..3], &strides].concat(), &[from, to]);
    let kernel = PROGRAM.kernel(device, "swap_middle", &[("E", &name), ("N", &elements)])?;
    let packs = a * b * c * d / elements;
    let mut arguments: Vec<_> = [from, to].map(Argument::Address).into();
    arguments.extend([packs, b, c, d].map(|size| Argument::Int(size as i32)));
    arguments.push(Argument::Long(stride[0] as i64));
    arguments.extend([stride[1], stride[2]].map(|stride| Argument::Int(stride as i32)));
    arguments.push(Argument::Long(strides[0] as i64));
    arguments.extend([strides[1], strides[2]].map(|stride| Argument::Int(stride as i32)));
    // SAFETY: a thread reads one pack that the layout has and writes it where the caller's strides are.
    unsafe { kernel.launch([packs.div_ceil(256) as u32, 1, 1], 256, 0, &arguments) }
}
