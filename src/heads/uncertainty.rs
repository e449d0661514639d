//! M6: how a signal spreads over its points and over frequencies at once.

use std::f64::consts::PI;

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
    match signal {
        Signal::Profile | Signal::Scores | Signal::Row | Signal::Full => vec![lag, frequency, product],
        Signal::Rows => vec![frequency],
        Signal::Pairs | Signal::Head => Vec::new(),
    }
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    let frequency = || {
        let rest = Power::without_dc(view.power);
        let whole = Power::of(view.power).total;
        rest.frequency_spread().filter(|_| rest.total > rounding_energy(view.plan.lags()) * whole)
    };
    match view.signal {
        Signal::Profile | Signal::Scores | Signal::Row | Signal::Full => {
            let (lag, frequency) = (spread(view.values), frequency());
            values.extend([lag, frequency, lag.zip(frequency).map(|(lag, frequency)| lag * frequency)]);
        }
        Signal::Rows => values.push(frequency()),
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
