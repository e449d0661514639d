use serde::Serialize;

use crate::heads::SinkRule;

/// What the paper leaves open, each with the default that we take to be the nearest reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Protocol {
    /// Which row of attention is a head's signal.
    pub row: QueryRow,
    /// What becomes of the attention to key 0.
    pub sink: SinkRule,
    /// To how many points a row is padded.
    pub padding: Padding,
    /// What is shortened for the scale sensitivity.
    pub shortened: Shortened,
    /// Which tokens are left when it is shortened.
    pub removal: Removal,
    /// How coefficients of different numbers are compared.
    pub alignment: Alignment,
    /// What the row is beyond its ends for the discrete wavelet transform.
    pub boundaries: Boundaries,
    /// What the correlation of both entropies runs over.
    pub over: Over,
}

/// Which row of attention is a head's signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QueryRow {
    /// The row of the last query.
    #[default]
    Last,
    /// The mean of the rows of all queries, what a query does not see being 0.
    Mean,
}

/// To how many points a row is padded with zeros before its Fourier transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    /// The next power of two: none where the length is one.
    #[default]
    PowerOfTwo,
    /// So many times the length.
    Times(usize),
}

/// What is shortened to a half and a quarter of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shortened {
    /// The text, which the model reads anew.
    #[default]
    Text,
    /// The row of the whole text, divided by what is left of it.
    Signal,
}

/// Which tokens are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Removal {
    /// The first ones.
    #[default]
    Prefix,
    /// Evenly spaced ones, the first among them.
    Stride,
}

/// How the coefficients of a long and a short row are compared, array by array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Alignment {
    /// The first ones of the long row, as many as the short one has.
    #[default]
    Cut,
    /// The short row's followed by zeros.
    Pad,
    /// The short row's stretched to as many by straight lines.
    Stretch,
}

/// What a row is beyond its ends, in the words of PyWavelets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Boundaries {
    /// Mirrored half a sample beyond: the default of PyWavelets.
    #[default]
    Symmetric,
    /// Zero.
    Zero,
}

/// What the correlation of both entropies runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// The sequences, for each head; a layer has the mean of its heads.
    #[default]
    Sequences,
    /// The heads of a layer, by their means over the sequences.
    Heads,
}

impl Padding {
    /// Points of the transform of so many entries.
    pub fn points(self, length: usize) -> usize {
        match self {
            Self::PowerOfTwo => length.next_power_of_two(),
            Self::Times(factor) => factor * length,
        }
    }
}

impl Removal {
    /// Which of `length` entries are left when `parts` is 2 or 4: `⌊length / parts⌋` of them.
    pub fn kept<T: Copy>(self, entries: &[T], parts: usize) -> Vec<T> {
        let left = entries.len() / parts;
        match self {
            Self::Prefix => entries[..left].to_vec(),
            Self::Stride => entries.iter().copied().step_by(parts).take(left).collect(),
        }
    }
}
