use std::collections::BTreeMap;

use super::Failure;
use super::tensors::{Named, write};
use crate::heads::{Analysis, Curves, Head};

/// `curves.safetensors`: the curves of all heads as `F64`, one tensor for each kind with the heads along its first
/// axis, in the order of `heads.parquet`; `layer` and `head` say which they are.
pub(super) fn encoded(analysis: &Analysis) -> Result<Vec<u8>, Failure> {
    let heads = &analysis.heads;
    let stacked = |name: String, shape: &[usize], of: &dyn Fn(&Head) -> Vec<f64>| Named {
        name,
        shape: [&[heads.len()], shape].concat(),
        values: heads.iter().flat_map(of).collect(),
    };
    let protocol = &analysis.protocol;
    let lags = protocol.lags;
    let (lag_scales, bin_scales) = (protocol.lag_transform.scales.len(), protocol.spectrum_transform.scales.len());
    let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect();
    let mut tensors = vec![
        stacked("layer".to_owned(), &[], &|head| vec![head.layer as f64]),
        stacked("head".to_owned(), &[], &|head| vec![head.head as f64]),
        stacked("lag_scalogram".to_owned(), &[lag_scales, lags], &|head| wide(&head.lag_scalogram)),
        stacked("spectrum_scalogram".to_owned(), &[bin_scales, lags / 2], &|head| wide(&head.spectrum_scalogram)),
    ];
    for (name, length, curve) in KINDS {
        let length = length(lags);
        tensors.push(stacked(name.to_owned(), &[length], &|head| curve(&head.curves).to_vec()));
        let drawn = heads.first().map(|head| head.null_curves.each().map(|(null, of)| (null, !curve(of).is_empty())));
        for (place, (null, _)) in drawn.iter().flatten().enumerate().filter(|(_, (_, has_draws))| *has_draws) {
            let of = |head: &Head| curve(head.null_curves.each()[place].1).to_vec();
            tensors.push(stacked(format!("{null}.{name}"), &[length], &of));
        }
    }
    let metadata = BTreeMap::from([
        ("schema", "ropelet.curves/1".to_owned()),
        ("checkpoint", serde_json::to_string(&analysis.checkpoint)?),
        ("protocol", serde_json::to_string(&analysis.protocol)?),
    ]);
    let mut file = Vec::new();
    write::<f64>(&mut file, &tensors, &metadata)?;
    Ok(file)
}

type Kind = (&'static str, fn(usize) -> usize, fn(&Curves) -> &[f64]);

/// The curves that null models have, too: name, length for so many lags, values.
const KINDS: [Kind; 3] = [
    ("lag_profile", |lags| lags, |curves| &curves.lag_profile),
    ("score_profile", |lags| lags, |curves| &curves.score_profile),
    ("spectrum", |lags| lags / 2 + 1, |curves| &curves.spectrum),
];
