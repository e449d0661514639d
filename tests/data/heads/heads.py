"""Curves and metrics of every head of tests/data/llama on text.txt, from attentions computed by Hugging Face
transformers in float64, reduced by numpy, scipy and PyWavelets, under each protocol.

The definitions are those of docs/analysis.md. transformers computes rotary tables, norms and softmax
in float32 whatever the model's type; they are replaced, so that all of the graph is in float64.

Written with transformers 5.17.0, torch 2.11.0, numpy, scipy, PyWavelets.
Run in this folder: python heads.py > heads.json
"""

import json
import sys
import warnings

import numpy as np
import pywt
import torch
from scipy.stats import entropy
from transformers import AutoTokenizer, LlamaForCausalLM

WINDOW, LAGS = 256, 64
FOLDER = "../llama"
warnings.filterwarnings("ignore", message="Level value")  # db2 down to the last octave, where it is Haar

model = LlamaForCausalLM.from_pretrained(FOLDER, dtype=torch.float64, attn_implementation="eager").eval()
config = model.config


def rotary(self, x, position_ids):
    dim = config.head_dim
    base = config.rope_parameters["rope_theta"]
    inv_freq = base ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angles = position_ids[..., None].to(torch.float64) * inv_freq
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos(), angles.sin()


def norm(self, x):
    return self.weight * x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)


softmax = torch.nn.functional.softmax
torch.nn.functional.softmax = lambda x, dim, dtype=None: softmax(x, dim)
type(model.model.rotary_emb).forward = rotary
type(model.model.norm).forward = norm

ids = AutoTokenizer.from_pretrained(FOLDER)(open("text.txt").read())["input_ids"]
windows = [ids[i : i + WINDOW] for i in range(0, len(ids), WINDOW)]
windows = [w for w in windows if len(w) > LAGS]
attention = []  # by window: [layers, heads, queries, keys]
for window in windows:
    with torch.no_grad():
        layers = model(torch.tensor([window]), output_attentions=True).attentions
    attention.append(np.stack([a[0].numpy() for a in layers]))
    assert attention[-1].dtype == np.float64


def spectral(power, with_dc):
    """M1 to M3 of all LAGS bins, two-sided."""
    f = np.abs(np.fft.fftfreq(LAGS))
    half = lambda edge: np.where(f == edge, 0.5, 0.0)
    bands = {
        "low_band": (f < 0.125) + half(0.125),
        "middle_band": ((f > 0.125) & (f < 0.375)) + half(0.125) + half(0.375),
        "high_band": (f > 0.375) + half(0.375),
    }
    rest = np.where(f > 0, power, 0)
    folded = np.array([power[k] + (power[-k] if k != LAGS // 2 else 0) for k in range(1, LAGS // 2 + 1)])
    out = {f"{name}_without_dc": (band * rest).sum() / rest.sum() for name, band in bands.items()}
    out["spectral_entropy_without_dc"] = entropy(power[1:]) / np.log(LAGS - 1)
    out["selectivity_without_dc"] = folded.max() / (folded.sum() - folded.max())
    if with_dc:
        out |= {name: (band * power).sum() / power.sum() for name, band in bands.items()}
        out["dc_fraction"] = power[0] / power.sum()
        out["spectral_entropy"] = entropy(power) / np.log(LAGS)
    return out


def energies(signal, wavelet):
    details = pywt.wavedec(signal, wavelet, mode="periodization", level=int(np.log2(LAGS)))[:0:-1]  # finest first
    return np.array([np.sum(d**2) for d in details])


def octaves(energy, prefix=""):
    out = {f"{prefix}octave_share_{j}": e / energy.sum() for j, e in enumerate(energy, 1)}
    return out | {f"{prefix}octave_slope": np.polyfit(np.arange(len(energy)), np.log2(energy), 1)[0]}


def moments(weights, what):
    at, mass = np.arange(LAGS), np.cumsum(weights) / np.sum(weights)
    return {
        f"mean_{what}": np.average(at, weights=weights),
        f"rms_{what}": np.sqrt(np.average(at**2, weights=weights)),
        f"median_{what}": int(np.argmax(mass >= 0.5)),
        f"ninety_percent_{what}": int(np.argmax(mass >= 0.9)),
    }


def frequency_spread(power):
    omega = 2 * np.pi * np.fft.fftfreq(LAGS)
    return np.sqrt(np.average(omega[1:] ** 2, weights=power[1:]))


def uncertainty(signal, power):
    at, energy = np.arange(LAGS), (signal - signal.mean()) ** 2
    dx = np.sqrt(np.average((at - np.average(at, weights=energy)) ** 2, weights=energy))
    dw = frequency_spread(power)
    return {"lag_spread": dx, "frequency_spread": dw, "uncertainty_product": dx * dw}


def of_curve(signal, power, with_dc=True):
    both = octaves(energies(signal, "haar")) | octaves(energies(signal, "db2"), "db2_")
    return spectral(power, with_dc) | both | uncertainty(signal, power)


def measure(layer, head, sink, taper):
    w = np.ones(LAGS) if taper == "none" else np.sin(np.pi * np.arange(LAGS) / LAGS) ** 2
    power = lambda x: np.abs(np.fft.fft(w * x, axis=-1)) ** 2 / LAGS
    near, logs, sinks, single = [], [], [], []
    full, complete = np.zeros(LAGS), 0
    for a in attention:
        a = a[layer, head]
        rows = a.copy()
        if sink == "removed":
            rows[:, 0] = 0
            rows[1:] /= rows[1:].sum(axis=1, keepdims=True)
        for i in range(LAGS, len(a)):
            near.append(rows[i, i - LAGS + 1 : i + 1][::-1])
            logs.append(np.log(a[i, i - LAGS + 1 : i + 1][::-1]))
            sinks.append(a[i, 0])
        first = 1 if sink == "removed" else 0
        full += rows[:LAGS, :LAGS].sum(axis=0)
        complete += LAGS - first
        row = rows[LAGS - 1, :LAGS]
        single.append(of_curve(row, power(row)) | moments(row[::-1], "lag"))
    near = np.array(near)
    g, f, rows_power = near.mean(axis=0), full / complete, power(near).mean(axis=0)
    h = np.mean([row - row.mean() for row in logs], axis=0)
    haar = np.mean([energies(row, "haar") for row in near], axis=0)
    signals = {
        "profile": of_curve(g, power(g)) | moments(g, "lag"),
        "scores": of_curve(h, power(h), with_dc=False),
        "rows": spectral(rows_power, True) | octaves(haar) | {"frequency_spread": frequency_spread(rows_power)},
        "row": {name: np.mean([metrics[name] for metrics in single]) for name in single[0]},
        "full": of_curve(f, power(f)) | moments(f, "position"),
        "head": {"sink_mass": np.mean(sinks), "window_mass": g.sum()},
    }
    curves = {"lag_profile": g, "score_profile": h, "spectrum": rows_power[: LAGS // 2 + 1], "full_profile": f}
    metrics = {f"{s}/{name}": float(value) for s, metrics in signals.items() for name, value in metrics.items()}
    out = {"layer": layer, "head": head, "rows": len(near), "metrics": list(metrics.values())}
    if (sink, taper) == ("kept", "none"):
        out["curves"] = {name: curve.tolist() for name, curve in curves.items()}
    return list(metrics), out


heads = [(l, h) for l in range(config.num_hidden_layers) for h in range(config.num_attention_heads)]
protocols = {}
for sink in ["kept", "removed"]:
    for taper in ["none", "hann"]:
        plain = (sink, taper) == ("kept", "none")
        some = heads if plain else heads[::5]
        measured = [measure(*head, sink, taper) for head in some]
        protocols[f"{sink} {taper}"] = [out for _, out in measured]
result = {"metrics": measured[0][0], "window": WINDOW, "lags": LAGS, "tokens": len(ids), "windows": [len(w) for w in windows]}
json.dump(result | {"protocols": protocols}, sys.stdout)
print()
