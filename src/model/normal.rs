use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::Fnv1a;

/// Normal variates by the method of Box and Muller, rounded to `f32` once: these of the sequence that
/// belongs to the seed and the tensor's name.
///
/// The sequence depends on nothing else, so neither the order in which tensors are read nor the
/// pieces in which one is read change a value.
pub(crate) fn normal(seed: u64, name: &str, standard_deviation: f64, part: Range<usize>) -> Vec<f32> {
    // Any fixed map from names to streams does.
    let stream = Fnv1a::of(name.as_bytes()).value();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    // Values come in pairs, each from two numbers of two words.
    let first = part.start / 2 * 2;
    rng.set_word_pos(2 * first as u128);
    // In (0, 1], so that its logarithm is finite.
    let mut uniform = || ((rng.next_u64() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64);
    let mut values = Vec::with_capacity(part.len() + 2);
    while first + values.len() < part.end {
        let radius = standard_deviation * (-2.0 * uniform().ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * uniform()).sin_cos();
        values.extend([(radius * cos) as f32, (radius * sin) as f32]);
    }
    values.truncate(part.end - first);
    values.drain(..part.start - first);
    values
}
