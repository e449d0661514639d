use serde::Serialize;

use crate::wavelet::MotherWavelet;

/// Which way the time `t` of a wavelet lag kernel runs.
///
/// The two readings of the same formula differ for every lag but 0, and the source uses both: its
/// equations take `t = query - key`, its Haar function is mirrored for `t = key - query`
/// [oka2025]. Nothing about a kernel can be said before this is.
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

/// The grid of [oka2025]: scales `2^0..2^(scales-1)`, shifts `0..dim/scales`, scale by scale.
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

/// A wavelet positional encoding by lag: `p[Δ][(a, b)] = Re psi((t - b)/a)` with `t = ±Δ` [oka2025].
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
