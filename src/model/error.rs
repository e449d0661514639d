use std::error::Error;
use std::path::PathBuf;

use super::{Precision, Site};
use crate::signal::SignalError;

/// Why a checkpoint could not be read or run: one sentence that names the file, the key or tensor,
/// what was expected and what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Neither a folder nor the name of a model in the local cache.
    #[error("no model `{model}`: there is no such folder, and {searched} has no snapshot of it")]
    NotFound {
        /// What was asked for.
        model: String,
        /// The cache folder that was searched.
        searched: PathBuf,
    },
    /// The folder holds weights in a form that is not read.
    #[error("{folder}: {reason}")]
    NotACheckpoint {
        /// The folder.
        folder: PathBuf,
        /// Which files are there, and which are needed.
        reason: String,
    },
    /// The operating system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// Something other than a regular file bears the name of one.
    #[error("{file}: expected a regular file, found {found}")]
    NotAFile {
        /// The path.
        file: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// A symbolic link leads out of the checkpoint.
    #[error("{file}: leads to {target}, outside the checkpoint's folder and the cache's blobs")]
    Outside {
        /// The link.
        file: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A file is too large for what it is.
    #[error("{file}: {found} bytes, expected at most {limit}")]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The largest size that is read.
        limit: u64,
    },
    /// Not JSON, or an object with a key twice.
    #[error("{file}: {reason}")]
    Json {
        /// The file.
        file: PathBuf,
        /// What the parser said, with line and column.
        reason: String,
    },
    /// A key is absent and has no default.
    #[error("{file}: `{key}` is missing, expected {expected}")]
    MissingKey {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// What its value should be.
        expected: String,
    },
    /// A key has a value of the wrong type or size.
    #[error("{file}: `{key}` is {found}, expected {expected}")]
    BadKey {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// What its value should be.
        expected: String,
        /// Its value.
        found: String,
    },
    /// Two keys that mean the same have different values, and readers disagree about which counts.
    #[error("{file}: `{first}` is {first_value} but `{second}` is {second_value}; they mean the same and must agree")]
    Contradiction {
        /// The file.
        file: PathBuf,
        /// One key.
        first: String,
        /// Its value.
        first_value: String,
        /// The other key.
        second: String,
        /// Its value.
        second_value: String,
    },
    /// A weight file whose header cannot be true.
    #[error("{file}: {reason}")]
    Header {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file ends before, or goes on after, its last tensor.
    #[error("{file}: {found} of {expected} bytes; {}", if found < expected { "the download is incomplete" } else { "the file is longer than its header says" })]
    Length {
        /// The file.
        file: PathBuf,
        /// Its length in bytes.
        found: u64,
        /// The length that its header announces.
        expected: u64,
    },
    /// The file changed after its header was read.
    #[error("{file}: changed while it was being read ({found} bytes, {expected} when it was opened)")]
    Changed {
        /// The file.
        file: PathBuf,
        /// Its length now.
        found: u64,
        /// Its length when it was opened.
        expected: u64,
    },
    /// A tensor has a name that cannot stand in a message.
    #[error("{file}: a tensor's name is too long or has control characters, it begins {found:?}")]
    TensorName {
        /// The file.
        file: PathBuf,
        /// The beginning of the name.
        found: String,
    },
    /// A pickle names something that is not needed to describe tensors.
    #[error(
        "{file}: its pickle names `{name}`, expected tensors, their storages and OrderedDict only; nothing was run"
    )]
    UnknownGlobal {
        /// The file.
        file: PathBuf,
        /// Module and name.
        name: String,
    },
    /// A pickle is broken, or is not a dictionary of tensors.
    #[error("{file}: its pickle is not a dictionary of tensors: {reason} (byte {at})")]
    Pickle {
        /// The file.
        file: PathBuf,
        /// How far it was read, in bytes of the pickle.
        at: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A file of `torch.save` in the format of before version 1.6, a pickle that is not in an archive.
    #[error("{file}: the legacy format of torch.save, which is not read; load it with torch and save it again")]
    LegacyPickle {
        /// The file.
        file: PathBuf,
    },
    /// The numbers of a tensor do not follow one another in the file.
    #[error(
        "{file}: {tensor} of shape {shape:?} is stored with strides {strides:?}, expected row-major; save its `contiguous()`"
    )]
    NotContiguous {
        /// The file.
        file: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// How many numbers each step along an axis skips.
        strides: Vec<usize>,
    },
    /// The index names files that are not there.
    #[error("{index}: names {} that {} not there: {}", plural(missing.len(), "file"), if missing.len() == 1 { "is" } else { "are" }, missing.join(", "))]
    MissingShards {
        /// The index file.
        index: PathBuf,
        /// The files, all of them.
        missing: Vec<String>,
    },
    /// The index names something that is not a plain file name in its own folder.
    #[error("{index}: `weight_map` sends {tensor} to {found:?}, expected the plain name of a {expected} file")]
    ShardName {
        /// The index file.
        index: PathBuf,
        /// The tensor.
        tensor: String,
        /// How the name should end.
        expected: &'static str,
        /// The name.
        found: String,
    },
    /// The index and the headers of the files disagree about where a tensor is.
    #[error("{index}: `weight_map` sends {tensor} to {expected}, found it in {found}")]
    Misplaced {
        /// The index file.
        index: PathBuf,
        /// The tensor.
        tensor: String,
        /// The file named by the index.
        expected: String,
        /// Where it is, if anywhere.
        found: String,
    },
    /// Two files hold a tensor of the same name.
    #[error("{second}: {tensor} is also in {first}; each tensor must be in one file")]
    Duplicate {
        /// The tensor.
        tensor: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A weight is not of a floating-point type that is read.
    #[error("{file}: {tensor} is of type {found}, expected F64, F32, F16 or BF16")]
    WeightType {
        /// The file.
        file: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// The configuration asks for a tensor that no file has.
    #[error("{folder}: tensor {tensor} of shape {shape:?} is missing")]
    MissingTensor {
        /// The checkpoint's folder.
        folder: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape it should have.
        shape: Vec<usize>,
    },
    /// A file has a tensor that the configuration does not account for.
    #[error("{file}: unexpected tensor {tensor} of shape {shape:?}; a {family} checkpoint of this config has none")]
    UnexpectedTensor {
        /// The file.
        file: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The family that was expected.
        family: &'static str,
    },
    /// A tensor's shape does not follow from the configuration.
    #[error("{file}: {tensor} has shape {found:?}, expected {expected:?} from config.json")]
    Shape {
        /// The file.
        file: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape by the configuration.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A weight is NaN or infinite.
    #[error("{file}: {tensor} has a weight that is {value}, at flat index {index}")]
    NonFiniteWeight {
        /// The file.
        file: PathBuf,
        /// The tensor.
        tensor: String,
        /// Where in it, in row-major order.
        index: usize,
        /// `NaN`, `inf` or `-inf`.
        value: f64,
    },
    /// Two tensors are one by the configuration, such as a tied output head and the embedding, and
    /// the file stores both, with different values.
    #[error("{file}: {tensor} differs from {original}, but they are one by config.json (`tie_word_embeddings`)")]
    CopyDiffers {
        /// The file.
        file: PathBuf,
        /// The tensor that is stored without need.
        tensor: String,
        /// The one that it should equal.
        original: String,
    },
    /// tokenizer.json is absent, broken, or another model's.
    #[error("{file}: {reason}")]
    Tokenizer {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A text has no tokens.
    #[error("text {text} has no tokens")]
    NoTokens {
        /// Its place in the list, from 0.
        text: usize,
    },
    /// A token id is not in the vocabulary.
    #[error("token {position} of text {text} is {found}, expected an id below the vocabulary size {vocabulary}")]
    TokenRange {
        /// The text's place in the list, from 0.
        text: usize,
        /// The token's place in the text, from 0.
        position: usize,
        /// The id.
        found: u32,
        /// Number of embeddings.
        vocabulary: usize,
    },
    /// A text is longer than the positions that the model was made for.
    #[error(
        "text {text} has {found} tokens, expected at most `max_position_embeddings` = {limit} (allow extrapolation to run it anyway)"
    )]
    TooLong {
        /// The text's place in the list, from 0.
        text: usize,
        /// Its tokens.
        found: usize,
        /// The largest number of positions.
        limit: usize,
    },
    /// A text is longer than the table of learned positions.
    #[error("text {text} has {found} tokens, but the model has learned {limit} positions")]
    NoPosition {
        /// The text's place in the list, from 0.
        text: usize,
        /// Its tokens.
        found: usize,
        /// The number of positions.
        limit: usize,
    },
    /// The forward pass made a NaN or an infinity.
    #[error("{site} of text {text} is not finite{}", if matches!(precision, Precision::F16) { "; f16 ends at 65504, try --dtype f32" } else { "" })]
    NonFinite {
        /// The first tap that is not finite.
        site: Site,
        /// The text's place in the list, from 0.
        text: usize,
        /// The type that was computed in.
        precision: Precision,
    },
    /// A selection names a layer that the model does not have.
    #[error("layer {found} does not exist, expected one below {layers}")]
    NoSuchLayer {
        /// The layer.
        found: usize,
        /// Number of layers.
        layers: usize,
    },
    /// A selection names a head that the model does not have.
    #[error("head {found} of {site} does not exist, expected one below {heads}")]
    NoSuchHead {
        /// The tap.
        site: Site,
        /// The head.
        found: usize,
        /// Number of heads.
        heads: usize,
    },
    /// Heads are measured by lag, from a query back to its keys, and this model looks ahead too.
    #[error("{family} reads in both directions, expected a causal model")]
    NotCausal {
        /// The model's family.
        family: &'static str,
    },
    /// The device that was asked for is not there.
    #[error("device `{asked}`: {reason}")]
    Device {
        /// The device.
        asked: String,
        /// Why it cannot be used.
        reason: String,
    },
    /// The weights that must be in memory together are larger than the budget.
    #[error("a budget of {asked} bytes is too small: {reason}")]
    Budget {
        /// The budget in bytes.
        asked: u64,
        /// What does not fit, and how much it takes.
        reason: String,
    },
    /// The device cannot compute in the type that was asked for.
    #[error("the CPU computes in f32 or f64, not in {asked}; weights stored in {asked} are read as they are")]
    PrecisionOnCpu {
        /// The type.
        asked: Precision,
    },
    /// The tensor library failed, for want of memory most often.
    #[error("tensor operation: {0}")]
    Tensor(#[from] candle_core::Error),
    /// A signal or a transform of one is not as it must be.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// Row spectra of a number of lags that there are no transforms for.
    #[error("row spectra of {found} lags were asked for; expected a power of two from 8 to 16384")]
    SpectrumLags {
        /// What was asked for.
        found: usize,
    },
    /// The receiver of the taps failed.
    #[error(transparent)]
    Sink(Box<dyn Error + Send + Sync>),
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
