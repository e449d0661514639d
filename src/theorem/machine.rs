use serde::Serialize;

use super::Statement;

/// Written by `proofs/audit` from what Coq prints: on each line an id, theorems of
/// `proofs/Statements.v`, and the axioms on which they rest, with colons between.
const AUDITED: &str = include_str!("../../proofs/theorems.txt");
const STATEMENTS: &str = include_str!("../../proofs/Statements.v");
const DEFINITIONS: &str = include_str!("../../proofs/Definitions.v");

/// Theorems about one statement that Coq has checked, and what they take for granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MachineProof {
    /// Names in `proofs/Statements.v`.
    pub theorems: Vec<&'static str>,
    /// Axioms of Coq's library: those of its real numbers, and for what is computed in intervals
    /// those of machine integers.
    pub axioms: Vec<&'static str>,
}

/// A theorem of `proofs/Statements.v` or a definition of `proofs/Definitions.v`, as it is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CoqText {
    /// Its name.
    pub name: &'static str,
    /// The remark above it; empty where there is none.
    pub remark: &'static str,
    /// From its keyword to its full stop.
    pub text: &'static str,
}

/// What theorems take for granted: axioms of Coq's own library, under one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Axioms {
    /// The letter that tables use.
    pub letter: char,
    /// Their names; of machine numbers those of the modules.
    pub names: &'static [&'static str],
    /// What they say.
    pub meaning: &'static str,
}

/// All that any theorem here may rest on, as the list in `proofs/audit` has it.
pub const AXIOMS: [Axioms; 5] = [
    Axioms {
        letter: 'N',
        names: &["ClassicalDedekindReals.sig_not_dec"],
        meaning: "it can be told whether the negation of a proposition holds; of the real numbers",
    },
    Axioms {
        letter: 'A',
        names: &["ClassicalDedekindReals.sig_forall_dec"],
        meaning: "it can be told whether a decidable property holds of all natural numbers; of the real numbers",
    },
    Axioms {
        letter: 'E',
        names: &["FunctionalExtensionality.functional_extensionality_dep"],
        meaning: "functions with equal values are equal",
    },
    Axioms { letter: 'C', names: &["Classical_Prop.classic"], meaning: "every proposition holds or does not" },
    Axioms {
        letter: 'M',
        names: &["FloatAxioms", "PrimFloat", "PrimInt63", "Uint63"],
        meaning: "the machine's integers and floats are as specified; only of what is computed in intervals",
    },
];

impl MachineProof {
    /// The letters of [`AXIOMS`] on which these theorems rest.
    ///
    /// # Example
    /// ```
    /// use ropelet::theorem::statement;
    ///
    /// assert_eq!(statement("haar-type-matrix-equals-rope")?.machine_proofs()[0].letters(), "N A E");
    /// # Ok::<(), Vec<&str>>(())
    /// ```
    pub fn letters(&self) -> String {
        let used = AXIOMS.iter().filter(|axioms| axioms.names.iter().any(|name| self.axioms.contains(name)));
        used.map(|axioms| axioms.letter.to_string()).collect::<Vec<_>>().join(" ")
    }
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

    /// The theorems of `proofs/Statements.v` under this id, in order, as they are stated there.
    pub fn coq_theorems(&self) -> Vec<CoqText> {
        let heading = format!("(** * {} *)\n", self.id);
        let body = STATEMENTS.split_once(&heading).map_or("", |(_, rest)| rest);
        // Every proof is one line, which ends the theorem.
        let chapter = body.split("\n(** * ").next().unwrap_or(body);
        items(chapter, &["Theorem "]).collect()
    }
}

/// The definitions of `proofs/Definitions.v`, in order.
pub fn coq_definitions() -> Vec<CoqText> {
    items(DEFINITIONS, &["Definition ", "Fixpoint "]).collect()
}

impl CoqText {
    /// The definitions that the text names, in their order; of a definition not itself.
    pub fn uses(&self) -> Vec<CoqText> {
        let words: Vec<&str> = coq_words(self.text).filter(|(is_word, _)| *is_word).map(|(_, word)| word).collect();
        coq_definitions().into_iter().filter(|found| found.name != self.name && words.contains(&found.name)).collect()
    }
}

/// Cuts a text of Coq into words and what lies between them; the flag says which a piece is.
pub fn coq_words(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = is_word(rest.chars().next()?);
        let end = rest.find(|c| is_word(c) != word).unwrap_or(rest.len());
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some((word, piece))
    })
}

/// What begins with one of the keywords at the start of a line, up to the next blank line, proof or item.
fn items(text: &'static str, keywords: &'static [&'static str]) -> impl Iterator<Item = CoqText> {
    let begins = move |line: &str| keywords.iter().any(|keyword| line.starts_with(keyword));
    let mut at = 0;
    let starts: Vec<usize> = text
        .split_inclusive('\n')
        .filter_map(|line| {
            let start = at;
            at += line.len();
            begins(line).then_some(start)
        })
        .collect();
    starts.into_iter().map(move |start| {
        let rest = &text[start..];
        let after = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let mut end = after;
        for line in rest[after..].split_inclusive('\n') {
            if line.trim().is_empty() || line.starts_with("Proof") || line.starts_with("(**") || begins(line) {
                break;
            }
            end += line.len();
        }
        let body = rest[..end].trim_end();
        let name = body.split_whitespace().nth(1).unwrap_or_default().trim_end_matches(':');
        let above = text[..start].trim_end_matches(' ');
        let remark = above
            .strip_suffix("*)\n")
            .and_then(|above| above.rsplit_once("(** "))
            .map_or("", |(_, remark)| remark.trim());
        CoqText { name, remark, text: body }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theorem::{catalogue, statement};

    #[test]
    fn every_theorem_is_found_with_its_text() {
        for statement in catalogue() {
            let named: usize = statement.machine_proofs().iter().map(|proof| proof.theorems.len()).sum();
            let found = statement.coq_theorems();
            assert_eq!(found.len(), named, "{}", statement.id);
            for theorem in &found {
                assert!(theorem.text.starts_with("Theorem ") && theorem.text.ends_with('.'), "{theorem:?}");
                assert!(!theorem.text.contains("Proof"), "{theorem:?}");
            }
        }
    }

    #[test]
    fn every_axiom_has_its_letter() {
        let known: Vec<&str> = AXIOMS.iter().flat_map(|axioms| axioms.names.iter().copied()).collect();
        let proofs: Vec<MachineProof> = catalogue().iter().flat_map(Statement::machine_proofs).collect();
        assert!(proofs.iter().all(|proof| proof.axioms.iter().all(|name| known.contains(name))));
        assert!(proofs.iter().any(|proof| proof.letters().contains('M')));
    }

    #[test]
    fn a_theorem_names_the_definitions_that_it_uses() {
        let [first, ..] = &statement("haar-type-matrix-equals-rope").unwrap().coq_theorems()[..] else { panic!() };
        let uses: Vec<&str> = first.uses().iter().map(|definition| definition.name).collect();
        assert_eq!(uses, ["turns", "rope", "haar_type_matrix"]);
        let prime = coq_definitions().into_iter().find(|definition| definition.name == "psi'").unwrap();
        assert_eq!(prime.remark, "sin f on [0, 1), cos f on [1, 2), and 0 elsewhere.");
        assert!(prime.text.ends_with("cos (f t) else 0."), "{}", prime.text);
    }
}
