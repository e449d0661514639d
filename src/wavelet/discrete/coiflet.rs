use super::half_band::{FOUR_Y, binomial_taps, coefficients, convolve, low_pass};
use crate::numeric::Fixed;

/// The coiflet of this order: `6K` taps, `2K` vanishing moments of `psi` and `2K - 1` of `phi`
/// \[daubechies1992, §8.2\].
///
/// Every filter with these moments on the taps `-2K..4K` has the transform
///
/// ```text
/// m(w) = A(w) + sin^{2K}(w) g(w),   A = (1-y)^K P_K(y),   g = Σ_{n<2K} g_n e^{-inw}
/// ```
///
/// and is orthonormal where `|m(w)|² + |m(w+π)|² = 1`. With `e` and `o` the even and the odd part of
/// `g`, and because `A(w) + A(w+π) = 1`, this says, after division by `2 sin^{2K} w`,
///
/// ```text
/// Re e + (2A - 1) Re o + sin^{2K} (|e|² + |o|²) = 4^{-K} P_K(y) P_K(1-y)
/// ```
///
/// an equality of polynomials of degree `2K - 1` in `sin² w`, so that `2K` frequencies suffice. They are
/// Newton's equations for the `2K` unknowns. From `g = 4^{-K}` the iteration converges in less than ten
/// steps for every order up to 17, to the solution that is in use. The equations lose up to 20 digits
/// (17 taps of each side), which is why they are solved in [`Fixed`].
pub(super) fn reconstruction(order: usize) -> Vec<f64> {
    let unknowns = 2 * order;
    let equations: Vec<Equation> = (0..unknowns)
        .map(|i| {
            // Any distinct frequencies in (0, π/2) will do; these are Chebyshev's, rounded.
            let angle = std::f64::consts::PI * (2 * i + 1) as f64 / (2 * unknowns) as f64;
            Equation::at(order, Fixed::of(angle.cos()))
        })
        .collect();
    let mut g = vec![Fixed::ZERO; unknowns];
    g[0] = Fixed::of(0.25).powi(order);
    // Newton's iteration, until a step is lost in the last third of the digits.
    for _ in 0..STEPS {
        let rows = equations.iter().map(|equation| equation.linearised(&g)).collect();
        let step = Fixed::solve(rows).expect("the moment equations are regular on the way to a coiflet");
        g.iter_mut().zip(&step).for_each(|(g, step)| *g += *step);
        if step.iter().all(|step| step.to_f64().abs() < SMALL) {
            return taps(order, &g);
        }
    }
    unreachable!("Newton's iteration for the coiflet of order {order} has not settled");
}

const STEPS: usize = 24;
const SMALL: f64 = 1e-40;

/// The equation at one frequency.
struct Equation {
    /// `2 A - 1`.
    odd: Fixed,
    /// `sin^{2K} w`.
    sine: Fixed,
    /// `4^{-K} P(y) P(1-y)`.
    right: Fixed,
    /// `(cos nw, sin nw)` for `n < 2K`.
    waves: Vec<[Fixed; 2]>,
}

impl Equation {
    /// At the frequency in `(0, π/2)` whose double has this cosine.
    fn at(order: usize, cosine_of_double: Fixed) -> Self {
        let (one, half) = (Fixed::ONE, Fixed::of(0.5));
        let sine_squared = half * (one - cosine_of_double);
        let (cosine, sine) = ((half * (one + cosine_of_double)).sqrt(), sine_squared.sqrt());
        let four_y = Fixed::of(2.0) * (one - cosine);
        let polynomial =
            |four_y: Fixed| coefficients(order).iter().rev().fold(Fixed::ZERO, |value, &c| value * four_y + c);
        let (low, high) = (polynomial(four_y), polynomial(Fixed::of(4.0) - four_y));
        let a = (half * (one + cosine)).powi(order) * low;
        let mut wave = [one, Fixed::ZERO];
        let waves = (0..2 * order)
            .map(|_| {
                let [re, im] = wave;
                wave = [re * cosine - im * sine, re * sine + im * cosine];
                [re, im]
            })
            .collect();
        Self {
            odd: a + a - one,
            sine: sine_squared.powi(order),
            right: Fixed::of(0.25).powi(order) * low * high,
            waves,
        }
    }

    /// Derivatives by each `g_n`, and what is missing.
    fn linearised(&self, g: &[Fixed]) -> Vec<Fixed> {
        // Even part, odd part, as real and imaginary.
        let mut parts = [[Fixed::ZERO; 2]; 2];
        for (n, (&g, wave)) in g.iter().zip(&self.waves).enumerate() {
            parts[n % 2][0] += g * wave[0];
            parts[n % 2][1] += g * wave[1];
        }
        let weight = [Fixed::ONE, self.odd];
        let value = (0..2).fold(-self.right, |value, p| {
            let [re, im] = parts[p];
            value + weight[p] * re + self.sine * (re * re + im * im)
        });
        let derivative = |(n, wave): (usize, &[Fixed; 2])| {
            let along = parts[n % 2][0] * wave[0] + parts[n % 2][1] * wave[1];
            weight[n % 2] * wave[0] + self.sine * (along + along)
        };
        self.waves.iter().enumerate().map(derivative).chain([-value]).collect()
    }
}

/// `A + sin^{2K} g` as taps, from `-2K` on.
fn taps(order: usize, g: &[Fixed]) -> Vec<f64> {
    // A: both binomials are centred, and so is Horner's scheme in 4y.
    let four_y = FOUR_Y.map(Fixed::of);
    let mut a = vec![Fixed::ZERO];
    for &c in coefficients(order).iter().rev() {
        a = convolve(&a, &four_y);
        let middle = a.len() / 2;
        a[middle] += c;
    }
    let a = convolve(&a[1..a.len() - 1], &binomial_taps(2 * order));
    // sin² w = (2 - z² - z^-2)/4.
    let sine = [-0.25, 0.0, 0.5, 0.0, -0.25].map(Fixed::of);
    let power = (0..order).fold(vec![Fixed::ONE], |power, _| convolve(&power, &sine));
    let mut taps = convolve(&power, g);
    for (tap, &value) in taps[1..].iter_mut().zip(&a) {
        *tap += value;
    }
    low_pass(&taps)
}
