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

path = Path(__file__).with_name("peers.json")
path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print(path.stat().st_size, list(rows))
