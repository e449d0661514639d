//! Times the wavelet transform beside the time that it takes to fill its output once.
//!
//! `cargo bench --no-default-features --bench cwt [-- WORD...]` prints one line per case: its name, the type, the
//! median of five runs in seconds, the processor seconds of one run (0 where the system does not tell), and the
//! ratio of the median to the filling of as many bytes by as many threads. Words choose cases whose names
//! contain them; `RAYON_NUM_THREADS` sets the threads. Memory is there beforehand. `tests/bench/cwt.py` runs the
//! shape `batch` beside PyWavelets.
//!
//! `--once CASE` runs a case once on one signal, for instruction counts:
//! `valgrind --tool=callgrind target/release/deps/cwt-* --once "batch morlet zero f32"`.

use std::fs;
use std::time::Instant;

use num_complex::Complex;
use rayon::prelude::*;
use ropelet::signal::{Boundary, Cwt, Norm, Sample, ScaleEnergy, direct};
use ropelet::wavelet::{Morlet, MotherWavelet, Ricker};

/// Signals, samples, scales and octaves above scale 2.
const SHAPES: [(&str, usize, usize, usize, f64); 3] =
    [("batch", 1024, 2048, 64, 6.0), ("long", 1, 100_000, 200, 10.0), ("longest", 1, 131_072, 480, 10.0)];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let once = words.first().is_some_and(|word| word == "--once");
    let bench = Bench { words: words.into_iter().skip(usize::from(once)).collect(), once };
    for (shape, signals, length, scales, octaves) in SHAPES {
        let step = |j: usize| 2.0 * (octaves * j as f64 / (scales - 1) as f64).exp2();
        let scales: Vec<f64> = (0..scales).map(step).collect();
        bench.shape::<f32>(shape, signals, length, &scales);
        bench.shape::<f64>(shape, signals, length, &scales);
    }
}

struct Bench {
    words: Vec<String>,
    once: bool,
}

impl Bench {
    fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()))
    }

    fn shape<T: Sample>(&self, shape: &str, signals: usize, length: usize, scales: &[f64]) {
        let morlet = Morlet::corrected(6.0).expect("6 is a carrier");
        let signals = if self.once { 1 } else { signals };
        let x: Vec<T> =
            (0..signals * length).map(|t| T::of((t as f64 * 0.37).sin() + (t as f64 * 1.91).cos())).collect();
        let name = |case: &str| format!("{shape} {case} {}", T::NAME);
        let plan = |wavelet: &dyn MotherWavelet, boundary| {
            Cwt::<T>::new(wavelet, length, scales, Norm::L2, boundary).expect("a valid plan")
        };
        let cases = [("zero", Boundary::Zero), ("periodic", Boundary::Periodic), ("reflect", Boundary::Reflect)];
        if cases.iter().any(|(case, _)| self.wants(&name(&format!("morlet {case}")))) {
            let mut w = vec![Complex::<T>::default(); x.len() * scales.len()];
            let floor = self.floor(&name("floor complex"), &mut w, length, Complex::new(T::one(), T::zero()));
            for (case, boundary) in cases {
                let case = name(&format!("morlet {case}"));
                if self.wants(&case) {
                    let cwt = plan(&morlet, boundary);
                    self.report(&case, floor, || cwt.transform_into(&x, &mut w).expect("finite signals"));
                }
            }
        }
        let power = name("morlet power");
        if self.wants(&power) || cases.iter().any(|(case, _)| self.wants(&name(&format!("ricker {case}")))) {
            let mut w = vec![T::zero(); x.len() * scales.len()];
            let floor = self.floor(&name("floor real"), &mut w, length, T::one());
            for (case, boundary) in cases {
                let case = name(&format!("ricker {case}"));
                if self.wants(&case) {
                    let cwt = plan(&Ricker, boundary);
                    self.report(&case, floor, || cwt.transform_real_into(&x, &mut w).expect("finite signals"));
                }
            }
            if self.wants(&power) {
                let cwt = plan(&morlet, Boundary::Zero);
                self.report(&power, floor, || cwt.power_into(&x, &mut w).expect("finite signals"));
            }
        }
        if self.wants(&name("morlet energy")) {
            let energy = ScaleEnergy::<T>::new(&morlet, length, scales, Norm::L2, Boundary::Zero);
            let energy = energy.expect("a valid plan");
            self.report(&name("morlet energy"), f64::NAN, || {
                energy.of(&x).expect("finite signals");
            });
        }
        if self.wants(&name("plan morlet zero")) {
            self.report(&name("plan morlet zero"), f64::NAN, || {
                plan(&morlet, Boundary::Zero);
            });
        }
        // The direct sum takes minutes for all signals: one is timed, and counts for all. The longer shapes would
        // take hours.
        if shape == "batch" && !self.once {
            for (case, wavelet) in [("direct morlet", &morlet as &dyn MotherWavelet), ("direct ricker", &Ricker)] {
                if self.wants(&name(case)) {
                    let start = Instant::now();
                    direct::cwt(wavelet, &x[..length], scales, Norm::L2, Boundary::Zero).expect("finite signals");
                    print(&name(case), start.elapsed().as_secs_f64() * signals as f64, 0.0, f64::NAN);
                }
            }
        }
    }

    /// The time to fill the output once, with the same threads.
    fn floor<O: Copy + Send + Sync>(&self, name: &str, out: &mut [O], length: usize, value: O) -> f64 {
        if self.once {
            return f64::NAN;
        }
        self.report(name, f64::NAN, || out.par_chunks_mut(length).for_each(|line| line.fill(value)))
    }

    /// The median of five runs, after one that warms up.
    fn report(&self, name: &str, floor: f64, mut run: impl FnMut()) -> f64 {
        run();
        if self.once {
            return f64::NAN;
        }
        let before = processor_seconds();
        let mut seconds: Vec<f64> = (0..5)
            .map(|_| {
                let start = Instant::now();
                run();
                start.elapsed().as_secs_f64()
            })
            .collect();
        let processor = (processor_seconds() - before) / 5.0;
        seconds.sort_by(f64::total_cmp);
        print(name, seconds[2], processor, seconds[2] / floor);
        seconds[2]
    }
}

/// Of all threads so far, to a hundredth; Linux says it in its 14th and 15th words.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

#[expect(clippy::print_stdout, reason = "a benchmark reports to the terminal")]
fn print(name: &str, seconds: f64, processor: f64, ratio: f64) {
    println!("{name:<30} {seconds:>8.4} {processor:>8.2} {ratio:>7.2}");
}
