use super::SignalError;
use super::fft::Fourier;
use super::lanes::Lanes;

/// A real number that signals are made of: `f32` or `f64`.
///
/// [`crate::numeric::Real`] plus what the Fourier transform asks for; implemented for both and for nothing else.
pub trait Sample: Lanes + Fourier {}

impl Sample for f32 {}
impl Sample for f64 {}

/// Names the first sample that is infinite or no number.
pub(super) fn must_be_finite<T: Sample>(samples: &[T]) -> Result<(), SignalError> {
    // Without a way out of the middle of a piece, the loop runs in vectors.
    const PIECE: usize = 1024;
    let finite = |piece: &[T]| piece.iter().fold(true, |all, x| all & x.is_finite());
    let Some(piece) = samples.chunks(PIECE).position(|piece| !finite(piece)) else { return Ok(()) };
    match samples.iter().enumerate().skip(piece * PIECE).find(|(_, x)| !x.is_finite()) {
        Some((index, value)) => Err(SignalError::NotFinite { index, value: value.wide() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sample_that_is_not_finite_is_named() {
        for (index, value) in [(0, f32::INFINITY), (1023, f32::NEG_INFINITY), (1024, f32::NAN), (2999, f32::NAN)] {
            let mut samples = vec![f32::MAX; 3000];
            assert_eq!(must_be_finite(&samples), Ok(()));
            samples[2999] = f32::NAN;
            samples[index] = value;
            let Err(SignalError::NotFinite { index: found, value: named }) = must_be_finite(&samples) else {
                panic!("{index} is not finite")
            };
            assert_eq!((found, named.to_bits()), (index, f64::from(value).to_bits()));
        }
    }
}
