//! The theory as `ropelet explain` tells it: complete, with links that lead somewhere, and one with what is committed.
#![cfg(all(feature = "cli", feature = "plot"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ropelet::theorem::{catalogue, coq_definitions};

fn explain(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ropelet"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("explain").args(words);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// The values of an attribute in a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let before = format!(" {name}=\"");
    page.match_indices(&before).filter_map(|(at, _)| page[at + before.len()..].split('"').next()).collect()
}

/// Links to pages or places that are not there.
fn broken(pages: &BTreeMap<String, String>) -> Vec<String> {
    let ids = |page: &str| attributes(page, "id").into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let places: BTreeMap<&str, BTreeSet<String>> =
        pages.iter().map(|(name, page)| (name.as_str(), ids(page))).collect();
    let mut found = Vec::new();
    for (name, page) in pages {
        // The picture of a figure is on the page itself.
        let elsewhere = |link: &&str| !link.starts_with("http") && !link.starts_with("data:image/png;base64,");
        for link in attributes(page, "href").into_iter().filter(elsewhere) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { name } else { file };
            let there = places.get(file).is_some_and(|ids| place.is_empty() || ids.contains(place));
            if !there {
                found.push(format!("{name}: {link}"));
            }
        }
    }
    found
}

#[test]
fn the_book_has_a_page_for_every_statement_and_all_its_links_lead_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    let output = explain(&["--book", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        pages.insert(name, fs::read_to_string(&path).unwrap());
    }
    assert_eq!(pages.len(), catalogue().len() + 5);
    assert!(broken(&pages).is_empty(), "{:#?}", broken(&pages));
    for statement in catalogue() {
        let page = &pages[&format!("{}.html", statement.id)];
        for heading in
            ["Statement", "Hypotheses", "Proof", "What the papers say", "By machine", "Check", "Code", "Sources"]
        {
            assert!(page.contains(&format!("<h2>{heading}</h2>")), "{}: {heading}", statement.id);
        }
        let told: Vec<&str> = page.split("<article").skip(1).collect();
        assert!(!told.concat().contains('$'), "{}: a formula is not typeset", statement.id);
        for source in statement.sources {
            assert!(page.contains(&format!("references.html#{}", source.key)), "{}: {}", statement.id, source.key);
        }
        for name in statement.machine_proofs().iter().flat_map(|proof| proof.theorems.clone()) {
            assert!(page.contains(name), "{}: {name}", statement.id);
        }
    }
    for definition in coq_definitions() {
        assert!(pages["definitions.html"].contains(definition.name));
    }
    assert!(pages.values().all(|page| !page.contains("<script") && !page.contains(" src=\"http")));
    // The control: a link to a page that is taken away.
    let gone = format!("{}.html", catalogue()[0].id);
    pages.remove(&gone);
    assert!(broken(&pages).iter().any(|link| link.ends_with(&gone)));
}

#[test]
fn the_index_in_the_repository_is_what_the_catalogue_says_now() {
    let output = explain(&["--index"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/theory");
    let committed = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(
        text(&output.stdout) == committed,
        "docs/theory/README.md is stale: cargo run --release -- explain --index > docs/theory/README.md"
    );
    for link in committed.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(root.join(link).exists(), "{link}");
    }
}

#[test]
fn a_statement_is_told_with_all_that_stands_behind_it() {
    let output = explain(&["literal-shift-keeps-its-branch"]);
    assert_eq!(output.status.code(), Some(0));
    let page = text(&output.stdout);
    for part in [
        "## Statement",
        "## What the papers say",
        "Theorem literal_shift_falls_off_its_branch",
        "proofs/Definitions.v: psi",
        "Axioms",
        "Bound: `8u_32",
        "## Rests on",
        "Nicholas J. Higham",
        "src/wavelet/haar_like.rs: value",
    ] {
        assert!(page.contains(part), "{part}:\n{page}");
    }
    let answer: serde_json::Value =
        serde_json::from_slice(&explain(&["sampled-rows-have-zero-mean", "--json"]).stdout).unwrap();
    assert_eq!(answer["status"], "refuted-by-machine");
    assert_eq!(
        answer["depends_on"],
        serde_json::json!(["haar-like-pair-has-zero-mean", "sampled-gains-lie-on-a-circle"])
    );
    assert_eq!(answer["figures"][0], "dc-gain-circle");
}

#[test]
fn without_an_id_every_statement_is_listed() {
    let list = explain(&[]);
    assert_eq!(list.status.code(), Some(0));
    assert!(catalogue().iter().all(|statement| text(&list.stdout).contains(statement.id)));
    let answer: serde_json::Value = serde_json::from_slice(&explain(&["--json"]).stdout).unwrap();
    assert_eq!(answer["statements"].as_array().unwrap().len(), catalogue().len());
}

#[test]
fn an_unknown_id_is_one_sentence_with_the_nearest_ids() {
    let output = explain(&["ricker-constant-is-pi"]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains("ricker-constant-is-two-pi") && output.stdout.is_empty(), "{message}");
}
