use std::f64::consts::{E, PI};

use num_complex::Complex64;

use super::mother::MAX_TERMS;
use super::{Admissibility, MotherWavelet, WaveletError};
use crate::numeric::lerch;

/// The frequency B-spline wavelet of order `M`, bandwidth `B` and centre `C` (cycles per unit time); the Shannon
/// wavelet is its order 1. They are PyWavelets' `fbspM-B-C` and `shanB-C`.
///
/// ```text
/// psi(t)    = √B sinc(Bt/M)^M e^{2πiCt},   sinc x = sin(πx)/(πx)
/// psihat(w) = (M/√B) β((w/2π - C) M/B)     β the centred B-spline of degree M-1, on [-M/2, M/2]
/// ∫|psi|² = M ∫β²,   C_psi = (M²/B) ∫ β(x)²/(x + CM/B) dx
/// time spread = (M/2πB) √(∫β'²/∫β²), infinite for M = 1,   frequency spread = (2πB/M) √(∫x²β²/∫β²)
/// ```
///
/// The spectrum vanishes but for `C - B/2 < w/2π < C + B/2`. With `C ≥ B/2` it is analytic, and admissible; for
/// `M = 1`, whose spectrum jumps at its ends, only with `C > B/2`, and then `C_psi = ln((2C + B)/(2C - B))/B`.
/// At a jump the spectrum is half as high, the value that the sum of samples tends to.
///
/// # Rounding
/// `psi` and `psihat` are good to a few `M` unit roundoffs of their peaks. A frequency within 8 roundoffs of a jump
/// counts as there, since it was rounded itself.
#[derive(Debug, Clone, PartialEq)]
pub struct FrequencyBSpline {
    order: u32,
    bandwidth: f64,
    centre: f64,
    shannon: bool,
    /// The pieces of `β²` on the unit intervals from `-M/2` on: coefficients by powers of the distance from the
    /// left end.
    squares: Vec<Vec<f64>>,
    /// The same of `β'²`.
    slopes: Vec<Vec<f64>>,
}

impl FrequencyBSpline {
    /// The largest order on offer.
    pub const MAX_ORDER: u32 = 16;

    /// The wavelet of order 1 to [`Self::MAX_ORDER`].
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for another order, or for a bandwidth or a centre outside of `1e-6..=1e6`.
    pub fn new(order: u32, bandwidth: f64, centre: f64) -> Result<Self, WaveletError> {
        Self::named(false, order, bandwidth, centre)
    }

    /// The Shannon wavelet.
    ///
    /// # Errors
    /// As [`FrequencyBSpline::new`].
    pub fn shannon(bandwidth: f64, centre: f64) -> Result<Self, WaveletError> {
        Self::named(true, 1, bandwidth, centre)
    }

    fn named(shannon: bool, order: u32, bandwidth: f64, centre: f64) -> Result<Self, WaveletError> {
        let out_of_range = |parameter, value, expected| {
            let wavelet = if shannon { "shannon" } else { "fbsp" };
            Err(WaveletError::OutOfRange { wavelet, parameter, value, expected })
        };
        if !(1..=Self::MAX_ORDER).contains(&order) {
            return out_of_range("order", order.into(), "1 to 16");
        }
        for (parameter, value) in [("bandwidth", bandwidth), ("centre", centre)] {
            if !(1e-6..=1e6).contains(&value) {
                return out_of_range(parameter, value, "a number from 1e-6 to 1e6");
            }
        }
        let pieces = pieces(order);
        let squares = pieces.iter().map(|piece| product(piece, piece)).collect();
        let slopes = pieces.iter().map(|piece| derivative(piece)).map(|slope| product(&slope, &slope)).collect();
        Ok(Self { order, bandwidth, centre, shannon, squares, slopes })
    }

    /// `C M/B`: where frequency 0 lies, to the left of the centre of the spline.
    fn shift(&self) -> f64 {
        self.centre * f64::from(self.order) / self.bandwidth
    }

    /// `M/√B`.
    fn height(&self) -> f64 {
        f64::from(self.order) / self.bandwidth.sqrt()
    }

    /// `∫ β²`.
    fn square(&self) -> f64 {
        self.squares.iter().map(|piece| integral(piece)).sum()
    }

    /// `Σ_{l ≥ first} f(l/a)` for `f` the function `psi` or its derivative, by the powers of exponentials that it is made of:
    ///
    /// ```text
    /// psi(t) = √B (M/2πiB)^M Σ_j (-1)^j (M choose j) e^{2πi f_j t} t^{-M},   f_j = C + B/2 - Bj/M
    /// ```
    ///
    /// Each sums to Lerch's transcendent, from where on none exceeds the whole by much; the terms before are added up.
    /// For `M = 1` there is no limit where some `f_j/a` is a whole number.
    fn half_sum(&self, scale: f64, first: u64, derivative: bool) -> Option<Complex64> {
        let order = f64::from(self.order);
        let start = (order * scale / (PI * self.bandwidth)).ceil().max(first as f64);
        if start - first as f64 > MAX_TERMS {
            return None;
        }
        let value = |t: f64| if derivative { self.derivative(t) } else { Some(self.psi(t)) };
        let before: Complex64 = (first..start as u64).rev().map(|lag| value(lag as f64 / scale)).sum::<Option<_>>()?;
        let time = start / scale;
        let mut choices = 1.0;
        let mut after = Complex64::ZERO;
        for j in 0..=self.order {
            let frequency = self.centre + self.bandwidth * (0.5 - f64::from(j) / order);
            let turns = frequency / scale;
            let phase = frequency * time;
            let power = lerch(turns, self.order, start)?;
            let sum = if derivative {
                let next = lerch(turns, self.order + 1, start)?;
                Complex64::new(0.0, 2.0 * PI * frequency) * power - order / time * next
            } else {
                power
            };
            after += choices * Complex64::cis(2.0 * PI * (phase - phase.round())) * sum;
            choices *= (f64::from(j) - order) / (f64::from(j) + 1.0);
        }
        let ratio = Complex64::new(0.0, -order / (2.0 * PI * self.bandwidth * time)).powu(self.order);
        Some(before + self.bandwidth.sqrt() * ratio * after)
    }

    /// Whether frequency 0 is outside the band, or at its end: exactly, as far as the parameters are.
    fn is_beyond_zero(&self) -> bool {
        2.0 * self.centre >= self.bandwidth
    }
}

/// `β(x)` of degree `order - 1`, by Cox and de Boor's recurrence: sums of positive terms.
fn spline(order: u32, x: f64) -> f64 {
    let half = f64::from(order) / 2.0;
    if order == 1 {
        let distance = x.abs() - half;
        return match distance.abs() <= 8.0 * f64::EPSILON * half {
            true => 0.5,
            false => f64::from(u8::from(distance < 0.0)),
        };
    }
    if x.is_nan() || x.abs() >= half {
        return 0.0;
    }
    let place = x + half;
    let (interval, s) = (place.floor() as usize, place - place.floor());
    let mut values = vec![0.0; order as usize + 1];
    values[interval.min(order as usize - 1)] = 1.0;
    // Of the splines that begin at 0, 1, .. those of one degree more, at the same point.
    for degree in 1..order as usize {
        for j in 0..=interval.min(order as usize - 1) {
            let from = (interval - j) as f64 + s;
            let left = from * values[j];
            let right = (degree as f64 + 1.0 - from) * values[j + 1];
            values[j] = (left + right) / degree as f64;
        }
    }
    values[0]
}

/// The polynomials that make up `β` of degree `order - 1`, interval by interval.
fn pieces(order: u32) -> Vec<Vec<f64>> {
    let mut pieces = vec![vec![1.0]];
    for count in 2..=order as usize {
        let piece = |j: usize| pieces.get(j).map_or(&[] as &[f64], Vec::as_slice);
        // ((j + s) p_j(s) + (count - j - s) p_{j-1}(s)) / (count - 1)
        let next = |j: usize| {
            let rising = product(piece(j), &[j as f64, 1.0]);
            let before = if j == 0 { &[] as &[f64] } else { piece(j - 1) };
            let falling = product(before, &[(count - j) as f64, -1.0]);
            let at = |p: &[f64], k: usize| p.get(k).copied().unwrap_or(0.0);
            (0..count).map(|k| (at(&rising, k) + at(&falling, k)) / (count - 1) as f64).collect()
        };
        pieces = (0..count).map(next).collect();
    }
    pieces
}

fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; (a.len() + b.len()).saturating_sub(1)];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            product[i + j] += x * y;
        }
    }
    product
}

fn derivative(polynomial: &[f64]) -> Vec<f64> {
    polynomial.iter().enumerate().skip(1).map(|(k, c)| k as f64 * c).collect()
}

/// Over `[0, 1]`.
fn integral(polynomial: &[f64]) -> f64 {
    polynomial.iter().enumerate().map(|(k, c)| c / (k as f64 + 1.0)).sum()
}

/// `∫_0^1 s^k/(s + y) ds` for `k` in `0..count`, `y ≥ 0`; the first is infinite for `y = 0`.
fn pole_moments(y: f64, count: usize) -> Vec<f64> {
    if y < 1.0 {
        // s^k/(s + y) = s^{k-1} - y s^{k-1}/(s + y), stable for y < 1.
        let mut moments = vec![y.recip().ln_1p()];
        for k in 1..count {
            let before = if y == 0.0 { 0.0 } else { y * moments[k - 1] };
            moments.push((k as f64).recip() - before);
        }
        return moments;
    }
    // With u = 1/(1 + y) the quotient is u Σ_j (u (1 - s))^j: all terms positive, each at most half the one before.
    let u = (1.0 + y).recip();
    let moment = |k: usize| {
        let (mut term, mut sum, mut j) = (u / (k as f64 + 1.0), 0.0, 0.0);
        while term > f64::EPSILON / 16.0 * sum {
            sum += term;
            j += 1.0;
            term *= u * j / (k as f64 + 1.0 + j);
        }
        sum
    };
    (0..count).map(moment).collect()
}

/// `sin(πx)/(πx)`, with `x` reduced exactly.
fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    if x.abs() >= 1e15 {
        // It is below 1e-15 of its peak, and its phase is lost.
        return 0.0;
    }
    let whole = x.round();
    let sign = if whole.rem_euclid(2.0) == 0.0 { 1.0 } else { -1.0 };
    sign * (PI * (x - whole)).sin() / (PI * x)
}

/// The derivative of `sin(πx)/(πx)`.
pub(super) fn sinc_slope(x: f64) -> f64 {
    if x.abs() >= 1e15 {
        return 0.0;
    }
    if x.abs() < 0.5 {
        // Σ_{k≥1} 2k (-1)^k π^{2k} x^{2k-1}/(2k+1)!: below 1/2 nothing cancels by more than a digit.
        let square = (PI * x).powi(2);
        let (mut term, mut sum) = (PI * PI * x / 6.0, 0.0);
        for k in 1..12 {
            let k = f64::from(k);
            sum -= 2.0 * k * term;
            term *= -square / ((2.0 * k + 2.0) * (2.0 * k + 3.0));
        }
        return sum;
    }
    let whole = x.round();
    let sign = if whole.rem_euclid(2.0) == 0.0 { 1.0 } else { -1.0 };
    (sign * (PI * (x - whole)).cos() - sinc(x)) / x
}

impl MotherWavelet for FrequencyBSpline {
    fn name(&self) -> &'static str {
        if self.shannon { "shannon" } else { "fbsp" }
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        let band = [("bandwidth", self.bandwidth), ("centre", self.centre)];
        let order = (!self.shannon).then_some(("order", f64::from(self.order)));
        order.into_iter().chain(band).collect()
    }

    fn psi(&self, t: f64) -> Complex64 {
        let envelope = sinc(self.bandwidth * t / f64::from(self.order)).powi(self.order as i32);
        if envelope == 0.0 {
            return Complex64::ZERO;
        }
        let cycles = self.centre * t;
        Complex64::from_polar(self.bandwidth.sqrt() * envelope, 2.0 * PI * (cycles - cycles.round()))
    }

    /// `√B sinc^{M-1} (2πiC sinc + B sinc') e^{2πiCt}`, at `Bt/M`.
    fn derivative(&self, t: f64) -> Option<Complex64> {
        let x = self.bandwidth * t / f64::from(self.order);
        let rest = sinc(x).powi(self.order as i32 - 1);
        let slope = Complex64::new(self.bandwidth * sinc_slope(x), 2.0 * PI * self.centre * sinc(x));
        let cycles = self.centre * t;
        Some(self.bandwidth.sqrt() * rest * slope * Complex64::cis(2.0 * PI * (cycles - cycles.round())))
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        let x = (omega / (2.0 * PI) - self.centre) * f64::from(self.order) / self.bandwidth;
        (self.height() * spline(self.order, x)).into()
    }

    fn is_real(&self) -> bool {
        false
    }

    fn is_analytic(&self) -> bool {
        self.is_beyond_zero()
    }

    fn mean(&self) -> f64 {
        // At the end of the band a rounded quotient would leave a remainder; of Shannon's it is half the height.
        let at_zero = if self.order > 1 && self.is_beyond_zero() { 0.0 } else { spline(self.order, self.shift()) };
        self.height() * at_zero
    }

    fn energy(&self) -> f64 {
        f64::from(self.order) * self.square()
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// `C`, the middle of the band: of Shannon's, whose spectrum is flat, too.
    fn centre_frequency(&self) -> f64 {
        self.centre
    }

    fn admissibility(&self) -> Admissibility {
        let mean = self.mean();
        if mean != 0.0 {
            let Admissibility::NotAdmissible { reason, log_coefficient } = Admissibility::nonzero_mean(mean) else {
                unreachable!("a mean that is not 0 is not admissible");
            };
            // Where the band ends at 0, all of the spectrum is on one side, and twice its mean value high.
            let sides = if self.is_beyond_zero() { 2.0 } else { 1.0 };
            return Admissibility::NotAdmissible { reason, log_coefficient: sides * log_coefficient };
        }
        // The first interval begins at this distance from the pole.
        let first = (self.shift() - f64::from(self.order) / 2.0).max(0.0);
        let piece = |(j, square): (usize, &Vec<f64>)| -> f64 {
            let moments = pole_moments(first + j as f64, square.len());
            square.iter().zip(moments).map(|(c, moment)| if *c == 0.0 { 0.0 } else { c * moment }).sum()
        };
        let sum: f64 = self.squares.iter().enumerate().map(piece).sum();
        Admissibility::Admissible { c_psi: self.height().powi(2) * sum }
    }

    fn time_spread(&self) -> f64 {
        if self.order == 1 {
            return f64::INFINITY;
        }
        let slopes: f64 = self.slopes.iter().map(|piece| integral(piece)).sum();
        f64::from(self.order) / (2.0 * PI * self.bandwidth) * (slopes / self.square()).sqrt()
    }

    fn frequency_spread(&self) -> f64 {
        let left = -f64::from(self.order) / 2.0;
        let second = |(j, square): (usize, &Vec<f64>)| {
            let x = [left + j as f64, 1.0];
            integral(&product(square, &product(&x, &x)))
        };
        let second: f64 = self.squares.iter().enumerate().map(second).sum();
        2.0 * PI * self.bandwidth / f64::from(self.order) * (second / self.square()).sqrt()
    }

    /// `M e^{1/M}/(πB)`, where the envelope `(M/πBt)^{2M}` of `|psi|²` is `e^{-2}`.
    fn e_folding_time(&self) -> f64 {
        let order = f64::from(self.order);
        order * E.powf(order.recip()) / (PI * self.bandwidth)
    }

    fn tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        // psihat is real.
        self.half_sum(scale, first, false).map(|sum| if direction < 0.0 { sum.conj() } else { sum })
    }

    fn derivative_tail_sum(&self, scale: f64, first: u64, direction: f64) -> Option<Complex64> {
        self.half_sum(scale, first, true).map(|sum| if direction < 0.0 { -sum.conj() } else { sum })
    }

    /// 0 beyond the band.
    fn spectral_tail(&self, radius: f64) -> f64 {
        let end = 2.0 * PI * (self.centre + self.bandwidth / 2.0);
        if radius > end * (1.0 + 16.0 * f64::EPSILON) { 0.0 } else { f64::INFINITY }
    }
}
