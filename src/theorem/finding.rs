use serde::Serialize;

use crate::numeric::Agreement;

/// What a check finds in one case, or in all of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// The observed error lies within what rounding and truncation explain.
    Agrees(Agreement),
    /// It does not.
    Refuted {
        /// The error and the bound that it exceeds.
        agreement: Agreement,
        /// The case and the numbers, in words.
        witness: String,
    },
    /// Neither can be said.
    Undecided {
        /// Why not.
        why: String,
    },
}

/// A [`Finding`] without its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The claim holds within its bound.
    Agrees,
    /// The claim fails by more than its bound.
    Refuted,
    /// Neither can be said.
    Undecided,
}

impl Finding {
    /// The verdict on one measured agreement, with the words for a witness should it fail.
    ///
    /// A number that is not one, on either side, decides nothing.
    pub fn of(agreement: Agreement, witness: impl FnOnce() -> String) -> Self {
        if agreement.error.is_nan() || agreement.bound.total().is_nan() {
            Self::Undecided { why: "the error or its bound is not a number".into() }
        } else if agreement.holds() {
            Self::Agrees(agreement)
        } else {
            Self::Refuted { agreement, witness: witness() }
        }
    }

    /// The finding on both claims: one refutation refutes, one doubt leaves in doubt, and of two
    /// agreements the worse counts. The first of two refutations is kept, since cases come with
    /// the simplest first.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Agrees(first), Self::Agrees(second)) => Self::Agrees(first.worst(second)),
            (refuted @ Self::Refuted { .. }, _) | (_, refuted @ Self::Refuted { .. }) => refuted,
            (undecided @ Self::Undecided { .. }, _) | (_, undecided @ Self::Undecided { .. }) => undecided,
        }
    }

    /// The verdict alone.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Agrees(_) => Verdict::Agrees,
            Self::Refuted { .. } => Verdict::Refuted,
            Self::Undecided { .. } => Verdict::Undecided,
        }
    }

    /// The numbers, where there are any.
    pub fn agreement(&self) -> Option<Agreement> {
        match self {
            Self::Agrees(agreement) | Self::Refuted { agreement, .. } => Some(*agreement),
            Self::Undecided { .. } => None,
        }
    }
}

/// An input that a constructor refuses: the claim cannot be checked there.
impl<E: std::error::Error> From<E> for Finding {
    fn from(error: E) -> Self {
        Self::Undecided { why: error.to_string() }
    }
}

/// Runs a check whose constructors may refuse the case, with `?` for each.
pub(super) fn attempt(check: impl FnOnce() -> Result<Finding, Finding>) -> Finding {
    match check() {
        Ok(finding) | Err(finding) => finding,
    }
}

impl Verdict {
    /// The word that tables and JSON use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Refuted => "refuted",
            Self::Undecided => "undecided",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Bound;

    fn finding(error: f64, bound: f64) -> Finding {
        Finding::of(Agreement::of(error, 0.0, Bound::rounding(bound)), || format!("{error}"))
    }

    #[test]
    fn a_nan_never_agrees_and_never_refutes() {
        for (error, bound) in [(f64::NAN, 1.0), (0.0, f64::NAN), (f64::NAN, f64::INFINITY)] {
            assert_eq!(finding(error, bound).verdict(), Verdict::Undecided);
        }
    }

    #[test]
    fn one_refutation_refutes_and_the_first_one_is_kept() {
        let all = finding(0.5, 1.0).and(Finding::Undecided { why: String::new() }).and(finding(2.0, 1.0));
        let Finding::Refuted { witness, .. } = all.and(finding(3.0, 1.0)) else { panic!() };
        assert_eq!(witness, "2");
        assert_eq!(finding(0.5, 1.0).and(finding(0.7, 1.0)).agreement().unwrap().error, 0.7);
        let doubt = finding(0.5, 1.0).and(Finding::Undecided { why: String::new() });
        assert_eq!(doubt.verdict(), Verdict::Undecided);
    }
}
