//! The report: one HTML document that is whole in itself.
#![cfg(all(feature = "cli", feature = "model", feature = "plot"))]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use ropelet::theorem::catalogue;
use roxmltree::{Document, ParsingOptions};
use serde_json::Value;

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
        for (name, magic) in [("heads.parquet", "PAR1"), ("layers.parquet", "PAR1"), ("analysis.json", "{")] {
            assert!(fs::read(folder.path().join(name)).unwrap().starts_with(magic.as_bytes()), "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "nothing but these and the page");
        fs::read_to_string(folder.path().join("index.html")).unwrap()
    })
}

const SIZES: [&str; 8] = ["--length", "192", "--lags", "128", "--draws", "4", "--untrained", "1"];

fn small_report(out: &Path) {
    let words = ["report", "--text", "docs/text/rounding.txt", "--quiet", "--json", "--out", out.to_str().unwrap()];
    let output = ropelet(&[&words[..], &SIZES].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["schema"], &answer["ok"]), (&"ropelet.report/1".into(), &true.into()));
}

/// The page as a tree. HTML's void elements are closed first and scripts emptied, whose contents are no markup,
/// so that an XML parser, which forgives nothing, can read the rest.
fn with_tree(check: impl FnOnce(&Document<'_>)) {
    let mut page = without_scripts(report());
    for void in ["meta", "br", "input"] {
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

fn without_scripts(page: &str) -> String {
    let mut parts = page.split("<script");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (start, rest) = part.split_once('>').unwrap();
        let (_, after) = rest.split_once("</script>").unwrap();
        out += &format!("<script{start}></script>{after}");
    }
    out
}

/// The index of the data in a page.
fn index(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"index\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
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

/// A picture that is on the page itself.
const WITHIN: &str = "data:image/png;base64,";

#[test]
fn the_page_loads_nothing() {
    with_tree(|tree| {
        for node in tree.descendants().filter(roxmltree::Node::is_element) {
            assert!(!["link", "img", "iframe", "use", "object"].contains(&node.tag_name().name()));
            let is_within = |image: &str| image.starts_with(WITHIN);
            assert!(!node.has_tag_name("image") || node.attribute("href").is_some_and(is_within));
            let loading = node.attributes().find(|attribute| ["src", "srcset", "data"].contains(&attribute.name()));
            assert_eq!(loading, None, "{}", node.tag_name().name());
        }
        let scripts = tree.descendants().filter(|node| node.has_tag_name("script"));
        let run: Vec<_> = scripts.filter(|node| node.attribute("type") == Some("module")).collect();
        assert_eq!(run.len(), 1, "all others are data");
        let policy = tree.descendants().find(|node| node.attribute("http-equiv") == Some("Content-Security-Policy"));
        let policy = policy.and_then(|meta| meta.attribute("content")).unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
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
                None => assert!(["https://", "http://", WITHIN].iter().any(|start| link.starts_with(start)), "{link}"),
            }
        }
        let described = tree.descendants().filter_map(|node| node.attribute("aria-labelledby"));
        assert!(described.flat_map(str::split_whitespace).all(|id| targets.contains(id)));
    });
}

#[test]
fn the_heads_stand_beside_their_null_models() {
    let page = report();
    for words in ["untrained", "shuffled", "Dirichlet", "ALiBi", "sink", "What this does not show", "with seed 0"] {
        assert!(page.contains(words), "{words}");
    }
    let index = index(page);
    let checkpoint = &index["checkpoints"][0];
    assert_eq!(checkpoint["layer"].as_array().map(Vec::len), Some(24));
    let fields: Vec<&str> = index["fields"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for null in ropelet::heads::PerNull::<()>::NAMES {
        for field in ["mean", "sd", "z", "p", "q"] {
            assert!(fields.contains(&format!("{null}.{field}").as_str()), "{null}.{field}");
        }
    }
    for block in ["numbers", "curves", "lag", "spectrum", "attention"] {
        assert!(page.contains(&format!("id=\"block-0-{block}\"")), "{block}");
    }
}

#[test]
fn without_scripts_there_is_a_table_of_heads() {
    with_tree(|tree| {
        let tables = tree.descendants().filter(|node| node.has_tag_name("noscript"));
        let rows = tables.flat_map(|node| node.descendants()).filter(|node| node.has_tag_name("tr")).count();
        assert_eq!(rows, 25, "a heading and 24 heads");
    });
}

#[test]
fn a_page_is_made_of_earlier_analyses_too() {
    let folder = tempfile::tempdir().unwrap();
    small_report(folder.path());
    let analysis = folder.path().join("analysis.json");
    let out = folder.path().join("both");
    let words = ["report", analysis.to_str().unwrap(), analysis.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let output = ropelet(&words);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let index = index(&fs::read_to_string(out.join("index.html")).unwrap());
    let label = |place: usize| index["checkpoints"][place]["label"].clone();
    assert_eq!((label(0), label(1)), ("llama".into(), "llama-2".into()));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "what was made before is where it was");

    fs::write(&analysis, "{\"schema\": \"ropelet.verify/1\"}").unwrap();
    let output = ropelet(&["report", analysis.to_str().unwrap(), "--out", out.join("no").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("expected ropelet.analyze/1") && message.trim_end().lines().count() == 1, "{message}");
    assert!(!out.join("no").exists());
}

#[cfg(unix)]
#[test]
fn names_of_checkpoints_and_texts_are_text() {
    let folder = tempfile::tempdir().unwrap();
    // With the folder before it, a name has `</script>` in it.
    let hostile = "script><img src=x onerror=alert(1)>'\"&amp;\u{2028}\u{202e}<!--";
    fs::create_dir(folder.path().join("<")).unwrap();
    let model = folder.path().join("<").join(hostile);
    std::os::unix::fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/llama"), &model).unwrap();
    let text = folder.path().join("<").join(format!("{hostile}.txt"));
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/text/rounding.txt"), &text).unwrap();
    let out = folder.path().join("out");
    let [model, text, out] = [&model, &text, &out].map(|path| path.to_str().unwrap());
    let output = ropelet(&[&["report", model, "--text", text, "--quiet", "--out", out], &SIZES[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let page = fs::read_to_string(Path::new(out).join("index.html")).unwrap();
    assert!(!page.contains("<img") && !page.contains("</script><img") && !page.contains("<!--"));
    assert!(!page.contains(['\u{2028}', '\u{202e}']));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;'&quot;&amp;amp;\\u{2028}\\u{202e}"), "shown as it is");
    let label = index(&page)["checkpoints"][0]["label"].clone();
    assert!(label.as_str().unwrap().starts_with("script><img src=x"), "{label}");
}

#[test]
fn on_a_terminal_the_same_heads_are_a_map_and_two_lists() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let words = ["analyze", "tests/data/llama", "--text", "docs/text/rounding.txt", "--quiet", "--out", out];
    let output = ropelet(&[&words[..], &SIZES].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = |start: &str| text.lines().filter(|line| line.trim_start().starts_with(start)).count();
    assert_eq!((0..6).map(|layer| lines(&format!("L{layer} "))).sum::<usize>(), 6, "a line for each layer:\n{text}");
    assert_eq!((0..6).map(|layer| lines(&format!("L{layer}H"))).sum::<usize>(), 20, "ten from either end:\n{text}");
    assert!(text.contains("Ricker") && text.contains("untrained") && !text.contains('\u{1b}'), "{text}");
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
