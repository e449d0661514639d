//! The decoder against Hugging Face transformers, tap by tap.
//!
//! `tests/data/models` holds small random checkpoints of each family, variants of their config.json,
//! and the values that transformers computed for them in eager mode, in `f32` and promoted to `f64`;
//! `make.py` there makes all of it. The trained checkpoint in `tests/data/llama` is compared at
//! sampled values. Two more trained ones are compared when `ROPELET_CHECKPOINTS` names a folder that
//! has them as `gpt-neox` and `bloom`.
#![cfg(feature = "model")]
// What was compared, and what was not for want of a checkpoint, is said on stdout.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use ropelet::model::{
    Activation, Block, Checkpoint, Decoder, Device, LagProfile, Position, Precision, Select, Sink, Site, Spec, Tap,
    Topology,
};
use ropelet::numeric::{Pairing, Real, gamma};
use ropelet::rope::Scaling;
use safetensors::SafeTensors;
use serde_json::Value;

/// Values by name, such as `layers.1.query`.
type Values = BTreeMap<String, Vec<f64>>;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
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

fn taps(checkpoint: &Checkpoint, tokens: &[u32], precision: Precision) -> Values {
    let mut sink = Everything::default();
    let decoder = Decoder::new(checkpoint, &Device::CPU, precision).unwrap().allow_extrapolation();
    decoder.run(&[tokens.to_vec()], &mut sink).unwrap();
    sink.0
}

fn references(case: &str) -> (BTreeMap<String, Vec<f64>>, Option<String>) {
    let bytes = fs::read(data().join(format!("models/references/{case}.safetensors"))).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let values = |view: &safetensors::tensor::TensorView<'_>| -> Vec<f64> {
        use safetensors::Dtype;
        let bytes = view.data();
        match view.dtype() {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x).into()).collect(),
            Dtype::F64 => bytes.as_chunks().0.iter().map(|x| f64::from_le_bytes(*x)).collect(),
            Dtype::I64 => bytes.as_chunks().0.iter().map(|x| i64::from_le_bytes(*x) as f64).collect(),
            other => panic!("{other:?}"),
        }
    };
    let text = SafeTensors::read_metadata(&bytes).unwrap().1.metadata().as_ref().and_then(|m| m.get("text").cloned());
    (stored.iter().map(|(name, view)| (name.to_owned(), values(&view))).collect(), text)
}

/// The cases of cases.json: the folder of each, made in `place`.
fn cases(place: &Path) -> (Vec<u32>, Vec<(String, PathBuf)>) {
    let listed: Value = serde_json::from_slice(&fs::read(data().join("models/cases.json")).unwrap()).unwrap();
    let tokens = serde_json::from_value(listed["tokens"].clone()).unwrap();
    let folder_of = |(case, listed): (&String, &Value)| {
        let from = data().join("models").join(listed["checkpoint"].as_str().unwrap());
        let folder = place.join(case);
        fs::create_dir(&folder).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
        let mut config: Value = serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap();
        for (key, value) in listed["config"].as_object().unwrap() {
            match value {
                Value::Null => drop(config.as_object_mut().unwrap().remove(key)),
                value => config[key] = value.clone(),
            }
        }
        fs::write(folder.join("config.json"), config.to_string()).unwrap();
        (case.clone(), folder)
    };
    (tokens, listed["cases"].as_object().unwrap().iter().map(folder_of).collect())
}

/// The tolerances that every correct `f32` forward keeps and that misreadings do not.
fn tolerance(name: &str) -> f64 {
    match name.rsplit('.').next() {
        Some("logits") => 1e-4,
        Some("attention") => 1e-5,
        _ => 5e-5,
    }
}

/// The tap with the largest difference in units of its tolerance, and that ratio.
fn worst(observed: &Values, expected: &Values, prefix: &str, tolerance: impl Fn(&str) -> f64) -> (String, f64) {
    let mut compared = 0;
    let mut worst = (String::new(), 0.0);
    for (name, expected) in expected {
        let Some(name) = name.strip_prefix(prefix) else { continue };
        let observed = &observed[name];
        assert_eq!(observed.len(), expected.len(), "{name}");
        for (observed, expected) in observed.iter().zip(expected) {
            let ratio = (observed - expected).abs() / tolerance(name);
            // A NaN is the worst there is.
            let ratio = if ratio.is_nan() { f64::INFINITY } else { ratio };
            if ratio > worst.1 {
                worst = (name.to_owned(), ratio);
            }
        }
        compared += 1;
    }
    assert!(compared > 0, "nothing begins with {prefix}");
    worst
}

#[test]
fn every_case_agrees_with_transformers_in_f32_and_f64() {
    let place = tempfile::tempdir().unwrap();
    let (tokens, cases) = cases(place.path());
    assert!(cases.len() >= 10);
    for (case, folder) in cases {
        let checkpoint = Checkpoint::open(&folder).unwrap();
        let (expected, _) = references(&case);
        let wide = taps(&checkpoint, &tokens, Precision::F64);
        let narrow = taps(&checkpoint, &tokens, Precision::F32);
        // Both are right to some thousand roundings of values of order 1 to 10.
        let (tap, ratio) = worst(&wide, &expected, "f64.", |_| 1e-12);
        assert!(ratio <= 1.0, "{case}: {tap} in f64 is off by {ratio:.1e} of its tolerance");
        let (tap, ratio) = worst(&narrow, &expected, "f64.", tolerance);
        assert!(ratio <= 1.0, "{case}: {tap} in f32 is off by {ratio:.1e} of its tolerance");
        if expected.keys().any(|name| name.starts_with("f32.")) {
            let (tap, ratio) = worst(&narrow, &expected, "f32.", tolerance);
            assert!(ratio <= 1.0, "{case}: {tap} is off by {ratio:.1e} of its tolerance from f32 eager");
        }
    }
}

/// 48 evenly spaced values of each tap, as `make.py --trained` takes them.
fn sampled(values: &Values) -> Values {
    let sample = |flat: &Vec<f64>| flat.iter().step_by((flat.len() / 48).max(1)).take(48).copied().collect();
    values.iter().map(|(name, flat)| (name.clone(), sample(flat))).collect()
}

fn moments(values: &Values) -> Values {
    let mean = |flat: &[f64], f: fn(f64) -> f64| flat.iter().map(|x| f(*x)).sum::<f64>() / flat.len() as f64;
    values.iter().map(|(name, flat)| (name.clone(), vec![mean(flat, |x| x), mean(flat, |x| x * x)])).collect()
}

/// Compares a trained checkpoint with its committed references; returns what was compared.
fn compare_trained(folder: &Path, name: &str) -> String {
    let checkpoint = Checkpoint::open(folder).unwrap();
    let (expected, text) = references(&format!("trained-{name}"));
    let tokens: Vec<u32> = expected["tokens"].iter().map(|id| *id as u32).collect();
    let encoded = checkpoint.tokenizer().unwrap().encode(&text.unwrap()).unwrap();
    assert_eq!(encoded[..tokens.len()], tokens, "{name}: the tokenizers disagree");
    let wide = taps(&checkpoint, &tokens, Precision::F64);
    let narrow = taps(&checkpoint, &tokens, Precision::F32);
    let checks = [
        ("f64", worst(&sampled(&wide), &expected, "f64.", |_| 1e-9)),
        ("moments in f64", worst(&moments(&wide), &expected, "moments.", |_| 1e-9)),
        ("f32", worst(&sampled(&narrow), &expected, "f32.", tolerance)),
    ];
    for (what, (tap, ratio)) in &checks {
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

/// Each way to misread a checkpoint, as a change of its spec, is larger than the tolerances.
#[test]
fn misreadings_are_caught() {
    type Misreading = (&'static str, &'static str, fn(&mut Spec));
    fn rotary(spec: &mut Spec, change: fn(&mut ropelet::model::Rotary)) {
        for layer in &mut spec.layers {
            if let Position::Rotary(rotary) = &mut layer.attention.position {
                change(rotary);
            }
        }
    }
    let misreadings: [Misreading; 19] = [
        ("llama", "theta ignored", |spec| rotary(spec, |rotary| rotary.base = 10_000.0)),
        ("llama", "scaling ignored", |spec| rotary(spec, |rotary| rotary.scaling = Scaling::None)),
        ("llama", "pairing swapped", |spec| rotary(spec, |rotary| rotary.pairing = Pairing::Interleaved)),
        ("llama-dynamic", "dynamic scaling ignored", |spec| rotary(spec, |rotary| rotary.scaling = Scaling::None)),
        ("llama-yarn", "attention factor ignored", |spec| {
            rotary(spec, |rotary| {
                if let Scaling::Yarn { attention_factor, .. } = &mut rotary.scaling {
                    *attention_factor = 1.0;
                }
            });
        }),
        ("llama-longrope", "long and short factors swapped", |spec| {
            rotary(spec, |rotary| {
                if let Scaling::LongRope { short_factor, long_factor, .. } = &mut rotary.scaling {
                    std::mem::swap(short_factor, long_factor);
                }
            });
        }),
        ("llama", "epsilon of another model", |spec| {
            spec.layers.iter_mut().flat_map(|layer| &mut layer.attention_norm).for_each(|norm| norm.eps = 1e-6);
        }),
        ("llama", "final epsilon of another model", |spec| {
            spec.final_norm.iter_mut().for_each(|norm| norm.eps = 1e-6);
        }),
        ("llama", "scale by hidden/heads", |spec| {
            spec.layers.iter_mut().for_each(|layer| layer.attention.scale = 8f64.sqrt().recip());
        }),
        ("llama", "attention bias ignored", |spec| {
            spec.layers.iter_mut().for_each(|layer| layer.attention.qkv_bias = false);
        }),
        ("llama", "output bias ignored", |spec| {
            spec.layers.iter_mut().for_each(|layer| layer.attention.output_bias = false);
        }),
        ("llama", "mlp bias ignored", |spec| spec.layers.iter_mut().for_each(|layer| layer.mlp.bias = false)),
        ("llama", "gelu for silu", |spec| {
            spec.layers.iter_mut().for_each(|layer| layer.mlp.activation = Activation::Gelu);
        }),
        ("gpt-neox", "whole heads rotated", |spec| rotary(spec, |rotary| rotary.dim = 14)),
        ("gpt-neox", "tanh for erf", |spec| {
            spec.layers.iter_mut().for_each(|layer| layer.mlp.activation = Activation::GeluTanh(0.797_884_56));
        }),
        ("gpt-neox", "sequential for parallel", |spec| {
            spec.layers.iter_mut().for_each(|layer| layer.topology = Topology::Sequential);
        }),
        ("bloom", "erf for tanh", |spec| {
            spec.layers.iter_mut().for_each(|layer| layer.mlp.activation = Activation::Gelu);
        }),
        ("bloom", "slopes in another order", |spec| {
            for layer in &mut spec.layers {
                if let Position::Alibi(slopes) = &mut layer.attention.position {
                    slopes.sort_by(f64::total_cmp);
                }
            }
        }),
        ("bloom", "residual after the norm", |spec| {
            spec.layers.iter_mut().for_each(|layer| layer.topology = Topology::ResidualAfterNorm);
        }),
    ];
    let place = tempfile::tempdir().unwrap();
    let (tokens, cases) = cases(place.path());
    for (case, misreading, change) in misreadings {
        let (_, folder) = cases.iter().find(|(name, _)| name == case).unwrap();
        let checkpoint = Checkpoint::open(folder).unwrap().with_spec(change);
        let (expected, _) = references(case);
        let (tap, ratio) = worst(&taps(&checkpoint, &tokens, Precision::F32), &expected, "f64.", tolerance);
        assert!(ratio > 2.0, "{case} with {misreading}: {tap} is off by only {ratio:.1} of its tolerance");
    }
}

/// The same for what is not in the spec: how rows of the files become heads.
#[test]
fn misread_layouts_are_caught() {
    // Query head h reads key-value head h mod K instead of h / (H/K): the same as heads 1 and 2
    // changing places in what comes before and after the attention.
    fn swap_heads(rows: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let dim = rows.len() / 4;
        [0, 2, 1, 3].iter().flat_map(|head| rows[head * dim..(head + 1) * dim].to_vec()).collect()
    }
    // Rows read as [3, H, D] instead of [H, 3, D].
    fn parts_first(rows: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let (heads, dim) = (3, rows.len() / 9);
        let row = |part: usize, head: usize, at: usize| rows[(part * heads + head) * dim + at].clone();
        (0..heads)
            .flat_map(|h| (0..3).flat_map(move |p| (0..dim).map(move |at| (p, h, at))))
            .map(|(p, h, at)| row(p, h, at))
            .collect()
    }
    // Queries and keys change places.
    fn keys_first(rows: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let dim = rows.len() / 9;
        let order = [1, 0, 2, 4, 3, 5, 7, 6, 8];
        order.iter().flat_map(|block| rows[block * dim..(block + 1) * dim].to_vec()).collect()
    }
    type Change = fn(&[Vec<u8>]) -> Vec<Vec<u8>>;
    let misreadings: [(&str, &str, &str, Change); 3] = [
        ("llama", "heads interleaved over key-value heads", "self_attn.q_proj.weight", swap_heads),
        ("gpt-neox", "projections before heads", "attention.query_key_value.weight", parts_first),
        ("gpt-neox", "keys before queries", "attention.query_key_value.weight", keys_first),
    ];
    let place = tempfile::tempdir().unwrap();
    let (tokens, cases) = cases(place.path());
    for (case, misreading, tensor, change) in misreadings {
        let (_, from) = cases.iter().find(|(name, _)| name == case).unwrap();
        let folder = place.path().join(misreading);
        fs::create_dir(&folder).unwrap();
        for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let mut bytes = fs::read(file.path()).unwrap();
            if file.path().extension().is_some_and(|extension| extension == "safetensors") {
                let (header, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
                for (_, info) in metadata.tensors().iter().filter(|(name, _)| name.ends_with(tensor)) {
                    let (start, end) = info.data_offsets;
                    let data = &mut bytes[8 + header + start..8 + header + end];
                    let rows: Vec<Vec<u8>> = data.chunks(data.len() / info.shape[0]).map(<[u8]>::to_vec).collect();
                    data.copy_from_slice(&change(&rows).concat());
                }
            }
            fs::write(folder.join(file.file_name()), bytes).unwrap();
        }
        let (expected, _) = references(case);
        let observed = taps(&Checkpoint::open(&folder).unwrap(), &tokens, Precision::F32);
        // The logits, since a tap of heads in another order differs in any case.
        let logits = BTreeMap::from([("f64.logits".to_owned(), expected["f64.logits"].clone())]);
        let (_, ratio) = worst(&observed, &logits, "f64.", tolerance);
        assert!(ratio > 2.0, "{case} with {misreading}: the logits are off by only {ratio:.1} of their tolerance");
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
    let values = |checkpoint: &Checkpoint| taps(checkpoint, &tokens, Precision::F32);
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
    let (_, cases) = cases(place.path());
    let defaults = |case: &str| {
        let (_, folder) = cases.iter().find(|(name, _)| name == case).unwrap();
        Checkpoint::open(folder).unwrap().spec().defaults.clone()
    };
    assert_eq!(defaults("llama"), []);
    let mut config: Value = serde_json::from_slice(&fs::read(place.path().join("llama/config.json")).unwrap()).unwrap();
    config.as_object_mut().unwrap().remove("rms_norm_eps");
    config["rope_parameters"].as_object_mut().unwrap().remove("rope_theta");
    fs::write(place.path().join("llama/config.json"), config.to_string()).unwrap();
    let expected = [("rms_norm_eps", "0.000001"), ("rope_theta", "10000")];
    assert_eq!(defaults("llama"), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}
