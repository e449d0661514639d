//! What is certified: numbers with an error that is proved, not estimated.
//!
//! [`constants`] encloses the numbers of the catalogue, each in two ways that must meet. A [`Rows`] run holds
//! the computed entries of both matrices, position by position, beside an enclosure of the true ones. The
//! enclosures are those of [`Enclosure`](crate::numeric::Enclosure).

mod constant;
mod frequency_b_spline;
mod morlet;
mod rows;
mod sums;
mod wavelets;

pub use constant::{Ball, Constant, Method};
pub use rows::{Coverage, Form, Rows, Tally, Worst};

use crate::wavelet::WaveletError;

/// What has no enclosure, and why.
pub const LEFT_OUT: [(&str, &str); 9] = [
    ("frequency spread of haar and haar-like", "infinite: psi jumps (haar-like-frequency-spread-is-infinite)"),
    ("time spread of shannon, fbsp of order 1 and analytic-morlet-uncorrected", "infinite: psihat jumps"),
    ("C_psi of gaussian and both uncorrected morlets", "infinite: the mean, which is certified, is not 0"),
    ("centre frequency of gaussian", "0: the spectrum falls from there"),
    ("centre frequency of shannon and fbsp", "the middle of the band, which is a parameter"),
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::theorem::{Enclosed, catalogue};
    use crate::wavelet::Family;

    #[test]
    fn every_number_of_the_catalogue_is_certified() {
        let constants = constants().unwrap();
        let failed: Vec<&Constant> = constants.iter().filter(|constant| !constant.certified).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(constants.len() > 230, "{}", constants.len());
        every_wavelet_is_enclosed(&constants);
        what_a_statement_has_enclosed_is_enclosed_and_the_other_way_round(&constants);
    }

    fn every_wavelet_is_enclosed(constants: &[Constant]) {
        let names: BTreeSet<&str> = constants.iter().filter_map(|constant| constant.of.split(' ').next()).collect();
        let missing: Vec<&str> =
            Family::ALL.map(Family::name).into_iter().filter(|name| !names.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    fn what_a_statement_has_enclosed_is_enclosed_and_the_other_way_round(constants: &[Constant]) {
        let is_there = |number: &Enclosed| match number.of {
            "entries" => Form::ALL.iter().any(|form| number.is("entries", form.name())),
            _ => constants.iter().any(|constant| number.is(&constant.of, constant.quantity) && constant.certified),
        };
        for statement in catalogue() {
            let missing: Vec<String> =
                statement.enclosed().iter().filter(|number| !is_there(number)).map(Enclosed::name).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", statement.id);
        }
        // A number without a statement is one of a wavelet, and each way of computing entries has one.
        let families = Family::ALL.map(Family::name);
        for constant in constants.iter().filter(|constant| constant.statement.is_none()) {
            assert!(families.contains(&constant.of.split(' ').next().unwrap()), "{constant:?}");
        }
        for form in Form::ALL {
            assert!(
                catalogue().iter().any(|one| one.enclosed().iter().any(|number| number.is("entries", form.name())))
            );
        }
        // The control.
        assert!(!is_there(&Enclosed { of: "haar", quantity: "frequency spread" }));
    }
}
