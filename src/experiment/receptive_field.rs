use candle_core::{D, DType, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::decoder::Decoder;
use crate::model::op::cross_entropy;

/// Windows that the mean is over.
const WINDOWS: usize = 8;

/// How much each token before a prediction matters to it.
///
/// With `g(Δ)` the length of the derivative of `ln p(target)`, for the token after a window, by the
/// embedding of the token `Δ` before the window's last: the mean over windows of `g(Δ)/Σ g`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceptiveField {
    /// Tokens of a window.
    pub length: usize,
    /// Number of windows.
    pub windows: usize,
    /// The share of each lag, from 0.
    pub share: Vec<f64>,
}

impl ReceptiveField {
    /// The field of a decoder over the first windows of a text.
    pub(super) fn measure(decoder: &Decoder, tokens: &[u16], length: usize) -> Result<Self, ExperimentError> {
        let windows = WINDOWS.min((tokens.len() - 1) / length);
        let ids: Vec<u32> = tokens[..windows * length].iter().map(|token| u32::from(*token)).collect();
        let targets: Vec<u32> = (1..=windows).map(|window| u32::from(tokens[window * length])).collect();
        let ids = Tensor::from_vec(ids, (windows, length), decoder.device())?;
        let targets = Tensor::from_vec(targets, windows, decoder.device())?;
        let embedded = Var::from_tensor(&decoder.embed(&ids)?.detach())?;
        let states = decoder.states(embedded.as_tensor(), true)?;
        let last = states.narrow(1, length - 1, 1)?.squeeze(1)?.contiguous()?;
        let gradients = cross_entropy(&decoder.logits(&last)?, &targets)?.backward()?;
        let Some(gradient) = gradients.get(embedded.as_tensor()) else {
            return Err(candle_core::Error::Msg("the embeddings have no gradient".to_owned()).into());
        };
        // In f32 already: the square of a bf16 can be below what bf16 has.
        let lengths = gradient.to_dtype(DType::F32)?.sqr()?.sum(D::Minus1)?.sqrt()?;
        let mut share = vec![0.0; length];
        for window in lengths.to_dtype(DType::F64)?.to_vec2::<f64>()? {
            let total: f64 = window.iter().sum();
            for (share, of_token) in share.iter_mut().zip(window.iter().rev()) {
                *share += of_token / total / windows as f64;
            }
        }
        Ok(Self { length, windows, share })
    }
}
