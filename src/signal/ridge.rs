use num_complex::Complex;
use serde::Serialize;

use super::derivative::TimeDerivative;
use super::{Boundary, Cwt, Norm, Sample, SignalError};
use crate::numeric::vertex;
use crate::wavelet::MotherWavelet;

/// What counts as a ridge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RidgeOptions {
    /// A ridge point's modulus is at least this share of the largest of the table.
    pub threshold: f64,
    /// From one sample to the next a ridge moves by at most this many octaves.
    pub max_jump: f64,
    /// A ridge has at least this many samples.
    pub min_length: usize,
}

impl Default for RidgeOptions {
    /// A tenth of the largest modulus, a quarter of an octave, 16 samples.
    fn default() -> Self {
        Self { threshold: 0.1, max_jump: 0.25, min_length: 16 }
    }
}

/// One sample of a ridge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RidgePoint {
    /// Its number, from 0.
    pub sample: usize,
    /// Where `|W|` of `l1` coefficients is largest over scales, in samples.
    pub scale: f64,
    /// The instantaneous frequency that the scale stands for, `f_c/a`, in cycles per sample.
    pub frequency: f64,
    /// The instantaneous frequency by phase, `Im(∂_b W / W)/2π`, in cycles per sample.
    pub phase_frequency: f64,
    /// The amplitude of the real oscillation, in units of the signal: `2 |W| / (c(a) a max|psihat|)`.
    pub amplitude: f64,
    /// Its phase in radians, from -π to π: that of `A cos φ`.
    pub phase: f64,
    /// Whether the ends of the signal disturb it ([`super::cone_of_influence`]).
    pub in_cone: bool,
}

/// Maxima of `|W|` over scales, chained over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ridge {
    /// One for each sample from the first to the last, without gaps.
    pub points: Vec<RidgePoint>,
}

/// Finds the ridges of signals: what oscillates in them, by instantaneous frequency and amplitude
/// \[delprat1992, lilly2009\].
///
/// A ridge point is a local maximum of the modulus over scales, `l1`, at one sample; between scales `ln|W|` is taken to
/// be a parabola in `a`, as it is for a tone and the Morlet wavelet. Points of neighbouring samples that are nearest to each other, and within
/// [`RidgeOptions::max_jump`], are one ridge. The first and the last scale have no neighbour and no ridge.
///
/// # Bias
/// For a pure tone frequency and amplitude are those of the tone, but for the parabola. For a chirp `A cos(ω(t) t)` with
/// `dω/dt = c` and a Morlet wavelet the transform is a Gaussian integral: the maximum over scales lies at a frequency
/// too high by a share of `(c ω0/ω²)²`, and its amplitude is too low by `¼ (c ω0²/ω²)²`, in leading order. The frequency
/// by phase at that maximum is too high by a share of `(c/ω²)⁴ ω0⁶` alone, for which reason it is given too.
///
/// # Edges
/// Inside the cone of influence a ridge follows the boundary as well as the signal: with `zero` its
/// amplitude falls to half at an end, and with `reflect` a frequency that changes has a kink there. Such points are
/// marked and not dropped.
pub struct Ridges<T: Sample> {
    cwt: Cwt<T>,
    derivative: Cwt<T>,
    centre_frequency: f64,
    /// `max |psihat|`, and its phase.
    peak: Complex<f64>,
    e_folding_time: f64,
    /// Rows in ascending order of scales.
    order: Vec<usize>,
}

impl<T: Sample> Ridges<T> {
    /// Plans the transform and its derivative.
    ///
    /// # Errors
    /// Those of [`Cwt::new`]; [`SignalError::NoPhase`] for a real wavelet; [`SignalError::NoDerivative`].
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        boundary: Boundary,
    ) -> Result<Self, SignalError> {
        if wavelet.is_real() {
            return Err(SignalError::NoPhase { wavelet: wavelet.name() });
        }
        let derivative = TimeDerivative::of(wavelet)?;
        let cwt = Cwt::new(wavelet, length, scales, Norm::L1, boundary)?;
        let mut order: Vec<usize> = (0..scales.len()).collect();
        order.sort_by(|&a, &b| scales[a].total_cmp(&scales[b]));
        Ok(Self {
            derivative: Cwt::new(&derivative, length, scales, Norm::L1, boundary)?,
            cwt,
            centre_frequency: wavelet.centre_frequency(),
            peak: wavelet.psihat(std::f64::consts::TAU * wavelet.centre_frequency()),
            e_folding_time: wavelet.e_folding_time(),
            order,
        })
    }

    /// The ridges of one signal, by their first sample and then by scale.
    ///
    /// # Errors
    /// Those of [`Cwt::transform`], for one signal; [`SignalError::Option`] for options out of range.
    pub fn of(&self, signal: &[T], options: RidgeOptions) -> Result<Vec<Ridge>, SignalError> {
        let RidgeOptions { threshold, max_jump, min_length } = options;
        let check = |name, value: f64, good, expected| {
            if good { Ok(()) } else { Err(SignalError::Option { name, value, expected }) }
        };
        check("threshold", threshold, (0.0..=1.0).contains(&threshold), "a share from 0 to 1")?;
        check("max_jump", max_jump, max_jump > 0.0 && max_jump.is_finite(), "a number of octaves above 0")?;
        check("min_length", min_length as f64, min_length > 0, "a number of samples above 0")?;
        if signal.len() != self.cwt.length() {
            return Err(SignalError::Length { length: self.cwt.length(), found: signal.len() });
        }
        let w = self.cwt.transform(signal)?;
        let slopes = self.derivative.transform(signal)?;
        let largest = w.iter().map(|w| modulus(*w)).fold(0.0, f64::max);
        let mut open: Vec<Ridge> = Vec::new();
        let mut done: Vec<Ridge> = Vec::new();
        for sample in 0..signal.len() {
            let found = self.maxima(&w, &slopes, sample, threshold * largest);
            let (mut matched, mut taken) = (vec![None; open.len()], vec![false; found.len()]);
            let last = |ridge: &Ridge| ridge.points.last().expect("a ridge is not empty").scale;
            let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
            for (at, ridge) in open.iter().enumerate() {
                let jumps = found.iter().map(|point| (point.scale / last(ridge)).log2().abs()).enumerate();
                pairs.extend(jumps.filter(|(_, jump)| *jump <= max_jump).map(|(next, jump)| (jump, at, next)));
            }
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
            for (_, at, next) in pairs {
                if matched[at].is_none() && !taken[next] {
                    (matched[at], taken[next]) = (Some(next), true);
                }
            }
            let mut going = Vec::new();
            for (mut ridge, next) in open.drain(..).zip(matched) {
                match next {
                    Some(next) => {
                        ridge.points.push(found[next]);
                        going.push(ridge);
                    }
                    None => done.push(ridge),
                }
            }
            let begun = found.iter().zip(taken).filter(|(_, taken)| !taken);
            going.extend(begun.map(|(point, _)| Ridge { points: vec![*point] }));
            open = going;
        }
        done.extend(open);
        done.retain(|ridge| ridge.points.len() >= min_length);
        let start = |ridge: &Ridge| (ridge.points[0].sample, ridge.points[0].scale);
        done.sort_by(|a, b| start(a).0.cmp(&start(b).0).then(start(a).1.total_cmp(&start(b).1)));
        Ok(done)
    }

    /// The maxima over scales at one sample that reach the floor.
    fn maxima(&self, w: &[Complex<T>], slopes: &[Complex<T>], sample: usize, floor: f64) -> Vec<RidgePoint> {
        let (length, scales) = (self.cwt.length(), self.cwt.scales());
        let place = |at: usize| self.order[at] * length + sample;
        let height = |at: usize| modulus(w[place(at)]);
        let mut found = Vec::new();
        for at in 1..self.order.len().saturating_sub(1) {
            let [below, here, above] = [at - 1, at, at + 1].map(height);
            if !(here > below && here >= above && here >= floor && below > 0.0 && above > 0.0) {
                continue;
            }
            let [left, middle, right] = [(at - 1, below), (at, here), (at + 1, above)]
                .map(|(at, height)| (scales[self.order[at]], height.ln()));
            if !(left.0 < middle.0 && middle.0 < right.0) {
                continue;
            }
            let (scale, ln_height) = vertex(left, middle, right);
            // Phases on both sides of the top, linear in a between them.
            let other = if scale < middle.0 { at - 1 } else { at + 1 };
            let side = if other < at { left } else { right };
            let share = (scale - middle.0) / (side.0 - middle.0);
            let rate = |at: usize| {
                let (w, slope) = (wide(w[place(at)]), wide(slopes[place(at)]));
                -(slope / w).im / scales[self.order[at]]
            };
            let between = |of: &dyn Fn(usize) -> f64| (1.0 - share) * of(at) + share * of(other);
            let turn = (wide(w[place(other)]) / wide(w[place(at)])).arg();
            let phase = wide(w[place(at)]).arg() + share * turn + self.peak.arg();
            found.push(RidgePoint {
                sample,
                scale,
                frequency: self.centre_frequency / scale,
                phase_frequency: between(&rate) / std::f64::consts::TAU,
                amplitude: 2.0 * ln_height.exp() / self.peak.norm(),
                phase: Complex::<f64>::cis(phase).arg(),
                in_cone: scale * self.e_folding_time > sample.min(length - 1 - sample) as f64 + 0.5,
            });
        }
        found
    }
}

fn wide<T: Sample>(w: Complex<T>) -> Complex<f64> {
    Complex::new(w.re.wide(), w.im.wide())
}

fn modulus<T: Sample>(w: Complex<T>) -> f64 {
    w.re.wide().hypot(w.im.wide())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::octaves;
    use super::*;
    use crate::wavelet::{AnalyticMorlet, FromSamples, Morlet, Morse, Paul, Ricker};

    const N: usize = 640;

    fn ridges<T: Sample>(wavelet: &dyn MotherWavelet, signal: impl Fn(f64) -> f64) -> Vec<Ridge> {
        let scales = octaves(2..=5, 32.try_into().unwrap());
        let signal: Vec<T> = (0..N).map(|t| T::of(signal(t as f64))).collect();
        Ridges::<T>::new(wavelet, N, &scales, Boundary::Zero).unwrap().of(&signal, RidgeOptions::default()).unwrap()
    }

    /// Points that the ends do not disturb: the wavelet's tails are far smaller there.
    fn inner(ridge: &Ridge) -> impl Iterator<Item = &RidgePoint> {
        ridge.points.iter().filter(|point| (270..370).contains(&point.sample))
    }

    #[test]
    fn a_tone_has_one_ridge_with_its_frequency_amplitude_and_phase() {
        let (frequency, amplitude) = (0.0713, 1.7);
        let morlet = Morlet::corrected(6.0).unwrap();
        let samples = (-144..=144).map(|k| morlet.psi(f64::from(k) / 16.0)).collect();
        let wavelets: [Box<dyn MotherWavelet>; 5] = [
            Box::new(FromSamples::around_zero(samples, 0.0625).unwrap()),
            Box::new(AnalyticMorlet::corrected(6.0).unwrap()),
            Box::new(morlet),
            Box::new(Morse::new(20.0, 3.0).unwrap()),
            Box::new(Paul::new(12).unwrap()),
        ];
        for wavelet in wavelets {
            let found = ridges::<f64>(wavelet.as_ref(), |t| amplitude * (TAU * frequency * t + 0.3).cos());
            assert_eq!(found.len(), 1, "{}", wavelet.name());
            assert!(inner(&found[0]).count() == 100);
            for point in inner(&found[0]) {
                // A step is 1/32 octave; the parabola errs by the third derivative of ln|psihat|, which is that of the
                // power in Paul's, and 0 or less than 1e-6 for the others.
                let allowed = if wavelet.name() == "paul" { 2e-4 } else { 1e-6 };
                assert!((point.frequency / frequency - 1.0).abs() < allowed, "{} {point:?}", wavelet.name());
                assert!((point.amplitude / amplitude - 1.0).abs() < allowed, "{} {point:?}", wavelet.name());
                // The negative frequency of a real tone is below 1e-10 for all, and so is Paul's tail.
                assert!((point.phase_frequency / frequency - 1.0).abs() < 1e-6, "{} {point:?}", wavelet.name());
                let phase = Complex::<f64>::cis(point.phase - TAU * frequency * point.sample as f64 - 0.3).arg();
                assert!(phase.abs() < 1e-5, "{} {point:?}", wavelet.name());
            }
        }
    }

    /// Frequency by scale, by phase, and amplitude, relative, at the middle of a linear chirp.
    fn chirp_errors<T: Sample>() -> ([f64; 3], [f64; 3]) {
        let (middle, rate, omega0) = (0.5, 4e-4, 6.0f64);
        let morlet = Morlet::corrected(omega0).unwrap();
        let found = ridges::<T>(&morlet, |t| ((middle + 0.5 * rate * (t - 320.0)) * (t - 320.0)).cos());
        assert_eq!(found.len(), 1);
        let point = found[0].points.iter().find(|point| point.sample == 320).unwrap();
        let bend: f64 = rate / (middle * middle);
        let stated = [(bend * omega0).powi(2), bend.powi(4) * omega0.powi(6), 0.25 * (bend * omega0 * omega0).powi(2)];
        let observed =
            [point.frequency * TAU / middle - 1.0, point.phase_frequency * TAU / middle - 1.0, 1.0 - point.amplitude];
        (observed, stated)
    }

    #[test]
    fn the_bias_on_a_chirp_is_the_stated_one() {
        let ([by_scale, by_phase, amplitude], [stated_scale, stated_phase, stated_amplitude]) = chirp_errors::<f64>();
        // The next order is smaller by (c ω0²/ω²)² = 0.0033; the parabola over 1/32 octave adds 2e-6.
        assert!((by_scale - stated_scale).abs() < 0.05 * stated_scale + 2e-6, "{by_scale} {stated_scale}");
        assert!((amplitude - stated_amplitude).abs() < 0.05 * stated_amplitude + 2e-6, "{amplitude}");
        assert!((by_phase - stated_phase).abs() < 2e-6, "{by_phase} {stated_phase}");
        // The control: the bias is there.
        assert!(by_scale > 0.5 * stated_scale && amplitude > 0.5 * stated_amplitude);
        let (single, _) = chirp_errors::<f32>();
        assert!((single[0] - by_scale).abs() < 2e-5 && (single[1] - by_phase).abs() < 2e-5, "{single:?}");
    }

    #[test]
    fn two_tones_are_two_ridges_and_noise_floors_are_none() {
        let morlet = Morlet::corrected(6.0).unwrap();
        let two = ridges::<f64>(&morlet, |t| (TAU * 0.05 * t).cos() + 0.5 * (TAU * 0.15 * t).cos());
        assert_eq!(two.len(), 2);
        assert!(two[0].points[0].scale < two[1].points[0].scale);
        // The weaker one is below a threshold of 0.7.
        let scales = octaves(1..=6, 8.try_into().unwrap());
        let signal: Vec<f64> = (0..N).map(|t| (0.3 * t as f64).cos() + 0.5 * (0.9 * t as f64).cos()).collect();
        let plan = Ridges::<f64>::new(&morlet, N, &scales, Boundary::Periodic).unwrap();
        let options = RidgeOptions { threshold: 0.7, ..RidgeOptions::default() };
        assert_eq!(plan.of(&signal, options).unwrap().len(), 1);
        assert!(plan.of(&[0.0; N], RidgeOptions::default()).unwrap().is_empty());
        assert_eq!(
            plan.of(&signal, RidgeOptions { min_length: N + 1, ..RidgeOptions::default() }).unwrap(),
            Vec::<Ridge>::new()
        );
        assert!(plan.of(&signal, RidgeOptions { max_jump: f64::NAN, ..RidgeOptions::default() }).is_err());
    }

    #[test]
    fn ends_are_marked() {
        let morlet = Morlet::corrected(6.0).unwrap();
        let found = ridges::<f64>(&morlet, |t| (TAU * 0.05 * t).cos());
        let first = found[0].points[0];
        assert!(first.in_cone && first.sample == 0);
        // Half of the wavelet meets zeros.
        assert!((first.amplitude - 0.5).abs() < 0.1, "{first:?}");
        assert!(inner(&found[0]).all(|point| !point.in_cone));
    }

    #[test]
    fn constants_beyond_the_ends_have_their_slopes_too() {
        let scales = octaves(1..=4, 8.try_into().unwrap());
        let signal: Vec<f64> = (0..N).map(|t| (TAU * 0.075 * t as f64).cos()).collect();
        for wavelet in [&Morse::new(20.0, 3.0).unwrap() as &dyn MotherWavelet, &AnalyticMorlet::corrected(6.0).unwrap()]
        {
            let plan = Ridges::<f64>::new(wavelet, N, &scales, Boundary::Constant).unwrap();
            let found = plan.of(&signal, RidgeOptions::default()).unwrap();
            let whole = found.iter().find(|ridge| inner(ridge).count() == 100);
            let whole = whole.unwrap_or_else(|| panic!("{}: {} ridges", wavelet.name(), found.len()));
            assert!(inner(whole).all(|point| (point.phase_frequency / 0.075 - 1.0).abs() < 1e-4), "{}", wavelet.name());
        }
    }

    #[test]
    fn a_real_wavelet_has_no_ridges() {
        let refused = Ridges::<f64>::new(&Ricker, 8, &[1.0, 2.0], Boundary::Zero).err();
        assert_eq!(refused, Some(SignalError::NoPhase { wavelet: "ricker" }));
    }
}
