//! How much of a checkpoint is in memory, and where, changes no value.
#![cfg(feature = "model")]

use std::error::Error;

use ropelet::model::{
    Block, Budget, Checkpoint, Decoder, Device, Devices, ModelError, Precision, Select, Sink, Site, Tap,
};

const LLAMA: &str = "tests/data/llama";

/// Keeps what a pass ends in, and counts its layers.
#[derive(Default)]
struct Ends {
    values: Vec<f64>,
    layers: Vec<usize>,
}

impl Sink for Ends {
    fn want(&self, site: Site) -> Option<Select> {
        matches!(site.tap, Tap::Final | Tap::Logits).then(Select::all)
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.values.extend(block.to_vec::<f64>()?);
        Ok(())
    }

    fn after_layer(&mut self, layer: usize) {
        self.layers.push(layer);
    }
}

fn texts() -> Vec<Vec<u32>> {
    [(0u32, 20u32), (1, 20), (2, 7)]
        .map(|(seed, length)| (0..length).map(|at| (37 * at * at + 11 * at + 501 * seed) % 4096).collect())
        .to_vec()
}

/// What three runs with one decoder end in.
fn runs(decoder: &Decoder<'_>) -> [Vec<f64>; 3] {
    std::array::from_fn(|_| {
        let mut sink = Ends::default();
        decoder.run(&texts(), &mut sink).unwrap();
        assert_eq!(sink.layers, [0, 1, 2, 3, 4, 5]);
        sink.values
    })
}

#[test]
fn every_budget_gives_the_same_bits() {
    let checkpoint = Checkpoint::open(LLAMA).unwrap();
    let on = |devices: Devices, budget| {
        runs(&Decoder::new(&checkpoint, devices, Precision::F32).unwrap().with_budget(budget).unwrap())
    };
    let expected = on(Devices::from(&Device::CPU), Budget::Least);
    assert!(expected[1] == expected[0] && expected[2] == expected[0]);
    // A layer has 724,736 weights, the embedding 1,048,576: nothing stays but one is read ahead, some
    // layers stay, all, and the head too.
    for budget in ["5MB", "6MB", "12MB", "18MB", "23MB", "all"] {
        assert_eq!(on(Devices::from(&Device::CPU), budget.parse().unwrap()), expected, "{budget}");
    }
    for budget in ["all", "15MB", "30MB"] {
        let three = Devices::new(Device::CPU, [Device::CPU, Device::CPU]);
        assert_eq!(on(three, budget.parse().unwrap()), expected, "{budget} on three devices");
    }
    // The control: another model.
    let fresh = checkpoint.untrained(0);
    assert_ne!(runs(&Decoder::new(&fresh, &Device::CPU, Precision::F32).unwrap()), expected);
}

#[test]
fn untrained_weights_are_the_same_read_by_rows_or_whole() {
    let checkpoint = Checkpoint::open(LLAMA).unwrap().untrained(3);
    let on =
        |budget| runs(&Decoder::new(&checkpoint, &Device::CPU, Precision::F64).unwrap().with_budget(budget).unwrap());
    assert_eq!(on(Budget::Least), on(Budget::All));
}

#[test]
fn a_budget_below_one_layer_says_what_is_needed() {
    let checkpoint = Checkpoint::open(LLAMA).unwrap();
    // The error in full is large.
    let with = |bytes| match Decoder::new(&checkpoint, &Device::CPU, Precision::F32).unwrap().with_budget(bytes) {
        Ok(_) => None,
        Err(ModelError::Budget { asked, reason }) => Some((asked, reason)),
        Err(other) => panic!("{other}"),
    };
    // Weights of 256 hidden, 4 heads of 64 that share 2, 688 in the feed-forward: 4 bytes each; and the head.
    let layer = 4 * (256 + 256 * 256 + 2 * 128 * 256 + 256 * 256 + 256 + 3 * 688 * 256);
    let needed = u64::max(layer, 4 * 4096 * 256);
    assert_eq!(with(Budget::Bytes(needed)), None);
    let (asked, reason) = with(Budget::Bytes(needed - 1)).expect("one byte less is too little");
    assert_eq!(asked, needed - 1);
    assert!(reason.contains(&format!("give at least {needed} ")), "{reason}");
}

#[test]
fn layers_are_placed_by_their_size() {
    let checkpoint = Checkpoint::open(LLAMA).unwrap();
    let placement = |count: usize| {
        let devices = Devices::new(Device::CPU, (1..count).map(|_| Device::CPU));
        Decoder::new(&checkpoint, devices, Precision::F32).unwrap().placement().clone()
    };
    assert_eq!(placement(1).ranges(), std::slice::from_ref(&(0..6)));
    // The head weighs 1.4 layers: 7.4 layers in three shares of 2.5.
    assert_eq!(placement(3).ranges(), [0..2, 2..5, 5..6]);
}

/// Peak memory, from a process of its own for each run: a peak cannot be taken back.
#[cfg(target_os = "linux")]
mod peak {
    use std::collections::BTreeMap;
    use std::env;
    use std::fs::{self, File};
    use std::io::Write;
    use std::path::Path;
    use std::process::Command;

    use ropelet::model::{Request, TapFile};
    use serde_json::{Map, json};

    use super::*;

    const HIDDEN: usize = 768;
    const INNER: usize = 3072;
    const LAYERS: usize = 12;
    const VOCABULARY: usize = 8192;
    const TOKENS: u32 = 64;
    /// One layer's weights in `f32`: 38 MB.
    const LAYER: u64 = 4 * (2 * HIDDEN + 4 * HIDDEN * HIDDEN + 3 * INNER * HIDDEN) as u64;

    /// A llama of 239 MB in bf16 whose weights are zeros that the file system need not store.
    fn checkpoint(folder: &Path) -> u64 {
        let mut header = Map::new();
        let mut end = 0;
        let mut tensor = |name: String, shape: &[usize]| {
            let start = end;
            end += 2 * shape.iter().product::<usize>();
            header.insert(name, json!({"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}));
        };
        tensor("model.embed_tokens.weight".to_owned(), &[VOCABULARY, HIDDEN]);
        tensor("model.norm.weight".to_owned(), &[HIDDEN]);
        for layer in 0..LAYERS {
            let square = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"];
            for (name, shape) in square.map(|name| (name, vec![HIDDEN, HIDDEN])).into_iter().chain([
                ("mlp.gate_proj", vec![INNER, HIDDEN]),
                ("mlp.up_proj", vec![INNER, HIDDEN]),
                ("mlp.down_proj", vec![HIDDEN, INNER]),
                ("input_layernorm", vec![HIDDEN]),
                ("post_attention_layernorm", vec![HIDDEN]),
            ]) {
                tensor(format!("model.layers.{layer}.{name}.weight"), &shape);
            }
        }
        let header = serde_json::to_vec(&header).unwrap();
        let mut file = File::create(folder.join("model.safetensors")).unwrap();
        file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
        file.write_all(&header).unwrap();
        file.set_len((8 + header.len() + end) as u64).unwrap();
        let config = json!({
            "model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
            "num_attention_heads": 12, "num_key_value_heads": 12, "vocab_size": VOCABULARY,
            "max_position_embeddings": 1024, "tie_word_embeddings": true, "rope_theta": 10000.0,
        });
        fs::write(folder.join("config.json"), config.to_string()).unwrap();
        end as u64
    }

    /// A line of this process's status, in bytes.
    fn status(key: &str) -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        let kib: u64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
        kib << 10
    }

    const FOLDER: &str = "ROPELET_TEST_FOLDER";
    const TASK: &str = "ROPELET_TEST_TASK";
    const LONG: usize = 4096;

    /// Keeps the attention of one layer.
    #[derive(Default)]
    struct Whole(Vec<Vec<f32>>);

    impl Sink for Whole {
        fn want(&self, site: Site) -> Option<Select> {
            (site == Site { layer: Some(0), tap: Tap::Attention })
                .then(|| Select { future_keys: true, ..Select::all() })
        }

        fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
            self.0.push(block.to_vec()?);
            Ok(())
        }
    }

    /// Not a test of its own: what [`grown`] starts. Says by how many bytes memory grew in a run.
    #[test]
    #[allow(clippy::print_stderr, reason = "the parent reads it")]
    fn child() {
        let (Ok(folder), Ok(task)) = (env::var(FOLDER), env::var(TASK)) else { return };
        let checkpoint = Checkpoint::open(if task.contains("tap") { LLAMA } else { &folder }).unwrap();
        let decoder = Decoder::new(&checkpoint, &Device::CPU, Precision::F32).unwrap().allow_extrapolation();
        let long = [(0..LONG as u32).map(|at| at * at % 4096).collect()];
        let before = status("VmRSS");
        match task.as_str() {
            "tap file" => {
                let request = Request { taps: vec![Tap::Attention], layers: Some(vec![0]), heads: None };
                let path = Path::new(&folder).join("taps.safetensors");
                let (spec, precision) = (checkpoint.spec(), Precision::F32);
                let mut file = TapFile::create(&path, spec, precision, LONG, &request, BTreeMap::new()).unwrap();
                decoder.run(&long, &mut file).unwrap();
            }
            "whole tap" => decoder.run(&long, &mut Whole::default()).unwrap(),
            budget => {
                let budget = if budget == "least" { Budget::Least } else { budget.parse().unwrap() };
                let decoder = decoder.with_budget(budget).unwrap();
                decoder.run(&[(0..TOKENS).map(|at| 101 * at).collect()], &mut Ends::default()).unwrap();
            }
        }
        eprintln!("grown {}", status("VmHWM") - before);
    }

    fn grown(folder: &Path, task: &str) -> u64 {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "peak::child", "--nocapture"]).env(FOLDER, folder).env(TASK, task);
        // Each thread packs panels of its own.
        child.env("RAYON_NUM_THREADS", "2");
        let output = child.output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words}");
        words.lines().find_map(|line| line.strip_prefix("grown ")).expect(&words).parse().unwrap()
    }

    #[test]
    fn memory_is_one_layer_unless_a_budget_allows_more() {
        let folder = tempfile::tempdir().unwrap();
        let stored = checkpoint(folder.path());
        // Beside the weights: the logits of 64 tokens (2 MiB), twice; 64 rows of some ten tensors as wide
        // as the feed-forward (8 MiB); 1 Mi weights as they are read, as a tensor, and converted (8 MiB);
        // panels that the matrix product packs for each thread, the code that runs, and what the
        // allocator holds on to: taken as 24 MiB.
        let beside = 48 << 20;
        let [least, three, all] = ["least", &format!("{}B", 3 * LAYER), "all"].map(|task| grown(folder.path(), task));
        assert!(least <= LAYER + beside, "{least} bytes with one layer of {LAYER}");
        assert!(least < stored, "{least} bytes, and {stored} on disk");
        assert!(three <= 3 * LAYER + beside, "{three} bytes with three layers of {LAYER}");
        // The control: everything in memory is everything in memory.
        assert!(all >= LAYERS as u64 * LAYER, "{all} bytes with everything kept");
    }

    #[test]
    fn attention_that_is_written_is_never_in_memory_whole() {
        let folder = tempfile::tempdir().unwrap();
        let heads = 4;
        let whole = (heads * LONG * LONG * 4) as u64;
        // Fourteen tensors as long as the text and 256 wide (4 MiB each): the stream, its norm, queries,
        // keys and values before and after each step, their copies. Four blocks of 128 queries of each head
        // (8 MiB each). What reading a layer takes, and the rest, as above (40 MiB).
        let bound = (14 * LONG * 256 * 4 + 4 * heads * 128 * LONG * 4 + (40 << 20)) as u64;
        assert!(bound < whole);
        let written = grown(folder.path(), "tap file");
        assert_eq!(fs::metadata(folder.path().join("taps.safetensors")).unwrap().len() / whole, 1);
        assert!(written <= bound, "{written} bytes, expected at most {bound}");
        // The control: a sink that keeps what it is given.
        let kept = grown(folder.path(), "whole tap");
        assert!(kept >= whole, "{kept} bytes with {whole} kept");
    }
}
