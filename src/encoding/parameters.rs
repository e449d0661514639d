use super::LagSign;
use crate::numeric::Pairing;
use crate::rope::YarnRamp;

/// What an encoding is made for, and its parameters by name.
///
/// The plain fields are the place that the encoding takes in a model, and every encoding reads those
/// that it needs. The optional ones belong to some encodings only: left out, they take the default
/// that [`Encoding::named`](super::Encoding::named) documents, and given to another encoding they are
/// an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// Dimension `d` of a head; for additive encodings that of the vectors, unless `hidden` says so.
    pub dim: usize,
    /// Number of positions or lags of a table, and the length of the sequence where that matters.
    pub length: usize,
    /// Number of attention heads.
    pub heads: usize,
    /// Width of the residual stream: that of additive vectors and of the input of Transformer-XL's
    /// `W_R`; `dim` where it is left out.
    pub hidden: Option<usize>,
    /// Tokens of a training sequence, which HoPE and FMRoPE are made for.
    pub train_length: usize,
    /// Seed of the initial values of learned parts.
    pub seed: u64,
    /// Base `B` of the geometric sequence of frequencies.
    pub base: Option<f64>,
    /// Number of coordinates that turn (partial rotary); all of them where it is left out.
    pub rotary_dim: Option<usize>,
    /// How many times longer the context becomes.
    pub factor: Option<f64>,
    /// The length that a scaled model was trained on, in tokens.
    pub original_length: Option<usize>,
    /// The share `p` of the pairs that p-RoPE turns, or how many pairs: the fastest.
    pub fraction: Option<f64>,
    /// Number of slow pairs that clipped RoPE tapers.
    pub taper: Option<usize>,
    /// The ramp of YaRN.
    pub ramp: Option<YarnRamp>,
    /// Divisors of LongRoPE within the trained length, one per pair.
    pub short_factor: Option<Vec<f64>>,
    /// Divisors of LongRoPE beyond it, one per pair.
    pub long_factor: Option<Vec<f64>>,
    /// Which coordinates form a pair; for sinusoids, where sine and cosine lie.
    pub pairing: Option<Pairing>,
    /// Scales `a` of the atoms of a wavelet lag kernel, in tokens.
    pub scales: Option<Vec<f64>>,
    /// Number of shifts `b = 0, 1, ..` of each scale.
    pub shifts: Option<usize>,
    /// Which way the time of a lag kernel runs.
    pub sign: Option<LagSign>,
    /// Order of the derivative of Gaussian.
    pub order: Option<u32>,
    /// Largest lag that Shaw's table tells apart.
    pub clip: Option<usize>,
    /// Number of buckets of T5.
    pub buckets: Option<usize>,
    /// The lag from which T5 has one bucket for all.
    pub max_distance: Option<usize>,
}

impl Default for Parameters {
    /// A head of 128 coordinates and 512 lags, 8 heads, the setting of \[oka2025\]; seed 0.
    fn default() -> Self {
        Self {
            dim: 128,
            length: 512,
            heads: 8,
            hidden: None,
            train_length: 512,
            seed: 0,
            base: None,
            rotary_dim: None,
            factor: None,
            original_length: None,
            fraction: None,
            taper: None,
            ramp: None,
            short_factor: None,
            long_factor: None,
            pairing: None,
            scales: None,
            shifts: None,
            sign: None,
            order: None,
            clip: None,
            buckets: None,
            max_distance: None,
        }
    }
}

impl Parameters {
    /// The names of the optional parameters that are given.
    pub(super) fn given(&self) -> Vec<&'static str> {
        [
            ("base", self.base.is_some()),
            ("rotary-dim", self.rotary_dim.is_some()),
            ("factor", self.factor.is_some()),
            ("original-length", self.original_length.is_some()),
            ("fraction", self.fraction.is_some()),
            ("taper", self.taper.is_some()),
            ("ramp", self.ramp.is_some()),
            ("short-factor", self.short_factor.is_some()),
            ("long-factor", self.long_factor.is_some()),
            ("pairing", self.pairing.is_some()),
            ("scales", self.scales.is_some()),
            ("shifts", self.shifts.is_some()),
            ("sign", self.sign.is_some()),
            ("order", self.order.is_some()),
            ("clip", self.clip.is_some()),
            ("buckets", self.buckets.is_some()),
            ("max-distance", self.max_distance.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }
}
