"""Stationary, packet and extended transforms of small signals, for tests/discrete_transforms.rs.

Made with Python 3.11, PyWavelets 1.8.0, numpy 2.4.6. The signal is x(t) = (t² + 3t) mod 11 - 4.5.

python tests/data/discrete/transforms.py > tests/data/discrete/transforms.json
"""

import json

import warnings

import numpy as np
import pywt


def signal(n):
    t = np.arange(n)
    return ((t * t + 3 * t) % 11) - 4.5


def rows(arrays):
    return [[float(v) for v in a] for a in arrays]


extended, stationary, packets = [], [], []
for mode in pywt.Modes.modes:
    for name, n, level in (("db2", 13, 2), ("bior2.4", 8, 1), ("sym4", 5, 3), ("db1", 7, 2), ("db3", 2, 1)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            coefficients = pywt.wavedec(signal(n), name, mode, level)
        extended.append({"mode": mode, "wavelet": name, "length": n, "levels": level, "coefficients": rows(coefficients)})
for name, n, level, norm in (("db2", 16, 3, False), ("db2", 16, 2, True), ("bior2.2", 8, 2, False), ("sym5", 24, 3, True), ("db1", 4, 2, False)):
    with_approximations = pywt.swt(signal(n), name, level, norm=norm)
    trimmed = pywt.swt(signal(n), name, level, norm=norm, trim_approx=True)
    stationary.append({"wavelet": name, "length": n, "levels": level, "norm": norm, "coefficients": rows(trimmed), "approximations": rows(a for a, _ in with_approximations)})
for name, mode, n, level in (("db2", "symmetric", 13, 2), ("sym4", "periodization", 16, 3), ("bior2.2", "zero", 9, 2)):
    tree = pywt.WaveletPacket(signal(n), name, mode, maxlevel=level)
    nodes = tree.get_level(level, "freq")
    packets.append({"wavelet": name, "mode": mode, "length": n, "levels": level, "paths": [node.path for node in nodes], "coefficients": rows(node.data for node in nodes)})

print(json.dumps({
    "made_with": f"tests/data/discrete/transforms.py: PyWavelets {pywt.__version__}, numpy {np.__version__}",
    "extended": extended, "stationary": stationary, "packets": packets,
}, separators=(",", ":")))
