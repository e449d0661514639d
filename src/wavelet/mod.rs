//! Mother wavelets in closed form, discrete wavelets from their defining equations, admissibility, and
//! the Haar-type rotary matrix.
//!
//! One file per function. Every number of a [`MotherWavelet`] is a closed form; quadrature and
//! published values only confirm it, in the tests; only those of a function that a user gives
//! ([`FromSpectrum`], [`FromSamples`]) are sums and quadratures. `docs/conventions.md` lists the formulas side
//! by side, with the factors by which other tools differ.

mod analytic_derivative_of_gaussian;
mod analytic_morlet;
mod derivative_of_gaussian;
mod discrete;
mod error;
mod family;
mod frequency_b_spline;
mod from_samples;
mod from_spectrum;
mod gaussian;
mod haar;
mod haar_like;
mod morlet;
mod morse;
mod mother;
mod paul;
mod ricker;
mod rotary_matrix;

pub use analytic_derivative_of_gaussian::AnalyticDerivativeOfGaussian;
pub use analytic_morlet::AnalyticMorlet;
pub use derivative_of_gaussian::DerivativeOfGaussian;
pub use discrete::{DiscreteFamily, DiscreteWavelet, Refinement, Side};
pub use error::WaveletError;
pub use family::{Family, Parameters, by_name};
pub use frequency_b_spline::FrequencyBSpline;
pub use from_samples::FromSamples;
pub use from_spectrum::FromSpectrum;
pub use gaussian::Gaussian;
pub use haar::Haar;
pub use haar_like::{HaarLike, Mean, Part, PhasePair};
pub use morlet::Morlet;
pub use morse::Morse;
pub use mother::{Admissibility, MotherWavelet};
pub use paul::Paul;
pub use ricker::Ricker;
pub use rotary_matrix::{RotaryMatrix, RotaryMatrixError, Shift};
