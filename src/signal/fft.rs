use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftDirection, FftNum, FftPlanner};

use crate::numeric::gamma;

/// Makes Fourier transforms of one type, and remembers them.
pub struct FourierPlanner<T: Fourier> {
    complex: FftPlanner<T>,
    real: RealFftPlanner<T>,
}

impl<T: Fourier> FourierPlanner<T> {
    /// One that has made nothing yet.
    pub(super) fn new() -> Self {
        T::planner()
    }

    /// `X[k] = Σ_b x[b] e^{-2πikb/n}`
    pub(super) fn forward(&mut self, length: usize) -> Arc<dyn Fft<T>> {
        T::complex(self, length, FftDirection::Forward)
    }

    /// `Σ_k X[k] e^{2πikb/n}`, not divided by `n`.
    pub(super) fn inverse(&mut self, length: usize) -> Arc<dyn Fft<T>> {
        T::complex(self, length, FftDirection::Inverse)
    }

    /// [`Self::forward`] of real samples, up to bin `n/2`.
    pub(super) fn real_forward(&mut self, length: usize) -> Arc<dyn RealToComplex<T>> {
        T::real_forward(self, length)
    }

    /// [`Self::inverse`] of the bins up to `n/2` of real samples.
    pub(super) fn real_inverse(&mut self, length: usize) -> Arc<dyn ComplexToReal<T>> {
        T::real_inverse(self, length)
    }
}

/// A type that there are Fourier transforms of. What makes them is here, and not generic, so that all of rustfft is compiled
/// once and not again in every crate that plans something.
pub trait Fourier: FftNum {
    /// [`FourierPlanner::new`].
    fn planner() -> FourierPlanner<Self>;

    /// [`FourierPlanner::forward`] and [`FourierPlanner::inverse`].
    fn complex(planner: &mut FourierPlanner<Self>, length: usize, direction: FftDirection) -> Arc<dyn Fft<Self>>;

    /// [`FourierPlanner::real_forward`].
    fn real_forward(planner: &mut FourierPlanner<Self>, length: usize) -> Arc<dyn RealToComplex<Self>>;

    /// [`FourierPlanner::real_inverse`].
    fn real_inverse(planner: &mut FourierPlanner<Self>, length: usize) -> Arc<dyn ComplexToReal<Self>>;
}

macro_rules! fourier {
    ($float:ident) => {
        impl Fourier for $float {
            fn planner() -> FourierPlanner<Self> {
                FourierPlanner { complex: FftPlanner::new(), real: RealFftPlanner::new() }
            }

            fn complex(
                planner: &mut FourierPlanner<Self>,
                length: usize,
                direction: FftDirection,
            ) -> Arc<dyn Fft<Self>> {
                planner.complex.plan_fft(length, direction)
            }

            fn real_forward(planner: &mut FourierPlanner<Self>, length: usize) -> Arc<dyn RealToComplex<Self>> {
                planner.real.plan_fft_forward(length)
            }

            fn real_inverse(planner: &mut FourierPlanner<Self>, length: usize) -> Arc<dyn ComplexToReal<Self>> {
                planner.real.plan_fft_inverse(length)
            }
        }
    };
}

fourier!(f32);
fourier!(f64);

/// The smallest `2^j 3^k 5^l` of a coarse ladder (steps of at most a quarter) that is at least `length`.
///
/// The ladder is coarse on purpose: all scales of a bank then share a few transform lengths.
pub(super) fn padded_length(length: usize) -> usize {
    let octave = length.next_power_of_two() / 2;
    // Sixteenths of the octave below; all 5-smooth.
    [16, 18, 20, 24, 25, 27, 30, 32]
        .into_iter()
        .map(|sixteenths| octave * sixteenths / 16)
        .find(|&candidate| candidate >= length && octave.is_multiple_of(16))
        .unwrap_or(length.next_power_of_two())
}

/// Relative error in the 2-norm of one Fourier transform of this length.
///
/// Each radix-2 stage multiplies the relative error by at most `1 + η`,
/// `η = μ + γ_4 (√2 + μ)` with `μ` the error of the roots of unity [higham2002, Theorem 24.2]; we
/// allow `μ = 4u`. A butterfly of radix 3 to 16 replaces `log2(radix)` stages and has a smaller
/// constant per stage, and the pass that turns a half-length complex transform into a real one is
/// one stage more. A length with a large prime factor becomes a convolution: two transforms of less than
/// four times the length, and the spectrum of a chirp whose peaks amplify at most by 2.4.
pub(super) fn relative_error(length: usize, unit_roundoff: f64) -> f64 {
    let twiddle = 4.0 * unit_roundoff;
    let stage = twiddle + gamma(4, unit_roundoff) * (std::f64::consts::SQRT_2 + twiddle);
    let stages = |length: f64| length.log2().ceil() + 1.0;
    let total = if largest_prime_factor(length) <= 31 {
        stages(length as f64) * stage
    } else {
        8.0 * stages(4.0 * length as f64) * stage
    };
    total / (1.0 - total)
}

fn largest_prime_factor(mut n: usize) -> usize {
    let (mut largest, mut candidate) = (1, 2);
    while candidate * candidate <= n {
        while n.is_multiple_of(candidate) {
            n /= candidate;
            largest = candidate;
        }
        candidate += 1;
    }
    if n > 1 { n } else { largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_lengths_are_smooth_and_close() {
        for length in (1..5000).chain([99_999, 100_001, 1 << 20]) {
            let padded = padded_length(length);
            assert!(padded >= length && largest_prime_factor(padded) <= 5, "{length} -> {padded}");
            assert!(length < 32 || padded * 4 <= length * 5, "{length} -> {padded}");
        }
    }

    #[test]
    fn prime_factors() {
        for (n, largest) in [(1, 1), (2, 2), (12, 3), (97, 97), (2 * 3 * 101, 101), (1 << 20, 2), (49, 7)] {
            assert_eq!(largest_prime_factor(n), largest, "{n}");
        }
    }
}
