//! The decoder on a GPU against the same decoder on the CPU. Needs one to run:
//!
//! ```text
//! cargo test --release --features cuda --test cuda
//! ```
//!
//! Without the feature there is nothing here, so that everything passes where no GPU is.
#![cfg(feature = "cuda")]

use std::collections::BTreeMap;
use std::error::Error;

use ropelet::model::{Block, Checkpoint, Decoder, Device, Precision, Select, Sink, Site};

/// Relative to the folder of the package, where tests run, so that the built test can be carried to
/// a machine with a GPU and no compiler.
const LLAMA: &str = "tests/data/llama";

/// Values by tap and by the texts and rows of the block that they came in.
#[derive(Default)]
struct Everything(BTreeMap<(String, usize), Vec<f64>>);

impl Sink for Everything {
    fn want(&self, _site: Site) -> Option<Select> {
        Some(Select { future_keys: true, ..Select::all() })
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let values = block.to_vec::<f64>()?;
        // A block holds its texts one after another; texts are batched differently by device.
        let each = values.len() / block.texts.len();
        for (&text, values) in block.texts.iter().zip(values.chunks_exact(each)) {
            self.0.entry((block.site.to_string(), text)).or_default().extend(values);
        }
        Ok(())
    }
}

fn run(device: &str, precision: Precision, texts: &[Vec<u32>]) -> BTreeMap<(String, usize), Vec<f64>> {
    let checkpoint = Checkpoint::open(LLAMA).unwrap();
    let mut sink = Everything::default();
    Decoder::new(&checkpoint, &device.parse::<Device>().unwrap(), precision).unwrap().run(texts, &mut sink).unwrap();
    sink.0
}

/// Two texts of one length, which are a batch on the GPU, and a shorter one.
fn texts() -> Vec<Vec<u32>> {
    [(0, 200), (1, 200), (2, 77)]
        .map(|(seed, length): (u32, u32)| {
            (0..length).map(|at| 3 + (37 * at * at + 11 * at + 501 * seed) % 4000).collect()
        })
        .to_vec()
}

/// The largest absolute difference, and where it is; infinite where a value is not a number.
fn difference(one: &BTreeMap<(String, usize), Vec<f64>>, other: &BTreeMap<(String, usize), Vec<f64>>) -> (f64, String) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let mut worst = (0.0, String::new());
    for ((site, text), values) in one {
        let others = &other[&(site.clone(), *text)];
        assert_eq!(values.len(), others.len(), "{site} of text {text}");
        for (a, b) in values.iter().zip(others) {
            let apart = (a - b).abs();
            let apart = if apart.is_nan() { f64::INFINITY } else { apart };
            if apart > worst.0 {
                worst = (apart, format!("{site} of text {text}"));
            }
        }
    }
    worst
}

#[test]
fn single_precision_on_the_gpu_is_within_a_thousandth_of_the_cpu() {
    let texts = texts();
    let cpu = run("cpu", Precision::F32, &texts);
    let (apart, site) = difference(&cpu, &run("cuda", Precision::F32, &texts));
    assert!(apart <= 1e-3, "{site} is off by {apart}");
    // The control: one other token in one text.
    let mut changed = texts.clone();
    changed[1][100] += 1;
    assert!(difference(&cpu, &run("cuda", Precision::F32, &changed)).0 > 1e-3);
}

#[test]
fn double_precision_on_the_gpu_differs_by_rounding_alone() {
    // If the difference in single precision were a mistake, it would not fall by eight digits.
    let (apart, site) = difference(&run("cpu", Precision::F64, &texts()), &run("cuda", Precision::F64, &texts()));
    assert!(apart <= 1e-9, "{site} is off by {apart}");
}

#[test]
fn half_precisions_stay_near() {
    let cpu = run("cpu", Precision::F32, &texts());
    for precision in [Precision::Bf16, Precision::F16] {
        // The residual stream reaches the size of tens, where bf16 numbers are a quarter apart; the
        // probabilities are what the analysis reads.
        let gpu = run("cuda", precision, &texts());
        let attention = |values: &BTreeMap<(String, usize), Vec<f64>>| -> BTreeMap<(String, usize), Vec<f64>> {
            values
                .iter()
                .filter(|((site, _), _)| site.ends_with("attention"))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        };
        let (apart, site) = difference(&attention(&cpu), &attention(&gpu));
        assert!(apart <= 0.25, "{precision}: {site} is off by {apart}");
    }
}
