use serde::Serialize;

/// Which way the time of a lag kernel runs, and where its atoms are centred.
///
/// The source writes `p[(a, b)] = psi((t - b)/a)` with `t = query - key ≥ 0` in its equations, and says
/// in a footnote that its Haar function lives on `t < 0` because a decoder sees nothing else
/// \[oka2025\]. No single `t` does justice to both: under the first the Haar function never reaches
/// beyond its shift, whatever its scale, and under the second alone a Ricker atom is centred in the
/// future. Mirroring the shift with the time does both, and leaves every even function as the
/// equations have it; that is [`LagSign::Mirrored`], the default of wavelet kernels.
/// `docs/encodings.md` counts what the published numbers say for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LagSign {
    /// `psi((Δ - b)/a)`: `t = query - key`, and an atom is centred at lag `b`.
    QueryMinusKey,
    /// `psi((-Δ - b)/a)`: `t = key - query`, and an atom is centred at lag `-b`, in the future that a
    /// decoder does not see, so that a larger shift leaves less of it.
    KeyMinusQuery,
    /// `psi((b - Δ)/a)`: `t = key - query` with the shift into the past, and an atom is centred at
    /// lag `b` and runs backwards from there.
    Mirrored,
}

impl LagSign {
    /// Every convention, for checks that cover each.
    pub const ALL: [Self; 3] = [Self::QueryMinusKey, Self::KeyMinusQuery, Self::Mirrored];

    /// `t - b`, in tokens, of an atom with this shift at this lag.
    pub fn time(self, lag: usize, shift: f64) -> f64 {
        let lag = lag as f64;
        match self {
            Self::QueryMinusKey => lag - shift,
            Self::KeyMinusQuery => -lag - shift,
            Self::Mirrored => shift - lag,
        }
    }

    /// The name in the program's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::QueryMinusKey => "query-minus-key",
            Self::KeyMinusQuery => "key-minus-query",
            Self::Mirrored => "mirrored",
        }
    }
}
