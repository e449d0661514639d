use candle_core::{DType, Device, Tensor};

use super::position::Position;
use super::{ExperimentError, Shape};
use crate::encoding::Encoding;
use crate::model::normal;
use crate::model::op::{
    Parameter, add_projected, embedding, feed_forward, linear, output_loss, project_heads, rms_norm,
};

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
        Ok(rms_norm(&self.stream(embedded, learn)?, &self.norm, NORM_EPS)?)
    }

    /// The residual stream after the last layer.
    fn stream(&self, embedded: &Tensor, learn: bool) -> Result<Tensor, ExperimentError> {
        let mut x = embedded.clone();
        for (number, layer) in self.layers.iter().enumerate() {
            x = self.layer(number, layer, &x)?;
            if !learn {
                x = x.detach();
            }
        }
        Ok(x)
    }

    /// The logits of some states, `[.., vocabulary]`.
    pub(super) fn logits(&self, states: &Tensor) -> Result<Tensor, ExperimentError> {
        Ok(linear(states, &self.embedding)?)
    }

    /// The mean over tokens of `-ln p(target)`, for `ids` and `targets [texts, tokens]`.
    pub(super) fn loss(&self, ids: &Tensor, targets: &Tensor) -> Result<Tensor, ExperimentError> {
        let x = self.stream(&self.embed(ids)?, true)?;
        Ok(output_loss(&x, &self.norm, &self.embedding, targets, NORM_EPS)?)
    }

    /// Hands over the attention of each layer, `[heads, queries, keys]`, in one text `ids [1, tokens]`.
    ///
    /// A probability is what attention makes of values that are unit vectors, so that it is that of the
    /// operation that training uses, whatever the encoding. Encodings that act on values, too, such as
    /// Shaw's, would be seen with what they add.
    pub(super) fn attention(
        &self,
        ids: &Tensor,
        take: &mut dyn FnMut(usize, &Tensor) -> Result<(), ExperimentError>,
    ) -> Result<(), ExperimentError> {
        let (tokens, &Shape { heads, head_dim, .. }) = (ids.dim(1)?, &self.shape);
        let parts = tokens.div_ceil(head_dim);
        let mut x = self.embed(ids)?.detach();
        // Part `p` has the unit vectors of the tokens from `p head_dim` on, as so many columns.
        let mut units = vec![0_f32; parts * tokens * head_dim];
        for token in 0..tokens {
            units[(token / head_dim * tokens + token) * head_dim + token % head_dim] = 1.0;
        }
        let units = Tensor::from_vec(units, (parts, 1, tokens, head_dim), &Device::Cpu)?.to_dtype(x.dtype())?;
        let units = units.to_device(x.device())?.expand((parts, heads, tokens, head_dim))?.contiguous()?;
        for (number, layer) in self.layers.iter().enumerate() {
            let [query, key, _] = self.heads(layer, &x)?;
            let (query, key) = self.position.rotate(&query, &key)?;
            let repeat = |x: &Tensor| x.detach().expand((parts, heads, tokens, head_dim))?.contiguous();
            let columns = self.position.attend(number, &repeat(&query)?, &repeat(&key)?, &units)?;
            // [parts, queries, heads, columns] to [heads, queries, keys].
            let keys = columns.detach().permute((2, 1, 0, 3))?.reshape((heads, tokens, parts * head_dim))?;
            take(number, &keys.narrow(2, 0, tokens)?)?;
            x = self.layer(number, layer, &x)?.detach();
        }
        Ok(())
    }

    fn layer(&self, number: usize, layer: &Layer, x: &Tensor) -> Result<Tensor, ExperimentError> {
        let [query, key, value] = self.heads(layer, x)?;
        let (query, key) = self.position.rotate(&query, &key)?;
        let mixed = self.position.attend(number, &query, &key, &value)?;
        let y = add_projected(x, &mixed, &layer.output)?;
        Ok(feed_forward(&y, &layer.mlp_norm, &layer.gate_up, &layer.down, NORM_EPS)?)
    }

    /// Queries, keys and values, `[texts, heads, tokens, head_dim]`, before anything is said of position.
    fn heads(&self, layer: &Layer, x: &Tensor) -> Result<[Tensor; 3], ExperimentError> {
        let weights = [&layer.query, &layer.key, &layer.value];
        Ok(project_heads(x, &layer.attention_norm, weights, self.shape.heads, NORM_EPS)?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::experiment::{Preset, Variant};
    use crate::model::op::cross_entropy;
    use crate::numeric::{Agreement, Bound, Real, gamma};

    const TEXTS: usize = 2;
    const TOKENS: usize = 7;

    fn preset() -> Preset {
        let mut preset = Preset::named("tiny").unwrap();
        preset.shape = Shape { layers: 2, hidden: 12, heads: 2, head_dim: 8, intermediate: 10, vocabulary: 16 };
        preset.recipe.train_length = TOKENS;
        preset.lengths = vec![TOKENS];
        preset
    }

    /// A decoder in `f64` with weights large enough for every branch to matter.
    fn decoder(name: &str) -> Decoder {
        let encoding = name.parse::<Variant>().unwrap().encoding(&preset(), 3).unwrap();
        let decoder = Decoder::fresh(&preset().shape, &encoding, 3, DType::F64, &Device::Cpu).unwrap();
        for (name, parameter) in decoder.parameters().unwrap() {
            if parameter.variable().rank() == 2 && !name.starts_with("position.") {
                parameter.set(&(parameter.variable().as_tensor() * 15.0).unwrap()).unwrap();
            }
        }
        decoder
    }

    fn tokens(shift: u32) -> Tensor {
        let ids = (0..(TEXTS * TOKENS) as u32).map(|at| (at * at + 3 * at + shift) % 16);
        Tensor::from_vec(ids.collect(), (TEXTS, TOKENS), &Device::Cpu).unwrap()
    }

    /// For each variable whether what `backward` says agrees with differences of the loss.
    fn gradients_agree(decoder: &Decoder, loss: &dyn Fn(&Decoder) -> Tensor) -> Vec<(String, bool)> {
        const STEP: f64 = 1.0 / (1u64 << 16) as f64;
        let gradients = loss(decoder).backward().unwrap();
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let mut found = Vec::new();
        for (name, parameter) in decoder.parameters().unwrap() {
            let variable: &Var = parameter.variable();
            let Some(gradient) = gradients.get(variable.as_tensor()).map(values) else {
                found.push((name, false));
                continue;
            };
            let start = values(variable.as_tensor());
            let with = |element: usize, step: f64| -> f64 {
                let mut moved = start.clone();
                moved[element] += step;
                parameter.set(&Tensor::from_vec(moved, variable.dims(), &Device::Cpu).unwrap()).unwrap();
                decoder.loss(&tokens(0), &tokens(5)).unwrap().to_scalar::<f64>().unwrap()
            };
            let largest = gradient.iter().map(|g| g.abs()).fold(0.0, f64::max);
            let mut elements: Vec<usize> = (0..start.len()).step_by(start.len().div_ceil(4)).collect();
            elements.extend(gradient.iter().position(|g| g.abs() == largest));
            let agree = elements.into_iter().all(|element| {
                let difference = |step: f64| (with(element, step) - with(element, -step)) / (2.0 * step);
                let (near, far) = (difference(STEP), difference(2.0 * STEP));
                // The error of the nearer one is a third of how far they are apart, up to its next order. A
                // loss is a mean of logarithms of up to 4, of states that pass through a few hundred
                // operations.
                let rounding = 4.0 * gamma(600, f64::UNIT_ROUNDOFF) / STEP;
                Agreement::of(gradient[element], near, Bound { truncation: (far - near).abs(), rounding }).holds()
            });
            parameter.set(&Tensor::from_vec(start, variable.dims(), &Device::Cpu).unwrap()).unwrap();
            // Where nothing depends on a weight, differences of 0 say nothing. Softmax takes no notice of what
            // FIRE adds to all scores of a head, which is what its biases mostly do.
            let matters = largest > 1e-5 || name.ends_with(".bias");
            found.push((name, agree && matters));
        }
        found
    }

    fn whole_loss(decoder: &Decoder) -> Tensor {
        decoder.loss(&tokens(0), &tokens(5)).unwrap()
    }

    #[test]
    fn every_parameter_of_every_encoding_receives_the_gradient_of_finite_differences() {
        let others =
            ["transformer-xl", "shaw", "kerple", "kerple-power", "fire", "xpos", "dog", "sinusoidal", "learned"];
        for name in Variant::ALL.into_iter().chain(others) {
            let wrong: Vec<String> = gradients_agree(&decoder(name), &whole_loss)
                .into_iter()
                .filter(|(_, agrees)| !agrees)
                .map(|(parameter, _)| parameter)
                .collect();
            assert!(wrong.is_empty(), "{name}: {wrong:?}");
        }
    }

    #[test]
    fn an_operation_that_drops_a_gradient_is_found() {
        let decoder = decoder("rope");
        let detached = |decoder: &Decoder| {
            let states = decoder.states(&decoder.embed(&tokens(0)).unwrap().detach(), true).unwrap();
            cross_entropy(&decoder.logits(&states).unwrap(), &tokens(5)).unwrap()
        };
        let found = gradients_agree(&decoder, &detached);
        // The embedding is the output head, too, and has a gradient; not the right one.
        assert_eq!(found.iter().filter(|(_, agrees)| !agrees).map(|(name, _)| name).collect::<Vec<_>>(), ["embedding"]);
        let one_layer = |decoder: &Decoder| {
            let states = decoder.states(&decoder.embed(&tokens(0)).unwrap(), false).unwrap();
            cross_entropy(&decoder.logits(&states).unwrap(), &tokens(5)).unwrap()
        };
        let lost = gradients_agree(&decoder, &one_layer).into_iter().filter(|(_, agrees)| !agrees).count();
        assert_eq!(lost, 17, "the embedding and eight parameters of each of two layers");
    }

    #[test]
    fn attention_is_a_causal_distribution_over_the_keys() {
        for name in ["rope", "ricker", "alibi"] {
            let decoder = decoder(name);
            let mut layers = 0;
            let mut take = |_: usize, probabilities: &Tensor| {
                assert_eq!(probabilities.dims(), [2, TOKENS, TOKENS]);
                for head in probabilities.to_vec3::<f64>().unwrap() {
                    for (query, row) in head.iter().enumerate() {
                        assert!(row[query + 1..].iter().all(|p| *p == 0.0) && row.iter().all(|p| *p >= 0.0));
                        // Each is rounded, and so is their sum.
                        assert!((row.iter().sum::<f64>() - 1.0).abs() < gamma(4 * TOKENS, f64::UNIT_ROUNDOFF));
                    }
                }
                layers += 1;
                Ok(())
            };
            decoder.attention(&tokens(0).narrow(0, 0, 1).unwrap(), &mut take).unwrap();
            assert_eq!(layers, 2);
        }
    }

    #[test]
    fn decoders_of_one_seed_differ_in_nothing_but_their_position() {
        let [rope, alibi, other] = [("rope", 3), ("alibi", 3), ("alibi", 4)].map(|(name, seed)| {
            let encoding = name.parse::<Variant>().unwrap().encoding(&preset(), seed).unwrap();
            let decoder = Decoder::fresh(&preset().shape, &encoding, seed, DType::F32, &Device::Cpu).unwrap();
            let query = decoder.layers[1].query.variable().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            (query, whole_loss(&decoder).to_scalar::<f32>().unwrap())
        });
        assert_eq!(rope.0, alibi.0);
        assert_ne!(rope.1, alibi.1);
        assert_ne!(alibi.0, other.0);
    }
}
