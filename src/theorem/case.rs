use std::f64::consts::TAU;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::rope::{Frequencies, RopeError, Scaling, YarnRamp, yarn_attention_factor};

/// One input for every check: each takes from it what its claim speaks of.
///
/// A property test draws the fields on their own, so that a failing case shrinks field by field.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// `d/2`, at least 1.
    pub pairs: usize,
    /// `m`, any real number.
    pub position: f64,
    /// A second position `n`.
    pub other: f64,
    /// Base of the frequencies, above 1.
    pub base: f64,
    /// Which scaling of the frequencies, an index modulo [`Case::SCALINGS`].
    pub scaling: usize,
    /// `K`, at least 1.
    pub cycles: u32,
    /// An angle in radians, or an amplitude of a phase.
    pub phase: f64,
    /// Seed of what else a check draws.
    pub seed: u64,
}

impl Case {
    /// How many scalings of the frequencies there are, the unscaled ones included.
    pub const SCALINGS: usize = 8;

    /// The cases that every run covers, the simplest first: both ends of the ranges, and the
    /// positions where single precision is known to fall off its branch (44353 and 103993 are
    /// within 10^-5 of a whole number of turns).
    pub fn grid(largest_dim: usize, largest_position: f64) -> Vec<Self> {
        let pairs = (largest_dim / 2).max(1);
        let positions = [1.0, 0.0, -3.0, 7.0, 44353.0, 103_993.0, 0.5, -TAU, largest_position, -largest_position];
        let cases = positions.into_iter().enumerate().map(|(i, position)| Self {
            // From the smallest to the largest head, the largest at the ends.
            pairs: [2, 1, pairs.div_ceil(2), pairs, 2, 3, 1, 4, pairs, pairs][i].clamp(1, pairs),
            position: position.clamp(-largest_position, largest_position),
            other: position - 1.0,
            base: [1e4, 5e5][i % 2],
            scaling: i % Self::SCALINGS,
            cycles: [1, 2, 3, 1, 5, 6, 7, 8, 9, 16][i],
            phase: 0.25 * i as f64,
            seed: i as u64,
        });
        cases.collect()
    }

    /// A random case within these limits; the same seed gives the same case.
    pub fn draw(seed: u64, largest_dim: usize, largest_position: f64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut position = || {
            // Logarithmic, so that small and large positions are met alike; half of them whole.
            let size = (random.random::<f64>() * largest_position.ln_1p()).exp_m1();
            let size = if random.random() { size.floor() } else { size };
            if random.random() { size } else { -size }
        };
        let (position, other) = (position(), position());
        Self {
            pairs: random.random_range(1..=(largest_dim / 2).max(1)),
            position,
            other,
            base: 10f64.powf(random.random_range(1.0..7.0)),
            scaling: random.random_range(0..Self::SCALINGS),
            cycles: random.random_range(1..=16),
            phase: random.random_range(0.0..TAU),
            seed: random.random(),
        }
    }

    /// The frequencies of the case, scaled; all of them in `(0, 1]`.
    ///
    /// The attention factor is left out: it is a factor on scores, and no statement is about it.
    ///
    /// # Errors
    /// A case that names no valid table.
    pub fn frequencies(&self) -> Result<Frequencies, RopeError> {
        let factor = 8.0;
        let scaling = match self.scaling % Self::SCALINGS {
            // One pair has no base to change.
            2 if self.pairs > 1 => Scaling::Ntk { factor },
            3 if self.pairs > 1 => Scaling::DynamicNtk { factor: 2.0, original_length: 2048 },
            0 | 2 | 3 => Scaling::None,
            1 => Scaling::Linear { factor: 4.0 },
            4 => Self::yarn(factor, YarnRamp::Index { truncate: true }),
            5 => Self::yarn(factor, YarnRamp::Turns),
            6 => Scaling::Llama3 { factor, low_freq_factor: 1.0, high_freq_factor: 4.0, original_length: 8192 },
            _ => Scaling::LongRope {
                short_factor: vec![1.0; self.pairs],
                long_factor: (0..self.pairs).map(|i| 1.0 + 0.5 * i as f64).collect(),
                original_length: 4096,
                attention_factor: 1.0,
            },
        };
        let scaled = Frequencies::new(self.base, 2 * self.pairs, &scaling, 5000)?;
        Frequencies::of(scaled.inv_freq().to_vec(), 1.0)
    }

    /// The generator of whatever else a check draws.
    pub(super) fn random(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }

    fn yarn(factor: f64, ramp: YarnRamp) -> Scaling {
        Scaling::Yarn {
            factor,
            original_length: 4096,
            beta_fast: 32.0,
            beta_slow: 1.0,
            ramp,
            attention_factor: yarn_attention_factor(factor, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_and_the_draws_are_valid_and_cover_every_scaling() {
        let mut seen = [0; Case::SCALINGS];
        let drawn = (0..200).map(|seed| Case::draw(seed, 256, 1048576.0));
        for case in Case::grid(256, 1048576.0).into_iter().chain(drawn) {
            let frequencies = case.frequencies().unwrap();
            assert_eq!(frequencies.pairs(), case.pairs);
            assert!(frequencies.inv_freq().iter().all(|theta| *theta > 0.0 && *theta <= 1.0));
            assert!(case.position.abs() <= 1048576.0 && case.cycles >= 1);
            seen[case.scaling] += 1;
        }
        assert!(seen.iter().all(|count| *count > 0));
    }

    #[test]
    fn a_seed_gives_one_case() {
        assert_eq!(Case::draw(3, 64, 100.0), Case::draw(3, 64, 100.0));
        assert_ne!(Case::draw(3, 64, 100.0), Case::draw(4, 64, 100.0));
    }
}
