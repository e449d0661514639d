use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::passes::Passes;
use super::state::{FILE, Run, Saved};
use super::{Common, Failure, Outcome, analyze};

/// Put together what the shards of an analysis have recorded
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folders that `ropelet analyze --shard I/N` has written, all N of them in any order
    #[arg(required = true, value_name = "DIR")]
    shards: Vec<PathBuf>,
    /// Folder for what `ropelet analyze` writes; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    files: analyze::Files,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let Arguments { shards, out, files } = arguments;
    if out.exists() && !out.is_dir() {
        return Err(Failure::at(out, "is a file, expected a folder"));
    }
    let shards = in_order(shards)?;
    let mut whole: Option<Passes> = None;
    let mut texts = BTreeMap::new();
    for folder in shards.values() {
        let (file, Saved { run, vectors, .. }) = saved(folder)?;
        texts.extend(run.texts.iter().map(|read| (read.place, read.text.clone())));
        let mut passes = Passes::new(run)?;
        passes.restore(vectors, &file)?;
        match &mut whole {
            Some(whole) => whole.add(&passes)?,
            None => whole = Some(passes),
        }
    }
    let passes = whole.expect("at least one folder is named");
    let analysis = passes.analysis(texts.into_values().collect())?;
    analyze::write(&analysis, out, *files, common)?;
    Ok(Outcome::Success)
}

/// The folders by the numbers of their shards: all that there are, each once, and of one analysis.
fn in_order(folders: &[PathBuf]) -> Result<BTreeMap<usize, &Path>, Failure> {
    let mut first: Option<(PathBuf, Run)> = None;
    let mut shards: BTreeMap<usize, &Path> = BTreeMap::new();
    for folder in folders {
        let (file, Saved { run, position, .. }) = saved(folder)?;
        let Some(share) = run.share else {
            return Err(Failure::at(&file, "`share` is null, expected that of a run with --shard"));
        };
        if !Passes::new(run.clone())?.is_end(position) {
            let found = format!("`position` is pass {}, window {}", position.pass, position.windows);
            return Err(Failure::at(&file, format!("{found}, expected the end: the shard is not finished")));
        }
        if let Some(other) = shards.insert(share.number(), folder) {
            return Err(Failure::at(&file, format!("shard {share} was already found in {}", other.display())));
        }
        // What shards have of their own is the share and its texts.
        let of_all = Run { share: None, texts: Vec::new(), ..run };
        let (known_file, known, known_of) = match &first {
            Some((known_file, known)) => (known_file, known, shards_of(known)),
            None => {
                let known = first.insert((file.clone(), Run { share: Some(share), ..of_all.clone() }));
                (&known.0, &known.1, share.of())
            }
        };
        let expected = Run { share: None, ..known.clone() };
        let of = (share.of() != known_of).then(|| ("share".to_owned(), format!("I/{known_of}"), share.to_string()));
        if let Some((key, expected, found)) = of.or_else(|| Run::difference(&expected, &of_all)) {
            let reason = format!("`{key}` is {found}, expected {expected} as in {}", known_file.display());
            return Err(Failure::at(&file, reason));
        }
    }
    let of = first.as_ref().map_or(0, |(_, run)| shards_of(run));
    if let Some(missing) = (1..=of).find(|number| !shards.contains_key(number)) {
        let found: Vec<String> = shards.keys().map(usize::to_string).collect();
        return Err(Failure::new(format!("shard {missing}/{of} is missing; found {} of {of}", found.join(", "))));
    }
    Ok(shards)
}

fn shards_of(run: &Run) -> usize {
    run.share.map_or(0, |share| share.of())
}

fn saved(folder: &Path) -> Result<(PathBuf, Saved), Failure> {
    let file = folder.join(FILE);
    match Saved::of(folder)? {
        Some(saved) => Ok((file, saved)),
        None => Err(Failure::at(&file, "there is no such file, expected the sums of a shard")),
    }
}
