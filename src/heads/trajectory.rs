use std::borrow::Cow;
use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::bootstrap::{Bootstrap, interval};
use super::draws::Places;
use super::{Analysis, Comparison, Level, PerNull, Recorder, Settings, Signal, Statistics};

/// The medians over the heads of one checkpoint, of every metric of a head: as measured, over resamples of the
/// groups of texts, and of the null models.
///
/// Resamples are the same for every checkpoint that reads the same list of texts with the same seed, so the
/// difference of two checkpoints can be taken within each.
#[derive(Debug, Clone)]
pub struct Medians {
    metrics: Vec<(Signal, Cow<'static, str>, &'static str)>,
    points: Vec<Point>,
    /// `[metric][resample]`.
    resamples: Vec<Vec<Option<f64>>>,
    groups: Vec<usize>,
}

/// A metric at one stage: its median over heads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The stage, from 0: the place of its checkpoint in the order given.
    pub stage: usize,
    /// How many heads have a value.
    pub heads: usize,
    /// The median of their values; the mean of the two in the middle of an even number.
    pub median: Option<f64>,
    /// The middle 95 % of this median over resamples of the groups of texts; `None` for fewer than three groups.
    pub interval: Option<[f64; 2]>,
    /// What the null models give.
    pub nulls: PerNull<NullPoint>,
}

/// A null model at one stage.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct NullPoint {
    /// The median over heads of the null model's mean.
    pub median: Option<f64>,
    /// The median over heads of the z-score against it.
    pub z: Option<f64>,
}

/// How a median changes from one stage to a later one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The earlier stage, from 0.
    pub from: usize,
    /// The later one.
    pub to: usize,
    /// Median there minus median here.
    pub difference: Option<f64>,
    /// The middle 95 % of the difference over resamples, both medians taken on the same resample; `None` for
    /// fewer than three groups, or where the two have rows from other groups of texts.
    pub interval: Option<[f64; 2]>,
}

/// A metric of a head over the stages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trajectory {
    /// The signal that it is taken from.
    pub signal: Signal,
    /// Its name.
    pub metric: Cow<'static, str>,
    /// Its unit.
    pub unit: &'static str,
    /// One for each stage, in order.
    pub points: Vec<Point>,
    /// From each stage to the next, and from the first to the last where there are more than two.
    pub changes: Vec<Change>,
}

impl Trajectory {
    /// The trajectories of all metrics that every stage has; of stages without heads there are none.
    ///
    /// Stages may have other numbers of layers and heads.
    pub fn all(stages: &[Medians]) -> Vec<Self> {
        let Some(first) = stages.first() else { return Vec::new() };
        let trajectory = |(signal, metric, unit): &(Signal, Cow<'static, str>, &'static str)| {
            let place =
                |stage: &Medians| stage.metrics.iter().position(|known| (&known.0, &known.1) == (signal, metric));
            let places = stages.iter().map(place).collect::<Option<Vec<usize>>>()?;
            let points: Vec<Point> = stages
                .iter()
                .zip(&places)
                .enumerate()
                .map(|(stage, (of, place))| Point { stage, ..of.points[*place].clone() })
                .collect();
            let steps = (1..stages.len()).map(|to| (to - 1, to));
            let whole = (stages.len() > 2).then(|| (0, stages.len() - 1));
            let changes = steps.chain(whole).map(|(from, to)| {
                let ends = [from, to].map(|stage| (&stages[stage], places[stage], points[stage].median));
                Change::of((from, to), ends)
            });
            Some(Self { signal: *signal, metric: metric.clone(), unit, changes: changes.collect(), points })
        };
        first.metrics.iter().filter_map(trajectory).collect()
    }
}

impl Change {
    fn of((from, to): (usize, usize), [here, there]: [(&Medians, usize, Option<f64>); 2]) -> Self {
        let difference = |here: Option<f64>, there: Option<f64>| Some(there? - here?);
        let paired = here.0.groups == there.0.groups;
        let resamples = here.0.resamples[here.1].iter().zip(&there.0.resamples[there.1]);
        let differences: Vec<Option<f64>> = resamples.map(|(here, there)| difference(*here, *there)).collect();
        Self {
            from,
            to,
            difference: difference(here.2, there.2),
            interval: if paired { interval(&differences) } else { None },
        }
    }
}

impl Medians {
    /// The medians of what was measured and of what was recorded for it. Metrics of rotary pairs and of probes are
    /// taken as measured, without resamples and so without intervals.
    ///
    /// # Panics
    /// When the analysis is of other recorders.
    pub fn of(settings: &Settings, analysis: &Analysis, trained: &[Recorder]) -> Self {
        assert_eq!(analysis.heads.len(), trained.len(), "an analysis of these recorders");
        let plan = &settings.plan;
        let of_head = analysis.metrics.iter().filter(|definition| definition.level == Level::Head);
        let metrics: Vec<_> = of_head.map(|of| (of.signal, of.metric.clone(), of.unit)).collect();
        let resampled: BTreeMap<_, usize> = Statistics::definitions(plan)
            .into_iter()
            .enumerate()
            .map(|(place, definition)| ((definition.signal, definition.metric), place))
            .collect();
        let places: Vec<Option<usize>> =
            metrics.iter().map(|(signal, metric, _)| resampled.get(&(*signal, metric.clone())).copied()).collect();
        let of_heads = |metric: &(Signal, Cow<'static, str>, &'static str)| -> Vec<_> {
            analysis.heads.iter().filter_map(|head| head.measurement(metric.0, &metric.1)).collect()
        };
        let groups = Places::of(&analysis.texts).groups(trained.first().map_or(1, Recorder::groups));
        let bootstrap = Bootstrap::new(groups.clone(), settings.seed);
        let width = plan.layout().width();
        // Of each resample, every metric's median over the heads.
        let by_resample: Vec<Vec<Option<f64>>> = (0..bootstrap.len())
            .into_par_iter()
            .map(|resample| {
                let values = |recorder: &Recorder| {
                    let [own, ..] = recorder.sums();
                    Statistics::of(&bootstrap.sums(resample, own, width), plan).values(plan)
                };
                let heads: Vec<_> = trained.iter().map(values).collect();
                places.iter().map(|place| median(heads.iter().filter_map(|head| head[(*place)?]))).collect()
            })
            .collect();
        let resamples: Vec<Vec<_>> =
            (0..metrics.len()).map(|metric| by_resample.iter().map(|medians| medians[metric]).collect()).collect();
        let point = |(metric, resamples): (_, &Vec<Option<f64>>)| {
            let measured = of_heads(metric);
            let null = |of: fn(&PerNull<Comparison>) -> &Comparison| NullPoint {
                median: median(measured.iter().filter_map(|measurement| of(&measurement.nulls).mean)),
                z: median(measured.iter().filter_map(|measurement| of(&measurement.nulls).z)),
            };
            let nulls = PerNull {
                untrained: null(|nulls| &nulls.untrained),
                shuffled: null(|nulls| &nulls.shuffled),
                dirichlet: null(|nulls| &nulls.dirichlet),
                alibi: null(|nulls| &nulls.alibi),
                sink: null(|nulls| &nulls.sink),
            };
            Point {
                stage: 0,
                heads: measured.iter().filter(|measurement| measurement.value.is_some()).count(),
                median: median(measured.iter().filter_map(|measurement| measurement.value)),
                interval: interval(resamples),
                nulls,
            }
        };
        let points = metrics.iter().zip(&resamples).map(point).collect();
        Self { metrics, points, resamples, groups }
    }
}

/// The middle of some values; the mean of the two in the middle of an even number, nothing of none.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    Some(if sorted.len() % 2 == 1 { upper } else { 0.5 * (sorted[half - 1] + upper) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_two() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }

    /// A stage with one metric, as measured and on 1000 resamples.
    fn stage(median: f64, groups: &[usize], noise: impl Fn(usize) -> f64) -> Medians {
        let point =
            Point { stage: 0, heads: 3, median: Some(median), interval: None, nulls: PerNull::<NullPoint>::default() };
        let resamples = vec![(0..1000).map(|resample| Some(median + noise(resample))).collect()];
        Medians {
            metrics: vec![(Signal::Profile, "mean_lag".into(), "token")],
            points: vec![point],
            resamples,
            groups: groups.to_vec(),
        }
    }

    #[test]
    fn what_resamples_do_to_both_stages_alike_is_no_uncertainty_of_their_difference() {
        let noise = |resample: usize| (resample as f64 / 999.0 - 0.5) * 8.0;
        let stages = [stage(1.0, &[0, 1, 2], noise), stage(2.0, &[0, 1, 2], noise), stage(4.0, &[0, 1, 3], noise)];
        let trajectories = Trajectory::all(&stages);
        assert_eq!(trajectories.len(), 1);
        let ends: Vec<_> = trajectories[0].changes.iter().map(|change| (change.from, change.to)).collect();
        assert_eq!(ends, [(0, 1), (1, 2), (0, 2)]);
        let paired = &trajectories[0].changes[0];
        assert_eq!(paired.difference, Some(1.0));
        let [low, high] = paired.interval.unwrap();
        assert!((low - 1.0).abs() < 1e-12 && (high - 1.0).abs() < 1e-12, "{low} {high}");
        // The control: noise that the other stage does not share stays.
        let opposite = [stage(1.0, &[0, 1, 2], noise), stage(2.0, &[0, 1, 2], |resample| -noise(resample))];
        let [low, high] = Trajectory::all(&opposite)[0].changes[0].interval.unwrap();
        assert!(high - low > 10.0);
        // Other groups of texts are no pairs.
        assert_eq!(trajectories[0].changes[1].interval, None);
    }
}
