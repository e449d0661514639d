use std::f64::consts::{PI, TAU};

use serde::Serialize;

use super::RopeError;

/// How a model stretches its rotary frequencies beyond the length it was trained on.
///
/// With `theta_i = base^{-2i/d}` each variant says what replaces `theta_i`, and by what factor `a`
/// cosine and sine are multiplied (the attention scores by `a²`). Formulas and names are those of
/// `modeling_rope_utils.py` in Hugging Face transformers, so that a `config.json` maps field by
/// field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Scaling {
    /// `theta_i`, `a = 1`.
    None,
    /// Position interpolation: `theta_i / factor`, `a = 1` \[chen2023\].
    Linear {
        /// How many times longer the context becomes.
        factor: f64,
    },
    /// NTK-aware: the base grows to `base · factor^{d/(d-2)}`, which leaves pair 0 as it is and
    /// divides the last pair by exactly `factor` [peng2024, §3.1].
    Ntk {
        /// How many times longer the context becomes.
        factor: f64,
    },
    /// NTK-aware with the base `base · (factor · L/M - (factor - 1))^{d/(d-2)}` where `L` is the
    /// sequence length and `M` the trained length, once `L > M`; unscaled before [peng2024, §3.3].
    DynamicNtk {
        /// Growth of the effective factor with the length.
        factor: f64,
        /// `M`, in tokens.
        original_length: usize,
    },
    /// `theta_i (1 - r_i) + (theta_i / factor) r_i`, a ramp `r_i` from 0 on fast pairs to 1 on
    /// slow ones [peng2024, §3.2].
    Yarn {
        /// How many times longer the context becomes.
        factor: f64,
        /// The trained length, in tokens.
        original_length: usize,
        /// Pairs that turn more often than this within the trained length keep their frequency.
        beta_fast: f64,
        /// Pairs that turn less often than this are divided by `factor`.
        beta_slow: f64,
        /// The form of the ramp in between.
        ramp: YarnRamp,
        /// `a`; [`yarn_attention_factor`] gives what a configuration leaves out.
        attention_factor: f64,
    },
    /// `theta_i` where the wavelength `2π/theta_i` is below `original_length / high_freq_factor`,
    /// `theta_i / factor` where it is above `original_length / low_freq_factor`, and linear in
    /// `original_length / wavelength` between; `a = 1` \[llama2024\].
    Llama3 {
        /// Divisor of the slow pairs.
        factor: f64,
        /// Turns within the trained length below which a pair is slow.
        low_freq_factor: f64,
        /// Turns within the trained length above which a pair is fast.
        high_freq_factor: f64,
        /// The trained length, in tokens.
        original_length: usize,
    },
    /// `theta_i / short_factor_i` up to the trained length, `theta_i / long_factor_i` for any
    /// longer sequence: the whole table switches \[ding2024\].
    LongRope {
        /// One divisor per pair, for sequences within the trained length.
        short_factor: Vec<f64>,
        /// One divisor per pair, for longer sequences.
        long_factor: Vec<f64>,
        /// The trained length, in tokens.
        original_length: usize,
        /// `a`; [`longrope_attention_factor`] gives what a configuration leaves out.
        attention_factor: f64,
    },
    /// `theta_i / factor` for the first `pairs` pairs, and 0 for the others, which do not turn;
    /// `a = 1`. The exponent of `theta_i` is over the whole dimension.
    Proportional {
        /// Number of pairs that turn.
        pairs: usize,
        /// Divisor of their frequencies.
        factor: f64,
    },
    /// HoPE: `theta_i` where pair `i` completes a turn within the training length, `theta_i ≥
    /// 2π/train_length`, and 0 for the slower pairs, which do not turn; `a = 1` \[chen2025\].
    Cut {
        /// Tokens of a training sequence: at least 7, so that pair 0 completes a turn.
        train_length: usize,
    },
    /// Clipped RoPE: the last `pairs` frequencies, `j = 0..pairs`, are multiplied by
    /// `(1 + cos(π j/(pairs - 1)))/2`, from 1 down to 0; `a = 1` \[li2026\].
    Tapered {
        /// Number of pairs that are slowed down; a single one keeps its frequency.
        pairs: usize,
    },
}

/// The ramp of YaRN between fast and slow pairs.
///
/// Code and paper differ: at `d = 128`, base 10⁴, 4096 tokens and factor 32 some frequencies
/// differ by three quarters. Checkpoints are trained with the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "in", rename_all = "kebab-case")]
pub enum YarnRamp {
    /// The code: linear in the pair index, between the pairs that turn `beta_fast` and `beta_slow`
    /// times; `truncate` rounds these outwards to whole pairs.
    Index {
        /// Whether the ends are rounded to whole pairs (the default of configuration files).
        truncate: bool,
    },
    /// The paper's `gamma(r)`: linear in the number of turns `r = original_length · theta_i / 2π`.
    Turns,
}

/// The attention factor of YaRN where a configuration gives none: `0.1 ln(factor) + 1`.
///
/// With both `mscale` and `mscale_all_dim` (DeepSeek) it is the ratio of
/// `0.1 mscale ln(factor) + 1` to the same with `mscale_all_dim`; a configuration that sets either
/// to 0 counts as giving none. A factor of at most 1 gives 1.
pub fn yarn_attention_factor(factor: f64, mscales: Option<(f64, f64)>) -> f64 {
    let magnitude = |mscale: f64| if factor <= 1.0 { 1.0 } else { 0.1 * mscale * factor.ln() + 1.0 };
    match mscales {
        Some((mscale, all_dim)) => magnitude(mscale) / magnitude(all_dim),
        None => magnitude(1.0),
    }
}

/// The attention factor of LongRoPE where a configuration gives none:
/// `sqrt(1 + ln(factor)/ln(original_length))`, or 1 for a factor of at most 1.
///
/// Infinite for a trained length of 1, which [`Scaling`] then refuses.
pub fn longrope_attention_factor(factor: f64, original_length: usize) -> f64 {
    if factor <= 1.0 { 1.0 } else { (1.0 + factor.ln() / (original_length as f64).ln()).sqrt() }
}

impl Scaling {
    /// The scaled frequencies and the attention factor. The caller has checked base and dimension.
    pub(super) fn table(
        &self,
        base: f64,
        rotary_dim: usize,
        sequence_length: usize,
    ) -> Result<(Vec<f64>, f64), RopeError> {
        self.validate(rotary_dim)?;
        let dim = rotary_dim as f64;
        let geometric =
            |base: f64| -> Vec<f64> { (0..rotary_dim / 2).map(|i| base.powf(-(2.0 * i as f64) / dim)).collect() };
        let theta = geometric(base);
        Ok(match self {
            Self::None => (theta, 1.0),
            Self::Linear { factor } => (theta.iter().map(|theta| theta / factor).collect(), 1.0),
            Self::Ntk { factor } => (geometric(base * factor.powf(dim / (dim - 2.0))), 1.0),
            Self::DynamicNtk { factor, original_length } => {
                let stretch = sequence_length.max(*original_length) as f64 / *original_length as f64;
                (geometric(base * (factor * stretch - (factor - 1.0)).powf(dim / (dim - 2.0))), 1.0)
            }
            Self::Yarn { factor, original_length, beta_fast, beta_slow, ramp, attention_factor } => {
                let ramp = ramp.values(&theta, base, *original_length as f64, *beta_fast, *beta_slow);
                let mixed = theta.iter().zip(ramp).map(|(theta, r)| theta * (1.0 - r) + theta / factor * r);
                (mixed.collect(), *attention_factor)
            }
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_length } => {
                let scaled = theta.iter().map(|theta| {
                    let turns = *original_length as f64 * theta / TAU;
                    let keep = ((turns - low_freq_factor) / (high_freq_factor - low_freq_factor)).clamp(0.0, 1.0);
                    (1.0 - keep) * theta / factor + keep * theta
                });
                (scaled.collect(), 1.0)
            }
            Self::LongRope { short_factor, long_factor, original_length, attention_factor } => {
                let divisors = if sequence_length > *original_length { long_factor } else { short_factor };
                (theta.iter().zip(divisors).map(|(theta, divisor)| theta / divisor).collect(), *attention_factor)
            }
            Self::Proportional { pairs, factor } => {
                let turns = |(pair, theta): (usize, &f64)| if pair < *pairs { theta / factor } else { 0.0 };
                (theta.iter().enumerate().map(turns).collect(), 1.0)
            }
            Self::Cut { train_length } => {
                let slowest = TAU / *train_length as f64;
                (theta.iter().map(|theta| if *theta >= slowest { *theta } else { 0.0 }).collect(), 1.0)
            }
            Self::Tapered { pairs } => {
                let kept = theta.len() - pairs;
                let weight = |pair: usize| match pair.checked_sub(kept) {
                    None | Some(0) => 1.0,
                    // Of the last one the cosine is -1 but for its rounded argument.
                    Some(j) if j + 1 == *pairs => 0.0,
                    Some(j) => (1.0 + (PI * j as f64 / (*pairs as f64 - 1.0)).cos()) / 2.0,
                };
                (theta.iter().enumerate().map(|(pair, theta)| theta * weight(pair)).collect(), 1.0)
            }
        })
    }

    fn validate(&self, rotary_dim: usize) -> Result<(), RopeError> {
        let name = self.name();
        let positive = |parameter: &'static str, found: f64| {
            if found.is_finite() && found > 0.0 {
                Ok(())
            } else {
                Err(RopeError::Parameter { scaling: name, parameter, expected: "finite and positive", found })
            }
        };
        let at_most = |parameter: &'static str, small: f64, expected: &'static str, large: f64| {
            positive(parameter, small)?;
            if small < large {
                Ok(())
            } else {
                Err(RopeError::Parameter { scaling: name, parameter, expected, found: small })
            }
        };
        match self {
            Self::None => Ok(()),
            Self::Linear { factor } => positive("factor", *factor),
            Self::Ntk { factor } => {
                positive("factor", *factor)?;
                if rotary_dim == 2 { Err(RopeError::OnePair(name)) } else { Ok(()) }
            }
            Self::DynamicNtk { factor, original_length } => {
                positive("factor", *factor)?;
                positive("max_position_embeddings", *original_length as f64)?;
                if rotary_dim == 2 { Err(RopeError::OnePair(name)) } else { Ok(()) }
            }
            Self::Yarn { factor, original_length, beta_fast, beta_slow, attention_factor, ramp: _ } => {
                positive("factor", *factor)?;
                positive("original_max_position_embeddings", *original_length as f64)?;
                positive("beta_fast", *beta_fast)?;
                at_most("beta_slow", *beta_slow, "below beta_fast", *beta_fast)?;
                positive("attention_factor", *attention_factor)
            }
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_length } => {
                positive("factor", *factor)?;
                positive("original_max_position_embeddings", *original_length as f64)?;
                positive("high_freq_factor", *high_freq_factor)?;
                at_most("low_freq_factor", *low_freq_factor, "below high_freq_factor", *high_freq_factor)
            }
            Self::LongRope { short_factor, long_factor, original_length, attention_factor } => {
                positive("original_max_position_embeddings", *original_length as f64)?;
                positive("attention_factor", *attention_factor)?;
                for (list, factors) in [("short_factor", short_factor), ("long_factor", long_factor)] {
                    if factors.len() != rotary_dim / 2 {
                        return Err(RopeError::ListLength { list, expected: rotary_dim / 2, found: factors.len() });
                    }
                    factors.iter().try_for_each(|factor| positive(list, *factor))?;
                }
                Ok(())
            }
            Self::Proportional { pairs, factor } => {
                positive("factor", *factor)?;
                if *pairs <= rotary_dim / 2 {
                    Ok(())
                } else {
                    let (parameter, expected) = ("partial_rotary_factor", "at most 1");
                    let found = 2.0 * *pairs as f64 / rotary_dim as f64;
                    Err(RopeError::Parameter { scaling: name, parameter, expected, found })
                }
            }
            Self::Cut { train_length } => {
                let (parameter, expected) = ("train_length", "at least 7, so that a pair completes a turn");
                let found = *train_length as f64;
                if found >= TAU {
                    Ok(())
                } else {
                    Err(RopeError::Parameter { scaling: name, parameter, expected, found })
                }
            }
            Self::Tapered { pairs } => {
                let (parameter, expected) = ("taper", "at most the number of pairs");
                if *pairs <= rotary_dim / 2 {
                    Ok(())
                } else {
                    Err(RopeError::Parameter { scaling: name, parameter, expected, found: *pairs as f64 })
                }
            }
        }
    }

    /// The name that configuration files use; of HoPE and clipped RoPE, which have none, the usual one.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "default",
            Self::Linear { .. } => "linear",
            Self::Ntk { .. } => "ntk",
            Self::DynamicNtk { .. } => "dynamic",
            Self::Yarn { .. } => "yarn",
            Self::Llama3 { .. } => "llama3",
            Self::LongRope { .. } => "longrope",
            Self::Proportional { .. } => "proportional",
            Self::Cut { .. } => "hope",
            Self::Tapered { .. } => "clipped",
        }
    }
}

impl YarnRamp {
    fn values(self, theta: &[f64], base: f64, original_length: f64, beta_fast: f64, beta_slow: f64) -> Vec<f64> {
        match self {
            Self::Index { truncate } => {
                // The index, as a real number, of the pair that turns this often.
                let dim = 2.0 * theta.len() as f64;
                let pair = |turns: f64| dim * (original_length / (turns * TAU)).ln() / (2.0 * base.ln());
                let (mut low, mut high) = (pair(beta_fast), pair(beta_slow));
                if truncate {
                    (low, high) = (low.floor(), high.ceil());
                }
                // The clamp to dim - 1, not dim/2 - 1, is that of the reference code.
                (low, high) = (low.max(0.0), high.min(dim - 1.0));
                if low == high {
                    high += 0.001;
                }
                (0..theta.len()).map(|i| ((i as f64 - low) / (high - low)).clamp(0.0, 1.0)).collect()
            }
            Self::Turns => theta
                .iter()
                .map(|theta| {
                    let turns = original_length * theta / TAU;
                    1.0 - ((turns - beta_slow) / (beta_fast - beta_slow)).clamp(0.0, 1.0)
                })
                .collect(),
        }
    }
}
