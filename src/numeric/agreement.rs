use serde::Serialize;

use super::Bound;

/// How two tables agree: the entry where the error uses up most of its bound.
///
/// An error that is not a number, or larger than its bound, is disagreement; there is no way to
/// build an `Agreement` that holds by accident of a NaN.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// `|observed - expected|` at the worst entry.
    pub error: f64,
    /// The bound at that entry.
    pub bound: Bound,
    /// Index of the worst entry, in the order compared.
    pub at: usize,
    /// Number of entries compared.
    pub count: usize,
}

impl Agreement {
    /// Agreement of one number with another.
    pub fn of(observed: f64, expected: f64, bound: Bound) -> Self {
        Self { error: distance(observed, expected), bound, at: 0, count: 1 }
    }

    /// `error / bound`: at most 1 where the tables agree. 0 for two equal numbers under an exact
    /// bound; infinite where a nonzero error meets a zero bound, or the error is not a number.
    pub fn ratio(&self) -> f64 {
        let bound = self.bound.total();
        if self.error == 0.0 && bound >= 0.0 {
            0.0
        } else if self.error.is_nan() || bound.is_nan() || bound == 0.0 {
            f64::INFINITY
        } else {
            self.error / bound
        }
    }

    /// Whether every entry lies within its bound.
    pub fn holds(&self) -> bool {
        self.ratio() <= 1.0
    }

    /// The worse of two agreements; `at` of the second is counted on from the end of the first.
    pub fn worst(self, other: Self) -> Self {
        let count = self.count + other.count;
        if other.ratio() > self.ratio() {
            Self { at: self.count + other.at, count, ..other }
        } else {
            Self { count, ..self }
        }
    }
}

/// Compares two tables of the same length under one bound.
///
/// # Panics
/// When the lengths differ or the tables are empty: a comparison of nothing proves nothing.
pub fn compare(observed: &[f64], expected: &[f64], bound: Bound) -> Agreement {
    compare_with(observed, expected, |_| bound)
}

/// Compares two tables of the same length, each entry under a bound of its own.
///
/// # Panics
/// When the lengths differ or the tables are empty.
pub fn compare_with(observed: &[f64], expected: &[f64], bound: impl Fn(usize) -> Bound) -> Agreement {
    assert_eq!(observed.len(), expected.len(), "tables of different length cannot be compared");
    observed
        .iter()
        .zip(expected)
        .enumerate()
        .map(|(at, (&o, &e))| Agreement { at, ..Agreement::of(o, e, bound(at)) })
        .reduce(|worst, next| if next.ratio() > worst.ratio() { next } else { worst })
        .map(|worst| Agreement { count: observed.len(), ..worst })
        .expect("empty tables cannot be compared")
}

/// Infinities of the same sign are equal here; any NaN is at a NaN distance from everything.
fn distance(observed: f64, expected: f64) -> f64 {
    if observed == expected { 0.0 } else { (observed - expected).abs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_entry_is_the_one_that_uses_most_of_its_bound() {
        let bounds = [1.0, 0.1];
        let agreement = compare_with(&[0.5, 0.06], &[0.0, 0.0], |i| Bound::rounding(bounds[i]));
        assert_eq!((agreement.at, agreement.error), (1, 0.06));
        assert!(agreement.holds());
    }

    #[test]
    fn nan_never_agrees() {
        for (observed, expected) in [(f64::NAN, 0.0), (0.0, f64::NAN), (f64::NAN, f64::NAN)] {
            assert!(!Agreement::of(observed, expected, Bound::rounding(f64::MAX)).holds());
        }
        assert!(!Agreement::of(0.0, 1.0, Bound::rounding(f64::NAN)).holds());
    }

    #[test]
    fn an_exact_bound_means_equality() {
        assert!(Agreement::of(1.0, 1.0, Bound::EXACT).holds());
        assert!(!Agreement::of(1.0, 1.0 + f64::EPSILON, Bound::EXACT).holds());
    }

    #[test]
    fn the_worse_of_two_keeps_its_place() {
        let good = compare(&[0.0, 0.0], &[0.0, 0.0], Bound::rounding(1.0));
        let bad = compare(&[0.0, 2.0], &[0.0, 0.0], Bound::rounding(1.0));
        let worst = good.worst(bad);
        assert_eq!((worst.at, worst.count), (3, 4));
        assert!(!worst.holds());
    }

    #[test]
    #[should_panic(expected = "empty")]
    fn nothing_agrees_with_nothing() {
        compare(&[], &[], Bound::EXACT);
    }
}
