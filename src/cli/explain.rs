use clap::Args;
use serde::Serialize;

use super::output::{print, print_json};
use super::verify::{find, outcome};
use super::{Common, Failure, Outcome};
use crate::theorem::{MachineProof, Settings, Source, Standing, Statement, Verdict, verify};

/// Say what a statement means, and why it holds or fails
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The statement, as `ropelet verify` names it
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    id: &'a str,
    title: &'a str,
    standing: Standing,
    hypotheses: &'a [&'a str],
    /// The page `proofs/<id>.md`, in Markdown.
    proof: &'a str,
    /// What Coq has checked of it.
    machine_proofs: Vec<MachineProof>,
    verdict: Verdict,
    /// Of a refuted statement.
    witness: Option<&'a str>,
    /// The variant that the check must tell from the statement.
    control: &'a str,
    sources: &'a [Source],
    code: &'a [&'a str],
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let statement = find(&arguments.id)?;
    let report = verify(&[*statement], Settings { seed: common.seed, ..Settings::default() });
    let [found] = &report.statements[..] else { unreachable!("one statement has one outcome") };
    if common.json {
        print_json(&Json {
            schema: "ropelet.explain/1",
            id: statement.id,
            title: statement.title,
            standing: statement.standing,
            hypotheses: statement.hypotheses,
            proof: statement.proof,
            machine_proofs: statement.machine_proofs(),
            verdict: found.verdict,
            witness: found.witness.as_deref(),
            control: statement.control_is,
            sources: statement.sources,
            code: statement.code,
        })?;
    } else {
        print(&page(statement, found.verdict, found.witness.as_deref()))?;
    }
    Ok(outcome(&report))
}

/// The proof page, and below it what the program knows beside it.
fn page(statement: &Statement, verdict: Verdict, witness: Option<&str>) -> String {
    let code: Vec<String> = statement.code.iter().map(|place| format!("- {}", place.replacen('#', ": ", 1))).collect();
    let machine = statement.machine_proofs().iter().map(checked).collect::<Vec<_>>().join("\n");
    let witness = witness.map_or_else(String::new, |witness| format!("Found just now: {witness}\n"));
    format!(
        "{}\n## By machine\n\n{}\n## In the program\n\nStanding: {}. Verdict of the check: {}. Its control: {}.\n{witness}\n{}\n",
        statement.proof,
        if machine.is_empty() { "The proof is on paper alone.\n" } else { &machine },
        statement.standing.name(),
        verdict.name(),
        statement.control_is,
        code.join("\n"),
    )
    .trim_end()
    .to_owned()
}

/// Theorems and axioms in a paragraph, with the axioms' module names, which repeat, left out.
fn checked(proof: &MachineProof) -> String {
    let axioms: Vec<&str> = proof.axioms.iter().map(|axiom| axiom.rsplit('.').next().unwrap_or(axiom)).collect();
    format!(
        "Checked by Coq (proofs/Statements.v):\n\n- {}\n\nAxioms: {}.\n",
        proof.theorems.join("\n- "),
        axioms.join(", ")
    )
}
