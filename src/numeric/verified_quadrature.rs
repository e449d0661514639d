use rayon::prelude::*;

use super::Enclosure;

/// Gauss and Legendre's rule on `[-1, 1]` with nodes and weights enclosed, for integrals with a proved remainder.
///
/// # The remainder
/// Let `f` be analytic with `|f| ≤ M` inside the ellipse with foci ±1 whose half-axes are
/// `(ρ ± 1/ρ)/2`. Its Chebyshev coefficients obey `|a_k| ≤ 2M ρ^{-k}`. The rule of `n` nodes is exact up to
/// degree `2n - 1`; it and the integral vanish for odd `k`; and for even `k ≥ 4` the integral of `T_k` is
/// `-2/(k² - 1)`, at most 2/15 in size, and its value by the rule, whose weights are positive and add to 2,
/// is at most 2. So for `n ≥ 2`
///
/// ```text
/// |∫ f - Σ w_i f(x_i)| ≤ 2M Σ_{k = 2n, 2n+2, ...} (2 + 2/15) ρ^{-k} = (64/15) M ρ^{-2n} / (1 - ρ^{-2})
/// ```
///
/// [trefethen2008, Theorem 4.5; johansson2018].
#[derive(Debug, Clone)]
pub struct GaussLegendre {
    /// Node and weight.
    rule: Vec<(Enclosure, Enclosure)>,
}

/// `ρ` of the ellipses on which integrands are bounded.
const ELLIPSE: f64 = 6.0;

/// A rectangle of complex numbers around a panel's ellipse: `low ≤ Re z ≤ high`, `|Im z| ≤ height`.
#[derive(Debug, Clone, Copy)]
pub struct Around {
    /// The smallest real part.
    pub low: f64,
    /// The largest real part.
    pub high: f64,
    /// The largest imaginary part.
    pub height: f64,
}

impl Around {
    /// The smallest `|Re z - point|`.
    pub fn nearest(&self, point: f64) -> f64 {
        (self.low - point).max(point - self.high).max(0.0)
    }

    /// The largest `|z|`.
    pub fn modulus(&self) -> f64 {
        self.low.abs().max(self.high.abs()).hypot(self.height)
    }
}

impl GaussLegendre {
    /// The rule of `n` nodes.
    ///
    /// A node is enclosed by a change of sign of `P_n` between the two ends of a ball around an
    /// approximation; `n` balls that lie apart hold all of the `n` roots.
    ///
    /// # Panics
    /// When `n` is below 2, or so large that the change of sign cannot be seen.
    pub fn new(n: u32) -> Self {
        assert!(n >= 2, "a rule needs 2 nodes");
        // Balls forget how their errors are related, and the recurrence multiplies them by up to 1 + √2 at
        // each step: twice the bits are worked with, and the result is shortened.
        let (bits, reach) = (256 + 2 * n as usize, (-160f64).exp2());
        let mut rule: Vec<(Enclosure, Enclosure)> = Vec::new();
        for i in 0..n {
            // Descending from 1.
            let guess = (std::f64::consts::PI * (f64::from(i) + 0.75) / (f64::from(n) + 0.5)).cos();
            let mut node = Enclosure::with_bits(guess, bits);
            for _ in 0..5 {
                let (value, before) = legendre(n, &node);
                let slope = slope(n, &node, &value, &before);
                node = (&node - &(value / slope)).centre();
            }
            let [left, right] = [-reach, reach].map(|step| legendre(n, &(&node + &Enclosure::of(step))).0);
            assert!(
                (left.is_positive() && right.is_negative()) || (left.is_negative() && right.is_positive()),
                "node {i} of {n} is not enclosed"
            );
            let node = node.widened(reach);
            if let Some((last, _)) = rule.last() {
                assert!((last - &node).is_positive(), "nodes {i} of {n} are not apart");
            }
            // w = 2 (1 - x²) / (n P_{n-1}(x))².
            let whole = |number: u32| Enclosure::with_bits(number.into(), bits);
            let before = whole(n) * legendre(n, &node).1;
            let weight = whole(2) * (whole(1) - &node * &node) / (&before * &before);
            rule.push((node.shortened(), weight.shortened()));
        }
        Self { rule }
    }

    /// `∫ f` over the panels between neighbouring ends, enclosed.
    ///
    /// `modulus` bounds `|f|` on the rectangle around a panel's ellipse, inside which `f` must be analytic;
    /// it is raised by a thousandth for its own roundings. Panels are worked on in parallel and added in order.
    ///
    /// # Panics
    /// When there are fewer than two ends.
    ///
    /// # Example
    /// ```
    /// use ropelet::numeric::{Enclosure, GaussLegendre};
    ///
    /// let ends = [0, 1, 2].map(Enclosure::from);
    /// let rule = GaussLegendre::new(16);
    /// let integral = rule.integrate(&ends, |x| x.exp(), |around| around.high.exp());
    /// assert!(integral.meets(&(Enclosure::from(2).exp() - Enclosure::from(1))));
    /// assert!(integral.radius() < 1e-20);
    /// ```
    pub fn integrate(
        &self,
        ends: &[Enclosure],
        f: impl Fn(&Enclosure) -> Enclosure + Sync,
        modulus: impl Fn(Around) -> f64 + Sync,
    ) -> Enclosure {
        assert!(ends.len() >= 2, "no panel");
        let panels: Vec<Enclosure> = ends.par_windows(2).map(|ends| self.panel(ends, &f, &modulus)).collect();
        panels.into_iter().reduce(|sum, next| sum + next).expect("there is a panel")
    }

    fn panel(
        &self,
        ends: &[Enclosure],
        f: &(impl Fn(&Enclosure) -> Enclosure + Sync),
        modulus: &(impl Fn(Around) -> f64 + Sync),
    ) -> Enclosure {
        let half = Enclosure::of(0.5);
        let (middle, reach) = (&(&ends[0] + &ends[1]) * &half, &(&ends[1] - &ends[0]) * &half);
        let sum = self
            .rule
            .iter()
            .map(|(node, weight)| weight * &f(&(&middle + &(&reach * node))))
            .reduce(|sum, next| sum + next)
            .expect("a rule has nodes");
        let (centre, size) = (middle.to_f64(), reach.magnitude());
        // A little more than the ellipse, for the roundings of its ends.
        let (across, up) = (size * (ELLIPSE + 1.0 / ELLIPSE) / 2.0, size * (ELLIPSE - 1.0 / ELLIPSE) / 2.0);
        let slack = 1e-9 * (1.0 + centre.abs() + across) + middle.radius();
        let around = Around { low: centre - across - slack, high: centre + across + slack, height: up + slack };
        let nodes = self.rule.len() as i32;
        let decay = ELLIPSE.powi(-2 * nodes) / (1.0 - ELLIPSE.powi(-2));
        &reach * &sum.widened(1.001 * (64.0 / 15.0) * modulus(around) * decay)
    }
}

/// `(P_n(x), P_{n-1}(x))`, by `(k + 1) P_{k+1} = (2k + 1) x P_k - k P_{k-1}`.
fn legendre(n: u32, x: &Enclosure) -> (Enclosure, Enclosure) {
    let whole = |number: u32| Enclosure::with_bits(number.into(), x.bits());
    let (mut before, mut value) = (whole(1), x.clone());
    for k in 1..n {
        let next = (&(&whole(2 * k + 1) * x) * &value - &whole(k) * &before) / whole(k + 1);
        (before, value) = (value, next);
    }
    (value, before)
}

/// `P_n'(x) = n (x P_n - P_{n-1}) / (x² - 1)`.
fn slope(n: u32, x: &Enclosure, value: &Enclosure, before: &Enclosure) -> Enclosure {
    let whole = |number: u32| Enclosure::with_bits(number.into(), x.bits());
    whole(n) * (&(x * value) - before) / (x * x - whole(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_add_to_two_and_the_rule_is_exact_to_its_degree() {
        for n in [2, 5, 16, 24] {
            let rule = GaussLegendre::new(n);
            let moment = |power: u32| {
                let terms = rule.rule.iter().map(|(node, weight)| weight * &node.powi(power));
                terms.reduce(|sum, next| sum + next).unwrap()
            };
            for power in [0, 1, 2, 2 * n - 2, 2 * n - 1] {
                let exact = if power % 2 == 1 { Enclosure::from(0) } else { Enclosure::ratio(2, i64::from(power) + 1) };
                assert!(moment(power).meets(&exact) && moment(power).radius() < 1e-26, "n = {n}, degree {power}");
            }
            let beyond = Enclosure::ratio(2, 2 * i64::from(n) + 1);
            assert!(!moment(2 * n).meets(&beyond), "degree {} is beyond {n} nodes", 2 * n);
        }
    }

    #[test]
    fn integrals_of_known_value_are_enclosed_and_nearly_right_ones_are_not() {
        let rule = GaussLegendre::new(20);
        let ends: Vec<Enclosure> = (-8..=8).map(Enclosure::from).collect();
        let gaussian = |x: &Enclosure| (-(x * x)).exp();
        let modulus = |around: Around| (around.height.powi(2) - around.nearest(0.0).powi(2)).exp();
        // Both tails are below e^{-64}/8.
        let integral = rule.integrate(&ends, gaussian, modulus).widened(3e-29);
        let root = Enclosure::pi().sqrt();
        assert!(integral.meets(&root) && integral.radius() < 1e-25, "{integral:?}");
        assert!(!integral.meets(&(&root + &Enclosure::of(1e-24))));
    }

    #[test]
    fn too_few_nodes_give_a_wide_enclosure_and_not_a_wrong_one() {
        let ends = [Enclosure::from(0), Enclosure::from(4)];
        let rule = GaussLegendre::new(4);
        let integral = rule.integrate(&ends, |x| x.cos_sin().0, |around| around.height.cosh());
        assert!(integral.meets(&Enclosure::from(4).cos_sin().1) && integral.radius() > 1e-6);
    }
}
