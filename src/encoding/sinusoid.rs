use crate::numeric::Pairing;
use crate::rope::{Frequencies, RopeError, Scaling};

/// Sines and cosines of `t theta_i`, `theta_i = base^{-2i/d}` [vaswani2017, §3.5].
///
/// Pair `i` of the vector at `t` is `(sin t theta_i, cos t theta_i)`. The paper interleaves the two;
/// Transformer-XL and fairseq put all sines before all cosines. Each number is good to `7 u` at any `t`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sinusoids {
    frequencies: Frequencies,
    layout: Pairing,
}

impl Sinusoids {
    /// Vectors of `dim` coordinates.
    ///
    /// # Errors
    /// An odd dimension, a base that is not above 1.
    pub fn new(base: f64, dim: usize, layout: Pairing) -> Result<Self, RopeError> {
        Ok(Self { frequencies: Frequencies::new(base, dim, &Scaling::None, 1)?, layout })
    }

    /// Number of coordinates.
    pub fn dim(&self) -> usize {
        self.frequencies.rotary_dim()
    }

    /// Where sine and cosine of a pair lie.
    pub fn layout(&self) -> Pairing {
        self.layout
    }

    /// The vectors at these times, row-major `[times][dim]`.
    pub fn rows(&self, times: &[f64]) -> Vec<f64> {
        let (cos, sin) = self.frequencies.cos_sin::<f64>(times);
        let (dim, pairs) = (self.dim(), self.frequencies.pairs());
        let mut rows = vec![0.0; times.len() * dim];
        for (at, row) in rows.chunks_exact_mut(dim).enumerate() {
            for pair in 0..pairs {
                let (first, second) = self.layout.coordinates(pair, dim);
                row[first] = sin[at * pairs + pair];
                row[second] = cos[at * pairs + pair];
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_layouts_hold_the_same_numbers() {
        let rows = |layout| Sinusoids::new(1e4, 4, layout).unwrap().rows(&[3.0]);
        let [s0, c0, s1, c1] = rows(Pairing::Interleaved)[..] else { panic!() };
        assert_eq!(rows(Pairing::HalfSplit), [s0, s1, c0, c1]);
        assert_eq!((s0, c0), (3f64.sin(), 3f64.cos()));
        assert!((s1 - 0.03f64.sin()).abs() < 1e-17 && (c1 - 0.03f64.cos()).abs() < 2e-16);
    }
}
