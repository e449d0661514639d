"""Writes state.bin, a small file of torch.save with each way in which checkpoints store tensors.

torch 2.11.0. Run from anywhere: python tests/data/pytorch/make.py
"""

from collections import OrderedDict
from pathlib import Path

import torch

numbers = torch.arange(24, dtype=torch.float32)
module = torch.nn.Linear(2, 3, bias=False)
with torch.no_grad():
    module.weight.copy_(numbers[:6].reshape(3, 2))
# An ordered dictionary with the attribute `_metadata`.
state = module.state_dict()
state["parameter"] = torch.nn.Parameter(numbers[:4].reshape(2, 2).double())
state["view"] = numbers[6:12].reshape(2, 3)
state["tied"] = state["weight"]
state["half"] = numbers[:3].half()
state["bfloat16"] = numbers[:3].bfloat16()
state["bool"] = torch.tensor([True, False])
state["long"] = torch.tensor([[1, 2]])
state["scalar"] = torch.tensor(-1e4)
state["empty"] = torch.zeros(0, 5)
state["row"] = numbers.reshape(24, 1).t()
assert isinstance(state, OrderedDict) and hasattr(state, "_metadata")
torch.save(state, Path(__file__).with_name("state.bin"))
