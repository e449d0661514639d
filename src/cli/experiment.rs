use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::output::{print, print_json};
use super::{Common, Failure, Outcome, progress};
use crate::experiment::{
    Cell, Comparison, Configuration, Corpus, Ended, ExperimentError, FoundRun, Preset, Progress, RunFolder, Spread,
    Task, Training, Variant, compare, find,
};
use crate::model::Device;

const SCHEMA: &str = "ropelet.experiment/1";

/// Train tiny decoders that differ only in their positional encoding, and compare them
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Train and measure; what is finished is skipped, what is begun goes on. Exit code 3: stopped by --time-limit
    Run(Run),
    /// Make the tokens that `run` would make, to take them to another machine with --corpus
    Corpus(Texts),
    /// The state of each run in a folder
    List(Folder),
    /// Mean and spread over seeds, beside what is published
    Table(Table),
    /// Loss curves, extrapolation, receptive fields and attention maps as SVG
    #[cfg(feature = "plot")]
    Figures(Figures),
    /// Time training steps
    #[command(hide = true)]
    Bench(Bench),
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    settings: Settings,
    /// `all`, or names such as rope,rope-5e5,alibi,ricker,ricker:2..9x8; any that `ropelet encoding` knows
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "all")]
    encodings: Vec<String>,
    /// One run of each encoding for each seed
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0,1,2")]
    seeds: Vec<u64>,
    /// The text to train on (UTF-8, documents separated by form feeds)
    #[arg(long, value_name = "FILE", requires = "valid")]
    text: Option<PathBuf>,
    /// The text to validate on
    #[arg(long, value_name = "FILE", requires = "text")]
    valid: Option<PathBuf>,
    /// The tokens of both, as an earlier run has left them in its folder, in place of the texts
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    corpus: Option<PathBuf>,
    /// What is trained: the next token of a text, or to repeat a random string
    #[arg(long, value_enum, default_value_t = TaskName::Text)]
    task: TaskName,
    /// Stop in good order after this many seconds
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<u64>,
    /// Steps between two states that a kill leaves to go on from
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..))]
    save_every: u32,
    /// Folder of the runs; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Texts {
    /// The preset whose vocabulary the tokens are of
    #[arg(long, default_value = "mini")]
    preset: String,
    /// The text to train on (UTF-8, documents separated by form feeds)
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// The text to validate on
    #[arg(long, value_name = "FILE")]
    valid: PathBuf,
    /// Folder for corpus-KEY.safetensors; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// A preset and what is changed of it.
#[derive(Debug, Args)]
struct Settings {
    /// tiny (two cores, minutes), mini (one GPU, a minute a run) or paper
    #[arg(long, default_value = "mini")]
    preset: String,
    /// Steps of training; the warm-up is at most a tenth of them
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Tokens of a training window
    #[arg(long, value_name = "N")]
    train_length: Option<usize>,
    /// Windows of a step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// The largest learning rate
    #[arg(long, value_name = "X")]
    learning_rate: Option<f64>,
    /// Lengths of the windows in which validation text is read
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    lengths: Option<Vec<usize>>,
    /// Tokens of the validation text that are read at each length
    #[arg(long, value_name = "N")]
    valid_tokens: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TaskName {
    Text,
    Copy,
}

#[derive(Debug, Args)]
struct Folder {
    /// Folder of the runs
    folder: PathBuf,
}

#[derive(Debug, Args)]
struct Table {
    /// Folder of the runs
    folder: PathBuf,
    /// As a table of Markdown
    #[arg(long)]
    markdown: bool,
}

#[cfg(feature = "plot")]
#[derive(Debug, Args)]
struct Figures {
    /// Folder of the runs
    folder: PathBuf,
    /// Folder for the figures; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The layer whose attention is drawn [default: the last]
    #[arg(long, value_name = "N")]
    layer: Option<usize>,
}

#[derive(Debug, Args)]
struct Bench {
    #[command(flatten)]
    settings: Settings,
    /// The encoding
    #[arg(long, default_value = "rope")]
    encoding: String,
    /// Steps before the clock starts
    #[arg(long, default_value_t = 10)]
    warm: usize,
    /// Steps that are timed together
    #[arg(long, default_value_t = 50)]
    timed: usize,
    /// How often they are timed
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

impl Settings {
    fn preset(&self) -> Result<Preset, Failure> {
        let mut preset = Preset::named(&self.preset)?;
        let recipe = &mut preset.recipe;
        if let Some(steps) = self.steps {
            recipe.steps = steps;
            recipe.warmup = recipe.warmup.min(steps / 10);
        }
        recipe.train_length = self.train_length.unwrap_or(recipe.train_length);
        recipe.batch = self.batch.unwrap_or(recipe.batch);
        recipe.learning_rate = self.learning_rate.unwrap_or(recipe.learning_rate);
        if let Some(lengths) = &self.lengths {
            preset.lengths.clone_from(lengths);
        }
        preset.valid_tokens = self.valid_tokens.unwrap_or(preset.valid_tokens);
        preset.check()?;
        Ok(preset)
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    match &arguments.verb {
        Verb::Run(arguments) => train(arguments, common),
        Verb::Corpus(arguments) => tokens(arguments, common),
        Verb::List(arguments) => list(arguments, common),
        Verb::Table(arguments) => table(arguments, common),
        #[cfg(feature = "plot")]
        Verb::Figures(arguments) => figures(arguments, common),
        Verb::Bench(arguments) => bench(arguments, common),
    }
}

/// The device, and the precision that it trains in.
fn device(common: &Common) -> Result<(Device, &'static str), Failure> {
    if common.dtype.is_some() {
        return Err(Failure::new("--dtype: training is in f32 on a processor, in bf16 with weights in f32 on a GPU"));
    }
    let device: Device = common.device.parse()?;
    let precision = if device.is_cpu() { "f32" } else { "bf16" };
    Ok((device, precision))
}

#[derive(Serialize)]
struct Summary {
    schema: &'static str,
    runs: Vec<RunSummary>,
    finished: bool,
}

#[derive(Serialize)]
struct RunSummary {
    folder: PathBuf,
    encoding: String,
    seed: u64,
    ended: &'static str,
}

fn train(arguments: &Run, common: &Common) -> Result<Outcome, Failure> {
    let until = arguments.time_limit.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let preset = arguments.settings.preset()?;
    let (device, precision) = device(common)?;
    let names: Vec<String> = match arguments.encodings.as_slice() {
        [all] if all == "all" => Variant::ALL.map(str::to_owned).to_vec(),
        names => names.to_vec(),
    };
    // Everything that can be wrong with what was asked is found before the first hour of training.
    let variants = names.iter().map(|name| name.parse()).collect::<Result<Vec<Variant>, _>>()?;
    for variant in &variants {
        variant.encoding(&preset, 0)?;
    }
    let task = match arguments.task {
        TaskName::Text => Task::Text,
        TaskName::Copy => Task::Copy,
    };
    let corpus = corpus(arguments, task, &preset, common)?;
    if let Some(corpus) = &corpus {
        corpus.check(preset.recipe.train_length, preset.valid_tokens)?;
    }
    let (mut runs, total) = (Vec::new(), arguments.seeds.len() * variants.len());
    let (mut stopped, mut diverged) = (false, Vec::new());
    for seed in &arguments.seeds {
        for variant in &variants {
            let configuration = Configuration {
                encoding: variant.name().to_owned(),
                seed: *seed,
                task,
                preset: preset.clone(),
                corpus: corpus.as_ref().map(|corpus| corpus.key.clone()).unwrap_or_default(),
                precision: precision.to_owned(),
            };
            let folder = RunFolder::new(&arguments.out, &format!("{}-s{seed}", variant.folder()));
            let tokens_of_step = (preset.recipe.batch * preset.recipe.train_length) as u64;
            let bar = progress::bar(common, preset.recipe.steps as u64 * tokens_of_step, "tokens");
            let title = format!("{} of {total}: {variant}, seed {seed}", runs.len() + 1);
            let mut begun = false;
            let mut show = |at: Progress| {
                if !begun {
                    // What an earlier call has done is no part of the rate.
                    bar.set_position(at.step as u64 * tokens_of_step);
                    bar.reset_eta();
                    begun = true;
                }
                bar.set_position(at.step as u64 * tokens_of_step);
                bar.set_message(format!("{title}, loss {:.3}", at.loss));
            };
            let save_every = arguments.save_every as usize;
            let ended = folder.go_on(&configuration, corpus.as_ref(), &device, until, save_every, &mut show);
            bar.finish_and_clear();
            let ended = match ended {
                // The others can be trained all the same.
                Err(error @ ExperimentError::Diverged { .. }) => {
                    diverged.push(error.to_string());
                    "diverged"
                }
                Err(error) => return Err(error.into()),
                Ok(Ended::Finished) => "finished",
                Ok(Ended::Already) => "finished before",
                Ok(Ended::Busy) => "busy in another process",
                Ok(Ended::Stopped) => {
                    stopped = true;
                    "stopped"
                }
            };
            runs.push(RunSummary {
                folder: folder.path().to_owned(),
                encoding: configuration.encoding,
                seed: *seed,
                ended,
            });
        }
    }
    if common.json {
        let finished = runs.iter().all(|run| run.ended.starts_with("finished"));
        print_json(&Summary { schema: SCHEMA, runs, finished })?;
    } else {
        for run in &runs {
            print(&format!("{:<24} seed {:<4} {}", run.encoding, run.seed, run.ended))?;
        }
    }
    if !diverged.is_empty() {
        return Err(Failure::new(diverged.join("; ")));
    }
    Ok(if stopped { Outcome::Stopped } else { Outcome::Success })
}

/// The tokens of what was asked for; of the copying task, which reads no text, nothing.
fn corpus(arguments: &Run, task: Task, preset: &Preset, common: &Common) -> Result<Option<Corpus>, Failure> {
    match (task, &arguments.corpus, &arguments.text, &arguments.valid) {
        (Task::Copy, None, None, _) => Ok(None),
        (Task::Copy, ..) => Err(Failure::new("--task copy draws its strings and reads no text")),
        (Task::Text, Some(file), ..) => Ok(Some(Corpus::open(file)?)),
        (Task::Text, None, Some(train), Some(valid)) => {
            prepared(train, valid, preset.shape.vocabulary, &arguments.out, common).map(Some)
        }
        (Task::Text, None, ..) => Err(Failure::new("there is no text: give --text and --valid, or --corpus")),
    }
}

fn prepared(train: &Path, valid: &Path, vocabulary: usize, folder: &Path, common: &Common) -> Result<Corpus, Failure> {
    let spinner = progress::spinner(common);
    let corpus = Corpus::prepare(train, valid, vocabulary, folder, &mut |what| spinner.set_message(what.to_owned()))?;
    spinner.finish_and_clear();
    Ok(corpus)
}

fn tokens(arguments: &Texts, common: &Common) -> Result<Outcome, Failure> {
    let vocabulary = Preset::named(&arguments.preset)?.shape.vocabulary;
    let corpus = prepared(&arguments.text, &arguments.valid, vocabulary, &arguments.out, common)?;
    let file = arguments.out.join(corpus.file_name());
    let (train, valid) = (corpus.train.len(), corpus.valid.len());
    if common.json {
        print_json(&serde_json::json!({ "schema": SCHEMA, "file": file, "train": train, "valid": valid }))?;
    } else {
        print(&format!("{train} tokens to train on, {valid} to validate on, in {}", file.display()))?;
    }
    Ok(Outcome::Success)
}

fn list(arguments: &Folder, common: &Common) -> Result<Outcome, Failure> {
    #[derive(Serialize)]
    struct Listed {
        folder: PathBuf,
        encoding: String,
        seed: u64,
        steps: usize,
        step: usize,
        loss: Option<f64>,
        finished: bool,
    }
    let listed: Vec<Listed> = find(&arguments.folder)?
        .into_iter()
        .map(|FoundRun { folder, configuration, last, outcome }| Listed {
            folder: folder.path().to_owned(),
            encoding: configuration.encoding,
            seed: configuration.seed,
            steps: configuration.preset.recipe.steps,
            step: last.map_or(0, |(step, _)| step),
            loss: last.map(|(_, loss)| loss),
            finished: outcome.is_some(),
        })
        .collect();
    if common.json {
        #[derive(Serialize)]
        struct Answer {
            schema: &'static str,
            runs: Vec<Listed>,
        }
        print_json(&Answer { schema: SCHEMA, runs: listed })?;
        return Ok(Outcome::Success);
    }
    for run in &listed {
        let state = if run.finished { "finished".to_owned() } else { format!("{} of {} steps", run.step, run.steps) };
        let loss = run.loss.map(|loss| format!("loss {loss:.3}")).unwrap_or_default();
        print(&format!("{:<24} seed {:<4} {state:<20} {loss}", run.encoding, run.seed))?;
    }
    Ok(Outcome::Success)
}

fn table(arguments: &Table, common: &Common) -> Result<Outcome, Failure> {
    let comparison = compare(&arguments.folder, &find(&arguments.folder)?)?;
    if common.json {
        #[derive(Serialize)]
        struct Answer<'c> {
            schema: &'static str,
            #[serde(flatten)]
            comparison: &'c Comparison,
        }
        print_json(&Answer { schema: SCHEMA, comparison: &comparison })?;
    } else {
        print(shown(&comparison, arguments.markdown).trim_end())?;
    }
    Ok(Outcome::Success)
}

/// The parts of a comparison as tables, for people or as Markdown.
fn shown(comparison: &Comparison, markdown: bool) -> String {
    let mut text = String::new();
    let seeds = |row: &crate::experiment::Row| match row.missing.as_slice() {
        [] => row.seeds.len().to_string(),
        missing => {
            let missing: Vec<String> = missing.iter().map(u64::to_string).collect();
            format!("{} (without {})", row.seeds.len(), missing.join(", "))
        }
    };
    let mut part = |title: &str, of: &dyn Fn(&crate::experiment::Row) -> Vec<(usize, String)>| {
        let lengths: Vec<usize> = comparison
            .rows
            .iter()
            .map(of)
            .max_by_key(Vec::len)
            .unwrap_or_default()
            .into_iter()
            .map(|(length, _)| length)
            .collect();
        if lengths.is_empty() {
            return;
        }
        let mut rows = vec![
            ["encoding".to_owned(), "seeds".to_owned()]
                .into_iter()
                .chain(lengths.iter().map(usize::to_string))
                .collect::<Vec<_>>(),
        ];
        for row in &comparison.rows {
            let cells = of(row);
            let cell = |length: &usize| {
                cells.iter().find(|(at, _)| at == length).map(|(_, cell)| cell.clone()).unwrap_or_default()
            };
            rows.push([row.encoding.clone(), seeds(row)].into_iter().chain(lengths.iter().map(cell)).collect());
        }
        let _ = writeln!(text, "{title}\n");
        lay_out(&mut text, &rows, markdown);
        text.push('\n');
    };
    let spread = |Spread { mean, standard_deviation }: Spread, digits: usize| match standard_deviation {
        Some(deviation) => format!("{mean:.digits$} ± {deviation:.digits$}"),
        None => format!("{mean:.digits$}"),
    };
    let beside = |own: String, paper: Option<&[(usize, f64)]>, length: usize| match paper
        .and_then(|paper| paper.iter().find(|(at, _)| *at == length))
    {
        Some((_, theirs)) => format!("{own} ({theirs:.2})"),
        None => own,
    };
    part(
        "Validation perplexity of windows read whole, mean ± standard deviation over seeds (in brackets: as published)",
        &|row| {
            let theirs = row.published.map(|paper| paper.whole);
            row.perplexity
                .iter()
                .map(|Cell { length, whole, .. }| (*length, beside(spread(*whole, 2), theirs, *length)))
                .collect()
        },
    );
    part("The same in chunks of the training length", &|row| {
        let theirs = row.published.map(|paper| paper.chunked);
        let cells = row.perplexity.iter().filter_map(|cell| cell.chunked.map(|chunked| (cell.length, chunked)));
        cells.map(|(length, chunked)| (length, beside(spread(chunked, 2), theirs, length))).collect()
    });
    part("Share of a random string that is copied, by the tokens read", &|row| {
        row.copied.iter().map(|Cell { length, whole, .. }| (*length, spread(*whole, 3))).collect()
    });
    text
}

/// Rows of cells, the first of which is the head.
fn lay_out(text: &mut String, rows: &[Vec<String>], markdown: bool) {
    if markdown {
        for (number, row) in rows.iter().enumerate() {
            let _ = writeln!(text, "| {} |", row.join(" | "));
            if number == 0 {
                let _ = writeln!(text, "|{}", "---|".repeat(row.len()));
            }
        }
        return;
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
}

/// Draws the runs: loss, receptive field and attention of the first finished seed of each encoding.
#[cfg(feature = "plot")]
fn figures(arguments: &Figures, common: &Common) -> Result<Outcome, Failure> {
    use crate::plot;

    let runs = find(&arguments.folder)?;
    let comparison = compare(&arguments.folder, &runs)?;
    let (mut losses, mut fields, mut attention) = (Vec::new(), Vec::new(), Vec::new());
    for row in &comparison.rows {
        let is_first = |run: &&FoundRun| run.configuration.encoding == row.encoding && run.outcome.is_some();
        let Some(run) = runs.iter().find(is_first) else { continue };
        losses.push((row.encoding.clone(), run.folder.records()?));
        let Some(maps) = run.folder.maps()? else { continue };
        fields.push((row.encoding.clone(), maps.receptive_fields));
        attention.push((row.encoding.clone(), maps.attention));
    }
    if losses.is_empty() {
        return Err(Failure::at(&arguments.folder, "no run is finished yet"));
    }
    let mut files = vec![
        ("training-loss.svg".to_owned(), plot::training_loss(&losses)),
        ("extrapolation.svg".to_owned(), plot::extrapolation(&comparison)),
    ];
    if !fields.is_empty() {
        files.push(("receptive-field.svg".to_owned(), plot::receptive_field(&fields)));
    }
    let layer = arguments.layer.unwrap_or(comparison.configuration.preset.shape.layers - 1);
    if layer >= comparison.configuration.preset.shape.layers {
        return Err(Failure::new(format!(
            "--layer {layer}: there are {}",
            comparison.configuration.preset.shape.layers
        )));
    }
    for (name, maps) in &attention {
        let file = format!("attention-{}.svg", name.replace(':', "-"));
        files.push((file, plot::binary_attention(name, layer, maps)));
    }
    super::output::write_folder(&arguments.out, &files)?;
    if common.json {
        let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
        print_json(&serde_json::json!({ "schema": SCHEMA, "files": names }))?;
    } else {
        print(&format!("{} figures, written to {}", files.len(), arguments.out.display()))?;
    }
    Ok(Outcome::Success)
}

fn bench(arguments: &Bench, common: &Common) -> Result<Outcome, Failure> {
    let preset = arguments.settings.preset()?;
    let (device, precision) = device(common)?;
    let tokens = 64 * preset.recipe.train_length;
    // Numbers without a pattern; what they are does not change how long a step takes.
    let noise = |count: usize| {
        (0..count as u64)
            .map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % preset.shape.vocabulary as u64)
            .map(|token| token as u16)
            .collect()
    };
    let corpus = Corpus {
        tokenizer: String::new(),
        train: noise(tokens),
        valid: noise(preset.valid_tokens + 1),
        key: String::new(),
    };
    let configuration = Configuration {
        encoding: arguments.encoding.clone(),
        seed: common.seed,
        task: Task::Text,
        preset: preset.clone(),
        corpus: String::new(),
        precision: precision.to_owned(),
    };
    let mut training = Training::new(&configuration, Some(&corpus), &device)?;
    for _ in 0..arguments.warm {
        training.step()?;
    }
    device.synchronize()?;
    let mut rates = Vec::new();
    for _ in 0..arguments.rounds {
        let start = Instant::now();
        for _ in 0..arguments.timed {
            training.step()?;
        }
        device.synchronize()?;
        let tokens = arguments.timed * preset.recipe.batch * preset.recipe.train_length;
        rates.push(tokens as f64 / start.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    if common.json {
        print_json(&serde_json::json!({
            "schema": SCHEMA,
            "encoding": arguments.encoding,
            "preset": preset.name,
            "device": common.device,
            "tokens_per_second": rates,
            "peak_memory": device.take_peak_memory()?,
        }))?;
    } else {
        print(&format!(
            "{} {}: {:.0} tokens/s (median of {})",
            preset.name,
            arguments.encoding,
            rates[rates.len() / 2],
            rates.len()
        ))?;
    }
    Ok(Outcome::Success)
}
