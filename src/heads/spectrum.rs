//! M1, M2, M3: how the power of a signal lies over the frequencies.

use super::family::{Family, View};
use super::{Definition, Plan, Signal};
use crate::numeric::{Real, gamma};

pub(super) const FAMILY: Family = Family { definitions, values };

/// Edges between the low, middle and high band, in cycles per token: a quarter and three quarters
/// of the Nyquist frequency \[ruscio2025\].
pub(super) const BAND_EDGES: [f64; 2] = [0.125, 0.375];

/// Shares of a flat spectrum in the three bands: what white noise has.
const FLAT: [&str; 3] = ["1/4", "1/2", "1/4"];
const FLAT_WITHOUT_DC: [&str; 3] = ["(N/4 - 1)/(N - 1)", "N/2/(N - 1)", "N/4/(N - 1)"];

/// Shares of the three bands in closed form; `P(s, x)` is the regularised lower incomplete gamma function.
const RICKER_SHARES: [&str; 3] =
    ["P(5/2, (πa/4)²)", "P(5/2, (3πa/4)²) - P(5/2, (πa/4)²)", "P(5/2, (πa)²) - P(5/2, (3πa/4)²)"];
const ATOM_SHARES: [&str; 3] = [
    "[erf(a(π/4 - ω₀)) + erf(a(π/4 + ω₀))]/2",
    "[erf(a(3π/4 - ω₀)) + erf(a(3π/4 + ω₀)) - erf(a(π/4 - ω₀)) - erf(a(π/4 + ω₀))]/2",
    "[2 - erf(a(3π/4 - ω₀)) - erf(a(3π/4 + ω₀))]/2",
];
const GAUSSIAN_SHARES: [&str; 3] = ["erf(πa/4)", "erf(3πa/4) - erf(πa/4)", "1 - erf(3πa/4)"];

fn definitions(signal: Signal, plan: &Plan) -> Vec<Definition> {
    let with_dc = match signal {
        // The mean of the scores is removed, so frequency 0 holds nothing to have a share of.
        Signal::Scores => false,
        Signal::Profile | Signal::Rows | Signal::Row | Signal::Full => true,
        Signal::Pairs | Signal::Head => return Vec::new(),
    };
    let n = plan.lags() as f64;
    let share = |name: &'static str, title: &'static str, formula, meaning| {
        Definition::of(signal, name, "1", title).range(0.0, 1.0).meaning(formula, meaning)
    };
    let mut all = Vec::new();
    if with_dc {
        let mean = "Share of the power that the mean alone carries.";
        all.push(share("dc_fraction", "share at frequency 0", "P(0) / Σ P(k)", mean).family("M1").known([
            "0",
            "0",
            "2√π a/N",
            "1/N",
        ]));
        let bands = [
            ("low_band", "low band", "share of Σ P at 0 to 0.125 cycles per token"),
            ("middle_band", "middle band", "share of Σ P at 0.125 to 0.375 cycles per token"),
            ("high_band", "high band", "share of Σ P at 0.375 to 0.5 cycles per token"),
        ];
        let meaning =
            "Share of the power in this band, frequency 0 included; a bin on an edge counts half on each side.";
        for (band, (name, title, formula)) in bands.into_iter().enumerate() {
            let known = [RICKER_SHARES[band], ATOM_SHARES[band], GAUSSIAN_SHARES[band], FLAT[band]];
            all.push(share(name, title, formula, meaning).family("M2").known(known));
        }
    }
    let bands = [
        ("low_band_without_dc", "low band without frequency 0", "the share of Σ P - P(0) below 0.125 cycles per token"),
        ("middle_band_without_dc", "middle band without frequency 0", "the share of Σ P - P(0) at 0.125 to 0.375"),
        ("high_band_without_dc", "high band without frequency 0", "the share of Σ P - P(0) at 0.375 to 0.5"),
    ];
    let meaning = "Share of the power in this band without what the mean carries; an edge counts half on each side.";
    for (band, (name, title, formula)) in bands.into_iter().enumerate() {
        let known = [RICKER_SHARES[band], ATOM_SHARES[band], "", FLAT_WITHOUT_DC[band]];
        all.push(share(name, title, formula, meaning).family("M2").known(known));
    }
    if with_dc {
        let meaning =
            "Evenness of the spectrum: 1 is white, 0 is all power at one frequency that is its own mirror image.";
        all.push(
            share("spectral_entropy", "spectral entropy", "-Σ p ln p / ln N, p = P/Σ P", meaning).family("M3").known([
                "1 - [ln(2πa) - ln Γ(5/2) - 5/2 + 2ψ(5/2)]/ln N",
                "1 - [ln(2πa) - ½ln(4πe)]/ln N",
                "1 - [ln(2πa) - ½ln(πe)]/ln N",
                "1",
            ]),
        );
    }
    all.push(
        share(
            "spectral_entropy_without_dc",
            "spectral entropy without frequency 0",
            "-Σ p ln p / ln(N - 1) over the N - 1 other bins, p = P/(Σ P - P(0))",
            "Evenness of the spectrum without what the mean carries: 1 is white, ln 2/ln(N - 1) is one frequency.",
        )
        .family("M3")
        .known([
            "[ln N - ln(2πa) + ln Γ(5/2) + 5/2 - 2ψ(5/2)]/ln(N - 1)",
            "[ln N - ln(2πa) + ½ln(4πe)]/ln(N - 1)",
            "",
            "1",
        ]),
    );
    all.push(
        Definition::of(signal, "selectivity_without_dc", "1", "selectivity")
            .range(2.0 / (n - 2.0), None)
            .meaning(
                "max Q / (Σ Q - max Q), Q the power of bins k and N - k together, k = 1..=N/2",
                "Power of the strongest frequency against all others together, frequency 0 left out.",
            )
            .family("M3")
            .known(["", "", "", "2/(N - 3)"]),
    );
    all
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    let with_dc = match view.signal {
        Signal::Scores => false,
        Signal::Profile | Signal::Rows | Signal::Row | Signal::Full => true,
        Signal::Pairs | Signal::Head => return,
    };
    let bins = view.power;
    let (whole, rest) = (Power::of(bins), Power::without_dc(bins));
    if with_dc {
        values.push(ratio(bins[0], whole.total));
        values.extend(whole.bands());
    }
    // What is no larger than rounding counts as nothing: its shares would be those of noise.
    let rest = (rest.total > rounding_energy(whole.points()) * whole.total).then_some(rest);
    values.extend(rest.as_ref().map_or([None; 3], Power::bands));
    if with_dc {
        values.push(whole.entropy());
    }
    values.push(rest.as_ref().and_then(Power::entropy));
    values.push(rest.as_ref().and_then(Power::selectivity));
}

/// A power spectrum of an even number of points, given as its bins `0..=points/2`.
pub(super) struct Power<'a> {
    bins: &'a [f64],
    /// The first bin that counts: 1 where frequency 0 is left out.
    first: usize,
    /// The power of the two-sided bins that count.
    pub(super) total: f64,
}

impl<'a> Power<'a> {
    pub(super) fn of(bins: &'a [f64]) -> Self {
        Self { bins, first: 0, total: folded(bins, 0).map(|(_, q)| q).sum() }
    }

    pub(super) fn without_dc(bins: &'a [f64]) -> Self {
        Self { bins, first: 1, total: folded(bins, 1).map(|(_, q)| q).sum() }
    }

    /// Number of bins of the two-sided spectrum.
    fn points(&self) -> usize {
        2 * (self.bins.len() - 1)
    }

    /// Shares of the three bands, bins on an edge counted half on each side.
    fn bands(&self) -> [Option<f64>; 3] {
        let edge = |band: usize| (BAND_EDGES[band] * self.points() as f64) as usize;
        let (low, high, last) = (edge(0), edge(1), self.bins.len() - 1);
        let sum = |from: usize, to: usize| 2.0 * self.bins[from..to].iter().sum::<f64>();
        let dc = if self.first == 0 { self.bins[0] } else { 0.0 };
        [
            dc + sum(1, low) + self.bins[low],
            self.bins[low] + sum(low + 1, high) + self.bins[high],
            self.bins[high] + sum(high + 1, last) + self.bins[last],
        ]
        .map(|band| ratio(band, self.total))
    }

    /// Shannon entropy of the two-sided bins that count, over the logarithm of their number.
    fn entropy(&self) -> Option<f64> {
        let share = |(k, q): (usize, f64)| (q > 0.0).then(|| -(q / self.total) * (self.bins[k] / self.total).ln());
        let nats = folded(self.bins, self.first).filter_map(share).sum::<f64>();
        (self.total > 0.0).then(|| nats / ((self.points() - self.first) as f64).ln())
    }

    /// The strongest frequency against all others together; `None` for a pure tone.
    fn selectivity(&self) -> Option<f64> {
        let (at, largest) = folded(self.bins, self.first).max_by(|a, b| a.1.total_cmp(&b.1))?;
        let others: f64 = folded(self.bins, self.first).filter(|(k, _)| *k != at).map(|(_, q)| q).sum();
        (others > rounding_energy(self.points()) * largest).then(|| largest / others)
    }

    /// Root mean square of the angular frequency, in radians per sample.
    pub(super) fn frequency_spread(&self) -> Option<f64> {
        let step = std::f64::consts::TAU / self.points() as f64;
        let weighted = folded(self.bins, self.first).map(|(k, q)| (step * k as f64).powi(2) * q).sum();
        ratio(weighted, self.total).map(f64::sqrt)
    }
}

/// The bins from `first` on, each with what bins `k` and `points - k` hold together.
fn folded(bins: &[f64], first: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
    let last = bins.len() - 1;
    (first..bins.len()).map(move |k| (k, if k == 0 || k == last { bins[k] } else { 2.0 * bins[k] }))
}

/// Relative energy that rounding alone moves between the coefficients of an orthogonal transform
/// computed in `log2 N` stages: the square of `log2 N · 8u` [higham2002, Theorem 24.2].
pub(super) fn rounding_energy(points: usize) -> f64 {
    gamma(8 * points.ilog2() as usize, f64::UNIT_ROUNDOFF).powi(2)
}

/// A part of a whole; `None` of nothing.
pub(super) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
