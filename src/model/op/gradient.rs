//! Derivatives against central differences in `f64`.

use candle_core::{Device, Result, Tensor, Var};

use super::Parameter;

/// Values of both signs up to 2 in size, without a pattern.
pub(super) fn noise(seed: f64, shape: &[usize]) -> Tensor {
    let count = shape.iter().product::<usize>();
    // A sine alone has a pattern, and sums over it cancel.
    let uniform = |at: usize| ((at as f64 * 12.9898 + 78.233 * seed).sin() * 43_758.545_3).rem_euclid(1.0);
    let values: Vec<f64> = (0..count).map(|at| 4.0 * uniform(at) - 2.0).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

pub(super) fn values(x: &Tensor) -> Vec<f64> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

impl Parameter {
    /// A parameter over a variable that the test differentiates by.
    pub(super) fn of(variable: &Var) -> Self {
        Self::over(variable.clone()).unwrap()
    }
}

/// Every component of every derivative of `Σ weights · operation(inputs)` is that of differences.
///
/// `(f(x + h) - f(x - h)) / 2h` is off by `f''' h²/6`, 2e-11 for `h = 1e-5` and third derivatives up to 1,
/// and by the rounding of `f` over `h`, 1e-16 · 100 / 1e-5 = 1e-9. The bound is 1e-8 of one plus the
/// derivative's size; the control, a derivative that is wrong by a thousandth, is far outside.
pub(super) fn assert_derivative(inputs: &[Tensor], operation: impl Fn(&[Var]) -> Result<Tensor>) {
    let (step, bound) = (1e-5, 1e-8);
    let variables: Vec<Var> = inputs.iter().map(|input| Var::from_tensor(input).unwrap()).collect();
    let shape = operation(&variables).unwrap().dims().to_vec();
    let weights = noise(0.9, &shape);
    let value = |variables: &[Var]| (operation(variables).unwrap() * &weights).unwrap().sum_all().unwrap();
    let gradients = value(&variables).backward().unwrap();
    for (which, variable) in variables.iter().enumerate() {
        let derivative = values(gradients.get(variable.as_tensor()).expect("a derivative by every input"));
        let start = values(&inputs[which]);
        assert_eq!(derivative.len(), start.len());
        for at in 0..start.len() {
            let moved = |by: f64| {
                let mut values = start.clone();
                values[at] += by;
                variable.set(&Tensor::from_vec(values, inputs[which].shape(), &Device::Cpu).unwrap()).unwrap();
                value(&variables).to_scalar::<f64>().unwrap()
            };
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            let within = |derivative: f64| (derivative - difference).abs() <= bound * (1.0 + difference.abs());
            assert!(within(derivative[at]), "input {which}, {at}: {} is not {difference}", derivative[at]);
            assert!(derivative[at].abs() < 0.1 || !within(derivative[at] * 1.001), "the control passes");
        }
        variable.set(&inputs[which]).unwrap();
    }
}
