use std::fs::File;
use std::io::BufWriter;
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
    let rows = request.scales.len();
    if cwt.is_real() {
        batches(request, rows, signals, out, |batch, out: &mut [T]| cwt.transform_real_into(batch, out))
    } else {
        batches(request, rows, signals, out, |batch, out: &mut [Complex<T>]| cwt.transform_into(batch, out))
    }
}

/// Transforms some signals at a time into tables of this many rows, so that memory does not grow with their number.
pub(super) fn batches<T: Copy, E: Element + Default>(
    request: &Request<'_>,
    rows: usize,
    signals: &[T],
    out: &Path,
    transform: impl Fn(&[T], &mut [E]) -> Result<(), SignalError>,
) -> Result<Made, Failure> {
    const BATCH_BYTES: usize = 64 << 20;
    let length = request.length;
    let shape = request.shape(&[rows, length]);
    let at_once = (BATCH_BYTES / (rows * length * size_of::<E>())).max(1) * length;
    let progress = bar(request.common, (signals.len() / length) as u64, "signals");
    let mut values = vec![E::default(); at_once.min(signals.len()) * rows];
    write_file(out, |out: &mut BufWriter<File>| {
        npy::write_header::<E>(out, &shape)?;
        for batch in signals.chunks(at_once) {
            let values = &mut values[..batch.len() * rows];
            transform(batch, values).map_err(std::io::Error::other)?;
            for value in values.iter() {
                value.write(out)?;
            }
            progress.inc((batch.len() / length) as u64);
        }
        progress.finish_and_clear();
        Ok(())
    })?;
    Ok(Made { shape: Some(shape), dtype: Some(E::NAME) })
}
