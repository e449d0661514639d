"""Writes huggingface.json and huge_angles.json beside itself: reference values for src/rope and src/wavelet.

huggingface.json: the tables of `transformers.modeling_rope_utils`, each as the library computes it (f32) and once more
with its float type replaced by f64, so that the comparison tests formulas and not roundings.
huge_angles.json: cos, sin and the fraction of a turn of m * theta at large m, from 400-bit arithmetic; m and theta are
taken as the exact rational numbers that their doubles are. They are strings because not every JSON reader rounds a
decimal number correctly.

Made with transformers 5.17.0, torch 2.11.0 and mpmath 1.3.0 on Python 3.
"""

import json
import pathlib

import mpmath
import torch
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

HERE = pathlib.Path(__file__).parent
LONG = {
    "short_factor": [1.0 + 0.05 * i for i in range(16)],
    "long_factor": [1.0 + 0.9 * i for i in range(16)],
    "original_max_position_embeddings": 4096,
}

# Name, base, head size, max_position_embeddings, rope parameters, sequence length.
CASES = [
    ("linear", 1e4, 128, 8192, {"rope_type": "linear", "factor": 4.0}, 100),
    ("dynamic, short", 1e4, 64, 2048, {"rope_type": "dynamic", "factor": 2.0}, 100),
    ("dynamic, long", 1e4, 64, 2048, {"rope_type": "dynamic", "factor": 2.0}, 5000),
    ("yarn", 1e4, 128, 131072, {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096}, 100),
    (
        "yarn, not truncated",
        150000.0,
        64,
        131072,
        {
            "rope_type": "yarn",
            "factor": 32.0,
            "original_max_position_embeddings": 4096,
            "truncate": False,
            "beta_fast": 32.0,
            "beta_slow": 1.0,
        },
        100,
    ),
    (
        "yarn, mscales",
        1e4,
        64,
        163840,
        {
            "rope_type": "yarn",
            "factor": 40.0,
            "original_max_position_embeddings": 4096,
            "mscale": 0.707,
            "mscale_all_dim": 1.0,
        },
        100,
    ),
    (
        "yarn, short original length",
        1e4,
        32,
        256,
        {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 32},
        100,
    ),
    (
        "llama3",
        5e5,
        128,
        131072,
        {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        100,
    ),
    ("longrope, short", 1e4, 32, 131072, {"rope_type": "longrope", **LONG}, 4096),
    ("longrope, long", 1e4, 32, 131072, {"rope_type": "longrope", **LONG}, 4097),
]


class Double:
    """torch's float names mean f64 within."""

    def __enter__(self):
        self.kept = torch.float, torch.float32, torch.Tensor.float
        torch.float = torch.float32 = torch.float64
        torch.Tensor.float = torch.Tensor.double

    def __exit__(self, *_):
        torch.float, torch.float32, torch.Tensor.float = self.kept


def table(base, head, longest, parameters, length):
    config = LlamaConfig(
        hidden_size=head * 4,
        num_attention_heads=4,
        head_dim=head,
        max_position_embeddings=longest,
        rope_parameters={"rope_theta": base, **parameters},
    )
    inv_freq, attention_factor = ROPE_INIT_FUNCTIONS[parameters["rope_type"]](config, torch.device("cpu"), seq_len=length)
    return inv_freq.double().tolist(), float(attention_factor)


def huggingface():
    cases = []
    for name, base, head, longest, parameters, length in CASES:
        single, attention_factor = table(base, head, longest, parameters, length)
        with Double():
            double, _ = table(base, head, longest, parameters, length)
        cases.append(
            {
                "name": name,
                "base": base,
                "rotary_dim": head,
                "max_position_embeddings": longest,
                "parameters": parameters,
                "sequence_length": length,
                "inv_freq_f32": single,
                "inv_freq_f64": double,
                "attention_factor": attention_factor,
            }
        )
    return cases


def huge_angles():
    mpmath.mp.prec = 400
    rows = []
    for position in [0.0, 1.0, -1.0, 7.0, 44353.0, 103993.0, 2.0**20, -(2.0**31), 1e9 + 1, 2.0**53 - 1, 1e15 + 0.5, -1e22, 2.0**100]:
        for frequency in [1.0, 10000.0 ** (-2 / 128), 0.01, 5e5 ** (-126 / 128), 3.0, 355 / 113]:
            angle = mpmath.mpf(position) * mpmath.mpf(frequency)
            turns = angle / (2 * mpmath.pi)
            rows.append(
                {
                    "position": repr(position),
                    "frequency": repr(frequency),
                    "cos": repr(float(mpmath.cos(angle))),
                    "sin": repr(float(mpmath.sin(angle))),
                    "turn": repr(float(turns - mpmath.floor(turns))),
                }
            )
    return rows


for name, value in [("huggingface.json", huggingface()), ("huge_angles.json", huge_angles())]:
    (HERE / name).write_text(json.dumps(value, indent=1) + "\n")
