//! Complex signals, for the results that mean something of them.

use std::path::Path;

use num_complex::Complex;

use super::coefficients::{batches, pieces};
use super::result::{Made, array};
use super::{Request, Rows, Wanted, room};
use crate::cli::npy::Element;
use crate::cli::{Failure, Outcome};
use crate::signal::{Coherence, Cwt, Sample, Scalogram, SignalError};

impl Wanted {
    /// Why there is none of complex signals, if so.
    fn lacks_complex(self) -> Option<&'static str> {
        match self {
            Self::Ridges | Self::Synchrosqueezed => Some("is read from real oscillations"),
            Self::Energy => Some("is summed from the one-sided spectra of real signals; --result spectrum is its mean"),
            Self::Decimated => {
                Some("is made of real signals; being linear, it is that of the real and the imaginary part")
            }
            _ => None,
        }
    }
}

impl Request<'_> {
    /// What is made of complex signals: complex coefficients for any wavelet, and what is read from their moduli.
    pub(super) fn run_complex<T: Sample + Element>(
        &self,
        signals: &[Complex<T>],
        other: Option<&[Complex<T>]>,
        input_dtype: &'static str,
    ) -> Result<Outcome, Failure>
    where
        Complex<T>: Element,
    {
        let Self { arguments, common, wavelet, scales, .. } = *self;
        must_be_finite(&arguments.input, signals)?;
        if let (Some(path), Some(other)) = (&arguments.with, other) {
            must_be_finite(path, other)?;
        }
        let refused = |why: &str| Err(Failure::at(&arguments.input, format!("array is complex: {why}")));
        if let Some(why) = arguments.result.lacks_complex() {
            return refused(&format!("this result {why}"));
        }
        if arguments.significance.is_some() || arguments.plot.is_some() {
            return refused("--significance and --plot are for real signals");
        }
        // Two transforms of real signals, one after the other.
        room::must_suffice(arguments.result, scales.len(), self.length, 2 * size_of::<T>())?;
        let cwt = Cwt::<T>::new(wavelet, self.length, scales, arguments.norm, arguments.boundary)?;
        let mut summary = self.summary(Rows::Full(cwt.rows().to_vec()), cwt.bytes(), input_dtype);
        if let (false, Some(out)) = (arguments.plan, &arguments.out) {
            let Made { shape, dtype } = write(self, &cwt, signals, other.unwrap_or_default(), out)?;
            (summary.output_shape, summary.output_dtype) = (shape, dtype);
            summary.output = Some(out.display().to_string());
        }
        summary.print(arguments.plan || common.json)
    }
}

fn write<T: Sample + Element>(
    request: &Request<'_>,
    cwt: &Cwt<T>,
    signals: &[Complex<T>],
    other: &[Complex<T>],
    out: &Path,
) -> Result<Made, Failure>
where
    Complex<T>: Element,
{
    let Request { arguments, wavelet, scales, length, .. } = *request;
    let table = [scales.len(), length];
    let coherence = || Coherence::<T>::new(wavelet, length, scales, arguments.boundary);
    let scalogram = |signal| Ok(Scalogram::new(wavelet, scales, &cwt.transform_complex(signal)?));
    let each = || signals.chunks(length);
    match arguments.result {
        Wanted::Coefficients => {
            batches(request, &table, signals, out, |batch, out| cwt.transform_complex_into(batch, out))
        }
        Wanted::Power => batches(request, &table, signals, out, |batch, out: &mut [T]| {
            let coefficients = cwt.transform_complex(batch)?;
            out.iter_mut().zip(coefficients).for_each(|(power, w)| *power = w.norm_sqr());
            Ok(())
        }),
        Wanted::Spectrum => {
            let of = |signal| Ok(scalogram(signal)?.time_mean(arguments.outside_cone));
            let means: Vec<_> = each().map(of).collect::<Result<_, SignalError>>()?;
            let means: Vec<T> = means.into_iter().flatten().map(|mean| T::of(mean.unwrap_or(f64::NAN))).collect();
            array(out, request.shape(&[scales.len()]), &means)
        }
        Wanted::ScaleAverage => {
            let of = |signal| scalogram(signal)?.scale_average(wavelet, arguments.norm);
            let averages: Vec<_> = each().map(of).collect::<Result<_, SignalError>>()?;
            let averages: Vec<T> = averages.into_iter().flatten().map(T::of).collect();
            array(out, request.shape(&[length]), &averages)
        }
        Wanted::Cross => {
            let plan = coherence()?;
            pieces(request, &table, signals.len() / length, 1, out, |at, values| {
                let samples = at.start * length..at.end * length;
                *values = plan.cross_complex(&signals[samples.clone()], &other[samples])?;
                Ok(())
            })
        }
        Wanted::Coherence | Wanted::Phase => {
            let plan = coherence()?;
            pieces(request, &table, signals.len() / length, 1, out, |at, values: &mut Vec<T>| {
                let samples = at.start * length..at.end * length;
                let found = plan.of_complex(&signals[samples.clone()], &other[samples])?;
                let table = if arguments.result == Wanted::Phase { found.phase } else { found.coherence };
                values.clear();
                values.extend(table.into_iter().map(T::of));
                Ok(())
            })
        }
        Wanted::Ridges | Wanted::Synchrosqueezed | Wanted::Energy | Wanted::Decimated => {
            unreachable!("they have been refused")
        }
    }
}

fn must_be_finite<T: Sample>(path: &Path, signals: &[Complex<T>]) -> Result<(), Failure> {
    match signals.iter().enumerate().find(|(_, z)| !(z.re.is_finite() && z.im.is_finite())) {
        Some((index, z)) => {
            let value = if z.re.is_finite() { z.im } else { z.re };
            Err(Failure::at(path, SignalError::NotFinite { index, value: value.wide() }))
        }
        None => Ok(()),
    }
}
