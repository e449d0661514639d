use candle_core::{CpuStorage, CudaStorage, CustomOp3, D, Layout, Result, Shape, Storage, Tensor, bail};

use super::heads::{merged_parts, split_part};
use super::linear::{derivatives, product};
use super::rms_norm::RmsNorm;
use super::ticket::{Left, Returned, outputs, ticket};
use super::{Parameter, sum};

/// Queries, keys and values `[texts, heads, tokens, dim]` of the norm of `x`, `[texts, tokens, hidden]`: one
/// product with the weights of all three, and one derivative.
///
/// What the chain of [`rms_norm`](super::rms_norm), [`linear`](super::linear) and
/// [`split_heads`](super::split_heads) gives.
///
/// # Errors
/// Weights that do not fit `x`, or are not of as many heads.
pub fn project_heads(
    x: &Tensor,
    norm: &Parameter,
    weights: [&Parameter; 3],
    heads: usize,
    eps: f64,
) -> Result<[Tensor; 3]> {
    let (_, _, hidden) = x.dims3()?;
    let norm = norm.variable().as_tensor();
    let variables = weights.map(|of| of.variable().as_tensor());
    let [query, key, value] = variables;
    let (width, inputs) = query.dims2()?;
    let alike = variables.iter().all(|of| of.dims() == query.dims());
    if norm.dims() != [hidden] || inputs != hidden || !alike || heads == 0 || width % heads != 0 {
        bail!("weights {:?} do not give {heads} heads of activations {:?}", query.shape(), x.shape());
    }
    let left = Left::default();
    let others = ticket(&[norm, key, value], &left)?;
    let x = x.contiguous()?;
    let factor = Tensor::cat(&weights.map(|of| of.factor().detach()), 0)?;
    let normed = x.detach().apply_op2_no_bwd(norm, &RmsNorm { eps })?;
    let all = product(&normed, &factor)?;
    let [query_heads, key_heads, value_heads] = [0, 1, 2].map(|part| split_part(&all, part, 3, heads));
    let returned = Returned::default();
    let node = Projection { norm: norm.detach(), normed, factor, eps, left, returned: returned.clone() };
    let source = x.apply_op3(query, &others, node)?;
    outputs(&source, [query_heads?, key_heads?, value_heads?], &returned)
}

/// A node with one number, which the queries, keys and values depend on.
struct Projection {
    norm: Tensor,
    normed: Tensor,
    /// The rows for queries, keys and values.
    factor: Tensor,
    eps: f64,
    left: Left,
    returned: Returned,
}

impl CustomOp3 for Projection {
    fn name(&self) -> &'static str {
        "project-heads"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        super::ticket::blank_on_cpu()
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        super::ticket::blank_on_gpu(x)
    }

    fn bwd(
        &self,
        x: &Tensor,
        query: &Tensor,
        others: &Tensor,
        _: &Tensor,
        _: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let g = merged_parts(&self.returned.take::<3>()?)?;
        let (of_normed, of_factor) = derivatives(&self.normed, &self.factor, &g)?;
        let (of_x, of_norm) = RmsNorm { eps: self.eps }.derivatives(x, &self.norm, &of_normed, None)?;
        let width = query.dim(0)?;
        let part = |at: usize| of_factor.narrow(0, at * width, width);
        self.left.leave([of_norm, part(1)?, part(2)?]);
        Ok((Some(of_x), Some(part(0)?), Some(others.zeros_like()?)))
    }
}

/// `x + m O` for `m [texts, tokens, heads, dim]`, what attention has mixed: the sum after the first branch of
/// a layer. `weight` is `Oᵀ`.
///
/// # Errors
/// Weights that do not fit.
pub fn add_projected(x: &Tensor, mixed: &Tensor, weight: &Parameter) -> Result<Tensor> {
    let variable = weight.variable().as_tensor();
    let (texts, tokens, heads, dim) = mixed.dims4()?;
    let (outputs, inputs) = variable.dims2()?;
    if inputs != heads * dim || x.dims() != [texts, tokens, outputs] {
        bail!("weights {:?} do not fit {:?} and {:?}", variable.shape(), mixed.shape(), x.shape());
    }
    let (x, mixed) = (x.contiguous()?, mixed.contiguous()?);
    let node = AddProjected { x: x.detach(), mixed: mixed.detach(), factor: weight.factor().detach() };
    x.apply_op3(&mixed, variable, node)
}

struct AddProjected {
    x: Tensor,
    mixed: Tensor,
    factor: Tensor,
}

impl AddProjected {
    /// What is mixed, `[texts, tokens, heads · dim]`.
    fn flat(&self) -> Result<Tensor> {
        self.mixed.flatten_from(D::Minus2)
    }

    fn value(&self) -> Result<(Storage, Shape)> {
        Ok((sum(&self.x, &product(&self.flat()?, &self.factor)?)?, self.x.shape().clone()))
    }
}

impl CustomOp3 for AddProjected {
    fn name(&self) -> &'static str {
        "add-projected"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        match self.value()? {
            (Storage::Cpu(storage), shape) => Ok((storage, shape)),
            _ => bail!("the activations are not on the processor"),
        }
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        match self.value()? {
            (Storage::Cuda(storage), shape) => Ok((storage, shape)),
            _ => bail!("the activations are not on the GPU"),
        }
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (of_mixed, of_weight) = derivatives(&self.flat()?, &self.factor, &g.contiguous()?)?;
        Ok((Some(g.clone()), Some(of_mixed.reshape(self.mixed.shape())?), Some(of_weight)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::op::gradient::{assert_derivative, noise, values};
    use crate::model::op::{linear, merge_heads, rms_norm, split_heads};

    #[test]
    fn heads_are_the_chain_of_their_parts_and_have_the_derivative_of_differences() {
        let weights = [0.3, 0.4, 0.5].map(|seed| noise(seed, &[6, 4]));
        let inputs = [vec![noise(0.1, &[2, 3, 4]), noise(0.2, &[4])], weights.to_vec()].concat();
        let parameters: Vec<Parameter> = inputs[1..].iter().map(|of| Parameter::new(of).unwrap()).collect();
        let [norm, query, key, value] = &parameters[..] else { panic!("four weights") };
        let heads = project_heads(&inputs[0], norm, [query, key, value], 3, 1e-2).unwrap();
        let normed = rms_norm(&inputs[0], norm, 1e-2).unwrap();
        for (found, weight) in heads.iter().zip([query, key, value]) {
            assert_eq!(values(found), values(&split_heads(&linear(&normed, weight).unwrap(), 3).unwrap()));
        }
        assert_derivative(&inputs, |of| {
            let [norm, query, key, value] = [1, 2, 3, 4].map(|at| Parameter::of(&of[at]));
            let heads = project_heads(&of[0], &norm, [&query, &key, &value], 3, 1e-2)?;
            // All three count, and differently.
            &heads[0] + (heads[1].sqr()? + (&heads[2] * &heads[0])?)?
        });
    }

    #[test]
    fn what_is_mixed_is_added_with_the_derivative_of_differences() {
        let inputs = [noise(0.1, &[2, 3, 4]), noise(0.2, &[2, 3, 2, 5]), noise(0.3, &[4, 10])];
        let weight = Parameter::new(&inputs[2]).unwrap();
        let found = add_projected(&inputs[0], &inputs[1], &weight).unwrap();
        let merged = merge_heads(&inputs[1].transpose(1, 2).unwrap()).unwrap();
        assert_eq!(values(&found), values(&(&inputs[0] + linear(&merged, &weight).unwrap()).unwrap()));
        assert_derivative(&inputs, |of| add_projected(&of[0], &of[1], &Parameter::of(&of[2])));
    }
}
