use std::hint::black_box;

use super::Wanted;
use crate::cli::Failure;

impl Wanted {
    /// Numbers for each scale and sample that are in memory at once, and whether they are `f64` for any input.
    fn numbers(self) -> (usize, bool) {
        match self {
            // One complex table; of the others the filters, which can take as much.
            Self::Coefficients | Self::Power | Self::Energy | Self::Decimated => (2, false),
            Self::Spectrum | Self::ScaleAverage | Self::Ridges | Self::Synchrosqueezed => (6, true),
            // Both transforms, of complex signals with one part of one of them, and their product.
            Self::Cross => (8, true),
            // Both transforms, four means, one table that is being smoothed, the envelopes with their sums, and both results.
            Self::Coherence | Self::Phase => (14, true),
        }
    }
}

/// Whether there is room for the inverse of one table: the coefficients, the filters on a circle of twice the length, and
/// one of the rows on it.
pub(super) fn must_suffice_back(scales: usize, length: usize) -> Result<(), Failure> {
    must_be_there(scales, length, 6, size_of::<f64>())
}

/// Whether there is room for the tables of one signal, before anything is planned or written.
///
/// More than one signal is never in memory as coefficients, beyond 64 MiB of them.
pub(super) fn must_suffice(wanted: Wanted, scales: usize, length: usize, sample_bytes: usize) -> Result<(), Failure> {
    let (numbers, always_double) = wanted.numbers();
    must_be_there(scales, length, numbers, if always_double { size_of::<f64>() } else { sample_bytes })
}

fn must_be_there(scales: usize, length: usize, numbers: usize, number_bytes: usize) -> Result<(), Failure> {
    let bytes = [scales, length, numbers, number_bytes].into_iter().try_fold(1usize, usize::checked_mul);
    let is_there = |bytes: usize| {
        let mut table = Vec::<u8>::new();
        let reserved = table.try_reserve_exact(bytes);
        // Otherwise what is not used need not be reserved.
        black_box(&table);
        reserved.is_ok()
    };
    if bytes.is_some_and(is_there) {
        return Ok(());
    }
    let needed = bytes.map_or("more than 2^64".into(), |bytes| bytes.to_string());
    Err(Failure::new(format!(
        "{scales} scales of {length} samples take {needed} bytes for one signal, more than there is memory for; ask for fewer \
         scales, or cut the signal into pieces"
    )))
}
