"""Makes fuzz/corpus from the checkpoints that are committed, cut down to what a mutation can reach.

Standard library only. Run from anywhere: python fuzz/seeds.py
"""

import json
import re
import struct
from pathlib import Path

root = Path(__file__).resolve().parent.parent
data = root / "tests" / "data"


def seed(target, name, contents):
    folder = root / "fuzz" / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(contents)


def name_of(file):
    return "-".join(file.relative_to(data).parts)


for file in data.rglob("config.json"):
    seed("config", name_of(file), file.read_bytes())
# Public configurations, from the tests that hold the families to them; those with variables are left out.
source = (root / "src" / "model" / "family" / "public.rs").read_text()
for number, start in enumerate(match.end() - 1 for match in re.finditer(r"json!\(\{", source)):
    depth, end = 0, start
    while end == start or depth > 0:
        depth += {"{": 1, "}": -1}.get(source[end], 0)
        end += 1
    text = re.sub(r",(\s*[}\]])", r"\1", source[start:end])
    try:
        seed("config", f"public-{number}", json.dumps(json.loads(text)).encode())
    except json.JSONDecodeError:
        pass
for file in data.rglob("*.index.json"):
    seed("index", name_of(file), file.read_bytes())
for file in data.rglob("*.safetensors"):
    contents = file.read_bytes()
    size = struct.unpack("<Q", contents[:8])[0]
    header = json.loads(contents[8 : 8 + size])
    # Tensors of one number each, so that a file has a few hundred bytes.
    width = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
    small, end = {}, 0
    for name, tensor in list(header.items())[:4]:
        if name != "__metadata__":
            start, end = end, end + width.get(tensor["dtype"], 8)
            shape = [1] * len(tensor["shape"])
            small[name] = {"dtype": tensor["dtype"], "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(small).encode()
    seed("safetensors", name_of(file), struct.pack("<Q", len(text)) + text + bytes(end))
for file in data.rglob("*.bin"):
    seed("pytorch", name_of(file), file.read_bytes())

tokenizer = json.loads((data / "llama" / "tokenizer.json").read_text())
model = tokenizer["model"]
vocabulary = dict(sorted(model["vocab"].items(), key=lambda item: item[1])[:300])
known = lambda merge: all(part in vocabulary for part in (merge if isinstance(merge, list) else merge.split(" ")))
model["vocab"] = vocabulary
model["merges"] = [m for m in model["merges"] if known(m) and "".join(m if isinstance(m, list) else m.split(" ")) in vocabulary][:20]
tokenizer["added_tokens"] = [token for token in tokenizer["added_tokens"] if token["id"] < 300]
seed("tokenizer", "llama", json.dumps(tokenizer).encode())
plain = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
         "pre_tokenizer": None, "post_processor": None, "decoder": None}
for name, changes in {
    "bpe": {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}},
    "word-piece": {"model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 1, "##b": 2}, "unk_token": "[UNK]",
                             "continuing_subword_prefix": "##", "max_input_chars_per_word": 100},
                   "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                                  "strip_accents": None, "lowercase": True},
                   "pre_tokenizer": {"type": "BertPreTokenizer"}},
    "unigram": {"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0], ["\u2581", -2.0]],
                          "byte_fallback": False},
                "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"}},
    "word-level": {"model": {"type": "WordLevel", "vocab": {"a": 0, "<unk>": 1}, "unk_token": "<unk>"},
                   "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\s+|a(?=b)"}, "behavior": "Isolated", "invert": False},
                   "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<unk>", "type_id": 0}},
                                      {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
                                      "special_tokens": {"<unk>": {"id": "<unk>", "ids": [1], "tokens": ["<unk>"]}}}},
}.items():
    seed("tokenizer", name, json.dumps({**plain, **changes}).encode())

for name, version, descr, shape, numbers in [
    ("f4", 1, "<f4", "(3,)", 12), ("f8", 1, "<f8", "(2, 2)", 32), ("scalar", 2, "<f8", "()", 8), ("big", 3, ">f4", "(1,)", 4),
]:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    seed("npy", name, b"\x93NUMPY" + bytes([version, 0]) + length + header + bytes(numbers))
