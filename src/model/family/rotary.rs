use serde_json::{Map, Value};

use super::super::config::{Config, same, shown};
use super::super::spec::Rotary;
use super::ModelError;
use crate::numeric::Pairing;
use crate::rope::{Scaling, YarnRamp, longrope_attention_factor, yarn_attention_factor};

/// Where a family keeps its rotary parameters outside `rope_parameters` and `rope_scaling`.
pub(super) struct Keys {
    pub(super) theta: &'static [&'static str],
    pub(super) theta_default: f64,
    /// How much of a head is rotated, where it need not be all of it.
    pub(super) partial: Option<Partial>,
    pub(super) original: Original,
}

pub(super) struct Partial {
    pub(super) keys: &'static [&'static str],
    pub(super) default: f64,
}

/// Where the trained length is, `original_max_position_embeddings`.
pub(super) enum Original {
    /// At the top level, else among the parameters, else `max_position_embeddings`.
    TopFirst,
    /// At the top level, else this.
    Top(usize),
    /// Among the parameters, else `max_position_embeddings`.
    Inside,
}

/// Whole heads, as in most families.
pub(super) const WHOLE_HEADS: Keys =
    Keys { theta: &["rope_theta"], theta_default: 10_000.0, partial: None, original: Original::TopFirst };

const TYPES: &str = "one of default, linear, dynamic, yarn, llama3, longrope, proportional";

/// What may stand in `rope_parameters`.
const KNOWN: [&str; 17] = [
    "attention_factor",
    "beta_fast",
    "beta_slow",
    "factor",
    "finetuned",
    "high_freq_factor",
    "long_factor",
    "low_freq_factor",
    "mscale",
    "mscale_all_dim",
    "original_max_position_embeddings",
    "partial_rotary_factor",
    "rope_theta",
    "rope_type",
    "short_factor",
    "truncate",
    "type",
];

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
    read_one(config, &parameters, keys, head_dim, max_positions)
}

/// The rotary embeddings of sliding and of full layers, in families that keep them apart.
///
/// In the form of version 5 `rope_parameters` has an object for each; in that of version 4
/// `rope_scaling` is for full layers alone.
pub(super) fn read_by_layer_type(
    config: &mut Config,
    [sliding, full]: [&Keys; 2],
    head_dim: usize,
    max_positions: usize,
) -> Result<[Rotary; 2], ModelError> {
    let [sliding_parameters, full_parameters] = Parameters::by_layer_type(config)?;
    Ok([
        read_one(config, &sliding_parameters, sliding, head_dim, max_positions)?,
        read_one(config, &full_parameters, full, head_dim, max_positions)?,
    ])
}

fn read_one(
    config: &mut Config,
    parameters: &Parameters,
    keys: &Keys,
    head_dim: usize,
    max_positions: usize,
) -> Result<Rotary, ModelError> {
    if let Some((key, value)) = parameters.object.iter().find(|(key, _)| !KNOWN.contains(&key.as_str())) {
        return Err(config.bad_key(&parameters.path(key), "no such key", shown(value)));
    }
    if let (Some(first), Some(second)) = (parameters.object.get("rope_type"), parameters.object.get("type"))
        && first != second
    {
        return Err(config.contradiction(&parameters.path("rope_type"), first, &parameters.path("type"), second));
    }
    let rope_type = match parameters.get(&["rope_type", "type"]) {
        None => "default".to_owned(),
        Some((key, value)) => {
            value.as_str().map(str::to_owned).ok_or_else(|| config.bad_key(&parameters.path(key), TYPES, value))?
        }
    };
    let base = match parameters.number(config, "rope_theta")? {
        Some(base) => {
            // Asked for, so that it does not count as a key that nobody has read.
            let _ = config.present(keys.theta);
            base
        }
        None if keys.theta.is_empty() => keys.theta_default,
        None => config.read(keys.theta, Some(keys.theta_default), "a number above 1", Value::as_f64)?,
    };
    let whole = Partial { keys: &["partial_rotary_factor"], default: 1.0 };
    let Partial { keys: partial_keys, default } = keys.partial.as_ref().unwrap_or(&whole);
    let partial = match parameters.number(config, "partial_rotary_factor")? {
        Some(partial) => {
            let _ = config.present(partial_keys);
            partial
        }
        // That whole heads are rotated goes without saying, and is not recorded as a default.
        None if *default == 1.0 && config.present(partial_keys).is_none() => 1.0,
        None => config.read(partial_keys, Some(*default), "a number above 0, at most 1", Value::as_f64)?,
    };
    if !(partial > 0.0 && partial <= 1.0) {
        return Err(config.bad_key("partial_rotary_factor", "a number above 0, at most 1", partial));
    }
    let proportional = rope_type == "proportional";
    if keys.partial.is_none() && partial != 1.0 && !proportional {
        // Reference code rotates the whole head here or fails, depending on the rope type.
        return Err(config.bad_key("partial_rotary_factor", "1 (this family rotates whole heads)", partial));
    }
    // Truncated, as in the reference code.
    let dim = if proportional { head_dim } else { (head_dim as f64 * partial) as usize };

    // The trained length: only asked for where it matters, so that no default is recorded in vain.
    let original_length = |config: &mut Config| match config.present(&["original_max_position_embeddings"]) {
        Some(_) if !matches!(keys.original, Original::Inside) => config.count(&["original_max_position_embeddings"]),
        None if let Original::Top(default) = keys.original => {
            config.count_or(&["original_max_position_embeddings"], default)
        }
        _ => match parameters.number(config, "original_max_position_embeddings")? {
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
        "proportional" => Scaling::Proportional {
            pairs: (partial * head_dim as f64 / 2.0) as usize,
            factor: parameters.number(config, "factor")?.unwrap_or(1.0),
        },
        _ => return Err(config.bad_key(&parameters.path("rope_type"), TYPES, format!("{rope_type:?}"))),
    };
    let rotary = Rotary { base, dim, pairing: Pairing::HalfSplit, scaling };
    // A table for each side of the switch of the types that depend on the length.
    for tokens in [1, max_positions.saturating_add(1)] {
        rotary.frequencies(tokens).map_err(|error| config.bad_key(&parameters.name, "a rotary embedding", error))?;
    }
    Ok(rotary)
}

/// `rope_parameters` and `rope_scaling` together, or the part of them for some layers.
struct Parameters {
    /// What the object is called in this file.
    name: String,
    object: Map<String, Value>,
}

impl Parameters {
    fn of(config: &Config) -> Result<Self, ModelError> {
        let mut found = Self { name: "rope_parameters".to_owned(), object: Map::new() };
        for name in ["rope_parameters", "rope_scaling"] {
            if let Some((_, value)) = config.present(&[name]) {
                found.add(config, name, value)?;
            }
        }
        Ok(found)
    }

    /// Those of sliding and those of full layers.
    fn by_layer_type(config: &Config) -> Result<[Self; 2], ModelError> {
        const TYPES: [&str; 2] = ["sliding_attention", "full_attention"];
        let mut found = TYPES.map(|name| Self { name: format!("rope_parameters.{name}"), object: Map::new() });
        if let Some((key, value)) = config.present(&["rope_parameters"]) {
            let expected = "an object with one object each for sliding_attention and full_attention";
            let object = value.as_object().filter(|object| object.keys().all(|key| TYPES.contains(&key.as_str())));
            let object = object.ok_or_else(|| config.bad_key(key, expected, shown(value)))?;
            for (name, parameters) in TYPES.into_iter().zip(&mut found) {
                if let Some(value) = object.get(name).filter(|value| !value.is_null()) {
                    parameters.add(config, &format!("rope_parameters.{name}"), value)?;
                }
            }
        }
        if let Some((key, value)) = config.present(&["rope_scaling"]) {
            found[1].add(config, key, value)?;
        }
        Ok(found)
    }

    fn add(&mut self, config: &Config, name: &str, value: &Value) -> Result<(), ModelError> {
        let Value::Object(object) = value else {
            return Err(config.bad_key(name, "an object", shown(value)));
        };
        if self.object.is_empty() {
            name.clone_into(&mut self.name);
        }
        for (key, value) in object {
            match self.object.get(key) {
                Some(first) if !same(first, value) => {
                    return Err(config.contradiction(&self.path(key), first, &format!("{name}.{key}"), value));
                }
                _ => self.object.insert(key.clone(), value.clone()),
            };
        }
        Ok(())
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
