//! Each statement as a property, generated from the check that `ropelet verify` runs.

use std::f64::consts::TAU;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ropelet::numeric::{Agreement, Bound};
use ropelet::rope::{Frequencies, Scaling};
use ropelet::theorem::{Case, Control, Finding, Settings, Standing, Statement, Verdict, catalogue, statement, verify};

/// Cases that shrink field by field: towards small heads, position 0, no scaling, one cycle.
fn cases() -> impl Strategy<Value = Case> {
    let position =
        || prop_oneof![(-1_048_576i32..=1_048_576).prop_map(f64::from), -1_048_576.0..1_048_576.0, -10.0..10.0];
    (
        1usize..=32,
        position(),
        position(),
        1.5f64..1e7,
        0..Case::SCALINGS,
        1u32..=16,
        0.0..std::f64::consts::TAU,
        any::<u64>(),
    )
        .prop_map(|(pairs, position, other, base, scaling, cycles, phase, seed)| Case {
            pairs,
            position,
            other,
            base,
            scaling,
            cycles,
            phase,
            seed,
        })
}

/// Fails, with the smallest case, where a finding is not this verdict.
fn every_case_ends_in(id: &str, check: fn(&Case) -> Finding, verdict: Verdict) {
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    runner
        .run(&cases(), |case| {
            let finding = check(&case);
            prop_assert_eq!(finding.verdict(), verdict, "{:?}", finding);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{id}: {error}"));
}

#[test]
fn what_is_proved_holds_in_every_case() {
    for statement in catalogue()
        .iter()
        .filter(|statement| matches!(statement.standing, Standing::Proved | Standing::ProvedByMachine))
    {
        every_case_ends_in(statement.id, statement.check, Verdict::Agrees);
    }
}

#[test]
fn the_true_variant_of_what_is_refuted_holds_in_every_case() {
    for statement in catalogue().iter().filter(|statement| statement.standing == Standing::Refuted) {
        every_case_ends_in(statement.id, statement.control, Verdict::Agrees);
    }
}

#[test]
fn no_check_of_a_refuted_claim_is_ever_undecided() {
    for statement in catalogue().iter().filter(|statement| statement.standing == Standing::Refuted) {
        let check = statement.check;
        TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() })
            .run(&cases(), |case| {
                prop_assert_ne!(check(&case).verdict(), Verdict::Undecided);
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{}: {error}", statement.id));
    }
}

#[test]
fn the_whole_catalogue_is_as_expected_for_several_seeds() {
    for seed in [0, 1, u64::MAX] {
        let report = verify(catalogue(), Settings { seed, cases: 8, ..Settings::default() });
        for outcome in &report.statements {
            assert!(outcome.expected, "seed {seed}: {outcome:?}");
            assert_eq!(outcome.control, Control::Rejected);
            assert_eq!(outcome.witness.is_some(), outcome.standing == Standing::Refuted);
        }
        assert!(report.ok);
    }
}

#[test]
fn each_control_is_told_apart_without_random_cases() {
    let report = verify(catalogue(), Settings { cases: 0, ..Settings::default() });
    assert!(report.ok, "{report:?}");
}

#[test]
fn the_report_does_not_depend_on_the_number_of_threads() {
    let settings = Settings { cases: 4, largest_dim: 16, ..Settings::default() };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| serde_json::to_string(&verify(catalogue(), settings)).unwrap())
    };
    assert_eq!(with(1), with(3));
}

fn planted(check: fn(&Case) -> Finding, control: fn(&Case) -> Finding, standing: Standing) -> Statement {
    Statement { id: "planted", standing, check, control, ..*statement("sampled-gains-lie-on-a-circle").unwrap() }
}

fn holds(_: &Case) -> Finding {
    Finding::of(Agreement::of(0.5, 0.0, Bound::rounding(1.0)), String::new)
}

fn fails(_: &Case) -> Finding {
    Finding::of(Agreement::of(2.0, 0.0, Bound::rounding(1.0)), || "2 > 1".into())
}

fn breaks(_: &Case) -> Finding {
    Finding::of(Agreement::of(f64::NAN, 0.0, Bound::rounding(1.0)), String::new)
}

#[test]
fn a_finding_that_contradicts_its_standing_is_not_expected() {
    for (check, control, standing, expected) in [
        (holds as fn(&Case) -> Finding, fails as fn(&Case) -> Finding, Standing::Proved, true),
        (holds, fails, Standing::ProvedByMachine, true),
        (holds, fails, Standing::Conjecture, true),
        (fails, holds, Standing::Refuted, true),
        (fails, holds, Standing::Proved, false),
        (fails, fails, Standing::Proved, false),
        (holds, holds, Standing::Proved, false),
        (holds, fails, Standing::Refuted, false),
        (fails, fails, Standing::Refuted, false),
        (fails, fails, Standing::Conjecture, false),
        (breaks, fails, Standing::Proved, false),
        (breaks, holds, Standing::Refuted, false),
        (holds, breaks, Standing::Proved, false),
        (fails, breaks, Standing::Refuted, false),
    ] {
        let report = verify(&[planted(check, control, standing)], Settings { cases: 1, ..Settings::default() });
        assert_eq!(report.ok, expected, "{report:?}");
    }
}

/// Single precision, published form: positions where `psi(t - b)` takes the wrong branch.
#[test]
fn the_literal_shift_fails_at_44353_and_103993() {
    let literal = statement("literal-shift-keeps-its-branch").unwrap();
    let at = |position| Case { position, ..Case::grid(4, 1e6).remove(0) };
    for position in [44353.0, 103_993.0] {
        let Finding::Refuted { agreement, witness } = (literal.check)(&at(position)) else {
            panic!("m = {position} is not refuted")
        };
        assert!(agreement.error > 0.99, "{witness}");
        assert_eq!((literal.control)(&at(position)).verdict(), Verdict::Agrees);
    }
    assert_eq!((literal.check)(&at(44354.0)).verdict(), Verdict::Agrees);
}

/// Every position up to `2^20` and every pair of a head of 128 at base 10⁴: where `psi(t - b)` with `b = j - delta` in single
/// precision, written as the paper writes it, leaves the unit interval that `t - j` names.
#[test]
fn the_literal_shift_takes_a_wrong_branch_at_8131_positions_the_first_at_44353() {
    let frequencies = Frequencies::new(1e4, 128, &Scaling::None, 1).unwrap();
    let mut wrong: Vec<(u32, usize)> = Vec::new();
    let (mut zeros, mut next) = (0, 0);
    for position in 0..=1u32 << 20 {
        let cycles = (f64::from(position) / TAU).floor() + 1.0;
        let turns = (TAU * cycles) as f32;
        for (pair, &theta) in frequencies.inv_freq().iter().enumerate() {
            let shift = (f64::from(position) * theta) as f32 / turns;
            let start = 2.0 * pair as f32;
            let b = start - shift;
            let near = start - b;
            let far = start + 1.0 - b;
            let is_near = (0.0..1.0).contains(&near);
            let is_far = (1.0..2.0).contains(&far);
            if !is_near || !is_far {
                wrong.push((position, pair));
                zeros += u32::from(!is_far);
                next += u32::from(!is_near);
            }
        }
    }
    // All of them in pair 0, whose angle is the position; elsewhere delta stays below theta_1 = 0.87.
    assert!(wrong.iter().all(|(_, pair)| *pair == 0));
    assert_eq!((wrong.len(), wrong[0].0), (8131, 44353));
    // The tap at t = j + 1 reads 0 behind the support in all, and that at t = j the next branch in 3492.
    assert_eq!((zeros, next), (8131, 3492));
    assert!(wrong.contains(&(103_993, 0)));
}
