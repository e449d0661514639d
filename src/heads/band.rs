//! Where a signal has its power in frequency, and how wide the band is: from its Fourier power.

use super::family::{Family, View};
use super::spectrum::rounding_energy;
use super::{Definition, Plan, Signal};

pub(super) const FAMILY: Family = Family { definitions, values };

pub(super) fn speaks_of(signal: Signal) -> bool {
    matches!(signal, Signal::Profile | Signal::Scores | Signal::Rows | Signal::Row | Signal::Full)
}

fn definitions(signal: Signal, _plan: &Plan) -> Vec<Definition> {
    if !speaks_of(signal) {
        return Vec::new();
    }
    let of = |name, title| Definition::of(signal, name, "cycle/token", title).range(0.0, 0.5).family("M7");
    vec![
        of("centre_frequency", "centre frequency")
            .meaning(
                "f = Σ f_k Q_k / Σ Q_k, Q_k the power at f_k = k/N and -f_k together, k = 1..=N/2",
                "Where the power lies, frequency 0 apart.",
            )
            .known(["(2/Γ(5/2))/(2πa) = 0.239449/a", "ω₀/2π", "", "N/(4(N-1))"]),
        of("bandwidth", "bandwidth")
            .meaning(
                "sqrt(Σ (f_k - f)² Q_k / Σ Q_k)",
                "How widely the power is spread about the centre frequency: the one-sided Δω over 2π.",
            )
            .known(["sqrt(5/2 - 4/Γ(5/2)²)/(2πa) = 0.077393/a", "1/(2π√2 a)", "", "about 1/√48"]),
        of("half_power_bandwidth", "half-power bandwidth")
            .meaning(
                "width of the interval about the strongest frequency in which P is at least half of its maximum, P linear \
                 between bins and 0 at frequency 0",
                "How wide the strongest band is, whatever lies outside of it.",
            )
            .known(["", "2 sqrt(ln 2)/(2πa), to the width of a bin", "", ""]),
    ]
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    if speaks_of(view.signal) {
        let band = Band::of(view.power);
        values.extend([
            band.map(|band| band.centre),
            band.map(|band| band.bandwidth),
            half_power_bandwidth(view.power),
        ]);
    }
}

/// Centre and width of the power on positive frequencies, in cycles per sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Band {
    /// `Σ f Q / Σ Q`.
    pub(super) centre: f64,
    /// `sqrt(Σ (f - centre)² Q / Σ Q)`.
    pub(super) bandwidth: f64,
}

impl Band {
    /// The band of a power spectrum of an even number `N` of points, given as its bins `k = 0..=N/2`, of which frequency 0 does not
    /// count: that of the signal with its mean removed.
    ///
    /// It is not read off a wavelet transform: there the width of a band would be that of the wavelet, a fixed share of
    /// the centre frequency whatever the signal.
    ///
    /// `None` where nothing but rounding is left without frequency 0.
    ///
    /// # Rounding
    /// The power of a bin is off by `γ_{8 log2 N}` of the largest, and centre and width by as much of 1/2 times the ratio of
    /// all power to that without frequency 0.
    pub(super) fn of(power: &[f64]) -> Option<Self> {
        let total = without_dc(power)?;
        let points = (2 * (power.len() - 1)) as f64;
        let mean = |weight: &dyn Fn(f64) -> f64| {
            folded(power).map(|(k, q)| weight(k as f64 / points) * q).sum::<f64>() / total
        };
        let centre = mean(&|f| f);
        Some(Self { centre, bandwidth: mean(&|f| (f - centre).powi(2)).sqrt() })
    }
}

/// The bins `1..=N/2`, each with what `k` and `N - k` hold together.
pub(super) fn folded(power: &[f64]) -> impl Iterator<Item = (usize, f64)> + '_ {
    let last = power.len() - 1;
    power.iter().enumerate().skip(1).map(move |(k, &p)| (k, if k == last { p } else { 2.0 * p }))
}

/// All power but that at frequency 0; `None` where that is rounding.
pub(super) fn without_dc(power: &[f64]) -> Option<f64> {
    let rest: f64 = folded(power).map(|(_, q)| q).sum();
    (rest > rounding_energy(2 * (power.len() - 1)) * (rest + power[0])).then_some(rest)
}

/// Width in cycles per sample of the interval about the strongest frequency in which the power is at least half of the
/// maximum: linear between bins, 0 at frequency 0, ending at 1/2.
pub(super) fn half_power_bandwidth(power: &[f64]) -> Option<f64> {
    without_dc(power)?;
    let at = |k: usize| if k == 0 { 0.0 } else { power[k] };
    let last = power.len() - 1;
    let peak = (1..=last).max_by(|&a, &b| at(a).total_cmp(&at(b)).then(b.cmp(&a)))?;
    let half = at(peak) / 2.0;
    // Between a bin above and its neighbour below.
    let crossing = |above: usize, below: usize| (at(above) - half) / (at(above) - at(below));
    let low = (0..peak).rev().find(|&k| at(k) < half).unwrap_or(0);
    let high = (peak + 1..=last).find(|&k| at(k) < half);
    let upper = high.map_or(last as f64, |high| (high - 1) as f64 + crossing(high - 1, high));
    let lower = (low + 1) as f64 - crossing(low + 1, low);
    Some((upper - lower) / (2 * last) as f64)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{LN_2, PI, SQRT_2, TAU};

    use super::super::{SinkRule, Taper};
    use super::*;
    use crate::numeric::{Agreement, Bound, Real, gamma};

    const N: usize = 256;

    fn power(signal: &[f64]) -> Vec<f64> {
        Plan::new(signal.len(), SinkRule::Kept, Taper::None).unwrap().power(signal)
    }

    fn ricker(scale: f64) -> Vec<f64> {
        let of = |t: usize| ((t as f64 - 128.0) / scale).powi(2);
        (0..N).map(|t| (1.0 - of(t)) * (-of(t) / 2.0).exp()).collect()
    }

    #[track_caller]
    fn assert_near(found: f64, expected: f64, bound: Bound) {
        let agreement = |expected: f64| Agreement::of(found, expected, bound);
        assert!(agreement(expected).holds(), "{:?}", agreement(expected));
        assert!(!agreement(expected * 1.01).holds(), "the bound tells nothing: {bound:?}");
    }

    #[test]
    fn a_ricker_wavelet_has_a_band_in_proportion_to_its_centre() {
        // ∫ w^5 e^{-w²} / ∫ w^4 e^{-w²} = 2/Γ(5/2), Γ(5/2) = 3√π/4. Sums of bins are the integrals up to the first odd
        // derivative at 0 that is not 0 (Euler-Maclaurin): the fifth of w^5, with h = 2πa/N, h^6 · 5!/30240 · 2/Γ(5/2)
        // relative to the centre, and less for the width, whose integrand has (w - c)² w^4: h^5/30 and beyond.
        let gamma_five_halves = 0.75 * PI.sqrt();
        let centre = 2.0 / gamma_five_halves;
        let bandwidth = (2.5 - centre * centre).sqrt();
        for scale in [4.0, 8.0, 12.0] {
            let band = Band::of(&power(&ricker(scale))).unwrap();
            let h = TAU * scale / N as f64;
            let truncation = h.powi(5) / 30.0 + 1e-12;
            let bound =
                |size: f64| Bound { rounding: 64.0 * gamma(64, f64::UNIT_ROUNDOFF), truncation: size * truncation };
            assert_near(band.centre * TAU * scale, centre, bound(centre));
            assert_near(band.bandwidth * TAU * scale, bandwidth, bound(bandwidth));
        }
    }

    #[test]
    fn an_atom_of_a_fourier_transform_has_the_band_of_its_window() {
        // e^{-t²/2a²} cos(ωt): |ĥ|² is a Gaussian of standard deviation 1/(√2 a) about ω; what the mirror image at -ω
        // and that beyond the Nyquist frequency add is below e^{-49}.
        let a = 6.0;
        for bin in [48.0, 64.0, 80.0] {
            let omega = TAU * bin / N as f64;
            let atom: Vec<f64> =
                (0..N).map(|t| t as f64 - 128.0).map(|t| (-0.5 * (t / a).powi(2)).exp() * (omega * t).cos()).collect();
            let power = power(&atom);
            let band = Band::of(&power).unwrap();
            let bound = |truncation| Bound { rounding: gamma(4096, f64::UNIT_ROUNDOFF), truncation };
            assert_near(band.centre * TAU, omega, bound(1e-12));
            assert_near(band.bandwidth * TAU, 1.0 / (SQRT_2 * a), bound(1e-12));
            // With x = aω and bins ah < 0.25 apart, e^{-x²} has a second derivative below 0.83 and a slope above 0.67
            // within a bin of half power: a chord is off by (ah)²/8 · 0.83 in power and 0.155 (ah)² in x, at either end.
            let h = TAU / N as f64;
            assert_near(half_power_bandwidth(&power).unwrap() * TAU, 2.0 * LN_2.sqrt() / a, bound(0.31 * h * h * a));
        }
    }

    #[test]
    fn an_impulse_is_flat_and_a_tone_has_no_width() {
        let mut impulse = vec![0.0; N];
        impulse[77] = 1.0;
        let bins = power(&impulse);
        let n = N as f64;
        let band = Band::of(&bins).unwrap();
        let rounding = Bound::rounding(gamma(8 * N, f64::UNIT_ROUNDOFF));
        assert_near(band.centre, n / (4.0 * (n - 1.0)), rounding);
        // Σ f² Q/ΣQ = (2 Σ_{k<N/2} k² + N²/4)/(N²(N-1)) = (N² + 2)/(12 N (N - 1)).
        let square = (n * n + 2.0) / (12.0 * n * (n - 1.0));
        assert_near(band.bandwidth, (square - band.centre.powi(2)).sqrt(), rounding);
        // From half of the first bin on.
        assert_near(
            half_power_bandwidth(&bins).unwrap(),
            0.5 - 0.5 / n,
            Bound::rounding(gamma(64 * N, f64::UNIT_ROUNDOFF)),
        );
        let tone: Vec<f64> = (0..N).map(|t| (TAU * 20.0 * t as f64 / n).cos()).collect();
        let band = Band::of(&power(&tone)).unwrap();
        assert_near(band.centre, 20.0 / n, rounding);
        assert!(band.bandwidth < 1e-7);
        assert_near(half_power_bandwidth(&power(&tone)).unwrap(), 1.0 / n, rounding);
        assert_eq!(Band::of(&power(&[0.3; N])), None);
        assert_eq!(half_power_bandwidth(&power(&[0.3; N])), None);
    }
}
