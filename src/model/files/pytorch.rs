use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use safetensors::tensor::TensorInfo;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::pickle::{self, Pickled};
use super::{Tensors, impostor};
use crate::model::ModelError;

/// The largest pickle: that of a thousand tensors has about 100 KB.
const MAX_PICKLE: u64 = 8 << 20;
/// Legacy files begin with this number, pickled.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// Finds the tensors of a file that `torch.save` wrote, a zip archive with a pickle in it.
///
/// The archive's members are stored and not compressed, so each contiguous tensor is a range of bytes
/// of the file, which is read like one of a safetensors file. The checksums of the members are not
/// compared, as that would read them all.
pub(super) fn header(path: &Path, file: &mut (impl Read + Seek), length: u64) -> Result<Tensors, ModelError> {
    let io = |source| ModelError::Io { file: path.to_owned(), source };
    let broken = |reason: String| ModelError::Header { file: path.to_owned(), reason };
    let mut start = Vec::new();
    file.by_ref().take(64).read_to_end(&mut start).map_err(io)?;
    if let Some(what) = impostor(&start, "a file of torch.save") {
        return Err(broken(what));
    }
    if start.starts_with(LEGACY) {
        return Err(ModelError::LegacyPickle { file: path.to_owned() });
    }
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let zip = |error: ZipError| match error {
        ZipError::Io(source) if source.kind() != ErrorKind::UnexpectedEof => {
            ModelError::Io { file: path.to_owned(), source }
        }
        // The list of members is at the end.
        other => broken(format!("not a complete zip archive of torch.save ({other})")),
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(zip)?;
    if archive.has_duplicate_names() {
        return Err(broken("the archive has two members of one name".to_owned()));
    }
    let names = archive.file_names().collect::<Result<Vec<_>, _>>().map_err(zip)?;
    let mut pickles = names.iter().filter_map(|name| name.strip_suffix("data.pkl")).filter(|prefix| {
        // NAME/data.pkl; without the slash where the archive was packed again.
        prefix.is_empty() || (prefix.ends_with('/') && prefix.matches('/').count() == 1)
    });
    let (Some(prefix), None) = (pickles.next().map(str::to_owned), pickles.next()) else {
        return Err(broken("the archive has no single data.pkl".to_owned()));
    };
    drop(names);

    let mut member = |name: &str, limit: u64| -> Result<Option<Vec<u8>>, ModelError> {
        let Some(at) = archive.index_for_name(name) else { return Ok(None) };
        // A member that is compressed is an error here: this build has no decompressor.
        let entry = archive.by_index(at).map_err(zip)?;
        if entry.size() > limit {
            return Err(broken(format!("{name} has {} bytes, expected at most {limit}", entry.size())));
        }
        let mut bytes = Vec::new();
        entry.take(limit).read_to_end(&mut bytes).map_err(io)?;
        Ok(Some(bytes))
    };
    let pickle = member(&format!("{prefix}data.pkl"), MAX_PICKLE)?.expect("data.pkl is there");
    // Old archives do not say, and are little-endian like the machines that wrote them.
    if let Some(order) = member(&format!("{prefix}byteorder"), 64)?
        && order != b"little"
    {
        let order = String::from_utf8_lossy(&order);
        return Err(broken(format!("the numbers are in byte order {order:?}, expected \"little\"")));
    }
    let tensors = pickle::tensors(path, &pickle)?;
    tensors
        .into_iter()
        .map(|(name, tensor)| {
            let member = format!("{prefix}data/{}", tensor.storage);
            let at = archive.index_for_name(&member).ok_or_else(|| broken(format!("the archive has no {member}")))?;
            let entry = archive.by_index_raw(at).map_err(zip)?;
            if entry.compression() != CompressionMethod::Stored || entry.encrypted() {
                return Err(broken(format!(
                    "{member} is compressed or encrypted, expected it as torch.save writes it"
                )));
            }
            let place = entry.data_start().map(|start| (start, entry.size()));
            let Some((start, size)) =
                place.filter(|(start, size)| start.checked_add(*size).is_some_and(|end| end <= length))
            else {
                return Err(broken(format!("{member} goes beyond the end of the file")));
            };
            Ok((name.clone(), located(path, name, tensor, start, size)?))
        })
        .collect()
}

/// The bytes of a tensor in the file, whose storage has `size` bytes from `start`.
fn located(path: &Path, name: String, tensor: Pickled, start: u64, size: u64) -> Result<TensorInfo, ModelError> {
    let Pickled { dtype, numbers, offset, shape, strides, .. } = tensor;
    let width = (dtype.bitsize() / 8) as u64;
    let file = || path.to_owned();
    // Row-major: each stride is the product of the sizes after it. An axis of one has any stride.
    let mut product = 1usize;
    let mut contiguous = true;
    for (axis, stride) in shape.iter().zip(&strides).rev() {
        contiguous &= *axis <= 1 || *stride == product;
        product = product.saturating_mul(*axis);
    }
    if !contiguous && product > 0 {
        return Err(ModelError::NotContiguous { file: file(), tensor: name, shape, strides });
    }
    let end = offset.checked_add(product as u64);
    if numbers.checked_mul(width) != Some(size) || end.is_none_or(|end| end > numbers) {
        let reason = format!(
            "tensor {name} of type {dtype} and shape {shape:?}, from number {offset} of {numbers}, cannot lie in {size} bytes"
        );
        return Err(ModelError::Header { file: file(), reason });
    }
    let first = start + offset * width;
    Ok(TensorInfo { dtype, shape, data_offsets: (first as usize, (first + product as u64 * width) as usize) })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;

    use safetensors::tensor::Dtype;

    use super::*;

    /// A file that torch itself wrote; tests/data/pytorch/make.py says what is in it.
    #[test]
    fn tensors_lie_where_torch_put_them() {
        let path = Path::new("tests/data/pytorch/state.bin");
        let mut bytes = Vec::new();
        File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
        let tensors = header(path, &mut std::io::Cursor::new(&bytes), bytes.len() as u64).unwrap();
        let stored = |name: &str| {
            let info = &tensors[name];
            (info.dtype, info.shape.as_slice(), &bytes[info.data_offsets.0..info.data_offsets.1])
        };
        let f32s = |range: std::ops::Range<u8>| range.flat_map(|n| f32::from(n).to_le_bytes()).collect::<Vec<u8>>();
        assert_eq!(tensors.len(), 11);
        assert_eq!(stored("weight"), (Dtype::F32, [3, 2].as_slice(), f32s(0..6).as_slice()));
        assert_eq!(stored("tied"), stored("weight"));
        assert_eq!(stored("view"), (Dtype::F32, [2, 3].as_slice(), f32s(6..12).as_slice()));
        let doubles: Vec<u8> = (0..4u8).flat_map(|n| f64::from(n).to_le_bytes()).collect();
        assert_eq!(stored("parameter"), (Dtype::F64, [2, 2].as_slice(), doubles.as_slice()));
        assert_eq!(stored("half"), (Dtype::F16, [3].as_slice(), [0, 0, 0, 0x3c, 0, 0x40].as_slice()));
        assert_eq!(stored("bfloat16"), (Dtype::BF16, [3].as_slice(), [0, 0, 0x80, 0x3f, 0, 0x40].as_slice()));
        assert_eq!(stored("bool"), (Dtype::BOOL, [2].as_slice(), [1, 0].as_slice()));
        assert_eq!(stored("long").0, Dtype::I64);
        assert_eq!(stored("scalar"), (Dtype::F32, [].as_slice(), (-1e4f32).to_le_bytes().as_slice()));
        assert_eq!(stored("empty"), (Dtype::F32, [0, 5].as_slice(), [].as_slice()));
        // A transposed column is a row: an axis of one has any stride.
        assert_eq!(stored("row"), (Dtype::F32, [1, 24].as_slice(), f32s(0..24).as_slice()));
    }
}
