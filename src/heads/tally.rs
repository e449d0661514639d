use std::sync::Arc;

use super::family::{View, values_of};
use super::layout::add;
use super::octaves::add_haar_energies;
use super::{Plan, Signal};
use crate::signal::PowerSum;

/// Adds rows to vectors of sums, which it is given one by one: plans and room to work in.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    plan: Arc<Plan>,
    power: PowerSum<f64>,
    /// Tapered signals on their way into a transform.
    tapered: [Vec<f64>; 2],
    scratch: Vec<f64>,
    values: Vec<Option<f64>>,
}

/// The entries of a row at the lags `0..N`: probabilities and scores, and the probability of key 0.
pub(super) struct Near<'a> {
    pub(super) entries: &'a [[f64; 2]],
    pub(super) sink: f64,
}

impl Tally {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        let lags = plan.lags();
        Self {
            plan: Arc::clone(plan),
            power: plan.power_sum().clone(),
            tapered: [vec![0.0; lags], vec![0.0; lags]],
            scratch: vec![0.0; lags],
            values: Vec::new(),
        }
    }

    /// Adds one row with more than `N` keys, or two: two take one transform.
    pub(super) fn add_near<'a>(&mut self, rows: impl ExactSizeIterator<Item = Near<'a>>, sums: &mut [f64]) {
        let Self { plan, power, tapered, scratch, .. } = self;
        let (layout, count) = (plan.layout(), rows.len());
        for (row, tapered) in rows.zip(tapered.iter_mut()) {
            sums[layout.rows.start] += 1.0;
            sums[layout.sink.start] += row.sink;
            for ((sum, tapered), entry) in sums[layout.profile.clone()].iter_mut().zip(&mut *tapered).zip(row.entries) {
                *sum += entry[0];
                *tapered = entry[0];
            }
            for (sum, entry) in sums[layout.scores.clone()].iter_mut().zip(row.entries) {
                *sum += entry[1];
            }
            add_haar_energies(tapered, scratch, &mut sums[layout.haar.clone()]);
            plan.tapered(tapered);
        }
        let [one, other] = tapered;
        power.add(one, (count > 1).then_some(other.as_slice()), &mut sums[layout.power.clone()]);
    }

    /// Adds a complete row of one of the queries `0..N`, by key position from 0 to the query.
    pub(super) fn add_complete(&mut self, row: &[f64], sums: &mut [f64]) {
        let layout = self.plan.layout();
        sums[layout.complete.start] += 1.0;
        add(&mut sums[layout.full.clone()], row);
        if row.len() == self.plan.lags() {
            self.add_row_metrics(row, sums);
        }
    }

    /// Adds the metrics of a complete row of query `N-1` alone.
    pub(super) fn add_row_metrics(&mut self, row: &[f64], sums: &mut [f64]) {
        let Self { plan, power, tapered: [tapered, _], scratch, values } = self;
        let layout = plan.layout();
        let mut haar = vec![0.0; plan.octaves()];
        add_haar_energies(row, scratch, &mut haar);
        tapered.copy_from_slice(row);
        plan.tapered(tapered);
        let mut bins = vec![0.0; plan.lags() / 2 + 1];
        power.add(tapered, None, &mut bins);
        values.clear();
        values_of(&View { signal: Signal::Row, values: row, power: &bins, haar: &haar, plan }, values);
        for (metric, value) in values.iter().enumerate() {
            if let Some(value) = value {
                sums[layout.row_values.start + metric] += value;
                sums[layout.row_counts.start + metric] += 1.0;
            }
        }
    }
}
