#![allow(unsafe_code)]

use candle_core::{Device, Result, Tensor};

use super::program::{Argument, Program, address, element, pack};

const PROGRAM: Program = Program { name: "watch", source: include_str!("watch.cu") };

/// Keeps, on each device, the lowest mark under which a value was seen that is not finite.
///
/// Nothing waits for a device until [`lowest`](Self::lowest) is asked.
#[derive(Default)]
pub(in crate::model) struct Watches {
    /// One number for each device that was looked at.
    lowest: Vec<Tensor>,
}

impl Watches {
    /// Looks at every element of `x`; whether a kernel could do so.
    pub(in crate::model) fn look(&mut self, x: &Tensor, mark: u32) -> Result<bool> {
        let (Device::Cuda(device), Some(name)) = (x.device(), element(x.dtype())) else { return Ok(false) };
        let lowest = match self.lowest.iter().find(|lowest| lowest.device().same_device(x.device())) {
            Some(lowest) => lowest.clone(),
            None => {
                self.lowest.push(Tensor::new(&[u32::MAX], x.device())?);
                self.lowest[self.lowest.len() - 1].clone()
            }
        };
        let x = x.contiguous()?;
        let count = x.elem_count();
        let from = address(&x)?;
        let elements = pack(x.dtype(), &[count], &[from]);
        let kernel = PROGRAM.kernel(device, "watch", &[("E", &name), ("N", &elements)])?;
        let blocks = (count / elements).div_ceil(256).clamp(1, 1024);
        let arguments = [
            Argument::Address(from),
            Argument::Long(count as i64),
            Argument::Address(address(&lowest)?),
            Argument::Int(mark as i32),
        ];
        // SAFETY: the kernel reads `count` elements in packs that divide them, and writes one u32.
        unsafe { kernel.launch([blocks as u32, 1, 1], 256, 0, &arguments)? };
        Ok(true)
    }

    /// The lowest mark, after waiting for everything that was queued.
    pub(in crate::model) fn lowest(&self) -> Result<Option<u32>> {
        let mut seen = u32::MAX;
        for lowest in &self.lowest {
            seen = seen.min(lowest.to_vec1::<u32>()?[0]);
        }
        Ok((seen != u32::MAX).then_some(seen))
    }
}
