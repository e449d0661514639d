use std::f64::consts::{FRAC_PI_3, LN_2, TAU};

use num_complex::Complex64;

/// Lerch's transcendent on the unit circle, `α^s Φ(z, s, α) = Σ_{k ≥ 0} z^k (1 + k/α)^{-s}` with `z = e^{2πi·turns}`, for a
/// whole `s ≥ 1` and `α > 0`; none for `s = 1` and `z = 1`, where it diverges.
///
/// ```text
/// α^s Φ(z, s, α) = 1/Γ(s) ∫_0^∞ y^s e^{-y} / (1 - z e^{-y/α}) dy/y
/// ```
///
/// In `ln y` the integrand has its poles half a turn from the real line, wherever `z` is, so that the
/// trapezoidal rule of step `h` is wrong by about `2^{s+3} e^{-2π²/3h}` of the integral of the modulus
/// [trefethen2014, Theorem 5.1]: `h` makes that `2^-60`. Rounding is about `8 + s` roundoffs of that integral.
///
/// ```
/// use ropelet::numeric::lerch;
///
/// // Σ (-1)^k/(k + 1) = ln 2
/// assert!((lerch(0.5, 1, 1.0).unwrap() - std::f64::consts::LN_2).norm() < 1e-15);
/// assert_eq!(lerch(3.0, 1, 1.0), None);
/// ```
pub fn lerch(turns: f64, order: u32, alpha: f64) -> Option<Complex64> {
    let turn = TAU * (turns - turns.round());
    if order == 0 || !turn.is_finite() || !(alpha > 0.0 && alpha.is_finite()) || (order == 1 && turn == 0.0) {
        return None;
    }
    let s = f64::from(order);
    let step = TAU * FRAC_PI_3 / ((63.0 + s) * LN_2);
    let (half, sine) = ((0.5 * turn).sin(), turn.sin());
    // There the integrand is below 2^-62 of its largest, which is near y = s.
    let top = 48.0 + 4.0 * s;
    let (mut sum, mut size) = (Complex64::ZERO, 0.0);
    for k in 0.. {
        let y = top * (-step * f64::from(k)).exp();
        let decay = (-y / alpha).exp();
        let series = Complex64::new(2.0 * decay * half * half - (-y / alpha).exp_m1(), -decay * sine);
        // y^s e^{-y}/Γ(s), in one power so that nothing overflows.
        let term = (s * y.ln() - y - libm::lgamma(s)).exp() / series;
        sum += term;
        size += term.norm();
        if y < s && term.norm() < 1e-20 * size {
            break;
        }
    }
    Some(step * sum)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn closed_forms_and_the_recurrence_hold() {
        let near = |found: Complex64, expected: Complex64, what: &str| {
            assert!((found - expected).norm() <= 64.0 * f64::EPSILON * expected.norm(), "{what}: {found} {expected}");
        };
        near(lerch(0.0, 2, 1.0).unwrap(), (PI * PI / 6.0).into(), "zeta(2)");
        near(lerch(0.5, 2, 1.0).unwrap(), (PI * PI / 12.0).into(), "eta(2)");
        for turns in [1e-9, 0.02, 0.31, -0.4, 7.5, 0.999] {
            // Σ z^k/k = -ln(1 - z); the argument is that of the nearest turn.
            let turn = TAU * (turns - f64::round(turns));
            let z = Complex64::cis(turn);
            let one_less = Complex64::new(2.0 * (0.5 * turn).sin().powi(2), -turn.sin());
            near(z * lerch(turns, 1, 1.0).unwrap(), -one_less.ln(), "logarithm");
            for order in [1, 2, 5, 17] {
                for alpha in [0.7, 3.0, 41.0, 1e5] {
                    let ratio = f64::powi(alpha / (alpha + 1.0), order as i32);
                    let next = 1.0 + z * ratio * lerch(turns, order, alpha + 1.0).unwrap();
                    let what = format!("{turns} {order} {alpha}");
                    // Rounding of the sum of moduli, which for alternating terms is larger than the sum.
                    let found = lerch(turns, order, alpha).unwrap();
                    let size = lerch(0.0, order.max(2), alpha).unwrap().re;
                    assert!(
                        (found - next).norm() <= 1e-14 * (1.0 + found.norm()) + 1e-15 * size,
                        "{what}: {found} {next}"
                    );
                }
            }
        }
        assert_eq!(lerch(-2.0, 1, 3.0), None);
        assert_eq!(lerch(0.3, 0, 3.0), None);
        assert_eq!(lerch(f64::NAN, 2, 3.0), None);
        assert_eq!(lerch(0.3, 2, 0.0), None);
    }
}
