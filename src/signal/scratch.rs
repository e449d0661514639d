use num_complex::Complex;

use super::Sample;

/// Working space of a plan, made by [`super::Cwt::scratch`] and used by one thread at a time.
#[derive(Debug, Clone)]
pub struct Scratch<T: Sample> {
    /// The half spectra of the signal, one layout and block after the other.
    pub(super) spectra: Vec<Complex<T>>,
    /// The samples of one block, and of the whole signal with what lies beyond its ends.
    pub(super) input: Vec<T>,
    pub(super) forward: Vec<Complex<T>>,
    /// The signal beyond its ends, each sample twice for complex wavelets.
    pub(super) extended: Vec<T>,
    pub(super) row: RowScratch<T>,
}

/// The part that one row writes to.
#[derive(Debug, Clone)]
pub(super) struct RowScratch<T: Sample> {
    /// Bins of the signal that a row uses; the whole spectrum of the result for [`super::Path::Fourier`].
    pub(super) band: Vec<Complex<T>>,
    pub(super) product: Vec<Complex<T>>,
    pub(super) work: Vec<T>,
    /// The result of a block before it goes to its place.
    pub(super) line: Vec<T>,
}

/// How much of each part of [`Scratch`] a plan needs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct ScratchLengths {
    pub(super) spectra: usize,
    pub(super) input: usize,
    pub(super) forward: usize,
    pub(super) extended: usize,
    pub(super) row: RowLengths,
}

/// The same of [`RowScratch`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct RowLengths {
    pub(super) band: usize,
    pub(super) product: usize,
    pub(super) work: usize,
    pub(super) line: usize,
}

impl RowLengths {
    /// What serves both.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            band: self.band.max(other.band),
            product: self.product.max(other.product),
            work: self.work.max(other.work),
            line: self.line.max(other.line),
        }
    }
}

impl<T: Sample> RowScratch<T> {
    pub(super) fn new(lengths: RowLengths) -> Self {
        Self {
            band: vec![Complex::default(); lengths.band],
            product: vec![Complex::default(); lengths.product],
            work: vec![T::default(); lengths.work],
            line: vec![T::default(); lengths.line],
        }
    }
}

impl<T: Sample> Scratch<T> {
    pub(super) fn new(lengths: ScratchLengths) -> Self {
        Self {
            spectra: vec![Complex::default(); lengths.spectra],
            input: vec![T::default(); lengths.input],
            forward: vec![Complex::default(); lengths.forward],
            extended: vec![T::default(); lengths.extended],
            row: RowScratch::new(lengths.row),
        }
    }

    pub(super) fn lengths(&self) -> ScratchLengths {
        let RowScratch { band, product, work, line } = &self.row;
        ScratchLengths {
            spectra: self.spectra.len(),
            input: self.input.len(),
            forward: self.forward.len(),
            extended: self.extended.len(),
            row: RowLengths { band: band.len(), product: product.len(), work: work.len(), line: line.len() },
        }
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        let ScratchLengths { spectra, input, forward, extended, row } = self.lengths();
        (2 * (spectra + forward + row.band + row.product) + input + extended + row.work + row.line) * size_of::<T>()
    }
}
