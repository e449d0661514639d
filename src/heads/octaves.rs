//! M2: how the energy of a signal lies over the octaves of an orthonormal wavelet.

use super::family::{Family, View};
use super::spectrum::{ratio, rounding_energy};
use super::{Definition, Plan, Signal};

pub(super) const FAMILY: Family = Family { definitions, values };

fn definitions(signal: Signal, plan: &Plan) -> Vec<Definition> {
    let wavelets: &[&str] = match signal {
        Signal::Profile | Signal::Scores | Signal::Row | Signal::Full => &["", "db2_"],
        // Of single rows only the Haar energies are summed up.
        Signal::Rows => &[""],
        Signal::Pairs | Signal::Head => return Vec::new(),
    };
    let of = |prefix: &str| {
        let wavelet = if prefix.is_empty() { "Haar" } else { "db2" };
        let shares = (1..=plan.octaves()).map(move |octave| {
            let name = format!("{prefix}octave_share_{octave}");
            Definition::of(signal, name, "1", format!("{wavelet} energy in octave {octave}"))
                .range(0.0, 1.0)
                .meaning(
                    "E_j / Σ E_j, E_j the energy of the orthonormal details of octave j, j = 1..=log2 N",
                    "Share of the energy without frequency 0 in details over 2^j lags, the finest at j = 1.",
                )
                .family("M2")
                .known(["", "", "", "2^-j/(1 - 1/N)"])
        });
        let slope = Definition::of(signal, format!("{prefix}octave_slope"), "1", format!("{wavelet} octave slope"))
            .meaning(
                "least-squares slope of log2 E_j over j",
                "How the energy grows from octave to octave: white noise and a single lag both have -1.",
            )
            .family("M2")
            .known(["", "", "", "-1"]);
        shares.chain([slope]).collect::<Vec<_>>()
    };
    wavelets.iter().flat_map(|prefix| of(prefix)).collect()
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    match view.signal {
        Signal::Profile | Signal::Scores | Signal::Row | Signal::Full => {
            let energy: f64 = view.values.iter().map(|x| x * x).sum();
            push(view.haar, energy, view.plan, values);
            push(&db2_energies(view.values, view.plan.db2()), energy, view.plan, values);
        }
        Signal::Rows => {
            let energy = view.power.iter().sum();
            push(view.haar, energy, view.plan, values);
        }
        Signal::Pairs | Signal::Head => {}
    }
}

/// Shares and slope of the energies; none where they are no larger than the rounding of the whole.
fn push(energies: &[f64], whole: f64, plan: &Plan, values: &mut Vec<Option<f64>>) {
    let total: f64 = energies.iter().sum();
    if total > rounding_energy(plan.lags()) * whole {
        values.extend(energies.iter().map(|&energy| ratio(energy, total)));
        values.push(slope_of_log2(energies));
    } else {
        values.extend(std::iter::repeat_n(None, energies.len() + 1));
    }
}

/// Adds the energies of the orthonormal Haar details of each octave, finest first. `scratch` has as many
/// values as the signal.
///
/// This is where most of the time of a shuffled row goes that is not its Fourier transform, so each octave is read
/// from one place and written to another, four pairs at a time, with as many sums.
pub(super) fn add_haar_energies(signal: &[f64], scratch: &mut [f64], energies: &mut [f64]) {
    // Means that are not divided: at octave j they are 2^(j/2) times as large, their squares 2^j.
    let mut weight = 0.5;
    let (mut finer, mut rest) = (signal, scratch);
    for energy in energies {
        let (coarser, after) = rest.split_at_mut(finer.len() / 2);
        let (eights, last) = finer.as_chunks::<8>();
        let (fours, last_means) = coarser.as_chunks_mut::<4>();
        let mut sums = [0.0; 4];
        for (values, means) in eights.iter().zip(fours) {
            for pair in 0..4 {
                let (one, other) = (values[2 * pair], values[2 * pair + 1]);
                sums[pair] += (one - other) * (one - other);
                means[pair] = one + other;
            }
        }
        for (pair, mean) in last.as_chunks::<2>().0.iter().zip(last_means) {
            sums[0] += (pair[0] - pair[1]) * (pair[0] - pair[1]);
            *mean = pair[0] + pair[1];
        }
        *energy += weight * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
        weight /= 2.0;
        (finer, rest) = (coarser, after);
    }
}

/// Energies of the orthonormal db2 details of each octave, finest first, of the signal continued
/// periodically: `a_n = Σ_k low_k x_{2n+2-k}`, the alignment of PyWavelets' mode `periodization`.
fn db2_energies(signal: &[f64], [low, high]: &[[f64; 4]; 2]) -> Vec<f64> {
    let mut smooth = signal.to_vec();
    let mut energies = Vec::new();
    while smooth.len() > 1 {
        let n = smooth.len();
        let apply = |taps: &[f64; 4], at: usize| -> f64 {
            taps.iter().enumerate().map(|(k, tap)| tap * smooth[(2 * at + 2 + 2 * n - k) % n]).sum()
        };
        energies.push((0..n / 2).map(|at| apply(high, at).powi(2)).sum());
        smooth = (0..n / 2).map(|at| apply(low, at)).collect();
    }
    energies
}

/// Least-squares slope of `log2 y` over its index.
fn slope_of_log2(values: &[f64]) -> Option<f64> {
    let centre = (values.len() - 1) as f64 / 2.0;
    let (products, squares) = values.iter().enumerate().fold((0.0, 0.0), |(products, squares), (j, y)| {
        let x = j as f64 - centre;
        (products + x * y.log2(), squares + x * x)
    });
    Some(products / squares).filter(|slope| slope.is_finite())
}
