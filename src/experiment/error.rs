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
