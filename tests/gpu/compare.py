"""One run on a machine with an NVIDIA GPU: is the CUDA decoder right, and how fast is it.

usage: compare.py ROPELET THROUGHPUT MODEL...      (torch 2.11, transformers 5.17, safetensors)

ROPELET is the program and THROUGHPUT the example of that name, both built with `--features cuda`:
    cargo build --release --features cuda --bin ropelet --example throughput
MODEL is a checkpoint's folder.

For each MODEL, in one run:
1. every tap of a text of 256 tokens, on CPU in f32 against CUDA in f32, bf16 and f16: the largest
   absolute differences. f32 (TF32 off) must be within 1e-3 of the CPU everywhere, or the exit code is 1;
   the others are reported.
2. tokens per second of the forward pass at 1024 tokens, batch 1 and 8: ropelet with all attention
   summed by lag on the device, and transformers in eager mode with output_attentions=True, both warm,
   the median of 9 runs; transformers also with its attentions summed by lag on the device (skewed
   and reduced as ropelet does), which is the same work.
Prints Markdown tables.
"""
import json
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import transformers
from safetensors.torch import load_file

TAPS = ("residual,query,key,query_rotated,key_rotated,value,scores,bias,attention,mixed,attention_output,"
        "mlp_output,final,logits")
IDS = ",".join(str(3 + (37 * i * i + 11 * i) % 4000) for i in range(256))
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


def taps(ropelet, model, device, dtype):
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        subprocess.run([ropelet, "extract", model, "--token-ids", IDS, "--taps", TAPS, "--device", device,
                        "--dtype", dtype, "--out", file.name, "--quiet", "--json"], check=True, stdout=subprocess.DEVNULL)
        return {name: value.double() for name, value in load_file(file.name).items()}


def differences(ropelet, model):
    cpu = taps(ropelet, model, "cpu", "f32")
    names = TAPS.split(",")
    print(f"\n### {model}: largest absolute difference from CPU f32\n")
    print("| tap | size | " + " | ".join(f"CUDA {dtype}" for dtype in DTYPES) + " |\n|---|---|" + "---|" * len(DTYPES))
    worst = {}
    for dtype in DTYPES:
        cuda = taps(ropelet, model, "cuda", dtype)
        assert cuda.keys() == cpu.keys()
        for name, value in cuda.items():
            key = name.split(".")[-1], dtype
            difference = (value - cpu[name]).abs().max().item()
            # A NaN must not lose a comparison.
            worst[key] = difference if difference != difference else max(worst.get(key, 0.0), difference)
    for tap in names:
        size = max(value.abs().max().item() for name, value in cpu.items() if name.split(".")[-1] == tap)
        print(f"| {tap} | {size:.3g} | " + " | ".join(f"{worst[tap, dtype]:.1e}" for dtype in DTYPES) + " |")
    return all(worst[tap, "f32"] <= 1e-3 for tap in names)


def lag_sums(attention):
    """The sum along each diagonal of [texts, heads, L, L]."""
    texts, heads, length, _ = attention.shape
    width = 2 * length - 1
    flat = torch.nn.functional.pad(attention.float(), (0, width - length)).reshape(texts, heads, -1)
    skewed = torch.nn.functional.pad(flat, (0, length)).reshape(texts, heads, length, width + 1)
    return skewed.sum((0, 2))


def transformers_speed(model, dtype, batch, reduce):
    torch.backends.cuda.matmul.allow_tf32 = False
    loaded = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=dtype, attn_implementation="eager")
    # Without the output head, as ropelet runs no head that is not asked for.
    base = loaded.cuda().eval().base_model
    ids = (31 * torch.arange(batch)[:, None] + 7 * torch.arange(1024)[None, :]).cuda() % loaded.config.vocab_size
    seconds = []
    with torch.no_grad():
        for _ in range(12):
            torch.cuda.synchronize()
            start = time.perf_counter()
            attentions = base(ids, output_attentions=True, use_cache=False).attentions
            if reduce:
                torch.stack([lag_sums(attention) for attention in attentions]).cpu()
            torch.cuda.synchronize()
            seconds.append(time.perf_counter() - start)
    return batch * 1024 / statistics.median(seconds[3:])


def ropelet_speed(throughput, model, dtype, batch):
    out = subprocess.run([throughput, model, "cuda", dtype, "1024", str(batch), "9"], check=True, capture_output=True)
    return json.loads(out.stdout)["tokens_per_second"]


def speeds(throughput, model):
    print(f"\n### {model}: tokens per second at 1024 tokens, {torch.cuda.get_device_name()}\n")
    print("| dtype | batch | ropelet, reduced | transformers eager | transformers eager, reduced |\n|---|---|---|---|---|")
    for name, dtype in DTYPES.items():
        for batch in (1, 8):
            row = [ropelet_speed(throughput, model, name, batch)]
            row += [transformers_speed(model, dtype, batch, reduce) for reduce in (False, True)]
            print(f"| {name} | {batch} | " + " | ".join(f"{value:,.0f}" for value in row) + " |")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    ropelet, throughput, *models = sys.argv[1:]
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, CUDA {torch.version.cuda}")
    good = [differences(ropelet, model) for model in models]
    for model in models:
        speeds(throughput, model)
    sys.exit(0 if all(good) else 1)
