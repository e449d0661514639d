use candle_core::{DType, Device, Tensor, Var};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::causal_attention;
use crate::numeric::gamma;

/// Unit roundoff of `f64`.
const U: f64 = f64::EPSILON / 2.0;

/// Tensors for one attention, in `f64`, and its gradient from outside.
#[derive(Clone)]
struct Case {
    query: Tensor,
    key: Tensor,
    value: Tensor,
    kernel: Option<Tensor>,
    bias: Option<Tensor>,
    gradient: Tensor,
    scale: f64,
}

impl Case {
    /// Of `[batch, heads, kv_heads, tokens, dim]`, with tables of so many heads, 0 for none.
    fn draw(shape: [usize; 5], kernel_heads: usize, bias_heads: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(shape.iter().fold(17, |seed, size| seed * 31 + *size as u64));
        let mut noise = |shape: &[usize]| {
            let values: Vec<f64> = (0..shape.iter().product()).map(|_| rng.random_range(-1.5..1.5)).collect();
            Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
        };
        let [batch, heads, kv_heads, tokens, dim] = shape;
        Self {
            query: noise(&[batch, heads, tokens, dim]),
            key: noise(&[batch, kv_heads, tokens, dim]),
            value: noise(&[batch, kv_heads, tokens, dim]),
            kernel: (kernel_heads > 0).then(|| noise(&[kernel_heads, tokens + 2, dim])),
            bias: (bias_heads > 0).then(|| noise(&[bias_heads, tokens])),
            gradient: noise(&[batch, heads, tokens, dim]),
            scale: 0.5,
        }
    }

    fn some() -> Vec<Self> {
        let tables = [(0, 0), (1, 0), (0, 3), (3, 1)];
        let of_six = [(1, 6), (6, 0)];
        let small = tables.map(|(kernel, bias)| Self::draw([2, 3, 3, 7, 4], kernel, bias));
        let grouped = of_six.map(|(kernel, bias)| Self::draw([1, 6, 2, 5, 2], kernel, bias));
        let single = Self::draw([1, 1, 1, 1, 2], 1, 1);
        small.into_iter().chain(grouped).chain([single]).collect()
    }

    fn mixed(&self) -> Tensor {
        let Self { query, key, value, kernel, bias, scale, .. } = self;
        causal_attention(query, key, value, kernel.as_ref(), bias.as_ref(), *scale).unwrap()
    }

    /// The same from the definition, one sum after the other.
    fn defined(&self) -> Vec<f64> {
        let (batch, heads, tokens, dim) = self.query.dims4().unwrap();
        let kv_heads = self.key.dim(1).unwrap();
        let [query, key, value] = [&self.query, &self.key, &self.value].map(values);
        let table = |table: &Option<Tensor>| table.as_ref().map(|table| (values(table), table.dims().to_vec()));
        let (kernel, bias) = (table(&self.kernel), table(&self.bias));
        let row = |x: &[f64], head: usize, at: usize| x[(head * tokens + at) * dim..][..dim].to_vec();
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let mut mixed = vec![];
        for (text, head, m) in
            (0..batch).flat_map(|b| (0..heads).flat_map(move |h| (0..tokens).map(move |m| (b, h, m))))
        {
            let kv = text * kv_heads + head * kv_heads / heads;
            let q = row(&query, text * heads + head, m);
            let score = |n: usize| {
                let mut score = self.scale * dot(&q, &row(&key, kv, n));
                if let Some((table, dims)) = &kernel {
                    score += self.scale * dot(&q, &table[(head % dims[0] * dims[1] + m - n) * dim..][..dim]);
                }
                score + bias.as_ref().map_or(0.0, |(table, dims)| table[head % dims[0] * dims[1] + m - n])
            };
            let weights: Vec<f64> = (0..=m).map(|n| score(n).exp()).collect();
            let total: f64 = weights.iter().sum();
            for d in 0..dim {
                mixed.push(weights.iter().enumerate().map(|(n, w)| w * row(&value, kv, n)[d]).sum::<f64>() / total);
            }
        }
        mixed
    }

    /// What is differentiated, in the order of the arguments.
    fn inputs(&mut self) -> Vec<&mut Tensor> {
        let Self { query, key, value, kernel, bias, .. } = self;
        [query, key, value].into_iter().chain(kernel).chain(bias).collect()
    }

    /// `Σ g o`.
    fn objective(&self) -> f64 {
        (self.mixed() * &self.gradient).unwrap().sum_all().unwrap().to_scalar().unwrap()
    }

    /// The gradients of the objective.
    fn gradients(&self) -> Vec<Tensor> {
        let mut case = self.clone();
        let vars: Vec<Var> = case.inputs().into_iter().map(|x| Var::from_tensor(x).unwrap()).collect();
        for (x, var) in case.inputs().into_iter().zip(&vars) {
            *x = var.as_tensor().clone();
        }
        let objective = (case.mixed() * &case.gradient).unwrap().sum_all().unwrap();
        let store = objective.backward().unwrap();
        vars.iter().map(|var| store.get(var).expect("every input has a gradient").clone()).collect()
    }
}

fn values(x: &Tensor) -> Vec<f64> {
    x.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

/// Whether these are within the rounding of the definition: scores are sums of `2 d + 3` products below
/// `1.5² / 2` and so below `1.5² d + 1.5`, exponents are off by twice that error, sums have `L` terms.
fn agree(case: &Case, mixed: &[f64], defined: &[f64]) -> bool {
    let (_, _, tokens, dim) = case.query.dims4().unwrap();
    let score = 2.25 * dim as f64 + 1.5;
    let bound = 1.5 * 2.0 * (2.0 * score * gamma(dim + 4, U) + gamma(2 * tokens + 8, U));
    mixed.len() == defined.len() && mixed.iter().zip(defined).all(|(x, y)| (x - y).abs() <= bound)
}

#[test]
fn whole_tensors_give_the_definition() {
    for case in Case::some() {
        let defined = case.defined();
        assert!(agree(&case, &values(&case.mixed()), &defined), "{:?}", case.query.shape());
    }
}

#[test]
fn a_table_shifted_by_a_lag_negated_or_left_out_is_seen() {
    let case = Case::draw([1, 2, 1, 9, 4], 1, 2);
    let mixed = values(&case.mixed());
    let changed = |change: &dyn Fn(&mut Case)| {
        let mut other = case.clone();
        change(&mut other);
        other.defined()
    };
    let shifted = changed(&|other| other.kernel = other.kernel.as_ref().map(|k| k.narrow(1, 1, 9).unwrap()));
    let negated = changed(&|other| other.kernel = other.kernel.as_ref().map(|k| k.neg().unwrap()));
    let unbiased = changed(&|other| other.bias = None);
    assert!(agree(&case, &mixed, &case.defined()));
    for control in [shifted, negated, unbiased] {
        assert!(!agree(&case, &mixed, &control));
    }
}

#[test]
fn every_gradient_is_that_of_finite_differences() {
    for mut case in Case::some() {
        let gradients = case.gradients();
        // Central differences of step h: the third derivative of the objective by one coordinate, over 6,
        // is below 1e3 here, and the objective, of at most 126 terms below 4, is off by 1e-12.
        let h = 1e-5;
        let bound = 1e3 * h * h + 1e-12 / h;
        let mut largest = 0.0f64;
        for (which, gradient) in gradients.iter().enumerate() {
            let x = case.inputs()[which].clone();
            let (shape, exact) = (x.shape().clone(), values(&x));
            for (at, derivative) in values(gradient).into_iter().enumerate() {
                let mut moved = |by: f64| {
                    let mut moved = exact.clone();
                    moved[at] += by;
                    *case.inputs()[which] = Tensor::from_vec(moved, shape.clone(), &Device::Cpu).unwrap();
                    case.objective()
                };
                let difference = (moved(h) - moved(-h)) / (2.0 * h);
                assert!((derivative - difference).abs() <= bound, "input {which} at {at}: {derivative} {difference}");
                largest = largest.max(derivative.abs());
            }
            *case.inputs()[which] = x;
        }
        // The control: a gradient of another scale would be seen.
        assert!(largest > 1e3 * bound, "{largest}");
    }
}

#[test]
fn tables_may_be_of_another_type_and_texts_may_be_cut_apart() {
    let case = Case::draw([3, 2, 1, 1100, 2], 1, 2);
    let single = |x: &Tensor| x.to_dtype(DType::F32).unwrap();
    let [query, key, value] = [&case.query, &case.key, &case.value].map(single);
    let (kernel, bias) = (case.kernel.as_ref().unwrap(), case.bias.as_ref().unwrap());
    let mixed = causal_attention(&query, &key, &value, Some(kernel), Some(bias), case.scale).unwrap();
    assert_eq!(mixed.dtype(), DType::F32);
    // As in `agree`, in the other type.
    let bound = 1.5 * 2.0 * (2.0 * 6.0 * gamma(6, (-24f64).exp2()) + gamma(2208, (-24f64).exp2()));
    let whole = values(&case.mixed());
    assert!(values(&mixed).iter().zip(&whole).all(|(x, y)| (x - y).abs() <= bound));
    for text in 0..3 {
        let mut one = case.clone();
        [one.query, one.key, one.value] = [&case.query, &case.key, &case.value].map(|x| x.narrow(0, text, 1).unwrap());
        assert_eq!(values(&one.mixed()), whole[text * 4400..][..4400]);
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F64, &Device::Cpu).unwrap();
    let (query, key) = (zeros(&[1, 4, 5, 2]), zeros(&[1, 2, 5, 2]));
    let attend = |key: &Tensor, kernel: Option<&Tensor>, bias: Option<&Tensor>| {
        causal_attention(&query, key, key, kernel, bias, 1.0).map(drop)
    };
    attend(&key, Some(&zeros(&[4, 5, 2])), Some(&zeros(&[4, 6]))).unwrap();
    for (key, kernel, bias) in [
        (zeros(&[1, 3, 5, 2]), None, None),
        (zeros(&[1, 2, 4, 2]), None, None),
        (key.to_dtype(DType::F32).unwrap(), None, None),
        (key.clone(), Some(zeros(&[1, 4, 2])), None),
        (key.clone(), Some(zeros(&[2, 5, 2])), None),
        (key.clone(), Some(zeros(&[1, 5, 3])), None),
        (key.clone(), None, Some(zeros(&[4, 4]))),
        (key.clone(), None, Some(zeros(&[4, 5, 2]))),
    ] {
        attend(&key, kernel.as_ref(), bias.as_ref()).unwrap_err();
    }
}
