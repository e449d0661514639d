//! How fast and how exact the wavelet transform of tensors is on a device.
//!
//! ```text
//! cargo run --release [--features cuda] --example transform -- [DEVICE [SAMPLES [BATCH]]]
//! ```
//!
//! Signals of noise, 64 scales of the Morlet wavelet (w0 = 6) from 2 to 128. After unmeasured runs, each of SAMPLES samples is
//! the time of several runs, the device waited for once. Prints one JSON object for each case: the median and the least
//! in milliseconds, the bytes of the result, and the largest error of three signals against the transform of the CPU in
//! `f64`, relative to the largest coefficient of its row. Defaults: `cpu 5 64`.

#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::time::Instant;

use candle_core::{DType, Device as Place, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ropelet::model::{Device, DeviceCwt, DeviceScaleEnergy, Precision};
use ropelet::signal::{Boundary, Cwt, Norm, ScaleEnergy};
use ropelet::wavelet::Morlet;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let word = |at: usize, default: &str| words.get(at).map_or(default.to_owned(), Clone::clone);
    let device: Device = word(0, "cpu").parse()?;
    let samples: usize = word(1, "5").parse()?;
    let batch: usize = word(2, "64").parse()?;
    let (f32, f64) = (Precision::F32, Precision::F64);
    for (signals, length, scales, largest, boundary, precision) in [
        (batch, 2048, 64, 128.0, Boundary::Periodic, f32),
        (batch, 2048, 64, 128.0, Boundary::Zero, f32),
        (batch, 2048, 64, 128.0, Boundary::Reflect, f32),
        (batch, 1999, 64, 128.0, Boundary::Periodic, f32),
        (4 * batch, 2048, 64, 128.0, Boundary::Periodic, f32),
        (batch, 2048, 64, 128.0, Boundary::Periodic, f64),
        (batch.div_ceil(1024), 1 << 17, 480, 2048.0, Boundary::Periodic, f32),
        (batch.div_ceil(1024), 100_000, 200, 2048.0, Boundary::Zero, f32),
    ] {
        let case = Case { device: &device, samples, signals, length, scales, largest, boundary, precision };
        case.run()?;
    }
    Ok(())
}

struct Case<'a> {
    device: &'a Device,
    samples: usize,
    signals: usize,
    length: usize,
    scales: usize,
    largest: f64,
    boundary: Boundary,
    precision: Precision,
}

impl Case<'_> {
    fn run(&self) -> Result<(), Box<dyn Error>> {
        let Self { device, signals, length, boundary, precision, .. } = *self;
        let step = (self.largest / 2.0).log2() / (self.scales - 1) as f64;
        let scales: Vec<f64> = (0..self.scales).map(|at| 2.0 * (at as f64 * step).exp2()).collect();
        let (morlet, norm) = (Morlet::corrected(6.0)?, Norm::L2);
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let noise: Vec<f32> = (0..signals * length).map(|_| rng.random_range(-1.0_f32..1.0)).collect();
        let dtype = if precision == Precision::F64 { DType::F64 } else { DType::F32 };
        let x = Tensor::from_slice(&noise, (signals, length), &Place::Cpu)?.to_dtype(dtype)?;
        let x = x.to_device(device.as_ref())?;

        let start = Instant::now();
        let cwt = DeviceCwt::new(&morlet, length, &scales, norm, boundary, precision, device)?;
        let energy = DeviceScaleEnergy::new(&morlet, length, &scales, norm, boundary, precision, device)?;
        let planned = start.elapsed().as_secs_f64();
        let few = signals.min(3);
        let head: Vec<f64> = noise[..few * length].iter().map(|&x| f64::from(x)).collect();
        let exact = Cwt::<f64>::new(&morlet, length, &scales, norm, boundary)?.transform(&head)?;
        let some = x.narrow(0, 0, few)?;
        let values =
            |found: Tensor| found.flatten_all()?.to_device(&Place::Cpu)?.to_dtype(DType::F64)?.to_vec1::<f64>();
        // Errors by row of coefficients, relative to its largest value.
        let worst = |off: &[f64], sizes: &[f64], row: usize| {
            let largest = |x: &[f64]| x.iter().copied().fold(0.0, f64::max);
            let rows = off.chunks(row).zip(sizes.chunks(row));
            rows.map(|(off, sizes)| largest(off) / largest(sizes)).fold(0.0, f64::max)
        };
        let found = values(cwt.transform(&some)?)?;
        let off: Vec<f64> = exact.iter().zip(found.chunks(2)).map(|(z, w)| (z.re - w[0]).hypot(z.im - w[1])).collect();
        let sizes: Vec<f64> = exact.iter().map(|z| z.norm()).collect();
        self.report("complex", worst(&off, &sizes, length), 2, planned, || Ok(cwt.transform(&x)?))?;
        let squares: Vec<f64> = exact.iter().map(|z| z.norm_sqr()).collect();
        let found = values(cwt.power(&some)?)?;
        let off: Vec<f64> = squares.iter().zip(found).map(|(exact, found)| (exact - found).abs()).collect();
        self.report("power", worst(&off, &squares, length), 1, planned, || Ok(cwt.power(&x)?))?;
        let exact = ScaleEnergy::<f64>::new(&morlet, length, &scales, norm, boundary)?.of(&head)?;
        let found = values(energy.of(&some)?)?;
        let off: Vec<f64> = exact.iter().zip(found).map(|(exact, found)| (exact - found).abs()).collect();
        self.report("energy", worst(&off, &exact, 1), 0, planned, || Ok(energy.of(&x)?))
    }

    fn report(
        &self,
        what: &str,
        error: f64,
        parts: usize,
        planned: f64,
        run: impl Fn() -> Result<Tensor, Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let runs = if self.device.is_cpu() { 1 } else { 5 };
        for _ in 0..runs.min(3) {
            run()?;
        }
        self.device.synchronize()?;
        let mut times = Vec::new();
        for _ in 0..self.samples {
            let start = Instant::now();
            for _ in 0..runs {
                run()?;
            }
            self.device.synchronize()?;
            times.push(start.elapsed().as_secs_f64() * 1e3 / runs as f64);
        }
        times.sort_unstable_by(f64::total_cmp);
        let (median, least) = (times[times.len() / 2], times[0]);
        let wide = self.precision == Precision::F64;
        let number = if wide { 8 } else { 4 };
        let results =
            if parts == 0 { self.signals * self.scales } else { self.signals * self.scales * self.length * parts };
        println!(
            "{}",
            serde_json::json!({
                "what": what, "signals": self.signals, "length": self.length, "scales": self.scales,
                "boundary": self.boundary, "precision": if wide { "f64" } else { "f32" },
                "median_ms": median, "least_ms": least, "bytes": results * number, "error": error, "planned_s": planned,
            })
        );
        Ok(())
    }
}
