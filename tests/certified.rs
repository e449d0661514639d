//! `ropelet verify --certified` as a program: enclosures, exit codes, progress that is resumed, and a build without it.
#![cfg(feature = "cli")]

use std::process::{Command, Output};

fn ropelet(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ropelet")).args(words).output().unwrap()
}

/// One line on stderr, exit code 2, nothing on stdout.
#[track_caller]
fn assert_refused(words: &[&str], expected: &str) {
    let output = ropelet(words);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words:?}: {stderr}");
    assert!(output.stdout.is_empty());
    assert!(stderr.contains(expected), "{words:?}: no `{expected}` in {stderr}");
}

#[test]
fn full_and_resume_say_what_they_need() {
    assert_refused(&["verify", "--full"], "--certified");
    assert_refused(&["verify", "--certified", "--resume", "file"], "--full");
}

#[cfg(not(feature = "certify"))]
#[test]
fn a_build_without_the_feature_says_so_in_one_sentence() {
    assert_refused(&["verify", "--certified"], "error: this build leaves out what --certified needs; rebuild with");
}

#[cfg(feature = "certify")]
mod with_the_feature {
    use std::fs;

    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;

    const ID: &str = "sampled-gains-lie-on-a-circle";

    #[test]
    fn the_report_adds_enclosures_to_the_schema_of_verify() {
        let output = ropelet(&["verify", ID, "--certified", "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&report["schema"], &report["ok"]), (&json!("ropelet.verify/1"), &json!(true)));
        assert_eq!(report["statements"][0]["id"], ID);
        let certified = &report["certified"];
        assert_eq!((&certified["ok"], &certified["rows"]["control"]), (&json!(true), &json!("rejected")));
        let constants = certified["constants"].as_array().unwrap();
        assert!(constants.iter().all(|one| one["certified"] == true && one["control"] == "rejected"));
        let c_psi = |name: &str| {
            let one = constants.iter().find(|one| one["of"] == name && one["quantity"] == "C_psi").unwrap();
            one["closed"]["centre"].as_str().unwrap().to_owned()
        };
        // From 60-digit arithmetic: tests/data/certified/constants.py.
        for line in include_str!("data/certified/constants.txt").lines().filter(|line| !line.starts_with('#')) {
            let (name, digits) = line.split_once(" = ").unwrap();
            let name = name.replace('_', " ");
            // Without the point, the leading zero and the exponent.
            let significant = |number: &str| {
                let mantissa = number.split('e').next().unwrap().replace('.', "");
                mantissa.trim_start_matches('0')[..22].to_owned()
            };
            assert_eq!(significant(&c_psi(&name)), significant(digits), "{name}");
        }
        assert!(!certified["left_out"].as_array().unwrap().is_empty());
        assert_eq!(certified["rows"]["forms"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn progress_of_another_run_is_refused() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("progress.json");
        let path = file.to_str().unwrap();
        let run = ["verify", ID, "--certified", "--full", "--resume", path];
        for (text, expected) in [
            ("{}", "`schema` is null"),
            ("not json", "expected"),
            (r#"{"schema": "ropelet.certified-rows/1", "program": "0.0.1"}"#, "`program`"),
            (
                concat!(
                    r#"{"schema": "ropelet.certified-rows/1", "coverage": "full", "frequencies": [], "program": ""#,
                    env!("CARGO_PKG_VERSION"),
                    r#""}"#
                ),
                "`frequencies` are not those of this run",
            ),
        ] {
            fs::write(&file, text).unwrap();
            assert_refused(&run, expected);
            assert_eq!(fs::read_to_string(&file).unwrap(), text, "nothing is overwritten");
        }
    }
}
