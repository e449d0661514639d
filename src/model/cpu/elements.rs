use candle_core::{D, DType, Result, Tensor, WithDType};
use pulp::{Arch, Simd, WithSimd};
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
            arch.dispatch(NormRows { norm, weight, bias, values, normed });
        });
        Tensor::from_vec(normed, x.shape(), x.device())
    }
    match served(x) {
        Some(DType::F32) => typed::<f32>(x, norm, weights).map(Some),
        Some(_) => typed::<f64>(x, norm, weights).map(Some),
        None => Ok(None),
    }
}

struct NormRows<'a, T> {
    norm: Norm,
    weight: &'a [T],
    bias: Option<&'a [T]>,
    values: &'a [T],
    normed: &'a mut [T],
}

impl<T: Lanes> WithSimd for NormRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { norm, weight, bias, values, normed } = self;
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
            arch.dispatch(Gate { activation, gate: values, up, out });
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

struct Gate<'a, T> {
    activation: Activation,
    gate: &'a [T],
    up: Option<&'a [T]>,
    out: &'a mut [T],
}

impl<T: Lanes> WithSimd for Gate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { activation, gate, up, out } = self;
        if let Activation::GeluTanh(c) = activation {
            let (linear, cubic) = (T::of(2.0 * c), T::of(2.0 * 0.044_715 * c));
            for (y, x) in out.iter_mut().zip(gate) {
                *y = *x * logistic(*x * (linear + cubic * *x * *x));
            }
        } else {
            for (y, x) in out.iter_mut().zip(gate) {
                *y = *x * logistic(*x);
            }
        }
        for (y, up) in out.iter_mut().zip(up.into_iter().flatten()) {
            *y *= *up;
        }
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
        let mut rows = values.to_vec();
        let arch = Arch::new();
        rows.par_chunks_mut(tokens * dim).for_each(|rows| {
            arch.dispatch(Turn { rotary, dim, cos, sin, rows });
        });
        Tensor::from_vec(rows, x.shape(), x.device())
    }
    match served(x) {
        Some(DType::F32) => typed::<f32>(x, rotary, cos, sin).map(Some),
        Some(_) => typed::<f64>(x, rotary, cos, sin).map(Some),
        None => Ok(None),
    }
}

struct Turn<'a, T> {
    rotary: &'a Rotary,
    dim: usize,
    cos: &'a [T],
    sin: &'a [T],
    rows: &'a mut [T],
}

impl<T: Lanes> WithSimd for Turn<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rotary, dim, cos, sin, rows } = self;
        let pairs = rotary.dim / 2;
        let angles = cos.chunks_exact(pairs).zip(sin.chunks_exact(pairs));
        for (row, (cos, sin)) in rows.chunks_exact_mut(dim).zip(angles) {
            let row = &mut row[..rotary.dim];
            match rotary.pairing {
                Pairing::HalfSplit => {
                    let (first, second) = row.split_at_mut(pairs);
                    for (((first, second), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                        (*first, *second) = turned(*first, *second, *cos, *sin);
                    }
                }
                Pairing::Interleaved => {
                    for ((pair, cos), sin) in row.as_chunks_mut::<2>().0.iter_mut().zip(cos).zip(sin) {
                        (pair[0], pair[1]) = turned(pair[0], pair[1], *cos, *sin);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn turned<T: Lanes>(first: T, second: T, cos: T, sin: T) -> (T, T) {
    (first * cos - second * sin, second * cos + first * sin)
}
