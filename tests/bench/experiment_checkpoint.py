#!/usr/bin/env python3
"""Whether Hugging Face transformers says about a checkpoint of `ropelet experiment` what ropelet says.

usage: experiment_checkpoint.py ROPELET RUN TEXT      (RUN: a finished RoPE run, TEXT: a text file)

Loads RUN with LlamaForCausalLM in f32, runs the first 64 tokens of TEXT, and compares tokens with the
run's tokenizer.json and logits with those of `ropelet extract`. Then it repeats RUN's perplexity at the
first length of result.json from RUN's own corpus file, where that is beside the run.
transformers 5.17.0, torch 2.11.0, safetensors 0.8.0, tokenizers 0.23.3.
"""
import json, math, subprocess, sys, tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import AutoTokenizer, LlamaForCausalLM

ropelet, run, text = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
model = LlamaForCausalLM.from_pretrained(run, dtype=torch.float32).eval()
tokenizer = AutoTokenizer.from_pretrained(run)
ids = tokenizer(text.read_text(), add_special_tokens=False)["input_ids"][:64]
with torch.no_grad():
    theirs = model(torch.tensor([ids])).logits[0]
with tempfile.TemporaryDirectory() as folder:
    out = f"{folder}/logits.safetensors"
    words = [ropelet, "extract", str(run), "--token-ids", ",".join(map(str, ids)), "--taps", "logits", "--out", out]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    with safe_open(out, "pt") as file:
        ours = file.get_tensor("logits")
print(f"largest difference of {ours.numel()} logits: {(ours - theirs).abs().max().item():.2e}")

result = json.loads((run / "result.json").read_text())
corpus = run.parent / f"corpus-{result['configuration']['corpus']}.safetensors"
if corpus.exists():
    with safe_open(corpus, "pt") as file:
        valid = file.get_tensor("valid").to(torch.int64)
    for stated in result["perplexities"]:
        length, windows = stated["length"], stated["windows"]
        losses = []
        with torch.no_grad():
            for window in range(windows):
                part = valid[window * length : (window + 1) * length + 1]
                logits = model(part[None, :-1]).logits[0]
                losses.append(torch.nn.functional.cross_entropy(logits, part[1:]).item())
        theirs = math.exp(sum(losses) / len(losses))
        print(f"perplexity at {length}: {theirs:.5f} here, {stated['perplexity']:.5f} in result.json")
