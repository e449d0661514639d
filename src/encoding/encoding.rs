use super::learned::Draws;
use super::name::{ATOMS, ENTRIES, nearest};
use super::{
    Additive, Decay, EncodingError, Fire, Kerple, KerpleForm, LagKernel, LagSign, Learned, Mother, Parameters, Rotary,
    SampledWavelet, ScoreBias, Shaw, Sinusoids, T5, TransformerXl, WaveletKernel, dyadic_scales, grid,
};
use crate::numeric::Pairing;
use crate::rope::{Scaling, YarnRamp, longrope_attention_factor, yarn_attention_factor};
use crate::wavelet::{DerivativeOfGaussian, DiscreteFamily};

/// A positional encoding as data: what a table is made of, and what training may change.
///
/// | kind | acts on |
/// |---|---|
/// | none | nothing |
/// | rotation | queries and keys, each by its position |
/// | score bias | scores, by the lag |
/// | lag kernel | scores, by the query and the lag |
/// | additive | embeddings, by the position |
#[derive(Debug, Clone, PartialEq)]
pub enum Encoding {
    /// NoPE: a decoder tells positions by its causal mask alone \[kazemnejad2023\].
    None,
    /// Queries and keys turn with their position.
    Rotation(Rotary),
    /// A number per head and lag is added to the scores.
    ScoreBias(ScoreBias),
    /// A vector per lag meets the query.
    LagKernel(LagKernel),
    /// A vector per position is added to the embeddings.
    Additive(Additive),
}

impl Encoding {
    /// The encoding of this name.
    ///
    /// Parameters that are left out take these defaults: `base` 10⁴ (5·10⁵ for `llama3`);
    /// `rotary_dim` the whole head; `factor` 4 (8 for `llama3`); `original_length` 4096 (8192 for
    /// `llama3`); `fraction` 0.75; `taper` 20 pairs; `ramp` that of the code; LongRoPE's
    /// lists 1 and the factor; `pairing` half-split, and interleaved for `sinusoidal`; 8 dyadic scales from
    /// 1 (from 2, which is level 1, for discrete wavelets), and as many shifts as fill the head; `sign`
    /// mirrored for wavelets, `query - key` for discrete wavelets, whose support begins at 0, and otherwise;
    /// `order` 2; `clip` 16; 32 buckets up to distance 128.
    ///
    /// # Errors
    /// A name that is in neither [`Encoding::names`] nor [`Encoding::discrete_names`], a parameter that the encoding does not take or
    /// cannot take, a dimension that is odd where pairs are needed, scales × shifts other than the
    /// dimension.
    ///
    /// # Example
    /// ```
    /// use ropelet::encoding::{Encoding, Parameters};
    ///
    /// let parameters = Parameters { dim: 64, heads: 4, ..Default::default() };
    /// let Encoding::LagKernel(ricker) = Encoding::named("ricker", &parameters)? else { unreachable!() };
    /// let table = ricker.table(512);
    /// assert_eq!((table.len(), table[3 * 64 + 3]), (512 * 64, 1.0)); // Scale 1, shift 3, lag 3.
    /// # Ok::<(), ropelet::encoding::EncodingError>(())
    /// ```
    pub fn named(name: &str, parameters: &Parameters) -> Result<Self, EncodingError> {
        let takes = takes(name)?;
        if let Some(parameter) = parameters.given().into_iter().find(|given| !takes.contains(given)) {
            let takes =
                if takes.is_empty() { "has no such parameters".into() } else { format!("takes {}", takes.join(", ")) };
            return Err(EncodingError::DoesNotApply { encoding: name.to_owned(), parameter, takes });
        }
        Request { name, parameters }.encoding()
    }

    /// Every name but those of the discrete wavelets, in the order of the documentation.
    pub fn names() -> impl Iterator<Item = String> {
        ENTRIES.iter().map(|entry| entry.name.to_owned())
    }

    /// The names of the discrete wavelets: `db1`, `sym8`, `bior2.2` and so forth.
    pub fn discrete_names() -> impl Iterator<Item = String> {
        DiscreteFamily::all().into_iter().map(|family| family.to_string())
    }

    /// What an encoding of this name does, in a phrase.
    pub fn summary(name: &str) -> Option<&'static str> {
        let named = ENTRIES.iter().find(|entry| entry.name == name).map(|entry| entry.summary);
        named.or_else(|| {
            DiscreteFamily::named(name).ok().map(|_| "a discrete wavelet of the lag at levels for scales, shifted")
        })
    }

    /// The kind, in the program's spelling: `none`, `rotation`, `score_bias`, `lag_kernel`, `additive`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Rotation(_) => "rotation",
            Self::ScoreBias(_) => "score_bias",
            Self::LagKernel(_) => "lag_kernel",
            Self::Additive(_) => "additive",
        }
    }

    /// The table of the encoding: angles `[length][pairs]` of a rotation, biases `[heads][length]` by lag, a
    /// kernel `[length][dim]` by lag, vectors `[length][dim]`; `None` for an encoding without one.
    ///
    /// # Errors
    /// More than 2^30 numbers; positions without a learned vector; an angle that overflows.
    pub fn table(&self, length: usize) -> Result<Option<Table>, EncodingError> {
        let (rows, columns) = match self {
            Self::None => return Ok(None),
            Self::Rotation(rotary) => (length, rotary.rotary_dim() / 2),
            Self::ScoreBias(bias) => (bias.heads(), length),
            Self::LagKernel(kernel) => (length, kernel.width()),
            Self::Additive(vectors) => (length, vectors.dim()),
        };
        elements(rows, columns)?;
        let values = match self {
            Self::None => Vec::new(),
            Self::Rotation(rotary) => {
                rotary.frequencies(length)?.angles(&(0..length).map(|m| m as f64).collect::<Vec<_>>())
            }
            Self::ScoreBias(bias) => bias.table(length),
            Self::LagKernel(kernel) => kernel.table(length),
            Self::Additive(vectors) => vectors.table(length)?,
        };
        Ok(Some(Table { rows, columns, values }))
    }

    /// The parts that training changes, with their initial values; none for most encodings.
    pub fn learned(&self) -> Vec<Learned> {
        match self {
            Self::None | Self::Rotation(_) => Vec::new(),
            Self::ScoreBias(bias) => bias.learned(),
            Self::LagKernel(kernel) => kernel.learned(),
            Self::Additive(vectors) => vectors.learned(),
        }
    }
}

/// Numbers in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Number of rows.
    pub rows: usize,
    /// Numbers in a row.
    pub columns: usize,
    /// Row-major.
    pub values: Vec<f64>,
}

/// The number of elements of a table that memory may be asked for.
fn elements(rows: usize, columns: usize) -> Result<usize, EncodingError> {
    const LARGEST: usize = 1 << 30;
    let elements = rows.checked_mul(columns).filter(|elements| *elements <= LARGEST);
    elements.ok_or(EncodingError::TooLarge { rows, columns })
}

/// The optional parameters that the encoding of this name takes.
fn takes(name: &str) -> Result<&'static [&'static str], EncodingError> {
    match ENTRIES.iter().find(|entry| entry.name == name) {
        Some(entry) => Ok(entry.takes),
        None if DiscreteFamily::named(name).is_ok() => Ok(ATOMS),
        None => {
            let near = nearest(name, Encoding::names().chain(Encoding::discrete_names()));
            Err(EncodingError::UnknownName { name: name.to_owned(), near })
        }
    }
}

/// A name that exists, with parameters that it takes.
struct Request<'a> {
    name: &'a str,
    parameters: &'a Parameters,
}

impl Request<'_> {
    fn encoding(&self) -> Result<Encoding, EncodingError> {
        let p = self.parameters;
        self.positive("dim", p.dim)?;
        self.positive("length", p.length)?;
        self.positive("heads", p.heads)?;
        self.positive("train-length", p.train_length)?;
        self.positive("hidden", self.width())?;
        elements(p.dim.max(p.heads).max(self.width()), 1)?;
        Ok(match self.name {
            "nope" => Encoding::None,
            "alibi" => Encoding::ScoreBias(ScoreBias::alibi(p.heads)),
            "t5" => Encoding::ScoreBias(self.t5()?),
            "kerple" => self.kerple(KerpleForm::Logarithmic),
            "kerple-power" => self.kerple(KerpleForm::Power),
            "fire" => self.fire(),
            "shaw" => self.shaw()?,
            "transformer-xl" => self.transformer_xl()?,
            "sinusoidal-relative" => Encoding::LagKernel(LagKernel::Sinusoidal {
                sinusoids: self.sinusoids(p.dim, Pairing::HalfSplit)?,
                sign: p.sign.unwrap_or(LagSign::QueryMinusKey),
            }),
            "sinusoidal" => {
                Encoding::Additive(Additive::Sinusoidal(self.sinusoids(self.width(), Pairing::Interleaved)?))
            }
            "learned" => {
                // The deviation of GPT-2.
                let vectors = self.draws(0).normal(elements(p.length, self.width())?, 0.02);
                Encoding::Additive(Additive::Learned { dim: self.width(), vectors })
            }
            "ricker" => self.wavelet(Mother::Ricker)?,
            "gaussian" => self.wavelet(Mother::Gaussian)?,
            "morlet" => self.wavelet(Mother::Morlet)?,
            "haar" => self.wavelet(Mother::Haar)?,
            "dog" => self.wavelet(Mother::DerivativeOfGaussian(DerivativeOfGaussian::new(p.order.unwrap_or(2))?))?,
            name => match DiscreteFamily::named(name) {
                Ok(family) => self.discrete_wavelet(family)?,
                Err(_) => Encoding::Rotation(self.rotation()?),
            },
        })
    }

    fn rotation(&self) -> Result<Rotary, EncodingError> {
        let p = self.parameters;
        let rotary_dim = p.rotary_dim.unwrap_or(p.dim);
        let llama3 = self.name == "llama3";
        let factor = p.factor.unwrap_or(if llama3 { 8.0 } else { 4.0 });
        let original_length = p.original_length.unwrap_or(if llama3 { 8192 } else { 4096 });
        let base = match self.name {
            "fmrope" => p.train_length as f64,
            _ => p.base.unwrap_or(if llama3 { 5e5 } else { 1e4 }),
        };
        let scaling = match self.name {
            "linear" => Scaling::Linear { factor },
            "ntk" => Scaling::Ntk { factor },
            "dynamic-ntk" => Scaling::DynamicNtk { factor, original_length },
            "yarn" => Scaling::Yarn {
                factor,
                original_length,
                beta_fast: 32.0,
                beta_slow: 1.0,
                ramp: p.ramp.unwrap_or(YarnRamp::Index { truncate: true }),
                attention_factor: yarn_attention_factor(factor, None),
            },
            "longrope" => Scaling::LongRope {
                short_factor: p.short_factor.clone().unwrap_or_else(|| vec![1.0; rotary_dim / 2]),
                long_factor: p.long_factor.clone().unwrap_or_else(|| vec![factor; rotary_dim / 2]),
                original_length,
                attention_factor: longrope_attention_factor(factor, original_length),
            },
            "llama3" => Scaling::Llama3 { factor, low_freq_factor: 1.0, high_freq_factor: 4.0, original_length },
            "hope" => Scaling::Cut { train_length: p.train_length },
            "p-rope" => {
                let fraction = p.fraction.unwrap_or(0.75);
                let pairs = (fraction * (rotary_dim / 2) as f64).floor();
                if !(fraction <= 1.0 && pairs >= 1.0) {
                    return Err(self.out_of_range("fraction", "at most 1, and at least one pair", fraction));
                }
                Scaling::Proportional { pairs: pairs as usize, factor: 1.0 }
            }
            "clipped-rope" => Scaling::Tapered { pairs: p.taper.unwrap_or(20.min(rotary_dim / 2)) },
            _ => Scaling::None,
        };
        let pairing = p.pairing.unwrap_or(Pairing::HalfSplit);
        let rotary = Rotary::new(base, rotary_dim, p.dim, scaling, pairing)?;
        rotary.frequencies(p.length)?;
        Ok(if self.name == "xpos" { rotary.with_decay(Decay::XPOS) } else { rotary })
    }

    fn t5(&self) -> Result<ScoreBias, EncodingError> {
        let p = self.parameters;
        let buckets = p.buckets.unwrap_or(32);
        let max_distance = p.max_distance.unwrap_or(128);
        if !(2..=1 << 20).contains(&buckets) {
            return Err(self.out_of_range("buckets", "2 to 2^20", buckets));
        }
        if max_distance <= buckets / 2 {
            return Err(self.out_of_range("max-distance", "greater than half the buckets", max_distance));
        }
        // The deviation of the authors' code: that of the embedding, d_model^(-1/2).
        let deviation = (self.width() as f64).powf(-0.5);
        let values = self.draws(0).normal(elements(buckets, p.heads)?, deviation);
        Ok(ScoreBias::T5(T5::new(buckets, max_distance, p.heads, values)))
    }

    /// Both parameters uniform, as in the authors' code: the one that may reach 2 up to 2.
    fn kerple(&self, form: KerpleForm) -> Encoding {
        let heads = self.parameters.heads;
        let (first, second) = match form {
            KerpleForm::Logarithmic => (2.0, 1.0),
            KerpleForm::Power => (1.0, 2.0),
        };
        let r1 = self.draws(0).uniform(heads, 0.0, first);
        let r2 = self.draws(1).uniform(heads, 0.0, second);
        Encoding::ScoreBias(ScoreBias::Kerple(Kerple::new(form, r1, r2)))
    }

    /// Initial values of the source: `c = 0.1`, `L0 = 512`, 32 units, linear layers as PyTorch draws them.
    fn fire(&self) -> Encoding {
        const UNITS: usize = 32;
        let heads = self.parameters.heads;
        let limit = (UNITS as f64).powf(-0.5);
        Encoding::ScoreBias(ScoreBias::Fire(Fire {
            c: 0.1,
            multiplier: 1.0,
            initial_threshold: 512.0,
            hidden: (self.draws(0).uniform(UNITS, -1.0, 1.0), self.draws(1).uniform(UNITS, -1.0, 1.0)),
            output: (self.draws(2).uniform(heads * UNITS, -limit, limit), self.draws(3).uniform(heads, -limit, limit)),
        }))
    }

    fn shaw(&self) -> Result<Encoding, EncodingError> {
        let p = self.parameters;
        let clip = p.clip.unwrap_or(16);
        let rows = clip.checked_add(1).ok_or_else(|| self.out_of_range("clip", "a number of lags", clip))?;
        // Of Glorot and Bengio, as the authors' code draws the whole table of 2K + 1 vectors.
        let limit = (6.0 / (2 * clip + 1 + p.dim) as f64).sqrt();
        let count = elements(rows, p.dim)?;
        let draw = |stream| self.draws(stream).uniform(count, -limit, limit);
        Ok(Encoding::LagKernel(LagKernel::Shaw(Shaw::new(clip, p.dim, draw(0), draw(1)))))
    }

    fn transformer_xl(&self) -> Result<Encoding, EncodingError> {
        let p = self.parameters;
        let sinusoids = self.sinusoids(self.width(), Pairing::HalfSplit)?;
        let vectors = elements(p.heads, p.dim)?;
        let matrix = elements(vectors, self.width())?;
        // The deviation of the authors' code.
        let draw = |stream, count| self.draws(stream).normal(count, 0.02);
        let xl = TransformerXl::new(sinusoids, p.heads, p.dim, draw(0, vectors), draw(1, vectors), draw(2, matrix));
        Ok(Encoding::LagKernel(LagKernel::TransformerXl(xl, p.sign.unwrap_or(LagSign::QueryMinusKey))))
    }

    /// Eight scales, or as many as the shifts leave room for, unless they are given.
    fn scales(&self, first: i32) -> Vec<f64> {
        let p = self.parameters;
        let count = p.shifts.map_or(8, |shifts| p.dim.checked_div(shifts).unwrap_or(0).max(1));
        p.scales.clone().unwrap_or_else(|| dyadic_scales(first, count))
    }

    fn wavelet(&self, mother: Mother) -> Result<Encoding, EncodingError> {
        self.atoms(mother, self.scales(0), LagSign::Mirrored)
    }

    fn discrete_wavelet(&self, family: DiscreteFamily) -> Result<Encoding, EncodingError> {
        let scales = self.scales(1);
        let mother = Mother::Discrete(SampledWavelet::new(family, &scales)?);
        self.atoms(mother, scales, LagSign::QueryMinusKey)
    }

    fn atoms(&self, mother: Mother, scales: Vec<f64>, sign: LagSign) -> Result<Encoding, EncodingError> {
        let p = self.parameters;
        if let Some(bad) = scales.iter().find(|scale| !(scale.is_finite() && **scale > 0.0)) {
            return Err(self.out_of_range("scales", "finite and positive", bad));
        }
        let shifts = p.shifts.unwrap_or_else(|| p.dim.checked_div(scales.len()).unwrap_or(0));
        if scales.len().checked_mul(shifts) != Some(p.dim) {
            let encoding = self.name.to_owned();
            return Err(EncodingError::Grid { encoding, scales: scales.len(), shifts, dim: p.dim });
        }
        let sign = p.sign.unwrap_or(sign);
        Ok(Encoding::LagKernel(LagKernel::Wavelet(WaveletKernel::new(mother, grid(&scales, shifts), sign))))
    }

    fn sinusoids(&self, width: usize, layout: Pairing) -> Result<Sinusoids, EncodingError> {
        let p = self.parameters;
        Ok(Sinusoids::new(p.base.unwrap_or(1e4), width, p.pairing.unwrap_or(layout))?)
    }

    /// Width of the residual stream.
    fn width(&self) -> usize {
        self.parameters.hidden.unwrap_or(self.parameters.dim)
    }

    fn draws(&self, stream: u64) -> Draws {
        Draws::new(self.parameters.seed, stream)
    }

    fn positive(&self, parameter: &'static str, found: usize) -> Result<(), EncodingError> {
        if found > 0 { Ok(()) } else { Err(self.out_of_range(parameter, "at least 1", found)) }
    }

    fn out_of_range(
        &self,
        parameter: &'static str,
        expected: &'static str,
        found: impl std::fmt::Display,
    ) -> EncodingError {
        EncodingError::OutOfRange {
            encoding: self.name.to_owned(),
            parameter,
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }
}
