use serde::Serialize;

/// What a statement is about: the chapters of the catalogue, in reading order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// RoPE's rotation as a matrix of samples.
    Matrix,
    /// The phase function of the Haar-like pair, its means and products.
    Phase,
    /// The rows as they are used, sampled at the integers.
    SampledRows,
    /// Rows of attention, their spectra and entropies.
    AttentionRows,
    /// RoPE beside the Haar transform.
    HaarBlock,
    /// Admissibility constants and uncertainty products.
    Admissibility,
    /// Functions of the lag, sampled as a decoder sees them.
    LagKernels,
    /// Tables of frequencies and slopes.
    Scalings,
}

impl Topic {
    /// All of them, in reading order.
    pub const ALL: [Self; 8] = [
        Self::Matrix,
        Self::Phase,
        Self::SampledRows,
        Self::AttentionRows,
        Self::HaarBlock,
        Self::Admissibility,
        Self::LagKernels,
        Self::Scalings,
    ];

    /// The heading of its chapter.
    pub fn title(self) -> &'static str {
        match self {
            Self::Matrix => "The rotation as a matrix of samples",
            Self::Phase => "The phase and the means",
            Self::SampledRows => "The sampled rows",
            Self::AttentionRows => "Rows of attention and their spectra",
            Self::HaarBlock => "RoPE and the Haar block",
            Self::Admissibility => "Admissibility and uncertainty",
            Self::LagKernels => "Kernels over the lag",
            Self::Scalings => "Scalings of frequencies and slopes",
        }
    }
}
