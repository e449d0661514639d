//! Where a mother wavelet may be cut, and its daughters summed over all repetitions of a signal.

use std::f64::consts::TAU;

use num_complex::Complex64;

use crate::wavelet::MotherWavelet;

/// Samples that one daughter may need, and terms that one bin may: more is an error, not a wait.
pub(super) const MAX_SAMPLES: f64 = (1u64 << 27) as f64;
pub(super) const MAX_ALIASES: f64 = 4096.0;

/// A radius, in units of the scale, beyond which `tail` is at most `tolerance`; none if there is
/// no such radius below `2^20`.
fn radius(tail: impl Fn(f64) -> f64, tolerance: f64) -> Option<f64> {
    let mut outer = (-6..=20).map(|power| f64::from(power).exp2()).find(|&radius| tail(radius) <= tolerance)?;
    let mut inner = outer / 2.0;
    // A few halvings: the cut need not be sharp, only safe.
    for _ in 0..8 {
        let middle = 0.5 * (inner + outer);
        if tail(middle) <= tolerance {
            outer = middle;
        } else {
            inner = middle;
        }
    }
    Some(outer)
}

/// The peak of `|psihat|`: the size against which what is cut off is measured.
pub(super) fn spectral_peak(wavelet: &dyn MotherWavelet) -> f64 {
    wavelet.psihat(TAU * wavelet.centre_frequency()).norm()
}

/// A time radius whose tail is below a quarter unit roundoff of the spectrum's peak, if `psi` decays
/// fast enough to have one.
pub(super) fn time_radius(wavelet: &dyn MotherWavelet, unit_roundoff: f64) -> Option<f64> {
    radius(|r| wavelet.tail(r), unit_roundoff / 4.0 * spectral_peak(wavelet))
}

/// The same in frequency.
pub(super) fn spectral_radius(wavelet: &dyn MotherWavelet, unit_roundoff: f64) -> Option<f64> {
    radius(|r| wavelet.spectral_tail(r), unit_roundoff / 4.0 * spectral_peak(wavelet))
}

/// `Σ_{t ∈ Z} psi(t/a) e^{-iwt}`, which is `a Σ_p psihat(a (w + 2πp))`: the spectrum of the sampled
/// daughter, with all aliases up to `radius`.
pub(super) fn aliased_spectrum(wavelet: &dyn MotherWavelet, scale: f64, omega: f64, radius: f64) -> Complex64 {
    let reach = radius / (TAU * scale);
    let turn = omega / TAU;
    // One more alias on either side than the radius asks for, so that a sum is below its integral.
    let first = (-reach - turn).floor() as i64 - 1;
    let last = (reach - turn).ceil() as i64 + 1;
    let sum: Complex64 = (first..=last).map(|p| wavelet.psihat(scale * (omega + TAU * p as f64))).sum();
    scale * sum
}
