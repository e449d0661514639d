//! A contestant of `tests/bench/cwt.py`: a process that computes the same transform as the others, each time it is
//! asked to.
//!
//! Its arguments say what to compute: a file of signals (f32, one after the other), samples of a signal, scales, and
//! octaves above scale 2. It answers with `COEFFICIENTS<tab>NOTE`, the coefficients that a run computes, and then to each
//! line of input with one of output:
//!
//! - `time`: runs once, and says the seconds;
//! - `floor`: fills as many bytes as the coefficients take, and says the seconds;
//! - `rows FILE J...`: writes `|W|` of the first signal at these scales to the file, and says the scales.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::time::Instant;

use num_complex::Complex32;

/// What everyone computes: the Morlet transform (`w0 = 6`) of these signals at these scales.
pub(crate) struct Task {
    pub(crate) signals: Vec<f32>,
    pub(crate) length: usize,
    pub(crate) scales: Vec<f64>,
}

impl Task {
    pub(crate) fn read(arguments: &[String]) -> Self {
        let [file, length, scales, octaves] = arguments else { panic!("expected FILE SAMPLES SCALES OCTAVES") };
        let bytes = fs::read(file).expect("a file of signals");
        let signals = bytes.as_chunks().0.iter().map(|&number| f32::from_ne_bytes(number)).collect();
        let length = length.parse().expect("a length");
        let (count, octaves): (usize, f64) = (scales.parse().expect("a count"), octaves.parse().expect("octaves"));
        let scales = (0..count).map(|j| 2.0 * (octaves * j as f64 / (count - 1) as f64).exp2()).collect();
        Self { signals, length, scales }
    }

    /// The coefficients of all signals.
    pub(crate) fn count(&self) -> usize {
        self.signals.len() * self.scales.len()
    }
}

/// Who takes part.
pub(crate) trait Contestant {
    /// What a reader must know to judge the time.
    fn note(&self) -> String {
        String::new()
    }

    /// How many coefficients a run computes.
    fn count(&self) -> usize;

    fn run(&mut self);

    /// Only ropelet measures it.
    fn fill(&mut self) {}

    /// The scale of a row, and its coefficients for the first signal as the last run left them.
    fn row(&self, index: usize) -> (f64, &[Complex32]);
}

#[expect(clippy::print_stdout, reason = "the answers are read from there")]
pub(crate) fn serve(mut contestant: impl Contestant) {
    println!("{}\t{}", contestant.count(), contestant.note());
    for line in io::stdin().lock().lines() {
        let line = line.expect("lines of text");
        let words: Vec<&str> = line.split(' ').collect();
        let start = Instant::now();
        match words[..] {
            ["time"] => contestant.run(),
            ["floor"] => contestant.fill(),
            ["rows", file, ref rows @ ..] => {
                let scales = write(&contestant, Path::new(file), rows);
                println!("{}", scales.join(" "));
                continue;
            }
            _ => panic!("not understood: {line}"),
        }
        println!("{}", start.elapsed().as_secs_f64());
    }
}

fn write(contestant: &impl Contestant, file: &Path, rows: &[&str]) -> Vec<String> {
    let mut file = io::BufWriter::new(fs::File::create(file).expect("a file that can be written"));
    let scales = rows.iter().map(|row| {
        let (scale, coefficients) = contestant.row(row.parse().expect("the number of a row"));
        for coefficient in coefficients {
            file.write_all(&coefficient.norm().to_ne_bytes()).expect("room for a row");
        }
        scale.to_string()
    });
    scales.collect()
}
