use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use num_complex::Complex;
use pulp::bytemuck::cast_slice_mut;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use realfft::RealToComplex;
use rustfft::Fft;
use serde::Serialize;

use super::butterfly::{Arithmetic, Point};
use super::fft::FourierPlanner;
use super::filter::Daughter;
use super::phase::parts;
use super::sample::must_be_finite;
use super::scratch::{RowLengths, RowScratch, Scratch, ScratchLengths, SignalScratch};
use super::stream::{self, Drain, STREAMED};
use super::{Boundary, Norm, Sample, SignalError, fft, scale};
use crate::numeric::Bound;
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
    bands: Vec<Band<T>>,
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
    /// The lowest bin that any band has, if it is below 0.
    lowest: i64,
    forward: Arc<dyn RealToComplex<T>>,
}

/// The filter of one scale.
struct Band<T: Sample> {
    circle: usize,
    /// Of the bins from here on, counted from minus half of the circle's: real parts, then imaginary ones.
    first: i64,
    gains: Vec<T>,
    inverse: Arc<dyn Fft<T>>,
    error: RowError,
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
        let (mut planner, mut wide) = (FourierPlanner::new(), FourierPlanner::new());
        let mut distinct = sizes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let wide: HashMap<usize, Arc<dyn Fft<f64>>> =
            distinct.iter().map(|&samples| (samples, wide.forward(samples))).collect();
        let filters: Vec<_> = daughters
            .par_iter()
            .zip(&sizes)
            .map(|(daughter, samples)| daughter.filter(wavelet, wide[samples].as_ref()))
            .collect();
        let (mut bands, mut rows, mut first) = (Vec::new(), Vec::new(), 0);
        for (((daughter, filter), &samples), &scale) in daughters.iter().zip(&filters).zip(&sizes).zip(scales) {
            let bins = filter.gains.len();
            let points = fft::padded_length(bins);
            let rounding = fft::relative_error(samples, T::UNIT_ROUNDOFF)
                + fft::relative_error(points, T::UNIT_ROUNDOFF)
                + 8.0 * T::UNIT_ROUNDOFF;
            let spectral = Bound {
                rounding: filter.peak * rounding * (1.0 + rounding) + filter.error.rounding,
                truncation: filter.error.truncation,
            };
            rows.push(DecimatedRow {
                scale,
                points,
                step: samples as f64 / points as f64,
                first,
                transform: samples,
                bins: (filter.first, filter.first + bins as i64 - 1),
                relative_error: spectral.total() / filter.peak.max(f64::MIN_POSITIVE),
                flops: (6 * bins) as u64 + (5.0 * points as f64 * (points as f64).log2()) as u64,
                bytes: 2 * bins * size_of::<T>(),
            });
            bands.push(Band {
                circle: distinct.binary_search(&samples).expect("the list holds every size"),
                first: filter.first,
                gains: parts(filter.gains.iter().copied()).collect(),
                inverse: planner.inverse(points),
                error: RowError { spectral, cut: daughter.cut() },
            });
            first += points;
        }
        let circle = |(at, samples)| {
            let firsts = bands.iter().filter(|band: &&Band<T>| band.circle == at).map(|band| band.first);
            let lowest = firsts.min().unwrap_or(0).min(0);
            Circle { samples, lowest, forward: planner.real_forward(samples) }
        };
        let circles = distinct.into_iter().enumerate().map(circle).collect();
        Ok(Self { length, boundary, arch: Arch::new(), circles, bands, rows })
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
        for circle in &self.circles {
            lengths.spectra += 2 * circle.bins();
            lengths.spectrum = lengths.spectrum.max(circle.samples / 2 + 1);
            lengths.input = lengths.input.max(circle.samples);
            lengths.forward = lengths.forward.max(circle.forward.get_scratch_len());
        }
        for band in &self.bands {
            let (band, fourier) = (band.inverse.len(), band.inverse.get_inplace_scratch_len());
            lengths.row = lengths.row.max(RowLengths { band, fourier, ..RowLengths::default() });
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
        let streamed = size_of_val(coefficients) >= STREAMED;
        let tables = signals.par_chunks(self.length).zip(coefficients.par_chunks_mut(self.points()));
        tables.for_each_init(|| self.scratch(), |scratch, (signal, table)| self.one(signal, table, streamed, scratch));
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
        let streamed = size_of_val(coefficients) >= STREAMED;
        if scratch.lengths() != self.scratch_lengths() {
            return Err(SignalError::Scratch);
        }
        for (signal, table) in signals.chunks(self.length).zip(coefficients.chunks_mut(self.points())) {
            self.one(signal, table, streamed, scratch);
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
        must_be_finite(signals)
    }

    fn one(&self, signal: &[T], table: &mut [Complex<T>], streamed: bool, scratch: &mut Scratch<T>) {
        let SignalScratch { spectra, spectrum, input, forward, .. } = &mut scratch.signal;
        let mut rest = &mut spectra[..];
        for circle in &self.circles {
            let (parts, others) = rest.split_at_mut(2 * circle.bins());
            rest = others;
            let (input, spectrum) = (&mut input[..circle.samples], &mut spectrum[..circle.samples / 2 + 1]);
            self.boundary.extend(signal, T::one(), 0, input);
            let done = circle.forward.process_with_scratch(input, spectrum, forward);
            done.expect("the buffers are the plan's own");
            let (re, im) = parts.split_at_mut(circle.bins());
            let below = circle.lowest.unsigned_abs() as usize;
            for ((re, im), z) in re.iter_mut().zip(&mut *im).zip(spectrum[1..=below].iter().rev()) {
                (*re, *im) = (z.re, -z.im);
            }
            for ((re, im), z) in re[below..].iter_mut().zip(&mut im[below..]).zip(spectrum) {
                (*re, *im) = (z.re, z.im);
            }
        }
        let RowScratch { band: points, fourier, .. } = &mut scratch.row;
        for (band, row) in self.bands.iter().zip(&self.rows) {
            let (circle, points) = (&self.circles[band.circle], &mut points[..row.points]);
            let before: usize = self.circles[..band.circle].iter().map(|circle| 2 * circle.bins()).sum();
            let bins = band.gains.len() / 2;
            let from = (band.first - circle.lowest) as usize;
            let (re, im) = spectra[before..][..2 * circle.bins()].split_at(circle.bins());
            let (re, im) = (&re[from..from + bins], &im[from..from + bins]);
            let (real, imaginary) = band.gains.split_at(bins);
            // Each product in its place modulo the number of points, and zeros beside them.
            let start = band.first.rem_euclid(points.len() as i64) as usize;
            let straight = bins.min(points.len() - start);
            points[start + straight..].fill(Complex::default());
            points[bins - straight..start].fill(Complex::default());
            for (from, to) in [(0..straight, start..start + straight), (straight..bins, 0..bins - straight)] {
                let gains = (&real[from.clone()], &imaginary[from.clone()]);
                let bins = (&re[from.clone()], &im[from]);
                self.arch.dispatch(Products { gains, bins, out: cast_slice_mut(&mut points[to]) });
            }
            band.inverse.process_with_scratch(points, &mut fourier[..band.inverse.get_inplace_scratch_len()]);
            let place: &mut [T] = cast_slice_mut(&mut table[row.range()]);
            Drain::new(cast_slice_mut(points), 0, place, streamed).finish(self.arch);
        }
        if streamed {
            stream::fence();
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
        let band = &self.bands[scale];
        let samples = self.circles[band.circle].samples;
        let mut planner = FourierPlanner::new();
        let mut bins = coefficients.to_vec();
        planner.forward(points).process(&mut bins);
        let mut circle = vec![Complex::default(); samples];
        let place = |k: i64, n: usize| k.rem_euclid(n as i64) as usize;
        for k in band.first..band.first + band.gains.len() as i64 / 2 {
            circle[place(k, samples)] = bins[place(k, points)].scale(T::one() / T::of(points as f64));
        }
        planner.inverse(samples).process(&mut circle);
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
        let Band { circle, error, .. } = self.bands[scale];
        let copies = self.circles[circle].samples.div_ceil(self.length);
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

impl<T: Sample> Circle<T> {
    /// From the lowest one to half the samples.
    fn bins(&self) -> usize {
        self.samples / 2 + 1 + self.lowest.unsigned_abs() as usize
    }
}

/// The products of gains and bins, in pairs.
struct Products<'a, T> {
    gains: (&'a [T], &'a [T]),
    bins: (&'a [T], &'a [T]),
    out: &'a mut [T],
}

impl<T: Sample> WithSimd for Products<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { gains: (g, h), bins: (x, y), out } = self;
        let on = Arithmetic::<T, S>::new(simd);
        let lanes = T::count::<S>();
        let (out, rest) = out.split_at_mut(g.len() / lanes * 2 * lanes);
        let out: &mut [Point<T, S>] = T::vectors_mut::<S>(out).as_chunks_mut().0;
        let vectors = [g, h, x, y].map(|numbers| T::vectors::<S>(numbers));
        for (at, out) in out.iter_mut().enumerate() {
            let [g, h, x, y] = vectors.map(|vectors| vectors[at]);
            *out = T::pair(simd, on.times([g, h], [x, y]));
        }
        let [g, h, x, y] = [g, h, x, y].map(|numbers| &numbers[numbers.len() / lanes * lanes..]);
        for (at, pair) in rest.chunks_exact_mut(2).enumerate() {
            (pair[0], pair[1]) = (x[at] * g[at] - y[at] * h[at], x[at] * h[at] + y[at] * g[at]);
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
