use std::f64::consts::TAU as TAU_64;

use rayon::prelude::*;

use super::constant::{Constant, Method, Stated};
use super::frequency_b_spline::frequency_b_spline;
use super::morlet;
use crate::numeric::{Around, Enclosure, GaussLegendre};
use crate::theorem::admissibility::named;
use crate::wavelet::{
    AnalyticDerivativeOfGaussian, DerivativeOfGaussian, Gaussian, Haar, HaarLike, Morse, MotherWavelet, Part, Paul,
    Ricker, WaveletError,
};

/// Roundings of a formula of a few operations, each off by one unit roundoff at most, library functions by two.
pub(super) const FEW: f64 = 16.0;
/// Of the series behind `Si`, `Cin`, and `S` of the Morlet wavelet, as the checks of the catalogue allow.
pub(super) const SERIES: f64 = 64.0;

/// Carrier, and `beta` and `gamma`, of the wavelets that have them.
const CARRIERS: [i32; 2] = [5, 6];
const MORSE: (u32, u32) = (20, 3);

type Job = Box<dyn Fn(&GaussLegendre) -> Result<Vec<Constant>, WaveletError> + Send + Sync>;

/// The numbers of every wavelet, in the order of the documentation.
pub(super) fn constants() -> Result<Vec<Constant>, WaveletError> {
    let rule = GaussLegendre::new(20);
    let mut jobs: Vec<Job> = vec![Box::new(haar), Box::new(gaussian)];
    for order in [1, 2, 6] {
        jobs.push(Box::new(move |rule| derivative_of_gaussian(rule, order)));
    }
    for carrier in CARRIERS {
        jobs.push(Box::new(move |rule| morlet::two_sided(rule, carrier)));
        jobs.push(Box::new(move |rule| morlet::one_sided(rule, carrier)));
    }
    jobs.push(Box::new(|rule| paul(rule, 4)));
    jobs.push(Box::new(morse));
    for (order, is_shannon) in [(1, true), (1, false), (2, false), (3, false)] {
        jobs.push(Box::new(move |rule| frequency_b_spline(rule, order, is_shannon)));
    }
    for cycles in 1..=16 {
        jobs.push(Box::new(move |rule| haar_like(rule, cycles)));
    }
    let made: Vec<_> = jobs.par_iter().map(|job| job(&rule)).collect();
    Ok(made.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

pub(super) fn of(value: f64) -> Enclosure {
    Enclosure::of(value)
}

pub(super) fn whole(value: i32) -> Enclosure {
    Enclosure::from(value)
}

pub(super) fn tau() -> Enclosure {
    whole(2) * Enclosure::pi()
}

/// `0, 1/n, ..., count/n` after `first`.
pub(super) fn panels(first: i32, count: u32, parts: u32) -> Vec<Enclosure> {
    (0..=count).map(|i| whole(first) + Enclosure::ratio(i.into(), parts.into())).collect()
}

/// The numbers that every wavelet has, of which those of one side are absent where there is no such number.
pub(super) struct Numbers {
    /// By closed form, then by quadrature.
    pub(super) mean: [Enclosure; 2],
    pub(super) energy: [Enclosure; 2],
    pub(super) time_spread: Option<[Enclosure; 2]>,
    pub(super) frequency_spread: Option<[Enclosure; 2]>,
    pub(super) c_psi: Option<[Enclosure; 2]>,
    /// A change of sign of the slope of the spectrum, in radians; beside the closed form, where there is one.
    pub(super) centre: Option<(Option<Enclosure>, Enclosure)>,
}

impl Numbers {
    /// Beside the numbers of the program, whose roundings are `roundoffs`, for the constant, and for the rest.
    pub(super) fn beside(self, wavelet: &dyn MotherWavelet, series: f64, rest: f64) -> Vec<Constant> {
        let name = named(wavelet);
        let row = |quantity, [closed, integral]: [Enclosure; 2], value, roundoffs| {
            let stated = Stated { value, roundoffs };
            Constant::new(&name, quantity, Some(closed), (Method::Quadrature, integral), stated)
        };
        let mut rows =
            vec![row("mean", self.mean, wavelet.mean(), rest), row("energy", self.energy, wavelet.energy(), rest)];
        if let Some(spread) = self.time_spread {
            rows.push(row("time spread", spread, wavelet.time_spread(), rest));
        }
        if let Some(spread) = self.frequency_spread {
            rows.push(row("frequency spread", spread, wavelet.frequency_spread(), rest));
        }
        if let Some(constant) = self.c_psi {
            // A wavelet that the program calls inadmissible has no number to compare, and fails.
            rows.push(row("C_psi", constant, wavelet.admissibility().c_psi().unwrap_or(f64::NAN), series));
        }
        if let Some((closed, root)) = self.centre {
            let stated = Stated { value: wavelet.centre_frequency(), roundoffs: SERIES };
            let closed = closed.map(|closed| closed / tau());
            rows.push(Constant::new(&name, "centre frequency", closed, (Method::Sign, root / tau()), stated));
        }
        rows
    }
}

/// `e^{b²}` for the height `b` of a rectangle, less what the nearest real part takes off: a bound on `|e^{-z²}|`.
pub(super) fn gauss(around: Around) -> f64 {
    (around.height.powi(2) - around.nearest(0.0).powi(2)).exp()
}

/// `2|psihat(z)|²/|z| ≤ 4 e^{2b}` for a real `psi` of mean 0 on `[0, 2]` with `|psi| ≤ 1`.
///
/// `psihat(z) psihat(-z)` is entire, and `psi` may be centred at 1, since the factor `e^{iz}` cancels. Then each factor is at most
/// `∫|psi| e^b ≤ 2e^b`, and, as the mean is 0, at most `∫|t - 1||psi| |z| e^b ≤ |z| e^b`: both together
/// `2 min(|z|, 4/|z|) e^{2b} ≤ 4e^{2b}`.
fn compact(around: Around) -> f64 {
    4.0 * (2.0 * around.height).exp()
}

/// A number between 0 and this one, which is the integral of an alternating tail.
fn between_zero_and(upper: &Enclosure) -> Enclosure {
    of(0.0).hull(upper)
}

/// `∫_A^∞ h(w) sin(aw) dw` between `h/a - h''/a³` and `h/a`, at an `A` that is a whole number of turns of `aw`.
///
/// For a completely monotone `h` (products of `1/(w ± c)` are) so are `-h'` and `h''`. Two integrations by parts
/// give `h(A)/a - (1/a²)∫ h'' sin`, and the last integral lies between 0 and `h''(A)/a`, by the same formula.
fn sine_tail(h: &Enclosure, second: &Enclosure, a: i32) -> Enclosure {
    let a = whole(a);
    h / &a - between_zero_and(second) / (&a * &a * a.clone())
}

fn haar(rule: &GaussLegendre) -> Result<Vec<Constant>, WaveletError> {
    // Panels on which psi is 1 and -1: polynomials, which no ellipse bounds better than their size there.
    let halves = [[whole(0), of(0.5)], [of(0.5), whole(1)]];
    let integral = |f: fn(&Enclosure) -> Enclosure, sign: i32| {
        let square = |around: Around| around.modulus().max(1.0).powi(2) + around.modulus() + 1.0;
        rule.integrate(&halves[0], f, square) + whole(sign) * rule.integrate(&halves[1], f, square)
    };
    let variance = |t: &Enclosure| (t - &of(0.5)).powi(2);
    // |psihat|² = 16 sin⁴(w/4)/w² up to A, 64 turns of w/2.
    let ends: Vec<Enclosure> = (0..=128).map(|i| whole(i) * tau()).collect();
    let power = |w: &Enclosure| whole(32) * (w / &whole(4)).cos_sin().1.powi(4) / w.powi(3);
    let a = &ends[128];
    // Beyond: 2 ∫ (6 - 8 cos(w/2) + 2 cos w)/w³, where ∫ cos(aw)/w³ = (3/a) ∫ sin(aw)/w⁴.
    let (fourth, second) = (whole(1) / a.powi(4), whole(20) / a.powi(6));
    let half_turns = whole(2) * &fourth - whole(8) * between_zero_and(&second);
    let turns = sine_tail(&fourth, &second, 1);
    let tail = whole(6) / a.powi(2) - whole(96) * half_turns + whole(12) * turns;
    let c_psi = rule.integrate(&ends, power, compact) + tail;
    // (w/4) tells the slope of sin²(w/4)/w: it has the sign of 2x cos x - sin x.
    let slope = |x: &Enclosure| {
        let (cos, sin) = x.cos_sin();
        whole(2) * x * cos - sin
    };
    let numbers = Numbers {
        mean: [whole(0), integral(|_| whole(1), -1)],
        energy: [whole(1), integral(|_| whole(1), 1)],
        time_spread: Some([whole(1) / whole(12).sqrt(), integral(variance, 1).sqrt()]),
        frequency_spread: None,
        c_psi: Some([whole(2) * whole(2).ln(), c_psi]),
        centre: Some((None, whole(4) * Enclosure::root(slope, 1.0, 1.5))),
    };
    Ok(numbers.beside(&Haar, SERIES, FEW))
}

/// `psi(t) = e^{-t²}`; beyond 12 both tails of `t² e^{-t²}` and the like are below `13² e^{-144}`.
fn gaussian(rule: &GaussLegendre) -> Result<Vec<Constant>, WaveletError> {
    let ends = panels(-12, 48, 2);
    let tail = 1e-58;
    // t^k e^{-c t²} for c = 1 or 2, or 1/2: modulus |z|^k e^{-c Re z²}.
    let moment = |power: u32, factor: f64| {
        let f = |t: &Enclosure| t.powi(power) * (of(-factor) * (t * t)).exp();
        let modulus = |around: Around| around.modulus().powi(power as i32) * gauss(around).powf(factor);
        rule.integrate(&ends, f, modulus)
    };
    let energy = moment(0, 2.0).widened(tail);
    // |psihat|² = π e^{-w²/2}, whose tails beyond 12 are below 13² e^{-72}.
    let frequency = [0, 2].map(|power| moment(power, 0.5).widened(1e-28));
    let [mass, square] = frequency;
    let numbers = Numbers {
        mean: [Enclosure::pi().sqrt(), moment(0, 1.0).widened(tail)],
        energy: [(Enclosure::pi() / whole(2)).sqrt(), energy.clone()],
        time_spread: Some([of(0.5), (moment(2, 2.0).widened(tail) / energy).sqrt()]),
        frequency_spread: Some([whole(1), (square / mass).sqrt()]),
        c_psi: None,
        centre: None,
    };
    Ok(numbers.beside(&Gaussian, SERIES, FEW))
}

/// `He_n(t)`. For `n ≤ m`, real and complex, `|He_n(t)| ≤ (|t| + √m)^n`: by induction, `n ≤ m` and the recurrence.
fn hermite(order: u32, t: &Enclosure) -> Enclosure {
    let (mut before, mut value) = (whole(0), whole(1));
    for n in 0..order {
        (before, value) = (value.clone(), t * &value - of(n.into()) * before);
    }
    value
}

/// Order 2 stands for the Ricker function as well, which is the same function by other code.
fn derivative_of_gaussian(rule: &GaussLegendre, order: u32) -> Result<Vec<Constant>, WaveletError> {
    let (ends, reach) = (panels(-12, 24, 1), 12.0f64);
    let (m, root) = (f64::from(order), f64::from(order).sqrt());
    let time = |extra: u32| {
        let f = |t: &Enclosure| t.powi(extra) * hermite(order, t).powi(2) * (-(t * t)).exp();
        let degree = 2.0 * m + f64::from(extra);
        let modulus = |around: Around| (around.modulus() + root).powf(degree) * gauss(around);
        // Beyond R the logarithm of the integrand falls by more than 2R - degree/R.
        let tail = 2.0 * (reach + root).powf(degree) * (-reach * reach).exp() / (2.0 * reach - degree / reach);
        rule.integrate(&ends, f, modulus).widened(1.001 * tail)
    };
    let mean = {
        let f = |t: &Enclosure| hermite(order, t) * (of(-0.5) * (t * t)).exp();
        let modulus = |around: Around| (around.modulus() + root).powf(m) * gauss(around).sqrt();
        let tail = 2.0 * (reach + root).powf(m) * (-reach * reach / 2.0).exp() / (reach - m / reach);
        rule.integrate(&ends, f, modulus).widened(1.001 * tail)
    };
    // |psihat|² = 2π w^{2m} e^{-w²}, twice the integral over w > 0.
    let frequency = |power: u32| {
        let f = |w: &Enclosure| w.powi(power) * (-(w * w)).exp();
        let degree = f64::from(power);
        let modulus = |around: Around| around.modulus().powf(degree) * gauss(around);
        let tail = reach.powf(degree) * (-reach * reach).exp() / (2.0 * reach - degree / reach);
        let integral = rule.integrate(&panels(0, 12, 1), f, modulus).widened(1.001 * tail);
        whole(2) * tau() * integral
    };
    let (energy, mass) = (time(0), frequency(2 * order));
    let odd_factors = (1..=order).map(|k| Enclosure::ratio(2 * i64::from(k) - 1, 2));
    let closed_energy = odd_factors.fold(Enclosure::pi().sqrt(), |product, factor| product * factor);
    let factorial = (1..order).map(|k| of(k.into())).fold(whole(1), |product, factor| product * factor);
    let spread = Enclosure::ratio(4 * i64::from(order) - 1, 4 * i64::from(order) - 2).sqrt();
    let numbers = || Numbers {
        mean: [whole(0), mean.clone()],
        energy: [closed_energy.clone(), energy.clone()],
        time_spread: Some([spread.clone(), (time(2) / energy.clone()).sqrt()]),
        frequency_spread: Some([(of(m) + of(0.5)).sqrt(), (frequency(2 * order + 2) / mass.clone()).sqrt()]),
        c_psi: Some([tau() * factorial.clone(), frequency(2 * order - 1)]),
        // The slope of w^m e^{-w²/2} has the sign of m - w².
        centre: Some((Some(of(m).sqrt()), Enclosure::root(|w| of(m) - w * w, 0.5, 8.0))),
    };
    // The analytic one has twice the spectrum at w > 0; psihat' is (m w^{m-1} - w^{m+1}) e^{-w²/2} times a number.
    let doubled = || {
        let [below, first, above] = [2 * order - 2, 2 * order + 1, 2 * order + 2].map(frequency);
        let slopes = of(m * m) * below - of(2.0 * m) * &mass + &above;
        let ratios = (1..=order).map(|k| Enclosure::ratio(2 * i64::from(k), 2 * i64::from(k) - 1));
        let centre = ratios.fold(whole(1), |product, next| product * next) / Enclosure::pi().sqrt();
        Numbers {
            // psihat(0).
            mean: [whole(0), whole(0)],
            energy: [whole(2) * &closed_energy, whole(2) * &mass / tau()],
            time_spread: Some([spread.clone(), (slopes / &mass).sqrt()]),
            frequency_spread: Some([
                (of(m + 0.5) - centre.powi(2)).sqrt(),
                (above / &mass - (first / &mass).powi(2)).sqrt(),
            ]),
            c_psi: Some([whole(2) * tau() * &factorial, whole(2) * frequency(2 * order - 1)]),
            centre: Some((Some(of(m).sqrt()), Enclosure::root(|w| of(m) - w * w, 0.5, 8.0))),
        }
    };
    let mut rows = numbers().beside(&DerivativeOfGaussian::new(order)?, SERIES, FEW);
    // Its frequency spread is stated to 50 m roundoffs.
    rows.extend(doubled().beside(&AnalyticDerivativeOfGaussian::new(order)?, SERIES, 50.0 * m));
    if order == 2 {
        rows.extend(numbers().beside(&Ricker, SERIES, FEW));
    }
    Ok(rows)
}

/// With `t = tan φ` everything in time is an entire function of `φ`: `|psi|² dt = c² cos^{2m} φ dφ`.
fn paul(rule: &GaussLegendre, order: u32) -> Result<Vec<Constant>, WaveletError> {
    let m = i64::from(order);
    let c_square = (1..=m).map(|k| Enclosure::ratio(2 * k, 2 * k - 1)).fold(whole(1), |product, next| product * next)
        / Enclosure::pi();
    let ends: Vec<Enclosure> = (-4..=4).map(|i| Enclosure::ratio(i, 8) * Enclosure::pi()).collect();
    // On a rectangle |cos z| and |sin z| are at most e^b.
    let time = |sines: u32, cosines: u32| {
        let f = |phi: &Enclosure| {
            let (cos, sin) = phi.cos_sin();
            &c_square * &(sin.powi(sines) * cos.powi(cosines))
        };
        rule.integrate(&ends, f, |around| 2.0 * (f64::from(sines + cosines) * around.height).exp())
    };
    // psi dt = c i^m e^{i(m+1)φ} cos^{m-1} φ dφ, whose imaginary part is odd.
    let mean = {
        let f = |phi: &Enclosure| phi.cos_sin().0.powi(order - 1) * (whole(order as i32 + 1) * phi).cos_sin().0;
        c_square.sqrt() * rule.integrate(&ends, f, |around| (2.0 * f64::from(order) * around.height).exp())
    };
    // |psihat|² = (2πc/m!)² w^{2m} e^{-2w} on w > 0.
    let factorial = (1..=m).map(|k| of(k as f64)).fold(whole(1), |product, next| product * next);
    let amplitude = (tau() / factorial).powi(2) * c_square.clone();
    let frequency = |power: u32| {
        let (reach, degree) = (60.0f64, f64::from(power));
        let f = |w: &Enclosure| &amplitude * &(w.powi(power) * (whole(-2) * w).exp());
        let size = amplitude.magnitude();
        let modulus = |around: Around| size * around.modulus().powf(degree) * (-2.0 * around.low).exp();
        let tail = size * reach.powf(degree) * (-2.0 * reach).exp() / (2.0 - degree / reach);
        rule.integrate(&panels(0, 60, 1), f, modulus).widened(1.001 * tail)
    };
    let [mass, first, second] = [0, 1, 2].map(|extra| frequency(2 * order + extra));
    let centre = first / mass.clone();
    let numbers = Numbers {
        mean: [whole(0), mean],
        energy: [whole(1), time(0, 2 * order)],
        time_spread: Some([
            (whole(1) / of((2 * m - 1) as f64)).sqrt(),
            (time(2, 2 * order - 2) / time(0, 2 * order)).sqrt(),
        ]),
        frequency_spread: Some([of((2 * m + 1) as f64).sqrt() / whole(2), (second / mass - centre.powi(2)).sqrt()]),
        c_psi: Some([tau() / of(m as f64), frequency(2 * order - 1)]),
        // The slope of w^m e^{-w} has the sign of m - w.
        centre: Some((Some(of(m as f64)), Enclosure::root(|w| of(m as f64) - w, 0.5, 2.0 * m as f64 + 1.0))),
    };
    Ok(numbers.beside(&Paul::new(order)?, FEW, FEW))
}

/// `|psihat|² = a² w^{2β} e^{-2w^γ}` on `w > 0`, and by Parseval everything in time: `psi` has no elementary form.
fn morse(rule: &GaussLegendre) -> Result<Vec<Constant>, WaveletError> {
    let (beta, family) = MORSE;
    let (b, g) = (i64::from(beta), i64::from(family));
    // a² = 4 (eγ/β)^{2β/γ}.
    let base = whole(1).exp() * Enclosure::ratio(g, b);
    let amplitude = whole(4) * base.pow(&Enclosure::ratio(2 * b, g));
    let closed = |power: i64| {
        let s = Enclosure::ratio(2 * b + power + 1, g);
        let two = (&s * &whole(2).ln()).exp();
        &amplitude * &(s.gamma() / (of(g as f64) * two))
    };
    let size = amplitude.magnitude();
    // For γ = 3, Re z³ ≥ x³ - 3xy², and the second part is largest at the right end.
    let decay =
        |around: Around| (-2.0 * (around.low.powi(3) - 3.0 * around.high.max(0.0) * around.height.powi(2))).exp();
    let (reach, ends) = (4.5f64, panels(0, 18, 4));
    let integral = |f: &(dyn Fn(&Enclosure) -> Enclosure + Sync), degree: f64, factor: f64| {
        let modulus = |around: Around| factor * around.modulus().max(1.0).powf(degree) * decay(around);
        // The logarithm of the integrand falls by more than 2γR² - degree/R.
        let tail = factor * reach.powf(degree) * (-2.0 * reach.powi(3)).exp() / (6.0 * reach.powi(2) - degree / reach);
        rule.integrate(&ends, f, modulus).widened(1.001 * tail)
    };
    let power = |extra: i64| {
        let degree = (2 * b + extra) as u32;
        let f = |w: &Enclosure| &amplitude * &(w.powi(degree) * (whole(-2) * w.powi(family)).exp());
        integral(&f, f64::from(degree), size)
    };
    // |psihat'|² = a² w^{2β-2} (β - γw^γ)² e^{-2w^γ}.
    let slopes = {
        let f = |w: &Enclosure| {
            let slope = of(b as f64) - of(g as f64) * w.powi(family);
            &amplitude * &(w.powi(2 * beta - 2) * slope.powi(2) * (whole(-2) * w.powi(family)).exp())
        };
        let factor = size * f64::from(beta + family).powi(2);
        integral(&f, f64::from(2 * beta - 2 + 2 * family), factor)
    };
    let [mass, first, second] = [0, 1, 2].map(power);
    let centre = first / mass.clone();
    let closed_spread = closed(2) / closed(0) - (closed(1) / closed(0)).powi(2);
    let moments = closed(-2) / closed(0) * of((1 + g * (2 * b - 1)) as f64) / whole(4);
    let numbers = Numbers {
        // psihat(0), which is all that the mean is.
        mean: [whole(0), whole(0)],
        energy: [closed(0) / tau(), mass.clone() / tau()],
        time_spread: Some([moments.sqrt(), (slopes / mass.clone()).sqrt()]),
        frequency_spread: Some([closed_spread.sqrt(), (second / mass - centre.powi(2)).sqrt()]),
        c_psi: Some([closed(-1), power(-1)]),
        // The slope of w^β e^{-w^γ} has the sign of β - γw^γ.
        centre: Some((
            Some(Enclosure::ratio(b, g).pow(&Enclosure::ratio(1, g))),
            Enclosure::root(|w| of(b as f64) - of(g as f64) * w.powi(family), 0.5, 4.0),
        )),
    };
    // Through logarithms of about (β/γ) ln(β/γ) = 13, and the spread in frequency βγ = 60 times that.
    let wavelet = Morse::new(beta.into(), family.into())?;
    Ok(numbers.beside(&wavelet, 16.0 * 13.0, 60.0 * 16.0 * 13.0))
}

/// `W = 2Kπ`. Both functions have the power `[(1 + sin w) f² + (1 - sin w) g²]/2`, with `f, g = sin(w/2)/((w ∓ W)/2)`: the
/// squares of the transforms on the two unit intervals and what they have in common.
fn haar_like(rule: &GaussLegendre, cycles: u32) -> Result<Vec<Constant>, WaveletError> {
    let turns = of(cycles.into());
    let peak = tau() * &turns;
    let bits = 192 + (6.0 * TAU_64 * f64::from(cycles)) as usize;
    let long = Enclosure::with_bits(2.0 * f64::from(cycles), bits) * Enclosure::pi_with_bits(bits);
    let (si, cin) = long.sine_cosine_integral();
    let (si_double, cin_double) = (&long + &long).sine_cosine_integral();
    let square = &peak * &peak;
    let closed = whole(4) / peak.clone() * (&si + &whole(2).ln() - &cin_double + &cin)
        + (whole(4) * &cin + whole(2) * &si_double - whole(4) * &si) / square.clone();

    // Up to A = 2π(K + 64), panels of half a turn, so that W is an end and never a node.
    let ends: Vec<Enclosure> = (0..=2 * (cycles as i32 + 64)).map(|i| whole(i) * Enclosure::pi()).collect();
    let power = |w: &Enclosure| {
        let (cos, sin) = (w * &of(0.5)).cos_sin();
        let twice = whole(2) * &sin * cos;
        let part = |w: Enclosure| (whole(2) * &sin / w).powi(2);
        let (near, far) = (part(w - &peak), part(w + &peak));
        ((whole(1) + &twice) * near + (whole(1) - &twice) * far) / w.clone()
    };
    let c_psi = rule.integrate(&ends, power, compact) + haar_like_tail(&ends[ends.len() - 1], &peak);

    // On [0, 1) in panels of half a turn; |cos Wz|, |sin Wz| ≤ e^{Wb}.
    let halves = panels(0, 2 * cycles, 2 * cycles);
    let reach = TAU_64 * f64::from(cycles);
    let over = |f: &(dyn Fn(&Enclosure, &Enclosure, &Enclosure) -> Enclosure + Sync), degree: f64| {
        let f = |t: &Enclosure| {
            let (cos, sin) = (&peak * t).cos_sin();
            f(t, &cos, &sin)
        };
        rule.integrate(&halves, f, |around| {
            4.0 * (1.0 + around.modulus()).powi(2) * (1.001 * degree * reach * around.height).exp()
        })
    };
    // A point t of the first interval stands for t + 1 of the second; the centre is 1.
    let [cosine, sine] = [over(&|_, cos, _| cos.clone(), 1.0), over(&|_, _, sin| sin.clone(), 1.0)];
    let [cosines, sines] = [over(&|_, cos, _| cos * cos, 2.0), over(&|_, _, sin| sin * sin, 2.0)];
    let before = |t: &Enclosure| (t - &whole(1)).powi(2);
    let early = [over(&|t, cos, _| before(t) * cos * cos, 2.0), over(&|t, _, sin| before(t) * sin * sin, 2.0)];
    let late = [over(&|t, cos, _| t * t * cos * cos, 2.0), over(&|t, _, sin| t * t * sin * sin, 2.0)];

    // The logarithm of the power has a slope of the sign of that of the power itself, between 0.5 and 1.4 above W.
    let slope = |x: &Enclosure| {
        let (cos, sin) = x.cos_sin();
        let (half_cos, half_sin) = (x * &of(0.5)).cos_sin();
        let w = &peak + x;
        let inner = &square + &(&w * &w) + whole(2) * &w * &peak * &sin;
        half_cos / half_sin - whole(2) / x.clone() + (whole(2) * &w + whole(2) * &peak * (&sin + &w * &cos)) / inner
            - whole(2) / (whole(2) * &peak + x)
    };
    let centre = &peak + &Enclosure::root(slope, 0.5, 1.4);
    let mut rows = Vec::new();
    for (part, mean, energy, variance) in [
        (Part::Psi, &cosine - &sine, &cosines + &sines, &early[0] + &late[1]),
        (Part::PsiPrime, &sine + &cosine, &sines + &cosines, &early[1] + &late[0]),
    ] {
        let numbers = Numbers {
            mean: [whole(0), mean],
            energy: [whole(1), energy],
            time_spread: Some([whole(1) / whole(3).sqrt(), variance.sqrt()]),
            frequency_spread: None,
            c_psi: Some([closed.clone(), c_psi.clone()]),
            centre: Some((None, centre.clone())),
        };
        rows.extend(numbers.beside(&HaarLike::new(cycles, part)?, SERIES, FEW));
    }
    Ok(rows)
}

/// `∫_A^∞ 2|psihat|²/w dw` at a whole number of turns `A > W`.
///
/// With `g± = 1/(w ∓ W)²` the integrand is `(2/w)(1 - cos w)[(g+ + g-) + sin w (g+ - g-)]`, that is
///
/// ```text
/// h - h cos w + k (sin w - sin(2w)/2),   h = (2/w)(g+ + g-),   k = (2/w)(g+ - g-) = 8W/(w² - W²)²
/// ∫ h = 2 [ ln(1 - W²/A²)/W² + 2/(A² - W²) ],   ∫ h cos w = ∫ (-h') sin w
/// ```
///
/// `h`, `-h'` and `k` are completely monotone.
fn haar_like_tail(a: &Enclosure, peak: &Enclosure) -> Enclosure {
    let (a_square, peak_square) = (a * a, peak * peak);
    let q = whole(1) / (&a_square - &peak_square);
    let steady = whole(2) * ((whole(1) - &peak_square / &a_square).ln() / peak_square.clone() + whole(2) * &q);
    // Each part of h is u = 2/(w v²), v = w ∓ W: -u' = uL and -u''' = u(L³ + 3LM + N), by L' = -M, M' = -N.
    let part = |v: Enclosure| {
        let u = whole(2) / (a * &v.powi(2));
        let [l, m, n] = [1u32, 2, 3].map(|k| whole(1) / a.powi(k) + whole(2) / v.powi(k));
        let third = &u * &(l.powi(3) + whole(3) * &l * &m + whole(2) * n);
        (u * l, third)
    };
    let ((slope, third), (other_slope, other_third)) = (part(a - peak), part(a + peak));
    let cosine = sine_tail(&(slope + other_slope), &(third + other_third), 1);
    // k = 8W q², k'' = 32W q³ (6w²q - 1).
    let k = whole(8) * peak * &q.powi(2);
    let second = whole(32) * peak * &q.powi(3) * (whole(6) * &a_square * &q - whole(1));
    let sine = sine_tail(&k, &second, 1) - of(0.5) * sine_tail(&k, &second, 2);
    steady - cosine + sine
}
