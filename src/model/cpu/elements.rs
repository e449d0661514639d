use candle_core::{D, DType, Result, Tensor, WithDType};
use pulp::Arch;
use rayon::prelude::*;

use super::Values;
use super::lanes::Lanes;
use super::softmax::{PARTS, halved};
use crate::model::spec::{Activation, Norm, NormKind, Rotary};
use crate::model::weights::NormWeights;
use crate::numeric::Pairing;

/// Elements that one thread takes at a time: few enough for the cache, enough to be worth a thread.
const PIECE: usize = 1 << 14;

/// The type of a tensor that these loops are for.
fn served(x: &Tensor) -> Option<DType> {
    (x.device().is_cpu() && matches!(x.dtype(), DType::F32 | DType::F64)).then(|| x.dtype())
}

/// A norm over the last axis: two passes over each row, which stays in the cache.
///
/// Rounding: the sum of `h` squares is off by `γ` of `h/32 + 6`, the mean likewise.
pub(in crate::model) fn norm(x: &Tensor, norm: Norm, weights: &NormWeights) -> Result<Option<Tensor>> {
    fn typed<T: Lanes + WithDType>(x: &Tensor, norm: Norm, weights: &NormWeights) -> Result<Tensor> {
        let (contiguous, hidden) = (x.contiguous()?, x.dim(D::Minus1)?);
        let (values, weight) = (Values::<T>::of(&contiguous)?, Values::<T>::of(&weights.weight)?);
        let bias = weights.bias.as_ref().map(Values::<T>::of).transpose()?;
        let (values, weight) = (values.slice()?, weight.slice()?);
        let bias = bias.as_ref().map(Values::slice).transpose()?;
        let mut normed = vec![T::zero(); values.len()];
        let piece = (PIECE / hidden).max(1) * hidden;
        let arch = Arch::new();
        normed.par_chunks_mut(piece).zip(values.par_chunks(piece)).for_each(|(normed, values)| {
            arch.dispatch(|| norm_rows(norm, weight, bias, values, normed));
        });
        Tensor::from_vec(normed, x.shape(), x.device())
    }
    match served(x) {
        Some(DType::F32) => typed::<f32>(x, norm, weights).map(Some),
        Some(_) => typed::<f64>(x, norm, weights).map(Some),
        None => Ok(None),
    }
}

#[inline(always)]
fn norm_rows<T: Lanes>(norm: Norm, weight: &[T], bias: Option<&[T]>, values: &[T], normed: &mut [T]) {
    let (hidden, eps) = (weight.len(), T::of(norm.eps));
    let count = T::of(hidden as f64);
    for (row, out) in values.chunks_exact(hidden).zip(normed.chunks_exact_mut(hidden)) {
        let mean = match norm.kind {
            NormKind::Layer => sum(row, |x| x) / count,
            NormKind::Rms => T::zero(),
        };
        let scale = (sum(row, |x| (x - mean) * (x - mean)) / count + eps).sqrt().recip();
        for ((y, x), weight) in out.iter_mut().zip(row).zip(weight) {
            *y = (*x - mean) * scale * *weight;
        }
        if let Some(bias) = bias {
            out.iter_mut().zip(bias).for_each(|(y, bias)| *y += *bias);
        }
    }
}

#[inline(always)]
fn sum<T: Lanes>(row: &[T], term: impl Fn(T) -> T) -> T {
    let mut sums = [T::zero(); PARTS];
    let mut chunks = row.chunks_exact(PARTS);
    for chunk in &mut chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += term(*x));
    }
    sums.iter_mut().zip(chunks.remainder()).for_each(|(sum, x)| *sum += term(*x));
    halved(sums)
}

/// `activation(gate) · up`, or the activation alone, for those made of exponentials.
///
/// `tanh` enters a gelu as `(1 + tanh y)/2 = 1/(1 + e^{-2y})`, which cancels nowhere.
pub(in crate::model) fn gated(gate: &Tensor, up: Option<&Tensor>, activation: Activation) -> Result<Option<Tensor>> {
    fn typed<T: Lanes + WithDType>(gate: &Tensor, up: Option<&Tensor>, activation: Activation) -> Result<Tensor> {
        let gate = gate.contiguous()?;
        let up = up.map(Tensor::contiguous).transpose()?;
        let values = Values::<T>::of(&gate)?;
        let up = up.as_ref().map(Values::<T>::of).transpose()?;
        let values = values.slice()?;
        let up = up.as_ref().map(Values::slice).transpose()?;
        let mut out = vec![T::zero(); values.len()];
        let arch = Arch::new();
        out.par_chunks_mut(PIECE).zip(values.par_chunks(PIECE)).enumerate().for_each(|(at, (out, values))| {
            let up = up.map(|up| &up[at * PIECE..][..out.len()]);
            arch.dispatch(|| gate_elements(activation, values, up, out));
        });
        Tensor::from_vec(out, gate.shape(), gate.device())
    }
    if !matches!(activation, Activation::Silu | Activation::GeluTanh(_)) {
        return Ok(None);
    }
    match served(gate) {
        Some(DType::F32) => typed::<f32>(gate, up, activation).map(Some),
        Some(_) => typed::<f64>(gate, up, activation).map(Some),
        None => Ok(None),
    }
}

#[inline(always)]
fn gate_elements<T: Lanes>(activation: Activation, gate: &[T], up: Option<&[T]>, out: &mut [T]) {
    match activation {
        Activation::GeluTanh(c) => {
            let (linear, cubic) = (T::of(2.0 * c), T::of(2.0 * 0.044_715 * c));
            out.iter_mut().zip(gate).for_each(|(y, x)| *y = *x * logistic(*x * (linear + cubic * *x * *x)));
        }
        _ => out.iter_mut().zip(gate).for_each(|(y, x)| *y = *x * logistic(*x)),
    }
    if let Some(up) = up {
        out.iter_mut().zip(up).for_each(|(y, up)| *y *= *up);
    }
}

/// `1/(1 + e^{-x})`.
#[inline(always)]
fn logistic<T: Lanes>(x: T) -> T {
    let small = (-x.abs()).exp_negative();
    let above = if x < T::zero() { small } else { T::one() };
    above / (T::one() + small)
}

/// Turns the first coordinates of each head, `[texts, heads, tokens, dim]`, by the angles of `cos` and
/// `sin`, `[tokens, pairs]`.
pub(in crate::model) fn rotate(x: &Tensor, rotary: &Rotary, cos: &Tensor, sin: &Tensor) -> Result<Option<Tensor>> {
    fn typed<T: Lanes + WithDType>(x: &Tensor, rotary: &Rotary, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
        let (_, _, tokens, dim) = x.dims4()?;
        let contiguous = x.contiguous()?;
        let (values, cos, sin) = (Values::<T>::of(&contiguous)?, Values::<T>::of(cos)?, Values::<T>::of(sin)?);
        let (values, cos, sin) = (values.slice()?, cos.slice()?, sin.slice()?);
        let mut turned = values.to_vec();
        let arch = Arch::new();
        turned.par_chunks_mut(tokens * dim).for_each(|turned| {
            arch.dispatch(|| rotate_rows(rotary, dim, cos, sin, turned));
        });
        Tensor::from_vec(turned, x.shape(), x.device())
    }
    match served(x) {
        Some(DType::F32) => typed::<f32>(x, rotary, cos, sin).map(Some),
        Some(_) => typed::<f64>(x, rotary, cos, sin).map(Some),
        None => Ok(None),
    }
}

#[inline(always)]
fn rotate_rows<T: Lanes>(rotary: &Rotary, dim: usize, cos: &[T], sin: &[T], rows: &mut [T]) {
    let pairs = rotary.dim / 2;
    let turn = |first: &mut T, second: &mut T, cos: T, sin: T| {
        (*first, *second) = (*first * cos - *second * sin, *second * cos + *first * sin);
    };
    let angles = cos.chunks_exact(pairs).zip(sin.chunks_exact(pairs));
    for (row, (cos, sin)) in rows.chunks_exact_mut(dim).zip(angles) {
        let row = &mut row[..rotary.dim];
        match rotary.pairing {
            Pairing::HalfSplit => {
                let (first, second) = row.split_at_mut(pairs);
                for (((first, second), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                    turn(first, second, *cos, *sin);
                }
            }
            Pairing::Interleaved => {
                for ((pair, cos), sin) in row.chunks_exact_mut(2).zip(cos).zip(sin) {
                    let (first, second) = pair.split_at_mut(1);
                    turn(&mut first[0], &mut second[0], *cos, *sin);
                }
            }
        }
    }
}
