//! Malformed checkpoints and texts: one clear error each, exit code 2, nothing written, no panic.
//!
//! Each case copies a small checkpoint, breaks one thing, and runs `ropelet extract` on it with its
//! memory limited to 2 GiB, so that a size in a broken file cannot become an allocation.
#![cfg(all(feature = "model", feature = "cli", unix))]

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ropelet::model::untrusted;
use ropelet::model::{Checkpoint, Decoder, Device, ModelError, Precision, Select, Sink, Site};
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

/// A copy of a small checkpoint, to be broken.
struct Copy {
    folder: PathBuf,
    _place: tempfile::TempDir,
}

impl Copy {
    fn of(checkpoint: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("model");
        fs::create_dir(&folder).unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models").join(checkpoint);
        for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
        Self { folder, _place: place }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).unwrap();
    }

    /// Changes a JSON file.
    fn json(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap();
        change(&mut value);
        self.write(name, value.to_string());
    }

    /// Changes the header of a safetensors file, whose data stays where it is.
    fn header(&self, name: &str, change: impl FnOnce(&mut Map<String, Value>)) {
        let bytes = fs::read(self.path(name)).unwrap();
        let size = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let mut header: Map<String, Value> = serde_json::from_slice(&bytes[8..8 + size]).unwrap();
        change(&mut header);
        self.weights(name, &serde_json::to_vec(&header).unwrap(), &bytes[8 + size..]);
    }

    fn weights(&self, name: &str, header: &[u8], data: &[u8]) {
        self.write(name, [&(header.len() as u64).to_le_bytes(), header, data].concat());
    }

    /// Changes the bytes of one tensor.
    fn tensor(&self, name: &str, tensor: &str, change: impl FnOnce(&mut [u8])) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        let size = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: Value = serde_json::from_slice(&bytes[8..8 + size]).unwrap();
        let offset = |end: usize| 8 + size + header[tensor]["data_offsets"][end].as_u64().unwrap() as usize;
        change(&mut bytes[offset(0)..offset(1)]);
        self.write(name, bytes);
    }

    fn extract(&self, words: &[&str]) -> Output {
        let out = self.path("out.safetensors");
        let output = Command::new("sh")
            .args(["-c", "ulimit -v 2097152; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ropelet"), "extract"])
            .arg(&self.folder)
            .args(words)
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        if !output.status.success() {
            let left = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
            assert!(left.into_iter().all(|name| !name.starts_with("out.")), "something was written");
        }
        output
    }

    /// Running it must end with one line that has all of these words.
    #[track_caller]
    fn is_refused(&self, words: &[&str]) {
        refused(&self.extract(&["--token-ids", "1,2,3"]), words);
    }
}

#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    // clap adds where to look to its own one line.
    let lines = error.trim_end().trim_end_matches("For more information, try '--help'.").trim_end().lines().count();
    assert!(error.starts_with("error: ") && lines == 1, "not one line: {error}");
    assert!(output.stdout.is_empty());
    for word in words {
        assert!(error.contains(word), "no `{word}` in: {error}");
    }
}

/// What `torch.save` writes for a dictionary of tensors: a zip archive with a pickle.
///
/// `break_pickle` changes the pickle, whose prologue and epilogue are those of a real one.
fn torch_save(tensors: &[(&str, Dtype, &[usize], &[u8])], break_pickle: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let text = |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let number = |number: usize| [b"J", &(number as i32).to_le_bytes()[..]].concat();
    let tuple =
        |numbers: &[usize]| [b"(".to_vec(), numbers.iter().flat_map(|n| number(*n)).collect(), b"t".to_vec()].concat();
    let mut pickle = b"\x80\x02}q\x00(".to_vec();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (key, (name, dtype, shape, bytes)) in tensors.iter().enumerate() {
        let (storage, width) = match dtype {
            Dtype::F64 => ("Double", 8),
            Dtype::F32 => ("Float", 4),
            Dtype::BF16 => ("BFloat16", 2),
            _ => ("Half", 2),
        };
        let mut strides: Vec<usize> =
            shape.iter().rev().scan(1, |next, n| Some(std::mem::replace(next, *next * n))).collect();
        strides.reverse();
        pickle.extend(
            [
                text(name),
                b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(),
                text("storage"),
                format!("ctorch\n{storage}Storage\n").into_bytes(),
                text(&key.to_string()),
                text("cpu"),
                number(bytes.len() / width),
                b"tQK\x00".to_vec(),
                tuple(shape),
                tuple(&strides),
                b"\x89ccollections\nOrderedDict\n)RtR".to_vec(),
            ]
            .concat(),
        );
        zip.start_file(format!("archive/data/{key}"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    pickle.extend(b"u.");
    zip.start_file("archive/data.pkl", options).unwrap();
    zip.write_all(&break_pickle(pickle)).unwrap();
    zip.start_file("archive/byteorder", options).unwrap();
    zip.write_all(b"little").unwrap();
    zip.finish().unwrap().into_inner()
}

const BIN: &str = "pytorch_model.bin";
const BIN_INDEX: &str = "pytorch_model.bin.index.json";

impl Copy {
    /// Stores the weights of a safetensors file as `torch.save` does.
    fn convert(&self, from: &str, to: &str) {
        let bytes = fs::read(self.path(from)).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = file.tensors();
        let tensors: Vec<_> = tensors.iter().map(|(name, t)| (name.as_str(), t.dtype(), t.shape(), t.data())).collect();
        self.write(to, torch_save(&tensors, |pickle| pickle));
        fs::remove_file(self.path(from)).unwrap();
    }

    /// A pickle in place of the weights.
    fn pickle(&self, pickle: &[u8]) {
        let _ = fs::remove_file(self.path(WEIGHTS));
        self.write(BIN, torch_save(&[], |_| pickle.to_vec()));
    }
}

const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const QKV: &str = "gpt_neox.layers.0.attention.query_key_value.weight";

/// The control of every case: unbroken copies run.
#[test]
fn unbroken_copies_run() {
    for checkpoint in ["llama", "gpt-neox", "bloom"] {
        let copy = Copy::of(checkpoint);
        let output = copy.extract(&["--token-ids", "1,2,3", "--quiet"]);
        assert!(output.status.success(), "{checkpoint}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(copy.path("out.safetensors").is_file());
    }
}

#[test]
fn row_1_truncated_data() {
    let copy = Copy::of("gpt-neox");
    let bytes = fs::read(copy.path(WEIGHTS)).unwrap();
    copy.write(WEIGHTS, &bytes[..bytes.len() - 1000]);
    let counts = format!("{} of {} bytes", bytes.len() - 1000, bytes.len());
    copy.is_refused(&[WEIGHTS, &counts, "download is incomplete"]);
    copy.write(WEIGHTS, [&bytes[..], &[0; 10]].concat());
    copy.is_refused(&[WEIGHTS, "longer than its header says"]);
}

#[test]
fn row_2_impossible_header_length() {
    for (length, words) in [(1_000_000, "only"), (u64::MAX, "at most 100000000"), (200_000_000, "at most 100000000")] {
        let copy = Copy::of("gpt-neox");
        let mut bytes = fs::read(copy.path(WEIGHTS)).unwrap();
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        copy.write(WEIGHTS, bytes);
        copy.is_refused(&[WEIGHTS, &length.to_string(), words]);
    }
}

#[test]
fn row_3_not_weights_at_all() {
    for (contents, words) in [
        ("", "empty"),
        ("abc", "too few"),
        ("<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 66832\n", "git-lfs"),
    ] {
        let copy = Copy::of("gpt-neox");
        copy.write(WEIGHTS, contents);
        copy.is_refused(&[WEIGHTS, words]);
    }
}

#[test]
fn row_4_overlapping_or_gapped_offsets() {
    let twin = "gpt_neox.layers.1.attention.query_key_value.weight";
    let copy = Copy::of("gpt-neox");
    copy.header(WEIGHTS, |header| header[twin]["data_offsets"] = header[QKV]["data_offsets"].clone());
    copy.is_refused(&[WEIGHTS, "offset"]);
    let copy = Copy::of("gpt-neox");
    copy.header(WEIGHTS, |header| drop(header.remove(QKV)));
    copy.is_refused(&[WEIGHTS, "offset"]);
    let copy = Copy::of("gpt-neox");
    copy.header(WEIGHTS, |header| header[QKV]["data_offsets"] = json!([12_150, 0]));
    copy.is_refused(&[WEIGHTS, QKV, "12150..0"]);
}

#[test]
fn row_5_shape_and_bytes_disagree() {
    for shape in [json!([135, 44]), json!([1u64 << 40, 1u64 << 40]), json!([-1, 5])] {
        let copy = Copy::of("gpt-neox");
        copy.header(WEIGHTS, |header| header[QKV]["shape"] = shape);
        copy.is_refused(&[WEIGHTS, QKV]);
    }
}

#[test]
fn row_6_types_that_are_no_weights() {
    let copy = Copy::of("gpt-neox");
    copy.header(WEIGHTS, |header| header[QKV]["dtype"] = json!("Q4"));
    copy.is_refused(&[WEIGHTS, QKV, "Q4", "BF16"]);
    let copy = Copy::of("gpt-neox");
    copy.header(WEIGHTS, |header| header[QKV]["dtype"] = json!("I16"));
    copy.is_refused(&[WEIGHTS, QKV, "I16", "BF16"]);
}

#[test]
fn row_7_wrong_shape() {
    let copy = Copy::of("gpt-neox");
    copy.header(WEIGHTS, |header| header[QKV]["shape"] = json!([45, 135]));
    copy.is_refused(&[WEIGHTS, QKV, "[45, 135]", "[135, 45]"]);
}

#[test]
fn row_8_missing_tensor() {
    let copy = Copy::of("gpt-neox");
    copy.header(WEIGHTS, |header| {
        let tensor = header.remove(QKV).unwrap();
        header.insert("gpt_neox.layers.0.attention.qkv.weight".to_owned(), tensor);
    });
    copy.is_refused(&["model", QKV, "[135, 45]", "missing"]);
}

#[test]
fn row_9_unexpected_tensor_and_layers() {
    let copy = Copy::of("gpt-neox");
    copy.json("config.json", |config| config["attention_bias"] = json!(false));
    copy.is_refused(&[WEIGHTS, "unexpected", "attention.dense.bias"]);
    let copy = Copy::of("gpt-neox");
    copy.json("config.json", |config| config["num_hidden_layers"] = json!(1));
    copy.is_refused(&["config.json", "num_hidden_layers", "is 1", "expected 2"]);
    // A head of its own in a checkpoint whose head is the embedding.
    let copy = Copy::of("gpt-neox");
    copy.json("config.json", |config| config["tie_word_embeddings"] = json!(true));
    copy.is_refused(&[WEIGHTS, "embed_out.weight", "differs from gpt_neox.embed_in.weight", "tie_word_embeddings"]);
    // Buffers that old files carry are let through.
    let copy = Copy::of("gpt-neox");
    let end = fs::metadata(copy.path(WEIGHTS)).unwrap().len();
    copy.header(WEIGHTS, |header| {
        let data = header.values().filter_map(|tensor| tensor["data_offsets"][1].as_u64()).max().unwrap();
        assert!(data < end);
        let buffer = json!({ "dtype": "F32", "shape": [0], "data_offsets": [data, data] });
        header.insert("gpt_neox.layers.0.attention.rotary_emb.inv_freq".to_owned(), buffer);
    });
    assert!(copy.extract(&["--token-ids", "1"]).status.success());
}

#[test]
fn row_10_weights_that_are_not_finite() {
    // f16, little-endian: NaN, infinity, minus infinity.
    for (bits, word) in [(0x7e00u16, "NaN"), (0x7c00, "inf"), (0xfc00, "-inf")] {
        let copy = Copy::of("gpt-neox");
        copy.tensor(WEIGHTS, QKV, |bytes| bytes[200..202].copy_from_slice(&bits.to_le_bytes()));
        copy.is_refused(&[WEIGHTS, QKV, word, "index 100"]);
    }
    let copy = Copy::of("bloom");
    let tensor = "transformer.ln_f.weight";
    copy.tensor(WEIGHTS, tensor, |bytes| bytes[40..44].copy_from_slice(&f32::NAN.to_le_bytes()));
    copy.is_refused(&[WEIGHTS, tensor, "index 10"]);
}

#[test]
fn row_11_missing_shards_are_listed() {
    let copy = Copy::of("llama");
    fs::remove_file(copy.path("model-00001-of-00002.safetensors")).unwrap();
    copy.is_refused(&[INDEX, "model-00001-of-00002.safetensors"]);
    fs::remove_file(copy.path("model-00002-of-00002.safetensors")).unwrap();
    copy.is_refused(&["2 files", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]);
}

#[test]
fn row_12_index_paths_stay_in_the_folder() {
    for name in ["../model.safetensors", "/etc/passwd", "a/b.safetensors", "..", "x.safetensors/", "passwd", ""] {
        let copy = Copy::of("llama");
        copy.json(INDEX, |index| index["weight_map"]["model.norm.weight"] = json!(name));
        copy.is_refused(&[INDEX, "model.norm.weight", "plain name"]);
    }
    // A link out of the folder is no way around it.
    let copy = Copy::of("gpt-neox");
    let outside = copy.folder.parent().unwrap().join("outside.safetensors");
    fs::rename(copy.path(WEIGHTS), &outside).unwrap();
    symlink(&outside, copy.path(WEIGHTS)).unwrap();
    copy.is_refused(&[WEIGHTS, "outside the checkpoint's folder"]);
    // A link within it is fine.
    let copy = Copy::of("gpt-neox");
    fs::rename(copy.path(WEIGHTS), copy.path("weights")).unwrap();
    symlink("weights", copy.path(WEIGHTS)).unwrap();
    assert!(copy.extract(&["--token-ids", "1"]).status.success());
}

#[test]
fn row_13_index_and_headers_disagree() {
    let (first, second) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
    let copy = Copy::of("llama");
    let mut moved = String::new();
    copy.json(INDEX, |index| {
        let map = index["weight_map"].as_object_mut().unwrap();
        let (name, place) = map.iter_mut().find(|(_, file)| *file == first).unwrap();
        moved.clone_from(name);
        *place = json!(second);
    });
    copy.is_refused(&[INDEX, &moved, second, first]);

    let copy = Copy::of("llama");
    fs::copy(copy.path(first), copy.path(second)).unwrap();
    copy.is_refused(&[second, "also in", first]);

    let copy = Copy::of("llama");
    copy.json(INDEX, |index| drop(index["weight_map"].as_object_mut().unwrap().remove(&moved)));
    copy.is_refused(&[INDEX, &moved, "no file"]);
}

#[test]
fn row_14_config_that_is_not_what_it_should_be() {
    for (contents, words) in [
        ("", "empty"),
        ("{", "EOF"),
        ("[1]", "object"),
        ("{\"rms_norm_eps\": NaN}", "line 1"),
        ("{\"a\": 1e999}", "line 1"),
    ] {
        let copy = Copy::of("llama");
        copy.write("config.json", contents);
        copy.is_refused(&["config.json", words]);
    }
    for (key, value) in [
        ("hidden_size", json!("32")),
        ("hidden_size", json!(-32)),
        ("hidden_size", json!(0)),
        ("hidden_size", json!(32.5)),
        ("num_attention_heads", json!([4])),
        ("rms_norm_eps", json!("small")),
        ("rms_norm_eps", json!(-1e-6)),
        ("attention_bias", json!("yes")),
        ("hidden_act", json!("softsign")),
        ("rope_parameters", json!("none")),
    ] {
        let copy = Copy::of("llama");
        copy.json("config.json", |config| config[key] = value.clone());
        copy.is_refused(&["config.json", key, &value.to_string(), "expected"]);
    }
    let copy = Copy::of("llama");
    fs::remove_file(copy.path("config.json")).unwrap();
    copy.is_refused(&["no config.json"]);
}

#[test]
fn row_15_a_key_twice() {
    let copy = Copy::of("llama");
    let config = fs::read_to_string(copy.path("config.json")).unwrap();
    copy.write("config.json", config.replacen('{', "{\"rms_norm_eps\": 1e-5,", 1));
    copy.is_refused(&["config.json", "rms_norm_eps", "twice"]);
    copy.write(
        "config.json",
        config.replacen("\"rope_parameters\": {", "\"rope_parameters\": {\"rope_theta\": 1e4,", 1),
    );
    copy.is_refused(&["config.json", "rope_theta", "twice"]);
    let copy = Copy::of("gpt-neox");
    let bytes = fs::read(copy.path(WEIGHTS)).unwrap();
    let size = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + size].to_vec()).unwrap();
    let twice =
        header.replacen('{', &format!("{{\"{QKV}\":{{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[0,0]}},"), 1);
    copy.weights(WEIGHTS, twice.as_bytes(), &bytes[8 + size..]);
    copy.is_refused(&[WEIGHTS, QKV, "twice"]);
}

#[test]
fn row_16_huge_sizes_allocate_nothing() {
    for (key, value, words) in [
        ("num_hidden_layers", 2_000_000u64, "below 4096"),
        ("num_hidden_layers", u64::MAX, "below 4096"),
        ("num_hidden_layers", 4000, "expected 2"),
        ("num_attention_heads", 1 << 40, "below 4096"),
        ("vocab_size", 1 << 50, "below 2^24"),
        ("vocab_size", 1 << 20, "expected [1048576, 32]"),
        ("intermediate_size", 1 << 23, "shape"),
    ] {
        let copy = Copy::of("llama");
        copy.json("config.json", |config| config[key] = json!(value));
        copy.is_refused(&[words]);
    }
}

#[test]
fn row_17_sizes_that_do_not_divide() {
    let copy = Copy::of("gpt-neox");
    copy.json("config.json", |config| config["num_attention_heads"] = json!(7));
    copy.is_refused(&["config.json", "num_attention_heads", "7", "45"]);
    let copy = Copy::of("llama");
    copy.json("config.json", |config| config["num_key_value_heads"] = json!(3));
    copy.is_refused(&["config.json", "num_key_value_heads", "3", "4"]);
    let copy = Copy::of("bloom");
    copy.json("config.json", |config| config["n_head"] = json!(7));
    copy.is_refused(&["config.json", "n_head", "7", "30"]);
    let copy = Copy::of("gpt-neox");
    copy.json("config.json", |config| config["rope_parameters"]["partial_rotary_factor"] = json!(0.35));
    copy.is_refused(&["config.json", "rope_parameters", "even", "5"]);
}

#[test]
fn row_18_unknown_families() {
    for value in [json!("mamba"), json!(null), json!(3)] {
        let copy = Copy::of("llama");
        copy.json("config.json", |config| config["model_type"] = value);
        copy.is_refused(&["config.json", "model_type", "llama, gpt_neox, bloom"]);
    }
    for (key, value) in [("quantization_config", json!({"bits": 4})), ("num_local_experts", json!(8))] {
        let copy = Copy::of("llama");
        copy.json("config.json", |config| config[key] = value);
        copy.is_refused(&["config.json", key]);
    }
}

#[test]
fn row_19_rotary_parameters_that_make_no_sense() {
    let cases = [
        (json!({"rope_type": "spiral"}), "spiral"),
        (json!({"rope_type": "default", "rope_theta": 0}), "base"),
        (json!({"rope_type": "default", "rope_theta": 1}), "base"),
        (json!({"rope_type": "linear"}), "factor"),
        (json!({"rope_type": "longrope", "long_factor": [1, 1, 1, 1, 1, 1]}), "short_factor"),
        (json!({"rope_type": "longrope", "short_factor": [1], "long_factor": [1]}), "short_factor"),
        (json!({"rope_type": "default", "mrope_section": [1, 2]}), "mrope_section"),
    ];
    for (parameters, words) in cases {
        let copy = Copy::of("llama");
        copy.json("config.json", |config| config["rope_parameters"] = parameters);
        copy.is_refused(&["config.json", "rope_parameters", words]);
    }
    // Two forms that contradict each other: readers disagree about which one counts.
    let copy = Copy::of("llama");
    copy.json("config.json", |config| config["rope_scaling"] = json!({"rope_type": "linear", "factor": 2}));
    copy.is_refused(&["config.json", "rope_parameters.", "rope_scaling.", "must agree"]);
}

#[test]
fn row_20_a_missing_size_has_no_default() {
    for key in ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size"] {
        let copy = Copy::of("llama");
        copy.json("config.json", |config| drop(config.as_object_mut().unwrap().remove(key)));
        copy.is_refused(&["config.json", key, "missing"]);
    }
}

#[test]
fn row_20_a_default_is_shown() {
    let copy = Copy::of("llama");
    copy.json("config.json", |config| drop(config.as_object_mut().unwrap().remove("rms_norm_eps")));
    let inspect = |words: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_ropelet")).arg("inspect").arg(&copy.folder).args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let json: Value = serde_json::from_str(&inspect(&["--json"])).unwrap();
    let defaults = json["spec"]["defaults"].as_array().unwrap();
    assert!(defaults.iter().any(|default| default[0] == "rms_norm_eps"), "{defaults:?}");
    let text = inspect(&[]);
    assert!(text.lines().any(|line| line.contains("rms_norm_eps") && line.ends_with("(default)")), "{text}");
}

#[test]
fn row_21_ids_without_an_embedding() {
    let copy = Copy::of("llama");
    copy.json("config.json", |config| config["vocab_size"] = json!(65));
    copy.is_refused(&["model.embed_tokens.weight", "[64, 32]", "[65, 32]"]);
    let copy = Copy::of("llama");
    refused(&copy.extract(&["--token-ids", "1,64"]), &["token 1", "64", "vocabulary size 64"]);
    refused(&copy.extract(&["--token-ids", "1,-2"]), &["-2"]);
}

#[test]
fn row_22_broken_or_foreign_tokenizers() {
    let copy = Copy::of("llama");
    let text = copy.path("text.txt");
    fs::write(&text, "some words").unwrap();
    let words = ["--text", text.to_str().unwrap()];
    refused(&copy.extract(&words), &["tokenizer.json", "none"]);
    copy.write("tokenizer.json", "");
    refused(&copy.extract(&words), &["tokenizer.json", "empty"]);
    copy.write("tokenizer.json", "{}");
    refused(&copy.extract(&words), &["tokenizer.json", "not a tokenizer"]);
    // Found by fuzzing: the tokenizers library panics on a decoder that is no JSON.
    let broken = r#"{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}, "decoder": {"trim": tr0}}"#;
    copy.write("tokenizer.json", broken);
    refused(&copy.extract(&words), &["tokenizer.json", "expected ident"]);
    let foreign = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/llama/tokenizer.json");
    fs::copy(foreign, copy.path("tokenizer.json")).unwrap();
    refused(&copy.extract(&words), &["tokenizer.json", "4095", "64", "another model's"]);
    copy.json("tokenizer.json", |tokenizer| tokenizer["model"]["dropout"] = json!(0.1));
    refused(&copy.extract(&words), &["tokenizer.json", "dropout", "0.1"]);
    // Ids need no tokenizer.
    assert!(copy.extract(&["--token-ids", "1"]).status.success());
}

#[test]
fn row_23_no_tokens() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/llama");
    let copy = Copy::of("llama");
    for file in fs::read_dir(model).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), copy.path(file.file_name().to_str().unwrap())).unwrap();
    }
    let text = copy.path("text.txt");
    fs::write(&text, "").unwrap();
    refused(&copy.extract(&["--text", text.to_str().unwrap()]), &["no tokens"]);
    // Nor are those that the tokenizer puts around every text a text.
    copy.json("tokenizer.json", |tokenizer| {
        let piece = |name: &str| json!({ name: { "id": if name == "Sequence" { json!("A") } else { json!("<s>") }, "type_id": 0 } });
        tokenizer["post_processor"] = json!({
            "type": "TemplateProcessing",
            "single": [piece("SpecialToken"), piece("Sequence")],
            "pair": [piece("SpecialToken"), piece("Sequence")],
            "special_tokens": { "<s>": { "id": "<s>", "ids": [0], "tokens": ["<s>"] } },
        });
    });
    refused(&copy.extract(&["--text", text.to_str().unwrap()]), &["tokenizer.json", "no tokens"]);
    fs::write(&text, "a").unwrap();
    assert!(copy.extract(&["--text", text.to_str().unwrap()]).status.success());
    fs::remove_file(copy.path("out.safetensors")).unwrap();
    fs::write(&text, [0xff, 0xfe]).unwrap();
    refused(&copy.extract(&["--text", text.to_str().unwrap()]), &["text.txt", "UTF-8"]);
}

#[test]
fn row_24_texts_longer_than_the_positions() {
    let copy = Copy::of("llama");
    let ids = vec!["1"; 65].join(",");
    refused(&copy.extract(&["--token-ids", &ids]), &["65 tokens", "max_position_embeddings", "64"]);
    assert!(copy.extract(&["--token-ids", &ids, "--allow-extrapolation"]).status.success());
    assert!(Copy::of("bloom").extract(&["--token-ids", &ids]).status.success());
}

#[test]
fn files_of_torch_save_give_the_same_numbers() {
    for checkpoint in ["gpt-neox", "llama"] {
        let copy = Copy::of(checkpoint);
        let taps = ["--token-ids", "1,2,3,4", "--taps", "logits,residual,attention"];
        assert!(copy.extract(&taps).status.success());
        let expected = fs::read(copy.path("out.safetensors")).unwrap();
        fs::remove_file(copy.path("out.safetensors")).unwrap();
        if copy.path(INDEX).exists() {
            for number in [1, 2] {
                let name = |ending: &str| format!("model-0000{number}-of-00002{ending}");
                copy.convert(&name(".safetensors"), &name(".bin"));
            }
            let index = fs::read_to_string(copy.path(INDEX)).unwrap();
            copy.write(BIN_INDEX, index.replace(".safetensors", ".bin"));
            fs::remove_file(copy.path(INDEX)).unwrap();
        } else {
            copy.convert(WEIGHTS, BIN);
        }
        let output = copy.extract(&taps);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(fs::read(copy.path("out.safetensors")).unwrap() == expected, "{checkpoint}: other numbers");
    }
}

#[test]
fn row_25_a_pickle_that_would_run_something() {
    let copy = Copy::of("gpt-neox");
    let marker = copy.path("marker");
    let command = format!("touch {}", marker.display());
    let run = [b"(X", &(command.len() as u32).to_le_bytes()[..], command.as_bytes(), b"tR."].concat();
    for name in ["os.system", "posix.system", "builtins.eval", "torch.load", "torch.QInt8Storage", "collections.system"]
    {
        let (module, called) = name.split_once('.').unwrap();
        copy.pickle(&[format!("c{module}\n{called}\n").as_bytes(), &run].concat());
        copy.is_refused(&[BIN, name, "nothing was run"]);
        let error = Checkpoint::open(&copy.folder).unwrap_err();
        assert!(matches!(&error, ModelError::UnknownGlobal { name: found, .. } if found == name), "{error}");
    }
    // Other ways to name or call something.
    for code in [b'i', b'o', 0x81, 0x82, 0x92, 0x93] {
        copy.pickle(&[b"\x80\x02(".as_slice(), &[code], b"os\nsystem\n."].concat());
        copy.is_refused(&[BIN, &format!("{code:#04x}")]);
    }
    assert!(!marker.exists());
    // Where there is safetensors, the pickle is not even looked at.
    let copy = Copy::of("gpt-neox");
    copy.write(BIN, "not looked at");
    assert!(copy.extract(&["--token-ids", "1"]).status.success());
}

#[test]
fn row_25_pickles_that_are_no_dictionary_of_tensors() {
    let deep = [b"\x80\x02)".to_vec(), vec![0x85; 1_000_000], b".".to_vec()].concat();
    // Thirty pairs of the pair before: a billion values where they are copied.
    let pairs: Vec<u8> = (0..30u8).flat_map(|n| [b'h', n, b'h', n, 0x86, b'q', n + 1]).collect();
    let doubled = [b"\x80\x02)q\x00".as_slice(), &pairs, b"."].concat();
    for (pickle, words) in [
        (b"".as_slice(), "the pickle ends"),
        (b"\x80\x04}.", "protocol 4"),
        (b"\x80\x02.", "empty stack"),
        (b"\x80\x02]q\x00.", "0x5d"),
        (b"\x80\x02)R.", "empty stack"),
        (b"\x80\x02)).", "dictionary"),
        (b"\x80\x02(.", "empty stack"),
        (b"\x80\x02u.", "no mark"),
        (b"\x80\x02}h\x07.", "remembered"),
        (b"\x80\x02X\xff\xff\xff\xff.", "4294967295 more bytes"),
        (b"\x80\x02}X\x01\x00\x00\x00aK\x01s.", "`a` is not a tensor"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", "RebuildTensor"),
        (b"\x80\x02ctorch._utils\n_rebuild_parameter\n)R.", "RebuildParameter"),
        (b"\x80\x02ctorch._utils", "no end"),
        (b"\x80\x02\x8a\xff", "255 more bytes"),
        (&deep, "dictionary"),
        (&doubled, "dictionary"),
    ] {
        let copy = Copy::of("gpt-neox");
        copy.pickle(pickle);
        copy.is_refused(&[BIN, words, "pickle"]);
    }
}

#[test]
fn files_of_torch_save_that_are_broken() {
    let one = [0; 24];
    let save =
        |shape: &[usize], change: &dyn Fn(Vec<u8>) -> Vec<u8>| torch_save(&[("a", Dtype::F32, shape, &one)], change);
    let replaced = |from: &'static [u8], to: &'static [u8]| {
        move |pickle: Vec<u8>| {
            let at = pickle.windows(from.len()).position(|part| part == from).expect("what is replaced is there");
            [&pickle[..at], to, &pickle[at + from.len()..]].concat()
        }
    };
    let whole = save(&[2, 3], &|pickle| pickle);
    assert_eq!(untrusted::pytorch(&whole).unwrap(), 1);
    let copy = Copy::of("gpt-neox");
    fs::remove_file(copy.path(WEIGHTS)).unwrap();
    let cases: [(Vec<u8>, &[&str]); 9] = [
        (whole[..whole.len() - 30].to_vec(), &["not a complete zip archive"]),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.".to_vec(), &["legacy format", "save it again"]),
        (b"GGUF\x03\x00".to_vec(), &["GGUF", "quantised"]),
        (b"<html>".to_vec(), &["HTML"]),
        (Vec::new(), &["empty"]),
        // More numbers than the storage has; strides of the transpose; a storage that is not there; twice.
        (save(&[2, 4], &|pickle| pickle), &["tensor a", "[2, 4]", "24 bytes"]),
        (
            save(&[2, 3], &replaced(b"J\x03\x00\x00\x00J\x01\x00\x00\x00", b"J\x01\x00\x00\x00J\x02\x00\x00\x00")),
            &["strides [1, 2]", "contiguous"],
        ),
        (save(&[2, 3], &replaced(b"X\x01\x00\x00\x000", b"X\x01\x00\x00\x007")), &["no archive/data/7"]),
        (
            torch_save(&[("a", Dtype::F32, &[6], &one), ("a", Dtype::F32, &[6], &one)], |pickle| pickle),
            &["`a`", "twice"],
        ),
    ];
    for (contents, words) in cases {
        copy.write(BIN, contents);
        copy.is_refused(&[&[BIN], words].concat());
    }
    copy.write(BIN_INDEX, json!({"weight_map": {"a": "x.safetensors"}}).to_string());
    fs::remove_file(copy.path(BIN)).unwrap();
    copy.is_refused(&[BIN_INDEX, "x.safetensors", ".bin"]);
}

#[test]
fn row_27_quantised_weights_and_adapters() {
    let cases: [(&[&str], &[&str], &[&str]); 5] = [
        (&["config.json", WEIGHTS], &["model-q4_k_m.gguf"], &["no config.json", "model-q4_k_m.gguf", "GGUF"]),
        (&[WEIGHTS], &["model-q4_k_m.gguf"], &["no model.safetensors", BIN, "GGUF"]),
        (&["config.json"], &["adapter_config.json"], &["no config.json", "adapter_config.json", "adapter"]),
        (&[WEIGHTS], &["adapter_config.json", "adapter_model.safetensors"], &["no model.safetensors", "adapter"]),
        (&[WEIGHTS], &["tf_model.h5"], &["tf_model.h5", "TensorFlow"]),
    ];
    for (removed, written, words) in cases {
        let copy = Copy::of("gpt-neox");
        removed.iter().for_each(|name| fs::remove_file(copy.path(name)).unwrap());
        written.iter().for_each(|name| copy.write(name, "{}"));
        copy.is_refused(words);
    }
    for dtype in ["F8_E4M3", "U8", "I8"] {
        let copy = Copy::of("gpt-neox");
        copy.header(WEIGHTS, |header| {
            // The same bytes, twice as many numbers.
            header[QKV]["shape"] = json!([270, 45]);
            header[QKV]["dtype"] = json!(dtype);
        });
        copy.is_refused(&[WEIGHTS, QKV]);
    }
    let copy = Copy::of("gpt-neox");
    copy.json("config.json", |config| config["quantization_config"] = json!({"quant_method": "gptq", "bits": 4}));
    copy.is_refused(&["config.json", "quantization_config", "gptq"]);
}

#[test]
fn headers_that_are_almost_right() {
    let copy = Copy::of("gpt-neox");
    let bytes = fs::read(copy.path(WEIGHTS)).unwrap();
    let size = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let (header, data) = (String::from_utf8(bytes[8..8 + size].to_vec()).unwrap(), &bytes[8 + size..]);
    let entry = |name: &str, shape: &str| {
        format!("{{\"{name}\":{{\"dtype\":\"F16\",\"shape\":{shape},\"data_offsets\":[0,0]}},")
    };
    let axes = format!("[{}0]", "1,".repeat(40));
    for (first, words) in [
        (entry("a", "[NaN]"), "tensor a"),
        (entry("a", "[1e3]"), "tensor a"),
        (entry("a", "[0.5]"), "tensor a"),
        (entry("a", &axes), "at most 32"),
        (entry("a\\u001b[31m\\nb", "[0]"), "control characters"),
        (entry(&"a".repeat(600), "[0]"), "too long"),
        (
            "{\"a\":{\"dtype\":\"F16\",\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},".to_owned(),
            "duplicate field",
        ),
        ("{\"a\":{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1},".to_owned(), "unknown field"),
        ("{\"a\":{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[0,0,0]},".to_owned(), "tensor a"),
        ("{\"a\":NaN,".to_owned(), "tensor a"),
        ("{\"__metadata__\":{},\"__metadata__\":{},".to_owned(), "twice"),
        (format!("{{\"a\":{}", "[".repeat(1000)), "tensor a"),
    ] {
        let copy = Copy::of("gpt-neox");
        copy.weights(WEIGHTS, header.replacen('{', &first, 1).as_bytes(), data);
        let output = copy.extract(&["--token-ids", "1"]);
        refused(&output, &[WEIGHTS, words]);
        assert!(!output.stderr.contains(&0x1b), "a terminal would obey this");
    }
    // A layer's number costs nothing to write; what is made per layer is made as often as there are layers.
    let copy = Copy::of("gpt-neox");
    let numbered = header.replacen("layers.1.", "layers.3999999999.", 1);
    copy.weights(WEIGHTS, numbered.as_bytes(), data);
    copy.json("config.json", |config| config["num_hidden_layers"] = json!(4_000_000_000u64));
    copy.is_refused(&["num_hidden_layers"]);
}

#[test]
fn one_file_wins_over_an_index() {
    let copy = Copy::of("gpt-neox");
    copy.write(INDEX, "not looked at");
    assert!(copy.extract(&["--token-ids", "1"]).status.success());
}

#[test]
fn links_lead_nowhere_else() {
    for name in ["config.json", INDEX, "model-00002-of-00002.safetensors"] {
        let copy = Copy::of("llama");
        let outside = copy.folder.parent().unwrap().join("outside");
        fs::rename(copy.path(name), &outside).unwrap();
        symlink("../outside", copy.path(name)).unwrap();
        copy.is_refused(&[name, "outside the checkpoint's folder"]);
    }
}

#[test]
fn row_26_things_that_are_not_files() {
    let copy = Copy::of("gpt-neox");
    fs::remove_file(copy.path(WEIGHTS)).unwrap();
    symlink(WEIGHTS, copy.path(WEIGHTS)).unwrap();
    copy.is_refused(&[WEIGHTS]);
    fs::remove_file(copy.path(WEIGHTS)).unwrap();
    fs::create_dir(copy.path(WEIGHTS)).unwrap();
    copy.is_refused(&[WEIGHTS, "a folder"]);
    fs::remove_dir(copy.path(WEIGHTS)).unwrap();
    assert!(Command::new("mkfifo").arg(copy.path(WEIGHTS)).status().unwrap().success());
    copy.is_refused(&[WEIGHTS, "pipe"]);
    fs::remove_file(copy.path(WEIGHTS)).unwrap();
    copy.write(BIN, "x");
    copy.is_refused(&[BIN, "not a complete zip archive"]);
}

/// Wants everything, keeps nothing.
struct Glance;

impl Sink for Glance {
    fn want(&self, _site: Site) -> Option<Select> {
        Some(Select::all())
    }

    fn put(&mut self, _: &ropelet::model::Block<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

#[test]
fn row_26_a_file_that_changes_meanwhile() {
    let copy = Copy::of("gpt-neox");
    let checkpoint = Checkpoint::open(&copy.folder).unwrap();
    let decoder = Decoder::new(&checkpoint, &Device::CPU, Precision::F32).unwrap();
    decoder.run(&[vec![1, 2]], &mut Glance).unwrap();
    let bytes = fs::read(copy.path(WEIGHTS)).unwrap();
    copy.write(WEIGHTS, &bytes[..1000]);
    let error = decoder.run(&[vec![1, 2]], &mut Glance).unwrap_err();
    assert!(matches!(error, ModelError::Changed { found: 1000, .. }), "{error}");
}

#[test]
fn row_28_a_value_that_is_not_finite_is_named() {
    let huge = |bytes: &mut [u8]| {
        for weight in bytes.chunks_exact_mut(4) {
            weight.copy_from_slice(&3e38f32.to_le_bytes());
        }
    };
    for (tensor, site) in [
        ("transformer.h.1.mlp.dense_4h_to_h.weight", "layers.1.mlp_output"),
        ("transformer.h.0.self_attention.dense.weight", "layers.0.attention_output"),
        ("transformer.h.1.self_attention.query_key_value.weight", "layers.1.query"),
    ] {
        let copy = Copy::of("bloom");
        copy.tensor(WEIGHTS, tensor, huge);
        copy.is_refused(&[site, "text 0", "not finite"]);
    }
}

#[test]
fn devices_and_types_that_are_not_there() {
    let copy = Copy::of("llama");
    refused(&copy.extract(&["--token-ids", "1", "--device", "tpu"]), &["tpu", "cuda:N"]);
    refused(&copy.extract(&["--token-ids", "1", "--dtype", "bf16"]), &["bf16", "f32 or f64"]);
    if !cfg!(feature = "cuda") {
        refused(&copy.extract(&["--token-ids", "1", "--device", "cuda"]), &["cuda", "--features cuda"]);
    }
    refused(&copy.extract(&["--token-ids", "1", "--taps", "attention,spectrum"]), &["spectrum"]);
    refused(&copy.extract(&["--token-ids", "1", "--layers", "2"]), &["layer 2", "below 2"]);
    refused(&copy.extract(&["--token-ids", "1", "--heads", "4"]), &["head 4", "below 4"]);
}

#[test]
fn a_name_in_the_cache_opens_its_snapshot() {
    let copy = Copy::of("gpt-neox");
    let cache = copy.folder.parent().unwrap().join("cache");
    let repository = cache.join("models--some--model");
    let snapshot = repository.join("snapshots/0123abcd");
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir_all(repository.join("refs")).unwrap();
    fs::create_dir_all(repository.join("blobs")).unwrap();
    fs::write(repository.join("refs/main"), "0123abcd").unwrap();
    for file in ["config.json", WEIGHTS] {
        fs::rename(copy.path(file), repository.join("blobs").join(file)).unwrap();
        symlink(Path::new("../../blobs").join(file), snapshot.join(file)).unwrap();
    }
    let extract = |name: &str| {
        Command::new(env!("CARGO_BIN_EXE_ropelet"))
            .args(["extract", name, "--token-ids", "1", "--out"])
            .arg(copy.path("cached.safetensors"))
            .env("HF_HUB_CACHE", &cache)
            .output()
            .unwrap()
    };
    let output = extract("some/model");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    refused(&extract("some/other"), &["some/other", "cache"]);
    refused(&extract("some/../../etc"), &["no model"]);
    fs::write(repository.join("refs/main"), "../../../../etc").unwrap();
    refused(&extract("some/model"), &["no model"]);
}
