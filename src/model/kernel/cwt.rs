#![allow(unsafe_code)]

use std::f64::consts::TAU;

use candle_core::{CudaDevice, D, DType, Device, Result, Tensor, bail};
use num_complex::Complex64;

use super::program::{Argument, Kernel, Program, address, unwritten};
use crate::numeric::{Bound, Real};
use crate::signal::{Band, FilterBank};

const PROGRAM: Program = Program { name: "cwt", source: include_str!("cwt.cu") };
/// Points in the registers of each thread.
const EACH: usize = 16;
/// Turns of the second pass.
const SECOND: usize = 15 * 16;
/// Threads that one multiprocessor should hold: what the registers suffice for.
const RESIDENT: [usize; 2] = [768, 384];
/// Bytes of spectra that are computed at once: they stay in the second-level cache until they are read.
const SPECTRA: usize = 16 << 20;
/// Samples of the longest circle.
const LONGEST: usize = 1 << 26;

/// What is written of each coefficient, as `cwt.cu` numbers it.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::model) enum Output {
    /// Real and imaginary part.
    Complex,
    /// The real part.
    Real,
    /// `|W|²`.
    Power,
    /// The sum of all `|W|²` of a row.
    Energy,
    /// The square of the real part.
    RealPower,
    /// The sum of the squares of all real parts of a row.
    RealEnergy,
}

/// The filters of a transform and the tables of its kernels, on a device.
pub(in crate::model) struct CwtKernels {
    bank: FilterBank,
    dtype: DType,
    device: Device,
    /// Of one inverse transform; of the circle there are as many as it has phases.
    points: usize,
    /// Blocks of `points` gains, one row after the other.
    gains: Tensor,
    /// Four numbers for each row: first block, blocks, runs, start.
    bands: Tensor,
    roots: Tensor,
    turns: Tensor,
    edges: Option<Edges>,
}

/// What the ends of signals add where they continue for ever.
struct Edges {
    /// Four numbers for each row, as `cwt.cu` has them.
    places: Tensor,
    sums: Tensor,
}

impl CwtKernels {
    /// The shortest circle that the kernels serve.
    pub(in crate::model) const LEAST: usize = 512;

    /// Lays the filters out for a device, in `f32` or `f64`.
    pub(in crate::model) fn new(bank: FilterBank, dtype: DType, device: &Device) -> Result<Self> {
        let circle = bank.circle();
        if circle > LONGEST {
            bail!("the signal needs a circle of {circle} samples, expected at most {LONGEST}; use the CPU");
        }
        // Beyond what one block of threads holds, shorter transforms leave room for several phases.
        let points = match dtype {
            DType::F32 if circle <= 4096 => circle,
            DType::F32 => 2048,
            DType::F64 if circle <= 2048 => circle,
            DType::F64 => 1024,
            other => bail!("a transform on a GPU is in f32 or f64, not {other:?}"),
        };
        let blocks: Vec<Blocks> = bank.bands().iter().map(|band| Blocks::new(band, circle, points)).collect();
        let mut bands = Vec::new();
        let mut start = 0;
        for row in &blocks {
            bands.extend([row.first as u32, row.count() as u32, row.runs(), start]);
            start += row.count() as u32;
        }
        let upload = |numbers: Vec<Complex64>| -> Result<Tensor> {
            let flat: Vec<f64> = numbers.iter().flat_map(|z| [z.re, z.im]).collect();
            Tensor::from_vec(flat, (numbers.len(), 2), &Device::Cpu)?.to_dtype(dtype)?.to_device(device)
        };
        let edges = match bank.edges() {
            [] => None,
            edges => {
                let (mut places, mut sums) = (Vec::new(), Vec::new());
                for side in edges.iter().flat_map(|edge| [&edge.left, &edge.right]) {
                    places.extend([sums.len() as u32, side.len() as u32]);
                    sums.extend_from_slice(side);
                }
                // A tensor has something in it.
                sums.push(Complex64::ZERO);
                Some(Edges { places: Tensor::from_vec(places, (edges.len(), 4), device)?, sums: upload(sums)? })
            }
        };
        let root = |k: usize, n: usize| Complex64::cis(TAU * (k % n) as f64 / n as f64);
        let second = (1..EACH).flat_map(|m| (0..16).map(move |k| root(k * m, 256)));
        let last = (1..points / 256).flat_map(|m| (0..256).map(move |k| root(k * m, points)));
        Ok(Self {
            gains: upload(blocks.into_iter().flat_map(|row| row.gains).collect())?,
            bands: Tensor::from_vec(bands, (bank.scales().len(), 4), device)?,
            roots: upload((0..circle).map(|k| root(k, circle)).collect())?,
            turns: upload(second.chain(last).collect())?,
            edges,
            device: device.clone(),
            bank,
            dtype,
            points,
        })
    }

    /// The type of signals and results.
    pub(in crate::model) fn dtype(&self) -> DType {
        self.dtype
    }

    /// Whether the wavelet is real, and so its coefficients.
    pub(in crate::model) fn is_real(&self) -> bool {
        self.bank.is_real()
    }

    /// How far a coefficient may lie from its definition.
    pub(in crate::model) fn error_bound(&self, scale: usize, signal: &[f64]) -> Bound {
        let unit = if self.dtype == DType::F64 { f64::UNIT_ROUNDOFF } else { f32::UNIT_ROUNDOFF };
        self.bank.error_bound(scale, signal, self.points, unit)
    }

    /// The device that both the tables and the signals are on.
    fn device_of(&self, signals: &Tensor) -> Result<&CudaDevice> {
        match &self.device {
            Device::Cuda(device) if self.device.same_device(signals.device()) => Ok(device),
            _ => bail!("a plan for one GPU, and signals elsewhere"),
        }
    }

    fn phases(&self) -> usize {
        self.bank.circle() / self.points
    }

    /// Phases of one block of threads.
    fn lanes(&self) -> usize {
        self.phases().min(4)
    }

    fn threads(&self) -> usize {
        self.points / EACH * self.lanes()
    }

    /// Places of a signal's spectrum that are computed together.
    fn together(&self) -> usize {
        (SPECTRA / (self.bank.circle() * 2 * self.dtype.size_in_bytes())).clamp(1, 1 << 15)
    }

    fn kernel(&self, device: &CudaDevice, function: &str, output: Output) -> Result<Kernel> {
        let (last, offset, length) = (self.points / 256, self.bank.offset(), self.bank.row_length());
        // Half of the circle is worth a kernel of its own; more kinds of them would take longer to compile than they save.
        let kept = if offset + length <= self.bank.circle() / 2 { last / 2 } else { last };
        let whole = u8::from(offset == 0 && length == kept * 256 * self.phases());
        let name = if self.dtype == DType::F64 { "double" } else { "float" };
        let resident = RESIDENT[usize::from(self.dtype == DType::F64)] / self.threads();
        PROGRAM.kernel(
            device,
            function,
            &[
                ("REAL", &name),
                ("POINTS", &self.points),
                ("PHASES", &self.phases()),
                ("LANES", &self.lanes()),
                ("OUTPUT", &(output as u8)),
                ("KEPT", &kept),
                ("WHOLE", &whole),
                ("EDGES", &u8::from(self.edges.is_some())),
                ("RESIDENT", &resident.max(1)),
            ],
        )
    }

    /// Bytes of a block's memory: the turns of the second pass, and one place in 17 more than there are points.
    fn shared_bytes(&self) -> u32 {
        let places = SECOND + (self.points + self.points / 16) * self.lanes();
        (places * 2 * self.dtype.size_in_bytes()) as u32
    }

    /// The spectra of some signals, one circle each.
    fn spectra(&self, device: &CudaDevice, signals: &Tensor, output: Output) -> Result<Tensor> {
        let (count, length) = signals.dims2()?;
        let (circle, phases) = (self.bank.circle(), self.phases());
        let boundary = match self.bank.period() {
            None => 0,
            Some(period) if period == length => 1,
            Some(_) => 2,
        };
        // SAFETY: `forward` writes all points of all phases, `combine` all bins.
        let parts = unsafe { unwritten((count, circle, 2), self.dtype, device)? };
        let mut arguments: Vec<_> =
            [address(signals)?, address(&self.turns)?, address(&parts)?].map(Argument::Address).into();
        arguments.extend([length, self.bank.offset(), boundary].map(|size| Argument::Int(size as i32)));
        let grid = [count as u32, (phases / self.lanes()) as u32, 1];
        // SAFETY: a block reads one of the `count` signals of `length` samples, at places that `sample` keeps inside
        // it, and writes `lanes` of its phases, which divide them.
        unsafe {
            let forward = self.kernel(device, "forward", output)?;
            forward.launch(grid, self.threads() as u32, self.shared_bytes(), &arguments)?;
        }
        if phases == 1 {
            return Ok(parts);
        }
        // SAFETY: as above.
        let spectra = unsafe { unwritten((count, circle, 2), self.dtype, device)? };
        let arguments = [address(&parts)?, address(&self.roots)?, address(&spectra)?].map(Argument::Address);
        let grid = [(circle / 2 + 1).div_ceil(256) as u32, count as u32, 1];
        // SAFETY: a thread reads and writes one bin up to the middle of the circle of one signal, and its mirror image.
        unsafe { self.kernel(device, "combine", output)?.launch(grid, 256, 0, &arguments)? };
        Ok(spectra)
    }

    /// Coefficients of `signals [count, length]`: `[count, scales, row length]`, with an axis of 2 more for
    /// [`Output::Complex`]. A signal with a sample that is not finite has no finite coefficient.
    pub(in crate::model) fn rows(&self, signals: &Tensor, output: Output) -> Result<Tensor> {
        let device = self.device_of(signals)?;
        let (scales, length) = (self.bank.scales().len(), self.bank.row_length());
        let count = signals.dim(0)?;
        let groups = self.phases() / self.lanes();
        let (dims, dtype) = match output {
            Output::Complex => (vec![count, scales, length, 2], self.dtype),
            Output::Real | Output::Power | Output::RealPower => (vec![count, scales, length], self.dtype),
            Output::Energy | Output::RealEnergy => (vec![count, scales, groups], DType::F64),
        };
        // SAFETY: `inverse` writes `length` coefficients of each row, or the sum of each block.
        let rows = unsafe { unwritten(dims, dtype, device)? };
        let kernel = self.kernel(device, "inverse", output)?;
        for first in (0..count).step_by(self.together()) {
            let some = self.together().min(count - first);
            let signals = signals.narrow(0, first, some)?;
            let spectra = self.spectra(device, &signals, output)?;
            // Several rows to a block, which then has its turns at hand, once there are blocks enough.
            let each = (some * scales * groups / 4096).clamp(1, 4);
            let to = rows.narrow(0, first, some)?;
            let mut arguments: Vec<_> = Vec::new();
            // Without constants beyond the ends nothing is read of the signals, nor of what stands for their sums.
            let (places, sums) =
                self.edges.as_ref().map_or((&self.bands, &self.gains), |edges| (&edges.places, &edges.sums));
            for tensor in [&spectra, &self.gains, &self.bands, &self.roots, &self.turns, &signals, places, sums, &to] {
                arguments.push(Argument::Address(address(tensor)?));
            }
            arguments.extend([scales, each, length, self.bank.offset()].map(|size| Argument::Int(size as i32)));
            let grid = [(some * scales.div_ceil(each)) as u32, groups as u32, 1];
            // SAFETY: a block reads the spectrum of one of `some` signals, its ends, and the blocks of gains and the sums for
            // the ends of at most `each` rows, and writes places below `length` of these rows alone.
            unsafe { kernel.launch(grid, self.threads() as u32, self.shared_bytes(), &arguments)? };
        }
        Ok(rows)
    }

    /// The sum of the squares of all coefficients of each row, `[count, scales]`: by Parseval's formula where the circle
    /// allows.
    pub(in crate::model) fn energies(&self, signals: &Tensor) -> Result<Tensor> {
        if !self.bank.is_whole() {
            let output = if self.is_real() { Output::RealEnergy } else { Output::Energy };
            return self.rows(signals, output)?.sum(D::Minus1)?.to_dtype(self.dtype);
        }
        let device = self.device_of(signals)?;
        let (count, scales) = (signals.dim(0)?, self.bank.scales().len());
        // SAFETY: `energy` writes one number for each row.
        let energies = unsafe { unwritten((count, scales), DType::F64, device)? };
        let kernel = self.kernel(device, "energy", Output::Energy)?;
        for first in (0..count).step_by(self.together()) {
            let some = self.together().min(count - first);
            let spectra = self.spectra(device, &signals.narrow(0, first, some)?, Output::Energy)?;
            let to = energies.narrow(0, first, some)?;
            let mut arguments = Vec::new();
            for tensor in [&spectra, &self.gains, &self.bands, &to] {
                arguments.push(Argument::Address(address(tensor)?));
            }
            // SAFETY: a block reads the spectrum of one signal and the gains of one row, and writes their number.
            unsafe { kernel.launch([scales as u32, some as u32, 1], 128, 0, &arguments)? };
        }
        // Where the circle is several periods, one has its share.
        let periods = self.bank.period().map_or(1, |period| self.bank.circle() / period);
        (energies / periods as f64)?.to_dtype(self.dtype)
    }
}

/// The gains of a row in whole blocks, of which one folds onto the points of an inverse transform.
struct Blocks {
    first: i64,
    points: usize,
    gains: Vec<Complex64>,
}

impl Blocks {
    fn new(band: &Band, circle: usize, points: usize) -> Self {
        let (block, phases) = (points as i64, (circle / points) as i64);
        let end = band.first + band.gains.len() as i64;
        let (first, last) = (band.first.div_euclid(block), (end - 1).div_euclid(block));
        // A band that meets itself around the circle takes all of it.
        let (first, count) = if last - first < phases { (first, last - first + 1) } else { (0, phases) };
        let mut gains = vec![Complex64::ZERO; (count * block) as usize];
        for (bin, gain) in (band.first..).zip(&band.gains) {
            gains[(bin - first * block).rem_euclid(count * block) as usize] += gain;
        }
        Self { first, points, gains }
    }

    fn count(&self) -> usize {
        self.gains.len() / self.points
    }

    /// Which sixteenths of its blocks have gains that are not zero.
    fn runs(&self) -> u32 {
        let width = self.points / EACH;
        let runs = self.gains.chunks_exact(width).enumerate();
        let any = runs.filter(|(_, run)| run.iter().any(|gain| *gain != Complex64::ZERO));
        any.fold(0, |runs, (at, _)| runs | 1 << (at % EACH))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::signal::{Boundary, Cwt, Norm, ScaleEnergy};
    use crate::wavelet::{Haar, Morlet, Morse, MotherWavelet, Ricker};

    const BOUNDARIES: [Boundary; 4] = [Boundary::Zero, Boundary::Periodic, Boundary::Reflect, Boundary::Constant];

    /// One for all: tensors of another handle are taken to be elsewhere.
    fn gpu() -> Device {
        static GPU: LazyLock<Device> = LazyLock::new(|| Device::new_cuda(0).unwrap());
        GPU.clone()
    }

    fn unit_roundoff(dtype: DType) -> f64 {
        if dtype == DType::F64 { f64::UNIT_ROUNDOFF } else { f32::UNIT_ROUNDOFF }
    }

    fn values(x: &Tensor) -> Vec<f64> {
        x.flatten_all().unwrap().to_device(&Device::Cpu).unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
    }

    fn wavelets() -> [Box<dyn MotherWavelet>; 4] {
        let (morlet, morse) = (Morlet::corrected(6.0).unwrap(), Morse::new(3.0, 20.0).unwrap());
        [Box::new(morlet), Box::new(Ricker), Box::new(morse), Box::new(Haar)]
    }

    /// One transform, with what it should give.
    struct Case {
        what: String,
        kernels: CwtKernels,
        cpu: Cwt<f64>,
        signals: Vec<Vec<f64>>,
        x: Tensor,
    }

    impl Case {
        fn new(
            wavelet: &dyn MotherWavelet,
            length: usize,
            boundary: Boundary,
            dtype: DType,
            rng: &mut ChaCha8Rng,
        ) -> Self {
            let most = (2.0 * length as f64).log2();
            let scales: Vec<f64> =
                (0..rng.random_range(1..6)).map(|_| rng.random_range(-0.7..most + 0.1).exp2()).collect();
            let norm = if rng.random() { Norm::L1 } else { Norm::L2 };
            let unit = unit_roundoff(dtype);
            let bank = FilterBank::new(wavelet, length, &scales, norm, boundary, unit, CwtKernels::LEAST).unwrap();
            let kernels = CwtKernels::new(bank, dtype, &gpu()).unwrap();
            let cpu = Cwt::new(wavelet, length, &scales, norm, boundary).unwrap();
            let count = rng.random_range(1..4);
            // Numbers of the type itself, so that both sides have the same.
            let sample = |rng: &mut ChaCha8Rng| f64::from(rng.random_range(-3.0_f32..3.0));
            let signals: Vec<Vec<f64>> = (0..count).map(|_| (0..length).map(|_| sample(rng)).collect()).collect();
            let x = Tensor::from_vec(signals.concat(), (count, length), &Device::Cpu).unwrap();
            let x = x.to_dtype(dtype).unwrap().to_device(&gpu()).unwrap();
            let what = format!("{} of {length}, {boundary:?}, {dtype:?}, {norm:?}, {scales:?}", wavelet.name());
            Self { what, kernels, cpu, signals, x }
        }

        /// How far coefficients, powers and energies are from those of the CPU in `f64`, as shares of the bounds.
        fn worst(&self) -> [f64; 2] {
            let real = self.kernels.is_real();
            let (parts, output, power) =
                if real { (1, Output::Real, Output::RealPower) } else { (2, Output::Complex, Output::Power) };
            let found = values(&self.kernels.rows(&self.x, output).unwrap());
            let power = values(&self.kernels.rows(&self.x, power).unwrap());
            let unit = unit_roundoff(self.kernels.dtype);
            let length = self.cpu.length();
            let mut worst = [0.0_f64; 2];
            let mut rows = found.chunks_exact(parts * length).zip(power.chunks_exact(length));
            for signal in &self.signals {
                let exact = self.cpu.transform(signal).unwrap();
                for (scale, exact) in exact.chunks_exact(length).enumerate() {
                    let bound = (self.kernels.error_bound(scale, signal) + self.cpu.error_bound(scale, signal)).total();
                    let (row, power) = rows.next().unwrap();
                    for (at, exact) in exact.iter().enumerate() {
                        let im = if real { 0.0 } else { row[2 * at + 1] };
                        let off = (Complex64::new(row[parts * at], im) - exact).norm();
                        worst[0] = worst[0].max(if off.is_nan() { f64::INFINITY } else { off / bound });
                        let square = exact.norm_sqr();
                        let bound =
                            bound * (2.0 * exact.norm() + bound) + 4.0 * unit * square + f64::from(f32::MIN_POSITIVE);
                        let off = (power[at] - square).abs();
                        worst[1] = worst[1].max(if off.is_nan() { f64::INFINITY } else { off / bound });
                    }
                }
            }
            assert!(rows.next().is_none());
            worst
        }
    }

    /// Lengths of every kind, and a long one of each parity.
    fn lengths(rng: &mut ChaCha8Rng) -> Vec<usize> {
        let mut lengths = vec![1, 2, 97, 512, 1000, 2048, 3001, 9000];
        lengths.extend((0..2).map(|_| rng.random_range(2..20_000)));
        lengths
    }

    #[test]
    fn coefficients_and_powers_are_those_of_the_cpu() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let mut moved = [0.0_f64; 2];
        for dtype in [DType::F32, DType::F64] {
            for wavelet in wavelets() {
                for length in lengths(&mut rng) {
                    let boundary = match BOUNDARIES[rng.random_range(0..4)] {
                        // The tails of Morse wavelets are not summed.
                        Boundary::Constant if wavelet.name().starts_with("morse") => Boundary::Zero,
                        boundary => boundary,
                    };
                    let mut case = Case::new(wavelet.as_ref(), length, boundary, dtype, &mut rng);
                    let here = case.worst();
                    assert!(here[0] <= 1.0 && here[1] <= 1.0, "{}: {here:?} of the bounds", case.what);
                    // The control: gains that are a little larger.
                    let more = if dtype == DType::F64 { 1e-10 } else { 1e-2 };
                    case.kernels.gains = case.kernels.gains.affine(1.0 + more, 0.0).unwrap();
                    let here = case.worst();
                    moved = [moved[0].max(here[0]), moved[1].max(here[1])];
                }
            }
        }
        assert!(moved[0] > 1.0 && moved[1] > 1.0, "{moved:?}");
    }

    #[test]
    fn a_long_signal_is_one_circle_of_many_phases() {
        let mut rng = ChaCha8Rng::seed_from_u64(17);
        for (length, boundary) in [
            (1 << 17, Boundary::Periodic),
            (100_003, Boundary::Zero),
            (99_999, Boundary::Reflect),
            (30_001, Boundary::Constant),
        ] {
            for dtype in [DType::F32, DType::F64] {
                let morlet = Morlet::corrected(6.0).unwrap();
                let case = Case::new(&morlet, length, boundary, dtype, &mut rng);
                let here = case.worst();
                assert!(here[0] <= 1.0 && here[1] <= 1.0, "{}: {here:?} of the bounds", case.what);
            }
        }
    }

    #[test]
    fn energies_are_those_of_the_cpu() {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        for dtype in [DType::F32, DType::F64] {
            for (wavelet, length, boundary) in [
                (&Ricker as &dyn MotherWavelet, 100, Boundary::Zero),
                (&Morlet::corrected(6.0).unwrap(), 2048, Boundary::Periodic),
                (&Morlet::corrected(6.0).unwrap(), 64, Boundary::Reflect),
                (&Haar, 77, Boundary::Reflect),
                (&Morse::new(3.0, 20.0).unwrap(), 1001, Boundary::Periodic),
                (&Ricker, 9000, Boundary::Periodic),
            ] {
                let (unit, scales, norm) = (unit_roundoff(dtype), [1.5, 6.0, 20.0], Norm::L2);
                let bank =
                    FilterBank::for_energy(wavelet, length, &scales, norm, boundary, unit, CwtKernels::LEAST).unwrap();
                let kernels = CwtKernels::new(bank, dtype, &gpu()).unwrap();
                let signals: Vec<f64> = (0..3 * length).map(|_| f64::from(rng.random_range(-1.0_f32..1.0))).collect();
                let x = Tensor::from_vec(signals.clone(), (3, length), &Device::Cpu).unwrap();
                let found = values(&kernels.energies(&x.to_dtype(dtype).unwrap().to_device(&gpu()).unwrap()).unwrap());
                let cpu = ScaleEnergy::<f64>::new(wavelet, length, &scales, norm, boundary).unwrap();
                let expected = cpu.of(&signals).unwrap();
                for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let (signal, scale) = (&signals[at / 3 * length..][..length], at % 3);
                    // Off by δ in the 2-norm of a row: by at most δ (2√E + δ), as `ScaleEnergy::error_bound` has it.
                    let delta = kernels.error_bound(scale, signal).total();
                    let delta = delta * (kernels.bank.row_length() as f64).sqrt().max(1.0);
                    let bound = delta * (2.0 * expected.sqrt() + delta)
                        + 8.0 * unit * expected
                        + cpu.error_bound(scale, signal).total();
                    let off = (found - expected).abs();
                    assert!(off <= bound, "{} {boundary:?} {dtype:?}: {found}, {expected}", wavelet.name());
                    assert!((1.01 * found - expected).abs() > bound.min(0.009 * expected), "the control");
                }
            }
        }
    }

    #[test]
    fn a_signal_that_is_not_finite_spoils_its_own_rows_alone() {
        let bank =
            FilterBank::new(&Ricker, 700, &[1.0, 9.0], Norm::L2, Boundary::Zero, f32::UNIT_ROUNDOFF, 512).unwrap();
        let kernels = CwtKernels::new(bank, DType::F32, &gpu()).unwrap();
        let mut signals = vec![1.0_f32; 3 * 700];
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            signals[700 + 350] = bad;
            let x = Tensor::from_vec(signals.clone(), (3, 700), &gpu()).unwrap();
            for output in [Output::Complex, Output::Real, Output::Power] {
                let found = values(&kernels.rows(&x, output).unwrap());
                let rows = found.len() / 3;
                assert!(found[rows..2 * rows].iter().all(|w| !w.is_finite()), "{bad}");
                assert!(found[..rows].iter().chain(&found[2 * rows..]).all(|w| w.is_finite()), "{bad}");
            }
        }
    }

    #[test]
    fn two_runs_and_other_batches_give_the_same_bits() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let morlet = Morlet::corrected(6.0).unwrap();
        let scales: Vec<f64> = (0..64).map(|at| 2.0 * (at as f64 / 10.5).exp2()).collect();
        let bank =
            FilterBank::new(&morlet, 2048, &scales, Norm::L2, Boundary::Periodic, f32::UNIT_ROUNDOFF, 512).unwrap();
        let kernels = CwtKernels::new(bank, DType::F32, &gpu()).unwrap();
        // More than are computed at once.
        let count = kernels.together() + 9;
        let samples: Vec<f32> = (0..count * 2048).map(|_| rng.random_range(-1.0..1.0)).collect();
        let x = Tensor::from_vec(samples, (count, 2048), &gpu()).unwrap();
        let power = kernels.rows(&x, Output::Power).unwrap();
        let again = kernels.rows(&x, Output::Power).unwrap();
        let apart =
            |a: &Tensor, b: &Tensor| (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(apart(&power, &again), 0.0);
        for at in [0, count / 2, count - 1] {
            let alone = kernels.rows(&x.narrow(0, at, 1).unwrap(), Output::Power).unwrap();
            assert_eq!(apart(&power.narrow(0, at, 1).unwrap(), &alone), 0.0);
        }
    }
}
