//! Spectra, scale grids and the continuous wavelet transform of sampled signals.
//!
//! # The definition
//! For a signal `x(0..n)`, a scale `a > 0` in samples and every sample `b`,
//!
//! ```text
//! W(a, b) = c(a) Σ_t conj(psi((t - b)/a)) x(t),   c(a) = a^{-1/2} (l2) or 1/a (l1)
//! ```
//!
//! with `t` over all integers, and `x` continued beyond its ends as the [`Boundary`] says. This
//! sum, and not an integral that it approximates, is what every function here computes:
//! [`direct::cwt`] adds it up term by term, [`Cwt`] gets it from Fourier transforms of the sampled
//! wavelet, whose spectrum is `psihat` with its aliases. [`Cwt::error_bound`] says how far apart
//! the two may be.
//!
//! # Units
//! Time in samples, scales in samples, frequencies in cycles per sample. Tables of coefficients
//! are row-major, `[..., scales, samples]`.

mod aliasing;
mod aligned;
mod boundary;
mod butterfly;
mod coherence;
mod complex;
mod convolution;
mod cwt;
mod daughter;
mod decimated;
mod derivative;
pub mod direct;
mod dwt;
mod edge;
mod energy;
mod error;
mod extension;
mod fft;
mod filter;
mod filter_bank;
mod instructions;
mod inverse;
mod lanes;
mod norm;
mod packet;
mod path;
mod phase;
mod planner;
mod power_sum;
mod reconstruction;
mod red_noise;
mod ridge;
mod sample;
mod scale;
mod scalogram;
mod scratch;
mod significance;
mod spectrum;
mod stream;
mod swt;
mod synchrosqueezing;

pub use aliasing::{aliasing, clean_scale};
pub use boundary::Boundary;
pub use coherence::{Coherence, Coherent};
pub use complex::ComplexScratch;
pub use cwt::{Cwt, RowPlan};
pub use decimated::{DecimatedCwt, DecimatedRow};
pub use dwt::Dwt;
pub use energy::ScaleEnergy;
pub use error::SignalError;
pub use extension::Extension;
pub use filter_bank::{Band, EdgeSums, FilterBank};
pub use instructions::Instructions;
pub use inverse::{InverseCwt, Inversion};
#[cfg(feature = "model")]
pub(crate) use lanes::Lanes;
pub use norm::Norm;
pub use packet::{PacketOrder, PacketTree};
pub use path::Path;
pub use planner::CwtPlanner;
pub use power_sum::PowerSum;
pub use reconstruction::delta_constant;
pub use red_noise::{RedNoise, variance};
pub use ridge::{Ridge, RidgeOptions, RidgePoint, Ridges};
pub use sample::Sample;
pub use scale::{MAX_SCALE, MIN_SCALE, frequencies, octaves};
pub use scalogram::{Scalogram, cone_of_influence};
pub use scratch::Scratch;
pub use significance::{Significance, decorrelation_length, decorrelation_octaves};
pub use spectrum::{PowerSpectrum, Sides};
pub use stream::fill;
pub use swt::Swt;
pub use synchrosqueezing::Synchrosqueezing;
