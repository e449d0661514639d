"""Causal attention with a term for each lag: right, how fast, and in how much memory, on one GPU.

usage: lag_attention.py [check] [bench] [peers] [LENGTHS]     all, and 2048,4096,8192,16384,32768, if left out
       (torch 2.11, cupy 14.2)

The kernels are those of src/model/kernel, compiled as the crate compiles them and launched as
lag_attention.rs launches them. `check` compares the result and every gradient with the definition in
f64, over lengths that divide nothing, shared heads, and each choice of tables. `bench` times one layer
of 32 heads of 128 and one text, bf16, causal, random numbers, beside

    flash     torch.nn.functional.scaled_dot_product_attention, flash backend, no term for any lag
    cudnn     the same by cuDNN, which is what it chooses by itself here
    flex      FlexAttention whose score_mod gathers from a stored q P^T
    bias      scaled_dot_product_attention with the term as a stored bias [heads, L, L]

of which the last two at 2048 and 8192 alone.

Milliseconds: the median over rounds in which contenders take turns, each of some runs between two
events. Memory is what the run itself allocates at most, in MiB.
"""
import concurrent.futures
import ctypes
import functools
import gc
import os
import statistics
import sys
import tempfile

import cupy
import numpy
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "model", "kernel")
TILE = 64
i, f = numpy.int32, numpy.float32
LOG2_E = 1.4426950408889634


def address(tensor):
    return numpy.uint64(0 if tensor is None else tensor.data_ptr())


def strides(tensor):
    return [i(tensor.stride(axis)) for axis in (0, 2, 1)]


def compiled(file, definitions):
    """Machine code of a program, for Hopper with the instructions that only Hopper has."""
    library = ctypes.CDLL("libnvrtc.so.13")
    source = "\n".join(open(os.path.join(FOLDER, part)).read() for part in ("elements.cuh", "tile.cuh", file))
    major, minor = torch.cuda.get_device_capability()
    options = [f"--gpu-architecture=sm_{major}{minor}{'a' if major == 9 else ''}", "--device-as-default-execution-space"]
    options += [f"-D{key}={value}" for key, value in definitions.items()]
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), file.encode(), 0, None, None)
    words = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    if library.nvrtcCompileProgram(program, len(options), words):
        library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        library.nvrtcGetProgramLog(program, log)
        sys.exit(log.value.decode())
    library.nvrtcGetCUBINSize(program, ctypes.byref(size))
    code = ctypes.create_string_buffer(size.value)
    library.nvrtcGetCUBIN(program, code)
    # Read when the first function is asked for.
    target = tempfile.NamedTemporaryFile(suffix=".cubin", delete=False)
    target.write(code.raw)
    target.close()
    return cupy.RawModule(path=target.name)


@functools.cache
class Kernels:
    """The functions for one kind of inputs, and their launches."""

    def __init__(self, dim, half, kernel, bias):
        flags = dict(SINGLE=0, HALF=int(half), HEAD_DIM=dim, KERNEL=int(kernel), BIAS=int(bias))
        self.module = compiled("lag_attention.cu", flags)
        row = 2 * (dim + 8)
        self.groups = 1 if dim <= 64 else 2
        tile, own, weights, stay = TILE * row, 16 * max(row, 4 * TILE), 16 * 2 * (TILE + 8), 16 * max(row, 4 * 88)
        self.shared = {
            "lag_attend": 4 * self.groups * own + (5 + self.groups) * tile,
            "lag_dots": 0,
            "lag_queries": 4 * self.groups * (own + weights) + (6 + self.groups) * tile,
            "lag_keys": 4 * stay + 9 * tile,
            "lag_tables": 4 * stay + 11 * tile,
        }
        self.hopper = torch.cuda.get_device_capability()[0] == 9 and (dim == 128 or dim == 64 and kernel)
        if self.hopper:
            self.module_hopper = compiled("lag_attention_hopper.cu", flags)
            self.shared["hopper"] = 1024 + (6 + 4 * kernel) * TILE * dim * 2 + 4 * TILE * TILE * 4 * kernel + 7 * 16

    def launch(self, name, grid, threads, arguments):
        hopper = name == "lag_attend" and self.hopper
        function = (self.module_hopper if hopper else self.module).get_function(name)
        shared = self.shared["hopper" if hopper else name]
        if shared > 48 << 10:
            function.max_dynamic_shared_size_bytes = shared
        with cupy.cuda.Stream.from_external(torch.cuda.current_stream()):
            function(grid, (threads,), tuple(arguments), shared_mem=shared)


class Attention:
    """q, k, v [batch, heads, tokens, dim]; kernel [1 or heads, tokens, dim]; bias [1 or heads, tokens], f32."""

    def __init__(self, q, k, v, kernel, bias, scale):
        self.q, self.k, self.v, self.kernel, self.scale = q, k, v, kernel, scale
        self.bias = None if bias is None else bias.float() * LOG2_E
        self.batch, self.heads, self.tokens, self.dim = q.shape
        self.kernels = Kernels(self.dim, q.dtype == torch.float16, kernel is not None, bias is not None)

    def inputs(self):
        return [address(x) for x in (self.q, self.k, self.v, self.kernel, self.bias)]

    def shape(self):
        kernel_head = 0 if self.kernel is None or len(self.kernel) == 1 else self.kernel.stride(0)
        kernel_lag = 0 if self.kernel is None else self.kernel.stride(1)
        bias_head = 0 if self.bias is None or len(self.bias) == 1 else self.bias.stride(0)
        return [i(kernel_head), i(kernel_lag), i(bias_head), i(self.tokens), i(self.heads),
                i(self.heads // self.k.shape[1]), f(self.scale)]

    def tiles(self, rows):
        return -(-self.tokens // rows)

    def attend(self):
        mixed = self.q.new_empty(self.batch, self.tokens, self.heads, self.dim).transpose(1, 2)
        log_sums = torch.empty(self.batch, self.heads, self.tokens, device="cuda")
        groups, threads = (2, 384) if self.kernels.hopper else (self.kernels.groups, 128 * self.kernels.groups)
        self.kernels.launch("lag_attend", (self.heads, self.tiles(groups * TILE), self.batch), threads,
                            self.inputs() + [address(mixed), address(log_sums)]
                            + strides(self.q) + strides(self.k) + strides(self.v) + self.shape())
        return mixed, log_sums

    def backward(self, mixed, log_sums, gradient, tables=True):
        dots = torch.empty_like(log_sums)
        grid = (self.heads, self.tiles(8), self.batch)
        self.kernels.launch("lag_dots", grid, 256, [address(x) for x in (mixed, gradient, dots)] + strides(mixed)
                            + strides(gradient) + [i(self.tokens), i(self.heads)])

        def launch(name, grid, threads, outputs):
            self.kernels.launch(name, grid, threads, self.inputs()
                                + [address(x) for x in (gradient, log_sums, dots, *outputs)] + strides(self.q)
                                + strides(self.k) + strides(self.v) + strides(gradient) + self.shape())

        of_q, of_k, of_v = (torch.empty(x.shape, dtype=x.dtype, device="cuda") for x in (self.q, self.k, self.v))
        groups = self.kernels.groups
        launch("lag_queries", (self.heads, self.tiles(groups * TILE), self.batch), 128 * groups, [of_q])
        launch("lag_keys", (self.k.shape[1], self.tiles(TILE), self.batch), 128, [of_k, of_v])
        if not tables:
            return of_q, of_k, of_v
        of_kernel = None if self.kernel is None else torch.empty(self.q.shape, device="cuda")
        of_bias = None if self.bias is None else torch.empty(log_sums.shape, device="cuda")
        launch("lag_tables", (self.heads, self.tiles(TILE), self.batch), 128, [of_kernel, of_bias])

        def added(of, table):
            if of is None:
                return None
            of = of.sum(0)
            return of.sum(0, keepdim=True) if len(table) == 1 else of
        return of_q, of_k, of_v, added(of_kernel, self.kernel), added(of_bias, self.bias)


def defined(q, k, v, kernel, bias, scale):
    """The definition, whatever the type, differentiable."""
    batch, heads, tokens, dim = q.shape
    k, v = (x.repeat_interleave(heads // x.shape[1], 1) for x in (k, v))
    lag = torch.arange(tokens, device=q.device)[:, None] - torch.arange(tokens, device=q.device)
    inside = lag.clamp(min=0)
    scores = scale * q @ k.mT
    if kernel is not None:
        scores = scores + scale * (q @ kernel.mT).gather(3, inside.expand(batch, heads, -1, -1))
    if bias is not None:
        scores = scores + bias[:, inside]
    return scores.masked_fill(lag < 0, -torch.inf).softmax(-1) @ v


def check():
    torch.manual_seed(0)
    worst, controls = {}, {}
    cases = [(2, 4, 2, tokens, dim, dtype, kernel, bias)
             for tokens, dim, dtype, kernel, bias in [
                 (1, 64, "bfloat16", 1, 4), (17, 64, "bfloat16", 1, 0), (63, 64, "bfloat16", 4, 1),
                 (64, 64, "bfloat16", 1, 0), (65, 64, "bfloat16", 1, 4), (129, 64, "bfloat16", 1, 0),
                 (1000, 64, "bfloat16", 4, 4), (512, 64, "bfloat16", 1, 0), (512, 64, "bfloat16", 0, 0),
                 (300, 64, "bfloat16", 0, 4), (1, 128, "bfloat16", 1, 0), (17, 128, "bfloat16", 1, 1),
                 (64, 128, "bfloat16", 1, 0), (65, 128, "bfloat16", 1, 0), (127, 128, "bfloat16", 1, 0),
                 (129, 128, "bfloat16", 4, 4), (1000, 128, "bfloat16", 1, 0), (1024, 128, "bfloat16", 1, 0),
                 (700, 128, "bfloat16", 0, 0), (333, 32, "bfloat16", 1, 4),
                 (1000, 64, "float16", 1, 4)]]
    kinds = {(dim, dtype == "float16", kernel > 0, bias > 0) for _, _, _, _, dim, dtype, kernel, bias in cases}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda kind: Kernels(*kind), kinds))
    for batch, heads, kv_heads, tokens, dim, dtype, kernel, bias in cases:
        dtype = getattr(torch, dtype)
        draw = lambda *shape: torch.randn(*shape, device="cuda").to(dtype)
        q, k, v = draw(batch, tokens, heads, dim).transpose(1, 2), draw(batch, kv_heads, tokens, dim), draw(batch, kv_heads, tokens, dim)
        table = draw(kernel, tokens, dim) if kernel else None
        column = torch.randn(bias, tokens, device="cuda") if bias else None
        gradient = draw(batch, tokens, heads, dim).transpose(1, 2)
        scale = dim**-0.5
        exact = [None if x is None else x.double().requires_grad_() for x in (q, k, v, table, column)]
        o = defined(*exact, scale)
        there = [x for x in exact if x is not None]
        expected = [o, *torch.autograd.grad(o, there, gradient.double())]
        attention = Attention(q, k, v, table, column, scale)
        mixed, log_sums = attention.attend()
        found = [mixed, *(x for x in attention.backward(mixed, log_sums, gradient) if x is not None)]
        again = attention.backward(*attention.attend(), gradient)
        assert all(torch.equal(x, y) for x, y in zip(found[1:], (x for x in again if x is not None)))
        names = [name for name, x in zip(("o", "q", "k", "v", "P", "b"), (o, *exact)) if x is not None]
        # Every figure relative to the norm, and the same for the definition in the type of the inputs.
        plain = [None if x is None else x.detach().clone().requires_grad_() for x in (q, k, v, table, column)]
        if plain[4] is not None:
            plain[4] = column.to(dtype).requires_grad_()
        rounded = defined(*plain, scale)
        rounded = [rounded, *torch.autograd.grad(rounded, [x for x in plain if x is not None], gradient)]
        line = []
        for name, x, y, z in zip(names, found, expected, rounded):
            error, other = (float((w.double() - y).norm() / y.norm().clamp(min=1e-12)) for w in (x, z))
            if tokens == 1 and name in "qkPb":
                error = float((x.double() - y).norm()) # exact zero
            line.append(f"{name} {error:.1e} ({other:.1e})")
            worst[name] = max(worst.get(name, 0), error)
            if not error < 2e-2:
                line[-1] += " WRONG"
        print(f"{tokens:5d} {dim:4d} {str(dtype)[6:]:9s} P {kernel} b {bias}: " + ", ".join(line), flush=True)
        if table is not None and tokens > 1:
            other = defined(q.double(), k.double(), v.double(), table.double().roll(1, 1), None if column is None else column.double(), scale)
            controls["P moved by a lag"] = min(controls.get("P moved by a lag", 9), float((mixed - other).norm() / o.norm()))
    print("worst", {name: f"{error:.1e}" for name, error in worst.items()}, "controls", controls)
    assert all(error < 2e-2 for error in worst.values()) and all(error > 5e-2 for error in controls.values())


def turns(contenders, rounds=7):
    """Median milliseconds of each; those that fail are left out."""
    times = {}
    for name, (work, repeat) in list(contenders.items()):
        try:
            work(), work()
            torch.cuda.synchronize()
            times[name] = []
        except Exception as error:
            print(f"  {name}: {type(error).__name__}: {str(error)[:200]}")
    for _ in range(rounds):
        for name in times:
            work, repeat = contenders[name]
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            for _ in range(repeat):
                work()
            end.record()
            end.synchronize()
            times[name].append(start.elapsed_time(end) / repeat)
    return {name: statistics.median(each) for name, each in times.items()}


def memory(work):
    gc.collect()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def bench(lengths, peers, heads=32, dim=128):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention
    flex_compiled = torch.compile(flex_attention, dynamic=False)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {heads} heads of {dim}")
    for tokens in lengths:
        draw = lambda *shape: torch.randn(*shape, device="cuda", dtype=torch.bfloat16)
        q, k, v, gradient = (draw(1, heads, tokens, dim) for _ in range(4))
        table = draw(1, tokens, dim) * 0.5
        scale = dim**-0.5
        ours, plain = Attention(q, k, v, table, None, scale), Attention(q, k, v, None, None, scale)
        mixed, log_sums = ours.attend()
        wanting = [x.clone().requires_grad_() for x in (q, k, v)]

        def sdpa(backend, mask=None, inputs=(q, k, v)):
            with sdpa_kernel(backend):
                return torch.nn.functional.scaled_dot_product_attention(*inputs, attn_mask=mask, is_causal=mask is None)

        repeat = max(1, (1 << 15) // tokens)
        contenders = {
            "ours": (ours.attend, repeat),
            "ours without P": (plain.attend, repeat),
            "flash": (lambda: sdpa(SDPBackend.FLASH_ATTENTION), repeat),
            "cudnn": (lambda: sdpa(SDPBackend.CUDNN_ATTENTION), repeat),
        }
        kept = sdpa(SDPBackend.FLASH_ATTENTION, inputs=wanting)
        both = {
            "ours back": (lambda: ours.backward(mixed, log_sums, gradient, False), max(1, repeat // 2)),
            "ours back with P": (lambda: ours.backward(mixed, log_sums, gradient), max(1, repeat // 2)),
            "flash back": (lambda: torch.autograd.grad(kept, wanting, gradient, retain_graph=True), max(1, repeat // 2)),
        }
        if peers and tokens in (2048, 8192):
            mask = create_block_mask(lambda b, h, m, n: m >= n, None, None, tokens, tokens)

            def flex():
                by_lag = (q @ table[0].mT)
                return flex_compiled(q, k, v, block_mask=mask,
                                     score_mod=lambda s, b, h, m, n: s + by_lag[b, h, m, (m - n).clamp(min=0)] * scale)
            contenders["flex"] = (flex, 2)
        if peers and tokens in (2048, 8192):
            def bias():
                by_lag = (q @ table[0].mT) * scale
                # Rows of one more column, read as rows of one less: the shear.
                by_lag = torch.nn.functional.pad(by_lag.flip(-1), (1, 0)).view(1, heads, tokens + 1, tokens)[:, :, 1:]
                by_lag = by_lag.masked_fill(future, -torch.inf)
                return sdpa(SDPBackend.EFFICIENT_ATTENTION, by_lag)
            future = torch.ones(tokens, tokens, device="cuda", dtype=torch.bool).triu(1)
            contenders["bias"] = (bias, 1)
        times = turns({**contenders, **both}, 5 if tokens <= 8192 else 3)
        floor = {name: factor * heads * tokens * (tokens + 1) * dim / 1e9 for name, factor in
                 (("ours", 3), ("ours without P", 2), ("flash", 2), ("cudnn", 2))}
        rates = {name: f"{floor[name] / times[name]:.0f}" for name in floor if name in times}
        print(f"{tokens:6d} ms " + ", ".join(f"{name} {time:.3f}" for name, time in times.items())
              + f" | TFLOP/s {rates} | ours/flash {times['ours'] / times['flash']:.2f}, ours/cudnn {times['ours'] / times['cudnn']:.2f}"
              + f" | back {times['ours back'] / times['flash back']:.2f}", flush=True)
        used = {name: memory(contenders[name][0]) for name in contenders if name in times}
        used["ours back"] = memory(both["ours back"][0])
        used["flash back"] = memory(both["flash back"][0])
        print(f"{tokens:6d} MiB " + ", ".join(f"{name} {size:.0f}" for name, size in used.items()), flush=True)
        del kept, wanting
        gc.collect()
        torch.cuda.empty_cache()


def training():
    """The shape of the preset `mini`: 64 texts of 512 tokens, 4 heads of 64."""
    draw = lambda *shape: torch.randn(*shape, device="cuda", dtype=torch.bfloat16)
    q, k, v, gradient = (draw(64, 4, 512, 64) for _ in range(4))
    ours, plain = Attention(q, k, v, draw(1, 512, 64), None, 0.125), Attention(q, k, v, None, None, 0.125)
    biased = Attention(q, k, v, None, torch.randn(4, 512, device="cuda"), 0.125)
    wanting = [x.clone().requires_grad_() for x in (q, k, v)]
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        flash = lambda: torch.nn.functional.scaled_dot_product_attention(*wanting, is_causal=True)
        kept = flash()
        results = {name: each.attend() for name, each in (("P", ours), ("none", plain), ("b", biased))}
        contenders = {"P": (ours.attend, 20), "none": (plain.attend, 20), "b": (biased.attend, 20), "flash": (flash, 20)}
        for name, each in (("P", ours), ("none", plain), ("b", biased)):
            contenders[f"{name} back"] = (lambda name=name, each=each: each.backward(*results[name], gradient, False), 10)
        contenders["P back with P"] = (lambda: ours.backward(*results["P"], gradient), 10)
        contenders["flash back"] = (lambda: torch.autograd.grad(kept, wanting, gradient, retain_graph=True), 10)
        times = turns(contenders)
    print("64 texts of 512, 4 heads of 64, ms: " + ", ".join(f"{name} {time:.3f}" for name, time in times.items()))


def main():
    words = sys.argv[1:]
    lengths = [word for word in words if word[0].isdigit()]
    lengths = [int(word) for word in (lengths[0] if lengths else "2048,4096,8192,16384,32768").split(",")]
    words = [word for word in words if not word[0].isdigit()] or ["check", "bench", "peers"]
    if "check" in words:
        check()
    if "bench" in words:
        training()
        bench(lengths, "peers" in words)


if __name__ == "__main__":
    main()
