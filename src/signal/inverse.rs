use std::fmt;
use std::sync::Arc;

use num_complex::{Complex, Complex64};
use rayon::prelude::*;
use rustfft::Fft;
use serde::Serialize;

use super::edge;
use super::fft::FourierPlanner;
use super::filter::Daughter;
use super::reconstruction::{cell_widths, single_factor};
use super::{Boundary, Cwt, Norm, Sample, SignalError, fft, scale};
use crate::numeric::{Bound, Real, gamma};
use crate::wavelet::MotherWavelet;

/// Which integral over the coefficients gives the signal back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inversion {
    /// `x(b) = Re(u ∫ W(a, b) da / (c(a) a²))`, with `u = 2/∫ conj psihat(w) dw/w` for an analytic wavelet: only
    /// coefficients of the same sample, so that it serves every boundary, up to the ends \[torrence1998,
    /// equation 11\].
    #[default]
    Single,
    /// `x(t) = (2/C_psi) ∫∫ W(a, b) psi((t - b)/a) db da / (c(a) a³)`, with the two-sided `C_psi` \[mallat2009,
    /// Theorem 4.4\].
    Double,
}

/// Gives real signals back from their coefficients, planned for one wavelet, length and list of scales.
///
/// Both integrals become sums over the scales, each with the width of its cell in `ln a`. What a sum over
/// some scales does to a signal is known exactly: it multiplies each frequency by
///
/// ```text
/// R(ω) = (u/2) Σ_j v_j G_j(ω) + (its mirror image),    v_j = Δln a_j / (c(a_j) a_j)         single
/// R(ω) = (1/C_psi) Σ_j v_j² (|G_j(ω)|² + |G_j(-ω)|²),  v_j² = Δln a_j / (c(a_j) a_j)²       double
/// ```
///
/// where `G_j` is the spectrum of the conjugate daughter as it was sampled, aliases included. So the error is `R - 1`
/// at each frequency, no more and no less ([`InverseCwt::gains`], [`InverseCwt::band`],
/// [`InverseCwt::error_bound`]); and a division by `R` undoes it wherever `R` is not small
/// ([`InverseCwt::invert_exactly`]).
///
/// Scales so small that the sampled wavelet has aliases (below twice the centre frequency) bring them into `R` too: the sum
/// gets worse with them, the division does not.
///
/// **The mean is lost**: `psihat(0) = 0`, so that no coefficient knows it, nor anything below the band of the
/// largest scale. What comes back has the mean 0, unless it is added.
///
/// # Rounding
/// Computed in `f64`, whatever `T`; [`InverseCwt::error_bound`] has it apart, with what the coefficients were off.
///
/// ```
/// use ropelet::signal::{Boundary, Cwt, Inversion, InverseCwt, Norm, octaves};
/// use ropelet::wavelet::Ricker;
///
/// let (n, scales) = (512, octaves(0..=8, 8.try_into()?));
/// let signal: Vec<f64> = (0..n).map(|t| (0.06 * t as f64).sin() * (-(t as f64 - 256.0).powi(2) / 8e3).exp()).collect();
/// let w = Cwt::new(&Ricker, n, &scales, Norm::L2, Boundary::Zero)?.transform(&signal)?;
/// let inverse = InverseCwt::new(&Ricker, n, &scales, Norm::L2, Boundary::Zero, Inversion::Single)?;
/// let back: Vec<f64> = inverse.invert(&w)?;
/// // Scales below 1 would add ω²/2 = 0.0018 of a slow wave.
/// assert!(signal.iter().zip(&back).all(|(x, y)| (x - y).abs() < 3e-3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct InverseCwt<T: Sample> {
    wavelet: &'static str,
    length: usize,
    boundary: Boundary,
    inversion: Inversion,
    rows: Vec<Row>,
    /// `R` for the bins `0..=P/2` of a circle of `P` samples.
    gains: Vec<Complex64>,
    circle: usize,
    /// `W(2n - 1 - b)` is this times the conjugate of `W(b)`, for the boundary that mirrors.
    mirror: Option<f64>,
    /// With [`Boundary::Constant`], what end values add to the sum.
    ends: Option<Ends>,
    forward: Arc<dyn Fft<f64>>,
    backward: Arc<dyn Fft<f64>>,
    precision: std::marker::PhantomData<T>,
}

struct Row {
    /// What the coefficients of this scale are multiplied by.
    factor: Complex64,
    /// The first bin, and the gains from there on, times `P`.
    first: i64,
    gains: Vec<Complex64>,
    peak: f64,
    /// How far the gains are from the defining ones.
    error: Bound,
}

/// What the single integral makes of signals that are 1 before the first sample alone, and after the last alone: nothing, if
/// it were exact.
struct Ends {
    /// At most, over all samples.
    before: f64,
    after: f64,
    /// How far these may be from the sums that they are of.
    error: Bound,
}

impl<T: Sample> InverseCwt<T> {
    /// Plans the inverse of the transform with the same arguments.
    ///
    /// # Errors
    /// Those of [`Cwt::new`]; [`SignalError::OneScale`]; [`SignalError::NotAdmissible`];
    /// [`SignalError::NoSingleIntegral`]; and [`SignalError::EndsUnknown`] for the double integral where coefficients
    /// beyond the ends are not known: with [`Boundary::Zero`], and with [`Boundary::Reflect`] for a wavelet
    /// that is not its own mirror image.
    pub fn new(
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        boundary: Boundary,
        inversion: Inversion,
    ) -> Result<Self, SignalError> {
        scale::validate(scales)?;
        if length == 0 {
            return Err(SignalError::Empty);
        }
        let c_psi = wavelet.admissibility().c_psi();
        let c_psi = c_psi.ok_or(SignalError::NotAdmissible { wavelet: wavelet.name() })?;
        let factor = match inversion {
            Inversion::Single => single_factor(wavelet)?,
            Inversion::Double => (2.0 / c_psi).into(),
        };
        let widths = cell_widths(scales)?;
        let daughters: Vec<Daughter> = scales
            .iter()
            .map(|&scale| Daughter::new(wavelet, length, scale, norm, boundary, f64::UNIT_ROUNDOFF))
            .collect::<Result<_, _>>()?;
        let circle = boundary.repeats_after(length).unwrap_or_else(|| fft::padded_length(2 * length));
        let mut planner = FourierPlanner::new();
        let (forward, backward) = (planner.forward(circle), planner.inverse(circle));
        let row = |((daughter, &scale), &width): ((&Daughter, &f64), &f64)| {
            let filter = daughter.filter(wavelet, forward.as_ref());
            let height = norm.factor(scale) * scale;
            let factor = match inversion {
                Inversion::Single => factor * width / height,
                Inversion::Double => factor * width / (height * height),
            };
            let gains = filter.gains.iter().map(|gain| gain * circle as f64).collect();
            let error = filter.error + Bound::truncation(daughter.cut());
            Row { factor, first: filter.first, gains, peak: filter.peak, error }
        };
        let rows: Vec<Row> = daughters.par_iter().zip(scales).zip(&widths).map(row).collect();
        let mut plan = Self {
            wavelet: wavelet.name(),
            length,
            boundary,
            inversion,
            rows,
            gains: Vec::new(),
            circle,
            mirror: mirror(wavelet),
            ends: None,
            forward,
            backward,
            precision: std::marker::PhantomData,
        };
        if inversion == Inversion::Double {
            plan.knows_the_ends("the double integral")?;
        }
        if boundary == Boundary::Constant {
            plan.ends = Some(plan.summed_ends(wavelet, scales, norm)?);
        }
        plan.gains = plan.summed_gains();
        Ok(plan)
    }

    /// The single integral of the coefficients of both continuations.
    fn summed_ends(&self, wavelet: &dyn MotherWavelet, scales: &[f64], norm: Norm) -> Result<Ends, SignalError> {
        let sides = |&scale: &f64| edge::half_sums(wavelet, self.length, scale, f64::UNIT_ROUNDOFF);
        let sides: Vec<_> = scales.par_iter().map(sides).collect::<Result<_, _>>()?;
        let (mut before, mut after) = (vec![0.0; self.length], vec![0.0; self.length]);
        let (mut size, mut cut) = (0.0, 0.0);
        for (((left, right, lacking), row), &scale) in sides.iter().zip(&self.rows).zip(scales) {
            let factor = row.factor * norm.factor(scale);
            // The sums on the right are counted from the last sample on.
            for (total, sums) in [(&mut before, left), (&mut after, right)] {
                total.iter_mut().zip(sums).for_each(|(total, sum)| *total += (factor * sum.conj()).re);
                size += factor.norm() * sums.iter().map(|sum| sum.norm()).fold(0.0, f64::max);
            }
            cut += factor.norm() * lacking;
        }
        let largest = |sums: &[f64]| sums.iter().map(|sum| sum.abs()).fold(0.0, f64::max);
        // Each sum is off by two roundoffs.
        let rounding = gamma(self.rows.len() + 4, f64::UNIT_ROUNDOFF) * size;
        let error = Bound { rounding, truncation: cut };
        Ok(Ends { before: largest(&before), after: largest(&after), error })
    }

    /// `R` on the bins of the circle, made that of real signals.
    fn summed_gains(&self) -> Vec<Complex64> {
        let n = self.circle;
        let mut sums = vec![Complex64::ZERO; n];
        for row in &self.rows {
            for (bin, gain) in (row.first..).zip(&row.gains) {
                sums[bin.rem_euclid(n as i64) as usize] += match self.inversion {
                    Inversion::Single => row.factor * gain,
                    Inversion::Double => row.factor * gain.norm_sqr(),
                };
            }
        }
        (0..=n / 2).map(|k| (sums[k] + sums[(n - k) % n].conj()) / 2.0).collect()
    }

    /// `R` at evenly spaced frequencies from 0 to 1/2 cycles per sample, those of the circle on which the plan
    /// works: 1 where the sum over scales gives the signal back.
    pub fn gains(&self) -> &[Complex64] {
        &self.gains
    }

    /// The widest range of frequencies, in cycles per sample, over which `|R - 1|` is at most `tolerance`.
    pub fn band(&self, tolerance: f64) -> Option<(f64, f64)> {
        let good = |gain: &Complex64| (gain - 1.0).norm() <= tolerance;
        let (mut best, mut start): (Option<(usize, usize)>, Option<usize>) = (None, None);
        for (bin, gain) in self.gains.iter().enumerate() {
            start = if good(gain) { start.or(Some(bin)) } else { None };
            if let Some(first) = start
                && best.is_none_or(|(low, high)| bin - first > high - low)
            {
                best = Some((first, bin));
            }
        }
        let frequency = |bin: usize| bin as f64 / self.circle as f64;
        best.map(|(low, high)| (frequency(low), frequency(high)))
    }

    /// The real signals of `[..., scales, samples]` coefficients: `[..., samples]`.
    ///
    /// # Errors
    /// [`SignalError::Length`] unless there is a whole number of tables (at least one);
    /// [`SignalError::NotFinite`].
    pub fn invert(&self, coefficients: &[Complex<T>]) -> Result<Vec<T>, SignalError> {
        let signals = self.tables(coefficients)?.map(|table| self.sum(table).into_iter().map(T::of));
        Ok(signals.flatten().collect())
    }

    /// The same, divided by `R` at every frequency at which `|R|` is at least `floor` (and at most 1e12 floors); the
    /// others, the mean among them, are left out.
    ///
    /// A signal without those frequencies comes back up to rounding, whatever the scales: its error is that of the
    /// coefficients over the floor.
    ///
    /// # Errors
    /// Also [`SignalError::Option`] unless `0 < floor < 1`, and [`SignalError::EndsUnknown`] as [`InverseCwt::new`]
    /// has it for the double integral.
    pub fn invert_exactly(&self, coefficients: &[Complex<T>], floor: f64) -> Result<Vec<T>, SignalError> {
        if !(floor > 0.0 && floor < 1.0) {
            return Err(SignalError::Option { name: "floor", value: floor, expected: "a number between 0 and 1" });
        }
        self.knows_the_ends("the exact inverse")?;
        let divided = |table: &[Complex<T>]| {
            let signal = self.sum_on_circle(table);
            let mut spectrum: Vec<Complex64> = signal.iter().map(|&x| x.into()).collect();
            self.forward.process(&mut spectrum);
            let n = self.circle;
            for (k, bin) in spectrum.iter_mut().enumerate() {
                let gain = if k <= n / 2 { self.gains[k] } else { self.gains[n - k].conj() };
                *bin = if gain.norm() >= floor { *bin / gain / n as f64 } else { Complex64::ZERO };
            }
            self.backward.process(&mut spectrum);
            spectrum[..self.length].iter().map(|z| T::of(z.re)).collect::<Vec<T>>()
        };
        Ok(self.tables(coefficients)?.flat_map(divided).collect())
    }

    fn tables<'c>(
        &self,
        coefficients: &'c [Complex<T>],
    ) -> Result<impl Iterator<Item = &'c [Complex<T>]> + use<'c, T>, SignalError> {
        let table = self.length * self.rows.len();
        if coefficients.is_empty() || !coefficients.len().is_multiple_of(table) {
            return Err(SignalError::Length { length: table, found: coefficients.len() });
        }
        match coefficients.iter().enumerate().find(|(_, w)| !(w.re.is_finite() && w.im.is_finite())) {
            Some((index, w)) => {
                let value = if w.re.is_finite() { w.im } else { w.re };
                Err(SignalError::NotFinite { index, value: value.wide() })
            }
            None => Ok(coefficients.chunks(table)),
        }
    }

    /// Whether one period of coefficients follows from those of the samples.
    fn knows_the_ends(&self, wanted: &'static str) -> Result<(), SignalError> {
        let refused = |boundary| Err(SignalError::EndsUnknown { wanted, boundary, wavelet: self.wavelet });
        match self.boundary {
            Boundary::Periodic => Ok(()),
            Boundary::Reflect if self.mirror.is_some() => Ok(()),
            Boundary::Reflect => refused("reflect"),
            Boundary::Constant => refused("constant"),
            Boundary::Zero => refused("zero"),
        }
    }

    /// The integral, on the samples.
    fn sum(&self, table: &[Complex<T>]) -> Vec<f64> {
        match self.inversion {
            Inversion::Double => self.sum_on_circle(table)[..self.length].to_vec(),
            Inversion::Single => {
                let mut signal = vec![0.0; self.length];
                for (row, line) in self.rows.iter().zip(table.chunks(self.length)) {
                    for (x, w) in signal.iter_mut().zip(line) {
                        *x += row.factor.re * w.re.wide() - row.factor.im * w.im.wide();
                    }
                }
                signal
            }
        }
    }

    /// The integral over one period.
    fn sum_on_circle(&self, table: &[Complex<T>]) -> Vec<f64> {
        let n = self.circle;
        let period = |line: &[Complex<T>]| {
            let forth = line.iter().map(|w| Complex64::new(w.re.wide(), w.im.wide()));
            let back = forth.clone().rev().map(|w| self.mirror.unwrap_or_default() * w.conj());
            forth.chain(back).take(n).collect::<Vec<_>>()
        };
        let rows = self.rows.iter().zip(table.chunks(self.length));
        match self.inversion {
            Inversion::Single => {
                let mut signal = vec![0.0; n];
                for (row, line) in rows {
                    for (x, w) in signal.iter_mut().zip(period(line)) {
                        *x += (row.factor * w).re;
                    }
                }
                signal
            }
            Inversion::Double => {
                let mut spectrum = vec![Complex64::ZERO; n];
                for (row, line) in rows {
                    let mut w = period(line);
                    self.forward.process(&mut w);
                    for (bin, gain) in (row.first..).zip(&row.gains) {
                        let bin = bin.rem_euclid(n as i64) as usize;
                        spectrum[bin] += row.factor / n as f64 * gain.conj() * w[bin];
                    }
                }
                self.backward.process(&mut spectrum);
                spectrum.iter().map(|z| z.re).collect()
            }
        }
    }

    /// How far [`InverseCwt::invert`] may be from this signal, anywhere, given the coefficients that `cwt` has of it.
    ///
    /// Truncation: the largest value of a signal is at most the sum of its spectrum, here `P^{-1} Σ |R - 1| |X|`; and
    /// what the gains lack. With [`Boundary::Constant`] that is of the signal between zeros, and what the sum makes of its end
    /// values beyond the ends comes on top. Rounding: what [`Cwt::error_bound`] allows each coefficient, times what it is multiplied
    /// by (for the double integral times `√P` peaks, by Cauchy and Schwarz), and the sums.
    ///
    /// # Panics
    /// When `cwt` or the signal are of another length or number of scales.
    pub fn error_bound(&self, cwt: &Cwt<T>, signal: &[T]) -> Bound {
        assert_eq!((cwt.length(), cwt.scales().len()), (self.length, self.rows.len()), "the same plan");
        let n = self.circle as f64;
        let mut spectrum: Vec<Complex64> = self
            .boundary
            .period(signal)
            .into_iter()
            .map(Complex64::from)
            .chain(std::iter::repeat(Complex64::ZERO))
            .take(self.circle)
            .collect();
        let two_norm = spectrum.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt();
        self.forward.process(&mut spectrum);
        let off = |k: usize| (self.gains[k.min(self.circle - k)] - 1.0).norm() * spectrum[k].norm();
        let mut bound = Bound::truncation((0..self.circle).map(off).sum::<f64>() / n);
        for (j, row) in self.rows.iter().enumerate() {
            let reach = match self.inversion {
                Inversion::Single => 1.0,
                Inversion::Double => row.peak * n.sqrt(),
            };
            bound = bound + cwt.error_bound(j, signal) * (row.factor.norm() * reach);
            // The gains that R is made of.
            let gain = match self.inversion {
                Inversion::Single => row.error,
                Inversion::Double => row.error * (2.0 * row.peak + row.error.total()),
            };
            bound = bound + gain * (row.factor.norm() * two_norm);
            let rounded = gamma(self.rows.len() + 8, f64::UNIT_ROUNDOFF)
                + 4.0 * fft::relative_error(self.circle, f64::UNIT_ROUNDOFF);
            bound.rounding += rounded * row.factor.norm() * row.peak * two_norm * reach.max(1.0);
        }
        let largest = signal.iter().map(|x| x.wide().abs()).fold(0.0, f64::max);
        if let Some(Ends { before, after, error }) = self.ends {
            let [first, last] = [signal[0], signal[self.length - 1]].map(|x| x.wide().abs());
            bound = bound + Bound::truncation(first * before + last * after) + error * largest;
        }
        bound.rounding += T::UNIT_ROUNDOFF * (largest + bound.total())
            + fft::relative_error(self.circle, f64::UNIT_ROUNDOFF) * two_norm;
        bound
    }
}

/// `psi(-t) = σ conj psi(t)`: then the coefficients of a mirrored signal are mirrored.
fn mirror(wavelet: &dyn MotherWavelet) -> Option<f64> {
    const PLACES: [f64; 6] = [0.17, 0.43, 0.5, 0.91, 1.31, 2.59];
    let size = wavelet.energy().sqrt();
    [1.0, -1.0]
        .into_iter()
        .find(|sign| PLACES.iter().all(|&t| (wavelet.psi(-t) - *sign * wavelet.psi(t).conj()).norm() <= 1e-12 * size))
}

impl<T: Sample> fmt::Debug for InverseCwt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InverseCwt")
            .field("wavelet", &self.wavelet)
            .field("length", &self.length)
            .field("boundary", &self.boundary)
            .field("inversion", &self.inversion)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::octaves;
    use super::*;
    use crate::wavelet::{DerivativeOfGaussian, Haar, Morlet, Morse, Paul, Ricker};

    const N: usize = 96;

    fn signal<T: Sample>() -> Vec<T> {
        (0..N).map(|t| T::of(((t * t * 7 + 3 * t) % 31) as f64 / 15.0 - 1.0)).collect()
    }

    fn wavelets() -> Vec<Box<dyn MotherWavelet>> {
        vec![
            Box::new(Morlet::corrected(6.0).unwrap()),
            Box::new(Ricker),
            Box::new(DerivativeOfGaussian::new(3).unwrap()),
            Box::new(Paul::new(4).unwrap()),
            Box::new(Morse::new(20.0, 3.0).unwrap()),
            Box::new(Haar),
        ]
    }

    /// Every wavelet, boundary and integral that has an inverse: within its stated error.
    fn comes_back<T: Sample>() {
        let signal = signal::<T>();
        let mut planned = 0;
        for (wavelet, norm) in wavelets().iter().zip([Norm::L2, Norm::L1].into_iter().cycle()) {
            for boundary in [Boundary::Zero, Boundary::Periodic, Boundary::Reflect, Boundary::Constant] {
                let scales = octaves(-1..=5, 6.try_into().unwrap());
                let Ok(cwt) = Cwt::<T>::new(wavelet.as_ref(), N, &scales, norm, boundary) else { continue };
                let w = cwt.transform(&signal).unwrap();
                for inversion in [Inversion::Single, Inversion::Double] {
                    let inverse = InverseCwt::<T>::new(wavelet.as_ref(), N, &scales, norm, boundary, inversion);
                    let Ok(inverse) = inverse else { continue };
                    planned += 1;
                    let back = inverse.invert(&w).unwrap();
                    let bound = inverse.error_bound(&cwt, &signal);
                    let worst = signal.iter().zip(&back).map(|(x, y)| (x.wide() - y.wide()).abs()).fold(0.0, f64::max);
                    let what = format!("{} {boundary:?} {inversion:?}", wavelet.name());
                    assert!(worst <= bound.total(), "{what}: {worst} > {bound:?}");
                    // The control: the error is mostly truncation, and rounding alone does not explain it.
                    assert!(worst > bound.rounding, "{what}: {worst}, {bound:?}");
                    if boundary == Boundary::Zero {
                        let refused = inverse.invert_exactly(&w, 1e-3).unwrap_err();
                        assert!(matches!(refused, SignalError::EndsUnknown { boundary: "zero", .. }), "{what}");
                    }
                }
            }
        }
        assert_eq!(planned, EXPECTED_PLANS);
    }

    /// Single: all but the odd wavelet, at four boundaries; double: all periodic, all but Haar mirrored.
    const EXPECTED_PLANS: usize = 5 * 4 + 6 + 5;

    /// Where the signal ends as a constant, the sum makes something of what lies beyond, and the bound counts it.
    #[test]
    fn end_values_that_continue_count_in_the_stated_error() {
        let (morlet, scales) = (Morlet::corrected(6.0).unwrap(), octaves(1..=5, 6.try_into().unwrap()));
        let plan = |boundary| {
            let cwt = Cwt::<f64>::new(&morlet, N, &scales, Norm::L2, boundary).unwrap();
            (cwt, InverseCwt::<f64>::new(&morlet, N, &scales, Norm::L2, boundary, Inversion::Single).unwrap())
        };
        let ((cwt, inverse), (between, of_zeros)) = (plan(Boundary::Constant), plan(Boundary::Zero));
        // Zero but at its ends, beyond which it is 1 for ever: what the bound of zeros knows nothing of.
        let mut signal = vec![0.0; N];
        (signal[0], signal[N - 1]) = (1.0, 1.0);
        let back = inverse.invert(&cwt.transform(&signal).unwrap()).unwrap();
        let worst = signal.iter().zip(&back).map(|(x, y): (&f64, &f64)| (x - y).abs()).fold(0.0, f64::max);
        let (bound, without) = (inverse.error_bound(&cwt, &signal), of_zeros.error_bound(&between, &signal));
        assert!(worst <= bound.total(), "{worst} > {bound:?}");
        assert!(bound.truncation > without.truncation + 0.1, "{bound:?} {without:?}");
    }

    #[test]
    fn the_error_is_the_one_that_is_stated_in_f64() {
        comes_back::<f64>();
    }

    #[test]
    fn the_error_is_the_one_that_is_stated_in_f32() {
        comes_back::<f32>();
    }

    #[test]
    fn a_division_by_the_gains_is_exact_but_for_the_mean() {
        // Scales half an octave apart: the sums are off by several percent.
        let scales = octaves(-1..=7, 2.try_into().unwrap());
        let signal = signal::<f64>();
        let mean = signal.iter().sum::<f64>() / N as f64;
        for wavelet in wavelets() {
            for boundary in [Boundary::Periodic, Boundary::Reflect] {
                for inversion in [Inversion::Single, Inversion::Double] {
                    let arguments = (wavelet.as_ref(), N, &scales[..], Norm::L2, boundary);
                    let (wavelet, n, scales, norm, boundary) = arguments;
                    let inverse = InverseCwt::<f64>::new(wavelet, n, scales, norm, boundary, inversion);
                    let (Ok(cwt), Ok(inverse)) = (Cwt::new(wavelet, n, scales, norm, boundary), inverse) else {
                        continue;
                    };
                    let smallest = inverse.gains()[1..].iter().map(|gain| gain.norm()).fold(f64::INFINITY, f64::min);
                    let floor = 1e-4;
                    if smallest < floor || inverse.gains()[0].norm() >= floor {
                        continue;
                    }
                    let w = cwt.transform(&signal).unwrap();
                    let error = |back: &[f64]| {
                        let off = signal.iter().zip(back).map(|(x, y)| (x - mean - y).abs());
                        off.fold(0.0, f64::max)
                    };
                    let exact = error(&inverse.invert_exactly(&w, floor).unwrap());
                    let what = format!("{} {boundary:?} {inversion:?}", wavelet.name());
                    // Coefficients err by 1e-14 relative to the signal's norm, 6, and sums of them likewise.
                    assert!(exact <= 1e-12 / smallest, "{what}: {exact}, smallest gain {smallest}");
                    let plain = error(&inverse.invert(&w).unwrap());
                    assert!(plain > 1e3 * exact && plain > 1e-6, "{what}: {plain} is no better than exact: {exact}");
                }
            }
        }
    }

    #[test]
    fn the_band_is_where_the_sum_is_right() {
        let scales = octaves(1..=5, 16.try_into().unwrap());
        let morlet = Morlet::corrected(6.0).unwrap();
        for inversion in [Inversion::Single, Inversion::Double] {
            let inverse =
                InverseCwt::<f64>::new(&morlet, 1024, &scales, Norm::L2, Boundary::Periodic, inversion).unwrap();
            let (low, high) = inverse.band(1e-2).unwrap();
            // The spectrum of the largest scale, 32, is around 6/(2π · 32) = 0.030, that of the smallest around 0.48, and
            // 2.5 standard deviations further in all scales that matter are there.
            assert!((0.03..0.05).contains(&low) && (0.2..0.4).contains(&high), "{inversion:?}: {low} to {high}");
            assert_eq!(inverse.band(1e-17), None);
        }
    }

    #[test]
    fn what_cannot_be_inverted_is_refused() {
        let new = |wavelet: &dyn MotherWavelet, scales: &[f64], boundary, inversion| {
            InverseCwt::<f64>::new(wavelet, 16, scales, Norm::L2, boundary, inversion).unwrap_err()
        };
        assert_eq!(new(&Ricker, &[2.0], Boundary::Periodic, Inversion::Single), SignalError::OneScale);
        let error = new(&Haar, &[2.0, 4.0], Boundary::Reflect, Inversion::Double);
        assert!(matches!(error, SignalError::EndsUnknown { boundary: "reflect", wavelet: "haar", .. }));
        let error = new(&Ricker, &[2.0, 4.0], Boundary::Zero, Inversion::Double);
        assert!(matches!(error, SignalError::EndsUnknown { boundary: "zero", .. }));
        let uncorrected = Morlet::uncorrected(6.0).unwrap();
        let error = new(&uncorrected, &[2.0, 4.0], Boundary::Periodic, Inversion::Single);
        assert_eq!(error, SignalError::NotAdmissible { wavelet: "morlet-uncorrected" });
        let inverse =
            InverseCwt::<f64>::new(&Ricker, 4, &[2.0, 4.0], Norm::L2, Boundary::Periodic, Inversion::Single).unwrap();
        assert!(matches!(inverse.invert(&[Complex64::ONE; 7]), Err(SignalError::Length { length: 8, found: 7 })));
        assert!(matches!(inverse.invert(&[Complex64::new(1.0, f64::NAN); 8]), Err(SignalError::NotFinite { .. })));
        assert!(matches!(inverse.invert_exactly(&[Complex64::ONE; 8], 0.0), Err(SignalError::Option { .. })));
    }
}
