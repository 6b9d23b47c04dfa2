"""Compares the number of parameters of models with a table: parameters.py NACRE MODELS TABLE"""

import json
import subprocess
import sys

nacre, models, table = sys.argv[1:]
wrong = rows = 0
for line in open(table, encoding="utf-8"):
    if line.startswith("#") or not line.strip():
        continue
    model, *configs, expected = line.split()
    defines = [word for config in configs for word in ("-D", config)]
    command = [nacre, "summary", f"{models}/{model}.nacre", "--json", *defines]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["parameters"]
    rows += 1
    if found != int(expected):
        wrong += 1
        print(f"{model} {' '.join(configs)}: {found} parameters, not {expected}")
print(f"{rows} models, {wrong} wrong")
sys.exit(wrong > 0)
