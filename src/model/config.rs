use std::cell::RefCell;
use std::collections::BTreeSet;
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

/// The object of config.json, or one inside it, asked for its keys by name.
///
/// A key whose value is `null` counts as absent, but for [`optional`](Self::optional). A list of
/// keys are names for one thing: where two of them are present they must agree. Every default that
/// is filled in is remembered, and every key that was asked for.
pub(super) struct Config {
    file: PathBuf,
    /// What leads to this object from the top of the file: empty, or `text_config.`.
    place: String,
    object: Map<String, Value>,
    asked: RefCell<BTreeSet<String>>,
    defaults: Vec<(String, String)>,
    layers_stored: usize,
}

impl Config {
    pub(super) fn new(file: &Path, object: Map<String, Value>) -> Self {
        Self {
            file: file.to_owned(),
            place: String::new(),
            object,
            asked: RefCell::default(),
            defaults: Vec::new(),
            layers_stored: 0,
        }
    }

    /// The object under a key, to be asked like this one; empty where the key is absent.
    pub(super) fn section(&self, key: &str) -> Result<Self, ModelError> {
        let object = match self.present(&[key]) {
            None => Map::new(),
            Some((_, Value::Object(object))) => object.clone(),
            Some((_, other)) => return Err(self.bad_key(key, "an object", shown(other))),
        };
        let mut section = Self::new(&self.file, object);
        section.place = format!("{}{key}.", self.place);
        section.layers_stored = self.layers_stored;
        Ok(section)
    }

    /// Takes over what was noted about a section.
    pub(super) fn close(&mut self, section: Self) {
        self.defaults.extend(section.defaults);
    }

    /// The number of layers in the weight files, against which the configuration's number is
    /// checked before anything is made of it.
    pub(super) fn expect_layers(&mut self, stored: usize) {
        self.layers_stored = stored;
    }

    /// Takes this value for a key that is absent, for families whose files leave out sizes.
    pub(super) fn fill(&mut self, key: &str, value: impl Into<Value>) {
        if !self.object.contains_key(key) {
            let value = value.into();
            self.note(key, &value);
            self.object.insert(key.to_owned(), value);
        }
    }

    /// Remembers a default that a family has filled in by itself.
    pub(super) fn note(&mut self, key: &str, value: impl fmt::Display) {
        self.defaults.push((format!("{}{key}", self.place), value.to_string()));
    }

    /// The defaults filled in so far, key and value.
    pub(super) fn into_defaults(self) -> Vec<(String, String)> {
        self.defaults
    }

    /// The keys that nobody has asked for and that have a value.
    pub(super) fn unread(&self) -> Vec<(String, Value)> {
        let asked = self.asked.borrow();
        let unread = self.object.iter().filter(|(key, value)| !value.is_null() && !asked.contains(*key));
        unread.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// A positive whole number.
    pub(super) fn count(&mut self, keys: &[&str]) -> Result<usize, ModelError> {
        self.read(keys, None, COUNT, |value| count(keys[0], value))
    }

    /// A positive whole number that may be left out.
    pub(super) fn count_or(&mut self, keys: &[&str], default: usize) -> Result<usize, ModelError> {
        self.read(keys, Some(default), COUNT, |value| count(keys[0], value))
    }

    /// A whole number that may be left out.
    pub(super) fn whole_or(&mut self, key: &str, default: usize) -> Result<usize, ModelError> {
        let whole = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
        self.read(&[key], Some(default), "a whole number", whole)
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

    /// A positive number that may be left out.
    pub(super) fn positive_or(&mut self, keys: &[&str], default: f64) -> Result<f64, ModelError> {
        self.read(keys, Some(default), POSITIVE, positive)
    }

    /// A positive number or `null` for none; where the key is absent, the default.
    pub(super) fn optional_positive(&mut self, key: &str, default: Option<f64>) -> Result<Option<f64>, ModelError> {
        self.optional(key, default, POSITIVE, positive)
    }

    /// A positive whole number or `null` for none; where the key is absent, the default.
    pub(super) fn optional_count(&mut self, key: &str, default: Option<usize>) -> Result<Option<usize>, ModelError> {
        self.optional(key, default, COUNT, |value| count(key, value))
    }

    fn optional<T: fmt::Display>(
        &mut self,
        key: &str,
        default: Option<T>,
        expected: &str,
        parse: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, ModelError> {
        let is_null = self.object.get(key).is_some_and(Value::is_null);
        match self.present(&[key]) {
            None if is_null => Ok(None),
            None => {
                if let Some(default) = &default {
                    self.note(key, default);
                }
                Ok(default)
            }
            Some((_, value)) => {
                parse(value).map(Some).ok_or_else(|| self.bad_key(key, &format!("{expected}, or null"), shown(value)))
            }
        }
    }

    /// A key that, if it is there, has this value: the only one that is computed here.
    pub(super) fn only(&self, key: &str, value: impl Into<Value>) -> Result<(), ModelError> {
        let value = value.into();
        match self.present(&[key]) {
            Some((_, found)) if !same(found, &value) => Err(self.bad_key(key, &shown(&value), shown(found))),
            _ => Ok(()),
        }
    }

    pub(super) fn text_or(&mut self, keys: &[&str], default: &str) -> Result<String, ModelError> {
        self.read(keys, Some(default.to_owned()), "a string", |value| value.as_str().map(str::to_owned))
    }

    /// The value of the first of these keys that is present, as it stands in the file.
    pub(super) fn present<'a>(&'a self, keys: &[&'a str]) -> Option<(&'a str, &'a Value)> {
        self.asked.borrow_mut().extend(keys.iter().map(|key| (*key).to_owned()));
        keys.iter().find_map(|key| {
            let value = self.object.get(*key).filter(|value| !value.is_null())?;
            Some((*key, value))
        })
    }

    /// An error about the value of a key of this file.
    pub(super) fn bad_key(&self, key: &str, expected: &str, found: impl fmt::Display) -> ModelError {
        ModelError::BadKey {
            file: self.file.clone(),
            key: format!("{}{key}", self.place),
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }

    /// An error about a key that this file should have.
    pub(super) fn missing_key(&self, key: &str, expected: &str) -> ModelError {
        let key = format!("{}{key}", self.place);
        ModelError::MissingKey { file: self.file.clone(), key, expected: expected.to_owned() }
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
            self.note(keys[0], &default);
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
            first: format!("{}{first}", self.place),
            first_value: shown(value),
            second: format!("{}{second}", self.place),
            second_value: shown(other),
        }
    }
}

const COUNT: &str = "a positive whole number, below 4096 for heads and layers and below 2^24 elsewhere";

const POSITIVE: &str = "a number above 0";

fn positive(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| *number > 0.0)
}

/// Far above what any model has, so that what is made for each head of each layer, before the sizes are
/// compared with the files, stays small.
fn count(key: &str, value: &Value) -> Option<usize> {
    let limit = if key.contains("head") || key.contains("layer") { 1 << 12 } else { 1 << 24 };
    value.as_u64().and_then(|number| usize::try_from(number).ok()).filter(|number| (1..limit).contains(number))
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
