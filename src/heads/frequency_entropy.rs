use super::pair_family::PairView;
use super::{Definition, HeadsError, Signal};
use crate::numeric::{Real, gamma};
use crate::signal::{PowerSpectrum, Sides};

/// The two frequency entropies of a sequence of norms `s(n) = |q_n|`, as published \[oka2026fe\].
///
/// ```text
/// sequence   p(k) ∝ |Σ_n s(n) e^{-2πikn/L}|²,  k = 1..=L/2, of the whole window of L tokens
/// spectrum   p(k) ∝ mean over frames of |Σ_n s(n) e^{-2πikn/N}|²,  k = 0..=N/2, frames of N tokens, N/2 apart
/// entropy    -Σ p ln p / ln K  in [0, 1], K the number of bins
/// ```
///
/// 0 is a pure tone (for `sequence`) or a constant (for `spectrum`, whose bin 0 is not left out: norms are
/// positive, so that most of its power is there, and a small value says that norms vary little, before
/// it says anything about bands). White normal noise has [`white_noise_entropy`]. The published frame is 1024
/// tokens, 512 apart; here it is `N` and `N/2`. What the frames are weighted with is not published: nothing
/// here.
#[derive(Debug)]
pub(super) struct FrequencyEntropy {
    whole: PowerSpectrum<f64>,
    frame: PowerSpectrum<f64>,
}

impl FrequencyEntropy {
    /// Plans the entropies of windows of `length` tokens with frames of `frame`.
    pub(super) fn new(length: usize, frame: usize) -> Result<Self, HeadsError> {
        Ok(Self { whole: PowerSpectrum::new(length)?, frame: PowerSpectrum::new(frame)? })
    }

    /// Entropy of the spectrum of the whole sequence without frequency 0; `None` where nothing but
    /// rounding is left of a constant sequence.
    pub(super) fn sequence(&self, norms: &[f64]) -> Option<f64> {
        let power = half(&self.whole, norms)?;
        let rounding = gamma(8 * power.len().ilog2() as usize + 8, f64::UNIT_ROUNDOFF).powi(2);
        entropy(&power[1..]).filter(|_| power[1..].iter().sum::<f64>() > rounding * power[0])
    }

    /// Entropy of the mean spectrum of the frames; `None` where the sequence is shorter than a frame, or zero.
    pub(super) fn spectrum(&self, norms: &[f64]) -> Option<f64> {
        let length = self.frame.length();
        let mut sum = vec![0.0; length / 2 + 1];
        for frame in norms.windows(length).step_by((length / 2).max(1)) {
            sum.iter_mut().zip(half(&self.frame, frame)?).for_each(|(sum, power)| *sum += power);
        }
        entropy(&sum)
    }
}

/// The bins `0..=n/2` of the two-sided spectrum; `None` for what is not finite.
fn half(transform: &PowerSpectrum<f64>, signal: &[f64]) -> Option<Vec<f64>> {
    let mut power = transform.of(signal, Sides::Two).ok()?;
    power.truncate(signal.len() / 2 + 1);
    Some(power)
}

/// `-Σ p ln p / ln K`, `p` the weights over their sum; `None` for fewer than two, and for a sum of 0.
pub(super) fn entropy(weights: &[f64]) -> Option<f64> {
    let total: f64 = weights.iter().sum();
    let nats = weights.iter().filter(|w| **w > 0.0).map(|w| -(w / total) * (w / total).ln()).sum::<f64>();
    (weights.len() > 1 && total > 0.0).then(|| nats / (weights.len() as f64).ln())
}

pub(super) fn definitions() -> Vec<Definition> {
    let of = |metric: &'static str, title: &'static str, formula: &'static str, meaning: &'static str| {
        Definition::of(Signal::Pairs, metric, "1", title).family("M10").range(0.0, 1.0).meaning(formula, meaning)
    };
    vec![
        of(
            "sequence_frequency_entropy",
            "frequency entropy of query norms over the window",
            "mean over pairs of -Σ p ln p / ln K, p(k) ∝ |DFT of |q_n^(i)| over n|², k = 1..=K, K = half the window",
            "How irregularly queries grow and shrink along the text: 0 is one period, and noise has about 0.94.",
        ),
        of(
            "lowest_sequence_frequency_entropy",
            "the same of the most regular pair",
            "the smallest over the pairs",
            "How close the most regular pair of the head comes to a single period.",
        ),
        of(
            "spectrum_frequency_entropy",
            "frequency entropy of query norms over frames",
            "mean over pairs of -Σ p ln p / ln K, p the mean spectrum of frames of N tokens, N/2 apart, k = 0..=N/2",
            "Mostly how little query norms vary, since frequency 0 is among the bins: 0 is a constant norm.",
        ),
        of(
            "lowest_spectrum_frequency_entropy",
            "the same of the steadiest pair",
            "the smallest over the pairs",
            "How steady the query norm of the steadiest pair of the head is.",
        ),
    ]
}

pub(super) fn values(view: &PairView<'_>) -> [Option<f64>; 4] {
    let summed = |entropies: &[Option<f64>]| {
        let known: Vec<f64> = entropies.iter().copied().flatten().collect();
        let lowest = known.iter().copied().reduce(f64::min);
        [lowest.map(|_| known.iter().sum::<f64>() / known.len() as f64), lowest]
    };
    let [sequence, lowest_sequence] = summed(&view.means.sequence_entropy);
    let [spectrum, lowest_spectrum] = summed(&view.means.spectrum_entropy);
    [sequence, lowest_sequence, spectrum, lowest_spectrum]
}

/// What the entropy of `bins` bins of equal mean power is on average for white normal noise:
/// `(ψ(K+1) - ψ(2))/ln K = (1/2 + … + 1/K)/ln K`, the mean entropy of a flat Dirichlet distribution.
///
/// Exact for the bins of a sequence of odd length, which are independent and exponential; the last bin of an even
/// one has twice the relative variance.
///
/// # Example
/// ```
/// assert!((ropelet::heads::white_noise_entropy(511) - 0.932).abs() < 1e-3);
/// ```
pub fn white_noise_entropy(bins: usize) -> f64 {
    (2..=bins).rev().map(|k| (k as f64).recip()).sum::<f64>() / (bins as f64).ln()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use rand::distr::Open01;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn tone(length: usize, k: f64) -> Vec<f64> {
        (0..length).map(|n| 2.0 + (TAU * k * n as f64 / length as f64).cos()).collect()
    }

    #[test]
    fn a_tone_has_no_sequence_entropy_and_two_equal_tones_have_one_bit() {
        let of = FrequencyEntropy::new(128, 32).unwrap();
        assert!(of.sequence(&tone(128, 5.0)).unwrap() < 1e-12);
        let two: Vec<f64> = tone(128, 5.0).iter().zip(tone(128, 9.0)).map(|(a, b)| a + b).collect();
        assert!((of.sequence(&two).unwrap() - 2f64.ln() / 64f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_lone_token_has_all_sequence_entropy_and_a_constant_has_none_to_speak_of() {
        let of = FrequencyEntropy::new(128, 32).unwrap();
        let lone: Vec<f64> = (0..128).map(|n| f64::from(u8::from(n == 17))).collect();
        assert!((of.sequence(&lone).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(of.sequence(&[0.3; 128]), None);
        assert_eq!(of.sequence(&[f64::NAN; 128]), None);
        assert!(of.spectrum(&[0.3; 128]).unwrap() < 1e-12);
        assert_eq!(of.spectrum(&[0.0; 128]), None);
        assert_eq!(of.spectrum(&[1.0; 31]), None);
    }

    #[test]
    fn spectrum_entropy_counts_frequency_0() {
        let of = FrequencyEntropy::new(128, 32).unwrap();
        // A tone of four turns to the frame: power 4 N at 0 and N/4 in bin 4, the mirrored bin left out.
        let share: f64 = 0.25 / 4.25;
        let expected = -(share * share.ln() + (1.0 - share) * (1.0 - share).ln()) / 17f64.ln();
        assert!((of.spectrum(&tone(128, 16.0)).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn white_noise_has_the_mean_entropy_of_a_flat_dirichlet_distribution() {
        let (length, draws) = (255, 400);
        let of = FrequencyEntropy::new(length, 32).unwrap();
        let mut generator = ChaCha8Rng::seed_from_u64(1);
        let mut normal = || {
            let (r, angle): (f64, f64) = (generator.sample(Open01), generator.sample(Open01));
            (-2.0 * r.ln()).sqrt() * (TAU * angle).cos()
        };
        let values: Vec<f64> =
            (0..draws).map(|_| of.sequence(&(0..length).map(|_| normal()).collect::<Vec<_>>()).unwrap()).collect();
        let mean = values.iter().sum::<f64>() / f64::from(draws);
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(draws - 1);
        let error = (variance / f64::from(draws)).sqrt();
        // Four standard errors; the control is as many bins as tokens.
        assert!((mean - white_noise_entropy(127)).abs() < 4.0 * error, "{mean} {error}");
        assert!((mean - white_noise_entropy(255)).abs() > 4.0 * error);
    }
}
