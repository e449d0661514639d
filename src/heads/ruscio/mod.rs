//! The metrics of heads of Ruscio, Nanni and Silvestri, as they are written \[ruscio2025\], and their null models.
//!
//! A head's signal is a row of attention over key positions, whole, sink and padding as the [`Protocol`] says. What the
//! paper leaves open is an option of it, recorded in every output. `docs/claims.md` says what the numbers show; our own
//! metrics are those of [`heads`](super).
//!
//! ```text
//! P(k)        |DFT(Hann · a)|² over k = 0..=K, zero-padded to 2K points; bands meet at K/4 and 3K/4
//! selectivity max P / (Σ P - max P)
//! H_p, H_s    -Σ a ln(a + ε), -Σ p ln(p + ε) with p = P / (Σ P + ε); nats, ε = 1e-10
//! rho         correlation of H_p and H_s
//! H_w(s)      -Σ |W|² ln(|W|² + ε) over the coefficients of one array of the db2 transform: not normalised
//! S(α)        1 - cos(W(a), W(a_α)), a_α of ⌊αn⌋ tokens
//! frame error ‖a - W⁻¹Wa‖/‖a‖ in single precision
//! ```

mod measure;
mod protocol;
mod published;
mod study;

pub use measure::{GUARD, Measure};
pub use protocol::{Alignment, Boundaries, Over, Padding, Protocol, QueryRow, Removal, Shortened};
pub use published::{PUBLISHED, Published};
pub use study::{Measured, MeasuredHead, MeasuredLayer, MetricNote, Ruscio, Sequence, Study};
