//! Each way to misread a checkpoint is larger than the tolerances.

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
use std::fs;

use ropelet::model::{
    Activation, Affine, AttentionSpec, Checkpoint, LayerSpec, LearnedPositions, Mask, Norm, Position, Precision,
    Rotary, Spec, Topology,
};
use ropelet::numeric::Pairing;
use ropelet::rope::Scaling;
use safetensors::SafeTensors;

use crate::set::{Case, Comparison, Set, copy, taps};

type Misreading = (&'static str, fn(&mut Spec));

/// Each is applied to every checkpoint in which it changes what is computed.
const MISREADINGS: &[Misreading] = &[
    ("theta ignored", |spec| rotary(spec, |rotary| rotary.base = 10_000.0)),
    ("rope scaling ignored", |spec| rotary(spec, |rotary| rotary.scaling = Scaling::None)),
    ("attention factor ignored", |spec| {
        rotary(spec, |rotary| {
            if let Scaling::Yarn { attention_factor, .. } | Scaling::LongRope { attention_factor, .. } =
                &mut rotary.scaling
            {
                *attention_factor = 1.0;
            }
        });
    }),
    ("long and short factors swapped", |spec| {
        rotary(spec, |rotary| {
            if let Scaling::LongRope { short_factor, long_factor, .. } = &mut rotary.scaling {
                std::mem::swap(short_factor, long_factor);
            }
        });
    }),
    ("factors multiplied", |spec| {
        rotary(spec, |rotary| {
            if let Scaling::LongRope { short_factor, long_factor, .. } = &mut rotary.scaling {
                short_factor.iter_mut().chain(long_factor).for_each(|factor| *factor = factor.recip());
            }
        });
    }),
    ("pairing swapped", |spec| {
        rotary(spec, |rotary| {
            rotary.pairing = match rotary.pairing {
                Pairing::HalfSplit => Pairing::Interleaved,
                Pairing::Interleaved => Pairing::HalfSplit,
            };
        });
    }),
    ("whole heads rotated", |spec| {
        attention(spec, |attention| {
            if let Position::Rotary(rotary) = &mut attention.position
                && rotary.scaling == Scaling::None
            {
                rotary.dim = attention.head_dim / 2 * 2;
            }
        });
    }),
    ("not rotated", |spec| {
        attention(spec, |attention| {
            if matches!(attention.position, Position::Rotary(_)) {
                attention.position = Position::None;
            }
        });
    }),
    ("one rope for all layers", |spec| {
        let last = spec.layers[spec.layers.len() - 1].attention.position.clone();
        attention(spec, |attention| attention.position = last.clone());
    }),
    ("ALiBi ignored", |spec| {
        attention(spec, |attention| {
            if matches!(attention.position, Position::Alibi(_) | Position::RoundedAlibi { .. }) {
                attention.position = Position::None;
            }
        });
    }),
    ("ALiBi slopes in another order", |spec| {
        attention(spec, |attention| {
            if let Position::Alibi(slopes) | Position::RoundedAlibi { slopes, .. } = &mut attention.position {
                slopes.sort_by(f64::total_cmp);
            }
        });
    }),
    ("ALiBi after the scale", |spec| {
        attention(spec, |attention| {
            if let Position::RoundedAlibi { scale, .. } = &mut attention.position {
                *scale = 1.0;
            }
        });
    }),
    ("ALiBi not rounded", |spec| {
        attention(spec, |attention| {
            if let Position::RoundedAlibi { slopes, scale } = &attention.position {
                attention.position = Position::Alibi(slopes.iter().map(|slope| slope * scale).collect());
            }
        });
    }),
    ("epsilon of attention norms", |spec| layers(spec, |layer| small_epsilon(&mut layer.attention_norm))),
    ("epsilon of feed-forward norms", |spec| layers(spec, |layer| small_epsilon(&mut layer.mlp_norm))),
    ("epsilon of output norms", |spec| {
        layers(spec, |layer| {
            small_epsilon(&mut layer.attention_output_norm);
            small_epsilon(&mut layer.mlp_output_norm);
        });
    }),
    ("epsilon of the embedding's norm", |spec| small_epsilon(&mut spec.embedding.norm)),
    ("epsilon of the final norm", |spec| small_epsilon(&mut spec.final_norm)),
    ("epsilon of the head's norm", |spec| {
        if let Some((_, norm)) = &mut spec.head.transform {
            norm.eps = norm.eps.min(1e-5);
        }
    }),
    ("epsilon of the norm of queries and keys", |spec| {
        attention(spec, |attention| {
            if let Some(qk_norm) = &mut attention.qk_norm {
                qk_norm.norm.eps = qk_norm.norm.eps.min(1e-5);
            }
        });
    }),
    ("scale of hidden/heads", |spec| {
        let hidden = spec.hidden;
        attention(spec, |attention| attention.scale = (attention.heads as f64 / hidden as f64).sqrt());
    }),
    ("scale of head_dim", |spec| {
        attention(spec, |attention| attention.scale = (attention.head_dim as f64).sqrt().recip());
    }),
    ("no scale", |spec| attention(spec, |attention| attention.scale = 1.0)),
    ("soft cap of scores ignored", |spec| attention(spec, |attention| attention.softcap = None)),
    ("soft cap of logits ignored", |spec| spec.head.softcap = None),
    ("window ignored", |spec| windows(spec, |_| Mask::Causal)),
    ("window one wider", |spec| windows(spec, |width| Mask::Window(width + 1))),
    ("window one narrower", |spec| windows(spec, |width| Mask::Window(width - 1))),
    ("window on the wrong layers", |spec| {
        let masks: Vec<Mask> = spec.layers.iter().map(|layer| layer.attention.mask).collect();
        for (number, layer) in spec.layers.iter_mut().enumerate() {
            layer.attention.mask = masks[(number + 1) % masks.len()];
        }
    }),
    ("window on every layer", |spec| {
        let window = spec.layers.iter().map(|layer| layer.attention.mask).find(|mask| matches!(mask, Mask::Window(_)));
        if let Some(window) = window {
            attention(spec, |attention| attention.mask = window);
        }
    }),
    ("causal for both directions", |spec| {
        attention(spec, |attention| {
            if attention.mask == Mask::Full {
                attention.mask = Mask::Causal;
            }
        });
    }),
    ("both directions for causal", |spec| {
        attention(spec, |attention| {
            if attention.mask == Mask::Causal {
                attention.mask = Mask::Full;
            }
        });
    }),
    ("clip ignored", |spec| attention(spec, |attention| attention.clip = None)),
    ("norm of queries and keys ignored", |spec| attention(spec, |attention| attention.qk_norm = None)),
    ("attention bias ignored", |spec| attention(spec, |attention| attention.qkv_bias = false)),
    ("output bias ignored", |spec| attention(spec, |attention| attention.output_bias = false)),
    ("feed-forward bias ignored", |spec| layers(spec, |layer| layer.mlp.bias = false)),
    ("head's bias ignored", |spec| spec.head.bias = false),
    ("head's transform ignored", |spec| spec.head.transform = None),
    ("head taken for the embedding", |spec| {
        if spec.embedding.width == spec.hidden {
            spec.head.tied = true;
        }
    }),
    ("erf for tanh", |spec| {
        activation(spec, |is| if matches!(is, Activation::GeluTanh(_)) { Activation::Gelu } else { is });
    }),
    ("tanh for erf", |spec| {
        activation(spec, |is| if is == Activation::Gelu { TANH } else { is });
    }),
    ("gelu for silu", |spec| activation(spec, |is| if is == Activation::Silu { TANH } else { is })),
    ("gelu for relu", |spec| activation(spec, |is| if is == Activation::Relu { Activation::Gelu } else { is })),
    ("embedding's scale ignored", |spec| spec.embedding.scale = 1.0),
    ("learned positions ignored", |spec| spec.embedding.positions = None),
    ("learned positions without their offset", |spec| {
        if let Some(LearnedPositions { offset, .. }) = &mut spec.embedding.positions {
            *offset = 0;
        }
    }),
    ("learned positions from 1", |spec| {
        if let Some(LearnedPositions { offset, .. }) = &mut spec.embedding.positions {
            *offset += 1;
        }
    }),
    ("token type ignored", |spec| spec.embedding.token_types = 0),
    ("embedding's norm ignored", |spec| spec.embedding.norm = None),
    ("final norm ignored", |spec| spec.final_norm = None),
    ("norms of outputs ignored", |spec| {
        layers(spec, |layer| {
            layer.attention_output_norm = None;
            layer.mlp_output_norm = None;
        });
    }),
    ("w for 1 + w", |spec| {
        norms(spec, |norm| {
            if norm.affine == Affine::OnePlusWeight {
                norm.affine = Affine::Weight;
            }
        });
    }),
    ("weights of norms ignored", |spec| norms(spec, |norm| norm.affine = Affine::None)),
    ("biases of norms ignored", |spec| {
        norms(spec, |norm| {
            if norm.affine == Affine::WeightAndBias {
                norm.affine = Affine::Weight;
            }
        });
    }),
    ("branches in sequence", |spec| {
        topology(spec, |is| if is == Topology::Parallel { Topology::Sequential } else { is });
    }),
    ("branches in parallel", |spec| {
        topology(spec, |is| if is == Topology::Sequential { Topology::Parallel } else { is });
    }),
    ("one norm for two", |spec| {
        topology(spec, |is| if is == Topology::Parallel { Topology::ParallelOneNorm } else { is });
    }),
    ("residual before the norm", |spec| {
        topology(spec, |is| if is == Topology::ResidualAfterNorm { Topology::Sequential } else { is });
    }),
    ("residual after the norm", |spec| {
        if has_norms(spec) {
            topology(spec, |is| if is == Topology::Sequential { Topology::ResidualAfterNorm } else { is });
        }
    }),
    ("norm before the residual", |spec| {
        topology(spec, |is| if is == Topology::NormAfterResidual { Topology::Sequential } else { is });
    }),
    ("norm after the residual", |spec| {
        if has_norms(spec) {
            topology(spec, |is| if is == Topology::Sequential { Topology::NormAfterResidual } else { is });
        }
    }),
];

const TANH: Activation = Activation::GeluTanh(FRAC_2_SQRT_PI * FRAC_1_SQRT_2);

fn layers(spec: &mut Spec, change: impl FnMut(&mut LayerSpec)) {
    spec.layers.iter_mut().for_each(change);
}

fn attention(spec: &mut Spec, mut change: impl FnMut(&mut AttentionSpec)) {
    layers(spec, |layer| change(&mut layer.attention));
}

fn rotary(spec: &mut Spec, change: fn(&mut Rotary)) {
    attention(spec, |attention| {
        if let Position::Rotary(rotary) = &mut attention.position {
            change(rotary);
        }
    });
}

fn windows(spec: &mut Spec, change: fn(usize) -> Mask) {
    attention(spec, |attention| {
        if let Mask::Window(width) = attention.mask {
            attention.mask = change(width);
        }
    });
}

fn activation(spec: &mut Spec, change: fn(Activation) -> Activation) {
    layers(spec, |layer| layer.mlp.activation = change(layer.mlp.activation));
}

fn topology(spec: &mut Spec, change: fn(Topology) -> Topology) {
    layers(spec, |layer| layer.topology = change(layer.topology));
}

/// Whether there are norms that another topology would put elsewhere.
fn has_norms(spec: &Spec) -> bool {
    spec.layers.iter().all(|layer| layer.attention_norm.is_some() && layer.mlp_norm.is_some())
}

fn small_epsilon(norm: &mut Option<Norm>) {
    if let Some(norm) = norm {
        norm.eps = norm.eps.min(1e-5);
    }
}

/// Every norm over the residual stream.
fn norms(spec: &mut Spec, change: impl Fn(&mut Norm)) {
    spec.embedding.norm.iter_mut().chain(&mut spec.final_norm).for_each(&change);
    layers(spec, |layer| {
        let all = [
            &mut layer.attention_norm,
            &mut layer.attention_output_norm,
            &mut layer.mlp_norm,
            &mut layer.mlp_output_norm,
        ];
        all.into_iter().flatten().for_each(&change);
    });
}

/// The changed spec, unless it computes the same for a text of this length.
fn misread(spec: &Spec, change: fn(&mut Spec), tokens: usize) -> Option<Spec> {
    let mut changed = spec.clone();
    change(&mut changed);
    let mut as_computed = changed.clone();
    for (layer, original) in as_computed.layers.iter_mut().zip(&spec.layers) {
        let (layer, original) = (&mut layer.attention, &original.attention);
        let bias = |position: &Position, head: usize| -> Vec<f64> {
            (0..tokens).map(|key| position.bias(head, tokens - 1, key)).collect()
        };
        let same_position = match (&layer.position, &original.position) {
            (Position::Rotary(a), Position::Rotary(b)) => {
                let table = |rotary: &Rotary| rotary.frequencies(tokens).ok().map(|f| f.cos_sin::<f64>(&[1.0, 7.0]));
                (a.dim, a.pairing) == (b.dim, b.pairing) && table(a) == table(b)
            }
            (a, b) => {
                let same = |(a, b): (f64, f64)| (a - b).abs() < 1e-9;
                let same_bias = |head| bias(a, head).into_iter().zip(bias(b, head)).all(same);
                (0..layer.heads).all(same_bias) && rotates(a) == rotates(b)
            }
        };
        if same_position {
            layer.position = original.position.clone();
        }
        if (0..tokens).all(|query| layer.mask.visible(query, tokens) == original.mask.visible(query, tokens)) {
            layer.mask = original.mask;
        }
        if (layer.scale - original.scale).abs() < 1e-12 {
            layer.scale = original.scale;
        }
    }
    (as_computed != *spec).then_some(changed)
}

fn rotates(position: &Position) -> bool {
    matches!(position, Position::Rotary(_))
}

/// How far the taps of a misread checkpoint are off; says it.
fn caught(case: &Case, name: &str, checkpoint: &Checkpoint, tokens: &[u32]) -> Result<(), String> {
    let observed =
        taps(checkpoint, tokens, Precision::F32).map_err(|error| format!("{}, {name}: {error}", case.name))?;
    let found = Comparison::of(&observed, &case.expected("f64."));
    let (tap, ratio) = found.worst(crate::set::tolerance);
    let said =
        format!("{}, {name}: {} of {} taps broken, {tap} by {ratio:.1e}", case.name, found.broken(), found.taps());
    println!("{said}");
    if ratio > 2.0 { Ok(()) } else { Err(said) }
}

/// Applies every misreading to every case; returns how often each was caught.
fn misread_all(set: &Set) -> BTreeMap<&'static str, usize> {
    let mut counts: BTreeMap<_, _> = MISREADINGS.iter().map(|(name, _)| (*name, 0)).collect();
    let mut missed = Vec::new();
    for case in &set.cases {
        for (name, change) in MISREADINGS {
            let checkpoint = Checkpoint::open(&case.folder).unwrap();
            let Some(changed) = misread(checkpoint.spec(), *change, set.tokens.len()) else { continue };
            let checkpoint = checkpoint.with_spec(|spec| *spec = changed);
            match caught(case, name, &checkpoint, &set.tokens) {
                Ok(()) => *counts.get_mut(name).unwrap() += 1,
                Err(said) => missed.push(said),
            }
        }
    }
    println!("caught, by misreading: {counts:?}");
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
    counts
}

#[test]
fn every_misreading_is_caught() {
    let counts = misread_all(&Set::kept());
    assert!(counts.values().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn every_misreading_of_the_whole_set_is_caught() {
    if let Some(set) = Set::whole() {
        misread_all(&set);
    }
}

/// The same for what is not in the spec: how rows of the files become heads. A matrix is cut into
/// blocks of rows, which change places as a misreading has them.
#[test]
fn misread_layouts_are_caught() {
    // Read as [3, H, D] instead of [H, 3, D].
    let parts_first = |heads: usize| (0..heads).flat_map(|h| (0..3).map(move |p| p * heads + h)).collect::<Vec<_>>();
    let keys_first = |heads: usize| (0..heads).flat_map(|h| [3 * h + 1, 3 * h, 3 * h + 2]).collect::<Vec<_>>();
    let misreadings = [
        // Query head h reads key-value head h mod K instead of h / (H/K): the same as heads 1 and 2
        // changing places in what comes before and after the attention.
        ("llama", "heads interleaved over key-value heads", "self_attn.q_proj.weight", vec![0, 2, 1, 3]),
        ("gpt-neox", "projections before heads", "attention.query_key_value.weight", parts_first(3)),
        ("gpt-neox", "keys before queries", "attention.query_key_value.weight", keys_first(3)),
        ("bloom", "projections before heads", "self_attention.query_key_value.weight", parts_first(6)),
        ("falcon", "projections before heads", "self_attention.query_key_value.weight", parts_first(12)),
        ("phi3", "up before gate", "mlp.gate_up_proj.weight", vec![1, 0]),
        ("phi3", "values before keys", "self_attn.qkv_proj.weight", vec![0, 1, 2, 3, 6, 7, 4, 5]),
        ("phi3", "per key-value head", "self_attn.qkv_proj.weight", vec![0, 1, 4, 6, 2, 3, 5, 7]),
        ("stablelm", "norms of heads in another order", "q_layernorm.norms.0.weight", vec![1, 0]),
    ];
    let place = tempfile::tempdir().unwrap();
    let set = Set::kept();
    for (case, misreading, tensor, order) in misreadings {
        let case = set.case(case);
        let folder = copy(&case.folder, &place.path().join(format!("{} {misreading}", case.name)));
        let mut found = 0;
        for file in fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_none_or(|extension| extension != "safetensors") {
                continue;
            }
            let mut bytes = fs::read(&file).unwrap();
            let (header, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
            for (_, info) in metadata.tensors().iter().filter(|(name, _)| name.ends_with(tensor)) {
                let (start, end) = info.data_offsets;
                let data = &mut bytes[8 + header + start..8 + header + end];
                let blocks: Vec<Vec<u8>> = data.chunks(data.len() / order.len()).map(<[u8]>::to_vec).collect();
                data.copy_from_slice(&order.iter().flat_map(|block| blocks[*block].clone()).collect::<Vec<u8>>());
                found += 1;
            }
            fs::write(file, bytes).unwrap();
        }
        assert!(found > 0, "{}: no tensor {tensor}", case.name);
        let observed = taps(&Checkpoint::open(&folder).unwrap(), &set.tokens, Precision::F32).unwrap();
        // The logits, since a tap of heads in another order differs in any case.
        let logits = BTreeMap::from([("logits".to_owned(), case.expected("f64.")["logits"].clone())]);
        let (_, ratio) = Comparison::of(&observed, &logits).worst(crate::set::tolerance);
        assert!(
            ratio > 2.0,
            "{} with {misreading}: the logits are off by only {ratio:.1} of their tolerance",
            case.name
        );
    }
}
