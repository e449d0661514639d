//! Checks on the phase function `f` and the means of the pair.

use std::f64::consts::{FRAC_PI_4, PI, TAU};

use rand::RngExt;

use super::finding::attempt;
use super::{Case, Finding};
use crate::numeric::{Agreement, Bound, Integral, Real, integrate};
use crate::wavelet::{HaarLike, Part, PhasePair};

/// `u` of `f64`.
const U: f64 = f64::UNIT_ROUNDOFF;

/// The published phase: `2 K π frac(t)` on `[0, 2)`.
fn published(cycles: u32, t: f64) -> f64 {
    TAU * f64::from(cycles) * t.fract()
}

/// The largest fall that a set of prescribed values `(t, f(t))` forces on `f`.
fn largest_fall(mut points: Vec<(f64, f64)>) -> f64 {
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut highest = f64::NEG_INFINITY;
    points.iter().fold(0.0, |fall: f64, &(_, value)| {
        highest = highest.max(value);
        fall.max(highest - value)
    })
}

/// Prescribes `f(delta_i) = m theta_i`, and on the second interval too where asked: the fall forced
/// on `f` is the whole spread of the phases, computed from the same numbers.
fn forced_fall(case: &Case, on_both_intervals: bool) -> Finding {
    attempt(|| {
        let frequencies = case.frequencies()?;
        let mut random = case.random();
        let phases: Vec<f64> = frequencies.inv_freq().iter().map(|theta| case.position.abs() * theta).collect();
        // The theorem holds for any shifts. Rising with the phase is the choice most in favour of a
        // monotone f: on one interval it then exists.
        let mut shifts: Vec<f64> = phases.iter().map(|_| random.random::<f64>()).collect();
        shifts.sort_by(|a, b| b.total_cmp(a));
        let first = shifts.iter().zip(&phases).map(|(&shift, &phase)| (shift, phase));
        let second = shifts.iter().zip(&phases).map(|(&shift, &phase)| (1.0 + shift, phase));
        let points = if on_both_intervals { first.chain(second).collect() } else { first.collect() };
        let highest = phases.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lowest = phases.iter().copied().fold(f64::INFINITY, f64::min);
        let fall = largest_fall(points);
        Ok(Finding::of(Agreement::of(fall, highest - lowest, Bound::EXACT), || {
            format!("m = {}, {} phases: the forced fall is {fall}, not {}", case.position, case.pairs, highest - lowest)
        }))
    })
}

pub(super) fn monotone_phase_is_impossible(case: &Case) -> Finding {
    forced_fall(case, true)
}

/// With `psi` supported on one interval only.
pub(super) fn monotone_phase_is_impossible_on_one_interval(case: &Case) -> Finding {
    forced_fall(case, false)
}

/// The fall of the published phase over a fine grid of `[0, end)`.
fn fall(case: &Case, end: f64) -> Finding {
    let grid = (0..64).map(|i| end * f64::from(i) / 64.0);
    let fall = largest_fall(grid.map(|t| (t, published(case.cycles, t))).collect());
    let bound = Bound::rounding(4.0 * U * TAU * f64::from(case.cycles));
    Finding::of(Agreement::of(fall, 0.0, bound), || {
        format!(
            "K = {}: f rises towards {:.6} on [0, 1) and is 0 again at t = 1",
            case.cycles,
            TAU * f64::from(case.cycles)
        )
    })
}

pub(super) fn published_phase_is_monotone(case: &Case) -> Finding {
    fall(case, 2.0)
}

/// On its first interval it is.
pub(super) fn published_phase_is_monotone_on_each_interval(case: &Case) -> Finding {
    fall(case, 1.0)
}

/// `f(delta) > 0` at `m = 0`, where `delta = 0`: a value must exceed the resolution `u` of a phase of
/// order 1, which stands as the error, with the value as its bound.
pub(super) fn published_phase_is_positive(case: &Case) -> Finding {
    let value = published(case.cycles, 0.0);
    Finding::of(Agreement::of(U, 0.0, Bound::rounding(value)), || {
        format!("K = {}, m = 0: delta = 0 and f(0) = {value}; f(0) = f(1) = 0 at every position", case.cycles)
    })
}

/// `0 ≤ f < 2 K π`, on a grid of the support.
pub(super) fn published_phase_is_not_negative(case: &Case) -> Finding {
    let reach = TAU * f64::from(case.cycles);
    let findings = (0..128).map(|i| {
        let value = published(case.cycles, f64::from(i) / 64.0);
        // How far outside of [0, 2 K π] it lies.
        let outside = (-value).max(value - reach).max(0.0);
        Finding::of(Agreement::of(outside, 0.0, Bound::rounding(2.0 * U * reach)), || format!("f is {value}"))
    });
    findings.reduce(Finding::and).expect("the grid is not empty")
}

/// An integral beside its closed form: the quadrature's own error, and that of a phase of `turns`.
///
/// Values carry `(6 K π + 2) u` of the phase; at most three of them are multiplied, over a support of 2.
fn integral(name: &str, integral: Integral, expected: f64, turns: f64) -> Finding {
    let bound = integral.error + Bound::rounding(6.0 * (6.0 * PI * turns + 2.0) * U);
    Finding::of(Agreement::of(integral.value, expected, bound), || {
        format!("{name} is {:.6}, not {expected}", integral.value)
    })
}

pub(super) fn haar_like_pair_has_zero_mean(case: &Case) -> Finding {
    attempt(|| {
        let turns = f64::from(case.cycles);
        let of = |part| -> Result<Finding, Finding> {
            let wavelet = HaarLike::new(case.cycles, part)?;
            let mean = integrate(|t| wavelet.value(t), 0.0, 2.0, &[1.0], 1e-13);
            Ok(integral(&format!("K = {turns}: the mean of {part:?}"), mean, 0.0, turns))
        };
        Ok(of(Part::Psi)?.and(of(Part::PsiPrime)?))
    })
}

/// Half a turn more than `K`.
pub(super) fn half_turns_have_zero_mean(case: &Case) -> Finding {
    let turns = f64::from(case.cycles) + 0.5;
    let pair = PhasePair::new(move |t: f64| TAU * turns * t.fract(), &[]);
    let of = |part| integral(&format!("{turns} turns: the mean of {part:?}"), pair.integral(part), 0.0, turns);
    of(Part::Psi).and(of(Part::PsiPrime))
}

/// Energies 1 and 1, inner product 0, for any 1-periodic phase: here whole turns bent by a parabola.
fn orthonormal(case: &Case, second_interval: f64) -> Finding {
    let (turns, bend) = (f64::from(case.cycles), case.phase);
    let phase = move |t: f64| {
        let x = t.fract();
        let f = TAU * turns * x + bend * x * x;
        if t < 1.0 { f } else { second_interval * f }
    };
    let pair = PhasePair::new(phase, &[]);
    let inner = integrate(|t| pair.value(Part::Psi, t) * pair.value(Part::PsiPrime, t), 0.0, 2.0, &[1.0], 1e-13);
    let at = format!("K = {turns}, bend {bend:.3}");
    let turns = turns + bend / TAU;
    integral(&format!("{at}: the energy of psi"), pair.energy(Part::Psi), 1.0, turns)
        .and(integral(&format!("{at}: the energy of psi'"), pair.energy(Part::PsiPrime), 1.0, turns))
        .and(integral(&format!("{at}: the inner product"), inner, 0.0, turns))
}

pub(super) fn haar_like_pair_is_orthonormal(case: &Case) -> Finding {
    orthonormal(case, 1.0)
}

/// A phase that is 0 on the second interval.
pub(super) fn unlike_intervals_are_orthonormal(case: &Case) -> Finding {
    orthonormal(case, 0.0)
}

/// A 1-periodic phase under which `psi` has mean 0, in closed form: has `psi'` too?
fn mean_by_analogy(name: &str, phase: impl Fn(f64) -> f64, turns: f64) -> Finding {
    let pair = PhasePair::new(phase, &[]);
    let hypothesis = integral(&format!("{name}: the mean of psi"), pair.integral(Part::Psi), 0.0, turns);
    match hypothesis {
        Finding::Agrees(_) => {
            integral(&format!("{name}: the mean of psi is 0, that of psi'"), pair.integral(Part::PsiPrime), 0.0, turns)
        }
        _ => Finding::Undecided { why: format!("{name}: the mean of psi is not 0, which the claim supposes") },
    }
}

/// `f = π/4 + n π`: `psi` is plus or minus the Haar wavelet, `psi'` its scaling function.
pub(super) fn zero_mean_carries_over_by_analogy(case: &Case) -> Finding {
    let turns = f64::from(case.cycles - 1) / 2.0;
    let name = format!("f = pi/4 + {} pi", case.cycles - 1);
    mean_by_analogy(&name, move |_| FRAC_PI_4 + TAU * turns, turns + 1.0)
}

/// Under the published phase it does.
pub(super) fn zero_mean_carries_over_for_whole_turns(case: &Case) -> Finding {
    let cycles = case.cycles;
    mean_by_analogy(&format!("f = 2 {cycles} pi frac t"), move |t| published(cycles, t), f64::from(cycles))
}
