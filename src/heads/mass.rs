//! How much attention goes where, before it is looked at as a signal.

use super::family::{Family, View};
use super::{Definition, Plan, Signal};

pub(super) const FAMILY: Family = Family { definitions, values };

fn definitions(signal: Signal, _plan: &Plan) -> Vec<Definition> {
    if signal != Signal::Head {
        return Vec::new();
    }
    vec![
        Definition::of(signal, "sink_mass", "1", "sink mass")
            .range(0.0, 1.0)
            .meaning("mean of A[i, 0]", "Share of the attention that goes to the first token of the window."),
        Definition::of(signal, "window_mass", "1", "mass within the lags")
            .range(0.0, 1.0)
            .meaning("Σ g(D)", "Share of the attention that goes to the nearest N keys."),
    ]
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    if view.signal == Signal::Head {
        values.extend(view.values[..2].iter().map(|&mass| Some(mass).filter(|mass| mass.is_finite())));
    }
}
