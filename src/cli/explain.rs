use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::book;
use super::output::{print, print_json};
use super::verify::{find, outcome};
use super::{Common, Failure, Outcome};
use crate::theorem::{
    CoqText, Enclosed, MachineProof, Reference, Settings, Source, Standing, Statement, Status, Topic, Verdict,
    catalogue, references, verify,
};

/// Say what a statement means, and why it holds or fails
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The statement, as `ropelet verify` names it [default: list all of them]
    #[arg(value_name = "ID", conflicts_with_all = ["book", "index"])]
    id: Option<String>,
    /// Write the theory as a book of HTML pages that load nothing, with DIR/index.html first
    #[arg(long, value_name = "DIR")]
    book: Option<PathBuf>,
    /// Print the index of the theory in Markdown, as docs/theory/README.md has it
    #[arg(long, conflicts_with = "book")]
    index: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    id: &'a str,
    title: &'a str,
    topic: Topic,
    standing: Standing,
    status: Status,
    hypotheses: &'a [&'a str],
    /// The page `proofs/<id>.md`, in Markdown.
    proof: &'a str,
    /// What Coq has checked of it, and from which axioms.
    machine_proofs: Vec<MachineProof>,
    /// The same theorems, as `proofs/Statements.v` has them.
    coq: Vec<CoqText>,
    verdict: Verdict,
    /// Of a refuted statement.
    witness: Option<&'a str>,
    /// What the error is compared with, in Markdown.
    bound: Option<&'a str>,
    /// The numbers that `verify --certified` encloses.
    certified: &'a [Enclosed],
    /// The variant that the check must tell from the statement.
    control: &'a str,
    sources: &'a [Source],
    references: Vec<Reference>,
    figures: Vec<&'static str>,
    code: &'a [&'a str],
    depends_on: Vec<&'a str>,
    used_by: Vec<&'a str>,
}

#[derive(Serialize)]
struct List {
    schema: &'static str,
    statements: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    title: &'static str,
    topic: Topic,
    standing: Standing,
    status: Status,
    certified: bool,
    depends_on: Vec<&'static str>,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    if let Some(folder) = &arguments.book {
        return book::write(folder, common);
    }
    let Some(id) = &arguments.id else {
        return list(arguments.index, common);
    };
    let statement = find(id)?;
    let report = verify(&[*statement], Settings { seed: common.seed, ..Settings::default() });
    let [found] = &report.statements[..] else { unreachable!("one statement has one outcome") };
    if common.json {
        print_json(&Json {
            schema: "ropelet.explain/1",
            id: statement.id,
            title: statement.title,
            topic: statement.topic,
            standing: statement.standing,
            status: statement.status(),
            hypotheses: statement.hypotheses,
            proof: statement.proof,
            machine_proofs: statement.machine_proofs(),
            coq: statement.coq_theorems(),
            verdict: found.verdict,
            witness: found.witness.as_deref(),
            bound: statement.bound(),
            certified: statement.enclosed(),
            control: statement.control_is,
            sources: statement.sources,
            references: cited(statement),
            figures: figures_of(statement.id),
            code: statement.code,
            depends_on: ids(&statement.depends_on()),
            used_by: ids(&statement.used_by()),
        })?;
    } else {
        print(&page(statement, found.verdict, found.witness.as_deref()))?;
    }
    Ok(outcome(&report))
}

/// Every statement with how it was settled.
fn list(index: bool, common: &Common) -> Result<Outcome, Failure> {
    if common.json {
        let entry = |statement: &'static Statement| Entry {
            id: statement.id,
            title: statement.title,
            topic: statement.topic,
            standing: statement.standing,
            status: statement.status(),
            certified: !statement.enclosed().is_empty(),
            depends_on: ids(&statement.depends_on()),
        };
        print_json(&List { schema: "ropelet.explain/1", statements: catalogue().iter().map(entry).collect() })?;
    } else if index {
        print(&book::index())?;
    } else {
        let width = Status::ALL.map(|status| status.name().len()).into_iter().max().unwrap_or_default();
        let chapters = Topic::ALL.map(|topic| {
            let line = |statement: &Statement| format!("  {:width$}  {}", statement.status().name(), statement.id);
            format!("{}\n{}", topic.title(), topic.statements().map(line).collect::<Vec<_>>().join("\n"))
        });
        let counts = book::counts().map(|(status, count)| format!("{count} {}", status.name()));
        let (statements, certified) = (catalogue().len(), book::certified());
        let counts = counts.join(", ");
        print(&format!("{}\n\n{statements} statements: {counts}; {certified} certified", chapters.join("\n\n")))?;
    }
    Ok(Outcome::Success)
}

fn ids<'a>(statements: &[&'a Statement]) -> Vec<&'a str> {
    statements.iter().map(|statement| statement.id).collect()
}

/// The entries of the bibliography that a statement cites, each once.
pub(super) fn cited(statement: &Statement) -> Vec<Reference> {
    references().into_iter().filter(|entry| statement.sources.iter().any(|source| source.key == entry.key)).collect()
}

/// The figures that show something of a statement.
#[cfg(feature = "plot")]
pub(super) fn figures_of(id: &str) -> Vec<&'static str> {
    crate::plot::figures().iter().filter(|figure| figure.statements.contains(&id)).map(|figure| figure.id).collect()
}

#[cfg(not(feature = "plot"))]
pub(super) fn figures_of(_: &str) -> Vec<&'static str> {
    Vec::new()
}

/// An entry as a line of text.
pub(super) fn citation(entry: &Reference) -> String {
    let Reference { authors, title, place, year, note, .. } = entry;
    let parts = [authors, title, place, year, note];
    parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(". ") + "."
}

/// The proof page, and below it what the program knows beside it.
fn page(statement: &Statement, verdict: Verdict, witness: Option<&str>) -> String {
    let bullets = |lines: Vec<String>| match lines.len() {
        0 => "None.".to_owned(),
        _ => format!("- {}", lines.join("\n- ")),
    };
    let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let witness = witness.map_or_else(String::new, |witness| format!("\nFound just now: {witness}"));
    let certified = match statement.enclosed() {
        [] => String::new(),
        _ => format!("\nCertified (ropelet verify --certified): {}.", book::enclosed(statement)),
    };
    let code = statement.code.iter().map(|place| place.replacen('#', ": ", 1)).collect();
    let figures = figures_of(statement.id).iter().map(|id| format!("figures/{id}.svg")).collect();
    let references = cited(statement).iter().map(|entry| format!("[{}] {}", entry.key, citation(entry))).collect();
    let sections = [
        ("By machine", by_machine(statement)),
        (
            "In the program",
            format!(
                "Standing: {}. Verdict of the check: {}. Its control: {}.\nBound: {}.{certified}{witness}\n\n{}",
                statement.standing.name(),
                verdict.name(),
                statement.control_is,
                statement.bound().unwrap_or("-"),
                bullets(code),
            ),
        ),
        ("Figures", bullets(figures)),
        ("Rests on", bullets(owned(ids(&statement.depends_on())))),
        ("Is used by", bullets(owned(ids(&statement.used_by())))),
        ("References", bullets(references)),
    ];
    let below: Vec<String> = sections.into_iter().map(|(heading, body)| format!("## {heading}\n\n{body}")).collect();
    format!("{}\n{}", statement.proof, below.join("\n\n"))
}

/// The theorems as Coq has them, the definitions that they name, and the axioms, of which the module
/// names, which repeat, are left out.
fn by_machine(statement: &Statement) -> String {
    let theorems = statement.coq_theorems();
    if theorems.is_empty() {
        return "The proof is on paper alone.".to_owned();
    }
    let texts: Vec<String> = theorems
        .iter()
        .map(|theorem| {
            let remark = if theorem.remark.is_empty() { String::new() } else { format!("(** {} *)\n", theorem.remark) };
            format!("{remark}{}", theorem.text)
        })
        .collect();
    let mut definitions: Vec<&str> = Vec::new();
    for definition in theorems.iter().flat_map(CoqText::uses) {
        if !definitions.contains(&definition.name) {
            definitions.push(definition.name);
        }
    }
    let definitions = if definitions.is_empty() {
        String::new()
    } else {
        format!("Definitions, in proofs/Definitions.v: {}.\n", definitions.join(", "))
    };
    format!(
        "Checked by Coq (proofs/Statements.v):\n\n{}\n\n{definitions}{}",
        texts.join("\n\n"),
        axioms(statement).join("\n")
    )
}

/// A line on the axioms of each group of theorems.
pub(super) fn axioms(statement: &Statement) -> Vec<String> {
    let proofs = statement.machine_proofs();
    let line = |proof: &MachineProof| {
        let short: Vec<&str> = proof.axioms.iter().map(|axiom| axiom.rsplit('.').next().unwrap_or(axiom)).collect();
        let whose = if proofs.len() > 1 { format!(" of {}", proof.theorems.join(", ")) } else { String::new() };
        format!("Axioms{whose}: {}.", short.join(", "))
    };
    proofs.iter().map(line).collect()
}
