//! Checks on what an orthogonal filter bank gives back.

use super::finding::attempt;
use super::windows::attention_row;
use super::{Case, Finding};
use crate::numeric::{Agreement, Real};
use crate::signal::{Boundary, Dwt};
use crate::wavelet::DiscreteWavelet;

/// `‖x - W⁻¹Wx‖/‖x‖` in single precision, with this done to the coefficients between.
fn round_trip(case: &Case, between: impl Fn(&mut [Vec<f32>])) -> Finding {
    attempt(|| {
        let levels = 1 + case.cycles as usize % 6;
        let length = case.pairs << levels;
        let signal: Vec<f32> = attention_row(&mut case.random(), length).iter().map(|x| *x as f32).collect();
        let bank = Dwt::<f32>::new(&DiscreteWavelet::named("db2")?, Boundary::Periodic);
        let mut coefficients = bank.analyse(&signal, levels)?;
        between(&mut coefficients);
        let back = bank.synthesise(&coefficients, length)?;
        let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
        let error = norm(&mut signal.iter().zip(&back).map(|(x, y)| x.wide() - y.wide()));
        let relative = error / norm(&mut signal.iter().map(|x| x.wide()));
        Ok(Finding::of(Agreement::of(relative, 0.0, bank.round_trip(levels)), || {
            format!("{length} samples, {levels} levels: what comes back is off by {relative:e} of the signal")
        }))
    })
}

pub(super) fn filter_banks_give_back_every_signal(case: &Case) -> Finding {
    round_trip(case, |_| ())
}

/// Without the finest details.
pub(super) fn approximations_give_back_every_signal(case: &Case) -> Finding {
    round_trip(case, |coefficients| coefficients.iter_mut().last().into_iter().for_each(|finest| finest.fill(0.0)))
}
