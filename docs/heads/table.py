"""Every metric of the heads of one checkpoint beside its null models, as a Markdown table.

    python table.py NAME analysis.json > NAME.md

For each metric of a head: the median over heads, and for each null model the median over heads of its mean and of z, and
how many heads have q <= 0.05. For each metric of the model: the value, its interval, and mean and z of each null model.
Only Python's own library is needed.
"""

import json
import statistics
import sys

NULLS = ["untrained", "shuffled", "dirichlet", "alibi", "sink"]


def number(x):
    return "–" if x is None else f"{x:.3g}"


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def row(cells):
    print("| " + " | ".join(cells) + " |")


def heads(analysis):
    row(["signal", "metric", "median"] + [f"{null}: mean, z, q ≤ .05" for null in NULLS])
    row(["---"] * (3 + len(NULLS)))
    by_metric = {}
    for head in analysis["heads"]:
        for m in head["metrics"]:
            by_metric.setdefault((m["signal"], m["metric"]), []).append(m)
    for (signal, metric), found in by_metric.items():
        cells = [signal, f"`{metric}`", number(median(m["value"] for m in found))]
        for null in NULLS:
            of = [m["nulls"][null] for m in found]
            mean, z = (median(c[key] for c in of) for key in ["mean", "z"])
            far = sum(c["q"] is not None and c["q"] <= 0.05 for c in of)
            tested = sum(c["q"] is not None for c in of)
            cells.append("–" if mean is None else f"{number(mean)}, {number(z)}, {far}/{tested}")
        row(cells)


def whole(analysis):
    row(["signal", "metric", "value", "interval"] + [f"{null}: mean, z" for null in NULLS])
    row(["---"] * (4 + len(NULLS)))
    for m in analysis["model"]["metrics"]:
        interval = m["interval"]
        cells = [m["signal"], f"`{m['metric']}`", number(m["value"])]
        cells.append("–" if interval is None else " to ".join(map(number, interval)))
        for null in NULLS:
            c = m["nulls"][null]
            cells.append("–" if c["mean"] is None else f"{number(c['mean'])}, {number(c['z'])}")
        row(cells)


def main():
    name, file = sys.argv[1:]
    with open(file, encoding="utf8") as opened:
        analysis = json.load(opened)
    rows = analysis["heads"][0]["rows"]
    texts = sum(text["rows"] > 0 for text in analysis["texts"])
    p = analysis["protocol"]
    print(f"# The heads of `{name}`, every metric\n")
    print(f"{len(analysis['heads'])} heads, {rows} rows each from {texts} texts, {p['lags']} lags, {p['draws']} draws, "
          f"{p['untrained_seeds']} fresh initialisations, sink {p['sink']}, taper {p['taper']}. Made by `table.py` from the "
          "`analysis.json` of `ropelet analyze`; what the numbers mean is in [analysis](../analysis.md).\n")
    print("## Heads: medians over heads\n")
    heads(analysis)
    print("\n## The model: all heads together\n")
    whole(analysis)


main()
