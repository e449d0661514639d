//! The error of every family, boundary, precision and range of scales: held below the limits, and published in
//! docs/transform-errors.md.

use std::fmt::Write;
use std::path::Path;

use num_complex::{Complex, Complex64};
use rayon::prelude::*;
use ropelet::numeric::{Agreement, Bound, Real, gamma};
use ropelet::signal::{Boundary, Cwt, Norm, SignalError, direct};
use ropelet::wavelet::MotherWavelet;

use super::{BOUNDARIES, Limits, distance, dot, every_wavelet, given_wavelets, label, largest, rounded, signals};

const RANGES: [&str; 4] = ["a < 1", "1 to n/8", "n/8 to n", "beyond n"];

/// Lengths, one of them prime, with the norm that each is measured in.
const LENGTHS: [(usize, Norm); 2] = [(256, Norm::L2), (127, Norm::L1)];

/// Scales with the range that each belongs to.
fn scales(n: usize) -> (Vec<f64>, Vec<usize>) {
    let n = n as f64;
    let ranges =
        [vec![0.06, 0.3, 0.8], vec![1.0, 1.5, 3.0, 7.0, n / 10.0], vec![0.25 * n, 0.5 * n, n], vec![2.0 * n, 8.0 * n]];
    let numbered = ranges.into_iter().enumerate();
    numbered.flat_map(|(range, scales)| scales.into_iter().map(move |scale| (scale, range))).unzip()
}

/// One scale of one signal: the defining sums, and the largest sum of the moduli of their terms.
pub(super) struct Sums {
    pub(super) sums: Vec<Complex64>,
    pub(super) terms: f64,
}

/// The sums of several signals, of which [`super::references`] has some to forty digits. Their rounding is that of the
/// daughter's values alone: products and additions keep what they lose. Around a circle the daughter is summed over all
/// repetitions first, and over what is constant the two half-lines are.
pub(super) fn sums<'a>(
    wavelet: &dyn MotherWavelet,
    signals: impl IntoIterator<Item = &'a [f64], IntoIter: Clone>,
    scale: f64,
    norm: Norm,
    boundary: Boundary,
) -> Vec<Sums> {
    let signals = signals.into_iter();
    let n = signals.clone().next().expect("there are signals").len();
    let count = if boundary == Boundary::Reflect { 2 * n } else { n };
    let impulse = |place: usize, boundary: Boundary| {
        let mut impulse = vec![0.0; count];
        impulse[place] = 1.0;
        direct::cwt(wavelet, &impulse, &[scale], norm, boundary).unwrap()
    };
    // `conj(psi(-lag/a))`, for the lags b - t from 1 - count to count - 1.
    let kernel: Vec<Complex64> = if matches!(boundary, Boundary::Zero | Boundary::Constant) {
        let psi = |place: usize| wavelet.psi((count as f64 - place as f64) / scale).conj();
        (0..2 * count).map(|place| norm.factor(scale) * psi(place)).collect()
    } else {
        let kernel = impulse(0, Boundary::Periodic);
        [&kernel[..], &kernel].concat()
    };
    // The kernel of an end value: itself and all beyond.
    let ends = (boundary == Boundary::Constant).then(|| [0, n - 1].map(|end| impulse(end, Boundary::Constant)));
    let of = |signal: &[f64]| {
        let extended: Vec<f64> = signal.iter().chain(signal.iter().rev()).take(count).copied().collect();
        let kernel_at = |b: usize| {
            let kernel = &kernel[b + 1..=b + count];
            (0..count).map(move |t| kernel[count - 1 - t]).enumerate()
        };
        let terms_at = |b: usize| {
            let (ends, extended) = (ends.as_ref(), &extended);
            kernel_at(b).map(move |(t, kernel)| match ends {
                Some([first, _]) if t == 0 => (first[b], extended[t]),
                Some([_, last]) if t == n - 1 => (last[b], extended[t]),
                _ => (kernel, extended[t]),
            })
        };
        let sums = (0..n).map(|b| {
            Complex64::new(dot(terms_at(b).map(|(k, x)| (k.re, x))), dot(terms_at(b).map(|(k, x)| (k.im, x))))
        });
        let terms = (0..n).map(|b| terms_at(b).map(|(k, x)| k.norm() * x.abs()).sum()).fold(0.0, f64::max);
        Sums { sums: sums.collect(), terms }
    };
    signals.map(of).collect()
}

/// By how much the limit grows for sums far below their terms, of which one roundoff of the samples changes them by more
/// than the limit.
pub(super) fn condition<T: Limits>(terms: f64, peak: f64) -> f64 {
    (terms / peak * T::UNIT_ROUNDOFF / T::LIMIT).max(1.0)
}

/// What one type makes of a wavelet and a boundary.
#[derive(Clone, Copy, Default)]
struct Errors {
    /// The largest error of each range of scales, relative to the largest coefficient of its scale.
    relative: [f64; 4],
    /// The largest of complex signals.
    complex: f64,
    /// The largest part of its bound that an error takes.
    ratio: f64,
}

/// Compares one type with the sums, `[scale][signal]`.
fn errors<T: Limits>(
    wavelet: &dyn MotherWavelet,
    boundary: Boundary,
    (n, norm): (usize, Norm),
    sums: &[Vec<Sums>],
) -> Errors {
    let (scales, ranges) = scales(n);
    let cwt = Cwt::<T>::new(wavelet, n, &scales, norm, boundary).unwrap();
    let mut errors = Errors::default();
    // A sum over constants is made of two parts that nearly cancel, each rounded.
    let parts = if boundary == Boundary::Constant { 2.0 } else { 1.0 };
    for (i, (name, signal)) in signals(n).iter().enumerate() {
        let signal = rounded::<T>(signal);
        let coefficients = cwt.transform(&signal).unwrap();
        for (row, &range) in ranges.iter().enumerate() {
            let Sums { sums, terms } = &sums[row][i];
            let pairs = coefficients[row * n..(row + 1) * n].iter().zip(sums);
            let error = pairs.map(|(ours, sum)| distance(*ours, *sum)).fold(0.0, f64::max);
            // The values of psi, and their repetitions, are good to 64 roundoffs.
            let of_daughter = Bound::rounding(gamma(64 + n, f64::UNIT_ROUNDOFF) * terms);
            let agreement = Agreement::of(error, 0.0, cwt.error_bound(row, &signal) + of_daughter);
            let what = || format!("{wavelet:?} {boundary:?} {} n {n} scale {} {name}", T::NAME, scales[row]);
            assert!(agreement.holds(), "{}: {agreement:?}", what());
            errors.ratio = errors.ratio.max(agreement.ratio());
            let peak = largest(sums);
            if peak < T::SMALLEST {
                assert!(error <= T::SMALLEST, "{}: {error:e}", what());
                continue;
            }
            let condition = condition::<T>(parts * terms, peak);
            assert!(
                error <= T::LIMIT * condition * peak,
                "{}: {:e}, condition {condition}",
                what(),
                error / peak / T::UNIT_ROUNDOFF * peak / terms
            );
            errors.relative[range] = errors.relative[range].max(error / peak / condition);
        }
    }
    // The first and the last signal as real and imaginary part.
    let all = signals(n);
    let (re, im) = (rounded::<T>(&all[0].1), rounded::<T>(&all[all.len() - 1].1));
    let signal: Vec<Complex<T>> = re.into_iter().zip(im).map(|(re, im)| Complex::new(re, im)).collect();
    let coefficients = cwt.transform_complex(&signal).unwrap();
    for (row, sums) in sums.iter().enumerate() {
        let (re, im) = (&sums[0], &sums[sums.len() - 1]);
        let sums: Vec<_> = re.sums.iter().zip(&im.sums).map(|(re, im)| re + Complex64::I * im).collect();
        let pairs = coefficients[row * n..(row + 1) * n].iter().zip(&sums);
        let error = pairs.map(|(ours, sum)| distance(*ours, *sum)).fold(0.0, f64::max);
        let peak = largest(&sums);
        if peak >= T::SMALLEST {
            let relative = error / peak / condition::<T>(parts * (re.terms + im.terms), peak);
            assert!(relative <= T::LIMIT, "{wavelet:?} {boundary:?} {} scale {}: {relative:e}", T::NAME, scales[row]);
            errors.complex = errors.complex.max(relative);
        }
    }
    errors
}

fn worse(a: Errors, b: Errors) -> Errors {
    Errors {
        relative: std::array::from_fn(|i| a.relative[i].max(b.relative[i])),
        complex: a.complex.max(b.complex),
        ratio: a.ratio.max(b.ratio),
    }
}

/// Both types, `f64` first; nothing where there is no such transform, because its sums have no limit.
fn measure(wavelet: &dyn MotherWavelet, boundary: Boundary) -> Option<[Errors; 2]> {
    let refused = Cwt::<f64>::new(wavelet, 8, &[2.0], Norm::L2, boundary).err();
    if let Some(why) = refused {
        assert_eq!(why, SignalError::TailSum { wavelet: wavelet.name() });
        let is_known = ["analytic-morlet-uncorrected", "spectrum"].contains(&wavelet.name());
        assert!(boundary == Boundary::Constant && is_known, "{why}");
        return None;
    }
    let mut both = [Errors::default(); 2];
    for (n, norm) in LENGTHS {
        let all = signals(n);
        let of = |&scale: &f64| sums(wavelet, all.iter().map(|(_, x)| &x[..]), scale, norm, boundary);
        let sums: Vec<_> = scales(n).0.iter().map(of).collect();
        both[0] = worse(both[0], errors::<f64>(wavelet, boundary, (n, norm), &sums));
        both[1] = worse(both[1], errors::<f32>(wavelet, boundary, (n, norm), &sums));
    }
    Some(both)
}

const PAGE: &str = "docs/transform-errors.md";

const INTRODUCTION: &str = "# Errors of the wavelet transform

The largest error of a coefficient, relative to the largest coefficient of its scale, against the defining sum in twice the precision of f64. The
limits are 1e-12 in f64 and 1e-6 in f32. `cargo test --release --no-default-features --test cwt_exact errors` measures them, and fails where an
error exceeds its limit, where it is more than four times what stands here (processors differ in how wide they add), or far below it;
with `WRITE_PAGE=1` in front it writes this page.

Signals: noise, an impulse inside and one at either end, a step, a chirp under a Gaussian; of 256 samples (`l2`) and 127 (`l1`); every
coefficient, the ends included. Scales: 0.06, 0.3, 0.8; 1, 1.5, 3, 7, n/10; n/4, n/2, n; 2n, 8n; all of them for the complex signal of the noise and
the chirp. The last column is the largest part that an error takes of the bound that `Cwt::error_bound` derives for it. Errors below one unit
roundoff stand as one. The daughters' values behind the sums, and their half-lines under `constant`, are held against 40 digits (`tests/cwt_exact/references.rs`);
signals of 100003 samples are in `tests/cwt_exact/long.rs`. A dash: the sum over a constant has no limit, since `psi` falls as
`1/t`, or may have none, of a spectrum that a user gives. `samples` are Ricker's, `spectrum` is the bump of MATLAB.

Two things no transform of rounded samples can do better, and the figures allow for them. Where a signal has next to nothing at a scale, the
terms of a sum cancel: from where one unit roundoff of them exceeds the limit (terms 16 times the largest sum in f32, 9000 times in f64) the limit
grows with them, and the error is divided by as much; with `constant`, where the transform between zeros and the half-lines nearly cancel, from
where two unit roundoffs do. A coefficient below 1e-30 (f32) or 1e-300 (f64) of the largest sample underflows.
";

fn page(rows: &[(String, Boundary, Option<[Errors; 2]>)]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for (which, name, roundoff) in [(0, "f64", f64::UNIT_ROUNDOFF), (1, "f32", f32::UNIT_ROUNDOFF)] {
        let _ = write!(page, "\n## {name}\n\n| wavelet | boundary |");
        RANGES.iter().for_each(|range| page += &format!(" {range} |"));
        page += " complex input | error/bound |\n|---|---|---|---|---|---|---|---|\n";
        for (wavelet, boundary, errors) in rows {
            let figures = errors.map_or(["–"; 6].map(str::to_owned), |errors| {
                let Errors { relative: [a, b, c, d], complex, ratio } = errors[which];
                let [a, b, c, d, complex] = [a, b, c, d, complex].map(|error| figure(error.max(roundoff)));
                [a, b, c, d, complex, figure(ratio)]
            });
            let _ = writeln!(page, "| {wavelet} | {} | {} |", boundary_name(*boundary), figures.join(" | "));
        }
    }
    page
}

fn figure(x: f64) -> String {
    format!("{x:.1e}")
}

fn boundary_name(boundary: Boundary) -> String {
    serde_json::to_value(boundary).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn no_error_exceeds_its_limit_or_what_is_published() {
    let cases: Vec<_> = every_wavelet()
        .into_iter()
        .chain(given_wavelets())
        .flat_map(|wavelet| {
            let wavelet = std::sync::Arc::new(wavelet);
            BOUNDARIES.map(|boundary| (wavelet.clone(), boundary))
        })
        .collect();
    let rows: Vec<_> = cases
        .par_iter()
        .map(|(wavelet, boundary)| {
            (label(wavelet.as_ref().as_ref()), *boundary, measure(wavelet.as_ref().as_ref(), *boundary))
        })
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let ours = page(&rows);
    if std::env::var_os("WRITE_PAGE").is_some() {
        std::fs::write(&path, &ours).unwrap();
    }
    let theirs = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        ours.lines().count(),
        theirs.lines().count(),
        "{PAGE} lists other wavelets or boundaries: WRITE_PAGE=1 writes it"
    );
    for (measured, published) in ours.lines().zip(theirs.lines()) {
        let cells =
            |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        for (now, then) in cells(measured).iter().zip(&cells(published)) {
            match (now.parse::<f64>(), then.parse::<f64>()) {
                (Ok(now), Ok(then)) => {
                    // One that came out exact may round on another processor.
                    let roundoffs = 4.0 * if then < 1e-9 { f64::UNIT_ROUNDOFF } else { f32::UNIT_ROUNDOFF };
                    let current = now <= 4.0 * then.max(roundoffs) && then <= 100.0 * now;
                    assert!(current, "{PAGE} has {then:e}, measured {now:e}: {measured}");
                }
                _ => assert_eq!(now, then, "{PAGE}: {measured}"),
            }
        }
    }
}
