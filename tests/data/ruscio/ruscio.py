"""The metrics of Ruscio et al. on rows of whole-number weights, by numpy, scipy.signal and PyWavelets, under
several readings of what the paper leaves open.

Written with numpy 2.4, scipy 1.17, PyWavelets 1.8. Run in this folder: python ruscio.py > ruscio.json
"""

import json

import numpy as np
import pywt
import scipy.signal

EPS = 1e-10


def row(n, a, b, m):
    weights = np.array([(t * t * a + t * b) % m + 1 for t in range(n)], dtype=float)
    weights[0] += 40
    return weights / weights.sum()


def entropy(p):
    return float(-np.sum(p * np.log(p + EPS)))


def metrics(rows, points, level, alignment, mode):
    a, half, quarter = rows
    power = np.abs(np.fft.rfft(a * scipy.signal.get_window("hann", len(a)), points)) ** 2
    p = power / (power.sum() + EPS)
    x = np.arange(len(power)) / (len(power) - 1)
    bands = [float(p[(low <= x) & (x < high)].sum()) for low, high in [(0, 0.25), (0.25, 0.75), (0.75, 2)]]
    long = pywt.wavedec(a, "db2", mode=mode, level=level)

    def sensitivity(short):
        ones, others = [], []
        for u, v in zip(long, pywt.wavedec(short, "db2", mode=mode, level=level)):
            if alignment == "cut":
                u, v = u[: len(v)], v[: len(u)]
            elif alignment == "pad":
                v = np.pad(v, (0, len(u) - len(v)))
            else:
                v = np.interp(np.linspace(0, len(v) - 1, len(u)), np.arange(len(v)), v)
            ones.append(u)
            others.append(v)
        u, v = np.concatenate(ones), np.concatenate(others)
        return float(1 - u @ v / (np.linalg.norm(u) * np.linalg.norm(v) + EPS))

    values = bands + [float(power.max() / (power.sum() - power.max() + EPS)), entropy(a), entropy(p)]
    values += [sensitivity(half), sensitivity(quarter)]
    return values, [entropy(w**2) for w in long]


cases = []
for n, points, alignment, mode in [
    (96, 128, "cut", "symmetric"),
    (96, 96, "pad", "symmetric"),
    (101, 404, "stretch", "zero"),
]:
    rows = [row(n, 7, 3, 23), row(n // 2, 5, 2, 19), row(n // 4, 3, 1, 17)]
    level = pywt.dwt_max_level(n // 4, 4)
    values, wavelet = metrics(rows, points, level, alignment, mode)
    cases.append(
        {"n": n, "points": points, "alignment": alignment, "mode": mode, "level": level, "values": values, "wavelet": wavelet}
    )
print(json.dumps({"numpy": np.__version__, "pywt": pywt.__version__, "cases": cases}, indent=1))
