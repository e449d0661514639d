"""Filters and functions of every discrete wavelet of PyWavelets, for tests/discrete_wavelets.rs.

Of an orthogonal wavelet rec_lo is kept, of a biorthogonal one rec_lo and dec_lo; the others follow by
PyWavelets' own rules, which this script asserts, and are kept in full for a few names. `wavefun` is kept
at some points for every name, at one level each, and in full for a few.

python tests/data/discrete/make.py > tests/data/discrete/references.json
"""

import json

import numpy as np
import pywt


def functions(name, level):
    wavelet = pywt.Wavelet(name)
    values = wavelet.wavefun(level)
    if wavelet.orthogonal:
        return {"phi_d": values[0], "psi_d": values[1], "phi_r": values[0], "psi_r": values[1]}, values[2]
    return dict(zip(["phi_d", "psi_d", "phi_r", "psi_r"], values)), values[4]


wavelets, sampled, whole, banks = [], [], [], []
for index, name in enumerate(pywt.wavelist(kind="discrete")):
    if name == "haar":
        continue
    w = pywt.Wavelet(name)
    alternate = (-1.0) ** np.arange(w.rec_len)
    assert np.array_equal(w.rec_hi, alternate * w.dec_lo) and np.array_equal(w.dec_hi, -alternate * np.array(w.rec_lo))
    entry = {"name": name, "rec_lo": list(w.rec_lo), "vanishing": w.vanishing_moments_psi, "orthogonal": w.orthogonal}
    if w.orthogonal:
        assert w.dec_lo == w.rec_lo[::-1]
    else:
        entry["dec_lo"] = list(w.dec_lo)
    if name.startswith("rbio"):
        other = pywt.Wavelet("bior" + name[4:])
        assert w.rec_lo == other.dec_lo[::-1] and w.dec_lo == other.rec_lo[::-1]
        del entry["rec_lo"], entry["dec_lo"]
    wavelets.append(entry)
    level = 1 + index % 8
    values, x = functions(name, level)
    at = [int(i) for i in np.unique(np.linspace(1, len(x) - 1, 9).astype(int))]
    sampled.append({"name": name, "level": level, "length": len(x), "step": x[1] - x[0], "at": at,
                    "phi_d": [float(values["phi_d"][i]) for i in at], "psi_d": [float(values["psi_d"][i]) for i in at]})
for name, level in [("db1", 3), ("db2", 1), ("db2", 4), ("sym5", 2), ("coif1", 3), ("bior1.1", 2), ("bior2.2", 3), ("bior3.1", 2), ("rbio1.3", 2), ("bior5.5", 1), ("rbio6.8", 1)]:
    values, x = functions(name, level)
    whole.append({"name": name, "level": level, **{key: [float(v) for v in value] for key, value in values.items()}})
for name in ["db1", "db2", "sym4", "coif1", "bior1.3", "bior2.2", "bior3.1", "rbio2.2", "rbio5.5"]:
    w = pywt.Wavelet(name)
    banks.append({"name": name, **{key: list(getattr(w, key)) for key in ["dec_lo", "dec_hi", "rec_lo", "rec_hi"]}})

print(json.dumps({
    "made_with": f"tests/data/discrete/make.py: PyWavelets {pywt.__version__}, numpy {np.__version__}",
    "wavelets": wavelets, "sampled": sampled, "whole": whole, "banks": banks,
}, separators=(",", ":")))
