use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::{Bound, Real};

/// An integral, with an estimate of what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Integral {
    /// The Kronrod value.
    pub value: f64,
    /// Truncation: the difference between the Kronrod and the Gauss rule, summed over the pieces.
    /// For a smooth integrand it overestimates the error by orders of magnitude; it is an
    /// estimate, not an enclosure. Rounding: 50 unit roundoffs of the integral of `|f|`.
    pub error: Bound,
    /// How often the integrand was evaluated.
    pub evaluations: usize,
}

/// Pieces after which the integrator gives up refining and reports the error that is left.
const MAX_PIECES: usize = 20_000;

/// `∫_a^b f`, by globally adaptive 15-point Gauss–Kronrod quadrature \[piessens1983\].
///
/// `breaks` are points inside `(a, b)` where `f` or a derivative jumps: the interval is cut there
/// first, so that a step costs nothing. Refinement stops when the estimated error is below
/// `tolerance` (absolute) or below the rounding error of the sum, whichever is larger; an
/// integrand that never gets there comes back with its honest, large error.
///
/// # Example
/// ```
/// let integral = ropelet::numeric::integrate(|x: f64| x.exp(), 0.0, 1.0, &[], 1e-14);
/// assert!((integral.value - (1f64.exp() - 1.0)).abs() <= integral.error.total());
/// ```
pub fn integrate(f: impl Fn(f64) -> f64, a: f64, b: f64, breaks: &[f64], tolerance: f64) -> Integral {
    let mut cuts: Vec<f64> = breaks.iter().copied().filter(|x| (a.min(b)..a.max(b)).contains(x) && *x != a).collect();
    cuts.extend([a, b]);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    if a > b {
        cuts.reverse();
    }
    let mut pieces: BinaryHeap<Piece> = cuts.windows(2).map(|ends| Piece::over(&f, ends[0], ends[1])).collect();
    let mut evaluated = pieces.len();
    loop {
        let (error, floor) = pieces
            .iter()
            .fold((0.0, 0.0), |(error, floor), p| (error + p.error, floor + 50.0 * f64::UNIT_ROUNDOFF * p.size));
        let halvable = pieces.peek().is_some_and(Piece::can_be_halved);
        // NaN: infinite pieces cancelled, and no refinement will help.
        if error.is_nan() || error <= tolerance.max(floor) || pieces.len() >= MAX_PIECES || !halvable {
            return Integral {
                value: pieces.iter().map(|p| p.value).sum(),
                // A NaN here means that infinite pieces cancelled: nothing is known.
                error: Bound { rounding: floor, truncation: if error.is_nan() { f64::INFINITY } else { error } },
                evaluations: evaluated * (2 * NODES.len() - 1),
            };
        }
        // A quarter of the worst pieces at a time: re-summing the heap after each single split
        // would make the whole quadratic.
        for _ in 0..pieces.len().div_ceil(4) {
            let Some(worst) = pieces.pop() else { break };
            let middle = 0.5 * (worst.a + worst.b);
            pieces.push(Piece::over(&f, worst.a, middle));
            pieces.push(Piece::over(&f, middle, worst.b));
            evaluated += 2;
        }
    }
}

/// `∫_a^∞ f`, by the map `x = a + s/(1-s)`, `s` in `[0, 1)`. The integrand must decay faster than `1/x`.
pub fn integrate_half_line(f: impl Fn(f64) -> f64, a: f64, tolerance: f64) -> Integral {
    integrate(
        |s| {
            let rest = 1.0 - s;
            f(a + s / rest) / (rest * rest)
        },
        0.0,
        1.0,
        &[],
        tolerance,
    )
}

/// `∫_R f`, as two half lines that meet at 0.
pub fn integrate_line(f: impl Fn(f64) -> f64, tolerance: f64) -> Integral {
    let right = integrate_half_line(&f, 0.0, tolerance / 2.0);
    let left = integrate_half_line(|x| f(-x), 0.0, tolerance / 2.0);
    Integral {
        value: right.value + left.value,
        error: right.error + left.error,
        evaluations: right.evaluations + left.evaluations,
    }
}

/// Positive nodes of the 15-point Kronrod rule, outermost first; odd indices are the Gauss nodes.
const NODES: [f64; 8] = [
    0.991_455_371_120_812_6,
    0.949_107_912_342_758_5,
    0.864_864_423_359_769_1,
    0.741_531_185_599_394_4,
    0.586_087_235_467_691_1,
    0.405_845_151_377_397_2,
    0.207_784_955_007_898_47,
    0.0,
];
const KRONROD: [f64; 8] = [
    0.022_935_322_010_529_224,
    0.063_092_092_629_978_56,
    0.104_790_010_322_250_18,
    0.140_653_259_715_525_92,
    0.169_004_726_639_267_9,
    0.190_350_578_064_785_4,
    0.204_432_940_075_298_9,
    0.209_482_141_084_727_82,
];
const GAUSS: [f64; 4] =
    [0.129_484_966_168_869_7, 0.279_705_391_489_276_64, 0.381_830_050_505_118_9, 0.417_959_183_673_469_4];

struct Piece {
    a: f64,
    b: f64,
    value: f64,
    error: f64,
    /// `∫|f|`, which scales the rounding error.
    size: f64,
}

impl Piece {
    fn over(f: &impl Fn(f64) -> f64, a: f64, b: f64) -> Self {
        let (centre, half) = (0.5 * (a + b), 0.5 * (b - a));
        let (mut kronrod, mut gauss, mut size) = (0.0, 0.0, 0.0);
        for (i, &node) in NODES.iter().enumerate() {
            let (sum, magnitude) = if node == 0.0 {
                let y = f(centre);
                (y, y.abs())
            } else {
                let (left, right) = (f(centre - half * node), f(centre + half * node));
                (left + right, left.abs() + right.abs())
            };
            kronrod += KRONROD[i] * sum;
            size += KRONROD[i] * magnitude;
            if i % 2 == 1 {
                gauss += GAUSS[i / 2] * sum;
            }
        }
        Self { a, b, value: half * kronrod, error: (half * (kronrod - gauss)).abs(), size: half.abs() * size }
    }

    /// False once the nodes of a half would coincide in floating point.
    fn can_be_halved(&self) -> bool {
        let middle = 0.5 * (self.a + self.b);
        (self.b - self.a).abs() > 64.0 * f64::EPSILON * middle.abs().max(f64::MIN_POSITIVE)
    }
}

// Ordered by error, so that the heap yields the piece to refine next.
impl Ord for Piece {
    fn cmp(&self, other: &Self) -> Ordering {
        self.error.total_cmp(&other.error)
    }
}

impl PartialOrd for Piece {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Piece {}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[track_caller]
    fn assert_integral(integral: Integral, expected: f64, tolerance: f64) {
        let error = (integral.value - expected).abs();
        assert!(error <= integral.error.total(), "{integral:?} is off by {error:e}");
        assert!(integral.error.total() <= tolerance, "{integral:?} is not below {tolerance:e}");
    }

    #[test]
    fn the_rule_is_exact_for_polynomials_up_to_degree_22() {
        for degree in 0..=22 {
            let piece = Piece::over(&|x: f64| x.powi(degree), -1.0, 2.0);
            let exact = (2f64.powi(degree + 1) - (-1f64).powi(degree + 1)) / f64::from(degree + 1);
            assert!((piece.value - exact).abs() <= 1e-14 * exact.abs().max(1.0), "degree {degree}");
        }
        // The control: degree 24 is beyond the rule.
        let piece = Piece::over(&|x: f64| x.powi(24), -1.0, 1.0);
        assert!((piece.value - 2.0 / 25.0).abs() > 1e-10);
    }

    #[test]
    fn known_integrals_lie_within_the_estimate() {
        assert_integral(integrate(f64::sqrt, 0.0, 1.0, &[], 1e-12), 2.0 / 3.0, 1e-12);
        assert_integral(integrate(|x| (50.0 * x).cos(), 0.0, PI / 100.0, &[], 1e-14), 0.02, 1e-14);
        assert_integral(integrate_line(|x| (-x * x).exp(), 1e-13), PI.sqrt(), 1e-12);
        assert_integral(integrate_half_line(|x| 1.0 / (1.0 + x * x), 0.0, 1e-13), PI / 2.0, 1e-12);
    }

    #[test]
    fn a_break_makes_a_step_exact() {
        let step = |x: f64| if x < 1.0 / 3.0 { 1.0 } else { -1.0 };
        let cut = integrate(step, 0.0, 1.0, &[1.0 / 3.0], 1e-15);
        assert_integral(cut, -1.0 / 3.0, 1e-13);
        assert_eq!(cut.evaluations, 30);
    }

    #[test]
    fn orientation_changes_the_sign() {
        let forth = integrate(|x| x * x, 0.0, 3.0, &[1.0], 1e-12);
        let back = integrate(|x| x * x, 3.0, 0.0, &[1.0], 1e-12);
        assert_integral(forth, 9.0, 1e-12);
        assert_integral(back, -9.0, 1e-12);
    }

    #[test]
    fn a_divergent_integral_keeps_a_large_error() {
        let diverging = integrate(|x| 1.0 / x, 0.0, 1.0, &[], 1e-10);
        assert!(diverging.error.total() > 1.0, "{diverging:?}");
    }
}
