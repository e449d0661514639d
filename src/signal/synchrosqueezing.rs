use num_complex::{Complex, Complex64};

use super::derivative::TimeDerivative;
use super::reconstruction::{cell_widths, single_factor};
use super::{Boundary, Cwt, Norm, Sample, SignalError};
use crate::wavelet::MotherWavelet;

/// The synchrosqueezed transform: each coefficient moved to the frequency that its phase turns at
/// \[daubechies2011\].
///
/// ```text
/// ω(a, b)   = Im(∂_b W(a, b) / W(a, b))
/// T(f, b)   = u Σ_j v_j W(a_j, b)   over the scales with 2π f the nearest frequency to ω(a_j, b),  |W| ≥ the threshold
/// ```
///
/// with `u v_j` the weights of the single integral ([`super::Inversion::Single`]). `∂_b W` is a transform of its own by
/// `psi'`, exact, and not a difference of coefficients. So the sum of `Re T` over all frequencies is what
/// [`super::InverseCwt::invert`] gives, less the coefficients that were dropped; over a band it is the part of the
/// signal in that band ([`Synchrosqueezing::invert`]). A tone of amplitude `A` has `|Σ T| = A`.
///
/// The frequencies are a grid; a cell ends half way to the next one in the logarithm. What turns backwards, or at a
/// frequency outside the grid, is dropped.
///
/// # Edges
/// Reassignment knows nothing of ends: inside the cone of influence `W` is a transform of the signal as the
/// boundary continues it, and its phase turns as that does. With `zero` a tone spreads there over
/// frequencies around its own, within about `1/(2π)` of the inverse of the distance to the end; with `reflect` a tone whose
/// phase does not fit its mirror image splits in two. What was read inside the cone should not be used.
///
/// # Rounding
/// `ω` is off by about `ε max|W| / |W|` of itself, `ε` the relative error of the coefficients: a threshold of the square
/// root of the unit roundoff (the default) leaves half of the digits. Sums over scales are made in `f64`.
pub struct Synchrosqueezing<T: Sample> {
    cwt: Cwt<T>,
    derivative: Cwt<T>,
    /// Of each scale: `u v_j`.
    factors: Vec<Complex64>,
    frequencies: Vec<f64>,
    /// Ends of the cells in `ln f`, one more than frequencies.
    edges: Vec<f64>,
    threshold: f64,
}

impl<T: Sample> Synchrosqueezing<T> {
    /// Plans the transform onto these frequencies, in cycles per sample.
    ///
    /// # Errors
    /// Those of [`Cwt::new`]; [`SignalError::NoPhase`] for a real wavelet; [`SignalError::NoDerivative`];
    /// [`SignalError::NotAdmissible`]; [`SignalError::OneScale`]; [`SignalError::Frequency`] unless there are at least
    /// two, ascending, above 0 and at most 1/2.
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        boundary: Boundary,
        frequencies: &[f64],
    ) -> Result<Self, SignalError> {
        if wavelet.is_real() {
            return Err(SignalError::NoPhase { wavelet: wavelet.name() });
        }
        let mut below = 0.0;
        for &frequency in frequencies {
            if !(frequency > below && frequency <= 0.5) {
                return Err(SignalError::Frequency { frequency });
            }
            below = frequency;
        }
        let &[first, second, ..] = frequencies else {
            return Err(SignalError::Frequency { frequency: frequencies.first().copied().unwrap_or(f64::NAN) });
        };
        let cwt = Cwt::new(wavelet, length, scales, Norm::L1, boundary)?;
        let derivative = Cwt::new(&TimeDerivative::of(wavelet)?, length, scales, Norm::L1, boundary)?;
        let factor = single_factor(wavelet)?;
        // With l1 coefficients c(a) a is 1.
        let factors = cell_widths(scales)?.into_iter().map(|width| factor * width).collect();
        let (last, before) = (below.ln(), frequencies[frequencies.len() - 2].ln());
        let mut edges = vec![first.ln() - (second.ln() - first.ln()) / 2.0];
        edges.extend(frequencies.windows(2).map(|pair| (pair[0].ln() + pair[1].ln()) / 2.0));
        edges.push(last + (last - before) / 2.0);
        let threshold = T::UNIT_ROUNDOFF.sqrt();
        Ok(Self { cwt, derivative, factors, frequencies: frequencies.to_vec(), edges, threshold })
    }

    /// Moves only coefficients of at least this share of the largest of the signal; by default the square root of the
    /// unit roundoff, 1.05e-8 or 2.4e-4.
    ///
    /// # Errors
    /// [`SignalError::Option`] unless it is from 0 to 1.
    pub fn with_threshold(self, threshold: f64) -> Result<Self, SignalError> {
        if (0.0..=1.0).contains(&threshold) {
            return Ok(Self { threshold, ..self });
        }
        Err(SignalError::Option { name: "threshold", value: threshold, expected: "a share from 0 to 1" })
    }

    /// Samples per signal.
    pub fn length(&self) -> usize {
        self.cwt.length()
    }

    /// The frequencies of the rows, in cycles per sample.
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// One or more signals, `[..., samples]` to `[..., frequencies, samples]`.
    ///
    /// # Errors
    /// Those of [`Cwt::transform`].
    pub fn of(&self, signals: &[T]) -> Result<Vec<Complex<T>>, SignalError> {
        if signals.is_empty() {
            return Err(SignalError::Length { length: self.length(), found: 0 });
        }
        let mut tables = Vec::with_capacity(signals.len() * self.frequencies.len());
        for signal in signals.chunks(self.length()) {
            let (w, slopes) = (self.cwt.transform(signal)?, self.derivative.transform(signal)?);
            tables.extend(self.squeeze(&w, &slopes));
        }
        Ok(tables)
    }

    fn squeeze(&self, w: &[Complex<T>], slopes: &[Complex<T>]) -> impl Iterator<Item = Complex<T>> + use<T> {
        let n = self.length();
        let wide = |z: Complex<T>| Complex64::new(z.re.wide(), z.im.wide());
        let largest = w.iter().map(|&w| wide(w).norm()).fold(0.0, f64::max);
        let floor = (self.threshold * largest).max(f64::MIN_POSITIVE);
        let mut squeezed = vec![Complex64::ZERO; self.frequencies.len() * n];
        let rows = w.chunks(n).zip(slopes.chunks(n)).zip(self.cwt.scales()).zip(&self.factors);
        for (((w, slopes), scale), factor) in rows {
            for (b, (&w, &slope)) in w.iter().zip(slopes).enumerate() {
                let w = wide(w);
                if w.norm() < floor {
                    continue;
                }
                let frequency = -(wide(slope) / w).im / scale / std::f64::consts::TAU;
                if frequency <= 0.0 {
                    continue;
                }
                let cell = self.edges.partition_point(|&edge| edge <= frequency.ln());
                if (1..self.edges.len()).contains(&cell) {
                    squeezed[(cell - 1) * n + b] += factor * w;
                }
            }
        }
        squeezed.into_iter().map(|z| Complex::new(T::of(z.re), T::of(z.im)))
    }

    /// The part of the signals in a band of frequencies, both ends included: `Σ Re T` over it.
    ///
    /// Over all frequencies it is the signal, but for its mean, for what the single integral is off
    /// ([`super::InverseCwt::error_bound`]) and for what was dropped: at most `Σ_j |u v_j|` times the threshold, and
    /// what turned at a frequency outside the grid.
    ///
    /// # Errors
    /// [`SignalError::Length`] unless there is a whole number of tables.
    pub fn invert(&self, squeezed: &[Complex<T>], band: (f64, f64)) -> Result<Vec<T>, SignalError> {
        let (n, table) = (self.length(), self.length() * self.frequencies.len());
        if squeezed.is_empty() || !squeezed.len().is_multiple_of(table) {
            return Err(SignalError::Length { length: table, found: squeezed.len() });
        }
        let mut signals = Vec::new();
        for table in squeezed.chunks(table) {
            let mut signal = vec![0.0; n];
            let rows = table.chunks(n).zip(&self.frequencies).filter(|(_, f)| (band.0..=band.1).contains(*f));
            for (row, _) in rows {
                signal.iter_mut().zip(row).for_each(|(x, t)| *x += t.re.wide());
            }
            signals.extend(signal.into_iter().map(T::of));
        }
        Ok(signals)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::{InverseCwt, Inversion, octaves};
    use super::*;
    use crate::wavelet::{Morlet, Morse, Ricker};

    const N: usize = 512;

    fn grid() -> Vec<f64> {
        (0..160).map(|i| 0.5 * (-f64::from(159 - i) / 32.0).exp2()).collect()
    }

    fn signal<T: Sample>(of: impl Fn(f64) -> f64) -> Vec<T> {
        (0..N).map(|t| T::of(of(t as f64))).collect()
    }

    /// The share of `Σ|.|²` of rows within this factor of a frequency, at one sample.
    fn share(table: &[f64], rows: &[f64], sample: usize, near: &[f64], factor: f64) -> f64 {
        let power = |keep: &dyn Fn(f64) -> bool| {
            let rows = rows.iter().enumerate().filter(|(_, f)| keep(**f));
            rows.map(|(row, _)| table[row * N + sample]).sum::<f64>()
        };
        let close = |f: f64| near.iter().any(|at| (f / at).log2().abs() <= factor.log2());
        power(&close) / power(&|_| true)
    }

    fn concentrates<T: Sample>() {
        let tones = [0.05, 0.12];
        let x = signal::<T>(|t| tones.iter().map(|f| (TAU * f * t).cos()).sum());
        let scales = octaves(1..=6, 16.try_into().unwrap());
        let morlet = Morlet::corrected(6.0).unwrap();
        let plan = Synchrosqueezing::<T>::new(&morlet, N, &scales, Boundary::Zero, &grid()).unwrap();
        let squeezed: Vec<f64> = plan.of(&x).unwrap().iter().map(|z| z.re.wide().hypot(z.im.wide()).powi(2)).collect();
        let plain: Vec<f64> = Cwt::<T>::new(&morlet, N, &scales, Norm::L1, Boundary::Zero)
            .unwrap()
            .power(&x)
            .unwrap()
            .iter()
            .map(|p| p.wide())
            .collect();
        let frequencies = super::super::frequencies(&morlet, &scales);
        // Within two cells of 1/32 octave. Half way between the tones both are e^{-2.5} of their tops.
        let sharp = share(&squeezed, &grid(), 256, &tones, 1.045);
        let smeared = share(&plain, &frequencies, 256, &tones, 1.045);
        assert!(sharp > 0.98, "{sharp}");
        // The control: plain power does not.
        assert!(smeared < 0.5, "{smeared}");
    }

    #[test]
    fn two_tones_are_sharp_where_plain_power_smears() {
        concentrates::<f64>();
        concentrates::<f32>();
    }

    #[test]
    fn a_chirp_is_followed() {
        let x = signal::<f64>(|t| (0.3 * t + 0.0007 * t * t).cos());
        let scales = octaves(0..=6, 16.try_into().unwrap());
        let morse = Morse::new(20.0, 3.0).unwrap();
        let plan = Synchrosqueezing::<f64>::new(&morse, N, &scales, Boundary::Zero, &grid()).unwrap();
        let power: Vec<f64> = plan.of(&x).unwrap().iter().map(|z| z.norm_sqr()).collect();
        for sample in [150, 256, 380] {
            let frequency = (0.3 + 0.0014 * sample as f64) / TAU;
            let sharp = share(&power, &grid(), sample, &[frequency], 1.045);
            assert!(sharp > 0.9, "{sample}: {sharp}");
            assert!(share(&power, &grid(), sample, &[1.2 * frequency], 1.045) < 0.1);
        }
    }

    #[test]
    fn all_rows_together_are_the_single_integral() {
        let x = signal::<f64>(|t| (0.3 * t + 0.0005 * t * t).cos());
        // No scale that has aliases: they turn at frequencies outside the grid.
        let scales = octaves(2..=5, 16.try_into().unwrap());
        let morlet = Morlet::corrected(6.0).unwrap();
        for boundary in [Boundary::Zero, Boundary::Reflect] {
            let wide: Vec<f64> = (0..400).map(|i| 0.5 * (-f64::from(399 - i) / 16.0).exp2()).collect();
            let plan = Synchrosqueezing::<f64>::new(&morlet, N, &scales, boundary, &wide).unwrap();
            let inverse = InverseCwt::<f64>::new(&morlet, N, &scales, Norm::L1, boundary, Inversion::Single).unwrap();
            let w = plan.cwt.transform(&x).unwrap();
            let single = inverse.invert(&w).unwrap();
            let largest = w.iter().map(|w| w.norm()).fold(0.0, f64::max);
            let dropped: f64 = plan.factors.iter().map(|factor| factor.norm()).sum::<f64>() * plan.threshold * largest;
            let squeezed = plan.of(&x).unwrap();
            let back = plan.invert(&squeezed, (0.0, 0.5)).unwrap();
            let half = plan.invert(&squeezed, (0.0, 0.08)).unwrap();
            // At the ends coefficients may turn backwards or too fast, and are dropped.
            for b in 200..N - 200 {
                assert!((back[b] - single[b]).abs() <= dropped + 1e-12, "{boundary:?} {b}: {} {}", back[b], single[b]);
            }
            // The control: a part of the rows is not the whole.
            assert!((200..N - 200).any(|b| (half[b] - single[b]).abs() > 0.5));
        }
    }

    #[test]
    fn a_band_of_rows_is_one_of_two_tones() {
        let x = signal::<f64>(|t| (0.3 * t).cos() + 0.4 * (0.9 * t + 1.0).sin());
        let scales = octaves(1..=6, 16.try_into().unwrap());
        let morlet = Morlet::corrected(6.0).unwrap();
        let plan = Synchrosqueezing::<f64>::new(&morlet, N, &scales, Boundary::Zero, &grid()).unwrap();
        let low = plan.invert(&plan.of(&x).unwrap(), (0.02, 0.08)).unwrap();
        let off = |of: &dyn Fn(f64) -> f64| (150..360).map(|t| (low[t] - of(t as f64)).abs()).fold(0.0, f64::max);
        assert!(off(&|t| (0.3 * t).cos()) < 0.02);
        assert!(off(&|t| x[t as usize]) > 0.3);
    }

    #[test]
    fn grids_and_wavelets_that_cannot_be_used_are_refused() {
        let morlet = Morlet::corrected(6.0).unwrap();
        let new = |wavelet: &dyn MotherWavelet, frequencies: &[f64]| {
            Synchrosqueezing::<f64>::new(wavelet, 16, &[2.0, 4.0], Boundary::Zero, frequencies).err().unwrap()
        };
        assert_eq!(new(&morlet, &[0.1, 0.6]), SignalError::Frequency { frequency: 0.6 });
        assert_eq!(new(&morlet, &[0.2, 0.1]), SignalError::Frequency { frequency: 0.1 });
        assert_eq!(new(&morlet, &[0.2]), SignalError::Frequency { frequency: 0.2 });
        assert!(matches!(new(&morlet, &[f64::NAN, 0.1]), SignalError::Frequency { .. }));
        assert_eq!(new(&Ricker, &[0.1, 0.2]), SignalError::NoPhase { wavelet: "ricker" });
        let plan = Synchrosqueezing::<f64>::new(&morlet, 16, &[2.0, 4.0], Boundary::Zero, &[0.1, 0.2]).unwrap();
        assert!(matches!(plan.of(&[1.0; 17]), Err(SignalError::Length { .. })));
        assert!(plan.with_threshold(-1.0).is_err());
    }
}
