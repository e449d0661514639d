use clap::Args;
use serde::Serialize;

use super::certified::{self, Certified};
use super::output::{print, print_json};
use super::{Common, Failure, Outcome};
use crate::theorem::{self, Control, Report, Settings, Statement, catalogue, statement};

/// Check the statements of the catalogue
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Statements to check [default: all of them]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    certified: certified::Arguments,
}

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    certified: Option<&'a Certified>,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let chosen = arguments.ids.iter().map(|id| find(id).copied()).collect::<Result<Vec<_>, _>>()?;
    let statements = if chosen.is_empty() { catalogue() } else { &chosen };
    // First, since it may refuse to run at all.
    let certified = arguments.certified.certified.then(|| certified::run(&arguments.certified, common)).transpose()?;
    let mut report = theorem::verify(statements, Settings { seed: common.seed, ..Settings::default() });
    report.ok &= certified.as_ref().is_none_or(Certified::ok);
    if common.json {
        print_json(&Json { schema: "ropelet.verify/1", report: &report, certified: certified.as_ref() })?;
    } else {
        let certified = certified.map(|certified| certified.table()).unwrap_or_default();
        print(&format!("{}{certified}", table(&report)))?;
    }
    Ok(outcome(&report))
}

/// Contradicted as soon as one statement is.
pub(super) fn outcome(report: &Report) -> Outcome {
    if report.ok { Outcome::Success } else { Outcome::Contradicted }
}

/// The statement of this id.
pub(super) fn find(id: &str) -> Result<&'static Statement, Failure> {
    statement(id)
        .map_err(|near| Failure::new(format!("no statement is called `{id}`; the nearest are {}", near.join(", "))))
}

/// The statements as aligned columns, then one line on the whole and on every contradiction.
fn table(report: &Report) -> String {
    let header = ["statement", "standing", "verdict", "error", "bound", "error/bound", "control"].map(String::from);
    let number = |value: Option<f64>| match value {
        None => "-".into(),
        Some(0.0) => "0".into(),
        Some(value) => format!("{value:.1e}"),
    };
    let rows: Vec<[String; 7]> = std::iter::once(header)
        .chain(report.statements.iter().map(|outcome| {
            [
                outcome.id.into(),
                outcome.standing.name().into(),
                outcome.verdict.name().into(),
                number(outcome.error),
                number(outcome.bound),
                number(outcome.ratio),
                if outcome.control == Control::Rejected { "rejected" } else { "ACCEPTED" }.into(),
            ]
        }))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = widths[column];
                if (3..6).contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect();
    lines.push(String::new());
    let contradicted: Vec<_> = report.statements.iter().filter(|outcome| !outcome.expected).collect();
    for outcome in &contradicted {
        let reason = match (&outcome.witness, outcome.control) {
            (Some(witness), _) => witness.clone(),
            (None, Control::Accepted) => "the check does not tell the control from the claim".into(),
            (None, Control::Rejected) => "no case refutes it".into(),
        };
        lines.push(format!("CONTRADICTED  {}: {reason}", outcome.id));
    }
    lines.push(match contradicted.len() {
        0 => format!("{} statements, each as expected", report.statements.len()),
        n => format!("{} statements, {n} not as expected", report.statements.len()),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit_code;

    fn exit(statements: &[Statement]) -> u8 {
        let report = theorem::verify(statements, Settings { cases: 0, ..Settings::default() });
        exit_code(&Ok(outcome(&report)))
    }

    #[test]
    fn a_wrong_statement_ends_in_exit_code_1() {
        let right = *find("sampled-gains-lie-on-a-circle").unwrap();
        assert_eq!(exit(&[right]), 0);
        // What is proved, said the other way round.
        let wrong = Statement { check: right.control, control: right.check, ..right };
        assert_eq!(exit(&[right, wrong]), 1);
        // A check that cannot fail.
        let blind = Statement { control: right.check, ..right };
        assert_eq!(exit(&[blind]), 1);
    }

    #[test]
    fn an_unknown_id_names_its_neighbours() {
        let error = find("monotone-phase").unwrap_err();
        assert!(error.to_string().contains("monotone-phase-is-impossible"), "{error}");
        assert_eq!(exit_code(&Err(error)), 2);
    }

    #[test]
    fn the_table_is_legible_in_120_columns() {
        let report = theorem::verify(catalogue(), Settings { cases: 0, largest_dim: 8, ..Settings::default() });
        let table = table(&report);
        assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
        assert_eq!(table.lines().count(), catalogue().len() + 3);
    }
}
