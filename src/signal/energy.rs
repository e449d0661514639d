use std::fmt;
use std::sync::Arc;

use num_complex::Complex;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use realfft::RealToComplex;

use super::aligned::Aligned;
use super::fft::FourierPlanner;
use super::filter::Daughter;
use super::sample::must_be_finite;
use super::{Boundary, Norm, Sample, SignalError, fft, scale};
use crate::numeric::{Bound, gamma};
use crate::wavelet::MotherWavelet;

/// The energy of a signal at each scale, by Parseval's formula: no coefficient is computed.
///
/// ```text
/// E(a) = Σ_b |W(a, b)|² = P^{-1} Σ_k |G_a(k)|² |X(k)|²
/// ```
///
/// with `b` over one period for the boundaries that repeat the signal (`n`, or `2n` samples for
/// [`Boundary::Reflect`]), and over all integers for [`Boundary::Zero`], also beyond the ends, where the wavelet
/// still meets the signal. It costs one real Fourier transform and a sum over the band of each scale.
///
/// ```
/// use ropelet::signal::{Boundary, ScaleEnergy, Norm};
/// use ropelet::wavelet::Ricker;
///
/// let mut impulse = [0.0f64; 100];
/// impulse[50] = 1.0;
/// let energy = ScaleEnergy::new(&Ricker, 100, &[8.0], Norm::L2, Boundary::Zero)?.of(&impulse)?;
/// // Σ_l |psi(l/8)|²/8 is ∫|psi|² to far below rounding.
/// assert!((energy[0] - 0.75 * std::f64::consts::PI.sqrt()).abs() < 1e-14);
/// # Ok::<(), ropelet::signal::SignalError>(())
/// ```
pub struct ScaleEnergy<T: Sample> {
    length: usize,
    boundary: Boundary,
    arch: Arch,
    forward: Arc<dyn RealToComplex<T>>,
    rows: Vec<Row<T>>,
}

struct Row<T> {
    /// The first bin, from 0 to half the length of the transform: a multiple of [`PART`].
    first: usize,
    /// Of both the bin and its mirror image, and zeros around them up to multiples of [`PART`].
    weights: Aligned<T>,
    peak: f64,
    /// How far the gains are from the defining ones, times `‖x‖₂`, as [`Bound`] says.
    error: Bound,
}

impl<T: Sample> ScaleEnergy<T> {
    /// Plans the energies of signals of `length` samples.
    ///
    /// # Errors
    /// Those of [`super::Cwt::new`]; and [`SignalError::Endless`] for [`Boundary::Zero`] and a wavelet whose
    /// tails fall only as a power, as those of Paul and Morse, or [`Boundary::Constant`].
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
            .map(|&scale| match boundary {
                // Without an end all lags count.
                Boundary::Constant => Err(SignalError::Endless { wavelet: wavelet.name() }),
                Boundary::Zero => Daughter::whole(wavelet, scale, norm, T::UNIT_ROUNDOFF),
                _ => Daughter::new(wavelet, length, scale, norm, boundary, T::UNIT_ROUNDOFF),
            })
            .collect::<Result<_, _>>()?;
        let transform = match boundary.repeats_after(length) {
            Some(period) => period,
            None => {
                // All coefficients that are not 0, on a circle.
                let reach = daughters.iter().filter_map(Daughter::reach).max().unwrap_or(0);
                fft::padded_length(length + 2 * reach)
            }
        };
        let wide = FourierPlanner::new().forward(transform);
        let row = |daughter: &Daughter| {
            let filter = daughter.filter(wavelet, wide.as_ref());
            let mut weights = vec![0.0; (transform / 2 + 1).next_multiple_of(PART)];
            for (bin, gain) in (filter.first..).zip(&filter.gains) {
                weights[bin.unsigned_abs() as usize] += transform as f64 * gain.norm_sqr();
            }
            let first = weights.iter().position(|&weight| weight > 0.0).unwrap_or(0) / PART * PART;
            let end = weights.iter().rposition(|&weight| weight > 0.0).unwrap_or(0) / PART * PART + PART;
            Row {
                first,
                weights: weights[first..end].iter().map(|&weight| T::of(weight)).collect(),
                peak: filter.peak,
                // A sample of the daughter that is left out changes a gain by no more than itself.
                error: filter.error + Bound::truncation(daughter.cut()),
            }
        };
        let rows = daughters.par_iter().map(row).collect();
        let forward = FourierPlanner::new().real_forward(transform);
        Ok(Self { length, boundary, arch: Arch::new(), forward, rows })
    }

    /// Samples per signal.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The energies of one or more signals, `[..., samples]` to `[..., scales]`.
    ///
    /// # Errors
    /// [`SignalError::Length`], [`SignalError::NotFinite`].
    pub fn of(&self, signals: &[T]) -> Result<Vec<T>, SignalError> {
        if signals.is_empty() || !signals.len().is_multiple_of(self.length) {
            return Err(SignalError::Length { length: self.length, found: signals.len() });
        }
        must_be_finite(signals)?;
        let mut energies = vec![T::zero(); signals.len() / self.length * self.rows.len()];
        let tables = signals.par_chunks(SIGNALS * self.length).zip(energies.par_chunks_mut(SIGNALS * self.rows.len()));
        let bins = self.forward.len() / 2 + 1;
        let space = || {
            let powers = Aligned::new(SIGNALS * bins.next_multiple_of(PART));
            (powers, self.forward.make_input_vec(), self.forward.make_output_vec(), self.forward.make_scratch_vec())
        };
        tables.for_each_init(space, |(powers, input, spectrum, scratch), (signals, energies)| {
            for (signal, power) in signals.chunks(self.length).zip(powers.chunks_mut(bins.next_multiple_of(PART))) {
                self.boundary.extend(signal, T::one(), 0, input);
                let done = self.forward.process_with_scratch(input, spectrum, scratch);
                done.expect("the buffers are the plan's own");
                self.arch.dispatch(Power { spectrum, power });
            }
            T::weigh(self.arch, Weigh { rows: &self.rows, powers, energies });
        });
        Ok(energies)
    }

    /// How far the energy of row `scale` may lie from the sum of squares that defines it, for this signal.
    ///
    /// If the coefficients are off by `δ` in the 2-norm, `E` is off by at most `δ (2√E + δ)`, and `√E` is at most
    /// the largest gain times `‖x‖₂`. Rounding of `δ`: that of one transform, whose error is relative to
    /// `max|gain| ‖x‖₂`, and of the gains; beside it the squares, the weights and their sum round relative to
    /// `E`. Truncation: gains and samples of the daughter that are left out.
    ///
    /// # Panics
    /// When `scale` is not the number of a row, or `signal` has not the planned length.
    pub fn error_bound(&self, scale: usize, signal: &[T]) -> Bound {
        assert_eq!(signal.len(), self.length, "the bound is that of one signal");
        let copies = self.boundary.repeats_after(self.length).unwrap_or(self.length) / self.length;
        let squares: f64 = signal.iter().map(|x| x.wide().powi(2)).sum::<f64>() * copies as f64;
        let row = &self.rows[scale];
        let rounding = row.peak * fft::relative_error(self.forward.len(), T::UNIT_ROUNDOFF) + row.error.rounding;
        let off = |delta: f64| delta * (2.0 * row.peak + delta) * squares;
        let summed = gamma(row.weights.len().div_ceil(VECTORS) + PART + 8, T::UNIT_ROUNDOFF);
        Bound {
            rounding: off(rounding) + summed * row.peak.powi(2) * squares + T::min_positive_value().wide(),
            truncation: off(row.error.truncation),
        }
    }
}

/// `|z|²` of each bin.
struct Power<'a, T> {
    spectrum: &'a [Complex<T>],
    power: &'a mut [T],
}

impl<T: Sample> WithSimd for Power<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for (power, z) in self.power.iter_mut().zip(self.spectrum) {
            *power = z.re * z.re + z.im * z.im;
        }
    }
}

/// Signals that are summed together, so that a weight is fetched once for all of them.
const SIGNALS: usize = 4;

/// Vectors of sums of each that run side by side.
const VECTORS: usize = 2;

/// The most numbers that they have.
const PART: usize = VECTORS * 16;

/// The energies of all rows of the power spectra of some signals; how many there are changes no result.
pub struct Weigh<'a, T> {
    rows: &'a [Row<T>],
    powers: &'a [T],
    energies: &'a mut [T],
}

impl<T: Sample> WithSimd for Weigh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, powers, energies } = self;
        let stride = powers.len() / SIGNALS;
        for (at, row) in rows.iter().enumerate() {
            let power = |signal: usize| &powers[signal * stride + row.first..][..row.weights.len()];
            let powers: [_; SIGNALS] = std::array::from_fn(|signal| T::vectors::<S>(power(signal)).as_chunks().0);
            let weights: &[[_; VECTORS]] = T::vectors::<S>(&row.weights).as_chunks().0;
            let mut sums = [[T::splat(simd, T::zero()); VECTORS]; SIGNALS];
            for (place, weights) in weights.iter().enumerate() {
                for (sums, powers) in sums.iter_mut().zip(powers) {
                    let powers: &[_; VECTORS] = &powers[place];
                    for v in 0..VECTORS {
                        sums[v] = T::fused(simd, weights[v], powers[v], sums[v]);
                    }
                }
            }
            for (energies, sums) in energies.chunks_mut(rows.len()).zip(sums) {
                let mut parts = [T::zero(); PART];
                for (part, sum) in T::vectors_mut::<S>(&mut parts).iter_mut().zip(sums) {
                    *part = sum;
                }
                energies[at] = parts.into_iter().fold(T::zero(), |sum, part| sum + part);
            }
        }
    }
}

impl<T: Sample> fmt::Debug for ScaleEnergy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScaleEnergy")
            .field("length", &self.length)
            .field("boundary", &self.boundary)
            .field("transform", &self.forward.len())
            .finish_non_exhaustive()
    }
}
