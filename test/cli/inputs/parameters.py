"""Prints how many parameters a model has for some values of `layers`: parameters.py NACRE MODEL"""

import json
import subprocess
import sys

nacre, model = sys.argv[1:]
counts = []
for layers in [1, 2, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21]:
    out = subprocess.run([nacre, "summary", model, "-D", f"layers={layers}", "--json"], check=True, capture_output=True)
    counts.append(json.loads(out.stdout)["parameters"])
print(*counts)
