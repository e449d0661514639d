"""The taps of `ropelet extract`, read from Hugging Face transformers in eager mode.

Written for transformers 5.17.0 and torch 2.11.0. In float32 the library runs as it is. In float64
its source is promoted as it is imported: some parts cast to float32 whatever the model's type (the
rotary frequencies, their cosines and sines, norms, the softmax), and every such cast becomes one to
float64. `promote()` must be called before transformers is imported.

Whether the promoted graph is one is checked as it runs: no operation may yield a narrower number
(`only_double`), and the taps must fit together, softmax(scores + bias) being the probabilities and
these times the values the mixed values (`require_consistent`).
"""
import importlib.abc
import importlib.machinery
import re
import sys
from operator import attrgetter

PROMOTED = re.compile(r"transformers\.(models\.\w+\.modeling_\w+|modeling_rope_utils|activations|masking_utils)")


class Promoted(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        source = self.get_data(self.path).decode()
        source = re.sub(r"\btorch\.float(32)?\b", "torch.float64", source)
        source = source.replace(".float()", ".double()")
        return compile(source, self.path, "exec")


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if not PROMOTED.fullmatch(name):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        spec.loader = Promoted(name, spec.origin)
        return spec


def promote():
    assert not any(name.startswith("transformers") for name in sys.modules), "transformers is already imported"
    sys.meta_path.insert(0, Finder())


# Where a layer's parts are, by model_type: the stack of layers; in a layer the attention, its output
# projection, the two modules whose outputs join the residual stream; the norm after the last layer.
LLAMA = ("model.layers", "self_attn", "self_attn.o_proj", "self_attn.o_proj", "mlp.down_proj", "model.norm")
NORMS_AFTER = LLAMA[:3] + ("post_attention_layernorm", "post_feedforward_layernorm", "model.norm")
GPT2 = ("transformer.h", "attn", "attn.c_proj", "attn.c_proj", "mlp.c_proj", "transformer.ln_f")
BLOOM = (
    "transformer.h", "self_attention", "self_attention.dense", "self_attention.dense", "mlp.dense_4h_to_h",
    "transformer.ln_f",
)
PARTS = {
    "gpt2": GPT2,
    "gpt_neo": ("transformer.h", "attn", "attn.attention.out_proj", "attn.attention.out_proj", "mlp.c_proj",
                "transformer.ln_f"),
    "gptj": ("transformer.h", "attn", "attn.out_proj", "attn.out_proj", "mlp.fc_out", "transformer.ln_f"),
    "gpt_neox": (
        "gpt_neox.layers", "attention", "attention.dense", "attention.dense", "mlp.dense_4h_to_h",
        "gpt_neox.final_layer_norm",
    ),
    "gemma2": NORMS_AFTER,
    "gemma3_text": NORMS_AFTER,
    "gemma3": ("model.language_model.layers",) + NORMS_AFTER[1:5] + ("model.language_model.norm",),
    "phi": ("model.layers", "self_attn", "self_attn.dense", "self_attn.dense", "mlp.fc2", "model.final_layernorm"),
    "olmo2": NORMS_AFTER,
    "olmo3": NORMS_AFTER,
    "falcon": BLOOM,
    "mpt": ("transformer.blocks", "attn", "attn.out_proj", "attn.out_proj", "ffn.down_proj", "transformer.norm_f"),
    "bloom": BLOOM,
    "opt": (
        "model.decoder.layers", "self_attn", "self_attn.out_proj", "self_attn.out_proj", "fc2",
        "model.decoder.final_layer_norm",
    ),
    "starcoder2": LLAMA[:4] + ("mlp.c_proj", "model.norm"),
    "bert": (
        "bert.encoder.layer", "attention.self", "attention.output.dense", "attention.output.dense", "output.dense",
        None,
    ),
}


def load(folder, dtype, device="cpu"):
    import torch
    import transformers

    # TF32 would round the factors of every float32 product to 11 bits.
    torch.backends.cuda.matmul.allow_tf32 = False
    if dtype == torch.float64:
        # Python numbers times integer tensors take this type (the growing base of dynamic NTK).
        torch.set_default_dtype(torch.float64)
    kind = transformers.AutoConfig.from_pretrained(folder).model_type
    auto = {"bert": "AutoModelForMaskedLM", "gemma3": "AutoModelForImageTextToText"}.get(kind, "AutoModelForCausalLM")
    model, info = getattr(transformers, auto).from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", output_loading_info=True
    )
    # transformers fills what is missing at random, with a warning only.
    assert not info["missing_keys"] and not info["mismatched_keys"], (folder, info)
    return model.to(device).eval()


def only_double(allowed=()):
    """A mode in which an operation that yields a narrower number than float64 is an error."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class OnlyDouble(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            for value in tree_leaves(result):
                if torch.is_tensor(value) and value.is_floating_point():
                    assert value.dtype in (torch.float64, *allowed), f"{function} yields {value.dtype}"
            return result

    return OnlyDouble()


class Attention:
    """What the attention of each layer is given, in the order of the layers."""

    def __init__(self, model):
        self.module = sys.modules[type(model).__module__]
        self.config = getattr(model.config, "text_config", model.config)
        self.calls = []  # query, key, value [heads, L, D], scale, soft-cap
        self.turned = []  # query and key before rotation, and after
        self.undo = []

    def patch(self, owner, name, around):
        original = getattr(owner, name)
        setattr(owner, name, lambda *args, **kwargs: around(original, *args, **kwargs))
        self.undo.append(lambda: setattr(owner, name, original))

    def call(self, query, key, value, scale, softcap=None):
        self.calls.append((query[0].clone(), key[0].clone(), value[0].clone(), scale, softcap))

    def __enter__(self):
        module, kind = self.module, self.config.model_type

        def interface(original, owner, query, key, value, mask, *args, **kwargs):
            scale = kwargs["scaling"]
            if kind == "opt":  # scales the queries itself
                assert scale == 1.0
                scale = owner.scaling
                self.call(query / scale, key, value, scale)
            else:
                self.call(query, key, value, scale, kwargs.get("softcap"))
            return original(owner, query, key, value, mask, *args, **kwargs)

        def method(scale):
            def around(original, owner, query, key, value, *args):
                self.call(query, key, value, scale(owner))
                return original(owner, query, key, value, *args)

            return around

        def split(original, owner, fused):
            parts = original(owner, fused)
            rows = parts if kind == "bloom" else [part.transpose(1, 2) for part in parts]
            self.call(*rows, owner.inv_norm_factor)
            return parts

        def rotate(original, query, key, *args, **kwargs):
            new_query, new_key = original(query, key, *args, **kwargs)
            self.turned.append(tuple(part[0].clone() for part in (query, key, new_query, new_key)))
            return new_query, new_key

        halves = []

        def rotate_one(original, x, *args):  # [1, L, heads, D], the key first
            result = original(x, *args)
            halves.extend(part[0].transpose(0, 1).clone() for part in (x, result))
            if len(halves) == 4:
                key, new_key, query, new_query = halves
                self.turned.append((query, key, new_query, new_key))
                halves.clear()
            return result

        if hasattr(module, "eager_attention_forward"):
            self.patch(module, "eager_attention_forward", interface)
        match kind:
            case "gpt2":
                self.patch(module.GPT2Attention, "_upcast_and_reordered_attn", method(lambda owner: owner.scaling))
            case "gpt_neo":
                self.patch(module.GPTNeoSelfAttention, "_attn", method(lambda owner: 1.0))
            case "gptj":
                self.patch(module.GPTJAttention, "_attn", method(lambda owner: 1 / owner.scale_attn))
            case "falcon":
                self.patch(module.FalconAttention, "_split_heads", split)
            case "bloom":
                self.patch(module.BloomAttention, "_reshape", split)
        if hasattr(module, "apply_rotary_pos_emb"):
            self.patch(module, "apply_rotary_pos_emb", rotate_one if kind == "gptj" else rotate)
        return self

    def __exit__(self, *_):
        for undo in reversed(self.undo):
            undo()


def taps(model, tokens, layers=None):
    """Every tap of one text, by the names in the file that `extract` writes."""
    import contextlib

    import torch

    found, hooks, offsets = {}, [], {}
    kind = model.config.model_type
    config = getattr(model.config, "text_config", model.config)
    length = len(tokens)
    stack, attention_path, projection, attention_added, mlp_added, last = PARTS.get(kind, LLAMA)
    blocks = attrgetter(stack)(model)
    patches = Attention(model)

    def keep(name, value):
        found[name] = value.detach().clone()

    def hooked(module, hook, before=False):
        register = module.register_forward_pre_hook if before else module.register_forward_hook
        hooks.append(register(hook, with_kwargs=True))

    def first(value):
        value = value[0] if isinstance(value, tuple) else value
        return value.reshape(length, value.shape[-1])

    for number, block in enumerate(blocks):
        name = f"layers.{number}."
        # Defaults hold the values of this round.
        def entered(_module, args, kwargs, name=name):
            keep(name + "residual", first(args[0] if args else kwargs["hidden_states"]))

        def attended(_module, args, kwargs, output, name=name, number=number):
            keep(name + "attention", output[1][0])
            offset = kwargs.get("alibi", kwargs.get("position_bias"))
            if offset is not None:
                offset = offset.reshape(config.num_attention_heads, 1, -1)
                offsets[number] = offset[..., -length:]  # mpt's is as long as the longest text

        def projected(_module, args, _kwargs, name=name):
            keep(name + "mixed", args[0].reshape(length, config.num_attention_heads, -1).transpose(0, 1))

        def added(tap, name=name):
            return lambda _module, _args, _kwargs, output: keep(name + tap, first(output))

        def fused(module, _args, _kwargs, output, block=block):  # mpt has no function to look into
            clip = block.attn.clip_qkv
            output = output.clamp(-clip, clip) if clip else output
            parts = output.reshape(1, length, 3, config.n_heads, -1).permute(2, 0, 3, 1, 4)
            patches.call(*parts, block.attn.softmax_scale)

        def mask_alone(_module, args, kwargs):
            mask = kwargs["attention_mask"]
            return args, kwargs | {"attention_mask": mask.masked_fill(mask != torch.finfo(mask.dtype).min, 0.0)}

        hooked(block, entered, before=True)
        hooked(attrgetter(attention_path)(block), attended)
        hooked(attrgetter(projection)(block), projected, before=True)
        hooked(attrgetter(attention_added)(block), added("attention_output"))
        hooked(attrgetter(mlp_added)(block), added("mlp_output"))
        if kind == "mpt":
            hooked(block.attn.Wqkv, fused)
        if kind == "falcon" and config.alibi:
            # In eager mode transformers 5.17 adds ALiBi twice: it is in the mask also, for SDPA's sake.
            hooked(attrgetter(attention_path)(block), mask_alone, before=True)

    final = attrgetter(last)(model) if last else None
    hooked(final or blocks[-1], lambda _module, _args, _kwargs, output: keep("final", first(output)))

    wide = model.dtype == torch.float64
    # Falcon's ALiBi is rounded to bfloat16 by definition.
    narrow = [torch.bfloat16] if kind == "falcon" and config.alibi else []
    try:
        ids = torch.tensor([tokens], device=model.device)
        with torch.no_grad(), patches, only_double(narrow) if wide else contextlib.nullcontext():
            result = model(ids, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    found["logits"] = result.logits[0].detach().clone()
    if narrow and wide:
        model.config._attn_implementation = "sdpa"
        with torch.no_grad():
            error = (model(ids, use_cache=False).logits[0] - found["logits"]).abs().max().item()
        assert error < 1e-12, f"logits differ from those with SDPA by {error:.1e}"

    assert len(patches.calls) == len(blocks) and len(patches.turned) in (0, len(blocks))
    for number, (query, key, value, scale, softcap) in enumerate(patches.calls):
        name = f"layers.{number}."
        kv_heads = config.num_kv_heads if kind == "falcon" and config.new_decoder_architecture else key.shape[0]

        def distinct(x):  # where copies of a key-value head were made for its queries
            return x[:: x.shape[0] // kv_heads]

        before, after = (query, key), (query, key)
        if patches.turned:
            # What is rotated is the beginning of each head; the rest passes.
            parts = patches.turned[number]
            passed = [x[..., parts[0].shape[-1]:] for x in (query, key)]
            before = [torch.cat(pair, -1) for pair in zip(parts[:2], passed)]
            after = [torch.cat(pair, -1) for pair in zip(parts[2:], passed)]
        found[name + "query"], found[name + "key"] = before[0], distinct(before[1])
        found[name + "query_rotated"], found[name + "key_rotated"] = query, key = after[0], distinct(after[1])
        found[name + "value"] = value = distinct(value)

        shared = query.shape[0] // kv_heads
        scores = query @ key.repeat_interleave(shared, 0).transpose(1, 2) * scale
        if softcap is not None:
            scores = softcap * torch.tanh(scores / softcap)
        found[name + "scores"] = scores
        if number in offsets:
            offset = offsets[number] * (scale if kind == "falcon" else 1.0)
            # The row's own constant is free in a softmax; here the bias is 0 at the query.
            found[name + "bias"] = offset - offset.transpose(1, 2)
        if wide:
            require_consistent(found, name, shared)
    if layers is not None:
        found = {name: value for name, value in found.items()
                 if not name.startswith("layers.") or int(name.split(".")[1]) in layers}
    # A key that is not rotated is the same tensor twice, which a file cannot have.
    return {name: value.cpu().contiguous().clone() for name, value in found.items()}


def require_consistent(found, name, shared):
    """The taps of a layer yield each other."""
    import torch

    attention = found[name + "attention"]
    scores = found[name + "scores"] + found.get(name + "bias", 0.0)
    # A probability of a key that is seen does not underflow here.
    expected = torch.softmax(scores.masked_fill(attention == 0, -torch.inf), -1)
    mixed = attention @ found[name + "value"].repeat_interleave(shared, 0)
    for tap, observed, expected in ("attention", attention, expected), ("mixed", found[name + "mixed"], mixed):
        error = (observed - expected).abs().max().item()
        assert error < 1e-12, f"{name}{tap} differs from what the other taps say by {error:.1e}"
