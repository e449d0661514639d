use std::fmt;

use candle_core::{DType, Tensor, WithDType, bail};
use num_complex::Complex;

#[cfg(feature = "cuda")]
use super::kernel::{CwtKernels, Output};
use super::{Device, ModelError, Precision};
use crate::numeric::Bound;
#[cfg(feature = "cuda")]
use crate::signal::FilterBank;
use crate::signal::{Boundary, Cwt, Norm, Sample, ScaleEnergy};
use crate::wavelet::MotherWavelet;

/// The continuous wavelet transform of tensors, on the device that holds them.
///
/// The definition is that of [`crate::signal`]. On the processor [`Cwt`] computes it; on a GPU, kernels of our own do, and the
/// result stays there:
///
/// ```text
/// [.., samples]  ->  transform [.., scales, samples, 2] (real and imaginary part),  power [.., scales, samples]
/// ```
///
/// A sample that is not finite is an error on the processor. On a GPU nothing waits for the signals to be looked
/// at: no coefficient of such a signal is finite, and those of the others are what they are. On both a coefficient that is too large
/// for the type is infinite; on a GPU one is not a number where the sum of the signal's samples is.
///
/// ```
/// use candle_core::Tensor;
/// use ropelet::model::{Device, DeviceCwt, Precision};
/// use ropelet::signal::{Boundary, Norm};
/// use ropelet::wavelet::Ricker;
///
/// let device = Device::CPU;
/// let cwt = DeviceCwt::new(&Ricker, 32, &[1.0, 4.0], Norm::L2, Boundary::Zero, Precision::F32, &device)?;
/// let mut impulse = [0.0f32; 32];
/// impulse[16] = 1.0;
/// let w = cwt.transform(&Tensor::new(&impulse, device.as_ref())?)?;
/// assert_eq!(w.dims(), [2, 32, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DeviceCwt {
    length: usize,
    scales: usize,
    plan: Plan,
}

enum Plan {
    F32(Cwt<f32>),
    F64(Cwt<f64>),
    #[cfg(feature = "cuda")]
    Cuda(CwtKernels),
}

impl DeviceCwt {
    /// Plans the transform of signals of `length` samples in `f32` or `f64`.
    ///
    /// # Errors
    /// [`ModelError::Signal`] as [`Cwt::new`]; [`ModelError::Tensor`] for another precision, or when the device fails.
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        boundary: Boundary,
        precision: Precision,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let plan = match (precision, &device.0) {
            #[cfg(feature = "cuda")]
            (_, device @ candle_core::Device::Cuda(_)) => {
                let least = CwtKernels::LEAST;
                let bank = FilterBank::new(wavelet, length, scales, norm, boundary, unit_roundoff(precision), least)?;
                Plan::Cuda(CwtKernels::new(bank, precision.dtype(), device)?)
            }
            (Precision::F32, _) => Plan::F32(Cwt::new(wavelet, length, scales, norm, boundary)?),
            (Precision::F64, _) => Plan::F64(Cwt::new(wavelet, length, scales, norm, boundary)?),
            (other, _) => return Err(no_precision(other.dtype()).into()),
        };
        Ok(Self { length, scales: scales.len(), plan })
    }

    /// The coefficients of `[.., samples]`, as `[.., scales, samples, 2]`. The imaginary parts of a real wavelet are zero.
    ///
    /// # Errors
    /// [`ModelError::Tensor`] for another length, type or device than planned; [`ModelError::Signal`].
    pub fn transform(&self, signals: &Tensor) -> Result<Tensor, ModelError> {
        let dims = self.dims(signals, &[self.scales, self.length, 2])?;
        let parts = |z: &Complex<f32>| [z.re, z.im];
        let wide_parts = |z: &Complex<f64>| [z.re, z.im];
        if signals.elem_count() == 0 {
            return Ok(Tensor::zeros(dims, signals.dtype(), signals.device())?);
        }
        let coefficients = match &self.plan {
            Plan::F32(cwt) => {
                let of = |x: &[f32]| Ok(cwt.transform(x)?.iter().flat_map(parts).collect());
                on_cpu(signals, of)?
            }
            Plan::F64(cwt) => {
                let of = |x: &[f64]| Ok(cwt.transform(x)?.iter().flat_map(wide_parts).collect());
                on_cpu(signals, of)?
            }
            #[cfg(feature = "cuda")]
            Plan::Cuda(kernels) if kernels.is_real() => {
                let real = kernels.rows(&rows_of(signals, self.length)?, Output::Real)?;
                Tensor::stack(&[&real, &real.zeros_like()?], 3)?
            }
            #[cfg(feature = "cuda")]
            Plan::Cuda(kernels) => kernels.rows(&rows_of(signals, self.length)?, Output::Complex)?,
        };
        Ok(coefficients.reshape(dims)?)
    }

    /// `|W|²`, as `[.., scales, samples]`: half the memory, and nothing but the power is written.
    ///
    /// # Errors
    /// Those of [`DeviceCwt::transform`].
    pub fn power(&self, signals: &Tensor) -> Result<Tensor, ModelError> {
        let dims = self.dims(signals, &[self.scales, self.length])?;
        if signals.elem_count() == 0 {
            return Ok(Tensor::zeros(dims, signals.dtype(), signals.device())?);
        }
        let power = match &self.plan {
            Plan::F32(cwt) => on_cpu(signals, |x| Ok(cwt.power(x)?))?,
            Plan::F64(cwt) => on_cpu(signals, |x| Ok(cwt.power(x)?))?,
            #[cfg(feature = "cuda")]
            Plan::Cuda(kernels) => {
                let output = if kernels.is_real() { Output::RealPower } else { Output::Power };
                kernels.rows(&rows_of(signals, self.length)?, output)?
            }
        };
        Ok(power.reshape(dims)?)
    }

    /// How far each coefficient of row `scale` may lie from the sum that defines it, for this signal: [`Cwt::error_bound`]'s on
    /// the processor, [`crate::signal::FilterBank::error_bound`]'s on a GPU.
    ///
    /// # Panics
    /// When `scale` is not the number of a row, or `signal` has not the planned length.
    pub fn error_bound(&self, scale: usize, signal: &[f64]) -> Bound {
        match &self.plan {
            Plan::F32(cwt) => cwt.error_bound(scale, &signal.iter().map(|&x| x as f32).collect::<Vec<_>>()),
            Plan::F64(cwt) => cwt.error_bound(scale, signal),
            #[cfg(feature = "cuda")]
            Plan::Cuda(kernels) => kernels.error_bound(scale, signal),
        }
    }

    /// The shape of a result.
    fn dims(&self, signals: &Tensor, result: &[usize]) -> Result<Vec<usize>, ModelError> {
        let planned = match &self.plan {
            Plan::F32(_) => DType::F32,
            Plan::F64(_) => DType::F64,
            #[cfg(feature = "cuda")]
            Plan::Cuda(kernels) => kernels.dtype(),
        };
        dims(signals, self.length, planned, result)
    }
}

/// The energy of the signals in a tensor at each scale, on the device that holds them: [`ScaleEnergy`]'s, in one pass.
///
/// On a GPU, where a power of two is no multiple of the signal's period, coefficients are computed and their squares
/// summed at once; otherwise, by Parseval's formula, none is.
pub struct DeviceScaleEnergy {
    length: usize,
    scales: usize,
    plan: EnergyPlan,
}

enum EnergyPlan {
    F32(ScaleEnergy<f32>),
    F64(ScaleEnergy<f64>),
    #[cfg(feature = "cuda")]
    Cuda(CwtKernels),
}

impl DeviceScaleEnergy {
    /// Plans the energies of signals of `length` samples in `f32` or `f64`.
    ///
    /// # Errors
    /// Those of [`DeviceCwt::new`], and [`ModelError::Signal`] as [`ScaleEnergy::new`].
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        boundary: Boundary,
        precision: Precision,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let plan = match (precision, &device.0) {
            #[cfg(feature = "cuda")]
            (_, device @ candle_core::Device::Cuda(_)) => {
                let (unit, least) = (unit_roundoff(precision), CwtKernels::LEAST);
                let bank = FilterBank::for_energy(wavelet, length, scales, norm, boundary, unit, least)?;
                EnergyPlan::Cuda(CwtKernels::new(bank, precision.dtype(), device)?)
            }
            (Precision::F32, _) => EnergyPlan::F32(ScaleEnergy::new(wavelet, length, scales, norm, boundary)?),
            (Precision::F64, _) => EnergyPlan::F64(ScaleEnergy::new(wavelet, length, scales, norm, boundary)?),
            (other, _) => return Err(no_precision(other.dtype()).into()),
        };
        Ok(Self { length, scales: scales.len(), plan })
    }

    /// The energies of `[.., samples]`, as `[.., scales]`.
    ///
    /// # Errors
    /// Those of [`DeviceCwt::transform`].
    pub fn of(&self, signals: &Tensor) -> Result<Tensor, ModelError> {
        let planned = match &self.plan {
            EnergyPlan::F32(_) => DType::F32,
            EnergyPlan::F64(_) => DType::F64,
            #[cfg(feature = "cuda")]
            EnergyPlan::Cuda(kernels) => kernels.dtype(),
        };
        let dims = dims(signals, self.length, planned, &[self.scales])?;
        if signals.elem_count() == 0 {
            return Ok(Tensor::zeros(dims, signals.dtype(), signals.device())?);
        }
        let energies = match &self.plan {
            EnergyPlan::F32(energy) => on_cpu(signals, |x| Ok(energy.of(x)?))?,
            EnergyPlan::F64(energy) => on_cpu(signals, |x| Ok(energy.of(x)?))?,
            #[cfg(feature = "cuda")]
            EnergyPlan::Cuda(kernels) => kernels.energies(&rows_of(signals, self.length)?)?,
        };
        Ok(energies.reshape(dims)?)
    }
}

/// Computes on the processor, from all samples in order to all results.
fn on_cpu<T: Sample + WithDType>(
    signals: &Tensor,
    of: impl FnOnce(&[T]) -> Result<Vec<T>, ModelError>,
) -> Result<Tensor, ModelError> {
    let check = || if signals.device().is_cpu() { Ok(()) } else { bail!("a plan for the CPU, and signals elsewhere") };
    check()?;
    let results = of(&signals.flatten_all()?.to_vec1::<T>()?)?;
    let count = results.len();
    Ok(Tensor::from_vec(results, count, signals.device())?)
}

/// The signals as `[count, samples]`.
#[cfg(feature = "cuda")]
fn rows_of(signals: &Tensor, length: usize) -> candle_core::Result<Tensor> {
    signals.reshape(((), length))?.contiguous()
}

/// The shape of what comes of signals of this length: their leading axes, and those of the results.
fn dims(signals: &Tensor, length: usize, planned: DType, result: &[usize]) -> Result<Vec<usize>, ModelError> {
    let check = || match signals.dims().split_last() {
        _ if signals.dtype() != planned => bail!("signals of {:?}, expected {planned:?} as planned", signals.dtype()),
        Some((&last, leading)) if last == length => Ok([leading, result].concat()),
        _ => bail!("signals of the shape {:?}, expected {length} samples on the last axis", signals.dims()),
    };
    Ok(check()?)
}

fn no_precision(found: DType) -> candle_core::Error {
    candle_core::Error::Msg(format!("a transform is in f32 or f64, not {found:?}")).bt()
}

#[cfg(feature = "cuda")]
fn unit_roundoff(precision: Precision) -> f64 {
    use crate::numeric::Real;
    if precision == Precision::F64 { f64::UNIT_ROUNDOFF } else { f32::UNIT_ROUNDOFF }
}

impl fmt::Debug for DeviceCwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCwt").field("length", &self.length).field("scales", &self.scales).finish_non_exhaustive()
    }
}

impl fmt::Debug for DeviceScaleEnergy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("DeviceScaleEnergy");
        shown.field("length", &self.length).field("scales", &self.scales).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wavelet::{Morlet, Ricker};

    fn signals(shape: &[usize]) -> Tensor {
        let count: usize = shape.iter().product();
        let values: Vec<f64> = (0..count).map(|at| (at as f64 * 12.9898).sin()).collect();
        Tensor::from_vec(values, shape, &candle_core::Device::Cpu).unwrap()
    }

    #[test]
    fn leading_axes_stay_and_values_are_those_of_the_plan_for_slices() {
        let (morlet, scales) = (Morlet::corrected(6.0).unwrap(), [2.0, 7.5, 30.0]);
        let x = signals(&[2, 3, 50]);
        let samples = x.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let arguments = (Norm::L1, Boundary::Reflect);
        let cwt = DeviceCwt::new(&morlet, 50, &scales, arguments.0, arguments.1, Precision::F64, &Device::CPU).unwrap();
        let plan = Cwt::<f64>::new(&morlet, 50, &scales, arguments.0, arguments.1).unwrap();
        let w = cwt.transform(&x).unwrap();
        assert_eq!(w.dims(), [2, 3, 3, 50, 2]);
        let expected: Vec<f64> = plan.transform(&samples).unwrap().iter().flat_map(|z| [z.re, z.im]).collect();
        assert_eq!(w.flatten_all().unwrap().to_vec1::<f64>().unwrap(), expected);
        let power = cwt.power(&x).unwrap();
        assert_eq!(power.dims(), [2, 3, 3, 50]);
        assert_eq!(power.flatten_all().unwrap().to_vec1::<f64>().unwrap(), plan.power(&samples).unwrap());
        let energy =
            DeviceScaleEnergy::new(&morlet, 50, &scales, arguments.0, arguments.1, Precision::F64, &Device::CPU);
        let found = energy.unwrap().of(&x).unwrap();
        assert_eq!(found.dims(), [2, 3, 3]);
        let energy = ScaleEnergy::<f64>::new(&morlet, 50, &scales, arguments.0, arguments.1).unwrap();
        assert_eq!(found.flatten_all().unwrap().to_vec1::<f64>().unwrap(), energy.of(&samples).unwrap());
    }

    #[test]
    fn what_was_not_planned_is_refused() {
        let plan = |precision| DeviceCwt::new(&Ricker, 8, &[1.0], Norm::L2, Boundary::Zero, precision, &Device::CPU);
        let message = |error: ModelError| error.to_string();
        assert!(message(plan(Precision::Bf16).unwrap_err()).contains("f32 or f64"));
        let cwt = plan(Precision::F32).unwrap();
        let x = signals(&[2, 8]);
        assert!(message(cwt.transform(&x).unwrap_err()).contains("expected F32"));
        let x = x.to_dtype(DType::F32).unwrap();
        assert!(message(cwt.power(&x.narrow(1, 0, 7).unwrap()).unwrap_err()).contains("expected 8 samples"));
        assert!(matches!(cwt.power(&(x * f64::NAN).unwrap()), Err(ModelError::Signal(_))));
        // No signals have no coefficients.
        let none = Tensor::zeros((0, 8), DType::F32, &candle_core::Device::Cpu).unwrap();
        assert_eq!(cwt.transform(&none).unwrap().dims(), [0, 1, 8, 2]);
    }
}
