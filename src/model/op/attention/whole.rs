//! Attention as whole-tensor operations, with the scores of some texts in memory at a time: on the
//! processor, in `f64`, and where no kernel is. The formulas are those of docs/wavelet-attention.md.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::ops::softmax_last_dim;

use super::Call;

/// Scores that are held at once, if one text does not have more.
const SCORES: usize = 1 << 24;

/// `x[m, m - n]` at row `m` and column `n ≤ m`, of `x` whose columns are lags from the last down to 0.
///
/// Rows of one more column, read as rows of one less, move by one against each other; what comes to
/// stand above the diagonal is of no meaning.
fn shear(x: &Tensor) -> Result<Tensor> {
    let (batch, heads, tokens, _) = x.dims4()?;
    x.pad_with_zeros(D::Minus1, 1, 0)?.reshape((batch, heads, tokens + 1, tokens))?.narrow(2, 1, tokens)
}

/// The adjoint of [`shear`], where nothing stands above the diagonal.
fn unshear(x: &Tensor) -> Result<Tensor> {
    let (batch, heads, tokens, _) = x.dims4()?;
    x.pad_with_zeros(2, 1, 0)?.reshape((batch, heads, tokens, tokens + 1))?.narrow(3, 1, tokens)?.contiguous()
}

/// Some texts, `[batch, heads, L, d]` in the type of the arithmetic.
struct Texts {
    query: Tensor,
    key: Tensor,
    value: Tensor,
    /// `[1, 1 or H, L, d]` and `[1, 1 or H, 1, L]`, from the last lag down to 0.
    kernel: Option<Tensor>,
    bias: Option<Tensor>,
    /// 0 where a query sees a key, and `-∞` elsewhere: `[L, L]`.
    mask: Tensor,
    scale: f64,
}

impl Texts {
    /// Groups of texts, in order.
    fn groups(call: &Call) -> Result<impl Iterator<Item = Result<(usize, Self)>> + '_> {
        let (texts, heads, tokens, _) = call.inputs[0].dims4()?;
        let together = (SCORES / (heads * tokens * tokens)).clamp(1, texts);
        let wide = |x: &Tensor| x.to_dtype(if call.inputs[0].dtype() == DType::F64 { DType::F64 } else { DType::F32 });
        let table = |table: &Option<Tensor>| -> Result<Option<Tensor>> {
            table.as_ref().map(|table| wide(&table.contiguous()?)?.flip(&[1])?.unsqueeze(0)).transpose()
        };
        let (kernel, bias) = (table(&call.kernel)?, table(&call.bias)?);
        let bias = bias.map(|bias| bias.unsqueeze(2)).transpose()?;
        let device = call.inputs[0].device();
        let lags = Tensor::arange(0, tokens as i64, device)?;
        let seen = lags.unsqueeze(0)?.broadcast_le(&lags.unsqueeze(1)?)?;
        let open = wide(&Tensor::zeros((tokens, tokens), DType::F32, device)?)?;
        let mask = seen.where_cond(&open, &wide(&Tensor::full(f32::NEG_INFINITY, (tokens, tokens), device)?)?)?;
        Ok((0..texts).step_by(together).map(move |first| {
            let some = |x: &Tensor| wide(&x.narrow(0, first, together.min(texts - first))?)?.contiguous();
            let [query, key, value] = &call.inputs;
            let texts = Self {
                query: some(query)?,
                key: some(key)?,
                value: some(value)?,
                kernel: kernel.clone(),
                bias: bias.clone(),
                mask: mask.clone(),
                scale: call.scale,
            };
            Ok((first, texts))
        }))
    }

    /// Rows of query heads that share a key head, one after the other: `[batch · G, H/G · L, columns]`.
    fn grouped(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, kv_heads, ..) = self.key.dims4()?;
        x.contiguous()?.reshape((batch * kv_heads, (), x.dim(3)?))
    }

    /// `x yᵀ` for rows `x` of query heads and `y` of key heads, `[batch, H, L, L]`.
    fn scores(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let (batch, heads, tokens, _) = self.query.dims4()?;
        let y = y.flatten_to(1)?;
        self.grouped(x)?.matmul(&y.t()?)?.reshape((batch, heads, tokens, tokens))
    }

    /// `w y` for weights `[batch, H, L, L]` and rows `y` of key heads, in the shape of the queries.
    fn weighted(&self, weights: &Tensor, y: &Tensor) -> Result<Tensor> {
        self.grouped(weights)?.matmul(&y.flatten_to(1)?)?.reshape(self.query.shape())
    }

    /// `wᵀ x` for weights `[batch, H, L, L]` and rows `x` of query heads, in the shape of the keys.
    fn gathered(&self, weights: &Tensor, x: &Tensor) -> Result<Tensor> {
        self.grouped(weights)?.t()?.matmul(&self.grouped(x)?)?.reshape(self.key.shape())
    }

    fn probabilities(&self) -> Result<Tensor> {
        let mut scores = (self.scores(&self.query, &self.key)? * self.scale)?;
        if let Some(kernel) = &self.kernel {
            let by_lag = self.query.broadcast_matmul(&kernel.transpose(2, 3)?)?;
            scores = (scores + shear(&(by_lag * self.scale)?)?)?;
        }
        if let Some(bias) = &self.bias {
            let (_, _, tokens, _) = self.query.dims4()?;
            let by_lag = bias.broadcast_as((1, bias.dim(1)?, tokens, tokens))?.contiguous()?;
            scores = scores.broadcast_add(&shear(&by_lag)?)?;
        }
        softmax_last_dim(&scores.broadcast_add(&self.mask)?.contiguous()?)
    }

    /// Probabilities `p` and the gradient of the scores, `p (g·v - g·o)` for the gradient `g` of the
    /// mixed values `o`, both of which are `[batch, L, H, d]`.
    fn score_gradient(&self, mixed: &Tensor, gradient: &Tensor) -> Result<(Tensor, Tensor)> {
        let p = self.probabilities()?;
        let (mixed, gradient) = (mixed.transpose(1, 2)?, gradient.transpose(1, 2)?);
        let own = (mixed * &gradient)?.sum_keepdim(D::Minus1)?;
        let of_scores = (&p * self.scores(&gradient, &self.value)?.broadcast_sub(&own)?)?;
        Ok((p, of_scores))
    }
}

/// Mixed values, `[batch, L, H, d]`.
pub(super) fn mixed(call: &Call) -> Result<Tensor> {
    let parts = Texts::groups(call)?
        .map(|texts| {
            let (_, texts) = texts?;
            texts.weighted(&texts.probabilities()?, &texts.value)?.transpose(1, 2)?.contiguous()
        })
        .collect::<Result<Vec<_>>>()?;
    Tensor::cat(&parts, 0)?.to_dtype(call.inputs[0].dtype())
}

/// Gradients of queries, keys and values.
pub(super) fn input_gradients(call: &Call, mixed: &Tensor, gradient: &Tensor) -> Result<[Tensor; 3]> {
    let mut parts = [vec![], vec![], vec![]];
    for texts in Texts::groups(call)? {
        let (first, texts) = texts?;
        let some = |x: &Tensor| x.narrow(0, first, texts.query.dim(0)?)?.to_dtype(texts.query.dtype());
        let gradient = some(gradient)?;
        let (p, of_scores) = texts.score_gradient(&some(mixed)?, &gradient)?;
        let mut of_query = texts.weighted(&of_scores, &texts.key)?;
        if let Some(kernel) = &texts.kernel {
            of_query = (of_query + unshear(&of_scores)?.broadcast_matmul(kernel)?)?;
        }
        parts[0].push((of_query * call.scale)?);
        parts[1].push((texts.gathered(&of_scores, &texts.query)? * call.scale)?);
        parts[2].push(texts.gathered(&p, &gradient.transpose(1, 2)?)?);
    }
    let [query, key, value] = parts.map(|parts| Tensor::cat(&parts, 0)?.to_dtype(call.inputs[0].dtype()));
    Ok([query?, key?, value?])
}

/// Gradients of the tables that there are and are asked for.
pub(super) fn table_gradients(
    call: &Call,
    mixed: &Tensor,
    gradient: &Tensor,
    wanted: [bool; 2],
) -> Result<[Option<Tensor>; 2]> {
    let mut sums: [Option<Tensor>; 2] = [None, None];
    for texts in Texts::groups(call)? {
        let (first, texts) = texts?;
        let some = |x: &Tensor| x.narrow(0, first, texts.query.dim(0)?)?.to_dtype(texts.query.dtype());
        let (_, of_scores) = texts.score_gradient(&some(mixed)?, &some(gradient)?)?;
        let by_lag = unshear(&of_scores)?;
        let mut add = |which: usize, more: Tensor, heads: usize| -> Result<()> {
            let more = more.sum(0)?;
            let more = if heads == 1 { more.sum_keepdim(0)? } else { more };
            sums[which] = Some(if let Some(sum) = &sums[which] { (sum + more)? } else { more });
            Ok(())
        };
        if let Some(kernel) = texts.kernel.as_ref().filter(|_| wanted[0]) {
            let more = (by_lag.transpose(2, 3)?.contiguous()?.matmul(&texts.query)? * call.scale)?;
            add(0, more, kernel.dim(1)?)?;
        }
        if let Some(bias) = texts.bias.as_ref().filter(|_| wanted[1]) {
            add(1, by_lag.sum(2)?, bias.dim(1)?)?;
        }
    }
    let [kernel, bias] = sums;
    let of = |sum: Option<Tensor>, table: &Option<Tensor>| -> Result<Option<Tensor>> {
        let (Some(sum), Some(table)) = (sum, table) else { return Ok(None) };
        Ok(Some(sum.flip(&[1])?.to_dtype(table.dtype())?))
    };
    Ok([of(kernel, &call.kernel)?, of(bias, &call.bias)?])
}
