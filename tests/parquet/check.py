"""Reads the Parquet tables of `ropelet analyze` with pyarrow and compares them with analysis.json.

    python tests/parquet/check.py DIR

Types, null counts and every value; exits with an error at the first difference. Written for pyarrow 26.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
analysis = json.loads((folder / "analysis.json").read_text())
NULLS = ["untrained", "shuffled", "dirichlet", "alibi", "sink"]

MEASURED = [("signal", pa.string()), ("metric", pa.string()), ("unit", pa.string())]
MEASURED += [(name, pa.float64()) for name in ("value", "low", "high")]
for null in NULLS:
    MEASURED += [(f"{null}_{part}", pa.float64()) for part in ("mean", "sd", "z", "p", "q")]
    MEASURED += [(f"{null}_draws", pa.int32()), (f"{null}_exact", pa.bool_())]
PLACE = [("layer", pa.int32())]
HEADS = PLACE + [("head", pa.int32())] + MEASURED
HEADS += [("rows", pa.int64()), ("texts", pa.int32()), ("labels", pa.string())]
LAYERS = PLACE + MEASURED + [("texts", pa.int32())]

texts = sum(text["rows"] > 0 for text in analysis["texts"])


def measured(measurement):
    low, high = measurement["interval"] or (None, None)
    row = [measurement[key] for key in ("signal", "metric", "unit", "value")] + [low, high]
    for null in NULLS:
        comparison = measurement["nulls"][null]
        row += [comparison[part] for part in ("mean", "sd", "z", "p", "q", "draws", "exact")]
    return row


def check(name, columns, rows):
    file = pq.ParquetFile(folder / name)
    found = [(field.name, field.type) for field in file.schema_arrow]
    assert found == columns, f"{name}: columns {found}"
    metadata = file.metadata.metadata
    assert metadata[b"schema"].decode() == analysis["schema"], f"{name}: {metadata}"
    for key in ("checkpoint", "protocol"):
        assert json.loads(metadata[key.encode()]) == analysis[key], f"{name}: {key}"
    table = file.read()
    assert table.num_rows == len(rows), f"{name}: {table.num_rows} rows, expected {len(rows)}"
    for place, (column, _) in enumerate(columns):
        expected = [row[place] for row in rows]
        nulls = sum(value is None for value in expected)
        assert table[column].null_count == nulls, f"{name}: {column} has {table[column].null_count} nulls, not {nulls}"
        # JSON has the shortest decimal that is read back as the same double.
        assert table[column].to_pylist() == expected, f"{name}: {column}"
    # The control: the same comparison tells one changed value.
    changed = [row[:] for row in rows]
    if changed:
        changed[0][columns.index(("value", pa.float64()))] = 0.12345
        assert table["value"].to_pylist() != [row[columns.index(("value", pa.float64()))] for row in changed]
    return table.num_rows


heads = [
    [head["layer"], head["head"], *measured(metric), head["rows"], texts, ",".join(head["labels"])]
    for head in analysis["heads"]
    for metric in head["metrics"]
]
layers = [[layer["layer"], *measured(metric), texts] for layer in analysis["layers"] for metric in layer["metrics"]]
layers += [[None, *measured(metric), texts] for metric in analysis["model"]["metrics"]]
counts = check("heads.parquet", HEADS, heads), check("layers.parquet", LAYERS, layers)
print("pyarrow %s: %d and %d rows as in analysis.json" % (pa.__version__, *counts))
