//! `ropelet encoding` as a program: its JSON, its files, and what it refuses.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ropelet::encoding::{Encoding, Parameters};
#[cfg(feature = "model")]
use ropelet::encoding::{LagKernel, ScoreBias};
use serde_json::Value;
use tempfile::TempDir;

fn ropelet(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ropelet")).arg("encoding").args(words).output().unwrap()
}

fn stdout(words: &[&str]) -> String {
    let output = ropelet(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(words: &[&str]) -> Value {
    serde_json::from_str(&stdout(&[words, &["--json"]].concat())).unwrap()
}

/// The numbers of a JSON array, of any depth, and the lengths of its axes.
fn numbers(value: &Value) -> (Vec<f64>, Vec<usize>) {
    let Value::Array(items) = value else { return (vec![value.as_f64().unwrap()], vec![]) };
    let parts: Vec<_> = items.iter().map(numbers).collect();
    let shape = parts.first().map_or_else(Vec::new, |(_, shape)| shape.clone());
    (parts.into_iter().flat_map(|(values, _)| values).collect(), [&[items.len()], &shape[..]].concat())
}

/// Decimal numbers of the program, read by a reader that may be off by two units in the last place.
#[track_caller]
fn assert_same(observed: &[f64], expected: &[f64]) {
    assert_eq!(observed.len(), expected.len());
    for (observed, expected) in observed.iter().zip(expected) {
        assert!((observed - expected).abs() <= 2.0 * f64::EPSILON * expected.abs(), "{observed} {expected}");
    }
}

#[test]
fn every_encoding_has_its_kind_of_json() {
    let sizes = ["--dim", "16", "--length", "20", "--heads", "3"];
    let some_discrete = ["db2", "sym4", "coif1", "bior1.3", "rbio1.1", "dmey"].map(str::to_owned);
    for name in Encoding::names().chain(some_discrete) {
        let object = json(&[&[name.as_str()], &sizes[..]].concat());
        assert_eq!((&object["schema"], &object["name"]), (&"ropelet.encoding/1".into(), &name.as_str().into()));
        let parameters = Parameters { dim: 16, length: 20, heads: 3, ..Default::default() };
        let encoding = Encoding::named(&name, &parameters).unwrap();
        assert_eq!(object["kind"], encoding.kind());
        assert_eq!(object["learned"].as_array().unwrap().len(), encoding.learned().len());
        let (table, shape) = match &encoding {
            Encoding::None => continue,
            Encoding::Rotation(rotary) => {
                let frequencies = rotary.frequencies(20).unwrap();
                assert_same(&numbers(&object["inv_freq"]).0, frequencies.inv_freq());
                assert_same(&numbers(&object["attention_factor"]).0, &[frequencies.attention_factor()]);
                continue;
            }
            Encoding::ScoreBias(_) => (&object["bias"], [3, 20]),
            Encoding::LagKernel(_) => (&object["kernel"], [20, 16]),
            Encoding::Additive(_) => (&object["vectors"], [20, 16]),
        };
        let (values, axes) = numbers(table);
        assert_eq!(axes, shape, "{name}");
        assert_same(&values, &encoding.table(20).unwrap().unwrap().values);
    }
}

#[test]
fn flags_reach_the_encoding() {
    let last = |words: &[&str]| *numbers(&json(words)["inv_freq"]).0.last().unwrap();
    let plain = last(&["rope", "--dim", "64", "--base", "500000"]);
    assert_same(&[plain], &[500_000f64.powf(-62.0 / 64.0)]);
    assert_same(&[last(&["linear", "--dim", "64", "--base", "500000", "--factor", "8"])], &[plain / 8.0]);
    assert_same(&[last(&["fmrope", "--dim", "64", "--train-length", "500000"])], &[plain]);
    assert_eq!(last(&["hope", "--dim", "64", "--train-length", "512"]), 0.0);
    let lists = ["--original-length", "8", "--length", "9", "--short-factor", "1,1", "--long-factor", "2,4"];
    assert_same(&[last(&[&["longrope", "--dim", "4"], &lists[..]].concat())], &[0.0025]);
    // Scales as a count, a range and a list are the same; another sign is not for Haar.
    let kernel =
        |words: &[&str]| numbers(&json(&[&["haar", "--dim", "8", "--length", "16"], words].concat())["kernel"]).0;
    let counted = kernel(&["--scales", "4", "--shifts", "2"]);
    assert_eq!(counted, kernel(&["--scales", "2^0..2^3"]));
    assert_eq!(counted, kernel(&["--scales", "1,2,4,8"]));
    assert_eq!(counted, kernel(&["--shifts", "2", "--sign", "mirrored"]));
    assert_ne!(counted, kernel(&["--shifts", "2", "--sign", "query-minus-key"]));
    assert_ne!(counted, kernel(&["--scales", "2^1..2^4"]));
    // A seed draws learned parts, and does nothing else.
    let seeded = |name: &str, seed: &str| json(&[name, "--dim", "8", "--length", "4", "--seed", seed]);
    assert_ne!(seeded("t5", "1")["bias"], seeded("t5", "2")["bias"]);
    assert_eq!(seeded("ricker", "1"), seeded("ricker", "2"));
}

#[test]
fn text_is_a_short_table() {
    for name in Encoding::names() {
        let text = stdout(&[&name, "--length", "4096"]);
        assert!(text.starts_with(&format!("{name}: ")) && text.lines().count() < 40, "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 200));
    }
}

#[test]
fn numpy_files_hold_the_table() {
    let folder = TempDir::new().unwrap();
    for (name, shape) in [("yarn", [7, 8]), ("kerple", [3, 7]), ("morlet", [7, 16]), ("sinusoidal", [7, 16])] {
        let path = folder.path().join(format!("{name}.npy"));
        let words = [name, "--dim", "16", "--length", "7", "--heads", "3", "--out", path.to_str().unwrap()];
        stdout(&words);
        let array = npyz::NpyFile::new(fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(array.shape(), shape);
        let parameters = Parameters { dim: 16, length: 7, heads: 3, ..Default::default() };
        let table = Encoding::named(name, &parameters).unwrap().table(7).unwrap().unwrap();
        assert_eq!(array.into_vec::<f64>().unwrap(), table.values);
        stdout(&[&words[..], &["--dtype", "f32"]].concat());
        let array = npyz::NpyFile::new(fs::File::open(&path).unwrap()).unwrap();
        let rounded: Vec<f32> = table.values.iter().map(|value| *value as f32).collect();
        assert_eq!(array.into_vec::<f32>().unwrap(), rounded);
    }
}

#[cfg(feature = "model")]
#[test]
fn safetensors_files_hold_the_table_and_all_that_belongs_to_it() {
    use safetensors::{Dtype, SafeTensors};

    let folder = TempDir::new().unwrap();
    let load = |name: &str, words: &[&str]| -> Vec<u8> {
        let path = folder.path().join("table.safetensors");
        stdout(
            &[&[name, "--dim", "8", "--length", "5", "--heads", "2", "--out", path.to_str().unwrap()], words].concat(),
        );
        fs::read(path).unwrap()
    };
    let values = |file: &[u8], name: &str, shape: &[usize]| -> Vec<f64> {
        let file = SafeTensors::deserialize(file).unwrap();
        let tensor = file.tensor(name).unwrap_or_else(|_| panic!("no {name} in {:?}", file.names()));
        assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F64, shape));
        tensor.data().as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
    };
    let parameters = Parameters { dim: 8, length: 5, heads: 2, ..Default::default() };
    let named = |name: &str| Encoding::named(name, &parameters).unwrap();

    let file = load("ricker", &[]);
    assert_eq!(values(&file, "kernel", &[5, 8]), named("ricker").table(5).unwrap().unwrap().values);
    let (_, metadata) = SafeTensors::read_metadata(&file).unwrap();
    let metadata = metadata.metadata().clone().unwrap();
    assert_eq!((metadata["encoding"].as_str(), metadata["kind"].as_str()), ("ricker", "lag_kernel"));
    let described: Value = serde_json::from_str(&metadata["parameters"]).unwrap();
    assert_eq!(described["sign"], "mirrored");

    let Encoding::Rotation(rotary) = named("yarn") else { panic!() };
    let (cos, sin) = rotary.frequencies(5).unwrap().cos_sin::<f64>(&[0.0, 1.0, 2.0, 3.0, 4.0]);
    let file = load("yarn", &[]);
    assert_eq!((values(&file, "cos", &[5, 4]), values(&file, "sin", &[5, 4])), (cos, sin));
    // A query and a key of xPos at one position: the decays cancel.
    let file = load("xpos", &[]);
    for (query, key) in [("query_cos", "key_cos"), ("query_sin", "key_sin")] {
        let (query, key) = (values(&file, query, &[5, 4]), values(&file, key, &[5, 4]));
        let table = if query[0] == 0.0 { f64::sin } else { f64::cos };
        let Encoding::Rotation(xpos) = named("xpos") else { panic!() };
        let angles = xpos.frequencies(5).unwrap().angles(&[0.0, 1.0, 2.0, 3.0, 4.0]);
        for ((query, key), angle) in query.iter().zip(&key).zip(angles) {
            assert!((query * key - table(angle).powi(2)).abs() <= 16.0 * f64::EPSILON);
        }
    }
    let Encoding::LagKernel(LagKernel::Shaw(shaw)) = named("shaw") else { panic!() };
    let file = load("shaw", &[]);
    assert_eq!(values(&file, "learned.keys", &[17, 8]), shaw.keys());
    assert_eq!(values(&file, "value_kernel", &[5, 8]), shaw.values()[..40]);
    let Encoding::ScoreBias(ScoreBias::T5(t5)) = named("t5") else { panic!() };
    assert_eq!(values(&load("t5", &[]), "learned.values", &[32, 2]), t5.values());
    // In f32, and read as such.
    let file = load("haar", &["--dtype", "f32"]);
    assert_eq!(SafeTensors::deserialize(&file).unwrap().tensor("kernel").unwrap().dtype(), Dtype::F32);
}

/// One line on stderr, exit code 2, nothing on stdout.
#[track_caller]
fn assert_refused(words: &[&str], expected: &str) {
    let output = ropelet(words);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words:?}: {stderr}");
    assert!(output.stdout.is_empty());
    assert!(stderr.starts_with("error: ") && !stderr.contains("panicked"), "{stderr}");
    assert!(stderr.contains(expected), "{words:?}: no `{expected}` in {stderr}");
}

#[test]
fn bad_input_is_one_error() {
    for (words, expected) in [
        (&["rickert"][..], "error: no encoding is called `rickert`; the nearest are ricker, "),
        (&["db39"], "the nearest are db3"),
        (&["rope", "--dim", "7"], "error: the rotary dimension must be even and at least 2, found 7"),
        (&["rope", "--dim", "0"], "error: rope: dim must be at least 1, found 0"),
        (&["ricker", "--scales", "3", "--shifts", "5"], "scales × shifts must be dim, found 3 × 5 = 15 for dim 128"),
        (&["ricker", "--scales", "2^7..2^0"], "expected how many, a range such as 2^0..2^7"),
        (&["ricker", "--scales", "0,1"], "ricker: scales must be finite and positive, found 0"),
        (&["db2", "--scales", "1,3", "--shifts", "64"], "expected a power of two from 2"),
        (&["alibi", "--heads", "0"], "error: alibi: heads must be at least 1, found 0"),
        (&["alibi", "--base", "5"], "error: --base does not apply to alibi, which has no such parameters"),
        (&["linear", "--factor", "0"], "factor must be finite and positive, found 0"),
        (&["rope", "--base", "nan"], "base must be finite and greater than 1, found NaN"),
        (&["hope", "--train-length", "3"], "train_length must be at least 7"),
        (&["ricker", "--length", "100000000000", "--json"], "is too large"),
        (&["alibi", "--heads", "100000000000"], "is too large"),
        (&["rope", "--pairing", "both"], "possible values: interleaved, half-split"),
        (&["rope", "--dim", "-4"], "'-4'"),
    ] {
        assert_refused(words, expected);
    }
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_refused(&["rope", "--out", &path("table.txt")], "has another ending than .npy or .safetensors");
    assert_refused(&["rope", "--out", &path("no/table.npy")], "No such file");
    assert_refused(&["nope", "--out", &path("table.npy")], "nope has no table");
    assert_refused(&["rope", "--out", &path("table.npy"), "--dtype", "bf16"], "tables are written as f64 or f32");
    assert_eq!(fs::read_dir(Path::new(folder.path())).unwrap().count(), 0);
}
