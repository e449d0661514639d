"""Lag profiles, row spectra and metrics of every head of tests/data/llama on text.txt, from
attentions computed by Hugging Face transformers in float64, reduced by numpy, scipy and PyWavelets.

The definitions are those of docs/analysis.md. transformers computes rotary tables, norms and softmax
in float32 whatever the model's type; they are replaced, so that all of the graph is in float64.

Written with transformers 5.17.0, torch 2.11.0, numpy, scipy, PyWavelets.
Run in this folder: python heads.py > heads.json
"""

import json
import sys

import numpy as np
import pywt
import torch
from scipy.stats import entropy
from transformers import AutoTokenizer, LlamaForCausalLM

WINDOW, LAGS = 256, 64
FOLDER = "../llama"

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

heads = [(l, h) for l in range(config.num_hidden_layers) for h in range(config.num_attention_heads)]
near = {head: [] for head in heads}  # rows by lag
logs = {head: [] for head in heads}
sink = {head: [] for head in heads}
for window in windows:
    with torch.no_grad():
        attentions = model(torch.tensor([window]), output_attentions=True).attentions
    for l, h in heads:
        a = attentions[l][0, h].numpy()
        assert a.dtype == np.float64
        for i in range(LAGS, len(window)):
            row = a[i, i - LAGS + 1 : i + 1][::-1]
            near[l, h].append(row)
            logs[l, h].append(np.log(row))
            sink[l, h].append(a[i, 0])


def metrics(g, h, power, sink_mass):
    """power: all LAGS bins, two-sided."""
    f = np.abs(np.fft.fftfreq(LAGS))
    half = lambda edge: np.where(f == edge, 0.5, 0.0)
    low = (f < 0.125) + half(0.125)
    middle = ((f > 0.125) & (f < 0.375)) + half(0.125) + half(0.375)
    high = (f > 0.375) + half(0.375)
    rest = np.where(f > 0, power, 0)
    details = pywt.wavedec(g, "haar", mode="periodization")[:0:-1]  # finest first
    energy = np.array([np.sum(d**2) for d in details])
    lag = np.arange(LAGS)
    folded = np.array([power[k] + (power[-k] if k != LAGS // 2 else 0) for k in range(1, LAGS // 2 + 1)])
    h2 = h**2 / np.sum(h**2)
    hhat = np.abs(np.fft.fft(h)) ** 2
    dx = np.sqrt(np.sum(h2 * lag**2) - np.sum(h2 * lag) ** 2)
    dw = np.sqrt(np.sum((2 * np.pi * f) ** 2 * hhat) / np.sum(hhat))
    mass = np.cumsum(g) / np.sum(g)
    out = {
        "head/sink_mass": sink_mass,
        "head/window_mass": g.sum(),
        "rows/dc_fraction": power[0] / power.sum(),
        "rows/low_band": (low * power).sum() / power.sum(),
        "rows/middle_band": (middle * power).sum() / power.sum(),
        "rows/high_band": (high * power).sum() / power.sum(),
        "rows/low_band_without_dc": (low * rest).sum() / rest.sum(),
        "rows/middle_band_without_dc": (middle * rest).sum() / rest.sum(),
        "rows/high_band_without_dc": (high * rest).sum() / rest.sum(),
        "profile/octave_slope": np.polyfit(np.arange(len(energy)), np.log2(energy), 1)[0],
        "rows/spectral_entropy": entropy(power) / np.log(LAGS),
        "rows/spectral_entropy_without_dc": entropy(power[1:]) / np.log(LAGS - 1),
        "rows/selectivity_without_dc": folded.max() / (folded.sum() - folded.max()),
        "profile/mean_lag": np.average(lag, weights=g),
        "profile/rms_lag": np.sqrt(np.average(lag**2, weights=g)),
        "profile/median_lag": int(np.argmax(mass >= 0.5)),
        "profile/ninety_percent_lag": int(np.argmax(mass >= 0.9)),
        "scores/lag_spread": dx,
        "scores/frequency_spread": dw,
        "scores/uncertainty_product": dx * dw,
    }
    for j, e in enumerate(energy, 1):
        out[f"profile/octave_share_{j}"] = e / energy.sum()
    return {name: float(value) for name, value in out.items()}


result = {"window": WINDOW, "lags": LAGS, "tokens": len(ids), "windows": [len(w) for w in windows], "heads": []}
for l, h in heads:
    rows = np.array(near[l, h])
    g = rows.mean(axis=0)
    profile = np.mean([row - row.mean() for row in logs[l, h]], axis=0)
    power = (np.abs(np.fft.fft(rows, axis=1)) ** 2).mean(axis=0) / LAGS
    result["heads"].append(
        {
            "layer": l,
            "head": h,
            "rows": len(rows),
            "lag_profile": g.tolist(),
            "score_profile": profile.tolist(),
            "spectrum": power[: LAGS // 2 + 1].tolist(),
            "metrics": metrics(g, profile, power, float(np.mean(sink[l, h]))),
        }
    )
json.dump(result, sys.stdout)
print()
