use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

use super::attention_map::AttentionMap;
use super::copying::{self, Copied};
use super::evaluation::{self, ByPosition, Perplexity};
use super::receptive_field::ReceptiveField;
use super::training::{StepOutcome, Training, refuse_other};
use super::{Configuration, Corpus, ExperimentError, Task, checkpoint, durable};
use crate::model::Device;

/// Steps whose losses are read from the device together, and of which a record is the mean.
const TOGETHER: usize = 10;
/// Records between two losses on the validation text, each of so many tokens.
const RECORDS_TO_VALIDATION: usize = 10;
const TOKENS_OF_VALIDATION: usize = 1 << 14;

/// One line of `records.jsonl`: what `TOGETHER` steps have come to. No clock is in it, so that a run that
/// was killed writes the same lines as one that was not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Steps made.
    pub step: usize,
    /// The mean loss of the steps since the last record, in nats.
    pub loss: f64,
    /// The mean norm of the gradient before it was clipped.
    pub gradient_norm: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The loss on the beginning of the validation text, where it was measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_loss: Option<f64>,
}

/// What a finished run has found: `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// `ropelet.run/1`.
    pub schema: String,
    /// What the run is a function of.
    pub configuration: Configuration,
    /// Number of weights, those that are learned of the encoding among them.
    pub weights: usize,
    /// The mean loss of the last steps.
    pub train_loss: f64,
    /// What it says about the validation text; nothing for the copying task.
    pub perplexities: Vec<Perplexity>,
    /// The loss along the longest windows.
    pub by_position: Option<ByPosition>,
    /// How it copies random strings.
    pub copied: Vec<Copied>,
}

/// Where a trained decoder looks, within the training length and beyond it: `maps.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Maps {
    /// `ropelet.maps/1`.
    pub schema: String,
    /// Every head of every layer, at the training length and at the next length that is measured.
    pub attention: Vec<AttentionMap>,
    /// The same two lengths.
    pub receptive_fields: Vec<ReceptiveField>,
}

/// The schema of [`Outcome`].
pub(super) const SCHEMA: &str = "ropelet.run/1";

/// Where the files of one run are.
#[derive(Debug, Clone)]
pub struct RunFolder(PathBuf);

/// How a call of [`RunFolder::go_on`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The run is finished.
    Finished,
    /// It was finished before.
    Already,
    /// The time was over; the next call goes on.
    Stopped,
    /// Another process is at it.
    Busy,
}

/// How far a run has come, for people to look at.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Steps made.
    pub step: usize,
    /// Steps there are.
    pub steps: usize,
    /// The mean loss of the last record.
    pub loss: f64,
}

impl RunFolder {
    /// The folder of a configuration in the folder of a set.
    pub fn new(set: &Path, name: &str) -> Self {
        Self(set.join(name))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The configuration that the run was begun with.
    ///
    /// # Errors
    /// A file that is not such a configuration.
    pub fn configuration(&self) -> Result<Option<Configuration>, ExperimentError> {
        read_json(&self.file("run.json"))
    }

    /// What the run has found, if it is finished.
    ///
    /// # Errors
    /// A file that is not such a result.
    pub fn outcome(&self) -> Result<Option<Outcome>, ExperimentError> {
        read_json(&self.file("result.json"))
    }

    /// Where the decoder of a finished run looks, if it was trained on text.
    ///
    /// # Errors
    /// A file that is not such maps.
    pub fn maps(&self) -> Result<Option<Maps>, ExperimentError> {
        read_json(&self.file("maps.json"))
    }

    /// The records so far.
    ///
    /// # Errors
    /// A line that is no record.
    pub fn records(&self) -> Result<Vec<Record>, ExperimentError> {
        let file = self.file("records.jsonl");
        let bytes = durable::read(&file)?.unwrap_or_default();
        // What follows the last line break was cut off by a kill.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &bytes[..end]);
        whole
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                serde_json::from_slice(line)
                    .map_err(|error| ExperimentError::State { file: file.clone(), reason: error.to_string() })
            })
            .collect()
    }

    /// Begins or resumes the run and brings it to its end, or as far as the time allows.
    ///
    /// Whatever ends the program, the next call goes on from the last state and comes to the same result:
    /// a state is written after the records before it, and records after it are dropped.
    ///
    /// # Errors
    /// The folder holds a run of another configuration; a loss that is not finite; a failure of the
    /// device or the disk.
    pub fn go_on(
        &self,
        configuration: &Configuration,
        corpus: Option<&Corpus>,
        device: &Device,
        until: Option<Instant>,
        save_every: usize,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Ended, ExperimentError> {
        fs::create_dir_all(&self.0).map_err(|source| ExperimentError::Io { file: self.0.clone(), source })?;
        let Some(_lock) = self.lock()? else { return Ok(Ended::Busy) };
        match self.configuration()? {
            Some(found) => refuse_other(&self.file("run.json"), &found, configuration)?,
            None => durable::write_json(&self.file("run.json"), configuration)?,
        }
        let state = self.file("state.safetensors");
        if self.outcome()?.is_some() {
            // A kill may have come between the result and this.
            remove(&state)?;
            return Ok(Ended::Already);
        }
        let is_over = || until.is_some_and(|until| Instant::now() >= until);
        if is_over() {
            return Ok(Ended::Stopped);
        }
        let mut training = Training::new(configuration, corpus, device)?;
        training.restore(&state)?;
        let mut records = self.records()?;
        records.retain(|record| record.step <= training.steps());
        let lines = records.iter().flat_map(line).collect::<Vec<u8>>();
        durable::write(&self.file("records.jsonl"), &lines)?;
        let steps = configuration.preset.recipe.steps;
        let report = |records: &[Record], progress: &mut dyn FnMut(Progress)| {
            let loss = records.last().map_or(f64::NAN, |record| record.loss);
            progress(Progress { step: records.last().map_or(0, |record| record.step), steps, loss });
        };
        report(&records, progress);

        let (began, from, mut saved) = (Instant::now(), training.steps(), training.steps());
        while training.steps() < steps {
            let count = TOGETHER.min(steps - training.steps());
            let made = (0..count).map(|_| training.step()).collect::<Result<Vec<_>, _>>()?;
            let mut record = record(configuration, training.steps(), &made)?;
            if !record.loss.is_finite() || !record.gradient_norm.is_finite() {
                let run = self.0.clone();
                return Err(ExperimentError::Diverged { run, step: record.step, loss: record.loss });
            }
            if let Some(corpus) = corpus.filter(|_| configuration.task == Task::Text)
                && (training.steps() / TOGETHER).is_multiple_of(RECORDS_TO_VALIDATION)
            {
                let limit = TOKENS_OF_VALIDATION.min(configuration.preset.valid_tokens);
                let length = configuration.preset.recipe.train_length.min(limit);
                record.valid_loss = Some(evaluation::mean_loss(&training.decoder, &corpus.valid, length, limit)?);
            }
            self.append("records.jsonl", &line(&record))?;
            records.push(record);
            report(&records, progress);
            let stops = is_over();
            if stops || training.steps() - saved >= save_every || training.steps() == steps {
                training.save(&state)?;
                saved = training.steps();
            }
            if stops {
                self.note_time("train", from, training.steps(), began, configuration, device)?;
                return Ok(Ended::Stopped);
            }
        }
        if training.steps() > from {
            self.note_time("train", from, training.steps(), began, configuration, device)?;
        }
        self.finish(&training, configuration, corpus, &records)?;
        self.note_time("evaluate", steps, steps, began, configuration, device)?;
        remove(&state)?;
        Ok(Ended::Finished)
    }

    /// Measures the trained decoder and writes it down, the result last.
    fn finish(
        &self,
        training: &Training<'_>,
        configuration: &Configuration,
        corpus: Option<&Corpus>,
        records: &[Record],
    ) -> Result<(), ExperimentError> {
        let (decoder, preset) = (&training.decoder, &configuration.preset);
        let (perplexities, by_position) = match corpus.filter(|_| configuration.task == Task::Text) {
            Some(corpus) => {
                let (perplexities, by_position) = evaluation::perplexities(decoder, &corpus.valid, preset)?;
                (perplexities, Some(by_position))
            }
            None => (Vec::new(), None),
        };
        let outcome = Outcome {
            schema: SCHEMA.to_owned(),
            configuration: configuration.clone(),
            weights: decoder.parameters()?.iter().map(|(_, weights)| weights.variable().elem_count()).sum(),
            train_loss: records.last().map_or(f64::NAN, |record| record.loss),
            perplexities,
            by_position,
            copied: copying::measure(decoder, preset)?,
        };
        checkpoint::write(&self.0, configuration, decoder, corpus)?;
        if let Some(corpus) = corpus.filter(|_| configuration.task == Task::Text) {
            let within = preset.recipe.train_length;
            let beyond = preset.lengths.iter().copied().filter(|length| *length > within).min();
            let mut maps =
                Maps { schema: "ropelet.maps/1".to_owned(), attention: Vec::new(), receptive_fields: Vec::new() };
            for length in std::iter::once(within).chain(beyond).filter(|length| *length <= preset.valid_tokens) {
                maps.attention.extend(AttentionMap::measure(decoder, &corpus.valid, length)?);
                maps.receptive_fields.push(ReceptiveField::measure(decoder, &corpus.valid, length)?);
            }
            durable::write_json(&self.file("maps.json"), &maps)?;
        }
        durable::write_json(&self.file("result.json"), &outcome)
    }

    /// The run's lock, or nothing if another process holds it. It ends with the process, however that ends.
    fn lock(&self) -> Result<Option<File>, ExperimentError> {
        let path = self.file("lock");
        let io = |source| ExperimentError::Io { file: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// Adds to the end of a file.
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), ExperimentError> {
        let path = self.file(name);
        File::options()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|source| ExperimentError::Io { file: path, source })
    }

    /// A line of `timing.jsonl`: how long a part of the run took, where.
    fn note_time(
        &self,
        part: &str,
        from: usize,
        to: usize,
        began: Instant,
        configuration: &Configuration,
        device: &Device,
    ) -> Result<(), ExperimentError> {
        let seconds = began.elapsed().as_secs_f64();
        let recipe = &configuration.preset.recipe;
        let tokens = ((to - from) * recipe.batch * recipe.train_length) as f64;
        let line = serde_json::json!({
            "part": part,
            "from": from,
            "to": to,
            "seconds": seconds,
            "tokens_per_second": tokens / seconds,
            "device": if device.is_cpu() { "cpu" } else { "cuda" },
        });
        self.append("timing.jsonl", format!("{line}\n").as_bytes())
    }
}

fn line(record: &Record) -> Vec<u8> {
    let mut line = serde_json::to_vec(record).expect("a record is plain data");
    line.push(b'\n');
    line
}

/// Waits for some steps and takes their means.
fn record(configuration: &Configuration, step: usize, made: &[StepOutcome]) -> Result<Record, ExperimentError> {
    let mean = |of: &dyn Fn(&StepOutcome) -> Tensor| -> Result<f64, ExperimentError> {
        let all: Vec<Tensor> = made.iter().map(of).collect();
        let values = Tensor::stack(&all, 0)?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        Ok(values.iter().sum::<f64>() / values.len() as f64)
    };
    Ok(Record {
        step,
        loss: mean(&|made| made.loss.clone())?,
        gradient_norm: mean(&|made| made.gradient_norm.clone())?,
        learning_rate: configuration.preset.recipe.learning_rate_of(step - 1),
        valid_loss: None,
    })
}

fn read_json<T: for<'d> Deserialize<'d>>(file: &Path) -> Result<Option<T>, ExperimentError> {
    let Some(bytes) = durable::read(file)? else { return Ok(None) };
    let parsed = serde_json::from_slice(&bytes);
    parsed.map(Some).map_err(|error| ExperimentError::State { file: file.to_owned(), reason: error.to_string() })
}

fn remove(file: &Path) -> Result<(), ExperimentError> {
    match fs::remove_file(file) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(ExperimentError::Io { file: file.to_owned(), source })
        }
        _ => Ok(()),
    }
}
