"""Speed of the wavelet transform beside PyWavelets, in one run, as ratios.

    python tests/bench/cwt.py

Needs cargo, numpy and PyWavelets. The same shape for everyone: 1024 signals of 2048 samples, 64
scales over 6 octaves. PyWavelets allocates its output; ropelet writes into memory that is there.
PyWavelets' default method, `conv`, is timed on 64 signals and counted 16 times.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pywt

SIGNALS, LENGTH, SCALES = 1024, 2048, 64
scales = 2 * 2 ** (6 * np.arange(SCALES) / (SCALES - 1))
root = Path(__file__).resolve().parents[2]

command = ["cargo", "bench", "-q", "--no-default-features", "--bench", "cwt", "--", "batch"]
ours = {}
for line in subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.splitlines():
    shape, *name, dtype, seconds, processor, ratio = line.split()
    ours[" ".join(name), dtype] = float(seconds)

print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, numpy {np.__version__}, PyWavelets {pywt.__version__}")
print(f"{'case':<16} {'type':<5} {'ropelet':>9} {'x floor':>8} {'pywt fft':>10} {'ratio':>7} {'pywt conv':>10} {'ratio':>7} {'direct':>10} {'ratio':>7}")
rng = np.random.default_rng(0)
for dtype, name in [(np.float32, "f32"), (np.float64, "f64")]:
    signals = rng.standard_normal((SIGNALS, LENGTH)).astype(dtype)
    for case, wavelet, kind in [("morlet", f"cmor2.0-{6 / (2 * np.pi)!r}", "complex"), ("ricker", "mexh", "real")]:
        seconds = {}
        for method, count in [("fft", SIGNALS), ("conv", SIGNALS // 16)]:
            start = time.perf_counter()
            pywt.cwt(signals[:count], scales, wavelet, method=method, axis=-1)
            seconds[method] = (time.perf_counter() - start) * SIGNALS / count
        for boundary in ("zero", "periodic"):
            own, floor = ours[f"{case} {boundary}", name], ours[f"floor {kind}", name]
            row = f"{case + ' ' + boundary:<16} {name:<5} {own:>8.3f}s {own / floor:>8.1f}"
            for theirs in (seconds["fft"], seconds["conv"], ours[f"direct {case}", name]):
                row += f" {theirs:>9.2f}s {theirs / own:>7.1f}"
            print(row)
