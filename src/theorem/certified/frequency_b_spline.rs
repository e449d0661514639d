use super::constant::Constant;
use super::wavelets::{FEW, Numbers, SERIES, of, panels, tau, whole};
use crate::numeric::{Around, Enclosure, GaussLegendre};
use crate::wavelet::{FrequencyBSpline, WaveletError};

/// A polynomial: coefficients by powers.
type Polynomial = Vec<Enclosure>;

/// Bandwidth and centre, in halves and whole cycles per unit time: 1.5 and 1, as the program has them by default.
const TWICE_BANDWIDTH: i64 = 3;
const CENTRE: i64 = 1;

/// `|psihat|² = (M²/B) β(x)²` with `x = (w/2π - C) M/B` and `β` the centred B-spline of degree `M - 1`.
///
/// The closed forms integrate polynomials, the pieces of `β²` by Cox and de Boor's recurrence; the quadratures have `β` as a sum of
/// truncated powers. Everything in time is one of these, by Parseval.
pub(super) fn frequency_b_spline(
    rule: &GaussLegendre,
    order: u32,
    is_shannon: bool,
) -> Result<Vec<Constant>, WaveletError> {
    let m = i64::from(order);
    let bandwidth = Enclosure::ratio(TWICE_BANDWIDTH, 2);
    // C M/B, where frequency 0 lies to the left of the middle, and how far that is from the left end.
    let pole = Enclosure::ratio(2 * CENTRE * m, TWICE_BANDWIDTH);
    let gap = &pole - &Enclosure::ratio(m, 2);
    let spline = pieces(order);
    let squares: Vec<Polynomial> = spline.iter().map(|piece| product(piece, piece)).collect();
    let slopes: Vec<Polynomial> = spline.iter().map(|piece| derivative(piece)).map(|p| product(&p, &p)).collect();
    // The j-th piece at a distance s from its left end is at x = j - M/2 + s.
    let left = |j: usize| of(j as f64) - Enclosure::ratio(m, 2);
    let total = |pieces: &[Polynomial]| pieces.iter().map(|piece| integral(piece)).reduce(|sum, next| sum + next);
    let square = total(&squares).expect("there is a piece");
    let second = squares.iter().enumerate().map(|(j, piece)| {
        let x = [left(j), whole(1)];
        integral(&product(piece, &product(&x, &x)))
    });
    let second = second.reduce(|sum, next| sum + next).expect("there is a piece");
    let with_pole = squares.iter().enumerate().map(|(j, piece)| over_pole(piece, &(&gap + &of(j as f64))));
    let with_pole = with_pole.reduce(|sum, next| sum + next).expect("there is a piece");

    // The same by quadrature: on each interval β is a polynomial, and on a rectangle of it |u - k| ≤ |z| + M.
    let size = m as f64;
    let quadrature = |weight: &(dyn Fn(&Enclosure) -> Enclosure + Sync), factor: f64, is_slope: bool| {
        let intervals = (0..order).map(|j| {
            let f = |u: &Enclosure| {
                let value = if is_slope { spline_slope(order, j, u) } else { truncated_powers(order, j, u) };
                weight(u) * value.powi(2)
            };
            // At most 2^M terms of at most (|z| + M)^(M-1), or M times that for the slope.
            let modulus = |around: Around| {
                let term = (around.modulus() + size).powi(order as i32 - 1);
                factor * (around.modulus() + size).powi(2) * (2f64.powf(size) * size * term).powi(2)
            };
            rule.integrate(&panels(j as i32, 16, 16), f, modulus)
        });
        intervals.reduce(|sum, next| sum + next).expect("there is an interval")
    };
    let one = |_: &Enclosure| whole(1);
    let mass = quadrature(&one, 1.0, false);
    let from_middle = |u: &Enclosure| (u - &Enclosure::ratio(m, 2)).powi(2);
    let spread = quadrature(&from_middle, 1.0, false);
    // A panel of 1/16 has an ellipse that reaches 0.0964 from its middle, and so 0.0652 beyond its end.
    let nearest = gap.to_f64() - 0.066;
    assert!(nearest > 0.0, "the pole is beyond every ellipse");
    let quotient = quadrature(&|u: &Enclosure| whole(1) / (&gap + u), 1.001 / nearest, false);

    let scale = whole(m as i32) * of(m as f64) / bandwidth.clone();
    let turns = tau() * &bandwidth / of(m as f64);
    let numbers = Numbers {
        // The band ends above frequency 0.
        mean: [whole(0), whole(0)],
        energy: [of(m as f64) * &square, of(m as f64) * &mass],
        // β of order 1 jumps: infinite.
        time_spread: (order > 1).then(|| {
            let slope = total(&slopes).expect("there is a piece");
            let other = quadrature(&one, 1.0, true);
            [(slope / square.clone()).sqrt() / turns.clone(), (other / mass.clone()).sqrt() / turns.clone()]
        }),
        frequency_spread: Some([&turns * &(second / square).sqrt(), &turns * &(spread / mass).sqrt()]),
        c_psi: Some([&scale * &with_pole, scale * quotient]),
        // The middle of the band, which is an input.
        centre: None,
    };
    let (b, c) = (TWICE_BANDWIDTH as f64 / 2.0, CENTRE as f64);
    let wavelet = if is_shannon { FrequencyBSpline::shannon(b, c) } else { FrequencyBSpline::new(order, b, c) }?;
    Ok(numbers.beside(&wavelet, SERIES, FEW * size))
}

/// The polynomials that make up `β` on `[0, 1], [1, 2], …` from its left end, each about its own left end: the recurrence
/// `(k - 1) β_k(u) = u β_{k-1}(u) + (k - u) β_{k-1}(u - 1)`.
fn pieces(order: u32) -> Vec<Polynomial> {
    let mut pieces = vec![vec![whole(1)]];
    for count in 2..=order as usize {
        let piece = |j: usize| pieces.get(j).cloned().unwrap_or_default();
        let next = |j: usize| {
            let rising = product(&piece(j), &[of(j as f64), whole(1)]);
            let before = if j == 0 { Polynomial::new() } else { piece(j - 1) };
            let falling = product(&before, &[of((count - j) as f64), whole(-1)]);
            let at = |p: &Polynomial, k: usize| p.get(k).cloned().unwrap_or_else(|| whole(0));
            (0..count).map(|k| (at(&rising, k) + at(&falling, k)) / of((count - 1) as f64)).collect()
        };
        pieces = (0..count).map(next).collect();
    }
    pieces
}

/// `1/(M-1)! Σ_{k≤j} (-1)^k C(M, k) (u - k)^{M-1}`: `β` on its `j`-th interval, `u` from its left end.
fn truncated_powers(order: u32, j: u32, u: &Enclosure) -> Enclosure {
    let factorial: f64 = (1..order).map(f64::from).product();
    signed_powers(order, j, u, order - 1) / of(factorial)
}

/// The slope of that.
fn spline_slope(order: u32, j: u32, u: &Enclosure) -> Enclosure {
    let factorial: f64 = (1..order - 1).map(f64::from).product();
    signed_powers(order, j, u, order - 2) / of(factorial)
}

fn signed_powers(order: u32, j: u32, u: &Enclosure, power: u32) -> Enclosure {
    let mut binomial = 1.0;
    let mut sum = whole(0);
    for k in 0..=j {
        sum = sum + of(binomial) * (u - &of(k.into())).powi(power);
        binomial *= -f64::from(order - k) / f64::from(k + 1);
    }
    sum
}

fn product(a: &[Enclosure], b: &[Enclosure]) -> Polynomial {
    let mut product = vec![whole(0); (a.len() + b.len()).saturating_sub(1)];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            product[i + j] = &product[i + j] + &(x * y);
        }
    }
    product
}

fn derivative(polynomial: &[Enclosure]) -> Polynomial {
    polynomial.iter().enumerate().skip(1).map(|(k, c)| of(k as f64) * c).collect()
}

/// Over `[0, 1]`.
fn integral(polynomial: &[Enclosure]) -> Enclosure {
    polynomial.iter().enumerate().fold(whole(0), |sum, (k, c)| sum + c / &of(k as f64 + 1.0))
}

/// `∫_0^1 p(s)/(s + y) ds = p(-y) ln(1 + 1/y) + ∫_0^1 r(s) ds`, with `p(s) = p(-y) + (s + y) r(s)` by Horner's division.
fn over_pole(p: &[Enclosure], y: &Enclosure) -> Enclosure {
    let mut quotient = Vec::new();
    let mut value = whole(0);
    for coefficient in p.iter().rev() {
        quotient.insert(0, value.clone());
        value = coefficient - &(y * &value);
    }
    // The last value is p(-y), and the leading 0 of the quotient its highest power.
    quotient.pop();
    value * (whole(1) + whole(1) / y.clone()).ln() + integral(&quotient)
}
