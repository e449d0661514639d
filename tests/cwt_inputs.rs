//! What goes into a transform: signals continued by constants, complex signals, and wavelets that a user gives as
//! samples or as a spectrum. Each against a sum written out, with a control that must fail.

use std::f64::consts::TAU;

use num_complex::{Complex, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ropelet::numeric::{Agreement, Bound, Real, gamma};
use ropelet::signal::{Boundary, Cwt, CwtPlanner, Norm, Sample, ScaleEnergy, SignalError, direct};
use ropelet::wavelet::{
    AnalyticDerivativeOfGaussian, AnalyticMorlet, DerivativeOfGaussian, FrequencyBSpline, FromSamples, FromSpectrum,
    Gaussian, Haar, HaarLike, Morlet, Morse, MotherWavelet, Part, Paul, Ricker,
};

const U: f64 = f64::UNIT_ROUNDOFF;

fn noise<T: Sample>(length: usize, seed: u64) -> Vec<T> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // Ends that are not small.
    let mut noise: Vec<T> = (0..length).map(|_| T::of(random.random_range(-1.0..1.0))).collect();
    noise[0] = T::of(0.875);
    noise[length - 1] = T::of(-0.75);
    noise
}

fn wide<T: Sample>(z: Complex<T>) -> Complex64 {
    Complex64::new(z.re.wide(), z.im.wide())
}

// --- constants beyond the ends -----------------------------------------------------------------------

/// Every `step`-th coefficient against the sum over the signal with `reach` constants on either side; returns the
/// largest ratio of error to bound.
fn check_constant<T: Sample>(wavelet: &dyn MotherWavelet, n: usize, scale: f64, reach: usize, step: usize) -> f64 {
    let signal = noise::<T>(n, 1);
    let cwt = Cwt::<T>::new(wavelet, n, &[scale], Norm::L2, Boundary::Constant).unwrap();
    let fast = cwt.transform(&signal).unwrap();
    let extended = |t: i64| signal[t.clamp(0, n as i64 - 1) as usize].wide();
    let reach = reach as i64;
    let daughter: Vec<Complex64> = (-reach..=reach).map(|lag| wavelet.psi(lag as f64 / scale).conj()).collect();
    let factor = Norm::L2.factor(scale);
    let size: f64 = daughter.iter().map(|z| z.norm()).sum();
    // The sum itself, of terms in any order, and what the quadrature of Morse's psi adds up to.
    let summed = gamma(2 * reach as usize + 200, U) * factor * size;
    let bound = cwt.error_bound(0, &signal) + Bound::rounding(summed);
    let mut worst = 0.0f64;
    for b in (0..n).step_by(step).chain(n.saturating_sub(3)..n) {
        let sum: Complex64 = (-reach..).zip(&daughter).map(|(lag, z)| z * extended(b as i64 + lag)).sum();
        let error = (wide(fast[b]) - factor * sum).norm();
        let agreement = Agreement::of(error, 0.0, bound);
        assert!(agreement.holds(), "{wavelet:?} {} n {n} scale {scale} at {b}: {error:e} {bound:?}", T::NAME);
        worst = worst.max(agreement.ratio());
    }
    if wavelet.is_real() {
        let real = cwt.transform_real(&signal).unwrap();
        assert!(fast.iter().zip(&real).all(|(z, x)| z.re == *x && z.im == T::default()));
    }
    let power = cwt.power(&signal).unwrap();
    let close = |(z, p): (&Complex<T>, &T)| (wide(*z).norm_sqr() - p.wide()).abs() <= 4.0 * T::UNIT_ROUNDOFF * p.wide();
    assert!(fast.iter().zip(&power).all(close));
    worst
}

#[test]
fn constants_beyond_the_ends_are_summed_for_ever() {
    let wavelets: Vec<(Box<dyn MotherWavelet>, f64)> = vec![
        (Box::new(Haar), 1.0),
        (Box::new(HaarLike::new(2, Part::PsiPrime).unwrap()), 2.0),
        (Box::new(Ricker), 39.0),
        (Box::new(Gaussian), 28.0),
        (Box::new(Morlet::corrected(6.0).unwrap()), 39.0),
        (Box::new(DerivativeOfGaussian::new(3).unwrap()), 39.0),
        (Box::new(Morse::new(20.0, 3.0).unwrap()), 60.0),
        (Box::new(Paul::new(6).unwrap()), 2000.0),
        (Box::new(AnalyticDerivativeOfGaussian::new(7).unwrap()), 400.0),
    ];
    let mut worst = 0.0f64;
    for (wavelet, radius) in &wavelets {
        for n in [1, 2, 7, 64] {
            for scale in [0.7, 3.0, 40.0] {
                let reach = (radius * scale) as usize + 1;
                worst = worst.max(check_constant::<f64>(wavelet.as_ref(), n, scale, reach, 5));
                worst = worst.max(check_constant::<f32>(wavelet.as_ref(), n, scale, reach, 9));
            }
        }
    }
    assert!(worst > 1e-3, "{worst:e}");
}

/// Long signals go in pieces, and short daughters are summed.
#[test]
fn every_path_adds_its_constants() {
    for scale in [0.4, 2.2, 9.0, 90.0] {
        for wavelet in [&Morlet::corrected(6.0).unwrap() as &dyn MotherWavelet, &Ricker] {
            check_constant::<f32>(wavelet, 20_000, scale, (39.0 * scale) as usize + 1, 997);
            check_constant::<f64>(wavelet, 20_000, scale, (39.0 * scale) as usize + 1, 997);
        }
    }
}

#[test]
fn the_direct_sum_has_the_same_constants_and_a_constant_signal_vanishes() {
    let signal = noise::<f64>(50, 2);
    for wavelet in [&Ricker as &dyn MotherWavelet, &Morse::new(3.0, 3.0).unwrap(), &Paul::new(2).unwrap()] {
        let scales = [1.5, 12.0, 200.0];
        let cwt = Cwt::<f64>::new(wavelet, 50, &scales, Norm::L1, Boundary::Constant).unwrap();
        let fast = cwt.transform(&signal).unwrap();
        let slow = direct::cwt(wavelet, &signal, &scales, Norm::L1, Boundary::Constant).unwrap();
        let zero = direct::cwt(wavelet, &signal, &scales, Norm::L1, Boundary::Zero).unwrap();
        for (row, scale) in scales.iter().enumerate() {
            // Sums of some 50 terms of the daughter, whose absolute values sum to a few over all lags.
            let bound = cwt.error_bound(row, &signal).total() + gamma(120, U) * 8.0;
            let at = |table: &[Complex64], b: usize| table[row * 50 + b];
            assert!((0..50).all(|b| (at(&fast, b) - at(&slow, b)).norm() <= bound), "{wavelet:?} {scale}");
            // The control: zeros beyond the ends are something else.
            assert!((0..50).any(|b| (at(&fast, b) - at(&zero, b)).norm() > 1e3 * bound), "{wavelet:?} {scale}");
        }
        // At scale 12 no frequency that aliases to 0 passes.
        let ones = vec![1.0; 50];
        let flat = cwt.transform(&ones).unwrap();
        let bound = cwt.error_bound(1, &ones).total() + 1e-13;
        assert!(flat[50..100].iter().all(|w| w.norm() <= bound), "{wavelet:?}: {:e} {bound:e}", flat[75].norm());
    }
}

/// Two sums over half-lines that begin one lag apart differ by a value, and both half-lines with 0 add up to the aliases of the
/// spectrum (Poisson): so `tail_sum` is the sum that it is said to be, of `psi` and of `psi'`.
#[test]
fn tail_sums_telescope_and_add_up_to_the_aliases_of_frequency_zero() {
    let morlet = Morlet::corrected(6.0).unwrap();
    let samples = (-72..=80).map(|k| morlet.psi(f64::from(k) / 8.0)).collect();
    let wavelets: Vec<Box<dyn MotherWavelet>> = vec![
        Box::new(AnalyticMorlet::corrected(6.0).unwrap()),
        Box::new(AnalyticMorlet::corrected(0.4).unwrap()),
        Box::new(AnalyticMorlet::corrected(25.0).unwrap()),
        Box::new(AnalyticMorlet::corrected(60.0).unwrap()),
        Box::new(FrequencyBSpline::shannon(1.5, 1.0).unwrap()),
        Box::new(FrequencyBSpline::new(2, 1.5, 1.0).unwrap()),
        Box::new(FrequencyBSpline::new(7, 1.0, 0.6).unwrap()),
        Box::new(FromSamples::new(samples, -9.0, 0.125).unwrap()),
        Box::new(sampled_ricker(0.25, 9.5)),
        Box::new(Paul::new(4).unwrap()),
        Box::new(Morse::new(20.0, 3.0).unwrap()),
        Box::new(AnalyticDerivativeOfGaussian::new(3).unwrap()),
    ];
    for wavelet in &wavelets {
        for scale in [0.7, 3.3, 47.1] {
            for derivative in [false, true] {
                let half = |first: u64, direction: f64| {
                    let sum = if derivative {
                        wavelet.derivative_tail_sum(scale, first, direction)
                    } else {
                        wavelet.tail_sum(scale, first, direction)
                    };
                    sum.unwrap_or_else(|| panic!("{wavelet:?} {scale}"))
                };
                let value = |t: f64| if derivative { wavelet.derivative(t).unwrap() } else { wavelet.psi(t) };
                let gain = |p: i32| {
                    let omega = TAU * f64::from(p) * scale;
                    wavelet.psihat(omega) * if derivative { Complex64::new(0.0, omega) } else { Complex64::ONE }
                };
                // A sum of values near 1, a of them to a unit of time; a derivative is larger by the frequency.
                let size = scale * if derivative { TAU * wavelet.centre_frequency() } else { 1.0 };
                let bound = 2e-13 * (size + 1.0);
                let what = format!("{wavelet:?} scale {scale} derivative {derivative}");
                for (first, direction) in [(1, 1.0), (1, -1.0), (38, 1.0), (400, -1.0), (100_000, 1.0)] {
                    let apart = half(first, direction) - half(first + 1, direction);
                    let off = (apart - value(direction * first as f64 / scale)).norm();
                    assert!(off <= bound, "{what} at {first} {direction}: {off:e}");
                }
                let sum = half(1, 1.0) + half(1, -1.0) + value(0.0);
                let aliases: Complex64 = scale * (-40..=40).map(gain).sum::<Complex64>();
                assert!((sum - aliases).norm() <= bound, "{what}: {sum} {aliases}");
            }
        }
    }
}

#[test]
fn a_tail_without_a_sum_and_an_endless_energy_are_refused() {
    // At this scale every lag meets Shannon's band at the same phase, and psi falls as 1/t.
    let shannon = FrequencyBSpline::shannon(1.5, 1.25).unwrap();
    let refused = Cwt::<f64>::new(&shannon, 20, &[0.5], Norm::L2, Boundary::Constant).err();
    assert_eq!(refused, Some(SignalError::TailSum { wavelet: "shannon" }));
    let refused = direct::cwt(&shannon, &[1.0, 2.0], &[0.5], Norm::L2, Boundary::Constant);
    assert_eq!(refused, Err(SignalError::TailSum { wavelet: "shannon" }));
    assert_eq!(direct::cwt(&shannon, &[1.0, 2.0], &[0.7], Norm::L2, Boundary::Constant).err(), None);
    // A spectrum may have any tails.
    let refused = Cwt::<f64>::new(&spectral_ricker(), 20, &[2.0], Norm::L2, Boundary::Constant).err();
    assert_eq!(refused, Some(SignalError::TailSum { wavelet: "spectrum" }));
    let refused = Cwt::<f64>::new(&AnalyticMorlet::uncorrected(6.0).unwrap(), 20, &[2.0], Norm::L2, Boundary::Constant);
    assert_eq!(refused.err(), Some(SignalError::TailSum { wavelet: "analytic-morlet-uncorrected" }));
    let refused = ScaleEnergy::<f64>::new(&Ricker, 20, &[2.0], Norm::L2, Boundary::Constant).err();
    assert_eq!(refused, Some(SignalError::Endless { wavelet: "ricker" }));
}

// --- complex signals -------------------------------------------------------------------------------------

#[test]
fn a_complex_signal_is_transformed_as_its_two_parts() {
    fn check<T: Sample>(wavelet: &dyn MotherWavelet, boundary: Boundary) {
        let (n, scales) = (70, [1.3, 6.0, 50.0]);
        let parts = [noise::<T>(2 * n, 3), noise::<T>(2 * n, 4)];
        let signals: Vec<Complex<T>> = parts[0].iter().zip(&parts[1]).map(|(re, im)| Complex::new(*re, *im)).collect();
        let cwt = Cwt::<T>::new(wavelet, n, &scales, Norm::L2, boundary).unwrap();
        let fast = cwt.transform_complex(&signals).unwrap();
        let mut with = vec![Complex::default(); fast.len()];
        cwt.transform_complex_with(&signals, &mut with, &mut cwt.complex_scratch()).unwrap();
        assert_eq!(fast, with);
        for (place, signal) in [0, n].into_iter().zip(fast.chunks(n * scales.len())) {
            let part = |part: usize| &parts[part][place..place + n];
            let slow = |p| direct::cwt(wavelet, part(p), &scales, Norm::L2, boundary).unwrap();
            let (real, imaginary) = (slow(0), slow(1));
            for (i, w) in signal.iter().enumerate() {
                let expected = real[i] + Complex64::I * imaginary[i];
                let bound = cwt.error_bound(i / n, part(0)) + cwt.error_bound(i / n, part(1));
                let sums = 4.0 * T::UNIT_ROUNDOFF * expected.norm() + gamma(400, U) * 40.0;
                assert!((wide(*w) - expected).norm() <= bound.total() + sums, "{wavelet:?} {boundary:?} at {i}");
                // The control: the conjugate signal has other coefficients, but for a few by chance.
                let wrong = real[i] - Complex64::I * imaginary[i];
                let seen = (wide(*w) - wrong).norm() > bound.total();
                assert!(seen || imaginary[i].norm() < 1e-3, "{wavelet:?} {boundary:?} at {i}");
            }
        }
    }
    for boundary in [Boundary::Zero, Boundary::Periodic, Boundary::Reflect, Boundary::Constant] {
        for wavelet in [&Ricker as &dyn MotherWavelet, &Morlet::corrected(6.0).unwrap(), &Paul::new(4).unwrap()] {
            check::<f64>(wavelet, boundary);
            check::<f32>(wavelet, boundary);
        }
    }
}

#[test]
fn bad_complex_signals_are_refused() {
    let cwt = Cwt::<f64>::new(&Ricker, 4, &[2.0], Norm::L2, Boundary::Zero).unwrap();
    let mut signal = vec![Complex64::new(1.0, 2.0); 4];
    assert_eq!(cwt.transform_complex(&signal[..3]), Err(SignalError::Length { length: 4, found: 3 }));
    let mut room = vec![Complex64::ZERO; 3];
    assert_eq!(cwt.transform_complex_into(&signal, &mut room), Err(SignalError::Room { expected: 4, found: 3 }));
    let other = Cwt::<f64>::new(&Ricker, 5, &[2.0], Norm::L2, Boundary::Zero).unwrap();
    let mut room = vec![Complex64::ZERO; 4];
    let with = cwt.transform_complex_with(&signal, &mut room, &mut other.complex_scratch());
    assert_eq!(with, Err(SignalError::Scratch));
    signal[2].im = f64::INFINITY;
    assert_eq!(cwt.transform_complex(&signal), Err(SignalError::NotFinite { index: 2, value: f64::INFINITY }));
}

// --- wavelets that a user gives -------------------------------------------------------------------------------

fn sampled_ricker(step: f64, radius: f64) -> FromSamples {
    let half = (radius / step).round() as i32;
    let samples = (-half..=half).map(|k| Ricker.psi(f64::from(k) * step)).collect();
    FromSamples::around_zero(samples, step).unwrap()
}

fn spectral_ricker() -> FromSpectrum {
    FromSpectrum::new(|w| Ricker.psihat(w), (-12.0, 12.0), &[]).unwrap()
}

#[test]
fn ricker_given_as_samples_or_as_a_spectrum_is_ricker() {
    let (samples, spectrum) = (sampled_ricker(0.125, 9.5), spectral_ricker());
    for (wavelet, error) in [(&samples as &dyn MotherWavelet, samples.error()), (&spectrum, spectrum.error())] {
        // Beyond 25 or 12 radians Ricker's spectrum has less than 1e-28 of its area; the samples left out are below
        // 1e-17.
        let bound = error.total() + 1e-15;
        assert!(bound < 1e-12 && wavelet.is_real(), "{wavelet:?} {bound:e}");
        for i in -150..=150 {
            let t = f64::from(i) * 0.0617;
            let apart = (wavelet.psi(t) - Ricker.psi(t)).norm();
            assert!(apart <= bound, "{wavelet:?} at {t}: {apart:e} {bound:e}");
            let apart = (wavelet.psihat(t) - Ricker.psihat(t)).norm();
            assert!(apart <= 10.0 * bound, "{wavelet:?} spectrum at {t}: {apart:e}");
        }
        for (ours, theirs, relative) in [
            (wavelet.energy(), Ricker.energy(), 1e-11),
            (wavelet.time_spread(), Ricker.time_spread(), 1e-6),
            (wavelet.frequency_spread(), Ricker.frequency_spread(), 1e-9),
            // The highest of a flat top is found to the root of a roundoff.
            (wavelet.centre_frequency(), Ricker.centre_frequency(), 1e-7),
            (wavelet.e_folding_time(), 2.0 * Ricker.time_spread(), 1e-6),
        ] {
            assert!((ours / theirs - 1.0).abs() < relative, "{wavelet:?}: {ours} {theirs}");
        }
        assert!(wavelet.mean().abs() <= 1e-13);
    }
    let c_psi = spectrum.admissibility().c_psi().unwrap();
    assert!((c_psi / TAU - 1.0).abs() < 1e-9, "{c_psi}");
    let c_psi = samples.clone().centred().admissibility().c_psi().unwrap();
    assert!((c_psi / TAU - 1.0).abs() < 1e-6, "{c_psi}");
    // The controls: samples too far apart, and a band too narrow.
    let coarse = sampled_ricker(1.0, 9.0);
    assert!((coarse.psi(0.5) - Ricker.psi(0.5)).norm() > 1e-3);
    let narrow = FromSpectrum::new(|w| Ricker.psihat(w), (-3.0, 3.0), &[]).unwrap();
    assert!((narrow.psi(0.0) - 1.0).norm() > 1e-3 && narrow.time_spread().is_infinite());
}

#[test]
fn transforms_with_given_wavelets_are_those_of_ricker() {
    let signal = noise::<f64>(90, 5);
    let scales = [1.7, 5.0, 30.0];
    for boundary in [Boundary::Zero, Boundary::Periodic, Boundary::Reflect] {
        let ricker = Cwt::<f64>::new(&Ricker, 90, &scales, Norm::L1, boundary).unwrap();
        let expected = ricker.transform_real(&signal).unwrap();
        let (samples, spectrum) = (sampled_ricker(0.125, 9.5), spectral_ricker().with_reach(9.5));
        for (wavelet, error) in [(&samples as &dyn MotherWavelet, samples.error()), (&spectrum, spectrum.error())] {
            let cwt = Cwt::<f64>::new(wavelet, 90, &scales, Norm::L1, boundary).unwrap();
            let w = cwt.transform_real(&signal).unwrap();
            for (i, (w, expected)) in w.iter().zip(&expected).enumerate() {
                let row = i / 90;
                let bounds = cwt.error_bound(row, &signal) + ricker.error_bound(row, &signal);
                // Each of at most 180 lags by the error of psi.
                let bound = bounds.total() + 180.0 * (error.total() + 1e-15);
                assert!((w - expected).abs() <= bound, "{wavelet:?} {boundary:?} at {i}: {w} {expected} {bound:e}");
            }
        }
    }
    // Both can be continued by constants, too.
    let ricker = Cwt::<f64>::new(&Ricker, 90, &[5.0, 60.0], Norm::L1, Boundary::Constant).unwrap();
    let expected = ricker.transform_real(&signal).unwrap();
    for wavelet in [&sampled_ricker(0.125, 9.5) as &dyn MotherWavelet, &spectral_ricker().with_reach(9.5)] {
        let cwt = Cwt::<f64>::new(wavelet, 90, &[5.0, 60.0], Norm::L1, Boundary::Constant).unwrap();
        let w = cwt.transform_real(&signal).unwrap();
        assert!(w.iter().zip(&expected).all(|(w, e)| (w - e).abs() < 1e-11), "{wavelet:?}");
    }
}

#[test]
fn a_complex_wavelet_can_be_given_too() {
    let morlet = Morlet::corrected(6.0).unwrap();
    let samples = (-144..=144).map(|k| morlet.psi(f64::from(k) / 16.0)).collect();
    let given = FromSamples::new(samples, -9.0, 0.0625).unwrap();
    let bound = given.error().total() + 1e-15;
    assert!(
        !given.is_real()
            && (0..99).all(|i| {
                let t = f64::from(i) * 0.09 - 4.4;
                (given.psi(t) - morlet.psi(t)).norm() <= bound
            })
    );
    let spectrum = FromSpectrum::new(|w| Morse::new(20.0, 3.0).unwrap().psihat(w), (0.0, 5.0), &[]).unwrap();
    let morse = Morse::new(20.0, 3.0).unwrap();
    assert!(spectrum.is_analytic() && !spectrum.is_real());
    for t in [-9.0, -0.3, 0.0, 1.7, 44.0] {
        let apart = (spectrum.psi(t) - morse.psi(t)).norm();
        assert!(apart <= spectrum.error().total() + morse.error().total() + 1e-15, "{t}: {apart:e}");
    }
}

#[test]
fn a_planner_does_not_take_one_given_wavelet_for_another() {
    let mut planner = CwtPlanner::<f64>::new();
    let signal = noise::<f64>(16, 6);
    let mut at = |wavelet: &FromSamples| {
        let plan = planner.plan(wavelet, 16, &[4.0], Norm::L2, Boundary::Zero).unwrap();
        plan.transform_real(&signal).unwrap()
    };
    // The same number of samples, the same grid, other values.
    let first = FromSamples::new(vec![1.0.into(), Complex64::ZERO, (-1.0).into()], 10.0, 1.0).unwrap();
    let second = FromSamples::new(vec![1.0.into(), (-1.0).into(), Complex64::ZERO], 10.0, 1.0).unwrap();
    assert_ne!(at(&first), at(&second));
    assert_eq!(at(&first), at(&first.clone()));
}

#[test]
fn bad_wavelets_are_refused() {
    let bad = |samples: Vec<Complex64>, first, step| FromSamples::new(samples, first, step).unwrap_err().to_string();
    assert!(bad(vec![], 0.0, 1.0).contains("at least 1"));
    assert!(bad(vec![Complex64::ZERO; 3], 0.0, 1.0).contains("at least 1"));
    assert!(bad(vec![Complex64::ONE], 0.0, 0.0).contains("step is 0"));
    assert!(bad(vec![Complex64::ONE], f64::NAN, 1.0).contains("NaN"));
    assert!(bad(vec![Complex64::new(0.0, f64::INFINITY)], 0.0, 1.0).contains("inf"));
    let bad = |psihat: fn(f64) -> Complex64, band| FromSpectrum::new(psihat, band, &[]).unwrap_err().to_string();
    assert!(bad(|_| Complex64::ONE, (1.0, 1.0)).contains("width of the band"));
    assert!(bad(|_| Complex64::ZERO, (0.0, 1.0)).contains("positive number"));
    assert!(bad(|_| f64::NAN.into(), (0.0, 1.0)).contains("NaN"));
}
