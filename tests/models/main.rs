//! The decoder against Hugging Face transformers, tap by tap.
//!
//! `tests/data/models` holds small random checkpoints, variants of their config.json, and the values
//! that transformers computed for them in eager mode, in `f32` and promoted to `f64`; `make.py` there
//! makes all of it. The trained checkpoint in `tests/data/llama` is compared at sampled values; two
//! more when `ROPELET_CHECKPOINTS` names a folder that has them as `gpt-neox` and `bloom`.
//!
//! Every family, form and storage is compared when `ROPELET_MODELS` names a folder that
//! `make.py --all` made.
#![cfg(feature = "model")]
// What was compared, and what was not for want of a checkpoint, is said on stdout.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use ropelet::model::{Block, Checkpoint, Decoder, Device, LagProfile, Precision, Select, Sink, Site, Tap};
use ropelet::numeric::{Real, gamma};
use serde_json::Value;

use set::{Case, Comparison, Set, Values, data, edit_config, stored, tolerance};

mod misreadings;
mod set;

/// The taps of a case at both precisions, compared with transformers.
struct Agreement {
    /// `f64` with the graph promoted to `f64`.
    wide: Comparison,
    /// `f32` with the same.
    narrow: Comparison,
    /// `f32` with `f32`, where there are values.
    eager: Option<Comparison>,
}

/// The largest difference between two correct `f64` computations of these small models.
const WIDE: f64 = 1e-9;

impl Agreement {
    fn of(case: &Case, tokens: &[u32]) -> Result<Self, Box<dyn Error>> {
        let checkpoint = Checkpoint::open(&case.folder)?;
        let taps = |precision| set::taps(&checkpoint, tokens, precision);
        let (wide, narrow) = (taps(Precision::F64)?, taps(Precision::F32)?);
        let (exact, eager) = (case.expected("f64."), case.expected("f32."));
        Ok(Self {
            wide: Comparison::of(&wide, &exact),
            narrow: Comparison::of(&narrow, &exact),
            eager: (!eager.is_empty()).then(|| Comparison::of(&narrow, &eager)),
        })
    }

    /// The first tap that is off.
    fn fault(&self) -> Option<String> {
        let eager = self.eager.iter().map(|eager| ("f32 from f32", eager.worst(tolerance)));
        [("f64", self.wide.worst(|_| WIDE)), ("f32 from f64", self.narrow.worst(tolerance))]
            .into_iter()
            .chain(eager)
            .find(|(_, (_, ratio))| *ratio > 1.0)
            .map(|(what, (tap, ratio))| format!("{tap} in {what} is off by {ratio:.1e} of its tolerance"))
    }

    /// Largest differences: in `f64`; in `f32` logits, probabilities and others, from `f32` or `f64`.
    fn largest(&self) -> [f64; 4] {
        let narrow = |of: fn(&str) -> bool| {
            self.eager.iter().chain([&self.narrow]).map(|comparison| comparison.largest(of)).fold(0.0, f64::max)
        };
        [
            self.wide.largest(|_| true),
            narrow(|tap| tap == "logits"),
            narrow(|tap| tap == "attention"),
            narrow(|tap| tap != "logits" && tap != "attention"),
        ]
    }
}

const COLUMNS: &str = "f64 | f32 logits | f32 probabilities | f32 others |";

fn cells(largest: [f64; 4]) -> String {
    largest.map(|largest| format!("{largest:.1e} |")).join(" ")
}

/// Compares every case; prints a table in Markdown of all, and one of families.
fn compare(set: &Set) {
    println!("| family | form | storage | {COLUMNS}\n|---|---|---|---|---|---|---|");
    let mut families: BTreeMap<&str, (usize, [f64; 4])> = BTreeMap::new();
    let mut faults = Vec::new();
    for case in &set.cases {
        let fault = match Agreement::of(case, &set.tokens) {
            Ok(agreement) => {
                let largest = agreement.largest();
                println!("| `{}` | {} | {} | {}", case.family, case.form, case.storage, cells(largest));
                let (count, family) = families.entry(&case.family).or_default();
                *count += 1;
                family.iter_mut().zip(largest).for_each(|(most, largest)| *most = most.max(largest));
                agreement.fault()
            }
            Err(error) => Some(error.to_string()),
        };
        faults.extend(fault.map(|fault| format!("{}: {fault}", case.name)));
    }
    println!("\n| family | checkpoints | {COLUMNS}\n|---|---|---|---|---|---|");
    for (family, (count, largest)) in families {
        println!("| `{family}` | {count} | {}", cells(largest));
    }
    println!("\n{} of {} agree", set.cases.len() - faults.len(), set.cases.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_kept_case_agrees_with_transformers_in_f32_and_f64() {
    let set = Set::kept();
    assert!(set.cases.len() >= 20);
    compare(&set);
}

#[test]
fn every_family_form_and_storage_agrees_with_transformers() {
    match Set::whole() {
        Some(set) => compare(&set),
        None => println!("only what is in the repository was compared: ROPELET_MODELS is not set"),
    }
}

fn moments(values: &Values) -> Values {
    let mean = |flat: &[f64], f: fn(f64) -> f64| flat.iter().map(|x| f(*x)).sum::<f64>() / flat.len() as f64;
    values.iter().map(|(name, flat)| (name.clone(), vec![mean(flat, |x| x), mean(flat, |x| x * x)])).collect()
}

/// Compares a trained checkpoint with its committed references; returns what was compared.
fn compare_trained(folder: &Path, name: &str) -> String {
    let checkpoint = Checkpoint::open(folder).unwrap();
    let (expected, text) = stored(&data().join(format!("models/trained-{name}.safetensors")));
    let under = |prefix: &str| -> Values {
        let named =
            |(name, values): (&String, &Vec<f64>)| Some((name.strip_prefix(prefix)?.to_owned(), values.clone()));
        expected.iter().filter_map(named).collect()
    };
    let tokens: Vec<u32> = expected["tokens"].iter().map(|id| *id as u32).collect();
    let encoded = checkpoint.tokenizer().unwrap().encode(&text.unwrap()).unwrap();
    assert_eq!(encoded[..tokens.len()], tokens, "{name}: the tokenizers disagree");
    let taps = |precision| set::taps(&checkpoint, &tokens, precision).unwrap();
    let (wide, narrow) = (taps(Precision::F64), taps(Precision::F32));
    let checks = [
        ("f64", Comparison::of(&wide, &under("f64.")).worst(|_| WIDE)),
        ("moments in f64", Comparison::of(&moments(&wide), &under("moments.")).worst(|_| WIDE)),
        ("f32", Comparison::of(&narrow, &under("f32.")).worst(tolerance)),
    ]
    .map(|(what, (tap, ratio))| (what, tap.to_owned(), ratio));
    for (what, tap, ratio) in &checks {
        assert!(*ratio <= 1.0, "{name}: {tap} in {what} is off by {ratio:.1e} of its tolerance");
    }
    format!("{name}: {} taps of {} tokens agree; worst {checks:?}", wide.len(), tokens.len())
}

#[test]
fn the_trained_checkpoints_agree_with_transformers() {
    println!("{}", compare_trained(&data().join("llama"), "llama"));
    match std::env::var_os("ROPELET_CHECKPOINTS") {
        Some(folder) => {
            for name in ["gpt-neox", "bloom"] {
                println!("{}", compare_trained(&Path::new(&folder).join(name), name));
            }
        }
        None => println!("gpt-neox and bloom were not compared: ROPELET_CHECKPOINTS is not set"),
    }
}

/// Counts what it is given, and how large the blocks are.
struct Counting {
    rows: std::ops::Range<usize>,
    heads: Vec<usize>,
    seen: BTreeMap<(usize, usize, usize), Vec<f64>>,
}

impl Sink for Counting {
    fn want(&self, site: Site) -> Option<Select> {
        let select = Select { heads: Some(self.heads.clone()), rows: Some(self.rows.clone()), future_keys: false };
        (site == Site { layer: Some(1), tap: Tap::Attention }).then_some(select)
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        assert_eq!(block.columns, block.rows.end, "keys after the block's last query");
        let values = block.to_vec::<f64>()?;
        for (text, head, plane) in block.planes(&values) {
            for (row, probabilities) in block.rows.clone().zip(plane.chunks(block.columns)) {
                let first_time = self.seen.insert((text, head, row), probabilities.to_vec()).is_none();
                assert!(first_time, "text {text}, head {head}, row {row} came twice");
            }
        }
        Ok(())
    }
}

#[test]
fn a_selection_is_handed_over_once_and_texts_do_not_touch_each_other() {
    let checkpoint = Checkpoint::open(data().join("llama")).unwrap();
    let ids = |length: u32, start: u32| (0..length).map(|at| (start + 7 * at) % 4096).collect::<Vec<u32>>();
    // Several blocks of queries, two texts of one length, one of another.
    let texts = [ids(300, 1), ids(150, 5), ids(300, 9)];
    let decoder = Decoder::new(&checkpoint, &Device::CPU, Precision::F64).unwrap();
    let mut together = Counting { rows: 100..290, heads: vec![0, 3], seen: BTreeMap::new() };
    decoder.run(&texts, &mut together).unwrap();
    assert_eq!(together.seen.len(), 2 * (190 + 50 + 190));
    for (text, tokens) in texts.iter().enumerate() {
        let mut alone = Counting { rows: 100..290, heads: vec![0, 3], seen: BTreeMap::new() };
        decoder.run(std::slice::from_ref(tokens), &mut alone).unwrap();
        for ((_, head, row), probabilities) in &alone.seen {
            let sum: f64 = probabilities.iter().take(row + 1).sum();
            assert!((sum - 1.0).abs() < 1e-14);
            assert!(probabilities[row + 1..].iter().all(|p| *p == 0.0), "a key after its query has weight");
            for (a, b) in probabilities.iter().zip(&together.seen[&(text, *head, *row)]) {
                assert!((a - b).abs() < 1e-14);
            }
        }
    }
}

#[test]
fn lag_sums_on_the_device_are_those_of_the_probabilities() {
    struct All(Vec<Vec<Vec<f64>>>);
    impl Sink for All {
        fn want(&self, site: Site) -> Option<Select> {
            (site.tap == Tap::Attention).then(Select::all)
        }

        fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
            let values = block.to_vec::<f64>()?;
            for (_, head, plane) in block.planes(&values) {
                for (query, row) in block.rows.clone().zip(plane.chunks(block.columns)) {
                    for (key, probability) in row.iter().enumerate().take(query + 1) {
                        self.0[block.site.layer.unwrap()][head][query - key] += probability;
                    }
                }
            }
            Ok(())
        }
    }
    let checkpoint = Checkpoint::open(data().join("llama")).unwrap();
    let decoder = Decoder::new(&checkpoint, &Device::CPU, Precision::F64).unwrap();
    let texts = [300, 200, 300, 1].map(|length| (0..length).map(|at| (13 * at + length) % 4096).collect::<Vec<u32>>());
    let mut expected = All(vec![vec![vec![0.0; 300]; 4]; 6]);
    decoder.run(&texts, &mut expected).unwrap();
    let mut profile = LagProfile::default();
    decoder.run(&texts, &mut profile).unwrap();
    let sums = profile.sums().unwrap();
    for (observed, expected) in sums.iter().flatten().zip(expected.0.iter().flatten()) {
        assert_eq!(observed.len(), 300);
        // Up to 801 summands of at most 1 in each, and nothing cancels.
        for (observed, expected) in observed.iter().zip(expected) {
            assert!((observed - expected).abs() <= 2.0 * gamma(801, f64::UNIT_ROUNDOFF) * expected);
        }
    }
    // Every query's probabilities sum to 1.
    let total: f64 = sums[5][2].iter().sum();
    assert!((total - 801.0).abs() < 1e-10, "{total}");
}

#[test]
fn an_untrained_model_has_the_spec_and_fresh_weights() {
    let trained = Checkpoint::open(data().join("llama")).unwrap();
    let untrained = trained.untrained(1);
    assert_eq!(trained.spec(), untrained.spec());
    let tokens = [5, 900, 31, 4000, 77];
    let values = |checkpoint: &Checkpoint| set::taps(checkpoint, &tokens, Precision::F32).unwrap();
    assert_eq!(values(&untrained), values(&trained.untrained(1)));
    assert_ne!(values(&untrained), values(&trained.untrained(2)));
    // Embeddings are normal with standard deviation 0.02, so the first residual is, too.
    let residual = &values(&untrained)["layers.0.residual"];
    let mean = residual.iter().sum::<f64>() / residual.len() as f64;
    let variance = residual.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / residual.len() as f64;
    // 1280 samples: the standard error of the deviation is 2 %, of the mean 0.02/36.
    assert!((variance.sqrt() / 0.02 - 1.0).abs() < 0.1 && mean.abs() < 0.003, "{mean} {}", variance.sqrt());
}

#[test]
fn defaults_that_are_filled_in_are_recorded() {
    let place = tempfile::tempdir().unwrap();
    let folder = set::copy(&data().join("models/llama"), &place.path().join("llama"));
    let defaults = || Checkpoint::open(&folder).unwrap().spec().defaults.clone();
    assert_eq!(defaults(), []);
    let mut config: Value = serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap();
    config["rope_parameters"].as_object_mut().unwrap().remove("rope_theta");
    edit_config(&folder, &serde_json::json!({ "rms_norm_eps": null, "rope_parameters": config["rope_parameters"] }));
    let expected = [("rms_norm_eps", "0.000001"), ("rope_theta", "10000")];
    assert_eq!(defaults(), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}
