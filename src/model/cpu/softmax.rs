use pulp::{Simd, WithSimd};

use super::lanes::Lanes;

/// What is added to the scores of one head.
pub(in crate::model) enum HeadBias<T> {
    /// Nothing.
    None,
    /// `-slope · (query - key)`.
    Slope(T),
    /// A number for each key.
    Keys(Vec<T>),
}

impl<T: Lanes> HeadBias<T> {
    /// The scores of a query for the keys from `first` on, with the bias.
    #[inline(always)]
    pub(super) fn add(&self, scores: &[T], query: usize, first: usize, biased: &mut [T]) {
        match self {
            Self::None => biased.copy_from_slice(scores),
            Self::Slope(slope) => {
                let farthest = T::of(query as f64 - first as f64);
                for (key, (biased, score)) in biased.iter_mut().zip(scores).enumerate() {
                    *biased = *score - *slope * (farthest - T::of(key as f64));
                }
            }
            Self::Keys(bias) => {
                for ((biased, score), bias) in biased.iter_mut().zip(scores).zip(&bias[first..]) {
                    *biased = *score + *bias;
                }
            }
        }
    }
}

/// The softmax of one row of scores for the keys from `first` on.
pub(in crate::model) struct SoftmaxRow<'a, T> {
    pub(in crate::model) bias: HeadBias<T>,
    pub(in crate::model) scores: &'a [T],
    pub(in crate::model) query: usize,
    pub(in crate::model) first: usize,
    pub(in crate::model) probabilities: &'a mut [T],
}

impl<T: Lanes> WithSimd for SoftmaxRow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.bias.add(self.scores, self.query, self.first, self.probabilities);
        softmax(self.probabilities);
    }
}

/// Partial sums of a row, so that they become vectors; the order of additions is the same for all widths.
pub(super) const PARTS: usize = 32;

/// The softmax of one row in place. The largest exponent is 0, and the sum is at least 1. A score that is
/// not finite makes the row NaN.
///
/// Rounding: an exponent is off by `u` of the larger of it and the largest score; the exponential by
/// `4u` ([`Lanes::exp_negative`]); the sum of `n` terms by `γ` of `n/32 + 6`; the quotient
/// by `2u`. A probability below `e^{-87}` (`e^{-708}` in `f64`) of the largest is 0.
#[inline(always)]
pub(super) fn softmax<T: Lanes>(probabilities: &mut [T]) {
    let mut largest = [T::neg_infinity(); PARTS];
    // Stays 0 until something that is not finite turns it into NaN.
    let mut poison = [T::zero(); PARTS];
    let mut chunks = probabilities.chunks_exact(PARTS);
    for chunk in &mut chunks {
        for ((largest, poison), x) in largest.iter_mut().zip(&mut poison).zip(chunk) {
            *largest = if *x > *largest { *x } else { *largest };
            *poison += *x * T::zero();
        }
    }
    for ((largest, poison), x) in largest.iter_mut().zip(&mut poison).zip(chunks.remainder()) {
        *largest = if *x > *largest { *x } else { *largest };
        *poison += *x * T::zero();
    }
    let largest = largest.into_iter().fold(T::neg_infinity(), T::max);
    for probability in probabilities.iter_mut() {
        *probability = (*probability - largest).exp_negative();
    }
    let mut sums = poison;
    let mut chunks = probabilities.chunks_exact(PARTS);
    for chunk in &mut chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += *x);
    }
    sums.iter_mut().zip(chunks.remainder()).for_each(|(sum, x)| *sum += *x);
    let scale = halved(sums).recip();
    for probability in probabilities {
        *probability *= scale;
    }
}

/// The sum of the parts, by halves.
#[inline(always)]
pub(super) fn halved<T: Lanes>(mut parts: [T; PARTS]) -> T {
    let mut count = PARTS;
    while count > 1 {
        count /= 2;
        for at in 0..count {
            let other = parts[at + count];
            parts[at] += other;
        }
    }
    parts[0]
}
