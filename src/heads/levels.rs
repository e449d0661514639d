use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;

use super::bootstrap::{RESAMPLES, interval};
use super::comparison::adjust;
use super::random::{Purpose, below, generator, permute};
use super::{
    Comparison, Definition, FilterSum, Layer, Level, Measurement, PerNull, Plan, Signal, Statistics, Whole, group,
};

/// Draws of the statistics of every head.
pub(super) struct Draws<'a> {
    /// How many there are.
    count: usize,
    /// The statistics of a head in a draw, the heads counted through the model.
    of: Box<dyn Fn(usize, usize) -> Cow<'a, Statistics> + Sync + 'a>,
    /// Whether all heads of a layer have the same draws. Then a draw of several heads takes another of them for each
    /// head, as far as there are as many, in an order that is drawn at random: the heads would otherwise be copies.
    shared: bool,
}

/// No draws.
impl Default for Draws<'_> {
    fn default() -> Self {
        Self { count: 0, of: Box::new(|_, _| unreachable!("there are no draws")), shared: false }
    }
}

impl<'a> Draws<'a> {
    /// So many draws.
    pub(super) fn new(
        count: usize,
        of: impl Fn(usize, usize) -> Cow<'a, Statistics> + Sync + 'a,
        shared: bool,
    ) -> Self {
        Self { count, of: Box::new(of), shared }
    }

    /// One draw of all heads.
    fn all_heads(&self, draw: usize, layers: &[Range<usize>], seed: u64) -> Vec<Cow<'a, Statistics>> {
        let own = |heads: &Range<usize>| heads.clone().map(|head| (self.of)(head, draw)).collect::<Vec<_>>();
        let recombined = |(layer, heads): (usize, &Range<usize>)| {
            let mut generator = generator(seed, Purpose::Recombine { layer, draw });
            let mut order: Vec<usize> = (0..self.count).collect();
            permute(&mut order, heads.len(), &mut generator);
            let taken = |(place, head): (usize, usize)| (self.of)(head, order[place % order.len()]);
            heads.clone().enumerate().map(taken).collect::<Vec<_>>()
        };
        match self.shared {
            true => layers.iter().enumerate().flat_map(recombined).collect(),
            false => layers.iter().flat_map(own).collect(),
        }
    }
}

/// Measures the heads of each layer together, and all of the model.
///
/// `heads` has each layer with the number of its heads, `own` the statistics of each head, `resamples` the same over resamples
/// of the texts; none where there are too few. `rounding` is the relative error of a value.
///
/// An interval is the middle 95 % over resamples of the texts, the same texts for all heads. What takes the heads as a sample
/// ([`group::GroupFamily::over_heads`]) has the heads of each resample drawn anew too, and they alone where there are too few
/// texts.
pub(super) fn measure(
    plan: &Plan,
    heads: &[(usize, usize)],
    own: &[Statistics],
    nulls: &PerNull<Draws<'_>>,
    resamples: &Draws<'_>,
    seed: u64,
    rounding: f64,
) -> (Vec<Layer>, Whole) {
    let mut end = 0;
    let layers: Vec<Range<usize>> = heads
        .iter()
        .map(|(_, count)| {
            end += count;
            end - count..end
        })
        .collect();
    assert_eq!(own.len(), end, "one head each");
    // All layers, and then the model.
    let groups: Vec<Range<usize>> = layers.iter().cloned().chain(std::iter::once(0..end)).collect();
    let in_order = |_: usize, heads: &Range<usize>| heads.clone().collect::<Vec<_>>();
    let together = |statistics: &[Cow<'_, Statistics>], sample: &dyn Fn(usize, &Range<usize>) -> Vec<usize>| {
        let of = |at: &[usize]| at.iter().map(|&head| statistics[head].as_ref()).collect::<Vec<_>>();
        let one = |(group, heads): (usize, &Range<usize>)| {
            Together::of(&of(&in_order(group, heads)), &of(&sample(group, heads)), plan)
        };
        groups.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    let own: Vec<Cow<'_, Statistics>> = own.iter().map(Cow::Borrowed).collect();
    let found = together(&own, &in_order);
    let drawn = nulls.map(|draws| {
        let of = |draw| together(&draws.all_heads(draw, &layers, seed), &in_order);
        (0..draws.count).into_par_iter().map(of).collect::<Vec<_>>()
    });
    let by_text = resamples.count > 0;
    let resampled: Vec<Vec<Together>> = (0..RESAMPLES)
        .into_par_iter()
        .map(|resample| {
            let drawn = by_text.then(|| resamples.all_heads(resample, &layers, seed));
            let sample = |group: usize, heads: &Range<usize>| {
                let mut generator = generator(seed, Purpose::Heads { group, resample });
                let drawn = |_| heads.start + below(&mut generator, heads.len() as u32) as usize;
                heads.clone().map(drawn).collect()
            };
            together(drawn.as_ref().unwrap_or(&own), &sample)
        })
        .collect();
    let (definitions, over_heads) = (group::definitions(Level::Layer, plan), group::over_heads(plan));
    let measured = |group: usize| -> Vec<Measurement> {
        let measure = |(at, definition): (usize, &Definition)| {
            let value = found[group].values[at];
            let of = |draws: &Vec<Vec<Together>>| draws.iter().map(|draw| draw[group].values[at]).collect::<Vec<_>>();
            let varies = value.is_some() && (by_text || over_heads[at]);
            let compare = |draws: &Vec<Vec<Together>>| {
                Comparison::of(value, &of(draws).into_iter().flatten().collect::<Vec<_>>(), rounding)
            };
            Measurement {
                signal: definition.signal,
                metric: definition.metric.clone(),
                unit: definition.unit,
                value,
                interval: varies.then(|| interval(&of(&resampled))).flatten(),
                nulls: drawn.map(compare),
            }
        };
        definitions.iter().enumerate().map(measure).collect()
    };
    let filters = |group: usize| {
        let one = |(at, (signal, sums)): (usize, &(Signal, Vec<f64>))| FilterSum {
            signal: *signal,
            heads: sums.clone(),
            nulls: drawn.map(|draws| mean(draws.iter().map(|draw| draw[group].filters[at].1.as_slice()))),
        };
        found[group].filters.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    let last = found.len() - 1;
    let mut of_layers: Vec<Vec<Measurement>> = (0..last).map(measured).collect();
    let mut of_model = vec![measured(last)];
    adjust_over(&mut of_layers);
    adjust_over(&mut of_model);
    let layer =
        |(at, metrics): (usize, Vec<Measurement>)| Layer { layer: heads[at].0, metrics, filter_sums: filters(at) };
    let whole = Whole { metrics: of_model.remove(0), filter_sums: filters(last) };
    (of_layers.into_iter().enumerate().map(layer).collect(), whole)
}

/// What several heads have together.
struct Together {
    values: Vec<Option<f64>>,
    /// `LP(k)` of each signal.
    filters: Vec<(Signal, Vec<f64>)>,
}

impl Together {
    fn of(heads: &[&Statistics], sample: &[&Statistics], plan: &Plan) -> Self {
        Self { values: group::values(heads, sample, plan), filters: group::filter_sums(heads) }
    }
}

/// The mean of curves that have a value; of some that have none, as a constant head has, those are left out.
fn mean<'a>(curves: impl Iterator<Item = &'a [f64]>) -> Vec<f64> {
    let mut sums: Vec<f64> = Vec::new();
    let mut count = 0.0;
    for curve in curves.filter(|curve| !curve.is_empty()) {
        sums.resize(curve.len(), 0.0);
        sums.iter_mut().zip(curve).for_each(|(sum, x)| *sum += x);
        count += 1.0;
    }
    sums.iter_mut().for_each(|sum| *sum /= count);
    sums
}

/// Fills in the `q` of every metric and null model, over the groups of heads that have a `p`.
fn adjust_over(groups: &mut [Vec<Measurement>]) {
    for metric in 0..groups.first().map_or(0, Vec::len) {
        for null in 0..PerNull::<()>::NAMES.len() {
            let mut tested: Vec<&mut Comparison> = groups
                .iter_mut()
                .filter_map(|group| group[metric].nulls.each_mut().into_iter().nth(null))
                .filter(|comparison| comparison.p.is_some())
                .collect();
            let p: Vec<f64> = tested.iter().filter_map(|comparison| comparison.p).collect();
            for (comparison, q) in tested.iter_mut().zip(adjust(&p)) {
                comparison.q = Some(q);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::{SinkRule, Taper};
    use super::*;

    const N: usize = 256;

    fn plan() -> Plan {
        Plan::new(N, SinkRule::Kept, Taper::None).unwrap()
    }

    /// A head with this score profile, and nothing else.
    fn head(score: impl Fn(f64) -> f64) -> Statistics {
        let plan = plan();
        let score_profile: Vec<f64> = (0..N).map(|t| score(t as f64 - 128.0)).collect();
        Statistics {
            lag_profile: vec![1.0 / N as f64; N],
            lag_spectrum: plan.power(&[1.0 / N as f64; N]),
            score_spectrum: plan.power(&score_profile),
            score_profile,
            spectrum: vec![0.0; N / 2 + 1],
            haar_energies: vec![0.0; plan.octaves()],
            sink_mass: 0.0,
            full_profile: vec![1.0 / N as f64; N],
            full_spectrum: plan.power(&[1.0 / N as f64; N]),
            row_metrics: Vec::new(),
        }
    }

    fn ricker(scale: f64) -> Statistics {
        head(|t| (1.0 - (t / scale).powi(2)) * (-0.5 * (t / scale).powi(2)).exp())
    }

    fn morlet(scale: f64) -> Statistics {
        head(|t| (-0.5 * (t / scale).powi(2)).exp() * (6.0 * t / scale).cos())
    }

    fn atom(bin: f64) -> Statistics {
        head(|t| (-0.5 * (t / 8.0).powi(2)).exp() * (TAU * bin / N as f64 * t).cos())
    }

    /// An exponential window, low-pass.
    fn exponential(length: f64) -> Statistics {
        head(|t| (-(t + 128.0) / length).exp())
    }

    fn measured(heads: &[(usize, usize)], own: &[Statistics]) -> (Vec<Layer>, Whole) {
        let noise = [own[0].clone(), own[own.len() - 1].clone()];
        let nulls =
            PerNull { dirichlet: Draws::new(2, |_, draw| Cow::Owned(noise[draw].clone()), true), ..PerNull::default() };
        measure(&plan(), heads, own, &nulls, &Draws::default(), 0, 1e-12)
    }

    fn of<'a>(metrics: &'a [Measurement], metric: &str) -> &'a Measurement {
        Measurement::find(metrics, Signal::Scores, metric).unwrap()
    }

    #[test]
    fn layers_of_wavelets_have_slope_one_and_of_atoms_slope_zero() {
        let mut own = [3.0, 5.0, 8.0, 12.0].map(ricker).to_vec();
        own.extend([4.0, 7.0, 10.0, 14.0].map(morlet));
        own.extend([40.0, 52.0, 64.0, 80.0].map(atom));
        let (layers, model) = measured(&[(0, 4), (1, 4), (2, 4)], &own);
        for (layer, slope, collapse) in [(0, 1.0, 0.0), (1, 1.0, 0.0), (2, 0.0, f64::NAN)] {
            let metrics = &layers[layer].metrics;
            let found = of(metrics, "constant_q_slope");
            // The bands are those of the wavelets to (2πa/N)^5/30, 8e-5 at a = 12.
            assert!((found.value.unwrap() - slope).abs() < 1e-4, "{found:?}");
            let [low, high] = found.interval.unwrap();
            assert!(low - 1e-3 <= slope && slope <= high + 1e-3 && high - low < 1e-2, "{found:?}");
            let error = of(metrics, "collapse_error").value.unwrap();
            assert!(if collapse == 0.0 { error < 1e-8 } else { error > 0.05 }, "{layer}: {error}");
            // Their bands hardly meet in the upper octaves: a frame only in name.
            assert!(of(metrics, "frame_ratio").value.is_none_or(|ratio| ratio > 100.0));
        }
        // All together they are neither.
        let slope = of(&model.metrics, "constant_q_slope");
        assert!((0.1..0.9).contains(&slope.value.unwrap()), "{slope:?}");
        assert!(of(&model.metrics, "constant_q_r_squared").value.unwrap() < 0.9);
        let [low, high] = slope.interval.unwrap();
        assert!(high - low > 0.1, "{slope:?}");
        // What is one of these very heads has no interval without texts to draw from.
        assert_eq!(of(&model.metrics, "effective_rank").interval, None);
        assert!(of(&model.metrics, "effective_rank").value.unwrap() > 6.0);
    }

    #[test]
    fn exponential_windows_are_no_wavelets_and_cover_the_octaves_with_their_tails() {
        // Their power falls as 1/f² from 1/τ on: centre and width both grow with 1/τ, less than in proportion, and the
        // spectra of any two are much alike.
        let own = [4.0, 8.0, 16.0, 32.0].map(exponential).to_vec();
        let (layers, _) = measured(&[(0, 4)], &own);
        let value = |metric| of(&layers[0].metrics, metric).value.unwrap();
        assert!(
            value("constant_q_slope") < 0.8 && value("constant_q_r_squared") > 0.9,
            "{}",
            value("constant_q_slope")
        );
        assert!(value("spectral_overlap") > 0.8);
        assert!(value("effective_rank") < 3.0);
        // The control: as many Morlet wavelets, an octave apart, have little in common.
        let (layers, _) = measured(&[(0, 4)], &[3.0, 6.0, 12.0, 20.0].map(morlet));
        assert!(of(&layers[0].metrics, "spectral_overlap").value.unwrap() < 0.2);
        assert!(of(&layers[0].metrics, "effective_rank").value.unwrap() > 3.8);
    }

    #[test]
    fn shared_draws_give_every_head_of_a_layer_another_one() {
        let pool: Vec<Statistics> = (0..12).map(|i| head(|_| f64::from(i))).collect();
        let draws = Draws::new(12, |_, draw| Cow::Borrowed(&pool[draw]), true);
        let mut starts = Vec::new();
        for draw in 0..12 {
            let heads = draws.all_heads(draw, &[0..5, 5..10], 3);
            let mut taken: Vec<f64> = heads[..5].iter().map(|head| head.score_profile[0]).collect();
            starts.push(taken.clone());
            taken.sort_by(f64::total_cmp);
            taken.dedup();
            assert_eq!(taken.len(), 5);
            assert_eq!(heads, draws.all_heads(draw, &[0..5, 5..10], 3));
        }
        starts.dedup();
        assert!(starts.len() > 10, "draws repeat each other: {starts:?}");
        // Draws of their own stay with their heads.
        let own = Draws::new(2, |head, draw| Cow::Borrowed(&pool[2 * head + draw]), false);
        let heads = own.all_heads(1, &[0..2, 2..3], 0);
        assert_eq!(heads.iter().map(|head| head.score_profile[0]).collect::<Vec<_>>(), [1.0, 3.0, 5.0]);
    }
}
