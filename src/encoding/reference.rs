use super::{Encoding, EncodingError, LagKernel};
use crate::numeric::Real;

/// Queries, keys and values of one head, row-major `[tokens][dim]`, from position 0 on.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a, T> {
    /// Which head of the model this is.
    pub number: usize,
    /// Numbers in a vector.
    pub dim: usize,
    /// Queries.
    pub query: &'a [T],
    /// Keys.
    pub key: &'a [T],
    /// Values.
    pub value: &'a [T],
}

/// What every encoding makes of queries and keys, in the form that covers all of them:
/// `score = ((q + u)·k + (q + v)·P_Δ) scale + b(m, n)`, with `q` and `k` turned.
struct Terms<T> {
    /// `q + u`.
    content: Vec<T>,
    /// `q + v`.
    position: Vec<T>,
    key: Vec<T>,
    /// `P`, by lag; empty where there is none.
    kernel: Vec<T>,
}

/// The reference for what an encoding does in a decoder: loops in the order of the formulas, every
/// number in `T`, tables rounded to `T` once. It is what faster forms are compared with.
impl Encoding {
    /// The scores of a head before softmax, row-major `[queries][keys]`, `-∞` where a key comes after its
    /// query; `scale` is `1/√dim` where a source says nothing else.
    ///
    /// Each score is off by at most `γ_{2 dim + 12}` of the sum of the absolute values of its products.
    ///
    /// # Errors
    /// Vectors that do not fit together or the encoding, a head that it does not have.
    pub fn scores<T: Real>(&self, head: Head<'_, T>, scale: f64) -> Result<Vec<T>, EncodingError> {
        let (tokens, dim) = (head.tokens()?, head.dim);
        let terms = self.terms(head, tokens)?;
        let mut scores = vec![T::neg_infinity(); tokens * tokens];
        for m in 0..tokens {
            for n in 0..=m {
                let row = |table: &[T], row: usize| -> Vec<T> { table[row * dim..(row + 1) * dim].to_vec() };
                let mut score = dot(&row(&terms.content, m), &row(&terms.key, n));
                if !terms.kernel.is_empty() {
                    score += dot(&row(&terms.position, m), &row(&terms.kernel, m - n));
                }
                score *= T::of(scale);
                if let Self::ScoreBias(bias) = self {
                    score += T::of(bias.at(head.number, m, m - n));
                }
                scores[m * tokens + n] = score;
            }
        }
        Ok(scores)
    }

    /// Causal attention of a head, row-major `[tokens][dim]`: `Σ_n softmax(scores)_mn v_n`, and for
    /// Shaw's encoding `v_n + a^V[Δ]` in the place of `v_n`.
    ///
    /// # Errors
    /// As [`Encoding::scores`].
    pub fn attention<T: Real>(&self, head: Head<'_, T>, scale: f64) -> Result<Vec<T>, EncodingError> {
        let scores = self.scores(head, scale)?;
        let (tokens, dim) = (head.tokens()?, head.dim);
        let mut mixed = vec![T::zero(); tokens * dim];
        for (m, mixed) in mixed.chunks_exact_mut(dim).enumerate() {
            let row = &scores[m * tokens..m * tokens + m + 1];
            let largest = row.iter().copied().fold(T::neg_infinity(), T::max);
            let weights: Vec<T> = row.iter().map(|score| (*score - largest).exp()).collect();
            let total = weights.iter().fold(T::zero(), |sum, weight| sum + *weight);
            for (n, weight) in weights.into_iter().enumerate() {
                for (i, mixed) in mixed.iter_mut().enumerate() {
                    let mut value = head.value[n * dim + i];
                    if let Self::LagKernel(LagKernel::Shaw(shaw)) = self {
                        value += T::of(shaw.values()[shaw.row(m - n) * dim + i]);
                    }
                    *mixed += weight / total * value;
                }
            }
        }
        Ok(mixed)
    }

    fn terms<T: Real>(&self, head: Head<'_, T>, tokens: usize) -> Result<Terms<T>, EncodingError> {
        let dim = head.dim;
        let round = |values: &[f64]| values.iter().copied().map(T::of).collect::<Vec<T>>();
        let mut terms = Terms {
            content: head.query.to_vec(),
            position: head.query.to_vec(),
            key: head.key.to_vec(),
            kernel: Vec::new(),
        };
        match self {
            Self::None | Self::Additive(_) => {}
            Self::Rotation(rotary) => {
                fits("coordinates of a head", rotary.head_dim(), dim)?;
                let vectors = terms.content.chunks_exact_mut(dim).zip(terms.key.chunks_exact_mut(dim));
                for (m, (query, key)) in vectors.enumerate() {
                    rotary.turn_query(m as f64, tokens, query)?;
                    rotary.turn_key(m as f64, tokens, key)?;
                }
            }
            Self::ScoreBias(bias) => has(bias.heads(), head.number)?,
            Self::LagKernel(LagKernel::TransformerXl(xl, sign)) => {
                fits("coordinates of a head", xl.dim(), dim)?;
                has(xl.heads(), head.number)?;
                let (from, width) = (head.number * dim, xl.sinusoids().dim());
                let lags: Vec<f64> = (0..tokens).map(|lag| sign.time(lag, 0.0)).collect();
                let (r, w_r) =
                    (round(&xl.sinusoids().rows(&lags)), round(&xl.w_r()[from * width..(from + dim) * width]));
                let of_lag = |r| w_r.chunks_exact(width).map(move |row| dot(row, r));
                terms.kernel = r.chunks_exact(width).flat_map(of_lag).collect();
                for (query, bias) in [(&mut terms.content, xl.u()), (&mut terms.position, xl.v())] {
                    let bias = round(&bias[from..from + dim]);
                    query.iter_mut().zip(bias.iter().cycle()).for_each(|(query, bias)| *query += *bias);
                }
            }
            Self::LagKernel(kernel) => {
                fits("coordinates of a head", kernel.width(), dim)?;
                terms.kernel = round(&kernel.table(tokens));
            }
        }
        Ok(terms)
    }
}

impl<T> Head<'_, T> {
    /// Number of tokens, the same for queries, keys and values.
    fn tokens(&self) -> Result<usize, EncodingError> {
        fits(
            "coordinates of all queries, in whole vectors",
            self.query.len().next_multiple_of(self.dim.max(1)),
            self.query.len(),
        )?;
        fits("coordinates of all keys", self.query.len(), self.key.len())?;
        fits("coordinates of all values", self.query.len(), self.value.len())?;
        Ok(self.query.len().checked_div(self.dim).unwrap_or(0))
    }
}

fn fits(what: &'static str, expected: usize, found: usize) -> Result<(), EncodingError> {
    if expected == found { Ok(()) } else { Err(EncodingError::DoesNotFit { what, expected, found }) }
}

fn has(heads: usize, head: usize) -> Result<(), EncodingError> {
    if head < heads { Ok(()) } else { Err(EncodingError::NoSuchHead { head, heads }) }
}

fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    a.iter().zip(b).fold(T::zero(), |sum, (a, b)| sum + *a * *b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Parameters;

    #[test]
    fn vectors_that_do_not_fit_are_refused() {
        let rope = Encoding::named("rope", &Parameters { dim: 4, ..Default::default() }).unwrap();
        let vectors = [1.0; 8];
        let head = Head { number: 0, dim: 4, query: &vectors, key: &vectors, value: &vectors };
        assert_eq!(rope.scores(head, 0.5).unwrap().len(), 4);
        assert!(rope.scores(Head { dim: 2, ..head }, 0.5).is_err());
        assert!(rope.scores(Head { dim: 3, ..head }, 0.5).is_err());
        assert!(rope.scores(Head { key: &vectors[..4], ..head }, 0.5).is_err());
        let alibi = Encoding::named("alibi", &Parameters { heads: 2, ..Default::default() }).unwrap();
        assert_eq!(
            alibi.scores(Head { number: 2, ..head }, 0.5).unwrap_err().to_string(),
            "there is no head 2, expected one of 2, counted from 0"
        );
    }

    #[test]
    fn without_an_encoding_equal_keys_share_the_attention() {
        let (vectors, values) = ([1.0f32; 6], [0.0, 0.0, 2.0, 4.0, 4.0, 8.0]);
        let head = Head { number: 0, dim: 2, query: &vectors, key: &vectors, value: &values };
        assert_eq!(Encoding::None.attention(head, 1.0).unwrap(), [0.0, 0.0, 1.0, 2.0, 2.0, 4.0]);
    }
}
