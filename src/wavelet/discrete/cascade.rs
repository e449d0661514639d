use std::f64::consts::SQRT_2;

use crate::numeric::Fixed;

/// A scaling function and its wavelet on a grid of step `2^-level` that begins at 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Refinement {
    /// Grid spacing.
    pub step: f64,
    /// `phi` at `k · step`.
    pub scaling: Vec<f64>,
    /// `psi` at `k · step`.
    pub wavelet: Vec<f64>,
}

/// `level` steps of the cascade: `c ← √2 · low * (c ↑ 2)`, from one coefficient `√2 · first`.
pub(super) fn iterate(first: &[f64], low: &[f64], level: u32) -> Vec<f64> {
    let start = first.iter().map(|tap| SQRT_2 * tap).collect();
    (1..level).fold(start, |coarse: Vec<f64>, _| {
        let mut fine = vec![0.0; 2 * coarse.len() + low.len() - 2];
        for (k, c) in coarse.iter().enumerate() {
            for (value, tap) in fine[2 * k..].iter_mut().zip(low) {
                *value += SQRT_2 * tap * c;
            }
        }
        fine
    })
}

/// `phi` at the integers `0..len`, from `phi(n) = √2 Σ_k low_k phi(2n - k)` and `Σ phi(n) = 1`.
///
/// `None` where this does not determine it, as for the box function, which jumps there, or where the
/// even and the odd taps do not share the sum, so that no solution sums to 1.
pub(super) fn at_integers(low: &[f64]) -> Option<Vec<f64>> {
    let sums = [0, 1].map(|parity| low.iter().skip(parity).step_by(2).sum::<f64>());
    let inner = low.len().checked_sub(2).filter(|&n| n > 0)?;
    if (sums[0] - sums[1]).abs() > 1e-9 {
        return None;
    }
    let root = Fixed::of(2.0).sqrt();
    let tap = |index: isize| {
        usize::try_from(index).ok().and_then(|i| low.get(i)).map_or(Fixed::ZERO, |&h| root * Fixed::of(h))
    };
    let rows = (1..=inner as isize)
        .map(|n| {
            // The rows of the refinement sum to 0 with 1 taken off: the first gives way to the sum.
            let entry = |m: isize| match n {
                1 => Fixed::ONE,
                _ if m == n => tap(2 * n - m) - Fixed::ONE,
                _ => tap(2 * n - m),
            };
            let right = if n == 1 { Fixed::ONE } else { Fixed::ZERO };
            (1..=inner as isize).map(entry).chain([right]).collect()
        })
        .collect();
    let inside = Fixed::solve(rows)?;
    Some([0.0].into_iter().chain(inside.iter().map(|value| value.to_f64())).chain([0.0]).collect())
}

/// Values at `k/2`, from `phi` at the integers: `f(k/2) = √2 Σ_j taps_j phi(k - j)`, and on, level by level.
///
/// `values` holds `phi` at multiples of `2^-level`; the result holds `√2 Σ_j taps_j phi(2x - j)` at those of
/// `2^-(level+1)`.
pub(super) fn refine(values: &[f64], taps: &[f64], level: u32) -> Vec<f64> {
    let per_unit = 1usize << level;
    let length = 2 * (values.len() - 1) + 1;
    // x = i 2^-(level+1), so 2x - j is at index i - j 2^level of `values`.
    (0..length)
        .map(|i| {
            let terms = taps.iter().enumerate().filter_map(|(j, tap)| {
                let index = i.checked_sub(j * per_unit)?;
                values.get(index).map(|value| tap * value)
            });
            SQRT_2 * terms.sum::<f64>()
        })
        .collect()
}
