use super::{Sample, SignalError};
use crate::numeric::{Bound, gamma};
use crate::wavelet::{DiscreteWavelet, Side};

/// The stationary (undecimated, *à trous*) wavelet transform of periodic signals: `swt` and `iswt` of PyWavelets.
///
/// ```text
/// a_j(n) = Σ_k low_k a_{j-1}(n + 2^{j-1}(L/2 - k)),   d_j the same with high,   a_0 = x
/// a_{j-1}(m) = ½ Σ_k (low'_k a_j(i) + high'_k d_j(i)),   i = m + 2^{j-1}(L/2 - 1 - k)
/// ```
///
/// with the decomposition filters of `L` taps and, primed, those of reconstruction; all indices are taken around the
/// circle. A shifted signal has shifted coefficients. The inverse is exact for any length and any number of
/// levels, since the filters invert each other as polynomials; PyWavelets asks for a multiple of `2^levels`. The
/// boundary is a circle: to reflect a signal, transform it with its mirror image behind it.
///
/// [`Swt::normalised`] divides the analysis filters by `√2` and multiplies the others, PyWavelets' `norm=True`: then
/// the energies of `[a_J, d_J, .., d_1]` of an orthogonal wavelet sum to that of the signal.
///
/// ```
/// use ropelet::signal::Swt;
/// use ropelet::wavelet::DiscreteWavelet;
///
/// let swt = Swt::<f64>::normalised(&DiscreteWavelet::named("sym4")?);
/// let signal: Vec<f64> = (0..37).map(|t| f64::from(t * t % 11)).collect();
/// let coefficients = swt.analyse(&signal, 3)?;
/// let energy = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
/// let sum: f64 = coefficients.iter().map(|row| energy(row)).sum();
/// assert!((sum / energy(&signal) - 1.0).abs() < 1e-14);
/// let back = swt.synthesise(&coefficients)?;
/// assert!(signal.iter().zip(back).all(|(x, y)| (x - y).abs() < 1e-13));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Swt<T> {
    /// Low-pass and high-pass.
    analysis: [Vec<T>; 2],
    /// The same, with the factor ½ of the inverse.
    synthesis: [Vec<T>; 2],
    normalised: bool,
}

impl<T: Sample> Swt<T> {
    /// The transform with the filters of this wavelet.
    pub fn new(wavelet: &DiscreteWavelet) -> Self {
        Self::scaled(wavelet, false)
    }

    /// The transform that keeps the energy of a signal, where the wavelet is orthogonal.
    pub fn normalised(wavelet: &DiscreteWavelet) -> Self {
        Self::scaled(wavelet, true)
    }

    fn scaled(wavelet: &DiscreteWavelet, normalised: bool) -> Self {
        let factor = if normalised { 0.5f64.sqrt() } else { 1.0 };
        let filters = |side, factor: f64| {
            let rounded = |taps: &[f64]| taps.iter().map(|tap| T::of(factor * tap)).collect::<Vec<T>>();
            [rounded(wavelet.low_pass(side)), rounded(&wavelet.high_pass(side))]
        };
        let synthesis = filters(Side::Reconstruction, 0.5 / factor);
        Self { analysis: filters(Side::Decomposition, factor), synthesis, normalised }
    }

    /// `[a_J, d_J, .., d_1]`, each as long as the signal: PyWavelets' `trim_approx=True`.
    ///
    /// # Errors
    /// [`SignalError::Empty`].
    pub fn analyse(&self, signal: &[T], levels: usize) -> Result<Vec<Vec<T>>, SignalError> {
        let mut coefficients = self.rows(signal, levels, |[_, detail]| detail.clone())?;
        let last = coefficients.pop().expect("the approximation stands last");
        coefficients.insert(0, last);
        Ok(coefficients)
    }

    /// `[a_J, .., a_1]`, which PyWavelets pairs with the details by default.
    ///
    /// # Errors
    /// [`SignalError::Empty`].
    pub fn approximations(&self, signal: &[T], levels: usize) -> Result<Vec<Vec<T>>, SignalError> {
        let mut coefficients = self.rows(signal, levels, |[approximation, _]| approximation.clone())?;
        coefficients.pop();
        Ok(coefficients)
    }

    /// One row of each level, from the last to the first, and the approximation of the last.
    fn rows(
        &self,
        signal: &[T],
        levels: usize,
        row: impl Fn(&[Vec<T>; 2]) -> Vec<T>,
    ) -> Result<Vec<Vec<T>>, SignalError> {
        if signal.is_empty() {
            return Err(SignalError::Empty);
        }
        let (mut rows, mut approximation) = (Vec::with_capacity(levels + 1), signal.to_vec());
        for level in 0..levels {
            let both = self.analysis.each_ref().map(|taps| filtered(&approximation, taps, level));
            rows.push(row(&both));
            [approximation, _] = both;
        }
        rows.reverse();
        rows.push(approximation);
        Ok(rows)
    }

    /// The signal with the coefficients `[a_J, d_J, .., d_1]`.
    ///
    /// # Errors
    /// [`SignalError::Empty`] for no coefficients, [`SignalError::Room`] where they are not all of one length.
    pub fn synthesise(&self, coefficients: &[Vec<T>]) -> Result<Vec<T>, SignalError> {
        let (approximation, details) = coefficients.split_first().ok_or(SignalError::Empty)?;
        let expected = approximation.len();
        if expected == 0 {
            return Err(SignalError::Empty);
        }
        if let Some(wrong) = details.iter().find(|detail| detail.len() != expected) {
            return Err(SignalError::Room { expected, found: wrong.len() });
        }
        let levels = details.len();
        let mut signal = approximation.clone();
        for (at, detail) in details.iter().enumerate() {
            signal = self.joined(&signal, detail, levels - 1 - at);
        }
        Ok(signal)
    }

    /// A bound on `‖x - S⁻¹Sx‖ / ‖x‖` for an orthogonal wavelet, whatever the signal.
    ///
    /// Normalised, every approximation and detail is at most as large as the signal. A level rounds each coefficient
    /// by `γ_{L+1}` of the sum of the products' absolute values, which is at most `S = Σ|low|` of the analysis times
    /// the signal in the 2-norm, and there are two rows; the inverse rounds by `γ_{2L+2}` of twice the like, and takes
    /// the errors of later levels without growing them. Without the factors `√2` the same holds relative to what
    /// they are: powers of two over two levels. Errors of errors are beyond the doubled first-order sum.
    pub fn round_trip(&self, levels: usize) -> Bound {
        let sum: f64 = self.analysis[0].iter().map(|tap| tap.wide().abs()).sum();
        let size = if self.normalised { sum } else { sum * 0.5f64.sqrt() };
        let taps = self.analysis[0].len();
        Bound::rounding(2.0 * levels as f64 * 4.0 * size * gamma(2 * taps + 2, T::UNIT_ROUNDOFF))
    }

    fn joined(&self, approximation: &[T], detail: &[T], level: usize) -> Vec<T> {
        let n = approximation.len();
        let mut signal = vec![T::zero(); n];
        let half = self.synthesis[0].len() as i64 / 2;
        for (k, (low, high)) in self.synthesis[0].iter().zip(&self.synthesis[1]).enumerate() {
            let first = offset(half - 1 - k as i64, level, n);
            let rows = approximation.iter().zip(detail).cycle().skip(first);
            for (x, (a, d)) in signal.iter_mut().zip(rows) {
                *x += *low * *a + *high * *d;
            }
        }
        signal
    }
}

/// `2^level · steps` around a circle of `n` samples.
fn offset(steps: i64, level: usize, n: usize) -> usize {
    let n = n as i64;
    let step = (0..level).fold(1 % n, |step, _| 2 * step % n);
    (steps.rem_euclid(n) * step % n) as usize
}

fn filtered<T: Sample>(signal: &[T], taps: &[T], level: usize) -> Vec<T> {
    let n = signal.len();
    let mut row = vec![T::zero(); n];
    for (k, tap) in taps.iter().enumerate() {
        let first = offset(taps.len() as i64 / 2 - k as i64, level, n);
        for (sum, x) in row.iter_mut().zip(signal.iter().cycle().skip(first)) {
            *sum += *tap * *x;
        }
    }
    row
}
