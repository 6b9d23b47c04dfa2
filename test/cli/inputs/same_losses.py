"""Trains two binaries for a few steps and compares their losses."""

import json
import math
import subprocess
import sys

a, b, out = sys.argv[1:]
losses = []
for number, binary in enumerate((a, b)):
    folder = f"{out}.{number}"
    subprocess.run([binary, "train", "--steps", "5", "--seed", "1", "--out", folder], check=True, capture_output=True)
    with open(f"{folder}/metrics.jsonl") as lines:
        losses.append([row["loss"] for row in map(json.loads, lines) if "loss" in row])
assert losses[0] and len(losses[0]) == len(losses[1]), losses
for x, y in zip(*losses):
    assert math.isclose(x, y, rel_tol=1e-4), losses
