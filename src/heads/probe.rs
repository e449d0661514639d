use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::layout::add;
use super::random::{Purpose, below, exponential, of_row, permute};
use super::{Identity, Place};
use crate::numeric::Real;

/// Number of probes, and of the groups that intervals are taken over.
pub const PROBES: usize = 8;

/// `P`: tokens of a probe before they repeat, where vocabulary and positions allow it.
pub const PROBE_PERIOD: usize = 64;

/// `P` different tokens, drawn uniformly from the vocabulary and read twice, `2P` tokens in all: what shows whether a
/// head finds an earlier occurrence \[olsson2022\].
///
/// Steps are the queries `P..2P-1`: each has read its token before, at `i - P`, and the token that follows is known
/// from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    tokens: Vec<u32>,
}

impl Probe {
    /// [`PROBES`] probes of a model with this vocabulary, of at most as many tokens as it has positions; none
    /// where that leaves a period of less than two.
    pub fn all(vocabulary: usize, positions: Option<usize>, seed: u64) -> Vec<Self> {
        let period = PROBE_PERIOD.min(vocabulary).min(positions.unwrap_or(usize::MAX) / 2);
        if period < 2 {
            return Vec::new();
        }
        let one = |probe: usize| {
            let mut tokens: Vec<u32> = (0..vocabulary as u32).collect();
            permute(&mut tokens, period, &mut of_row(seed, Purpose::Probe, place(probe), 0));
            Self::new(&tokens[..period])
        };
        (0..PROBES).map(one).collect()
    }

    /// A probe of these different tokens.
    ///
    /// # Panics
    /// When there are fewer than two, or more than [`PROBE_PERIOD`].
    pub fn new(once: &[u32]) -> Self {
        assert!((2..=PROBE_PERIOD).contains(&once.len()), "{} tokens cannot be read twice", once.len());
        Self { tokens: once.repeat(2) }
    }

    /// The tokens to be read.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// `P`.
    pub fn period(&self) -> usize {
        self.tokens.len() / 2
    }

    /// The queries at which a head can be seen to look back.
    pub fn steps(&self) -> Range<usize> {
        self.period()..self.tokens.len() - 1
    }

    /// The key after the first occurrence of the query's token.
    fn target(&self, query: usize) -> usize {
        query + 1 - self.period()
    }

    /// Whether attention to a key copies what was emitted: it is in the first copy and holds that token.
    fn copies(&self, key: usize, emitted: u32) -> bool {
        key < self.period() && self.tokens[key] == emitted
    }
}

/// What is drawn at random for a probe is keyed like a text.
fn place(probe: usize) -> Place {
    Place { text: probe, window: 0 }
}

/// Where each sum of a head over the steps of a probe stands in one flat vector.
///
/// Merging is adding, and reading a probe twice gives the same means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeLayout {
    draws: usize,
}

impl ProbeLayout {
    /// With so many draws of shuffled keys.
    pub fn new(draws: usize) -> Self {
        Self { draws }
    }

    /// Draws of shuffled keys.
    pub(super) fn draws(self) -> usize {
        self.draws
    }

    /// Numbers in a vector.
    pub fn width(self) -> usize {
        self.oldest().end
    }

    /// How often the probe was read, in how many steps, and in how many of these the model emitted what came next.
    fn counts(self) -> Range<usize> {
        0..3
    }

    /// Prefix matching and retrieval of the head itself (`None`) or of a draw.
    fn scores(self, draw: Option<usize>) -> Range<usize> {
        let at = self.counts().end + 2 * draw.map_or(0, |draw| draw + 1);
        at..at + 2
    }

    /// By step, how often the model emitted a token of the probe, which a head can copy.
    fn copied(self) -> Range<usize> {
        let at = self.counts().end + 2 * (self.draws + 1);
        at..at + PROBE_PERIOD
    }

    /// By step, how often that was the first token of the probe.
    fn oldest(self) -> Range<usize> {
        let at = self.copied().end;
        at..at + PROBE_PERIOD
    }
}

/// Reads one head's rows of one probe.
#[derive(Debug, Clone)]
pub struct ProbeReader<'a> {
    probe: &'a Probe,
    /// The probe among all.
    place: usize,
    identity: Identity,
    layout: ProbeLayout,
    sums: Vec<f64>,
    /// The key with the largest probability, step by step.
    largest: Vec<usize>,
}

impl<'a> ProbeReader<'a> {
    /// A reader of no rows of this head.
    pub fn new(probe: &'a Probe, place: usize, identity: Identity, layout: ProbeLayout) -> Self {
        Self { probe, place, identity, layout, sums: vec![0.0; layout.width()], largest: Vec::new() }
    }

    /// Takes the probabilities of the keys `0..=query`; rows come in ascending order, and those that are no steps are
    /// passed over.
    pub fn row<T: Real>(&mut self, query: usize, probabilities: &[T]) {
        if !self.probe.steps().contains(&query) {
            return;
        }
        self.sums[self.layout.scores(None)][0] += probabilities[self.probe.target(query)].wide();
        // The first of equals.
        let largest = (1..probabilities.len())
            .fold(0, |best, key| if probabilities[key] > probabilities[best] { key } else { best });
        self.largest.push(largest);
        for (draw, key) in self.shuffled(query).enumerate() {
            self.sums[self.layout.scores(Some(draw))][0] += probabilities[key].wide();
        }
    }

    /// For each draw, the key whose probability a permutation puts where the head's own largest is looked for, and at
    /// the target: any of the keys.
    fn shuffled(&self, query: usize) -> impl Iterator<Item = usize> + use<> {
        let Identity { layer, head, seed } = self.identity;
        let purpose = Purpose::ProbeShuffle { layer, head };
        let mut generator: ChaCha8Rng = of_row(seed, purpose, place(self.place), query);
        (0..self.layout.draws).map(move |_| below(&mut generator, query as u32 + 1) as usize)
    }

    /// The sums, once it is known which token the model emits at each step.
    ///
    /// # Panics
    /// When there is not one token for each row.
    pub fn finish(mut self, emitted: &[u32]) -> Vec<f64> {
        assert_eq!(emitted.len(), self.largest.len(), "one token is emitted at each step");
        let Self { probe, layout, .. } = self;
        let of = |is: bool| f64::from(u8::from(is));
        let first = &probe.tokens[..probe.period()];
        self.sums[layout.counts()][0] = 1.0;
        self.sums[layout.counts()][1] = emitted.len() as f64;
        for (step, (query, token)) in probe.steps().zip(emitted).enumerate() {
            self.sums[layout.counts()][2] += of(probe.tokens[query + 1] == *token);
            self.sums[layout.copied()][step] = of(first.contains(token));
            self.sums[layout.oldest()][step] = of(first[0] == *token);
            self.sums[layout.scores(None)][1] += of(probe.copies(self.largest[step], *token));
            for (draw, key) in self.shuffled(query).enumerate() {
                self.sums[layout.scores(Some(draw))][1] += of(probe.copies(key, *token));
            }
        }
        self.sums
    }
}

/// Sums of one head over the steps of probes, probe by probe.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeRecorder {
    layout: ProbeLayout,
    /// Vectors of [`ProbeLayout::width`] numbers, probe by probe.
    sums: Vec<f64>,
}

impl ProbeRecorder {
    /// A recorder of nothing.
    pub fn new(layout: ProbeLayout) -> Self {
        Self { layout, sums: vec![0.0; PROBES * layout.width()] }
    }

    /// Where each sum stands in the vector of a probe.
    pub fn layout(&self) -> ProbeLayout {
        self.layout
    }

    /// Adds what a [`ProbeReader`] made of the probe in this place.
    ///
    /// # Panics
    /// When there is no such probe, or the sums are of other draws.
    pub fn add(&mut self, place: usize, sums: &[f64]) {
        let width = self.layout.width();
        assert_eq!(sums.len(), width, "the sums of other draws");
        add(&mut self.sums[place * width..][..width], sums);
    }

    /// Adds what another recorder of the same head has seen.
    ///
    /// # Panics
    /// When the two differ in draws.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.layout, other.layout, "a recorder of other draws");
        add(&mut self.sums, &other.sums);
    }

    /// All sums, probe by probe: what is saved of a recorder.
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }

    /// The same to be filled with what was saved.
    pub fn sums_mut(&mut self) -> &mut [f64] {
        &mut self.sums
    }

    /// Whether no probe was read.
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// `P` of the probes that were read, and the share of steps in which the model emitted what came next.
    pub(super) fn outcome(&self) -> Option<(usize, f64)> {
        let total = self.total();
        let [read, steps, next] = [0, 1, 2].map(|which| total[self.layout.counts()][which]);
        (read > 0.0).then(|| ((steps / read).round() as usize + 1, next / steps))
    }

    /// The probes that were read.
    pub(super) fn read(&self) -> Vec<usize> {
        let probes = self.sums.chunks_exact(self.layout.width()).enumerate();
        probes.filter(|(_, sums)| sums[0] > 0.0).map(|(probe, _)| probe).collect()
    }

    /// The sums of all probes together.
    pub(super) fn total(&self) -> Vec<f64> {
        let mut total = vec![0.0; self.layout.width()];
        self.sums.chunks_exact(total.len()).for_each(|probe| add(&mut total, probe));
        total
    }
}

/// Prefix matching and retrieval: means over steps.
pub(super) type ProbeScores = [Option<f64>; 2];

/// The scores that sums over any steps give, of the head itself (`None`) or of a draw of shuffled keys.
pub(super) fn scores(sums: &[f64], layout: ProbeLayout, draw: Option<usize>) -> ProbeScores {
    let steps = sums[layout.counts()][1];
    let of = &sums[layout.scores(draw)];
    [of[0], of[1]].map(|sum| (steps > 0.0).then(|| sum / steps))
}

/// Flat Dirichlet rows of the steps of all probes, as far as the scores depend on them; the same for all heads.
#[derive(Debug)]
pub(super) struct DirichletSteps {
    /// By draw, then by step.
    steps: Vec<Vec<DirichletStep>>,
}

#[derive(Debug, Clone, Copy)]
struct DirichletStep {
    target: f64,
    oldest: f64,
    /// The largest of all but key 0, and whether it copies; whether key 0 does.
    largest: f64,
    copies: bool,
    oldest_copies: bool,
}

impl DirichletSteps {
    /// Rows for the steps of the probes that were read, given at which the model emitted a token that can be copied.
    ///
    /// All keys but key 0 are alike, so that any of them may stand for the one that holds the token.
    pub(super) fn new(recorder: &ProbeRecorder, draws: usize, seed: u64) -> Self {
        let layout = recorder.layout;
        let read = recorder.sums.chunks_exact(layout.width()).enumerate();
        let step_counts = read.filter(|(_, sums)| sums[0] > 0.0).flat_map(|(place, sums)| {
            let steps = (sums[layout.counts()][1] / sums[layout.counts()][0]) as usize;
            let flag = |range: Range<usize>, step: usize| sums[range][step] > 0.0;
            (0..steps)
                .map(move |step| (place, steps + 1 + step, flag(layout.copied(), step), flag(layout.oldest(), step)))
        });
        let steps: Vec<(usize, usize, bool, bool)> = step_counts.collect();
        let one = |&(probe, query, copied, oldest): &(usize, usize, bool, bool), draw: usize| {
            let mut generator = of_row(seed, Purpose::ProbeDirichlet { draw }, place(probe), query);
            let row: Vec<f64> = (0..=query).map(|_| exponential(&mut generator)).collect();
            let sum: f64 = row.iter().sum();
            let largest = (2..row.len()).fold(1, |best, key| if row[key] > row[best] { key } else { best });
            DirichletStep {
                target: row[1] / sum,
                oldest: row[0] / sum,
                largest: row[largest] / sum,
                copies: copied && !oldest && largest == 1,
                oldest_copies: oldest,
            }
        };
        let of_draw = |draw: usize| steps.iter().map(|step| one(step, draw)).collect();
        Self { steps: (0..draws).into_par_iter().map(of_draw).collect() }
    }

    /// The scores of each draw where a share `sink` of each row goes to key 0 and the rest is as drawn.
    pub(super) fn scores(&self, sink: f64) -> Vec<ProbeScores> {
        let content = 1.0 - sink;
        let of_draw = |steps: &Vec<DirichletStep>| {
            let count = steps.len() as f64;
            let copied = steps.iter().filter(|step| {
                if sink + content * step.oldest > content * step.largest { step.oldest_copies } else { step.copies }
            });
            let matched: f64 = steps.iter().map(|step| content * step.target).sum();
            let copied = copied.count() as f64;
            [matched, copied].map(|sum| (count > 0.0).then(|| sum / count))
        };
        self.steps.iter().map(of_draw).collect()
    }
}

/// The scores of rows `softmax(-slope · lag)`: the target is `P - 1` tokens back, and the largest probability is the
/// query's own, which is not in the first copy.
pub(super) fn exponential_scores(period: usize, slope: f64) -> ProbeScores {
    let row = |query: usize| {
        let weight = |lag: usize| (-slope * lag as f64).exp();
        weight(period - 1) / (0..=query).map(weight).sum::<f64>()
    };
    let steps = period..2 * period - 1;
    let count = steps.len() as f64;
    [Some(steps.map(row).sum::<f64>() / count), Some(0.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: usize = 200;

    fn probe() -> Probe {
        Probe::all(4096, Some(1024), 0).swap_remove(0)
    }

    /// The scores of a head that is given by its rows, where the model emits what follows, and those of its shuffles.
    fn read(probe: &Probe, row: impl Fn(usize) -> Vec<f64>) -> (ProbeScores, Vec<ProbeScores>) {
        let recorder = recorded(probe, row);
        assert_eq!(recorder.read(), [3]);
        let total = recorder.total();
        let of = |draw| scores(&total, recorder.layout(), draw);
        (of(None), (0..DRAWS).map(|draw| of(Some(draw))).collect())
    }

    fn recorded(probe: &Probe, row: impl Fn(usize) -> Vec<f64>) -> ProbeRecorder {
        let layout = ProbeLayout::new(DRAWS);
        let identity = Identity { layer: 0, head: 0, seed: 0 };
        let mut reader = ProbeReader::new(probe, 0, identity, layout);
        for query in 0..probe.tokens().len() {
            reader.row(query, &row(query));
        }
        let emitted: Vec<u32> = probe.steps().map(|query| probe.tokens()[query + 1]).collect();
        let mut recorder = ProbeRecorder::new(layout);
        recorder.add(3, &reader.finish(&emitted));
        recorder
    }

    fn one_hot(query: usize, key: usize) -> Vec<f64> {
        (0..=query).map(|at| f64::from(u8::from(at == key))).collect()
    }

    #[test]
    fn a_probe_is_read_twice_and_holds_no_token_twice() {
        let probes = Probe::all(4096, Some(1024), 0);
        assert_eq!(probes.len(), PROBES);
        for probe in &probes {
            let (first, second) = probe.tokens().split_at(PROBE_PERIOD);
            assert_eq!(first, second);
            let mut sorted = first.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), PROBE_PERIOD);
            assert_eq!(probe.steps(), 64..127);
        }
        assert_eq!(probes, Probe::all(4096, None, 0));
        assert_ne!(probes, Probe::all(4096, None, 1));
        assert_eq!(Probe::all(10, None, 0)[0].period(), 10);
        assert_eq!(Probe::all(4096, Some(7), 0)[0].period(), 3);
        assert!(Probe::all(1, None, 0).is_empty() && Probe::all(9, Some(3), 0).is_empty());
    }

    #[test]
    fn an_induction_head_matches_and_copies_and_its_neighbours_do_not() {
        let probe = probe();
        let period = probe.period();
        let back = |lag: usize| move |query: usize| one_hot(query, query.saturating_sub(lag));
        assert_eq!(read(&probe, back(period - 1)).0, [Some(1.0), Some(1.0)]);
        // A head for the same token, one that overshoots, a previous-token head, a diagonal head.
        for lag in [period, period - 2, 1, 0] {
            assert_eq!(read(&probe, back(lag)).0, [Some(0.0), Some(0.0)], "{lag}");
        }
        // Half of the attention, and not the larger half: the match counts, the copy does not.
        let half = |query: usize| {
            let mut row = vec![0.0; query + 1];
            row[query] = 0.6;
            row[query.saturating_sub(period - 1)] += 0.4;
            row
        };
        let ([matched, copied], _) = read(&probe, half);
        assert!((matched.unwrap() - 0.4).abs() < 1e-12 && copied == Some(0.0));
    }

    #[test]
    fn shuffled_keys_match_as_often_as_chance() {
        let probe = probe();
        let expected = probe.steps().map(|query| 1.0 / (query + 1) as f64).sum::<f64>() / 63.0;
        let (_, draws) = read(&probe, |query| one_hot(query, (query + 1).saturating_sub(probe.period())));
        for score in 0..2 {
            let mean = draws.iter().map(|draw| draw[score].unwrap()).sum::<f64>() / DRAWS as f64;
            // Each draw is a mean of 63 indicators of chance 1/96 or so.
            let error = (expected / 63.0 / DRAWS as f64).sqrt();
            assert!((mean - expected).abs() < 4.0 * error, "{mean} {expected} {error}");
        }
    }

    #[test]
    fn dirichlet_rows_match_by_chance_and_a_sink_takes_the_copies() {
        let probe = probe();
        let recorder = recorded(&probe, |query| one_hot(query, 0));
        assert_eq!(recorder.outcome(), Some((PROBE_PERIOD, 1.0)));
        let steps = DirichletSteps::new(&recorder, DRAWS, 0);
        let expected = probe.steps().map(|query| 1.0 / (query + 1) as f64).sum::<f64>() / 63.0;
        let error = (expected / 63.0 / DRAWS as f64).sqrt();
        let mean = |sink: f64, score: usize| {
            steps.scores(sink).iter().map(|draw| draw[score].unwrap()).sum::<f64>() / DRAWS as f64
        };
        assert!((mean(0.0, 0) - expected).abs() < 4.0 * error);
        assert!((mean(0.0, 1) - expected).abs() < 4.0 * error);
        assert!((mean(0.5, 0) - mean(0.0, 0) / 2.0).abs() < 1e-15);
        assert_eq!(mean(0.5, 1), 0.0);
    }

    #[test]
    fn an_exponential_row_matches_as_its_window_reaches() {
        let probe = probe();
        let [matched, copied] = exponential_scores(probe.period(), 0.0);
        let chance = probe.steps().map(|query| 1.0 / (query + 1) as f64).sum::<f64>() / 63.0;
        assert!((matched.unwrap() - chance).abs() < 1e-15);
        assert_eq!(copied, Some(0.0));
        assert!(exponential_scores(probe.period(), 0.5)[0].unwrap() < 1e-13);
        let (own, _) = read(&probe, |query| {
            let weights: Vec<f64> = (0..=query).map(|key| (-0.05 * (query - key) as f64).exp()).collect();
            let sum: f64 = weights.iter().sum();
            weights.iter().map(|weight| weight / sum).collect()
        });
        assert!((own[0].unwrap() - exponential_scores(probe.period(), 0.05)[0].unwrap()).abs() < 1e-15);
        assert_eq!(own[1], Some(0.0));
    }
}
