"""The taps of `ropelet extract`, read from Hugging Face transformers in eager mode.

Written for transformers 5.17.0 and torch 2.11.0. In float32 the library runs as it is. In float64
its source is promoted as it is imported: some parts cast to float32 whatever the model's type (the
rotary frequencies, their cosines and sines, RMS norms, the softmax), and every such cast becomes one
to float64. `promote()` must be called before transformers is imported.
"""
import importlib.abc
import importlib.machinery
import math
import re
import sys

MODULES = {
    "transformers.modeling_rope_utils",
    "transformers.models.llama.modeling_llama",
    "transformers.models.gpt_neox.modeling_gpt_neox",
    "transformers.models.bloom.modeling_bloom",
}


class Promoted(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        source = self.get_data(self.path).decode()
        source = re.sub(r"\btorch\.float(32)?\b", "torch.float64", source)
        source = source.replace(".float()", ".double()")
        return compile(source, self.path, "exec")


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name not in MODULES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        spec.loader = Promoted(name, spec.origin)
        return spec


def promote():
    assert not any(name.startswith("transformers") for name in sys.modules), "transformers is already imported"
    sys.meta_path.insert(0, Finder())


def load(folder, dtype, device="cpu"):
    import torch
    import transformers

    # TF32 would round the factors of every float32 product to 11 bits.
    torch.backends.cuda.matmul.allow_tf32 = False
    if dtype == torch.float64:
        # Python numbers times integer tensors take this type (the growing base of dynamic NTK).
        torch.set_default_dtype(torch.float64)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    return model.to(device).eval()


def taps(model, tokens, layers=None):
    """Every tap of one text, by the names in the file that `extract` writes."""
    import torch

    found, hooks = {}, []
    kind = model.config.model_type
    config = model.config
    heads, length = config.num_attention_heads, len(tokens)
    base = model.base_model
    stack = {"llama": "layers", "gpt_neox": "layers", "bloom": "h"}[kind]
    module = sys.modules[type(model).__module__]

    def keep(name, value):
        found[name] = value.detach().clone()

    def output(layer, name):
        return lambda _module, _inputs, value: keep(f"layers.{layer}.{name}", value[0])

    for number, block in enumerate(getattr(base, stack)):
        attention = {"llama": "self_attn", "gpt_neox": "attention", "bloom": "self_attention"}[kind]
        attention = getattr(block, attention)
        dim = attention.head_dim if kind != "gpt_neox" else attention.head_size

        def residual(_module, args, kwargs, number=number):
            keep(f"layers.{number}.residual", (args[0] if args else kwargs["hidden_states"])[0])

        hooks.append(block.register_forward_pre_hook(residual, with_kwargs=True))

        def split(value, dim=dim):  # [L, H D] to [H, L, D]
            return value.reshape(length, -1, dim).transpose(0, 1)

        if kind == "llama":
            for part, tap in (("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value")):
                def hook(_module, _inputs, value, name=f"layers.{number}.{tap}", split=split):
                    keep(name, split(value[0]))
                hooks.append(getattr(attention, part).register_forward_hook(hook))
            projection, down = attention.o_proj, block.mlp.down_proj
        else:
            def hook(_module, _inputs, value, number=number, dim=dim):
                parts = value[0].reshape(length, heads, 3, dim).permute(2, 1, 0, 3)
                for tap, part in zip(("query", "key", "value"), parts):
                    keep(f"layers.{number}.{tap}", part)
            hooks.append(attention.query_key_value.register_forward_hook(hook))
            projection, down = attention.dense, block.mlp.dense_4h_to_h

        def mixed(_module, args, number=number, split=split):
            keep(f"layers.{number}.mixed", split(args[0][0]))

        hooks.append(projection.register_forward_pre_hook(mixed))
        hooks.append(projection.register_forward_hook(output(number, "attention_output")))
        hooks.append(down.register_forward_hook(output(number, "mlp_output")))

    norm = {"llama": "norm", "gpt_neox": "final_layer_norm", "bloom": "ln_f"}[kind]
    hooks.append(getattr(base, norm).register_forward_hook(lambda _m, _i, value: keep("final", value[0])))

    rotated = []
    if kind != "bloom":
        original = module.apply_rotary_pos_emb

        def rotate(*args, **kwargs):
            query, key = original(*args, **kwargs)
            rotated.append((query[0].clone(), key[0].clone()))
            return query, key

        module.apply_rotary_pos_emb = rotate
    try:
        ids = torch.tensor([tokens], device=model.device)
        with torch.no_grad():
            result = model(ids, output_attentions=True, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
        if kind != "bloom":
            module.apply_rotary_pos_emb = original
    found["logits"] = result.logits[0].detach().clone()

    at = torch.arange(length, device=model.device)
    lags = at[None, :] - at[:, None]  # key - query
    for number, attention in enumerate(result.attentions):
        name = f"layers.{number}."
        query, key = rotated[number] if rotated else (found[name + "query"], found[name + "key"])
        found[name + "query_rotated"], found[name + "key_rotated"] = query, key
        shared = query.shape[0] // key.shape[0]
        found[name + "scores"] = query @ key.repeat_interleave(shared, 0).transpose(1, 2) / math.sqrt(query.shape[2])
        slopes = alibi_slopes(heads) if kind == "bloom" else [0.0] * heads
        slopes = torch.tensor(slopes, dtype=query.dtype, device=query.device)
        found[name + "bias"] = slopes[:, None, None] * lags.to(query.dtype)
        found[name + "attention"] = attention[0].detach().clone()
    if layers is not None:
        found = {name: value for name, value in found.items()
                 if not name.startswith("layers.") or int(name.split(".")[1]) in layers}
    return {name: value.cpu() for name, value in found.items()}


def alibi_slopes(heads):
    """As in BLOOM's code, for any number of heads."""
    lower = 2 ** math.floor(math.log2(heads))
    slopes = [2 ** (-8 * j / lower) for j in range(1, lower + 1)]
    return slopes + [2 ** (-8 * j / (2 * lower)) for j in range(1, 2 * (heads - lower), 2)]
