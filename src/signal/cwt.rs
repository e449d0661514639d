use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use num_complex::Complex;
use pulp::Arch;
use pulp::bytemuck::cast_slice_mut;
use rayon::prelude::*;
use realfft::{ComplexToReal, RealToComplex};
use rustfft::Fft;
use serde::Serialize;

use super::convolution::{self, Convolution};
use super::edge::Edges;
use super::filter::{Daughter, Filter};
use super::path::{self, Circumstances, Layout};
use super::phase::{Bank, Deal, HalfSpectrum, Room, lanes};
use super::planner::Transforms;
use super::sample::must_be_finite;
use super::scratch::{RowLengths, RowScratch, Scratch, ScratchLengths, SignalScratch};
use super::stream::{self, Drain, STREAMED};
use super::{Boundary, Norm, Path, Sample, SignalError, fft, scale};
use crate::numeric::{Bound, gamma};
use crate::wavelet::MotherWavelet;

/// The continuous wavelet transform, planned for one wavelet, length and list of scales.
///
/// A plan is a value: what is computed how, and at what cost, can be read from it before it is used
/// ([`Cwt::rows`]). It is shared freely between threads and allocates nothing when it is given
/// [`Scratch`] and room for the result. [`super::CwtPlanner`] keeps plans.
///
/// The daughters are sampled, transformed and cut to the bins that matter once, in
/// [`Cwt::new`]; a transform is then one real Fourier transform of the signal per padded length (or of its
/// pieces), and for each scale an inverse transform of its band alone, by the cheapest [`Path`]. Signals, or the
/// scales of one signal, run in parallel; the result does not depend on the number of threads.
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
    arch: Arch,
    groups: Vec<Group<T>>,
    rows: Vec<Row<T>>,
    /// What constants beyond the ends add to each row.
    edges: Vec<Option<Edges>>,
    plans: Vec<RowPlan>,
    /// Samples of the longest convolution on either side, if there is one.
    reach: Option<usize>,
    bytes: usize,
}

/// What one row of a plan will do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowPlan {
    /// The scale, in samples.
    pub scale: f64,
    /// How its coefficients are computed.
    pub path: Path,
    /// How far a coefficient may be from the sum that defines it, relative to the largest gain times the
    /// 2-norm of the signal.
    pub relative_error: f64,
    /// Floating-point operations for one signal, without those of the forward transforms.
    pub flops: u64,
    /// Memory of its filter, without what it shares with other rows.
    pub bytes: usize,
}

/// The rows that share a layout of the signal.
struct Group<T: Sample> {
    layout: Layout,
    forward: Arc<dyn RealToComplex<T>>,
}

enum Row<T: Sample> {
    Convolution { convolution: Convolution<T>, error: RowError },
    Phases { group: usize, bank: Bank<T>, error: RowError },
    Fourier { group: usize, first: i64, gains: Vec<Complex<T>>, inverse: Inverse<T>, error: RowError },
}

enum Inverse<T: Sample> {
    Real(Arc<dyn ComplexToReal<T>>),
    Complex(Arc<dyn Fft<T>>),
}

/// What is wrong with one row, per 2-norm or per maximum of the signal.
#[derive(Debug, Clone, Copy, Default)]
struct RowError {
    /// Rounding, times `‖x‖₂` of what is transformed at once.
    rounding: f64,
    /// The largest gain that was dropped, times the same.
    dropped: f64,
    /// Rounding, times `max|x|`.
    summed: f64,
    /// The samples of the daughter that were left out, summed, times `max|x|`.
    cut: f64,
    /// How often one transform may meet a sample.
    copies: f64,
}

impl<T: Sample> Cwt<T> {
    /// Plans the transform of signals of `length` samples.
    ///
    /// # Errors
    /// [`SignalError::Empty`], [`SignalError::NoScales`], [`SignalError::Scale`]; and
    /// [`SignalError::TooManyTerms`] for a scale whose daughter, repeated with the signal, cannot be
    /// summed in reasonable time; [`SignalError::TailSum`] for [`Boundary::Constant`] and a wavelet whose tails fall as
    /// a power and have no closed sum ([`MotherWavelet::tail_sum`]).
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        boundary: Boundary,
    ) -> Result<Self, SignalError> {
        Self::planned(&mut Transforms::default(), Arch::new(), wavelet, length, scales, norm, boundary)
    }

    pub(super) fn planned(
        transforms: &mut Transforms<T>,
        arch: Arch,
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
        let real = wavelet.is_real();
        let lanes = lanes::<T>(arch);
        let circumstances = Circumstances { length, boundary, real, lanes, sample_bytes: size_of::<T>() };
        let planned: Vec<(Daughter, Option<Layout>)> = scales
            .par_iter()
            .map(|&scale| {
                let daughter = Daughter::new(wavelet, length, scale, norm, boundary, T::UNIT_ROUNDOFF)?;
                let share = path::share(
                    |omega| wavelet.psihat(omega).norm(),
                    scale,
                    wavelet.centre_frequency(),
                    T::UNIT_ROUNDOFF / 4.0,
                );
                let share = if real { 2.0 * share } else { share }.min(1.0);
                Ok((daughter, circumstances.choose(daughter.reach(), share)))
            })
            .collect::<Result<_, _>>()?;
        let mut layouts: Vec<Layout> = planned.iter().filter_map(|(_, layout)| *layout).collect();
        layouts.sort_unstable();
        layouts.dedup();
        let groups: Vec<Group<T>> = layouts
            .iter()
            .map(|&layout| Group { layout, forward: transforms.own.real_forward(layout.transform) })
            .collect();
        let wide: Vec<Arc<dyn Fft<f64>>> =
            layouts.iter().map(|layout| transforms.wide.forward(layout.transform)).collect();
        let edges: Vec<Option<Edges>> = match boundary {
            Boundary::Constant => scales
                .par_iter()
                .map(|&scale| Edges::new::<T>(wavelet, length, scale, norm).map(Some))
                .collect::<Result<_, _>>()?,
            _ => scales.iter().map(|_| None).collect(),
        };
        let group_of = |layout: &Layout| layouts.binary_search(layout).expect("the list holds every layout");
        let filters: Vec<Option<Filter>> = planned
            .par_iter()
            .map(|(daughter, layout)| Some(daughter.filter(wavelet, wide[group_of(layout.as_ref()?)].as_ref())))
            .collect();
        let mut deals: HashMap<(usize, usize), Arc<Deal<T>>> = HashMap::new();
        let mut plans = Vec::new();
        let mut rows = Vec::new();
        for (((daughter, layout), filter), &scale) in planned.iter().zip(filters).zip(scales) {
            let (Some(layout), Some(filter)) = (layout, filter) else {
                let reach = daughter.reach().expect("only what ends is summed");
                let taps = daughter.taps(wavelet, reach);
                // Sums of 2 reach + 1 terms, whose taps are rounded to T and 16 roundoffs from f64's.
                let size: f64 = taps.iter().map(|tap| tap.norm()).sum();
                let summed = size * gamma(taps.len() + 2, T::UNIT_ROUNDOFF) + size * gamma(16, f64::EPSILON);
                let error = RowError { summed, cut: daughter.cut(), ..RowError::default() };
                let convolution = Convolution::new(lanes, &taps, real);
                plans.push(RowPlan {
                    scale,
                    path: Path::Convolution { taps: taps.len() },
                    relative_error: (error.summed + error.cut) / size.max(f64::MIN_POSITIVE),
                    flops: (if real { 2 } else { 4 }) * (taps.len() * length) as u64,
                    bytes: convolution.bytes(),
                });
                rows.push(Row::Convolution { convolution, error });
                continue;
            };
            let group = group_of(layout);
            let transform = layout.transform;
            let copies = boundary.repeats_after(length).map_or(1.0, |_| transform.div_ceil(length) as f64);
            let error = |inverse: f64| {
                // The product with a rounded gain, and the rounding of what the band is divided by.
                let rounding = fft::relative_error(transform, T::UNIT_ROUNDOFF) + inverse + 8.0 * T::UNIT_ROUNDOFF;
                RowError {
                    rounding: filter.peak * rounding * (1.0 + rounding) + filter.error.rounding,
                    dropped: filter.error.truncation,
                    summed: 0.0,
                    cut: daughter.cut(),
                    copies,
                }
            };
            let (first, gains) = (filter.first, filter.gains);
            let bins = gains.len();
            let spread = circumstances.spread(transform, bins);
            match spread.filter(|spread| spread.cost < circumstances.fourier_cost(transform)) {
                Some(spread) => {
                    let deal = deals
                        .entry((transform, spread.points))
                        .or_insert_with(|| Arc::new(Deal::new(lanes, spread.points, spread.groups, real)));
                    let bank = Bank::new(deal.clone(), first, &gains);
                    // The first stage is a sum of folds, each error of which is at most √folds times the
                    // whole; it and the turns of the phases count beside the stages of the transform.
                    let folds = bins.div_ceil(spread.points);
                    let summed = gamma(4 * folds + 16, T::UNIT_ROUNDOFF) * (folds as f64).sqrt();
                    let error = error(fft::relative_error(transform, T::UNIT_ROUNDOFF) + summed);
                    let path = Path::Phases { transform, points: spread.points, blocks: layout.blocks };
                    plans.push(RowPlan {
                        scale,
                        path,
                        relative_error: (error.rounding + error.dropped) / filter.peak.max(f64::MIN_POSITIVE),
                        flops: layout.blocks as u64 * bank.flops(),
                        bytes: bank.bytes(),
                    });
                    rows.push(Row::Phases { group, bank, error });
                }
                None => {
                    let error = error(fft::relative_error(transform, T::UNIT_ROUNDOFF));
                    // A real inverse takes only the bins from 0 on.
                    let below = if real { (-first).max(0) as usize } else { 0 };
                    let gains: Vec<Complex<T>> =
                        gains[below..].iter().map(|gain| Complex::new(T::of(gain.re), T::of(gain.im))).collect();
                    let inverse = if real {
                        Inverse::Real(transforms.own.real_inverse(transform))
                    } else {
                        Inverse::Complex(transforms.own.inverse(transform))
                    };
                    let points = transform as f64 * if real { 0.5 } else { 1.0 };
                    plans.push(RowPlan {
                        scale,
                        path: Path::Fourier { transform },
                        relative_error: (error.rounding + error.dropped) / filter.peak.max(f64::MIN_POSITIVE),
                        flops: layout.blocks as u64
                            * (6 * gains.len() as u64 + (5.0 * points * points.log2().max(1.0)) as u64),
                        bytes: 2 * gains.len() * size_of::<T>(),
                    });
                    rows.push(Row::Fourier { group, first: first + below as i64, gains, inverse, error });
                }
            }
        }
        let reach = rows
            .iter()
            .filter_map(|row| match row {
                Row::Convolution { convolution, .. } => Some(convolution.reach),
                _ => None,
            })
            .max();
        for (plan, edges) in plans.iter_mut().zip(&edges) {
            plan.bytes += edges.as_ref().map_or(0, Edges::bytes);
        }
        let bytes =
            plans.iter().map(|plan| plan.bytes).sum::<usize>() + deals.values().map(|deal| deal.bytes()).sum::<usize>();
        Ok(Self {
            wavelet: wavelet.name(),
            length,
            scales: scales.to_vec(),
            boundary,
            real,
            arch,
            groups,
            rows,
            edges,
            plans,
            reach,
            bytes,
        })
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

    /// What each row does, and what it costs.
    pub fn rows(&self) -> &[RowPlan] {
        &self.plans
    }

    /// Memory of all filters and tables, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Working space, as [`Cwt::transform_with`] needs it.
    pub fn scratch(&self) -> Scratch<T> {
        Scratch::new(self.scratch_lengths())
    }

    fn scratch_lengths(&self) -> ScratchLengths {
        let mut lengths = ScratchLengths { row: self.row_lengths(), ..ScratchLengths::default() };
        for Group { layout, forward } in &self.groups {
            lengths.spectra += 2 * layout.blocks * layout.bins();
            lengths.spectrum = lengths.spectrum.max(layout.bins());
            lengths.input = lengths.input.max(layout.transform);
            lengths.forward = lengths.forward.max(forward.get_scratch_len());
        }
        if let Some(reach) = self.reach {
            let samples = 2 * reach + self.summed_length();
            lengths.input = lengths.input.max(samples);
            lengths.extended = self.parts() * samples;
        }
        lengths
    }

    /// Numbers of a coefficient.
    fn parts(&self) -> usize {
        if self.real { 1 } else { 2 }
    }

    /// Results that convolutions compute: whole rounds of them.
    fn summed_length(&self) -> usize {
        self.length.next_multiple_of(convolution::VECTORS * lanes::<T>(self.arch))
    }

    fn row_lengths(&self) -> RowLengths {
        let needs = |row: &Row<T>| match row {
            Row::Convolution { .. } => {
                RowLengths { line: self.parts() * self.summed_length(), ..RowLengths::default() }
            }
            Row::Phases { bank, .. } => {
                let (work, line) = bank.deal().room();
                RowLengths { product: bank.product(), work, line, ..RowLengths::default() }
            }
            Row::Fourier { group, inverse, .. } => {
                let transform = self.groups[*group].layout.transform;
                let (line, fourier) = match inverse {
                    Inverse::Real(inverse) => (transform, inverse.get_scratch_len()),
                    Inverse::Complex(inverse) => (2 * transform, inverse.get_inplace_scratch_len()),
                };
                RowLengths { band: transform, fourier, line, ..RowLengths::default() }
            }
        };
        let mut lengths = self.rows.iter().map(needs).fold(RowLengths::default(), RowLengths::max);
        // Real coefficients may be asked for as complex ones, which are made where they lie.
        lengths.line = lengths.line.max(2 * self.length);
        lengths
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

    /// `|W|²`, in the places of the coefficients.
    ///
    /// # Errors
    /// Those of [`Cwt::transform`].
    pub fn power(&self, signals: &[T]) -> Result<Vec<T>, SignalError> {
        let mut power = vec![T::default(); signals.len() * self.scales.len()];
        self.power_into(signals, &mut power)?;
        Ok(power)
    }

    /// [`Cwt::transform`] into memory that is already there: worth it, since fresh memory costs
    /// more than the transform.
    ///
    /// # Errors
    /// Also [`SignalError::Room`].
    pub fn transform_into(&self, signals: &[T], coefficients: &mut [Complex<T>]) -> Result<(), SignalError> {
        self.run(signals, cast_slice_mut(coefficients), Output::Complex)
    }

    /// [`Cwt::transform_real`] into memory that is already there.
    ///
    /// # Errors
    /// Also [`SignalError::Room`].
    pub fn transform_real_into(&self, signals: &[T], coefficients: &mut [T]) -> Result<(), SignalError> {
        self.must_be_real()?;
        self.run(signals, coefficients, Output::Real)
    }

    /// [`Cwt::power`] into memory that is already there.
    ///
    /// # Errors
    /// Also [`SignalError::Room`].
    pub fn power_into(&self, signals: &[T], power: &mut [T]) -> Result<(), SignalError> {
        self.run(signals, power, Output::Power)
    }

    /// [`Cwt::transform_into`] on this thread alone, without allocating.
    ///
    /// # Errors
    /// Also [`SignalError::Scratch`], for scratch of another plan that does not fit.
    pub fn transform_with(
        &self,
        signals: &[T],
        coefficients: &mut [Complex<T>],
        scratch: &mut Scratch<T>,
    ) -> Result<(), SignalError> {
        self.run_with(signals, cast_slice_mut(coefficients), Output::Complex, scratch)
    }

    /// [`Cwt::transform_real_into`] on this thread alone, without allocating.
    ///
    /// # Errors
    /// Also [`SignalError::Scratch`].
    pub fn transform_real_with(
        &self,
        signals: &[T],
        coefficients: &mut [T],
        scratch: &mut Scratch<T>,
    ) -> Result<(), SignalError> {
        self.must_be_real()?;
        self.run_with(signals, coefficients, Output::Real, scratch)
    }

    /// [`Cwt::power_into`] on this thread alone, without allocating.
    ///
    /// # Errors
    /// Also [`SignalError::Scratch`].
    pub fn power_with(&self, signals: &[T], power: &mut [T], scratch: &mut Scratch<T>) -> Result<(), SignalError> {
        self.run_with(signals, power, Output::Power, scratch)
    }

    fn must_be_real(&self) -> Result<(), SignalError> {
        if self.real { Ok(()) } else { Err(SignalError::NotReal { wavelet: self.wavelet }) }
    }

    /// How far each coefficient of row `scale` may lie from the sum that defines it, for this signal.
    ///
    /// Rounding: the two transforms err by `2 ε(N)` relative to `max|gain| ‖x‖₂`, where `ε(N)` is
    /// about 10 unit roundoffs per factor 2 of the transform length `N`; the product and the
    /// rounding of the gains add 8, the sum of folded bins a few for each; and the gains themselves come from
    /// one transform in `f64`. A row that is summed errs by one roundoff per term.
    /// Truncation: bins whose gain is below a quarter unit roundoff of the largest (in `f64`: two, below which there is
    /// only the rounding of the gains) are skipped, and
    /// a daughter with Gaussian tails is cut where they are as small. The values of `psi` are taken
    /// as given.
    ///
    /// # Panics
    /// When `scale` is not the number of a row, or `signal` has not the planned length.
    pub fn error_bound(&self, scale: usize, signal: &[T]) -> Bound {
        assert_eq!(signal.len(), self.length, "the bound is that of one signal");
        let error = match &self.rows[scale] {
            Row::Convolution { error, .. } | Row::Phases { error, .. } | Row::Fourier { error, .. } => error,
        };
        let peak = signal.iter().map(|x| x.wide().abs()).fold(0.0, f64::max);
        // Relative to the peak, so that no square overflows.
        let squares: f64 = signal.iter().map(|x| (x.wide() / peak.max(f64::MIN_POSITIVE)).powi(2)).sum();
        let two_norm = peak * (error.copies * squares).sqrt();
        // Where constants continue the signal: their sums, and what the daughter lacks beyond its cut once more.
        let (added, lacking) = self.edges[scale].as_ref().map_or((0.0, 0.0), |edges| (edges.rounding, edges.cut));
        Bound {
            // Results below the normal range lose digits.
            rounding: error.rounding * two_norm + (error.summed + added) * peak + T::min_positive_value().wide(),
            truncation: error.dropped * two_norm + (error.cut + lacking) * peak,
        }
    }

    fn validate(&self, signals: &[T], room: usize, output: Output) -> Result<(), SignalError> {
        if signals.is_empty() || !signals.len().is_multiple_of(self.length) {
            return Err(SignalError::Length { length: self.length, found: signals.len() });
        }
        let (expected, found) = (signals.len() * self.scales.len(), room / output.numbers());
        if found != expected {
            return Err(SignalError::Room { expected, found });
        }
        must_be_finite(signals)
    }

    fn run(&self, signals: &[T], numbers: &mut [T], output: Output) -> Result<(), SignalError> {
        self.validate(signals, numbers.len(), output)?;
        let streamed = size_of_val(numbers) >= STREAMED;
        let line = output.numbers() * self.length;
        let table = line * self.scales.len();
        if signals.len() / self.length >= rayon::current_num_threads() {
            let tables = signals.par_chunks(self.length).zip(numbers.par_chunks_mut(table));
            tables.for_each_init(
                || self.scratch(),
                |Scratch { signal: prepared, row }, (signal, table)| {
                    let back = self.prepare(signal, prepared);
                    self.some_rows(0, &self.rows, prepared, back, row, Target { table, output, streamed });
                },
            );
            return Ok(());
        }
        let Scratch { signal: mut prepared, .. } = self.scratch();
        // Rows in order, so that those of a like cost are spread over the threads.
        for (signal, table) in signals.chunks(self.length).zip(numbers.chunks_mut(table)) {
            let back = self.prepare(signal, &mut prepared);
            let rows = self.rows.par_chunks(ROWS).zip(table.par_chunks_mut(ROWS * line)).enumerate();
            rows.for_each_init(
                || RowScratch::new(self.row_lengths()),
                |row, (chunk, (rows, table))| {
                    self.some_rows(chunk * ROWS, rows, &prepared, back, row, Target { table, output, streamed });
                },
            );
        }
        Ok(())
    }

    fn run_with(
        &self,
        signals: &[T],
        numbers: &mut [T],
        output: Output,
        scratch: &mut Scratch<T>,
    ) -> Result<(), SignalError> {
        self.validate(signals, numbers.len(), output)?;
        if scratch.lengths() != self.scratch_lengths() {
            return Err(SignalError::Scratch);
        }
        let streamed = size_of_val(numbers) >= STREAMED;
        let Scratch { signal: prepared, row } = scratch;
        let table = output.numbers() * self.length * self.scales.len();
        for (signal, table) in signals.chunks(self.length).zip(numbers.chunks_mut(table)) {
            let back = self.prepare(signal, prepared);
            self.some_rows(0, &self.rows, prepared, back, row, Target { table, output, streamed });
        }
        Ok(())
    }

    /// The half spectra of a signal in every layout, and its samples as convolutions need them; returns the power
    /// of two by which it was divided first: exact, and it keeps huge and tiny signals, and no others, away from
    /// overflow and underflow.
    fn prepare(&self, signal: &[T], prepared: &mut SignalScratch<T>) -> T {
        let peak = signal.iter().fold(T::zero(), |peak, x| peak.max(x.abs())).wide();
        let limit = T::max_value().wide().log2() - 8.0;
        let exponent = if peak > 0.0 { peak.log2().floor().clamp(-limit, limit) } else { 0.0 };
        let exponent = if exponent.abs() < limit / 4.0 { 0.0 } else { exponent };
        let (forth, back) = (T::of((-exponent).exp2()), T::of(exponent.exp2()));
        let SignalScratch { spectra, input, spectrum, forward, extended, ends } = prepared;
        *ends = [signal[0], signal[signal.len() - 1]];
        let mut rest = &mut spectra[..];
        for group in &self.groups {
            let layout = group.layout;
            for block in 0..layout.blocks {
                let (parts, others) = rest.split_at_mut(2 * layout.bins());
                rest = others;
                let (input, spectrum) = (&mut input[..layout.transform], &mut spectrum[..layout.bins()]);
                let first = (block * layout.step) as i64 - layout.offset as i64;
                // A circle is not longer than its period; beyond that, the signal is continued.
                self.boundary.extend(signal, forth, first, input);
                let done = group.forward.process_with_scratch(input, spectrum, forward);
                done.expect("the buffers are the plan's own");
                let (re, im) = parts.split_at_mut(layout.bins());
                for ((re, im), z) in re.iter_mut().zip(im).zip(spectrum) {
                    (*re, *im) = (z.re, z.im);
                }
            }
        }
        if let Some(reach) = self.reach {
            let parts = self.parts();
            let input = &mut input[..extended.len() / parts];
            self.boundary.extend(signal, forth, -(reach as i64), input);
            for (places, x) in extended.chunks_exact_mut(parts).zip(input) {
                places.fill(*x);
            }
        }
        back
    }

    /// Some rows of one signal, from the row `first_row` on. Each piece of a row goes to its place while the next one is
    /// computed.
    fn some_rows(
        &self,
        first_row: usize,
        rows: &[Row<T>],
        prepared: &SignalScratch<T>,
        back: T,
        room: &mut RowScratch<T>,
        Target { table, output, streamed }: Target<'_, T>,
    ) {
        let RowScratch { band, fourier, product, work, lines: [line, other] } = room;
        let (mut line, mut drain) = (&mut line[..], Drain::idle(&mut other[..]));
        let numbers = output.numbers();
        for ((row, edges), place) in
            rows.iter().zip(&self.edges[first_row..]).zip(table.chunks_mut(numbers * self.length))
        {
            let add_edges = |line: &mut [T], offset: usize, sample: usize, count: usize| {
                if let Some(edges) = edges {
                    let place = self.parts() * offset..self.parts() * (offset + count);
                    edges.add(prepared.ends, sample, &mut line[place]);
                }
            };
            match row {
                Row::Convolution { convolution, .. } => {
                    let reach = self.reach.expect("there is a convolution");
                    let samples = &prepared.extended[self.parts() * (reach - convolution.reach)..];
                    convolution.apply(self.arch, samples, &mut line[..self.parts() * self.summed_length()]);
                    restore(line, back);
                    add_edges(line, 0, 0, self.length);
                    self.arrange(line, 0, place.len() / numbers, output);
                    let spare = drain.finish(self.arch);
                    drain = Drain::new(std::mem::replace(&mut line, spare), 0, place, streamed);
                }
                Row::Phases { group, bank, .. } => {
                    let Layout { offset, step, .. } = self.groups[*group].layout;
                    for (block, place) in place.chunks_mut(numbers * step).enumerate() {
                        let spectrum = self.spectrum(&prepared.spectra, *group, block);
                        bank.inverse(self.arch, spectrum, Room { product, work }, line, &mut drain);
                        restore(line, back);
                        add_edges(line, offset, block * step, place.len() / numbers);
                        let offset = self.arrange(line, offset, place.len() / numbers, output);
                        let spare = drain.finish(self.arch);
                        drain = Drain::new(std::mem::replace(&mut line, spare), offset, place, streamed);
                    }
                }
                Row::Fourier { group, first, gains, inverse, .. } => {
                    let Layout { transform, offset, step, .. } = self.groups[*group].layout;
                    for (block, place) in place.chunks_mut(numbers * step).enumerate() {
                        let spectrum = self.spectrum(&prepared.spectra, *group, block);
                        let band = &mut band[..transform];
                        band.fill(Complex::default());
                        for (k, gain) in (*first..).zip(gains) {
                            band[k.rem_euclid(transform as i64) as usize] = spectrum.bin(k) * *gain;
                        }
                        match inverse {
                            Inverse::Real(inverse) => {
                                let (band, line) = (&mut band[..transform / 2 + 1], &mut line[..transform]);
                                let done =
                                    inverse.process_with_scratch(band, line, &mut fourier[..inverse.get_scratch_len()]);
                                done.expect("the gains of the first and middle bin are real");
                            }
                            Inverse::Complex(inverse) => {
                                inverse.process_with_scratch(band, &mut fourier[..inverse.get_inplace_scratch_len()]);
                                let pairs = line.chunks_exact_mut(2).zip(&*band);
                                pairs.for_each(|(pair, z)| pair.copy_from_slice(&[z.re, z.im]));
                            }
                        }
                        restore(line, back);
                        add_edges(line, offset, block * step, place.len() / numbers);
                        let offset = self.arrange(line, offset, place.len() / numbers, output);
                        let spare = drain.finish(self.arch);
                        drain = Drain::new(std::mem::replace(&mut line, spare), offset, place, streamed);
                    }
                }
            }
        }
        drain.finish(self.arch);
        if streamed {
            stream::fence();
        }
    }

    /// Makes of `count` results from `offset` on what is asked for, and returns at which number it begins.
    fn arrange(&self, line: &mut [T], offset: usize, count: usize, output: Output) -> usize {
        let first = self.parts() * offset;
        let numbers = &mut line[first..];
        match (output, self.real) {
            (Output::Complex, false) | (Output::Real, _) => first,
            (Output::Complex, true) => {
                // From the last one on, so that none is overwritten before it is read.
                let values = &mut line[..];
                values.copy_within(first..first + count, 0);
                for at in (0..count).rev() {
                    (values[2 * at], values[2 * at + 1]) = (values[at], T::zero());
                }
                0
            }
            (Output::Power, true) => {
                self.arch.dispatch(|| numbers[..count].iter_mut().for_each(|x| *x = *x * *x));
                first
            }
            (Output::Power, false) => {
                self.arch.dispatch(|| {
                    for at in 0..count {
                        let (re, im) = (numbers[2 * at], numbers[2 * at + 1]);
                        numbers[at] = re * re + im * im;
                    }
                });
                first
            }
        }
    }

    /// The half spectrum of one block.
    fn spectrum<'a>(&self, spectra: &'a [T], group: usize, block: usize) -> HalfSpectrum<'a, T> {
        let bins = self.groups[group].layout.bins();
        let before: usize = self.groups[..group].iter().map(|group| group.layout.blocks * group.layout.bins()).sum();
        let (re, im) = spectra[2 * (before + block * bins)..][..2 * bins].split_at(bins);
        HalfSpectrum { re, im }
    }
}

/// Undoes the division of a signal that was too large or too small.
fn restore<T: Sample>(line: &mut [T], back: T) {
    if back != T::one() {
        line.iter_mut().for_each(|x| *x *= back);
    }
}

/// Rows that one thread takes at a time.
const ROWS: usize = 4;

/// What is asked for of a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Complex,
    Real,
    Power,
}

impl Output {
    /// Numbers of each.
    fn numbers(self) -> usize {
        if self == Self::Complex { 2 } else { 1 }
    }
}

/// Where some rows go.
struct Target<'a, T> {
    table: &'a mut [T],
    output: Output,
    streamed: bool,
}

impl<T: Sample> fmt::Debug for Cwt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cwt")
            .field("wavelet", &self.wavelet)
            .field("length", &self.length)
            .field("boundary", &self.boundary)
            .field("rows", &self.plans)
            .finish_non_exhaustive()
    }
}
