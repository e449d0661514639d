use candle_core::{D, DType, Device, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::batch::below;
use super::decoder::Decoder;
use super::{ExperimentError, Preset};
use crate::model::op::cross_entropy;

/// Tokens that strings are made of: as many as make a coincidence rare, few enough to be learned soon.
const ALPHABET: usize = 64;
/// Stands before a string and before its copy, as the token between documents does in a text.
const MARK: u32 = 0;
/// Texts that a length is measured on.
const TEXTS: usize = 64;
/// Texts that go through the decoder together, in tokens.
const AT_ONCE: usize = 1 << 15;

/// How much of a string a decoder copies, at one length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Copied {
    /// Tokens that the decoder reads: both marks, the string, and the copy without its last token.
    pub tokens: usize,
    /// Tokens of the string.
    pub string: usize,
    /// Number of strings.
    pub strings: usize,
    /// The share of the copy's tokens to which the decoder, given those before, gives the largest
    /// probability.
    pub accuracy: f64,
    /// The mean of `-ln p` over the copy, in nats.
    pub loss: f64,
}

/// Strings, each twice: `mark s mark s`.
#[derive(Debug)]
pub(super) struct Strings {
    /// What is read, `[strings][2 n + 1]`: all but the last token.
    pub(super) ids: Tensor,
    /// What is to be said from the second mark on, `[strings][n]`.
    pub(super) copies: Tensor,
}

impl Strings {
    /// Strings of `n` tokens, each drawn alike from the alphabet: the tokens 1 to 64, or those that the
    /// vocabulary has.
    fn draw(
        random: &mut ChaCha8Rng,
        strings: usize,
        n: usize,
        vocabulary: usize,
        device: &Device,
    ) -> Result<Self, ExperimentError> {
        let alphabet = ALPHABET.min(vocabulary - 1);
        let (mut ids, mut copies) = (Vec::new(), Vec::new());
        for _ in 0..strings {
            let string: Vec<u32> = (0..n).map(|_| 1 + below(random, alphabet) as u32).collect();
            ids.push(MARK);
            ids.extend(&string);
            ids.push(MARK);
            ids.extend(&string[..n - 1]);
            copies.extend(string);
        }
        Ok(Self {
            ids: Tensor::from_vec(ids, (strings, 2 * n + 1), device)?,
            copies: Tensor::from_vec(copies, (strings, n), device)?,
        })
    }

    /// The strings of a training step: of one length, drawn alike from 1 to what fills a window.
    pub(super) fn of_step(preset: &Preset, seed: u64, step: usize, device: &Device) -> Result<Self, ExperimentError> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(step as u64);
        let n = 1 + below(&mut random, longest(preset.recipe.train_length));
        Self::draw(&mut random, preset.recipe.batch, n, preset.shape.vocabulary, device)
    }

    /// The mean loss over the copies.
    pub(super) fn loss(&self, decoder: &Decoder) -> Result<Tensor, ExperimentError> {
        let states = decoder.states(&decoder.embed(&self.ids)?, true)?;
        Ok(cross_entropy(&decoder.logits(&self.of_copies(&states)?)?, &self.copies)?)
    }

    /// Of the states of all tokens those that the copies are read from.
    fn of_copies(&self, states: &Tensor) -> Result<Tensor, ExperimentError> {
        let n = self.copies.dim(1)?;
        Ok(states.narrow(1, n + 1, n)?.contiguous()?)
    }
}

/// The longest string that fits into a window with its copy.
fn longest(window: usize) -> usize {
    (window.saturating_sub(1) / 2).max(1)
}

/// How much of random strings a decoder copies, at strings that fill each of the preset's lengths.
///
/// The strings are the same for every decoder.
pub(super) fn measure(decoder: &Decoder, preset: &Preset) -> Result<Vec<Copied>, ExperimentError> {
    let mut found = Vec::new();
    for &length in &preset.lengths {
        let n = longest(length);
        let mut random = ChaCha8Rng::seed_from_u64(0);
        // Not one of the streams that training has.
        random.set_stream(u64::MAX - length as u64);
        let at_once = (AT_ONCE / (2 * n + 1)).clamp(1, TEXTS);
        let (mut right, mut loss, mut done) = (0.0, 0.0, 0);
        while done < TEXTS {
            let strings = at_once.min(TEXTS - done);
            let drawn = Strings::draw(&mut random, strings, n, preset.shape.vocabulary, decoder.device())?;
            let states = decoder.states(&decoder.embed(&drawn.ids)?.detach(), false)?;
            let logits = decoder.logits(&drawn.of_copies(&states)?)?.detach();
            let logits = if logits.dtype() == DType::F64 { logits } else { logits.to_dtype(DType::F32)? };
            right +=
                logits.argmax(D::Minus1)?.eq(&drawn.copies)?.to_dtype(DType::F64)?.sum_all()?.to_scalar::<f64>()?;
            let mean = cross_entropy(&logits, &drawn.copies)?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
            loss += mean * strings as f64;
            done += strings;
        }
        found.push(Copied {
            tokens: 2 * n + 1,
            string: n,
            strings: TEXTS,
            accuracy: right / (TEXTS * n) as f64,
            loss: loss / TEXTS as f64,
        });
    }
    Ok(found)
}
