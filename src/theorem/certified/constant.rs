use serde::Serialize;

use crate::numeric::{Enclosure, Real};
use crate::theorem::{Control, Statement};

/// A number of the catalogue, enclosed in two ways that have nothing in common.
#[derive(Debug, Clone, Serialize)]
pub struct Constant {
    /// Of what: a wavelet with its parameters, or a sum.
    pub of: String,
    /// Which number of it.
    pub quantity: &'static str,
    /// The statement of which it is a part, if one speaks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<&'static str>,
    /// Its closed form in ball arithmetic; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<Ball>,
    /// The other way.
    pub other: Ball,
    /// Which way that is.
    pub by: Method,
    /// Whether the two enclosures meet.
    pub meets: bool,
    /// The number as the program has it.
    pub value: f64,
    /// At least its distance from the true one.
    pub error: f64,
    /// What is stated for it.
    pub bound: f64,
    /// Whether the number moved by a part in 10⁹ (both of them, and that of the program beyond its bound) is refused.
    pub control: Control,
    /// Whether all of this holds.
    pub certified: bool,
}

/// A number to 25 digits, and how far it may be from the true one.
#[derive(Debug, Clone, Serialize)]
pub struct Ball {
    /// The digits.
    pub centre: String,
    /// The distance.
    pub radius: f64,
}

/// How a number is enclosed beside its closed form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// An integral by Gauss and Legendre's rule with a proved remainder.
    Quadrature,
    /// A change of sign, halved.
    Sign,
    /// A sum of terms, with a bound on those left out.
    Sum,
}

impl Method {
    /// The word that tables use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quadrature => "quadrature",
            Self::Sign => "sign",
            Self::Sum => "sum",
        }
    }
}

impl Ball {
    fn of(enclosure: &Enclosure) -> Self {
        let (centre, radius) = enclosure.decimal();
        Self { centre, radius }
    }
}

/// A number of the program, and by how many unit roundoffs of itself it may be off.
pub(super) struct Stated {
    pub(super) value: f64,
    pub(super) roundoffs: f64,
}

impl Constant {
    pub(super) fn new(
        of: &str,
        quantity: &'static str,
        closed: Option<Enclosure>,
        (by, other): (Method, Enclosure),
        stated: Stated,
    ) -> Self {
        let Stated { value, roundoffs } = stated;
        let bound = roundoffs * f64::UNIT_ROUNDOFF * value.abs();
        let best = closed.as_ref().unwrap_or(&other);
        let error = best.farthest_from(value);
        let meets = closed.as_ref().is_none_or(|closed| closed.meets(&other));
        // The controls: a closed form that is off by 1e-9 must not meet, and a value that is off by that or by
        // three bounds must be refused.
        let off = 1e-9 * value.abs().max(1.0);
        let moved = closed.as_ref().map(|closed| closed + &Enclosure::of(off));
        let is_told = moved.is_none_or(|moved| !moved.meets(&other))
            && best.farthest_from(value + off.max(3.0 * bound)) > bound
            && best.farthest_from(value + (3.0 * bound).max(f64::MIN_POSITIVE.sqrt())) > bound;
        let control = if is_told { Control::Rejected } else { Control::Accepted };
        Self {
            of: of.into(),
            quantity,
            statement: Statement::of_enclosed(of, quantity),
            other: Ball::of(&other),
            by,
            meets,
            value,
            error,
            bound,
            control,
            certified: meets && other.radius().is_finite() && error <= bound && control == Control::Rejected,
            closed: closed.as_ref().map(Ball::of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(closed: f64, other: Enclosure, value: f64) -> Constant {
        let stated = Stated { value, roundoffs: 2.0 };
        Constant::new("a test", "number", Some(Enclosure::of(closed)), (Method::Sum, other), stated)
    }

    #[test]
    fn what_is_wrong_or_unknown_is_not_certified() {
        assert!(constant(1.5, Enclosure::of(1.5).widened(1e-12), 1.5).certified);
        // The two ways differ, the program's number is off, too little is known, nothing is known.
        assert!(!constant(1.5, Enclosure::of(1.5 + 1e-11).widened(1e-12), 1.5).certified);
        assert!(!constant(1.5, Enclosure::of(1.5).widened(1e-12), 1.5 + 1e-15).certified);
        assert!(!constant(1.5, Enclosure::of(1.5).widened(1e-8), 1.5).certified);
        assert!(!constant(1.5, Enclosure::of(f64::NAN), 1.5).certified);
        assert!(!constant(1.5, Enclosure::of(1.5), f64::NAN).certified);
        assert!(constant(0.0, Enclosure::of(0.0).widened(1e-20), 0.0).certified);
        assert!(!constant(0.0, Enclosure::of(0.0).widened(1e-20), 1e-300).certified);
    }
}
