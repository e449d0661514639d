mod attention;
mod claims;
mod curve_store;
mod decimals;
mod document;
mod embedded;
mod measured;
mod page;
mod summary;
mod words;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::analyze::Options;
use super::shown::shown;
use super::state::State;
use super::{Common, Failure, Outcome, analyze, output};
use crate::theorem::{Settings, catalogue, verify};
use attention::Thumbnails;
use document::Document;
use embedded::Part;
use page::{Contents, page};

/// Verify, analyze and draw, as one self-contained page
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folders in Hugging Face layout, or org/name in the local hub cache, or analysis.json of earlier runs
    /// [default: the small trained checkpoint of the repository]
    #[arg(value_name = "MODEL")]
    models: Vec<PathBuf>,
    /// Texts to read: files, or folders of .txt and .md files [default: docs/text of the repository]
    #[arg(long, num_args = 1.., value_name = "F")]
    text: Vec<PathBuf>,
    /// Folder for index.html, heads.parquet and analysis.json; it is made if it is not there. Of several models
    /// each has a folder of its own in it for the last two
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    options: Options,
}

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    files: Vec<PathBuf>,
    statements: usize,
    heads: usize,
    ok: bool,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let Arguments { out, options, .. } = arguments;
    if out.exists() && !out.is_dir() {
        return Err(Failure::at(out, "is a file, expected a folder"));
    }
    let models = match arguments.models.as_slice() {
        [] => vec![of_the_repository("tests/data/llama", "no MODEL was named")?],
        models => models.to_vec(),
    };
    let texts = match arguments.text.as_slice() {
        [] if models.iter().all(|model| is_analysis(model)) => vec![],
        [] => vec![of_the_repository("docs/text", "no --text was named")?],
        texts => texts.to_vec(),
    };
    let several = models.len() > 1;
    // Of several checkpoints each has a folder of its own.
    let folder = |place: usize| if several { PathBuf::from((place + 1).to_string()) } else { PathBuf::new() };
    let analysed = models
        .iter()
        .enumerate()
        .map(|(place, model)| Analysed::of(model, &texts, options, &out.join(folder(place)), common))
        .collect::<Result<Vec<_>, Failure>>()?;
    let verification = verify(catalogue(), Settings { seed: common.seed, ..Settings::default() });
    let labels = labels(analysed.iter().map(|one| one.document.checkpoint.name.as_str()));
    let parts: Vec<Part<'_>> = analysed
        .iter()
        .zip(&labels)
        .map(|(one, label)| Part { label, document: &one.document, thumbnails: one.thumbnails.as_ref() })
        .collect();
    let contents = Contents { verification: &verification, parts: &parts, command: &command(), seed: common.seed };
    let page = page(&contents)?;
    let heads = analysed.iter().map(|one| one.document.heads.len()).sum();
    let (mut files, mut states) = (Vec::new(), Vec::new());
    for (place, one) in analysed.into_iter().enumerate() {
        files.extend(one.files.into_iter().map(|(name, contents)| (folder(place).join(name), contents)));
        states.extend(one.state);
    }
    // The page comes last: where it is, the rest is.
    files.push((PathBuf::from("index.html"), page.into_bytes()));
    output::write_folder(out, &files)?;
    states.into_iter().try_for_each(State::remove)?;

    let ok = verification.ok;
    let answer = Answer {
        schema: "ropelet.report/1",
        files: files.iter().map(|(name, _)| out.join(name)).collect(),
        statements: verification.statements.len(),
        heads,
        ok,
    };
    if common.json {
        output::print_json(&answer)?;
    } else {
        let expected = verification.statements.iter().filter(|outcome| outcome.expected).count();
        output::print(&format!(
            "{expected} of {} statements as expected, {} heads measured: {}",
            answer.statements,
            answer.heads,
            out.join("index.html").display()
        ))?;
    }
    Ok(if ok { Outcome::Success } else { Outcome::Contradicted })
}

/// One checkpoint of the report.
struct Analysed {
    document: Document,
    thumbnails: Option<Thumbnails>,
    /// What was made now and is to be written; of an earlier run there is nothing to write.
    files: Vec<(&'static str, Vec<u8>)>,
    /// Its sums on disk, until that is written.
    state: Option<State>,
}

impl Analysed {
    /// Measures a checkpoint, or reads what was measured before.
    fn of(model: &Path, texts: &[PathBuf], options: &Options, folder: &Path, common: &Common) -> Result<Self, Failure> {
        if is_analysis(model) {
            let json = fs::read(model).map_err(|error| Failure::at(model, error))?;
            return Ok(Self { document: Document::read(&json, model)?, thumbnails: None, files: vec![], state: None });
        }
        let (analysis, state) = analyze::analyze(model, texts, options, folder, common)?;
        let text = analysis.texts.iter().find(|text| text.rows > 0).expect("heads were measured on some text");
        let heads: Vec<(usize, usize)> = analysis.heads.iter().map(|head| (head.layer, head.head)).collect();
        let thumbnails = Some(Thumbnails::read(model, Path::new(&text.name), &heads, common)?);
        let files = analyze::encoded(&analysis)?;
        let (_, json) =
            files.iter().find(|(name, _)| *name == "analysis.json").expect("an analysis is written as JSON");
        Ok(Self { document: Document::read(json, model)?, thumbnails, files, state: Some(state) })
    }
}

/// Whether this names the file of an analysis rather than a checkpoint.
fn is_analysis(model: &Path) -> bool {
    model.extension().is_some_and(|extension| extension == "json") && !model.is_dir()
}

/// The last part of each name, with a number where that is not unlike the others.
fn labels<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let label = |name: &str| {
        let last = name.trim_end_matches('/').rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or(name);
        let numbered = (2..).map(|number| format!("{last}-{number}"));
        let label = std::iter::once(last.to_owned()).chain(numbered).find(|label| taken.insert(label.clone()));
        label.expect("there are endlessly many")
    };
    names.map(label).collect()
}

/// A folder of the repository: under the current directory, else where this program was built.
fn of_the_repository(folder: &str, reason: &str) -> Result<PathBuf, Failure> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let found = [PathBuf::from(folder), built].into_iter().find(|path| path.is_dir());
    found.ok_or_else(|| {
        let source = env!("CARGO_MANIFEST_DIR");
        Failure::new(format!("{reason}, and there is no folder {folder} here or in {source}; name one"))
    })
}

/// The command that was typed, as a shell would take it again.
fn command() -> String {
    let plain = |word: &String| word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./=:,".contains(c));
    let words = std::env::args()
        .skip(1)
        .map(|word| if plain(&word) && !word.is_empty() { word } else { format!("'{}'", word.replace('\'', "'\\''")) });
    shown(&std::iter::once("ropelet".to_owned()).chain(words).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_of_one_name_get_labels_of_their_own() {
        assert_eq!(labels(["a/llama", "b/llama/", "bloom", "/"].into_iter()), ["llama", "llama-2", "bloom", "/"]);
    }
}
