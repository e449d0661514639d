"""What numpy, scipy and PyWavelets make of five signals and of the five together, by the definitions of docs/analysis.md.

Written with numpy, scipy and PyWavelets in the versions that the file names.
Run in this folder: python layers.py > layers.json
"""

import json
import sys
import warnings

import numpy as np
import pywt
import scipy
from scipy.stats import entropy, linregress

warnings.filterwarnings("ignore", message="Level value")  # levels with fewer coefficients than taps are meant
N = 64
t = np.arange(N)
content = ((7 * t * t + 3 * t) % 31 + 1).astype(float)
signals = {
    "exponential": 0.1 * 0.9**t,
    "ricker": (1 - ((t - 32) / 4) ** 2) * np.exp(-(((t - 32) / 4) ** 2) / 2),
    "atom": np.exp(-(((t - 32) / 8) ** 2) / 2) * np.cos(2 * np.pi * 12 / N * (t - 32)),
    "content": content / content.sum(),
    "sink": 0.7 * content / content.sum() + 0.3 * (t == 0),
}
frequency = np.arange(N // 2 + 1) / N
times = np.where((np.arange(N // 2 + 1) == 0) | (np.arange(N // 2 + 1) == N // 2), 1, 2)


def power(x):
    return abs(np.fft.rfft(x)) ** 2 / N


def wavelet_entropies(x):
    found = {}
    for name, wavelet in [("haar", "haar"), ("db2", "db2")]:
        details = pywt.wavedec(x, wavelet, mode="periodization", level=5)[:0:-1]
        for level, d in enumerate(details, 1):
            found[f"wavelet_entropy_{name}_{level}"] = entropy(d**2) / np.log(len(d))
    return found


def slack(x):
    a = x / x.sum()
    q = abs(np.fft.fft(np.sqrt(a), norm="ortho")) ** 2
    return entropy(a) + entropy(q) - np.log(N)


def sensitivities(x):
    found = {}
    for divisor, part in [(2, "half"), (4, "quarter")]:
        for sampling, y in [("prefix", x[: N // divisor]), ("stride", x[::divisor])]:
            level = pywt.dwt_max_level(len(y), 4)
            long, short = (pywt.wavedec(z, "db2", mode="zero", level=level) for z in (x, y))
            for how in ["truncate", "pad", "interpolate"]:
                pairs = []
                for a, b in zip(long, short):
                    if how == "truncate":
                        pairs.append((a[: len(b)], b))
                    elif how == "pad":
                        pairs.append((a, np.pad(b, (0, len(a) - len(b)))))
                    else:
                        pairs.append((a, np.interp(np.linspace(0, len(b) - 1, len(a)), np.arange(len(b)), b)))
                a, b = (np.concatenate(c) for c in zip(*pairs))
                cosine = a @ b / np.sqrt((a @ a) * (b @ b))
                found[f"scale_sensitivity_{part}_{sampling}_{how}"] = 1 - cosine
    return found


def band(x):
    q = (times * power(x))[1:]
    f = frequency[1:]
    centre = (f * q).sum() / q.sum()
    width = np.sqrt(((f - centre) ** 2 * q).sum() / q.sum())
    p = power(x)
    p[0] = 0
    peak = 1 + np.argmax(p[1:])
    below = np.flatnonzero(p < p[peak] / 2)
    low, high = below[below < peak].max(), below[below > peak]
    left = np.interp(p[peak] / 2, p[[low, low + 1]], [low, low + 1])
    right = N // 2
    if len(high):
        right = np.interp(p[peak] / 2, p[[high.min(), high.min() - 1]], [high.min(), high.min() - 1])
    return centre, width, (right - left) / N


def ridge(x):
    p = power(x)[1:]
    centres = 2.0 ** (-1 - np.arange(0, 8 * (np.log2(N) - 1) + 1) / 8)
    scales = 6 / (2 * np.pi * centres)
    gains = np.exp(-((scales[:, None] * 2 * np.pi * frequency[None, 1:] - 6) ** 2))
    total = gains @ p
    at = np.argmax(total)
    if 0 < at < len(total) - 1:
        a, b, _ = np.polyfit(scales[at - 1 : at + 2], np.log(total[at - 1 : at + 2]), 2)
        return 6 / (2 * np.pi * (-b / (2 * a)))
    return centres[at]


def head(x):
    found = wavelet_entropies(x) | sensitivities(x)
    if x.min() >= 0:
        found["entropic_slack"] = slack(x)
    found["centre_frequency"], found["bandwidth"], found["half_power_bandwidth"] = band(x)
    found["ridge_frequency"] = ridge(x)
    found["one_sided_frequency_spread"] = 2 * np.pi * found["bandwidth"]
    return found


def dilated(x, centre):
    x = x - x.mean()
    f = centre * 2 ** (np.arange(-16, 17) / 8)
    q = centre * abs(np.exp(-2j * np.pi * np.outer(f, t)) @ x) ** 2 / (x @ x)
    return np.where(f <= 0.5, q, np.nan)


def group(heads):
    bands = np.array([band(x) for x in heads])
    line = linregress(np.log(bands[:, 0]), np.log(bands[:, 1]))
    half = linregress(np.log(bands[:, 0]), np.log(bands[:, 2]))
    q = np.array([dilated(x, centre) for x, centre in zip(heads, bands[:, 0])])
    q = q[:, (~np.isnan(q)).sum(0) >= 2]
    apart, whole = np.nansum((q - np.nanmean(q, 0)) ** 2), np.nansum(q**2)
    unit = np.array([(x - x.mean()) / np.linalg.norm(x - x.mean()) for x in heads])
    eigenvalues = np.linalg.eigvalsh(unit @ unit.T)
    p = eigenvalues / eigenvalues.sum()
    filters = (abs(np.fft.fft(unit, axis=1)) ** 2).sum(0)[1 : N // 2 + 1]
    shares = np.array([(times * power(x))[1:] / (times * power(x))[1:].sum() for x in heads])
    overlaps = [np.sqrt(shares[i] * shares[j]).sum() for i in range(len(heads)) for j in range(i)]
    octaves = int(np.log2(N))
    k = np.arange(1, N // 2 + 1)
    inside = [(k > N / 2 ** (j + 1)) & (k <= N / 2**j) for j in range(1, octaves + 1)]
    covered = [max(share[where].sum() for share in shares) >= 1 / octaves for where in inside]
    return {
        "constant_q_slope": line.slope,
        "constant_q_r_squared": line.rvalue**2,
        "constant_q_slope_half_power": half.slope,
        "collapse_error": apart / whole,
        "effective_rank": np.exp(entropy(np.clip(p, 0, None))),
        "participation_ratio": eigenvalues.sum() ** 2 / (eigenvalues**2).sum(),
        "frame_lower": filters.min(),
        "frame_upper": filters.max(),
        "frame_ratio": filters.max() / filters.min(),
        "spectral_overlap": np.mean(overlaps),
        "octave_coverage": np.mean(covered),
    }


json.dump(
    {
        "versions": {m.__name__: m.__version__ for m in (np, scipy, pywt)},
        "signals": {name: list(x) for name, x in signals.items()},
        "heads": {name: head(x) for name, x in signals.items()},
        "group": group(list(signals.values())),
    },
    sys.stdout,
    indent=1,
)
print()
