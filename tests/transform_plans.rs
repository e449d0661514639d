//! What a plan of the transform promises beside its numbers: the same for every set of vectors, no allocation once
//! it is made, and coefficients at a rate of their own from which all others follow.

use num_complex::{Complex, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ropelet::numeric::{Agreement, Bound};
use ropelet::signal::{Boundary, Cwt, CwtPlanner, DecimatedCwt, Instructions, Norm, Sample, SignalError, direct, fill};
use ropelet::wavelet::{DerivativeOfGaussian, Haar, Morlet, Morse, MotherWavelet, Ricker};

const BOUNDARIES: [Boundary; 3] = [Boundary::Zero, Boundary::Periodic, Boundary::Reflect];

fn noise<T: Sample>(length: usize, seed: u64) -> Vec<T> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..length).map(|_| T::of(random.random_range(-1.0..1.0))).collect()
}

fn distance<T: Sample>(a: Complex<T>, b: Complex<T>) -> f64 {
    let wide = |z: Complex<T>| Complex64::new(z.re.wide(), z.im.wide());
    (wide(a) - wide(b)).norm()
}

/// Scales from below Nyquist to beyond a length, so that bands are one bin wide, and as wide as the circle.
fn scales(length: usize) -> Vec<f64> {
    (0..12).map(|j| 0.7 * (f64::from(j) / 11.0 * (1.5 * length as f64 / 0.7).log2()).exp2()).collect()
}

/// Each plan keeps to its bound, so that two are no farther apart than both.
#[test]
fn all_sets_of_vectors_agree_within_their_bounds() {
    fn agree<T: Sample>(wavelet: &dyn MotherWavelet, length: usize, boundary: Boundary) {
        let (signal, scales) = (noise::<T>(length, 1), scales(length));
        let plans: Vec<_> = Instructions::all()
            .into_iter()
            .map(|instructions| {
                let mut planner = CwtPlanner::<T>::with_instructions(instructions);
                (instructions.name(), planner.plan(wavelet, length, &scales, Norm::L2, boundary).unwrap())
            })
            .collect();
        let (_, narrowest) = &plans[0];
        let expected = narrowest.transform(&signal).unwrap();
        for (name, plan) in &plans[1..] {
            let ours = plan.transform(&signal).unwrap();
            for row in 0..scales.len() {
                let bound = plan.error_bound(row, &signal) + narrowest.error_bound(row, &signal);
                for at in row * length..(row + 1) * length {
                    let agreement = Agreement::of(distance(ours[at], expected[at]), 0.0, bound);
                    assert!(
                        agreement.holds(),
                        "{wavelet:?} {length} {boundary:?} {name} {row} {}: {agreement:?}",
                        T::NAME
                    );
                }
            }
        }
    }
    for wavelet in [&Morlet::corrected(6.0).unwrap() as &dyn MotherWavelet, &Ricker, &Morse::new(3.0, 20.0).unwrap()] {
        for boundary in BOUNDARIES {
            for length in [7, 61, 250, 1100] {
                agree::<f32>(wavelet, length, boundary);
                agree::<f64>(wavelet, length, boundary);
            }
        }
    }
}

#[test]
fn a_plan_allocates_nothing_when_it_is_given_room() {
    fn count<T: Sample>(wavelet: &dyn MotherWavelet, length: usize, boundary: Boundary) {
        let (signals, scales) = (noise::<T>(3 * length, 2), scales(length));
        let cwt = Cwt::<T>::new(wavelet, length, &scales, Norm::L2, boundary).unwrap();
        let decimated = DecimatedCwt::<T>::new(wavelet, length, &scales, Norm::L2, boundary).unwrap();
        let mut w = vec![Complex::default(); signals.len() * scales.len()];
        let (mut scratch, mut power) = (cwt.scratch(), vec![T::zero(); w.len()]);
        let mut few = vec![Complex::default(); 3 * decimated.points()];
        let mut its_scratch = decimated.scratch();
        let counted = allocation_counter::measure(|| {
            cwt.transform_with(&signals, &mut w, &mut scratch).unwrap();
            cwt.power_with(&signals, &mut power, &mut scratch).unwrap();
            decimated.transform_with(&signals, &mut few, &mut its_scratch).unwrap();
            if cwt.is_real() {
                cwt.transform_real_with(&signals, &mut power, &mut scratch).unwrap();
            }
        });
        assert_eq!(counted.count_total, 0, "{wavelet:?} {length} {boundary:?} {}", T::NAME);
        // The control: without room, memory is asked for.
        assert!(allocation_counter::measure(|| drop(cwt.scratch())).count_total > 0);
    }
    for wavelet in [&Morlet::corrected(6.0).unwrap() as &dyn MotherWavelet, &Ricker] {
        for boundary in BOUNDARIES {
            for length in [64, 509, 3000] {
                count::<f32>(wavelet, length, boundary);
                count::<f64>(wavelet, length, boundary);
            }
        }
    }
}

#[test]
fn coefficients_at_their_own_rate_are_those_of_the_full_rate_and_give_them_back() {
    fn agree<T: Sample>(wavelet: &dyn MotherWavelet, length: usize, boundary: Boundary) -> (usize, usize) {
        let (signals, scales) = (noise::<T>(2 * length, 3), scales(length));
        let cwt = Cwt::<T>::new(wavelet, length, &scales, Norm::L2, boundary).unwrap();
        let decimated = DecimatedCwt::<T>::new(wavelet, length, &scales, Norm::L2, boundary).unwrap();
        let full = cwt.transform(&signals).unwrap();
        let few = decimated.transform(&signals).unwrap();
        assert_eq!(few.len(), 2 * decimated.points());
        for (which, signal) in signals.chunks(length).enumerate() {
            for (row, plan) in decimated.rows().iter().enumerate() {
                let full = &full[(which * scales.len() + row) * length..][..length];
                let few = &few[which * decimated.points()..][plan.range()];
                let bound = decimated.error_bound(row, signal) + cwt.error_bound(row, signal);
                let what = |at: usize| format!("{wavelet:?} {length} {boundary:?} {} {plan:?} at {at}", T::NAME);
                for (m, w) in few.iter().enumerate() {
                    let at = m as f64 * plan.step;
                    if at == at.floor() && at < length as f64 {
                        let agreement = Agreement::of(distance(*w, full[at as usize]), 0.0, bound);
                        assert!(agreement.holds(), "{}: {agreement:?}", what(at as usize));
                    }
                }
                // Interpolation keeps the 2-norm of an error, of which all may fall on one sample; its own
                // transforms are two more of the kind that made the points.
                let bound = Bound {
                    rounding: 3.0 * bound.rounding * (plan.step * plan.points as f64).sqrt(),
                    truncation: 2.0 * bound.truncation,
                };
                let interpolated = decimated.interpolate(row, few).unwrap();
                for (at, (ours, w)) in interpolated.iter().zip(full).enumerate() {
                    let agreement = Agreement::of(distance(*ours, *w), 0.0, bound);
                    assert!(agreement.holds(), "interpolated {}: {agreement:?}", what(at));
                }
            }
        }
        (decimated.points(), length * scales.len())
    }
    for wavelet in
        [&Morlet::corrected(6.0).unwrap() as &dyn MotherWavelet, &Ricker, &DerivativeOfGaussian::new(1).unwrap()]
    {
        for boundary in BOUNDARIES {
            for length in [31, 64, 509] {
                agree::<f32>(wavelet, length, boundary);
                agree::<f64>(wavelet, length, boundary);
            }
        }
    }
    let (few, all) = agree::<f64>(&Morlet::corrected(6.0).unwrap(), 2048, Boundary::Periodic);
    assert!(2 * few < all, "{few} of {all}");
}

/// Too few points would let frequencies of the band be taken for one another.
#[test]
fn a_row_has_as_many_points_as_its_band_has_bins() {
    let morlet = Morlet::corrected(6.0).unwrap();
    let decimated = DecimatedCwt::<f64>::new(&morlet, 1024, &[2.0, 8.0, 64.0], Norm::L2, Boundary::Periodic).unwrap();
    let points: Vec<usize> = decimated.rows().iter().map(|row| row.points).collect();
    assert!(points[0] >= 1024 && points[1] < 600 && points[2] < 128, "{points:?}");
    let wrong = decimated.interpolate(2, &vec![Complex::default(); points[2] - 1]);
    assert_eq!(wrong, Err(SignalError::Room { expected: points[2], found: points[2] - 1 }));
    let mut few = vec![Complex::default(); decimated.points()];
    let other = DecimatedCwt::<f64>::new(&morlet, 900, &[2.0], Norm::L2, Boundary::Zero).unwrap();
    let refused = decimated.transform_with(&noise(1024, 4), &mut few, &mut other.scratch());
    assert_eq!(refused, Err(SignalError::Scratch));
    assert!(matches!(decimated.transform(&[f64::NAN; 1024]), Err(SignalError::NotFinite { index: 0, .. })));
    assert_eq!(decimated.transform(&[0.0; 5]), Err(SignalError::Length { length: 1024, found: 5 }));
}

/// Output of many megabytes takes stores of another kind, at any alignment.
#[test]
fn large_output_is_the_same_as_small_output() {
    let (length, rows) = (1021, scales(1021));
    let cwt = Cwt::<f32>::new(&Morlet::corrected(6.0).unwrap(), length, &rows, Norm::L2, Boundary::Zero).unwrap();
    let signals = noise::<f32>(100 * length, 5);
    for shift in [0, 1, 3] {
        let mut large = vec![Complex::default(); signals.len() * rows.len() + shift];
        cwt.transform_into(&signals, &mut large[shift..]).unwrap();
        for (signal, w) in signals.chunks(length).zip(large[shift..].chunks(length * rows.len())).step_by(7) {
            assert!(cwt.transform(signal).unwrap() == w);
        }
    }
    let haar = Cwt::<f64>::new(&Haar, 64, &[3.0], Norm::L2, Boundary::Zero).unwrap();
    let one = noise::<f64>(64, 6);
    let slow = direct::cwt(&Haar, &one, &[3.0], Norm::L2, Boundary::Zero).unwrap();
    let bound = haar.error_bound(0, &one).total() + 1e-12;
    assert!(haar.transform(&one).unwrap().iter().zip(&slow).all(|(w, slow)| (w - slow).norm() <= bound));
    for length in [0, 1, 7, 5000] {
        let mut filled = vec![0.0f32; length];
        fill(&mut filled, 2.0);
        assert!(filled.iter().all(|x| *x == 2.0), "{length}");
    }
}
