//! What is certified: numbers with an error that is proved, not estimated.
//!
//! [`constants`] encloses the numbers of the catalogue, each in two ways that must meet. A [`Rows`] run holds
//! the computed entries of both matrices, position by position, beside an enclosure of the true ones. The
//! enclosures are those of [`Enclosure`](crate::numeric::Enclosure).

mod constant;
mod rows;
mod sums;
mod wavelets;

pub use constant::{Ball, Constant, Method};
pub use rows::{Coverage, Form, Rows, Tally, Worst};

use crate::wavelet::WaveletError;

/// What has no enclosure, and why.
pub const LEFT_OUT: [(&str, &str); 9] = [
    ("analytic-morlet", "its closed forms take erfc and Dawson's integral, of which there is no enclosure here yet"),
    ("shannon and fbsp", "their closed forms are sums over pieces of B-splines, which are not written in balls yet"),
    ("frequency spread of haar and haar-like", "infinite: psi jumps (haar-like-frequency-spread-is-infinite)"),
    ("C_psi of gaussian and morlet-uncorrected", "infinite: the mean, which is certified, is not 0"),
    ("centre frequency of gaussian", "0: the spectrum falls from there"),
    ("other orders and carriers", "the same formulas at other numbers; those of the defaults and neighbours are here"),
    ("psi(t) of morse in time", "no elementary form; by Parseval everything in time is an integral over frequency"),
    ("products of spreads", "products of two numbers that are enclosed"),
    ("numerical rank of the ricker kernel", "singular values of 512 x 128 entries in balls are wider than their gaps"),
];

/// Every number that is enclosed: about ten seconds on one core.
///
/// # Errors
/// None for the parameters that are looked at; what a wavelet's constructor refuses is handed on.
pub fn constants() -> Result<Vec<Constant>, WaveletError> {
    let mut all = wavelets::constants()?;
    all.extend(sums::constants());
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_catalogue_is_certified() {
        let constants = constants().unwrap();
        let failed: Vec<&Constant> = constants.iter().filter(|constant| !constant.certified).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(constants.len() > 200, "{}", constants.len());
    }
}
