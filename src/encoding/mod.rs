//! Positional encodings as data and as tables, in `f64`, without tensors.
//!
//! [`Encoding::named`] makes one from its name; a table here is the one that a model applies and
//! that a statement examines. Lags are `query - key ≥ 0`, positions start at 0. One file per encoding
//! holds its formula; `docs/encodings.md` lists them side by side.

mod additive;
mod alibi;
#[allow(clippy::module_inception)]
mod encoding;
mod error;
mod fire;
mod kerple;
mod lag_kernel;
mod lag_sign;
mod learned;
mod name;
mod parameters;
mod reference;
mod rotary;
mod rotary_kernel;
mod sampled_wavelet;
mod score_bias;
mod shaw;
mod sinusoid;
mod t5;
mod transformer_xl;
mod wavelet_kernel;

pub use additive::Additive;
pub use alibi::{alibi_bias, alibi_slopes};
pub use encoding::{Encoding, Table};
pub use error::EncodingError;
pub use fire::Fire;
pub use kerple::{Kerple, KerpleForm};
pub use lag_kernel::LagKernel;
pub use lag_sign::LagSign;
pub use learned::Learned;
pub use parameters::Parameters;
pub use reference::Head;
pub use rotary::{Decay, Rotary};
pub use rotary_kernel::rotary_kernel;
pub use sampled_wavelet::SampledWavelet;
pub use score_bias::ScoreBias;
pub use shaw::Shaw;
pub use sinusoid::Sinusoids;
pub use t5::T5;
pub use transformer_xl::TransformerXl;
pub use wavelet_kernel::{Atom, Mother, WaveletKernel, dyadic_scales, grid};
