"""Writes a Llama checkpoint of 1.1 billion random parameters in bf16, for timing.

usage: make_llama.py FOLDER      (torch 2.11, transformers 5.17)
"""
import sys

import torch
import transformers

if len(sys.argv) != 2:
    sys.exit(__doc__)
config = transformers.LlamaConfig(
    vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32,
    num_key_value_heads=4, max_position_embeddings=2048, rms_norm_eps=1e-5, tie_word_embeddings=False)
torch.manual_seed(0)
transformers.LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(sys.argv[1])
