use serde::Serialize;

use crate::signal::{aliasing, clean_scale};
use crate::wavelet::MotherWavelet;

/// What the transform is clean of, relative to the largest gain: a tenth of a percent.
const TOLERANCE: f64 = 1e-3;

/// How far the sum over samples is from the integral over the band-limited signal.
#[derive(Serialize)]
pub(super) struct Aliasing {
    /// For each scale, relative to the largest gain.
    relative: Vec<f64>,
    /// What counts as clean.
    tolerance: f64,
    /// The smallest scale that is.
    clean_from: Option<f64>,
}

impl Aliasing {
    pub(super) fn of(wavelet: &dyn MotherWavelet, scales: &[f64]) -> Self {
        let clean_from = clean_scale(wavelet, TOLERANCE);
        Self { relative: aliasing(wavelet, scales), tolerance: TOLERANCE, clean_from }
    }

    /// Says so on stderr, once, if a scale is not clean.
    pub(super) fn warn(&self, scales: &[f64]) {
        let aliased = || scales.iter().zip(&self.relative).filter(|(_, relative)| **relative > TOLERANCE);
        let Some((scale, worst)) = aliased().max_by(|a, b| a.1.total_cmp(b.1)) else { return };
        let clean =
            self.clean_from.map_or("no scale is clean".into(), |scale| format!("clean from scale {scale:.4} on"));
        eprintln!(
            "warning: sampling aliases at {} of {} scales, by up to {worst:.1e} of the largest gain at scale {scale}: the \
             coefficients are the sums that they are defined as, but no integrals; {clean}",
            aliased().count(),
            scales.len(),
        );
    }
}
