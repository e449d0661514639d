//! Stores that go past the caches: what is written once and not read again need not be fetched first, nor
//! push out what is still in use.
#![allow(unsafe_code)]

use pulp::{Arch, Simd, WithSimd};

use super::Sample;
use super::aligned::{Aligned, LINE};

/// Output from this many bytes on goes past the caches: more than a core's share of the last level.
pub(super) const STREAMED: usize = 16 << 20;

/// A finished line on its way to its place in memory, a few cache lines at a time, while the next one is
/// being computed: so neither the arithmetic waits for memory nor memory for the arithmetic.
#[derive(Debug)]
pub(super) struct Drain<'a, T> {
    line: &'a mut [T],
    /// Numbers of the line that have left, or were before its results.
    done: usize,
    /// Where the rest goes; whole cache lines, but for the last.
    out: &'a mut [T],
    streamed: bool,
}

impl<'a, T: Sample> Drain<'a, T> {
    /// Nothing to do, and a line to spare.
    pub(super) fn idle(line: &'a mut [T]) -> Self {
        Self { line, done: 0, out: &mut [], streamed: false }
    }

    /// The numbers of `line` from `offset` on, for as long as `out` is.
    pub(super) fn new(line: &'a mut [T], offset: usize, out: &'a mut [T], streamed: bool) -> Self {
        let head = if streamed { out.as_ptr().align_offset(LINE).min(out.len()) } else { 0 };
        let (first, out) = out.split_at_mut(head);
        first.copy_from_slice(&line[offset..offset + head]);
        Self { line, done: offset + head, out, streamed }
    }

    /// Sends off this many cache lines, if there are as many.
    #[inline(always)]
    pub(super) fn step<S: Simd>(&mut self, simd: S, lines: usize) {
        let numbers = (lines * LINE / size_of::<T>()).min(self.out.len());
        let whole = numbers - numbers % (LINE / size_of::<T>());
        if whole == 0 {
            return;
        }
        let (now, later) = std::mem::take(&mut self.out).split_at_mut(whole);
        self.out = later;
        let source = &self.line[self.done..self.done + whole];
        self.done += whole;
        if self.streamed {
            stream(simd, source, now);
        } else {
            now.copy_from_slice(source);
        }
    }

    /// Sends off the rest, and gives back the line.
    pub(super) fn finish(mut self, arch: Arch) -> &'a mut [T] {
        T::drain(arch, Rest(&mut self));
        let rest = self.out.len();
        self.out.copy_from_slice(&self.line[self.done..self.done + rest]);
        self.line
    }
}

/// All whole cache lines that are left.
pub struct Rest<'r, 'a, T>(&'r mut Drain<'a, T>);

impl<T: Sample> WithSimd for Rest<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.step(simd, usize::MAX / LINE);
    }
}

/// Copies past the caches whole cache lines to where one begins.
#[inline(always)]
fn stream<T: Sample, S: Simd>(_simd: S, source: &[T], out: &mut [T]) {
    debug_assert!(source.len() == out.len() && (out.as_ptr() as usize).is_multiple_of(LINE));
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m256, __m512, _mm256_stream_ps, _mm512_stream_ps};
        let vector = size_of::<S::f32s>();
        let bytes = size_of_val(source);
        if vector >= size_of::<__m256>() && size_of_val(out) == bytes && bytes.is_multiple_of(LINE) {
            let (from, to) = (source.as_ptr().cast::<u8>(), out.as_mut_ptr().cast::<u8>());
            for at in (0..bytes).step_by(LINE) {
                // SAFETY: `at + LINE` is at most the length of both slices, which do not overlap, since one
                // is borrowed mutably; reading needs no alignment, and `Drain` begins `out` on a cache line.
                // Any bytes are floats. The processor has the instruction: a value of a `Simd` type whose
                // vectors have 64 (32) bytes is proof of AVX-512 (AVX).
                unsafe {
                    if vector == size_of::<__m512>() {
                        _mm512_stream_ps(to.add(at).cast(), from.add(at).cast::<__m512>().read_unaligned());
                    } else {
                        let from = from.add(at).cast::<__m256>();
                        _mm256_stream_ps(to.add(at).cast(), from.read_unaligned());
                        _mm256_stream_ps(to.add(at + LINE / 2).cast(), from.add(1).read_unaligned());
                    }
                }
            }
            return;
        }
    }
    out.copy_from_slice(source);
}

/// Fills memory, past the caches where that can be: the least time in which so many numbers can be written.
///
/// ```
/// let mut numbers = [0.0f32; 1000];
/// ropelet::signal::fill(&mut numbers, 1.5);
/// assert_eq!(numbers, [1.5; 1000]);
/// ```
pub fn fill<T: Sample>(out: &mut [T], value: T) {
    const NUMBERS: usize = 1024;
    let arch = Arch::new();
    // Read across cache lines, it would take half as long again to write.
    let mut line: Aligned<T> = std::iter::repeat_n(value, NUMBERS).collect();
    // From one cache line to another, as far as `out` has whole ones.
    let (head, out) = out.split_at_mut(out.as_ptr().align_offset(LINE).min(out.len()));
    head.fill(value);
    for out in out.chunks_mut(NUMBERS) {
        Drain::new(&mut line, 0, out, true).finish(arch);
    }
    fence();
}

/// After this, other threads see what was streamed as they see other stores.
pub(super) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this architecture has the instruction, and it touches no memory.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}
