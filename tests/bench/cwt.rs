//! Times the wavelet transform beside the time that it takes to fill its output once.
//!
//! `cargo bench --no-default-features --bench cwt [-- WORD...]` prints one line per case: its name, the type, the
//! threads, the median of five runs in seconds, nanoseconds per coefficient, GB/s of output, and the ratio of the
//! median to `F`, the filling of as many bytes past the caches by as many threads, measured just before. Words
//! choose cases whose names contain them. Memory is there beforehand. `tests/bench/cwt.py` runs others beside it.
//!
//! `--count CASE SIGNALS` runs one case on so many signals in the function [`counted`], on the main thread alone, for
//! `tests/bench/instructions`. `--contest BOUNDARY ...` takes part in `tests/bench/cwt.py`.

mod contest;

use std::hint::black_box;
use std::time::Instant;

use contest::{Contestant, Task, serve};
use num_complex::{Complex, Complex32};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use ropelet::signal::{
    Boundary, Cwt, DecimatedCwt, Instructions, InverseCwt, Inversion, Norm, Sample, ScaleEnergy, fill,
};
use ropelet::wavelet::{Morlet, MotherWavelet, Ricker};

/// Signals, samples, scales and octaves above scale 2. The primes stand beside the next power of two; few scales of a
/// long signal are what callgrind has time for.
const SHAPES: [(&str, usize, usize, usize, f64); 6] = [
    ("batch", 1024, 2048, 64, 6.0),
    ("long", 1, 100_000, 200, 10.0),
    ("few", 1, 100_000, 20, 10.0),
    ("longest", 1, 131_072, 480, 10.0),
    ("prime", 1024, 2039, 64, 6.0),
    ("longprime", 1, 130_957, 200, 10.0),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--contest", boundary, ..] => serve(Ours::new(boundary, Task::read(&words[2..]))),
        ["--count", case, signals] => {
            let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
            let pools = vec![(1, pool.expect("a pool without threads of its own"))];
            let count = Some(signals.parse().expect("a number of signals"));
            say(Instructions::all().last().expect("at least scalar ones").name());
            shapes(&Bench { words: vec![case.to_owned()], count, pools }, |shape| {
                case.starts_with(&format!("{shape} "))
            });
        }
        _ => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
            let pools = (1..=cores.min(2)).map(|threads| (threads, pool(threads))).collect();
            shapes(&Bench { words, count: None, pools }, |_| true);
        }
    }
}

fn shapes(bench: &Bench, takes_part: impl Fn(&str) -> bool) {
    for (shape, signals, length, scales, octaves) in SHAPES.into_iter().filter(|(shape, ..)| takes_part(shape)) {
        let step = |j: usize| 2.0 * (octaves * j as f64 / (scales - 1) as f64).exp2();
        let scales: Vec<f64> = (0..scales).map(step).collect();
        let signals = bench.count.unwrap_or(signals);
        bench.shape::<f32>(shape, signals, length, &scales);
        bench.shape::<f64>(shape, signals, length, &scales);
    }
}

/// What callgrind counts, and what it calls.
#[inline(never)]
fn counted(run: &mut dyn FnMut()) {
    run();
    black_box(());
}

struct Bench {
    words: Vec<String>,
    /// Signals to count the instructions of.
    count: Option<usize>,
    pools: Vec<(usize, ThreadPool)>,
}

impl Bench {
    fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()))
    }

    fn shape<T: Sample>(&self, shape: &str, signals: usize, length: usize, scales: &[f64]) {
        let morlet = Morlet::corrected(6.0).expect("6 is a carrier");
        let x: Vec<T> =
            (0..signals * length).map(|t| T::of((t as f64 * 0.37).sin() + (t as f64 * 1.91).cos())).collect();
        let count = x.len() * scales.len();
        let name = |case: &str| format!("{shape} {case} {}", T::NAME);
        let plan = |wavelet: &dyn MotherWavelet, boundary| {
            Cwt::<T>::new(wavelet, length, scales, Norm::L2, boundary).expect("a valid plan")
        };
        let boundaries = [("periodic", Boundary::Periodic), ("zero", Boundary::Zero)];
        for (case, boundary) in boundaries {
            let case = name(&format!("morlet {case}"));
            if self.wants(&case) {
                let (cwt, mut w) = (plan(&morlet, boundary), vec![Complex::<T>::default(); count]);
                self.report(&case, count, 2 * count, &mut w, T::parts, |w| {
                    cwt.transform_into(&x, w).expect("finite signals");
                });
            }
        }
        for (case, boundary) in boundaries {
            let case = name(&format!("ricker {case}"));
            if self.wants(&case) {
                let (cwt, mut w) = (plan(&Ricker, boundary), vec![T::zero(); count]);
                self.report(
                    &case,
                    count,
                    count,
                    &mut w,
                    |w| w,
                    |w| {
                        cwt.transform_real_into(&x, w).expect("finite signals");
                    },
                );
            }
        }
        let case = name("morlet power");
        if self.wants(&case) {
            let (cwt, mut w) = (plan(&morlet, Boundary::Periodic), vec![T::zero(); count]);
            self.report(&case, count, count, &mut w, |w| w, |w| cwt.power_into(&x, w).expect("finite signals"));
        }
        let case = name("morlet decimated");
        if self.wants(&case) {
            let decimated = DecimatedCwt::<T>::new(&morlet, length, scales, Norm::L2, Boundary::Periodic);
            let decimated = decimated.expect("a valid plan");
            let mut w = vec![Complex::<T>::default(); signals * decimated.points()];
            let numbers = 2 * w.len();
            self.report(&case, count, numbers, &mut w, T::parts, |w| {
                decimated.transform_into(&x, w).expect("finite signals");
            });
        }
        let case = name("morlet energy");
        if self.wants(&case) {
            let energy = ScaleEnergy::<T>::new(&morlet, length, scales, Norm::L2, Boundary::Periodic);
            let energy = energy.expect("a valid plan");
            self.report(
                &case,
                count,
                0,
                &mut [],
                |none: &mut [T]| none,
                |_| {
                    energy.of(&x).expect("finite signals");
                },
            );
        }
        let case = name("morlet inverse");
        if self.wants(&case) {
            let inverse =
                InverseCwt::<T>::new(&morlet, length, scales, Norm::L2, Boundary::Periodic, Inversion::Single);
            let inverse = inverse.expect("a valid plan");
            let w = plan(&morlet, Boundary::Periodic).transform(&x).expect("finite signals");
            self.report(
                &case,
                count,
                0,
                &mut [],
                |none: &mut [T]| none,
                |_| {
                    inverse.invert(&w).expect("finite coefficients");
                },
            );
        }
        let case = name("plan morlet zero");
        if self.wants(&case) {
            self.report(
                &case,
                count,
                0,
                &mut [],
                |none: &mut [T]| none,
                |_| {
                    plan(&morlet, Boundary::Zero);
                },
            );
        }
    }

    /// The median of five runs, after one that warms up, with one thread and with two.
    fn report<T: Sample, O: Send>(
        &self,
        name: &str,
        coefficients: usize,
        numbers: usize,
        out: &mut [O],
        parts: impl Fn(&mut [O]) -> &mut [T] + Sync,
        run: impl Fn(&mut [O]) + Sync,
    ) {
        for (threads, pool) in &self.pools {
            if self.count.is_some() {
                pool.install(|| run(out));
                counted(&mut || pool.install(|| run(out)));
                continue;
            }
            let floor = median(|| {
                let chunk = numbers.div_ceil(*threads).max(1);
                pool.install(|| parts(out).par_chunks_mut(chunk).for_each(|part| fill(part, T::one())));
            });
            let seconds = median(|| pool.install(|| run(out)));
            let bytes = (numbers * size_of::<T>()) as f64;
            let (per, rate) = (1e9 * seconds / coefficients as f64, 1e-9 * bytes / seconds);
            let floor = if numbers == 0 { f64::NAN } else { floor };
            print(name, *threads, [seconds, per, rate, floor, seconds / floor]);
        }
    }
}

/// Real and imaginary parts of coefficients as numbers.
trait Parts: Sample {
    fn parts(coefficients: &mut [Complex<Self>]) -> &mut [Self] {
        pulp::bytemuck::cast_slice_mut(coefficients)
    }
}

impl<T: Sample> Parts for T {}

fn median(mut run: impl FnMut()) -> f64 {
    run();
    let mut seconds: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[2]
}

fn print(name: &str, threads: usize, [seconds, per, rate, floor, ratio]: [f64; 5]) {
    say(&format!(
        "{name:<30} {threads} {seconds:>9.5} s {per:>7.3} ns {rate:>6.1} GB/s  F {floor:>8.5}  {ratio:>6.2} F"
    ));
}

#[expect(clippy::print_stdout, reason = "a benchmark reports to the terminal")]
fn say(line: &str) {
    println!("{line}");
}

/// Ropelet as a contestant, on one thread.
struct Ours {
    task: Task,
    boundary: Boundary,
    cwt: Cwt<f32>,
    out: Vec<Complex32>,
    pool: ThreadPool,
}

impl Ours {
    fn new(boundary: &str, task: Task) -> Self {
        let boundary = match boundary {
            "periodic" => Boundary::Periodic,
            "zero" => Boundary::Zero,
            other => panic!("{other} is not timed"),
        };
        let morlet = Morlet::corrected(6.0).expect("6 is a carrier");
        Self {
            cwt: Cwt::new(&morlet, task.length, &task.scales, Norm::L2, boundary).expect("a valid plan"),
            boundary,
            out: vec![Complex32::ZERO; task.count()],
            pool: ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started"),
            task,
        }
    }
}

impl Contestant for Ours {
    fn note(&self) -> String {
        format!("boundary {:?}", self.boundary).to_lowercase()
    }

    fn count(&self) -> usize {
        self.task.count()
    }

    fn run(&mut self) {
        let Self { task, cwt, out, pool, .. } = self;
        pool.install(|| cwt.transform_into(&task.signals, out)).expect("finite signals");
    }

    fn fill(&mut self) {
        let Self { out, pool, .. } = self;
        pool.install(|| fill(f32::parts(out), 1.0));
    }

    fn row(&self, index: usize) -> (f64, &[Complex32]) {
        (self.task.scales[index], &self.out[index * self.task.length..][..self.task.length])
    }
}
