//! How fast a checkpoint runs when every attention probability is looked at.
//!
//! ```text
//! cargo run --release [--features cuda] --example throughput -- MODEL [DEVICE [DTYPE [TOKENS [BATCH [RUNS]]]]]
//! ```
//!
//! Runs `BATCH` texts of `TOKENS` tokens and sums the attention of every head by lag, where it is
//! computed: nothing of size tokens² leaves the device. Weights are kept in memory after a first,
//! unmeasured run. Prints one JSON object with the median over the runs.
//! Defaults: `cpu f32 1024 1 7`.

#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::time::Instant;

use ropelet::model::{Budget, Checkpoint, Decoder, Device, LagProfile, Precision};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let word = |at: usize, default: &str| words.get(at).map_or(default.to_owned(), Clone::clone);
    let model = words.first().ok_or("usage: throughput MODEL [DEVICE [DTYPE [TOKENS [BATCH [RUNS]]]]]")?;
    let device: Device = word(1, "cpu").parse()?;
    let precision = match word(2, "f32").as_str() {
        "f32" => Precision::F32,
        "f64" => Precision::F64,
        "bf16" => Precision::Bf16,
        "f16" => Precision::F16,
        other => return Err(format!("no dtype {other}").into()),
    };
    let (tokens, batch, runs) =
        (word(3, "1024").parse::<u32>()?, word(4, "1").parse::<u32>()?, word(5, "7").parse::<usize>()?);

    let checkpoint = Checkpoint::open(model)?;
    let vocabulary = u32::try_from(checkpoint.spec().vocabulary)?;
    let texts: Vec<Vec<u32>> =
        (0..batch).map(|text| (0..tokens).map(|at| (31 * text + 7 * at) % vocabulary).collect()).collect();
    let decoder = Decoder::new(&checkpoint, &device, precision)?.with_budget(Budget::All)?;
    let mut seconds = Vec::new();
    for run in 0..=runs.max(1) {
        let mut sink = LagProfile::default();
        let start = Instant::now();
        decoder.run(&texts, &mut sink)?;
        // Waits for the device; the sums themselves are small.
        let sums = sink.sums()?;
        if run > 0 {
            seconds.push(start.elapsed().as_secs_f64());
        }
        assert_eq!(sums.len(), checkpoint.spec().layers.len());
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    println!(
        "{{\"tokens\": {tokens}, \"batch\": {batch}, \"dtype\": \"{precision}\", \"runs\": {}, \"median_seconds\": {median}, \
         \"tokens_per_second\": {:.0}}}",
        seconds.len(),
        f64::from(tokens * batch) / median
    );
    Ok(())
}
