//! What `docs/experiments` holds of training runs, as `docs/experiments/excerpt.py` has written it.

use std::sync::LazyLock;

use serde::Deserialize;

/// The comparison of perplexities.
#[derive(Deserialize)]
pub(super) struct Comparison {
    pub(super) rows: Vec<Row>,
}

#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) encoding: String,
    pub(super) perplexity: Vec<Cell>,
    pub(super) published: Option<Published>,
}

#[derive(Deserialize)]
pub(super) struct Cell {
    pub(super) length: f64,
    pub(super) whole: Spread,
}

#[derive(Deserialize)]
pub(super) struct Spread {
    pub(super) mean: f64,
    pub(super) standard_deviation: Option<f64>,
}

/// Length and perplexity.
#[derive(Deserialize)]
pub(super) struct Published {
    pub(super) whole: Vec<(f64, f64)>,
}

/// Where trained decoders look.
#[derive(Deserialize)]
pub(super) struct Decoders {
    pub(super) decoders: Vec<Decoder>,
}

#[derive(Deserialize)]
pub(super) struct Decoder {
    pub(super) encoding: String,
    pub(super) receptive_fields: Vec<ReceptiveField>,
    pub(super) attention: Vec<Attention>,
}

/// The share of the influence that comes from fewer lags than each of these.
#[derive(Deserialize)]
pub(super) struct ReceptiveField {
    pub(super) length: usize,
    pub(super) lags: Vec<f64>,
    pub(super) share: Vec<f64>,
}

/// The mean map of all heads: rows of queries, each up to the diagonal.
#[derive(Deserialize)]
pub(super) struct Attention {
    pub(super) length: usize,
    #[serde(default)]
    pub(super) cells: Vec<Vec<f64>>,
}

pub(super) static COMPARISON: LazyLock<Comparison> =
    LazyLock::new(|| read(include_str!("../../docs/experiments/mini.json")));

pub(super) static DECODERS: LazyLock<Decoders> =
    LazyLock::new(|| read(include_str!("../../docs/experiments/attention.json")));

fn read<T: for<'d> Deserialize<'d>>(text: &str) -> T {
    serde_json::from_str(text).expect("the excerpt in docs/experiments is what excerpt.py writes")
}

/// How a table of the documentation calls an encoding.
pub(super) fn title(encoding: &str) -> &str {
    match encoding {
        "nope" => "NoPE",
        "rope" => "RoPE 10⁴",
        "rope-5e5" => "RoPE 5·10⁵",
        "sinusoidal-relative" => "Transformer-XL's sinusoids",
        "alibi" => "ALiBi",
        "ricker" => "Ricker",
        "gaussian" => "Gaussian",
        "haar" => "Haar",
        "morlet" => "Morlet",
        "hope" => "HoPE",
        "t5" => "T5",
        "fmrope" => "FMRoPE",
        other => other,
    }
}
