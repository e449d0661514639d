use std::f64::consts::TAU;
use std::ops::Range;
use std::sync::Arc;

use num_complex::{Complex, Complex64};
use rayon::prelude::*;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};
use serde::Serialize;

use super::daughter::{self, MAX_ALIASES, MAX_SAMPLES};
use super::{Sample, SignalError, fft, scale};
use crate::numeric::{Bound, Real, gamma};
use crate::wavelet::MotherWavelet;

/// The factor `c(a)` in front of the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// `a^{-1/2}`: daughters of equal energy. White noise has the same variance at every scale.
    #[default]
    L2,
    /// `1/a`: spectra of equal height. A tone has the same modulus at the scale that it peaks at.
    L1,
}

impl Norm {
    /// `c(a)`.
    pub fn factor(self, scale: f64) -> f64 {
        match self {
            Self::L2 => scale.sqrt().recip(),
            Self::L1 => scale.recip(),
        }
    }
}

/// What the signal is beyond its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// Zero. Nothing wraps around, at any scale.
    #[default]
    Zero,
    /// `x(t + n) = x(t)`, for ever: the wavelet meets the signal as often as it is long.
    Periodic,
    /// Mirrored half a sample beyond each end, `.. x1 x0 | x0 x1 .. x(n-1) | x(n-1) ..`, again and
    /// again: a signal of period `2n`, which never ends.
    Reflect,
}

impl Boundary {
    /// One period of the endless signal, exactly. For [`Boundary::Zero`] the signal itself.
    pub(super) fn period<T: Sample>(self, signal: &[T]) -> Vec<f64> {
        let forth = signal.iter().map(|x| x.wide());
        match self {
            Self::Zero | Self::Periodic => forth.collect(),
            Self::Reflect => forth.clone().chain(forth.rev()).collect(),
        }
    }
}

/// The continuous wavelet transform, planned for one wavelet, length and list of scales.
///
/// The daughters are sampled, transformed and cut to the bins that matter once, in
/// [`Cwt::new`]; a transform is then one real Fourier transform of the signal per padded length and one
/// inverse per scale, a real one for a real wavelet. Signals, and the scales of one signal, run
/// in parallel; the result does not depend on the number of threads. The bank of filters takes about
/// as much memory as the coefficients of one signal.
///
/// # Example
/// ```
/// use ropelet::signal::{Boundary, Cwt, Norm};
/// use ropelet::wavelet::Ricker;
///
/// let mut impulse = [0.0f64; 32];
/// impulse[16] = 1.0;
/// let cwt = Cwt::new(&Ricker, 32, &[1.0, 4.0], Norm::L2, Boundary::Zero)?;
/// let w = cwt.transform_real(&impulse)?;
/// // Row 1 is the daughter of scale 4, reversed in time: 4^{-1/2} psi((16 - b)/4).
/// assert!((w[32 + 16] - 0.5).abs() < 1e-15);
/// # Ok::<(), ropelet::signal::SignalError>(())
/// ```
pub struct Cwt<T: Sample> {
    wavelet: &'static str,
    length: usize,
    scales: Vec<f64>,
    boundary: Boundary,
    real: bool,
    groups: Vec<Group<T>>,
    rows: Vec<Row<T>>,
}

/// The rows that share a transform length.
struct Group<T: Sample> {
    length: usize,
    forward: Arc<dyn RealToComplex<T>>,
    inverse: Inverse<T>,
}

enum Inverse<T: Sample> {
    Real(Arc<dyn ComplexToReal<T>>),
    Complex(Arc<dyn Fft<T>>),
}

/// One scale: what each bin of the signal's spectrum is multiplied by.
struct Row<T> {
    group: usize,
    /// Neighbouring bins, in `0..length` (`0..=length/2` for real wavelets); all others are 0.
    bands: Vec<Band<T>>,
    error: RowError,
}

struct Band<T> {
    bins: Range<usize>,
    gains: Vec<Complex<T>>,
}

/// What is wrong with one row, per 2-norm or per maximum of the signal.
#[derive(Debug, Clone, Copy)]
struct RowError {
    /// Rounding, times `‖x‖₂`.
    rounding: f64,
    /// The largest gain that was dropped, times `‖x‖₂`.
    dropped: f64,
    /// The samples of the daughter that were left out, summed, times `max|x|`.
    cut: f64,
}

impl<T: Sample> Cwt<T> {
    /// Plans the transform of signals of `length` samples.
    ///
    /// # Errors
    /// [`SignalError::Empty`], [`SignalError::NoScales`], [`SignalError::Scale`]; and
    /// [`SignalError::TooManyTerms`] for a scale whose daughter, repeated with the signal, cannot be
    /// summed in reasonable time.
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        boundary: Boundary,
    ) -> Result<Self, SignalError> {
        scale::validate(scales)?;
        if length == 0 {
            return Err(SignalError::Empty);
        }
        let daughters: Vec<Daughter> = scales
            .iter()
            .map(|&scale| Daughter::plan::<T>(wavelet, length, scale, norm, boundary))
            .collect::<Result<_, _>>()?;
        let mut lengths: Vec<usize> = daughters.iter().map(|daughter| daughter.period).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let (mut real_planner, mut planner, mut wide_planner) =
            (RealFftPlanner::new(), FftPlanner::new(), FftPlanner::new());
        let real = wavelet.is_real();
        let groups: Vec<Group<T>> = lengths
            .iter()
            .map(|&length| Group {
                length,
                forward: real_planner.plan_fft_forward(length),
                inverse: if real {
                    Inverse::Real(real_planner.plan_fft_inverse(length))
                } else {
                    Inverse::Complex(planner.plan_fft_inverse(length))
                },
            })
            .collect();
        let ffts: Vec<Arc<dyn Fft<f64>>> = lengths.iter().map(|&n| wide_planner.plan_fft_forward(n)).collect();
        let rows = daughters
            .into_par_iter()
            .map(|daughter| {
                let group = lengths.binary_search(&daughter.period).expect("the list holds every period");
                daughter.row(wavelet, group, ffts[group].as_ref())
            })
            .collect();
        Ok(Self { wavelet: wavelet.name(), length, scales: scales.to_vec(), boundary, real, groups, rows })
    }

    /// Samples per signal.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The scales, in samples, in the order of the rows.
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// Whether the wavelet is real, so that [`Cwt::transform_real`] applies.
    pub fn is_real(&self) -> bool {
        self.real
    }

    /// The coefficients of one or more signals, `[..., samples]` to `[..., scales, samples]`.
    ///
    /// A coefficient too large for `T` comes out infinite.
    ///
    /// # Errors
    /// [`SignalError::Length`] unless there is a whole number of signals (at least one);
    /// [`SignalError::NotFinite`] names the first sample that is infinite or no number.
    pub fn transform(&self, signals: &[T]) -> Result<Vec<Complex<T>>, SignalError> {
        let mut coefficients = vec![Complex::default(); signals.len() * self.scales.len()];
        self.transform_into(signals, &mut coefficients)?;
        Ok(coefficients)
    }

    /// The same for a real wavelet, whose coefficients are real.
    ///
    /// # Errors
    /// Also [`SignalError::NotReal`].
    pub fn transform_real(&self, signals: &[T]) -> Result<Vec<T>, SignalError> {
        let mut coefficients = vec![T::default(); signals.len() * self.scales.len()];
        self.transform_real_into(signals, &mut coefficients)?;
        Ok(coefficients)
    }

    /// [`Cwt::transform`] into memory that is already there: worth it, since fresh memory costs
    /// more than the transform.
    ///
    /// # Errors
    /// Also [`SignalError::Room`].
    pub fn transform_into(&self, signals: &[T], coefficients: &mut [Complex<T>]) -> Result<(), SignalError> {
        self.run(signals, coefficients, |re| Complex::new(re, T::default()), |z| z)
    }

    /// [`Cwt::transform_real`] into memory that is already there.
    ///
    /// # Errors
    /// Also [`SignalError::Room`].
    pub fn transform_real_into(&self, signals: &[T], coefficients: &mut [T]) -> Result<(), SignalError> {
        if !self.real {
            return Err(SignalError::NotReal { wavelet: self.wavelet });
        }
        self.run(signals, coefficients, |re| re, |z| z.re)
    }

    /// How far each coefficient of row `scale` may lie from the sum that defines it, for this signal.
    ///
    /// Rounding: the two transforms err by `2 ε(N)` relative to `max|gain| ‖x‖₂`, where `ε(N)` is
    /// about 10 unit roundoffs per factor 2 of the transform length `N`; the product and the
    /// rounding of the gains add 8; and the gains themselves come from one transform in `f64`.
    /// Truncation: bins whose gain is below a quarter unit roundoff of the largest are skipped, and
    /// a daughter with Gaussian tails is cut where they are as small. The values of `psi` are taken
    /// as given.
    ///
    /// # Panics
    /// When `scale` is not the number of a row, or `signal` has not the planned length.
    pub fn error_bound(&self, scale: usize, signal: &[T]) -> Bound {
        assert_eq!(signal.len(), self.length, "the bound is that of one signal");
        let copies = if self.boundary == Boundary::Reflect { 2.0 } else { 1.0 };
        let peak = signal.iter().map(|x| x.wide().abs()).fold(0.0, f64::max);
        // Relative to the peak, so that no square overflows.
        let squares: f64 = signal.iter().map(|x| (x.wide() / peak.max(f64::MIN_POSITIVE)).powi(2)).sum();
        let two_norm = peak * (copies * squares).sqrt();
        let error = self.rows[scale].error;
        Bound {
            // Results below the normal range lose digits.
            rounding: error.rounding * two_norm + T::min_positive_value().wide(),
            truncation: error.dropped * two_norm + error.cut * peak,
        }
    }

    fn run<O: Send>(
        &self,
        signals: &[T],
        coefficients: &mut [O],
        of_real: impl Fn(T) -> O + Sync,
        of_complex: impl Fn(Complex<T>) -> O + Sync,
    ) -> Result<(), SignalError> {
        if signals.is_empty() || !signals.len().is_multiple_of(self.length) {
            return Err(SignalError::Length { length: self.length, found: signals.len() });
        }
        let expected = signals.len() * self.scales.len();
        if coefficients.len() != expected {
            return Err(SignalError::Room { expected, found: coefficients.len() });
        }
        if let Some((index, value)) = signals.iter().enumerate().find(|(_, x)| !x.is_finite()) {
            return Err(SignalError::NotFinite { index, value: value.wide() });
        }
        let table = self.length * self.scales.len();
        signals.par_chunks(self.length).zip(coefficients.par_chunks_mut(table)).for_each(|(signal, table)| {
            let (spectra, back) = self.spectra(signal);
            let rows = self.rows.par_iter().zip(table.par_chunks_mut(self.length));
            rows.for_each_init(Workspace::default, |workspace, (row, line)| {
                let group = &self.groups[row.group];
                match &group.inverse {
                    Inverse::Real(inverse) => {
                        let values = workspace.real(group.length, row, &spectra[row.group], inverse.as_ref());
                        line.iter_mut().zip(values).for_each(|(out, &value)| *out = of_real(value * back));
                    }
                    Inverse::Complex(inverse) => {
                        let values = workspace.complex(group.length, row, &spectra[row.group], inverse.as_ref());
                        line.iter_mut().zip(values).for_each(|(out, &value)| *out = of_complex(value.scale(back)));
                    }
                }
            });
        });
        Ok(())
    }

    /// The half spectrum of a signal at every padded length, and the power of two by which it was
    /// divided first: exact, and it keeps huge and tiny signals away from overflow and underflow.
    fn spectra(&self, signal: &[T]) -> (Vec<Vec<Complex<T>>>, T) {
        let peak = signal.iter().fold(0.0, |peak: f64, x| peak.max(x.wide().abs()));
        let limit = T::max_value().wide().log2() - 8.0;
        let exponent = if peak > 0.0 { peak.log2().floor().clamp(-limit, limit) } else { 0.0 };
        let (forth, back) = (T::of((-exponent).exp2()), T::of(exponent.exp2()));
        let spectra = self
            .groups
            .iter()
            .map(|group| {
                let mut input = vec![T::default(); group.length];
                input.iter_mut().zip(signal).for_each(|(place, &x)| *place = x * forth);
                if self.boundary == Boundary::Reflect {
                    input.iter_mut().rev().zip(signal).for_each(|(place, &x)| *place = x * forth);
                }
                let mut spectrum = group.forward.make_output_vec();
                group.forward.process(&mut input, &mut spectrum).expect("the buffers are the plan's own");
                spectrum
            })
            .collect();
        (spectra, back)
    }
}

/// Buffers of one thread, which grow to the longest transform that it meets.
struct Workspace<T> {
    bins: Vec<Complex<T>>,
    samples: Vec<T>,
    scratch: Vec<Complex<T>>,
}

impl<T> Default for Workspace<T> {
    fn default() -> Self {
        Self { bins: Vec::new(), samples: Vec::new(), scratch: Vec::new() }
    }
}

impl<T: Sample> Workspace<T> {
    fn real(&mut self, length: usize, row: &Row<T>, spectrum: &[Complex<T>], inverse: &dyn ComplexToReal<T>) -> &[T] {
        self.multiply(length / 2 + 1, row, |bin| spectrum[bin]);
        self.samples.resize(length, T::default());
        self.scratch.resize(inverse.get_scratch_len(), Complex::default());
        let transformed = inverse.process_with_scratch(&mut self.bins, &mut self.samples, &mut self.scratch);
        transformed.expect("the gains of the first and middle bin are real");
        &self.samples
    }

    fn complex(&mut self, length: usize, row: &Row<T>, spectrum: &[Complex<T>], inverse: &dyn Fft<T>) -> &[Complex<T>] {
        // The signal is real: its upper half spectrum mirrors the lower.
        self.multiply(
            length,
            row,
            |bin| if bin < spectrum.len() { spectrum[bin] } else { spectrum[length - bin].conj() },
        );
        self.scratch.resize(inverse.get_inplace_scratch_len(), Complex::default());
        inverse.process_with_scratch(&mut self.bins, &mut self.scratch);
        &self.bins
    }

    fn multiply(&mut self, bins: usize, row: &Row<T>, spectrum: impl Fn(usize) -> Complex<T>) {
        self.bins.clear();
        self.bins.resize(bins, Complex::default());
        for band in &row.bands {
            for (bin, gain) in band.bins.clone().zip(&band.gains) {
                self.bins[bin] = spectrum(bin) * gain;
            }
        }
    }
}

/// One daughter wavelet, and how its spectrum on a grid of `period` bins will be computed.
struct Daughter {
    scale: f64,
    factor: f64,
    period: usize,
    source: Source,
    /// `Σ|psi(t/a)|` over the samples that are left out, at most.
    cut: f64,
    unit_roundoff: f64,
}

enum Source {
    /// From the samples `-reach..=reach` of the daughter.
    Samples { reach: i64 },
    /// From `psihat` and its aliases up to a radius.
    Aliases { radius: f64 },
}

impl Daughter {
    fn plan<T: Sample>(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scale: f64,
        norm: Norm,
        boundary: Boundary,
    ) -> Result<Self, SignalError> {
        let unit_roundoff = T::UNIT_ROUNDOFF;
        let daughter =
            |period, source, cut| Self { scale, factor: norm.factor(scale), period, source, cut, unit_roundoff };
        let radius = daughter::time_radius(wavelet, unit_roundoff);
        let reach = radius.map_or(f64::INFINITY, |radius| (radius * scale).ceil());
        if boundary == Boundary::Zero {
            // Lags beyond length - 1 meet only zeros; and with as many zeros behind the signal as
            // the daughter reaches, nothing wraps around.
            let whole = (length - 1) as f64;
            let cut = if reach < whole { scale * wavelet.tail(reach / scale) } else { 0.0 };
            let reach = reach.min(whole);
            return Ok(daughter(
                fft::padded_length(length + reach as usize),
                Source::Samples { reach: reach as i64 },
                cut,
            ));
        }
        let period = if boundary == Boundary::Reflect { 2 * length } else { length };
        if reach <= MAX_SAMPLES {
            let cut = scale * wavelet.tail(reach / scale);
            return Ok(daughter(period, Source::Samples { reach: reach as i64 }, cut));
        }
        match daughter::spectral_radius(wavelet, unit_roundoff) {
            Some(radius) if radius / (TAU * scale) <= MAX_ALIASES => {
                // What each bin lacks is at most spectral_tail/2π; it counts with the dropped gains.
                Ok(daughter(period, Source::Aliases { radius }, 0.0))
            }
            _ => Err(SignalError::TooManyTerms { scale, wavelet: wavelet.name() }),
        }
    }

    /// `c(a) Σ_t psi(t/a) e^{-2πikt/N}` for `k` in `0..N`, and how far from it the result may be.
    fn spectrum(&self, wavelet: &dyn MotherWavelet, fft: &dyn Fft<f64>) -> (Vec<Complex64>, Bound) {
        let n = self.period;
        match self.source {
            Source::Samples { reach } => {
                let mut samples = vec![Complex64::ZERO; n];
                let mut sizes = vec![0.0; n];
                for lag in -reach..=reach {
                    let (place, value) = (lag.rem_euclid(n as i64) as usize, wavelet.psi(lag as f64 / self.scale));
                    samples[place] += value;
                    sizes[place] += value.norm();
                }
                samples.iter_mut().for_each(|sample| *sample *= self.factor);
                fft.process(&mut samples);
                // A change of the samples changes no bin by more than √n times its 2-norm.
                let size = self.factor * (n as f64 * sizes.iter().map(|size| size * size).sum::<f64>()).sqrt();
                let repetitions = 2 * reach as usize / n + 1;
                let rounding = fft::relative_error(n, f64::UNIT_ROUNDOFF) + gamma(repetitions, f64::UNIT_ROUNDOFF);
                (samples, Bound::rounding(rounding * size))
            }
            Source::Aliases { radius } => {
                let at = |k: usize| {
                    self.factor * daughter::aliased_spectrum(wavelet, self.scale, TAU * k as f64 / n as f64, radius)
                };
                let gains: Vec<_> = (0..n).map(at).collect();
                // Each term is rounded where it is evaluated: its argument by 3 roundoffs, which
                // the slope of psihat turns into at most its own size times the radius.
                let peak = gains.iter().map(|z| z.norm()).fold(0.0, f64::max);
                let bound = Bound {
                    rounding: (8.0 + 3.0 * radius) * f64::UNIT_ROUNDOFF * peak,
                    truncation: self.factor * wavelet.spectral_tail(radius) / TAU,
                };
                (gains, bound)
            }
        }
    }

    fn row<T: Sample>(&self, wavelet: &dyn MotherWavelet, group: usize, fft: &dyn Fft<f64>) -> Row<T> {
        let n = self.period;
        let (spectrum, bound) = self.spectrum(wavelet, fft);
        let peak = spectrum.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let threshold = 0.25 * self.unit_roundoff * peak;
        let half = n / 2 + 1;
        let parts = [0..half, half..if wavelet.is_real() { half } else { n }];
        let bands = parts
            .into_iter()
            .filter_map(|part| {
                let kept = |bin: &usize| spectrum[*bin].norm() > threshold;
                let (first, last) = (part.clone().find(kept)?, part.rev().find(kept)?);
                let gain = |bin: usize| {
                    // Correlation, not convolution: conjugate. The inverse transform does not divide by n.
                    let gain = spectrum[bin].conj() / n as f64;
                    // The spectrum of a real daughter is real where the two halves meet.
                    let im = if wavelet.is_real() && (bin == 0 || 2 * bin == n) { 0.0 } else { gain.im };
                    Complex::new(T::of(gain.re), T::of(im))
                };
                Some(Band { bins: first..last + 1, gains: (first..=last).map(gain).collect() })
            })
            .collect();
        let transforms = 2.0 * fft::relative_error(n, self.unit_roundoff) + 8.0 * self.unit_roundoff;
        let error = RowError {
            rounding: peak * transforms * (1.0 + transforms) + bound.rounding,
            dropped: threshold + bound.truncation,
            cut: self.factor * self.cut,
        };
        Row { group, bands, error }
    }
}
