use super::{Analysis, Head, Signal};

impl Analysis {
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

    use super::super::{Curves, Measurement, PerNull, Protocol, SinkRule, Source, Taper, Transform, Whole};
    use super::*;
    use crate::signal::{Boundary, Norm};

    fn analysis(values: &[Option<f64>]) -> Analysis {
        let transform = Transform {
            wavelet: "ricker",
            parameters: BTreeMap::new(),
            norm: Norm::L2,
            boundary: Boundary::Reflect,
            scales: vec![],
            frequencies: vec![],
            cone: vec![],
        };
        let head = |(head, &value): (usize, &Option<f64>)| Head {
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
                nulls: PerNull::default(),
            }],
        };
        Analysis {
            schema: "",
            checkpoint: Source {
                name: String::new(),
                family: String::new(),
                layers: 1,
                heads: vec![values.len()],
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
            heads: values.iter().enumerate().map(head).collect(),
            layers: vec![],
            model: Whole::default(),
        }
    }

    #[test]
    fn heads_are_ranked_from_the_smallest_value_and_equals_keep_their_order() {
        let analysis = analysis(&[Some(5.0), Some(1.0), None, Some(5.0)]);
        let ranked: Vec<usize> =
            analysis.ranked(Signal::Profile, "mean_lag").iter().map(|(head, _)| head.head).collect();
        assert_eq!(ranked, [1, 0, 3]);
    }
}
