"""The checkpoints that the decoder is compared on: every family, form and storage, as data.

Written for transformers 5.17.0. A form is a configuration that computes something else, or the same
configuration written in another way; then it says whose values it must have (`same_as`). Nothing is
left at a default that a reader could miss: head counts that are no powers of two, fewer key-value
heads, head_dim that is not hidden/heads, biases that are not zero, norm weights that are not one,
large epsilons, small bases, soft-caps that bite, windows shorter than the text. The form `absent` is
the opposite: every key but the sizes is left out, and the class's defaults count.
"""
import copy
from dataclasses import dataclass, field, replace
from typing import Callable

TOKENS = [3, 17, 42, 5, 5, 46, 0, 29, 11, 38, 41, 8, 23, 3, 31, 14]
EPS = 3e-3
THETA = 300.0


@dataclass(frozen=True)
class Case:
    family: str
    form: str
    config: dict = field(default_factory=dict)  # keyword arguments of the configuration class
    storage: str = "f32"
    edit: Callable = lambda config: config  # of config.json as transformers wrote it
    rename: Callable = lambda tensors, config: tensors  # of the tensors as transformers wrote them
    same_as: str = ""  # the form whose values these are
    readable: bool = True  # whether transformers reads this form itself
    scale: float = 1.0  # of query and key projections
    seed: str = ""  # cases of one seed have one set of weights, as far as the shapes allow

    @property
    def name(self):
        return f"{self.family}-{self.form}-{self.storage}"


# --- What is common to many families ---------------------------------------------------------------

def sizes(h, layers=2, kv=2, **more):
    return dict(vocab_size=64, hidden_size=h, num_hidden_layers=layers, num_attention_heads=4,
                num_key_value_heads=kv, intermediate_size=40, max_position_embeddings=64) | more


def rope(kind="default", **more):
    return dict(rope_parameters={"rope_type": kind, "rope_theta": THETA} | more)


def special(pad=None):
    return dict(bos_token_id=0, eos_token_id=0, pad_token_id=pad)


def edits(*steps):
    def edit(config):
        for step in steps:
            config = step(config)
        return config
    return edit


def without(*keys):
    return lambda config: {key: value for key, value in config.items() if key not in keys}


def merged(**more):
    return lambda config: config | more


def version_4(theta="rope_theta", partial="partial_rotary_factor", kind="rope_type"):
    """config.json as transformers 4 wrote it."""
    def edit(config):
        config = dict(config)
        config["torch_dtype"] = config.pop("dtype")
        config["transformers_version"] = "4.40.0"
        parameters = dict(config.pop("rope_parameters", None) or {})
        if parameters:
            config[theta] = parameters.pop("rope_theta")
            if "partial_rotary_factor" in parameters:
                config[partial] = parameters.pop("partial_rotary_factor")
            name = parameters.pop("rope_type")
            config["rope_scaling"] = None if name == "default" else {kind: name} | parameters
        return config
    return edit


SIZES = {
    "model_type", "architectures", "dtype", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "head_dim", "intermediate_size", "max_position_embeddings", "n_embd", "n_layer", "n_head",
    "n_positions", "n_inner", "num_layers", "num_heads", "attention_types", "rotary_dim", "num_kv_heads",
    "ffn_hidden_size",
    "d_model", "n_heads", "n_layers", "max_seq_len", "ffn_dim", "word_embed_proj_dim", "type_vocab_size",
    "query_pre_attn_scalar", "text_config", "vision_config", "pad_token_id",
}


def absent(*more):
    return lambda config: {key: value for key, value in config.items() if key in SIZES and key not in more}


def no_prefix(prefix):
    return lambda tensors, config: {name.removeprefix(prefix): value for name, value in tensors.items()}


def renamed(*pairs):
    def rename(tensors, config):
        for old, new in pairs:
            tensors = {name.replace(old, new): value for name, value in tensors.items()}
        return tensors
    return rename


def buffers(stack, **values):
    """Tensors that old files carry and nothing reads."""
    def rename(tensors, config):
        import torch
        length = 8
        known = {
            "mask": torch.ones(length, length).tril().reshape(1, 1, length, length),
            "mask_u8": torch.ones(length, length).tril().reshape(1, 1, length, length).to(torch.uint8),
            "mask_bool": torch.ones(length, length).tril().reshape(1, 1, length, length).bool(),
            "low": torch.tensor(-1e4),
            "low_1": torch.tensor([-1e9]),
            "inv_freq": 1.0 / 300.0 ** (torch.arange(0, 6) / 6),
        }
        layers = next(config[key] for key in ("num_hidden_layers", "n_layer", "num_layers") if key in config)
        extra = {f"{stack}{n}.{name.replace('__', '.')}": known[which].clone()
                 for n in range(layers) for name, which in values.items()}
        return tensors | extra
    return rename


def stored_head(embedding, head="lm_head.weight"):
    return lambda tensors, config: tensors | {head: tensors[embedding].clone()}


def both(*renames):
    def rename(tensors, config):
        for step in renames:
            tensors = step(tensors, config)
        return tensors
    return rename


# --- The families --------------------------------------------------------------------------------

LLAMA_ROPES = {
    "linear": rope("linear", factor=2.5),
    "dynamic": rope("dynamic", factor=3.0) | dict(max_position_embeddings=8),
    "dynamic-unreached": rope("dynamic", factor=3.0),
    "llama3": rope(
        "llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=3.0, original_max_position_embeddings=32),
    "yarn": rope("yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=4.0, beta_slow=0.5, truncate=False),
    "yarn-truncated": rope("yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=4.0, beta_slow=0.5),
    "yarn-factor": rope("yarn", factor=4.0, original_max_position_embeddings=16, attention_factor=1.4),
    "yarn-mscale": rope("yarn", factor=4.0, original_max_position_embeddings=16, mscale=1.5, mscale_all_dim=0.7),
    "longrope": rope(
        "longrope", original_max_position_embeddings=10, short_factor=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
        long_factor=[1.0, 1.5, 2.0, 3.0, 4.0, 6.0]),
    "longrope-short": rope(
        "longrope", original_max_position_embeddings=32, factor=3.0, short_factor=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
        long_factor=[1.0, 1.5, 2.0, 3.0, 4.0, 6.0]),
    "proportional": rope("proportional", partial_rotary_factor=0.5, factor=1.5),
    "longrope-factor": rope(
        "longrope", original_max_position_embeddings=10, attention_factor=1.3,
        short_factor=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5], long_factor=[1.0, 1.5, 2.0, 3.0, 4.0, 6.0]),
}


def llama(h):
    base = sizes(h) | rope() | special() | dict(head_dim=12, attention_bias=True, mlp_bias=True, rms_norm_eps=EPS,
                                                hidden_act="silu")
    plain = dict(attention_bias=False, mlp_bias=False)
    yield Case("llama", "gqa", base)
    yield Case("llama", "v4", base, edit=version_4(), same_as="gqa")
    yield Case("llama", "old-buffers", base, same_as="gqa", edit=edits(version_4(), merged(pretraining_tp=2)),
               rename=buffers("model.layers.", self_attn__rotary_emb__inv_freq="inv_freq"))
    for name, change in LLAMA_ROPES.items():
        yield Case("llama", name, base | change, seed="llama")
        yield Case("llama", f"{name}-v4", base | change, seed="llama", same_as=name,
                   edit=version_4(kind="type" if name != "llama3" else "rope_type"))
    yield Case("llama", "mha", base | plain | dict(num_key_value_heads=4, head_dim=h // 4))
    yield Case("llama", "mqa-gelu", base | plain | dict(num_key_value_heads=1, hidden_act="gelu"))
    yield Case("llama", "tanh", base | dict(hidden_act="gelu_pytorch_tanh"))
    yield Case("llama", "relu", base | dict(hidden_act="relu"))
    yield Case("llama", "tied", base | dict(tie_word_embeddings=True))
    yield Case("llama", "tied-stored-head", base | dict(tie_word_embeddings=True), same_as="tied",
               rename=stored_head("model.embed_tokens.weight"))
    yield Case("llama", "absent", sizes(h, kv=4, head_dim=h // 4), edit=absent("num_key_value_heads", "head_dim"))


def mistral(h):
    base = sizes(h) | rope() | special() | dict(head_dim=12, rms_norm_eps=EPS, sliding_window=5)
    yield Case("mistral", "window", base)
    yield Case("mistral", "v4", base, edit=version_4(), same_as="window")
    yield Case("mistral", "no-window", base | dict(sliding_window=None))
    yield Case("mistral", "tied", base | dict(tie_word_embeddings=True))
    yield Case("mistral", "absent", sizes(h, head_dim=16), edit=absent())


def qwen2(h):
    base = sizes(h, 3) | rope() | special() | dict(
        rms_norm_eps=EPS, use_sliding_window=True, sliding_window=5, max_window_layers=1)
    yield Case("qwen2", "window", base)
    yield Case("qwen2", "v4", base, same_as="window", edit=edits(version_4(), without("layer_types")))
    yield Case("qwen2", "layer-types", base | dict(
        layer_types=["sliding_attention", "full_attention", "sliding_attention"]))
    yield Case("qwen2", "window-off", base | dict(use_sliding_window=False), edit=merged(sliding_window=5))
    yield Case("qwen2", "window-off-v4", base | dict(use_sliding_window=False), same_as="window-off",
               edit=edits(version_4(), without("layer_types"), merged(sliding_window=5)))
    yield Case("qwen2", "tied-yarn", base | dict(tie_word_embeddings=True, use_sliding_window=False) | rope(
        "yarn", factor=4.0, original_max_position_embeddings=16))
    yield Case("qwen2", "tied-stored-head", base | dict(tie_word_embeddings=True, use_sliding_window=False) | rope(
        "yarn", factor=4.0, original_max_position_embeddings=16), same_as="tied-yarn",
        rename=stored_head("model.embed_tokens.weight"))
    yield Case("qwen2", "absent", sizes(h), edit=absent())


def qwen3(h):
    base = sizes(h, 3) | rope() | special() | dict(
        head_dim=12, rms_norm_eps=EPS, attention_bias=True, use_sliding_window=True, sliding_window=5,
        max_window_layers=2)
    yield Case("qwen3", "window", base)
    yield Case("qwen3", "v4", base, same_as="window", edit=edits(version_4(), without("layer_types")))
    yield Case("qwen3", "plain", base | dict(attention_bias=False, use_sliding_window=False, tie_word_embeddings=True))
    yield Case("qwen3", "absent", sizes(h, head_dim=128), edit=absent("head_dim"))


def gemma(h):
    base = sizes(h, kv=1) | rope() | special() | dict(head_dim=12, rms_norm_eps=EPS)
    yield Case("gemma", "mqa", base)
    yield Case("gemma", "v4", base, same_as="mqa",
               edit=edits(version_4(), merged(hidden_activation="gelu_pytorch_tanh")))
    # The first files; the models were trained with the tanh form, which 5.17 does not take here.
    yield Case("gemma", "hidden-act-gelu", base, same_as="mqa", readable=False,
               edit=edits(version_4(), merged(hidden_act="gelu")))
    yield Case("gemma", "gqa-bias", base | dict(num_key_value_heads=2, attention_bias=True))
    yield Case("gemma", "tied-stored-head", base, same_as="mqa", rename=stored_head("model.embed_tokens.weight"))
    yield Case("gemma", "absent", sizes(h, kv=4, head_dim=256), edit=absent("head_dim"))


def gemma2(h):
    base = sizes(h, 3) | rope() | special() | dict(
        head_dim=12, rms_norm_eps=EPS, query_pre_attn_scalar=20, attn_logit_softcapping=2.0,
        final_logit_softcapping=3.0, sliding_window=5)
    yield Case("gemma2", "caps", base)
    yield Case("gemma2", "v4", base, same_as="caps", edit=edits(
        version_4(), without("layer_types"), merged(hidden_act="gelu_pytorch_tanh", cache_implementation="hybrid")))
    yield Case("gemma2", "no-caps", base | dict(attn_logit_softcapping=None, final_logit_softcapping=None))
    yield Case("gemma2", "layer-types", base | dict(
        layer_types=["full_attention", "sliding_attention", "sliding_attention"]))
    yield Case("gemma2", "absent", sizes(h, head_dim=256), edit=absent("head_dim", "query_pre_attn_scalar"))


GEMMA3_ROPE = dict(rope_parameters={
    "full_attention": {"rope_type": "linear", "factor": 2.5, "rope_theta": 900.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
})


def gemma3_version_4(config):
    config = dict(config)
    parameters = config.pop("rope_parameters")
    full = dict(parameters["full_attention"])
    config["rope_theta"] = full.pop("rope_theta")
    config["rope_local_base_freq"] = parameters["sliding_attention"]["rope_theta"]
    config["rope_scaling"] = full if full["rope_type"] != "default" else None
    config["sliding_window_pattern"] = config.pop("_sliding_window_pattern", 6)
    del config["layer_types"]
    return config


def gemma3(h):
    base = sizes(h, 4) | GEMMA3_ROPE | special() | dict(
        head_dim=12, rms_norm_eps=EPS, query_pre_attn_scalar=20, sliding_window=5, sliding_window_pattern=2)
    one = dict(tie_word_embeddings=True)
    dtype = lambda config: {("torch_dtype" if key == "dtype" else key): value for key, value in config.items()}
    yield Case("gemma3_text", "pattern", base)
    yield Case("gemma3_text", "v4", base, same_as="pattern", edit=edits(gemma3_version_4, dtype))
    yield Case("gemma3_text", "unscaled", base | dict(rope_parameters={
        "full_attention": {"rope_type": "default", "rope_theta": 900.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 50.0}}))
    yield Case("gemma3_text", "final-cap", base | dict(final_logit_softcapping=3.0, layer_types=[
        "full_attention", "sliding_attention", "sliding_attention", "full_attention"]))
    yield Case("gemma3_text", "absent", sizes(h, 4, head_dim=256, layer_types=None),
               edit=absent("head_dim", "query_pre_attn_scalar"))
    text = {key: value for key, value in base.items()}
    vision = dict(hidden_size=16, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=16,
                  patch_size=8)
    whole = dict(text_config=text, vision_config=vision, mm_tokens_per_image=4, boi_token_index=44, eoi_token_index=45,
                 image_token_index=47) | one
    yield Case("gemma3", "multimodal", whole)

    def swapped(tensors, config):
        """The other of the two prefixes."""
        old, new = "language_model.model.", "model.language_model."
        if not any(name.startswith(old) for name in tensors):
            old, new = new, old
        parts = [(old, new), ("vision_tower.", "model.vision_tower."),
                 ("multi_modal_projector.", "model.multi_modal_projector.")]
        if new == "language_model.model.":
            parts[1:] = [tuple(reversed(pair)) for pair in parts[1:]]
        return renamed(*[("^" + a, "^" + b) for a, b in parts])(
            {"^" + name: value for name, value in tensors.items()}, config)

    def other_prefix(tensors, config):
        return {name.removeprefix("^"): value for name, value in swapped(tensors, config).items()}

    def multimodal_version_4(config):
        return dtype(config | {"text_config": gemma3_version_4(config["text_config"])})

    yield Case("gemma3", "other-prefix", whole, same_as="multimodal", rename=other_prefix)
    yield Case("gemma3", "v4", whole, same_as="multimodal", edit=multimodal_version_4)
    # Public files leave out what is the class's default.
    omitted = sizes(h, 7, head_dim=256, kv=4) | dict(num_attention_heads=8, sliding_window=5, vocab_size=64)
    yield Case("gemma3", "omitted", whole | dict(text_config=omitted), edit=lambda config: config | {
        "text_config": {key: config["text_config"][key] for key in (
            "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "sliding_window", "vocab_size")}})


def gpt2(h):
    base = dict(vocab_size=64, n_embd=h, n_layer=3, n_head=4, n_inner=40, n_positions=64,
                layer_norm_epsilon=EPS) | special()
    yield Case("gpt2", "prefix", base)
    yield Case("gpt2", "hub", base, same_as="prefix", rename=both(
        no_prefix("transformer."), buffers("h.", attn__bias="mask")),
        edit=edits(version_4(), merged(n_ctx=64)))
    yield Case("gpt2", "hub-masked-bias", base, same_as="prefix", rename=both(
        no_prefix("transformer."), buffers("h.", attn__bias="mask_u8", attn__masked_bias="low")))
    yield Case("gpt2", "inverse-layer", base | dict(scale_attn_by_inverse_layer_idx=True))
    yield Case("gpt2", "unscaled", base | dict(scale_attn_weights=False), scale=0.5)
    yield Case("gpt2", "upcast", base | dict(reorder_and_upcast_attn=True, scale_attn_by_inverse_layer_idx=True))
    yield Case("gpt2", "erf-inner", base | dict(activation_function="gelu", n_inner=None))
    yield Case("gpt2", "untied", base | dict(tie_word_embeddings=False))
    yield Case("gpt2", "absent", base | dict(layer_norm_epsilon=1e-5, n_inner=None), edit=absent("n_inner"))


def gpt_neo(h):
    base = dict(vocab_size=64, hidden_size=h, num_layers=3, num_heads=4, intermediate_size=40, window_size=5,
                attention_types=[[["global", "local"], 1], [["local"], 1]], max_position_embeddings=64,
                layer_norm_epsilon=EPS) | special()
    yield Case("gpt_neo", "local", base, scale=0.5)
    yield Case("gpt_neo", "v4", base, scale=0.5, same_as="local", edit=version_4(), rename=buffers(
        "transformer.h.", attn__attention__bias="mask_u8", attn__attention__masked_bias="low"))
    yield Case("gpt_neo", "erf-inner", base | dict(
        activation_function="gelu", intermediate_size=None, tie_word_embeddings=False), scale=0.5)
    yield Case("gpt_neo", "absent", base | dict(layer_norm_epsilon=1e-5, window_size=256), scale=0.5, edit=absent())


def gptj(h):
    base = dict(vocab_size=64, n_embd=h, n_layer=2, n_head=4, n_inner=40, n_positions=64, rotary_dim=h // 4 - 2,
                layer_norm_epsilon=EPS) | special()
    yield Case("gptj", "partial", base)
    yield Case("gptj", "v4", base, same_as="partial", edit=version_4(), rename=buffers(
        "transformer.h.", attn__bias="mask_u8", attn__masked_bias="low_1"))
    yield Case("gptj", "whole-heads", base | dict(rotary_dim=h // 4, n_inner=None, activation_function="gelu"))
    yield Case("gptj", "absent", base | dict(layer_norm_epsilon=1e-5, n_inner=None), edit=absent("n_inner"))


def gpt_neox(h):
    base = sizes(h) | rope(partial_rotary_factor=0.4) | special() | dict(layer_norm_eps=EPS)
    base.pop("num_key_value_heads")
    neox_4 = version_4("rotary_emb_base", "rotary_pct")
    yield Case("gpt_neox", "parallel", base)
    yield Case("gpt_neox", "v4", base, same_as="parallel", edit=neox_4)
    yield Case("gpt_neox", "old-buffers", base, same_as="parallel", edit=neox_4, rename=buffers(
        "gpt_neox.layers.", attention__bias="mask_bool", attention__masked_bias="low",
        attention__rotary_emb__inv_freq="inv_freq"))
    yield Case("gpt_neox", "sequential", base | dict(use_parallel_residual=False))
    yield Case("gpt_neox", "no-bias-tanh", base | dict(attention_bias=False, hidden_act="gelu_new"))
    yield Case("gpt_neox", "tied-linear", base | dict(tie_word_embeddings=True) | rope(
        "linear", factor=2.5, partial_rotary_factor=0.4))
    yield Case("gpt_neox", "absent", {key: value for key, value in sizes(h).items() if key != "num_key_value_heads"},
               edit=absent())


def phi(h):
    base = sizes(h) | rope(partial_rotary_factor=0.4) | special() | dict(layer_norm_eps=EPS)
    yield Case("phi", "partial", base)
    yield Case("phi", "v4", base, same_as="partial", edit=version_4())
    yield Case("phi", "qk-norm", base | dict(qk_layernorm=True, num_key_value_heads=4, hidden_act="gelu"))
    yield Case("phi", "absent", sizes(h, kv=4), edit=absent("num_key_value_heads"))


def phi3_rope(pairs, original, **more):
    steps = [1 + n / 3 for n in range(pairs)]
    return rope("longrope", short_factor=[1 + n / 10 for n in range(pairs)], long_factor=steps,
                original_max_position_embeddings=original) | dict(original_max_position_embeddings=original) | more


def phi3_version_4(config):
    config = version_4(kind="type")(config)
    if config["rope_scaling"]:
        config["rope_scaling"].pop("original_max_position_embeddings", None)
    return config


def phi3(h):
    base = sizes(h) | special() | dict(rms_norm_eps=EPS, sliding_window=5)
    pairs = h // 4 // 2
    long = base | phi3_rope(pairs, 10)
    partial = base | rope(
        "longrope", partial_rotary_factor=0.75, short_factor=[1 + n / 10 for n in range(h // 4 * 3 // 8)],
        long_factor=[1 + n / 3 for n in range(h // 4 * 3 // 8)], original_max_position_embeddings=10,
    ) | dict(original_max_position_embeddings=10, tie_word_embeddings=True)
    yield Case("phi3", "longrope", long)
    yield Case("phi3", "v4", long, same_as="longrope", edit=phi3_version_4)
    yield Case("phi3", "su", long, same_as="longrope", readable=False, edit=edits(
        phi3_version_4, lambda config: config | {"rope_scaling": config["rope_scaling"] | {"type": "su"}}))
    yield Case("phi3", "short-side", base | phi3_rope(pairs, 32))
    yield Case("phi3", "partial", partial)
    yield Case("phi3", "partial-v4", partial, same_as="partial", edit=phi3_version_4)
    yield Case("phi3", "default-no-window", base | rope() | dict(sliding_window=None))
    yield Case("phi3", "absent", sizes(h, kv=4, original_max_position_embeddings=4096) | special(),
               edit=absent("num_key_value_heads"))


def olmo(h):
    base = sizes(h) | rope() | special() | dict(clip_qkv=0.9)
    yield Case("olmo", "clip", base)
    yield Case("olmo", "v4", base, same_as="clip", edit=version_4())
    yield Case("olmo", "bias", base | dict(attention_bias=True, clip_qkv=None, tie_word_embeddings=True))
    yield Case("olmo", "absent", sizes(h, kv=4), edit=absent("num_key_value_heads"))


def olmo2(h):
    base = sizes(h) | rope() | special() | dict(rms_norm_eps=EPS)
    yield Case("olmo2", "gqa", base)
    yield Case("olmo2", "v4", base, same_as="gqa", edit=version_4())
    yield Case("olmo2", "bias-tied", base | dict(attention_bias=True, tie_word_embeddings=True))
    yield Case("olmo2", "absent", sizes(h, kv=4), edit=absent("num_key_value_heads"))


def olmo3(h):
    parameters = dict(rope_parameters={
        "full_attention": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16,
                           "rope_theta": THETA, "attention_factor": 1.3},
        "sliding_attention": {"rope_type": "default", "rope_theta": THETA},
    })
    base = sizes(h, 4) | parameters | special() | dict(rms_norm_eps=EPS, sliding_window=5)

    def olmo3_version_4(config):
        config = dict(config)
        full = dict(config.pop("rope_parameters")["full_attention"])
        return config | {"rope_theta": full.pop("rope_theta"), "rope_scaling": full}

    yield Case("olmo3", "yarn", base)
    yield Case("olmo3", "v4", base, same_as="yarn", edit=olmo3_version_4, readable=False)
    yield Case("olmo3", "layer-types", base | dict(layer_types=[
        "full_attention", "sliding_attention", "full_attention", "sliding_attention"]))
    yield Case("olmo3", "absent", sizes(h, 4, kv=4), edit=absent("num_key_value_heads"))


def stablelm(h):
    base = sizes(h) | rope(partial_rotary_factor=0.4) | special() | dict(layer_norm_eps=EPS, use_qkv_bias=True)
    two = base | dict(use_qkv_bias=False, qk_layernorm=True, use_parallel_residual=True)
    yield Case("stablelm", "sequential", base)
    yield Case("stablelm", "v4", base, same_as="sequential", edit=version_4())
    yield Case("stablelm", "parallel", two)
    yield Case("stablelm", "parallel-v4", two, same_as="parallel", edit=version_4())
    yield Case("stablelm", "absent", sizes(h, kv=4), edit=absent())


def falcon(h):
    base = sizes(h) | rope() | special() | dict(layer_norm_epsilon=EPS, ffn_hidden_size=40, bias=True)
    for key in ("num_key_value_heads", "intermediate_size"):
        base.pop(key)
    new = base | dict(new_decoder_architecture=True, num_kv_heads=2)
    old = base | dict(new_decoder_architecture=False, multi_query=True, parallel_attn=True, bias=False)
    rw = base | rope(rope_theta=10000.0) | dict(
        new_decoder_architecture=False, multi_query=False, parallel_attn=False, alibi=True)
    yield Case("falcon", "two-norms", new)
    yield Case("falcon", "one-norm", new | dict(num_ln_in_parallel_attn=1))
    yield Case("falcon", "multi-query", old)
    yield Case("falcon", "alibi", rw)
    # As many heads, and no power of two, as it takes for slopes that bfloat16 rounds.
    yield Case("falcon", "alibi-12-heads", rw | dict(hidden_size=h // 12 * 12, num_attention_heads=12))
    yield Case("falcon", "alibi-parallel", rw | dict(parallel_attn=True, multi_query=True))
    yield Case("falcon", "v4", old, same_as="multi-query", edit=version_4())
    yield Case("falcon", "two-norms-v4", new, same_as="two-norms", edit=version_4())

    def refined_web(kind):
        def edit(config):
            config = version_4()(config)
            for new_key, old_key in (("hidden_size", "n_embed"), ("num_hidden_layers", "n_layer"),
                                     ("num_attention_heads", "n_head"), ("num_kv_heads", "n_head_kv")):
                config[old_key] = config.pop(new_key)
            if kind == "RefinedWebModel":
                config.pop("n_head_kv")
            for key in ("rope_theta", "rope_scaling", "max_position_embeddings", "ffn_hidden_size", "activation",
                        "new_decoder_architecture", "num_ln_in_parallel_attn"):
                config.pop(key, None)
            return config | {"model_type": kind, "architectures": ["RWForCausalLM"]}
        return edit

    classic = {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}, "ffn_hidden_size": 4 * h,
               "max_position_embeddings": 2048}
    yield Case("falcon", "multi-query-classic", old | classic)
    yield Case("falcon", "refined-web-7b", old | classic, same_as="multi-query-classic", readable=False,
               edit=refined_web("RefinedWebModel"), rename=stored_head("transformer.word_embeddings.weight"))
    yield Case("falcon", "absent", sizes(h) | dict(ffn_hidden_size=4 * h), edit=absent(
        "ffn_hidden_size", "num_kv_heads", "intermediate_size", "num_key_value_heads"))


def mpt(h):
    def attention(**more):
        return dict(attn_config=more)

    base = dict(vocab_size=64, d_model=h // 6 * 6, n_heads=6, n_layers=2, max_seq_len=64,
                layer_norm_epsilon=EPS) | special()
    yield Case("mpt", "clip", base | attention(clip_qkv=1.2, softmax_scale=0.5))
    yield Case("mpt", "v4", base | attention(clip_qkv=1.2, softmax_scale=0.5), same_as="clip", edit=version_4())
    yield Case("mpt", "power-of-two", base | attention() | dict(d_model=h, n_heads=4))
    yield Case("mpt", "absent", base | dict(layer_norm_epsilon=1e-5), edit=absent())


def bloom(h):
    base = dict(vocab_size=64, hidden_size=h // 6 * 6, n_layer=2, n_head=6, layer_norm_epsilon=EPS) | special()
    yield Case("bloom", "alibi", base)
    yield Case("bloom", "v4", base, same_as="alibi", edit=edits(version_4(), lambda config: without("hidden_size")(
        config) | {"n_embed": config["hidden_size"], "num_attention_heads": config["n_head"]}))
    yield Case("bloom", "hub", base, same_as="alibi", edit=version_4(), rename=no_prefix("transformer."))
    yield Case("bloom", "after-norm", base | dict(apply_residual_connection_post_layernorm=True))
    yield Case("bloom", "power-of-two", base | dict(hidden_size=h, n_head=4, tie_word_embeddings=False))
    yield Case("bloom", "absent", base | dict(layer_norm_epsilon=1e-5), edit=absent())


def opt(h):
    base = dict(vocab_size=64, hidden_size=h, num_hidden_layers=2, num_attention_heads=4, ffn_dim=40,
                max_position_embeddings=64, word_embed_proj_dim=h) | special(1)
    after = base | dict(do_layer_norm_before=False, word_embed_proj_dim=h // 2, activation_function="relu")
    yield Case("opt", "norm-before", base)
    yield Case("opt", "norm-after-projected", after)
    yield Case("opt", "v4", base, same_as="norm-before", edit=version_4())
    yield Case("opt", "norm-after-v4", after, same_as="norm-after-projected", edit=version_4())
    yield Case("opt", "stored-head", base, same_as="norm-before",
               rename=stored_head("model.decoder.embed_tokens.weight"))
    yield Case("opt", "no-bias-gelu", base | dict(enable_bias=False, activation_function="gelu",
                                                 tie_word_embeddings=False))
    yield Case("opt", "norms-without-weights", base | dict(layer_norm_elementwise_affine=False))
    yield Case("opt", "no-final-norm", base | dict(_remove_final_layer_norm=True))
    yield Case("opt", "absent", base, edit=absent())


def starcoder2(h):
    base = sizes(h) | rope() | special() | dict(norm_epsilon=EPS, sliding_window=5)
    yield Case("starcoder2", "window", base)
    yield Case("starcoder2", "v4", base, same_as="window", edit=edits(
        version_4(), merged(norm_type="layer_norm", mlp_type="default")))
    yield Case("starcoder2", "no-bias-untied", base | dict(
        use_bias=False, tie_word_embeddings=False, sliding_window=None, hidden_act="gelu"))
    yield Case("starcoder2", "absent", sizes(h), edit=absent())


def bert(h):
    base = sizes(h) | dict(layer_norm_eps=EPS, pad_token_id=0)
    base.pop("num_key_value_heads")
    hub = renamed(("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta"))

    def pretraining(tensors, config):
        import torch
        h = config["hidden_size"]
        return tensors | {"cls.seq_relationship.weight": torch.ones(2, h), "cls.seq_relationship.bias": torch.ones(2)}

    yield Case("bert", "masked-lm", base)
    yield Case("bert", "v4", base, same_as="masked-lm", edit=edits(
        version_4(), merged(position_embedding_type="absolute", gradient_checkpointing=False)))
    yield Case("bert", "hub", base, same_as="masked-lm", rename=both(hub, pretraining),
               edit=edits(version_4(), merged(architectures=["BertForPreTraining"])))
    yield Case("bert", "stored-decoder", base, same_as="masked-lm", rename=both(
        stored_head("bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"),
        stored_head("cls.predictions.bias", "cls.predictions.decoder.bias")))
    yield Case("bert", "tanh", base | dict(hidden_act="gelu_new", type_vocab_size=3))
    yield Case("bert", "absent", base | dict(layer_norm_eps=1e-12), edit=absent())


FAMILIES = [gpt2, gpt_neo, gptj, gpt_neox, llama, mistral, qwen2, qwen3, gemma, gemma2, gemma3, phi, phi3, olmo, olmo2,
            olmo3, stablelm, falcon, mpt, bloom, opt, starcoder2, bert]
STORAGES = ["f64", "bf16", "f16", "f32-sharded", "bf16-sharded", "f32-bin", "bf16-bin-sharded"]


def all_cases(hidden=64):
    """Every family and form in float32, and the first form of each `model_type` in every storage."""
    cases = []
    for family in FAMILIES:
        seen = set()
        for case in family(hidden):
            cases.append(case)
            if case.family not in seen:
                seen.add(case.family)
                cases += [replace(case, storage=storage) for storage in STORAGES]
    names = [case.name for case in cases]
    assert len(names) == len(set(names))
    return copy.deepcopy(cases)


def kept_cases():
    """The ones in this folder, hidden size 32: the folder of the weights, and the case.

    The first of a folder makes its weights; the others differ in config.json alone.
    """
    known = {(case.family, case.form): case for family in FAMILIES for case in family(32)}

    def kept(family, form, storage, **config):
        case = known[family, form]
        folder = family.removesuffix("_text").replace("_", "-")
        return folder, replace(case, storage=storage, config=case.config | config)

    for form in ["llama3", "gqa", "linear-v4", "dynamic", "yarn", "yarn-mscale", "longrope-v4"]:
        yield kept("llama", form, "bf16-sharded")
    odd = dict(hidden_size=45, num_attention_heads=3, intermediate_size=50)
    yield kept("gpt_neox", "parallel", "f16", **odd)
    yield kept("gpt_neox", "v4", "f16", use_parallel_residual=False, **odd)
    yield kept("bloom", "alibi", "f32")
    yield kept("bloom", "after-norm", "f32")
    yield kept("gpt2", "hub", "bf16", n_layer=2)
    yield kept("gpt2", "inverse-layer", "bf16", n_layer=2)
    yield kept("gpt_neo", "local", "f16", num_layers=2, attention_types=[[["global", "local"], 1]])
    yield kept("gptj", "partial", "bf16")
    yield kept("gemma2", "caps", "bf16", num_hidden_layers=2)
    yield kept("gemma3_text", "pattern", "bf16", num_hidden_layers=2)
    yield kept("phi3", "longrope", "f16")
    yield kept("phi3", "v4", "f16")
    yield kept("olmo", "clip", "bf16")
    yield kept("olmo2", "gqa", "bf16")
    yield kept("stablelm", "parallel", "f16", **rope(partial_rotary_factor=0.75))
    yield kept("falcon", "alibi-12-heads", "bf16")
    yield kept("opt", "norm-after-projected", "f16")
    yield kept("bert", "hub", "bf16")
