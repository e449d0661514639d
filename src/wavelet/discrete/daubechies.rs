use super::half_band::{Complex, Root, binomial_taps, convolve, low_pass, roots};
use crate::numeric::Fixed;

/// The Daubechies filter of this order: `2N` taps, `N` vanishing moments, all zeros but those at `-1`
/// inside the unit circle, so that the energy comes as early as it can \[daubechies1992, §6.4\].
pub(super) fn reconstruction(order: usize) -> Vec<f64> {
    factorised(order, &roots(order), &[])
}

/// The spectral factor of `((1 + z)(1 + 1/z)/4)^N P_N` that takes the zeros of these roots inside the
/// unit circle, but outside for those whose index is in `outside`.
pub(super) fn factorised(order: usize, roots: &[Root], outside: &[usize]) -> Vec<f64> {
    let taps = roots.iter().enumerate().fold(binomial_taps(order), |taps, (i, root)| {
        let mut factor = minimum_phase(*root);
        if outside.contains(&i) {
            factor.reverse();
        }
        convolve(&taps, &factor)
    });
    low_pass(&taps)
}

/// `1 - z_0/z`, or `1 - 2 Re z_0/z + |z_0|²/z²` for a pair.
fn minimum_phase(root: Root) -> Vec<Fixed> {
    let Complex { re, .. } = root.zero();
    if root.is_real() { vec![Fixed::ONE, -re] } else { vec![Fixed::ONE, -(re + re), root.zero().norm_sqr()] }
}
