use std::sync::LazyLock;

use serde::Serialize;

use super::ridge::Ridge;
use super::{HeadsError, Layout};
use crate::signal::{PowerSpectrum, PowerSum, Sides};
use crate::wavelet::{DiscreteWavelet, Side};

/// What becomes of the attention to key 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkRule {
    /// Rows are as they are.
    #[default]
    Kept,
    /// Key 0 gets nothing, and the rest of each row is divided by what the rest was, so that it sums to 1; a
    /// row that was nothing else is passed over.
    Removed,
}

/// What a signal is multiplied by before its Fourier transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Taper {
    /// Nothing.
    #[default]
    None,
    /// The periodic Hann window `sin²(πt/N)`.
    Hann,
}

/// How signals are made and transformed, prepared once: the number of lags, the protocol options, tables
/// and Fourier plans.
#[derive(Debug)]
pub struct Plan {
    lags: usize,
    sink: SinkRule,
    taper: Taper,
    /// The taper; empty where there is none.
    window: Vec<f64>,
    transform: PowerSpectrum<f64>,
    power_sum: PowerSum<f64>,
    layout: Layout,
    ridge: Ridge,
}

/// The decomposition filters of db2, low-pass and high-pass.
static DB2: LazyLock<[[f64; 4]; 2]> = LazyLock::new(|| {
    let db2 = DiscreteWavelet::named("db2").expect("it is in the list");
    let taps = |taps: Vec<f64>| <[f64; 4]>::try_from(taps).expect("it has four taps");
    [taps(db2.low_pass(Side::Decomposition).to_vec()), taps(db2.high_pass(Side::Decomposition).to_vec())]
});

impl Plan {
    /// Prepares for this many lags.
    ///
    /// # Errors
    /// `lags` is not a power of two of at least 8.
    pub fn new(lags: usize, sink: SinkRule, taper: Taper) -> Result<Self, HeadsError> {
        if !lags.is_power_of_two() || lags < 8 {
            return Err(HeadsError::Lags { found: lags });
        }
        let hann = |t: usize| (std::f64::consts::PI * t as f64 / lags as f64).sin().powi(2);
        let window = match taper {
            Taper::None => Vec::new(),
            Taper::Hann => (0..lags).map(hann).collect(),
        };
        let transform = PowerSpectrum::new(lags).expect("there are lags");
        let power_sum = PowerSum::new(lags).expect("there are lags");
        let (layout, ridge) = (Layout::default(), Ridge::new(lags));
        let mut plan = Self { lags, sink, taper, window, transform, power_sum, layout, ridge };
        plan.layout = Layout::of(&plan);
        Ok(plan)
    }

    /// `N`: lags of a profile, and points of a spectrum.
    pub fn lags(&self) -> usize {
        self.lags
    }

    /// `log2 N`.
    pub fn octaves(&self) -> usize {
        self.lags.ilog2() as usize
    }

    /// What becomes of key 0.
    pub fn sink(&self) -> SinkRule {
        self.sink
    }

    /// What signals are multiplied by before a Fourier transform.
    pub fn taper(&self) -> Taper {
        self.taper
    }

    /// What signals of `N` points are multiplied by before a Fourier transform; empty where it is nothing.
    pub fn taper_window(&self) -> &[f64] {
        &self.window
    }

    /// Where each sum lies.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Multiplies a signal by the taper.
    pub(super) fn tapered(&self, signal: &mut [f64]) {
        signal.iter_mut().zip(&self.window).for_each(|(x, w)| *x *= w);
    }

    /// Sums of spectra of signals of `N` points.
    pub(super) fn power_sum(&self) -> &PowerSum<f64> {
        &self.power_sum
    }

    /// `P(k)`, `k = 0..=N/2`, of the tapered signal; not numbers where the signal is not finite.
    pub(super) fn power(&self, signal: &[f64]) -> Vec<f64> {
        let mut tapered = signal.to_vec();
        self.tapered(&mut tapered);
        self.untapered_power(&tapered)
    }

    /// The same without a taper.
    pub(super) fn untapered_power(&self, signal: &[f64]) -> Vec<f64> {
        let bins = self.transform.of(signal, Sides::Two);
        let mut bins = bins.unwrap_or_else(|_| vec![f64::NAN; signal.len()]);
        bins.truncate(signal.len() / 2 + 1);
        bins
    }

    /// The scales at which ridges are read.
    pub(super) fn ridge(&self) -> &Ridge {
        &self.ridge
    }

    /// The decomposition filters of db2, low-pass and high-pass.
    pub(super) fn db2(&self) -> &'static [[f64; 4]; 2] {
        &DB2
    }
}
