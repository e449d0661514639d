//! The closed forms of every mother wavelet against quadrature, against values that mpmath,
//! PyWavelets and scipy computed from the definitions (`tests/data/wavelets/make.py`), and against
//! each other. Every comparison has a control that must be rejected.

use std::f64::consts::PI;

use num_complex::Complex64;
use proptest::prelude::*;
use ropelet::numeric::{Agreement, Bound, Integral, Real, gamma, integrate, integrate_line};
use ropelet::wavelet::{
    Admissibility, AnalyticDerivativeOfGaussian, AnalyticMorlet, DerivativeOfGaussian, Family, FrequencyBSpline,
    Gaussian, Morlet, Morse, MotherWavelet, Parameters, Paul, Ricker, WaveletError, by_name,
};
use serde_json::Value;

const U: f64 = f64::UNIT_ROUNDOFF;

fn wavelet(name: &str, parameters: Parameters) -> Box<dyn MotherWavelet> {
    by_name(name, &parameters).unwrap()
}

/// Every wavelet at its default and at awkward parameters.
fn every_wavelet() -> Vec<Box<dyn MotherWavelet>> {
    let mut all: Vec<_> = Family::ALL.iter().map(|f| f.build(&Parameters::default()).unwrap()).collect();
    for omega0 in [0.05, 1.0, 2.5, 5.0, 8.0] {
        all.push(Box::new(Morlet::corrected(omega0).unwrap()));
        all.push(Box::new(Morlet::uncorrected(omega0).unwrap()));
    }
    for order in [1, 3, 4, 7, 12] {
        all.push(Box::new(DerivativeOfGaussian::new(order).unwrap()));
        all.push(Box::new(Paul::new(order).unwrap()));
    }
    for (beta, gamma) in [(3.0, 3.0), (2.0, 1.0), (1.0, 2.0), (8.0, 1.5)] {
        all.push(Box::new(Morse::new(beta, gamma).unwrap()));
    }
    for omega0 in [0.5, 1.0, 5.0] {
        all.push(Box::new(AnalyticMorlet::corrected(omega0).unwrap()));
        all.push(Box::new(AnalyticMorlet::uncorrected(omega0).unwrap()));
    }
    for order in [1, 3, 7] {
        all.push(Box::new(AnalyticDerivativeOfGaussian::new(order).unwrap()));
    }
    for (order, bandwidth, centre) in [(2, 3.0, 1.0), (3, 2.0, 1.0), (5, 1.0, 0.25), (9, 3.0, 2.0), (16, 0.5, 1.0)] {
        all.push(Box::new(FrequencyBSpline::new(order, bandwidth, centre).unwrap()));
    }
    all.push(Box::new(FrequencyBSpline::shannon(0.5, 0.75).unwrap()));
    all
}

/// Relative rounding of a wavelet's closed forms, in unit roundoffs: powers and products of `order`
/// factors, exponentials of `omega0²`, and logarithms of gamma functions (Morse) as documented.
fn roundoffs(wavelet: &dyn MotherWavelet) -> f64 {
    let parameter = |name| wavelet.parameters().iter().find(|(n, _)| *n == name).map_or(0.0, |(_, v)| *v);
    let (beta, family) = (parameter("beta"), parameter("gamma"));
    let logarithms = if beta > 0.0 { 32.0 * (1.0 + (beta / family) * (2.0 + (beta / family).ln().abs())) } else { 0.0 };
    // One-sided Gaussians: Faddeeva's function as documented, and differences where ω0 is small.
    let omega0 = parameter("omega0");
    let one_sided = if wavelet.name().starts_with("analytic-morlet") { 200.0 / omega0.min(1.0).powi(2) } else { 0.0 };
    // The phase of a carrier at the edge of what is compared, and powers of up to M factors for each of M pieces.
    let carrier = 64.0 * parameter("centre");
    let pieces = if wavelet.name() == "fbsp" { 8.0 * parameter("order").powi(2) } else { 0.0 };
    32.0 + 8.0 * parameter("order") + 4.0 * omega0.powi(2) + logarithms + one_sided + carrier + pieces
}

fn assert_holds(agreement: Agreement, what: impl std::fmt::Display) {
    assert!(agreement.holds(), "{what}: error {:e}, bound {:?}", agreement.error, agreement.bound);
}

/// An integral against a closed form, within its own error and the rounding of the form.
fn assert_integral(wavelet: &dyn MotherWavelet, what: &str, integral: Integral, closed: f64) {
    let bound = integral.error + Bound::rounding(roundoffs(wavelet) * U * closed.abs());
    assert_holds(Agreement::of(closed, integral.value, bound), format!("{wavelet:?}: {what} {closed}"));
    // A form that is off by a part in a thousand, or a small one by 1e-6, must not pass.
    let wrong = Agreement::of(closed + 1e-3 * closed.abs().max(1e-3), integral.value, bound);
    assert!(!wrong.holds(), "{wavelet:?}: {what} is not decided by {integral:?}");
}

/// Where the polynomials meet that make up the spectrum of a frequency B-spline.
fn knots(wavelet: &dyn MotherWavelet) -> Option<Vec<f64>> {
    let parameter = |name| wavelet.parameters().iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
    let (bandwidth, centre) = (parameter("bandwidth")?, parameter("centre")?);
    let order = parameter("order").unwrap_or(1.0);
    let knot = |k: u32| 2.0 * PI * (centre + bandwidth * (f64::from(k) / order - 0.5));
    Some((0..=order as u32).map(knot).collect())
}

/// Over all frequencies, between the knots of a spectrum that has some, and from 0 on where it is one-sided.
fn over_frequency(wavelet: &dyn MotherWavelet, f: impl Fn(f64) -> f64) -> Integral {
    if let Some(mut knots) = knots(wavelet) {
        let (first, last) = (knots[0], knots[knots.len() - 1]);
        knots.push(0.0);
        return integrate(f, first, last, &knots, 1e-11);
    }
    if wavelet.name().starts_with("analytic-morlet") {
        let end = 2.0 * PI * wavelet.centre_frequency() + 12.0;
        return integrate(f, 1e-300, end, &[], 1e-12);
    }
    integrate_line(f, 1e-11)
}

fn over_time(wavelet: &dyn MotherWavelet, f: impl Fn(f64) -> f64) -> Integral {
    match wavelet.support() {
        Some((a, b)) => integrate(f, a, b, &wavelet.breaks(), 1e-13),
        None => integrate_line(f, 1e-11),
    }
}

#[test]
fn means_energies_and_time_spreads_are_those_of_quadrature() {
    for wavelet in &every_wavelet() {
        let wavelet = wavelet.as_ref();
        let psi = |t: f64| wavelet.psi(t);
        if wavelet.is_analytic() && wavelet.name() != "paul" || matches!(wavelet.name(), "shannon" | "fbsp") {
            // Its psi is a sum of a hundred terms, or has tails that no map of the line tames; the spectral
            // integrals below cover it.
            continue;
        }
        if wavelet.name() != "paul" {
            assert_integral(wavelet, "mean", over_time(wavelet, |t| psi(t).re), wavelet.mean());
        }
        let energy = over_time(wavelet, |t| psi(t).norm_sqr());
        assert_integral(wavelet, "energy", energy, wavelet.energy());
        let centre = over_time(wavelet, |t| t * psi(t).norm_sqr()).value / energy.value;
        // Paul of order 1 decays as t^-2 under this integral, too slowly for the half-line map.
        if !(wavelet.name() == "paul" && wavelet.parameters()[0].1 < 2.0) {
            let square = over_time(wavelet, |t| (t - centre).powi(2) * psi(t).norm_sqr());
            assert_integral(wavelet, "time spread²", square, wavelet.time_spread().powi(2) * wavelet.energy());
        }
    }
}

#[test]
fn spectral_integrals_give_energy_constant_and_spreads() {
    for wavelet in &every_wavelet() {
        let wavelet = wavelet.as_ref();
        if wavelet.frequency_spread().is_infinite() {
            continue;
        }
        let power = |w: f64| wavelet.psihat(w).norm_sqr();
        let energy = over_frequency(wavelet, power);
        assert_integral(wavelet, "2π energy", energy, 2.0 * PI * wavelet.energy());
        let mean = over_frequency(wavelet, |w| w * power(w)).value / energy.value;
        let square = over_frequency(wavelet, |w| (w - mean).powi(2) * power(w));
        let spread = wavelet.frequency_spread().powi(2) * 2.0 * PI * wavelet.energy();
        assert_integral(wavelet, "frequency spread²", square, spread);
        if let Some(c_psi) = wavelet.admissibility().c_psi() {
            let constant = over_frequency(wavelet, |w| if w == 0.0 { 0.0 } else { power(w) / w.abs() });
            assert_integral(wavelet, "C_psi", constant, c_psi);
        }
    }
}

#[test]
fn the_constant_of_haar_is_the_integral_with_its_tail() {
    let haar = wavelet("haar", Parameters::default());
    // |psihat|² ≤ 16/w², so that beyond W the integral of |psihat|²/w is at most 16/(2W²), twice.
    let edge = 400.0 * PI;
    let mut integral = integrate(|w| 2.0 * haar.psihat(w).norm_sqr() / w, 1e-300, edge, &[], 1e-11);
    integral.error = integral.error + Bound::truncation(16.0 / (edge * edge));
    assert_integral(haar.as_ref(), "C_psi", integral, haar.admissibility().c_psi().unwrap());
    assert_eq!(haar.admissibility().c_psi(), Some(2.0 * 2f64.ln()));
}

#[test]
fn psihat_is_the_fourier_transform_of_psi() {
    for wavelet in &every_wavelet() {
        let wavelet = wavelet.as_ref();
        let peak = wavelet.psihat(2.0 * PI * wavelet.centre_frequency()).norm();
        for omega in [-3.0, -0.4, 0.0, 0.3, 1.0, 2.2, 5.5] {
            let (a, b, truncation) = match wavelet.support() {
                Some((a, b)) => (a, b, 0.0),
                None => match (1..60).map(f64::from).find(|r| wavelet.tail(*r) < 1e-13 * peak) {
                    Some(radius) => (-radius, radius, wavelet.tail(radius)),
                    None => continue,
                },
            };
            let part = |f: &dyn Fn(Complex64) -> f64| {
                let integrand = |t: f64| f(wavelet.psi(t) * Complex64::cis(-omega * t));
                integrate(integrand, a, b, &wavelet.breaks(), 1e-13 * peak)
            };
            let closed = wavelet.psihat(omega);
            for (integral, closed) in [(part(&|z| z.re), closed.re), (part(&|z| z.im), closed.im)] {
                let rounding = roundoffs(wavelet) * U * peak;
                let bound = integral.error + Bound { rounding, truncation };
                assert_holds(Agreement::of(closed, integral.value, bound), format!("{wavelet:?} at {omega}"));
                assert!(!Agreement::of(closed + 1e-6 * peak, integral.value, bound).holds());
            }
        }
    }
}

/// The analytic wavelets decay too slowly in time for the integral above; the inverse one is theirs.
#[test]
fn psi_is_the_inverse_fourier_transform_of_psihat() {
    for wavelet in every_wavelet().iter().filter(|wavelet| wavelet.is_analytic()) {
        let wavelet = wavelet.as_ref();
        let peak = wavelet.psi(0.0).norm();
        let radius = (1..4000).map(f64::from).find(|r| wavelet.spectral_tail(*r) < 1e-13 * peak).unwrap();
        let knots = knots(wavelet).unwrap_or_default();
        for t in [-6.0, -1.5, -0.2, 0.0, 0.1, 0.7, 2.0, 11.0] {
            let part = |f: &dyn Fn(Complex64) -> f64| {
                let integrand = |w: f64| f(wavelet.psihat(w) * Complex64::cis(w * t)) / (2.0 * PI);
                integrate(integrand, 0.0, radius, &knots, 1e-13 * peak)
            };
            let closed = wavelet.psi(t);
            for (integral, closed) in [(part(&|z| z.re), closed.re), (part(&|z| z.im), closed.im)] {
                let rounding = 2.0 * roundoffs(wavelet) * U * peak;
                let bound = integral.error + Bound { rounding, truncation: wavelet.spectral_tail(radius) };
                assert_holds(Agreement::of(closed, integral.value, bound), format!("{wavelet:?} at {t}"));
                assert!(!Agreement::of(closed + 1e-6 * peak, integral.value, bound).holds());
            }
        }
        assert!((-20..=0).all(|w| wavelet.psihat(f64::from(w)) == Complex64::ZERO));
    }
}

#[test]
fn the_spectrum_peaks_at_the_centre_frequency() {
    for wavelet in &every_wavelet() {
        let wavelet = wavelet.as_ref();
        let centre = 2.0 * PI * wavelet.centre_frequency();
        let peak = wavelet.psihat(centre).norm();
        for i in 0..4000 {
            let omega = f64::from(i) * 0.01;
            let here = wavelet.psihat(omega).norm();
            assert!(
                here <= peak * (1.0 + roundoffs(wavelet) * U),
                "{wavelet:?}: {here} at {omega}, {peak} at {centre}"
            );
            // Near the peak the modulus is flat to second order: a shift of 1e-3 must show.
            let moved = wavelet.psihat(centre + 1e-3).norm().max(wavelet.psihat((centre - 1e-3).abs()).norm());
            assert!(moved < peak || wavelet.name() == "shannon" && moved == peak, "{wavelet:?}");
        }
    }
}

#[test]
fn heisenberg_holds_and_only_gaussians_reach_it() {
    for wavelet in &every_wavelet() {
        let product = wavelet.uncertainty_product();
        assert!(product >= 0.5 * (1.0 - 8.0 * U), "{wavelet:?}: {product}");
        let gaussian = matches!(wavelet.name(), "gaussian" | "morlet-uncorrected");
        // Corrected Morlet is above 1/2 by about ω0² e^{-3ω0²/4}, which rounds away at ω0 = 8.
        let nearly = wavelet.name() == "morlet" && wavelet.parameters()[0].1 >= 6.0;
        assert!(nearly || gaussian == (product <= 0.5 * (1.0 + 8.0 * U)), "{wavelet:?}: {product}");
    }
    let ricker = (7.0 / 6.0f64).sqrt() * 2.5f64.sqrt();
    assert!((Ricker.uncertainty_product() - ricker).abs() <= 4.0 * U * ricker);
    assert_eq!(wavelet("haar", Parameters::default()).uncertainty_product(), f64::INFINITY);
}

#[test]
fn the_integral_of_a_non_admissible_function_grows_at_the_stated_rate() {
    let functions: [Box<dyn MotherWavelet>; 4] = [
        Box::new(Gaussian),
        Box::new(Morlet::uncorrected(1.0).unwrap()),
        Box::new(Morlet::uncorrected(2.0).unwrap()),
        Box::new(Morlet::uncorrected(5.0).unwrap()),
    ];
    for wavelet in &functions {
        let Admissibility::NotAdmissible { reason, log_coefficient } = wavelet.admissibility() else {
            panic!("{wavelet:?} is no wavelet");
        };
        assert!(reason.contains("mean"), "{reason}");
        // |psihat(w)|² + |psihat(-w)|² is 2|psihat(0)|² e^{-w²} cosh(2 ω0 w) for Morlet (for the
        // Gaussian e^{-w²/2} stands alone), off its value at 0 by at most (1 + 2ω0²) w² of itself.
        let omega0 = wavelet.parameters().first().map_or(0.0, |(_, value)| *value);
        let (near, far) = (1e-6, 1e-12);
        let both = |s: f64| wavelet.psihat(s.exp()).norm_sqr() + wavelet.psihat(-s.exp()).norm_sqr();
        let grown = integrate(both, f64::ln(far), f64::ln(near), &[], 1e-16);
        let expected = log_coefficient * (near / far).ln();
        let bound = grown.error
            + Bound {
                rounding: 1e3 * U * expected,
                truncation: (1.0 + 2.0 * omega0 * omega0) * near * near * log_coefficient,
            };
        assert_holds(Agreement::of(expected, grown.value, bound), format!("{wavelet:?}"));
        assert!(!Agreement::of(1.001 * expected, grown.value, bound).holds());
        assert!(log_coefficient == 2.0 * wavelet.mean().powi(2) && log_coefficient > 0.0);
    }
    // The same growth is not there for the corrected function.
    let corrected = Morlet::corrected(5.0).unwrap();
    assert!(corrected.psihat(1e-12).norm() < 1e-11 && corrected.mean() == 0.0);
}

/// A tolerance cannot decide admissibility: the uncorrected Morlet at `ω0 = 6` has a mean of 3e-8,
/// and quadrature resolves it.
#[test]
fn the_uncorrected_morlet_does_not_pass_for_zero_mean() {
    let uncorrected = Morlet::uncorrected(6.0).unwrap();
    let mean = integrate(|t| uncorrected.psi(t).re, -12.0, 12.0, &[], 1e-15);
    let zero = Agreement::of(mean.value, 0.0, mean.error + Bound::truncation(uncorrected.tail(12.0)));
    assert!(!zero.holds(), "{mean:?}");
    assert!(uncorrected.mean() > 2.8e-8 && uncorrected.admissibility().c_psi().is_none());
}

#[test]
fn known_constants() {
    let constant = |name: &str, parameters: Parameters| wavelet(name, parameters).admissibility().c_psi().unwrap();
    let order = |order: f64| Parameters { order: Some(order), ..Default::default() };
    assert_eq!(constant("ricker", Parameters::default()), 2.0 * PI);
    assert_eq!(constant("dog", order(1.0)), 2.0 * PI);
    assert_eq!(constant("dog", order(2.0)), 2.0 * PI);
    // Where π^{-1/4} is left out of the Morlet wavelet its constant is √π times ours.
    for (omega0, published) in [(5.0, 2.27486), (6.0, 1.88305)] {
        let ours = constant("morlet", Parameters { omega0: Some(omega0), ..Default::default() });
        assert!((PI.sqrt() * ours - published).abs() < 5e-6, "{omega0}: {ours}");
    }
}

#[test]
fn ricker_is_the_second_derivative_of_gaussian() {
    let dog = DerivativeOfGaussian::new(2).unwrap();
    for i in -400..=400 {
        let x = f64::from(i) / 20.0;
        let scale = (1.0 + x * x) * (-x * x / 2.0).exp();
        let bound = Bound::rounding((8.0 + x * x) * U * scale + f64::MIN_POSITIVE);
        assert_holds(Agreement::of(dog.psi(x).re, Ricker.psi(x).re, bound), x);
        assert_holds(Agreement::of(dog.psihat(x).re, Ricker.psihat(x).re, bound * 4.0), x);
    }
    assert_eq!(dog.admissibility(), Ricker.admissibility());
    assert!((dog.energy() - Ricker.energy()).abs() <= 8.0 * U);
}

/// Generalised Morse with `γ = 1` is the Paul (Cauchy) wavelet up to a constant.
#[test]
fn morse_of_family_one_is_paul() {
    for order in [1, 2, 4, 9, 30] {
        let (paul, morse) = (Paul::new(order).unwrap(), Morse::new(order.into(), 1.0).unwrap());
        let factor = morse.psi(0.0) / paul.psi(0.0);
        let error = morse.error();
        for i in -200..=200 {
            let t = f64::from(i) / 8.0;
            let difference = (morse.psi(t) - factor * paul.psi(t)).norm();
            let bound = (error + error) + Bound::rounding(roundoffs(&paul) * U * morse.psi(0.0).norm());
            assert_holds(Agreement::of(difference, 0.0, bound), format!("order {order} at {t}"));
        }
        assert!((morse.time_spread() - paul.time_spread()).abs() <= roundoffs(&morse) * U * paul.time_spread());
        // The bound means something: it is far below the function.
        assert!(error.total() < 1e-11 * morse.psi(0.0).norm(), "{order}: {error:?}");
    }
}

#[test]
fn nothing_overflows_far_out() {
    for wavelet in &every_wavelet() {
        for x in [1e3, 1e150, f64::MAX, f64::INFINITY] {
            for x in [x, -x] {
                assert!(wavelet.psi(x).is_finite(), "{wavelet:?}: psi({x})");
                assert!(x.is_infinite() || wavelet.psihat(x).is_finite(), "{wavelet:?}: psihat({x})");
            }
        }
        for number in [wavelet.mean(), wavelet.energy(), wavelet.e_folding_time(), wavelet.centre_frequency()] {
            assert!(number.is_finite());
        }
    }
    for order in [DerivativeOfGaussian::MAX_ORDER, 40] {
        let dog = DerivativeOfGaussian::new(order).unwrap();
        assert!(dog.energy().is_finite() && dog.admissibility().c_psi().unwrap().is_finite());
        // Energy Γ(m + 1/2) and constant 2π Γ(m): each order is the one below times a simple factor.
        // Γ goes through a power whose logarithm reaches 710, which magnifies a rounding as much:
        // 710 u = 8e-14.
        let below = DerivativeOfGaussian::new(order - 1).unwrap();
        let m = f64::from(order);
        let constant = |dog: &DerivativeOfGaussian| dog.admissibility().c_psi().unwrap();
        assert!((dog.energy() / below.energy() / (m - 0.5) - 1.0).abs() <= 1e-13, "energy of order {order}");
        assert!((constant(&dog) / constant(&below) / (m - 1.0) - 1.0).abs() <= 1e-13, "constant of order {order}");
        assert!((-600..600).all(|t| dog.psi(f64::from(t) / 10.0).is_finite()));
    }
    for omega0 in [1e-100, 1e-8, 1e8, 1e100] {
        let morlet = Morlet::corrected(omega0).unwrap();
        let numbers = [morlet.energy(), morlet.admissibility().c_psi().unwrap(), morlet.uncertainty_product()];
        assert!(numbers.iter().all(|n| n.is_finite() && *n > 0.0), "{omega0}: {numbers:?}");
    }
}

#[test]
fn tails_bound_what_a_truncated_sum_leaves_out() {
    for wavelet in &every_wavelet() {
        let wavelet = wavelet.as_ref();
        for (radius, scale) in [(2.0, 1.0), (3.0, 0.7), (5.5, 3.0), (8.0, 20.0)] {
            let bound = scale * wavelet.tail(radius);
            let first = (scale * radius).floor() as i32 + 1;
            let left_out: f64 = (first..first + 4000)
                .map(|k| wavelet.psi(f64::from(k) / scale).norm() + wavelet.psi(-f64::from(k) / scale).norm())
                .sum();
            assert!(left_out <= bound * (1.0 + 1e-9), "{wavelet:?} at {radius}: {left_out:e} > {bound:e}");
        }
        for radius in [1.0, 6.0, 20.0, 60.0] {
            if wavelet.spectral_tail(radius).is_finite() {
                let rest = integrate(|w| wavelet.psihat(w).norm(), radius, radius + 400.0, &[], 1e-15);
                assert!(rest.value <= wavelet.spectral_tail(radius) + rest.error.total(), "{wavelet:?} at {radius}");
            }
        }
    }
}

#[test]
fn parameters_are_validated_and_errors_name_them() {
    let with = |omega0, order, gamma, cycles| Parameters { omega0, order, gamma, cycles, ..Default::default() };
    let band = |bandwidth, centre| Parameters { bandwidth, centre, ..Default::default() };
    let none = None;
    for (name, parameters, expected) in [
        ("morlet", with(Some(0.0), none, none, None), "morlet: omega0 is 0, expected a number from 1e-100 to 1e100"),
        ("morlet-uncorrected", with(Some(f64::NAN), none, none, None), "morlet-uncorrected: omega0 is NaN"),
        ("dog", with(none, Some(0.0), none, None), "dog: order is 0, expected 1 to 171"),
        ("dog", with(none, Some(172.0), none, None), "dog: order is 172"),
        ("dog", with(none, Some(2.5), none, None), "dog: order is 2.5, expected a whole number"),
        ("paul", with(none, Some(-1.0), none, None), "paul: order is -1"),
        ("paul", with(none, Some(1e300), none, None), "paul: order is 1"),
        ("morse", with(none, Some(-1.0), none, None), "morse: order (beta) is -1"),
        ("morse", with(none, none, Some(f64::INFINITY), None), "morse: gamma is inf"),
        ("haar", with(none, Some(2.0), none, None), "order does not apply to haar, which has no parameters"),
        ("dog", with(Some(5.0), none, none, None), "omega0 does not apply to dog, which takes order"),
        ("morse", with(none, none, none, Some(3)), "cycles does not apply to morse, which takes order, gamma"),
        ("analytic-morlet", with(Some(0.05), none, none, None), "analytic-morlet: omega0 is 0.05"),
        ("analytic-dog", with(none, Some(172.0), none, None), "analytic-dog: order is 172, expected 1 to 171"),
        ("fbsp", with(none, Some(17.0), none, None), "fbsp: order is 17, expected 1 to 16"),
        (
            "shannon",
            with(none, Some(2.0), none, None),
            "order does not apply to shannon, which takes bandwidth, centre",
        ),
        ("shannon", band(Some(0.0), none), "shannon: bandwidth is 0"),
        ("fbsp", band(none, Some(f64::NAN)), "fbsp: centre is NaN"),
        ("haar", band(Some(1.0), none), "bandwidth does not apply to haar"),
        ("mexh", Parameters::default(), "unknown wavelet `mexh`, expected one of: haar ricker morlet"),
    ] {
        let error: WaveletError = by_name(name, &parameters).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

// --- values computed by others -------------------------------------------------------------

/// Of all wavelets, and of those with a one-sided or compact spectrum.
fn references() -> [Value; 2] {
    [include_str!("data/wavelets/references.json"), include_str!("data/wavelets/one_sided.json")]
        .map(|text| serde_json::from_str(text).unwrap())
}

fn complex(value: &Value) -> Complex64 {
    Complex64::new(value[0].as_f64().unwrap(), value[1].as_f64().unwrap())
}

fn built(row: &Value) -> Box<dyn MotherWavelet> {
    let number = |name: &str| row["parameters"][name].as_f64();
    let parameters = Parameters {
        omega0: number("omega0"),
        order: number("order"),
        gamma: number("gamma"),
        bandwidth: number("bandwidth"),
        centre: number("centre"),
        cycles: None,
    };
    wavelet(row["name"].as_str().unwrap(), parameters)
}

#[test]
fn mpmath_agrees() {
    let references = references();
    let (times, omegas) = (references[0]["times"].as_array().unwrap(), references[0]["omegas"].as_array().unwrap());
    let mut compared = 0;
    for row in references.iter().flat_map(|references| references["mpmath"].as_array().unwrap()) {
        let wavelet = built(row);
        let wavelet = wavelet.as_ref();
        let relative = roundoffs(wavelet) * U;
        for (key, ours) in [
            ("energy", wavelet.energy()),
            ("time_spread", wavelet.time_spread()),
            ("frequency_spread", wavelet.frequency_spread()),
            ("c_psi", wavelet.admissibility().c_psi().unwrap_or(f64::NAN)),
            ("peak_omega", 2.0 * PI * wavelet.centre_frequency()),
        ] {
            if let Some(theirs) = row[key].as_f64() {
                // The frequency spread of Morse is a small difference of large moments.
                let parameters = wavelet.parameters();
                let cancelled = match parameters.as_slice() {
                    [("beta", beta), ("gamma", family)] if key == "frequency_spread" => 1.0 + beta * family,
                    [("order", order)] if key == "frequency_spread" && wavelet.is_analytic() => 1.0 + 4.0 * order,
                    _ => 1.0,
                };
                let bound = Bound::rounding(cancelled * relative * theirs);
                assert_holds(Agreement::of(ours, theirs, bound), format!("{wavelet:?}: {key} {ours} {theirs}"));
                assert!(!Agreement::of(ours * (1.0 + 1e-9), theirs, bound).holds());
                compared += 1;
            }
        }
        let table = |key: &str| row[key].as_array().unwrap().iter().map(complex).collect::<Vec<_>>();
        let psi = table("psi");
        let peak = psi.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let times = times.iter().map(|t| t.as_f64().unwrap());
        let times: Vec<f64> = times.filter(|t| psi.len() == omegas.len() || t.abs() < 10.0).collect();
        let parameter = |name: &str| row["parameters"][name].as_f64().unwrap();
        let own = match wavelet.name() {
            "morse" => Morse::new(parameter("order"), parameter("gamma")).unwrap().error(),
            "analytic-dog" => AnalyticDerivativeOfGaussian::new(parameter("order") as u32).unwrap().error(),
            _ => Bound::EXACT,
        };
        for (&t, theirs) in times.iter().zip(&psi) {
            let error = (wavelet.psi(t) - theirs).norm();
            assert_holds(
                Agreement::of(error, 0.0, own + Bound::rounding(relative * peak)),
                format!("{wavelet:?} at {t}"),
            );
        }
        // The knots of a spline are where they are up to a rounding.
        let knots =
            if wavelet.name() == "fbsp" { wavelet.psihat(2.0 * PI * wavelet.centre_frequency()).norm() } else { 0.0 };
        for (omega, theirs) in omegas.iter().map(|w| w.as_f64().unwrap()).zip(table("psihat")) {
            // e^{-w²/2} and e^{-w^γ} amplify the rounding of their exponent, and w^γ itself is
            // e^{γ ln w} for Morse.
            let family = row["parameters"]["gamma"].as_f64().unwrap_or(2.0);
            let logarithm = 1.0 + family * (1.0 + omega.abs().ln().abs());
            let exponent = 4.0 * (1.0 + omega.abs().powf(family.max(1.0))) * logarithm * U;
            let error = (wavelet.psihat(omega) - theirs).norm();
            let bound = Bound::rounding((relative + exponent) * theirs.norm() + relative * knots + f64::MIN_POSITIVE);
            assert_holds(Agreement::of(error, 0.0, bound), format!("{wavelet:?}: spectrum at {omega}, {theirs}"));
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn pywavelets_and_scipy_agree_up_to_the_stated_factor() {
    for row in references().iter().flat_map(|references| references["others"].as_array().unwrap()) {
        let wavelet = built(row);
        let source = row["source"].as_str().unwrap();
        let factor = row["factor"].as_f64().unwrap();
        let psi: Vec<Complex64> = row["psi"].as_array().unwrap().iter().map(complex).collect();
        let peak = psi.iter().map(|z| z.norm()).fold(0.0, f64::max);
        for (t, theirs) in row["t"].as_array().unwrap().iter().zip(&psi) {
            let t = t.as_f64().unwrap();
            let bound = Bound::rounding((roundoffs(wavelet.as_ref()) + 8.0 * t * t) * U * peak);
            let off = |ours: Complex64| Agreement::of((ours - theirs).norm(), 0.0, bound);
            assert_holds(off(factor * wavelet.psi(t)), format!("{source} at {t}"));
        }
        // Without the factor the two must differ, unless it is 1.
        let worst = row["t"].as_array().unwrap().iter().zip(&psi);
        let worst = worst.map(|(t, theirs)| (wavelet.psi(t.as_f64().unwrap()) - theirs).norm()).fold(0.0, f64::max);
        assert_eq!(worst > 1e-3 * peak, factor != 1.0, "{source}");
    }
}

// --- random parameters ----------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn morlet_closed_forms_hold_for_any_carrier(omega0 in 0.02..12.0f64) {
        let morlet = Morlet::corrected(omega0).unwrap();
        let relative = roundoffs(&morlet) * U;
        let energy = integrate(|t| morlet.psi(t).norm_sqr(), -14.0, 14.0, &[], 1e-14);
        prop_assert!(Agreement::of(morlet.energy(), energy.value, energy.error + Bound::rounding(relative)).holds());
        let power = |w: f64| (morlet.psihat(w).norm_sqr() + morlet.psihat(-w).norm_sqr()) / w;
        let constant = integrate(power, 1e-200, omega0 + 20.0, &[], 1e-13);
        let c_psi = morlet.admissibility().c_psi().unwrap();
        prop_assert!(Agreement::of(c_psi, constant.value, constant.error + Bound::rounding(relative * c_psi)).holds());
        // Bisection on the derivative's sign, w (1 - e^{-w ω0}) - ω0.
        let (mut low, mut high) = (0.0, 1.0 + omega0);
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if -middle * (-middle * omega0).exp_m1() < omega0 { low = middle } else { high = middle }
        }
        prop_assert!((2.0 * PI * morlet.centre_frequency() - low).abs() <= 32.0 * U * low);
    }

    #[test]
    fn hermite_values_satisfy_the_differential_equation(order in 1u32..=171, t in -30.0..30.0f64) {
        // psi_m' = -psi_{m+1} relates neighbours; the recurrence t psi_m = psi_{m+1} + m psi_{m-1}
        // holds between values that three separate wavelets computed.
        prop_assume!((2..171).contains(&order));
        let value = |m: u32| DerivativeOfGaussian::new(m).unwrap().psi(t).re;
        let (below, here, above) = (value(order - 1), value(order), value(order + 1));
        let size = (t * here).abs() + above.abs() + f64::from(order) * below.abs();
        let bound = gamma(8, U) * size + f64::MIN_POSITIVE;
        prop_assert!((t * here - above - f64::from(order) * below).abs() <= bound);
    }

    #[test]
    fn morse_values_are_the_inverse_transform(beta in 0.3..60.0f64, family in 0.8..8.0f64, t in -20.0..20.0f64) {
        let morse = Morse::new(beta, family).unwrap();
        let radius = (1..100_000).map(|k| f64::from(k) / 4.0).find(|r| morse.spectral_tail(*r) < 1e-14).unwrap();
        let part = |f: &dyn Fn(Complex64) -> f64| {
            integrate(|w| f(morse.psihat(w) * Complex64::cis(w * t)) / (2.0 * PI), 0.0, radius, &[], 1e-13)
        };
        let (re, im) = (part(&|z| z.re), part(&|z| z.im));
        let bound = morse.error() + re.error + im.error
            + Bound { rounding: roundoffs(&morse) * U * morse.psi(0.0).norm(), truncation: 1e-14 };
        let error = (morse.psi(t) - Complex64::new(re.value, im.value)).norm();
        prop_assert!(error <= bound.total(), "{} > {:?}", error, bound);
        prop_assert!(morse.error().total() < 1e-9 * (1.0 + morse.psi(0.0).norm()), "{:?}", morse.error());
    }
}
