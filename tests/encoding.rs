//! Positional encodings against tables made by others.

use std::collections::BTreeMap;

use ropelet::encoding::alibi_slopes;
use ropelet::numeric::{Bound, Real, compare_with, gamma};

#[test]
fn alibi_slopes_are_those_of_bloom() {
    let text = include_str!("data/encoding/alibi.json");
    let reference: BTreeMap<usize, Vec<f64>> = serde_json::from_str(text).unwrap();
    for (&heads, expected) in &reference {
        // The reference rounds the first slope to f32 and raises it to a power of at most 2 heads:
        // that many relative roundings, and those of the power itself.
        let bound = |j: usize| Bound::rounding(gamma(2 * heads + 4, f32::UNIT_ROUNDOFF) * expected[j]);
        let agreement = compare_with(&alibi_slopes(heads), expected, bound);
        assert!(agreement.holds(), "{heads} heads: {agreement:?}");
    }
    // The control: the slopes of a neighbouring count in its place.
    let twelve = alibi_slopes(12);
    assert!(!compare_with(&alibi_slopes(16)[..12], &twelve, |_| Bound::rounding(1e-3)).holds());
}
