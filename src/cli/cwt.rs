use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use num_complex::Complex;
use serde::Serialize;

use super::npy::{self, Array, Element, Values};
use super::output::{print, print_json, write_file};
use super::progress::bar;
use super::wavelet::WaveletFlags;
use super::{Common, Failure, Outcome};
use crate::signal::{Boundary, Cwt, Norm, RowPlan, Sample, SignalError, frequencies, octaves};
use crate::wavelet::MotherWavelet;

/// Continuous wavelet transform along the last axis of an array
///
/// W(a, b) = c(a) sum over t of conj(psi((t - b)/a)) x(t), with t and b in samples. The output has
/// the shape of the input with the axis of scales put before the last: [..., scales, samples]. It is
/// real for real wavelets, and has the precision of the input.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Array of float32 or float64
    #[arg(value_name = "IN.npy")]
    input: PathBuf,
    /// Mother wavelet: see `ropelet wavelet --help` for the names
    #[arg(long, value_name = "NAME")]
    wavelet: String,
    #[command(flatten)]
    parameters: WaveletFlags,
    /// Scales in samples, separated by commas
    #[arg(
        long,
        value_name = "A,...",
        value_delimiter = ',',
        required_unless_present = "octaves",
        allow_negative_numbers = true
    )]
    scales: Vec<f64>,
    /// Scales from 2^A to 2^B, both included, evenly spaced in the logarithm
    #[arg(long, value_name = "A..B", value_parser = parse_octaves, conflicts_with = "scales", allow_hyphen_values = true)]
    octaves: Option<(i32, i32)>,
    /// Scales per octave
    #[arg(long, value_name = "V", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024), conflicts_with = "scales")]
    voices: u32,
    /// Where the coefficients go
    #[arg(long, value_name = "OUT.npy")]
    out: PathBuf,
    /// The factor c(a): l2 is a^(-1/2), l1 is 1/a
    #[arg(long, value_enum, default_value_t = Norm::L2)]
    norm: Norm,
    /// What the signal is beyond its ends: zero, itself again, or its mirror image
    #[arg(long, value_enum, default_value_t = Boundary::Zero)]
    boundary: Boundary,
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
        &[Self::Zero, Self::Periodic, Self::Reflect]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Zero => "zero",
            Self::Periodic => "periodic",
            Self::Reflect => "reflect",
        }))
    }
}

fn parse_octaves(text: &str) -> Result<(i32, i32), String> {
    let parsed = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    match parsed {
        Some((first, last)) if first <= last && first >= -40 && last <= 40 => Ok((first, last)),
        _ => Err("expected A..B with whole numbers A <= B from -40 to 40, as in 1..6".into()),
    }
}

/// The object of `--json`.
#[derive(Serialize)]
struct Summary<'a> {
    schema: &'static str,
    wavelet: &'static str,
    parameters: BTreeMap<&'static str, f64>,
    norm: Norm,
    boundary: Boundary,
    /// In samples.
    scales: &'a [f64],
    /// In cycles per sample: the peak of `|psihat|`.
    frequencies: Vec<f64>,
    input_shape: &'a [usize],
    input_dtype: &'static str,
    output_shape: &'a [usize],
    output_dtype: &'static str,
    /// For each scale how it was computed on this processor, with what error and cost.
    rows: Vec<RowPlan>,
    output: String,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let wavelet = arguments.parameters.build(&arguments.wavelet)?;
    let scales = match (arguments.octaves, NonZeroU32::new(arguments.voices)) {
        (Some((first, last)), Some(voices)) => octaves(first..=last, voices),
        _ => arguments.scales.clone(),
    };
    let Array { shape, values } = npy::read(&arguments.input)?;
    let Some((&length, leading)) = shape.split_last() else {
        return Err(Failure::at(&arguments.input, "array has no axes, expected at least one"));
    };
    if shape.contains(&0) {
        return Err(Failure::at(&arguments.input, format!("array of shape {shape:?} is empty, expected samples")));
    }
    let output_shape = [leading, &[scales.len(), length]].concat();
    let request =
        Request { arguments, common, wavelet: wavelet.as_ref(), scales: &scales, length, shape: &output_shape };
    let (input_dtype, (output_dtype, rows)) = match &values {
        Values::F32(values) => (<f32 as Element>::NAME, request.transform(values)?),
        Values::F64(values) => (<f64 as Element>::NAME, request.transform(values)?),
    };
    let summary = Summary {
        schema: "ropelet.cwt/1",
        wavelet: wavelet.name(),
        parameters: wavelet.parameters().into_iter().collect(),
        norm: arguments.norm,
        boundary: arguments.boundary,
        frequencies: frequencies(wavelet.as_ref(), &scales),
        scales: &scales,
        input_shape: &shape,
        input_dtype,
        output_shape: &output_shape,
        output_dtype,
        rows,
        output: arguments.out.display().to_string(),
    };
    if common.json {
        print_json(&summary)?;
    } else {
        print(&format!("{}: {output_dtype} {output_shape:?}, [..., scales, samples]", summary.output))?;
    }
    Ok(Outcome::Success)
}

/// What to transform, whatever the type of its numbers.
struct Request<'a> {
    arguments: &'a Arguments,
    common: &'a Common,
    wavelet: &'a dyn MotherWavelet,
    scales: &'a [f64],
    length: usize,
    /// Of the coefficients.
    shape: &'a [usize],
}

impl Request<'_> {
    /// Writes the coefficients, and returns the name of their type and how they came about.
    fn transform<T: Sample + Element>(&self, signals: &[T]) -> Result<(&'static str, Vec<RowPlan>), Failure>
    where
        Complex<T>: Element,
    {
        // Everything is looked at before anything is written.
        if let Some((index, value)) = signals.iter().enumerate().find(|(_, x)| !x.is_finite()) {
            let error = SignalError::NotFinite { index, value: value.wide() };
            return Err(Failure::at(&self.arguments.input, error));
        }
        let &Arguments { norm, boundary, .. } = self.arguments;
        let cwt = Cwt::<T>::new(self.wavelet, self.length, self.scales, norm, boundary)?;
        if cwt.is_real() {
            self.write(signals, |batch, out: &mut [T]| cwt.transform_real_into(batch, out))?;
            Ok((<T as Element>::NAME, cwt.rows().to_vec()))
        } else {
            self.write(signals, |batch, out: &mut [Complex<T>]| cwt.transform_into(batch, out))?;
            Ok((<Complex<T> as Element>::NAME, cwt.rows().to_vec()))
        }
    }

    /// Transforms some signals at a time, so that memory does not grow with their number.
    fn write<T: Sample, E: Element + Default>(
        &self,
        signals: &[T],
        transform: impl Fn(&[T], &mut [E]) -> Result<(), SignalError>,
    ) -> Result<(), Failure> {
        const BATCH_BYTES: usize = 64 << 20;
        let table = self.scales.len() * self.length;
        let at_once = (BATCH_BYTES / (table * size_of::<E>())).max(1) * self.length;
        let progress = bar(self.common, (signals.len() / self.length) as u64, "signals");
        let mut coefficients = vec![E::default(); at_once.min(signals.len()) * self.scales.len()];
        write_file(&self.arguments.out, |out: &mut BufWriter<File>| {
            npy::write_header::<E>(out, self.shape)?;
            for batch in signals.chunks(at_once) {
                let coefficients = &mut coefficients[..batch.len() * self.scales.len()];
                transform(batch, coefficients).map_err(std::io::Error::other)?;
                for coefficient in coefficients.iter() {
                    coefficient.write(out)?;
                }
                progress.inc((batch.len() / self.length) as u64);
            }
            progress.finish_and_clear();
            Ok(())
        })
    }
}
