use serde::{Deserialize, Serialize};

use super::ExperimentError;

/// The sizes of a decoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Number of layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Number of attention heads.
    pub heads: usize,
    /// Coordinates of a head.
    pub head_dim: usize,
    /// Width of the feed-forward branch.
    pub intermediate: usize,
    /// Number of tokens that there are.
    pub vocabulary: usize,
}

/// How a decoder is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Tokens of a training window.
    pub train_length: usize,
    /// Windows of a step.
    pub batch: usize,
    /// Number of steps.
    pub steps: usize,
    /// Steps over which the learning rate grows to its largest value.
    pub warmup: usize,
    /// The largest learning rate.
    pub learning_rate: f64,
    /// What part of it the cosine ends at.
    pub final_fraction: f64,
    /// Decay of AdamW's first moments.
    pub beta1: f64,
    /// Decay of AdamW's second moments.
    pub beta2: f64,
    /// What AdamW adds to the root of a second moment.
    pub epsilon: f64,
    /// Decay of matrices; norms and what else has one axis do not decay.
    pub weight_decay: f64,
    /// The largest norm of the whole gradient.
    pub clip: f64,
}

impl Recipe {
    /// The learning rate of a step, from 0: `r (s + 1)/w` in the warm-up of `w` steps, then
    /// `r (f + (1 - f)(1 + cos(π (s - w)/(n - w)))/2)` with the final fraction `f` of `n` steps.
    pub fn learning_rate_of(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.learning_rate * (step + 1) as f64 / self.warmup as f64;
        }
        let rest = self.steps.saturating_sub(self.warmup).max(1);
        let progress = ((step - self.warmup) as f64 / rest as f64).min(1.0);
        let cosine = (1.0 + (std::f64::consts::PI * progress).cos()) / 2.0;
        self.learning_rate * (self.final_fraction + (1.0 - self.final_fraction) * cosine)
    }
}

/// Everything that the runs of one comparison share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// The decoder.
    pub shape: Shape,
    /// Its training.
    pub recipe: Recipe,
    /// Lengths of the windows in which validation text is read.
    pub lengths: Vec<usize>,
    /// Tokens of the validation text that are read at each length.
    pub valid_tokens: usize,
}

impl Preset {
    /// The names of the presets, smallest first.
    pub const NAMES: [&'static str; 3] = ["tiny", "mini", "paper"];

    /// The preset of this name.
    ///
    /// - `tiny` is for two processor cores and a few minutes;
    /// - `mini` is for one GPU and a minute a run;
    /// - `paper` has the sizes of the runs at 512 tokens of \[oka2025\], which are out of reach of one
    ///   GPU in a day. Its optimiser, feed-forward branch and tokens are ours.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn named(name: &str) -> Result<Self, ExperimentError> {
        let recipe = Recipe {
            train_length: 512,
            batch: 64,
            steps: 1500,
            warmup: 150,
            learning_rate: 2e-3,
            final_fraction: 0.1,
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
            clip: 1.0,
        };
        let long = vec![128, 256, 512, 1012, 1512, 2512];
        let (shape, recipe, lengths, valid_tokens) = match name {
            "tiny" => (
                Shape { layers: 2, hidden: 64, heads: 2, head_dim: 32, intermediate: 172, vocabulary: 512 },
                Recipe { train_length: 64, batch: 16, steps: 400, warmup: 40, learning_rate: 4e-3, ..recipe },
                vec![16, 32, 64, 128, 256, 512],
                4096,
            ),
            "mini" => (
                Shape { layers: 6, hidden: 256, heads: 4, head_dim: 64, intermediate: 688, vocabulary: 4096 },
                recipe,
                long,
                100 * 2512,
            ),
            "paper" => (
                Shape { layers: 16, hidden: 1024, heads: 8, head_dim: 128, intermediate: 2736, vocabulary: 32768 },
                Recipe { batch: 18, steps: 286_000, warmup: 16_000, learning_rate: 3e-4, ..recipe },
                long,
                100 * 2512,
            ),
            _ => {
                return Err(ExperimentError::NoSuchPreset { found: name.to_owned(), known: Self::NAMES.join(", ") });
            }
        };
        Ok(Self { name: name.to_owned(), shape, recipe, lengths, valid_tokens })
    }

    /// Whether a decoder can be made and trained so.
    ///
    /// # Errors
    /// A setting is zero, too large or does not fit another; the error names it.
    pub fn check(&self) -> Result<(), ExperimentError> {
        let Shape { layers, hidden, heads, head_dim, intermediate, vocabulary } = self.shape;
        let recipe = &self.recipe;
        for (setting, value) in [
            ("layers", layers),
            ("hidden", hidden),
            ("heads", heads),
            ("head_dim", head_dim),
            ("intermediate", intermediate),
            ("train_length", recipe.train_length),
            ("batch", recipe.batch),
            ("steps", recipe.steps),
            ("valid_tokens", self.valid_tokens),
            ("lengths", self.lengths.len()),
            ("lengths", self.lengths.iter().copied().min().unwrap_or(0)),
        ] {
            if value == 0 {
                return Err(setting_is(setting, "at least 1", value));
            }
        }
        if !head_dim.is_multiple_of(2) {
            return Err(setting_is("head_dim", "an even number", head_dim));
        }
        // A byte-level vocabulary has the 256 bytes and the token between documents; ids are 16 bits.
        if !(257..=65536).contains(&vocabulary) {
            return Err(setting_is("vocabulary", "257 to 65536", vocabulary));
        }
        let longest = self.lengths.iter().copied().max().unwrap_or(0);
        if longest > self.valid_tokens {
            return Err(setting_is(
                "valid_tokens",
                &format!("at least the longest length {longest}"),
                self.valid_tokens,
            ));
        }
        if !(recipe.learning_rate > 0.0 && recipe.learning_rate.is_finite()) {
            return Err(setting_is("learning_rate", "a positive number", recipe.learning_rate));
        }
        Ok(())
    }
}

fn setting_is(setting: &'static str, expected: &str, found: impl std::fmt::Display) -> ExperimentError {
    ExperimentError::Setting { setting, expected: expected.to_owned(), found: found.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_can_be_trained() {
        for name in Preset::NAMES {
            Preset::named(name).unwrap().check().unwrap();
        }
    }

    #[test]
    fn the_learning_rate_grows_to_its_largest_value_and_falls_to_a_tenth() {
        let recipe = Preset::named("mini").unwrap().recipe;
        assert_eq!(recipe.learning_rate_of(149), recipe.learning_rate);
        assert_eq!(recipe.learning_rate_of(150), recipe.learning_rate);
        assert!((recipe.learning_rate_of(1500) / recipe.learning_rate - 0.1).abs() < 1e-15);
        let rates: Vec<f64> = (0..1500).map(|step| recipe.learning_rate_of(step)).collect();
        assert!(rates[..150].is_sorted());
        assert!(rates[150..].is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn settings_that_fit_no_decoder_are_refused() {
        type Change = fn(&mut Preset);
        let changes: [(&str, Change); 6] = [
            ("head_dim", |p| p.shape.head_dim = 33),
            ("vocabulary", |p| p.shape.vocabulary = 256),
            ("vocabulary", |p| p.shape.vocabulary = 65537),
            ("steps", |p| p.recipe.steps = 0),
            ("lengths", |p| p.lengths.clear()),
            ("valid_tokens", |p| p.valid_tokens = 511),
        ];
        for (name, change) in changes {
            let mut preset = Preset::named("tiny").unwrap();
            change(&mut preset);
            match preset.check() {
                Err(ExperimentError::Setting { setting, .. }) => assert_eq!(setting, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
