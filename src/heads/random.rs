use rand::distr::Open01;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Place;

/// What a random generator is for. Each purpose, head, row and draw has random numbers of its own, so that
/// nothing depends on the order or the partition of the work.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Permutations of the keys of a row of this head; all draws of a row follow one another.
    Shuffle { layer: usize, head: usize },
    /// A row of the flat Dirichlet distribution, of this draw.
    Dirichlet { draw: usize },
    /// Resamples of the groups of texts, the same for all heads, so that heads can be compared.
    Resample,
    /// Which of the draws that the heads of a layer share stands for which head, in this draw of all heads.
    Recombine { layer: usize, draw: usize },
    /// Which heads are in this resample of those of a layer, or of the model.
    Heads { group: usize, resample: usize },
    /// The tokens of a probe.
    Probe,
    /// Shuffled keys of this head's row of a probe; all draws of a row follow one another.
    ProbeShuffle { layer: usize, head: usize },
    /// A row of a probe of the flat Dirichlet distribution, of this draw.
    ProbeDirichlet { draw: usize },
    /// Orders of a head's rotary pairs, one after another.
    PairOrder { layer: usize, head: usize },
    /// Usage of the pairs of a layer that has a flat Dirichlet distribution, one draw after another.
    PairDirichlet { layer: usize },
}

/// The generator for one row, by the window that it is in and its query.
pub(super) fn of_row(seed: u64, purpose: Purpose, place: Place, query: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    let words = key_of_window(seed, purpose, place).into_iter().chain([query as u32]);
    for (place, word) in key.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The key of the generators of all rows of a window, in words: that of a row has its query as the eighth.
pub(super) fn key_of_window(seed: u64, purpose: Purpose, place: Place) -> [u32; 7] {
    let (kind, one, other) = match purpose {
        Purpose::Shuffle { layer, head } => (1u32, layer, head),
        Purpose::Dirichlet { draw } => (2, draw, 0),
        Purpose::Resample => (3, 0, 0),
        Purpose::Recombine { layer, draw } => (4, layer, draw),
        Purpose::Heads { group, resample } => (5, group, resample),
        Purpose::Probe => (6, 0, 0),
        Purpose::ProbeShuffle { layer, head } => (7, layer, head),
        Purpose::ProbeDirichlet { draw } => (8, draw, 0),
        Purpose::PairOrder { layer, head } => (9, layer, head),
        Purpose::PairDirichlet { layer } => (10, layer, 0),
    };
    let low_and_high = |number: u64| [number as u32, (number >> 32) as u32];
    let ([seed, seed_high], [window, text]) = (low_and_high(seed), low_and_high(place.key()));
    [seed, seed_high, window, text, kind, one as u32, other as u32]
}

/// The generator for what concerns no row.
pub(super) fn generator(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    of_row(seed, purpose, Place { text: 0, window: 0 }, 0)
}

/// Moves a uniformly drawn selection of the items, in uniformly drawn order, to the first `places`. Whatever the
/// order was before, it is no longer there, so that one array serves for many draws.
pub(super) fn permute<T>(items: &mut [T], places: usize, generator: &mut ChaCha8Rng) {
    // Numbers are taken from the generator many at a time: one by one, each is a call.
    const AT_ONCE: usize = 64;
    let count = items.len();
    let places = places.min(count.saturating_sub(1));
    let mut bytes = [0; 4 * AT_ONCE];
    for start in (0..places).step_by(AT_ONCE) {
        let bytes = &mut bytes[..4 * AT_ONCE.min(places - start)];
        generator.fill_bytes(bytes);
        for (place, number) in (start..).zip(bytes.as_chunks().0) {
            let bound = (count - place) as u32;
            items.swap(place, place + reduced(u32::from_le_bytes(*number), bound, generator) as usize);
        }
    }
}

/// A whole number below `bound`, each equally likely.
pub(super) fn below(generator: &mut ChaCha8Rng, bound: u32) -> u32 {
    let number = generator.next_u32();
    reduced(number, bound, generator)
}

/// Makes a number below `bound` of one that has any 32 bits, each equally likely [lemire2019].
fn reduced(number: u32, bound: u32, generator: &mut ChaCha8Rng) -> u32 {
    let mut product = u64::from(number) * u64::from(bound);
    if (product as u32) < bound {
        // The remainders that 2^32 has more of are drawn again.
        let rejected = bound.wrapping_neg() % bound;
        while (product as u32) < rejected {
            product = u64::from(generator.next_u32()) * u64::from(bound);
        }
    }
    (product >> 32) as u32
}

/// An exponential variate of mean 1.
pub(super) fn exponential(generator: &mut ChaCha8Rng) -> f64 {
    -generator.sample::<f64, _>(Open01).ln()
}

/// A gamma variate of this whole shape, the sum of as many exponentials [marsaglia2000]; 0 of none.
pub(super) fn gamma(shape: usize, generator: &mut ChaCha8Rng) -> f64 {
    if shape < 4 {
        return (0..shape).map(|_| exponential(generator)).sum();
    }
    let d = shape as f64 - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(generator);
        let v = (1.0 + c * x).powi(3);
        let u = generator.sample::<f64, _>(Open01);
        if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// A standard normal variate, by Box and Muller's transform.
fn normal(generator: &mut ChaCha8Rng) -> f64 {
    let (radius, angle) = (exponential(generator), generator.sample::<f64, _>(Open01));
    (2.0 * radius).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Beta, ContinuousCDF, Gamma};

    use super::*;

    /// Kolmogorov's distance between a sample and a distribution.
    fn distance(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
        sample.sort_by(f64::total_cmp);
        let n = sample.len() as f64;
        let gap = |(i, x): (usize, &f64)| (cdf(*x) - i as f64 / n).abs().max((cdf(*x) - (i + 1) as f64 / n).abs());
        sample.iter().enumerate().map(gap).fold(0.0, f64::max)
    }

    #[test]
    fn every_number_below_a_bound_and_every_permutation_is_equally_likely() {
        let mut generator = generator(5, Purpose::Resample);
        // A bound that 2^32 is far from a multiple of.
        let bound = 3 << 30;
        let sample = (0..4000).map(|_| f64::from(below(&mut generator, bound)) / f64::from(bound)).collect();
        assert!(distance(sample, |x| x) < 1.95 / 4000f64.sqrt());
        // The first two of four, in order: twelve outcomes, from an array that is never put back in order.
        let (mut items, mut counts) = ([0, 1, 2, 3], [0.0; 16]);
        let draws = 12_000;
        for _ in 0..draws {
            permute(&mut items, 2, &mut generator);
            counts[4 * items[0] + items[1]] += 1.0;
        }
        // Pearson's statistic has 11 degrees of freedom: above 31.3 once in a thousand.
        let expected = f64::from(draws) / 12.0;
        let possible = (0..16).filter(|outcome| outcome / 4 != outcome % 4);
        let pearson: f64 = possible.map(|outcome| (counts[outcome] - expected).powi(2) / expected).sum();
        assert!(pearson < 31.3, "{pearson}: {counts:?}");
        assert!((0..4).all(|item| counts[5 * item] == 0.0));
    }

    #[test]
    fn a_sum_of_exponentials_has_a_gamma_distribution() {
        let draws = 4000;
        let limit = 1.95 / f64::from(draws).sqrt();
        let mut generator = generator(3, Purpose::Resample);
        for shape in [1, 3, 4, 17, 700] {
            let sample: Vec<f64> = (0..draws).map(|_| gamma(shape, &mut generator)).collect();
            let law = Gamma::new(shape as f64, 1.0).unwrap();
            assert!(distance(sample.clone(), |x| law.cdf(x)) < limit, "{shape}");
            // The control: a neighbouring shape.
            let other = Gamma::new(1.2 * shape as f64, 1.0).unwrap();
            assert!(distance(sample, |x| other.cdf(x)) > limit, "{shape}");
        }
        assert_eq!(gamma(0, &mut generator), 0.0);
        // A share of the whole is a beta variate.
        let shares = (0..draws).map(|_| {
            let (one, rest) = (exponential(&mut generator), gamma(19, &mut generator));
            one / (one + rest)
        });
        let law = Beta::new(1.0, 19.0).unwrap();
        assert!(distance(shares.collect(), |x| law.cdf(x)) < limit);
    }

    #[test]
    fn random_numbers_depend_on_seed_purpose_and_row_and_on_nothing_else() {
        let first = |seed, purpose, text, window, query| {
            of_row(seed, purpose, Place { text, window }, query).sample::<f64, _>(Open01)
        };
        let (dirichlet, shuffle) = (|draw| Purpose::Dirichlet { draw }, |layer, head| Purpose::Shuffle { layer, head });
        let all = [
            first(0, dirichlet(0), 0, 0, 0),
            first(1, dirichlet(0), 0, 0, 0),
            first(0, dirichlet(0), 1, 0, 0),
            first(0, dirichlet(0), 0, 1, 0),
            first(0, dirichlet(0), 0, 0, 1),
            first(0, dirichlet(1), 0, 0, 0),
            first(0, shuffle(0, 0), 0, 0, 0),
            first(0, shuffle(1, 0), 0, 0, 0),
            first(0, shuffle(0, 1), 0, 0, 0),
            first(0, Purpose::Resample, 0, 0, 0),
            first(0, Purpose::Recombine { layer: 0, draw: 0 }, 0, 0, 0),
            first(0, Purpose::Recombine { layer: 0, draw: 1 }, 0, 0, 0),
            first(0, Purpose::Heads { group: 0, resample: 0 }, 0, 0, 0),
            first(0, Purpose::Heads { group: 1, resample: 0 }, 0, 0, 0),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b), "draw {i} repeats another");
        }
        assert_eq!(all[0], first(0, dirichlet(0), 0, 0, 0));
    }
}
