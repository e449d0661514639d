use std::f64::consts::TAU;
use std::fmt;

use serde::{Serialize, Serializer};

use super::Statistics;
use crate::numeric::{Real, gamma};

/// Edges between the low, middle and high band, in cycles per token: a quarter and three quarters
/// of the Nyquist frequency \[ruscio2025\].
pub(super) const BAND_EDGES: [f64; 2] = [0.125, 0.375];

/// One number about a head, computed from its [`Statistics`].
///
/// `N` is the number of lags, `g` the lag profile of probabilities, `h` that of scores with its
/// mean removed, `P(k)` the mean row power spectrum at `k/N` cycles per token. Sums over `k` are
/// two-sided, over all `N` bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Mean probability of key 0. The lags leave key 0 out in all rows but the shortest.
    SinkMass,
    /// `Σ g(D)`: the mean probability within the lags.
    WindowMass,
    /// M1: `P(0) / Σ P(k)`.
    DcFraction,
    /// M2: share of the power below 0.125 cycles per token, frequency 0 included.
    ///
    /// Here and in the other bands a bin on an edge counts half on each side, so that a flat
    /// spectrum splits into exactly 1/4, 1/2, 1/4.
    LowBand,
    /// M2: share of the power from 0.125 to 0.375 cycles per token.
    MiddleBand,
    /// M2: share of the power from 0.375 to 0.5 cycles per token.
    HighBand,
    /// M2: as [`Metric::LowBand`], of the power without frequency 0.
    LowBandWithoutDc,
    /// M2: as [`Metric::MiddleBand`], of the power without frequency 0.
    MiddleBandWithoutDc,
    /// M2: as [`Metric::HighBand`], of the power without frequency 0.
    HighBandWithoutDc,
    /// M2: `E_j / Σ E_j`, where `E_j` is the energy of the orthonormal Haar details of `g` at octave
    /// `j = 1..=log2 N`; octave `j` compares neighbouring means over `2^(j-1)` lags.
    OctaveShare(u32),
    /// M2: least-squares slope of `log2 E_j` over `j`. White noise has -1, and so has a single lag 0.
    OctaveSlope,
    /// M3: `-Σ p ln p / ln N` with `p(k) = P(k) / Σ P`.
    SpectralEntropy,
    /// M3: the same over the `N - 1` bins other than frequency 0, divided by `ln(N - 1)`.
    SpectralEntropyWithoutDc,
    /// M3: `max Q / (Σ Q - max Q)` over `k = 1..=N/2`, where `Q` adds the bins `k` and `N - k`.
    SelectivityWithoutDc,
    /// M6: `Σ D g / Σ g`.
    MeanLag,
    /// M6: `sqrt(Σ D² g / Σ g)`.
    RmsLag,
    /// M6: the smallest `D` with at least half of `Σ g` at lags `0..=D`.
    MedianLag,
    /// M6: the smallest `D` with at least 90 % of `Σ g` at lags `0..=D`.
    NinetyPercentLag,
    /// M6: `Δx`, standard deviation of `D` under `h² / Σ h²`.
    LagSpread,
    /// M6: `Δω`, root mean square of `ω = 2πk/N` in `(-π, π]` under `|ĥ(k)|² / Σ |ĥ|²`: two-sided.
    FrequencySpread,
    /// M6: `Δx · Δω`. Sampling and the cut at `N` lags make 1/2 a guide here, not a bound.
    UncertaintyProduct,
}

impl Metric {
    /// All metrics of profiles with this many lags (a power of two), in the order of every table.
    pub fn all(lags: usize) -> Vec<Self> {
        let mut all = vec![
            Self::SinkMass,
            Self::WindowMass,
            Self::DcFraction,
            Self::LowBand,
            Self::MiddleBand,
            Self::HighBand,
            Self::LowBandWithoutDc,
            Self::MiddleBandWithoutDc,
            Self::HighBandWithoutDc,
        ];
        all.extend((1..=lags.ilog2()).map(Self::OctaveShare));
        all.extend([
            Self::OctaveSlope,
            Self::SpectralEntropy,
            Self::SpectralEntropyWithoutDc,
            Self::SelectivityWithoutDc,
            Self::MeanLag,
            Self::RmsLag,
            Self::MedianLag,
            Self::NinetyPercentLag,
            Self::LagSpread,
            Self::FrequencySpread,
            Self::UncertaintyProduct,
        ]);
        all
    }

    /// The unit of the value: `1`, `token` or `radian/token`.
    pub fn unit(self) -> &'static str {
        match self {
            Self::MeanLag | Self::RmsLag | Self::MedianLag | Self::NinetyPercentLag | Self::LagSpread => "token",
            Self::FrequencySpread => "radian/token",
            _ => "1",
        }
    }

    /// The value, or `None` where the definition has none: a share of nothing, the logarithm of
    /// zero. A part that is no larger than the rounding error of the whole counts as nothing.
    pub fn of(self, statistics: &Statistics) -> Option<f64> {
        let Statistics { lag_profile: g, score_profile: h, spectrum, score_spectrum, sink_mass } = statistics;
        let power = || Power::of(spectrum);
        let rest = || Power::without_dc(spectrum);
        let [low, high] = BAND_EDGES;
        match self {
            Self::SinkMass => Some(*sink_mass),
            Self::WindowMass => Some(g.iter().sum()),
            Self::DcFraction => ratio(spectrum[0], power().total()),
            Self::LowBand => power().share(0.0, low),
            Self::MiddleBand => power().share(low, high),
            Self::HighBand => power().share(high, 0.5),
            Self::LowBandWithoutDc => rest()?.share(0.0, low),
            Self::MiddleBandWithoutDc => rest()?.share(low, high),
            Self::HighBandWithoutDc => rest()?.share(high, 0.5),
            Self::OctaveShare(octave) => {
                let energies = haar_energies(g)?;
                ratio(energies[octave as usize - 1], energies.iter().sum())
            }
            Self::OctaveSlope => slope_of_log2(&haar_energies(g)?),
            Self::SpectralEntropy => power().entropy(),
            Self::SpectralEntropyWithoutDc => rest()?.entropy(),
            Self::SelectivityWithoutDc => rest()?.selectivity(),
            Self::MeanLag => moment(g, 1),
            Self::RmsLag => moment(g, 2).map(f64::sqrt),
            Self::MedianLag => mass_lag(g, 0.5),
            Self::NinetyPercentLag => mass_lag(g, 0.9),
            Self::LagSpread => spread(h),
            Self::FrequencySpread => Power::of(score_spectrum).frequency_spread(),
            Self::UncertaintyProduct => Some(spread(h)? * Power::of(score_spectrum).frequency_spread()?),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OctaveShare(octave) => return write!(f, "octave_share_{octave}"),
            Self::SinkMass => "sink_mass",
            Self::WindowMass => "window_mass",
            Self::DcFraction => "dc_fraction",
            Self::LowBand => "low_band",
            Self::MiddleBand => "middle_band",
            Self::HighBand => "high_band",
            Self::LowBandWithoutDc => "low_band_without_dc",
            Self::MiddleBandWithoutDc => "middle_band_without_dc",
            Self::HighBandWithoutDc => "high_band_without_dc",
            Self::OctaveSlope => "octave_slope",
            Self::SpectralEntropy => "spectral_entropy",
            Self::SpectralEntropyWithoutDc => "spectral_entropy_without_dc",
            Self::SelectivityWithoutDc => "selectivity_without_dc",
            Self::MeanLag => "mean_lag",
            Self::RmsLag => "rms_lag",
            Self::MedianLag => "median_lag",
            Self::NinetyPercentLag => "ninety_percent_lag",
            Self::LagSpread => "lag_spread",
            Self::FrequencySpread => "frequency_spread",
            Self::UncertaintyProduct => "uncertainty_product",
        })
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A power spectrum of an even number of points, given as its bins `0..=points/2`.
struct Power<'a> {
    bins: &'a [f64],
    /// The first bin that counts: 1 where frequency 0 is left out.
    first: usize,
}

impl<'a> Power<'a> {
    fn of(bins: &'a [f64]) -> Self {
        Self { bins, first: 0 }
    }

    /// The same without frequency 0, or `None` where that leaves only what rounding put there.
    fn without_dc(bins: &'a [f64]) -> Option<Self> {
        let (whole, rest) = (Self::of(bins), Self { bins, first: 1 });
        (rest.total() > rounding_energy(whole.points()) * whole.total()).then_some(rest)
    }

    /// Number of bins of the two-sided spectrum.
    fn points(&self) -> usize {
        2 * (self.bins.len() - 1)
    }

    /// How many of the two-sided bins bin `k` stands for: itself, and `points - k` if another.
    fn times(&self, k: usize) -> f64 {
        if k == 0 || k == self.bins.len() - 1 { 1.0 } else { 2.0 }
    }

    /// The bins that count, each with what bins `k` and `points - k` hold together.
    fn folded(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        (self.first..self.bins.len()).map(|k| (k, self.times(k) * self.bins[k]))
    }

    fn total(&self) -> f64 {
        self.folded().map(|(_, q)| q).sum()
    }

    /// Share of the power from `low` to `high` cycles per token, bins on an inner edge counted half.
    fn share(&self, low: f64, high: f64) -> Option<f64> {
        let points = self.points() as f64;
        let inside = |(k, q)| match k as f64 / points {
            f if BAND_EDGES.contains(&f) && (f == low || f == high) => q / 2.0,
            f if low <= f && f <= high => q,
            _ => 0.0,
        };
        ratio(self.folded().map(inside).sum(), self.total())
    }

    /// Shannon entropy of the two-sided bins that count, over the logarithm of their number.
    fn entropy(&self) -> Option<f64> {
        let total = self.total();
        let nats = self.folded().filter(|(_, q)| *q > 0.0).map(|(k, q)| -(q / total) * (self.bins[k] / total).ln());
        (total > 0.0).then(|| nats.sum::<f64>() / ((self.points() - self.first) as f64).ln())
    }

    /// The strongest frequency against all others together; `None` for a pure tone.
    fn selectivity(&self) -> Option<f64> {
        let (at, largest) = self.folded().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let others: f64 = self.folded().filter(|(k, _)| *k != at).map(|(_, q)| q).sum();
        (others > rounding_energy(self.points()) * largest).then(|| largest / others)
    }

    /// Root mean square of the angular frequency, in radians per sample.
    fn frequency_spread(&self) -> Option<f64> {
        let step = TAU / self.points() as f64;
        let weighted = self.folded().map(|(k, q)| (step * k as f64).powi(2) * q).sum();
        ratio(weighted, self.total()).map(f64::sqrt)
    }
}

/// Relative energy that rounding alone moves between the coefficients of an orthogonal transform
/// computed in `log2 N` stages: the square of `log2 N · 8u` [higham2002, Theorem 24.2].
fn rounding_energy(points: usize) -> f64 {
    gamma(8 * points.ilog2() as usize, f64::UNIT_ROUNDOFF).powi(2)
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// Energies of the orthonormal Haar details, finest octave first; `None` for a constant signal.
fn haar_energies(signal: &[f64]) -> Option<Vec<f64>> {
    let mut means = signal.to_vec();
    let mut energies = Vec::new();
    while means.len() > 1 {
        let pairs = means.chunks_exact(2);
        energies.push(pairs.clone().map(|pair| (pair[0] - pair[1]).powi(2) / 2.0).sum());
        means = pairs.map(|pair| (pair[0] + pair[1]) / std::f64::consts::SQRT_2).collect();
    }
    let floor = rounding_energy(signal.len()) * signal.iter().map(|x| x * x).sum::<f64>();
    (energies.iter().sum::<f64>() > floor).then_some(energies)
}

/// Least-squares slope of `log2 y` over its index.
fn slope_of_log2(values: &[f64]) -> Option<f64> {
    let logs: Vec<f64> = values.iter().map(|y| y.log2()).collect();
    let centre = (logs.len() - 1) as f64 / 2.0;
    let (products, squares) = logs.iter().enumerate().fold((0.0, 0.0), |(products, squares), (j, y)| {
        let x = j as f64 - centre;
        (products + x * y, squares + x * x)
    });
    Some(products / squares).filter(|slope| slope.is_finite())
}

/// `Σ D^power g / Σ g`.
fn moment(profile: &[f64], power: i32) -> Option<f64> {
    let weighted = profile.iter().enumerate().map(|(lag, g)| (lag as f64).powi(power) * g).sum();
    ratio(weighted, profile.iter().sum())
}

/// The smallest lag up to which at least this share of the mass lies.
fn mass_lag(profile: &[f64], share: f64) -> Option<f64> {
    let total: f64 = profile.iter().sum();
    let mut mass = 0.0;
    let reached = profile.iter().position(|g| {
        mass += g;
        mass >= share * total
    });
    reached.filter(|_| total > 0.0).map(|lag| lag as f64)
}

/// Standard deviation of the index under the squared signal.
fn spread(signal: &[f64]) -> Option<f64> {
    let energy: Vec<f64> = signal.iter().map(|x| x * x).collect();
    let mean = moment(&energy, 1)?;
    let variance = energy.iter().enumerate().map(|(x, e)| (x as f64 - mean).powi(2) * e).sum();
    ratio(variance, energy.iter().sum()).map(f64::sqrt)
}
