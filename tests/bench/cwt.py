"""Speed of the wavelet transform beside others, in turns in one run.

    python tests/bench/cwt.py                 everything: ropelet's own benchmark, then three shapes with all peers
    python tests/bench/cwt.py --contest       only the shapes with the peers
    python tests/bench/cwt.py --shapes long --peers fcwt fCWT-wisdom --turns 9

Needs cargo and numpy. PyWavelets, ssqueezepy, torch, scipy, fCWT (with FFTW's estimates, and with the wisdom that its own
optimisation makes by FFTW_MEASURE) and pycwt take part where this Python has them; the Rust crates fcwt, fcwt2 and scalet, and
rustfft for each scale, if tests/bench/peers can be built. About 9 GB of memory for the first shape.

Everyone computes the Morlet transform (w0 = 6) in f32, complex, of the same signals at the same scales, on one thread, as
a process of its own that waits until it is its turn (tests/bench/contest.rs says how they are asked). A turn is one run after the
other of all; the first is not counted, and who took over three seconds for it has one more. Times are medians. F is the time in
which ropelet's process fills the bytes of all coefficients past the caches, once a turn. Output goes to memory that is there
already where a peer can do that. A slow peer is given some of the signals, and counted as often; the table says so.

Before its time counts, a peer must compute the transform: at three scales the correlation of its |W| with the one computed here from
the definition, away from the ends by six scales, must be over 0.99, and under that for a scale that is wrong by 10 %.
Exits with 1 if that does not hold.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from importlib import metadata
from pathlib import Path

THREADS = ["OMP", "MKL", "OPENBLAS", "RAYON", "NUMBA"]
os.environ.update({f"{name}_NUM_THREADS": "1" for name in THREADS}, SSQ_PARALLEL="0")
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "tests/bench/peers"
W0 = 6.0
# Signals, samples, scales, octaves above scale 2.
SHAPES = {"batch": (1024, 2048, 64, 6), "long": (1, 100_000, 200, 10), "longest": (1, 131_072, 480, 10)}
AGREES, WRONG, PATIENCE = 0.99, 1.1, 3.0


def gains(length, scales):
    """psihat(a ω) at the frequencies of a transform of this length, up to a factor."""
    omega = 2 * np.pi * np.fft.fftfreq(length)
    return np.exp(-0.5 * (np.asarray(scales)[:, None] * omega - W0) ** 2)


# Peers in Python: called with signals and scales, each returns what makes the coefficients of so many signals, and who
# that is: (run, signals, version, note). What `run` returns begins with the rows of the first signal. How many signals
# are given at a time was tried out: torch takes three times as long with 64 at once, and ssqueezepy eight times with 128.


def batches(x, size, transform):
    def run():
        for start in reversed(range(0, len(x), size)):
            result = transform(x[start : start + size])
        return result

    return run, len(x)


def together(x, size):
    return f", {size} at a time" if len(x) > 1 else ""


def pywavelets(x, scales):
    import pywt

    # At large scales its table of the integrated wavelet has to be finer, or images of the wavelet at other frequencies
    # outweigh it: with the 12 that it takes by itself the correlation is 0.2 at scale 1000.
    precision = 12 if scales[-1] < 256 else 18
    options = {"method": "fft", "axis": -1, "precision": precision}
    wavelet = f"cmor2.0-{W0 / (2 * np.pi)!r}"
    run = batches(x[:64], 16, lambda x: pywt.cwt(x, scales, wavelet, **options)[0].swapaxes(0, 1))
    return *run, metadata.version("PyWavelets"), f"method fft, precision {precision}{together(x, 16)}"


def ssqueezepy(x, scales):
    from ssqueezepy import Wavelet, cwt

    wavelet = Wavelet(("morlet", {"mu": W0, "dtype": "float32"}))
    run = batches(x[:128], 16, lambda x: cwt(x if len(x) > 1 else x[0], wavelet, scales=scales, padtype=None, cache_wavelet=True)[0])
    return *run, metadata.version("ssqueezepy"), f"no padding, bank kept{together(x, 16)}"


def scipy(x, scales):
    from scipy import fft

    x, bank = x[:256], gains(x.shape[1], scales).astype(np.float32)
    out = np.zeros((len(x), *bank.shape), np.complex64)

    def run():
        for signal, table in zip(x, out):
            np.multiply(fft.fft(signal), bank, out=table)
            fft.ifft(table, overwrite_x=True)
        return out

    return run, len(x), metadata.version("scipy"), "by hand, bank kept, in place"


def torch(x, scales):
    import torch

    torch.set_num_threads(1)
    x, bank = torch.from_numpy(x[:256]), torch.from_numpy(gains(x.shape[1], scales).astype(np.float32))
    size = min(4, len(x))
    products = torch.zeros(size, *bank.shape, dtype=torch.complex64)
    out = torch.zeros(len(x), *bank.shape, dtype=torch.complex64)

    def run():
        for signals, tables in zip(x.split(size), out.split(size)):
            torch.mul(torch.fft.fft(signals)[:, None], bank, out=products)
            torch.fft.ifft(products, out=tables)
        return out.numpy()

    return run, len(x), torch.__version__, f"by hand, bank kept{together(x, 4)}"


def pycwt(x, scales):
    from pycwt import Morlet, cwt

    step = np.log2(scales[1] / scales[0])
    run = batches(x[:32].astype(float), 1, lambda x: cwt(x[0], 1, step, scales[0], len(scales) - 1, Morlet(W0))[0])
    return *run, metadata.version("pycwt"), "f64, which is all it has"


def fcwt(x, scales, wisdom=False):
    import ctypes

    import fcwt

    bandwidth = W0 / (2 * np.pi)
    # The transform keeps pointers to these.
    morlet = fcwt.Morlet(bandwidth)
    cycles = fcwt.Scales(morlet, fcwt.FCWT_LOGSCALES, 1, bandwidth / scales[-1], bandwidth / scales[0], len(scales))
    transform = fcwt.FCWT(morlet, 1, wisdom, False)
    if wisdom:
        transform.create_FFT_optimization_plan(x.shape[1], "FFTW_MEASURE")
    out = np.zeros((len(x), len(scales), x.shape[1]), np.complex64)

    def run(keep=(morlet, cycles)):
        for signal, table in zip(x, out):
            transform.cwt(signal, cycles, table)
        return out

    try:
        fftw = ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL("libfftw3f.so.3"), "fftwf_version"))).decode()
    except (OSError, ValueError):
        fftw = "FFTW"
    return run, len(x), metadata.version("fcwt"), f"{fftw}, {'wisdom' if wisdom else 'estimates'}"


PYTHON = {
    "PyWavelets": pywavelets,
    "ssqueezepy": ssqueezepy,
    "scipy.fft": scipy,
    "torch.fft": torch,
    "pycwt": pycwt,
    "fCWT": fcwt,
    "fCWT-wisdom": lambda x, scales: fcwt(x, scales, wisdom=True),
}
RUST = ["rustfft", "fcwt", "fcwt2", "scalet"]


def grid(shape):
    _, length, count, octaves = SHAPES[shape]
    return 2 * 2 ** (octaves * np.arange(count) / (count - 1))


def serve(name, shape, file):
    """This process as the contestant `name`; its answers are as those of contest.rs, with the version."""
    reply = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # some peers write to the standard output
    signals, length, _, _ = SHAPES[shape]
    scales = grid(shape)
    x = np.fromfile(file, np.float32).reshape(signals, length)
    try:
        run, some, version, note = PYTHON[name](x, scales)
    except ImportError as error:
        print(f"missing\t{error}", file=reply)
        return
    if some < signals:
        note += f"; {some} signals, counted {signals // some} times"
    print(f"{some * length * len(scales)}\t{note}\t{version}", file=reply)
    result = None
    for line in sys.stdin:
        match line.split():
            case ["time"]:
                result = None
                start = time.perf_counter()
                result = run()
                print(time.perf_counter() - start, file=reply)
            case ["rows", path, *rows]:
                table, rows = np.asarray(result).reshape(-1, len(scales), length)[0], [int(row) for row in rows]
                np.abs(table[rows]).astype(np.float32).tofile(path)
                print(*scales[rows], file=reply)


class Contestant:
    def __init__(self, name, command, version=None, place=None):
        self.name, self.seconds, self.agrees, self.patient = name, [], None, True
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, bufsize=1, cwd=place
        )
        first, *rest = (self.process.stdout.readline().rstrip("\n") or self.failure()).split("\t")
        self.missing = rest[0] if first == "missing" else None
        if self.missing is None:
            self.count, self.note, self.version = int(first), rest[0], rest[1] if len(rest) > 1 else version

    def failure(self):
        self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines() or ["no answer"]
        return f"missing\tfailed: {lines[-1]}"

    def ask(self, line):
        print(line, file=self.process.stdin)
        answer = self.process.stdout.readline().split()
        if not answer:
            raise RuntimeError(self.failure())
        return [float(word) for word in answer]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def magnitude(x, scale):
    return np.abs(np.fft.ifft(np.fft.fft(x) * gains(len(x), [scale])[0]))


def agreement(contestant, x, rows, work):
    """The least correlation with the definition, and the largest with that of a wrong scale."""
    file = work / "rows"
    scales = contestant.ask(f"rows {file} {' '.join(map(str, rows))}")
    theirs = np.fromfile(file, np.float32).reshape(len(rows), len(x))
    right, wrong = [], []
    for scale, row in zip(scales, theirs):
        edge = int(6 * scale)
        inside = slice(edge, len(x) - edge)
        for factor, all in [(1, right), (WRONG, wrong)]:
            all.append(np.corrcoef(magnitude(x.astype(float), factor * scale)[inside], row[inside])[0, 1])
    return min(right), max(wrong)


def executable(lines, name):
    messages = (json.loads(line) for line in lines.splitlines())
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == name)


def build(name, *words, place=ROOT, **environment):
    command = ["cargo", "build", "--release", "--locked", "--message-format", "json", *words]
    built = subprocess.run(command, cwd=place, capture_output=True, text=True, env=os.environ | environment)
    return executable(built.stdout, name) if built.returncode == 0 else None


def versions():
    packages = tomllib.loads((PEERS / "Cargo.lock").read_text())["package"]
    return {package["name"]: package["version"] for package in packages}


def contest(shape, ours, peers, wanted, turns, work):
    signals, length, count, octaves = SHAPES[shape]
    coefficients = signals * length * count
    x = np.random.default_rng(0).standard_normal((signals, length)).astype(np.float32)
    file = work / "signals"
    x.tofile(file)
    task = [str(file), str(length), str(count), str(octaves)]
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
    commands = {f"ropelet, {boundary}": ([ours, "--contest", boundary, *task], version) for boundary in ["periodic", "zero"]}
    names = ["ropelet, periodic", "ropelet, zero"]
    for name in RUST:
        commands[name] = ([peers, name, *task] if peers else None, versions()[name])
    for name in PYTHON:
        commands[name] = ([sys.executable, str(Path(__file__).resolve()), "--serve", name, shape, str(file)], None)

    print(f"\n### {shape}: {signals} × {length} × {count} scales, {octaves} octaves\n", flush=True)
    contestants = []
    for name, (command, version) in commands.items():
        if name not in names and wanted and name not in wanted:
            continue
        if command is None:
            print(f"{name}: not built")
            continue
        contestant = Contestant(name, command, version, work)
        if contestant.missing is None:
            contestants.append(contestant)
        else:
            print(f"{name}: {'' if contestant.missing.startswith('failed') else 'not installed: '}{contestant.missing}")

    floor, rows, failed = [], [count // 8, count // 2, 7 * count // 8], False
    for turn in range(turns + 1):
        for contestant in contestants:
            if turn > 1 and not contestant.patient:
                continue
            if contestant.name == names[0]:
                floor += contestant.ask("floor")
            [seconds] = contestant.ask("time")
            if turn > 0:
                contestant.seconds.append(seconds * coefficients / contestant.count)
            else:
                contestant.patient = seconds < PATIENCE
                contestant.agrees = agreement(contestant, x[0], rows, work)
    for contestant in contestants:
        contestant.close()

    floor = statistics.median(floor[1:])
    first = statistics.median(contestants[0].seconds)
    print("| | version | s | ns per coefficient | times ropelet | × F | least correlation (wrong scale) | |")
    print("|---|---|---|---|---|---|---|---|")
    for contestant in sorted(contestants, key=lambda contestant: statistics.median(contestant.seconds)):
        seconds, (right, wrong) = statistics.median(contestant.seconds), contestant.agrees
        holds = right > AGREES > wrong
        failed |= not holds
        cells = [
            contestant.name, contestant.version, f"{seconds:.4f}", f"{1e9 * seconds / coefficients:.2f}", f"{seconds / first:.2f}",
            f"{seconds / floor:.2f}", f"{right:.5f} ({wrong:.2f})", contestant.note if holds else f"NOT THE SAME TRANSFORM; {contestant.note}",
        ]
        print("| " + " | ".join(cells) + " |")
    print(f"\nF = {floor:.5f} s: {8e-9 * coefficients:.2f} GB at {8e-9 * coefficients / floor:.1f} GB/s", flush=True)
    return failed


def processor():
    try:
        return next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contest", action="store_true", help="leave out ropelet's own benchmark")
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--peers", nargs="+", help=f"of {', '.join(RUST + list(PYTHON))}")
    parser.add_argument("--turns", type=int, default=7, help="counted ones")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(*options.serve)
    wanted = set(options.peers or [])
    if unknown := wanted - {*RUST, *PYTHON}:
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")

    ours = build("cwt", "--no-default-features", "--bench", "cwt")
    if ours is None:
        sys.exit("error: the benchmark cannot be built")
    peers = build("peers", "--features", "fcwt2", place=PEERS, RUSTC_BOOTSTRAP="fcwt2")
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, cwd=ROOT).stdout.split(" (")[0]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{processor()}, {cores} of {os.cpu_count()} cores; {rustc}, Python {platform.python_version()}, numpy {np.__version__}")
    if not options.contest:
        subprocess.run([ours, *(f"{shape} morlet" for shape in options.shapes)], check=True)
    failed = False
    with tempfile.TemporaryDirectory() as work:
        for shape in options.shapes:
            failed |= contest(shape, ours, peers, wanted, options.turns, Path(work))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
