use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

use super::layout::add;
use super::random::{Purpose, key_of_window, of_row, permute};
use super::tally::{Near, Tally};
use super::{Coordinates, HeadsError, PairRecorder, Place, Plan, ProbeLayout, ProbeRecorder, SinkRule, Statistics};
use crate::numeric::Real;

/// Which head of which run, and what its shuffles are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The layer, from 0.
    pub layer: usize,
    /// The head within the layer, from 0.
    pub head: usize,
    /// Seed of the shuffles.
    pub seed: u64,
}

/// What the attention rows of one head, and the same rows with their keys shuffled, add up to.
///
/// It holds two flat vectors of sums: those of the head itself, one [`Layout`](super::Layout) for each group of
/// texts, and those of the shuffled rows, one for each draw. Memory is `8 · width · (groups + draws)` bytes,
/// whatever is recorded. Rows come in by window: [`Recorder::window`] starts one, [`Recorder::add`] adds it.
#[derive(Debug, Clone)]
pub struct Recorder {
    identity: Identity,
    plan: Arc<Plan>,
    groups: usize,
    draws: usize,
    own: Vec<f64>,
    shuffled: Vec<f64>,
    /// Queries and keys, and the coordinates that they have.
    pairs: Option<(Arc<Coordinates>, PairRecorder)>,
    probes: ProbeRecorder,
}

/// The rows of one window of a head, on their way into its [`Recorder`].
///
/// All draws of a row are taken from one generator, keyed by seed, layer, head, window and query, so neither the
/// order of the windows nor the way in which a run was cut into parts changes a draw.
#[derive(Debug)]
pub struct Window {
    identity: Identity,
    place: Place,
    plan: Arc<Plan>,
    tally: Tally,
    own: Vec<f64>,
    shuffled: Vec<f64>,
    /// Rows that wait for others, so that the sums of a draw stay near while several rows are added.
    near: Vec<Pending>,
    complete: Vec<Pending>,
}

/// A row in hand.
#[derive(Debug, Clone)]
struct Pending {
    /// Probability and score of each key that may move, the newest first.
    entries: Vec<[f64; 2]>,
    /// Probability of key 0.
    sink: f64,
    generator: ChaCha8Rng,
}

/// How many rows are added to the sums of one draw before the next draw has its turn.
const ROWS_AT_ONCE: usize = 8;

impl Recorder {
    /// A recorder of no rows, which keeps texts apart in so many groups and shuffles each row so many times.
    ///
    /// # Panics
    /// When there are no groups.
    pub fn new(identity: Identity, plan: &Arc<Plan>, groups: usize, draws: usize) -> Self {
        assert!(groups > 0, "texts belong to groups");
        let width = plan.layout().width();
        let (own, shuffled) = (vec![0.0; groups * width], vec![0.0; draws * width]);
        let probes = ProbeRecorder::new(ProbeLayout::new(draws));
        Self { identity, plan: Arc::clone(plan), groups, draws, own, shuffled, pairs: None, probes }
    }

    /// Recorders of no rows for each head of a model, which has this many in each layer.
    ///
    /// # Panics
    /// When there are no groups.
    pub fn each(heads: &[usize], plan: &Arc<Plan>, groups: usize, draws: usize, seed: u64) -> Vec<Self> {
        let identities = heads.iter().enumerate().flat_map(|(layer, count)| (0..*count).map(move |head| (layer, head)));
        identities.map(|(layer, head)| Self::new(Identity { layer, head, seed }, plan, groups, draws)).collect()
    }

    /// The same, to be told of queries and keys with these coordinates as well.
    #[must_use]
    pub fn with_pairs(self, coordinates: &Arc<Coordinates>) -> Self {
        let recorder = PairRecorder::new(coordinates, self.groups);
        Self { pairs: Some((Arc::clone(coordinates), recorder)), ..self }
    }

    /// What was recorded of queries and keys, and their coordinates.
    pub fn pairs(&self) -> Option<(&Coordinates, &PairRecorder)> {
        self.pairs.as_ref().map(|(coordinates, recorder)| (&**coordinates, recorder))
    }

    /// The same, to be added to.
    pub fn pairs_mut(&mut self) -> Option<(&Coordinates, &mut PairRecorder)> {
        self.pairs.as_mut().map(|(coordinates, recorder)| (&**coordinates, recorder))
    }

    /// What was recorded of probes.
    pub fn probes(&self) -> &ProbeRecorder {
        &self.probes
    }

    /// The same, to be added to.
    pub fn probes_mut(&mut self) -> &mut ProbeRecorder {
        &mut self.probes
    }

    /// Number of lags.
    pub fn lags(&self) -> usize {
        self.plan.lags()
    }

    /// How signals are made and transformed.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Which head this is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Number of groups that texts are kept apart in.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How often each row is shuffled.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// How many rows with more keys than lags were recorded.
    pub fn rows(&self) -> u64 {
        self.own_by_group().map(|sums| sums[self.plan.layout().rows.start]).sum::<f64>() as u64
    }

    /// Begins a window of a text.
    pub fn window(&self, place: Place) -> Window {
        let width = self.plan.layout().width();
        Window {
            identity: self.identity,
            place,
            tally: Tally::new(&self.plan),
            plan: Arc::clone(&self.plan),
            own: vec![0.0; width],
            shuffled: vec![0.0; self.draws * width],
            near: Vec::new(),
            complete: Vec::new(),
        }
    }

    /// Bytes that a window of this recorder takes until it is added.
    pub fn window_bytes(&self) -> usize {
        (1 + self.draws) * self.plan.layout().width() * size_of::<f64>()
    }

    /// Adds the rows of a window, and says how many with more keys than lags there were.
    ///
    /// # Panics
    /// When the window was begun by a recorder of another head or with other draws.
    pub fn add(&mut self, mut window: Window) -> u64 {
        assert_eq!((window.identity, window.shuffled.len()), (self.identity, self.shuffled.len()), "another head's");
        window.finish();
        let width = self.plan.layout().width();
        add(&mut self.own[window.place.group(self.groups) * width..][..width], &window.own);
        add(&mut self.shuffled, &window.shuffled);
        window.own[self.plan.layout().rows.start] as u64
    }

    /// All sums: those of the head, `[groups][width]`, and those of the shuffled rows, `[draws][width]`, in the
    /// order of [`Plan::layout`]; those of [`PairRecorder::sums`], empty where it is not told of pairs; and those of
    /// [`ProbeRecorder::sums`].
    pub fn sums(&self) -> [&[f64]; 4] {
        let pairs = self.pairs.as_ref().map_or(&[][..], |(_, recorder)| recorder.sums());
        [&self.own, &self.shuffled, pairs, self.probes.sums()]
    }

    /// Replaces all sums by what [`Recorder::sums`] has given.
    ///
    /// # Errors
    /// They are not as many as this recorder's.
    pub fn restore(&mut self, sums: [Vec<f64>; 4]) -> Result<(), HeadsError> {
        let lengths = sums.each_ref().map(Vec::len);
        let expected = self.sums().map(<[f64]>::len);
        if lengths != expected {
            return Err(HeadsError::Sums { head: self.identity, expected, found: lengths });
        }
        let [own, shuffled, pairs, probes] = sums;
        (self.own, self.shuffled) = (own, shuffled);
        if let Some((_, recorder)) = &mut self.pairs {
            recorder.sums_mut().copy_from_slice(&pairs);
        }
        self.probes.sums_mut().copy_from_slice(&probes);
        Ok(())
    }

    /// Adds what another recorder of the same head, protocol, groups and draws has seen: to rounding what
    /// recording its windows after one's own would give.
    ///
    /// # Errors
    /// The two differ in head, seed, protocol, groups or draws.
    pub fn merge(&mut self, other: &Self) -> Result<(), HeadsError> {
        let shape = |r: &Self| {
            let pairs = r.pairs.as_ref().map(|(_, recorder)| recorder.layout());
            (r.identity, r.plan.lags(), r.plan.sink(), r.plan.taper(), r.groups, r.draws, pairs)
        };
        if shape(self) != shape(other) {
            return Err(HeadsError::Merge { one: format!("{:?}", shape(self)), other: format!("{:?}", shape(other)) });
        }
        add(&mut self.own, &other.own);
        add(&mut self.shuffled, &other.shuffled);
        if let (Some((_, mine)), Some((_, theirs))) = (&mut self.pairs, &other.pairs) {
            mine.merge(theirs);
        }
        self.probes.merge(&other.probes);
        Ok(())
    }

    /// The sums of each group of texts.
    pub(super) fn own_by_group(&self) -> impl Iterator<Item = &[f64]> {
        self.own.chunks_exact(self.plan.layout().width())
    }

    /// The means over all rows.
    ///
    /// # Errors
    /// No row was recorded, or one was not finite.
    pub fn statistics(&self) -> Result<Statistics, HeadsError> {
        let mut sums = vec![0.0; self.plan.layout().width()];
        self.own_by_group().for_each(|group| add(&mut sums, group));
        if self.rows() == 0 {
            return Err(HeadsError::NoRows { head: self.identity, lags: self.lags() });
        }
        let own = Statistics::of(&sums, &self.plan);
        if own.is_finite() { Ok(own) } else { Err(HeadsError::NotFinite { head: self.identity }) }
    }

    /// The means over the shuffled rows of one draw.
    ///
    /// # Panics
    /// When there are not so many draws.
    pub fn shuffled(&self, draw: usize) -> Statistics {
        let width = self.plan.layout().width();
        Statistics::of(&self.shuffled[draw * width..][..width], &self.plan)
    }
}

impl Window {
    /// Records one row: probabilities and pre-softmax scores (bias included, up to a constant) of the keys
    /// `0..=query`.
    ///
    /// # Panics
    /// When the slices differ in length.
    pub fn row<P: Real, S: Real>(&mut self, probabilities: &[P], scores: &[S]) {
        assert_eq!(probabilities.len(), scores.len(), "one score belongs to each probability");
        let keys = probabilities.len();
        let Some(sink) = probabilities.first().map(|p| p.wide()) else { return };
        let (first, scale) = match self.plan.sink() {
            SinkRule::Kept => (0, 1.0),
            SinkRule::Removed => {
                let rest: f64 = probabilities[1..].iter().map(|p| p.wide()).sum();
                if rest == 0.0 {
                    return;
                }
                (1, 1.0 / rest)
            }
        };
        let Identity { layer, head, seed } = self.identity;
        // What no draw moves is not looked at beyond the lags.
        let wanted = if self.shuffled.is_empty() { self.plan.lags() } else { keys };
        let entries = probabilities[first..].iter().zip(&scores[first..]).rev().take(wanted);
        let entries = entries.map(|(p, s)| [p.wide() * scale, s.wide()]).collect();
        let generator = of_row(seed, Purpose::Shuffle { layer, head }, self.place, keys - 1);
        let row = Pending { entries, sink, generator };
        if keys > self.plan.lags() {
            self.near.push(row);
            if self.near.len() == ROWS_AT_ONCE {
                self.finish_near();
            }
        } else {
            self.complete.push(row);
            if self.complete.len() == ROWS_AT_ONCE {
                self.finish_complete();
            }
        }
    }

    /// How signals are made and transformed.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How often each row is shuffled.
    pub fn draws(&self) -> usize {
        self.shuffled.len() / self.plan.layout().width()
    }

    /// The first seven words of the ChaCha8 keys that the rows are shuffled with; the eighth is the query.
    pub fn generator_key(&self) -> [u32; 7] {
        let Identity { layer, head, seed } = self.identity;
        key_of_window(seed, Purpose::Shuffle { layer, head }, self.place)
    }

    /// Adds what rows add up to that were recorded elsewhere, instead of these rows themselves.
    ///
    /// `sums` are those of the rows and of each of their draws, `[1 + draws]` times all of [`Layout`](super::Layout) up to
    /// `full`; `last` is the row of query `N-1` and its draws, `[1 + draws][N]`, zeros where there is none.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn add_sums(&mut self, sums: &[f64], last: &[f64]) {
        let (draws, lags) = (self.draws(), self.plan.lags());
        let Self { plan, tally, own, shuffled, .. } = self;
        let (width, end) = (plan.layout().width(), plan.layout().full.end);
        assert_eq!([sums.len(), last.len()], [end, lags].map(|one| (1 + draws) * one), "sums of each draw");
        let all = std::iter::once(own.as_mut_slice()).chain(shuffled.chunks_exact_mut(width));
        for ((mine, more), row) in all.zip(sums.chunks_exact(end)).zip(last.chunks_exact(lags)) {
            add(&mut mine[..end], more);
            if row.iter().any(|p| *p != 0.0) {
                tally.add_row_metrics(row, mine);
            }
        }
    }

    /// Adds the rows that wait.
    fn finish(&mut self) {
        self.finish_near();
        self.finish_complete();
    }

    fn finish_near(&mut self) {
        let Self { plan, tally, own, shuffled, near, .. } = self;
        let lags = plan.lags();
        for pair in near.chunks(2) {
            tally.add_near(pair.iter().map(|row| Near { entries: &row.entries[..lags], sink: row.sink }), own);
        }
        // The lags, and key 0 where it moves with the others.
        let sink_moves = plan.sink() == SinkRule::Kept;
        let places = if sink_moves { lags + 1 } else { lags };
        for sums in shuffled.chunks_exact_mut(plan.layout().width()) {
            for pair in near.chunks_mut(2) {
                pair.iter_mut().for_each(|row| permute(&mut row.entries, places, &mut row.generator));
                let near = pair.iter().map(|Pending { entries, sink, .. }| Near {
                    entries: &entries[..lags],
                    sink: if sink_moves { entries[lags][0] } else { *sink },
                });
                tally.add_near(near, sums);
            }
        }
        near.clear();
    }

    fn finish_complete(&mut self) {
        let Self { plan, tally, own, shuffled, complete, .. } = self;
        // A key 0 that has nothing stays where it is.
        let mut row = vec![0.0; plan.lags()];
        let first = usize::from(plan.sink() == SinkRule::Removed);
        for Pending { entries, .. } in &*complete {
            row[first..].iter_mut().zip(entries.iter().rev()).for_each(|(value, [p, _])| *value = *p);
            tally.add_complete(&row[..first + entries.len()], own);
        }
        for sums in shuffled.chunks_exact_mut(plan.layout().width()) {
            for Pending { entries, generator, .. } in &mut *complete {
                let keys = entries.len();
                permute(entries, keys, generator);
                row[first..].iter_mut().zip(&*entries).for_each(|(value, [p, _])| *value = *p);
                tally.add_complete(&row[..first + keys], sums);
            }
        }
        complete.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::Taper;

    #[test]
    fn sums_that_were_made_elsewhere_count_as_their_rows() {
        let (lags, draws) = (8, 3);
        let plan = Arc::new(Plan::new(lags, SinkRule::Kept, Taper::None).unwrap());
        let place = Place { text: 3, window: 1 };
        let recorder = || Recorder::new(Identity { layer: 0, head: 1, seed: 5 }, &plan, 2, draws);
        let row = |query: usize| -> Vec<f64> { (0..=query).map(|key| (key * key % 7 + 1) as f64 / 100.0).collect() };
        // The row of query N-1 and its shuffles, the nearest key first before it is shuffled.
        let mut last = row(lags - 1);
        let mut entries: Vec<f64> = last.iter().rev().copied().collect();
        let mut generator = of_row(5, Purpose::Shuffle { layer: 0, head: 1 }, place, lags - 1);
        for _ in 0..draws {
            permute(&mut entries, lags, &mut generator);
            last.extend_from_slice(&entries);
        }
        // One window with that row, and one without.
        for queries in [20, 5] {
            let (mut by_rows, mut by_sums) = (recorder(), recorder());
            let mut window = by_rows.window(place);
            (0..queries).map(row).for_each(|row| window.row(&row, &row));
            by_rows.add(window);
            let (layout, [own, shuffled, ..]) = (plan.layout(), by_rows.sums());
            // The text is in the second group.
            let all = own[layout.width()..].chunks(layout.width()).chain(shuffled.chunks(layout.width()));
            let sums: Vec<f64> = all.flat_map(|sums| &sums[..layout.full.end]).copied().collect();
            let last = if queries < lags { vec![0.0; last.len()] } else { last.clone() };
            let mut window = by_sums.window(place);
            window.add_sums(&sums, &last);
            assert_eq!(by_sums.add(window), by_rows.rows());
            assert_eq!(by_sums.sums(), by_rows.sums());
            // The control: a shuffle of other keys.
            let (mut other, mut window) = (recorder(), by_rows.window(Place { text: 5, window: 1 }));
            (0..queries).map(row).for_each(|row| window.row(&row, &row));
            other.add(window);
            assert_ne!(other.sums()[1], by_rows.sums()[1]);
        }
    }
}
