mod ruscio;

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::passes::{Job, recorded};
use super::share::Share;
use super::state::{Pace, Run, State};
use super::{Common, Failure, Outcome, compare, curves, head_map, heads_table, output};
use crate::heads::{Analysis, Plan, Settings, SinkRule, Taper};
use crate::model::Budget;
use crate::wavelet::{Parameters, by_name};

/// Measure a checkpoint's attention heads against null models
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder in Hugging Face layout, or org/name in the local hub cache; several with --compare
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<PathBuf>,
    /// Texts to read: files, or folders of .txt and .md files
    #[arg(long, required = true, num_args = 1.., value_name = "F")]
    text: Vec<PathBuf>,
    /// Folder for heads.parquet and analysis.json; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Read only this share of the texts, of N alike, and write only its sums: `ropelet merge` puts those of
    /// all shards together
    #[arg(long, value_name = "I/N")]
    shard: Option<Share>,
    /// Measure several checkpoints on the same texts, each into its folder in DIR, and write how the medians over
    /// their heads change in the order given: compare.json, compare.parquet, compare.svg
    #[arg(long, conflicts_with = "shard")]
    compare: bool,
    /// Save the sums about this often, for the same command to go on from if this one is killed
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    save_every: u64,
    #[command(flatten)]
    files: Files,
    /// Whose definitions are measured: ours, or those of Ruscio et al., beside their table, in ruscio.json
    #[arg(long, value_enum, default_value_t = Protocol::Ropelet, value_name = "NAME")]
    protocol: Protocol,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    ruscio: ruscio::Options,
}

/// Whose definitions are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Protocol {
    Ropelet,
    Ruscio,
}

/// What is written beside the tables.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct Files {
    /// Write profiles, spectra and scalograms of all heads as curves.safetensors, too
    #[arg(long)]
    curves: bool,
}

/// How heads are measured; shared with `report`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub(super) struct Options {
    /// Tokens that the model reads at once [default: what it was made for, at most 1024]
    #[arg(long, value_name = "TOKENS")]
    length: Option<usize>,
    /// Lags of a profile and points of a spectrum: a power of two
    #[arg(long, default_value_t = 256, value_name = "N")]
    pub(super) lags: usize,
    /// Mother wavelet of the transforms, with its default parameters
    #[arg(long, default_value = "ricker", value_name = "NAME")]
    wavelet: String,
    /// What becomes of the attention to key 0: `removed` shares it among the other keys
    #[arg(long, default_value = "kept", value_enum)]
    sink: Sink,
    /// What signals are multiplied by before a Fourier transform
    #[arg(long, default_value = "none", value_enum)]
    taper: TaperName,
    /// Draws of the null models made from rows: shuffled keys, Dirichlet rows, exponential windows, sinks
    #[arg(long, default_value_t = 200, value_name = "N")]
    draws: u16,
    /// Fresh initialisations for the null model of untrained weights, or `auto`: as many as give each head
    /// --draws fresh heads that it can be compared with
    #[arg(long, default_value = "auto", value_name = "N")]
    untrained: Untrained,
    /// Groups of texts, which intervals are a bootstrap over: a text belongs to that of its place in the list
    #[arg(long, default_value_t = NonZeroU16::new(64).unwrap(), value_name = "N")]
    groups: NonZeroU16,
    /// Let windows be longer than what a rotary model was made for
    #[arg(long)]
    pub(super) allow_extrapolation: bool,
    /// Memory that weights may take, such as 2GiB, or `all`: what fits stays between passes over the
    /// texts [default: one layer]
    #[arg(long, value_name = "SIZE")]
    #[serde(skip)]
    budget: Option<Budget>,
    /// Tokens that go through the model together [default: 65536, or as many as have residual streams of
    /// 256 MiB]
    #[arg(long, value_name = "TOKENS")]
    #[serde(skip)]
    batch: Option<usize>,
}

/// [`SinkRule`] as a word.
#[derive(Debug, Clone, Copy, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sink {
    Kept,
    Removed,
}

impl From<Sink> for SinkRule {
    fn from(word: Sink) -> Self {
        match word {
            Sink::Kept => Self::Kept,
            Sink::Removed => Self::Removed,
        }
    }
}

/// [`Taper`] as a word.
#[derive(Debug, Clone, Copy, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TaperName {
    None,
    Hann,
}

/// How many fresh initialisations.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Untrained {
    Auto,
    Seeds(u16),
}

impl FromStr for Untrained {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "auto" => Ok(Self::Auto),
            number => number.parse().map(Self::Seeds).map_err(|_| "expected a number below 65536, or auto".to_owned()),
        }
    }
}

impl Untrained {
    /// The number of seeds for a model with this many heads in each layer, each of which stands for all of its layer
    /// where they are exchangeable.
    fn seeds(self, draws: usize, heads: &[usize], exchangeable: bool) -> usize {
        match self {
            Self::Auto if !exchangeable => draws,
            Self::Auto => draws.div_ceil(heads.iter().copied().min().unwrap_or(1).max(1)),
            Self::Seeds(seeds) => seeds.into(),
        }
    }
}

/// The longest window that is taken without being asked for.
const DEFAULT_LENGTH: usize = 1024;

/// Tokens that go through the model together: enough to make reading a layer worthwhile, few enough
/// for their residual streams to be a quarter of a GiB.
const TOKENS_AT_ONCE: usize = 1 << 16;
const STREAM_BYTES: usize = 1 << 28;

impl Options {
    /// The longest window, for a model of so many positions.
    pub(super) fn window(&self, max_positions: Option<usize>) -> Result<usize, Failure> {
        let longest = max_positions.map_or(DEFAULT_LENGTH, |limit| limit.min(DEFAULT_LENGTH));
        let (window, lags) = (self.length.unwrap_or(longest), self.lags);
        if window <= lags {
            let reason = "no row would have them all";
            return Err(Failure::new(format!("--length {window} is not more than --lags {lags}: {reason}")));
        }
        Ok(window)
    }

    /// Draws of the null models that are made from rows.
    pub(super) fn draws(&self) -> usize {
        self.draws.into()
    }

    /// Fresh initialisations of a model with this many heads in each layer, exchangeable or not.
    pub(super) fn seeds(&self, heads: &[usize], exchangeable: bool) -> usize {
        self.untrained.seeds(self.draws(), heads, exchangeable)
    }

    /// Groups that texts belong to.
    pub(super) fn groups(&self) -> usize {
        self.groups.get().into()
    }

    /// Tokens that go through a model of this width together. No number depends on it.
    pub(super) fn batch(&self, hidden: usize) -> usize {
        self.batch.unwrap_or(TOKENS_AT_ONCE.min(STREAM_BYTES / (hidden * 4)))
    }

    pub(super) fn budget(&self) -> Budget {
        self.budget.unwrap_or_default()
    }
}

/// How the heads of a run are measured.
pub(super) fn settings(run: &Run) -> Result<Settings, Failure> {
    let options = &run.protocol;
    let taper = match options.taper {
        TaperName::None => Taper::None,
        TaperName::Hann => Taper::Hann,
    };
    Ok(Settings {
        window: run.window,
        plan: Arc::new(Plan::new(options.lags, options.sink.into(), taper)?),
        pool_untrained_heads: run.exchangeable_heads,
        seed: run.seed,
        wavelet: by_name(&options.wavelet, &Parameters::default())?,
    })
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let Arguments { models, text, out, shard, compare, save_every, files, protocol, options, ruscio } = arguments;
    if out.exists() && !out.is_dir() {
        return Err(Failure::at(out, "is a file, expected a folder"));
    }
    let pace = Pace(Duration::from_secs(*save_every));
    if *compare != (models.len() > 1) {
        let found = models.len();
        let expected = if *compare { "two or more with --compare" } else { "one, or --compare" };
        return Err(Failure::new(format!("MODEL: found {found}, expected {expected}")));
    }
    if *protocol == Protocol::Ruscio {
        if *compare || shard.is_some() || files.curves {
            return Err(Failure::new("--protocol ruscio: it has no --compare, --shard or --curves"));
        }
        return ruscio::run((&models[0], text, out), (options, ruscio), common);
    }
    if let Some(option) = ruscio.given() {
        return Err(Failure::new(format!("{option} is part of --protocol ruscio")));
    }
    let job = Job { model: &models[0], texts: text, options, share: *shard, pace, common };
    if *compare {
        return compare::run(models, &job, out, *files);
    }
    if let Some(share) = shard {
        return record_share(&job, *share, out);
    }
    let (passes, state) = recorded(&job, out)?;
    write(&passes.analysis(passes.run.all_texts())?, out, *files, common)?;
    state.remove()?;
    Ok(Outcome::Success)
}

/// Reads the texts, runs the model and its untrained copies, and compares. What is saved in `out` meanwhile
/// is to be removed when the results are written.
pub(super) fn analyze(
    model: &Path,
    texts: &[PathBuf],
    options: &Options,
    out: &Path,
    common: &Common,
) -> Result<(Analysis, State), Failure> {
    let (passes, state) = recorded(&Job { model, texts, options, share: None, pace: Pace::default(), common }, out)?;
    Ok((passes.analysis(passes.run.all_texts())?, state))
}

/// What one process of several has done.
#[derive(Serialize)]
struct ShareAnswer {
    schema: &'static str,
    share: Share,
    texts: usize,
    listed: usize,
    rows: usize,
    file: PathBuf,
}

/// Records a share of the texts and leaves its sums.
fn record_share(job: &Job<'_>, share: Share, out: &Path) -> Result<Outcome, Failure> {
    let groups = job.options.groups();
    if share.of() > groups {
        return Err(Failure::new(format!(
            "--shard {share}: a shard takes whole groups of texts, and there are --groups {groups}"
        )));
    }
    let (passes, state) = recorded(job, out)?;
    let texts = passes.run.all_texts();
    let answer = ShareAnswer {
        schema: "ropelet.shard/1",
        share,
        texts: texts.len(),
        listed: passes.run.listed.texts,
        rows: texts.iter().map(|text| text.rows).sum(),
        file: state.file().to_owned(),
    };
    if job.common.json {
        output::print_json(&answer)?;
    } else {
        let ShareAnswer { texts, listed, rows, file, .. } = &answer;
        output::print(&format!(
            "shard {share}: {texts} of {listed} texts, {rows} rows of each head: {}",
            file.display()
        ))?;
    }
    Ok(Outcome::Success)
}

/// Writes the files of an analysis and says so.
pub(super) fn write(analysis: &Analysis, out: &Path, files: Files, common: &Common) -> Result<(), Failure> {
    write_folder(analysis, out, files)?;
    if common.json {
        return output::print_json(analysis);
    }
    output::print(&summary(analysis, out))?;
    output::print(&head_map::overview(analysis, head_map::Paper::stdout()))
}

/// Writes the files of an analysis.
pub(super) fn write_folder(analysis: &Analysis, out: &Path, files: Files) -> Result<(), Failure> {
    let mut encoded = encoded(analysis)?;
    if files.curves {
        encoded.push(("curves.safetensors", curves::encoded(analysis)?));
    }
    output::write_folder(out, &encoded)
}

/// The files of an analysis, name and contents.
pub(super) fn encoded(analysis: &Analysis) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    Ok(vec![
        ("heads.parquet", heads_table::heads(analysis)?),
        ("layers.parquet", heads_table::layers(analysis)?),
        ("analysis.json", serde_json::to_vec(analysis)?),
    ])
}

/// What was measured, in one line.
fn summary(analysis: &Analysis, out: &Path) -> String {
    let rows = analysis.heads.first().map_or(0, |head| head.rows);
    let texts = analysis.texts.iter().filter(|text| text.rows > 0).count();
    format!(
        "{} heads, {rows} rows each, from {texts} text{}: {} and analysis.json",
        analysis.heads.len(),
        if texts == 1 { "" } else { "s" },
        out.join("heads.parquet").display(),
    )
}
