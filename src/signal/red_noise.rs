use std::f64::consts::TAU;

use rand::RngExt;
use rand::SeedableRng;
use rand::distr::Open01;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::sample::must_be_finite;
use super::{Sample, SignalError};

/// Noise in which each sample keeps a share of the last one: the autoregressive process of order 1,
/// `x(t) = α x(t-1) + √(1-α²) e(t)`, of variance 1; white where `α = 0`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RedNoise {
    lag1: f64,
}

impl RedNoise {
    /// White noise.
    pub const WHITE: Self = Self { lag1: 0.0 };

    /// Noise of this autocorrelation at lag 1.
    ///
    /// # Errors
    /// [`SignalError::Option`] unless it is between -1 and 1.
    pub fn new(lag1: f64) -> Result<Self, SignalError> {
        if lag1.abs() < 1.0 {
            return Ok(Self { lag1 });
        }
        Err(SignalError::Option {
            name: "the autocorrelation at lag 1",
            value: lag1,
            expected: "a number between -1 and 1",
        })
    }

    /// The noise that a signal looks like: its autocorrelation at lag 1 about its mean, with the bias of
    /// `-(1 + 4α)/n` taken out \[marriott1954\]; within `±(1 - 1/n)`. A constant signal is white.
    ///
    /// # Errors
    /// [`SignalError::Length`] for fewer than 8 samples; [`SignalError::NotFinite`].
    pub fn of<T: Sample>(signal: &[T]) -> Result<Self, SignalError> {
        must_be_finite(signal)?;
        if signal.len() < 8 {
            return Err(SignalError::Length { length: 8, found: signal.len() });
        }
        let n = signal.len() as f64;
        let centred = centred(signal);
        let square: f64 = centred.iter().map(|x| x * x).sum();
        let product: f64 = centred.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let found = if square > 0.0 { product / square } else { return Ok(Self::WHITE) };
        let most = 1.0 - 1.0 / n;
        Self::new(((n * found + 1.0) / (n - 4.0)).clamp(-most, most))
    }

    /// `α`.
    pub fn lag1(&self) -> f64 {
        self.lag1
    }

    /// The power spectrum, of mean 1, at a frequency in cycles per sample: `(1 - α²)/(1 + α² - 2α cos 2πf)`
    /// \[torrence1998, equation 16\].
    pub fn spectrum(&self, frequency: f64) -> f64 {
        let alpha = self.lag1;
        // (1 - α)² + 4α sin²: nothing cancels near frequency 0.
        (1.0 - alpha * alpha) / ((1.0 - alpha).powi(2) + 4.0 * alpha * (TAU * frequency / 2.0).sin().powi(2))
    }

    /// A draw of variance 1 in expectation, stationary from its first sample on; the same for the same seed and number.
    pub fn draw(&self, length: usize, seed: u64, number: u64) -> Vec<f64> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(number);
        let mut normal = || {
            // Box and Muller; the other half is not used, so that a sample is a fixed number of draws.
            let (radius, turn): (f64, f64) = (generator.sample(Open01), generator.sample(Open01));
            (-2.0 * radius.ln()).sqrt() * (TAU * turn).cos()
        };
        let fresh = (1.0 - self.lag1 * self.lag1).sqrt();
        let mut last = normal();
        let rest = std::iter::repeat_with(|| {
            let value = last;
            last = self.lag1 * last + fresh * normal();
            value
        });
        rest.take(length).collect()
    }
}

/// The signal without its mean.
fn centred<T: Sample>(signal: &[T]) -> Vec<f64> {
    let mean = signal.iter().map(|x| x.wide()).sum::<f64>() / signal.len() as f64;
    signal.iter().map(|x| x.wide() - mean).collect()
}

/// `Σ (x - mean)²/n`.
///
/// # Errors
/// [`SignalError::Empty`].
pub fn variance<T: Sample>(signal: &[T]) -> Result<f64, SignalError> {
    if signal.is_empty() {
        return Err(SignalError::Empty);
    }
    Ok(centred(signal).iter().map(|x| x * x).sum::<f64>() / signal.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_variance_and_the_correlation_that_they_are_asked_for() {
        for alpha in [-0.5, 0.0, 0.7] {
            let noise = RedNoise::new(alpha).unwrap();
            // 400 draws of 200: the variance of a mean of correlated squares, (1 + α²)/(1 - α²) · 2/n.
            let draws: Vec<Vec<f64>> = (0..400).map(|draw| noise.draw(200, 7, draw)).collect();
            let variance = draws.iter().flatten().map(|x| x * x).sum::<f64>() / 80_000.0;
            let sigma = (2.0 / 80_000.0 * (1.0 + alpha * alpha) / (1.0 - alpha * alpha)).sqrt();
            assert!((variance - 1.0).abs() < 4.0 * sigma, "{alpha}: {variance} ± {sigma}");
            let first = draws.iter().map(|draw| draw[0] * draw[0]).sum::<f64>() / 400.0;
            assert!((first - 1.0).abs() < 4.0 * (2.0f64 / 400.0).sqrt(), "{alpha}: {first}");
            // Its standard error is √((1 - α²)/n) for one draw. Control: another α is many of them away.
            let found = draws.iter().map(|draw| RedNoise::of(draw).unwrap().lag1()).sum::<f64>() / 400.0;
            let sigma = ((1.0 - alpha * alpha) / 80_000.0f64).sqrt();
            assert!((found - alpha).abs() < 4.0 * sigma + 1.0 / 4000.0, "{alpha}: {found} ± {sigma}");
            assert!((found - alpha - 0.05).abs() > 4.0 * sigma);
        }
        let noise = RedNoise::new(0.3).unwrap();
        assert_eq!(noise.draw(50, 1, 2), noise.draw(50, 1, 2));
        assert_ne!(noise.draw(50, 1, 2), noise.draw(50, 1, 3));
    }

    #[test]
    fn the_spectrum_has_mean_one_and_the_correlation_of_the_noise() {
        for alpha in [-0.9, 0.0, 0.3, 0.95] {
            let noise = RedNoise::new(alpha).unwrap();
            let n = 2000;
            let mean = |lag: f64| {
                let bin = |k: usize| (k as f64 + 0.5) / n as f64;
                (0..n).map(|k| noise.spectrum(bin(k)) * (TAU * lag * bin(k)).cos()).sum::<f64>() / n as f64
            };
            // The rule of midpoints is exact up to α^n.
            assert!((mean(0.0) - 1.0).abs() < 1e-13 && (mean(1.0) - alpha).abs() < 1e-13, "{alpha}");
        }
    }

    #[test]
    fn the_spectrum_is_that_of_pycwt() {
        // pycwt 0.5b: ar1_spectrum at 0, 0.01, 0.1, 0.25 and 0.5.
        let red = [6.142857142857142, 5.928003968621691, 1.3627018670883828, 0.31717597471022124, 0.16279069767441864];
        for (frequency, expected) in [0.0, 0.01, 0.1, 0.25, 0.5].into_iter().zip(red) {
            let found = RedNoise::new(0.72).unwrap().spectrum(frequency);
            assert!((found / expected - 1.0).abs() < 16.0 * f64::EPSILON, "{frequency}: {found}");
        }
    }

    #[test]
    fn what_is_no_noise_is_refused() {
        assert!(RedNoise::new(1.0).is_err() && RedNoise::new(f64::NAN).is_err());
        assert!(matches!(RedNoise::of(&[1.0; 4]), Err(SignalError::Length { .. })));
        assert!(matches!(RedNoise::of(&[f64::NAN; 40]), Err(SignalError::NotFinite { index: 0, .. })));
        assert_eq!(RedNoise::of(&[3.0; 40]), Ok(RedNoise::WHITE));
        assert_eq!(variance::<f64>(&[]), Err(SignalError::Empty));
    }
}
