//! A referee for the claim that positional encodings and attention heads are wavelets.
//!
//! Oka et al. (ICLR 2025) read the rotation of RoPE as a wavelet transform with a Haar-like pair;
//! Ruscio & Silvestri (2025) say that trained attention heads behave like wavelets. This crate
//! proves what is true in that, refutes what is not with a witness, and measures the rest on real
//! checkpoints against null models.
//!
//! # Modules, lowest layer first
//!
//! A module imports only from strictly lower layers; `tests/architecture.rs` enforces it.
//!
//! | layer | module | what it knows |
//! |---|---|---|
//! | 0 | [`numeric`] | error bounds, agreement, quadrature |
//! | 1 | [`wavelet`] | mother wavelets in closed form, the Haar-type rotary matrix |
//! | 1 | [`rope`] | rotary frequencies, their scalings, rotation |
//! | 2 | [`encoding`] | positional encodings as tables over the lag |
//! | 2 | [`signal`] | spectra, scale grids, the continuous wavelet transform |
//! | 3 | [`theorem`] | the catalogue of statements and how each is checked |
//! | 3 | [`heads`] | attention heads as signals, their metrics and null models |
//! | 4 | `model` | checkpoints, tokens, the decoder and its taps (feature `model`) |
//! | 5 | `experiment` | training runs that differ in one table (feature `model`) |
//! | 6 | `plot` | one theme, one file per figure (feature `plot`) |
//! | 7 | `cli` | the program (feature `cli`) |
//!
//! `wavelet` and `rope` never import each other: they meet in `theorem`, so that an equality is
//! never checked against itself.
//!
//! # Conventions
//!
//! - Fourier transform: `psihat(w) = ∫ psi(t) e^{-iwt} dt`.
//! - Admissibility constant, two-sided: `C_psi = ∫_R |psihat(w)|² / |w| dw`.
//! - Wavelet transform: `W(a, b) = a^{-1/2} Σ_t conj(psi((t-b)/a)) x(t)`, `t` and `b` in samples.
//! - Head dimension `d` is even; pair `i` runs over `0..d/2`; `theta_i = base^{-2i/d}`.
//! - Positions start at 0; lags are `query - key ≥ 0`; frequencies are in cycles per token.

pub mod encoding;
pub mod heads;
pub mod numeric;
pub mod rope;
pub mod signal;
pub mod theorem;
pub mod wavelet;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "model")]
pub mod experiment;
#[cfg(feature = "model")]
pub mod model;
#[cfg(feature = "plot")]
pub mod plot;
