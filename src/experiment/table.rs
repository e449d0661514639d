use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Serialize;
use statrs::statistics::Statistics;

use super::{Configuration, ExperimentError, Outcome, Published, RunFolder, Variant, published};

/// Tokens of a training window in the published runs.
const PUBLISHED_LENGTH: usize = 512;

/// A run as it is found in a folder.
#[derive(Debug, Clone)]
pub struct FoundRun {
    /// Where it is.
    pub folder: RunFolder,
    /// What it was begun with.
    pub configuration: Configuration,
    /// The last record's step and loss.
    pub last: Option<(usize, f64)>,
    /// What it has found, if it is finished.
    pub outcome: Option<Outcome>,
}

/// The runs of a folder, in the order of [`Variant::ALL`], then by name and seed.
///
/// # Errors
/// The folder cannot be read, or holds something that looks like a run and is none.
pub fn find(set: &Path) -> Result<Vec<FoundRun>, ExperimentError> {
    let io = |source| ExperimentError::Io { file: set.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(set).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|_| entry.path().is_dir()) else { continue };
        let folder = RunFolder::new(set, name);
        let Some(configuration) = folder.configuration()? else { continue };
        let last = folder.records()?.last().map(|record| (record.step, record.loss));
        found.push(FoundRun { outcome: folder.outcome()?, last, folder, configuration });
    }
    let place = |name: &str| Variant::ALL.iter().position(|known| *known == name).unwrap_or(usize::MAX);
    found.sort_by_key(|run| {
        (place(&run.configuration.encoding), run.configuration.encoding.clone(), run.configuration.seed)
    });
    Ok(found)
}

/// A mean over seeds, with how far they spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of one seed, from `n - 1`; nothing for a single seed.
    pub standard_deviation: Option<f64>,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let standard_deviation = (values.len() > 1).then(|| values.std_dev());
        Self { mean: values.mean(), standard_deviation }
    }
}

/// One length of one variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Tokens of a window, or for copying of what is read.
    pub length: usize,
    /// Perplexity of windows read whole, or the share of a string that is copied.
    pub whole: Spread,
    /// Perplexity in chunks of the training length; nothing for copying.
    pub chunked: Option<Spread>,
}

/// What the seeds of one variant have found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The variant.
    pub encoding: String,
    /// Seeds of finished runs.
    pub seeds: Vec<u64>,
    /// Seeds that other variants have and this one has not finished.
    pub missing: Vec<u64>,
    /// Perplexity by length; empty for the copying task.
    pub perplexity: Vec<Cell>,
    /// The share of random strings that is copied, by length.
    pub copied: Vec<Cell>,
    /// What a paper gives for the variant, where it was trained at the same length.
    pub published: Option<&'static Published>,
}

/// The runs of a folder beside each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What all runs share; their encodings and seeds are those of the first.
    pub configuration: Configuration,
    /// One row for each variant.
    pub rows: Vec<Row>,
}

/// Compares the finished runs.
///
/// # Errors
/// There is no run, or two differ in more than encoding and seed.
pub fn compare(set: &Path, runs: &[FoundRun]) -> Result<Comparison, ExperimentError> {
    let Some(first) = runs.first() else { return Err(ExperimentError::NoRuns { folder: set.to_owned() }) };
    let seeds: BTreeSet<u64> = runs.iter().map(|run| run.configuration.seed).collect();
    let mut by_name: Vec<(&str, Vec<&FoundRun>)> = Vec::new();
    for run in runs {
        let configuration = &run.configuration;
        let alike = Configuration {
            encoding: configuration.encoding.clone(),
            seed: configuration.seed,
            ..first.configuration.clone()
        };
        super::training::refuse_other(&run.folder.path().join("run.json"), configuration, &alike)?;
        match by_name.last_mut().filter(|(name, _)| *name == configuration.encoding) {
            Some((_, of_name)) => of_name.push(run),
            None => by_name.push((&configuration.encoding, vec![run])),
        }
    }
    let rows = by_name.into_iter().map(|(name, runs)| {
        let outcomes: Vec<&Outcome> = runs.iter().filter_map(|run| run.outcome.as_ref()).collect();
        let finished: Vec<u64> = outcomes.iter().map(|outcome| outcome.configuration.seed).collect();
        let mut perplexity: BTreeMap<usize, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
        let mut copied: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for outcome in outcomes {
            for at in &outcome.perplexities {
                let (whole, chunked) = perplexity.entry(at.length).or_default();
                whole.push(at.perplexity);
                chunked.push(at.chunked_perplexity);
            }
            for at in &outcome.copied {
                copied.entry(at.tokens).or_default().push(at.accuracy);
            }
        }
        Row {
            encoding: name.to_owned(),
            missing: seeds.iter().copied().filter(|seed| !finished.contains(seed)).collect(),
            seeds: finished,
            published: published(name).filter(|_| first.configuration.preset.recipe.train_length == PUBLISHED_LENGTH),
            perplexity: perplexity
                .into_iter()
                .map(|(length, (whole, chunked))| Cell {
                    length,
                    whole: Spread::of(&whole),
                    chunked: Some(Spread::of(&chunked)),
                })
                .collect(),
            copied: copied
                .into_iter()
                .map(|(length, shares)| Cell { length, whole: Spread::of(&shares), chunked: None })
                .collect(),
        }
    });
    Ok(Comparison { configuration: first.configuration.clone(), rows: rows.collect() })
}
