use std::f64::consts::TAU;

use num_complex::Complex64;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::fft::FourierPlanner;
use super::filter::Daughter;
use super::reconstruction::power_weights;
use super::{Boundary, Norm, RedNoise, SignalError, cone_of_influence, scale};
use crate::numeric::{Real, integrate_line};
use crate::wavelet::MotherWavelet;

/// What the power of noise stays below at a level: of points, of time means and of means over scales
/// \[torrence1998, sections 4 and 5\].
///
/// A coefficient of Gaussian noise is Gaussian, so that its power is its expectation times a chi-square variable over its
/// degrees of freedom: 2 for a complex wavelet and 1 for a real one. Averages have more:
///
/// ```text
/// E |W(a)|²  = σ² n^{-1} Σ_k |G_a(k)|² S(k)                   (background; S is the spectrum of the noise, of mean 1)
/// ν of a time mean over n_a samples  = ν0 √(1 + (n_a/(γ a))²)                                    (their equation 23)
/// ν of a mean over m scales          = ν0 m (S_avg/S_mid) √(1 + (m δj/δj0)²)                     (their equation 28)
/// ```
///
/// Two things differ from \[torrence1998\]. The background is the exact expectation, the spectrum of the noise seen through the
/// wavelet, and not the spectrum at one frequency. And `γ` and `δj0` are not taken from their Table 2 but computed,
/// for any wavelet ([`decorrelation_length`], [`decorrelation_octaves`]).
///
/// The levels are those of the inside: in the cone of influence of a signal continued by zeros, power is smaller.
#[derive(Debug, Clone, PartialEq)]
pub struct Significance {
    scales: Vec<f64>,
    length: usize,
    background: Vec<f64>,
    /// Samples that the ends do not disturb, for each scale.
    outside_cone: Vec<usize>,
    /// `ν0`.
    freedom: f64,
    decorrelation_length: f64,
    decorrelation_octaves: f64,
    /// `(2/C_psi) Δln a / (c(a) a)²`.
    weights: Option<Vec<f64>>,
}

impl Significance {
    /// For signals of `length` samples and noise of this variance.
    ///
    /// # Errors
    /// Those of [`super::Cwt::new`] with [`Boundary::Periodic`]; [`SignalError::Option`] for a variance that is
    /// negative or no number.
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        noise: RedNoise,
        variance: f64,
    ) -> Result<Self, SignalError> {
        scale::validate(scales)?;
        if length == 0 {
            return Err(SignalError::Empty);
        }
        if !(variance >= 0.0 && variance.is_finite()) {
            return Err(SignalError::Option { name: "the variance", value: variance, expected: "a number from 0 on" });
        }
        let fft = FourierPlanner::new().forward(length);
        let background = |&scale: &f64| {
            let daughter = Daughter::new(wavelet, length, scale, norm, Boundary::Periodic, f64::UNIT_ROUNDOFF)?;
            let filter = daughter.filter(wavelet, fft.as_ref());
            // The gains are divided by n.
            let power = (filter.first..)
                .zip(&filter.gains)
                .map(|(bin, gain)| gain.norm_sqr() * noise.spectrum(bin as f64 / length as f64));
            Ok(variance * length as f64 * power.sum::<f64>())
        };
        let cone = cone_of_influence(wavelet, length);
        Ok(Self {
            scales: scales.to_vec(),
            length,
            background: scales.iter().map(background).collect::<Result<_, SignalError>>()?,
            outside_cone: scales.iter().map(|scale| cone.iter().filter(|reach| scale <= *reach).count()).collect(),
            freedom: if wavelet.is_real() { 1.0 } else { 2.0 },
            decorrelation_length: decorrelation_length(wavelet),
            decorrelation_octaves: decorrelation_octaves(wavelet),
            weights: power_weights(wavelet, scales, norm).ok(),
        })
    }

    /// `E |W(a)|²` of the noise, for each scale.
    pub fn background(&self) -> &[f64] {
        &self.background
    }

    /// For each scale, what `|W|²` of the noise is below with this probability, at one sample.
    ///
    /// # Errors
    /// [`SignalError::Option`] unless the level is between 0 and 1.
    pub fn of_points(&self, level: f64) -> Result<Vec<f64>, SignalError> {
        let ratio = ratio(self.freedom, level)?;
        Ok(self.background.iter().map(|background| background * ratio).collect())
    }

    /// The same for the mean over time: of all samples, or of those outside the cone of influence, where there are any.
    ///
    /// # Errors
    /// Those of [`Significance::of_points`].
    pub fn of_time_means(&self, level: f64, outside_cone: bool) -> Result<Vec<Option<f64>>, SignalError> {
        let of = |at: usize| {
            let samples = if outside_cone { self.outside_cone[at] } else { self.length };
            if samples == 0 {
                return Ok(None);
            }
            let freedom = self.freedom * 1f64.hypot(samples as f64 / (self.decorrelation_length * self.scales[at]));
            Ok(Some(self.background[at] * ratio(freedom, level)?))
        };
        (0..self.scales.len()).map(of).collect()
    }

    /// The same for the mean over all scales ([`super::Scalogram::scale_average`]), at one sample.
    ///
    /// # Errors
    /// Also [`SignalError::OneScale`], which an average of one scale comes to too.
    pub fn of_scale_average(&self, level: f64) -> Result<f64, SignalError> {
        let weights = self.weights.as_ref().ok_or(SignalError::OneScale)?;
        let mean: f64 = weights.iter().zip(&self.background).map(|(weight, background)| weight * background).sum();
        Ok(mean * ratio(self.freedom_of_scale_average(), level)?)
    }

    fn freedom_of_scale_average(&self) -> f64 {
        let count = self.scales.len() as f64;
        let (low, high) = self.scales.iter().fold((f64::INFINITY, 0.0f64), |(low, high), &a| (low.min(a), high.max(a)));
        let average = self.scales.iter().map(|scale| scale.recip()).sum::<f64>().recip();
        let step = (high / low).log2() / (count - 1.0);
        self.freedom * count * average / (low * high).sqrt() * 1f64.hypot(count * step / self.decorrelation_octaves)
    }
}

/// `χ²_ν/ν` at this level.
fn ratio(freedom: f64, level: f64) -> Result<f64, SignalError> {
    if !(level > 0.0 && level < 1.0) {
        return Err(SignalError::Option { name: "level", value: level, expected: "a number between 0 and 1" });
    }
    let distribution = ChiSquared::new(freedom).expect("there is at least one degree of freedom");
    Ok(distribution.inverse_cdf(level) / freedom)
}

/// `γ`: over how many scales' time the power of noise is alike, `2π ∫|psihat|⁴ / (∫|psihat|²)²`.
///
/// The autocorrelation of `W(a, ·)` for white noise is `ρ(l) = ∫|psihat(aω)|² e^{iωl} dω`, normalised, and a mean of the squares
/// of `n` of them has the variance of `n/Σ|ρ|²` independent ones; the sum is `γ a`. Morlet has `√(2π)` = 2.507, Paul of order
/// 4 1.257, Ricker 1.828 \[torrence1998, Table 2, has 2.32, 1.17 and 1.43, found by simulation\].
pub fn decorrelation_length(wavelet: &dyn MotherWavelet) -> f64 {
    let moment = |power: i32| integrate_line(|w| wavelet.psihat(w).norm_sqr().powi(power), 1e-13).value;
    TAU * moment(2) / moment(1).powi(2)
}

/// `δj0`: over how many octaves of scales the power of noise is alike, `∫ |ρ(2^x)|² dx` with the correlation of scales
/// `ρ(r) = √r ∫ psihat(ω) conj psihat(rω) dω / ∫|psihat|²`.
///
/// Morlet with `ω0 = 6` has 0.60, Paul of order 4 1.729, Ricker 1.700 \[torrence1998, Table 2, has 0.60, 1.5 and 1.4\].
pub fn decorrelation_octaves(wavelet: &dyn MotherWavelet) -> f64 {
    /// Steps of both rules, whose integrands are smooth and fall off on both sides: in `ln ω`, and in octaves.
    const STEPS: (f64, f64) = (1.0 / 32.0, 1.0 / 32.0);
    let energy = TAU * wavelet.energy();
    let centre = (TAU * wavelet.centre_frequency()).max(1e-3);
    let square = |step: usize| {
        let r = (step as f64 * STEPS.1).exp2();
        let at = |step: i32| {
            let omega = centre * (f64::from(step) * STEPS.0).exp();
            let pair = |omega: f64| wavelet.psihat(omega) * wavelet.psihat(r * omega).conj();
            omega * STEPS.0 * (pair(omega) + pair(-omega))
        };
        r * (-480..=160).map(at).sum::<Complex64>().norm_sqr() / (energy * energy)
    };
    // |ρ| is the same for r and 1/r.
    STEPS.1 * (square(0) + 2.0 * (1..=384).map(square).sum::<f64>())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2;

    use super::super::{Cwt, Scalogram, octaves};
    use super::*;
    use crate::wavelet::{DerivativeOfGaussian, Morlet, Paul, Ricker};

    #[test]
    fn decorrelations_are_closed_forms_and_near_those_of_torrence_and_compo() {
        let morlet = Morlet::corrected(6.0).unwrap();
        assert!((decorrelation_length(&morlet) - TAU.sqrt()).abs() < 1e-6);
        // Γ(4m + 1) 2^{-(4m+1)}, 2π times, over the square of Γ(2m + 1): Paul, psihat ∝ w^m e^{-w}, m = 4.
        let paul = TAU * (libm::lgamma(17.0) - 17.0 * 4f64.ln() - 2.0 * (libm::lgamma(9.0) - 9.0 * 2f64.ln())).exp();
        assert!((decorrelation_length(&Paul::new(4).unwrap()) - paul).abs() < 1e-9, "{paul}");
        let near =
            |found: f64, table: f64, share: f64| assert!((found / table - 1.0).abs() < share, "{found}, {table}");
        let (paul, dog6) = (Paul::new(4).unwrap(), DerivativeOfGaussian::new(6).unwrap());
        near(decorrelation_length(&morlet), 2.32, 0.1);
        near(decorrelation_length(&paul), 1.17, 0.1);
        // For real wavelets the table is a quarter lower; `noise_is_rejected_as_often_as_it_should_be` decides for ours.
        near(decorrelation_length(&Ricker), 1.43, 0.3);
        near(decorrelation_length(&dog6), 1.37, 0.33);
        // Of Paul ρ is sech(x/2)^{2m+1} in x = ln r, of a derivative of Gaussian sech(x)^{m+1/2}; ∫sech^p = √π Γ(p/2)/Γ((p+1)/2).
        let sech = |p: f64| std::f64::consts::PI.sqrt() * (libm::lgamma(p / 2.0) - libm::lgamma((p + 1.0) / 2.0)).exp();
        let equal = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found}, {expected}");
        equal(decorrelation_octaves(&paul), 2.0 * sech(18.0) / LN_2);
        equal(decorrelation_octaves(&Ricker), sech(5.0) / LN_2);
        equal(decorrelation_octaves(&dog6), sech(13.0) / LN_2);
        near(decorrelation_octaves(&morlet), 0.60, 0.02);
        near(decorrelation_octaves(&paul), 1.5, 0.2);
        near(decorrelation_octaves(&Ricker), 1.4, 0.25);
        near(decorrelation_octaves(&dog6), 0.97, 0.1);
    }

    #[test]
    fn chi_square_levels_are_those_of_scipy() {
        // scipy 1.16: chi2.ppf(level, ν)/ν.
        for (freedom, level, expected) in [
            (1.0, 0.95, 3.841458820694124),
            (2.0, 0.95, 2.995732273553991),
            (2.0, 0.99, 4.605170185988092),
            (7.3, 0.9, 1.7017857930789302),
            (1.0, 0.5, 0.454936423119572),
            (313.7, 0.95, 1.1348598461182047),
        ] {
            let found = ratio(freedom, level).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-9, "{freedom} {level}: {found}");
        }
        assert!(ratio(2.0, 1.0).is_err() && ratio(2.0, f64::NAN).is_err());
    }

    #[test]
    fn white_noise_has_the_energy_of_the_wavelet_at_every_scale() {
        let significance = |wavelet: &dyn MotherWavelet, norm| {
            Significance::new(wavelet, 512, &[4.0, 16.0], norm, RedNoise::WHITE, 3.0).unwrap()
        };
        let ricker = significance(&Ricker, Norm::L2);
        for background in ricker.background() {
            assert!((background / (3.0 * Ricker.energy()) - 1.0).abs() < 1e-12, "{background}");
        }
        let morlet = significance(&Morlet::corrected(6.0).unwrap(), Norm::L1);
        assert!((morlet.background()[0] / morlet.background()[1] - 4.0).abs() < 1e-9);
    }

    /// Rejections are within 3.3 standard deviations of a binomial count: 1 in 1000 of fair tests fails.
    fn fair(rejected: usize, trials: usize, level: f64) -> bool {
        let (n, p) = (trials as f64, 1.0 - level);
        (rejected as f64 - n * p).abs() <= 3.3 * (n * p * (1.0 - p)).sqrt()
    }

    #[test]
    fn noise_is_rejected_as_often_as_it_should_be() {
        let (n, draws, level) = (256, 400, 0.9);
        let scales = octaves(1..=5, 2.try_into().unwrap());
        for (wavelet, alpha) in
            [(Box::new(Morlet::corrected(6.0).unwrap()) as Box<dyn MotherWavelet>, 0.6), (Box::new(Ricker), 0.3)]
        {
            let wavelet = wavelet.as_ref();
            let noise = RedNoise::new(alpha).unwrap();
            let cwt = Cwt::<f64>::new(wavelet, n, &scales, Norm::L2, Boundary::Zero).unwrap();
            let test = Significance::new(wavelet, n, &scales, Norm::L2, noise, 1.0).unwrap();
            let points = test.of_points(level).unwrap();
            let means = test.of_time_means(level, true).unwrap();
            let average = test.of_scale_average(level).unwrap();
            let white = Significance::new(wavelet, n, &scales, Norm::L2, RedNoise::WHITE, 1.0).unwrap();
            let wrong = white.of_points(level).unwrap();
            let (mut at_points, mut at_means, mut at_wrong) = (vec![0; 9], vec![0; 9], vec![0; 9]);
            let mut at_average = 0;
            for draw in 0..draws {
                let w = cwt.transform(&noise.draw(n, 11, draw)).unwrap();
                let scalogram = Scalogram::new(wavelet, &scales, &w);
                let global = scalogram.time_mean(true);
                for at in 0..scales.len() {
                    let power = scalogram.row(at)[n / 2];
                    at_points[at] += usize::from(power > points[at]);
                    at_wrong[at] += usize::from(power > wrong[at]);
                    at_means[at] += usize::from(global[at] > means[at]);
                }
                at_average += usize::from(scalogram.scale_average(wavelet, Norm::L2).unwrap()[n / 2] > average);
            }
            let name = wavelet.name();
            for (at, &rejected) in at_points.iter().enumerate() {
                assert!(fair(rejected, 400, level), "{name}, points of scale {}: {rejected} of 400", scales[at]);
            }
            for (at, &rejected) in at_means.iter().enumerate() {
                // The law of a mean is a chi-square only about: the level may be 3 % off.
                let about = (0.87..0.93).contains(&(1.0 - rejected as f64 / 400.0));
                assert!(
                    about || fair(rejected, 400, level),
                    "{name}, means of scale {}: {rejected} of 400",
                    scales[at]
                );
            }
            assert!((20..=75).contains(&at_average), "{name}, average: {at_average} of 400");
            // The control: red noise is not white.
            assert!(at_wrong.iter().any(|&rejected| !fair(rejected, 400, level)), "{name}: {at_wrong:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let new = |length, scales: &[f64], variance| {
            Significance::new(&Ricker, length, scales, Norm::L2, RedNoise::WHITE, variance)
        };
        assert_eq!(new(0, &[1.0], 1.0), Err(SignalError::Empty));
        assert_eq!(new(8, &[], 1.0), Err(SignalError::NoScales));
        assert!(new(8, &[1.0], f64::NAN).is_err());
        let one = new(8, &[100.0], 1.0).unwrap();
        assert_eq!(one.of_scale_average(0.9), Err(SignalError::OneScale));
        // All samples are in the cone.
        assert_eq!(one.of_time_means(0.9, true), Ok(vec![None]));
        assert!(one.of_time_means(0.9, false).unwrap()[0].is_some());
        assert!(one.of_points(0.0).is_err());
    }
}
