use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::ModelError;
use super::files::Format;

/// Named vectors of sums, and what they are of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sums {
    /// One entry of text, for a reader to know them again by.
    pub about: String,
    /// The vectors by name.
    pub vectors: BTreeMap<String, Vec<f64>>,
}

/// The entry of the metadata that holds [`Sums::about`].
const ABOUT: &str = "about";

/// Writes vectors as a safetensors file of `F64`, bit by bit as they are, in the order of their names.
///
/// # Errors
/// Those of `out`.
///
/// # Example
/// ```
/// use ropelet::model::{read_sums, write_sums};
///
/// let file = tempfile::NamedTempFile::new()?;
/// write_sums(&mut file.as_file(), "two thirds", [("a".to_owned(), &[0.0, 2.0 / 3.0][..])].into())?;
/// let sums = read_sums(file.path())?;
/// assert_eq!((sums.about.as_str(), sums.vectors["a"][1]), ("two thirds", 2.0 / 3.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_sums(out: &mut impl Write, about: &str, vectors: BTreeMap<String, &[f64]>) -> io::Result<()> {
    let mut end = 0;
    let place = |(name, vector): (&String, &&[f64])| {
        let start = end;
        end += size_of_val(*vector);
        (name.clone(), TensorInfo { dtype: Dtype::F64, shape: vec![vector.len()], data_offsets: (start, end) })
    };
    let places = vectors.iter().map(place).collect();
    let about = HashMap::from([(ABOUT.to_owned(), about.to_owned())]);
    let header = Metadata::new(Some(about), places).expect("the offsets follow one another");
    let mut header = serde_json::to_vec(&header)?;
    // Data is aligned to 8 bytes, with blanks, as the format asks for.
    header.resize(header.len().next_multiple_of(8), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    vectors.values().copied().flatten().try_for_each(|value| out.write_all(&value.to_le_bytes()))
}

/// Reads what [`write_sums`] has written.
///
/// # Errors
/// The file cannot be read, or is not such a file: its length is not what its header says, a tensor is
/// not `F64`, or there is no text.
pub fn read_sums(path: &Path) -> Result<Sums, ModelError> {
    let io = |source| ModelError::Io { file: path.to_owned(), source };
    let broken = |reason: String| ModelError::Header { file: path.to_owned(), reason };
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    let length = file.get_ref().metadata().map_err(io)?.len();
    // The sizes are checked before anything is allocated by them.
    let tensors = Format::Safetensors.header(path, &mut file, length)?;
    let about =
        about(&mut file).map_err(io)?.ok_or_else(|| broken(format!("there is no `{ABOUT}` in its metadata")))?;
    let mut vectors = BTreeMap::new();
    for (name, info) in tensors {
        if info.dtype != Dtype::F64 {
            return Err(broken(format!("tensor {name} is {}, expected F64", info.dtype)));
        }
        let (start, end) = info.data_offsets;
        file.seek(SeekFrom::Start(start as u64)).map_err(io)?;
        let mut bytes = vec![0; end - start];
        file.read_exact(&mut bytes).map_err(io)?;
        vectors.insert(name, bytes.as_chunks().0.iter().map(|number| f64::from_le_bytes(*number)).collect());
    }
    Ok(Sums { about, vectors })
}

/// The text in a header that is known to be sound.
fn about(file: &mut (impl Read + Seek)) -> io::Result<Option<String>> {
    file.rewind()?;
    let mut size = [0; 8];
    file.read_exact(&mut size)?;
    let header: serde_json::Value = serde_json::from_reader(file.take(u64::from_le_bytes(size)))?;
    Ok(header["__metadata__"][ABOUT].as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn written(vectors: &[(&str, Vec<f64>)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let vectors = vectors.iter().map(|(name, vector)| ((*name).to_owned(), vector.as_slice())).collect();
        write_sums(&mut bytes, "{\"of\": \"heads\"}", vectors).unwrap();
        bytes
    }

    #[test]
    fn every_bit_comes_back() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let odd = vec![f64::MIN_POSITIVE / 4.0, -0.0, 0.1 + 0.2, f64::MAX];
        fs::write(file.path(), written(&[("b", odd.clone()), ("a", Vec::new())])).unwrap();
        let sums = read_sums(file.path()).unwrap();
        assert_eq!(sums.about, "{\"of\": \"heads\"}");
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&sums.vectors["b"]), bits(&odd));
        assert!(sums.vectors["a"].is_empty());
        // The same sums are the same bytes.
        assert_eq!(fs::read(file.path()).unwrap(), written(&[("a", Vec::new()), ("b", odd)]));
    }

    #[test]
    fn a_file_that_is_cut_short_or_of_another_kind_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let whole = written(&[("a", vec![1.0; 16])]);
        for cut in 0..whole.len() {
            fs::write(file.path(), &whole[..cut]).unwrap();
            assert!(read_sums(file.path()).is_err(), "{cut} bytes");
        }
        let other = read_sums(Path::new("tests/data/llama/model.safetensors")).unwrap_err().to_string();
        assert!(other.contains("metadata") || other.contains("F64"), "{other}");
    }
}
