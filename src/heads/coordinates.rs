use std::f64::consts::TAU;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::numeric::Pairing;
use crate::rope::{Frequencies, RopeError, ScoreSpan, best_told_turn};

/// The coordinates of the heads of one layer: how many there are, and which of them rotate together.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinates {
    /// `D`: coordinates of a head.
    pub head_dim: usize,
    /// How the first of them rotate; `None` in a layer without rotation.
    pub rotary: Option<PairAxis>,
}

/// The pairs of coordinates that rotate together, by how fast they do.
#[derive(Debug, Clone, PartialEq)]
pub struct PairAxis {
    pub(super) pairing: Pairing,
    pub(super) frequencies: Frequencies,
    pub(super) length: usize,
    pub(super) theory_pair: Option<f64>,
    pub(super) span: ScoreSpan,
}

/// The pair axis of one layer, as an analysis carries it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RotaryOfLayer {
    /// The layer, from 0.
    pub layer: usize,
    /// Which coordinates rotate together.
    pub pairing: Pairing,
    /// Coordinates of a head, and how many of them rotate.
    pub head_dim: usize,
    /// How many coordinates rotate, the first ones.
    pub rotary_dim: usize,
    /// `θ_i`, radians per token, pair by pair.
    pub frequencies: Vec<f64>,
    /// `L`: tokens that the model was made for, or those of a window where it does not say.
    pub length: usize,
    /// `2π/L`: pairs that are as fast complete a turn in `L` tokens; radians per token.
    pub full_turn: f64,
    /// `x*/L`, `x* = 3.657210`: the frequency that tells positions in `L` tokens best; radians per token.
    pub theory_frequency: f64,
    /// `j*`: the index at which it lies among the pairs, `(d/2) log_B(L/x*)` for plain RoPE; `None` where
    /// fewer than two pairs turn.
    pub theory_pair: Option<f64>,
    /// Dimension of the span of `cos θ_i Δ` and `sin θ_i Δ` over the lags, each minus its mean, beyond a relative
    /// singular value of `2^-26`.
    pub span_rank: usize,
    /// What `rotary_residual` of white noise is on average, `1 - rank/(N-1)`.
    pub white_noise_residual: f64,
}

/// What [`Coordinates`] are made from, as it is saved beside sums. Frequencies are saved as the bits of an IEEE 754
/// double, so that what is read is what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedCoordinates {
    head_dim: usize,
    /// How pairs are laid out, the bits of their frequencies, and the length that the model was made for.
    rotary: Option<(Pairing, Vec<u64>, usize)>,
}

impl PairAxis {
    /// The pairs of a layer with these frequencies in a model that was made for `length` tokens, for score
    /// profiles of `lags` lags.
    ///
    /// # Panics
    /// When there are fewer than two lags or no length.
    pub fn new(frequencies: Frequencies, pairing: Pairing, length: usize, lags: usize) -> Self {
        assert!(length > 0, "a model reads at least a token");
        let theory_pair = frequencies.index_of(best_told_turn() / length as f64);
        let span = ScoreSpan::new(&frequencies, lags);
        Self { pairing, frequencies, length, theory_pair, span }
    }

    /// Number of pairs.
    pub fn pairs(&self) -> usize {
        self.frequencies.pairs()
    }

    /// `2π/L` in radians per token.
    pub(super) fn full_turn(&self) -> f64 {
        TAU / self.length as f64
    }

    /// The pair next to `j*`.
    pub(super) fn nearest_theory_pair(&self) -> Option<usize> {
        self.theory_pair.map(|pair| pair.round().clamp(0.0, (self.pairs() - 1) as f64) as usize)
    }
}

impl Coordinates {
    /// What they are made from.
    pub fn saved(&self) -> SavedCoordinates {
        let bits = |axis: &PairAxis| axis.frequencies.inv_freq().iter().map(|theta| theta.to_bits()).collect();
        let rotary = self.rotary.as_ref().map(|axis| (axis.pairing, bits(axis), axis.length));
        SavedCoordinates { head_dim: self.head_dim, rotary }
    }

    /// The coordinates of each layer, for score profiles of `lags` lags; layers that are alike share them.
    ///
    /// # Errors
    /// Frequencies that are none.
    ///
    /// # Panics
    /// When there are fewer than two lags or no length.
    pub fn restored(layers: &[SavedCoordinates], lags: usize) -> Result<Vec<Arc<Self>>, RopeError> {
        let mut restored: Vec<Arc<Self>> = Vec::new();
        for (place, saved) in layers.iter().enumerate() {
            if let Some(alike) = layers[..place].iter().position(|other| other == saved) {
                restored.push(Arc::clone(&restored[alike]));
                continue;
            }
            let rotary = match &saved.rotary {
                Some((pairing, bits, length)) => {
                    let theta = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
                    Some(PairAxis::new(Frequencies::of(theta, 1.0)?, *pairing, *length, lags))
                }
                None => None,
            };
            restored.push(Arc::new(Self { head_dim: saved.head_dim, rotary }));
        }
        Ok(restored)
    }

    /// Number of pairs that rotate together: none without rotation.
    pub fn pairs(&self) -> usize {
        self.rotary.as_ref().map_or(0, PairAxis::pairs)
    }

    /// The two coordinates of a pair.
    pub(super) fn of_pair(&self, pair: usize) -> (usize, usize) {
        let axis = self.rotary.as_ref().expect("only what rotates has pairs");
        axis.pairing.coordinates(pair, 2 * axis.pairs())
    }

    /// The coordinates that do not rotate.
    pub(super) fn unrotated(&self) -> Range<usize> {
        2 * self.pairs()..self.head_dim
    }

    /// The pair axis of a layer, as an analysis carries it; `None` without rotation.
    pub(super) fn described(&self, layer: usize) -> Option<RotaryOfLayer> {
        let axis = self.rotary.as_ref()?;
        Some(RotaryOfLayer {
            layer,
            pairing: axis.pairing,
            head_dim: self.head_dim,
            rotary_dim: 2 * axis.pairs(),
            frequencies: axis.frequencies.inv_freq().to_vec(),
            length: axis.length,
            full_turn: axis.full_turn(),
            theory_frequency: best_told_turn() / axis.length as f64,
            theory_pair: axis.theory_pair,
            span_rank: axis.span.rank(),
            white_noise_residual: axis.span.white_noise_residual(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rope::Scaling;

    #[test]
    fn what_is_saved_gives_the_same_coordinates_and_layers_that_are_alike_share_them() {
        let frequencies = Frequencies::new(1e4 / 3.0, 6, &Scaling::None, 64).unwrap();
        let rotary = Some(PairAxis::new(frequencies, Pairing::Interleaved, 64, 16));
        let layers = [Coordinates { head_dim: 8, rotary: rotary.clone() }, Coordinates { head_dim: 8, rotary: None }];
        let saved = [layers[0].saved(), layers[1].saved(), layers[0].saved()];
        let text = serde_json::to_string(&saved).unwrap();
        let read: Vec<SavedCoordinates> = serde_json::from_str(&text).unwrap();
        let restored = Coordinates::restored(&read, 16).unwrap();
        assert_eq!((&*restored[0], &*restored[1]), (&layers[0], &layers[1]));
        assert!(Arc::ptr_eq(&restored[0], &restored[2]));
        let broken = SavedCoordinates { head_dim: 8, rotary: Some((Pairing::HalfSplit, vec![f64::NAN.to_bits()], 64)) };
        assert!(Coordinates::restored(&[broken], 16).is_err());
    }
}
