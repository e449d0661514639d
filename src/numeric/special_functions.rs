use super::Enclosure;

/// `B_{2k}` for `k = 1..12`.
const BERNOULLI: [(i64, i64); 12] = [
    (1, 6),
    (-1, 30),
    (1, 42),
    (-1, 30),
    (5, 66),
    (-691, 2730),
    (7, 6),
    (-3617, 510),
    (43867, 798),
    (-174_611, 330),
    (854_513, 138),
    (-236_364_091, 2730),
];

impl Enclosure {
    /// `Si(x)` and `Cin(x) = ∫_0^x (1 - cos t)/t dt`, for `x > 0`, by their power series.
    ///
    /// The terms grow to `e^x` before they fall, and with them what a radius of `x` costs: for `d` bits of the
    /// result `x` must be known to `d + 3x` bits. The sum ends at an `n > 2x`, behind which
    /// every term is less than half of the one before, so that all that follow are less than the last.
    ///
    /// # Panics
    /// When `x` is not known to be above 0 and below 1000.
    pub fn sine_cosine_integral(&self) -> (Self, Self) {
        let size = self.magnitude();
        assert!(self.is_positive() && size < 1000.0, "the series is for 0 < x < 1000");
        let whole = |n: u32| Self::with_bits(n.into(), self.bits());
        let (mut sine, mut cosine, mut power) = (whole(0), whole(0), whole(1));
        for n in 1u32.. {
            power = &power * self / whole(n);
            let term = &power / &whole(n);
            let term = if (n - 1) % 4 < 2 { term } else { -term };
            if n % 2 == 1 {
                sine = sine + term;
            } else {
                cosine = cosine + term;
            }
            if f64::from(n) > 2.0 * size && power.magnitude() < (-140f64).exp2() {
                break;
            }
        }
        let rest = power.magnitude();
        (sine.widened(rest).shortened(), cosine.widened(rest).shortened())
    }

    /// `Γ(x)` for `x > 0`, by Stirling's series at `x + n ≥ 40`.
    ///
    /// For real `z > 0` what follows the term of `B_{2k}` is smaller than the next one [whittaker1927, §12.33];
    /// that of `B_24` is below `3e-35` from 40 on.
    ///
    /// # Panics
    /// When `x` is not known to be above 0.
    pub fn gamma(&self) -> Self {
        assert!(self.is_positive(), "the gamma function is enclosed for x > 0");
        let (mut z, mut product) = (self.clone(), Self::from(1));
        while !(&z - &Self::from(40)).is_positive() {
            product = &product * &z;
            z = &z + &Self::from(1);
        }
        let half = Self::of(0.5);
        let mut log = &(&z - &half) * &z.ln() - &z + &half * &(Self::from(2) * Self::pi()).ln();
        let (inverse, mut power) = (Self::from(1) / z.clone(), Self::from(1) / z.clone());
        for (k, (numerator, denominator)) in (1i64..).zip(BERNOULLI) {
            let term = Self::ratio(numerator, denominator * 2 * k * (2 * k - 1)) * power.clone();
            log = if k < BERNOULLI.len() as i64 { log + term } else { log.widened(term.magnitude()) };
            power = &power * &(&inverse * &inverse);
        }
        log.exp() / product
    }

    /// A root of a continuous function that falls from a sign to the other between these points, by halving; infinite
    /// where the signs at the ends are not opposite.
    pub fn root(f: impl Fn(&Self) -> Self, low: f64, high: f64) -> Self {
        let (mut low, mut high) = (Self::of(low), Self::of(high));
        let rising = f(&high).is_positive() && f(&low).is_negative();
        let falling = f(&low).is_positive() && f(&high).is_negative();
        if !rising && !falling {
            return low.widened(f64::INFINITY);
        }
        for _ in 0..100 {
            let middle = (&(&low + &high) * &Self::of(0.5)).centre();
            let value = f(&middle);
            // A sign that cannot be seen leaves the bracket as it is, which still holds a root.
            match (value.is_positive(), value.is_negative()) {
                (true, _) => *(if rising { &mut high } else { &mut low }) = middle,
                (_, true) => *(if rising { &mut low } else { &mut high }) = middle,
                _ => break,
            }
        }
        low.hull(&high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::sine_cosine_integral;

    #[test]
    fn integrals_and_gamma_agree_with_the_functions_in_f64() {
        for x in [0.5, 2.0, 6.25, 100.0] {
            let (sine, cosine) = Enclosure::with_bits(x, 128 + 4 * x as usize).sine_cosine_integral();
            let (si, cin) = sine_cosine_integral(x);
            assert!(sine.farthest_from(si) < 1e-14 && cosine.farthest_from(cin) < 1e-14, "{x}: {sine:?}");
            assert!(sine.radius() < 1e-30 && cosine.radius() < 1e-30, "{x}: {}", sine.radius());
        }
        assert!(Enclosure::of(0.5).gamma().meets(&Enclosure::pi().sqrt()));
        let factorial = Enclosure::from(10).gamma();
        assert!(factorial.meets(&Enclosure::from(362_880)) && factorial.radius() < 1e-25, "{factorial:?}");
        assert!(!factorial.meets(&Enclosure::of(362_880.0 + 1e-9)));
    }

    #[test]
    fn a_root_is_held_and_without_a_change_of_sign_there_is_none() {
        let square = |x: &Enclosure| x * x - Enclosure::from(2);
        let root = Enclosure::root(square, 1.0, 2.0);
        assert!(root.meets(&Enclosure::from(2).sqrt()) && root.radius() < 1e-29);
        assert!(Enclosure::root(|x| -square(x), 1.0, 2.0).meets(&root));
        assert!(Enclosure::root(square, 1.5, 2.0).radius().is_infinite());
    }
}
