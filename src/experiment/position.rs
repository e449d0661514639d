use std::cell::RefCell;
use std::collections::BTreeMap;

use candle_core::{D, DType, Device, Result, Tensor, Var, bail};

use super::Shape;
use crate::encoding::{Additive, Encoding, Fire, Kerple, KerpleForm, LagKernel, Rotary, ScoreBias, Shaw};
use crate::model::op::{causal_attention_by_token, rotate};

/// An encoding as tensors: the only part of a decoder that knows where a token is.
///
/// A decoder calls [`Position::embed`] on its embeddings, and in each layer [`Position::rotate`] on
/// queries and keys and [`Position::attend`]. All three are differentiable, in what they are given and
/// in the variables of [`Position::parameters`]; `Encoding::attention` is the reference they are tested
/// against. Attention is the fused operation for every encoding but Shaw's, whose values meet
/// the probabilities, and FIRE's beyond its threshold, whose bias is not one of the lag: these two have
/// all scores in memory.
#[derive(Debug)]
pub(super) struct Position {
    encoding: Encoding,
    shape: Shape,
    dtype: DType,
    device: Device,
    /// What the names of `Encoding::learned` stand for: one variable, or one per layer.
    learned: BTreeMap<&'static str, Vec<Var>>,
    /// Fixed tables by number of tokens: a training run needs one length, an evaluation a few.
    tables: RefCell<BTreeMap<usize, Vec<Tensor>>>,
}

impl Position {
    /// The encoding in decoders of this shape; `dtype`, `f32` or `f64`, is that of variables and tables.
    pub(super) fn new(encoding: &Encoding, shape: &Shape, dtype: DType, device: &Device) -> Result<Self> {
        let mut learned = BTreeMap::new();
        for part in encoding.learned() {
            let values = Tensor::from_slice(&part.values, part.shape.as_slice(), &Device::Cpu)?;
            let values = values.to_dtype(dtype)?.to_device(device)?;
            let copies = if part.per_layer { shape.layers } else { 1 };
            let variables = (0..copies).map(|_| Var::from_tensor(&values)).collect::<Result<_>>()?;
            learned.insert(part.name, variables);
        }
        let (encoding, shape, device) = (encoding.clone(), shape.clone(), device.clone());
        Ok(Self { encoding, shape, dtype, device, learned, tables: RefCell::default() })
    }

    /// Everything that training changes, by name: `NAME`, or `layers.N.NAME` where each layer has its own.
    pub(super) fn parameters(&self) -> Vec<(String, Var)> {
        let named = |(name, variables): (&&str, &Vec<Var>)| -> Vec<(String, Var)> {
            match variables.as_slice() {
                [variable] if !self.is_per_layer(name) => vec![((*name).to_owned(), variable.clone())],
                variables => {
                    let numbered = variables.iter().enumerate();
                    numbered.map(|(layer, variable)| (format!("layers.{layer}.{name}"), variable.clone())).collect()
                }
            }
        };
        self.learned.iter().flat_map(named).collect()
    }

    /// Embeddings `[.., tokens, hidden]` with the vectors of their positions added.
    pub(super) fn embed(&self, embeddings: &Tensor) -> Result<Tensor> {
        let Encoding::Additive(additive) = &self.encoding else { return Ok(embeddings.clone()) };
        let tokens = embeddings.dim(D::Minus2)?;
        let vectors = match additive {
            Additive::Sinusoidal(_) => self.fixed(tokens)?.remove(0),
            Additive::Learned { .. } => {
                let vectors = self.variable("vectors", 0)?;
                if tokens > vectors.dim(0)? {
                    bail!("{tokens} tokens, and there are learned vectors for {}", vectors.dim(0)?);
                }
                vectors.narrow(0, 0, tokens)?
            }
        };
        embeddings.broadcast_add(&vectors.to_dtype(embeddings.dtype())?)
    }

    /// Queries and keys `[.., tokens, head_dim]`, turned by their positions.
    pub(super) fn rotate(&self, query: &Tensor, key: &Tensor) -> Result<(Tensor, Tensor)> {
        let Encoding::Rotation(rotary) = &self.encoding else { return Ok((query.contiguous()?, key.contiguous()?)) };
        let tables = self.fixed(query.dim(D::Minus2)?)?;
        // Those of the keys come after those of the queries, where they differ.
        let ([cos, sin], of_keys) = (&tables[..2], &tables[tables.len() - 2..]) else { bail!("tables are missing") };
        let query = rotate(query, cos, sin, rotary.pairing())?;
        Ok((query, rotate(key, &of_keys[0], &of_keys[1], rotary.pairing())?))
    }

    /// Causal attention of a layer, `[batch, tokens, heads, head_dim]`, of turned queries and keys.
    pub(super) fn attend(&self, layer: usize, query: &Tensor, key: &Tensor, value: &Tensor) -> Result<Tensor> {
        let scale = (self.shape.head_dim as f64).sqrt().recip();
        let tokens = query.dim(2)?;
        let value = value.contiguous()?;
        let (query, key) = (&query.contiguous()?, &key.contiguous()?);
        match &self.encoding {
            Encoding::None | Encoding::Rotation(_) | Encoding::Additive(_) => {
                causal_attention_by_token(query, key, &value, None, None, scale)
            }
            Encoding::LagKernel(LagKernel::Wavelet(_) | LagKernel::Sinusoidal { .. }) => {
                causal_attention_by_token(query, key, &value, self.fixed(tokens)?.first(), None, scale)
            }
            Encoding::LagKernel(LagKernel::TransformerXl(..)) => {
                // (q + u)·(k + P) + (v - u)·P = (q + u)·k + (q + v)·P, of which the last term on the left is a bias.
                let [u, v, w_r] =
                    [self.variable("u", layer)?, self.variable("v", layer)?, self.variable("w_r", layer)?];
                let r = &self.fixed(tokens)?[0];
                let kernel = r.broadcast_matmul(&w_r.transpose(1, 2)?.contiguous()?)?;
                let bias = (kernel.matmul(&(v - &u)?.unsqueeze(2)?)?.squeeze(2)? * scale)?;
                let query = query.broadcast_add(&u.unsqueeze(1)?.to_dtype(query.dtype())?)?;
                causal_attention_by_token(&query, key, &value, Some(&kernel), Some(&bias), scale)
            }
            Encoding::LagKernel(LagKernel::Shaw(shaw)) => self.attend_shaw(shaw, layer, [query, key, &value], scale),
            Encoding::ScoreBias(ScoreBias::Fire(fire)) => self.attend_fire(fire, [query, key, &value], scale),
            Encoding::ScoreBias(bias) => {
                let by_lag = self.bias(bias, layer, tokens)?;
                causal_attention_by_token(query, key, &value, None, Some(&by_lag), scale)
            }
        }
    }

    /// A bias of the lag alone, `[heads, tokens]`.
    fn bias(&self, bias: &ScoreBias, layer: usize, tokens: usize) -> Result<Tensor> {
        let fixed = self.fixed(tokens)?;
        match bias {
            ScoreBias::Alibi(_) => Ok(fixed[0].clone()),
            ScoreBias::T5(_) => self.variable("values", layer)?.index_select(&fixed[0], 0)?.t()?.contiguous(),
            ScoreBias::Kerple(kerple) => {
                let within = |name: &str, largest: f64| -> Result<Tensor> {
                    let parameter = self.variable(name, layer)?;
                    // Evaluated at the end of its range, with the derivative of the value there: the authors'
                    // code moves the parameter itself.
                    let moved = parameter.detach().clamp(Kerple::FLOOR, largest)?;
                    (&parameter + (moved - parameter.detach())?)?.unsqueeze(1)
                };
                let r1 = within("r1", f64::INFINITY)?;
                let by_lag = match kerple.form() {
                    KerpleForm::Logarithmic => (within("r2", f64::INFINITY)?.broadcast_mul(&fixed[0])? + 1.0)?.log()?,
                    KerpleForm::Power => {
                        // Lag 0 has no logarithm; its power is 0 whatever the exponent.
                        let exponent = within("r2", Kerple::LARGEST_EXPONENT)?;
                        exponent.broadcast_mul(&fixed[0])?.exp()?.pad_with_zeros(1, 1, 0)?
                    }
                };
                r1.broadcast_mul(&by_lag)?.neg()
            }
            ScoreBias::Fire(_) => bail!("the bias of FIRE is a network"),
        }
    }

    /// Attention with the bias of a network of the relative lag.
    fn attend_fire(&self, fire: &Fire, [query, key, value]: [&Tensor; 3], scale: f64) -> Result<Tensor> {
        let tokens = query.dim(2)?;
        let lags = self.fixed(tokens)?.remove(0);
        let variable = |name| self.variable(name, 0);
        let threshold = (variable("multiplier")? * fire.initial_threshold)?.abs()?;
        let c = variable("c")?.abs()?;
        let psi = |x: &Tensor| -> Result<Tensor> { (c.broadcast_mul(x)? + 1.0)?.log() };
        let network = |x: &Tensor| -> Result<Tensor> {
            // [.., 1] to [.., heads].
            let units =
                x.broadcast_mul(&variable("hidden.weight")?)?.broadcast_add(&variable("hidden.bias")?)?.relu()?;
            units
                .broadcast_matmul(&variable("output.weight")?.t()?.contiguous()?)?
                .broadcast_add(&variable("output.bias")?)
        };
        // Which of the two forms it is depends on a learned number, for which the device is waited for.
        let within = threshold.detach().to_dtype(DType::F64)?.to_vec1::<f64>()?[0];
        if tokens as f64 <= within + 1.0 {
            let x = psi(&lags)?.broadcast_div(&(psi(&threshold)? + Fire::EPSILON)?)?;
            let bias = network(&x.unsqueeze(1)?)?.t()?.contiguous()?;
            return causal_attention_by_token(query, key, value, None, Some(&bias), scale);
        }
        // The positions of queries are the same numbers as the lags.
        let reach = lags.broadcast_maximum(&threshold)?;
        let x = psi(&lags)?.unsqueeze(0)?.broadcast_div(&(psi(&reach)? + Fire::EPSILON)?.unsqueeze(1)?)?;
        let by_lag = network(&x.flatten_all()?.unsqueeze(1)?)?.reshape((tokens, tokens, ()))?;
        let bias = shear(&by_lag.permute((2, 0, 1))?.contiguous()?.flip(&[2])?.unsqueeze(0)?)?;
        let scores = (query.matmul(&key.t()?)? * scale)?.broadcast_add(&bias.to_dtype(query.dtype())?)?;
        self.probabilities(&scores)?.matmul(value)?.transpose(1, 2)?.contiguous()
    }

    /// Attention with learned vectors by lag for keys and for values.
    fn attend_shaw(&self, shaw: &Shaw, layer: usize, [query, key, value]: [&Tensor; 3], scale: f64) -> Result<Tensor> {
        let tokens = query.dim(2)?;
        // The rows of the lags from the last down to 0.
        let rows = (0..tokens).rev().map(|lag| shaw.row(lag) as u32).collect::<Vec<_>>();
        let rows = Tensor::from_vec(rows, tokens, &self.device)?;
        let by_lag = |name| self.variable(name, layer)?.index_select(&rows, 0)?.to_dtype(query.dtype());
        let of_lags = query.broadcast_matmul(&by_lag("keys")?.t()?.contiguous()?)?;
        let scores = ((query.matmul(&key.t()?)? + shear(&of_lags)?)? * scale)?;
        let weights = self.probabilities(&scores)?;
        let mixed = (weights.matmul(value)? + unshear(&weights)?.broadcast_matmul(&by_lag("values")?)?)?;
        mixed.transpose(1, 2)?.contiguous()
    }

    /// The softmax over the keys that a query sees; of the others 0.
    fn probabilities(&self, scores: &Tensor) -> Result<Tensor> {
        let tokens = scores.dim(D::Minus1)?;
        let wide = scores.to_dtype(if scores.dtype() == DType::F64 { DType::F64 } else { DType::F32 })?;
        let places = Tensor::arange(0, tokens as i64, &self.device)?;
        let seen = places.unsqueeze(0)?.broadcast_le(&places.unsqueeze(1)?)?.to_dtype(wide.dtype())?;
        // What is above the diagonal is of no meaning, and may be anything.
        let hidden = ((&seen - 1.0)? * f64::from(f32::MAX))?;
        let masked = wide.broadcast_mul(&seen)?.broadcast_add(&hidden)?;
        let weights = masked.broadcast_sub(&masked.detach().max_keepdim(D::Minus1)?)?.exp()?;
        weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?.to_dtype(scores.dtype())
    }

    /// The tables that no training changes, for this many tokens.
    fn fixed(&self, tokens: usize) -> Result<Vec<Tensor>> {
        if let Some(tables) = self.tables.borrow().get(&tokens) {
            return Ok(tables.clone());
        }
        let put = |values: &[f64], shape: &[usize]| -> Result<Tensor> {
            Tensor::from_slice(values, shape, &Device::Cpu)?.to_dtype(self.dtype)?.to_device(&self.device)
        };
        let lags = || (0..tokens).map(|lag| lag as f64).collect::<Vec<_>>();
        let tables = match &self.encoding {
            Encoding::None | Encoding::LagKernel(LagKernel::Shaw(_)) | Encoding::Additive(Additive::Learned { .. }) => {
                Vec::new()
            }
            Encoding::Rotation(rotary) => {
                let tables = turns(rotary, tokens).map_err(candle_core::Error::wrap)?;
                tables.iter().map(|table| put(table, &[tokens, rotary.rotary_dim() / 2])).collect::<Result<_>>()?
            }
            Encoding::LagKernel(kernel) => vec![put(&kernel.table(tokens), &[1, tokens, kernel.width()])?],
            Encoding::Additive(additive @ Additive::Sinusoidal(_)) => {
                let vectors = additive.table(tokens).map_err(candle_core::Error::wrap)?;
                vec![put(&vectors, &[tokens, additive.dim()])?]
            }
            Encoding::ScoreBias(bias @ ScoreBias::Alibi(_)) => vec![put(&bias.table(tokens), &[bias.heads(), tokens])?],
            Encoding::ScoreBias(ScoreBias::T5(t5)) => {
                let buckets = (0..tokens).map(|lag| t5.bucket(lag) as u32).collect::<Vec<_>>();
                vec![Tensor::from_vec(buckets, tokens, &self.device)?]
            }
            Encoding::ScoreBias(ScoreBias::Kerple(kerple)) if kerple.form() == KerpleForm::Power => {
                let logarithms: Vec<f64> = lags().into_iter().skip(1).map(f64::ln).collect();
                vec![put(&logarithms, &[1, tokens - 1])?]
            }
            Encoding::ScoreBias(ScoreBias::Kerple(_)) => vec![put(&lags(), &[1, tokens])?],
            Encoding::ScoreBias(ScoreBias::Fire(_)) => vec![put(&lags(), &[tokens])?],
        };
        self.tables.borrow_mut().insert(tokens, tables.clone());
        Ok(tables)
    }

    fn is_per_layer(&self, name: &str) -> bool {
        self.encoding.learned().iter().any(|part| part.name == name && part.per_layer)
    }

    /// The variable of this name that a layer uses.
    fn variable(&self, name: &str, layer: usize) -> Result<Tensor> {
        let variables = self.learned.get(name).map(Vec::as_slice).unwrap_or_default();
        match variables.get(layer).or(variables.first()) {
            Some(variable) => Ok(variable.as_tensor().clone()),
            None => bail!("the encoding has no variable `{name}`"),
        }
    }
}

/// `a cos` and `a sin` of the angles of queries, and where they differ those of keys, `[tokens][pairs]`.
fn turns(rotary: &Rotary, tokens: usize) -> std::result::Result<Vec<Vec<f64>>, crate::rope::RopeError> {
    let positions: Vec<f64> = (0..tokens).map(|m| m as f64).collect();
    let (cos, sin) = rotary.frequencies(tokens)?.cos_sin::<f64>(&positions);
    if rotary.decay().is_none() {
        return Ok(vec![cos, sin]);
    }
    let factors: Vec<(f64, f64)> = positions.iter().flat_map(|m| rotary.factors(*m, tokens)).collect();
    let times = |table: &[f64], side: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        table.iter().zip(&factors).map(|(value, factors)| value * side(factors)).collect()
    };
    let (query, key) = (|factors: &(f64, f64)| factors.0, |factors: &(f64, f64)| factors.1);
    Ok(vec![times(&cos, query), times(&sin, query), times(&cos, key), times(&sin, key)])
}

/// `x[m, m - n]` at row `m` and column `n ≤ m`, of `x [.., tokens, tokens]` whose columns are lags from the
/// last down to 0: rows of one more column, read as rows of one less.
fn shear(x: &Tensor) -> Result<Tensor> {
    let (batch, heads, tokens, _) = x.dims4()?;
    x.pad_with_zeros(3, 1, 0)?.reshape((batch, heads, tokens + 1, tokens))?.narrow(2, 1, tokens)?.contiguous()
}

/// The inverse of [`shear`] where nothing stands above the diagonal.
fn unshear(x: &Tensor) -> Result<Tensor> {
    let (batch, heads, tokens, _) = x.dims4()?;
    x.pad_with_zeros(2, 1, 0)?.reshape((batch, heads, tokens, tokens + 1))?.narrow(3, 1, tokens)?.contiguous()
}

#[cfg(test)]
mod tests {
    use candle_core::WithDType;

    use super::*;
    use crate::encoding::{Head, Parameters};
    use crate::numeric::{Bound, Real, compare, gamma};

    const DIM: usize = 8;
    const HEADS: usize = 2;
    const TOKENS: usize = 11;

    fn shape() -> Shape {
        Shape { layers: 2, hidden: HEADS * DIM, heads: HEADS, head_dim: DIM, intermediate: 8, vocabulary: 16 }
    }

    /// Every encoding at a size where all of it is used, and FIRE beyond its threshold too.
    fn encodings() -> Vec<(String, Encoding)> {
        let named = |name: String| {
            let of = |name: &str| name == "t5";
            let parameters = Parameters {
                dim: DIM,
                heads: HEADS,
                hidden: Some(HEADS * DIM),
                length: TOKENS + 1,
                seed: 5,
                buckets: of(&name).then_some(6),
                max_distance: of(&name).then_some(8),
                clip: (name == "shaw").then_some(3),
                ..Default::default()
            };
            let encoding = Encoding::named(&name, &parameters).unwrap();
            (name, encoding)
        };
        let mut all: Vec<_> = Encoding::names().map(named).collect();
        let Some((_, Encoding::ScoreBias(ScoreBias::Fire(fire)))) = all.iter().find(|(name, _)| name == "fire") else {
            panic!("there is FIRE")
        };
        let beyond = Fire { initial_threshold: 4.5, ..fire.clone() };
        all.push(("fire beyond its threshold".to_owned(), Encoding::ScoreBias(ScoreBias::Fire(beyond))));
        all
    }

    /// Numbers between -1 and 1, of one sequence per seed.
    fn numbers(count: usize, seed: u64) -> Vec<f64> {
        (0..count).map(|i| ((i as f64 + 1.0) * (0.754_877 + 0.1 * seed as f64)).sin()).collect()
    }

    fn tensor(values: &[f64], shape: &[usize], dtype: DType) -> Tensor {
        Tensor::from_slice(values, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
    }

    fn values(tensor: &Tensor) -> Vec<f64> {
        tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    /// Queries, keys and values of one text.
    fn inputs(dtype: DType) -> [Tensor; 3] {
        [1, 2, 3].map(|seed| tensor(&numbers(HEADS * TOKENS * DIM, seed), &[1, HEADS, TOKENS, DIM], dtype))
    }

    /// Attention by head, as its inputs are.
    fn attended(position: &Position, [query, key, value]: &[Tensor; 3], layer: usize) -> Tensor {
        let (query, key) = position.rotate(query, key).unwrap();
        position.attend(layer, &query, &key, value).unwrap().transpose(1, 2).unwrap()
    }

    /// A score is a sum of 2 dim products of numbers of at most 1 with factors of at most 2 (the kernels,
    /// and 1 for turned keys), scaled by 1/√dim, and a bias of at most 12 here; a kernel of Transformer-XL
    /// is a sum of 16 products more. Both forms are off by γ of that many operations, and 40 for the functions
    /// in the tables. A softmax multiplies its weights by at most e^{±2δ} for scores off by δ, and the
    /// mixture of values of at most 1.3 is a sum of 11 products, divided once.
    fn bound<T: Real>() -> Bound {
        let largest_score = 3.0 * (DIM as f64).sqrt() + 12.0;
        let of_scores = 2.0 * gamma(2 * DIM + 16 + 40, T::UNIT_ROUNDOFF) * largest_score;
        Bound::rounding(1.3 * (2.0 * of_scores + 2.0 * gamma(TOKENS + 8, T::UNIT_ROUNDOFF)))
    }

    fn every_encoding_is_its_reference<T: Real + WithDType>() {
        let inputs = inputs(T::DTYPE);
        let rows = inputs.clone().map(|x| x.flatten_all().unwrap().to_vec1::<T>().unwrap());
        let reference = |encoding: &Encoding| -> Vec<f64> {
            let of_head = |number: usize| {
                let [query, key, value] =
                    [&rows[0], &rows[1], &rows[2]].map(|x| &x[number * TOKENS * DIM..(number + 1) * TOKENS * DIM]);
                let head = Head { number, dim: DIM, query, key, value };
                encoding.attention(head, (DIM as f64).sqrt().recip()).unwrap()
            };
            (0..HEADS).flat_map(of_head).map(Real::wide).collect()
        };
        let mut previous = Vec::new();
        for (name, encoding) in encodings() {
            let position = Position::new(&encoding, &shape(), T::DTYPE, &Device::Cpu).unwrap();
            let observed = values(&attended(&position, &inputs, 1));
            let expected = reference(&encoding);
            let agreement = compare(&observed, &expected, bound::<T>());
            assert!(agreement.holds(), "{name}: {agreement:?}");
            // The control: the encoding before it in the list, where it is another.
            if !previous.is_empty() && !matches!(encoding, Encoding::Additive(_)) && expected != previous {
                assert!(!compare(&observed, &previous, bound::<T>()).holds(), "{name} is as the one before it");
            }
            previous = expected;
        }
    }

    #[test]
    fn every_encoding_is_its_reference_in_f64() {
        every_encoding_is_its_reference::<f64>();
    }

    #[test]
    fn every_encoding_is_its_reference_in_f32() {
        every_encoding_is_its_reference::<f32>();
    }

    #[test]
    fn additive_vectors_are_added_and_end_where_they_end() {
        for name in ["sinusoidal", "learned"] {
            let parameters = Parameters { hidden: Some(16), length: TOKENS, ..Default::default() };
            let encoding = Encoding::named(name, &parameters).unwrap();
            let Encoding::Additive(additive) = &encoding else { panic!() };
            let position = Position::new(&encoding, &shape(), DType::F64, &Device::Cpu).unwrap();
            let zeros = Tensor::zeros((2, TOKENS, 16), DType::F64, &Device::Cpu).unwrap();
            let embedded = position.embed(&zeros).unwrap();
            assert_eq!(values(&embedded.get(1).unwrap()), additive.table(TOKENS).unwrap());
            let longer = Tensor::zeros((1, TOKENS + 1, 16), DType::F64, &Device::Cpu).unwrap();
            assert_eq!(position.embed(&longer).is_ok(), name == "sinusoidal");
        }
    }

    #[test]
    fn every_learned_parameter_receives_the_gradient_of_finite_differences() {
        // An even power of two: steps are exact.
        const STEP: f64 = 1.0 / (1u64 << 16) as f64;
        let weights = tensor(&numbers(HEADS * TOKENS * DIM, 7), &[1, HEADS, TOKENS, DIM], DType::F64);
        let embeddings = tensor(&numbers(TOKENS * 16, 8), &[1, TOKENS, 16], DType::F64);
        let inputs = inputs(DType::F64).map(|x| Var::from_tensor(&x).unwrap());
        let mut checked = 0;
        for (name, encoding) in encodings() {
            let position = Position::new(&encoding, &shape(), DType::F64, &Device::Cpu).unwrap();
            let loss = || -> Tensor {
                let embedded = position.embed(&embeddings).unwrap();
                let heads = embedded.reshape((1, TOKENS, HEADS, DIM)).unwrap().transpose(1, 2).unwrap();
                let tensors = inputs.clone().map(|x| (x.as_tensor() + &heads).unwrap());
                // Two layers, so that a variable of one layer is not that of the other.
                let first = attended(&position, &tensors, 0);
                let second = attended(&position, &[tensors[0].clone(), tensors[1].clone(), first], 1);
                (second * &weights).unwrap().sum_all().unwrap()
            };
            let gradients = loss().backward().unwrap();
            let mut variables = position.parameters();
            assert_eq!(variables.is_empty(), encoding.learned().is_empty(), "{name}");
            variables.extend(["query", "key", "value"].map(str::to_owned).into_iter().zip(inputs.clone()));
            for (of, variable) in variables {
                let gradient = values(gradients.get(variable.as_tensor()).unwrap_or_else(|| panic!("{name}: {of}")));
                let start = values(variable.as_tensor());
                let dims = variable.dims().to_vec();
                let at = |element: usize, step: f64| -> f64 {
                    let mut moved = start.clone();
                    moved[element] += step;
                    variable.set(&tensor(&moved, &dims, DType::F64)).unwrap();
                    loss().to_scalar::<f64>().unwrap()
                };
                for element in (0..start.len()).step_by(start.len().div_ceil(7)) {
                    let difference = |step: f64| (at(element, step) - at(element, -step)) / (2.0 * step);
                    let (near, far) = (difference(STEP), difference(2.0 * STEP));
                    variable.set(&tensor(&start, &dims, DType::F64)).unwrap();
                    // The error of the nearer one is a third of how far they are apart, up to its next order;
                    // a loss is a sum of 176 terms of at most 4, good to γ of a few hundred.
                    let bound = Bound {
                        truncation: (far - near).abs(),
                        rounding: 176.0 * 4.0 * gamma(400, f64::UNIT_ROUNDOFF) / STEP,
                    };
                    let agreement = crate::numeric::Agreement::of(gradient[element], near, bound);
                    assert!(agreement.holds(), "{name}, {of}[{element}]: {agreement:?}");
                    checked += 1;
                }
                // A variable that is not used would agree with differences of 0. What FIRE adds to all scores of
                // a head a softmax takes no notice of.
                let matters = gradient.iter().any(|g| g.abs() > 1e-6) || of == "output.bias";
                assert!(matters, "{name}: {of} has no gradient");
            }
        }
        assert!(checked > 500, "{checked}");
    }
}
