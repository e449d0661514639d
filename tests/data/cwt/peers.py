"""What other tools compute, as they are installed, for the signal x(t) = ((t² + 5t) mod 23)/11 - 1.

Writes peers.json beside itself. The settings keep what differs down to each tool's own conventions: no padding where
it can be switched off, a power of two as length, scales at which nothing aliases. Made with Python 3.11, numpy 2.4.6,
PyWavelets 1.9.0, ptwt 1.0.1 on torch 2.11.0, ssqueezepy 0.6.6, pycwt 0.5.0b0, fCWT 0.1.18 with FFTW 3.3.10.
"""

import json
from importlib.metadata import version
from math import pi
from pathlib import Path

import fcwt
import numpy as np
import ptwt
import pycwt
import pywt
import ssqueezepy
import torch

SCALES = [5.0, 8.0, 13.0]
N = 64


def signal(n):
    t = np.arange(n)
    return ((t * t + 5 * t) % 23) / 11 - 1


def pairs(rows, every=4):
    """Each so many coefficients of each row, the first included."""
    picked = np.asarray(rows, dtype=complex)[:, ::every]
    return [[[float(z.real), float(z.imag)] for z in row] for row in picked]


x = signal(N)
versions = {name: version(name) for name in ["PyWavelets", "ptwt", "ssqueezepy", "pycwt", "fCWT"]}
document = {"made_with": versions, "scales": SCALES, "samples": N, "every": 4, "rows": {}}
rows = document["rows"]

cmor = f"cmor2.0-{6 / (2 * pi)!r}"
for name in ["mexh", cmor, "gaus1"]:
    rows["PyWavelets " + name.split("-")[0]] = pairs(pywt.cwt(x, SCALES, name)[0])
rows["ptwt mexh"] = pairs(ptwt.cwt(torch.tensor(x), np.array(SCALES), "mexh")[0].numpy())

for name, wavelet in [
    ("gmw", ("gmw", {"gamma": 3, "beta": 20, "dtype": "float64"})),
    ("morlet", ("morlet", {"mu": 6.0, "dtype": "float64"})),
]:
    for norm, l1 in [("l1", True), ("l2", False)]:
        w = ssqueezepy.cwt(x, wavelet, scales=np.array(SCALES), padtype=None, l1_norm=l1, astensor=False)[0]
        rows[f"ssqueezepy {name} {norm}"] = pairs(w)

# Half a unit of time between samples: scales in that unit.
dt = 0.5
for name, wavelet in [
    ("morlet", pycwt.Morlet(6)),
    ("paul", pycwt.Paul(3)),
    ("dog1", pycwt.DOG(1)),
    ("dog2", pycwt.DOG(2)),
]:
    found = []
    for a in SCALES:
        # freqs = 1/(fourier wavelength per scale · scale) makes it use this one scale.
        w = pycwt.cwt(x, dt, wavelet=wavelet, freqs=np.array([1 / (wavelet.flambda() * a * dt)]))[0]
        found.append(w[0])
    rows["pycwt " + name] = pairs(found)
    document.setdefault("fourier_wavelength", {})[name] = float(wavelet.flambda())

# fCWT looks psihat up in a table of as many entries as the signal has samples: a longer signal, each 32nd coefficient.
long = signal(1024).astype("single")
frequencies, w = fcwt.cwt(long, 1, 0.04, 0.12, 4, scaling="lin")
document["fcwt_frequencies"] = [float(f) for f in frequencies]
rows["fCWT"] = pairs(w, 32)

# Squeezed onto 25 frequencies, and the frequency of each coefficient's phase; of 8 samples.
voices, every = 8, 16
chirp = np.cos(0.5 * np.arange(128) + 0.0015 * np.arange(128) ** 2)
squeezed, _, frequencies, scales, turning = ssqueezepy.ssq_cwt(
    chirp,
    ("gmw", {"gamma": 3, "beta": 20, "dtype": "float64"}),
    scales=2 ** (2 + np.arange(3 * voices + 1) / voices),
    ssq_freqs=np.geomspace(0.03, 0.3, 25),
    fs=1.0,
    padtype=None,
    gamma=1e-12,
    get_w=True,
    astensor=False,
)[:5]
document["squeezed"] = {
    "voices": voices,
    "every": every,
    "frequencies": frequencies.tolist(),
    "rows": pairs(squeezed, every),
    "turning": turning[:, ::every].tolist(),
}

# Coherence of two signals and the phase of their cross spectrum.
morlet, dj = pycwt.Morlet(6), 1 / 8
other = np.roll(x, 3) + signal(N)[::-1] / 4
coherence, phase, _, _, _ = pycwt.wct(x, other, 1.0, dj=dj, s0=4.0, J=16, sig=False, wavelet=morlet, normalize=False)
document["coherence"] = {"coherence": coherence[:, ::8].tolist(), "phase": phase[:, ::8].tolist()}

# Levels of white and of red noise of variance 2, and their backgrounds: of points, and of means over 100 samples.
levels = np.array([5.0, 8.0, 13.0])
document["levels"] = {}
for name, lag1 in [("white", 0.0), ("red", 0.5)]:
    points, background = pycwt.significance(2.0, 1.0, levels, 0, lag1, significance_level=0.95, wavelet=morlet)
    means, _ = pycwt.significance(2.0, 1.0, levels, 1, lag1, dof=np.full(3, 100.0), wavelet=morlet)
    document["levels"][name] = {"points": points.tolist(), "means": means.tolist(), "background": background.tolist()}

# The complex derivatives of a Gaussian, at 9 places of their grid.
document["cgau"] = {}
for order in [1, 2, 5]:
    psi, t = pywt.ContinuousWavelet(f"cgau{order}").wavefun(8)
    document["cgau"][str(order)] = {"t": t[16::28].tolist(), "psi": pairs([psi[16::28]], 1)[0]}

path = Path(__file__).with_name("peers.json")
path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print(path.stat().st_size, list(rows))
