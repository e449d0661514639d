use std::sync::Arc;
#[cfg(feature = "cuda")]
use std::sync::OnceLock;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor, bail};

#[cfg(feature = "cuda")]
use crate::model::kernel::{LagAttention, Mixed};

#[cfg(all(test, feature = "cuda"))]
mod on_gpu;
#[cfg(test)]
mod tests;
mod whole;

/// Causal attention with a term for each lag,
/// `softmax_n(scale (q_m · k_n + q_m · P_{m-n}) + b_{m-n}) v_n` over the keys `n ≤ m`.
///
/// Differentiable in every tensor. Shapes, with `H` a multiple of `G`:
///
/// | | |
/// |---|---|
/// | `query` | `[batch, H, L, d]` |
/// | `key`, `value` | `[batch, G, L, d]`; query head `h` reads head `h G / H` |
/// | `kernel`, `P` | `[1, ≥ L, d]` or `[H, ≥ L, d]`: row `t` is the kernel at lag `t` |
/// | `bias`, `b` | `[H, ≥ L]` or `[1, ≥ L]`, not scaled |
/// | result | `[batch, H, L, d]`, of which `transpose(1, 2)` is contiguous |
///
/// `P` and `b` may be of another floating type than the rest; their gradients are of their own type.
///
/// Scores, probabilities and sums are in `f64` for `f64` and in `f32` otherwise. On a GPU, `bf16` and
/// `f16` with `d` a multiple of 16, at most 128, never have a score in memory: products run on tensor cores with `f32`
/// sums, and probabilities and the gradients of scores are rounded to the inputs' type before they meet
/// values, keys or queries. Everything else runs as whole-tensor operations, with all scores of a text
/// in memory. The same inputs give the same bits, in both directions.
///
/// # Errors
/// Shapes, types or devices that do not fit together, and those of the device.
///
/// # Example
/// ```
/// use candle_core::{Device, Tensor};
/// use ropelet::model::op::causal_attention;
///
/// let x = Tensor::zeros((1, 1, 2, 4), candle_core::DType::F64, &Device::Cpu)?;
/// let value = Tensor::new(&[[[[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]]], &Device::Cpu)?;
/// // ALiBi with slope ln 3: the key one step back weighs a third.
/// let bias = Tensor::new(&[[0.0, -(3f64.ln())]], &Device::Cpu)?;
/// let mixed = causal_attention(&x, &x, &value, None, Some(&bias), 0.5)?;
/// let second = mixed.flatten_all()?.to_vec1::<f64>()?[4];
/// assert!((second - 0.75).abs() < 1e-15);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn causal_attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    kernel: Option<&Tensor>,
    bias: Option<&Tensor>,
    scale: f64,
) -> Result<Tensor> {
    causal_attention_by_token(query, key, value, kernel, bias, scale)?.transpose(1, 2)
}

/// [`causal_attention`], `[batch, L, H, d]`: as it lies in memory, without a node for a transposition, whose
/// derivative candle would add up out of order.
///
/// # Errors
/// Those of [`causal_attention`].
pub fn causal_attention_by_token(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    kernel: Option<&Tensor>,
    bias: Option<&Tensor>,
    scale: f64,
) -> Result<Tensor> {
    let (_, heads, tokens, dim) = query.dims4()?;
    let (batch, kv_heads, ..) = key.dims4()?;
    if key.dims() != [query.dim(0)?, kv_heads, tokens, dim] || value.dims() != key.dims() {
        bail!("queries {:?} do not fit keys {:?} and values {:?}", query.shape(), key.shape(), value.shape());
    }
    if batch * heads * tokens * dim == 0 || !heads.is_multiple_of(kv_heads) {
        bail!("{heads} heads of {dim}, {kv_heads} of keys, for {batch} texts of {tokens} tokens");
    }
    if key.dtype() != query.dtype() || value.dtype() != query.dtype() || !query.dtype().is_float() {
        bail!("queries, keys and values are {:?}, {:?}, {:?}", query.dtype(), key.dtype(), value.dtype());
    }
    // A table may go on beyond the last lag.
    let of_lags = |table: Option<&Tensor>, rank: usize| -> Result<Option<Tensor>> {
        let Some(table) = table else { return Ok(None) };
        let dims = table.dims();
        let fits = dims.len() == rank && [1, heads].contains(&dims[0]) && dims[1] >= tokens;
        if !fits || (rank == 3 && dims[2] != dim) || !table.dtype().is_float() {
            bail!("a table by lag of {:?} does not fit {heads} heads of {dim} and {tokens} tokens", table.shape());
        }
        Ok(Some(if dims[1] == tokens { table.clone() } else { table.narrow(1, 0, tokens)? }))
    };
    let (kernel, bias) = (of_lags(kernel, 3)?, of_lags(bias, 2)?);
    let constant = |table: &Option<Tensor>| table.as_ref().map(Tensor::detach);
    let call = Arc::new(Call {
        inputs: [query, key, value].map(Tensor::detach),
        kernel: constant(&kernel),
        bias: constant(&bias),
        scale,
        #[cfg(feature = "cuda")]
        log_sums: OnceLock::new(),
    });
    let mixed = query.apply_op3(key, value, Attend(Arc::clone(&call)))?;
    let learned = |table: &Option<Tensor>| table.as_ref().is_some_and(Tensor::track_op);
    if learned(&kernel) || learned(&bias) {
        let none = Tensor::zeros(1, DType::F32, mixed.device())?;
        let [kernel, bias] = [&kernel, &bias].map(|table| table.as_ref().unwrap_or(&none));
        mixed.apply_op3(kernel, bias, Learn(call))
    } else {
        Ok(mixed)
    }
}

/// What attention is computed from, outside the graph.
///
/// Candle's operations have three inputs at most, and attention has five. A lag table is often a
/// constant, and its gradient is a pass of its own, so there are two nodes: [`Attend`] takes queries,
/// keys and values, and [`Learn`], only where a table is learned, passes the result on and gives the
/// tables their gradients. Nothing is packed into one tensor, and what is constant costs nothing.
struct Call {
    /// Queries, keys, values.
    inputs: [Tensor; 3],
    kernel: Option<Tensor>,
    bias: Option<Tensor>,
    scale: f64,
    /// What a forward pass without scores in memory leaves for the backward pass.
    #[cfg(feature = "cuda")]
    log_sums: OnceLock<Tensor>,
}

#[cfg(feature = "cuda")]
impl Call {
    fn kernels(&self) -> Result<Option<LagAttention>> {
        LagAttention::new(&self.inputs, self.kernel.as_ref(), self.bias.as_ref(), self.scale)
    }
}

/// Attention, `[batch, L, H, d]`, of queries, keys and values.
struct Attend(Arc<Call>);

/// The same as its first input; the other two are the tables it was computed with.
struct Learn(Arc<Call>);

impl CustomOp3 for Attend {
    fn name(&self) -> &'static str {
        "causal-attention"
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
        let mixed = whole::mixed(&self.0)?;
        let Storage::Cpu(storage) = &*mixed.storage_and_layout().0 else { bail!("the result is not on the CPU") };
        Ok((storage.clone(), mixed.shape().clone()))
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
        #[cfg(feature = "cuda")]
        if let Some(kernels) = self.0.kernels()? {
            let Mixed { storage, shape, log_sums } = kernels.attend()?;
            self.0.log_sums.get_or_init(|| log_sums);
            return Ok((storage, shape));
        }
        let mixed = whole::mixed(&self.0)?;
        let (storage, layout) = mixed.storage_and_layout();
        let Storage::Cuda(storage) = &*storage else { bail!("the result is not on a CUDA device") };
        Ok((storage.try_clone(layout)?, mixed.shape().clone()))
    }

    fn bwd(
        &self,
        _query: &Tensor,
        _key: &Tensor,
        _value: &Tensor,
        mixed: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        #[cfg(feature = "cuda")]
        if let (Some(log_sums), Some(kernels)) = (self.0.log_sums.get(), self.0.kernels()?) {
            let [query, key, value] = kernels.input_gradients(&mixed.detach(), log_sums, gradient)?;
            return Ok((Some(query), Some(key), Some(value)));
        }
        let [query, key, value] = whole::input_gradients(&self.0, &mixed.detach(), gradient)?;
        Ok((Some(query), Some(key), Some(value)))
    }
}

impl CustomOp3 for Learn {
    fn name(&self) -> &'static str {
        "causal-attention-tables"
    }

    fn cpu_fwd(
        &self,
        mixed: &CpuStorage,
        layout: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Ok((mixed.try_clone(layout)?, layout.shape().clone()))
    }

    fn cuda_fwd(
        &self,
        mixed: &CudaStorage,
        layout: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Ok((mixed.try_clone(layout)?, layout.shape().clone()))
    }

    fn bwd(
        &self,
        mixed: &Tensor,
        kernel: &Tensor,
        bias: &Tensor,
        _same: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let wanted = [kernel.track_op(), bias.track_op()];
        #[cfg(feature = "cuda")]
        if let (Some(log_sums), Some(kernels)) = (self.0.log_sums.get(), self.0.kernels()?) {
            let [of_kernel, of_bias] = kernels.table_gradients(&mixed.detach(), log_sums, gradient, wanted)?;
            let of = |x: Option<Tensor>, table: &Tensor| x.map(|x| x.to_dtype(table.dtype())).transpose();
            return Ok((Some(gradient.clone()), of(of_kernel, kernel)?, of(of_bias, bias)?));
        }
        let [kernel, bias] = whole::table_gradients(&self.0, &mixed.detach(), gradient, wanted)?;
        Ok((Some(gradient.clone()), kernel, bias))
    }
}
