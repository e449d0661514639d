"""The time and the memory of a step of training beside PyTorch's, in one run on one GPU.

usage: train_speed.py TRAIN_STEP [--rounds 3] [--json FILE]        (torch 2.11)

TRAIN_STEP is the example of that name, built with `--features cuda`. The decoder is preset `mini`: 6 layers,
width 256, 4 heads of 64, SwiGLU of 688, 4096 tokens, head tied to the embedding; 64 windows of 512 tokens;
AdamW(0.9, 0.95), decay 0.1 of matrices, gradients clipped to norm 1; weights in f32, products in bf16 (autocast
in PyTorch). The programs take turns, and what is printed is the median of their medians. Nobody reads a loss
while it is measured.

    eager     scores and probabilities in memory, [batch, heads, L, L]; Ricker is q·P with the shift of its rows
              ("relative shift") that the authors' code has; fused AdamW, clip_grad_norm_
    sdpa      the same with scaled_dot_product_attention, which for RoPE is FlashAttention
    compiled  `sdpa` for RoPE and `eager` for Ricker under torch.compile

Floating-point operations are 6 for each weight of a matrix and token and, of the causal half of attention,
12 L width / 2 a layer and token; the floor is their time at the rate of a large product.
"""
import argparse
import json
import math
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F
from torch import nn

LAYERS, WIDTH, HEADS, HEAD, INNER, VOCABULARY, LENGTH, BATCH = 6, 256, 4, 64, 688, 4096, 512, 64
EPS = 1e-5


def ricker(length, dim):
    """Rows of the kernel by lag: 8 dyadic scales from 1, shifts 0 to 7, mirrored: psi((-lag - b) / a) / sqrt(a)."""
    lag = torch.arange(length, dtype=torch.float64)[:, None]
    scales = torch.tensor([2.0**(i // 8) for i in range(dim)], dtype=torch.float64)
    shifts = torch.tensor([float(i % 8) for i in range(dim)], dtype=torch.float64)
    t = (lag - shifts) / scales
    mother = 2 / (math.sqrt(3) * math.pi**0.25) * (1 - t * t) * torch.exp(-t * t / 2)
    return (mother / scales.sqrt()).float()


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return F.rms_norm(x, (WIDTH,), self.weight, EPS)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.mlp_norm = Norm(), Norm()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.output = nn.Linear(WIDTH, WIDTH, bias=False)
        self.gate_up = nn.Linear(WIDTH, 2 * INNER, bias=False)
        self.down = nn.Linear(INNER, WIDTH, bias=False)

    def forward(self, x, attend):
        batch, length, _ = x.shape
        q, k, v = self.qkv(self.norm(x)).view(batch, length, 3, HEADS, HEAD).permute(2, 0, 3, 1, 4)
        x = x + self.output(attend(q, k, v).transpose(1, 2).reshape(batch, length, WIDTH))
        gate, up = self.gate_up(self.mlp_norm(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Decoder(nn.Module):
    def __init__(self, encoding, flash):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = Norm()
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                deep = name.endswith(("output.weight", "down.weight"))
                nn.init.normal_(weight, std=0.02 / (math.sqrt(2 * LAYERS) if deep else 1))
        self.encoding, self.flash = encoding, flash
        angles = torch.arange(LENGTH)[:, None] * 10000.0 ** (-torch.arange(0, HEAD, 2) / HEAD)
        angles = torch.cat([angles, angles], -1)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        # Columns from the last lag down to 0, so that a row shifted by its number is by key.
        self.register_buffer("kernel", ricker(LENGTH, HEAD).flip(0))
        self.register_buffer("mask", torch.full((LENGTH, LENGTH), float("-inf")).triu(1))

    def rotate(self, x):
        half = HEAD // 2
        turned = torch.cat([-x[..., half:], x[..., :half]], -1)
        return (x * self.cos + turned * self.sin).to(x.dtype)

    def attend(self, q, k, v):
        if self.encoding == "rope":
            q, k = self.rotate(q), self.rotate(k)
            if self.flash:
                return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        scores = q @ k.transpose(-1, -2)
        if self.encoding == "ricker":
            by_lag = F.pad(q @ self.kernel.to(q.dtype).T, (1, 0))
            batch, heads, length, _ = by_lag.shape
            scores = scores + by_lag.view(batch, heads, length + 1, length)[:, :, 1:]
        scores = scores * HEAD**-0.5 + self.mask
        return torch.softmax(scores, -1, dtype=torch.float32).to(v.dtype) @ v

    def forward(self, ids, targets):
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, self.attend)
        logits = F.linear(self.norm(x), self.embedding.weight)
        return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())


def ranks(count):
    """Tokens by Zipf's law, as the example draws them."""
    return (VOCABULARY ** torch.rand(count, device="cuda")).long().clamp(max=VOCABULARY - 1)


def measure(encoding, flash=False, compiled=False, samples=10, steps=10):
    torch.manual_seed(0)
    decoder = Decoder(encoding, flash).cuda()
    matrices = [weight for weight in decoder.parameters() if weight.dim() > 1]
    others = [weight for weight in decoder.parameters() if weight.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=2e-3, betas=(0.9, 0.95), fused=True)
    loss_of = torch.compile(decoder) if compiled else decoder
    data = ranks(8 * BATCH * LENGTH + 1)

    def step(at):
        start = at % 8 * BATCH * LENGTH
        ids = data[start:start + BATCH * LENGTH].view(BATCH, LENGTH)
        targets = data[start + 1:start + 1 + BATCH * LENGTH].view(BATCH, LENGTH)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16):
            loss = loss_of(ids, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimizer.step()
        return loss

    first = step(0).item()
    for at in range(10):
        step(at)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(samples):
        start = time.perf_counter()
        for at in range(steps):
            loss = step(at)
        torch.cuda.synchronize()
        seconds.append((time.perf_counter() - start) / steps)
    return {"milliseconds": statistics.median(seconds) * 1e3, "peak_bytes": torch.cuda.max_memory_allocated(),
            "first_loss": first, "last_loss": loss.item()}


def product_rate():
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    seconds = []
    for _ in range(6):
        torch.cuda.synchronize()
        start = time.perf_counter()
        a @ b
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return 2 * 8192**3 / statistics.median(seconds[1:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    tokens = BATCH * LENGTH
    found = {}
    bits = {}
    for turn in range(arguments.rounds):
        command = [arguments.program, "cuda", "mini", "rope,ricker,nope", "10", "10"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        for line in map(json.loads, lines):
            found.setdefault(("ropelet", line["encoding"]), []).append(line)
            bits.setdefault(line["encoding"], set()).add(line["loss_bits"])
        for encoding in ("rope", "ricker"):
            found.setdefault(("eager", encoding), []).append(measure(encoding))
        found.setdefault(("sdpa", "rope"), []).append(measure("rope", flash=True))
        if turn == 0 and not arguments.no_compile:
            found.setdefault(("compiled", "rope"), []).append(measure("rope", flash=True, compiled=True))
            found.setdefault(("compiled", "ricker"), []).append(measure("ricker", compiled=True))
        torch.cuda.empty_cache()
    weights = LAYERS * (4 * WIDTH * WIDTH + 3 * WIDTH * INNER) + VOCABULARY * WIDTH
    operations = tokens * (6 * weights + LAYERS * 12 * LENGTH * WIDTH / 2)
    floor = operations / product_rate() * 1e3
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; {operations / 1e12:.3f} TFLOP a step, "
          f"{floor:.2f} ms at the rate of a large product\n")
    print("| who | encoding | ms a step | million tokens/s | of eager | peak GiB |\n|---|---|---|---|---|---|")
    table = {}
    for (who, encoding), runs in found.items():
        table[who, encoding] = statistics.median(run["milliseconds"] for run in runs)
    for (who, encoding), milliseconds in table.items():
        eager = table.get(("eager", encoding))
        ratio = f"{eager / milliseconds:.2f}" if eager else "–"
        peak = found[who, encoding][-1]["peak_bytes"] / 2**30
        print(f"| {who} | {encoding} | {milliseconds:.2f} | {tokens / milliseconds / 1e3:.2f} | {ratio} | {peak:.2f} |")
    for encoding, seen in bits.items():
        assert len(seen) == 1, f"{encoding}: losses differ between runs"
    print(f"\nlosses of {arguments.rounds} runs have the same bits")
    for (who, encoding), runs in found.items():
        print(f"{who} {encoding}: loss {runs[0]['first_loss']:.4f} -> {runs[0]['last_loss']:.4f}",
              [round(run["milliseconds"], 2) for run in runs],
              [round(run["queued_milliseconds"], 2) for run in runs if "queued_milliseconds" in run])
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({f"{who} {encoding}": runs for (who, encoding), runs in found.items()}, file)


if __name__ == "__main__":
    main()
