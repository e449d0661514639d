"""ALiBi slopes as Hugging Face transformers computes them for BLOOM, for several head counts.

Written with transformers 5.17.0 and torch 2.11.0. Run: python alibi.py > alibi.json
"""

import json
import sys

import torch
from transformers.models.bloom.modeling_bloom import build_alibi_tensor

slopes = {}
for heads in [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 25, 32, 40, 71, 112]:
    # The bias of the second of two keys is the slope itself.
    alibi = build_alibi_tensor(torch.ones(1, 2), heads, torch.float32)
    slopes[heads] = alibi[:, 0, 1].tolist()
json.dump(slopes, sys.stdout, indent=None)
print()
