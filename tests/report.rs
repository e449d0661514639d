//! The report: one HTML document that is whole in itself.
#![cfg(all(feature = "cli", feature = "model", feature = "plot"))]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use ropelet::theorem::catalogue;
use roxmltree::{Document, ParsingOptions};

fn ropelet(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ropelet"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(words).output().unwrap()
}

/// A small report of the repository's checkpoint on one of its texts, made once.
fn report() -> &'static str {
    static PAGE: OnceLock<String> = OnceLock::new();
    PAGE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        small_report(folder.path());
        for (name, magic) in [("heads.parquet", "PAR1"), ("analysis.json", "{")] {
            assert!(fs::read(folder.path().join(name)).unwrap().starts_with(magic.as_bytes()), "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing but the three files");
        fs::read_to_string(folder.path().join("index.html")).unwrap()
    })
}

fn small_report(out: &Path) {
    let sizes = ["--length", "192", "--lags", "128", "--draws", "4", "--untrained", "1"];
    let words = ["report", "--text", "docs/text/rounding.txt", "--quiet", "--json", "--out", out.to_str().unwrap()];
    let output = ropelet(&[&words[..], &sizes].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["schema"], &answer["ok"]), (&"ropelet.report/1".into(), &true.into()));
}

/// The page as a tree. HTML's void elements are closed first, so that an XML parser, which forgives
/// nothing, can read the rest.
fn with_tree(check: impl FnOnce(&Document<'_>)) {
    let mut page = report().to_owned();
    for void in ["meta", "br"] {
        let mut from = 0;
        while let Some(start) = page[from..].find(&format!("<{void}")).map(|at| from + at) {
            let end = start + page[start..].find('>').unwrap();
            page.insert(end, '/');
            from = end;
        }
    }
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let tree = Document::parse_with_options(&page, options).unwrap_or_else(|error| {
        let row = page.lines().nth(error.pos().row as usize - 1).unwrap_or_default();
        panic!("{error}: {}", row.chars().take(300).collect::<String>())
    });
    check(&tree);
}

#[test]
fn the_page_is_well_formed_and_made_for_any_screen() {
    with_tree(|tree| {
        let root = tree.root_element();
        assert_eq!(root.attribute("lang"), Some("en"));
        let metas: Vec<_> = root.descendants().filter(|node| node.has_tag_name("meta")).collect();
        assert!(metas.iter().any(|meta| meta.attribute("charset") == Some("utf-8")));
        assert!(metas.iter().any(|meta| meta.attribute("name") == Some("viewport")));
        assert_eq!(root.descendants().filter(|node| node.has_tag_name("h1")).count(), 1);
    });
    assert!(report().contains("@media print"));
}

#[test]
fn the_page_loads_nothing() {
    with_tree(|tree| {
        for node in tree.descendants().filter(roxmltree::Node::is_element) {
            assert!(!["script", "link", "img", "image", "iframe", "use", "object"].contains(&node.tag_name().name()));
            let loading = node.attributes().find(|attribute| ["src", "srcset", "data"].contains(&attribute.name()));
            assert_eq!(loading, None, "{}", node.tag_name().name());
        }
    });
    assert!(!report().contains("url(") && !report().contains("@import"));
}

#[test]
fn every_statement_stands_on_the_page_with_its_proof() {
    with_tree(|tree| {
        let articles = tree.descendants().filter(|node| node.has_tag_name("article"));
        let proved: HashSet<&str> = articles.filter_map(|node| node.attribute("id")).collect();
        let links: HashSet<&str> = tree.descendants().filter_map(|node| node.attribute("href")).collect();
        for statement in catalogue() {
            assert!(proved.contains(statement.id), "{} has no proof", statement.id);
            assert!(links.contains(format!("#{}", statement.id).as_str()), "nothing links to {}", statement.id);
        }
    });
}

#[test]
fn every_link_within_the_page_has_one_target() {
    with_tree(|tree| {
        let mut targets = HashSet::new();
        for id in tree.descendants().filter_map(|node| node.attribute("id")) {
            assert!(targets.insert(id), "{id} is used twice");
        }
        for link in tree.descendants().filter_map(|node| node.attribute("href")) {
            match link.strip_prefix('#') {
                Some(id) => assert!(targets.contains(id), "{link} leads nowhere"),
                None => assert!(link.starts_with("https://") || link.starts_with("http://"), "{link}"),
            }
        }
        let described = tree.descendants().filter_map(|node| node.attribute("aria-labelledby"));
        assert!(described.flat_map(str::split_whitespace).all(|id| targets.contains(id)));
    });
}

#[test]
fn the_heads_stand_beside_their_null_models() {
    let page = report();
    for words in ["untrained", "shuffled", "Dirichlet", "ALiBi", "What this does not show", "with seed 0"] {
        assert!(page.contains(words), "{words}");
    }
    let drawings = page.matches("<svg").count();
    assert!(drawings > 30, "only {drawings} pictures");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    small_report(folder.path());
    let again = fs::read_to_string(folder.path().join("index.html")).unwrap();
    let path = folder.path().display().to_string();
    let without_path = |page: &str| page.split("--out").next().unwrap().to_owned();
    assert!(again.contains(&path));
    assert!(without_path(&again) == without_path(report()), "two runs differ");
}

#[test]
fn bad_input_is_one_line_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for words in [
        &["report", "no/such/model", "--out", out.to_str().unwrap()][..],
        &["report", "--text", "no-such-text.txt", "--out", out.to_str().unwrap()],
        &["report", "--out", file.to_str().unwrap()],
    ] {
        let output = ropelet(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.starts_with("error: ") && message.trim_end().lines().count() == 1, "{message}");
        assert!(!out.exists());
    }
}
