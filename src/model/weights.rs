use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, TensorInfo};

use super::family::{Family, Inner, Names, Projections};
use super::files::{Folder, Storage, WeightFiles};
use super::normal::normal;
use super::placement::Sizes;
use super::spec::{Affine, AttentionSpec, LayerSpec, Norm, QkNormOver, Spec};
use super::{ModelError, Precision};

/// Where a checkpoint's tensors come from.
#[derive(Debug)]
pub(super) enum Source {
    Files(WeightFiles),
    /// Drawn as a model is before training: matrices from a normal distribution, norms 1, biases 0.
    Fresh {
        seed: u64,
        standard_deviation: f64,
        /// A factor on it for the matrices that write to the residual stream.
        into_stream: f64,
    },
}

/// The tensors of one checkpoint by their place in the decoder.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) family: &'static Family,
    /// What the names begin with in these files, of the family's prefixes.
    pub(super) prefix: &'static str,
    pub(super) source: Source,
}

/// `x Wᵀ + b`.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    /// `[outputs, inputs]`.
    pub(super) weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// Number of outputs.
    fn width(&self) -> Result<usize, candle_core::Error> {
        self.weight.dim(0)
    }

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

    /// Consecutive outputs.
    pub(super) fn outputs(&self, part: Range<usize>) -> Result<Self, candle_core::Error> {
        self.part(|x| x.narrow(0, part.start, part.len()))
    }

    /// Some of the outputs: what `rows` makes of the weight, and of the bias as one column.
    fn part(&self, rows: impl Fn(&Tensor) -> Result<Tensor, candle_core::Error>) -> Result<Self, candle_core::Error> {
        let bias = self.bias.as_ref().map(|bias| rows(&bias.unsqueeze(1)?)?.squeeze(1)).transpose()?;
        Ok(Self { weight: rows(&self.weight)?, bias })
    }
}

/// Weight, and bias where there is one, in the wide type. The weight is what the normalised value is
/// multiplied with: `1 + w` where that is what is meant, and ones where there is none.
#[derive(Debug, Clone)]
pub(super) struct NormWeights {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
}

/// What follows the look-up of token rows.
#[derive(Debug)]
pub(super) struct EmbeddingWeights {
    pub(super) projection: Option<Linear>,
    /// `[rows, hidden]`.
    pub(super) positions: Option<Tensor>,
    /// `[hidden]`.
    pub(super) token_type: Option<Tensor>,
    pub(super) norm: Option<NormWeights>,
}

/// What is between the final norm and the scores of the vocabulary.
#[derive(Debug)]
pub(super) struct HeadWeights {
    pub(super) transform: Option<(Linear, NormWeights)>,
    pub(super) projection: Option<Linear>,
}

/// One layer's weights, on the device and in the type of the computation. Whatever the file's
/// layout, each projection is a matrix of its own, `[outputs, inputs]`.
#[derive(Debug, Clone)]
pub(super) struct LayerWeights {
    pub(super) attention_norm: Option<NormWeights>,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) query_norm: Option<NormWeights>,
    pub(super) key_norm: Option<NormWeights>,
    pub(super) attention_output: Linear,
    pub(super) attention_output_norm: Option<NormWeights>,
    pub(super) mlp_norm: Option<NormWeights>,
    pub(super) gate: Option<Linear>,
    pub(super) up: Linear,
    pub(super) down: Linear,
    pub(super) mlp_output_norm: Option<NormWeights>,
    /// Query, key and value as one map, where they lie together.
    query_key_value: Option<Linear>,
    /// Gate and up as one map, where they lie together.
    gate_up: Option<Linear>,
}

impl LayerWeights {
    /// Query, key and value of every head, `[B, L, heads, D]`; parts of one product where it can be.
    pub(super) fn query_key_value(&self, x: &Tensor, head_dim: usize) -> Result<[Tensor; 3], candle_core::Error> {
        let (texts, tokens, _) = x.dims3()?;
        let apart = |x: Tensor| x.reshape((texts, tokens, (), head_dim));
        let Some(together) = &self.query_key_value else {
            return Ok([apart(self.query.apply(x)?)?, apart(self.key.apply(x)?)?, apart(self.value.apply(x)?)?]);
        };
        let product = apart(together.apply(x)?)?;
        let (heads, kv_heads) = (self.query.width()? / head_dim, self.key.width()? / head_dim);
        Ok([
            product.narrow(2, 0, heads)?,
            product.narrow(2, heads, kv_heads)?,
            product.narrow(2, heads + kv_heads, kv_heads)?,
        ])
    }

    /// The gate, if there is one, and what it is multiplied with; parts of one product where it can be.
    pub(super) fn gate_and_up(&self, x: &Tensor) -> Result<(Option<Tensor>, Tensor), candle_core::Error> {
        match (&self.gate_up, &self.gate) {
            (Some(together), _) => {
                let product = together.apply(x)?;
                let (axis, width) = (product.rank() - 1, self.up.width()?);
                Ok((Some(product.narrow(axis, 0, width)?), product.narrow(axis, width, width)?))
            }
            (None, Some(gate)) => Ok((Some(gate.apply(x)?), self.up.apply(x)?)),
            (None, None) => Ok((None, self.up.apply(x)?)),
        }
    }

    /// Lays maps of one input together, for one large product in place of two or three: a GPU is not
    /// filled by the small ones.
    fn stacked(mut self) -> Result<Self, candle_core::Error> {
        self.query_key_value = stack(&mut [&mut self.query, &mut self.key, &mut self.value])?;
        if let Some(gate) = &mut self.gate {
            self.gate_up = stack(&mut [gate, &mut self.up])?;
        }
        Ok(self)
    }
}

/// One map of which these become parts, unless some have a bias and some have none.
fn stack(parts: &mut [&mut Linear]) -> Result<Option<Linear>, candle_core::Error> {
    let biases: Vec<&Tensor> = parts.iter().filter_map(|part| part.bias.as_ref()).collect();
    let bias = match biases.len() {
        0 => None,
        all if all == parts.len() => Some(Tensor::cat(&biases, 0)?),
        _ => return Ok(None),
    };
    let weight = Tensor::cat(&parts.iter().map(|part| &part.weight).collect::<Vec<_>>(), 0)?;
    let mut start = 0;
    for part in parts {
        let outputs = part.width()?;
        part.weight = weight.narrow(0, start, outputs)?;
        part.bias = bias.as_ref().map(|bias| bias.narrow(0, start, outputs)).transpose()?;
        start += outputs;
    }
    Ok(Some(Linear { weight, bias }))
}

/// Names and shapes of the tensors that a spec needs.
#[derive(Default)]
struct Expected(Vec<(String, Vec<usize>)>);

impl Expected {
    fn matrix(&mut self, name: &str, shape: [usize; 2], bias: bool) {
        self.0.push((format!("{name}.weight"), shape.to_vec()));
        if bias {
            self.0.push((format!("{name}.bias"), vec![shape[0]]));
        }
    }

    /// The same, stored as `[inputs, outputs]` if `transposed`.
    fn layer_matrix(&mut self, name: &str, [outputs, inputs]: [usize; 2], bias: bool, transposed: bool) {
        let stored = if transposed { [inputs, outputs] } else { [outputs, inputs] };
        self.matrix(name, stored, false);
        if bias {
            self.0.push((format!("{name}.bias"), vec![outputs]));
        }
    }

    fn norm(&mut self, name: &str, norm: Option<Norm>, width: usize) {
        match norm.map_or(Affine::None, |norm| norm.affine) {
            Affine::None => {}
            Affine::Weight | Affine::OnePlusWeight => self.0.push((format!("{name}.weight"), vec![width])),
            Affine::WeightAndBias => {
                self.0.push((format!("{name}.weight"), vec![width]));
                self.0.push((format!("{name}.bias"), vec![width]));
            }
        }
    }
}

impl Weights {
    /// The prefix of the names in these files.
    pub(super) fn prefix(names: &Names, files: &WeightFiles) -> &'static str {
        let has = |prefix: &&&str| files.find(&format!("{prefix}{}.weight", names.embedding)).is_some();
        names.prefixes.iter().find(has).unwrap_or(&names.prefixes[0])
    }

    /// Every tensor that the spec needs is there with its shape, and no other that could matter.
    ///
    /// A tensor that is stored although it is another one, as an output head may be the embedding,
    /// must be that other one.
    pub(super) fn check(&self, folder: &Folder, spec: &Spec) -> Result<(), ModelError> {
        let Source::Files(files) = &self.source else { return Ok(()) };
        let expected = self.needed(spec);
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
        let copies = self.copies(spec);
        let read: BTreeSet<&str> = expected.iter().map(|(tensor, _)| tensor.as_str()).collect();
        for tensor in files.names().filter(|name| !read.contains(name)) {
            let Some((file, TensorInfo { shape, .. })) = files.find(tensor) else { continue };
            if self.is_unused(tensor) {
                continue;
            }
            let of = |copy: &&(String, String, Vec<usize>)| self.stored(&copy.0) == tensor && copy.2 == *shape;
            let Some((copy, original, _)) = copies.iter().find(of) else {
                let (file, tensor, shape) = (file.to_owned(), tensor.to_owned(), shape.clone());
                return Err(ModelError::UnexpectedTensor { file, tensor, shape, family: self.family.model_type });
            };
            // Compared as f64, which holds every stored type exactly.
            let values = |name: &str, rows: Range<usize>| -> Result<Vec<f64>, ModelError> {
                Ok(self.rows(name, shape, rows)?.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?)
            };
            for rows in row_pieces(shape) {
                if values(copy, rows.clone())? != values(original, rows)? {
                    let original = self.stored(original);
                    return Err(ModelError::CopyDiffers { file: file.to_owned(), tensor: tensor.to_owned(), original });
                }
            }
        }
        Ok(())
    }

    /// What the files are, in this folder.
    pub(super) fn storage(&self, folder: &Path) -> Result<Storage, ModelError> {
        Ok(self.files(folder)?.storage())
    }

    /// The files in this folder, if there are any.
    pub(super) fn files(&self, folder: &Path) -> Result<&WeightFiles, ModelError> {
        match &self.source {
            Source::Files(files) => Ok(files),
            Source::Fresh { .. } => Err(ModelError::NotACheckpoint {
                folder: folder.to_owned(),
                reason: "these weights are freshly initialised and in no file".to_owned(),
            }),
        }
    }

    /// Every tensor that this spec needs, by its name in these files, with its shape.
    pub(super) fn needed(&self, spec: &Spec) -> Vec<(String, Vec<usize>)> {
        self.expected(spec).0.into_iter().map(|(name, shape)| (self.stored(&name), shape)).collect()
    }

    /// Tensors that may be stored although they are another one, by definition: copy, original, shape.
    fn copies(&self, spec: &Spec) -> Vec<(String, String, Vec<usize>)> {
        let names = &self.family.names;
        let mut copies = Vec::new();
        if spec.head.tied {
            let shape = vec![spec.vocabulary, spec.embedding.width];
            copies.push((format!("{}.weight", names.head), self.name(names.embedding, "weight"), shape));
        }
        if spec.head.bias && names.head_bias != names.head {
            let bias = |name: &str| format!("{name}.bias");
            copies.push((bias(names.head), bias(names.head_bias), vec![spec.vocabulary]));
        }
        copies
    }

    /// Whether this is one of the tensors that files carry and nothing here reads.
    fn is_unused(&self, tensor: &str) -> bool {
        let names = &self.family.names;
        let inner = tensor.strip_prefix(self.prefix).unwrap_or(tensor);
        inner.starts_with(names.layers) && names.buffers.iter().any(|ending| tensor.ends_with(ending))
            || names.elsewhere.iter().any(|beginning| inner.starts_with(beginning) || tensor.starts_with(beginning))
    }

    /// The name of a tensor that is not in a layer, as the family's own files have it.
    fn name(&self, name: &str, part: &str) -> String {
        format!("{}{name}.{part}", self.family.names.prefixes[0])
    }

    /// The beginning of the names in a layer.
    fn layer_name(&self, number: usize) -> String {
        let names = &self.family.names;
        format!("{}{}{number}.", names.prefixes[0], names.layers)
    }

    /// A tensor's name as these files have it.
    fn stored(&self, name: &str) -> String {
        let names = &self.family.names;
        let name = match name.strip_prefix(names.prefixes[0]) {
            Some(rest) => format!("{}{rest}", self.prefix),
            None => name.to_owned(),
        };
        let Source::Files(files) = &self.source else { return name };
        if files.find(&name).is_some() {
            return name;
        }
        let others = names.aliases.iter().map(|(from, to)| name.replace(from, to));
        others.into_iter().find(|other| files.find(other).is_some()).unwrap_or(name)
    }

    /// Every tensor that this spec needs, with its shape.
    fn expected(&self, spec: &Spec) -> Expected {
        let (names, hidden, embedding) = (&self.family.names, spec.hidden, &spec.embedding);
        let inner = |name: &str| format!("{}{name}", names.prefixes[0]);
        let mut all = Expected::default();
        all.matrix(&inner(names.embedding), [spec.vocabulary, embedding.width], false);
        if embedding.width != hidden {
            all.matrix(&inner(names.embedding_projection), [hidden, embedding.width], false);
            all.matrix(&inner(names.head_projection), [embedding.width, hidden], false);
        }
        if let Some(positions) = embedding.positions {
            all.matrix(&inner(names.positions), [positions.rows, hidden], false);
        }
        if embedding.token_types > 0 {
            all.matrix(&inner(names.token_types), [embedding.token_types, hidden], false);
        }
        all.norm(&inner(names.embedding_norm), embedding.norm, hidden);
        all.norm(&inner(names.final_norm), spec.final_norm, hidden);
        if let Some((_, norm)) = spec.head.transform {
            all.matrix(names.transform, [hidden, hidden], true);
            all.norm(names.transform_norm, Some(norm), hidden);
        }
        if !spec.head.tied {
            all.matrix(names.head, [spec.vocabulary, embedding.width], false);
        }
        if spec.head.bias {
            all.0.push((format!("{}.bias", names.head_bias), vec![spec.vocabulary]));
        }
        for (number, layer) in spec.layers.iter().enumerate() {
            self.expect_layer(&mut all, hidden, number, layer);
        }
        all
    }

    fn expect_layer(&self, all: &mut Expected, hidden: usize, number: usize, layer: &LayerSpec) {
        let (names, prefix) = (&self.family.names, self.layer_name(number));
        let (attention, mlp) = (&layer.attention, &layer.mlp);
        let (queries, keys) = widths(attention);
        let name = |name: &str| format!("{prefix}{name}");
        let mut matrix = |at: &str, outputs: usize, inputs: usize, bias: bool| {
            all.layer_matrix(&name(at), [outputs, inputs], bias, names.transposed);
        };
        match &names.projections {
            Projections::Separate { query, key, value } => {
                matrix(query, queries, hidden, attention.qkv_bias);
                matrix(key, keys, hidden, attention.qkv_bias);
                matrix(value, keys, hidden, attention.qkv_bias);
            }
            Projections::Concatenated(fused) | Projections::Grouped(fused) => {
                matrix(fused, keys.saturating_mul(2).saturating_add(queries), hidden, attention.qkv_bias);
            }
        }
        matrix(names.attention_output, hidden, queries, attention.output_bias);
        match &names.inner {
            Inner::Plain(up) => matrix(up, mlp.intermediate, hidden, mlp.bias),
            Inner::Gated { gate, up } => {
                matrix(gate, mlp.intermediate, hidden, mlp.bias);
                matrix(up, mlp.intermediate, hidden, mlp.bias);
            }
            Inner::GateFirst(fused) => matrix(fused, mlp.intermediate.saturating_mul(2), hidden, mlp.bias),
        }
        matrix(names.down, hidden, mlp.intermediate, mlp.bias);
        all.norm(&name(names.attention_norm), layer.attention_norm, hidden);
        all.norm(&name(names.attention_output_norm), layer.attention_output_norm, hidden);
        all.norm(&name(names.mlp_norm), layer.mlp_norm, hidden);
        all.norm(&name(names.mlp_output_norm), layer.mlp_output_norm, hidden);
        if let Some(qk_norm) = attention.qk_norm {
            let sides = [(names.query_norm, attention.heads, queries), (names.key_norm, attention.kv_heads, keys)];
            for (at, heads, width) in sides {
                match qk_norm.over {
                    QkNormOver::Head => all.norm(&name(at), Some(qk_norm.norm), attention.head_dim),
                    QkNormOver::FullWidth => all.norm(&name(at), Some(qk_norm.norm), width),
                    QkNormOver::EachHead => (0..heads).for_each(|head| {
                        all.norm(&name(&format!("{at}.norms.{head}")), Some(qk_norm.norm), attention.head_dim);
                    }),
                }
            }
        }
    }

    /// What the model's weights take in memory in this type; vectors are counted in the wide one.
    pub(super) fn sizes(&self, spec: &Spec, precision: Precision) -> Sizes {
        let (narrow, wide) = (precision.dtype().size_in_bytes() as u64, precision.wide().size_in_bytes() as u64);
        let bytes = |(_, shape): &(String, Vec<usize>)| {
            let each = if shape.len() == 1 { wide } else { narrow };
            shape.iter().fold(each, |product, size| product.saturating_mul(*size as u64))
        };
        let layer = |(number, layer)| {
            let mut expected = Expected::default();
            self.expect_layer(&mut expected, spec.hidden, number, layer);
            expected.0.iter().map(bytes).sum()
        };
        Sizes {
            layers: spec.layers.iter().enumerate().map(layer).collect(),
            table: bytes(&(String::new(), vec![spec.vocabulary, spec.embedding.width])),
            tied: spec.head.tied,
        }
    }

    /// The embedding of these tokens, `[tokens, width]`. Each row that occurs is read once.
    pub(super) fn embedding(
        &self,
        spec: &Spec,
        tokens: &[u32],
        device: &Device,
        precision: Precision,
    ) -> Result<Tensor, ModelError> {
        let (name, width) = (self.name(self.family.names.embedding, "weight"), spec.embedding.width);
        let distinct: BTreeSet<u32> = tokens.iter().copied().collect();
        let distinct: Vec<u32> = distinct.into_iter().collect();
        let rows = Tensor::zeros((distinct.len(), width), precision.dtype(), &Device::Cpu)?;
        let mut place = 0;
        // Neighbours are read together.
        for run in distinct.chunk_by(|one, next| one + 1 == *next) {
            for piece in row_pieces(&[run.len(), width]) {
                let first = run[0] as usize + piece.start;
                let stored = self.rows(&name, &[spec.vocabulary, width], first..first + piece.len())?;
                rows.slice_set(&stored.to_dtype(precision.dtype())?, 0, place)?;
                place += piece.len();
            }
        }
        let places = tokens.iter().map(|id| distinct.binary_search(id).expect("each token is among them") as u32);
        let places = Tensor::from_vec(places.collect(), tokens.len(), &Device::Cpu)?;
        Ok(rows.index_select(&places, 0)?.to_device(device)?)
    }

    /// The whole embedding, `[vocabulary, width]`.
    pub(super) fn whole_embedding(
        &self,
        spec: &Spec,
        device: &Device,
        precision: Precision,
    ) -> Result<Tensor, ModelError> {
        let name = self.name(self.family.names.embedding, "weight");
        self.whole(&name, &[spec.vocabulary, spec.embedding.width], device, precision.dtype())
    }

    /// What follows the look-up of token rows.
    pub(super) fn after_embedding(
        &self,
        spec: &Spec,
        device: &Device,
        precision: Precision,
    ) -> Result<EmbeddingWeights, ModelError> {
        let (names, hidden, embedding) = (&self.family.names, spec.hidden, &spec.embedding);
        let matrix = |name: &str, rows: usize, columns: usize| {
            self.whole(&self.name(name, "weight"), &[rows, columns], device, precision.dtype())
        };
        let positions = match embedding.positions {
            Some(positions) => Some(matrix(names.positions, positions.rows, hidden)?),
            None => None,
        };
        let token_type = match embedding.token_types {
            0 => None,
            types => Some(matrix(names.token_types, types, hidden)?.get(0)?),
        };
        let projection = match embedding.width {
            width if width == hidden => None,
            width => Some(Linear { weight: matrix(names.embedding_projection, hidden, width)?, bias: None }),
        };
        let norm = match embedding.norm {
            Some(norm) => Some(self.norm(&self.outer(names.embedding_norm), norm, hidden, device, precision)?),
            None => None,
        };
        Ok(EmbeddingWeights { projection, positions, token_type, norm })
    }

    /// The norm after the last layer.
    pub(super) fn final_norm(
        &self,
        spec: &Spec,
        device: &Device,
        precision: Precision,
    ) -> Result<Option<NormWeights>, ModelError> {
        let name = self.outer(self.family.names.final_norm);
        spec.final_norm.map(|norm| self.norm(&name, norm, spec.hidden, device, precision)).transpose()
    }

    /// What is between the final norm and the scores.
    pub(super) fn before_scores(
        &self,
        spec: &Spec,
        device: &Device,
        precision: Precision,
    ) -> Result<HeadWeights, ModelError> {
        let (names, hidden, width) = (&self.family.names, spec.hidden, spec.embedding.width);
        let read = |name: &str, shape: &[usize]| self.whole(name, shape, device, precision.dtype());
        let transform = match spec.head.transform {
            None => None,
            Some((_, norm)) => {
                let weight = read(&format!("{}.weight", names.transform), &[hidden, hidden])?;
                let bias = Some(read(&format!("{}.bias", names.transform), &[hidden])?);
                let norm = self.norm(names.transform_norm, norm, hidden, device, precision)?;
                Some((Linear { weight, bias }, norm))
            }
        };
        let projection = if width == hidden {
            None
        } else {
            let weight = read(&self.name(names.head_projection, "weight"), &[width, hidden])?;
            Some(Linear { weight, bias: None })
        };
        Ok(HeadWeights { transform, projection })
    }

    /// The scores of these tokens of the vocabulary; `embedding` is the whole one where it is in memory.
    pub(super) fn scores(
        &self,
        spec: &Spec,
        vocabulary: Range<usize>,
        embedding: Option<&Tensor>,
        device: &Device,
        precision: Precision,
    ) -> Result<Linear, ModelError> {
        let (names, shape) = (&self.family.names, [spec.vocabulary, spec.embedding.width]);
        let read =
            |name: &str, shape: &[usize]| self.placed(name, shape, vocabulary.clone(), device, precision.dtype());
        let weight = match embedding {
            Some(embedding) if spec.head.tied => embedding.narrow(0, vocabulary.start, vocabulary.len())?,
            _ if spec.head.tied => read(&self.name(names.embedding, "weight"), &shape)?,
            _ => read(&format!("{}.weight", names.head), &shape)?,
        };
        let bias = if spec.head.bias { Some(read(&format!("{}.bias", names.head_bias), &shape[..1])?) } else { None };
        Ok(Linear { weight, bias })
    }

    fn outer(&self, name: &str) -> String {
        format!("{}{name}", self.family.names.prefixes[0])
    }

    fn norm(
        &self,
        name: &str,
        norm: Norm,
        width: usize,
        device: &Device,
        precision: Precision,
    ) -> Result<NormWeights, ModelError> {
        let wide = |suffix: &str| self.whole(&format!("{name}.{suffix}"), &[width], device, precision.wide());
        // Before training the factor is 1, whatever is stored of it.
        let fresh = matches!(self.source, Source::Fresh { .. });
        let weight = match norm.affine {
            Affine::None => Tensor::ones(width, precision.wide(), device)?,
            Affine::OnePlusWeight if fresh => Tensor::ones(width, precision.wide(), device)?,
            Affine::OnePlusWeight => (wide("weight")? + 1.0)?,
            Affine::Weight | Affine::WeightAndBias => wide("weight")?,
        };
        let bias = if norm.affine == Affine::WeightAndBias { Some(wide("bias")?) } else { None };
        Ok(NormWeights { weight, bias })
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
        let (queries, keys) = widths(attention);
        let prefix = self.layer_name(number);
        let path = |name: &str| format!("{prefix}{name}");
        let linear = |name: &str, outputs: usize, inputs: usize, bias: bool| -> Result<Linear, ModelError> {
            let (weight, bias_name) = (path(&format!("{name}.weight")), path(&format!("{name}.bias")));
            let weight = if names.transposed {
                self.transposed(&weight, [inputs, outputs], device, precision.dtype())?
            } else {
                self.whole(&weight, &[outputs, inputs], device, precision.dtype())?
            };
            let bias = if bias { Some(self.whole(&bias_name, &[outputs], device, precision.dtype())?) } else { None };
            Ok(Linear { weight, bias })
        };
        let norm = |name: &str, norm: Option<Norm>| {
            norm.map(|norm| self.norm(&path(name), norm, hidden, device, precision)).transpose()
        };
        let qk_norm = |name: &str, heads: usize, width: usize| -> Result<Option<NormWeights>, ModelError> {
            let Some(qk_norm) = attention.qk_norm else { return Ok(None) };
            let read = |name: &str, width| self.norm(&path(name), qk_norm.norm, width, device, precision);
            Ok(Some(match qk_norm.over {
                QkNormOver::Head => read(name, attention.head_dim)?,
                QkNormOver::FullWidth => read(name, width)?,
                QkNormOver::EachHead => {
                    let each = (0..heads).map(|head| read(&format!("{name}.norms.{head}"), attention.head_dim));
                    let each = each.collect::<Result<Vec<_>, _>>()?;
                    // [heads, 1, D], to go with [B, heads, L, D].
                    let stack = |parts: Vec<&Tensor>| Tensor::stack(&parts, 0)?.unsqueeze(1);
                    let biases: Option<Vec<&Tensor>> = each.iter().map(|norm| norm.bias.as_ref()).collect();
                    let weight = stack(each.iter().map(|norm| &norm.weight).collect())?;
                    NormWeights { weight, bias: biases.map(stack).transpose()? }
                }
            }))
        };
        let [query, key, value] = match &names.projections {
            Projections::Separate { query, key, value } => [
                linear(query, queries, hidden, attention.qkv_bias)?,
                linear(key, keys, hidden, attention.qkv_bias)?,
                linear(value, keys, hidden, attention.qkv_bias)?,
            ],
            Projections::Concatenated(fused) => {
                let fused = linear(fused, queries + 2 * keys, hidden, attention.qkv_bias)?;
                let part = |start: usize, rows: usize| fused.part(|x| x.narrow(0, start, rows)?.contiguous());
                [part(0, queries)?, part(queries, keys)?, part(queries + keys, keys)?]
            }
            Projections::Grouped(fused) => {
                let fused = linear(fused, queries + 2 * keys, hidden, attention.qkv_bias)?;
                let (groups, dim) = (attention.kv_heads, attention.head_dim);
                let shared = attention.heads / groups;
                let part = |start: usize, heads: usize| {
                    fused.part(|x| {
                        let rows = x.reshape((groups, shared + 2, dim, ()))?.narrow(1, start, heads)?;
                        rows.contiguous()?.reshape((groups * heads * dim, ()))
                    })
                };
                [part(0, shared)?, part(shared, 1)?, part(shared + 1, 1)?]
            }
        };
        let (gate, up) = match &names.inner {
            Inner::Plain(up) => (None, linear(up, mlp.intermediate, hidden, mlp.bias)?),
            Inner::Gated { gate, up } => {
                let gate = linear(gate, mlp.intermediate, hidden, mlp.bias)?;
                (Some(gate), linear(up, mlp.intermediate, hidden, mlp.bias)?)
            }
            Inner::GateFirst(fused) => {
                let fused = linear(fused, 2 * mlp.intermediate, hidden, mlp.bias)?;
                let part = |start: usize| fused.part(|x| x.narrow(0, start, mlp.intermediate)?.contiguous());
                (Some(part(0)?), part(mlp.intermediate)?)
            }
        };
        let weights = LayerWeights {
            attention_norm: norm(names.attention_norm, layer.attention_norm)?,
            query,
            key,
            value,
            query_norm: qk_norm(names.query_norm, attention.heads, queries)?,
            key_norm: qk_norm(names.key_norm, attention.kv_heads, keys)?,
            attention_output: linear(names.attention_output, hidden, queries, attention.output_bias)?,
            attention_output_norm: norm(names.attention_output_norm, layer.attention_output_norm)?,
            mlp_norm: norm(names.mlp_norm, layer.mlp_norm)?,
            gate,
            up,
            down: linear(names.down, hidden, mlp.intermediate, mlp.bias)?,
            mlp_output_norm: norm(names.mlp_output_norm, layer.mlp_output_norm)?,
            query_key_value: None,
            gate_up: None,
        };
        if device.is_cpu() { Ok(weights) } else { Ok(weights.stacked()?) }
    }

    /// Rows of a tensor on a device, in a type.
    ///
    /// They are read and converted piece by piece, so that they are not in memory twice.
    fn placed(
        &self,
        name: &str,
        shape: &[usize],
        rows: Range<usize>,
        device: &Device,
        dtype: DType,
    ) -> Result<Tensor, ModelError> {
        let mut part = shape.to_vec();
        part[0] = rows.len();
        let whole = Tensor::zeros(part.as_slice(), dtype, device)?;
        for piece in row_pieces(&part) {
            let stored = self.rows(name, shape, rows.start + piece.start..rows.start + piece.end)?;
            whole.slice_set(&stored.to_device(device)?.to_dtype(dtype)?, 0, piece.start)?;
        }
        Ok(whole)
    }

    fn whole(&self, name: &str, shape: &[usize], device: &Device, dtype: DType) -> Result<Tensor, ModelError> {
        self.placed(name, shape, 0..shape[0], device, dtype)
    }

    /// A matrix that is stored as `[inputs, outputs]`, as `[outputs, inputs]`.
    fn transposed(
        &self,
        name: &str,
        [inputs, outputs]: [usize; 2],
        device: &Device,
        dtype: DType,
    ) -> Result<Tensor, ModelError> {
        let whole = Tensor::zeros((outputs, inputs), dtype, device)?;
        for piece in row_pieces(&[inputs, outputs]) {
            let stored = self.rows(name, &[inputs, outputs], piece.clone())?;
            whole.slice_set(&stored.to_device(device)?.to_dtype(dtype)?.t()?.contiguous()?, 1, piece.start)?;
        }
        Ok(whole)
    }

    /// Rows of a tensor in its stored type, in main memory, without a NaN or an infinity in them.
    fn rows(&self, name: &str, shape: &[usize], rows: Range<usize>) -> Result<Tensor, ModelError> {
        let width: usize = shape[1..].iter().product();
        let mut part = shape.to_vec();
        part[0] = rows.len();
        match &self.source {
            Source::Files(files) => {
                let name = self.stored(name);
                let (file, info) = files.find(&name).expect("names were checked against the headers");
                let dtype = match info.dtype {
                    Dtype::BF16 => DType::BF16,
                    Dtype::F16 => DType::F16,
                    Dtype::F32 => DType::F32,
                    _ => DType::F64,
                };
                let row = width * dtype.size_in_bytes();
                let bytes = files.bytes(&name, rows.start * row..rows.end * row)?;
                if let Some((index, value)) = first_non_finite(dtype, &bytes) {
                    let (file, index) = (file.to_owned(), rows.start * width + index);
                    return Err(ModelError::NonFiniteWeight { file, tensor: name, index, value });
                }
                Ok(Tensor::from_raw_buffer(&bytes, dtype, &part, &Device::Cpu)?)
            }
            Source::Fresh { seed, standard_deviation, into_stream } => {
                let names = &self.family.names;
                let writes = |matrix: &str| name.strip_suffix(".weight").is_some_and(|name| name.ends_with(matrix));
                let into_stream = if writes(names.attention_output) || writes(names.down) { *into_stream } else { 1.0 };
                let values = if name.ends_with(".bias") {
                    vec![0.0; rows.len() * width]
                } else if shape.len() == 1 {
                    vec![1.0; rows.len() * width]
                } else {
                    normal(*seed, name, standard_deviation * into_stream, rows.start * width..rows.end * width)
                };
                Ok(Tensor::from_vec(values, part, &Device::Cpu)?)
            }
        }
    }
}

/// The widths of queries and of keys over all heads.
fn widths(attention: &AttentionSpec) -> (usize, usize) {
    let width = |heads: usize| heads.saturating_mul(attention.head_dim);
    (width(attention.heads), width(attention.kv_heads))
}

/// Rows of a tensor of this shape in pieces of a few MiB, each of at least one row.
fn row_pieces(shape: &[usize]) -> impl Iterator<Item = Range<usize>> {
    const ELEMENTS: usize = 1 << 20;
    let (rows, width) = (shape[0], shape[1..].iter().product::<usize>());
    let size = (ELEMENTS / width.max(1)).max(1);
    (0..rows).step_by(size).map(move |start| start..(start + size).min(rows))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_weights_are_the_same_in_any_pieces() {
        let whole = normal(7, "layers.0.up.weight", 0.02, 0..1001);
        for cut in [1, 2, 15, 16, 17, 500, 1000] {
            let mut pieces = normal(7, "layers.0.up.weight", 0.02, 0..cut);
            pieces.extend(normal(7, "layers.0.up.weight", 0.02, cut..1001));
            assert_eq!(pieces, whole, "cut at {cut}");
        }
        // The control: another tensor has other values.
        assert_ne!(normal(7, "layers.1.up.weight", 0.02, 0..1001), whole);
    }

    #[test]
    fn pieces_cover_each_row_once() {
        for shape in [&[5][..], &[3 << 20], &[7, 300_000], &[2, 3 << 20], &[0, 4]] {
            let mut next = 0;
            for piece in row_pieces(shape) {
                assert!(piece.start == next && !piece.is_empty());
                next = piece.end;
            }
            assert_eq!(next, shape[0], "{shape:?}");
        }
    }

    /// The first layer of a fresh model of this configuration.
    fn fresh_layer(config: serde_json::Value) -> LayerWeights {
        let serde_json::Value::Object(object) = config else { panic!("a configuration is an object") };
        let config = crate::model::config::Config::new(std::path::Path::new("config.json"), object);
        let family = Family::of(&config).unwrap();
        let spec = family.spec(config, 8).unwrap();
        let into_stream = family.stream_factor(spec.layers.len());
        let source = Source::Fresh { seed: 1, standard_deviation: spec.initializer_range, into_stream };
        let weights = Weights { family, prefix: family.names.prefixes[0], source };
        weights.layer(&spec, 0, &Device::Cpu, Precision::F64).unwrap()
    }

    fn deviation(linear: &Linear) -> f64 {
        let values = linear.weight.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        (values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn gpt2_begins_smaller_where_it_writes_to_the_stream() {
        let layer = fresh_layer(serde_json::json!({
            "model_type": "gpt2", "n_embd": 64, "n_head": 4, "n_layer": 8, "vocab_size": 8,
        }));
        // 4096 samples and more: the standard error of a deviation is 1 % of it.
        for (linear, expected) in
            [(&layer.query, 0.02), (&layer.up, 0.02), (&layer.attention_output, 0.02 / 4.0), (&layer.down, 0.02 / 4.0)]
        {
            assert!((deviation(linear) / expected - 1.0).abs() < 0.05, "{}", deviation(linear));
        }
    }

    #[test]
    fn every_norm_begins_with_the_factor_one() {
        let sizes = serde_json::json!({
            "hidden_size": 8, "num_attention_heads": 2, "num_key_value_heads": 2, "num_hidden_layers": 8,
            "intermediate_size": 8, "vocab_size": 8,
        });
        for family in ["llama", "gemma3_text", "olmo", "olmo2", "stablelm", "phi"] {
            let mut config = sizes.clone();
            config["model_type"] = family.into();
            if ["stablelm", "phi"].contains(&family) {
                config["qk_layernorm"] = true.into();
                config["partial_rotary_factor"] = 0.5.into();
            }
            let layer = fresh_layer(config);
            let norms =
                [layer.attention_norm, layer.attention_output_norm, layer.query_norm, layer.key_norm, layer.mlp_norm];
            let norms: Vec<NormWeights> = norms.into_iter().flatten().collect();
            assert!(!norms.is_empty());
            for norm in norms {
                let weights = norm.weight.flatten_all().unwrap().to_vec1::<f64>().unwrap();
                assert!(weights.iter().all(|weight| *weight == 1.0), "{family}: {weights:?}");
            }
        }
    }
}
