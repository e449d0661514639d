//! M6: how a signal spreads over its points and over frequencies at once.

use std::f64::consts::PI;

use super::band::Band;
use super::family::{Family, View};
use super::spectrum::{Power, ratio, rounding_energy};
use super::{Definition, Plan, Signal};

pub(super) const FAMILY: Family = Family { definitions, values };

fn definitions(signal: Signal, plan: &Plan) -> Vec<Definition> {
    let half = (plan.lags() as f64 - 1.0) / 2.0;
    let lag = Definition::of(signal, "lag_spread", "token", "spread over lags Δx")
        .range(0.0, half)
        .meaning(
            "Δx = standard deviation of D under h²/Σ h², h the signal minus its mean",
            "Over how many tokens the signal spreads about its centre of energy.",
        )
        .family("M6")
        .known(["a √(7/6)", "a/√2", "", "√((N² - 1)/12)"]);
    let frequency = Definition::of(signal, "frequency_spread", "radian/token", "spread over frequencies Δω")
        .range(0.0, PI)
        .meaning(
            "Δω = root mean square of ω = 2πk/N in (-π, π] under P, k ≠ 0: two-sided",
            "Over which frequencies the power spreads, about 0 and without what the mean carries.",
        )
        .family("M6")
        .known(["√(5/2)/a", "√(ω₀² + 1/2a²)", "", "π √((N² + 2)/(3N(N - 1)))"]);
    let product = Definition::of(signal, "uncertainty_product", "1", "uncertainty product Δx·Δω")
        .range(0.0, half * PI)
        .meaning(
            "Δx · Δω",
            "Small means localised in both, as a wavelet is; a continuous Gaussian has 1/2, which sampling and the cut \
             at N lags make a guide and not a bound.",
        )
        .family("M6")
        .known(["√(35/12)", "√(a²ω₀²/2 + 1/4)", "", ""]);
    let one_sided = Definition::of(
        signal,
        "one_sided_frequency_spread",
        "radian/token",
        "one-sided spread over frequencies",
    )
    .range(0.0, PI / 2.0)
    .meaning(
        "Δω₊ = standard deviation of ω = 2πk/N in (0, π] under P, k and -k together: 2π times the bandwidth",
        "Over which frequencies the power spreads about its own centre, so that a narrow band far from 0 is narrow.",
    )
    .family("M6")
    .known(["√(5/2 - 4/Γ(5/2)²)/a = 0.486275/a", "1/(√2 a)", "", "about π/√12"]);
    let one_sided_product = Definition::of(signal, "one_sided_uncertainty_product", "1", "one-sided product Δx·Δω₊")
        .range(0.0, half * PI / 2.0)
        .meaning(
            "Δx · Δω₊",
            "The same with the spread about the centre of the band: small for every packet of waves, whatever its frequency.",
        )
        .family("M6")
        .known(["√(7/6) √(5/2 - 4/Γ(5/2)²) = 0.525237", "1/2", "", ""]);
    match signal {
        Signal::Profile | Signal::Scores | Signal::Row | Signal::Full => {
            vec![lag, frequency, product, one_sided, one_sided_product]
        }
        Signal::Rows => vec![frequency, one_sided],
        Signal::Pairs | Signal::Head => Vec::new(),
    }
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    let frequency = || {
        let rest = Power::without_dc(view.power);
        let whole = Power::of(view.power).total;
        rest.frequency_spread().filter(|_| rest.total > rounding_energy(view.plan.lags()) * whole)
    };
    let one_sided = || Band::of(view.power).map(|band| 2.0 * PI * band.bandwidth);
    match view.signal {
        Signal::Profile | Signal::Scores | Signal::Row | Signal::Full => {
            let (lag, frequency) = (spread(view.values), frequency());
            let times = |frequency: Option<f64>| lag.zip(frequency).map(|(lag, frequency)| lag * frequency);
            let one_sided = one_sided();
            values.extend([lag, frequency, times(frequency), one_sided, times(one_sided)]);
        }
        Signal::Rows => values.extend([frequency(), one_sided()]),
        Signal::Pairs | Signal::Head => {}
    }
}

/// Standard deviation of the index under the square of the signal minus its mean; `None` for a constant.
fn spread(signal: &[f64]) -> Option<f64> {
    let mean = signal.iter().sum::<f64>() / signal.len() as f64;
    let energy = |x: &f64| (x - mean) * (x - mean);
    let (mut total, mut first) = (0.0, 0.0);
    for (index, x) in signal.iter().enumerate() {
        total += energy(x);
        first += index as f64 * energy(x);
    }
    let whole: f64 = signal.iter().map(|x| x * x).sum();
    if total <= rounding_energy(signal.len()) * whole {
        return None;
    }
    let centre = ratio(first, total)?;
    let variance = signal.iter().enumerate().map(|(index, x)| (index as f64 - centre).powi(2) * energy(x)).sum();
    ratio(variance, total).map(f64::sqrt)
}
