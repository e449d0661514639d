use num_complex::Complex;

use super::Sample;
use super::aligned::Aligned;

/// Working space of a plan, made by [`super::Cwt::scratch`] and used by one thread at a time.
#[derive(Debug, Clone)]
pub struct Scratch<T: Sample> {
    pub(super) signal: SignalScratch<T>,
    pub(super) row: RowScratch<T>,
}

/// What is computed once for all rows of a signal.
#[derive(Debug, Clone)]
pub(super) struct SignalScratch<T: Sample> {
    /// The half spectra of the signal, one layout and block after the other: real parts, then imaginary ones.
    pub(super) spectra: Vec<T>,
    /// The samples of one block, and of the whole signal with what lies beyond its ends.
    pub(super) input: Vec<T>,
    /// One half spectrum.
    pub(super) spectrum: Vec<Complex<T>>,
    pub(super) forward: Vec<Complex<T>>,
    /// The signal beyond its ends, each sample twice for complex wavelets.
    pub(super) extended: Vec<T>,
    /// The first and the last sample.
    pub(super) ends: [T; 2],
}

/// The part that one row writes to.
#[derive(Debug, Clone)]
pub(super) struct RowScratch<T: Sample> {
    /// The whole spectrum of the result for [`super::Path::Fourier`].
    pub(super) band: Vec<Complex<T>>,
    pub(super) fourier: Vec<Complex<T>>,
    pub(super) product: Aligned<T>,
    pub(super) work: Aligned<T>,
    /// The results of a block before they go to their place, and those of the block before that.
    pub(super) lines: [Aligned<T>; 2],
}

/// How much of each part of [`Scratch`] a plan needs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct ScratchLengths {
    pub(super) spectra: usize,
    pub(super) input: usize,
    pub(super) spectrum: usize,
    pub(super) forward: usize,
    pub(super) extended: usize,
    pub(super) row: RowLengths,
}

/// The same of [`RowScratch`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct RowLengths {
    pub(super) band: usize,
    pub(super) fourier: usize,
    pub(super) product: usize,
    pub(super) work: usize,
    pub(super) line: usize,
}

impl RowLengths {
    /// What serves both.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            band: self.band.max(other.band),
            fourier: self.fourier.max(other.fourier),
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
            fourier: vec![Complex::default(); lengths.fourier],
            product: Aligned::new(lengths.product),
            work: Aligned::new(lengths.work),
            lines: [Aligned::new(lengths.line), Aligned::new(lengths.line)],
        }
    }
}

impl<T: Sample> Scratch<T> {
    pub(super) fn new(lengths: ScratchLengths) -> Self {
        let signal = SignalScratch {
            spectra: vec![T::default(); lengths.spectra],
            input: vec![T::default(); lengths.input],
            spectrum: vec![Complex::default(); lengths.spectrum],
            forward: vec![Complex::default(); lengths.forward],
            extended: vec![T::default(); lengths.extended],
            ends: [T::default(); 2],
        };
        Self { signal, row: RowScratch::new(lengths.row) }
    }

    pub(super) fn lengths(&self) -> ScratchLengths {
        let SignalScratch { spectra, input, spectrum, forward, extended, .. } = &self.signal;
        let RowScratch { band, fourier, product, work, lines: [line, _] } = &self.row;
        ScratchLengths {
            spectra: spectra.len(),
            input: input.len(),
            spectrum: spectrum.len(),
            forward: forward.len(),
            extended: extended.len(),
            row: RowLengths {
                band: band.len(),
                fourier: fourier.len(),
                product: product.len(),
                work: work.len(),
                line: line.len(),
            },
        }
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        let ScratchLengths { spectra, input, spectrum, forward, extended, row } = self.lengths();
        let complex = spectrum + forward + row.band + row.fourier;
        (2 * complex + spectra + input + extended + row.product + row.work + 2 * row.line) * size_of::<T>()
    }
}
