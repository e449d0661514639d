use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use super::SignalError;
use crate::wavelet::MotherWavelet;

/// The smallest scale that a transform accepts, in samples.
pub const MIN_SCALE: f64 = 1.0 / (1u64 << 40) as f64;

/// The largest: like the smallest, far beyond use, and far from where a factor would overflow.
pub const MAX_SCALE: f64 = (1u64 << 40) as f64;

/// The geometric grid `2^{A + j/voices}` from `2^A` to `2^B`, both included.
///
/// It has `(B - A) · voices + 1` scales; whole powers of two are exact.
///
/// ```
/// let scales = ropelet::signal::octaves(0..=2, 2.try_into()?);
/// assert_eq!(scales, [1.0, 2f64.sqrt(), 2.0, 8f64.sqrt(), 4.0]);
/// # Ok::<(), std::num::TryFromIntError>(())
/// ```
pub fn octaves(octaves: RangeInclusive<i32>, voices: NonZeroU32) -> Vec<f64> {
    let (first, last) = octaves.into_inner();
    let per_octave = (0..voices.get()).map(|j| (f64::from(j) / f64::from(voices.get())).exp2());
    let fractions: Vec<f64> = per_octave.collect();
    (first..last)
        .flat_map(|octave| fractions.iter().map(move |fraction| f64::from(octave).exp2() * fraction))
        .chain((first <= last).then(|| f64::from(last).exp2()))
        .collect()
}

/// The frequency of each scale in cycles per sample: where `|psihat(a w)|` peaks.
///
/// This is the peak for `l1` coefficients. A pure tone is strongest at a slightly different scale
/// in `l2`, since its factor `a^{1/2}` grows with the scale ("Fourier wavelength" of \[torrence1998\]).
pub fn frequencies(wavelet: &dyn MotherWavelet, scales: &[f64]) -> Vec<f64> {
    scales.iter().map(|scale| wavelet.centre_frequency() / scale).collect()
}

pub(super) fn validate(scales: &[f64]) -> Result<(), SignalError> {
    if scales.is_empty() {
        return Err(SignalError::NoScales);
    }
    match scales.iter().find(|scale| !(MIN_SCALE..=MAX_SCALE).contains(*scale)) {
        Some(&scale) => Err(SignalError::Scale { scale }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octaves_hit_powers_of_two_exactly() {
        let scales = octaves(-1..=3, NonZeroU32::new(12).unwrap());
        assert_eq!(scales.len(), 49);
        assert_eq!([scales[0], scales[12], scales[36], scales[48]], [0.5, 1.0, 4.0, 8.0]);
        assert!(scales.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(octaves(3..=3, NonZeroU32::MIN), [8.0]);
        #[expect(clippy::reversed_empty_ranges)]
        let none = octaves(3..=2, NonZeroU32::MIN);
        assert!(none.is_empty());
    }

    #[test]
    fn scales_that_are_not_positive_numbers_are_refused() {
        assert_eq!(validate(&[]), Err(SignalError::NoScales));
        for scale in [0.0, -1.0, f64::INFINITY, 1e-300, 1e300] {
            assert_eq!(validate(&[1.0, scale]), Err(SignalError::Scale { scale }));
        }
        assert!(validate(&[f64::NAN]).is_err());
        assert_eq!(validate(&[MIN_SCALE, 1.5, MAX_SCALE]), Ok(()));
    }
}
