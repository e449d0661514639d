"""Use of rotary pairs, frequency entropies, massive values and probe scores of every head, from queries, keys and
attentions computed by Hugging Face transformers in float64 (see ../models/hugging_face.py), reduced by numpy and scipy.

Three checkpoints: tests/data/llama on text.txt (all coordinates rotate, half-split, keys shared by two heads), and the
small ones of ../models that rotate a part of each head, gpt-neox (half-split) and gptj (interleaved), on random tokens.
With a folder as argument, that checkpoint on text.txt instead of the three.

The definitions are those of docs/analysis.md. Written with transformers 5.17.0, torch 2.11.0, numpy, scipy.
Run in this folder: python usage.py > usage.json
"""

import json
import sys

sys.path.insert(0, "../models")
import hugging_face

hugging_face.promote()

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.stats import entropy

DRAWN = np.random.default_rng(20)


def pairs_of(config):
    """Frequencies and coordinates of the pairs, by the model's own description of itself."""
    if config.model_type == "gptj":
        dim, base = config.rotary_dim, 10000.0
        return base ** (-np.arange(0, dim, 2) / dim), [(2 * i, 2 * i + 1) for i in range(dim // 2)]
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    dim = int(width * config.rope_parameters.get("partial_rotary_factor", 1.0))
    base = config.rope_parameters["rope_theta"]
    return base ** (-np.arange(0, dim, 2) / dim), [(i, i + dim // 2) for i in range(dim // 2)]


def best_turn():
    slope = lambda x: np.cos(2 * x) / (2 * x) - np.sin(2 * x) / (4 * x**2) - 2 * np.sin(x) / x * (x * np.cos(x) - np.sin(x)) / x**2
    return brentq(slope, 3.0, 4.0, xtol=1e-15)


def frequency_entropies(norms, frame):
    power = np.abs(np.fft.rfft(norms))[1:] ** 2
    frames = [norms[i : i + frame] for i in range(0, len(norms) - frame + 1, frame // 2)]
    mean = np.mean([np.abs(np.fft.rfft(f)) ** 2 for f in frames], axis=0)
    return entropy(power) / np.log(len(power)), entropy(mean) / np.log(len(mean))


def measure(folder, windows, lags, probes):
    model = hugging_face.load(folder, torch.float64)
    config = model.config
    theta, pairs = pairs_of(config)
    length = config.max_position_embeddings
    dim = 2 * len(pairs)
    taken = [hugging_face.taps(model, window) for window in windows]
    probed = [hugging_face.taps(model, once * 2) for once in probes]
    lag = np.arange(lags)
    columns = np.concatenate([np.cos(np.outer(lag, theta)), np.sin(np.outer(lag, theta))], axis=1)
    columns = columns - columns.mean(axis=0)
    left, singular, _ = np.linalg.svd(columns, full_matrices=False)
    left = left[:, singular > 2.0**-26 * singular[0]]
    theory = np.log(length / best_turn()) / np.log(theta[0] / theta[1])  # (d/2) log_B(L/x*)
    heads = []
    for l in range(config.num_hidden_layers):
        for h in range(config.num_attention_heads):
            shared = taken[0][f"layers.{l}.query"].shape[0] // taken[0][f"layers.{l}.key"].shape[0]
            queries = [t[f"layers.{l}.query"][h].numpy() for t in taken]
            keys = [t[f"layers.{l}.key"][h // shared].numpy() for t in taken]
            q, k = np.concatenate(queries), np.concatenate(keys)
            norms = lambda x: np.stack([np.hypot(x[:, a], x[:, b]) for a, b in pairs], axis=1)
            nq, nk = norms(q), norms(k)
            u = nq.mean(axis=0) * nk.mean(axis=0)
            share = u / u.sum()
            whole = lambda x: np.linalg.norm(x, axis=1).mean()
            turned = whole(q[:, :dim]) * whole(k[:, :dim])
            still = whole(q[:, dim:]) * whole(k[:, dim:])
            band = int(np.bincount(nk.argmax(axis=1)).argmax())
            entropies = np.array(
                [[frequency_entropies(n, lags) for n in norms(window).T] for window in queries]
            ).mean(axis=0)
            lengths = [np.linalg.norm(x, axis=0) for x in (q, k)]
            rows = [
                t[f"layers.{l}.scores"][h, i, i - lags + 1 : i + 1].numpy()[::-1]
                for t, window in zip(taken, windows)
                for i in range(lags, len(window))
            ]
            profile = np.mean(rows, axis=0)
            profile = profile - profile.mean()
            rest = profile - left @ (left.T @ profile)
            matched, copied = [], []
            for t, once in zip(probed, probes):
                attention = t[f"layers.{l}.attention"][h].numpy()
                emitted = t["logits"].numpy().argmax(axis=1)
                period = len(once)
                for i in range(period, 2 * period - 1):
                    matched.append(attention[i, i - period + 1])
                    top = int(attention[i].argmax())
                    copied.append(top < period and once[top] == emitted[i])
            metrics = {
                "usage_centroid": np.sum(share * np.log2(theta / (2 * np.pi))),
                "usage_above_full_turn": share[theta >= 2 * np.pi / length].sum(),
                "usage_below_full_turn": share[theta < 2 * np.pi / length].sum(),
                "usage_at_theory_pair": share[min(max(round(theory), 0), len(pairs) - 1)],
                "key_band": band,
                "key_band_distance": band - theory,
                "unrotated_share": still / (turned + still),
                "sequence_frequency_entropy": entropies[:, 0].mean(),
                "lowest_sequence_frequency_entropy": entropies[:, 0].min(),
                "spectrum_frequency_entropy": entropies[:, 1].mean(),
                "lowest_spectrum_frequency_entropy": entropies[:, 1].min(),
                "massive_queries": int(np.sum(lengths[0] > 5 * lengths[0].mean())),
                "massive_keys": int(np.sum(lengths[1] > 5 * lengths[1].mean())),
                "query_peak": lengths[0].max() / lengths[0].mean(),
                "key_peak": lengths[1].max() / lengths[1].mean(),
                "rotary_residual": np.sum(rest**2) / np.sum(profile**2),
                "induction": np.mean(matched),
                "retrieval": np.mean(copied),
            }
            heads.append(
                {
                    "layer": l,
                    "head": h,
                    "usage": u.tolist(),
                    "metrics": {name: float(value) for name, value in metrics.items()},
                }
            )
    return {"window": len(windows[0]), "lags": lags, "rank": left.shape[1], "theory_pair": theory, "heads": heads}


def probes_of(vocabulary, period):
    return [DRAWN.choice(vocabulary, period, replace=False).tolist() for _ in range(3)]


def text_case(folder):
    from transformers import AutoTokenizer

    ids = AutoTokenizer.from_pretrained(folder)(open("text.txt").read())["input_ids"]
    windows = [ids[i : i + 256] for i in range(0, len(ids), 256)]
    probes = probes_of(4096, 32)
    found = measure(folder, [w for w in windows if len(w) > 64], 64, probes)
    return {"folder": folder, "text": "text.txt", "probes": probes} | found


def token_case(folder):
    windows = [DRAWN.integers(64, size=64).tolist() for _ in range(3)]
    probes = probes_of(64, 16)
    return {"folder": folder, "tokens": windows, "probes": probes} | measure(folder, windows, 16, probes)


if len(sys.argv) > 1:
    cases = [text_case(sys.argv[1])]
else:
    cases = [text_case("../llama"), token_case("../models/gpt-neox"), token_case("../models/gptj")]
json.dump(cases, sys.stdout)
print()
