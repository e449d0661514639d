//! Checks on the frequencies of RoPE and their scalings, on ALiBi's slopes, and on what decays with the lag.

use std::f64::consts::{PI, TAU};

use rand::RngExt;

use super::finding::attempt;
use super::{Case, Finding};
use crate::encoding::{alibi_slopes, rotary_kernel};
use crate::numeric::{Agreement, Bound, Real, sine_cosine_integral};
use crate::rope::{Frequencies, RopeError, Scaling, YarnRamp};

/// `u` of `f64`.
const U: f64 = f64::UNIT_ROUNDOFF;

/// The frequencies of a head under a scaling.
fn scaled(base: f64, dim: usize, scaling: &Scaling) -> Result<Vec<f64>, RopeError> {
    Ok(Frequencies::new(base, dim, scaling, 1)?.inv_freq().to_vec())
}

/// The first and the last frequency under NTK-aware scaling, beside the unscaled ones, the last divided by
/// this power of the factor.
fn ntk_endpoints(case: &Case, power: f64) -> Finding {
    attempt(|| {
        let (pairs, factor) = (case.pairs.max(2), case.random().random_range(1.5..64.0));
        let plain = scaled(case.base, 2 * pairs, &Scaling::None)?;
        let ntk = scaled(case.base, 2 * pairs, &Scaling::Ntk { factor })?;
        let (last, expected) = (ntk[pairs - 1], plain[pairs - 1] / factor.powf(power));
        // Exponents carry three roundings, turned by the logarithms of base and factor; both powers two more.
        let turned = case.base.ln() + 2.0 * (pairs as f64 / (pairs as f64 - 1.0)) * factor.ln();
        let bound = Bound::rounding((8.0 + 8.0 * turned) * U * expected);
        let first =
            Finding::of(Agreement::of(ntk[0], plain[0], Bound::EXACT), || format!("pair 0 turns by {}", ntk[0]));
        Ok(first.and(Finding::of(Agreement::of(last, expected, bound), || {
            format!(
                "{pairs} pairs, base {:.1}, factor {factor:.3}: pair {} turns by {last:e}, expected {expected:e}",
                case.base,
                pairs - 1
            )
        })))
    })
}

pub(super) fn ntk_interpolates_the_last_pair(case: &Case) -> Finding {
    ntk_endpoints(case, 1.0)
}

/// As if the base grew by the factor alone: then the last pair slows by `s^{(d-2)/d}`.
pub(super) fn ntk_slows_the_last_pair_by_less(case: &Case) -> Finding {
    let pairs = case.pairs.max(2) as f64;
    ntk_endpoints(case, (pairs - 1.0) / pairs)
}

/// How many pairs keep their frequency, have it divided by the factor, and neither.
fn split(plain: &[f64], scaled: &[f64], factor: f64) -> [f64; 3] {
    let kept = plain.iter().zip(scaled).filter(|(plain, scaled)| plain == scaled).count();
    let divided = plain.iter().zip(scaled).filter(|(plain, scaled)| **plain / factor == **scaled).count();
    [kept, plain.len() - kept - divided, divided].map(|count| count as f64)
}

/// The counts, which a mixture of weights 0 and 1 leaves exact.
fn splits_into(base: f64, scaling: &Scaling, factor: f64, expected: [f64; 3]) -> Finding {
    attempt(|| {
        let found = split(&scaled(base, 128, &Scaling::None)?, &scaled(base, 128, scaling)?, factor);
        let agreement = crate::numeric::compare(&found, &expected, Bound::EXACT);
        Ok(Finding::of(agreement, || format!("{found:?} pairs are kept, mixed and divided, expected {expected:?}")))
    })
}

fn llama3(original_length: usize) -> Finding {
    let factor = 8.0;
    let scaling = Scaling::Llama3 { factor, low_freq_factor: 1.0, high_freq_factor: 4.0, original_length };
    splits_into(5e5, &scaling, factor, [29.0, 6.0, 29.0])
}

pub(super) fn llama3_keeps_29_of_64_pairs(_case: &Case) -> Finding {
    llama3(8192)
}

/// With the extended length in the place of the original one.
pub(super) fn llama3_keeps_29_of_64_pairs_at_any_length(_case: &Case) -> Finding {
    llama3(131_072)
}

fn yarn(factor: f64, original_length: usize, ramp: YarnRamp) -> Scaling {
    Scaling::Yarn { factor, original_length, beta_fast: 32.0, beta_slow: 1.0, ramp, attention_factor: 1.0 }
}

/// The ramp of the code at base 10⁴.
fn yarn_split(original_length: usize) -> Finding {
    let scaling = yarn(8.0, original_length, YarnRamp::Index { truncate: true });
    splits_into(1e4, &scaling, 8.0, [21.0, 25.0, 18.0])
}

pub(super) fn yarn_ramp_runs_from_pair_20_to_46(_case: &Case) -> Finding {
    yarn_split(4096)
}

/// Of another trained length.
pub(super) fn yarn_ramp_runs_from_pair_20_to_46_at_any_length(_case: &Case) -> Finding {
    yarn_split(8192)
}

/// The frequencies of both ramps at these pairs, `d = 128`, base 10⁴, trained on 4096 tokens.
fn yarn_ramps_agree(case: &Case, pairs: impl Fn(usize) -> bool) -> Finding {
    attempt(|| {
        let factor = [2.0, 8.0, 32.0][case.cycles as usize % 3];
        let code = scaled(1e4, 128, &yarn(factor, 4096, YarnRamp::Index { truncate: true }))?;
        let paper = scaled(1e4, 128, &yarn(factor, 4096, YarnRamp::Turns))?;
        let findings = (0..64).filter(|pair| pairs(*pair)).map(|pair| {
            // A mixture of two numbers that agree to a few roundings.
            let bound = Bound::rounding(8.0 * U * paper[pair]);
            let apart = 1.0 - code[pair].min(paper[pair]) / code[pair].max(paper[pair]);
            Finding::of(Agreement::of(code[pair], paper[pair], bound), || {
                format!(
                    "factor {factor}, pair {pair}: the code turns by {:e}, the paper by {:e}, {:.1} % apart",
                    code[pair],
                    paper[pair],
                    100.0 * apart
                )
            })
        });
        Ok(findings.reduce(Finding::and).expect("there are pairs"))
    })
}

pub(super) fn yarn_ramps_of_paper_and_code_agree(case: &Case) -> Finding {
    // The pair that differs most comes first, and is the witness.
    yarn_ramps_agree(case, |pair| pair == [32, 36, 40][case.cycles as usize % 3])
}

/// Outside of both ramps.
pub(super) fn yarn_ramps_of_paper_and_code_agree_at_the_ends(case: &Case) -> Finding {
    yarn_ramps_agree(case, |pair| pair <= 20 || pair >= 46)
}

/// Configurations in use with the number of pairs that HoPE turns: `d`, base, training length, `K`.
const HOPE: [(usize, f64, usize, usize); 7] = [
    (128, 1e4, 512, 31),
    (128, 1e4, 2048, 41),
    (128, 1e4, 4096, 46),
    (128, 1e4, 8192, 50),
    (64, 1e4, 512, 16),
    (128, 5e5, 4096, 32),
    (128, 5e5, 8192, 35),
];

/// The pairs that HoPE turns, beside `⌊(d/2) ln(L/2π)/ln B⌋ + 1`, for the configurations in use and the case's.
fn hope(case: &Case, stretch: usize) -> Finding {
    attempt(|| {
        let turning = |dim, base, train_length| -> Result<f64, RopeError> {
            let theta = scaled(base, dim, &Scaling::Cut { train_length })?;
            Ok(theta.iter().filter(|theta| **theta > 0.0).count() as f64)
        };
        let mut finding = Finding::Agrees(Agreement::of(0.0, 0.0, Bound::EXACT));
        for (dim, base, length, expected) in HOPE {
            let found = turning(dim, base, stretch * length)?;
            finding = finding.and(Finding::of(Agreement::of(found, expected as f64, Bound::EXACT), || {
                format!("d = {dim}, base {base}, {length} tokens: {found} pairs turn, expected {expected}")
            }));
        }
        let length = case.random().random_range(7..100_000usize);
        let last = case.pairs as f64 * (length as f64 / TAU).ln() / case.base.ln();
        // A pair within rounding of a whole turn may fall on either side.
        if (last - last.round()).abs() > 1e-9 * (1.0 + last.abs()) {
            let found = turning(2 * case.pairs, case.base, stretch * length)?;
            let expected = (last.floor() + 1.0).min(case.pairs as f64);
            finding = finding.and(Finding::of(Agreement::of(found, expected, Bound::EXACT), || {
                format!("{} pairs, base {}, {length} tokens: {found} turn, expected {expected}", case.pairs, case.base)
            }));
        }
        Ok(finding)
    })
}

pub(super) fn hope_turns_the_pairs_that_complete_a_turn(case: &Case) -> Finding {
    hope(case, 1)
}

/// With the length of evaluation, four times that of training, in its place.
pub(super) fn hope_follows_the_length_of_evaluation(case: &Case) -> Finding {
    hope(case, 4)
}

/// The slopes of this many heads, beside `2^{-8 j/n}` with these `j` and `n`.
fn slopes(heads: usize, exponent: impl Fn(usize) -> f64) -> Finding {
    let findings = alibi_slopes(heads).into_iter().enumerate().map(|(head, slope)| {
        let expected = (-exponent(head)).exp2();
        // The exponent is at most 8 and rounds once, the power by one unit in the last place, twice.
        Finding::of(Agreement::of(slope, expected, Bound::rounding(12.0 * U * expected)), || {
            format!("{heads} heads: head {head} has the slope {slope}, expected {expected}")
        })
    });
    findings.reduce(Finding::and).expect("there are heads")
}

/// 9 to 24 heads, which no power of two but 16 is.
fn heads(case: &Case) -> usize {
    8 + case.cycles as usize
}

pub(super) fn alibi_slopes_interleave_two_powers_of_two(case: &Case) -> Finding {
    let heads = heads(case);
    let power = 1 << heads.ilog2();
    let (six, all) = ([2.0, 4.0, 6.0, 8.0, 1.0, 3.0], power as f64);
    let exponent = |head: usize| {
        if head < power { 8.0 * (head + 1) as f64 / all } else { 8.0 * (2 * (head - power) + 1) as f64 / (2.0 * all) }
    };
    slopes(heads, exponent).and(slopes(6, |head| six[head]))
}

/// One geometric sequence `2^{-8 (j+1)/n}` whatever the number of heads.
pub(super) fn alibi_slopes_are_one_geometric_sequence(case: &Case) -> Finding {
    let heads = heads(case);
    slopes(heads, |head| 8.0 * (head + 1) as f64 / heads as f64)
}

/// The variance of `cos(x t)` over `t` uniform on `[0, 1]`: `1/2 + sin 2x/4x - (sin x/x)²`.
fn variance(x: f64) -> f64 {
    0.5 + (2.0 * x).sin() / (4.0 * x) - (x.sin() / x).powi(2)
}

/// Its derivative.
fn variance_slope(x: f64) -> f64 {
    let (sin, cos) = x.sin_cos();
    (2.0 * x).cos() / (2.0 * x) - (2.0 * x).sin() / (4.0 * x * x) - 2.0 * sin * (x * cos - sin) / x.powi(3)
}

/// The slope is 0 here, and no value on a grid up to 8 is above that at it.
fn optimum(x: f64) -> Finding {
    // Terms of at most 1/2 with ten roundings each, and the argument's.
    let rounding = Bound::rounding(16.0 * U);
    let stationary = Finding::of(Agreement::of(variance_slope(x), 0.0, rounding), || {
        format!("at {x} the slope of the variance is {:.4e}", variance_slope(x))
    });
    let largest = (1..=800).map(|i| variance(f64::from(i) / 100.0)).fold(0.0, f64::max);
    stationary.and(Finding::of(Agreement::of((largest - variance(x)).max(0.0), 0.0, rounding), || {
        format!("the variance at {x} is {}, and {largest} elsewhere", variance(x))
    }))
}

pub(super) fn position_is_best_told_at_3_657_radians(_case: &Case) -> Finding {
    let value = Agreement::of(variance(OPTIMUM), 0.540_469_807_196_031_8, Bound::rounding(8.0 * U));
    optimum(OPTIMUM).and(Finding::of(value, || format!("the variance there is {}", variance(OPTIMUM))))
}

/// The root of the slope next to `7π/6`.
const OPTIMUM: f64 = 3.657_210_097_983_21;

/// At half a turn, where the cosine covers all its values once.
pub(super) fn position_is_best_told_at_half_a_turn(_case: &Case) -> Finding {
    optimum(PI)
}

/// Pairs of the head on which the sum is compared with the integral.
const PAIRS: usize = 1024;

/// `K(Δ)` at a few lags, beside `1 - c (Cin(Δ) - Cin(Δ/B))/ln B`.
fn logarithmic_decay(case: &Case, c: f64) -> Finding {
    attempt(|| {
        let theta = scaled(case.base, 2 * PAIRS, &Scaling::None)?;
        let kernel = rotary_kernel(&theta, 17);
        let (log, step) = (case.base.ln(), 1.0 / PAIRS as f64);
        let findings = [1usize, 4, 16].map(|lag| {
            let x = lag as f64;
            let (near, far) = (sine_cosine_integral(x).1, sine_cosine_integral(x / case.base).1);
            // The left end of each step, not its middle: half a step of the difference of the ends.
            let ends = step / 2.0 * (x.cos() - (x / case.base).cos());
            let expected = 1.0 - c * (near - far) / log + ends;
            // What the trapezoidal rule leaves: h²/12 ∫|f''|, with f' = ln B · x B^{-u} sin(x B^{-u}).
            let truncation = step * step / 12.0 * log * (x * x / 2.0 + x);
            let bound = Bound { rounding: (PAIRS as f64 + 40.0 * (1.0 + x) / log.min(1.0)) * U, truncation };
            Finding::of(Agreement::of(kernel[lag], expected, bound), || {
                format!("base {:.1}, lag {lag}: the kernel is {:.6}, expected {expected:.6}", case.base, kernel[lag])
            })
        });
        Ok(findings.into_iter().reduce(Finding::and).expect("three lags"))
    })
}

pub(super) fn rotary_kernel_decays_with_the_logarithm_of_the_lag(case: &Case) -> Finding {
    logarithmic_decay(case, 1.0)
}

/// Twice as fast.
pub(super) fn rotary_kernel_decays_with_the_square_of_the_lag(case: &Case) -> Finding {
    logarithmic_decay(case, 2.0)
}
