//! `ropelet analyze` on the trained checkpoint: against transformers and numpy, and what it refuses.

#![cfg(all(feature = "cli", feature = "model"))]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use ropelet::numeric::{Bound, compare};
use serde_json::Value;

const MODEL: &str = "tests/data/llama";
const TEXT: &str = "tests/data/heads/text.txt";

fn ropelet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ropelet")).args(arguments).output().unwrap()
}

/// Runs `analyze` on a small protocol and returns what it wrote.
fn analyze(out: &Path, more: &[&str]) -> (Value, Vec<u8>) {
    let out_name = out.to_str().unwrap();
    let small = ["analyze", MODEL, "--out", out_name, "--length", "256", "--lags", "64", "--draws", "3"];
    let output = ropelet(&[&small, more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = fs::read_to_string(out.join("analysis.json")).unwrap();
    (serde_json::from_str(&json).unwrap(), fs::read(out.join("heads.parquet")).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn measured<'a>(head: &'a Value, metric: &str) -> &'a Value {
    head["metrics"].as_array().unwrap().iter().find(|m| m["metric"] == metric).unwrap_or_else(|| panic!("no {metric}"))
}

/// The largest error of each curve and of the metrics over all heads, relative to the curve's
/// largest value or the metric.
fn errors(analysis: &Value, reference: &Value) -> [f64; 4] {
    let mut worst = [0.0f64; 4];
    let (ours, theirs) = (analysis["heads"].as_array().unwrap(), reference["heads"].as_array().unwrap());
    assert_eq!(ours.len(), theirs.len());
    for (own, expected) in ours.iter().zip(theirs) {
        for field in ["layer", "head", "rows"] {
            assert_eq!(own[field], expected[field]);
        }
        for (place, curve) in ["lag_profile", "score_profile", "spectrum"].into_iter().enumerate() {
            let expected = numbers(&expected[curve]);
            let size = expected.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
            let agreement = compare(&numbers(&own[curve]), &expected, Bound::EXACT);
            worst[place] = worst[place].max(agreement.error / size);
        }
        for (metric, expected) in expected["metrics"].as_object().unwrap() {
            let (value, expected) = (measured(own, metric)["value"].as_f64().unwrap(), expected.as_f64().unwrap());
            worst[3] = worst[3].max((value - expected).abs() / expected.abs());
        }
    }
    worst
}

#[test]
fn profiles_spectra_and_metrics_are_those_of_transformers_and_numpy() {
    let folder = tempfile::tempdir().unwrap();
    let reference = fs::read_to_string("tests/data/heads/heads.json").unwrap();
    let reference: Value = serde_json::from_str(&reference).unwrap();
    let one = ["--text", TEXT, "--untrained", "0"];
    let (wide, _) = analyze(folder.path(), &[&one[..], &["--dtype", "f64"]].concat());
    assert_eq!(wide["texts"][0]["tokens"], reference["tokens"]);
    assert_eq!(wide["texts"][0]["windows"], reference["windows"]);
    let of_f64 = errors(&wide, &reference);
    println!("f64 {of_f64:?}");
    let (narrow, _) = analyze(folder.path(), &one);
    println!("f32 {:?}", errors(&narrow, &reference));
}
