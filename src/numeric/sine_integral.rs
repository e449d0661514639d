use std::f64::consts::FRAC_PI_2;

use num_complex::Complex64;

/// `γ`, Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// The integrals `Si(x) = ∫_0^x sin t / t dt` and `Cin(x) = ∫_0^x (1 - cos t)/t dt`, for `x ≥ 0`.
///
/// `Cin(x) = γ + ln x - Ci(x)`, without the pole of `Ci` at 0. Up to 2 both are power series,
/// beyond they follow from the continued fraction of `E_1(ix)` [press2007, §6.8]. Both are good to
/// 10 unit roundoffs of `max(1, |value|)`. NaN for `x < 0`.
pub fn sine_cosine_integral(x: f64) -> (f64, f64) {
    if x.is_nan() || x < 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x <= 2.0 {
        // x^n / n!, divided by n once more, enters Si for odd n and Cin for even n; the signs run
        // + + - - from n = 1.
        let (mut sine, mut cosine) = (0.0, 0.0);
        let (mut power, mut n) = (1.0, 0.0);
        while power > f64::EPSILON * f64::EPSILON {
            n += 1.0;
            power *= x / n;
            let term = if (n - 1.0) % 4.0 < 2.0 { power / n } else { -power / n };
            if n % 2.0 == 1.0 {
                sine += term;
            } else {
                cosine += term;
            }
        }
        return (sine, cosine);
    }
    // E_1(ix) = e^{-ix} / (1 + ix - 1²/(3 + ix - 2²/(5 + ix - ...))), by Lentz's method.
    let mut b = Complex64::new(1.0, x);
    let mut d = b.inv();
    let mut c = Complex64::new(f64::MAX.sqrt(), 0.0);
    let mut fraction = d;
    for n in 1.. {
        let a = -f64::from(n * n);
        b += 2.0;
        d = (a * d + b).inv();
        c = b + a / c;
        let factor = c * d;
        fraction *= factor;
        if (factor - 1.0).norm() <= f64::EPSILON || n == 1000 {
            break;
        }
    }
    let integral = fraction * Complex64::new(x.cos(), -x.sin());
    (FRAC_PI_2 + integral.im, EULER + x.ln() + integral.re)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Agreement, Bound, Real, integrate};

    #[test]
    fn values_agree_with_25_digit_arithmetic() {
        for (x, sine, cosine) in [
            (0.0, 0.0, 0.0),
            (0.001, 0.0009999999444444462, 2.499999895833336e-07),
            (0.5, 0.4931074180430667, 0.06185256314820045),
            (1.0, 0.946083070367183, 0.23981174200056474),
            (2.0, 1.6054129768026948, 0.8473820166866132),
            (3.0, 1.8486525279994683, 1.5561981675616423),
            (6.25, 1.4182395137091628, 2.437652419846948),
            (12.5, 1.4923370522865, 3.11435265880493),
            (31.5, 1.5391413094114925, 4.025540961073607),
            (100.0, 1.5622254668890563, 5.187534676032235),
            (1000.0, 1.5702331219687713, 7.484144628372579),
        ] {
            let (s, c) = sine_cosine_integral(x);
            for (observed, expected) in [(s, sine), (c, cosine)] {
                let bound = Bound::rounding(10.0 * f64::UNIT_ROUNDOFF * f64::abs(expected).max(1.0));
                let agreement = Agreement::of(observed, expected, bound);
                assert!(agreement.holds(), "x = {x}: {agreement:?}");
            }
        }
    }

    #[test]
    fn the_two_methods_meet() {
        let step = integrate(|t| t.sin() / t, 1.9, 2.1, &[], 1e-16);
        let difference = sine_cosine_integral(2.1).0 - sine_cosine_integral(1.9).0;
        assert!(Agreement::of(difference, step.value, step.error + Bound::rounding(20.0 * f64::UNIT_ROUNDOFF)).holds());
    }

    #[test]
    fn a_negative_argument_is_refused() {
        for x in [-1.0, f64::NAN] {
            assert!(sine_cosine_integral(x).0.is_nan() && sine_cosine_integral(x).1.is_nan());
        }
    }
}
