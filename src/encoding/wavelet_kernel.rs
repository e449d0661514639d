use serde::Serialize;

use super::{LagSign, SampledWavelet};
use crate::wavelet::{DerivativeOfGaussian, MotherWavelet, Ricker};

/// One dilated and shifted copy of the mother wavelet, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Atom {
    /// Dilation `a > 0`.
    pub scale: f64,
    /// Shift `b`.
    pub shift: f64,
}

/// The function that a wavelet lag kernel dilates and shifts.
///
/// These are the functions of \[oka2025\], which are not always those of the same name in
/// [`crate::wavelet`]: its Haar function is mirrored, and its Morlet function has a carrier that does
/// not scale.
#[derive(Debug, Clone, PartialEq)]
pub enum Mother {
    /// `(1 - x²) e^{-x²/2}`.
    Ricker,
    /// `e^{-x²}`.
    Gaussian,
    /// `e^{-x²} cos(t - b)`: the window has the scale of the atom, the carrier is one radian per token
    /// at every scale.
    Morlet,
    /// `+1` on `[-1/2, 0)`, `-1` on `[-1, -1/2)`.
    Haar,
    /// `(-1)^{m+1} (d/dx)^m e^{-x²/2}`.
    DerivativeOfGaussian(DerivativeOfGaussian),
    /// A discrete wavelet, sampled at the level of each scale.
    Discrete(SampledWavelet),
}

impl Mother {
    /// The value of an atom at `t - b` tokens from its shift, with `x = (t - b)/scale`.
    pub fn value(&self, time: f64, scale: f64) -> f64 {
        let x = time / scale;
        match self {
            Self::Ricker => Ricker.psi(x).re,
            Self::Gaussian => (-x * x).exp(),
            Self::Morlet => (-x * x).exp() * time.cos(),
            Self::Haar if (-0.5..0.0).contains(&x) => 1.0,
            Self::Haar if (-1.0..-0.5).contains(&x) => -1.0,
            Self::Haar => 0.0,
            Self::DerivativeOfGaussian(dog) => dog.psi(x).re,
            Self::Discrete(wavelet) => wavelet.value(time, scale),
        }
    }
}

/// A wavelet positional encoding by lag: `p(Δ)[(a, b)] = psi((t - b)/a)` \[oka2025\].
///
/// There is no factor `a^{-1/2}`: all scales have the same amplitude, as in the source. Rounding: one
/// division and the closed form of `psi`.
#[derive(Debug, Clone, PartialEq)]
pub struct WaveletKernel {
    mother: Mother,
    atoms: Vec<Atom>,
    sign: LagSign,
}

impl WaveletKernel {
    /// The kernel of these atoms, one per coordinate.
    pub fn new(mother: Mother, atoms: Vec<Atom>, sign: LagSign) -> Self {
        Self { mother, atoms, sign }
    }

    /// The function.
    pub fn mother(&self) -> &Mother {
        &self.mother
    }

    /// Scale and shift of each coordinate.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Which way time runs.
    pub fn sign(&self) -> LagSign {
        self.sign
    }

    /// The value of an atom at a lag.
    pub fn at(&self, atom: Atom, lag: usize) -> f64 {
        self.mother.value(self.sign.time(lag, atom.shift), atom.scale)
    }

    /// The kernel by lag, row-major `[length][atoms]`.
    pub fn table(&self, length: usize) -> Vec<f64> {
        (0..length).flat_map(|lag| self.atoms.iter().map(move |atom| self.at(*atom, lag))).collect()
    }
}

/// Every scale with the shifts `0..shifts`, scale by scale.
///
/// The source uses scales `2^0..2^7` and 16 shifts for `d = 128`. It does not say in which order the
/// atoms are laid over the coordinates, which a trained model cannot tell apart; this order is ours.
pub fn grid(scales: &[f64], shifts: usize) -> Vec<Atom> {
    scales.iter().flat_map(|&scale| (0..shifts).map(move |b| Atom { scale, shift: b as f64 })).collect()
}

/// `count` scales `2^first, 2^(first+1), ..`.
pub fn dyadic_scales(first: i32, count: usize) -> Vec<f64> {
    (0..count).map(|level| (f64::from(first) + level as f64).exp2()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Real, gamma};

    fn one(mother: Mother, scale: f64, shift: f64, sign: LagSign, length: usize) -> Vec<f64> {
        WaveletKernel::new(mother, vec![Atom { scale, shift }], sign).table(length)
    }

    #[test]
    fn the_sign_decides_whether_an_atom_lies_in_the_past_or_in_the_future() {
        let past = one(Mother::Ricker, 2.0, 7.0, LagSign::Mirrored, 64);
        assert_eq!(past[7], 1.0);
        assert_eq!(past.iter().copied().fold(f64::MIN, f64::max), 1.0);
        // An even function does not tell the two signs that centre it in the past apart.
        assert_eq!(past, one(Mother::Ricker, 2.0, 7.0, LagSign::QueryMinusKey, 64));
        // Under the third sign the centre is 7 tokens after the query; what is left is its tail.
        let future = one(Mother::Ricker, 2.0, 7.0, LagSign::KeyMinusQuery, 64);
        let tail = (1.0 - 3.5f64.powi(2)) * (-3.5f64.powi(2) / 2.0).exp();
        assert!((future[0] - tail).abs() <= gamma(32, f64::UNIT_ROUNDOFF) * tail.abs());
        assert!(future.iter().all(|p| p.abs() <= tail.abs()));
    }

    #[test]
    fn the_haar_function_of_the_paper_sees_the_past_only_under_the_mirrored_sign() {
        let lags = |sign: LagSign, scale: f64, shift: f64| -> Vec<usize> {
            let kernel = one(Mother::Haar, scale, shift, sign, 64);
            (0..64).filter(|lag| kernel[*lag] != 0.0).collect()
        };
        // (b, b + a], whatever the scale: minus on the farther half.
        assert_eq!(lags(LagSign::Mirrored, 8.0, 5.0), (6..=13).collect::<Vec<_>>());
        let kernel = one(Mother::Haar, 8.0, 5.0, LagSign::Mirrored, 64);
        assert_eq!((&kernel[6..=9], &kernel[10..=13]), (&[1.0; 4][..], &[-1.0; 4][..]));
        // t = query - key never reaches the shift; t = key - query leaves the less the larger the shift.
        assert_eq!(lags(LagSign::QueryMinusKey, 8.0, 5.0), (0..5).collect::<Vec<_>>());
        assert_eq!(lags(LagSign::KeyMinusQuery, 8.0, 5.0), (0..=3).collect::<Vec<_>>());
        assert!(lags(LagSign::KeyMinusQuery, 8.0, 15.0).is_empty());
    }

    #[test]
    fn the_carrier_of_the_papers_morlet_does_not_scale() {
        let kernel = one(Mother::Morlet, 16.0, 3.0, LagSign::Mirrored, 64);
        for (lag, value) in kernel.iter().enumerate() {
            let t = lag as f64 - 3.0;
            let expected = (-(t / 16.0) * (t / 16.0)).exp() * t.cos();
            assert_eq!(*value, expected);
        }
    }

    #[test]
    fn the_grid_of_the_paper_is_eight_dyadic_scales_of_sixteen_shifts() {
        let atoms = grid(&dyadic_scales(0, 8), 16);
        assert_eq!(atoms.len(), 128);
        assert_eq!(atoms[0], Atom { scale: 1.0, shift: 0.0 });
        assert_eq!(atoms[127], Atom { scale: 128.0, shift: 15.0 });
        assert!(grid(&[], 16).is_empty() && grid(&[1.0], 0).is_empty());
    }

    #[test]
    fn cutting_off_the_future_costs_the_zero_mean() {
        // Over all integers the samples at a ≥ 2 sum to less than 1e-30; over lags 0, 1, 2, .. alone
        // an atom centred at 0 keeps half of the term at its centre, whatever its scale.
        for scale in [2.0, 16.0, 128.0] {
            let kernel = one(Mother::Ricker, scale, 0.0, LagSign::Mirrored, 2048);
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
        let atoms = grid(&dyadic_scales(0, 8), 16);
        let table = WaveletKernel::new(Mother::Ricker, atoms.clone(), LagSign::Mirrored).table(16);
        for (column, atom) in atoms.iter().enumerate() {
            assert_eq!(table[atom.shift as usize * atoms.len() + column], 1.0);
        }
    }
}
