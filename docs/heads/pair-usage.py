"""Writes pair-usage.json, which figures/pair-usage.svg is drawn from: the share of each rotary pair in the usage of each
head, from an analysis.json. The one here is of the trained checkpoint in the repository on the essays of docs/text:

    ropelet analyze tests/data/llama --text docs/text --out DIR
    python docs/heads/pair-usage.py DIR/analysis.json > docs/heads/pair-usage.json
"""

import json
import sys

analysis = json.load(open(sys.argv[1]))
layers = []
for axis in analysis["protocol"]["rotary"]:
    usage = [head["usage"] for head in analysis["heads"] if head["layer"] == axis["layer"]]
    layers.append(
        {
            "layer": axis["layer"],
            "frequencies": [float(f"{theta:.6g}") for theta in axis["frequencies"]],
            "full_turn": float(f"{axis['full_turn']:.6g}"),
            "theory_frequency": float(f"{axis['theory_frequency']:.6g}"),
            "shares": [[round(u / sum(pairs), 5) for u in pairs] for pairs in usage],
        }
    )
print('{"layers": [\n' + ",\n".join(json.dumps(layer, separators=(",", ":")) for layer in layers) + "\n]}")
