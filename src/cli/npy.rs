//! Arrays in numpy's `.npy` format, as far as the program needs it: real and complex floating-point
//! numbers, read in either byte order and either order of the axes, written little-endian in C order.
//!
//! A header is a claim by whoever wrote the file. It is read within fixed limits, and its shape is
//! held against the size of the file before anything is allocated for it.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use num_complex::Complex;

use super::Failure;

/// numpy refuses longer headers too; they only occur with structured types.
const MAX_HEADER: usize = 10_000;

/// The numbers of an array, in the type that the file has.
pub(super) enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
    C64(Vec<Complex<f32>>),
    C128(Vec<Complex<f64>>),
}

impl Values {
    /// numpy's name of the type.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::F32(_) => f32::NAME,
            Self::F64(_) => f64::NAME,
            Self::C64(_) => Complex::<f32>::NAME,
            Self::C128(_) => Complex::<f64>::NAME,
        }
    }

    /// The same numbers rounded to single precision, or widened to double.
    pub(super) fn in_precision(self, single: bool) -> Self {
        match (self, single) {
            (Self::F64(values), true) => Self::F32(values.into_iter().map(|x| x as f32).collect()),
            (Self::F32(values), false) => Self::F64(values.into_iter().map(f64::from).collect()),
            (Self::C128(values), true) => {
                Self::C64(values.into_iter().map(|z| Complex::new(z.re as f32, z.im as f32)).collect())
            }
            (Self::C64(values), false) => {
                Self::C128(values.into_iter().map(|z| Complex::new(z.re.into(), z.im.into())).collect())
            }
            (values, _) => values,
        }
    }
}

impl Values {
    /// As complex numbers of single precision.
    pub(super) fn into_c64(self) -> Vec<Complex<f32>> {
        match self.in_precision(true) {
            Self::F32(values) => values.into_iter().map(Complex::from).collect(),
            Self::C64(values) => values,
            Self::F64(_) | Self::C128(_) => unreachable!("they are of single precision"),
        }
    }

    /// As complex numbers of double precision.
    pub(super) fn into_c128(self) -> Vec<Complex<f64>> {
        match self.in_precision(false) {
            Self::F64(values) => values.into_iter().map(Complex::from).collect(),
            Self::C128(values) => values,
            Self::F32(_) | Self::C64(_) => unreachable!("they are of double precision"),
        }
    }
}

/// An array in C order.
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
}

/// A number that can stand in a `.npy` file.
pub(super) trait Element: Copy {
    /// numpy's type string.
    const DESCR: &'static str;
    /// numpy's name of the type, for people.
    const NAME: &'static str;

    fn write(self, out: &mut impl Write) -> io::Result<()>;
}

impl Element for f32 {
    const DESCR: &'static str = "<f4";
    const NAME: &'static str = "float32";

    fn write(self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.to_le_bytes())
    }
}

impl Element for f64 {
    const DESCR: &'static str = "<f8";
    const NAME: &'static str = "float64";

    fn write(self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.to_le_bytes())
    }
}

impl Element for Complex<f32> {
    const DESCR: &'static str = "<c8";
    const NAME: &'static str = "complex64";

    fn write(self, out: &mut impl Write) -> io::Result<()> {
        self.re.write(out)?;
        self.im.write(out)
    }
}

impl Element for Complex<f64> {
    const DESCR: &'static str = "<c16";
    const NAME: &'static str = "complex128";

    fn write(self, out: &mut impl Write) -> io::Result<()> {
        self.re.write(out)?;
        self.im.write(out)
    }
}

/// Reads an array of `float32`, `float64`, `complex64` or `complex128`.
pub(super) fn read(path: &Path) -> Result<Array, Failure> {
    let fail = |error: io::Error| Failure::at(path, error);
    let metadata = fs::metadata(path).map_err(fail)?;
    if !metadata.is_file() {
        return Err(Failure::at(path, "is not a file, expected an array in .npy format"));
    }
    let file = File::open(path).map_err(fail)?;
    array(BufReader::new(file), metadata.len()).map_err(|wrong| Failure::at(path, wrong))
}

/// Reads an array from a file of this many bytes.
pub(super) fn array(mut reader: impl Read, length: u64) -> Result<Array, String> {
    let (text, offset) = header_text(&mut reader).map_err(|found| format!("not a .npy file: {found}"))?;
    let header = Header::parse(&text).map_err(|found| format!("unreadable .npy header: {found}"))?;
    let wrong = || {
        let other = &header.descr;
        format!("dtype is {other}, expected '<f4', '<f8', '<c8' or '<c16' (float32, float64, complex64, complex128)")
    };
    let (order, kind) = header.descr.split_at_checked(1).ok_or_else(wrong)?;
    let size = match (order, kind) {
        ("<" | ">", "f4") => 4,
        ("<" | ">", "f8" | "c8") => 8,
        ("<" | ">", "c16") => 16,
        _ => return Err(wrong()),
    };
    let claimed = header.shape.iter().try_fold(size, |bytes: u64, &length| bytes.checked_mul(length));
    let found = length.saturating_sub(offset);
    if claimed != Some(found) {
        let claimed = claimed.map_or("more than 2^64".into(), |bytes| bytes.to_string());
        let shape = &header.shape;
        return Err(format!("shape {shape:?} of {} takes {claimed} bytes, found {found}", header.descr));
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(found as usize).map_err(|error| error.to_string())?;
    reader.take(found + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 != found {
        return Err(format!("the file changed while it was read: {} bytes, expected {found}", bytes.len()));
    }
    // The product fits the file, so that each length of a non-empty array fits a usize.
    let shape: Vec<usize> = header.shape.iter().map(|&length| length as usize).collect();
    let transposed = header.fortran_order && shape.len() > 1;
    let values = match kind {
        "f4" => Values::F32(in_c_order(singles(&bytes, order), &shape, transposed)),
        "f8" => Values::F64(in_c_order(doubles(&bytes, order), &shape, transposed)),
        "c8" => Values::C64(in_c_order(pairs(singles(&bytes, order)), &shape, transposed)),
        _ => Values::C128(in_c_order(pairs(doubles(&bytes, order)), &shape, transposed)),
    };
    Ok(Array { shape, values })
}

/// Numbers whose most significant byte comes last (`<`) or first.
fn singles(bytes: &[u8], order: &str) -> Vec<f32> {
    let of = if order == "<" { f32::from_le_bytes } else { f32::from_be_bytes };
    bytes.as_chunks().0.iter().map(|chunk| of(*chunk)).collect()
}

fn doubles(bytes: &[u8], order: &str) -> Vec<f64> {
    let of = if order == "<" { f64::from_le_bytes } else { f64::from_be_bytes };
    bytes.as_chunks().0.iter().map(|chunk| of(*chunk)).collect()
}

fn pairs<T: Copy>(numbers: Vec<T>) -> Vec<Complex<T>> {
    numbers.as_chunks().0.iter().map(|&[re, im]| Complex::new(re, im)).collect()
}

/// The elements with the last axis running fastest, if they came with the first one doing so.
fn in_c_order<T: Copy>(elements: Vec<T>, shape: &[usize], transposed: bool) -> Vec<T> {
    if !transposed || elements.is_empty() {
        return elements;
    }
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut place = 0;
    let mut ordered = Vec::with_capacity(elements.len());
    for _ in 0..elements.len() {
        ordered.push(elements[place]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            place += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            place -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    ordered
}

/// Writes the header of an array of this shape; the elements follow in C order.
pub(super) fn write_header<E: Element>(out: &mut BufWriter<File>, shape: &[usize]) -> io::Result<()> {
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let dictionary =
        format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", E::DESCR, lengths.trim_end());
    // Magic, version and length take 10 bytes; numbers start at a multiple of 64.
    let padding = 63 - (10 + dictionary.len()) % 64;
    let length = u16::try_from(dictionary.len() + padding + 1).map_err(io::Error::other)?;
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&length.to_le_bytes())?;
    writeln!(out, "{dictionary}{:padding$}", "")
}

/// The text of the header and where the numbers start; or what was found instead.
fn header_text(reader: &mut impl Read) -> Result<(String, u64), String> {
    let mut preamble = [0; 8];
    reader.read_exact(&mut preamble).map_err(|_| "shorter than its magic bytes".to_owned())?;
    let [magic @ .., major, minor] = &preamble;
    if magic != b"\x93NUMPY" {
        return Err(format!("begins with {}", preamble.escape_ascii()));
    }
    let cut = |_| "ends inside its header".to_owned();
    let (length, start) = match major {
        1 => {
            let mut length = [0; 2];
            reader.read_exact(&mut length).map_err(cut)?;
            (u16::from_le_bytes(length).into(), 10)
        }
        2 | 3 => {
            let mut length = [0; 4];
            reader.read_exact(&mut length).map_err(cut)?;
            (u32::from_le_bytes(length) as usize, 12)
        }
        _ => return Err(format!("format version {major}.{minor}, expected 1 to 3")),
    };
    if length > MAX_HEADER {
        return Err(format!("header of {length} bytes, expected at most {MAX_HEADER}"));
    }
    let mut text = vec![0; length];
    reader.read_exact(&mut text).map_err(cut)?;
    let text = String::from_utf8(text).map_err(|_| "header is not text".to_owned())?;
    Ok((text, (start + length) as u64))
}

/// What a header says.
#[derive(Debug, PartialEq)]
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, in any order of the keys.
    ///
    /// A type that is not a plain string (a structured one) comes back as it is written.
    fn parse(text: &str) -> Result<Self, String> {
        let value = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}':")).ok_or_else(|| format!("no `{key}`"))?;
            Ok::<_, String>(rest.trim_start())
        };
        let descr = value("descr")?;
        let descr = match descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) {
            Some((descr, _)) => descr.to_owned(),
            None => descr.chars().take_while(|c| *c != ']').chain([']']).take(60).collect(),
        };
        let order = value("fortran_order")?;
        let fortran_order = match (order.starts_with("True"), order.starts_with("False")) {
            (true, _) => true,
            (_, true) => false,
            _ => return Err("`fortran_order` is neither True nor False".into()),
        };
        let shape = value("shape")?;
        let lengths = shape.strip_prefix('(').and_then(|rest| rest.split_once(')')).ok_or("`shape` is not a tuple")?.0;
        let lengths = lengths.strip_suffix(',').unwrap_or(lengths).split(',').map(str::trim);
        let shape = lengths
            .filter(|length| !length.is_empty())
            .map(|length| length.parse().map_err(|_| format!("`shape` has the length `{length}`")))
            .collect::<Result<_, _>>()?;
        Ok(Self { descr, fortran_order, shape })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_numpy_writes_them() {
        let header = |text| Header::parse(text).unwrap();
        let plain = header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }      \n");
        assert_eq!(plain, Header { descr: "<f4".into(), fortran_order: false, shape: vec![3, 4] });
        assert_eq!(header("{'descr': '>i8', 'fortran_order': True, 'shape': (7,), }").shape, [7]);
        assert!(header("{'shape': (), 'descr': '<f8', 'fortran_order': False}").shape.is_empty());
        let record = header("{'descr': [('a', '<f4'), ('b', '<i2')], 'fortran_order': False, 'shape': (2,), }");
        assert_eq!(record.descr, "[('a', '<f4'), ('b', '<i2')]");
    }

    #[test]
    fn broken_headers_say_what_is_missing() {
        for (text, expected) in [
            ("", "no `descr`"),
            ("{'descr': '<f4', 'shape': (1,)}", "no `fortran_order`"),
            ("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", "`fortran_order` is neither True nor False"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': 3}", "`shape` is not a tuple"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}", "`shape` has the length `-3`"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1e9,)}", "`shape` has the length `1e9`"),
        ] {
            assert_eq!(Header::parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
