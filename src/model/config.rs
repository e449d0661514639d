use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::ModelError;

/// A JSON value in which no object has a key twice.
///
/// Most readers keep the last of two equal keys without a word, so that a file can mean different
/// things to a person and to a program. Here it is an error.
pub(super) struct Strict(pub(super) Value);

impl Strict {
    pub(super) fn parse(file: &Path, bytes: &[u8]) -> Result<Value, ModelError> {
        let fail = |reason: String| ModelError::Json { file: file.to_owned(), reason };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(fail("the file is empty, expected JSON".to_owned()));
        }
        serde_json::from_slice::<Self>(bytes).map(|strict| strict.0).map_err(|error| fail(error.to_string()))
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if object.contains_key(&key) {
                return Err(de::Error::custom(format!("the key `{key}` appears twice in one object")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// The object of config.json, asked for its keys by name.
///
/// A key whose value is `null` counts as absent. A list of keys are names for one thing: where two
/// of them are present they must agree. Every default that is filled in is remembered.
pub(super) struct Config {
    file: PathBuf,
    object: Map<String, Value>,
    defaults: Vec<(String, String)>,
    layers_stored: usize,
}

impl Config {
    pub(super) fn new(file: &Path, object: Map<String, Value>) -> Self {
        Self { file: file.to_owned(), object, defaults: Vec::new(), layers_stored: 0 }
    }

    /// The number of layers in the weight files, against which the configuration's number is
    /// checked before anything is made of it.
    pub(super) fn expect_layers(&mut self, stored: usize) {
        self.layers_stored = stored;
    }

    /// The defaults filled in so far, key and value.
    pub(super) fn into_defaults(self) -> Vec<(String, String)> {
        self.defaults
    }

    /// A positive whole number.
    pub(super) fn count(&mut self, keys: &[&str]) -> Result<usize, ModelError> {
        self.read(keys, None, COUNT, count)
    }

    /// A positive whole number that may be left out.
    pub(super) fn count_or(&mut self, keys: &[&str], default: usize) -> Result<usize, ModelError> {
        self.read(keys, Some(default), COUNT, count)
    }

    /// The number of layers, which must be that of the weight files.
    pub(super) fn layers(&mut self, keys: &[&str]) -> Result<usize, ModelError> {
        let layers = self.count(keys)?;
        if layers != self.layers_stored {
            return Err(self.bad_key(
                &self.present(keys).map_or(keys[0].to_owned(), |(key, _)| key.to_owned()),
                &format!("{} as in the weight files", self.layers_stored),
                layers,
            ));
        }
        Ok(layers)
    }

    pub(super) fn flag_or(&mut self, keys: &[&str], default: bool) -> Result<bool, ModelError> {
        self.read(keys, Some(default), "true or false", Value::as_bool)
    }

    /// A number above zero and below one, such as an epsilon.
    pub(super) fn fraction_or(&mut self, keys: &[&str], default: f64) -> Result<f64, ModelError> {
        self.read(keys, Some(default), "a number between 0 and 1", |value| {
            value.as_f64().filter(|number| *number > 0.0 && *number < 1.0)
        })
    }

    pub(super) fn text_or(&mut self, keys: &[&str], default: &str) -> Result<String, ModelError> {
        self.read(keys, Some(default.to_owned()), "a string", |value| value.as_str().map(str::to_owned))
    }

    /// The value of the first of these keys that is present, as it stands in the file.
    pub(super) fn present<'a>(&'a self, keys: &[&'a str]) -> Option<(&'a str, &'a Value)> {
        keys.iter().find_map(|key| {
            let value = self.object.get(*key).filter(|value| !value.is_null())?;
            Some((*key, value))
        })
    }

    /// An error about the value of a key of this file.
    pub(super) fn bad_key(&self, key: &str, expected: &str, found: impl fmt::Display) -> ModelError {
        ModelError::BadKey {
            file: self.file.clone(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }

    /// An error about a key that this file should have.
    pub(super) fn missing_key(&self, key: &str, expected: &str) -> ModelError {
        ModelError::MissingKey { file: self.file.clone(), key: key.to_owned(), expected: expected.to_owned() }
    }

    /// Reads a key, checks it against its other names, and remembers the default where it is absent.
    pub(super) fn read<T: fmt::Display>(
        &mut self,
        keys: &[&str],
        default: Option<T>,
        expected: &str,
        parse: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, ModelError> {
        let Some((first, value)) = self.present(keys) else {
            let default = default.ok_or_else(|| self.missing_key(keys[0], expected))?;
            self.defaults.push((keys[0].to_owned(), default.to_string()));
            return Ok(default);
        };
        for second in keys {
            if let Some((_, other)) = self.present(&[second])
                && !same(value, other)
            {
                return Err(self.contradiction(first, value, second, other));
            }
        }
        parse(value).ok_or_else(|| self.bad_key(first, expected, shown(value)))
    }

    pub(super) fn contradiction(&self, first: &str, value: &Value, second: &str, other: &Value) -> ModelError {
        ModelError::Contradiction {
            file: self.file.clone(),
            first: first.to_owned(),
            first_value: shown(value),
            second: second.to_owned(),
            second_value: shown(other),
        }
    }
}

const COUNT: &str = "a positive whole number";

fn count(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0)
}

/// Whether two values mean the same; 10000 and 10000.0 do.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|a| b.as_f64() == Some(a))
}

/// A value as it stands in the file, cut short.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
