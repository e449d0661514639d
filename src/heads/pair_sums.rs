use std::ops::Range;

use super::frequency_entropy::FrequencyEntropy;
use super::layout::add;
use super::{Coordinates, HeadsError, Place};
use crate::numeric::Real;

/// Where each sum of a head's queries and keys stands in one flat vector.
///
/// Every entry is a sum over tokens or windows, so that merging is adding vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairLayout {
    pairs: usize,
    head_dim: usize,
}

impl PairLayout {
    /// The layout of the heads of a layer.
    pub fn new(coordinates: &Coordinates) -> Self {
        Self { pairs: coordinates.pairs(), head_dim: coordinates.head_dim }
    }

    /// Numbers in a vector.
    pub fn width(self) -> usize {
        self.spectrum_windows().end
    }

    /// Tokens with a query, and with a key.
    pub(super) fn tokens(self) -> Range<usize> {
        0..2
    }

    /// `Σ_n |q_n^(i)|` by pair.
    pub(super) fn query_norms(self) -> Range<usize> {
        after(self.tokens(), self.pairs)
    }

    /// `Σ_n |k_n^(i)|` by pair.
    pub(super) fn key_norms(self) -> Range<usize> {
        after(self.query_norms(), self.pairs)
    }

    /// Tokens whose key is longest in this pair, by pair.
    pub(super) fn longest_key(self) -> Range<usize> {
        after(self.key_norms(), self.pairs)
    }

    /// `Σ_n |q_n|` and `Σ_n |k_n|` of the rotated coordinates, then of the others.
    pub(super) fn parts(self) -> Range<usize> {
        after(self.longest_key(), 4)
    }

    /// `Σ_n q_{n,d}²` by coordinate.
    pub(super) fn query_squares(self) -> Range<usize> {
        after(self.parts(), self.head_dim)
    }

    /// `Σ_n k_{n,d}²` by coordinate.
    pub(super) fn key_squares(self) -> Range<usize> {
        after(self.query_squares(), self.head_dim)
    }

    /// Frequency entropy of the query norms of each window, by pair.
    pub(super) fn sequence_entropy(self) -> Range<usize> {
        after(self.key_squares(), self.pairs)
    }

    /// In how many windows it has a value, by pair.
    pub(super) fn sequence_windows(self) -> Range<usize> {
        after(self.sequence_entropy(), self.pairs)
    }

    /// The same of the mean spectrum of frames.
    pub(super) fn spectrum_entropy(self) -> Range<usize> {
        after(self.sequence_windows(), self.pairs)
    }

    /// In how many windows that has a value, by pair.
    pub(super) fn spectrum_windows(self) -> Range<usize> {
        after(self.spectrum_entropy(), self.pairs)
    }
}

fn after(before: Range<usize>, length: usize) -> Range<usize> {
    before.end..before.end + length
}

/// Takes the sums of queries and keys of one window: plans for its length.
#[derive(Debug)]
pub struct PairReader {
    entropy: FrequencyEntropy,
}

impl PairReader {
    /// For windows of `length` tokens, with frames of `frame` tokens.
    ///
    /// # Errors
    /// A length of 0.
    pub fn new(length: usize, frame: usize) -> Result<Self, HeadsError> {
        Ok(Self { entropy: FrequencyEntropy::new(length, frame)? })
    }

    /// The sums of the queries `[tokens, head_dim]` of one head in one window, before rotation.
    pub fn queries<T: Real>(&self, coordinates: &Coordinates, queries: &[T]) -> Vec<f64> {
        let layout = PairLayout::new(coordinates);
        let mut sums = vec![0.0; layout.width()];
        let norms = norms(coordinates, queries);
        sums[layout.tokens()][0] = (queries.len() / coordinates.head_dim) as f64;
        for (pair, norms) in norms.of_pairs.iter().enumerate() {
            sums[layout.query_norms()][pair] = norms.iter().sum();
            if let Some(entropy) = self.entropy.sequence(norms) {
                sums[layout.sequence_entropy()][pair] = entropy;
                sums[layout.sequence_windows()][pair] = 1.0;
            }
            if let Some(entropy) = self.entropy.spectrum(norms) {
                sums[layout.spectrum_entropy()][pair] = entropy;
                sums[layout.spectrum_windows()][pair] = 1.0;
            }
        }
        sums[layout.parts()][0] = norms.rotated;
        sums[layout.parts()][2] = norms.unrotated;
        sums[layout.query_squares()].copy_from_slice(&norms.squares);
        sums
    }

    /// The sums of the keys `[tokens, head_dim]` of one key-value head in one window, before rotation: they
    /// belong to every head that reads these keys.
    pub fn keys<T: Real>(&self, coordinates: &Coordinates, keys: &[T]) -> Vec<f64> {
        let layout = PairLayout::new(coordinates);
        let mut sums = vec![0.0; layout.width()];
        let norms = norms(coordinates, keys);
        let tokens = keys.len() / coordinates.head_dim;
        sums[layout.tokens()][1] = tokens as f64;
        for (pair, norms) in norms.of_pairs.iter().enumerate() {
            sums[layout.key_norms()][pair] = norms.iter().sum();
        }
        if coordinates.rotary.is_some() {
            for token in 0..tokens {
                // The first of equals, as numpy's and torch's argmax.
                let longest = (1..norms.of_pairs.len()).fold(0, |best, pair| {
                    if norms.of_pairs[pair][token] > norms.of_pairs[best][token] { pair } else { best }
                });
                sums[layout.longest_key()][longest] += 1.0;
            }
        }
        sums[layout.parts()][1] = norms.rotated;
        sums[layout.parts()][3] = norms.unrotated;
        sums[layout.key_squares()].copy_from_slice(&norms.squares);
        sums
    }
}

struct Norms {
    /// `|x_n^(i)|`, by pair and token.
    of_pairs: Vec<Vec<f64>>,
    /// Sums over tokens of the norms of the rotated coordinates, and of the others.
    rotated: f64,
    unrotated: f64,
    /// Sums over tokens of the squares, by coordinate.
    squares: Vec<f64>,
}

fn norms<T: Real>(coordinates: &Coordinates, vectors: &[T]) -> Norms {
    let dim = coordinates.head_dim;
    let tokens = vectors.len() / dim;
    let pairs: Vec<(usize, usize)> = (0..coordinates.pairs()).map(|pair| coordinates.of_pair(pair)).collect();
    let mut norms = Norms {
        of_pairs: vec![Vec::with_capacity(tokens); pairs.len()],
        rotated: 0.0,
        unrotated: 0.0,
        squares: vec![0.0; dim],
    };
    let mut squares = vec![0.0; dim];
    for vector in vectors.chunks_exact(dim) {
        for ((square, sum), x) in squares.iter_mut().zip(&mut norms.squares).zip(vector) {
            *square = x.wide() * x.wide();
            *sum += *square;
        }
        for ((first, second), norms) in pairs.iter().zip(&mut norms.of_pairs) {
            norms.push((squares[*first] + squares[*second]).sqrt());
        }
        let unrotated = coordinates.unrotated();
        norms.rotated += squares[..unrotated.start].iter().sum::<f64>().sqrt();
        norms.unrotated += squares[unrotated].iter().sum::<f64>().sqrt();
    }
    norms
}

/// Sums of one head's queries and keys, by group of texts; memory does not grow with texts.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRecorder {
    layout: PairLayout,
    /// Vectors of [`PairLayout::width`] numbers, group by group.
    sums: Vec<f64>,
}

impl PairRecorder {
    /// A recorder of nothing, for texts in this many groups.
    pub fn new(coordinates: &Coordinates, groups: usize) -> Self {
        let layout = PairLayout::new(coordinates);
        Self { layout, sums: vec![0.0; groups * layout.width()] }
    }

    /// Where each sum stands in the vector of a group.
    pub fn layout(&self) -> PairLayout {
        self.layout
    }

    /// Adds what [`PairReader`] made of a window, to the group of its text.
    ///
    /// # Panics
    /// When there are no groups, or the sums are of heads of another shape.
    pub fn add(&mut self, place: Place, sums: &[f64]) {
        let width = self.layout.width();
        assert_eq!(sums.len(), width, "the sums of another layer");
        let group = place.group(self.sums.len() / width);
        add(&mut self.sums[group * width..][..width], sums);
    }

    /// Adds what another recorder of the same head has seen.
    ///
    /// # Panics
    /// When the two differ in shape.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!((self.layout, self.sums.len()), (other.layout, other.sums.len()), "the recorder of another head");
        add(&mut self.sums, &other.sums);
    }

    /// All sums, group by group: what is saved of a recorder.
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }

    /// The same to be filled with what was saved.
    pub fn sums_mut(&mut self) -> &mut [f64] {
        &mut self.sums
    }

    /// The sums of all groups together.
    pub(super) fn total(&self) -> Vec<f64> {
        let mut total = vec![0.0; self.layout.width()];
        self.sums.chunks_exact(total.len()).for_each(|group| add(&mut total, group));
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::PairAxis;
    use crate::numeric::Pairing;
    use crate::rope::{Frequencies, Scaling};

    fn coordinates(pairing: Pairing) -> Coordinates {
        let frequencies = Frequencies::new(1e4, 4, &Scaling::None, 16).unwrap();
        Coordinates { head_dim: 6, rotary: Some(PairAxis::new(frequencies, pairing, 16, 8)) }
    }

    #[test]
    fn norms_are_those_of_the_pairs_that_rotate_together() {
        let reader = PairReader::new(2, 2).unwrap();
        let keys = [3.0, 0.0, 4.0, 1.0, 6.0, 8.0, 0.0, 5.0, 0.0, 12.0, 0.0, 0.0f32];
        for (pairing, norms) in
            [(Pairing::HalfSplit, [5.0, 1.0 + 13.0]), (Pairing::Interleaved, [3.0 + 5.0, 17f64.sqrt() + 12.0])]
        {
            let coordinates = coordinates(pairing);
            let layout = PairLayout::new(&coordinates);
            let sums = reader.keys(&coordinates, &keys);
            assert_eq!(sums[layout.key_norms()], norms, "{pairing:?}");
            assert_eq!(sums[layout.tokens()], [0.0, 2.0]);
            assert_eq!(sums[layout.parts()], [0.0, 26f64.sqrt() + 13.0, 0.0, 10.0]);
            assert_eq!(sums[layout.key_squares()], [9.0, 25.0, 16.0, 145.0, 36.0, 64.0]);
            let longest = if pairing == Pairing::HalfSplit { [1.0, 1.0] } else { [0.0, 2.0] };
            assert_eq!(sums[layout.longest_key()], longest);
            let queries = reader.queries(&coordinates, &keys);
            assert_eq!(queries[layout.query_norms()], norms);
            assert_eq!(queries[layout.longest_key()], [0.0, 0.0]);
        }
    }

    #[test]
    fn recorders_merge_by_addition_within_groups() {
        let coordinates = coordinates(Pairing::HalfSplit);
        let reader = PairReader::new(4, 2).unwrap();
        let window = |seed: usize| -> Vec<f64> { (0..24).map(|i| ((i * seed + 3) % 11) as f64).collect() };
        let mut whole = PairRecorder::new(&coordinates, 3);
        let mut parts = [PairRecorder::new(&coordinates, 3), PairRecorder::new(&coordinates, 3)];
        for (at, text) in [0, 2, 3].into_iter().enumerate() {
            let sums = reader.queries(&coordinates, &window(at + 2));
            let place = Place { text, window: 0 };
            whole.add(place, &sums);
            parts[at % 2].add(place, &sums);
        }
        let [mut first, second] = parts;
        first.merge(&second);
        // The first text and the fourth are in the first of three groups, and none is in the second.
        let width = first.layout().width();
        let tokens: Vec<f64> = first.sums().chunks_exact(width).map(|group| group[0]).collect();
        assert_eq!((tokens, first.total()[0]), (vec![8.0, 0.0, 4.0], 12.0));
        let agreement = first.sums().iter().zip(whole.sums()).all(|(a, b)| (a - b).abs() <= 1e-15 * a.abs());
        assert!(agreement);
    }

    #[test]
    fn a_layer_without_rotation_has_coordinates_and_no_pairs() {
        let coordinates = Coordinates { head_dim: 2, rotary: None };
        let layout = PairLayout::new(&coordinates);
        let sums = PairReader::new(2, 2).unwrap().keys(&coordinates, &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(layout.width(), 2 + 4 + 4);
        assert_eq!(sums[layout.key_squares()], [10.0, 20.0]);
    }
}
