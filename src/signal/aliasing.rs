use std::f64::consts::{PI, TAU};

use num_complex::Complex64;
use rayon::prelude::*;

use super::daughter::{self, MAX_ALIASES};
use super::scale::{MAX_SCALE, MIN_SCALE};
use crate::numeric::Real;
use crate::wavelet::MotherWavelet;

/// Half the number of tones, from `-π` to `π`, that the aliasing is the largest of.
const TONES: i32 = 32;

/// Samples of a daughter that are added up for it; longer ones are not needed.
const MAX_SAMPLES: f64 = 512.0;

/// How far the transform of a sampled signal is from that of the band-limited signal through its samples, at each scale:
/// relative to the largest gain.
///
/// The defining sum multiplies a tone `e^{iwt}`, `|w| ≤ π`, by `Σ_p a psihat(a (w + 2πp))`, up to conjugation and `c(a)`; the integral
/// that it replaces multiplies it by the term `p = 0` alone. This is the largest of
///
/// ```text
/// |Σ_{p ≠ 0} psihat(a (w + 2πp))| / max |psihat|
/// ```
///
/// over 65 tones from `-π` to `π`. It is near 1 where the wavelet's own frequency is beyond Nyquist's,
/// falls as fast as `psihat` does at larger scales, and as `1/a` where `psi` jumps: there, from the scale at which a daughter has more
/// than 512 samples, it is the bound `0.6 Σ|jumps| / (a max|psihat|)`. The 2-norm of the difference of the two
/// transforms is at most this times the largest gain times that of the signal.
///
/// It is not an error of [`super::Cwt`], which computes the sum; it is what the sum is worth as an integral.
///
/// ```
/// use ropelet::signal::aliasing;
/// use ropelet::wavelet::Ricker;
///
/// let found = aliasing(&Ricker, &[0.5, 2.0, 4.0]);
/// assert!(found[0] > 0.5 && found[1] < 1e-6 && found[2] < 1e-30);
/// ```
pub fn aliasing(wavelet: &dyn MotherWavelet, scales: &[f64]) -> Vec<f64> {
    let sampling = Sampling::of(wavelet);
    scales.par_iter().map(|&scale| sampling.aliasing(scale)).collect()
}

/// The smallest scale, to four digits, from which on [`aliasing`] is at most `tolerance`; none below [`MAX_SCALE`].
///
/// ```
/// use ropelet::signal::clean_scale;
/// use ropelet::wavelet::Morlet;
///
/// let scale = clean_scale(&Morlet::corrected(6.0)?, 1e-3).unwrap();
/// assert!((scale - (6.0 + (2.0 * 1e3f64.ln()).sqrt()) / std::f64::consts::PI).abs() < 1e-3 * scale);
/// # Ok::<(), ropelet::wavelet::WaveletError>(())
/// ```
pub fn clean_scale(wavelet: &dyn MotherWavelet, tolerance: f64) -> Option<f64> {
    let sampling = Sampling::of(wavelet);
    let clean = |scale: f64| sampling.aliasing(scale) <= tolerance;
    let octaves = |scale: &f64| Some(0.5 * scale).filter(|scale| *scale >= MIN_SCALE);
    // From above: small scales may be clean by accident, where a daughter meets a sample at a zero; and they take longest.
    let last = std::iter::successors(Some(MAX_SCALE), octaves).find(|scale| !clean(*scale)).unwrap_or(MIN_SCALE);
    let (mut inner, mut outer) = (last, 2.0 * last);
    if outer > MAX_SCALE {
        return None;
    }
    while outer > 1.0001 * inner {
        let middle = (inner * outer).sqrt();
        if clean(middle) {
            outer = middle;
        } else {
            inner = middle;
        }
    }
    Some(outer)
}

/// A wavelet with what is the same at all scales.
struct Sampling<'a> {
    wavelet: &'a dyn MotherWavelet,
    peak: f64,
    spectral_radius: Option<f64>,
    time_radius: Option<f64>,
}

impl<'a> Sampling<'a> {
    fn of(wavelet: &'a dyn MotherWavelet) -> Self {
        Self {
            wavelet,
            peak: daughter::spectral_peak(wavelet),
            spectral_radius: daughter::spectral_radius(wavelet, f64::UNIT_ROUNDOFF),
            time_radius: daughter::time_radius(wavelet, f64::UNIT_ROUNDOFF),
        }
    }

    fn aliasing(&self, scale: f64) -> f64 {
        let Self { wavelet, peak, spectral_radius, time_radius } = *self;
        let tones = (-TONES..=TONES).map(|tone| PI * f64::from(tone) / f64::from(TONES));
        let largest = |of: &dyn Fn(f64) -> Complex64| tones.map(|omega| of(omega).norm()).fold(0.0, f64::max) / peak;
        let aliases = spectral_radius.map(|radius| radius / (TAU * scale));
        let reach = time_radius.map(|radius| radius * scale);
        match (aliases, reach) {
            // Where few samples serve, the difference of sum and integral is large, and can be taken as one.
            (aliases, Some(reach)) if reach <= MAX_SAMPLES && aliases.is_none_or(|aliases| aliases > reach) => {
                let last = reach.ceil() as i64;
                let psi: Vec<_> = (-last..=last).map(|t| (t as f64, wavelet.psi(t as f64 / scale))).collect();
                largest(&|omega| {
                    let sum: Complex64 = psi.iter().map(|&(t, psi)| psi * Complex64::cis(-omega * t)).sum();
                    sum / scale - wavelet.psihat(scale * omega)
                })
            }
            (None, Some(_)) => {
                // A sum from a jump on differs from its integral by at most |1/(1 - e^{-iw}) - 1/iw| < 0.6 times the jump.
                let beside = |t: f64, side: f64| wavelet.psi(t + side * f64::EPSILON.sqrt());
                let jumps: f64 = wavelet.breaks().iter().map(|&t| (beside(t, 1.0) - beside(t, -1.0)).norm()).sum();
                0.6 * jumps / (scale * peak)
            }
            (aliases, _) => {
                let last = aliases.unwrap_or(MAX_ALIASES).min(MAX_ALIASES).ceil() as i64 + 1;
                let others = || (1..=last).flat_map(|p| [p, -p]).rev();
                largest(&|omega| others().map(|p| wavelet.psihat(scale * (omega + TAU * p as f64))).sum())
            }
        }
    }
}
