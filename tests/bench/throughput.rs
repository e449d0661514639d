//! How fast a checkpoint runs, with nothing looked at or with all attention summed.
//!
//! ```text
//! cargo run --release [--features cuda] --example throughput -- MODEL [DEVICE [DTYPE [TOKENS [BATCH [RUNS [WHAT]]]]]]
//! ```
//!
//! Runs `BATCH` texts of `TOKENS` tokens; WHAT is one of
//! - `profile`: attention summed by lag where it is computed, and no output head;
//! - `plain`: the scores of all next tokens, and nothing else;
//! - `reduced`: these, and of every head the sums of probabilities and scores by lag, the entropy and
//!   the probability of the first key ([`Reduction`]);
//! - `spectra`: these, and the power spectra of rows over the last TOKENS/2 lags.
//!
//! Weights are kept in memory after a first, unmeasured run. Prints one JSON object with the median over
//! the runs, sums left where they were computed, and that of fetching them. Defaults: `cpu f32 1024 1 7
//! profile`.
//!
//! With `-` for TOKENS it reads one request `TOKENS BATCH RUNS WHAT` a line from standard input and
//! answers each with one line, for runs that take turns with another program's.

#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use ropelet::model::{
    Block, Budget, Checkpoint, Decoder, Device, Precision, Reduced, Reduction, Select, Sink, Site, Tap,
};

/// Has the head's scores computed and drops them; keeps sums where they were computed.
struct Looked {
    logits: bool,
    reduction: Option<Reduction>,
    reduced: Vec<Reduced>,
}

impl Sink for Looked {
    fn want(&self, site: Site) -> Option<Select> {
        (self.logits && site.tap == Tap::Logits).then(Select::all)
    }

    fn put(&mut self, _block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn reduce(&self, _layer: usize) -> Option<Reduction> {
        self.reduction
    }

    fn put_reduced(&mut self, reduced: Reduced) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.reduced.push(reduced);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let word = |at: usize, default: &str| words.get(at).map_or(default.to_owned(), Clone::clone);
    let model = words.first().ok_or("usage: throughput MODEL [DEVICE [DTYPE [TOKENS [BATCH [RUNS [WHAT]]]]]]")?;
    let device: Device = word(1, "cpu").parse()?;
    let precision = match word(2, "f32").as_str() {
        "f32" => Precision::F32,
        "f64" => Precision::F64,
        "bf16" => Precision::Bf16,
        "f16" => Precision::F16,
        other => return Err(format!("no dtype {other}").into()),
    };
    let checkpoint = Checkpoint::open(model)?;
    let decoder = Decoder::new(&checkpoint, &device, precision)?.with_budget(Budget::All)?.allow_extrapolation();
    if word(3, "1024") != "-" {
        println!(
            "{}",
            measured(&decoder, &device, &[word(3, "1024"), word(4, "1"), word(5, "7"), word(6, "profile")])?
        );
        return Ok(());
    }
    for request in io::stdin().lock().lines() {
        let request: Vec<String> = request?.split_whitespace().map(str::to_owned).collect();
        println!("{}", measured(&decoder, &device, &request)?);
        io::stdout().flush()?;
    }
    Ok(())
}

/// Runs once to warm up and then as often as is asked.
fn measured(decoder: &Decoder<'_>, device: &Device, request: &[String]) -> Result<String, Box<dyn Error>> {
    let [tokens, batch, runs, what] = request else { return Err("expected TOKENS BATCH RUNS WHAT".into()) };
    let (tokens, batch, runs) = (tokens.parse::<u32>()?, batch.parse::<u32>()?, runs.parse::<usize>()?);
    let lags = tokens as usize / 2;
    let (logits, reduction) = match what.as_str() {
        "profile" => (false, Some(Reduction::default())),
        "plain" => (true, None),
        "reduced" => (true, Some(Reduction::default())),
        "spectra" => (true, Some(Reduction { spectrum: Some(lags), ..Reduction::default() })),
        other => return Err(format!("no {other}; it is profile, plain, reduced or spectra").into()),
    };
    let vocabulary = u32::try_from(decoder.spec().vocabulary)?;
    let texts: Vec<Vec<u32>> =
        (0..batch).map(|text| (0..tokens).map(|at| (31 * text + 7 * at) % vocabulary).collect()).collect();
    let (mut seconds, mut fetching) = (Vec::new(), Vec::new());
    device.take_peak_memory()?;
    for run in 0..=runs.max(1) {
        let mut sink = Looked { logits, reduction, reduced: Vec::new() };
        device.synchronize()?;
        let start = Instant::now();
        decoder.run(&texts, &mut sink)?;
        device.synchronize()?;
        let computed = start.elapsed().as_secs_f64();
        let sums = sink.reduced.iter().map(Reduced::sums).collect::<Result<Vec<_>, _>>()?;
        if run > 0 {
            seconds.push(computed);
            fetching.push(start.elapsed().as_secs_f64() - computed);
        } else {
            // What only the first run holds, such as a weight as it is stored, is not counted.
            device.take_peak_memory()?;
        }
        assert_eq!(sums.len(), reduction.map_or(0, |_| decoder.spec().layers.len()));
    }
    let peak = device.take_peak_memory()?.map_or_else(|| "null".to_owned(), |bytes| bytes.to_string());
    let times = seconds.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
    let middle = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (median, fetch) = (middle(seconds), middle(fetching));
    Ok(format!(
        "{{\"what\": \"{what}\", \"tokens\": {tokens}, \"batch\": {batch}, \"median_seconds\": {median}, \
         \"fetch_seconds\": {fetch}, \"tokens_per_second\": {:.0}, \"peak_bytes\": {peak}, \"seconds\": [{times}]}}",
        f64::from(tokens * batch) / median
    ))
}
