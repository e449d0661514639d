//! The files of a checkpoint: which are read, from where, and which bytes are which tensor.

mod pickle;
mod pytorch;
mod safetensors;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

use ::safetensors::tensor::TensorInfo;
use serde::Serialize;
use serde_json::{Map, Value};

use super::ModelError;
use super::config::Strict;

/// The largest config.json or index. In memory JSON takes up to sixteen times as much.
const MAX_JSON: u64 = 16 << 20;

/// A checkpoint's folder: reads regular files in it, and follows links only inside it or into the
/// blobs of the hub cache that it is a snapshot of.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
    /// Where files may really be.
    roots: Vec<PathBuf>,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { file: path.to_owned(), source };
        let real = path.canonicalize().map_err(io)?;
        let mut roots = vec![real.clone()];
        // models--ORG--NAME/snapshots/COMMIT links into models--ORG--NAME/blobs.
        if let Some(snapshots) = real.parent().filter(|parent| parent.ends_with("snapshots"))
            && let Some(repository) = snapshots.parent()
        {
            roots.push(repository.join("blobs"));
        }
        Ok(Self { path: path.to_owned(), roots })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether something has this name, even a broken link.
    pub(super) fn has(&self, name: &str) -> bool {
        self.path.join(name).symlink_metadata().is_ok()
    }

    /// Opens a regular file of this folder. Nothing else is opened: a pipe would wait forever.
    fn file(&self, name: &str) -> Result<(PathBuf, File, u64), ModelError> {
        let path = self.path.join(name);
        let io = |source| ModelError::Io { file: path.clone(), source };
        let real = path.canonicalize().map_err(io)?;
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            return Err(ModelError::Outside { file: path, target: real });
        }
        let metadata = fs::metadata(&real).map_err(io)?;
        if !metadata.is_file() {
            let found = if metadata.is_dir() { "a folder" } else { "a pipe, socket or device" };
            return Err(ModelError::NotAFile { file: path, found });
        }
        let file = File::open(&real).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        Ok((path, file, length))
    }

    /// The whole of a file that is not weights.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<(PathBuf, Vec<u8>), ModelError> {
        let (path, file, length) = self.file(name)?;
        if length > limit {
            return Err(ModelError::TooLarge { file: path, found: length, limit });
        }
        let mut bytes = Vec::new();
        // The limit again: the length of a file under /proc is 0 whatever it holds.
        file.take(limit).read_to_end(&mut bytes).map_err(|source| ModelError::Io { file: path.clone(), source })?;
        Ok((path, bytes))
    }

    /// A file that is one JSON object.
    pub(super) fn json(&self, name: &str) -> Result<(PathBuf, Map<String, Value>), ModelError> {
        let (path, bytes) = self.read(name, MAX_JSON)?;
        let object = parse_object(&path, &bytes)?;
        Ok((path, object))
    }

    /// That there are none of the files that were looked for, and what there is instead.
    pub(super) fn without(&self, wanted: &str) -> ModelError {
        const FORMS: [(&str, &str); 8] = [
            ("adapter_config.json", "an adapter, whose model is elsewhere"),
            (".gguf", "quantised GGUF"),
            (".h5", "TensorFlow"),
            (".msgpack", "Flax"),
            (".onnx", "ONNX"),
            (".pth", "not the Hugging Face layout"),
            (".pt", "not the Hugging Face layout"),
            (".ckpt", "not the Hugging Face layout"),
        ];
        let mut names: Vec<String> = fs::read_dir(&self.path)
            .map(|entries| {
                entries.take(10_000).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
            })
            .unwrap_or_default();
        names.sort();
        let other = names.iter().find_map(|name| {
            let (_, what) = FORMS.iter().find(|(ending, _)| name.ends_with(ending))?;
            Some(format!("; it has {name} ({what}), which is not read"))
        });
        let reason = format!("has no {wanted}{}", other.unwrap_or_default());
        ModelError::NotACheckpoint { folder: self.path.clone(), reason }
    }
}

/// A file that is one JSON object, no key twice.
pub(super) fn parse_object(path: &Path, bytes: &[u8]) -> Result<Map<String, Value>, ModelError> {
    match Strict::parse(path, bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(ModelError::Json { file: path.to_owned(), reason: "expected an object".to_owned() }),
    }
}

/// Tensors by name, each with its type, its shape, and its first and last byte in the file.
type Tensors = BTreeMap<String, TensorInfo>;

/// The weight files of a checkpoint: their headers checked, their data read tensor by tensor.
///
/// Data is read with ordinary reads into memory of the right size, never mapped: a file that is cut
/// short meanwhile is an error and not a crash, and each weight is converted when it is used anyway.
#[derive(Debug)]
pub(super) struct WeightFiles {
    format: Format,
    shards: Vec<Shard>,
    /// The shard of each tensor.
    tensors: BTreeMap<String, usize>,
}

/// The format of the weight files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A JSON header and the numbers.
    Safetensors,
    /// A zip archive of `torch.save`: a pickle and the numbers.
    Pytorch,
}

impl Format {
    /// In order of preference.
    const ALL: [Self; 2] = [Self::Safetensors, Self::Pytorch];

    /// The name of a file that is not divided.
    fn single(self) -> &'static str {
        match self {
            Self::Safetensors => "model.safetensors",
            Self::Pytorch => "pytorch_model.bin",
        }
    }

    /// The name of the file that says which tensor is in which of several files.
    fn index(self) -> &'static str {
        match self {
            Self::Safetensors => "model.safetensors.index.json",
            Self::Pytorch => "pytorch_model.bin.index.json",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Safetensors => ".safetensors",
            Self::Pytorch => ".bin",
        }
    }

    pub(super) fn header(self, path: &Path, file: &mut (impl Read + Seek), length: u64) -> Result<Tensors, ModelError> {
        let tensors = match self {
            Self::Safetensors => safetensors::header(path, file, length)?,
            Self::Pytorch => pytorch::header(path, file, length)?,
        };
        match tensors.keys().find(|name| !is_printable(name)) {
            Some(name) => Err(ModelError::TensorName { file: path.to_owned(), found: excerpt(name) }),
            None => Ok(tensors),
        }
    }
}

#[derive(Debug)]
struct Shard {
    path: PathBuf,
    file: Mutex<File>,
    /// In bytes, when it was opened.
    length: u64,
    tensors: Tensors,
}

impl WeightFiles {
    /// `model.safetensors`, else the files that `model.safetensors.index.json` names, else the same for
    /// `pytorch_model.bin`. No other file is opened.
    pub(super) fn open(folder: &Folder) -> Result<Self, ModelError> {
        for format in Format::ALL {
            if folder.has(format.single()) {
                return Self::collect(format, vec![Shard::open(folder, format.single(), format)?]);
            }
            if folder.has(format.index()) {
                return Self::sharded(folder, format);
            }
        }
        Err(folder.without(&Format::ALL.map(Format::single).join(" nor ")))
    }

    fn sharded(folder: &Folder, format: Format) -> Result<Self, ModelError> {
        let (index, bytes) = folder.read(format.index(), MAX_JSON)?;
        let placed = placed(&index, &bytes, format)?;
        let names: BTreeSet<&str> = placed.values().map(String::as_str).collect();
        let missing: Vec<String> =
            names.iter().filter(|name| !folder.has(name)).map(|name| (*name).to_owned()).collect();
        if !missing.is_empty() {
            return Err(ModelError::MissingShards { index, missing });
        }
        let shards = names.iter().map(|name| Shard::open(folder, name, format)).collect::<Result<_, _>>()?;
        let files = Self::collect(format, shards)?;
        // The headers are the truth; an index that says otherwise belongs to other files.
        let all = placed.keys().chain(files.tensors.keys()).collect::<BTreeSet<_>>();
        for tensor in all {
            let expected = placed.get(tensor).map(String::as_str);
            let found = files.tensors.get(tensor).and_then(|shard| files.shards[*shard].path.file_name()?.to_str());
            if expected != found {
                return Err(ModelError::Misplaced {
                    index,
                    tensor: tensor.clone(),
                    expected: expected.unwrap_or("no file").to_owned(),
                    found: found.unwrap_or("no file").to_owned(),
                });
            }
        }
        Ok(files)
    }

    fn collect(format: Format, shards: Vec<Shard>) -> Result<Self, ModelError> {
        let mut tensors = BTreeMap::new();
        for (number, shard) in shards.iter().enumerate() {
            for tensor in shard.tensors.keys() {
                if let Some(first) = tensors.insert(tensor.clone(), number) {
                    return Err(ModelError::Duplicate {
                        tensor: tensor.clone(),
                        first: shards[first].path.clone(),
                        second: shard.path.clone(),
                    });
                }
            }
        }
        Ok(Self { format, shards, tensors })
    }

    /// The names of all tensors, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The file of a tensor, with its shape and type.
    pub(super) fn find(&self, tensor: &str) -> Option<(&Path, &TensorInfo)> {
        let (shard, info) = self.lookup(tensor)?;
        Some((&shard.path, info))
    }

    fn lookup(&self, tensor: &str) -> Option<(&Shard, &TensorInfo)> {
        let shard = &self.shards[*self.tensors.get(tensor)?];
        Some((shard, shard.tensors.get(tensor)?))
    }

    /// Some of the bytes of a tensor, little-endian and row-major. Nothing else is read.
    ///
    /// # Panics
    /// There is no such tensor, or it has fewer bytes; [`find`](Self::find) says so.
    pub(super) fn bytes(&self, tensor: &str, part: Range<usize>) -> Result<Vec<u8>, ModelError> {
        let (shard, info) = self.lookup(tensor).expect("names were checked against the headers");
        let io = |source| ModelError::Io { file: shard.path.clone(), source };
        let mut file = shard.file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Checked before and implied after: a read past a new, shorter end fails by itself.
        let length = file.metadata().map_err(io)?.len();
        if length != shard.length {
            return Err(ModelError::Changed { file: shard.path.clone(), found: length, expected: shard.length });
        }
        let (start, end) = info.data_offsets;
        assert!(part.end <= end - start, "{tensor} has {} bytes, not {}", end - start, part.end);
        let mut bytes = vec![0; part.len()];
        file.seek(SeekFrom::Start((start + part.start) as u64)).map_err(io)?;
        file.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }

    /// What the files are.
    pub(super) fn storage(&self) -> Storage {
        let mut types = BTreeMap::new();
        for info in self.shards.iter().flat_map(|shard| shard.tensors.values()) {
            *types.entry(info.dtype.to_string()).or_default() += (info.data_offsets.1 - info.data_offsets.0) as u64;
        }
        let name = |shard: &Shard| shard.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = self.shards.iter().map(|shard| StoredFile { name: name(shard), bytes: shard.length }).collect();
        Storage { format: self.format, files, types }
    }
}

/// The weight files of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Storage {
    /// Their format.
    pub format: Format,
    /// The files, by name.
    pub files: Vec<StoredFile>,
    /// The types of the stored numbers, with how many bytes they take in all.
    pub types: BTreeMap<String, u64>,
}

/// A file, and its length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredFile {
    /// Its name in the checkpoint's folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

impl Shard {
    fn open(folder: &Folder, name: &str, format: Format) -> Result<Self, ModelError> {
        let (path, mut file, length) = folder.file(name)?;
        let tensors = format.header(&path, &mut file, length)?;
        Ok(Self { path, file: Mutex::new(file), length, tensors })
    }
}

/// The file of each tensor, as an index says.
pub(super) fn placed(index: &Path, bytes: &[u8], format: Format) -> Result<BTreeMap<String, String>, ModelError> {
    let bad = |found: String| ModelError::BadKey {
        file: index.to_owned(),
        key: "weight_map".to_owned(),
        expected: "an object from tensor names to file names".to_owned(),
        found,
    };
    let mut object = parse_object(index, bytes)?;
    let map = match object.remove("weight_map") {
        Some(Value::Object(map)) if !map.is_empty() => map,
        Some(other) => return Err(bad(super::config::shown(&other))),
        None => return Err(bad("missing".to_owned())),
    };
    let mut placed = BTreeMap::new();
    for (tensor, file) in map {
        if !is_printable(&tensor) {
            return Err(ModelError::TensorName { file: index.to_owned(), found: excerpt(&tensor) });
        }
        let Value::String(file) = file else { return Err(bad(super::config::shown(&file))) };
        if !is_plain_name(&file) || !file.ends_with(format.extension()) {
            let (index, expected) = (index.to_owned(), format.extension());
            return Err(ModelError::ShardName { index, tensor, expected, found: excerpt(&file) });
        }
        placed.insert(tensor, file);
    }
    Ok(placed)
}

/// What a file that is not weights at all most often is.
fn impostor(start: &[u8], expected: &str) -> Option<String> {
    let text = start.trim_ascii_start().to_ascii_lowercase();
    let found = if start.is_empty() {
        return Some(format!("the file is empty, expected {expected}"));
    } else if text.starts_with(b"version https://git-lfs") {
        "a git-lfs pointer, not the weights; fetch them with `git lfs pull`"
    } else if text.starts_with(b"<!doctype") || text.starts_with(b"<html") {
        "an HTML page, not the weights; the download failed"
    } else if text.starts_with(b"gguf") {
        "a quantised GGUF file, which is not read; use the unquantised checkpoint"
    } else {
        return None;
    };
    Some(format!("this is {found}"))
}

/// The name of a file in this very folder.
fn is_plain_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        && !name.contains(['/', '\\'])
        && is_printable(name)
}

/// Whether a name can stand in a message: short, and without control characters.
fn is_printable(name: &str) -> bool {
    name.len() <= 512 && !name.chars().any(char::is_control)
}

/// The beginning of a name that is not printable.
fn excerpt(name: &str) -> String {
    name.chars().take(60).collect()
}

/// How many layers the files have: how many numbers follow this prefix.
///
/// Not the largest number, which costs a file nothing: what is made per layer is made this often.
/// Every tensor of every layer is looked for afterwards.
pub(super) fn layers_stored<'a>(names: impl Iterator<Item = &'a str>, prefix: &str) -> usize {
    names.filter_map(|name| name.strip_prefix(prefix)?.split('.').next()).collect::<BTreeSet<_>>().len()
}
