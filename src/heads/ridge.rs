//! The ridge of the wavelet transform of a signal: the frequency that it shows most of.

use std::f64::consts::TAU;

use super::band::{speaks_of, without_dc};
use super::family::{Family, View};
use super::{Definition, Plan, Signal};
use crate::numeric::vertex;
use crate::wavelet::{Morlet, MotherWavelet};

pub(super) const FAMILY: Family = Family { definitions, values };

fn definitions(signal: Signal, _plan: &Plan) -> Vec<Definition> {
    if !speaks_of(signal) {
        return Vec::new();
    }
    vec![
        Definition::of(signal, "ridge_frequency", "cycle/token", "ridge frequency")
            .family("M7")
            .range(0.0, 0.5)
            .meaning(
                "6/(2πa) at the scale a of the largest global wavelet power Σ_k |psihat(2πak/N)|² P(k), k = 1..=N/2, psi the \
                 Morlet wavelet of ω₀ = 6, l1; 8 scales to the octave, a parabola in a through the largest and its \
                 neighbours",
                "The frequency of the strongest scale of a wavelet transform.",
            )
            .known(["", "ω₀/2π, lower by the slope of a window a", "", ""]),
    ]
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    if speaks_of(view.signal) {
        values.push(view.plan.ridge().frequency(view.power));
    }
}

/// `ω0` of the Morlet wavelet that reads the ridge.
const OMEGA0: f64 = 6.0;

/// Scales per octave.
const VOICES: i32 = 8;

/// The global wavelet power of a signal from its power spectrum, planned for one number of points.
///
/// ```text
/// G(a) = Σ_{k=1..N/2} |psihat(2πa k/N)|² P(k) = Σ_b |W(a, b)|² / N
/// ```
///
/// with the Morlet wavelet `psihat(w) = e^{-(w - 6)²/2}` on positive frequencies, of gain 1 at its centre (`l1`), and the
/// signal on a circle \[torrence1998, equations 4 and 22\]. Scales are those of the frequencies `2^{-1-j/8}`, from 1/2 down to
/// `1/N`.
#[derive(Debug)]
pub(super) struct Ridge {
    /// Scales in samples, ascending, and the weights of bins 1, 2 and so on.
    rows: Vec<(f64, Vec<f64>)>,
}

impl Ridge {
    /// For spectra of `points` points, a power of two.
    pub(super) fn new(points: usize) -> Self {
        let wavelet = Morlet::uncorrected(OMEGA0).expect("6 is in range");
        let peak = wavelet.psihat(OMEGA0).norm_sqr();
        let octaves = points.ilog2() as i32 - 1;
        let row = |voice: i32| {
            let frequency = (-1.0 - f64::from(voice) / f64::from(VOICES)).exp2();
            let scale = OMEGA0 / (TAU * frequency);
            let gain = |k: usize| wavelet.psihat(scale * TAU * k as f64 / points as f64).norm_sqr() / peak;
            // Beyond twice its centre the wavelet's gain is below 1e-15.
            let last = ((2.0 * frequency * points as f64).ceil() as usize).min(points / 2);
            (scale, (1..=last).map(gain).collect())
        };
        Self { rows: (0..=octaves * VOICES).map(row).collect() }
    }

    /// `G(a)` of each scale.
    fn global_power(&self, power: &[f64]) -> Vec<f64> {
        let sum = |weights: &Vec<f64>| weights.iter().zip(&power[1..]).map(|(weight, p)| weight * p).sum();
        self.rows.iter().map(|(_, weights)| sum(weights)).collect()
    }

    /// The frequency of the scale of largest global power, in cycles per sample; that of the first or the last scale where it
    /// is the largest.
    ///
    /// Between scales the logarithm of the power is taken to be a parabola in the scale, as it is for a pure tone: `ln
    /// G = -(aω - 6)²`, so that a tone is read exactly. `None` where nothing but rounding is left without frequency 0.
    pub(super) fn frequency(&self, power: &[f64]) -> Option<f64> {
        without_dc(power)?;
        let global = self.global_power(power);
        let at = (0..global.len()).max_by(|&a, &b| global[a].total_cmp(&global[b]).then(b.cmp(&a)))?;
        let scale = |i: usize| self.rows[i].0;
        let inner = at > 0 && at + 1 < global.len() && global[at - 1] > 0.0 && global[at + 1] > 0.0;
        let best = if inner {
            let [left, middle, right] = [at - 1, at, at + 1].map(|i| (scale(i), global[i].ln()));
            vertex(left, middle, right).0
        } else {
            scale(at)
        };
        Some(OMEGA0 / (TAU * best))
    }
}

#[cfg(test)]
mod tests {
    use super::super::band::Band;
    use super::super::constant_q::Line;
    use super::super::{SinkRule, Taper};
    use super::*;
    use crate::numeric::{Real, gamma};

    const N: usize = 256;

    fn power(signal: &[f64]) -> Vec<f64> {
        Plan::new(signal.len(), SinkRule::Kept, Taper::None).unwrap().power(signal)
    }

    fn gabor(window: f64, bin: f64) -> Vec<f64> {
        let of = |t: f64| (-0.5 * (t / window).powi(2)).exp() * (TAU * bin / N as f64 * t).cos();
        (0..N).map(|t| of(t as f64 - 128.0)).collect()
    }

    #[test]
    fn a_tone_is_read_at_its_own_frequency() {
        let ridge = Ridge::new(N);
        assert_eq!(ridge.rows.len(), 57);
        for bin in [3.0, 8.0, 21.0, 55.0, 100.0] {
            let tone: Vec<f64> = (0..N).map(|t| (TAU * bin * t as f64 / N as f64).cos()).collect();
            let found = ridge.frequency(&power(&tone)).unwrap();
            // The three logarithms are off by rounding and by the 1e-15 that other bins hold.
            assert!((found * N as f64 / bin - 1.0).abs() < gamma(1 << 12, f64::UNIT_ROUNDOFF), "{bin}: {found}");
        }
        assert_eq!(ridge.frequency(&power(&[1.0; N])), None);
    }

    #[test]
    fn noise_that_grows_with_the_band_ends_at_the_finest_scale() {
        // A flat spectrum has a global power in proportion to 1/a.
        let mut impulse = vec![0.0; N];
        impulse[0] = 1.0;
        let finest = Ridge::new(N).frequency(&power(&impulse)).unwrap();
        assert!(finest > 0.2, "{finest}");
    }

    #[test]
    fn a_bandwidth_read_off_scales_is_that_of_the_instrument() {
        // Atoms of one window, so of one bandwidth: a short-time Fourier transform, of constant width.
        let bins = [32.0, 44.0, 60.0, 80.0];
        let ridge = Ridge::new(N);
        let frequencies: Vec<f64> = ridge.rows.iter().map(|(scale, _)| OMEGA0 / (TAU * scale)).collect();
        // Centre and width of the global wavelet power over its own frequency axis.
        let read = |power: &[f64]| {
            let global = ridge.global_power(power);
            let total: f64 = global.iter().sum();
            let mean = |weight: &dyn Fn(f64) -> f64| {
                global.iter().zip(&frequencies).map(|(g, f)| weight(*f) * g).sum::<f64>() / total
            };
            let centre = mean(&|f| f);
            (centre, mean(&|f| (f - centre).powi(2)).sqrt())
        };
        let spectra: Vec<Vec<f64>> = bins.iter().map(|&bin| power(&gabor(16.0, bin))).collect();
        let by_scale = Line::through(spectra.iter().map(|power| read(power))).unwrap();
        let by_fourier = Line::through(spectra.iter().map(|power| {
            let band = Band::of(power).unwrap();
            (band.centre, band.bandwidth)
        }))
        .unwrap();
        // The wavelet's own width is f/6√2, 2.1 times that of the atom, 1/(2π√2 · 16), at bin 32 and 5.2 times at bin 80;
        // the squares add, so the slope is between 2.1²/(1 + 2.1²) and 1.
        assert!((by_scale.slope - 0.9).abs() < 0.09 && by_scale.r_squared > 0.99, "{by_scale:?}");
        // The tails of the atom end at 8 windows, e^{-32}; its mirror image is e^{-(16ω)²} away.
        assert!(by_fourier.slope.abs() < 1e-9, "{by_fourier:?}");
    }
}
