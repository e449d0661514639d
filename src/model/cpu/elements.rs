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
    // Weights of their own for each head are left to whole-tensor operations.
    if weights.weight.dims() != [x.dim(D::Minus1)?] {
        return Ok(None);
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

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::model::spec::Affine;
    use crate::numeric::{Real, gamma};
    use crate::rope::Scaling;

    fn tensor(shape: (usize, usize, usize, usize), step: f64) -> Tensor {
        let values: Vec<f32> =
            (0..shape.0 * shape.1 * shape.2 * shape.3).map(|i| (step * i as f64).sin() as f32 * 3.0).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn values(tensor: &Tensor) -> Vec<f64> {
        tensor.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
    }

    fn agree(ours: &Tensor, expected: &[f64], size: f64, roundings: usize) -> bool {
        let bound = gamma(roundings, f32::UNIT_ROUNDOFF) * size;
        values(ours).iter().zip(expected).all(|(a, b)| (a - b).abs() <= bound)
    }

    #[test]
    fn norms_are_their_definition() {
        let x = tensor((1, 2, 3, 70), 1.3);
        let [weight, bias] = [0.7, 0.2].map(|step| tensor((1, 1, 1, 70), step).flatten_all().unwrap());
        let (w, b) = (values(&weight), values(&bias));
        for (kind, bias, centred) in [(NormKind::Rms, None, 0.0), (NormKind::Layer, Some(bias), 1.0)] {
            let weights = NormWeights { weight: weight.clone(), bias: bias.clone() };
            let y = norm(&x, Norm { kind, eps: 1e-3, affine: Affine::None }, &weights).unwrap().unwrap();
            let expected = |eps: f64| -> Vec<f64> {
                let rows = values(&x);
                let row = |row: &[f64]| -> Vec<f64> {
                    let mean = centred * row.iter().sum::<f64>() / 70.0;
                    let scale = (row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 70.0 + eps).sqrt();
                    row.iter().zip(&w).zip(&b).map(|((x, w), b)| (x - mean) / scale * w + centred * b).collect()
                };
                rows.chunks(70).flat_map(row).collect()
            };
            // Terms are below 9, their number 70; results are below 9 · 2.
            assert!(agree(&y, &expected(1e-3), 18.0, 2 * 8 + 10));
            assert!(!agree(&y, &expected(2e-3), 18.0, 2 * 8 + 10), "the control: another epsilon");
        }
    }

    #[test]
    fn gates_are_their_definition() {
        let (gate, up) = (tensor((1, 1, 5, 41), 0.9), tensor((1, 1, 5, 41), 0.31));
        let (g, u) = (values(&gate), values(&up));
        let tanh = |c: f64| move |x: f64| x * (1.0 + (c * x * (1.0 + 0.044_715 * x * x)).tanh()) / 2.0;
        let cases: [(Activation, &dyn Fn(f64) -> f64); 2] =
            [(Activation::Silu, &|x| x / (1.0 + (-x).exp())), (Activation::GeluTanh(0.8), &tanh(0.8))];
        for (activation, f) in cases {
            let alone: Vec<f64> = g.iter().map(|x| f(*x)).collect();
            let both: Vec<f64> = alone.iter().zip(&u).map(|(x, u)| x * u).collect();
            // The exponent is below 7, off by 5 roundings of it.
            assert!(agree(&gated(&gate, None, activation).unwrap().unwrap(), &alone, 3.0, 8 + 5 * 7));
            assert!(agree(&gated(&gate, Some(&up), activation).unwrap().unwrap(), &both, 9.0, 9 + 5 * 7));
        }
        let exact: Vec<f64> = g.iter().map(|x| tanh(0.801)(*x)).collect();
        let other = gated(&gate, None, Activation::GeluTanh(0.8)).unwrap().unwrap();
        assert!(!agree(&other, &exact, 3.0, 8 + 5 * 7), "the control: another constant");
        assert!(gated(&gate, None, Activation::Gelu).unwrap().is_none());
    }

    #[test]
    fn rotations_turn_the_pairs_that_are_named_and_nothing_else() {
        let (tokens, dim, pairs) = (9, 10, 3);
        let x = tensor((2, 3, tokens, dim), 1.1);
        let angle = |token: usize, pair: usize| token as f64 * 0.5f64.powi(pair as i32);
        let table = |f: fn(f64) -> f64| {
            let all: Vec<f64> = (0..tokens * pairs).map(|at| f(angle(at / pairs, at % pairs))).collect();
            Tensor::from_vec(all, (tokens, pairs), &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap()
        };
        let (cos, sin) = (table(f64::cos), table(f64::sin));
        let expected = |pairing: Pairing| {
            let mut all = values(&x);
            for (row, at) in all.chunks_mut(dim).zip(0..) {
                for pair in 0..pairs {
                    let (first, second) = match pairing {
                        Pairing::HalfSplit => (pair, pair + pairs),
                        Pairing::Interleaved => (2 * pair, 2 * pair + 1),
                    };
                    let (sin, cos) = angle(at % tokens, pair).sin_cos();
                    let (a, b) = (row[first], row[second]);
                    (row[first], row[second]) = (a * cos - b * sin, b * cos + a * sin);
                }
            }
            all
        };
        for (pairing, other) in [(Pairing::HalfSplit, Pairing::Interleaved), (Pairing::Interleaved, Pairing::HalfSplit)]
        {
            let rotary = Rotary { base: 1e4, dim: 2 * pairs, pairing, scaling: Scaling::None };
            let y = rotate(&x, &rotary, &cos, &sin).unwrap().unwrap();
            assert!(agree(&y, &expected(pairing), 6.0, 4));
            assert!(!agree(&y, &expected(other), 6.0, 4), "the control: the other pairing");
        }
    }
}
