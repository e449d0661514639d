use rayon::prelude::*;
use serde::{Serialize, Serializer};

use super::{Case, Finding, Standing, Statement, Verdict};

/// What a verification covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Seed of the random cases.
    pub seed: u64,
    /// Random cases per statement, beside the fixed grid.
    pub cases: usize,
    /// Largest head dimension, at least 2.
    pub largest_dim: usize,
    /// Largest `|m|`, positive and finite.
    pub largest_position: f64,
}

impl Default for Settings {
    /// 48 random cases, heads of up to 256 coordinates, positions up to `2^20`, seed 0.
    fn default() -> Self {
        Self { seed: 0, cases: 48, largest_dim: 256, largest_position: 1_048_576.0 }
    }
}

/// The outcome for every statement, in the order given.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// One entry per statement.
    pub statements: Vec<Outcome>,
    /// Whether every outcome is as expected.
    pub ok: bool,
}

/// What the check of one statement came to.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The statement's id.
    pub id: &'static str,
    /// The statement in one sentence.
    pub title: &'static str,
    /// What is known of it.
    pub standing: Standing,
    /// What the check found.
    pub verdict: Verdict,
    /// The observed error: the one nearest to its bound, or the witness's.
    pub error: Option<f64>,
    /// What rounding and truncation explain there.
    pub bound: Option<f64>,
    /// `error / bound`; absent where infinite (a nonzero error under an exact bound).
    #[serde(serialize_with = "finite")]
    pub ratio: Option<f64>,
    /// Whether the control came out the opposite way, as it must.
    pub control: Control,
    /// Whether verdict and control fit the standing.
    pub expected: bool,
    /// The refuting case in words, or why nothing is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<String>,
}

/// Whether the variant of opposite truth value was told apart from the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// It came out the opposite way: the check can tell.
    Rejected,
    /// It did not: the check proves nothing.
    Accepted,
}

/// Checks these statements and their controls, each on the grid and on the random cases.
///
/// The work is spread over threads by case; findings are folded in the order of the cases, so that
/// the report does not depend on the number of threads.
///
/// # Panics
/// When the settings allow no position: a negative or infinite largest one, or a NaN.
///
/// # Example
/// ```
/// use ropelet::theorem::{Settings, catalogue, verify};
///
/// let settings = Settings { cases: 2, largest_dim: 8, ..Settings::default() };
/// let first = &catalogue()[..1];
/// assert!(verify(first, settings).ok);
/// ```
pub fn verify(statements: &[Statement], settings: Settings) -> Report {
    let limit = settings.largest_position;
    assert!(limit.is_finite() && limit >= 0.0, "there is no position of at most {limit}");
    let mut cases = Case::grid(settings.largest_dim, settings.largest_position);
    cases.extend((0..settings.cases as u64).map(|i| {
        // The golden ratio's multiples keep the streams of neighbouring seeds apart.
        let seed = settings.seed.wrapping_add(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Case::draw(seed, settings.largest_dim, settings.largest_position)
    }));
    let jobs: Vec<(&Statement, &Case)> =
        statements.iter().flat_map(|statement| cases.iter().map(move |case| (statement, case))).collect();
    let findings: Vec<(Finding, Finding)> =
        jobs.par_iter().map(|(statement, case)| ((statement.check)(case), (statement.control)(case))).collect();
    let statements: Vec<Outcome> = statements
        .iter()
        .zip(findings.chunks(cases.len()))
        .map(|(statement, findings)| {
            let (checks, controls): (Vec<_>, Vec<_>) = findings.iter().cloned().unzip();
            Outcome::new(statement, all(checks), all(controls))
        })
        .collect();
    Report { ok: statements.iter().all(|outcome| outcome.expected), statements }
}

/// The finding on all cases; there is at least the grid.
fn all(findings: Vec<Finding>) -> Finding {
    findings.into_iter().reduce(Finding::and).expect("the grid is not empty")
}

impl Outcome {
    fn new(statement: &Statement, finding: Finding, control: Finding) -> Self {
        let agreement = finding.agreement();
        let verdict = finding.verdict();
        let control =
            if control.verdict() == statement.standing.control() { Control::Rejected } else { Control::Accepted };
        Self {
            id: statement.id,
            title: statement.title,
            standing: statement.standing,
            verdict,
            error: agreement.map(|agreement| agreement.error),
            bound: agreement.map(|agreement| agreement.bound.total()),
            ratio: agreement.map(|agreement| agreement.ratio()),
            control,
            expected: statement.standing.allows(verdict) && control == Control::Rejected,
            witness: match finding {
                Finding::Agrees(_) => None,
                Finding::Refuted { witness, .. } => Some(witness),
                Finding::Undecided { why } => Some(why),
            },
        }
    }
}

/// JSON has no infinity.
fn finite<S: Serializer>(ratio: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    ratio.filter(|ratio| ratio.is_finite()).serialize(serializer)
}
