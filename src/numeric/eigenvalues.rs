use nalgebra::DMatrix;

use super::gamma;

/// The eigenvalues of a real symmetric matrix of this order, given by rows, from the largest to the smallest.
///
/// Only the lower triangle is read. Tridiagonal form by Householder's reflections, then the QR iteration.
///
/// # Rounding
/// Each value is within [`eigenvalue_error`] of an eigenvalue of the matrix: the computed ones are exact for a matrix
/// that differs in the 2-norm by no more than that, and an eigenvalue moves no farther than the matrix (Weyl)
/// [higham2002, §19.3; golub2013, §8.3].
///
/// # Panics
/// When there are not `order²` entries.
pub fn symmetric_eigenvalues(order: usize, entries: &[f64]) -> Vec<f64> {
    assert_eq!(entries.len(), order * order, "a square matrix of order {order}");
    if order == 0 {
        return Vec::new();
    }
    // Symmetric, so the order of rows and columns does not matter but for which triangle is read.
    let mut values = DMatrix::from_row_slice(order, order, entries).symmetric_eigenvalues().as_slice().to_vec();
    values.sort_by(|one, other| other.total_cmp(one));
    values
}

/// How far a computed eigenvalue may be from a true one, for a matrix of this order and Frobenius norm.
///
/// Two reflections of length at most `n` are applied for each of `n` columns, and a rotation for each entry beside the
/// diagonal in each of about two sweeps to an eigenvalue; each is off by `γ` of its operations relative to the norm.
pub fn eigenvalue_error(order: usize, norm: f64, unit_roundoff: f64) -> f64 {
    (gamma(12 * order, unit_roundoff) + gamma(24 * order, unit_roundoff)) * norm * (order as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::numeric::{Bound, Real, compare};

    /// The second difference, whose eigenvalues are `2 - 2 cos(πj/(n+1))`.
    fn second_difference(n: usize, corner: f64) -> Vec<f64> {
        let mut entries = vec![0.0; n * n];
        for i in 0..n {
            entries[i * n + i] = 2.0;
            if i > 0 {
                (entries[i * n + i - 1], entries[(i - 1) * n + i]) = (-1.0, -1.0);
            }
        }
        entries[0] += corner;
        entries
    }

    #[test]
    fn the_second_difference_has_the_eigenvalues_of_the_vibrating_string() {
        for n in [1, 2, 7, 40] {
            let expected: Vec<f64> =
                (1..=n).rev().map(|j| 2.0 - 2.0 * (PI * j as f64 / (n + 1) as f64).cos()).collect();
            let norm = (6.0 * n as f64).sqrt();
            let bound = Bound::rounding(eigenvalue_error(n, norm, f64::UNIT_ROUNDOFF));
            assert!(compare(&symmetric_eigenvalues(n, &second_difference(n, 0.0)), &expected, bound).holds(), "{n}");
            // The control: one entry that is off.
            let off = symmetric_eigenvalues(n, &second_difference(n, 1e-6));
            assert!(!compare(&off, &expected, bound).holds(), "{n}");
        }
    }

    #[test]
    fn a_matrix_of_ones_has_one_eigenvalue_that_is_not_zero() {
        let values = symmetric_eigenvalues(5, &[1.0; 25]);
        let bound = Bound::rounding(eigenvalue_error(5, 5.0, f64::UNIT_ROUNDOFF));
        assert!(compare(&values, &[5.0, 0.0, 0.0, 0.0, 0.0], bound).holds(), "{values:?}");
        assert!(symmetric_eigenvalues(0, &[]).is_empty());
    }
}
