"""Makes small random checkpoints and reference values by transformers.

usage: make.py --all FOLDER                 every family, form and storage (checkpoints.py), hidden size 64
       make.py                              those that are kept in this folder, hidden size 32
       make.py --trained FOLDER NAME        reference values of FOLDER, a trained checkpoint

Written for transformers 5.17.0, torch 2.11.0, safetensors 0.8.0.

A set is a folder with `cases.json`, a folder per checkpoint, and `references/`, with the values of
every tap: `f64.TAP` by transformers in eager mode promoted to float64 as hugging_face.py says, and
`f32.TAP` as it is. A form that is another way to write the same configuration is read by
transformers too, and must have the same bits; then it has the values of that case. What is kept in
this folder has 48 values of each tap, of variants of few taps; `config` in its cases.json is what
differs from the checkpoint's config.json.
"""
import json
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
FEW = ["logits", "query_rotated", "attention"]
TEXT = "A wavelet is a function of mean zero, and a rotation of a pair of coordinates is not yet one."


def create(case, folder):
    """The checkpoint of a case; returns config.json and the tensors as they are stored."""
    import torch
    import transformers
    from safetensors.torch import load_file

    config = transformers.AutoConfig.for_model(case.family, **case.config)
    auto = {"bert": "AutoModelForMaskedLM", "gemma3": "AutoModelForImageTextToText"}
    auto = getattr(transformers, auto.get(case.family, "AutoModelForCausalLM"))
    torch.manual_seed(0)  # what is one-dimensional keeps its fresh value in part
    model = auto.from_config(config, dtype=torch.float64)
    fill(model, case)
    dtype, *layout = case.storage.split("-")
    model = model.to({"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}[dtype])
    with tempfile.TemporaryDirectory() as plain:
        model.save_pretrained(plain)
        config = json.loads((Path(plain) / "config.json").read_text())
        tensors = load_file(Path(plain) / "model.safetensors")
    tensors = {name: value.contiguous() for name, value in case.rename(tensors, config).items()}
    config = case.edit(config)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    write(folder, tensors, layout)
    return config, tensors


def fill(model, case):
    """Random weights, each tensor from a seed of its own: its name."""
    import torch
    from transformers.pytorch_utils import Conv1D

    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    transposed = {id(module.weight) for module in model.modules() if isinstance(module, Conv1D)}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            generator = torch.Generator().manual_seed(zlib.crc32(f"{case.family} {name}".encode()))
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            if parameter.ndim == 1:
                # A norm's weight is 1 (0 where 1 is added to it) and a bias 0 when fresh; here neither.
                parameter.add_(0.3 * noise)
            elif id(parameter) in embeddings:
                parameter.copy_(0.3 * noise)
            else:
                inputs = parameter.shape[0] if id(parameter) in transposed else parameter[0].numel()
                parameter.copy_(1.5 * noise / inputs**0.5)
                if any(part in name for part in ("q_proj", "k_proj", "c_attn", "query", "Wqkv", "qkv_proj")):
                    parameter.mul_(case.scale)


def write(folder, tensors, layout):
    import torch
    from safetensors.torch import save_file

    names = sorted(tensors)
    if "bin" in layout:
        stem, suffix, save = "pytorch_model", "bin", torch.save
    else:
        stem, suffix = "model", "safetensors"
        save = lambda part, path: save_file(part, path, metadata={"format": "pt"})
    if "sharded" not in layout:
        save(tensors, folder / f"{stem}.{suffix}")
        return
    shards = 2
    index = {"metadata": {"total_size": sum(value.nbytes for value in tensors.values())}, "weight_map": {}}
    for shard in range(shards):
        file = f"{stem}-{shard + 1:05}-of-{shards:05}.{suffix}"
        part = names[shard * len(names) // shards : (shard + 1) * len(names) // shards]
        save({name: tensors[name] for name in part}, folder / file)
        index["weight_map"] |= {name: file for name in part}
    (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps(index, indent=1) + "\n")


def values_of(folder, tokens, precision, layers=None):
    """The taps of one checkpoint."""
    from safetensors.torch import load_file

    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        serve_apart(precision, [[str(folder), tokens, layers, file.name]])
        return load_file(file.name)


def serve_apart(precision, requests):
    """In a process of its own: transformers is promoted as it is imported, or not."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(requests, file)
        file.flush()
        subprocess.run([sys.executable, __file__, "--values", precision, file.name], check=True)


def serve(precision, requests):
    import hugging_face

    if precision == "f64":
        hugging_face.promote()
    import torch
    from safetensors.torch import save_file

    silence()
    failed = []
    for folder, tokens, layers, target in json.loads(Path(requests).read_text()):
        try:
            model = hugging_face.load(folder, torch.float64 if precision == "f64" else torch.float32)
            save_file(hugging_face.taps(model, tokens, layers), target)
        except Exception as error:
            error.add_note(f"in {folder}, {precision}")
            failed.append(error)
    if failed:
        raise ExceptionGroup(f"{len(failed)} checkpoints", failed)


def make_set(cases, where):
    """Checkpoints and all values, a folder for each."""
    import checkpoints

    listed = {}
    for case in cases:
        create(case, where / case.name)
        reference = f"{case.family}-{case.same_as}-f32" if case.same_as else case.name
        listed[case.name] = {"family": case.family, "form": case.form, "storage": case.storage,
                             "checkpoint": case.name, "reference": reference, "config": {}}
    print(f"{len(cases)} checkpoints")
    (where / "references").mkdir()
    with tempfile.TemporaryDirectory() as place:
        file = lambda precision, name: f"{place}/{name}.{precision}"
        for precision in "f64", "f32":
            serve_apart(precision, [
                [str(where / case.name), checkpoints.TOKENS, None, file(precision, case.name)]
                for case in cases if case.readable and (precision == "f64" or not case.same_as)])
        for case in cases:
            reference = listed[case.name]["reference"]
            if case.readable:
                require_same(case, file("f64", case.name), file("f64", reference))
            if not case.same_as:
                save_values(where / "references" / f"{reference}.safetensors",
                            {precision: file(precision, reference) for precision in ("f64", "f32")})
    write_list(where, listed)


def make_kept():
    """The ones in this folder: weights shared, values of each tap sampled."""
    import shutil

    import checkpoints

    shutil.rmtree(HERE / "references", ignore_errors=True)
    (HERE / "references").mkdir()
    listed, configs = {}, {}
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        for checkpoint, case in checkpoints.kept_cases():
            name = checkpoint if checkpoint not in configs else f"{checkpoint}-{case.form}"
            folder = place / name
            if checkpoint in configs:
                config, _ = create(case, place / "new" / name)
                shutil.copytree(place / checkpoint, folder)
                (folder / "config.json").write_text(json.dumps(config))
            else:
                config, _ = create(case, folder)
                configs[checkpoint] = config
                shutil.rmtree(HERE / checkpoint, ignore_errors=True)
                shutil.copytree(folder, HERE / checkpoint)
            base = configs[checkpoint]
            changed = {key: value for key, value in config.items() if base.get(key) != value}
            changed |= {key: None for key in base if key not in config}
            listed[name] = {"family": case.family, "form": case.form, "storage": case.storage,
                            "checkpoint": checkpoint, "reference": name, "config": changed}
        for precision in "f64", "f32":
            serve_apart(precision, [
                [str(place / name), checkpoints.TOKENS, None, str(place / f"{name}.{precision}")]
                for name in listed if precision == "f64" or name in configs])
        for name in listed:
            files = {precision: place / f"{name}.{precision}" for precision in ("f64", "f32")}
            if name not in configs:
                del files["f32"]
            few = {"f64": None if name in configs else FEW, "f32": FEW}
            save_values(HERE / "references" / f"{name}.safetensors", files, sampled, few)
    write_list(HERE, listed)


def write_list(where, listed):
    import checkpoints

    text = json.dumps({"tokens": checkpoints.TOKENS, "cases": listed}, indent=1)
    (where / "cases.json").write_text(text + "\n")


def save_values(target, files, reduce=lambda value: value, few=None):
    """Values of files by precision; of each, of these taps only, where there is a list."""
    from safetensors.torch import load_file, save_file

    few = few or dict.fromkeys(files)
    save_file({f"{precision}.{name}": reduce(value) for precision, file in files.items()
               for name, value in load_file(file).items()
               if few[precision] is None or name.split(".")[-1] in few[precision]}, target)


def require_same(case, observed, expected):
    """Another way to write a configuration is read as the same one, bit by bit."""
    import torch
    from safetensors.torch import load_file

    expected = load_file(expected)
    for name, value in load_file(observed).items():
        assert torch.equal(value, expected[name]), f"{case.name} is read as another model at {name}"


def sampled(value):
    """48 values in row-major order, evenly spaced."""
    import torch

    flat = value.flatten()
    return flat if len(flat) <= 48 else flat[torch.arange(48) * len(flat) // 48].clone()


def silence():
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def make_trained(folder, name):
    """Sampled values of each tap, and its mean and mean square."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer

    tokens = Tokenizer.from_file(f"{folder}/tokenizer.json").encode(TEXT).ids[:24]
    kept = {"tokens": torch.tensor(tokens)}
    for precision in ("f32", "f64"):
        for tap, value in values_of(folder, tokens, precision).items():
            kept[f"{precision}.{tap}"] = sampled(value)
            if precision == "f64":
                kept[f"moments.{tap}"] = torch.stack([value.mean(), value.square().mean()])
    save_file(kept, HERE / f"trained-{name}.safetensors", metadata={"text": TEXT})


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    import checkpoints

    match sys.argv[1:]:
        case ["--all", folder, *families]:
            found = [one for one in checkpoints.all_cases() if not families or one.family in families]
            silence()
            make_set(found, Path(folder))
        case []:
            silence()
            make_kept()
        case ["--trained", folder, name]:
            make_trained(folder, name)
        case ["--values", precision, requests]:
            serve(precision, requests)
        case _:
            sys.exit(__doc__)
