//! The forward pass in CUDA kernels of our own, where whole-tensor operations would read and write
//! everything several times.
//!
//! Every function here has a twin of whole-tensor operations at the place that calls it: the twin runs
//! on the processor, in `f64`, and for what a kernel does not cover, and `tests/cuda.rs` compares the
//! two. Elements are `bf16`, `f16` or `f32`; arithmetic is `f32`, and a result is rounded once.
//!
//! Kernels are CUDA C++ in the `.cu` files beside this one. NVRTC compiles them when a device first
//! needs them, once for each type of elements.
//!
//! This is the only module with `unsafe` code: a kernel writes where its arguments say, which no
//! compiler checks. Each launch states why it stays inside its tensors.

mod adamw;
mod attention;
mod cross_entropy;
mod cwt;
mod embedding;
mod gated;
mod lag_attention;
mod norm;
mod product;
mod program;
mod rms_norm;
mod rotary;
mod rows;
mod sum;
mod swap_middle;
mod swiglu;
#[cfg(test)]
mod tests;
mod turn;
mod watch;

pub(super) use adamw::{Step, norm_and_factor, update};
pub(super) use attention::Attended;
pub(super) use cross_entropy::{cross_entropy, cross_entropy_backward};
pub(super) use cwt::{CwtKernels, Output};
pub(super) use embedding::{embedding, embedding_backward};
pub(super) use gated::gated;
pub(super) use lag_attention::{LagAttention, Mixed};
pub(super) use norm::{norm, norm_of_sum};
pub(super) use product::product_over_rows;
pub(super) use program::{Operand, prepare, take_peak_memory};
pub(super) use rms_norm::{rms_norm, rms_norm_backward};
pub(super) use rotary::rotate;
pub(super) use rows::RowSums;
pub(super) use sum::sum;
pub(super) use swap_middle::{merge_parts, swap_middle};
pub(super) use swiglu::{swiglu, swiglu_backward};
pub(super) use turn::turn;
pub(super) use watch::Watches;
