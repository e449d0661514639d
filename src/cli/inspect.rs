use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use super::output::{print, print_json};
use super::{Common, Failure, Outcome};
use crate::model::{Checkpoint, Footprint, Inventory, LayerSpec, Spec, Tap};

/// Show what a checkpoint was read as, without running it
///
/// Everything is checked as before a run, but for the weights' own values: a checkpoint that is not
/// understood exactly is refused, with what is understood.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder in Hugging Face layout, or org/name in the local hub cache
    model: PathBuf,
    /// Tokens of the text for which shapes and memory are shown [default: what the model was made
    /// for, at most 1024]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..))]
    length: Option<u32>,
}

/// The longest text that is taken without being asked for.
const DEFAULT_LENGTH: usize = 1024;
/// The width that text keeps within.
const WIDTH: usize = 80;

/// The object of `--json`.
#[derive(Serialize)]
struct Answer<'a> {
    schema: &'static str,
    model: String,
    /// What the model computes, without its layers.
    spec: Value,
    layers: Vec<Group<'a>>,
    taps: Vec<TapShape>,
    #[serde(flatten)]
    inventory: &'a Inventory,
    dtype: String,
    memory: Footprint,
}

/// Layers that are alike.
#[derive(Serialize)]
struct Group<'a> {
    /// Their numbers, from 0.
    layers: Vec<usize>,
    /// Parameters of each.
    parameters: u64,
    spec: &'a LayerSpec,
}

#[derive(Serialize)]
struct TapShape {
    tap: Tap,
    /// The layers that have it in this shape; null for taps of the model.
    layers: Option<Vec<usize>>,
    shape: Vec<usize>,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let checkpoint = Checkpoint::open(&arguments.model)?;
    let (spec, inventory, precision) = (checkpoint.spec(), checkpoint.inventory()?, common.precision());
    let tokens = match arguments.length {
        Some(length) => length as usize,
        None => spec.max_positions.map_or(DEFAULT_LENGTH, |limit| limit.min(DEFAULT_LENGTH)),
    };
    let groups = groups(spec, &inventory);
    let mut fields = serde_json::to_value(spec)?;
    if let Value::Object(fields) = &mut fields {
        fields.remove("layers");
    }
    let answer = Answer {
        schema: "ropelet.inspect/1",
        model: checkpoint.folder().display().to_string(),
        spec: fields,
        taps: taps(spec, &groups, tokens),
        layers: groups,
        inventory: &inventory,
        dtype: precision.to_string(),
        memory: inventory.footprint(spec, tokens, precision),
    };
    if common.json {
        print_json(&answer)?
    } else {
        print(answer.text()?.trim_end())?
    }
    Ok(Outcome::Success)
}

fn groups<'a>(spec: &'a Spec, inventory: &Inventory) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (number, (layer, &parameters)) in spec.layers.iter().zip(&inventory.layer_parameters).enumerate() {
        match groups.iter_mut().find(|group| group.spec == layer && group.parameters == parameters) {
            Some(group) => group.layers.push(number),
            None => groups.push(Group { layers: vec![number], parameters, spec: layer }),
        }
    }
    groups
}

fn taps(spec: &Spec, groups: &[Group<'_>], tokens: usize) -> Vec<TapShape> {
    let mut taps: Vec<TapShape> = Vec::new();
    for tap in Tap::ALL {
        for group in groups {
            let shape = tap.shape(spec, group.spec, tokens);
            let layers = tap.is_per_layer().then(|| group.layers.clone());
            match taps.iter_mut().find(|known| known.tap == tap && known.shape == shape) {
                Some(known) => {
                    if let (Some(all), Some(layers)) = (&mut known.layers, layers) {
                        all.extend(layers);
                        all.sort_unstable();
                    }
                }
                None => taps.push(TapShape { tap, layers, shape }),
            }
        }
    }
    taps
}

impl Answer<'_> {
    fn text(&self) -> Result<String, Failure> {
        let mut page = Page::default();
        let Self { inventory, memory, .. } = self;
        let storage = &inventory.storage;
        let types: Vec<String> =
            storage.types.iter().map(|(dtype, size)| format!("{dtype} {}", bytes(*size))).collect();
        let names: Vec<&str> = storage.files.iter().map(|file| file.name.as_str()).collect();
        page.row("model", &self.model);
        page.row(
            "files",
            &match names[..] {
                [one] => one.to_owned(),
                [first, .., last] => format!("{} files, {first} to {last}", names.len()),
                [] => "none".to_owned(),
            },
        );
        page.row("stored", &format!("{}: {}", bytes(memory.files), types.join(", ")));
        page.row("parameters", &grouped(inventory.parameters));

        page.head("config.json was read as");
        let mut fields = self.spec.as_object().cloned().unwrap_or_default();
        let defaults = fields.remove("defaults").unwrap_or_default();
        let unread = fields.remove("unread").unwrap_or_default();
        page.fields(&fields);
        for group in &self.layers {
            let numbers = ranges(&group.layers);
            let noun = if group.layers.len() == 1 { "layer" } else { "layers" };
            page.head(&format!("{noun} {numbers}, {} parameters each", grouped(group.parameters)));
            if let Value::Object(fields) = serde_json::to_value(group.spec)? {
                page.fields(&fields);
            }
        }

        page.head("left out of config.json, and taken as");
        let defaults: Vec<(String, String)> = serde_json::from_value(defaults)?;
        for (key, value) in &defaults {
            page.row(key, &format!("{value} (default)"));
        }
        if defaults.is_empty() {
            page.row("nothing", "");
        }
        let unread: Vec<String> = serde_json::from_value(unread).unwrap_or_default();
        if !unread.is_empty() {
            page.head("in config.json, and of no effect here");
            page.row("keys", &unread.join(", "));
        }

        page.head("parameters");
        for part in &inventory.parts {
            page.row(&part.name, &grouped(part.parameters));
        }

        page.head(&format!("taps of a text of {} tokens", memory.tokens));
        for tap in &self.taps {
            let layers = match &tap.layers {
                Some(layers) if layers.len() < inventory.layer_parameters.len() => {
                    format!(" in layers {}", ranges(layers))
                }
                _ => String::new(),
            };
            page.row(tap.tap.name(), &format!("{:?}{layers}", tap.shape));
        }

        page.head(&format!("memory for {} tokens in {}, estimated", memory.tokens, self.dtype));
        for (what, size) in [
            ("weights on disk", memory.files),
            ("largest layer", memory.layer),
            ("residual stream", memory.stream),
            ("heads of a layer", memory.heads),
            ("block of scores", memory.attention_block),
            ("feed-forward", memory.intermediate),
            ("logits, if asked for", memory.logits),
        ] {
            page.row(what, &bytes(size));
        }
        Ok(page.0)
    }
}

/// Rows of a name and a value, broken before [`WIDTH`].
#[derive(Default)]
struct Page(String);

impl Page {
    const NAME: usize = 36;

    fn head(&mut self, text: &str) {
        self.0.push('\n');
        self.line(text, 0);
    }

    fn row(&mut self, name: &str, value: &str) {
        // A long name has its value on the next line.
        if name.chars().count() > Self::NAME - 4 {
            self.line(&format!("  {name}"), 4);
            self.line(&format!("{:1$}{value}", "", Self::NAME), Self::NAME);
        } else {
            self.line(&format!("  {name:<0$}{value}", Self::NAME - 2), Self::NAME);
        }
    }

    /// One paragraph; what does not fit goes on below, this far in.
    fn line(&mut self, text: &str, indent: usize) {
        let mut rest = text.trim_end();
        let mut room = WIDTH;
        while rest.chars().count() > room {
            let end = rest.char_indices().nth(room).map_or(rest.len(), |(end, _)| end);
            // At a blank that leaves something on this line, else nowhere: names are not taken apart.
            let margin = rest.len() - rest.trim_start().len();
            let Some(at) = rest[..end].rfind(' ').filter(|at| *at > margin) else { break };
            self.0.push_str(rest[..at].trim_end());
            self.0.push('\n');
            self.0.push_str(&" ".repeat(indent));
            rest = rest[at..].trim_start();
            room = WIDTH - indent;
        }
        self.0.push_str(rest);
        self.0.push('\n');
    }

    /// The fields of a specification, those inside others under `outer.inner`.
    fn fields(&mut self, fields: &Map<String, Value>) {
        for (name, value) in fields {
            match value {
                Value::Object(inner) if !inner.values().all(is_plain) => {
                    let inner = inner.iter().map(|(key, value)| (format!("{name}.{key}"), value.clone()));
                    self.fields(&inner.collect());
                }
                value => self.row(name, &shown(value)),
            }
        }
    }
}

fn is_plain(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

/// A value on one line.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) if items.len() > 8 => {
            let first: Vec<String> = items[..6].iter().map(shown).collect();
            format!("{}, ... ({} in all)", first.join(", "), items.len())
        }
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| format!("{key} {}", shown(value))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// `0-3, 5` of 0, 1, 2, 3 and 5.
fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let one = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for (at, digit) in digits[first..].char_indices() {
        if at % 3 == 0 && !text.is_empty() {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3 MiB`.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0, 999, 1000, 1_234_567, 100_000].map(grouped), ["0", "999", "1,000", "1,234,567", "100,000"]);
        assert_eq!([0, 1023, 1024, 1536 << 20].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.5 GiB"]);
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), "0-2, 5, 7-8");
    }

    #[test]
    fn lines_break_at_blanks_and_keep_within_the_width() {
        let mut page = Page::default();
        page.row("name", &"word ".repeat(40));
        page.row(&"long".repeat(10), "value");
        assert!(page.0.lines().all(|line| line.len() <= WIDTH && !line.ends_with(' ')), "{}", page.0);
        assert_eq!(page.0.matches("word").count(), 40);
        assert_eq!(page.0.lines().nth(1).map(|line| line.find("word")), Some(Some(Page::NAME)));
    }
}
