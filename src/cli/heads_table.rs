use parquet::errors::Result;

use super::table::{Column, parquet};
use crate::heads::{Analysis, Comparison, Measurement, PerNull};

/// The columns of every table of measurements, in order: which metric, its value and interval, and for each null
/// model what it gives. `docs/scale.md` defines them.
pub(super) fn measured(measurements: &[&Measurement]) -> Vec<(String, Column)> {
    let text = |of: fn(&Measurement) -> &str| {
        Column::Text(measurements.iter().map(|measurement| of(measurement).to_owned()).collect())
    };
    let double = |of: &dyn Fn(&Measurement) -> Option<f64>| {
        Column::Double(measurements.iter().map(|measurement| of(measurement)).collect())
    };
    let mut columns = vec![
        ("signal".to_owned(), text(|measurement| measurement.signal.name())),
        ("metric".to_owned(), text(|measurement| &measurement.metric)),
        ("unit".to_owned(), text(|measurement| measurement.unit)),
        ("value".to_owned(), double(&|measurement| measurement.value)),
        ("low".to_owned(), double(&|measurement| measurement.interval.map(|[low, _]| low))),
        ("high".to_owned(), double(&|measurement| measurement.interval.map(|[_, high]| high))),
    ];
    for (place, null) in PerNull::<()>::NAMES.into_iter().enumerate() {
        let of = |measurement: &Measurement| -> Comparison { *measurement.nulls.each()[place].1 };
        columns.extend([
            (format!("{null}_mean"), double(&|measurement| of(measurement).mean)),
            (format!("{null}_sd"), double(&|measurement| of(measurement).sd)),
            (format!("{null}_z"), double(&|measurement| of(measurement).z)),
            (format!("{null}_p"), double(&|measurement| of(measurement).p)),
            (format!("{null}_q"), double(&|measurement| of(measurement).q)),
        ]);
        let draws = measurements.iter().map(|measurement| of(measurement).draws as i32).collect();
        columns.push((format!("{null}_draws"), Column::Int32(draws)));
        let exact = measurements.iter().map(|measurement| of(measurement).exact).collect();
        columns.push((format!("{null}_exact"), Column::Bool(exact)));
    }
    columns
}

/// `heads.parquet`: a row for each layer, head and metric.
pub(super) fn heads(analysis: &Analysis) -> Result<Vec<u8>> {
    let rows: Vec<_> =
        analysis.heads.iter().flat_map(|head| head.metrics.iter().map(move |metric| (head, metric))).collect();
    let mut columns = vec![
        ("layer".to_owned(), Column::Int32(rows.iter().map(|(head, _)| head.layer as i32).collect())),
        ("head".to_owned(), Column::Int32(rows.iter().map(|(head, _)| head.head as i32).collect())),
    ];
    columns.extend(measured(&rows.iter().map(|(_, measurement)| *measurement).collect::<Vec<_>>()));
    let labels = rows
        .iter()
        .map(|(head, _)| head.labels.iter().map(|label| label.name()).collect::<Vec<_>>().join(","))
        .collect();
    let texts = vec![texts(analysis); rows.len()];
    columns.extend([
        ("rows".to_owned(), Column::Int64(rows.iter().map(|(head, _)| head.rows as i64).collect())),
        ("texts".to_owned(), Column::Int32(texts)),
        ("labels".to_owned(), Column::Text(labels)),
    ]);
    parquet(&columns, &metadata(analysis))
}

/// `layers.parquet`: a row for each layer and metric of its heads together, and one for each metric of all heads,
/// whose `layer` is null.
pub(super) fn layers(analysis: &Analysis) -> Result<Vec<u8>> {
    let of_layers =
        analysis.layers.iter().flat_map(|layer| layer.metrics.iter().map(|metric| (Some(layer.layer), metric)));
    let rows: Vec<_> = of_layers.chain(analysis.model.metrics.iter().map(|metric| (None, metric))).collect();
    let layer = rows.iter().map(|(layer, _)| layer.map(|layer| layer as i32)).collect();
    let mut columns = vec![("layer".to_owned(), Column::OptionalInt32(layer))];
    columns.extend(measured(&rows.iter().map(|(_, measurement)| *measurement).collect::<Vec<_>>()));
    columns.push(("texts".to_owned(), Column::Int32(vec![texts(analysis); rows.len()])));
    parquet(&columns, &metadata(analysis))
}

/// How many texts the rows come from.
fn texts(analysis: &Analysis) -> i32 {
    analysis.texts.iter().filter(|text| text.rows > 0).count() as i32
}

/// What a reader needs to know of all rows together, as JSON but for the schema.
fn metadata(analysis: &Analysis) -> [(&'static str, String); 3] {
    let json = |value: serde_json::Result<String>| value.expect("an analysis is plain data");
    [
        ("schema", analysis.schema.to_owned()),
        ("checkpoint", json(serde_json::to_string(&analysis.checkpoint))),
        ("protocol", json(serde_json::to_string(&analysis.protocol))),
    ]
}
