use std::io;
use std::path::PathBuf;

use crate::model::ModelError;

/// Why a run could not be made, resumed or read: one sentence that names the file or the setting, what
/// was expected and what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A preset that does not exist.
    #[error("no preset `{found}`; there are {known}")]
    NoSuchPreset {
        /// What was asked for.
        found: String,
        /// The presets there are.
        known: String,
    },
    /// A setting that no decoder can have.
    #[error("`{setting}` is {found}, expected {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A variant that cannot be: no such encoding, or not one for these heads.
    #[error("encoding `{name}`: {reason}")]
    Variant {
        /// As it was written.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A run on text without one.
    #[error("there is no text to train on")]
    NoText,
    /// A text with too few tokens for the preset.
    #[error("the {text} text has {found} tokens, expected at least {expected}")]
    TooShort {
        /// Training or validation.
        text: &'static str,
        /// Its tokens.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// A text that is none, or tokens that cannot be read.
    #[error("{file}: {reason}")]
    Corpus {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of a run that cannot be what it says.
    #[error("{file}: {reason}")]
    State {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder holds a run of another configuration.
    #[error("{file}: this is another run: {differences}; choose another folder, or the same settings")]
    OtherConfiguration {
        /// The file that says so.
        file: PathBuf,
        /// Each setting that differs, with both values.
        differences: String,
    },
    /// A folder without runs.
    #[error("{folder}: there is no run here")]
    NoRuns {
        /// The folder.
        folder: PathBuf,
    },
    /// A loss that is no number.
    #[error("{run}: the loss is {loss} after step {step}; the run cannot go on")]
    Diverged {
        /// The run's folder.
        run: PathBuf,
        /// The last step.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// The operating system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A failure of the device.
    #[error(transparent)]
    Model(Box<ModelError>),
    /// A tensor operation failed.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}

impl From<ModelError> for ExperimentError {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}
