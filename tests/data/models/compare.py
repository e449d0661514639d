"""Compares files that `ropelet extract` wrote with Hugging Face transformers, tensor by tensor, whole.

usage: compare.py MODEL FILE.safetensors...     (transformers 5.17.0, torch 2.11.0, safetensors 0.8.0)

For each tap, the largest absolute differences over all layers in the file: ours from transformers'
eager float32, ours from its graph promoted to float64 (see hugging_face.py), and transformers'
float32 from that same graph. A file of dtype f64 must be within 1e-9 of the float64 graph. One of
f32 must be within the tolerance of transformers' float32 (logits 1e-4, probabilities 1e-5, others
5e-5), or be nearer to the float64 graph than transformers' float32 is: its angles and ALiBi terms
are rounded at their size, which grows with the position. Exit code 1 if a tap is neither.
"""
import sys
from pathlib import Path

from safetensors import safe_open

sys.path.insert(0, str(Path(__file__).resolve().parent))
import make


def main(model, files):
    failed = False
    for file in files:
        with safe_open(file, "pt") as stored:
            metadata = stored.metadata()
            ours = {name: stored.get_tensor(name).double() for name in stored.keys()}
        dtype = metadata["dtype"]
        assert dtype in ("f32", "f64") and not metadata["heads"], "compare whole f32 or f64 extracts"
        tokens = [int(token) for token in metadata["token_ids"].split(",")]
        narrow, exact = (make.values_of(model, tokens, precision) for precision in ("f32", "f64"))
        print(f"{file}: {dtype}, {len(tokens)} tokens\n{'tap':<18} ours-f32  ours-f64   f32-f64")
        rows = {}
        for name, value in ours.items():
            if name not in exact:  # no positional bias
                assert name.endswith(".bias") and not value.any(), name
                continue
            assert value.shape == narrow[name].shape, (name, value.shape, narrow[name].shape)
            theirs = narrow[name].double()
            found = [(value - theirs), (value - exact[name]), (theirs - exact[name])]
            row = rows.setdefault(name.split(".")[-1], [0.0] * 3)
            row[:] = [max(most, difference.abs().max().item()) for most, difference in zip(row, found)]
        for tap, (from_narrow, from_exact, theirs) in rows.items():
            tolerance = {"logits": 1e-4, "attention": 1e-5}.get(tap, 5e-5)
            good = from_exact <= 1e-9 if dtype == "f64" else from_narrow <= tolerance or from_exact <= theirs
            failed |= not good
            print(f"{tap:<18} {from_narrow:8.1e}  {from_exact:8.1e}  {theirs:8.1e}  {'' if good else 'FAILED'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
