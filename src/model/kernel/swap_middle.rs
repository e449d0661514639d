#![allow(unsafe_code)]

use candle_core::backend::BackendStorage;
use candle_core::{CudaStorage, Layout, Result, Shape, bail};

use super::program::{Argument, Program, element, pack, start};

const PROGRAM: Program = Program { name: "swap_middle", source: include_str!("swap_middle.cu") };

/// `[a, b, c, d]` of any strides but the last, as `[a, c, b, d]` in memory.
pub(in crate::model) fn swap_middle(x: &CudaStorage, layout: &Layout) -> Result<CudaStorage> {
    let ((a, b, c, d), stride) = (layout.shape().dims4()?, layout.stride());
    let (dtype, device) = (x.dtype(), &x.device);
    let Some(name) = element(dtype).filter(|_| stride[3] == 1 || d == 1) else {
        bail!("no kernel changes the order of {dtype:?} elements that lie {} apart", stride[3])
    };
    let from = start(x)? + (layout.start_offset() * dtype.size_in_bytes()) as u64;
    // SAFETY: the kernel writes every element before anything reads one.
    let out = unsafe { candle_core::backend::BackendDevice::alloc_uninit(device, &Shape::from((a, c, b, d)), dtype)? };
    let to = start(&out)?;
    let elements = pack(dtype, &[d, stride[0], stride[1], stride[2]], &[from, to]);
    let kernel = PROGRAM.kernel(device, "swap_middle", &[("E", &name), ("N", &elements)])?;
    let packs = a * b * c * d / elements;
    let mut arguments: Vec<_> = [from, to].map(Argument::Address).into();
    arguments.extend([packs, b, c, d].map(|size| Argument::Int(size as i32)));
    arguments.push(Argument::Long(stride[0] as i64));
    arguments.extend([stride[1], stride[2]].map(|stride| Argument::Int(stride as i32)));
    // SAFETY: a thread takes one pack of the result, and reads the one that the layout has there.
    unsafe { kernel.launch([packs.div_ceil(256) as u32, 1, 1], 256, 0, &arguments)? };
    Ok(out)
}
