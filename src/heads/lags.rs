//! M6: how far back a head looks.

use super::family::{Family, View};
use super::spectrum::ratio;
use super::{Definition, Plan, Signal};
use crate::numeric::{Real, gamma};

pub(super) const FAMILY: Family = Family { definitions, values };

fn definitions(signal: Signal, plan: &Plan) -> Vec<Definition> {
    let last = plan.lags() as f64 - 1.0;
    let of = |name: &'static str, title, formula, meaning| {
        Definition::of(signal, name, "token", title).range(0.0, last).meaning(formula, meaning).family("M6")
    };
    match signal {
        // A mean lag is one of weights that are not negative: of the three other kinds a kernel of
        // attention can only be the Gaussian.
        Signal::Profile | Signal::Row => vec![
            of("mean_lag", "mean lag", "Σ D g / Σ g", "How many tokens back the head looks on average.").known([
                "",
                "",
                "b",
                "(N - 1)/2",
            ]),
            of("rms_lag", "root mean square lag", "sqrt(Σ D² g / Σ g)", "The same with more weight on what is far.")
                .known(["", "", "√(b² + a²)", "√((N - 1)(2N - 1)/6)"]),
            of(
                "median_lag",
                "median lag",
                "smallest D with half of Σ g at lags 0..=D",
                "Half of the attention is nearer.",
            )
            .known(["", "", "b", "N/2 - 1"]),
            of(
                "ninety_percent_lag",
                "lag of 90 %",
                "smallest D with 90 % of Σ g at lags 0..=D",
                "All but a tenth of the attention is nearer.",
            )
            .known(["", "", "", "⌈9N/10⌉ - 1"]),
        ],
        Signal::Full => vec![
            of(
                "mean_position",
                "mean key position",
                "Σ t f / Σ f",
                "Where in the window the first N queries look on average.",
            ),
            of(
                "rms_position",
                "root mean square key position",
                "sqrt(Σ t² f / Σ f)",
                "The same with more weight on later keys.",
            ),
            of(
                "median_position",
                "median key position",
                "smallest t with half of Σ f at keys 0..=t",
                "Half of the attention of the first N queries goes to earlier keys.",
            ),
            of(
                "ninety_percent_position",
                "key position of 90 %",
                "smallest t with 90 % of Σ f at keys 0..=t",
                "All but a tenth of the attention of the first N queries goes to earlier keys.",
            ),
        ],
        Signal::Scores | Signal::Rows | Signal::Pairs | Signal::Head => Vec::new(),
    }
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    let ahead = match view.signal {
        Signal::Profile | Signal::Full => view.values.iter(),
        // By key position: the newest key has lag 0.
        Signal::Row => return push(view.values.iter().rev(), values),
        Signal::Scores | Signal::Rows | Signal::Pairs | Signal::Head => return,
    };
    push(ahead, values);
}

fn push<'a>(weights: impl Iterator<Item = &'a f64> + Clone, values: &mut Vec<Option<f64>>) {
    let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
    for (index, weight) in weights.clone().enumerate() {
        let x = index as f64;
        total += weight;
        first += x * weight;
        second += x * x * weight;
    }
    // A share that is reached but for rounding is reached: equal weights have an exact middle.
    let rounding = gamma(weights.clone().count(), f64::UNIT_ROUNDOFF);
    let reached = |share: f64| {
        let mut mass = 0.0;
        let place = weights.clone().position(|weight| {
            mass += weight;
            mass >= (share - rounding) * total
        });
        place.filter(|_| total > 0.0).map(|place| place as f64)
    };
    values.extend([ratio(first, total), ratio(second, total).map(f64::sqrt), reached(0.5), reached(0.9)]);
}
