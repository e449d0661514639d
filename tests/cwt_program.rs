//! `ropelet wavelet` and `ropelet cwt` as programs: output, exit codes, and hostile input.
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use npyz::WriterBuilder;
use num_complex::{Complex, Complex64};
use ropelet::numeric::Real;
use ropelet::signal::{Boundary, Coherence, Cwt, Norm, Scalogram, octaves};
use ropelet::wavelet::{DerivativeOfGaussian, Morlet, MotherWavelet, Paul};
use serde_json::{Value, json};
use tempfile::TempDir;

fn ropelet(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ropelet")).args(words).output().unwrap()
}

fn stdout(words: &[&str]) -> String {
    let output = ropelet(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json_of(words: &[&str]) -> Value {
    serde_json::from_str(&stdout(&[words, &["--json"]].concat())).unwrap()
}

/// One line on stderr, exit code 2, nothing on stdout.
#[track_caller]
fn assert_refused(words: &[&str], expected: &[&str]) {
    let output = ropelet(words);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words:?}: {stderr}");
    assert!(output.stdout.is_empty());
    assert!(stderr.starts_with("error: ") && !stderr.contains("panicked"), "{stderr}");
    for part in expected {
        assert!(stderr.contains(part), "{words:?}: no `{part}` in {stderr}");
    }
}

// --- wavelet ----------------------------------------------------------------------------------------

#[test]
fn the_json_of_a_wavelet_has_the_documented_keys() {
    let keys = [
        "schema",
        "name",
        "parameters",
        "mean",
        "energy",
        "admissible",
        "c_psi",
        "reason",
        "centre_frequency",
        "time_spread",
        "frequency_spread",
        "uncertainty_product",
        "support",
    ];
    let names = "haar ricker morlet morlet-uncorrected analytic-morlet analytic-morlet-uncorrected gaussian dog analytic-dog \
                 paul morse shannon fbsp haar-like haar-like-prime";
    for name in names.split(' ') {
        let object = json_of(&["wavelet", name]);
        let mut found: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
        found.sort_unstable();
        let mut expected = keys.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!((&object["schema"], &object["name"]), (&json!("ropelet.wavelet/1"), &json!(name)));
        assert_eq!(object["admissible"], json!(object["c_psi"].is_number()));
        assert_eq!(object["reason"].is_string(), object["c_psi"].is_null());
    }
}

#[test]
fn numbers_pass_through_the_program_unchanged() {
    let haar = json_of(&["wavelet", "haar"]);
    assert_eq!(haar["c_psi"], json!(2.0 * 2f64.ln()));
    assert_eq!(haar["support"], json!([0.0, 1.0]));
    assert!(haar["frequency_spread"].is_null() && haar["uncertainty_product"].is_null());
    let morlet = json_of(&["wavelet", "morlet", "--omega0", "5"]);
    assert_eq!(morlet["parameters"], json!({"omega0": 5.0}));
    assert_eq!(morlet["c_psi"].as_f64(), Morlet::corrected(5.0).unwrap().admissibility().c_psi());
    let dog = json_of(&["wavelet", "dog", "--order", "40"]);
    assert_eq!(dog["energy"].as_f64().unwrap(), DerivativeOfGaussian::new(40).unwrap().energy());
    let morse = json_of(&["wavelet", "morse", "--order", "3", "--gamma", "2.5"]);
    assert_eq!(morse["parameters"], json!({"beta": 3.0, "gamma": 2.5}));
    let pair = json_of(&["wavelet", "haar-like", "--cycles", "2"]);
    assert!((pair["c_psi"].as_f64().unwrap() - 0.536_900_062_536_9).abs() < 1e-12);
    let gaussian = json_of(&["wavelet", "gaussian"]);
    assert!(gaussian["reason"].as_str().unwrap().contains("ln(1/eps)"));
}

#[test]
fn text_says_which_sides_are_counted() {
    let text = stdout(&["wavelet", "ricker"]);
    assert_eq!(text.matches("two-sided").count(), 3, "{text}");
    // Aligned: every value starts in the same column.
    let starts: Vec<_> = text.lines().map(|line| line.chars().collect::<String>().rfind("  ").unwrap()).collect();
    assert!(starts.len() == 10, "{text}");
    assert!(stdout(&["wavelet", "haar"]).contains("infinite"));
    assert!(stdout(&["wavelet", "gaussian"]).contains("none: its mean is 1.77"));
}

#[test]
fn flags_and_names_that_do_not_fit_are_refused() {
    assert_refused(&["wavelet", "mexh"], &["unknown wavelet `mexh`", "haar ricker morlet", "haar-like-prime"]);
    assert_refused(&["wavelet", "haar", "--order", "2"], &["--order does not apply to haar"]);
    assert_refused(&["wavelet", "dog", "--omega0", "5"], &["--omega0 does not apply to dog", "order"]);
    assert_refused(&["wavelet", "paul", "--gamma", "3"], &["--gamma does not apply to paul"]);
    assert_refused(&["wavelet", "morlet", "--cycles", "1"], &["--cycles does not apply to morlet"]);
    assert_refused(&["wavelet", "morlet", "--omega0", "-1"], &["omega0 is -1"]);
    assert_refused(&["wavelet", "morlet", "--omega0", "nan"], &["omega0 is NaN"]);
    assert_refused(&["wavelet", "dog", "--order", "1.5"], &["order is 1.5", "whole number"]);
    assert_refused(&["wavelet", "haar-like", "--cycles", "0"], &["cycles"]);
}

// --- cwt ----------------------------------------------------------------------------------------------

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn str(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.str(name)
    }

    /// An array as npyz, which is not the program's own code, writes it.
    fn array<T: npyz::AutoSerialize + Copy>(
        &self,
        name: &str,
        shape: &[u64],
        values: &[T],
        order: npyz::Order,
    ) -> String {
        let mut bytes = Vec::new();
        let mut writer =
            npyz::WriteOptions::new().default_dtype().shape(shape).order(order).writer(&mut bytes).begin_nd().unwrap();
        writer.extend(values.iter().copied()).unwrap();
        writer.finish().unwrap();
        self.write(name, &bytes)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn read<T: npyz::Deserialize>(path: &Path) -> (Vec<u64>, Vec<T>) {
    let bytes = fs::read(path).unwrap();
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    (file.shape().to_vec(), file.into_vec().unwrap())
}

fn samples<T: Real>(count: usize) -> Vec<T> {
    (0..count).map(|t| T::of(((t * t + 5 * t) % 23) as f64 / 11.0 - 1.0)).collect()
}

#[test]
fn every_leading_axis_and_type_comes_out_as_the_library_computes_it() {
    let folder = Folder::new();
    let (n, out) = (20, folder.str("out.npy"));
    let signals: Vec<f32> = samples(2 * 3 * n);
    let input = folder.array("in.npy", &[2, 3, n as u64], &signals, npyz::Order::C);

    let object = json_of(&[
        "cwt",
        &input,
        "--wavelet",
        "morlet",
        "--omega0",
        "5",
        "--octaves",
        "0..3",
        "--voices",
        "2",
        "--out",
        &out,
    ]);
    let (shape, values) = read::<Complex<f32>>(&folder.path("out.npy"));
    let scales = octaves(0..=3, 2.try_into().unwrap());
    let cwt = Cwt::<f32>::new(&Morlet::corrected(5.0).unwrap(), n, &scales, Norm::L2, Boundary::Zero).unwrap();
    assert_eq!(shape, [2, 3, 7, 20]);
    assert_eq!(values, cwt.transform(&signals).unwrap());
    assert_eq!(object["schema"], json!("ropelet.cwt/1"));
    assert_eq!(object["scales"].as_array().unwrap().len(), 7);
    assert_eq!(object["output_shape"], json!([2, 3, 7, 20]));
    assert_eq!((&object["input_dtype"], &object["output_dtype"]), (&json!("float32"), &json!("complex64")));
    assert_eq!(object["rows"], serde_json::to_value(cwt.rows()).unwrap());
    let frequency = object["frequencies"][6].as_f64().unwrap();
    assert_eq!(frequency, Morlet::corrected(5.0).unwrap().centre_frequency() / 8.0);

    let signal: Vec<f64> = samples(n);
    let input = folder.array("one.npy", &[n as u64], &signal, npyz::Order::Fortran);
    let words = [
        "cwt",
        &input,
        "--wavelet",
        "dog",
        "--order",
        "3",
        "--scales",
        "1.5,4",
        "--out",
        &out,
        "--norm",
        "l1",
        "--boundary",
        "reflect",
    ];
    stdout(&words);
    let (shape, values) = read::<f64>(&folder.path("out.npy"));
    let dog = DerivativeOfGaussian::new(3).unwrap();
    let cwt = Cwt::<f64>::new(&dog, n, &[1.5, 4.0], Norm::L1, Boundary::Reflect).unwrap();
    assert_eq!((shape, values), (vec![2, 20], cwt.transform_real(&signal).unwrap()));

    stdout(&[
        "cwt",
        &input,
        "--wavelet",
        "paul",
        "--scales",
        "3",
        "--out",
        &out,
        "--boundary",
        "periodic",
        "--threads",
        "1",
    ]);
    let (shape, values) = read::<Complex64>(&folder.path("out.npy"));
    let cwt = Cwt::<f64>::new(&Paul::new(4).unwrap(), n, &[3.0], Norm::L2, Boundary::Periodic).unwrap();
    assert_eq!((shape, values), (vec![1, 20], cwt.transform(&signal).unwrap()));
    assert_eq!(folder.names(), ["in.npy", "one.npy", "out.npy"]);
}

#[test]
fn many_signals_are_written_in_batches_and_in_order() {
    let folder = Folder::new();
    let (signals, n, out) = (300, 512, folder.str("out.npy"));
    let values: Vec<f64> = samples(signals * n);
    let input = folder.array("in.npy", &[signals as u64, n as u64], &values, npyz::Order::C);
    // 300 tables of 101 scales × 512 samples × 8 bytes are two batches.
    let words = ["cwt", &input, "--wavelet", "ricker", "--octaves", "0..2", "--voices", "50", "--out", &out];
    stdout(&words);
    let (shape, coefficients) = read::<f64>(&folder.path("out.npy"));
    assert_eq!(shape, [300, 101, 512]);
    let scales = octaves(0..=2, 50.try_into().unwrap());
    let cwt = Cwt::<f64>::new(&ropelet::wavelet::Ricker, n, &scales, Norm::L2, Boundary::Zero).unwrap();
    for signal in [0, 161, 162, 163, 299] {
        let table = cwt.transform_real(&values[signal * n..(signal + 1) * n]).unwrap();
        assert_eq!(coefficients[signal * table.len()..(signal + 1) * table.len()], table, "signal {signal}");
    }
}

/// A header that numpy could have written, followed by these bytes.
fn npy(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(dictionary.len()).unwrap().to_le_bytes());
    bytes.extend(dictionary.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn hostile_arrays_get_one_clear_error_and_leave_nothing_behind() {
    let folder = Folder::new();
    let header = |descr: &str, fortran: &str, shape: &str| {
        format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
    };
    let float = |shape: &str| header("'<f8'", "False", shape);
    let nested = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {}", "(".repeat(9000));
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (b"".to_vec(), &["not a .npy file"]),
        (b"PK\x03\x04 a zip archive".to_vec(), &["not a .npy file", "begins with PK"]),
        (b"\x93NUMPY\x09\x00aaaaaaaa".to_vec(), &["format version 9.0"]),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec(), &["header of 4294967295 bytes"]),
        (b"\x93NUMPY\x01\x00\x80\x00{'descr'".to_vec(), &["ends inside its header"]),
        (npy("{}", &[]), &["no `descr`"]),
        (npy(&nested, &[]), &["shape"]),
        (npy(&header("'<i4'", "False", "(2,)"), &[0; 8]), &["dtype is <i4", "expected '<f4', '<f8', '<c8' or '<c16'"]),
        (npy(&header("'>i8'", "False", "(1,)"), &[0; 8]), &["dtype is >i8"]),
        (npy(&header("'<c32'", "False", "(1,)"), &[0; 32]), &["dtype is <c32"]),
        (npy(&header("''", "False", "(1,)"), &[0; 8]), &["dtype is , expected"]),
        (npy(&header("'>c16'", "False", "(2,)"), &[0; 16]), &["takes 32 bytes, found 16"]),
        (npy(&header("'|O'", "False", "(1,)"), &[0; 8]), &["dtype is |O"]),
        (npy(&header("[('x', '<f8')]", "False", "(1,)"), &[0; 8]), &["dtype is [('x', '<f8')]"]),
        (npy(&float("()"), &[0; 8]), &["no axes"]),
        (npy(&float("(0,)"), &[]), &["shape [0] is empty"]),
        (npy(&float("(3, 0)"), &[]), &["is empty"]),
        (npy(&float("(4,)"), &[0; 24]), &["takes 32 bytes, found 24"]),
        (npy(&float("(2,)"), &[0; 24]), &["takes 16 bytes, found 24"]),
        (npy(&float("(4000000000000,)"), &[0; 8]), &["takes 32000000000000 bytes, found 8"]),
        (npy(&float("(9223372036854775807, 4)"), &[0; 8]), &["more than 2^64"]),
        (npy(&float("(99999999999999999999,)"), &[0; 8]), &["`shape` has the length"]),
        (npy(&header("'<c8'", "False", "(1,)"), &[0, 0, 0, 0, 0, 0, 0x80, 0x7f]), &["sample 0 is inf"]),
        (npy(&header("'>c8'", "False", "(1,)"), &[0x7f, 0xc0, 0, 0, 0, 0, 0, 0]), &["sample 0 is NaN"]),
        (npy(&header("'<c8'", "True", "(3, 5)"), &[0; 119]), &["takes 120 bytes, found 119"]),
        (npy(&float("(2,)"), &[1.0f64.to_le_bytes(), f64::NAN.to_le_bytes()].concat()), &["sample 1 is NaN"]),
        (npy(&float("(1, 1)"), &f64::NEG_INFINITY.to_le_bytes()), &["sample 0 is -inf"]),
    ];
    for (i, (bytes, expected)) in cases.iter().enumerate() {
        let name = format!("case{i}.npy");
        let (input, out) = (folder.write(&name, bytes), folder.str("out.npy"));
        assert_refused(
            &["cwt", &input, "--wavelet", "haar", "--scales", "2", "--out", &out],
            &[&[name.as_str()], *expected].concat(),
        );
        fs::remove_file(&input).unwrap();
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
}

/// The same array in every byte order and order of axes, and complex, is read as what it is.
#[test]
fn big_endian_fortran_order_and_complex_arrays_are_read_right() {
    let folder = Folder::new();
    let (rows, n) = (3, 16);
    let values: Vec<f64> = samples(rows * n);
    let transposed = |t: usize| values[t % rows * n + t / rows];
    let out = folder.str("out.npy");
    let header = |descr: &str, order: &str| {
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({rows}, {n}), }}\n")
    };
    let run = |bytes: &[u8]| {
        let input = folder.write("in.npy", bytes);
        stdout(&["cwt", &input, "--wavelet", "ricker", "--scales", "2,5", "--out", &out, "--boundary", "constant"]);
    };
    let cwt = Cwt::<f64>::new(&ropelet::wavelet::Ricker, n, &[2.0, 5.0], Norm::L2, Boundary::Constant).unwrap();
    let expected = cwt.transform_real(&values).unwrap();
    let bytes = |of: fn(f64) -> [u8; 8], fortran: bool| -> Vec<u8> {
        (0..rows * n).flat_map(|t| of(if fortran { transposed(t) } else { values[t] })).collect()
    };
    for (descr, of) in [("<f8", f64::to_le_bytes as fn(f64) -> [u8; 8]), (">f8", f64::to_be_bytes)] {
        for (order, fortran) in [("False", false), ("True", true)] {
            run(&npy(&header(descr, order), &bytes(of, fortran)));
            assert_eq!(read::<f64>(&folder.path("out.npy")), (vec![3, 2, 16], expected.clone()), "{descr} {order}");
        }
    }
    let pairs: Vec<Complex64> = values.iter().map(|x| Complex64::new(*x, 1.0 - x)).collect();
    let expected = cwt.transform_complex(&pairs).unwrap();
    let big: Vec<u8> = pairs.iter().flat_map(|z| [z.re.to_be_bytes(), z.im.to_be_bytes()]).flatten().collect();
    run(&npy(&header(">c16", "False"), &big));
    assert_eq!(read::<Complex64>(&folder.path("out.npy")), (vec![3, 2, 16], expected));
    let single: Vec<u8> =
        pairs.iter().flat_map(|z| [(z.re as f32).to_le_bytes(), (z.im as f32).to_le_bytes()]).flatten().collect();
    run(&npy(&header("<c8", "False"), &single));
    let narrow: Vec<Complex<f32>> = pairs.iter().map(|z| Complex::new(z.re as f32, z.im as f32)).collect();
    let cwt = Cwt::<f32>::new(&ropelet::wavelet::Ricker, n, &[2.0, 5.0], Norm::L2, Boundary::Constant).unwrap();
    let expected = (vec![3, 2, 16], cwt.transform_complex(&narrow).unwrap());
    assert_eq!(read::<Complex<f32>>(&folder.path("out.npy")), expected);
    // The same from double precision, as asked for; in columns too.
    let columns: Vec<Complex64> = (0..rows * n).map(|t| pairs[t % rows * n + t / rows]).collect();
    let input = folder.array("columns.npy", &[3, 16], &columns, npyz::Order::Fortran);
    let words = ["--wavelet", "ricker", "--scales", "2,5", "--boundary", "constant", "--dtype", "f32", "--out", &out];
    stdout(&[&["cwt", &input][..], &words].concat());
    assert_eq!(read::<Complex<f32>>(&folder.path("out.npy")), expected);
    // Not everything is made of them.
    let refused = ["cwt", &input, "--wavelet", "ricker", "--scales", "2,5", "--out", &out, "--result"];
    for result in ["decimated", "energy", "ridges", "synchrosqueezed"] {
        assert_refused(&[&refused[..], &[result]].concat(), &["columns.npy", "complex", "this result"]);
    }
    assert_refused(&[&refused[..], &["power", "--significance", "white"]].concat(), &["complex", "--significance"]);
}

/// Results of complex signals are those of their coefficients; and a real wavelet gives complex signals back.
#[test]
fn power_spectra_cross_spectra_and_inverses_of_complex_signals_are_made_of_their_coefficients() {
    let folder = Folder::new();
    let n = 96;
    let of = |turn: f64| -> Vec<Complex64> {
        (0..n).map(|t| Complex64::cis(turn * f64::from(t)) + 0.5 * Complex64::cis(-0.4 * f64::from(t))).collect()
    };
    let (x, y) = (of(0.9), of(0.7));
    let input = folder.array("x.npy", &[n as u64], &x, npyz::Order::C);
    let other = folder.array("y.npy", &[n as u64], &y, npyz::Order::C);
    let real = folder.array("real.npy", &[n as u64], &x.iter().map(|z| z.re).collect::<Vec<_>>(), npyz::Order::C);
    let (out, path) = (folder.str("out.npy"), folder.path("out.npy"));
    let run = |words: &[&str]| {
        let common = ["--wavelet", "morlet", "--octaves", "1..4", "--voices", "4", "--out", &out];
        stdout(&[&["cwt"], words, &common].concat());
    };
    let (morlet, scales) = (Morlet::corrected(6.0).unwrap(), octaves(1..=4, 4.try_into().unwrap()));
    let cwt = Cwt::<f64>::new(&morlet, n as usize, &scales, Norm::L2, Boundary::Zero).unwrap();
    let w = cwt.transform_complex(&x).unwrap();
    let scalogram = Scalogram::new(&morlet, &scales, &w);
    run(&[&input, "--result", "power"]);
    assert_eq!(read::<f64>(&path), (vec![13, 96], w.iter().map(|w| w.norm_sqr()).collect()));
    run(&[&input, "--result", "spectrum"]);
    assert_eq!(read::<f64>(&path).1, scalogram.time_mean(false).into_iter().flatten().collect::<Vec<_>>());
    run(&[&input, "--result", "scale-average"]);
    assert_eq!(read::<f64>(&path).1, scalogram.scale_average(&morlet, Norm::L2).unwrap());
    let coherence = Coherence::<f64>::new(&morlet, n as usize, &scales, Boundary::Zero).unwrap();
    run(&[&input, "--with", &other, "--result", "cross"]);
    assert_eq!(read::<Complex64>(&path).1, coherence.cross_complex(&x, &y).unwrap());
    run(&[&input, "--with", &other, "--result", "coherence"]);
    assert_eq!(read::<f64>(&path).1, coherence.of_complex(&x, &y).unwrap().coherence);
    // A real array beside a complex one counts as complex.
    run(&[&real, "--with", &other, "--result", "phase"]);
    let re: Vec<Complex64> = x.iter().map(|z| z.re.into()).collect();
    assert_eq!(read::<f64>(&path).1, coherence.of_complex(&re, &y).unwrap().phase);

    let (w, back) = (folder.str("w.npy"), folder.path("back.npy"));
    let ricker = ["--wavelet", "ricker", "--octaves", "-1..7", "--boundary", "periodic", "--out"];
    stdout(&[&["cwt", &input], &ricker[..], &[&w]].concat());
    stdout(&[&["cwt", &w], &ricker[..], &[&folder.str("back.npy"), "--inverse", "--exact"]].concat());
    let (shape, found) = read::<Complex64>(&back);
    assert!(shape == [96] && found.iter().zip(&x).all(|(found, x)| (found - x).norm() < 1e-9), "{found:?}");
}

/// One sample, and scales far beyond the signal, under every boundary: what the library computes, and it is finite.
#[test]
fn one_sample_and_scales_beyond_the_signal_have_coefficients() {
    let folder = Folder::new();
    let out = folder.str("out.npy");
    let boundaries = [
        ("zero", Boundary::Zero),
        ("periodic", Boundary::Periodic),
        ("reflect", Boundary::Reflect),
        ("constant", Boundary::Constant),
    ];
    for n in [1, 2, 5] {
        let signal: Vec<f64> = samples(n);
        let input = folder.array("in.npy", &[n as u64], &signal, npyz::Order::C);
        for (name, boundary) in boundaries {
            stdout(&[
                "cwt",
                &input,
                "--wavelet",
                "morlet",
                "--scales",
                "0.5,3,5000",
                "--boundary",
                name,
                "--out",
                &out,
            ]);
            let morlet = Morlet::corrected(6.0).unwrap();
            let cwt = Cwt::<f64>::new(&morlet, n, &[0.5, 3.0, 5000.0], Norm::L2, boundary).unwrap();
            let found = read::<Complex64>(&folder.path("out.npy"));
            assert_eq!(found, (vec![3, n as u64], cwt.transform(&signal).unwrap()), "{n} {name}");
            assert!(found.1.iter().all(|w| w.re.is_finite() && w.im.is_finite()));
        }
    }
    let coherent =
        ["cwt", &folder.str("in.npy"), "--with", &folder.str("in.npy"), "--result", "coherence"].map(str::to_owned);
    let words: Vec<&str> = coherent.iter().map(String::as_str).collect();
    stdout(&[&words[..], &["--wavelet", "morlet", "--scales", "2,900", "--out", &out]].concat());
    assert!(read::<f64>(&folder.path("out.npy")).1.iter().all(|r| (0.0..=1.0).contains(r)));
}

/// What goes wrong with coefficients, and with the second array, is said as of the first.
#[test]
fn hostile_coefficients_and_second_arrays_get_one_clear_error() {
    let folder = Folder::new();
    let good = folder.array("good.npy", &[2, 3], &samples::<f64>(6), npyz::Order::C);
    let header = |shape: &str| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
    let out = folder.str("out.npy");
    let infinite: Vec<u8> = (0..6).flat_map(|t| if t == 4 { f64::INFINITY } else { 1.0 }.to_le_bytes()).collect();
    let cases: [(Vec<u8>, &[&str]); 6] = [
        (b"".to_vec(), &["not a .npy file"]),
        (npy(&header("(2, 3)"), &[0; 47]), &["takes 48 bytes, found 47"]),
        (npy(&header("(2, 0)"), &[]), &["[2, 0]"]),
        (npy(&header("(2, 3)"), &infinite), &["sample 4 is inf"]),
        (npy(&header("(3, 2)"), &[0; 48]), &["3"]),
        (npy(&header("(2, 3)").replace("<f8", "|O"), &[0; 48]), &["dtype is |O"]),
    ];
    for (bytes, expected) in &cases {
        let bad = folder.write("bad.npy", bytes);
        let expected = [&["bad.npy"], *expected].concat();
        let scales = ["--wavelet", "ricker", "--scales", "2,4", "--out", &out];
        assert_refused(&[&["cwt", &bad, "--inverse"], &scales[..]].concat(), &expected);
        assert_refused(&[&["cwt", &good, "--with", &bad, "--result", "cross"], &scales[..]].concat(), &expected);
        assert_eq!(folder.names(), ["bad.npy", "good.npy"]);
    }
}

/// The filters of an inverse take more than its coefficients: whether there is room is asked before they are made.
#[cfg(target_os = "linux")]
#[test]
fn an_inverse_larger_than_memory_is_refused_at_once() {
    let folder = Folder::new();
    let (scales, n) = (256usize, 1usize << 17);
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({scales}, {n}), }}\n");
    let input = folder.write("w.npy", &npy(&header, &[]));
    // Zeros that take no room on the disk.
    let length = fs::metadata(&input).unwrap().len() + 4 * (scales * n) as u64;
    fs::OpenOptions::new().append(true).open(&input).unwrap().set_len(length).unwrap();
    let out = folder.str("out.npy");
    let program = ["-c", "ulimit -v 1500000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ropelet"), "cwt", &input];
    let words = ["--wavelet", "ricker", "--octaves", "0..15", "--voices", "17", "--inverse", "--out", &out];
    let output = Command::new("sh").args(program).args(words).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("256 scales of 131072 samples take 1610612736 bytes"), "{error}");
    assert_eq!(folder.names(), ["w.npy"]);
}

/// Where sampling aliases, one line says so, and from where on it does not; elsewhere nothing is said.
#[test]
fn aliasing_is_warned_about_once() {
    let folder = Folder::new();
    let (input, out) = (folder.array("in.npy", &[32], &samples::<f64>(32), npyz::Order::C), folder.str("out.npy"));
    let run = |words: &str, scales: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let output = ropelet(&[&["cwt", &input, "--scales", scales, "--wavelet"], &words[..]].concat());
        assert!(output.status.success());
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        (String::from_utf8(output.stderr).unwrap(), object["aliasing"].clone())
    };
    let written = format!("morlet --json --out {out}");
    for words in [&written, "morlet --plan", "morlet --plan --result decimated"] {
        let (warning, object) = run(words, "1,2,3.5,20");
        assert_eq!(warning.lines().count(), 1, "{warning}");
        assert!(warning.starts_with("warning: sampling aliases at 2 of 4 scales"), "{warning}");
        assert!(warning.ends_with("clean from scale 3.0930 on\n"), "{warning}");
        let relative = object["relative"].as_array().unwrap();
        assert!(
            relative.len() == 4 && relative[0].as_f64() > Some(0.9) && relative[2].as_f64() < Some(1e-3),
            "{object}"
        );
        assert_eq!(object["tolerance"], json!(1e-3));
        assert!((object["clean_from"].as_f64().unwrap() - 3.093).abs() < 1e-3, "{object}");
    }
    let (silence, object) = run("ricker --plan", "4,8");
    assert_eq!(silence, "");
    assert!(object["clean_from"].as_f64() < Some(2.0), "{object}");
}

/// However many scales of however many samples: what has no room is refused before anything is planned or written.
#[cfg(target_os = "linux")]
#[test]
fn results_larger_than_memory_are_refused_at_once() {
    let folder = Folder::new();
    let input = folder.array("in.npy", &[1 << 20], &vec![0.5f32; 1 << 20], npyz::Order::C);
    let out = folder.str("out.npy");
    // 16 GB of address space, whatever the machine has.
    let limited = |words: &[&str]| {
        let program = ["-c", "ulimit -v 16000000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ropelet"), "cwt", &input];
        Command::new("sh").args(program).args(["--wavelet", "morlet", "--out", &out]).args(words).output().unwrap()
    };
    let cases = [
        ("--octaves -40..40 --voices 1024", "81921 scales of 1048576 samples take 687203155968 bytes"),
        ("--octaves 0..10 --voices 1024 --result energy", "10241 scales of 1048576 samples take 85907734528 bytes"),
        ("--octaves 0..10 --voices 1024 --result decimated", "take 85907734528 bytes"),
        ("--octaves 0..10 --voices 1024 --result ridges --plan", "take 515446407168 bytes"),
    ];
    for (words, expected) in cases {
        let output = limited(&words.split(' ').collect::<Vec<_>>());
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words}: {error}");
        assert!(error.starts_with("error: ") && error.lines().count() == 1 && error.contains(expected), "{error}");
        assert_eq!(folder.names(), ["in.npy"]);
    }
}

#[test]
fn a_wavelet_can_be_given_as_samples() {
    let folder = Folder::new();
    let ricker: Vec<f64> = (-76..=76).map(|k| ropelet::wavelet::Ricker.psi(f64::from(k) / 8.0).re).collect();
    let file = folder.array("psi.npy", &[153], &ricker, npyz::Order::C);
    let object = json_of(&["wavelet", &file, "--step", "0.125"]);
    assert_eq!((&object["name"], &object["parameters"]["step"]), (&json!("samples"), &json!(0.125)));
    assert!((object["energy"].as_f64().unwrap() - ropelet::wavelet::Ricker.energy()).abs() < 1e-14);
    let (n, out) = (40, folder.str("out.npy"));
    let signal: Vec<f64> = samples(n);
    let input = folder.array("in.npy", &[n as u64], &signal, npyz::Order::C);
    stdout(&["cwt", &input, "--wavelet", &file, "--step", "0.125", "--scales", "3", "--out", &out]);
    let cwt = Cwt::<f64>::new(&ropelet::wavelet::Ricker, n, &[3.0], Norm::L2, Boundary::Zero).unwrap();
    let expected = cwt.transform_real(&signal).unwrap();
    let found = read::<f64>(&folder.path("out.npy")).1;
    assert!(found.iter().zip(&expected).all(|(w, e)| (w - e).abs() < 1e-13));
    fs::remove_file(folder.path("out.npy")).unwrap();
    let refused = |words: &[&str], expected: &[&str]| {
        assert_refused(&[&["cwt", &input, "--scales", "3", "--out", &out, "--wavelet"], words].concat(), expected);
        assert!(!folder.path("out.npy").exists());
    };
    refused(&[&file], &["psi.npy", "--step"]);
    refused(&[&file, "--step", "0"], &["psi.npy", "step is 0"]);
    refused(&[&file, "--step", "1", "--order", "2"], &["no parameters but --step"]);
    refused(&["ricker", "--step", "1"], &["--step does not apply to ricker"]);
    refused(&[&folder.str("missing.npy"), "--step", "1"], &["missing.npy"]);
    refused(&[&folder.write("text.npy", b"psi"), "--step", "1"], &["text.npy", "not a .npy file"]);
    let table = folder.array("table.npy", &[2, 2], &[1.0, 2.0, 3.0, 4.0], npyz::Order::C);
    refused(&[&table, "--step", "1"], &["shape [2, 2]", "one axis"]);
    let zeros = folder.array("zeros.npy", &[2], &[0.0, 0.0], npyz::Order::C);
    refused(&[&zeros, "--step", "1"], &["zeros.npy", "at least 1"]);
    let broken = folder.array("broken.npy", &[2], &[1.0, f64::NAN], npyz::Order::C);
    refused(&[&broken, "--step", "1"], &["broken.npy", "NaN"]);
}

#[test]
fn bad_requests_leave_the_output_as_it_was() {
    let folder = Folder::new();
    let input = folder.array("in.npy", &[8], &samples::<f64>(8), npyz::Order::C);
    let out = folder.write("out.npy", b"untouched");
    let refused = |flags: &[&str], expected: &[&str]| {
        assert_refused(&[&["cwt", &input, "--out", &out], flags].concat(), expected);
        assert_eq!(fs::read(folder.path("out.npy")).unwrap(), b"untouched");
        assert_eq!(folder.names(), ["in.npy", "out.npy"]);
    };
    refused(&["--wavelet", "haar", "--scales", "0"], &["scale 0"]);
    refused(&["--wavelet", "haar", "--scales", "1,-3"], &["scale -3"]);
    refused(&["--wavelet", "haar", "--scales", "1,nan"], &["scale NaN"]);
    refused(&["--wavelet", "haar", "--scales", "1,x"], &["--scales", "x"]);
    refused(&["--wavelet", "haar"], &["--scales"]);
    refused(&["--wavelet", "haar", "--octaves", "5..2"], &["A..B"]);
    refused(&["--wavelet", "haar", "--octaves", "0..9999999"], &["A..B"]);
    refused(&["--wavelet", "haar", "--octaves", "0..3", "--voices", "0"], &["--voices"]);
    refused(&["--wavelet", "haar", "--scales", "1", "--voices", "3"], &["--voices", "--scales"]);
    refused(&["--wavelet", "haar", "--scales", "1", "--octaves", "1..2"], &["--scales"]);
    refused(&["--wavelet", "haar", "--scales", "1", "--norm", "l3"], &["l3", "l2"]);
    refused(&["--wavelet", "haar", "--scales", "1", "--omega0", "3"], &["--omega0 does not apply to haar"]);
    refused(&["--wavelet", "nope", "--scales", "1"], &["unknown wavelet `nope`"]);
    refused(&["--wavelet", "paul", "--scales", "1e-9", "--boundary", "periodic"], &["scale", "paul", "zero"]);
    let missing = folder.str("missing.npy");
    assert_refused(&["cwt", &missing, "--wavelet", "haar", "--scales", "1", "--out", &out], &["missing.npy"]);
    let nowhere = folder.str("no/such/folder/out.npy");
    assert_refused(&["cwt", &input, "--wavelet", "haar", "--scales", "1", "--out", &nowhere], &["out.npy"]);
    let itself = folder.0.path().to_str().unwrap();
    assert_refused(&["cwt", itself, "--wavelet", "haar", "--scales", "1", "--out", &out], &["is not a file"]);
    // Negative octaves are scales below one sample.
    stdout(&["cwt", &input, "--wavelet", "haar", "--octaves", "-2..1", "--voices", "1", "--out", &out]);
    assert_eq!(read::<f64>(&folder.path("out.npy")).0, [4, 8]);
}
