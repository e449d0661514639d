use std::sync::Arc;

use super::exponential_window::{ExponentialWindow, Lengths};
use super::{Curves, Place, Plan, Statistics, Text};

/// The windows of all texts.
pub(super) struct Places {
    places: Vec<Place>,
    lengths: Lengths,
}

impl Places {
    pub(super) fn of(texts: &[Text]) -> Self {
        let of_text = |(text, windows): (usize, &[usize])| {
            windows.iter().enumerate().map(|(window, tokens)| (Place { text, window }, *tokens)).collect::<Vec<_>>()
        };
        let windows: Vec<(Place, usize)> =
            texts.iter().map(|text| text.windows.as_slice()).enumerate().flat_map(of_text).collect();
        Self { places: windows.iter().map(|(place, _)| *place).collect(), lengths: Lengths::of(&windows) }
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Those of so many groups that have a window.
    pub(super) fn groups(&self, groups: usize) -> Vec<usize> {
        let mut found: Vec<usize> = self.places.iter().map(|place| place.group(groups)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What the rows of these windows are where an exponential window makes them.
    pub(super) fn exponential(&self, window: ExponentialWindow, plan: &Arc<Plan>) -> Statistics {
        Statistics::of(&window.sums(plan, &self.lengths), plan)
    }
}

/// The draws of a null model: the metrics of each, and the moments of their curves.
#[derive(Clone, Default)]
pub(super) struct Drawn {
    values: Vec<Vec<Option<f64>>>,
    mean: Curves,
    /// Sums of squared deviations from the mean.
    squares: Curves,
}

impl Drawn {
    /// Computes the metrics of each draw.
    pub(super) fn of(draws: impl Iterator<Item = Statistics>, plan: &Plan) -> Self {
        let mut drawn = Self::default();
        draws.for_each(|draw| drawn.add(draw.values(plan), &draw));
        drawn
    }

    /// The same of draws whose metrics are known.
    pub(super) fn with_values<'a>(draws: impl Iterator<Item = (Vec<Option<f64>>, &'a Statistics)>) -> Self {
        let mut drawn = Self::default();
        draws.for_each(|(values, draw)| drawn.add(values, draw));
        drawn
    }

    /// Adds one draw, its curves by Welford's method.
    fn add(&mut self, values: Vec<Option<f64>>, draw: &Statistics) {
        self.values.push(values);
        let n = self.values.len() as f64;
        let curves = Curves::of(draw);
        if self.values.len() == 1 {
            self.squares = curves.map(|_| 0.0);
            self.mean = curves;
            return;
        }
        let means = self.mean.each_mut().into_iter().zip(self.squares.each_mut());
        for ((means, squares), curve) in means.zip(curves.each()) {
            for ((mean, square), x) in means.iter_mut().zip(squares).zip(curve) {
                let deviation = x - *mean;
                *mean += deviation / n;
                *square += deviation * (x - *mean);
            }
        }
    }

    /// The values that this metric has.
    pub(super) fn of_metric(&self, at: usize) -> Vec<f64> {
        self.values.iter().filter_map(|values| values[at]).collect()
    }

    /// Mean curves; empty without draws.
    pub(super) fn mean(&self) -> Curves {
        self.mean.clone()
    }

    /// Standard deviations of the curves; empty of fewer than two draws.
    pub(super) fn spread(&self) -> Curves {
        match self.values.len() {
            0 | 1 => Curves::default(),
            n => self.squares.map(|square| (square / (n - 1) as f64).sqrt()),
        }
    }
}

impl Curves {
    pub(super) fn of(statistics: &Statistics) -> Self {
        Self {
            lag_profile: statistics.lag_profile.clone(),
            score_profile: statistics.score_profile.clone(),
            spectrum: statistics.spectrum.clone(),
            full_profile: statistics.full_profile.clone(),
        }
    }

    fn each(&self) -> [&Vec<f64>; 4] {
        [&self.lag_profile, &self.score_profile, &self.spectrum, &self.full_profile]
    }

    fn each_mut(&mut self) -> [&mut Vec<f64>; 4] {
        [&mut self.lag_profile, &mut self.score_profile, &mut self.spectrum, &mut self.full_profile]
    }

    fn map(&self, f: impl Fn(&f64) -> f64) -> Self {
        let of = |curve: &[f64]| curve.iter().map(&f).collect();
        let [lag_profile, score_profile, spectrum, full_profile] = self.each().map(|curve| of(curve));
        Self { lag_profile, score_profile, spectrum, full_profile }
    }
}
