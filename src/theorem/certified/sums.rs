use super::constant::{Constant, Method, Stated};
use crate::numeric::Enclosure;
use crate::rope::{best_told_turn, position_variance};
use crate::theorem::lag_table::{RICKER_REACH, ricker_sum};
use crate::wavelet::{MotherWavelet, Ricker};

fn whole(value: i64) -> Enclosure {
    Enclosure::of(value as f64)
}

/// `(1 - x²) e^{-x²/2}`.
fn ricker(x: &Enclosure) -> Enclosure {
    let square = x * x;
    (whole(1) - &square) * (Enclosure::of(-0.5) * square).exp()
}

/// Samples are summed up to so many scales; all that follow amount to less than `a · tail(16) < 1e-50 a`.
const REACH: i64 = 16;

/// `Σ_{k ≥ first} psi(k/a)`, and on both sides where there is no first.
fn sum(twice_scale: i64, first: Option<i64>) -> Enclosure {
    let last = REACH * ((twice_scale + 1) / 2);
    let terms = (first.unwrap_or(-last)..=last).map(|k| ricker(&Enclosure::ratio(2 * k, twice_scale)));
    let left_out = twice_scale as f64 * Ricker.tail(REACH as f64) * 1.001;
    terms.fold(whole(0), |sum, term| sum + term).widened(left_out)
}

/// `2a Σ_{j≥1} psihat(2πja)`: from the first on each term is less than a thousandth of the one before.
fn aliases(scale: &Enclosure) -> Enclosure {
    let tau = whole(2) * Enclosure::pi();
    let alias = |j: i64| {
        let w = whole(j) * &tau * scale;
        let square = &w * &w;
        whole(2) * scale * tau.sqrt() * &square * (Enclosure::of(-0.5) * square.clone()).exp()
    };
    let seen = (1..=6).map(alias).fold(whole(0), |sum, term| sum + term);
    seen.widened(alias(7).magnitude() * 1.01)
}

/// The sums of sampled Ricker functions, and points at which a function of the catalogue is largest or small enough.
pub(super) fn constants() -> Vec<Constant> {
    let mut rows = Vec::new();
    for twice in [1i64, 2, 4, 8] {
        let scale = twice as f64 / 2.0;
        let reach = REACH * ((twice + 1) / 2);
        let (value, rounding) = ricker_sum(scale, -reach..=reach);
        // The check's own bound, relative to a number that may nearly vanish.
        let roundoffs = rounding / (value.abs() * f64::EPSILON / 2.0);
        let name = format!("ricker samples (scale = {scale})");
        let closed = aliases(&Enclosure::ratio(twice, 2));
        let stated = Stated { value, roundoffs };
        rows.push(Constant::new(&name, "sum over Z", Some(closed), (Method::Sum, sum(twice, None)), stated));
    }
    for (scale, shift) in [(1i64, 0), (16, 0), (16, 15), (128, 0), (128, 15)] {
        let a = whole(scale);
        let (value, rounding) = ricker_sum(scale as f64, -shift..=REACH * scale);
        let name = format!("ricker samples (scale = {scale}, shift = {shift})");
        // psi is even: half of the sum over Z, by its aliases, half of psi(0), and the terms before it.
        let between = (1..=shift).map(|k| ricker(&Enclosure::ratio(k, scale))).fold(whole(0), |sum, term| sum + term);
        let closed = Enclosure::of(0.5) * (aliases(&a) + whole(1)) + between;
        let stated = Stated { value, roundoffs: rounding / (value.abs() * f64::EPSILON / 2.0) };
        rows.push(Constant::new(
            &name,
            "causal sum",
            Some(closed),
            (Method::Sum, sum(2 * scale, Some(-shift))),
            stated,
        ));
    }
    // (x² - 1) e^{-x²/2} falls through 1/1000.
    let small = |x: &Enclosure| -ricker(x) - Enclosure::ratio(1, 1000);
    let stated = Stated { value: RICKER_REACH, roundoffs: 2.0 };
    let reach = Enclosure::root(small, 3.0, 6.0);
    rows.push(Constant::new("ricker kernel", "reach in scales", None, (Method::Sign, reach), stated));
    let turn = Enclosure::root(variance_slope, std::f64::consts::PI, 4.0);
    // Stated with the function: 1e-14.
    let stated = Stated { value: best_told_turn(), roundoffs: 1e-14 / (best_told_turn() * f64::EPSILON / 2.0) };
    rows.push(Constant::new("position variance", "best turn", None, (Method::Sign, turn.clone()), stated));
    let stated = Stated { value: position_variance(best_told_turn()), roundoffs: 16.0 };
    rows.push(Constant::new("position variance", "largest value", None, (Method::Sign, variance(&turn)), stated));
    rows
}

/// `V(x) = 1/2 + sin 2x/4x - (sin x/x)²`.
fn variance(x: &Enclosure) -> Enclosure {
    let sin = x.cos_sin().1;
    let twice = whole(2) * x;
    Enclosure::of(0.5) + twice.cos_sin().1 / (whole(4) * x) - (sin / x.clone()).powi(2)
}

/// `V'(x)`.
fn variance_slope(x: &Enclosure) -> Enclosure {
    let (cos, sin) = x.cos_sin();
    let (cos_twice, sin_twice) = (whole(2) * x).cos_sin();
    cos_twice / (whole(2) * x) - sin_twice / (whole(4) * x * x) - whole(2) * &sin * (x * &cos - &sin) / x.powi(3)
}
