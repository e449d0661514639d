//! Rotary tables against Hugging Face transformers, 400-bit arithmetic and published counts.
//!
//! The reference values are those of tests/data/rope/make.py.

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use ropelet::numeric::{Agreement, Bound, Pairing, Real, compare, compare_with, gamma};
use ropelet::rope::{Frequencies, Rotation, Scaling, YarnRamp, longrope_attention_factor, yarn_attention_factor};
use ropelet::wavelet::{RotaryMatrix, Shift};
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    name: String,
    base: f64,
    rotary_dim: usize,
    max_position_embeddings: usize,
    parameters: serde_json::Value,
    sequence_length: usize,
    inv_freq_f32: Vec<f64>,
    inv_freq_f64: Vec<f64>,
    attention_factor: f64,
}

/// Decimal numbers as strings: `str::parse` rounds correctly, which `serde_json` by itself does not.
#[derive(Deserialize)]
struct Angle {
    position: String,
    frequency: String,
    cos: String,
    sin: String,
}

fn read<T: for<'a> Deserialize<'a>>(name: &str) -> Vec<T> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rope").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

fn scaling(table: &Table) -> Scaling {
    let number = |key: &str| table.parameters[key].as_f64();
    let list = |key: &str| -> Vec<f64> {
        table.parameters[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let original_length = || number("original_max_position_embeddings").unwrap() as usize;
    match table.parameters["rope_type"].as_str().unwrap() {
        "linear" => Scaling::Linear { factor: number("factor").unwrap() },
        "dynamic" => {
            let factor = number("factor").unwrap();
            Scaling::DynamicNtk { factor, original_length: table.max_position_embeddings }
        }
        "yarn" => Scaling::Yarn {
            factor: number("factor").unwrap(),
            original_length: original_length(),
            beta_fast: number("beta_fast").unwrap_or(32.0),
            beta_slow: number("beta_slow").unwrap_or(1.0),
            ramp: YarnRamp::Index { truncate: table.parameters["truncate"].as_bool().unwrap_or(true) },
            attention_factor: yarn_attention_factor(
                number("factor").unwrap(),
                number("mscale").zip(number("mscale_all_dim")),
            ),
        },
        "llama3" => Scaling::Llama3 {
            factor: number("factor").unwrap(),
            low_freq_factor: number("low_freq_factor").unwrap(),
            high_freq_factor: number("high_freq_factor").unwrap(),
            original_length: original_length(),
        },
        "longrope" => Scaling::LongRope {
            short_factor: list("short_factor"),
            long_factor: list("long_factor"),
            original_length: original_length(),
            attention_factor: longrope_attention_factor(
                table.max_position_embeddings as f64 / original_length() as f64,
                original_length(),
            ),
        },
        other => panic!("no scaling is called {other}"),
    }
}

/// Relative error of a table in a type of unit roundoff `u`: the power has a rounded exponent,
/// which costs `u ln(base) · 2i/d`, less than 14 u for these bases, and is itself good to 2 u; the
/// mixing of YaRN and Llama-3 divides by differences of the size of the numbers, 32 u at most.
fn relative_bound(u: f64) -> f64 {
    gamma(48, u)
}

#[test]
fn every_scaling_agrees_with_transformers() {
    let tables: Vec<Table> = read("huggingface.json");
    assert_eq!(tables.len(), 10);
    for table in &tables {
        let rope = Frequencies::new(table.base, table.rotary_dim, &scaling(table), table.sequence_length).unwrap();
        for (expected, u) in [
            (&table.inv_freq_f64, 2.0 * f64::UNIT_ROUNDOFF),
            (&table.inv_freq_f32, f32::UNIT_ROUNDOFF + 2.0 * f64::UNIT_ROUNDOFF),
        ] {
            let agreement =
                compare_with(rope.inv_freq(), expected, |i| Bound::rounding(relative_bound(u) * expected[i]));
            assert!(agreement.holds(), "{}: {agreement:?}", table.name);
        }
        let bound = Bound::rounding(8.0 * f64::UNIT_ROUNDOFF * table.attention_factor);
        let factor = Agreement::of(rope.attention_factor(), table.attention_factor, bound);
        assert!(factor.holds(), "{}: {factor:?}", table.name);
    }
}

#[test]
fn one_scaling_does_not_agree_with_another() {
    let tables: Vec<Table> = read("huggingface.json");
    let yarn = tables.iter().find(|table| table.name == "yarn").unwrap();
    let Scaling::Yarn { factor, original_length, beta_fast, beta_slow, attention_factor, .. } = scaling(yarn) else {
        unreachable!()
    };
    let paper =
        Scaling::Yarn { factor, original_length, beta_fast, beta_slow, ramp: YarnRamp::Turns, attention_factor };
    for wrong in [Scaling::None, Scaling::Linear { factor }, Scaling::Ntk { factor }, paper] {
        let rope = Frequencies::new(yarn.base, yarn.rotary_dim, &wrong, 1).unwrap();
        let bound = |i: usize| Bound::rounding(relative_bound(f32::UNIT_ROUNDOFF) * yarn.inv_freq_f64[i]);
        assert!(!compare_with(rope.inv_freq(), &yarn.inv_freq_f64, bound).holds(), "{wrong:?}");
    }
}

#[test]
fn ntk_keeps_the_first_pair_and_divides_the_last_by_its_factor() {
    for factor in [2.0, 8.0, 32.0] {
        let plain = Frequencies::new(1e4, 128, &Scaling::None, 1).unwrap();
        let ntk = Frequencies::new(1e4, 128, &Scaling::Ntk { factor }, 1).unwrap();
        assert_eq!(ntk.inv_freq()[0], 1.0);
        let last = plain.inv_freq()[63] / factor;
        let bound = Bound::rounding(relative_bound(2.0 * f64::UNIT_ROUNDOFF) * last);
        assert!(Agreement::of(ntk.inv_freq()[63], last, bound).holds());
    }
}

#[test]
fn dynamic_ntk_starts_beyond_the_trained_length() {
    let scaling = Scaling::DynamicNtk { factor: 4.0, original_length: 2048 };
    let at = |length| Frequencies::new(1e4, 64, &scaling, length).unwrap();
    let plain = Frequencies::new(1e4, 64, &Scaling::None, 1).unwrap();
    assert_eq!(at(1), plain);
    assert_eq!(at(2048), plain);
    assert_ne!(at(2049), plain);
}

#[test]
fn yarn_keeps_21_pairs_and_slows_18_by_the_whole_factor() {
    // d = 128, base 10^4, 4096 tokens: the ramp runs from pair 20 to pair 46.
    let yarn = |ramp, factor| {
        let scaling = Scaling::Yarn {
            factor,
            original_length: 4096,
            beta_fast: 32.0,
            beta_slow: 1.0,
            ramp,
            attention_factor: 1.0,
        };
        Frequencies::new(1e4, 128, &scaling, 1).unwrap()
    };
    let plain = Frequencies::new(1e4, 128, &Scaling::None, 1).unwrap();
    let code = yarn(YarnRamp::Index { truncate: true }, 32.0);
    let ratios: Vec<f64> = plain.inv_freq().iter().zip(code.inv_freq()).map(|(a, b)| a / b).collect();
    assert_eq!(ratios.iter().filter(|ratio| **ratio == 1.0).count(), 21);
    assert_eq!(ratios.iter().filter(|ratio| (**ratio - 32.0).abs() < 1e-12).count(), 18);
    // How far the paper's ramp is from the code's: the difference grows with the factor.
    for (factor, percent) in [(2.0, 23.0), (8.0, 57.0), (32.0, 75.0)] {
        let (code, paper) = (yarn(YarnRamp::Index { truncate: true }, factor), yarn(YarnRamp::Turns, factor));
        let worst =
            code.inv_freq().iter().zip(paper.inv_freq()).map(|(c, p)| (c - p).abs() / c.max(*p)).fold(0.0, f64::max);
        assert!((100.0 * worst - percent).abs() < 1.0, "factor {factor}: {worst}");
    }
}

#[test]
fn llama_3_keeps_29_pairs_smooths_6_and_divides_29() {
    let scaling = Scaling::Llama3 { factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, original_length: 8192 };
    let plain = Frequencies::new(5e5, 128, &Scaling::None, 1).unwrap();
    let llama = Frequencies::new(5e5, 128, &scaling, 1).unwrap();
    let ratios: Vec<f64> = plain.inv_freq().iter().zip(llama.inv_freq()).map(|(a, b)| a / b).collect();
    assert_eq!(ratios.iter().filter(|ratio| **ratio == 1.0).count(), 29);
    assert_eq!(ratios.iter().filter(|ratio| **ratio == 8.0).count(), 29);
    for (theta, scaled) in plain.inv_freq().iter().zip(llama.inv_freq()) {
        let wavelength = TAU / theta;
        assert_eq!(wavelength < 2048.0, scaled == theta);
    }
}

#[test]
fn bad_scalings_are_refused_by_name() {
    let yarn = |factor, beta_slow, attention_factor| Scaling::Yarn {
        factor,
        original_length: 4096,
        beta_fast: 32.0,
        beta_slow,
        ramp: YarnRamp::Turns,
        attention_factor,
    };
    let longrope = |short: usize, first: f64| Scaling::LongRope {
        short_factor: vec![1.0; short],
        long_factor: vec![first; 32],
        original_length: 4096,
        attention_factor: 1.0,
    };
    let llama =
        |low| Scaling::Llama3 { factor: 8.0, low_freq_factor: low, high_freq_factor: 4.0, original_length: 8192 };
    for (scaling, text) in [
        (Scaling::Linear { factor: 0.0 }, "linear scaling: factor must be finite and positive, found 0"),
        (Scaling::Ntk { factor: f64::NAN }, "ntk scaling: factor"),
        (Scaling::DynamicNtk { factor: 2.0, original_length: 0 }, "dynamic scaling: max_position_embeddings"),
        (yarn(-1.0, 1.0, 1.0), "yarn scaling: factor"),
        (yarn(2.0, 32.0, 1.0), "beta_slow must be below beta_fast"),
        (yarn(2.0, 1.0, f64::INFINITY), "attention_factor"),
        (llama(4.0), "low_freq_factor must be below high_freq_factor, found 4"),
        (longrope(31, 1.0), "short_factor must hold one number per pair, expected 32, found 31"),
        (longrope(32, 0.0), "long_factor must be finite and positive"),
    ] {
        let error = Frequencies::new(1e4, 64, &scaling, 1).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    for scaling in [Scaling::Ntk { factor: 2.0 }, Scaling::DynamicNtk { factor: 2.0, original_length: 1 }] {
        assert!(Frequencies::new(1e4, 2, &scaling, 1).unwrap_err().to_string().contains("at least 4"));
    }
}

/// Six roundings of `f64` at any angle, as `Rotation` says, and half a unit for the oracle's own.
#[test]
fn the_rotation_is_exact_to_the_last_bits_at_huge_angles() {
    let angles: Vec<Angle> = read("huge_angles.json");
    assert!(angles.iter().any(|angle| number(&angle.position).abs() > 1e29));
    let mut naive_fails = false;
    for angle in &angles {
        let [position, frequency, cos, sin] =
            [&angle.position, &angle.frequency, &angle.cos, &angle.sin].map(|text| number(text));
        let frequencies = Frequencies::of(vec![frequency], 1.0).unwrap();
        let block = Rotation::<f64>::new(&frequencies, position, Pairing::Interleaved).unwrap().block(0);
        let bound = Bound::rounding(7.0 * f64::UNIT_ROUNDOFF);
        for (observed, expected) in [(block[(0, 0)], cos), (block[(1, 0)], sin)] {
            let agreement = Agreement::of(observed, expected, bound);
            assert!(agreement.holds(), "m = {position}, theta = {frequency}: {agreement:?}");
        }
        // The control: the rounded product alone loses the angle.
        naive_fails |= !Agreement::of((position * frequency).cos(), cos, bound).holds();
    }
    assert!(naive_fails);
}

/// The universal form's own bound: `(8 π + 2) u_T` of sampling and `20 π u_64` of the shift.
fn universal_samples_are_exact_to_the_last_bits<T: Real>() -> f64 {
    use std::f64::consts::PI;
    let bound = Bound::rounding((8.0 * PI + 2.0) * T::UNIT_ROUNDOFF + 20.0 * PI * f64::UNIT_ROUNDOFF);
    let mut worst: f64 = 0.0;
    for angle in read::<Angle>("huge_angles.json") {
        let [position, frequency, cos, sin] =
            [&angle.position, &angle.frequency, &angle.cos, &angle.sin].map(|text| number(text));
        let matrix = RotaryMatrix::<T>::new(&[frequency], position, Pairing::Interleaved, Shift::Universal).unwrap();
        let observed: Vec<f64> = matrix.to_dense().iter().map(|entry| entry.wide()).collect();
        // Column by column.
        let agreement = compare(&observed, &[cos, sin, -sin, cos], bound);
        assert!(agreement.holds(), "{}, m = {position}, theta = {frequency}: {agreement:?}", T::NAME);
        worst = worst.max(agreement.ratio());
    }
    worst
}

#[test]
fn the_haar_type_matrix_is_exact_to_the_last_bits_at_huge_angles() {
    for worst in
        [universal_samples_are_exact_to_the_last_bits::<f32>(), universal_samples_are_exact_to_the_last_bits::<f64>()]
    {
        // A bound that nothing comes near would not be a bound on these errors.
        assert!(worst > 0.02, "the worst error is {worst} of its bound");
    }
}
