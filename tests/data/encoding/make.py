"""Writes references.json beside itself: what others compute for the encodings of src/encoding.

Where a library has an encoding, its code computes it, in f64 where it lets itself be told: transformers for RoPE
(Llama, GPT-J), ALiBi (BLOOM, MPT), T5's buckets, sinusoids (XLNet, Marian, DistilBERT) and Transformer-XL's scores
(XLNet); PyWavelets for the wavelets. The others are written down here from their papers with torch, in another form
than in Rust: xPos with complex numbers, Shaw with the whole table of 2K + 1 vectors, KERPLE and FIRE as matrices over
query and key.

Made with transformers 5.17.0, torch 2.11.0 and PyWavelets 1.8.0. Run: OMP_NUM_THREADS=1 python make.py
"""

import json
import math
import pathlib

import numpy as np
import pywt
import torch
from transformers import LlamaConfig, XLNetConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.distilbert.modeling_distilbert import create_sinusoidal_embeddings
from transformers.models.gptj.modeling_gptj import apply_rotary_pos_emb as gptj_rotary
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb as llama_rotary
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding
from transformers.models.mpt.modeling_mpt import build_mpt_alibi_tensor
from transformers.models.t5.modeling_t5 import T5Attention
from transformers.models.xlnet.modeling_xlnet import XLNetModel, XLNetRelativeAttention

torch.set_default_dtype(torch.float64)
HERE = pathlib.Path(__file__).parent
L, D, H = 9, 8, 2
SCALE = D**-0.5


def draw(*shape, seed):
    """Numbers that the test makes again: sines of an arithmetic sequence."""
    count = math.prod(shape)
    return torch.sin((torch.arange(count) + 1.0) * (0.754877 + 0.1 * seed)).reshape(shape)


Q, K, V = (draw(H, L, D, seed=seed) for seed in (1, 2, 3))
FUTURE = torch.full((L, L), -torch.inf).triu(1)
LAG = torch.arange(L)[:, None] - torch.arange(L)[None, :]


def attention(scores, values=None):
    mixed = torch.softmax(scores + FUTURE, -1)
    return (mixed @ V) if values is None else torch.einsum("hmn,hmnd->hmd", mixed, values)


def flat(tensor):
    return [float(x) for x in torch.as_tensor(tensor).double().flatten()]


def rope(interleaved):
    angles = torch.arange(L)[:, None] * 10000.0 ** (-torch.arange(0, D, 2) / D)
    if interleaved:
        # [batch, tokens, heads, dim] and sin, cos of [batch, tokens, dim/2].
        turn = lambda x: gptj_rotary(x.transpose(0, 1)[None], angles.sin()[None], angles.cos()[None])[0].transpose(0, 1)
        query, key = turn(Q), turn(K)
    else:
        both = torch.cat((angles, angles), -1)[None]
        query, key = (x[0] for x in llama_rotary(Q[None], K[None], both.cos(), both.sin()))
    return attention(query @ key.mT * SCALE)


def xpos():
    pair = torch.arange(0, D, 2) / D
    zeta = (pair + 0.4) / 1.4
    m = torch.arange(L)[:, None]
    turn = torch.polar(torch.ones(L, D // 2), m * 10000.0**-pair)
    as_complex = lambda x: torch.complex(x[..., 0::2], x[..., 1::2])
    query = as_complex(Q) * turn * zeta ** (m / 512)
    key = as_complex(K) * turn * zeta ** (-m / 512)
    return attention((query @ key.conj().mT).real * SCALE)


def alibi():
    biases = build_alibi_tensor(torch.ones(1, L), H, torch.float64)
    return attention(Q @ K.mT * SCALE + biases)


def t5_buckets(buckets, distance, lags):
    found = T5Attention._relative_position_bucket(-torch.arange(lags), False, buckets, distance)
    return [int(bucket) for bucket in found]


def kerple(r1, r2, power):
    r1, r2 = torch.tensor(r1)[:, None, None], torch.tensor(r2)[:, None, None]
    lag = LAG.clamp(min=0).double()
    return attention(Q @ K.mT * SCALE - (r1 * lag**r2 if power else r1 * torch.log(1 + r2 * lag)))


def fire(c, threshold, first, second):
    position = torch.arange(L).double()
    psi = lambda x: torch.log(torch.abs(c * x) + 1)
    x = psi(LAG.clamp(min=0).double()) / (psi(torch.maximum(position, torch.tensor(threshold)))[:, None] + 1e-6)
    bias = torch.nn.functional.linear(torch.relu(torch.nn.functional.linear(x[..., None], *first)), *second)
    return attention(Q @ K.mT * SCALE + bias.permute(2, 0, 1))


def shaw(clip):
    keys, values = (draw(2 * clip + 1, D, seed=seed) for seed in (11, 12))
    row = (-LAG).clamp(-clip, clip) + clip
    scores = (Q @ K.mT + torch.einsum("hmd,mnd->hmn", Q, keys[row])) * SCALE
    return attention(scores, V[:, None] + values[row])


def transformer_xl():
    """XLNet's attention core, which is Transformer-XL's, on one text: axes are tokens, batch, heads, dim."""
    width = H * D
    config = XLNetConfig(d_model=width, n_head=H, n_layer=1, d_inner=8, vocab_size=8, dropout=0.0, attn_type="uni", d_head=D)
    core = XLNetRelativeAttention(config).double().eval()
    u, v, w = draw(H, D, seed=13), draw(H, D, seed=14), draw(H, D, width, seed=15)
    with torch.no_grad():
        core.r_w_bias.copy_(u)
        core.r_r_bias.copy_(v)
        r = XLNetModel(config).relative_positional_encoding(L, L).double()
        # In f64: the library's frequencies are f32.
        frequencies = 10000.0 ** (-torch.arange(0, width, 2) / width)
        r = XLNetModel.positional_embedding(torch.arange(L, -1, -1).double(), frequencies)
        key_r = torch.einsum("ibw,ndw->ibnd", r, w)
        axes = lambda x: x.permute(1, 0, 2)[:, None]
        mask = (LAG < 0).double()[:, :, None, None]
        mixed = core.rel_attn_core(axes(Q), axes(K), axes(V), key_r, attn_mask=mask)
    return mixed[:, 0].permute(1, 0, 2)


def sinusoids():
    dim, count = 12, 40
    interleaved = torch.nn.Embedding(count, dim, dtype=torch.float32)
    create_sinusoidal_embeddings(count, dim, interleaved.weight)
    marian = MarianSinusoidalPositionalEmbedding(count, dim)
    frequencies = 10000.0 ** (-torch.arange(0, dim, 2) / dim)
    return {
        "dim": dim,
        "count": count,
        "interleaved_f32": flat(interleaved.weight.detach()),
        "half_split_f32": flat(marian.create_weight()),
        "relative_f64": flat(XLNetModel.positional_embedding(torch.arange(count).double(), frequencies)[:, 0]),
    }


def wavelets():
    """PyWavelets' functions at (b - lag)/a, at integer lags, with their own factors."""
    lags, cases = 40, []
    for name, a, b in [("mexh", 1, 0), ("mexh", 4, 7), ("mexh", 32, 15), *[(f"gaus{m}", 4, 7) for m in range(1, 9)]]:
        wavelet = pywt.ContinuousWavelet(name)
        # wavefun samples between bounds that it keeps in f32: quarters are exact there.
        wavelet.lower_bound, wavelet.upper_bound = (b - lags + 1) / a, b / a
        psi, _ = wavelet.wavefun(length=lags)
        # Its derivatives are those of e^{-x^2}, ours of e^{-t^2/2}.
        scale = a if name == "mexh" else a / math.sqrt(2)
        cases.append({"name": name, "scale": scale, "shift": b, "values": [float(x) for x in psi[::-1]]})
    for a in (1, 2, 4, 8, 128):
        # The paper's e^{-x^2} cos(a x): the real part of cmor with bandwidth 1, times sqrt(pi).
        wavelet = pywt.ContinuousWavelet(f"cmor1.0-{a / (2 * math.pi):.17g}")
        wavelet.lower_bound, wavelet.upper_bound = (3 - lags + 1) / a, 3 / a
        psi, _ = wavelet.wavefun(length=lags)
        values = [float(x) for x in psi.real[::-1]]
        cases.append({"name": "morlet", "scale": a, "shift": 3, "centre": wavelet.center_frequency, "values": values})
    # Haar by the cascade at level j is +1 on the first half of [0, 1) and -1 on the second, in 2^j samples.
    for level in (1, 3, 5):
        _, psi, _ = pywt.Wavelet("haar").wavefun(level=level)
        cases.append({"name": "haar", "scale": 2**level, "shift": 0, "values": [float(x) for x in psi]})
    return cases


def tapered(pairs, count):
    frequencies = 10000.0 ** (-torch.arange(0, 2 * count, 2) / (2 * count))
    frequencies[count - pairs :] *= 0.5 * (1 + torch.cos(torch.linspace(0, torch.pi, pairs)))
    return flat(frequencies)


def proportional(fraction):
    """Partial frequencies, computed in f32."""
    config = LlamaConfig(
        hidden_size=256,
        num_attention_heads=4,
        head_dim=64,
        rope_parameters={"rope_type": "proportional", "rope_theta": 10000.0, "partial_rotary_factor": fraction},
    )
    return flat(ROPE_INIT_FUNCTIONS["proportional"](config, torch.device("cpu"))[0])


FIRE = {"c": 0.3, "threshold": 4.5, "first": [flat(draw(5, seed=21)), flat(draw(5, seed=22))], "second": [flat(draw(H, 5, seed=23)), flat(draw(H, seed=24))]}
network = [[draw(5, 1, seed=21), draw(5, seed=22)], [draw(H, 5, seed=23), draw(H, seed=24)]]
KERPLE = {"r1": [0.7, 1.9], "r2": [0.3, 0.9]}

references = {
    "tokens": L,
    "dim": D,
    "heads": H,
    "attention": {
        "rope, half-split": flat(rope(False)),
        "rope, interleaved": flat(rope(True)),
        "xpos": flat(xpos()),
        "alibi": flat(alibi()),
        "kerple": flat(kerple(KERPLE["r1"], KERPLE["r2"], False)),
        "kerple-power": flat(kerple(KERPLE["r1"], KERPLE["r2"], True)),
        "fire": flat(fire(FIRE["c"], FIRE["threshold"], *network)),
        "shaw": flat(shaw(3)),
        "transformer-xl": flat(transformer_xl()),
    },
    "kerple": KERPLE,
    "fire": FIRE,
    "mpt_slopes": {n: flat(-build_mpt_alibi_tensor(n, 2)[:, 0, 0]) for n in (1, 2, 3, 6, 8, 12, 20, 25, 40)},
    "t5_buckets": [
        {"buckets": b, "distance": d, "found": t5_buckets(b, d, n)}
        for b, d, n in [(32, 128, 300), (16, 128, 200), (64, 256, 400), (8, 20, 40)]
    ],
    "sinusoids": sinusoids(),
    "proportional": [{"fraction": p, "inv_freq": proportional(p)} for p in (0.25, 0.7, 1.0)],
    "tapered": [{"pairs": n, "inv_freq": tapered(n, 64)} for n in (1, 2, 20, 64)],
    "wavelets": wavelets(),
}
(HERE / "references.json").write_text(json.dumps(references) + "\n")
