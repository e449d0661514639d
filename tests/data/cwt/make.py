"""Reference wavelet transforms, made without ropelet.

Writes references.json beside itself: the defining sum, term by term in numpy with formulas written
out here, and what PyWavelets' cwt returns for the same signal and scales, divided by the constant
that separates its wavelet from ours. Made with Python 3.11, numpy 2.4.6, PyWavelets 1.8.0.
"""

import json
from math import factorial
from pathlib import Path

import numpy as np
import pywt

PI = np.pi


def box(t):
    return np.where((0 <= t) & (t < 0.5), 1.0, 0.0) - np.where((0.5 <= t) & (t < 1), 1.0, 0.0)


WAVELETS = {
    "haar": ({}, box),
    "ricker": ({}, lambda t: (1 - t**2) * np.exp(-(t**2) / 2)),
    "gaussian": ({}, lambda t: np.exp(-(t**2))),
    "dog": ({"order": 3}, lambda t: -(t**3 - 3 * t) * np.exp(-(t**2) / 2)),
    "morlet": ({"omega0": 6.0}, lambda t: PI**-0.25 * (np.exp(6j * t) - np.exp(-18)) * np.exp(-(t**2) / 2)),
    "paul": ({"order": 4}, lambda t: 2**4 * factorial(4) / np.sqrt(PI * factorial(8)) * (1 - 1j * t) ** -5),
}
SCALES = [0.8, 2.0, 5.5, 17.0]
N = 37


def transform(psi, extended, first):
    """W(a, b) for b = 0..N-1, where extended[0] is the sample at time `first`."""
    t = np.arange(first, first + len(extended))
    rows = []
    for a in SCALES:
        rows.append([a**-0.5 * np.sum(np.conj(psi((t - b) / a)) * extended) for b in range(N)])
    return np.array(rows)


def extensions(x):
    periods = 2000  # Paul's tail there is below 1e-18
    both = np.concatenate([x, x[::-1]])
    return {
        "zero": (x, 0),
        "periodic": (np.tile(x, 2 * periods + 1), -periods * N),
        "reflect": (np.tile(both, 2 * periods + 1), -periods * 2 * N),
    }


def pairs(rows):
    return [[[float(v.real), float(v.imag)] for v in row] for row in np.asarray(rows, dtype=complex)]


rng = np.random.default_rng(7)
x = np.round(rng.standard_normal(N), 6) + np.linspace(-1, 2, N).round(6)
document = {
    "made_with": "tests/data/cwt/make.py: numpy 2.4.6, PyWavelets 1.8.0",
    "signal": x.tolist(),
    "scales": SCALES,
    "sums": [],
    "pywavelets": [],
}
for name, (parameters, psi) in WAVELETS.items():
    for boundary, (extended, first) in extensions(x).items():
        rows = pairs(transform(psi, extended, first))
        document["sums"].append({"name": name, "parameters": parameters, "boundary": boundary, "rows": rows})

cmor = f"cmor2.0-{6 / (2 * PI)!r}"
for theirs, name, parameters, factor in [
    ("mexh", "ricker", {}, 2 / (np.sqrt(3) * PI**0.25)),
    (cmor, "morlet-uncorrected", {"omega0": 6.0}, PI**0.25 / np.sqrt(2 * PI)),
]:
    coefficients, _ = pywt.cwt(x, SCALES, theirs)
    row = {"wavelet": theirs, "name": name, "parameters": parameters, "rows": pairs(coefficients / factor)}
    document["pywavelets"].append(row)

path = Path(__file__).with_name("references.json")
path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
