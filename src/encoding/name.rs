/// A name of the program, and what is said about it.
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// One phrase for people.
    pub(super) summary: &'static str,
    /// The optional parameters that it takes.
    pub(super) takes: &'static [&'static str],
}

const fn entry(name: &'static str, summary: &'static str, takes: &'static [&'static str]) -> Entry {
    Entry { name, summary, takes }
}

pub(super) const ATOMS: &[&str] = &["scales", "shifts", "sign"];

/// Every encoding but the discrete wavelets, in the order of the documentation.
pub(super) static ENTRIES: [Entry; 28] = [
    entry("nope", "no positional encoding", &[]),
    entry("rope", "rotation by m B^(-2i/d)", &["base", "rotary-dim", "pairing"]),
    entry(
        "linear",
        "position interpolation: angles divided by the factor",
        &["base", "rotary-dim", "pairing", "factor"],
    ),
    entry("ntk", "NTK-aware: the base grows with the factor", &["base", "rotary-dim", "pairing", "factor"]),
    entry(
        "dynamic-ntk",
        "NTK-aware, with a factor that grows with the sequence",
        &["base", "rotary-dim", "pairing", "factor", "original-length"],
    ),
    entry(
        "yarn",
        "fast pairs kept, slow pairs interpolated, a ramp between",
        &["base", "rotary-dim", "pairing", "factor", "original-length", "ramp"],
    ),
    entry(
        "longrope",
        "each pair divided by a number of its own",
        &["base", "rotary-dim", "pairing", "factor", "original-length", "short-factor", "long-factor"],
    ),
    entry(
        "llama3",
        "as yarn, with a ramp in the wavelength",
        &["base", "rotary-dim", "pairing", "factor", "original-length"],
    ),
    entry("hope", "only pairs that complete a turn within the training length", &["base", "rotary-dim", "pairing"]),
    entry("fmrope", "the base is the training length", &["rotary-dim", "pairing"]),
    entry("p-rope", "only the fastest share of the pairs", &["base", "rotary-dim", "pairing", "fraction"]),
    entry("clipped-rope", "the slowest pairs tapered to no turn", &["base", "rotary-dim", "pairing", "taper"]),
    entry("xpos", "rotation with an exponential decay in the lag", &["base", "rotary-dim", "pairing"]),
    entry("alibi", "a slope per head", &[]),
    entry("t5", "a learned scalar per bucket of lags", &["buckets", "max-distance"]),
    entry("kerple", "a learned logarithm of the lag", &[]),
    entry("kerple-power", "a learned power of the lag", &[]),
    entry("fire", "a learned network of the relative lag", &[]),
    entry("shaw", "learned vectors by clipped lag, for keys and values", &["clip"]),
    entry("transformer-xl", "sinusoids of the lag through a learned matrix", &["base", "pairing", "sign"]),
    entry("sinusoidal-relative", "sinusoids of the lag", &["base", "pairing", "sign"]),
    entry("ricker", "dilated and shifted Ricker functions of the lag", ATOMS),
    entry("gaussian", "dilated and shifted Gaussians of the lag", ATOMS),
    entry("morlet", "Gaussian windows of the lag on a carrier that does not scale", ATOMS),
    entry("haar", "dilated and shifted Haar functions of the lag", ATOMS),
    entry("dog", "dilated and shifted derivatives of Gaussian of the lag", &["scales", "shifts", "sign", "order"]),
    entry("sinusoidal", "sines and cosines of the position, added to the embedding", &["base", "pairing"]),
    entry("learned", "a learned vector per position, added to the embedding", &[]),
];

/// The names that come nearest to what was typed, best first: those that contain it, then by edit distance.
pub(super) fn nearest(typed: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let typed = typed.to_lowercase();
    let mut near: Vec<(bool, usize, String)> = names
        .map(|name| {
            let apart = !(name.contains(&typed) || typed.contains(&name)) || typed.is_empty();
            (apart, edits(&typed, &name), name)
        })
        .collect();
    near.sort_by_key(|(apart, edits, _)| (*apart, *edits));
    near.into_iter().take(3).map(|(_, _, name)| name).collect()
}

/// The least number of insertions, deletions and changes of a character.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, typed) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, wanted) in to.iter().enumerate() {
            let change = diagonal + usize::from(typed != *wanted);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name() {
        let near = |typed| nearest(typed, ENTRIES.iter().map(|entry| entry.name.to_owned())).remove(0);
        for (typed, name) in [
            ("riker", "ricker"),
            ("RoPE", "rope"),
            ("yarm", "yarn"),
            ("alibi2", "alibi"),
            ("transformerxl", "transformer-xl"),
        ] {
            assert_eq!(near(typed), name);
        }
    }
}
