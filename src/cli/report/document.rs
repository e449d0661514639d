use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::super::Failure;
use super::super::shown::shown;

/// What the page reads of an `analysis.json`: of one that was written earlier, perhaps on another machine,
/// and of one that was made just now, in the same way.
///
/// Names that come from checkpoints and texts are made harmless here, once: see [`shown`].
#[derive(Debug, Deserialize)]
pub(super) struct Document {
    schema: Schema,
    pub(super) metrics: Vec<Definition>,
    pub(super) checkpoint: Source,
    pub(super) protocol: Protocol,
    pub(super) texts: Vec<Text>,
    pub(super) heads: Vec<Head>,
    #[serde(default)]
    pub(super) layers: Vec<Level>,
    #[serde(default)]
    pub(super) model: Level,
}

/// The one schema that this program writes.
#[derive(Debug)]
struct Schema;

const SCHEMA: &str = "ropelet.analyze/1";

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = String::deserialize(deserializer)?;
        if found != SCHEMA {
            return Err(serde::de::Error::custom(format!("schema {found}, expected {SCHEMA}")));
        }
        Ok(Self)
    }
}

impl Document {
    /// Reads an analysis; `path` is named where that fails.
    pub(super) fn read(json: &[u8], path: &Path) -> Result<Self, Failure> {
        let document: Self = serde_json::from_slice(json).map_err(|error| Failure::at(path, error))?;
        let Schema = document.schema;
        if document.heads.is_empty() {
            return Err(Failure::at(path, "has no heads"));
        }
        Ok(document)
    }
}

/// A metric of the registry. What the page does not need itself, it hands on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Definition {
    pub(super) level: String,
    pub(super) signal: String,
    pub(super) metric: String,
    pub(super) unit: String,
    pub(super) title: String,
    pub(super) meaning: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Source {
    #[serde(deserialize_with = "harmless")]
    pub(super) name: String,
    #[serde(deserialize_with = "harmless")]
    pub(super) family: String,
    pub(super) layers: usize,
    #[serde(deserialize_with = "harmless")]
    pub(super) device: String,
    #[serde(deserialize_with = "harmless")]
    pub(super) dtype: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Protocol {
    pub(super) window: usize,
    pub(super) lags: usize,
    pub(super) draws: usize,
    pub(super) untrained_seeds: usize,
    pub(super) lag_transform: Transform,
    pub(super) spectrum_transform: Transform,
    #[serde(default)]
    pub(super) rotary: Vec<Rotary>,
}

/// The rotary pairs of a layer.
#[derive(Debug, Deserialize)]
pub(super) struct Rotary {
    /// The place among the pairs of the frequency that tells positions best, in theory.
    pub(super) theory_pair: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Transform {
    pub(super) wavelet: String,
    pub(super) scales: Vec<f64>,
    pub(super) cone: Vec<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Text {
    #[serde(deserialize_with = "harmless")]
    pub(super) name: String,
    pub(super) tokens: usize,
    pub(super) windows: Vec<usize>,
    pub(super) rows: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) layer: usize,
    pub(super) head: usize,
    pub(super) rows: u64,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    lag_profile: Vec<f64>,
    score_profile: Vec<f64>,
    spectrum: Vec<f64>,
    #[serde(default)]
    full_profile: Vec<f64>,
    #[serde(default)]
    usage: Vec<f64>,
    #[serde(default)]
    null_curves: BTreeMap<String, Curves>,
    #[serde(default)]
    null_spreads: BTreeMap<String, Curves>,
    pub(super) metrics: Vec<Measurement>,
}

/// Curves of the draws of a null model: their mean, or their standard deviation.
#[derive(Debug, Deserialize)]
struct Curves {
    lag_profile: Vec<f64>,
    score_profile: Vec<f64>,
    spectrum: Vec<f64>,
    #[serde(default)]
    full_profile: Vec<f64>,
}

/// A curve that an analysis has of every head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    ScoreProfile,
    LagProfile,
    Spectrum,
    FullProfile,
    Usage,
}

impl Curve {
    /// All of them, in the order of the page.
    pub(super) const ALL: [Self; 5] =
        [Self::ScoreProfile, Self::LagProfile, Self::Spectrum, Self::FullProfile, Self::Usage];
}

impl Head {
    /// The curve of the head itself; empty where the analysis has none.
    pub(super) fn curve(&self, curve: Curve) -> &[f64] {
        match curve {
            Curve::LagProfile => &self.lag_profile,
            Curve::ScoreProfile => &self.score_profile,
            Curve::Spectrum => &self.spectrum,
            Curve::FullProfile => &self.full_profile,
            Curve::Usage => &self.usage,
        }
    }

    /// Mean and standard deviation of the curve over the draws of a null model; empty where there are none.
    pub(super) fn null_curve(&self, null: &str, curve: Curve) -> [&[f64]; 2] {
        [&self.null_curves, &self.null_spreads].map(|nulls| match (nulls.get(null), curve) {
            (None, _) | (_, Curve::Usage) => &[][..],
            (Some(curves), Curve::LagProfile) => &curves.lag_profile,
            (Some(curves), Curve::ScoreProfile) => &curves.score_profile,
            (Some(curves), Curve::Spectrum) => &curves.spectrum,
            (Some(curves), Curve::FullProfile) => &curves.full_profile,
        })
    }
}

/// The metrics of the heads of a layer, or of the model, together.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Level {
    pub(super) metrics: Vec<Measurement>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Measurement {
    pub(super) signal: String,
    pub(super) metric: String,
    pub(super) value: Option<f64>,
    pub(super) interval: Option<[f64; 2]>,
    pub(super) nulls: BTreeMap<String, Comparison>,
}

impl Measurement {
    /// How it compares with a null model; nothing where the analysis has no such null model.
    pub(super) fn against(&self, null: &str) -> Comparison {
        self.nulls.get(null).copied().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Comparison {
    pub(super) mean: Option<f64>,
    pub(super) sd: Option<f64>,
    pub(super) z: Option<f64>,
    pub(super) p: Option<f64>,
    pub(super) q: Option<f64>,
}

/// A name as it can be shown: see [`shown`].
fn harmless<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(shown(&String::deserialize(deserializer)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_schema_or_no_head_is_refused() {
        let read = |json: &str| Document::read(json.as_bytes(), Path::new("f.json")).unwrap_err().to_string();
        assert!(read(r#"{"schema": "ropelet.verify/1"}"#).contains("ropelet.verify/1, expected ropelet.analyze/1"));
        assert!(read("{").starts_with("f.json: "));
    }
}
