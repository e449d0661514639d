#![allow(unsafe_code)]

use std::ffi::c_void;

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::cublas::{result, sys};
use candle_core::{DType, Result, Tensor};

use super::program::Operand;

/// `gᵀ x` in `f32`, for `g [rows, outputs]` and `x [rows, inputs]` in `bf16`: the sum over all rows is
/// never rounded to less than `f32`.
pub(in crate::model) fn product_over_rows(g: &Operand, x: &Operand) -> Result<Tensor> {
    let (outputs, inputs) = (g.last(), x.last());
    let rows = x.count() / inputs;
    let (out, to) = x.of_type(DType::F32, &[outputs, inputs])?;
    let (one, zero) = (1_f32, 0_f32);
    let blas = x.device.cublas_handle();
    let reduced = sys::cudaDataType_t::CUDA_R_16BF;
    let operation = (sys::cublasOperation_t::CUBLAS_OP_N, sys::cublasOperation_t::CUBLAS_OP_T);
    // SAFETY: cuBLAS counts columns first, so that `x` is inputs × rows, `g` outputs × rows and the result
    // inputs × outputs, each without gaps and as long as these say; the two numbers outlive the call.
    unsafe {
        result::gemm_ex(
            *blas.handle(),
            operation.0,
            operation.1,
            inputs as i32,
            outputs as i32,
            rows as i32,
            (&raw const one).cast::<c_void>(),
            x.address as *const c_void,
            reduced,
            inputs as i32,
            g.address as *const c_void,
            reduced,
            outputs as i32,
            (&raw const zero).cast::<c_void>(),
            to as *mut c_void,
            sys::cudaDataType_t::CUDA_R_32F,
            inputs as i32,
            sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
            sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT_TENSOR_OP,
        )
    }
    .w()?;
    Ok(x.tensor_of(out, &[outputs, inputs]))
}
