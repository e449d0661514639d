//! The transform, both types and all its paths, against integrals in closed form, where nothing aliases.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;
use ropelet::signal::{Boundary, Cwt, Norm};
use ropelet::wavelet::{Morlet, MotherWavelet, Ricker};

use super::{Limits, distance, largest, rounded};

fn assert_exact<T: Limits>(
    wavelet: &dyn MotherWavelet,
    signal: &[f64],
    scale: f64,
    boundary: Boundary,
    expected: impl Fn(f64) -> Complex64,
) {
    let n = signal.len();
    let expected: Vec<_> = (0..n).map(|b| expected(b as f64)).collect();
    let cwt = Cwt::<T>::new(wavelet, n, &[scale], Norm::L2, boundary).unwrap();
    let ours = cwt.transform(&rounded::<T>(signal)).unwrap();
    let error = ours.iter().zip(&expected).map(|(z, e)| distance(*z, *e)).fold(0.0, f64::max);
    let relative = error / largest(&expected);
    assert!(relative <= T::LIMIT, "{wavelet:?} scale {scale} {}: {relative:e}", T::NAME);
}

/// `x(t) = Re e^{-α s² + iνs}`, `s = t - c`, with complex `α`: a linear chirp under a Gaussian. With `d = b - c` and
/// `A = 1/2a² + α` the square is completed to `√(π/A) e^{(2αd + i(ω0/a - ν))²/4A - αd² + iνd}`.
#[test]
fn a_chirp_under_a_gaussian_has_its_closed_form() {
    let (n, centre, omega0) = (1101, 550.0, 6.0);
    let (alpha, nu) = (Complex64::new(1.0 / 5000.0, -0.003), 0.9);
    let at = |t: usize| {
        let s = t as f64 - centre;
        (-alpha * s * s + Complex64::I * nu * s).exp().re
    };
    let signal: Vec<f64> = (0..n).map(at).collect();
    let morlet = Morlet::uncorrected(omega0).unwrap();
    for scale in [4.5, 6.0, 9.5, 18.0] {
        let part = |alpha: Complex64, nu: f64, d: f64| {
            let a = 0.5 / (scale * scale) + alpha;
            let linear = 2.0 * alpha * d + Complex64::I * (omega0 / scale - nu);
            (PI / a).sqrt() * (linear * linear / (4.0 * a) - alpha * d * d + Complex64::I * nu * d).exp()
        };
        let expected = |b: f64| {
            let d = b - centre;
            0.5 * PI.powf(-0.25) / f64::sqrt(scale) * (part(alpha, nu, d) + part(alpha.conj(), -nu, d))
        };
        assert_exact::<f64>(&morlet, &signal, scale, Boundary::Zero, expected);
        assert_exact::<f32>(&morlet, &signal, scale, Boundary::Zero, expected);
    }
}

#[test]
fn a_gaussian_pulse_has_its_closed_form() {
    let (n, centre, width) = (509, 254.0, 12.0f64);
    let signal: Vec<f64> = (0..n).map(|t| (-(t as f64 - centre).powi(2) / (2.0 * width * width)).exp()).collect();
    for scale in [3.0, 8.0, 24.0, 90.0] {
        let total = scale * scale + width * width;
        let expected = |b: f64| {
            let d = b - centre;
            let smooth = TAU.sqrt() * scale * width / total.sqrt() * (-d * d / (2.0 * total)).exp();
            Complex64::from(scale * scale / total * (1.0 - d * d / total) * smooth / scale.sqrt())
        };
        assert_exact::<f64>(&Ricker, &signal, scale, Boundary::Zero, expected);
        assert_exact::<f32>(&Ricker, &signal, scale, Boundary::Zero, expected);
    }
}

/// A tone in a periodic signal, of smooth and of prime length, is multiplied by `conj(psihat)`.
#[test]
fn a_pure_tone_is_multiplied_by_the_spectrum() {
    let morlet = Morlet::corrected(6.0).unwrap();
    for n in [600usize, 601] {
        let omega = TAU * 31.0 / n as f64;
        let signal: Vec<f64> = (0..n).map(|t| (TAU * (31 * t % n) as f64 / n as f64).cos()).collect();
        for scale in [12.0, 18.5, 25.0] {
            let gain = |omega: f64| 0.5 * f64::sqrt(scale) * morlet.psihat(scale * omega).conj();
            let turn = |b: f64| Complex64::cis(TAU * ((31.0 * b) % n as f64) / n as f64);
            let expected = |b: f64| gain(omega) * turn(b) + gain(-omega) * turn(b).conj();
            assert_exact::<f64>(&morlet, &signal, scale, Boundary::Periodic, expected);
            assert_exact::<f32>(&morlet, &signal, scale, Boundary::Periodic, expected);
        }
    }
}
