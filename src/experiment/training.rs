use std::path::Path;

use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

use super::batch::Windows;
use super::copying::Strings;
use super::decoder::Decoder;
use super::tensor_file::{self, TensorFile};
use super::{Configuration, Corpus, ExperimentError, Task, Variant};
use crate::model::Device;
use crate::model::op::{AdamW, AdamWRule, Moments, Parameter};

/// The entry of a state's metadata.
const KEY: &str = "ropelet";

/// A run while it goes on: a decoder, its optimiser, and how far it has come.
///
/// What a step does is a function of weights, moments and the step's number: windows and strings are
/// drawn from the seed and that number, so that there is no other state.
#[derive(Debug)]
pub struct Training<'c> {
    configuration: Configuration,
    corpus: Option<&'c Corpus>,
    windows: Windows,
    pub(super) decoder: Decoder,
    parameters: Vec<(String, Parameter)>,
    optimizer: AdamW,
    step: usize,
}

/// What a step has found, still on the device: to read it is to wait for the step.
#[derive(Debug)]
pub struct StepOutcome {
    /// The mean loss over the batch, in nats.
    pub loss: Tensor,
    /// The norm of the whole gradient, before it is clipped.
    pub gradient_norm: Tensor,
}

#[derive(Serialize, Deserialize)]
struct State {
    configuration: Configuration,
    step: usize,
}

impl<'c> Training<'c> {
    /// A run before its first step.
    ///
    /// # Errors
    /// An encoding that does not fit, a task on text without a corpus, a corpus that is too short, a
    /// device without memory.
    pub fn new(
        configuration: &Configuration,
        corpus: Option<&'c Corpus>,
        device: &Device,
    ) -> Result<Self, ExperimentError> {
        Self::of_type(configuration, corpus, device, DType::F32)
    }

    pub(super) fn of_type(
        configuration: &Configuration,
        corpus: Option<&'c Corpus>,
        device: &Device,
        dtype: DType,
    ) -> Result<Self, ExperimentError> {
        let (preset, seed) = (&configuration.preset, configuration.seed);
        preset.check()?;
        let recipe = &preset.recipe;
        match (configuration.task, corpus) {
            (Task::Text, Some(corpus)) => corpus.check(recipe.train_length, preset.valid_tokens)?,
            (Task::Text, None) => return Err(ExperimentError::NoText),
            (Task::Copy, _) => {}
        }
        let encoding = configuration.encoding.parse::<Variant>()?.encoding(preset, seed)?;
        let decoder = Decoder::fresh(&preset.shape, &encoding, seed, dtype, &device.0)?;
        let parameters = decoder.parameters()?;
        let rule = AdamWRule {
            betas: (recipe.beta1, recipe.beta2),
            eps: recipe.epsilon,
            decay: recipe.weight_decay,
            clip: Some(recipe.clip),
        };
        // What is learned of an encoding is small, and 0 is not where it should go.
        let decays =
            |name: &str, parameter: &Parameter| parameter.variable().rank() > 1 && !name.starts_with("position.");
        let with_decay = parameters.iter().map(|(name, parameter)| (parameter.clone(), decays(name, parameter)));
        let optimizer = AdamW::new(rule, with_decay.collect())?;
        let tokens = corpus.map_or(0, |corpus| corpus.train.len());
        Ok(Self {
            windows: Windows::new(tokens, recipe.train_length, recipe.batch, seed),
            configuration: configuration.clone(),
            corpus,
            decoder,
            parameters,
            optimizer,
            step: 0,
        })
    }

    /// How many steps have been made.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// One update of all weights. Nothing waits for the device.
    ///
    /// # Errors
    /// A failure of the device.
    pub fn step(&mut self) -> Result<StepOutcome, ExperimentError> {
        let loss = self.loss()?;
        let gradients = loss.backward()?;
        let rate = self.configuration.preset.recipe.learning_rate_of(self.step);
        let gradient_norm = self.optimizer.step(&gradients, rate)?;
        self.step += 1;
        // With its graph a loss would keep every activation.
        Ok(StepOutcome { loss: loss.detach(), gradient_norm })
    }

    fn loss(&mut self) -> Result<Tensor, ExperimentError> {
        let Configuration { preset, seed, task, .. } = &self.configuration;
        let device = self.decoder.device().clone();
        let Some(corpus) = self.corpus.filter(|_| *task == Task::Text) else {
            return Strings::of_step(preset, *seed, self.step, &device)?.loss(&self.decoder);
        };
        let windows = self.windows.of_step(self.step);
        let part = |offset: usize| {
            windows.iter().flat_map(move |window| &corpus.train[window.start + offset..window.end + offset])
        };
        // One copy to the device: what is read, then what is to be said.
        let ids: Vec<u32> = part(0).chain(part(1)).map(|token| u32::from(*token)).collect();
        let shape = (2, preset.recipe.batch, preset.recipe.train_length);
        let ids = Tensor::from_vec(ids, shape, &device)?;
        self.decoder.loss(&ids.get(0)?, &ids.get(1)?)
    }

    /// Writes everything that the next step depends on, all or nothing.
    ///
    /// # Errors
    /// The device or the disk failed.
    pub(super) fn save(&self, file: &Path) -> Result<(), ExperimentError> {
        let mut tensors = Vec::with_capacity(3 * self.parameters.len());
        for ((name, parameter), moments) in self.parameters.iter().zip(self.optimizer.moments()) {
            tensors.push((format!("weight.{name}"), parameter.variable().as_tensor().clone()));
            tensors.push((format!("first.{name}"), moments.first.clone()));
            tensors.push((format!("second.{name}"), moments.second.clone()));
        }
        let state = State { configuration: self.configuration.clone(), step: self.step };
        let state = serde_json::to_string(&state).expect("a state is plain data");
        tensor_file::save(file, (KEY, state), &tensors)
    }

    /// Goes on from what [`save`](Self::save) has written, if there is such a file.
    ///
    /// # Errors
    /// The file is of another configuration, or is not complete.
    pub(super) fn restore(&mut self, file: &Path) -> Result<bool, ExperimentError> {
        let Some(TensorFile { text, mut tensors }) = tensor_file::load(file, KEY)? else { return Ok(false) };
        let fail = |reason: String| ExperimentError::State { file: file.to_owned(), reason };
        let state: State = serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
        refuse_other(file, &state.configuration, &self.configuration)?;
        let mut moments = Vec::with_capacity(self.parameters.len());
        for (name, parameter) in &self.parameters {
            let mut take = |part: &str| {
                let name = format!("{part}.{name}");
                tensors.remove(&name).ok_or_else(|| fail(format!("there is no tensor {name}")))
            };
            parameter.set(&take("weight")?)?;
            moments.push(Moments { first: take("first")?, second: take("second")? });
        }
        self.optimizer.restore(moments, state.step as u64)?;
        self.step = state.step;
        Ok(true)
    }
}

/// What is in a folder must be of the run that is asked for.
pub(super) fn refuse_other(file: &Path, found: &Configuration, asked: &Configuration) -> Result<(), ExperimentError> {
    let differences = found.differences(asked);
    if differences.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = differences
        .into_iter()
        .map(|(name, found, asked)| format!("`{name}` is {found} there and {asked} here"))
        .collect();
    Err(ExperimentError::OtherConfiguration { file: file.to_owned(), differences: list.join(", ") })
}
