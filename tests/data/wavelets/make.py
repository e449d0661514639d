"""Reference values of the mother wavelets, made without ropelet.

Writes references.json beside itself. mpmath integrates the definitions to 30 digits; PyWavelets
and scipy give published closed forms of their own. Made with Python 3.11, mpmath 1.3.0,
numpy 2.4.6, scipy 1.17.1, PyWavelets 1.8.0.
"""

import json
from pathlib import Path

import mpmath
import numpy as np
import pywt
import scipy.special
from mpmath import e, exp, factorial, hermite, inf, j, log, mp, mpf, pi, quad, sin, sqrt

mp.dps = 30
TIMES = [mpf(t) for t in ("-7.5", "-3.25", "-1", "-0.3", "0", "0.125", "0.5", "0.75", "1.5", "2.875", "6", "40")]
OMEGAS = [mpf(w) for w in ("-9", "-2.5", "-0.75", "-0.001", "0.001", "0.5", "1", "2.25", "5", "6.5", "11", "30")]


def split(a, b, parts):
    return [a + (b - a) * mpf(i) / parts for i in range(parts + 1)]


def numbers(psi, psihat, time_pieces, frequency_pieces, smooth=True):
    """The integrals of the definition, by quadrature. Frequency pieces are positive."""
    both = lambda f: lambda w: f(w) + f(-w)
    square = lambda w: abs(psihat(w)) ** 2
    energy = quad(lambda t: abs(psi(t)) ** 2, time_pieces)
    centre = quad(lambda t: t * abs(psi(t)) ** 2, time_pieces) / energy
    time = sqrt(quad(lambda t: (t - centre) ** 2 * abs(psi(t)) ** 2, time_pieces) / energy)
    row = {"mean": float(mpmath.re(quad(psi, time_pieces))), "energy": float(energy), "time_spread": float(time)}
    if smooth:
        norm = quad(both(square), frequency_pieces)
        mid = quad(lambda w: w * (square(w) - square(-w)), frequency_pieces) / norm
        spread = quad(lambda w: (w - mid) ** 2 * square(w) + (w + mid) ** 2 * square(-w), frequency_pieces) / norm
        row["frequency_spread"] = float(sqrt(spread))
    return row


def constant(psihat, pieces):
    return float(quad(lambda w: (abs(psihat(w)) ** 2 + abs(psihat(-w)) ** 2) / w, pieces))


def table(f, points):
    values = [mpmath.mpc(f(x)) for x in points]
    return [[float(v.real), float(v.imag)] for v in values]


def peak(modulus, start):
    """Where the logarithm of the modulus has slope 0."""
    return float(mpmath.findroot(lambda w: mpmath.diff(lambda v: log(modulus(v)), w), start, tol=1e-36))


def morlet(w0, corrected):
    kappa = exp(-mpf(w0) ** 2 / 2) if corrected else mpf(0)
    psi = lambda t: pi ** (-mpf(1) / 4) * (exp(j * w0 * t) - kappa) * exp(-t * t / 2)
    psihat = lambda w: pi ** (-mpf(1) / 4) * sqrt(2 * pi) * (exp(-((w - w0) ** 2) / 2) - kappa * exp(-w * w / 2))
    return psi, psihat


def dog(m):
    he = lambda t: mpf(2) ** (-mpf(m) / 2) * hermite(m, t / sqrt(mpf(2)))
    psi = lambda t: -he(t) * exp(-t * t / 2)
    psihat = lambda w: (-1) ** (m + 1) * (j * w) ** m * sqrt(2 * pi) * exp(-w * w / 2)
    return psi, psihat


def paul(m):
    c = 2**m * j**m * factorial(m) / sqrt(pi * factorial(2 * m))
    psi = lambda t: c * (1 - j * t) ** (-(m + 1))
    psihat = lambda w: 2 * pi * c / factorial(m) * w**m * exp(-w) if w > 0 else mpf(0)
    return psi, psihat


def morse(beta, gamma):
    beta, gamma = mpf(beta), mpf(gamma)
    a = 2 * (e * gamma / beta) ** (beta / gamma)
    psihat = lambda w: a * w**beta * exp(-(w**gamma)) if w > 0 else mpf(0)
    top = {1: mpf(160), 2: mpf(16)}.get(int(gamma), mpf(12))  # psihat is below 1e-30 of its peak there
    pieces = split(mpf(0), top, 80)
    psi = lambda t: quad(lambda w: psihat(w) * exp(j * w * t), pieces) / (2 * pi)
    return psi, psihat, pieces


rows = []


def add(name, parameters, psi, psihat, time_pieces, frequency_pieces, admissible=True, smooth=True, start=None, times=TIMES):
    row = {"name": name, "parameters": parameters}
    if time_pieces is not None:
        row |= numbers(psi, psihat, time_pieces, frequency_pieces, smooth)
    if admissible:
        row["c_psi"] = constant(psihat, frequency_pieces)
    if start is not None:
        row["peak_omega"] = peak(lambda w: abs(psihat(w)), mpf(start))
    row["psi"] = table(psi, times)
    row["psihat"] = table(psihat, OMEGAS)
    rows.append(row)


WIDE = split(mpf(-24), mpf(24), 24)
HIGH = [mpf(0), mpf(1) / 1000] + split(mpf(1) / 1000, mpf(36), 36)[1:]

box = lambda t: mpf(1) if 0 <= t < 0.5 else mpf(-1) if 0.5 <= t < 1 else mpf(0)
haar_hat = lambda w: (1 - exp(-j * w / 2)) ** 2 / (j * w)
haar = {"name": "haar", "parameters": {}, "mean": 0.0, "energy": 1.0, "time_spread": float(1 / sqrt(mpf(12)))}
haar["c_psi"] = float(2 * log(mpf(2)))
haar["peak_omega"] = float(4 * mpmath.findroot(lambda x: mpmath.tan(x) - 2 * x, 1.1656))
haar["psi"], haar["psihat"] = table(box, TIMES), table(haar_hat, OMEGAS)
rows.append(haar)

ricker = (lambda t: (1 - t * t) * exp(-t * t / 2), lambda w: sqrt(2 * pi) * w * w * exp(-w * w / 2))
add("ricker", {}, *ricker, WIDE, HIGH, start=1.4)
add("gaussian", {}, lambda t: exp(-t * t), lambda w: sqrt(pi) * exp(-w * w / 4), WIDE, HIGH, admissible=False)
for w0 in ("0.01", "0.5", "1", "2", "5", "6", "6.9", "7.1", "13.9", "14.1", "20"):
    start = mpmath.findroot(lambda w: w * (1 - exp(-w * mpf(w0))) - mpf(w0), 1 + mpf(w0))
    add("morlet", {"omega0": float(w0)}, *morlet(mpf(float(w0)), True), WIDE, HIGH, start=start)
for w0 in ("1", "5", "6"):
    add("morlet-uncorrected", {"omega0": float(w0)}, *morlet(mpf(w0), False), WIDE, HIGH, admissible=False, start=w0)
for m in (1, 2, 3, 6, 11, 40):
    add("dog", {"order": m}, *dog(m), WIDE, HIGH, start=mpmath.sqrt(m))
for m in (80, 171):
    psi, psihat = dog(m)
    rows.append({"name": "dog", "parameters": {"order": m}, "psi": table(psi, TIMES), "psihat": table(psihat, OMEGAS)})
for m in (1, 2, 4, 9, 40):
    tails = [-inf] + split(mpf(-20), mpf(20), 20) + [inf]
    add("paul", {"order": m}, *paul(m), tails, split(mpf(0), mpf(240), 60), start=m)
for beta, gamma in (("20", "3"), ("3", "3"), ("2", "1"), ("0.75", "2"), ("60", "6"), ("0.2", "3")):
    psi, psihat, pieces = morse(beta, gamma)
    b, g = float(beta), float(gamma)
    row = {"name": "morse", "parameters": {"order": b, "gamma": g}}
    row["psi"] = table(psi, [t for t in TIMES if abs(t) < 10])
    row["psihat"] = table(psihat, OMEGAS)
    square = lambda w: psihat(w) ** 2
    energy = quad(square, pieces)
    row["energy"] = float(energy / (2 * pi))
    # Over ln w: at w = 0 the integrand itself may be infinite.
    row["c_psi"] = float(quad(lambda x: square(exp(x)), split(mpf(-240), log(pieces[-1]), 160)))
    mid = quad(lambda w: w * square(w), pieces) / energy
    row["frequency_spread"] = float(sqrt(quad(lambda w: (w - mid) ** 2 * square(w), pieces) / energy))
    if b > 0.5:
        b_, g_ = mpf(beta), mpf(gamma)
        slope = lambda w: (psihat(w) * (b_ / w - g_ * w ** (g_ - 1))) ** 2 if w > 0 else mpf(0)
        row["time_spread"] = float(sqrt(quad(slope, pieces) / energy))
    row["peak_omega"] = float((mpf(beta) / mpf(gamma)) ** (1 / mpf(gamma)))
    rows.append(row)

# Other people's code, with the factor that separates their wavelet from ours.
grid = np.array([float(t) for t in TIMES if abs(t) < 7])
others = []


def other(source, name, parameters, factor, t, values):
    values = np.asarray(values, dtype=complex)
    others.append(
        {
            "source": source,
            "name": name,
            "parameters": parameters,
            "factor": factor,
            "t": [float(x) for x in t],
            "psi": [[float(v.real), float(v.imag)] for v in values],
        }
    )


def pywt_psi(wavelet, points=17):
    psi, t = pywt.ContinuousWavelet(wavelet).wavefun(length=points)
    return t, psi


t, psi = pywt_psi("mexh")
other("PyWavelets mexh", "ricker", {}, 2 / (np.sqrt(3) * np.pi**0.25), t, psi)
# PyWavelets keeps the centre frequency in single precision: that is the carrier it evaluates.
t, psi = pywt_psi(f"cmor2.0-{6 / (2 * np.pi)!r}")
single = 2 * np.pi * float(np.float32(6 / (2 * np.pi)))
other("PyWavelets cmor2.0-0.9549", "morlet-uncorrected", {"omega0": single}, np.pi**0.25 / np.sqrt(2 * np.pi), t, psi)
for m in (2, 4, 5):
    gauss = -scipy.special.eval_hermitenorm(m, grid) * np.exp(-grid * grid / 2)
    other("scipy eval_hermitenorm", "dog", {"order": m}, 1.0, grid, gauss)

path = Path(__file__).with_name("references.json")
document = {
    "made_with": "tests/data/wavelets/make.py: mpmath 1.3.0, numpy 2.4.6, scipy 1.17.1, PyWavelets 1.8.0",
    "times": [float(t) for t in TIMES],
    "omegas": [float(w) for w in OMEGAS],
    "mpmath": rows,
    "others": others,
}
path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
