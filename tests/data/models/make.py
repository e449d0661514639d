"""Makes everything in this folder but the scripts: small random checkpoints and reference values.

usage: make.py                              (transformers 5.17.0, torch 2.11.0, safetensors 0.8.0)
       make.py --trained FOLDER NAME        reference values of FOLDER, a trained checkpoint

The checkpoints have hidden sizes of a few dozen and a value that is not the default wherever a
reader could miss one: head counts that are no powers of two, fewer key-value heads, a head_dim that
is not hidden/heads or is odd, biases that are not zero, norm weights that are not one, large
epsilons, a small base. `cases.json` lists what differs from the base config.json in each case, and
each case has its values of every tap in its last layer, by transformers in eager mode: all in
float64, promoted as hugging_face.py says; logits, probabilities and rotated queries in float32 also.
"""
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOKENS = [3, 17, 42, 5, 5, 60, 0, 29, 11, 38, 63, 8]
TEXT = "A wavelet is a function of mean zero, and a rotation of a pair of coordinates is not yet one."
FEW = ["logits", "query_rotated", "attention"]

ROPE = {"rope_theta": 300.0}
CASES = {
    # name: (checkpoint, what replaces keys of config.json; None removes one)
    "llama": ("llama", {}),
    "llama-v4": ("llama", {
        "rope_parameters": None, "dtype": None, "torch_dtype": "bfloat16", "rope_theta": 300.0,
        "rope_scaling": {"type": "linear", "factor": 2.5},
    }),
    "llama-default": ("llama", {"rope_parameters": ROPE | {"rope_type": "default"}}),
    "llama-dynamic": ("llama", {
        "max_position_embeddings": 8, "rope_parameters": ROPE | {"rope_type": "dynamic", "factor": 3.0},
    }),
    "llama-yarn": ("llama", {"rope_parameters": ROPE | {
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 4.0,
        "beta_slow": 0.5, "truncate": False,
    }}),
    "llama-longrope": ("llama", {"max_position_embeddings": 32, "rope_parameters": ROPE | {
        "rope_type": "longrope", "original_max_position_embeddings": 10,
        "short_factor": [1.0, 1.1, 1.2, 1.3, 1.4, 1.5], "long_factor": [1.0, 1.5, 2.0, 3.0, 4.0, 6.0],
    }}),
    "gpt-neox": ("gpt-neox", {}),
    "gpt-neox-v4": ("gpt-neox", {
        "rope_parameters": None, "rotary_pct": 0.4, "rotary_emb_base": 300, "use_parallel_residual": False,
    }),
    "bloom": ("bloom", {}),
    "bloom-after-norm": ("bloom", {"apply_residual_connection_post_layernorm": True}),
}


def configs():
    from transformers import BloomConfig, GPTNeoXConfig, LlamaConfig

    return {
        "llama": LlamaConfig(
            vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            head_dim=12, intermediate_size=40, attention_bias=True, mlp_bias=True, rms_norm_eps=3e-3,
            max_position_embeddings=64, initializer_range=0.25, bos_token_id=0, eos_token_id=0,
            rope_parameters=ROPE | {
                "rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 3.0,
                "original_max_position_embeddings": 32,
            },
        ),
        "gpt-neox": GPTNeoXConfig(
            vocab_size=64, hidden_size=45, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50,
            layer_norm_eps=3e-3, max_position_embeddings=64, initializer_range=0.25, bos_token_id=0, eos_token_id=0,
            rope_parameters=ROPE | {"rope_type": "default", "partial_rotary_factor": 0.4},
        ),
        "bloom": BloomConfig(
            vocab_size=64, hidden_size=30, n_layer=2, n_head=6, layer_norm_epsilon=3e-3, initializer_range=0.25,
            bos_token_id=0, eos_token_id=0,
        ),
    }


def make_checkpoints():
    import torch
    import transformers

    stored = {"llama": torch.bfloat16, "gpt-neox": torch.float16, "bloom": torch.float32}
    for name, config in configs().items():
        torch.manual_seed(len(name))
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 1:
                    # A norm's weight is 1 and a bias 0 when fresh; here neither.
                    parameter.add_(0.3 * torch.randn_like(parameter))
        # llama in two files with an index, the others in one.
        model.to(stored[name]).save_pretrained(HERE / name, max_shard_size="30KB" if name == "llama" else "1GB")
        (HERE / name / "generation_config.json").unlink(missing_ok=True)


def folder_of(case, where):
    """The folder of a case, made in `where`: the checkpoint's files, and its own config.json."""
    checkpoint, changes = CASES[case]
    folder = where / case
    folder.mkdir()
    for file in (HERE / checkpoint).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    for key, value in changes.items():
        if value is None:
            config.pop(key, None)
        else:
            config[key] = value
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    return folder


def values_of(folder, tokens, precision, layers=None):
    """The taps by a process of its own: transformers is promoted as it is imported, or not."""
    import tempfile

    from safetensors.torch import load_file

    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        request = json.dumps([str(folder), tokens, precision, layers, file.name])
        subprocess.run([sys.executable, __file__, "--values", request], check=True)
        return load_file(file.name)


def serve(request):
    folder, tokens, precision, layers, target = json.loads(request)
    import hugging_face

    if precision == "f64":
        hugging_face.promote()
    import torch
    from safetensors.torch import save_file

    model = hugging_face.load(folder, torch.float64 if precision == "f64" else torch.float32)
    values = hugging_face.taps(model, tokens, layers)
    save_file({name: value.contiguous() for name, value in values.items()}, target)


def make_references():
    import tempfile

    from safetensors.torch import save_file

    (HERE / "references").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as where:
        for case, (checkpoint, changes) in CASES.items():
            folder = folder_of(case, Path(where))
            wide = values_of(folder, TOKENS, "f64", [1])
            narrow = values_of(folder, TOKENS, "f32", [1])
            last = lambda name: name.split(".")[-1]
            # A variant shows in a few taps; the base cases have them all.
            few = {name for name in wide if last(name) in FEW}
            kept = {f"f64.{name}": value for name, value in wide.items() if not changes or name in few}
            kept |= {f"f32.{name}": value for name, value in narrow.items() if name in few and not changes}
            save_file(kept, HERE / "references" / f"{case}.safetensors")
    cases = {case: {"checkpoint": checkpoint, "config": changes} for case, (checkpoint, changes) in CASES.items()}
    (HERE / "cases.json").write_text(json.dumps({"tokens": TOKENS, "cases": cases}, indent=1) + "\n")


def make_trained(folder, name):
    """48 values of each tap, evenly spaced in row-major order, and its mean and mean square."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer

    tokens = Tokenizer.from_file(f"{folder}/tokenizer.json").encode(TEXT).ids[:24]
    kept = {"tokens": torch.tensor(tokens)}
    for precision in ("f32", "f64"):
        for tap, value in values_of(folder, tokens, precision).items():
            flat = value.flatten()
            kept[f"{precision}.{tap}"] = flat[:: max(1, len(flat) // 48)][:48].clone()
            if precision == "f64":
                kept[f"moments.{tap}"] = torch.stack([flat.mean(), flat.square().mean()])
    save_file(kept, HERE / "references" / f"trained-{name}.safetensors", metadata={"text": TEXT})


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    match sys.argv[1:]:
        case []:
            make_checkpoints()
            make_references()
        case ["--trained", folder, name]:
            make_trained(folder, name)
        case ["--values", request]:
            serve(request)
        case _:
            sys.exit(__doc__)
