//! What sampling itself costs: the sum over samples against the integral that it stands for.

use std::f64::consts::TAU;

use num_complex::Complex64;
use ropelet::signal::{Boundary, Norm, aliasing, clean_scale, direct};
use ropelet::wavelet::MotherWavelet;

use super::{every_wavelet, label};

/// The largest distance between the sums of sampled tones and the integrals of those tones, relative to the largest gain.
fn measured(wavelet: &dyn MotherWavelet, scale: f64) -> f64 {
    let n = 64;
    let peak = wavelet.psihat(TAU * wavelet.centre_frequency()).norm();
    let mut impulse = vec![0.0; n];
    impulse[0] = 1.0;
    let line = direct::cwt(wavelet, &impulse, &[scale], Norm::L1, Boundary::Periodic).unwrap();
    let gain = |k: i64| -> Complex64 {
        let turn = |b: usize| Complex64::cis(-TAU * (k * b as i64).rem_euclid(n as i64) as f64 / n as f64);
        line.iter().enumerate().map(|(b, w)| w * turn(b)).sum()
    };
    let tone = |k: i64| (gain(k) - wavelet.psihat(scale * TAU * k as f64 / n as f64).conj()).norm();
    (-32..=32).map(tone).fold(0.0, f64::max) / peak
}

#[test]
fn the_stated_aliasing_is_what_tones_show() {
    for wavelet in &every_wavelet() {
        let scales = [0.1, 0.4, 0.9, 1.7, 2.5, 4.0, 9.0, 37.0];
        for (scale, stated) in scales.into_iter().zip(aliasing(wavelet.as_ref(), &scales)) {
            let measured = measured(wavelet.as_ref(), scale);
            let what = format!("{} at {scale}: stated {stated:e}, measured {measured:e}", label(wavelet.as_ref()));
            // The same tones, so that only the rounding of the reference is left.
            assert!((measured - stated).abs() <= 1e-9 * stated + 1e-11 * (1.0 + 1.0 / scale), "{what}");
        }
    }
}

#[test]
fn where_psi_jumps_the_bound_of_long_daughters_holds_and_is_near() {
    for wavelet in every_wavelet().iter().filter(|wavelet| wavelet.frequency_spread().is_infinite()) {
        let scale = 600.0;
        let (stated, measured) = (aliasing(wavelet.as_ref(), &[scale])[0], measured(wavelet.as_ref(), scale));
        assert!(measured <= stated && stated <= 4.0 * measured, "{}: {stated:e} {measured:e}", label(wavelet.as_ref()));
    }
}

#[test]
fn the_clean_scale_divides_clean_from_aliased() {
    let tolerance = 1e-3;
    for wavelet in &every_wavelet() {
        let Some(scale) = clean_scale(wavelet.as_ref(), tolerance) else {
            panic!("{} is never clean", label(wavelet.as_ref()));
        };
        let around = aliasing(wavelet.as_ref(), &[0.99 * scale, scale, 1.5 * scale, 4.0 * scale]);
        assert!(around[0] > tolerance, "{}: {around:?}", label(wavelet.as_ref()));
        assert!(around[1..].iter().all(|found| *found <= tolerance), "{}: {around:?}", label(wavelet.as_ref()));
    }
}
