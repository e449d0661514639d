//! The catalogue of statements about RoPE and wavelets, and how each is checked.
//!
//! A [`Statement`] has an id, a standing (what is known of it), a proof page, and a [check]: a
//! function from a [`Case`] (head size, position, frequencies, phase) to a [`Finding`]. The
//! program's `verify` runs it over a fixed grid and seeded random cases, the property tests over
//! shrinking ones; both call the same function. Its [control] is a variant of the opposite truth
//! value, and must come out the opposite way: a check that could not fail would prove nothing.
//!
//! [check]: Statement::check
//! [control]: Statement::control

mod admissibility;
mod bands;
mod case;
mod catalogue;
#[cfg(feature = "certify")]
pub mod certified;
mod enclosed;
mod entropy;
mod filter_bank;
mod finding;
mod gains;
mod lag_table;
mod machine;
mod matrix;
mod page;
mod phase;
mod reference;
mod scaling;
mod score;
mod statement;
mod topic;
mod uncertainty;
mod verify;
mod windows;

pub use case::Case;
pub use catalogue::{catalogue, statement};
pub use enclosed::Enclosed;
pub use finding::{Finding, Verdict};
pub use machine::{AXIOMS, Axioms, CoqText, MachineProof, coq_definitions, coq_words};
pub use page::Status;
pub use reference::{BIBLIOGRAPHY, Reference, references};
pub use statement::{Source, Standing, Statement};
pub use topic::Topic;
pub use verify::{Control, Outcome, Report, Settings, verify};
