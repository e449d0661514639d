use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fmt;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{Tensors, impostor};
use crate::model::ModelError;

/// The largest header that is read, the format's own limit.
const MAX_HEADER: u64 = 100_000_000;
/// More axes than any tensor has. A header of 100 MB could otherwise hold a shape of 50 million.
const MAX_AXES: usize = 32;

/// Reads the header of a safetensors file and checks that it can be true: no allocation before the
/// sizes are known to fit into the file.
pub(super) fn header(path: &Path, file: &mut (impl Read + Seek), length: u64) -> Result<Tensors, ModelError> {
    let io = |source| ModelError::Io { file: path.to_owned(), source };
    let broken = |reason: String| ModelError::Header { file: path.to_owned(), reason };
    let mut start = Vec::new();
    file.by_ref().take(64).read_to_end(&mut start).map_err(io)?;
    if let Some(what) = impostor(&start, "safetensors") {
        return Err(broken(what));
    }
    let (Some(size), Some(rest)) = (start.first_chunk(), length.checked_sub(8)) else {
        return Err(broken(format!("{length} bytes are too few for a safetensors header")));
    };
    let size = u64::from_le_bytes(*size);
    if size > MAX_HEADER {
        return Err(broken(format!("the header claims {size} bytes, expected at most {MAX_HEADER}")));
    }
    if size > rest {
        return Err(broken(format!("the header claims {size} bytes, but only {rest} follow")));
    }
    let mut bytes = vec![0; size as usize];
    file.seek(SeekFrom::Start(8)).map_err(io)?;
    file.read_exact(&mut bytes).map_err(io)?;
    let Header(entries) = serde_json::from_slice(&bytes)
        .map_err(|error| ModelError::Json { file: path.to_owned(), reason: format!("in the header: {error}") })?;

    let mut tensors = Vec::new();
    for (tensor, Entry { dtype, shape, data_offsets }) in entries {
        let Ok(dtype) = serde_json::from_value::<Dtype>(Value::from(dtype.as_str())) else {
            return Err(ModelError::WeightType { file: path.to_owned(), tensor, found: dtype });
        };
        let (start, end) = data_offsets;
        let bits = shape.iter().try_fold(dtype.bitsize(), |product, size| product.checked_mul(*size));
        if bits.is_none_or(|bits| end.checked_sub(start).and_then(|bytes| bytes.checked_mul(8)) != Some(bits)) {
            return Err(broken(format!(
                "tensor {tensor} of type {dtype} and shape {shape:?} cannot lie in bytes {start}..{end}"
            )));
        }
        tensors.push((tensor, TensorInfo { dtype, shape, data_offsets }));
    }
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    // The crate's own check, that the tensors follow one another without gap or overlap.
    let header = Metadata::new(None, tensors.clone()).map_err(|error| broken(error.to_string()))?;
    let data = 8 + size;
    let expected = data.saturating_add(header.data_len() as u64);
    if expected != length {
        return Err(ModelError::Length { file: path.to_owned(), found: length, expected });
    }
    for (_, info) in &mut tensors {
        info.data_offsets.0 += data as usize;
        info.data_offsets.1 += data as usize;
    }
    Ok(tensors.into_iter().collect())
}

/// The tensors of a header, as it claims them.
struct Header(BTreeMap<String, Entry>);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    #[serde(deserialize_with = "shape")]
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object from tensor names to their types, shapes and places")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Header, A::Error> {
        let (mut tensors, mut metadata) = (BTreeMap::new(), false);
        while let Some(name) = entries.next_key::<String>()? {
            let twice = || de::Error::custom(format!("the key `{name}` appears twice"));
            if name == "__metadata__" {
                if std::mem::replace(&mut metadata, true) {
                    return Err(twice());
                }
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            match tensors.entry(name.clone()) {
                Slot::Occupied(_) => return Err(twice()),
                Slot::Vacant(slot) => {
                    let named = |error| de::Error::custom(format!("tensor {name}: {error}"));
                    slot.insert(entries.next_value().map_err(named)?);
                }
            }
        }
        Ok(Header(tensors))
    }
}

fn shape<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<usize>, D::Error> {
    struct Axes;

    impl<'de> Visitor<'de> for Axes {
        type Value = Vec<usize>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MAX_AXES} whole numbers")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sizes: A) -> Result<Vec<usize>, A::Error> {
            let mut shape = Vec::new();
            while let Some(size) = sizes.next_element()? {
                if shape.len() == MAX_AXES {
                    return Err(de::Error::invalid_length(shape.len() + 1, &self));
                }
                shape.push(size);
            }
            Ok(shape)
        }
    }

    deserializer.deserialize_seq(Axes)
}
