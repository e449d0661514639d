//! Each parser of what comes from someone else's hands, on bytes: what the fuzz targets call.

use std::io::Cursor;
use std::path::Path;

use serde_json::Value;

use super::config::Config;
use super::family::Family;
use super::files::{Format, parse_object, placed};
use super::{ModelError, Spec, Tokenizer};

/// Reads a config.json, for weight files that have as many layers as it says, up to 64.
pub fn config(bytes: &[u8]) -> Result<Spec, ModelError> {
    let file = Path::new("config.json");
    let object = parse_object(file, bytes)?;
    let layers = ["num_hidden_layers", "n_layer", "num_layers", "n_layers"].into_iter().find_map(|key| {
        let text = object.get("text_config").and_then(|text| text.get(key));
        object.get(key).or(text).and_then(Value::as_u64)
    });
    let config = Config::new(file, object);
    let family = Family::of(&config)?;
    family.spec(config, layers.unwrap_or(1).min(64) as usize)
}

/// Reads the index of several weight files.
pub fn index(bytes: &[u8]) -> Result<usize, ModelError> {
    let all = [Format::Safetensors, Format::Pytorch].map(|format| placed(Path::new("index.json"), bytes, format));
    let [safetensors, pytorch] = all;
    Ok(safetensors.or(pytorch)?.len())
}

/// Reads the header of a safetensors file.
pub fn safetensors(bytes: &[u8]) -> Result<usize, ModelError> {
    header(Format::Safetensors, bytes)
}

/// Reads the archive and the pickle of a file of `torch.save`.
pub fn pytorch(bytes: &[u8]) -> Result<usize, ModelError> {
    header(Format::Pytorch, bytes)
}

fn header(format: Format, bytes: &[u8]) -> Result<usize, ModelError> {
    let length = bytes.len();
    let tensors = format.header(Path::new("weights"), &mut Cursor::new(bytes), length as u64)?;
    for (name, info) in &tensors {
        let (start, end) = info.data_offsets;
        assert!(start <= end && end <= length, "{name} lies outside the file");
        let numbers: usize = info.shape.iter().product();
        assert_eq!(numbers * info.dtype.bitsize(), 8 * (end - start), "{name} has another size than its shape");
    }
    Ok(tensors.len())
}

/// Reads a tokenizer.json and a text with it.
pub fn tokenizer(bytes: &[u8], text: &str) -> Result<Vec<u32>, ModelError> {
    Tokenizer::parse(Path::new("tokenizer.json"), bytes, 1 << 20)?.encode(text)
}
