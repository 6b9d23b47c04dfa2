#!/usr/bin/env python3
"""Bytes and FLOPs of each kernel as the compiler counts and predicts them, beside what valgrind sees of one step.

    test/perf/traffic.py test/perf/block.nacre --only '^2' [-D NAME=VALUE] [--winograd off]

callgrind simulates a cache of so many bytes (--cache; by default the second level that Schedules.def assumes, as the
compiler predicts for that one), which should be less than a tensor has: each line that is missed there is 64 bytes read,
or written. FLOPs are those of the vector instructions that were executed; it knows
AVX2 and no AVX-512. The steps of two runs are subtracted, so that nothing else is counted.
"""

import argparse
import collections
import json
import math
import os
import re
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LINE = 64
# Comparisons, too: of a number with zero `max` is one, beside which a mask is taken.
OPERATION = r"v(add|sub|mul|div|max|min|cmp(?!ord|unord)\w*)[ps][sd]$"
FIRST_LEVEL = ["--I1=32768,8,64", "--D1=32768,8,64"]


def assumed_cache():
    """Bytes of the second-level cache for which the compiler predicts."""
    with open(os.path.join(ROOT, "compiler/FusedToKernel/Schedules.def")) as table:
        factors = re.search(r"^CACHE\(Second, ([0-9 *]+)\)", table.read(), re.M).group(1)
    return math.prod(int(factor) for factor in factors.split("*"))


def flops_of(binary):
    """Of each instruction that computes, by its address, the floating-point operations."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", binary], check=True, capture_output=True, text=True)
    found = {}
    for address, name, operands in re.findall(r"^\s*([0-9a-f]+):\s+(v\w+)\s+(.*)$", text.stdout, re.M):
        each = 2 if re.match(r"vfn?m(add|sub)", name) else 1 if re.match(OPERATION, name) else 0
        if each:
            width = 256 if "ymm" in operands else 128
            number = 64 if name.endswith("d") else 32
            found[int(address, 16)] = each * (1 if name[-2] == "s" else width // number)
    return found


class Counts:
    def __init__(self):
        self.bytes = self.flops = 0


def run(binary, steps, flops, folder, cache):
    """What each function of the binary did in so many steps."""
    out = os.path.join(folder, "callgrind.out")
    subprocess.run(["valgrind", "--tool=callgrind", "--cache-sim=yes", "--dump-instr=yes", "--dump-line=no",
                    "--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={out}", *FIRST_LEVEL,
                    f"--LL={cache},16,64", binary, "train",
                    "--steps", str(steps), "--threads", "1", "--out", os.path.join(folder, "run")],
                   check=True, capture_output=True)
    counts, function, events, isCall = collections.defaultdict(Counts), None, [], False
    with open(out) as lines:
        for line in lines:
            if line.startswith("events:"):
                events = line.split()[1:]
            elif line.startswith("fn="):
                function = line[3:].strip()
            elif line.startswith("calls="):
                isCall = True
            elif line.startswith("0x") and not isCall:
                address, *costs = line.split()
                cost = dict(zip(events, map(int, costs[-len(events):])))
                counts[function].bytes += LINE * (cost.get("DLmr", 0) + cost.get("DLmw", 0))
                counts[function].flops += cost["Ir"] * flops.get(int(address, 16), 0)
            elif line.startswith("0x"):
                isCall = False
    subprocess.run(["rm", "-rf", os.path.join(folder, "run")], check=True)
    return counts


def rows_of(launches):
    """Valgrind sees kernels: launches of one that are alike have equal shares in it, others are put together."""
    kernels = collections.defaultdict(list)
    for launch in launches:
        kernels[launch["name"]].append(launch)
    sums = ("calls", "bytes", "predicted_bytes", "flops", "predicted_flops")
    rows = []
    for group in kernels.values():
        whole = {key: sum(launch[key] for launch in group) for key in sums}
        if len({launch["predicted_bytes"] / launch["calls"] for launch in group}) == 1:
            rows += [{**launch, "share": launch["calls"] / whole["calls"]} for launch in group]
        else:
            rows.append({**group[0], **whole, "label": f"{group[0]['label']} and {len(group) - 1} others", "share": 1})
    return sorted(rows, key=lambda row: -row["predicted_bytes"])


def error(predicted, measured):
    return f"{100 * (predicted / measured - 1):+.0f} %" if measured else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("-D", action="append", default=[])
    parser.add_argument("--batch", default="4", help="images: valgrind takes seconds for each")
    parser.add_argument("--cache", type=int, default=assumed_cache(), help="bytes")
    parser.add_argument("--winograd", default="f4")
    parser.add_argument("--only", default="", help="launches whose label matches")
    parser.add_argument("--least", type=float, default=1e5, help="bytes and FLOPs of a launch that is shown")
    parser.add_argument("--nacre", default=os.path.join(ROOT, "build/bin/nacre"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "model")
        defines = [word for define in arguments.D for word in ("-D", define)]
        subprocess.run([arguments.nacre, "build", arguments.model, *defines, "--batch", arguments.batch, "--target", "cpu:x86-64-v3", "--winograd",
                        arguments.winograd, "-o", binary], check=True)
        bench = json.loads(subprocess.run([binary, "bench", "--steps", "5", "--threads", "1", "--json"], check=True,
                                          capture_output=True, text=True).stdout)
        flops = flops_of(binary)
        one, two = (run(binary, steps, flops, folder, arguments.cache) for steps in (1, 2))
    print("| kernel | MB at least | predicted | measured | | MFLOP, direct | predicted | executed | |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows_of(bench["launches"]):
        if not re.search(arguments.only, row["label"]):
            continue
        moved, done = ((getattr(two[row["name"]], what) - getattr(one[row["name"]], what)) * row["share"]
                       for what in ("bytes", "flops"))
        if moved + done < arguments.least:
            continue
        print(f"| {row['label']} ({row['name']}) | {row['bytes'] / 1e6:.2f} | {row['predicted_bytes'] / 1e6:.2f} | "
              f"{moved / 1e6:.2f} | {error(row['predicted_bytes'], moved)} | {row['flops'] / 1e6:.2f} | "
              f"{row['predicted_flops'] / 1e6:.2f} | {done / 1e6:.2f} | {error(row['predicted_flops'], done)} |")


main()
