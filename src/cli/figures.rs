use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use rayon::prelude::*;
use serde::Serialize;

use super::output::{print, print_json, write_folder};
use super::{Common, Failure, Outcome};
use crate::plot::{Figure, figures};

/// Draw the documentation's figures
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Figures to draw [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Draw again and compare with the files, byte by byte; exit code 1 if any differs
    #[arg(long)]
    check: bool,
    /// Folder of the files `<ID>.svg`
    #[arg(long, value_name = "DIR", default_value = "figures")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    figures: Vec<Entry>,
    ok: bool,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    file: String,
    state: State,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum State {
    Written,
    Same,
    /// No file of that name.
    Missing,
    /// The file is not what is drawn now.
    Stale,
    /// A file that no figure draws.
    Orphan,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let chosen = choose(&arguments.ids)?;
    let drawn: Vec<(Figure, String)> = chosen.into_par_iter().map(|figure| (figure, figure.svg())).collect();
    let entries = if arguments.check { compare(arguments, &drawn)? } else { write(&arguments.out, &drawn)? };
    let ok = entries.iter().all(|entry| matches!(entry.state, State::Written | State::Same));
    if common.json {
        print_json(&Answer { schema: "ropelet.figures/1", figures: entries, ok })?;
    } else {
        for Entry { file, state, .. } in entries {
            print(&match state {
                State::Written => format!("wrote {file}"),
                State::Same => format!("same  {file}"),
                State::Missing => format!("missing: {file}"),
                State::Stale => format!("stale: {file} is not what `ropelet figures` draws now"),
                State::Orphan => format!("orphan: {file} belongs to no figure"),
            })?;
        }
    }
    Ok(if ok { Outcome::Success } else { Outcome::Contradicted })
}

fn choose(ids: &[String]) -> Result<Vec<Figure>, Failure> {
    let all = figures();
    if let Some(unknown) = ids.iter().find(|id| all.iter().all(|figure| figure.id != **id)) {
        let known = all.map(|figure| figure.id).join(" ");
        return Err(Failure::new(format!("no figure is called `{unknown}`; the figures are: {known}")));
    }
    Ok(all.into_iter().filter(|figure| ids.is_empty() || ids.iter().any(|id| id == figure.id)).collect())
}

fn write(out: &Path, drawn: &[(Figure, String)]) -> Result<Vec<Entry>, Failure> {
    let files: Vec<_> = drawn.iter().map(|(figure, svg)| (format!("{}.svg", figure.id), svg.as_bytes())).collect();
    write_folder(out, &files)?;
    Ok(drawn.iter().map(|(figure, _)| entry(figure.id, &file_of(out, figure), State::Written)).collect())
}

/// Compares with the files; orphans are looked for only where all figures are asked for.
fn compare(arguments: &Arguments, drawn: &[(Figure, String)]) -> Result<Vec<Entry>, Failure> {
    let out = &arguments.out;
    let mut entries = Vec::new();
    for (figure, svg) in drawn {
        let file = file_of(out, figure);
        let state = match fs::read(&file) {
            Ok(bytes) if bytes == svg.as_bytes() => State::Same,
            Ok(_) => State::Stale,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::Missing,
            Err(error) => return Err(Failure::at(&file, error)),
        };
        entries.push(entry(figure.id, &file, state));
    }
    if arguments.ids.is_empty() && out.is_dir() {
        let fail = |error| Failure::at(out, error);
        let files = fs::read_dir(out).map_err(fail)?.map(|file| file.map(|file| file.path()));
        let mut files = files.collect::<io::Result<Vec<_>>>().map_err(fail)?;
        files.sort();
        for file in files.iter().filter(|file| file.extension() == Some(OsStr::new("svg"))) {
            let id = file.file_stem().unwrap_or_default().to_string_lossy();
            if drawn.iter().all(|(figure, _)| figure.id != id) {
                entries.push(entry(&id, file, State::Orphan));
            }
        }
    }
    Ok(entries)
}

fn file_of(out: &Path, figure: &Figure) -> PathBuf {
    out.join(format!("{}.svg", figure.id))
}

fn entry(id: &str, file: &Path, state: State) -> Entry {
    Entry { id: id.to_owned(), file: file.display().to_string(), state }
}
