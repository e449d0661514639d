//! What other tools read from their coefficients, from ours: squeezed tables, coherence, levels of noise.

use std::f64::consts::{LN_2, PI, TAU};

use num_complex::Complex64;
use ropelet::signal::{Boundary, Coherence, Cwt, Norm, RedNoise, Significance, Synchrosqueezing, delta_constant};
use ropelet::wavelet::{FromSpectrum, Morlet, Morse, MotherWavelet};
use serde_json::Value;

use super::peers::{peers, signal};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn table(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn complex(row: &Value) -> Vec<Complex64> {
    row.as_array().unwrap().iter().map(numbers).map(|z| Complex64::new(z[0], z[1])).collect()
}

/// ssqueezepy's `ssq_cwt`, with frequencies descending: `T` is `u` times its own, where `u` makes of the sum over all rows
/// the signal (its `issq_cwt` multiplies by it); its weights are `ln 2/voices`, as ours are.
#[test]
fn ssqueezepy_leaves_the_constant_of_the_inverse_out_of_its_squeezed_table() {
    let squeezed = &peers()["squeezed"];
    let (voices, every) = (squeezed["voices"].as_f64().unwrap(), squeezed["every"].as_u64().unwrap() as usize);
    let scales: Vec<f64> = (0..25).map(|i| (2.0 + f64::from(i) / voices).exp2()).collect();
    let mut frequencies = numbers(&squeezed["frequencies"]);
    frequencies.reverse();
    let n = 128;
    let x: Vec<f64> = (0..n).map(|t| (0.5 * f64::from(t) + 0.0015 * f64::from(t * t)).cos()).collect();
    let morse = Morse::new(20.0, 3.0).unwrap();
    let plan = Synchrosqueezing::<f64>::new(&morse, n as usize, &scales, Boundary::Periodic, &frequencies).unwrap();
    let plan = plan.with_threshold(1e-12).unwrap();
    let ours = plan.of(&x).unwrap();
    let unit = 1.0 / (delta_constant(&morse).unwrap() * LN_2 * morse.psi(0.0).re);
    let largest = ours.iter().map(|z| z.norm()).fold(0.0, f64::max);
    let rows = squeezed["rows"].as_array().unwrap();
    let (mut worst, mut other) = (0f64, 0f64);
    // What turns outside the grid is in its first and last row there, and dropped here.
    for (row, theirs) in rows.iter().rev().enumerate().skip(1).take(23) {
        for (at, theirs) in complex(theirs).into_iter().enumerate() {
            let ours = ours[row * n as usize + at * every];
            worst = worst.max((ours - unit * theirs).norm() / largest);
            other = other.max((ours - theirs).norm() / largest);
        }
    }
    assert!(rows.len() == 25 && worst < 1e-11, "{worst:e}");
    // The control: without the constant.
    assert!(other > 0.1, "{other:e}");
}

/// pycwt's `wct`: means in time by the same Gaussian, around a circle; in scale by a box of `round(2 δj0/δj)` rows with half
/// weights at its ends, one row more below than above and zeros beyond the table. Its phase is that of the cross spectrum itself.
#[test]
fn pycwt_smooths_over_twice_as_many_scales_and_not_at_all_for_the_phase() {
    let coherence = &peers()["coherence"];
    let (n, every) = (64usize, 8);
    let x = signal(n);
    let y: Vec<f64> = (0..n).map(|t| x[(t + n - 3) % n] + 0.25 * x[n - 1 - t]).collect();
    let scales: Vec<f64> = (0..17).map(|i| (2.0 + f64::from(i) / 8.0).exp2()).collect();
    let morlet = Morlet::uncorrected(6.0).unwrap();
    let cwt = Cwt::<f64>::new(&morlet, n, &scales, Norm::L1, Boundary::Periodic).unwrap();
    let (wx, wy) = (cwt.transform(&x).unwrap(), cwt.transform(&y).unwrap());
    let cross: Vec<Complex64> = wx.iter().zip(&wy).map(|(x, y)| x * y.conj()).collect();
    let in_time = |table: &dyn Fn(usize) -> Complex64| -> Vec<Complex64> {
        let row = |(row, scale): (usize, &f64)| {
            // The Gaussian of the width of the scale, whose spectrum is e^{-(aw)²/2}.
            let gain = |k: i32| (-0.5 * (scale * TAU * f64::from(k) / n as f64).powi(2)).exp();
            let kernel =
                |lag: f64| (-32..32).map(|k| gain(k) * (TAU * f64::from(k) * lag / n as f64).cos()).sum::<f64>();
            let kernel: Vec<f64> = (0..n).map(|lag| kernel(lag as f64) / n as f64).collect();
            let mean = |b: usize| (0..n).map(|t| kernel[(b + n - t) % n] * table(row * n + t)).sum::<Complex64>();
            (0..n).map(mean).collect::<Vec<_>>()
        };
        scales.iter().enumerate().flat_map(row).collect()
    };
    let smooth = |in_time: &[Complex64], row: usize, b: usize| -> Complex64 {
        let weights = [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5];
        let at =
            |j: usize| (row + 4).checked_sub(j).and_then(|row| in_time.get(row * n + b)).copied().unwrap_or_default();
        weights.iter().enumerate().map(|(j, weight)| at(j) * (weight / 9.0)).sum()
    };
    let tables: [&dyn Fn(usize) -> Complex64; 3] =
        [&|at| wx[at].norm_sqr().into(), &|at| wy[at].norm_sqr().into(), &|at| cross[at]];
    let means = tables.map(in_time);
    let ours = Coherence::<f64>::new(&morlet, n, &scales, Boundary::Periodic).unwrap().of(&x, &y).unwrap();
    let (theirs, phases) = (table(&coherence["coherence"]), table(&coherence["phase"]));
    let (mut apart, mut lower) = (0f64, 0);
    for row in 0..scales.len() {
        for at in 0..n / every {
            let b = at * every;
            let [xx, yy, xy] = [0, 1, 2].map(|i| smooth(&means[i], row, b));
            let model = xy.norm_sqr() / (xx.re * yy.re);
            assert!((model - theirs[row][at]).abs() < 1e-9, "{row} {b}: {model} {}", theirs[row][at]);
            let turn = Complex64::cis(phases[row][at] - cross[row * n + b].arg());
            assert!((turn - 1.0).norm() < 1e-9, "{row} {b}");
            apart = apart.max((ours.coherence[row * n + b] - theirs[row][at]).abs());
            lower += usize::from(theirs[row][at] < ours.coherence[row * n + b]);
        }
    }
    // What the wider box does: most of theirs are lower, by up to two thirds.
    assert!(apart > 0.1 && apart < 0.8 && 2 * lower > 17 * n / every, "{apart} {lower}");
}

/// pycwt's levels: the same χ² of a background at one frequency, where ours is the noise seen through the wavelet.
#[test]
fn pycwt_takes_the_noise_at_one_frequency() {
    let peers = peers();
    let (scales, n) = ([5.0, 8.0, 13.0], 1024);
    let morlet = Morlet::uncorrected(6.0).unwrap();
    for (name, lag1) in [("white", 0.0), ("red", 0.5)] {
        let level = |key: &str| numbers(&peers["levels"][name][key]);
        let (points, means, background) = (level("points"), level("means"), level("background"));
        let noise = RedNoise::new(lag1).unwrap();
        let ours = Significance::new(&morlet, n, &scales, Norm::L2, noise, 2.0).unwrap();
        let of_100 = Significance::new(&morlet, 100, &scales, Norm::L2, noise, 2.0).unwrap();
        let (our_points, our_means) = (ours.of_points(0.95).unwrap(), of_100.of_time_means(0.95, false).unwrap());
        for at in 0..scales.len() {
            let ratio = ours.background()[at] / background[at];
            // χ²_2/2 at 0.95 is -ln 0.05.
            assert!((our_points[at] / ours.background()[at] / -f64::ln(0.05) - 1.0).abs() < 1e-9);
            assert!((points[at] / background[at] / -f64::ln(0.05) - 1.0).abs() < 1e-12);
            let expected = if lag1 == 0.0 { 1e-9 } else { 0.06 };
            assert!((ratio - 1.0).abs() < expected, "{name} {}: {ratio}", scales[at]);
            assert!(lag1 == 0.0 || (ratio - 1.0).abs() > 1e-3, "{name} {}: {ratio}", scales[at]);
            // Of means: γ is 2.32 there and 2.507 here, which leaves fewer degrees of freedom.
            let freedom = our_means[at].unwrap() / of_100.background()[at] / (means[at] / background[at]);
            assert!((1.005..1.03).contains(&freedom), "{name} {}: {freedom}", scales[at]);
        }
    }
}

/// PyWavelets' `cgauP` is the derivative of `e^{-it - t²}` of unit energy: `FromSpectrum` in one line. It turns backwards.
#[test]
fn complex_derivatives_of_a_gaussian_are_a_spectrum_of_one_line() {
    for (order, theirs) in peers()["cgau"].as_object().unwrap() {
        let power: i32 = order.parse().unwrap();
        let spectrum = move |w: f64| Complex64::new(0.0, w).powi(power) * (-(w + 1.0).powi(2) / 4.0).exp();
        let wavelet = FromSpectrum::new(spectrum, (-16.0, 14.0), &[]).unwrap();
        let unit = wavelet.energy().sqrt();
        let (places, values) = (numbers(&theirs["t"]), complex(&theirs["psi"]));
        let largest = values.iter().map(|z| z.norm()).fold(0.0, f64::max);
        for (t, theirs) in places.iter().zip(values) {
            let ours = wavelet.psi(*t) / unit;
            assert!((ours - theirs).norm() < 1e-11 * largest, "cgau{order} at {t}: {ours} {theirs}");
            // The control: the other way round.
            assert!(t.abs() > 2.0 || theirs.im.abs() < 1e-3 || (ours.conj() - theirs).norm() > 1e-3 * largest);
        }
        assert!(wavelet.psihat(-PI / 2.0).norm() > wavelet.psihat(PI / 2.0).norm());
    }
}
