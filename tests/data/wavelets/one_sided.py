"""Reference values of the wavelets that are given by a one-sided or compact spectrum, made without ropelet.

Writes one_sided.json beside itself, in the layout of references.json. mpmath integrates the spectra to
30 digits; PyWavelets evaluates its own closed forms of shan and fbsp. Made with Python 3.11,
mpmath 1.3.0, numpy 2.4.6, PyWavelets 1.8.0.

python tests/data/wavelets/one_sided.py
"""

import json
from pathlib import Path

import numpy as np
import pywt
from mpmath import binomial, exp, factorial, j, mp, mpc, mpf, pi, quad, sqrt

mp.dps = 30
TIMES = [mpf(t) for t in ("-7.5", "-3.25", "-1", "-0.3", "0", "0.125", "0.5", "0.75", "1.5", "2.875", "6", "40")]
OMEGAS = [mpf(w) for w in ("-9", "-2.5", "-0.75", "-0.001", "0.001", "0.5", "1", "2.25", "5", "6.5", "11", "30")]


def split(a, b, parts):
    return [a + (b - a) * mpf(i) / parts for i in range(parts + 1)]


def table(f, points):
    return [[float(v.real), float(v.imag)] for v in (mpc(f(x)) for x in points)]


rows = []


def add(name, parameters, psihat, slope, pieces, peak, admissible=True, smooth=True):
    """`slope` is the derivative of psihat; pieces cover its support, between its breaks."""
    inverse = lambda t: quad(lambda w: psihat(w) * exp(j * w * t), pieces) / (2 * pi)
    square = lambda w: abs(psihat(w)) ** 2
    energy = quad(square, pieces)
    middle = quad(lambda w: w * square(w), pieces) / energy
    row = {"name": name, "parameters": parameters, "energy": float(energy / (2 * pi)), "peak_omega": float(peak)}
    row["frequency_spread"] = float(sqrt(quad(lambda w: (w - middle) ** 2 * square(w), pieces) / energy))
    if smooth:
        row["time_spread"] = float(sqrt(quad(lambda w: abs(slope(w)) ** 2, pieces) / energy))
    if admissible:
        row["c_psi"] = float(quad(lambda w: square(w) / abs(w), pieces))
    row["psi"] = table(inverse, TIMES)
    row["psihat"] = table(psihat, OMEGAS)
    rows.append(row)


def morlet(w0, corrected):
    kappa = exp(-w0 * w0 / 2) if corrected else mpf(0)
    factor = pi ** (-mpf(1) / 4) * sqrt(2 * pi)
    psihat = lambda w: factor * (exp(-((w - w0) ** 2) / 2) - kappa * exp(-w * w / 2)) if w > 0 else mpf(0)
    slope = lambda w: factor * (-(w - w0) * exp(-((w - w0) ** 2) / 2) + kappa * w * exp(-w * w / 2))
    return psihat, slope


for w0 in ("0.25", "1", "2", "6", "14.5"):
    value = mpf(w0)
    peak = mp.findroot(lambda w: w * (1 - exp(-w * value)) - value, 1 + value)
    pieces = split(mpf(0), value + 14, 80)
    add("analytic-morlet", {"omega0": float(w0)}, *morlet(value, True), pieces, peak)
    add("analytic-morlet-uncorrected", {"omega0": float(w0)}, *morlet(value, False), pieces, value, False, False)

for m in (1, 2, 3, 6, 40):
    factor = 2 * (-1) ** (m + 1) * j**m * sqrt(2 * pi)
    psihat = lambda w: factor * w**m * exp(-w * w / 2) if w > 0 else mpf(0)
    slope = lambda w: factor * (m * w ** (m - 1) - w ** (m + 1)) * exp(-w * w / 2)
    add("analytic-dog", {"order": m}, psihat, slope, split(mpf(0), sqrt(mpf(m)) + 14, 80), sqrt(mpf(m)))


def spline(order, x):
    """The centred B-spline of degree order - 1, by its truncated powers."""
    terms = (
        (-1) ** k * binomial(order, k) * (x + mpf(order) / 2 - k) ** (order - 1)
        for k in range(order + 1)
        if x + mpf(order) / 2 - k > 0
    )
    return sum(terms, mpf(0)) / factorial(order - 1) if abs(x) < mpf(order) / 2 else mpf(0)


for order, bandwidth, centre in ((1, "1.5", "1"), (1, "0.25", "0.75"), (2, "1.5", "1"), (3, "2", "1"), (4, "1", "0.375"), (9, "3", "1.75"), (16, "0.5", "4"), (5, "2", "1.0625")):
    b, c = mpf(bandwidth), mpf(centre)
    height = order / sqrt(b)
    psihat = lambda w: height * spline(order, (w / (2 * pi) - c) * order / b)
    # The derivative of the spline is the difference of those of one degree less.
    place = lambda w: (w / (2 * pi) - c) * order / b
    steep = height * order / (2 * pi * b)
    slope = lambda w: steep * (spline(order - 1, place(w) + mpf(1) / 2) - spline(order - 1, place(w) - mpf(1) / 2))
    # Between the knots it is a polynomial; high frequencies of the inverse want more.
    knots = [2 * pi * (c + b / order * (mpf(k) / 4 - mpf(order) / 2)) for k in range(4 * order + 1)]
    parameters = {"order": order, "bandwidth": float(b), "centre": float(c)}
    admissible = 2 * c > b or (order > 1 and 2 * c == b)
    add("fbsp", parameters, psihat, slope, knots, 2 * pi * c, admissible, order > 1)

others = []
for source, name, parameters in (
    ("shan1.5-1.0", "shannon", {"bandwidth": 1.5, "centre": 1.0}),
    ("shan0.25-0.75", "shannon", {"bandwidth": 0.25, "centre": 0.75}),
    ("fbsp2-1.5-1.0", "fbsp", {"order": 2, "bandwidth": 1.5, "centre": 1.0}),
    ("fbsp5-3.0-2.0", "fbsp", {"order": 5, "bandwidth": 3.0, "centre": 2.0}),
):
    psi, t = pywt.ContinuousWavelet(source).wavefun(length=24)
    values = [[float(v.real), float(v.imag)] for v in psi]
    others.append({"source": f"PyWavelets {source}", "name": name, "parameters": parameters, "factor": 1.0, "t": [float(x) for x in t], "psi": values})

document = {
    "made_with": "tests/data/wavelets/one_sided.py: mpmath 1.3.0, numpy 2.4.6, PyWavelets 1.8.0",
    "times": [float(t) for t in TIMES],
    "omegas": [float(w) for w in OMEGAS],
    "mpmath": rows,
    "others": others,
}
path = Path(__file__).with_name("one_sided.json")
path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
