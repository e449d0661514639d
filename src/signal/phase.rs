//! The inverse transform of a band of bins, for as many neighbouring samples at a time as a vector has lanes.
//!
//! With `P = D M` and `n = D m + d`,
//!
//! ```text
//! y(D m + d) = Σ_r e^{2πirm/M} z_d(r),   z_d(r) = Σ_{k ≡ r (mod M)} Y(k) e^{2πikd/P}
//! ```
//!
//! is for each phase `d` a transform of only `M` points, and a band of at most `M` bins has one term per
//! `z_d(r)`. Neighbouring phases stand in the lanes of a vector, so that the small transforms need no
//! shuffles, and each of their results is a run of neighbouring samples.

use std::f64::consts::TAU;
use std::sync::Arc;

use num_complex::{Complex, Complex64};
use pulp::{Arch, Simd, WithSimd};

use super::Sample;
use super::butterfly::{Point, butterfly, times};

/// How samples are dealt out: the transforms of `points` points that make `points · groups · width` samples.
///
/// `width` is what one point holds: a vector of real parts and one of imaginary parts. For a complex result
/// they belong to the same samples; for a real one the imaginary parts are the next samples.
#[derive(Debug)]
pub(super) struct Deal<T> {
    points: usize,
    groups: usize,
    real: bool,
    stages: Vec<Stage<T>>,
    /// Which bin, modulo `points`, stands in each place before the first stage.
    order: Vec<usize>,
    /// `e^{2πird/P}` for the phases `d` of the first vector: `[points][re, im][lanes]`.
    turns: Vec<T>,
    /// The phase in each lane.
    phases: Vec<usize>,
}

#[derive(Debug)]
struct Stage<T> {
    radix: usize,
    /// Points of the transforms that this stage joins.
    span: usize,
    /// `e^{2πi jt/(radix span)}`: `[t in 0..span][j in 1..radix]`.
    twiddles: Vec<Complex<T>>,
}

/// The filter of one scale.
#[derive(Debug)]
pub(super) struct Bank<T> {
    deal: Arc<Deal<T>>,
    /// Bins that meet in one point.
    folds: usize,
    /// The gain of each bin times the turn of the first phase of each group: `[groups][folds][points]`.
    gains: Vec<Complex<T>>,
    /// `e^{2πi(first + j points) d/P}`: `[folds][re, im][lanes]`; empty where that is 1.
    lanes: Vec<T>,
    /// Which bin of the band, modulo `points`, stands in each place before the first stage.
    places: Vec<u32>,
}

/// The radices of a transform of `points` points, or nothing if it has a prime factor above 5.
pub(super) fn radices(mut points: usize) -> Option<Vec<usize>> {
    let mut radices = Vec::new();
    let twos = points.trailing_zeros() as usize;
    let (fours, last) = match twos % 3 {
        1 if twos >= 4 => (2, 1),
        1 => (0, 2),
        2 => (1, 1),
        _ => (0, 1),
    };
    radices.extend(std::iter::repeat_n(8, (twos - 2 * fours - usize::from(last == 2)) / 3));
    radices.extend(std::iter::repeat_n(4, fours));
    radices.extend((last == 2).then_some(2));
    points >>= twos;
    for radix in [5, 3] {
        while points.is_multiple_of(radix) {
            points /= radix;
            radices.push(radix);
        }
    }
    (points == 1).then_some(radices)
}

/// Vector operations of one group, in the coin of one fused product: what plans are compared by.
pub(super) fn group_cost(points: usize, folds: usize, radices: &[usize]) -> f64 {
    let passes: f64 = radices.iter().map(|radix| f64::from([0, 0, 6, 9, 8, 14, 0, 0, 12][*radix])).sum();
    points as f64 * (8.0 + 5.0 * folds as f64 + passes)
}

/// `e^{2πi k/n}`, with `k` reduced exactly.
fn root(k: i64, n: usize) -> Complex64 {
    Complex64::cis(TAU * k.rem_euclid(n as i64) as f64 / n as f64)
}

fn rounded<T: Sample>(z: Complex64) -> Complex<T> {
    Complex::new(T::of(z.re), T::of(z.im))
}

impl<T: Sample> Deal<T> {
    /// For transforms of `points · groups` points times the width of this processor's vectors.
    ///
    /// # Panics
    /// When `points` has a prime factor above 5.
    pub(super) fn new(arch: Arch, points: usize, groups: usize, real: bool) -> Self {
        let radices = radices(points).expect("plans are made for smooth numbers of points");
        let phases = arch.dispatch(Phases::<T>::new(real));
        let transform = points * groups * width(phases.len(), real);
        let mut span = 1;
        let stage = |&radix: &usize| {
            let at = |t: usize| (1..radix).map(move |j| rounded(root((j * t) as i64, radix * span)));
            let stage = Stage { radix, span, twiddles: (0..span).flat_map(at).collect() };
            span *= radix;
            stage
        };
        let mut stage = stage;
        let stages: Vec<Stage<T>> = radices.iter().map(&mut stage).collect();
        let mut order = vec![0];
        for &radix in &radices {
            // A transform of radix · m points joins those of the bins j, j + radix, ..
            order = (0..radix).flat_map(|j| order.iter().map(move |r| j + radix * r)).collect();
        }
        let turns = (0..points).flat_map(|r| lane_turns::<T>(r as i64, &phases, transform)).collect();
        Self { points, groups, real, stages, order, turns, phases }
    }

    /// Samples of one result.
    pub(super) fn transform(&self) -> usize {
        self.points * self.groups * width(self.phases.len(), self.real)
    }

    /// Numbers of working space, and of the result.
    pub(super) fn room(&self) -> (usize, usize) {
        let numbers = 2 * self.phases.len() * self.points;
        (numbers, numbers * self.groups)
    }

    pub(super) fn bytes(&self) -> usize {
        let twiddles: usize = self.stages.iter().map(|stage| 2 * stage.twiddles.len()).sum();
        (twiddles + self.turns.len()) * size_of::<T>() + self.order.len() * size_of::<usize>()
    }
}

/// Samples of one point.
pub(super) fn width(lanes: usize, real: bool) -> usize {
    if real { 2 * lanes } else { lanes }
}

/// Lanes of this processor's vectors.
pub(super) fn lanes<T: Sample>(arch: Arch) -> usize {
    arch.dispatch(Phases::<T>::new(true)).len()
}

/// `e^{2πikd/P}` in the lanes, real parts and then imaginary parts.
fn lane_turns<T: Sample>(bin: i64, phases: &[usize], transform: usize) -> Vec<T> {
    let turns: Vec<Complex64> = phases.iter().map(|&phase| root(bin * phase as i64, transform)).collect();
    turns.iter().map(|z| T::of(z.re)).chain(turns.iter().map(|z| T::of(z.im))).collect()
}

impl<T: Sample> Bank<T> {
    /// The filter that multiplies the bins from `first` on, counted from `-P/2`, with `gains`.
    pub(super) fn new(deal: Arc<Deal<T>>, first: i64, gains: &[Complex64]) -> Self {
        let (points, transform) = (deal.points, deal.transform());
        let folds = gains.len().div_ceil(points);
        let lanes_of = |fold: usize| lane_turns::<T>(first + (fold * points) as i64, &deal.phases, transform);
        let plain = folds == 1 && first == 0;
        let lanes = if plain { Vec::new() } else { (0..folds).flat_map(lanes_of).collect() };
        let step = deal.phases.len();
        let turn = |k: i64, group: usize| {
            if deal.real {
                // Two groups at once: the one that becomes the imaginary part is multiplied by i.
                root(k * (2 * group * step) as i64, transform)
                    + Complex64::I * root(k * ((2 * group + 1) * step) as i64, transform)
            } else {
                root(k * (group * step) as i64, transform)
            }
        };
        let gain = |group: usize, at: usize| {
            gains.get(at).map_or(Complex::default(), |gain| rounded(gain * turn(first + at as i64, group)))
        };
        let table = (0..deal.groups).flat_map(|group| (0..folds * points).map(move |at| gain(group, at)));
        let place = |&bin: &usize| (bin as i64 - first).rem_euclid(points as i64) as u32;
        let places = deal.order.iter().map(place).collect();
        Self { folds, gains: table.collect(), lanes, places, deal }
    }

    /// Bins of the band, zeros at its end included.
    pub(super) fn bins(&self) -> usize {
        self.folds * self.deal.points
    }

    pub(super) fn deal(&self) -> &Deal<T> {
        &self.deal
    }

    pub(super) fn bytes(&self) -> usize {
        2 * self.gains.len() * size_of::<T>() + self.lanes.len() * size_of::<T>() + 4 * self.places.len()
    }

    /// Floating-point operations of one result.
    pub(super) fn flops(&self) -> u64 {
        let points = self.deal.points as u64;
        let butterflies: u64 = self
            .deal
            .stages
            .iter()
            .map(|stage| [0, 0, 10, 28, 40, 64, 0, 0, 120][stage.radix] * points / stage.radix as u64)
            .sum();
        let folds = if self.lanes.is_empty() { 0 } else { 8 * self.folds as u64 };
        self.deal.groups as u64
            * (6 * self.bins() as u64 + self.deal.phases.len() as u64 * (points * (6 + folds) + butterflies))
    }

    /// Computes `line` from the band of a spectrum, `[bins]`. For a complex result `line` has pairs.
    pub(super) fn inverse(&self, arch: Arch, band: &[Complex<T>], room: Room<'_, T>, line: &mut [T]) {
        T::invert(arch, Inverse { bank: self, band, room, line });
    }
}

/// Working space of [`Bank::inverse`].
pub(super) struct Room<'a, T> {
    pub(super) product: &'a mut [Complex<T>],
    pub(super) work: &'a mut [T],
}

/// One call of [`Bank::inverse`].
pub struct Inverse<'a, T> {
    bank: &'a Bank<T>,
    band: &'a [Complex<T>],
    room: Room<'a, T>,
    line: &'a mut [T],
}

fn points<T: Sample, S: Simd>(values: &[T]) -> &[Point<T, S>] {
    T::vectors::<S>(values).as_chunks().0
}

fn points_mut<T: Sample, S: Simd>(values: &mut [T]) -> &mut [Point<T, S>] {
    T::vectors_mut::<S>(values).as_chunks_mut().0
}

impl<T: Sample> WithSimd for Inverse<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { bank, band, room: Room { product, work }, line } = self;
        let deal = &*bank.deal;
        let work = &mut work[..deal.room().0];
        let product = &mut product[..band.len()];
        let (first, rest) = deal.stages.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
        let (last, middle) = rest.split_last().map_or((None, &[][..]), |(last, middle)| (Some(last), middle));
        for (group, gains) in bank.gains.chunks_exact(band.len()).enumerate() {
            for ((product, x), gain) in product.iter_mut().zip(band).zip(gains) {
                *product = *x * *gain;
            }
            // Each stage is a function of its own: one with all of them would take long to compile.
            match first.map_or(1, |stage| stage.radix) {
                8 => simd.vectorize(Enter::<T, 8> { bank, product, work }),
                5 => simd.vectorize(Enter::<T, 5> { bank, product, work }),
                4 => simd.vectorize(Enter::<T, 4> { bank, product, work }),
                3 => simd.vectorize(Enter::<T, 3> { bank, product, work }),
                2 => simd.vectorize(Enter::<T, 2> { bank, product, work }),
                _ => simd.vectorize(Enter::<T, 1> { bank, product, work }),
            }
            for stage in middle {
                match stage.radix {
                    8 => simd.vectorize(Join::<T, 8> { stage, work }),
                    5 => simd.vectorize(Join::<T, 5> { stage, work }),
                    4 => simd.vectorize(Join::<T, 4> { stage, work }),
                    3 => simd.vectorize(Join::<T, 3> { stage, work }),
                    _ => simd.vectorize(Join::<T, 2> { stage, work }),
                }
            }
            let twiddles = last.map_or(&[][..], |stage| &stage.twiddles);
            match last.map_or(1, |stage| stage.radix) {
                8 => simd.vectorize(Leave::<T, 8> { deal, group, twiddles, work, line }),
                5 => simd.vectorize(Leave::<T, 5> { deal, group, twiddles, work, line }),
                4 => simd.vectorize(Leave::<T, 4> { deal, group, twiddles, work, line }),
                3 => simd.vectorize(Leave::<T, 3> { deal, group, twiddles, work, line }),
                2 => simd.vectorize(Leave::<T, 2> { deal, group, twiddles, work, line }),
                _ => simd.vectorize(Leave::<T, 1> { deal, group, twiddles, work, line }),
            }
        }
    }
}

/// Spreads the products over the phases, and takes them through the first stage.
struct Enter<'a, T, const RADIX: usize> {
    bank: &'a Bank<T>,
    product: &'a [Complex<T>],
    work: &'a mut [T],
}

impl<T: Sample, const RADIX: usize> WithSimd for Enter<'_, T, RADIX> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { bank, product, work } = self;
        let turns = points::<T, S>(&bank.deal.turns);
        let lanes = points::<T, S>(&bank.lanes);
        let places = bank.places.as_chunks::<RADIX>().0;
        for (places, out) in places.iter().zip(points_mut::<T, S>(work).as_chunks_mut::<RADIX>().0) {
            let spread = |place: u32| {
                let (at, splat) = (place as usize, |x| T::splat(simd, x));
                if lanes.is_empty() {
                    let z = product[at];
                    return times::<T, S>(simd, turns[at], [splat(z.re), splat(z.im)]);
                }
                let mut sum = [splat(T::zero()); 2];
                for (z, turn) in product[at..].iter().step_by(bank.deal.points).zip(lanes) {
                    let [re, im] = [splat(z.re), splat(z.im)];
                    sum[0] = T::reduced(simd, im, turn[1], T::fused(simd, re, turn[0], sum[0]));
                    sum[1] = T::fused(simd, im, turn[0], T::fused(simd, re, turn[1], sum[1]));
                }
                times::<T, S>(simd, turns[at], sum)
            };
            *out = butterfly::<T, S, RADIX>(simd, places.map(spread));
        }
    }
}

/// Joins transforms of `span` points to some of `RADIX · span`, in place.
struct Join<'a, T, const RADIX: usize> {
    stage: &'a Stage<T>,
    work: &'a mut [T],
}

impl<T: Sample, const RADIX: usize> WithSimd for Join<'_, T, RADIX> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { stage, work } = self;
        for block in points_mut::<T, S>(work).chunks_exact_mut(RADIX * stage.span) {
            let mut parts = block.chunks_exact_mut(stage.span);
            let mut parts: [&mut [Point<T, S>]; RADIX] = std::array::from_fn(|_| parts.next().unwrap_or_default());
            for (t, twiddles) in stage.twiddles.chunks_exact(RADIX - 1).enumerate() {
                let values = butterfly::<T, S, RADIX>(simd, twiddled(simd, twiddles, |j| parts[j][t]));
                for (part, value) in parts.iter_mut().zip(values) {
                    part[t] = value;
                }
            }
        }
    }
}

/// Value `j` times twiddle `j`, which is 1 for the first.
#[inline(always)]
fn twiddled<T: Sample, S: Simd, const RADIX: usize>(
    simd: S,
    twiddles: &[Complex<T>],
    value: impl Fn(usize) -> Point<T, S>,
) -> [Point<T, S>; RADIX] {
    std::array::from_fn(|j| {
        if j == 0 {
            return value(0);
        }
        let twiddle = twiddles[j - 1];
        times::<T, S>(simd, value(j), [T::splat(simd, twiddle.re), T::splat(simd, twiddle.im)])
    })
}

/// The last stage, whose results go to their places in the line.
struct Leave<'a, T, const RADIX: usize> {
    deal: &'a Deal<T>,
    group: usize,
    twiddles: &'a [Complex<T>],
    work: &'a [T],
    line: &'a mut [T],
}

impl<T: Sample, const RADIX: usize> WithSimd for Leave<'_, T, RADIX> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { deal, group, twiddles, work, line } = self;
        let (work, line) = (points::<T, S>(work), points_mut::<T, S>(line));
        let span = deal.points / RADIX;
        for t in 0..span {
            let values = twiddled(simd, twiddles.get(t * (RADIX - 1)..).unwrap_or_default(), |j| work[j * span + t]);
            for (j, value) in butterfly::<T, S, RADIX>(simd, values).into_iter().enumerate() {
                let place = (t + j * span) * deal.groups + group;
                line[place] = if deal.real { value } else { T::pair(simd, value) };
            }
        }
    }
}

/// Finds out which phase stands in which lane.
struct Phases<T> {
    real: bool,
    numbers: std::marker::PhantomData<T>,
}

impl<T> Phases<T> {
    fn new(real: bool) -> Self {
        Self { real, numbers: std::marker::PhantomData }
    }
}

impl<T: Sample> WithSimd for Phases<T> {
    type Output = Vec<usize>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<usize> {
        let lanes = T::count::<S>();
        if self.real {
            return (0..lanes).collect();
        }
        // Pairs that hold their own number, taken apart as they will be put together.
        let numbers: Vec<T> = (0..2 * lanes).map(|i| T::of((i / 2) as f64)).collect();
        let [first, second] = [T::vectors::<S>(&numbers)[0], T::vectors::<S>(&numbers)[1]];
        let mut split = vec![T::zero(); lanes];
        T::vectors_mut::<S>(&mut split)[0] = T::split(simd, [first, second])[0];
        split.into_iter().map(|x| x.wide() as usize).collect()
    }
}
