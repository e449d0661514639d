//! The half-band polynomial that every family of maximal flatness factorises.
//!
//! ```text
//! P_N(y) = Σ_{k<N} C(N-1+k, k) y^k,   y = sin²(w/2) = (2 - z - 1/z)/4
//! (1-y)^N P_N(y) + y^N P_N(1-y) = 1
//! ```
//!
//! Its roots are found in `4y`, where the coefficients keep within a few powers of ten of each other,
//! and carried in [`Fixed`]: the expansion of a product of 37 roots costs 20 digits, of which `f64`
//! does not have enough \[daubechies1992, §6.1\].

use num_complex::Complex64;

use crate::numeric::Fixed;

/// A complex number in fixed point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Complex {
    pub(super) re: Fixed,
    pub(super) im: Fixed,
}

impl Complex {
    fn of(value: Complex64) -> Self {
        Self { re: Fixed::of(value.re), im: Fixed::of(value.im) }
    }

    pub(super) fn to_f64(self) -> Complex64 {
        Complex64::new(self.re.to_f64(), self.im.to_f64())
    }

    pub(super) fn norm_sqr(self) -> Fixed {
        self.re * self.re + self.im * self.im
    }

    fn add(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }

    fn sub(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }

    pub(super) fn mul(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    fn scale(self, factor: Fixed) -> Self {
        Self { re: self.re * factor, im: self.im * factor }
    }

    pub(super) fn recip(self) -> Self {
        let inverse = self.norm_sqr().recip();
        Self { re: self.re * inverse, im: -self.im * inverse }
    }

    /// The principal root, by Newton's iteration from the one in `f64`.
    fn sqrt(self) -> Self {
        let half = Fixed::of(0.5);
        (0..4).fold(Self::of(self.to_f64().sqrt()), |root, _| root.add(self.mul(root.recip())).scale(half))
    }
}

/// A real root of `P_N`, or one with its conjugate, in `4y`; the imaginary part is not negative.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root(Complex);

/// The roots of `P_N`, nearest to the real axis first: the real one, where there is one, leads.
pub(super) fn roots(order: usize) -> Vec<Root> {
    let coefficients = coefficients(order);
    let mut roots: Vec<Root> = approximate_roots(&coefficients.iter().map(|c| c.to_f64()).collect::<Vec<_>>())
        .into_iter()
        .filter_map(|root| match root.im {
            im if im.abs() < 1e-6 => Some(Complex64::new(root.re, 0.0)),
            im if im > 0.0 => Some(root),
            _ => None,
        })
        .map(|root| Root(polish(&coefficients, Complex::of(root))))
        .collect();
    roots.sort_by(|a, b| a.0.im.to_f64().total_cmp(&b.0.im.to_f64()));
    let degree: usize = roots.iter().map(|root| root.degree()).sum();
    assert_eq!(degree, order - 1, "the half-band polynomial of order {order} has lost a root");
    roots
}

/// `C(N-1+k, k) / 4^k`, which `f64` holds to a rounding and [`Fixed`] exactly enough.
pub(super) fn coefficients(order: usize) -> Vec<Fixed> {
    let mut coefficient = Fixed::ONE;
    (0..order)
        .map(|k| {
            let this = coefficient;
            coefficient = coefficient * Fixed::of((order + k) as f64) * Fixed::of(4.0 * (k + 1) as f64).recip();
            this
        })
        .collect()
}

/// All roots at once by the Aberth-Ehrlich iteration, to about 1e-8: starting points for Newton's.
fn approximate_roots(coefficients: &[f64]) -> Vec<Complex64> {
    let degree = coefficients.len() - 1;
    // No symmetry axis of the start is one of the roots'.
    let mut roots: Vec<Complex64> = (0..degree)
        .map(|i| Complex64::from_polar(1.5, std::f64::consts::TAU * i as f64 / degree as f64 + 0.4))
        .collect();
    for _ in 0..100 {
        for i in 0..degree {
            let x = roots[i];
            let (value, slope) = coefficients
                .iter()
                .rev()
                .fold((Complex64::ZERO, Complex64::ZERO), |(value, slope), c| (value * x + c, slope * x + value));
            let newton = value / slope;
            let others: Complex64 = (0..degree).filter(|&j| j != i).map(|j| (x - roots[j]).inv()).sum();
            roots[i] = x - newton / (Complex64::ONE - newton * others);
        }
    }
    roots
}

/// Newton's iteration: six steps take 8 digits to more than [`Fixed`] has.
fn polish(coefficients: &[Fixed], start: Complex) -> Complex {
    let zero = Complex { re: Fixed::ZERO, im: Fixed::ZERO };
    (0..6).fold(start, |x, _| {
        let (value, slope) = coefficients.iter().rev().fold((zero, zero), |(value, slope), &c| {
            (value.mul(x).add(Complex { re: c, im: Fixed::ZERO }), slope.mul(x).add(value))
        });
        x.sub(value.mul(slope.recip()))
    })
}

impl Root {
    /// How many roots it stands for.
    pub(super) fn degree(self) -> usize {
        if self.is_real() { 1 } else { 2 }
    }

    pub(super) fn is_real(self) -> bool {
        self.0.im == Fixed::ZERO
    }

    /// The zero in `z` inside the unit circle: of `z + 1/z = 2 - 4y`, with the conjugate for a pair.
    pub(super) fn zero(self) -> Complex {
        let half = Fixed::of(0.5);
        let b = Complex { re: Fixed::ONE - half * self.0.re, im: -half * self.0.im };
        let square = b.mul(b);
        let root = Complex { re: square.re - Fixed::ONE, im: square.im }.sqrt();
        let (one, other) = (b.add(root), b.sub(root));
        if one.norm_sqr().to_f64() < 1.0 { one } else { other }
    }

    /// The factor `1 - y/y_0`, or its product with the conjugate's, as taps around the middle.
    pub(super) fn symmetric_taps(self) -> Vec<Fixed> {
        let inverse = self.0.recip();
        let one = [Fixed::ZERO, Fixed::ONE, Fixed::ZERO];
        let linear =
            |slope: Fixed| -> Vec<Fixed> { one.iter().zip(FOUR_Y).map(|(&c, y)| c - slope * Fixed::of(y)).collect() };
        if self.is_real() {
            return linear(inverse.re);
        }
        // 1 - 2 Re(1/y_0) y + |1/y_0|² y².
        let mut taps = vec![Fixed::ZERO; 5];
        for (tap, value) in taps[1..4].iter_mut().zip(linear(inverse.re + inverse.re)) {
            *tap = value;
        }
        let square = convolve(&FOUR_Y.map(Fixed::of), &FOUR_Y.map(Fixed::of));
        for (tap, value) in taps.iter_mut().zip(square) {
            *tap += inverse.norm_sqr() * value;
        }
        taps
    }
}

/// The taps of `4y = 2 - z - 1/z`.
pub(super) const FOUR_Y: [f64; 3] = [-1.0, 2.0, -1.0];

/// The product of two polynomials.
pub(super) fn convolve(a: &[Fixed], b: &[Fixed]) -> Vec<Fixed> {
    let mut product = vec![Fixed::ZERO; a.len() + b.len() - 1];
    for (i, &x) in a.iter().enumerate() {
        for (tap, &y) in product[i..].iter_mut().zip(b) {
            *tap += x * y;
        }
    }
    product
}

/// The taps of `((1 + 1/z)/2)^n`.
pub(super) fn binomial_taps(exponent: usize) -> Vec<Fixed> {
    let half = [Fixed::of(0.5); 2];
    (0..exponent).fold(vec![Fixed::ONE], |taps, _| convolve(&taps, &half))
}

/// The taps in `f64`, scaled to the sum `√2`.
pub(super) fn low_pass(taps: &[Fixed]) -> Vec<f64> {
    let sum = taps.iter().fold(Fixed::ZERO, |sum, &tap| sum + tap);
    let factor = Fixed::of(2.0).sqrt() * sum.recip();
    taps.iter().map(|&tap| (tap * factor).to_f64()).collect()
}
