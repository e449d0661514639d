//! What docs/claims.md says can be looked up: its statements and references are there, its verdicts are words of its
//! own list, its commands are understood. And the published metrics of heads beside numpy, scipy and PyWavelets.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ropelet::heads::{
    Alignment, Boundaries, Measure, PUBLISHED, Padding, Removal, RuscioProtocol, Sequence, Shortened, Study,
};
use ropelet::numeric::{Bound, compare};
use ropelet::theorem::catalogue;
use serde_json::Value;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of every row of every table, without heads and rules.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = page.lines().collect();
    let is_row = |line: &&str| line.starts_with("| ");
    let after_rule =
        |at: usize| lines[..at].iter().rev().take_while(|line| line.starts_with('|')).any(|l| l.starts_with("|---"));
    let places = (0..lines.len()).filter(|at| is_row(&lines[*at]) && after_rule(*at));
    places.map(|at| lines[at].trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_claim_has_a_number_a_place_a_finding_and_one_of_five_verdicts() {
    let page = read("docs/claims.md");
    let claims: Vec<Vec<&str>> =
        rows(&page).into_iter().filter(|row| row[0].len() < 4 && row[0].starts_with(['O', 'R'])).collect();
    assert!(claims.len() >= 30, "{}", claims.len());
    let numbers: BTreeSet<&str> = claims.iter().map(|row| row[0]).collect();
    assert_eq!(numbers.len(), claims.len(), "a number stands twice");
    let ids: BTreeSet<&str> = catalogue().iter().map(|statement| statement.id).collect();
    for row in &claims {
        let [number, claim, place, found, verdict, shown] = row[..] else { panic!("{row:?}") };
        assert!([claim, place, found, shown].iter().all(|cell| cell.len() > 2), "{number}: a cell is empty");
        let verdicts = ["reproduced", "not reproduced", "refuted", "empty", "not testable here"];
        assert!(verdicts.contains(&verdict.trim_matches('*')), "{number}: {verdict}");
        // What shows it is a statement, a run that is described below, or a reason.
        let shows = quoted(shown).any(|word| ids.contains(word) || word.starts_with("ropelet "))
            || shown.contains("experiments.md")
            || shown.starts_with("run")
            || verdict == "not testable here";
        assert!(shows, "{number}: nothing shows it: {shown}");
    }
}

#[test]
fn statements_references_and_files_are_there() {
    let page = read("docs/claims.md");
    let ids: BTreeSet<&str> = catalogue().iter().map(|statement| statement.id).collect();
    for word in quoted(&page).filter(|word| {
        word.contains('-') && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    }) {
        assert!(ids.contains(word) || word.starts_with("--"), "{word} is no statement");
    }
    let bibliography = read("docs/references.bib");
    for key in page.split('[').skip(1).filter_map(|rest| rest.split([',', ']']).next()) {
        let is_key = key.len() > 6
            && key.ends_with(|c: char| c.is_ascii_digit())
            && key.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(!is_key || bibliography.contains(&format!("{{{key},")), "{key} is not in the bibliography");
    }
    for link in
        page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()).filter(|link| !link.is_empty())
    {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(link).exists(), "{link} is not there");
    }
}

/// Each command with a folder for its model that is not there: it must get as far as looking for it.
#[test]
fn the_commands_of_the_page_are_understood() {
    let page = read("docs/claims.md");
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    for line in blocks.flat_map(str::lines).filter(|line| line.starts_with("ropelet ")) {
        let words = line.split('#').next().unwrap().split_whitespace().skip(1);
        let words = words.map(|word| match word {
            model if model.starts_with("CHECKPOINTS/") => "no-such-model".into(),
            out if out.starts_with("out/") => folder.path().join(out).display().to_string(),
            other => other.to_string(),
        });
        let output = Command::new(env!("CARGO_BIN_EXE_ropelet")).args(words).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        let understood = output.status.success() || !error.contains("Usage:") && error.contains("no-such-model");
        assert!(understood, "{line}: {error}");
        seen += 1;
    }
    assert!(seen >= 4, "the page shows {seen} commands");
}

#[test]
fn published_numbers_on_the_page_are_those_of_the_program() {
    let page = read("docs/claims.md");
    for published in PUBLISHED {
        let row = rows(&page)
            .into_iter()
            .find(|row| row[0] == published.model)
            .unwrap_or_else(|| panic!("{}", published.model));
        let number = |cell: &str| cell.split(' ').next().unwrap().parse::<f64>().unwrap();
        let found: Vec<f64> = row[1..7].iter().map(|cell| number(cell)).collect();
        let [half, quarter] = published.scale_sensitivity;
        let expected = [
            half,
            quarter,
            published.entropy_correlation,
            published.frame_error,
            published.spectral_entropy[0],
            published.selectivity[0],
        ];
        assert_eq!(found, expected, "{}", published.model);
    }
}

/// The row that `tests/data/ruscio/ruscio.py` makes.
fn row(n: u64, a: u64, b: u64, m: u64) -> Vec<f64> {
    let mut weights: Vec<f64> = (0..n).map(|t| ((t * t * a + t * b) % m + 1) as f64).collect();
    weights[0] += 40.0;
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

#[test]
fn the_published_metrics_are_those_of_numpy_scipy_and_pywavelets() {
    let reference: Value = serde_json::from_str(include_str!("data/ruscio/ruscio.json")).unwrap();
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>();
    for case in reference["cases"].as_array().unwrap() {
        let n = case["n"].as_u64().unwrap();
        let points = case["points"].as_u64().unwrap() as usize;
        let protocol = RuscioProtocol {
            padding: if points == 128 { Padding::PowerOfTwo } else { Padding::Times(points / n as usize) },
            alignment: match case["alignment"].as_str().unwrap() {
                "cut" => Alignment::Cut,
                "pad" => Alignment::Pad,
                _ => Alignment::Stretch,
            },
            boundaries: if case["mode"] == "zero" { Boundaries::Zero } else { Boundaries::Symmetric },
            ..RuscioProtocol::default()
        };
        let measure = Measure::new(protocol, [n as usize]).unwrap();
        assert_eq!(measure.levels() as u64, case["level"].as_u64().unwrap());
        let rows = [row(n, 7, 3, 23), row(n / 2, 5, 2, 19), row(n / 4, 3, 1, 17)];
        let found = measure.of(&rows[0], [&rows[1], &rows[2]]);
        assert_eq!(found.len(), measure.names().len());
        // Sums of at most 404 terms below 10 on either side, and quotients of them.
        let bound = Bound::rounding(1e-12);
        assert!(compare(&found[..8], &numbers(&case["values"]), bound).holds(), "{case}: {found:?}");
        assert!(compare(&found[9..], &numbers(&case["wavelet"]), bound).holds(), "{case}: {found:?}");
        // Single precision loses some 1e-7 of the row, whatever it is.
        assert!((1e-9..1e-6).contains(&found[8]), "{}", found[8]);
        // The control: the same weights from the middle on have another spectrum under the window, and the same entropy.
        let mut turned = rows[0].clone();
        turned.rotate_left(n as usize / 2);
        let other = measure.of(&turned, [&rows[1], &rows[2]]);
        assert!((other[4] - found[4]).abs() < 1e-12 && (other[5] - found[5]).abs() > 1e-3);
    }
}

#[test]
fn a_sink_of_a_tenth_makes_random_rows_look_scale_invariant() {
    let protocol =
        RuscioProtocol { shortened: Shortened::Signal, removal: Removal::Stride, ..RuscioProtocol::default() };
    let measure = Measure::new(protocol, [512]).unwrap();
    let mean_sensitivity = |sink: f64| {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let of_one = |_| {
            let mut row: Vec<f64> = (0..512).map(|_| -(1.0 - random.random::<f64>()).ln()).collect();
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|weight| *weight *= (1.0 - sink) / sum);
            row[0] += sink;
            let short = |parts| protocol.removal.kept(&row, parts);
            measure.of(&row, [&short(2), &short(4)])[6]
        };
        (0..40).map(of_one).sum::<f64>() / 40.0
    };
    // Single rows spread by 0.07 and 0.0006 about the means.
    assert!((mean_sensitivity(0.0) - 0.45).abs() < 0.06);
    assert!((mean_sensitivity(0.1) - 0.004).abs() < 0.001);
}

#[test]
fn draws_are_the_same_whatever_the_number_of_threads_and_nulls_are_what_they_say() {
    let study = || {
        let protocol = RuscioProtocol { shortened: Shortened::Signal, ..RuscioProtocol::default() };
        let mut study = Study::new(Measure::new(protocol, [64, 64, 64, 64]).unwrap(), &[2], 20, 7);
        for sequence in 0..4 {
            study.add(&[vec![row(64, 7 + sequence, 3, 23)], vec![row(64, 5, 2 + sequence, 19)]]);
        }
        let source = ropelet::heads::Source {
            name: "synthetic".into(),
            family: "none".into(),
            layers: 1,
            heads: vec![2],
            device: "cpu".into(),
            dtype: "f64".into(),
        };
        let sequences = (0..4).map(|number| Sequence { name: format!("{number}"), tokens: 64 }).collect();
        serde_json::to_value(study.finish(&[], true, source, sequences)).unwrap()
    };
    let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(study);
    let (one, three) = (with(1), with(3));
    assert_eq!(one, three);
    let head = |metric: &str| {
        let metrics = one["heads"][0]["metrics"].as_array().unwrap();
        metrics.iter().find(|measured| measured["metric"] == metric).unwrap().clone()
    };
    // Shuffling leaves the entropy of a row as it is.
    let entropy = head("position_entropy");
    assert_eq!(entropy["nulls"]["shuffled"]["exact"], true);
    assert!(
        (entropy["nulls"]["shuffled"]["mean"].as_f64().unwrap() - entropy["value"].as_f64().unwrap()).abs() < 1e-12
    );
    for null in ["shuffled", "dirichlet", "sink"] {
        assert_eq!(entropy["nulls"][null]["draws"], 20, "{null}");
    }
    assert!(head("spectral_entropy")["nulls"]["shuffled"]["sd"].as_f64().unwrap() > 1e-3);
    assert_eq!(one["model"].as_array().unwrap().len(), one["metrics"].as_array().unwrap().len());
}
