use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, WithDType, bail};

use super::{Parameter, by_type};
use crate::model::cpu::Values;
#[cfg(feature = "cuda")]
use crate::model::kernel::{self, Operand};
use crate::numeric::Real;

/// The constants of [`AdamW`] \[loshchilov2019\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWRule {
    /// How much of the first and of the second moment is kept in a step.
    pub betas: (f64, f64),
    /// Added to the root of the second moment.
    pub eps: f64,
    /// What is taken off the weights in a step, times the rate.
    pub decay: f64,
    /// The largest norm of all gradients together; a larger one is scaled down to it.
    pub clip: Option<f64>,
}

/// Running means of one parameter's gradient and of its square, in the type of the parameter's variable.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Of the gradient.
    pub first: Tensor,
    /// Of its square.
    pub second: Tensor,
}

/// Updates parameters in place, with nothing to wait for: the norm and the factor that clips stay on the
/// device.
///
/// In step `t`, with gradient `g` after clipping, `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`, then
/// `w = w (1 - rate decay) - rate m / (1 - β₁ᵗ) / (√v / √(1 - β₂ᵗ) + ε)`, as PyTorch has it. Its clipping,
/// too: `g` times `min(1, clip / (norm + 1e-6))`.
#[derive(Debug)]
pub struct AdamW {
    rule: AdamWRule,
    parameters: Vec<(Parameter, bool)>,
    moments: Vec<Moments>,
    steps: u64,
}

impl AdamW {
    /// Starts with moments of zero. Each parameter comes with whether its weights decay.
    ///
    /// # Errors
    /// The device has no memory for the moments.
    pub fn new(rule: AdamWRule, parameters: Vec<(Parameter, bool)>) -> Result<Self> {
        let zero = |(parameter, _): &(Parameter, bool)| {
            let weights = parameter.variable().as_tensor();
            Ok(Moments { first: weights.zeros_like()?, second: weights.zeros_like()? })
        };
        let moments = parameters.iter().map(zero).collect::<Result<_>>()?;
        Ok(Self { rule, parameters, moments, steps: 0 })
    }

    /// One update with this rate; the norm of all gradients together before clipping, a number on the
    /// device.
    ///
    /// # Errors
    /// A parameter without a gradient.
    pub fn step(&mut self, gradients: &GradStore, rate: f64) -> Result<Tensor> {
        let of =
            |(at, (parameter, _)): (usize, &(Parameter, bool))| match gradients.get(parameter.variable().as_tensor()) {
                Some(gradient) => gradient.contiguous(),
                None => bail!("parameter {at} of {:?} has no gradient", parameter.variable().shape()),
            };
        let gradients = self.parameters.iter().enumerate().map(of).collect::<Result<Vec<_>>>()?;
        let Some(first) = gradients.first() else { bail!("there is no parameter to update") };
        self.steps += 1;
        let update = self.update(rate);
        #[cfg(feature = "cuda")]
        if first.device().is_cuda() {
            return self.step_on_gpu(&gradients, &update);
        }
        by_type!(first.dtype(), T => self.step_on_processor::<T>(&gradients, &update))
    }

    /// Moments in the order of the parameters.
    pub fn moments(&self) -> &[Moments] {
        &self.moments
    }

    /// How many updates there were.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Goes on from moments of an earlier run after as many updates, which are copied.
    ///
    /// # Errors
    /// Not one pair for each parameter, of its shape and type.
    pub fn restore(&mut self, moments: Vec<Moments>, steps: u64) -> Result<()> {
        let fits = |((parameter, _), moments): (&(Parameter, bool), &Moments)| {
            let weights = parameter.variable().as_tensor();
            [&moments.first, &moments.second]
                .iter()
                .all(|of| of.shape() == weights.shape() && of.dtype() == weights.dtype())
        };
        if moments.len() != self.parameters.len() || !self.parameters.iter().zip(&moments).all(fits) {
            bail!("{} pairs of moments do not fit {} parameters", moments.len(), self.parameters.len());
        }
        let devices = self.parameters.iter().map(|(parameter, _)| parameter.variable().device().clone());
        let moved = moments.into_iter().zip(devices).map(|(moments, device)| {
            let [first, second] = [moments.first, moments.second].map(|of| of.to_device(&device)?.contiguous()?.copy());
            Ok(Moments { first: first?, second: second? })
        });
        self.moments = moved.collect::<Result<_>>()?;
        self.steps = steps;
        Ok(())
    }

    /// What this step multiplies with.
    fn update(&self, rate: f64) -> Update {
        let (first, second) = self.rule.betas;
        let steps = self.steps as f64;
        Update {
            betas: [first, second],
            eps: self.rule.eps,
            rate: rate / (1.0 - first.powf(steps)),
            root: (1.0 - second.powf(steps)).sqrt().recip(),
            kept: 1.0 - rate * self.rule.decay,
        }
    }

    #[cfg(feature = "cuda")]
    fn step_on_gpu(&self, gradients: &[Tensor], update: &Update) -> Result<Tensor> {
        let gradients = gradients.iter().map(Operand::of).collect::<Result<Vec<_>>>()?;
        let (norm, factor) = kernel::norm_and_factor(&gradients, self.rule.clip)?;
        let factor = Operand::of(&factor)?;
        let Update { betas, eps, rate, root, kept } = *update;
        let step = kernel::Step { betas, eps, rate, root };
        for (((parameter, decays), moments), gradient) in self.parameters.iter().zip(&self.moments).zip(&gradients) {
            let [weights, first, second] =
                [parameter.variable().as_tensor(), &moments.first, &moments.second].map(Operand::of);
            let rounded = parameter.rounded().map(Operand::of).transpose()?;
            let kept = if *decays { kept } else { 1.0 };
            kernel::update(&weights?, [&first?, &second?], gradient, rounded.as_ref(), &factor, &step, kept)?;
        }
        Ok(norm)
    }

    fn step_on_processor<T: Real + WithDType>(&mut self, gradients: &[Tensor], update: &Update) -> Result<Tensor> {
        let mut squares = 0.0;
        for gradient in gradients {
            squares += Values::<T>::of(gradient)?.slice()?.iter().map(|g| g.wide() * g.wide()).sum::<f64>();
        }
        let norm = squares.sqrt();
        let clip = T::of(self.rule.clip.map_or(1.0, |clip| (clip / (norm + 1e-6)).min(1.0)));
        let [first, second] = update.betas.map(T::of);
        let (eps, rate, root) = (T::of(update.eps), T::of(update.rate), T::of(update.root));
        for (((parameter, decays), moments), gradient) in self.parameters.iter().zip(&mut self.moments).zip(gradients) {
            let variable = parameter.variable();
            let kept = T::of(if *decays { update.kept } else { 1.0 });
            let mut values = [variable.as_tensor(), &moments.first, &moments.second]
                .map(|of| of.flatten_all().and_then(|of| of.to_vec1::<T>()));
            let [Ok(weights), Ok(m), Ok(v)] = &mut values else { bail!("weights and moments are not of one type") };
            for (at, g) in Values::<T>::of(gradient)?.slice()?.iter().enumerate() {
                let g = *g * clip;
                m[at] = first * m[at] + (T::one() - first) * g;
                v[at] = second * v[at] + (T::one() - second) * g * g;
                weights[at] = weights[at] * kept - rate * m[at] / (v[at].sqrt() * root + eps);
            }
            let [weights, first, second] = values.map(|of| Tensor::from_vec(of?, variable.shape(), variable.device()));
            variable.set(&weights?)?;
            *moments = Moments { first: first?, second: second? };
        }
        Tensor::new(norm, &candle_core::Device::Cpu)
    }
}

/// What one step multiplies with.
struct Update {
    betas: [f64; 2],
    eps: f64,
    /// Over what the first moment lacks for having started at zero.
    rate: f64,
    /// The same for the root of the second.
    root: f64,
    /// Of weights that decay.
    kept: f64,
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::model::op::gradient::{noise, values};

    const RULE: AdamWRule = AdamWRule { betas: (0.9, 0.95), eps: 1e-8, decay: 0.1, clip: Some(1.0) };

    /// `torch.optim.AdamW` after `torch.nn.utils.clip_grad_norm_` (torch 2.11.0, f64) on the same weights,
    /// `Σ weights³` as the loss: three steps at 0.1, 0.2 and 0.05; tests/data/training/adamw.py.
    const TORCH: [f64; 4] = [0.14953034111892802, -1.7940440878429793, 1.650706178976231, -0.06514471377467118];

    #[test]
    fn three_steps_are_those_of_torch() {
        let [decaying, fixed] = [[0.5, -1.5], [2.0, 0.25]]
            .map(|values| Var::from_tensor(&Tensor::new(&values, &candle_core::Device::Cpu).unwrap()).unwrap());
        let parameters = vec![(Parameter::of(&decaying), true), (Parameter::of(&fixed), false)];
        let mut optimizer = AdamW::new(RULE, parameters).unwrap();
        for rate in [0.1, 0.2, 0.05] {
            let cubes = [&decaying, &fixed].map(|of| of.as_tensor().powf(3.0).unwrap().sum_all().unwrap());
            let loss = (&cubes[0] + &cubes[1]).unwrap();
            optimizer.step(&loss.backward().unwrap(), rate).unwrap();
        }
        let found = [values(decaying.as_tensor()), values(fixed.as_tensor())].concat();
        for (found, torch) in found.iter().zip(TORCH) {
            // Both are rounded about twenty times a step; values are below 3.
            assert!((found - torch).abs() < 1e-14, "{found} is not {torch}");
        }
    }

    #[test]
    fn restored_moments_go_on_with_the_same_bits() {
        let start = noise(0.1, &[6]);
        let run = |steps: &[f64], from: Option<(&Tensor, &AdamW)>| {
            let variable = Var::from_tensor(from.map_or(&start, |(weights, _)| weights)).unwrap();
            let mut optimizer = AdamW::new(RULE, vec![(Parameter::of(&variable), true)]).unwrap();
            if let Some((_, earlier)) = from {
                optimizer.restore(earlier.moments().to_vec(), earlier.steps()).unwrap();
            }
            for rate in steps {
                let loss = variable.as_tensor().sqr().unwrap().sum_all().unwrap();
                optimizer.step(&loss.backward().unwrap(), *rate).unwrap();
            }
            (variable.as_tensor().copy().unwrap(), optimizer)
        };
        let (whole, _) = run(&[0.1, 0.2, 0.3], None);
        let (half, earlier) = run(&[0.1, 0.2], None);
        let (rest, _) = run(&[0.3], Some((&half, &earlier)));
        assert_eq!(values(&whole), values(&rest));
        // Without the moments the third step is another.
        let (fresh, _) = run(&[0.3], Some((&half, &run(&[], None).1)));
        assert_ne!(values(&whole), values(&fresh));
    }

    #[test]
    fn a_parameter_without_a_gradient_is_an_error() {
        let [used, unused] = [0.1, 0.2].map(|seed| Var::from_tensor(&noise(seed, &[2])).unwrap());
        let mut optimizer =
            AdamW::new(RULE, vec![(Parameter::of(&used), true), (Parameter::of(&unused), true)]).unwrap();
        let gradients = used.as_tensor().sum_all().unwrap().backward().unwrap();
        assert!(optimizer.step(&gradients, 0.1).unwrap_err().to_string().contains("parameter 1"));
    }
}
