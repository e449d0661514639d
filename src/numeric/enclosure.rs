use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use astro_float_num::{BigFloat, Consts, Radix, RoundingMode, Sign};

/// Bits of an enclosure's centre where nothing else is asked for.
const BITS: usize = 128;
/// Bits beyond those kept with which elementary functions are evaluated.
const GUARD: usize = 64;
/// To nearest, ties to even. (`Up` and `Down` of the crate say how ties go; it has no directed rounding.)
const NEAREST: RoundingMode = RoundingMode::ToEven;

thread_local! {
    /// The crate's cache of `π` and `ln 2`.
    static CONSTANTS: RefCell<Consts> = RefCell::new(Consts::new().expect("there is memory for a few words"));
}

/// A real number that is known to lie within `radius` of `centre`: ball arithmetic.
///
/// The centre has 128 bits, or what [`Enclosure::with_bits`] asks for, and is computed by the crate
/// `astro-float`; the radius is a `f64` that only ever grows. Every operation returns a ball that holds
/// all results for all points of its operands:
///
/// ```text
/// x + y   r_x + r_y                                √x     r_x / √x̂
/// x y     |x̂| r_y + |ŷ| r_x + r_x r_y              e^x    e^x̂ (e^{r_x} - 1)
/// x / y   (r_x + |x̂/ŷ| r_y) / (|ŷ| - r_y)          ln x   t/(1 - t),  t = r_x / x̂
///                                                  sin x, cos x   r_x
/// ```
///
/// and beside this what rounding the centre to `p` bits costs. The crate rounds sums, products, quotients
/// and roots to nearest, which is `2^-p` of the result at most, and `2^{1-p}` is charged. Elementary functions
/// are evaluated with 64 bits more and `2^{2-p}` is charged, so that the enclosure stands even where
/// the crate were wrong by `2^{64}` of its last places. The radius itself is a formula of at most eight
/// roundings, and is raised by `2^{-49}` of itself.
///
/// Where an operation has no bound (a divisor that may be 0, the logarithm of what may be negative) the
/// radius is infinite: such a ball is within nothing and meets nothing, so that nothing is certified by it.
///
/// # Example
/// ```
/// use ropelet::numeric::Enclosure;
///
/// let third = Enclosure::of(1.0) / Enclosure::of(3.0);
/// assert!(third.farthest_from(1.0 / 3.0) < 1e-16);
/// assert!(third.radius() < 1e-38);
/// ```
#[derive(Debug, Clone)]
pub struct Enclosure {
    centre: BigFloat,
    radius: f64,
    bits: usize,
}

impl Enclosure {
    /// This number, exactly. Nothing is known of what is not finite.
    pub fn of(value: f64) -> Self {
        Self::with_bits(value, BITS)
    }

    /// This number with a centre of at least so many bits, as have all results that it enters.
    pub fn with_bits(value: f64, bits: usize) -> Self {
        let bits = bits.max(BITS).next_multiple_of(64);
        let radius = if value.is_finite() { 0.0 } else { f64::INFINITY };
        Self { centre: BigFloat::from_f64(if value.is_finite() { value } else { 0.0 }, bits), radius, bits }
    }

    /// A quotient of two whole numbers below `2^53`.
    pub fn ratio(numerator: i64, denominator: i64) -> Self {
        Self::of(numerator as f64) / Self::of(denominator as f64)
    }

    /// `π`.
    pub fn pi() -> Self {
        Self::pi_with_bits(BITS)
    }

    /// `π` with a centre of at least so many bits.
    pub fn pi_with_bits(bits: usize) -> Self {
        let bits = bits.max(BITS).next_multiple_of(64);
        let pi = CONSTANTS.with_borrow_mut(|constants| constants.pi(bits + GUARD, NEAREST));
        Self::elementary(pi, 0.0, bits)
    }

    /// All numbers at most this far from those of the ball.
    ///
    /// # Panics
    /// When the distance is negative.
    pub fn widened(mut self, distance: f64) -> Self {
        assert!(distance >= 0.0 || distance.is_nan(), "{distance} is no distance");
        self.radius = raised(self.radius + distance);
        self.known()
    }

    /// The smallest ball around both.
    pub fn hull(&self, other: &Self) -> Self {
        let half = &(self + other) * &Self::of(0.5);
        let reach = (self - other).magnitude() / 2.0 + self.radius.max(other.radius);
        half.widened(raised(reach))
    }

    /// The centre alone, as if it were known exactly: a point to go on from where a proof comes later.
    pub fn centre(&self) -> Self {
        Self { radius: 0.0, ..self.clone() }
    }

    /// Bits of the centre.
    pub(super) fn bits(&self) -> usize {
        self.bits
    }

    /// How far the number may be from the centre.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// The centre, within one unit in the last place; NaN where nothing is known.
    pub fn to_f64(&self) -> f64 {
        if self.radius.is_finite() { self.magnitude_of_centre().0.copysign(self.sign()) } else { f64::NAN }
    }

    /// The same number with a centre of the usual 128 bits, so that what follows costs no more.
    pub fn shortened(&self) -> Self {
        Self::elementary(self.centre.clone(), self.radius, BITS).known()
    }

    /// The largest distance of `value` from a number of the ball; infinite where nothing is known of it.
    pub fn farthest_from(&self, value: f64) -> f64 {
        (self - &Self::of(value)).magnitude()
    }

    /// At least `|x|` for every `x` of the ball.
    pub fn magnitude(&self) -> f64 {
        raised(self.magnitude_of_centre().1 + self.radius)
    }

    /// Whether the two balls have a number in common: what is enclosed twice must.
    pub fn meets(&self, other: &Self) -> bool {
        let gap = self - other;
        // The radius of the difference is the sum of both, and a little more.
        gap.radius.is_finite() && gap.magnitude_of_centre().0 <= gap.radius
    }

    /// Whether every number of the ball is above 0.
    pub fn is_positive(&self) -> bool {
        self.centre.is_positive() && self.magnitude_of_centre().0 > self.radius
    }

    /// Whether every number of the ball is below 0.
    pub fn is_negative(&self) -> bool {
        (-self).is_positive()
    }

    /// `√x`.
    pub fn sqrt(&self) -> Self {
        if !self.is_positive() {
            return self.unknown();
        }
        let root = self.centre.sqrt(self.bits, NEAREST);
        self.rounded(root, |root| self.radius / root.0)
    }

    /// `e^x`.
    pub fn exp(&self) -> Self {
        let value = CONSTANTS.with_borrow_mut(|constants| self.centre.exp(self.bits + GUARD, NEAREST, constants));
        // The library's exponential of a small number, raised by more than it can be wrong.
        let growth = raised(self.radius.exp_m1() * (1.0 + 1e-12));
        let reach = raised(magnitude(&value).1 * growth);
        Self::elementary(value, reach, self.bits).known()
    }

    /// `ln x`.
    pub fn ln(&self) -> Self {
        if !self.is_positive() {
            return self.unknown();
        }
        let value = CONSTANTS.with_borrow_mut(|constants| self.centre.ln(self.bits + GUARD, NEAREST, constants));
        let relative = raised(self.radius / self.magnitude_of_centre().0);
        let reach = if relative < 1.0 { raised(relative / (1.0 - relative)) } else { f64::INFINITY };
        Self::elementary(value, reach, self.bits).known()
    }

    /// `(cos x, sin x)`.
    pub fn cos_sin(&self) -> (Self, Self) {
        let bits = self.bits + GUARD;
        let (cos, sin) = CONSTANTS.with_borrow_mut(|constants| {
            (self.centre.cos(bits, NEAREST, constants), self.centre.sin(bits, NEAREST, constants))
        });
        let of = |value| Self::elementary(value, self.radius, self.bits).known();
        (of(cos), of(sin))
    }

    /// `x^n`.
    pub fn powi(&self, exponent: u32) -> Self {
        let (mut power, mut square, mut rest) = (Self::with_bits(1.0, self.bits), self.clone(), exponent);
        while rest > 0 {
            if rest % 2 == 1 {
                power = &power * &square;
            }
            rest /= 2;
            if rest > 0 {
                square = &square * &square;
            }
        }
        power
    }

    /// `x^y = e^{y ln x}` for `x > 0`.
    pub fn pow(&self, exponent: &Self) -> Self {
        (exponent * &self.ln()).exp()
    }

    /// `n` with `|2^62 x - n| ≤ distance`, and that distance; `None` for `|x| > 1.5` or where too little is known.
    pub fn scaled_integer(&self) -> Option<(i64, f64)> {
        let scaled = self * &Self::of(62f64.exp2());
        if scaled.magnitude() > 1.5 * 62f64.exp2() {
            return None;
        }
        // The whole part of the leading 53 bits, then the nearest whole number to what is left.
        let leading = scaled.to_f64().trunc();
        let rest = (&scaled.centre() - &Self::of(leading)).to_f64().round();
        let integer = leading as i64 + rest as i64;
        let distance = (&scaled - &(Self::of(leading) + Self::of(rest))).magnitude();
        (distance < 1.0).then_some((integer, distance))
    }

    /// The centre to 25 significant digits, and a radius about them that holds the ball.
    pub fn decimal(&self) -> (String, f64) {
        if !self.radius.is_finite() {
            return ("unknown".into(), f64::INFINITY);
        }
        if self.centre.is_zero() {
            return ("0".into(), self.radius);
        }
        let digits = CONSTANTS
            .with_borrow_mut(|constants| self.centre.format(Radix::Dec, NEAREST, constants))
            .expect("a finite number has digits");
        let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "+0"));
        let exponent: i32 = exponent.parse().expect("an exponent is a whole number");
        // A sign, a digit, the point, and 24 digits: cut, not rounded, and never padded.
        let kept = mantissa.len().min(26 + usize::from(mantissa.starts_with('-')));
        let cut = 10f64.powi(exponent - 24) * (1.0 + 1e-12);
        let text = if exponent == 0 { mantissa[..kept].into() } else { format!("{}e{exponent}", &mantissa[..kept]) };
        (text, raised(self.radius + cut))
    }

    /// What the crate computed with guard bits, from a point that is off and so moves it by `reach`.
    fn elementary(value: BigFloat, reach: f64, bits: usize) -> Self {
        let mut centre = value;
        let radius = raised(reach + magnitude(&centre).1 * (2.0 - bits as f64).exp2());
        if centre.set_precision(bits, NEAREST).is_err() {
            return Self { centre: BigFloat::from_f64(0.0, bits), radius: f64::INFINITY, bits };
        }
        Self { centre, radius, bits }
    }

    /// A rounded result, moved by what `reach` says of the bounds of its size.
    fn rounded(&self, centre: BigFloat, reach: impl FnOnce((f64, f64)) -> f64) -> Self {
        let size = magnitude(&centre);
        let radius = raised(reach(size) + size.1 * (1.0 - self.bits as f64).exp2());
        Self { centre, radius, bits: self.bits }.known()
    }

    /// Where the centre is no number, or the radius none, nothing is known.
    fn known(self) -> Self {
        if self.centre.is_nan() || self.centre.is_inf() || self.radius.is_nan() { self.unknown() } else { self }
    }

    fn unknown(&self) -> Self {
        Self { centre: BigFloat::from_f64(0.0, self.bits), radius: f64::INFINITY, bits: self.bits }
    }

    fn magnitude_of_centre(&self) -> (f64, f64) {
        magnitude(&self.centre)
    }

    fn sign(&self) -> f64 {
        if self.centre.is_negative() { -1.0 } else { 1.0 }
    }
}

/// Raises the result of at most eight roundings above what it stands for; subnormal ones as well.
fn raised(radius: f64) -> f64 {
    if radius == 0.0 { 0.0 } else { radius * (1.0 + (-49f64).exp2()) + f64::MIN_POSITIVE }
}

/// Neighbouring numbers around `|x|`: it is its leading 53 bits, or between them and the next.
fn magnitude(x: &BigFloat) -> (f64, f64) {
    if x.is_zero() {
        return (0.0, 0.0);
    }
    let Some((words, _, _, exponent, _)) = x.as_raw_parts() else { return (f64::INFINITY, f64::INFINITY) };
    let top = *words.last().expect("a number has a word");
    // x = 0.words · 2^exponent, and the highest bit is set.
    match exponent {
        -1000..=1000 => {
            let lower = (top >> 11) as f64 * f64::from(exponent - 53).exp2();
            let exact = top << 53 == 0 && words[..words.len() - 1].iter().all(|word| *word == 0);
            (lower, if exact { lower } else { lower.next_up() })
        }
        ..-1000 => (0.0, (-1000f64).exp2()),
        1001.. => (1000f64.exp2(), f64::INFINITY),
    }
}

impl From<i32> for Enclosure {
    fn from(value: i32) -> Self {
        Self::of(value.into())
    }
}

impl Neg for &Enclosure {
    type Output = Enclosure;

    fn neg(self) -> Enclosure {
        let mut negated = self.clone();
        negated.centre.set_sign(if self.centre.is_negative() { Sign::Pos } else { Sign::Neg });
        negated
    }
}

impl Neg for Enclosure {
    type Output = Self;

    fn neg(self) -> Self {
        -&self
    }
}

impl Add for &Enclosure {
    type Output = Enclosure;

    fn add(self, other: Self) -> Enclosure {
        let bits = self.bits.max(other.bits);
        let sum = self.centre.add(&other.centre, bits, NEAREST);
        Enclosure { bits, ..self.unknown() }.rounded(sum, |_| self.radius + other.radius)
    }
}

impl Sub for &Enclosure {
    type Output = Enclosure;

    fn sub(self, other: Self) -> Enclosure {
        let bits = self.bits.max(other.bits);
        let difference = self.centre.sub(&other.centre, bits, NEAREST);
        Enclosure { bits, ..self.unknown() }.rounded(difference, |_| self.radius + other.radius)
    }
}

impl Mul for &Enclosure {
    type Output = Enclosure;

    fn mul(self, other: Self) -> Enclosure {
        let bits = self.bits.max(other.bits);
        let product = self.centre.mul(&other.centre, bits, NEAREST);
        let reach = self.magnitude_of_centre().1 * other.radius
            + other.magnitude_of_centre().1 * self.radius
            + self.radius * other.radius;
        Enclosure { bits, ..self.unknown() }.rounded(product, |_| reach)
    }
}

impl Div for &Enclosure {
    type Output = Enclosure;

    fn div(self, other: Self) -> Enclosure {
        let bits = self.bits.max(other.bits);
        let divisor = other.magnitude_of_centre().0 - other.radius;
        if divisor.is_nan() || divisor <= 0.0 {
            return Enclosure { bits, ..self.unknown() };
        }
        // The subtraction is off by a rounding of the larger operand.
        let divisor = divisor - other.magnitude_of_centre().1 * f64::EPSILON;
        let quotient = self.centre.div(&other.centre, bits, NEAREST);
        Enclosure { bits, ..self.unknown() }.rounded(quotient, |size| {
            if divisor > 0.0 { (self.radius + size.1 * other.radius) / divisor } else { f64::INFINITY }
        })
    }
}

macro_rules! owned {
    ($($operation:ident $method:ident),*) => {$(
        impl $operation for Enclosure {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                (&self).$method(&other)
            }
        }

        impl $operation<&Self> for Enclosure {
            type Output = Self;

            fn $method(self, other: &Self) -> Self {
                (&self).$method(other)
            }
        }

        impl $operation<Enclosure> for &Enclosure {
            type Output = Enclosure;

            fn $method(self, other: Enclosure) -> Enclosure {
                self.$method(&other)
            }
        }
    )*};
}

owned!(Add add, Sub sub, Mul mul, Div div);

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(ball: &Enclosure, digits: &str) -> bool {
        let exact = CONSTANTS.with_borrow_mut(|constants| BigFloat::parse(digits, Radix::Dec, 256, NEAREST, constants));
        let exact = Enclosure { centre: exact, radius: 1e-70, bits: 256 };
        ball.meets(&exact)
    }

    #[test]
    fn elementary_functions_hold_what_mpmath_says() {
        for line in
            include_str!("../../tests/data/certified/functions.txt").lines().filter(|line| !line.starts_with('#'))
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [function, argument, digits] = words[..] else { panic!("{line}") };
            let x = Enclosure::of(argument.parse().unwrap());
            let value = match function {
                "exp" => x.exp(),
                "ln" => x.ln(),
                "sqrt" => x.sqrt(),
                "cos" => x.cos_sin().0,
                "sin" => x.cos_sin().1,
                "pi" => Enclosure::pi(),
                _ => panic!("{line}"),
            };
            assert!(holds(&value, digits), "{line}: {value:?}");
            assert!(value.radius() <= 1e-36 * value.magnitude(), "{line}: {}", value.radius());
            // The control: the same 1e-35 further on.
            let off = &value * &(Enclosure::of(1.0) + Enclosure::of(1e-34));
            assert!(!holds(&off, digits), "{line}");
        }
    }

    #[test]
    fn balls_hold_every_result_for_points_of_their_operands() {
        let points =
            |ball: &Enclosure| [-1.0, -0.5, 0.0, 1.0].map(|t| ball.centre() + Enclosure::of(t * ball.radius()));
        for (a, b) in [(1.5, -0.3), (-7.0, 1e-3), (1e10, 3.0), (0.1, 0.1)] {
            let (x, y) = (Enclosure::of(a).widened(a.abs() * 1e-3), Enclosure::of(b).widened(b.abs() * 1e-2));
            for (p, q) in points(&x).iter().flat_map(|p| points(&y).map(|q| (p.clone(), q))) {
                for (ball, point) in [(&x + &y, &p + &q), (&x - &y, &p - &q), (&x * &y, &p * &q), (&x / &y, &p / &q)] {
                    assert!(ball.meets(&point), "{a} {b}: {ball:?} {point:?}");
                }
            }
            for p in points(&x) {
                assert!(x.cos_sin().0.meets(&p.cos_sin().0) && x.cos_sin().1.meets(&p.cos_sin().1));
                if a > 0.0 {
                    assert!(x.ln().meets(&p.ln()) && x.sqrt().meets(&p.sqrt()), "{a}");
                }
                if a < 100.0 {
                    assert!(x.exp().meets(&p.exp()) && x.powi(5).meets(&p.powi(5)));
                }
            }
        }
    }

    #[test]
    fn a_sum_and_a_product_hold_the_exact_ones() {
        let (one, tiny) = (Enclosure::of(1.0), Enclosure::of((-200f64).exp2()));
        let sum = &one + &tiny;
        assert!(sum.radius() >= (-200f64).exp2() && (&sum - &one).meets(&tiny));
        let x = Enclosure::of(0.1) * Enclosure::of(0.1);
        // The product of two doubles does not fit one.
        assert!(x.farthest_from(0.1 * 0.1) > 0.0 && x.farthest_from(0.1 * 0.1) < 1e-18);
    }

    #[test]
    fn nothing_is_certified_by_what_is_not_known() {
        let zero = Enclosure::of(0.0).widened(1e-9);
        for unknown in [
            Enclosure::of(1.0) / zero.clone(),
            zero.ln(),
            zero.sqrt(),
            Enclosure::of(f64::NAN),
            Enclosure::of(1e6).exp(),
        ] {
            let is_huge = unknown.farthest_from(1.0) > 1e300;
            assert!(is_huge && !unknown.meets(&Enclosure::of(1.0)), "{unknown:?}");
            assert!(!unknown.is_positive() || unknown.radius().is_finite());
        }
        assert!(Enclosure::of(1.0).widened(f64::NAN).farthest_from(1.0).is_infinite());
    }

    #[test]
    fn a_scaled_integer_is_within_its_distance() {
        for x in [0.0, 1.0, -1.0, 0.3, -0.7, 1e-12] {
            let (integer, distance) = (Enclosure::of(x) / Enclosure::of(1.0)).scaled_integer().unwrap();
            assert!(distance <= 0.51, "{x}: {distance}");
            assert!((integer as f64 - x * 62f64.exp2()).abs() <= 512.0, "{x}: {integer}");
        }
        let (third, distance) = Enclosure::ratio(1, 3).scaled_integer().unwrap();
        assert_eq!((third, (distance * 3.0).round()), ((1i64 << 62) / 3, 1.0));
        assert!(Enclosure::of(1.6).scaled_integer().is_none());
    }

    #[test]
    fn digits_come_with_a_radius_that_holds_the_ball() {
        let (text, radius) = (-Enclosure::pi()).decimal();
        assert_eq!(text, "-3.141592653589793238462643");
        assert!(radius > 1e-25 && radius < 2e-24);
        assert_eq!(Enclosure::of(1500.0).decimal().0, "1.5e3");
        assert_eq!(Enclosure::of(0.0).decimal(), ("0".into(), 0.0));
    }
}
