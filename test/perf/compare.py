#!/usr/bin/env python3
"""Our training step beside PyTorch's, alternating in one run.

    test/perf/compare.py [resconv-7 resnet18 ...] [--rounds 5]
    test/perf/compare.py resnet18 --python build/peer/bin/python --compile default max-autotune

For 1 thread the peer is PyTorch pinned to one core, for 2 threads its best setting: the fastest of one thread pinned,
one and two threads, each in NCHW and channels_last, eager and compiled if asked for. Figures are medians over the
rounds; ratios are of these medians. `--only PATTERN` leaves out settings of PyTorch that are known to be slower.
"""

import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def pin(command, pinned):
    return ["taskset", "-c", "0"] * pinned + command


class Case:
    """A net on both sides: what is built, and what PyTorch calls the same in torch_models.py."""

    def __init__(self, title, batch, model, *overrides):
        self.title, self.batch, self.model, self.overrides = title, batch, model, overrides


def chain(channels, groups, kernel, size):
    each = "depthwise" if groups == channels else f"in {groups} groups"
    return Case(f"4 convolutions, {channels} channels {each}, {kernel} x {kernel} at {size} x {size}", 32,
                "test/perf/convolutions.nacre", f"channels={channels}", f"groups={groups}", f"kernel={kernel}",
                f"size={size}")


def perceptron(width, batch=64):
    return Case(f"Perceptron of 6 layers, {width} wide", batch, "test/perf/mlp.nacre", f"width={width}")


CASES = {
    "resconv-7": Case("ResConv, 7 layers", 64, "models/resconv.nacre", "layers=7"),
    "resconv-15": Case("ResConv, 15 layers", 64, "models/resconv.nacre", "layers=15"),
    "resnet18": Case("ResNet-18", 32, "models/cifar.nacre", 'recipe="baseline"'),
    "resnet50": Case("ResNet-50", 16, "models/cifar.nacre", 'recipe="baseline"', "depth=50"),
    "wrn-16-8": Case("WRN-16-8", 16, "models/wide_resnet.nacre", "depth=16", "width=8"),
    "densenet": Case("DenseNet-BC-100-12", 32, "models/densenet.nacre"),
    "efficientnet": Case("EfficientNet-B0", 16, "models/efficientnet.nacre", "cifar=true", "classes=10"),
    "depthwise-3": chain(64, 64, 3, 32),
    "depthwise-5": chain(240, 240, 5, 16),
    "grouped-4": chain(128, 32, 3, 16),
    "grouped-8": chain(256, 32, 3, 8),
    "grouped-32": chain(128, 4, 3, 16),
    "mlp-128": perceptron(128),
    "mlp-512": perceptron(512),
    "mlp-1024": perceptron(1024),
    "mlp-2048": perceptron(2048),
    "convgru": Case("ConvGRU, 32 to 64 channels, 8 frames of 16 x 16", 8, "test/perf/convgru.nacre"),
}


class Setting:
    """How PyTorch runs, and the process in which it does; that one is started once, and idle while others are timed."""

    def __init__(self, mode, threads, pinned, channels_last):
        self.mode, self.threads, self.pinned, self.channels_last = mode, threads, pinned, channels_last
        self.name = ", ".join([f"PyTorch {mode or 'eager'}", "1 thread" if threads == 1 else f"{threads} threads",
                               *["pinned"] * pinned, *["channels_last"] * channels_last])

    def start(self, python, net, batch, steps):
        command = [python, os.path.join(HERE, "torch_step.py"), net, "--batch", str(batch), "--threads",
                   str(self.threads), "--steps", str(steps)]
        command += ["--channels-last"] * self.channels_last + (["--compile", self.mode] if self.mode else [])
        self.process = subprocess.Popen(pin(command, self.pinned), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)

    def read(self):
        line = self.process.stdout.readline()
        return line or sys.exit(f"{' '.join(self.process.args)} failed")

    def measure(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return json.loads(self.read())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def settings_of(arguments):
    placements = [(1, True), (1, False), (2, False)]
    settings = [Setting(mode, *placement, last) for mode, placement, last in
                itertools.product([None, *arguments.compile], placements, (False, True))]
    return [setting for setting in settings if re.search(arguments.only, setting.name)]


def ours(binary, threads, steps):
    command = [binary, "bench", "--json", "--steps", str(steps), "--threads", str(threads)]
    return json.loads(subprocess.run(pin(command, threads == 1), check=True, capture_output=True, text=True).stdout)


def build(case, nacre, binary):
    overrides = [word for override in case.overrides for word in ("-D", override)]
    command = [nacre, "build", os.path.join(ROOT, case.model), *overrides, "--batch", str(case.batch), "-o", binary]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def compare(name, arguments):
    case, settings = CASES[name], settings_of(arguments)
    times, memory = {}, {}

    def note(column, result):
        times.setdefault(column, []).append(result["step_ms"])
        memory.setdefault(column, []).append(result["peak_bytes"])

    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "ours")
        build(case, arguments.nacre, binary)
        for setting in settings:
            setting.start(arguments.python, name, case.batch, arguments.steps)
        for setting in settings:
            setting.read()
            print(f"{case.title}: {setting.name} is ready", file=sys.stderr)
        for number in range(arguments.rounds):
            print(f"{case.title}: round {number + 1} of {arguments.rounds}", file=sys.stderr)
            for setting in settings:
                note(setting.name, setting.measure())
            for threads in (1, 2):
                note(f"Nacre, {threads} thread{'s' * (threads > 1)}", ours(binary, threads, 2 * arguments.steps))
    for setting in settings:
        setting.stop()
    show(case, arguments.rounds, times, memory)


def show(case, rounds, times, memory):
    median = {name: statistics.median(values) for name, values in times.items()}
    peak = {name: statistics.median(values) for name, values in memory.items()}
    peers = [name for name in median if name.startswith("PyTorch")]
    print(f"\n{case.title}, batch {case.batch}; ms per step, medians of {rounds} rounds\n")
    print("| | ms | MB |\n|---|---:|---:|")
    for name, value in median.items():
        print(f"| {name} | {value:.1f} | {peak[name] / 1e6:.0f} |")
    pinned = [median[name] for name in peers if "pinned" in name]
    if pinned:
        print(f"\n1 thread against PyTorch pinned to one core: {min(pinned) / median['Nacre, 1 thread']:.2f}x")
    best = min(median[name] for name in peers)
    print(f"2 threads against PyTorch's best setting: {best / median['Nacre, 2 threads']:.2f}x")
    print(f"memory against PyTorch's least: {100 * peak['Nacre, 1 thread'] / min(peak[name] for name in peers):.0f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], default=list(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--python", default="/usr/bin/python3", help="the Python whose PyTorch is the peer")
    parser.add_argument("--compile", nargs="*", default=[], metavar="MODE", help="modes of torch.compile, beside eager")
    parser.add_argument("--only", default="", metavar="PATTERN", help="settings of PyTorch whose names have this")
    parser.add_argument("--nacre", default=os.path.join(ROOT, "build/bin/nacre"))
    arguments = parser.parse_args()
    for name in arguments.cases:
        compare(name, arguments)


main()
