use std::collections::BTreeMap;
use std::error::Error;

use candle_core::Tensor;

use super::tap::{Block, Select, Sink, Site};
use super::{ModelError, Reduced, Reduction};

/// A sink that reduces attention to its sum at each lag, per layer and head, where it is computed.
///
/// `S_h[d] = Σ_i p_h[i, i - d]` over the queries of all texts, `d ≥ 0`. Probabilities never leave
/// the device. How the sums round is said at [`HeadSums`](super::HeadSums).
#[derive(Debug, Default)]
pub struct LagProfile {
    /// `[heads, lags]` by layer and number of lags.
    sums: BTreeMap<(usize, usize), Tensor>,
}

impl LagProfile {
    /// The sums by layer, head and lag, as many lags as the longest text has tokens.
    ///
    /// # Errors
    /// The device failed.
    pub fn sums(&self) -> Result<Vec<Vec<Vec<f64>>>, ModelError> {
        let mut sums: Vec<Vec<Vec<f64>>> = Vec::new();
        for ((layer, lags), profiles) in &self.sums {
            let profiles = profiles.to_vec2::<f64>()?;
            if sums.len() <= *layer {
                sums.resize(layer + 1, Vec::new());
            }
            // Lengths ascend, so the lags of the next are at least as many.
            sums[*layer].resize(profiles.len(), Vec::new());
            for (sum, profile) in sums[*layer].iter_mut().zip(&profiles) {
                sum.resize(*lags, 0.0);
                sum.iter_mut().zip(profile).for_each(|(sum, more)| *sum += more);
            }
        }
        Ok(sums)
    }
}

impl Sink for LagProfile {
    fn want(&self, _site: Site) -> Option<Select> {
        None
    }

    fn put(&mut self, _block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn reduce(&self, _layer: usize) -> Option<Reduction> {
        Some(Reduction::default())
    }

    fn put_reduced(&mut self, reduced: Reduced) -> Result<(), Box<dyn Error + Send + Sync>> {
        let lags = reduced.lags();
        let past = (-lags.start) as usize;
        let profiles = reduced.lags.narrow(2, 0, 1)?.narrow(3, past, reduced.tokens)?.squeeze(2)?.sum(0)?;
        let key = (reduced.layer, reduced.tokens);
        let sum = match self.sums.remove(&key) {
            Some(before) => (before + profiles)?,
            None => profiles,
        };
        self.sums.insert(key, sum);
        Ok(())
    }
}
