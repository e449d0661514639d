//! M8: how many different kernels the heads have \[roy2007\].

use super::group::{GroupFamily, GroupView};
use super::slack::nats;
use super::spectrum::rounding_energy;
use super::{Definition, Plan, Signal};
use crate::numeric::symmetric_eigenvalues;

pub(super) const FAMILY: GroupFamily = GroupFamily { definitions, values, over_heads: false };

fn definitions(signal: Signal, plan: &Plan) -> Vec<Definition> {
    if signal == Signal::Rows {
        return Vec::new();
    }
    let highest = plan.lags() as f64 - 1.0;
    vec![
        Definition::of(signal, "effective_rank", "1", "effective rank")
            .family("M8")
            .range(1.0, highest)
            .meaning(
                "exp(-Σ p ln p), p = λ/Σλ, λ the eigenvalues of the Gram matrix of the heads' signals, each without its mean \
                 and of energy 1",
                "How many directions the heads' kernels fill: 1 if all are the same up to a factor, their number if all are \
                 orthogonal.",
            ),
        Definition::of(signal, "participation_ratio", "1", "participation ratio")
            .family("M8")
            .range(1.0, highest)
            .meaning("(Σλ)²/Σλ²", "The same number, less sensitive to weak directions."),
    ]
}

fn values(view: &GroupView<'_>, values: &mut Vec<Option<f64>>) {
    if view.signal == Signal::Rows {
        return;
    }
    let spectrum = gram_eigenvalues(&view.heads.iter().filter_map(|head| unit(head.curve)).collect::<Vec<_>>());
    let total: f64 = spectrum.iter().sum();
    let some = |value: f64| (total > 0.0).then_some(value);
    values.push(some(spectrum.iter().map(|value| nats(value / total)).sum::<f64>().exp()));
    values.push(some(total * total / spectrum.iter().map(|value| value * value).sum::<f64>()));
}

/// A signal without its mean, of energy 1; `None` for a constant.
fn unit(signal: &[f64]) -> Option<Vec<f64>> {
    let mean = signal.iter().sum::<f64>() / signal.len() as f64;
    let centred: Vec<f64> = signal.iter().map(|x| x - mean).collect();
    let energy: f64 = centred.iter().map(|x| x * x).sum();
    let whole: f64 = signal.iter().map(|x| x * x).sum();
    let size = energy.sqrt();
    (energy > rounding_energy(signal.len()) * whole).then(|| centred.iter().map(|x| x / size).collect())
}

/// The eigenvalues of the matrix of inner products of these vectors, largest first; none of them negative.
///
/// Where there are more vectors than entries, those of the smaller matrix `Σ_h v_h v_hᵀ`: the others are 0.
fn gram_eigenvalues(vectors: &[Vec<f64>]) -> Vec<f64> {
    let Some(first) = vectors.first() else { return Vec::new() };
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let columns: Vec<Vec<f64>>;
    let rows = if vectors.len() <= first.len() {
        vectors
    } else {
        columns = (0..first.len()).map(|i| vectors.iter().map(|vector| vector[i]).collect()).collect();
        &columns
    };
    let order = rows.len();
    let mut entries = vec![0.0; order * order];
    for i in 0..order {
        for j in 0..=i {
            let entry = product(&rows[i], &rows[j]);
            (entries[i * order + j], entries[j * order + i]) = (entry, entry);
        }
    }
    // A Gram matrix has no negative eigenvalue but by rounding.
    symmetric_eigenvalues(order, &entries).into_iter().map(|value| value.max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::group::Kernel;
    use super::super::{SinkRule, Taper};
    use super::*;
    use crate::numeric::{Agreement, Bound, Real, gamma};

    const N: usize = 64;

    fn ranks(heads: &[Vec<f64>]) -> [Option<f64>; 2] {
        let plan = Plan::new(N, SinkRule::Kept, Taper::None).unwrap();
        let kernels: Vec<Kernel<'_>> = heads.iter().map(|curve| Kernel { curve, power: &[] }).collect();
        let mut found = Vec::new();
        values(&GroupView { signal: Signal::Scores, heads: &kernels, plan: &plan }, &mut found);
        found.try_into().unwrap()
    }

    #[track_caller]
    fn assert_ranks(heads: &[Vec<f64>], expected: [f64; 2]) {
        // Eigenvalues of a matrix of norm at most H, off by γ of its order; an entropy adds their number.
        let h = heads.len() as f64;
        let bound = Bound::rounding(gamma(64 * N, f64::UNIT_ROUNDOFF) * h * h);
        for (found, expected) in ranks(heads).into_iter().zip(expected) {
            let agreement = |expected| Agreement::of(found.unwrap(), expected, bound);
            assert!(agreement(expected).holds(), "{found:?} {expected}");
            assert!(!agreement(expected + 1e-3).holds());
        }
    }

    fn tone(bin: f64, factor: f64) -> Vec<f64> {
        (0..N).map(|t| 0.5 + factor * (TAU * bin * t as f64 / N as f64).cos()).collect()
    }

    #[test]
    fn tones_are_as_many_directions_as_they_are_and_copies_are_one() {
        assert_ranks(&[tone(3.0, 1.0), tone(5.0, 0.2), tone(17.0, -3.0)], [3.0, 3.0]);
        assert_ranks(&[tone(3.0, 1.0), tone(3.0, -0.2), tone(3.0, 4.0), tone(3.0, 2.0)], [1.0, 1.0]);
        // Two of one and one of another: p = 2/3, 1/3.
        let entropy = (3f64).ln() - 2.0 / 3.0 * 2f64.ln();
        assert_ranks(&[tone(3.0, 1.0), tone(3.0, 2.0), tone(9.0, 1.0)], [entropy.exp(), 9.0 / 5.0]);
    }

    #[test]
    fn single_lags_are_orthogonal_but_for_their_mean() {
        // Inner products -1/(N-1): eigenvalues 1 + 1/(N-1), H - 1 times, and 1 - (H-1)/(N-1).
        let (n, h) = (N as f64, 5.0);
        let heads: Vec<Vec<f64>> =
            (0..5).map(|lag| (0..N).map(|t| f64::from(u8::from(t == 7 * lag))).collect()).collect();
        let (many, last) = (1.0 + 1.0 / (n - 1.0), 1.0 - (h - 1.0) / (n - 1.0));
        let entropy = (h - 1.0) * nats(many / h) + nats(last / h);
        assert_ranks(&heads, [entropy.exp(), h * h / ((h - 1.0) * many * many + last * last)]);
    }

    #[test]
    fn more_heads_than_lags_have_the_rank_of_the_smaller_matrix() {
        // All shifts of an impulse: N heads in the N - 1 dimensions without a mean, twice over.
        let heads: Vec<Vec<f64>> =
            (0..2 * N).map(|lag| (0..N).map(|t| f64::from(u8::from(t == lag % N))).collect()).collect();
        assert_ranks(&heads, [N as f64 - 1.0; 2]);
    }

    #[test]
    fn constant_heads_do_not_count() {
        assert_eq!(ranks(&[vec![0.1; N], vec![0.2; N]]), [None, None]);
        assert_ranks(&[vec![0.1; N], tone(4.0, 1.0)], [1.0, 1.0]);
    }
}
