//! Each operation and its derivative on a GPU against the processor in `f64`, on the same inputs.

use candle_core::{DType, Device, Result, Tensor, Var};

use super::gradient::noise;
use super::{
    AdamW, AdamWRule, Parameter, cross_entropy, embedding, linear, merge_heads, rms_norm, rotate, split_heads, swiglu,
};
use crate::numeric::Pairing;

fn gpu() -> Device {
    Device::new_cuda(0).unwrap()
}

fn values(x: &Tensor) -> Vec<f64> {
    let on_processor = x.flatten_all().unwrap().to_device(&Device::Cpu).unwrap();
    on_processor.to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

/// `‖found - expected‖ / ‖expected‖`.
fn distance(found: &Tensor, expected: &Tensor) -> f64 {
    let (found, expected) = (values(found), values(expected));
    assert_eq!(found.len(), expected.len());
    let size = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    let off = size(&mut found.iter().zip(&expected).map(|(found, expected)| found - expected));
    let distance = off / size(&mut expected.iter().copied());
    assert!(distance.is_finite(), "an operation gave what is not a number");
    distance
}

/// What an operation gives, and its derivatives by all inputs of a sum with weights.
fn outcome(inputs: &[Tensor], device: &Device, types: &[DType], operation: &Operation) -> Vec<Tensor> {
    let variables: Vec<Var> = inputs
        .iter()
        .zip(types)
        .map(|(input, dtype)| Var::from_tensor(&input.to_dtype(*dtype).unwrap().to_device(device).unwrap()).unwrap())
        .collect();
    let value = operation(&variables).unwrap();
    let weights = noise(0.9, value.dims()).to_dtype(value.dtype()).unwrap().to_device(device).unwrap();
    let gradients = (&value * weights).unwrap().sum_all().unwrap().backward().unwrap();
    let of = |variable: &Var| gradients.get(variable.as_tensor()).expect("a derivative by every input").clone();
    [value].into_iter().chain(variables.iter().map(of)).collect()
}

type Operation<'o> = dyn Fn(&[Var]) -> Result<Tensor> + 'o;

/// On a GPU the first input is of type `dtype` and the others, which are weights, `f32`; what is computed is
/// rounded to `to`.
///
/// An element is rounded once, by `u`, and the weights of the sum, too; where a product takes weights
/// rounded, or a derivative is formed from a rounded result, once or twice more. Rounding errors are
/// independent and as often up as down, so that norms differ by `u` at most: 2^-8 in bf16. In f32 the sums
/// count, of 4096 terms at most: 2^-24 √4096 = 2^-18. Half a percent of an error would show.
fn assert_same(what: &str, (dtype, to): (DType, DType), inputs: &[Tensor], operation: &Operation) {
    let bound = if to == DType::BF16 { 1.0 / 256.0 } else { 1.0 / f64::from(1 << 18) };
    let mut types = vec![DType::F32; inputs.len()];
    types[0] = dtype;
    // The reference starts from the same rounded inputs.
    let rounded = |(input, dtype): (&Tensor, &DType)| input.to_dtype(*dtype).unwrap().to_dtype(DType::F64).unwrap();
    let inputs: Vec<Tensor> = inputs.iter().zip(&types).map(rounded).collect();
    let expected = outcome(&inputs, &Device::Cpu, &vec![DType::F64; inputs.len()], operation);
    let (found, again) = (outcome(&inputs, &gpu(), &types, operation), outcome(&inputs, &gpu(), &types, operation));
    for (which, ((found, again), expected)) in found.iter().zip(&again).zip(&expected).enumerate() {
        assert_eq!(values(found), values(again), "{what} {dtype:?}: {which} has other bits the second time");
        let distance = distance(found, expected);
        assert!(distance <= bound, "{what} {dtype:?}: {which} is off by {distance}, not within {bound}");
    }
}

#[test]
fn operations_and_their_derivatives_are_those_of_the_processor() {
    for dtype in [DType::BF16, DType::F32] {
        // Rows that are packs, rows that are not, and more rows than a grid has warps.
        for (rows, columns) in [(6, 256), (7, 37), (5000, 64)] {
            assert_same("norm", (dtype, dtype), &[noise(0.1, &[rows, columns]), noise(0.2, &[columns])], &|inputs| {
                rms_norm(&inputs[0], &Parameter::of(&inputs[1]), 1e-2)
            });
            assert_same("gate", (dtype, dtype), &[noise(0.1, &[rows, 2 * columns])], &|inputs| swiglu(&inputs[0]));
        }
        for pairing in Pairing::ALL {
            for (dim, pairs) in [(64, 32), (64, 16), (6, 2)] {
                assert_same("rotation", (dtype, dtype), &[noise(0.1, &[2, 3, 5, dim])], &|inputs| {
                    let table = |seed| {
                        let table = noise(seed, &[5, pairs]).to_dtype(DType::F32).unwrap();
                        table.to_device(inputs[0].device()).unwrap()
                    };
                    rotate(&inputs[0], &table(0.3), &table(0.4), pairing)
                });
            }
        }
        for dim in [64, 5] {
            assert_same("heads", (dtype, dtype), &[noise(0.1, &[2, 3, 4 * dim])], &|inputs| split_heads(&inputs[0], 4));
            assert_same("heads together", (dtype, dtype), &[noise(0.1, &[2, 3, 4, dim])], &|inputs| {
                merge_heads(&inputs[0].transpose(1, 2)?)
            });
        }
        for vocabulary in [4096, 33] {
            let targets: Vec<u32> = (0..40).map(|token| token * 7919 % vocabulary).collect();
            assert_same("loss", (dtype, dtype), &[noise(0.1, &[2, 20, vocabulary as usize])], &|inputs| {
                cross_entropy(&inputs[0], &Tensor::from_slice(&targets, (2, 20), inputs[0].device()).unwrap())
            });
        }
    }
}

#[test]
fn products_and_rows_of_rounded_weights_are_those_of_the_processor() {
    // Weights that bf16 holds, so that both sides have the same.
    let weights = |seed, dims: &[usize]| noise(seed, dims).to_dtype(DType::BF16).unwrap().to_dtype(DType::F64).unwrap();
    assert_same(
        "product",
        (DType::BF16, DType::BF16),
        &[noise(0.1, &[3, 100, 64]), weights(0.2, &[96, 64])],
        &|inputs| linear(&inputs[0], &Parameter::of(&inputs[1])),
    );
    // One id far more often than the others, some never, and a last tile that is not full.
    let ids: Vec<u32> = (0..3001).map(|token| if token % 3 == 0 { 5 } else { token * 31 % 90 }).collect();
    let table = weights(0.3, &[100, 48]);
    assert_same("embedding", (DType::F32, DType::BF16), &[table], &|inputs| {
        let ids = Tensor::from_slice(&ids, 3001, inputs[0].device()).unwrap();
        embedding(&ids, &Parameter::of(&inputs[0]))?.to_dtype(inputs[0].dtype())
    });
}

#[test]
fn a_gpu_updates_weights_as_the_processor_does() {
    let rule = AdamWRule { betas: (0.9, 0.95), eps: 1e-8, decay: 0.1, clip: Some(0.5) };
    let run = |device: &Device, dtype: DType| {
        let parameters: Vec<Parameter> = [(0.1, vec![100, 333]), (0.2, vec![7])]
            .into_iter()
            .map(|(seed, dims)| noise(seed, &dims).to_dtype(dtype).unwrap().to_device(device).unwrap())
            .map(|values| Parameter::new(&values).unwrap())
            .collect();
        let decays = parameters.iter().map(|of| (of.clone(), of.variable().rank() > 1)).collect();
        let mut optimizer = AdamW::new(rule, decays).unwrap();
        let mut norms = Vec::new();
        for rate in [0.1, 0.02, 0.03] {
            let cubes = parameters.iter().map(|of| of.variable().powf(3.0).unwrap().sum_all().unwrap());
            let loss = cubes.reduce(|sum, cube| (sum + cube).unwrap()).unwrap();
            norms.push(optimizer.step(&loss.backward().unwrap(), rate).unwrap());
        }
        (parameters, norms)
    };
    let (expected, wide_norms) = run(&Device::Cpu, DType::F64);
    let (found, norms) = run(&gpu(), DType::F32);
    for (found, expected) in found.iter().zip(&expected) {
        // A dozen operations in each of three steps, each off by 2^-24.
        assert!(distance(found.variable(), expected.variable()) < 64.0 / f64::from(1 << 24));
        let rounded = found.variable().to_dtype(DType::BF16).unwrap();
        assert_eq!(values(found.factor()), values(&rounded), "the factor is the weights, rounded");
    }
    for (found, expected) in norms.iter().zip(&wide_norms) {
        assert!(distance(found, expected) < 64.0 / f64::from(1 << 24));
    }
}
