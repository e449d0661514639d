use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Failure;
use super::share::Share;
use crate::heads::{Place, Text};
use crate::model::{Fnv1a, Tokenizer};

/// The texts of a run, each with its place in the list of all. Their contents are read when they are
/// needed: what is held is the tokens of one text, whatever their number.
pub(super) struct Texts {
    tokenizer: Tokenizer,
    files: Vec<TextFile>,
    listed: Listed,
    lags: usize,
    /// Which of `files` is in memory.
    in_hand: Option<(usize, Vec<u32>)>,
}

/// The list of all texts, of which a process may read a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) texts: usize,
    /// Groups that the texts belong to, by their places.
    pub(super) groups: usize,
    /// A hash of their names.
    names: String,
}

/// One text: what is known of it between two readings.
pub(super) struct TextFile {
    path: PathBuf,
    /// Its place in the list of all texts, from 0.
    pub(super) place: usize,
    /// A hash of its contents.
    pub(super) hash: Fnv1a,
    pub(super) text: Text,
}

/// Pieces of texts that go through the model together.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) windows: Vec<Vec<u32>>,
    pub(super) places: Vec<Place>,
}

impl Texts {
    /// Reads each text of these paths that belongs to the share once, for its length. They are cut into
    /// windows by [`Text::cut`].
    pub(super) fn list(
        tokenizer: Tokenizer,
        paths: &[PathBuf],
        (window, lags): (usize, usize),
        (share, groups): (Option<Share>, usize),
    ) -> Result<Self, Failure> {
        let all = listed(paths)?;
        let mut names = Fnv1a::default();
        for (path, _) in &all {
            let name = path.to_string_lossy();
            names.add_number(name.len() as u64);
            names.add(name.as_bytes());
        }
        let listed = Listed { texts: all.len(), groups, names: names.to_string() };
        let mut texts = Self { tokenizer, files: Vec::new(), listed, lags, in_hand: None };
        let is_mine = |place| share.is_none_or(|share| share.has(place, groups));
        for (place, (path, named)) in all.into_iter().enumerate().filter(|(place, _)| is_mine(*place)) {
            let (tokens, hash) = texts.read(&path)?;
            let text = Text::cut(path.display().to_string(), tokens.len(), window, lags);
            if text.rows == 0 && named {
                return Err(Failure::at(&path, format!("{} tokens, expected more than --lags {lags}", tokens.len())));
            }
            texts.files.push(TextFile { path, place, hash, text });
        }
        // A share may have no text that is long enough, or none at all.
        if texts.windows() == 0 && share.is_none() {
            return Err(Failure::new(format!("no text has more than --lags {lags} tokens")));
        }
        Ok(texts)
    }

    /// The list of which these are the texts.
    pub(super) fn listed(&self) -> &Listed {
        &self.listed
    }

    /// The texts of this process, in the order of their places.
    pub(super) fn files(&self) -> &[TextFile] {
        &self.files
    }

    /// Number of windows of this process.
    pub(super) fn windows(&self) -> usize {
        self.files.iter().map(|file| file.text.windows.len()).sum()
    }

    /// Number of rows of the first windows of this process, in each head.
    pub(super) fn rows(&self, windows: usize) -> usize {
        let lengths = self.files.iter().flat_map(|file| &file.text.windows);
        lengths.take(windows).map(|length| length - self.lags).sum()
    }

    /// The windows from this one on, as many as have no more tokens than that together, and no more than that
    /// themselves; at least one, if there is one.
    pub(super) fn batch(&mut self, from: usize, tokens: usize, windows: usize) -> Result<Batch, Failure> {
        let mut batch = Batch::default();
        let (mut first, mut left) = (0, tokens);
        for number in 0..self.files.len() {
            let lengths = self.files[number].text.windows.clone();
            let (mut start, last) = (0, first + lengths.len());
            for (window, &length) in lengths.iter().enumerate().filter(|_| from < last) {
                if first + window >= from {
                    let is_full = length > left || batch.windows.len() >= windows;
                    if is_full && !batch.windows.is_empty() {
                        return Ok(batch);
                    }
                    left = left.saturating_sub(length);
                    batch.windows.push(self.tokens(number)?[start..start + length].to_vec());
                    batch.places.push(Place { text: self.files[number].place, window });
                }
                start += length;
            }
            first = last;
        }
        Ok(batch)
    }

    /// The tokens of a text, as they were when it was listed.
    fn tokens(&mut self, number: usize) -> Result<&[u32], Failure> {
        if self.in_hand.as_ref().is_none_or(|(held, _)| *held != number) {
            // The old ones go first, so that two texts are never held.
            self.in_hand = None;
            let file = &self.files[number];
            let (tokens, hash) = self.read(&file.path)?;
            if hash != file.hash {
                return Err(Failure::at(&file.path, "was changed while it was analysed"));
            }
            self.in_hand = Some((number, tokens));
        }
        let (_, tokens) = self.in_hand.as_ref().expect("it was just read");
        Ok(tokens)
    }

    fn read(&self, path: &Path) -> Result<(Vec<u32>, Fnv1a), Failure> {
        let contents = fs::read_to_string(path).map_err(|error| Failure::at(path, error))?;
        let tokens = self.tokenizer.encode(&contents).map_err(|error| Failure::at(path, error))?;
        Ok((tokens, Fnv1a::of(contents.as_bytes())))
    }
}

/// The files of these paths, and whether each was named itself rather than its folder. The order is that of
/// the paths, and of the names in each folder.
fn listed(paths: &[PathBuf]) -> Result<Vec<(PathBuf, bool)>, Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Checkpoint;

    fn texts(folder: &Path, share: Option<Share>) -> Texts {
        for (name, words) in [("a.txt", 40), ("b.txt", 2), ("c.txt", 25)] {
            fs::write(folder.join(name), "one two three four ".repeat(words)).unwrap();
        }
        let tokenizer = Checkpoint::open("tests/data/llama").unwrap().tokenizer().unwrap();
        Texts::list(tokenizer, &[folder.to_owned()], (32, 16), (share, 64)).unwrap()
    }

    #[test]
    fn however_batches_are_cut_they_are_the_same_windows() {
        let folder = tempfile::tempdir().unwrap();
        let mut texts = texts(folder.path(), None);
        let whole = texts.batch(0, usize::MAX, usize::MAX).unwrap();
        assert_eq!(whole.windows.len(), texts.windows());
        assert!(whole.windows.len() > 3, "the test needs windows");
        for (tokens, at_once) in [(1, 9), (33, 9), (70, 9), (1000, 9), (1000, 2)] {
            let (mut windows, mut places) = (Vec::new(), Vec::new());
            while windows.len() < texts.windows() {
                let batch = texts.batch(windows.len(), tokens, at_once).unwrap();
                assert!(batch.windows.len() <= at_once);
                assert!(batch.windows.len() == 1 || batch.windows.iter().map(Vec::len).sum::<usize>() <= tokens);
                windows.extend(batch.windows);
                places.extend(batch.places);
            }
            assert_eq!((&windows, &places), (&whole.windows, &whole.places));
            assert!(texts.batch(windows.len(), tokens, at_once).unwrap().windows.is_empty());
        }
        assert_eq!(whole.places.last().unwrap().text, 2, "places count the text without windows");
    }

    #[test]
    fn a_share_has_the_places_that_its_texts_have_in_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let whole = texts(folder.path(), None).batch(0, usize::MAX, usize::MAX).unwrap();
        let mut share = texts(folder.path(), Some("3/3".parse().unwrap()));
        let part = share.batch(0, usize::MAX, usize::MAX).unwrap();
        let of_it = whole.places.iter().zip(&whole.windows).filter(|(place, _)| place.text == 2);
        assert!(of_it.eq(part.places.iter().zip(&part.windows)));
        assert_eq!((share.listed().texts, share.files().len()), (3, 1));
        assert_eq!(share.rows(usize::MAX), part.windows.iter().map(|window| window.len() - 16).sum::<usize>());
    }

    #[test]
    fn a_text_that_changes_meanwhile_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let mut texts = texts(folder.path(), None);
        fs::write(folder.path().join("c.txt"), "five six seven ".repeat(40)).unwrap();
        let failure = texts.batch(0, usize::MAX, usize::MAX).err().unwrap().to_string();
        assert!(failure.ends_with("c.txt: was changed while it was analysed"), "{failure}");
    }
}
