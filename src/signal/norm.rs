use serde::Serialize;

/// The factor `c(a)` in front of the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// `a^{-1/2}`: daughters of equal energy. White noise has the same variance at every scale.
    #[default]
    L2,
    /// `1/a`: spectra of equal height. A tone has the same modulus at the scale that it peaks at.
    L1,
}

impl Norm {
    /// `c(a)`.
    pub fn factor(self, scale: f64) -> f64 {
        match self {
            Self::L2 => scale.sqrt().recip(),
            Self::L1 => scale.recip(),
        }
    }
}
