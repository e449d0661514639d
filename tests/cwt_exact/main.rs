//! How exact the wavelet transform is: relative to the largest coefficient of each scale at most 1e-12 in `f64` and
//! 1e-6 in `f32`, for every family, boundary and scale, short and long; against closed forms, against sums of forty
//! digits, and beside the tools that others use.

mod aliasing;
mod analyses;
mod closed_forms;
mod errors;
mod long;
mod peers;
mod references;

use num_complex::{Complex, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ropelet::signal::{Boundary, Sample};
use ropelet::wavelet::{Family, FromSamples, FromSpectrum, MotherWavelet, Parameters, Ricker};

const BOUNDARIES: [Boundary; 4] = [Boundary::Zero, Boundary::Periodic, Boundary::Reflect, Boundary::Constant];

/// Every family at its default, and some at awkward parameters.
fn every_wavelet() -> Vec<Box<dyn MotherWavelet>> {
    let with = |family: Family, parameters| family.build(&parameters).unwrap();
    let order = |order| Parameters { order: Some(order), ..Parameters::default() };
    let omega0 = |omega0| Parameters { omega0: Some(omega0), ..Parameters::default() };
    let mut all: Vec<_> = Family::ALL.iter().map(|&family| with(family, Parameters::default())).collect();
    all.extend([
        with(Family::Dog, order(1.0)),
        with(Family::Dog, order(9.0)),
        with(Family::Morlet, omega0(1.5)),
        with(Family::Morlet, omega0(20.0)),
        with(Family::Paul, order(1.0)),
        with(Family::Morse, Parameters { gamma: Some(1.5), ..order(3.0) }),
    ]);
    all
}

/// Wavelets that a user may give: Ricker by samples, and the "bump" of ssqueezepy and MATLAB by its spectrum.
fn given_wavelets() -> [Box<dyn MotherWavelet>; 2] {
    let ricker = (-38..=38).map(|k| Ricker.psi(f64::from(k) / 4.0)).collect();
    let bump = |w: f64| {
        let x = (w - 5.0) / 0.6;
        if x.abs() < 1.0 { (2.0 * (1.0 - 1.0 / (1.0 - x * x)).exp()).into() } else { Complex64::ZERO }
    };
    [
        Box::new(FromSamples::around_zero(ricker, 0.25).unwrap()),
        Box::new(FromSpectrum::new(bump, (4.4, 5.6), &[]).unwrap()),
    ]
}

/// The name with its parameters: `morse, beta 20, gamma 3`.
fn label(wavelet: &dyn MotherWavelet) -> String {
    let parameters = wavelet.parameters().into_iter().map(|(name, value)| format!(", {name} {value}"));
    std::iter::once(wavelet.name().to_owned()).chain(parameters).collect()
}

/// What is asked of a type.
trait Limits: Sample {
    /// Of the error of a coefficient, relative to the largest of its scale.
    const LIMIT: f64;
    /// Coefficients of samples near 1 that are smaller may underflow on their way.
    const SMALLEST: f64;
}

impl Limits for f64 {
    const LIMIT: f64 = 1e-12;
    const SMALLEST: f64 = 1e-300;
}

impl Limits for f32 {
    const LIMIT: f64 = 1e-6;
    const SMALLEST: f64 = 1e-30;
}

/// Signals whose samples both types hold exactly, by name.
fn signals(n: usize) -> Vec<(&'static str, Vec<f64>)> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let exact = |x: f64| f64::from(x as f32);
    let noise = (0..n).map(|_| exact(random.random_range(-1.0..1.0))).collect();
    let impulse = (0..n).map(|t| f64::from(u8::from(t == n / 3))).collect();
    // An impulse at either end.
    let ends = (0..n).map(|t| if t == 0 { 1.0 } else { f64::from(u8::from(t + 1 == n)) * -0.75 }).collect();
    let step = (0..n).map(|t| f64::from(u8::from(t >= n / 3))).collect();
    let chirp = (0..n).map(|t| {
        let s = t as f64 / n as f64 - 0.5;
        exact((-8.0 * s * s).exp() * (std::f64::consts::FRAC_PI_2 * n as f64 * s * (s + 1.0)).cos())
    });
    vec![("noise", noise), ("impulse", impulse), ("ends", ends), ("step", step), ("chirp", chirp.collect())]
}

fn rounded<T: Sample>(signal: &[f64]) -> Vec<T> {
    signal.iter().map(|&x| T::of(x)).collect()
}

fn distance<T: Sample>(ours: Complex<T>, theirs: Complex64) -> f64 {
    (Complex64::new(ours.re.wide(), ours.im.wide()) - theirs).norm()
}

/// A sum of products as if in twice the precision [ogita2005, Algorithm 5.3].
fn dot(terms: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    for (x, y) in terms {
        let product = x * y;
        let next = sum + product;
        let part = next - sum;
        lost += (sum - (next - part)) + (product - part) + x.mul_add(y, -product);
        sum = next;
    }
    sum + lost
}

fn largest(coefficients: &[Complex64]) -> f64 {
    coefficients.iter().map(|w| w.norm()).fold(0.0, f64::max)
}
