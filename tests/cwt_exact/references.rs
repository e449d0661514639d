//! The sums behind the error table, and the transform itself, against sums of forty digits: tests/data/cwt/exact.py.

use num_complex::{Complex, Complex64};
use ropelet::numeric::{Real, gamma};
use ropelet::signal::{Boundary, Cwt, Norm, SignalError};
use ropelet::wavelet::{MotherWavelet, Parameters, by_name};
use serde_json::Value;

use super::errors::{condition, sums};
use super::{BOUNDARIES, Limits, distance, largest, rounded};

const N: usize = 41;

/// The real and the imaginary parts of the signal, which both types hold exactly.
fn parts() -> [Vec<f64>; 2] {
    let part = |factor: i64, modulus: i64, less: i64| {
        (0..N as i64).map(|t| ((t * t + factor * t) % modulus - less) as f64 / 16.0).collect()
    };
    [part(5, 23, 5), part(3, 19, 9)]
}

fn document() -> Value {
    serde_json::from_str(include_str!("../data/cwt/exact.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The sums of a wavelet by boundary, `[scale][place]`.
type Exact = Vec<(Boundary, Vec<Complex64>)>;

fn wavelets(document: &Value) -> Vec<(Box<dyn MotherWavelet>, Exact)> {
    let wavelet = |row: &Value| {
        let parameter = |name: &str| row["parameters"][name].as_f64();
        let parameters = Parameters {
            omega0: parameter("omega0"),
            order: parameter("order"),
            gamma: parameter("gamma"),
            bandwidth: parameter("bandwidth"),
            centre: parameter("centre"),
            cycles: parameter("cycles").map(|cycles| cycles as u32),
        };
        let number = |x: &Value| x.as_str().unwrap().parse::<f64>().unwrap();
        let sums = BOUNDARIES.into_iter().filter_map(|boundary| {
            let name = serde_json::to_value(boundary).unwrap();
            let rows = row["rows"].get(name.as_str().unwrap())?.as_array().unwrap();
            Some((boundary, rows.iter().map(|z| Complex64::new(number(&z[0]), number(&z[1]))).collect()))
        });
        (by_name(row["name"].as_str().unwrap(), &parameters).unwrap(), sums.collect())
    };
    document["wavelets"].as_array().unwrap().iter().map(wavelet).collect()
}

/// The largest distance of one scale's coefficients from the references, in units of their limit.
fn of_limit<T: Limits>(
    wavelet: &dyn MotherWavelet,
    boundary: Boundary,
    scale: f64,
    terms: f64,
    exact: &[(usize, Complex64)],
) -> f64 {
    let cwt = Cwt::<T>::new(wavelet, N, &[scale], Norm::L2, boundary).unwrap();
    let [re, im] = parts().map(|part| rounded::<T>(&part));
    let signal: Vec<Complex<T>> = re.iter().zip(&im).map(|(re, im)| Complex::new(*re, *im)).collect();
    let found = cwt.transform_complex(&signal).unwrap();
    let wide: Vec<Complex64> = found.iter().map(|z| Complex64::new(z.re.wide(), z.im.wide())).collect();
    let peak = largest(&wide);
    let error = exact.iter().map(|(place, exact)| distance(found[*place], *exact)).fold(0.0, f64::max);
    if peak < T::SMALLEST { error / T::SMALLEST } else { error / peak / condition::<T>(terms, peak) / T::LIMIT }
}

#[test]
fn the_transform_and_the_sums_of_the_table_have_forty_digits_behind_them() {
    let document = document();
    let (places, scales) = (numbers(&document["places"]), numbers(&document["scales"]));
    let parts = parts();
    let mut worst = 0.0f64;
    for (wavelet, exact) in wavelets(&document) {
        let wavelet = wavelet.as_ref();
        let boundaries = if wavelet.name() == "analytic-morlet-uncorrected" { 3 } else { 4 };
        assert_eq!(exact.len(), boundaries, "{wavelet:?}");
        for (boundary, exact) in exact {
            for (&scale, exact) in scales.iter().zip(exact.chunks(places.len())) {
                let exact: Vec<_> = places.iter().map(|&place| place as usize).zip(exact.iter().copied()).collect();
                let found = sums(wavelet, parts.iter().map(|part| &part[..]), scale, Norm::L2, boundary);
                let terms = found[0].terms + found[1].terms;
                let what = format!("{wavelet:?} {boundary:?} scale {scale}");
                // The values of psi, and their repetitions, are good to 64 roundoffs.
                let bound = gamma(64 + N, f64::UNIT_ROUNDOFF) * terms;
                for &(place, exact) in &exact {
                    let sum = found[0].sums[place] + Complex64::I * found[1].sums[place];
                    let apart = (sum - exact).norm();
                    assert!(apart <= bound, "{what} at {place}: {sum} {exact}, {apart:e} {bound:e}");
                    worst = worst.max(apart / bound);
                }
                let shares = [
                    of_limit::<f64>(wavelet, boundary, scale, terms, &exact),
                    of_limit::<f32>(wavelet, boundary, scale, terms, &exact),
                ];
                assert!(shares.iter().all(|share| *share <= 1.0), "{what}: {shares:?} of the limits");
                // The control: the largest of the references changed a thousand times its limit.
                let moved = |by: f64| -> Vec<_> {
                    let most = exact.iter().map(|(_, z)| z.norm()).fold(0.0, f64::max);
                    exact
                        .iter()
                        .map(|(place, z)| (*place, if z.norm() == most { z * (1.0 + by) } else { *z }))
                        .collect()
                };
                let [double, single] = [moved(1e-9), moved(1e-3)];
                if exact.iter().any(|(_, z)| z.norm() > (terms / 1e3).max(1e-20)) {
                    assert!(of_limit::<f64>(wavelet, boundary, scale, terms, &double) > 1.0, "{what}");
                    assert!(of_limit::<f32>(wavelet, boundary, scale, terms, &single) > 1.0, "{what}");
                }
            }
        }
    }
    assert!(worst > 1e-3, "the bound of the sums says nothing: {worst:e}");
}

/// Where `psi` falls as `1/t`, its sum over a constant grows without end.
#[test]
fn a_sum_without_a_limit_is_refused() {
    let wavelet = by_name("analytic-morlet-uncorrected", &Parameters::default()).unwrap();
    let refused = Cwt::<f64>::new(wavelet.as_ref(), N, &[3.0], Norm::L2, Boundary::Constant).err();
    assert_eq!(refused, Some(SignalError::TailSum { wavelet: "analytic-morlet-uncorrected" }));
    // Shannon's band ends at 0.25 and 1.75 cycles: over a scale of 0.25 both turn by whole numbers.
    let shannon = by_name("shannon", &Parameters::default()).unwrap();
    let at = |scale: f64| Cwt::<f64>::new(shannon.as_ref(), N, &[scale], Norm::L2, Boundary::Constant).err();
    assert_eq!(at(0.25), Some(SignalError::TailSum { wavelet: "shannon" }));
    assert_eq!(at(0.2501), None);
}
