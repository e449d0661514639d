use serde::Serialize;

/// A row of the published tables [ruscio2025, the results by model].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Published {
    /// The model, as the paper names it.
    pub model: &'static str,
    /// `S(.5)` and `S(.25)`.
    pub scale_sensitivity: [f64; 2],
    /// `rho`.
    pub entropy_correlation: f64,
    /// Frame error.
    pub frame_error: f64,
    /// `H_s`: mean and standard deviation.
    pub spectral_entropy: [f64; 2],
    /// Selectivity: mean and standard deviation.
    pub selectivity: [f64; 2],
}

/// The published table.
pub const PUBLISHED: [Published; 7] = [
    row("Qwen2.5-0.5B", [0.058, 0.100], -0.438, 1.26e-7, [2.492, 0.733], [0.700, 0.411]),
    row("Llama-3.2-1B", [0.038, 0.089], -0.510, 1.28e-7, [2.370, 0.650], [0.758, 0.368]),
    row("Gemma-2-2B", [0.038, 0.090], -0.526, 1.27e-7, [2.244, 0.599], [0.794, 0.344]),
    row("Pythia-2.8B", [0.082, 0.121], -0.737, 1.16e-7, [3.786, 0.625], [0.174, 0.269]),
    row("Mistral-7B", [0.030, 0.074], -0.421, 1.41e-7, [2.443, 0.607], [0.804, 0.414]),
    row("Llama-3.1-8B", [0.038, 0.090], -0.474, 1.28e-7, [2.495, 0.621], [0.691, 0.339]),
    row("Pythia-12B", [0.059, 0.099], -0.490, 1.26e-7, [2.783, 0.638], [0.552, 0.321]),
];

const fn row(
    model: &'static str,
    scale_sensitivity: [f64; 2],
    entropy_correlation: f64,
    frame_error: f64,
    spectral_entropy: [f64; 2],
    selectivity: [f64; 2],
) -> Published {
    Published { model, scale_sensitivity, entropy_correlation, frame_error, spectral_entropy, selectivity }
}
