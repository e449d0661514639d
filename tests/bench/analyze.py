"""`ropelet analyze` beside what one would write in Python: time and peak memory, as ratios, in one run.

    python tests/bench/analyze.py [--runs 5] [--scores] [--nulls] [--batch 1]

Needs cargo, and transformers 5.17, torch 2.11, numpy and PyWavelets. 16 texts of 1024 tokens, made from
docs/text by starting at another paragraph each time, go through the checkpoint in tests/data/llama; each
side uses two threads and runs in a process of its own, the two in turn.

Both sides: read the texts and the checkpoint, run it in f32, and compute for each of the 24 heads the mean
probability at 256 lags, the mean power spectrum of the rows over these lags, the mean probability of key 0,
and the wavelet transforms (Ricker, at the same scales) of profile and spectrum.
Only ropelet: the mean scores by lag, sums and spectra in f64 (numpy's transform of f32 is in f32), mirrored
boundaries of the transforms, complete rows, every metric of each head, resamples of the texts, Parquet and JSON. `--scores` has Python compute
the mean scores also, from logarithms of the probabilities.
Neither: null models. `--nulls` times ropelet once more with all that `analyze` does by default; Python has no
counterpart to that.

Python's time is counted from after its imports, which take seconds; ropelet's is that of the whole process.
Python takes one text at a time, which takes the least memory; `--batch` has it take several.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tests/data/llama"
TEXTS, TOKENS, LAGS, THREADS = 16, 1024, 256, 2


def python_side(folder, batch, with_scores):
    import numpy as np
    import pywt
    import torch
    import transformers

    versions = [f"{m.__name__} {m.__version__}" for m in (transformers, torch, np, pywt)]
    scales = json.loads((folder / "scales.json").read_text())
    start = time.perf_counter()
    torch.set_num_threads(THREADS)
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    model = transformers.AutoModel.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").eval()
    ids = [tokenizer(path.read_text())["input_ids"][:TOKENS] for path in sorted(folder.glob("*.txt"))]
    layers, heads = model.config.num_hidden_layers, model.config.num_attention_heads
    rows = TEXTS * (TOKENS - LAGS)
    profile, score = np.zeros((2, layers, heads, LAGS))
    power = np.zeros((layers, heads, LAGS // 2 + 1))
    sink = np.zeros((layers, heads))
    for first in range(0, TEXTS, batch):
        with torch.inference_mode():
            inputs = torch.tensor(ids[first : first + batch])
            attentions = model(inputs, output_attentions=True, use_cache=False).attentions
        for layer, attention in enumerate(attentions):
            a = attention.numpy()[:, :, LAGS:]
            sink[layer] += a[..., 0].sum(axis=(0, 2), dtype=np.float64)
            # Row r is query LAGS + r, its nearest keys r + 1 .. r + 1 + LAGS: a view, the oldest key first.
            a = a[..., 1:]
            texts_, heads_, row, key = a.strides
            near = np.lib.stride_tricks.as_strided(a, (*a.shape[:3], LAGS), (texts_, heads_, row + key, key))
            profile[layer] += near.sum(axis=(0, 2), dtype=np.float64)
            if with_scores:
                score[layer] += np.log(near).sum(axis=(0, 2), dtype=np.float64)
            spectrum = np.fft.rfft(near)
            power[layer] += (spectrum.real**2 + spectrum.imag**2).sum(axis=(0, 2), dtype=np.float64)
    profile, score, power, sink = profile[..., ::-1] / rows, score[..., ::-1] / rows, power / (rows * LAGS), sink / rows
    shares = power[..., 1:] / power[..., 1:].sum(axis=-1, keepdims=True)
    scalograms = [
        pywt.cwt(signals, scales[of], "mexh", method="fft", axis=-1)[0] ** 2
        for signals, of in [(profile, "lag_transform"), (shares, "spectrum_transform")]
    ]
    seconds = time.perf_counter() - start
    assert all(np.isfinite(s).all() for s in scalograms)
    curves = {"lag_profile": profile, "spectrum": power}
    if with_scores:
        curves["score_profile"] = score - score.mean(axis=-1, keepdims=True)
    curves = {name: curve.reshape(layers * heads, -1).tolist() for name, curve in curves.items()}
    (folder / "python.json").write_text(json.dumps({"seconds": seconds, "versions": versions, "curves": curves}))


def texts(folder):
    """Files with a little more than TOKENS tokens; the rest is dropped on both sides."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    paragraphs = [p for path in sorted((ROOT / "docs/text").glob("*.txt")) for p in path.read_text().split("\n\n")]
    for number in range(TEXTS):
        start = number * len(paragraphs) // TEXTS
        text = "\n\n".join(paragraphs[start:] + paragraphs[:start])
        encoding = tokenizer.encode(text)
        end = encoding.offsets[TOKENS + 64][1]
        (folder / f"text-{number:02}.txt").write_text(text[:end])


def measured(command):
    """Wall seconds, processor seconds and peak MB of one process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": str(THREADS)})
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, command
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def difference(ours, theirs):
    """The largest difference of two curves of any head, relative to the curve's largest value."""
    return max(
        max(abs(a - b) for a, b in zip(one, other, strict=True)) / max(map(abs, other))
        for one, other in zip(ours, theirs, strict=True)
    )


def main(arguments):
    subprocess.run(["cargo", "build", "-q", "--release", "--bin", "ropelet"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts(folder)
        files = sorted(map(str, folder.glob("*.txt")))
        default = [target / "release/ropelet", "analyze", MODEL, "--text", *files, "--out", folder / "out"]
        default += ["--threads", str(THREADS), "--quiet"]
        ours = default + ["--draws", "0", "--untrained", "0"]
        theirs = [sys.executable, __file__, "--python-side", name, "--batch", str(arguments.batch)]
        theirs += ["--scores"] * arguments.scores
        measured(ours)
        analysis = json.loads((folder / "out/analysis.json").read_text())
        protocol = analysis["protocol"]
        scales = {key: protocol[key]["scales"] for key in ("lag_transform", "spectrum_transform")}
        (folder / "scales.json").write_text(json.dumps(scales))
        rust, python, inside = [], [], []
        for _ in range(arguments.runs):
            rust.append(measured(ours))
            python.append(measured(theirs))
            result = json.loads((folder / "python.json").read_text())
            inside.append(result["seconds"])
        print(", ".join([f"Python {sys.version.split()[0]}", *result["versions"], f"{THREADS} threads each"]))
        middle = lambda runs, of: statistics.median(run[of] for run in runs)
        rows = [
            ("ropelet analyze, no nulls: whole process", middle(rust, 0), middle(rust, 1), middle(rust, 2)),
            ("Python: after imports", statistics.median(inside), None, middle(python, 2)),
            ("Python: whole process", middle(python, 0), middle(python, 1), middle(python, 2)),
        ]
        if arguments.nulls:
            runs = [measured(default) for _ in range(arguments.runs)]
            rows.append(("ropelet analyze with its nulls", *(middle(runs, of) for of in range(3))))
        print(f"{'median of ' + str(arguments.runs) + ' runs, in turn':<42} {'wall s':>8} {'cpu s':>8} {'peak MB':>8}")
        for what, wall, cpu, peak in rows:
            print(f"{what:<42} {wall:>8.2f} {'' if cpu is None else format(cpu, '.2f'):>8} {peak:>8.0f}")
        ratios = sorted(there / here[0] for there, here in zip(inside, rust))
        print(f"time, Python after imports / ropelet, pair by pair: {', '.join(f'{r:.2f}' for r in ratios)};", end=" ")
        print(f"median {statistics.median(ratios):.2f}; whole processes {rows[2][1] / rows[0][1]:.2f}")
        print(f"peak memory, Python / ropelet: {rows[1][3] / rows[0][3]:.2f}")
        for curve, values in result["curves"].items():
            print(f"{curve}: largest difference {difference([h[curve] for h in analysis['heads']], values):.1e}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scores", action="store_true", help="Python computes mean scores, too")
    parser.add_argument("--nulls", action="store_true", help="also time ropelet with its null models")
    parser.add_argument("--batch", type=int, default=1, help="texts that Python takes at once")
    parser.add_argument("--python-side", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    python_side(asked.python_side, asked.batch, asked.scores) if asked.python_side else main(asked)
