//! Positional encodings as tables over the lag, in `f64`, without tensors.
//!
//! A table here is the one that a model applies and that a statement examines. Lags are
//! `query - key ≥ 0`.

mod alibi;
mod rotary_kernel;
mod wavelet_kernel;

pub use alibi::{alibi_bias, alibi_slopes};
pub use rotary_kernel::rotary_kernel;
pub use wavelet_kernel::{Atom, LagSign, dyadic_atoms, wavelet_kernel};
