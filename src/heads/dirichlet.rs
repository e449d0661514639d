use std::sync::Arc;

use rayon::prelude::*;

use super::layout::add;
use super::random::{Purpose, exponential, gamma, of_row};
use super::tally::{Near, Tally};
use super::{HeadsError, Place, Plan, SinkRule, Statistics};

/// What rows of the flat Dirichlet distribution add up to, as many and as long as those of the windows that a
/// head has seen: every way of sharing a row's attention among its keys is equally likely.
///
/// Scores are the logarithms of the weights, up to a constant of each row. There is one flat vector of sums for
/// each draw, and nothing of a head enters. Every row of every draw has a generator of its own.
#[derive(Debug, Clone)]
pub struct Dirichlet {
    plan: Arc<Plan>,
    seed: u64,
    draws: usize,
    sums: Vec<f64>,
}

impl Dirichlet {
    /// Draws of no rows.
    pub fn new(plan: &Arc<Plan>, draws: usize, seed: u64) -> Self {
        let sums = vec![0.0; draws * plan.layout().width()];
        Self { plan: Arc::clone(plan), seed, draws, sums }
    }

    /// Adds the rows of a window of so many tokens to every draw.
    pub fn window(&mut self, place: Place, tokens: usize) {
        let Self { plan, seed, sums, .. } = self;
        sums.par_chunks_exact_mut(plan.layout().width()).enumerate().for_each(|(draw, sums)| {
            let mut own = vec![0.0; sums.len()];
            add_window(plan, *seed, place, tokens, draw, &mut own);
            add(sums, &own);
        });
    }

    /// Number of draws.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// All sums, `[draws][width]`, in the order of [`Plan::layout`].
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }

    /// Replaces all sums by what [`Dirichlet::sums`] has given.
    ///
    /// # Errors
    /// They are not as many.
    pub fn restore(&mut self, sums: Vec<f64>) -> Result<(), HeadsError> {
        if sums.len() != self.sums.len() {
            return Err(HeadsError::DirichletSums { expected: self.sums.len(), found: sums.len() });
        }
        self.sums = sums;
        Ok(())
    }

    /// Adds what other draws of the same protocol have seen.
    ///
    /// # Errors
    /// The two differ in protocol, seed or draws.
    pub fn merge(&mut self, other: &Self) -> Result<(), HeadsError> {
        let shape = |d: &Self| (d.plan.lags(), d.plan.sink(), d.plan.taper(), d.seed, d.draws);
        if shape(self) != shape(other) {
            return Err(HeadsError::Merge { one: format!("{:?}", shape(self)), other: format!("{:?}", shape(other)) });
        }
        add(&mut self.sums, &other.sums);
        Ok(())
    }

    /// The means of one draw.
    pub(super) fn statistics(&self, draw: usize) -> Statistics {
        Statistics::of(self.of_draw(draw), &self.plan)
    }

    /// The same rows, of which a sink takes the share `sink` first: `(1 - sink) row + sink δ_0`.
    ///
    /// `places` are all windows that were added; of none, the metrics of single rows are left out.
    pub(super) fn with_sink(&self, draw: usize, sink: f64, places: &[Place]) -> Statistics {
        let layout = self.plan.layout();
        let mut sums = self.of_draw(draw).to_vec();
        let rows = sums[layout.rows.start];
        let rest = 1.0 - sink;
        sums[layout.sink.start] = rest * sums[layout.sink.start] + sink * rows;
        // Without key 0 and divided by what is left, a row is what it was before.
        if self.plan.sink() == SinkRule::Kept {
            // Key 0 is not among the lags of a row with more than N keys.
            let mut scale = |range: &std::ops::Range<usize>, by: f64| {
                sums[range.clone()].iter_mut().for_each(|sum| *sum *= by);
            };
            scale(&layout.profile, rest);
            scale(&layout.power, rest * rest);
            scale(&layout.haar, rest * rest);
            scale(&layout.full, rest);
            sums[layout.full.start] += sink * sums[layout.complete.start];
            let (mut tally, mut row) = (Tally::new(&self.plan), vec![0.0; self.plan.lags()]);
            sums[layout.row_values.start..].fill(0.0);
            for place in places {
                complete_row(&self.plan, self.seed, *place, row.len() - 1, draw, &mut row);
                row.iter_mut().for_each(|weight| *weight *= rest);
                row[0] += sink;
                tally.add_row_metrics(&row, &mut sums);
            }
        }
        Statistics::of(&sums, &self.plan)
    }

    fn of_draw(&self, draw: usize) -> &[f64] {
        let width = self.plan.layout().width();
        &self.sums[draw * width..][..width]
    }
}

fn add_window(plan: &Arc<Plan>, seed: u64, place: Place, tokens: usize, draw: usize, sums: &mut [f64]) {
    let lags = plan.lags();
    let mut tally = Tally::new(plan);
    let mut row = vec![0.0; lags];
    for query in 0..lags.min(tokens) {
        if complete_row(plan, seed, place, query, draw, &mut row[..=query]) {
            tally.add_complete(&row[..=query], sums);
        }
    }
    let mut pair = [vec![[0.0; 2]; lags], vec![[0.0; 2]; lags]];
    for query in (lags..tokens).step_by(2) {
        let queries = query..tokens.min(query + 2);
        let rows: Vec<Near<'_>> = queries
            .zip(&mut pair)
            .map(|(query, entries)| {
                let mut generator = of_row(seed, Purpose::Dirichlet { draw }, place, query);
                let mut near = 0.0;
                for entry in entries.iter_mut() {
                    let weight = exponential(&mut generator);
                    near += weight;
                    *entry = [weight, weight.ln()];
                }
                let oldest = exponential(&mut generator);
                let rest = near + gamma(query - lags, &mut generator);
                let whole = match plan.sink() {
                    SinkRule::Kept => rest + oldest,
                    SinkRule::Removed => rest,
                };
                entries.iter_mut().for_each(|entry| entry[0] /= whole);
                Near { entries, sink: oldest / (rest + oldest) }
            })
            .collect();
        tally.add_near(rows.into_iter(), sums);
    }
}

/// The complete row of a query, by key position; false where the rule about the sink leaves nothing of it.
fn complete_row(plan: &Plan, seed: u64, place: Place, query: usize, draw: usize, row: &mut [f64]) -> bool {
    let mut generator = of_row(seed, Purpose::Dirichlet { draw }, place, query);
    row.iter_mut().for_each(|weight| *weight = exponential(&mut generator));
    if plan.sink() == SinkRule::Removed {
        row[0] = 0.0;
    }
    let whole: f64 = row.iter().sum();
    row.iter_mut().for_each(|weight| *weight /= whole);
    whole > 0.0
}

#[cfg(test)]
mod tests {
    use super::super::{Identity, Recorder, Taper};
    use super::*;

    const DRAWS: usize = 300;

    fn drawn(sink: SinkRule) -> Dirichlet {
        let plan = Arc::new(Plan::new(8, sink, Taper::None).unwrap());
        let mut drawn = Dirichlet::new(&plan, DRAWS, 1);
        drawn.window(Place { text: 0, window: 0 }, 20);
        drawn.window(Place { text: 3, window: 1 }, 15);
        drawn
    }

    /// Mean over the draws, and whether it is what is expected up to five standard errors.
    fn close(draws: &[f64], expected: f64) -> bool {
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean - expected).abs() <= 5.0 * (variance / n).sqrt()
    }

    #[test]
    fn weights_have_the_moments_of_a_flat_dirichlet_distribution() {
        for sink in [SinkRule::Kept, SinkRule::Removed] {
            let drawn = drawn(sink);
            let removed = usize::from(sink == SinkRule::Removed);
            let lengths = || (9..=20).chain(9..=15);
            let rows = lengths().count() as f64;
            // Of n weights that sum to 1 each has mean 1/n and mean square 2/(n(n+1)), and two 1/(n(n+1)).
            let mean = |f: &dyn Fn(f64) -> f64| lengths().map(|keys| f((keys - removed) as f64)).sum::<f64>() / rows;
            let statistics: Vec<Statistics> = (0..DRAWS).map(|draw| drawn.statistics(draw)).collect();
            let of = |f: &dyn Fn(&Statistics) -> f64| statistics.iter().map(f).collect::<Vec<f64>>();
            for lag in [0, 7] {
                assert!(close(&of(&|s| s.lag_profile[lag]), mean(&|n| 1.0 / n)), "{sink:?} {lag}");
                assert!(!close(&of(&|s| s.lag_profile[lag]), mean(&|n| 1.0 / (n + 1.0))), "the control");
            }
            assert!(close(&of(&|s| s.spectrum[0]), mean(&|n| 9.0 / (n * (n + 1.0)))), "{sink:?}");
            assert!(close(&of(&|s| s.spectrum[3]), mean(&|n| 1.0 / (n * (n + 1.0)))), "{sink:?}");
            assert!(close(&of(&|s| s.haar_energies[0]), mean(&|n| 4.0 / (n * (n + 1.0)))), "{sink:?}");
            let oldest = lengths().map(|keys| 1.0 / keys as f64).sum::<f64>() / rows;
            assert!(close(&of(&|s| s.sink_mass), oldest), "{sink:?}");
            // Key t is seen by the queries t..8; without key 0, by as many of the keys 1..=query.
            let key = |t: usize| (t..8).map(|query| 1.0 / (query + 1 - removed) as f64).sum::<f64>();
            for t in removed..8 {
                let expected = key(t) / (8 - removed) as f64;
                let draws = of(&|s| s.full_profile[t]);
                assert!(close(&draws, expected) || (draws[0] - expected).abs() < 1e-12, "{sink:?} {t}");
            }
            assert!(removed == 0 || statistics.iter().all(|s| s.full_profile[0] == 0.0));
        }
    }

    #[test]
    fn a_sink_mixture_is_what_recording_its_rows_gives() {
        let drawn = drawn(SinkRule::Kept);
        let plan = Arc::clone(&drawn.plan);
        let places = [Place { text: 0, window: 0 }, Place { text: 3, window: 1 }];
        let (sink, draw) = (0.3, 5);
        let mut recorder = Recorder::new(Identity { layer: 0, head: 0, seed: 0 }, &plan, 1, 0);
        for place in places {
            let mut window = recorder.window(place);
            for query in 0..8 {
                let mut row = vec![0.0; query + 1];
                complete_row(&plan, 1, place, query, draw, &mut row);
                row.iter_mut().for_each(|weight| *weight *= 1.0 - sink);
                row[0] += sink;
                window.row(&row, &vec![0.0; query + 1]);
            }
            recorder.add(window);
        }
        let mixed = drawn.with_sink(draw, sink, &places);
        let sums = recorder.sums()[0].to_vec();
        let recorded = Statistics::of(&sums, &plan);
        let near = |a: &f64, b: &f64| (a - b).abs() <= 1e-13 * b.abs().max(1.0);
        assert!(mixed.full_profile.iter().zip(&recorded.full_profile).all(|(a, b)| near(a, b)));
        let rows = mixed.row_metrics.iter().zip(&recorded.row_metrics);
        assert!(rows.clone().all(|(a, b)| near(&a.unwrap(), &b.unwrap())));
        // The control: another share.
        let other = drawn.with_sink(draw, sink + 1e-6, &places);
        assert!(!other.row_metrics.iter().zip(&recorded.row_metrics).all(|(a, b)| near(&a.unwrap(), &b.unwrap())));
        // The rows with more keys keep their shape, and lose the sink's share.
        let plain = drawn.statistics(draw);
        assert!(mixed.lag_profile.iter().zip(&plain.lag_profile).all(|(a, b)| near(a, &(0.7 * b))));
        assert!(mixed.spectrum.iter().zip(&plain.spectrum).all(|(a, b)| near(a, &(0.49 * b))));
        assert!(near(&mixed.sink_mass, &(0.3 + 0.7 * plain.sink_mass)));
        assert_eq!(mixed.score_profile, plain.score_profile);
    }

    #[test]
    fn shards_add_up_to_the_whole_and_what_is_saved_comes_back() {
        let whole = drawn(SinkRule::Kept);
        let (mut one, mut other) = (Dirichlet::new(&whole.plan, DRAWS, 1), Dirichlet::new(&whole.plan, DRAWS, 1));
        other.window(Place { text: 3, window: 1 }, 15);
        let mut restored = one.clone();
        restored.restore(other.sums().to_vec()).unwrap();
        one.window(Place { text: 0, window: 0 }, 20);
        one.merge(&restored).unwrap();
        assert_eq!(one.sums(), whole.sums());
        assert!(matches!(one.restore(vec![0.0; 3]), Err(HeadsError::DirichletSums { found: 3, .. })));
        assert!(matches!(one.merge(&Dirichlet::new(&whole.plan, DRAWS, 2)), Err(HeadsError::Merge { .. })));
    }
}
