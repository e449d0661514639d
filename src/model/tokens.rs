use std::path::PathBuf;

use super::ModelError;
use super::files::Folder;

/// The largest tokenizer.json.
const MAX_TOKENIZER: u64 = 256 << 20;

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
        if bytes.is_empty() {
            return Err(fail("the file is empty, expected a tokenizer".to_owned()));
        }
        let mut inner =
            tokenizers::Tokenizer::from_bytes(&bytes).map_err(|error| fail(format!("not a tokenizer: {error}")))?;
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
        Ok(Self { file: at, inner })
    }

    /// The tokens of a text, with those that the tokenizer's post-processor puts around a text
    /// (such as a begin-of-text token; none where the file has no post-processor).
    ///
    /// # Errors
    /// The tokenizer cannot represent the text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let encoding = self
            .inner
            .encode_fast(text, true)
            .map_err(|error| ModelError::Tokenizer { file: self.file.clone(), reason: error.to_string() })?;
        Ok(encoding.get_ids().to_vec())
    }
}
