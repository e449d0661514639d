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
use std::sync::Arc;

use ropelet::heads::{Place, Plan, Recorder, SinkRule, Taper};
use ropelet::model::{
    Block, Budget, Checkpoint, Decoder, Device, Devices, HeadSums, ModelError, Precision, Reduced, Reduction, Select,
    Sink, Site, Tap, record,
};

/// Relative to the folder of the package, where tests run, so that the built test can be carried to
/// a machine with a GPU and no compiler.
const LLAMA: &str = "tests/data/llama";

/// Rows of values by tap, text, head and row: devices cut the same tap into different blocks.
#[derive(Default)]
struct Everything {
    values: Values,
    /// Without scores and probabilities, so that the kernels that do not store them are used.
    flash: bool,
}

type Values = BTreeMap<(String, usize, usize, usize), Vec<f64>>;

impl Sink for Everything {
    fn want(&self, site: Site) -> Option<Select> {
        let of_keys = matches!(site.tap, Tap::Scores | Tap::Bias | Tap::Attention);
        (!(self.flash && of_keys)).then_some(Select { future_keys: true, ..Select::all() })
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let values = block.to_vec::<f64>()?;
        for (text, head, plane) in block.planes(&values) {
            for (row, values) in block.rows.clone().zip(plane.chunks_exact(block.columns)) {
                self.values.insert((block.site.to_string(), text, head, row), values.to_vec());
            }
        }
        Ok(())
    }
}

fn run(device: &str, precision: Precision, texts: &[Vec<u32>]) -> Values {
    run_on(device.parse().unwrap(), Budget::Least, precision, texts, false)
}

fn run_flash(device: &str, precision: Precision, texts: &[Vec<u32>]) -> Values {
    run_on(device.parse().unwrap(), Budget::Least, precision, texts, true)
}

fn run_on(devices: Devices, budget: Budget, precision: Precision, texts: &[Vec<u32>], flash: bool) -> Values {
    let checkpoint = Checkpoint::open(LLAMA).unwrap();
    let mut sink = Everything { values: Values::new(), flash };
    let decoder = Decoder::new(&checkpoint, devices, precision).unwrap().with_budget(budget).unwrap();
    // Again, with what the first run has kept.
    decoder.run(texts, &mut Everything::default()).unwrap();
    decoder.run(texts, &mut sink).unwrap();
    sink.values
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
fn difference(one: &Values, other: &Values) -> (f64, String) {
    assert!(one.keys().eq(other.keys()));
    let mut worst = (0.0, String::new());
    for (place, values) in one {
        let others = &other[place];
        assert_eq!(values.len(), others.len(), "{place:?}");
        for (a, b) in values.iter().zip(others) {
            let apart = (a - b).abs();
            let apart = if apart.is_nan() { f64::INFINITY } else { apart };
            if apart > worst.0 {
                worst = (apart, format!("{place:?}"));
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
        let attention = |values: &Values| -> Values {
            values
                .iter()
                .filter(|(place, _)| place.0.ends_with("attention"))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        };
        let (apart, site) = difference(&attention(&cpu), &attention(&gpu));
        assert!(apart <= 0.25, "{precision}: {site} is off by {apart}");
    }
}

#[test]
fn layers_on_several_gpus_give_what_one_gives() {
    let one = |name: &str| name.parse::<Device>();
    // A second handle stands in for a second GPU where there is none.
    let second = one("cuda:1").or_else(|_| one("cuda:0")).unwrap();
    let devices = Devices::new(one("cuda:0").unwrap(), [second]);
    let texts = texts();
    for precision in [Precision::F32, Precision::Bf16] {
        let expected = run("cuda", precision, &texts);
        for budget in [Budget::Least, Budget::Bytes(30_000_000), Budget::All] {
            let (apart, site) = difference(&expected, &run_on(devices.clone(), budget, precision, &texts, false));
            assert!(apart == 0.0, "{precision}, {budget:?}: {site} is off by {apart}");
        }
    }
    // The control: another order of what is read.
    let reversed: Vec<_> = texts.iter().map(|text| text.iter().rev().copied().collect()).collect();
    assert!(
        difference(
            &run("cuda", Precision::F32, &texts),
            &run_on(devices, Budget::All, Precision::F32, &reversed, false)
        )
        .0 > 1e-3
    );
}

/// Sums of every layer's attention, and nothing else: what the kernels without scores serve.
#[derive(Default)]
struct Sums(Vec<(usize, HeadSums)>);

impl Sink for Sums {
    fn want(&self, _site: Site) -> Option<Select> {
        None
    }

    fn put(&mut self, _block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn reduce(&self, _layer: usize) -> Option<Reduction> {
        Some(Reduction { first_row: 3, spectrum: Some(64) })
    }

    fn put_reduced(&mut self, reduced: Reduced) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.extend(reduced.sums()?.into_iter().map(|sums| (reduced.layer, sums)));
        Ok(())
    }
}

fn sums(device: &str, precision: Precision, texts: &[Vec<u32>]) -> Vec<(usize, HeadSums)> {
    let checkpoint = Checkpoint::open(LLAMA).unwrap();
    let mut sink = Sums::default();
    Decoder::new(&checkpoint, &device.parse::<Device>().unwrap(), precision).unwrap().run(texts, &mut sink).unwrap();
    sink.0.sort_by_key(|(layer, sums)| (*layer, sums.text, sums.head));
    sink.0
}

/// The largest difference of a kind of sum, relative to the largest sum of its kind in the head.
fn apart(one: &[(usize, HeadSums)], other: &[(usize, HeadSums)]) -> f64 {
    assert_eq!(one.len(), other.len());
    let kinds = |sums: &HeadSums| {
        let single = vec![sums.entropy];
        [
            sums.probability.clone(),
            sums.score.clone(),
            sums.score_square.clone(),
            sums.power.clone(),
            single,
            vec![sums.sink],
        ]
    };
    let mut worst = 0.0f64;
    for ((layer, a), (other_layer, b)) in one.iter().zip(other) {
        assert_eq!((layer, a.text, a.head), (other_layer, b.text, b.head));
        for (a, b) in kinds(a).iter().zip(&kinds(b)) {
            assert_eq!(a.len(), b.len());
            let size = b.iter().fold(0.0f64, |size, x| size.max(x.abs()));
            for (a, b) in a.iter().zip(b) {
                let apart = (a - b).abs() / size;
                worst = worst.max(if apart.is_nan() { f64::INFINITY } else { apart });
            }
        }
    }
    worst
}

#[test]
fn sums_of_attention_on_the_gpu_are_those_of_the_cpu() {
    let texts = texts();
    let cpu = sums("cpu", Precision::F32, &texts);
    let gpu = sums("cuda", Precision::F32, &texts);
    assert!(apart(&gpu, &cpu) <= 1e-3, "{}", apart(&gpu, &cpu));
    assert_eq!(gpu, sums("cuda", Precision::F32, &texts), "the same texts give the same bytes");
    // In f64 there is no kernel, and blocks are summed on the processor.
    let wide = [sums("cpu", Precision::F64, &texts), sums("cuda", Precision::F64, &texts)];
    assert!(apart(&wide[1], &wide[0]) <= 1e-9, "{}", apart(&wide[1], &wide[0]));
    // The control: one other token in one text.
    let mut changed = texts.clone();
    changed[1][100] += 1;
    assert!(apart(&sums("cuda", Precision::F32, &changed), &cpu) > 1e-3);
}

#[test]
fn the_kernels_that_store_no_score_agree_with_the_cpu() {
    let texts = texts();
    let cpu = run_flash("cpu", Precision::F32, &texts);
    let (apart, site) = difference(&cpu, &run_flash("cuda", Precision::F32, &texts));
    assert!(apart <= 1e-3, "{site} is off by {apart}");
    // In bf16 and f16 the path that stores scores is as far from f32 as this one, by its projections.
    for precision in [Precision::Bf16, Precision::F16] {
        let (stored, _) = difference(&cpu, &without_keys(run("cuda", precision, &texts)));
        let (flash, site) = difference(&cpu, &run_flash("cuda", precision, &texts));
        assert!(flash <= 2.0 * stored, "{precision}: {site} is off by {flash}, with stored scores by {stored}");
    }
}

fn without_keys(values: Values) -> Values {
    let of_keys = |name: &str| ["scores", "bias", "attention"].iter().any(|tap| name.ends_with(&format!(".{tap}")));
    values.into_iter().filter(|(place, _)| !of_keys(&place.0)).collect()
}

#[test]
fn a_value_that_is_not_finite_is_found_where_it_is_made() {
    for precision in [Precision::F32, Precision::Bf16, Precision::F16, Precision::F64] {
        let checkpoint = Checkpoint::open(LLAMA).unwrap().with_spec(|spec| spec.layers[3].attention.scale = f64::NAN);
        let device = "cuda".parse::<Device>().unwrap();
        let decoder = Decoder::new(&checkpoint, &device, precision).unwrap();
        for flash in [false, true] {
            let mut sink = Everything { values: Values::new(), flash };
            match decoder.run(&texts(), &mut sink) {
                Err(ModelError::NonFinite { site, .. }) => assert_eq!(site.to_string(), "layers.3.scores"),
                other => panic!("{precision}: {other:?}"),
            }
        }
    }
}

/// What `analyze` records of the rows of every head, with shuffles.
fn recorded(device: &str, precision: Precision, texts: &[Vec<u32>], seed: u64) -> Vec<Recorder> {
    let checkpoint = Checkpoint::open(LLAMA).unwrap();
    let plan = Arc::new(Plan::new(32, SinkRule::Kept, Taper::Hann).unwrap());
    let heads: Vec<usize> = checkpoint.spec().layers.iter().map(|layer| layer.attention.heads).collect();
    let mut recorders = Recorder::each(&heads, &plan, 2, 5, seed);
    let places: Vec<Place> = (0..texts.len()).map(|text| Place { text, window: 0 }).collect();
    let decoder = Decoder::new(&checkpoint, &device.parse::<Device>().unwrap(), precision).unwrap();
    record(&decoder, texts, &places, &mut recorders, &|_| ()).unwrap();
    recorders
}

/// The largest difference of a kind of sum, relative to the largest sum of its kind: of the rows themselves, and of shuffles.
fn apart_in_rows(one: &[Recorder], other: &[Recorder]) -> [f64; 2] {
    let mut worst = [0.0_f64; 2];
    for (one, other) in one.iter().zip(other) {
        let layout = one.plan().layout();
        for (which, worst) in worst.iter_mut().enumerate() {
            let sums =
                one.sums()[which].chunks_exact(layout.width()).zip(other.sums()[which].chunks_exact(layout.width()));
            for (one, other) in sums {
                let kinds = [&layout.rows, &layout.sink, &layout.profile, &layout.scores, &layout.power, &layout.haar];
                for range in kinds.into_iter().chain([&layout.complete, &layout.full]) {
                    let size = other[range.clone()].iter().fold(0.0_f64, |size, x| size.max(x.abs()));
                    for (one, other) in one[range.clone()].iter().zip(&other[range.clone()]) {
                        let apart = (one - other).abs() / size.max(f64::MIN_POSITIVE);
                        *worst = worst.max(if apart.is_nan() { f64::INFINITY } else { apart });
                    }
                }
            }
        }
    }
    worst
}

#[test]
fn rows_that_stay_on_the_gpu_are_recorded_as_on_the_cpu() {
    let texts = texts();
    for (precision, bound) in [(Precision::F32, 1e-3), (Precision::F64, 1e-9)] {
        let cpu = recorded("cpu", precision, &texts, 1);
        let gpu = recorded("cuda", precision, &texts, 1);
        let apart = apart_in_rows(&gpu, &cpu);
        assert!(apart.iter().all(|apart| *apart <= bound), "{precision}: {apart:?}");
        // The control: the same rows shuffled otherwise.
        let [own, shuffled] = apart_in_rows(&recorded("cuda", precision, &texts, 2), &cpu);
        assert!(own <= bound && shuffled > bound, "{precision}: {own} {shuffled}");
        // The same texts give the same bytes.
        let again = recorded("cuda", precision, &texts, 1);
        assert!(again.iter().zip(&gpu).all(|(again, gpu)| again.sums() == gpu.sums()));
    }
}
