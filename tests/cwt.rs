//! The wavelet transform against its definition: closed forms for the direct sum, the direct sum
//! and numpy for the fast transform, with derived bounds and with controls that must fail.

use std::f64::consts::{PI, TAU};

use num_complex::{Complex, Complex64};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ropelet::numeric::{Agreement, Bound, Real, gamma};
use ropelet::signal::{
    Boundary, Cwt, CwtPlanner, Norm, Path, Sample, ScaleEnergy, Scalogram, SignalError, cone_of_influence, direct,
    frequencies, octaves,
};
use ropelet::wavelet::{
    DerivativeOfGaussian, Family, Gaussian, Haar, Morlet, Morse, MotherWavelet, Parameters, Paul, Ricker, by_name,
};
use serde_json::Value;

const U: f64 = f64::UNIT_ROUNDOFF;
const NORMS: [Norm; 2] = [Norm::L2, Norm::L1];
const BOUNDARIES: [Boundary; 3] = [Boundary::Zero, Boundary::Periodic, Boundary::Reflect];

fn every_wavelet() -> Vec<Box<dyn MotherWavelet>> {
    let mut all: Vec<_> = Family::ALL.iter().map(|f| f.build(&Parameters::default()).unwrap()).collect();
    all.push(Box::new(DerivativeOfGaussian::new(1).unwrap()));
    all.push(Box::new(DerivativeOfGaussian::new(9).unwrap()));
    all.push(Box::new(Paul::new(1).unwrap()));
    all.push(Box::new(Morlet::corrected(1.5).unwrap()));
    all
}

fn noise<T: Sample>(length: usize, seed: u64) -> Vec<T> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..length).map(|_| T::of(random.random_range(-1.0..1.0))).collect()
}

fn distance<T: Sample>(ours: Complex<T>, theirs: Complex64) -> f64 {
    (Complex64::new(ours.re.wide(), ours.im.wide()) - theirs).norm()
}

#[track_caller]
fn assert_near(ours: &[Complex64], theirs: &[Complex64], bound: f64, what: &str) {
    assert_eq!(ours.len(), theirs.len());
    for (b, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let agreement = Agreement::of((ours - theirs).norm(), 0.0, Bound::rounding(bound));
        assert!(agreement.holds(), "{what} at {b}: {ours} and {theirs}, bound {bound:e}");
    }
}

// --- the direct sum against closed forms ------------------------------------------------------

#[test]
fn an_impulse_shows_the_reversed_daughter() {
    for wavelet in &every_wavelet() {
        let mut impulse = vec![0.0; 25];
        impulse[9] = 1.0;
        for norm in NORMS {
            for scale in [0.5, 3.0, 40.0] {
                let w = direct::cwt(wavelet.as_ref(), &impulse, &[scale], norm, Boundary::Zero).unwrap();
                let daughter = |b: i32| norm.factor(scale) * wavelet.psi(f64::from(9 - b) / scale).conj();
                let expected: Vec<_> = (0..25).map(daughter).collect();
                // One term is not 0, so that nothing rounds: equal, except for the sign of zeros.
                assert_near(&w, &expected, 0.0, wavelet.name());
            }
        }
    }
}

#[test]
fn haar_counts_the_samples_of_a_step_exactly() {
    // x = 1 from t = 20 on. At scale 2s the daughter is +1 on b..b+s and -1 on b+s..b+2s.
    let (n, s) = (64, 8);
    let step: Vec<f64> = (0..n).map(|t| f64::from(u8::from(t >= 20))).collect();
    let w = direct::cwt(&Haar, &step, &[2.0 * s as f64], Norm::L1, Boundary::Zero).unwrap();
    for (b, w) in w.iter().enumerate() {
        let count = |from: usize| (from..(from + s).min(n)).filter(|t| *t >= 20).count() as f64;
        assert_eq!(*w, Complex64::from((count(b) - count(b + s)) / 16.0), "{b}");
    }
}

/// For a tone of `k` cycles in a periodic signal the sum is `psihat` with all its aliases.
#[test]
fn a_tone_is_multiplied_by_the_aliased_spectrum() {
    let n = 48;
    for wavelet in &every_wavelet() {
        if wavelet.frequency_spread().is_infinite() {
            // Its aliases fall as 1/p: a slow sum, and the step above is exact.
            continue;
        }
        for (k, scale) in [(1, 6.0), (5, 1.5), (11, 0.75), (24, 2.0)] {
            let omega = TAU * f64::from(k) / n as f64;
            let tone: Vec<f64> = (0..n).map(|t| (TAU * (k as usize * t % n) as f64 / n as f64).cos()).collect();
            let w = direct::cwt(wavelet.as_ref(), &tone, &[scale], Norm::L1, Boundary::Periodic).unwrap();
            let aliased = |omega: f64| {
                (-60..=60).map(|p| wavelet.psihat(scale * (omega + TAU * f64::from(p)))).sum::<Complex64>().conj()
            };
            let (up, down) = (aliased(omega), aliased(-omega));
            let at =
                |b: usize| 0.5 * (up * Complex64::cis(omega * b as f64) + down * Complex64::cis(-omega * b as f64));
            let expected: Vec<_> = (0..n).map(at).collect();
            // n-term sums of the periodised wavelet, whose 1-norm is below √n times the largest
            // gain; parameters of 9 and 20 cost psihat a hundred roundoffs.
            let gain = (0..n).map(|j| aliased(TAU * j as f64 / n as f64).norm()).fold(0.0, f64::max);
            let bound = 8.0 * (n as f64 + 200.0) * U * gain * (n as f64).sqrt();
            assert_near(&w, &expected, bound, &format!("{wavelet:?}, {k} cycles, scale {scale}"));
            // The control: one part in a thousand is seen wherever the tone passes at all.
            let off = w.iter().zip(&expected).map(|(w, e)| (w - 1.001 * e).norm()).fold(0.0, f64::max);
            assert!(up.norm() + down.norm() < 1e-6 * gain || off > bound, "{wavelet:?} {k} {scale}");
        }
    }
}

/// `Σ_j (j + z)^{-2} = π²/sin²(πz)` sums Paul's wavelet of order 1 over all periods.
#[test]
fn the_periodised_paul_wavelet_is_a_cosecant() {
    let (n, scale) = (24, 3.0);
    let mut impulse = vec![0.0; n];
    impulse[0] = 1.0;
    let paul = Paul::new(1).unwrap();
    let w = direct::cwt(&paul, &impulse, &[scale], Norm::L1, Boundary::Periodic).unwrap();
    let peak = (2.0 / PI).sqrt();
    let expected: Vec<Complex64> = (0..n)
        .map(|b| {
            let z = Complex64::new(-(b as f64), scale) / n as f64;
            let sum = -Complex64::I * peak * (scale / n as f64 * PI).powi(2) / (PI * z).sin().powi(2);
            sum.conj() / scale
        })
        .collect();
    assert_near(&w, &expected, 200.0 * U * peak / scale, "paul 1");
}

/// A Gaussian pulse under Ricker and Morlet, for which the sum over samples equals the integral to
/// far below rounding.
#[test]
fn a_gaussian_pulse_has_its_closed_form() {
    let (n, centre, width) = (400, 200.0, 9.0f64);
    let pulse: Vec<f64> = (0..n).map(|t| (-(t as f64 - centre).powi(2) / (2.0 * width * width)).exp()).collect();
    for scale in [6.0, 14.0] {
        let total = scale * scale + width * width;
        // The convolution of two Gaussians is a Gaussian of the summed variance.
        let smooth = |d: f64| TAU.sqrt() * scale * width / total.sqrt() * (-d * d / (2.0 * total)).exp();
        let ricker = |b: usize| {
            let d = b as f64 - centre;
            // -a² d²/dt² of the smoothed pulse.
            Complex64::from(scale * scale / total * (1.0 - d * d / total) * smooth(d))
        };
        let w = direct::cwt(&Ricker, &pulse, &[scale], Norm::L2, Boundary::Zero).unwrap();
        let expected: Vec<_> = (0..n).map(|b| ricker(b) * scale.powf(-0.5)).collect();
        let bound = 8.0 * n as f64 * U * TAU.sqrt() * scale.sqrt();
        assert_near(&w, &expected, bound, "ricker");

        let omega0 = 5.0;
        let morlet = Morlet::corrected(omega0).unwrap();
        let w = direct::cwt(&morlet, &pulse, &[scale], Norm::L2, Boundary::Zero).unwrap();
        let expected: Vec<_> = (0..n)
            .map(|b| {
                let d = b as f64 - centre;
                // Completing the square: the carrier survives with e^{-(ω0²/2) width²/total}.
                let carrier =
                    Complex64::cis(omega0 * scale * d / total) * (-0.5 * omega0 * omega0 * width * width / total).exp();
                let value = PI.powf(-0.25) * (carrier - (-omega0 * omega0 / 2.0).exp()) * smooth(d);
                value * scale.powf(-0.5)
            })
            .collect();
        assert_near(&w, &expected, bound, "morlet");
        // The control: the uncorrected wavelet differs by e^{-12.5}.
        let wrong = direct::cwt(&Morlet::uncorrected(omega0).unwrap(), &pulse, &[scale], Norm::L2, Boundary::Zero);
        assert!((wrong.unwrap()[200] - expected[200]).norm() > 1e3 * bound);
    }
}

// --- the fast transform against the direct sum ----------------------------------------------------

/// Rounding of the direct sum: some `2n` terms and the repetitions of the daughter, whose values
/// are good to 64 roundoffs, against `c(a) Σ|psi(k/a)| max|x|`. The last factor 2 covers the tails.
fn direct_rounding<T: Sample>(wavelet: &dyn MotherWavelet, signal: &[T], scale: f64, norm: Norm) -> Bound {
    let n = signal.len();
    let reach = (2 * n).max((40.0 * scale).ceil() as usize) as i64;
    let size: f64 = (-reach..=reach).map(|k| wavelet.psi(k as f64 / scale).norm()).sum();
    let peak = signal.iter().map(|x| x.wide().abs()).fold(0.0, f64::max);
    let operations = 2 * n + 64 + 2 * reach as usize / n;
    Bound::rounding(gamma(operations, U) * 2.0 * norm.factor(scale) * size * peak)
}

/// Compares one plan with the direct sum and returns the largest ratio of error to bound.
fn check<T: Sample>(wavelet: &dyn MotherWavelet, signal: &[T], scales: &[f64], norm: Norm, boundary: Boundary) -> f64 {
    let n = signal.len();
    let cwt = Cwt::<T>::new(wavelet, n, scales, norm, boundary).unwrap();
    let fast = cwt.transform(signal).unwrap();
    let slow = direct::cwt(wavelet, signal, scales, norm, boundary).unwrap();
    if wavelet.is_real() {
        let real = cwt.transform_real(signal).unwrap();
        assert!(fast.iter().zip(&real).all(|(z, x)| z.re == *x && z.im == T::default()));
    } else {
        assert_eq!(cwt.transform_real(signal), Err(SignalError::NotReal { wavelet: wavelet.name() }));
    }
    let mut worst: f64 = 0.0;
    for (row, &scale) in scales.iter().enumerate() {
        let bound = cwt.error_bound(row, signal) + direct_rounding(wavelet, signal, scale, norm);
        for b in 0..n {
            let error = distance(fast[row * n + b], slow[row * n + b]);
            let agreement = Agreement::of(error, 0.0, bound);
            assert!(
                agreement.holds(),
                "{wavelet:?} {norm:?} {boundary:?} {} n {n} scale {scale} at {b}: {error:e}, bound {bound:?}",
                T::NAME
            );
            worst = worst.max(agreement.ratio());
        }
    }
    worst
}

#[test]
fn the_fast_transform_is_the_direct_sum_for_everything() {
    let mut worst: f64 = 0.0;
    for wavelet in &every_wavelet() {
        for norm in NORMS {
            for boundary in BOUNDARIES {
                for n in [1, 2, 3, 16, 31, 45, 64] {
                    let scales = [0.4, 1.0, 2.3, 7.0, 20.0, 150.0];
                    worst = worst.max(check::<f64>(wavelet.as_ref(), &noise(n, 1), &scales, norm, boundary));
                    worst = worst.max(check::<f32>(wavelet.as_ref(), &noise(n, 2), &scales, norm, boundary));
                }
            }
        }
    }
    // A bound that is met with a million to spare would accept wrong answers.
    assert!(worst > 1e-3, "largest error/bound {worst:e}");
}

#[test]
fn lengths_with_large_primes_and_long_signals_agree_too() {
    for n in [127, 241, 500, 1021, 2048] {
        for boundary in BOUNDARIES {
            for wavelet in [&Ricker as &dyn MotherWavelet, &Morlet::corrected(6.0).unwrap(), &Haar] {
                check::<f64>(wavelet, &noise(n, 3), &[1.7, 33.0], Norm::L2, boundary);
                check::<f32>(wavelet, &noise(n, 4), &[1.7, 33.0], Norm::L2, boundary);
            }
        }
    }
}

#[test]
fn a_wrong_norm_a_wrong_boundary_and_a_missing_conjugate_are_rejected() {
    let signal: Vec<f64> = noise(50, 5);
    let morlet = Morlet::corrected(6.0).unwrap();
    let scales = [6.0];
    let right = direct::cwt(&morlet, &signal, &scales, Norm::L2, Boundary::Zero).unwrap();
    let cwt = Cwt::<f64>::new(&morlet, 50, &scales, Norm::L2, Boundary::Zero).unwrap();
    let bound = 10.0 * cwt.error_bound(0, &signal).total();
    let differs = |w: &[Complex64]| w.iter().zip(&right).any(|(w, r)| (w - r).norm() > 1e6 * bound);
    let with = |norm, boundary| Cwt::new(&morlet, 50, &scales, norm, boundary).unwrap().transform(&signal).unwrap();
    assert!(!differs(&cwt.transform(&signal).unwrap()));
    assert!(differs(&with(Norm::L1, Boundary::Zero)));
    assert!(differs(&with(Norm::L2, Boundary::Periodic)));
    assert!(differs(&with(Norm::L2, Boundary::Reflect)));
    assert!(differs(&cwt.transform(&signal).unwrap().iter().map(Complex64::conj).collect::<Vec<_>>()));
}

#[test]
fn nothing_wraps_around_a_zero_boundary() {
    let n = 96;
    for wavelet in &every_wavelet() {
        for (end, far) in [(0, 60..n), (n - 1, 0..36)] {
            let mut impulse = vec![0.0; n];
            impulse[end] = 1.0;
            let scales = [2.0];
            let at = |boundary| {
                let cwt = Cwt::<f64>::new(wavelet.as_ref(), n, &scales, Norm::L2, boundary).unwrap();
                (cwt.transform(&impulse).unwrap(), cwt.error_bound(0, &impulse).total())
            };
            let (zero, bound) = at(Boundary::Zero);
            for b in far.clone() {
                let lag = end as f64 - b as f64;
                let expected = wavelet.psi(lag / 2.0).conj() / 2f64.sqrt();
                assert!((zero[b] - expected).norm() <= bound, "{wavelet:?} at {b}: {} {expected}", zero[b]);
            }
            // The control: a periodic transform does bring the other end back.
            let (periodic, _) = at(Boundary::Periodic);
            let wrapped = far.clone().any(|b| (periodic[b] - zero[b]).norm() > 1e3 * bound);
            assert!(wrapped || wavelet.support().is_some_and(|_| end == n - 1) || end == 0, "{wavelet:?}");
        }
    }
}

#[test]
fn reflect_is_the_periodic_transform_of_the_mirrored_signal() {
    let signal: Vec<f64> = noise(30, 6);
    let mirrored: Vec<f64> = signal.iter().chain(signal.iter().rev()).copied().collect();
    let scales = [1.0, 5.0, 40.0];
    for wavelet in [&Ricker as &dyn MotherWavelet, &Paul::new(4).unwrap(), &Haar] {
        let reflect = Cwt::<f64>::new(wavelet, 30, &scales, Norm::L1, Boundary::Reflect).unwrap();
        let periodic = Cwt::<f64>::new(wavelet, 60, &scales, Norm::L1, Boundary::Periodic).unwrap();
        let (w, expected) = (reflect.transform(&signal).unwrap(), periodic.transform(&mirrored).unwrap());
        for row in 0..scales.len() {
            let bound = reflect.error_bound(row, &signal) + periodic.error_bound(row, &mirrored);
            assert_near(&w[row * 30..][..30], &expected[row * 60..][..30], bound.total(), wavelet.name());
        }
    }
}

#[test]
fn constants_vanish_under_wide_wavelets_and_not_under_the_gaussian() {
    let ones = vec![1.0; 40];
    let at = |wavelet: &dyn MotherWavelet| {
        let cwt = Cwt::<f64>::new(wavelet, 40, &[16.0], Norm::L1, Boundary::Reflect).unwrap();
        (cwt.transform(&ones).unwrap()[17].norm(), cwt.error_bound(0, &ones).total())
    };
    for wavelet in [&Ricker as &dyn MotherWavelet, &Paul::new(3).unwrap(), &Haar, &Morse::new(20.0, 3.0).unwrap()] {
        let (value, bound) = at(wavelet);
        assert!(value <= bound, "{wavelet:?}: {value:e}");
    }
    let (value, bound) = at(&Gaussian);
    assert!((value - PI.sqrt()).abs() <= bound + 1e-14, "{value}");
}

/// A daughter wider than a periodic signal cancels itself down to what its spectrum has at the first bin: far below
/// the rounding of its samples, and still exact to all digits.
#[test]
fn daughters_that_overlap_themselves_keep_their_digits() {
    fn agree<T: Sample>(limit: f64) {
        let n = 48;
        let signal: Vec<T> = noise(n, 13);
        let root = |k: usize| Complex64::cis(TAU * (k % n) as f64 / n as f64);
        let first: Complex64 = signal.iter().enumerate().map(|(t, x)| x.wide() * root(t).conj()).sum();
        for scale in [50.0, 96.0] {
            let cwt = Cwt::<T>::new(&Ricker, n, &[scale], Norm::L1, Boundary::Periodic).unwrap();
            let slow = direct::cwt(&Ricker, &signal, &[scale], Norm::L1, Boundary::Periodic).unwrap();
            let gain = Ricker.psihat(TAU * scale / n as f64).re;
            let peak = 2.0 / n as f64 * gain * first.norm();
            assert!(peak < 1e-6 && peak > T::min_positive_value().wide(), "{peak:e}");
            for (b, (fast, slow)) in cwt.transform_real(&signal).unwrap().iter().zip(slow).enumerate() {
                let expected = 2.0 / n as f64 * gain * (first * root(b)).re;
                assert!((fast.wide() - expected).abs() <= limit * peak, "{} {scale} {b}", T::NAME);
                assert!((slow - expected).norm() <= 1e-12 * peak, "{scale} {b}");
            }
        }
    }
    agree::<f64>(1e-12);
    agree::<f32>(1e-6);
}

// --- magnitudes, batches, threads -----------------------------------------------------------------

#[test]
fn powers_of_two_pass_through_exactly_up_to_the_ends_of_the_range() {
    fn scaled<T: Sample>(exponents: &[i32]) {
        let signal: Vec<T> = noise(33, 7);
        let cwt = Cwt::<T>::new(&Ricker, 33, &[1.0, 9.0], Norm::L2, Boundary::Zero).unwrap();
        let plain = cwt.transform_real(&signal).unwrap();
        for &exponent in exponents {
            let factor = T::of(f64::from(exponent).exp2());
            let moved: Vec<T> = signal.iter().map(|&x| x * factor).collect();
            let expected: Vec<T> = plain.iter().map(|&w| w * factor).collect();
            assert_eq!(cwt.transform_real(&moved).unwrap(), expected, "2^{exponent} in {}", T::NAME);
        }
    }
    scaled::<f64>(&[-900, -300, 300, 1015]);
    scaled::<f32>(&[-80, -30, 30, 119]);
    // Among the subnormal numbers digits are lost, but only those.
    let tiny: Vec<f64> = noise::<f64>(33, 7).iter().map(|x| x * 1e-310).collect();
    check::<f64>(&Ricker, &tiny, &[2.0], Norm::L2, Boundary::Zero);
    let huge: Vec<f32> = noise::<f32>(33, 7).iter().map(|x| x * 1e38).collect();
    check::<f32>(&Morlet::corrected(6.0).unwrap(), &huge, &[2.0], Norm::L1, Boundary::Periodic);
}

#[test]
fn zeros_stay_zeros() {
    for boundary in BOUNDARIES {
        let cwt = Cwt::<f32>::new(&Haar, 20, &[3.0], Norm::L2, boundary).unwrap();
        assert!(cwt.transform_real(&[0.0; 20]).unwrap().iter().all(|w| *w == 0.0));
    }
}

#[test]
fn a_batch_is_its_signals_one_by_one_on_any_number_of_threads() {
    let signals: Vec<f32> = noise(7 * 60, 8);
    let cwt = Cwt::<f32>::new(
        &Morlet::corrected(6.0).unwrap(),
        60,
        &octaves(0..=3, 4.try_into().unwrap()),
        Norm::L2,
        Boundary::Zero,
    )
    .unwrap();
    let whole = cwt.transform(&signals).unwrap();
    let single: Vec<_> = signals.chunks(60).flat_map(|signal| cwt.transform(signal).unwrap()).collect();
    assert_eq!(whole, single);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| cwt.transform(&signals).unwrap()), whole);
    let mut into = vec![Complex::default(); whole.len()];
    cwt.transform_into(&signals, &mut into).unwrap();
    assert_eq!(into, whole);
}

// --- plans --------------------------------------------------------------------------------------------

/// Long signals go in pieces, and short daughters are summed; the seams are where errors would be.
#[test]
fn every_path_computes_the_defining_sum() {
    fn agree<T: Sample>(wavelet: &dyn MotherWavelet, boundary: Boundary, kinds: &mut [usize; 4]) {
        let (n, scales) = (30_000, [0.3, 2.2, 9.0, 30.0]);
        let signal = noise::<T>(n, 9);
        let cwt = Cwt::<T>::new(wavelet, n, &scales, Norm::L2, boundary).unwrap();
        let w = cwt.transform(&signal).unwrap();
        let period = if boundary == Boundary::Reflect { 2 * n as i64 } else { n as i64 };
        let at = |t: i64| match (boundary, t.rem_euclid(period)) {
            (Boundary::Zero, _) if !(0..n as i64).contains(&t) => 0.0,
            (Boundary::Reflect, t) => signal[t.min(period - 1 - t) as usize].wide(),
            (_, t) => signal[t as usize].wide(),
        };
        for (row, (&scale, plan)) in scales.iter().zip(cwt.rows()).enumerate() {
            kinds[match plan.path {
                Path::Convolution { .. } => 0,
                Path::Phases { blocks: 1, .. } => 1,
                Path::Phases { .. } => 2,
                Path::Fourier { .. } => 3,
            }] += 1;
            assert!(plan.scale == scale && plan.relative_error < 1e-4 && plan.flops > 0 && plan.bytes > 0, "{plan:?}");
            // Beyond 40 scales these wavelets are 0 in f64.
            let reach = (40.0 * scale).ceil() as i64;
            let daughter: Vec<Complex64> = (-reach..=reach).map(|lag| wavelet.psi(lag as f64 / scale).conj()).collect();
            let factor = Norm::L2.factor(scale);
            let size: f64 = daughter.iter().map(|z| z.norm()).sum();
            let terms = daughter.len() + 64;
            let bound = cwt.error_bound(row, &signal) + Bound::rounding(gamma(terms, U) * factor * size);
            for b in (0..n).step_by(61).chain(n - 40..n) {
                let sum: Complex64 = (-reach..).zip(&daughter).map(|(lag, z)| z * at(b as i64 + lag)).sum();
                let error = distance(w[row * n + b], factor * sum);
                let agreement = Agreement::of(error, 0.0, bound);
                assert!(agreement.holds(), "{wavelet:?} {boundary:?} {plan:?} at {b}: {agreement:?}");
            }
        }
        assert!(cwt.bytes() >= cwt.rows().iter().map(|row| row.bytes).sum());
    }
    let mut kinds = [0; 4];
    for wavelet in [&Morlet::corrected(6.0).unwrap() as &dyn MotherWavelet, &Ricker] {
        for boundary in BOUNDARIES {
            agree::<f32>(wavelet, boundary, &mut kinds);
            agree::<f64>(wavelet, boundary, &mut kinds);
        }
    }
    // A circle that is not smooth has no phases.
    let paul = Cwt::<f32>::new(&Paul::new(4).unwrap(), 1021, &[300.0], Norm::L2, Boundary::Periodic).unwrap();
    assert_eq!(paul.rows()[0].path, Path::Fourier { transform: 1021 });
    let short = Cwt::<f32>::new(&Ricker, 512, &[32.0], Norm::L2, Boundary::Zero).unwrap();
    assert!(matches!(short.rows()[0].path, Path::Phases { blocks: 1, .. }), "{:?}", short.rows());
    assert!(kinds[0] > 0 && kinds[2] > 0, "{kinds:?}");
}

#[test]
fn a_planner_gives_the_same_plan_again_and_never_another() {
    let mut planner = CwtPlanner::<f64>::new();
    let (morlet, other) = (Morlet::corrected(6.0).unwrap(), Morlet::corrected(6.5).unwrap());
    let mut plan = |wavelet: &dyn MotherWavelet, n, scales: &[f64], norm, boundary| {
        planner.plan(wavelet, n, scales, norm, boundary).unwrap()
    };
    let first = plan(&morlet, 70, &[2.0, 5.0], Norm::L2, Boundary::Zero);
    assert!(std::sync::Arc::ptr_eq(&first, &plan(&morlet, 70, &[2.0, 5.0], Norm::L2, Boundary::Zero)));
    for different in [
        plan(&other, 70, &[2.0, 5.0], Norm::L2, Boundary::Zero),
        plan(&morlet, 71, &[2.0, 5.0], Norm::L2, Boundary::Zero),
        plan(&morlet, 70, &[2.0, 5.5], Norm::L2, Boundary::Zero),
        plan(&morlet, 70, &[2.0, 5.0], Norm::L1, Boundary::Zero),
        plan(&morlet, 70, &[2.0, 5.0], Norm::L2, Boundary::Reflect),
    ] {
        assert!(!std::sync::Arc::ptr_eq(&first, &different));
    }
}

#[test]
fn scratch_of_its_own_serves_a_plan_and_that_of_another_is_refused() {
    let morlet = Morlet::corrected(6.0).unwrap();
    let cwt = |n| Cwt::<f32>::new(&morlet, n, &[1.5, 8.0, 50.0], Norm::L2, Boundary::Zero).unwrap();
    let (one, other) = (cwt(200), cwt(900));
    let signals = noise(3 * 200, 11);
    let (mut scratch, bytes) = (one.scratch(), one.scratch().bytes());
    let mut w = vec![Complex::default(); 3 * 3 * 200];
    for _ in 0..2 {
        one.transform_with(&signals, &mut w, &mut scratch).unwrap();
        assert_eq!(w, one.transform(&signals).unwrap());
    }
    let mut power = vec![0.0; w.len()];
    one.power_with(&signals, &mut power, &mut scratch).unwrap();
    assert!(power.iter().zip(&w).all(|(power, w)| *power == w.norm_sqr()));
    assert_eq!(power, one.power(&signals).unwrap());
    assert_eq!(scratch.bytes(), bytes);
    assert_eq!(one.transform_with(&signals, &mut w, &mut other.scratch()), Err(SignalError::Scratch));
    let real = Cwt::<f32>::new(&Ricker, 200, &[3.0], Norm::L2, Boundary::Zero).unwrap();
    let mut w = vec![0.0; 3 * 200];
    real.transform_real_with(&signals, &mut w, &mut real.scratch()).unwrap();
    assert_eq!(w, real.transform_real(&signals).unwrap());
}

/// Parseval against the squares of the direct sum, over one period or far beyond both ends.
#[test]
fn energies_are_the_sums_of_squares() {
    fn agree<T: Sample>(wavelet: &dyn MotherWavelet, n: usize, boundary: Boundary) {
        let scales = [0.7, 3.0, 11.0];
        let signal = noise::<T>(n, 12);
        let energy = ScaleEnergy::<T>::new(wavelet, n, &scales, Norm::L2, boundary).unwrap();
        // With margins of zeros wider than any daughter here, or the whole period.
        let margin = vec![T::zero(); 16 * 11];
        let (long, rest): (Vec<T>, Boundary) = match boundary {
            Boundary::Zero => ([&margin[..], &signal, &margin].concat(), Boundary::Zero),
            Boundary::Periodic => (signal.clone(), Boundary::Periodic),
            Boundary::Reflect => (signal.iter().chain(signal.iter().rev()).copied().collect(), Boundary::Periodic),
            Boundary::Constant => unreachable!("what goes on for ever has no finite energy"),
        };
        let w = direct::cwt(wavelet, &long, &scales, Norm::L2, rest).unwrap();
        let ours = energy.of(&signal).unwrap();
        for (row, &scale) in scales.iter().enumerate() {
            let line = &w[row * long.len()..(row + 1) * long.len()];
            let expected: f64 = line.iter().map(|w| w.norm_sqr()).sum();
            // The direct sum errs in each coefficient, and so in the root of the sum of squares.
            let each = direct_rounding(wavelet, &long, scale, Norm::L2).total() * (long.len() as f64).sqrt();
            let direct = Bound::rounding(each * (2.0 * expected.sqrt() + each) + gamma(long.len(), U) * expected);
            let bound = energy.error_bound(row, &signal) + direct;
            let agreement = Agreement::of(ours[row].wide(), expected, bound);
            assert!(agreement.holds(), "{wavelet:?} {boundary:?} {n} {scale} {}: {agreement:?}", T::NAME);
            // The control: the other norm, unless there is next to no energy, as in one sample for ever.
            let told_apart = !Agreement::of(ours[row].wide(), expected / scale, bound).holds();
            assert!(told_apart || expected <= 8.0 * bound.total(), "{wavelet:?} {boundary:?} {n} {scale}");
        }
    }
    for wavelet in [&Morlet::corrected(6.0).unwrap() as &dyn MotherWavelet, &Ricker, &Haar, &Gaussian] {
        for boundary in BOUNDARIES {
            for n in [1, 2, 31, 64, 127] {
                agree::<f32>(wavelet, n, boundary);
                agree::<f64>(wavelet, n, boundary);
            }
        }
    }
    let paul = Paul::new(4).unwrap();
    agree::<f64>(&paul, 45, Boundary::Periodic);
    agree::<f32>(&paul, 45, Boundary::Reflect);
    let endless = ScaleEnergy::<f64>::new(&paul, 45, &[2.0], Norm::L2, Boundary::Zero);
    assert_eq!(endless.err(), Some(SignalError::Endless { wavelet: "paul" }));
    let energy = ScaleEnergy::<f32>::new(&Ricker, 8, &[1.0], Norm::L2, Boundary::Zero).unwrap();
    assert_eq!(energy.of(&[0.0; 9]), Err(SignalError::Length { length: 8, found: 9 }));
    assert!(matches!(energy.of(&[f32::NAN; 8]), Err(SignalError::NotFinite { index: 0, .. })));
    assert_eq!(ScaleEnergy::<f32>::new(&Ricker, 0, &[1.0], Norm::L2, Boundary::Zero).err(), Some(SignalError::Empty));
}

#[test]
fn plans_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Cwt<f32>>();
    shared::<Cwt<f64>>();
}

#[test]
fn bad_requests_are_errors_that_name_what_is_wrong() {
    let plan = |length, scales: &[f64]| Cwt::<f64>::new(&Ricker, length, scales, Norm::L2, Boundary::Zero);
    assert_eq!(plan(0, &[1.0]).err(), Some(SignalError::Empty));
    assert_eq!(plan(8, &[]).err(), Some(SignalError::NoScales));
    for scale in [0.0, -2.0, f64::INFINITY, 1e-200] {
        assert_eq!(plan(8, &[1.0, scale]).err(), Some(SignalError::Scale { scale }));
        let slow = direct::cwt(&Ricker, &[1.0], &[scale], Norm::L2, Boundary::Zero);
        assert_eq!(slow.err(), Some(SignalError::Scale { scale }));
    }
    assert!(plan(8, &[f64::NAN]).is_err());
    let cwt = plan(8, &[1.0]).unwrap();
    assert_eq!(cwt.transform(&[0.0; 9]).err(), Some(SignalError::Length { length: 8, found: 9 }));
    assert_eq!(cwt.transform(&[]).err(), Some(SignalError::Length { length: 8, found: 0 }));
    assert_eq!(cwt.transform_real_into(&[0.0; 8], &mut [0.0; 7]), Err(SignalError::Room { expected: 8, found: 7 }));
    let mut signal = [0.0; 16];
    signal[11] = f64::INFINITY;
    let error = cwt.transform(&signal).unwrap_err();
    assert_eq!(error.to_string(), "sample 11 is inf, expected a finite number");
    signal[11] = f64::NAN;
    assert!(cwt.transform(&signal).is_err());
    assert!(direct::cwt(&Ricker, &signal, &[1.0], Norm::L2, Boundary::Zero).is_err());
    // Sums that would never end say so.
    for (wavelet, scale) in [(&Haar as &dyn MotherWavelet, 1e11), (&Paul::new(1).unwrap(), 1e-6)] {
        let error = Cwt::<f64>::new(wavelet, 8, &[scale], Norm::L2, Boundary::Periodic).err().unwrap();
        assert_eq!(error, SignalError::TooManyTerms { scale, wavelet: wavelet.name() });
        assert!(direct::cwt(wavelet, &[1.0; 8], &[scale], Norm::L2, Boundary::Periodic).is_err());
        assert!(Cwt::<f64>::new(wavelet, 8, &[scale], Norm::L2, Boundary::Zero).is_ok());
    }
}

// --- scalogram, cone, frequencies -------------------------------------------------------------------

#[test]
fn the_scalogram_of_a_tone_peaks_at_its_frequency() {
    let (n, k) = (512, 32);
    let tone: Vec<f64> = (0..n).map(|t| (TAU * (k * t % n) as f64 / n as f64).cos()).collect();
    let scales = octaves(1..=6, 16.try_into().unwrap());
    for wavelet in [&Morlet::corrected(6.0).unwrap() as &dyn MotherWavelet, &Paul::new(4).unwrap()] {
        let cwt = Cwt::<f64>::new(wavelet, n, &scales, Norm::L1, Boundary::Periodic).unwrap();
        let scalogram = Scalogram::new(wavelet, &scales, &cwt.transform(&tone).unwrap());
        let best =
            (0..scales.len()).max_by(|&i, &j| scalogram.row(i)[n / 2].total_cmp(&scalogram.row(j)[n / 2])).unwrap();
        let (found, step) = (scalogram.frequencies[best], 2f64.powf(1.0 / 16.0));
        let frequency = k as f64 / n as f64;
        assert!(found / step <= frequency && frequency <= found * step, "{wavelet:?}: {found} for {frequency}");
    }
}

#[test]
fn the_cone_has_the_published_e_folding_times() {
    // Torrence & Compo, Table 1: √2 s for Morlet and DOG, s/√2 for Paul.
    for (name, e_folding) in
        [("morlet", 2f64.sqrt()), ("dog", 2f64.sqrt()), ("ricker", 2f64.sqrt()), ("paul", 0.5f64.sqrt())]
    {
        let wavelet = by_name(name, &Parameters::default()).unwrap();
        let cone = cone_of_influence(wavelet.as_ref(), 9);
        let expected = [0.5, 1.5, 2.5, 3.5, 4.5, 3.5, 2.5, 1.5, 0.5].map(|distance| distance / e_folding);
        assert!(cone.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 4.0 * U * b), "{name}: {cone:?}");
    }
    assert_eq!(cone_of_influence(&Haar, 3), [0.5, 1.5, 0.5]);
    assert_eq!(frequencies(&Ricker, &[2.0]), [2f64.sqrt() / (2.0 * PI) / 2.0]);
}

// --- values computed by others -----------------------------------------------------------------------

fn references() -> Value {
    serde_json::from_str(include_str!("data/cwt/references.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn table(rows: &Value) -> Vec<Complex64> {
    let rows = rows.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
    rows.map(|z| Complex64::new(z[0].as_f64().unwrap(), z[1].as_f64().unwrap())).collect()
}

fn built(row: &Value) -> Box<dyn MotherWavelet> {
    let number = |name: &str| row["parameters"][name].as_f64();
    let parameters = Parameters { omega0: number("omega0"), order: number("order"), ..Parameters::default() };
    by_name(row["name"].as_str().unwrap(), &parameters).unwrap()
}

#[test]
fn numpy_adds_up_the_same_sums() {
    let references = references();
    let (signal, scales) = (numbers(&references["signal"]), numbers(&references["scales"]));
    let n = signal.len();
    for row in references["sums"].as_array().unwrap() {
        let wavelet = built(row);
        let boundary = match row["boundary"].as_str().unwrap() {
            "zero" => Boundary::Zero,
            "periodic" => Boundary::Periodic,
            _ => Boundary::Reflect,
        };
        let cwt = Cwt::<f64>::new(wavelet.as_ref(), n, &scales, Norm::L2, boundary).unwrap();
        let (ours, theirs) = (cwt.transform(&signal).unwrap(), table(&row["rows"]));
        for (i, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let scale = scales[i / n];
            let bound = cwt.error_bound(i / n, &signal) + direct_rounding(wavelet.as_ref(), &signal, scale, Norm::L2);
            let agreement = Agreement::of((ours - theirs).norm(), 0.0, bound);
            assert!(agreement.holds(), "{wavelet:?} {boundary:?} at {i}: {ours} {theirs} {bound:?}");
        }
    }
}

/// How far PyWavelets' `cwt` is from the sum that defines the transform, with its default settings:
/// it integrates `psi` on a grid, looks the integral up at rounded-down places, and differences.
#[test]
#[expect(clippy::print_stdout, reason = "the figures of docs/conventions.md")]
fn pywavelets_is_far_from_the_defining_sum() {
    let references = references();
    let (signal, scales) = (numbers(&references["signal"]), numbers(&references["scales"]));
    let n = signal.len();
    for row in references["pywavelets"].as_array().unwrap() {
        let wavelet = built(row);
        let cwt = Cwt::<f64>::new(wavelet.as_ref(), n, &scales, Norm::L2, Boundary::Zero).unwrap();
        let (ours, theirs) = (cwt.transform(&signal).unwrap(), table(&row["rows"]));
        for (i, scale) in scales.iter().enumerate() {
            let line = i * n..(i + 1) * n;
            let peak = ours[line.clone()].iter().map(|w| w.norm()).fold(0.0, f64::max);
            let error =
                ours[line.clone()].iter().zip(&theirs[line.clone()]).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
            println!("{} scale {scale}: {:.2e} of the largest coefficient", row["wavelet"], error / peak);
            // Ours is within its bound of the sum (the test above), ten digits closer.
            assert!(error > 1e-3 * peak && 1e10 * cwt.error_bound(i, &signal).total() < error, "{error} {peak}");
            // But it is the same transform, shifted and smoothed: a wrong factor would show.
            let moduli = ours[line.clone()].iter().zip(&theirs[line]).map(|(a, b)| (a.norm() - b.norm()).abs());
            assert!(*scale < 3.0 || moduli.fold(0.0, f64::max) < 0.2 * peak, "{row} at scale {scale}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_length_scale_and_boundary_agrees(n in 1usize..200, log_scale in -1.5..6.0f64, seed: u64, which in 0usize..12, b in 0usize..3) {
        let wavelets = every_wavelet();
        let wavelet = wavelets[which].as_ref();
        check::<f64>(wavelet, &noise(n, seed), &[log_scale.exp2()], Norm::L2, BOUNDARIES[b]);
        check::<f32>(wavelet, &noise(n, seed), &[log_scale.exp2()], Norm::L1, BOUNDARIES[b]);
    }

    #[test]
    fn the_transform_is_linear(n in 1usize..100, seed: u64, factor in -3.0..3.0f64) {
        let (x, y): (Vec<f64>, Vec<f64>) = (noise(n, seed), noise(n, seed ^ 1));
        let sum: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x + factor * y).collect();
        let cwt = Cwt::<f64>::new(&Ricker, n, &[3.0], Norm::L2, Boundary::Zero).unwrap();
        let [wx, wy, w] = [&x, &y, &sum].map(|signal| cwt.transform_real(signal).unwrap());
        let bound = cwt.error_bound(0, &x).total() + factor.abs() * cwt.error_bound(0, &y).total()
            + cwt.error_bound(0, &sum).total() + 32.0 * U * (n as f64);
        for b in 0..n {
            prop_assert!((w[b] - wx[b] - factor * wy[b]).abs() <= bound);
        }
    }
}
