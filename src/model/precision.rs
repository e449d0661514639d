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

/// Where a model runs.
#[derive(Debug, Clone)]
pub struct Device(pub(super) candle_core::Device);

impl Device {
    /// The processor.
    pub const CPU: Self = Self(candle_core::Device::Cpu);

    /// Whether this is the processor.
    pub fn is_cpu(&self) -> bool {
        self.0.is_cpu()
    }

    /// The most bytes that tensors on this device have held at once since the program started; `None`
    /// on the processor.
    ///
    /// # Errors
    /// The driver does not say.
    pub fn peak_memory(&self) -> Result<Option<u64>, ModelError> {
        #[cfg(feature = "cuda")]
        if let Some(bytes) = super::kernel::peak_memory(&self.0)? {
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

impl FromStr for Device {
    type Err = ModelError;

    /// `cpu`, `cuda` or `cuda:N`.
    fn from_str(asked: &str) -> Result<Self, ModelError> {
        let fail = |reason: &str| ModelError::Device { asked: asked.to_owned(), reason: reason.to_owned() };
        let ordinal = match asked.split_once(':') {
            None if asked == "cpu" => return Ok(Self::CPU),
            None if asked == "cuda" => 0,
            Some(("cuda", ordinal)) => ordinal.parse().map_err(|_| fail("expected cpu, cuda or cuda:N"))?,
            _ => return Err(fail("expected cpu, cuda or cuda:N")),
        };
        if !cfg!(feature = "cuda") {
            return Err(fail("this build has no CUDA; rebuild with `--features cuda`"));
        }
        let device = candle_core::Device::new_cuda(ordinal).map_err(|error| fail(&error.to_string()))?;
        #[cfg(feature = "cuda")]
        super::kernel::prepare(&device)?;
        Ok(Self(device))
    }
}
