mod aliasing;
mod coefficients;
mod complex;
mod inverse;
#[cfg(feature = "plot")]
mod picture;
mod result;
mod room;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use num_complex::Complex;
use serde::Serialize;

use super::npy::{self, Array, Element, Values};
use super::output::{print, print_json};
use super::wavelet::WaveletFlags;
use super::{Common, Dtype, Failure, Outcome};
use crate::signal::{
    Boundary, Cwt, DecimatedCwt, DecimatedRow, Inversion, Norm, RidgeOptions, RowPlan, Sample, SignalError,
    frequencies, octaves,
};
use crate::wavelet::MotherWavelet;
use aliasing::Aliasing;
use result::{Made, Tested};

/// Continuous wavelet transform along the last axis of an array
///
/// W(a, b) = c(a) sum over t of conj(psi((t - b)/a)) x(t), with t and b in samples. The output has
/// the shape of the input with the axis of scales put before the last: [..., scales, samples]. It is
/// real for real wavelets, and has the precision of the input.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Array of float32, float64, complex64 or complex128; with --inverse of coefficients
    #[arg(value_name = "IN.npy")]
    input: PathBuf,
    /// Mother wavelet: see `ropelet wavelet --help` for the names; or a file FILE.npy of its samples, with --step
    #[arg(long, value_name = "NAME")]
    wavelet: String,
    #[command(flatten)]
    parameters: WaveletFlags,
    /// Scales in samples, separated by commas
    #[arg(
        long,
        value_name = "A,...",
        value_delimiter = ',',
        required_unless_present_any = ["octaves", "frequencies"],
        allow_negative_numbers = true
    )]
    scales: Vec<f64>,
    /// Scales from 2^A to 2^B, both included, evenly spaced in the logarithm
    #[arg(long, value_name = "A..B", value_parser = parse_octaves, conflicts_with = "scales", allow_hyphen_values = true)]
    octaves: Option<(i32, i32)>,
    /// Scales per octave
    #[arg(long, value_name = "V", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024), conflicts_with = "scales")]
    voices: u32,
    /// Scales by frequency in cycles per sample: a = f_c/f, where |psihat| peaks at f_c
    #[arg(
        long,
        value_name = "F,...",
        value_delimiter = ',',
        conflicts_with_all = ["scales", "octaves", "voices"],
        allow_negative_numbers = true
    )]
    frequencies: Vec<f64>,
    /// Where the result goes: .npy, or .json for ridges
    #[arg(long, value_name = "OUT", required_unless_present_any = ["plan", "plot"])]
    out: Option<PathBuf>,
    /// The factor c(a): l2 is a^(-1/2), l1 is 1/a
    #[arg(long, value_enum, default_value_t = Norm::L2)]
    norm: Norm,
    /// What the signal is beyond its ends: zero, itself again, its mirror image, or its end values
    #[arg(long, value_enum, default_value_t = Boundary::Zero)]
    boundary: Boundary,
    /// What is written
    #[arg(long, value_enum, default_value_t = Wanted::Coefficients, value_name = "KIND")]
    result: Wanted,
    /// Second array of the same shape, for cross, coherence and phase
    #[arg(long, value_name = "OTHER.npy")]
    with: Option<PathBuf>,
    /// Leave out the cone of influence in the mean of spectrum, and NaN where nothing is left
    #[arg(long)]
    outside_cone: bool,
    /// Levels of noise in --json and --plot: white, red (its autocorrelation at lag 1 from each signal) or that number
    #[arg(long, value_name = "NOISE", allow_negative_numbers = true)]
    significance: Option<Noise>,
    /// Probability that noise stays below the level
    #[arg(long, value_name = "P", default_value_t = 0.95)]
    level: f64,
    /// Draws of noise behind the levels of coherence
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    draws: u32,
    /// The input is coefficients [..., scales, samples], the output signals [..., samples], by this integral over them
    #[arg(
        long,
        value_enum,
        value_name = "INTEGRAL",
        num_args = 0..=1,
        default_missing_value = "single",
        conflicts_with_all = ["result", "with", "significance", "plot", "frequencies"]
    )]
    inverse: Option<Inversion>,
    /// With --inverse: divide by the gain of the sum over scales where it is at least this, which is exact there
    #[arg(long, value_name = "GAIN", requires = "inverse", num_args = 0..=1, default_missing_value = "0.001")]
    exact: Option<f64>,
    /// With --inverse: the mean of the signal, which no coefficient knows
    #[arg(long, value_name = "X", requires = "inverse", default_value_t = 0.0, allow_negative_numbers = true)]
    mean: f64,
    /// Print the plan as JSON and compute nothing
    #[arg(long)]
    plan: bool,
    /// Draw the scalogram of one signal as SVG
    #[arg(long, value_name = "F.svg")]
    plot: Option<PathBuf>,
    /// For ridges and synchrosqueezed: leave out moduli below this share of the largest, by default 0.1 and the root of a roundoff
    #[arg(long, value_name = "SHARE", conflicts_with = "inverse", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// For ridges: how far one may move from a sample to the next, in octaves; by default 0.25
    #[arg(long, value_name = "OCTAVES", conflicts_with = "inverse", allow_negative_numbers = true)]
    max_jump: Option<f64>,
    /// For ridges: the fewest samples of one; by default 16
    #[arg(long, value_name = "N", conflicts_with = "inverse")]
    min_length: Option<usize>,
    /// With --plot: draw the ridges too
    #[arg(long, requires = "plot")]
    ridges: bool,
}

/// What `--result` can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Wanted {
    /// W: [..., scales, samples]
    Coefficients,
    /// W of each scale at a rate of its own: [..., points], complex; `rows` of --json say which points are whose
    Decimated,
    /// |W|^2: [..., scales, samples]
    Power,
    /// Sum of |W|^2 over one period, with zero over all integers: [..., scales]; no coefficient is computed
    Energy,
    /// Chained maxima of |W| over scales, with instantaneous frequency and amplitude: a JSON file
    Ridges,
    /// Coefficients moved to the frequency that their phase turns at: [..., frequencies, samples], complex, ascending
    Synchrosqueezed,
    /// Mean of |W|^2 over time: [..., scales]
    Spectrum,
    /// Power over all scales, in units of the signal squared: [..., samples]
    ScaleAverage,
    /// W of IN times conj W of OTHER, l1: [..., scales, samples], complex
    Cross,
    /// Smoothed |cross|^2 over both powers, from 0 to 1: [..., scales, samples]
    Coherence,
    /// Phase of the smoothed cross spectrum in radians, above 0 where IN is ahead: [..., scales, samples]
    Phase,
}

impl Wanted {
    /// Of two signals.
    fn is_of_two(self) -> bool {
        matches!(self, Self::Cross | Self::Coherence | Self::Phase)
    }
}

/// The noise that `--significance` names.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Noise {
    White,
    Estimated,
    Red(f64),
}

impl FromStr for Noise {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "white" => Ok(Self::White),
            "red" => Ok(Self::Estimated),
            _ => match text.parse::<f64>() {
                Ok(lag1) if lag1.abs() < 1.0 => Ok(Self::Red(lag1)),
                _ => Err("expected white, red or a number between -1 and 1".into()),
            },
        }
    }
}

impl ValueEnum for Norm {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::L2, Self::L1]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::L2 => "l2",
            Self::L1 => "l1",
        }))
    }
}

impl ValueEnum for Boundary {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Zero, Self::Periodic, Self::Reflect, Self::Constant]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Zero => "zero",
            Self::Periodic => "periodic",
            Self::Reflect => "reflect",
            Self::Constant => "constant",
        }))
    }
}

impl ValueEnum for Inversion {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Single, Self::Double]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Single => PossibleValue::new("single").help("Over scales alone; every boundary"),
            Self::Double => PossibleValue::new("double").help("Over scales and samples; periodic and reflect"),
        })
    }
}

fn parse_octaves(text: &str) -> Result<(i32, i32), String> {
    let parsed = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    match parsed {
        Some((first, last)) if first <= last && first >= -40 && last <= 40 => Ok((first, last)),
        _ => Err("expected A..B with whole numbers A <= B from -40 to 40, as in 1..6".into()),
    }
}

/// The object of `--json` and of `--plan`.
#[derive(Serialize)]
struct Summary<'a> {
    schema: &'static str,
    wavelet: &'static str,
    parameters: BTreeMap<&'static str, f64>,
    norm: Norm,
    boundary: Boundary,
    result: Wanted,
    /// In samples.
    scales: &'a [f64],
    /// In cycles per sample: the peak of `|psihat|`.
    frequencies: Vec<f64>,
    aliasing: Aliasing,
    /// Scales up to `(min(b, n - 1 - b) + 1/2)` over this are outside of the cone of influence at sample `b`.
    e_folding_time: f64,
    input_shape: &'a [usize],
    input_dtype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_shape: Option<Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dtype: Option<&'static str>,
    /// For each scale how it is computed on this processor, with what error and cost.
    rows: Rows,
    /// Memory of all filters, and floating-point operations for one signal without the forward transforms.
    bytes: usize,
    flops: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    significance: Option<Tested>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plot: Option<String>,
}

/// How each scale is computed.
#[derive(Serialize)]
#[serde(untagged)]
enum Rows {
    Full(Vec<RowPlan>),
    Decimated(Vec<DecimatedRow>),
}

impl Rows {
    fn flops(&self) -> u64 {
        match self {
            Self::Full(rows) => rows.iter().map(|row| row.flops).sum(),
            Self::Decimated(rows) => rows.iter().map(|row| row.flops).sum(),
        }
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let wavelet = arguments.parameters.build(&arguments.wavelet)?;
    let wavelet = wavelet.as_ref();
    let scales = arguments.grid(wavelet)?;
    if let Some(integral) = arguments.inverse {
        return inverse::run(arguments, common, wavelet, &scales, integral);
    }
    if arguments.with.is_some() != arguments.result.is_of_two() {
        return Err(Failure::new("--with is for --result cross, coherence and phase, which need it"));
    }
    arguments.validate_ridge_options()?;
    let Array { shape, values } = npy::read(&arguments.input)?;
    let other = arguments.with.as_deref().map(npy::read).transpose()?;
    let length = length_of(&arguments.input, &shape)?;
    if let (Some(path), Some(other)) = (&arguments.with, &other)
        && other.shape != shape
    {
        return Err(Failure::at(path, format!("array has the shape {:?}, expected {shape:?}", other.shape)));
    }
    let input_dtype = values.name();
    let request = Request { arguments, common, wavelet, scales: &scales, length, shape: &shape };
    let single = match common.dtype {
        None => matches!(values, Values::F32(_) | Values::C64(_)),
        Some(Dtype::F32) => true,
        Some(Dtype::F64) => false,
        Some(other) => return Err(Failure::new(format!("--dtype {other:?} is no type of a transform: f32 or f64"))),
    };
    let other = other.map(|other| other.values);
    match (values.in_precision(single), other.map(|other| other.in_precision(single))) {
        (Values::F32(values), None) => request.run(&values, None, input_dtype),
        (Values::F64(values), None) => request.run(&values, None, input_dtype),
        (Values::F32(values), Some(Values::F32(other))) => request.run(&values, Some(&other), input_dtype),
        (Values::F64(values), Some(Values::F64(other))) => request.run(&values, Some(&other), input_dtype),
        // One of them is complex.
        (values, other) if single => {
            request.run_complex(&values.into_c64(), other.map(Values::into_c64).as_deref(), input_dtype)
        }
        (values, other) => {
            request.run_complex(&values.into_c128(), other.map(Values::into_c128).as_deref(), input_dtype)
        }
    }
}

/// Samples along the last axis.
fn length_of(path: &Path, shape: &[usize]) -> Result<usize, Failure> {
    let Some(&length) = shape.last() else {
        return Err(Failure::at(path, "array has no axes, expected at least one"));
    };
    if shape.contains(&0) {
        return Err(Failure::at(path, format!("array of shape {shape:?} is empty, expected samples")));
    }
    Ok(length)
}

impl Arguments {
    fn grid(&self, wavelet: &dyn MotherWavelet) -> Result<Vec<f64>, Failure> {
        if let (Some((first, last)), Some(voices)) = (self.octaves, NonZeroU32::new(self.voices)) {
            return Ok(octaves(first..=last, voices));
        }
        if self.frequencies.is_empty() {
            return Ok(self.scales.clone());
        }
        let centre = wavelet.centre_frequency();
        if centre <= 0.0 {
            return Err(Failure::new(format!("{} has no frequency, being low-pass: give --scales", wavelet.name())));
        }
        let scale = |&frequency: &f64| {
            if frequency > 0.0 && frequency.is_finite() {
                return Ok(centre / frequency);
            }
            Err(Failure::new(format!("frequency {frequency}: expected cycles per sample above 0")))
        };
        self.frequencies.iter().map(scale).collect()
    }
}

impl Arguments {
    fn ridge_options(&self) -> RidgeOptions {
        let RidgeOptions { threshold, max_jump, min_length } = RidgeOptions::default();
        RidgeOptions {
            threshold: self.threshold.unwrap_or(threshold),
            max_jump: self.max_jump.unwrap_or(max_jump),
            min_length: self.min_length.unwrap_or(min_length),
        }
    }

    /// Options of ridges are for what has some.
    fn validate_ridge_options(&self) -> Result<(), Failure> {
        let has_ridges = self.ridges || self.result == Wanted::Ridges;
        if self.threshold.is_some() && !has_ridges && self.result != Wanted::Synchrosqueezed {
            return Err(Failure::new("--threshold is for --result ridges and synchrosqueezed, and for --ridges"));
        }
        if (self.max_jump.is_some() || self.min_length.is_some()) && !has_ridges {
            return Err(Failure::new("--max-jump and --min-length are for --result ridges, and for --ridges"));
        }
        Ok(())
    }
}

/// What to transform, whatever the type of its numbers.
struct Request<'a> {
    arguments: &'a Arguments,
    common: &'a Common,
    wavelet: &'a dyn MotherWavelet,
    scales: &'a [f64],
    length: usize,
    /// Of the input.
    shape: &'a [usize],
}

impl Request<'_> {
    fn run<T: Sample + Element>(
        &self,
        signals: &[T],
        other: Option<&[T]>,
        input_dtype: &'static str,
    ) -> Result<Outcome, Failure>
    where
        Complex<T>: Element,
    {
        let Self { arguments, common, wavelet, scales, .. } = *self;
        // Everything is looked at before anything is written.
        must_be_finite(&arguments.input, signals)?;
        if let (Some(path), Some(other)) = (&arguments.with, other) {
            must_be_finite(path, other)?;
        }
        room::must_suffice(arguments.result, scales.len(), self.length, size_of::<T>())?;
        if arguments.result == Wanted::Decimated {
            return self.run_decimated(signals, input_dtype);
        }
        let cwt = Cwt::<T>::new(wavelet, self.length, scales, arguments.norm, arguments.boundary)?;
        let mut summary = self.summary(Rows::Full(cwt.rows().to_vec()), cwt.bytes(), input_dtype);
        if arguments.plan {
            return summary.print(true);
        }
        summary.significance = result::significance(self, &cwt, signals, other)?;
        #[cfg(feature = "plot")]
        if let Some(path) = &arguments.plot {
            picture::draw(self, &cwt, signals, other, summary.significance.as_ref(), path)?;
            summary.plot = Some(path.display().to_string());
        }
        #[cfg(not(feature = "plot"))]
        if arguments.plot.is_some() {
            return Err(Failure::new("this program was built without the feature `plot`"));
        }
        if let Some(out) = &arguments.out {
            let Made { shape, dtype } = match arguments.result {
                Wanted::Coefficients => coefficients::write(self, &cwt, signals, out)?,
                _ => result::write(self, &cwt, signals, other, out)?,
            };
            (summary.output_shape, summary.output_dtype) = (shape, dtype);
            summary.output = Some(out.display().to_string());
        }
        summary.print(common.json)
    }

    /// Each scale at its own rate.
    fn run_decimated<T: Sample + Element>(&self, signals: &[T], input_dtype: &'static str) -> Result<Outcome, Failure>
    where
        Complex<T>: Element,
    {
        let Self { arguments, common, wavelet, scales, .. } = *self;
        if arguments.significance.is_some() || arguments.plot.is_some() {
            return Err(Failure::new("--significance and --plot are not for --result decimated"));
        }
        let plan = DecimatedCwt::<T>::new(wavelet, self.length, scales, arguments.norm, arguments.boundary)?;
        let bytes = plan.rows().iter().map(|row| row.bytes).sum();
        let mut summary = self.summary(Rows::Decimated(plan.rows().to_vec()), bytes, input_dtype);
        if let (false, Some(out)) = (arguments.plan, &arguments.out) {
            let transform = |batch: &[T], out: &mut [Complex<T>]| plan.transform_into(batch, out);
            let Made { shape, dtype } = coefficients::batches(self, &[plan.points()], signals, out, transform)?;
            (summary.output_shape, summary.output_dtype) = (shape, dtype);
            summary.output = Some(out.display().to_string());
        }
        summary.print(arguments.plan || common.json)
    }

    fn summary(&self, rows: Rows, bytes: usize, input_dtype: &'static str) -> Summary<'_> {
        let Self { arguments, wavelet, scales, shape, .. } = *self;
        Summary {
            schema: "ropelet.cwt/1",
            wavelet: wavelet.name(),
            parameters: wavelet.parameters().into_iter().collect(),
            norm: arguments.norm,
            boundary: arguments.boundary,
            result: arguments.result,
            frequencies: frequencies(wavelet, scales),
            aliasing: Aliasing::of(wavelet, scales),
            e_folding_time: wavelet.e_folding_time(),
            scales,
            input_shape: shape,
            input_dtype,
            output_shape: None,
            output_dtype: None,
            flops: rows.flops(),
            rows,
            bytes,
            significance: None,
            output: None,
            plot: None,
        }
    }

    /// The shape of the input with the last axis replaced.
    fn shape(&self, last: &[usize]) -> Vec<usize> {
        [&self.shape[..self.shape.len() - 1], last].concat()
    }
}

impl Summary<'_> {
    fn print(&self, as_json: bool) -> Result<Outcome, Failure> {
        self.aliasing.warn(self.scales);
        if as_json {
            print_json(self)?;
        } else {
            for line in self.lines() {
                print(&line)?;
            }
        }
        Ok(Outcome::Success)
    }

    fn lines(&self) -> Vec<String> {
        let axes = match self.result {
            Wanted::Coefficients | Wanted::Power | Wanted::Cross | Wanted::Coherence | Wanted::Phase => {
                "[..., scales, samples]"
            }
            Wanted::Decimated => "[..., points]",
            Wanted::Energy | Wanted::Spectrum => "[..., scales]",
            Wanted::Synchrosqueezed => "[..., frequencies, samples]",
            Wanted::ScaleAverage => "[..., samples]",
            Wanted::Ridges => "",
        };
        let result = self.output.iter().map(|output| match (&self.output_shape, self.output_dtype) {
            (Some(shape), Some(dtype)) => format!("{output}: {dtype} {shape:?}, {axes}"),
            _ => format!("{output}: ridges"),
        });
        result.chain(self.plot.iter().map(|plot| format!("{plot}: scalogram"))).collect()
    }
}

fn must_be_finite<T: Sample>(path: &Path, signals: &[T]) -> Result<(), Failure> {
    match signals.iter().enumerate().find(|(_, x)| !x.is_finite()) {
        Some((index, value)) => Err(Failure::at(path, SignalError::NotFinite { index, value: value.wide() })),
        None => Ok(()),
    }
}
