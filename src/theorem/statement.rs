use serde::Serialize;

use super::{Case, Finding, Topic, Verdict};

/// One claim, with everything that stands behind it.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    /// Says the claim in a few words, in kebab-case: the name of its proof page and of its tests.
    pub id: &'static str,
    /// The claim in one sentence.
    pub title: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// What is known of it.
    pub standing: Standing,
    /// What the claim supposes.
    pub hypotheses: &'static [&'static str],
    /// Where it is said, or what its proof rests on.
    pub sources: &'static [Source],
    /// The code that it is about: a file of the repository, `#`, and an item in it.
    pub code: &'static [&'static str],
    /// The page `proofs/<id>.md`.
    pub proof: &'static str,
    /// Checks the claim in one case.
    pub check: fn(&Case) -> Finding,
    /// The same check of a variant with the opposite truth value.
    pub control: fn(&Case) -> Finding,
    /// What the variant is.
    pub control_is: &'static str,
}

/// What is known of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Proved on its page.
    Proved,
    /// Proved by a proof assistant, all of it: see [`Statement::machine_proofs`].
    ProvedByMachine,
    /// Believed, with nothing found against it.
    Conjecture,
    /// False, with a witness.
    Refuted,
    /// Said in a paper, and settled neither way here.
    Claimed,
}

/// A place in the literature: a key of docs/references.bib, and the section or equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The key.
    pub key: &'static str,
    /// Where in it.
    pub place: &'static str,
}

impl Standing {
    /// Whether a check may end in this verdict without contradicting what is known.
    ///
    /// A proof and a refutation leave one verdict each; a doubt about either is a contradiction
    /// too, since the check was made to decide it.
    pub fn allows(self, verdict: Verdict) -> bool {
        match self {
            Self::Proved | Self::ProvedByMachine => verdict == Verdict::Agrees,
            Self::Refuted => verdict == Verdict::Refuted,
            Self::Conjecture => verdict != Verdict::Refuted,
            Self::Claimed => true,
        }
    }

    /// The verdict that the control must end in: the opposite of the claim's.
    pub fn control(self) -> Verdict {
        match self {
            Self::Refuted => Verdict::Agrees,
            Self::Proved | Self::ProvedByMachine | Self::Conjecture | Self::Claimed => Verdict::Refuted,
        }
    }

    /// The words that tables and JSON use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::ProvedByMachine => "proved-by-machine",
            Self::Conjecture => "conjecture",
            Self::Refuted => "refuted",
            Self::Claimed => "claimed",
        }
    }
}
