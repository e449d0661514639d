use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::output::write_file;
use super::{Common, Failure, progress};
use crate::theorem::Control;
use crate::theorem::certified::{Constant, Coverage, LEFT_OUT, Rows, Tally, constants};

/// What `--certified` takes.
#[derive(Debug, Clone, Args)]
pub(super) struct Arguments {
    /// Enclose the constants and the entries of both matrices as well, with errors that are proved
    #[arg(long)]
    pub(super) certified: bool,
    /// Look at every position up to 2^20 of both signs, which takes minutes, and not at a sample
    #[arg(long, requires = "certified")]
    full: bool,
    /// Save what is done of the positions in FILE, and go on from there
    #[arg(long, requires = "full", value_name = "FILE")]
    resume: Option<PathBuf>,
}

/// The part of the report that is certified.
#[derive(Debug, Serialize)]
pub(super) struct Certified {
    constants: Vec<Constant>,
    /// What has no enclosure, and why.
    left_out: Vec<LeftOut>,
    rows: RowReport,
    /// Whether everything is certified, and every control rejected.
    ok: bool,
}

#[derive(Debug, Clone, Serialize)]
struct LeftOut {
    what: &'static str,
    why: &'static str,
}

/// The computed entries beside their enclosures.
#[derive(Debug, Serialize)]
struct RowReport {
    coverage: Coverage,
    #[serde(flatten)]
    tally: Tally,
    /// Pairs of all head sizes and bases, and their distinct frequencies.
    pairs: usize,
    frequencies: usize,
    /// The worst frequency over its own bound.
    frequency_ratio: f64,
    control: Control,
}

/// What is done of a run, on disk.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    schema: String,
    program: String,
    coverage: Coverage,
    /// The bits of the frequencies, by base.
    frequencies: Vec<Vec<u64>>,
    done: Vec<Option<Tally>>,
}

const SCHEMA: &str = "ropelet.certified-rows/1";

impl Progress {
    fn of(coverage: Coverage) -> Result<Self, Failure> {
        Ok(Self {
            schema: SCHEMA.into(),
            program: env!("CARGO_PKG_VERSION").into(),
            coverage,
            frequencies: Rows::fingerprint()?,
            done: vec![None; Rows::blocks()],
        })
    }

    /// What the file says of a run like this one; this one as it is where there is no file.
    fn resumed(self, file: &Path) -> Result<Self, Failure> {
        if !file.exists() {
            return Ok(self);
        }
        let text = fs::read_to_string(file).map_err(|error| Failure::at(file, error))?;
        let found: Value = serde_json::from_str(&text).map_err(|error| Failure::at(file, error))?;
        // Another schema is known by its name before it fails to be read as ours.
        let expected = serde_json::to_value(&self)?;
        for key in ["schema", "program", "coverage"] {
            if found[key] != expected[key] {
                return Err(Failure::at(file, format!("`{key}` is {}, expected {}", found[key], expected[key])));
            }
        }
        if found["frequencies"] != expected["frequencies"] {
            return Err(Failure::at(file, "`frequencies` are not those of this run"));
        }
        let found: Self = serde_json::from_value(found).map_err(|error| Failure::at(file, error))?;
        if found.done.len() != self.done.len() {
            let (expected, found) = (self.done.len(), found.done.len());
            return Err(Failure::at(file, format!("`done` has {found} entries, expected {expected}")));
        }
        Ok(found)
    }

    fn save(&self, file: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string(self)?;
        write_file(file, |writer| writer.write_all(text.as_bytes()))
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Certified, Failure> {
    let coverage = if arguments.full { Coverage::Full } else { Coverage::Sample };
    let mut progress = Progress::of(coverage)?;
    if let Some(file) = &arguments.resume {
        progress = progress.resumed(file)?;
    }
    // After the file, which may be another run's: the tables take a while.
    let rows = Rows::new(coverage)?;
    let left: Vec<usize> = (0..Rows::blocks()).filter(|block| progress.done[*block].is_none()).collect();
    let bar = progress::bar(common, Rows::blocks() as u64, "blocks");
    bar.set_message("certified entries");
    bar.inc((Rows::blocks() - left.len()) as u64);
    for blocks in left.chunks(4 * rayon::current_num_threads()) {
        let tallies: Vec<Result<Tally, String>> = blocks
            .par_iter()
            .map(|block| {
                let tally = rows.block(*block);
                bar.inc(1);
                tally
            })
            .collect();
        for (block, tally) in blocks.iter().zip(tallies) {
            progress.done[*block] = Some(tally.map_err(Failure::new)?);
        }
        if let Some(file) = &arguments.resume {
            progress.save(file)?;
        }
    }
    bar.finish_and_clear();
    let constants = constants()?;
    let tally = progress.done.iter().flatten().fold(Tally::default(), Tally::and);
    let (pairs, frequencies) = rows.pairs();
    let rows = RowReport {
        coverage,
        pairs,
        frequencies,
        frequency_ratio: Rows::frequency_ratio()?,
        control: if rows.control().map_err(Failure::new)? { Control::Rejected } else { Control::Accepted },
        tally,
    };
    let ok = constants.iter().all(|constant| constant.certified)
        && rows.tally.holds()
        && rows.frequency_ratio <= 1.0
        && rows.control == Control::Rejected;
    let left_out = LEFT_OUT.map(|(what, why)| LeftOut { what, why }).to_vec();
    Ok(Certified { constants, left_out, rows, ok })
}

impl Certified {
    pub(super) fn ok(&self) -> bool {
        self.ok
    }

    /// As aligned columns, below those of the statements.
    pub(super) fn table(&self) -> String {
        let RowReport { coverage, tally, pairs, frequencies, frequency_ratio, control } = &self.rows;
        let positions = match coverage {
            Coverage::Sample => "a sample of the positions up to 2^20",
            Coverage::Full => "every position up to 2^20",
        };
        let mut lines = vec![String::new(), String::new()];
        lines.push(format!(
            "{:<38}  {:<17}  {:<28}  {:<8}  {:<10}  {:<8}",
            "certified", "number", "enclosed", "radius", "by", "control"
        ));
        for constant in &self.constants {
            let ball = constant.closed.as_ref().unwrap_or(&constant.other);
            let verdict = match (constant.certified, constant.control) {
                (_, Control::Accepted) => "ACCEPTED",
                (false, _) => "NOT CERTIFIED",
                (true, _) => "rejected",
            };
            lines.push(format!(
                "{:<38}  {:<17}  {:<28}  {:<8.0e}  {:<10}  {verdict}",
                constant.of,
                constant.quantity,
                ball.centre,
                ball.radius.max(constant.other.radius),
                constant.by.name()
            ));
        }
        for LeftOut { what, why } in &self.left_out {
            lines.push(format!("not enclosed: {what}: {why}"));
        }
        lines.extend([
            String::new(),
            format!("{positions}, both signs; {pairs} pairs, {frequencies} frequencies"),
            "entries              certified  error/bound  at".into(),
        ]);
        for worst in &tally.forms {
            lines.push(format!(
                "{:<11}  {:>17}  {:>11.3}  m = {}, theta = {:.6e}",
                worst.form.name(),
                worst.entries,
                worst.ratio,
                worst.position,
                worst.frequency
            ));
        }
        let control = if *control == Control::Rejected { "rejected" } else { "ACCEPTED" };
        lines.push(format!("frequencies  {frequencies:>17}  {frequency_ratio:>11.3}"));
        lines.push(format!("control: the next larger frequencies, {control}"));
        lines.join("\n")
    }
}
