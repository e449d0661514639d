use std::fmt;
use std::sync::Arc;

use num_complex::{Complex, Complex64};
use rayon::prelude::*;
use realfft::{ComplexToReal, RealToComplex};

use super::fft::FourierPlanner;
use super::reconstruction::cell_widths;
use super::{
    Boundary, Cwt, Norm, RedNoise, Sample, SignalError, cone_of_influence, daughter, decorrelation_octaves, fft,
};
use crate::wavelet::MotherWavelet;

/// The cross-wavelet transform of two signals and their coherence, over time and scale.
///
/// ```text
/// W_xy(a, b) = W_x(a, b) conj W_y(a, b)                                                             l1
/// R²(a, b)   = |S(W_xy)|² / (S(|W_x|²) S(|W_y|²)),    0 ≤ R² ≤ 1
/// φ(a, b)    = arg S(W_xy)                            above 0 where x is ahead of y
/// ```
///
/// `S` is a mean in time by the wavelet's own envelope, `|psi(t/a)|` over its sum, and in scale over a box as wide as power is
/// alike ([`decorrelation_octaves`], 0.60 octaves for Morlet) \[torrence1999, grinsted2004\]. Both means have weights
/// that are not negative, and are divided by the sum of those that are inside the table; so Cauchy and Schwarz keep `R²` below 1.
/// (`l1` power is `|W|²/a` of `l2`, which is what those papers smooth.)
///
/// A coherence of 1 means little alone: without smoothing it would be 1 everywhere, and with it that of independent noise is
/// far from 0 (about 0.4 for Morlet). [`Coherence::levels`] says what noise reaches.
///
/// # Rounding
/// Means are convolutions by Fourier transforms in `f64`. Where a mean power is below 1e-12 of the largest of its scale, `R²`
/// is given as 0.
pub struct Coherence<T: Sample> {
    cwt: Cwt<T>,
    rows: Vec<Smoothing>,
    padded: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    backward: Arc<dyn ComplexToReal<f64>>,
    cone: Vec<f64>,
}

/// How one scale is smoothed.
struct Smoothing {
    /// Spectrum of the envelope.
    envelope: Vec<Complex64>,
    /// Sum of the envelope inside the table, at each sample.
    sums: Vec<f64>,
    /// Rows and weights that are averaged.
    rows: Vec<(usize, f64)>,
}

/// What two signals have in common, row-major `[scales][samples]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Coherent {
    /// `R²`.
    pub coherence: Vec<f64>,
    /// `φ`, in radians from -π to π.
    pub phase: Vec<f64>,
}

impl<T: Sample> Coherence<T> {
    /// Plans both transforms and the means.
    ///
    /// # Errors
    /// Those of [`Cwt::new`]; [`SignalError::OneScale`].
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        boundary: Boundary,
    ) -> Result<Self, SignalError> {
        let cwt = Cwt::new(wavelet, length, scales, Norm::L1, boundary)?;
        let widths = cell_widths(scales)?;
        let half = 0.5 * decorrelation_octaves(wavelet);
        // The rest of an envelope changes no mean by more than its share.
        let radius = daughter::time_radius(wavelet, 1e-9);
        let reach_of = |scale: f64| {
            radius.map_or(f64::INFINITY, |radius| (radius * scale).ceil()).min(length as f64 - 1.0) as usize
        };
        let longest = scales.iter().map(|&scale| reach_of(scale)).max().unwrap_or(0);
        let padded = fft::padded_length(length + longest);
        let mut planner = FourierPlanner::new();
        let (forward, backward) = (planner.real_forward(padded), planner.real_inverse(padded));
        let row = |&scale: &f64| {
            let reach = reach_of(scale) as i64;
            let envelope: Vec<f64> = (-reach..=reach).map(|lag| wavelet.psi(lag as f64 / scale).norm()).collect();
            let mut circle = vec![0.0; padded];
            for (lag, value) in (-reach..=reach).zip(&envelope) {
                circle[lag.rem_euclid(padded as i64) as usize] += value / padded as f64;
            }
            let mut running = vec![0.0];
            envelope.iter().for_each(|value| running.push(running[running.len() - 1] + value));
            // At sample b the lags b - (n - 1) to b.
            let sum = |b: usize| {
                let b = b as i64;
                let (low, high) = ((b - length as i64 + 1).max(-reach), b.min(reach));
                running[(high + reach + 1) as usize] - running[(low + reach) as usize]
            };
            let mut spectrum = forward.make_output_vec();
            forward.process(&mut circle, &mut spectrum).expect("the buffers are the plan's own");
            let near = |other: &f64| (other / scale).log2().abs() <= half;
            let rows: Vec<(usize, f64)> =
                scales.iter().enumerate().filter(|(_, other)| near(other)).map(|(at, _)| (at, widths[at])).collect();
            let total: f64 = rows.iter().map(|(_, weight)| weight).sum();
            Smoothing {
                envelope: spectrum,
                sums: (0..length).map(sum).collect(),
                rows: rows.into_iter().map(|(at, weight)| (at, weight / total)).collect(),
            }
        };
        let rows = scales.par_iter().map(row).collect();
        Ok(Self { cwt, rows, padded, forward, backward, cone: cone_of_influence(wavelet, length) })
    }

    /// Samples per signal.
    pub fn length(&self) -> usize {
        self.cwt.length()
    }

    /// `W_xy`, `l1`.
    ///
    /// # Errors
    /// Those of [`Cwt::transform`]; [`SignalError::Length`] unless there are as many samples of both.
    pub fn cross(&self, x: &[T], y: &[T]) -> Result<Vec<Complex<T>>, SignalError> {
        same_length(x.len(), y.len())?;
        Ok(product(&self.cwt.transform(x)?, &self.cwt.transform(y)?))
    }

    /// The same of complex signals.
    ///
    /// # Errors
    /// As [`Coherence::cross`].
    pub fn cross_complex(&self, x: &[Complex<T>], y: &[Complex<T>]) -> Result<Vec<Complex<T>>, SignalError> {
        same_length(x.len(), y.len())?;
        Ok(product(&self.cwt.transform_complex(x)?, &self.cwt.transform_complex(y)?))
    }

    /// The coherence and phase of one pair of signals.
    ///
    /// # Errors
    /// Those of [`Coherence::cross`], for one signal each.
    pub fn of(&self, x: &[T], y: &[T]) -> Result<Coherent, SignalError> {
        same_length(self.length(), x.len())?;
        same_length(x.len(), y.len())?;
        Ok(self.coherent(&self.cwt.transform(x)?, &self.cwt.transform(y)?))
    }

    /// The same of complex signals.
    ///
    /// # Errors
    /// As [`Coherence::of`].
    pub fn of_complex(&self, x: &[Complex<T>], y: &[Complex<T>]) -> Result<Coherent, SignalError> {
        same_length(self.length(), x.len())?;
        same_length(x.len(), y.len())?;
        Ok(self.coherent(&self.cwt.transform_complex(x)?, &self.cwt.transform_complex(y)?))
    }

    /// What two tables of coefficients have in common.
    fn coherent(&self, x: &[Complex<T>], y: &[Complex<T>]) -> Coherent {
        let wide = |w: &[Complex<T>], at: usize| {
            let w = w[at];
            Complex64::new(w.re.wide(), w.im.wide())
        };
        let cross = |at: usize| wide(x, at) * wide(y, at).conj();
        let means = [
            self.smooth(|at| wide(x, at).norm_sqr()),
            self.smooth(|at| wide(y, at).norm_sqr()),
            self.smooth(|at| cross(at).re),
            self.smooth(|at| cross(at).im),
        ];
        let [xx, yy, re, im] = means;
        let mut coherence = Vec::with_capacity(xx.len());
        for (row, (xx, yy)) in xx.chunks(self.length()).zip(yy.chunks(self.length())).enumerate() {
            let floor = |row: &[f64]| 1e-12 * row.iter().copied().fold(0.0, f64::max);
            let floors = (floor(xx), floor(yy));
            coherence.extend((0..self.length()).map(|b| {
                let at = row * self.length() + b;
                let square = re[at] * re[at] + im[at] * im[at];
                if xx[b] > floors.0 && yy[b] > floors.1 { (square / xx[b] / yy[b]).min(1.0) } else { 0.0 }
            }));
        }
        Coherent { coherence, phase: re.iter().zip(&im).map(|(re, im)| im.atan2(*re)).collect() }
    }

    /// `S` of a table.
    fn smooth(&self, table: impl Fn(usize) -> f64 + Sync) -> Vec<f64> {
        let n = self.length();
        let in_time = |(row, smoothing): (usize, &Smoothing)| {
            let mut line = vec![0.0; self.padded];
            line[..n].iter_mut().enumerate().for_each(|(b, value)| *value = table(row * n + b));
            let mut spectrum = self.forward.make_output_vec();
            self.forward.process(&mut line, &mut spectrum).expect("the buffers are the plan's own");
            spectrum.iter_mut().zip(&smoothing.envelope).for_each(|(bin, gain)| *bin *= gain);
            let last = spectrum.len() - 1;
            spectrum[0].im = 0.0;
            if self.padded.is_multiple_of(2) {
                spectrum[last].im = 0.0;
            }
            self.backward.process(&mut spectrum, &mut line).expect("the ends of the spectrum are real");
            line.truncate(n);
            line.iter_mut().zip(&smoothing.sums).for_each(|(value, sum)| *value /= sum);
            line
        };
        let rows: Vec<Vec<f64>> = self.rows.par_iter().enumerate().map(in_time).collect();
        let over_scales = |smoothing: &Smoothing| {
            let mut line = vec![0.0; n];
            for (row, weight) in &smoothing.rows {
                line.iter_mut().zip(&rows[*row]).for_each(|(sum, value)| *sum += weight * value);
            }
            line
        };
        self.rows.par_iter().flat_map_iter(over_scales).collect()
    }

    /// For each scale, what the coherence of two independent noises stays below with this probability, outside the cone of
    /// influence; by simulation \[grinsted2004\]. None where all samples are in the cone.
    ///
    /// Each draw has random numbers of its own, so that the result depends on the seed alone. Values are sorted into 1000 cells
    /// of coherence, between whose ends the level is read linearly.
    ///
    /// # Errors
    /// [`SignalError::Option`] unless the level is between 0 and 1 and there is a draw.
    pub fn levels(
        &self,
        noises: [RedNoise; 2],
        level: f64,
        draws: usize,
        seed: u64,
    ) -> Result<Vec<Option<f64>>, SignalError> {
        const CELLS: usize = 1000;
        if !(level > 0.0 && level < 1.0) {
            return Err(SignalError::Option { name: "level", value: level, expected: "a number between 0 and 1" });
        }
        if draws == 0 {
            return Err(SignalError::Option { name: "draws", value: 0.0, expected: "at least one" });
        }
        let n = self.length();
        let mut counts = vec![[0u64; CELLS]; self.rows.len()];
        for draw in 0..draws as u64 {
            let [x, y] = [0, 1].map(|which| {
                let noise = noises[which as usize].draw(n, seed, 2 * draw + which);
                noise.into_iter().map(T::of).collect::<Vec<T>>()
            });
            let table = self.of(&x, &y)?.coherence;
            for ((counts, row), scale) in counts.iter_mut().zip(table.chunks(n)).zip(self.cwt.scales()) {
                for value in row.iter().zip(&self.cone).filter(|(_, reach)| scale <= *reach).map(|(value, _)| value) {
                    counts[((value * CELLS as f64) as usize).min(CELLS - 1)] += 1;
                }
            }
        }
        let of = |counts: &[u64; CELLS]| {
            let wanted = level * counts.iter().sum::<u64>() as f64;
            let mut below = 0.0;
            for (cell, &count) in counts.iter().enumerate() {
                if count > 0 && below + count as f64 >= wanted {
                    return Some((cell as f64 + (wanted - below) / count as f64) / CELLS as f64);
                }
                below += count as f64;
            }
            None
        };
        Ok(counts.iter().map(of).collect())
    }
}

impl<T: Sample> fmt::Debug for Coherence<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coherence").field("cwt", &self.cwt).finish_non_exhaustive()
    }
}

fn same_length(length: usize, found: usize) -> Result<(), SignalError> {
    if found == length { Ok(()) } else { Err(SignalError::Length { length, found }) }
}

fn product<T: Sample>(x: &[Complex<T>], y: &[Complex<T>]) -> Vec<Complex<T>> {
    x.iter().zip(y).map(|(x, y)| x * y.conj()).collect()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::octaves;
    use super::*;
    use crate::wavelet::{Morlet, Ricker};

    const N: usize = 256;

    fn plan<T: Sample>(wavelet: &dyn MotherWavelet) -> Coherence<T> {
        Coherence::new(wavelet, N, &octaves(1..=5, 8.try_into().unwrap()), Boundary::Zero).unwrap()
    }

    fn noise<T: Sample>(number: u64) -> Vec<T> {
        RedNoise::WHITE.draw(N, 5, number).into_iter().map(T::of).collect()
    }

    fn identical<T: Sample>(wavelet: &dyn MotherWavelet) {
        let (plan, x) = (plan::<T>(wavelet), noise::<T>(1));
        let minus: Vec<T> = x.iter().map(|&x| -x - x).collect();
        let same = plan.of(&x, &minus).unwrap();
        // Three means of the same numbers, each off by the transform's 1e-14 or so of the largest of its row.
        assert!(same.coherence.iter().all(|r| (r - 1.0).abs() < 1e-9), "{}", wavelet.name());
        assert!(same.phase.iter().all(|phase| (phase.abs() - TAU / 2.0).abs() < 1e-9));
        // The control: other noise is not coherent.
        let other = plan.of(&x, &noise::<T>(2)).unwrap();
        assert!(other.coherence.iter().any(|r| *r < 0.2) && other.coherence.iter().all(|r| (0.0..=1.0).contains(r)));
    }

    #[test]
    fn a_signal_is_coherent_with_itself() {
        let morlet = Morlet::corrected(6.0).unwrap();
        identical::<f64>(&morlet);
        identical::<f32>(&morlet);
        identical::<f64>(&Ricker);
    }

    #[test]
    fn a_delay_is_a_phase() {
        let (frequency, delay) = (1.0 / 16.0, 3.0);
        let tone = |late: f64| -> Vec<f64> { (0..N).map(|t| (TAU * frequency * (t as f64 - late)).cos()).collect() };
        let morlet = Morlet::corrected(6.0).unwrap();
        let plan = plan::<f64>(&morlet);
        let found = plan.of(&tone(0.0), &tone(delay)).unwrap();
        let row = plan.cwt.scales().iter().position(|a| 6.0 / TAU / a < frequency).unwrap();
        let at = row * N + N / 2;
        assert!((found.phase[at] - TAU * frequency * delay).abs() < 1e-3, "{}", found.phase[at]);
        assert!(found.coherence[at] > 0.999);
        let cross = plan.cross(&tone(0.0), &tone(delay)).unwrap();
        assert!((cross[at].arg() - TAU * frequency * delay).abs() < 1e-6);
        // The control: the other way round the sign turns.
        assert!(plan.of(&tone(delay), &tone(0.0)).unwrap().phase[at] < -1.0);
    }

    #[test]
    fn independent_noise_has_the_coherence_of_a_mean_of_few() {
        // A time mean of Morlet power by Gaussians of the width a has the variance of √3 independent looks; with the box in
        // scale it is between two and three, and of m looks the expectation of R² is 1/m.
        let morlet = Morlet::corrected(6.0).unwrap();
        let plan = plan::<f64>(&morlet);
        let draws = (0..150).map(|k| plan.of(&noise(2 * k), &noise(2 * k + 1)).unwrap().coherence[16 * N + N / 2]);
        let found = draws.sum::<f64>() / 150.0;
        assert!((0.28..0.48).contains(&found), "{found}");
    }

    #[test]
    fn levels_are_reached_as_often_as_they_should_be() {
        let morlet = Morlet::corrected(6.0).unwrap();
        let plan = plan::<f64>(&morlet);
        let red = RedNoise::new(0.5).unwrap();
        let levels = plan.levels([red, RedNoise::WHITE], 0.9, 60, 3).unwrap();
        assert_eq!(levels, plan.levels([red, RedNoise::WHITE], 0.9, 60, 3).unwrap());
        let rejected = |row: usize| {
            let above =
                |draw: u64| plan.of(&red.draw(N, 99, draw), &noise(1000 + draw)).unwrap().coherence[row * N + N / 2];
            (0..100).filter(|&draw| above(draw) > levels[row].unwrap()).count()
        };
        // 10 ± 3 of 100, and the level itself is off by as much again.
        let found = rejected(12);
        assert!((1..=24).contains(&found), "{found}");
        assert!(levels[12].unwrap() < plan.levels([red, red], 0.99, 30, 3).unwrap()[12].unwrap());
        assert!(plan.levels([red, red], 1.0, 30, 3).is_err() && plan.levels([red, red], 0.9, 0, 3).is_err());
    }

    #[test]
    fn signals_of_two_lengths_are_refused() {
        let plan = plan::<f64>(&Ricker);
        assert!(matches!(plan.of(&[0.0; N], &[0.0; 3]), Err(SignalError::Length { .. })));
        assert_eq!(plan.of(&[0.0; N], &[0.0; N]).unwrap().coherence, vec![0.0; N * 33]);
    }
}
