use crate::numeric::gamma;

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
