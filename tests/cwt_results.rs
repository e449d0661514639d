//! What `ropelet cwt` makes beside coefficients: every result, the inverse, levels of noise, plans and pictures.
#![cfg(feature = "cli")]

use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use npyz::WriterBuilder;
use num_complex::Complex64;
use ropelet::signal::{
    Boundary, Coherence, Cwt, Norm, RedNoise, ScaleEnergy, Scalogram, Significance, Synchrosqueezing, octaves, variance,
};
use ropelet::wavelet::{Morlet, MotherWavelet, Ricker};
use serde_json::Value;

const N: usize = 200;

fn ropelet(folder: &Path, words: &[&str]) -> Output {
    // Whole, since it is started from elsewhere.
    let program = fs::canonicalize(env!("CARGO_BIN_EXE_ropelet")).unwrap();
    Command::new(program).current_dir(folder).args(words).output().unwrap()
}

/// Runs the words in the folder and gives standard output.
fn done(folder: &Path, words: &str) -> String {
    let output = ropelet(folder, &words.split_whitespace().collect::<Vec<_>>());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{words}\n{error}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &Path, words: &str, expected: &[&str]) {
    let output = ropelet(folder, &words.split_whitespace().collect::<Vec<_>>());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}\n{error}");
    for word in expected {
        assert!(error.contains(word), "{words}: no {word} in {error}");
    }
}

fn write(path: &Path, values: &[f64], shape: &[u64]) {
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut bytes).begin_nd().unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
    fs::write(path, bytes).unwrap();
}

fn read<T: npyz::Deserialize>(path: PathBuf) -> (Vec<u64>, Vec<T>) {
    let bytes = fs::read(path).unwrap();
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    (file.shape().to_vec(), file.into_vec().unwrap())
}

fn signal(frequency: f64) -> Vec<f64> {
    let noise = RedNoise::new(0.5).unwrap().draw(N, 4, (1000.0 * frequency) as u64);
    (0..N).map(|t| (TAU * frequency * t as f64).cos() + 0.1 * noise[t]).collect()
}

/// A folder with `x.npy` and `y.npy`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("x.npy"), &signal(0.06), &[N as u64]);
    write(&folder.path().join("y.npy"), &signal(0.09), &[N as u64]);
    folder
}

fn morlet() -> Morlet {
    Morlet::corrected(6.0).unwrap()
}

#[test]
fn every_command_of_the_page_runs() {
    let folder = folder();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/transform.md")).unwrap();
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("ropelet ")).collect();
    assert!(commands.len() >= 14, "{commands:?}");
    for command in commands {
        if cfg!(feature = "plot") || !command.contains("--plot") {
            done(folder.path(), command);
        }
    }
    let back = read::<f64>(folder.path().join("exact.npy")).1;
    let x = signal(0.06);
    // The mean too: Ricker at half a sample has aliases, and they see it.
    assert!(x.iter().zip(back).all(|(x, y)| (x - y).abs() < 1e-9));
}

#[test]
fn results_are_those_of_the_library() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let (x, y, scales) = (signal(0.06), signal(0.09), octaves(1..=4, 4.try_into().unwrap()));
    let run = |words: &str| {
        done(folder.path(), &format!("cwt x.npy --wavelet morlet --octaves 1..4 --voices 4 --out out.npy {words}"))
    };
    let cwt = Cwt::<f64>::new(&morlet(), N, &scales, Norm::L2, Boundary::Zero).unwrap();
    let scalogram = Scalogram::new(&morlet(), &scales, &cwt.transform(&x).unwrap());

    run("--result power");
    assert_eq!(read::<f64>(at("out.npy")), (vec![13, 200], cwt.power(&x).unwrap()));
    run("--result energy --boundary reflect");
    let energy = ScaleEnergy::<f64>::new(&morlet(), N, &scales, Norm::L2, Boundary::Reflect).unwrap();
    assert_eq!(read::<f64>(at("out.npy")), (vec![13], energy.of(&x).unwrap()));
    run("--result spectrum --outside-cone");
    let means = scalogram.time_mean(true).into_iter().map(|mean| mean.unwrap_or(f64::NAN)).collect();
    assert_eq!(read::<f64>(at("out.npy")), (vec![13], means));
    run("--result scale-average");
    let average = scalogram.scale_average(&morlet(), Norm::L2).unwrap();
    assert_eq!(read::<f64>(at("out.npy")), (vec![200], average));
    run("--result synchrosqueezed");
    let grid: Vec<f64> = scales.iter().rev().map(|a| morlet().centre_frequency() / a).collect();
    let squeezed = Synchrosqueezing::<f64>::new(&morlet(), N, &scales, Boundary::Zero, &grid).unwrap();
    assert_eq!(read(at("out.npy")), (vec![13, 200], squeezed.of(&x).unwrap()));
    let coherence = Coherence::<f64>::new(&morlet(), N, &scales, Boundary::Zero).unwrap();
    let found = coherence.of(&x, &y).unwrap();
    run("--with y.npy --result coherence");
    assert_eq!(read::<f64>(at("out.npy")), (vec![13, 200], found.coherence));
    run("--with y.npy --result phase");
    assert_eq!(read::<f64>(at("out.npy")), (vec![13, 200], found.phase));
    run("--with y.npy --result cross");
    assert_eq!(read(at("out.npy")), (vec![13, 200], coherence.cross(&x, &y).unwrap()));
    // An octave more: the tone is at the largest of these scales, where no maximum has a row beyond it.
    done(folder.path(), "cwt x.npy --wavelet morlet --octaves 1..5 --voices 4 --out out.npy --result ridges");
    let ridges: Value = serde_json::from_slice(&fs::read(at("out.npy")).unwrap()).unwrap();
    assert_eq!(ridges["schema"], "ropelet.cwt-ridges/1");
    let points = ridges["signals"][0].as_array().unwrap().iter().find_map(|ridge| ridge["points"].get(100));
    let frequency = points.unwrap()["phase_frequency"].as_f64().unwrap();
    assert!((frequency - 0.06).abs() < 0.005, "{frequency}");
    let longer = "--out out.npy --result ridges --threshold 0.5 --max-jump 0.1 --min-length 150";
    done(folder.path(), &format!("cwt x.npy --wavelet morlet --octaves 1..5 --voices 4 {longer}"));
    let ridges: Value = serde_json::from_slice(&fs::read(at("out.npy")).unwrap()).unwrap();
    assert_eq!(ridges["signals"][0].as_array().unwrap().len(), 1);
    run("--dtype f32");
    assert_eq!(read::<num_complex::Complex<f32>>(at("out.npy")).0, [13, 200]);
}

#[test]
fn frequencies_are_scales_and_levels_are_those_of_the_library() {
    let folder = folder();
    let words = "cwt x.npy --wavelet ricker --frequencies 0.1,0.05 --significance red --level 0.9 --json --out o.npy";
    let summary: Value = serde_json::from_str(&done(folder.path(), words)).unwrap();
    let scales = [0.1, 0.05].map(|f| Ricker.centre_frequency() / f);
    assert_eq!(summary["scales"], serde_json::json!(scales));
    assert_eq!(summary["result"], "coefficients");
    let x = signal(0.06);
    let noise = RedNoise::of(&x).unwrap();
    let test = Significance::new(&Ricker, N, &scales, Norm::L2, noise, variance(&x).unwrap()).unwrap();
    assert_eq!(summary["significance"]["signals"][0]["lag1"][0], noise.lag1());
    assert_eq!(summary["significance"]["signals"][0]["thresholds"], serde_json::json!(test.of_points(0.9).unwrap()));
}

/// The rows of `--json` say which points are whose, and with the bins that they pass all samples follow from them.
#[test]
fn decimated_points_interpolate_to_the_coefficients() {
    let folder = folder();
    let signals = [signal(0.06), signal(0.09)].concat();
    write(&folder.path().join("two.npy"), &signals, &[2, N as u64]);
    for (wavelet, boundary) in [("morlet", "zero"), ("morlet", "reflect"), ("ricker", "periodic")] {
        let words =
            format!("cwt two.npy --wavelet {wavelet} --octaves 1..4 --voices 2 --norm l1 --boundary {boundary} --json");
        let run = |result: &str| -> Value {
            let words = format!("{words} --out {result}.npy --result {result}");
            serde_json::from_str(&done(folder.path(), &words)).unwrap()
        };
        let (full, decimated) = (run("coefficients"), run("decimated"));
        let complex = |name: &str| {
            let path = folder.path().join(name);
            if wavelet == "morlet" || name == "decimated.npy" {
                return read::<Complex64>(path);
            }
            let (shape, values) = read::<f64>(path);
            (shape, values.into_iter().map(Complex64::from).collect())
        };
        let (shape, points) = complex("decimated.npy");
        let (_, w) = complex("coefficients.npy");
        assert_eq!(decimated["output_shape"], serde_json::json!(shape));
        let (rows, total) = (decimated["rows"].as_array().unwrap(), shape[1] as usize);
        assert_eq!((rows.len(), shape[0]), (full["rows"].as_array().unwrap().len(), 2));
        let last = rows[rows.len() - 1]["points"].as_u64().unwrap();
        assert!(2 * last < N as u64, "{last} points save nothing");
        for (row, at) in rows.iter().zip(0..) {
            let number = |key: &str| row[key].as_u64().unwrap() as usize;
            let (first, m, p) = (number("first"), number("points"), number("transform"));
            assert_eq!(row["step"].as_f64().unwrap(), p as f64 / m as f64);
            let [low, high] = [0, 1].map(|end| row["bins"][end].as_i64().unwrap());
            for signal in 0..2 {
                let points = &points[signal * total + first..][..m];
                let w = &w[(signal * rows.len() + at) * N..][..N];
                let turn = |turns: i64, of: usize| Complex64::cis(TAU * turns.rem_euclid(of as i64) as f64 / of as f64);
                let bins: Vec<(i64, Complex64)> = (low..=high)
                    .map(|k| (k, (0..m).map(|t| points[t] * turn(-k * t as i64, m)).sum::<Complex64>() / m as f64))
                    .collect();
                let largest = w.iter().map(|z| z.norm()).fold(0.0, f64::max);
                for (b, w) in w.iter().enumerate() {
                    let between: Complex64 = bins.iter().map(|&(k, z)| z * turn(k * b as i64, p)).sum();
                    assert!((between - w).norm() < 1e-12 * largest, "{wavelet} {boundary} {row} at {b}: {between} {w}");
                }
            }
        }
    }
    let words = "cwt two.npy --wavelet morlet --scales 4 --out o.npy --result decimated";
    refused(folder.path(), &format!("{words} --boundary constant"), &["never ends"]);
    refused(folder.path(), &format!("{words} --significance white"), &["decimated"]);
}

/// Two signals of two: what is written one by one is what the library makes of each.
#[test]
fn pairs_of_signals_are_written_in_order() {
    let folder = folder();
    let (x, y) = ([signal(0.06), signal(0.09)], [signal(0.07), signal(0.05)]);
    write(&folder.path().join("x2.npy"), &x.concat(), &[2, N as u64]);
    write(&folder.path().join("y2.npy"), &y.concat(), &[2, N as u64]);
    let plan = Coherence::<f64>::new(&morlet(), N, &octaves(1..=3, 2.try_into().unwrap()), Boundary::Zero).unwrap();
    let run = |result: &str| {
        let words = "cwt x2.npy --with y2.npy --wavelet morlet --octaves 1..3 --voices 2 --out o.npy --result";
        done(folder.path(), &format!("{words} {result}"));
        folder.path().join("o.npy")
    };
    let cross = [plan.cross(&x[0], &y[0]).unwrap(), plan.cross(&x[1], &y[1]).unwrap()];
    assert_eq!(read::<Complex64>(run("cross")), (vec![2, 5, 200], cross.concat()));
    let found = [plan.of(&x[0], &y[0]).unwrap(), plan.of(&x[1], &y[1]).unwrap()];
    let phases: Vec<f64> = found.iter().flat_map(|found| found.phase.clone()).collect();
    assert_eq!(read::<f64>(run("phase")), (vec![2, 5, 200], phases));
}

#[test]
fn a_plan_computes_nothing() {
    let folder = folder();
    let words = "cwt x.npy --wavelet morlet --octaves 1..3 --plan";
    let plan: Value = serde_json::from_str(&done(folder.path(), words)).unwrap();
    assert_eq!((&plan["schema"], plan["rows"].as_array().unwrap().len()), (&"ropelet.cwt/1".into(), 17));
    assert!(plan["flops"].as_u64().unwrap() > 0 && plan["bytes"].as_u64().unwrap() > 0);
    let rows = plan["rows"].as_array().unwrap();
    let sum = |key: &str| rows.iter().map(|row| row[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(plan["flops"], sum("flops"));
    assert!(plan["bytes"].as_u64().unwrap() >= sum("bytes"));
    for row in rows {
        let error = row["relative_error"].as_f64().unwrap();
        assert!(error > 0.0 && error < 1e-12, "{row}");
        match row["path"]["kind"].as_str().unwrap() {
            "convolution" => assert!(row["path"]["taps"].as_u64().unwrap() >= 1),
            // What the signal is padded to, or cut into.
            _ => assert!(row["path"]["transform"].as_u64().unwrap() > 0, "{row}"),
        }
    }
    assert!(plan["aliasing"]["relative"].as_array().unwrap().len() == rows.len());
    assert!(plan.get("output").is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[cfg(feature = "plot")]
#[test]
fn a_picture_is_small_and_well_formed_whatever_the_length() {
    let folder = folder();
    let long: Vec<f64> = (0..2000).map(|t| (0.2 * t as f64 + 1e-4 * (t * t) as f64).cos()).collect();
    write(&folder.path().join("long.npy"), &long, &[1, 2000]);
    let words =
        "cwt long.npy --wavelet morlet --octaves 1..9 --voices 25 --plot long.svg --ridges --significance white";
    done(folder.path(), words);
    let svg = fs::read_to_string(folder.path().join("long.svg")).unwrap();
    assert!(svg.len() < 600_000, "{} bytes", svg.len());
    let document = roxmltree::Document::parse(&svg).unwrap();
    let count = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
    // The picture; the hatching, and the line of significance with its rim.
    assert_eq!((count("image"), count("path")), (1, 3));
    let text: String = document.descendants().filter_map(|node| node.text()).collect();
    for label in ["time (samples)", "scale (samples)", "frequency (cycles per sample)", "power |W|²"] {
        assert!(text.contains(label), "{label}");
    }
    assert!(!svg.contains('\u{e000}') && !svg.contains("NaN"));
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_written() {
    let folder = folder();
    let run = |words: &str, expected: &[&str]| {
        refused(folder.path(), &format!("cwt x.npy --wavelet morlet --out o.npy {words}"), expected);
    };
    run("--scales 4 --with y.npy", &["--with", "coherence"]);
    run("--scales 4 --result coherence", &["--with"]);
    run("--scales 4 --result coherence --with y.npy", &["one scale"]);
    run("--scales 4,8 --result cross --with none.npy", &["none.npy"]);
    run("--frequencies 0,0.1", &["frequency 0"]);
    run("--frequencies 0.1 --scales 4", &["--scales"]);
    run("--scales 4 --significance loud", &["white", "red"]);
    run("--scales 4 --significance white --level 1.5", &["level"]);
    run("--scales 4 --result ridges --significance white", &["--significance is for"]);
    run("--scales 4 --result energy --dtype bf16", &["f32 or f64"]);
    run("--scales 1,2 --result synchrosqueezed", &["frequency"]);
    run("--scales 4,8 --inverse", &["one axis"]);
    run("--scales 2,4,8 --threshold 0.2", &["--threshold is for"]);
    run("--scales 2,4,8 --result synchrosqueezed --min-length 3", &["--min-length"]);
    run("--scales 4,8,16 --result ridges --threshold 2", &["threshold is 2"]);
    run("--scales 4,8,16 --result ridges --max-jump nan", &["max_jump is NaN"]);
    run("--scales 4,8,16 --result ridges --min-length 0", &["min_length is 0"]);
    run("--scales 4,8 --mean 3", &["--inverse"]);
    let ricker = |words: &str, expected: &[&str]| {
        refused(folder.path(), &format!("cwt x.npy --wavelet ricker --scales 2,4,8 --out o.npy {words}"), expected);
    };
    ricker("--result ridges", &["ricker is real"]);
    ricker("--result synchrosqueezed", &["ricker is real"]);
    done(folder.path(), "cwt x.npy --wavelet ricker --scales 2,4,8 --out w.npy");
    refused(folder.path(), "cwt w.npy --wavelet ricker --scales 2,4 --inverse --out o.npy", &["3 scales", "2 given"]);
    refused(
        folder.path(),
        "cwt w.npy --wavelet ricker --scales 2,4,8 --inverse double --out o.npy",
        &["double", "zero"],
    );
    refused(
        folder.path(),
        "cwt w.npy --wavelet dog --order 3 --scales 2,4,8 --inverse --out o.npy",
        &["dog", "double"],
    );
    let mut bad = vec![0.0; N];
    bad[7] = f64::INFINITY;
    write(&folder.path().join("bad.npy"), &bad, &[N as u64]);
    let words = "cwt x.npy --wavelet morlet --scales 2,4 --with bad.npy --result cross --out o.npy";
    refused(folder.path(), words, &["bad.npy", "sample 7"]);
    assert!(!folder.path().join("o.npy").exists());
}
