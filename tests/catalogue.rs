//! Every statement has all its parts, and no part is without its statement.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ropelet::theorem::{Standing, Statement, catalogue};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The keys of the bibliography.
fn keys() -> BTreeSet<String> {
    read("docs/references.bib")
        .lines()
        .filter_map(|line| line.strip_prefix('@')?.split_once('{'))
        .map(|(_, key)| key.trim_end_matches(',').to_owned())
        .collect()
}

/// What is wrong with the parts of one statement.
fn complaints(statement: &Statement, page: &str, keys: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut require = |holds: bool, complaint: String| {
        if !holds {
            found.push(format!("{}: {complaint}", statement.id));
        }
    };
    let kebab = statement
        .id
        .split('-')
        .all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
    require(kebab, "the id is not kebab-case".into());
    require(!statement.title.is_empty() && !statement.title.ends_with('.'), "the title is no sentence to list".into());
    require(!statement.hypotheses.is_empty(), "there are no hypotheses".into());
    require(!statement.control_is.is_empty(), "the control has no description".into());
    require(statement.proof == page, "the statement carries another page".into());
    require(page.starts_with(&format!("# {}\n", statement.id)), "the page does not begin with the id".into());
    let mut headings = vec!["Statement", "Hypotheses", "Proof", "Check", "Sources"];
    if statement.standing == Standing::Refuted {
        headings.push("Witness");
    }
    for heading in headings {
        let body = page.split(&format!("\n## {heading}\n")).nth(1).map(|rest| rest.split("\n## ").next().unwrap());
        require(body.is_some_and(|body| body.trim().len() > 10), format!("the page has no section {heading}"));
    }
    require(!statement.sources.is_empty(), "there are no sources".into());
    for source in statement.sources {
        require(keys.contains(source.key), format!("the source {} is not in the bibliography", source.key));
        require(!source.place.is_empty(), format!("the source {} names no place", source.key));
        require(page.contains(&format!("[{}", source.key)), format!("the page does not cite {}", source.key));
    }
    require(!statement.code.is_empty(), "there is no code".into());
    for place in statement.code {
        let (file, item) = place.split_once('#').unwrap_or((place, ""));
        let there = fs::read_to_string(root().join(file)).is_ok_and(|text| {
            ["fn ", "struct ", "enum ", "trait ", "    "].iter().any(|before| text.contains(&format!("{before}{item}")))
        });
        require(!item.is_empty() && there, format!("the code {place} is not there"));
    }
    found
}

#[test]
fn every_statement_has_all_its_parts() {
    let keys = keys();
    assert!(keys.len() > 10);
    let found: Vec<String> = catalogue()
        .iter()
        .flat_map(|statement| complaints(statement, &read(&format!("proofs/{}.md", statement.id)), &keys))
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_missing_part_is_missed() {
    let keys = keys();
    let whole = catalogue()[0];
    let page = whole.proof;
    assert!(complaints(&whole, page, &keys).is_empty());
    for broken in [
        Statement { id: "Not_Kebab", ..whole },
        Statement { hypotheses: &[], ..whole },
        Statement { sources: &[], ..whole },
        Statement { code: &["src/nowhere.rs#Nothing"], ..whole },
        Statement { code: &["src/lib.rs#NoSuchItem"], ..whole },
        Statement { control_is: "", ..whole },
        Statement { standing: Standing::Refuted, ..whole },
        Statement { proof: "# another page\n", ..whole },
    ] {
        assert!(!complaints(&broken, page, &keys).is_empty(), "{broken:?}");
    }
}

#[test]
fn ids_are_unique_and_no_page_is_an_orphan() {
    let ids: BTreeSet<&str> = catalogue().iter().map(|statement| statement.id).collect();
    assert_eq!(ids.len(), catalogue().len());
    let pages: BTreeSet<String> = fs::read_dir(root().join("proofs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README")
        .collect();
    assert!(pages.iter().map(String::as_str).eq(ids));
}

#[test]
fn every_bound_is_derived_in_the_document_on_tolerances() {
    let document = read("docs/tolerances.md");
    for statement in catalogue() {
        assert!(document.contains(&format!("`{}`", statement.id)), "docs/tolerances.md does not name {}", statement.id);
    }
}

#[test]
fn what_the_papers_got_wrong_is_refuted_under_a_name_of_its_own() {
    let refuted: BTreeSet<&str> = catalogue()
        .iter()
        .filter(|statement| statement.standing == Standing::Refuted)
        .map(|statement| statement.id)
        .collect();
    let known = BTreeSet::from([
        "published-band-shares-lie-beyond-noise",
        "published-entropies-reach-ln-n",
        "negative-entropy-correlation-needs-learning",
        "yarn-ramps-of-paper-and-code-agree",
        "fixed-carrier-morlet-has-zero-mean",
        "equal-amplitudes-cover-frequencies-evenly",
        "haar-kernel-at-scale-one-has-zero-mean",
        "alibi-windows-have-zero-mean",
        "attention-rows-have-zero-mean",
        "equal-sine-and-cosine-give-haar",
        "fixed-pair-serves-every-position",
        "gaussian-is-admissible",
        "half-split-rows-are-contiguous",
        "literal-shift-keeps-its-branch",
        "published-phase-is-monotone",
        "published-phase-is-positive",
        "sampled-rows-have-zero-mean",
        "shift-of-one-keeps-the-row",
        "uncorrected-morlet-is-admissible",
        "zero-mean-carries-over-by-analogy",
    ]);
    assert_eq!(refuted, known);
}
