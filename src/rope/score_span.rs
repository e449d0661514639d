use nalgebra::{DMatrix, DVector};

use super::Frequencies;
use crate::numeric::Real;

/// What rotary scores can look like over the lag: the span of `cos θ_i Δ` and `sin θ_i Δ`,
/// `Δ = 0..N`, each minus its mean over `Δ`.
///
/// For one query and one key content the score is `Σ_i |q_i||k_i| cos(θ_i Δ + φ_i)` at every lag and
/// lies in this span but for a constant. A mean over queries lies in it as far as what is
/// said does not depend on how far away it is said.
///
/// The basis are the left singular vectors whose singular value exceeds
/// [`RANK_TOLERANCE`](Self::RANK_TOLERANCE) of the largest. Rounding: they are orthonormal to a few `N u`, and the
/// span is off by at most about `N u / RANK_TOLERANCE`, which is `1e-6` for `N = 256`, in its least
/// direction.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreSpan {
    /// Orthonormal columns, `[lags, rank]`.
    basis: DMatrix<f64>,
}

impl ScoreSpan {
    /// `√u = 2^{-26.5}`, rounded to a power of two: a direction whose singular value is smaller than this
    /// part of the largest would need coefficients 10⁸ times the profile, and counts as absent.
    ///
    /// The slowest pairs are alike over a window that is short for them, so that the singular values
    /// fall through this without a gap.
    pub const RANK_TOLERANCE: f64 = 1.0 / (1u64 << 26) as f64;

    /// The span over the lags `0..lags`.
    ///
    /// # Panics
    /// When there are fewer than two lags.
    pub fn new(frequencies: &Frequencies, lags: usize) -> Self {
        assert!(lags >= 2, "a profile has lags");
        let positions: Vec<f64> = (0..lags).map(|lag| lag as f64).collect();
        let unit = Frequencies::of(frequencies.inv_freq().to_vec(), 1.0).expect("they are valid already");
        let (cos, sin) = unit.cos_sin::<f64>(&positions);
        let pairs = frequencies.pairs();
        let mut columns = DMatrix::from_fn(lags, 2 * pairs, |lag, column| {
            if column < pairs { cos[lag * pairs + column] } else { sin[lag * pairs + column - pairs] }
        });
        for mut column in columns.column_iter_mut() {
            let mean = column.mean();
            column.add_scalar_mut(-mean);
        }
        let svd = columns.svd(true, false);
        let left = svd.u.expect("it was asked for");
        // The columns are bounded by 2: where nothing turns, only rounding is left of them.
        let largest = svd.singular_values.max().max(lags as f64 * f64::UNIT_ROUNDOFF / Self::RANK_TOLERANCE);
        let kept: Vec<usize> =
            (0..left.ncols()).filter(|i| svd.singular_values[*i] > Self::RANK_TOLERANCE * largest).collect();
        Self { basis: left.select_columns(&kept) }
    }

    /// Number of lags.
    pub fn lags(&self) -> usize {
        self.basis.nrows()
    }

    /// `r`: dimension of the span.
    pub fn rank(&self) -> usize {
        self.basis.ncols()
    }

    /// `1 - r/(N-1)`: what [`residual`](Self::residual) of white noise is on average.
    ///
    /// A profile minus its mean has `N - 1` directions, equally likely for normal noise.
    pub fn white_noise_residual(&self) -> f64 {
        1.0 - self.rank() as f64 / (self.lags() - 1) as f64
    }

    /// `|h - Ph|²/|h|²` of a profile `h` minus its mean, `P` the projection on the span: 0 for what
    /// rotary scores of one content can be, 1 for what none can. `None` for a constant profile.
    ///
    /// Rounding: an exact member of the span has a residual of order `(N u / RANK_TOLERANCE)²`, or `1e-11`
    /// for `N = 256`; more usually `1e-25`.
    ///
    /// # Panics
    /// When the profile has another number of lags.
    pub fn residual(&self, profile: &[f64]) -> Option<f64> {
        assert_eq!(profile.len(), self.lags(), "a profile has as many lags as the span");
        let whole = DVector::from_column_slice(profile);
        let centred = whole.add_scalar(-whole.mean());
        let energy = centred.norm_squared();
        let rounding = (self.lags() as f64 * f64::UNIT_ROUNDOFF).powi(2) * whole.norm_squared();
        if energy.is_nan() || energy <= rounding {
            return None;
        }
        let rest = &centred - &self.basis * self.basis.tr_mul(&centred);
        Some(rest.norm_squared() / energy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rope::Scaling;

    fn span(lags: usize) -> (Frequencies, ScoreSpan) {
        let frequencies = Frequencies::new(1e4, 64, &Scaling::None, lags).unwrap();
        let span = ScoreSpan::new(&frequencies, lags);
        (frequencies, span)
    }

    #[test]
    fn scores_of_one_content_lie_in_the_span_and_others_do_not() {
        let (frequencies, span) = span(256);
        let scores = |theta: &[f64]| -> Vec<f64> {
            let term = |i: usize, theta: f64, lag: f64| (1.0 + i as f64).recip() * (theta * lag + i as f64).cos();
            (0..256)
                .map(|lag| 3.0 + theta.iter().enumerate().map(|(i, t)| term(i, *t, lag.into())).sum::<f64>())
                .collect()
        };
        assert!(span.residual(&scores(frequencies.inv_freq())).unwrap() < 1e-11);
        // The control: the frequencies of another base.
        let other = Frequencies::new(1e3, 64, &Scaling::None, 256).unwrap();
        assert!(span.residual(&scores(other.inv_freq())).unwrap() > 1e-3);
    }

    #[test]
    fn a_lone_lag_leaves_as_much_as_white_noise_does() {
        let (_, span) = span(256);
        assert!(span.rank() > 30 && span.rank() < 64, "{}", span.rank());
        // The mean over all lone lags is the trace of the projection on what is left.
        let lone = |at: usize| (0..256).map(|lag| f64::from(u8::from(lag == at))).collect::<Vec<_>>();
        let mean = (0..256).map(|at| span.residual(&lone(at)).unwrap()).sum::<f64>() / 256.0;
        assert!((mean - span.white_noise_residual()).abs() < 1e-12, "{mean}");
    }

    #[test]
    fn a_constant_has_no_residual_and_what_does_not_turn_spans_nothing() {
        let (_, span) = span(64);
        assert_eq!(span.residual(&[0.1; 64]), None);
        assert_eq!(span.residual(&[f64::NAN; 64]), None);
        let still = ScoreSpan::new(&Frequencies::of(vec![0.0; 4], 1.0).unwrap(), 64);
        assert_eq!((still.rank(), still.white_noise_residual()), (0, 1.0));
        let ramp: Vec<f64> = (0..64).map(f64::from).collect();
        assert_eq!(still.residual(&ramp), Some(1.0));
    }

    #[test]
    fn a_span_of_all_lags_leaves_nothing() {
        let frequencies = Frequencies::of((1..32).map(|k| std::f64::consts::TAU * f64::from(k) / 64.0).collect(), 1.0);
        let mut theta = frequencies.unwrap().inv_freq().to_vec();
        theta.push(std::f64::consts::PI);
        let span = ScoreSpan::new(&Frequencies::of(theta, 1.0).unwrap(), 64);
        assert_eq!(span.rank(), 63);
        let noise: Vec<f64> = (0..64).map(|t| f64::from((t * t * 7 + 3) % 31)).collect();
        assert!(span.residual(&noise).unwrap() < 1e-25);
    }
}
