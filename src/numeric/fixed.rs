use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

const LIMBS: usize = 6;
/// Limbs after the binary point.
const FRACTION: usize = 4;

/// A real number in fixed point, 128 bits before the binary point and 256 after it.
///
/// It is for computations whose conditioning costs more digits than `f64` has, such as the roots and
/// the moment equations behind long wavelet filters, and whose numbers stay within `2^127`. Sums are
/// exact, products round once to `2^-256`, quotients and roots are good to a few `2^-256` times the
/// size of their derivative. [`Fixed::to_f64`] rounds correctly.
///
/// # Panics
/// A product beyond `2^127` panics with debug assertions: the callers' numbers do not come near it.
///
/// # Example
/// ```
/// use ropelet::numeric::Fixed;
///
/// let root = Fixed::of(2.0).sqrt();
/// assert_eq!(root.to_f64(), 2f64.sqrt());
/// assert!((root * root - Fixed::of(2.0)).to_f64().abs() < 1e-75);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed([u64; LIMBS]);

impl Fixed {
    /// 0.
    pub const ZERO: Self = Self([0; LIMBS]);
    /// 1.
    pub const ONE: Self = Self([0, 0, 0, 0, 1, 0]);

    /// This number, exactly, but for bits below `2^-256`.
    ///
    /// # Panics
    /// When it is not finite or beyond `2^127`.
    pub fn of(value: f64) -> Self {
        assert!(value.abs() < 127f64.exp2(), "{value} does not fit");
        // Limb by limb from the top: each subtraction is exact.
        let mut rest = value.abs();
        let mut limbs = [0; LIMBS];
        for (i, limb) in limbs.iter_mut().enumerate().rev() {
            let unit = (64.0 * (i as f64 - FRACTION as f64)).exp2();
            *limb = (rest / unit) as u64;
            rest -= *limb as f64 * unit;
        }
        let magnitude = Self(limbs);
        if value < 0.0 { -magnitude } else { magnitude }
    }

    /// The nearest `f64`, ties to even.
    pub fn to_f64(self) -> f64 {
        let magnitude = self.abs().0;
        let Some(top) = magnitude.iter().rposition(|&limb| limb != 0) else { return 0.0 };
        // The 64 leading bits, the last of which also says whether anything follows.
        let shift = magnitude[top].leading_zeros();
        let below = if top > 0 { magnitude[top - 1] } else { 0 };
        let window = (u128::from(magnitude[top]) << 64 | u128::from(below)) << shift;
        let follows = window as u64 != 0 || magnitude[..top.saturating_sub(1)].iter().any(|&limb| limb != 0);
        let leading = (window >> 64) as u64 | u64::from(follows);
        let exponent = 64 * (top as i32 - FRACTION as i32) - shift as i32;
        let value = leading as f64 * f64::from(exponent).exp2();
        if self.is_negative() { -value } else { value }
    }

    fn is_negative(self) -> bool {
        self.0[LIMBS - 1] >> 63 == 1
    }

    /// `|x|`.
    pub fn abs(self) -> Self {
        if self.is_negative() { -self } else { self }
    }

    /// `1/x`, by Newton's iteration from the quotient in `f64`; each step doubles its 52 bits.
    ///
    /// # Panics
    /// When `|1/x|` is beyond `2^127`.
    pub fn recip(self) -> Self {
        let start = Self::of(self.to_f64().recip());
        (0..3).fold(start, |x, _| x + x * (Self::ONE - self * x))
    }

    /// `√x`, by Newton's iteration for `1/√x`, and a last one for the root itself; 0 for 0.
    ///
    /// # Panics
    /// When `x` is negative.
    pub fn sqrt(self) -> Self {
        assert!(!self.is_negative(), "the root of a negative number");
        if self == Self::ZERO {
            return self;
        }
        let (start, half) = (Self::of(self.to_f64().sqrt().recip()), Self::of(0.5));
        let inverse = (0..3).fold(start, |y, _| y + half * y * (Self::ONE - self * y * y));
        let root = self * inverse;
        root + half * inverse * (self - root * root)
    }

    /// `x^n`.
    pub fn powi(self, exponent: usize) -> Self {
        (0..exponent).fold(Self::ONE, |power, _| power * self)
    }

    /// The solution of a square linear system, given as rows `[coefficients..., right-hand side]`, by
    /// Gaussian elimination with partial pivoting; `None` where a pivot is below `2^-40` of the largest
    /// coefficient of its row.
    pub fn solve(mut rows: Vec<Vec<Self>>) -> Option<Vec<Self>> {
        let n = rows.len();
        for column in 0..n {
            let size = |row: &Vec<Self>| row[column].to_f64().abs();
            let pivot = (column..n).max_by(|&a, &b| size(&rows[a]).total_cmp(&size(&rows[b])))?;
            rows.swap(column, pivot);
            let largest = rows[column][..n].iter().map(|x| x.to_f64().abs()).fold(0.0, f64::max);
            if size(&rows[column]) <= largest * (-40f64).exp2() {
                return None;
            }
            let inverse = rows[column][column].recip();
            let (done, rest) = rows.split_at_mut(column + 1);
            let pivot = &mut done[column];
            pivot[column..].iter_mut().for_each(|entry| *entry = *entry * inverse);
            for row in rest {
                let factor = row[column];
                for (entry, above) in row[column..].iter_mut().zip(&pivot[column..]) {
                    *entry -= factor * *above;
                }
            }
        }
        let mut solution = vec![Self::ZERO; n];
        for row in (0..n).rev() {
            let known = (row + 1..n).fold(Self::ZERO, |sum, j| sum + rows[row][j] * solution[j]);
            solution[row] = rows[row][n] - known;
        }
        Some(solution)
    }
}

impl Neg for Fixed {
    type Output = Self;

    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl Add for Fixed {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (mut sum, mut carry) = ([0; LIMBS], false);
        for ((limb, a), b) in sum.iter_mut().zip(self.0).zip(other.0) {
            let (partial, first) = a.overflowing_add(b);
            let (total, second) = partial.overflowing_add(u64::from(carry));
            (*limb, carry) = (total, first || second);
        }
        Self(sum)
    }
}

impl Sub for Fixed {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let (mut difference, mut borrow) = ([0; LIMBS], false);
        for ((limb, a), b) in difference.iter_mut().zip(self.0).zip(other.0) {
            let (partial, first) = a.overflowing_sub(b);
            let (total, second) = partial.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (total, first || second);
        }
        Self(difference)
    }
}

impl Mul for Fixed {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let (a, b) = (self.abs().0, other.abs().0);
        let mut product = [0u64; 2 * LIMBS];
        for (i, &x) in a.iter().enumerate() {
            let mut carry = 0;
            for (j, &y) in b.iter().enumerate() {
                let total = u128::from(x) * u128::from(y) + u128::from(product[i + j]) + u128::from(carry);
                product[i + j] = total as u64;
                carry = (total >> 64) as u64;
            }
            product[i + LIMBS] = carry;
        }
        debug_assert!(
            product[FRACTION + LIMBS..].iter().all(|&limb| limb == 0) && product[FRACTION + LIMBS - 1] >> 63 == 0,
            "a product beyond 2^127"
        );
        let mut limbs = [0; LIMBS];
        limbs.copy_from_slice(&product[FRACTION..FRACTION + LIMBS]);
        let half_up = Self([product[FRACTION - 1] >> 63, 0, 0, 0, 0, 0]);
        let magnitude = Self(limbs) + half_up;
        if self.is_negative() == other.is_negative() { magnitude } else { -magnitude }
    }
}

impl AddAssign for Fixed {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Fixed {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `2^-256`.
    fn unit() -> f64 {
        (-256f64).exp2()
    }

    #[test]
    fn every_f64_of_moderate_size_comes_back() {
        for value in [0.0, 1.0, -1.0, 0.1, -1e-30, 1.7e38, std::f64::consts::PI, 2f64.powi(-200), 1.0 + f64::EPSILON] {
            assert_eq!(Fixed::of(value).to_f64(), value);
        }
    }

    #[test]
    fn a_sum_to_f64_rounds_half_to_even() {
        let (one, half_ulp) = (Fixed::ONE, Fixed::of(f64::EPSILON / 2.0));
        assert_eq!((one + half_ulp).to_f64(), 1.0);
        assert_eq!((one + half_ulp + Fixed::of(2f64.powi(-250))).to_f64(), 1.0 + f64::EPSILON);
        assert_eq!((one + half_ulp + half_ulp + half_ulp).to_f64(), 1.0 + 2.0 * f64::EPSILON);
    }

    #[test]
    fn signs_and_products_are_those_of_the_reals() {
        for (a, b) in [(3.0, 5.0), (-3.0, 5.0), (3.0, -5.0), (-3.0, -5.0), (1e15, -1e-15)] {
            assert_eq!((Fixed::of(a) * Fixed::of(b)).to_f64(), a * b);
            assert_eq!((Fixed::of(a) + Fixed::of(b)).to_f64(), a + b);
            assert_eq!((Fixed::of(a) - Fixed::of(b)).to_f64(), a - b);
        }
    }

    #[test]
    fn quotients_and_roots_are_good_to_the_last_bits() {
        for value in [3.0, 0.1, 7e9, 1e-9] {
            let x = Fixed::of(value);
            assert!((x * x.recip() - Fixed::ONE).to_f64().abs() <= 8.0 * unit() * value.max(value.recip()));
            let root = x.sqrt();
            assert!((root * root - x).to_f64().abs() <= 8.0 * unit() * value.sqrt().max(1.0));
        }
        assert_eq!(Fixed::ZERO.sqrt(), Fixed::ZERO);
    }

    #[test]
    fn a_hilbert_system_is_solved_and_a_singular_one_is_not() {
        // Hilbert's matrix of order 12 has a condition of 1e16; its inverse maps its row sums to ones.
        let n = 12;
        let rows = (0..n)
            .map(|i| {
                let mut row: Vec<Fixed> = (0..n).map(|j| Fixed::of(f64::from(i + j + 1)).recip()).collect();
                row.push(row.iter().fold(Fixed::ZERO, |sum, x| sum + *x));
                row
            })
            .collect();
        for x in Fixed::solve(rows).unwrap() {
            assert!((x - Fixed::ONE).to_f64().abs() < 1e-50);
        }
        let two = Fixed::of(2.0);
        assert_eq!(Fixed::solve(vec![vec![Fixed::ONE, two, two], vec![two, two + two, Fixed::ONE]]), None);
    }
}
