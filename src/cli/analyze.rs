use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use indicatif::ProgressBar;

use super::{Common, Failure, Outcome, heads_table, output, progress};
use crate::heads::{self, Analysis, Plan, Recorder, Settings, SinkRule, Source, Taper, Text};
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
    #[command(flatten)]
    options: Options,
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
    /// Draws of the null models made from rows: shuffled keys, Dirichlet rows, ALiBi exponentials
    #[arg(long, default_value_t = 16, value_name = "N")]
    draws: u16,
    /// Fresh initialisations of the same configuration for the null model of untrained weights
    #[arg(long, default_value_t = 4, value_name = "N")]
    untrained: u16,
    /// Let windows be longer than what a rotary model was made for
    #[arg(long)]
    allow_extrapolation: bool,
    /// Memory that weights may take, such as 2GiB, or `all`: what fits stays between passes over the
    /// texts [default: one layer]
    #[arg(long, value_name = "SIZE")]
    budget: Option<Budget>,
}

/// The longest window that is taken without being asked for.
const DEFAULT_LENGTH: usize = 1024;

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let Arguments { model, text, out, options } = arguments;
    if out.exists() && !out.is_dir() {
        return Err(Failure::at(out, "is a file, expected a folder"));
    }
    let analysis = analyze(model, text, options, common)?;
    output::write_folder(out, &encoded(&analysis)?)?;
    if common.json {
        output::print_json(&analysis)?;
    } else {
        output::print(&summary(&analysis, out))?;
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
    let settings = Settings {
        window,
        plan: Arc::new(Plan::new(lags, SinkRule::Kept, Taper::None)?),
        draws: options.draws.into(),
        pool_untrained_heads: spec
            .layers
            .iter()
            .all(|l| matches!(l.attention.position, Position::None | Position::Rotary(_))),
        seed: common.seed,
        wavelet: by_name(&options.wavelet, &Parameters::default())?,
    };
    let (texts, windows) = read(&checkpoint, texts, &settings)?;
    // Only now is it known that a text has as many tokens as lags were asked for.
    let trained = Recorder::each(&heads_of, &settings.plan, settings.draws, settings.seed);

    let rows: usize = texts.iter().map(|text| text.rows).sum();
    let total = rows * heads_of.iter().sum::<usize>() * (1 + usize::from(options.untrained));
    let bar = progress::bar(common, total as u64, "rows");
    let run = |checkpoint: &Checkpoint, recorders: Vec<Recorder>, message: String| {
        let budget = options.budget.unwrap_or_default();
        let mut decoder = Decoder::new(checkpoint, &devices, precision)?.with_budget(budget)?;
        if options.allow_extrapolation {
            decoder = decoder.allow_extrapolation();
        }
        bar.set_message(message);
        recorded(&decoder, &windows, recorders, &bar)
    };
    let trained = run(&checkpoint, trained, "trained".to_owned())?;
    let mut untrained = Vec::new();
    for draw in 0..options.untrained {
        let recorders = Recorder::each(&heads_of, &settings.plan, 0, settings.seed);
        let fresh = checkpoint.untrained(settings.seed.wrapping_add(draw.into()));
        untrained.push(run(&fresh, recorders, format!("untrained {} of {}", draw + 1, options.untrained))?);
    }
    bar.finish_and_clear();
    let source = Source {
        name: model.display().to_string(),
        family: spec.family.to_owned(),
        layers: spec.layers.len(),
        heads: heads_of,
        device: common.device.clone(),
        dtype: precision.to_string(),
    };
    Ok(heads::analyze(&settings, source, texts, &trained, &untrained)?)
}

/// Tokens that go through the model together: enough to make reading a layer worthwhile, few enough
/// for their residual streams to be a quarter of a GiB.
const TOKENS_AT_ONCE: usize = 1 << 16;
const STREAM_BYTES: usize = 1 << 28;

fn recorded(
    decoder: &Decoder<'_>,
    windows: &[Vec<u32>],
    mut recorders: Vec<Recorder>,
    bar: &ProgressBar,
) -> Result<Vec<Recorder>, Failure> {
    let longest = windows.iter().map(Vec::len).max().unwrap_or(1);
    let token = decoder.spec().hidden * 4;
    let at_once = (TOKENS_AT_ONCE.min(STREAM_BYTES / token) / longest).max(1);
    for (part, windows) in windows.chunks(at_once).enumerate() {
        record(decoder, windows, part * at_once, &mut recorders, &|rows| bar.inc(rows))?;
    }
    Ok(recorders)
}

/// The texts and their windows of tokens.
fn read(
    checkpoint: &Checkpoint,
    paths: &[PathBuf],
    settings: &Settings,
) -> Result<(Vec<Text>, Vec<Vec<u32>>), Failure> {
    let tokenizer = checkpoint.tokenizer()?;
    let (mut texts, mut windows) = (Vec::new(), Vec::new());
    for (path, named) in files(paths)? {
        let contents = fs::read_to_string(&path).map_err(|error| Failure::at(&path, error))?;
        let tokens = tokenizer.encode(&contents).map_err(|error| Failure::at(&path, error))?;
        let text = Text::cut(path.display().to_string(), tokens.len(), settings.window, settings.plan.lags());
        if text.rows == 0 && named {
            let needed = settings.plan.lags();
            return Err(Failure::at(&path, format!("{} tokens, expected more than --lags {needed}", tokens.len())));
        }
        let mut rest = tokens.as_slice();
        for &length in &text.windows {
            let (window, after) = rest.split_at(length);
            windows.push(window.to_vec());
            rest = after;
        }
        texts.push(text);
    }
    if windows.is_empty() {
        return Err(Failure::new(format!("no text has more than --lags {} tokens", settings.plan.lags())));
    }
    Ok((texts, windows))
}

/// The files to read, and whether each was named itself rather than its folder.
fn files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, bool)>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push((path.clone(), true));
            continue;
        }
        let is_text = |file: &Path| {
            let extension = file.extension().and_then(OsStr::to_str);
            matches!(extension, Some("txt" | "md")) && file.is_file()
        };
        let entries = fs::read_dir(path).map_err(|error| Failure::at(path, error))?;
        let entries = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
        let mut found: Vec<_> = entries.map_err(|error| Failure::at(path, error))?;
        found.retain(|file| is_text(file));
        if found.is_empty() {
            return Err(Failure::at(path, "has no .txt or .md file"));
        }
        found.sort();
        files.extend(found.into_iter().map(|file| (file, false)));
    }
    Ok(files)
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
