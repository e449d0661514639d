//! What `--result` asks for beside coefficients.

use std::io::Write;
use std::ops::Range;
use std::path::Path;

use num_complex::Complex;
use serde::Serialize;

use super::coefficients::{batches, pieces};
use super::{Noise, Request, Wanted};
use crate::cli::Failure;
use crate::cli::npy::{self, Element};
use crate::cli::output::write_file;
use crate::signal::{
    Coherence, Cwt, RedNoise, Ridge, Ridges, Sample, ScaleEnergy, Scalogram, Significance, Synchrosqueezing,
    frequencies, variance,
};

/// What was written.
pub(super) struct Made {
    pub(super) shape: Option<Vec<usize>>,
    pub(super) dtype: Option<&'static str>,
}

/// The levels of noise, for each signal.
#[derive(Serialize)]
pub(super) struct Tested {
    /// Probability that noise stays below.
    pub(super) level: f64,
    pub(super) signals: Vec<TestedSignal>,
}

#[derive(Serialize)]
pub(super) struct TestedSignal {
    /// Autocorrelation of the noise at lag 1; of both signals where there are two.
    lag1: Vec<f64>,
    /// Of the signal, and so of the noise.
    variance: f64,
    /// For each scale, or one for `scale-average`; null where all samples are in the cone.
    pub(super) thresholds: Vec<Option<f64>>,
}

/// The file of `--result ridges`.
#[derive(Serialize)]
struct RidgeFile {
    schema: &'static str,
    /// In the order of the signals, along all leading axes.
    signals: Vec<Vec<Ridge>>,
}

pub(super) fn significance<T: Sample>(
    request: &Request<'_>,
    cwt: &Cwt<T>,
    signals: &[T],
    other: Option<&[T]>,
) -> Result<Option<Tested>, Failure> {
    let arguments = request.arguments;
    let Some(noise) = arguments.significance else { return Ok(None) };
    let level = arguments.level;
    let noise_of = |signal: &[T]| match noise {
        Noise::White => Ok(RedNoise::WHITE),
        Noise::Estimated => RedNoise::of(signal),
        Noise::Red(lag1) => RedNoise::new(lag1),
    };
    let of_one = |signal: &[T]| {
        let (noise, variance) = (noise_of(signal)?, variance(signal)?);
        let test = Significance::new(request.wavelet, request.length, cwt.scales(), arguments.norm, noise, variance)?;
        let thresholds = match arguments.result {
            Wanted::Spectrum => test.of_time_means(level, arguments.outside_cone)?,
            Wanted::ScaleAverage => vec![Some(test.of_scale_average(level)?)],
            _ => test.of_points(level)?.into_iter().map(Some).collect(),
        };
        Ok(TestedSignal { lag1: vec![noise.lag1()], variance, thresholds })
    };
    let tested: Result<Vec<_>, Failure> = match (arguments.result, other) {
        (Wanted::Coefficients | Wanted::Power | Wanted::Spectrum | Wanted::ScaleAverage, _) => {
            signals.chunks(request.length).map(of_one).collect()
        }
        (Wanted::Coherence, Some(other)) => {
            let plan = Coherence::<T>::new(request.wavelet, request.length, cwt.scales(), arguments.boundary)?;
            let pairs = signals.chunks(request.length).zip(other.chunks(request.length));
            let of_two = |(x, y): (&[T], &[T])| {
                let noises = [noise_of(x)?, noise_of(y)?];
                let (draws, seed) = (arguments.draws as usize, request.common.seed);
                let thresholds = plan.levels(noises, level, draws, seed)?;
                Ok(TestedSignal { lag1: noises.map(|noise| noise.lag1()).to_vec(), variance: variance(x)?, thresholds })
            };
            pairs.map(of_two).collect()
        }
        _ => Err(Failure::new(
            "--significance is for --result coefficients, power, spectrum, scale-average and coherence",
        )),
    };
    Ok(Some(Tested { level, signals: tested? }))
}

pub(super) fn write<T: Sample + Element>(
    request: &Request<'_>,
    cwt: &Cwt<T>,
    signals: &[T],
    other: Option<&[T]>,
    out: &Path,
) -> Result<Made, Failure>
where
    Complex<T>: Element,
{
    let Request { arguments, wavelet, scales, length, .. } = *request;
    let (norm, boundary) = (arguments.norm, arguments.boundary);
    let each = || signals.chunks(length);
    let table = [scales.len(), length];
    let pair = |at: Range<usize>| {
        let samples = at.start * length..at.end * length;
        (&signals[samples.clone()], &other.unwrap_or_default()[samples])
    };
    match arguments.result {
        Wanted::Coefficients | Wanted::Decimated => unreachable!("they have plans of their own"),
        Wanted::Power => batches(request, &table, signals, out, |batch, out| cwt.power_into(batch, out)),
        Wanted::Energy => {
            let energies = ScaleEnergy::<T>::new(wavelet, length, scales, norm, boundary)?.of(signals)?;
            array(out, request.shape(&[scales.len()]), &energies)
        }
        Wanted::Ridges => {
            let plan = Ridges::<T>::new(wavelet, length, scales, boundary)?;
            let signals = each().map(|signal| plan.of(signal, arguments.ridge_options())).collect::<Result<_, _>>()?;
            let text = serde_json::to_string_pretty(&RidgeFile { schema: "ropelet.cwt-ridges/1", signals })?;
            write_file(out, |out| writeln!(out, "{text}"))?;
            Ok(Made { shape: None, dtype: None })
        }
        Wanted::Synchrosqueezed => {
            let mut grid = frequencies(wavelet, scales);
            grid.sort_by(f64::total_cmp);
            let mut plan = Synchrosqueezing::<T>::new(wavelet, length, scales, boundary, &grid)?;
            if let Some(threshold) = arguments.threshold {
                plan = plan.with_threshold(threshold)?;
            }
            batches(request, &[grid.len(), length], signals, out, |batch, out| {
                out.copy_from_slice(&plan.of(batch)?);
                Ok(())
            })
        }
        Wanted::Spectrum => {
            let of = |signal| Ok(scalogram(request, cwt, signal)?.time_mean(arguments.outside_cone));
            let means: Vec<Vec<Option<f64>>> = each().map(of).collect::<Result<_, Failure>>()?;
            let means: Vec<T> = means.into_iter().flatten().map(|mean| T::of(mean.unwrap_or(f64::NAN))).collect();
            array(out, request.shape(&[scales.len()]), &means)
        }
        Wanted::ScaleAverage => {
            let of = |signal| Ok(scalogram(request, cwt, signal)?.scale_average(wavelet, norm)?);
            let averages: Vec<Vec<f64>> = each().map(of).collect::<Result<_, Failure>>()?;
            let averages: Vec<T> = averages.into_iter().flatten().map(T::of).collect();
            array(out, request.shape(&[length]), &averages)
        }
        Wanted::Cross => {
            let plan = Coherence::<T>::new(wavelet, length, scales, boundary)?;
            pieces(request, &table, signals.len() / length, 1, out, |at, values| {
                let (x, y) = pair(at);
                *values = plan.cross(x, y)?;
                Ok(())
            })
        }
        Wanted::Coherence | Wanted::Phase => {
            let plan = Coherence::<T>::new(wavelet, length, scales, boundary)?;
            pieces(request, &table, signals.len() / length, 1, out, |at, values: &mut Vec<T>| {
                let (x, y) = pair(at);
                let found = plan.of(x, y)?;
                let table = if arguments.result == Wanted::Phase { found.phase } else { found.coherence };
                values.clear();
                values.extend(table.into_iter().map(T::of));
                Ok(())
            })
        }
    }
}

/// The power of one signal with its axes.
pub(super) fn scalogram<T: Sample>(request: &Request<'_>, cwt: &Cwt<T>, signal: &[T]) -> Result<Scalogram, Failure> {
    Ok(Scalogram::new(request.wavelet, cwt.scales(), &cwt.transform(signal)?))
}

/// Writes a whole array.
pub(super) fn array<E: Element>(out: &Path, shape: Vec<usize>, values: &[E]) -> Result<Made, Failure> {
    write_file(out, |out| {
        npy::write_header::<E>(out, &shape)?;
        values.iter().try_for_each(|value| value.write(out))
    })?;
    Ok(Made { shape: Some(shape), dtype: Some(E::NAME) })
}
