use std::cell::RefCell;
use std::collections::BTreeMap;

use candle_core::{D, DType, Device, Result, Tensor, Var, bail};

use super::Shape;
use crate::encoding::{Additive, Encoding, Fire, Kerple, KerpleForm, LagKernel, Rotary, ScoreBias, Shaw};
use crate::model::op::{causal_attention, rotate};

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

    /// Causal attention of a layer, `[batch, heads, tokens, head_dim]`, of turned queries and keys.
    pub(super) fn attend(&self, layer: usize, query: &Tensor, key: &Tensor, value: &Tensor) -> Result<Tensor> {
        let scale = (self.shape.head_dim as f64).sqrt().recip();
        let tokens = query.dim(2)?;
        let value = value.contiguous()?;
        let (query, key) = (&query.contiguous()?, &key.contiguous()?);
        match &self.encoding {
            Encoding::None | Encoding::Rotation(_) | Encoding::Additive(_) => {
                causal_attention(query, key, &value, None, None, scale)
            }
            Encoding::LagKernel(LagKernel::Wavelet(_) | LagKernel::Sinusoidal { .. }) => {
                causal_attention(query, key, &value, self.fixed(tokens)?.first(), None, scale)
            }
            Encoding::LagKernel(LagKernel::TransformerXl(..)) => {
                // (q + u)·(k + P) + (v - u)·P = (q + u)·k + (q + v)·P, of which the last term on the left is a bias.
                let [u, v, w_r] =
                    [self.variable("u", layer)?, self.variable("v", layer)?, self.variable("w_r", layer)?];
                let r = &self.fixed(tokens)?[0];
                let kernel = r.broadcast_matmul(&w_r.transpose(1, 2)?.contiguous()?)?;
                let bias = (kernel.matmul(&(v - &u)?.unsqueeze(2)?)?.squeeze(2)? * scale)?;
                let query = query.broadcast_add(&u.unsqueeze(1)?.to_dtype(query.dtype())?)?;
                causal_attention(&query, key, &value, Some(&kernel), Some(&bias), scale)
            }
            Encoding::LagKernel(LagKernel::Shaw(shaw)) => self.attend_shaw(shaw, layer, [query, key, &value], scale),
            Encoding::ScoreBias(ScoreBias::Fire(fire)) => self.attend_fire(fire, [query, key, &value], scale),
            Encoding::ScoreBias(bias) => {
                let by_lag = self.bias(bias, layer, tokens)?;
                causal_attention(query, key, &value, None, Some(&by_lag), scale)
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
        let within = threshold.detach().to_dtype(DType::F64)?.to_vec1::<f64>()?[0];
        if tokens as f64 <= within + 1.0 {
            let x = psi(&lags)?.broadcast_div(&(psi(&threshold)? + Fire::EPSILON)?)?;
            let bias = network(&x.unsqueeze(1)?)?.t()?.contiguous()?;
            return causal_attention(query, key, value, None, Some(&bias), scale);
        }
        // The positions of queries are the same numbers as the lags.
        let reach = lags.broadcast_maximum(&threshold)?;
        let x = psi(&lags)?.unsqueeze(0)?.broadcast_div(&(psi(&reach)? + Fire::EPSILON)?.unsqueeze(1)?)?;
        let by_lag = network(&x.flatten_all()?.unsqueeze(1)?)?.reshape((tokens, tokens, ()))?;
        let bias = shear(&by_lag.permute((2, 0, 1))?.flip(&[2])?.unsqueeze(0)?)?;
        let scores = (query.matmul(&key.t()?)? * scale)?.broadcast_add(&bias.to_dtype(query.dtype())?)?;
        self.probabilities(&scores)?.matmul(value)
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
        weights.matmul(value)? + unshear(&weights)?.broadcast_matmul(&by_lag("values")?)?
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
