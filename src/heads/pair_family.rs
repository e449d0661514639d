use rand_chacha::ChaCha8Rng;

use super::bootstrap::{Bootstrap, interval};
use super::random::{Purpose, below, exponential, generator, permute};
use super::{
    Comparison, Coordinates, Definition, Identity, Measurement, PairLayout, PairRecorder, PerNull, frequency_entropy,
    massive, usage,
};
use crate::numeric::{Real, gamma};

/// What a head's queries and keys are on average: what the metrics of pairs are computed from.
///
/// Of a draw of a null model only what the draw is about is there; the rest is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct PairMeans {
    /// `U_i = E|q^(i)| E|k^(i)|`, by pair.
    pub(super) usage: Vec<f64>,
    /// Share of the tokens whose key is longest in this pair, by pair.
    pub(super) longest_key: Vec<f64>,
    /// `E|q| E|k|` of the coordinates that rotate, and of those that do not.
    pub(super) parts: Option<[f64; 2]>,
    /// `(Σ_n q_{n,d}²)^{1/2}` by coordinate, and the same of keys.
    pub(super) coordinate_norms: Option<[Vec<f64>; 2]>,
    /// Mean frequency entropy of the whole window over the windows, by pair.
    pub(super) sequence_entropy: Vec<Option<f64>>,
    /// The same of the mean spectrum of frames.
    pub(super) spectrum_entropy: Vec<Option<f64>>,
}

impl PairMeans {
    /// The means of sums over any tokens.
    pub(super) fn of(sums: &[f64], layout: PairLayout) -> Self {
        let [queries, keys] = [sums[layout.tokens()][0], sums[layout.tokens()][1]];
        let product = |query: f64, key: f64| (query / queries) * (key / keys);
        let quotients = |sums: &[f64], counts: &[f64]| -> Vec<Option<f64>> {
            sums.iter().zip(counts).map(|(sum, count)| (*count > 0.0).then(|| sum / count)).collect()
        };
        let parts = &sums[layout.parts()];
        let roots = |squares: &[f64]| squares.iter().map(|square| square.sqrt()).collect();
        let both = sums[layout.query_norms()].iter().zip(&sums[layout.key_norms()]);
        Self {
            usage: both.map(|(query, key)| product(*query, *key)).collect(),
            longest_key: sums[layout.longest_key()].iter().map(|count| count / keys).collect(),
            parts: Some([product(parts[0], parts[1]), product(parts[2], parts[3])]),
            coordinate_norms: Some([roots(&sums[layout.query_squares()]), roots(&sums[layout.key_squares()])]),
            sequence_entropy: quotients(&sums[layout.sequence_entropy()], &sums[layout.sequence_windows()]),
            spectrum_entropy: quotients(&sums[layout.spectrum_entropy()], &sums[layout.spectrum_windows()]),
        }
    }

    /// A draw of `shuffled`: the head with its pairs in another order, each with all that is its own.
    ///
    /// What does not depend on which pair is which is as it was.
    pub(super) fn shuffled(&self, coordinates: &Coordinates, generator: &mut ChaCha8Rng) -> Self {
        let mut order: Vec<usize> = (0..self.usage.len()).collect();
        let pairs = order.len();
        permute(&mut order, pairs, generator);
        let reordered = |values: &[f64]| order.iter().map(|pair| values[*pair]).collect();
        let entropies = |values: &[Option<f64>]| order.iter().map(|pair| values[*pair]).collect();
        let by_coordinate = |norms: &Vec<f64>| {
            let mut reordered = norms.clone();
            for (place, pair) in order.iter().enumerate() {
                let ((first, second), (from, and_from)) = (coordinates.of_pair(place), coordinates.of_pair(*pair));
                (reordered[first], reordered[second]) = (norms[from], norms[and_from]);
            }
            reordered
        };
        Self {
            usage: reordered(&self.usage),
            longest_key: reordered(&self.longest_key),
            parts: self.parts,
            coordinate_norms: self.coordinate_norms.as_ref().map(|both| both.each_ref().map(by_coordinate)),
            sequence_entropy: entropies(&self.sequence_entropy),
            spectrum_entropy: entropies(&self.spectrum_entropy),
        }
    }

    /// A draw of `dirichlet`: usage with a flat Dirichlet distribution over so many pairs, the longest key in any of
    /// them, and norms that are white noise, so that the power of the `bins` bins of one window has a flat Dirichlet
    /// distribution as well.
    pub(super) fn dirichlet(pairs: usize, bins: usize, generator: &mut ChaCha8Rng) -> Self {
        if pairs == 0 {
            return Self::default();
        }
        let mut weights = |count: usize| (0..count).map(|_| exponential(generator)).collect::<Vec<f64>>();
        let usage = weights(pairs);
        let sequence_entropy = (0..pairs).map(|_| frequency_entropy::entropy(&weights(bins))).collect();
        let longest = below(generator, pairs as u32) as usize;
        Self {
            usage,
            longest_key: (0..pairs).map(|pair| f64::from(u8::from(pair == longest))).collect(),
            sequence_entropy,
            ..Self::default()
        }
    }
}

/// A head's pairs as their metrics see them.
#[derive(Clone, Copy)]
pub(super) struct PairView<'a> {
    pub(super) means: &'a PairMeans,
    pub(super) coordinates: &'a Coordinates,
}

/// What is defined of the pairs of a head; where no layer rotates, of its coordinates only.
pub(super) fn definitions(rotates: bool) -> Vec<Definition> {
    let mut definitions = Vec::new();
    if rotates {
        definitions.extend(usage::definitions());
        definitions.extend(frequency_entropy::definitions());
    }
    definitions.extend(massive::definitions(rotates));
    definitions
}

/// The values, in the order of the definitions; `None` in a layer that does not rotate, where pairs are meant.
pub(super) fn values(view: &PairView<'_>, rotates: bool) -> Vec<Option<f64>> {
    let mut values = Vec::new();
    if rotates {
        values.extend(usage::values(view));
        values.extend(frequency_entropy::values(view));
    }
    values.extend(massive::values(view, rotates));
    values
}

/// What pairs of all heads are measured against.
pub(super) struct PairNulls {
    /// Whether any layer rotates.
    rotates: bool,
    /// Draws of `dirichlet`, by layer.
    dirichlet: Vec<Vec<PairMeans>>,
    draws: usize,
}

impl PairNulls {
    /// For layers with these coordinates, read in windows of up to `window` tokens.
    pub(super) fn new(layers: &[&Coordinates], window: usize, draws: usize, seed: u64) -> Self {
        let of_layer = |(layer, coordinates): (usize, &&Coordinates)| {
            let mut generator = generator(seed, Purpose::PairDirichlet { layer });
            (0..draws).map(|_| PairMeans::dirichlet(coordinates.pairs(), window / 2, &mut generator)).collect()
        };
        Self {
            rotates: layers.iter().any(|layer| layer.rotary.is_some()),
            dirichlet: layers.iter().enumerate().map(of_layer).collect(),
            draws,
        }
    }

    /// What is defined of the pairs of each head.
    pub(super) fn definitions(&self) -> Vec<Definition> {
        definitions(self.rotates)
    }

    /// The means of a head.
    pub(super) fn means(recorder: &PairRecorder) -> PairMeans {
        PairMeans::of(&recorder.total(), recorder.layout())
    }

    /// The metrics of one head: `untrained` are the means of its counterparts. `alibi` and `sink` say nothing about
    /// queries and keys, and have no draws.
    pub(super) fn measure(
        &self,
        head: Identity,
        coordinates: &Coordinates,
        recorder: &PairRecorder,
        untrained: &[&PairMeans],
        bootstrap: &Bootstrap,
    ) -> Vec<Measurement> {
        let values_of = |means: &PairMeans| values(&PairView { means, coordinates }, self.rotates);
        let (layout, own) = (recorder.layout(), Self::means(recorder));
        let mut generator = generator(head.seed, Purpose::PairOrder { layer: head.layer, head: head.head });
        let drawn = PerNull {
            untrained: untrained.iter().map(|means| values_of(means)).collect(),
            shuffled: (0..self.draws).map(|_| values_of(&own.shuffled(coordinates, &mut generator))).collect(),
            dirichlet: self.dirichlet[head.layer].iter().map(values_of).collect(),
            alibi: Vec::new(),
            sink: Vec::new(),
        };
        let resample =
            |resample| values_of(&PairMeans::of(&bootstrap.sums(resample, recorder.sums(), layout.width()), layout));
        let resampled: Vec<_> = (0..bootstrap.len()).map(resample).collect();
        // A metric adds over pairs or coordinates what was added over tokens.
        let tokens = recorder.total()[layout.tokens()][0];
        let rounding = gamma(tokens as usize + coordinates.head_dim, f64::UNIT_ROUNDOFF);
        measurements(&self.definitions(), &values_of(&own), &resampled, &drawn, rounding)
    }
}

/// Puts values, their resamples and the draws of null models together, in the order of the definitions; `q` is left
/// open.
pub(super) fn measurements(
    definitions: &[Definition],
    values: &[Option<f64>],
    resampled: &[Vec<Option<f64>>],
    drawn: &PerNull<Vec<Vec<Option<f64>>>>,
    rounding: f64,
) -> Vec<Measurement> {
    let measure = |(at, definition): (usize, &Definition)| Measurement {
        signal: definition.signal,
        metric: definition.metric.clone(),
        unit: definition.unit,
        value: values[at],
        interval: interval(&resampled.iter().map(|values| values[at]).collect::<Vec<_>>()),
        nulls: drawn.map(|draws| {
            let draws: Vec<f64> = draws.iter().filter_map(|draw| draw[at]).collect();
            Comparison::of(values[at], &draws, rounding)
        }),
    };
    definitions.iter().enumerate().map(measure).collect()
}
