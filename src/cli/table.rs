use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

/// The values of a column, one for each row.
pub(super) enum Column {
    Int32(Vec<i32>),
    /// Null where there is none.
    OptionalInt32(Vec<Option<i32>>),
    Int64(Vec<i64>),
    Bool(Vec<bool>),
    Text(Vec<String>),
    /// Null where there is none.
    Double(Vec<Option<f64>>),
}

impl Column {
    /// How Parquet declares it.
    fn declared(&self, name: &str) -> String {
        match self {
            Self::Int32(_) => format!("REQUIRED INT32 {name};"),
            Self::OptionalInt32(_) => format!("OPTIONAL INT32 {name};"),
            Self::Int64(_) => format!("REQUIRED INT64 {name};"),
            Self::Bool(_) => format!("REQUIRED BOOLEAN {name};"),
            Self::Text(_) => format!("REQUIRED BINARY {name} (UTF8);"),
            Self::Double(_) => format!("OPTIONAL DOUBLE {name};"),
        }
    }

    fn write(&self, mut writer: SerializedColumnWriter<'_>) -> Result<()> {
        match self {
            Self::Int32(values) => batch::<Int32Type>(&mut writer, values, None)?,
            Self::OptionalInt32(values) => optional::<Int32Type>(&mut writer, values)?,
            Self::Int64(values) => batch::<Int64Type>(&mut writer, values, None)?,
            Self::Bool(values) => batch::<BoolType>(&mut writer, values, None)?,
            Self::Text(values) => {
                let values: Vec<ByteArray> = values.iter().map(|value| ByteArray::from(value.as_str())).collect();
                batch::<ByteArrayType>(&mut writer, &values, None)?;
            }
            Self::Double(values) => optional::<DoubleType>(&mut writer, values)?,
        }
        writer.close()
    }
}

fn optional<T: DataType>(writer: &mut SerializedColumnWriter<'_>, values: &[Option<T::T>]) -> Result<()> {
    let present: Vec<T::T> = values.iter().flatten().cloned().collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    batch::<T>(writer, &present, Some(&levels))
}

fn batch<T: DataType>(writer: &mut SerializedColumnWriter<'_>, values: &[T::T], levels: Option<&[i16]>) -> Result<()> {
    writer.typed::<T>().write_batch(values, levels, None)?;
    Ok(())
}

/// A table as a Parquet file, Snappy-compressed, with these entries in its metadata.
///
/// # Panics
/// When a column has more or fewer values than another.
pub(super) fn parquet(columns: &[(String, Column)], metadata: &[(&str, String)]) -> Result<Vec<u8>> {
    let declared: Vec<String> = columns.iter().map(|(name, column)| column.declared(name)).collect();
    let schema = format!("message table {{ {} }}", declared.join(" "));
    let metadata = metadata.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())).collect();
    let properties =
        WriterProperties::builder().set_compression(Compression::SNAPPY).set_key_value_metadata(Some(metadata)).build();
    let mut file = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut file, Arc::new(parse_message_type(&schema)?), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (_, column) in columns {
        column.write(group.next_column()?.expect("the schema has a column for each"))?;
    }
    group.close()?;
    writer.close()?;
    Ok(file)
}
