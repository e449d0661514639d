//! Coordinates in which queries or keys are far longer than in the others.

use super::pair_family::PairView;
use super::{Coordinates, Definition, Signal};

/// `λ`: a coordinate is massive where its norm over the sequence exceeds so many times the mean over
/// the coordinates of the head \[jin2025\].
pub const MASSIVE_FACTOR: f64 = 5.0;

/// Which coordinates of a head are massive: `M_d = (Σ_n q_{n,d}²)^{1/2} > λ · mean_d M_d`.
///
/// A head of `D` coordinates can have at most `D/λ` of them.
pub(super) fn massive(norms: &[f64]) -> Vec<usize> {
    let mean = norms.iter().sum::<f64>() / norms.len() as f64;
    (0..norms.len()).filter(|d| norms[*d] > MASSIVE_FACTOR * mean).collect()
}

/// `max_d M_d / mean_d M_d`, from 1 (all alike) to `D` (a lone coordinate); `None` where all are zero.
pub(super) fn peak(norms: &[f64]) -> Option<f64> {
    let mean = norms.iter().sum::<f64>() / norms.len() as f64;
    (mean > 0.0).then(|| norms.iter().fold(0.0, |largest: f64, norm| largest.max(*norm)) / mean)
}

/// Share of the massive coordinates that are in the slower half of the pairs, of those that rotate.
fn slow_share(massive: &[usize], coordinates: &Coordinates) -> Option<f64> {
    let slow = |pair: usize| 2 * pair >= coordinates.pairs();
    let rotating = (0..coordinates.pairs()).filter_map(|pair| {
        let (first, second) = coordinates.of_pair(pair);
        let count = [first, second].into_iter().filter(|d| massive.contains(d)).count();
        (count > 0).then_some((pair, count))
    });
    let (all, slow) = rotating
        .fold((0, 0), |(all, of_slow), (pair, count)| (all + count, of_slow + if slow(pair) { count } else { 0 }));
    (all > 0).then(|| slow as f64 / all as f64)
}

pub(super) fn definitions(rotates: bool) -> Vec<Definition> {
    let of = |metric: &'static str, unit: &'static str, title: &'static str| {
        Definition::of(Signal::Pairs, metric, unit, title).family("M10")
    };
    let counted = "number of d with M_d > 5 mean M, M_d = (Σ_n x_{n,d}²)^{1/2} before rotation";
    let peaked = "max M / mean M";
    let mut definitions = vec![
        of("massive_queries", "coordinate", "massive coordinates of the queries").range(0.0, None).meaning(
            counted,
            "In how many coordinates the queries are more than five times as long as in the mean one.",
        ),
        of("massive_keys", "coordinate", "massive coordinates of the keys")
            .range(0.0, None)
            .meaning(counted, "In how many coordinates the keys are more than five times as long as in the mean one."),
        of("query_peak", "1", "longest coordinate of the queries").range(1.0, None).meaning(
            peaked,
            "How many times as long as in the mean coordinate the queries are in the longest; massive from 5 on.",
        ),
        of("key_peak", "1", "longest coordinate of the keys").range(1.0, None).meaning(
            peaked,
            "How many times as long as in the mean coordinate the keys are in the longest; massive from 5 on.",
        ),
    ];
    if rotates {
        let formula = "share of the massive coordinates that rotate in pairs i ≥ d/4";
        let meaning = "How many of the massive coordinates are in the slower half of the pairs: 1/2 is no preference.";
        definitions.extend([
            of("massive_queries_slow", "1", "massive query coordinates that turn slowly")
                .range(0.0, 1.0)
                .meaning(formula, meaning),
            of("massive_keys_slow", "1", "massive key coordinates that turn slowly")
                .range(0.0, 1.0)
                .meaning(formula, meaning),
        ]);
    }
    definitions
}

pub(super) fn values(view: &PairView<'_>, rotates: bool) -> Vec<Option<f64>> {
    let Some(both) = &view.means.coordinate_norms else { return vec![None; if rotates { 6 } else { 4 }] };
    let massive = both.each_ref().map(|norms| massive(norms));
    let mut values: Vec<Option<f64>> = massive.iter().map(|massive| Some(massive.len() as f64)).collect();
    values.extend(both.iter().map(|norms| peak(norms)));
    if rotates {
        values.extend(massive.iter().map(|massive| slow_share(massive, view.coordinates)));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::PairAxis;
    use crate::heads::pair_family::PairMeans;
    use crate::numeric::Pairing;
    use crate::rope::{Frequencies, Scaling};

    #[test]
    fn a_coordinate_is_massive_above_five_times_the_mean() {
        let mut norms = vec![1.0; 64];
        assert_eq!(massive(&norms), [0usize; 0]);
        norms[40] = 6.0;
        // The mean is 69/64: 5.39 is the edge.
        assert_eq!(massive(&norms), [40]);
        assert_eq!(peak(&norms), Some(6.0 * 64.0 / 69.0));
        norms[40] = 5.0;
        assert_eq!(massive(&norms), [0usize; 0]);
        assert_eq!(peak(&[0.0; 4]), None);
    }

    #[test]
    fn massive_coordinates_are_told_by_how_fast_they_turn() {
        let frequencies = Frequencies::new(1e4, 32, &Scaling::None, 64).unwrap();
        let rotary = Some(PairAxis::new(frequencies, Pairing::HalfSplit, 64, 8));
        let coordinates = Coordinates { head_dim: 64, rotary };
        let norms = |large: &[usize]| (0..64).map(|d| if large.contains(&d) { 50.0 } else { 1.0 }).collect::<Vec<_>>();
        // Pair 15 holds coordinates 15 and 31, pair 2 coordinates 2 and 18; 40 does not rotate.
        let both = [norms(&[15, 31, 18, 40]), norms(&[40])];
        let means = PairMeans { coordinate_norms: Some(both), ..PairMeans::default() };
        let found = values(&PairView { means: &means, coordinates: &coordinates }, true);
        assert_eq!((found[0], found[1]), (Some(4.0), Some(1.0)));
        assert_eq!((found[4], found[5]), (Some(2.0 / 3.0), None));
        assert_eq!(definitions(true).len(), found.len());
        assert_eq!(
            definitions(false).len(),
            values(&PairView { means: &means, coordinates: &coordinates }, false).len()
        );
    }
}
