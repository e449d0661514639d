use std::collections::BTreeMap;
use std::ops::Range;

use candle_core::{D, DType, Tensor};
use serde::{Deserialize, Serialize};

use super::decoder::Decoder;
use super::{ExperimentError, Preset};

/// Tokens that go through a decoder together, and of which logits exist together.
const AT_ONCE: usize = 1 << 15;
const LOGITS_AT_ONCE: usize = 1 << 12;
/// Positions of which a mean is kept together.
const BLOCK: usize = 32;

/// What a decoder says about a text that it was not trained on, at one length of window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Perplexity {
    /// Tokens of a window.
    pub length: usize,
    /// Number of windows.
    pub windows: usize,
    /// The mean of `-ln p(target)` over all tokens of all windows, each read whole: nats.
    pub loss: f64,
    /// `exp(loss)`.
    pub perplexity: f64,
    /// The mean where each window is read in chunks of the training length, each from position 0.
    pub chunked_loss: f64,
    /// `exp(chunked_loss)`.
    pub chunked_perplexity: f64,
}

/// The mean loss at each place of the longest windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ByPosition {
    /// Tokens of a window.
    pub length: usize,
    /// Positions that an entry is the mean of; the last entry may have fewer.
    pub block: usize,
    /// Nats.
    pub loss: Vec<f64>,
}

/// Perplexity of the first `valid_tokens` of a text at every length of a preset.
///
/// At length `L` the text is cut into `⌊valid_tokens/L⌋` windows that follow one another from its first
/// token. Every token of a window is scored, from the tokens before it in the window; the first target
/// of a window is its second token and the last is the token after it. So each length scores the same
/// tokens, but for less than one window at the end, and a shorter window gives them less context.
pub(super) fn perplexities(
    decoder: &Decoder,
    tokens: &[u16],
    preset: &Preset,
) -> Result<(Vec<Perplexity>, ByPosition), ExperimentError> {
    let train_length = preset.recipe.train_length;
    let mut by_position = ByPosition { length: 0, block: BLOCK, loss: Vec::new() };
    let mut found = Vec::new();
    for &length in &preset.lengths {
        let windows = preset.valid_tokens / length;
        let whole: Vec<Range<usize>> = (0..windows).map(|at| at * length..(at + 1) * length).collect();
        let losses = losses(decoder, tokens, &whole)?;
        let chunked = if length <= train_length {
            losses.clone()
        } else {
            let chunks = whole.iter().flat_map(|window| {
                window.clone().step_by(train_length).map(|start| start..(start + train_length).min(window.end))
            });
            self::losses(decoder, tokens, &chunks.collect::<Vec<_>>())?
        };
        let (loss, chunked_loss) = (mean(&losses), mean(&chunked));
        found.push(Perplexity {
            length,
            windows,
            loss,
            perplexity: loss.exp(),
            chunked_loss,
            chunked_perplexity: chunked_loss.exp(),
        });
        if length > by_position.length {
            by_position = blocks(&losses, length);
        }
    }
    Ok((found, by_position))
}

/// The mean loss of windows of the training length, of the first so many tokens of a text.
pub(super) fn mean_loss(
    decoder: &Decoder,
    tokens: &[u16],
    length: usize,
    limit: usize,
) -> Result<f64, ExperimentError> {
    let windows: Vec<Range<usize>> = (0..(limit / length).max(1)).map(|at| at * length..(at + 1) * length).collect();
    Ok(mean(&losses(decoder, tokens, &windows)?))
}

/// `-ln p` of the token after each token of these windows, in the order of the windows.
fn losses(decoder: &Decoder, tokens: &[u16], windows: &[Range<usize>]) -> Result<Vec<f64>, ExperimentError> {
    // Windows of one length go together; a chunk at the end of a window can be shorter.
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, window) in windows.iter().enumerate() {
        by_length.entry(window.len()).or_default().push(number);
    }
    let mut losses = vec![Vec::new(); windows.len()];
    for (length, numbers) in by_length {
        for together in numbers.chunks((AT_ONCE / length).max(1)) {
            let part = |offset: usize| -> Result<Tensor, ExperimentError> {
                let ids: Vec<u32> = together
                    .iter()
                    .flat_map(|number| &tokens[windows[*number].start + offset..windows[*number].end + offset])
                    .map(|token| u32::from(*token))
                    .collect();
                Ok(Tensor::from_vec(ids, (together.len(), length), decoder.device())?)
            };
            let states = decoder.states(&decoder.embed(&part(0)?)?.detach(), false)?.detach();
            let of_tokens = token_losses(decoder, &states.flatten_to(1)?, &part(1)?.flatten_all()?)?;
            for (number, of_window) in together.iter().zip(of_tokens.chunks_exact(length)) {
                losses[*number] = of_window.to_vec();
            }
        }
    }
    Ok(losses.concat())
}

/// `ln Σ exp(logits) - logits[target]` of each token, with the logits of some tokens at a time.
fn token_losses(decoder: &Decoder, states: &Tensor, targets: &Tensor) -> Result<Vec<f64>, ExperimentError> {
    let tokens = states.dim(0)?;
    let mut losses = Vec::with_capacity(tokens);
    for start in (0..tokens).step_by(LOGITS_AT_ONCE) {
        let count = LOGITS_AT_ONCE.min(tokens - start);
        let logits = decoder.logits(&states.narrow(0, start, count)?.contiguous()?)?.detach();
        let logits = if logits.dtype() == DType::F64 { logits } else { logits.to_dtype(DType::F32)? };
        let target = targets.narrow(0, start, count)?.contiguous()?.unsqueeze(1)?;
        let loss = (logits.log_sum_exp(D::Minus1)? - logits.gather(&target, D::Minus1)?.squeeze(1)?)?;
        losses.extend(loss.to_dtype(DType::F64)?.to_vec1::<f64>()?);
    }
    Ok(losses)
}

/// Windows one after another, in means over blocks of positions.
fn blocks(losses: &[f64], length: usize) -> ByPosition {
    let windows = (losses.len() / length) as f64;
    let mut sums = vec![0.0; length];
    for window in losses.chunks_exact(length) {
        for (sum, loss) in sums.iter_mut().zip(window) {
            *sum += loss;
        }
    }
    let loss = sums.chunks(BLOCK).map(|block| block.iter().sum::<f64>() / (block.len() as f64 * windows)).collect();
    ByPosition { length, block: BLOCK, loss }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
