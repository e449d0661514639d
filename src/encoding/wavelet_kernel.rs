use serde::Serialize;

use crate::wavelet::MotherWavelet;

/// Which way the time `t` of a wavelet lag kernel runs.
///
/// The two readings of the same formula differ for every lag but 0, and the source uses both: its
/// equations take `t = query - key`, its Haar function is mirrored for `t = key - query`
/// \[oka2025\]. Nothing about a kernel can be said before this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LagSign {
    /// `t = query - key = lag`: an atom is centred at lag `shift`, in the past.
    #[default]
    QueryMinusKey,
    /// `t = key - query = -lag`: an atom is centred at lag `-shift`, in the future that a decoder
    /// does not see, and a larger shift leaves less of it.
    KeyMinusQuery,
}

/// One dilated and shifted copy of the mother wavelet, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Atom {
    /// Dilation `a > 0`.
    pub scale: f64,
    /// Shift `b`.
    pub shift: f64,
}

/// The grid of \[oka2025\]: scales `2^0..2^(scales-1)`, shifts `0..dim/scales`, scale by scale.
///
/// The source uses 8 scales for `dim = 128`. It does not say in which order the atoms are laid
/// over the coordinates, which a trained model cannot tell apart; this order is ours. Atoms that
/// `dim / scales` leaves over are not made up: the grid has `scales · (dim / scales)` of them.
pub fn dyadic_atoms(dim: usize, scales: u32) -> Vec<Atom> {
    let shifts = dim.checked_div(scales as usize).unwrap_or(0);
    (0..scales)
        .flat_map(|level| (0..shifts).map(move |b| Atom { scale: f64::from(level).exp2(), shift: b as f64 }))
        .collect()
}

/// A wavelet positional encoding by lag: `p[Δ][(a, b)] = Re psi((t - b)/a)` with `t = ±Δ` \[oka2025\].
///
/// Row-major `[length][atoms]`. There is no factor `a^(-1/2)`: all scales have the same amplitude,
/// as in the source. Rounding: one division and the closed form of `psi`.
pub fn wavelet_kernel(psi: &dyn MotherWavelet, atoms: &[Atom], sign: LagSign, length: usize) -> Vec<f64> {
    let direction = match sign {
        LagSign::QueryMinusKey => 1.0,
        LagSign::KeyMinusQuery => -1.0,
    };
    (0..length)
        .flat_map(|lag| atoms.iter().map(move |atom| psi.psi((direction * lag as f64 - atom.shift) / atom.scale).re))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Real, gamma};
    use crate::wavelet::{Haar, Ricker};

    fn one(psi: &dyn MotherWavelet, scale: f64, shift: f64, sign: LagSign, length: usize) -> Vec<f64> {
        wavelet_kernel(psi, &[Atom { scale, shift }], sign, length)
    }

    #[test]
    fn the_sign_decides_whether_an_atom_lies_in_the_past_or_in_the_future() {
        let past = one(&Ricker, 2.0, 7.0, LagSign::QueryMinusKey, 64);
        assert_eq!(past[7], 1.0);
        assert_eq!(past.iter().copied().fold(f64::MIN, f64::max), 1.0);
        // Under the other sign the centre is 7 tokens after the query; what is left is its tail.
        let future = one(&Ricker, 2.0, 7.0, LagSign::KeyMinusQuery, 64);
        let tail = (1.0 - 3.5f64.powi(2)) * (-3.5f64.powi(2) / 2.0).exp();
        assert!((future[0] - tail).abs() <= gamma(32, f64::UNIT_ROUNDOFF) * tail.abs());
        assert!(future.iter().all(|p| p.abs() <= tail.abs()));
        // At lag 0 and shift 0 the two agree, and for an even wavelet everywhere.
        let both = [LagSign::QueryMinusKey, LagSign::KeyMinusQuery].map(|sign| one(&Ricker, 4.0, 0.0, sign, 64));
        assert_eq!(both[0], both[1]);
        // An odd one tells them apart even there: Haar lives on [0, 1).
        assert!(one(&Haar, 8.0, 0.0, LagSign::QueryMinusKey, 16).iter().any(|p| *p < 0.0));
        assert!(one(&Haar, 8.0, 0.0, LagSign::KeyMinusQuery, 16)[1..].iter().all(|p| *p == 0.0));
    }

    #[test]
    fn the_grid_of_the_paper_is_eight_dyadic_scales_of_sixteen_shifts() {
        let atoms = dyadic_atoms(128, 8);
        assert_eq!(atoms.len(), 128);
        assert_eq!(atoms[0], Atom { scale: 1.0, shift: 0.0 });
        assert_eq!(atoms[127], Atom { scale: 128.0, shift: 15.0 });
        assert_eq!(dyadic_atoms(10, 3).len(), 9);
        assert!(dyadic_atoms(128, 0).is_empty());
    }

    #[test]
    fn cutting_off_the_future_costs_the_zero_mean() {
        // Over all integers the samples at a ≥ 2 sum to less than 1e-30; over lags 0, 1, 2, .. alone
        // an atom centred at 0 keeps half of the term at its centre, whatever its scale.
        for scale in [2.0, 16.0, 128.0] {
            let kernel = one(&Ricker, scale, 0.0, LagSign::QueryMinusKey, 2048);
            let half = kernel.iter().sum::<f64>();
            // A sum of 2048 terms, each with a few roundings of its own.
            let bound = gamma(2048 + 8, f64::UNIT_ROUNDOFF) * kernel.iter().map(|p| p.abs()).sum::<f64>();
            assert!((half - 0.5).abs() <= bound, "scale {scale}: {half}");
            // The other half, by symmetry, makes it zero.
            assert!((2.0 * half - kernel[0]).abs() <= 2.0 * bound);
        }
    }

    #[test]
    fn every_scale_has_the_same_amplitude() {
        let atoms = dyadic_atoms(128, 8);
        let table = wavelet_kernel(&Ricker, &atoms, LagSign::QueryMinusKey, 16);
        for (column, atom) in atoms.iter().enumerate() {
            assert_eq!(table[atom.shift as usize * atoms.len() + column], 1.0);
        }
    }
}
