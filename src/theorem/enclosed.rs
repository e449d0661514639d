use serde::Serialize;

use super::Statement;

/// A number, or a table of entries, that `verify --certified` encloses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Enclosed {
    /// Of what: the name of a wavelet, with parameters where one choice alone is meant; of a sum or a function; or `entries`.
    pub of: &'static str,
    /// Which number of it, or which way of computing entries.
    pub quantity: &'static str,
}

const fn enclosed(of: &'static str, quantity: &'static str) -> Enclosed {
    Enclosed { of, quantity }
}

/// What is enclosed of each statement. That all of it is, and nothing beside it but the numbers of wavelets of which no
/// statement speaks, the tests of the feature `certify` say.
static ENCLOSED: [(&str, &[Enclosed]); 15] = [
    ("haar-type-matrix-equals-rope", &[enclosed("entries", "universal"), enclosed("entries", "rotation")]),
    ("published-form-equals-rope", &[enclosed("entries", "published")]),
    ("haar-like-pair-has-zero-mean", &[enclosed("haar-like", "mean"), enclosed("haar-like-prime", "mean")]),
    ("haar-like-pair-is-orthonormal", &[enclosed("haar-like", "energy"), enclosed("haar-like-prime", "energy")]),
    ("haar-like-constant-has-a-closed-form", &[enclosed("haar-like", "C_psi"), enclosed("haar-like-prime", "C_psi")]),
    ("haar-constant-is-two-ln-two", &[enclosed("haar", "C_psi")]),
    ("ricker-constant-is-two-pi", &[enclosed("ricker", "C_psi")]),
    ("gaussian-is-admissible", &[enclosed("gaussian", "mean")]),
    ("uncorrected-morlet-is-admissible", &[enclosed("morlet-uncorrected", "mean")]),
    (
        "gaussian-spreads-multiply-to-one-half",
        &[enclosed("gaussian", "time spread"), enclosed("gaussian", "frequency spread")],
    ),
    (
        "ricker-spreads-multiply-to-1-708",
        &[
            enclosed("ricker", "time spread"),
            enclosed("ricker", "frequency spread"),
            enclosed("analytic-dog (order = 2)", "frequency spread"),
        ],
    ),
    ("ricker-samples-sum-to-their-aliases", &[enclosed("ricker samples", "sum over Z")]),
    ("causal-ricker-sums-to-half-its-centre", &[enclosed("ricker samples", "causal sum")]),
    ("ricker-kernel-ends-at-its-reach", &[enclosed("ricker kernel", "reach in scales")]),
    (
        "position-is-best-told-at-3-657-radians",
        &[enclosed("position variance", "best turn"), enclosed("position variance", "largest value")],
    ),
];

impl Enclosed {
    /// Whether this stands for that number of that thing, whose name may have parameters behind it.
    pub fn is(&self, of: &str, quantity: &str) -> bool {
        let is_same = of.strip_prefix(self.of).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("));
        is_same && quantity == self.quantity
    }

    /// In words.
    pub fn name(&self) -> String {
        format!("{} of {}", self.quantity, self.of)
    }
}

impl Statement {
    /// What `verify --certified` encloses of this statement: it is certified where there is something.
    ///
    /// # Example
    /// ```
    /// use ropelet::theorem::statement;
    ///
    /// let [constant] = statement("haar-constant-is-two-ln-two")?.enclosed() else { panic!() };
    /// assert_eq!(constant.name(), "C_psi of haar");
    /// # Ok::<(), Vec<&str>>(())
    /// ```
    pub fn enclosed(&self) -> &'static [Enclosed] {
        ENCLOSED.iter().find(|(id, _)| *id == self.id).map_or(&[], |(_, numbers)| numbers)
    }

    /// The statement of which this number is a part.
    #[cfg(feature = "certify")]
    pub(super) fn of_enclosed(of: &str, quantity: &str) -> Option<&'static str> {
        ENCLOSED.iter().find(|(_, numbers)| numbers.iter().any(|number| number.is(of, quantity))).map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theorem::{catalogue, statement};

    #[test]
    fn every_enclosed_statement_is_in_the_catalogue_in_its_order() {
        let listed: Vec<&str> = ENCLOSED.iter().map(|(id, _)| *id).collect();
        let ordered: Vec<&str> =
            catalogue().iter().map(|statement| statement.id).filter(|id| listed.contains(id)).collect();
        assert_eq!(listed, ordered);
        assert!(statement("published-phase-is-monotone").unwrap().enclosed().is_empty());
    }

    #[test]
    fn parameters_do_not_change_a_name_and_another_name_does() {
        let number = enclosed("haar", "C_psi");
        assert!(number.is("haar", "C_psi") && number.is("haar (width = 1)", "C_psi"));
        assert!(!number.is("haar", "mean") && !number.is("haar-like (cycles = 1)", "C_psi"));
    }
}
