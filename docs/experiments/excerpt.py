"""The excerpt of runs that the documentation keeps and its figures are drawn from.

usage: excerpt.py ROPELET RUNS COPYING      folders of `ropelet experiment run --task text` and `--task copy`

Writes beside itself mini.json and copying.json, as `ropelet experiment table --json` gives them, and
attention.json: of the first seed of each encoding the receptive fields, summed up to each half octave of
lags, and of some the attention maps, mean over all heads of all layers (from maps.json).
"""
import json
import pathlib
import subprocess
import sys

ropelet, runs, copying = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
here = pathlib.Path(__file__).parent
MAPPED = ["nope", "rope", "hope", "alibi", "ricker"]


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def write(name, value):
    (here / name).write_text(json.dumps(rounded(value), separators=(",", ":")).replace('{"encoding"', '\n{"encoding"') + "\n")


def edges(length):
    """0, 1, 2, 3, 4, 6, 8, 12, 16, ... below the length, and the length."""
    halves = (edge for octave in range(1, 40) for edge in (1 << octave, 3 << octave >> 1))
    return [edge for edge in [1, *halves] if edge < length] + [length]


for folder, name in [(runs, "mini.json"), (copying, "copying.json")]:
    table = subprocess.run([ropelet, "experiment", "table", str(folder), "--json"], check=True, capture_output=True)
    write(name, json.loads(table.stdout))

decoders = []
for row in json.loads((here / "mini.json").read_text())["rows"]:
    run = runs / f"{row['encoding'].replace(':', '-')}-s{min(row['seeds'])}"
    maps = json.loads((run / "maps.json").read_text())
    fields = []
    for field in maps["receptive_fields"]:
        lags = edges(field["length"])
        fields.append({"length": field["length"], "lags": lags, "share": [sum(field["share"][:lag]) for lag in lags]})
    heads = {}
    for entry in maps["attention"]:
        heads.setdefault(entry["length"], []).append(entry)
    means = []
    for length, of_length in heads.items():
        mean = lambda key: sum(entry[key] for entry in of_length) / len(of_length)
        attention = {"length": length, "heads": len(of_length), **{key: mean(key) for key in ("above", "first", "mean_lag")}}
        if row["encoding"] in MAPPED:
            cells = range(len(of_length[0]["cells"]))
            # A digit is a share in ninths, rounded up.
            share = lambda text: 0.0 if text == "." else int(text) / 9
            attention["cells"] = [
                [round(sum(share(entry["cells"][r][c]) for entry in of_length) / len(of_length), 3) for c in cells if c <= r]
                for r in cells
            ]
        means.append(attention)
    decoders.append({"encoding": row["encoding"], "seed": min(row["seeds"]), "receptive_fields": fields, "attention": means})
write("attention.json", {"schema": "ropelet.excerpt/1", "decoders": decoders})
