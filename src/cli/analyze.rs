mod ruscio;

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use super::texts::Texts;
use super::{Common, Failure, Outcome, head_map, heads_table, output, progress};
use crate::heads::{self, Analysis, Dirichlet, Place, Plan, Recorded, Recorder, Settings, SinkRule, Source, Taper};
use crate::model::{Budget, Checkpoint, Decoder, Devices, Position, record};
use crate::wavelet::{Parameters, by_name};

/// Measure a checkpoint's attention heads against null models
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder in Hugging Face layout, or org/name in the local hub cache
    model: PathBuf,
    /// Texts to read: files, or folders of .txt and .md files
    #[arg(long, required = true, num_args = 1.., value_name = "F")]
    text: Vec<PathBuf>,
    /// Folder for heads.parquet and analysis.json; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
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

/// How heads are measured; shared with `report`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Tokens that the model reads at once [default: what it was made for, at most 1024]
    #[arg(long, value_name = "TOKENS")]
    length: Option<usize>,
    /// Lags of a profile and points of a spectrum: a power of two
    #[arg(long, default_value_t = 256, value_name = "N")]
    lags: usize,
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
    /// --draws fresh heads of its layer
    #[arg(long, default_value = "auto", value_name = "N")]
    untrained: Untrained,
    /// Groups of texts, which intervals are a bootstrap over: a text belongs to that of its place in the list
    #[arg(long, default_value_t = NonZeroU16::new(64).unwrap(), value_name = "N")]
    groups: NonZeroU16,
    /// Let windows be longer than what a rotary model was made for
    #[arg(long)]
    allow_extrapolation: bool,
    /// Memory that weights may take, such as 2GiB, or `all`: what fits stays between passes over the
    /// texts [default: one layer]
    #[arg(long, value_name = "SIZE")]
    budget: Option<Budget>,
}

/// [`SinkRule`] as a word.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
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
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TaperName {
    None,
    Hann,
}

/// How many fresh initialisations.
#[derive(Debug, Clone, Copy)]
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
    /// The number of seeds for a model with this many heads in each layer.
    fn seeds(self, draws: usize, heads: &[usize]) -> usize {
        match self {
            Self::Auto => draws.div_ceil(heads.iter().copied().min().unwrap_or(1).max(1)),
            Self::Seeds(seeds) => seeds.into(),
        }
    }
}

/// The longest window that is taken without being asked for.
const DEFAULT_LENGTH: usize = 1024;

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let Arguments { model, text, out, protocol, options, ruscio } = arguments;
    if out.exists() && !out.is_dir() {
        return Err(Failure::at(out, "is a file, expected a folder"));
    }
    if *protocol == Protocol::Ruscio {
        return ruscio::run((model, text, out), (options, ruscio), common);
    }
    if let Some(option) = ruscio.given() {
        return Err(Failure::new(format!("{option} is part of --protocol ruscio")));
    }
    let analysis = analyze(model, text, options, common)?;
    output::write_folder(out, &encoded(&analysis)?)?;
    if common.json {
        output::print_json(&analysis)?;
    } else {
        output::print(&summary(&analysis, out))?;
        output::print(&head_map::overview(&analysis, head_map::Paper::stdout()))?;
    }
    Ok(Outcome::Success)
}

/// The files of an analysis, name and contents.
pub(super) fn encoded(analysis: &Analysis) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    let mut table = Vec::new();
    heads_table::write(analysis, &mut table)?;
    Ok(vec![("heads.parquet", table), ("analysis.json", serde_json::to_vec(analysis)?)])
}

/// Reads the texts, runs the model and its untrained copies, and compares.
pub(super) fn analyze(
    model: &Path,
    texts: &[PathBuf],
    options: &Options,
    common: &Common,
) -> Result<Analysis, Failure> {
    let checkpoint = Checkpoint::open(model)?;
    let (devices, precision) = (common.device.parse::<Devices>()?, common.precision());
    let spec = checkpoint.spec();
    let heads_of: Vec<usize> = spec.layers.iter().map(|layer| layer.attention.heads).collect();
    let longest = spec.max_positions.map_or(DEFAULT_LENGTH, |limit| limit.min(DEFAULT_LENGTH));
    let (window, lags) = (options.length.unwrap_or(longest), options.lags);
    if window <= lags {
        return Err(Failure::new(format!(
            "--length {window} is not more than --lags {lags}: no row would have them all"
        )));
    }
    let sink = options.sink.into();
    let taper = match options.taper {
        TaperName::None => Taper::None,
        TaperName::Hann => Taper::Hann,
    };
    let draws = usize::from(options.draws);
    let seeds = options.untrained.seeds(draws, &heads_of);
    let settings = Settings {
        window,
        plan: Arc::new(Plan::new(lags, sink, taper)?),
        pool_untrained_heads: spec
            .layers
            .iter()
            .all(|l| matches!(l.attention.position, Position::None | Position::Rotary(_))),
        seed: common.seed,
        wavelet: by_name(&options.wavelet, &Parameters::default())?,
    };
    let cut = (settings.window, settings.plan.lags());
    let mut texts = Texts::list(checkpoint.tokenizer()?, texts, cut)?;
    // Only now is it known that a text has as many tokens as lags were asked for.
    let trained = Recorder::each(&heads_of, &settings.plan, usize::from(options.groups.get()), draws, settings.seed);

    let total = texts.rows() * heads_of.iter().sum::<usize>() * (1 + seeds);
    let bar = progress::bar(common, total as u64, "rows");
    let mut run = |checkpoint: &Checkpoint, recorders: Vec<Recorder>, message: String| {
        let budget = options.budget.unwrap_or_default();
        let mut decoder = Decoder::new(checkpoint, &devices, precision)?.with_budget(budget)?;
        if options.allow_extrapolation {
            decoder = decoder.allow_extrapolation();
        }
        bar.set_message(message);
        recorded(&decoder, &mut texts, recorders, &bar)
    };
    let trained = run(&checkpoint, trained, "trained".to_owned())?;
    let mut untrained = Vec::new();
    for draw in 0..seeds {
        let recorders = Recorder::each(&heads_of, &settings.plan, 1, 0, settings.seed);
        let fresh = checkpoint.untrained(settings.seed.wrapping_add(draw as u64));
        untrained.push(run(&fresh, recorders, format!("untrained {} of {seeds}", draw + 1))?);
    }
    bar.set_message("null models");
    let mut dirichlet = Dirichlet::new(&settings.plan, draws, settings.seed);
    for file in texts.files() {
        for (window, tokens) in file.text.windows.iter().enumerate() {
            dirichlet.window(Place { text: file.place, window }, *tokens);
        }
    }
    let source = Source {
        name: model.display().to_string(),
        family: spec.family.to_owned(),
        layers: spec.layers.len(),
        heads: heads_of,
        device: common.device.clone(),
        dtype: precision.to_string(),
    };
    let texts = texts.files().iter().map(|file| file.text.clone()).collect();
    let recorded = Recorded { trained: &trained, untrained: &untrained, dirichlet: &dirichlet };
    let analysis = heads::analyze(&settings, source, texts, recorded)?;
    bar.finish_and_clear();
    Ok(analysis)
}

/// Tokens that go through the model together: enough to make reading a layer worthwhile, few enough
/// for their residual streams, and the sums that the heads of a layer have of each window, to be a quarter of
/// a GiB each.
const TOKENS_AT_ONCE: usize = 1 << 16;
const STREAM_BYTES: usize = 1 << 28;
const WINDOW_BYTES: usize = 1 << 28;

fn recorded(
    decoder: &Decoder<'_>,
    texts: &mut Texts,
    mut recorders: Vec<Recorder>,
    bar: &ProgressBar,
) -> Result<Vec<Recorder>, Failure> {
    let spec = decoder.spec();
    let heads = spec.layers.iter().map(|layer| layer.attention.heads).max().unwrap_or(1);
    let window_bytes = recorders.first().map_or(1, |recorder| heads * recorder.window_bytes());
    let tokens = TOKENS_AT_ONCE.min(STREAM_BYTES / (spec.hidden * 4));
    let tokens = tokens.min((WINDOW_BYTES / window_bytes).saturating_mul(texts.longest()));
    let mut windows = 0;
    while windows < texts.windows() {
        let batch = texts.batch(windows, tokens)?;
        record(decoder, &batch.windows, &batch.places, &mut recorders, &|rows| bar.inc(rows))?;
        windows += batch.windows.len();
    }
    Ok(recorders)
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
