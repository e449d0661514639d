//! How fast a step of training is.
//!
//! ```text
//! cargo run --release [--features cuda] --example train_step -- [DEVICE [PRESET [ENCODING,.. [SAMPLES [STEPS]]]]]
//! ```
//!
//! Trains decoders of a preset on tokens drawn by Zipf's law, which have a text's imbalance and cost no
//! corpus. After unmeasured steps, each of SAMPLES samples is the time of STEPS steps, the device waited for
//! once. Prints one JSON object for each encoding: the median, the most memory that tensors held at once,
//! and the losses' bits, which a second run of the program must repeat. Defaults: `cpu tiny rope,ricker 5 5`.

#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::time::Instant;

use ropelet::experiment::{Configuration, Corpus, Preset, Task, Training};
use ropelet::model::Device;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let word = |at: usize, default: &str| words.get(at).map_or(default.to_owned(), Clone::clone);
    let device: Device = word(0, "cpu").parse()?;
    let mut preset = Preset::named(&word(1, "tiny"))?;
    let (samples, steps) = (word(3, "5").parse::<usize>()?, word(4, "5").parse::<usize>()?);
    // What is printed must not depend on how long a schedule is.
    preset.recipe.steps = 1500;
    let tokens = 4 * preset.recipe.train_length * preset.recipe.batch + preset.valid_tokens;
    let corpus = Corpus {
        tokenizer: String::new(),
        train: zipf(tokens, preset.shape.vocabulary),
        valid: zipf(tokens, preset.shape.vocabulary),
        key: "zipf".to_owned(),
    };
    for encoding in word(2, "rope,ricker").split(',') {
        let configuration = Configuration {
            encoding: encoding.to_owned(),
            seed: 0,
            task: Task::Text,
            preset: preset.clone(),
            corpus: corpus.key.clone(),
            precision: if device.is_cpu() { "f32" } else { "bf16" }.to_owned(),
        };
        let mut training = Training::new(&configuration, Some(&corpus), &device)?;
        let mut losses = Vec::new();
        for _ in 0..steps.max(3) {
            losses.push(training.step()?.loss);
        }
        device.synchronize()?;
        device.take_peak_memory()?;
        let mut seconds = Vec::new();
        for _ in 0..samples {
            let start = Instant::now();
            for _ in 0..steps {
                losses.push(training.step()?.loss);
            }
            let queued = start.elapsed().as_secs_f64();
            device.synchronize()?;
            seconds.push((start.elapsed().as_secs_f64() / steps as f64, queued / steps as f64));
        }
        let peak = device.take_peak_memory()?;
        seconds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (median, queued) = seconds[seconds.len() / 2];
        let losses = losses.iter().map(|loss| loss.to_vec0::<f32>()).collect::<Result<Vec<_>, _>>()?;
        let bits =
            losses.iter().fold(0_u64, |hash, loss| (hash ^ u64::from(loss.to_bits())).wrapping_mul(0x100_0000_01b3));
        println!(
            "{}",
            serde_json::json!({
                "who": "ropelet",
                "encoding": encoding,
                "milliseconds": median * 1e3,
                "queued_milliseconds": queued * 1e3,
                "fastest": seconds[0].0 * 1e3,
                "tokens_per_second": (preset.recipe.batch * preset.recipe.train_length) as f64 / median,
                "peak_bytes": peak,
                "first_loss": losses[0],
                "last_loss": losses[losses.len() - 1],
                "loss_bits": format!("{bits:016x}"),
            })
        );
    }
    Ok(())
}

/// Tokens of which the one of rank `r` is as frequent as `1/r`, in an order without a pattern.
fn zipf(count: usize, vocabulary: usize) -> Vec<u16> {
    (0..count)
        .map(|at| {
            let uniform = (at as f64 * 0.618_033_988_749_894_9 + (at as f64 * 12.9898).sin() * 437.5).rem_euclid(1.0);
            ((vocabulary as f64).powf(uniform) as usize).min(vocabulary - 1) as u16
        })
        .collect()
}
