"""Compares the analysis of a single run with one that was merged of shards.

    python3 tests/slurm/compare.py SINGLE MERGED

What belongs to the heads themselves is equal bit by bit. The sums of null models were added in another order, by
shard, so what comes of them agrees to rounding: the largest relative difference is printed.
"""

import json
import sys
from pathlib import Path

single, merged = (json.loads((Path(folder) / "analysis.json").read_text()) for folder in sys.argv[1:3])
NULLS = ["untrained", "shuffled", "dirichlet", "sink"]
worst, equal = (0.0, ""), 0


def walk(one, other, key):
    global worst, equal
    assert type(one) is type(other) or {type(one), type(other)} <= {int, float}, f"{key}: {one} and {other}"
    if isinstance(one, dict):
        assert one.keys() == other.keys(), key
        for name in one:
            walk(one[name], other[name], f"{key}.{name}")
    elif isinstance(one, list):
        assert len(one) == len(other), key
        size = max((abs(x) for x in one if isinstance(x, float)), default=0.0)
        for place, pair in enumerate(zip(one, other)):
            if isinstance(pair[0], float) and pair[0] != pair[1]:
                differ(*pair, size, f"{key}.{place}")
            else:
                walk(*pair, f"{key}.{place}")
    elif one != other:
        differ(one, other, abs(one), key)
    else:
        equal += 1


def differ(one, other, size, key):
    global worst
    assert any(f".{null}" in key for null in NULLS), f"{key}: {one} and {other}, expected the same bits"
    worst = max(worst, (abs(one - other) / size, key))


walk(single, merged, "analysis")
assert worst[0] < 1e-6, f"a relative difference of {worst[0]}: {worst[1]}"
print(f"{equal} values are equal; of null models, the largest relative difference is {worst[0]:.1e}")
