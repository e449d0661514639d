//! The values of other tools from ours, each by one line: docs/conventions.md has the same lines. Their values are those
//! of tests/data/cwt/peers.py.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;
use ropelet::numeric::Real;
use ropelet::signal::{Boundary, Cwt, Norm, aliasing, frequencies};
use ropelet::wavelet::{AnalyticMorlet, DerivativeOfGaussian, Morlet, Morse, MotherWavelet, Paul, Ricker};
use serde_json::Value;

pub(super) fn peers() -> Value {
    serde_json::from_str(include_str!("../data/cwt/peers.json")).unwrap()
}

pub(super) fn signal(n: usize) -> Vec<f64> {
    (0..n).map(|t| ((t * t + 5 * t) % 23) as f64 / 11.0 - 1.0).collect()
}

/// The committed coefficients, `[scale][every so many]`.
fn theirs(name: &str) -> Vec<Vec<Complex64>> {
    let peers = peers();
    let complex = |z: &Value| Complex64::new(z[0].as_f64().unwrap(), z[1].as_f64().unwrap());
    let row = |row: &Value| row.as_array().unwrap().iter().map(complex).collect();
    peers["rows"][name].as_array().unwrap_or_else(|| panic!("no {name}")).iter().map(row).collect()
}

fn scales() -> Vec<f64> {
    peers()["scales"].as_array().unwrap().iter().map(|a| a.as_f64().unwrap()).collect()
}

/// The largest difference of each row from what `from_ours` makes of our coefficients, relative to their largest.
fn differences(
    name: &str,
    wavelet: &dyn MotherWavelet,
    norm: Norm,
    boundary: Boundary,
    from_ours: impl Fn(Complex64, f64) -> Complex64,
) -> Vec<f64> {
    let (n, every) = (64, 4);
    let ours = Cwt::<f64>::new(wavelet, n, &scales(), norm, boundary).unwrap().transform(&signal(n)).unwrap();
    let rows = theirs(name).into_iter().zip(scales()).zip(ours.chunks(n));
    rows.map(|((theirs, scale), ours)| {
        assert_eq!(theirs.len() * every, n, "{name}");
        let peak = theirs.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let pairs = theirs.iter().zip(ours.iter().step_by(every));
        pairs.map(|(theirs, &ours)| (from_ours(ours, scale) - theirs).norm()).fold(0.0, f64::max) / peak
    })
    .collect()
}

#[track_caller]
fn assert_same(differences: &[f64], limit: f64) {
    assert!(differences.len() == 3 && differences.iter().all(|d| *d <= limit), "{differences:?}");
}

#[test]
fn ssqueezepy_divides_morlet_by_the_root_of_its_energy_and_is_ours_for_morse() {
    let (morse, morlet) = (Morse::new(20.0, 3.0).unwrap(), Morlet::corrected(6.0).unwrap());
    for (name, norm) in [("l1", Norm::L1), ("l2", Norm::L2)] {
        let gmw = |z, _| z;
        assert_same(&differences(&format!("ssqueezepy gmw {name}"), &morse, norm, Boundary::Periodic, gmw), 1e-13);
        let unit = |z, _| z / morlet.energy().sqrt();
        assert_same(&differences(&format!("ssqueezepy morlet {name}"), &morlet, norm, Boundary::Periodic, unit), 1e-13);
    }
    // The control: the other norm.
    let wrong = differences("ssqueezepy gmw l1", &morse, Norm::L2, Boundary::Periodic, |z, _| z);
    assert!(wrong.iter().all(|d| *d > 0.5), "{wrong:?}");
}

/// Torrence and Compo: `W_tc(s)`, `s = a dt`, with wavelets of unit energy.
#[test]
fn torrence_and_compo_turn_odd_derivatives_round_and_leave_the_power_of_i_out_of_paul() {
    let unit = |wavelet: &dyn MotherWavelet| wavelet.energy().sqrt().recip();
    let (morlet, paul) = (Morlet::uncorrected(6.0).unwrap(), Paul::new(3).unwrap());
    let same = |name: &str, wavelet: &dyn MotherWavelet, factor: Complex64| {
        differences(name, wavelet, Norm::L2, Boundary::Periodic, |z, _| factor * z)
    };
    assert_same(&same("pycwt morlet", &morlet, 1.0.into()), 1e-13);
    for (name, order, sign) in [("pycwt dog1", 1, -1.0), ("pycwt dog2", 2, 1.0)] {
        let dog = DerivativeOfGaussian::new(order).unwrap();
        assert_same(&same(name, &dog, (sign * unit(&dog)).into()), 1e-13);
        // The control: the other sign.
        assert!(same(name, &dog, (-sign * unit(&dog)).into()).iter().all(|d| *d > 1.0));
    }
    // Without the aliases of the sampled wavelet, which at these scales are all that differs.
    let found = same("pycwt paul", &paul, Complex64::I.powu(3));
    for (difference, aliasing) in found.iter().zip(aliasing(&paul, &scales())) {
        assert!(*difference <= 8.0 * aliasing + 1e-13, "{difference:e} {aliasing:e}");
    }
    assert!(found[0] > 1e-6, "at scale 5 the aliases are seen: {found:?}");
}

/// Torrence and Compo's table has one-sided Morlet, their programs the two-sided one.
#[test]
fn one_sided_morlet_is_a_billionth_away_from_two_sided_morlet() {
    let (one, two) = (AnalyticMorlet::uncorrected(6.0).unwrap(), Morlet::uncorrected(6.0).unwrap());
    // Their coefficients are of the two-sided one to 1e-13, as above.
    let apart = differences("pycwt morlet", &one, Norm::L2, Boundary::Periodic, |z, _| z);
    assert!(apart.iter().all(|d| (1e-11..3e-8).contains(d)), "{apart:?}");
    assert!((one.psihat(0.1) - two.psihat(0.1)).norm() == 0.0 && one.psihat(-0.1).norm() == 0.0);
}

/// "Fourier wavelength": the period whose tone is strongest in `l2`, per unit of scale; in closed form for each.
#[test]
fn scales_become_frequencies_by_the_peak_of_psihat_or_of_its_root_weighted_one() {
    let peers = peers();
    let wavelength = |name: &str| peers["fourier_wavelength"][name].as_f64().unwrap();
    let ours = |wavelet: &dyn MotherWavelet| frequencies(wavelet, &[1.0])[0].recip();
    let omega0: f64 = 6.0;
    let morlet = Morlet::uncorrected(omega0).unwrap();
    assert!((ours(&morlet) - TAU / omega0).abs() < 1e-14);
    assert!((wavelength("morlet") - 2.0 * TAU / (omega0 + (2.0 + omega0 * omega0).sqrt())).abs() < 1e-14);
    for m in [1f64, 2.0] {
        let dog = DerivativeOfGaussian::new(m as u32).unwrap();
        assert!((ours(&dog) - TAU / m.sqrt()).abs() < 1e-14);
        assert!((wavelength(&format!("dog{m}")) - TAU / (m + 0.5).sqrt()).abs() < 1e-14);
    }
    assert!((ours(&Paul::new(3).unwrap()) - TAU / 3.0).abs() < 1e-14);
    assert!((wavelength("paul") - 2.0 * TAU / 7.0).abs() < 1e-14);
}

/// fCWT: scale in samples per cycle, `l1`, no aliases and no negative frequencies; psihat from a table of `n` places.
#[test]
fn fcwt_looks_the_spectrum_of_uncorrected_morlet_up_in_a_table() {
    let (n, omega0) = (1024, 2.0 * TAU);
    let peers = peers();
    let morlet = Morlet::uncorrected(omega0).unwrap();
    let x = signal(n);
    let root = |k: usize| Complex64::cis(TAU * (k % n) as f64 / n as f64);
    let spectrum: Vec<Complex64> =
        (0..n / 2).map(|k| x.iter().enumerate().map(|(t, x)| x * root(k * t).conj()).sum()).collect();
    for (row, frequency) in theirs("fCWT").iter().zip(peers["fcwt_frequencies"].as_array().unwrap()) {
        let wavelength = frequency.as_f64().unwrap().recip();
        let scale = omega0 * wavelength / TAU;
        let ours = Cwt::<f64>::new(&morlet, n, &[scale], Norm::L1, Boundary::Periodic).unwrap().transform(&x).unwrap();
        let peak = ours.iter().map(|z| z.norm()).fold(0.0, f64::max);
        // Bin k at this scale is place ⌊k λ/2⌋ of a table for λ = 2.
        let gain = |k: usize| morlet.psihat(omega0 / PI * (k as f64 * wavelength / 2.0).floor() * TAU / n as f64);
        let (mut direct, mut by_table) = (0f64, 0f64);
        for (i, theirs) in row.iter().enumerate() {
            let b = 32 * i;
            let table: Complex64 = (1..n / 2).map(|k| spectrum[k] * gain(k) * root(k * b)).sum();
            direct = direct.max((ours[b] - theirs).norm() / peak);
            by_table = by_table.max((table / n as f64 - theirs).norm() / peak);
        }
        // All of the difference is the table's: modelled, it leaves a fiftieth or less. Where λ/2 is a whole
        // number no place is truncated.
        let truncated = (wavelength / 2.0 - (wavelength / 2.0).round()).abs() > 1e-3;
        assert!(by_table < f64::max(1e-6, direct / 50.0), "λ {wavelength}: {by_table:e}");
        assert!(if truncated { direct > 1e-3 && direct < 0.02 } else { direct < 1e-5 }, "λ {wavelength}: {direct:e}");
    }
}

/// PyWavelets: `l2` and zeros outside, of unit energy, but with a staircase for the integral of psi.
#[test]
fn pywavelets_and_ptwt_difference_an_integral_looked_up_at_truncated_places() {
    let ricker_unit = 2.0 / (3f64.sqrt() * PI.powf(0.25));
    // cmorB-C keeps C in single precision.
    let centre = f64::from((6.0 / TAU) as f32);
    let morlet = Morlet::uncorrected(TAU * centre).unwrap();
    let gaussian = |t: f64| Complex64::from(-2.0 * t * (-t * t).exp() / (PI / 2.0).powf(0.25));
    let complex = PI.powf(0.25) / TAU.sqrt();
    type Psi<'a> = &'a dyn Fn(f64) -> Complex64;
    let cases: [(&str, f64, Psi<'_>); 4] = [
        ("PyWavelets mexh", 8.0, &|t| ricker_unit * Ricker.psi(t)),
        ("ptwt mexh", 8.0, &|t| ricker_unit * Ricker.psi(t)),
        ("PyWavelets gaus1", 5.0, &gaussian),
        ("PyWavelets cmor2.0", 8.0, &|t| complex * morlet.psi(t).conj()),
    ];
    let (n, x) = (64usize, signal(64));
    for (name, end, psi) in cases {
        let places = 4096;
        let step = 2.0 * end / f64::from(places - 1);
        let mut integral = Complex64::ZERO;
        let staircase: Vec<_> = (0..places)
            .map(|i| {
                integral += psi(-end + step * f64::from(i)) * step;
                integral
            })
            .collect();
        for (row, scale) in theirs(name).iter().zip(scales()) {
            let place = |j: usize| (j as f64 / (scale * step)) as usize;
            let taps = (0..).take_while(|j| *j as f64 <= scale * 2.0 * end && place(*j) < staircase.len());
            let mut kernel: Vec<_> = taps.map(|j| staircase[place(j)]).collect();
            kernel.reverse();
            let convolved = |i: i64| -> Complex64 {
                let at = |k: usize| usize::try_from(i - k as i64).ok().and_then(|t| x.get(t)).copied().unwrap_or(0.0);
                kernel.iter().enumerate().map(|(k, value)| value * at(k)).sum()
            };
            // Of len(x) + len(kernel) - 2 differences the middle ones.
            let offset = ((kernel.len() as f64 - 2.0) / 2.0).floor() as i64;
            let peak = row.iter().map(|z| z.norm()).fold(0.0, f64::max);
            let sum = |b: usize| {
                x.iter().enumerate().map(|(t, x)| psi((t as f64 - b as f64) / scale) * x).sum::<Complex64>()
                    / scale.sqrt()
            };
            let (mut direct, mut modelled) = (0f64, 0f64);
            for (i, theirs) in row.iter().enumerate() {
                let b = (4 * i) as i64;
                let model = -scale.sqrt() * (convolved(b + offset + 1) - convolved(b + offset));
                modelled = modelled.max((model - theirs).norm() / peak);
                direct = direct.max((sum(4 * i) - theirs).norm() / peak);
            }
            assert!(modelled < 1e-9 && direct > 0.03, "{name} {scale}: model {modelled:e}, sum {direct:e} of {n}");
        }
    }
}

/// MATLAB cannot run here: what its documentation states of `cwt`. `l1`, a peak of 2, Morse (3, 60) with `β = 60/3`.
#[test]
fn a_unit_cosine_has_modulus_one_as_matlab_documents() {
    let morse = Morse::new(60.0 / 3.0, 3.0).unwrap();
    let (n, k) = (240, 24);
    let tone: Vec<f64> = (0..n).map(|t| (TAU * f64::from(k * t % n) / f64::from(n)).cos()).collect();
    let scale = morse.centre_frequency() * f64::from(n) / f64::from(k);
    let w =
        Cwt::<f64>::new(&morse, n as usize, &[scale], Norm::L1, Boundary::Periodic).unwrap().transform(&tone).unwrap();
    assert!(w.iter().all(|w| (w.norm() - 1.0).abs() < 64.0 * f64::UNIT_ROUNDOFF), "{:?}", w[0]);
    assert!((morse.psihat(TAU * morse.centre_frequency()) - 2.0).norm() < 1e-14);
    // `amor` is 2 e^{-(w - 6)²/2} for w > 0.
    let amor = AnalyticMorlet::uncorrected(6.0).unwrap();
    let factor = 2.0 * PI.powf(0.25) / TAU.sqrt();
    assert!((factor * amor.psihat(6.0) - 2.0).norm() < 1e-14 && amor.psihat(-1.0).norm() == 0.0);
    let scale = 6.0 / TAU * f64::from(n) / f64::from(k);
    let w =
        Cwt::<f64>::new(&amor, n as usize, &[scale], Norm::L1, Boundary::Periodic).unwrap().transform(&tone).unwrap();
    assert!(w.iter().all(|w| (factor * w.norm() - 1.0).abs() < 64.0 * f64::UNIT_ROUNDOFF), "{:?}", w[0]);
}
