#!/usr/bin/env python3
"""Our training step beside eager PyTorch's, alternating in one run.

    /usr/bin/python3 test/perf/compare.py [resconv-7 resconv-15 resnet18 convgru] [--rounds 5]

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


class Case:
    """A net on both sides: what is built, and what PyTorch runs."""

    def __init__(self, title, batch, model, overrides, peer):
        self.title, self.batch, self.model, self.overrides, self.peer = title, batch, model, overrides, peer


def resconv(layers):
    return Case(f"ResConv, {layers} layers, batch 64, 32 x 32", 64, "models/resconv.nacre", [f"layers={layers}"],
                ["resconv", "--layers", str(layers)])


CASES = {
    "resconv-7": resconv(7),
    "resconv-15": resconv(15),
    "resnet18": Case("ResNet-18, batch 32, 32 x 32", 32, "models/cifar.nacre",
                     ["batch_size=32", 'recipe="baseline"'], ["resnet18"]),
    "convgru": Case("ConvGRU, 32 to 64 channels, 8 frames of 16 x 16, batch 8", 8, "test/perf/convgru.nacre", [],
                    ["convgru"]),
}


def torch(case, threads, channels_last, steps, pinned):
    command = ["/usr/bin/python3", os.path.join(HERE, "torch_step.py"), *case.peer, "--batch", str(case.batch),
               "--threads", str(threads), "--steps", str(steps)]
    return run(command + (["--channels-last"] if channels_last else []), pinned)


def ours(binary, threads, steps):
    return run([binary, "bench", "--json", "--steps", str(steps), "--threads", str(threads)], threads == 1)


def compare(case, rounds, steps, nacre):
    settings = {f"torch {threads} thread{'s' if threads > 1 else ''}{', pinned' if pinned else ''}"
                f"{', channels_last' if last else ''}": (threads, last, pinned)
                for threads, pinned in ((1, True), (1, False), (2, False)) for last in (False, True)}
    times, memory = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "ours")
        overrides = [word for override in case.overrides for word in ("-D", override)]
        subprocess.run([nacre, "build", os.path.join(ROOT, case.model), *overrides, "-o", binary], check=True,
                       stdout=subprocess.DEVNULL)
        for number in range(rounds):
            print(f"{case.title}: round {number + 1} of {rounds}", file=sys.stderr)
            for name, (threads, last, pinned) in settings.items():
                result = torch(case, threads, last, steps, pinned)
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
    print(f"\n{case.title}; ms per step, medians of {rounds} rounds\n")
    print("| | ms | MB |\n|---|---:|---:|")
    for name, value in median.items():
        print(f"| {name} | {value:.1f} | {statistics.median(memory[name]) / 1e6:.0f} |")
    print(f"\n1 thread against PyTorch pinned to one core: {one / median['nacre 1']:.2f}x")
    print(f"2 threads against PyTorch's best setting: {best / median['nacre 2']:.2f}x")
    print(f"memory against PyTorch's least: {100 * statistics.median(memory['nacre 1']) / peer_memory:.0f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], default=list(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--nacre", default=os.path.join(ROOT, "build/bin/nacre"))
    arguments = parser.parse_args()
    for name in arguments.cases:
        compare(CASES[name], arguments.rounds, arguments.steps, arguments.nacre)


main()
