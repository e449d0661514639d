use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use candle_core::DType;
use serde::Serialize;

use super::ModelError;

/// The type in which a model computes.
///
/// Weights are stored in their own type and converted to this one when a layer is read. Norms,
/// rotation, scores and softmax are computed in `f32` where this type is narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 24 bits.
    F32,
    /// 53 bits.
    F64,
    /// 8 bits, the range of `f32`.
    Bf16,
    /// 11 bits, up to 65504.
    F16,
}

impl Precision {
    pub(super) fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F64 => DType::F64,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }

    /// The type of norms, scores and probabilities: at least `f32`.
    pub(super) fn wide(self) -> DType {
        if self == Self::F64 { DType::F64 } else { DType::F32 }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.dtype().as_str())
    }
}

/// A device that can run layers.
#[derive(Debug, Clone)]
pub struct Device(pub(crate) candle_core::Device);

impl Device {
    /// The processor.
    pub const CPU: Self = Self(candle_core::Device::Cpu);

    /// Whether this is the processor.
    pub fn is_cpu(&self) -> bool {
        self.0.is_cpu()
    }

    /// The most bytes that tensors on this device have held at once since this was last asked, or since
    /// the program started; `None` on the processor.
    ///
    /// # Errors
    /// The driver does not say.
    pub fn take_peak_memory(&self) -> Result<Option<u64>, ModelError> {
        #[cfg(feature = "cuda")]
        if let Some(bytes) = super::kernel::take_peak_memory(&self.0)? {
            return Ok(Some(bytes));
        }
        Ok(None)
    }

    /// Waits until everything queued on the device is done, for timings.
    ///
    /// # Errors
    /// An earlier operation failed.
    pub fn synchronize(&self) -> Result<(), ModelError> {
        Ok(self.0.synchronize()?)
    }
}

impl AsRef<candle_core::Device> for Device {
    /// Where tensors for it are made.
    fn as_ref(&self) -> &candle_core::Device {
        &self.0
    }
}

impl FromStr for Device {
    type Err = ModelError;

    /// `cpu`, `cuda` or `cuda:N`.
    fn from_str(asked: &str) -> Result<Self, ModelError> {
        let Devices(mut devices) = asked.parse()?;
        if devices.len() > 1 {
            let reason = "names several devices, expected one".to_owned();
            return Err(ModelError::Device { asked: asked.to_owned(), reason });
        }
        Ok(devices.remove(0))
    }
}

/// Where a model runs: one device, or several that share its layers.
#[derive(Debug, Clone)]
pub struct Devices(Vec<Device>);

impl Devices {
    /// These devices, which run the layers in this order.
    pub fn new(first: Device, others: impl IntoIterator<Item = Device>) -> Self {
        Self(std::iter::once(first).chain(others).collect())
    }

    pub(super) fn all(&self) -> &[Device] {
        &self.0
    }
}

impl From<&Device> for Devices {
    fn from(device: &Device) -> Self {
        Self(vec![device.clone()])
    }
}

impl From<&Self> for Devices {
    fn from(devices: &Self) -> Self {
        devices.clone()
    }
}

impl FromStr for Devices {
    type Err = ModelError;

    /// `cpu`, `cuda`, `cuda:N`, or several as `cuda:N-M` or `cuda:N,M,...`.
    fn from_str(asked: &str) -> Result<Self, ModelError> {
        let fail = |reason: &str| ModelError::Device { asked: asked.to_owned(), reason: reason.to_owned() };
        let Some(ordinals) = ordinals(asked).map_err(fail)? else { return Ok(Self(vec![Device::CPU])) };
        if !cfg!(feature = "cuda") {
            return Err(fail("this build has no CUDA; rebuild with `--features cuda`"));
        }
        let open = |ordinal| {
            let device = candle_core::Device::new_cuda(ordinal);
            let device = device.map_err(|error| fail(&format!("cuda:{ordinal}: {error}")))?;
            #[cfg(feature = "cuda")]
            super::kernel::prepare(&device)?;
            Ok(Device(device))
        };
        ordinals.into_iter().map(open).collect::<Result<_, _>>().map(Self)
    }
}

/// More devices than any host has.
const MAX_ORDINAL: usize = 255;

/// The numbers of the CUDA devices that are asked for, each once; `None` is the processor.
fn ordinals(asked: &str) -> Result<Option<Vec<usize>>, &'static str> {
    const EXPECTED: &str = "expected cpu, cuda, cuda:N, cuda:N-M or cuda:N,M,...";
    let list = match asked.split_once(':') {
        None if asked == "cpu" => return Ok(None),
        None if asked == "cuda" => "0",
        Some(("cuda", list)) => list,
        _ => return Err(EXPECTED),
    };
    let mut ordinals = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |word: &str| word.parse().ok().filter(|number| *number <= MAX_ORDINAL).ok_or(EXPECTED);
        let (first, last): (usize, usize) = (number(first)?, number(last)?);
        if first > last {
            return Err("a range goes from the smaller number to the larger");
        }
        ordinals.extend(first..=last);
    }
    let distinct: BTreeSet<usize> = ordinals.iter().copied().collect();
    if distinct.len() < ordinals.len() { Err("names a device twice") } else { Ok(Some(ordinals)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_of_devices_are_read() {
        assert_eq!(ordinals("cpu"), Ok(None));
        for (asked, expected) in [
            ("cuda", &[0][..]),
            ("cuda:3", &[3]),
            ("cuda:0-3", &[0, 1, 2, 3]),
            ("cuda:2,0", &[2, 0]),
            ("cuda:4,0-1", &[4, 0, 1]),
        ] {
            assert_eq!(ordinals(asked), Ok(Some(expected.to_vec())), "{asked}");
        }
    }

    #[test]
    fn other_words_are_refused() {
        for asked in [
            "",
            "gpu",
            "CPU",
            "cpu:0",
            "cuda:",
            "cuda:x",
            "cuda:-1",
            "cuda:1-",
            "cuda:3-1",
            "cuda:0,0",
            "cuda:0-2,1",
            "cuda:256",
            "cuda:0-99999999999999999999",
            "cuda: 1",
        ] {
            assert!(ordinals(asked).is_err(), "{asked}");
        }
    }
}
