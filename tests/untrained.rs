//! Every small checkpoint, before training: it runs, from the seed alone, within its positions.
#![cfg(feature = "model")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use ropelet::model::{Block, Checkpoint, Decoder, Device, ModelError, Precision, Select, Sink, Site, Tap};

fn checkpoints() -> Vec<PathBuf> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    let folders = fs::read_dir(models).unwrap().map(|entry| entry.unwrap().path());
    folders.filter(|folder| folder.join("config.json").is_file()).collect()
}

/// Keeps the logits.
#[derive(Default)]
struct Logits(Vec<f32>);

impl Sink for Logits {
    fn want(&self, site: Site) -> Option<Select> {
        (site.tap == Tap::Logits).then(Select::all)
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.extend(block.to_vec::<f32>()?);
        Ok(())
    }
}

fn logits(checkpoint: &Checkpoint, tokens: &[u32]) -> Result<Vec<f32>, Box<ModelError>> {
    let mut sink = Logits::default();
    let decoder = Decoder::new(checkpoint, &Device::CPU, Precision::F32).unwrap().allow_extrapolation();
    decoder.run(&[tokens.to_vec()], &mut sink)?;
    Ok(sink.0)
}

#[test]
fn each_family_runs_before_training_from_the_seed_alone() {
    let folders = checkpoints();
    assert!(folders.len() >= 3);
    for folder in folders {
        let trained = Checkpoint::open(&folder).unwrap();
        let tokens = [1, 5, 2, 7];
        let of = |seed: u64| logits(&trained.untrained(seed), &tokens).unwrap();
        let (first, again, other) = (of(1), of(1), of(2));
        assert_eq!(first.len(), tokens.len() * trained.spec().vocabulary);
        assert_eq!(first, again, "{}", folder.display());
        assert_ne!(first, other, "{}", folder.display());
        assert_ne!(first, logits(&trained, &tokens).unwrap(), "{}", folder.display());
    }
}

#[test]
fn learned_positions_end_whatever_is_allowed() {
    for folder in checkpoints() {
        let checkpoint = Checkpoint::open(&folder).unwrap();
        let Some(learned) = checkpoint.spec().embedding.positions else { continue };
        let limit = learned.rows - learned.offset;
        assert!(logits(&checkpoint, &vec![1; limit]).is_ok());
        let error = logits(&checkpoint, &vec![1; limit + 1]).unwrap_err();
        assert!(matches!(*error, ModelError::NoPosition { text: 0, .. }), "{error}");
        assert!(error.to_string().contains(&format!("{limit} positions")), "{error}");
    }
}
