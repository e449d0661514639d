use serde::Serialize;

use super::Statement;

/// Written by `proofs/audit` from what Coq prints: on each line an id, theorems of
/// `proofs/Statements.v`, and the axioms on which they rest, with colons between.
const AUDITED: &str = include_str!("../../proofs/theorems.txt");

/// Theorems about one statement that Coq has checked, and what they take for granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MachineProof {
    /// Names in `proofs/Statements.v`.
    pub theorems: Vec<&'static str>,
    /// Axioms of Coq's library: those of its real numbers, and for what is computed in intervals
    /// those of machine integers.
    pub axioms: Vec<&'static str>,
}

impl Statement {
    /// What Coq has checked of this statement, or of its negation where it is refuted; nothing where
    /// the proof is on paper alone.
    ///
    /// # Example
    /// ```
    /// use ropelet::theorem::statement;
    ///
    /// let [proof] = &statement("monotone-phase-is-impossible")?.machine_proofs()[..] else { panic!() };
    /// assert!(proof.theorems.contains(&"monotone_phase_is_impossible"));
    /// # Ok::<(), Vec<&str>>(())
    /// ```
    pub fn machine_proofs(&self) -> Vec<MachineProof> {
        let words = |text: &'static str| text.split_whitespace().collect();
        AUDITED
            .lines()
            .filter_map(|line| line.strip_prefix(self.id)?.strip_prefix(": ")?.split_once(':'))
            .map(|(theorems, axioms)| MachineProof { theorems: words(theorems), axioms: words(axioms) })
            .collect()
    }
}
