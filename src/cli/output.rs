use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Failure;

/// A file that appears under its name only when it is complete.
///
/// It is written beside its target as `NAME.partial` and renamed by [`Replacement::commit`];
/// dropped without that, it is removed and the target is as it was.
pub(super) struct Replacement {
    target: PathBuf,
    partial: PathBuf,
    committed: bool,
}

impl Replacement {
    /// Prepares to write `target`, whose folder must exist.
    pub(super) fn of(target: &Path) -> Result<Self, Failure> {
        let name = target.file_name().ok_or_else(|| Failure::at(target, "is not the name of a file"))?;
        if target.is_dir() {
            return Err(Failure::at(target, "is a folder, expected the name of a file"));
        }
        let mut partial_name = name.to_os_string();
        partial_name.push(".partial");
        Ok(Self { target: target.to_owned(), partial: target.with_file_name(partial_name), committed: false })
    }

    /// Where the contents go until they are complete.
    pub(super) fn path(&self) -> &Path {
        &self.partial
    }

    /// Gives the finished file its name.
    pub(super) fn commit(mut self) -> Result<(), Failure> {
        fs::rename(&self.partial, &self.target).map_err(|error| Failure::at(&self.target, error))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing to do about a failure here; the target itself is untouched either way.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Writes a whole file, all or nothing.
pub(super) fn write_file(
    target: &Path,
    contents: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let replacement = Replacement::of(target)?;
    let fail = |error| Failure::at(target, error);
    let mut writer = BufWriter::new(File::create(replacement.path()).map_err(fail)?);
    contents(&mut writer).map_err(fail)?;
    writer.into_inner().map_err(|error| fail(error.into_error()))?.sync_all().map_err(fail)?;
    replacement.commit()
}

/// Writes files into a folder, which is made if it is not there. No file takes its name before all
/// are written.
#[cfg(any(feature = "model", feature = "plot"))]
pub(super) fn write_folder(folder: &Path, files: &[(impl AsRef<Path>, impl AsRef<[u8]>)]) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::at(folder, error))?;
    let mut written = Vec::new();
    for (name, contents) in files {
        let target = folder.join(name);
        let replacement = Replacement::of(&target)?;
        fs::write(replacement.path(), contents).map_err(|error| Failure::at(&target, error))?;
        written.push(replacement);
    }
    written.into_iter().try_for_each(Replacement::commit)
}

/// Prints one line of text, or what a closed pipe leaves of it.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{text}") {
        // `ropelet verify | head` is not an error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints a value as the one JSON object of `--json`.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&serde_json::to_string_pretty(value)?)
}
