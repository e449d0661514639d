//! A long signal of prime length, whose transform goes in pieces: both ends, the seams of the pieces, and the inside.

use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ropelet::numeric::{Agreement, Bound, Real, gamma};
use ropelet::signal::{Boundary, Cwt, Norm, Path};
use ropelet::wavelet::{Haar, Morlet, MotherWavelet, Paul, Ricker};

use super::errors::condition;
use super::{BOUNDARIES, Limits, distance, dot, rounded};

const N: usize = 100_003;

/// The sum that defines `W(a, b)` in twice the precision, for a daughter that is 0 beyond `reach` samples, and the sum of
/// the moduli of its terms.
fn sum(
    wavelet: &dyn MotherWavelet,
    x: &[f64],
    scale: f64,
    boundary: Boundary,
    reach: i64,
    b: usize,
) -> (Complex64, f64) {
    let n = x.len() as i64;
    let sample = |t: i64| match boundary {
        Boundary::Zero => usize::try_from(t).ok().and_then(|t| x.get(t)).copied().unwrap_or(0.0),
        Boundary::Periodic => x[t.rem_euclid(n) as usize],
        Boundary::Reflect => x[t.rem_euclid(2 * n).min(2 * n - 1 - t.rem_euclid(2 * n)) as usize],
        Boundary::Constant => x[t.clamp(0, n - 1) as usize],
    };
    let lags = match boundary {
        Boundary::Zero => (-reach).max(-(b as i64))..=reach.min(n - 1 - b as i64),
        _ => -reach..=reach,
    };
    let terms: Vec<_> = lags.map(|lag| (wavelet.psi(lag as f64 / scale).conj(), sample(b as i64 + lag))).collect();
    let factor = Norm::L2.factor(scale);
    let (re, im) = (dot(terms.iter().map(|(k, x)| (k.re, *x))), dot(terms.iter().map(|(k, x)| (k.im, *x))));
    (factor * Complex64::new(re, im), factor * terms.iter().map(|(k, x)| k.norm() * x.abs()).sum::<f64>())
}

fn check<T: Limits>(
    wavelet: &dyn MotherWavelet,
    x: &[f64],
    scale: f64,
    boundary: Boundary,
    sums: &[(usize, Complex64, f64)],
) -> usize {
    let signal = rounded::<T>(x);
    let cwt = Cwt::<T>::new(wavelet, N, &[scale], Norm::L2, boundary).unwrap();
    let found = cwt.transform(&signal).unwrap();
    let peak = found.iter().map(|w| w.re.wide().hypot(w.im.wide())).fold(0.0, f64::max);
    for &(b, sum, terms) in sums {
        let error = distance(found[b], sum);
        let what = format!("{wavelet:?} {boundary:?} {} scale {scale} at {b}: {error:e} of {peak:e}", T::NAME);
        assert!(error <= T::LIMIT * condition::<T>(terms, peak) * peak, "{what}");
        let of_daughter = Bound::rounding(gamma(64, f64::UNIT_ROUNDOFF) * terms);
        assert!(Agreement::of(error, 0.0, cwt.error_bound(0, &signal) + of_daughter).holds(), "{what}");
    }
    match cwt.rows()[0].path {
        Path::Phases { blocks, .. } => blocks,
        _ => 1,
    }
}

#[test]
fn a_hundred_thousand_samples_are_as_exact_at_their_ends_and_seams() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    // With ends that are not small; exact in both types.
    let x: Vec<f64> =
        (0..N).map(|t| f64::from(random.random_range(-1.0..1.0f32) + t as f32 / N as f32 + 0.5)).collect();
    let places = [0, 1, 2047, 4096, 50_001, 65_535, 65_536, 99_990, N - 1];
    let (morlet, paul) = (Morlet::corrected(6.0).unwrap(), Paul::new(4).unwrap());
    let mut pieces = 0;
    for (wavelet, radius) in [(&morlet as &dyn MotherWavelet, 9.5), (&Ricker, 9.5), (&Haar, 1.0)] {
        for boundary in BOUNDARIES {
            for scale in [1.5, 40.0, 3000.0] {
                let reach = (radius * scale) as i64 + 1;
                let sums = places.map(|b| {
                    let (sum, terms) = sum(wavelet, &x, scale, boundary, reach, b);
                    (b, sum, terms)
                });
                pieces = pieces.max(check::<f64>(wavelet, &x, scale, boundary, &sums));
                pieces = pieces.max(check::<f32>(wavelet, &x, scale, boundary, &sums));
            }
        }
    }
    assert!(pieces > 4, "no transform went in pieces");
    // Beyond the length, and with tails that never end.
    for (wavelet, scale) in [(&morlet as &dyn MotherWavelet, 4.0 * N as f64), (&paul, 40.0), (&paul, 3000.0)] {
        let sums = places.map(|b| {
            let (sum, terms) = sum(wavelet, &x, scale, Boundary::Zero, N as i64, b);
            (b, sum, terms)
        });
        check::<f64>(wavelet, &x, scale, Boundary::Zero, &sums);
        check::<f32>(wavelet, &x, scale, Boundary::Zero, &sums);
    }
}
