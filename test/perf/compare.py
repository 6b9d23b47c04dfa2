#!/usr/bin/env python3
"""Our training step of ResConv beside eager PyTorch's, alternating in one run.

    /usr/bin/python3 test/perf/compare.py [--layers 7 15] [--rounds 5]

For 1 thread the peer is PyTorch pinned to one core, for 2 threads its best setting:
the fastest of one thread pinned, one and two threads, each in NCHW and
channels_last. Figures are medians over the rounds; ratios are of these medians.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def run(command, pinned=False):
    if pinned:
        command = ["taskset", "-c", "0"] + command
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")
    return json.loads(result.stdout)


def torch(layers, threads, channels_last, steps, pinned):
    command = ["/usr/bin/python3", os.path.join(HERE, "torch_resconv.py"), "--layers", str(layers), "--threads",
               str(threads), "--steps", str(steps)]
    return run(command + (["--channels-last"] if channels_last else []), pinned)


def ours(binary, threads, steps):
    return run([binary, "bench", "--json", "--steps", str(steps), "--threads", str(threads)], threads == 1)


def compare(layers, rounds, steps, nacre):
    settings = {f"torch {threads} thread{'s' if threads > 1 else ''}{', pinned' if pinned else ''}"
                f"{', channels_last' if last else ''}": (threads, last, pinned)
                for threads, pinned in ((1, True), (1, False), (2, False)) for last in (False, True)}
    times, memory = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "resconv")
        subprocess.run([nacre, "build", os.path.join(ROOT, "models/resconv.nacre"), "-D", f"layers={layers}", "-o", binary],
                       check=True, stdout=subprocess.DEVNULL)
        for number in range(rounds):
            print(f"layers {layers}, round {number + 1} of {rounds}", file=sys.stderr)
            for name, (threads, last, pinned) in settings.items():
                result = torch(layers, threads, last, steps, pinned)
                times.setdefault(name, []).append(result["step_ms"])
                memory.setdefault(name, []).append(result["peak_bytes"])
            for threads in (1, 2):
                result = ours(binary, threads, 4 * steps)
                times.setdefault(f"nacre {threads}", []).append(result["step_ms"])
                memory.setdefault(f"nacre {threads}", []).append(result["peak_bytes"])
    median = {name: statistics.median(values) for name, values in times.items()}
    one = min(value for name, value in median.items() if "pinned" in name)
    best = min(value for name, value in median.items() if name.startswith("torch"))
    peer_memory = min(statistics.median(memory[name]) for name in settings)
    print(f"\nResConv, {layers} layers, batch 64, 32 x 32; ms per step, medians of {rounds} rounds\n")
    print("| | ms | MB |\n|---|---:|---:|")
    for name, value in median.items():
        print(f"| {name} | {value:.1f} | {statistics.median(memory[name]) / 1e6:.0f} |")
    print(f"\n1 thread against PyTorch pinned to one core: {one / median['nacre 1']:.2f}x")
    print(f"2 threads against PyTorch's best setting: {best / median['nacre 2']:.2f}x")
    print(f"memory against PyTorch's least: {100 * statistics.median(memory['nacre 1']) / peer_memory:.0f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, nargs="+", default=[7, 15])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--nacre", default=os.path.join(ROOT, "build/bin/nacre"))
    arguments = parser.parse_args()
    for layers in arguments.layers:
        compare(layers, arguments.rounds, arguments.steps, arguments.nacre)


main()
