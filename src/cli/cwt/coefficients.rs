use std::fs::File;
use std::io::{self, BufWriter};
use std::ops::Range;
use std::path::Path;

use num_complex::Complex;

use super::Request;
use super::result::Made;
use crate::cli::Failure;
use crate::cli::npy::{self, Element};
use crate::cli::output::write_file;
use crate::cli::progress::bar;
use crate::signal::{Cwt, Sample, SignalError};

/// Writes the coefficients, real for a real wavelet.
pub(super) fn write<T: Sample + Element>(
    request: &Request<'_>,
    cwt: &Cwt<T>,
    signals: &[T],
    out: &Path,
) -> Result<Made, Failure>
where
    Complex<T>: Element,
{
    let table = [request.scales.len(), request.length];
    if cwt.is_real() {
        batches(request, &table, signals, out, |batch, out: &mut [T]| cwt.transform_real_into(batch, out))
    } else {
        batches(request, &table, signals, out, |batch, out: &mut [Complex<T>]| cwt.transform_into(batch, out))
    }
}

/// Transforms some signals at a time, each into a table of this shape.
pub(super) fn batches<T: Copy, E: Element + Default>(
    request: &Request<'_>,
    table: &[usize],
    signals: &[T],
    out: &Path,
    transform: impl Fn(&[T], &mut [E]) -> Result<(), SignalError>,
) -> Result<Made, Failure> {
    const BATCH_BYTES: usize = 64 << 20;
    let numbers: usize = table.iter().product();
    let at_once = (BATCH_BYTES / (numbers * size_of::<E>())).max(1);
    let length = request.length;
    pieces(request, table, signals.len() / length, at_once, out, |batch, values| {
        values.resize(batch.len() * numbers, E::default());
        transform(&signals[batch.start * length..batch.end * length], values)
    })
}

/// Writes what is made of some signals before the next ones are looked at, so that memory does not grow with their number.
pub(super) fn pieces<E: Element>(
    request: &Request<'_>,
    table: &[usize],
    signals: usize,
    at_once: usize,
    out: &Path,
    mut make: impl FnMut(Range<usize>, &mut Vec<E>) -> Result<(), SignalError>,
) -> Result<Made, Failure> {
    let shape = request.shape(table);
    let progress = bar(request.common, signals as u64, "signals");
    let mut values = Vec::new();
    // What goes wrong there is no fault of the file.
    let mut failed = None;
    let written = write_file(out, |out: &mut BufWriter<File>| {
        npy::write_header::<E>(out, &shape)?;
        for first in (0..signals).step_by(at_once) {
            let batch = first..signals.min(first + at_once);
            if let Err(error) = make(batch.clone(), &mut values) {
                failed = Some(error);
                return Err(io::Error::other("unfinished"));
            }
            values.iter().try_for_each(|value| value.write(out))?;
            progress.inc(batch.len() as u64);
        }
        progress.finish_and_clear();
        Ok(())
    });
    match failed {
        Some(error) => Err(error.into()),
        None => written.map(|()| Made { shape: Some(shape), dtype: Some(E::NAME) }),
    }
}
