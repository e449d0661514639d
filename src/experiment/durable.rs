//! Files that are complete or absent, whatever ends the program and whenever.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::ExperimentError;

/// Writes a whole file: beside its target as `NAME.partial`, then to disk, then renamed.
///
/// The caller holds a lock that keeps others from writing the same target.
pub(super) fn write(target: &Path, contents: &[u8]) -> Result<(), ExperimentError> {
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partial");
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&partial)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&partial, target)
    };
    write().map_err(|source| ExperimentError::Io { file: target.to_owned(), source })
}

/// A value as a file of JSON.
pub(super) fn write_json(target: &Path, value: &impl serde::Serialize) -> Result<(), ExperimentError> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("records are plain data");
    bytes.push(b'\n');
    write(target, &bytes)
}

/// The bytes of a file, or `None` if there is no such file.
pub(super) fn read(file: &Path) -> Result<Option<Vec<u8>>, ExperimentError> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ExperimentError::Io { file: file.to_owned(), source }),
    }
}
