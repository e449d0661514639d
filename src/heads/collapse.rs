//! M7: whether heads are one curve, dilated.

use std::f64::consts::TAU;

use num_complex::Complex64;

use super::band::Band;
use super::group::{GroupFamily, GroupView};
use super::{Definition, Plan, Signal};
use crate::numeric::{Real, gamma};

pub(super) const FAMILY: GroupFamily = GroupFamily { definitions, values, over_heads: true };

fn definitions(signal: Signal, _plan: &Plan) -> Vec<Definition> {
    if signal == Signal::Rows {
        return Vec::new();
    }
    vec![
        Definition::of(signal, "collapse_error", "1", "collapse error")
            .family("M7")
            .range(0.0, 1.0)
            .meaning(
                "Σ_h Σ_u (Q_h(u) - m(u))² / Σ_h Σ_u Q_h(u)², Q_h(u) = f_h |ĥ(u f_h)|²/Σ h², f_h the centre frequency, m the mean \
                 over heads, u = 2^{-2}..2^2 in eighths of an octave, u f_h ≤ 1/2",
                "Share of the heads' spectra that one common curve, dilated to each centre frequency, leaves unexplained: 0 \
                 for dilates of one wavelet.",
            )
            .known(["0", "", "0", ""]),
    ]
}

fn values(view: &GroupView<'_>, values: &mut Vec<Option<f64>>) {
    if view.signal == Signal::Rows {
        return;
    }
    let curves = view.heads.iter().filter_map(|head| {
        let mut signal = head.curve.to_vec();
        let mean = signal.iter().sum::<f64>() / signal.len() as f64;
        signal.iter_mut().for_each(|x| *x -= mean);
        view.plan.tapered(&mut signal);
        Some(dilated(&signal, Band::of(head.power)?.centre))
    });
    values.push(collapse_error(&curves.collect::<Vec<_>>()));
}

/// Roundings of a curve relative to itself: those of the phases of a thousand samples.
const ROUNDINGS: usize = 4096;

/// Points of the common frequency axis: two octaves to either side of the centre in eighths.
const SIDE: i32 = 16;

/// `Q(u) = f |ĥ(u f)|² / Σ h²` at `u = 2^{j/8}`, `j = -16..=16`, `f` the centre in cycles per sample; `None` where `u f > 1/2`.
///
/// `ĥ` is the Fourier transform of the samples at that very frequency, no bin of a discrete one, so that nothing is
/// interpolated and exact dilates have one `Q`, up to what their ends cut off and their aliases.
///
/// # Rounding
/// The phase is turned from sample to sample: `|ĥ|` is off by `γ_{4N} Σ|h|`.
fn dilated(signal: &[f64], centre: f64) -> Vec<Option<f64>> {
    let energy: f64 = signal.iter().map(|x| x * x).sum();
    let at = |j: i32| {
        let frequency = centre * (f64::from(j) / 8.0).exp2();
        (frequency <= 0.5).then(|| {
            let turn = Complex64::cis(-TAU * frequency);
            let (sum, _) = signal
                .iter()
                .fold((Complex64::ZERO, Complex64::ONE), |(sum, phase), x| (sum + phase * x, phase * turn));
            centre * sum.norm_sqr() / energy
        })
    };
    (-SIDE..=SIDE).map(at).collect()
}

/// `Σ (Q_h - m)² / Σ Q_h²` over heads and points, with `m` the mean over the heads that have a value at a point; points that
/// fewer than two have are left out.
///
/// 0 for curves that are equal to rounding, and `1 - 1/H` for `H` curves that have nothing in common; `None` for fewer than two curves.
fn collapse_error(curves: &[Vec<Option<f64>>]) -> Option<f64> {
    let points = curves.first()?.len();
    let [apart, whole] = (0..points).fold([0.0; 2], |[apart, whole], point| {
        let values: Vec<f64> = curves.iter().filter_map(|curve| curve[point]).collect();
        if values.len() < 2 {
            return [apart, whole];
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares = |of: &dyn Fn(f64) -> f64| values.iter().map(|&q| of(q).powi(2)).sum::<f64>();
        [apart + squares(&|q| q - mean), whole + squares(&|q| q)]
    });
    // Equal curves differ by the rounding of their phases.
    let rounding = gamma(ROUNDINGS, f64::UNIT_ROUNDOFF).powi(2);
    (whole > 0.0).then(|| if apart <= rounding * whole { 0.0 } else { apart / whole })
}

#[cfg(test)]
mod tests {
    use super::super::group::Kernel;
    use super::super::{SinkRule, Taper};
    use super::*;

    const N: usize = 256;

    fn error(heads: &[Vec<f64>]) -> Option<f64> {
        let plan = Plan::new(N, SinkRule::Kept, Taper::None).unwrap();
        let spectra: Vec<Vec<f64>> = heads.iter().map(|head| plan.power(head)).collect();
        let kernels: Vec<Kernel<'_>> =
            heads.iter().zip(&spectra).map(|(curve, power)| Kernel { curve, power }).collect();
        let mut found = Vec::new();
        values(&GroupView { signal: Signal::Scores, heads: &kernels, plan: &plan }, &mut found);
        found[0]
    }

    fn sampled(of: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..N).map(|t| of(t as f64 - 128.0)).collect()
    }

    #[test]
    fn dilates_of_one_wavelet_collapse_and_atoms_of_one_window_do_not() {
        let ricker = |a: f64| sampled(|t| (1.0 - (t / a).powi(2)) * (-0.5 * (t / a).powi(2)).exp());
        let morlet = |a: f64| sampled(|t| (-0.5 * (t / a).powi(2)).exp() * (6.0 * t / a).cos());
        // Centres come from sums of bins, which are those of dilates to (2πa/N)^5/30 for a Ricker wavelet of scale 12.
        let rickers = error(&[ricker(3.0), ricker(6.0), ricker(9.0), ricker(12.0)]).unwrap();
        assert!(rickers < 1e-8, "{rickers}");
        // Other factors and signs are the same shape.
        let scaled: Vec<f64> = ricker(6.0).iter().map(|x| -7.0 * x).collect();
        assert!(error(&[ricker(3.0), scaled]).unwrap() < 1e-8);
        let morlets = error(&[morlet(4.0), morlet(8.0), morlet(12.0), morlet(14.0)]).unwrap();
        assert!(morlets < 1e-8, "{morlets}");
        let atom = |bin: f64| sampled(|t| (-0.5 * (t / 10.0).powi(2)).exp() * (TAU * bin / N as f64 * t).cos());
        let atoms = error(&[atom(16.0), atom(32.0), atom(64.0), atom(100.0)]).unwrap();
        assert!(atoms > 0.1, "{atoms}");
    }

    #[test]
    fn curves_without_anything_in_common_leave_all_but_one_part_unexplained() {
        let one = |at: usize| (0..4).map(|i| Some(f64::from(u8::from(i == at)))).collect::<Vec<_>>();
        assert_eq!(collapse_error(&[one(0), one(1), one(2), one(3)]), Some(0.75));
        assert_eq!(collapse_error(&[one(0), one(0)]), Some(0.0));
        assert_eq!(collapse_error(&[one(0)]), None);
        assert_eq!(collapse_error(&[]), None);
    }
}
