use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A part of an encoding that training changes: its name, shape, and initial values.
///
/// Values are row-major and drawn by seed, so that the same seed gives the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// What the sources call it: `values`, `r1`, `keys`, `u`.
    pub name: &'static str,
    /// Lengths of its axes.
    pub shape: Vec<usize>,
    /// Initial values.
    pub values: Vec<f64>,
    /// Whether each layer has one of its own; otherwise all layers share it.
    pub per_layer: bool,
}

impl Learned {
    pub(super) fn shared(name: &'static str, shape: &[usize], values: &[f64]) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { name, shape: shape.to_vec(), values: values.to_vec(), per_layer: false }
    }

    pub(super) fn per_layer(name: &'static str, shape: &[usize], values: &[f64]) -> Self {
        Self { per_layer: true, ..Self::shared(name, shape, values) }
    }
}

/// Initial values by seed. Each part draws from a stream of its own, so that the values of one do
/// not depend on the size of another.
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self(random)
    }

    /// Uniform in `(0, 1]`.
    fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in `(low, high]`.
    pub(super) fn uniform(&mut self, count: usize, low: f64, high: f64) -> Vec<f64> {
        (0..count).map(|_| low + (high - low) * self.unit()).collect()
    }

    /// Normal with mean 0, by the transform of Box and Muller.
    pub(super) fn normal(&mut self, count: usize, standard_deviation: f64) -> Vec<f64> {
        (0..count)
            .map(|_| {
                let radius = (-2.0 * self.unit().ln()).sqrt();
                standard_deviation * radius * (std::f64::consts::TAU * self.unit()).cos()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let count = 40_000;
        let moments = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64)
        };
        // Five standard errors: sd/√n of a mean, sd²√(2/n) of a normal variance, less of a uniform one.
        let (mean, variance) = moments(&Draws::new(1, 0).normal(count, 0.5));
        assert!(mean.abs() < 5.0 * 0.5 / 200.0 && (variance - 0.25).abs() < 5.0 * 0.25 * (2.0 / count as f64).sqrt());
        let (mean, variance) = moments(&Draws::new(1, 0).uniform(count, -1.0, 3.0));
        assert!((mean - 1.0).abs() < 5.0 * 1.1548 / 200.0 && (variance - 16.0 / 12.0).abs() < 0.05);
        assert_ne!(Draws::new(1, 0).normal(3, 1.0), Draws::new(1, 1).normal(3, 1.0));
        assert_eq!(Draws::new(1, 7).normal(3, 1.0), Draws::new(1, 7).normal(3, 1.0));
    }
}
