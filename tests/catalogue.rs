//! Every statement has all its parts, and no part is without its statement.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ropelet::theorem::{Standing, Statement, Topic, catalogue, coq_definitions, references};

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
    let mut headings = vec!["Statement", "Hypotheses", "Proof", "What the papers say", "Check", "Sources"];
    if statement.standing == Standing::Refuted {
        headings.push("Witness");
    }
    for heading in headings {
        let body = page.split(&format!("\n## {heading}\n")).nth(1).map(|rest| rest.split("\n## ").next().unwrap());
        require(body.is_some_and(|body| body.trim().len() > 10), format!("the page has no section {heading}"));
    }
    require(page.contains(r"\blacksquare"), "the proof has no end".into());
    require(statement.bound().is_some_and(|bound| !bound.is_empty()), "docs/tolerances.md has no bound".into());
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
        Statement { id: "no-row-in-the-table-of-bounds", ..whole },
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

#[test]
fn a_page_without_one_of_its_sections_is_missed() {
    let keys = keys();
    let whole = catalogue()[0];
    for heading in ["Statement", "Hypotheses", "Proof", "What the papers say", "Check", "Sources"] {
        let page = whole.proof.replacen(&format!("## {heading}\n"), "## Nothing\n", 1);
        let found = complaints(&whole, &page, &keys);
        assert!(found.iter().any(|complaint| complaint.contains(heading)), "{heading}: {found:?}");
    }
}

/// The ids that no order puts after everything that they rest on.
fn in_a_circle(rests_on: &[(&'static str, Vec<&'static str>)]) -> Vec<&'static str> {
    let mut left = rests_on.to_vec();
    loop {
        let waiting: BTreeSet<&str> = left.iter().map(|(id, _)| *id).collect();
        let before = left.len();
        left.retain(|(_, used)| used.iter().any(|id| waiting.contains(id)));
        if left.len() == before {
            return left.into_iter().map(|(id, _)| id).collect();
        }
    }
}

#[test]
fn no_proof_rests_on_itself() {
    let mut rests_on: Vec<(&str, Vec<&str>)> = catalogue()
        .iter()
        .map(|statement| (statement.id, statement.depends_on().iter().map(|used| used.id).collect()))
        .collect();
    assert!(rests_on.iter().map(|(_, used)| used.len()).sum::<usize>() > 20);
    assert!(in_a_circle(&rests_on).is_empty(), "{:?}", in_a_circle(&rests_on));
    // The control: one arrow back, from the first of a chain to its last.
    let (last, used) = rests_on.iter().find(|(_, used)| !used.is_empty()).unwrap().clone();
    rests_on.iter_mut().find(|(id, _)| *id == used[0]).unwrap().1.push(last);
    assert!(in_a_circle(&rests_on).contains(&last));
}

#[test]
fn what_a_page_names_in_code_is_a_statement_where_it_looks_like_one() {
    let ids: BTreeSet<&str> = catalogue().iter().map(|statement| statement.id).collect();
    for statement in catalogue() {
        for word in statement.proof.split('`').skip(1).step_by(2) {
            let kebab = word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            assert!(!kebab || word.matches('-').count() < 2 || ids.contains(word), "{}: {word}", statement.id);
        }
    }
}

#[test]
fn a_statement_and_what_it_is_used_by_agree() {
    for statement in catalogue() {
        for user in statement.used_by() {
            assert!(user.depends_on().iter().any(|used| used.id == statement.id));
        }
    }
    assert_eq!(Topic::ALL.iter().flat_map(|topic| topic.statements()).count(), catalogue().len());
}

#[test]
fn every_definition_of_coq_serves_a_theorem() {
    let definitions = coq_definitions();
    assert!(definitions.len() > 40);
    let mut used: BTreeSet<&str> = catalogue()
        .iter()
        .flat_map(Statement::coq_theorems)
        .flat_map(|theorem| theorem.uses())
        .map(|d| d.name)
        .collect();
    for _ in 0..definitions.len() {
        let more = definitions.iter().filter(|definition| used.contains(definition.name)).flat_map(|d| d.uses());
        let more: Vec<&str> = more.map(|definition| definition.name).collect();
        used.extend(more);
    }
    for definition in &definitions {
        assert!(used.contains(definition.name), "no theorem needs {}", definition.name);
    }
}

#[test]
fn every_cited_key_is_an_entry_that_can_be_read() {
    let read: BTreeSet<String> = references().into_iter().map(|entry| entry.key).collect();
    assert_eq!(read, keys());
}
