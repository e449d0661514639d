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
//!
//! Where a band has many terms per `z_d(r)`, their sum over `k = r + M j` is itself a transform of `D` points:
//! it is done with neighbouring `r` in the lanes, and then rows and lanes are exchanged.

use std::f64::consts::TAU;
use std::sync::Arc;

use num_complex::{Complex, Complex64};
use pulp::{Arch, Simd, WithSimd};

use super::Sample;
use super::aligned::{Aligned, LINE};
use super::butterfly::{Arithmetic, Point, Strand, butterfly};
use super::stream::Drain;

/// How samples are dealt out: the transforms of `points` points that make `points · groups · width` samples.
///
/// `width` is what one point holds: a vector of real parts and one of imaginary parts. For a complex result
/// they belong to the same samples; for a real one the imaginary parts are the next samples.
#[derive(Debug)]
pub(super) struct Deal<T> {
    points: usize,
    groups: usize,
    real: bool,
    lanes: usize,
    stages: Vec<Stage<T>>,
    /// Which bin, modulo `points`, stands in each place before the first stage.
    order: Vec<usize>,
    /// `e^{2πird/P}` for the phases `d` of the first vector and the first bin `r` of each butterfly of the first
    /// stage: `[butterflies][re, im][lanes]`.
    bases: Aligned<T>,
    /// The same for the distances of its other bins from there: `[radix][re, im][lanes]`.
    steps: Aligned<T>,
    /// The same with neighbouring `r` in the lanes: `[points / lanes][d][re, im][lanes]`; where bands of many
    /// folds are transformed, in natural order.
    exchanged: Aligned<T>,
    /// The place of each bin.
    places: Vec<u32>,
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
    first: i64,
    /// Bins of the band, and zeros before it.
    bins: usize,
    before: usize,
    /// Bins that meet in one point.
    folds: usize,
    /// The gain of each bin times the turn of the first phase of each group: `[groups][re, im][bins]`.
    gains: Vec<T>,
    way: Way<T>,
}

/// How bins are spread over phases.
#[derive(Debug)]
enum Way<T> {
    /// One bin for each point, and nothing to turn.
    Plain,
    /// Term by term.
    Folded {
        /// `e^{2πi j d/D}` for the multiples `j` of `points` that the band meets: `[folds + 1][re, im][lanes]`.
        lanes: Aligned<T>,
        /// Which bin of the band, modulo `points`, stands in each place before the first stage.
        places: Vec<u32>,
        /// From this one on, a bin belongs to the next multiple of `points`.
        wrap: usize,
    },
    /// By a transform over the terms, of which the first stands in this slot.
    Exchanged { slot: usize },
}

/// The radices of a transform of `points` points, or nothing if it has a prime factor above 5: of the first
/// stage, of those between, and of the last.
pub(super) fn radices(mut points: usize) -> Option<Vec<usize>> {
    let twos = points.trailing_zeros() as usize;
    points >>= twos;
    // As few stages as there can be, each of at most four factors 2; the first and the last one are there anyway.
    let stages = twos.div_ceil(4).max(2);
    let powers: Vec<usize> = match twos {
        0..4 => vec![1, 1 << twos],
        _ => (0..stages).map(|stage| 1 << ((twos + stages - 1 - stage) / stages)).collect(),
    };
    let mut radices = powers[..stages - 1].to_vec();
    for radix in [5, 3] {
        while points.is_multiple_of(radix) {
            points /= radix;
            radices.push(radix);
        }
    }
    radices.push(powers[stages - 1]);
    (points == 1).then_some(radices)
}

/// Vector operations of one group, in the coin of one fused product: what plans are compared by.
pub(super) fn group_cost(points: usize, folds: usize, exchanged: bool, radices: &[usize]) -> f64 {
    let pass = |radix: &usize| match radix {
        1 => 4.0,
        2 | 4 => 9.0,
        3 | 8 => 12.0,
        16 => 18.0,
        _ => 15.0,
    };
    let passes: f64 = radices.iter().map(pass).sum();
    let spread = if exchanged { 22.0 } else { 4.0 + 4.0 * folds as f64 };
    points as f64 * (spread + passes)
}

/// From this many folds on the band is exchanged.
const EXCHANGED: usize = 6;

/// Whether rows and lanes are exchanged to spread a band of so many folds.
pub(super) fn exchanges(points: usize, groups: usize, folds: usize, lanes: usize, real: bool) -> bool {
    !real && groups == 1 && folds >= EXCHANGED && matches!(lanes, 4 | 8 | 16) && points.is_multiple_of(lanes)
}

/// `e^{2πi k/n}`, with `k` reduced exactly.
fn root(k: i64, n: usize) -> Complex64 {
    Complex64::cis(TAU * k.rem_euclid(n as i64) as f64 / n as f64)
}

fn rounded<T: Sample>(z: Complex64) -> Complex<T> {
    Complex::new(T::of(z.re), T::of(z.im))
}

/// Real parts, then imaginary ones, of a vector or of a band.
pub(super) fn parts<T: Sample>(values: impl Iterator<Item = Complex64> + Clone) -> impl Iterator<Item = T> {
    values.clone().map(|z| T::of(z.re)).chain(values.map(|z| T::of(z.im)))
}

/// Samples of one point.
pub(super) fn width(lanes: usize, real: bool) -> usize {
    if real { 2 * lanes } else { lanes }
}

/// Lanes of this processor's vectors.
pub(super) fn lanes<T: Sample>(arch: Arch) -> usize {
    struct Count<T>(std::marker::PhantomData<T>);
    impl<T: Sample> WithSimd for Count<T> {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _simd: S) -> usize {
            T::count::<S>()
        }
    }
    arch.dispatch(Count::<T>(std::marker::PhantomData))
}

impl<T: Sample> Deal<T> {
    /// For transforms of `points · groups` points times the width of vectors of so many lanes.
    ///
    /// # Panics
    /// When `points` has a prime factor above 5.
    pub(super) fn new(lanes: usize, points: usize, groups: usize, real: bool) -> Self {
        let radices = radices(points).expect("plans are made for smooth numbers of points");
        let transform = points * groups * width(lanes, real);
        let mut span = 1;
        let mut stage = |&radix: &usize| {
            let at = |t: usize| (1..radix).map(move |j| rounded(root((j * t) as i64, radix * span)));
            let stage = Stage { radix, span, twiddles: (0..span).flat_map(at).collect() };
            span *= radix;
            stage
        };
        let stages: Vec<Stage<T>> = radices.iter().map(&mut stage).collect();
        let mut order = vec![0];
        for &radix in &radices {
            // A transform of radix · m points joins those of the bins j, j + radix, ..
            order = (0..radix).flat_map(|j| order.iter().map(move |r| j + radix * r)).collect();
        }
        let turn = |r: usize, d: usize| root((r * d) as i64, transform);
        let vector = |r: usize| parts((0..lanes).map(move |d| turn(r, d)));
        let radix = radices[0];
        let bases = order.iter().step_by(radix).flat_map(|&r| vector(r)).collect();
        let steps = (0..radix).flat_map(|q| vector(q * (points / radix))).collect();
        let mut places = vec![0; points];
        order.iter().enumerate().for_each(|(place, &bin)| places[bin] = place as u32);
        let exchanged = if exchanges(points, groups, EXCHANGED, lanes, real) {
            let vector = |r: usize, d: usize| parts((r..r + lanes).map(move |r| turn(r, d)));
            (0..points).step_by(lanes).flat_map(|r| (0..lanes).flat_map(move |d| vector(r, d))).collect()
        } else {
            Aligned::new(0)
        };
        Self { points, groups, real, lanes, stages, order, bases, steps, exchanged, places }
    }

    /// Samples of one result.
    pub(super) fn transform(&self) -> usize {
        self.points * self.groups * width(self.lanes, self.real)
    }

    /// Numbers of working space, and of the result, which is its own working space if there is one group.
    pub(super) fn room(&self) -> (usize, usize) {
        let numbers = 2 * self.lanes * self.points;
        (if self.groups == 1 { 0 } else { numbers }, numbers * self.groups)
    }

    pub(super) fn bytes(&self) -> usize {
        let twiddles: usize = self.stages.iter().map(|stage| 2 * stage.twiddles.len()).sum();
        (twiddles + self.bases.len() + self.steps.len() + self.exchanged.len()) * size_of::<T>() + 12 * self.points
    }
}

impl<T: Sample> Bank<T> {
    /// For a band whose bins from `first` on have these gains.
    pub(super) fn new(deal: Arc<Deal<T>>, first: i64, gains: &[Complex64]) -> Self {
        let (points, lanes, transform) = (deal.points as i64, deal.lanes, deal.transform());
        let multiple = first.div_euclid(points);
        // A band that starts between two multiples of the points, or has many terms, starts at the lower one.
        let before = first.rem_euclid(points) as usize;
        let least = gains.len().div_ceil(deal.points);
        let exchanged = exchanges(deal.points, deal.groups, least, lanes, deal.real);
        let whole = before + gains.len() <= least * deal.points && multiple == 0;
        let before = if exchanged || whole { before } else { 0 };
        let start = first - before as i64;
        let bins = gains.len();
        let folds = (before + bins).div_ceil(deal.points);
        let way = if exchanged {
            Way::Exchanged { slot: multiple.rem_euclid(lanes as i64) as usize }
        } else if folds == 1 && start == 0 {
            Way::Plain
        } else {
            let root = |j: usize, d: usize| root((multiple + j as i64) * points * d as i64, transform);
            Way::Folded {
                lanes: (0..=folds).flat_map(|j| parts((0..lanes).map(move |d| root(j, d)))).collect(),
                places: deal.order.iter().map(|&bin| (bin as i64 - start).rem_euclid(points) as u32).collect(),
                wrap: (points - start.rem_euclid(points)) as usize,
            }
        };
        let turn = |k: i64, group: usize| {
            if deal.real {
                // Two groups at once: the one that becomes the imaginary part is multiplied by i.
                root(k * (2 * group * lanes) as i64, transform)
                    + Complex64::I * root(k * ((2 * group + 1) * lanes) as i64, transform)
            } else {
                root(k * (group * lanes) as i64, transform)
            }
        };
        let gain = |group: usize, at: usize| gains[at] * turn(first + at as i64, group);
        let gains = (0..deal.groups).flat_map(|group| parts((0..bins).map(move |at| gain(group, at)))).collect();
        Self { deal, first, bins, before, folds, gains, way }
    }

    pub(super) fn deal(&self) -> &Deal<T> {
        &self.deal
    }

    /// Numbers of [`Room::product`].
    pub(super) fn product(&self) -> usize {
        2 * self.folds * self.deal.points
    }

    pub(super) fn bytes(&self) -> usize {
        let way = match &self.way {
            Way::Folded { lanes, places, .. } => lanes.len() * size_of::<T>() + 4 * places.len(),
            Way::Plain | Way::Exchanged { .. } => 0,
        };
        self.gains.len() * size_of::<T>() + way
    }

    /// Floating-point operations of one result.
    pub(super) fn flops(&self) -> u64 {
        let (points, lanes) = (self.deal.points as u64, self.deal.lanes as u64);
        // Of one point, that is of one lane of it: per butterfly, and for the factors of all but its first.
        let butterfly = |radix: usize| match radix {
            2 => 4,
            3 => 16,
            4 => 16,
            5 => 52,
            8 => 56,
            16 => 176,
            _ => 0,
        };
        let stage = |stage: &Stage<T>| {
            let (radix, twiddled) = (stage.radix as u64, u64::from(stage.span > 1));
            (butterfly(stage.radix) + 6 * (radix - 1) * twiddled) * points / radix
        };
        let spread = match self.way {
            Way::Plain => 12,
            Way::Folded { .. } => 12 + 8 * self.folds as u64,
            Way::Exchanged { .. } => 6 + butterfly(self.deal.lanes) / lanes,
        };
        let stages: u64 = self.deal.stages.iter().map(stage).sum();
        self.deal.groups as u64 * (6 * self.bins as u64 + lanes * (points * spread + stages))
    }

    /// Computes `line` from the half spectrum of a signal while the drain empties.
    /// For a complex result `line` has pairs.
    pub(super) fn inverse(
        &self,
        arch: Arch,
        spectrum: HalfSpectrum<'_, T>,
        room: Room<'_, T>,
        line: &mut [T],
        drain: &mut Drain<'_, T>,
    ) {
        T::invert(arch, Inverse { bank: self, spectrum, room, line, drain });
    }
}

/// The bins of a real signal from 0 to half the points of its transform, real and imaginary parts apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct HalfSpectrum<'a, T> {
    pub(super) re: &'a [T],
    pub(super) im: &'a [T],
}

impl<T: Sample> HalfSpectrum<'_, T> {
    /// Bin `k`, counted from minus half the points on.
    pub(super) fn bin(&self, k: i64) -> Complex<T> {
        let at = k.unsigned_abs() as usize;
        Complex::new(self.re[at], if k < 0 { -self.im[at] } else { self.im[at] })
    }
}

/// Working space of [`Bank::inverse`].
pub(super) struct Room<'a, T> {
    pub(super) product: &'a mut [T],
    pub(super) work: &'a mut [T],
}

/// One call of [`Bank::inverse`].
pub struct Inverse<'a, 'd, T> {
    bank: &'a Bank<T>,
    spectrum: HalfSpectrum<'a, T>,
    room: Room<'a, T>,
    line: &'a mut [T],
    drain: &'a mut Drain<'d, T>,
}

#[inline(always)]
fn points<T: Sample, S: Simd>(values: &[T]) -> &[Point<T, S>] {
    T::vectors::<S>(values).as_chunks().0
}

#[inline(always)]
fn points_mut<T: Sample, S: Simd>(values: &mut [T]) -> &mut [Point<T, S>] {
    T::vectors_mut::<S>(values).as_chunks_mut().0
}

/// Runs a stage as a function of its own: one with all of them would take long to compile.
#[inline(never)]
fn apart<S: Simd, Stage: WithSimd>(simd: S, stage: Stage) -> Stage::Output {
    simd.vectorize(stage)
}

/// Runs a stage of one of these radices.
macro_rules! by_radix {
    ($simd:ident, $radix:expr, [$($one:literal),*], $stage:ident $fields:tt) => {
        match $radix {
            $($one => apart($simd, $stage::<T, $one> $fields),)*
            radix => unreachable!("no such stage has radix {radix}"),
        }
    };
}

impl<T: Sample> WithSimd for Inverse<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { bank, spectrum, room: Room { product, work }, line, drain } = self;
        let Bank { bins, before, folds, .. } = *bank;
        let deal = &*bank.deal;
        let (re, im) = product[..bank.product()].split_at_mut(folds * deal.points);
        for part in [&mut *re, &mut *im] {
            part[..before].fill(T::zero());
            part[before + bins..].fill(T::zero());
        }
        let band = before..before + bins;
        let [first, between @ .., last] = &deal.stages[..] else { unreachable!("there are at least two stages") };
        let (space, result) = deal.room();
        let line = &mut line[..result];
        for (group, gains) in bank.gains.chunks_exact(2 * bins).enumerate() {
            multiply(spectrum, bank.first, gains.split_at(bins), &mut re[band.clone()], &mut im[band.clone()]);
            let (re, im) = (&*re, &*im);
            let place = if space == 0 { &mut *line } else { &mut work[..space] };
            if let Way::Exchanged { slot } = bank.way {
                match deal.lanes {
                    16 => apart(simd, Exchange::<T, 16> { deal, slot, folds, re, im, work: place, drain }),
                    8 => apart(simd, Exchange::<T, 8> { deal, slot, folds, re, im, work: place, drain }),
                    _ => apart(simd, Exchange::<T, 4> { deal, slot, folds, re, im, work: place, drain }),
                }
                by_radix!(simd, first.radix, [1, 4, 8, 16], Join { stage: first, work: place });
            } else {
                by_radix!(simd, first.radix, [1, 4, 8, 16], Enter { bank, re, im, work: place, drain });
            }
            for stage in between {
                by_radix!(simd, stage.radix, [3, 4, 5, 8, 16], Join { stage, work: place });
            }
            if space == 0 {
                by_radix!(
                    simd,
                    last.radix,
                    [1, 2, 4, 8, 16],
                    Leave { deal, stage: last, line: &mut *line, drain: &mut *drain }
                );
            } else {
                by_radix!(
                    simd,
                    last.radix,
                    [1, 2, 4, 8, 16],
                    Spread { deal, stage: last, group, work: &work[..space], line: &mut *line, drain: &mut *drain }
                );
            }
        }
    }
}

/// The products of gains and bins from `first` on.
#[inline(always)]
fn multiply<T: Sample>(spectrum: HalfSpectrum<'_, T>, first: i64, gains: (&[T], &[T]), re: &mut [T], im: &mut [T]) {
    // Below 0 the mirror image of the bins above it, turned round.
    let below = re.len().min((-first).max(0) as usize);
    let start = first.max(0) as usize;
    let (re_below, re) = re.split_at_mut(below);
    let (im_below, im) = im.split_at_mut(below);
    let ((g_below, g), (h_below, h)) = (gains.0.split_at(below), gains.1.split_at(below));
    let mirrored = (-first).max(0) as usize + 1 - below..(-first).max(0) as usize + 1;
    let (x, y) = (&spectrum.re[mirrored.clone()], &spectrum.im[mirrored]);
    for (((((re, im), g), h), x), y) in
        re_below.iter_mut().zip(im_below).zip(g_below).zip(h_below).zip(x.iter().rev()).zip(y.iter().rev())
    {
        (*re, *im) = (*x * *g + *y * *h, *x * *h - *y * *g);
    }
    let (x, y) = (&spectrum.re[start..start + re.len()], &spectrum.im[start..start + re.len()]);
    for (((((re, im), g), h), x), y) in re.iter_mut().zip(im).zip(g).zip(h).zip(x).zip(y) {
        (*re, *im) = (*x * *g - *y * *h, *x * *h + *y * *g);
    }
}

/// Cache lines that leave while so many points are computed: one for each of two passes.
#[inline(always)]
fn lines<T: Sample, S: Simd>(points: usize) -> usize {
    (points * size_of::<T::Vector<S>>()).div_ceil(LINE)
}

/// Spreads the products over the phases, and takes them through the first stage.
struct Enter<'a, 'd, T, const RADIX: usize> {
    bank: &'a Bank<T>,
    re: &'a [T],
    im: &'a [T],
    work: &'a mut [T],
    drain: &'a mut Drain<'d, T>,
}

impl<T: Sample, const RADIX: usize> WithSimd for Enter<'_, '_, T, RADIX> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { bank, re, im, work, drain } = self;
        let (on, deal) = (Arithmetic::<T, S>::new(simd), &*bank.deal);
        let bases = points::<T, S>(&deal.bases);
        let Some(steps) = points::<T, S>(&deal.steps).first_chunk::<RADIX>() else { return };
        let work = points_mut::<T, S>(work).as_chunks_mut::<RADIX>().0;
        if let Way::Folded { lanes, places, wrap } = &bank.way {
            let lanes = &points::<T, S>(lanes)[..bank.folds + 1];
            for ((places, &base), out) in places.as_chunks::<RADIX>().0.iter().zip(bases).zip(work) {
                butterfly::<T, S, RADIX>(
                    on,
                    &mut Folded { on, re, im, base, steps, lanes, places, wrap: *wrap, points: deal.points, out },
                );
                drain.step(simd, lines::<T, S>(RADIX));
            }
        } else {
            for ((order, &base), out) in deal.order.as_chunks::<RADIX>().0.iter().zip(bases).zip(work) {
                butterfly::<T, S, RADIX>(on, &mut Plain { on, re, im, base, steps, order, out });
                drain.step(simd, lines::<T, S>(RADIX));
            }
        }
    }
}

/// One bin for each point.
struct Plain<'a, T: Sample, S: Simd, const RADIX: usize> {
    on: Arithmetic<T, S>,
    re: &'a [T],
    im: &'a [T],
    base: Point<T, S>,
    steps: &'a [Point<T, S>; RADIX],
    order: &'a [usize; RADIX],
    out: &'a mut [Point<T, S>; RADIX],
}

impl<T: Sample, S: Simd, const RADIX: usize> Strand<T, S> for Plain<'_, T, S, RADIX> {
    #[inline(always)]
    fn get(&self, at: usize) -> Point<T, S> {
        let bin = self.order[at];
        turned(self.on, self.base, self.steps, at, self.on.splat(self.re[bin], self.im[bin]))
    }

    #[inline(always)]
    fn put(&mut self, at: usize, value: Point<T, S>) {
        self.out[at] = value;
    }
}

/// The sum for one point, at the first phase, at all phases.
#[inline(always)]
fn turned<T: Sample, S: Simd>(
    on: Arithmetic<T, S>,
    base: Point<T, S>,
    steps: &[Point<T, S>],
    at: usize,
    sum: Point<T, S>,
) -> Point<T, S> {
    on.times(base, if at == 0 { sum } else { on.times(steps[at], sum) })
}

/// Several bins for each point.
struct Folded<'a, T: Sample, S: Simd, const RADIX: usize> {
    on: Arithmetic<T, S>,
    re: &'a [T],
    im: &'a [T],
    base: Point<T, S>,
    steps: &'a [Point<T, S>; RADIX],
    lanes: &'a [Point<T, S>],
    places: &'a [u32; RADIX],
    wrap: usize,
    points: usize,
    out: &'a mut [Point<T, S>; RADIX],
}

impl<T: Sample, S: Simd, const RADIX: usize> Strand<T, S> for Folded<'_, T, S, RADIX> {
    #[inline(always)]
    fn get(&self, at: usize) -> Point<T, S> {
        let mut bin = self.places[at] as usize;
        let folds = self.lanes.len() - 1;
        let lanes = &self.lanes[usize::from(bin >= self.wrap)..][..folds];
        let mut sum = self.on.times(lanes[0], self.on.splat(self.re[bin], self.im[bin]));
        for &lanes in &lanes[1..] {
            bin += self.points;
            sum = self.on.times_add(lanes, self.on.splat(self.re[bin], self.im[bin]), sum);
        }
        turned(self.on, self.base, self.steps, at, sum)
    }

    #[inline(always)]
    fn put(&mut self, at: usize, value: Point<T, S>) {
        self.out[at] = value;
    }
}

/// Spreads the products over as many phases as there are lanes by a transform over their terms.
struct Exchange<'a, 'd, T, const LANES: usize> {
    deal: &'a Deal<T>,
    slot: usize,
    folds: usize,
    re: &'a [T],
    im: &'a [T],
    work: &'a mut [T],
    drain: &'a mut Drain<'d, T>,
}

impl<T: Sample, const LANES: usize> WithSimd for Exchange<'_, '_, T, LANES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { deal, slot, folds, re, im, work, drain } = self;
        let on = Arithmetic::<T, S>::new(simd);
        let work = points_mut::<T, S>(work);
        let (re, im) = (T::vectors::<S>(re), T::vectors::<S>(im));
        let blocks = deal.points / LANES;
        let tables = points::<T, S>(&deal.exchanged).as_chunks::<LANES>().0;
        for ((block, turns), places) in tables.iter().enumerate().zip(deal.places.as_chunks::<LANES>().0) {
            let zero = T::splat(simd, T::zero());
            let mut terms = Terms { on, re, im, block, blocks, slot, folds, turns, out: [[zero; LANES]; 2] };
            butterfly::<T, S, LANES>(on, &mut terms);
            let [re, im] = terms.out;
            let (re, im) = (exchange::<T, S, LANES>(simd, re), exchange::<T, S, LANES>(simd, im));
            for ((&place, re), im) in places.iter().zip(re).zip(im) {
                work[place as usize] = [re, im];
            }
            drain.step(simd, lines::<T, S>(LANES));
        }
    }
}

/// Rows to lanes: each round turns the bits of a number's place, row and lane, by one.
#[inline(always)]
fn exchange<T: Sample, S: Simd, const LANES: usize>(simd: S, mut rows: [T::Vector<S>; LANES]) -> [T::Vector<S>; LANES] {
    let mut round = 1;
    while round < LANES {
        let mut turned = rows;
        let mut at = 0;
        while at < LANES / 2 {
            let [low, high] = T::pair(simd, [rows[at], rows[at + LANES / 2]]);
            turned[2 * at] = low;
            turned[2 * at + 1] = high;
            at += 1;
        }
        rows = turned;
        round *= 2;
    }
    rows
}

struct Terms<'a, T: Sample, S: Simd, const LANES: usize> {
    on: Arithmetic<T, S>,
    re: &'a [T::Vector<S>],
    im: &'a [T::Vector<S>],
    block: usize,
    blocks: usize,
    slot: usize,
    folds: usize,
    turns: &'a [Point<T, S>; LANES],
    out: [[T::Vector<S>; LANES]; 2],
}

impl<T: Sample, S: Simd, const LANES: usize> Strand<T, S> for Terms<'_, T, S, LANES> {
    #[inline(always)]
    fn get(&self, at: usize) -> Point<T, S> {
        let fold = (at + LANES - self.slot) % LANES;
        if fold >= self.folds {
            return self.on.splat(T::zero(), T::zero());
        }
        let term = |place: usize| [self.re[place], self.im[place]];
        let sum = term(fold * self.blocks + self.block);
        // A band that goes all the way round, and does not begin with a slot, meets itself there.
        if fold + LANES < self.folds {
            return self.on.add(sum, term((fold + LANES) * self.blocks + self.block));
        }
        sum
    }

    #[inline(always)]
    fn put(&mut self, at: usize, value: Point<T, S>) {
        [self.out[0][at], self.out[1][at]] = self.on.times(self.turns[at], value);
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
        let Self { stage: &Stage { span, ref twiddles, .. }, work } = self;
        let on = Arithmetic::<T, S>::new(simd);
        for points in points_mut::<T, S>(work).chunks_exact_mut(RADIX * span) {
            for t in 0..span {
                let twiddles = &twiddles[t * (RADIX - 1)..][..RADIX - 1];
                butterfly::<T, S, RADIX>(on, &mut Joined { on, points, span, t, twiddles });
            }
        }
    }
}

struct Joined<'a, T: Sample, S: Simd> {
    on: Arithmetic<T, S>,
    points: &'a mut [Point<T, S>],
    span: usize,
    t: usize,
    twiddles: &'a [Complex<T>],
}

impl<T: Sample, S: Simd> Strand<T, S> for Joined<'_, T, S> {
    #[inline(always)]
    fn get(&self, at: usize) -> Point<T, S> {
        twiddled(self.on, self.points, self.span, self.t, self.twiddles, at)
    }

    #[inline(always)]
    fn put(&mut self, at: usize, value: Point<T, S>) {
        self.points[self.t + at * self.span] = value;
    }
}

/// Point `at` of a butterfly, times its twiddle, which is 1 for the first.
#[inline(always)]
fn twiddled<T: Sample, S: Simd>(
    on: Arithmetic<T, S>,
    points: &[Point<T, S>],
    span: usize,
    t: usize,
    twiddles: &[Complex<T>],
    at: usize,
) -> Point<T, S> {
    let point = points[t + at * span];
    if at == 0 {
        return point;
    }
    let twiddle = twiddles[at - 1];
    on.times(point, on.splat(twiddle.re, twiddle.im))
}

/// The last stage of the only group, in place.
struct Leave<'a, 'd, T, const RADIX: usize> {
    deal: &'a Deal<T>,
    stage: &'a Stage<T>,
    line: &'a mut [T],
    drain: &'a mut Drain<'d, T>,
}

impl<T: Sample, const RADIX: usize> WithSimd for Leave<'_, '_, T, RADIX> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { deal, stage: &Stage { span, ref twiddles, .. }, line, drain } = self;
        let on = Arithmetic::<T, S>::new(simd);
        let points = points_mut::<T, S>(line);
        for t in 0..span {
            let twiddles = &twiddles[t * (RADIX - 1)..][..RADIX - 1];
            let joined = Joined { on, points, span, t, twiddles };
            butterfly::<T, S, RADIX>(on, &mut Left { joined, real: deal.real });
            drain.step(simd, lines::<T, S>(RADIX));
        }
    }
}

struct Left<'a, T: Sample, S: Simd> {
    joined: Joined<'a, T, S>,
    real: bool,
}

impl<T: Sample, S: Simd> Strand<T, S> for Left<'_, T, S> {
    #[inline(always)]
    fn get(&self, at: usize) -> Point<T, S> {
        self.joined.get(at)
    }

    #[inline(always)]
    fn put(&mut self, at: usize, value: Point<T, S>) {
        self.joined.put(at, if self.real { value } else { T::pair(self.joined.on.simd, value) });
    }
}

/// The last stage of one group of several, whose results go to their places in the line.
struct Spread<'a, 'd, T, const RADIX: usize> {
    deal: &'a Deal<T>,
    stage: &'a Stage<T>,
    group: usize,
    work: &'a [T],
    line: &'a mut [T],
    drain: &'a mut Drain<'d, T>,
}

impl<T: Sample, const RADIX: usize> WithSimd for Spread<'_, '_, T, RADIX> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { deal, stage: &Stage { span, ref twiddles, .. }, group, work, line, drain } = self;
        let on = Arithmetic::<T, S>::new(simd);
        let (points, line) = (points::<T, S>(work), points_mut::<T, S>(line));
        for t in 0..span {
            let twiddles = &twiddles[t * (RADIX - 1)..][..RADIX - 1];
            butterfly::<T, S, RADIX>(on, &mut Dealt { on, points, span, t, twiddles, deal, group, line });
            drain.step(simd, lines::<T, S>(RADIX));
        }
    }
}

struct Dealt<'a, T: Sample, S: Simd> {
    on: Arithmetic<T, S>,
    points: &'a [Point<T, S>],
    span: usize,
    t: usize,
    twiddles: &'a [Complex<T>],
    deal: &'a Deal<T>,
    group: usize,
    line: &'a mut [Point<T, S>],
}

impl<T: Sample, S: Simd> Strand<T, S> for Dealt<'_, T, S> {
    #[inline(always)]
    fn get(&self, at: usize) -> Point<T, S> {
        twiddled(self.on, self.points, self.span, self.t, self.twiddles, at)
    }

    #[inline(always)]
    fn put(&mut self, at: usize, value: Point<T, S>) {
        let place = (self.t + at * self.span) * self.deal.groups + self.group;
        self.line[place] = if self.deal.real { value } else { T::pair(self.on.simd, value) };
    }
}
