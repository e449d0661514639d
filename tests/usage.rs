//! Rotary pairs, frequency entropies, massive values and probe scores of heads, against transformers and numpy.

#![cfg(feature = "model")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ropelet::heads::{
    Analysis, Coordinates, Dirichlet, Head, Label, PairAxis, Place, Plan, Probe, Recorded, Recorder, Settings, Signal,
    SinkRule, Source, Taper, Text, analyze,
};
use ropelet::model::{Checkpoint, Decoder, Device, Precision, coordinates, probes, read_probes, record};
use ropelet::numeric::{Pairing, Real, gamma};
use ropelet::rope::Frequencies;
use ropelet::wavelet::Ricker;
use serde_json::Value;

const HERE: &str = "tests/data/heads";

fn tokens(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as u32).collect()
}

/// A checkpoint and the tokens of its windows.
struct Case {
    checkpoint: Checkpoint,
    reference: Value,
    windows: Vec<Vec<u32>>,
}

impl Case {
    /// The cases of `usage.json`.
    fn all() -> Vec<Self> {
        let reference = fs::read_to_string(Path::new(HERE).join("usage.json")).unwrap();
        let Value::Array(cases) = serde_json::from_str(&reference).unwrap() else { panic!("a list of cases") };
        cases.into_iter().map(Self::new).collect()
    }

    fn new(reference: Value) -> Self {
        let checkpoint = Checkpoint::open(Path::new(HERE).join(reference["folder"].as_str().unwrap())).unwrap();
        let windows = match reference["tokens"].as_array() {
            Some(windows) => windows.iter().map(tokens).collect(),
            None => {
                let text = fs::read_to_string(Path::new(HERE).join(reference["text"].as_str().unwrap())).unwrap();
                let tokens = checkpoint.tokenizer().unwrap().encode(&text).unwrap();
                let windows = tokens.chunks(reference["window"].as_u64().unwrap() as usize);
                windows.filter(|window| window.len() > 64).map(<[u32]>::to_vec).collect()
            }
        };
        Self { checkpoint, reference, windows }
    }

    fn lags(&self) -> usize {
        self.reference["lags"].as_u64().unwrap() as usize
    }

    fn coordinates(&self) -> Vec<Arc<Coordinates>> {
        coordinates(self.checkpoint.spec(), self.windows[0].len(), self.lags()).unwrap()
    }

    /// Everything about the heads, where each window is a text of its own.
    fn analysis(&self, layers: &[Arc<Coordinates>], probes: &[Probe], draws: usize) -> Analysis {
        let spec = self.checkpoint.spec();
        let plan = Arc::new(Plan::new(self.lags(), SinkRule::Kept, Taper::None).unwrap());
        let heads: Vec<usize> = spec.layers.iter().map(|layer| layer.attention.heads).collect();
        let with_pairs = |recorder: Recorder| {
            let layer = recorder.identity().layer;
            recorder.with_pairs(&layers[layer])
        };
        let mut recorders: Vec<Recorder> =
            Recorder::each(&heads, &plan, 4, draws, 0).into_iter().map(with_pairs).collect();
        let decoder = Decoder::new(&self.checkpoint, &Device::CPU, Precision::F64).unwrap();
        let places: Vec<Place> = (0..self.windows.len()).map(|text| Place { text, window: 0 }).collect();
        record(&decoder, &self.windows, &places, &mut recorders, &|_| ()).unwrap();
        read_probes(&decoder, probes, &mut recorders).unwrap();
        let mut dirichlet = Dirichlet::new(&plan, draws, 0);
        let window = self.windows[0].len();
        let text = |(place, tokens): (&Place, &Vec<u32>)| {
            dirichlet.window(*place, tokens.len());
            Text::cut(String::new(), tokens.len(), window, plan.lags())
        };
        let texts = places.iter().zip(&self.windows).map(text).collect();
        let source = Source {
            name: String::new(),
            family: spec.family.to_owned(),
            layers: heads.len(),
            heads,
            device: "cpu".to_owned(),
            dtype: "f64".to_owned(),
        };
        let settings = Settings { window, plan, pool_untrained_heads: true, seed: 0, wavelet: Box::new(Ricker) };
        let recorded = Recorded { trained: &recorders, untrained: &[], dirichlet: &dirichlet };
        analyze(&settings, source, texts, recorded).unwrap()
    }

    fn probes(&self) -> Vec<Probe> {
        let probes = self.reference["probes"].as_array().unwrap();
        probes.iter().map(|once| Probe::new(&tokens(once))).collect()
    }

    /// The largest error of each kind of metric over the heads: counts, and all others.
    fn errors(&self, analysis: &Analysis) -> [f64; 2] {
        let expected = self.reference["heads"].as_array().unwrap();
        assert_eq!(analysis.heads.len(), expected.len());
        let mut worst = [0.0f64; 2];
        for (own, expected) in analysis.heads.iter().zip(expected) {
            for (usage, expected) in own.usage.iter().zip(expected["usage"].as_array().unwrap()) {
                let expected = expected.as_f64().unwrap();
                worst[1] = worst[1].max((usage - expected).abs() / expected);
            }
            for (metric, expected) in expected["metrics"].as_object().unwrap() {
                let error = (value(own, metric) - expected.as_f64().unwrap()).abs();
                let counts = ["key_band", "massive_queries", "massive_keys", "retrieval"].contains(&metric.as_str());
                let place = usize::from(!counts);
                worst[place] = worst[place].max(error);
            }
        }
        worst
    }
}

fn value(head: &Head, metric: &str) -> f64 {
    let signals = [Signal::Pairs, Signal::Head, Signal::Scores];
    let found = signals.into_iter().find_map(|signal| head.measurement(signal, metric));
    found.unwrap_or_else(|| panic!("no {metric}")).value.unwrap_or_else(|| panic!("{metric} has no value"))
}

/// Both sides add at most 688 products in each of four projections of six layers. Usage and entropies are means of what
/// that gives, and the residual of a profile is a difference of numbers up to a hundred times as large, squared.
fn bound() -> f64 {
    1e4 * gamma(6 * 4 * 688, f64::UNIT_ROUNDOFF)
}

#[test]
fn pairs_and_probes_are_those_of_transformers_and_numpy() {
    for case in Case::all() {
        let folder = case.reference["folder"].clone();
        let analysis = case.analysis(&case.coordinates(), &case.probes(), 0);
        let axis = &analysis.protocol.rotary[0];
        let theory = case.reference["theory_pair"].as_f64().unwrap();
        assert!((axis.theory_pair.unwrap() - theory).abs() < 1e-12 * theory.abs(), "{folder}");
        assert_eq!(axis.span_rank as u64, case.reference["rank"].as_u64().unwrap(), "{folder}");
        let errors = case.errors(&analysis);
        assert!(errors[0] < 1e-12 && errors[1] <= bound(), "{folder}: {errors:?}");
    }
}

#[test]
fn the_other_pairing_and_another_base_are_told_from_the_right_ones() {
    let case = Case::all().swap_remove(0);
    let right = case.coordinates();
    let with = |frequencies: Frequencies, pairing: Pairing| -> Vec<Arc<Coordinates>> {
        let axis = PairAxis::new(frequencies, pairing, 1024, case.lags());
        let layer =
            |layer: &Arc<Coordinates>| Arc::new(Coordinates { head_dim: layer.head_dim, rotary: Some(axis.clone()) });
        right.iter().map(layer).collect()
    };
    let theta = |base: f64| Frequencies::of((0..32).map(|i| base.powf(-f64::from(i) / 32.0)).collect(), 1.0).unwrap();
    for wrong in [with(theta(1e4), Pairing::Interleaved), with(theta(5e5), Pairing::HalfSplit)] {
        let errors = case.errors(&case.analysis(&wrong, &case.probes(), 0));
        assert!(errors[1] > 1e3 * bound(), "{errors:?}");
    }
}

/// What the trained checkpoint is known to have: heads that read the token before, and one in a later layer that finds
/// what followed.
#[test]
fn the_trained_heads_are_labelled() {
    let case = Case::all().swap_remove(0);
    let all = probes(case.checkpoint.spec(), 0);
    let analysis = case.analysis(&case.coordinates(), &all, 100);
    let labelled = |label: Label| -> Vec<(usize, usize)> {
        let heads = analysis.heads.iter().filter(|head| head.labels.contains(&label));
        heads.map(|head| (head.layer, head.head)).collect()
    };
    assert_eq!(labelled(Label::PreviousToken), [(1, 3), (2, 0)]);
    // Head 0 of layer 3 matches as well, about as often as the threshold.
    let induction = labelled(Label::Induction);
    assert!(induction == [(3, 1)] || induction == [(3, 0), (3, 1)], "{induction:?}");
    let outcome = analysis.protocol.probes.unwrap();
    assert_eq!((outcome.probes, outcome.period), (8, 64));
    // No label without something to compare with.
    let bare = case.analysis(&case.coordinates(), &all, 0);
    assert!(bare.heads.iter().all(|head| head.labels.is_empty()));
    // Every number has its null models, where they mean anything.
    for head in &analysis.heads {
        let of = |signal, metric| &head.measurement(signal, metric).unwrap().nulls;
        let usage = of(Signal::Pairs, "usage_centroid");
        assert_eq!(
            [usage.shuffled.draws, usage.dirichlet.draws, usage.alibi.draws, usage.sink.draws],
            [100, 100, 0, 0]
        );
        let induction = of(Signal::Head, "induction");
        let draws = [induction.shuffled.draws, induction.dirichlet.draws, induction.alibi.draws, induction.sink.draws];
        assert_eq!(draws, [100; 4]);
        assert!(of(Signal::Scores, "rotary_residual").dirichlet.z.is_some());
        assert!(of(Signal::Pairs, "query_peak").shuffled.exact);
        let interval = head.measurement(Signal::Pairs, "usage_centroid").unwrap();
        let [low, high] = interval.interval.unwrap();
        assert!((low..=high).contains(&interval.value.unwrap()));
    }
    // White noise in 64 lags leaves what the rank says.
    let residuals: Vec<f64> = analysis
        .heads
        .iter()
        .map(|head| head.measurement(Signal::Scores, "rotary_residual").unwrap().nulls.dirichlet.mean.unwrap())
        .collect();
    let expected = analysis.protocol.rotary[0].white_noise_residual;
    assert!(residuals.iter().all(|mean| (mean - expected).abs() < 0.05), "{residuals:?} {expected}");
}

#[test]
fn a_model_that_does_not_rotate_has_massive_values_and_no_pairs() {
    let reference = serde_json::json!({ "folder": "../models/bloom", "lags": 16, "window": 64,
        "tokens": [(0..64).map(|i| i * 7 % 64).collect::<Vec<_>>()], "probes": [[1, 2, 3, 4]], "heads": [] });
    let case = Case::new(reference);
    let analysis = case.analysis(&case.coordinates(), &case.probes(), 20);
    assert!(analysis.protocol.rotary.is_empty());
    assert_eq!(analysis.protocol.probes.unwrap().period, 4);
    let names: Vec<&str> = analysis
        .metrics
        .iter()
        .filter(|definition| definition.signal == Signal::Pairs)
        .map(|definition| definition.metric.as_ref())
        .collect();
    assert_eq!(names, ["massive_queries", "massive_keys", "query_peak", "key_peak"]);
    assert!(analysis.heads.iter().all(|head| head.usage.is_empty() && value(head, "query_peak") >= 1.0));
    assert!(analysis.definition(Signal::Scores, "rotary_residual").is_none());
}
