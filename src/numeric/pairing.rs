use serde::{Deserialize, Serialize};

/// Which two coordinates of a head vector form pair `i` and are rotated together.
///
/// RoFormer, GPT-J and Meta's Llama code interleave; GPT-NeoX and Hugging Face split in halves.
/// The two differ by a permutation of the coordinates, and mixing them up gives numbers that look
/// plausible and are wrong, so nothing in this crate has a default pairing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// Pair `i` is `(2i, 2i + 1)`.
    Interleaved,
    /// Pair `i` is `(i, i + d/2)`.
    HalfSplit,
}

impl Pairing {
    /// Both pairings, for checks that cover each.
    pub const ALL: [Self; 2] = [Self::Interleaved, Self::HalfSplit];

    /// The two coordinates of pair `i` in a vector of even dimension `dim`.
    pub fn coordinates(self, pair: usize, dim: usize) -> (usize, usize) {
        debug_assert!(dim.is_multiple_of(2) && pair < dim / 2);
        match self {
            Self::Interleaved => (2 * pair, 2 * pair + 1),
            Self::HalfSplit => (pair, pair + dim / 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_coordinate_belongs_to_one_pair() {
        for pairing in Pairing::ALL {
            let mut seen = [0; 12];
            for pair in 0..6 {
                let (first, second) = pairing.coordinates(pair, 12);
                seen[first] += 1;
                seen[second] += 1;
            }
            assert_eq!(seen, [1; 12], "{pairing:?}");
        }
    }
}
