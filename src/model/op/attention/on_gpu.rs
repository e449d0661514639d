//! The kernels against the definition in `f64`, within bounds that are derived, on a GPU.

use candle_core::{DType, Device, Tensor, Var};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::causal_attention;
use crate::numeric::gamma;

/// `2^-24`.
const U: f64 = 1.0 / (1u64 << 24) as f64;

#[derive(Debug, Clone, Copy)]
struct Case {
    dtype: DType,
    heads: usize,
    kv_heads: usize,
    tokens: usize,
    dim: usize,
    /// Heads of the tables, 0 for none.
    kernel: usize,
    bias: usize,
}

/// Inputs, the gradient from outside last, as the type holds them.
struct Numbers {
    shapes: [Vec<usize>; 6],
    values: [Vec<f64>; 6],
}

const NAMES: [&str; 6] = ["mixed", "query", "key", "value", "kernel", "bias"];

/// A result and its bound.
type Bounded = Vec<(f64, f64)>;

impl Case {
    fn numbers(&self) -> Numbers {
        let Self { heads, kv_heads, tokens, dim, kernel, bias, .. } = *self;
        let shapes = [
            vec![1, heads, tokens, dim],
            vec![1, kv_heads, tokens, dim],
            vec![1, kv_heads, tokens, dim],
            vec![kernel, tokens, dim],
            vec![bias, tokens],
            vec![1, heads, tokens, dim],
        ];
        let mut rng = ChaCha8Rng::seed_from_u64((tokens * 1000 + dim) as u64);
        let values = [0, 1, 2, 3, 4, 5].map(|which: usize| {
            let count = shapes[which].iter().product();
            let drawn: Vec<f64> = (0..count).map(|_| rng.random_range(-2.0..2.0)).collect();
            let exact = Tensor::from_vec(drawn, count, &Device::Cpu).unwrap();
            // The bias is read in f32.
            let dtype = if which == 4 { DType::F32 } else { self.dtype };
            exact.to_dtype(dtype).unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
        });
        Numbers { shapes, values }
    }

    fn scale(&self) -> f64 {
        (self.dim as f64).sqrt().recip()
    }

    /// Mixed values and the gradients of everything, by [`NAMES`], from the device.
    fn observed(&self, numbers: &Numbers) -> [Vec<f64>; 6] {
        let device = Device::new_cuda(0).expect("these tests need a GPU");
        let on_device = |which: usize| {
            let dtype = if which == 4 { DType::F32 } else { self.dtype };
            let host = Tensor::from_vec(numbers.values[which].clone(), numbers.shapes[which].clone(), &Device::Cpu);
            host.unwrap().to_dtype(dtype).unwrap().to_device(&device).unwrap()
        };
        let table = |which: usize, heads: usize| (heads > 0).then(|| Var::from_tensor(&on_device(which)).unwrap());
        let [query, key, value] = [0, 1, 2].map(|which| Var::from_tensor(&on_device(which)).unwrap());
        let (kernel, bias) = (table(3, self.kernel), table(4, self.bias));
        // Queries lie as a projection leaves them: tokens before heads.
        let by_token = query.transpose(1, 2).unwrap().contiguous().unwrap().transpose(1, 2).unwrap();
        let tables = [&kernel, &bias].map(|table| table.as_ref().map(Var::as_tensor));
        let mixed = causal_attention(&by_token, &key, &value, tables[0], tables[1], self.scale()).unwrap();
        let objective = (&mixed * on_device(5)).unwrap().sum_all().unwrap();
        let store = objective.backward().unwrap();
        let numbers = |x: &Tensor| {
            x.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_device(&Device::Cpu).unwrap().to_vec1().unwrap()
        };
        let gradient = |var: Option<&Var>| var.map_or_else(Vec::new, |var| numbers(store.get(var).unwrap()));
        [
            numbers(&mixed),
            gradient(Some(&query)),
            gradient(Some(&key)),
            gradient(Some(&value)),
            gradient(kernel.as_ref()),
            gradient(bias.as_ref()),
        ]
    }

    /// The same from the definition, with bounds on what is computed in `f32` with results and weights
    /// rounded to the type.
    ///
    /// Tensor cores add with truncation: `γ` with `4u`, as for the decoder's attention. A score is a sum
    /// of `2 d` products, scaled and biased, so that a probability has the relative error
    /// `ε = 2 δs + γ_{L+64} + 2^-20` with the error `δs` of the row's scores. The gradient of a score,
    /// `p (t - D)` with `t = g·v` and `D = g·o`, has `p ε |t - D|` from it, `p γ_d Σ |g| |v|` from `t`, and
    /// from `D` what its sum and the rounded `o` make. Weights are rounded before they meet rows, sums
    /// of rows have `γ_{L+64}`, and each result but the bias is rounded once more.
    fn defined(&self, numbers: &Numbers, shift: usize) -> [Bounded; 6] {
        let Self { heads, kv_heads, tokens, dim, .. } = *self;
        let (rounding, least) = match self.dtype {
            DType::BF16 => ((-8f64).exp2(), 0.0),
            DType::F16 => ((-11f64).exp2(), (-25f64).exp2()),
            _ => (U, 0.0),
        };
        let none = vec![0.0; dim];
        let (scale, adding) = (self.scale(), gamma(2 * tokens + 64, 4.0 * U));
        let [query, key, value, kernel, bias, gradient] = &numbers.values;
        let row = |x, head, at| row(x, dim, head * tokens + at);
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let size = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x * y).abs()).sum::<f64>();
        let mut of: [Bounded; 6] = [0, 0, 1, 2, 3, 4]
            .map(|which: usize| vec![(0.0, 0.0); if which == 0 { query.len() } else { numbers.values[which].len() }]);
        of[1] = vec![(0.0, 0.0); query.len()];
        // What a weight with this error adds to a row.
        let add = |to: &mut [(f64, f64)], weight: f64, error: f64, by: f64, row: &[f64]| {
            let error = error + rounding * (weight.abs() + error) + least;
            for (to, x) in to.iter_mut().zip(row) {
                to.0 += weight * by * x;
                to.1 += (error + adding * weight.abs()) * by * x.abs();
            }
        };
        for (head, m) in (0..heads).flat_map(|head| (0..tokens).map(move |m| (head, m))) {
            let kv = head * kv_heads / heads;
            let (q, g) = (row(query, head, m), row(gradient, head, m));
            let kernel_row = |lag: usize| (self.kernel > 0).then(|| row(kernel, head % self.kernel.max(1), lag));
            let bias_at = |lag: usize| if self.bias > 0 { bias[head % self.bias * tokens + lag] } else { 0.0 };
            let mut scores = vec![];
            let mut score_error = 0.0f64;
            for n in 0..=m {
                // The control: every term at another lag.
                let lag = (m - n + shift).min(tokens - 1);
                let p = kernel_row(lag).unwrap_or(&none);
                let k = row(key, kv, n);
                let sum = scale * (dot(q, k) + dot(q, p)) + bias_at(lag);
                let absolute = scale * (size(q, k) + size(q, p)) + bias_at(lag).abs();
                score_error = score_error.max(gamma(2 * dim + 2, 4.0 * U) * absolute + 8.0 * U * absolute);
                scores.push(sum);
            }
            let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = scores.iter().map(|score| (score - top).exp()).sum();
            let epsilon = 2.0 * score_error + gamma(tokens + 64, 2.0 * U) + (-20f64).exp2();
            let p: Vec<f64> = scores.iter().map(|score| (score - top).exp() / total).collect();
            let at = (head * tokens + m) * dim;
            for (n, p) in p.iter().enumerate() {
                add(&mut of[0][at..at + dim], *p, epsilon * p + f64::from(f32::MIN_POSITIVE), 1.0, row(value, kv, n));
            }
            let mixed: Vec<f64> = of[0][at..at + dim].iter().map(|x| x.0).collect();
            let mixed_error: Vec<f64> =
                of[0][at..at + dim].iter().map(|x| x.1 + rounding * x.0.abs() + least).collect();
            let own = dot(g, &mixed);
            let own_error = size(g, &mixed_error) + gamma(dim + 8, 2.0 * U) * size(g, &mixed);
            for n in 0..=m {
                let (p, v, lag) = (p[n], row(value, kv, n), (m - n + shift).min(tokens - 1));
                let t = dot(g, v);
                let t_error = gamma(dim + 2, 4.0 * U) * size(g, v);
                let weight = p * (t - own);
                let error =
                    p * (epsilon * (t - own).abs() + (1.0 + epsilon) * (t_error + own_error)) + 4.0 * U * weight.abs();
                let kv_at = (kv * tokens + n) * dim;
                add(&mut of[1][at..at + dim], weight, error, scale, row(key, kv, n));
                add(&mut of[2][kv_at..kv_at + dim], weight, error, scale, q);
                add(&mut of[3][kv_at..kv_at + dim], p, epsilon * p + f64::from(f32::MIN_POSITIVE), 1.0, g);
                if let Some(row) = kernel_row(lag) {
                    add(&mut of[1][at..at + dim], weight, error, scale, row);
                    let start = (head % self.kernel * tokens + lag) * dim;
                    add(&mut of[4][start..start + dim], weight, error, scale, q);
                }
                if self.bias > 0 {
                    let to = &mut of[5][head % self.bias * tokens + lag];
                    to.0 += weight;
                    to.1 += error + adding * weight.abs();
                }
            }
        }
        for x in of[..5].iter_mut().flatten() {
            // Whole-tensor operations and candle's sums of gradients round once more.
            x.1 = x.1 * (1.0 + rounding) + 2.0 * rounding * x.0.abs() + 2.0 * least;
        }
        of
    }
}

fn row(x: &[f64], dim: usize, at: usize) -> &[f64] {
    &x[at * dim..][..dim]
}

/// The largest error in units of its bound.
fn excess(found: &[f64], expected: &Bounded) -> f64 {
    assert_eq!(found.len(), expected.len());
    let ratio = |(found, (value, bound)): (&f64, &(f64, f64))| {
        let apart = (found - value).abs();
        // Not a number is infinitely far.
        if apart == 0.0 {
            0.0
        } else if apart <= f64::MAX {
            apart / bound
        } else {
            f64::INFINITY
        }
    };
    found.iter().zip(expected).map(ratio).fold(0.0, f64::max)
}

fn all_within_their_bounds(dtype: DType, shapes: &[(usize, usize, usize, usize)]) {
    for &(tokens, dim, kernel, bias) in shapes {
        let case = Case { dtype, heads: 4, kv_heads: 2, tokens, dim, kernel, bias };
        let numbers = case.numbers();
        let observed = case.observed(&numbers);
        let defined = case.defined(&numbers, 0);
        for ((name, found), expected) in NAMES.iter().zip(&observed).zip(&defined) {
            if !found.is_empty() {
                let worst = excess(found, expected);
                assert!(worst <= 1.0, "{name}: {worst} of the bound, {case:?}");
            }
        }
        assert_eq!(case.observed(&numbers), observed, "another run gives other bits: {case:?}");
        if kernel + bias > 0 && tokens > 16 {
            // The control: tables read one lag further on.
            let moved = case.defined(&numbers, 1);
            for which in [0, 1, 2, 3] {
                let worst = excess(&observed[which], &moved[which]);
                assert!(worst > 1.0, "{}: {worst}, {case:?}", NAMES[which]);
            }
        }
    }
}

#[test]
fn bf16_is_within_its_bounds_of_f64() {
    let lengths = [(1, 64, 1, 4), (17, 128, 1, 0), (63, 64, 4, 1), (64, 128, 1, 1), (65, 64, 1, 0), (65, 128, 4, 4)];
    all_within_their_bounds(DType::BF16, &lengths);
    all_within_their_bounds(DType::BF16, &[(129, 128, 1, 0), (129, 64, 0, 0), (200, 32, 1, 4), (1000, 64, 1, 4)]);
}

#[test]
fn f16_is_within_its_bounds_of_f64() {
    all_within_their_bounds(DType::F16, &[(63, 64, 1, 4), (129, 128, 4, 0), (300, 64, 0, 1)]);
}

#[test]
fn f32_is_within_its_bounds_of_f64() {
    all_within_their_bounds(DType::F32, &[(1, 64, 1, 1), (65, 64, 1, 4), (200, 24, 4, 0)]);
}
