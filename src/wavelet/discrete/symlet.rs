use super::daubechies::factorised;
use super::half_band::{Root, roots};

/// The orders whose filter, in the tables in use, is the mirror image with its centre of mass after the
/// middle.
///
/// A filter and its mirror image are equally asymmetric, so that nothing but convention tells which one
/// is meant; this is the one of PyWavelets' tables, which nothing in the mathematics yields.
const LATE: [usize; 8] = [4, 5, 6, 8, 9, 10, 17, 18];

/// The symlet of this order: of the spectral factors that differ in which zeros lie inside the unit
/// circle, the one whose phase is nearest to linear \[daubechies1992, §8.1.1\].
///
/// The measure is the mean square of the deviation over all frequencies, with the line drawn through
/// the phases at 0 and `π`. A group of zeros inside the unit circle has the phase `-Σ_k p_k sin(kw)/k`
/// with `p_k` the sum of its `k`-th powers, which is 0 at both ends; outside it has the opposite
/// deviation. By Parseval the measure is `½ Σ_k (Σ_g ±p_k(g)/k)²`, which is minimised over all signs.
/// In every order from 2 to 20 this picks the factor that PyWavelets' tables hold.
pub(super) fn reconstruction(order: usize) -> Vec<f64> {
    let roots = roots(order);
    let taps = factorised(order, &roots, &nearest_to_linear(&roots));
    let late = LATE.contains(&order);
    if (centre_of_mass(&taps) > (taps.len() - 1) as f64 / 2.0) == late {
        taps
    } else {
        taps.into_iter().rev().collect()
    }
}

/// `Σ n h_n / Σ h_n`.
fn centre_of_mass(taps: &[f64]) -> f64 {
    taps.iter().enumerate().map(|(n, tap)| n as f64 * tap).sum::<f64>() / taps.iter().sum::<f64>()
}

/// The groups to be put outside, of each choice and its mirror image the one that leaves group 0 inside.
fn nearest_to_linear(roots: &[Root]) -> Vec<usize> {
    ranked(roots).swap_remove(0).1
}

/// The two best choices with their measures.
fn ranked(roots: &[Root]) -> Vec<(f64, Vec<usize>)> {
    let phases: Vec<Vec<f64>> = roots.iter().map(|root| phase_coefficients(*root)).collect();
    let mut choices: Vec<(f64, usize)> = (0..1usize << (roots.len() - 1))
        .map(|choice| {
            let sign = |group: usize| if group > 0 && choice >> (group - 1) & 1 == 1 { -1.0 } else { 1.0 };
            let deviation = |k: usize| -> f64 { phases.iter().enumerate().map(|(g, phase)| sign(g) * phase[k]).sum() };
            ((0..TERMS).map(|k| deviation(k).powi(2)).sum::<f64>() / 2.0, choice)
        })
        .collect();
    choices.sort_by(|a, b| a.0.total_cmp(&b.0));
    let outside = |choice: usize| (1..roots.len()).filter(|group| choice >> (group - 1) & 1 == 1).collect();
    choices.into_iter().take(2).map(|(measure, choice)| (measure, outside(choice))).collect()
}

/// The largest zero up to order 20 is 0.65 in modulus: `0.65^96 < u²`.
const TERMS: usize = 96;

/// `p_k / k` for `k = 1..=TERMS`.
fn phase_coefficients(root: Root) -> Vec<f64> {
    let zero = root.zero().to_f64();
    let mut power = zero;
    (1..=TERMS)
        .map(|k| {
            let sum = power.re * root.degree() as f64 / k as f64;
            power *= zero;
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_not_a_matter_of_rounding() {
        for order in 4..=20 {
            let best = ranked(&roots(order));
            assert!(best[1].0 > best[0].0 * 1.0001, "order {order}: {} and {}", best[0].0, best[1].0);
        }
    }
}
