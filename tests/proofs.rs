//! The Coq sources and the program say the same things: the same ids, and the same values where these
//! are rational. That the theorems hold is for Coq to say, in `.ci/proofs`.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use ropelet::numeric::{Agreement, Bound, Pairing, Real, compare};
use ropelet::rope::{Frequencies, Rotation, Scaling};
use ropelet::theorem::{Standing, catalogue};
use ropelet::wavelet::{RotaryMatrix, Shift};

const U: f64 = f64::UNIT_ROUNDOFF;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("proofs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The theorems of `Statements.v` under each id, in order.
fn stated() -> BTreeMap<String, Vec<String>> {
    let mut stated: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut id = String::new();
    for line in read("Statements.v").lines() {
        if let Some(heading) = line.strip_prefix("(** * ") {
            id = heading.trim_end_matches(" *)").to_owned();
        } else if let Some(theorem) = line.strip_prefix("Theorem ") {
            let name = theorem.split([' ', ':']).next().unwrap().to_owned();
            stated.entry(id.clone()).or_default().push(name);
        }
    }
    stated
}

#[test]
fn every_theorem_that_the_catalogue_names_is_stated_in_coq_and_none_is_left_out() {
    let stated = stated();
    assert!(stated.len() > 20);
    let mut seen = 0;
    for statement in catalogue() {
        let named: Vec<&str> = statement.machine_proofs().iter().flat_map(|proof| proof.theorems.clone()).collect();
        let written: BTreeSet<&str> = stated.get(statement.id).into_iter().flatten().map(String::as_str).collect();
        assert_eq!(named.iter().copied().collect::<BTreeSet<_>>(), written, "{}", statement.id);
        seen += named.len();
    }
    assert_eq!(seen, stated.values().map(Vec::len).sum::<usize>(), "a heading of Statements.v is no id");
}

#[test]
fn proved_by_machine_is_what_coq_has_proved() {
    for statement in catalogue() {
        let checked = !statement.machine_proofs().is_empty();
        match statement.standing {
            Standing::ProvedByMachine => assert!(checked, "{} has no theorem in Coq", statement.id),
            Standing::Proved => assert!(!checked, "{} is proved in Coq and stands as on paper", statement.id),
            _ => {}
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("proofs/{}.v", statement.id.replace('-', "_")));
        assert_eq!(file.exists(), checked, "{}", file.display());
    }
}

#[test]
fn the_axioms_are_those_of_the_reals() {
    const REALS: [&str; 4] = [
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "Classical_Prop.classic",
        "FunctionalExtensionality.functional_extensionality_dep",
    ];
    const MACHINE: [&str; 4] = ["FloatAxioms", "PrimFloat", "PrimInt63", "Uint63"];
    let audit = read("audit");
    let list = audit.split("computing='").nth(1).and_then(|rest| rest.split('\'').next()).expect("a list");
    let computing: Vec<&str> = list.split_whitespace().collect();
    for proof in catalogue().iter().flat_map(|statement| statement.machine_proofs()) {
        // An enclosure by interval arithmetic, as the list in proofs/audit has them.
        let computed = proof.theorems.iter().all(|name| computing.contains(name));
        for axiom in &proof.axioms {
            assert!(REALS.contains(axiom) || computed && MACHINE.contains(axiom), "{proof:?}");
        }
    }
}

#[test]
fn every_statement_is_closed_by_a_proof_of_its_own_file() {
    let text = read("Statements.v");
    let proofs = text.lines().filter(|line| line.starts_with("Proof. exact ") && line.ends_with(" Qed.")).count();
    assert_eq!(proofs, stated().values().map(Vec::len).sum::<usize>());
}

/// The lists of numbers under a name of `instances.txt`, innermost brackets first.
fn instances(name: &str, opening: char, closing: char) -> Vec<Vec<i64>> {
    let text = read("instances.txt");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}"));
    let body = line.trim().strip_prefix("= [").and_then(|body| body.strip_suffix(']')).expect("a list");
    let found: Vec<Vec<i64>> = body
        .split(opening)
        .skip(1)
        .map(|item| {
            let numbers = item.split(closing).next().unwrap().split([',', ';']);
            numbers.map(|number| number.trim().trim_matches(['(', ')']).parse().expect("an integer")).collect()
        })
        .collect();
    assert!(!found.is_empty());
    found
}

#[test]
fn rotations_by_a_pythagorean_angle_are_those_of_coq() {
    // cos = 3/5 and sin = 4/5. The angle, below 1, is off by 2u of itself from the arc tangent; the
    // entries by (28 π + 2)u of the Haar-type matrix, by 9u of the rotation.
    let angle = 4f64.atan2(3.0);
    for numbers in instances("rotations", '(', ')') {
        let [n, cos, sin] = numbers[..] else { panic!("{numbers:?}") };
        let scale = 5f64.powi(n as i32);
        let (cos, sin) = (cos as f64 / scale, sin as f64 / scale);
        let expected = [cos, sin, -sin, cos];
        let position = n as f64;
        let haar = RotaryMatrix::<f64>::new(&[angle], position, Pairing::Interleaved, Shift::Universal).unwrap();
        let bound = Bound::rounding((2.0 * position + 28.0 * std::f64::consts::PI + 3.0) * U);
        let agreement = compare(haar.to_dense().as_slice(), &expected, bound);
        assert!(agreement.holds(), "{n}: {agreement:?}");
    }
}

#[test]
fn shifts_at_rational_turns_are_those_of_coq() {
    for numbers in instances("shifts", '(', ')') {
        let [m, p, q, shift] = numbers[..] else { panic!("{numbers:?}") };
        let turn = p as f64 / q as f64;
        let haar = RotaryMatrix::<f64>::new(&[TAU * turn], m as f64, Pairing::Interleaved, Shift::Universal).unwrap();
        // 2π, the quotient and their product are rounded, each by u of m p/q turns; the shift by 10u.
        let bound = Bound::rounding((3.0 * (m as f64 * turn).abs() + 11.0) * U);
        let off = haar.shifts()[0] - shift as f64 / q as f64;
        // A shift of 0 may come out just below 1.
        let agreement = Agreement::of(off - off.round(), 0.0, bound);
        assert!(agreement.holds(), "{numbers:?}: {agreement:?}");
    }
}

#[test]
fn the_half_split_layout_is_permuted_as_in_coq() {
    for order in instances("permutations", '[', ']') {
        let dim = order.len();
        let frequencies = Frequencies::new(1e4, dim, &Scaling::None, 1).unwrap();
        let dense = |pairing| Rotation::<f64>::new(&frequencies, 3.0, pairing).unwrap().to_dense(dim).unwrap();
        let (half, interleaved) = (dense(Pairing::HalfSplit), dense(Pairing::Interleaved));
        for row in 0..dim {
            for column in 0..dim {
                let place = (order[row] as usize, order[column] as usize);
                assert_eq!(half[(row, column)], interleaved[place], "{dim}: ({row}, {column})");
            }
        }
    }
}

/// What `.ci/proofs` says where these programs are the only ones that it finds.
#[cfg(unix)]
fn stage_with(programs: &[(&str, &str)], without_coq: &str) -> (Option<i32>, String) {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap();
    for (name, script) in programs {
        let file = folder.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let stage = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/proofs");
    let mut command = Command::new("/bin/bash");
    command.arg(stage).env("PATH", folder.path()).env("WITHOUT_COQ", without_coq);
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn coq_that_is_missing_old_or_incomplete_is_told_in_one_sentence() {
    let dirname = ("dirname", "echo \"${1%/*}\"");
    let (id, cut) = (("id", "echo 1000"), ("cut", "read -r first rest; echo \"$first\""));
    let coq =
        |version: &str| format!("case $1 in -print-version) echo {version} 4.13.1;; -where) echo /nowhere;; esac");
    let (new, right) = (coq("8.20.0"), coq("8.16.1"));
    for (programs, without_coq, code, sentence) in [
        (vec![dirname, id], "", 1, "error: there is no Coq here and no right to install it"),
        (vec![dirname, id], "1", 0, "NOT CHECKED: there is no Coq here"),
        (
            vec![dirname, id, cut, ("coqc", new.as_str())],
            "1",
            1,
            "error: the proofs are written for Coq 8.16, and this is Coq 8.20.0",
        ),
        (
            vec![dirname, id, cut, ("coqc", right.as_str())],
            "",
            1,
            "error: Coq 8.16.1 is here without its library Coquelicot",
        ),
        (vec![dirname, ("id", "echo 0"), ("apt-get", "exit 100"), ("true", "")], "", 1, "error: Debian's packages"),
    ] {
        let (found, said) = stage_with(&programs, without_coq);
        assert_eq!((found, said.lines().count()), (Some(code), 1), "{said}");
        assert!(said.starts_with(sentence), "{said}");
    }
}
