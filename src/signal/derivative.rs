use std::f64::consts::{PI, TAU};

use num_complex::Complex64;

use super::SignalError;
use crate::numeric::integrate_line;
use crate::wavelet::{Admissibility, MotherWavelet};

/// `psi'`, as a wavelet: its spectrum is `iω psihat(ω)`.
///
/// The coefficients of a signal change with the place of the wavelet as
///
/// ```text
/// ∂W/∂b (a, b) = -(1/a) c(a) Σ_t conj(psi'((t - b)/a)) x(t)
/// ```
///
/// so that a transform by this wavelet, planned as any other, gives their exact derivative: no difference
/// of neighbouring coefficients is taken.
///
/// Its energy, spreads and `C_psi` are quadratures, which no transform asks for.
#[derive(Debug)]
pub(super) struct TimeDerivative<'a>(&'a dyn MotherWavelet);

impl<'a> TimeDerivative<'a> {
    /// # Errors
    /// [`SignalError::NoDerivative`] for a wavelet whose derivative is not known.
    pub(super) fn of(wavelet: &'a dyn MotherWavelet) -> Result<Self, SignalError> {
        match wavelet.derivative(0.0) {
            Some(_) => Ok(Self(wavelet)),
            None => Err(SignalError::NoDerivative { wavelet: wavelet.name() }),
        }
    }

    /// `∫ |ω|^power |ω psihat(ω)|² dω`.
    fn moment(&self, power: i32) -> f64 {
        integrate_line(|omega| omega.abs().powi(2 + power) * self.0.psihat(omega).norm_sqr(), 1e-12).value
    }
}

impl MotherWavelet for TimeDerivative<'_> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        self.0.parameters()
    }

    fn psi(&self, t: f64) -> Complex64 {
        self.0.derivative(t).expect("it is known: the constructor has asked")
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        Complex64::new(0.0, omega) * self.0.psihat(omega)
    }

    fn is_real(&self) -> bool {
        self.0.is_real()
    }

    fn is_analytic(&self) -> bool {
        self.0.is_analytic()
    }

    fn mean(&self) -> f64 {
        0.0
    }

    fn energy(&self) -> f64 {
        self.moment(0) / TAU
    }

    fn support(&self) -> Option<(f64, f64)> {
        self.0.support()
    }

    /// A little above that of `psi`, at which it is used: plans only ask roughly where the band lies.
    fn centre_frequency(&self) -> f64 {
        self.0.centre_frequency()
    }

    fn admissibility(&self) -> Admissibility {
        Admissibility::Admissible { c_psi: self.moment(-1) }
    }

    fn time_spread(&self) -> f64 {
        let square = |t: f64| self.psi(t).norm_sqr();
        let mean = integrate_line(|t| t * square(t), 1e-12).value / self.energy();
        (integrate_line(|t| (t - mean).powi(2) * square(t), 1e-12).value / self.energy()).sqrt()
    }

    fn frequency_spread(&self) -> f64 {
        let weight = |omega: f64| (omega * self.0.psihat(omega)).norm_sqr() / (2.0 * PI * self.energy());
        let mean = integrate_line(|omega| omega * weight(omega), 1e-12).value;
        integrate_line(|omega| (omega - mean).powi(2) * weight(omega), 1e-12).value.sqrt()
    }

    fn tail(&self, radius: f64) -> f64 {
        self.0.derivative_tail(radius)
    }

    fn tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        self.0.derivative_tail_sum(scale, first, direction)
    }

    /// Octave by octave: `∫_r^{2r} ω |psihat| ≤ 2r ∫_r^∞ |psihat|`.
    fn spectral_tail(&self, radius: f64) -> f64 {
        let octave = |k: i32| f64::from(k).exp2() * radius;
        (0..64).map(|k| 2.0 * octave(k) * self.0.spectral_tail(octave(k))).take_while(|&bound| bound > 0.0).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wavelet::{
        AnalyticDerivativeOfGaussian, AnalyticMorlet, FrequencyBSpline, FromSamples, FromSpectrum, Haar, Morlet, Morse,
        Paul,
    };

    fn wavelets() -> [Box<dyn MotherWavelet>; 7] {
        [
            Box::new(AnalyticMorlet::corrected(2.0).unwrap()),
            Box::new(AnalyticMorlet::uncorrected(3.0).unwrap()),
            Box::new(AnalyticDerivativeOfGaussian::new(3).unwrap()),
            Box::new(Morlet::corrected(6.0).unwrap()),
            Box::new(Morlet::uncorrected(5.0).unwrap()),
            Box::new(Paul::new(4).unwrap()),
            Box::new(Morse::new(20.0, 3.0).unwrap()),
        ]
    }

    #[test]
    fn closed_forms_agree_with_the_inverse_transform_of_their_spectrum() {
        for wavelet in wavelets() {
            let derivative = TimeDerivative::of(wavelet.as_ref()).unwrap();
            for t in [-2.3, -0.4, 0.0, 0.7, 1.9] {
                let part = |of: fn(Complex64) -> f64| {
                    integrate_line(|omega| of(derivative.psihat(omega) * Complex64::cis(omega * t)) / TAU, 1e-13)
                };
                let (re, im) = (part(|z| z.re), part(|z| z.im));
                let expected = Complex64::new(re.value, im.value);
                // All are below 6 in modulus, so that 64 roundoffs are 8e-14.
                let allowed = re.error.total() + im.error.total() + 64.0 * f64::EPSILON * 6.0;
                let off = (derivative.psi(t) - expected).norm();
                assert!(off <= allowed, "{} at {t}: {off} > {allowed}", wavelet.name());
                // The control: psi itself is no derivative of psi.
                assert!((wavelet.psi(t) - expected).norm() > 1e-3, "{} at {t}", wavelet.name());
            }
        }
    }

    #[test]
    fn slopes_of_band_limited_and_of_given_wavelets_are_those_of_their_values() {
        let morlet = Morlet::corrected(6.0).unwrap();
        let samples = (-90..=70).map(|k| morlet.psi(f64::from(k) / 8.0)).collect();
        let wavelets: [Box<dyn MotherWavelet>; 5] = [
            Box::new(FrequencyBSpline::shannon(1.5, 1.0).unwrap()),
            Box::new(FrequencyBSpline::new(2, 0.5, 1.0).unwrap()),
            Box::new(FrequencyBSpline::new(5, 1.5, 1.0).unwrap()),
            Box::new(FromSamples::new(samples, -11.25, 0.125).unwrap()),
            Box::new(FromSpectrum::new(move |w| morlet.psihat(w), (-6.0, 18.0), &[]).unwrap()),
        ];
        for wavelet in wavelets {
            let derivative = TimeDerivative::of(wavelet.as_ref()).unwrap();
            for t in [-8.3, -3.0, -0.26, -1e-3, 0.0, 1e-9, 0.125, 0.3, 1.0, 4.0 / 3.0, 2.7, 25.0, 301.7] {
                // Differences of fourth order; the fifth derivatives are below 15⁵.
                let h = 1e-3;
                let at = |k: f64| wavelet.psi(t + k * h);
                let expected = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h);
                let off = (derivative.psi(t) - expected).norm();
                assert!(off < 1e-6, "{} at {t}: {off:e}, {} {expected}", wavelet.name(), derivative.psi(t));
            }
            assert!((derivative.psi(0.3) - wavelet.psi(0.3)).norm() > 1e-2);
        }
    }

    #[test]
    fn tails_bound_what_is_left_out() {
        for wavelet in wavelets() {
            let derivative = TimeDerivative::of(wavelet.as_ref()).unwrap();
            for radius in [1.5f64, 3.0, 5.0, 9.0] {
                let beyond = |f: &dyn Fn(f64) -> f64| {
                    crate::numeric::integrate(|x| f(x) + f(-x), radius, radius + 40.0, &[], 1e-12).value
                };
                let tail = derivative.tail(radius);
                assert!(tail >= 0.999_999 * beyond(&|t| derivative.psi(t).norm()), "{} {radius}", wavelet.name());
                let tail = derivative.spectral_tail(radius);
                assert!(tail >= 0.999_999 * beyond(&|w| derivative.psihat(w).norm()), "{} {radius}", wavelet.name());
            }
        }
    }

    #[test]
    fn a_jump_has_no_derivative() {
        assert_eq!(TimeDerivative::of(&Haar).unwrap_err(), SignalError::NoDerivative { wavelet: "haar" });
    }
}
