use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, PreEscaped, html};
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::Failure;
use super::attention::Thumbnails;
use super::curve_store::CurveStore;
use super::decimals::{self, Decimals};
use super::document::{Comparison, Curve, Definition, Document, Measurement, Transform};
use super::words::{NULLS, Null, SIGNALS};
use crate::heads::PerNull;
use crate::signal::{Boundary, Cwt, Norm};
use crate::wavelet::{Parameters, by_name};

/// A checkpoint of the report.
pub(super) struct Part<'a> {
    /// What it is called on the page, unlike any other.
    pub(super) label: &'a str,
    pub(super) document: &'a Document,
    /// Attention of every head; none where there is an analysis only.
    pub(super) thumbnails: Option<&'a Thumbnails>,
}

/// The data of the page, as elements: an index in JSON and blocks of deflated bytes, which `data.js` reads.
///
/// What is only drawn is rounded to what can be seen, what is printed to the digits that are printed. For each
/// checkpoint `i` there are the blocks
/// - `i-numbers`: for each metric of a head, in the order of `metrics`, and each of `fields`, the [`Decimals`] of
///   all heads;
/// - `i-curves`: for each head, each of `curves` and each of `slots`, a curve of the [`CurveStore`], the null models' at fewer
///   points;
/// - `i-lag`, `i-spectrum`: the impulse responses of the transforms, of which the page makes the scalograms;
/// - `i-attention`: the [`Thumbnails`].
pub(super) fn embedded(parts: &[Part<'_>]) -> Result<Markup, Failure> {
    let definitions = definitions(parts);
    let mut blocks = Vec::new();
    let mut checkpoints = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let document = part.document;
        let metrics = measured(document, &definitions);
        blocks.push((format!("{i}-numbers"), numbers(document, &definitions, &metrics)));
        blocks.push((format!("{i}-curves"), curves(document)));
        let lags = document.protocol.lags;
        let (lag, lag_block) = kernels(&document.protocol.lag_transform, lags)?;
        let (spectrum, spectrum_block) = kernels(&document.protocol.spectrum_transform, lags / 2)?;
        blocks.push((format!("{i}-lag"), lag_block));
        blocks.push((format!("{i}-spectrum"), spectrum_block));
        if let Some(thumbnails) = part.thumbnails {
            blocks.push((format!("{i}-attention"), thumbnails.bytes.clone()));
        }
        let heads = &document.heads;
        let level = |level: &str, metrics: &[Measurement]| together(level, metrics, &definitions);
        checkpoints.push(json!({
            "label": part.label,
            "layer": heads.iter().map(|head| head.layer).collect::<Vec<_>>(),
            "head": heads.iter().map(|head| head.head).collect::<Vec<_>>(),
            "rows": heads.iter().map(|head| head.rows).collect::<Vec<_>>(),
            "labels": heads.iter().map(|head| &head.labels).collect::<Vec<_>>(),
            "metrics": metrics,
            "curves": Curve::ALL.map(|curve| description(curve, document)),
            "lag_transform": lag,
            "spectrum_transform": spectrum,
            "thumbnail": part.thumbnails.map(Thumbnails::description),
            "layers": document.layers.iter().map(|layer| level("layer", &layer.metrics)).collect::<Vec<_>>(),
            "model": level("model", &document.model.metrics),
        }));
    }
    let start = |wanted: (&str, &str)| definitions.iter().position(|d| (&*d.signal, &*d.metric) == wanted);
    let index = json!({
        "nulls": NULLS.map(|Null { name, title, meaning }| json!({ "name": name, "title": title, "meaning": meaning })),
        "signals": SIGNALS.map(|(name, title)| json!({ "name": name, "title": title })),
        "metrics": definitions,
        "fields": fields(),
        "slots": slots(),
        "start": { "metric": start(super::measured::RANK).unwrap_or(0), "null": PerNull::<()>::NAMES[0] },
        "checkpoints": checkpoints,
    });
    Ok(html! {
        script type="application/json" id="index" { (PreEscaped(within_script(&index)?)) }
        @for (name, bytes) in &blocks {
            script type="text/plain" id={ "block-" (name) } {
                (PreEscaped(BASE64_STANDARD.encode(compress_to_vec_zlib(bytes, COMPRESSION))))
            }
        }
    })
}

/// Of 0 to 10; beyond it, time grows and the size does not shrink.
const COMPRESSION: u8 = 6;

/// JSON that nothing in it can end: neither a script nor, for old readers, a line.
fn within_script(value: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string(value)?;
    // All four occur within strings only, where an escape means the same.
    Ok(json
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029"))
}

/// The definitions of all checkpoints, each once.
fn definitions<'a>(parts: &[Part<'a>]) -> Vec<&'a Definition> {
    let mut all: Vec<&Definition> = Vec::new();
    for definition in parts.iter().flat_map(|part| &part.document.metrics) {
        if place(&all, &definition.level, &definition.signal, &definition.metric).is_none() {
            all.push(definition);
        }
    }
    all
}

fn place(definitions: &[&Definition], level: &str, signal: &str, metric: &str) -> Option<usize> {
    definitions.iter().position(|d| d.level == level && d.signal == signal && d.metric == metric)
}

/// Which metrics the heads of an analysis have, as places among the definitions.
fn measured(document: &Document, definitions: &[&Definition]) -> Vec<usize> {
    let first = &document.heads[0].metrics;
    first.iter().filter_map(|one| place(definitions, "head", &one.signal, &one.metric)).collect()
}

/// The numbers of a metric of a head: `value`, `low` and `high` of the interval, and `NULL.mean` and so on.
fn fields() -> Vec<String> {
    let nulls = PerNull::<()>::NAMES;
    let of = |null: &str| COMPARED.map(|(field, _)| format!("{null}.{field}"));
    ["value", "low", "high"].map(str::to_owned).into_iter().chain(nulls.iter().flat_map(|null| of(null))).collect()
}

type Field = fn(&Comparison) -> Option<f64>;

const COMPARED: [(&str, Field); 5] =
    [("mean", |c| c.mean), ("sd", |c| c.sd), ("z", |c| c.z), ("p", |c| c.p), ("q", |c| c.q)];

fn numbers(document: &Document, definitions: &[&Definition], metrics: &[usize]) -> Vec<u8> {
    let mut columns = Decimals::default();
    let heads = &document.heads;
    for &metric in metrics {
        let Definition { signal, metric, .. } = definitions[metric];
        // Nearly always at the same place in every head.
        let guess = heads[0].metrics.iter().position(|m| m.signal == *signal && m.metric == *metric).unwrap_or(0);
        let of: Vec<Option<&Measurement>> = heads
            .iter()
            .map(|head| {
                let is = |m: &&Measurement| m.signal == *signal && m.metric == *metric;
                head.metrics.get(guess).filter(is).or_else(|| head.metrics.iter().find(is))
            })
            .collect();
        let mut push = |digits, field: &dyn Fn(&Measurement) -> Option<f64>| {
            columns.push(digits, &of.iter().map(|m| m.and_then(field)).collect::<Vec<_>>());
        };
        push(decimals::MEASURED, &|m| m.value);
        push(decimals::MEASURED, &|m| m.interval.map(|[low, _]| low));
        push(decimals::MEASURED, &|m| m.interval.map(|[_, high]| high));
        for null in PerNull::<()>::NAMES {
            for (_, field) in COMPARED {
                push(decimals::COMPARED, &|m| field(&m.against(null)));
            }
        }
    }
    columns.bytes
}

/// What is stored of each curve of a head: `own`, and `NULL.mean` and `NULL.sd`.
fn slots() -> Vec<String> {
    let nulls = PerNull::<()>::NAMES.into_iter().flat_map(|null| ["mean", "sd"].map(|what| format!("{null}.{what}")));
    std::iter::once("own".to_owned()).chain(nulls).collect()
}

fn curves(document: &Document) -> Vec<u8> {
    let mut store = CurveStore::new(document.heads.len() * Curve::ALL.len() * slots().len());
    for head in &document.heads {
        for curve in Curve::ALL {
            let length = length(curve, document);
            // Layers that rotate other numbers of pairs than the first have no place on its axis.
            let fitting = |values: &'_ [f64]| if values.len() == length { values.to_vec() } else { vec![] };
            store.push(fitting(head.curve(curve)).into_iter());
            for null in PerNull::<()>::NAMES {
                for values in head.null_curve(null, curve).map(fitting) {
                    store.push(sparse(values.len()).into_iter().map(|i| values[i]));
                }
            }
        }
    }
    store.bytes()
}

/// Points of a curve; 0 where no head has it.
fn length(curve: Curve, document: &Document) -> usize {
    document.heads.iter().map(|head| head.curve(curve).len()).find(|length| *length > 0).unwrap_or(0)
}

/// The points at which a null model's curve of this length is kept: it is smooth but for its beginning.
fn sparse(length: usize) -> Vec<usize> {
    const DENSE: usize = 12;
    let mut points: Vec<usize> = (0..length.min(DENSE)).collect();
    while let Some(last) = points.last().filter(|last| **last + 1 < length) {
        points.push((last + (last / 4).max(1)).min(length - 1));
    }
    points
}

fn description(curve: Curve, document: &Document) -> Value {
    let length = length(curve, document);
    let lags = document.protocol.lags as f64;
    let at = |i: usize| if curve == Curve::Spectrum { i as f64 / lags } else { i as f64 };
    let (key, title, meaning, [x_label, y_label], [x_kind, y_kind]) = match curve {
        Curve::ScoreProfile => (
            "score_profile",
            "Score profile",
            "Mean of what the softmax saw, by lag, minus its mean over the lags.",
            ["lag (tokens)", "score"],
            ["lag", "linear"],
        ),
        Curve::LagProfile => (
            "lag_profile",
            "Lag profile",
            "Mean attention probability by lag, over rows that have more keys than lags.",
            ["lag (tokens)", "probability"],
            ["lag", "linear"],
        ),
        Curve::Spectrum => (
            "spectrum",
            "Spectrum",
            "Mean power of the rows by frequency.",
            ["frequency (cycles/token)", "power"],
            ["linear", "log"],
        ),
        Curve::FullProfile => (
            "full_profile",
            "Mean of complete rows",
            "Mean attention probability by key position, over the first queries of each window; the sink is at key 0.",
            ["key (position)", "probability"],
            ["linear", "linear"],
        ),
        Curve::Usage => (
            "usage",
            "Usage of the rotary frequencies",
            "Product of the mean norms of query and key in each rotary pair; pair 0 turns fastest. The upright line is the \
             pair that tells positions best in theory.",
            ["rotary pair", "usage"],
            ["linear", "linear"],
        ),
    };
    json!({
        "key": key, "title": title, "meaning": meaning, "x_label": x_label, "y_label": y_label, "x_kind": x_kind, "y_kind": y_kind,
        "mark": document.protocol.rotary.first().filter(|_| curve == Curve::Usage).and_then(|rotary| rotary.theory_pair),
        "x": (0..length).map(at).collect::<Vec<_>>(),
        "null_x": sparse(length).into_iter().map(at).collect::<Vec<_>>(),
    })
}

/// The impulse response of a transform of a signal of this length that is mirrored at both ends: such a signal
/// has twice its length as period, and its transform is a circular convolution. By scale, real and, of a complex
/// wavelet, imaginary part, by `t - b` modulo the period, as `f32`.
fn kernels(transform: &Transform, length: usize) -> Result<(Value, Vec<u8>), Failure> {
    let wavelet = by_name(&transform.wavelet, &Parameters::default())?;
    let period = 2 * length;
    let planned = Cwt::new(wavelet.as_ref(), period, &transform.scales, Norm::L2, Boundary::Periodic)?;
    let mut impulse = vec![0.0; period];
    impulse[0] = 1.0;
    let response = planned.transform(&impulse)?;
    let complex = !planned.is_real();
    let mut bytes = Vec::new();
    for row in response.chunks_exact(period) {
        // W(a, b) of an impulse at 0 is the kernel at t - b = -b.
        let backwards = || (0..period).map(|lag| row[(period - lag) % period]);
        bytes.extend(backwards().flat_map(|w| (w.re as f32).to_le_bytes()));
        if complex {
            bytes.extend(backwards().flat_map(|w| (w.im as f32).to_le_bytes()));
        }
    }
    let description = json!({
        "wavelet": transform.wavelet, "scales": transform.scales, "cone": transform.cone, "complex": complex,
    });
    Ok((description, bytes))
}

/// The measurements of a layer or of the model, each with the place of its definition.
fn together(level: &str, measurements: &[Measurement], definitions: &[&Definition]) -> Vec<Value> {
    let of = |m: &Measurement| {
        let place = place(definitions, level, &m.signal, &m.metric)?;
        let nulls: Map<String, Value> =
            PerNull::<()>::NAMES.iter().map(|null| ((*null).to_owned(), json!(m.against(null)))).collect();
        Some(json!({ "metric": place, "value": m.value, "interval": m.interval, "nulls": nulls }))
    };
    measurements.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_end_its_script() {
        let json = within_script(&json!({ "</script><!--": "\u{2028}\u{2029}]]>\"'&" })).unwrap();
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
        let back: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["</script><!--"], "\u{2028}\u{2029}]]>\"'&");
    }

    #[test]
    fn sparse_points_have_both_ends_and_every_short_lag() {
        assert!(sparse(0).is_empty());
        assert_eq!(sparse(5), [0, 1, 2, 3, 4]);
        let points = sparse(256);
        assert!(points.starts_with(&[0, 1, 2, 3]) && points.ends_with(&[255]) && points.len() < 48, "{points:?}");
        assert!(points.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
