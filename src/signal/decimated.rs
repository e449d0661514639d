use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use num_complex::Complex;
use pulp::Arch;
use pulp::bytemuck::cast_slice_mut;
use rayon::prelude::*;
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};
use serde::Serialize;

use super::filter::Daughter;
use super::path::Circumstances;
use super::phase::{Bank, Deal, HalfSpectrum, Room, lanes};
use super::scratch::{RowLengths, Scratch, ScratchLengths};
use super::stream::Drain;
use super::{Boundary, Norm, Sample, SignalError, fft, scale};
use crate::numeric::{Bound, gamma};
use crate::wavelet::MotherWavelet;

/// The continuous wavelet transform with each scale at a rate of its own: as many coefficients as its band of
/// frequencies needs, and no more.
///
/// A daughter passes a band of `K` of the `P` bins of a signal's circle: its coefficients are known from any
/// `M ≥ K` of them at equal distances,
///
/// ```text
/// w(m) = W(a, m P/M),   m = 0, 1, .., M - 1
/// ```
///
/// and [`DecimatedCwt::interpolate`] gives all the others back: exactly, but for rounding and for the bins that
/// [`super::Cwt`] drops as well. The circle is one period (`n` samples, or `2n` for [`Boundary::Reflect`]); for
/// [`Boundary::Zero`] the signal with so many zeros behind it that nothing wraps around. Beyond the signal's end
/// the coefficients are those of the circle.
///
/// ```
/// use ropelet::signal::{Boundary, Cwt, DecimatedCwt, Norm};
/// use ropelet::wavelet::Morlet;
///
/// let signal: Vec<f64> = (0..512).map(|t| (0.02 * f64::from(t * t) / 8.0).sin()).collect();
/// let (morlet, scales) = (Morlet::corrected(6.0)?, [4.0, 40.0]);
/// let decimated = DecimatedCwt::new(&morlet, 512, &scales, Norm::L2, Boundary::Periodic)?;
/// let w = decimated.transform(&signal)?;
/// assert!(decimated.rows()[1].points <= 64);
///
/// let full = Cwt::new(&morlet, 512, &scales, Norm::L2, Boundary::Periodic)?.transform(&signal)?;
/// let interpolated = decimated.interpolate(1, &w[decimated.rows()[1].range()])?;
/// assert!(interpolated.iter().zip(&full[512..]).all(|(ours, w)| (ours - w).norm() < 1e-12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DecimatedCwt<T: Sample> {
    length: usize,
    boundary: Boundary,
    arch: Arch,
    circles: Vec<Circle<T>>,
    banks: Vec<(usize, Bank<T>, RowError)>,
    rows: Vec<DecimatedRow>,
}

/// The coefficients of one scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecimatedRow {
    /// The scale, in samples.
    pub scale: f64,
    /// How many there are.
    pub points: usize,
    /// Samples from one to the next, the first being at sample 0: a ratio of whole numbers.
    pub step: f64,
    /// The place of the first one in the table of a signal.
    pub first: usize,
    /// Samples of the circle: the signal with its padding, or its period.
    pub transform: usize,
    /// The bins of the circle that the scale passes, the first and the last: negative ones are negative frequencies.
    pub bins: (i64, i64),
    /// How far one may be from the sum that defines it, relative to the largest gain times the 2-norm of the
    /// signal.
    pub relative_error: f64,
    /// Floating-point operations for one signal, without those of the forward transforms.
    pub flops: u64,
    /// Memory of its filter, without what it shares with other rows.
    pub bytes: usize,
}

impl DecimatedRow {
    /// The places of its coefficients in the table of a signal.
    pub fn range(&self) -> Range<usize> {
        self.first..self.first + self.points
    }
}

struct Circle<T: Sample> {
    samples: usize,
    forward: Arc<dyn RealToComplex<T>>,
}

#[derive(Debug, Clone, Copy)]
struct RowError {
    /// Times the 2-norm of the signal on its circle.
    spectral: Bound,
    /// Times `max|x|`.
    cut: f64,
}

impl<T: Sample> DecimatedCwt<T> {
    /// Plans the transform of signals of `length` samples.
    ///
    /// # Errors
    /// Those of [`super::Cwt::new`]; and [`SignalError::Endless`] for [`Boundary::Constant`], whose circle has no end.
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
        if boundary == Boundary::Constant {
            return Err(SignalError::Endless { wavelet: wavelet.name() });
        }
        let arch = Arch::new();
        let lanes = lanes::<T>(arch);
        // The coefficients of real wavelets take the same way as complex ones: half of what could be saved is.
        let circumstances = Circumstances { length, boundary, real: false, lanes, sample_bytes: size_of::<T>() };
        let daughters: Vec<Daughter> = scales
            .iter()
            .map(|&scale| Daughter::new(wavelet, length, scale, norm, boundary, T::UNIT_ROUNDOFF))
            .collect::<Result<_, _>>()?;
        let sizes: Vec<usize> = daughters
            .iter()
            .map(|daughter| match (boundary.repeats_after(length), daughter.reach()) {
                (Some(period), _) => period,
                (None, reach) => fft::padded_length(length + reach.unwrap_or(length)),
            })
            .collect();
        let (mut planner, mut wide) = (RealFftPlanner::new(), FftPlanner::new());
        let mut distinct = sizes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let wide: HashMap<usize, Arc<dyn Fft<f64>>> =
            distinct.iter().map(|&samples| (samples, wide.plan_fft_forward(samples))).collect();
        let filters: Vec<_> = daughters
            .par_iter()
            .zip(&sizes)
            .map(|(daughter, samples)| daughter.filter(wavelet, wide[samples].as_ref()))
            .collect();
        let mut deals: HashMap<usize, Arc<Deal<T>>> = HashMap::new();
        let (mut banks, mut rows, mut first) = (Vec::new(), Vec::new(), 0);
        for (((daughter, filter), &samples), &scale) in daughters.iter().zip(&filters).zip(&sizes).zip(scales) {
            let (points, spread) = circumstances.rate(filter.gains.len());
            let deal =
                deals.entry(points).or_insert_with(|| Arc::new(Deal::new(lanes, spread.points, spread.groups, false)));
            let folds = filter.gains.len().div_ceil(spread.points);
            let summed = gamma(4 * folds + 16, T::UNIT_ROUNDOFF) * (folds as f64).sqrt();
            let rounding = fft::relative_error(samples, T::UNIT_ROUNDOFF)
                + fft::relative_error(points, T::UNIT_ROUNDOFF)
                + summed
                + 8.0 * T::UNIT_ROUNDOFF;
            let spectral = Bound {
                rounding: filter.peak * rounding * (1.0 + rounding) + filter.error.rounding,
                truncation: filter.error.truncation,
            };
            let circle = distinct.binary_search(&samples).expect("the list holds every size");
            let error = RowError { spectral, cut: daughter.cut() };
            let bank = Bank::new(deal.clone(), filter.first, &filter.gains);
            rows.push(DecimatedRow {
                scale,
                points,
                step: samples as f64 / points as f64,
                first,
                transform: samples,
                bins: (bank.band().start, bank.band().end - 1),
                relative_error: spectral.total() / filter.peak.max(f64::MIN_POSITIVE),
                flops: bank.flops(),
                bytes: bank.bytes(),
            });
            banks.push((circle, bank, error));
            first += points;
        }
        let circles = distinct
            .into_iter()
            .map(|samples| Circle { samples, forward: planner.plan_fft_forward(samples) })
            .collect();
        Ok(Self { length, boundary, arch, circles, banks, rows })
    }

    /// Samples per signal.
    pub fn length(&self) -> usize {
        self.length
    }

    /// How many coefficients each scale has, and where they are.
    pub fn rows(&self) -> &[DecimatedRow] {
        &self.rows
    }

    /// Coefficients of one signal, of all scales.
    pub fn points(&self) -> usize {
        self.rows.iter().map(|row| row.points).sum()
    }

    /// Working space, as [`DecimatedCwt::transform_with`] needs it.
    pub fn scratch(&self) -> Scratch<T> {
        Scratch::new(self.scratch_lengths())
    }

    fn scratch_lengths(&self) -> ScratchLengths {
        let mut lengths = ScratchLengths::default();
        for Circle { samples, forward } in &self.circles {
            lengths.spectra += 2 * (samples / 2 + 1);
            lengths.spectrum = lengths.spectrum.max(samples / 2 + 1);
            lengths.input = lengths.input.max(*samples);
            lengths.forward = lengths.forward.max(forward.get_scratch_len());
        }
        for (_, bank, _) in &self.banks {
            let (work, _) = bank.deal().room();
            lengths.row = lengths.row.max(RowLengths { product: bank.product(), work, ..RowLengths::default() });
        }
        lengths
    }

    /// The coefficients of one or more signals, `[..., samples]` to `[..., points]`: those of the first scale, then
    /// those of the second, and so on, as [`DecimatedCwt::rows`] says.
    ///
    /// # Errors
    /// Those of [`super::Cwt::transform`].
    pub fn transform(&self, signals: &[T]) -> Result<Vec<Complex<T>>, SignalError> {
        let mut coefficients = vec![Complex::default(); signals.len() / self.length * self.points()];
        self.transform_into(signals, &mut coefficients)?;
        Ok(coefficients)
    }

    /// [`DecimatedCwt::transform`] into memory that is already there.
    ///
    /// # Errors
    /// Also [`SignalError::Room`].
    pub fn transform_into(&self, signals: &[T], coefficients: &mut [Complex<T>]) -> Result<(), SignalError> {
        self.validate(signals, coefficients.len())?;
        let tables = signals.par_chunks(self.length).zip(coefficients.par_chunks_mut(self.points()));
        tables.for_each_init(|| self.scratch(), |scratch, (signal, table)| self.one(signal, table, scratch));
        Ok(())
    }

    /// [`DecimatedCwt::transform_into`] on this thread alone, without allocating.
    ///
    /// # Errors
    /// Also [`SignalError::Scratch`], for scratch of another plan that does not fit.
    pub fn transform_with(
        &self,
        signals: &[T],
        coefficients: &mut [Complex<T>],
        scratch: &mut Scratch<T>,
    ) -> Result<(), SignalError> {
        self.validate(signals, coefficients.len())?;
        if scratch.lengths() != self.scratch_lengths() {
            return Err(SignalError::Scratch);
        }
        for (signal, table) in signals.chunks(self.length).zip(coefficients.chunks_mut(self.points())) {
            self.one(signal, table, scratch);
        }
        Ok(())
    }

    fn validate(&self, signals: &[T], found: usize) -> Result<(), SignalError> {
        if signals.is_empty() || !signals.len().is_multiple_of(self.length) {
            return Err(SignalError::Length { length: self.length, found: signals.len() });
        }
        let expected = signals.len() / self.length * self.points();
        if found != expected {
            return Err(SignalError::Room { expected, found });
        }
        match signals.iter().enumerate().find(|(_, x)| !x.is_finite()) {
            Some((index, value)) => Err(SignalError::NotFinite { index, value: value.wide() }),
            None => Ok(()),
        }
    }

    fn one(&self, signal: &[T], table: &mut [Complex<T>], scratch: &mut Scratch<T>) {
        let prepared = &mut scratch.signal;
        let mut spectra = &mut prepared.spectra[..];
        for Circle { samples, forward } in &self.circles {
            let bins = samples / 2 + 1;
            let (parts, others) = spectra.split_at_mut(2 * bins);
            spectra = others;
            let (input, spectrum) = (&mut prepared.input[..*samples], &mut prepared.spectrum[..bins]);
            self.boundary.extend(signal, T::one(), 0, input);
            let done = forward.process_with_scratch(input, spectrum, &mut prepared.forward);
            done.expect("the buffers are the plan's own");
            let (re, im) = parts.split_at_mut(bins);
            for ((re, im), z) in re.iter_mut().zip(im).zip(spectrum) {
                (*re, *im) = (z.re, z.im);
            }
        }
        let mut drain = Drain::idle(&mut []);
        let (product, work) = (&mut scratch.row.product[..], &mut scratch.row.work[..]);
        for ((circle, bank, _), row) in self.banks.iter().zip(&self.rows) {
            let before: usize = self.circles[..*circle].iter().map(|circle| circle.samples / 2 + 1).sum();
            let bins = self.circles[*circle].samples / 2 + 1;
            let (re, im) = scratch.signal.spectra[2 * before..][..2 * bins].split_at(bins);
            let line = cast_slice_mut(&mut table[row.range()]);
            let room = Room { product: &mut *product, work: &mut *work };
            bank.inverse(self.arch, HalfSpectrum { re, im }, room, line, &mut drain);
        }
    }

    /// The coefficients of row `scale` at every sample of the signal, from those that there are.
    ///
    /// Two Fourier transforms: what is between the points is what their band, and no other frequency, makes of it.
    ///
    /// # Errors
    /// [`SignalError::Room`] unless they are as many as the row has points.
    ///
    /// # Panics
    /// When `scale` is not the number of a row.
    pub fn interpolate(&self, scale: usize, coefficients: &[Complex<T>]) -> Result<Vec<Complex<T>>, SignalError> {
        let points = self.rows[scale].points;
        if coefficients.len() != points {
            return Err(SignalError::Room { expected: points, found: coefficients.len() });
        }
        let (circle, bank, _) = &self.banks[scale];
        let samples = self.circles[*circle].samples;
        let mut planner = FftPlanner::new();
        let mut bins = coefficients.to_vec();
        planner.plan_fft_forward(points).process(&mut bins);
        let mut circle = vec![Complex::default(); samples];
        let place = |k: i64, n: usize| k.rem_euclid(n as i64) as usize;
        for k in bank.band() {
            circle[place(k, samples)] = bins[place(k, points)].scale(T::one() / T::of(points as f64));
        }
        planner.plan_fft_inverse(samples).process(&mut circle);
        circle.truncate(self.length);
        Ok(circle)
    }

    /// How far each coefficient of row `scale` may lie from the sum that defines it, for this signal; as
    /// [`super::Cwt::error_bound`].
    ///
    /// # Panics
    /// When `scale` is not the number of a row, or `signal` has not the planned length.
    pub fn error_bound(&self, scale: usize, signal: &[T]) -> Bound {
        assert_eq!(signal.len(), self.length, "the bound is that of one signal");
        let (circle, _, error) = &self.banks[scale];
        let copies = self.circles[*circle].samples.div_ceil(self.length);
        let copies = if self.boundary == Boundary::Zero { 1 } else { copies };
        let peak = signal.iter().map(|x| x.wide().abs()).fold(0.0, f64::max);
        let squares: f64 = signal.iter().map(|x| (x.wide() / peak.max(f64::MIN_POSITIVE)).powi(2)).sum();
        let two_norm = peak * (copies as f64 * squares).sqrt();
        Bound {
            rounding: error.spectral.rounding * two_norm + T::min_positive_value().wide(),
            truncation: error.spectral.truncation * two_norm + error.cut * peak,
        }
    }
}

impl<T: Sample> fmt::Debug for DecimatedCwt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecimatedCwt")
            .field("length", &self.length)
            .field("boundary", &self.boundary)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
