use super::half_band::{Root, binomial_taps, convolve, low_pass, roots};
use crate::numeric::Fixed;

/// The pairs of orders in use: vanishing moments of the decomposition and of the reconstruction wavelet.
pub(super) const ORDERS: [(usize, usize); 15] = [
    (1, 1),
    (1, 3),
    (1, 5),
    (2, 2),
    (2, 4),
    (2, 6),
    (2, 8),
    (3, 1),
    (3, 3),
    (3, 5),
    (3, 7),
    (3, 9),
    (4, 4),
    (5, 5),
    (6, 8),
];

/// How the half-band polynomial of `zeros/2` is shared out.
struct Split {
    /// Zeros at `-1` of the reconstruction and of the decomposition low-pass filter.
    zeros: (usize, usize),
    /// Roots of the reconstruction filter, counted from the real axis; the others are the other one's.
    reconstruction: &'static [usize],
}

/// The splines take all roots to the decomposition side. The other three share them so that the two
/// filters are of nearly the same length \[daubechies1992, §8.3.4\]; 4.4 is CDF 9/7. The filters called
/// 5.5 have 6 and 4 zeros at `-1`, not 5 and 5, as an odd number would make the length even.
fn split(orders: (usize, usize)) -> Split {
    match orders {
        (4, 4) => Split { zeros: (4, 4), reconstruction: &[0] },
        (5, 5) => Split { zeros: (6, 4), reconstruction: &[0] },
        (6, 8) => Split { zeros: (6, 8), reconstruction: &[1] },
        zeros => Split { zeros, reconstruction: &[] },
    }
}

/// Zeros at `-1` of the reconstruction and of the decomposition low-pass filter, which are the vanishing
/// moments of the wavelet of the other side.
pub(super) fn vanishing_moments(orders: (usize, usize)) -> (usize, usize) {
    split(orders).zeros
}

/// The reconstruction and the decomposition low-pass filter, of one even length.
pub(super) fn low_pass_filters(orders: (usize, usize)) -> (Vec<f64>, Vec<f64>) {
    let Split { zeros, reconstruction } = split(orders);
    let (mut theirs, mut others): (Vec<Root>, Vec<Root>) = (Vec::new(), Vec::new());
    for (i, root) in roots((zeros.0 + zeros.1) / 2).into_iter().enumerate() {
        if reconstruction.contains(&i) { theirs.push(root) } else { others.push(root) }
    }
    let (reconstruction, decomposition) = (taps(zeros.0, &theirs), taps(zeros.1, &others));
    let longest = reconstruction.len().max(decomposition.len());
    // Symmetric about a half-integer both are centred alike; about an integer the decomposition filter
    // comes one tap later, which makes the length even and the reconstruction whole.
    let odd = longest % 2;
    let length = longest + odd;
    (padded(&reconstruction, length, length / 2 - odd), padded(&decomposition, length, length / 2))
}

/// `((1 + 1/z)/2)^zeros` times the factors of these roots.
fn taps(zeros: usize, roots: &[Root]) -> Vec<f64> {
    let taps: Vec<Fixed> =
        roots.iter().fold(binomial_taps(zeros), |taps, root| convolve(&taps, &root.symmetric_taps()));
    low_pass(&taps)
}

/// Zeros around the taps, so that tap `len/2` comes to lie at `centre`.
fn padded(taps: &[f64], length: usize, centre: usize) -> Vec<f64> {
    let mut padded = vec![0.0; length];
    let start = centre - taps.len() / 2;
    padded[start..start + taps.len()].copy_from_slice(taps);
    padded
}
