#![allow(unsafe_code)]

use std::f64::consts::LOG2_E;

use candle_core::backend::BackendDevice;
use candle_core::cuda_backend::{CudaDevice, CudaStorage};
use candle_core::{DType, Device, Result, Shape, Tensor};

use super::attention::Aligned;
use super::program::{Argument, Kernel, Program, address, capability, start, unwritten};

const PROGRAM: Program =
    Program { name: "lag_attention", source: concat!(include_str!("tile.cuh"), include_str!("lag_attention.cu")) };

const HOPPER: Program = Program {
    name: "lag_attention_hopper",
    source: concat!(include_str!("tile.cuh"), include_str!("lag_attention_hopper.cu")),
};

/// Queries, keys or lags of a tile of `lag_attention.cu`.
const TILE: usize = 64;

/// Causal attention with terms by lag, without scores in memory, and its gradients.
pub(in crate::model) struct LagAttention {
    device: CudaDevice,
    query: Aligned,
    key: Aligned,
    value: Aligned,
    /// `[1, 1 or heads, lags, head_dim]` in the type of the queries.
    kernel: Option<Aligned>,
    /// `[1 or heads, lags]`, over `ln 2`.
    bias: Option<Tensor>,
    scale: f64,
}

/// What the forward pass gives.
pub(in crate::model) struct Mixed {
    /// `[batch, tokens, heads, head_dim]`.
    pub(in crate::model) storage: CudaStorage,
    pub(in crate::model) shape: Shape,
    /// The logarithm to base 2 of each row's sum of exponentials, `[batch, heads, tokens]`.
    pub(in crate::model) log_sums: Tensor,
}

/// What the backward pass starts from, and the scalar products of the rows of the first two.
struct Backward {
    gradient: Aligned,
    log_sums: Tensor,
    dots: Tensor,
}

impl LagAttention {
    /// Of `[batch, heads, tokens, head_dim]` queries, keys and values of any strides; none where the
    /// kernels do not cover the type, the device or the head.
    pub(in crate::model) fn new(
        [query, key, value]: &[Tensor; 3],
        kernel: Option<&Tensor>,
        bias: Option<&Tensor>,
        scale: f64,
    ) -> Result<Option<Self>> {
        let Device::Cuda(device) = query.device() else { return Ok(None) };
        let (batch, heads, tokens, dim) = query.dims4()?;
        let half = matches!(query.dtype(), DType::BF16 | DType::F16);
        // The second and third side of a grid are at most 65535.
        if !half || !dim.is_multiple_of(16) || dim > 128 || batch > 65_535 || heads > 65_535 || tokens > 1 << 20 {
            return Ok(None);
        }
        let kernel = kernel.map(|kernel| Aligned::new(&kernel.to_dtype(query.dtype())?.unsqueeze(0)?)).transpose()?;
        let bias = bias.map(|bias| (bias.to_dtype(DType::F32)?.contiguous()? * LOG2_E)?.contiguous()).transpose()?;
        let device = device.clone();
        let [query, key, value] = [Aligned::new(query)?, Aligned::new(key)?, Aligned::new(value)?];
        Ok(Some(Self { device, query, key, value, kernel, bias, scale }))
    }

    /// The forward pass.
    pub(in crate::model) fn attend(&self) -> Result<Mixed> {
        let (batch, heads, tokens, dim) = self.query.tensor.dims4()?;
        let shape = Shape::from((batch, tokens, heads, dim));
        // SAFETY: the kernel writes every element of both.
        let (storage, log_sums) = unsafe {
            let storage = self.device.alloc_uninit(&shape, self.query.tensor.dtype())?;
            (storage, unwritten((batch, heads, tokens), DType::F32, &self.device)?)
        };
        let mut arguments = self.inputs()?;
        arguments.extend([Argument::Address(start(&storage)?), Argument::Address(address(&log_sums)?)]);
        arguments.extend([self.query.strides(), self.key.strides(), self.value.strides()].concat());
        arguments.extend(self.shape()?);
        let by_lag = self.kernel.is_some();
        let hopper = capability(&self.device)?.0 == 9 && (dim == 128 || dim == 64 && by_lag);
        let (program, groups, threads, shared) = if hopper {
            // Three stages of keys and values, four blocks of lags, two rings, seven pairs of barriers.
            let tiles = 2 * TILE * dim * if by_lag { 10 } else { 6 };
            let rings = if by_lag { 2 * 4 * TILE * 2 * TILE } else { 0 };
            (HOPPER, 2, 384, 1024 + tiles + rings + 7 * 16)
        } else {
            let groups = groups(dim);
            (PROGRAM, groups, 128 * groups, 4 * groups * own(dim) + (4 + groups + 1) * tile(dim))
        };
        let kernel = self.function(&program, "lag_attend")?;
        let grid = [heads as u32, tokens.div_ceil(groups * TILE) as u32, batch as u32];
        // SAFETY: a block writes the results of its rows below `tokens`, of its head and its text; of
        // the inputs it reads rows below `tokens`, and the lags of its head's table below `tokens`.
        unsafe { kernel.launch(grid, threads as u32, shared as u32, &arguments)? };
        Ok(Mixed { storage, shape, log_sums })
    }

    /// The gradients of queries, keys and values, from the results of the forward pass, `[batch, tokens,
    /// heads, head_dim]`, and their gradient.
    pub(in crate::model) fn input_gradients(
        &self,
        mixed: &Tensor,
        log_sums: &Tensor,
        gradient: &Tensor,
    ) -> Result<[Tensor; 3]> {
        let (batch, heads, tokens, dim) = self.query.tensor.dims4()?;
        let kv_heads = self.key.tensor.dim(1)?;
        let backward = self.backward(mixed, log_sums, gradient)?;
        let dtype = self.query.tensor.dtype();
        // SAFETY: the first is written by `lag_queries`, the other two by `lag_keys`, every element.
        let of = unsafe {
            let of = |heads| unwritten((batch, heads, tokens, dim), dtype, &self.device);
            [of(heads)?, of(kv_heads)?, of(kv_heads)?]
        };
        let arguments = self.backward_arguments(&backward, &[address(&of[0])?])?;
        let groups = groups(dim);
        let shared = 4 * groups * (own(dim) + weights()) + (4 + groups + 2) * tile(dim);
        let grid = [heads as u32, tokens.div_ceil(groups * TILE) as u32, batch as u32];
        // SAFETY: as in `attend`.
        unsafe {
            self.function(&PROGRAM, "lag_queries")?.launch(grid, 128 * groups as u32, shared as u32, &arguments)?
        };
        let arguments = self.backward_arguments(&backward, &[address(&of[1])?, address(&of[2])?])?;
        let shared = 4 * stay_own(dim) + 9 * tile(dim);
        let grid = [kv_heads as u32, tokens.div_ceil(TILE) as u32, batch as u32];
        // SAFETY: a block writes both gradients of its keys below `tokens`, of its head and its text.
        unsafe { self.function(&PROGRAM, "lag_keys")?.launch(grid, 128, shared as u32, &arguments)? };
        Ok(of)
    }

    /// The gradients of the tables that there are and are asked for, in `f32` and in their shape.
    pub(in crate::model) fn table_gradients(
        &self,
        mixed: &Tensor,
        log_sums: &Tensor,
        gradient: &Tensor,
        wanted: [bool; 2],
    ) -> Result<[Option<Tensor>; 2]> {
        let (batch, heads, tokens, dim) = self.query.tensor.dims4()?;
        let wanted = [wanted[0] && self.kernel.is_some(), wanted[1] && self.bias.is_some()];
        if wanted == [false; 2] {
            return Ok([None, None]);
        }
        let backward = self.backward(mixed, log_sums, gradient)?;
        // SAFETY: every element of what is wanted is written by `lag_tables`.
        let [kernel, bias] = unsafe {
            let of =
                |wanted: bool, shape: &[usize]| wanted.then(|| unwritten(shape, DType::F32, &self.device)).transpose();
            [of(wanted[0], &[batch, heads, tokens, dim])?, of(wanted[1], &[batch, heads, tokens])?]
        };
        let outputs = [&kernel, &bias].map(|of| of.as_ref().map_or(Ok(0), address));
        let [of_kernel, of_bias] = outputs;
        let arguments = self.backward_arguments(&backward, &[of_kernel?, of_bias?])?;
        let shared = 4 * stay_own(dim) + 11 * tile(dim);
        let grid = [heads as u32, tokens.div_ceil(TILE) as u32, batch as u32];
        // SAFETY: a block writes the sums of its lags below `tokens`, of its head and its text.
        unsafe { self.function(&PROGRAM, "lag_tables")?.launch(grid, 128, shared as u32, &arguments)? };
        // One order of adding: texts, then heads.
        let added = |of: Option<Tensor>, heads: usize| -> Result<Option<Tensor>> {
            let Some(of) = of else { return Ok(None) };
            let of = of.sum(0)?;
            Ok(Some(if heads == 1 { of.sum_keepdim(0)? } else { of }))
        };
        let kernel_heads = self.kernel.as_ref().map_or(Ok(1), |kernel| kernel.tensor.dim(1))?;
        let bias_heads = self.bias.as_ref().map_or(Ok(1), |bias| bias.dim(0))?;
        Ok([added(kernel, kernel_heads)?, added(bias, bias_heads)?])
    }

    fn backward(&self, mixed: &Tensor, log_sums: &Tensor, gradient: &Tensor) -> Result<Backward> {
        let (batch, heads, tokens, _) = self.query.tensor.dims4()?;
        let by_head = |x: &Tensor| Aligned::new(&x.transpose(1, 2)?);
        let (mixed, gradient) = (by_head(mixed)?, by_head(gradient)?);
        // SAFETY: the kernel writes every element.
        let dots = unsafe { unwritten((batch, heads, tokens), DType::F32, &self.device)? };
        let mut arguments = vec![mixed.address()?, gradient.address()?, Argument::Address(address(&dots)?)];
        arguments.extend([mixed.strides(), gradient.strides()].concat());
        arguments.extend([tokens, heads].map(int));
        let grid = [heads as u32, tokens.div_ceil(8) as u32, batch as u32];
        // SAFETY: a warp reads its row below `tokens` of both and writes one element.
        unsafe { self.function(&PROGRAM, "lag_dots")?.launch(grid, 256, 0, &arguments)? };
        Ok(Backward { gradient, log_sums: log_sums.clone(), dots })
    }

    fn backward_arguments(&self, backward: &Backward, outputs: &[u64]) -> Result<Vec<Argument>> {
        let mut arguments = self.inputs()?;
        arguments.push(backward.gradient.address()?);
        arguments.extend([address(&backward.log_sums)?, address(&backward.dots)?].map(Argument::Address));
        arguments.extend(outputs.iter().copied().map(Argument::Address));
        let inputs = [&self.query, &self.key, &self.value, &backward.gradient];
        arguments.extend(inputs.map(Aligned::strides).concat());
        arguments.extend(self.shape()?);
        Ok(arguments)
    }

    /// Queries, keys, values and tables.
    fn inputs(&self) -> Result<Vec<Argument>> {
        let mut arguments = vec![self.query.address()?, self.key.address()?, self.value.address()?];
        arguments.push(self.kernel.as_ref().map_or(Ok(Argument::Address(0)), Aligned::address)?);
        arguments.push(Argument::Address(self.bias.as_ref().map_or(Ok(0), address)?));
        Ok(arguments)
    }

    /// Strides of the tables, tokens, heads, query heads for each key head, and the scale.
    fn shape(&self) -> Result<[Argument; 7]> {
        let (_, heads, tokens, _) = self.query.tensor.dims4()?;
        let (kernel_head, kernel_lag) = match &self.kernel {
            Some(kernel) => (if kernel.tensor.dim(1)? == 1 { 0 } else { kernel.strides[2] }, kernel.strides[1]),
            None => (0, 0),
        };
        let bias_head = match &self.bias {
            Some(bias) if bias.dim(0)? > 1 => bias.dim(1)?,
            _ => 0,
        };
        let shared_by = heads / self.key.tensor.dim(1)?;
        let strides = [Argument::Int(kernel_head), Argument::Int(kernel_lag), int(bias_head)];
        let [of_kernel, of_lag, of_bias] = strides;
        Ok([of_kernel, of_lag, of_bias, int(tokens), int(heads), int(shared_by), Argument::Float(self.scale as f32)])
    }

    fn function(&self, program: &Program, name: &str) -> Result<Kernel> {
        let dim = self.query.tensor.dim(3)?;
        let flag = |on: bool| -> &dyn std::fmt::Display { if on { &1 } else { &0 } };
        let definitions: [(&str, &dyn std::fmt::Display); 5] = [
            ("HEAD_DIM", &dim),
            ("SINGLE", &0),
            ("HALF", flag(self.query.tensor.dtype() == DType::F16)),
            ("KERNEL", flag(self.kernel.is_some())),
            ("BIAS", flag(self.bias.is_some())),
        ];
        program.kernel(&self.device, name, &definitions)
    }
}

/// Tiles of queries of a block that walks: `GROUPS`.
fn groups(dim: usize) -> usize {
    if dim <= 64 { 1 } else { 2 }
}

/// Bytes of a tile in shared memory: `TILE_SIZE`.
fn tile(dim: usize) -> usize {
    TILE * row(dim)
}

/// Bytes of a row of queries, keys, values or lags: `HEAD_STRIDE`.
fn row(dim: usize) -> usize {
    2 * (dim + 8)
}

/// Bytes of a warp that walks: `OWN`.
fn own(dim: usize) -> usize {
    16 * row(dim).max(4 * TILE)
}

/// Bytes of 16 rows of weights: `WEIGHT_STRIDE`.
fn weights() -> usize {
    16 * 2 * (TILE + 8)
}

/// Bytes of a warp whose tile stays: `STAY_OWN`.
fn stay_own(dim: usize) -> usize {
    16 * row(dim).max(4 * 88)
}

fn int(value: usize) -> Argument {
    Argument::Int(value as i32)
}
