use serde::Serialize;

/// Validation perplexities that a paper gives for one encoding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Published {
    /// Its key in docs/references.bib.
    pub source: &'static str,
    /// What the paper's row is called.
    pub row: &'static str,
    /// Length and perplexity, each window read whole.
    pub whole: &'static [(usize, f64)],
    /// The same in chunks of the training length.
    pub chunked: &'static [(usize, f64)],
}

const fn oka(row: &'static str, whole: &'static [(usize, f64)], chunked: &'static [(usize, f64)]) -> Published {
    Published { source: "oka2025", row, whole, chunked }
}

/// Rows of \[oka2025\], by the names of our variants: WikiText-103, 16 layers of 1024, words as tokens, trained
/// at 512 tokens. `8x8` fills a head of 64 coordinates as the paper's `8x16` fills one of 128.
static ROWS: [(&str, Published); 21] = [
    (
        "nope",
        oka(
            "NoPE",
            &[(128, 26.38), (256, 23.23), (512, 21.53), (1012, 21.03), (1512, 21.58), (2512, 48.48)],
            &[(512, 21.53), (1012, 21.52), (1512, 21.53), (2512, 21.53)],
        ),
    ),
    (
        "rope",
        oka(
            "RoPE 1e4",
            &[(128, 23.82), (256, 20.98), (512, 19.39), (1012, 23.25), (1512, 44.38), (2512, 93.94)],
            &[(512, 19.39), (1012, 19.35), (1512, 19.39), (2512, 19.38)],
        ),
    ),
    (
        "rope-5e5",
        oka(
            "RoPE 5e5",
            &[(128, 23.81), (256, 20.95), (512, 19.35), (1012, 23.70), (1512, 40.39), (2512, 77.90)],
            &[(512, 19.35), (1012, 19.32), (1512, 19.35), (2512, 19.33)],
        ),
    ),
    ("transformer-xl", TRANS_XL),
    ("sinusoidal-relative", TRANS_XL),
    (
        "alibi",
        oka(
            "ALiBi",
            &[(128, 24.18), (256, 21.32), (512, 19.69), (1012, 18.71), (1512, 18.42), (2512, 18.41)],
            &[(512, 19.69), (1012, 19.64), (1512, 19.69), (2512, 19.64)],
        ),
    ),
    (
        "ricker",
        oka(
            "Ricker",
            &[(128, 23.64), (256, 20.82), (512, 19.19), (1012, 18.23), (1512, 18.00), (2512, 17.99)],
            &[(512, 19.19), (1012, 19.15), (1512, 19.17), (2512, 19.20)],
        ),
    ),
    (
        "gaussian",
        oka("Gaussian", &[(128, 23.77), (256, 20.90), (512, 19.30), (1012, 18.31), (1512, 18.02), (2512, 17.88)], &[]),
    ),
    (
        "haar",
        oka("Haar", &[(128, 23.73), (256, 20.89), (512, 19.27), (1012, 18.34), (1512, 18.11), (2512, 18.17)], &[]),
    ),
    (
        "haar:0..0x64",
        oka(
            "Haar, all a=1",
            &[(128, 24.98), (256, 22.07), (512, 20.49), (1012, 51.61), (1512, 116.87), (2512, 299.26)],
            &[],
        ),
    ),
    (
        "morlet",
        oka("Morlet", &[(128, 24.15), (256, 21.28), (512, 19.65), (1012, 19.02), (1512, 20.46), (2512, 26.56)], &[]),
    ),
    ("fmrope", Published { source: "oka2026", row: "FMRoPE", whole: &[(512, 19.58), (2512, 24.20)], chunked: &[] }),
    ("ricker:1..8x8", oka("Ricker 2^1..2^8 x 16", &[(512, 19.25), (2512, 18.02)], &[])),
    ("ricker:2..9x8", oka("Ricker 2^2..2^9 x 16", &[(512, 19.40), (2512, 18.07)], &[])),
    ("ricker:4x16", oka("Ricker 2^0..2^3 x 32", &[(512, 19.55), (2512, 21.73)], &[])),
    ("ricker:2x32", oka("Ricker 2^0,2^1 x 64", &[(512, 19.95), (2512, 70.80)], &[])),
    ("ricker:16x4", oka("Ricker 2^0..2^15 x 8", &[(512, 19.24), (2512, 17.84)], &[])),
    ("ricker:32x2", oka("Ricker 2^0..2^31 x 4", &[(512, 19.26), (2512, 17.84)], &[])),
    ("ricker:64x1", oka("Ricker 2^0..2^63 x 2", &[(512, 19.30), (2512, 18.02)], &[])),
    ("ricker:7..7x64", oka("Ricker 2^7 x 128", &[(512, 19.80), (2512, 21.31)], &[])),
    (
        "ricker:8x8",
        oka(
            "Ricker",
            &[(128, 23.64), (256, 20.82), (512, 19.19), (1012, 18.23), (1512, 18.00), (2512, 17.99)],
            &[(512, 19.19), (1012, 19.15), (1512, 19.17), (2512, 19.20)],
        ),
    ),
];

const TRANS_XL: Published = oka(
    "Trans-XL",
    &[(128, 24.16), (256, 21.53), (512, 19.96), (1012, 19.09), (1512, 18.92), (2512, 19.05)],
    &[(512, 19.96), (1012, 19.92), (1512, 19.93), (2512, 19.96)],
);

/// What is published for a variant of this name.
pub fn published(variant: &str) -> Option<&'static Published> {
    ROWS.iter().find(|(name, _)| *name == variant).map(|(_, row)| row)
}
