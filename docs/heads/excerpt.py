"""What the figure of trained bands is drawn from.

usage: excerpt.py ANALYSIS      the analysis.json of `ropelet analyze tests/data/llama --text docs/text --out DIR`

Writes bands.json beside itself: for the signal `scores` centre frequency and bandwidth of every head with their
intervals and the means of the null models, the constant-Q slope of the model, and its Littlewood-Paley sums.
"""
import json
import pathlib
import sys

analysis = json.load(open(sys.argv[1]))
SIGNAL = "scores"


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def find(measurements, metric):
    return next(m for m in measurements if (m["signal"], m["metric"]) == (SIGNAL, metric))


def point(head):
    centre, width = find(head["metrics"], "centre_frequency"), find(head["metrics"], "bandwidth")
    nulls = {name: [centre["nulls"][name]["mean"], width["nulls"][name]["mean"]] for name in centre["nulls"]}
    return {
        "head": [centre["value"], width["value"]],
        "centre": centre["interval"],
        "bandwidth": width["interval"],
        "nulls": {name: mean for name, mean in nulls.items() if None not in mean},
    }


slope = find(analysis["model"]["metrics"], "constant_q_slope")
sums = next(sums for sums in analysis["model"]["filter_sums"] if sums["signal"] == SIGNAL)
excerpt = {
    "slope": {"value": slope["value"], "interval": slope["interval"], "untrained": slope["nulls"]["untrained"]["mean"]},
    "heads": [point(head) for head in analysis["heads"]],
    "sums": {"head": sums["heads"], **{name: values for name, values in sums["nulls"].items() if values}},
}
text = json.dumps(rounded(excerpt), separators=(",", ":")).replace('{"head"', '\n{"head"').replace('"sums"', '\n"sums"')
(pathlib.Path(__file__).parent / "bands.json").write_text(text + "\n")
