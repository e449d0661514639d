use serde_json::{Map, Value};

use super::super::config::{Config, same};
use super::super::spec::Rotary;
use super::ModelError;
use crate::numeric::Pairing;
use crate::rope::{Scaling, YarnRamp, longrope_attention_factor, yarn_attention_factor};

/// Where a family keeps its rotary parameters outside `rope_parameters` and `rope_scaling`.
pub(super) struct Keys {
    pub(super) theta: &'static [&'static str],
    pub(super) partial: &'static [&'static str],
    pub(super) partial_default: f64,
}

const TYPES: &str = "one of default, linear, dynamic, yarn, llama3, longrope";

/// The rotary embedding of a configuration, half-split, in the forms of transformers 4 and 5.
///
/// Version 5 writes one object `rope_parameters`, version 4 an object `rope_scaling` (its type
/// under `rope_type` or `type`) and the rest at the top level. What is inside the object counts
/// before the top level, and the top level before the family's default; only
/// `original_max_position_embeddings` counts from the top level first, as in the reference code.
/// Where both objects are present, no key may differ between them.
pub(super) fn read(
    config: &mut Config,
    keys: &Keys,
    head_dim: usize,
    max_positions: usize,
) -> Result<Rotary, ModelError> {
    let parameters = Parameters::of(config)?;
    let rope_type = match parameters.get(&["rope_type", "type"]) {
        None => "default".to_owned(),
        Some((key, value)) => {
            value.as_str().map(str::to_owned).ok_or_else(|| config.bad_key(&parameters.path(key), TYPES, value))?
        }
    };
    if let Some((key, value)) = parameters.get(&["mrope_section"]) {
        return Err(config.bad_key(&parameters.path(key), "no multimodal sections", value));
    }
    let base = match parameters.number(config, "rope_theta")? {
        Some(base) => base,
        None => config.read(keys.theta, Some(10_000.0), "a number above 1", Value::as_f64)?,
    };
    let partial = match parameters.number(config, "partial_rotary_factor")? {
        Some(partial) => partial,
        // That whole heads are rotated goes without saying, and is not recorded as a default.
        None if keys.partial_default == 1.0 && config.present(keys.partial).is_none() => 1.0,
        None => config.read(keys.partial, Some(keys.partial_default), "a number above 0, at most 1", Value::as_f64)?,
    };
    if !(partial > 0.0 && partial <= 1.0) {
        return Err(config.bad_key("partial_rotary_factor", "a number above 0, at most 1", partial));
    }
    // Truncated, as in the reference code.
    let dim = (head_dim as f64 * partial) as usize;

    // The trained length: only asked for where it matters, so that no default is recorded in vain.
    let original_length = |config: &mut Config| match config.present(&["original_max_position_embeddings"]) {
        Some(_) => config.count(&["original_max_position_embeddings"]),
        None => match parameters.number(config, "original_max_position_embeddings")? {
            Some(length) if length >= 1.0 && length.fract() == 0.0 => Ok(length as usize),
            Some(length) => {
                let key = parameters.path("original_max_position_embeddings");
                Err(config.bad_key(&key, "a positive whole number", length))
            }
            None => config.count_or(&["original_max_position_embeddings"], max_positions),
        },
    };
    // Of the lengths, as in the reference code, where the factor itself is left out.
    let factor_or_ratio = |config: &Config, original_length: usize| {
        Ok::<_, ModelError>(match parameters.number(config, "factor")? {
            Some(factor) => factor,
            None => max_positions as f64 / original_length as f64,
        })
    };
    let scaling = match rope_type.as_str() {
        "default" => Scaling::None,
        "linear" => Scaling::Linear { factor: parameters.required(config, "factor")? },
        "dynamic" => {
            Scaling::DynamicNtk { factor: parameters.required(config, "factor")?, original_length: max_positions }
        }
        "yarn" => {
            let original_length = original_length(config)?;
            let factor = factor_or_ratio(config, original_length)?;
            // A zero counts as absent in the reference code.
            let nonzero = |key| Ok::<_, ModelError>(parameters.number(config, key)?.filter(|number| *number != 0.0));
            let mscales = nonzero("mscale")?.zip(nonzero("mscale_all_dim")?);
            Scaling::Yarn {
                factor,
                original_length,
                beta_fast: nonzero("beta_fast")?.unwrap_or(32.0),
                beta_slow: nonzero("beta_slow")?.unwrap_or(1.0),
                ramp: YarnRamp::Index { truncate: parameters.flag(config, "truncate")?.unwrap_or(true) },
                attention_factor: parameters
                    .number(config, "attention_factor")?
                    .unwrap_or_else(|| yarn_attention_factor(factor, mscales)),
            }
        }
        "llama3" => Scaling::Llama3 {
            factor: parameters.required(config, "factor")?,
            low_freq_factor: parameters.required(config, "low_freq_factor")?,
            high_freq_factor: parameters.required(config, "high_freq_factor")?,
            original_length: original_length(config)?,
        },
        // "su" is what the first Phi-3 files called it.
        "longrope" | "su" => {
            let original_length = original_length(config)?;
            let factor = factor_or_ratio(config, original_length)?;
            Scaling::LongRope {
                short_factor: parameters.numbers(config, "short_factor")?,
                long_factor: parameters.numbers(config, "long_factor")?,
                original_length,
                attention_factor: parameters
                    .number(config, "attention_factor")?
                    .unwrap_or_else(|| longrope_attention_factor(factor, original_length)),
            }
        }
        _ => return Err(config.bad_key(&parameters.path("rope_type"), TYPES, format!("{rope_type:?}"))),
    };
    let rotary = Rotary { base, dim, pairing: Pairing::HalfSplit, scaling };
    // A table for each side of the switch of the types that depend on the length.
    for tokens in [1, max_positions.saturating_add(1)] {
        rotary.frequencies(tokens).map_err(|error| config.bad_key(parameters.name, "a rotary embedding", error))?;
    }
    Ok(rotary)
}

/// `rope_parameters` and `rope_scaling` together.
struct Parameters {
    /// What the object is called in this file.
    name: &'static str,
    object: Map<String, Value>,
}

impl Parameters {
    fn of(config: &Config) -> Result<Self, ModelError> {
        let mut found = Self { name: "rope_parameters", object: Map::new() };
        for (name, value) in ["rope_parameters", "rope_scaling"].into_iter().filter_map(|name| config.present(&[name]))
        {
            let Value::Object(object) = value else {
                return Err(config.bad_key(name, "an object", value));
            };
            if found.object.is_empty() {
                found.name = if name == "rope_scaling" { "rope_scaling" } else { "rope_parameters" };
            }
            for (key, value) in object {
                match found.object.get(key) {
                    Some(first) if !same(first, value) => {
                        let (first_key, second_key) = (format!("rope_parameters.{key}"), format!("rope_scaling.{key}"));
                        return Err(config.contradiction(&first_key, first, &second_key, value));
                    }
                    _ => found.object.insert(key.clone(), value.clone()),
                };
            }
        }
        Ok(found)
    }

    fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    fn get<'a>(&'a self, keys: &[&'a str]) -> Option<(&'a str, &'a Value)> {
        keys.iter().find_map(|key| self.object.get(*key).filter(|value| !value.is_null()).map(|value| (*key, value)))
    }

    fn number(&self, config: &Config, key: &str) -> Result<Option<f64>, ModelError> {
        self.get(&[key])
            .map(|(_, value)| value.as_f64().ok_or_else(|| config.bad_key(&self.path(key), "a number", value)))
            .transpose()
    }

    fn required(&self, config: &Config, key: &str) -> Result<f64, ModelError> {
        self.number(config, key)?.ok_or_else(|| config.missing_key(&self.path(key), "a number"))
    }

    fn flag(&self, config: &Config, key: &str) -> Result<Option<bool>, ModelError> {
        self.get(&[key])
            .map(|(_, value)| value.as_bool().ok_or_else(|| config.bad_key(&self.path(key), "true or false", value)))
            .transpose()
    }

    fn numbers(&self, config: &Config, key: &str) -> Result<Vec<f64>, ModelError> {
        let expected = "a list of numbers, one per rotated pair";
        let (_, value) = self.get(&[key]).ok_or_else(|| config.missing_key(&self.path(key), expected))?;
        value
            .as_array()
            .and_then(|list| list.iter().map(Value::as_f64).collect())
            .ok_or_else(|| config.bad_key(&self.path(key), expected, value))
    }
}
