use super::{Analysis, Head, PerNull, Signal};

/// A metric over all heads of an analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
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
    pub fn summary(&self, signal: Signal, metric: &str) -> Option<Summary> {
        let ranked = self.ranked(signal, metric);
        let middle = |i: usize| ranked.get(i).map(|(_, value)| *value);
        let count = ranked.len();
        let median = (middle(count.checked_sub(1)? / 2)? + middle(count / 2)?) / 2.0;
        let measurements: Vec<_> = self.heads.iter().filter_map(|head| head.measurement(signal, metric)).collect();
        let each = PerNull { untrained: 0, shuffled: 1, dirichlet: 2, alibi: 3, sink: 4 };
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
        Some(Summary { lowest: middle(0)?, median, highest: middle(count - 1)?, nulls })
    }

    /// The heads in which the metric has a value, from the smallest to the largest; among equals, in
    /// the order of the model.
    pub fn ranked(&self, signal: Signal, metric: &str) -> Vec<(&Head, f64)> {
        let value = |head: &Head| head.measurement(signal, metric).and_then(|measurement| measurement.value);
        let mut ranked: Vec<_> = self.heads.iter().filter_map(|head| Some((head, value(head)?))).collect();
        ranked.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        ranked
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Comparison, Curves, Measurement, Protocol, SinkRule, Source, Taper, Transform, Whole};
    use super::*;
    use crate::signal::{Boundary, Norm};

    fn analysis(heads: &[(Option<f64>, Option<f64>)]) -> Analysis {
        let transform = Transform {
            wavelet: "ricker",
            parameters: BTreeMap::new(),
            norm: Norm::L2,
            boundary: Boundary::Reflect,
            scales: vec![],
            frequencies: vec![],
            cone: vec![],
        };
        let head = |(head, &(value, z)): (usize, &(Option<f64>, Option<f64>))| {
            let comparison =
                Comparison { mean: Some(head as f64), sd: Some(1.0), z, draws: 4, ..Comparison::default() };
            let nulls = PerNull { untrained: comparison, ..PerNull::default() };
            Head {
                layer: 0,
                head,
                rows: 1,
                curves: Curves::default(),
                lag_scalogram: vec![],
                spectrum_scalogram: vec![],
                null_curves: PerNull::default(),
                null_spreads: PerNull::default(),
                usage: vec![],
                labels: vec![],
                metrics: vec![Measurement {
                    signal: Signal::Profile,
                    metric: "mean_lag".into(),
                    unit: "token",
                    value,
                    interval: None,
                    nulls,
                }],
            }
        };
        Analysis {
            schema: "",
            checkpoint: Source {
                name: String::new(),
                family: String::new(),
                layers: 1,
                heads: vec![heads.len()],
                device: String::new(),
                dtype: String::new(),
            },
            protocol: Protocol {
                window: 8,
                lags: 8,
                sink: SinkRule::Kept,
                taper: Taper::None,
                draws: 4,
                untrained_seeds: 1,
                untrained_pools_heads: true,
                groups: 64,
                resamples: 0,
                seed: 0,
                band_edges: [0.125, 0.375],
                rotary: vec![],
                probes: None,
                lag_transform: transform.clone(),
                spectrum_transform: transform,
            },
            texts: vec![],
            metrics: vec![],
            heads: heads.iter().enumerate().map(head).collect(),
            layers: vec![],
            model: Whole::default(),
        }
    }

    #[test]
    fn a_summary_counts_the_heads_outside_of_a_null_model() {
        let heads = [(Some(5.0), Some(4.0)), (Some(1.0), Some(-3.5)), (None, None), (Some(2.0), Some(3.0))];
        let summary = analysis(&heads).summary(Signal::Profile, "mean_lag").unwrap();
        assert_eq!((summary.lowest, summary.median, summary.highest), (1.0, 2.0, 5.0));
        assert_eq!(summary.nulls.untrained, NullSummary { mean: Some(1.5), below: 1, above: 1, of: 3 });
        assert_eq!(summary.nulls.alibi, NullSummary::default());
        assert_eq!(analysis(&heads[..2]).summary(Signal::Profile, "mean_lag").unwrap().median, 3.0);
        assert_eq!(analysis(&[(None, None)]).summary(Signal::Profile, "mean_lag"), None);
        assert_eq!(analysis(&heads).summary(Signal::Head, "sink_mass"), None);
    }

    #[test]
    fn heads_are_ranked_from_the_smallest_value_and_equals_keep_their_order() {
        let analysis = analysis(&[(Some(5.0), None), (Some(1.0), None), (None, None), (Some(5.0), None)]);
        let ranked: Vec<usize> =
            analysis.ranked(Signal::Profile, "mean_lag").iter().map(|(head, _)| head.head).collect();
        assert_eq!(ranked, [1, 0, 3]);
    }
}
