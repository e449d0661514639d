//! The discrete, stationary and packet transforms against PyWavelets (`tests/data/discrete/transforms.py`), and
//! perfect reconstruction against derived bounds, with controls that must fail.

use ropelet::numeric::{Bound, Real, compare, gamma};
use ropelet::signal::{Boundary, Dwt, Extension, PacketOrder, PacketTree, Sample, SignalError, Swt};
use ropelet::wavelet::{DiscreteFamily, DiscreteWavelet, Side};
use serde_json::Value;

const U: f64 = f64::UNIT_ROUNDOFF;

fn references() -> Value {
    serde_json::from_str(include_str!("data/discrete/transforms.json")).unwrap()
}

fn signal<T: Sample>(length: usize) -> Vec<T> {
    (0..length).map(|t| T::of(((t * t + 3 * t) % 11) as f64 - 4.5)).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What a level can grow a row by, and how far PyWavelets' taps are from ours: 1.6e-11 for symlets, 1e-15 otherwise.
fn level_bound(name: &str, wavelet: &DiscreteWavelet, levels: usize, peak: f64) -> Bound {
    let sum = |taps: &[f64]| taps.iter().map(|tap| tap.abs()).sum::<f64>();
    let growth = sum(wavelet.low_pass(Side::Decomposition)).max(sum(&wavelet.high_pass(Side::Decomposition)));
    let taps = wavelet.filter_length();
    let table = if name.starts_with("sym") { 1.6e-11 } else { 1e-15 };
    let relative = levels as f64 * (gamma(2 * taps + 4, U) + table * taps as f64);
    Bound::rounding(2.0 * relative * peak * growth.powi(levels as i32))
}

#[track_caller]
fn assert_rows(ours: &[Vec<f64>], theirs: &[Vec<f64>], bound: Bound, what: &str) {
    assert_eq!(
        ours.iter().map(Vec::len).collect::<Vec<_>>(),
        theirs.iter().map(Vec::len).collect::<Vec<_>>(),
        "{what}"
    );
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(compare(ours, theirs, bound).holds(), "{what}: {ours:?} {theirs:?} {bound:?}");
    }
}

#[test]
fn every_mode_has_the_coefficients_of_pywavelets() {
    let mut modes = Vec::new();
    for entry in references()["extended"].as_array().unwrap() {
        let (mode, name) = (text(&entry["mode"]), text(&entry["wavelet"]));
        let (length, levels) = (entry["length"].as_u64().unwrap() as usize, entry["levels"].as_u64().unwrap() as usize);
        let wavelet = DiscreteWavelet::named(name).unwrap();
        let extension: Extension = mode.parse().unwrap();
        let dwt = Dwt::<f64>::new(&wavelet, extension);
        let x = signal::<f64>(length);
        let ours = dwt.analyse(&x, levels).unwrap();
        // Antisymmetric and smooth extensions go beyond the signal's own size.
        let bound = level_bound(name, &wavelet, levels, 60.0);
        let what = format!("{mode} {name} {length}");
        assert_rows(&ours, &rows(&entry["coefficients"]), bound, &what);
        let back = dwt.synthesise(&ours, length).unwrap();
        let inverse = level_bound("", &wavelet, 2 * levels, 60.0);
        assert!(compare(&back, &x, inverse).holds(), "{what}: {back:?}");
        modes.push(extension);
    }
    modes.dedup();
    assert_eq!(modes.len(), 9);
    assert!("mirror".parse::<Extension>().unwrap_err().to_string().contains("antireflect"));
}

#[test]
fn modes_differ_where_they_should() {
    let db2 = DiscreteWavelet::named("db2").unwrap();
    let all: Vec<_> =
        Extension::ALL.iter().map(|mode| Dwt::<f64>::new(&db2, *mode).analyse(&signal(13), 1).unwrap()).collect();
    for (i, a) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|b| a != b), "{}", Extension::ALL[i]);
    }
    let (symmetric, reflect) = (Extension::from(Boundary::Reflect), Extension::from(Boundary::Constant));
    assert_eq!((symmetric, reflect), (Extension::Symmetric, Extension::Constant));
}

#[test]
fn stationary_coefficients_are_those_of_pywavelets() {
    for entry in references()["stationary"].as_array().unwrap() {
        let name = text(&entry["wavelet"]);
        let (length, levels) = (entry["length"].as_u64().unwrap() as usize, entry["levels"].as_u64().unwrap() as usize);
        let wavelet = DiscreteWavelet::named(name).unwrap();
        let normalised = entry["norm"].as_bool().unwrap();
        let swt = if normalised { Swt::normalised(&wavelet) } else { Swt::<f64>::new(&wavelet) };
        let x = signal::<f64>(length);
        let bound = level_bound(name, &wavelet, levels, 6.0);
        let ours = swt.analyse(&x, levels).unwrap();
        assert_rows(&ours, &rows(&entry["coefficients"]), bound, name);
        assert_rows(&swt.approximations(&x, levels).unwrap(), &rows(&entry["approximations"]), bound, name);
        // The control: the other normalisation.
        let other = if normalised { Swt::<f64>::new(&wavelet) } else { Swt::normalised(&wavelet) };
        assert!(!compare(&other.analyse(&x, levels).unwrap()[0], &ours[0], bound).holds(), "{name}");
    }
}

/// Relative error of a round trip in the 2-norm.
fn error<T: Sample>(x: &[T], back: &[T]) -> f64 {
    let square = |x: f64| x * x;
    let energy: f64 = x.iter().map(|x| square(x.wide())).sum();
    (x.iter().zip(back).map(|(x, y)| square(x.wide() - y.wide())).sum::<f64>() / energy).sqrt()
}

#[test]
fn a_stationary_transform_of_any_length_comes_back_within_its_bound() {
    fn check<T: Sample>(wavelet: &DiscreteWavelet, length: usize, levels: usize) -> f64 {
        let mut worst = 0.0f64;
        for swt in [Swt::<T>::new(wavelet), Swt::normalised(wavelet)] {
            let x = signal::<T>(length);
            let coefficients = swt.analyse(&x, levels).unwrap();
            let back = swt.synthesise(&coefficients).unwrap();
            let (error, bound) = (error(&x, &back), swt.round_trip(levels).total());
            assert!(error <= bound, "{} {length} {levels}: {error:e} {bound:e}", wavelet.family());
            worst = worst.max(error / bound);
            // The control: without the finest details it does not come back.
            let mut cut = coefficients;
            cut.last_mut().unwrap().fill(T::zero());
            assert!(crate::error(&x, &swt.synthesise(&cut).unwrap()) > 1e-3);
        }
        worst
    }
    let mut worst = 0.0f64;
    for family in DiscreteFamily::all() {
        let wavelet = DiscreteWavelet::new(family).unwrap();
        if wavelet.is_orthogonal() && family != DiscreteFamily::Meyer && wavelet.filter_length() <= 40 {
            for (length, levels) in [(2, 1), (17, 3), (96, 5), (3, 9)] {
                worst = worst.max(check::<f64>(&wavelet, length, levels)).max(check::<f32>(&wavelet, length, levels));
            }
        } else if !wavelet.is_orthogonal() {
            let swt = Swt::<f64>::new(&wavelet);
            let x = signal::<f64>(37);
            let back = swt.synthesise(&swt.analyse(&x, 3).unwrap()).unwrap();
            assert!(compare(&back, &x, level_bound("", &wavelet, 6, 6.0)).holds(), "{family}");
        }
    }
    assert!(worst > 1e-3, "{worst:e}");
}

#[test]
fn a_shifted_signal_has_shifted_stationary_coefficients_and_its_energy_is_shared_out() {
    let swt = Swt::<f64>::normalised(&DiscreteWavelet::named("sym4").unwrap());
    let x = signal::<f64>(37);
    let mut shifted = x.clone();
    shifted.rotate_right(5);
    let (rows, moved) = (swt.analyse(&x, 4).unwrap(), swt.analyse(&shifted, 4).unwrap());
    for (mut row, moved) in rows.iter().cloned().zip(&moved) {
        row.rotate_right(5);
        assert_eq!(&row, moved, "the same sums in the same order");
    }
    let energy = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
    let total: f64 = rows.iter().map(|row| energy(row)).sum();
    assert!((total / energy(&x) - 1.0).abs() <= 2.0 * swt.round_trip(4).total());
    assert_eq!(swt.analyse(&[], 1), Err(SignalError::Empty));
    assert_eq!(swt.synthesise(&[]), Err(SignalError::Empty));
    assert_eq!(swt.synthesise(&[vec![0.0; 4], vec![0.0; 3]]), Err(SignalError::Room { expected: 4, found: 3 }));
}

#[test]
fn packets_are_those_of_pywavelets_in_order_of_frequency() {
    for entry in references()["packets"].as_array().unwrap() {
        let (mode, name) = (text(&entry["mode"]), text(&entry["wavelet"]));
        let (length, levels) = (entry["length"].as_u64().unwrap() as usize, entry["levels"].as_u64().unwrap() as usize);
        let wavelet = DiscreteWavelet::named(name).unwrap();
        let dwt = Dwt::<f64>::new(&wavelet, mode.parse::<Extension>().unwrap());
        let x = signal::<f64>(length);
        let tree = PacketTree::new(dwt, &x, levels).unwrap();
        let theirs: Vec<&str> = entry["paths"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(tree.paths(levels, PacketOrder::Frequency), theirs);
        let ours: Vec<Vec<f64>> = theirs.iter().map(|path| tree.node(path).unwrap().to_vec()).collect();
        assert_rows(&ours, &rows(&entry["coefficients"]), level_bound(name, &wavelet, levels, 6.0), name);
        let inverse = level_bound("", &wavelet, 2 * levels, 6.0);
        let back = tree.synthesise(&theirs).unwrap();
        assert!(compare(&back, &x, inverse).holds(), "{name}: {back:?}");
        let best = tree.best_basis();
        let back = tree.synthesise(&best.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert!(compare(&back, &x, inverse).holds(), "{name}: {best:?}");
    }
}

#[test]
fn every_basis_of_packets_gives_the_signal_back_within_the_bound_of_its_levels() {
    let dwt = Dwt::<f64>::new(&DiscreteWavelet::named("db3").unwrap(), Boundary::Periodic);
    let x = signal::<f64>(64);
    let bound = dwt.round_trip(3).total();
    let tree = PacketTree::new(dwt, &x, 3).unwrap();
    let whole = tree.paths(3, PacketOrder::Natural);
    for basis in [
        vec![""],
        vec!["d", "a"],
        vec!["aa", "ad", "daa", "dad", "dd"],
        whole.iter().map(String::as_str).collect::<Vec<_>>(),
    ] {
        let back = tree.synthesise(&basis).unwrap();
        assert!(error(&x, &back) <= bound, "{basis:?}");
    }
    let reason = |basis: &[&str]| tree.synthesise(basis).unwrap_err().to_string();
    assert!(reason(&["a"]).contains("missing") && reason(&["a", "d", "d"]).contains("twice"));
    assert!(reason(&["a", "d", "dd"]).contains("overlaps") && reason(&["dd", "a", "d"]).contains("overlaps"));
    assert!(reason(&["x", "d"]).contains("other letters") && reason(&["aaaa"]).contains("deeper"));
}

/// A tone between two others in frequency lies in one packet of a fine level; an impulse is best left alone.
#[test]
fn the_best_basis_is_the_signal_for_an_impulse_and_fine_for_a_tone() {
    let dwt = Dwt::<f64>::new(&DiscreteWavelet::named("db10").unwrap(), Boundary::Periodic);
    let mut impulse = vec![0.0; 128];
    impulse[40] = 3.0;
    assert_eq!(PacketTree::new(dwt.clone(), &impulse, 4).unwrap().best_basis(), [""]);
    let tone: Vec<f64> = (0..128).map(|t| (2.0 * f64::from(t)).cos()).collect();
    let best = PacketTree::new(dwt, &tone, 4).unwrap().best_basis();
    assert!(best.iter().any(|path| path.len() == 4), "{best:?}");
    // Frequency 2 of π: rank 10 of 16, whose code is 15.
    assert!(best.iter().any(|path| path == "dddd"), "{best:?}");
}
