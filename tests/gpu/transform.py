"""The wavelet transform of tensors beside torch.fft and the time of filling its result, on one GPU.

usage: transform.py TRANSFORM [--samples 30] [--batch 1024] [--json FILE]        (torch 2.11)

TRANSFORM is the example of that name, built with `--features cuda`: 64 scales of the Morlet wavelet (w0 = 6) from 2 to 128.

    fill    the time of filling as many bytes with a constant: no program that stores the result is faster
    torch   fft of the signals (as long as the circle: 2 samples for each where the boundary is zero), a product with the
            same filters, ifft, and for power abs()**2: the transform as it is written by hand; the filters are made before

Programs take turns within seconds on one machine; each figure is the median of the samples. The error is that of the
program against its own transform in f64 on the CPU, relative to the largest coefficient of each row.
"""
import argparse
import json
import math
import statistics
import subprocess

import torch


def milliseconds(run, samples, runs=5):
    for _ in range(3):
        run()
    times = []
    for _ in range(samples):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(runs):
            run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / runs)
    return statistics.median(times)


def filters(circle, scales, dtype):
    """sqrt(a) psihat(a w) on the bins of the circle, with the aliases next to it."""
    omega = 2 * math.pi * torch.fft.fftfreq(circle, dtype=torch.float64, device="cuda")
    scale = torch.tensor(scales, dtype=torch.float64, device="cuda")[:, None]
    gain = sum(torch.exp(-0.5 * (scale * (omega + 2 * math.pi * p) - 6) ** 2) for p in (-1, 0, 1))
    return (math.pi**-0.25 * math.sqrt(2 * math.pi) * scale.sqrt() * gain).to(dtype)


def by_hand(case, samples):
    """Milliseconds of torch, or none where its intermediate results do not fit."""
    real, dtype = (torch.float32, torch.complex64) if case["precision"] == "f32" else (torch.float64, torch.complex128)
    length, count = case["length"], case["scales"]
    largest = 128 if count == 64 else 2048
    scales = [2 * (largest / 2) ** (at / (count - 1)) for at in range(count)]
    circle = {"periodic": length, "zero": 2 * length, "reflect": 2 * length}[case["boundary"]]
    if 3 * case["signals"] * count * circle * torch.tensor([], dtype=dtype).element_size() > 40e9:
        return None
    x, gains = torch.randn(case["signals"], length, dtype=real, device="cuda"), filters(circle, scales, dtype)

    def run():
        y = torch.cat([x, x.flip(-1)], -1) if case["boundary"] == "reflect" else x
        spectrum = torch.fft.fft(y, n=circle)
        if case["what"] == "energy":
            return (spectrum[:, None] * gains).abs().square().sum(-1)
        w = torch.fft.ifft(spectrum[:, None] * gains)[..., :length]
        return w.abs().square() if case["what"] == "power" else w

    return milliseconds(run, samples, 2)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("program")
    words.add_argument("--samples", type=int, default=30)
    words.add_argument("--batch", type=int, default=1024)
    words.add_argument("--json")
    asked = words.parse_args()
    command = [asked.program, "cuda", str(asked.samples), str(asked.batch)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    cases = [json.loads(line) for line in lines]
    for case in cases:
        result = torch.empty(max(case["bytes"], 1), dtype=torch.uint8, device="cuda")
        case["fill_ms"] = milliseconds(lambda: result.fill_(1), asked.samples)
        del result
        case["torch_ms"] = by_hand(case, max(asked.samples // 3, 3))
        torch.cuda.empty_cache()
    if asked.json:
        with open(asked.json, "w") as file:
            json.dump({"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "cases": cases}, file, indent=1)
    print("| signals × samples × scales | boundary | type | result | ms | least | GB/s | fill | ms / fill | torch | torch / ms | error |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for case in cases:
        ms, fill, hand = case["median_ms"], case["fill_ms"], case["torch_ms"]
        stored = case["what"] != "energy"
        rate = f"{case['bytes'] / ms / 1e6:.0f} | {fill:.3f} | {ms / fill:.2f}" if stored else "– | – | –"
        torch_ms = f"{hand:.2f} | {hand / ms:.1f}" if hand else "– | –"
        shape = f"{case['signals']} × {case['length']} × {case['scales']}"
        kind = f"{case['boundary']} | {case['precision']} | {case['what']}"
        print(f"| {shape} | {kind} | {ms:.3f} | {case['least_ms']:.3f} | {rate} | {torch_ms} | {case['error']:.1e} |")


if __name__ == "__main__":
    main()
