use super::{Analysis, Head, Metric, PerNull};

/// A metric over all heads of an analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The metric.
    pub metric: Metric,
    /// The smallest value.
    pub lowest: f64,
    /// The middle value, or the mean of the middle two.
    pub median: f64,
    /// The largest value.
    pub highest: f64,
    /// The null models.
    pub nulls: PerNull<NullSummary>,
}

/// What a null model gives over all heads, and how many heads lie outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NullSummary {
    /// Mean over the heads of the null model's mean; `None` where it has none for any head.
    pub mean: Option<f64>,
    /// Heads with `z < -3`.
    pub below: usize,
    /// Heads with `z > 3`.
    pub above: usize,
    /// Heads that have a z-score.
    pub of: usize,
}

impl Analysis {
    /// The metric over all heads in which it has a value; `None` where there is no such head.
    pub fn summary(&self, metric: Metric) -> Option<Summary> {
        let ranked = self.ranked(metric);
        let middle = |i: usize| ranked.get(i).map(|(_, value)| *value);
        let count = ranked.len();
        let median = (middle(count.checked_sub(1)? / 2)? + middle(count / 2)?) / 2.0;
        let measurements: Vec<_> = self.heads.iter().filter_map(|head| head.measurement(metric)).collect();
        let each = PerNull { untrained: 0, shuffled: 1, dirichlet: 2, alibi: 3 };
        let nulls = each.map(|&null| {
            let comparisons = || measurements.iter().map(|measurement| measurement.nulls.each()[null].1);
            let means: Vec<f64> = comparisons().filter_map(|comparison| comparison.mean).collect();
            let scores: Vec<f64> = comparisons().filter_map(|comparison| comparison.z).collect();
            NullSummary {
                mean: (!means.is_empty()).then(|| means.iter().sum::<f64>() / means.len() as f64),
                below: scores.iter().filter(|z| **z < -3.0).count(),
                above: scores.iter().filter(|z| **z > 3.0).count(),
                of: scores.len(),
            }
        });
        Some(Summary { metric, lowest: middle(0)?, median, highest: middle(count - 1)?, nulls })
    }

    /// The heads in which the metric has a value, from the smallest to the largest; among equals, in
    /// the order of the model.
    pub fn ranked(&self, metric: Metric) -> Vec<(&Head, f64)> {
        let value = |head: &Head| head.measurement(metric).and_then(|measurement| measurement.value);
        let mut ranked: Vec<_> = self.heads.iter().filter_map(|head| Some((head, value(head)?))).collect();
        ranked.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        ranked
    }
}
