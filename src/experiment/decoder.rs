use candle_core::{DType, Device, Tensor};

use super::position::Position;
use super::{ExperimentError, Shape};
use crate::encoding::Encoding;
use crate::model::normal;
use crate::model::op::{Parameter, cross_entropy, embedding, linear, rms_norm, swiglu};

/// Added to the mean square in a norm.
pub(super) const NORM_EPS: f64 = 1e-5;
/// Standard deviation of a fresh weight.
const STANDARD_DEVIATION: f64 = 0.02;

/// A decoder of Llama's form that is trained: RMS norms before each branch, SwiGLU, no biases, and an
/// output head that is the embedding; the position enters as its encoding says.
///
/// ```text
/// x = E[ids]                                   embed
/// y = x + O attention(Q n(x), K n(x), V n(x))
/// x = y + D (silu(G n(y)) · U n(y))            for each layer
/// logits = E n(x)
/// ```
///
/// On the processor everything is in the type of the weights, `f32` or `f64`. On a GPU weights and
/// their gradients are `f32` and the residual stream is `bf16`, as are the factors of matrix products;
/// norms, softmax and loss are computed in `f32`.
#[derive(Debug)]
pub(super) struct Decoder {
    pub(super) shape: Shape,
    pub(super) embedding: Parameter,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Parameter,
    pub(super) position: Position,
}

#[derive(Debug)]
pub(super) struct Layer {
    pub(super) attention_norm: Parameter,
    pub(super) query: Parameter,
    pub(super) key: Parameter,
    pub(super) value: Parameter,
    pub(super) output: Parameter,
    pub(super) mlp_norm: Parameter,
    /// The rows of the gate, then those of what it is multiplied with.
    pub(super) gate_up: Parameter,
    pub(super) down: Parameter,
}

impl Decoder {
    /// A fresh decoder: matrices normal with standard deviation 0.02, those that write to the residual
    /// stream with `1/√(2 layers)` of it, factors of norms 1.
    ///
    /// Numbers are drawn on the processor, from a sequence of the seed and the matrix's name, so that
    /// they are the same on every device and for every encoding.
    pub(super) fn fresh(
        shape: &Shape,
        encoding: &Encoding,
        seed: u64,
        dtype: DType,
        device: &Device,
    ) -> Result<Self, ExperimentError> {
        let &Shape { layers, hidden, heads, head_dim, intermediate, vocabulary } = shape;
        let draw = |name: &str, rows: usize, columns: usize, factor: f64| -> Result<Parameter, ExperimentError> {
            let values = normal(seed, name, STANDARD_DEVIATION * factor, 0..rows * columns);
            let values = Tensor::from_vec(values, (rows, columns), &Device::Cpu)?;
            Ok(Parameter::new(&values.to_dtype(dtype)?.to_device(device)?)?)
        };
        let ones =
            || -> Result<Parameter, ExperimentError> { Ok(Parameter::new(&Tensor::ones(hidden, dtype, device)?)?) };
        let into_stream = (2.0 * layers as f64).sqrt().recip();
        let width = heads * head_dim;
        let layer = |number: usize| -> Result<Layer, ExperimentError> {
            let matrix =
                |name: &str, rows, columns, factor| draw(&format!("layers.{number}.{name}"), rows, columns, factor);
            Ok(Layer {
                attention_norm: ones()?,
                query: matrix("query", width, hidden, 1.0)?,
                key: matrix("key", width, hidden, 1.0)?,
                value: matrix("value", width, hidden, 1.0)?,
                output: matrix("output", hidden, width, into_stream)?,
                mlp_norm: ones()?,
                gate_up: matrix("gate_up", 2 * intermediate, hidden, 1.0)?,
                down: matrix("down", hidden, intermediate, into_stream)?,
            })
        };
        Ok(Self {
            shape: shape.clone(),
            embedding: draw("embedding", vocabulary, hidden, 1.0)?,
            layers: (0..layers).map(layer).collect::<Result<_, _>>()?,
            norm: ones()?,
            position: Position::new(encoding, shape, dtype, device)?,
        })
    }

    /// Everything that is trained, by name, in one order.
    pub(super) fn parameters(&self) -> Result<Vec<(String, Parameter)>, ExperimentError> {
        let mut all = vec![("embedding".to_owned(), self.embedding.clone())];
        for (number, layer) in self.layers.iter().enumerate() {
            for (name, parameter) in [
                ("attention_norm", &layer.attention_norm),
                ("query", &layer.query),
                ("key", &layer.key),
                ("value", &layer.value),
                ("output", &layer.output),
                ("mlp_norm", &layer.mlp_norm),
                ("gate_up", &layer.gate_up),
                ("down", &layer.down),
            ] {
                all.push((format!("layers.{number}.{name}"), parameter.clone()));
            }
        }
        all.push(("norm".to_owned(), self.norm.clone()));
        for (name, variable) in self.position.parameters() {
            all.push((format!("position.{name}"), Parameter::over(variable)?));
        }
        Ok(all)
    }

    /// Where the weights are.
    pub(super) fn device(&self) -> &Device {
        self.embedding.variable().device()
    }

    /// The embeddings of tokens, `[texts, tokens, hidden]` for `ids [texts, tokens]`.
    pub(super) fn embed(&self, ids: &Tensor) -> Result<Tensor, ExperimentError> {
        Ok(self.position.embed(&embedding(ids, &self.embedding)?)?)
    }

    /// What the output head reads, `[texts, tokens, hidden]`, from embeddings.
    ///
    /// Without `learn` nothing of a layer is kept after it, and no gradient can be taken.
    pub(super) fn states(&self, embedded: &Tensor, learn: bool) -> Result<Tensor, ExperimentError> {
        let mut x = embedded.clone();
        for (number, layer) in self.layers.iter().enumerate() {
            x = self.layer(number, layer, &x)?;
            if !learn {
                x = x.detach();
            }
        }
        Ok(rms_norm(&x, &self.norm, NORM_EPS)?)
    }

    /// The logits of some states, `[.., vocabulary]`.
    pub(super) fn logits(&self, states: &Tensor) -> Result<Tensor, ExperimentError> {
        Ok(linear(states, &self.embedding)?)
    }

    /// The mean over tokens of `-ln p(target)`, for `ids` and `targets [texts, tokens]`.
    pub(super) fn loss(&self, ids: &Tensor, targets: &Tensor) -> Result<Tensor, ExperimentError> {
        let states = self.states(&self.embed(ids)?, true)?;
        Ok(cross_entropy(&self.logits(&states)?, targets)?)
    }

    fn layer(&self, number: usize, layer: &Layer, x: &Tensor) -> Result<Tensor, ExperimentError> {
        let (texts, tokens, _) = x.dims3()?;
        let normed = rms_norm(x, &layer.attention_norm, NORM_EPS)?;
        let (query, key, value) = self.heads(layer, &normed)?;
        let (query, key) = self.position.rotate(&query, &key)?;
        let mixed = self.position.attend(number, &query, &key, &value)?;
        let mixed = mixed.transpose(1, 2)?.reshape((texts, tokens, self.shape.heads * self.shape.head_dim))?;
        let y = (x + linear(&mixed, &layer.output)?)?;
        let normed = rms_norm(&y, &layer.mlp_norm, NORM_EPS)?;
        let inner = swiglu(&linear(&normed, &layer.gate_up)?)?;
        Ok((&y + linear(&inner, &layer.down)?)?)
    }

    /// Queries, keys and values, `[texts, heads, tokens, head_dim]`, before anything is said of position.
    fn heads(&self, layer: &Layer, normed: &Tensor) -> Result<(Tensor, Tensor, Tensor), ExperimentError> {
        let (texts, tokens, _) = normed.dims3()?;
        let split = |weights: &Parameter| -> Result<Tensor, ExperimentError> {
            let shape = (texts, tokens, self.shape.heads, self.shape.head_dim);
            Ok(linear(normed, weights)?.reshape(shape)?.transpose(1, 2)?)
        };
        Ok((split(&layer.query)?, split(&layer.key)?, split(&layer.value)?))
    }
}
