use std::fmt;

use num_complex::Complex64;
use rayon::prelude::*;

use super::edge::half_sums;
use super::fft::FourierPlanner;
use super::filter::{Daughter, Filter};
use super::{Boundary, Norm, SignalError, fft, scale};
use crate::numeric::{Bound, Real, gamma};
use crate::wavelet::MotherWavelet;

/// The filters of a transform on one circle, for kernels that have one length of Fourier transform: a power of two.
///
/// The signal lies on a circle of `P` samples, from place [`offset`](Self::offset) on and continued on either side as
/// its [`Boundary`] says. With `X` the Fourier transform of the circle and `G` the gains of a scale,
///
/// ```text
/// W(a, b) = Σ_k G_a(k) X(k) e^{2πik (b + offset)/P},   X(k) = Σ_t x(t) e^{-2πikt/P}
/// ```
///
/// If a power of two is a multiple of the signal's period, the circle is that, and nothing is extended. Otherwise it has
/// room for the signal and for what the daughters reach on either side. A daughter that reaches around a whole period is
/// first summed over all periods, and then has one of them. Where the signal is constant beyond its ends, there are zeros on
/// the circle, and [`edges`](Self::edges) says what is to be added.
///
/// [`super::Cwt`] serves the same definition with a layout and a path of its own for each scale.
pub struct FilterBank {
    length: usize,
    scales: Vec<f64>,
    boundary: Boundary,
    real: bool,
    circle: usize,
    offset: usize,
    /// How many coefficients of each row there are, from the offset on.
    row_length: usize,
    bands: Vec<Band>,
    edges: Vec<EdgeSums>,
}

/// What constants beyond the ends of a signal add to the coefficients of one scale: `x(0) L(b) + x(n-1) R(b)`.
#[derive(Debug, Clone)]
pub struct EdgeSums {
    /// `L(b)`, from the first sample on, as far as the end reaches.
    pub left: Vec<Complex64>,
    /// `R(b)`, from the last sample backwards.
    pub right: Vec<Complex64>,
    /// What they lack, times the largest modulus of a sample.
    pub cut: f64,
}

impl EdgeSums {
    /// The largest modulus on either side, added.
    fn size(&self) -> f64 {
        [&self.left, &self.right].map(|sums| sums.iter().map(|z| z.norm()).fold(0.0, f64::max)).iter().sum()
    }
}

/// The bins of one scale that are not dropped.
#[derive(Debug, Clone)]
pub struct Band {
    /// The first bin; negative ones stand for those below the middle of the circle.
    pub first: i64,
    /// The gains of the bins from there on. An inverse transform that uses them does not divide by the length.
    pub gains: Vec<Complex64>,
    /// How far coefficients are from the definition because of the gains alone, times the 2-norm of the circle's samples.
    pub error: Bound,
    /// The samples of the daughter that were left out, summed: times the largest modulus of a sample.
    pub cut: f64,
    /// The largest gain times the length of the circle.
    pub peak: f64,
}

impl FilterBank {
    /// Plans the filters for signals of `length` samples, on a circle of at least `least`, so that what is dropped is of the
    /// size of `unit_roundoff`.
    ///
    /// # Errors
    /// [`SignalError::Empty`], [`SignalError::NoScales`], [`SignalError::Scale`], [`SignalError::TooManyTerms`],
    /// [`SignalError::TailSum`] as [`super::Cwt::new`].
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        boundary: Boundary,
        unit_roundoff: f64,
        least: usize,
    ) -> Result<Self, SignalError> {
        Self::planned(wavelet, length, scales, norm, boundary, unit_roundoff, least, false)
    }

    /// The same for energies: rows of one whole period of coefficients, or, for [`Boundary::Zero`], of all that are not
    /// zero, beyond the ends of the signal too.
    ///
    /// # Errors
    /// [`SignalError::Endless`], too, as [`super::ScaleEnergy::new`].
    pub fn for_energy(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        boundary: Boundary,
        unit_roundoff: f64,
        least: usize,
    ) -> Result<Self, SignalError> {
        Self::planned(wavelet, length, scales, norm, boundary, unit_roundoff, least, true)
    }

    #[expect(clippy::too_many_arguments, reason = "the arguments of both constructors")]
    fn planned(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        boundary: Boundary,
        unit_roundoff: f64,
        least: usize,
        energy: bool,
    ) -> Result<Self, SignalError> {
        scale::validate(scales)?;
        if length == 0 {
            return Err(SignalError::Empty);
        }
        let period = boundary.repeats_after(length);
        let edges = match boundary {
            Boundary::Constant if energy => return Err(SignalError::Endless { wavelet: wavelet.name() }),
            Boundary::Constant => scales
                .par_iter()
                .map(|&scale| edge(wavelet, length, scale, norm, unit_roundoff))
                .collect::<Result<_, _>>()?,
            Boundary::Zero | Boundary::Periodic | Boundary::Reflect => Vec::new(),
        };
        let daughters: Vec<Daughter> = scales
            .iter()
            .map(|&scale| match period {
                None if energy => Daughter::whole(wavelet, scale, norm, unit_roundoff),
                _ => Daughter::new(wavelet, length, scale, norm, boundary, unit_roundoff),
            })
            .collect::<Result<_, _>>()?;
        let reaches = daughters.iter().map(|daughter| daughter.reach().unwrap_or(usize::MAX));
        let row_length = period.filter(|_| energy).unwrap_or(length);
        let (circle, offset) = match period {
            // What a daughter reaches on one side is as many zeros as on the other.
            None => (length + reaches.max().unwrap_or(0) * if energy { 2 } else { 1 }, 0),
            Some(period) if period.is_power_of_two() => (period, 0),
            Some(period) => {
                let offset = reaches.map(|reach| reach.min(period / 2)).max().unwrap_or(0);
                (row_length + 2 * offset, offset)
            }
        };
        let circle = circle.max(least).next_power_of_two();
        let mut planner = FourierPlanner::new();
        let whole = planner.forward(circle);
        // Of a daughter that meets itself around the period: one period of what it is then.
        let around = period.filter(|_| offset > 0).map(|period| {
            let (forth, back) = (planner.forward(period), planner.inverse(period));
            (period, forth, back)
        });
        let bands = daughters
            .par_iter()
            .map(|daughter| match &around {
                Some((period, forth, back)) if daughter.reach().is_none_or(|reach| reach > period / 2) => {
                    let filter = daughter.filter(wavelet, forth.as_ref());
                    one_period(&filter, *period, circle, back.as_ref(), whole.as_ref(), unit_roundoff, daughter.cut())
                }
                _ => {
                    let Filter { first, gains, peak, error } = daughter.filter(wavelet, whole.as_ref());
                    Band { first, gains, error, cut: daughter.cut(), peak }
                }
            })
            .collect();
        let (scales, real) = (scales.to_vec(), wavelet.is_real());
        Ok(Self { length, scales, boundary, real, circle, offset, row_length, bands, edges })
    }

    /// Samples per signal.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The scales, in samples, in the order of the bands.
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// Whether the wavelet is real; then so are its coefficients, but for rounding.
    pub fn is_real(&self) -> bool {
        self.real
    }

    /// Samples of the circle, a power of two.
    pub fn circle(&self) -> usize {
        self.circle
    }

    /// Where on the circle the signal starts.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Coefficients of each row: from place [`offset`](Self::offset) of the circle on.
    pub fn row_length(&self) -> usize {
        self.row_length
    }

    /// After how many samples the endless signal repeats itself; none where it is zero beyond its ends.
    pub fn period(&self) -> Option<usize> {
        self.boundary.repeats_after(self.length)
    }

    /// Whether the circle is a whole number of periods, or holds every coefficient that is not zero: then the energy of a
    /// row is a sum over bins, by Parseval's formula.
    pub fn is_whole(&self) -> bool {
        self.period().is_none_or(|period| self.circle.is_multiple_of(period))
    }

    /// One band for each scale.
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// What the ends add to the rows of each scale with [`Boundary::Constant`]; with any other there are none.
    pub fn edges(&self) -> &[EdgeSums] {
        &self.edges
    }

    /// How far a coefficient of row `scale` may lie from the sum that defines it, where the transforms of the circle are made
    /// of `circle/points` transforms of `points`, in arithmetic of this unit roundoff.
    ///
    /// Both transforms err by `ε(points)` relative to `max|gain| ‖x‖₂`, as [`super::Cwt::error_bound`] has it; the product,
    /// the rounding of the gains and the turns of the phases add 12 roundoffs. With `D = circle/points` phases, a bin is a
    /// sum of `D` terms that are turned by rounded roots, and a point of an inverse transform one of at most `D` bins: an error of
    /// `δ` in each term is one of at most `√D δ` in the 2-norm. What the ends add is rounded, multiplied, and added twice: 4
    /// roundoffs.
    ///
    /// # Panics
    /// When `scale` is not the number of a row, or `signal` has not the planned length.
    pub fn error_bound(&self, scale: usize, signal: &[f64], points: usize, unit_roundoff: f64) -> Bound {
        assert_eq!(signal.len(), self.length, "the bound is that of one signal");
        let band = &self.bands[scale];
        let (two_norm, peak) = self.norms(signal);
        let phases = self.circle / points;
        let summed = if phases > 1 { gamma(phases + 12, unit_roundoff) * (phases as f64).sqrt() } else { 0.0 };
        let transforms = 2.0 * fft::relative_error(points, unit_roundoff) + summed + 12.0 * unit_roundoff;
        let edges = self.edges.get(scale);
        let added = edges.map_or(0.0, |edges| 4.0 * unit_roundoff * edges.size());
        Bound {
            rounding: (band.peak * transforms * (1.0 + transforms) + band.error.rounding) * two_norm + added * peak,
            truncation: band.error.truncation * two_norm + (band.cut + edges.map_or(0.0, |edges| edges.cut)) * peak,
        }
    }

    /// The 2-norm of what lies on the circle, and the largest modulus of a sample.
    fn norms(&self, signal: &[f64]) -> (f64, f64) {
        let mut circle = vec![0.0; self.circle];
        self.boundary.extend(signal, 1.0, -(self.offset as i64), &mut circle);
        let peak = signal.iter().map(|x| x.abs()).fold(0.0, f64::max);
        // Relative to the peak, so that no square overflows.
        let squares: f64 = circle.iter().map(|x| (x / peak.max(f64::MIN_POSITIVE)).powi(2)).sum();
        (peak * squares.sqrt(), peak)
    }
}

/// What the ends add at one scale.
fn edge(
    wavelet: &dyn MotherWavelet,
    length: usize,
    scale: f64,
    norm: Norm,
    unit_roundoff: f64,
) -> Result<EdgeSums, SignalError> {
    let factor = norm.factor(scale);
    let (left, right, cut) = half_sums(wavelet, length, scale, unit_roundoff)?;
    let [left, right] = [left, right].map(|sums| sums.iter().map(|sum| factor * sum.conj()).collect());
    Ok(EdgeSums { left, right, cut: factor * cut })
}

/// The band of a filter that was made for a period, as an impulse response of that length on a larger circle.
fn one_period(
    filter: &Filter,
    period: usize,
    circle: usize,
    back: &dyn rustfft::Fft<f64>,
    whole: &dyn rustfft::Fft<f64>,
    unit_roundoff: f64,
    cut: f64,
) -> Band {
    let mut response = vec![Complex64::ZERO; period];
    for (bin, gain) in (filter.first..).zip(&filter.gains) {
        response[bin.rem_euclid(period as i64) as usize] += gain;
    }
    back.process(&mut response);
    let size = (circle as f64 * response.iter().map(|z| z.norm_sqr()).sum::<f64>()).sqrt();
    let mut gains = vec![Complex64::ZERO; circle];
    for (lag, sample) in response.into_iter().enumerate() {
        // Lags from -period/2 on, so that as much of the signal is met on either side.
        let place = if lag < period.div_ceil(2) { lag } else { circle - (period - lag) };
        gains[place] = sample;
    }
    whole.process(&mut gains);
    let peak = gains.iter().map(|z| z.norm()).fold(0.0, f64::max);
    let threshold = 0.25 * unit_roundoff * peak;
    let (lowest, highest) = (-(circle as i64 - 1) / 2, circle as i64 / 2);
    let at = |bin: i64| gains[bin.rem_euclid(circle as i64) as usize];
    let kept = |bin: &i64| at(*bin).norm() > threshold;
    let first = (lowest..=highest).find(kept).unwrap_or(0);
    let last = (lowest..=highest).rev().find(kept).unwrap_or(0);
    // The response is off by what the filter is off, and by one transform of each length.
    let transforms = fft::relative_error(period, f64::UNIT_ROUNDOFF) + fft::relative_error(circle, f64::UNIT_ROUNDOFF);
    let error = filter.error + Bound { rounding: transforms * size, truncation: threshold };
    Band { first, gains: (first..=last).map(|bin| at(bin) / circle as f64).collect(), error, cut, peak }
}

impl fmt::Debug for FilterBank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterBank")
            .field("length", &self.length)
            .field("scales", &self.scales)
            .field("boundary", &self.boundary)
            .field("circle", &self.circle)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{ScaleEnergy, direct};
    use crate::wavelet::{Haar, Morlet, Morse, Ricker};

    /// The formula of [`FilterBank`], term by term.
    fn coefficients(bank: &FilterBank, scale: usize, signal: &[f64]) -> Vec<Complex64> {
        let mut circle = vec![0.0; bank.circle()];
        bank.boundary.extend(signal, 1.0, -(bank.offset() as i64), &mut circle);
        let mut spectrum: Vec<Complex64> = circle.iter().map(|&x| x.into()).collect();
        let mut planner = FourierPlanner::new();
        planner.forward(bank.circle()).process(&mut spectrum);
        let mut row = vec![Complex64::ZERO; bank.circle()];
        let band = &bank.bands()[scale];
        for (bin, gain) in (band.first..).zip(&band.gains) {
            let place = bin.rem_euclid(bank.circle() as i64) as usize;
            row[place] = spectrum[place] * gain;
        }
        planner.inverse(bank.circle()).process(&mut row);
        let mut row = row[bank.offset()..][..bank.row_length()].to_vec();
        if let Some(edges) = bank.edges().get(scale) {
            row.iter_mut().zip(&edges.left).for_each(|(w, edge)| *w += signal[0] * edge);
            row.iter_mut().rev().zip(&edges.right).for_each(|(w, edge)| *w += signal[signal.len() - 1] * edge);
        }
        row
    }

    fn noise(length: usize) -> Vec<f64> {
        (0..length).map(|at| (3.0 + at as f64 * 12.9898).sin() + (0.7 * at as f64).cos()).collect()
    }

    /// The worst share of the bound, in all cases, with every coefficient moved by `moved` of its peak.
    fn worst(moved: f64) -> f64 {
        let (morlet, morse) = (Morlet::corrected(6.0).unwrap(), Morse::new(3.0, 20.0).unwrap());
        let wavelets: [&dyn MotherWavelet; 4] = [&morlet, &Ricker, &morse, &Haar];
        let mut worst = 0.0_f64;
        for wavelet in wavelets {
            for boundary in [Boundary::Zero, Boundary::Periodic, Boundary::Reflect, Boundary::Constant] {
                // The tails of Morse wavelets are not summed.
                if boundary == Boundary::Constant && wavelet.name() == morse.name() {
                    continue;
                }
                for length in [1, 2, 7, 64, 101] {
                    let (signal, scales) = (noise(length), [0.7, 3.0, 11.0, 90.0]);
                    let unit = f64::UNIT_ROUNDOFF;
                    let bank = FilterBank::new(wavelet, length, &scales, Norm::L2, boundary, unit, 16).unwrap();
                    let exact = direct::cwt(wavelet, &signal, &scales, Norm::L2, boundary).unwrap();
                    let peak = bank.norms(&signal).1;
                    for (scale, exact) in exact.chunks_exact(length).enumerate() {
                        let band = &bank.bands()[scale];
                        let bound = bank.error_bound(scale, &signal, bank.circle(), unit).total();
                        // The sum itself rounds, relative to the sum of the sizes of its terms.
                        let bound = bound + 1e-13 * band.peak * peak;
                        for (found, exact) in coefficients(&bank, scale, &signal).iter().zip(exact) {
                            worst = worst.max(((found + moved * band.peak * peak) - exact).norm() / bound);
                        }
                    }
                }
            }
        }
        worst
    }

    #[test]
    fn every_boundary_and_length_lies_on_its_circle_as_defined() {
        let worst = worst(0.0);
        assert!(worst <= 1.0, "{worst} of the bound");
    }

    #[test]
    fn a_moved_coefficient_is_seen() {
        assert!(worst(1e-9) > 1.0);
    }

    #[test]
    fn energies_are_those_of_one_period_or_of_all_that_is_not_zero() {
        for boundary in [Boundary::Zero, Boundary::Periodic, Boundary::Reflect] {
            for length in [5, 64, 101] {
                let (signal, scales) = (noise(length), [1.5, 12.0]);
                let bank = FilterBank::for_energy(&Ricker, length, &scales, Norm::L2, boundary, f64::UNIT_ROUNDOFF, 16)
                    .unwrap();
                let expected = ScaleEnergy::<f64>::new(&Ricker, length, &scales, Norm::L2, boundary).unwrap();
                for (scale, expected) in expected.of(&signal).unwrap().into_iter().enumerate() {
                    let row = coefficients(&bank, scale, &signal);
                    let found = if bank.is_whole() && boundary == Boundary::Zero {
                        // All of the circle: the row has the places of the signal alone.
                        whole_circle(&bank, scale, &signal)
                    } else {
                        row.iter().map(|z| z.norm_sqr()).sum()
                    };
                    let size = bank.bands()[scale].peak.powi(2) * bank.norms(&signal).0.powi(2);
                    assert!((found - expected).abs() <= 1e-12 * size, "{boundary:?}, {length}: {found}, {expected}");
                }
            }
        }
    }

    fn whole_circle(bank: &FilterBank, scale: usize, signal: &[f64]) -> f64 {
        let mut circle: Vec<Complex64> = vec![Complex64::ZERO; bank.circle()];
        circle.iter_mut().zip(signal).for_each(|(z, &x)| *z = x.into());
        FourierPlanner::new().forward(bank.circle()).process(&mut circle);
        let band = &bank.bands()[scale];
        let squares = (band.first..)
            .zip(&band.gains)
            .map(|(bin, gain)| gain.norm_sqr() * circle[bin.rem_euclid(bank.circle() as i64) as usize].norm_sqr());
        bank.circle() as f64 * squares.sum::<f64>()
    }
}
