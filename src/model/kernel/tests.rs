//! Each kernel against its formula in `f64`, on a GPU.

use candle_core::{DType, Device, Tensor};

use super::super::spec::{Activation, Affine, Norm, NormKind};
use super::super::weights::NormWeights;
use super::{Watches, gated, norm, norm_of_sum, rotate};
use crate::numeric::{Pairing, gamma};

/// Element types and their unit roundoffs.
const TYPES: [(DType, f64); 3] =
    [(DType::F32, 1.0 / (1u64 << 24) as f64), (DType::F16, 1.0 / 2048.0), (DType::BF16, 1.0 / 256.0)];
/// Unit roundoff of the arithmetic.
const U: f64 = 1.0 / (1u64 << 24) as f64;

fn gpu() -> Device {
    Device::new_cuda(0).unwrap()
}

/// Values of both signs up to 3 in size, without a pattern.
fn noise(seed: f64, shape: &[usize], dtype: DType) -> Tensor {
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|at| (3.0 * (at as f64 * 12.9898 + 78.233 * seed).sin()) as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap().to_device(&gpu()).unwrap()
}

fn values(x: &Tensor) -> Vec<f64> {
    x.flatten_all().unwrap().to_device(&Device::Cpu).unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

/// Each value is the expected one, rounded once, and off by `arithmetic` of `size` besides.
fn assert_rounded(found: &Tensor, expected: &[f64], unit: f64, arithmetic: f64, size: f64, what: &str) {
    let found = values(found);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        // Below the normal numbers of f16 the spacing is 2^-24.
        let bound = unit * expected.abs() + arithmetic * size + 1.0 / (1u64 << 25) as f64;
        assert!((found - expected).abs() <= bound, "{what}: {found} is not {expected} at {at}, within {bound}");
    }
}

#[test]
fn norms_are_rounded_once() {
    for (dtype, unit) in TYPES {
        // Rows that are packs, rows that are not, one pack, and more than a block takes at once.
        for columns in [2048, 100, 8, 9000] {
            for kind in [NormKind::Rms, NormKind::Layer] {
                let what = format!("{kind:?} of {columns} in {dtype:?}");
                let (x, delta) = (noise(0.1, &[2, 3, columns], dtype), noise(0.2, &[2, 3, columns], dtype));
                let weights = NormWeights {
                    weight: noise(0.3, &[columns], DType::F32),
                    bias: (kind == NormKind::Layer).then(|| noise(0.4, &[columns], DType::F32)),
                };
                let affine = if kind == NormKind::Layer { Affine::WeightAndBias } else { Affine::Weight };
                let rule = Norm { kind, eps: 0.5, affine };
                let (weight, bias) = (values(&weights.weight), weights.bias.as_ref().map(values));
                let reference = |x: &[f64]| -> Vec<f64> {
                    x.chunks_exact(columns)
                        .flat_map(|row| {
                            let mean =
                                if kind == NormKind::Layer { row.iter().sum::<f64>() / columns as f64 } else { 0.0 };
                            let square = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / columns as f64;
                            let scale = (square + 0.5).sqrt().recip();
                            let bias = &bias;
                            let weight = &weight;
                            row.iter()
                                .enumerate()
                                .map(move |(at, x)| {
                                    (x - mean) * scale * weight[at] + bias.as_ref().map_or(0.0, |bias| bias[at])
                                })
                                .collect::<Vec<_>>()
                        })
                        .collect()
                };
                // A thread adds at most 18 packs of 8, then come five steps in a warp and 16 warps; the rest
                // is a dozen operations on values up to 3 · 3 / √0.5 + 3.
                let arithmetic = gamma(18 * 8 + 5 + 16 + 12, U);
                let normed = norm(&x, rule, &weights).unwrap().unwrap();
                assert_rounded(&normed, &reference(&values(&x)), unit, arithmetic, 16.0, &what);
                let (sum, normed) = norm_of_sum(&x, &delta, rule, &weights).unwrap().unwrap();
                let exact: Vec<f64> = values(&x).iter().zip(values(&delta)).map(|(x, delta)| x + delta).collect();
                assert_rounded(&sum, &exact, unit, U, 6.0, &what);
                // The norm is that of the rounded sum.
                assert_rounded(&normed, &reference(&values(&sum)), unit, arithmetic, 32.0, &what);
            }
        }
    }
}

/// An activation as its definition has it.
type Formula = fn(f64) -> f64;

#[test]
fn gates_are_rounded_once_wherever_their_rows_lie() {
    let c = 0.797_884_56;
    let activations: [(Activation, Formula); 4] = [
        (Activation::Silu, |x| x / (1.0 + (-x).exp())),
        (Activation::Gelu, |x| 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2))),
        (Activation::GeluTanh(c), |x| 0.5 * x * (1.0 + (0.797_884_56 * x * (1.0 + 0.044_715 * x * x)).tanh())),
        (Activation::Relu, |x| x.max(0.0)),
    ];
    for (dtype, unit) in TYPES {
        for width in [512, 24, 37] {
            for (activation, formula) in activations {
                let what = format!("{activation:?} of {width} in {dtype:?}");
                let product = noise(0.5, &[2, 5, 2 * width], dtype);
                let (gate, up) = (product.narrow(2, 0, width).unwrap(), product.narrow(2, width, width).unwrap());
                let expected: Vec<f64> =
                    values(&gate).iter().zip(values(&up)).map(|(gate, up)| formula(*gate) * up).collect();
                let found = gated(&gate, Some(&up), activation).unwrap().unwrap();
                assert_rounded(&found, &expected, unit, gamma(32, U), 9.0, &what);
                let alone: Vec<f64> = values(&gate).iter().map(|gate| formula(*gate)).collect();
                let found = gated(&gate, None, activation).unwrap().unwrap();
                assert_rounded(&found, &alone, unit, gamma(32, U), 3.0, &what);
            }
        }
    }
}

#[test]
fn rotations_are_rounded_once_in_both_pairings() {
    for (dtype, unit) in TYPES {
        for (dim, pairs) in [(64, 32), (64, 16), (80, 20), (6, 2)] {
            for pairing in [Pairing::HalfSplit, Pairing::Interleaved] {
                let what = format!("{pairing:?}, {pairs} pairs of {dim} in {dtype:?}");
                // Heads 1 to 3 of five, as queries lie in a product with keys and values.
                let (texts, tokens, heads) = (2, 7, 3);
                let product = noise(0.6, &[texts, tokens, 5, dim], dtype);
                let x = product.narrow(2, 1, heads).unwrap().transpose(1, 2).unwrap();
                let (cos, sin) = (noise(0.7, &[tokens, pairs], DType::F32), noise(0.8, &[tokens, pairs], DType::F32));
                let found = rotate(&x, &cos, &sin, pairing).unwrap().unwrap();
                assert_eq!(found.dims(), x.dims());
                let (before, cos, sin) = (values(&x), values(&cos), values(&sin));
                let mut expected = before.clone();
                for (row, head) in before.chunks_exact(dim).enumerate() {
                    let token = row % tokens;
                    for pair in 0..pairs {
                        let (a, b) = match pairing {
                            Pairing::HalfSplit => (pair, pair + pairs),
                            Pairing::Interleaved => (2 * pair, 2 * pair + 1),
                        };
                        let (c, s) = (cos[token * pairs + pair], sin[token * pairs + pair]);
                        expected[row * dim + a] = head[a] * c - head[b] * s;
                        expected[row * dim + b] = head[b] * c + head[a] * s;
                    }
                }
                assert_rounded(&found, &expected, unit, gamma(3, U), 18.0, &what);
            }
        }
    }
}

#[test]
fn one_value_that_is_not_finite_is_seen_anywhere() {
    for (dtype, _) in TYPES {
        for count in [1, 37, 4096, 300_001] {
            let clean = noise(0.9, &[count], dtype);
            let mut watches = Watches::default();
            assert!(watches.look(&clean, 0).unwrap());
            assert_eq!(watches.lowest().unwrap(), None);
            for (place, bad) in [(0, f32::NAN), (count - 1, f32::INFINITY), (count / 2, f32::NEG_INFINITY)] {
                let mut numbers: Vec<f32> = values(&clean).iter().map(|x| *x as f32).collect();
                numbers[place] = bad;
                let faulty = Tensor::from_vec(numbers, count, &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
                let mut watches = Watches::default();
                // The lowest mark is kept, whatever the order.
                for (x, mark) in [
                    (&faulty.to_device(clean.device()).unwrap(), 5),
                    (&clean, 1),
                    (&faulty.to_device(clean.device()).unwrap(), 7),
                ] {
                    assert!(watches.look(x, mark).unwrap());
                }
                assert_eq!(watches.lowest().unwrap(), Some(5), "{bad} at {place} of {count} in {dtype:?}");
            }
        }
    }
}

#[test]
fn what_no_kernel_covers_is_left_to_whole_tensor_operations() {
    let x = noise(0.1, &[2, 3, 8], DType::F64);
    assert!(gated(&x, None, Activation::Silu).unwrap().is_none());
    assert!(!Watches::default().look(&x, 0).unwrap());
    let on_cpu = Tensor::zeros((1, 1, 2, 4), DType::F32, &Device::Cpu).unwrap();
    assert!(gated(&on_cpu, None, Activation::Silu).unwrap().is_none());
}
