use serde::Serialize;

/// A metric under a null model, and where a head lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Comparison {
    /// Mean over the draws in which the metric has a value.
    pub mean: Option<f64>,
    /// Standard deviation over these draws (`n - 1` in the denominator); `None` for fewer than two, 0 where
    /// the null model leaves the metric no freedom.
    pub sd: Option<f64>,
    /// `(value - mean) / sd`; `None` without a value or a deviation.
    pub z: Option<f64>,
    /// Two-sided: `(1 + #{|draw - mean| ≥ |value - mean|}) / (draws + 1)`; `None` where `z` is.
    pub p: Option<f64>,
    /// `p` adjusted for all heads of the model by Benjamini and Hochberg's method, within this metric and this
    /// null model: among heads with `q ≤ x` the expected share of false ones is at most `x`.
    pub q: Option<f64>,
    /// Number of draws in which the metric has a value.
    pub draws: usize,
    /// Whether the null model leaves the metric no freedom: its draws differ by rounding alone, and the mean is
    /// its exact value.
    pub exact: bool,
}

impl Comparison {
    /// Compares a value with what the draws of a null model gave; `q` is left open.
    ///
    /// `rounding` is the relative error of the values.
    pub(super) fn of(value: Option<f64>, draws: &[f64], rounding: f64) -> Self {
        let count = draws.len();
        if count == 0 {
            return Self::default();
        }
        let n = count as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let sd = (draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let size = draws.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
        if count < 2 {
            return Self { mean: Some(mean), draws: count, ..Self::default() };
        }
        if sd <= rounding * size {
            return Self { mean: Some(mean), sd: Some(0.0), draws: count, exact: true, ..Self::default() };
        }
        let p = |value: f64| {
            let as_far = draws.iter().filter(|draw| (*draw - mean).abs() >= (value - mean).abs()).count();
            (1 + as_far) as f64 / (n + 1.0)
        };
        Self {
            mean: Some(mean),
            sd: Some(sd),
            z: value.map(|value| (value - mean) / sd),
            p: value.map(p),
            q: None,
            draws: count,
            exact: false,
        }
    }
}

/// Benjamini and Hochberg's adjustment of `p` values to `q` values, in place: with the values in ascending order,
/// `q_i = min over j ≥ i of min(1, n p_j / j)` [benjamini1995].
pub(super) fn adjust(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
    let mut q = vec![1.0; p.len()];
    let mut smallest = 1.0f64;
    for (above, &at) in order.iter().enumerate() {
        let rank = p.len() - above;
        smallest = smallest.min(p[at] * p.len() as f64 / rank as f64);
        q[at] = smallest;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deviation_of_rounding_alone_gives_no_z() {
        let within = Comparison::of(Some(2.0), &[1.0, 1.0 + f64::EPSILON], 1e-15);
        assert_eq!((within.z, within.p, within.sd, within.draws, within.exact), (None, None, Some(0.0), 2, true));
        let beyond = Comparison::of(Some(2.0), &[0.0, 1.0], 1e-15);
        assert_eq!((beyond.mean, beyond.z, beyond.p), (Some(0.5), Some(1.5 / 0.5f64.sqrt()), Some(1.0 / 3.0)));
        assert!(!beyond.exact);
        assert_eq!(Comparison::of(Some(2.0), &[1.0], 0.0).z, None);
        assert_eq!(Comparison::of(None, &[0.0, 1.0], 0.0).z, None);
        assert_eq!(Comparison::of(Some(2.0), &[], 0.0), Comparison::default());
    }

    #[test]
    fn a_p_value_counts_the_draws_that_are_as_far_from_the_mean_on_either_side() {
        let draws = [-2.0, -1.0, 0.0, 1.0, 2.0];
        let p = |value: f64| Comparison::of(Some(value), &draws, 0.0).p.unwrap();
        assert_eq!([p(3.0), p(-2.0), p(1.5), p(0.0)], [1.0 / 6.0, 0.5, 0.5, 1.0]);
    }

    #[test]
    fn adjusted_values_are_those_of_benjamini_and_hochberg() {
        // The fifteen p values of their paper's example; at 0.05 the first four are rejected.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let q = adjust(&p);
        assert_eq!(q.iter().filter(|q| **q <= 0.05).count(), 4);
        // Unordered input keeps its order, and equal values are treated alike.
        let mut reversed = p;
        reversed.reverse();
        let mut back = adjust(&reversed);
        back.reverse();
        assert_eq!(back, q);
        assert!((q[0] - 0.0015).abs() < 1e-15 && (q[3] - 0.0095 * 15.0 / 4.0).abs() < 1e-15);
        assert!((q[4] - 0.0344 * 15.0 / 8.0).abs() > 1e-9, "the minimum runs over larger values only");
        assert_eq!(adjust(&[0.5, 0.5]), [0.5, 0.5]);
        assert!(adjust(&[]).is_empty());
    }
}
