//! Tables in the safetensors format, which every framework reads: eight bytes that say how long the
//! header is, a JSON header, and the numbers, little-endian in C order.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::npy::Element;

/// A named table of `f64`.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f64>,
}

#[derive(Serialize)]
struct Entry<'a> {
    dtype: &'static str,
    shape: &'a [usize],
    data_offsets: [usize; 2],
}

#[derive(Serialize)]
struct Header<'a> {
    #[serde(rename = "__metadata__")]
    metadata: &'a BTreeMap<&'static str, String>,
    #[serde(flatten)]
    tensors: BTreeMap<&'a str, Entry<'a>>,
}

/// A type that tables are rounded to.
pub(super) trait Rounded: Element {
    /// The name of the type in the header.
    const DTYPE: &'static str;

    fn round(value: f64) -> Self;
}

impl Rounded for f32 {
    const DTYPE: &'static str = "F32";

    fn round(value: f64) -> Self {
        value as f32
    }
}

impl Rounded for f64 {
    const DTYPE: &'static str = "F64";

    fn round(value: f64) -> Self {
        value
    }
}

/// Writes a file of tables.
pub(super) fn write<T: Rounded>(
    out: &mut impl Write,
    tables: &[Named],
    metadata: &BTreeMap<&'static str, String>,
) -> io::Result<()> {
    let mut end = 0;
    let entry = |table: &'_ Named| {
        let start = end;
        end += table.values.len() * size_of::<T>();
        [start, end]
    };
    let offsets: Vec<[usize; 2]> = tables.iter().map(entry).collect();
    let tensors = tables.iter().zip(offsets).map(|(table, data_offsets)| {
        (table.name.as_str(), Entry { dtype: T::DTYPE, shape: &table.shape, data_offsets })
    });
    let mut header = serde_json::to_vec(&Header { metadata, tensors: tensors.collect() })?;
    // Numbers start at a multiple of 8.
    header.resize(header.len().next_multiple_of(8), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    tables.iter().flat_map(|table| &table.values).try_for_each(|value| T::round(*value).write(out))
}
