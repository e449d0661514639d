use super::{Standing, Statement, Topic, catalogue};

const TOLERANCES: &str = include_str!("../../docs/tolerances.md");

/// How a statement was settled: its standing, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// True, and Coq has checked the proof.
    ProvedByMachine,
    /// True, by the proof on its page.
    ProvedOnPaper,
    /// False, and Coq has checked the refutation.
    RefutedByMachine,
    /// False, by the refutation on its page.
    RefutedOnPaper,
    /// Settled neither way.
    Open,
}

impl Status {
    /// All of them, from the surest to the least sure.
    pub const ALL: [Self; 5] =
        [Self::ProvedByMachine, Self::ProvedOnPaper, Self::RefutedByMachine, Self::RefutedOnPaper, Self::Open];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProvedByMachine => "proved by machine",
            Self::ProvedOnPaper => "proved on paper",
            Self::RefutedByMachine => "refuted by machine",
            Self::RefutedOnPaper => "refuted on paper",
            Self::Open => "open",
        }
    }
}

impl Statement {
    /// How it was settled.
    pub fn status(&self) -> Status {
        match (self.standing, self.machine_proofs().is_empty()) {
            (Standing::ProvedByMachine, _) => Status::ProvedByMachine,
            (Standing::Proved, _) => Status::ProvedOnPaper,
            (Standing::Refuted, false) => Status::RefutedByMachine,
            (Standing::Refuted, true) => Status::RefutedOnPaper,
            (Standing::Conjecture | Standing::Claimed, _) => Status::Open,
        }
    }

    /// A section of its page, without the heading.
    pub fn section(&self, heading: &str) -> Option<&'static str> {
        let (_, body) = self.proof.split_once(&format!("\n## {heading}\n"))?;
        Some(body.split("\n## ").next().unwrap_or(body).trim())
    }

    /// The statements on which this one rests: those that its page names in the statement, in the hypotheses,
    /// or in the proof up to its end sign. What it names elsewhere is to be compared, not used.
    ///
    /// # Example
    /// ```
    /// use ropelet::theorem::statement;
    ///
    /// let windows = statement("alibi-windows-have-zero-mean")?;
    /// assert_eq!(windows.depends_on()[0].id, "attention-rows-have-zero-mean");
    /// # Ok::<(), Vec<&str>>(())
    /// ```
    pub fn depends_on(&self) -> Vec<&'static Self> {
        let proof = self.section("Proof").unwrap_or_default();
        let proof = proof.split(r"\blacksquare").next().unwrap_or(proof);
        let used =
            [self.section("Statement").unwrap_or_default(), self.section("Hypotheses").unwrap_or_default(), proof];
        let names = |other: &Self| used.iter().any(|text| text.contains(&format!("`{}`", other.id)));
        catalogue().iter().filter(|other| other.id != self.id && names(other)).collect()
    }

    /// The statements that rest on this one.
    pub fn used_by(&self) -> Vec<&'static Self> {
        catalogue().iter().filter(|other| other.depends_on().iter().any(|used| used.id == self.id)).collect()
    }

    /// The bound of its check, as `docs/tolerances.md` has it, in Markdown.
    pub fn bound(&self) -> Option<&'static str> {
        TOLERANCES.lines().find_map(|line| {
            // A bar within a formula is written \|.
            let row = line.strip_prefix(&format!("| `{}` | ", self.id))?;
            let end = row.match_indices(" | ").find(|(at, _)| !row[..*at].ends_with('\\'))?.0;
            Some(&row[..end])
        })
    }
}

impl Topic {
    /// Its statements, in reading order.
    pub fn statements(self) -> impl Iterator<Item = &'static Statement> {
        catalogue().iter().filter(move |statement| statement.topic == self)
    }
}
