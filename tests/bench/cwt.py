"""Speed of the wavelet transform beside others, in one run, as ratios.

    python tests/bench/cwt.py

Needs cargo and numpy; PyWavelets, fCWT, scipy and torch take part where they are installed, on one thread each. One shape for
everyone, f32: 1024 signals of 2048 samples, 64 scales over 6 octaves. Who allocates its output does so here too. PyWavelets
is timed on 64 signals and counted 16 times, scipy and torch, by hand with a bank that is there beforehand, on 128 and 8 times.
"""

import os
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
import numpy as np

SIGNALS, LENGTH, SCALES = 1024, 2048, 64
scales = 2 * 2 ** (6 * np.arange(SCALES) / (SCALES - 1))
root = Path(__file__).resolve().parents[2]
signals = np.random.default_rng(0).standard_normal((SIGNALS, LENGTH)).astype(np.float32)


def seconds(run, times=1):
    start = time.perf_counter()
    run()
    return times * (time.perf_counter() - start)


def bank():
    omega = 2 * np.pi * np.fft.fftfreq(LENGTH)
    return (np.sqrt(scales)[:, None] * np.exp(-0.5 * (scales[:, None] * omega - 6) ** 2)).astype(np.float32)


def pywavelets():
    import pywt

    wavelet = f"cmor2.0-{6 / (2 * np.pi)!r}"
    return seconds(lambda: pywt.cwt(signals[:64], scales, wavelet, method="fft", axis=-1), 16)


def fcwt():
    import fcwt

    morlet = fcwt.Morlet(2.0)
    frequencies = fcwt.Scales(morlet, fcwt.FCWT_LOGSCALES, 1, 0.0075, 0.477, SCALES)
    transform = fcwt.FCWT(morlet, 1, False, False)
    out = np.zeros((SCALES, LENGTH), dtype=np.complex64)
    transform.cwt(signals[0], frequencies, out)
    return seconds(lambda: [transform.cwt(signal, frequencies, out) for signal in signals])


def scipy():
    from scipy import fft

    gains = bank()
    return seconds(lambda: fft.ifft(fft.fft(signals[:128])[:, None] * gains), 8)


def torch():
    import torch

    torch.set_num_threads(1)
    gains, x = torch.from_numpy(bank()), torch.from_numpy(signals[:128])
    return seconds(lambda: torch.fft.ifft(torch.fft.fft(x)[:, None] * gains), 8)


command = ["cargo", "bench", "-q", "--no-default-features", "--bench", "cwt", "--", "batch morlet periodic f32", "batch morlet zero f32"]
lines = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, numpy {np.__version__}")
print(lines)
ours = next(float(line.split()[5]) for line in lines.splitlines() if "periodic f32" in line and line.split()[4] == "1")
for peer, package in [(pywavelets, "PyWavelets"), (fcwt, "fcwt"), (scipy, "scipy"), (torch, "torch")]:
    try:
        theirs = peer()
    except ImportError:
        print(f"{package:<12} is not installed")
        continue
    print(f"{package:<12} {metadata.version(package):<8} {theirs:>8.3f} s {theirs / ours:>7.1f} times one thread of ours")
