use std::sync::Arc;

use rand::RngExt;

use super::accumulator::Accumulator;
use super::null::{Purpose, generator};
use super::{HeadsError, Plan, Statistics};
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

/// Reduces the attention rows of one head, and of the same rows with their keys shuffled.
///
/// Memory is `O((1 + draws) · lags + longest row)`, whatever is recorded. Each shuffle is drawn
/// from a generator of its own, keyed by seed, layer, head, window, query and draw, so neither the
/// order of the rows nor the way in which a run was cut into parts changes a draw.
#[derive(Debug, Clone)]
pub struct Recorder {
    identity: Identity,
    own: Accumulator,
    shuffled: Vec<Accumulator>,
    plan: Arc<Plan>,
    /// Probabilities and scores at each lag of the row in hand.
    near: [Vec<f64>; 2],
    /// `0, 1, 2, …`, as far as a row was long, and the permutation in hand.
    ascending: Vec<u32>,
    permuted: Vec<u32>,
}

impl Recorder {
    /// A recorder of no rows.
    pub fn new(identity: Identity, plan: &Arc<Plan>, draws: usize) -> Self {
        let lags = plan.lags();
        Self {
            identity,
            own: Accumulator::new(lags),
            shuffled: vec![Accumulator::new(lags); draws],
            plan: Arc::clone(plan),
            near: [vec![0.0; lags], vec![0.0; lags]],
            ascending: Vec::new(),
            permuted: Vec::new(),
        }
    }

    /// Recorders of no rows for each head of a model, which has this many in each layer.
    pub fn each(heads: &[usize], plan: &Arc<Plan>, draws: usize, seed: u64) -> Vec<Self> {
        let identities = heads.iter().enumerate().flat_map(|(layer, count)| (0..*count).map(move |head| (layer, head)));
        identities.map(|(layer, head)| Self::new(Identity { layer, head, seed }, plan, draws)).collect()
    }

    /// A recorder of no rows of the same head.
    #[must_use]
    pub fn fork(&self) -> Self {
        let empty = self.own.emptied();
        Self { shuffled: vec![empty.clone(); self.shuffled.len()], own: empty, ..self.clone() }
    }

    /// Number of lags.
    pub fn lags(&self) -> usize {
        self.own.lags()
    }

    /// How signals are made and transformed.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Which head this is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// How many rows were recorded.
    pub fn rows(&self) -> u64 {
        self.own.rows()
    }

    /// Records one row of this window: probabilities and pre-softmax scores (bias included, up to a
    /// constant) of the keys `0..=query`. A row with no more keys than lags is passed over.
    ///
    /// # Panics
    /// When the slices differ in length.
    pub fn row<P: Real, S: Real>(&mut self, window: u64, probabilities: &[P], scores: &[S]) {
        assert_eq!(probabilities.len(), scores.len(), "one score belongs to each probability");
        let (keys, lags) = (probabilities.len(), self.own.lags());
        let Identity { layer, head, seed } = self.identity;
        if keys <= lags {
            return;
        }
        let [near_probabilities, near_scores] = &mut self.near;
        newest_first(near_probabilities, &probabilities[keys - lags..]);
        newest_first(near_scores, &scores[keys - lags..]);
        self.own.add(near_probabilities, near_scores, probabilities[0].wide());
        let known = self.ascending.len() as u32;
        self.ascending.extend(known..keys as u32);
        // Fisher-Yates, stopped after the entries that count: the lags and key 0.
        let places = lags + 1;
        for (draw, shuffled) in self.shuffled.iter_mut().enumerate() {
            let mut generator = generator(seed, Purpose::Shuffle { layer, head }, window, keys - 1, draw);
            self.permuted.clear();
            self.permuted.extend_from_slice(&self.ascending[..keys]);
            for place in 0..places {
                self.permuted.swap(place, generator.random_range(place as u32..keys as u32) as usize);
            }
            for ((probability, score), lag) in near_probabilities.iter_mut().zip(&mut *near_scores).zip(&self.permuted)
            {
                let key = keys - 1 - *lag as usize;
                (*probability, *score) = (probabilities[key].wide(), scores[key].wide());
            }
            let oldest = keys - 1 - self.permuted[places - 1] as usize;
            shuffled.add(near_probabilities, near_scores, probabilities[oldest].wide());
        }
    }

    /// Adds what another recorder of the same head, lags and draws has seen: to rounding what
    /// recording its rows after one's own would give.
    ///
    /// # Errors
    /// The two differ in head, seed, lags or draws.
    pub fn merge(&mut self, other: &Self) -> Result<(), HeadsError> {
        let shape = |r: &Self| (r.identity, r.own.lags(), r.shuffled.len());
        if shape(self) != shape(other) {
            return Err(HeadsError::Merge { one: format!("{:?}", shape(self)), other: format!("{:?}", shape(other)) });
        }
        self.own.merge(&other.own);
        for (mine, theirs) in self.shuffled.iter_mut().zip(&other.shuffled) {
            mine.merge(theirs);
        }
        Ok(())
    }

    /// The means over all rows, of the head itself and of each shuffle.
    ///
    /// # Errors
    /// No row was recorded, or one was not finite.
    pub fn statistics(&self) -> Result<(Statistics, Vec<Statistics>), HeadsError> {
        if self.own.rows() == 0 {
            return Err(HeadsError::NoRows { head: self.identity, lags: self.own.lags() });
        }
        let own = self.own.statistics(&self.plan);
        if !own.is_finite() {
            return Err(HeadsError::NotFinite { head: self.identity });
        }
        Ok((own, self.shuffled.iter().map(|shuffled| shuffled.statistics(&self.plan)).collect()))
    }
}

fn newest_first<T: Real>(near: &mut [f64], row: &[T]) {
    near.iter_mut().zip(row.iter().rev()).for_each(|(near, value)| *near = value.wide());
}
