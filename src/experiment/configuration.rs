use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Preset;

/// What a decoder is trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// The next token of a text.
    Text,
    /// A random string, and then the same again: HoPE's in-context copying, by itself.
    Copy,
}

/// Everything that a run's result is a function of, on one kind of device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// The variant's name.
    pub encoding: String,
    /// Seed of weights, of what is learned of the encoding, and of the order of the text.
    pub seed: u64,
    /// What is trained on.
    pub task: Task,
    /// Sizes, recipe and what is measured.
    pub preset: Preset,
    /// The corpus, by its key; of the copying task, which reads no text, empty.
    pub corpus: String,
    /// `f32` on a processor; on a GPU `bf16`, with weights in `f32`.
    pub precision: String,
}

impl Configuration {
    /// The settings in which this differs from another: name, here, there.
    pub(super) fn differences(&self, other: &Self) -> Vec<(String, Value, Value)> {
        let value = |of: &Self| serde_json::to_value(of).expect("a configuration is plain data");
        let mut found = Vec::new();
        differences("", &value(self), &value(other), &mut found);
        found
    }
}

fn differences(path: &str, here: &Value, there: &Value, found: &mut Vec<(String, Value, Value)>) {
    match (here, there) {
        (Value::Object(here), Value::Object(there)) => {
            for (key, value) in here {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                differences(&path, value, there.get(key).unwrap_or(&Value::Null), found);
            }
        }
        _ if here == there => {}
        _ => found.push((path.to_owned(), here.clone(), there.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named_by_their_path() {
        let here = Configuration {
            encoding: "rope".to_owned(),
            seed: 0,
            task: Task::Text,
            preset: Preset::named("tiny").unwrap(),
            corpus: String::new(),
            precision: "f32".to_owned(),
        };
        let mut there = here.clone();
        assert!(here.differences(&there).is_empty());
        there.preset.recipe.steps = 7;
        there.seed = 1;
        let names: Vec<String> = here.differences(&there).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["preset.recipe.steps", "seed"]);
    }
}
