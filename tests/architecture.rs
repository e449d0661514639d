//! Imports go one way, and a few crates are named in one place only.
//!
//! The table is that of docs/architecture.md. The test reads the source as text: every `crate::`
//! path and every path that starts with a guarded crate's name, in code and in `use` lines alike.

use std::fs;
use std::path::{Path, PathBuf};

/// Module and layer. A module may name only modules of strictly lower layers, and itself.
const LAYERS: [(&str, u8); 11] = [
    ("numeric", 0),
    ("wavelet", 1),
    ("rope", 1),
    ("encoding", 2),
    ("signal", 2),
    ("theorem", 3),
    ("heads", 3),
    ("model", 4),
    ("experiment", 5),
    ("plot", 6),
    ("cli", 7),
];

/// Crate and the only modules that may name it.
const GUARDED: [(&str, &[&str]); 23] = [
    ("astro_float_num", &["numeric"]),
    ("candle_core", &["model", "experiment"]),
    ("candle_nn", &["model", "experiment"]),
    ("pulp", &["signal", "model"]),
    ("safetensors", &["model", "experiment"]),
    ("tokenizers", &["model", "experiment"]),
    ("zip", &["model"]),
    ("rustfft", &["signal"]),
    ("realfft", &["signal"]),
    ("plotters", &["plot"]),
    ("clap", &["cli"]),
    ("console", &["cli"]),
    ("base64", &["plot", "cli"]),
    ("indicatif", &["cli"]),
    ("miniz_oxide", &["plot", "cli"]),
    ("sha2", &["cli"]),
    ("math_core", &["cli"]),
    ("maud", &["cli"]),
    ("parquet", &["cli"]),
    ("pulldown_cmark", &["cli"]),
    ("signal_hook", &["cli"]),
    ("nalgebra", &["numeric", "wavelet", "rope", "theorem"]),
    ("statrs", &["signal", "heads", "experiment"]),
];

#[test]
fn imports_follow_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "only {} source files were found", files.len());
    let complaints: Vec<String> = files
        .iter()
        .filter_map(|file| {
            let relative = file.strip_prefix(&root).unwrap();
            let module = relative.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(file).unwrap();
            Some(violations(&module, &text).into_iter().map(move |v| format!("{}: {v}", relative.display())))
        })
        .flatten()
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            let name = entry.file_name().into_string().unwrap();
            assert!(layer(&name).is_some(), "src/{name} is not in the import table");
        }
    }
}

#[test]
fn planted_violations_are_found() {
    for (module, text) in [
        ("wavelet", "use crate::rope::rotation;"),
        ("numeric", "    let x = crate::signal::Cwt::new();"),
        ("heads", "use crate::theorem::Statement;"),
        ("heads", "use crate::{numeric::Bound, model::Spec};"),
        ("theorem", "use candle_core::Tensor;"),
        ("plot", "let c = nalgebra::DMatrix::zeros(2, 2);"),
        ("signal", "fn f() { println!(\"x\"); }"),
        ("model", "use crate::experiment::Run;"),
    ] {
        assert!(!violations(module, text).is_empty(), "{module}: {text}");
    }
    for (module, text) in [
        ("wavelet", "use crate::numeric::Bound;"),
        ("wavelet", "//! See [`crate::rope`] and `println!`."),
        ("cli", "use crate::{numeric::Bound, model::Spec};"),
        ("rope", "use crate::rope::Scaling;"),
        ("heads", "let my_candle_core_count = 1;"),
    ] {
        assert!(violations(module, text).is_empty(), "{module}: {text}");
    }
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

fn violations(module: &str, text: &str) -> Vec<String> {
    // `lib.rs` and `main.rs` declare and start; they import nothing.
    let Some(own) = layer(module) else { return Vec::new() };
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for named in crate_paths(&code) {
        match layer(&named) {
            _ if named == module => {}
            Some(other) if other < own => {}
            Some(other) => found.push(format!("layer {own} names `{named}` of layer {other}")),
            None => found.push(format!("names `{named}`, which is not in the table")),
        }
    }
    for (guarded, allowed) in GUARDED {
        if !allowed.contains(&module) && names(&code, &format!("{guarded}::")) {
            found.push(format!("names the crate `{guarded}`, which belongs to {allowed:?}"));
        }
    }
    if module != "cli" {
        for printing in ["println!", "eprintln!", "print!", "eprint!", "process::exit", "dbg!"] {
            if names(&code, printing) {
                found.push(format!("uses `{printing}`; only cli prints and exits"));
            }
        }
    }
    found
}

/// The first segment after each `crate::`, with `crate::{a::B, c}` taken apart.
fn crate_paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if at > 0 && is_word(code.as_bytes()[at - 1]) {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut item) = (1, String::new());
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 || (c == ',' && depth == 1) {
                    paths.push(segment(item.trim()));
                    item.clear();
                } else {
                    item.push(c);
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            paths.push(segment(rest));
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}

fn segment(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Whether `needle` stands in `code` as a word of its own.
fn names(code: &str, needle: &str) -> bool {
    code.match_indices(needle).any(|(at, _)| at == 0 || !is_word(code.as_bytes()[at - 1]))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
