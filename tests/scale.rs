//! A run of `ropelet analyze` in parts: killed and gone on with, cut into shards and merged, and its tables read
//! back. All with the real program, on a small protocol.

#![cfg(all(feature = "cli", feature = "model"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use parquet::basic::Type;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use ropelet::model::read_sums;
use ropelet::numeric::{Real, gamma};
use serde_json::Value;

const MODEL: &str = "tests/data/llama";
const TABLES: [&str; 3] = ["heads.parquet", "layers.parquet", "analysis.json"];
/// Small, and cut into many batches.
const SMALL: [&str; 17] = [
    "--length",
    "48",
    "--lags",
    "16",
    "--draws",
    "3",
    "--untrained",
    "2",
    "--groups",
    "4",
    "--batch",
    "96",
    "--save-every",
    "0",
    "--threads",
    "1",
    "--quiet",
];

/// A folder with seven texts of one window or two, one of them too short.
struct Texts(tempfile::TempDir);

impl Texts {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let words = fs::read_to_string("docs/text/rounding.txt").unwrap();
        let words: Vec<&str> = words.split_whitespace().collect();
        for (number, count) in [60, 30, 4, 70, 45, 35, 50].into_iter().enumerate() {
            let text = words[number * 80..][..count].join(" ");
            fs::write(folder.path().join(format!("{number}.txt")), text).unwrap();
        }
        Self(folder)
    }

    fn command(&self, out: &Path, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ropelet"));
        command.args(["analyze", MODEL, "--text"]).arg(self.0.path()).arg("--out").arg(out).args(SMALL).args(more);
        command
    }

    fn run(&self, out: &Path, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }
}

#[track_caller]
fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The one line of an error.
#[track_caller]
fn refused(output: &Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.starts_with("error: ") && message.lines().count() == 1, "{message}");
    message
}

fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    TABLES.iter().map(|name| fs::read(folder.join(name)).unwrap()).collect()
}

fn json(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("analysis.json")).unwrap()).unwrap()
}

fn sums(folder: &Path) -> PathBuf {
    folder.join("sums.safetensors")
}

/// Starts a run and kills it when its sums have been saved once more, or lets it end.
fn killed_after_a_saving(texts: &Texts, out: &Path) -> bool {
    let saved = |out: &Path| fs::metadata(sums(out)).and_then(|file| file.modified()).ok();
    let before = saved(out);
    let mut run = texts.command(out, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    loop {
        if let Some(status) = run.try_wait().unwrap() {
            assert!(status.success());
            return false;
        }
        if saved(out).is_some_and(|now| Some(now) != before) {
            // Somewhere between this saving and what comes after it.
            sleep(Duration::from_millis(start.elapsed().subsec_micros() as u64 % 4));
            run.kill().unwrap();
            run.wait().unwrap();
            return true;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "nothing is saved");
        sleep(Duration::from_micros(200));
    }
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_in_the_bytes_of_one_that_was_not() {
    let (texts, folder) = (Texts::new(), tempfile::tempdir().unwrap());
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    succeeded(&texts.run(&whole, &[]));
    assert!(!sums(&whole).exists(), "a finished run leaves its results alone");
    let mut positions = Vec::new();
    while killed_after_a_saving(&texts, &cut) {
        if let Ok(saved) = read_sums(&sums(&cut)) {
            let about: Value = serde_json::from_str(&saved.about).unwrap();
            let of = |key: &str| about["position"][key].as_u64().unwrap();
            positions.push((of("pass"), of("windows")));
        }
        assert!(positions.len() < 200, "a run that goes on gets further: {positions:?}");
    }
    assert!(positions.is_sorted(), "{positions:?}");
    let passes = positions.iter().map(|(pass, _)| pass).collect::<std::collections::BTreeSet<_>>();
    assert!(
        positions.iter().any(|(_, windows)| *windows > 0) && passes.len() > 2,
        "kills were at few points: {positions:?}"
    );
    assert!(bytes(&whole) == bytes(&cut), "killed at {positions:?}");
    assert!(!sums(&cut).exists());
}

#[test]
fn another_command_does_not_take_over_what_was_begun() {
    let (texts, folder) = (Texts::new(), tempfile::tempdir().unwrap());
    let out = folder.path().join("out");
    assert!(killed_after_a_saving(&texts, &out));
    let before = fs::read(sums(&out)).unwrap();
    for (more, key) in [
        (&["--seed", "1"][..], "`seed` is 0 there and 1 here"),
        (&["--dtype", "f64"], "`checkpoint.dtype` is \"f32\" there and \"f64\" here"),
        (&["--wavelet", "morlet"], "`protocol.wavelet` is \"ricker\" there and \"morlet\" here"),
        (&["--shard", "1/2"], "`share` is null there and \"1/2\" here"),
    ] {
        let message = refused(&texts.run(&out, more));
        assert!(message.contains("sums.safetensors: is of another command: ") && message.contains(key), "{message}");
    }
    // The same names, another text.
    let (text, contents) = (texts.0.path().join("3.txt"), fs::read_to_string(texts.0.path().join("3.txt")).unwrap());
    fs::write(&text, contents.replacen('e', "a", 1)).unwrap();
    let message = refused(&texts.run(&out, &[]));
    assert!(message.contains("`texts.3."), "{message}");
    fs::write(&text, contents).unwrap();
    // Another checkpoint under the same name is told by its weights.
    assert_eq!(fs::read(sums(&out)).unwrap(), before, "a refused command changes nothing");
    // What is not one of our files is no state to go on from.
    fs::write(sums(&out), &before[..before.len() - 8]).unwrap();
    let message = refused(&texts.run(&out, &[]));
    assert!(message.contains("sums.safetensors"), "{message}");
    fs::write(sums(&out), before).unwrap();
    succeeded(&texts.run(&out, &[]));
}

/// Runs all shards of so many.
fn shards(texts: &Texts, folder: &Path, of: usize) -> Vec<PathBuf> {
    let run = |number: usize| {
        let out = folder.join(format!("{number}of{of}"));
        succeeded(&texts.run(&out, &["--shard", &format!("{number}/{of}")]));
        let files: Vec<_> = fs::read_dir(&out).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files, [sums(&out)], "a shard writes its sums alone");
        out
    };
    (1..=of).map(run).collect()
}

fn merge(shards: &[PathBuf], out: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ropelet")).arg("merge").args(shards).arg("--out").arg(out).output().unwrap()
}

/// The largest difference of null curves, relative to the largest value of each, where the null model is one whose
/// sums are added by shard; everything else must be the same.
fn difference(one: &Value, other: &Value, key: &str) -> f64 {
    const BY_SHARD: [&str; 3] = [".untrained", ".shuffled", ".dirichlet"];
    // The sink null is made of Dirichlet rows.
    let adds = BY_SHARD.iter().chain(&[".sink"]).any(|null| key.contains(null));
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{key}");
            a.keys().map(|name| difference(&one[name], &other[name], &format!("{key}.{name}"))).fold(0.0, f64::max)
        }
        (Value::Array(a), Value::Array(b)) if key.contains("null_curves") && a.iter().all(Value::is_number) => {
            let numbers = |values: &[Value]| values.iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
            let (a, b) = (numbers(a), numbers(b));
            assert!(adds || a == b, "{key}");
            let size = a.iter().fold(f64::MIN_POSITIVE, |size: f64, x| size.max(x.abs()));
            a.iter().zip(&b).map(|(a, b)| (a - b).abs() / size).fold(0.0, f64::max)
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{key}");
            a.iter().zip(b).map(|(a, b)| difference(a, b, key)).fold(0.0, f64::max)
        }
        _ => {
            assert!(adds || one == other, "{key}: {one} and {other}");
            0.0
        }
    }
}

#[test]
fn merged_shards_are_the_single_run() {
    let (texts, folder) = (Texts::new(), tempfile::tempdir().unwrap());
    let single = folder.path().join("single");
    succeeded(&texts.run(&single, &[]));
    // One shard of all is the same bytes.
    let merged = folder.path().join("merged");
    succeeded(&merge(&shards(&texts, folder.path(), 1), &merged));
    assert!(bytes(&single) == bytes(&merged));
    // Several: the sums of a group are those of one shard, bit by bit. Sums that are not kept by group are
    // added in another order, of at most 14 windows and 3 shards, all of one sign but for scores; a mean over
    // three draws and a division follow. Scores cancel by less than a hundredfold.
    let mut three = shards(&texts, folder.path(), 3);
    three.rotate_left(1);
    succeeded(&merge(&three, &merged));
    let worst = difference(&json(&single), &json(&merged), "");
    let bound = 100.0 * gamma(14 + 3 + 4, f64::UNIT_ROUNDOFF);
    assert!(worst <= bound, "{worst:e} of {bound:e}");
    // The control: a bound that other draws are beyond.
    let other = folder.path().join("other");
    succeeded(&texts.run(&other, &["--seed", "1"]));
    let curve = |folder: &Path| json(folder)["heads"][0]["null_curves"]["shuffled"].clone();
    assert!(difference(&curve(&single), &curve(&other), ".null_curves.shuffled") > bound);
    // Shards may come in any order.
    let first = bytes(&merged);
    three.reverse();
    succeeded(&merge(&three, &merged));
    assert!(first == bytes(&merged));
}

#[test]
fn shards_that_do_not_belong_together_are_refused() {
    let (texts, folder) = (Texts::new(), tempfile::tempdir().unwrap());
    let two = shards(&texts, folder.path(), 2);
    let out = folder.path().join("out");
    let other = folder.path().join("other");
    succeeded(&texts.run(&other, &["--shard", "2/2", "--seed", "1"]));
    let third = folder.path().join("third");
    succeeded(&texts.run(&third, &["--shard", "2/3"]));
    let none = folder.path().join("none");
    for (shards, expected) in [
        (vec![&two[0]], "shard 2/2 is missing; found 1 of 2"),
        (vec![&two[0], &two[0]], "shard 1/2 was already found in "),
        (vec![&two[0], &other], "other/sums.safetensors: `seed` is 1, expected 0 as in "),
        (vec![&two[0], &third], "third/sums.safetensors: `share` is 2/3, expected I/2 as in "),
        (vec![&two[0], &none], "none/sums.safetensors: there is no such file"),
    ] {
        let shards: Vec<PathBuf> = shards.into_iter().cloned().collect();
        let message = refused(&merge(&shards, &out));
        assert!(message.contains(expected), "{message}");
        assert!(!out.exists());
    }
    // A share needs groups to take.
    let message = refused(&texts.run(&out, &["--shard", "1/5"]));
    assert!(
        message.contains("--shard 1/5: a shard takes whole groups of texts, and there are --groups 4"),
        "{message}"
    );
    let message = refused(&texts.run(&out, &["--shard", "3/2"]).with_first_line());
    assert!(message.contains("is not I/N"), "{message}");
    // What is finished is not done again, and what is not cannot be merged.
    let before = fs::metadata(sums(&two[0])).unwrap().modified().unwrap();
    succeeded(&texts.run(&two[0], &["--shard", "1/2"]));
    assert_eq!(fs::metadata(sums(&two[0])).unwrap().modified().unwrap(), before);
    let unfinished = folder.path().join("unfinished");
    assert!(killed_after_a_saving(&texts, &unfinished));
    let message = refused(&merge(std::slice::from_ref(&unfinished), &out));
    assert!(message.contains("`share` is null"), "{message}");
}

trait FirstLine {
    /// What clap says over several lines, as one.
    fn with_first_line(self) -> Self;
}

impl FirstLine for Output {
    fn with_first_line(mut self) -> Self {
        let end = self.stderr.iter().position(|byte| *byte == b'\n').unwrap_or(self.stderr.len());
        self.stderr.truncate(end);
        self
    }
}

/// The columns of a table, in order: name, type, whether a value may be missing.
fn columns(reader: &SerializedFileReader<fs::File>) -> Vec<(String, Type, bool)> {
    let schema = reader.metadata().file_metadata().schema_descr();
    let column = |column: &parquet::schema::types::ColumnDescriptor| {
        (column.name().to_owned(), column.physical_type(), column.max_def_level() > 0)
    };
    schema.columns().iter().map(|found| column(found)).collect()
}

fn expected_columns(is_of_heads: bool) -> Vec<(String, Type, bool)> {
    let mut columns = vec![("layer".to_owned(), Type::INT32, !is_of_heads)];
    let mut add = |name: &str, kind, optional| columns.push((name.to_owned(), kind, optional));
    if is_of_heads {
        add("head", Type::INT32, false);
    }
    ["signal", "metric", "unit"].into_iter().for_each(|name| add(name, Type::BYTE_ARRAY, false));
    ["value", "low", "high"].into_iter().for_each(|name| add(name, Type::DOUBLE, true));
    for null in ["untrained", "shuffled", "dirichlet", "alibi", "sink"] {
        ["mean", "sd", "z", "p", "q"].into_iter().for_each(|part| add(&format!("{null}_{part}"), Type::DOUBLE, true));
        add(&format!("{null}_draws"), Type::INT32, false);
        add(&format!("{null}_exact"), Type::BOOLEAN, false);
    }
    if is_of_heads {
        add("rows", Type::INT64, false);
    }
    add("texts", Type::INT32, false);
    if is_of_heads {
        add("labels", Type::BYTE_ARRAY, false);
    }
    columns
}

#[test]
fn tables_have_the_documented_columns_and_the_values_of_the_object() {
    let (texts, folder) = (Texts::new(), tempfile::tempdir().unwrap());
    let out = folder.path();
    succeeded(&texts.run(out, &["--curves"]));
    let analysis = json(out);
    let value = |field: &Field| match field {
        Field::Double(x) => serde_json::json!(x),
        Field::Int(x) => serde_json::json!(x),
        Field::Long(x) => serde_json::json!(x),
        Field::Bool(x) => serde_json::json!(x),
        Field::Str(x) => serde_json::json!(x),
        Field::Null => Value::Null,
        other => panic!("unexpected {other:?}"),
    };
    // serde_json reads a number to within one unit in the last place, unless told to take its time.
    let same = |one: &Value, other: &Value| match (one.as_f64(), other.as_f64()) {
        (Some(x), Some(y)) => (x - y).abs() <= f64::EPSILON * x.abs(),
        _ => one == other,
    };
    for (name, is_of_heads) in [("heads.parquet", true), ("layers.parquet", false)] {
        let reader = SerializedFileReader::new(fs::File::open(out.join(name)).unwrap()).unwrap();
        assert_eq!(columns(&reader), expected_columns(is_of_heads), "{name}");
        let metadata = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let entry = |key: &str| metadata.iter().find(|entry| entry.key == key).unwrap().value.clone().unwrap();
        assert_eq!(entry("schema"), "ropelet.analyze/1");
        assert_eq!(serde_json::from_str::<Value>(&entry("checkpoint")).unwrap(), analysis["checkpoint"]);
        let of = |owner: &'static str| analysis[owner].as_array().unwrap().iter();
        let owners: Vec<&Value> = match is_of_heads {
            true => of("heads").collect(),
            false => of("layers").chain([&analysis["model"]]).collect(),
        };
        let expected: Vec<(&Value, &Value)> = owners
            .into_iter()
            .flat_map(|owner| owner["metrics"].as_array().unwrap().iter().map(move |metric| (owner, metric)))
            .collect();
        let found: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(found.len(), expected.len(), "{name}");
        let mut nulls = std::collections::BTreeMap::<String, u64>::new();
        for (row, (owner, metric)) in found.iter().zip(&expected) {
            for (column, field) in row.get_column_iter() {
                let (found, (first, last)) = (value(field), column.split_once('_').unwrap_or((column, "")));
                let of_owner = ["layer", "head", "rows"].contains(&column.as_str());
                let expected = match column.as_str() {
                    _ if of_owner => owner[column].clone(),
                    "low" => metric["interval"][0].clone(),
                    "high" => metric["interval"][1].clone(),
                    // One of the seven is too short.
                    "texts" => serde_json::json!(6),
                    "labels" => {
                        let labels = owner["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap());
                        labels.collect::<Vec<_>>().join(",").into()
                    }
                    _ if last.is_empty() => metric[column].clone(),
                    _ => metric["nulls"][first][last].clone(),
                };
                assert!(same(&found, &expected), "{name}, {column}: {found}, expected {expected}");
                *nulls.entry(column.clone()).or_default() += u64::from(expected.is_null());
            }
        }
        for column in reader.metadata().row_group(0).columns() {
            let counted = column.statistics().and_then(|statistics| statistics.null_count_opt()).unwrap_or(0);
            let column = column.column_descr().name();
            assert_eq!(counted, nulls.get(column).copied().unwrap_or(0), "{name}, {column}");
        }
    }
    curves_are_those_of_the_object(&read_curves(out), &analysis);
    read_by_pyarrow(out);
}

fn read_curves(out: &Path) -> (Value, Vec<u8>) {
    let file = fs::read(out.join("curves.safetensors")).unwrap();
    ropelet::model::untrusted::safetensors(&file).unwrap();
    let length = u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    (serde_json::from_slice(&file[8..8 + length]).unwrap(), file[8 + length..].to_vec())
}

fn curves_are_those_of_the_object((header, data): &(Value, Vec<u8>), analysis: &Value) {
    let heads = analysis["heads"].as_array().unwrap();
    assert_eq!(header["__metadata__"]["schema"], "ropelet.curves/1");
    let tensor = |name: &str| -> Vec<f64> {
        let offset = |place: usize| header[name]["data_offsets"][place].as_u64().unwrap() as usize;
        data[offset(0)..offset(1)].chunks(8).map(|number| f64::from_le_bytes(number.try_into().unwrap())).collect()
    };
    for (name, of) in [
        ("layer", &["layer"][..]),
        ("head", &["head"]),
        ("lag_profile", &["lag_profile"]),
        ("spectrum_scalogram", &["spectrum_scalogram"]),
        ("shuffled.score_profile", &["null_curves", "shuffled", "score_profile"]),
        ("untrained.spectrum", &["null_curves", "untrained", "spectrum"]),
    ] {
        let found = tensor(name);
        let one = |head: &Value| of.iter().fold(head.clone(), |value, key| value[key].clone());
        let expected: Vec<f64> = heads
            .iter()
            .flat_map(|head| match one(head) {
                Value::Array(values) => values.iter().map(|x| x.as_f64().unwrap()).collect(),
                value => vec![value.as_f64().unwrap()],
            })
            .collect();
        assert_eq!(header[name]["shape"][0], heads.len(), "{name}");
        assert_eq!(found.len(), expected.len(), "{name}");
        let close = |(x, y): (&f64, &f64)| (x - y).abs() <= f64::from(f32::EPSILON) * y.abs();
        assert!(found.iter().zip(&expected).all(close), "{name}");
    }
}

/// Where there is a Python with pyarrow; `.ci/pyarrow` makes one, and fails where it cannot.
fn read_by_pyarrow(out: &Path) {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let python = |arguments: &[&std::ffi::OsStr]| Command::new(&python).args(arguments).output();
    if !python(&["-c".as_ref(), "import pyarrow.parquet".as_ref()]).is_ok_and(|output| output.status.success()) {
        return;
    }
    succeeded(&python(&["tests/parquet/check.py".as_ref(), out.as_ref()]).unwrap());
}

#[test]
fn checkpoints_side_by_side_have_trajectories_with_paired_intervals() {
    let (texts, folder) = (Texts::new(), tempfile::tempdir().unwrap());
    // The same weights under two names, so that the difference is known: none, on every resample.
    let copy = folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(Path::new(MODEL).join(file), copy.join(file)).unwrap();
    }
    let out = folder.path().join("out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ropelet"));
    command.args(["analyze", MODEL]).arg(&copy).arg("--text").arg(texts.0.path()).arg("--out").arg(&out);
    succeeded(&command.args(SMALL).arg("--compare").output().unwrap());
    let compared: Value = serde_json::from_slice(&fs::read(out.join("compare.json")).unwrap()).unwrap();
    assert_eq!(compared["schema"], "ropelet.compare/1");
    let [one, other] = ["llama", "copy"].map(|name| json(&out.join(name)));
    assert_eq!(one["heads"], other["heads"]);
    let trajectories = compared["trajectories"].as_array().unwrap();
    assert_eq!(trajectories.len(), one["heads"][0]["metrics"].as_array().unwrap().len());
    for trajectory in trajectories {
        let mut values: Vec<f64> = one["heads"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|head| head["metrics"].as_array().unwrap())
            .filter(|m| m["metric"] == trajectory["metric"] && m["signal"] == trajectory["signal"])
            .filter_map(|m| m["value"].as_f64())
            .collect();
        values.sort_by(f64::total_cmp);
        let point = &trajectory["points"][1];
        assert_eq!(point["heads"], values.len());
        if let Some(upper) = values.get(values.len() / 2) {
            let median = if values.len() % 2 == 1 { *upper } else { (values[values.len() / 2 - 1] + upper) / 2.0 };
            assert!((point["median"].as_f64().unwrap() - median).abs() <= 2.0 * f64::EPSILON * median.abs());
            assert_eq!(trajectory["changes"][0]["difference"], 0.0);
        }
        if point["interval"].is_array() {
            assert_eq!(trajectory["changes"][0]["interval"], serde_json::json!([0.0, 0.0]), "{trajectory}");
        }
    }
    let has_interval = |t: &&Value| t["points"][0]["interval"][0].as_f64() < t["points"][0]["interval"][1].as_f64();
    assert!(trajectories.iter().any(|t| has_interval(&t)), "some metric varies over texts");
    assert!(!sums(&out.join("llama")).exists() && !sums(&out.join("copy")).exists());
    let reader = SerializedFileReader::new(fs::File::open(out.join("compare.parquet")).unwrap()).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows() as usize, 2 * trajectories.len());
    #[cfg(feature = "plot")]
    roxmltree::Document::parse(&fs::read_to_string(out.join("compare.svg")).unwrap()).unwrap();
    // Several without the flag, and one with it, are not what was meant.
    for (models, flag) in [(vec![MODEL, copy.to_str().unwrap()], None), (vec![MODEL], Some("--compare"))] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ropelet"));
        command
            .arg("analyze")
            .args(models)
            .arg("--text")
            .arg(texts.0.path())
            .arg("--out")
            .arg(folder.path().join("no"));
        let message = refused(&command.args(SMALL).args(flag).output().unwrap());
        assert!(message.contains("MODEL: found "), "{message}");
    }
}
