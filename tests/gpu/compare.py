"""Is the CUDA decoder right? One run on a machine with an NVIDIA GPU.

usage: compare.py ROPELET MODEL...      (torch 2.11, transformers 5.17, safetensors)

ROPELET is the program, built with `--features cuda`; MODEL is a checkpoint's folder. For each MODEL, on a
text of 256 tokens:
1. every tap, on CPU in f32 against CUDA in f32, bf16 and f16: the largest absolute differences. With
   scores and probabilities among the taps attention is computed by whole-tensor operations.
2. the same without them, where attention is computed by kernels that store neither.
   f32 (TF32 off) must be within 1e-3 of the CPU everywhere, in 1 and 2, or the exit code is 1.
3. logits against transformers in f32 (SDPA, TF32 off), root mean square: ours in f32, bf16 and f16, and
   those of transformers' own bf16 and f16.
Prints Markdown tables.
"""
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file

OF_KEYS = ["scores", "bias", "attention"]
OTHERS = ["residual", "query", "key", "query_rotated", "key_rotated", "value", "mixed", "attention_output",
          "mlp_output", "final", "logits"]
IDS = [3 + (37 * i * i + 11 * i) % 4000 for i in range(256)]
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


def taps(ropelet, model, names, device, dtype):
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        subprocess.run([ropelet, "extract", model, "--token-ids", ",".join(map(str, IDS)), "--taps", ",".join(names),
                        "--device", device, "--dtype", dtype, "--out", file.name, "--quiet", "--json"], check=True,
                       stdout=subprocess.DEVNULL)
        return load_file(file.name)


def apart(one, other):
    difference = (one.double() - other.double()).abs().max().item()
    # A NaN must not win a comparison.
    return difference if difference == difference else float("inf")


def differences(ropelet, model):
    cpu = taps(ropelet, model, OTHERS + OF_KEYS, "cpu", "f32")
    worst, size = {}, {}
    for kernels in (False, True):
        names = OTHERS if kernels else OTHERS + OF_KEYS
        for dtype in DTYPES:
            for name, value in taps(ropelet, model, names, "cuda", dtype).items():
                key = name.split(".")[-1], dtype, kernels
                worst[key] = max(worst.get(key, 0.0), apart(value, cpu[name]))
                size[key[0]] = max(size.get(key[0], 0.0), cpu[name].abs().max().item())
    print(f"\n### {model}: largest absolute difference from CPU f32\n")
    print("| tap | size | " + " | ".join(f"{dtype}" for dtype in DTYPES) + " | "
          + " | ".join(f"{dtype}, no score stored" for dtype in DTYPES) + " |\n|---|---|" + "---|" * 2 * len(DTYPES))
    for tap in OTHERS + OF_KEYS:
        cells = [f"{worst[tap, dtype, kernels]:.1e}" if (tap, dtype, kernels) in worst else "–"
                 for kernels in (False, True) for dtype in DTYPES]
        print(f"| {tap} | {size[tap]:.3g} | " + " | ".join(cells) + " |")
    return all(value <= 1e-3 for (_, dtype, _), value in worst.items() if dtype == "f32")


def logits(ropelet, model):
    torch.backends.cuda.matmul.allow_tf32 = False

    def theirs(dtype):
        loaded = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=dtype).cuda().eval()
        with torch.no_grad():
            return loaded(torch.tensor([IDS]).cuda(), use_cache=False).logits[0].double().cpu()

    reference = theirs(torch.float32)
    root_mean_square = lambda value: (value.double() - reference).square().mean().sqrt().item()
    ours = [root_mean_square(taps(ropelet, model, ["logits"], "cuda", dtype)["logits"]) for dtype in DTYPES]
    print("\n| logits from transformers f32 | f32 | bf16 | f16 |\n|---|---|---|---|")
    print("| ropelet | " + " | ".join(f"{value:.1e}" for value in ours) + " |")
    others = [root_mean_square(theirs(dtype)) for dtype in (torch.bfloat16, torch.float16)]
    print("| transformers | 0 | " + " | ".join(f"{value:.1e}" for value in others) + " |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, CUDA {torch.version.cuda}")
    good = []
    for model in sys.argv[2:]:
        good.append(differences(sys.argv[1], model))
        logits(sys.argv[1], model)
    sys.exit(0 if all(good) else 1)
