//! `ropelet analyze` on the trained checkpoint: against transformers and numpy, and what it refuses.

#![cfg(all(feature = "cli", feature = "model"))]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use ropelet::numeric::{Bound, Real, compare, gamma};
use serde_json::Value;

const MODEL: &str = "tests/data/llama";
const TEXT: &str = "tests/data/heads/text.txt";

fn ropelet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ropelet")).args(arguments).output().unwrap()
}

/// Runs `analyze` on a small protocol and returns what it wrote.
fn analyze(out: &Path, more: &[&str]) -> (Value, Vec<u8>) {
    let out_name = out.to_str().unwrap();
    let small = ["analyze", MODEL, "--out", out_name, "--length", "256", "--lags", "64"];
    let draws: &[&str] = if more.contains(&"--draws") { &[] } else { &["--draws", "3"] };
    let output = ropelet(&[&small, draws, more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = fs::read_to_string(out.join("analysis.json")).unwrap();
    (serde_json::from_str(&json).unwrap(), fs::read(out.join("heads.parquet")).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn measured<'a>(head: &'a Value, metric: &str) -> &'a Value {
    let (signal, name) = metric.split_once('/').expect("a signal and a metric");
    let mut metrics = head["metrics"].as_array().unwrap().iter();
    metrics.find(|m| m["signal"] == signal && m["metric"] == name).unwrap_or_else(|| panic!("no {metric}"))
}

/// The largest error of each curve and of the metrics over all heads, relative to the curve's
/// largest value, and to the metric where that is above a hundredth.
fn errors(analysis: &Value, reference: &Value, protocol: &str) -> [f64; 5] {
    let mut worst = [0.0f64; 5];
    let names = reference["metrics"].as_array().unwrap();
    for expected in reference["protocols"][protocol].as_array().unwrap() {
        let mut heads = analysis["heads"].as_array().unwrap().iter();
        let own = heads.find(|own| own["layer"] == expected["layer"] && own["head"] == expected["head"]).unwrap();
        assert_eq!(own["rows"], expected["rows"]);
        for (place, curve) in ["lag_profile", "score_profile", "spectrum", "full_profile"].into_iter().enumerate() {
            if let Some(expected) = expected["curves"].get(curve) {
                let expected = numbers(expected);
                let size = expected.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
                let agreement = compare(&numbers(&own[curve]), &expected, Bound::EXACT);
                worst[place] = worst[place].max(agreement.error / size);
            }
        }
        for (metric, expected) in names.iter().zip(numbers(&expected["metrics"])) {
            let value = measured(own, metric.as_str().unwrap())["value"].as_f64().unwrap();
            worst[4] = worst[4].max((value - expected).abs() / expected.abs().max(0.01));
        }
    }
    worst
}

#[test]
fn curves_and_metrics_are_those_of_transformers_and_numpy_under_every_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let reference = fs::read_to_string("tests/data/heads/heads.json").unwrap();
    let reference: Value = serde_json::from_str(&reference).unwrap();
    let run = |protocol: &str, more: &[&str]| {
        let (sink, taper) = protocol.split_once(' ').unwrap();
        let words = ["--text", TEXT, "--untrained", "0", "--draws", "0", "--sink", sink, "--taper", taper];
        analyze(folder.path(), &[&words, more].concat()).0
    };
    // Both sides add at most 688 products in each of four projections of six layers. A metric is a
    // quotient of sums over 64 lags of squares, some a hundredth of the profile's largest: 1e4 more.
    let bounds = |u: f64| [1.0, 1.0, 1.0, 1.0, 1e4].map(|times| times * gamma(6 * 4 * 688, u));
    let within = |errors: [f64; 5], u: f64| errors.iter().zip(bounds(u)).all(|(error, bound)| *error <= bound);
    let protocols = ["kept none", "kept hann", "removed none", "removed hann"];
    for protocol in protocols {
        let wide = run(protocol, &["--dtype", "f64"]);
        assert_eq!(wide["texts"][0]["tokens"], reference["tokens"]);
        assert_eq!(wide["texts"][0]["windows"], reference["windows"]);
        assert_eq!(format!("{} {}", wide["protocol"]["sink"], wide["protocol"]["taper"]).replace('"', ""), protocol);
        let errors_in_f64 = errors(&wide, &reference, protocol);
        assert!(within(errors_in_f64, f64::UNIT_ROUNDOFF), "{protocol}: {errors_in_f64:?}");
        // The control: another protocol.
        for other in protocols.into_iter().filter(|other| *other != protocol) {
            assert!(errors(&wide, &reference, other)[4] > 1e-3, "{protocol} is told from {other}");
        }
    }
    let narrow = run("kept none", &[]);
    let errors_in_f32 = errors(&narrow, &reference, "kept none");
    assert!(within(errors_in_f32, f32::UNIT_ROUNDOFF), "{errors_in_f32:?}");
    // The control: f32 is told from f64.
    assert!(!within(errors_in_f32, f64::UNIT_ROUNDOFF), "{errors_in_f32:?}");
}

#[test]
fn the_table_holds_what_the_object_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, _) = analyze(folder.path(), &["--text", TEXT, "--untrained", "2"]);
    let reader = SerializedFileReader::new(fs::File::open(folder.path().join("heads.parquet")).unwrap()).unwrap();
    let mut rows = reader.get_row_iter(None).unwrap();
    let number = |field: Option<&Field>| match field {
        Some(Field::Double(x)) => serde_json::json!(x),
        Some(Field::Int(x)) => serde_json::json!(x),
        Some(Field::Long(x)) => serde_json::json!(x),
        Some(Field::Str(x)) => serde_json::json!(x),
        Some(Field::Null) => Value::Null,
        other => panic!("unexpected {other:?}"),
    };
    // serde_json reads a number to within one unit in the last place, unless told to take its time.
    let same = |one: &Value, other: &Value| match (one.as_f64(), other.as_f64()) {
        (Some(x), Some(y)) => (x - y).abs() <= f64::EPSILON * x.abs(),
        _ => one == other,
    };
    let heads = analysis["heads"].as_array().unwrap();
    assert_eq!(heads.len(), 24);
    for head in heads {
        for metric in head["metrics"].as_array().unwrap() {
            let row = rows.next().expect("a row for each head and metric").unwrap();
            let column = |name: &str| number(row.get_column_iter().find(|(n, _)| *n == name).map(|(_, f)| f));
            for field in ["layer", "head", "rows"] {
                assert_eq!(column(field), head[field]);
            }
            for field in ["signal", "metric", "unit", "value"] {
                assert!(same(&column(field), &metric[field]), "{field}");
            }
            assert_eq!(column("texts"), 1);
            for (null, draws) in [("untrained", 8), ("shuffled", 3), ("dirichlet", 3), ("alibi", 1), ("sink", 3)] {
                let comparison = &metric["nulls"][null];
                for field in ["mean", "sd", "z", "p", "q", "draws"] {
                    assert!(same(&column(&format!("{null}_{field}")), &comparison[field]), "{null} {field}");
                }
                assert!(comparison["draws"].as_u64().unwrap() <= draws);
            }
        }
    }
    assert!(rows.next().is_none());
    // The null models have something to say about every head.
    for head in heads {
        let share = measured(head, "rows/low_band");
        for null in ["untrained", "shuffled", "dirichlet", "sink"] {
            assert!(share["nulls"][null]["z"].is_number(), "{null}: {share}");
        }
        assert!(share["nulls"]["alibi"]["mean"].is_number(), "{share}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: &str, seed: &str| {
        analyze(folder.path(), &["--text", TEXT, "--untrained", "1", "--threads", threads, "--seed", seed])
    };
    let (first, first_table) = run("1", "0");
    let (second, second_table) = run("3", "0");
    assert_eq!(first, second);
    assert!(first_table == second_table);
    let (other, _) = run("2", "1");
    assert_eq!(first["heads"][0]["lag_profile"], other["heads"][0]["lag_profile"]);
    for null in ["untrained", "shuffled", "dirichlet"] {
        let of = |analysis: &Value| analysis["heads"][0]["null_curves"][null]["lag_profile"].clone();
        assert_ne!(of(&first), of(&other), "{null} does not depend on the seed");
    }
}

#[test]
fn a_folder_is_its_texts_in_order_and_short_ones_are_listed_without_rows() {
    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("texts");
    fs::create_dir(&texts).unwrap();
    let text = fs::read_to_string(TEXT).unwrap();
    let half = text.len() / 2;
    fs::write(texts.join("b.txt"), &text[half..]).unwrap();
    fs::write(texts.join("a.md"), &text[..half]).unwrap();
    fs::write(texts.join("short.txt"), "Too short.").unwrap();
    fs::write(texts.join("not-a-text.csv"), "1,2,3").unwrap();
    let paths = [texts.join("a.md"), texts.join("b.txt")].map(|path| path.to_str().unwrap().to_owned());
    let more = ["--untrained", "0"];
    let (of_folder, table) = analyze(folder.path(), &[&["--text", texts.to_str().unwrap()], &more[..]].concat());
    let (of_files, same) = analyze(folder.path(), &[&["--text", &paths[0], &paths[1]], &more[..]].concat());
    assert_eq!(of_folder["heads"], of_files["heads"]);
    assert!(table == same);
    let names: Vec<&str> =
        of_folder["texts"].as_array().unwrap().iter().map(|text| text["name"].as_str().unwrap()).collect();
    assert!(names.iter().zip(["a.md", "b.txt", "short.txt"]).all(|(name, end)| name.ends_with(end)), "{names:?}");
    assert_eq!(of_folder["texts"][2]["windows"], serde_json::json!([]));
    let rows: u64 = of_folder["texts"].as_array().unwrap().iter().map(|text| text["rows"].as_u64().unwrap()).sum();
    assert_eq!(of_folder["heads"][0]["rows"], rows);
}

#[test]
fn the_object_is_printed_on_request_and_files_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("analysis.json"), "an older file").unwrap();
    let out = folder.path().to_str().unwrap();
    let output = ropelet(&[
        "analyze",
        MODEL,
        "--text",
        TEXT,
        "--out",
        out,
        "--lags",
        "64",
        "--draws",
        "0",
        "--untrained",
        "0",
        "--json",
        "--wavelet",
        "morlet",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let written: Value = serde_json::from_slice(&fs::read(folder.path().join("analysis.json")).unwrap()).unwrap();
    assert_eq!(printed, written);
    assert_eq!(printed["schema"], "ropelet.analyze/1");
    let transform = &printed["protocol"]["lag_transform"];
    assert_eq!(transform["wavelet"], "morlet");
    assert_eq!(transform["parameters"], serde_json::json!({ "omega0": 6.0 }));
    let cells = transform["scales"].as_array().unwrap().len() * 64;
    assert_eq!(printed["heads"][0]["lag_scalogram"].as_array().unwrap().len(), cells);
    // Without draws there is nothing to compare with, and nothing is made up.
    let z = &printed["heads"][0]["metrics"][0]["nulls"]["shuffled"];
    assert_eq!(
        z,
        &serde_json::json!({
            "mean": null, "sd": null, "z": null, "p": null, "q": null, "draws": 0, "exact": false
        })
    );
}

#[test]
fn bad_input_ends_in_one_line_and_exit_code_2_with_nothing_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("short.txt"), "Too short.").unwrap();
    fs::write(path("latin1.txt"), b"caf\xe9").unwrap();
    fs::write(path("file"), "").unwrap();
    fs::create_dir(path("empty")).unwrap();
    let out = path("out");
    for (arguments, expected) in [
        (vec!["--text", &path("short.txt"), "--out", &out], "short.txt: 4 tokens, expected more than --lags 256"),
        (vec!["--text", &path("latin1.txt"), "--out", &out], "latin1.txt: stream did not contain valid UTF-8"),
        (vec!["--text", &path("none.txt"), "--out", &out], "none.txt: No such file"),
        (vec!["--text", &path("empty"), "--out", &out], "empty: has no .txt or .md file"),
        (vec!["--text", TEXT, "--out", &path("file")], "file: is a file, expected a folder"),
        (vec!["--text", TEXT, "--out", &out, "--lags", "100"], "100 lags: expected a power of two of at least 8"),
        (vec!["--text", TEXT, "--out", &out, "--length", "128"], "--length 128 is not more than --lags 256"),
        (vec!["--text", TEXT, "--out", &out, "--lags", "1099511627776"], "is not more than --lags 1099511627776"),
        (vec!["--text", TEXT, "--out", &out, "--wavelet", "sombrero"], "sombrero"),
        (vec!["--text", TEXT, "--out", &out, "--device", "tpu"], "tpu"),
        (vec!["--text", TEXT, "--out", &out, "--dtype", "bf16"], "bf16"),
    ] {
        let output = ropelet(&[&["analyze", MODEL], &arguments[..]].concat());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.starts_with("error: ") && message.contains(expected), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(!Path::new(&out).exists());
    }
    let output = ropelet(&["analyze", &path("empty"), "--text", TEXT, "--out", &out]);
    assert_eq!(output.status.code(), Some(2));
}
