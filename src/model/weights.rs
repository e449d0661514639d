use std::collections::BTreeSet;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use safetensors::tensor::{Dtype, TensorInfo};

use super::family::{Family, Projections};
use super::files::{Folder, WeightFiles};
use super::spec::{LayerSpec, NormKind, Spec};
use super::{ModelError, Precision};

/// Where a checkpoint's tensors come from.
#[derive(Debug)]
pub(super) enum Source {
    Files(WeightFiles),
    /// Drawn as a model is before training: matrices from a normal distribution, norms 1, biases 0.
    Fresh {
        seed: u64,
        standard_deviation: f64,
    },
}

/// The tensors of one checkpoint by their place in the decoder.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) family: &'static Family,
    /// Whether the files leave out the family's optional prefix.
    pub(super) without_prefix: bool,
    pub(super) source: Source,
}

/// `x Wᵀ + b`.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    /// `[outputs, inputs]`.
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// `x` is `[..., inputs]`.
    pub(super) fn apply(&self, x: &Tensor) -> Result<Tensor, candle_core::Error> {
        let mut shape = x.dims().to_vec();
        let inputs = shape.pop().unwrap_or_default();
        shape.push(self.weight.dim(0)?);
        // One product of two matrices; a batched one would copy the weights for each text.
        let y = x.reshape(((), inputs))?.matmul(&self.weight.t()?)?.reshape(shape)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

/// Weight, and bias for a LayerNorm, in the wide type.
#[derive(Debug, Clone)]
pub(super) struct NormWeights {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
}

/// One layer's weights, on the device and in the type of the computation.
#[derive(Debug, Clone)]
pub(super) struct LayerWeights {
    pub(super) attention_norm: NormWeights,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) attention_output: Linear,
    pub(super) mlp_norm: NormWeights,
    pub(super) gate: Option<Linear>,
    pub(super) up: Linear,
    pub(super) down: Linear,
}

/// A tensor's name, without `.weight`, with its shape; a matrix or a norm, with or without bias.
struct Expected {
    name: String,
    shape: Vec<usize>,
    bias: bool,
}

impl Weights {
    /// Every tensor that the spec needs is there with its shape, and no other that could matter.
    ///
    /// A head that is stored although it is the embedding must be the embedding.
    pub(super) fn check(&self, folder: &Folder, spec: &Spec) -> Result<(), ModelError> {
        let Source::Files(files) = &self.source else { return Ok(()) };
        let expected = self.expected(spec);
        for (tensor, shape) in &expected {
            let Some((file, found)) = files.find(tensor) else {
                let (folder, tensor, shape) = (folder.path().to_owned(), tensor.clone(), shape.clone());
                return Err(ModelError::MissingTensor { folder, tensor, shape });
            };
            let (file, tensor) = (file.to_owned(), tensor.clone());
            if found.shape != *shape {
                return Err(ModelError::Shape { file, tensor, expected: shape.clone(), found: found.shape.clone() });
            }
            if !matches!(found.dtype, Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16) {
                return Err(ModelError::WeightType { file, tensor, found: found.dtype.to_string() });
            }
        }
        let head = format!("{}.weight", self.family.names.head);
        let read: BTreeSet<&str> = expected.iter().map(|(tensor, _)| tensor.as_str()).collect();
        for tensor in files.names().filter(|name| !read.contains(name)) {
            let Some((file, TensorInfo { shape, .. })) = files.find(tensor) else { continue };
            if self.is_buffer(tensor) {
                continue;
            }
            if tensor != head || *shape != [spec.vocabulary, spec.hidden] {
                let (file, tensor, shape) = (file.to_owned(), tensor.to_owned(), shape.clone());
                return Err(ModelError::UnexpectedTensor { file, tensor, shape, family: self.family.model_type });
            }
            // Compared as f64, which holds every stored type exactly.
            let values = |stored: Tensor| stored.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>();
            if values(self.tensor(&head, shape)?)? != values(self.embedding(spec)?)? {
                return Err(ModelError::TiedHeadDiffers { file: file.to_owned(), tensor: head });
            }
        }
        Ok(())
    }

    /// Whether this is one of the tensors that old files carry and nothing reads.
    fn is_buffer(&self, tensor: &str) -> bool {
        let names = &self.family.names;
        tensor.starts_with(&self.stored(names.layers)) && names.buffers.iter().any(|ending| tensor.ends_with(ending))
    }

    /// Every tensor that this spec needs, with its shape.
    fn expected(&self, spec: &Spec) -> Vec<(String, Vec<usize>)> {
        let names = &self.family.names;
        let mut all = vec![
            Expected { name: names.embedding.to_owned(), shape: vec![spec.vocabulary, spec.hidden], bias: false },
            Expected {
                name: names.final_norm.to_owned(),
                shape: vec![spec.hidden],
                bias: spec.final_norm.kind == NormKind::Layer,
            },
        ];
        if let Some(norm) = spec.embedding_norm {
            let name = names.embedding_norm.to_owned();
            all.push(Expected { name, shape: vec![spec.hidden], bias: norm.kind == NormKind::Layer });
        }
        if !spec.tied_head {
            let name = names.head.to_owned();
            all.push(Expected { name, shape: vec![spec.vocabulary, spec.hidden], bias: false });
        }
        for (number, layer) in spec.layers.iter().enumerate() {
            all.extend(self.expected_in_layer(spec, number, layer));
        }
        all.into_iter()
            .flat_map(|Expected { name, shape, bias }| {
                let outputs = shape[0];
                let weight = (self.stored(&format!("{name}.weight")), shape);
                let bias = bias.then(|| (self.stored(&format!("{name}.bias")), vec![outputs]));
                [Some(weight), bias].into_iter().flatten()
            })
            .collect()
    }

    fn expected_in_layer(&self, spec: &Spec, number: usize, layer: &LayerSpec) -> Vec<Expected> {
        let (names, hidden) = (&self.family.names, spec.hidden);
        let (attention, mlp) = (&layer.attention, &layer.mlp);
        let prefix = format!("{}{number}.", names.layers);
        let expect = |name: &str, shape: &[usize], bias| Expected {
            name: format!("{prefix}{name}"),
            shape: shape.to_vec(),
            bias,
        };
        let (queries, keys) = (attention.heads * attention.head_dim, attention.kv_heads * attention.head_dim);
        let mut all = vec![
            expect(names.attention_norm, &[hidden], layer.attention_norm.kind == NormKind::Layer),
            expect(names.attention_output, &[hidden, queries], attention.output_bias),
            expect(names.mlp_norm, &[hidden], layer.mlp_norm.kind == NormKind::Layer),
            expect(names.up, &[mlp.intermediate, hidden], mlp.bias),
            expect(names.down, &[hidden, mlp.intermediate], mlp.bias),
        ];
        if mlp.gated {
            all.push(expect(names.gate, &[mlp.intermediate, hidden], mlp.bias));
        }
        match &names.projections {
            Projections::Separate { query, key, value } => all.extend([
                expect(query, &[queries, hidden], attention.qkv_bias),
                expect(key, &[keys, hidden], attention.qkv_bias),
                expect(value, &[keys, hidden], attention.qkv_bias),
            ]),
            Projections::FusedPerHead(fused) => all.push(expect(fused, &[3 * queries, hidden], attention.qkv_bias)),
        }
        all
    }

    /// A tensor's name as these files have it.
    fn stored(&self, name: &str) -> String {
        match name.strip_prefix(self.family.names.optional_prefix) {
            Some(rest) if self.without_prefix => rest.to_owned(),
            _ => name.to_owned(),
        }
    }

    /// The embedding, `[vocabulary, hidden]`, in its stored type, in main memory.
    pub(super) fn embedding(&self, spec: &Spec) -> Result<Tensor, ModelError> {
        self.tensor(&format!("{}.weight", self.family.names.embedding), &[spec.vocabulary, spec.hidden])
    }

    /// The output head.
    pub(super) fn head(&self, spec: &Spec, device: &Device, precision: Precision) -> Result<Linear, ModelError> {
        let weight = if spec.tied_head {
            self.embedding(spec)?
        } else {
            self.tensor(&format!("{}.weight", self.family.names.head), &[spec.vocabulary, spec.hidden])?
        };
        Ok(Linear { weight: weight.to_device(device)?.to_dtype(precision.dtype())?, bias: None })
    }

    /// A norm that is not in a layer.
    pub(super) fn norm(
        &self,
        name: &str,
        kind: NormKind,
        hidden: usize,
        device: &Device,
        precision: Precision,
    ) -> Result<NormWeights, ModelError> {
        let wide = |suffix: &str| -> Result<Tensor, ModelError> {
            let stored = self.tensor(&format!("{name}.{suffix}"), &[hidden])?;
            Ok(stored.to_device(device)?.to_dtype(precision.wide())?)
        };
        let bias = if kind == NormKind::Layer { Some(wide("bias")?) } else { None };
        Ok(NormWeights { weight: wide("weight")?, bias })
    }

    /// Reads one layer.
    pub(super) fn layer(
        &self,
        spec: &Spec,
        number: usize,
        device: &Device,
        precision: Precision,
    ) -> Result<LayerWeights, ModelError> {
        let (names, hidden, layer) = (&self.family.names, spec.hidden, &spec.layers[number]);
        let (attention, mlp) = (&layer.attention, &layer.mlp);
        let (queries, keys) = (attention.heads * attention.head_dim, attention.kv_heads * attention.head_dim);
        let path = |name: &str| format!("{}{number}.{name}", names.layers);
        let place = |stored: Tensor| stored.to_device(device)?.to_dtype(precision.dtype());
        let linear = |name: &str, outputs: usize, inputs: usize, bias: bool| -> Result<Linear, ModelError> {
            let weight = place(self.tensor(&path(&format!("{name}.weight")), &[outputs, inputs])?)?;
            let bias = if bias { Some(place(self.tensor(&path(&format!("{name}.bias")), &[outputs])?)?) } else { None };
            Ok(Linear { weight, bias })
        };
        let norm = |name: &str, kind| self.norm(&path(name), kind, hidden, device, precision);
        let [query, key, value] = match &names.projections {
            Projections::Separate { query, key, value } => [
                linear(query, queries, hidden, attention.qkv_bias)?,
                linear(key, keys, hidden, attention.qkv_bias)?,
                linear(value, keys, hidden, attention.qkv_bias)?,
            ],
            Projections::FusedPerHead(fused) => {
                let fused = linear(fused, 3 * queries, hidden, attention.qkv_bias)?;
                // Rows are [head, query | key | value, coordinate].
                let part = |which: usize| -> Result<Linear, candle_core::Error> {
                    let (heads, dim) = (attention.heads, attention.head_dim);
                    let rows = |tensor: &Tensor, inputs: usize| {
                        tensor.reshape((heads, 3, dim, inputs))?.narrow(1, which, 1)?.contiguous()
                    };
                    let weight = rows(&fused.weight, hidden)?.reshape((heads * dim, hidden))?;
                    let bias = fused.bias.as_ref().map(|bias| rows(bias, 1)?.reshape(heads * dim)).transpose()?;
                    Ok(Linear { weight, bias })
                };
                [part(0)?, part(1)?, part(2)?]
            }
        };
        Ok(LayerWeights {
            attention_norm: norm(names.attention_norm, layer.attention_norm.kind)?,
            query,
            key,
            value,
            attention_output: linear(names.attention_output, hidden, queries, attention.output_bias)?,
            mlp_norm: norm(names.mlp_norm, layer.mlp_norm.kind)?,
            gate: if mlp.gated { Some(linear(names.gate, mlp.intermediate, hidden, mlp.bias)?) } else { None },
            up: linear(names.up, mlp.intermediate, hidden, mlp.bias)?,
            down: linear(names.down, hidden, mlp.intermediate, mlp.bias)?,
        })
    }

    /// A tensor in its stored type, in main memory, without a NaN or an infinity in it.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        match &self.source {
            Source::Files(files) => {
                let name = self.stored(name);
                let (dtype, bytes) = files.bytes(&name)?;
                let dtype = match dtype {
                    Dtype::BF16 => DType::BF16,
                    Dtype::F16 => DType::F16,
                    Dtype::F32 => DType::F32,
                    _ => DType::F64,
                };
                if let Some((index, value)) = first_non_finite(dtype, &bytes) {
                    let file = files.find(&name).map_or_else(PathBuf::new, |(file, _)| file.to_owned());
                    return Err(ModelError::NonFiniteWeight { file, tensor: name, index, value });
                }
                Ok(Tensor::from_raw_buffer(&bytes, dtype, shape, &Device::Cpu)?)
            }
            Source::Fresh { seed, standard_deviation } => {
                let count = shape.iter().product();
                let values = if name.ends_with(".bias") {
                    vec![0.0; count]
                } else if shape.len() == 1 {
                    vec![1.0; count]
                } else {
                    normal(*seed, name, *standard_deviation, count)
                };
                Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
            }
        }
    }
}

/// Normal variates by the method of Box and Muller, rounded to `f32` once.
///
/// The stream depends on the seed and the tensor's name alone, not on the order in which layers are
/// read.
fn normal(seed: u64, name: &str, standard_deviation: f64, count: usize) -> Vec<f32> {
    // FNV-1a: any fixed map from names to streams does; the standard hasher is not fixed.
    let stream = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    // In (0, 1], so that its logarithm is finite.
    let mut uniform = || ((rng.next_u64() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64);
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let radius = standard_deviation * (-2.0 * uniform().ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * uniform()).sin_cos();
        values.extend([(radius * cos) as f32, (radius * sin) as f32]);
    }
    values.truncate(count);
    values
}

/// The first weight that is a NaN or an infinity.
fn first_non_finite(dtype: DType, bytes: &[u8]) -> Option<(usize, f64)> {
    fn search<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f64) -> Option<(usize, f64)> {
        let (weights, _) = bytes.as_chunks::<N>();
        weights.iter().map(|weight| value(*weight)).enumerate().find(|(_, value)| !value.is_finite())
    }
    match dtype {
        DType::BF16 => search(bytes, |[low, high]| f32::from_le_bytes([0, 0, low, high]).into()),
        // Only whether it is finite is asked of an f16: all ones in its exponent, moved to that of an f32.
        DType::F16 => search(bytes, |weight| {
            let bits = u32::from(u16::from_le_bytes(weight));
            let exponent = if bits & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
            f32::from_bits((bits & 0x8000) << 16 | exponent | (bits & 0x03ff) << 13).into()
        }),
        DType::F32 => search(bytes, |weight| f32::from_le_bytes(weight).into()),
        _ => search(bytes, f64::from_le_bytes),
    }
}
