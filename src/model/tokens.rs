use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use tokenizers::models::ModelWrapper;

use super::ModelError;
use super::config::Strict;
use super::files::Folder;

/// The largest tokenizer.json.
const MAX_TOKENIZER: u64 = 48 << 20;

/// A checkpoint's own tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    file: PathBuf,
    inner: tokenizers::Tokenizer,
}

impl Tokenizer {
    /// Reads tokenizer.json; each of its ids must have an embedding.
    pub(super) fn open(folder: &Folder, vocabulary: usize) -> Result<Self, ModelError> {
        const NAME: &str = "tokenizer.json";
        let at = folder.path().join(NAME);
        let fail = |reason: String| ModelError::Tokenizer { file: at.clone(), reason };
        if !folder.has(NAME) {
            return Err(fail("there is none; give token ids instead of a text".to_owned()));
        }
        let (_, bytes) = folder.read(NAME, MAX_TOKENIZER)?;
        Self::parse(&at, &bytes, vocabulary)
    }

    /// The tokenizer in these bytes of a tokenizer.json.
    pub(super) fn parse(file: &Path, bytes: &[u8], vocabulary: usize) -> Result<Self, ModelError> {
        let fail = |reason: String| ModelError::Tokenizer { file: file.to_owned(), reason };
        if bytes.is_empty() {
            return Err(fail("the file is empty, expected a tokenizer".to_owned()));
        }
        // The crate parses some parts a second time and expects that to succeed; it is left with files
        // that are JSON, and where it panics all the same, that is an error like any other.
        Strict::parse(file, bytes)?;
        let mut inner = guarded(|| tokenizers::Tokenizer::from_bytes(bytes))
            .map_err(|reason| fail(format!("not a tokenizer: {reason}")))?;
        if let ModelWrapper::BPE(model) = inner.get_model()
            && let Some(dropout) = model.dropout.filter(|dropout| *dropout != 0.0)
        {
            return Err(fail(format!(
                "`dropout` is {dropout}, expected none: one text would have other tokens each time"
            )));
        }
        // A file may ask to cut or fill up every text; what is asked for here is the text itself.
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| fail(error.to_string()))?;
        if let Some((token, id)) = inner.get_vocab(true).into_iter().max_by_key(|(_, id)| *id)
            && id as usize >= vocabulary
        {
            return Err(fail(format!(
                "token {token:?} has id {id}, expected ids below `vocab_size` = {vocabulary}; this is another model's tokenizer"
            )));
        }
        Ok(Self { file: file.to_owned(), inner })
    }

    /// The tokens of a text, with those that the tokenizer's post-processor puts around a text
    /// (such as a begin-of-text token; none where the file has no post-processor).
    ///
    /// # Errors
    /// The tokenizer cannot represent the text, or the text has no tokens but those that are added.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let encoding = guarded(|| self.inner.encode_fast(text, true))
            .map_err(|reason| ModelError::Tokenizer { file: self.file.clone(), reason })?;
        if !encoding.is_empty() && encoding.get_special_tokens_mask().iter().all(|added| *added == 1) {
            let reason = "the text has no tokens but those that the tokenizer adds".to_owned();
            return Err(ModelError::Tokenizer { file: self.file.clone(), reason });
        }
        Ok(encoding.get_ids().to_vec())
    }
}

/// Runs the crate on a file's contents; a panic of it is an error.
fn guarded<T>(call: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    // What the call has changed is dropped with it, or is behind a lock that a panic poisons.
    match panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the tokenizers library cannot handle this file".to_owned()),
    }
}
