use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::Failure;
#[cfg(unix)]
use super::interrupt;

/// The files that are begun and have no name yet.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every unfinished file. While the guard lives, none is begun and none gets its name.
#[cfg(unix)]
pub(super) fn discard() -> impl Drop {
    let unfinished = unfinished();
    for partial in unfinished.iter() {
        // Nothing to do about a failure here; no target is touched either way.
        let _ = fs::remove_file(partial);
    }
    unfinished
}

/// A file that appears under its name only when it is complete.
///
/// It is written beside its target as `NAME.partial` and renamed by [`Replacement::commit`];
/// dropped without that, or at SIGINT or SIGTERM, it is removed and the target is as it was. What a
/// killed program leaves, the next run that writes the same target removes; while a program lives,
/// its lock keeps others from doing so.
pub(super) struct Replacement {
    target: PathBuf,
    partial: PathBuf,
    /// Holds the lock.
    _file: File,
    committed: bool,
}

impl Replacement {
    /// Begins to write `target`, whose folder must exist.
    pub(super) fn of(target: &Path) -> Result<Self, Failure> {
        let name = target.file_name().ok_or_else(|| Failure::at(target, "is not the name of a file"))?;
        match fs::metadata(target) {
            Ok(found) if found.is_dir() => {
                return Err(Failure::at(target, "is a folder, expected the name of a file"));
            }
            // A rename would put a file where the device was.
            Ok(found) if !found.is_file() => {
                return Err(Failure::at(target, "is a device or a pipe, expected the name of a file"));
            }
            _ => {}
        }
        let mut partial_name = name.to_os_string();
        partial_name.push(".partial");
        let partial = target.with_file_name(partial_name);
        #[cfg(unix)]
        interrupt::watch()?;
        let mut unfinished = unfinished();
        let file = claim(&partial).map_err(|error| Failure::at(&partial, error))?;
        unfinished.insert(partial.clone());
        Ok(Self { target: target.to_owned(), partial, _file: file, committed: false })
    }

    /// Where the contents go until they are complete.
    pub(super) fn path(&self) -> &Path {
        &self.partial
    }

    /// Gives the finished file its name.
    pub(super) fn commit(self) -> Result<(), Failure> {
        Self::commit_all(vec![self])
    }

    /// Gives finished files their names; a signal comes before the first or after the last.
    fn commit_all(mut all: Vec<Self>) -> Result<(), Failure> {
        let mut unfinished = unfinished();
        let result = all.iter_mut().try_for_each(|one| {
            fs::rename(&one.partial, &one.target).map_err(|error| Failure::at(&one.target, error))?;
            unfinished.remove(&one.partial);
            one.committed = true;
            Ok(())
        });
        // Dropping what is left takes the lock itself.
        drop(unfinished);
        result
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.committed && unfinished().remove(&self.partial) {
            // Nothing to do about a failure here; the target itself is untouched either way.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Makes a new, locked file, in place of one that nobody is writing.
fn claim(partial: &Path) -> io::Result<File> {
    if let Ok(found) = partial.symlink_metadata() {
        // A link is not followed: whoever made it is not to choose what is written.
        if found.is_file()
            && let Err(TryLockError::WouldBlock) = File::open(partial)?.try_lock()
        {
            return Err(io::Error::other("another run is writing this file"));
        }
        fs::remove_file(partial)?;
    }
    let file = File::options().write(true).create_new(true).open(partial)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::other("another run is writing this file")),
        // A file system without locks is no reason not to write.
        _ => Ok(file),
    }
}

/// Writes a whole file, all or nothing.
pub(super) fn write_file(
    target: &Path,
    contents: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let replacement = Replacement::of(target)?;
    fill(&replacement, contents)?;
    replacement.commit()
}

/// Writes contents to disk, under no name yet.
fn fill(
    replacement: &Replacement,
    contents: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let mut writer = BufWriter::new(File::create(replacement.path())?);
        contents(&mut writer)?;
        // A disk that is full may say so only now.
        writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    };
    write().map_err(|error| Failure::at(&replacement.target, error))
}

/// Writes files into a folder, which is made if it is not there, as are folders in it. No file takes its name before all
/// are written.
pub(super) fn write_folder(folder: &Path, files: &[(impl AsRef<Path>, impl AsRef<[u8]>)]) -> Result<(), Failure> {
    let mut written = Vec::new();
    for (name, contents) in files {
        let target = folder.join(name);
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| Failure::at(parent, error))?;
        let replacement = Replacement::of(&target)?;
        fill(&replacement, |writer| writer.write_all(contents.as_ref()))?;
        written.push(replacement);
    }
    Replacement::commit_all(written)
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
