use candle_core::{DType, Result, Tensor, Var, bail};

/// Weights that are trained.
///
/// The variable is in the precision of the update: `f32`, or `f64` on the processor. Where products are in
/// `bf16`, their factor is the same weights rounded to nearest, once for each update rather than once for
/// each use.
#[derive(Debug, Clone)]
pub struct Parameter {
    variable: Var,
    rounded: Option<Tensor>,
}

impl Parameter {
    /// Weights that start at these values, in the type and on the device of the values; activations on a
    /// GPU are `bf16` if the values are `f32`.
    ///
    /// # Errors
    /// The device has no memory for a copy of them.
    pub fn new(values: &Tensor) -> Result<Self> {
        Self::over(Var::from_tensor(&values.contiguous()?)?)
    }

    /// Weights that are this variable.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn over(variable: Var) -> Result<Self> {
        let values = variable.as_tensor();
        let reduced = values.device().is_cuda() && values.dtype() == DType::F32;
        let rounded = if reduced { Some(values.detach().to_dtype(DType::BF16)?) } else { None };
        Ok(Self { variable, rounded })
    }

    /// What the derivative is taken by.
    pub fn variable(&self) -> &Var {
        &self.variable
    }

    /// The weights as products take them, without a derivative.
    pub fn factor(&self) -> &Tensor {
        self.rounded.as_ref().unwrap_or(self.variable.as_tensor())
    }

    /// The weights in the type of products, if that is another.
    #[cfg(feature = "cuda")]
    pub(super) fn rounded(&self) -> Option<&Tensor> {
        self.rounded.as_ref()
    }

    /// The type of the activations that these weights make.
    pub fn activation(&self) -> DType {
        self.factor().dtype()
    }

    /// Other values, of the same shape and type.
    ///
    /// # Errors
    /// Another shape or type.
    pub fn set(&self, values: &Tensor) -> Result<()> {
        let (variable, values) = (self.variable.as_tensor(), values.to_device(self.variable.device())?);
        if values.dtype() != variable.dtype() || values.shape() != variable.shape() {
            bail!("weights {:?} {:?} cannot become {values:?}", variable.shape(), variable.dtype());
        }
        self.variable.set(&values.contiguous()?)?;
        if let Some(rounded) = &self.rounded {
            rounded.slice_set(&values.to_dtype(rounded.dtype())?.contiguous()?, 0, 0)?;
        }
        Ok(())
    }
}
