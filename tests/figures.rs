//! The documentation's figures: well-formed, described, the same bytes as in `figures/`.
#![cfg(all(feature = "cli", feature = "plot"))]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ropelet::plot::figures;
use ropelet::theorem::statement;
use roxmltree::Document;

fn ropelet(words: &[&str], out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ropelet"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("figures").args(words).arg("--out").arg(out);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[test]
fn the_committed_figures_are_what_is_drawn_now() {
    let output = ropelet(&["--check"], Path::new("figures"));
    assert_eq!(output.status.code(), Some(0), "run `ropelet figures`:\n{}", text(&output.stdout));
}

#[test]
fn every_difference_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert_eq!(ropelet(&[], folder.path()).status.code(), Some(0));
    assert_eq!(ropelet(&["--check"], folder.path()).status.code(), Some(0));

    let [stale, missing, ..] = figures();
    let stale = format!("{}.svg", stale.id);
    let missing = format!("{}.svg", missing.id);
    let changed = fs::read_to_string(path(&stale)).unwrap().replacen("#0072B2", "#0072B3", 1);
    fs::write(path(&stale), changed + " ").unwrap();
    fs::remove_file(path(&missing)).unwrap();
    fs::write(path("nobody.svg"), "<svg/>").unwrap();
    fs::write(path("README.md"), "not a figure").unwrap();

    let output = ropelet(&["--check"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stdout);
    for (word, name) in [("stale", stale.as_str()), ("missing", &missing), ("orphan", "nobody.svg")] {
        assert!(report.lines().any(|line| line.starts_with(word) && line.contains(name)), "{word} {name}:\n{report}");
    }
    assert!(!report.contains("README"));

    let output = ropelet(&["--check", "--json"], folder.path());
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &answer["schema"]), (Some(1), &"ropelet.figures/1".into()));
    assert_eq!(answer["ok"], false);
    let states = answer["figures"].as_array().unwrap().iter().filter(|entry| entry["state"] != "same");
    assert_eq!(states.count(), 3);
}

#[test]
fn an_unknown_figure_is_an_error_that_lists_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let output = ropelet(&["rotation-matrix", "no-such-figure"], folder.path());
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("no-such-figure") && message.contains("lag-kernels"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is half-written");
}

#[test]
fn one_figure_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ropelet(&["lag-kernels"], folder.path()).status.code(), Some(0));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(ropelet(&["--check", "lag-kernels"], folder.path()).status.code(), Some(0));
    assert_eq!(ropelet(&["--check"], folder.path()).status.code(), Some(1));
}

#[test]
fn every_figure_is_well_formed_and_says_what_it_shows() {
    let mut ids = HashSet::new();
    for figure in figures() {
        let svg = figure.svg();
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{}: {error}", figure.id));
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        assert!(root.attribute("viewBox").is_some());
        let child = |name: &str| root.children().find(|node| node.has_tag_name(name)).and_then(|node| node.text());
        assert_eq!(child("title"), Some(figure.title));
        assert_eq!(child("desc"), Some(figure.caption));

        // The panels of a figure have an upright label each, and at least one names a unit.
        let labels: Vec<_> = root.descendants().filter(|node| node.has_tag_name("text")).collect();
        let upright = labels.iter().filter(|node| node.attribute("transform").is_some_and(|t| t.contains("270")));
        assert!(upright.clone().any(|node| !node.text().unwrap_or_default().trim().is_empty()), "{}", figure.id);
        let named = |node: &&roxmltree::Node<'_, '_>| node.text().is_some_and(|text| text.contains('('));
        assert!(labels.iter().any(|node| named(&node)), "{}: no axis has a unit", figure.id);

        for id in root.descendants().filter_map(|node| node.attribute("id")) {
            assert!(ids.insert(id.to_owned()), "{id} is used twice");
        }
        // Words may have such letters; coordinates, and labels that are numbers, may not.
        for value in root.descendants().flat_map(|node| node.attributes()).map(|attribute| attribute.value()) {
            assert!(!value.contains("NaN") && !value.contains("inf"), "{}: {value}", figure.id);
        }
        for label in labels.iter().filter_map(|node| node.text()) {
            assert!(label.trim().parse().is_ok_and(f64::is_finite) || label.trim().parse::<f64>().is_err(), "{label}");
        }
    }
}

#[test]
fn every_figure_illustrates_statements_of_the_catalogue() {
    for figure in figures() {
        assert!(!figure.statements.is_empty(), "{}", figure.id);
        for id in figure.statements {
            assert!(statement(id).is_ok(), "{}: {id}", figure.id);
        }
    }
}

#[test]
fn drawing_twice_gives_the_same_bytes() {
    for figure in figures() {
        assert!(figure.svg() == figure.svg(), "{}", figure.id);
    }
}
