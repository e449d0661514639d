use super::{LagSign, Learned, Shaw, Sinusoids, TransformerXl, WaveletKernel};

/// A vector per lag that the query meets: `softmax((q·k + q·p(Δ))/√d)`, the same for every head
/// unless the variant says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum LagKernel {
    /// `p(Δ)[(a, b)] = psi((t - b)/a)`.
    Wavelet(WaveletKernel),
    /// Sines and cosines of `t theta_i` met by the query as they are: Transformer-XL's position term
    /// without its learned matrix and biases.
    Sinusoidal {
        /// Sines and cosines.
        sinusoids: Sinusoids,
        /// Whether `t` is `Δ` or `-Δ`.
        sign: LagSign,
    },
    /// Transformer-XL, whose kernel is `W_h r(Δ)` for head `h`.
    TransformerXl(TransformerXl, LagSign),
    /// Shaw's clipped table, with a second one for the values.
    Shaw(Shaw),
}

impl LagKernel {
    /// Numbers in a row of [`LagKernel::table`].
    pub fn width(&self) -> usize {
        match self {
            Self::Wavelet(kernel) => kernel.atoms().len(),
            Self::Sinusoidal { sinusoids, .. } => sinusoids.dim(),
            Self::TransformerXl(xl, _) => xl.sinusoids().dim(),
            Self::Shaw(shaw) => shaw.dim(),
        }
    }

    /// The kernel by lag, row-major `[length][width]`; of Transformer-XL the sinusoids `r(Δ)`, before
    /// `W_h`, and of Shaw the vectors of the keys.
    pub fn table(&self, length: usize) -> Vec<f64> {
        let times = |sign: &LagSign| (0..length).map(|lag| sign.time(lag, 0.0)).collect::<Vec<_>>();
        match self {
            Self::Wavelet(kernel) => kernel.table(length),
            Self::Sinusoidal { sinusoids, sign } => sinusoids.rows(&times(sign)),
            Self::TransformerXl(xl, sign) => xl.sinusoids().rows(&times(sign)),
            Self::Shaw(shaw) => (0..length)
                .flat_map(|lag| {
                    let row = shaw.row(lag) * shaw.dim();
                    shaw.keys()[row..row + shaw.dim()].iter().copied()
                })
                .collect(),
        }
    }

    /// The parts that training changes.
    pub(super) fn learned(&self) -> Vec<Learned> {
        match self {
            Self::Wavelet(_) | Self::Sinusoidal { .. } => Vec::new(),
            Self::TransformerXl(xl, _) => {
                let (heads, dim, width) = (xl.heads(), xl.dim(), xl.sinusoids().dim());
                vec![
                    Learned::shared("u", &[heads, dim], xl.u()),
                    Learned::shared("v", &[heads, dim], xl.v()),
                    Learned::per_layer("w_r", &[heads, dim, width], xl.w_r()),
                ]
            }
            Self::Shaw(shaw) => {
                let shape = [shaw.clip() + 1, shaw.dim()];
                vec![
                    Learned::per_layer("keys", &shape, shaw.keys()),
                    Learned::per_layer("values", &shape, shaw.values()),
                ]
            }
        }
    }
}
