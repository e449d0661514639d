use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde_json::{Map, Value};

use super::ModelError;
use super::config::Strict;

/// The largest header that is read, the format's own limit.
const MAX_HEADER: u64 = 100_000_000;
/// The largest config.json or index.
const MAX_JSON: u64 = 64 << 20;

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
        Ok((path, file, metadata.len()))
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
        match Strict::parse(&path, &bytes)? {
            Value::Object(object) => Ok((path, object)),
            _ => Err(ModelError::Json { file: path, reason: "expected an object".to_owned() }),
        }
    }
}

/// The weight files of a checkpoint: their headers checked, their data read tensor by tensor.
///
/// Data is read with ordinary reads into memory of the right size, never mapped: a file that is cut
/// short meanwhile is an error and not a crash, and each weight is converted when it is used anyway.
#[derive(Debug)]
pub(super) struct WeightFiles {
    shards: Vec<Shard>,
    /// The shard of each tensor.
    tensors: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Shard {
    path: PathBuf,
    file: Mutex<File>,
    /// In bytes, when it was opened.
    length: u64,
    /// Where the data begins.
    data: u64,
    header: Metadata,
}

impl WeightFiles {
    /// `model.safetensors`, else the files that `model.safetensors.index.json` names.
    pub(super) fn open(folder: &Folder) -> Result<Self, ModelError> {
        const SINGLE: &str = "model.safetensors";
        const INDEX: &str = "model.safetensors.index.json";
        if folder.has(SINGLE) {
            return Self::collect(vec![Shard::open(folder, SINGLE)?]);
        }
        if folder.has(INDEX) {
            return Self::sharded(folder, INDEX);
        }
        let other = ["pytorch_model.bin", "pytorch_model.bin.index.json"].into_iter().find(|name| folder.has(name));
        let also =
            other.map_or(String::new(), |name| format!(" ({name} is there; convert it with `safe_serialization`)"));
        Err(ModelError::NotACheckpoint {
            folder: folder.path().to_owned(),
            reason: format!("has neither {SINGLE} nor {INDEX}{also}"),
        })
    }

    fn sharded(folder: &Folder, name: &str) -> Result<Self, ModelError> {
        let (index, object) = folder.json(name)?;
        let bad = |found: String| ModelError::BadKey {
            file: index.clone(),
            key: "weight_map".to_owned(),
            expected: "an object from tensor names to file names".to_owned(),
            found,
        };
        let map = match object.get("weight_map") {
            Some(Value::Object(map)) if !map.is_empty() => map,
            Some(other) => return Err(bad(super::config::shown(other))),
            None => return Err(bad("missing".to_owned())),
        };
        let mut placed = BTreeMap::new();
        for (tensor, file) in map {
            let file = file.as_str().ok_or_else(|| bad(super::config::shown(file)))?;
            if !is_plain_shard_name(file) {
                return Err(ModelError::ShardName { index, tensor: tensor.clone(), found: file.to_owned() });
            }
            placed.insert(tensor.as_str(), file);
        }
        let names: BTreeSet<&str> = placed.values().copied().collect();
        let missing: Vec<String> =
            names.iter().filter(|name| !folder.has(name)).map(|name| (*name).to_owned()).collect();
        if !missing.is_empty() {
            return Err(ModelError::MissingShards { index, missing });
        }
        let files = Self::collect(names.iter().map(|name| Shard::open(folder, name)).collect::<Result<_, _>>()?)?;
        // The headers are the truth; an index that says otherwise belongs to other files.
        let all = placed.keys().copied().chain(files.tensors.keys().map(String::as_str)).collect::<BTreeSet<_>>();
        for tensor in all {
            let expected = placed.get(tensor).copied();
            let found = files.tensors.get(tensor).and_then(|shard| files.shards[*shard].path.file_name()?.to_str());
            if expected != found {
                return Err(ModelError::Misplaced {
                    index,
                    tensor: tensor.to_owned(),
                    expected: expected.unwrap_or("no file").to_owned(),
                    found: found.unwrap_or("no file").to_owned(),
                });
            }
        }
        Ok(files)
    }

    fn collect(shards: Vec<Shard>) -> Result<Self, ModelError> {
        let mut tensors = BTreeMap::new();
        for (number, shard) in shards.iter().enumerate() {
            for tensor in shard.header.offset_keys() {
                if let Some(first) = tensors.insert(tensor.clone(), number) {
                    return Err(ModelError::Duplicate {
                        tensor,
                        first: shards[first].path.clone(),
                        second: shard.path.clone(),
                    });
                }
            }
        }
        Ok(Self { shards, tensors })
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
        Some((shard, shard.header.info(tensor)?))
    }

    /// Some of the bytes of a tensor, little-endian and row-major.
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
        file.seek(SeekFrom::Start(shard.data + (start + part.start) as u64)).map_err(io)?;
        file.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }
}

impl Shard {
    /// Opens a file and checks its header: no allocation before the sizes are known to be true.
    fn open(folder: &Folder, name: &str) -> Result<Self, ModelError> {
        let (path, mut file, length) = folder.file(name)?;
        let io = |source| ModelError::Io { file: path.clone(), source };
        let broken = |reason: String| ModelError::Header { file: path.clone(), reason };
        let mut start = Vec::new();
        file.by_ref().take(64).read_to_end(&mut start).map_err(io)?;
        if let Some(what) = impostor(&start) {
            return Err(broken(what.to_owned()));
        }
        let Some(size) = start.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else {
            return Err(broken(format!("{length} bytes are too few for a safetensors header")));
        };
        if size > MAX_HEADER {
            return Err(broken(format!("the header claims {size} bytes, expected at most {MAX_HEADER}")));
        }
        if size > length - 8 {
            return Err(broken(format!("the header claims {size} bytes, but only {} follow", length - 8)));
        }
        let mut bytes = vec![0; size as usize];
        file.seek(SeekFrom::Start(8)).map_err(io)?;
        file.read_exact(&mut bytes).map_err(io)?;
        let Value::Object(object) = Strict::parse(&path, &bytes)? else {
            return Err(broken("the header is not a JSON object".to_owned()));
        };
        let mut tensors = Vec::new();
        for (tensor, value) in object {
            if tensor == "__metadata__" {
                continue;
            }
            let dtype = value.get("dtype").and_then(Value::as_str).unwrap_or("missing").to_owned();
            let info: TensorInfo = serde_json::from_value(value).map_err(|error| {
                // A type that the format does not know is the one error worth more than the parser's words.
                match serde_json::from_value::<Dtype>(Value::from(dtype.as_str())) {
                    Err(_) => {
                        ModelError::WeightType { file: path.clone(), tensor: tensor.clone(), found: dtype.clone() }
                    }
                    Ok(_) => broken(format!("tensor {tensor}: {error}")),
                }
            })?;
            tensors.push((tensor, info));
        }
        tensors.sort_by_key(|(_, info)| info.data_offsets);
        for (tensor, info) in &tensors {
            let bits = info.shape.iter().try_fold(info.dtype.bitsize(), |product, size| product.checked_mul(*size));
            let (start, end) = info.data_offsets;
            if bits.is_none_or(|bits| end.checked_sub(start).and_then(|bytes| bytes.checked_mul(8)) != Some(bits)) {
                return Err(broken(format!(
                    "tensor {tensor} of type {} and shape {:?} cannot lie in bytes {start}..{end}",
                    info.dtype, info.shape
                )));
            }
        }
        let header = Metadata::new(None, tensors).map_err(|error| broken(error.to_string()))?;
        let expected = (8 + size).saturating_add(header.data_len() as u64);
        if expected != length {
            return Err(ModelError::Length { file: path, found: length, expected });
        }
        Ok(Self { path, file: Mutex::new(file), length, data: 8 + size, header })
    }
}

/// What a file that is not safetensors at all most often is.
fn impostor(start: &[u8]) -> Option<&'static str> {
    let text = start.trim_ascii_start().to_ascii_lowercase();
    if start.is_empty() {
        Some("the file is empty, expected safetensors")
    } else if text.starts_with(b"version https://git-lfs") {
        Some("this is a git-lfs pointer, not the weights; fetch them with `git lfs pull`")
    } else if text.starts_with(b"<!doctype") || text.starts_with(b"<html") {
        Some("this is an HTML page, not the weights; the download failed")
    } else {
        None
    }
}

fn is_plain_shard_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        && name.ends_with(".safetensors")
        && !name.contains(['/', '\\', '\0'])
}

/// How many layers the files have: one more than the largest number after this prefix.
///
/// The number is only compared with the configuration: every tensor of every layer is looked for
/// afterwards.
pub(super) fn layers_stored<'a>(names: impl Iterator<Item = &'a str>, prefix: &str) -> usize {
    names
        .filter_map(|name| name.strip_prefix(prefix)?.split('.').next()?.parse::<usize>().ok())
        .max()
        .map_or(0, |last| last.saturating_add(1))
}
