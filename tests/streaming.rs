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
