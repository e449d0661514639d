use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vector.
pub(super) const LINE: usize = 64;

/// Numbers of which the first begins a cache line, so that no vector lies in two of them.
#[derive(Debug, Default)]
pub(super) struct Aligned<T> {
    numbers: Vec<T>,
    first: usize,
    length: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// `length` zeros.
    pub(super) fn new(length: usize) -> Self {
        if length == 0 {
            return Self { numbers: Vec::new(), first: 0, length };
        }
        let slack = LINE / size_of::<T>();
        let numbers = vec![T::default(); length + slack];
        // Memory may answer that it does not know; then nothing is lost but speed.
        let first = Some(numbers.as_ptr().align_offset(LINE)).filter(|first| *first <= slack).unwrap_or(0);
        Self { numbers, first, length }
    }
}

impl<T: Copy + Default> FromIterator<T> for Aligned<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let values: Vec<T> = values.into_iter().collect();
        let mut aligned = Self::new(values.len());
        aligned.copy_from_slice(&values);
        aligned
    }
}

impl<T: Copy + Default> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        self.iter().copied().collect()
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.numbers[self.first..self.first + self.length]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.numbers[self.first..self.first + self.length]
    }
}
