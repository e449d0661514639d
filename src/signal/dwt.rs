use crate::numeric::{Bound, gamma};
use crate::wavelet::{DiscreteWavelet, Side};

use super::{Extension, Sample, SignalError};

/// The discrete wavelet transform by a filter bank: `wavedec` and `waverec` of PyWavelets.
///
/// ```text
/// a_n = Σ_k low_k x(2n + s - k),  d_n = Σ_k high_k x(2n + s - k)      decomposition filters of L taps
/// ```
///
/// and the same again of `a`, level after level. Beyond its ends the signal is what the [`Extension`] says, one of
/// PyWavelets' modes. All but one have `s = 1` and `floor((n + L - 1)/2)` coefficients, more than half as many as
/// samples; `Periodization` has `s = L/2` and exactly half, rounded up, and of an even number of samples the transform
/// of an orthogonal wavelet is an orthogonal matrix. A [`super::Boundary`] serves too: `Reflect` is `symmetric`,
/// PyWavelets' default, and `Periodic` is `periodization`.
///
/// # Rounding
/// See [`Dwt::round_trip`].
///
/// # Example
/// ```
/// use ropelet::signal::{Boundary, Dwt};
/// use ropelet::wavelet::DiscreteWavelet;
///
/// let dwt = Dwt::<f64>::new(&DiscreteWavelet::named("db2")?, Boundary::Reflect);
/// let signal: Vec<f64> = (0..37).map(|t| f64::from(t * t % 11)).collect();
/// let coefficients = dwt.analyse(&signal, dwt.max_level(37))?;
/// assert_eq!(coefficients.iter().map(Vec::len).collect::<Vec<_>>(), [7, 7, 11, 20]);
/// let back = dwt.synthesise(&coefficients, 37)?;
/// assert!(signal.iter().zip(back).all(|(x, y)| (x - y).abs() < 1e-13));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dwt<T> {
    /// Low-pass and high-pass: analysis, synthesis.
    analysis: [Vec<T>; 2],
    synthesis: [Vec<T>; 2],
    extension: Extension,
}

impl<T: Sample> Dwt<T> {
    /// The transform with the filters of this wavelet.
    pub fn new(wavelet: &DiscreteWavelet, extension: impl Into<Extension>) -> Self {
        let filters = |side| {
            let rounded = |taps: &[f64]| taps.iter().map(|tap| T::of(*tap)).collect::<Vec<T>>();
            [rounded(wavelet.low_pass(side)), rounded(&wavelet.high_pass(side))]
        };
        Self {
            analysis: filters(Side::Decomposition),
            synthesis: filters(Side::Reconstruction),
            extension: extension.into(),
        }
    }

    /// Taps of each filter.
    fn taps(&self) -> usize {
        self.analysis[0].len()
    }

    /// The last level at which a coefficient is free of both ends: `floor(log2(n / (L - 1)))`, PyWavelets'
    /// `dwt_max_level`.
    pub fn max_level(&self, length: usize) -> usize {
        (length / (self.taps() - 1)).checked_ilog2().unwrap_or(0) as usize
    }

    /// Approximation of the last level, then the details from the last level to the first, as `wavedec` gives them.
    ///
    /// # Errors
    /// [`SignalError::Empty`].
    pub fn analyse(&self, signal: &[T], levels: usize) -> Result<Vec<Vec<T>>, SignalError> {
        if signal.is_empty() {
            return Err(SignalError::Empty);
        }
        let mut details = Vec::with_capacity(levels + 1);
        let mut approximation = signal.to_vec();
        for _ in 0..levels {
            let [coarser, detail] = self.split(&approximation);
            details.push(detail);
            approximation = coarser;
        }
        details.push(approximation);
        details.reverse();
        Ok(details)
    }

    /// The signal of so many samples that has these coefficients, as `waverec` gives it.
    ///
    /// # Errors
    /// [`SignalError::Room`] where the coefficients are not those of a signal of this length.
    pub fn synthesise(&self, coefficients: &[Vec<T>], length: usize) -> Result<Vec<T>, SignalError> {
        let (approximation, details) = coefficients.split_first().ok_or(SignalError::Empty)?;
        let mut lengths = vec![length];
        for _ in details {
            lengths.push(self.halved(lengths[lengths.len() - 1]));
        }
        let expected = lengths.pop().expect("there is one length");
        let mut signal = approximation.clone();
        let check = |found: usize, expected| {
            if found == expected { Ok(()) } else { Err(SignalError::Room { expected, found }) }
        };
        check(signal.len(), expected)?;
        for detail in details {
            check(detail.len(), signal.len())?;
            let length = lengths.pop().expect("one for each level");
            signal = self.joined(&signal, detail, length);
        }
        Ok(signal)
    }

    /// A bound on `‖x - W⁻¹Wx‖ / ‖x‖` for a periodic signal and an orthogonal wavelet, whatever the signal.
    ///
    /// In each direction a level multiplies by an orthogonal matrix with `2L` products to a sample or `L` to a
    /// coefficient, taps rounded once: off by at most `γ_(2L+1)` times the matrix of absolute values, whose norm is
    /// at most `√2 sqrt(r c)`, with `r` the sum of the absolute taps and `c` that of the even or the odd ones. The other
    /// levels keep norms. Errors of errors are beyond the doubled first-order sum.
    pub fn round_trip(&self, levels: usize) -> Bound {
        let sum = |step: usize, first: usize| -> f64 {
            self.analysis[0].iter().skip(first).step_by(step).map(|tap| tap.wide().abs()).sum()
        };
        let norm = (2.0 * sum(1, 0) * sum(2, 0).max(sum(2, 1))).sqrt();
        Bound::rounding(2.0 * 2.0 * levels as f64 * norm * gamma(2 * self.taps() + 1, T::UNIT_ROUNDOFF))
    }

    /// Coefficients of a level from those of the level above.
    pub(super) fn halved(&self, length: usize) -> usize {
        match self.extension {
            Extension::Periodization => length.div_ceil(2),
            _ => (length + self.taps() - 1) / 2,
        }
    }

    /// The phase `s`.
    fn phase(&self) -> i64 {
        if self.extension == Extension::Periodization { self.taps() as i64 / 2 } else { 1 }
    }

    /// Approximation and detail of one level.
    pub(super) fn split(&self, signal: &[T]) -> [Vec<T>; 2] {
        self.analysis.each_ref().map(|taps| self.filtered(signal, taps))
    }

    fn filtered(&self, signal: &[T], taps: &[T]) -> Vec<T> {
        let length = taps.len() as i64;
        let one = |n: usize| {
            let newest = 2 * n as i64 + self.phase();
            if newest + 1 >= length && newest < signal.len() as i64 {
                // Free of both ends: the same sum in the same order.
                let samples = signal[(newest + 1 - length) as usize..=newest as usize].iter().rev();
                return taps.iter().zip(samples).fold(T::zero(), |sum, (tap, x)| sum + *tap * *x);
            }
            taps.iter().zip(0i64..).fold(T::zero(), |sum, (tap, k)| sum + *tap * self.extension.at(signal, newest - k))
        };
        (0..self.halved(signal.len())).map(one).collect()
    }

    /// `x_m = Σ_n (low_(m-2n-s+L-1) a_n + high_(m-2n-s+L-1) d_n)`: the transposed sum, of the samples that are asked for.
    pub(super) fn joined(&self, approximation: &[T], detail: &[T], length: usize) -> Vec<T> {
        let circle = (self.extension == Extension::Periodization).then_some(2 * approximation.len());
        let mut signal = vec![T::zero(); circle.unwrap_or(length)];
        let first = self.phase() - (self.taps() as i64 - 1);
        for (n, (a, d)) in approximation.iter().zip(detail).enumerate() {
            for (k, (low, high)) in self.synthesis[0].iter().zip(&self.synthesis[1]).enumerate() {
                let place = 2 * n as i64 + first + k as i64;
                let place = circle.map_or(place, |circle| place.rem_euclid(circle as i64));
                if let Some(sample) = usize::try_from(place).ok().and_then(|place| signal.get_mut(place)) {
                    *sample += *low * *a + *high * *d;
                }
            }
        }
        // Of an odd circle's last sample there were two.
        signal.truncate(length);
        signal
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Real, compare};

    fn signal(length: u32) -> Vec<f64> {
        (0..length).map(|t| f64::from((t * t + 3 * t) % 11) - 4.5).collect()
    }

    fn db2<T: Sample>(extension: Extension) -> Dwt<T> {
        Dwt::new(&DiscreteWavelet::named("db2").unwrap(), extension)
    }

    /// First, second and last coefficient of each array, by PyWavelets 1.8: `wavedec(x, "db2", mode, level=3)`.
    type Reference = [[f64; 3]; 4];
    const SYMMETRIC: Reference = [
        [-7.353031436554979, -4.56144668743558, 8.106032796562738],
        [-1.5809322541203756, 5.186397213279802, -4.054333394349125],
        [-2.0008801943952474, 3.0131397208144124, 0.0],
        [-2.4494897427831788, 4.087847173198287, 3.958437650647027],
    ];
    const ZERO: Reference = [
        [0.17329250066259844, -0.11729822597206442, 1.6353400293503018],
        [0.6467364170434808, 3.995591221986637, -0.4381880402147018],
        [0.022876587736527454, 2.494750431185666, -0.9072912811497129],
        [-3.5228419102478687, 4.087847173198287, -0.3235238063781509],
    ];
    const PERIODIZATION: Reference = [
        [2.121745444808906, 3.7261639951255905, 4.6545528411457555],
        [4.176121615310164, -2.4515013434930495, 5.513052326259201],
        [3.690784930203603, 5.85136114155692, -2.560095264191645],
        [-2.648249619455453, 0.19875987667227535, 7.01100864343523],
    ];

    #[test]
    fn coefficients_are_those_of_pywavelets() {
        for (boundary, length, lengths, expected) in [
            (Extension::Symmetric, 37, [7, 7, 11, 20], SYMMETRIC),
            (Extension::Zero, 37, [7, 7, 11, 20], ZERO),
            (Extension::Periodization, 32, [4, 4, 8, 16], PERIODIZATION),
        ] {
            let dwt = db2::<f64>(boundary);
            assert_eq!(dwt.max_level(length as usize), 3);
            let found = dwt.analyse(&signal(length), 3).unwrap();
            assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), lengths);
            for (found, expected) in found.iter().zip(expected) {
                let ends = [found[0], found[1], found[found.len() - 1]];
                // Three levels of four products of numbers below 6, each level growing them by at most 1.7.
                let bound = Bound::rounding(3.0 * gamma(6, f64::UNIT_ROUNDOFF) * 6.0 * 1.7f64.powi(3));
                assert!(compare(&ends, &expected, bound).holds(), "{boundary:?}: {ends:?}");
            }
        }
    }

    #[test]
    fn every_signal_comes_back_whatever_its_length() {
        for boundary in Extension::ALL {
            let dwt = db2::<f64>(boundary);
            for length in [1u32, 2, 3, 4, 7, 16, 37, 64] {
                let (x, levels) = (signal(length), 4);
                let coefficients = dwt.analyse(&x, levels).unwrap();
                let back = dwt.synthesise(&coefficients, length as usize).unwrap();
                assert!(compare(&back, &x, Bound::rounding(1e-12)).holds(), "{boundary:?} {length}");
                // The control: without the finest details it does not.
                let mut cut = coefficients;
                cut.last_mut().unwrap().fill(0.0);
                let back = dwt.synthesise(&cut, length as usize).unwrap();
                assert!(length < 4 || !compare(&back, &x, Bound::rounding(1e-12)).holds(), "{boundary:?} {length}");
            }
        }
    }

    #[test]
    fn an_orthogonal_transform_keeps_the_norm_and_its_round_trip_its_bound() {
        let (single, double) = (db2::<f32>(Extension::Periodization), db2::<f64>(Extension::Periodization));
        let x = signal(64);
        let energy: f64 = x.iter().map(|x| x * x).sum();
        let coefficients = double.analyse(&x, 4).unwrap();
        let after: f64 = coefficients.iter().flatten().map(|c| c * c).sum();
        assert!((after / energy - 1.0).abs() <= 2.0 * double.round_trip(4).total());
        let narrow: Vec<f32> = x.iter().map(|x| *x as f32).collect();
        let back = single.synthesise(&single.analyse(&narrow, 4).unwrap(), 64).unwrap();
        let error: f64 = narrow.iter().zip(back).map(|(x, y)| f64::from(x - y).powi(2)).sum();
        let relative = (error / energy).sqrt();
        assert!(relative > double.round_trip(4).total() && relative <= single.round_trip(4).total(), "{relative}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let dwt = db2::<f64>(Extension::Periodization);
        assert_eq!(dwt.analyse(&[], 1), Err(SignalError::Empty));
        assert_eq!(dwt.synthesise(&[], 4), Err(SignalError::Empty));
        let coefficients = dwt.analyse(&signal(8), 1).unwrap();
        assert_eq!(dwt.synthesise(&coefficients, 12), Err(SignalError::Room { expected: 6, found: 4 }));
    }
}
