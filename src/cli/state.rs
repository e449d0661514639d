use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::analyze::Options;
use super::share::Share;
use super::texts::{Listed, Texts};
use super::{Failure, output};
use crate::heads::{SavedCoordinates, Source, Text};
use crate::model::{Sums, read_sums, write_sums};

/// The file of a run's sums, in the folder of its results.
pub(super) const FILE: &str = "sums.safetensors";

/// What a run computes: two runs that agree in all of this write the same files.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Run {
    /// `ropelet.sums/1`, and the version of the program, whose sums another version may not know.
    pub(super) schema: String,
    pub(super) program: String,
    pub(super) checkpoint: Source,
    /// [`Checkpoint::fingerprint`](crate::model::Checkpoint::fingerprint).
    pub(super) fingerprint: String,
    /// Which coordinates of the heads of each layer rotate together, and how fast.
    pub(super) coordinates: Vec<SavedCoordinates>,
    /// Whether the heads of a fresh layer can stand for one another.
    pub(super) exchangeable_heads: bool,
    /// What the heads are measured with, as it was typed or by default; the window as it came out.
    pub(super) protocol: Options,
    pub(super) window: usize,
    pub(super) seed: u64,
    /// The list of all texts.
    pub(super) listed: Listed,
    /// The share of them that is read, if it is not all.
    pub(super) share: Option<Share>,
    /// The texts that are read.
    pub(super) texts: Vec<Read>,
}

/// A text that is read: its place in the list, a hash of its contents, and how it is cut.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Read {
    pub(super) place: usize,
    pub(super) hash: String,
    #[serde(flatten)]
    pub(super) text: Text,
}

impl Run {
    pub(super) const SCHEMA: &str = "ropelet.sums/1";

    /// The texts as they are recorded.
    pub(super) fn texts(texts: &Texts) -> Vec<Read> {
        let read = texts.files().iter();
        read.map(|file| Read { place: file.place, hash: file.hash.to_string(), text: file.text.clone() }).collect()
    }

    /// The texts that are read, in the order of their places.
    pub(super) fn all_texts(&self) -> Vec<Text> {
        self.texts.iter().map(|read| read.text.clone()).collect()
    }

    /// The first thing in which a run that was found differs from one that is expected: its key, what is
    /// expected, what was found.
    pub(super) fn difference(expected: &Self, found: &Self) -> Option<(String, String, String)> {
        let value = |run: &Self| serde_json::to_value(run).expect("a run is plain data");
        difference("", &value(expected), &value(found))
    }
}

/// The first place in which two values differ.
fn difference(key: &str, expected: &Value, found: &Value) -> Option<(String, String, String)> {
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match (expected, found) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            names.into_iter().find_map(|name| difference(&below(name), &expected[name], &found[name]))
        }
        (Value::Array(one), Value::Array(other)) => {
            let entries = one.iter().zip(other).enumerate();
            let differing = |(place, (one, other)): (usize, _)| difference(&below(&place.to_string()), one, other);
            let lengths = (one.len() != other.len())
                .then(|| (key.to_owned(), format!("{} entries", one.len()), format!("{}", other.len())));
            entries.map(differing).find(Option::is_some).flatten().or(lengths)
        }
        _ => (expected != found).then(|| (key.to_owned(), expected.to_string(), found.to_string())),
    }
}

/// How far a run has come: its passes over the texts are that of the checkpoint and one for each fresh
/// initialisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub(super) struct Position {
    /// The pass, from 0. One more than the last is the end.
    pub(super) pass: usize,
    /// Windows of that pass whose rows are in the sums.
    pub(super) windows: usize,
}

#[derive(Serialize, Deserialize)]
struct About {
    position: Position,
    run: Run,
}

/// Sums that were read back.
pub(super) struct Saved {
    pub(super) run: Run,
    pub(super) position: Position,
    pub(super) vectors: BTreeMap<String, Vec<f64>>,
}

impl Saved {
    /// Reads the file of a folder, if there is one.
    pub(super) fn of(folder: &Path) -> Result<Option<Self>, Failure> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Ok(None);
        }
        let Sums { about, vectors } = read_sums(&file)?;
        // Another version's metadata is known by its schema before it fails to be read as ours.
        let value: Value = serde_json::from_str(&about).map_err(|error| Failure::at(&file, error))?;
        for (key, expected) in [("schema", Run::SCHEMA), ("program", env!("CARGO_PKG_VERSION"))] {
            let found = &value["run"][key];
            if found != expected {
                return Err(Failure::at(&file, format!("`{key}` is {found}, expected \"{expected}\"")));
            }
        }
        let About { position, run } = serde_json::from_value(value).map_err(|error| Failure::at(&file, error))?;
        Ok(Some(Self { run, position, vectors }))
    }
}

/// The sums of a run on disk, from which the same command goes on.
pub(super) struct State {
    file: PathBuf,
    run: Run,
    /// The folder, if it was not there before.
    made: Option<PathBuf>,
    /// Locked while this program lives, where the system can lock a folder.
    _folder: Option<File>,
    pace: Pace,
    saved: Instant,
    /// How long the last saving took.
    took: Duration,
}

/// How often sums are saved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace(pub(super) Duration);

impl Default for Pace {
    fn default() -> Self {
        Self(Duration::from_secs(30))
    }
}

impl Pace {
    /// Whether it is time to save.
    fn is_due(self, since: Duration, took: Duration) -> bool {
        since >= self.0 && self.may_save(since, took)
    }

    /// Whether saving takes a twentieth of the time at most. What is asked for at once is not put off.
    fn may_save(self, since: Duration, took: Duration) -> bool {
        self.0.is_zero() || since >= 20 * took
    }
}

impl State {
    /// Takes a folder, which is made if it is not there, for this run, and gives back what the same
    /// run has left in it.
    ///
    /// It fails where the folder has the sums of another run, or where another process is at it.
    pub(super) fn open(folder: &Path, run: Run, pace: Pace) -> Result<(Self, Option<Saved>), Failure> {
        let made = (!folder.exists()).then(|| folder.to_owned());
        fs::create_dir_all(folder).map_err(|error| Failure::at(folder, error))?;
        // A folder can be opened and locked on Unix; elsewhere, and on a file system without locks, nothing is.
        let lock = File::open(folder).ok();
        if let Some(Err(TryLockError::WouldBlock)) = lock.as_ref().map(File::try_lock) {
            return Err(Failure::at(folder, "another run is writing here"));
        }
        let file = folder.join(FILE);
        let found = Saved::of(folder)?;
        if let Some(saved) = &found
            && let Some((key, expected, found)) = Run::difference(&run, &saved.run)
        {
            let advice = "give that command to finish its run, remove the file, or name another --out";
            let reason = format!("is of another command: `{key}` is {found} there and {expected} here; {advice}");
            return Err(Failure::at(&file, reason));
        }
        let state = Self { file, run, made, _folder: lock, pace, saved: Instant::now(), took: Duration::ZERO };
        Ok((state, found))
    }

    /// Where the sums are.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether it is time to save.
    pub(super) fn is_due(&self) -> bool {
        self.pace.is_due(self.saved.elapsed(), self.took)
    }

    /// Whether saving now, at the end of a pass, takes a small share of the time.
    pub(super) fn may_save(&self) -> bool {
        self.pace.may_save(self.saved.elapsed(), self.took)
    }

    /// Writes all sums and how far they go, in place of what was there.
    pub(super) fn save(&mut self, position: Position, vectors: BTreeMap<String, &[f64]>) -> Result<(), Failure> {
        let start = Instant::now();
        let about = serde_json::to_string(&About { position, run: self.run.clone() })?;
        output::write_file(&self.file, |out| write_sums(out, &about, vectors))?;
        (self.saved, self.took) = (Instant::now(), start.elapsed());
        Ok(())
    }

    /// Removes the sums of a run whose results are written.
    pub(super) fn remove(self) -> Result<(), Failure> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::at(&self.file, error)),
            _ => Ok(()),
        }
    }
}

impl Drop for State {
    /// A run that fails before it has written anything leaves no folder.
    fn drop(&mut self) {
        if let Some(folder) = &self.made {
            // It stays where it is not empty, which is no failure.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named_by_its_key() {
        let one = json!({ "a": { "b": [1, { "c": "x" }] }, "d": null });
        let of = |other: Value| difference("", &one, &other).map(|(key, _, found)| (key, found));
        assert_eq!(of(one.clone()), None);
        let found = |key: &str, found: &str| Some((key.to_owned(), found.to_owned()));
        assert_eq!(of(json!({ "a": { "b": [1, { "c": "y" }] }, "d": null })), found("a.b.1.c", "\"y\""));
        assert_eq!(of(json!({ "a": { "b": [1] }, "d": null })), found("a.b", "1"));
        assert_eq!(of(json!({ "a": { "b": [1, { "c": "x" }] }, "d": null, "e": 1 })), found("e", "1"));
        assert_eq!(of(json!({ "a": { "b": [1, { "c": "x" }] }, "d": 0 })), found("d", "0"));
    }

    #[test]
    fn saving_takes_a_twentieth_of_the_time_at_most_unless_it_is_asked_for() {
        let seconds = Duration::from_secs;
        assert!(!Pace(seconds(30)).is_due(seconds(29), seconds(1)));
        assert!(Pace(seconds(30)).is_due(seconds(30), seconds(1)));
        assert!(!Pace(seconds(30)).is_due(seconds(99), seconds(5)));
        assert!(Pace(seconds(0)).is_due(seconds(0), seconds(5)));
        assert!(
            Pace(seconds(30)).may_save(seconds(20), seconds(1)) && !Pace(seconds(30)).may_save(seconds(19), seconds(1))
        );
    }
}
