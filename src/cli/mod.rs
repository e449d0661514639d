//! The program: words to requests, requests to text, JSON and exit codes.
//!
//! One file per verb. What was typed becomes arguments, arguments become a call of the library,
//! and its result becomes output; nothing is computed here. This is the only module that prints,
//! exits, or names clap.
//!
//! Exit codes: 0 as expected; 1 a check contradicts its standing, or a figure differs from the
//! one on disk; 2 bad input or an error, in which case nothing has been written; 3 stopped by a time
//! limit, and the same command goes on.

#![allow(clippy::print_stdout, clippy::print_stderr)]

#[cfg(feature = "model")]
mod analyze;
mod book;
#[cfg_attr(not(feature = "certify"), path = "uncertified.rs")]
mod certified;
#[cfg(feature = "model")]
mod compare;
#[cfg(feature = "model")]
mod curves;
mod cwt;
mod encoding;
#[cfg(feature = "model")]
mod experiment;
mod explain;
#[cfg(feature = "model")]
mod extract;
mod failure;
#[cfg(feature = "plot")]
mod figures;
#[cfg(feature = "model")]
mod head_map;
#[cfg(feature = "model")]
mod heads_table;
#[cfg(feature = "model")]
mod inspect;
#[cfg(unix)]
mod interrupt;
#[cfg(not(all(feature = "model", feature = "plot")))]
mod left_out;
#[cfg(feature = "model")]
mod merge;
mod npy;
mod output;
#[cfg(feature = "model")]
mod passes;
mod progress;
#[cfg(all(feature = "model", feature = "plot"))]
mod report;
#[cfg(feature = "model")]
mod share;
mod shown;
#[cfg(feature = "model")]
mod state;
#[cfg(feature = "model")]
mod table;
mod tensors;
#[cfg(feature = "model")]
mod texts;
mod typeset;
mod verify;
mod wavelet;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use failure::Failure;
#[cfg(not(feature = "model"))]
use left_out as analyze;
#[cfg(not(feature = "model"))]
use left_out as experiment;
#[cfg(not(feature = "model"))]
use left_out as extract;
#[cfg(not(feature = "model"))]
use left_out as inspect;
#[cfg(not(feature = "model"))]
use left_out as merge;
#[cfg(not(feature = "plot"))]
use left_out as figures;
#[cfg(not(all(feature = "model", feature = "plot")))]
use left_out as report;

/// How a verb that ran to its end came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// As expected: exit code 0.
    Success,
    /// A finding contradicts what is claimed: exit code 1.
    Contradicted,
    /// Stopped in good order before the end, as was asked for: exit code 3.
    #[cfg(feature = "model")]
    Stopped,
}

/// A referee for the claim that positional encodings and attention heads are wavelets.
#[derive(Debug, Parser)]
#[command(name = "ropelet", version, max_term_width = 100, disable_help_subcommand = true)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: Common,
}

/// Flags that every verb understands.
#[derive(Debug, Args)]
struct Common {
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    json: bool,
    /// Seed of everything that is drawn at random
    #[arg(long, global = true, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Number of threads [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// No progress on stderr, even on a terminal
    #[arg(long, global = true)]
    quiet: bool,
    /// Where a model runs: cpu, cuda or cuda:N, or several that share its layers: cuda:0-3. Asked for
    /// and absent is an error
    #[arg(long, global = true, default_value = "cpu", value_name = "DEVICE")]
    device: String,
    /// The type a model computes in [default: f32]
    #[arg(long, global = true, value_name = "TYPE")]
    dtype: Option<Dtype>,
}

#[cfg(feature = "model")]
impl Common {
    fn precision(&self) -> crate::model::Precision {
        use crate::model::Precision;
        match self.dtype {
            None | Some(Dtype::F32) => Precision::F32,
            Some(Dtype::F64) => Precision::F64,
            Some(Dtype::Bf16) => Precision::Bf16,
            Some(Dtype::F16) => Precision::F16,
        }
    }
}

/// Floating-point types that a model can compute in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dtype {
    F32,
    Bf16,
    F16,
    F64,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Verify(verify::Arguments),
    Explain(explain::Arguments),
    Wavelet(wavelet::Arguments),
    Encoding(encoding::Arguments),
    Cwt(cwt::Arguments),
    Inspect(inspect::Arguments),
    Extract(extract::Arguments),
    Analyze(analyze::Arguments),
    Merge(merge::Arguments),
    Report(report::Arguments),
    Figures(figures::Arguments),
    Experiment(experiment::Arguments),
}

/// Runs the program on the process's own arguments.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs the program on these words, the first of which is its name.
pub fn run(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let command = match Command::try_parse_from(words) {
        Ok(command) => command,
        Err(error) => {
            // Help and version also come as errors; clap knows which stream and code each has.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let result = dispatch(&command);
    if let Err(failure) = &result {
        eprintln!("error: {failure}");
    }
    ExitCode::from(exit_code(&result))
}

fn exit_code(result: &Result<Outcome, Failure>) -> u8 {
    match result {
        Ok(Outcome::Success) => 0,
        Ok(Outcome::Contradicted) => 1,
        #[cfg(feature = "model")]
        Ok(Outcome::Stopped) => 3,
        Err(_) => 2,
    }
}

fn dispatch(command: &Command) -> Result<Outcome, Failure> {
    let common = &command.common;
    if let Some(threads) = common.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .map_err(|error| Failure::new(format!("--threads {threads}: {error}")))?;
    }
    match &command.verb {
        Verb::Verify(arguments) => verify::run(arguments, common),
        Verb::Explain(arguments) => explain::run(arguments, common),
        Verb::Wavelet(arguments) => wavelet::run(arguments, common),
        Verb::Encoding(arguments) => encoding::run(arguments, common),
        Verb::Cwt(arguments) => cwt::run(arguments, common),
        Verb::Inspect(arguments) => inspect::run(arguments, common),
        Verb::Extract(arguments) => extract::run(arguments, common),
        Verb::Analyze(arguments) => analyze::run(arguments, common),
        Verb::Merge(arguments) => merge::run(arguments, common),
        Verb::Report(arguments) => report::run(arguments, common),
        Verb::Figures(arguments) => figures::run(arguments, common),
        Verb::Experiment(arguments) => experiment::run(arguments, common),
    }
}
