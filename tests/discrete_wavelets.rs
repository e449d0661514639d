//! The discrete wavelets against the tables and the `wavefun` of PyWavelets (`tests/data/discrete/make.py`),
//! against the equations that define them, and against closed forms. Every comparison has a control.

use std::f64::consts::SQRT_2;
use std::sync::LazyLock;

use proptest::prelude::*;
use ropelet::numeric::{Agreement, Bound, Real, compare_with, gamma};
use ropelet::wavelet::{DiscreteFamily, DiscreteWavelet, Side, WaveletError};
use serde_json::Value;

const U: f64 = f64::UNIT_ROUNDOFF;

static REFERENCES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("data/discrete/references.json")).unwrap());

/// Every wavelet, made once.
static WAVELETS: LazyLock<Vec<DiscreteWavelet>> =
    LazyLock::new(|| DiscreteFamily::all().into_iter().map(|family| DiscreteWavelet::new(family).unwrap()).collect());

fn wavelet(name: &str) -> &'static DiscreteWavelet {
    WAVELETS.iter().find(|wavelet| wavelet.family().to_string() == name).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn list(key: &str) -> &'static [Value] {
    REFERENCES[key].as_array().unwrap()
}

fn name(entry: &Value) -> &str {
    entry["name"].as_str().unwrap()
}

fn reversed(taps: &[f64]) -> Vec<f64> {
    taps.iter().rev().copied().collect()
}

/// `|Σ_k a_k b_{k+2n} - δ_n|`, the largest over `n`.
fn orthonormality_defect(a: &[f64], b: &[f64]) -> f64 {
    let product = |n: usize| a.iter().zip(&b[2 * n..]).map(|(a, b)| a * b).sum::<f64>();
    (0..a.len() / 2).map(|n| (product(n) - f64::from(n == 0)).abs()).fold(0.0, f64::max)
}

/// The error of such a sum: taps rounded once, products, and as many additions; `Σ|a b| ≤ |a| |b|`.
fn product_bound(a: &[f64], b: &[f64]) -> f64 {
    let norm = |taps: &[f64]| taps.iter().map(|tap| tap * tap).sum::<f64>().sqrt();
    gamma(a.len() + 4, U) * norm(a) * norm(b)
}

/// `Σ_k (-1)^k x_k^p taps_k` with `x` from -1 to 1, and the rounding of this sum.
fn alternating_moment(taps: &[f64], power: usize) -> (f64, f64) {
    let last = (taps.len() - 1) as f64;
    let terms = taps.iter().enumerate().map(|(k, tap)| {
        let x = (2.0 * k as f64 - last) / last;
        (if k % 2 == 0 { 1.0 } else { -1.0 }) * x.powi(power as i32) * tap
    });
    let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
    // Each x is off by a rounding, each power by p of them; as many additions as taps.
    (sum, gamma(2 * power + taps.len() + 4, U) * size)
}

/// Filters of the same length, each tap within its own bound.
fn same(observed: &[f64], expected: &[f64], bound: impl Fn(usize) -> f64) -> Agreement {
    compare_with(observed, expected, |i| Bound::rounding(bound(i)))
}

#[test]
fn the_names_are_those_of_pywavelets() {
    let mut theirs: Vec<&str> = list("wavelets").iter().map(name).collect();
    let mut ours: Vec<String> = DiscreteFamily::all().iter().map(ToString::to_string).collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 105);
    for unknown in ["db0", "db39", "sym1", "coif18", "bior1.2", "rbio4.5", "meyer", "db", "db+4", "db04", ""] {
        assert!(matches!(DiscreteWavelet::named(unknown), Err(WaveletError::UnknownName { .. })), "{unknown}");
    }
    for family in [DiscreteFamily::Daubechies(39), DiscreteFamily::Symlet(1), DiscreteFamily::Biorthogonal(1, 2)] {
        assert!(matches!(DiscreteWavelet::new(family), Err(WaveletError::OutOfRange { .. })), "{family}");
    }
}

/// Ours are rounded once, and the tables' `db` and splines too. Those of `coif` carry an error of their own
/// of up to 2.5e-16 (their sums of squares are that far from 1), and 4.4, 5.5 and 6.8 are given to twelve
/// digits.
#[test]
fn filters_are_those_of_pywavelets_to_the_last_bit_or_two() {
    for entry in list("wavelets").iter().filter(|entry| entry["rec_lo"].is_array()) {
        let name = name(entry);
        if name.starts_with("sym") || name == "dmey" {
            continue;
        }
        let ours = wavelet(name);
        let theirs = numbers(&entry["rec_lo"]);
        let of_table = table_error(ours.family()).unwrap();
        let bound = |taps: &[f64], i: usize| 2.0 * U * taps[i].abs() + of_table;
        let agrees = |observed: &[f64], expected: &[f64]| same(observed, expected, |i| bound(expected, i)).holds();
        let low = ours.low_pass(Side::Reconstruction);
        assert!(agrees(low, &theirs), "{name}: {:?}", same(low, &theirs, |i| bound(&theirs, i)));
        // Controls: the wrong sign, and, of what is not symmetric, the wrong direction.
        let negated: Vec<f64> = low.iter().map(|tap| -tap).collect();
        assert!(!agrees(&negated, &theirs), "{name}");
        if ours.is_orthogonal() && name != "db1" {
            assert!(!agrees(&reversed(low), &theirs), "{name}");
            assert_eq!(ours.low_pass(Side::Decomposition), reversed(low));
        } else if entry["dec_lo"].is_array() {
            let (low, theirs) = (ours.low_pass(Side::Decomposition), numbers(&entry["dec_lo"]));
            assert!(agrees(low, &theirs), "{name}: {:?}", same(low, &theirs, |i| bound(&theirs, i)));
            let reverse = wavelet(&name.replace("bior", "rbio"));
            assert_eq!(reverse.low_pass(Side::Reconstruction), reversed(low));
            assert_eq!(reverse.low_pass(Side::Decomposition), reversed(ours.low_pass(Side::Reconstruction)));
        }
    }
}

/// PyWavelets' symlets fail orthonormality by 2e-15 to 1.5e-11; ours do not. The tables differ from our
/// filters by as much as they fail, up to the condition of the equations, of which 16 is what is found.
#[test]
fn symlets_are_those_of_pywavelets_as_far_as_its_tables_are_orthonormal() {
    for order in 2..=20 {
        let name = format!("sym{order}");
        let theirs = numbers(&list("wavelets").iter().find(|entry| entry["name"] == name.as_str()).unwrap()["rec_lo"]);
        let ours = wavelet(&name).low_pass(Side::Reconstruction);
        let defect = orthonormality_defect(&theirs, &theirs);
        assert!((1e-15..2e-11).contains(&defect), "{name}: {defect:e}");
        let bound = |_| 16.0 * defect;
        assert!(same(ours, &theirs, bound).holds(), "{name}: {:?}", same(ours, &theirs, bound));
        // Controls: the mirror image, which is as symmetric, and the factor of extremal phase.
        assert!(!same(&reversed(ours), &theirs, bound).holds(), "{name}");
        assert!(orthonormality_defect(ours, ours) <= product_bound(ours, ours), "{name}");
        let extremal = wavelet(&format!("db{order}")).low_pass(Side::Reconstruction);
        assert_eq!(same(extremal, &theirs, bound).holds(), order < 4, "{name}");
    }
}

/// Nobody says how the 62 numbers called `dmey` were made. Meyer's filter itself, cut to the same length,
/// is this near to them, and nearer to being orthonormal.
#[test]
fn the_discrete_meyer_filter_is_within_a_thousandth_of_pywavelets_and_more_orthonormal() {
    let theirs = numbers(&list("wavelets").iter().find(|entry| entry["name"] == "dmey").unwrap()["rec_lo"]);
    let ours = wavelet("dmey").low_pass(Side::Reconstruction);
    let apart = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!((8.3e-4..8.4e-4).contains(&apart), "{apart:e}");
    let defects = [ours, &theirs].map(|taps| orthonormality_defect(taps, taps));
    assert!(defects[0] < 1e-5 && defects[1] > 2e-3, "{defects:?}");
    assert_eq!((ours.len(), ours[61], theirs[61]), (62, 0.0, 0.0));
    let sum: f64 = ours.iter().sum();
    assert!((sum - SQRT_2).abs() < 1e-15 && ours[..61] == reversed(&ours[..61]));
}

#[test]
fn filter_banks_have_the_signs_of_pywavelets() {
    for entry in list("banks") {
        let ours = wavelet(name(entry));
        for (key, taps) in [
            ("rec_lo", ours.low_pass(Side::Reconstruction).to_vec()),
            ("dec_lo", ours.low_pass(Side::Decomposition).to_vec()),
            ("rec_hi", ours.high_pass(Side::Reconstruction)),
            ("dec_hi", ours.high_pass(Side::Decomposition)),
        ] {
            let bound = 2.0 * U + table_error(ours.family()).unwrap();
            let agreement = same(&taps, &numbers(&entry[key]), |_| bound);
            assert!(agreement.holds(), "{} {key}: {agreement:?}", name(entry));
        }
    }
}

#[test]
fn both_sides_are_biorthogonal_with_all_even_shifts() {
    for ours in WAVELETS.iter().filter(|ours| ours.family() != DiscreteFamily::Meyer) {
        let low = ours.low_pass(Side::Reconstruction);
        let dual = reversed(ours.low_pass(Side::Decomposition));
        let bound = product_bound(low, &dual);
        for (a, b) in [(low, &dual[..]), (&dual[..], low)] {
            assert!(orthonormality_defect(a, b) <= bound, "{}", ours.family());
        }
        // Control: one tap off by a few parts in 10¹².
        let mut wrong = low.to_vec();
        let largest = (0..wrong.len()).max_by(|&i, &j| wrong[i].abs().total_cmp(&wrong[j].abs())).unwrap();
        wrong[largest] += 1e-12;
        assert!(orthonormality_defect(&wrong, &dual) > bound, "{}", ours.family());
    }
}

#[test]
fn as_many_moments_vanish_as_stated_and_no_more() {
    for ours in WAVELETS.iter().filter(|ours| ours.family() != DiscreteFamily::Meyer) {
        let family = ours.family();
        // Without the zeros of the padding, so that the abscissae are centred.
        let low = ours.low_pass(Side::Reconstruction);
        let low: Vec<f64> = low.iter().copied().skip_while(|tap| *tap == 0.0).collect();
        let moments = ours.vanishing_moments();
        for power in 0..moments {
            let (moment, bound) = alternating_moment(&low, power);
            assert!(moment.abs() <= bound, "{family}: moment {power} is {moment:e}, bound {bound:e}");
        }
        // The next one is there, and visible in f64 while it is not tiny.
        if moments <= 8 {
            let (moment, bound) = alternating_moment(&low, moments);
            assert!(moment.abs() > bound, "{family}: moment {moments} is {moment:e}");
        }
        let stated = list("wavelets").iter().find(|entry| entry["name"] == family.to_string()).unwrap();
        // The filters called 5.5 have 6 and 4 vanishing moments, whatever PyWavelets' field says.
        let theirs = match family {
            DiscreteFamily::Biorthogonal(5, 5) => 6,
            DiscreteFamily::ReverseBiorthogonal(5, 5) => 4,
            // PyWavelets gives a reversed pair the numbers of the pair that it reverses.
            DiscreteFamily::ReverseBiorthogonal(_, m) => m,
            _ => stated["vanishing"].as_u64().unwrap() as usize,
        };
        assert_eq!(moments, theirs, "{family}");
    }
}

#[test]
fn moments_of_the_scaling_function_of_a_coiflet_vanish_about_its_centre() {
    for order in 1..=17usize {
        let ours = wavelet(&format!("coif{order}"));
        let (low, last) = (ours.low_pass(Side::Reconstruction), (6 * order - 1) as f64);
        // Tap 2K is at 0; abscissae in units of half the length.
        let moment = |power: usize| {
            let terms = low
                .iter()
                .enumerate()
                .map(|(n, h)| ((n as f64 - 2.0 * order as f64) / last * 2.0).powi(power as i32) * h);
            terms.fold((0.0, 0.0), |(sum, size): (f64, f64), term| (sum + term, size + term.abs()))
        };
        for power in 1..2 * order {
            let (sum, size) = moment(power);
            assert!(sum.abs() <= gamma(2 * power + low.len() + 4, U) * size, "coif{order}: {power}: {sum:e}");
        }
        // Control: the filter in the other direction.
        let back: f64 = low.iter().rev().enumerate().map(|(n, h)| (n as f64 - 2.0 * order as f64) / last * h).sum();
        assert!(back.abs() > 1e-3, "coif{order}");
    }
}

/// `√2 Σ|h|` over the even or the odd taps: what one step of the cascade can magnify by.
fn step_norm(low: &[f64]) -> f64 {
    let sum = |parity: usize| low.iter().skip(parity).step_by(2).map(|tap| tap.abs()).sum::<f64>();
    SQRT_2 * sum(0).max(sum(1))
}

/// How far two cascades may lie apart whose filters differ by `apart` in a tap: a step has a norm of at
/// most `S`, is changed by `√2 L/2 apart`, and rounds `L/2 + 2` times; PyWavelets' does too.
fn cascade_bound(ours: &DiscreteWavelet, side: Side, level: u32, apart: f64) -> f64 {
    let low = ours.low_pass(side);
    let (taps, norm) = (low.len() as f64, step_norm(low));
    let largest = low.iter().chain(&ours.high_pass(side)).map(|tap| tap.abs()).fold(0.0, f64::max);
    let relative = SQRT_2 * taps / 2.0 * (apart + 4.0 * U) / norm.min(1.0) + 2.0 * (taps / 2.0 + 2.0) * U;
    f64::from(level) * SQRT_2 * largest.max(1.0) * norm.max(1.0).powi(level as i32 - 1) * relative
}

/// How far the table of this family is from our filter, at most; `None` for `dmey`.
fn table_error(family: DiscreteFamily) -> Option<f64> {
    match family {
        DiscreteFamily::Symlet(_) => Some(1.6e-11),
        DiscreteFamily::Coiflet(_) => Some(2.5e-16),
        DiscreteFamily::Biorthogonal(4.., _) | DiscreteFamily::ReverseBiorthogonal(4.., _) => Some(7e-13),
        DiscreteFamily::Meyer => None,
        _ => Some(0.0),
    }
}

#[test]
fn the_cascade_is_wavefun_of_pywavelets_at_every_level() {
    let mut levels = [false; 9];
    for entry in list("sampled") {
        let ours = wavelet(name(entry));
        let level = entry["level"].as_u64().unwrap() as u32;
        let functions = ours.cascade(Side::Decomposition, level).unwrap();
        assert_eq!(functions.wavelet.len() as u64, entry["length"].as_u64().unwrap(), "{}", name(entry));
        assert_eq!(
            (functions.scaling.len(), functions.step),
            (functions.wavelet.len(), entry["step"].as_f64().unwrap())
        );
        let Some(apart) = table_error(ours.family()) else { continue };
        let bound = cascade_bound(ours, Side::Decomposition, level, apart);
        assert!(bound < 1e-6, "{}: {bound:e}", name(entry));
        let at: Vec<usize> = numbers(&entry["at"]).iter().map(|&i| i as usize).collect();
        let picked = |values: &[f64]| at.iter().map(|&i| values[i]).collect::<Vec<_>>();
        for (key, values) in [("phi_d", &functions.scaling), ("psi_d", &functions.wavelet)] {
            let agreement = same(&picked(values), &numbers(&entry[key]), |_| bound);
            assert!(agreement.holds(), "{} {key} at level {level}: {agreement:?}", name(entry));
        }
        levels[level as usize] = true;
    }
    assert_eq!(levels[1..], [true; 8]);
}

#[test]
fn whole_arrays_of_wavefun_agree_on_both_sides() {
    for entry in list("whole") {
        let (ours, level) = (wavelet(name(entry)), entry["level"].as_u64().unwrap() as u32);
        for (side, phi, psi) in [(Side::Decomposition, "phi_d", "psi_d"), (Side::Reconstruction, "phi_r", "psi_r")] {
            let functions = ours.cascade(side, level).unwrap();
            let bound = cascade_bound(ours, side, level, table_error(ours.family()).unwrap());
            for (key, values) in [(phi, &functions.scaling), (psi, &functions.wavelet)] {
                let theirs = numbers(&entry[key]);
                let agreement = same(values, &theirs, |_| bound);
                assert!(agreement.holds(), "{} {key}: {agreement:?}", name(entry));
                // Control: the function a grid point too early, or upside down.
                let mut early = values.clone();
                early.rotate_left(1);
                assert!(!same(&early, &theirs, |_| bound).holds(), "{} {key}", name(entry));
                let negated: Vec<f64> = values.iter().map(|value| -value).collect();
                assert!(!same(&negated, &theirs, |_| bound).holds(), "{} {key}", name(entry));
            }
        }
    }
}

#[test]
fn dyadic_values_of_db2_and_of_splines_are_the_closed_forms() {
    let root = 3f64.sqrt();
    let db2 = wavelet("db2").dyadic(Side::Reconstruction, 0).unwrap().unwrap();
    let closed = [0.0, (1.0 + root) / 2.0, (1.0 - root) / 2.0, 0.0];
    assert!(same(&db2.scaling, &closed, |_| 8.0 * U).holds(), "{db2:?}");
    // The reconstruction scaling functions of 2.x and 3.x are the B-splines of degree 1 and 2.
    for (name, centre, degree) in [("bior2.2", 2.0, 1), ("bior2.6", 6.0, 1), ("bior3.1", 1.5, 2), ("bior3.5", 5.5, 2)] {
        for level in [0, 1, 4] {
            let functions = wavelet(name).dyadic(Side::Reconstruction, level).unwrap().unwrap();
            for (k, value) in functions.scaling.iter().enumerate() {
                let x = (k as f64 * functions.step - centre).abs();
                let spline = match degree {
                    1 => (1.0 - x).max(0.0),
                    _ if x <= 0.5 => 0.75 - x * x,
                    _ => (1.5 - x).max(0.0).powi(2) / 2.0,
                };
                let agreement = Agreement::of(*value, spline, Bound::rounding(64.0 * U));
                assert!(agreement.holds(), "{name} at {x}, level {level}: {agreement:?}");
            }
        }
    }
    for (name, side) in [("db1", Side::Decomposition), ("bior1.3", Side::Reconstruction), ("dmey", Side::Decomposition)]
    {
        assert_eq!(wavelet(name).dyadic(side, 2).unwrap(), None, "{name}");
    }
}

#[test]
fn scaling_functions_add_up_to_one_and_the_cascade_approaches_them() {
    for name in ["db2", "db7", "db20", "db38", "sym8", "sym20", "coif2", "coif17", "bior4.4", "rbio6.8"] {
        let ours = wavelet(name);
        let level = 3;
        let exact = ours.dyadic(Side::Decomposition, level).unwrap().unwrap();
        let per_unit = 1 << level;
        let low = ours.low_pass(Side::Decomposition);
        let bound = cascade_bound(ours, Side::Decomposition, level, 0.0) * low.len() as f64 * 64.0;
        for offset in 0..per_unit {
            let sum: f64 = exact.scaling.iter().skip(offset).step_by(per_unit).sum();
            assert!((sum - 1.0).abs() <= bound, "{name} at {offset}/{per_unit}: {sum}, bound {bound:e}");
        }
        // Coefficient k of the cascade stands for the function at (k + ∫ x phi) 2^-level, a value that is
        // out of step by so much, and by the width of a step: level by level it comes nearer.
        let distance = |level: u32| {
            let functions = ours.cascade(Side::Decomposition, level).unwrap();
            let stride = 1 << (level - 3);
            let apart = |exact: &[f64], values: &[f64]| {
                let at = |i: usize| values.get(i * stride + 1).unwrap_or(&0.0);
                exact.iter().enumerate().map(|(i, exact)| (exact - at(i)).abs()).fold(0.0, f64::max)
            };
            apart(&exact.wavelet, &functions.wavelet).max(apart(&exact.scaling, &functions.scaling))
        };
        let distances = [8, 10, 12].map(distance);
        assert!(distances[1] < 0.6 * distances[0] && distances[2] < 0.6 * distances[1], "{name}: {distances:?}");
    }
}

#[test]
fn levels_out_of_range_are_refused() {
    let db2 = wavelet("db2");
    assert!(db2.cascade(Side::Decomposition, 0).is_err());
    assert!(db2.cascade(Side::Decomposition, 17).is_err());
    assert!(db2.dyadic(Side::Decomposition, 17).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Analysis, every second sample, synthesis: the signal comes back, whatever it is.
    #[test]
    fn a_filter_bank_reconstructs_every_signal(
        index in 0usize..104,
        signal in prop::collection::vec(-1.0f64..1.0, 1..60),
    ) {
        let ours = &WAVELETS[index];
        let mut signal = signal;
        signal.extend_from_within(..);
        let (n, taps) = (signal.len() as isize, ours.filter_length() as isize);
        let at = |i: isize| i.rem_euclid(n) as usize;
        let mut back = vec![0.0; n as usize];
        let pairs = [
            (ours.low_pass(Side::Decomposition).to_vec(), ours.low_pass(Side::Reconstruction).to_vec()),
            (ours.high_pass(Side::Decomposition), ours.high_pass(Side::Reconstruction)),
        ];
        for (analysis, synthesis) in &pairs {
            for j in 0..n / 2 {
                let coefficient: f64 = (0..taps).map(|k| analysis[k as usize] * signal[at(2 * j + 1 - k)]).sum();
                for k in 0..taps {
                    back[at(2 * j + k + 2 - taps)] += synthesis[k as usize] * coefficient;
                }
            }
        }
        // Both filters have sums of absolute values of at most √L of their norms.
        let norm = |filter: &[f64]| filter.iter().map(|tap| tap.abs()).sum::<f64>();
        let size: f64 = pairs.iter().map(|(a, s)| norm(a) * norm(s)).sum();
        let bound = gamma(2 * taps as usize + 8, U) * size;
        let agreement = same(&back, &signal, |_| bound);
        prop_assert!(agreement.holds(), "{}: {:?}", ours.family(), agreement);
    }
}

/// Every tap of all 105 filters is that of its definition, computed to 30 digits by `tests/data/discrete/filters.py`, to
/// a unit in the last place of itself and of the largest.
#[test]
fn every_tap_is_that_of_its_definition() {
    let document: Value = serde_json::from_str(include_str!("data/discrete/filters.json")).unwrap();
    let filters = document["filters"].as_object().unwrap();
    assert_eq!(filters.len(), 105);
    for (name, filter) in filters {
        let ours = wavelet(name);
        for (key, side) in [("rec_lo", Side::Reconstruction), ("dec_lo", Side::Decomposition)] {
            let Some(theirs) = filter[key].as_array() else { continue };
            let theirs: Vec<f64> = theirs.iter().map(|tap| tap.as_str().unwrap().parse().unwrap()).collect();
            let taps = ours.low_pass(side);
            // Meyer's integrals are sums of 4096 terms in f64, the errors of which add up as those of a random walk.
            let own = if name == "dmey" { 64.0 * U } else { 2.0 * U };
            let agreement = same(taps, &theirs, |i| 2.0 * U * theirs[i].abs() + own);
            assert!(agreement.holds(), "{name} {key}: {agreement:?}");
            // The control: the filter in the other direction, where it has one.
            let symmetric = name == "db1" || name == "dmey" || !ours.is_orthogonal();
            assert!(symmetric || taps != reversed(&theirs), "{name} {key}");
        }
    }
}
