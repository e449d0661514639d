use std::collections::HashMap;

use half::f16;

/// Curves of heads as they are drawn: to 11 bits, relative to the largest value of each.
///
/// First the place of every curve, as `u32`, 0 where there is none; then the curves, each one once however
/// often it occurs: a factor, as `f32`, and the high and the low bytes of its values in half precision.
#[derive(Debug)]
pub(super) struct CurveStore {
    places: Vec<u32>,
    stored: Vec<u8>,
    known: HashMap<Vec<u8>, u32>,
    expected: usize,
}

/// What the largest value becomes: as large as half precision allows, so that values nine decades smaller keep
/// all their bits.
const LARGEST: f64 = 32768.0;

impl CurveStore {
    /// A store for so many curves.
    pub(super) fn new(expected: usize) -> Self {
        Self { places: Vec::with_capacity(expected), stored: Vec::new(), known: HashMap::new(), expected }
    }

    /// Appends a curve; an empty one is none.
    pub(super) fn push(&mut self, curve: impl Iterator<Item = f64>) {
        let curve: Vec<f64> = curve.collect();
        if curve.is_empty() {
            self.places.push(0);
            return;
        }
        let largest = curve.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let factor = if largest > 0.0 { largest / LARGEST } else { 1.0 };
        let halves: Vec<[u8; 2]> = curve.iter().map(|value| f16::from_f64(value / factor).to_le_bytes()).collect();
        let mut bytes = (factor as f32).to_le_bytes().to_vec();
        bytes.extend(halves.iter().map(|[_, high]| high));
        bytes.extend(halves.iter().map(|[low, _]| low));
        let next = 4 * self.expected + self.stored.len();
        let place = *self.known.entry(bytes).or_insert_with_key(|bytes| {
            self.stored.extend_from_slice(bytes);
            u32::try_from(next).expect("a page is smaller than 4 GiB")
        });
        self.places.push(place);
    }

    /// All of it.
    ///
    /// # Panics
    /// When other than the expected number of curves was stored.
    pub(super) fn bytes(self) -> Vec<u8> {
        assert_eq!(self.places.len(), self.expected, "every curve has a place");
        self.places.iter().flat_map(|place| place.to_le_bytes()).chain(self.stored).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_that_occurs_twice_is_stored_once() {
        let mut store = CurveStore::new(4);
        for curve in [&[1.0, -0.5][..], &[], &[1.0, -0.5], &[2.0, -1.0]] {
            store.push(curve.iter().copied());
        }
        let bytes = store.bytes();
        let place = |i: usize| u32::from_le_bytes(bytes[4 * i..][..4].try_into().unwrap());
        assert_eq!([place(0), place(1), place(2), place(3)], [16, 0, 16, 24]);
        let factor = f32::from_le_bytes(bytes[16..20].try_into().unwrap());
        let value = |i: usize| factor * f16::from_le_bytes([bytes[22 + i], bytes[20 + i]]).to_f32();
        assert_eq!([value(0), value(1)], [1.0, -0.5]);
        assert_eq!(bytes.len(), 32);
    }
}
