mod attention;
mod claims;
mod measured;
mod page;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::analyze::Options;
use super::{Common, Failure, Outcome, analyze, output};
use crate::theorem::{Settings, catalogue, verify};
use page::{Contents, page};

/// Verify, analyze and draw, as one self-contained page
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder in Hugging Face layout, or org/name in the local hub cache [default: the small
    /// trained checkpoint of the repository]
    model: Option<PathBuf>,
    /// Texts to read: files, or folders of .txt and .md files [default: docs/text of the repository]
    #[arg(long, num_args = 1.., value_name = "F")]
    text: Vec<PathBuf>,
    /// Folder for index.html, heads.parquet and analysis.json; it is made if it is not there
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
    let model = match &arguments.model {
        Some(model) => model.clone(),
        None => of_the_repository("tests/data/llama", "no MODEL was named")?,
    };
    let texts = match arguments.text.as_slice() {
        [] => vec![of_the_repository("docs/text", "no --text was named")?],
        texts => texts.to_vec(),
    };
    let verification = verify(catalogue(), Settings { seed: common.seed, ..Settings::default() });
    let analysis = analyze::analyze(&model, &texts, options, common)?;
    let shown = measured::extremes(&analysis);
    let text = analysis.texts.iter().find(|text| text.rows > 0).expect("heads were measured on some text");
    let attention = attention::first_tokens(&model, text, &shown, common)?;
    let page = page(&Contents {
        verification: &verification,
        analysis: &analysis,
        shown: &shown,
        attention: &attention,
        command: &command(),
        seed: common.seed,
    });
    let mut files = analyze::encoded(&analysis)?;
    files.push(("index.html", page.into_bytes()));
    output::write_folder(out, &files)?;

    let ok = verification.ok;
    let answer = Answer {
        schema: "ropelet.report/1",
        files: files.iter().map(|(name, _)| out.join(name)).collect(),
        statements: verification.statements.len(),
        heads: analysis.heads.len(),
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
    std::iter::once("ropelet".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
