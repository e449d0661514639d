"""A checkpoint of 3 GB runs in 1.5 GB of address space.

    python tests/bench/streaming.py target/release/ropelet [FOLDER]

Writes a checkpoint in the shape of Llama-3.2-1B, with an output head of its own, in bf16 with random
weights (3.0 GB) into FOLDER (default: the folder for temporary files), runs `extract` and `analyze` on it
with and without a limit on the address space (RLIMIT_AS, `ulimit -v`), and prints the peak resident memory of
each run (`ru_maxrss`) beside what docs/models.md predicts. As a control, keeping everything under the same limit
must fail. Needs Python 3.9 and numpy; the checkpoint is removed at the end.
"""

import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np

HIDDEN, INNER, LAYERS, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY = 2048, 8192, 16, 32, 8, 64, 128256
TOKENS, LIMIT = 512, 1_500_000_000
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def shapes():
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    for layer in range(LAYERS):
        name = f"model.layers.{layer}."
        yield name + "input_layernorm.weight", (HIDDEN,)
        yield name + "self_attn.q_proj.weight", (HEADS * HEAD_DIM, HIDDEN)
        yield name + "self_attn.k_proj.weight", (KV_HEADS * HEAD_DIM, HIDDEN)
        yield name + "self_attn.v_proj.weight", (KV_HEADS * HEAD_DIM, HIDDEN)
        yield name + "self_attn.o_proj.weight", (HIDDEN, HEADS * HEAD_DIM)
        yield name + "post_attention_layernorm.weight", (HIDDEN,)
        yield name + "mlp.gate_proj.weight", (INNER, HIDDEN)
        yield name + "mlp.up_proj.weight", (INNER, HIDDEN)
        yield name + "mlp.down_proj.weight", (HIDDEN, INNER)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCABULARY, HIDDEN)


def write_checkpoint(folder):
    """Weights uniform with the standard deviation 0.02, norms near 1; 16 MiB in memory at a time."""
    config = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": HIDDEN, "intermediate_size": INNER,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": HEAD_DIM,
        "vocab_size": VOCABULARY, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "hidden_act": "silu",
        "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}, "tie_word_embeddings": False,
        "attention_bias": False, "mlp_bias": False, "initializer_range": 0.02,
    }
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file)
    shutil.copy(os.path.join(ROOT, "tests/data/llama/tokenizer.json"), folder)
    header, offset = {}, 0
    for name, shape in shapes():
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    header = json.dumps(header).encode()
    header += b" " * (-len(header) % 8)
    random = np.random.default_rng(0)
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for name, shape in shapes():
            count = int(np.prod(shape))
            for start in range(0, count, 1 << 22):
                values = (random.random(min(count - start, 1 << 22), dtype=np.float32) - 0.5) * (0.02 * 12**0.5)
                if len(shape) == 1:
                    values += 1
                file.write((values.view(np.uint32) >> 16).astype(np.uint16).tobytes())
    return offset


def measured(command, limit):
    """Exit status, seconds and peak resident bytes of a run in this much address space."""
    start = time.monotonic()
    limited = (lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))) if limit else None
    child = subprocess.Popen(command, preexec_fn=limited, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    return status, time.monotonic() - start, usage.ru_maxrss * 1024


def main():
    program = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="ropelet-", dir=sys.argv[2] if len(sys.argv) > 2 else None)
    try:
        size = write_checkpoint(folder)
        layer = 4 * (2 * HIDDEN + HIDDEN * HEAD_DIM * (2 * HEADS + 2 * KV_HEADS) + 3 * HIDDEN * INNER)
        print(f"checkpoint {size / 1e9:.2f} GB, one layer in f32 {layer / 1e6:.0f} MB, limit {LIMIT / 1e9:.1f} GB")
        ids = ",".join(str(at * 7919 % VOCABULARY) for at in range(TOKENS))
        out = os.path.join(folder, "out")
        extract = ["extract", folder, "--token-ids", ids, "--taps", "query_rotated,final", "--out", out + ".safetensors"]
        logits = ["extract", folder, "--token-ids", ids, "--taps", "logits", "--out", out + ".safetensors"]
        text = os.path.join(folder, "text.txt")
        with open(os.path.join(ROOT, "tests/data/heads/text.txt")) as file, open(text, "w") as start:
            start.write(file.read(2000))
        analyze = ["analyze", folder, "--text", text, "--untrained", "0", "--lags", "64", "--out", out]
        runs = [
            ("extract", extract, LIMIT, True),
            ("extract of logits", logits, LIMIT, True),
            ("analyze", analyze, LIMIT, True),
            ("extract --budget 1GB", extract + ["--budget", "1GB"], LIMIT, True),
            ("extract --budget all", extract + ["--budget", "all"], LIMIT, False),
        ]
        for name, words, limit, succeeds in runs:
            status, seconds, peak = measured([program, *words], limit)
            print(f"{name:24} status {status:4} {seconds:7.1f} s, peak {peak / 1e6:6.0f} MB", flush=True)
            assert (status == 0) == succeeds, f"{name}: expected {'success' if succeeds else 'failure'}"
    finally:
        shutil.rmtree(folder)


main()
