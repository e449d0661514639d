//! Discrete wavelets: their filters, generated from the conditions that define them, and their
//! functions by the cascade.
//!
//! One file per family. No table of taps is typed anywhere; `docs/discrete.md` says how near each
//! family comes to the tables of PyWavelets, and why.

mod biorthogonal;
mod cascade;
mod coiflet;
mod daubechies;
mod half_band;
mod meyer;
mod symlet;

use std::fmt;

use super::WaveletError;
pub use cascade::Refinement;

/// A family of discrete wavelets with the order within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiscreteFamily {
    /// `db1..db38`: orthogonal, extremal phase \[daubechies1992, §6.4\].
    Daubechies(usize),
    /// `sym2..sym20`: orthogonal, least asymmetric \[daubechies1992, §8.1.1\].
    Symlet(usize),
    /// `coif1..coif17`: orthogonal, with moments of the scaling function that vanish too
    /// \[daubechies1992, §8.2\].
    Coiflet(usize),
    /// `bior1.1..bior6.8`: symmetric, biorthogonal [daubechies1992, §8.3.4].
    Biorthogonal(usize, usize),
    /// `rbio1.1..rbio6.8`: the same with decomposition and reconstruction exchanged.
    ReverseBiorthogonal(usize, usize),
    /// `dmey`: Meyer's filter, cut off [daubechies1992, §4.2.1].
    Meyer,
}

impl DiscreteFamily {
    /// Every family and order, in the order of the documentation: 105 of them.
    pub fn all() -> Vec<Self> {
        let pairs = || biorthogonal::ORDERS.into_iter();
        (1..=38)
            .map(Self::Daubechies)
            .chain((2..=20).map(Self::Symlet))
            .chain((1..=17).map(Self::Coiflet))
            .chain(pairs().map(|(n, m)| Self::Biorthogonal(n, m)))
            .chain(pairs().map(|(n, m)| Self::ReverseBiorthogonal(n, m)))
            .chain([Self::Meyer])
            .collect()
    }

    /// The family of this name, as PyWavelets spells it: `db4`, `sym8`, `coif3`, `bior2.2`, `rbio2.2`, `dmey`.
    ///
    /// # Errors
    /// [`WaveletError::UnknownName`], which lists the names.
    pub fn named(name: &str) -> Result<Self, WaveletError> {
        Self::all().into_iter().find(|family| family.to_string() == name).ok_or_else(|| WaveletError::UnknownName {
            name: name.to_owned(),
            known: "db1..db38 sym2..sym20 coif1..coif17 bior1.1..bior6.8 rbio1.1..rbio6.8 dmey".to_owned(),
        })
    }
}

impl fmt::Display for DiscreteFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Daubechies(order) => write!(f, "db{order}"),
            Self::Symlet(order) => write!(f, "sym{order}"),
            Self::Coiflet(order) => write!(f, "coif{order}"),
            Self::Biorthogonal(n, m) => write!(f, "bior{n}.{m}"),
            Self::ReverseBiorthogonal(n, m) => write!(f, "rbio{n}.{m}"),
            Self::Meyer => f.write_str("dmey"),
        }
    }
}

/// Which half of the filter bank: the one that analyses, or the one that puts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Analysis: `a_n = Σ_k low_k x_{2n+1-k}`, and `d_n` the same with `high`.
    Decomposition,
    /// Synthesis: `x_m = Σ_n (low_{m-2n+L-2} a_n + high_{m-2n+L-2} d_n)` with filters of `L` taps.
    Reconstruction,
}

/// A discrete wavelet: two pairs of filters of one even length.
///
/// ```text
/// low-pass of each side      Σ h_k = √2
/// reconstruction high-pass   g_k  = (-1)^k h'_k         h' the decomposition low-pass
/// decomposition high-pass    g'_k = -(-1)^k h_k         h the reconstruction low-pass
/// biorthogonality            Σ_k h_k h'_{2n+L-1-k} = δ_n
/// ```
///
/// An orthogonal wavelet has `h'_k = h_{L-1-k}`. Signs, order and padding are those of PyWavelets, whose
/// `dec_lo`, `dec_hi`, `rec_lo` and `rec_hi` these are.
///
/// # Rounding
/// The taps of all families but `dmey` are computed with 256 bits after the point and rounded once; those
/// of `dmey` are sums of 4096 terms, and good to about 2e-15.
///
/// # Example
/// ```
/// use ropelet::wavelet::{DiscreteWavelet, Side};
///
/// let db2 = DiscreteWavelet::named("db2")?;
/// let root = 3f64.sqrt();
/// let closed = [1.0 + root, 3.0 + root, 3.0 - root, 1.0 - root].map(|tap| tap / 32f64.sqrt());
/// for (tap, closed) in db2.low_pass(Side::Reconstruction).iter().zip(closed) {
///     assert!((tap - closed).abs() < 1e-15);
/// }
/// # Ok::<(), ropelet::wavelet::WaveletError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DiscreteWavelet {
    family: DiscreteFamily,
    /// Low-pass filters: reconstruction, decomposition.
    low: [Vec<f64>; 2],
}

impl DiscreteWavelet {
    /// The finest level of [`DiscreteWavelet::cascade`]: `2^16` points per unit.
    pub const FINEST: u32 = 16;

    /// The wavelet of this family.
    ///
    /// It takes a few milliseconds at most, but for long coiflets: `coif17`, the dearest, takes some tens of them.
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for an order that [`DiscreteFamily::all`] does not list.
    pub fn new(family: DiscreteFamily) -> Result<Self, WaveletError> {
        let listed = |order: usize, wavelet, first, last, expected| {
            if (first..=last).contains(&order) {
                Ok(())
            } else {
                Err(WaveletError::OutOfRange { wavelet, parameter: "order", value: order as f64, expected })
            }
        };
        let paired = |orders: (usize, usize), wavelet| {
            if biorthogonal::ORDERS.contains(&orders) {
                Ok(biorthogonal::low_pass_filters(orders))
            } else {
                let value = orders.0 as f64;
                let expected = "one of the pairs 1.1 to 6.8 in use";
                Err(WaveletError::OutOfRange { wavelet, parameter: "order", value, expected })
            }
        };
        let reversed = |taps: &[f64]| taps.iter().rev().copied().collect::<Vec<_>>();
        let orthogonal = |taps: Vec<f64>| [taps.clone(), reversed(&taps)];
        let low = match family {
            DiscreteFamily::Daubechies(order) => {
                listed(order, "db", 1, 38, "1 to 38")?;
                orthogonal(daubechies::reconstruction(order))
            }
            DiscreteFamily::Symlet(order) => {
                listed(order, "sym", 2, 20, "2 to 20")?;
                orthogonal(symlet::reconstruction(order))
            }
            DiscreteFamily::Coiflet(order) => {
                listed(order, "coif", 1, 17, "1 to 17")?;
                orthogonal(coiflet::reconstruction(order))
            }
            DiscreteFamily::Biorthogonal(n, m) => {
                let (reconstruction, decomposition) = paired((n, m), "bior")?;
                [reconstruction, decomposition]
            }
            DiscreteFamily::ReverseBiorthogonal(n, m) => {
                let (reconstruction, decomposition) = paired((n, m), "rbio")?;
                [reversed(&decomposition), reversed(&reconstruction)]
            }
            DiscreteFamily::Meyer => orthogonal(meyer::reconstruction()),
        };
        Ok(Self { family, low })
    }

    /// The wavelet of this name; see [`DiscreteFamily::named`].
    ///
    /// # Errors
    /// [`WaveletError::UnknownName`], which lists the names.
    pub fn named(name: &str) -> Result<Self, WaveletError> {
        Self::new(DiscreteFamily::named(name)?)
    }

    /// Family and order.
    pub fn family(&self) -> DiscreteFamily {
        self.family
    }

    /// Number of taps of each filter, with the zeros that pad the shorter one of a pair.
    pub fn filter_length(&self) -> usize {
        self.low[0].len()
    }

    /// Whether both sides have the same functions, orthonormal with all their shifts (`dmey`: nearly).
    pub fn is_orthogonal(&self) -> bool {
        !matches!(self.family, DiscreteFamily::Biorthogonal(..) | DiscreteFamily::ReverseBiorthogonal(..))
    }

    /// How many moments `∫ t^p psi(t) dt`, `p = 0, 1, ...`, of the decomposition wavelet vanish: what the
    /// high-pass filter takes away of a polynomial. None is exactly 0 for `dmey`, which is cut off.
    pub fn vanishing_moments(&self) -> usize {
        match self.family {
            DiscreteFamily::Daubechies(order) | DiscreteFamily::Symlet(order) => order,
            DiscreteFamily::Coiflet(order) => 2 * order,
            DiscreteFamily::Biorthogonal(n, m) => biorthogonal::vanishing_moments((n, m)).0,
            DiscreteFamily::ReverseBiorthogonal(n, m) => biorthogonal::vanishing_moments((n, m)).1,
            DiscreteFamily::Meyer => 0,
        }
    }

    /// The low-pass filter of this side: PyWavelets' `rec_lo` or `dec_lo`.
    pub fn low_pass(&self, side: Side) -> &[f64] {
        &self.low[side as usize ^ 1]
    }

    /// The high-pass filter of this side: PyWavelets' `rec_hi` or `dec_hi`.
    pub fn high_pass(&self, side: Side) -> Vec<f64> {
        let (other, first) = match side {
            Side::Reconstruction => (Side::Decomposition, 1.0),
            Side::Decomposition => (Side::Reconstruction, -1.0),
        };
        let sign = |k: usize| if k.is_multiple_of(2) { first } else { -first };
        self.low_pass(other).iter().enumerate().map(|(k, tap)| sign(k) * tap).collect()
    }

    /// The filters whose refinement gives the functions of this side: those that put together, and for
    /// the decomposition those that analyse, reversed.
    fn refinement_filters(&self, side: Side) -> (Vec<f64>, Vec<f64>) {
        let (mut low, mut high) = (self.low_pass(side).to_vec(), self.high_pass(side));
        if side == Side::Decomposition {
            low.reverse();
            high.reverse();
        }
        (low, high)
    }

    /// The sign that PyWavelets gives the wavelet of a biorthogonal pair.
    fn sign(&self) -> f64 {
        match self.family {
            DiscreteFamily::Biorthogonal(n, _) | DiscreteFamily::ReverseBiorthogonal(n, _) if n % 4 != 1 => -1.0,
            _ => 1.0,
        }
    }

    /// The functions of this side after `level` steps of the cascade, value for value PyWavelets'
    /// `wavefun(level)` (`phi_d, psi_d` for the decomposition of a biorthogonal pair).
    ///
    /// The cascade begins with one coefficient and refines it `level` times. Coefficient `k` of the result
    /// stands for the function at `(k + mu) 2^-level` with `mu = ∫ x phi(x) dx` of the other side, and
    /// PyWavelets puts it at `(k + 1) 2^-level`: at a coarse level the function of a long filter appears
    /// early by `(mu - 1) 2^-level`, which for `sym20` at level 1 is 9 units. The first and the last values
    /// are 0, and the last are beyond the support. See [`DiscreteWavelet::dyadic`] for values of the function
    /// itself.
    ///
    /// # Rounding
    /// With `S = √2 Σ|h|` of the even or the odd taps, whichever is larger, the error is at most about
    /// `level (L + 2) u S^level`.
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for level 0 or one above [`Self::FINEST`].
    pub fn cascade(&self, side: Side, level: u32) -> Result<Refinement, WaveletError> {
        self.check(level, 1)?;
        let (low, high) = self.refinement_filters(side);
        let whole = (low.len() - 1) << level;
        // PyWavelets' lengths: one point more for the orthogonal ones, and room for both end points.
        let length = (whole + usize::from(self.is_orthogonal())).max(whole + 4 - low.len());
        let framed = |first: &[f64], sign: f64| {
            let mut values = vec![0.0; length];
            for (value, refined) in values[1..].iter_mut().zip(cascade::iterate(first, &low, level)) {
                *value = sign * refined;
            }
            values
        };
        Ok(Refinement {
            step: f64::from(level).exp2().recip(),
            scaling: framed(&low, 1.0),
            wavelet: framed(&high, self.sign()),
        })
    }

    /// The functions of this side at every `k 2^-level` of their support `[0, L - 1]`, exact but for
    /// rounding: `phi` at the integers solves the refinement equation, which carries it on to the halves,
    /// the quarters and so forth \[daubechies1992, §6.5\].
    ///
    /// `None` where the integers do not determine it: for the box function of `db1` and `bior1.x`, and for
    /// `dmey`, whose cut filter has no scaling function that sums to 1. Where the function is not
    /// continuous, as on the side of `bior3.1` that is not a spline, the numbers satisfy the refinement
    /// equation and mean no more.
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for a level above [`Self::FINEST`].
    pub fn dyadic(&self, side: Side, level: u32) -> Result<Option<Refinement>, WaveletError> {
        self.check(level, 0)?;
        let (low, high) = self.refinement_filters(side);
        let Some(mut scaling) = cascade::at_integers(&low) else { return Ok(None) };
        let mut coarser = scaling.clone();
        for finished in 0..level {
            let finer = cascade::refine(&scaling, &low, finished);
            coarser = std::mem::replace(&mut scaling, finer);
        }
        let sign = self.sign();
        let wavelet = match level {
            // At an integer 2x is one too: every other value of the halves.
            0 => cascade::refine(&coarser, &high, 0).into_iter().step_by(2).map(|value| sign * value).collect(),
            _ => cascade::refine(&coarser, &high, level - 1).into_iter().map(|value| sign * value).collect(),
        };
        Ok(Some(Refinement { step: f64::from(level).exp2().recip(), scaling, wavelet }))
    }

    fn check(&self, level: u32, coarsest: u32) -> Result<(), WaveletError> {
        if (coarsest..=Self::FINEST).contains(&level) {
            Ok(())
        } else {
            let (value, expected) = (f64::from(level), "1 to 16 (0 to 16 at dyadic points)");
            Err(WaveletError::OutOfRange { wavelet: "a discrete wavelet", parameter: "level", value, expected })
        }
    }
}
