use rand::distr::Open01;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::protocol::{Over, Protocol, Shortened};
use super::published::{PUBLISHED, Published};
use super::{GUARD, Measure};
use crate::heads::comparison::adjust;
use crate::heads::{Comparison, PerNull, SinkRule, Source};
use crate::numeric::{Real, gamma};

/// Whether sequences of a text may be told apart in an interval.
const FEWEST_SEQUENCES: usize = 3;
/// Resamples of an interval.
const RESAMPLES: usize = 1000;

/// The metrics of all heads as sequences come in, with those of the rows that the null models draw.
///
/// Rows are measured as they come and dropped. What is kept of a sequence is one number for each metric and head, and
/// of the draws their sums.
#[derive(Debug)]
pub struct Study {
    measure: Measure,
    draws: usize,
    seed: u64,
    heads: Vec<HeadSums>,
}

/// What is kept of one head.
#[derive(Debug)]
struct HeadSums {
    layer: usize,
    head: usize,
    /// The metrics of each sequence, and those of the exponentials of the same mean lags; empty where a row was
    /// nothing but its sink.
    own: Vec<Vec<f64>>,
    alibi: Vec<Vec<f64>>,
    /// By draw.
    shuffled: Vec<Tally>,
    dirichlet: Vec<Tally>,
    sink: Vec<Tally>,
}

/// Sums over sequences.
#[derive(Debug, Clone, Default)]
struct Tally {
    count: f64,
    sums: Vec<f64>,
    /// Sums of `H_p²`, `H_s²` and `H_p H_s`.
    products: [f64; 3],
}

/// What a random generator is for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Shuffle = 11,
    Dirichlet,
    Sink,
    Recombine,
    Resample,
}

fn generator(seed: u64, purpose: Purpose, head: usize, sequence: usize, draw: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    let words = [seed, purpose as u64, head as u64, sequence as u64];
    key.chunks_exact_mut(8).zip(words).for_each(|(place, word)| place.copy_from_slice(&word.to_le_bytes()));
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(draw as u64);
    generator
}

impl Study {
    /// A study of heads of these numbers by layer, with so many draws of each null model that draws rows.
    pub fn new(measure: Measure, heads: &[usize], draws: usize, seed: u64) -> Self {
        let each = heads.iter().enumerate().flat_map(|(layer, &heads)| (0..heads).map(move |head| (layer, head)));
        let tallies = || vec![Tally::default(); draws];
        let sums = |(layer, head)| HeadSums {
            layer,
            head,
            own: Vec::new(),
            alibi: Vec::new(),
            shuffled: tallies(),
            dirichlet: tallies(),
            sink: tallies(),
        };
        Self { measure, draws, seed, heads: each.map(sums).collect() }
    }

    /// Into how many parts the texts are cut that belong to a sequence, the whole first: the model reads each.
    pub fn parts(&self) -> &'static [usize] {
        match self.measure.protocol().shortened {
            Shortened::Text => &[1, 2, 4],
            Shortened::Signal => &[1],
        }
    }

    /// Takes the rows of the next sequence: for each head, layer by layer, one for each of [`Study::parts`].
    ///
    /// # Panics
    /// When there are not as many rows.
    pub fn add(&mut self, rows: &[Vec<Vec<f64>>]) {
        assert_eq!(rows.len(), self.heads.len(), "there is a set of rows for each head");
        let (measure, draws, seed) = (&self.measure, self.draws, self.seed);
        self.heads.par_iter_mut().zip(rows).enumerate().for_each(|(place, (head, rows))| {
            let sequence = head.own.len();
            let Some(own) = prepared(measure.protocol(), rows) else {
                head.own.push(Vec::new());
                head.alibi.push(Vec::new());
                return;
            };
            head.own.push(metrics(measure, &own, |piece| own[piece].clone()));
            head.alibi.push(metrics(measure, &own, |piece| exponential(&own[piece], first(measure.protocol()))));
            let first = first(measure.protocol());
            for draw in 0..draws {
                let random = |purpose| generator(seed, purpose, place, sequence, draw);
                let (mut shuffles, mut flat, mut content) =
                    (random(Purpose::Shuffle), random(Purpose::Dirichlet), random(Purpose::Sink));
                head.shuffled[draw].add(&metrics(measure, &own, |piece| shuffled(&own[piece], first, &mut shuffles)));
                head.dirichlet[draw]
                    .add(&metrics(measure, &own, |piece| dirichlet(own[piece].len(), first, &mut flat)));
                head.sink[draw].add(&metrics(measure, &own, |piece| {
                    let sink = own[piece][0];
                    let mut row = dirichlet(own[piece].len(), first, &mut content);
                    row.iter_mut().for_each(|weight| *weight *= 1.0 - sink);
                    row[0] += sink;
                    row
                }));
            }
        });
    }

    /// Compares what was measured with the null models.
    ///
    /// `untrained` has studies of the same sequences without draws, one for each fresh initialisation; `pool` says that
    /// the heads of a layer are exchangeable before training.
    ///
    /// # Panics
    /// When there are not as many sequences as were added.
    pub fn finish(self, untrained: &[Self], pool: bool, checkpoint: Source, sequences: Vec<Sequence>) -> Ruscio {
        let protocol = self.measure.protocol();
        let names: Vec<String> = self.measure.names().into_iter().chain(["entropy_correlation".to_owned()]).collect();
        let layers = self.heads.iter().map(|head| head.layer + 1).max().unwrap_or(0);
        let of_layer = |layer: usize| -> Vec<usize> {
            (0..self.heads.len()).filter(|place| self.heads[*place].layer == layer).collect()
        };
        let count = sequences.len();
        assert!(self.heads.iter().all(|head| head.own.len() == count), "each sequence was added once");
        let resamples: Vec<Vec<usize>> = if count < FEWEST_SEQUENCES {
            Vec::new()
        } else {
            let mut random = generator(self.seed, Purpose::Resample, 0, 0, 0);
            (0..RESAMPLES).map(|_| (0..count).map(|_| random.random_range(0..count)).collect()).collect()
        };
        let everything: Vec<usize> = (0..count).collect();
        let value = |rows: &[Vec<f64>], of: &[usize]| {
            Tally::of(of.iter().map(|at| &rows[*at])).values(names.len(), protocol.over)
        };
        // Of each head: its values, those of its resamples, and those of the draws of each null model.
        let fitted = if resamples.is_empty() { &[][..] } else { &resamples[..self.draws.min(RESAMPLES)] };
        let heads: Vec<(Vec<f64>, Table, PerNull<Table>)> = self
            .heads
            .par_iter()
            .map(|head| {
                let tallied =
                    |tallies: &[Tally]| tallies.iter().map(|tally| tally.values(names.len(), protocol.over)).collect();
                let own = value(&head.own, &everything);
                let resampled = resamples.iter().map(|of| value(&head.own, of)).collect();
                let counterparts = untrained.iter().flat_map(|study| &study.heads);
                let counterparts =
                    counterparts.filter(|other| other.layer == head.layer && (pool || other.head == head.head));
                let nulls = PerNull {
                    untrained: counterparts.map(|other| value(&other.own, &everything)).collect(),
                    shuffled: tallied(&head.shuffled),
                    dirichlet: tallied(&head.dirichlet),
                    alibi: match fitted {
                        [] => vec![value(&head.alibi, &everything)],
                        fitted => fitted.iter().map(|of| value(&head.alibi, of)).collect(),
                    },
                    sink: tallied(&head.sink),
                };
                (own, resampled, nulls)
            })
            .collect();
        // A draw for several heads is a draw for each; of fresh heads one of the pool, by chance.
        let mut random = generator(self.seed, Purpose::Recombine, 0, 0, 0);
        let recombined: Vec<Table> = heads
            .iter()
            .map(|(_, _, nulls)| {
                let fresh = &nulls.untrained;
                let draws = if pool && !fresh.is_empty() { self.draws } else { fresh.len() };
                let mut pick = |draw: usize| if pool { random.random_range(0..fresh.len()) } else { draw };
                (0..draws).map(|draw| fresh[pick(draw)].clone()).collect()
            })
            .collect();
        // Sums over keys, then over sequences.
        let longest = sequences.iter().map(|sequence| sequence.tokens).max().unwrap_or(0);
        let rounding = gamma(64 * count + longest, f64::UNIT_ROUNDOFF);
        let together = |places: &[usize]| -> Vec<Measured> {
            let gathered = |of: &dyn Fn(usize) -> Vec<f64>| {
                let rows: Vec<Vec<f64>> = places.iter().map(|place| of(*place)).collect();
                let by_layer: Vec<Vec<Vec<f64>>> = (0..layers)
                    .map(|layer| {
                        let own = places.iter().zip(&rows).filter(|(place, _)| self.heads[**place].layer == layer);
                        own.map(|(_, row)| row.clone()).collect::<Vec<_>>()
                    })
                    .filter(|rows: &Vec<Vec<f64>>| !rows.is_empty())
                    .collect();
                over_heads(&rows, &by_layer, protocol.over)
            };
            let own = gathered(&|place| heads[place].0.clone());
            let table = |draws: usize, of: &dyn Fn(usize, usize) -> Vec<f64>| -> Table {
                (0..draws).map(|draw| gathered(&|place| of(place, draw))).collect()
            };
            let fewest = |of: &dyn Fn(usize) -> usize| places.iter().map(|place| of(*place)).min().unwrap_or(0);
            let resampled = table(resamples.len(), &|place, draw| heads[place].1[draw].clone());
            let null = |of: &dyn Fn(&PerNull<Table>) -> &Table| {
                table(fewest(&|place| of(&heads[place].2).len()), &|place, draw| of(&heads[place].2)[draw].clone())
            };
            let nulls = PerNull {
                untrained: table(fewest(&|place| recombined[place].len()), &|place, draw| {
                    recombined[place][draw].clone()
                }),
                shuffled: null(&|nulls| &nulls.shuffled),
                dirichlet: null(&|nulls| &nulls.dirichlet),
                alibi: null(&|nulls| &nulls.alibi),
                sink: null(&|nulls| &nulls.sink),
            };
            let spread = |metric: usize| deviation(places.iter().map(|place| heads[*place].0[metric]));
            measured(&names, &own, &resampled, &nulls, spread, rounding)
        };
        let mut of_heads: Vec<MeasuredHead> = self
            .heads
            .iter()
            .zip(&heads)
            .map(|(head, (own, resampled, nulls))| MeasuredHead {
                layer: head.layer,
                head: head.head,
                metrics: measured(
                    &names,
                    own,
                    resampled,
                    nulls,
                    |metric| deviation(head.own.iter().filter_map(|values| values.get(metric).copied())),
                    rounding,
                ),
            })
            .collect();
        adjust_over_heads(&mut of_heads);
        let everyone: Vec<usize> = (0..self.heads.len()).collect();
        Ruscio {
            schema: "ropelet.ruscio/1",
            checkpoint,
            protocol,
            guard: GUARD,
            levels: self.measure.levels(),
            draws: self.draws,
            untrained_seeds: untrained.len(),
            untrained_pools_heads: pool,
            seed: self.seed,
            sequences,
            metrics: names.iter().map(|name| MetricNote::of(name)).collect(),
            heads: of_heads,
            layers: (0..layers).map(|layer| MeasuredLayer { layer, metrics: together(&of_layer(layer)) }).collect(),
            model: together(&everyone),
            published: PUBLISHED.to_vec(),
        }
    }
}

/// Values of all metrics, by draw.
type Table = Vec<Vec<f64>>;

/// 1 where key 0 is no part of a row.
fn first(protocol: Protocol) -> usize {
    usize::from(protocol.sink == SinkRule::Removed)
}

/// The rows, each of sum 1 and without its sink where that is removed; `None` where nothing is left of one.
fn prepared(protocol: Protocol, rows: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let one = |row: &Vec<f64>| {
        let mut row = row.clone();
        row[..first(protocol)].fill(0.0);
        normalised(row)
    };
    rows.iter().map(one).collect()
}

fn normalised(mut row: Vec<f64>) -> Option<Vec<f64>> {
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|weight| *weight /= sum);
    (sum > 0.0).then_some(row)
}

/// The metrics of rows that `make` gives for each row of a sequence, shortened here where the row and not the text is.
fn metrics(measure: &Measure, own: &[Vec<f64>], mut make: impl FnMut(usize) -> Vec<f64>) -> Vec<f64> {
    let whole = make(0);
    let protocol = measure.protocol();
    let shorter = |piece: usize| match protocol.shortened {
        Shortened::Text => make(piece),
        Shortened::Signal => {
            let kept = protocol.removal.kept(&whole, 2 * piece);
            normalised(kept.clone()).unwrap_or(kept)
        }
    };
    debug_assert_eq!(whole.len(), own[0].len());
    let [half, quarter] = [1, 2].map(shorter);
    measure.of(&whole, [&half, &quarter])
}

/// The entries from `first` on in any order.
fn shuffled(row: &[f64], first: usize, random: &mut ChaCha8Rng) -> Vec<f64> {
    let mut row = row.to_vec();
    for last in (first + 1..row.len()).rev() {
        row.swap(last, random.random_range(first..=last));
    }
    row
}

/// A row from the flat Dirichlet distribution over the keys from `first` on.
fn dirichlet(length: usize, first: usize, random: &mut ChaCha8Rng) -> Vec<f64> {
    let mut row: Vec<f64> =
        (0..length).map(|key| if key < first { 0.0 } else { -random.sample::<f64, _>(Open01).ln() }).collect();
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|weight| *weight /= sum);
    row
}

/// The row `e^(-s · lag)` over the keys from `first` on that has the mean lag of this one.
fn exponential(row: &[f64], first: usize) -> Vec<f64> {
    let last = row.len() - 1;
    let mean = |row: &[f64]| row.iter().enumerate().map(|(key, weight)| weight * (last - key) as f64).sum::<f64>();
    let of = |slope: f64| {
        // Largest at one end or the other, and 1 there.
        let shift = if slope < 0.0 { slope * (last - first) as f64 } else { 0.0 };
        let weight = |key: usize| if key < first { 0.0 } else { (shift - slope * (last - key) as f64).exp() };
        let row: Vec<f64> = (0..=last).map(weight).collect();
        normalised(row).expect("one of them is 1")
    };
    let wanted = mean(row);
    // Beyond these slopes all is on the nearest or the farthest key.
    let (mut low, mut high) = (-50.0, 50.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if mean(&of(middle)) > wanted { low = middle } else { high = middle }
    }
    of(0.5 * (low + high))
}

impl Tally {
    fn of<'a>(sequences: impl Iterator<Item = &'a Vec<f64>>) -> Self {
        let mut tally = Self::default();
        sequences.for_each(|values| tally.add(values));
        tally
    }

    /// Adds a sequence; one without values is passed over.
    fn add(&mut self, values: &[f64]) {
        if values.is_empty() {
            return;
        }
        self.count += 1.0;
        self.sums.resize(values.len(), 0.0);
        self.sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        let (p, s) = (values[Measure::POSITION_ENTROPY], values[Measure::SPECTRAL_ENTROPY]);
        self.products.iter_mut().zip([p * p, s * s, p * s]).for_each(|(sum, product)| *sum += product);
    }

    /// The means, and the correlation; not numbers where there are none.
    fn values(&self, names: usize, over: Over) -> Vec<f64> {
        let mut values: Vec<f64> = self.sums.iter().map(|sum| sum / self.count).collect();
        values.resize(names - 1, f64::NAN);
        let [p, s] = [Measure::POSITION_ENTROPY, Measure::SPECTRAL_ENTROPY].map(|metric| values[metric]);
        let [pp, ss, ps] = self.products.map(|sum| sum / self.count);
        let correlated = over == Over::Sequences && self.count >= FEWEST_SEQUENCES as f64;
        values.push(if correlated { correlation([pp - p * p, ss - s * s, ps - p * s], [pp, ss]) } else { f64::NAN });
        values
    }
}

/// Variances and covariance to a correlation; not a number where a variance is rounding.
fn correlation([pp, ss, ps]: [f64; 3], sizes: [f64; 2]) -> f64 {
    let rounding = gamma(4096, f64::UNIT_ROUNDOFF);
    if pp <= rounding * sizes[0] || ss <= rounding * sizes[1] {
        f64::NAN
    } else {
        (ps / (pp * ss).sqrt()).clamp(-1.0, 1.0)
    }
}

/// Means over heads; the correlation is the mean over layers of those of their heads, or of what it is over the heads.
fn over_heads(rows: &[Vec<f64>], by_layer: &[Vec<Vec<f64>>], over: Over) -> Vec<f64> {
    let width = rows.first().map_or(0, Vec::len);
    let mut values: Vec<f64> = (0..width).map(|metric| mean(rows.iter().map(|row| row[metric]))).collect();
    let of_layer = |rows: &Vec<Vec<f64>>| match over {
        Over::Sequences => mean(rows.iter().map(|row| row[width - 1])),
        Over::Heads => {
            let pair = |row: &Vec<f64>| (row[Measure::POSITION_ENTROPY], row[Measure::SPECTRAL_ENTROPY]);
            let moment = |of: fn((f64, f64)) -> f64| mean(rows.iter().map(|row| of(pair(row))));
            let (p, s) = (moment(|(p, _)| p), moment(|(_, s)| s));
            let [pp, ss, ps] = [moment(|(p, _)| p * p), moment(|(_, s)| s * s), moment(|(p, s)| p * s)];
            if rows.len() < FEWEST_SEQUENCES {
                f64::NAN
            } else {
                correlation([pp - p * p, ss - s * s, ps - p * s], [pp, ss])
            }
        }
    };
    if let Some(last) = values.last_mut() {
        *last = mean(by_layer.iter().map(of_layer));
    }
    values
}

/// The mean of those that are numbers; not a number for none.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.filter(|x| !x.is_nan()).fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / count
}

/// The standard deviation of those that are numbers (`n - 1`); `None` for fewer than two.
fn deviation(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.filter(|x| !x.is_nan()).collect();
    let centre = values.iter().sum::<f64>() / values.len() as f64;
    let square = values.iter().map(|x| (x - centre).powi(2)).sum::<f64>();
    (values.len() > 1).then(|| (square / (values.len() - 1) as f64).sqrt())
}

fn some(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// The middle 95 % of the values of resamples; `None` where more than a twentieth has none.
fn interval(resampled: &Table, metric: usize) -> Option<[f64; 2]> {
    let mut values: Vec<f64> = resampled.iter().map(|values| values[metric]).filter(|x| !x.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[(share * (values.len() - 1) as f64).round() as usize];
    (!values.is_empty() && 20 * values.len() >= 19 * resampled.len()).then(|| [at(0.025), at(0.975)])
}

fn measured(
    names: &[String],
    own: &[f64],
    resampled: &Table,
    nulls: &PerNull<Table>,
    spread: impl Fn(usize) -> Option<f64>,
    rounding: f64,
) -> Vec<Measured> {
    let one = |(metric, name): (usize, &String)| {
        let value = some(own[metric]);
        let compared = |draws: &Table| {
            let draws: Vec<f64> = draws.iter().filter_map(|values| some(values[metric])).collect();
            Comparison::of(value, &draws, rounding)
        };
        Measured {
            metric: name.clone(),
            value,
            sd: spread(metric),
            interval: interval(resampled, metric),
            nulls: nulls.map(compared),
        }
    };
    names.iter().enumerate().map(one).collect()
}

/// Benjamini and Hochberg's `q` over the heads, by metric and null model.
fn adjust_over_heads(heads: &mut [MeasuredHead]) {
    let metrics = heads.first().map_or(0, |head| head.metrics.len());
    for metric in 0..metrics {
        for null in 0..PerNull::<()>::NAMES.len() {
            let comparison = |head: &mut MeasuredHead| *head.metrics[metric].nulls.each_mut()[null];
            let (places, values): (Vec<usize>, Vec<f64>) =
                heads.iter_mut().enumerate().filter_map(|(place, head)| Some((place, comparison(head).p?))).unzip();
            for (place, q) in places.into_iter().zip(adjust(&values)) {
                heads[place].metrics[metric].nulls.each_mut()[null].q = Some(q);
            }
        }
    }
}

/// What `analyze --protocol ruscio` writes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ruscio {
    /// `ropelet.ruscio/1`.
    pub schema: &'static str,
    /// What was measured.
    pub checkpoint: Source,
    /// How: every choice that the paper leaves open.
    pub protocol: Protocol,
    /// `ε`.
    pub guard: f64,
    /// Levels of the wavelet transform.
    pub levels: usize,
    /// Draws of each null model that draws rows, and of means over heads.
    pub draws: usize,
    /// How often the configuration was initialised afresh.
    pub untrained_seeds: usize,
    /// Whether `untrained` takes all heads of a layer as draws for each of its heads.
    pub untrained_pools_heads: bool,
    /// Seed of everything that was drawn at random.
    pub seed: u64,
    /// The sequences.
    pub sequences: Vec<Sequence>,
    /// What each metric is.
    pub metrics: Vec<MetricNote>,
    /// Every head, layer by layer: means over the sequences.
    pub heads: Vec<MeasuredHead>,
    /// Every layer: means over its heads.
    pub layers: Vec<MeasuredLayer>,
    /// The model: means over all heads.
    pub model: Vec<Measured>,
    /// The published table.
    pub published: Vec<Published>,
}

/// A piece of text that the model read at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sequence {
    /// The text that it is of.
    pub name: String,
    /// Its length.
    pub tokens: usize,
}

/// A metric of a head, a layer or the model, with its null models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Which metric.
    pub metric: String,
    /// Its mean over sequences, and over heads; `None` where it has none.
    pub value: Option<f64>,
    /// Of a head the standard deviation over sequences; of a layer or the model that over heads of their means.
    pub sd: Option<f64>,
    /// The middle 95 % of 1000 resamples of the sequences; `None` for fewer than three.
    pub interval: Option<[f64; 2]>,
    /// The same under each null model.
    pub nulls: PerNull<Comparison>,
}

/// One head.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredHead {
    /// The layer, from 0.
    pub layer: usize,
    /// The head within the layer, from 0.
    pub head: usize,
    /// All metrics.
    pub metrics: Vec<Measured>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredLayer {
    /// The layer, from 0.
    pub layer: usize,
    /// All metrics.
    pub metrics: Vec<Measured>,
}

/// Name and meaning of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MetricNote {
    /// The name.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

impl MetricNote {
    fn of(name: &str) -> Self {
        let (unit, meaning) = match name {
            "low_band" => ("1", "share of P from 0 up to a quarter of the highest frequency"),
            "middle_band" => ("1", "share of P from a quarter up to three quarters of the highest frequency"),
            "high_band" => ("1", "share of P from three quarters of the highest frequency on"),
            "selectivity" => ("1", "largest P over the sum of all others"),
            "position_entropy" => ("nat", "H_p, entropy of the row"),
            "spectral_entropy" => ("nat", "H_s, entropy of P over its sum"),
            "scale_sensitivity_half" => ("1", "S(.5), 1 - cos of the coefficients of whole and half"),
            "scale_sensitivity_quarter" => ("1", "S(.25), 1 - cos of the coefficients of whole and quarter"),
            "frame_error" => ("1", "what single precision loses of the row in analysis and synthesis"),
            "entropy_correlation" => ("1", "rho, correlation of H_p and H_s"),
            _ => ("1", "H_w of one array of coefficients: 0 is the approximation, then details from coarse to fine"),
        };
        Self { name: name.to_owned(), unit, meaning }
    }
}

impl Ruscio {
    /// The measurement of the model of this name.
    pub fn model_measurement(&self, metric: &str) -> Option<&Measured> {
        self.model.iter().find(|measured| measured.metric == metric)
    }
}
