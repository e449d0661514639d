use std::collections::BTreeMap;

use serde::Serialize;

use super::attention::block_numbers;
use super::files::Storage;
use super::layer::CPU_ELEMENTS;
use super::spec::LayerSpec;
use super::tap::Tap;
use super::{Checkpoint, ModelError, Precision, Spec};

/// What a checkpoint consists of, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Inventory {
    /// The weight files.
    pub storage: Storage,
    /// Parameters that the forward pass reads. A head that is the embedding counts once.
    pub parameters: u64,
    /// The same by part, in the order of the names.
    pub parts: Vec<Part>,
    /// Parameters of each layer.
    pub layer_parameters: Vec<u64>,
}

/// Tensors of one purpose, such as all feed-forward branches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What their names begin with; `*` stands for the layers.
    pub name: String,
    /// How many parameters they have together.
    pub parameters: u64,
}

/// Memory of a forward pass over one text on the processor, in bytes: an estimate from sizes, not a
/// measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Footprint {
    /// Tokens of the text.
    pub tokens: usize,
    /// All weight files.
    pub files: u64,
    /// Weights of the largest layer, in the type of the computation.
    pub layer: u64,
    /// The residual stream.
    pub stream: u64,
    /// Queries, keys, values and mixed values of a layer.
    pub heads: u64,
    /// Scores of the heads and queries that are computed together.
    pub attention_block: u64,
    /// Between the projections of a feed-forward branch, as much of it as is held at once.
    pub intermediate: u64,
    /// Logits of all tokens, where they are asked for.
    pub logits: u64,
}

impl Checkpoint {
    /// Counts parameters and files.
    ///
    /// # Errors
    /// The weights are those of [`untrained`](Checkpoint::untrained), which has no files.
    pub fn inventory(&self) -> Result<Inventory, ModelError> {
        let storage = self.weights().storage(self.folder())?;
        let mut layer_parameters = vec![0; self.spec().layers.len()];
        let mut parts: BTreeMap<String, u64> = BTreeMap::new();
        for (name, shape) in self.weights().needed(self.spec()) {
            let parameters = shape.iter().map(|size| *size as u64).product::<u64>();
            let (part, layer) = part_of(&name);
            *parts.entry(part).or_default() += parameters;
            if let Some(total) = layer.and_then(|layer| layer_parameters.get_mut(layer)) {
                *total += parameters;
            }
        }
        let parts: Vec<Part> = parts.into_iter().map(|(name, parameters)| Part { name, parameters }).collect();
        Ok(Inventory { storage, parameters: parts.iter().map(|part| part.parameters).sum(), parts, layer_parameters })
    }
}

impl Inventory {
    /// The memory that a text of this many tokens takes.
    pub fn footprint(&self, spec: &Spec, tokens: usize, precision: Precision) -> Footprint {
        let (narrow, wide) = (precision.dtype().size_in_bytes() as u64, precision.wide().size_in_bytes() as u64);
        let largest = |numbers: &dyn Fn(&LayerSpec) -> usize| {
            spec.layers.iter().map(|layer| numbers(layer) as u64).max().unwrap_or(0)
        };
        let per_token = |numbers: u64, size: u64| numbers.saturating_mul(tokens as u64).saturating_mul(size);
        Footprint {
            tokens,
            files: self.storage.files.iter().map(|file| file.bytes).sum(),
            layer: self.layer_parameters.iter().max().copied().unwrap_or(0) * narrow,
            stream: per_token(spec.hidden as u64, narrow),
            heads: per_token(
                largest(&|layer| 2 * (layer.attention.heads + layer.attention.kv_heads) * layer.attention.head_dim),
                wide,
            ),
            attention_block: largest(&|layer| block_numbers(&layer.attention, tokens)) * wide,
            intermediate: largest(&|layer| {
                let held = layer.mlp.intermediate.saturating_mul(tokens).min(CPU_ELEMENTS);
                held * if layer.mlp.gated { 2 } else { 1 }
            }) * wide,
            logits: per_token(spec.vocabulary as u64, narrow),
        }
    }
}

impl Tap {
    /// The shape of this tap in a file of `extract`, for a text of this many tokens; `layer` is ignored
    /// by taps of the model.
    pub fn shape(self, spec: &Spec, layer: &LayerSpec, tokens: usize) -> Vec<usize> {
        let attention = &layer.attention;
        match self {
            Self::Logits => vec![tokens, spec.vocabulary],
            _ if self.is_over_keys() => vec![attention.heads, tokens, tokens],
            _ if self.is_per_head() => vec![attention.heads, tokens, attention.head_dim],
            _ if self.is_per_kv_head() => vec![attention.kv_heads, tokens, attention.head_dim],
            _ => vec![tokens, spec.hidden],
        }
    }
}

/// The part that a tensor belongs to, and its layer: `model.layers.3.mlp.up_proj.weight` is
/// `model.layers.*.mlp` in layer 3.
fn part_of(name: &str) -> (String, Option<usize>) {
    let words: Vec<&str> = name.split('.').collect();
    match words.iter().position(|word| word.parse::<usize>().is_ok()) {
        Some(at) => {
            let what = words.get(at + 1).copied().unwrap_or_default();
            (format!("{}.*.{what}", words[..at].join(".")), words[at].parse().ok())
        }
        None => (words[..words.len().saturating_sub(1).max(1)].join("."), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_names_begin_with() {
        for (name, part, layer) in [
            ("model.layers.11.self_attn.q_proj.weight", "model.layers.*.self_attn", Some(11)),
            ("h.0.ln_1.bias", "h.*.ln_1", Some(0)),
            ("model.embed_tokens.weight", "model.embed_tokens", None),
            ("wte", "wte", None),
        ] {
            assert_eq!(part_of(name), (part.to_owned(), layer));
        }
    }

    #[test]
    fn a_footprint_of_the_trained_checkpoint() {
        let checkpoint = Checkpoint::open("tests/data/llama").unwrap();
        let inventory = checkpoint.inventory().unwrap();
        let (spec, stored) = (checkpoint.spec(), &inventory.storage);
        assert_eq!(inventory.layer_parameters.iter().sum::<u64>() + in_model(&inventory), inventory.parameters);
        // Everything that is stored is read, in one type of two bytes.
        assert_eq!(stored.types.values().sum::<u64>(), 2 * inventory.parameters);
        let at = |tokens| inventory.footprint(spec, tokens, Precision::F32);
        assert_eq!(at(1024).stream, 2 * at(512).stream);
        assert_eq!(at(1024).layer, 4 * inventory.layer_parameters[0]);
    }

    fn in_model(inventory: &Inventory) -> u64 {
        inventory.parts.iter().filter(|part| !part.name.contains('*')).map(|part| part.parameters).sum()
    }
}
