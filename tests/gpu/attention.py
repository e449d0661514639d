"""The time of each attention kernel alone, beside its floors and PyTorch's attention, on one GPU.

usage: attention.py [LENGTHS]      lengths separated by commas; 1024,2048,4096,8192,16384 if left out
       (torch 2.11, cupy 14.2)

Random numbers in bf16, 32 heads of 64 coordinates that share 8 heads of keys and values, causal, one
text. Milliseconds of one layer; the median of five replays of a graph. The kernels are those of
src/model/kernel, compiled as the decoder compiles them, and launched as attention.rs launches them.

    attend     softmax and values
    sdpa       torch.nn.functional.scaled_dot_product_attention of the same
    lags       sums by lag, entropies, mass of the first key
    spectra    the same, and the power spectra of rows over LENGTH/2 lags

Floors: products at the rate of a large bf16 product, exponentials at 16 per multiprocessor and cycle,
bytes at the rate of a large copy; the first two measured, the third from the clock. What a kernel must
do is 4 D operations per pair of query and key for `attend`, 2 D for `lags`, one exponential for each,
and 8 bytes per stored probability for `spectra`.
"""
import os
import statistics
import sys

import cupy
import numpy
import torch

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "model", "kernel")
HEADS, KV_HEADS, DIM, TILE, FAR = 32, 8, 64, 128, 1 << 30
ROW_BYTES = 2 * (DIM + 8)
i, f = numpy.int32, numpy.float32


def address(tensor):
    return numpy.uint64(0 if tensor is None else tensor.data_ptr())


def function(files, name, shared, **definitions):
    source = "\n".join(open(os.path.join(FOLDER, file)).read() for file in files)
    options = tuple(f"-D{key}={value}" for key, value in definitions.items())
    compiled = cupy.RawModule(code=source, options=options).get_function(name)
    if shared > 48 << 10:
        compiled.max_dynamic_shared_size_bytes = shared
    return lambda grid, threads, arguments: compiled(grid, (threads,), arguments, shared_mem=shared)


class Attention:
    def __init__(self, length):
        self.length = length
        self.q, self.k, self.v = (torch.randn(1, length, heads, DIM, device="cuda").to(torch.bfloat16)
                                  for heads in (HEADS, KV_HEADS, KV_HEADS))
        self.log_sums = torch.empty(HEADS, length, device="cuda")
        flags = dict(SINGLE=0, HALF=0, ALIBI=0, SOFT_CAP=0, HEAD_DIM=DIM)
        self.attend_kernel = function(["tile.cuh", "attention.cu"], "attend", 384 * ROW_BYTES, **flags)
        shared = 2 * TILE * ROW_BYTES + TILE * (TILE + 8) * 4 + TILE * 4
        self.diagonals = [function(["tile.cuh", "diagonals.cu"], "diagonals", shared, SPECTRA=s, **flags) for s in (0, 1)]
        self.gather = function(["tile.cuh", "diagonals.cu"], "gather", 0, SPECTRA=0, **flags)
        self.lags = length // 2
        each = 8 if self.lags <= 4096 else 16
        self.threads = self.lags // each
        self.together = 1 if self.threads >= 256 else min(256 // self.threads, 32)
        shared = self.together * 2 * (self.lags + self.lags // 8) * 4
        self.spectrum = function(["spectrum.cu"], "spectrum", shared, LAGS=self.lags)
        self.gather_powers = function(["spectrum.cu"], "gather_powers", 0, LAGS=self.lags)

    def strides(self, *tensors):
        return [i(tensor.stride(axis)) for tensor in tensors for axis in (0, 1, 2)]

    def attend(self):
        mixed = torch.empty_like(self.q)
        self.attend_kernel((HEADS, -(-self.length // 128), 1), 128, (
            *map(address, (self.q, self.k, self.v, mixed, self.log_sums, None)), *self.strides(self.q, self.k, self.v),
            i(0), i(FAR), i(self.length), i(HEADS), i(HEADS // KV_HEADS), f(DIM**-0.5), f(0)))

    def sdpa(self):
        q, k, v = (x.transpose(1, 2) for x in (self.q, self.k, self.v))
        torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)

    def reduce(self, spectra):
        length, tiles = self.length, -(-self.length // TILE)
        parts = min(4, -(-tiles // 4))
        count = length - self.lags + 1
        group = min(HEADS, max(1, (512 << 20) // (4 * count * self.lags))) if spectra else HEADS
        by_lag = torch.empty(HEADS, 3, length, dtype=torch.float64, device="cuda")
        by_row = torch.empty(HEADS, 2, dtype=torch.float64, device="cuda")
        power = torch.empty(HEADS, self.lags // 2 + 1, dtype=torch.float64, device="cuda")
        for first in range(0, HEADS, group):
            heads = min(group, HEADS - first)
            lags = torch.empty(heads * tiles * parts * 6 * TILE, device="cuda")
            rows = torch.empty(heads * tiles * parts * 2, device="cuda")
            kept = torch.empty(heads * count * self.lags, device="cuda") if spectra else None
            self.diagonals[spectra]((heads, tiles * parts, 1), 256, (
                *map(address, (self.q, self.k, self.log_sums, None, lags, rows, kept)), *self.strides(self.q, self.k),
                i(0), i(FAR), i(length), i(HEADS), i(HEADS // KV_HEADS), f(DIM**-0.5), f(0), i(first), i(0), i(0),
                i(parts), i(self.lags - 1 if spectra else length), i(self.lags if spectra else 0)))
            self.gather((-(-(length + 1) // 256), heads, 1), 256, (
                *map(address, (lags, rows, by_lag, by_row)), i(0), i(FAR), i(0), i(length), i(HEADS), i(first), i(0),
                i(tiles), i(parts), f(DIM**-0.5)))
            if spectra:
                blocks = -(-count // 64)
                powers = torch.empty(heads * blocks * self.lags, device="cuda")
                self.spectrum((blocks, heads, 1), self.threads * self.together,
                              (address(kept), address(powers), i(count), i(self.lags)))
                self.gather_powers((-(-(self.lags // 2 + 1) // 256), heads, 1), 256,
                                   (address(powers), address(power), i(blocks), i(HEADS), i(first)))


def milliseconds(work, repeat):
    """Of one run: the median of five replays of a graph of some."""
    work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph), cupy.cuda.ExternalStream(torch.cuda.current_stream().cuda_stream):
        for _ in range(repeat):
            work()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    times = []
    for _ in range(6):
        start.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / repeat)
    return statistics.median(times[1:])


def ceilings():
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    source = torch.empty(1 << 31, dtype=torch.uint8, device="cuda").random_()
    target = torch.empty_like(source)
    return (2 * 8192**3 / milliseconds(lambda: torch.matmul(a, b), 5) * 1e3,
            2 * source.numel() / milliseconds(lambda: target.copy_(source), 5) * 1e3)


def main():
    lengths = [int(word) for word in (sys.argv[1] if len(sys.argv) > 1 else "1024,2048,4096,8192,16384").split(",")]
    flops, bandwidth = ceilings()
    device = torch.cuda.get_device_properties(0)
    exponentials = 16 * device.multi_processor_count * 1.755e9
    print(f"{torch.cuda.get_device_name()}: {flops / 1e12:.0f} TFLOP/s, {bandwidth / 1e12:.2f} TB/s, "
          f"{exponentials / 1e12:.2f} T exponentials/s at 1755 MHz")
    print("length  attend (product, exp floor)  sdpa    lags (product, exp floor)  spectra (bytes floor)")
    for length in lengths:
        attention = Attention(length)
        repeat = max(1, min(20, (1 << 14) // length))
        times = [milliseconds(work, repeat) for work in
                 (attention.attend, attention.sdpa, lambda: attention.reduce(0), lambda: attention.reduce(1))]
        pairs = HEADS * length * (length + 1) / 2
        stored = HEADS * (length - attention.lags + 1) * attention.lags
        product, exponential = 1e3 * pairs * 2 * DIM / flops, 1e3 * pairs / exponentials
        print(f"{length:6d}  {times[0]:7.3f} ({2 * product:.3f}, {exponential:.3f})  {times[1]:7.3f}  "
              f"{times[2]:7.3f} ({product:.3f}, {exponential:.3f})  {times[3]:7.3f} ({1e3 * 8 * stored / bandwidth:.3f})", flush=True)


if __name__ == "__main__":
    main()
