use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::heads::{Analysis, Comparison, Head, Measurement, PerNull};

/// Writes an analysis as a Parquet table: one row per layer, head and metric.
///
/// Columns: `layer`, `head`, `signal`, `metric`, `unit`, `value`, `low`, `high`; for each null model `NULL_mean`,
/// `NULL_sd`, `NULL_z`, `NULL_p`, `NULL_q`, `NULL_draws`; `rows`, `texts`. A number that has no value is null.
pub(super) fn write(analysis: &Analysis, file: impl Write + Send) -> Result<()> {
    let entries: Vec<(&Head, &Measurement)> =
        analysis.heads.iter().flat_map(|head| head.metrics.iter().map(move |metric| (head, metric))).collect();
    let nulls = PerNull::<()>::NAMES;
    let null_columns = nulls.iter().map(|null| {
        format!(
            "OPTIONAL DOUBLE {null}_mean; OPTIONAL DOUBLE {null}_sd; OPTIONAL DOUBLE {null}_z; \
             OPTIONAL DOUBLE {null}_p; OPTIONAL DOUBLE {null}_q; REQUIRED INT32 {null}_draws; "
        )
    });
    let schema = format!(
        "message heads {{ REQUIRED INT32 layer; REQUIRED INT32 head; REQUIRED BINARY signal (UTF8); \
         REQUIRED BINARY metric (UTF8); REQUIRED BINARY unit (UTF8); OPTIONAL DOUBLE value; OPTIONAL DOUBLE low; \
         OPTIONAL DOUBLE high; {} REQUIRED INT64 rows; REQUIRED INT32 texts; }}",
        null_columns.collect::<String>()
    );
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(vec![KeyValue::new("schema".to_owned(), analysis.schema.to_owned())]))
        .build();
    let mut writer = SerializedFileWriter::new(file, Arc::new(parse_message_type(&schema)?), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    {
        let mut table = Table { group: &mut group, entries: &entries };
        table.whole::<Int32Type>(|head, _| head.layer as i32)?;
        table.whole::<Int32Type>(|head, _| head.head as i32)?;
        table.whole::<ByteArrayType>(|_, measurement| ByteArray::from(measurement.signal.name()))?;
        table.whole::<ByteArrayType>(|_, measurement| ByteArray::from(measurement.metric.as_ref()))?;
        table.whole::<ByteArrayType>(|_, measurement| ByteArray::from(measurement.unit))?;
        table.number(|measurement| measurement.value)?;
        table.number(|measurement| measurement.interval.map(|[low, _]| low))?;
        table.number(|measurement| measurement.interval.map(|[_, high]| high))?;
        for null in 0..nulls.len() {
            let comparison = |measurement: &Measurement| -> Comparison { *measurement.nulls.each()[null].1 };
            table.number(|measurement| comparison(measurement).mean)?;
            table.number(|measurement| comparison(measurement).sd)?;
            table.number(|measurement| comparison(measurement).z)?;
            table.number(|measurement| comparison(measurement).p)?;
            table.number(|measurement| comparison(measurement).q)?;
            table.whole::<Int32Type>(|_, measurement| comparison(measurement).draws as i32)?;
        }
        let texts = analysis.texts.iter().filter(|text| text.rows > 0).count() as i32;
        table.whole::<Int64Type>(|head, _| head.rows as i64)?;
        table.whole::<Int32Type>(|_, _| texts)?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

/// The columns of one row group, written in the order of the schema.
struct Table<'a, 'w, W: Write + Send> {
    group: &'a mut SerializedRowGroupWriter<'w, W>,
    entries: &'a [(&'a Head, &'a Measurement)],
}

impl<W: Write + Send> Table<'_, '_, W> {
    /// A column with a value in each row.
    fn whole<T: DataType>(&mut self, value: impl Fn(&Head, &Measurement) -> T::T) -> Result<()> {
        let values: Vec<T::T> = self.entries.iter().map(|(head, measurement)| value(head, measurement)).collect();
        self.column::<T>(&values, None)
    }

    /// A column of numbers, null where there is none.
    fn number(&mut self, value: impl Fn(&Measurement) -> Option<f64>) -> Result<()> {
        let values: Vec<Option<f64>> = self.entries.iter().map(|(_, measurement)| value(measurement)).collect();
        let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
        self.column::<DoubleType>(&values.into_iter().flatten().collect::<Vec<_>>(), Some(&levels))
    }

    fn column<T: DataType>(&mut self, values: &[T::T], levels: Option<&[i16]>) -> Result<()> {
        let mut column = self.group.next_column()?.expect("the schema has as many columns as are written");
        column.typed::<T>().write_batch(values, levels, None)?;
        column.close()
    }
}
