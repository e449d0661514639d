use rand_chacha::ChaCha8Rng;

use super::random::{Purpose, below, generator};

/// Resamples of groups of texts: how often each group is drawn, where as many are drawn with replacement as
/// there are \[efron1993\].
///
/// They are the same for every head of a run, and for runs of the same seed over the same number of groups.
#[derive(Debug)]
pub(super) struct Bootstrap {
    /// The groups that have texts.
    groups: Vec<usize>,
    counts: Vec<Vec<u32>>,
}

/// Number of resamples.
pub(super) const RESAMPLES: usize = 1000;

/// The share of resamples within an interval.
pub(super) const COVERAGE: f64 = 0.95;

/// Groups below which nothing is said: two have three resamples.
const FEWEST_GROUPS: usize = 3;

impl Bootstrap {
    /// Resamples of these groups; none of fewer than three.
    pub(super) fn new(groups: Vec<usize>, seed: u64) -> Self {
        let mut generator: ChaCha8Rng = generator(seed, Purpose::Resample);
        let resamples = if groups.len() < FEWEST_GROUPS { 0 } else { RESAMPLES };
        let mut resample = || {
            let mut counts = vec![0; groups.len()];
            for _ in 0..groups.len() {
                counts[below(&mut generator, groups.len() as u32) as usize] += 1;
            }
            counts
        };
        Self { counts: (0..resamples).map(|_| resample()).collect(), groups }
    }

    /// Number of resamples: 1000, or 0 of fewer than three groups.
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// The sums of a resample, out of those of each group, `[groups][width]`.
    pub(super) fn sums(&self, resample: usize, by_group: &[f64], width: usize) -> Vec<f64> {
        let mut sums = vec![0.0; width];
        for (group, count) in self.groups.iter().zip(&self.counts[resample]).filter(|(_, count)| **count > 0) {
            let times = f64::from(*count);
            let of_group = &by_group[group * width..][..width];
            sums.iter_mut().zip(of_group).for_each(|(sum, more)| *sum += times * more);
        }
        sums
    }
}

/// The middle share [`COVERAGE`] of the values of resamples: their percentiles, linearly between order
/// statistics. `None` where there are none, or more than a twentieth has no value.
pub(super) fn interval(values: &[Option<f64>]) -> Option<[f64; 2]> {
    let mut sorted: Vec<f64> = values.iter().copied().flatten().collect();
    if sorted.is_empty() || (sorted.len() as f64) < 0.95 * values.len() as f64 {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    let tail = (1.0 - COVERAGE) / 2.0;
    Some([percentile(&sorted, tail), percentile(&sorted, 1.0 - tail)])
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, weight) = (place as usize, place.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + weight * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_lies_between_order_statistics() {
        let values: Vec<Option<f64>> = (0..=1000).rev().map(|x| Some(f64::from(x))).collect();
        let [low, high] = interval(&values).unwrap();
        assert!((low - 25.0).abs() < 1e-9 && (high - 975.0).abs() < 1e-9);
        assert_eq!(interval(&[]), None);
        assert_eq!(interval(&[Some(1.0), None]), None);
        assert_eq!(interval(&[Some(1.0)]), Some([1.0; 2]));
    }

    #[test]
    fn an_interval_of_a_mean_covers_it_as_often_as_it_says() {
        // Means of 40 exponentials of mean 1, each a group: 95 % of the intervals are to hold 1. Percentile
        // intervals of a skewed mean are somewhat short, as is known: 92 to 93 % at this size.
        let (groups, trials) = (40, 400);
        let mut generator = generator(11, Purpose::Dirichlet { draw: 0 });
        let bootstrap = Bootstrap::new((0..groups).collect(), 3);
        let mut covered = 0;
        for _ in 0..trials {
            let sample: Vec<f64> = (0..groups).map(|_| super::super::random::exponential(&mut generator)).collect();
            let mean = |resample| Some(bootstrap.sums(resample, &sample, 1)[0] / groups as f64);
            let [low, high] = interval(&(0..bootstrap.len()).map(mean).collect::<Vec<_>>()).unwrap();
            covered += usize::from(low <= 1.0 && 1.0 <= high);
        }
        // 0.925 ± 4 standard errors of a share of 400.
        let share = covered as f64 / f64::from(trials);
        assert!((0.872..=0.978).contains(&share), "{share}");
    }

    #[test]
    fn few_groups_have_no_resamples_and_each_resample_draws_as_many_as_there_are() {
        assert_eq!(Bootstrap::new(vec![0, 5], 0).len(), 0);
        let bootstrap = Bootstrap::new(vec![1, 3, 4], 0);
        assert_eq!(bootstrap.len(), RESAMPLES);
        assert!(bootstrap.counts.iter().all(|counts| counts.iter().sum::<u32>() == 3));
        // Three of three groups: 27 outcomes, of which 6 have each group once.
        let each = bootstrap.counts.iter().filter(|counts| counts.iter().all(|count| *count == 1)).count();
        let (expected, sd) = (1000.0 * 6.0 / 27.0, (1000.0f64 * 6.0 / 27.0 * 21.0 / 27.0).sqrt());
        assert!((each as f64 - expected).abs() < 4.0 * sd, "{each}");
        // Groups without texts are passed over.
        let by_group = [9.0, 1.0, 9.0, 10.0, 100.0];
        let sums = bootstrap.sums(0, &by_group, 1);
        let counts = &bootstrap.counts[0];
        assert_eq!(sums[0], f64::from(counts[0]) + 10.0 * f64::from(counts[1]) + 100.0 * f64::from(counts[2]));
    }
}
