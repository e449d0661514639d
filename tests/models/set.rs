//! Checkpoints with the values that transformers computed for them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use ropelet::model::{Block, Checkpoint, Decoder, Device, ModelError, Precision, Select, Sink, Site};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// Values by name, such as `layers.1.query`.
pub(crate) type Values = BTreeMap<String, Vec<f64>>;

pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// A folder that `make.py` made.
pub(crate) struct Set {
    pub(crate) tokens: Vec<u32>,
    pub(crate) cases: Vec<Case>,
    /// Where cases are put that share weights with another.
    _place: tempfile::TempDir,
}

/// One checkpoint of a set.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) family: String,
    pub(crate) form: String,
    pub(crate) storage: String,
    pub(crate) folder: PathBuf,
    reference: PathBuf,
}

impl Set {
    /// The one in the repository.
    pub(crate) fn kept() -> Self {
        Self::read(&data().join("models"))
    }

    /// The one that `ROPELET_MODELS` names: every family, form and storage.
    pub(crate) fn whole() -> Option<Self> {
        std::env::var_os("ROPELET_MODELS").map(|folder| Self::read(Path::new(&folder)))
    }

    fn read(set: &Path) -> Self {
        let place = tempfile::tempdir().unwrap();
        let listed: Value = serde_json::from_slice(&fs::read(set.join("cases.json")).unwrap()).unwrap();
        let cases = listed["cases"].as_object().unwrap().iter().map(|(name, case)| {
            let text = |key: &str| case[key].as_str().unwrap().to_owned();
            let mut folder = set.join(text("checkpoint"));
            if case["config"].as_object().is_some_and(|changes| !changes.is_empty()) {
                folder = copy(&folder, &place.path().join(name));
                edit_config(&folder, &case["config"]);
            }
            let reference = set.join("references").join(text("reference")).with_added_extension("safetensors");
            let name = name.clone();
            Case { name, family: text("family"), form: text("form"), storage: text("storage"), folder, reference }
        });
        Self {
            tokens: serde_json::from_value(listed["tokens"].clone()).unwrap(),
            cases: cases.collect(),
            _place: place,
        }
    }

    pub(crate) fn case(&self, name: &str) -> &Case {
        self.cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case {name}"))
    }
}

impl Case {
    /// The values under `f64.` or `f32.`, by their name without it; none of variants in `f32`.
    pub(crate) fn expected(&self, prefix: &str) -> Values {
        let (values, _) = stored(&self.reference);
        values.into_iter().filter_map(|(name, values)| Some((name.strip_prefix(prefix)?.to_owned(), values))).collect()
    }
}

/// Copies a checkpoint.
pub(crate) fn copy(from: &Path, to: &Path) -> PathBuf {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    to.to_owned()
}

/// Sets keys of config.json; `null` removes one.
pub(crate) fn edit_config(folder: &Path, changes: &Value) {
    let file = folder.join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(config.as_object_mut().unwrap().remove(key)),
            value => config[key] = value.clone(),
        }
    }
    fs::write(file, config.to_string()).unwrap();
}

/// The tensors of a file, and the text in its metadata.
pub(crate) fn stored(file: &Path) -> (Values, Option<String>) {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let values = |view: &safetensors::tensor::TensorView<'_>| -> Vec<f64> {
        let bytes = view.data();
        match view.dtype() {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x).into()).collect(),
            Dtype::F64 => bytes.as_chunks().0.iter().map(|x| f64::from_le_bytes(*x)).collect(),
            Dtype::I64 => bytes.as_chunks().0.iter().map(|x| i64::from_le_bytes(*x) as f64).collect(),
            other => panic!("{other:?}"),
        }
    };
    let text = SafeTensors::read_metadata(&bytes).unwrap().1.metadata().as_ref().and_then(|m| m.get("text").cloned());
    (tensors.iter().map(|(name, view)| (name.to_owned(), values(&view))).collect(), text)
}

/// Keeps every tap whole.
#[derive(Default)]
struct Everything(Values);

impl Sink for Everything {
    fn want(&self, _site: Site) -> Option<Select> {
        Some(Select { future_keys: true, ..Select::all() })
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        // One text, and few enough tokens for one block of rows; heads may come one after another.
        self.0.entry(block.site.to_string()).or_default().extend(block.to_vec::<f64>()?);
        Ok(())
    }
}

/// Every tap of one text.
pub(crate) fn taps(checkpoint: &Checkpoint, tokens: &[u32], precision: Precision) -> Result<Values, Box<ModelError>> {
    let mut sink = Everything::default();
    let decoder = Decoder::new(checkpoint, &Device::CPU, precision)?.allow_extrapolation();
    decoder.run(&[tokens.to_vec()], &mut sink)?;
    Ok(sink.0)
}

/// The tolerances that every correct `f32` forward keeps and that misreadings do not.
pub(crate) fn tolerance(tap: &str) -> f64 {
    match class(tap) {
        "logits" => 1e-4,
        "attention" => 1e-5,
        _ => 5e-5,
    }
}

/// The tap, without its layer.
fn class(tap: &str) -> &str {
    tap.rsplit('.').next().unwrap_or(tap)
}

/// The largest absolute difference of each tap that is compared.
pub(crate) struct Comparison(Vec<(String, f64)>);

impl Comparison {
    /// Where fewer values are expected than observed, they are evenly spaced, as make.py takes them.
    pub(crate) fn of(observed: &Values, expected: &Values) -> Self {
        assert!(!expected.is_empty(), "nothing to compare with");
        let difference = |(name, expected): (&String, &Vec<f64>)| {
            let observed = observed.get(name).unwrap_or_else(|| panic!("there is no tap {name}"));
            assert!(observed.len() >= expected.len(), "{name}: {} values, not {}", observed.len(), expected.len());
            let count = expected.len();
            let differences = expected.iter().enumerate().map(|(at, expected)| {
                let difference = (observed[at * observed.len() / count] - expected).abs();
                // A NaN is the worst there is.
                if difference.is_nan() { f64::INFINITY } else { difference }
            });
            (name.clone(), differences.fold(0.0, f64::max))
        };
        Self(expected.iter().map(difference).collect())
    }

    pub(crate) fn taps(&self) -> usize {
        self.0.len()
    }

    /// The tap with the largest difference in units of its tolerance, and that ratio.
    pub(crate) fn worst(&self, tolerance: impl Fn(&str) -> f64) -> (&str, f64) {
        let ratios = self.0.iter().map(|(name, difference)| (name.as_str(), difference / tolerance(name)));
        ratios.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
    }

    /// How many taps differ by more than their tolerance.
    pub(crate) fn broken(&self) -> usize {
        self.0.iter().filter(|(name, difference)| *difference > tolerance(name)).count()
    }

    /// The largest difference of these taps.
    pub(crate) fn largest(&self, of: impl Fn(&str) -> bool) -> f64 {
        self.0.iter().filter(|(name, _)| of(class(name))).map(|(_, difference)| *difference).fold(0.0, f64::max)
    }
}
