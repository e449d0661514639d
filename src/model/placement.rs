use std::ops::Range;

use super::budget::{Budget, Size};

/// Which layers each device runs: ranges that follow each other.
///
/// The text's residual stream goes from device to device in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement(Vec<Range<usize>>);

impl Placement {
    /// Splits layers of these sizes, and what comes after the last one, among devices.
    ///
    /// A layer is on the device in whose share its middle falls, where each share is an equal part of
    /// all bytes. So a device has at most one layer more than its share. A device may get none.
    ///
    /// # Panics
    /// There is no device.
    pub fn balanced(layers: &[u64], after: u64, devices: usize) -> Self {
        assert!(devices > 0, "layers need a device");
        let total = (layers.iter().sum::<u64>() + after).max(1);
        let mut ranges = vec![0..0; devices];
        let (mut before, mut last) = (0, 0);
        for (number, bytes) in layers.iter().enumerate() {
            let middle = u128::from(2 * before + bytes) * devices as u128 / (2 * u128::from(total));
            let device = (middle as usize).clamp(last, devices - 1);
            ranges[last + 1..=device].fill(number..number);
            ranges[device].end = number + 1;
            (before, last) = (before + bytes, device);
        }
        ranges[last + 1..].fill(layers.len()..layers.len());
        Self(ranges)
    }

    /// The device of a layer, by its place in the list of devices; that of the last layer for what
    /// comes after it.
    pub fn device_of(&self, layer: usize) -> usize {
        let after = || self.0.iter().rposition(|range| !range.is_empty()).unwrap_or(0);
        self.0.iter().position(|range| range.contains(&layer)).unwrap_or_else(after)
    }

    /// The layers of each device.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.0
    }
}

/// Sizes of a model's weights in memory, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) layers: Vec<u64>,
    /// The output head, and again the embedding, which may be the same tensor.
    pub(super) table: u64,
    /// Whether one tensor is both.
    pub(super) tied: bool,
}

/// What stays in memory between runs, and what is read ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) layers: Vec<bool>,
    pub(super) head: bool,
    pub(super) embedding: bool,
    /// By device: whether the next layer may be read while one is in use.
    pub(super) ahead: Vec<bool>,
}

/// A budget is too small: on which device, and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooSmall {
    /// The layer that does not fit, or the head if there is none.
    pub(super) layer: Option<usize>,
    /// The smallest budget for all devices.
    pub(super) needed: u64,
}

/// The most bytes of an output head that are in memory at once, where it is not kept.
pub(super) const HEAD_PIECE: u64 = 64 << 20;

impl Plan {
    /// Fills each device's share of the budget: its layers from the first on, then the head on the
    /// last device, then the embedding on the first.
    ///
    /// As long as not all fits, room is left for the largest layer in use, and where there is room
    /// for a second one the next layer is read ahead.
    pub(super) fn new(sizes: &Sizes, placement: &Placement, budget: Budget) -> Result<Self, TooSmall> {
        let count = placement.ranges().len();
        let mut plan =
            Self { layers: vec![false; sizes.layers.len()], head: false, embedding: false, ahead: vec![false; count] };
        let share = match budget {
            Budget::Least => return Ok(plan),
            Budget::Bytes(bytes) => bytes / count as u64,
            Budget::All => u64::MAX,
        };
        let (first, last) = (placement.device_of(0), placement.device_of(sizes.layers.len()));
        // A head that is not kept needs room for a piece of it.
        let piece = sizes.table.min(HEAD_PIECE);
        let mut left = vec![share; count];
        for (device, range) in placement.ranges().iter().enumerate() {
            let layers = &sizes.layers[range.clone()];
            let after = if device == last { piece } else { 0 };
            let (all, largest) = (layers.iter().sum::<u64>(), layers.iter().copied().max().unwrap_or(0));
            if all.saturating_add(after) <= share {
                plan.layers[range.clone()].fill(true);
                plan.ahead[device] = true;
                left[device] = share - all;
                continue;
            }
            let needed = largest.max(after);
            if needed > share {
                let layer = layers.iter().position(|bytes| *bytes == needed).map(|place| range.start + place);
                return Err(TooSmall { layer, needed: needed * count as u64 });
            }
            plan.ahead[device] = 2 * largest <= share && layers.len() > 1;
            left[device] -= if plan.ahead[device] { needed.max(2 * largest) } else { needed };
            for (number, bytes) in range.clone().zip(layers) {
                if *bytes > left[device] {
                    break;
                }
                plan.layers[number] = true;
                left[device] -= bytes;
            }
            left[device] = 0;
        }
        plan.head = sizes.table <= left[last];
        if plan.head {
            left[last] -= sizes.table;
        }
        plan.embedding = sizes.tied && plan.head && last == first || sizes.table <= left[first];
        Ok(plan)
    }
}

impl TooSmall {
    /// What is needed, in words.
    pub(super) fn reason(&self) -> String {
        let what = self.layer.map_or_else(|| "the output head".to_owned(), |layer| format!("layer {layer}"));
        format!("{what} alone takes its whole share; give at least {} ({})", self.needed, Size(self.needed))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sizes(layers: &[u64], table: u64, tied: bool) -> Sizes {
        Sizes { layers: layers.to_vec(), table, tied }
    }

    #[test]
    fn equal_layers_are_split_equally() {
        assert_eq!(Placement::balanced(&[7; 8], 0, 4).ranges(), [0..2, 2..4, 4..6, 6..8]);
        assert_eq!(Placement::balanced(&[7; 6], 0, 1).ranges(), std::slice::from_ref(&(0..6)));
        assert_eq!(Placement::balanced(&[7; 2], 0, 3).ranges(), [0..1, 1..1, 1..2]);
    }

    #[test]
    fn a_large_head_leaves_its_device_fewer_layers() {
        assert_eq!(Placement::balanced(&[10; 6], 20, 2).ranges(), [0..4, 4..6]);
        // All layers before it, and the head is with the last of them.
        let placement = Placement::balanced(&[1; 3], 1000, 2);
        assert_eq!(placement.ranges(), [0..3, 3..3]);
        assert_eq!(placement.device_of(3), 0);
    }

    proptest! {
        #[test]
        fn each_layer_is_on_one_device_and_none_has_a_layer_more_than_its_share(
            layers in prop::collection::vec(1u64..1000, 1..40), after in 0u64..1000, devices in 1usize..9
        ) {
            let placement = Placement::balanced(&layers, after, devices);
            let total = layers.iter().sum::<u64>() + after;
            let mut next = 0;
            for (device, range) in placement.ranges().iter().enumerate() {
                prop_assert_eq!(range.start, next);
                next = range.end;
                let bytes: u64 = layers[range.clone()].iter().sum();
                let largest = layers[range.clone()].iter().max().copied().unwrap_or(0);
                prop_assert!(bytes * devices as u64 <= total + largest * devices as u64);
                prop_assert!(range.clone().all(|layer| placement.device_of(layer) == device));
            }
            prop_assert_eq!(next, layers.len());
        }

        #[test]
        fn what_is_in_memory_is_within_each_share(
            layers in prop::collection::vec(1u64..1000, 1..20), table in 1u64..3000, tied: bool,
            devices in 1usize..5, bytes in 0u64..40_000
        ) {
            let placement = Placement::balanced(&layers, table, devices);
            let sizes = sizes(&layers, table, tied);
            let share = bytes / devices as u64;
            let (first, last) = (placement.device_of(0), placement.device_of(layers.len()));
            match Plan::new(&sizes, &placement, Budget::Bytes(bytes)) {
                Ok(plan) => for (device, range) in placement.ranges().iter().enumerate() {
                    let kept: u64 = range.clone().filter(|layer| plan.layers[*layer]).map(|layer| layers[layer]).sum();
                    let passing: Vec<u64> =
                        range.clone().filter(|layer| !plan.layers[*layer]).map(|layer| layers[layer]).collect();
                    let in_use = match passing.iter().max() {
                        Some(largest) if plan.ahead[device] => 2 * largest,
                        Some(largest) => *largest,
                        None => 0,
                    };
                    let mut tables = 0;
                    if device == last && plan.head {
                        tables += table;
                    }
                    if device == first && plan.embedding && !(tied && plan.head && last == first) {
                        tables += table;
                    }
                    prop_assert!(kept + in_use + tables <= share);
                    let piece = if device == last && !plan.head { table.min(HEAD_PIECE) } else { 0 };
                    let embedding = if device == first && plan.embedding { table } else { 0 };
                    prop_assert!(kept + piece + embedding <= share);
                },
                Err(TooSmall { needed, .. }) => {
                    prop_assert!(needed > bytes - bytes % devices as u64);
                    // What it asks for is enough for that device, if not for a later one.
                    let again = Plan::new(&sizes, &placement, Budget::Bytes(needed));
                    prop_assert!(again.is_ok() || again.unwrap_err().needed > needed);
                }
            }
        }
    }

    #[test]
    fn what_fits_stays_layers_first() {
        let (sizes, one) = (sizes(&[10, 10, 10, 10], 15, false), Placement::balanced(&[10; 4], 15, 1));
        let plan = |budget| Plan::new(&sizes, &one, budget).unwrap();
        let kept = |bytes| plan(Budget::Bytes(bytes)).layers.iter().filter(|kept| **kept).count();
        assert_eq!(plan(Budget::Least).layers, [false; 4]);
        // The head's piece is all of it, 15.
        assert_eq!([15, 19, 20, 29, 30, 39, 40, 54, 55].map(kept), [0, 0, 0, 0, 1, 1, 2, 3, 4]);
        assert!(!plan(Budget::Bytes(19)).ahead[0] && plan(Budget::Bytes(20)).ahead[0]);
        let tables = |bytes| (plan(Budget::Bytes(bytes)).head, plan(Budget::Bytes(bytes)).embedding);
        assert_eq!([54, 55, 69, 70].map(tables), [(false, false), (true, false), (true, false), (true, true)]);
        assert_eq!(plan(Budget::All), Plan { layers: vec![true; 4], head: true, embedding: true, ahead: vec![true] });
    }

    #[test]
    fn a_tied_table_is_counted_once() {
        let placement = Placement::balanced(&[10; 4], 15, 1);
        let plan = Plan::new(&sizes(&[10; 4], 15, true), &placement, Budget::Bytes(55)).unwrap();
        assert!(plan.head && plan.embedding);
    }

    #[test]
    fn a_budget_below_one_layer_says_which() {
        let placement = Placement::balanced(&[10, 30, 10], 5, 1);
        let error = Plan::new(&sizes(&[10, 30, 10], 5, false), &placement, Budget::Bytes(29)).unwrap_err();
        assert_eq!(error, TooSmall { layer: Some(1), needed: 30 });
        assert_eq!(error.reason(), "layer 1 alone takes its whole share; give at least 30 (30 B)");
    }
}
