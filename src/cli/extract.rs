use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;

use super::output::{Replacement, print, print_json};
use super::{Common, Failure, Outcome, progress};
use crate::model::{Block, Budget, Checkpoint, Decoder, Devices, Request, Select, Sink, Site, Tap, TapFile};

const SCHEMA: &str = "ropelet.extract/1";

/// Write the inner tensors of a checkpoint's forward pass
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder in Hugging Face layout, or org/name in the local hub cache
    model: PathBuf,
    /// A text file (UTF-8), tokenised by the model's own tokenizer.json
    #[arg(long, value_name = "FILE", required_unless_present = "token_ids", conflicts_with = "token_ids")]
    text: Option<PathBuf>,
    /// Token ids instead of a text; no tokenizer is needed
    #[arg(long, value_name = "1,2,3", value_delimiter = ',')]
    token_ids: Option<Vec<u32>>,
    /// What to write: residual, query, key, query_rotated, key_rotated, value, scores, bias,
    /// attention, mixed, attention_output, mlp_output, final, logits
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        default_value = "query_rotated,key_rotated,attention,logits"
    )]
    taps: Vec<Tap>,
    /// The layers, from 0, such as 0,2-4 [default: all]
    #[arg(long, value_name = "LIST", value_parser = numbers)]
    layers: Option<Numbers>,
    /// The query heads, from 0, such as 0,2-4; of keys and values, the heads that these read
    /// [default: all]
    #[arg(long, value_name = "LIST", value_parser = numbers)]
    heads: Option<Numbers>,
    /// Run texts that are longer than the positions the model was made for
    #[arg(long)]
    allow_extrapolation: bool,
    /// Memory that weights may take, such as 2GiB, or `all`: what fits is kept and read ahead
    /// [default: one layer]
    #[arg(long, value_name = "SIZE")]
    budget: Option<Budget>,
    /// The safetensors file to write
    #[arg(long, value_name = "F.safetensors")]
    out: PathBuf,
}

#[derive(Debug, Serialize)]
struct Summary {
    schema: &'static str,
    out: PathBuf,
    family: &'static str,
    device: String,
    dtype: String,
    tokens: usize,
    tensors: Vec<TensorSummary>,
    /// Of the forward pass and the writing of the taps.
    seconds: f64,
    tokens_per_second: f64,
}

#[derive(Debug, Serialize)]
struct TensorSummary {
    name: String,
    shape: Vec<usize>,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let devices: Devices = common.device.parse()?;
    let precision = common.precision();
    let checkpoint = Checkpoint::open(&arguments.model)?;
    let budget = arguments.budget.unwrap_or_default();
    let mut decoder = Decoder::new(&checkpoint, &devices, precision)?.with_budget(budget)?;
    if arguments.allow_extrapolation {
        decoder = decoder.allow_extrapolation();
    }
    let tokens = match (&arguments.token_ids, &arguments.text) {
        (Some(ids), _) => ids.clone(),
        (None, Some(file)) => {
            let text = fs::read_to_string(file).map_err(|error| Failure::at(file, error))?;
            checkpoint.tokenizer()?.encode(&text)?
        }
        (None, None) => unreachable!("clap requires one of them"),
    };
    let request = Request {
        taps: arguments.taps.clone(),
        layers: arguments.layers.as_ref().map(|numbers| numbers.0.clone()),
        heads: arguments.heads.as_ref().map(|numbers| numbers.0.clone()),
    };
    let spec = checkpoint.spec();
    let ids = tokens.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let heads = arguments.heads.as_ref().map(|numbers| numbers.to_string()).unwrap_or_default();
    let metadata = BTreeMap::from([
        ("schema".to_owned(), SCHEMA.to_owned()),
        ("family".to_owned(), spec.family.to_owned()),
        ("dtype".to_owned(), precision.to_string()),
        ("device".to_owned(), common.device.clone()),
        ("token_ids".to_owned(), ids),
        ("heads".to_owned(), heads),
        ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    let replacement = Replacement::of(&arguments.out)?;
    let file = TapFile::create(replacement.path(), spec, precision, tokens.len(), &request, metadata)?;
    let bar = progress::bar(common, spec.layers.len() as u64, "layers");
    bar.set_message(format!("{} tokens", tokens.len()));
    let mut sink = Shown { file, bar };
    let start = Instant::now();
    decoder.run(std::slice::from_ref(&tokens), &mut sink)?;
    let seconds = start.elapsed().as_secs_f64();
    let Shown { file, bar } = sink;
    bar.finish_and_clear();
    let tensors = file.tensors().map(|(name, shape)| TensorSummary { name, shape: shape.to_vec() }).collect();
    file.finish()?;
    replacement.commit()?;

    let summary = Summary {
        schema: SCHEMA,
        out: arguments.out.clone(),
        family: spec.family,
        device: common.device.clone(),
        dtype: precision.to_string(),
        tokens: tokens.len(),
        tensors,
        seconds,
        tokens_per_second: tokens.len() as f64 / seconds,
    };
    if common.json {
        print_json(&summary)?;
    } else {
        for tensor in &summary.tensors {
            print(&format!("{:<28} {:?}", tensor.name, tensor.shape))?;
        }
        print(&format!("{} tokens in {:.2} s, written to {}", summary.tokens, seconds, summary.out.display()))?;
    }
    Ok(Outcome::Success)
}

/// A tap file whose layers are counted on the terminal.
struct Shown {
    file: TapFile,
    bar: ProgressBar,
}

impl Sink for Shown {
    fn want(&self, site: Site) -> Option<Select> {
        self.file.want(site)
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.file.put(block)
    }

    fn after_layer(&mut self, _layer: usize) {
        self.bar.inc(1);
    }
}

/// Whole numbers, ascending, each once.
#[derive(Debug, Clone)]
struct Numbers(Vec<usize>);

impl std::fmt::Display for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.iter().map(usize::to_string).collect::<Vec<_>>().join(","))
    }
}

/// `0,2-4` is 0, 2, 3 and 4.
fn numbers(list: &str) -> Result<Numbers, String> {
    let mut numbers = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |word: &str| word.trim().parse::<usize>().map_err(|_| format!("`{part}` is neither N nor N-M"));
        let (first, last) = (number(first)?, number(last)?);
        if first > last || last - first >= 100_000 {
            return Err(format!("`{part}` is not a range of ascending numbers"));
        }
        numbers.extend(first..=last);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(Numbers(numbers))
}
