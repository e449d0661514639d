use super::lanes::Lanes;

/// A real number that signals are made of: `f32` or `f64`.
///
/// [`crate::numeric::Real`] plus what the Fourier transform asks for; implemented for both and for nothing else.
pub trait Sample: Lanes + rustfft::FftNum {}

impl Sample for f32 {}
impl Sample for f64 {}
