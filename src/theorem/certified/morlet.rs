use super::constant::Constant;
use super::wavelets::{FEW, Numbers, SERIES, gauss, of, panels, tau, whole};
use crate::numeric::{Around, Enclosure, GaussLegendre};
use crate::wavelet::{AnalyticMorlet, Morlet, WaveletError};

/// Both factors of a Morlet wavelet, with `κ = e^{-ω0²/2}` corrected and 0 uncorrected:
///
/// ```text
/// psi(t) = π^{-1/4} (e^{iω0t} - κ) e^{-t²/2},   psihat(w) = π^{-1/4} √(2π) B(w),   B(w) = e^{-(w-ω0)²/2} - κ e^{-w²/2}
/// ```
struct Factors<'a> {
    rule: &'a GaussLegendre,
    carrier: i32,
    size: f64,
    omega0: Enclosure,
    kappa: Enclosure,
}

/// Which frequencies an integral is over.
#[derive(Clone, Copy)]
enum Line {
    Whole,
    Positive,
}

impl<'a> Factors<'a> {
    fn new(rule: &'a GaussLegendre, carrier: i32, is_corrected: bool) -> Self {
        let omega0 = whole(carrier);
        let kappa = if is_corrected { (of(-0.5) * (&omega0 * &omega0)).exp() } else { whole(0) };
        Self { rule, carrier, size: carrier.into(), omega0, kappa }
    }

    /// `∫ t^k |psi|²`, where `|psi|² = π^{-1/2} e^{-t²} (1 - 2κ cos ω0t + κ²)`.
    ///
    /// On a rectangle `|cos ω0z| ≤ e^{ω0b}`, and the tails beyond 12 are below `4 · 12² e^{-144}`.
    fn time(&self, extra: u32) -> Enclosure {
        let root_pi = Enclosure::pi().sqrt();
        let f = |t: &Enclosure| {
            let weight = whole(1) - whole(2) * &self.kappa * (&self.omega0 * t).cos_sin().0 + &self.kappa * &self.kappa;
            t.powi(extra) * (-(t * t)).exp() * weight / root_pi.clone()
        };
        let modulus = |around: Around| {
            around.modulus().powi(extra as i32) * gauss(around) * 4.0 * (self.size * around.height).exp()
        };
        self.rule.integrate(&panels(-12, 48, 2), f, modulus).widened(1e-58)
    }

    /// `∫ Re psi`, where `Re psi = π^{-1/4} (cos ω0t - κ) e^{-t²/2}`; the tails beyond 12 are below `e^{-72}`.
    fn mean(&self) -> Enclosure {
        let root_pi = Enclosure::pi().sqrt();
        let f = |t: &Enclosure| {
            ((&self.omega0 * t).cos_sin().0 - &self.kappa) * (of(-0.5) * (t * t)).exp() / root_pi.sqrt()
        };
        let modulus = |around: Around| 2.0 * gauss(around).sqrt() * (self.size * around.height).exp();
        self.rule.integrate(&panels(-12, 48, 2), f, modulus).widened(1e-30)
    }

    /// `B(w)`.
    fn bump(&self, w: &Enclosure) -> Enclosure {
        let shifted = w - &self.omega0;
        (of(-0.5) * (&shifted * &shifted)).exp() - &self.kappa * (of(-0.5) * (w * w)).exp()
    }

    /// Of `|e^{-(z-ω0)²}|` and `|e^{-z²}|`, each with the power of `|z - ω0|` or `|z|`, twice the sum: a bound on the
    /// square of a difference of such terms, `κ ≤ 1`.
    fn modulus(&self, around: Around, power: i32) -> f64 {
        let near = Around { low: around.low - self.size, high: around.high - self.size, ..around };
        let term = |around: Around| around.modulus().powi(power) * gauss(around);
        2.0 * (term(around) + term(near))
    }

    /// The panels of a line, beyond whose ends everything here is below `20⁴ e^{-144}` in all.
    fn line(&self, line: Line) -> Vec<Enclosure> {
        match line {
            Line::Whole => panels(-12, 2 * (24 + self.carrier as u32), 2),
            Line::Positive => panels(0, 2 * (12 + self.carrier as u32), 2),
        }
    }

    /// `∫ w^k B²`.
    fn frequency(&self, line: Line, extra: u32) -> Enclosure {
        let f = |w: &Enclosure| w.powi(extra) * self.bump(w).powi(2);
        let modulus = |around: Around| around.modulus().powi(extra as i32) * self.modulus(around, 0);
        self.rule.integrate(&self.line(line), f, modulus).widened(1e-55)
    }

    /// `∫ B'²` over positive frequencies.
    fn slopes(&self) -> Enclosure {
        let f = |w: &Enclosure| {
            let shifted = w - &self.omega0;
            let near = &shifted * &(of(-0.5) * (&shifted * &shifted)).exp();
            (near - &self.kappa * w * (of(-0.5) * (w * w)).exp()).powi(2)
        };
        let modulus = |around: Around| self.modulus(around, 2);
        self.rule.integrate(&self.line(Line::Positive), f, modulus).widened(1e-55)
    }

    /// The standard deviation of the frequencies.
    fn frequency_spread(&self, line: Line) -> Enclosure {
        let [mass, first, second] = [0, 1, 2].map(|extra| self.frequency(line, extra));
        let mean = first / mass.clone();
        (second / mass - mean.powi(2)).sqrt()
    }

    /// `∫ |psihat|²/w` of the corrected wavelet over positive frequencies, less that over negative ones.
    ///
    /// `B = e^{-(w-ω0)²/2} (1 - e^{-wω0})`, and `|1 - e^{-u}| ≤ |u| max(1, |e^{-u}|)`: the quotient by `w` is at most
    /// `2√π e^{b²} ω0² |z|`, since both Gaussian factors that remain are at most `e^{b²}`.
    fn c_psi(&self, line: Line) -> Enclosure {
        let scale = whole(2) * Enclosure::pi().sqrt();
        let f = |w: &Enclosure| &scale * &self.bump(w).powi(2) / w.clone();
        let modulus = |around: Around| 4.0 * around.height.powi(2).exp() * self.size.powi(2) * around.modulus();
        let right = self.rule.integrate(&self.line(Line::Positive), f, modulus).widened(1e-55);
        match line {
            Line::Positive => right,
            Line::Whole => right - self.rule.integrate(&panels(-12, 24, 2), f, modulus).widened(1e-55),
        }
    }

    /// Where the spectrum is largest: `ω0`, but for the correction the root of `ω0 - w (1 - e^{-wω0})`.
    fn centre(&self) -> Option<(Option<Enclosure>, Enclosure)> {
        let omega0 = &self.omega0;
        Some(if self.is_corrected() {
            let slope = |w: &Enclosure| omega0 - &(w * &(whole(1) - (-(w * omega0)).exp()));
            (None, Enclosure::root(slope, 1.0, 1.0 + self.size))
        } else {
            (Some(omega0.clone()), Enclosure::root(|w| omega0 - w, 1.0, 2.0 * self.size - 0.5))
        })
    }

    fn is_corrected(&self) -> bool {
        self.kappa.is_positive()
    }

    /// `q = e^{-3ω0²/4}`.
    fn q(&self) -> Enclosure {
        (of(-0.75) * (&self.omega0 * &self.omega0)).exp()
    }

    /// `π^{-1/4} √(2π) e^{-ω0²/2}`: `psihat(0)` without the correction.
    fn lost(&self) -> Enclosure {
        let norm = (whole(1) / Enclosure::pi().sqrt()).sqrt();
        norm * tau().sqrt() * (of(-0.5) * (&self.omega0 * &self.omega0)).exp()
    }
}

/// [`Morlet`], corrected and not.
pub(super) fn two_sided(rule: &GaussLegendre, carrier: i32) -> Result<Vec<Constant>, WaveletError> {
    let [plain, corrected] = [false, true].map(|is_corrected| Factors::new(rule, carrier, is_corrected));
    let mass = plain.time(0);
    let numbers = Numbers {
        mean: [plain.lost(), plain.mean()],
        energy: [whole(1), mass.clone()],
        time_spread: Some([of(0.5).sqrt(), (plain.time(2) / mass).sqrt()]),
        frequency_spread: Some([of(0.5).sqrt(), plain.frequency_spread(Line::Whole)]),
        c_psi: None,
        centre: plain.centre(),
    };
    // Its exponent ω0²/2 turns each rounding of the argument.
    let plain_rows = numbers.beside(&Morlet::uncorrected(carrier.into())?, SERIES, FEW);

    // With q = e^{-3ω0²/4} and E the energy.
    let omega0 = &corrected.omega0;
    let (square, q, kappa_square) = (omega0 * omega0, corrected.q(), corrected.kappa.powi(2));
    let energy = whole(1) + &kappa_square - whole(2) * &q;
    let time_spread = of(0.5) + &square * &q / (whole(2) * &energy);
    let numerator = &kappa_square - of(0.5) * &q * (whole(1) + &kappa_square);
    let frequency_spread = of(0.5) + &square * numerator / energy.powi(2);
    let half = omega0 * &of(0.5);
    let c_psi = whole(4) * Enclosure::pi() * (scaled_erf_integral(omega0) - whole(2) * &q * scaled_erf_integral(&half));
    let mass = corrected.time(0);
    let numbers = Numbers {
        mean: [whole(0), corrected.mean()],
        energy: [energy, mass.clone()],
        time_spread: Some([time_spread.sqrt(), (corrected.time(2) / mass).sqrt()]),
        frequency_spread: Some([frequency_spread.sqrt(), corrected.frequency_spread(Line::Whole)]),
        c_psi: Some([c_psi, corrected.c_psi(Line::Whole)]),
        centre: corrected.centre(),
    };
    let mut rows = numbers.beside(&Morlet::corrected(carrier.into())?, SERIES, FEW);
    rows.extend(plain_rows);
    Ok(rows)
}

/// [`AnalyticMorlet`], corrected and not: the positive frequencies. By Parseval the spread in time is an integral of
/// `B'²`, since `psi` has no elementary form.
pub(super) fn one_sided(rule: &GaussLegendre, carrier: i32) -> Result<Vec<Constant>, WaveletError> {
    let root_pi = Enclosure::pi().sqrt();
    let mut rows = Vec::new();
    for is_corrected in [true, false] {
        let factors = Factors::new(rule, carrier, is_corrected);
        let omega0 = &factors.omega0;
        let (square, q, kappa_square) = (omega0 * omega0, factors.q(), factors.kappa.powi(2));
        let half = omega0 * &of(0.5);
        // B² is a sum of Gaussians e^{-(w-c)²} with these weights and centres c.
        let parts = [(whole(1), omega0.clone()), (whole(-2) * &q, half.clone()), (kappa_square.clone(), whole(0))];
        let moments = parts.iter().take(if is_corrected { 3 } else { 1 }).map(|(weight, centre)| {
            let ([m0, m1, m2], away) = (half_moments(centre), centre - omega0);
            let second = m2 + whole(2) * &away * &m1 + &away * &away * &m0;
            [weight * &m0, weight * &(m1 + away * &m0), weight * &second]
        });
        let [m0, m1, m2] = moments
            .reduce(|sum, next| std::array::from_fn(|power| &sum[power] + &next[power]))
            .expect("there is a part");
        let spread = (m2 / m0.clone() - (m1 / m0.clone()).powi(2)).sqrt();
        let mass = factors.frequency(Line::Positive, 0);
        let (time_spread, c_psi, mean) = if is_corrected {
            let [zeroth, _, second] = half_moments(&half);
            let slopes = half_moments(omega0)[2].clone() - whole(2) * &q * (second - of(0.25) * &square * zeroth)
                + &kappa_square * &(of(0.25) * &root_pi);
            let sum = |x: &Enclosure| scaled_erf_integral(x) + dawson(x);
            let c_psi = tau() * (sum(omega0) - whole(2) * &q * sum(&half));
            (
                Some([(slopes / m0.clone()).sqrt(), (factors.slopes() / mass.clone()).sqrt()]),
                Some([c_psi, factors.c_psi(Line::Positive)]),
                // psihat(0), which is all that the mean is.
                [whole(0), factors.bump(&whole(0))],
            )
        } else {
            // The principal value, half of the jump at 0, which is the mean of the two-sided wavelet.
            (None, None, [of(0.5) * factors.lost(), of(0.5) * factors.mean()])
        };
        let numbers = Numbers {
            mean,
            energy: [m0 / root_pi.clone(), mass / root_pi.clone()],
            time_spread,
            frequency_spread: Some([spread, factors.frequency_spread(Line::Positive)]),
            c_psi,
            centre: factors.centre(),
        };
        let size = f64::from(carrier);
        let wavelet = if is_corrected { AnalyticMorlet::corrected(size) } else { AnalyticMorlet::uncorrected(size) }?;
        rows.extend(numbers.beside(&wavelet, SERIES, FEW));
    }
    Ok(rows)
}

/// `∫_{-c}^∞ v^k e^{-v²} dv` for `k = 0, 1, 2`.
fn half_moments(c: &Enclosure) -> [Enclosure; 3] {
    let edge = (-(c * c)).exp();
    // ∫_0^c e^{-v²} = e^{-c²} Σ 2^n c^{2n+1}/(2n+1)!!.
    let below = &edge * &positive_series(c.clone(), |n| whole(2) * c * c / of((2 * n + 1).into()));
    let m0 = of(0.5) * Enclosure::pi().sqrt() + below;
    let m2 = of(0.5) * (&m0 - &(c * &edge));
    [m0, of(0.5) * edge, m2]
}

/// Dawson's integral `e^{-x²} ∫_0^x e^{y²} dy = e^{-x²} Σ x^{2k+1}/(k! (2k+1))`.
fn dawson(x: &Enclosure) -> Enclosure {
    let square = x * x;
    let sum = positive_series(x.clone(), |k| &square * &Enclosure::ratio((2 * k - 1).into(), (k * (2 * k + 1)).into()));
    sum * (-square).exp()
}

/// `S(x) = e^{-x²} ∫_0^x e^{y²} erf(y) dy = e^{-x²}/(2√π) Σ_{k≥1} x^{2k}/(k (1/2)_k)`.
fn scaled_erf_integral(x: &Enclosure) -> Enclosure {
    let square = x * x;
    let sum = positive_series(whole(2) * &square, |k| {
        &square * &Enclosure::ratio((2 * k).into(), ((k + 1) * (2 * k + 1)).into())
    });
    sum * (-square).exp() / (whole(2) * Enclosure::pi().sqrt())
}

/// `first + first·r(1) + first·r(1)·r(2) + …` for `r` that falls to 0: once it is at most one half, what follows a term
/// is no more than that term.
fn positive_series(first: Enclosure, r: impl Fn(i32) -> Enclosure) -> Enclosure {
    let (mut term, mut sum) = (first.clone(), first);
    for k in 1.. {
        let quotient = r(k);
        term = term * &quotient;
        sum = sum + &term;
        if quotient.magnitude() <= 0.5 && term.magnitude() < 1e-30 {
            break;
        }
    }
    let rest = term.magnitude();
    sum.widened(rest)
}
