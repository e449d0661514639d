use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::family::Family;
use super::files::{Folder, WeightFiles, layers_stored};
use super::weights::{Source, Weights};
use super::{ModelError, Spec, Tokenizer};

/// A model on disk: what it computes, and its weights, which are read when they are used.
///
/// # Example
/// ```
/// use ropelet::model::Checkpoint;
///
/// let checkpoint = Checkpoint::open("tests/data/llama")?;
/// assert_eq!(checkpoint.spec().family, "llama");
/// assert_eq!(checkpoint.spec().layers.len(), 6);
/// # Ok::<(), ropelet::model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Checkpoint {
    folder: Folder,
    spec: Spec,
    weights: Weights,
}

impl Checkpoint {
    /// Opens a folder in Hugging Face layout, or `org/name` in the local hub cache.
    ///
    /// The folder has config.json and model.safetensors or its shards with their index, and a
    /// tokenizer.json if texts are to be read. The cache is `HF_HUB_CACHE`, else `HF_HOME/hub`, else
    /// `~/.cache/huggingface/hub`; the snapshot is the one of `main`. Nothing is downloaded.
    ///
    /// Everything is checked that can be checked without reading the weights: each tensor that the
    /// configuration needs is there with the right shape, and none is left over.
    ///
    /// # Errors
    /// Whatever is wrong with the files; see [`ModelError`].
    pub fn open(model: impl AsRef<Path>) -> Result<Self, ModelError> {
        let folder = Folder::open(&locate(model.as_ref())?)?;
        if !folder.has("config.json") {
            return Err(folder.without("config.json"));
        }
        let (file, object) = folder.json("config.json")?;
        let config = Config::new(&file, object);
        let family = Family::of(&config)?;
        let files = WeightFiles::open(&folder)?;

        let prefix = Weights::prefix(&family.names, &files);
        let layers = layers_stored(files.names(), &format!("{prefix}{}", family.names.layers));
        let spec = family.spec(config, layers)?;

        let weights = Weights { family, prefix, source: Source::Files(files) };
        weights.check(&folder, &spec)?;
        Ok(Self { folder, spec, weights })
    }

    /// The same model before training: its spec, with weights as they are freshly initialised.
    ///
    /// Matrices and embeddings are normal with mean 0 and standard deviation `initializer_range`,
    /// biases 0, the factor of a norm 1, as Hugging Face transformers initialises these families; in
    /// GPT-2 the matrices that write to the residual stream are smaller by `1/√(2 layers)`. One thing
    /// differs: the embedding of the padding token is drawn as the others are, and not 0. The same seed
    /// gives the same weights.
    #[must_use]
    pub fn untrained(&self, seed: u64) -> Self {
        let family = self.weights.family;
        let into_stream = family.stream_factor(self.spec.layers.len());
        let source = Source::Fresh { seed, standard_deviation: self.spec.initializer_range, into_stream };
        Self {
            folder: self.folder.clone(),
            spec: self.spec.clone(),
            weights: Weights { family, prefix: self.weights.prefix, source },
        }
    }

    /// The same weights under a changed spec: what the model would compute if it were read so.
    ///
    /// Only changes that leave every tensor's shape as it is can be run.
    #[must_use]
    pub fn with_spec(mut self, change: impl FnOnce(&mut Spec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// What the model computes.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The folder that was opened.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The model's tokenizer.
    ///
    /// # Errors
    /// There is none, it cannot be read, or one of its ids has no embedding.
    pub fn tokenizer(&self) -> Result<Tokenizer, ModelError> {
        Tokenizer::open(&self.folder, self.spec.vocabulary)
    }

    /// Hands over what is in config.json, and in tokenizer.json if there is one.
    pub(super) fn read_small_files(&self, take: &mut dyn FnMut(&[u8])) -> Result<(), ModelError> {
        for name in ["config.json", "tokenizer.json"] {
            if self.folder.has(name) {
                take(&self.folder.read(name, MAX_SMALL)?.1);
            }
        }
        Ok(())
    }

    pub(super) fn weights(&self) -> &Weights {
        &self.weights
    }
}

/// The largest config.json or tokenizer.json.
const MAX_SMALL: u64 = 48 << 20;

/// The folder that `model` means.
fn locate(model: &Path) -> Result<PathBuf, ModelError> {
    if model.is_dir() {
        return Ok(model.to_owned());
    }
    let cache = cache();
    let not_found = || ModelError::NotFound { model: model.display().to_string(), searched: cache.clone() };
    let name = model.to_str().ok_or_else(not_found)?;
    let (organisation, repository) = name.split_once('/').ok_or_else(not_found)?;
    let is_name = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
    };
    if !is_name(organisation) || !is_name(repository) {
        return Err(not_found());
    }
    let folder = cache.join(format!("models--{organisation}--{repository}"));
    let commit = fs::read_to_string(folder.join("refs/main")).map_err(|_| not_found())?;
    let commit = commit.trim();
    let snapshot = folder.join("snapshots").join(commit);
    if commit.is_empty() || !commit.bytes().all(|c| c.is_ascii_hexdigit()) || !snapshot.is_dir() {
        return Err(not_found());
    }
    Ok(snapshot)
}

/// The hub cache, where Hugging Face's own tools look for it.
fn cache() -> PathBuf {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("HF_HUB_CACHE")
        .or_else(|| folder("HF_HOME").map(|home| home.join("hub")))
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("huggingface/hub")))
        .unwrap_or_else(|| env::home_dir().unwrap_or_default().join(".cache/huggingface/hub"))
}
