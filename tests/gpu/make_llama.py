"""Writes a Llama checkpoint with random weights in bf16, for timing.

usage: make_llama.py SHAPE FOLDER      (torch 2.11, transformers 5.17)

SHAPE is `1.1b` (TinyLlama) or `3.2-1b` (Llama 3.2, without its frequency scaling).
"""
import sys

import torch
import transformers

SHAPES = {
    "1.1b": dict(vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32,
                 num_key_value_heads=4, max_position_embeddings=2048, tie_word_embeddings=False),
    "3.2-1b": dict(vocab_size=128256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16,
                   num_attention_heads=32, num_key_value_heads=8, head_dim=64, max_position_embeddings=131072,
                   rope_theta=500000.0, tie_word_embeddings=True),
}

if len(sys.argv) != 3 or sys.argv[1] not in SHAPES:
    sys.exit(__doc__)
torch.manual_seed(0)
with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(rms_norm_eps=1e-5, **SHAPES[sys.argv[1]]))
model.to(torch.bfloat16).cpu().save_pretrained(sys.argv[2])
