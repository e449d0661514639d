use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer};

use super::{ExperimentError, durable};
use crate::model::Fnv1a;

const SCHEMA: &str = "ropelet.corpus/1";
/// Stands before every document.
const BETWEEN: &str = "<|endoftext|>";
/// The length of what is tokenised at once, in bytes: enough for threads to be worthwhile.
const PIECE: usize = 1 << 16;

/// A text to train on and one to validate on, as the tokens of a byte-level BPE that the first was
/// given to.
///
/// A text is UTF-8; a form feed in it separates documents. Tokens are those that `tokenizer` gives each
/// document, after token 0, `<|endoftext|>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// The tokenizer.json.
    pub tokenizer: String,
    /// Tokens to train on.
    pub train: Vec<u16>,
    /// Tokens to validate on.
    pub valid: Vec<u16>,
    /// What the two were made from, as a number: of the texts' bytes and the size of the vocabulary.
    pub key: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    schema: String,
    key: String,
    tokenizer: String,
}

impl Corpus {
    /// The tokens of two texts. They are looked for in the folder `cache`, and left there.
    ///
    /// # Errors
    /// A file that is not UTF-8 or has no words; a disk that fails.
    pub fn prepare(
        train: &Path,
        valid: &Path,
        vocabulary: usize,
        cache: &Path,
        notice: &mut dyn FnMut(&str),
    ) -> Result<Self, ExperimentError> {
        let texts = [text(train)?, text(valid)?];
        let key = key(&texts, vocabulary);
        fs::create_dir_all(cache).map_err(|source| ExperimentError::Io { file: cache.to_owned(), source })?;
        let file = cache.join(file_name(&key));
        // Who comes second waits, and then reads what the first has made.
        let lock = cache.join("corpus.lock");
        let _lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|source| ExperimentError::Io { file: lock, source })?;
        if file.exists() {
            return Self::open(&file);
        }
        notice("training the tokenizer");
        let tokenizer = trained(&texts[0], vocabulary).map_err(|reason| tokens_of(train, reason))?;
        notice("tokenising");
        let encode = |text: &str, path: &Path| encoded(&tokenizer, text).map_err(|reason| tokens_of(path, reason));
        let corpus = Self {
            train: encode(&texts[0], train)?,
            valid: encode(&texts[1], valid)?,
            tokenizer: tokenizer.to_string(true).map_err(|error| tokens_of(train, error))?,
            key,
        };
        corpus.save(&file)?;
        Ok(corpus)
    }

    /// Reads what [`prepare`](Self::prepare) has left.
    ///
    /// # Errors
    /// Not such a file.
    pub fn open(file: &Path) -> Result<Self, ExperimentError> {
        let fail = |reason: String| ExperimentError::Corpus { file: file.to_owned(), reason };
        let bytes = fs::read(file).map_err(|source| ExperimentError::Io { file: file.to_owned(), source })?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| fail(error.to_string()))?;
        let header = header.metadata().as_ref().and_then(|all| all.get("ropelet")).cloned();
        let header: Header = header
            .and_then(|json| serde_json::from_str(&json).ok())
            .filter(|header: &Header| header.schema == SCHEMA)
            .ok_or_else(|| fail(format!("not the tokens of a corpus ({SCHEMA})")))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| fail(error.to_string()))?;
        let tokens = |name: &str| -> Result<Vec<u16>, ExperimentError> {
            let view = tensors.tensor(name).map_err(|error| fail(error.to_string()))?;
            if view.dtype() != Dtype::U16 || view.shape().len() != 1 {
                return Err(fail(format!("{name} is {:?} {:?}, expected a row of U16", view.dtype(), view.shape())));
            }
            Ok(view.data().as_chunks().0.iter().map(|token| u16::from_le_bytes(*token)).collect())
        };
        Ok(Self { train: tokens("train")?, valid: tokens("valid")?, tokenizer: header.tokenizer, key: header.key })
    }

    /// The name of its file, by the key.
    pub fn file_name(&self) -> String {
        file_name(&self.key)
    }

    /// Writes the tokens and their tokenizer as one safetensors file.
    ///
    /// # Errors
    /// The disk failed.
    pub fn save(&self, file: &Path) -> Result<(), ExperimentError> {
        let header = Header { schema: SCHEMA.to_owned(), key: self.key.clone(), tokenizer: self.tokenizer.clone() };
        let header = serde_json::to_string(&header).expect("a header is plain data");
        let bytes = |tokens: &[u16]| tokens.iter().flat_map(|token| token.to_le_bytes()).collect::<Vec<u8>>();
        let (train, valid) = (bytes(&self.train), bytes(&self.valid));
        let view = |count: usize, bytes| TensorView::new(Dtype::U16, vec![count], bytes).expect("two bytes a token");
        let tensors = [("train", view(self.train.len(), &train)), ("valid", view(self.valid.len(), &valid))];
        let bytes = serialize(tensors, Some(HashMap::from([("ropelet".to_owned(), header)])))
            .expect("two tensors with names of their own");
        durable::write(file, &bytes)
    }

    /// Whether there is enough of both texts.
    ///
    /// # Errors
    /// Too few tokens to train on windows of `train_length`, or to read `valid_tokens` and the one after.
    pub fn check(&self, train_length: usize, valid_tokens: usize) -> Result<(), ExperimentError> {
        let enough = |text: &'static str, found: usize, expected: usize| {
            if found < expected {
                return Err(ExperimentError::TooShort { text, found, expected });
            }
            Ok(())
        };
        enough("training", self.train.len(), 2 * train_length)?;
        enough("validation", self.valid.len(), valid_tokens + 1)
    }
}

fn file_name(key: &str) -> String {
    format!("corpus-{key}.safetensors")
}

fn tokens_of(file: &Path, reason: impl std::fmt::Display) -> ExperimentError {
    ExperimentError::Corpus { file: file.to_owned(), reason: reason.to_string() }
}

/// A file of text with something in it.
fn text(file: &Path) -> Result<String, ExperimentError> {
    let bytes = fs::read(file).map_err(|source| ExperimentError::Io { file: PathBuf::from(file), source })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        tokens_of(file, format!("not UTF-8 (byte {}), expected a text", error.utf8_error().valid_up_to()))
    })?;
    if text.trim().is_empty() {
        return Err(tokens_of(file, "the text is empty"));
    }
    Ok(text)
}

/// FNV-1a of the texts, with their lengths between them, and of the vocabulary's size.
fn key(texts: &[String; 2], vocabulary: usize) -> String {
    let mut hash = Fnv1a::default();
    for number in [texts[0].len(), texts[1].len(), vocabulary] {
        hash.add_number(number as u64);
    }
    texts.iter().for_each(|text| hash.add(text.as_bytes()));
    hash.to_string()
}

/// Byte-level BPE of this many tokens, without a normaliser: the tokens' bytes are the text's.
fn trained(text: &str, vocabulary: usize) -> tokenizers::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    tokenizer.with_decoder(Some(ByteLevel::new(false, true, true)));
    let mut trainer: TrainerWrapper = BpeTrainer::builder()
        .vocab_size(vocabulary)
        .min_frequency(2)
        .special_tokens(vec![AddedToken::from(BETWEEN, true)])
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .show_progress(false)
        .build()
        .into();
    let pieces: Vec<&str> = text.split('\u{c}').flat_map(pieces).collect();
    tokenizer.train(&mut trainer, pieces.into_iter())?;
    Ok(tokenizer)
}

fn encoded(tokenizer: &Tokenizer, text: &str) -> tokenizers::Result<Vec<u16>> {
    let mut tokens = Vec::new();
    let documents: Vec<&str> = text.split('\u{c}').filter(|document| !document.trim().is_empty()).collect();
    let parts: Vec<(bool, &str)> = documents
        .into_iter()
        .flat_map(|document| pieces(document).enumerate().map(|(at, piece)| (at == 0, piece)))
        .collect();
    let encode = |(first, piece): &(bool, &str)| Ok((*first, tokenizer.encode_fast(*piece, false)?));
    for encoding in parts.par_iter().map(encode).collect::<tokenizers::Result<Vec<_>>>()? {
        let (first, encoding) = encoding;
        tokens.extend(first.then_some(0));
        // A vocabulary has at most 65536 tokens.
        tokens.extend(encoding.get_ids().iter().map(|id| *id as u16));
    }
    Ok(tokens)
}

/// A document in parts that have the same tokens as the whole: cut only before a line break that stands
/// alone between two characters that are no blanks, where the pre-tokenizer cuts in any case.
fn pieces(document: &str) -> impl Iterator<Item = &str> {
    let mut rest = document;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let is_cut = |at: &usize| {
            let (before, after) = (&rest[..*at], &rest[*at + 1..]);
            !before.ends_with(char::is_whitespace) && !after.starts_with(char::is_whitespace) && !after.is_empty()
        };
        let cut = rest.match_indices('\n').map(|(at, _)| at).filter(|at| *at >= PIECE).find(is_cut);
        let (piece, after) = rest.split_at(cut.unwrap_or(rest.len()));
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn essays() -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/text");
        ["how-a-referee-works.txt", "rounding.txt"]
            .map(|name| fs::read_to_string(folder.join(name)).unwrap())
            .join("\u{c}")
    }

    #[test]
    fn tokens_give_the_text_back_and_the_same_text_gives_the_same_tokens() {
        let text = essays();
        let tokenizer = trained(&text, 400).unwrap();
        assert_eq!(tokenizer.to_string(false).unwrap(), trained(&text, 400).unwrap().to_string(false).unwrap());
        let tokens = encoded(&tokenizer, &text).unwrap();
        assert_eq!(tokens.iter().filter(|token| **token == 0).count(), 2);
        assert!(tokens.iter().all(|token| *token < 400));
        let ids: Vec<u32> = tokens.iter().map(|token| u32::from(*token)).collect();
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), text.replace('\u{c}', ""));
    }

    #[test]
    fn a_document_in_pieces_has_the_tokens_of_the_whole() {
        let text = essays();
        let long = format!("{text}\n\n{text}\r\n  {text}").replace('\u{c}', " ").repeat(4);
        let tokenizer = trained(&text, 400).unwrap();
        assert!(pieces(&long).count() > 1);
        let whole = tokenizer.encode_fast(long.as_str(), false).unwrap();
        let parts: Vec<u32> =
            pieces(&long).flat_map(|piece| tokenizer.encode_fast(piece, false).unwrap().get_ids().to_vec()).collect();
        assert_eq!(parts, whole.get_ids());
    }

    #[test]
    fn a_corpus_is_made_once_and_read_after() {
        let folder = tempfile::tempdir().unwrap();
        let [train, valid] = ["train.txt", "valid.txt"].map(|name| folder.path().join(name));
        fs::write(&train, essays()).unwrap();
        fs::write(&valid, "A text to validate on.").unwrap();
        let mut notices = 0;
        let mut prepare =
            |vocabulary| Corpus::prepare(&train, &valid, vocabulary, folder.path(), &mut |_| notices += 1).unwrap();
        let first = prepare(300);
        assert_eq!(prepare(300), first);
        assert_ne!(prepare(301).key, first.key);
        assert_eq!(notices, 4);
        assert!(first.check(64, first.valid.len() - 1).is_ok());
        assert!(matches!(
            first.check(64, first.valid.len()),
            Err(ExperimentError::TooShort { text: "validation", .. })
        ));
        let tokens = first.train.len();
        assert!(matches!(first.check(tokens, 1), Err(ExperimentError::TooShort { text: "training", .. })));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [good, bad, empty] = ["good", "bad", "empty"].map(|name| folder.path().join(name));
        fs::write(&good, "words").unwrap();
        fs::write(&bad, b"word\xff").unwrap();
        fs::write(&empty, " \n\u{c}").unwrap();
        for (file, expected) in [(&bad, "not UTF-8 (byte 4)"), (&empty, "the text is empty")] {
            let error = Corpus::prepare(&good, file, 300, folder.path(), &mut |_| ()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
