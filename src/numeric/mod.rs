//! Rounding-error bounds, agreement of tables, quadrature: what every check stands on.
//!
//! A tolerance in this crate is never a bare constant. It is a [`Bound`] with two parts, rounding
//! (unit roundoff times an operation count and the sizes involved) and truncation (what a finite
//! sum, grid or interval leaves out), derived beside the check that uses it.

mod agreement;
mod bound;
mod eigenvalues;
#[cfg(feature = "certify")]
mod enclosure;
mod faddeeva;
mod fixed;
mod lerch;
mod pairing;
mod parabola;
mod quadrature;
mod real;
mod sine_integral;
#[cfg(feature = "certify")]
mod special_functions;
#[cfg(feature = "certify")]
mod verified_quadrature;

pub use agreement::{Agreement, compare, compare_with};
pub use bound::{Bound, gamma};
pub use eigenvalues::{eigenvalue_error, symmetric_eigenvalues};
#[cfg(feature = "certify")]
pub use enclosure::Enclosure;
pub use faddeeva::{dawson, faddeeva};
pub use fixed::Fixed;
pub use lerch::lerch;
pub use pairing::Pairing;
pub use parabola::vertex;
pub use quadrature::{Integral, integrate, integrate_half_line, integrate_line};
pub use real::Real;
pub use sine_integral::sine_cosine_integral;
#[cfg(feature = "certify")]
pub use verified_quadrature::{Around, GaussLegendre};
