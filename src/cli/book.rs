//! The theory as a book: a page for each statement, made of the catalogue, the proof pages, the Coq sources and
//! the bibliography. Nothing is said here that is not said there.

use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::explain::{axioms, citation, cited, figures_of};
use super::output::{print, print_json, write_folder};
use super::typeset::{Links, markdown};
use super::{Common, Failure, Outcome};
use crate::theorem::{
    self, AXIOMS, Axioms, BIBLIOGRAPHY, Control, CoqText, Enclosed, Settings, Statement, Status, Topic, catalogue,
    coq_definitions, coq_words, references,
};

/// What the theory is about; the first page begins with it.
const INTRODUCTION: &str = include_str!("../../docs/theory/introduction.md");

const STYLE: &str =
    concat!(include_str!("report/page/theme.css"), include_str!("report/page/page.css"), include_str!("book.css"));

const LINKS: Links = Links { statement: |id| format!("{id}.html"), references: "references.html" };

/// The sections of a proof page that the book shows first, and those that it shows below the theorems of Coq.
const SECTIONS: [&str; 5] = ["Statement", "Hypotheses", "Proof", "Witness", "What the papers say"];

#[derive(serde::Serialize)]
struct Written {
    schema: &'static str,
    folder: String,
    pages: usize,
}

/// Checks every statement and writes the book.
pub(super) fn write(folder: &Path, common: &Common) -> Result<Outcome, Failure> {
    let report = theorem::verify(catalogue(), Settings { seed: common.seed, ..Settings::default() });
    let mut pages = vec![
        ("index.html".to_owned(), page("The theory", first(&report))),
        ("status.html".to_owned(), page("Status", status(&report))),
        ("dependencies.html".to_owned(), page("What rests on what", dependencies())),
        ("definitions.html".to_owned(), page("Definitions", definitions())),
        ("references.html".to_owned(), page("References", bibliography())),
    ];
    for (statement, outcome) in catalogue().iter().zip(&report.statements) {
        pages.push((format!("{}.html", statement.id), page(statement.id, chapter(statement, outcome))));
    }
    write_folder(folder, &pages)?;
    if common.json {
        let folder = folder.display().to_string();
        print_json(&Written { schema: "ropelet.explain/1", folder, pages: pages.len() })?;
    } else {
        print(&format!("wrote {} pages; the first is {}", pages.len(), folder.join("index.html").display()))?;
    }
    Ok(super::verify::outcome(&report))
}

/// How many statements there are of each status.
pub(super) fn counts() -> [(Status, usize); 5] {
    Status::ALL.map(|status| (status, catalogue().iter().filter(|statement| statement.status() == status).count()))
}

/// The index in Markdown, for readers of the repository.
pub(super) fn index() -> String {
    let mut text = format!(
        "# The theory\n\n<!-- Made by `ropelet explain --index`; do not edit. -->\n\n{INTRODUCTION}\n\
         `ropelet explain ID` prints a statement with everything that stands behind it, and `ropelet explain --book DIR` \
         writes all of them as a book.\n\n## Status\n\n| status | statements |\n|---|---|\n"
    );
    for (status, count) in counts() {
        text += &format!("| {} | {count} |\n", status.name());
    }
    text += &format!(
        "| all of them checked by `ropelet verify`, with a control that it rejects | {} |\n",
        catalogue().len()
    );
    text += &format!("| certified: `ropelet verify --certified` encloses numbers of it | {} |\n", certified());
    text += "\n## What rests on what\n\n![Every statement with arcs to those that its proof uses](../../figures/what-rests-on-what.svg)\n";
    for topic in Topic::ALL {
        text +=
            &format!("\n## {}\n\n| statement | status | certified | rests on |\n|---|---|---|---|\n", topic.title());
        let link = |id: &str| format!("[{id}](../../proofs/{id}.md)");
        for statement in topic.statements() {
            let used: Vec<String> = statement.depends_on().iter().map(|used| link(used.id)).collect();
            // A bar would end the cell.
            let title = statement.title.replace('|', "\\|");
            text += &format!(
                "| {}<br>{title} | {} | {} | {} |\n",
                link(statement.id),
                statement.status().name(),
                enclosed(statement),
                used.join(", ")
            );
        }
    }
    text += "\n## What the theorems take for granted\n\n\
             What Coq prints of each (`Print Assumptions`), which `proofs/audit` compares with this list: axioms of Coq's own library \
             and none beside them.\n\n| | axioms | they say that |\n|---|---|---|\n";
    for Axioms { letter, names, meaning } in &AXIOMS {
        text += &format!("| {letter} | {} | {meaning} |\n", quoted(names));
    }
    text += "\n| axioms | theorems |\n|---|---|\n";
    for (letters, count) in by_axioms() {
        text += &format!("| {letters} | {count} |\n");
    }
    text += "\n| statement | axioms | theorems |\n|---|---|---|\n";
    for statement in catalogue() {
        for proof in statement.machine_proofs() {
            text += &format!("| {} | {} | {} |\n", statement.id, proof.letters(), quoted(&proof.theorems));
        }
    }
    text.trim_end().to_owned()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// How many theorems rest on each set of axioms, the smallest set first.
fn by_axioms() -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for proof in catalogue().iter().flat_map(Statement::machine_proofs) {
        let letters = proof.letters();
        match counts.iter_mut().find(|(known, _)| *known == letters) {
            Some((_, count)) => *count += proof.theorems.len(),
            None => counts.push((letters, proof.theorems.len())),
        }
    }
    counts.sort_by_key(|(letters, _)| letters.len());
    counts
}

/// How many statements have something enclosed.
pub(super) fn certified() -> usize {
    catalogue().iter().filter(|statement| !statement.enclosed().is_empty()).count()
}

/// What is enclosed of a statement, in words.
pub(super) fn enclosed(statement: &Statement) -> String {
    statement.enclosed().iter().map(Enclosed::name).collect::<Vec<_>>().join(", ")
}

fn page(title: &str, body: Markup) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                title { (title) " - ropelet" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    nav.book aria-label="Pages" {
                        a href="index.html" { "Contents" } " " a href="status.html" { "Status" } " "
                        a href="dependencies.html" { "What rests on what" } " "
                        a href="definitions.html" { "Definitions" } " " a href="references.html" { "References" }
                    }
                    h1 { (title) }
                }
                main { (body) }
            }
        }
    };
    document.into_string()
}

fn text(markdown_text: &str) -> PreEscaped<String> {
    PreEscaped(markdown(markdown_text, &LINKS))
}

fn link(statement: &Statement) -> Markup {
    html! { a href={ (statement.id) ".html" } { (statement.id) } }
}

fn badge(status: Status) -> Markup {
    let class = status.name().replace(' ', "-");
    html! { span.status.(class) { (status.name()) } }
}

fn first(report: &theorem::Report) -> Markup {
    html! {
        (text(INTRODUCTION))
        p {
            (catalogue().len()) " statements: "
            @for (place, (status, count)) in counts().into_iter().enumerate() {
                @if place > 0 { ", " }
                (count) " " (status.name())
            }
            ". " (report.statements.iter().filter(|outcome| outcome.expected).count())
            " checks came out as expected when these pages were made."
        }
        @for topic in Topic::ALL {
            h2 { (topic.title()) }
            ul { @for statement in topic.statements() { li { (link(statement)) " " (badge(statement.status())) br; (statement.title) } } }
        }
    }
}

/// One row for each statement.
fn status(report: &theorem::Report) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Status" } th.number scope="col" { "Statements" } } }
            tbody {
                @for (status, count) in counts() { tr { td { (badge(status)) } td.number { (count) } } }
                tr { td { "certified" } td.number { (certified()) } }
                tr {
                    td { "checked" }
                    td.number { (report.statements.iter().filter(|outcome| outcome.expected).count()) }
                }
            }
        }
        p {
            "A statement is proved or refuted by machine where Coq has checked the whole of it, or a counterexample. It is "
            "checked where the program's floating-point instance came out as expected and told its control apart, and certified "
            "where " code { "ropelet verify --certified" } " encloses numbers of it, each in two ways that must meet."
        }
        div.wide {
            table.statements {
                thead {
                    tr {
                        th scope="col" { "Statement" } th scope="col" { "Status" } th scope="col" { "Theorems in Coq" }
                        th scope="col" { "Certified" } th scope="col" { "Checked" } th scope="col" { "Control" }
                    }
                }
                tbody {
                    @for (statement, outcome) in catalogue().iter().zip(&report.statements) {
                        tr {
                            td { (link(statement)) }
                            td { (badge(statement.status())) }
                            td { (statement.coq_theorems().len()) }
                            td { (enclosed(statement)) }
                            td { (outcome.verdict.name()) @if !outcome.expected { ", not expected" } }
                            td { @if outcome.control == Control::Rejected { "rejected" } @else { "accepted" } }
                        }
                    }
                }
            }
        }
        h2 { "What the theorems take for granted" }
        table {
            thead { tr { th scope="col" { "" } th scope="col" { "Axioms of Coq's library" } th scope="col" { "They say that" } } }
            tbody {
                @for Axioms { letter, names, meaning } in &AXIOMS {
                    tr { td { (letter) } td { (text(&quoted(names))) } td { (meaning) } }
                }
            }
        }
        table {
            thead { tr { th scope="col" { "Axioms" } th.number scope="col" { "Theorems" } } }
            tbody { @for (letters, count) in by_axioms() { tr { td { (letters) } td.number { (count) } } } }
        }
    }
}

fn dependencies() -> Markup {
    html! {
        (figure("what-rests-on-what"))
        ul {
            @for statement in catalogue().iter().filter(|statement| !statement.depends_on().is_empty()) {
                li { (link(statement)) " rests on " (list(&statement.depends_on())) }
            }
        }
    }
}

#[cfg(feature = "plot")]
fn figure(id: &str) -> Markup {
    html! {
        @for figure in crate::plot::figures().iter().filter(|figure| figure.id == id) {
            figure {
                div.drawing { (PreEscaped(figure.svg())) }
                figcaption { strong { (figure.title) ". " } (figure.caption) }
            }
        }
    }
}

/// Built without figures.
#[cfg(not(feature = "plot"))]
fn figure(_: &str) -> Markup {
    html! {}
}

fn list(statements: &[&Statement]) -> Markup {
    html! {
        @if statements.is_empty() { "none" }
        @for (place, statement) in statements.iter().enumerate() {
            @if place > 0 { ", " }
            (link(statement))
        }
    }
}

fn chapter(statement: &Statement, outcome: &theorem::Outcome) -> Markup {
    html! {
        p.lead { (statement.title) ". " (badge(statement.status())) }
        p.faint { "Rests on " (list(&statement.depends_on())) ". Used by " (list(&statement.used_by())) "." }
        article.proof {
            @for heading in SECTIONS {
                @if let Some(body) = statement.section(heading) {
                    h2 { (heading) }
                    (text(body))
                }
            }
            h2 { "By machine" }
            (by_machine(statement))
            h2 { "Check" }
            (text(statement.section("Check").unwrap_or_default()))
            @if let Some(bound) = statement.bound() { p { "Bound: " (inline(bound)) "." } }
            @if !statement.enclosed().is_empty() { p { "Certified: " (enclosed(statement)) "." } }
            p {
                "When this page was made: " (outcome.verdict.name())
                @if let (Some(error), Some(bound)) = (outcome.error, outcome.bound) {
                    ", error " (format!("{error:.1e}")) " against a bound of " (format!("{bound:.1e}"))
                }
                "; control (" (statement.control_is) ") "
                @if outcome.control == Control::Rejected { "rejected" } @else { "accepted" } "."
            }
            @if let Some(witness) = &outcome.witness { p { "Witness found: " (witness) } }
            @for id in figures_of(statement.id) { (figure(id)) }
            h2 { "Code" }
            ul { @for place in statement.code { li { code { (place.replacen('#', ": ", 1)) } } } }
            h2 { "Sources" }
            (text(statement.section("Sources").unwrap_or_default()))
            ul {
                @for entry in cited(statement) {
                    li { a href={ "references.html#" (entry.key) } { (entry.key) } ": " (citation(&entry)) }
                }
            }
        }
    }
}

/// Markdown of one paragraph, without the paragraph.
fn inline(source: &str) -> PreEscaped<String> {
    let html = markdown(&source.replace("\\|", "|"), &LINKS);
    PreEscaped(html.trim().trim_start_matches("<p>").trim_end_matches("</p>").to_owned())
}

fn by_machine(statement: &Statement) -> Markup {
    let theorems = statement.coq_theorems();
    html! {
        @if theorems.is_empty() {
            p { "The proof is on paper alone." }
        } @else {
            p { "Checked by Coq, from " code { "proofs/Statements.v" } ":" }
            @for theorem in &theorems { (coq(theorem)) }
            @for line in axioms(statement) { p.faint { (line) } }
        }
    }
}

/// A theorem or a definition, with links to the definitions that it names.
fn coq(item: &CoqText) -> Markup {
    let defined = item.uses();
    html! {
        @if !item.remark.is_empty() { p { (item.remark) } }
        pre { code {
            @for (is_word, piece) in coq_words(item.text) {
                @if is_word && defined.iter().any(|definition| definition.name == piece) {
                    a href={ "definitions.html#" (anchor(piece)) } { (piece) }
                } @else { (piece) }
            }
        } }
    }
}

/// psi' and psi are two names.
fn anchor(name: &str) -> String {
    name.replace('\'', "-prime")
}

fn definitions() -> Markup {
    html! {
        p {
            "All that the theorems rest on beside Coq's real numbers and the integrals, limits and derivatives of Coquelicot, "
            "as " code { "proofs/Definitions.v" } " has it."
        }
        @for definition in coq_definitions() {
            div id=(anchor(definition.name)) { (coq(&definition)) }
        }
    }
}

fn bibliography() -> Markup {
    html! {
        dl {
            @for entry in references() {
                dt id=(entry.key) { (entry.key) }
                dd { (citation(&entry)) }
            }
        }
        details { summary { "As BibTeX" } pre { code { (BIBLIOGRAPHY) } } }
    }
}
