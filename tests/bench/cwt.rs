//! Times the wavelet transform of 1024 signals of 2048 samples at 64 scales over 6 octaves.
//!
//! `cargo bench --no-default-features --bench cwt` prints one line per case: its name and the median of five
//! runs in seconds, in memory that is already there. `tests/bench/cwt.py` runs it beside PyWavelets.

use std::time::Instant;

use num_complex::Complex;
use rayon::prelude::*;
use ropelet::signal::{Boundary, Cwt, Norm, Sample, direct};
use ropelet::wavelet::{Morlet, MotherWavelet, Ricker};

const SIGNALS: usize = 1024;
const LENGTH: usize = 2048;
const SCALES: usize = 64;
/// The direct sum takes minutes for all signals; it is timed on one, and counted 1024 times.
const DIRECT_SIGNALS: usize = 1;

fn main() {
    let scales: Vec<f64> = (0..SCALES).map(|j| 2.0 * (6.0 * j as f64 / (SCALES - 1) as f64).exp2()).collect();
    measure::<f32>(&scales);
    measure::<f64>(&scales);
}

fn measure<T: Sample>(scales: &[f64]) {
    let signals: Vec<T> =
        (0..SIGNALS * LENGTH).map(|t| T::of((t as f64 * 0.37).sin() + (t as f64 * 1.91).cos())).collect();
    let room = SIGNALS * LENGTH * SCALES;
    let morlet = Morlet::corrected(6.0).expect("6 is a carrier");
    {
        let mut complex = vec![Complex::<T>::default(); room];
        report::<T>("floor complex", || {
            complex.par_chunks_mut(LENGTH).for_each(|line| line.fill(Complex::new(T::one(), T::zero())))
        });
        for (name, boundary) in [("morlet zero", Boundary::Zero), ("morlet periodic", Boundary::Periodic)] {
            let cwt = Cwt::<T>::new(&morlet, LENGTH, scales, Norm::L2, boundary).expect("a valid plan");
            report::<T>(name, || cwt.transform_into(&signals, &mut complex).expect("finite signals"));
        }
    }
    {
        let mut real = vec![T::zero(); room];
        report::<T>("floor real", || real.par_chunks_mut(LENGTH).for_each(|line| line.fill(T::one())));
        for (name, boundary) in [("ricker zero", Boundary::Zero), ("ricker periodic", Boundary::Periodic)] {
            let cwt = Cwt::<T>::new(&Ricker, LENGTH, scales, Norm::L2, boundary).expect("a valid plan");
            report::<T>(name, || cwt.transform_real_into(&signals, &mut real).expect("finite signals"));
        }
    }
    report::<T>("plan morlet zero", || {
        Cwt::<T>::new(&morlet, LENGTH, scales, Norm::L2, Boundary::Zero).expect("a valid plan");
    });
    for (name, wavelet) in [("direct morlet", &morlet as &dyn MotherWavelet), ("direct ricker", &Ricker)] {
        let start = Instant::now();
        for signal in signals.chunks(LENGTH).take(DIRECT_SIGNALS) {
            direct::cwt(wavelet, signal, scales, Norm::L2, Boundary::Zero).expect("finite signals");
        }
        print::<T>(name, start.elapsed().as_secs_f64() * (SIGNALS / DIRECT_SIGNALS) as f64);
    }
}

/// The median of five runs, after one that warms up.
fn report<T: Sample>(name: &str, mut run: impl FnMut()) {
    run();
    let mut seconds: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    print::<T>(name, seconds[2]);
}

#[expect(clippy::print_stdout, reason = "a benchmark reports to the terminal")]
fn print<T: Sample>(name: &str, seconds: f64) {
    println!("{name:<20} {} {seconds:.4}", T::NAME);
}
