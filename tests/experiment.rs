//! The verb `experiment`, on its own words: what a run leaves, what a kill leaves, what is refused.
#![cfg(all(feature = "cli", feature = "model"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn ropelet() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ropelet"))
}

/// A text of the repository, one file to train on and one to validate on.
struct Texts {
    folder: tempfile::TempDir,
}

impl Texts {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let essays = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/text");
        let read = |name: &str| fs::read_to_string(essays.join(name)).unwrap();
        let train = [read("how-a-model-knows-order.txt"), read("rounding.txt"), read("what-a-wavelet-is.txt")];
        fs::write(folder.path().join("train.txt"), train.join("\u{c}")).unwrap();
        fs::write(folder.path().join("valid.txt"), read("how-a-referee-works.txt")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `experiment run` of very small runs into a folder here.
    fn run(&self, out: &str, encodings: &str, more: &[&str]) -> Command {
        let mut command = ropelet();
        command.args([
            "experiment",
            "run",
            "--preset",
            "tiny",
            "--batch",
            "4",
            "--lengths",
            "16,64",
            "--valid-tokens",
            "256",
        ]);
        command.args(["--threads", "2", "--seeds", "0", "--encodings", encodings]);
        command.arg("--text").arg(self.path("train.txt")).arg("--valid").arg(self.path("valid.txt"));
        command.arg("--out").arg(self.path(out)).args(more);
        command
    }
}

fn json(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn error_of(output: &Output) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.starts_with("error: ") && error.trim_end().lines().count() == 1, "{error}");
    error
}

/// Waits until a file has so many lines, then kills the program as nothing can prevent.
fn kill_at(child: &mut Child, file: &Path, lines: usize) {
    let start = Instant::now();
    loop {
        let found = fs::read_to_string(file).map_or(0, |text| text.lines().count());
        if found >= lines || child.try_wait().unwrap().is_some() {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "{} has {found} lines", file.display());
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

const KEPT: [&str; 6] =
    ["model.safetensors", "config.json", "tokenizer.json", "records.jsonl", "maps.json", "result.json"];

#[test]
fn a_killed_run_comes_to_the_same_weights_and_the_same_records() {
    let texts = Texts::new();
    let steps = ["--steps", "60", "--save-every", "20"];
    assert!(texts.run("whole", "rope", &steps).output().unwrap().status.success());
    // Before the first state, between two, and after the last one that is not the end.
    for lines in [1, 3, 5] {
        let mut child =
            texts.run("killed", "rope", &steps).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        kill_at(&mut child, &texts.path("killed/rope-s0/records.jsonl"), lines);
    }
    assert!(texts.run("killed", "rope", &steps).output().unwrap().status.success());
    for name in KEPT {
        let [whole, killed] =
            ["whole", "killed"].map(|run| fs::read(texts.path(run).join("rope-s0").join(name)).unwrap());
        assert!(whole == killed, "{name} differs");
    }
    assert!(!texts.path("killed/rope-s0/state.safetensors").exists());
    // The control: another seed is another run.
    let mut other = texts.run("whole", "rope", &steps);
    assert!(other.args(["--seeds", "1"]).output().unwrap().status.success());
    let weights = |seed: u32| fs::read(texts.path(&format!("whole/rope-s{seed}/model.safetensors"))).unwrap();
    assert_ne!(weights(0), weights(1));
}

#[test]
fn a_time_limit_stops_in_good_order_and_the_same_words_go_on() {
    let texts = Texts::new();
    let steps = ["--steps", "30"];
    let stopped = texts.run("out", "nope", &steps).args(["--time-limit", "0"]).output().unwrap();
    assert_eq!(stopped.status.code(), Some(3));
    let listed = ropelet().args(["experiment", "list", "--json"]).arg(texts.path("out")).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["runs"][0]["finished"], false);
    assert!(texts.run("out", "nope", &steps).output().unwrap().status.success());
    let again = texts.run("out", "nope", &steps).arg("--json").output().unwrap();
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again["runs"][0]["ended"], "finished before");
}

#[test]
fn a_folder_compares_its_runs() {
    let texts = Texts::new();
    let run = |seeds: &str, encodings: &str| {
        let mut command = texts.run("out", encodings, &["--steps", "10"]);
        assert!(command.args(["--seeds", seeds]).output().unwrap().status.success());
    };
    run("0,1", "alibi,ricker:4x8");
    run("0", "nope");
    let table = ropelet().args(["experiment", "table", "--json"]).arg(texts.path("out")).output().unwrap();
    let table: Value = serde_json::from_slice(&table.stdout).unwrap();
    let rows = table["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["encoding"].as_str().unwrap()).collect();
    assert_eq!(names, ["nope", "alibi", "ricker:4x8"]);
    assert_eq!(rows[0]["missing"], serde_json::json!([1]));
    let outcomes = [0, 1].map(|seed| json(&texts.path(&format!("out/alibi-s{seed}/result.json"))));
    let at = outcomes.map(|outcome| outcome["perplexities"][1]["perplexity"].as_f64().unwrap());
    let cell = &rows[1]["perplexity"][1]["whole"];
    assert!((cell["mean"].as_f64().unwrap() - (at[0] + at[1]) / 2.0).abs() < 1e-12 * at[0]);
    // Of two values the deviation from n - 1 is their distance over √2.
    let expected = (at[0] - at[1]).abs() / 2_f64.sqrt();
    assert!((cell["standard_deviation"].as_f64().unwrap() - expected).abs() < 1e-12 * at[0]);
    #[cfg(feature = "plot")]
    {
        let (figures, out) = (texts.path("figures"), texts.path("out"));
        let drawn = ropelet().args(["experiment", "figures"]).arg(out).arg("--out").arg(&figures).output().unwrap();
        assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
        for name in ["training-loss", "extrapolation", "receptive-field", "attention-nope", "attention-ricker-4x8"] {
            let svg = fs::read_to_string(figures.join(format!("{name}.svg"))).unwrap();
            assert!(roxmltree::Document::parse(&svg).is_ok() && !svg.contains("NaN"), "{name}");
        }
    }
    for flag in [None, Some("--markdown")] {
        let shown = ropelet().args(["experiment", "table"]).arg(texts.path("out")).args(flag).output().unwrap();
        assert!(String::from_utf8(shown.stdout).unwrap().contains("ricker:4x8"));
    }
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_left() {
    let texts = Texts::new();
    fs::write(texts.path("latin1.txt"), b"caf\xe9").unwrap();
    fs::write(texts.path("blank.txt"), b"\n \n").unwrap();
    fs::write(texts.path("short.txt"), b"too short").unwrap();
    let with = |texts: &Texts, train: &str, valid: &str| {
        let mut command = ropelet();
        command.args(["experiment", "run", "--preset", "tiny", "--encodings", "nope"]);
        command
            .arg("--text")
            .arg(texts.path(train))
            .arg("--valid")
            .arg(texts.path(valid))
            .arg("--out")
            .arg(texts.path("o"));
        command
    };
    for (mut command, expected) in [
        (texts.run("o", "riker", &[]), "riker"),
        (texts.run("o", "ricker:3x5", &[]), "32"),
        (texts.run("o", "ricker:axb", &[]), "8x16"),
        (texts.run("o", "rope:8x4", &[]), "rope"),
        (texts.run("o", "rope-0", &[]), "base"),
        (texts.run("o", "nope", &["--steps", "0"]), "steps"),
        (texts.run("o", "nope", &["--device", "cuda:77"]), "cuda"),
        (texts.run("o", "nope", &["--device", "tpu"]), "tpu"),
        (texts.run("o", "nope", &["--train-length", "100000"]), "training text"),
        (with(&texts, "train.txt", "latin1.txt"), "not UTF-8"),
        (with(&texts, "train.txt", "blank.txt"), "empty"),
        (with(&texts, "train.txt", "short.txt"), "validation text"),
        (with(&texts, "train.txt", "absent.txt"), "absent.txt"),
    ] {
        let error = error_of(&command.output().unwrap());
        assert!(error.contains(expected), "{error}");
        let runs = fs::read_dir(texts.path("o")).into_iter().flatten().flatten();
        assert!(runs.into_iter().all(|entry| !entry.path().is_dir()), "{error} has left a run");
    }
    let error = error_of(&ropelet().args(["experiment", "table"]).arg(texts.folder.path()).output().unwrap());
    assert!(error.contains("no run"), "{error}");
}

#[test]
fn a_run_of_other_settings_in_the_same_folder_is_refused_and_left_as_it_is() {
    let texts = Texts::new();
    assert!(texts.run("out", "alibi", &["--steps", "10"]).output().unwrap().status.success());
    let before = fs::read(texts.path("out/alibi-s0/result.json")).unwrap();
    let error = error_of(&texts.run("out", "alibi", &["--steps", "20"]).output().unwrap());
    assert!(error.contains("`preset.recipe.steps` is 10 there and 20 here"), "{error}");
    assert_eq!(fs::read(texts.path("out/alibi-s0/result.json")).unwrap(), before);
}

/// What the crate's other decoder says about the windows of 64 of which a run says the loss: its own mean
/// loss, of targets so many tokens after what is read, and the run's.
fn losses_of_both_decoders(texts: &Texts, encoding: &str, shift: usize) -> (f64, f64) {
    use ropelet::model::{Block, Checkpoint, Decoder, Device, Precision, Select, Sink, Site, Tap};

    struct Logits(Vec<f32>);
    impl Sink for Logits {
        fn want(&self, site: Site) -> Option<Select> {
            (site.tap == Tap::Logits).then(Select::all)
        }
        fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            self.0.extend(block.to_vec::<f32>()?);
            Ok(())
        }
    }

    let folder = texts.path("out").join(format!("{encoding}-s0"));
    let checkpoint = Checkpoint::open(&folder).unwrap();
    let text = fs::read_to_string(texts.path("valid.txt")).unwrap();
    let ids: Vec<u32> = std::iter::once(0).chain(checkpoint.tokenizer().unwrap().encode(&text).unwrap()).collect();
    let decoder = Decoder::new(&checkpoint, &Device::CPU, Precision::F32).unwrap();
    let mut losses = Vec::new();
    for window in 0..256 / 64 {
        let read = &ids[window * 64..(window + 1) * 64];
        let mut sink = Logits(Vec::new());
        decoder.run(&[read.to_vec()], &mut sink).unwrap();
        for (at, logits) in sink.0.chunks(512).enumerate() {
            let log_sum = logits.iter().map(|x| f64::from(*x).exp()).sum::<f64>().ln();
            losses.push(log_sum - f64::from(logits[ids[window * 64 + at + shift] as usize]));
        }
    }
    let outcome = json(&folder.join("result.json"));
    (losses.iter().sum::<f64>() / losses.len() as f64, outcome["perplexities"][1]["loss"].as_f64().unwrap())
}

#[test]
fn a_run_is_a_checkpoint_that_says_the_same() {
    let texts = Texts::new();
    let encodings = ["rope-5e5", "fmrope", "hope", "alibi", "nope"];
    assert!(texts.run("out", &encodings.join(","), &["--steps", "20"]).output().unwrap().status.success());
    for encoding in encodings {
        let (found, expected) = losses_of_both_decoders(&texts, encoding, 1);
        // Logits of two implementations in f32 differ by less than 1e-4 (docs/models.md), and so do their losses.
        assert!((found - expected).abs() < 1e-4, "{encoding}: {found} is not {expected}");
    }
    // The control: the token itself, and not the next one, is another loss.
    let (found, expected) = losses_of_both_decoders(&texts, "rope-5e5", 0);
    assert!((found - expected).abs() > 1e-2);
    let family = |name: &str| json(&texts.path(&format!("out/{name}-s0/config.json")))["model_type"].clone();
    assert_eq!(["rope-5e5", "fmrope", "hope"].map(family), ["llama", "llama", "ropelet"]);
}

#[test]
fn a_checkpoint_with_a_lag_kernel_is_refused_by_name() {
    let texts = Texts::new();
    assert!(texts.run("out", "ricker", &["--steps", "10"]).output().unwrap().status.success());
    let error = error_of(&ropelet().arg("inspect").arg(texts.path("out/ricker-s0")).output().unwrap());
    assert!(error.contains("`encoding.name` is ricker, expected nope, alibi, or a rotation"), "{error}");
}

#[test]
fn a_run_that_another_process_is_at_is_left_to_it() {
    let texts = Texts::new();
    fs::create_dir_all(texts.path("out/nope-s0")).unwrap();
    let lock = fs::File::create(texts.path("out/nope-s0/lock")).unwrap();
    lock.lock().unwrap();
    let ended = |steps: &str| -> Vec<String> {
        let output = texts.run("out", "nope,alibi", &["--steps", steps, "--json"]).output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let runs = answer["runs"].as_array().unwrap();
        runs.iter().map(|run| run["ended"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ended("10"), ["busy in another process", "finished"]);
    drop(lock);
    assert_eq!(ended("10"), ["finished", "finished before"]);
}
