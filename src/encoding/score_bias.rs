use super::{Fire, Kerple, Learned, T5, alibi_slopes};

/// A number added to each score, of the head and the lag alone; nothing is turned.
///
/// `softmax(q·k/√d + b(Δ))`: the bias is not divided by `√d`.
#[derive(Debug, Clone, PartialEq)]
pub enum ScoreBias {
    /// `-slope Δ`, with the slope of each head.
    Alibi(Vec<f64>),
    /// One learned scalar per head and bucket of lags.
    T5(T5),
    /// A learned logarithm or power of the lag.
    Kerple(Kerple),
    /// A learned network of the relative lag.
    Fire(Fire),
}

impl ScoreBias {
    /// ALiBi for this many heads.
    pub fn alibi(heads: usize) -> Self {
        Self::Alibi(alibi_slopes(heads))
    }

    /// Number of heads.
    pub fn heads(&self) -> usize {
        match self {
            Self::Alibi(slopes) => slopes.len(),
            Self::T5(t5) => t5.heads(),
            Self::Kerple(kerple) => kerple.r1().len(),
            Self::Fire(fire) => fire.heads(),
        }
    }

    /// The bias of a head for the query at a position and the key `lag` before it.
    ///
    /// Only FIRE beyond its threshold depends on the position.
    pub fn at(&self, head: usize, query: usize, lag: usize) -> f64 {
        match self {
            // Not the negated product, whose zero would have a sign.
            Self::Alibi(slopes) => 0.0 - slopes[head] * lag as f64,
            Self::T5(t5) => t5.bias(head, lag),
            Self::Kerple(kerple) => kerple.bias(head, lag),
            Self::Fire(fire) => fire.bias(head, query, lag),
        }
    }

    /// Whether the bias of every query up to this length is one of the lag alone.
    pub fn is_relative(&self, length: usize) -> bool {
        match self {
            Self::Fire(fire) => length as f64 <= fire.threshold() + 1.0,
            Self::Alibi(_) | Self::T5(_) | Self::Kerple(_) => true,
        }
    }

    /// The biases by lag, row-major `[heads][length]`, as the last query of `length` tokens sees them.
    pub fn table(&self, length: usize) -> Vec<f64> {
        let last = length.saturating_sub(1);
        (0..self.heads()).flat_map(|head| (0..length).map(move |lag| self.at(head, last, lag))).collect()
    }

    /// The parts that training changes.
    pub(super) fn learned(&self) -> Vec<Learned> {
        match self {
            Self::Alibi(_) => Vec::new(),
            Self::T5(t5) => vec![Learned::shared("values", &[t5.buckets(), t5.heads()], t5.values())],
            Self::Kerple(kerple) => {
                let heads = [self.heads()];
                vec![Learned::per_layer("r1", &heads, kerple.r1()), Learned::per_layer("r2", &heads, kerple.r2())]
            }
            Self::Fire(fire) => {
                let (units, heads) = (fire.hidden.0.len(), fire.heads());
                vec![
                    Learned::shared("c", &[1], &[fire.c]),
                    Learned::shared("multiplier", &[1], &[fire.multiplier]),
                    Learned::shared("hidden.weight", &[units], &fire.hidden.0),
                    Learned::shared("hidden.bias", &[units], &fire.hidden.1),
                    Learned::shared("output.weight", &[heads, units], &fire.output.0),
                    Learned::shared("output.bias", &[heads], &fire.output.1),
                ]
            }
        }
    }
}
