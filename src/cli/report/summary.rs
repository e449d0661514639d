use super::document::{Definition, Document, Head, Measurement};

/// A metric over all heads of an analysis.
pub(super) struct Summary<'a> {
    pub(super) definition: &'a Definition,
    /// The heads in which it has a value, from the smallest to the largest; among equals, in the order of the
    /// model.
    ranked: Vec<(&'a Head, &'a Measurement, f64)>,
}

/// How many heads lie outside of a null model.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Outside {
    /// Mean over the heads of the null model's mean.
    pub(super) mean: Option<f64>,
    /// Heads with `q < 0.05` that lie below the null model's mean.
    pub(super) below: usize,
    /// Heads with `q < 0.05` that lie above it.
    pub(super) above: usize,
    /// Heads that have a `q`.
    pub(super) of: usize,
}

/// Among the heads that are called different, the share that is expected to be so by chance.
pub(super) const FALSE_SHARE: f64 = 0.05;

impl Document {
    /// A metric of a head over all heads; `None` where no head has a value.
    pub(super) fn summary(&self, (signal, metric): (&str, &str)) -> Option<Summary<'_>> {
        let is = |d: &&Definition| d.level == "head" && d.signal == signal && d.metric == metric;
        let definition = self.metrics.iter().find(is)?;
        let of = |head| Head::measurement(head, (signal, metric)).and_then(|m| Some((head, m, m.value?)));
        let mut ranked: Vec<_> = self.heads.iter().filter_map(of).collect();
        ranked.sort_by(|one, other| one.2.total_cmp(&other.2));
        (!ranked.is_empty()).then_some(Summary { definition, ranked })
    }
}

impl Head {
    /// The measurement of this metric.
    pub(super) fn measurement(&self, (signal, metric): (&str, &str)) -> Option<&Measurement> {
        self.metrics.iter().find(|m| m.signal == signal && m.metric == metric)
    }
}

impl Summary<'_> {
    pub(super) fn lowest(&self) -> f64 {
        self.ranked[0].2
    }

    pub(super) fn highest(&self) -> f64 {
        self.ranked[self.ranked.len() - 1].2
    }

    /// The head in the middle, of two the lower one.
    pub(super) fn middle(&self) -> (&Head, &Measurement) {
        let (head, measurement, _) = self.ranked[(self.ranked.len() - 1) / 2];
        (head, measurement)
    }

    /// The middle value, or the mean of the middle two.
    pub(super) fn median(&self) -> f64 {
        let count = self.ranked.len();
        (self.ranked[(count - 1) / 2].2 + self.ranked[count / 2].2) / 2.0
    }

    pub(super) fn outside(&self, null: &str) -> Outside {
        let comparisons = || self.ranked.iter().map(|(_, measurement, _)| measurement.against(null));
        let means: Vec<f64> = comparisons().filter_map(|comparison| comparison.mean).collect();
        let judged: Vec<(f64, f64)> = comparisons().filter_map(|c| Some((c.z?, c.q?))).collect();
        let different = |sign: f64| judged.iter().filter(|(z, q)| *q < FALSE_SHARE && z * sign > 0.0).count();
        Outside {
            mean: (!means.is_empty()).then(|| means.iter().sum::<f64>() / means.len() as f64),
            below: different(-1.0),
            above: different(1.0),
            of: judged.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;

    fn document(heads: &[(Option<f64>, f64, f64)]) -> Document {
        let transform = json!({ "wavelet": "ricker", "scales": [1.0], "cone": [1.0] });
        let head = |(i, (value, z, q)): (usize, &(Option<f64>, f64, f64))| {
            let nulls = json!({ "sink": { "mean": i as f64, "sd": 1.0, "z": z, "p": q, "q": q } });
            let metric = json!({ "signal": "rows", "metric": "m", "value": value, "interval": null, "nulls": nulls });
            json!({ "layer": 0, "head": i, "rows": 1, "lag_profile": [], "score_profile": [], "spectrum": [], "metrics": [metric] })
        };
        let definition =
            json!({ "level": "head", "signal": "rows", "metric": "m", "unit": "1", "title": "t", "meaning": "" });
        let document = json!({
            "schema": "ropelet.analyze/1",
            "metrics": [definition],
            "checkpoint": { "name": "n", "family": "f", "layers": 1, "device": "cpu", "dtype": "f32" },
            "protocol": { "window": 8, "lags": 8, "draws": 1, "untrained_seeds": 1, "lag_transform": transform, "spectrum_transform": transform },
            "texts": [],
            "heads": heads.iter().enumerate().map(head).collect::<Vec<Value>>(),
        });
        Document::read(&serde_json::to_vec(&document).unwrap(), Path::new("f.json")).unwrap()
    }

    #[test]
    fn a_summary_counts_the_heads_that_differ_from_a_null_model_either_way() {
        let document =
            document(&[(Some(5.0), 4.0, 0.01), (Some(1.0), -3.5, 0.04), (None, 9.0, 0.01), (Some(2.0), 3.0, 0.06)]);
        let summary = document.summary(("rows", "m")).unwrap();
        assert_eq!((summary.lowest(), summary.median(), summary.highest()), (1.0, 2.0, 5.0));
        assert_eq!(summary.middle().0.head, 3);
        let outside = summary.outside("sink");
        assert_eq!((outside.below, outside.above, outside.of), (1, 1, 3));
        assert_eq!(summary.outside("alibi"), Outside::default());
        assert!(document.summary(("rows", "other")).is_none());
    }
}
